package algorithm

import (
	"crypto/sha3"
	"math/big"
	"slices"
)

// ed448Size is the size of a key and of either half of a signature, in octets (RFC 8032 5.2.2).
const ed448Size = 57

// ed448Key is a key of Ed448: the point, and the octets it was read from.
type ed448Key struct {
	encoded [ed448Size]byte
	minus   multiples448 // of the negative of the point
}

// newEd448 reads a point (RFC 8080 3, RFC 8032 5.2.3).
func newEd448(key []byte) (*ed448Key, bool) {
	if len(key) != ed448Size {
		return nil, false
	}
	k := &ed448Key{encoded: [ed448Size]byte(key)}
	p, ok := decode448(k.encoded)
	if !ok {
		return nil, false
	}
	p.x.sub(&field448{}, &p.x)
	k.minus = newMultiples448(&p)
	return k, true
}

// verify takes a signature of the point R and the scalar S, which is right if S B = R + k A, where k is the hash of R, A
// and the message (RFC 8032 5.2.7). R is computed from the rest and compared as it is written: only its one proper
// encoding counts.
func (k *ed448Key) verify(signed, signature []byte) bool {
	if len(signature) != 2*ed448Size {
		return false
	}
	encodedR, s := signature[:ed448Size], littleEndian(signature[ed448Size:])
	if s.Cmp(order448) >= 0 {
		return false
	}
	h := sha3.NewSHAKE256()
	h.Write([]byte("SigEd448\x00\x00")) // dom4: neither a prehash nor a context (RFC 8032 2, RFC 8080 4)
	h.Write(encodedR)
	h.Write(k.encoded[:])
	h.Write(signed)
	var digest [2 * ed448Size]byte
	h.Read(digest[:])
	hash := littleEndian(digest[:])
	hash.Mod(hash, order448)

	r := sumOfProducts448(&base448, s, &k.minus, hash)
	encoded := r.encode()
	return slices.Equal(encoded[:], encodedR)
}

// point448 is a point (x/z, y/z) of x² + y² = 1 + d x² y² with d = -39081 (RFC 8032 5.2). z is never 0.
type point448 struct{ x, y, z field448 }

var (
	prime448 = func() *big.Int {
		one := big.NewInt(1)
		p := new(big.Int).Lsh(one, 448)
		return p.Sub(p, new(big.Int).Lsh(one, 224)).Sub(p, one)
	}()
	order448 = func() *big.Int {
		below := decimal("13818066809895115352007386748515426880336692474882178609894547503885")
		return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 446), below)
	}()
	base448 = func() multiples448 {
		p := point448{z: field448{1}}
		p.x.setInteger(decimal("22458004029592430018760433409989603624678964163256413424612546168695" +
			"0415467406032909029192869357953282578032075146446173674602635247710"))
		p.y.setInteger(decimal("29881921007848149267601793044393067343754404015408024209592824137233" +
			"1506189835876003536878655418784733982303233503462500531545062832660"))
		return newMultiples448(&p)
	}()
	d448      = big.NewInt(-39081)
	minusD448 = field448{39081}
)

func decimal(digits string) *big.Int {
	x, _ := new(big.Int).SetString(digits, 10)
	return x
}

func littleEndian(b []byte) *big.Int {
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}

// decode448 reads a point: y, and above it the lowest bit of x (RFC 8032 5.2.3).
func decode448(encoded [ed448Size]byte) (point448, bool) {
	odd := uint(encoded[ed448Size-1] >> 7)
	encoded[ed448Size-1] &= 0x7f
	y, one := littleEndian(encoded[:]), big.NewInt(1)
	if y.Cmp(prime448) >= 0 {
		return point448{}, false
	}
	// x² = (y² - 1) / (d y² - 1). The divisor is never 0, for d is not a square.
	yy := new(big.Int).Mul(y, y)
	divisor := new(big.Int).Mul(d448, yy)
	x := new(big.Int).ModInverse(divisor.Mod(divisor.Sub(divisor, one), prime448), prime448)
	x.Mul(x, yy.Sub(yy, one)).Mod(x, prime448)
	if x.ModSqrt(x, prime448) == nil || x.Sign() == 0 && odd == 1 {
		return point448{}, false
	}
	if x.Bit(0) != odd {
		x.Sub(prime448, x)
	}
	p := point448{z: field448{1}}
	p.x.setInteger(x)
	p.y.setInteger(y)
	return p, true
}

// encode is the inverse of decode448 (RFC 8032 5.2.2).
func (p *point448) encode() (encoded [ed448Size]byte) {
	inverse := new(big.Int).ModInverse(p.z.integer(), prime448)
	x, y := p.x.integer(), p.y.integer()
	x.Mul(x, inverse).Mod(x, prime448)
	y.Mul(y, inverse).Mod(y, prime448).FillBytes(encoded[:])
	slices.Reverse(encoded[:])
	encoded[ed448Size-1] |= byte(x.Bit(0)) << 7
	return encoded
}

// add sets p to p + q, by the law that holds for all points (RFC 8032 5.2.4).
func (p *point448) add(q *point448) {
	var a, b, c, d, e, f, g, h field448
	a.mul(&p.z, &q.z)
	b.mul(&a, &a)
	c.mul(&p.x, &q.x)
	d.mul(&p.y, &q.y)
	e.mul(&c, &d)
	e.mul(&e, &minusD448) // -d x1 x2 y1 y2
	f.add(&b, &e)
	g.sub(&b, &e)
	h.add(&p.x, &p.y)
	e.add(&q.x, &q.y)
	h.mul(&h, &e)
	h.sub(&h, &c)
	h.sub(&h, &d)
	p.x.mul(&a, &f)
	p.x.mul(&p.x, &h)
	d.sub(&d, &c)
	p.y.mul(&a, &g)
	p.y.mul(&p.y, &d)
	p.z.mul(&f, &g)
}

// double sets p to 2p (RFC 8032 5.2.4).
func (p *point448) double() {
	var b, c, d, e, j field448
	b.add(&p.x, &p.y)
	b.mul(&b, &b)
	c.mul(&p.x, &p.x)
	d.mul(&p.y, &p.y)
	e.add(&c, &d)
	j.mul(&p.z, &p.z)
	j.add(&j, &j)
	j.sub(&e, &j)
	b.sub(&b, &e)
	c.sub(&c, &d)
	p.x.mul(&b, &j)
	p.y.mul(&e, &c)
	p.z.mul(&e, &j)
}

// multiples448 are a point times 1 to 15.
type multiples448 [15]point448

func newMultiples448(p *point448) (m multiples448) {
	m[0] = *p
	for i := 1; i < len(m); i++ {
		m[i] = m[i-1]
		m[i].add(p)
	}
	return m
}

// sumOfProducts448 is the point of m1 times k1 plus the point of m2 times k2, four bits of both at a time. Both are below
// 2^448.
func sumOfProducts448(m1 *multiples448, k1 *big.Int, m2 *multiples448, k2 *big.Int) point448 {
	var digits1, digits2 [448 / 8]byte
	k1.FillBytes(digits1[:])
	k2.FillBytes(digits2[:])
	sum := point448{y: field448{1}, z: field448{1}}
	for i := range digits1 {
		for _, shift := range [2]uint{4, 0} {
			for range 4 {
				sum.double()
			}
			if digit := digits1[i] >> shift & 15; digit != 0 {
				sum.add(&m1[digit-1])
			}
			if digit := digits2[i] >> shift & 15; digit != 0 {
				sum.add(&m2[digit-1])
			}
		}
	}
	return sum
}

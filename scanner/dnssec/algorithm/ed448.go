package algorithm

import (
	"crypto/sha3"
	"math/big"
)

// ed448Size is the size of a key and of either half of a signature, in octets (RFC 8032 5.2.2).
const ed448Size = 57

// ed448Key is a key of Ed448: the point and the field it was read from.
type ed448Key struct {
	encoded [ed448Size]byte
	minus   goldilocks // the negative of the point
}

// newEd448 reads a point (RFC 8080 3, RFC 8032 5.2.3).
func newEd448(key []byte) (*ed448Key, bool) {
	if len(key) != ed448Size {
		return nil, false
	}
	k := &ed448Key{encoded: [ed448Size]byte(key)}
	point, ok := decodeGoldilocks(k.encoded)
	if !ok {
		return nil, false
	}
	point.x = sub448(new(big.Int), point.x)
	k.minus = point
	return k, true
}

// verify takes a signature of the point R and the scalar S (RFC 8032 5.2.7): S B = R + k A, for k the hash of R, A and
// the message. R is found from the rest and compared as it is written, so it counts in its one proper encoding only.
func (k *ed448Key) verify(signed, signature []byte) bool {
	if len(signature) != 2*ed448Size {
		return false
	}
	s := littleEndian(signature[ed448Size:])
	if s.Cmp(order448) >= 0 {
		return false
	}
	h := sha3.NewSHAKE256()
	h.Write([]byte("SigEd448\x00\x00")) // dom4 of the plain algorithm and the empty context (RFC 8032 2, RFC 8080 4)
	h.Write(signature[:ed448Size])
	h.Write(k.encoded[:])
	h.Write(signed)
	var digest [2 * ed448Size]byte
	h.Read(digest[:])
	hash := littleEndian(digest[:])
	r := base448.mul(s).add(k.minus.mul(hash.Mod(hash, order448))).encode()
	return string(r[:]) == string(signature[:ed448Size])
}

// goldilocks is a point of the curve x² + y² = 1 + d x² y² over 2^448 - 2^224 - 1, d = -39081, in projective
// coordinates (RFC 8032 5.2).
type goldilocks struct{ x, y, z *big.Int }

var (
	prime448 = func() *big.Int {
		one := big.NewInt(1)
		p := new(big.Int).Lsh(one, 448)
		return p.Sub(p, new(big.Int).Lsh(one, 224)).Sub(p, one)
	}()
	d448     = big.NewInt(-39081)
	order448 = func() *big.Int {
		l, _ := new(big.Int).SetString("13818066809895115352007386748515426880336692474882178609894547503885", 10)
		return l.Sub(new(big.Int).Lsh(big.NewInt(1), 446), l)
	}()
	base448 = func() goldilocks {
		x, _ := new(big.Int).SetString("224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710", 10)
		y, _ := new(big.Int).SetString("298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660", 10)
		return goldilocks{x, y, big.NewInt(1)}
	}()
)

func littleEndian(b []byte) *big.Int {
	reversed := make([]byte, len(b))
	for i, octet := range b {
		reversed[len(b)-1-i] = octet
	}
	return new(big.Int).SetBytes(reversed)
}

func mul448(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, prime448) }
func add448(a, b *big.Int) *big.Int { c := new(big.Int).Add(a, b); return c.Mod(c, prime448) }
func sub448(a, b *big.Int) *big.Int { c := new(big.Int).Sub(a, b); return c.Mod(c, prime448) }

// decodeGoldilocks reads a point as written: y, and the lowest bit of x as the highest (RFC 8032 5.2.3).
func decodeGoldilocks(encoded [ed448Size]byte) (goldilocks, bool) {
	odd := uint(encoded[ed448Size-1] >> 7)
	encoded[ed448Size-1] &= 0x7f
	y := littleEndian(encoded[:])
	if y.Cmp(prime448) >= 0 {
		return goldilocks{}, false
	}
	one := big.NewInt(1)
	yy := mul448(y, y)
	u, v := sub448(yy, one), sub448(mul448(d448, yy), one)
	x := mul448(u, new(big.Int).ModInverse(v, prime448)) // v is never 0, for d is not a square
	if x.ModSqrt(x, prime448) == nil || x.Sign() == 0 && odd == 1 {
		return goldilocks{}, false
	}
	if x.Bit(0) != odd {
		x = sub448(new(big.Int), x)
	}
	return goldilocks{x, y, one}, true
}

// encode is the inverse of decodeGoldilocks (RFC 8032 5.2.2).
func (p goldilocks) encode() [ed448Size]byte {
	inverse := new(big.Int).ModInverse(p.z, prime448) // z is never 0: the addition law is complete
	x, y := mul448(p.x, inverse), mul448(p.y, inverse)
	var encoded [ed448Size]byte
	for i, octet := range y.FillBytes(make([]byte, ed448Size)) {
		encoded[ed448Size-1-i] = octet
	}
	encoded[ed448Size-1] |= byte(x.Bit(0)) << 7
	return encoded
}

// add is the addition of RFC 8032 5.2.4, which holds for all points.
func (p goldilocks) add(q goldilocks) goldilocks {
	a, c, d := mul448(p.z, q.z), mul448(p.x, q.x), mul448(p.y, q.y)
	b, e := mul448(a, a), mul448(d448, mul448(c, d))
	f, g := sub448(b, e), add448(b, e)
	h := mul448(add448(p.x, p.y), add448(q.x, q.y))
	return goldilocks{
		x: mul448(mul448(a, f), sub448(h, add448(c, d))),
		y: mul448(mul448(a, g), sub448(d, c)),
		z: mul448(f, g),
	}
}

// mul is the point added n times.
func (p goldilocks) mul(n *big.Int) goldilocks {
	sum := goldilocks{new(big.Int), big.NewInt(1), big.NewInt(1)}
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = sum.add(sum)
		if n.Bit(i) == 1 {
			sum = sum.add(p)
		}
	}
	return sum
}

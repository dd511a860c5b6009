package simnet

import (
	"crypto/sha3"
	"math/big"
	"sync"
)

// Ed448 (RFC 8032 5.2), for signing only and plainly written over big integers: few zones use it. Times leak, and
// nothing here is worth hiding.

// ed448Size is the size of a key, and of either half of a signature, in octets.
const ed448Size = 57

// The field, the order of the base point and the curve's constant d (RFC 8032 5.2).
var (
	ed448Prime = func() *big.Int { // 2^448 - 2^224 - 1
		p := new(big.Int).Lsh(big.NewInt(1), 448)
		p.Sub(p, new(big.Int).Lsh(big.NewInt(1), 224))
		return p.Sub(p, big.NewInt(1))
	}()
	ed448Order = func() *big.Int {
		l := new(big.Int).Lsh(big.NewInt(1), 446)
		c, _ := new(big.Int).SetString("13818066809895115352007386748515426880336692474882178609894547503885", 10)
		return l.Sub(l, c)
	}()
	ed448D = new(big.Int).Sub(ed448Prime, big.NewInt(39081))
)

// ed448Point is X/Z, Y/Z.
type ed448Point struct{ x, y, z *big.Int }

// ed448Powers are the base point times 2^i.
var ed448Powers = sync.OnceValue(func() (table [448]ed448Point) {
	x, _ := new(big.Int).SetString("224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710", 10)
	y, _ := new(big.Int).SetString("298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660", 10)
	at := ed448Point{x, y, big.NewInt(1)}
	for i := range table {
		table[i] = at
		at = at.add(at)
	}
	return table
})

// add returns p + q; the formulas are complete, so they double as well (RFC 8032 5.2.4).
func (p ed448Point) add(q ed448Point) ed448Point {
	mul := func(a, b *big.Int) *big.Int {
		c := new(big.Int).Mul(a, b)
		return c.Mod(c, ed448Prime)
	}
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	minus := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	a := mul(p.z, q.z)
	b := mul(a, a)
	c := mul(p.x, q.x)
	d := mul(p.y, q.y)
	e := mul(ed448D, mul(c, d))
	f, g := minus(b, e), plus(b, e)
	h := mul(plus(p.x, p.y), plus(q.x, q.y))
	return ed448Point{
		x: mul(a, mul(f, minus(minus(h, c), d))),
		y: mul(a, mul(g, minus(d, c))),
		z: mul(f, g),
	}
}

// ed448Times returns the base point times s, encoded (RFC 8032 5.2.2).
func ed448Times(s *big.Int) (out [ed448Size]byte) {
	powers := ed448Powers()
	sum := ed448Point{new(big.Int), big.NewInt(1), big.NewInt(1)}
	for i := range s.BitLen() {
		if s.Bit(i) == 1 {
			sum = sum.add(powers[i])
		}
	}
	inverse := new(big.Int).ModInverse(sum.z, ed448Prime)
	affine := func(v *big.Int) *big.Int { v = new(big.Int).Mul(v, inverse); return v.Mod(v, ed448Prime) }
	putLittleEndian(out[:], affine(sum.y))
	out[ed448Size-1] |= byte(affine(sum.x).Bit(0)) << 7
	return out
}

// ed448Secret is a key pair.
type ed448Secret struct {
	scalar *big.Int
	prefix [ed448Size]byte
	public [ed448Size]byte
}

// newEd448Secret makes the pair that ed448Size octets stand for (RFC 8032 5.2.5).
func newEd448Secret(seed []byte) *ed448Secret {
	var k ed448Secret
	h := sha3.SumSHAKE256(seed, 2*ed448Size)
	copy(k.prefix[:], h[ed448Size:])
	h[0] &^= 3
	h[55] |= 0x80
	h[56] = 0
	k.scalar = littleEndian(h[:ed448Size])
	k.public = ed448Times(k.scalar)
	return &k
}

// sign returns the signature of data, without a context (RFC 8032 5.2.6, RFC 8080 3).
func (k *ed448Secret) sign(data []byte) []byte {
	r := ed448Hash(k.prefix[:], data)
	point := ed448Times(r)
	s := ed448Hash(point[:], k.public[:], data)
	s.Mul(s, k.scalar)
	s.Add(s, r)
	out := make([]byte, 2*ed448Size)
	copy(out, point[:])
	putLittleEndian(out[ed448Size:], s.Mod(s, ed448Order))
	return out
}

// ed448Hash is SHAKE256 of dom4 and the parts, as a scalar.
func ed448Hash(parts ...[]byte) *big.Int {
	h := sha3.NewSHAKE256()
	h.Write([]byte("SigEd448\x00\x00"))
	for _, part := range parts {
		h.Write(part)
	}
	var sum [2 * ed448Size]byte
	h.Read(sum[:])
	n := littleEndian(sum[:])
	return n.Mod(n, ed448Order)
}

func littleEndian(b []byte) *big.Int {
	reversed := make([]byte, len(b))
	for i, c := range b {
		reversed[len(b)-1-i] = c
	}
	return new(big.Int).SetBytes(reversed)
}

func putLittleEndian(out []byte, n *big.Int) {
	n.FillBytes(out)
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
}

package generate

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
)

// Ed448 as RFC 8032 5.2 writes it, slowly and apart from the package that checks signatures.

const ed448Size = 57

func number(decimal string) *big.Int {
	n, ok := new(big.Int).SetString(decimal, 10)
	if !ok {
		panic("internal error: " + decimal)
	}
	return n
}

var (
	ed448Prime = number("726838724295606890549323807888004534353641360687318060281490199180612328166730772686396383698676545930088884461843637361053498018365439")
	ed448Order = number("181709681073901722637330951972001133588410340171829515070372549795146003961539585716195755291692375963310293709091662304773755859649779")
	ed448D     = big.NewInt(-39081)
	ed448Base  = point448{
		number("224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710"),
		number("298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660"),
		big.NewInt(1),
	}
)

// point448 is a point in projective coordinates.
type point448 struct{ x, y, z *big.Int }

// plus adds points; the formulas are complete (RFC 8032 5.2.4).
func (p point448) plus(q point448) point448 {
	product := func(a, b *big.Int) *big.Int {
		c := new(big.Int).Mul(a, b)
		return c.Mod(c, ed448Prime)
	}
	sum := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	diff := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	a := product(p.z, q.z)
	b := product(a, a)
	c := product(p.x, q.x)
	d := product(p.y, q.y)
	e := product(ed448D, product(c, d))
	f, g := diff(b, e), sum(b, e)
	h := product(sum(p.x, p.y), sum(q.x, q.y))
	return point448{
		product(product(a, f), diff(h, sum(c, d))), product(product(a, g), diff(d, c)), product(f, g),
	}
}

// times multiplies a point by a scalar.
func (p point448) times(s *big.Int) point448 {
	r := point448{big.NewInt(0), big.NewInt(1), big.NewInt(1)}
	for i := s.BitLen() - 1; i >= 0; i-- {
		r = r.plus(r)
		if s.Bit(i) == 1 {
			r = r.plus(p)
		}
	}
	return r
}

// encode writes a point (RFC 8032 5.2.2).
func (p point448) encode() []byte {
	inverse := new(big.Int).ModInverse(p.z, ed448Prime)
	affine := func(c *big.Int) *big.Int { c = new(big.Int).Mul(c, inverse); return c.Mod(c, ed448Prime) }
	x, y := affine(p.x), affine(p.y)
	out := littleEndian(y)
	out[ed448Size-1] |= byte(x.Bit(0)) << 7
	return out
}

func littleEndian(n *big.Int) []byte {
	out := n.FillBytes(make([]byte, ed448Size))
	slices.Reverse(out)
	return out
}

func fromLittleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func shake(parts ...[]byte) []byte { return sha3.SumSHAKE256(slices.Concat(parts...), 2*ed448Size) }

// ed448Key returns public key and signing function of a seed (RFC 8032 5.2.5, 5.2.6).
func ed448Key(seed []byte) ([]byte, func([]byte) []byte) {
	h := shake(seed)
	secret, prefix := h[:ed448Size], h[ed448Size:]
	secret[0] &^= 3
	secret[ed448Size-1] = 0
	secret[ed448Size-2] |= 0x80
	s := fromLittleEndian(secret)
	public := ed448Base.times(s).encode()
	domain := []byte("SigEd448\x00\x00")
	reduced := func(b []byte) *big.Int { n := fromLittleEndian(b); return n.Mod(n, ed448Order) }
	return public, func(data []byte) []byte {
		r := reduced(shake(domain, prefix, data))
		point := ed448Base.times(r).encode()
		k := reduced(shake(domain, point, public, data))
		k.Mul(k, s).Add(k, r).Mod(k, ed448Order)
		return append(point, littleEndian(k)...)
	}
}

// TestEd448: the vectors of RFC 8032 7.4, "Blank" and "1 octet".
func TestEd448(t *testing.T) {
	for _, v := range []struct{ seed, public, message, signature string }{
		{
			"6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
			"5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
			"",
			"533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600",
		},
		{
			"c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
			"43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
			"03",
			"26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
		},
	} {
		unhex := func(s string) []byte { b, err := hex.DecodeString(s); must(err); return b }
		public, sign := ed448Key(unhex(v.seed))
		if !bytes.Equal(public, unhex(v.public)) {
			t.Errorf("public key %x", public)
		}
		if sig := sign(unhex(v.message)); !bytes.Equal(sig, unhex(v.signature)) {
			t.Errorf("signature %x", sig)
		}
	}
}

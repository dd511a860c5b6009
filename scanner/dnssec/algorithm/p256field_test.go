package algorithm

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestElement(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	inverseR := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 256), curve.P)
	for range 5_000 {
		x, y := element(oddWords(random)), element(oddWords(random))
		bx, by := fromWords(x), fromWords(y)
		check := func(name string, got element, want *big.Int) {
			want.Mod(want, curve.P)
			if new(big.Int).Mod(fromWords(got), curve.P).Cmp(want) != 0 {
				t.Fatalf("%s of %x and %x is %x, want %x", name, x, y, got, want)
			}
			if got.isZero() != (want.Sign() == 0) {
				t.Fatalf("%s of %x and %x: isZero is %v", name, x, y, got.isZero())
			}
		}
		var z element
		z.add(&x, &y)
		check("add", z, new(big.Int).Add(bx, by))
		z.sub(&x, &y)
		check("sub", z, new(big.Int).Sub(bx, by))
		z.negate(&x)
		check("negate", z, new(big.Int).Neg(bx))
		z.mul(&x, &y)
		check("mul", z, new(big.Int).Mul(new(big.Int).Mul(bx, by), inverseR))
		z.square(&x)
		check("square", z, new(big.Int).Mul(new(big.Int).Mul(bx, bx), inverseR))
		z.halve(&x)
		z.add(&z, &z)
		check("halve", z, bx)
		if x.equal(&y) != (new(big.Int).Mod(fromWords(x), curve.P).Cmp(new(big.Int).Mod(by, curve.P)) == 0) {
			t.Fatalf("%x equal %x is %v", x, y, x.equal(&y))
		}
	}
}

func TestScalar(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 20))
	inverseR := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 256), curve.N)
	for range 5_000 {
		var x, y, z scalar
		wx, wy := oddWords(random), oddWords(random)
		x.setReduced(wx)
		y.setReduced(wy)
		bx, by := new(big.Int).Mod(fromWords(wx), curve.N), new(big.Int).Mod(fromWords(wy), curve.N)
		if fromWords(x).Cmp(bx) != 0 {
			t.Fatalf("%x reduced is %x", wx, x)
		}
		z.mul(&x, &y)
		want := new(big.Int).Mul(bx, by)
		want.Mul(want, inverseR).Mod(want, curve.N)
		if fromWords(z).Cmp(want) != 0 {
			t.Fatalf("%x times %x is %x, want %x", x, y, z, want)
		}
		if x == (scalar{}) {
			continue
		}
		z.invert(&x)
		z.mul(&z, &x)
		if z != (scalar{1}) {
			t.Fatalf("%x times its inverse is %x", x, z)
		}
	}
}

// TestConstants checks what is typed in as numbers against crypto/elliptic.
func TestConstants(t *testing.T) {
	two512 := new(big.Int).Lsh(big.NewInt(1), 512)
	form := func(x *big.Int) *big.Int { x = new(big.Int).Lsh(x, 256); return x.Mod(x, curve.P) }
	for name, c := range map[string]struct {
		got  [4]uint64
		want *big.Int
	}{
		"p":           {fieldP, curve.P},
		"n":           {orderN, curve.N},
		"2^512 mod p": {fieldRR, new(big.Int).Mod(two512, curve.P)},
		"2^512 mod n": {orderRR, new(big.Int).Mod(two512, curve.N)},
		"one":         {fieldR, form(big.NewInt(1))},
		"b":           {fieldB, form(curve.B)},
		"x of G":      {generator.x, form(curve.Gx)},
		"y of G":      {generator.y, form(curve.Gy)},
	} {
		if fromWords(c.got).Cmp(c.want) != 0 {
			t.Errorf("%s is %x, want %x", name, c.got, c.want)
		}
	}
	if n0 := orderN[0]; n0*orderN0 != ^uint64(0) {
		t.Error("orderN0 is not -1/n")
	}
}

func BenchmarkElement(b *testing.B) {
	x, y := generator.x, generator.y
	for _, op := range []struct {
		name string
		do   func(z, x, y *element)
	}{
		{"mul", (*element).mul}, {"square", func(z, x, _ *element) { z.square(x) }},
		{"add", (*element).add}, {"sub", (*element).sub},
	} {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				op.do(&x, &x, &y)
			}
		})
	}
}

package algorithm

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func fromWords(x [4]uint64) *big.Int {
	b := new(big.Int)
	for i := 3; i >= 0; i-- {
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(x[i]))
	}
	return b
}

// oddWords are 256 bits with many words at their limits.
func oddWords(random *rand.Rand) (x [4]uint64) {
	for i := range x {
		switch random.IntN(5) {
		case 0:
			x[i] = ^uint64(random.IntN(3))
		case 1:
			x[i] = uint64(random.IntN(3))
		case 2:
			x[i] = fieldP[i] - uint64(random.IntN(2))
		default:
			x[i] = random.Uint64()
		}
	}
	return x
}

func TestInvert(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, m := range []struct {
		*modulus
		words [4]uint64
	}{{&moduloP, fieldP}, {&moduloN, orderN}} {
		modulus := fromWords(m.words)
		check := func(x [4]uint64) {
			want := new(big.Int).ModInverse(fromWords(x), modulus)
			if want == nil {
				if fromWords(x).Sign() != 0 {
					return // invert says nothing of other multiples of the modulus
				}
				want = new(big.Int)
			}
			if got := invert(&x, m.modulus); fromWords(got).Cmp(want) != 0 {
				t.Fatalf("1/%x is %x, want %x", x, got, want)
			}
		}
		one := [4]uint64{1}
		check([4]uint64{})
		check(one)
		check(subtract(m.words, one))
		check([4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)})
		for range 2_000 {
			check(oddWords(random))
		}
	}
}

func BenchmarkInvert(b *testing.B) {
	x := [4]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64() >> 1}
	for b.Loop() {
		x = invert(&x, &moduloN)
		x[0]++
	}
}

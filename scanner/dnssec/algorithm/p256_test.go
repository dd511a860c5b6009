package algorithm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// point is a point of P-256 by the textbook, at infinity if x is nil: what ours are held against.
type point struct{ x, y *big.Int }

var (
	curve = elliptic.P256().Params()
	baseG = point{curve.Gx, curve.Gy}
)

func (a point) add(b point) point {
	if a.x == nil {
		return b
	}
	if b.x == nil {
		return a
	}
	rise, run := new(big.Int).Sub(b.y, a.y), new(big.Int).Sub(b.x, a.x)
	if a.x.Cmp(b.x) == 0 {
		if a.y.Cmp(b.y) != 0 {
			return point{}
		}
		rise.Mul(a.x, a.x).Sub(rise, big.NewInt(1)).Mul(rise, big.NewInt(3)) // 3x² + a, and a is -3
		run.Add(a.y, a.y)
	}
	slope := rise.Mul(rise, run.ModInverse(run.Mod(run, curve.P), curve.P))
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, curve.P)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, slope).Sub(y, a.y).Mod(y, curve.P)
	return point{x, y}
}

func (a point) mul(k *big.Int) (sum point) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = sum.add(sum)
		if k.Bit(i) == 1 {
			sum = sum.add(a)
		}
	}
	return sum
}

func (a point) negative() point { return point{a.x, new(big.Int).Sub(curve.P, a.y)} }

// bytes is the public key field of a.
func (a point) bytes() []byte {
	return append(a.x.FillBytes(make([]byte, 32)), a.y.FillBytes(make([]byte, 32))...)
}

func (a point) affine(t testing.TB) affine {
	t.Helper()
	q, ok := newAffine(a.bytes())
	if !ok {
		t.Fatal("not on the curve")
	}
	return q
}

func toWords(x *big.Int) [4]uint64 { return words(x.FillBytes(make([]byte, 32))) }

// is says whether p is a.
func (p *jacobian) is(a point) bool {
	if p.z.isZero() || a.x == nil {
		return p.z.isZero() && a.x == nil
	}
	var q [1]affine
	normalize(q[:], []jacobian{*p})
	x, y := toWords(a.x), toWords(a.y)
	var want affine
	want.x.setInteger(&x)
	want.y.setInteger(&y)
	return q[0].x.equal(&want.x) && q[0].y.equal(&want.y)
}

// remarkable are scalars that lead to points at infinity, to equal and to opposite ones, and some others.
func remarkable(random *rand.Rand) []*big.Int {
	var all []*big.Int
	for _, i := range []int64{0, 1, 2, 16} {
		all = append(all, big.NewInt(i), new(big.Int).Mod(new(big.Int).Sub(curve.N, big.NewInt(i)), curve.N))
	}
	for _, i := range []uint{52, 208, 255} {
		all = append(all, new(big.Int).Lsh(big.NewInt(1), i))
	}
	return append(all, new(big.Int).Rsh(curve.N, 1), randomScalar(random), randomScalar(random))
}

func randomScalar(random *rand.Rand) *big.Int {
	return new(big.Int).Mod(fromWords([4]uint64{random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64()}), curve.N)
}

func TestSumOfProducts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	points := []point{baseG, baseG.negative(), baseG.mul(big.NewInt(2)), baseG.mul(randomScalar(random))}
	scalars := remarkable(random)
	products := func(a point) (all []point) {
		for _, k := range scalars {
			all = append(all, a.mul(k))
		}
		return all
	}
	ofG := products(baseG)
	for i, p := range points {
		ofP, q := products(p), p.affine(t)
		for _, size := range [][2]uint{{1, 1}, {2, 3}, {coldTeeth, coldBlocks}, {hotTeeth, hotBlocks}} {
			c := newComb(&q, size[0], size[1])
			for j, k1 := range scalars {
				for l, k2 := range scalars {
					s1, s2 := scalar(toWords(k1)), scalar(toWords(k2))
					sum := sumOfProducts(baseComb(), &s1, c, &s2)
					if !sum.is(ofG[j].add(ofP[l])) {
						t.Fatalf("%v: %d G + %d of point %d is wrong", size, k1, k2, i)
					}
				}
			}
		}
	}
}

func TestAddOfPoints(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	a := baseG.mul(randomScalar(random))
	all := []point{{}, baseG, baseG.negative(), baseG.mul(big.NewInt(2)), a, a.negative(), a.add(a)}
	stretched := func(p point) (q jacobian) { // with some z
		if p.x == nil {
			return jacobian{x: generator.x, y: generator.y, z: element(fieldP)}
		}
		b := p.affine(t)
		z := element{random.Uint64(), random.Uint64(), random.Uint64(), ^uint64(0)}
		q.z = z
		z.square(&z)
		q.x.mul(&b.x, &z)
		z.mul(&z, &q.z)
		q.y.mul(&b.y, &z)
		return q
	}
	for i, x := range all {
		for j, y := range all {
			p, q := stretched(x), stretched(y)
			p.add(&q)
			if !p.is(x.add(y)) {
				t.Errorf("point %d + point %d", i, j)
			}
			if y.x == nil {
				continue
			}
			for _, minus := range []bool{false, true} {
				p, q, want := stretched(x), y.affine(t), x.add(y)
				if minus {
					want = x.add(y.negative())
				}
				p.addAffine(&q, minus)
				if !p.is(want) {
					t.Errorf("point %d + affine point %d, minus %v", i, j, minus)
				}
			}
		}
		p := stretched(x)
		p.double()
		if !p.is(x.add(x)) {
			t.Errorf("twice point %d", i)
		}
	}
}

// both checks a signature with the cold comb and with the hot one, and by crypto/ecdsa, and says what they say.
func both(t testing.TB, key point, hash, r, s *big.Int) bool {
	t.Helper()
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, key.bytes()...))
	if err != nil {
		t.Fatal(err)
	}
	q := key.affine(t)
	want := ecdsa.Verify(public, hash.FillBytes(make([]byte, 32)), r, s)
	for _, size := range [][2]uint{{coldTeeth, coldBlocks}, {hotTeeth, hotBlocks}} {
		comb := func() *comb { return newComb(&q, size[0], size[1]) }
		if got := verifyP256(toWords(hash), toWords(r), toWords(s), comb); got != want {
			t.Errorf("comb %v says %v, not %v: key %x, hash %x, r %x, s %x", size, got, want, key.bytes(), hash, r, s)
		}
	}
	return want
}

// keyFor is the key by which r and s are a signature of hash with the point R: (s R - e G) / r.
func keyFor(point point, hash, r, s *big.Int) point {
	minusE := new(big.Int).Sub(curve.N, new(big.Int).Mod(hash, curve.N))
	sum := point.mul(s).add(baseG.mul(minusE))
	return sum.mul(new(big.Int).ModInverse(r, curve.N))
}

// withX is a point of the given x, or of the next x that has one.
func withX(x *big.Int) point {
	for x := new(big.Int).Set(x); ; x.Add(x, big.NewInt(1)) {
		yy := new(big.Int).Exp(x, big.NewInt(3), curve.P)
		yy.Sub(yy, new(big.Int).Mul(x, big.NewInt(3))).Add(yy, curve.B).Mod(yy, curve.P)
		if y := new(big.Int).ModSqrt(yy, curve.P); y != nil {
			return point{x, y}
		}
	}
}

// TestP256XAboveTheOrder has points whose x is n or more, so that r is x - n; and such whose x is r, where r + n would
// be below p also.
func TestP256XAboveTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	gap := new(big.Int).Sub(curve.P, curve.N)
	for _, from := range []*big.Int{
		new(big.Int).Add(curve.N, big.NewInt(1)), new(big.Int).Sub(curve.P, big.NewInt(20)), new(big.Int).Add(curve.N, new(big.Int).Rsh(gap, 1)),
		big.NewInt(1), new(big.Int).Sub(gap, big.NewInt(20)), new(big.Int).Add(gap, big.NewInt(1)), new(big.Int).Sub(curve.N, big.NewInt(20)),
	} {
		point := withX(from)
		r := new(big.Int).Mod(point.x, curve.N)
		hash, s := randomScalar(random), randomScalar(random)
		if !both(t, keyFor(point, hash, r, s), hash, r, s) {
			t.Errorf("x = %x is refused", point.x)
		}
	}
	// r is the x of the point, without the reduction; as r + n it does not fit.
	point := withX(new(big.Int).Add(curve.N, big.NewInt(1)))
	hash, s := randomScalar(random), randomScalar(random)
	if both(t, keyFor(point, hash, new(big.Int).Sub(point.x, curve.N), s), hash, point.x, s) {
		t.Error("r above n is taken")
	}
}

func TestP256EdgeCases(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	one, two := big.NewInt(1), big.NewInt(2)
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	edges := []*big.Int{
		new(big.Int), one, two, new(big.Int).Sub(curve.N, one), curve.N, new(big.Int).Add(curve.N, one), curve.P, top,
		baseG.x, randomScalar(random),
	}
	secret := randomScalar(random)
	for _, key := range []point{baseG, baseG.negative(), baseG.mul(two), baseG.mul(secret)} {
		for _, r := range edges {
			for _, s := range edges {
				for _, hash := range []*big.Int{new(big.Int), curve.N, top, randomScalar(random)} {
					both(t, key, hash, r, s)
				}
			}
		}
	}
	// u1 = 0: the hash is 0 modulo n, and r is the x of u2 Q.
	for _, hash := range []*big.Int{new(big.Int), curve.N} {
		key := baseG.mul(secret)
		r := new(big.Int).Mod(key.x, curve.N)
		if !both(t, key, hash, r, r) { // s = r makes u2 1
			t.Error("a signature with u1 = 0 is refused")
		}
	}
	// u1 G and u2 Q are opposite: e = -r d. There is no x that r could be.
	for range 10 {
		r, s := randomScalar(random), randomScalar(random)
		hash := new(big.Int).Mul(r, secret)
		hash.Sub(curve.N, hash.Mod(hash, curve.N))
		if both(t, baseG.mul(secret), hash, r, s) {
			t.Error("the point at infinity is taken")
		}
	}
	// u1 G and u2 Q are equal: e = r d, and R is twice the point.
	for range 10 {
		u := randomScalar(random)
		key, double := baseG.mul(secret), baseG.mul(new(big.Int).Lsh(u, 1))
		r := new(big.Int).Mod(double.x, curve.N)
		hash := new(big.Int).Mul(r, secret)
		hash.Mod(hash, curve.N)
		s := new(big.Int).ModInverse(u, curve.N) // s = e / u1
		s.Mul(s, hash).Mod(s, curve.N)
		if !both(t, key, hash, r, s) {
			t.Error("a signature with u1 G = u2 Q is refused")
		}
	}
}

// signP256 is a signature by the secret of the octets.
func signP256(secret *big.Int, random *rand.Rand, signed []byte) []byte {
	hash := sha256.Sum256(signed)
	for {
		nonce := randomScalar(random)
		r := new(big.Int).Mod(baseG.mul(nonce).x, curve.N)
		s := new(big.Int).Mul(r, secret)
		s.Add(s, new(big.Int).SetBytes(hash[:])).Mul(s, nonce.ModInverse(nonce, curve.N)).Mod(s, curve.N)
		if r.Sign() != 0 && s.Sign() != 0 {
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
}

// TestP256Hot uses keys from several goroutines until they are hot, and more of them than there is room for.
func TestP256Hot(t *testing.T) {
	full := &hot
	hot.mu.Lock()
	keys := full.keys
	full.keys, full.next = make([]*p256, 3), 0
	hot.mu.Unlock()
	t.Cleanup(func() { full.keys, full.next = keys, 0 })

	random := rand.New(rand.NewPCG(11, 12))
	for i := range 5 {
		secret := randomScalar(random)
		k, ok := newP256(baseG.mul(secret).bytes())
		if !ok {
			t.Fatal("not a key")
		}
		signed := fmt.Append(nil, i)
		good := signP256(secret, random, signed)
		bad := slices.Clone(good)
		bad[i] ^= 1
		var users sync.WaitGroup
		for range 4 {
			users.Go(func() {
				for range hotUses {
					if !k.verify(signed, good) || k.verify(signed, bad) {
						t.Error("wrong")
					}
				}
			})
		}
		users.Wait()
		if k.hot.Load() == nil {
			t.Errorf("key %d is not hot", i)
		}
	}
	n := 0
	for _, k := range full.keys {
		if k.hot.Load() == nil {
			t.Error("a key of the ring is not hot")
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d keys are hot", n)
	}
}

func FuzzVerifyP256(f *testing.F) {
	random := rand.New(rand.NewPCG(13, 14))
	secret := randomScalar(random)
	good := signP256(secret, random, []byte("signed"))
	f.Add(secret.Bytes(), []byte("signed"), good)
	f.Add([]byte{1}, []byte("signed"), good)
	f.Add(curve.N.Bytes(), []byte{}, make([]byte, 64))
	f.Add([]byte{2}, []byte{}, slices.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, secret, signed, signature []byte) {
		d := new(big.Int).SetBytes(secret)
		d.Mod(d, new(big.Int).Sub(curve.N, big.NewInt(1))).Add(d, big.NewInt(1))
		key := point{}
		key.x, key.y = scalarBaseMult(t, d)
		hash := sha256.Sum256(signed)
		e := new(big.Int).SetBytes(hash[:])
		if len(signature) == 64 {
			both(t, key, e, new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
			// The octets as the two factors u1 and u2 of a signature that is good.
			u1, u2 := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			u2.Mod(u2, curve.N)
			x := new(big.Int).Mul(u2, d)
			x.Add(x, u1).Mod(x, curve.N)
			if u2.Sign() == 0 || x.Sign() == 0 {
				return
			}
			r, _ := scalarBaseMult(t, x)
			r.Mod(r, curve.N)
			s := new(big.Int).ModInverse(u2, curve.N)
			s.Mul(s, r).Mod(s, curve.N)
			e.Mul(u1, s).Mod(e, curve.N)
			if !both(t, key, e, r, s) && r.Sign() != 0 {
				t.Errorf("u1 %x, u2 %x, secret %x is refused", u1, u2, d)
			}
			return
		}
		k, ok := newP256(key.bytes())
		if !ok || k.verify(signed, signature) {
			t.Error("a signature of another length is taken, or the key is not")
		}
	})
}

// scalarBaseMult is d G by the standard library: d is a private key, and the point its public one.
func scalarBaseMult(t testing.TB, d *big.Int) (x, y *big.Int) {
	t.Helper()
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(encoded[1:33]), new(big.Int).SetBytes(encoded[33:])
}

func BenchmarkComb(b *testing.B) {
	random := rand.New(rand.NewPCG(15, 16))
	secret := randomScalar(random)
	q := baseG.mul(secret).affine(b)
	signed := []byte("signed")
	signature, hash := signP256(secret, random, signed), sha256.Sum256(signed)
	r, s := words(signature[:32]), words(signature[32:])
	for _, size := range [][2]uint{{4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}, {8, 2}, {8, 4}, {9, 2}} {
		b.Run(fmt.Sprintf("%dx%d/build", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				newComb(&q, size[0], size[1])
			}
		})
		c := newComb(&q, size[0], size[1])
		b.Run(fmt.Sprintf("%dx%d/check", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				if !verifyP256(words(hash[:]), r, s, func() *comb { return c }) {
					b.Fatal("refused")
				}
			}
		})
	}
}

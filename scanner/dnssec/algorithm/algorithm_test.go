package algorithm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
)

func TestSupported(t *testing.T) {
	want := map[uint8]bool{5: true, 7: true, 8: true, 10: true, 13: true, 14: true, 15: true, 16: true}
	key := signedBy(t, RSASHA256, 1024).key
	for n := range 256 {
		if got := Supported(uint8(n)); got != want[uint8(n)] {
			t.Errorf("Supported(%d) is %v", n, got)
		}
		if _, ok := NewPublicKey(uint8(n), key); ok && !want[uint8(n)] {
			t.Errorf("a key of algorithm %d", n)
		}
	}
}

func TestDigestSupported(t *testing.T) {
	want := map[uint8]int{1: 20, 2: 32, 4: 48}
	for n := range 256 {
		digest, ok := Digest(uint8(n), []byte("a"), []byte("b"))
		together, _ := Digest(uint8(n), []byte("ab"))
		if ok != DigestSupported(uint8(n)) || len(digest) != want[uint8(n)] || !slices.Equal(digest, together) {
			t.Errorf("Digest(%d) is %x, %v", n, digest, ok)
		}
	}
}

// example is a key, octets and the key's signature of them.
type example struct {
	algorithm              uint8
	key, signed, signature []byte
}

// signedBy makes an example; bits is the length of an RSA key.
func signedBy(t testing.TB, algorithm uint8, bits int) example {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	// As long as a small RRset and its RRSIG.
	signed := slices.Repeat([]byte("signed"), 30)
	x := example{algorithm: algorithm, signed: signed}
	switch algorithm {
	case RSASHA1, RSASHA1NSEC3, RSASHA256, RSASHA512:
		private, err := rsa.GenerateKey(rand.Reader, bits)
		must(err)
		hash := map[uint8]crypto.Hash{RSASHA1: crypto.SHA1, RSASHA1NSEC3: crypto.SHA1, RSASHA256: crypto.SHA256, RSASHA512: crypto.SHA512}[algorithm]
		x.key = rsaField(private.N, big.NewInt(int64(private.E)), false)
		x.signature, err = rsa.SignPKCS1v15(nil, private, hash, digests[algorithm](signed))
		must(err)
	case ECDSAP256, ECDSAP384:
		curve, size, hash := elliptic.P256(), 32, sha256.New()
		if algorithm == ECDSAP384 {
			curve, size, hash = elliptic.P384(), 48, sha512.New384()
		}
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(err)
		point, err := private.PublicKey.Bytes()
		must(err)
		hash.Write(signed)
		r, s, err := ecdsa.Sign(rand.Reader, private, hash.Sum(nil))
		must(err)
		x.key = point[1:]
		x.signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case Ed25519:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(err)
		x.key, x.signature = public, ed25519.Sign(private, signed)
	case Ed448:
		public, private, err := ed448.GenerateKey(rand.Reader)
		must(err)
		x.key, x.signature = public, ed448.Sign(private, signed, "")
	}
	return x
}

// TestVerify has each algorithm's key take its own signature and nothing near it.
func TestVerify(t *testing.T) {
	for _, algorithm := range []uint8{5, 7, 8, 10, 13, 14, 15, 16} {
		t.Run(fmt.Sprint(algorithm), func(t *testing.T) {
			x := signedBy(t, algorithm, 1024)
			field := slices.Clone(x.key)
			k, ok := NewPublicKey(algorithm, field)
			if !ok {
				t.Fatal("not a key")
			}
			clear(field) // it must have kept nothing of it
			if !k.Verify(x.signed, x.signature) {
				t.Error("a good signature is refused")
			}
			refusesChanged(t, k, x.signed, x.signature)
			for _, wrong := range [][]byte{nil, {0}, x.key[:len(x.key)-1]} {
				if k, ok := NewPublicKey(algorithm, wrong); ok && k.Verify(x.signed, x.signature) {
					t.Errorf("taken by a key of %d octets", len(wrong))
				}
			}
			if algorithm >= ECDSAP256 {
				if _, ok := NewPublicKey(algorithm, append(slices.Clone(x.key), 0)); ok {
					t.Error("a key that is too long")
				}
			}
		})
	}
}

// TestECDSAKeys has points that are not on the curve, or not below its p.
func TestECDSAKeys(t *testing.T) {
	for algorithm, curve := range map[uint8]*elliptic.CurveParams{ECDSAP256: elliptic.P256().Params(), ECDSAP384: elliptic.P384().Params()} {
		size := curve.BitSize / 8
		field := func(x, y *big.Int) []byte {
			return append(x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size))...)
		}
		zero, one := new(big.Int), big.NewInt(1)
		root := new(big.Int).ModSqrt(curve.B, curve.P) // y of the point with x = 0
		for _, c := range []struct {
			name string
			key  []byte
			ok   bool
		}{
			{"the base point", field(curve.Gx, curve.Gy), true},
			{"its negative", field(curve.Gx, new(big.Int).Sub(curve.P, curve.Gy)), true},
			{"not on the curve", field(curve.Gx, new(big.Int).Add(curve.Gy, one)), false},
			{"all zeros", field(zero, zero), false},
			{"x = 0", field(zero, root), true},
			{"x = p", field(curve.P, root), false},
			{"y = p", field(one, curve.P), false},
			{"all ones", slices.Repeat([]byte{0xff}, 2*size), false},
		} {
			if _, ok := NewPublicKey(algorithm, c.key); ok != c.ok {
				t.Errorf("algorithm %d, %s: %v", algorithm, c.name, ok)
			}
		}
	}
}

// FuzzNewPublicKey feeds any octets as key and as signature: nothing panics, and of ECDSA what is a key is what
// crypto/ecdsa takes for one.
func FuzzNewPublicKey(f *testing.F) {
	for _, algorithm := range []uint8{5, 7, 8, 10, 13, 14, 15, 16} {
		x := signedBy(f, algorithm, 1024)
		f.Add(algorithm, x.key, x.signed, x.signature)
		f.Add(algorithm, []byte{}, []byte{}, []byte{})
		f.Add(algorithm, slices.Repeat([]byte{0xff}, len(x.key)), x.signed, slices.Repeat([]byte{0xff}, len(x.signature)))
		f.Add(algorithm, make([]byte, len(x.key)), x.signed, make([]byte, len(x.signature)))
	}
	f.Fuzz(func(t *testing.T, algorithm uint8, key, signed, signature []byte) {
		k, ok := NewPublicKey(algorithm, key)
		if curve, is := map[uint8]elliptic.Curve{ECDSAP256: elliptic.P256(), ECDSAP384: elliptic.P384()}[algorithm]; is {
			_, err := ecdsa.ParseUncompressedPublicKey(curve, append([]byte{4}, key...))
			if ok != (err == nil) {
				t.Fatalf("%x: a key is %v, crypto/ecdsa says %v", key, ok, err)
			}
		}
		if !ok {
			return
		}
		first := k.Verify(signed, signature)
		if again := k.Verify(signed, signature); first != again {
			t.Fatalf("first %v, then %v", first, again)
		}
	})
}

// BenchmarkVerify is one check by a key that has been used before. For P-256 hot is a key that is used often, and first
// the first check by a key, with making it.
func BenchmarkVerify(b *testing.B) {
	hotKey := func(k *PublicKey) { k.scheme.(*p256).hot.Store(newComb(&k.scheme.(*p256).point, hotTeeth, hotBlocks)) }
	coldKey := func(k *PublicKey) { k.scheme.(*p256).uses.Store(hotUses) }
	for _, c := range []struct {
		name      string
		algorithm uint8
		bits      int
		prepare   func(*PublicKey)
	}{
		{"RSASHA1-1024", RSASHA1, 1024, nil},
		{"RSASHA256-1024", RSASHA256, 1024, nil},
		{"RSASHA256-1280", RSASHA256, 1280, nil},
		{"RSASHA256-2048", RSASHA256, 2048, nil},
		{"RSASHA256-4096", RSASHA256, 4096, nil},
		{"RSASHA512-2048", RSASHA512, 2048, nil},
		{"ECDSAP256-cold", ECDSAP256, 0, coldKey},
		{"ECDSAP256-hot", ECDSAP256, 0, hotKey},
		{"ECDSAP384", ECDSAP384, 0, nil},
		{"Ed25519", Ed25519, 0, nil},
		{"Ed448", Ed448, 0, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			x := signedBy(b, c.algorithm, c.bits)
			k, ok := NewPublicKey(c.algorithm, x.key)
			if !ok {
				b.Fatal("not a key")
			}
			if c.prepare != nil {
				c.prepare(k)
			}
			b.ReportAllocs()
			for b.Loop() {
				if !k.Verify(x.signed, x.signature) {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkFirst makes a key and has it check one signature.
func BenchmarkFirst(b *testing.B) {
	for _, algorithm := range []uint8{RSASHA256, ECDSAP256, ECDSAP384, Ed25519, Ed448} {
		b.Run(fmt.Sprint(algorithm), func(b *testing.B) {
			x := signedBy(b, algorithm, 2048)
			b.ReportAllocs()
			for b.Loop() {
				k, ok := NewPublicKey(algorithm, x.key)
				if !ok || !k.Verify(x.signed, x.signature) {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkStandardLibrary is what crypto/ecdsa and crypto/rsa take for the same, for comparison.
func BenchmarkStandardLibrary(b *testing.B) {
	b.Run("ECDSAP256", func(b *testing.B) {
		x := signedBy(b, ECDSAP256, 0)
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, x.key...))
		if err != nil {
			b.Fatal(err)
		}
		r, s := new(big.Int).SetBytes(x.signature[:32]), new(big.Int).SetBytes(x.signature[32:])
		b.ReportAllocs()
		for b.Loop() {
			hash := sha256.Sum256(x.signed)
			if !ecdsa.Verify(public, hash[:], r, s) {
				b.Fatal("refused")
			}
		}
	})
	for _, bits := range []int{1024, 1280, 2048, 4096} {
		b.Run(fmt.Sprint("RSASHA256-", bits), func(b *testing.B) {
			x := signedBy(b, RSASHA256, bits)
			exponent, modulus, _ := splitRSA(x.key)
			public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
			b.ReportAllocs()
			for b.Loop() {
				hash := sha256.Sum256(x.signed)
				if rsa.VerifyPKCS1v15(public, crypto.SHA256, hash[:], x.signature) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

package algorithm

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// rsaField is the public key field of n and e, with the length of e in one octet or in three.
func rsaField(n, e *big.Int, long bool) []byte {
	if long {
		field := binary.BigEndian.AppendUint16([]byte{0}, uint16(len(e.Bytes())))
		return slices.Concat(field, e.Bytes(), n.Bytes())
	}
	return slices.Concat([]byte{byte(len(e.Bytes()))}, e.Bytes(), n.Bytes())
}

// rsaPair is a key pair of any length and exponent, which crypto/rsa no longer makes.
func rsaPair(t testing.TB, length int, e *big.Int) (n, d *big.Int) {
	t.Helper()
	one := big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, length/2)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, length-length/2)
		if err != nil {
			t.Fatal(err)
		}
		n := new(big.Int).Mul(p, q)
		totient := new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one))
		if d := new(big.Int).ModInverse(e, totient); d != nil && n.BitLen() == length {
			return n, d
		}
	}
}

var digests = map[uint8]func([]byte) []byte{
	RSASHA1:      func(b []byte) []byte { h := sha1.Sum(b); return h[:] },
	RSASHA1NSEC3: func(b []byte) []byte { h := sha1.Sum(b); return h[:] },
	RSASHA256:    func(b []byte) []byte { h := sha256.Sum256(b); return h[:] },
	RSASHA512:    func(b []byte) []byte { h := sha512.Sum512(b); return h[:] },
}

// signRSA signs as RFC 8017 8.2.1 has it; padding is what stands before the digest, from the octet 01 on.
func signRSA(n, d *big.Int, padding string, digest []byte) []byte {
	encoded := new(big.Int).SetBytes(append([]byte(padding), digest...))
	return encoded.Exp(encoded, d, n).FillBytes(make([]byte, (n.BitLen()+7)/8))
}

func paddingFor(size int, hash rsaHash, digest []byte) string {
	return "\x01" + strings.Repeat("\xff", size-3-len(hash.prefix)-len(digest)) + "\x00" + hash.prefix
}

func TestRSALengthsAndExponents(t *testing.T) {
	signed := []byte("signed")
	exponents := []*big.Int{
		big.NewInt(3), big.NewInt(5), big.NewInt(17), big.NewInt(65537), big.NewInt(1<<32 + 1), big.NewInt(1<<35 - 31),
	}
	for i, length := range []int{512, 513, 767, 1000, 1023, 1024, 1025, 1280, 2048} {
		e := exponents[i%len(exponents)]
		n, d := rsaPair(t, length, e)
		size := (length + 7) / 8
		for algorithm, hash := range map[uint8]rsaHash{RSASHA1: withSHA1, RSASHA1NSEC3: withSHA1, RSASHA256: withSHA256, RSASHA512: withSHA512} {
			k, ok := NewPublicKey(algorithm, rsaField(n, e, i%2 == 0))
			if !ok {
				t.Fatalf("%d bits, exponent %d: not a key", length, e)
			}
			digest := digests[algorithm](signed)
			if size < 11+len(hash.prefix)+len(digest) {
				if k.Verify(signed, make([]byte, size)) {
					t.Error("a hash that has no room is taken")
				}
				continue
			}
			padding := paddingFor(size, hash, digest)
			good := signRSA(n, d, padding, digest)
			if !k.Verify(signed, good) {
				t.Errorf("algorithm %d, %d bits, exponent %d: a good signature is refused", algorithm, length, e)
			}
			for name, bad := range map[string]string{
				"one FF less":        "\x01" + padding[2:],
				"block type 2":       "\x02" + padding[1:],
				"an FE":              padding[:5] + "\xfe" + padding[6:],
				"no NULL parameters": strings.Replace(padding, "\x05\x00", "", 1),
				"another hash":       strings.Replace(padding, hash.prefix, withSHA1.prefix[1:], 1),
			} {
				if k.Verify(signed, signRSA(n, d, bad, digest)) {
					t.Errorf("algorithm %d, %d bits: padding with %s is taken", algorithm, length, name)
				}
			}
			above := new(big.Int).Add(new(big.Int).SetBytes(good), n)
			if above.BitLen() <= 8*size && k.Verify(signed, above.FillBytes(make([]byte, size))) {
				t.Error("a signature above the modulus is taken")
			}
			if k.Verify(signed, append([]byte{0}, good...)) || k.Verify(signed, good[1:]) {
				t.Error("a signature of another length is taken")
			}
		}
	}
}

// TestRSAForged has what Bleichenbacher forged in 2006: with exponent 3 a short padding and anything after the digest.
func TestRSAForged(t *testing.T) {
	n, _ := rsaPair(t, 2048, big.NewInt(3))
	k, ok := NewPublicKey(RSASHA1, rsaField(n, big.NewInt(3), false))
	if !ok {
		t.Fatal("not a key")
	}
	digest := sha1.Sum([]byte("signed"))
	head := slices.Concat([]byte("\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00"+withSHA1.prefix), digest[:])
	encoded := new(big.Int).SetBytes(append(head, slices.Repeat([]byte{0xff}, 256-len(head))...))
	if k.Verify([]byte("signed"), cubeRoot(encoded).FillBytes(make([]byte, 256))) {
		t.Error("taken")
	}
}

func cubeRoot(x *big.Int) *big.Int {
	root := new(big.Int)
	for i := x.BitLen()/3 + 1; i >= 0; i-- {
		root.SetBit(root, i, 1)
		if new(big.Int).Exp(root, big.NewInt(3), nil).Cmp(x) > 0 {
			root.SetBit(root, i, 0)
		}
	}
	return root
}

func TestRSAAgainstTheStandardLibrary(t *testing.T) {
	for _, length := range []int{1024, 1280, 2048, 3072, 4096} {
		private, err := rsa.GenerateKey(rand.Reader, length)
		if err != nil {
			t.Fatal(err)
		}
		e := big.NewInt(int64(private.E))
		for algorithm, hash := range map[uint8]crypto.Hash{RSASHA1: crypto.SHA1, RSASHA256: crypto.SHA256, RSASHA512: crypto.SHA512} {
			k, ok := NewPublicKey(algorithm, rsaField(private.N, e, false))
			if !ok {
				t.Fatal("not a key")
			}
			for i := range 5 {
				signed := fmt.Append(nil, length, algorithm, i)
				signature, err := rsa.SignPKCS1v15(nil, private, hash, digests[algorithm](signed))
				if err != nil {
					t.Fatal(err)
				}
				if !k.Verify(signed, signature) {
					t.Errorf("algorithm %d, %d bits: a good signature is refused", algorithm, length)
				}
				signature[i*20] ^= 1
				if k.Verify(signed, signature) {
					t.Errorf("algorithm %d, %d bits: a bad signature is taken", algorithm, length)
				}
			}
		}
	}
}

func TestRSAKeysOutOfBounds(t *testing.T) {
	n := func(length uint) *big.Int {
		x := new(big.Int).Lsh(big.NewInt(1), length-1)
		return x.Add(x, big.NewInt(1))
	}
	e := big.NewInt(65537)
	for _, c := range []struct {
		name string
		key  []byte
		ok   bool
	}{
		{"empty", nil, false},
		{"only a length", []byte{3}, false},
		{"half a long length", []byte{0, 0}, false},
		{"exponent beyond the end", []byte{0, 0xff, 0xff, 1, 2, 3}, false},
		{"no exponent", append([]byte{0, 0, 0}, n(1024).Bytes()...), false},
		{"no modulus", []byte{1, 3}, false},
		{"511 bits", rsaField(n(511), e, false), false},
		{"512 bits", rsaField(n(512), e, false), true},
		{"4096 bits", rsaField(n(4096), e, false), true},
		{"4097 bits", rsaField(n(4097), e, false), false},
		{"60000 octets", rsaField(n(480_000), e, false), false},
		{"even modulus", rsaField(new(big.Int).Lsh(big.NewInt(1), 1023), e, false), false},
		{"exponent 0", slices.Concat([]byte{1, 0}, n(1024).Bytes()), false},
		{"exponent 1", rsaField(n(1024), big.NewInt(1), false), false},
		{"exponent 2", rsaField(n(1024), big.NewInt(2), false), false},
		{"exponent 3", rsaField(n(1024), big.NewInt(3), false), true},
		{"exponent of 35 bits", rsaField(n(1024), n(35), false), true},
		{"exponent of 36 bits", rsaField(n(1024), n(36), false), false},
		{"exponent of 300 octets", rsaField(n(1024), n(2400), true), false},
		{"zeros before both", slices.Concat([]byte{4, 0, 1, 0, 1, 0, 0}, n(1024).Bytes()), true},
		{"three octets of length", rsaField(n(1024), e, true), true},
	} {
		if _, ok := NewPublicKey(RSASHA256, c.key); ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}

func FuzzMontgomery(f *testing.F) {
	f.Add([]byte{0xff, 0xff, 0xff}, []byte{2}, uint64(65537))
	f.Add(slices.Repeat([]byte{0xff}, 64), slices.Repeat([]byte{0xfe}, 64), uint64(3))
	f.Add(append([]byte{1}, make([]byte, 127)...), slices.Repeat([]byte{0xff}, 100), ^uint64(0))
	f.Fuzz(func(t *testing.T, modulus, base []byte, e uint64) {
		if len(modulus) == 0 || len(modulus) > MaxRSABits/8 {
			return
		}
		n := new(big.Int).SetBytes(modulus)
		n.SetBit(n, 0, 1)
		if n.BitLen() < 2 {
			return
		}
		e |= 3
		m, w := newMontgomery(n), new(workspace)
		w.base.SetBytes(base)
		w.base.Mod(&w.base, n)
		m.power(w, e)
		if want := new(big.Int).Exp(&w.base, new(big.Int).SetUint64(e), n); w.result.Cmp(want) != 0 {
			t.Errorf("%x to the %d modulo %x is %x, want %x", base, e, n, &w.result, want)
		}
	})
}

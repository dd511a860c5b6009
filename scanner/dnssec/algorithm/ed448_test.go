package algorithm

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEd448RFC8032 has the vectors of RFC 8032 7.4 that have no context.
func TestEd448RFC8032(t *testing.T) {
	for _, v := range []struct{ name, key, message, signature string }{
		{
			"blank",
			"5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
			"",
			"533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980" +
				"ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600",
		},
		{
			"1 octet",
			"43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
			"03",
			"26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd77980" +
				"5e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
		},
		{
			"11 octets",
			"dcea9e78f35a1bf3499a831b10b86c90aac01cd84b67a0109b55a36e9328b1e365fce161d71ce7131a543ea4cb5f7e9f1d8b00696447001400",
			"0c3e544074ec63b0265e0c",
			"1f0a8888ce25e8d458a21130879b840a9089d999aaba039eaf3e3afa090a09d389dba82c4ff2ae8ac5cdfb7c55e94d5d961a29fe0109941e00" +
				"b8dbdeea6d3b051068df7254c0cdc129cbe62db2dc957dbb47b51fd3f213fb8698f064774250a5028961c9bf8ffd973fe5d5c206492b140e00",
		},
	} {
		key, message, signature := unhex(t, v.key), unhex(t, v.message), unhex(t, v.signature)
		k, ok := NewPublicKey(Ed448, key)
		if !ok {
			t.Fatalf("%s: not a key", v.name)
		}
		if !k.Verify(message, signature) {
			t.Errorf("%s: refused", v.name)
		}
		if k.Verify(append(message, 0), signature) {
			t.Errorf("%s: taken for another message", v.name)
		}
		// S + L is S to the equation, but is not below L (RFC 8032 5.2.7, step 1).
		s := littleEndian(signature[ed448Size:])
		above := s.Add(s, order448).FillBytes(make([]byte, ed448Size))
		slices.Reverse(above)
		if k.Verify(message, append(slices.Clone(signature[:ed448Size]), above...)) {
			t.Errorf("%s: taken with S above L", v.name)
		}
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEd448Keys has points that are none, or not in their one encoding (RFC 8032 5.2.3).
func TestEd448Keys(t *testing.T) {
	encode := func(y *big.Int, odd byte) []byte {
		b := y.FillBytes(make([]byte, ed448Size))
		slices.Reverse(b)
		b[ed448Size-1] |= odd << 7
		return b
	}
	one := big.NewInt(1)
	for _, c := range []struct {
		name string
		key  []byte
		ok   bool
	}{
		{"the neutral point", encode(one, 0), true},
		{"x = 0, said to be odd", encode(one, 1), false},
		{"y = -1", encode(new(big.Int).Sub(prime448, one), 0), true},
		{"y = p", encode(prime448, 0), false},
		{"y = p + 1", encode(new(big.Int).Add(prime448, one), 0), false},
		{"y of 455 bits", slices.Repeat([]byte{0x7f}, ed448Size), false},
		{"y without an x", encode(big.NewInt(2), 0), false},
		{"too short", make([]byte, ed448Size-1), false},
		{"too long", make([]byte, ed448Size+1), false},
	} {
		k, ok := newEd448(c.key)
		if ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		}
		if !ok {
			continue
		}
		p, _ := decode448(k.encoded)
		if encoded := p.encode(); !bytes.Equal(encoded[:], c.key) {
			t.Errorf("%s: written as %x", c.name, encoded)
		}
	}
}

func TestField448(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	some := func() (x field448) {
		for i := range x {
			switch random.IntN(3) {
			case 0:
				x[i] = mask56 + 1<<8 - uint64(random.IntN(2))
			case 1:
				x[i] = uint64(random.IntN(2))
			default:
				x[i] = random.Uint64() & mask56
			}
		}
		return x
	}
	for range 3_000 {
		x, y := some(), some()
		bx, by := x.integer(), y.integer()
		check := func(name string, got field448, want *big.Int) {
			for _, word := range got {
				if word >= mask56+1<<8 {
					t.Fatalf("%s of %x and %x: a word of %x is too large", name, x, y, word)
				}
			}
			integer := got.integer()
			if integer.Mod(integer, prime448).Cmp(want.Mod(want, prime448)) != 0 {
				t.Fatalf("%s of %x and %x is %x, want %x", name, x, y, integer, want)
			}
		}
		var z field448
		z.add(&x, &y)
		check("add", z, new(big.Int).Add(bx, by))
		z.sub(&x, &y)
		check("sub", z, new(big.Int).Sub(bx, by))
		z.mul(&x, &y)
		check("mul", z, new(big.Int).Mul(bx, by))
		z = x
		z.mul(&z, &z)
		check("square", z, new(big.Int).Mul(bx, bx))
	}
}

// signEd448 signs with a scalar and a nonce that need not come from a hash (RFC 8032 5.2.6, from step 3 on).
func signEd448(secret, nonce *big.Int, signed []byte) (key, signature []byte) {
	none := new(big.Int)
	a, r := sumOfProducts448(&base448, secret, &base448, none), sumOfProducts448(&base448, nonce, &base448, none)
	encodedA, encodedR := a.encode(), r.encode()
	digest := sha3.SumSHAKE256(slices.Concat([]byte("SigEd448\x00\x00"), encodedR[:], encodedA[:], signed), 2*ed448Size)
	s := littleEndian(digest)
	s.Mul(s, secret).Add(s, nonce).Mod(s, order448)
	encodedS := s.FillBytes(make([]byte, ed448Size))
	slices.Reverse(encodedS)
	return encodedA[:], append(encodedR[:], encodedS...)
}

func FuzzEd448(f *testing.F) {
	f.Add([]byte{1}, []byte{1}, []byte("signed"), uint16(3))
	f.Add(order448.Bytes(), []byte{0}, []byte{}, uint16(800))
	f.Fuzz(func(t *testing.T, secret, nonce, signed []byte, flip uint16) {
		d, n := new(big.Int).SetBytes(secret), new(big.Int).SetBytes(nonce)
		key, signature := signEd448(d.Mod(d, order448), n.Mod(n, order448), signed)
		k, ok := newEd448(key)
		if !ok || !k.verify(signed, signature) {
			t.Fatalf("a good signature by %x with the nonce %x is refused", d, n)
		}
		bit := int(flip) % (8 * len(signature))
		signature[bit/8] ^= 1 << (bit % 8)
		if d.Sign() != 0 && k.verify(signed, signature) {
			t.Fatalf("taken with bit %d changed", bit)
		}
	})
}

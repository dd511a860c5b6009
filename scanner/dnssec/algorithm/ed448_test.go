package algorithm

import (
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
)

// order448 is the order L of the base point (RFC 8032 5.2).
var order448 = func() *big.Int {
	below, _ := new(big.Int).SetString("13818066809895115352007386748515426880336692474882178609894547503885", 10)
	return below.Sub(new(big.Int).Lsh(big.NewInt(1), 446), below)
}()

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
		half := slices.Clone(signature[ed448.PublicKeySize:])
		slices.Reverse(half)
		above := new(big.Int).Add(new(big.Int).SetBytes(half), order448).FillBytes(make([]byte, ed448.PublicKeySize))
		slices.Reverse(above)
		if k.Verify(message, append(slices.Clone(signature[:ed448.PublicKeySize]), above...)) {
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

// TestEd448Keys: what has not the length of a key is none.
func TestEd448Keys(t *testing.T) {
	for _, size := range []int{0, ed448.PublicKeySize - 1, ed448.PublicKeySize + 1} {
		if _, ok := NewPublicKey(Ed448, make([]byte, size)); ok {
			t.Errorf("%d octets are taken for a key", size)
		}
	}
}

// FuzzEd448: whatever key and signature are, a check ends; and what is signed is taken, once only.
func FuzzEd448(f *testing.F) {
	f.Add(make([]byte, ed448.SeedSize), []byte("message"), make([]byte, ed448.SignatureSize))
	f.Fuzz(func(t *testing.T, seed, signed, signature []byte) {
		if len(seed) != ed448.SeedSize {
			if k, ok := NewPublicKey(Ed448, seed); ok {
				k.Verify(signed, signature)
			}
			return
		}
		private := ed448.NewKeyFromSeed(seed)
		public := private.Public().(ed448.PublicKey)
		k, ok := NewPublicKey(Ed448, public)
		if !ok {
			t.Fatal("the key is refused")
		}
		right := ed448.Sign(private, signed, "")
		if !k.Verify(signed, right) || k.Verify(append(signed, 1), right) || k.Verify(signed, right[1:]) {
			t.Error("a signature is refused, or taken for another message")
		}
		if string(signature) != string(right) && k.Verify(signed, signature) {
			t.Error("a second signature of the same message is taken")
		}
	})
}

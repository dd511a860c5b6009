package algorithm

import "testing"

func TestSupported(t *testing.T) {
	want := map[uint8]bool{5: true, 7: true, 8: true, 10: true, 13: true, 14: true, 15: true, 16: true}
	for n := range 256 {
		if got := Supported(uint8(n)); got != want[uint8(n)] {
			t.Errorf("Supported(%d) is %v", n, got)
		}
		if !want[uint8(n)] {
			if _, ok := NewPublicKey(uint8(n), make([]byte, 64)); ok {
				t.Errorf("a key of algorithm %d", n)
			}
		}
	}
}

func TestDigestSupported(t *testing.T) {
	want := map[uint8]int{1: 20, 2: 32, 4: 48}
	for n := range 256 {
		digest, ok := Digest(uint8(n), []byte("a"), []byte("b"))
		if ok != DigestSupported(uint8(n)) || len(digest) != want[uint8(n)] {
			t.Errorf("Digest(%d) is %d octets, %v", n, len(digest), ok)
		}
	}
}

//go:build !race

package algorithm

import "testing"

// TestVerifyAllocates pins what one check allocates where it is our own code: nothing.
func TestVerifyAllocates(t *testing.T) {
	for _, algorithm := range []uint8{RSASHA1, RSASHA256, RSASHA512, ECDSAP256, Ed25519} {
		x := signedBy(t, algorithm, 1280)
		k, ok := NewPublicKey(algorithm, x.key)
		if !ok {
			t.Fatal("not a key")
		}
		for range 2 * hotUses { // until nothing more is prepared
			k.Verify(x.signed, x.signature)
		}
		if n := testing.AllocsPerRun(100, func() { k.Verify(x.signed, x.signature) }); n != 0 {
			t.Errorf("algorithm %d: %v allocations", algorithm, n)
		}
	}
}

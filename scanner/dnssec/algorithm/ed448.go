package algorithm

import "github.com/cloudflare/circl/sign/ed448"

// ed448Key is a key of Ed448 (RFC 8080), which the standard library does not have. Zones that use it are so few that a
// library's verification, 0.3 ms, is fast enough.
type ed448Key ed448.PublicKey

// newEd448 reads a key. Whether it is a point of the curve shows when it is used.
func newEd448(key []byte) (ed448Key, bool) {
	if len(key) != ed448.PublicKeySize {
		return nil, false
	}
	return ed448Key(append([]byte(nil), key...)), true
}

// verify implements verifier, with neither prehash nor context (RFC 8080 4).
func (k ed448Key) verify(signed, signature []byte) bool {
	return len(signature) == ed448.SignatureSize && ed448.Verify(ed448.PublicKey(k), signed, signature, "")
}

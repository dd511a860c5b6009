package algorithm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
)

// p256 is a key of ECDSAP256.
type p256 ecdsa.PublicKey

// newP256 reads the two coordinates of the point, 32 octets each (RFC 6605 4).
func newP256(key []byte) (*p256, bool) {
	const size = 32
	if len(key) != 2*size {
		return nil, false
	}
	uncompressed := append([]byte{4}, key...) // SEC 1 2.3.3
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
	return (*p256)(k), err == nil
}

// verify takes a signature of r and s, 32 octets each (RFC 6605 4).
func (k *p256) verify(signed, signature []byte) bool {
	const size = 32
	if len(signature) != 2*size {
		return false
	}
	hash := sha256.Sum256(signed)
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify((*ecdsa.PublicKey)(k), hash[:], r, s)
}

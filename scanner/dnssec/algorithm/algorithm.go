// Package algorithm computes what DNSSEC leaves to cryptography: the signatures of the algorithms in use (RFC 5702,
// 6605, 8080 and the SHA-1 ones of RFC 3110, 5155) and the digests of DS records (RFC 4034 5.1.4, RFC 4509, RFC 6605).
//
// It takes the public key field of a DNSKEY record, the octets that were signed and the signature field of an RRSIG,
// and says yes or no. It never signs, so everything in it is public and nothing takes the same time whatever it reads.
//
//	algorithm.go    the numbers, PublicKey, and what the standard library does as it is
//	digest.go       DS digests
//	rsa.go          RSA with PKCS #1 v1.5 padding
//	p256.go         ECDSA with P-256: keys, and the tables they have earned
//	p256comb.go     multiplying points by tables; p256point.go adds them
//	p256field.go    the integers modulo p, and p256scalar.go modulo n; inverse.go inverts both
//	ed448.go        Ed448, by cloudflare/circl
//
// RSA and P-256 are our own: RSA for the keys below 1024 bits, which crypto/rsa refuses and zones have, P-256 for speed, as
// it is most of the work of a validating scan.
package algorithm

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha512"
	"math/big"
)

// The algorithm numbers that are supported (IANA, "DNS Security Algorithm Numbers").
const (
	RSASHA1      = 5  // RFC 3110
	RSASHA1NSEC3 = 7  // RFC 5155: RSASHA1 by another number
	RSASHA256    = 8  // RFC 5702
	RSASHA512    = 10 // RFC 5702
	ECDSAP256    = 13 // RFC 6605, with SHA-256
	ECDSAP384    = 14 // RFC 6605, with SHA-384
	Ed25519      = 15 // RFC 8080
	Ed448        = 16 // RFC 8080
)

// Supported says whether signatures of the algorithm can be checked.
func Supported(algorithm uint8) bool {
	switch algorithm {
	case RSASHA1, RSASHA1NSEC3, RSASHA256, RSASHA512, ECDSAP256, ECDSAP384, Ed25519, Ed448:
		return true
	}
	return false
}

// PublicKey is the key of a DNSKEY record, ready to check signatures. Any number of goroutines may use it.
type PublicKey struct {
	scheme scheme
}

// scheme is a key of one family of algorithms.
type scheme interface {
	verify(signed, signature []byte) bool
}

// NewPublicKey reads key, the public key field of a DNSKEY record. It is false for an algorithm that is not supported
// and for a field that is no key of the algorithm: of the wrong length, out of bounds, not a point of the curve. It
// keeps nothing of key.
func NewPublicKey(algorithm uint8, key []byte) (*PublicKey, bool) {
	var k scheme
	ok := false
	switch algorithm {
	case RSASHA1, RSASHA1NSEC3, RSASHA256, RSASHA512:
		k, ok = newRSA(algorithm, key)
	case ECDSAP256:
		k, ok = newP256(key)
	case ECDSAP384:
		k, ok = newP384(key)
	case Ed25519:
		k, ok = newEd25519(key)
	case Ed448:
		k, ok = newEd448(key)
	}
	if !ok {
		return nil, false
	}
	return &PublicKey{scheme: k}, true
}

// Verify says whether signature, the field of an RRSIG record, is this key's for the octets of signed (RFC 4034
// 3.1.8.1). It keeps neither.
func (k *PublicKey) Verify(signed, signature []byte) bool { return k.scheme.verify(signed, signature) }

// p384 is a key of ECDSAP384: as crypto/ecdsa has it, for few zones use it.
type p384 ecdsa.PublicKey

// newP384 reads the two coordinates of the point, 48 octets each (RFC 6605 4).
func newP384(key []byte) (*p384, bool) {
	const size = 48
	if len(key) != 2*size {
		return nil, false
	}
	uncompressed := append([]byte{4}, key...) // SEC 1 2.3.3
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), uncompressed)
	return (*p384)(k), err == nil
}

// verify takes a signature of r and s, 48 octets each (RFC 6605 4).
func (k *p384) verify(signed, signature []byte) bool {
	const size = 48
	if len(signature) != 2*size {
		return false
	}
	hash := sha512.Sum384(signed)
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify((*ecdsa.PublicKey)(k), hash[:], r, s)
}

// ed25519Key is a key of Ed25519.
type ed25519Key ed25519.PublicKey

func newEd25519(key []byte) (ed25519Key, bool) {
	if len(key) != ed25519.PublicKeySize {
		return nil, false
	}
	return append(ed25519Key(nil), key...), true
}

func (k ed25519Key) verify(signed, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(ed25519.PublicKey(k), signed, signature)
}

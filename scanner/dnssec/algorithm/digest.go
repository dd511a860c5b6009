package algorithm

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// The digest types that are supported (IANA, "Digest Algorithms" of DS records).
const (
	SHA1   = 1 // RFC 4034 5.1.4
	SHA256 = 2 // RFC 4509
	SHA384 = 4 // RFC 6605
)

// DigestSupported says whether Digest can compute the digest type.
func DigestSupported(digestType uint8) bool {
	switch digestType {
	case SHA1, SHA256, SHA384:
		return true
	}
	return false
}

// Digest computes the digest field of a DS record over data, one part after the other: the owner name of the DNSKEY
// record in canonical form, then its RDATA (RFC 4034 5.1.4). It is false for a type that is not supported.
func Digest(digestType uint8, data ...[]byte) ([]byte, bool) {
	var h hash.Hash
	switch digestType {
	case SHA1:
		h = sha1.New()
	case SHA256:
		h = sha256.New()
	case SHA384:
		h = sha512.New384()
	default:
		return nil, false
	}
	for _, part := range data {
		h.Write(part)
	}
	return h.Sum(nil), true
}

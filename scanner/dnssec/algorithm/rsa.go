package algorithm

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// Bounds on RSA keys.
const (
	// MinRSABits: below 512 bits RSASHA256 is not defined (RFC 5702 2.1), and 512 itself still signs zones, so crypto/rsa
	// is of no use: it takes no key below 1024.
	MinRSABits = 512

	// MaxRSABits: RFC 3110 2 and RFC 5702 2 end there, as BIND does; what a check costs grows with the square.
	MaxRSABits = 4096

	// maxExponentBits: a check costs a multiplication for each bit. 65537 is the exponent of nearly every key, the Fermat
	// number 2^32+1 is in use; 64 bits is what OpenSSL takes in large keys.
	maxExponentBits = 64
)

// rsaKey is a key of RSASHA1, RSASHA1NSEC3, RSASHA256 or RSASHA512.
type rsaKey struct {
	n, e   *big.Int
	size   int // of n and so of a signature, in octets
	prefix []byte
	sum    func(to, data []byte) []byte
}

// newRSA reads exponent length, exponent and modulus (RFC 3110 2).
func newRSA(algorithm uint8, key []byte) (*rsaKey, bool) {
	exponent, modulus, ok := splitRSA(key)
	if !ok {
		return nil, false
	}
	k := &rsaKey{n: new(big.Int).SetBytes(modulus), e: new(big.Int).SetBytes(exponent)}
	if k.n.BitLen() < MinRSABits || k.n.BitLen() > MaxRSABits || k.n.Bit(0) == 0 {
		return nil, false
	}
	if k.e.BitLen() < 2 || k.e.BitLen() > maxExponentBits || k.e.Bit(0) == 0 {
		return nil, false
	}
	k.size = (k.n.BitLen() + 7) / 8
	switch algorithm {
	case RSASHA256:
		k.prefix, k.sum = prefixSHA256, sumSHA256
	case RSASHA512:
		k.prefix, k.sum = prefixSHA512, sumSHA512
	default:
		k.prefix, k.sum = prefixSHA1, sumSHA1
	}
	return k, true
}

// splitRSA finds exponent and modulus in the public key field: the length of the exponent stands in one octet, or in
// two after an octet of zero (RFC 3110 2).
func splitRSA(key []byte) (exponent, modulus []byte, ok bool) {
	if len(key) < 1 {
		return nil, nil, false
	}
	length, rest := int(key[0]), key[1:]
	if length == 0 {
		if len(rest) < 2 {
			return nil, nil, false
		}
		length, rest = int(rest[0])<<8|int(rest[1]), rest[2:]
	}
	if length > len(rest) {
		return nil, nil, false
	}
	return rest[:length], rest[length:], true
}

// The DER of DigestInfo before the hash (RFC 8017 9.2, note 1).
var (
	prefixSHA1   = []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}
	prefixSHA256 = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	prefixSHA512 = []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}
)

func sumSHA1(to, data []byte) []byte   { h := sha1.Sum(data); return append(to, h[:]...) }
func sumSHA256(to, data []byte) []byte { h := sha256.Sum256(data); return append(to, h[:]...) }
func sumSHA512(to, data []byte) []byte { h := sha512.Sum512(data); return append(to, h[:]...) }

// verify is RSASSA-PKCS1-V1_5-VERIFY (RFC 8017 8.2.2): the message the signer must have encoded is built and compared
// whole, so no padding is ever parsed.
func (k *rsaKey) verify(signed, signature []byte) bool {
	if len(signature) != k.size {
		return false
	}
	s := new(big.Int).SetBytes(signature)
	if s.Cmp(k.n) >= 0 {
		return false
	}
	want, ok := k.encode(make([]byte, 0, k.size), signed)
	return ok && s.Exp(s, k.e, k.n).Cmp(new(big.Int).SetBytes(want)) == 0
}

// encode appends EMSA-PKCS1-v1_5 of signed (RFC 8017 9.2): 00 01 FF ... FF 00 DigestInfo. It is false where the
// modulus is too short for the hash.
func (k *rsaKey) encode(to, signed []byte) ([]byte, bool) {
	var buffer [128]byte
	info := k.sum(append(buffer[:0], k.prefix...), signed)
	fill := k.size - len(info) - 3
	if fill < 8 {
		return nil, false
	}
	to = append(to, 0, 1)
	for range fill {
		to = append(to, 0xff)
	}
	to = append(to, 0)
	return append(to, info...), true
}

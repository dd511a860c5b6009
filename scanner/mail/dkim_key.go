package mail

import (
	"encoding/base64"
	"math/bits"
	"slices"
)

// ed25519Size is the length of an Ed25519 public key in octets (RFC 8463 4.2).
const ed25519Size = ed25519Bits / 8

// usualKey is room for the DER of RSA keys of up to 8192 bits, which takes 1062 octets; larger ones cost an allocation.
const usualKey = 1280

// keyBits returns the size in bits of the key that a tag p holds, 0 if it holds none of the kind.
func keyBits(kind DKIMKeyType, p string) int {
	var text [4 * usualKey / 3]byte
	var data [usualKey]byte
	encoded, ok := appendUnfolded(text[:0], p)
	if !ok {
		return 0
	}
	key, err := base64.RawStdEncoding.AppendDecode(data[:0], encoded)
	switch {
	case err != nil:
		return 0
	case kind == DKIMRSA:
		return rsaBits(key)
	case kind == DKIMEd25519 && len(key) == ed25519Size:
		return ed25519Bits
	}
	return 0
}

// appendUnfolded appends a base64string to buf without its folding and padding (RFC 6376 2.10):
//
//	base64string = ALPHADIGITPS *([FWS] ALPHADIGITPS) [ [FWS] "=" [ [FWS] "=" ] ]
//
// The padding need not be there, nor be right.
func appendUnfolded(buf []byte, s string) (encoded []byte, ok bool) {
	padding := 0
	buf = slices.Grow(buf, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case isFolding(c):
		case c == '=':
			padding++
		case padding > 0:
			return nil, false
		default:
			buf = append(buf, c)
		}
	}
	return buf, padding <= 2
}

// Tags of DER (X.690 8).
const (
	derInteger   = 0x02
	derBitString = 0x03
	derSequence  = 0x30
)

// rsaEncryption is the AlgorithmIdentifier of RSA keys (RFC 3279 2.3.1): the object identifier 1.2.840.113549.1.1.1, and
// NULL as its parameters.
const rsaEncryption = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

// rsaBits returns the size in bits of the modulus of an RSA public key in DER, 0 if it is none. RFC 6376 3.6.1 asks for
// an RSAPublicKey (RFC 8017 A.1.1); what is published, and in the RFC's own example, is the SubjectPublicKeyInfo (RFC
// 5280 4.1) round one. Verifiers take both.
//
//	SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
//	RSAPublicKey         ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
func rsaBits(der []byte) int {
	body, rest, ok := cutDER(der, derSequence)
	if !ok || len(rest) > 0 {
		return 0
	}
	if algorithm, rest, ok := cutDER(body, derSequence); ok {
		key, rest, ok := cutDER(rest, derBitString)
		if !ok || len(rest) > 0 || string(algorithm) != rsaEncryption || len(key) == 0 || key[0] != 0 { // no unused bits
			return 0
		}
		if body, rest, ok = cutDER(key[1:], derSequence); !ok || len(rest) > 0 {
			return 0
		}
		return modulusBits(body)
	}
	return modulusBits(body)
}

// modulusBits reads the two integers of an RSAPublicKey, which are positive, and returns the size of the first.
func modulusBits(body []byte) int {
	modulus, rest, ok := cutDER(body, derInteger)
	if !ok {
		return 0
	}
	exponent, rest, ok := cutDER(rest, derInteger)
	if !ok || len(rest) > 0 || positiveBits(exponent) == 0 {
		return 0
	}
	return positiveBits(modulus)
}

// positiveBits returns the size of an INTEGER in bits, 0 if it is not positive or not in its shortest form (X.690 8.3).
func positiveBits(integer []byte) int {
	if len(integer) == 0 || integer[0] >= 0x80 {
		return 0
	}
	if integer[0] == 0 {
		if len(integer) == 1 || integer[1] < 0x80 {
			return 0
		}
		integer = integer[1:]
	}
	return (len(integer)-1)*8 + bits.Len8(integer[0])
}

// cutDER cuts the first element, which must have the tag, from der, and returns its contents. Lengths are definite, in
// their shortest form (X.690 10.1) and of at most two octets, enough for any TXT record.
func cutDER(der []byte, tag byte) (contents, rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, false
	}
	length, der := int(der[1]), der[2:]
	switch {
	case length < 0x80:
	case length == 0x81 && len(der) >= 1 && der[0] >= 0x80:
		length, der = int(der[0]), der[1:]
	case length == 0x82 && len(der) >= 2 && der[0] > 0:
		length, der = int(der[0])<<8|int(der[1]), der[2:]
	default:
		return nil, nil, false
	}
	if length > len(der) {
		return nil, nil, false
	}
	return der[:length], der[length:], true
}

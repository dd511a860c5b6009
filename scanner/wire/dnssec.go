package wire

import "encoding/binary"

// DS is the data of a DS record (RFC 4034 5.1).
type DS struct {
	KeyTag     uint16
	Algorithm  uint8
	DigestType uint8
	Digest     []byte
}

// ParseDS reads the data of a DS record.
func ParseDS(data []byte) (DS, error) {
	if len(data) < 4 {
		return DS{}, ErrBadRData
	}
	return DS{KeyTag: binary.BigEndian.Uint16(data), Algorithm: data[2], DigestType: data[3], Digest: data[4:]}, nil
}

// Bits of the flags of a DNSKEY record.
const (
	DNSKEYZone   uint16 = 1 << 8 // may sign the zone's records (RFC 4034 2.1.1)
	DNSKEYRevoke uint16 = 1 << 7 // revoked (RFC 5011 7)
	DNSKEYSEP    uint16 = 1 << 0 // meant as an entry point (RFC 4034 2.1.1)
)

// DNSKEY is the data of a DNSKEY record (RFC 4034 2.1).
type DNSKEY struct {
	Flags     uint16
	Protocol  uint8 // 3, else the key is not to be used
	Algorithm uint8
	PublicKey []byte
}

// ParseDNSKEY reads the data of a DNSKEY record.
func ParseDNSKEY(data []byte) (DNSKEY, error) {
	if len(data) < 4 {
		return DNSKEY{}, ErrBadRData
	}
	return DNSKEY{Flags: binary.BigEndian.Uint16(data), Protocol: data[2], Algorithm: data[3], PublicKey: data[4:]}, nil
}

// KeyTag returns the tag by which DS and RRSIG records refer to the key (RFC 4034 Appendix B). Different keys can
// have the same.
func (k DNSKEY) KeyTag() uint16 {
	const rsaMD5 = 1
	if k.Algorithm == rsaMD5 { // RFC 4034 B.1: the upper two of the last three octets of the modulus
		if len(k.PublicKey) < 3 {
			return 0
		}
		return binary.BigEndian.Uint16(k.PublicKey[len(k.PublicKey)-3:])
	}
	sum := uint32(k.Flags) + uint32(k.Protocol)<<8 + uint32(k.Algorithm)
	key := k.PublicKey
	for ; len(key) >= 2; key = key[2:] {
		sum += uint32(binary.BigEndian.Uint16(key)) // at most 32768 times: no overflow
	}
	if len(key) == 1 {
		sum += uint32(key[0]) << 8
	}
	return uint16(sum + sum>>16)
}

const rrsigFixedSize = 18 // what stands before the signer's name

// RRSIG is the data of an RRSIG record (RFC 4034 3.1).
type RRSIG struct {
	TypeCovered Type
	Algorithm   uint8
	Labels      uint8
	OriginalTTL uint32 // seconds
	Expiration  uint32 // seconds since 1970, in serial number arithmetic (RFC 4034 3.1.5)
	Inception   uint32 // the same
	KeyTag      uint16
	SignerName  []byte // uncompressed wire form
	Signature   []byte
	Signed      []byte // the data before Signature: the first part of what is signed (RFC 4034 3.1.8.1)
}

// ParseRRSIG reads the data of an RRSIG record. Signed is what the signature was made over only if SignerName is in
// lower case, as in the data that AppendRData writes.
func ParseRRSIG(data []byte) (RRSIG, error) {
	if len(data) < rrsigFixedSize {
		return RRSIG{}, ErrBadRData
	}
	signer := plainNameLen(data[rrsigFixedSize:])
	if signer == 0 {
		return RRSIG{}, ErrBadRData
	}
	return RRSIG{
		TypeCovered: Type(binary.BigEndian.Uint16(data)),
		Algorithm:   data[2],
		Labels:      data[3],
		OriginalTTL: binary.BigEndian.Uint32(data[4:]),
		Expiration:  binary.BigEndian.Uint32(data[8:]),
		Inception:   binary.BigEndian.Uint32(data[12:]),
		KeyTag:      binary.BigEndian.Uint16(data[16:]),
		SignerName:  data[rrsigFixedSize : rrsigFixedSize+signer],
		Signature:   data[rrsigFixedSize+signer:],
		Signed:      data[:rrsigFixedSize+signer],
	}, nil
}

// NSEC is the data of an NSEC record (RFC 4034 4.1).
type NSEC struct {
	NextName []byte // uncompressed wire form, in the case it was sent
	Types    TypeBitmap
}

// ParseNSEC reads the data of an NSEC record.
func ParseNSEC(data []byte) (NSEC, error) {
	next := plainNameLen(data)
	if next == 0 || !validBitmap(data[next:]) {
		return NSEC{}, ErrBadRData
	}
	return NSEC{NextName: data[:next], Types: data[next:]}, nil
}

// NSEC3OptOut is the bit of NSEC3's flags that says: unsigned delegations may lie in the span (RFC 5155 3.1.2.1).
const NSEC3OptOut uint8 = 1

// NSEC3 is the data of an NSEC3 record (RFC 5155 3).
type NSEC3 struct {
	HashAlgorithm uint8
	Flags         uint8
	Iterations    uint16
	Salt          []byte
	NextHashed    []byte // the hash itself, not its base32 form; never empty
	Types         TypeBitmap
}

// ParseNSEC3 reads the data of an NSEC3 record.
func ParseNSEC3(data []byte) (NSEC3, error) {
	param, rest, ok := nsec3Head(data)
	if !ok || len(rest) < 1 {
		return NSEC3{}, ErrBadRData
	}
	bitmapAt := 1 + int(rest[0])
	if bitmapAt == 1 || bitmapAt > len(rest) || !validBitmap(rest[bitmapAt:]) { // RFC 5155 3.1.6: a hash has 1 to 255 octets
		return NSEC3{}, ErrBadRData
	}
	return NSEC3{
		HashAlgorithm: param.HashAlgorithm,
		Flags:         param.Flags,
		Iterations:    param.Iterations,
		Salt:          param.Salt,
		NextHashed:    rest[1:bitmapAt],
		Types:         rest[bitmapAt:],
	}, nil
}

// nsec3Param is what an NSEC3 record begins with (RFC 5155 3.2).
type nsec3Param struct {
	HashAlgorithm uint8
	Flags         uint8
	Iterations    uint16
	Salt          []byte
}

// nsec3Head reads what an NSEC3 record begins with.
func nsec3Head(data []byte) (param nsec3Param, rest []byte, ok bool) {
	const fixed = 5 // algorithm, flags, iterations, length of the salt
	if len(data) < fixed || len(data) < fixed+int(data[4]) {
		return nsec3Param{}, nil, false
	}
	salt := data[fixed : fixed+int(data[4])]
	return nsec3Param{
		HashAlgorithm: data[0],
		Flags:         data[1],
		Iterations:    binary.BigEndian.Uint16(data[2:]),
		Salt:          salt,
	}, data[fixed+len(salt):], true
}

// TypeBitmap is the set of types of an NSEC or NSEC3 record (RFC 4034 4.1.2), as ParseNSEC and ParseNSEC3 have
// checked it. It is empty for the NSEC3 record of an empty non-terminal.
type TypeBitmap []byte

// Has reports whether t is in the set.
func (b TypeBitmap) Has(t Type) bool {
	window, octet := byte(t>>8), int(t&0xff)>>3
	for len(b) > 0 {
		length := int(b[1])
		if b[0] == window {
			return octet < length && b[2+octet]&(0x80>>(t&7)) != 0
		}
		b = b[2+length:]
	}
	return false
}

// validBitmap reports whether b is a row of window blocks, each with 1 to 32 octets, in increasing order
// (RFC 4034 4.1.2). Zero octets at the end of a block, which should not be sent, do no harm.
func validBitmap(b []byte) bool {
	for last := -1; len(b) > 0; {
		if len(b) < 2 || int(b[0]) <= last || b[1] == 0 || b[1] > 32 || len(b) < 2+int(b[1]) {
			return false
		}
		last = int(b[0])
		b = b[2+int(b[1]):]
	}
	return true
}

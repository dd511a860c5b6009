package simnet

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/cloudflare/circl/sign/ed448"

	"github.com/caascan/caascan/scanner/wire"
)

// Numbers of algorithms (IANA, "DNS Security Algorithm Numbers").
const (
	rsaSHA1      = 5
	rsaSHA1NSEC3 = 7
	rsaSHA256    = 8
	rsaSHA512    = 10
	eccGOST      = 12 // deprecated (RFC 9906); the world has no more than its number
	ecdsaP256    = 13
	ecdsaP384    = 14
	ed25519Sign  = 15
	ed448Sign    = 16
	privateDNS   = 253 // the key begins with the name of the algorithm (RFC 4034 A.1.1)
)

// Flags of a key-signing and of a zone-signing key.
const (
	kskFlags = wire.DNSKEYZone | wire.DNSKEYSEP
	zskFlags = wire.DNSKEYZone
)

// key is a key of a zone, with its secret half. It is a function of a number.
type key struct {
	rdata     []byte // of the DNSKEY record
	tag       uint16
	algorithm uint8
	secret    crypto.Signer // nil for an algorithm that nobody knows
}

// newKey returns the key that a number stands for; bits is the size of an RSA modulus.
func newKey(number uint64, algorithm uint8, flags uint16, bits int) *key {
	k := &key{algorithm: algorithm}
	k.rdata = binary.BigEndian.AppendUint16(k.rdata, flags)
	k.rdata = append(k.rdata, 3, algorithm)
	material := sha512.Sum512(binary.BigEndian.AppendUint64([]byte("simnet key "), number))
	switch algorithm {
	case rsaSHA1, rsaSHA1NSEC3, rsaSHA256, rsaSHA512:
		pool := rsaPool(bits)
		secret := pool[number%uint64(len(pool))]
		k.secret = secret
		k.rdata = append(k.rdata, 3, rsaExponent>>16, rsaExponent>>8&0xff, rsaExponent&0xff) // RFC 3110 2
		k.rdata = append(k.rdata, secret.N.Bytes()...)
	case ecdsaP256:
		k.setCurve(elliptic.P256(), material[:32])
	case ecdsaP384:
		k.setCurve(elliptic.P384(), material[:48])
	case ed25519Sign:
		secret := ed25519.NewKeyFromSeed(material[:ed25519.SeedSize])
		k.secret = secret
		k.rdata = append(k.rdata, secret[ed25519.SeedSize:]...) // RFC 8080 3
	case ed448Sign:
		secret := ed448.NewKeyFromSeed(material[:ed448.SeedSize])
		k.secret = secret
		k.rdata = append(k.rdata, secret[ed448.SeedSize:]...)
	case privateDNS:
		k.rdata = append(k.rdata, "\x06simnet\x07example\x00"...)
		k.rdata = append(k.rdata, material[:]...)
	default:
		k.rdata = append(k.rdata, material[:]...)
	}
	parsed, err := wire.ParseDNSKEY(k.rdata)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	k.tag = parsed.KeyTag()
	return k
}

// setCurve takes the octets for the scalar of an ECDSA key (RFC 6605 4). The first bit is cleared, so that they are
// below the order of the curve.
func (k *key) setCurve(curve elliptic.Curve, scalar []byte) {
	scalar[0] &= 0x7f
	secret, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	point, err := secret.PublicKey.Bytes()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	k.secret, k.rdata = secret, append(k.rdata, point[1:]...)
}

// sign returns the signature of data. It is a function of data and the key (RFC 6979 for ECDSA).
func (k *key) sign(data []byte) []byte {
	switch k.algorithm {
	case rsaSHA1, rsaSHA1NSEC3:
		return k.signHashed(crypto.SHA1, data)
	case rsaSHA256, ecdsaP256:
		return k.signHashed(crypto.SHA256, data)
	case ecdsaP384:
		return k.signHashed(crypto.SHA384, data)
	case rsaSHA512:
		return k.signHashed(crypto.SHA512, data)
	case ed25519Sign:
		return ed25519.Sign(k.secret.(ed25519.PrivateKey), data)
	case ed448Sign:
		return ed448.Sign(k.secret.(ed448.PrivateKey), data, "") // no context (RFC 8080 4)
	default:
		noise := sha512.Sum512(data)
		return noise[:]
	}
}

func (k *key) signHashed(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	digest := h.Sum(nil)
	signature, err := k.secret.Sign(nil, digest, hash) // of RSA: PKCS #1 v1.5 (RFC 5702 3)
	if err != nil {
		panic("internal error: simnet: " + err.Error())
	}
	if curve, ok := k.secret.(*ecdsa.PrivateKey); ok {
		return plainECDSA(signature, (curve.Params().BitSize+7)/8)
	}
	return signature
}

// plainECDSA turns a DER sequence of two positive integers into two of size octets each (RFC 6605 4).
func plainECDSA(der []byte, size int) []byte {
	out := make([]byte, 2*size)
	rest := der[2:] // 30 length; the whole is shorter than 128 octets
	for i := range 2 {
		n := int(rest[1]) // 02 length value
		value := rest[2 : 2+n]
		for len(value) > size {
			value = value[1:] // the zero that keeps it positive
		}
		copy(out[(i+1)*size-len(value):], value)
		rest = rest[2+n:]
	}
	return out
}

// zoneKeys are the keys of a zone by what they are for.
type zoneKeys struct {
	set    []*key // the DNSKEY RRset
	entry  []*key // sign the DNSKEY RRset
	zone   []*key // sign all else
	parent []*key // the DS RRset is made from these
}

// newZoneKeys makes the keys that a zone signed under s has; number is the zone's own.
func newZoneKeys(s *scheme, number uint64) *zoneKeys {
	z := &zoneKeys{}
	for i, algorithm := range s.algorithms {
		at := mix(number + uint64(algorithm)<<8 + uint64(i))
		ksk := newKey(at, algorithm, kskFlags, s.bits[0])
		zsk := ksk
		z.set, z.entry, z.parent = append(z.set, ksk), append(z.entry, ksk), append(z.parent, ksk)
		if s.split {
			zsk = newKey(mix(at), algorithm, zskFlags, s.bits[1])
			z.set = append(z.set, zsk)
		}
		z.zone = append(z.zone, zsk)
		other := newKey(mix(at+1), algorithm, kskFlags, s.bits[0])
		switch s.rollover {
		case doubleKSK:
			z.set, z.entry = append(z.set, other), append(z.entry, other)
		case doubleDS:
			z.parent = append(z.parent, other)
		case standbyKSK:
			z.set, z.parent = append(z.set, other), []*key{ksk, other}
		case prepublishedZSK:
			z.set = append(z.set, newKey(mix(at+2), algorithm, zskFlags, s.bits[1]))
		}
	}
	return z
}

// stranger returns a key that is none of the zone's, though by its algorithm it might be.
func (z *zoneKeys) stranger(s *signing) *key {
	for number := ^s.number; ; number++ {
		k := newKey(number, z.zone[0].algorithm, zskFlags, s.scheme.bits[1])
		if !slices.ContainsFunc(z.set, func(own *key) bool { return bytes.Equal(own.rdata[4:], k.rdata[4:]) }) {
			return k
		}
	}
}

// keptKeys is how many zones' keys are kept: those asked for between a referral, which has the DS, and the answers from
// the zone itself. A key of P-256 costs 10 µs to make and 1 KB to keep.
const keptKeys = 1 << 12

// keyCache holds keys in slots by the zone's number: the last one to come stays.
type keyCache []atomic.Pointer[cachedKeys]

type cachedKeys struct {
	scheme *scheme
	number uint64
	keys   *zoneKeys
}

// of returns the keys of a signed zone.
func (c keyCache) of(s *signing) *zoneKeys {
	slot := &c[s.number%uint64(len(c))]
	if have := slot.Load(); have != nil && have.number == s.number && have.scheme == s.scheme {
		return have.keys
	}
	keys := newZoneKeys(s.scheme, s.number)
	slot.Store(&cachedKeys{scheme: s.scheme, number: s.number, keys: keys})
	return keys
}

// Signatures that are kept. Root, TLDs and operators are asked the same again and again; zones of the list are asked
// again only by who lost the first reply, and a server that is busy signing must not have twice the work from that. A
// signature costs some 200 octets.
const (
	sharedSignatures = 1 << 16
	recentSignatures = 1 << 13
)

// signatureCache holds signatures in slots by what is signed: the last one to come stays.
type signatureCache []atomic.Pointer[cachedSignature]

type cachedSignature struct {
	sum       [sha256.Size]byte // of the data signed, which holds signer, algorithm and key tag
	signature []byte
}

// of returns the signature of data by k.
func (c signatureCache) of(k *key, data []byte) []byte {
	sum := sha256.Sum256(data)
	slot := &c[binary.BigEndian.Uint64(sum[:])%uint64(len(c))]
	if have := slot.Load(); have != nil && have.sum == sum {
		return have.signature
	}
	signature := k.sign(data)
	slot.Store(&cachedSignature{sum, signature})
	return signature
}

package dnssec

import (
	"bytes"

	"github.com/caascan/caascan/scanner/dnssec/algorithm"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Bounds on what a KeyJob looks at (KeyTrap CVE-2023-50387).
const (
	// maxKeys is the most DNSKEY records read: a roll of key and algorithm at once takes eight, and this many fill a
	// reply of 16 KiB.
	maxKeys = 64

	// maxDigests is the most digests computed to match keys with what vouches for them. A digest is computed only where
	// tag and algorithm agree: twice in a roll. Unbound gives up at the fifth that fails.
	maxDigests = 16
)

// Key is a DNSKEY record of a zone, ready to check signatures. It never changes once made; any goroutine may use it.
type Key struct {
	wire.DNSKEY
	tag    uint16
	public *algorithm.PublicKey
}

// NewKey reads the data of a DNSKEY record. It is false for a key that must not check signatures: without the zone bit
// (RFC 4034 2.1.1), of another protocol than 3 (2.1.2), revoked (RFC 5011 2.1: no use but to show the revocation),
// or that the algorithm cannot read.
func NewKey(data []byte) (*Key, bool) {
	data = bytes.Clone(data) // a key outlives the answer it came in
	dnskey, err := wire.ParseDNSKEY(data)
	if err != nil || dnskey.Protocol != 3 || dnskey.Flags&(wire.DNSKEYZone|wire.DNSKEYRevoke) != wire.DNSKEYZone {
		return nil, false
	}
	public, ok := algorithm.NewPublicKey(dnskey.Algorithm, dnskey.PublicKey)
	if !ok {
		return nil, false
	}
	return &Key{DNSKEY: dnskey, tag: dnskey.KeyTag(), public: public}, true
}

// Tag is the key tag by which RRSIG and DS records refer to the key (RFC 4034 Appendix B).
func (k *Key) Tag() uint16 { return k.tag }

// algorithm reports whether p takes signatures of the algorithm.
func (p Policy) algorithm(number uint8) bool {
	if p.NoSHA1 && (number == algorithm.RSASHA1 || number == algorithm.RSASHA1NSEC3) { // RFC 9905
		return false
	}
	return algorithm.Supported(number)
}

// digest reports whether p takes DS records of the digest type.
func (p Policy) digest(number uint8) bool {
	return algorithm.DigestSupported(number) && !(p.NoSHA1 && number == algorithm.SHA1)
}

// UsableDS says whether a zone with these DS records can be validated: None if one of them has an algorithm and a digest
// that are supported, otherwise why the zone counts as insecure (RFC 4035 5.2, RFC 6840 5.2). DNSKEY records among them
// are trust anchors, for which the algorithm alone counts. Without any record nothing makes the zone insecure: None.
func UsableDS(ds []record.RR, p Policy) Reason {
	if len(ds) == 0 {
		return None
	}
	reason := UnsupportedAlgorithm
	for _, rr := range ds {
		switch known, usable := p.vouches(rr); {
		case usable:
			return None
		case known:
			reason = UnsupportedDigest
		}
	}
	return reason
}

// vouches reports whether a DS or DNSKEY record has a supported algorithm, and whether it can vouch for keys at all.
func (p Policy) vouches(rr record.RR) (algorithm, usable bool) {
	switch rr.Type {
	case wire.TypeDS:
		ds, err := wire.ParseDS(rr.Data)
		known := err == nil && p.algorithm(ds.Algorithm)
		return known, known && p.digest(ds.DigestType)
	case wire.TypeDNSKEY:
		key, err := wire.ParseDNSKEY(rr.Data)
		known := err == nil && p.algorithm(key.Algorithm)
		return known, known
	}
	return false, false
}

// vouched returns those of keys that a DS record or trust anchor vouches for. It is false if there was more to compute
// than maxDigests.
func (j *KeyJob) vouched(keys []*Key) (entry []*Key, ok bool) {
	ignoreSHA1 := j.strongDigest()
	digests := maxDigests
	for _, key := range keys {
		for _, rr := range j.Vouched {
			if rr.Owner != j.Zone {
				continue
			}
			matches := false
			switch rr.Type {
			case wire.TypeDNSKEY: // a trust anchor; it matches octet by octet, so never a key that has been revoked since
				anchor, err := wire.ParseDNSKEY(rr.Data)
				matches = err == nil && anchor.Flags == key.Flags && anchor.Protocol == key.Protocol &&
					anchor.Algorithm == key.Algorithm && bytes.Equal(anchor.PublicKey, key.PublicKey)
			case wire.TypeDS:
				ds, err := wire.ParseDS(rr.Data)
				if err != nil || ds.KeyTag != key.tag || ds.Algorithm != key.Algorithm || !j.Policy.digest(ds.DigestType) ||
					ignoreSHA1 && ds.DigestType == algorithm.SHA1 {
					continue
				}
				if digests == 0 {
					return entry, false
				}
				digests--
				matches = key.matches(j.Zone, ds)
			}
			if matches {
				entry = append(entry, key)
				break
			}
		}
	}
	return entry, true
}

// strongDigest reports whether a DS record with another digest than SHA-1 can be used: then those with SHA-1 do not count
// (RFC 4509 3).
func (j *KeyJob) strongDigest() bool {
	for _, rr := range j.Vouched {
		if rr.Type != wire.TypeDS {
			continue
		}
		if ds, err := wire.ParseDS(rr.Data); err == nil && ds.DigestType != algorithm.SHA1 &&
			j.Policy.algorithm(ds.Algorithm) && j.Policy.digest(ds.DigestType) {
			return true
		}
	}
	return false
}

// matches reports whether ds is the digest of k as a key of zone (RFC 4034 5.1.4).
func (k *Key) matches(zone wire.Name, ds wire.DS) bool {
	head := [...]byte{byte(k.Flags >> 8), byte(k.Flags), k.Protocol, k.Algorithm}
	digest, ok := algorithm.Digest(ds.DigestType, []byte(zone), head[:], k.PublicKey)
	return ok && bytes.Equal(digest, ds.Digest)
}

// readKeys returns the usable keys among the DNSKEY records. It is false if there are more records than maxKeys.
func readKeys(records []record.RR, p Policy) (keys []*Key, ok bool) {
	if len(records) > maxKeys {
		return nil, false
	}
	for _, rr := range records {
		if key, usable := NewKey(rr.Data); usable && p.algorithm(key.Algorithm) {
			keys = append(keys, key)
		}
	}
	return keys, true
}

package caa

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// HashSize is the length of a Hash in octets. Among 10^9 different sets, the odds that any two share one are under
// 10^-20.
const HashSize = 16

// Hash returns a fingerprint of an RRset: two sets with the same records have the same one, in whatever order the
// server gave them. To make it again elsewhere:
//
//   - take the data of each record as on the wire, the tag in the case published;
//   - sort as in RFC 4034 6.3, octet by octet, a shorter record before one that it begins;
//   - drop all but one of equal records (RFC 2181 5: an RRset has no duplicates);
//   - feed SHA-256 with each record's length, as two octets with the most significant first, and the record;
//   - keep the first 16 octets.
//
// That is the RRset as RFC 4034 6 would sign it, without owner, type, class and TTL.
func Hash(properties []Property) [HashSize]byte {
	records := make([][]byte, len(properties))
	for i, p := range properties {
		records[i] = p.AppendRData(nil)
	}
	slices.SortFunc(records, bytes.Compare)
	records = slices.CompactFunc(records, bytes.Equal)

	digest := sha256.New()
	for _, record := range records {
		digest.Write(binary.BigEndian.AppendUint16(nil, uint16(len(record))))
		digest.Write(record)
	}
	return [HashSize]byte(digest.Sum(nil))
}

package dnssec

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Bounds on the work for one RRset (KeyTrap CVE-2023-50387).
const (
	// maxChecks is the most signatures verified for one RRset, every key of a key tag that several share counted. One is
	// the rule, four are seen when key and algorithm roll together; Unbound stops at eight.
	maxChecks = 8

	// maxSigs is the most RRSIG records of one RRset looked at.
	maxSigs = 64

	// maxSets is the most RRsets Group makes of one message: a referral of thirteen servers with their addresses makes
	// fewer than half as many.
	maxSets = 128
)

// Group sorts records of one message into RRsets, each with the RRSIGs that cover it, in the order in which the RRsets
// first appear. RRSIGs that cover nothing are dropped, and so is what follows after 128 RRsets.
func Group(rrs []record.RR) []RRset {
	var sets []RRset
	setOf := make([]int, len(rrs)) // index in sets, -1 for none
	find := func(rr *record.RR, typ wire.Type) int {
		for i := range sets {
			if s := &sets[i]; s.Type == typ && s.Owner == rr.Owner && s.Data[0].Class == rr.Class {
				return i
			}
		}
		return -1
	}
	sizes := make([]struct{ data, sigs int }, 0, min(len(rrs), maxSets))
	for i := range rrs {
		rr := &rrs[i]
		setOf[i] = -1
		if rr.Type == wire.TypeRRSIG {
			continue
		}
		at := find(rr, rr.Type)
		if at < 0 {
			if len(sets) == maxSets {
				continue
			}
			at = len(sets)
			sets = append(sets, RRset{Owner: rr.Owner, Type: rr.Type, Data: rrs[i : i+1 : i+1]})
			sizes = append(sizes, struct{ data, sigs int }{})
		}
		setOf[i] = at
		sizes[at].data++
	}
	for i := range rrs {
		if rr := &rrs[i]; rr.Type == wire.TypeRRSIG && len(rr.Data) >= 2 {
			if at := find(rr, wire.Type(binary.BigEndian.Uint16(rr.Data))); at >= 0 {
				setOf[i] = at
				sizes[at].sigs++
			}
		}
	}
	room := make([]record.RR, len(rrs)) // for all sets
	for i := range sets {
		data, both := sizes[i].data, sizes[i].data+sizes[i].sigs
		sets[i].Data, sets[i].Sigs = room[:0:data], room[data:data:both]
		room = room[both:]
	}
	for i, at := range setOf {
		switch {
		case at < 0:
		case rrs[i].Type == wire.TypeRRSIG:
			sets[at].Sigs = append(sets[at].Sigs, rrs[i])
		default:
			sets[at].Data = append(sets[at].Data, rrs[i])
		}
	}
	return sets
}

// Signer returns the zone that says it signed set: the signer's name of the first RRSIG that can be read and could be
// right, "" if there is none. The zone is the owner's or lies above it, for a DS RRset only the latter (RFC 4035 2.4).
func Signer(set RRset) wire.Name {
	for i := range set.Sigs[:min(len(set.Sigs), maxSigs)] {
		sig, err := wire.ParseRRSIG(set.Sigs[i].Data)
		if err != nil || sig.TypeCovered != set.Type {
			continue
		}
		if signer, err := wire.NameOf(sig.SignerName); err == nil && set.belongsTo(signer) {
			return signer
		}
	}
	return ""
}

// TTL returns how long the RRset may be kept, in seconds: the shortest of the TTLs of its records and, since those are
// not signed, of the original TTLs in its signatures (RFC 4035 5.3.3). 0 for an RRset without records.
func (s RRset) TTL() uint32 {
	if len(s.Data) == 0 {
		return 0
	}
	ttl := s.Data[0].TTL
	for i := range s.Data {
		ttl = min(ttl, s.Data[i].TTL)
	}
	for i := range s.Sigs {
		if sig, err := wire.ParseRRSIG(s.Sigs[i].Data); err == nil {
			ttl = min(ttl, s.Sigs[i].TTL, sig.OriginalTTL)
		}
	}
	return ttl
}

// belongsTo reports whether the RRset can be data of zone: a DS RRset at the apex of a zone belongs to the one above.
func (s *RRset) belongsTo(zone wire.Name) bool {
	return s.Owner.In(zone) && (s.Type != wire.TypeDS || s.Owner != zone)
}

// checker verifies RRsets of one zone.
type checker struct {
	zone   wire.Name
	keys   []*Key
	at     uint32
	policy Policy
	budget *Budget

	until  uint32 // when the first of the good signatures expires, 0 if there was none
	signed []byte // room for what a signature was made over
}

// reach orders the reasons why no signature was good: the one that came furthest of all signatures is told. It follows
// the order of the checks; of signatures out of their time an expired one tells more.
var reach = [Reasons]int{NoSignature: 0, WrongSigner: 1, NoMatchingKey: 2, NotYetValid: 3, Expired: 4, BadSignature: 5, WorkLimit: 6}

// verify reports whether one of the signatures of set is good: None, or why not. Any one will do (RFC 6840 5.11). If the
// RRset was made from a wildcard, encloser is the name below which that is the *, otherwise "". An RRset without records is
// never good.
func (c *checker) verify(set *RRset) (encloser wire.Name, reason Reason) {
	if !set.belongsTo(c.zone) {
		return "", WrongSigner
	}
	if len(set.Data) == 0 {
		return "", NoSignature
	}
	furthest := NoSignature
	tell := func(r Reason) {
		if reach[r] > reach[furthest] {
			furthest = r
		}
	}
	var sorted [][]byte
	checks := maxChecks
	for i := range set.Sigs {
		if i == maxSigs {
			tell(WorkLimit)
			break
		}
		sig, err := wire.ParseRRSIG(set.Sigs[i].Data)
		if err != nil || sig.TypeCovered != set.Type || set.Sigs[i].Owner != set.Owner {
			continue
		}
		encloser, reason := c.eligible(set, &sig)
		if reason != None {
			tell(reason)
			continue
		}
		if sorted == nil {
			sorted = canonicalOrder(set.Data)
		}
		c.signed = appendSigned(c.signed[:0], set, sorted, &sig, encloser)
		for _, key := range c.keys {
			if !key.made(&sig) {
				continue
			}
			if checks == 0 || c.budget.Checks <= 0 {
				return "", WorkLimit
			}
			checks--
			c.budget.Checks--
			if key.public.Verify(c.signed, sig.Signature) {
				c.until = earlier(c.until, sig.Expiration)
				return encloser, None
			}
			tell(BadSignature)
		}
	}
	return "", furthest
}

// made reports whether sig says that k made it. Several keys may have the same tag.
func (k *Key) made(sig *wire.RRSIG) bool { return k.tag == sig.KeyTag && k.Algorithm == sig.Algorithm }

// eligible makes the checks of RFC 4035 5.3.1, which need no cryptography: signer, labels, whether there is a key, time.
// The encloser is that of the wildcard the RRset was made from.
func (c *checker) eligible(set *RRset, sig *wire.RRSIG) (encloser wire.Name, reason Reason) {
	if !c.zone.Is(sig.SignerName) {
		return "", WrongSigner
	}
	encloser, ok := wildcardEncloser(set, int(sig.Labels), c.zone)
	if !ok {
		return "", BadSignature
	}
	if !c.policy.algorithm(sig.Algorithm) || !slices.ContainsFunc(c.keys, func(k *Key) bool { return k.made(sig) }) {
		return "", NoMatchingKey
	}
	return encloser, inTime(sig, c.at)
}

// wildcardEncloser returns the name below which the wildcard was that the owner of set was made from, "" if it was made
// from none: labels, as the signature says, does not count the root nor a leading "*" (RFC 4034 3.1.3). It is false for
// more labels than the owner has, for a wildcard that would be outside the zone, and for a wildcard where none can be.
func wildcardEncloser(set *RRset, labels int, zone wire.Name) (wire.Name, bool) {
	name := set.Owner
	has := name.Labels()
	if isWildcard(name) {
		has--
		name = name.Parent()
	}
	switch {
	case labels == has:
		return "", true
	case labels > has:
		return "", false
	}
	switch set.Type {
	case wire.TypeDS, wire.TypeDNSKEY, wire.TypeSOA: // of cuts and apexes, which no wildcard makes (RFC 4592 4)
		return "", false
	}
	for ; has > labels; has-- {
		name = name.Parent()
	}
	return name, name.In(zone)
}

// isWildcard reports whether the first label of name is "*" (RFC 4592 2.1.1).
func isWildcard(name wire.Name) bool { return len(name) > 2 && name[0] == 1 && name[1] == '*' }

// inTime says whether a signature counts at a time, without slack: between inception and expiration, both included, in
// serial number arithmetic (RFC 4034 3.1.5, RFC 1982).
func inTime(sig *wire.RRSIG, at uint32) Reason {
	switch {
	case int32(sig.Expiration-sig.Inception) < 0: // a time that is over before it begins
		return Expired
	case int32(at-sig.Expiration) > 0:
		return Expired
	case int32(at-sig.Inception) < 0:
		return NotYetValid
	}
	return None
}

// earlier returns the earlier of two times; 0 is none.
func earlier(a, b uint32) uint32 {
	if b == 0 {
		b-- // a second sooner, so that it is a time
	}
	if a == 0 || int32(b-a) < 0 {
		return b
	}
	return a
}

// canonicalOrder returns the data of the records sorted as octets, each once (RFC 4034 6.3).
func canonicalOrder(records []record.RR) [][]byte {
	sorted := make([][]byte, len(records))
	for i := range records {
		sorted[i] = records[i].Data
	}
	slices.SortFunc(sorted, bytes.Compare)
	return slices.CompactFunc(sorted, bytes.Equal)
}

// appendSigned appends what sig was made over (RFC 4034 3.1.8.1): its own data, then the RRset in canonical form and
// order, under the name it has in the zone.
func appendSigned(buf []byte, set *RRset, sorted [][]byte, sig *wire.RRSIG, encloser wire.Name) []byte {
	buf = append(buf, sig.Signed...)
	for _, data := range sorted {
		if encloser != "" {
			buf = append(buf, "\x01*"...)
			buf = append(buf, encloser...)
		} else {
			buf = append(buf, set.Owner...)
		}
		buf = binary.BigEndian.AppendUint16(buf, uint16(set.Type))
		buf = binary.BigEndian.AppendUint16(buf, set.Data[0].Class)
		buf = binary.BigEndian.AppendUint32(buf, sig.OriginalTTL)
		buf = binary.BigEndian.AppendUint16(buf, uint16(len(data)))
		buf = append(buf, data...)
	}
	return buf
}

// FromDNAME says whether cname is what a server makes of dname for the owner of cname (RFC 6672 2.2, 3.1): None or
// BadDNAME. Only the DNAME is signed.
func FromDNAME(cname, dname record.RR) Reason {
	target, err := wire.NameOf(dname.Data)
	if err != nil || dname.Type != wire.TypeDNAME || cname.Type != wire.TypeCNAME || !cname.Owner.Below(dname.Owner) {
		return BadDNAME
	}
	if made := cname.Owner.Rebase(dname.Owner, target); made == "" || !made.Is(cname.Data) {
		return BadDNAME
	}
	return None
}

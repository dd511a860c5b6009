package dnssec

import (
	"bytes"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// maxSpanHashes is the most NSEC3 hashes computed for one question to Spans. A name one label below the zone takes two;
// beyond this a question to the zone's servers is the better use of time.
const maxSpanHashes = 8

// Spans are the NSEC and NSEC3 records of one zone that Jobs have proven, kept for the names that follow (RFC 8198). They
// say what the zone's servers would. Spans belong to one goroutine. No question to them allocates.
type Spans struct {
	known  denial
	most   int
	hashes int
}

// NewSpans returns spans of zone that keep at most most of NSEC and of NSEC3 each: when there are as many, the older half
// is dropped.
func NewSpans(zone wire.Name, p Policy, most int) *Spans {
	s := &Spans{most: max(most, 2)}
	s.known = denial{zone: zone, policy: p, hashes: &s.hashes}
	return s
}

// Add takes Job.Proven, which holds until the given second: until the first of its signatures expires or its TTL is over.
// What can prove nothing is passed over. NSEC3 records of a new chain, with other parameters, displace those of the old
// one.
func (s *Spans) Add(proven []RRset, until uint32) {
	for i := range proven {
		set := &proven[i]
		if set.Type == wire.TypeNSEC3 && !s.known.add(set, until, s.most) {
			if _, p, ok := readNSEC3(set, s.known.zone); !ok || p.iterations > s.known.policy.iterations() {
				continue
			}
			s.known.nsec3 = chain{}
		}
		s.known.add(set, until, s.most)
	}
}

// Len returns the number of records kept.
func (s *Spans) Len() int {
	d := &s.known
	return d.nsec.young.size + d.nsec.old.size + d.nsec3.young.size + d.nsec3.old.size
}

// ask begins a question.
func (s *Spans) ask(now uint32) *denial {
	s.hashes = maxSpanHashes
	s.known.now, s.known.until, s.known.exhausted = now, 0, false
	return &s.known
}

// Cut returns what is known of a DS RRset at child, as a Job with the claim NoSecureCut would; false if nothing is.
func (s *Spans) Cut(now uint32, child wire.Name) (Cut, Verdict, bool) {
	v, cut := s.ask(now).proves(NoSecureCut, child, wire.TypeDS)
	return cut, v, cut != CutUnknown
}

// Denies returns whether the name does not exist (NXDomain) or has no records of the type (NoData), and for how many
// seconds that may be believed; false if that is not known. Spans with opt-out deny nothing here (RFC 8198 5.2): the
// verdict is secure.
func (s *Spans) Denies(now uint32, name wire.Name, typ wire.Type) (claim Claim, v Verdict, ttl uint32, ok bool) {
	d := s.ask(now)
	if !name.In(d.zone) {
		return Records, Verdict{}, 0, false
	}
	f := d.find(name)
	claim = NXDomain
	if v = d.nxDomain(f); v.Security == record.Indeterminate {
		claim = NoData
		v = d.noData(f, name, typ)
	}
	if v.Security != record.Secure {
		return Records, Verdict{}, 0, false
	}
	return claim, v, d.until - now, true
}

// Known returns whether set, an NSEC or NSEC3 RRset, is one of those kept, octet by octet, so that its signature need not
// be checked again (Job.Known), and until when.
func (s *Spans) Known(now uint32, set *RRset) (until uint32, ok bool) {
	data, ok := single(set.Data)
	if !ok || !set.Owner.In(s.known.zone) {
		return 0, false
	}
	var found *span
	switch set.Type {
	case wire.TypeNSEC:
		var buf [maxKey]byte
		key := appendKey(buf[:0], set.Owner, s.known.zone)
		if found = s.known.nsec.floor(key, now); found == nil || found.owner != string(key) {
			return 0, false
		}
	case wire.TypeNSEC3:
		if len(set.Owner) != 1+hashLabel+len(s.known.zone) || set.Owner[0] != hashLabel {
			return 0, false
		}
		h, ok := decodeHash(string(set.Owner[1 : 1+hashLabel]))
		if !ok {
			return 0, false
		}
		if found = s.known.nsec3.floor(h[:], now); found == nil || found.owner != string(h[:]) {
			return 0, false
		}
	default:
		return 0, false
	}
	if !bytes.Equal(found.data, data) {
		return 0, false
	}
	return found.until, true
}

package dnssec

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// typeNXName in a type bitmap says that the name does not exist, though it has an NSEC record (RFC 9824 3.1).
const typeNXName wire.Type = 128

// denial is the NSEC and NSEC3 records of one zone whose signatures are good, and what can be proven with them.
type denial struct {
	zone   wire.Name
	now    uint32
	policy Policy
	hashes *int // NSEC3 hashes that may still be computed

	nsec, nsec3 chain
	params      params // of all in nsec3; set by the first
	apex        hashed // hash of zone
	apexKnown   bool

	iterated  bool   // there were NSEC3 records with too many iterations: they are not in nsec3
	exhausted bool   // a proof ended because no hash may be computed any more
	until     uint32 // when the first of the spans used expires; 0 if none was
}

// add takes an RRset whose signatures are good; most bounds how many spans are kept of a kind. It is false for one that
// can prove nothing.
func (d *denial) add(set *RRset, until uint32, most int) bool {
	switch set.Type {
	case wire.TypeNSEC:
		if s, ok := readNSEC(set, d.zone); ok {
			s.until = until
			d.nsec.put(s, most)
			return true
		}
	case wire.TypeNSEC3:
		s, p, ok := readNSEC3(set, d.zone)
		if !ok {
			return false
		}
		if p.iterations > d.policy.iterations() {
			d.iterated = true
			return false
		}
		if d.nsec3.young.size == 0 && d.nsec3.old.size == 0 {
			d.params, d.apexKnown = p, false
		}
		if d.params.equal(p) {
			s.until = until
			d.nsec3.put(s, most)
			return true
		}
	}
	return false
}

// iterations returns how many are taken (RFC 9276 3.2).
func (p Policy) iterations() uint16 {
	if p.MaxIterations == 0 {
		return DefaultIterations
	}
	return p.MaxIterations
}

// use notes that a proof rests on s.
func (d *denial) use(s *span) { d.until = earlier(d.until, s.until) }

// state is what is known of a name.
type state uint8

const (
	unknown state = iota
	exists        // it has an NSEC or NSEC3 record, which lists its types
	empty         // it exists only as a name above others (RFC 4592 2.2.2)
	absent        // it does not exist
)

// finding is what the records show about one name.
type finding struct {
	state    state
	types    wire.TypeBitmap // of a name that exists
	encloser wire.Name       // of one that does not: its closest encloser (RFC 4592 3.3.1)
	optOut   bool            // or it does exist, as an unsigned delegation or below one (RFC 5155 9.2)
}

// find tells what is known of a name in the zone.
func (d *denial) find(name wire.Name) finding {
	if f := d.nsecAt(name, false); f.state != unknown || d.nsec3.last(d.now) == nil {
		return f
	}
	return d.nsec3At(name)
}

// wildcard tells what is known of the wildcard below a name that exists.
func (d *denial) wildcard(encloser wire.Name) finding {
	if f := d.nsecAt(encloser, true); f.state != unknown || d.nsec3.last(d.now) == nil {
		return f
	}
	return d.nsec3Single(encloser, true)
}

// proves says whether the records show the claim about a name and type: a verdict of secure or insecure, with the cut for
// NoSecureCut. Otherwise the verdict is indeterminate.
func (d *denial) proves(claim Claim, name wire.Name, typ wire.Type) (Verdict, Cut) {
	if !name.In(d.zone) {
		return Verdict{}, CutUnknown
	}
	f := d.find(name)
	switch claim {
	case NoData:
		return d.noData(f, name, typ), CutUnknown
	case NXDomain:
		return d.nxDomain(f), CutUnknown
	case NoSecureCut:
		return d.noSecureCut(f, name)
	}
	return Verdict{}, CutUnknown
}

var secure = Verdict{Security: record.Secure}

func insecure(r Reason) Verdict { return Verdict{record.Insecure, r} }

// noData: the name has neither the type nor a CNAME, nor has the wildcard in its place (RFC 4035 5.4, RFC 5155 8.5 to
// 8.7).
func (d *denial) noData(f finding, name wire.Name, typ wire.Type) Verdict {
	switch f.state {
	case exists:
		if !lacks(f.types, name, typ) {
			return Verdict{}
		}
		return secure
	case empty:
		return secure
	case absent:
		if f.optOut && typ == wire.TypeDS { // RFC 5155 8.6
			return insecure(OptOut)
		}
		w := d.wildcard(f.encloser)
		shown := w.state == empty || w.state == exists && lacks(w.types, "", typ)
		switch {
		case f.optOut && (shown || w.state != exists): // RFC 5155 9.2; not if the wildcard has what is said to be missing
			return insecure(OptOut)
		case shown:
			return secure
		}
	}
	return Verdict{}
}

// lacks reports whether a name with these types has neither typ nor a CNAME in its place (RFC 6840 4.3), as far as this
// zone can say: at a delegation the zone above speaks of DS only, and of DS the zone below does not speak (RFC 6840 4.1,
// 4.4). The root has no zone above it.
func lacks(types wire.TypeBitmap, name wire.Name, typ wire.Type) bool {
	if types.Has(typ) || types.Has(wire.TypeCNAME) {
		return false
	}
	apex := types.Has(wire.TypeSOA)
	if typ == wire.TypeDS {
		return !apex || name == wire.Root
	}
	return apex || !types.Has(wire.TypeNS)
}

// nxDomain: neither the name exists nor a wildcard that would stand for it (RFC 4035 5.4, RFC 5155 8.4).
func (d *denial) nxDomain(f finding) Verdict {
	if f.state == exists && f.types.Has(typeNXName) {
		return secure
	}
	if f.state != absent || d.wildcard(f.encloser).state != absent {
		return Verdict{}
	}
	if f.optOut {
		return insecure(OptOut) // RFC 5155 9.2
	}
	return secure
}

// noSecureCut: there is no DS RRset at the name (RFC 4035 5.2, RFC 5155 8.6, 8.9, RFC 6840 4.4). At the zone's own apex
// there is no telling.
func (d *denial) noSecureCut(f finding, name wire.Name) (Verdict, Cut) {
	if name == d.zone {
		return Verdict{}, CutUnknown
	}
	switch f.state {
	case exists:
		switch {
		case f.types.Has(wire.TypeDS) || f.types.Has(wire.TypeSOA):
			return Verdict{}, CutUnknown
		case f.types.Has(wire.TypeNS):
			return insecure(NoDS), Unsigned
		case f.types.Has(typeNXName):
			return secure, NoName
		}
		return secure, NoCut
	case empty:
		return secure, NoCut
	case absent:
		if f.optOut {
			return insecure(OptOut), Unsigned
		}
		switch w := d.wildcard(f.encloser); {
		case w.state == absent:
			return secure, NoName
		case w.state == empty, w.state == exists && !w.types.Has(wire.TypeNS) && !w.types.Has(wire.TypeDS):
			return secure, NoCut // what is made from the wildcard belongs to the zone
		}
	}
	return Verdict{}, CutUnknown
}

// noCloser: the name does not exist, so that a wildcard of its parent stands for it and what is below it (RFC 4035 5.3.4,
// RFC 5155 8.8). The parent is known to exist.
func (d *denial) noCloser(nextCloser wire.Name) Verdict {
	f := d.nsecAt(nextCloser, false)
	if f.state == unknown && d.nsec3.last(d.now) != nil {
		f = d.nsec3Single(nextCloser, false)
	}
	switch {
	case f.state != absent:
		return Verdict{}
	case f.optOut:
		return insecure(OptOut)
	}
	return secure
}

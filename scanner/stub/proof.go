package stub

import (
	"crypto/sha1"
	"encoding/base32"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// proof is how far the search for an insecure delegation is: for subject, which is the name asked or one that it is an
// alias of, the DS at at is next; and once subject is known to be insecure, whether it is an alias.
type proof struct {
	subject wire.Name
	at      wire.Name // "" when nothing is left between subject and the last name looked at
	alias   bool
}

// link is what the answer about the DS at one name says of the way from the anchor to names below it.
type link uint8

const (
	unknown  link = iota // nothing
	signed               // a DS RRset: the zone below is signed
	inside               // no zone begins here
	missing              // the name does not exist, so no zone begins below it
	unsigned             // no DS could be signed for: what is below is insecure (spec rule R6.3)
)

// confirm ends a question whose answer has no AD. That makes it insecure only if the resolver validates: then it gives
// AD with the keys of the anchor's zone (spec rule R6.1: no AD bit is not insecure). A resolver that ever gave AD does.
func (r *Resolver) confirm(now step.Time, q *question) (waits bool) {
	s := r.servers[q.exchange.server]
	if s.validates {
		q.phase = ended
		return false
	}
	c := r.need(now, q, key{r.cfg.Anchor, wire.TypeDNSKEY, confirmation, s.id})
	if c == nil {
		return true
	}
	if s.validates {
		q.phase = ended
		return false
	}
	q.answer.Expires = min(q.answer.Expires, c.Expires)
	q.answer.link = unknown
	q.answer.Cause = c.Cause
	q.conclude(record.Indeterminate, dnssec.NotValidated, "")
	return false
}

// beginProof starts the search for an insecure delegation on the way to the name of q, whose look-up failed. A DS RRset
// is the affair of the zone above.
func (r *Resolver) beginProof(q *question) {
	q.phase = proving
	subject := q.key.name
	if q.key.typ == wire.TypeDS {
		subject = subject.Parent()
	}
	q.proof = proof{subject: subject, at: below(r.cfg.Anchor, subject)}
}

// below returns the name one label below zone on the way to name; "" if name is zone itself or lies outside.
func below(zone, name wire.Name) wire.Name {
	if !name.Below(zone) {
		return ""
	}
	for name.Parent() != zone {
		name = name.Parent()
	}
	return name
}

// prove asks for DS at each name from the anchor down to the one whose look-up failed, as that failure alone says nothing
// about security (spec rule R6.11). It reports whether q waits.
func (r *Resolver) prove(now step.Time, q *question) (waits bool) {
	p, a := &q.proof, &q.answer.Answer
	for {
		switch {
		case p.alias:
			if c := r.need(now, q, key{name: p.subject, typ: wire.TypeCNAME, use: linking}); c == nil {
				return true
			} else if !r.follow(q, c) {
				return false
			}
		case p.at == "" && !p.subject.In(r.cfg.Anchor):
			q.conclude(record.Indeterminate, dnssec.NoAnchor, "")
			return false
		case p.at == "":
			q.conclude(record.Indeterminate, dnssec.SignedZone, "")
			return false
		default:
			d := r.need(now, q, key{name: p.at, typ: wire.TypeDS, use: linking})
			if d == nil {
				return true
			}
			if d.link == unknown {
				q.broken(d)
				return false
			}
			p.take(a, d)
		}
	}
}

// broken ends q where the chain of trust cannot be followed.
func (q *question) broken(d *stored) {
	a := &q.answer.Answer
	a.Security, a.Reason, a.BrokenAt = record.Indeterminate, dnssec.ChainUnreachable.String(), q.proof.at
	switch {
	case d.Security == record.BogusData:
		a.Security, a.Reason = d.Security, d.Reason
	case d.Expires == 0: // the bound on the work was hit
		a.Cause, a.Reason, a.Expires = d.Cause, d.Reason, 0
	case d.Reason == dnssec.NotValidated.String():
		a.Reason = d.Reason
	}
	q.phase = ended
}

// take moves the proof on by what the DS at p.at showed.
func (p *proof) take(a *record.Answer, d *stored) {
	at := p.at
	p.at = below(at, p.subject)
	switch d.link {
	case signed:
		a.Zone, a.DS = at, record.Present
	case missing:
		p.at = ""
	case unsigned:
		a.Zone, a.DS = at, record.Absent
		a.Security, a.Reason, a.BrokenAt = record.Insecure, d.why.String(), at
		p.alias = true
	}
}

// follow takes the answer about a CNAME at the subject, which is insecure. If it is an alias, the failure may lie
// where that leads: the state of a chain is the worst of its links (spec rule R6.7). It returns false if q has ended.
func (r *Resolver) follow(q *question, c *stored) bool {
	p, a := &q.proof, &q.answer.Answer
	p.alias = false
	if c.Expires == 0 { // the bound on the work was hit
		a.Cause, a.Expires = c.Cause, 0
		q.conclude(record.Indeterminate, dnssec.WorkLimit, "")
		return false
	}
	if c.Outcome != record.Found || q.key.typ == wire.TypeCNAME || q.key.typ == wire.TypeDS {
		q.phase = ended
		return false
	}
	set := c.Set()
	target, err := wire.NameOf(set[len(set)-1].Data)
	if err != nil {
		panic("internal error: a CNAME without a target: " + err.Error())
	}
	for i := range a.Chain {
		if a.Chain[i].Owner == target {
			q.phase = ended // every name of the loop has been seen to be insecure
			return false
		}
	}
	if len(a.Chain) == maxAliases {
		q.conclude(record.Indeterminate, dnssec.WorkLimit, "")
		return false
	}
	a.Chain = append(a.Chain, record.Alias{Owner: p.subject, Target: target, TTL: set[0].TTL, DNAME: len(set) < len(c.Records)})
	a.Records = append(a.Records, c.Records...)
	a.Zone, a.DS = "", record.NotKnown
	p.subject, p.at = target, below(r.cfg.Anchor, target)
	return true
}

// readLink says what a reply about the DS at name shows, and why if that is that names below are insecure. Where there
// is no AD it takes only what explains that: an opt-out span (RFC 5155 9.2), a limit of the validator, or a zone
// without signatures. An alias is no delegation.
func readLink(m *wire.Message, rd *reading, name wire.Name, secure bool, seen *evidence) (link, dnssec.Reason) {
	switch {
	case rd.outcome.Failed():
		return unknown, seen.reason
	case len(rd.links) > 0:
		return inside, seen.reason
	case secure && rd.outcome == record.Found:
		return signed, dnssec.None
	case secure && rd.outcome == record.NXDomain:
		return missing, dnssec.None
	case secure && delegates(m, name):
		return unsigned, dnssec.NoDS
	case secure:
		return inside, dnssec.None
	case rd.outcome == record.Found || seen.says == gaveUp:
		return unsigned, seen.reason
	}
	signatures := false
	for _, rr := range m.RRs {
		if rr.Section != wire.Authority {
			continue
		}
		signatures = signatures || rr.Type == wire.TypeRRSIG
		if rr.Type == wire.TypeNSEC3 {
			if n, err := wire.ParseNSEC3(m.Raw(rr)); err == nil && n.Flags&wire.NSEC3OptOut != 0 {
				return unsigned, dnssec.OptOut
			}
		}
	}
	if signatures {
		return unknown, seen.reason
	}
	return unsigned, seen.reason
}

// delegates reports whether the denial of the DS at name, which the resolver has validated, is that of a delegation: NS
// in the list of types, SOA not (RFC 6840 4.4).
func delegates(m *wire.Message, name wire.Name) bool {
	hashes := 0
	for _, rr := range m.RRs {
		if rr.Section != wire.Authority || rr.Class != wire.ClassIN {
			continue
		}
		var types wire.TypeBitmap
		switch rr.Type {
		case wire.TypeNSEC:
			if n, err := wire.ParseNSEC(m.Raw(rr)); err == nil && m.OwnerIs(rr, name) {
				types = n.Types
			}
		case wire.TypeNSEC3:
			if hashes++; hashes > maxHashes {
				return false
			}
			if n, err := wire.ParseNSEC3(m.Raw(rr)); err == nil && matches(m, rr, n, name) {
				types = n.Types
			}
		}
		if types.Has(wire.TypeNS) && !types.Has(wire.TypeSOA) && !types.Has(wire.TypeDS) {
			return true
		}
	}
	return false
}

// maxHashes bounds the NSEC3 records of one reply that a name is held against: a denial has three (RFC 5155 7.2.2). More
// than maxIterations no validator counts with AD (RFC 5155 10.3, RFC 9276 3.2). See CVE-2023-50868.
const (
	maxHashes     = 4
	maxIterations = 2500
)

// matches reports whether the owner of rr, an NSEC3 record, is the hash of name (RFC 5155 5).
func matches(m *wire.Message, rr wire.RR, n wire.NSEC3, name wire.Name) bool {
	const sha1Hash = 1
	owner, err := m.Owner(rr)
	if err != nil || n.HashAlgorithm != sha1Hash || n.Iterations > maxIterations || !name.In(owner.Parent()) {
		return false
	}
	hash := sha1.Sum(append([]byte(name), n.Salt...))
	for range n.Iterations {
		hash = sha1.Sum(append(hash[:], n.Salt...))
	}
	label := base32hex.EncodeToString(hash[:])
	return len(owner) > len(label) && int(owner[0]) == len(label) && string(owner[1:1+len(label)]) == label
}

// base32hex is that of RFC 4648 7 in the lower case that names are kept in.
var base32hex = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

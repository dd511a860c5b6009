package stub

import (
	"crypto/sha1"
	"encoding/base32"
	"slices"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// proof is how far the search for an insecure delegation is. The subject is the name asked, or where it leads as an alias:
// once it is known that it leads nowhere further, the DS at at is next.
type proof struct {
	subject  wire.Name
	end      bool      // subject is no alias
	at       wire.Name // "" when nothing is left between subject and the last name looked at
	insecure bool      // some alias on the way is
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
	q.proof = proof{
		subject: subject, at: below(r.cfg.Anchor, subject),
		end: q.key.typ == wire.TypeDS || q.key.typ == wire.TypeCNAME,
	}
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

// prove finds out in what zone the look-up failed, as that failure alone says nothing about security (spec rule R6.11):
// it follows the aliases as far as they can be had, and asks for DS at each name from the anchor down to the last. A chain
// is as bad as the worst of its links (spec rule R6.7), and none is worse than that end. prove reports whether q waits.
func (r *Resolver) prove(now step.Time, q *question) (waits bool) {
	p := &q.proof
	for q.phase == proving {
		switch {
		case !p.end:
			c := r.need(now, q, key{name: p.subject, typ: wire.TypeCNAME, use: linking})
			if c == nil {
				return true
			}
			r.follow(q, c)
		case p.at == "" && !p.subject.In(r.cfg.Anchor):
			q.conclude(record.Indeterminate, dnssec.NoAnchor, "")
		case p.at == "":
			q.conclude(record.Indeterminate, dnssec.SignedZone, "")
		default:
			d := r.need(now, q, key{name: p.at, typ: wire.TypeDS, use: linking})
			if d == nil {
				return true
			}
			q.descend(d)
		}
	}
	return false
}

// follow takes the answer about a CNAME at the subject: if it is an alias, the failure lies where that leads.
func (r *Resolver) follow(q *question, c *stored) {
	p, a := &q.proof, &q.answer.Answer
	switch {
	case c.Outcome != record.Found && c.Security != record.Indeterminate && !c.Outcome.Failed():
		p.end = true
		if c.Security == record.Secure { // the zone is there and signed, and only the type asked fails
			a.Zone = c.Zone
			q.conclude(record.Indeterminate, dnssec.SignedZone, "")
		}
		return
	case c.Outcome != record.Found && c.Outcome != record.WorkBound && c.Security != record.BogusData:
		p.end = true // its servers fail
		return
	case c.Security != record.Secure && c.Security != record.Insecure:
		q.broken(c, p.subject)
		return
	}
	p.insecure = p.insecure || c.Security == record.Insecure
	set := c.Set()
	target, err := wire.NameOf(set[len(set)-1].Data)
	if err != nil {
		panic("internal error: a CNAME without a target: " + err.Error())
	}
	a.Chain = append(a.Chain, record.Alias{Owner: p.subject, Target: target, TTL: set[0].TTL, DNAME: len(set) < len(c.Records)})
	a.Records = append(a.Records, c.Records...)
	p.subject, p.at = target, below(r.cfg.Anchor, target)
	switch {
	case slices.ContainsFunc(a.Chain, func(l record.Alias) bool { return l.Owner == target }):
		a.Outcome = record.AliasLoop
		if p.insecure {
			q.conclude(record.Insecure, dnssec.None, "")
		} else {
			q.conclude(record.Indeterminate, dnssec.SignedZone, "")
		}
	case len(a.Chain) > maxAliases:
		a.Outcome = record.AliasLong
		q.conclude(record.Indeterminate, dnssec.ChainUnreachable, "")
	}
}

// descend takes the answer about the DS at the name that is next.
func (q *question) descend(d *stored) {
	p, a := &q.proof, &q.answer.Answer
	at := p.at
	p.at = below(at, p.subject)
	switch d.link {
	case unknown:
		q.broken(d, at)
	case signed:
		a.Zone, a.DS = at, record.Present
	case missing:
		p.at = ""
	case unsigned:
		a.Zone, a.DS = at, record.Absent
		q.conclude(record.Insecure, d.why, at)
	}
}

// broken ends q where the chain of trust cannot be followed, as d shows, which is about at.
func (q *question) broken(d *stored, at wire.Name) {
	a := &q.answer.Answer
	a.Security, a.Reason, a.BrokenAt = record.Indeterminate, dnssec.ChainUnreachable.String(), at
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

package resolve

import (
	"slices"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// claim is what records are said to show.
type claim struct {
	answer []record.RR // without what a server made up from a DNAME
	proof  []record.RR // RRSIG, NSEC and NSEC3
	kind   dnssec.Claim
	name   wire.Name
	typ    wire.Type
}

// part is what one zone says of a claim. A server may hold several zones on the way of an answer, and only the
// signatures tell which one it is.
type part struct {
	signer wire.Name // by whom it is signed; "" if by nobody
	below  wire.Name // the lowest name at which a zone cut would matter
	claim  dnssec.Claim
	answer []dnssec.RRset
	denial []dnssec.RRset
	trust  *trust    // of the zone that the way from the base to the signer has reached
	probed wire.Name // the name on this way that was last looked at
}

// begin sets out to prove a claim that was found at the servers of base, whose keys signer has.
func (p *proof) begin(base *cut, signer *trust, c claim) {
	p.base, p.signer, p.claim, p.next, p.broken = base, signer, c, 0, nil
	p.verdict = dnssec.Verdict{Security: record.Secure}
	p.until = signer.expires
	p.parts = c.parts()
}

// blame makes a link of the chain the reason for the verdict.
func (p *proof) blame(t *trust) {
	p.verdict, p.at, p.broken = t.Verdict, t.brokenAt, t
	if t.Security == record.Secure { // the zone above proves that there is no delegation where there is one
		p.verdict, p.at, p.broken = dnssec.Verdict{Security: record.BogusData, Reason: dnssec.DenialWrong}, t.zone, nil
	}
}

// proveClaim moves a claim on, part by part. It returns true once there is a verdict.
func (r *Resolver) proveClaim(now step.Time, q *question, out *[]step.Ask) bool {
	p := q.proof
	for p.next < len(p.parts) {
		part := &p.parts[p.next]
		if p.job != nil {
			if r.takeJob(now, q, part); p.verdict.Security == record.BogusData || p.verdict.Security == record.Indeterminate {
				return true
			}
			p.next++
			continue
		}
		if !r.reachSigner(now, q, part) {
			return false
		}
		t := part.trust
		switch {
		case t.Security == record.BogusData && part.signer == "":
			// Nor can it be told whether it should be signed. Another server may have it signed.
			p.verdict, p.at, p.broken = part.unsigned(), t.brokenAt, nil
			return true
		case !t.signs():
			p.insecure(t)
			if t.Security != record.Insecure {
				return true
			}
			p.next++
			continue
		case part.signer != t.zone:
			p.verdict, p.at, p.broken = part.unsigned(), t.zone, nil
			return true
		}
		p.job = &dnssec.Job{
			Zone: t.zone, Keys: t.keys, At: r.clock(now), Policy: r.cfg.Policy, Budget: p.grant(q.client),
			Answer: part.answer, Denial: part.denial, Claim: part.claim, Name: p.claim.name, Type: p.claim.typ,
		}
		if !r.useKnown(now, p.job, t.spans) {
			r.work(q, p.job, out)
			return false
		}
	}
	return true
}

// unsigned is the verdict on a part that its zone should have signed and has not.
func (part *part) unsigned() dnssec.Verdict {
	reason := dnssec.NoSignature
	switch {
	case part.signer != "":
		reason = dnssec.WrongSigner
	case part.claim == dnssec.Records:
	case len(part.denial) == 0:
		reason = dnssec.DenialMissing
	default:
		reason = dnssec.DenialUnsigned
	}
	return dnssec.Verdict{Security: record.BogusData, Reason: reason}
}

// useKnown tells a job which of its denials are known to be genuine. It returns true if with that the job needed no
// signature, and has been done at once.
func (r *Resolver) useKnown(now step.Time, job *dnssec.Job, spans *dnssec.Spans) bool {
	if spans == nil {
		return false
	}
	for i := range job.Denial {
		until, ok := spans.Known(r.clock(now), &job.Denial[i])
		if !ok {
			continue
		}
		if len(job.Known) == 0 || int32(until-job.KnownUntil) < 0 {
			job.KnownUntil = until
		}
		job.Known = append(job.Known, job.Denial[i])
	}
	if len(job.Answer) > 0 || len(job.Denial) == 0 || len(job.Known) < len(job.Denial) {
		return false
	}
	job.Do()
	return true
}

// insecure notes that a part need not be signed, or that the chain to its zone is broken.
func (p *proof) insecure(t *trust) {
	if t.Security == record.Insecure && p.broken != nil {
		return // the first zone that is insecure is told
	}
	p.blame(t)
}

// takeJob takes the verdict on a part.
func (r *Resolver) takeJob(now step.Time, q *question, part *part) {
	p, job := q.proof, q.proof.job
	p.job = nil
	p.granted.spent(q.client, job.Budget)
	p.cut = job.Cut
	if job.Until != 0 {
		p.until = min(p.until, r.until(now, job.Until))
	}
	if worse(job.Verdict.Security, p.verdict.Security) {
		p.verdict, p.at, p.broken = job.Verdict, job.Zone, nil
	}
	if len(job.Proven) > 0 && job.Until != 0 {
		if part.trust.spans == nil {
			part.trust.spans = dnssec.NewSpans(part.trust.zone, r.cfg.Policy, maxSpans)
		}
		until := job.Until
		for i := range job.Proven {
			if over := r.clock(now) + job.Proven[i].TTL(); int32(over-until) < 0 {
				until = over
			}
		}
		part.trust.spans.Add(job.Proven, until)
	}
}

// worse reports whether a is a worse state than b: the verdict on a chain is that on its worst link (spec rule R6.7).
func worse(a, b record.Security) bool {
	order := [...]int{record.Secure: 0, record.Insecure: 1, record.Indeterminate: 2, record.BogusData: 3}
	return order[a] > order[b]
}

// reachSigner walks from the zone whose servers were asked down to the one that signed the part: these servers may
// hold zones below, and refer nobody. What is not signed may lie in an unsigned zone: the walk goes down to its name
// then. It returns false while q waits; otherwise part.trust is that of the last zone on the way.
func (r *Resolver) reachSigner(now step.Time, q *question, part *part) bool {
	goal := part.signer
	if goal == "" || q.key.use == chaining && q.key.typ == wire.TypeDS && goal == q.key.name {
		goal = part.below // a zone has no say about its own DS
	}
	if part.trust == nil {
		start := r.startOfTrust(q.proof.base.zone, goal)
		part.trust, part.probed = q.proof.signer, start
		if start != part.trust.zone {
			if part.trust = r.keysOf(now, q, start, q.proof.base); part.trust == nil {
				return false
			}
		}
	}
	for part.trust.signs() && goal.Below(part.probed) {
		next := goal
		for next.Parent() != part.probed {
			next = next.Parent()
		}
		link := r.keysOf
		if q.proof.otherwise == asUnsigned { // below a signed delegation it is bogus, whatever its keys
			link = r.delegationOf
		}
		t := link(now, q, next, nil)
		if t == nil {
			return false
		}
		part.probed = next
		switch {
		case t.Security == record.Secure && t.cut == dnssec.Signed && len(t.keys) == 0,
			q.proof.otherwise == asUnsigned && t.Reason == dnssec.OptOut: // that there may be a delegation is not enough
			return true
		case t.Security != record.Secure || len(t.keys) > 0:
			part.trust = t
		case t.cut == dnssec.NoName:
			return true
		}
	}
	return true
}

// delegationClaim is what a reply about DS of a zone shows: a set of them, an alias, or a proof that there is none.
func delegationClaim(zone wire.Name, records []record.RR) claim {
	c := claim{kind: dnssec.NoSecureCut, name: zone, typ: wire.TypeDS}
	for _, rr := range records {
		switch {
		case rr.Type == wire.TypeRRSIG || rr.Type == wire.TypeNSEC || rr.Type == wire.TypeNSEC3:
			c.proof = append(c.proof, rr)
		case rr.Owner == zone && rr.Type == wire.TypeDS,
			rr.Owner == zone && rr.Type == wire.TypeCNAME && len(c.answer) == 0,
			zone.Below(rr.Owner) && rr.Type == wire.TypeDNAME:
			c.answer = append(c.answer, rr)
			c.kind = dnssec.Records
		}
	}
	return c
}

// answerClaim is what an answer shows. Of an alias, what its target shows is proven elsewhere.
func answerClaim(a *stored, alias bool) claim {
	c := claim{proof: a.proof, name: a.Owner(), typ: a.Type}
	switch {
	case alias:
	case a.Outcome == record.NoData:
		c.kind = dnssec.NoData
	case a.Outcome == record.NXDomain:
		c.kind = dnssec.NXDomain
	}
	for i, rr := range a.Records {
		if i > 0 && dnssec.FromDNAME(rr, a.Records[i-1]) == dnssec.None {
			continue // only the DNAME is signed (RFC 6672 5.3.1)
		}
		c.answer = append(c.answer, rr)
	}
	return c
}

// parts sorts the records of a claim by the zones that have signed them.
func (c *claim) parts() []part {
	var parts []part
	of := func(signer, below wire.Name) *part {
		for i := range parts {
			if parts[i].signer == signer && (signer != "" || parts[i].below == below) {
				return &parts[i]
			}
		}
		parts = append(parts, part{signer: signer, below: below})
		return &parts[len(parts)-1]
	}
	sets := dnssec.Group(slices.Concat(c.answer, c.proof))
	denial := func(t wire.Type) bool { return t == wire.TypeNSEC || t == wire.TypeNSEC3 }
	denier := wire.Name("")
	for _, set := range sets {
		if !denial(set.Type) {
			below := cutAbove(set.Owner, set.Type)
			if set.Owner == c.name {
				below = cutAbove(set.Owner, c.typ) // an alias where DS was asked for
			}
			p := of(dnssec.Signer(set), below)
			p.answer = append(p.answer, set)
		} else if signer := dnssec.Signer(set); signer != "" && c.name.In(signer) && len(signer) > len(denier) {
			denier = signer
		}
	}
	var last *part
	if c.kind != dnssec.Records {
		last = of(denier, cutAbove(c.name, c.typ))
		last.claim = c.kind
	}
	for _, set := range sets {
		if !denial(set.Type) {
			continue
		}
		signer := dnssec.Signer(set)
		for i := range parts {
			if parts[i].signer == signer || signer == "" || last == &parts[i] && denier == "" {
				parts[i].denial = append(parts[i].denial, set)
			}
		}
	}
	return parts
}

// cutAbove returns the lowest name at which a zone cut decides who holds (owner, typ).
func cutAbove(owner wire.Name, typ wire.Type) wire.Name {
	if typ == wire.TypeDS {
		return owner.Parent()
	}
	return owner
}

package resolve

import (
	"cmp"
	"slices"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// maxChecks bounds the signatures checked for one name with all it pulls in (KeyTrap, CVE-2023-50387). A climb of
	// three levels with mail in a zone that rolls its keys takes some twenty; 128 take 3 ms of P-256, 60 ms at worst, of
	// P-384, and never in a turn of the loop.
	maxChecks = 128

	// maxHashes bounds the NSEC3 hashes computed for one name (CVE-2023-50868). A proof takes two to five; 128 of 150
	// iterations take 2 ms.
	maxHashes = 128

	// maxProofRecords bounds the RRSIG, NSEC and NSEC3 records kept of one reply. The largest proof, of an NXDOMAIN by
	// NSEC3, has three records, with two signatures each while a zone changes its algorithm.
	maxProofRecords = 64
)

// CauseWork is the word of record.Answer.Cause for maxChecks and maxHashes.
const CauseWork = "work-limit"

// proof is the validation of one answer under way.
type proof struct {
	claim   claim
	base    *cut   // at whose servers it was found
	signer  *trust // of the zone of base, or of a trust anchor below it: nil before it is known
	parts   []part
	next    int // part being proven
	job     *dnssec.Job
	got     *trust // what the question of the chain has brought that was waited for
	verdict dnssec.Verdict
	at      wire.Name // where that comes about
	broken  *trust    // the link that is to blame for it; nil if it is the data themselves
	cut     dnssec.Cut
	until   step.Time // when a signature that counts expires

	otherwise otherwise      // than it says, if it is bogus as that
	first     dnssec.Verdict // on what it says
	firstAt   wire.Name

	granted  budget
	evidence evidence       // of the reply: to be noted if its data are bogus
	target   *record.Answer // of the alias that q is
	seeks    wire.Name      // its target, to be asked for once the alias is proven; mostly ""

	// Of a question for DNSKEY.
	vouched []record.RR
	keyJob  *dnssec.KeyJob
}

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

// mustProve reports whether an answer is to be validated.
func (r *Resolver) mustProve(k key, o record.Outcome) bool {
	switch {
	case !r.validates() || k.use == serving || o == record.WorkBound || o == record.Bogus:
		return false
	case k.use == chaining:
		return true
	case r.cfg.Lazy:
		return o.Failed() || o == record.Found && k.typ == wire.TypeCAA
	default:
		return true
	}
}

// prove moves the validation of q on until it is done or something is lacking.
func (r *Resolver) prove(now step.Time, q *question, out *[]step.Ask) {
	switch {
	case q.key.use == chaining:
		r.proveChain(now, q, out)
	case q.answer.Outcome.Failed():
		r.proveFailure(now, q)
	default:
		r.proveAnswer(now, q, out)
	}
}

// proveFailure finds out whether the zone whose servers fail is proven to be unsigned: only then may a failure count as
// permission (spec rule R3.4).
func (r *Resolver) proveFailure(now step.Time, q *question) {
	a, zone := &q.answer.Answer, q.cut.zone
	reason := dnssec.SignedZone
	if !r.anchored(zone) {
		t := r.delegationOf(now, q, zone, q.cut)
		if t == nil {
			return
		}
		if t.Security != record.Secure {
			a.Security, a.BrokenAt, reason = t.Security, t.brokenAt, t.Reason
		}
	}
	a.Reason = reason.String()
	q.state = ended
}

// proveAnswer validates an answer of a client's.
func (r *Resolver) proveAnswer(now step.Time, q *question, out *[]step.Ask) {
	p, a := q.proof, &q.answer.Answer
	if p.signer == nil {
		t := r.keysOf(now, q, r.startOfTrust(q.cut.zone, cutAbove(q.key.name, q.key.typ)), q.cut)
		switch {
		case t == nil:
			return
		case !t.signs():
			p.blame(t)
			r.conclude(now, q)
			return
		}
		p.begin(q.cut, t, answerClaim(a, p.target != nil || p.seeks != ""))
	}
	if !r.proveClaim(now, q, out) {
		return
	}
	if r.proveOtherwise(q) {
		return
	}
	r.conclude(now, q)
}

// proveOtherwise has an empty answer proven as something else than it says, once it has turned out to be bogus as that. It
// returns true if that is to be done; otherwise the verdict stands.
//
//   - NXDOMAIN with the proof that the name exists without such records: some signers do so. What is proven holds.
//   - A denial by the zone above, of a name below an unsigned delegation: it proves nothing, and need not.
func (r *Resolver) proveOtherwise(q *question) bool {
	p, a := q.proof, &q.answer.Answer
	denial := p.claim.kind == dnssec.NXDomain || p.claim.kind == dnssec.NoData
	bogus := p.verdict.Security == record.BogusData && p.broken == nil
	switch {
	case p.otherwise == asSaid && denial && bogus && p.verdict.Reason == dnssec.DenialWrong:
		p.first, p.firstAt = p.verdict, p.at
		p.otherwise = asUnsigned
		if p.claim.kind == dnssec.NXDomain {
			p.otherwise, p.claim.kind = asNoData, dnssec.NoData
		}
	case p.otherwise == asNoData && p.verdict.Security == record.Secure:
		a.Outcome = record.NoData
		return false
	case p.otherwise == asNoData && p.verdict.Security != record.Indeterminate: // an opt-out span proves neither
		p.otherwise = asUnsigned
	default:
		if p.otherwise != asSaid && bogus {
			p.verdict, p.at = p.first, p.firstAt
		}
		return false
	}
	p.begin(p.base, p.signer, p.claim)
	if p.otherwise == asUnsigned {
		p.parts = []part{{below: cutAbove(p.claim.name, p.claim.typ), claim: p.claim.kind}}
	}
	return true
}

// otherwise is as what an answer is being proven.
type otherwise uint8

const (
	asSaid otherwise = iota
	asNoData
	asUnsigned
)

// conclude takes the verdict on an answer.
func (r *Resolver) conclude(now step.Time, q *question) {
	p, a := q.proof, &q.answer.Answer
	switch p.verdict.Security {
	case record.Secure, record.Insecure:
		a.Security, a.Reason, a.BrokenAt = p.verdict.Security, p.verdict.Reason.String(), p.at
		if a.Security == record.Secure {
			a.Expires = min(a.Expires, p.until)
		}
		r.dropProof(a)
		q.state = ended
		if p.target != nil {
			q.complete(p.target)
		} else if p.seeks != "" {
			r.seekTarget(now, q)
		}
	case record.BogusData:
		if !q.splitAlias(now) && !r.retryBogus(q) {
			q.fail(now, record.Bogus)
			r.dropProof(a)
		}
	default:
		if p.verdict.Reason == dnssec.WorkLimit {
			r.stopAtLimit(now, q)
			return
		}
		q.fail(now, p.broken.outcome)
	}
}

// splitAlias leaves of an answer that is bogus its first alias alone: where that holds, its target is asked for by itself.
// Some servers go on with the target in the same reply and put the wrong proof there. It returns false if there is nothing
// to be gained.
func (q *question) splitAlias(now step.Time) bool {
	p, a := q.proof, &q.answer.Answer
	if len(a.Chain) == 0 || p.target != nil || p.seeks != "" || p.broken != nil {
		return false
	}
	first, n := a.Chain[0], 1
	if first.DNAME && len(a.Records) > 1 && a.Records[1].Owner == first.Owner {
		n = 2 // the CNAME made from it
	}
	a.Outcome, a.Chain, a.Records = record.Found, a.Chain[:1:1], a.Records[:n:n]
	a.Expires = now.Add(chainLifetime(a.Chain))
	*p = proof{evidence: p.evidence, seeks: first.Target}
	q.state = proving
	return true
}

// seekTarget asks for the target of an alias that is proven.
func (r *Resolver) seekTarget(now step.Time, q *question) {
	k := key{q.proof.seeks, q.key.typ, q.key.use}
	if target, ok := r.cached(now, k); ok {
		q.complete(target)
		return
	}
	target := r.ask(k, q.client, q.depth, q.links+1)
	if target.needs(q) {
		q.answer.Outcome, q.state = record.AliasLoop, ended
		return
	}
	q.awaits(target, awaitingAlias)
}

// dropProof forgets what an answer was proven with.
func (r *Resolver) dropProof(a *record.Answer) {
	if !r.cfg.KeepProof {
		a.Proof = nil
	}
}

// stopAtLimit ends q because validating its answer is too much work: for its client, or for anybody.
func (r *Resolver) stopAtLimit(now step.Time, q *question) {
	cause, everybody := CauseWork, q.proof.granted.ample()
	if t := q.proof.broken; t != nil {
		cause, everybody = cmp.Or(t.cause, cause), false
	}
	r.stop(q, record.WorkBound, cause)
	q.answer.Reason = dnssec.WorkLimit.String()
	if everybody {
		q.answer.Expires = now.Add(failureTTL)
	}
}

// fail ends q: its data are there, and must not be used.
func (q *question) fail(now step.Time, o record.Outcome) {
	p, a := q.proof, &q.answer.Answer
	a.Outcome, a.Security, a.Reason, a.BrokenAt = o, p.verdict.Security, p.verdict.Reason.String(), p.at
	a.Chain, a.Records, a.TTL, a.Zone, a.NS = nil, nil, 0, q.cut.zone, q.cut.set.names
	a.Expires = now.Add(failureTTL)
	q.state = ended
}

// retryBogus notes bogus data as a try in vain, so that another server is asked: with broken secondaries it is often
// one server only. It returns false if the data are not bogus, or if it is not their fault.
func (r *Resolver) retryBogus(q *question) bool {
	p := q.proof
	if p.verdict.Security != record.BogusData || p.broken != nil {
		return false
	}
	ev := p.evidence
	ev.outcome, ev.verdict, ev.brokenAt = record.Bogus, p.verdict, p.at
	*p = proof{vouched: p.vouched, until: p.until}
	if q.key.typ != wire.TypeDNSKEY || q.key.use != chaining {
		p.until = 0
	}
	q.answer = nil
	q.failed(ev)
	return true
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
		case t.Security == record.Secure && t.cut == dnssec.Signed && len(t.keys) == 0:
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
func answerClaim(a *record.Answer, alias bool) claim {
	c := claim{proof: a.Proof, name: a.Owner(), typ: a.Type}
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

// work has a computation done off the loop.
func (r *Resolver) work(q *question, w step.Work, out *[]step.Ask) {
	q.state = awaitingWork
	*out = append(*out, step.Ask{Ticket: q.ticket, Work: w})
}

// budget is the work that a client may still have done.
type budget struct{ dnssec.Budget }

// grant returns what a job for c may spend.
func (p *proof) grant(c *Client) dnssec.Budget {
	p.granted = budget{dnssec.Budget{Checks: max(maxChecks-c.Cost.Checks, 0), Hashes: max(maxHashes-c.Cost.Hashes, 0)}}
	return p.granted.Budget
}

// ample reports whether so much was granted that what was not enough would be too much for any client.
func (b budget) ample() bool { return b.Checks >= maxChecks/2 && b.Hashes >= maxHashes/2 }

// spent books for c what a job has not left of the grant.
func (b budget) spent(c *Client, left dnssec.Budget) {
	c.Cost.Checks += b.Checks - left.Checks
	c.Cost.Hashes += b.Hashes - left.Hashes
}

package resolve

import (
	"cmp"

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

	hint *cut // of a question of the chain: the cut of the zone it is about, if there is one

	// Of a question for DNSKEY.
	vouched []record.RR
	keyJob  *dnssec.KeyJob
}

// mustProve reports whether an answer is to be validated.
func (r *Resolver) mustProve(k key, o record.Outcome) bool {
	switch {
	case !r.validates() || k.use == serving || o == record.WorkBound || o == record.Skipped || o == record.Bogus:
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
	p := q.proof
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
		p.begin(q.cut, t, answerClaim(q.answer, p.target != nil || p.seeks != ""))
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
	denial := (p.claim.kind == dnssec.NXDomain || p.claim.kind == dnssec.NoData) && p.claim.typ != wire.TypeDS
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
		q.answer.proof = nil
		q.state = ended
		if p.target != nil {
			q.complete(p.target)
		} else if p.seeks != "" {
			r.seekTarget(now, q)
		}
	case record.BogusData:
		if !q.splitAlias(now) && !r.retryBogus(q) {
			q.fail(now, record.Bogus)
			q.answer.proof = nil
		}
	default:
		if p.verdict.Reason == dnssec.WorkLimit {
			r.stopAtLimit(now, q)
			return
		}
		q.fail(now, p.broken.outcome)
		q.answer.Attempts = max(q.answer.Attempts, p.broken.attempts) // it is that link that was tried so often
		q.answer.AddInVain(p.broken.inVain)
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
	k := r.key(q.proof.seeks, q.key.typ, q.key.use)
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
	if q.disbelieve() {
		return true
	}
	ev := p.evidence
	ev.outcome, ev.verdict, ev.brokenAt = record.Bogus, p.verdict, p.at
	*p = proof{vouched: p.vouched, until: p.until, hint: p.hint} // what is known of a zone before its keys are asked for
	q.answer = nil
	q.failed(ev)
	return true
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
	p.granted = budget{dnssec.Budget{Checks: max(maxChecks-int(c.Cost.Checks), 0), Hashes: max(maxHashes-int(c.Cost.Hashes), 0)}}
	return p.granted.Budget
}

// ample reports whether so much was granted that what was not enough would be too much for any client.
func (b budget) ample() bool { return b.Checks >= maxChecks/2 && b.Hashes >= maxHashes/2 }

// spent books for c what a job has not left of the grant.
func (b budget) spent(c *Client, left dnssec.Budget) {
	c.Cost.Checks += int32(b.Checks - left.Checks)
	c.Cost.Hashes += int32(b.Hashes - left.Hashes)
}

package resolve

import (
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// giveUp ends q without an answer from the servers of its zone.
func (r *Resolver) giveUp(now step.Time, q *question) {
	search := search{}
	if q.search != nil {
		search = *q.search
	}
	switch {
	case q.cut.source == byOldFile && q.filed != asksServers && !q.banned:
		r.askParent(q)
	case q.tried > 0:
		r.end(now, q, q.failures.worst.outcome, nil, q.failures.worst)
	case q.banned:
		r.stopBanned(now, q)
	case q.cut != r.root && !q.cut.lasts(now):
		// No server to be asked, but the parent may have newer glue than what we had: ask it for the delegation.
		r.forget(q)
		q.state = findingCut
	case search.bound == CauseLookups:
		r.stop(q, record.WorkBound, search.bound)
		q.answer.Expires = now.Add(failureTTL)
	case search.bound != "":
		r.stop(q, record.WorkBound, search.bound)
	case search.nsLoop && q.depth == 0 && !q.again:
		// It may be others on their way that closed the loop: once they have been told, look again.
		q.again = true
		r.enter(now, q, q.cut)
	case search.nsLoop:
		r.stop(q, record.Lame, CauseNSLoop)
	default:
		r.stop(q, record.Lame, CauseNoAddress)
		q.answer.Expires = now.Add(failureTTL)
	}
}

// forget drops the cut that q stands at.
func (r *Resolver) forget(q *question) {
	hash := r.hash(q.cut.zone)
	if c, ok := r.cuts.get(hash, q.cut.zone); ok && c == q.cut {
		r.cuts.drop(hash, q.cut.zone)
	}
	if q.client.cut == q.cut {
		q.client.cut = nil
	}
}

// stop ends q for a reason of our own, with nothing from a server. The answer expires at once: unless the caller knows
// better, it holds for no one but who asked first.
func (r *Resolver) stop(q *question, o record.Outcome, cause string) {
	r.end(0, q, o, nil, evidence{})
	q.answer.Cause, q.answer.Expires = cause, 0
	if q.answer.trust != nil {
		q.answer.trust.cause = cause
	}
}

// end makes the answer of q from the last reading, if there is one, and the evidence of the exchange that decided.
func (r *Resolver) end(now step.Time, q *question, o record.Outcome, rd *reading, ev evidence) {
	q.answer, q.state = r.newAnswer(now, q, rd, ev), ended
	a := &q.answer.Answer
	a.Outcome = o
	if o.Failed() {
		a.Expires = now.Add(failureTTL)
		if q.key.use == answering {
			a.AddInVain(r.serversInVain(q))
		}
	} else {
		a.TTL = rd.ttl
		if rd.zone != a.Zone { // a server of the zone above holds this one too, and nobody said who else does
			a.Zone, a.NS, a.DS = rd.zone, nil, record.NotKnown
		}
		a.Expires = now.Add(lifetime(a))
	}
	switch {
	case q.key.use == chaining && o.Failed():
		q.answer.trust = r.unreachable(now, q, o, ev)
	case o == record.Bogus:
		a.Security, a.Reason, a.BrokenAt = record.BogusData, ev.verdict.Reason.String(), ev.brokenAt
	case r.mustProve(q.key, o):
		r.beginProof(now, q, ev)
	case q.key.use == answering && !o.Failed():
		a.Reason = dnssec.NotValidated.String()
		q.answer.proof = nil
	}
}

// beginProof sets out to prove the answer of q. That of a zone known to be insecure needs no proof.
func (r *Resolver) beginProof(now step.Time, q *question, ev evidence) {
	r.stopScouting(now, q)
	if q.key.use == answering && !q.answer.Outcome.Failed() && len(r.anchors) == 1 && r.anchored(wire.Root) {
		if t := r.knownKeys(now, q.cut.zone, q.cut); t != nil && t.Security == record.Insecure {
			q.answer.Security, q.answer.Reason, q.answer.BrokenAt = t.Security, t.Reason.String(), t.brokenAt
			q.answer.proof = nil
			return
		}
	}
	if q.proof == nil {
		q.proof = &proof{}
	}
	q.proof.evidence, q.state = ev, proving
}

// newAnswer returns an answer without its conclusion.
func (r *Resolver) newAnswer(now step.Time, q *question, rd *reading, ev evidence) *stored {
	s := &stored{use: q.key.use, Answer: record.Answer{
		Name: q.key.name, Type: q.key.typ, RCode: ev.rcode,
		Zone: q.cut.zone, NS: q.cut.set.names, DS: q.cut.told,
		TCP: ev.tcp, Truncated: q.seenTC, RTT: ev.rtt, Size: uint16(ev.size), Notes: ev.notes,
		Attempts: q.tried,
	}}
	if ev.server != nil {
		s.By = &ev.server.self
	}
	if rd != nil {
		s.Attempts++ // the one that rd was read from
		if r.wantsProof(q.key.use, rd) {
			rd.takeDenial(&r.msg)
		} else {
			rd.proof = rd.proof[:0]
		}
		rd.copyTo(s)
		if len(s.Chain) > 0 {
			s.Chain[0].Zone = rd.home
			if rd.home == q.cut.zone {
				s.Chain[0].NS = q.cut.set.names
			} else {
				s.DS = record.NotKnown
			}
		}
	}
	return s
}

// wantsProof reports whether an answer made from rd may have to be proven.
func (r *Resolver) wantsProof(u use, rd *reading) bool {
	if !r.validates() || u == serving {
		return false
	}
	empty := rd.verdict == final && rd.outcome != record.Found
	return !r.cfg.Lazy || !empty || u == chaining
}

// lifetime is how long an answer may be used again: the shortest TTL in it, within the bounds of cut.go.
func lifetime(a *record.Answer) time.Duration {
	life := min(boundTTL(a.TTL), chainLifetime(a.Chain))
	if a.Outcome != record.Found {
		life = min(life, maxNegativeTTL)
	}
	return life
}

func chainLifetime(chain []record.Alias) time.Duration {
	life := maxTTL
	for i := range chain {
		life = min(life, boundTTL(chain[i].TTL))
	}
	return life
}

// followAlias makes q wait for the question about the target that a reply led to. That question is like any other:
// all aliases to the target share it and its answer.
func (r *Resolver) followAlias(now step.Time, q *question, rd *reading, ev evidence) {
	links := int(q.links) + len(rd.links)
	if links > maxAliases {
		r.end(now, q, record.AliasLong, rd, ev)
		if q.links > 0 {
			q.answer.Expires = 0 // from here the chain may well be short enough
		}
		return
	}
	r.stopScouting(now, q)
	k := r.key(rd.at, q.key.typ, q.key.use)
	if a, ok := r.cached(now, k); ok {
		r.lead(now, q, rd, ev)
		r.targetFound(now, q, a)
		return
	}
	target := r.ask(k, q.client, q.depth, uint8(links))
	switch {
	case !target.needs(q):
		r.lead(now, q, rd, ev)
		q.awaits(target, awaitingAlias)
	case target.needsAddress(q):
		r.stop(q, record.Lame, CauseNSLoop)
	default:
		r.end(now, q, record.AliasLoop, rd, ev)
		if !target.staysIn(q.cut.zone, q) {
			q.state = ended // and claims no security: anybody may have begun it, in any of its zones
		}
	}
}

// staysIn reports whether the aliases from q to other, which q needs, all are of that zone.
func (q *question) staysIn(zone wire.Name, other *question) bool {
	for ; q != other; q = q.waitsFor {
		if q.cut.zone != zone {
			return false
		}
	}
	return true
}

// lead makes the beginning of the answer of q: what leads to the target of its alias.
func (r *Resolver) lead(now step.Time, q *question, rd *reading, ev evidence) {
	q.answer = r.newAnswer(now, q, rd, ev)
	q.answer.Expires = now.Add(chainLifetime(q.answer.Chain))
	if r.validates() && q.key.use == answering {
		q.proof = &proof{evidence: ev}
	}
}

// targetFound takes the answer about the target of q, which is an alias. Whether the alias is genuine is proven before
// the two are put together.
func (r *Resolver) targetFound(now step.Time, q *question, target *record.Answer) {
	if r.mustProve(q.key, target.Outcome) && q.proof.seeks == "" {
		q.proof.target, q.state = target, proving
		return
	}
	q.complete(target)
}

// needsAddress reports whether one of the questions from q to other, which q needs, waits for an address.
func (q *question) needsAddress(other *question) bool {
	for ; q != other; q = q.waitsFor {
		if q.state == awaitingAddress {
			return true
		}
	}
	return false
}

// complete ends q, which is an alias, by the answer to the question about its target.
func (q *question) complete(target *record.Answer) {
	own := &q.answer.Answer
	if target.Outcome == record.AliasLoop {
		own.Outcome = record.AliasLoop // where it closes depends on who asked first, so what follows is not told
		own.Expires = min(own.Expires, target.Expires)
		own.Security, own.Reason, own.BrokenAt = target.Security, target.Reason, target.BrokenAt
		q.state = ended
		return
	}
	if worse(target.Security, own.Security) || own.Reason == "" {
		own.Security, own.Reason, own.BrokenAt = target.Security, target.Reason, target.BrokenAt
	}
	whole := *target
	whole.Name, whole.DS = own.Name, own.DS
	whole.Security, whole.Reason, whole.BrokenAt = own.Security, own.Reason, own.BrokenAt
	whole.Chain = slices.Concat(own.Chain, target.Chain)
	whole.Records = slices.Concat(own.Records, target.Records)
	whole.Truncated = own.Truncated || target.Truncated
	whole.Expires = min(own.Expires, target.Expires)
	if len(whole.Chain) > maxAliases {
		whole.Outcome = record.AliasLong
		if whole.Security == record.Secure { // what we did not follow may be anything (spec rule R3.4)
			whole.Security, whole.Reason = record.Indeterminate, dnssec.SignedZone.String()
		}
	}
	*own = whole
	q.state = ended
}

// deliver hands the answer of an ended question to all who wait for it, and frees its slot.
func (r *Resolver) deliver(now step.Time, q *question) {
	s := q.answer
	r.stopScouting(now, q)
	r.underWay.drop(q)
	hint := q.hint()
	held := s.trust != nil && hint != nil && (s.trust == hint.ds || s.trust == hint.keys) // by the cut it is about
	if now < s.Expires && !held && octets(s.Records) <= maxKept {
		r.store(now, q.key, s)
	}
	for i, w := range q.waiters {
		switch {
		case i > 0 && s.personal():
			r.askAgain(q, w)
		case w.client != nil:
			r.finished = append(r.finished, Result{Client: w.client, Answer: &s.Answer})
		default:
			w.question.wake(r, now, s)
		}
	}
	r.questions.give(q)
}

// personal reports whether the answer shows nothing but that a bound on the work of who asked first was hit.
func (s *stored) personal() bool {
	return s.Expires == 0 && s.Outcome.Failed() && s.Cause != CauseNSLoop
}

// askAgain starts the question once more at the expense of one who waited for it.
func (r *Resolver) askAgain(q *question, w waiter) {
	if w.question == nil {
		again := r.ask(q.key, w.client, 0, 0)
		again.addWaiter(w)
		return
	}
	depth, links := w.question.depth+1, uint8(0)
	switch w.question.state {
	case awaitingAlias:
		depth, links = w.question.depth, w.question.links+uint8(len(w.question.answer.Chain))
	case awaitingChain:
		depth = w.question.depth
	}
	again := r.ask(q.key, w.question.client, depth, links)
	if again.proof != nil && again.proof.hint == nil {
		again.proof.hint = q.hint()
	}
	w.question.waitsFor = again
	again.addWaiter(w)
}

// wake gives q the answer that it waited for.
func (q *question) wake(r *Resolver, now step.Time, s *stored) {
	q.waitsFor = nil
	switch q.state {
	case awaitingAlias:
		r.targetFound(now, q, &s.Answer)
	case awaitingChain:
		q.proof.got, q.state = s.trust, proving
	default:
		q.addressesFound(r, now, &s.Answer)
	}
	r.ready = append(r.ready, q)
}

// addressesFound takes the answer about the addresses of a server. One that was cut short by a bound or a loop says
// nothing about the server, but neither would its other family.
func (q *question) addressesFound(r *Resolver, now step.Time, a *record.Answer) {
	s := q.search
	switch {
	case a.Cause == CauseNSLoop:
		s.nsLoop = true
		q.lookNoMore(s.host)
	case a.Expires == 0:
		s.bound = a.Cause
		q.lookNoMore(s.host)
	default:
		r.learnAddresses(now, s.host, s.family, a)
	}
	s.host = nil
	q.state = choosingServer
}

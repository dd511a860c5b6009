package stub

import (
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Bounds on the work for one question. The bound on all the packets of one name is Config.MaxQueries.
const (
	// maxTries bounds the exchanges with resolvers for one question, whatever they answer; Config.Retries bounds those
	// that stay without reply.
	maxTries = 10

	// passingTries: a failure that may pass, such as SERVFAIL, is repeated at the same resolver if so few exchanges
	// were had and no other resolver is left (spec rule R3.4 asks for at least one retry).
	passingTries = 2

	// maxAliases bounds chains of aliases, as in package resolve.
	maxAliases = 16
)

// Words of record.Answer.Cause besides those of package resolve.
const (
	CausePolicy  = "resolver-policy" // the resolver forges, blocks or filters (spec rule R7.3)
	CauseSuspect = "suspect-bogus"   // the resolver fails, but has data with checking disabled (spec rule R7.4)
)

// phase is where a question stands. In each it may wait, for a reply or for another question.
type phase uint8

const (
	asking phase = iota
	confirming
	checking
	proving
	ended
)

// question is one (name, type) on its way to an answer. It is a slot of Resolver.questions and used again.
type question struct {
	key    key
	ticket step.Ticket
	phase  phase
	client *resolve.Client // who pays: the first who asked

	tries  [maxTries]try
	tried  uint8 // tries in vain
	silent uint8 // of them, those without reply
	checks uint8 // exchanges with checking disabled
	worst  evidence

	// The exchange under way, and what the next one with the same resolver is to be like.
	exchange
	tcp    bool
	plain  bool // without EDNS
	seenTC bool // a reply had TC set

	got     *stored // what q waited for
	proof   proof
	waiters []waiter
	answer  *stored // from the end of asking on
}

// waiter is who gets the answer of a question: a client, or another question.
type waiter struct {
	client   *resolve.Client
	question *question
}

// try is one exchange that brought nothing useful.
type try struct {
	server  step.ServerID
	outcome record.Outcome
}

// ask joins the question k under way, or starts it for payer.
func (r *Resolver) ask(k key, payer *resolve.Client) *question {
	if q := r.underWay[k]; q != nil {
		if k.use == answering {
			r.counts.Joined++
		}
		return q
	}
	if k.use == answering {
		r.counts.Started++
	}
	var q *question
	if n := len(r.free); n > 0 {
		q = r.questions[r.free[n-1]]
		r.free = r.free[:n-1]
	} else {
		q = &question{ticket: step.Ticket(len(r.questions))}
		r.questions = append(r.questions, q)
	}
	q.key, q.client = k, payer
	r.underWay[k] = q
	r.waiting++
	r.ready = append(r.ready, q)
	return q
}

// need returns the answer to k, if it is known. Otherwise it returns nil, and q waits for it: it will be moved on, and
// call need again. Answers for clients need links, links need confirmations, and these need nothing: so nobody waits in
// a circle.
func (r *Resolver) need(now step.Time, q *question, k key) *stored {
	if s := q.got; s != nil {
		q.got = nil
		return s
	}
	if s := r.known(now, k); s != nil {
		return s
	}
	other := r.ask(k, q.client)
	other.waiters = append(other.waiters, waiter{question: q})
	return nil
}

// run moves all questions that are ready on until each waits for something or has ended.
func (r *Resolver) run(now step.Time, out *[]step.Ask) {
	for len(r.ready) > 0 {
		q := r.ready[len(r.ready)-1]
		r.ready = r.ready[:len(r.ready)-1]
		waits := false
		for !waits && q.phase != ended {
			switch q.phase {
			case asking:
				waits = r.askNext(now, q, out)
			case confirming:
				waits = r.confirm(now, q)
			case checking:
				waits = r.checkNext(now, q, out)
			case proving:
				waits = r.prove(now, q)
			}
		}
		if !waits {
			r.deliver(now, q)
		}
	}
}

// askNext sends q to the next resolver, or sees what the failures of all tell. It reports whether q waits for a reply.
func (r *Resolver) askNext(now step.Time, q *question, out *[]step.Ask) bool {
	if id, ok := r.choose(q); ok {
		return r.send(q, id, out)
	}
	worst := &q.worst
	if q.tried == 0 { // there is no resolver at all
		worst.outcome = record.Unreachable
	}
	q.answer = q.newAnswer(worst)
	q.answer.Expires = now.Add(failureTTL)
	q.answer.AddInVain(r.inVain(q))
	switch {
	case worst.outcome == record.Bogus:
		q.conclude(record.BogusData, worst.reason, "")
	case worst.says == policy:
		q.answer.Cause = CausePolicy
		q.conclude(record.Indeterminate, dnssec.None, "")
	case q.key.use != answering:
		q.phase = ended
	case worst.outcome == record.ServFail && worst.says <= unclear:
		q.phase, q.tcp, q.plain = checking, false, false
	default:
		r.beginProof(q)
	}
	return false
}

// checkNext repeats a question that ended in SERVFAIL with checking disabled (RFC 4035 3.2.2), twice if there is no
// reply. What comes is only to tell if there is data: the verdict never rests on it (spec rules R6.8 and R7.4).
func (r *Resolver) checkNext(now step.Time, q *question, out *[]step.Ask) bool {
	if q.checks < passingTries {
		q.checks++
		return r.send(q, q.worst.server.id, out)
	}
	r.beginProof(q)
	return false
}

// conclude ends q, whose answer is there, with what is known of its security.
func (q *question) conclude(s record.Security, reason dnssec.Reason, brokenAt wire.Name) {
	a := &q.answer.Answer
	a.Security, a.Reason, a.BrokenAt = s, reason.String(), brokenAt
	q.phase = ended
}

// stop ends q because the work for its client is at its bound. The answer expires at once: it holds for no one but who
// asked first. If the answer itself is there and only the proof is not, it is given without.
func (r *Resolver) stop(q *question) {
	if q.answer == nil {
		q.answer = q.newAnswer(&evidence{outcome: record.WorkBound})
	}
	q.answer.Cause, q.answer.Expires = resolve.CauseQueries, 0
	q.conclude(record.Indeterminate, dnssec.WorkLimit, "")
}

// failed notes that an exchange brought nothing useful, and lets the next resolver be chosen.
func (q *question) failed(ev evidence) {
	if q.phase == checking { // asked again, or given up, by checkNext
		if ev.outcome != record.Timeout && ev.outcome != record.Unreachable {
			q.checks = passingTries
		}
		return
	}
	q.tries[q.tried] = try{q.exchange.server, ev.outcome}
	q.tried++
	if ev.outcome == record.Timeout {
		q.silent++
	}
	if q.tried == 1 || ev.rank() > q.worst.rank() {
		q.worst = ev
	}
	q.tcp, q.plain = false, false
}

// choose picks at random among the resolvers that q was not sent to yet, those that reply before those that lately do
// not, and at a second look those that failed at the first after all others; and when all were, among those whose failure
// may pass.
func (r *Resolver) choose(q *question) (step.ServerID, bool) {
	if q.tried >= maxTries || int(q.silent) > max(r.cfg.Retries, 0) {
		return 0, false
	}
	first := r.first(q.client)
	inVain := func(s *server) bool { return first != nil && slices.Contains(first.Servers, s.self.Addr) }
	for _, wanted := range []func(*server) bool{
		func(s *server) bool { return q.triedAt(s.id) == 0 && s.streak < streak && !inVain(s) },
		func(s *server) bool { return q.triedAt(s.id) == 0 && !inVain(s) },
		func(s *server) bool { return q.triedAt(s.id) == 0 && s.streak < streak },
		func(s *server) bool { return q.triedAt(s.id) == 0 },
		func(s *server) bool { return q.mayPass(s.id) && s.streak < streak },
		func(s *server) bool { return q.mayPass(s.id) },
	} {
		found, n := step.ServerID(0), 0
		for _, s := range r.servers {
			if q.key.use == confirmation && s.id != q.key.server || !wanted(s) {
				continue
			}
			if n++; r.cfg.Rand.IntN(n) == 0 {
				found = s.id
			}
		}
		if n > 0 {
			return found, true
		}
	}
	return 0, false
}

// triedAt counts the tries in vain at one resolver.
func (q *question) triedAt(id step.ServerID) (n int) {
	for _, t := range q.tries[:q.tried] {
		if t.server == id {
			n++
		}
	}
	return n
}

// inVain returns the resolvers that q was sent to in vain, each once.
func (r *Resolver) inVain(q *question) []*record.Server {
	var asked []*record.Server
	for _, t := range q.tries[:q.tried] {
		if s := &r.servers[t.server].self; !slices.Contains(asked, s) {
			asked = append(asked, s)
		}
	}
	return asked
}

// mayPass reports whether all that went wrong at a resolver may be otherwise the next time.
func (q *question) mayPass(id step.ServerID) bool {
	for _, t := range q.tries[:q.tried] {
		if t.server != id {
			continue
		}
		switch t.outcome {
		case record.Timeout:
		case record.ServFail, record.Bogus, record.Unreachable, record.Truncated:
			if q.tried >= passingTries {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// newAnswer returns an answer without anything about security. Its exchange is the one that decided.
func (q *question) newAnswer(ev *evidence) *stored {
	s := &stored{Answer: record.Answer{
		Name: q.key.name, Type: q.key.typ, Outcome: ev.outcome, RCode: ev.rcode,
		TCP: ev.tcp, Truncated: q.seenTC, RTT: ev.rtt, Size: uint16(ev.size), Notes: ev.notes, Attempts: q.tried,
	}}
	if ev.server != nil {
		s.By = &ev.server.self
	}
	return s
}

// deliver hands the answer of an ended question to all who wait for it, and frees its slot.
func (r *Resolver) deliver(now step.Time, q *question) {
	s := q.answer
	delete(r.underWay, q.key)
	r.waiting--
	if now < s.Expires {
		r.answers.put(q.key, s)
	}
	for i, w := range q.waiters {
		switch {
		case i > 0 && s.Expires == 0: // the bound was that of who asked first
			payer := w.client
			if w.question != nil {
				payer = w.question.client
			}
			again := r.ask(q.key, payer)
			again.waiters = append(again.waiters, w)
		case w.client != nil:
			r.finished = append(r.finished, resolve.Result{Client: w.client, Answer: &s.Answer})
		default:
			w.question.got = s
			r.ready = append(r.ready, w.question)
		}
	}
	clear(q.waiters)
	*q = question{ticket: q.ticket, waiters: q.waiters[:0]}
	r.free = append(r.free, q.ticket)
}

// Answers are kept for their TTL, within these bounds: those of package resolve.
const (
	maxTTL         = 24 * time.Hour
	minTTL         = 30 * time.Second
	maxNegativeTTL = 3 * time.Hour
	failureTTL     = 30 * time.Second
)

// lifetime is how long an answer may be used again: the shortest TTL in it.
func lifetime(a *record.Answer) time.Duration {
	seconds := a.TTL
	for i := range a.Chain {
		seconds = min(seconds, a.Chain[i].TTL)
	}
	most := maxTTL
	if a.Outcome != record.Found {
		most = maxNegativeTTL
	}
	return min(max(time.Duration(seconds)*time.Second, minTTL), most)
}

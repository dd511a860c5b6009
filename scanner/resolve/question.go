package resolve

import (
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// Bounds on the work for one question. The bound on all the packets of one name is Config.MaxQueries; it bounds the
// look-ups of server addresses for one name, too, since each that costs no packet is one that leads nowhere.
const (
	// maxDepth bounds how deep look-ups of server addresses may nest. Real chains of servers below foreign zones
	// below foreign zones have three or four links; endless ones are an attack (TsuNAME, "iDNS" CVE-2014-8500).
	maxDepth = 8

	// maxAddressLookups bounds the server names looked up for one question at one zone cut, so that a referral to
	// many names without addresses multiplies nothing (NXNSAttack, CVE-2020-8616).
	maxAddressLookups = 6

	// maxTries bounds the exchanges with the servers of one zone, whatever they answer; Config.Retries bounds those
	// that stay without reply.
	maxTries = 10

	// passingTries: a failure is repeated at the same server if fewer exchanges were had and no other server is left: spec
	// rule R3.4 asks for at least one retry, whatever the failure; only bogus data are final. A refusal may pass if the
	// server mostly does not refuse: some do when they are asked too fast. Where that is likely there are strainedTries.
	passingTries  = 2
	strainedTries = 5

	// passingPause is how long a question waits before the same server is asked again after an error code: servers that
	// limit their clients count by the second, and BIND remembers failures for one.
	passingPause = time.Second

	// maxReferrals bounds how many zones deep one question descends. Each referral leads at least one label down.
	maxReferrals = 32

	// spreadEvery: every so many questions to one set of servers, the address of one that is not known is looked
	// for before it is needed, so that the load of a set that many zones share does not stay on the first one found.
	spreadEvery = 16
)

// Words of record.Answer.Cause that resolution itself gives.
const (
	CauseQueries   = "queries"    // Config.MaxQueries is used up
	CauseReferrals = "referrals"  // maxReferrals
	CauseDepth     = "depth"      // maxDepth
	CauseLookups   = "lookups"    // maxAddressLookups, and none gave an address
	CauseNoAddress = "no-address" // no server of the zone has an address we could ask
	CauseNSLoop    = "ns-loop"    // the addresses of the servers need themselves to be found
	CauseAddresses = "addresses"  // maxSurveyed; of surveys
)

// state is where a question stands.
type state uint8

const (
	findingCut state = iota
	choosingServer
	proving
	lastReady = proving // up to here a question can go on at once
)

const (
	awaitingReply state = lastReady + 1 + iota
	awaitingAddress
	awaitingAlias
	awaitingReferral
	awaitingChain
	awaitingWork
	awaitingProbes
	ended
	gone // turned away: there is no answer
)

// question is one (name, type) on its way to an answer. It is a slot of Resolver.questions and used again. A name in
// flight has one, so what few questions need lies behind pointers.
type question struct {
	key    key
	client *Client // who pays: the first who asked
	ticket step.Ticket
	next   step.Ticket // another type for the same name, or nobody
	state  state
	depth  uint8 // 0 for a client's own question, one more for each look-up of an address that led here
	links  uint8 // aliases that led here

	// What the next exchange with the same server is to be like, and the one under way.
	tcp    bool
	plain  bool // without EDNS
	seenTC bool // a reply had TC set
	filed  filed
	exchange

	// The zone whose servers are being asked, and how that goes.
	referrals uint8
	tried     uint8     // tries in vain
	silent    uint8     // tries without reply
	spread    bool      // look for one more address first
	strained  bool      // some server is likely to refuse or fail because it gets too much
	banned    bool      // some server is not to be asked
	again     bool      // this is the second time round after a loop among name servers
	failures  *failures // nil before the first
	search    *search   // for the addresses of its servers; nil before the first
	cut       *cut

	waitsFor *question // the question that this one waits for
	party    *party    // that q scouts for (scout.go); nil if it does not
	proof    *proof    // the validation of the answer; nil if there is none
	answer   *stored   // once ended; while awaitingAlias, what leads to the target

	waiter waiter    // who gets the answer: the first
	more   *[]waiter // and those after; nil if there are none
}

// search is how a question that lacks the address of a server goes about it.
type search struct {
	host    *host // whose address another question looks for, and in which family
	family  family
	lookups uint8  // addresses looked up
	nsLoop  bool   // a look-up was left out because it needs this question
	looked  uint64 // a bit per (server name, family): not to be looked up (again)
	bound   string // the bound that kept an address from being found
}

// searching returns the search of q, beginning it if need be.
func (q *question) searching() *search {
	if q.search == nil {
		q.search = &search{}
	}
	return q.search
}

// addWaiter lets w have the answer of q.
func (q *question) addWaiter(w waiter) {
	switch {
	case q.waiter == waiter{}:
		q.waiter = w
	case q.more == nil:
		q.more = &[]waiter{w}
	default:
		*q.more = append(*q.more, w)
	}
}

// waiters yields those who wait for q, in the order in which they came.
func (q *question) waiters(yield func(int, waiter) bool) {
	if !yield(0, q.waiter) || q.more == nil {
		return
	}
	for i, w := range *q.more {
		if !yield(1+i, w) {
			return
		}
	}
}

// failures are what the tries at the present zone cut have brought. Most questions have none.
type failures struct {
	tries [maxTries]try
	worst evidence
}

// waiter is who gets the answer of a question: a client, or another question.
type waiter struct {
	client   *Client
	question *question
}

// try is one exchange at the present zone cut that brought nothing useful.
type try struct {
	server  step.ServerID
	outcome record.Outcome
	mixed   bool // the letters were in mixed case
}

// ask joins the question k under way, or starts it for payer.
func (r *Resolver) ask(k key, payer *Client, depth, links uint8) *question {
	q, first := r.find(k)
	if q != nil {
		if k.use <= serving {
			r.counts.Joined++
		}
		return q
	}
	if k.use <= serving {
		r.counts.Started++
	}
	q = r.questions.take()
	q.key, q.client, q.depth, q.links = k, payer, depth, links
	if k.use == chaining {
		q.state, q.proof = proving, &proof{}
	}
	r.underWay.put(q, first)
	r.ready = append(r.ready, q)
	return q
}

// run moves all questions that are ready on until each waits for something or has ended.
func (r *Resolver) run(now step.Time, out *[]step.Ask) {
	for len(r.ready) > 0 {
		q := r.ready[len(r.ready)-1]
		r.ready = r.ready[:len(r.ready)-1]
		for q.state <= lastReady {
			switch q.state {
			case findingCut:
				if r.optedOut(now, q) {
					break
				}
				c := r.findCut(now, q.key, q.client.cut)
				if q.key.use == surveying {
					q.startAt(r.byFiles(now, q, c))
				} else if !r.synthesise(now, q, c) {
					r.enter(now, q, c)
				}
			case choosingServer:
				switch q.key.use {
				case surveying:
					r.survey(now, q, out)
				case probing:
					r.probeAgain(now, q, out)
				default:
					r.chooseServer(now, q, out)
				}
			case proving:
				r.prove(now, q, out)
			}
		}
		switch {
		case q.state == ended && q.key.use == surveying:
			r.surveyEnded(q)
		case q.state == ended && q.key.use == probing:
			r.probeEnded(q)
		case q.state == ended:
			r.deliver(now, q)
		case q.state == gone:
			r.questions.give(q)
		}
	}
}

// startAt makes q ready to ask the servers of c.
func (q *question) startAt(c *cut) {
	q.cut, q.tried, q.silent, q.search = c, 0, 0, nil
	q.tcp, q.plain, q.strained, q.banned = false, false, false, false
	c.set.asked++
	q.spread = c.set.asked%spreadEvery == 0 && q.depth == 0
	q.state = choosingServer
}

// chooseServer sends the question to the best server that is left, or looks for the address of one, or gives up.
func (r *Resolver) chooseServer(now step.Time, q *question, out *[]step.Ask) {
	if q.tried < maxTries && int(q.silent) <= r.retries(q) {
		if q.spread {
			q.spread = false
			if h, f, ok := r.unknownAddress(now, q); ok {
				r.lookUpAddress(now, q, h, f)
				return
			}
		}
		if id, ok := r.bestServer(now, q, untried); ok {
			if r.turnsAway(q, r.servers[id]) {
				r.turnAway(now, q, r.servers[id])
			} else {
				r.send(now, q, id, out)
			}
			return
		}
		if h, f, ok := r.unknownAddress(now, q); ok {
			r.lookUpAddress(now, q, h, f)
			return
		}
		for _, stage := range [...]stage{triedBefore, triedNow} {
			if id, ok := r.bestServer(now, q, stage); ok {
				r.send(now, q, id, out)
				return
			}
		}
	}
	if id, ok := r.perhapsCase(q); ok {
		r.send(now, q, id, out)
		return
	}
	r.giveUp(now, q)
}

// retries is how many exchanges without a reply are repeated: Config.Retries, but once at most if it is known that none
// of the servers says anything, or at a second look at what was silence at the first; and up to three times as many if one of them mostly does. Then it is packets that get
// lost, and silence means something only if it is unlikely otherwise. All names below a top-level domain hang on its link
// of the chain of trust, so that gets twice as many.
func (r *Resolver) retries(q *question) int {
	n := max(r.cfg.Retries, 0)
	if q.key.use == chaining && q.key.name.Labels() < 2 {
		return 2*n + 1
	}
	if first := r.first(q.client); first != nil && first.Outcome() == record.Timeout {
		n = min(n, 1)
	}
	if q.silent == 0 || n == 0 {
		return n
	}
	dead, enough := true, n
	for _, t := range q.inVain() {
		s := r.servers[t.server]
		dead = dead && s.dead()
		if t.outcome == record.Timeout {
			enough = max(enough, s.heard[classOf(q.key.typ)].telling()-1)
		}
	}
	if dead {
		return 1
	}
	return min(enough, 3*n)
}

// inVain returns the tries at this cut.
func (q *question) inVain() []try {
	if q.tried == 0 {
		return nil
	}
	return q.failures.tries[:q.tried]
}

// hasTried reports whether an exchange with that server at this cut was in vain.
func (q *question) hasTried(id step.ServerID) bool {
	for _, t := range q.inVain() {
		if t.server == id {
			return true
		}
	}
	return false
}

// mayTry reports whether the server may be asked at this cut: at first (again is false) if it was not yet, after that
// as often as its failure allows. Silent servers may be asked any number of times then; Config.Retries bounds that.
func (r *Resolver) mayTry(q *question, id step.ServerID, again bool) bool {
	for _, t := range q.inVain() {
		if t.server != id {
			continue
		}
		most := uint8(passingTries)
		switch t.outcome {
		case record.Timeout:
			most = maxTries
		case record.ServFail, record.Unreachable, record.Truncated:
			most = q.passing()
		case record.Refused:
			if r.servers[id].helps[classOf(q.key.typ)].mostly() {
				most = q.passing()
			}
		case record.Bogus: // R6.8: a stop
			return false
		}
		if !again || q.tried >= most {
			return false
		}
	}
	return true
}

// passing is how many exchanges there may be before a failure that may pass is taken for final.
func (q *question) passing() uint8 {
	if q.strained {
		return strainedTries
	}
	return passingTries
}

// pause is how long q is to wait before it asks that server again.
func (q *question) pause(id step.ServerID) time.Duration {
	for _, t := range q.inVain() {
		if t.server == id && t.errorCode() {
			return passingPause
		}
	}
	return 0
}

// perhapsCase returns a server to be asked in lower case, if there were nothing but error codes and silence: one that gave an
// error code to letters in mixed case, never gave a useful reply to such, and said nothing to others yet (spec rule R1.13). Once one
// has given error codes to both, case is not the trouble.
func (r *Resolver) perhapsCase(q *question) (step.ServerID, bool) {
	if q.tried == maxTries {
		return 0, false
	}
	var suspect *server
	for _, t := range q.inVain() {
		switch {
		case t.outcome == record.Timeout || t.outcome == record.Unreachable:
		case !t.errorCode():
			return 0, false
		case t.mixed && !r.servers[t.server].mixedUseful:
			tried := q.inLowerCase(t.server)
			if tried == answered {
				return 0, false
			}
			if suspect == nil && (tried == unasked || int(q.silent) <= r.retries(q)) {
				suspect = r.servers[t.server]
			}
		}
	}
	if suspect == nil {
		return 0, false
	}
	return suspect.id, true
}

// caseTrial is what became of questions in lower case.
type caseTrial uint8

const (
	unasked caseTrial = iota
	unanswered
	answered // with an error code
)

// inLowerCase says what became of those to a server at this cut.
func (q *question) inLowerCase(id step.ServerID) caseTrial {
	state := unasked
	for _, t := range q.inVain() {
		switch {
		case t.server != id || t.mixed:
		case t.errorCode():
			return answered
		default:
			state = unanswered
		}
	}
	return state
}

// metError reports whether a server at this cut gave an error code already: then it is likely to be for the name.
func (q *question) metError() bool { return slices.ContainsFunc(q.inVain(), try.errorCode) }

// errorCode reports whether the try brought an error code.
func (t try) errorCode() bool {
	switch t.outcome {
	case record.ServFail, record.Refused, record.FormErr, record.NotImp, record.OtherRCode:
		return true
	}
	return false
}

// unknownAddress returns a server name of the cut and a family whose addresses are not known, beginning at random so
// that the load spreads over the servers; IPv4 of all names goes first.
func (r *Resolver) unknownAddress(now step.Time, q *question) (*host, family, bool) {
	hosts := q.cut.set.hosts
	first := 0
	if len(hosts) > 1 {
		first = r.cfg.Rand.IntN(len(hosts))
	}
	var looked uint64
	if q.search != nil {
		looked = q.search.looked
	}
	for f := range families {
		if !r.uses(f) {
			continue
		}
		for i := range hosts {
			at := (first + i) % len(hosts)
			bit := lookedBit(at, f)
			if looked&bit != 0 || r.settled(now, hosts[at], f) {
				continue
			}
			s := q.searching()
			if s.lookups >= q.maxLookups() {
				s.bound = CauseLookups
				return nil, 0, false
			}
			s.looked |= bit
			return hosts[at], f, true
		}
	}
	return nil, 0, false
}

// maxLookups is how many addresses are looked up for q at one zone cut.
func (q *question) maxLookups() uint8 {
	if q.key.use == surveying {
		return maxSurveyLookups
	}
	return maxAddressLookups
}

func lookedBit(server int, f family) uint64 { return 1 << (server*int(families) + int(f)) }

// lookNoMore keeps all addresses of h from being looked up for this question.
func (q *question) lookNoMore(h *host) {
	at := slices.Index(q.cut.set.hosts, h)
	for f := range families {
		q.search.looked |= lookedBit(at, f)
	}
}

// lookUpAddress makes q wait for the address of one of its servers, unless that address needs q itself.
func (r *Resolver) lookUpAddress(now step.Time, q *question, h *host, f family) {
	k := r.key(h.name, f.rrType(), serving)
	if a, ok := r.cached(now, k); ok {
		r.learnAddresses(now, h, f, a)
		return
	}
	if q.depth >= maxDepth {
		q.search.bound = CauseDepth
		return
	}
	if r.spent(q.client) || int(q.client.lookups) >= r.cfg.MaxQueries {
		r.stop(q, record.WorkBound, CauseQueries)
		return
	}
	q.client.lookups++
	q.search.lookups++
	sub := r.ask(k, q.client, q.depth+1, 0)
	if sub.needs(q) {
		r.stopScouting(now, q) // it may only have followed q
	}
	if sub.needs(q) {
		q.search.nsLoop = true
		q.lookNoMore(h)
		return
	}
	q.search.host, q.search.family = h, f
	q.awaits(sub, awaitingAddress)
}

// awaits makes q wait for sub, which must not need q.
func (q *question) awaits(sub *question, s state) {
	q.waitsFor, q.state = sub, s
	sub.addWaiter(waiter{question: q})
}

// needs reports whether q cannot end before other does. A question waits for at most one other, so that is a walk.
func (q *question) needs(other *question) bool {
	for ; q != nil; q = q.waitsFor {
		if q == other {
			return true
		}
	}
	return false
}

// failed notes that an exchange brought nothing useful, and lets the next server be chosen.
func (q *question) failed(ev evidence) {
	if q.failures == nil {
		q.failures = &failures{}
	}
	q.failures.tries[q.tried] = try{q.server, ev.outcome, q.mixed}
	q.tried++
	if ev.silent {
		q.silent++
	}
	if q.tried == 1 || rank(ev.outcome) > rank(q.failures.worst.outcome) {
		q.failures.worst = ev
	}
	q.tcp, q.plain = false, false
	q.state = choosingServer
}

// rank orders failures by how much they tell: of several, the answer shows that of the highest rank, whatever the
// order in which the servers were asked. A server that said something outranks one that kept silent.
func rank(o record.Outcome) int {
	switch o {
	case record.Timeout:
		return 0
	case record.Unreachable:
		return 1
	case record.Lame:
		return 2
	case record.Truncated:
		return 3
	case record.Malformed:
		return 4
	case record.OtherRCode:
		return 5
	case record.FormErr:
		return 6
	case record.NotImp:
		return 7
	case record.Refused:
		return 8
	case record.Bogus:
		return 10
	default:
		return 9
	}
}

package resolve

import (
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Bounds on the work for one question. The bound on all the packets of one name is Config.MaxQueries.
const (
	// udpSize is the largest reply we take over UDP: it passes unfragmented everywhere (DNS flag day 2020).
	udpSize = 1232

	// maxDepth bounds how deep look-ups of server addresses may nest. Real chains of servers below foreign zones
	// below foreign zones have three or four links; endless ones are an attack (TsuNAME, "iDNS" CVE-2014-8500).
	maxDepth = 8

	// maxAddressLookups bounds the server names looked up for one question at one zone cut, so that a referral to
	// many names without addresses multiplies nothing (NXNSAttack, CVE-2020-8616).
	maxAddressLookups = 6

	// maxTries bounds the exchanges with the servers of one zone, whatever they answer; Config.Retries bounds those
	// that stay without reply.
	maxTries = 10

	// maxReferrals bounds how many zones deep one question descends: more than a name has labels is impossible.
	maxReferrals = 32

	// triesPerServer: a SERVFAIL may pass, so the same server is asked once more if no other is left (spec rule R3.4
	// asks for at least one retry); a refusal or a lame answer will not.
	triesPerServer = 2
)

// Words of record.Answer.Reason that resolution itself gives.
const (
	ReasonQueries   = "queries"    // Config.MaxQueries is used up
	ReasonReferrals = "referrals"  // maxReferrals
	ReasonNoAddress = "no-address" // no server of the zone has an address we could ask
	ReasonNSLoop    = "ns-loop"    // the addresses of the servers need themselves to be found
)

// state is where a question stands.
type state uint8

const (
	findingCut state = iota
	choosingServer
	awaitingReply
	awaitingAddress
	ended
)

// question is one (name, type) on its way to an answer. It is a slot of Resolver.questions and used again.
type question struct {
	key    key
	ticket step.Ticket
	state  state
	depth  uint8   // 0 for a client's own question, else one more than that of the question that needs it
	client *Client // who pays: the first who asked

	// The alias chain so far, and where it leads.
	at      wire.Name
	chain   []record.Alias
	records []record.RR
	proof   []record.RR

	// The zone whose servers are being asked, and how that goes.
	cut       *cut
	referrals uint8
	tries     [maxTries]try
	tried     uint8
	silent    uint8    // tries without reply
	lookups   uint8    // addresses looked up
	looked    uint64   // a bit per (server name, family): not to be looked up (again)
	nsLoop    bool     // a look-up was left out because it needs this question
	worst     evidence // of the failures so far

	// The exchange under way.
	server    step.ServerID
	tcp       bool // the repetition of a truncated reply
	mixed     bool
	lowerCase bool // mixed case brought only errors: the last try does without
	seenTC    bool // a reply had TC set

	// The address look-up under way: that of addrFamily of addrHost, by waitsFor.
	waitsFor   *question
	addrHost   *host
	addrFamily family

	waiters []waiter
	answer  *record.Answer // once ended
}

// waiter is who gets the answer of a question: a client, or another question that needs an address.
type waiter struct {
	client   *Client
	question *question
}

// try is one exchange at the present zone cut that brought nothing useful.
type try struct {
	server  step.ServerID
	outcome record.Outcome
}

// ask joins the question k under way, or starts it for payer.
func (r *Resolver) ask(k key, payer *Client, depth uint8) *question {
	if q, ok := r.underWay[k]; ok {
		return q
	}
	var q *question
	if n := len(r.free); n > 0 {
		q = r.questions[r.free[n-1]]
		r.free = r.free[:n-1]
	} else {
		q = &question{ticket: step.Ticket(len(r.questions))}
		r.questions = append(r.questions, q)
	}
	q.key, q.at, q.client, q.depth = k, k.name, payer, depth
	r.underWay[k] = q
	r.ready = append(r.ready, q)
	return q
}

// run moves all questions that are ready on until each waits for something or has ended.
func (r *Resolver) run(now step.Time, out *[]step.Ask) {
	for len(r.ready) > 0 {
		q := r.ready[len(r.ready)-1]
		r.ready = r.ready[:len(r.ready)-1]
		for q.state <= choosingServer {
			if q.state == findingCut {
				q.enter(r.findCut(now, q.at, q.key.typ, q.client.cut))
			}
			r.chooseServer(now, q, out)
		}
		if q.state == ended {
			r.deliver(now, q)
		}
	}
}

// enter begins to ask the servers of c.
func (q *question) enter(c *cut) {
	q.cut, q.tried, q.silent, q.lookups, q.looked, q.nsLoop = c, 0, 0, 0, 0, false
	q.tcp, q.lowerCase, q.worst = false, false, evidence{}
	q.state = choosingServer
}

// chooseServer sends the question to the best server that is left, or looks for the address of one, or gives up.
func (r *Resolver) chooseServer(now step.Time, q *question, out *[]step.Ask) {
	if q.tried < maxTries && int(q.silent) <= max(r.cfg.Retries, 0) {
		if id, ok := r.bestServer(now, q, 1); ok {
			r.send(now, q, id, out)
			return
		}
		if h, f, ok := r.unknownAddress(now, q); ok {
			r.lookUpAddress(now, q, h, f)
			return
		}
		if id, ok := r.bestServer(now, q, triesPerServer); ok {
			r.send(now, q, id, out)
			return
		}
		if q.mixed && !q.lowerCase && q.onlyErrors() { // spec rule R1.13: some servers fail on mixed case
			q.lowerCase = true
			r.send(now, q, q.tries[0].server, out)
			return
		}
	}
	r.giveUp(now, q)
}

// bestServer picks at random among the servers of the cut whose expected round trip is near that of the best, leaving
// out those that had their tries. Silent servers may be asked any number of times after the first round (limit 1):
// Config.Retries bounds them.
func (r *Resolver) bestServer(now step.Time, q *question, limit int) (chosen step.ServerID, ok bool) {
	class := classOf(q.key.typ)
	best, count := time.Duration(0), uint64(0)
	for _, h := range q.cut.set.hosts {
		for f := range h.addrs {
			known := &h.addrs[f]
			if now >= known.expires {
				continue
			}
			for _, id := range known.servers {
				if q.tried > 0 && !q.mayTry(id, limit) {
					continue
				}
				// One pass: a server much better than all before starts the draw anew.
				switch rtt := r.servers[id].expectedRTT(now, class); {
				case count == 0 || rtt+rttBand < best:
					chosen, best, count = id, rtt, 1
				case rtt <= best+rttBand:
					best = min(best, rtt)
					if count++; r.cfg.Rand.Uint64N(count) == 0 {
						chosen = id
					}
				}
			}
		}
	}
	return chosen, count > 0
}

// mayTry reports whether the server may be asked at this cut when each may be asked limit times. What cannot pass is
// not repeated.
func (q *question) mayTry(id step.ServerID, limit int) bool {
	tries := 0
	for _, t := range q.tries[:q.tried] {
		if t.server != id {
			continue
		}
		switch t.outcome {
		case record.Timeout:
			if limit == 1 {
				return false
			}
		case record.ServFail, record.Unreachable, record.Truncated:
			tries++
		default:
			return false
		}
	}
	return tries < limit
}

// onlyErrors reports whether every try at this cut brought an error code.
func (q *question) onlyErrors() bool {
	for _, t := range q.tries[:q.tried] {
		switch t.outcome {
		case record.ServFail, record.Refused, record.FormErr, record.NotImp, record.OtherRCode:
		default:
			return false
		}
	}
	return q.tried > 0
}

// unknownAddress returns a server name of the cut and a family whose addresses are not known, beginning at random so
// that the load spreads over the servers; IPv4 of all names goes first.
func (r *Resolver) unknownAddress(now step.Time, q *question) (*host, family, bool) {
	if q.lookups >= maxAddressLookups {
		return nil, 0, false
	}
	hosts := q.cut.set.hosts
	first := 0
	if len(hosts) > 1 {
		first = r.cfg.Rand.IntN(len(hosts))
	}
	for f := range families {
		if !r.uses(f) {
			continue
		}
		for i := range hosts {
			at := (first + i) % len(hosts)
			bit := uint64(1) << (2*at + int(f))
			if q.looked&bit == 0 && now >= hosts[at].addrs[f].expires {
				q.looked |= bit
				return hosts[at], f, true
			}
		}
	}
	return nil, 0, false
}

// lookUpAddress makes q wait for the address of one of its servers, unless that address needs q itself.
func (r *Resolver) lookUpAddress(now step.Time, q *question, h *host, f family) {
	k := key{h.name, f.rrType()}
	if a, ok := r.cached(now, k); ok {
		r.learnAddresses(now, h, f, a)
		return
	}
	if q.depth >= maxDepth {
		return
	}
	q.lookups++
	sub := r.ask(k, q.client, q.depth+1)
	if sub.needs(q) {
		q.nsLoop = true
		return
	}
	q.waitsFor, q.addrHost, q.addrFamily = sub, h, f
	q.state = awaitingAddress
	sub.waiters = append(sub.waiters, waiter{question: q})
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

// send puts the question on its way to a server.
func (r *Resolver) send(now step.Time, q *question, id step.ServerID, out *[]step.Ask) {
	cost := &q.client.Cost
	if cost.Queries >= r.cfg.MaxQueries {
		r.stop(q, record.WorkBound, ReasonQueries)
		return
	}
	cost.Queries++
	if q.tried > 0 {
		cost.Retries++
	}
	if q.tcp {
		cost.TCP++
	}
	s := r.servers[id]
	q.server, q.state = id, awaitingReply
	q.mixed = !r.cfg.NoMixCase && !q.lowerCase && s.caseKept != record.Refuses
	*out = append(*out, step.Ask{
		Ticket: q.ticket, Server: id, Addr: s.addr, Operator: s.operator,
		TCP: q.tcp, MixCase: q.mixed, Timeout: r.cfg.Timeout,
	})
}

// failed notes that an exchange brought nothing useful, and lets the next server be chosen.
func (q *question) failed(ev evidence) {
	if q.tried < maxTries {
		q.tries[q.tried] = try{q.server, ev.outcome}
		q.tried++
	}
	if ev.outcome == record.Timeout {
		q.silent++
	}
	if q.tried == 1 || rank(ev.outcome) > rank(q.worst.outcome) {
		q.worst = ev
	}
	q.tcp = false
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
	default:
		return 9
	}
}

// apply does what a reading of a reply says.
func (r *Resolver) apply(now step.Time, q *question, rd *reading, ev evidence) {
	if rd.verdict == notUseful {
		q.failed(ev)
		return
	}
	q.records = append(q.records, rd.records...)
	q.proof = append(q.proof, rd.proof...)
	for _, link := range rd.links {
		q.chain = append(q.chain, link)
		if q.loops(link.Target) {
			r.end(now, q, record.AliasLoop, rd, ev)
			return
		}
		if len(q.chain) > maxAliases {
			r.end(now, q, record.AliasLong, rd, ev)
			return
		}
	}
	q.at = rd.at
	switch rd.verdict {
	case final:
		r.end(now, q, rd.outcome, rd, ev)
	case aliased:
		q.state = findingCut
	case referred:
		if q.referrals++; q.referrals > maxReferrals {
			r.stop(q, record.WorkBound, ReasonReferrals)
			return
		}
		c := r.delegate(now, &rd.referral)
		if q.depth == 0 && len(q.chain) == 0 {
			q.client.cut = c
		}
		q.enter(c)
	}
}

// loops reports whether the chain has been at target before.
func (q *question) loops(target wire.Name) bool {
	for i := range q.chain {
		if q.chain[i].Owner == target {
			return true
		}
	}
	return false
}

package resolve

import (
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// exchange is one packet to one server and what it was like.
type exchange struct {
	server step.ServerID
	tcp    bool // the repetition of a truncated reply
	edns   bool
	mixed  bool // the case of the question's letters
}

// evidence is what an exchange leaves for the answer.
type evidence struct {
	outcome record.Outcome
	rcode   wire.RCode
	server  *server
	tcp     bool
	rtt     time.Duration
	size    int
	notes   *record.Notes
	silent  bool // nothing came in time, be it of a connection

	verdict  dnssec.Verdict // of bogus data
	brokenAt wire.Name
}

// send puts the question on its way to a server, over TCP if that server's reply was truncated, without EDNS if it does
// not speak it, and in lower case if it cannot deal with letters in mixed case, or perhaps cannot: if it failed already
// and never gave a useful reply to such a question.
func (r *Resolver) send(now step.Time, q *question, id step.ServerID, out *[]step.Ask) {
	if r.spent(q.client) {
		r.stop(q, record.WorkBound, CauseQueries)
		return
	}
	cost := &q.client.Cost
	cost.Queries++
	if q.tried > 0 {
		cost.Retries++
	}
	if q.tcp {
		cost.TCP++
	}
	s := r.servers[id]
	q.exchange = exchange{
		server: id,
		tcp:    q.tcp,
		edns:   !q.plain && s.edns != record.Refuses,
		mixed:  !r.cfg.NoMixCase && s.caseKept != record.Refuses && (s.mixedUseful || !q.hasTried(id)),
	}
	s.load++
	q.state = awaitingReply
	*out = append(*out, step.Ask{
		Ticket: q.ticket, Server: id, Addr: s.self.Addr, Operator: s.operator,
		Class: classOfZone(q.cut.zone), Foreseen: q.metError() || s.foresees(classOf(q.key.typ)), TCP: q.tcp, MixCase: q.mixed, Timeout: r.patience(q, s), Pause: q.pause(id),
	})
}

// patience is how long a reply of s is waited for: Config.Timeout; but a server that is known to be quick gets a fourth of
// that at first, and twice as much after each silence, so that a name whose packet was lost does not wait for nothing.
func (r *Resolver) patience(q *question, s *server) time.Duration {
	const part, lengths = 4, 3
	if s.longest == 0 || q.tcp {
		return r.cfg.Timeout
	}
	return min(max(r.cfg.Timeout/part<<min(q.silent, part), lengths*s.longest), r.cfg.Timeout)
}

// classOfZone says what the servers of a zone are for.
func classOfZone(zone wire.Name) step.ServerClass {
	switch zone.Labels() {
	case 0:
		return step.RootZone
	case 1:
		return step.TopLevel
	}
	return step.Leaf
}

// spent reports whether the client may send nothing more.
func (r *Resolver) spent(c *Client) bool { return int(c.Cost.Queries) >= r.cfg.MaxQueries }

// AppendQuery appends the message for the exchange that t names (step.Machine); nothing if it is not to be sent any more.
func (r *Resolver) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	q := r.questions.at(t)
	if r.forbidden(q) {
		return buf
	}
	return wire.AppendQuery(buf, id, q.key.name, q.key.typ, r.form(q))
}

// form is what the query for the exchange of q is like.
func (r *Resolver) form(q *question) wire.Query {
	return wire.Query{EDNS: q.edns, UDPSize: wire.UDPSize, DO: r.validates(), NSID: r.cfg.NSID}
}

// Exchange describes the exchange that t names, as far as it is known before its end, and returns the client whose it is.
func (r *Resolver) Exchange(t step.Ticket, x *record.Exchange) *Client {
	q := r.questions.at(t)
	x.Name, x.Type, x.Zone, x.Server = q.key.name, q.key.typ, q.cut.zone, &r.servers[q.server].self
	x.TCP, x.Mixed, x.Attempt, x.Purpose = q.exchange.tcp, q.mixed, q.tried+1, purposes[q.key.use]
	x.SetForm(r.form(q))
	return q.client
}

// purposes are what questions are asked for.
var purposes = [...]record.Purpose{
	answering: record.ForAnswer, serving: record.ForAddress, chaining: record.ForChain, surveying: record.ForSurvey, probing: record.ForSurvey,
}

// Reply is the reply that Handle was given last, as far as it had to be read. It holds as long as that does.
func (r *Resolver) Reply() *wire.Message { return &r.msg }

// Handle moves the question on whose packet has come to its end, or whose signatures have been checked.
func (r *Resolver) Handle(ev *step.Event, out *[]step.Ask) {
	q := r.questions.at(ev.Ticket)
	if ev.Kind == step.Worked {
		q.state = proving
	} else {
		r.exchanged(q, ev, out)
	}
	if q.state <= lastReady || q.state == ended {
		r.ready = append(r.ready, q)
	}
	r.run(ev.Now, out)
}

// exchanged takes the end of the exchange of q.
func (r *Resolver) exchanged(q *question, ev *step.Event, out *[]step.Ask) {
	s := r.servers[q.server]
	s.count(q, ev)
	r.relieve(s, ev)
	q.client.Cost.Waited += ev.Waited
	q.strained = q.strained || ev.Strained
	switch ev.Kind {
	case step.Reply:
		r.readReply(q, s, ev, out)
	case step.Timeout:
		s.noReply(ev.Now, q)
		ev := noReply(q, s, record.Timeout)
		ev.silent = true
		q.failed(ev)
	case step.Unreachable:
		s.noReply(ev.Now, q)
		q.failed(noReply(q, s, record.Unreachable))
	case step.Withdrawn:
		r.withdrawn(ev.Now, q)
	}
}

// noReply is the evidence of an exchange without a reply. If it was the repetition over TCP of a reply that was cut
// short, the failure is that truncation: a partial set must not be judged (spec rule R1.12, disputed point C21).
func noReply(q *question, s *server, o record.Outcome) evidence {
	if q.exchange.tcp {
		return evidence{outcome: record.Truncated, server: s, tcp: true}
	}
	return evidence{outcome: o}
}

// readReply takes the reply of s to q and leaves q in the state that follows. Before anything else it does away with
// what is between us and what the server has to say: mangled case, truncation, dislike of EDNS.
func (r *Resolver) readReply(q *question, s *server, ev *step.Event, out *[]step.Ask) {
	m := &r.msg
	seen := evidence{outcome: record.Malformed, server: s, tcp: q.exchange.tcp, rtt: ev.Arrived.Sub(ev.Sent), size: len(ev.Msg)}
	err := m.ParseQuestion(ev.Msg)
	bare := err == wire.ErrQuestions && m.RCode().IsError() // some servers reject a query with a header alone
	if err != nil && !bare || !m.Has(wire.FlagQR) || m.Opcode() != 0 {
		r.useless(ev.Now, q, s, seen)
		return
	}
	if q.mixed && !bare {
		if !ev.CaseKept { // the server mangles case: ask again in lower case
			s.caseKept = record.Refuses
			r.counts.CaseLost++
			r.send(ev.Now, q, s.id, out)
			return
		}
		if s.caseKept == record.Unknown {
			s.caseKept = record.Answers
		}
	}
	if m.Has(wire.FlagTC) && !q.exchange.tcp { // RFC 7766 5
		q.tcp, q.seenTC = true, true
		r.send(ev.Now, q, s.id, out)
		return
	}
	if !bare {
		err = m.ParseRecords()
	}
	if q.edns && m.DislikesEDNS() {
		q.plain = true
		r.counts.EDNSRefused++
		r.send(ev.Now, q, s.id, out)
		return
	}
	if m.Has(wire.FlagTC) { // over TCP: there is no whole reply to be had
		seen.outcome = record.Truncated
		r.useless(ev.Now, q, s, seen)
		return
	}
	if err != nil && !bare {
		r.useless(ev.Now, q, s, seen)
		return
	}
	seen.rcode = m.RCode()
	seen.notes = record.NotesOf(m)
	rd := &r.reading
	rd.read(m, q.cut.zone, q.key.name, q.key.typ)
	if rd.verdict == aliased && q.key.use == chaining {
		rd.conclude(record.Found, q.cut.zone) // what the chain of trust asks for is at the name itself
	}
	if m.Tangled() {
		rd.reject(record.Malformed)
	}
	seen.outcome = rd.outcome
	s.learn(q, m, rd)
	r.apply(ev.Now, q, s, rd, seen)
}

// useless notes a failed exchange.
func (r *Resolver) useless(now step.Time, q *question, s *server, ev evidence) {
	r.counts.Useless[ev.outcome]++
	s.failed(now, classOf(q.key.typ))
	q.failed(ev)
}

// apply does what a reading of a reply says.
func (r *Resolver) apply(now step.Time, q *question, s *server, rd *reading, ev evidence) {
	switch {
	case rd.verdict == notUseful:
		r.useless(now, q, s, ev)
		return
	case q.key.use == probing:
		r.judgeAlone(now, q, rd, ev)
		return
	}
	switch rd.verdict {
	case final:
		r.end(now, q, rd.outcome, rd, ev)
	case aliased:
		r.followAlias(now, q, rd, ev)
	case referred:
		if q.referrals++; q.referrals > maxReferrals {
			r.stop(q, record.WorkBound, CauseReferrals)
			q.answer.Expires = now.Add(failureTTL)
			return
		}
		c := r.delegate(now, q.cut, rd)
		if q.depth == 0 && q.links == 0 {
			for _, w := range q.waiters {
				if w.client != nil {
					w.client.keep(now, c)
				}
			}
		}
		r.enter(now, q, c)
	}
}

// keep makes c the client's own delegation, unless it has one that is closer to its name.
func (c *Client) keep(now step.Time, found *cut) {
	if c.cut == nil || now >= c.cut.expires || !c.cut.zone.Below(found.zone) {
		c.cut = found
	}
}

package stub

import (
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// exchange is one packet to one resolver and what it was like.
type exchange struct {
	server step.ServerID
	tcp    bool
	edns   bool
	mixed  bool // the case of the question's letters
}

// evidence is what an exchange leaves for the answer.
type evidence struct {
	outcome record.Outcome
	rcode   wire.RCode
	says    hint
	reason  dnssec.Reason // of the hint
	server  *server
	tcp     bool
	rtt     time.Duration
	size    int
	notes   *record.Notes
}

// rank orders failures by how much they tell: of several, the answer shows that of the highest rank, whatever the order
// in which the resolvers were asked.
func (ev *evidence) rank() int {
	switch ev.outcome {
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
	case record.OtherRCode, record.FormErr, record.NotImp:
		return 5
	case record.Refused:
		if ev.says == policy {
			return 20
		}
		return 6
	case record.ServFail:
		return 7 + int(ev.says)
	}
	return 21 // bogus
}

// send puts the question on its way to a resolver, without EDNS if that does not speak it, and in lower case if it mangles
// letters in mixed case or has failed already. It reports whether the question waits for the reply now: not if its
// client may send nothing more.
func (r *Resolver) send(q *question, id step.ServerID, out *[]step.Ask) bool {
	cost := &q.client.Cost
	if int(cost.Queries) >= r.cfg.MaxQueries {
		r.stop(q)
		return false
	}
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
		edns:   !q.plain && !s.plain,
		mixed:  !r.cfg.NoMixCase && !s.mangles && q.triedAt(id) == 0,
	}
	*out = append(*out, step.Ask{
		Ticket: q.ticket, Server: id, Addr: s.self.Addr, Port: s.port,
		TCP: q.tcp, MixCase: q.exchange.mixed, Timeout: r.cfg.Timeout, Foreseen: q.tried > q.silent,
	})
	return true
}

// AppendQuery appends the message for the exchange that t names (step.Machine). AD in a query asks for AD in the reply
// (RFC 6840 5.7), so DO is needed only for who wants to see the proof.
func (r *Resolver) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	q := r.questions[t]
	return wire.AppendQuery(buf, id, q.key.name, q.key.typ, r.form(q))
}

// form is what the query for the exchange of q is like.
func (r *Resolver) form(q *question) wire.Query {
	flags := wire.FlagRD | wire.FlagAD
	if q.phase == checking {
		flags |= wire.FlagCD
	}
	return wire.Query{Flags: flags, EDNS: q.edns, UDPSize: wire.UDPSize, NSID: r.cfg.NSID, DO: q.key.use == linking}
}

// Exchange describes the exchange that t names, as far as it is known before its end, and returns the client whose it is.
func (r *Resolver) Exchange(t step.Ticket, x *record.Exchange) *resolve.Client {
	q := r.questions[t]
	x.Name, x.Type, x.Server = q.key.name, q.key.typ, &r.servers[q.exchange.server].self
	x.TCP, x.Mixed, x.Purpose = q.exchange.tcp, q.mixed, purposes[q.key.use]
	if x.Attempt = q.tried + 1; q.phase == checking {
		x.Attempt = q.tried + q.checks
	}
	x.SetForm(r.form(q))
	return q.client
}

// purposes are what questions are asked for.
var purposes = [...]record.Purpose{answering: record.ForAnswer, linking: record.ForChain, confirmation: record.ForConfirmation}

// Reply is the reply that Handle was given last, as far as it had to be read. It holds as long as that does.
func (r *Resolver) Reply() *wire.Message { return &r.msg }

// Handle moves the question on whose packet has come to its end.
func (r *Resolver) Handle(ev *step.Event, out *[]step.Ask) {
	q := r.questions[ev.Ticket]
	s := r.servers[q.exchange.server]
	s.count(q, ev)
	q.client.Cost.Waited += ev.Waited
	waits := false
	switch ev.Kind {
	case step.Reply:
		waits = r.readReply(q, s, ev, out)
	case step.Timeout:
		q.failed(q.noReply(s, record.Timeout))
	case step.Unreachable:
		q.failed(q.noReply(s, record.Unreachable))
	}
	if !waits {
		r.ready = append(r.ready, q)
	}
	r.run(ev.Now, out)
}

// noReply is the evidence of an exchange without a reply. If it was the repetition over TCP of a reply that was cut
// short, the failure is that truncation: a partial set must not be judged (spec rule R1.12, disputed point C21).
func (q *question) noReply(s *server, o record.Outcome) evidence {
	if q.exchange.tcp {
		return evidence{outcome: record.Truncated, server: s, tcp: true}
	}
	return evidence{outcome: o}
}

// readReply takes the reply of s to q, and reports whether q waits for another one now. Before anything else it does
// away with what is between us and what the resolver has to say: mangled case, truncation, dislike of EDNS.
func (r *Resolver) readReply(q *question, s *server, ev *step.Event, out *[]step.Ask) bool {
	m := &r.msg
	seen := evidence{outcome: record.Malformed, server: s, tcp: q.exchange.tcp, rtt: ev.Arrived.Sub(ev.Sent), size: len(ev.Msg)}
	err := m.ParseQuestion(ev.Msg)
	bare := err == wire.ErrQuestions && m.RCode().IsError() // some servers reject a query with a header alone
	if err != nil && !bare || !m.Has(wire.FlagQR) || m.Opcode() != 0 {
		r.useless(q, seen)
		return false
	}
	if q.mixed && !bare && !ev.CaseKept {
		s.mangles = true
		r.counts.CaseLost++
		return r.send(q, s.id, out)
	}
	if m.Has(wire.FlagTC) && !q.exchange.tcp { // RFC 7766 5
		q.tcp, q.seenTC = true, true
		return r.send(q, s.id, out)
	}
	if !bare {
		err = m.ParseRecords()
	}
	if q.edns && m.DislikesEDNS() {
		q.plain = true
		r.counts.EDNSRefused++
		return r.send(q, s.id, out)
	}
	switch {
	case m.Has(wire.FlagTC): // over TCP: there is no whole reply to be had
		seen.outcome = record.Truncated
		r.useless(q, seen)
	case err != nil && !bare:
		r.useless(q, seen)
	default:
		seen.rcode, seen.notes = m.RCode(), record.NotesOf(m)
		seen.says, seen.reason = hintOf(seen.notes)
		r.judge(ev.Now, q, m, seen)
	}
	return false
}

// useless notes a failed exchange that brought a reply.
func (r *Resolver) useless(q *question, seen evidence) {
	r.counts.Useless[seen.outcome]++
	q.failed(seen)
}

// judge does what a whole reply says. What a resolver made up itself says nothing about the domain (spec rule R7.3):
// perhaps another one does better.
func (r *Resolver) judge(now step.Time, q *question, m *wire.Message, seen evidence) {
	seen.server.learn(q, m)
	rd := &r.reading
	switch {
	case seen.says == policy:
		seen.outcome = record.Refused
	case seen.rcode.IsError():
		seen.outcome = record.OutcomeOf(seen.rcode)
		if seen.outcome == record.ServFail && seen.says == bogus {
			seen.outcome = record.Bogus
		}
	case !m.Has(wire.FlagRA):
		seen.outcome = record.Lame // no recursive resolver, or not for us
		seen.server.stats.Lame++
	case !rd.read(m, q.key.name, q.key.typ):
		seen.outcome = record.Malformed
	case q.phase == checking:
		q.suspect(rd, &seen)
		return
	default:
		r.accept(now, q, m, rd, &seen)
		return
	}
	r.useless(q, seen)
}

// suspect takes what came with checking disabled. If the servers have something to say about the name, it was validation
// that failed. The answer stays that of the SERVFAIL.
func (q *question) suspect(rd *reading, seen *evidence) {
	if rd.outcome != record.Found && !rd.authoritative {
		q.checks = passingTries
		return
	}
	q.answer.Outcome = record.Bogus
	if seen.says != bogus {
		q.answer.Cause = CauseSuspect
	}
	q.conclude(record.BogusData, seen.reason, "")
}

// accept makes the answer of q from a reading.
func (r *Resolver) accept(now step.Time, q *question, m *wire.Message, rd *reading, seen *evidence) {
	seen.outcome = rd.outcome
	q.answer = q.newAnswer(seen)
	a := &q.answer.Answer
	a.Attempts++
	a.Zone, a.TTL = rd.zone, rd.ttl
	rd.copyTo(a)
	if a.Outcome.Failed() { // a chain without an end
		a.Expires, a.TTL = now.Add(failureTTL), 0
	} else {
		a.Expires = now.Add(lifetime(a))
	}
	secure := m.Has(wire.FlagAD)
	if q.key.use == linking && q.key.typ == wire.TypeDS {
		q.answer.link, q.answer.why = readLink(m, rd, q.key.name, secure, seen)
	}
	switch {
	case secure:
		seen.server.validates = true
		q.conclude(record.Secure, dnssec.None, "")
	case q.key.use == confirmation:
		q.conclude(record.Indeterminate, dnssec.NotValidated, "")
	case seen.says == indeterminate || seen.says == bogus: // RFC 8914 4.6; a validator that lets bogus data pass
		q.answer.link = unknown
		q.conclude(record.Indeterminate, seen.reason, "")
	default:
		a.Security, a.Reason = record.Insecure, seen.reason.String()
		q.phase = confirming
	}
}

package resolve

import (
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// evidence is what an exchange leaves for the answer.
type evidence struct {
	outcome record.Outcome
	rcode   wire.RCode
	server  *server
	tcp     bool
	rtt     time.Duration
	size    int
	ede     []record.EDE
	nsid    []byte
}

// readReply takes the reply of s to q and leaves q in the state that follows.
func (r *Resolver) readReply(q *question, s *server, ev *step.Event, out *[]step.Ask) {
	m, seen := &r.msg, evidence{outcome: record.Malformed, server: s, tcp: q.tcp, rtt: ev.Arrived.Sub(ev.Sent), size: len(ev.Msg)}
	if err := m.ParseQuestion(ev.Msg); err != nil {
		q.failed(seen)
		return
	}
	if q.mixed {
		if !ev.CaseKept { // the server mangles case: ask again in lower case
			s.caseKept = record.Refuses
			r.send(ev.Now, q, s.id, out)
			return
		}
		s.caseKept = record.Answers
	}
	if m.Has(wire.FlagTC) && !q.tcp { // RFC 7766 5
		q.tcp, q.seenTC = true, true
		r.send(ev.Now, q, s.id, out)
		return
	}
	err := m.ParseRecords()
	if s.lacksEDNS(m) {
		s.edns = record.Refuses
		r.send(ev.Now, q, s.id, out)
		return
	}
	if err != nil || m.Has(wire.FlagTC) {
		q.failed(seen)
		return
	}
	seen.rcode = m.RCode()
	seen.ede, seen.nsid = options(m)
	rd := &r.reading
	rd.read(m, q.cut.zone, q.at, q.key.typ)
	seen.outcome = rd.outcome
	if q.lowerCase && rd.verdict != notUseful {
		s.caseKept = record.Refuses // the letters were the trouble
	}
	s.learn(ev.Now, q.key.typ, m, rd)
	r.apply(ev.Now, q, rd, seen)
}

// lacksEDNS reports whether m shows that the server, which was asked with EDNS, does not speak it (RFC 6891 7), or not
// a version we speak (6.1.3).
func (s *server) lacksEDNS(m *wire.Message) bool {
	if s.edns == record.Refuses {
		return false
	}
	switch m.RCode() {
	case wire.FormErr, wire.BadVers:
		return true
	case wire.NotImp:
		return !m.HasOPT()
	}
	return false
}

// learn notes what a reply shows of its server.
func (s *server) learn(now step.Time, typ wire.Type, m *wire.Message, rd *reading) {
	if s.edns == record.Unknown && m.HasOPT() {
		s.edns = record.Answers
	}
	code := m.RCode()
	switch code {
	case wire.ServFail:
		s.stats.ServFail++
	case wire.Refused:
		s.stats.Refused++
	case wire.FormErr:
		s.stats.FormErr++
	case wire.NotImp:
		s.stats.NotImp++
	}
	if rd.verdict == notUseful {
		s.poor[classOf(typ)] = now.Add(penaltyTime)
		if rd.outcome == record.Lame {
			s.stats.Lame++
		}
	}
	if typ != wire.TypeCAA || s.caa == record.Answers {
		return
	}
	switch code {
	case wire.NoError, wire.NXDomain:
		s.caa = record.Answers
	case wire.NotImp:
		s.caa = record.NotImplemented
	default:
		s.caa = record.Refuses
	}
}

// options returns the extended errors (RFC 8914) and the instance identifier (RFC 5001) of a reply.
func options(m *wire.Message) (ede []record.EDE, nsid []byte) {
	if !m.HasOPT() {
		return nil, nil
	}
	for code, data := range m.Options {
		switch code {
		case wire.OptionEDE:
			if e, err := wire.ParseEDE(data); err == nil {
				ede = append(ede, record.EDE{Code: e.Code, Text: e.CleanText()})
			}
		case wire.OptionNSID:
			nsid = slices.Clone(data)
		}
	}
	return ede, nsid
}

// giveUp ends q without an answer from the servers of its zone.
func (r *Resolver) giveUp(now step.Time, q *question) {
	if q.tried > 0 {
		r.end(now, q, q.worst.outcome, nil, q.worst)
		return
	}
	reason := ReasonNoAddress
	if q.nsLoop {
		reason = ReasonNSLoop
	}
	r.stop(q, record.Lame, reason)
	q.answer.Expires = now.Add(failureTTL)
}

// stop ends q for a reason of our own, with nothing from a server. The answer expires at once.
func (r *Resolver) stop(q *question, o record.Outcome, reason string) {
	r.end(0, q, o, nil, evidence{})
	q.answer.Reason, q.answer.Expires = reason, 0
}

// end makes the answer of q.
func (r *Resolver) end(now step.Time, q *question, o record.Outcome, rd *reading, ev evidence) {
	a := &record.Answer{
		Name: q.key.name, Type: q.key.typ, Outcome: o, RCode: ev.rcode,
		Zone: q.cut.zone, NS: q.cut.set.names, Proof: q.cut.ds,
		TCP: ev.tcp, Truncated: q.seenTC, RTT: ev.rtt, Size: ev.size, EDE: ev.ede, NSID: ev.nsid,
		Attempts: int(q.tried),
	}
	if len(q.records) > 0 {
		a.Chain, a.Records = slices.Clone(q.chain), slices.Clone(q.records)
	}
	if len(q.proof) > 0 {
		a.Proof = slices.Concat(q.cut.ds, q.proof)
	}
	if ev.server != nil {
		a.Server, a.ServerName = ev.server.addr, ev.server.names[0]
	}
	if rd != nil {
		a.Attempts++ // the one that rd was read from
	}
	if o.Failed() {
		a.FailedAt = q.cut.zone
		a.Expires = now.Add(failureTTL)
	} else {
		a.Zone, a.TTL = rd.zone, rd.ttl
		a.Expires = now.Add(lifetime(a))
	}
	q.answer, q.state = a, ended
}

// lifetime is how long an answer may be used again: the shortest TTL in it, within the bounds of cut.go.
func lifetime(a *record.Answer) time.Duration {
	ttl := a.TTL
	for i := range a.Chain {
		ttl = min(ttl, a.Chain[i].TTL)
	}
	life := boundTTL(ttl)
	if a.Outcome != record.Found {
		life = min(life, maxNegativeTTL)
	}
	return life
}

// deliver hands the answer of an ended question to all who wait for it, and frees its slot.
func (r *Resolver) deliver(now step.Time, q *question) {
	a := q.answer
	delete(r.underWay, q.key)
	if now < a.Expires {
		r.answers.put(q.key, a)
		if a.Outcome == record.NXDomain && len(a.Chain) == 0 {
			r.answers.put(key{q.key.name, anyType}, a)
		}
	}
	for i := range q.waiters {
		switch w := q.waiters[i]; {
		case a.Outcome == record.WorkBound && w.payer() != q.client:
			r.askAgain(q, w)
		case w.client != nil:
			r.finished = append(r.finished, Result{w.client, a})
		default:
			w.question.addressesFound(r, now, a)
		}
	}
	r.release(q)
}

// payer is the client whose work a waiter is.
func (w waiter) payer() *Client {
	if w.client != nil {
		return w.client
	}
	return w.question.client
}

// askAgain starts the question once more at the expense of one who waited for it: that the first who asked has used up
// its work says nothing about the name.
func (r *Resolver) askAgain(q *question, w waiter) {
	depth := uint8(0)
	if w.question != nil {
		depth = w.question.depth + 1
	}
	again := r.ask(q.key, w.payer(), depth)
	again.waiters = append(again.waiters, w)
	if w.question != nil {
		w.question.waitsFor = again
	}
}

// addressesFound takes the answer that q waited for.
func (q *question) addressesFound(r *Resolver, now step.Time, a *record.Answer) {
	if a.Outcome != record.WorkBound && a.Reason != ReasonNSLoop { // these two say nothing about the server
		r.learnAddresses(now, q.addrHost, q.addrFamily, a)
	}
	q.nsLoop = q.nsLoop || a.Reason == ReasonNSLoop
	q.waitsFor, q.addrHost = nil, nil
	q.state = choosingServer
	r.ready = append(r.ready, q)
}

// release makes the slot of q free. Its slices keep their room.
func (r *Resolver) release(q *question) {
	clear(q.chain)
	clear(q.records)
	clear(q.proof)
	clear(q.waiters)
	*q = question{
		ticket: q.ticket, chain: q.chain[:0], records: q.records[:0], proof: q.proof[:0], waiters: q.waiters[:0],
	}
	r.free = append(r.free, q.ticket)
}

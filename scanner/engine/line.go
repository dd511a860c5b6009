package engine

import (
	"net/netip"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

// Asks for the same server leave in the order in which they were made. They stand in the server's line; the one at
// its head has an appointment, the others cost nothing until it has left. In the same way the servers of one operator
// take turns, if operators are limited: one of them has the turn, and the others stand in the operator's line. So
// however many names wait for a server or an operator, one exchange a server at most is in the wheel.
//
// A server with a non-empty line is in one place:
//
//	turn of its operator -> ready -> leaves; and again from the left with the next in line
//	                          |
//	                          +-> no TCP connection free: waits for one (tcp.line), passing on the turn
//	                          +-> the server's limit:     in the wheel, passing on the turn
//	                          +-> the operator's limit:   in the wheel, keeping the turn
//	                          +-> the total limit:        stays ready, and nobody is sent until then

// totalPause is how long the loop at least pauses when the total limit is reached: at high rates it then sends several
// packets a turn in place of one. It stays below the lateness that the limits forgive, so nothing of the rate is lost.
const totalPause = ratelimit.Grain * 3 / 4

// peer is a server as the loop knows it.
type peer struct {
	addr       batch.Addr
	slot       ratelimit.Slot
	head, tail uint32           // its line of exchanges, linked by link
	next       uint32           // the peer behind it in the line it stands in
	operator   uint32           // index; none if its operator limits nothing
	waiting    uint32           // exchanges in its line
	cause      Cause            // what they wait for
	class      step.ServerClass // the highest that it was asked for with
	known      bool
}

// operator is who runs servers.
type operator struct {
	turn    uint32 // the peer that has the turn, or none
	waiting line
}

// line is a queue of peers, linked by next. Each peer stands in one at most.
type line struct{ head, tail uint32 }

var emptyLine = line{none, none}

func (l *Loop) push(q *line, p uint32) {
	l.peers[p].next = none
	if q.head == none {
		q.head = p
	} else {
		l.peers[q.tail].next = p
	}
	q.tail = p
}

func (l *Loop) pushFront(q *line, p uint32) {
	l.peers[p].next = q.head
	if q.head == none {
		q.tail = p
	}
	q.head = p
}

func (l *Loop) pop(q *line) uint32 {
	p := q.head
	q.head = l.peers[p].next
	return p
}

// enqueue turns the asks into exchanges in their servers' lines, and hands Work to the workers.
func (l *Loop) enqueue() {
	for k := range l.asks {
		a := &l.asks[k]
		if a.Work != nil {
			l.workers.ask(a.Ticket, a.Work)
			a.Work = nil
			continue
		}
		i, e := l.slab.take()
		e.ticket, e.server, e.span, e.link = a.Ticket, uint32(a.Server), makeSpan(a.Timeout), none
		if a.TCP {
			e.flags |= overTCP
		}
		if a.MixCase {
			e.flags |= mixCase
		}
		if a.Foreseen {
			e.flags |= foreseen
		}
		switch p := l.meet(a); {
		case l.departureOf(p).count == 0: // a family that is not used
			e.state, e.span = waiting, span{}
			l.unsent = append(l.unsent, i)
		case a.Pause > 0:
			e.state = pausing
			l.pausing++
			l.wheel.add(i, l.now.Add(a.Pause))
		default:
			l.join(i, e)
		}
	}
	l.asks = l.asks[:0]
}

// join puts exchange i at the end of its server's line.
func (l *Loop) join(i uint32, e *exchange) {
	e.state, e.time = waiting, l.now
	p := &l.peers[e.server]
	l.wait(p, +1)
	if p.head != none {
		l.slab.at(p.tail).link = i
		p.tail = i
		return
	}
	p.head, p.tail = i, i
	l.queue(e.server)
}

// wait counts exchanges that come to the line of p, or leave it.
func (l *Loop) wait(p *peer, by int) {
	p.waiting = uint32(int(p.waiting) + by)
	l.waiting[p.cause] += by
}

// blame notes what the line of p waits for.
func (l *Loop) blame(p *peer, cause Cause) {
	l.waiting[p.cause] -= int(p.waiting)
	p.cause = cause
	l.waiting[p.cause] += int(p.waiting)
}

// meet returns the peer that a names, setting it up the first time.
func (l *Loop) meet(a *step.Ask) *peer {
	for int(a.Server) >= len(l.peers) {
		l.peers = append(l.peers, peer{})
	}
	p := &l.peers[a.Server]
	if p.known {
		if a.Class > p.class {
			p.class = a.Class
			l.findSlot(p, a)
		}
		return p
	}
	*p = peer{
		addr: batch.MakeAddr(netip.AddrPortFrom(a.Addr, orDefault(a.Port, l.port))),
		head: none, tail: none, next: none, operator: none, class: a.Class, known: true,
	}
	if l.limits == nil {
		return p
	}
	l.findSlot(p, a)
	if l.limits.PerOperator() && a.Operator != 0 {
		index, met := l.operator[a.Operator]
		if !met {
			index = uint32(len(l.operators))
			l.operators = append(l.operators, operator{turn: none, waiting: emptyLine})
			l.operator[a.Operator] = index
		}
		p.operator = index
	}
	return p
}

// findSlot gets the place in the limits of p, whose server a names; a higher class than before raises it there.
func (l *Loop) findSlot(p *peer, a *step.Ask) {
	if l.limits != nil {
		p.slot = l.limits.Slot(a.Addr, uint64(a.Operator), ratelimit.Class(a.Class))
	}
}

// queue brings peer p, which has an exchange at its head and stands nowhere, to its operator's turn.
func (l *Loop) queue(p uint32) {
	if o := l.peers[p].operator; o != none {
		if op := &l.operators[o]; op.turn == none {
			op.turn = p
		} else {
			l.blame(&l.peers[p], OperatorLimit)
			l.push(&op.waiting, p)
			return
		}
	}
	l.prepare(p)
}

// prepare puts peer p, which has its operator's turn if that is limited, among those whose head may try to leave.
func (l *Loop) prepare(p uint32) {
	l.blame(&l.peers[p], Turn)
	l.push(&l.ready, p)
}

// passOn ends the turn of peer p and gives it to the next of the operator's servers.
func (l *Loop) passOn(p uint32) {
	o := l.peers[p].operator
	if o == none {
		return
	}
	op := &l.operators[o]
	if op.turn = none; op.waiting.head != none {
		op.turn = l.pop(&op.waiting)
		l.prepare(op.turn)
	}
}

// unpark is called when the limit that parked e may allow it.
func (l *Loop) unpark(e *exchange) {
	e.state = waiting
	p := e.server
	if o := l.peers[p].operator; o != none && l.operators[o].turn == p {
		l.prepare(p)
		return
	}
	l.queue(p)
}

// leave sends off the head of the line of peer p, which is no longer in ready, or puts it where it must wait.
func (l *Loop) leave(p uint32) error {
	peer := &l.peers[p]
	i := peer.head
	e := l.slab.at(i)
	d := l.departureOf(peer)
	if e.flags&overTCP != 0 {
		if l.tcp.free == 0 {
			l.blame(peer, Connection)
			l.push(&l.tcp.line, p)
			l.passOn(p)
			return nil
		}
	} else if ok, err := l.room(d); !ok || err != nil {
		l.pushFront(&l.ready, p)
		return err
	}
	if l.limits != nil {
		when, by := l.limits.Take(peer.slot, int64(l.now))
		switch by {
		case ratelimit.Server, ratelimit.Operator:
			e.state = parked
			l.wheel.add(i, step.Time(when))
			if by == ratelimit.Operator {
				l.blame(peer, OperatorLimit)
				return nil
			}
			l.blame(peer, ServerLimit)
			l.passOn(p)
			return nil
		case ratelimit.Total:
			l.pushFront(&l.ready, p)
			l.resume, l.held = max(step.Time(when), l.now.Add(totalPause)), true
			return nil
		}
	}

	peer.head = e.link
	l.wait(peer, -1)
	timeout := e.span.duration()
	e.span = span{}
	if l.limits != nil {
		waited := l.now.Sub(e.time)
		l.counters.Wait.addWait(waited)
		e.span = makeSpan(waited)
		l.held = false
	}
	if e.flags&overTCP != 0 {
		l.dial(i, e, peer, timeout)
	} else {
		l.board(d, i, e, peer, timeout)
	}
	l.passOn(p)
	if peer.head != none {
		l.queue(p)
	}
	return nil
}

package engine

import (
	"syscall"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

// departure is the batch of one family that is about to leave. All of it leaves through one socket, which is drawn at
// random when the first exchange boards: so the batches stay full and the ports hard to guess.
type departure struct {
	first, count int // sockets of the family
	socket       uint16
	out          *batch.Out
	boarded      []boarded // the exchanges, in the order of the batch
	since        step.Time // when the first of them boarded
	tries        int       // failures in a row to send the first of them
	retry        step.Time // not before this moment, after ENOBUFS
}

// boarded is an exchange in the batch.
type boarded struct {
	exchange uint32
	timeout  time.Duration
}

func makeDeparture(first, count int) departure {
	return departure{
		first: first, count: count,
		out: batch.NewOut(batchSize, querySize, false), boarded: make([]boarded, 0, batchSize),
	}
}

func (d *departure) len() int { return len(d.boarded) }

func (l *Loop) departureOf(p *peer) *departure {
	if p.addr.Is4() {
		return &l.v4
	}
	return &l.v6
}

// departureFrom returns the departure of the family of a socket.
func (l *Loop) departureFrom(socket int) *departure {
	if socket < l.v4.first+l.v4.count {
		return &l.v4
	}
	return &l.v6
}

// send carries out the asks as far as limits and sockets allow, and reports those that cannot be sent; until nothing
// is left to do now.
func (l *Loop) send() error {
	for {
		l.enqueue()
		if err := l.depart(); err != nil {
			return err
		}
		if err := l.flush(&l.v4); err != nil {
			return err
		}
		if err := l.flush(&l.v6); err != nil {
			return err
		}
		for _, i := range l.unsent {
			l.end(i, step.Unreachable, nil, false)
		}
		l.unsent = l.unsent[:0]
		for _, i := range l.withdrawn {
			l.end(i, step.Withdrawn, nil, false)
		}
		l.withdrawn = l.withdrawn[:0]
		if len(l.asks) == 0 {
			return nil
		}
	}
}

// depart lets the ready servers' exchanges leave. Full batches go at once, the rest waits for flush.
func (l *Loop) depart() error {
	for l.ready.head != none && !l.stuck && l.now >= l.resume {
		if err := l.leave(l.pop(&l.ready)); err != nil {
			return err
		}
	}
	return nil
}

// room makes sure that an exchange can board d, and reports whether it can.
func (l *Loop) room(d *departure) (bool, error) {
	if d.out.Full() || d.len() > 0 && l.matcher.full(d.socket) {
		if err := l.flush(d); err != nil || d.len() > 0 {
			return false, err
		}
	}
	if d.len() > 0 {
		return true, nil
	}
	d.since = l.now
	at := int(l.rnd.Uint64() % uint64(d.count))
	for k := range d.count {
		d.socket = uint16(d.first + (at+k)%d.count)
		if !l.matcher.full(d.socket) {
			return true, nil
		}
	}
	l.resume = l.now.Add(retryAfter) // every ID of every socket is in flight
	return false, nil
}

// board puts exchange i into the batch.
func (l *Loop) board(d *departure, i uint32, e *exchange, p *peer, timeout time.Duration) {
	l.matcher.add(i, d.socket, l.rnd)
	e.state, e.time = boarding, 0
	msg := l.machine.AppendQuery(e.ticket, e.id, d.out.Buffer())
	if len(msg) == 0 {
		l.matcher.remove(i)
		l.withdraw(i, e)
		return
	}
	var rnd uint64
	if e.flags&mixCase != 0 {
		rnd = l.rnd.Uint64()
	}
	q := makeQuestion(l.matcher.seed, msg, e.flags&mixCase != 0, rnd)
	e.sent, e.link = q.sent, q.folded
	d.out.Add(msg, &p.addr)
	d.boarded = append(d.boarded, boarded{i, timeout})
	l.carried(d, 1, len(msg)) // now, so that the next packet waits for it

}

// withdraw gives up exchange i, which has left its line and is not to be sent.
func (l *Loop) withdraw(i uint32, e *exchange) {
	e.state, e.time = waiting, 0
	l.withdrawn = append(l.withdrawn, i)
}

// retryAfter is how long the loop waits before it sends again when the system has no room for a packet and will not
// say when it does (ENOBUFS: the queue of the network card is full).
const retryAfter = time.Millisecond

// sendTries is how often a packet is offered before an error is taken to be its own. Errors that ICMP messages
// brought are reported once each and on whatever call is next; that many do not arrive between two calls.
const sendTries = 8

// flush sends the batch. What the system will not take now stays in it.
func (l *Loop) flush(d *departure) error {
	for d.len() > 0 && !l.stuck && l.now >= d.retry {
		conn := l.conns[d.socket]
		l.now = l.clock()
		sent, calls, err := conn.Send(d.out)
		l.counters.SendCalls += uint64(calls)
		if sent > 0 {
			l.departed(d, sent)
		}
		switch err {
		case nil:
		case syscall.EAGAIN:
			l.counters.SendBlocked++
			l.stuck = true
			return l.poller.WantWrite(int(d.socket), true)
		case syscall.ENOBUFS, syscall.ENOMEM:
			l.counters.SendBlocked++
			d.retry = l.now.Add(retryAfter)
			l.resume = max(l.resume, d.retry)
		default:
			l.readErrors(int(d.socket))
			if d.tries++; d.tries == sendTries {
				l.refuse(d)
			}
		}
	}
	return nil
}

// departed notes that the first sent exchanges of the batch have left, at l.now.
func (l *Loop) departed(d *departure, sent int) {
	late := l.limits != nil && l.now.Sub(d.since) > ratelimit.Grain
	for _, b := range d.boarded[:sent] {
		e := l.slab.at(b.exchange)
		e.state, e.time = flying, l.now
		l.wheel.add(b.exchange, l.now.Add(b.timeout))
		if late {
			l.limits.Late(l.peers[e.server].slot, int64(l.now))
		}
	}
	l.counters.Sent += uint64(sent)
	d.boarded = d.boarded[:copy(d.boarded, d.boarded[sent:])]
	d.tries = 0
}

// refuse gives up the first exchange of the batch, which the system will not send.
func (l *Loop) refuse(d *departure) {
	i := d.boarded[0].exchange
	l.counters.SendRefused++
	l.matcher.remove(i)
	l.slab.at(i).state = waiting
	l.unsent = append(l.unsent, i)
	d.out.Skip()
	d.boarded = d.boarded[:copy(d.boarded, d.boarded[1:])]
	d.tries = 0
}

package engine

import (
	"encoding/binary"
	"time"

	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Under load a reply a system call is a waste. When many exchanges are in flight and replies trickle in, the loop
// naps before it looks at its sockets, so that several wait on each; when they come in plenty it looks at once. The
// nap is far below any round trip through the Internet, and doubles or halves with what it brought.
const (
	napFlight = 256                    // exchanges in flight below which latency counts more
	napFew    = 4                      // replies a call that make the nap longer
	napMany   = 16                     // replies a call that make it shorter
	napMin    = 100 * time.Microsecond // the kernel's timers do no less
	napMax    = time.Millisecond       // the grain of the wheel and of the limits
)

// clockEvery is how many datagrams may be handled before the loop looks at the clock again.
const clockEvery = 64

// receive waits for the sockets for up to timeout, for ever if that is negative, and hands on what has come.
func (l *Loop) receive(timeout time.Duration) error {
	if l.nap > 0 && timeout != 0 {
		batch.Nap(l.nap)
	}
	var woken bool
	var err error
	if l.events, woken, err = l.poller.Wait(timeout, l.events[:0]); err != nil {
		return err
	}
	if l.cancelled.Load() {
		return nil
	}
	l.now, l.arrived = l.clock(), 0
	if woken {
		l.collect()
	}
	replies := 0
	l.behind = false
	for _, r := range l.events {
		if r.Writable {
			l.stuck = false
			if err := l.poller.WantWrite(r.Key, false); err != nil {
				return err
			}
		}
		if r.Failed {
			l.readErrors(r.Key)
		}
		if r.Readable || r.Failed {
			replies += l.readReplies(r.Key)
		}
		// What the replies led to goes into the batch now: the asks stay few, and in the cache.
		l.enqueue()
		if err := l.depart(); err != nil {
			return err
		}
	}
	l.adjustNap(replies, len(l.events))
	return nil
}

func (l *Loop) adjustNap(replies, calls int) {
	switch {
	case l.matcher.count < napFlight || replies > napMany*calls:
		if l.nap /= 2; l.nap < napMin {
			l.nap = 0
		}
	case replies < napFew*calls:
		l.nap = min(max(2*l.nap, napMin), napMax)
	}
}

// readReplies reads once from a socket, and returns how many datagrams came. If there are more the poller says so
// again.
func (l *Loop) readReplies(socket int) int {
	n, err := l.conns[socket].Recv(l.in)
	l.counters.RecvCalls++
	if err != nil { // a pending error, cleared by the call
		l.readErrors(socket)
		return 0
	}
	if l.arrived += n; l.arrived > clockEvery {
		l.now, l.arrived = l.clock(), 0
	}
	l.counters.Received += uint64(n)
	l.behind = l.behind || n == batchSize
	for k := range n {
		if msg := l.in.Msg(k); isReply(msg) {
			l.touched += l.matcher.touch(uint16(socket), binary.BigEndian.Uint16(msg))
		}
	}
	octets := 0
	for k := range n {
		msg := l.in.Msg(k)
		octets += len(msg)
		if !isReply(msg) {
			l.counters.Strays[NotReply]++
			continue
		}
		if l.in.Truncated(k) {
			setTruncated(msg)
		}
		l.reply(uint16(socket), msg, l.in.From(k))
	}
	if n > 0 {
		l.carried(l.departureFrom(socket), n, octets)
	}
	return n
}

// reply gives the machine msg if it is the reply to an exchange in flight on socket: if the ID, the address and port
// it came from, and the question are right (RFC 5452 9.1).
func (l *Loop) reply(socket uint16, msg []byte, from *batch.Addr) {
	i := l.matcher.find(socket, binary.BigEndian.Uint16(msg))
	if i == none || l.slab.at(i).state != flying {
		if late := l.matcher.findLate(socket, msg); late != nil {
			l.counters.Strays[TooLate]++
			l.heardLate(late, msg, from)
		} else {
			l.counters.Strays[UnknownID]++
		}
		return
	}
	e := l.slab.at(i)
	if !l.peers[e.server].addr.Equal(from) {
		l.counters.Strays[WrongAddress]++
		return
	}
	same, exact := e.question().matches(l.matcher.seed, msg)
	if !same && isUnreadRejection(msg) {
		same, exact = true, true
	}
	if !same {
		l.counters.Strays[WrongQuestion]++
		return
	}
	l.matcher.remove(i)
	l.wheel.cancel(i)
	l.end(i, step.Reply, msg, exact)
}

// readErrors reads all ICMP errors that a socket has for us. Each quotes the packet it is about, which is how it
// finds its exchange; one that quotes too little to find it is only counted.
func (l *Loop) readErrors(socket int) {
	for {
		n, err := l.conns[socket].RecvErrors(l.errs)
		if n == 0 || err != nil {
			return
		}
		l.counters.ICMPErrors += uint64(n)
		for k := range n {
			if l.errs.Err(k) != 0 {
				l.undelivered(uint16(socket), l.errs.Msg(k), l.errs.From(k))
			}
		}
	}
}

// undelivered tells the machine that a packet to the address to did not reach its server, if the quote of it fits an
// exchange in flight as a reply must. A quote that ends before the question does cannot show that, and need not.
func (l *Loop) undelivered(socket uint16, quote []byte, to *batch.Addr) {
	if len(quote) < 2 {
		return
	}
	i := l.matcher.find(socket, binary.BigEndian.Uint16(quote))
	if i == none {
		return
	}
	e := l.slab.at(i)
	if e.state != flying || !l.peers[e.server].addr.Equal(to) {
		return
	}
	if _, exact := e.question().matches(l.matcher.seed, quote); !exact && wire.QuestionEnd(quote) != 0 {
		return
	}
	l.matcher.remove(i)
	l.wheel.cancel(i)
	l.end(i, step.Unreachable, nil, false)
}

package engine

import (
	"sync"

	"github.com/caascan/caascan/scanner/step"
)

// Stray is a reason for which a datagram, or a message over TCP, was not taken for a reply.
type Stray uint8

const (
	NotReply      Stray = iota // shorter than a header, or the bit QR is clear
	UnknownID                  // no exchange in flight on that socket has the ID; also a reply that came twice
	WrongAddress               // the ID is in flight, but with another server
	WrongQuestion              // ID and server are right, the question is not, or is missing
	TooLate                    // answers an exchange that has timed out lately
	strayKinds
)

// String returns the words for a report.
func (s Stray) String() string {
	return [...]string{"not a reply", "unknown ID", "wrong address", "wrong question", "too late"}[s]
}

// Strays counts by Stray.
type Strays [strayKinds]uint64

// Cause is what an exchange waits for before it may leave.
type Cause uint8

const (
	Turn          Cause = iota // nothing but its turn, or the system
	ServerLimit                // the limit of its server
	OperatorLimit              // the limit of its operator, or another server of that
	TotalLimit                 // the limit of the whole scan
	Connection                 // a TCP connection
	Causes        = iota
)

// String returns the word for figures.
func (c Cause) String() string {
	return [...]string{"turn", "server", "operator", "total", "connection"}[c]
}

// Stats is what a loop has done since its start, and what it has under way. All are numbers of packets, messages, calls
// or pieces of Work.
type Stats struct {
	Sent        uint64 // datagrams
	Received    uint64 // datagrams, strays included
	Dialled     uint64 // TCP connections begun
	Events      [step.Worked + 1]uint64
	Replies     [16]uint64 // by response code as the header has it; those cut short over UDP apart
	Truncated   uint64     // replies over UDP with the bit TC
	RTT         Histogram  // round trips of replies over UDP
	Wait        Histogram  // how long queries waited for limits before they left
	Strays      Strays
	ICMPErrors  uint64 // that came back, whether or not they fitted an exchange
	SendCalls   uint64 // system calls
	RecvCalls   uint64
	SendBlocked uint64 // calls that the system had no room for; their packets left later
	SendRefused uint64 // datagrams that the system would not send at all
	KernelDrops uint64 // datagrams lost because a socket's receive buffer was full, read once a second
	Helped      uint64 // pieces of Work done by helpers; those of Events[step.Worked] that are more the loop did itself

	InFlight int // packets that left and connections that are open, without an end so far
	Pausing  int // exchanges that were asked for with a pause and are not yet in a line
	Waiting  int // exchanges that wait for a limit, a connection or the system
	Working  int // pieces of Work asked for and not yet done
	Peers    int // servers met

	WaitingFor [Causes]int // those that wait, by what for
}

// counters is the loop's own copy of the sums; the published one is under the lock.
type counters struct {
	Stats
	dropsRead step.Time

	mu        sync.Mutex
	published Stats
}

// Stats returns the numbers as of the loop's last turn. Any goroutine may call it at any time.
func (l *Loop) Stats() Stats {
	l.counters.mu.Lock()
	defer l.counters.mu.Unlock()
	return l.counters.published
}

// publish makes the loop's numbers visible to others.
func (l *Loop) publish() {
	c := &l.counters
	if l.now.Sub(c.dropsRead) >= dropsEvery {
		c.dropsRead, c.KernelDrops = l.now, 0
		for _, conn := range l.conns {
			c.KernelDrops += conn.Drops()
		}
	}
	c.InFlight = l.matcher.count - l.v4.len() - l.v6.len() + l.tcp.open()
	c.Pausing = l.pausing
	c.Waiting = l.slab.used - c.InFlight - c.Pausing
	c.WaitingFor = l.waitingFor()
	c.Working = l.workers.open
	c.Peers = len(l.peers)
	c.mu.Lock()
	c.published = c.Stats
	c.mu.Unlock()
}

// waitingFor counts by cause what waits now. Under the limit of the whole scan nobody is to blame by itself: all whose turn
// it is wait for it.
func (l *Loop) waitingFor() [Causes]int {
	by := l.waiting
	by[Turn] = l.counters.Waiting
	for _, n := range by[Turn+1:] {
		by[Turn] -= n
	}
	if l.held && l.now < l.resume {
		by[TotalLimit], by[Turn] = by[Turn], 0
	}
	return by
}

// Add adds what another loop has done and has under way.
func (s *Stats) Add(o *Stats) {
	s.Sent += o.Sent
	s.Received += o.Received
	s.Dialled += o.Dialled
	s.ICMPErrors += o.ICMPErrors
	s.SendCalls += o.SendCalls
	s.RecvCalls += o.RecvCalls
	s.SendBlocked += o.SendBlocked
	s.SendRefused += o.SendRefused
	s.KernelDrops += o.KernelDrops
	s.Helped += o.Helped
	s.Truncated += o.Truncated
	s.RTT.Add(&o.RTT)
	s.Wait.Add(&o.Wait)
	for k, n := range o.Events {
		s.Events[k] += n
	}
	for k, n := range o.Replies {
		s.Replies[k] += n
	}
	for k, n := range o.Strays {
		s.Strays[k] += n
	}
	s.InFlight += o.InFlight
	s.Pausing += o.Pausing
	s.Waiting += o.Waiting
	s.Working += o.Working
	s.Peers += o.Peers
	for k, n := range o.WaitingFor {
		s.WaitingFor[k] += n
	}
}

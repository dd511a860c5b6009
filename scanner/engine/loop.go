// Package engine carries out what a step.Machine asks for: it sends each query when the limits allow, matches the
// replies, keeps the deadlines, and tells the machine what became of each Ask. It knows nothing of the DNS beyond the
// header and the question.
//
// A Loop is one goroutine on one thread, with its own sockets, slab, wheel and matcher; the one thing that loops share
// is the table of limits. A program runs one loop a core. Each turn of a loop reads the clock, fires the deadlines
// that have passed, lets the machine admit work, sends, and waits for the sockets (loop.go).
//
// The life of an Ask: it becomes an exchange in the slab (slab.go), waits in the wheel (wheel.go) for as long as it
// was told to pause, and joins its server's line (line.go). At the
// head of the line it takes permission from the limits, waiting for it in the wheel if need be. Then the
// machine writes the message into the batch that is about to leave (send.go), through a socket drawn at random, under
// an ID drawn at random (matcher.go). It is in the wheel again until its deadline. A reply finds it by socket and ID,
// and must come from the server's address and port and have its question (receive.go). An Ask for TCP goes from the
// head of the line to a goroutine, of which there is a bounded number (tcp.go). An Ask that is Work is none of this: it
// is done by the loop between two looks at its sockets, or by another processor that is idle (work.go).
//
// How many exchanges are in flight is a number: each costs 48 octets in the slab and 8 to 16 in the matcher, and none
// costs an allocation. Neither moves what it holds when it grows, but for the quarter of a megabyte that is a socket's
// part of the matcher.
package engine

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

// Config is what a loop is made from. The zero value of each field but IPv4 and IPv6 works.
type Config struct {
	IPv4, IPv6 bool             // families to use; at least one
	Source     []netip.Addr     // addresses to send from, in turn; a family without one uses the system's choice
	Port       uint16           // of all servers; 0 is 53
	InFlight   int              // exchanges that shall be possible at the same time: Sockets follows from it
	Sockets    int              // a family, at most 1,024; 0 is 64, and more above a million in flight. Each is a source port that an attacker has to guess
	TCPConns   int              // TCP connections at the same time; 0 is 128
	MaxReply   int              // longest UDP message taken, in octets; 0 is 4096. A longer one is cut and gets the bit TC
	RecvBuffer int              // octets for each socket; 0 is 1 MiB
	SendBuffer int              // octets for each socket; 0 is 1 MiB
	Limits     *ratelimit.Table // shared by all loops; nil is no limit
	Clock      func() step.Time // nil is the system's clock
	Seed       [32]byte         // of IDs, ports and case; all zero draws one from the system
}

// maxSockets bounds the sockets of a family; 1,024 already let 48 million exchanges be in flight.
const maxSockets = 1 << 10

// usualBuffer is what a socket's buffers may hold, in octets: some hundred replies each, by the kernel's way of counting.
const usualBuffer = 1 << 20

// usualTCPConns is how many TCP connections may be open.
const usualTCPConns = 128

// batchSize is how many datagrams one system call sends or receives at most. Eight get most of the gain; more make
// the random choice of a socket rarer and hold up the first of the batch.
const batchSize = 64

// querySize is a buffer's size for one query: 12 + 255 + 4 octets and an OPT record with what it may carry.
const querySize = 512

// errorBatch and errorSize are the room for ICMP errors read at once, and for what each quotes of a query: a router
// returns at most 576 octets (RFC 1812 4.3.2.3).
const (
	errorBatch = 16
	errorSize  = 576
)

// dropsEvery is how often the kernel's count of lost datagrams is read (SO_MEMINFO): one call a socket, some 20 µs for
// all of them. SO_RXQ_OVFL would tell it with each datagram, at the price of a control message for all of them on a
// socket that ever lost one, and of the room for it in every call; and what was lost after the last datagram came would
// not be told at all.
const dropsEvery = time.Second

// Loop drives one machine.
type Loop struct {
	machine step.Machine
	clock   func() step.Time
	limits  *ratelimit.Table // nil if nothing is limited
	port    uint16

	// The exchanges and where they are.
	slab      slab
	wheel     *wheel
	matcher   *matcher
	peers     []peer // by step.ServerID
	operators []operator
	operator  map[step.OperatorID]uint32 // index in operators
	ready     line                       // peers whose head exchange may try to leave
	unsent    []uint32                   // exchanges that could not be sent, to be reported
	withdrawn []uint32                   // exchanges that the machine does not want sent any more, likewise
	pausing   int                        // exchanges in that state
	waiting   [Causes]int                // exchanges in lines, by peer.cause

	// The sockets.
	poller  *batch.Poller
	conns   []conn
	v4, v6  departure
	in      *batch.In
	errs    *batch.In
	events  []batch.Ready
	stuck   bool      // a batch waits until its socket can send
	resume  step.Time // no sending before this moment
	held    bool      // that is because of the limit of the whole scan
	nap     time.Duration
	touched state // so that matcher.touch is not in vain
	arrived int   // datagrams read since the clock was
	behind  bool  // there is more to be read than was
	tcp     tcp
	workers workers

	// The machine's view.
	now   step.Time
	asks  []step.Ask
	event step.Event

	rnd       *rand.ChaCha8
	fire      func(uint32)
	cancelled atomic.Bool
	counters  counters

	inspections inspections
}

// conn is what the loop does with a socket: a *batch.Conn, or in tests one that fails at will.
type conn interface {
	Send(*batch.Out) (sent, calls int, err error)
	Recv(*batch.In) (int, error)
	RecvErrors(*batch.In) (int, error)
	Drops() uint64
	Close() error
}

// New opens the sockets of a loop that will drive machine. Run closes them; a loop that never runs needs Close.
func New(cfg Config, machine step.Machine) (*Loop, error) {
	if !cfg.IPv4 && !cfg.IPv6 {
		return nil, errors.New("engine: neither IPv4 nor IPv6 is to be used")
	}
	if cfg.InFlight < 0 || cfg.Sockets < 0 || cfg.Sockets > maxSockets || cfg.TCPConns < 0 || cfg.MaxReply < 0 || cfg.MaxReply > 1<<16 {
		return nil, fmt.Errorf("engine: %d sockets, %d TCP connections, replies of %d octets: out of range",
			cfg.Sockets, cfg.TCPConns, cfg.MaxReply)
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock()
	}
	if cfg.Seed == [32]byte{} {
		crand.Read(cfg.Seed[:])
	}
	l := &Loop{
		machine:  machine,
		clock:    cfg.Clock,
		limits:   cfg.Limits,
		port:     orDefault(cfg.Port, 53),
		slab:     newSlab(),
		operator: make(map[step.OperatorID]uint32),
		ready:    emptyLine,
		in:       batch.NewIn(batchSize, orDefault(cfg.MaxReply, 4096), false),
		errs:     batch.NewIn(errorBatch, errorSize, true),
		rnd:      rand.NewChaCha8(cfg.Seed),
	}
	l.now = l.clock()
	l.wheel = newWheel(&l.slab, l.now)
	l.fire = l.deadline
	l.inspections.ended = make(chan struct{})
	l.tcp.setup(orDefault(cfg.TCPConns, usualTCPConns), cfg.Source)
	l.workers.setup(l.Wake)
	if err := l.open(cfg); err != nil {
		l.Close()
		return nil, fmt.Errorf("engine: %w", err)
	}
	l.matcher = newMatcher(&l.slab, len(l.conns))
	return l, nil
}

func orDefault[T int | uint16](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// SystemClock returns a clock that starts from the wall clock and goes on with the monotonic one.
func SystemClock() func() step.Time {
	start := time.Now()
	wall := step.Time(start.UnixNano())
	return func() step.Time { return wall.Add(time.Since(start)) }
}

// open opens the sockets, those of IPv4 first.
func (l *Loop) open(cfg Config) error {
	var err error
	if l.poller, err = batch.NewPoller(); err != nil {
		return err
	}
	sockets := cfg.sockets()
	for _, family := range []struct {
		wanted bool
		any    netip.Addr
		d      *departure
	}{
		{cfg.IPv4, netip.IPv4Unspecified(), &l.v4},
		{cfg.IPv6, netip.IPv6Unspecified(), &l.v6},
	} {
		if !family.wanted {
			continue
		}
		sources := familyOf(cfg.Source, family.any)
		*family.d = makeDeparture(len(l.conns), sockets)
		for k := range sockets {
			conn, err := batch.Listen(netip.AddrPortFrom(sources[k%len(sources)], 0), batch.Options{
				RecvBuffer: orDefault(cfg.RecvBuffer, usualBuffer),
				SendBuffer: orDefault(cfg.SendBuffer, usualBuffer),
				Errors:     true,
			})
			if err != nil {
				return err
			}
			l.conns = append(l.conns, conn)
			if err := l.poller.Add(conn, len(l.conns)-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// familyOf returns the addresses of the family of unspecified, or that itself if there are none.
func familyOf(addrs []netip.Addr, unspecified netip.Addr) []netip.Addr {
	var of []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() == unspecified.Is4() {
			of = append(of, a)
		}
	}
	if of == nil {
		of = append(of, unspecified)
	}
	return of
}

// Close frees what New opened. Run does so itself; Close is for a loop that is not run. It may be called again.
func (l *Loop) Close() {
	l.inspections.end()
	for _, c := range l.conns {
		c.Close()
	}
	if l.poller != nil {
		l.poller.Close()
	}
}

// Wake tells the loop that there is input for Machine.Admit. Any goroutine may call it at any time, also before and
// after Run.
func (l *Loop) Wake() { l.poller.Wake() }

// Run drives the machine until it is done, and returns nil; or until ctx is cancelled, and returns its error: then it
// sends nothing more and gives no more events, and what was under way stays so. In either case, and if the system
// fails it, all its goroutines have ended and all its sockets are closed when it returns. It may be called once.
func (l *Loop) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.Close()
	defer l.inspections.end()
	defer l.publish()
	ctx, cancel := context.WithCancel(ctx)
	defer l.tcp.wait()
	defer l.workers.stop()
	defer cancel()
	l.tcp.ctx, l.tcp.wake = ctx, l.Wake
	unwatch := context.AfterFunc(ctx, func() {
		l.cancelled.Store(true)
		l.Wake()
	})
	defer unwatch()

	for ctx.Err() == nil && !l.cancelled.Load() {
		l.now = l.clock()
		l.wheel.advance(l.now, l.fire)
		l.work()
		more := l.behind || l.admit() // what has come goes before what else could be asked
		if err := l.send(); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
		l.publish()
		l.inspections.run()
		if l.machine.Done() {
			return nil
		}
		pause := l.idle()
		if more {
			pause = 0
		}
		if err := l.receive(pause); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
	return ctx.Err()
}

// The machine is asked for more until it has none, a number of times and for a time at most: so a window of millions
// fills in seconds, and replies are read in between.
const (
	admitRounds = 16
	admitShare  = time.Millisecond
)

// admit lets the machine admit work, and reports whether it may have more.
func (l *Loop) admit() bool {
	for range admitRounds {
		l.machine.Admit(l.now, &l.asks)
		if len(l.asks) == 0 {
			return false
		}
		l.enqueue()
		if l.clock().Sub(l.now) > admitShare {
			break
		}
	}
	return true
}

// idle returns how long the loop may sleep if no socket has anything; negative is for ever.
func (l *Loop) idle() time.Duration {
	if !l.workers.idle() {
		return 0
	}
	until, some := l.wheel.nextTime()
	unsent := l.ready.head != none || l.v4.len()+l.v6.len() > 0
	if unsent && !l.stuck && (!some || l.resume < until) {
		until, some = l.resume, true
	}
	if !some {
		return -1
	}
	return max(0, until.Sub(l.now))
}

// deadline is called by the wheel when the time of exchange i has come.
func (l *Loop) deadline(i uint32) {
	e := l.slab.at(i)
	switch e.state {
	case pausing:
		l.pausing--
		l.join(i, e)
		return
	case parked:
		l.unpark(e)
		return
	}
	l.matcher.remove(i)
	l.matcher.forget(e)
	l.end(i, step.Timeout, nil, false)
}

// end tells the machine what became of exchange i, which is nowhere any more but in the slab.
func (l *Loop) end(i uint32, kind step.EventKind, msg []byte, caseKept bool) {
	e := l.slab.at(i)
	l.event = step.Event{
		Kind: kind, Ticket: e.ticket, CaseKept: caseKept, Now: l.now,
		Sent: e.time, Waited: e.span.duration(), Msg: msg,
	}
	if kind == step.Reply {
		l.event.Arrived = l.now
		l.countReply(e, msg)
	}
	l.event.Strained = l.heard(e, kind, msg)
	l.slab.give(i)
	l.counters.Events[kind]++
	l.machine.Handle(&l.event, &l.asks)
	l.event.Msg = nil
}

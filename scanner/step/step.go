// Package step is the seam between the resolver, which decides, and the engine, which carries out.
//
// An engine loop owns the sockets, the wheel of deadlines and the clock. It drives a Machine: it lets it admit
// work (Admit), and tells it what became of each thing it asked for (Handle). The machine answers with Asks, each
// of them one packet to one server, or one computation too long for the loop, under a Ticket the machine chose. For every Ask the loop gives back exactly one
// Event with that ticket. Between the two stands the limiter: how long a packet waits for its server's turn is the
// loop's affair, and the machine only learns of it afterwards (Event.Waited).
//
// A machine opens no socket, starts no goroutine and reads no clock: time arrives as a value. The same machine
// therefore runs under the engine, under one look-up of a person, and in a test whose clock is a variable.
package step

import (
	"net/netip"
	"time"
)

// Time is nanoseconds since the Unix epoch on a clock that never steps back. Drivers make it from the wall clock at
// their start plus monotonic time since; tests make it up.
type Time int64

// Add returns the moment d after t.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns how long u lies before t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Wall returns t as a time.Time in UTC.
func (t Time) Wall() time.Time { return time.Unix(0, int64(t)).UTC() }

// Ticket names one Ask under way. The machine chooses it and may use it again once its Event has come.
type Ticket uint32

// ServerID is a machine's dense number for a server address: 0, 1, 2, ... in the order in which it met them. It
// spares the loop a hash per packet. One ID always stands for the same Addr, Port and Operator.
type ServerID uint32

// OperatorID is the key of whoever runs a server: a hash of the registrable domain of the server's name. Zero means
// not known: such a server is limited by its address alone.
type OperatorID uint64

// Work is a computation too long for a turn of a loop, such as the check of signatures. Do is called once, on whatever
// goroutine the driver likes. What it touches belongs to it until the Event has come.
type Work interface{ Do() }

// Ask is one query to one server, or one piece of Work: then only Ticket and Work are set, no packet leaves, and the
// Event is of the kind Worked.
type Ask struct {
	Ticket   Ticket
	Work     Work
	Server   ServerID
	TCP      bool // over TCP, otherwise UDP
	MixCase  bool // randomise the case of the question's letters (0x20) and say in the Event whether it came back
	Addr     netip.Addr
	Port     uint16 // 0 is that of the driver
	Operator OperatorID
	Class    ServerClass
	Foreseen bool          // an error code would be no surprise, and so tells nothing of what rate the server bears
	Timeout  time.Duration // counted from the moment the packet leaves
	Pause    time.Duration // the packet joins its server's line no earlier than this from now
}

// ServerClass says what a server is for, since those that everybody needs have limits of their own. A server that is
// asked about several kinds of zones has the class of the highest.
type ServerClass uint8

const (
	Leaf     ServerClass = iota
	TopLevel             // of a top-level domain
	RootZone             // of the root
)

// EventKind says what became of an Ask.
type EventKind uint8

const (
	Reply       EventKind = iota // a message that matches in server, ID and question; or a bare header with FORMERR or NOTIMP
	Timeout                      // nothing came within Ask.Timeout of sending
	Unreachable                  // the packet could not be delivered: ICMP error, no route, TCP refused or broken
	Withdrawn                    // the machine did not want the packet sent any more: AppendQuery gave nothing
	Worked                       // Ask.Work has been done
)

// Event is the end of an Ask.
type Event struct {
	Kind     EventKind
	Ticket   Ticket
	CaseKept bool          // the reply's question has, octet by octet, the case that was sent
	Strained bool          // the limiter thinks that the server lately refused or failed because it got too much
	Now      Time          // when the event is handled
	Sent     Time          // when the packet left; zero if it never did
	Arrived  Time          // when the loop read the reply
	Waited   time.Duration // time spent waiting for the limiter's permission, before Sent
	Msg      []byte        // the reply, valid during the call only
}

// Machine is what a loop drives. All calls come from one goroutine. Asks are appended to *out, which the loop owns.
type Machine interface {
	// Admit starts as much new work as there is room and input for. The loop calls it on every turn.
	Admit(now Time, out *[]Ask)

	// Handle takes the end of one Ask.
	Handle(ev *Event, out *[]Ask)

	// AppendQuery appends to buf the DNS message of the ask that t names, with the given ID. The loop calls it when
	// the packet is about to leave, so that a query that waits for its turn costs no copy of its octets. The name
	// in the question is in lower case; mixing the case is the loop's work. If it appends nothing, nothing is sent.
	AppendQuery(t Ticket, id uint16, buf []byte) []byte

	// Done reports that no work is under way and none will come.
	Done() bool
}

// Tap is a Machine that shows what passes through another one. Nil functions are not called.
type Tap struct {
	Machine
	Asked func(Ask)    // for each Ask, as it is made
	Ended func(*Event) // for each Event, before the machine has it
}

// Admit implements Machine.
func (t *Tap) Admit(now Time, out *[]Ask) {
	before := len(*out)
	t.Machine.Admit(now, out)
	t.show((*out)[before:])
}

// Handle implements Machine.
func (t *Tap) Handle(ev *Event, out *[]Ask) {
	if t.Ended != nil {
		t.Ended(ev)
	}
	before := len(*out)
	t.Machine.Handle(ev, out)
	t.show((*out)[before:])
}

func (t *Tap) show(asks []Ask) {
	if t.Asked == nil {
		return
	}
	for _, ask := range asks {
		t.Asked(ask)
	}
}

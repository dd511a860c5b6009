// Package ratelimit answers one question: may the next packet go to this server now, and if not, when?
//
// A limit is arithmetic on a timestamp (gcra.go). For each server address, for each operator of servers and for the
// whole scan the table keeps the moment from which the next packet may leave; taking a permission moves it on by the
// interval that belongs to the rate. A packet leaves when its server, its operator and the whole scan allow it at the
// same moment: nothing is reserved ahead, so no permission is used later than it was given and each of the limits
// holds by itself. The package reads no clock and starts nothing; time is a value, in nanoseconds, and the same for
// all callers.
//
// The rates given in Limits are caps. What a server really bears nobody tells; it shows when packets get lost or are
// refused. Packets are counted by rounds of sending, so that what stays away is missed a round-trip time and a grace
// later and not when it times out (flight.go), and a server's rate follows what gets through (adapt.go, server.go).
// Loss at many servers at once is our own link's; then the rate of the whole scan comes down (link.go).
//
// Several loops share a table. A loop fetches the Slot of a server once, when it first meets it. From then on it calls
// Take before each packet and Heard when the exchange has ended; Carried with what went over the wire, if bits are
// limited. It reads what has come before it sends, or a pause of its own looks like loss. Servers says in the end
// what was sent to whom and what was decided.
//
// The caps are strict. In any window of length T at most 1 + cap * (T + Grain) packets are allowed, whatever the
// order in which loops call and whatever is heard.
package ratelimit

import (
	"fmt"
	"hash/maphash"
	"iter"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits are rates in packets a second. A rate of zero is no limit.
type Limits struct {
	PerServer   float64 // for each server address
	PerTopLevel float64 // in its place for servers of top-level domains; zero is as PerServer
	PerRoot     float64 // in its place for servers of the root; zero is as PerServer
	PerOperator float64 // for all servers of one operator together
	Total       float64 // for the whole scan

	// Start is the rate at which a server begins that was never heard of. Zero, or more than its cap, is its cap.
	Start float64

	// Bits is for the whole scan too, in bits a second, both directions together.
	Bits float64

	// Share is the part of the rates of servers and operators, Start among them, that this process may use when
	// several machines share a scan: these rates are multiplied by it. Zero means 1. Total and Bits are this
	// machine's own.
	Share float64
}

// Class says what a server is for, since those that everybody needs have caps of their own.
type Class uint8

const (
	Leaf     Class = iota
	TopLevel       // of a top-level domain
	RootZone       // of the root

	classes = int(RootZone) + 1
)

// Level names the limit that made a packet wait.
type Level uint8

const (
	None     Level = iota // no limit: the packet may leave
	Server                // the server's own
	Operator              // the operator's
	Total                 // that of the whole scan
)

// Table holds what is known of all servers and operators. Its methods may be called by any number of goroutines.
type Table struct {
	bounds          [classes]bounds // of the servers' rates
	operator, total int64           // intervals in nanoseconds; zero is no limit
	bit             float64         // nanoseconds a bit takes; zero is no limit

	all       atomic.Int64 // from when the next packet of the scan may leave
	paid      atomic.Int64 // until when the octets carried so far take up the link
	link      link
	servers   registry[netip.Addr, server]
	operators registry[uint64, atomic.Int64]
}

// Slot is one server's place in a table.
type Slot struct {
	server   *server
	operator *atomic.Int64 // nil if there is no such limit
}

// New returns an empty table. It refuses rates and shares that are negative or not numbers, and a share above 1.
func New(l Limits) (*Table, error) {
	share := l.Share
	if share == 0 {
		share = 1
	}
	if !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("rate share %v: want more than 0 and at most 1", l.Share)
	}
	for _, r := range []struct {
		name string
		rate float64
		unit string
	}{
		{"per server", l.PerServer, "packets"},
		{"per server of a top-level domain", l.PerTopLevel, "packets"},
		{"per root server", l.PerRoot, "packets"},
		{"per operator", l.PerOperator, "packets"},
		{"total", l.Total, "packets"},
		{"at the start", l.Start, "packets"},
		{"of bits", l.Bits, "bits"},
	} {
		if !(r.rate >= 0) || math.IsInf(r.rate, 0) {
			return nil, fmt.Errorf("rate %s %v: want a number of %s a second, 0 for no limit", r.name, r.rate, r.unit)
		}
	}
	t := &Table{operator: interval(l.PerOperator * share), total: interval(l.Total)}
	for class, limit := range [classes]float64{l.PerServer, l.PerTopLevel, l.PerRoot} {
		if limit == 0 {
			limit = l.PerServer
		}
		t.bounds[class] = makeBounds(limit*share, l.Start*share)
	}
	if l.Bits > 0 {
		t.bit = min(float64(time.Second)/l.Bits, float64(maxInterval))
	}
	t.servers.seed, t.operators.seed = maphash.MakeSeed(), maphash.MakeSeed()
	return t, nil
}

// PerOperator reports whether operators are limited.
func (t *Table) PerOperator() bool { return t.operator != 0 }

// Slot returns the place of the server at addr, which belongs to operator; an operator of zero is not known and
// limits nothing. A server that is asked for with several classes has the highest. Slot takes a lock and, the first
// time, allocates; keep what it returns.
func (t *Table) Slot(addr netip.Addr, operator uint64, class Class) Slot {
	var s Slot
	s.server = t.servers.at(addr.Unmap().WithZone(""))
	s.server.raise(min(class, RootZone), &t.bounds)
	if t.operator != 0 && operator != 0 {
		s.operator = t.operators.at(operator)
	}
	return s
}

// Take asks whether a packet to the server of s may leave at now. If so it counts the packet and returns now and
// None: the packet must leave at once. Otherwise nothing is counted, and it returns the limit that forbids it and
// the earliest moment, after now, at which that limit could allow it; another caller may be first.
func (t *Table) Take(s Slot, now int64) (when int64, by Level) {
	v := s.server
	v.Lock()
	defer v.Unlock()
	v.settle(now, &t.link)
	when, base := spaced(v.base, now, v.spacing())
	if when > now {
		return when, Server
	}
	var operator taking
	if s.operator != nil {
		if when, ok := operator.take(s.operator, now, t.operator); !ok {
			return when, Operator
		}
	}
	if paid := t.paid.Load(); paid > now {
		operator.undo()
		return paid, Total
	}
	if interval := max(t.total, t.link.interval.Load()); interval != 0 {
		var total taking
		if when, ok := total.take(&t.all, now, interval); !ok {
			operator.undo()
			return when, Total
		}
	}
	v.base = base
	v.left(now)
	return now, None
}

// Late tells the table that a packet which Take allowed left only at sent, because the system would not take it
// earlier. The packets after it keep their distance from that moment.
func (t *Table) Late(s Slot, sent int64) {
	s.server.Lock()
	s.server.base = max(s.server.base, sent-int64(Grain))
	s.server.Unlock()
	if s.operator != nil {
		delay(s.operator, sent, t.operator)
	}
	if t.total != 0 {
		delay(&t.all, sent, t.total)
	}
}

// Heard tells the table at now how the exchange ended whose packet left at sent, or a little before by the clock of
// another loop. Each packet that left is to be told of once; one that never left after Take is Moot. It returns
// true for a refusal or a failure by a server whose rate was lately lowered for such: then the question may well be
// asked again, later.
func (t *Table) Heard(s Slot, sign Sign, sent, now int64) (strained bool) {
	s.server.Lock()
	s.server.heard(sign, sent, now, &t.link)
	strained = s.server.strained(sign, now)
	s.server.Unlock()
	return strained
}

// Carried tells the table at now that octets went over the wire, in either direction, headers included. They are paid
// for after the fact: no packet leaves until they would have passed at the rate of Limits.Bits.
func (t *Table) Carried(octets int, now int64) {
	if t.bit == 0 || octets <= 0 {
		return
	}
	takes := int64(math.Ceil(min(float64(octets)*8*t.bit, float64(maxInterval))))
	for {
		paid := t.paid.Load()
		if t.paid.CompareAndSwap(paid, max(paid, now-int64(Grain))+takes) {
			return
		}
	}
}

// Decision is what was sent to a server, and what was decided for it.
type Decision struct {
	Sent     uint64  // packets allowed
	Peak     int     // most packets within one second, a second being any eight consecutive eighths of the clock's seconds
	Limit    float64 // packets a second that it may get now; 0 if nothing limits it
	Slowed   int     // how often its rate was lowered
	SlowedBy string  // for what most often: timeouts, refused, servfail, truncation; "" if never
	Lowest   bool    // Limit is what a server gets at the least, and was more at the start
}

// Server returns what was decided for one server up to now; false if it was never met. It may be called at any time.
func (t *Table) Server(addr netip.Addr) (d Decision, met bool) {
	v := t.servers.find(addr.Unmap().WithZone(""))
	if v == nil {
		return Decision{}, false
	}
	v.Lock()
	defer v.Unlock()
	return v.decision(), true
}

// Servers yields each server met so far with what was decided for it up to now, in no order. It may be called at any
// time, and takes each server's lock for a moment.
func (t *Table) Servers() iter.Seq2[netip.Addr, Decision] {
	return func(yield func(netip.Addr, Decision) bool) {
		for addr, v := range t.servers.all() {
			v.Lock()
			d := v.decision()
			v.Unlock()
			if !yield(addr, d) {
				return
			}
		}
	}
}

const (
	shards = 64 // locks a registry: loops meet new servers at the same time mostly at the start of a scan
	chunk  = 32 // values allocated at once: one allocation in place of many small ones
)

// registry gives each key its value. Values stay where they are for as long as the registry lives.
type registry[K comparable, V any] struct {
	seed   maphash.Seed
	shards [shards]struct {
		sync.Mutex
		values map[K]*V
		free   []V
	}
}

func (r *registry[K, V]) at(key K) *V {
	s := &r.shards[maphash.Comparable(r.seed, key)%shards]
	s.Lock()
	defer s.Unlock()
	if v := s.values[key]; v != nil {
		return v
	}
	if s.values == nil {
		s.values = make(map[K]*V)
	}
	if len(s.free) == 0 {
		s.free = make([]V, chunk)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	s.values[key] = v
	return v
}

// find returns the value of a key, nil if it has none.
func (r *registry[K, V]) find(key K) *V {
	s := &r.shards[maphash.Comparable(r.seed, key)%shards]
	s.Lock()
	defer s.Unlock()
	return s.values[key]
}

// all yields the values that are there when their shard's turn comes. No lock is held while it yields.
func (r *registry[K, V]) all() iter.Seq2[K, *V] {
	type entry struct {
		key   K
		value *V
	}
	return func(yield func(K, *V) bool) {
		var entries []entry
		for i := range r.shards {
			s := &r.shards[i]
			entries = entries[:0]
			s.Lock()
			for key, value := range s.values {
				entries = append(entries, entry{key, value})
			}
			s.Unlock()
			for _, e := range entries {
				if !yield(e.key, e.value) {
					return
				}
			}
		}
	}
}

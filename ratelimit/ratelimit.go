// Package ratelimit answers one question: may the next packet go to this server now, and if not, when?
//
// A limit is arithmetic on a timestamp. For each server address, for each operator of servers and for the whole scan
// the table keeps one word: the moment from which the next packet may leave. Taking a permission moves the word on
// by the interval that belongs to the rate (gcra.go). The package reads no clock and starts nothing; time is a value,
// in nanoseconds, and the same for all callers.
//
// Several loops share a table. A loop fetches the Slot of a server once, when it first meets it; that takes a lock.
// From then on it calls Take with the slot, which takes none. A packet leaves when its server, its operator and the
// whole scan allow it at the same moment: nothing is reserved ahead, so no permission is used later than it was
// given and each of the three limits holds by itself.
//
// The limits are strict. In any window of length T at most 1 + rate * (T + Grain) packets are allowed, whatever the
// order in which loops call.
package ratelimit

import (
	"fmt"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits are rates in packets a second. A rate of zero is no limit.
type Limits struct {
	PerServer   float64 // for each server address
	PerOperator float64 // for all servers of one operator together
	Total       float64 // for the whole scan

	// Share is the part of each rate that this process may use when several machines share a scan: the rates are
	// multiplied by it. Zero means 1.
	Share float64
}

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
	server, operator, total int64 // intervals in nanoseconds; zero is no limit

	all       atomic.Int64 // the word of the whole scan
	servers   registry[netip.Addr]
	operators registry[uint64]
}

// Slot is one server's place in a table.
type Slot struct {
	server, operator *atomic.Int64 // nil if there is no such limit
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
	t := &Table{}
	for _, r := range []struct {
		name     string
		rate     float64
		interval *int64
	}{
		{"per server", l.PerServer, &t.server},
		{"per operator", l.PerOperator, &t.operator},
		{"total", l.Total, &t.total},
	} {
		if !(r.rate >= 0) || math.IsInf(r.rate, 0) {
			return nil, fmt.Errorf("rate %s %v: want a number of packets a second, 0 for no limit", r.name, r.rate)
		}
		*r.interval = interval(r.rate * share)
	}
	t.servers.seed, t.operators.seed = maphash.MakeSeed(), maphash.MakeSeed()
	return t, nil
}

// maxInterval keeps sums of a time and an interval far from the end of int64: a rate below one packet in ten years
// is one packet in ten years.
const maxInterval = 10 * 365 * 24 * time.Hour

// interval returns the nanoseconds between packets at rate, rounded up so that the rate is never passed.
func interval(rate float64) int64 {
	if rate == 0 {
		return 0
	}
	return int64(math.Ceil(min(float64(time.Second)/rate, float64(maxInterval))))
}

// Limited reports whether any limit is set.
func (t *Table) Limited() bool { return t.server|t.operator|t.total != 0 }

// PerOperator reports whether operators are limited.
func (t *Table) PerOperator() bool { return t.operator != 0 }

// Slot returns the place of the server at addr, which belongs to operator; an operator of zero is not known and
// limits nothing. It takes a lock and, the first time, allocates; keep what it returns.
func (t *Table) Slot(addr netip.Addr, operator uint64) Slot {
	var s Slot
	if t.server != 0 {
		s.server = t.servers.word(addr.Unmap().WithZone(""))
	}
	if t.operator != 0 && operator != 0 {
		s.operator = t.operators.word(operator)
	}
	return s
}

// Take asks whether a packet to the server of s may leave at now. If so it counts the packet and returns now and
// None: the packet must leave at once. Otherwise nothing is counted, and it returns the limit that forbids it and
// the earliest moment, after now, at which that limit could allow it; another caller may be first.
func (t *Table) Take(s Slot, now int64) (when int64, by Level) {
	var server, operator taking
	if s.server != nil {
		if when, ok := server.take(s.server, now, t.server); !ok {
			return when, Server
		}
	}
	if s.operator != nil {
		if when, ok := operator.take(s.operator, now, t.operator); !ok {
			server.undo()
			return when, Operator
		}
	}
	if t.total != 0 {
		var total taking
		if when, ok := total.take(&t.all, now, t.total); !ok {
			operator.undo()
			server.undo()
			return when, Total
		}
	}
	return now, None
}

// Late tells the table that a packet which Take allowed left only at sent, because the system would not take it
// earlier. The packets after it keep their distance from that moment.
func (t *Table) Late(s Slot, sent int64) {
	if s.server != nil {
		delay(s.server, sent, t.server)
	}
	if s.operator != nil {
		delay(s.operator, sent, t.operator)
	}
	if t.total != 0 {
		delay(&t.all, sent, t.total)
	}
}

// taking is one step of a word, so that it can be taken back.
type taking struct {
	word         *atomic.Int64
	before, then int64
}

func (t *taking) take(word *atomic.Int64, now, interval int64) (when int64, ok bool) {
	for {
		stored := word.Load()
		when, then := next(stored, now, interval)
		if when > now {
			return when, false
		}
		if word.CompareAndSwap(stored, then) {
			*t = taking{word, stored, then}
			return when, true
		}
	}
}

// undo gives the permission back if nobody has moved the word since. If somebody has, theirs was counted from ours
// and ours is lost, which errs on the polite side.
func (t *taking) undo() {
	if t.word != nil {
		t.word.CompareAndSwap(t.then, t.before)
	}
}

// delay moves word to where a packet that left at sent puts it, unless it is further already.
func delay(word *atomic.Int64, sent, interval int64) {
	then := sent - int64(Grain) + interval
	for stored := word.Load(); stored < then; stored = word.Load() {
		if word.CompareAndSwap(stored, then) {
			return
		}
	}
}

const (
	shards    = 64  // locks a registry: loops meet new servers at the same time mostly at the start of a scan
	wordChunk = 128 // words allocated at once: one allocation of 1 KiB in place of 128 small ones
)

// registry gives each key its word. Words stay where they are for as long as the registry lives.
type registry[K comparable] struct {
	seed   maphash.Seed
	shards [shards]struct {
		sync.Mutex
		words map[K]*atomic.Int64
		free  []atomic.Int64
	}
}

func (r *registry[K]) word(key K) *atomic.Int64 {
	s := &r.shards[maphash.Comparable(r.seed, key)%shards]
	s.Lock()
	defer s.Unlock()
	if w := s.words[key]; w != nil {
		return w
	}
	if s.words == nil {
		s.words = make(map[K]*atomic.Int64)
	}
	if len(s.free) == 0 {
		s.free = make([]atomic.Int64, wordChunk)
	}
	w := &s.free[0]
	s.free = s.free[1:]
	s.words[key] = w
	return w
}

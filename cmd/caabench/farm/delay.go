package farm

import "time"

// A ring of slots, one for each tick of the time ahead, holds the queries whose answers wait. That a million wait costs
// the loop nothing but memory: the query is kept, not the answer, which is made when its time has come.
const (
	ringTick  = time.Millisecond
	ringSlots = 1 << 17 // more than two minutes ahead
)

// waiting is a query whose answer waits.
type waiting struct {
	next   uint32 // in its slot
	server uint16
	size   uint8
	from   peer
	msg    [longestWait]byte
}

// longestWait is the longest query that may wait: all of the world's names fit, with EDNS.
const longestWait = 88

// ring is the queries that wait.
type ring struct {
	start  time.Time
	slots  []uint32 // one more than the index of the last that came; 0: none
	done   int64    // ticks up to here have been answered
	pool   []waiting
	free   uint32 // one more than the index of the first free one
	amount int
	most   int // that ever waited at once
}

func newRing(now time.Time) *ring { return &ring{start: now, slots: make([]uint32, ringSlots)} }

func (r *ring) tick(at time.Time) int64 { return int64(at.Sub(r.start) / ringTick) }

// add lets a query wait until a time, at most maxDelay from now. It reports false if the query is too long.
func (r *ring) add(until time.Time, server int, from peer, msg []byte) bool {
	if len(msg) > longestWait {
		return false
	}
	if r.free == 0 {
		r.pool = append(r.pool, waiting{})
		r.free = uint32(len(r.pool))
	}
	at := r.free
	w := &r.pool[at-1]
	r.free = w.next
	slot := &r.slots[max(r.tick(until), r.done+1)%ringSlots]
	w.next, w.server, w.size, w.from = *slot, uint16(server), uint8(len(msg)), from
	copy(w.msg[:], msg)
	*slot = at
	r.amount++
	r.most = max(r.most, r.amount)
	return true
}

// due calls answer for each query whose time has come, until that returns false: then it does too, and what is left comes
// with the next call.
func (r *ring) due(now time.Time, answer func(*waiting) bool) bool {
	for end := r.tick(now); r.done < end; r.done++ {
		slot := &r.slots[(r.done+1)%ringSlots]
		for *slot != 0 {
			at := *slot
			w := &r.pool[at-1]
			if !answer(w) {
				return false
			}
			*slot, w.next, r.free = w.next, r.free, at
			r.amount--
		}
	}
	return true
}

package engine

import (
	"math/bits"
	"time"

	"github.com/caascan/caascan/scanner/step"
)

// The wheel of deadlines has four levels of 4096 slots: of a tick, of 256 ticks, of 256 times that, and again. With a
// tick of a millisecond a network timeout lies in the first level, which reaches 4 s; a long wait for a limited server
// lies in the second, which reaches 17 minutes, or the third, which reaches three days, and moves down level by level.
// Each level's slots are far finer than what the one below it reaches: of deadlines in the second level, those of a
// quarter of a second move down at once, so with millions of them ten seconds ahead the loop still makes no pause.
// Adding and cancelling are a few stores; the next deadline is found by two looks at a bitmap a level.
//
// An exchange keeps the last 32 bits of its tick: with the wheel's own tick, which is never later, they tell it up to
// 49 days ahead. That is the farthest a deadline can lie: one beyond fires then, which for a wait at a limit means that
// the limit is asked again.
const (
	tick      = time.Millisecond
	slotBits  = 12
	slotCount = 1 << slotBits
	levelBits = 8 // a slot is as long as 256 of the level below
	levels    = 4
	reach     = int64(1)<<32 - 1 // ticks ahead
	never     = int64(1) << 62
)

// slotMark in exchange.prev says that the exchange is the first of the slot whose number stands in the other bits.
const slotMark = 1 << 31

// wheel keeps exchanges of a slab sorted by deadline, to the tick.
type wheel struct {
	slab  *slab
	start step.Time // of tick 0
	now   int64     // the tick up to which all deadlines have fired
	count int
	level [levels]struct {
		first   [slotCount]uint32
		used    [slotCount / 64]uint64 // a bit for each slot that is not empty
		summary uint64                 // a bit for each word of used that is not zero
	}
}

func newWheel(s *slab, start step.Time) *wheel {
	w := &wheel{slab: s, start: start}
	for l := range w.level {
		first := &w.level[l].first
		for i := range first {
			first[i] = none
		}
	}
	return w
}

// add lets exchange i fire at the first tick that is not before t, and not before the tick after the present one.
func (w *wheel) add(i uint32, t step.Time) {
	due := int64((t.Sub(w.start) + tick - 1) / tick)
	w.slab.at(i).due = uint32(min(max(due, w.now+1), w.now+reach))
	w.count++
	w.insert(i)
}

// insert links exchange i into the slot that its deadline belongs to, seen from now.
func (w *wheel) insert(i uint32) {
	e := w.slab.at(i)
	due := w.now + int64(e.due-uint32(w.now))
	l := 0
	for due>>(l*levelBits)-w.now>>(l*levelBits) >= slotCount {
		l++
	}
	level, slot := &w.level[l], uint32(due>>(l*levelBits)%slotCount)
	e.prev = slotMark | uint32(l)<<slotBits | slot
	e.next = level.first[slot]
	if e.next != none {
		w.slab.at(e.next).prev = i
	}
	level.first[slot] = i
	level.used[slot/64] |= 1 << (slot % 64)
	level.summary |= 1 << (slot / 64)
}

// cancel takes exchange i out of the wheel.
func (w *wheel) cancel(i uint32) {
	w.count--
	w.unlink(w.slab.at(i))
}

func (w *wheel) unlink(e *exchange) {
	if e.next != none {
		w.slab.at(e.next).prev = e.prev
	}
	if e.prev&slotMark == 0 {
		w.slab.at(e.prev).next = e.next
		return
	}
	level, slot := &w.level[e.prev>>slotBits&3], e.prev%slotCount
	level.first[slot] = e.next
	if e.next == none {
		if level.used[slot/64] &^= 1 << (slot % 64); level.used[slot/64] == 0 {
			level.summary &^= 1 << (slot / 64)
		}
	}
}

// next returns the tick at which the wheel has to be advanced next: no deadline lies before it.
func (w *wheel) next() int64 {
	first := never
	for l := range w.level {
		if w.level[l].summary == 0 {
			continue
		}
		block := w.now >> (l * levelBits)
		first = min(first, (block+w.distance(l, uint32(block%slotCount)))<<(l*levelBits))
	}
	return first
}

// distance returns how many slots after slot the next one in use lies on level l, going round: 1 to slotCount. The
// level must not be empty.
func (w *wheel) distance(l int, slot uint32) int64 {
	level := &w.level[l]
	from := (slot + 1) % slotCount
	word := from / 64
	if rest := level.used[word] >> (from % 64); rest != 0 {
		return 1 + int64(bits.TrailingZeros64(rest))
	}
	// The words after this one, then from the beginning up to and including it.
	after := bits.RotateLeft64(level.summary, -int(word+1))
	word = (word + 1 + uint32(bits.TrailingZeros64(after))) % 64
	found := word*64 + uint32(bits.TrailingZeros64(level.used[word]))
	return int64((found-from)%slotCount) + 1
}

// nextTime returns when the wheel has to be advanced next, and false if it is empty.
func (w *wheel) nextTime() (step.Time, bool) {
	if w.count == 0 {
		return 0, false
	}
	return w.start.Add(time.Duration(w.next()) * tick), true
}

// advance moves the wheel on to t and calls fire with each exchange whose deadline has come, in the order of the
// ticks. fire may add to the wheel and cancel.
func (w *wheel) advance(t step.Time, fire func(i uint32)) {
	target := int64(t.Sub(w.start) / tick)
	for w.count > 0 {
		now := w.next()
		if now > target {
			break
		}
		w.now = now
		for l := levels - 1; l > 0; l-- { // slots that begin now move down, from the top
			if now%(1<<(l*levelBits)) == 0 {
				w.moveDown(l, now>>(l*levelBits)%slotCount)
			}
		}
		first := &w.level[0].first[now%slotCount]
		for *first != none {
			i := *first
			w.cancel(i)
			fire(i)
		}
	}
	w.now = max(w.now, target)
}

// moveDown inserts the exchanges of a slot again, now that its time has begun.
func (w *wheel) moveDown(l int, slot int64) {
	i := w.level[l].first[slot]
	for i != none {
		e := w.slab.at(i)
		next := e.next
		w.unlink(e)
		w.insert(i)
		i = next
	}
}

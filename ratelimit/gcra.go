package ratelimit

import (
	"math"
	"sync/atomic"
	"time"
)

// Grain is how late a packet may leave and still count as punctual. A loop looks at the clock once a turn and its
// wheel of deadlines has slots of a millisecond, so a packet leaves a little after its moment; without this
// allowance each such delay would be lost for ever, and a limit above 1,000 a second could not be used at all.
// The price is exact: a window of length T sees at most 1 + rate * (T + Grain) packets, at 100 packets a second a
// tenth of a packet more than without it.
const Grain = time.Millisecond

// next is the generic cell rate algorithm (ITU-T I.371, virtual scheduling) with spacing in place of bursts. All
// values are nanoseconds. stored is the moment from which the next packet may leave, as the previous call returned
// it; zero if there was none. If stored lies after now, the packet must wait until stored and nothing changes.
// Otherwise it may leave at now, and the packet after it an interval later, counted from the moment when this one
// was due, but from no earlier than a Grain ago.
//
// For consecutive packets let w be the time from which the interval was counted: w lies in [sent-Grain, sent], and
// each w is at least an interval after the w before. So N packets sent within T satisfy (N-1) * interval <= T +
// Grain.
func next(stored, now, interval int64) (when, then int64) {
	if stored > now {
		return stored, stored
	}
	return now, max(stored, now-int64(Grain)) + interval
}

// spaced is next for an interval that changes: base is the w of the last packet, to which the interval of the day is
// added only when the next one asks. As every interval is at least that of the cap, the cap holds.
func spaced(base, now, interval int64) (when, then int64) {
	if due := base + interval; due > now {
		return due, base
	} else {
		return now, max(due, now-int64(Grain))
	}
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

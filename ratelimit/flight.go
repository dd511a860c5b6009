package ratelimit

import (
	"math"
	"time"
)

// A time-out tells of loss seconds late. But replies come after a round-trip time that is known, so a packet is
// overdue when that and some grace have passed. Packets are not followed one by one: those that leave within a short
// time are a round, of which only the counts are kept, and when the round's last packet is overdue what is missing is
// taken as lost.

const (
	rounds    = 6                      // that fly at most
	shortest  = 20 * time.Millisecond  // round
	graceMin  = 25 * time.Millisecond  // what a busy loop or a server may be late for once
	roundless = 100 * time.Millisecond // length of a round while no round-trip time is known
)

// round is a time in which packets left, up to the begin of the next.
type round struct {
	begin           int64
	sent, good, bad uint16
}

// flight is the rounds of which packets may still be answered, the oldest first.
type flight struct {
	rounds [rounds]round
	n      uint8
	rtt    float32 // smoothed round-trip time in nanoseconds (RFC 6298); 0 if none is known
	dev    float32 // its mean deviation
	due    int64   // how long after its departure a packet is overdue, in nanoseconds; 0 if that is not known
}

// length is how long a round lasts.
func (f *flight) length() int64 {
	if f.due == 0 {
		return int64(roundless)
	}
	return max(f.due/(rounds-2), int64(shortest))
}

// left books a packet that leaves at now.
func (f *flight) left(now int64) {
	if f.n == 0 || f.n < rounds && now >= f.rounds[f.n-1].begin+f.length() {
		f.rounds[f.n] = round{begin: now}
		f.n++
	}
	if r := &f.rounds[f.n-1]; r.sent < math.MaxUint16 {
		r.sent++
	}
}

// of returns the round in which a packet left at sent that has not ended yet; nil if the round has been judged. A
// packet may have left a little after Take allowed it, and so belong to the round before.
func (f *flight) of(sent int64) *round {
	for i := int(f.n) - 1; i >= 0; i-- {
		if r := &f.rounds[i]; r.begin <= sent && r.good+r.bad < r.sent {
			return r
		}
	}
	return nil
}

// measure takes a round-trip time into account.
func (f *flight) measure(rtt int64) {
	r := float32(max(rtt, 1))
	if f.rtt == 0 {
		f.rtt, f.dev = r, r/2
	} else {
		d := r - f.rtt
		f.rtt += d / 8
		f.dev += (max(d, -d) - f.dev) / 4
	}
	f.due = int64(f.rtt + max(4*f.dev, f.rtt/4, float32(graceMin)))
}

// judged takes the oldest round out of f if another has begun and nothing more is to be expected of it. gap is the
// interval between packets: more of the time until the next round than they took was idle.
func (f *flight) judged(now, gap int64) (o outcome, missing uint16, ok bool) {
	if f.n < 2 {
		return outcome{}, 0, false
	}
	r, end := f.rounds[0], f.rounds[1].begin
	if r.good+r.bad < r.sent && (f.due == 0 || now < end+f.due) {
		return outcome{}, 0, false
	}
	f.n--
	copy(f.rounds[:f.n], f.rounds[1:])
	span, busy := end-r.begin, max(f.length(), int64(r.sent)*gap)
	return outcome{begin: r.begin, span: min(span, busy), idle: span > busy+busy/2,
		sent: uint32(r.sent), good: uint32(r.good), lost: uint32(r.sent - r.good)}, r.sent - r.good - r.bad, true
}

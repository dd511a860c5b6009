package ratelimit

import (
	"math"
	"sync"
	"time"
)

// Sign is what became of a packet, as far as it tells about rate.
type Sign uint8

const (
	Answered    Sign = iota // usefully, whatever the answer is
	Silent                  // no reply in time
	Refused                 // REFUSED
	ServFail                // SERVFAIL
	Truncated               // TC over UDP: response-rate limiting "slips" such replies
	Unreachable             // it never got there: says nothing
)

func (s Sign) String() string {
	switch s {
	case Answered:
		return "answers"
	case Silent:
		return "timeouts"
	case Refused:
		return "refused"
	case ServFail:
		return "servfail"
	case Truncated:
		return "truncation"
	case Unreachable:
		return "unreachable"
	}
	return "unknown"
}

// unlimited is the rate that stands for no limit: one packet a nanosecond.
const unlimited = 1e9

// bounds are those of the rates of servers of one class, in packets a second.
type bounds struct {
	start, floor, cap float64
}

// floor is what a server gets at least, so that it always has a chance to show that it has recovered: a packet a
// second, or its cap if that is lower.
const floor = 1

func makeBounds(limit, start float64) bounds {
	if limit == 0 {
		limit = unlimited
	}
	if start == 0 {
		start = limit
	}
	limit = min(limit, unlimited)
	return bounds{start: min(start, limit), floor: min(floor, limit), cap: limit}
}

// server is all that is known of one server.
type server struct {
	sync.Mutex
	base   int64 // the w of its last packet (gcra.go)
	class  Class
	met    bool
	bounds *bounds
	control
	sent    uint64
	peak    uint32
	eighths window // packets sent
}

// control is what decides the rate of a server.
type control struct {
	rate float64 // packets a second
}

// raise gives the server the class, unless it has a higher one.
func (v *server) raise(class Class, all *[classes]bounds) {
	v.Lock()
	defer v.Unlock()
	switch {
	case !v.met:
		v.met, v.base, v.class = true, -int64(maxInterval), class
		v.bounds = &all[class]
		v.rate = v.bounds.start
	case class > v.class:
		v.class, v.bounds = class, &all[class]
		v.rate = min(v.rate, v.bounds.cap)
	}
}

// gap returns the interval of the server's packets at now.
func (v *server) gap(now int64) int64 {
	if v.rate >= unlimited {
		return 0
	}
	return int64(math.Ceil(min(float64(time.Second)/v.rate, float64(maxInterval))))
}

// left books a packet that leaves at now.
func (v *server) left(now int64) {
	v.sent++
	v.peak = max(v.peak, v.eighths.add(now))
}

func (v *server) heard(sign Sign, sent, now int64) {}

func (v *server) decision() Decision {
	d := Decision{Sent: v.sent, Peak: int(v.peak), Limit: v.rate}
	if v.rate >= unlimited {
		d.Limit = 0
	}
	return d
}

// window counts events in eighths of a second and sums up the last eight of them, the current one included.
type window struct {
	eighth int64 // the current one, since the clock's zero
	counts [8]uint16
	sum    uint32
}

const eighth = int64(time.Second) / 8

// add counts an event at now and returns the sum. A loop whose clock is behind counts in the current eighth.
func (w *window) add(now int64) uint32 {
	w.turn(now)
	if c := &w.counts[w.eighth&7]; *c < math.MaxUint16 {
		*c++
		w.sum++
	}
	return w.sum
}

// turn drops what is a second old at now.
func (w *window) turn(now int64) {
	e := now / eighth
	if e <= w.eighth {
		return
	}
	if e-w.eighth >= 8 {
		*w = window{eighth: e}
		return
	}
	for w.eighth < e {
		w.eighth++
		w.sum -= uint32(w.counts[w.eighth&7])
		w.counts[w.eighth&7] = 0
	}
}

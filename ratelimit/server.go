package ratelimit

import (
	"math"
	"sync"
	"time"
)

// Sign is what became of a packet, as far as it tells about rate.
type Sign uint8

const (
	Answered  Sign = iota // usefully, whatever the answer is
	Silent                // no reply in time
	Refused               // REFUSED
	ServFail              // SERVFAIL
	Truncated             // TC over UDP: response-rate limiting "slips" such replies
	Moot                  // says nothing: it never got there, or the error that came was foreseen
)

// IsError reports whether s is an error code.
func (s Sign) IsError() bool { return s == Refused || s == ServFail }

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
	case Moot:
		return "moot"
	}
	return "unknown"
}

// unlimited is the rate that stands for no limit: one packet a nanosecond.
const unlimited = 1e9

// bounds are those of the rates of servers of one class, in packets a second.
type bounds struct {
	start, floor, cap float64
}

// The floor is what a server gets at least, so that it always has a chance to show that it has recovered: a tenth of its
// cap, but from one to five packets a second, and no more than its cap or its start. A closed one gets lowest.
const (
	lowest      = 1
	highest     = 5
	lowestShare = 0.1
)

func makeBounds(limit, start float64) bounds {
	if limit == 0 {
		limit = unlimited
	}
	if start == 0 {
		start = limit
	}
	limit = min(limit, unlimited)
	return bounds{start: min(start, limit), floor: min(max(lowest, min(limit*lowestShare, highest)), start, limit), cap: limit}
}

// server is all that is known of one server.
type server struct {
	sync.Mutex
	base   int64 // the w of its last packet (gcra.go)
	bounds *bounds
	class  Class
	control
	flight
	signs    [Truncated + 1]uint16 // what became of packets since the rate was last lowered
	causes   [Truncated + 1]uint16 // what it was lowered for
	slowed   uint32
	refused  int64  // when it was last lowered for refusals or failures; 0 if it never was
	tick     uint32 // of the link, for which:
	counted  uint8  // packets reported
	struck   bool   // with loss among them
	peak     uint32
	sent     uint64
	departed tally
	answers  tally
}

// raise gives the server the class, unless it has a higher one.
func (v *server) raise(class Class, all *[classes]bounds) {
	v.Lock()
	defer v.Unlock()
	switch {
	case v.bounds == nil:
		v.base, v.class, v.bounds = -int64(maxInterval), class, &all[class]
		v.rate, v.patience = v.bounds.start, patience0
	case class > v.class:
		v.class, v.bounds = class, &all[class]
		if v.trouble == 0 {
			v.rate = max(v.rate, v.bounds.start)
		}
		v.rate = min(max(v.rate, v.bounds.floor), v.bounds.cap)
	}
}

// spacing returns the interval of the server's packets.
func (v *server) spacing() int64 {
	rate := v.rate
	if v.probe > 0 {
		rate = v.probe
	}
	if rate >= unlimited {
		return 0
	}
	return int64(math.Ceil(min(float64(time.Second)/rate, float64(maxInterval))))
}

// left books a packet that leaves at now.
func (v *server) left(now int64) {
	v.sent++
	v.peak = max(v.peak, v.departed.add(now))
	v.flight.left(now)
}

// heard books the end of an exchange. Nothing is judged before the next packet is to leave: a loop that stood still
// reads what has come meanwhile before it sends.
func (v *server) heard(sign Sign, sent, now int64, l *link) {
	r := v.flight.of(sent)
	if sign == Moot {
		if r != nil {
			r.sent--
		}
		return
	}
	if sign > Moot {
		return
	}
	if sign == Answered {
		v.answers.add(now)
		if !v.plain(sent) {
			v.control = v.control.answered(sent, v.recent(now), v.bounds)
		} else if sent > v.newest {
			v.newest, v.run = sent, 0
		}
		if r == nil && v.probe == 0 && now-sent > v.due {
			v.control = v.returned(v.bounds)
			l.returned()
		}
		if v.probe > 0 {
			v.control = v.open(r == nil, v.recent(now), v.bounds, now)
		}
	}
	if sign != Silent {
		v.measure(now - sent)
	}
	if r != nil {
		if sign == Answered {
			r.good++
		} else {
			r.bad++
			v.signs[sign]++
		}
	}
}

// recent is how many packets were answered in the second before now.
func (v *server) recent(now int64) float64 {
	v.answers.turn(now)
	rest := 1 - float64(now-v.answers.eighth*eighth)/float64(eighth)
	return float64(v.answers.sum) + rest*float64(v.answers.gone)
}

// settle judges the rounds that are over at now.
func (v *server) settle(now int64, l *link) {
	for {
		o, missing, ok := v.flight.judged(now, v.spacing())
		if !ok {
			return
		}
		v.signs[Silent] += missing
		if v.phase != unheard && v.probe == 0 && o.begin >= l.cutAt.Load() {
			l.add(v.report(o, missing, l.tick.Load()), now)
			if paths := float32(math.Float64frombits(l.paths.Load())); paths > v.ambient && v.weight < sample {
				v.ambient, v.weight = paths, sample // what is lost everywhere is not this server's doing
			}
		}
		c, slowed := v.control.judge(o, v.recent(now), v.bounds, now)
		v.control = c
		if slowed {
			v.slowed++
			cause := Silent
			for sign := Silent; sign <= Truncated; sign++ {
				if v.signs[sign] > v.signs[cause] {
					cause = sign
				}
			}
			v.causes[cause]++
			if cause == Refused || cause == ServFail {
				v.refused = now
			}
			v.signs = [Truncated + 1]uint16{}
		}
	}
}

// report is what round o, of which so many packets are missing, tells of the link in the given tick.
func (v *server) report(o outcome, missing uint16, tick uint32) report {
	r := report{sent: o.sent, lost: uint32(missing)}
	if r.first = v.tick != tick || v.counted == 0; r.first {
		v.tick, v.counted, v.struck = tick, 0, false
	}
	if r.counted = min(r.sent, tickEach-uint32(v.counted)); r.counted > 0 {
		r.missed = (r.lost*r.counted + r.sent/2) / r.sent
	}
	v.counted += uint8(r.counted)
	r.struck = r.missed > 0 && !v.struck
	v.struck = v.struck || r.struck
	return r
}

// strainTime is how long after its rate was lowered for refusals or failures the next of them may be of the same kind.
const strainTime = int64(10 * time.Second)

// strained reports whether a refusal or a failure that came at now may be for getting too much.
func (v *server) strained(sign Sign, now int64) bool {
	return sign.IsError() && v.refused != 0 && now-v.refused < strainTime
}

// decision is what the table says of the server.
func (v *server) decision() Decision {
	d := Decision{Sent: v.sent, Peak: int(v.peak), Limit: v.rate, Slowed: int(v.slowed)}
	if v.probe > 0 {
		d.Limit = v.probe
	}
	d.Lowest = v.bounds != nil && d.Limit <= v.bounds.floor && v.bounds.floor < v.bounds.start
	if d.Limit >= unlimited {
		d.Limit = 0
	}
	most := uint16(0)
	for sign, n := range v.causes {
		if n > most {
			most, d.SlowedBy = n, Sign(sign).String()
		}
	}
	return d
}

// tally counts events in eighths of a second and sums up the last eight of them, the current one included.
type tally struct {
	eighth int64 // the current one, since the clock's zero
	counts [8]uint16
	gone   uint16 // the count of the eighth before these
	sum    uint32
}

const eighth = int64(time.Second) / 8

// add counts an event at now and returns the sum. A loop whose clock is behind counts in the current eighth.
func (w *tally) add(now int64) uint32 {
	w.turn(now)
	if c := &w.counts[w.eighth&7]; *c < math.MaxUint16 {
		*c++
		w.sum++
	}
	return w.sum
}

// turn drops what is a second old at now.
func (w *tally) turn(now int64) {
	e := now / eighth
	if e <= w.eighth {
		return
	}
	if e-w.eighth >= 8 {
		*w = tally{eighth: e}
		return
	}
	for w.eighth < e {
		w.eighth++
		w.gone = w.counts[w.eighth&7]
		w.sum -= uint32(w.gone)
		w.counts[w.eighth&7] = 0
	}
}

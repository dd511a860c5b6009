package ratelimit

import (
	"container/heap"
	"math/rand/v2"
	"testing"
)

// A small world in virtual time: servers that bear so much and no more, paths that lose packets, and askers that
// always have work and come back when Take tells them to, as the engine does.

// bearer is what a server bears.
type bearer interface{ admit(now int64) bool }

type always struct{}

func (always) admit(int64) bool { return true }

// bucket is a token bucket.
type bucket struct {
	rate, burst float64
	tokens      float64
	last        int64
}

func newBucket(rate, burst float64) *bucket {
	return &bucket{rate: rate, burst: burst, tokens: burst, last: start}
}

func (b *bucket) admit(now int64) bool {
	b.tokens = min(b.burst, b.tokens+float64(now-b.last)/1e9*b.rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// fixedWindow admits limit packets in each second of its clock.
type fixedWindow struct {
	limit  int
	phase  int64
	second int64
	n      int
}

func (f *fixedWindow) admit(now int64) bool {
	if s := (now + f.phase) / second; s != f.second {
		f.second, f.n = s, 0
	}
	if f.n++; f.n > f.limit {
		return false
	}
	return true
}

// slidingWindow admits a packet if fewer than limit were admitted in the second before it.
type slidingWindow struct {
	limit int
	log   []int64
}

func (w *slidingWindow) admit(now int64) bool {
	for len(w.log) > 0 && w.log[0] <= now-second {
		w.log = w.log[1:]
	}
	if len(w.log) >= w.limit {
		return false
	}
	w.log = append(w.log, now)
	return true
}

// host is a server of the world and what it was asked.
type host struct {
	bearer
	slot    Slot
	rtt     int64
	jitter  int64   // added to rtt, uniformly distributed from 0
	over    Sign    // what it says to what it does not admit; Silent drops
	refuses float64 // share of questions it refuses by nature
	work    int     // questions left; those that were not answered are asked again
	asleep  int64

	sent, good int
	wasted     int // of sent, not answered usefully
	begun, end int64
}

// bottleneck is a queue in front of a link.
type bottleneck struct {
	interval int64
	queue    int64 // nanoseconds
	free     int64
}

func (b *bottleneck) pass(now int64) (delay int64, ok bool) {
	b.free = max(b.free, now)
	if b.free-now > b.queue {
		return 0, false
	}
	b.free += b.interval
	return b.free - now, true
}

type event struct {
	at   int64
	seq  int
	host *host
	end  bool
	sign Sign
	sent int64
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

type world struct {
	table   *Table
	rnd     *rand.Rand
	hosts   []*host
	loss    float64 // of exchanges, on the path
	link    *bottleneck
	timeout int64
	stall   int64 // every two seconds the loop stands still for that long
	now     int64
	queue   events
	seq     int
	each    func(h *host, sent int64, sign Sign)
	left    int
	most    int // packets to be sent in all; 0 is as many as it takes
	sent    int
}

func (w *world) push(e event) {
	if into := (e.at - start) % (2 * second); into < w.stall {
		e.at += w.stall - into // where the loop reads before it sends
		if !e.end {
			e.at++
		}
	}
	e.seq = w.seq
	w.seq++
	heap.Push(&w.queue, e)
}

// run lets the world go on until all work is done or until the moment end.
func (w *world) run(end int64) {
	if w.now == 0 {
		w.now = start
		for i, h := range w.hosts {
			h.slot = w.table.Slot(addr(i), 0, Leaf)
			h.begun = start
			w.push(event{at: start + w.rnd.Int64N(20*ms), host: h})
			w.left += h.work
		}
	}
	for len(w.queue) > 0 && w.queue[0].at <= end && w.left > 0 {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		h := e.host
		if e.end {
			w.table.Heard(h.slot, e.sign, e.sent, w.now)
			if w.each != nil {
				w.each(h, e.sent, e.sign)
			}
			if e.sign == Answered {
				h.good++
				h.end = w.now
				w.left--
			} else {
				if h.work++; h.work == 1 {
					w.push(event{at: max(w.now, h.asleep), host: h})
				}
			}
			continue
		}
		if h.work == 0 {
			continue
		}
		when, by := w.table.Take(h.slot, w.now)
		if by != None {
			h.asleep = when
			w.push(event{at: when, host: h})
			continue
		}
		h.work--
		h.sent++
		if w.sent++; w.sent == w.most {
			h.work, w.left = 0, 0
			h.end = w.now
			return
		}
		h.asleep = w.now
		w.exchange(h)
		if h.work > 0 {
			w.push(event{at: w.now, host: h})
		}
	}
	w.now = end
}

func (w *world) exchange(h *host) {
	e := event{end: true, host: h, sent: w.now, sign: Answered}
	rtt := h.rtt
	if h.jitter > 0 {
		rtt += w.rnd.Int64N(h.jitter)
	}
	lost := w.rnd.Float64() < w.loss
	if w.link != nil && !lost {
		delay, ok := w.link.pass(w.now)
		rtt += delay
		lost = !ok
	}
	switch {
	case lost:
		e.sign = Silent
	case !h.admit(w.now + h.rtt/2):
		e.sign = h.over
	case w.rnd.Float64() < h.refuses:
		e.sign = Refused
	}
	if e.sign != Answered {
		h.wasted++
	}
	e.at = w.now + rtt
	if e.sign == Silent || rtt > w.timeout {
		e.sign = Silent
		e.at = w.now + w.timeout
	}
	w.push(e)
}

func newWorld(t testing.TB, l Limits, seed uint64, hosts ...*host) *world {
	return &world{table: mustNew(t, l), rnd: rand.New(rand.NewPCG(seed, 1)), hosts: hosts, timeout: 2 * second}
}

// models are the ways in which a server counts up to limit a second.
func models(limit int, rnd *rand.Rand) map[string]func() bearer {
	return map[string]func() bearer{
		"bucket 1":      func() bearer { return newBucket(float64(limit), 1) },
		"bucket tenth":  func() bearer { return newBucket(float64(limit), max(2, float64(limit)/10)) },
		"bucket half":   func() bearer { return newBucket(float64(limit), float64(limit)/2) },
		"bucket second": func() bearer { return newBucket(float64(limit), float64(limit)) },
		"fixed":         func() bearer { return &fixedWindow{limit: limit, phase: rnd.Int64N(second)} },
		"sliding":       func() bearer { return &slidingWindow{limit: limit} },
	}
}

var modelNames = []string{"bucket 1", "bucket tenth", "bucket half", "bucket second", "fixed", "sliding"}

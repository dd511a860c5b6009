package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/step"
)

const wheelStart = step.Time(1_700_000_000_000_000_000)

func TestWheelFiresAtTheTick(t *testing.T) {
	for _, d := range []time.Duration{
		-time.Hour, 0, 1, tick - 1, tick, tick + 1, 2 * tick, 2 * time.Second,
		4095 * tick, 4096 * tick, 4097 * tick, 5 * time.Second, time.Minute, 4096 * 4096 * tick,
		5 * time.Hour, 100 * time.Hour, 365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour,
	} {
		s := newSlab()
		w := newWheel(&s, wheelStart)
		i, _ := s.take()
		w.add(i, wheelStart.Add(d))
		due := min(max(1, int64((d+tick-1)/tick)), reach)
		// Go where the wheel says, until it fires.
		for fired := false; !fired; {
			at, some := w.nextTime()
			if !some || at.Sub(wheelStart) > time.Duration(due)*tick {
				t.Fatalf("%v: next %v, %v", d, at.Sub(wheelStart), some)
			}
			w.advance(at-1, func(uint32) { t.Fatalf("%v: fired before the time the wheel named", d) })
			w.advance(at, func(got uint32) {
				fired = true
				if got != i || w.now != due {
					t.Errorf("%v: exchange %d at tick %d, want %d", d, got, w.now, due)
				}
			})
		}
		if _, some := w.nextTime(); some || w.count != 0 {
			t.Errorf("%v: not empty afterwards", d)
		}
	}
}

// The wheel against a sorted list, with random deadlines of all sizes, cancellations, and steps of all sizes; handlers
// add and cancel too.
func TestWheelAgainstModel(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		s := newSlab()
		w := newWheel(&s, wheelStart)
		model := map[uint32]int64{} // tick by exchange
		now := wheelStart
		span := func() time.Duration { return time.Duration(rnd.Int64N(int64(1) << (10 + rnd.IntN(45)))) }
		add := func() {
			i, _ := s.take()
			at := now.Add(span())
			w.add(i, at)
			model[i] = min(max(w.now+1, int64((at.Sub(wheelStart)+tick-1)/tick)), w.now+reach)
		}
		cancel := func() {
			for i := range model {
				w.cancel(i)
				s.give(i)
				delete(model, i)
				break
			}
		}
		last := int64(0)
		fire := func(i uint32) {
			due, present := model[i]
			if !present || due != w.now || due < last {
				t.Fatalf("seed %d: exchange %d fired at tick %d after %d, due %d, %v", seed, i, w.now, last, due, present)
			}
			last = due
			delete(model, i)
			s.give(i)
			switch rnd.IntN(4) {
			case 0:
				add()
			case 1:
				cancel()
			}
		}
		for range 3000 {
			switch rnd.IntN(5) {
			case 0, 1, 2:
				add()
			case 3:
				cancel()
			default:
				now = now.Add(span() / 8)
				w.advance(now, fire)
				for i, due := range model {
					if due <= int64(now.Sub(wheelStart)/tick) {
						t.Fatalf("seed %d: exchange %d, due at %d, did not fire up to %d", seed, i, due, w.now)
					}
				}
			}
			if w.count != len(model) {
				t.Fatalf("seed %d: count %d, want %d", seed, w.count, len(model))
			}
			if at, some := w.nextTime(); some != (len(model) > 0) {
				t.Fatalf("seed %d: nextTime %v with %d in the wheel", seed, some, len(model))
			} else if some {
				if first := slices.Min(values(model)); int64(at.Sub(wheelStart)/tick) > first {
					t.Fatalf("seed %d: nextTime at tick %d, the first is due at %d", seed, at.Sub(wheelStart)/tick, first)
				}
			}
		}
	}
}

func values(m map[uint32]int64) []int64 {
	var v []int64
	for _, x := range m {
		v = append(v, x)
	}
	return v
}

// The ticks go on past the 32 bits that an exchange keeps of them.
func TestWheelRunsForYears(t *testing.T) {
	s := newSlab()
	w := newWheel(&s, wheelStart)
	now := wheelStart
	for _, d := range []time.Duration{
		48 * 24 * time.Hour, 30 * time.Hour, tick, 49 * 24 * time.Hour, 2 * time.Second, 40 * 24 * time.Hour, 10 * 24 * time.Hour, time.Minute,
	} {
		i, _ := s.take()
		w.add(i, now.Add(d))
		fired := 0
		w.advance(now.Add(d-1), func(uint32) { fired++ })
		if fired != 0 {
			t.Fatalf("%v after %v: too early", d, now.Sub(wheelStart))
		}
		now = now.Add(d)
		w.advance(now, func(uint32) { fired++ })
		if fired != 1 {
			t.Fatalf("%v after %v: fired %d times", d, now.Sub(wheelStart), fired)
		}
		s.give(i)
	}
}

// A wheel that nobody advanced for a long time does not walk through every tick.
func TestWheelSkipsIdleTime(t *testing.T) {
	s := newSlab()
	w := newWheel(&s, wheelStart)
	i, _ := s.take()
	w.add(i, wheelStart.Add(40*24*time.Hour))
	steps := 0
	for w.count > 0 {
		at, _ := w.nextTime()
		w.advance(at, func(uint32) {})
		steps++
	}
	if steps > levels {
		t.Errorf("%d steps", steps)
	}
}

func BenchmarkWheel(b *testing.B) {
	s := newSlab()
	w := newWheel(&s, wheelStart)
	const flight = 100_000
	now := wheelStart
	var ring [flight]uint32
	for k := range ring {
		ring[k], _ = s.take()
		w.add(ring[k], now.Add(2*time.Second))
	}
	b.ResetTimer()
	for n := range b.N { // answered after a while, asked again
		i := ring[n%flight]
		w.cancel(i)
		if now += 500; n%64 == 0 {
			w.advance(now, func(i uint32) { b.Fatal("fired") })
		}
		w.add(i, now.Add(2*time.Second))
	}
}

package engine

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// millions is what a scan with --in-flight 2000000 has in one loop, over the sockets that Check advises for it.
const millions = 2_000_000

// flight is everything a loop keeps an exchange in.
type flight struct {
	slab    slab
	wheel   *wheel
	matcher *matcher
	rnd     *rand.ChaCha8
}

func newFlight(sockets int) *flight {
	f := &flight{slab: newSlab(), rnd: rand.NewChaCha8([32]byte{8})}
	f.wheel = newWheel(&f.slab, wheelStart)
	f.matcher = newMatcher(&f.slab, sockets)
	return f
}

// send puts exchange n in flight, as one of a batch through a socket drawn at random.
func (f *flight) send(n int, socket uint16) {
	i, e := f.slab.take()
	f.matcher.add(i, socket, f.rnd)
	e.state = flying
	f.wheel.add(i, wheelStart.Add(10*time.Second+time.Duration(n)))
}

func heap() (live, allocated uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.TotalAlloc
}

// BenchmarkMillions is an exchange's way through slab, matcher and wheel with two million in flight, and the longest
// that a single step took while the window filled.
func BenchmarkMillions(b *testing.B) {
	f := newFlight(socketsFor(millions))
	var longest time.Duration
	var ring []uint32
	for n := range millions {
		start := time.Now()
		f.send(n, uint16(n/batchSize%len(f.matcher.load)))
		longest = max(longest, time.Since(start))
	}
	for i := range uint32(millions) {
		ring = append(ring, i)
	}
	rand.New(f.rnd).Shuffle(len(ring), func(i, j int) { ring[i], ring[j] = ring[j], ring[i] })
	b.ResetTimer()
	for n := range b.N {
		e := f.slab.at(ring[n%millions])
		i := f.matcher.find(e.socket, e.id)
		f.matcher.remove(i)
		f.wheel.cancel(i)
		f.slab.give(i)
		f.send(n, uint16(n/batchSize%len(f.matcher.load)))
	}
	b.ReportMetric(float64(longest.Microseconds()), "longest-us")
}

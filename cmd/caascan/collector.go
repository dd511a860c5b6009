package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"github.com/caascan/caascan/scanner/engine"
)

// The garbage collector's work is to look at what is in use, so it costs least where it comes seldom; but what it leaves
// lying until then is memory. A share of the heap, as GOGC has it, gives little while few names are in flight, where
// memory is plentiful, and much when there are millions, where it is not. Here the garbage may be so and so large,
// whatever is in use; and a limit near what the machine has makes the collector come earlier before it is too late.

const (
	// garbage is what may lie between two collections, in octets, less a part of what is in use, so that the sum grows
	// more slowly than that; but leastGarbage always. A name leaves some 1.5 KiB behind, so that the collector comes once
	// for a hundred thousand names, or for thirty thousand with a million in flight.
	garbage, leastGarbage = 160 << 20, 40 << 20
	inUsePart             = 4

	// leastPercent and mostPercent bound the pace: with very much in use the collector must not run all the time.
	leastPercent, mostPercent = 10, 800

	// limitShare is the part of the free memory that is given to the runtime as its limit.
	limitShare = 0.9
)

// collector keeps the pace of the garbage collector.
type collector struct {
	percent int
	stopped atomic.Bool
}

// paceCollector begins to keep the pace, until stop is called. What the environment says of it (GOGC, GOMEMLIMIT) stays.
func paceCollector() (stop func()) {
	if free := engine.FreeMemory(); free > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(limitShare * float64(free)))
	}
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collector{}
	c.adjust()
	c.await()
	return func() { c.stopped.Store(true) }
}

// await has adjust called after the next collection, and so on.
func (c *collector) await() {
	type sentinel struct{ _ *int } // with a pointer: objects without are put together with others
	runtime.AddCleanup(&sentinel{}, func(c *collector) {
		if !c.stopped.Load() {
			c.adjust()
			c.await()
		}
	}, c)
}

// adjust sets the pace by what was in use at the last collection.
func (c *collector) adjust() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	live := max(sample[0].Value.Uint64(), 1<<20)
	may := max(garbage-min(live/inUsePart, garbage), leastGarbage)
	percent := int(min(max(may*100/live, leastPercent), mostPercent))
	if percent*10 < c.percent*9 || percent*9 > c.percent*10 {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}

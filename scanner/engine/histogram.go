package engine

import (
	"math/bits"
	"time"
)

// Histogram counts durations. Bucket k counts those below the k-th bound that no bucket before it counts; the last one
// counts the rest.
type Histogram struct {
	Counts [buckets]uint64
	Sum    time.Duration
}

const buckets = 16

// The bounds of round trips grow by two, from what loopback takes to what is longer than a query waits for its reply. Those
// of waits grow by four, from a turn of the loop to days.
const (
	leastRTT  = 250 * time.Microsecond
	leastWait = time.Millisecond
)

// RTTBounds returns the upper bounds of the buckets of Stats.RTT, but for the last, which has none.
func RTTBounds() []time.Duration { return bounds(leastRTT, 1) }

// WaitBounds is RTTBounds for Stats.Wait.
func WaitBounds() []time.Duration { return bounds(leastWait, 2) }

func bounds(least time.Duration, shift int) []time.Duration {
	all := make([]time.Duration, buckets-1)
	for k := range all {
		all[k] = least << (shift * k)
	}
	return all
}

func (h *Histogram) addRTT(d time.Duration) {
	d = max(d, 0)
	h.Counts[min(bits.Len64(uint64(d/leastRTT)), buckets-1)]++
	h.Sum += d
}

func (h *Histogram) addWait(d time.Duration) {
	d = max(d, 0)
	h.Counts[min((bits.Len64(uint64(d/leastWait))+1)/2, buckets-1)]++
	h.Sum += d
}

// Add adds what another loop has counted.
func (h *Histogram) Add(other *Histogram) {
	for k, n := range other.Counts {
		h.Counts[k] += n
	}
	h.Sum += other.Sum
}

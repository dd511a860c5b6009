//go:build !race

package output

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// What TestDictionaryOverflow writes.
const (
	distinctStrings = 120_000
	overflowGroup   = 50_000
)

// maxBuffers is what the buffers of all tables of a Writer may take together. A hundred thousand names in flight have
// 2 KiB each for everything; this is a fifth of that.
const maxBuffers = 40 << 20

// TestMemory looks at the heap while names are written, no two alike.
func TestMemory(t *testing.T) {
	t.Run("common", func(t *testing.T) { testMemory(t, 2*defaultLimits.groupRows, mixed) }) // one in eight with CAA
	t.Run("hostile", func(t *testing.T) { testMemory(t, 500, withHugeSet) })
}

func testMemory(t *testing.T, n int, row func(i int) *record.Record) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	w, err := create(nullDisk{}, "", Config{ScanID: "s", PartRows: 1 << 30, Registrable: registrable})
	must(t, err)
	var most uint64
	batch := make([]*record.Record, batchRows)
	for i := 0; i < n; i += batchRows {
		for k := range batch {
			batch[k] = row(i + k)
		}
		must(t, w.Write(batch))
		if i/batchRows%max(1, n/batchRows/15) == 0 {
			clear(batch)
			most = max(most, heap()-before)
		}
	}
	must(t, w.Close(Complete))
	t.Logf("at most %.1f MiB", float64(most)/(1<<20))
	if most > maxBuffers {
		t.Errorf("the buffers take %d octets, more than %d", most, maxBuffers)
	}
}

// withHugeSet makes a record of a name whose zone has as many CAA records as a message holds, none of them twice.
func withHugeSet(i int) *record.Record {
	r := withCAA(i)
	a := *r.Climb[0].Answer
	a.Records = nil
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	for range 2000 {
		a.Records = append(a.Records, caaRR(a.Name, 60, 0, "issue", fmt.Sprintf("%x.example", rng.Uint64())))
	}
	r.Climb[0].Answer = &a
	return judged(r)
}

// TestWriteAllocations pins what a row costs the collector: no CAA, an MX, two levels.
func TestWriteAllocations(t *testing.T) {
	w, err := create(nullDisk{}, "", Config{ScanID: "s", PartRows: 1 << 30, Registrable: registrable})
	must(t, err)
	batch := make([]*record.Record, batchRows)
	for k := range batch {
		batch[k] = typical(k)
	}
	for range 100 { // buffers grow to their size
		must(t, w.Write(batch))
	}
	if perRow := testing.AllocsPerRun(100, func() { must(t, w.Write(batch)) }) / batchRows; perRow > 0.25 { // two servers may share a place in a memo
		t.Errorf("%.1f allocations a row", perRow)
	}
	must(t, w.Close(Complete))
}

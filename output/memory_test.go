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

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func testMemory(t *testing.T, n int, row func(i int) *record.Record) {
	before := heap()
	w, err := create(newDirStore(nullDisk{}, ""), Config{ScanID: "s", PartRows: 1 << 30, Registrable: registrable})
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

// TestRowsMemory: an encoder keeps nothing of the rows that it made one by one, for however long a service runs.
func TestRowsMemory(t *testing.T) {
	e := NewEncoder(Config{ScanID: "s", Registrable: registrable})
	var early uint64
	for i := range 40_000 {
		r := commonWithCAA(i % 1000)
		if d, records := e.Rows(r); len(d.Climb) != len(r.Climb) || len(records) == 0 {
			t.Fatalf("%d levels, %d records", len(d.Climb), len(records))
		}
		if i == 10_000 {
			early = heap()
		}
	}
	if late := heap(); late > early+1<<20 {
		t.Errorf("%d octets in use after 40 000 rows, %d after 10 000", late, early)
	}
	runtime.KeepAlive(e)
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
	w, err := create(newDirStore(nullDisk{}, ""), Config{ScanID: "s", PartRows: 1 << 30, Registrable: registrable})
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

//go:build !race

package output

import (
	"runtime"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// What TestDictionaryOverflow writes.
const (
	distinctStrings = 120_000
	overflowGroup   = rowGroupRows
)

// maxBuffers is what the buffers of all tables of a Writer may take together. A hundred thousand names in flight have
// 2 KiB each for everything; this is a fifth of that.
const maxBuffers = 40 << 20

// TestMemory writes two row groups' worth of names, no two alike, one in eight with CAA, and looks at the heap on the
// way.
func TestMemory(t *testing.T) {
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
	for i := 0; i < 2*rowGroupRows; i += batchRows {
		for k := range batch {
			batch[k] = mixed(i + k)
		}
		must(t, w.Write(batch))
		if i%(100*batchRows) == 0 {
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
	if perRow := testing.AllocsPerRun(100, func() { must(t, w.Write(batch)) }) / batchRows; perRow > 3 {
		t.Errorf("%.1f allocations a row", perRow)
	}
	must(t, w.Close(Complete))
}

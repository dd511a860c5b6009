package output

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/record"
)

// nullDisk takes everything and keeps nothing.
type nullDisk struct{}

type nullFile struct{ io.Writer }

func (nullFile) Sync() error  { return nil }
func (nullFile) Close() error { return nil }

func (nullDisk) Mkdir(string) error            { return nil }
func (nullDisk) Create(string) (file, error)   { return nullFile{io.Discard}, nil }
func (nullDisk) Rename(string, string) error   { return nil }
func (nullDisk) Remove(string) error           { return nil }
func (nullDisk) List(string) ([]string, error) { return nil, nil }
func (nullDisk) SyncDir(string) error          { return nil }

// benchmarkWrite measures what Write costs a row, all in: encoding, compression, SHA-256; the disk apart.
func benchmarkWrite(b *testing.B, format Format, row func(i int) *record.Record) {
	const distinct = 1 << 14
	records := make([]*record.Record, distinct)
	for i := range records {
		records[i] = row(i)
	}
	w, err := create(nullDisk{}, "", Config{ScanID: "bench", Worker: "w1", Vantage: "here", Format: format, Registrable: registrable})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for done := 0; done < b.N; done += batchRows {
		at := done % distinct
		if err := w.Write(records[at:min(at+batchRows, distinct)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(Complete); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/row")
	var octets int64
	for _, p := range w.manifest.Parts {
		octets += p.Bytes
	}
	b.ReportMetric(float64(octets)/float64(b.N), "octets/row")
}

// processorTime is what the process has used so far. Where others share the machine it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mixed(i int) *record.Record {
	if i%8 == 0 {
		return withCAA(i)
	}
	return typical(i)
}

func BenchmarkWriteTypical(b *testing.B) { benchmarkWrite(b, Parquet, typical) }
func BenchmarkWriteWithCAA(b *testing.B) { benchmarkWrite(b, Parquet, withCAA) }
func BenchmarkWriteMixed(b *testing.B)   { benchmarkWrite(b, Parquet, mixed) }
func BenchmarkWriteJSONL(b *testing.B)   { benchmarkWrite(b, JSONL, mixed) }

func BenchmarkEncodeTypical(b *testing.B) {
	e := NewEncoder(Config{ScanID: "bench", Registrable: registrable})
	r := typical(1)
	var d Domain
	b.ReportAllocs()
	for b.Loop() {
		e.domain(&d, r)
		e.reset()
	}
}

package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"text/template"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// madeUp writes a round of made-up names, as Parquet.
func madeUp(b *testing.B, day, from, to int) string {
	b.Helper()
	empty := scantest.Scan{}
	d, err := analysis.Open(b.Context(), []string{empty.Write(b, b.TempDir())}, analysis.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	t, err := template.ParseFiles("testdata/madeup.sql")
	if err != nil {
		b.Fatal(err)
	}
	var statement bytes.Buffer
	if err := t.Execute(&statement, map[string]int{"Round": day, "From": from, "To": to}); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	part := filepath.Join(dir, "part.parquet")
	if err := d.RunToParquet(b.Context(), statement.String(), part); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(part)
	if err != nil {
		b.Fatal(err)
	}
	content, err := json.Marshal(&output.Manifest{
		SchemaVersion: output.SchemaVersion, State: output.Complete, ScanID: fmt.Sprint("day", day), Format: output.Parquet,
		StartedAt: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), Parts: []output.Part{{Table: "domains", File: "part.parquet", Rows: int64(to - from), Bytes: info.Size()}},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), content, 0o644); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkOverTime compares two rounds with so many names each. The time for each name should not grow with their number.
func BenchmarkOverTime(b *testing.B) {
	for _, names := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(names), func(b *testing.B) {
			then, now := madeUp(b, 1, 0, names), madeUp(b, 2, names/40, names+names/40)
			for b.Loop() {
				d, err := analysis.Open(b.Context(), []string{then, now}, analysis.Options{Trust: true})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := OverTime(b.Context(), d, []int{0, 1}, analysis.ReportOptions{}, nil); err != nil {
					b.Fatal(err)
				}
				if err := d.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(names), "ns/name")
		})
	}
}

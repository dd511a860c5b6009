package analysis

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// open opens scans until the end of the test.
func open(t *testing.T, places ...string) *Data {
	t.Helper()
	d, err := Open(t.Context(), places, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// openOne opens a scan of one name.
func openOne(t *testing.T) *Data {
	t.Helper()
	scan := scantest.Scan{Domains: []output.Domain{{QueryName: "example.org", TLD: "org", Exists: "exists", Status: "ok", CAAStatus: "none"}}}
	return open(t, scan.Write(t, t.TempDir()))
}

// TestTurnForgetsWhatTheOtherRoundHas: whether a column has values is asked of each round anew.
func TestTurnForgetsWhatTheOtherRoundHas(t *testing.T) {
	base := t.TempDir()
	for day, policy := range map[int]string{1: "reject", 2: ""} {
		scan := scantest.Scan{
			Manifest: output.Manifest{StartedAt: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)},
			Domains:  []output.Domain{{QueryName: "example.org", TLD: "org", Exists: "exists", Status: "ok", CAAStatus: "none", DMARCPolicy: policy}},
		}
		scan.Write(t, filepath.Join(base, strconv.Itoa(day)))
	}
	d := open(t, base)
	for _, round := range []int{1, 0, 1} {
		if err := d.Turn(t.Context(), round); err != nil {
			t.Fatal(err)
		}
		if there, err := d.has(t.Context(), "dmarc_policy"); err != nil || there != (round == 0) {
			t.Errorf("round %d has DMARC policies: %v, %v", round, there, err)
		}
	}
}

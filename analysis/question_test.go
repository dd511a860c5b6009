package analysis

import (
	"slices"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// TestEveryQuestionRuns reads all questions and asks them of two scans with next to nothing: no query fails, and no two tables share a
// name.
func TestEveryQuestionRuns(t *testing.T) {
	scan := scantest.Scan{Domains: []output.Domain{{QueryName: "example.org", TLD: "org", Exists: "exists", Status: "ok", CAAStatus: "none"}}}
	first := scan.Write(t, t.TempDir())
	scan.Manifest.StartedAt = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	d, err := Open(t.Context(), []string{first, scan.Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, q := range questions {
		for _, p := range q.Parts {
			if other, ok := seen[p.ID]; ok {
				t.Errorf("questions %d and %d both have a table %s", other, q.Number, p.ID)
			}
			seen[p.ID] = q.Number
			p.Needs = slices.DeleteFunc(p.Needs, func(n Need) bool { return n.Column != needRounds })
			if _, err := d.Ask(t.Context(), &p, true); err != nil {
				t.Errorf("question %d: %v", q.Number, err)
			}
		}
	}
}

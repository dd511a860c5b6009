package analysis

import (
	"testing"

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

package compare

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// scanAt writes a scan without names into a folder, that began so many hours after the first.
func scanAt(t *testing.T, dir string, hours int, vantage, sha string, rows ...output.Domain) string {
	t.Helper()
	scan := scantest.Scan{Domains: rows, Manifest: output.Manifest{
		Vantage: vantage, StartedAt: time.Date(2026, 11, 1, hours, 0, 0, 0, time.UTC), Inputs: []output.Input{{Path: "list", SHA256: sha}},
	}}
	return scan.Write(t, dir)
}

// open opens scans.
func open(t *testing.T, places ...string) *analysis.Data {
	t.Helper()
	d, err := analysis.Open(t.Context(), places, analysis.Options{})
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

func TestArrange(t *testing.T) {
	root := t.TempDir()
	dir := func(name string) string { return filepath.Join(root, name) }
	scanAt(t, dir("a"), 0, "A", "list1")
	scanAt(t, dir("b"), 1, "B", "list1")
	scanAt(t, dir("c"), 2, "C", "list1")
	scanAt(t, dir("late"), 25, "B", "list1")
	scanAt(t, dir("other"), 3, "B", "list2")
	scanAt(t, dir("again"), 4, "A", "list1")
	scanAt(t, dir("series/1"), 0, "A", "list1")
	scanAt(t, dir("series/2"), 24, "A", "list2")
	scanAt(t, dir("series/3"), 48, "A", "list3")
	d := open(t, root)
	for _, c := range []struct {
		places string
		as     Relation
		want   string // the folders in their order
		is     Relation
		wrong  string
	}{
		{"a b", Auto, "a b", Vantage, ""},
		{"c a b", Auto, "c a b", Vantage, ""}, // the first is the primary one, whenever it began
		{"a late", Auto, "a late", Time, ""},
		{"a other", Auto, "a other", Time, ""},
		{"a again", Auto, "a again", Time, ""},
		{"again a", Auto, "again a", Time, ""}, // old and new as given
		{"again b a", Auto, "a b again", Time, ""},
		{"a other", Vantage, "a other", Vantage, ""},
		{"b a", Time, "b a", Time, ""},
		{"series", Auto, "1 2 3", Time, ""},
		{"series/3 series/1 series/2", Auto, "1 2 3", Time, ""},
		{"a series", Auto, "", Time, "there are 3 rounds"},
		{"a a", Auto, "", Time, "the same round as before"},
		{"a", Auto, "", Time, "it takes two to compare"},
	} {
		var places []string
		for _, p := range strings.Fields(c.places) {
			places = append(places, dir(p))
		}
		order, is, err := Arrange(d, places, c.as)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: error %v, want %q", c.places, err, c.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.places, err)
			continue
		}
		var got []string
		for _, i := range order {
			got = append(got, filepath.Base(d.Rounds[i].Scans[0].Dir))
		}
		if want := strings.Fields(c.want); !slices.Equal(got, want) || is != c.is {
			t.Errorf("%s: %v as %v, want %v as %v", c.places, got, is, want, c.is)
		}
	}
}

func TestRelationWords(t *testing.T) {
	for i, word := range Relations {
		if r, ok := RelationOf(word); !ok || r != Relation(i) || r.String() != word {
			t.Errorf("%q: %v %v", word, r, ok)
		}
	}
	if _, ok := RelationOf("space"); ok {
		t.Error("there is no relation called space")
	}
}

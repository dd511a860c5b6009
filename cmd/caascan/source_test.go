package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/datasets"
)

// TestExpected: from the first batch on, how many names there will be is estimated well, although most of what was read is
// still held; in a zone file too, which is read twice. (64 KiB are read ahead.)
func TestExpected(t *testing.T) {
	const names = 200_000
	var list, zone strings.Builder
	zone.WriteString("kiel. 900 in soa a.kiel. b.kiel. 1 1 1 1 1\n")
	for i := range names {
		fmt.Fprintf(&list, "name-%06d.example\n", i)
		fmt.Fprintf(&zone, "name-%06d.kiel. 900 in ns a.kiel.\nname-%06d.kiel. 900 in ns b.kiel.\n", i, i)
	}
	for what, text := range map[string]string{"list": list.String(), "zone": zone.String()} {
		path := filepath.Join(t.TempDir(), what)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		reader, err := datasets.Open([]string{path}, datasets.Config{AllowSpecialUse: true})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		s, surveyed := &source{reader: reader}, what == "zone"
		size := s.size()
		if got := s.expected(size); got != 0 || reader.Surveyed() != 0 {
			t.Errorf("%s: %d expected before anything is read, %d octets surveyed", what, got, reader.Surveyed())
		}
		for {
			_, err := s.Next(context.Background())
			if got := s.surveyed(size); got != 0 {
				t.Fatalf("%s: surveyed to %v behind the first names", what, got)
			}
			if got := s.expected(size); got < names*94/100 || got > names*106/100 {
				t.Fatalf("%s: %d names expected, of %d", what, got, names)
			}
			if surveyed && reader.Surveyed() != size {
				t.Fatalf("%d of %d octets surveyed", reader.Surveyed(), size)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := s.expected(size); got != names {
			t.Errorf("%s: in the end %d", what, got)
		}
	}
}

// TestSurveyShown: while a zone file is looked through, which is before its first name, status lines and the bar say how far.
func TestSurveyShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zone")
	text := "kiel. 900 in soa a.kiel. b.kiel. 1 1 1 1 1\n" + strings.Repeat("a.kiel. 900 in ns a.kiel.\n", 100_000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := datasets.Open([]string{path}, datasets.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	s := &source{reader: reader}
	if _, err := s.Next(&givenUp{context.Background(), 50}); err != context.Canceled {
		t.Fatal(err)
	}
	share := s.surveyed(s.size())
	if share < 0.3 || share > 0.7 {
		t.Errorf("surveyed to %v, of a hundred looks at the context after fifty", share)
	}
	f := frame{}
	if shown := f.lines(&status{Surveyed: share}, 80)[0]; !strings.HasPrefix(shown, fmt.Sprintf("zone file looked through to %.0f%%", 100*share)) {
		t.Error(shown)
	}
}

// givenUp ends after it was looked at so many times.
type givenUp struct {
	context.Context
	left int
}

func (c *givenUp) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

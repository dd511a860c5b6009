package datasets

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

// zoneOf is a zone of so many names, with a line each and one for its SOA record.
func zoneOf(names int) string {
	var b strings.Builder
	b.WriteString("k. IN SOA a. b. 1 1 1 1 1\n")
	for i := range names {
		fmt.Fprintf(&b, "n%06d.k. 1 IN NS n.\n", i)
	}
	return b.String()
}

// TestZoneSortedByType: where the DS records of all names stand behind the NS records of all, names have none and nothing
// says that this is all.
func TestZoneSortedByType(t *testing.T) {
	got := readAll(t, []string{writeFile(t, "z", "k. SOA a. b. 1 1 1 1 1\na.k. NS n.\na.k. NS ns.a.k.\nb.k. NS n.\nns.a.k. A 192.0.2.1\na.k. DS 1 8 2 00\n")}, Config{})
	if got.zoneNames() != "a.k:2 b.k:4" || len(got.rejects) > 0 {
		t.Error(got.zoneNames())
	}
	for i, target := range got.targets {
		d := got.known[i]
		if d.Whole || d.DS != nil {
			t.Errorf("%s: %+v", target.Name, d)
		}
	}
}

// TestSurveyDamaged: damage in the middle of a packed file is found before any target, and its place told.
func TestSurveyDamaged(t *testing.T) {
	const names = 100_000
	text := zoneOf(names)
	packed := gzipOf(t, text)
	for what, damaged := range map[string]string{
		"cut":       packed[:len(packed)/2],
		"overwrote": packed[:len(packed)/2] + strings.Repeat("\xff", 100) + packed[len(packed)/2+100:],
	} {
		got := readAll(t, []string{writeFile(t, "z.gz", damaged)}, Config{})
		if got.err == nil || len(got.targets) > 0 {
			t.Fatalf("%s: %d targets, %v", what, len(got.targets), got.err)
		}
		if what != "cut" { // which may show only in the checksum
			continue
		}
		var line, octets int
		_, after, _ := strings.Cut(got.err.Error(), "after line ")
		if _, err := fmt.Sscanf(after, "%d, %d octets", &line, &octets); err != nil || line < names/4 || line > names*3/4+1 || octets < len(packed)/2-bufferSize || octets > len(packed)/2+bufferSize {
			t.Errorf("%s, of %d lines and %d octets: %v", what, names+1, len(packed), got.err)
		}
	}
}

// TestSurveyed: how far the survey has come can be seen meanwhile, and begins anew when it was given up.
func TestSurveyed(t *testing.T) {
	text := zoneOf(50_000)
	for what, c := range map[string]string{"plain": text, "gzip": gzipOf(t, text), "zip": zipOf(t, "k", text)} {
		r, err := Open([]string{writeFile(t, "z", c)}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var watching sync.WaitGroup
		stop := make(chan struct{})
		watching.Go(func() {
			for last := int64(0); ; {
				now := r.Surveyed()
				if now < last {
					t.Errorf("%s: %d after %d", what, now, last)
				}
				last = now
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		for err == nil {
			_, err = r.Next(context.Background())
		}
		close(stop)
		watching.Wait()
		if err != io.EOF {
			t.Fatal(err)
		}
		if size := int64(len(c)); r.Inputs()[0].Octets != size || r.Surveyed() > size || r.Surveyed() < size-256 { // an archive's directory was read before
			t.Errorf("%s: %d octets, %d surveyed, of %d", what, r.Inputs()[0].Octets, r.Surveyed(), size)
		}
	}
	r, err := Open([]string{writeFile(t, "z", text)}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, left := range []int{30, 20} {
		if _, err := r.Next(&endingContext{Context: context.Background(), left: left}); err != context.Canceled {
			t.Fatal(err)
		}
		if part := r.Surveyed(); part < int64(left-3)*pollLines*int64(len("n000000.k. 1 IN NS n.\n")) || part > int64(left)*pollLines*int64(len("n000000.k. 1 IN NS n.\n"))+bufferSize {
			t.Errorf("%d octets surveyed when the context ended at its look %d", part, left)
		}
	}
}

package record_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// view makes the answer of a server from "OUTCOME >alias >alias =data =data".
func view(t *testing.T, text string) record.ServerAnswer {
	t.Helper()
	words := strings.Fields(text)
	a := record.ServerAnswer{Outcome: ^record.Outcome(0)}
	for o := range record.Outcomes {
		if record.Outcome(o).String() == words[0] {
			a.Outcome = record.Outcome(o)
		}
	}
	for _, w := range words[1:] {
		if w[0] == '>' {
			a.Aliases = append(a.Aliases, wire.MustName(w[1:]))
		} else {
			a.Set = append(a.Set, record.RR{Data: []byte(w[1:])})
		}
	}
	return a
}

// The four classes of the study, what counts for none of them, and which goes before which.
func TestClassify(t *testing.T) {
	for _, test := range []struct {
		views        string // of the servers, separated by commas
		want         record.Consistency
		inconsistent int
	}{
		{"", record.NotChecked, 0},
		{"found =a", record.NotChecked, 0},
		{"found =a, timeout, lame, refused, servfail", record.NotChecked, 0},
		{"timeout, timeout", record.NotChecked, 0},
		{"truncated, malformed, skipped, blocked", record.NotChecked, 0},

		{"found =a, found =a", record.Same, 0},
		{"nodata, nodata", record.Same, 0},
		{"nxdomain, nxdomain", record.Same, 0},
		{"nxdomain, nodata", record.Same, 0},
		{"found =a, timeout, found =a", record.Same, 0},
		{"found >x, found >x", record.Same, 0},
		{"found >x, found >x =a", record.Same, 0},
		{"found >x, found >x >y =a", record.Same, 0},
		{"found >x, nxdomain >x", record.Same, 0},
		{"found >x, nodata >x >y", record.Same, 0},
		{"loop >x, loop >x", record.Same, 0},
		{"long_chain, found >x", record.Same, 0},

		{"nodata, found =a", record.NoDataVsCAA, 1},
		{"found =a, found =a, nodata", record.NoDataVsCAA, 1},
		{"found =a, nodata, nodata, lame", record.NoDataVsCAA, 1},
		{"found >x =a, nodata >x", record.NoDataVsCAA, 1},

		{"found >x, found >y", record.CNAMEDiffers, 1},
		{"found >x, nodata", record.CNAMEDiffers, 1},
		{"found >x, nxdomain", record.CNAMEDiffers, 1},
		{"found >x, found =a", record.CNAMEDiffers, 1},
		{"found >x =a, found >y =a", record.CNAMEDiffers, 1},
		{"found >x >y, found >x >z", record.CNAMEDiffers, 1},
		{"nodata >x, found >x >y", record.CNAMEDiffers, 1},
		{"loop >x, nodata", record.CNAMEDiffers, 1},

		{"found =a, found =b", record.CAADiffers, 1},
		{"found =a, found =a =b", record.CAADiffers, 1},
		{"found >x =a, found >x =b", record.CAADiffers, 1},
		{"found =a, found =b, found =c", record.CAADiffers, 2},

		{"nxdomain, found =a", record.NXDomainVsCAA, 1},
		{"nxdomain >x, found >x =a", record.NXDomainVsCAA, 1},
		{"nxdomain, found >x =a", record.NXDomainVsCAA, 1},

		{"found =a, nodata, nxdomain", record.NXDomainVsCAA, 1},
		{"found =a, found >x, nxdomain", record.NXDomainVsCAA, 2},
		{"found =a, nodata, found >x", record.CNAMEDiffers, 2},
		{"found =a, found =b, nodata", record.NoDataVsCAA, 2},
	} {
		var s record.Survey
		for text := range strings.SplitSeq(test.views, ",") {
			if text != "" {
				s.Answers = append(s.Answers, view(t, text))
			}
		}
		for range 4 { // the order in which they answer does not matter
			if got := record.Classify(s.Answers); got != test.want || s.Inconsistent() != test.inconsistent {
				t.Errorf("%s: %v, %d inconsistent; want %v, %d", test.views, got, s.Inconsistent(), test.want, test.inconsistent)
			}
			rand.Shuffle(len(s.Answers), func(i, k int) { s.Answers[i], s.Answers[k] = s.Answers[k], s.Answers[i] })
		}
	}
}

func TestSurveyCounts(t *testing.T) {
	s := record.Survey{Answers: []record.ServerAnswer{
		view(t, "found =a"), view(t, "lame"), view(t, "lame"), view(t, "refused"), view(t, "nodata"), view(t, "loop >x"),
	}}
	if s.Answered() != 3 || s.Lame() != 2 {
		t.Errorf("%d answered, %d lame", s.Answered(), s.Lame())
	}
}

func TestConsistencyWords(t *testing.T) {
	var words []string
	for c := record.NotChecked; c <= record.NXDomainVsCAA; c++ {
		words = append(words, c.String())
	}
	want := []string{"not_checked", "same", "nodata_vs_caa", "cname_differs", "caa_differs", "nxdomain_vs_caa"}
	if !slices.Equal(words, want) { // schema.md, caa_consistency
		t.Errorf("%q", words)
	}
}

package mail

import (
	"fmt"
	"regexp"
	"testing"
)

// Words stand in files: each value has its own, the zero value is "not-asked", and failed look-ups are "error", which
// no record can give.
func TestWords(t *testing.T) {
	form := regexp.MustCompile(`\A[a-z0-9]+(?:-[a-z0-9]+)*\z`)
	for _, postures := range [][]fmt.Stringer{
		values(SPFError), values(DMARCError), values(MTASTSError), values(TLSReportingError), values(BIMIError), values(DKIMError),
	} {
		seen := map[string]bool{}
		for _, p := range postures {
			if seen[p.String()] || !form.MatchString(p.String()) {
				t.Errorf("%T: %q", p, p)
			}
			seen[p.String()] = true
		}
		if first, second, last := postures[0], postures[1], postures[len(postures)-1]; first.String() != "not-asked" || second.String() != "absent" || last.String() != "error" {
			t.Errorf("%T: %v, %v ... %v", first, first, second, last)
		}
	}
	seen := map[string]bool{}
	for f := range findings {
		if word := f.String(); seen[word] || !form.MatchString(word) {
			t.Errorf("finding %d: %q", f, word)
		}
		seen[f.String()] = true
	}
	if findings > 64 {
		t.Error("too many findings for a set")
	}
}

// values returns the values of an enumeration up to its last.
func values[T interface {
	~uint8
	fmt.Stringer
}](last T) (list []fmt.Stringer) {
	for v := T(0); v <= last; v++ {
		list = append(list, v)
	}
	return list
}

func TestFindings(t *testing.T) {
	var s Findings
	s.add(DKIMNotForMail)
	s.add(SPFSyntax)
	s.add(SPFSyntax)
	if got := words(s); got != "spf-syntax dkim-not-for-mail" || !s.Has(SPFSyntax) || s.Has(SPFPTR) {
		t.Errorf("got %q", got)
	}
	for f := range s.All {
		if f != SPFSyntax {
			t.Errorf("got %v first", f)
		}
		break
	}
}

func TestResembles(t *testing.T) {
	for _, test := range []struct {
		record string
		want   bool
	}{
		{"v=spf1", true}, {"V=SPF1 -all", true}, {`"v=spf1"`, true}, {" v = spf1", true}, {"v=spf10", true}, {"v=spf", false}, {"", false}, {"x v=spf1", false}, {"v=spf2", false},
	} {
		if got := resembles(test.record, "v=spf1"); got != test.want {
			t.Errorf("%q: got %v", test.record, got)
		}
	}
}

package mail

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
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

// A server may give records in any order, and whatever else it has at the name: neither changes a value, and a record
// is kept if it is the only one.
func TestOrderAndCompanyDoNotMatter(t *testing.T) {
	for _, test := range []struct {
		what    string
		parse   func([]string) any
		record  func(any) string
		records []string
	}{
		{"SPF", func(r []string) any { return ParseSPF(r) }, func(v any) string { return v.(SPF).Record }, []string{"v=spf1 include:a.example -all", "v=spf1 mx", "v=spf1;"}},
		{"DMARC", func(r []string) any { return ParseDMARC(r) }, func(v any) string { return v.(DMARC).Record }, []string{"v=DMARC1; p=none", "v=DMARC1; p=reject", "v=dmarc1"}},
		{"MTA-STS", func(r []string) any { return ParseMTASTS(r) }, func(v any) string { return v.(MTASTS).Record }, []string{"v=STSv1; id=a", "v=STSv1; id=b", "v=stsv1"}},
		{"TLS-RPT", func(r []string) any { return ParseTLSReporting(r) }, func(v any) string { return v.(TLSReporting).Record }, []string{"v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1; rua=mailto:c@d", "v=tlsrptv1"}},
		{"BIMI", func(r []string) any { return ParseBIMI(r) }, func(v any) string { return v.(BIMI).Record }, []string{"v=BIMI1; l=", "v=BIMI1; l=https://a.example/", "v=bimi1"}},
		{"DKIM", func(r []string) any { return ParseDKIM(r) }, func(v any) string { return v.(DKIM).Record }, []string{"v=DKIM1; p=", "p=; k=ed25519", "v=dkim1"}},
	} {
		one, two, near := test.records[0], test.records[1], test.records[2]
		for _, records := range [][]string{{one, near}, {one, two}, {one, two, near}, {one, near, "v=other"}} {
			forth := test.parse(records)
			back := slices.Clone(records)
			slices.Reverse(back)
			if !reflect.DeepEqual(forth, test.parse(back)) {
				t.Errorf("%s: %q: %+v, in reverse %+v", test.what, records, forth, test.parse(back))
			}
			want := one
			if slices.Contains(records, two) {
				want = ""
			}
			if got := test.record(forth); got != want {
				t.Errorf("%s: %q: record %q", test.what, records, got)
			}
		}
	}
}

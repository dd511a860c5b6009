package mail

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestDMARC(t *testing.T) {
	const rua = "rua=mailto:dmarc@example.com"
	for _, test := range []struct {
		rule, record string
		posture      string // and those of existing and of other subdomains
		findings     string
	}{
		{"9989 4.7: p", "v=DMARC1; p=none", "none none none", ""},
		{"9989 4.7: p", "v=DMARC1; p=quarantine", "quarantine quarantine quarantine", ""},
		{"9989 4.7: p", "v=DMARC1; p=reject", "reject reject reject", ""},
		{"9989 4.7: sp", "v=DMARC1; p=reject; sp=none", "reject none none", ""},
		{"9989 4.7: np", "v=DMARC1; p=none; np=reject", "none none reject", ""},
		{"9989 4.7: sp and np", "v=DMARC1; p=none; sp=quarantine; np=reject", "none quarantine reject", ""},
		{"9989 4.8: any order behind v", "v=DMARC1; np=reject; sp=quarantine; p=none", "none quarantine reject", ""},
		{"9989 4.8: blanks", "v \t= DMARC1 ; p\t=\t reject ; ", "reject reject reject", ""},
		{"9989 4.8: none needed", "v=DMARC1;p=reject", "reject reject reject", ""},
		{"9989 4.8: a last semicolon", "v=DMARC1;p=reject;", "reject reject reject", ""},
		{"RFC 5234 2.3: no case", "V=DMARC1; P=Reject", "reject reject reject", ""},

		{"9989 4.7: the version has case", "v=dmarc1; p=reject", "absent absent absent", "dmarc-bad-version"},
		{"9989 4.7: the version comes first", "p=reject; v=DMARC1", "absent absent absent", ""},
		{"9989 4.8: and nothing before it", " v=DMARC1; p=reject", "absent absent absent", "dmarc-bad-version"},
		{"9989 4.7: it matches precisely", "v=DMARC12; p=reject", "absent absent absent", "dmarc-bad-version"},
		{"9989 4.7: it ends with a semicolon", "v=DMARC1 p=reject", "absent absent absent", "dmarc-bad-version"},
		{"9989 4.7: another protocol's", "v=spf1 -all", "absent absent absent", ""},

		{"9989 4.10.1: no p, no rua", "v=DMARC1", "invalid invalid invalid", "dmarc-no-policy"},
		{"9989 4.10.1: no p, but rua", "v=DMARC1; " + rua, "none none none", "dmarc-no-policy"},
		{"9989 4.10.1: bad p, no rua", "v=DMARC1; p=block; ruf=mailto:a@example.com", "invalid invalid invalid", "dmarc-bad-value dmarc-no-policy"},
		{"9989 4.10.1: bad p, but rua", "v=DMARC1; p=block; " + rua, "none none none", "dmarc-bad-value dmarc-no-policy"},
		{"9989 4.10.1: bad sp", "v=DMARC1; p=reject; sp=x", "invalid invalid invalid", "dmarc-bad-value dmarc-no-policy"},
		{"9989 4.10.1: bad sp, but rua", "v=DMARC1; p=reject; sp=x; " + rua, "none none none", "dmarc-bad-value dmarc-no-policy"},
		{"9989 4.10.1: bad np, but rua", "v=DMARC1; p=reject; np=x; " + rua, "none none none", "dmarc-bad-value dmarc-no-policy"},
		{"9989 4.10.1: rua without a valid URI", "v=DMARC1; rua=dmarc@example.com", "invalid invalid invalid", "dmarc-no-policy dmarc-bad-uri"},
		{"9989 4.8: an empty p is no tag", "v=DMARC1; p=; " + rua, "none none none", "dmarc-syntax dmarc-no-policy"},

		{"9989 4.7: unknown tags", "v=DMARC1; p=reject; x=y", "reject reject reject", "dmarc-unknown-tag"},
		{"9989 4.7: what is no tag", "v=DMARC1; p=reject; x", "reject reject reject", "dmarc-syntax"},
		{"9989 4.8: nothing between semicolons", "v=DMARC1;; p=reject", "reject reject reject", "dmarc-syntax"},
		{"9989 4.8: no character but printing ones", "v=DMARC1; p=reject; rua=mailto:\u00e9@example.com", "reject reject reject", "dmarc-syntax"},
		{"9989 C.5.2: tags removed", "v=DMARC1; p=reject; pct=50; ri=3600; rf=afrf", "reject reject reject", "dmarc-retired-tag"},
		{"the first of a repeated tag counts", "v=DMARC1; p=reject; p=none", "reject reject reject", "dmarc-repeated-tag"},
		{"a second version", "v=DMARC1; v=DMARC1; p=reject", "reject reject reject", "dmarc-repeated-tag"},
		{"9989 4.8: dmarc-rors", "v=DMARC1; p=reject; adkim=strict", "reject reject reject", "dmarc-bad-value"},
		{"9989 4.8: dmarc-yorn", "v=DMARC1; p=reject; t=yes", "reject reject reject", "dmarc-bad-value"},
		{"9989 4.8: dmarc-psd", "v=DMARC1; p=reject; psd=x", "reject reject reject", "dmarc-bad-value"},
		{"7489 6.4: dmarc-percent", "v=DMARC1; p=reject; pct=101", "reject reject reject", "dmarc-bad-value dmarc-retired-tag"},
	} {
		got := ParseDMARC([]string{"unrelated", test.record})
		posture := got.Posture.String() + " " + got.ForSubdomain(true).String() + " " + got.ForSubdomain(false).String()
		if posture != test.posture || words(got.Findings) != test.findings {
			t.Errorf("RFC %s: %q: got %s, findings %q", test.rule, test.record, posture, words(got.Findings))
		}
		if got.Policy != DMARCNotAsked && got.Policy != got.Posture {
			t.Errorf("%q: policy %v, posture %v", test.record, got.Policy, got.Posture)
		}
	}
}

func TestDMARCRecords(t *testing.T) { // RFC 9989 4.10, RFC 7489 6.6.3
	for _, test := range []struct {
		records []string
		want    DMARCPosture
	}{
		{nil, DMARCAbsent},
		{[]string{"x", "y"}, DMARCAbsent},
		{[]string{"v=DMARC1; p=none", "v=DMARC1; p=none"}, DMARCMultiple},
		{[]string{"v=DMARC1; p=reject", "x", "v=DMARC1"}, DMARCMultiple},
		{[]string{"v=DMARC1; p=reject", "v=dmarc1; p=none"}, DMARCReject},
	} {
		if got := ParseDMARC(test.records); got.Posture != test.want || got.ForSubdomain(true) != test.want {
			t.Errorf("%q: got %v", test.records, got.Posture)
		}
	}
}

func TestDMARCTags(t *testing.T) {
	got := ParseDMARC([]string{"v=DMARC1; p=quarantine; adkim=s; aspf=S; t=y; psd=n; fo=1:d:s; pct=25; ri=3600;" +
		"rua=mailto:a@example.com!10m , https://example.com/r!1,mailto:bad,ftp://x/y; ruf=mailto:b@example.com"})
	want := DMARC{
		Posture: DMARCQuarantine, Policy: DMARCQuarantine, Subdomains: DMARCQuarantine, NonExistent: DMARCQuarantine,
		Testing: true, StrictDKIM: true, StrictSPF: true, PSD: PSDNo, FailureOptions: FailureAny | FailureDKIM | FailureSPF,
		Percent: 25, Interval: 3600,
		Aggregate: []ReportURI{{"mailto:a@example.com", 10 << 20}, {"https://example.com/r", 1}, {"ftp://x/y", 0}},
		Failure:   []ReportURI{{"mailto:b@example.com", 0}},
	}
	if !slices.Equal(got.Aggregate, want.Aggregate) || !slices.Equal(got.Failure, want.Failure) {
		t.Errorf("got %v and %v", got.Aggregate, got.Failure)
	}
	if f := words(got.Findings); f != "dmarc-retired-tag dmarc-bad-uri" {
		t.Errorf("findings %q", f)
	}
	if got.Testing != want.Testing || got.StrictDKIM != want.StrictDKIM || got.StrictSPF != want.StrictSPF || got.PSD != want.PSD ||
		got.FailureOptions != want.FailureOptions || got.Percent != want.Percent || got.Interval != want.Interval || got.Posture != want.Posture {
		t.Errorf("got %+v", got)
	}

	got = ParseDMARC([]string{"v=DMARC1; p=none; fo=1"}) // the defaults; fo is for ruf only
	if got.Testing || got.StrictDKIM || got.StrictSPF || got.PSD != PSDUnknown || got.FailureOptions != 0 || got.Percent != 100 || got.Interval != 86400 {
		t.Errorf("got %+v", got)
	}
	got = ParseDMARC([]string{"v=DMARC1; p=none; ruf=mailto:a@example.com; fo=2; pct=-1; ri=4294967296; psd=; t=Y"})
	if got.FailureOptions != FailureAll || got.Percent != 100 || got.Interval != 86400 || !got.Testing {
		t.Errorf("got %+v", got)
	}
	got = ParseDMARC([]string{"v=DMARC1; rua=" + strings.Repeat("mailto:a@example.com,", 1000) + "x"})
	if len(got.Aggregate) != maxReportURIs || !got.Findings.Has(DMARCBadURI) || got.Posture != DMARCNone {
		t.Errorf("got %d URIs, findings %q", len(got.Aggregate), words(got.Findings))
	}
}

func TestReportURI(t *testing.T) { // RFC 7489 6.4
	for _, test := range []struct {
		text string
		uri  string
		size uint64
		ok   bool
	}{
		{"mailto:a@example.com", "mailto:a@example.com", 0, true},
		{"mailto:a@example.com!0", "mailto:a@example.com", 0, true},
		{"mailto:a@example.com!512", "mailto:a@example.com", 512, true},
		{"mailto:a@example.com!50k", "mailto:a@example.com", 50 << 10, true},
		{"mailto:a@example.com!50M", "mailto:a@example.com", 50 << 20, true},
		{"mailto:a@example.com!1g", "mailto:a@example.com", 1 << 30, true},
		{"mailto:a@example.com!1t", "mailto:a@example.com", 1 << 40, true},
		{"mailto:a@example.com!16777215t", "mailto:a@example.com", 16777215 << 40, true},
		{"mailto:a@example.com!16777216t", "mailto:a@example.com", math.MaxUint64, true},
		{"mailto:a@example.com!99999999999999999999999", "mailto:a@example.com", math.MaxUint64, true},
		{"mailto:a@example.com!", "", 0, false},
		{"mailto:a@example.com!k", "", 0, false},
		{"mailto:a@example.com!1x", "", 0, false},
		{"mailto:a@example.com!1!2", "", 0, false},
		{"mailto:a@example.com!+1", "", 0, false},
		{"!10m", "", 0, false},
		{"", "", 0, false},
	} {
		got, ok := parseReportURI(test.text)
		if ok != test.ok || ok && (got.URI != test.uri || got.MaxSize != test.size) {
			t.Errorf("%q: got %v, %v", test.text, got, ok)
		}
	}
}

func TestFailureOptions(t *testing.T) { // RFC 7489 6.4
	for _, test := range []struct {
		value string
		want  FailureOptions
		ok    bool
	}{
		{"0", FailureAll, true}, {"1", FailureAny, true}, {"d", FailureDKIM, true}, {"S", FailureSPF, true}, {"d:s", FailureDKIM | FailureSPF, true},
		{"1 : d", FailureAny | FailureDKIM, true}, {"", 0, false}, {"2", 0, false}, {"ds", 0, false}, {"d:", 0, false}, {"1,d", 0, false},
	} {
		if got, ok := parseFailureOptions(test.value); got != test.want || ok != test.ok {
			t.Errorf("%q: got %v, %v", test.value, got, ok)
		}
	}
}

var (
	dmarcVersionABNF = regexp.MustCompile(`\A[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\z)`)
	dmarcTagABNF     = regexp.MustCompile(`\A[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*([!-:<-~](?:[ \t!-:<-~]*[!-:<-~])?)[ \t]*\z`)
)

// naiveDMARC reads the posture of a record by the letter of RFC 9989 4.8 and 4.10.1, all tags first.
func naiveDMARC(record string) DMARCPosture {
	if !dmarcVersionABNF.MatchString(record) {
		return DMARCAbsent
	}
	tags := map[string]string{}
	for _, part := range strings.Split(record, ";")[1:] {
		if m := dmarcTagABNF.FindStringSubmatch(part); m != nil {
			if _, repeated := tags[strings.ToLower(m[1])]; !repeated {
				tags[strings.ToLower(m[1])] = m[2]
			}
		}
	}
	policies := map[string]DMARCPosture{"none": DMARCNone, "quarantine": DMARCQuarantine, "reject": DMARCReject}
	policy, valid := policies[strings.ToLower(tags["p"])]
	for _, name := range []string{"sp", "np"} {
		if value, given := tags[name]; given && policies[strings.ToLower(value)] == DMARCNotAsked {
			valid = false
		}
	}
	if valid {
		return policy
	}
	for _, entry := range strings.Split(tags["rua"], ",") {
		if _, ok := parseReportURI(strings.Trim(entry, " \t")); ok {
			return DMARCNone
		}
	}
	return DMARCInvalid
}

func FuzzDMARC(f *testing.F) {
	for _, seed := range []string{"v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=r; t=y; psd=u", "v=DMARC1;p=none;rua=mailto:a@b!10m,https://c/d;ruf=x:y;fo=1:d;pct=5;ri=1;rf=afrf",
		"V = DMARC1 ;; p=x; p=none; rua=mailto:a@b", "v=dmarc1; p=none", "v=DMARC1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseDMARC([]string{record})
		policy := got.Posture == DMARCNone || got.Posture == DMARCQuarantine || got.Posture == DMARCReject
		if policy != (got.Policy == got.Posture) || policy != (got.Subdomains != DMARCNotAsked) || policy != (got.NonExistent != DMARCNotAsked) {
			t.Errorf("%q: got %+v", record, got)
		}
		if got.Posture == DMARCInvalid && len(got.Aggregate) > 0 || got.Posture == DMARCMultiple || got.Posture == DMARCError || got.Posture == DMARCNotAsked {
			t.Errorf("%q: got %+v", record, got)
		}
		for _, u := range append(got.Aggregate, got.Failure...) {
			if !strings.Contains(record, u.URI) || !strings.Contains(u.URI, ":") || strings.ContainsAny(u.URI, ",!; ") {
				t.Errorf("%q: URI %q", record, u.URI)
			}
		}
		if want := naiveDMARC(record); got.Posture != want {
			t.Errorf("%q: got %v, read another way %v", record, got.Posture, want)
		}
		if got.Posture == DMARCAbsent { // nothing behind a record's version makes another record of it
			return
		}
		if more := ParseDMARC([]string{record + ";zz=1"}); more.Posture != got.Posture {
			t.Errorf("%q: an unknown tag makes %v of %v", record, more.Posture, got.Posture)
		}
		if both := ParseDMARC([]string{record, record}); both.Posture != DMARCMultiple {
			t.Errorf("%q twice: %v", record, both.Posture)
		}
	})
}

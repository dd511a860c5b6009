package mail

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMTASTS(t *testing.T) { // RFC 8461 3.1
	long := strings.Repeat("a1", 16)
	for _, test := range []struct {
		records     []string
		posture, id string
		findings    string
	}{
		{nil, "absent", "", ""},
		{[]string{"v=spf1 -all"}, "absent", "", ""},
		{[]string{"v=STSv1; id=20160831085700Z;"}, "published", "20160831085700Z", ""},
		{[]string{"v=STSv1;id=a"}, "published", "a", ""},
		{[]string{"v=STSv1 \t;\t id=a ; "}, "published", "a", ""},
		{[]string{"v=STSv1; x-1.y_z=!; id=a"}, "published", "a", ""},
		{[]string{"v=STSv1; id=" + long}, "published", long, ""},
		{[]string{"v=STSv1; id=" + long + "b"}, "invalid", "", "mta-sts-syntax mta-sts-no-id"},
		{[]string{"v=STSv1; id=a-b"}, "invalid", "", "mta-sts-syntax mta-sts-no-id"},
		{[]string{"v=STSv1; id="}, "invalid", "", "mta-sts-syntax mta-sts-no-id"},
		{[]string{"v=STSv1; id = a"}, "invalid", "", "mta-sts-syntax mta-sts-no-id"},
		{[]string{"v=STSv1; id= a"}, "invalid", "", "mta-sts-syntax mta-sts-no-id"},
		{[]string{"v=STSv1; ID=a"}, "invalid", "", "mta-sts-no-id"},
		{[]string{"v=STSv1"}, "invalid", "", "mta-sts-no-id"},
		{[]string{"v=STSv1;"}, "invalid", "", "mta-sts-no-id"},
		{[]string{"v=STSv1;; id=a"}, "invalid", "", "mta-sts-syntax"},
		{[]string{"v=STSv1; id=a; x"}, "invalid", "", "mta-sts-syntax"},
		{[]string{"v=STSv1; id=a; x=b=c"}, "invalid", "", "mta-sts-syntax"},
		{[]string{"v=STSv1; id=a; x=b c"}, "invalid", "", "mta-sts-syntax"},
		{[]string{"v=STSv1; id=a; " + strings.Repeat("x", 33) + "=b"}, "invalid", "", "mta-sts-syntax"},
		{[]string{"v=STSv1; id=a; id=b"}, "published", "a", "mta-sts-repeated-id"},
		{[]string{"v=STSv1 id=a"}, "absent", "", "mta-sts-bad-version"},
		{[]string{"v=stsv1; id=a"}, "absent", "", "mta-sts-bad-version"},
		{[]string{"v = STSv1; id=a"}, "absent", "", "mta-sts-bad-version"},
		{[]string{"v=STSv1; id=a", "v=STSv1; id=b"}, "multiple", "", ""},
		{[]string{"v=STSv1; id=a", "x"}, "published", "a", ""},
		{[]string{"v=STSv1 ; id=a", "v=STSv1; id=b"}, "published", "b", "mta-sts-bad-version"}, // discarded, being of several
		{[]string{"v=STSv1", "v=STSv1; id=b"}, "published", "b", "mta-sts-bad-version"},
	} {
		got := ParseMTASTS(test.records)
		if got.Posture.String() != test.posture || got.ID != test.id || words(got.Findings) != test.findings {
			t.Errorf("%q: got %+v, findings %q", test.records, got, words(got.Findings))
		}
	}
}

func TestTLSReporting(t *testing.T) { // RFC 8460 3
	for _, test := range []struct {
		records  []string
		posture  string
		rua      []string
		findings string
	}{
		{nil, "absent", nil, ""},
		{[]string{"v=TLSRPTv1;rua=mailto:reports@example.com"}, "published", []string{"mailto:reports@example.com"}, ""},
		{[]string{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"}, "published", []string{"https://reporting.example.com/v1/tlsrpt"}, ""},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com , https://b.example/?x=y; z=1;"}, "published", []string{"mailto:a@example.com", "https://b.example/?x=y"}, ""},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com"}, "published", []string{"mailto:a@example.com", "mailto:b@example.com"}, ""},
		{[]string{"v=TLSRPTv1; rua=a@example.com, mailto:b@example.com"}, "published", []string{"mailto:b@example.com"}, "tls-rpt-bad-uri"},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com!10m"}, "invalid", nil, "tls-rpt-no-rua tls-rpt-bad-uri"},
		{[]string{"v=TLSRPTv1; rua=http://a.example/"}, "invalid", nil, "tls-rpt-no-rua tls-rpt-bad-uri"},
		{[]string{"v=TLSRPTv1; rua="}, "invalid", nil, "tls-rpt-syntax tls-rpt-no-rua"},
		{[]string{"v=TLSRPTv1; rua= mailto:a@example.com"}, "invalid", nil, "tls-rpt-syntax tls-rpt-no-rua"},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com; x"}, "invalid", nil, "tls-rpt-syntax"},
		{[]string{"v=TLSRPTv1"}, "invalid", nil, "tls-rpt-no-rua"},
		{[]string{"v=TLSRPT1; rua=mailto:a@example.com"}, "absent", nil, ""},
		{[]string{"v=tlsrptv1; rua=mailto:a@example.com"}, "absent", nil, "tls-rpt-bad-version"},
		{[]string{"v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:a@example.com"}, "multiple", nil, ""},
	} {
		got := ParseTLSReporting(test.records)
		if got.Posture.String() != test.posture || !slices.Equal(got.RUA, test.rua) || words(got.Findings) != test.findings {
			t.Errorf("%q: got %+v, findings %q", test.records, got, words(got.Findings))
		}
	}
}

func TestBIMI(t *testing.T) { // BIMI 4.3, 7.2
	for _, test := range []struct {
		records       []string
		posture, l, a string
		findings      string
	}{
		{nil, "absent", "", "", ""},
		{[]string{"v=BIMI1; l=https://a.example/i.svg"}, "self-asserted", "https://a.example/i.svg", "", ""},
		{[]string{"v=BIMI1; l=https://a.example/i.svg; a="}, "self-asserted", "https://a.example/i.svg", "", ""},
		{[]string{"v=BIMI1; l=https://a.example/i.svg; a=https://b.example/i.pem"}, "evidenced", "https://a.example/i.svg", "https://b.example/i.pem", ""},
		{[]string{"v = BIMI1;a = https://b.example/i.pem\r\n ;l= https://a.example/i.svg ;"}, "evidenced", "https://a.example/i.svg", "https://b.example/i.pem", ""},
		{[]string{"v=BIMI1; l=; a=;"}, "declined", "", "", ""},
		{[]string{"v=BIMI1; l="}, "declined", "", "", ""},
		{[]string{"v=BIMI1; l=; a=; lps=true; avp=brand; x=y"}, "declined", "", "", ""},
		{[]string{"v=BIMI1; a="}, "invalid", "", "", "bimi-no-location"},
		{[]string{"v=BIMI1"}, "invalid", "", "", "bimi-no-location"},
		{[]string{"v=BIMI1; L=https://a.example/i.svg"}, "invalid", "", "", "bimi-no-location"}, // RFC 6376 3.2: names have case
		{[]string{"v=BIMI1; l=; a=https://b.example/i.pem"}, "invalid", "", "", "bimi-evidence-alone"},
		{[]string{"v=BIMI1; l=http://a.example/i.svg"}, "invalid", "", "", "bimi-bad-uri"},
		{[]string{"v=BIMI1; l=https://a.example/i.svg,https://b.example/i.svg"}, "invalid", "", "", "bimi-bad-uri"},
		{[]string{"v=BIMI1; l=https://a.example/i.svg; a=x"}, "invalid", "", "", "bimi-bad-uri"},
		{[]string{"v=BIMI1; l=https://a.example/i.svg; l="}, "invalid", "", "", "bimi-syntax"},
		{[]string{"v=BIMI1; v=BIMI1; l="}, "invalid", "", "", "bimi-syntax"},
		{[]string{"v=BIMI1; l=;; a="}, "invalid", "", "", "bimi-syntax"},
		{[]string{"v=BIMI1; l=; a"}, "invalid", "", "", "bimi-syntax"},
		{[]string{"v=bimi1; l="}, "absent", "", "", "bimi-bad-version"},
		{[]string{"V=BIMI1; l="}, "absent", "", "", "bimi-bad-version"},
		{[]string{"v=BIMI1 l="}, "absent", "", "", "bimi-bad-version"},
		{[]string{"l=; v=BIMI1"}, "absent", "", "", ""},
		{[]string{"v=BIMI1; l=", "v=BIMI1; l="}, "multiple", "", "", ""},
		{[]string{"v=BIMI1; l=", "v=bimi1; l="}, "declined", "", "", "bimi-bad-version"},
	} {
		got := ParseBIMI(test.records)
		if got.Posture.String() != test.posture || got.Location != test.l || got.Evidence != test.a || words(got.Findings) != test.findings {
			t.Errorf("%q: got %+v, findings %q", test.records, got, words(got.Findings))
		}
	}
}

func TestURI(t *testing.T) { // RFC 3986, RFC 6068, RFC 9110 4.2
	for _, test := range []struct {
		text string
		want bool
	}{
		{"mailto:a@example.com", true}, {"MAILTO:a@example.com", true}, {"mailto:a%40b@example.com?subject=x%20y", true}, {"mailto:a@b", true}, {"mailto:a+b@ex_ample.com.", true},
		{"mailto:", false}, {"mailto:a", false}, {"mailto:@example.com", false}, {"mailto:a@", false}, {"mailto:a@.com", false}, {"mailto:a@-b", false}, {"mailto:?to=a@b", false},
		{"mailto:a b@example.com", false}, {"mailto:a@example.com%", false}, {"mailto:a@example.com%4", false}, {"mailto:\u00e9@example.com", false}, {"mailto:<a@example.com>", false},
		{"https://example.com", true}, {"https://example.com:443/a?b=c#d", true}, {"https://u@example.com/@", true}, {"https://[2001:db8::1]:443/", true}, {"https://192.0.2.1/", true}, {"HTTPS://example.com/%41", true},
		{"https:example.com", false}, {"https://", false}, {"https:///a", false}, {"https://:443/", false}, {"https://example.com:x/", false}, {"https://[]/", false}, {"https://a[b]/", false}, {"https://[::1]x/", false},
		{"https://a..b/", false}, {"https://example.com/#a#b", false}, {"https://example.com/a b", false},
		{"x:y", true}, {"x-1+.:/", true}, {"x:", false}, {":y", false}, {"1x:y", false}, {"a@example.com", false}, {"", false},
	} {
		if got := isURI(test.text); got != test.want {
			t.Errorf("%q: got %v", test.text, got)
		}
	}
	if isHTTPS("http://a.example/") || isHTTPS("mailto:a@b") || !isHTTPS("https://a.example/") || isMailto("https://a.example/") || !isMailto("mailto:a@b") {
		t.Error("schemes mixed up")
	}
}

// RFC 8461 3.1 and RFC 8460 3 as regular expressions.
var (
	abnfExtension = `[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[!-:<>-~]+`
	mtastsABNF    = regexp.MustCompile(`\Av=STSv1(?:[ \t]*;[ \t]*` + abnfExtension + `)+[ \t]*(?:;[ \t]*)?\z`)
	mtastsID      = regexp.MustCompile(`[;\t ]id=[A-Za-z0-9]{1,32}[ \t]*(?:;|\z)`)
	mtastsBadID   = regexp.MustCompile(`[;\t ]id=(?:[A-Za-z0-9]*[^A-Za-z0-9; \t]|[A-Za-z0-9]{33})`)
)

func FuzzMTASTS(f *testing.F) {
	for _, seed := range []string{"v=STSv1; id=20160831085700Z;", "v=STSv1;id=a;x=y", "v=STSv1 ; id=a ; id=b", "v=STSv1; id=a=b", "v=stsv1;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseMTASTS([]string{record})
		want := mtastsABNF.MatchString(record) && mtastsID.MatchString(record) && !mtastsBadID.MatchString(record)
		if want != (got.Posture == MTASTSPublished) || want != (got.ID != "") {
			t.Errorf("%q: got %+v, the ABNF gives %v", record, got, want)
		}
	})
}

func FuzzTLSReporting(f *testing.F) {
	for _, seed := range []string{"v=TLSRPTv1;rua=mailto:a@b", "v=TLSRPTv1; rua=https://a.example/?x=y , mailto:c@d; x=y;", "v=TLSRPTv1;rua=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseTLSReporting([]string{record})
		if (got.Posture == TLSReportingPublished) != (len(got.RUA) > 0) || !strings.HasPrefix(record, "v=TLSRPTv1") && got.Posture != TLSReportingAbsent {
			t.Errorf("%q: got %+v", record, got)
		}
		for _, uri := range got.RUA {
			if !strings.Contains(record, uri) || strings.ContainsAny(uri, ",;! \t") {
				t.Errorf("%q: URI %q", record, uri)
			}
		}
	})
}

func FuzzBIMI(f *testing.F) {
	for _, seed := range []string{"v=BIMI1; l=https://a.example/i.svg; a=https://b.example/i.pem", "v=BIMI1;l=;a=;", "v = BIMI1 ; a= ; l=x", "v=bimi1;l="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseBIMI([]string{record})
		shown := got.Posture == BIMISelfAsserted || got.Posture == BIMIEvidenced
		if shown != (got.Location != "") || (got.Posture == BIMIEvidenced) != (got.Evidence != "") {
			t.Errorf("%q: got %+v", record, got)
		}
		if got.Posture == BIMIInvalid && got.Findings == 0 {
			t.Errorf("%q: invalid for no reason", record)
		}
	})
}

func FuzzURI(f *testing.F) {
	for _, seed := range []string{"mailto:a@b?c=d", "https://u@[::1]:443/a?b#c", "x:%41", "https://a.example:/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isURI(s) && !regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9+.-]*:(?:[!$&'()*+,;=:@/?#\[\]A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+\z`).MatchString(s) {
			t.Errorf("%q", s)
		}
	})
}

package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/wire"
)

func TestNames(t *testing.T) {
	domain := wire.MustName("mail.example.com")
	for _, test := range []struct {
		want string
		name func(wire.Name) (wire.Name, bool)
	}{
		{"_dmarc.mail.example.com", DMARCName},
		{"_mta-sts.mail.example.com", MTASTSName},
		{"mta-sts.mail.example.com", MTASTSHost},
		{"_smtp._tls.mail.example.com", TLSReportingName},
		{"default._bimi.mail.example.com", BIMIName},
		{"s1.eu._domainkey.mail.example.com", func(d wire.Name) (wire.Name, bool) { return DKIMName("S1.eu", d) }},
	} {
		if got, ok := test.name(domain); !ok || got != wire.MustName(test.want) {
			t.Errorf("%s: got %s, %v", test.want, got, ok)
		}
		long := wire.MustName(strings.Repeat("a.", 125) + "ab")
		if got, ok := test.name(long); ok {
			t.Errorf("%s: got %s of %d octets", test.want, got, len(got))
		}
		if _, ok := test.name(""); ok {
			t.Errorf("%s: a name below none", test.want)
		}
	}
	for _, selector := range []string{"", ".", "a..b", strings.Repeat("a", 64)} {
		if got, ok := DKIMName(selector, domain); ok {
			t.Errorf("selector %q: got %s", selector, got)
		}
	}
	longest := wire.MustName(strings.Repeat("a.", 122) + "abc") // 122*2 + 4 + 1 octets, before which _dmarc has no room
	if _, ok := DMARCName(longest); ok || len(longest) != 249 {
		t.Errorf("below a name of %d octets", len(longest))
	}
	if name, ok := DMARCName(longest[2:]); !ok || len(name) != 254 {
		t.Errorf("below a name of 247 octets: %d", len(name))
	}
}

func TestDMARCNames(t *testing.T) {
	for _, test := range []struct {
		rule, domain, organisational string
		want                         []string
	}{
		{"RFC 7489 6.6.3", "a.mail.example.com", "example.com", []string{"_dmarc.a.mail.example.com", "_dmarc.example.com"}},
		{"RFC 7489 6.6.3: the organisational domain itself", "example.com", "example.com", []string{"_dmarc.example.com"}},
		{"RFC 7489 6.6.3: a public suffix", "co.uk", "", []string{"_dmarc.co.uk"}},
		{"RFC 7489 6.6.3: not one of another tree", "example.com", "example.net", []string{"_dmarc.example.com"}},
	} {
		var organisational wire.Name
		if test.organisational != "" {
			organisational = wire.MustName(test.organisational)
		}
		var got []string
		for _, name := range DMARCNames(wire.MustName(test.domain), organisational) {
			got = append(got, name.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q", test.rule, got)
		}
	}
}

func TestText(t *testing.T) { // RFC 7208 3.3
	for _, test := range []struct{ data, want string }{
		{"\x0bv=spf1 .... \x12first second stri", ""}, // cut short
		{"\x05ab cd\x00\x03 ef", "ab cd ef"},
		{"\x08v=spf1 a\x05 -all", "v=spf1 a -all"},
		{"\x00", ""},
	} {
		txt, err := wire.ParseTXT([]byte(test.data))
		if (err != nil) != (test.want == "" && len(test.data) > 1) {
			t.Fatalf("%q: %v", test.data, err)
		}
		if got := Text(txt); err == nil && got != test.want {
			t.Errorf("%q: got %q", test.data, got)
		}
	}
}

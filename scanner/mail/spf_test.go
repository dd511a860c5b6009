package mail

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func words(s Findings) string {
	var list []string
	for f := range s.All {
		list = append(list, f.String())
	}
	return strings.Join(list, " ")
}

func TestSPF(t *testing.T) {
	for _, test := range []struct {
		rule     string
		records  []string
		posture  string
		lookups  int
		includes []string
		redirect string
		findings string
	}{
		{"4.5: none", nil, "absent", 0, nil, "", ""},
		{"4.5: none among others", []string{"site-verification=a", ""}, "absent", 0, nil, "", ""},
		{"4.5: one among others", []string{"x", "v=spf1 -all", "y=z"}, "fail", 0, nil, "", ""},
		{"4.5: several", []string{"v=spf1 -all", "v=spf1 ~all"}, "permerror", 0, nil, "", "spf-multiple"},
		{"3.2: several, alike", []string{"v=spf1 -all", "v=spf1 -all"}, "permerror", 0, nil, "", "spf-multiple"},
		{"4.5: version to the end", []string{"v=spf1"}, "missing-all", 0, nil, "", ""},
		{"4.5: another version", []string{"v=spf10 -all"}, "absent", 0, nil, "", "spf-bad-version"},
		{"4.5: Sender ID is not SPF", []string{"spf2.0/mfrom -all"}, "absent", 0, nil, "", ""},
		{"4.5: a tab does not end the version", []string{"v=spf1\t-all"}, "absent", 0, nil, "", "spf-bad-version"},
		{"4.5: nothing before it", []string{" v=spf1 -all"}, "absent", 0, nil, "", "spf-bad-version"},
		{"4.5: nor quotation marks", []string{`"v=spf1 -all"`}, "absent", 0, nil, "", "spf-bad-version"},
		{"4.5: the nearly one does not count", []string{"v=spf1;-all", "v=spf1 -all"}, "fail", 0, nil, "", "spf-bad-version"},
		{"RFC 5234 2.3: no case", []string{"V=SPF1 INCLUDE:A.example -ALL"}, "fail", 1, []string{"A.example"}, "", ""},

		{"5.1: -all", []string{"v=spf1 -all"}, "fail", 0, nil, "", ""},
		{"5.1: ~all", []string{"v=spf1 ~all"}, "softfail", 0, nil, "", ""},
		{"5.1: ?all", []string{"v=spf1 ?all"}, "neutral", 0, nil, "", ""},
		{"5.1: +all", []string{"v=spf1 +all"}, "pass", 0, nil, "", ""},
		{"4.6.2: + by default", []string{"v=spf1 all"}, "pass", 0, nil, "", ""},
		{"4.7: neither all nor redirect", []string{"v=spf1 mx"}, "missing-all", 1, nil, "", ""},
		{"4.6.1: spaces between and behind", []string{"v=spf1  mx   -all  "}, "fail", 1, nil, "", ""},
		{"5.1: what stands behind all", []string{"v=spf1 -all mx include:a.example +all"}, "fail", 0, nil, "", "spf-terms-after-all"},
		{"5.1: addresses alone", []string{"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"}, "fail", 0, nil, "", ""},

		{"6.1: redirect", []string{"v=spf1 redirect=_spf.example.com"}, "redirect", 1, nil, "_spf.example.com", ""},
		{"6.1: redirect first", []string{"v=spf1 redirect=b.example include:a.example"}, "redirect", 2, []string{"a.example"}, "b.example", ""},
		{"6.1: not with all", []string{"v=spf1 ?all redirect=b.example"}, "neutral", 0, nil, "", "spf-redirect-ignored"},
		{"6.1: not with all behind it", []string{"v=spf1 redirect=b.example -all"}, "fail", 0, nil, "", "spf-redirect-ignored"},
		{"6: redirect twice", []string{"v=spf1 redirect=b.example redirect=b.example"}, "permerror", 1, nil, "b.example", "spf-repeated-modifier"},
		{"6: exp twice", []string{"v=spf1 exp=b.example EXP=c.example -all"}, "permerror", 0, nil, "", "spf-repeated-modifier"},
		{"6: a modifier has no qualifier", []string{"v=spf1 -redirect=b.example"}, "permerror", 0, nil, "", "spf-syntax"},
		{"6: unknown modifiers, however often", []string{"v=spf1 moo=%{t} moo= x-y_z.1=a:b/c=d -all"}, "fail", 0, nil, "", ""},
		{"6: an unknown modifier in name only", []string{"v=spf1 ip4=192.0.2.1 -all"}, "fail", 0, nil, "", "spf-mechanism-as-modifier"},
		{"7.1: its value is a macro-string", []string{"v=spf1 moo=%x -all"}, "permerror", 0, nil, "", "spf-syntax"},

		{"4.6: an error behind all is one", []string{"v=spf1 -all ip4:"}, "permerror", 0, nil, "", "spf-syntax"},
		{"4.6.1: an unknown mechanism", []string{"v=spf1 ipv4:192.0.2.1 -all"}, "permerror", 0, nil, "", "spf-syntax"},
		{"4.6.1: a comma is no separator", []string{"v=spf1 mx, -all"}, "permerror", 0, nil, "", "spf-syntax"},
		{"4.6.1: nor a tab", []string{"v=spf1 mx\t-all"}, "permerror", 0, nil, "", "spf-syntax"},
		{"4.6.1: nor a semicolon", []string{"v=spf1 mx -all;"}, "permerror", 1, nil, "", "spf-syntax"},
		{"4.6.1: a qualifier alone", []string{"v=spf1 - all"}, "permerror", 0, nil, "", "spf-syntax"},
		{"4.6.1: an en dash", []string{"v=spf1 \u2013all"}, "permerror", 0, nil, "", "spf-syntax"},
		{"RFC 5234 2.3: the case of ASCII only", []string{"v=spf1 exi\u017fts:a.example -all"}, "permerror", 0, nil, "", "spf-syntax"},

		{"4.6.4: each kind", []string{"v=spf1 a mx ptr exists:%{i}.a.example include:b.example ip4:192.0.2.1 ip6:2001:db8::1 -all"},
			"fail", 5, []string{"b.example"}, "", "spf-ptr"},
		{"4.6.4: ten", []string{"v=spf1" + strings.Repeat(" a", 10) + " -all"}, "fail", 10, nil, "", ""},
		{"4.6.4: eleven", []string{"v=spf1" + strings.Repeat(" mx", 10) + " include:a.example -all"}, "permerror", 11, nil, "", "spf-too-many-lookups"},
		{"4.6.4: redirect is one", []string{"v=spf1" + strings.Repeat(" a", 10) + " redirect=b.example"}, "permerror", 11, nil, "b.example", "spf-too-many-lookups"},
		{"4.6.4: those behind all are not", []string{"v=spf1 -all" + strings.Repeat(" a", 11)}, "fail", 0, nil, "", "spf-terms-after-all"},
	} {
		got := ParseSPF(test.records)
		if got.Posture.String() != test.posture || got.Lookups != test.lookups || !slices.Equal(got.Includes, test.includes) ||
			got.Redirect != test.redirect || words(got.Findings) != test.findings {
			t.Errorf("RFC 7208 %s: %q: got %+v, findings %q", test.rule, test.records, got, words(got.Findings))
		}
	}
}

func TestSPFTerm(t *testing.T) { // RFC 7208 12
	for _, test := range []struct {
		term string
		want bool
	}{
		{"all", true}, {"all:a.example", false}, {"all/24", false}, {"ALL", true}, {"al", false}, {"alll", false},
		{"include:a.example", true}, {"include", false}, {"include:", false}, {"include:a.example/24", false},
		{"exists:%{i}._spf.%{d}", true}, {"exists", false}, {"exists:", false}, {"exists/24", false},
		{"ptr", true}, {"ptr:a.example", true}, {"ptr:", false}, {"ptr/24", false},
		{"a", true}, {"a:a.example", true}, {"a/24", true}, {"a//64", true}, {"a/24//64", true}, {"a:a.example/24//64", true},
		{"a:", false}, {"a:/24", false}, {"a/", false}, {"a//", false}, {"a/33", false}, {"a/032", false}, {"a/00", false},
		{"a/0", true}, {"a/32", true}, {"a//0", true}, {"a//128", true}, {"a//129", false}, {"a//064", false},
		{"a/24/64", false}, {"a///64", false}, {"a//64/24", false}, {"a//64//64", false}, {"a/x", false}, {"a/24//x", false}, {"a/4294967297", false},
		{"a:a.example//64", true}, {"a:a/b.example/24", true}, {"a:%{d}/24", true}, {"a:%{d}", true}, {"a:a.example/", false}, {"a/-1", false},
		{"mx", true}, {"mx:a.example", true}, {"mx:a.example/24", true}, {"mx:a.example//64", true}, {"mx:a", false}, {"mxx", false},
		{"ip4:192.0.2.1", true}, {"ip4:192.0.2.0/24", true}, {"ip4:192.0.2.0/0", true}, {"ip4:192.0.2.0/32", true},
		{"ip4:192.0.2.0/33", false}, {"ip4:192.0.2.0/024", false}, {"ip4:192.0.2.0/", false}, {"ip4:192.0.2.0//24", false}, {"ip4:192.0.2.0/+1", false},
		{"ip4:192.0.2", false}, {"ip4:192.0.2.256", false}, {"ip4:192.0.2.01", false}, {"ip4:2001:db8::1", false}, {"ip4", false}, {"ip4:", false}, {"ip4/24", false},
		{"ip4:a.example", false}, {"ip4:::ffff:192.0.2.1", false},
		{"ip6:2001:db8::1", true}, {"ip6:2001:DB8::/32", true}, {"ip6:::/0", true}, {"ip6:::ffff:192.0.2.1/128", true}, {"ip6:2001:db8::/129", false},
		{"ip6:192.0.2.1", false}, {"ip6:fe80::1%eth0", false}, {"ip6:2001:db8:::1", false}, {"ip6:[2001:db8::1]", false}, {"ip6", false}, {"ip6:/64", false},
		{"ip6:" + strings.Repeat("0", 1000), false},
		{"-a", true}, {"?mx", true}, {"~include:a.example", true}, {"+ip4:192.0.2.1", true}, {"--all", false}, {"-", false}, {"+-all", false},
		{"redirect=a.example", true}, {"redirect=", false}, {"redirect:a.example", false}, {"redirect", false}, {"redirect=a", false}, {"redirect=%{c}.a.example", false},
		{"exp=explain.%{d}", true}, {"exp=", false}, {"exp=a.example/24", false},
		{"moo=", true}, {"moo=a b", false}, {"m_o-o.1=x", true}, {"1moo=x", false}, {"=x", false}, {"_moo=x", false}, {"moo=\x7f", false}, {"moo=\u00e9", false},
	} {
		_, got := parseTerm(test.term)
		if got != test.want {
			t.Errorf("%q: got %v", test.term, got)
		}
		if abnf := matchesTermABNF(test.term); abnf != test.want {
			t.Errorf("%q: the ABNF gives %v", test.term, abnf)
		}
	}
}

func TestDomainSpec(t *testing.T) { // RFC 7208 7.1
	for _, test := range []struct {
		spec string
		want bool
	}{
		{"a.example", true}, {"a.example.", true}, {".example", true}, {"_spf.a.example", true}, {"a.xn--p1ai", true}, {"a.e-x", true}, {"a.1x", true}, {"a..example", true},
		{"", false}, {"a", false}, {".", false}, {"a.", false}, {"a.1", false}, {"192.0.2.1", false}, {"a.-example", false}, {"a.example-", false}, {"a.ex_ample", false}, {"a.example..", false},
		{"%{d}", true}, {"%{d2}", true}, {"%{dr}", true}, {"%{d2r}", true}, {"%{d2r.-+,/_=}", true}, {"%{D}", true}, {"%{i}._spf.%{d2}", true}, {"%{ir}.%{v}._spf.%{d2}", true},
		{"%{lr-}.lp._spf.%{d2}", true}, {"%%", true}, {"a%-", true}, {"a%_", true}, {"%{o}.example", true}, {"%%.example", true}, {"a.b-c.%{d}", true}, {"%{d12345678901234567890}", true},
		{"%{d}.", false}, {"%{d}a", false}, {"%{d.}com", false}, {"%", false}, {"%a.example", false}, {"%{", false}, {"%{}", false}, {"%{d", false}, {"%{x}", false}, {"%{d0}", false}, {"%{d00r}", false},
		{"%{drr}", false}, {"%{r}", false}, {"%{t}.example", false}, {"%{c}", false}, {"%{d2r2}", false}, {"%{d.2}", false}, {"%{d;}", false}, {"%(d)", false}, {"a b.example", false}, {"a\x00.example", false},
	} {
		if got := isDomainSpec(test.spec); got != test.want {
			t.Errorf("%q: got %v", test.spec, got)
		}
		if abnf := matchesDomainABNF(test.spec); abnf != test.want {
			t.Errorf("%q: the ABNF gives %v", test.spec, abnf)
		}
	}
}

// RFC 7208 12 as regular expressions, the addresses and the bounds of numbers apart.
var (
	abnfMacro = func(letters string) string {
		return `(?:%\{[` + letters + `](?:0*[1-9][0-9]*)?[rR]?[.\-+,/_=]*\}|%%|%_|%-)`
	}
	abnfString = func(letters string) string { return `(?:` + abnfMacro(letters) + `|[!-$&-~])*` }
	abnfTop    = `(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])`
	usual      = `slodiphvSLODIPHV`
	abnfDomain = abnfString(usual) + `(?:\.` + abnfTop + `\.?|` + abnfMacro(usual) + `)`
	abnf4      = `(?:/(?:0|[1-9][0-9]?))`
	abnf6      = `(?:/(?:0|[1-9][0-9]{0,2}))`
	domainABNF = regexp.MustCompile(`\A` + abnfDomain + `\z`)
	termABNF   = regexp.MustCompile(`\A(?:[-+?~]?(?i:all|(?:include|exists):` + abnfDomain + `|ptr(?::` + abnfDomain + `)?` +
		`|(?:a|mx)(?::` + abnfDomain + `)?(` + abnf4 + `?)((?:/` + abnf6 + `)?)` +
		`|ip4:([0-9.]+)(` + abnf4 + `?)|ip6:([0-9a-f:.]+)(` + abnf6 + `?))` +
		`|(?i:redirect|exp)=` + abnfDomain + `|([A-Za-z][A-Za-z0-9._-]*)=` + abnfString(usual+"crtCRT") + `)\z`)
)

func matchesDomainABNF(s string) bool { return domainABNF.MatchString(s) }

func matchesTermABNF(s string) bool {
	m := termABNF.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	within := func(slashed string, most int) bool {
		n, err := strconv.Atoi(strings.TrimLeft(slashed, "/"))
		return slashed == "" || err == nil && n <= most
	}
	address := func(text string, right func(netip.Addr) bool) bool {
		a, err := netip.ParseAddr(text)
		return text == "" || err == nil && right(a)
	}
	name := strings.ToLower(m[7])
	return name != "redirect" && name != "exp" && within(m[1], 32) && within(m[2], 128) &&
		within(m[4], 32) && within(m[6], 128) && address(m[3], netip.Addr.Is4) && address(m[5], netip.Addr.Is6)
}

func FuzzSPF(f *testing.F) {
	for _, seed := range []string{"v=spf1 a:%{d2r.-}/24//64 -all", "v=spf1 redirect=a.example exp=%{i}.b.example moo=%{t}", "v=spf1 +ip4:192.0.2.0/24 ?ip6:2001:db8::/32 ptr all",
		"V=SPF1  include:_spf.a.example.  ~all ", "v=spf1 exists:%{l1r+}._spf.%{d} mx//0 a/0", "v=spf1\t-all", "v=spf1 mx:a.b/%%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		got := ParseSPF([]string{record})
		terms, found := strings.CutPrefix(strings.ToLower(record), "v=spf1")
		if len(terms)+len("v=spf1") != len(record) {
			return // lower case of another length: not ASCII
		}
		if found = found && (terms == "" || terms[0] == ' '); found != (got.Posture != SPFAbsent) {
			t.Fatalf("%q: %v", record, got.Posture)
		}
		if !found {
			return
		}
		valid, lookups := true, 0
		for _, term := range strings.Split(record[len("v=spf1"):], " ") {
			valid = valid && (term == "" || matchesTermABNF(term))
			lookups++
		}
		if valid == got.Findings.Has(SPFSyntax) {
			t.Errorf("%q: the ABNF gives %v", record, valid)
		}
		if !valid && got.Posture != SPFPermError || got.Lookups > lookups || len(got.Includes) > MaxSPFLookups {
			t.Errorf("%q: got %+v", record, got)
		}
		if again := ParseSPF([]string{"a", record, "b"}); again.Posture != got.Posture {
			t.Errorf("%q: other records change %v to %v", record, got.Posture, again.Posture)
		}
	})
}

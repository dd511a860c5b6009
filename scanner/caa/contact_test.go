package caa

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestIodef(t *testing.T) { // R2.15
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"mailto:security@example.com", true},
		{"MAILTO:security@example.com", true},
		{"mailto:a@example.com,b@example.com", true},
		{"mailto:a@example.com?subject=caa%20report", true},
		{"mailto:?to=a@example.com", true},
		{"mailto:?to=", false},
		{"mailto:?subject=x", false},
		{"mailto:a%2Cb@example.com", false}, // the comma is no atext
		{"mailto:%22a%2Cb%22@example.com", true},
		{"mailto:b%C3%BCro@example.com", true},
		{"mailto:b\u00fcro@example.com", false}, // RFC 6068 2: to be encoded
		{"mailto:%FFa@example.com", false},
		{"mailto:a%@example.com", false},
		{"mailto:a%zz@example.com", false},
		{"mailto:", false},
		{"mailto:security", false},
		{"mailto:security@", false},
		{"mailto:@example.com", false},
		{"mailto: security@example.com", false},
		{"mailto:a@example.com,bad", false},
		{"mailto:a@example.com,", false},
		{"mailto://security@example.com", false},
		{"mailto:/security@example.com", false},
		{"mailto:a@example.com b@example.com", false},
		{"security@example.com", false}, // no scheme
		{"mail:security@example.com", false},
		{"https://example.com/report", true},
		{"HTTPS://example.com", true},
		{"http://example.com", true},
		{"http://example.com:8080/a?b=c#d", true},
		{"https://user:pw@example.com/", true},
		{"https://192.0.2.1/", true},
		{"https://[2001:db8::1]:443/", true},
		{"https://[2001:db8::1/", false},
		{"https://2001:db8::1/", false},
		{"https://example.com/%41", true},
		{"https://example.com/%4", false},
		{"https://example.com/?%4g", false},
		{"https://example.com/#a#b", false},
		{"https://example.com/\u00e9", false},
		{"https://example.com/a b", false},
		{"https://example.com/<a>", false},
		{"https://example.com/\n", false},
		{" https://example.com/", false},
		{"https://example.com:65535/", true},
		{"https://example.com:65536/", false},
		{"https://example.com:http/", false},
		{"https://", false},
		{"https:///report", false},
		{"https://:443/", false},
		{"https:example.com", false},
		{"//example.com/report", false},
		{"example.com", false},
		{"ftp://example.com/", false},
		{"tel:+4930123456", false},
		{"", false},
		{";", false},
		{`"mailto:security@example.com"`, false},
	} {
		if got := usableIodef(test.value); got != test.want {
			t.Errorf("%q: got %v", test.value, got)
		}
	}
}

func TestContactEmail(t *testing.T) { // R2.16
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"domainowner@example.com", true},
		{"a.b+c=d/e!f@sub.example.com", true},
		{"b\u00fcro@b\u00fccher.example", true},
		{"\u7528\u6237@\u4f8b\u5b50.example", true},
		{`"a b"@example.com`, true},
		{`"a@b"@example.com`, true},
		{`"a\"b\\"@example.com`, true},
		{`""@example.com`, true},
		{"a@[192.0.2.1]", true},
		{"a@[IPv6:2001:db8::1]", true},
		{"a@localhost", true},
		{"", false},
		{"@", false},
		{"a@", false},
		{"@example.com", false},
		{"example.com", false},
		{"a@b@example.com", false},
		{"a..b@example.com", false},
		{".a@example.com", false},
		{"a.@example.com", false},
		{"a@example.com.", false},
		{"a@.example.com", false},
		{"a b@example.com", false},
		{" a@example.com", false},
		{"a@example.com ", false},
		{"mailto:a@example.com", false}, // the colon is no atext
		{"Owner <a@example.com>", false},
		{"<a@example.com>", false},
		{"a@example.com,b@example.com", false},
		{"a@example.com; b@example.com", false},
		{"a(comment)@example.com", false},
		{`"a"b"@example.com`, false},
		{`"a\"@example.com`, false},
		{`"@example.com`, false},
		{"\"a\nb\"@example.com", false},
		{"a@[192.0.2.1", false},
		{"a@]", false},
		{"a@[[]", false},
		{"a@[a b]", false},
		{"a@b]", false},
		{"\xff@example.com", false},
		{"a\x00@example.com", false},
		{"a\x7f@example.com", false},
	} {
		if got := isMailAddress(test.value); got != test.want {
			t.Errorf("%q: got %v", test.value, got)
		}
		if got := test.value != "" && matchesMailABNF(test.value); got != test.want {
			t.Errorf("%q: the ABNF gives %v", test.value, got)
		}
	}
}

func TestContactPhone(t *testing.T) { // R2.16
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"+15555555555", true},
		{"+1-555-555-5555", true},
		{"+1(555)555.5555", true},
		{"+(1)555", true},
		{"+1 (555) 555-5555", true}, // C20
		{"+49 30 123456", true},     // C20
		{"+123456789012345", true},
		{"+1234567890123456", false}, // E.164: 15 digits
		{"+1", false},
		{"+", false},
		{"", false},
		{"15555555555", false},
		{"0049 30 123456", false},
		{"+049 30 123456", false},
		{"++4930123456", false},
		{"+49 30 123456 ", false},
		{" +49 30 123456", false},
		{"+ 49 30 123456", false},
		{"+49\t30", false},
		{"+49 30 123456;ext=7", false},
		{"tel:+4930123456", false},
		{"+1-800-FLOWERS", false},
		{"+49/30123456", false},
		{"+\u0664\u0669", false}, // Arabic-Indic digits
		{"+49 30 1, +49 30 2", false},
	} {
		if got := isGlobalNumber(test.value); got != test.want {
			t.Errorf("%q: got %v", test.value, got)
		}
		if got := matchesPhoneABNF(test.value); got != test.want {
			t.Errorf("%q: the ABNF gives %v", test.value, got)
		}
	}
}

// RFC 5322 3.2.3, 3.2.4, 3.4.1 with RFC 6532 3.2; RFC 3966 3 with the space of C20.
var (
	abnfAtom  = "[-A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10ffff}]+"
	abnfAtoms = abnfAtom + `(?:\.` + abnfAtom + `)*`
	abnfQuote = `"(?:[\t \x21\x23-\x5b\x5d-\x7e\x{80}-\x{10ffff}]|\\[\t\x20-\x7e\x{80}-\x{10ffff}])*"`
	abnfMail  = regexp.MustCompile(`\A(?:` + abnfAtoms + `|` + abnfQuote + `)@(?:` + abnfAtoms +
		`|\[[\x21-\x5a\x5e-\x7e\x{80}-\x{10ffff}]*\])\z`)
	abnfPhone = regexp.MustCompile(`\A\+[-.()0-9]+(?: +[-.()0-9]+)*\z`)

	separators = regexp.MustCompile(`[^0-9]`)
	e164       = regexp.MustCompile(`\A[1-9][0-9]{1,14}\z`)
)

func matchesMailABNF(s string) bool { return utf8.ValidString(s) && abnfMail.MatchString(s) }

func matchesPhoneABNF(s string) bool {
	return abnfPhone.MatchString(s) && e164.MatchString(separators.ReplaceAllString(s, ""))
}

func FuzzContact(f *testing.F) {
	for _, seed := range []string{"a@example.com", `"a\"b"@[192.0.2.1]`, "b\u00fcro@x", "+49 (30) 1-2.3", "+0", "mailto:a@b?to=c@d",
		"https://u@[2001:db8::1]:443/a?b#c", "mailto:%22a%2C%22@b", "a@[b@[c]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got, want := isMailAddress(value), matchesMailABNF(value); got != want {
			t.Errorf("mail address %q: got %v, the ABNF gives %v", value, got, want)
		}
		if got, want := isGlobalNumber(value), matchesPhoneABNF(value); got != want {
			t.Errorf("phone number %q: got %v, the ABNF gives %v", value, got, want)
		}
		if usableIodef(value) {
			scheme, rest, _ := strings.Cut(strings.ToLower(value), ":")
			if scheme != "mailto" && scheme != "http" && scheme != "https" || rest == "" {
				t.Errorf("iodef %q taken for usable", value)
			}
			if scheme == "mailto" && !strings.Contains(rest, "@") && !strings.Contains(rest, "%40") {
				t.Errorf("iodef %q without a mail address", value)
			}
		}
	})
}

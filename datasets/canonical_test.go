package datasets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
)

var (
	label63 = strings.Repeat("a", 63)
	name253 = strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
)

// Spec rules R1.1 and R1.2: what an entry becomes.
func TestCanonical(t *testing.T) {
	type target = record.Target
	for _, c := range []struct {
		text string
		want target // registrable domain and suffix apart
	}{
		{"example.com", target{Name: "example.com"}},
		{"  example.com\t\r", target{Name: "example.com"}},
		{"\u00a0example.com\u3000", target{Name: "example.com"}},
		{"com", target{Name: "com"}},
		{"example.com.", target{Name: "example.com", Input: "example.com."}},
		{"Example.COM", target{Name: "example.com", Input: "Example.COM"}},
		{"EXAMPLE.com.", target{Name: "example.com", Input: "EXAMPLE.com."}},
		{"_dmarc.example.com", target{Name: "_dmarc.example.com"}},
		{"r3---sn-abc.example.com", target{Name: "r3---sn-abc.example.com"}},
		{"-a.b-.example.com", target{Name: "-a.b-.example.com"}},
		{"1.2.3", target{Name: "1.2.3"}}, // no address: only the DNS can tell that there is no such TLD
		{"4.3.2.1.in-addr.arpa", target{Name: "4.3.2.1.in-addr.arpa"}},
		{name253, target{Name: name253}},
		{name253 + ".", target{Name: name253, Input: name253 + "."}},

		// wildcard names: exactly one leading "*." (R1.1)
		{"*.example.com", target{Name: "example.com", Input: "*.example.com", Wildcard: true}},
		{"*.Example.com.", target{Name: "example.com", Input: "*.Example.com.", Wildcard: true}},
		{"*.com", target{Name: "com", Input: "*.com", Wildcard: true}},

		// mail addresses: what follows the last "@"; the rest is gone
		{"alice@example.com", target{Name: "example.com", Input: "@example.com", Mail: true}},
		{`"a@b"@Example.com`, target{Name: "example.com", Input: "@Example.com", Mail: true}},
		{"alice@bücher.example.com", target{Name: "xn--bcher-kva.example.com", Input: "@bücher.example.com", Mail: true}},
		{"пример@example.com", target{Name: "example.com", Input: "@example.com", Mail: true}},
		{"mailto:alice@example.com", target{Name: "example.com", Input: "@example.com", Mail: true}},
		{"@example.com", target{Name: "example.com", Input: "@example.com", Mail: true}},

		// URLs: the host; user information and what follows the host are gone
		{"https://example.com", target{Name: "example.com", Input: "https://example.com"}},
		{"HTTPS://Example.com:8443/a?b=c@d#e", target{Name: "example.com", Input: "HTTPS://Example.com:8443"}},
		{"https://alice:secret@example.com:1/", target{Name: "example.com", Input: "https://example.com:1"}},
		{"https://example.com:", target{Name: "example.com", Input: "https://example.com:"}},
		{"https://example.com./", target{Name: "example.com", Input: "https://example.com."}},
		{"https://example.com?x=alice@b.example", target{Name: "example.com", Input: "https://example.com"}},
		{"https://*.example.com/", target{Name: "example.com", Input: "https://*.example.com", Wildcard: true}},
		{"ldap+x://example.com/", target{Name: "example.com", Input: "ldap+x://example.com"}},

		// U-labels
		{"bücher.example.com", target{Name: "xn--bcher-kva.example.com", Input: "bücher.example.com"}},
		{"BÜCHER.Example.com", target{Name: "xn--bcher-kva.example.com", Input: "BÜCHER.Example.com"}},
		{"bu\u0308cher.de", target{Name: "xn--bcher-kva.de", Input: "bu\u0308cher.de"}}, // composed first
		{"straße.de", target{Name: "xn--strae-oqa.de", Input: "straße.de"}},             // non-transitional
		{"例え。テスト", target{Name: "xn--r8jz45g.xn--zckzah", Input: "例え。テスト"}},             // UTS #46 full stop
		{"bücher.de。", target{Name: "xn--bcher-kva.de", Input: "bücher.de。"}},
		{"ｅｘａｍｐｌｅ．com", target{Name: "example.com", Input: "ｅｘａｍｐｌｅ．com"}},
		{"ex\u00adam\u200bple.com", target{Name: "example.com", Input: "ex\u00adam\u200bple.com"}}, // ignored characters
		{"_ü.example.com", target{Name: "xn--_-eha.example.com", Input: "_ü.example.com"}},
		{"1.ابت", target{Name: "1.xn--mgbcg", Input: "1.ابت"}}, // no Bidi rule
		{"*.münchen.de", target{Name: "xn--mnchen-3ya.de", Input: "*.münchen.de", Wildcard: true}},

		// A-labels are asked for as they are, good or odd; also beside U-labels
		{"XN--bcher-KVA.de", target{Name: "xn--bcher-kva.de", Input: "XN--bcher-KVA.de"}},
		{"xn--a.example.com", target{Name: "xn--a.example.com"}},
		{"xn--.ü.com", target{Name: "xn--.xn--tda.com", Input: "xn--.ü.com"}},
	} {
		got, reason := Canonical(c.text, Options{})
		if reason != Accepted {
			t.Errorf("Canonical(%q) rejected: %s", c.text, reason)
			continue
		}
		if !registrableFits(got.Name, got.Registrable, got.Suffix) {
			t.Errorf("Canonical(%q): registrable %q, suffix %q", c.text, got.Registrable, got.Suffix)
		}
		got.Registrable, got.Suffix, got.ICANN = "", "", false
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Canonical(%q): %s", c.text, diff)
		}
	}
}

func TestCanonicalRejects(t *testing.T) {
	for _, c := range []struct {
		text string
		want Reason
	}{
		{"", EmptyLabel},
		{"   ", EmptyLabel},
		{".", Root},
		{"*.", Root},
		{"..", EmptyLabel},
		{".example.com", EmptyLabel},
		{"a..example.com", EmptyLabel},
		{"example.com..", EmptyLabel},
		{"ü..example.com", EmptyLabel},
		{"ü.\u00ad.example.com", EmptyLabel},
		{"alice@", EmptyLabel},
		{"alice@.", Root},
		{"https:///path", EmptyLabel},
		{"https://:443/", EmptyLabel},

		{"a" + label63 + ".com", LabelTooLong},
		{strings.Repeat("a", 300), LabelTooLong},
		{strings.Repeat("ü", 63) + ".com", BadIDNA}, // or LabelTooLong: set below by what idna says
		{name253 + "b", NameTooLong},
		{strings.Repeat("abcdefghi.", 30) + "com", NameTooLong},
		{strings.Repeat("ü.", 150) + "com", NameTooLong},
		{strings.Repeat("ü", 3000), NameTooLong},

		{"exa mple.com", BadCharacter},
		{"example.com/path", BadCharacter},
		{"example.com:443", BadCharacter},
		{"a,b", BadCharacter},
		{`"example.com"`, BadCharacter},
		{`exam\ple.com`, BadCharacter},
		{"ex＠mple.com", BadCharacter},
		{"ü$.com", BadCharacter},
		{"https://exam%70le.com/", BadCharacter},
		{"https://example.com:80x/", BadCharacter},
		{"https://example.com:443443/", BadCharacter},
		{"9x://example.com", BadCharacter},
		{"Alice <alice@example.com>", BadCharacter},

		{"⒈com", BadIDNA},
		{"a\u200db.com", BadIDNA}, // ContextJ, RFC 5892 A.2
		{"a.\u0300b.com", BadIDNA},
		{"ｘn--a.com", BadIDNA}, // becomes an A-label only by the mapping, so its Punycode must hold

		{"*", StarInside},
		{"*a.example.com", StarInside},
		{"a.*.example.com", StarInside},
		{"*.*.example.com", StarInside},
		{"alice@*.example.com", StarInside},
		{"＊.例え.jp", StarInside},

		{"192.0.2.1", IPAddress},
		{"192.0.2.1.", IPAddress},
		{"192.0.2.1:53", IPAddress},
		{"192.0.2.0/24", IPAddress},
		{"https://192.0.2.1:8080/x", IPAddress},
		{"https://[2001:db8::1]:443/", IPAddress},
		{"２.２.２.２", IPAddress},
		{"2001:db8::1", IPAddress},
		{"fe80::1%eth0", IPAddress},
		{"[2001:db8::1]:53", IPAddress},
		{"alice@[192.0.2.1]", AddressLiteral},
		{"alice@[IPv6:2001:db8::1]", AddressLiteral},
		{"alice@192.0.2.1", IPAddress},

		{"2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion", Onion},
		{"ONION", Onion},
		{"a.test", SpecialUse},
		{"test", SpecialUse},
		{"a.invalid", SpecialUse},
		{"LocalHost", SpecialUse},
		{"a.b.localhost", SpecialUse},
		{"printer.local", SpecialUse},
		{"a.example", SpecialUse},
		{"a.alt", SpecialUse},
		{"home.arpa", SpecialUse},
		{"x.home.arpa", SpecialUse},
		{"_dns.resolver.arpa", SpecialUse},

		{"a\x00b.com", NotText},
		{"a\x1bb.com", NotText},
		{"a\x7fb.com", NotText},
		{"m\xfcnchen.de", NotText}, // Latin-1
		{"\x00\x01@example.com", NotText},
		{"https://example.com/\x00", NotText},
	} {
		got, reason := Canonical(c.text, Options{})
		if c.text == strings.Repeat("ü", 63)+".com" && reason == LabelTooLong {
			continue
		}
		if reason != c.want || got != (record.Target{}) {
			t.Errorf("Canonical(%q) = %+v, %q; want %q", c.text, got, reason, c.want)
		}
	}
}

// Names that only look like special use.
func TestCanonicalOrdinary(t *testing.T) {
	for _, name := range []string{"example.com", "test.com", "local.de", "onion.com", "nothome.arpa", "ip6.arpa", "a.internal"} {
		if _, reason := Canonical(name, Options{}); reason != Accepted {
			t.Errorf("%q rejected: %s", name, reason)
		}
	}
}

func TestAllowSpecialUse(t *testing.T) {
	for _, name := range []string{"a.test", "localhost", "x.home.arpa", "a.example"} {
		if _, reason := Canonical(name, Options{AllowSpecialUse: true}); reason != Accepted {
			t.Errorf("%q rejected: %s", name, reason)
		}
	}
	if _, reason := Canonical("a.onion", Options{AllowSpecialUse: true}); reason != Onion {
		t.Errorf("a.onion: %q; .onion has no look-up, allowed or not (R1.2)", reason)
	}
}

func TestReasonWords(t *testing.T) {
	seen := make(map[string]bool)
	for r := range Reasons {
		word := Reason(r).String()
		if seen[word] || word == "" && Reason(r) != Accepted {
			t.Errorf("reason %d has the word %q", r, word)
		}
		seen[word] = true
	}
	for r := range Reasons {
		want := Reason(r) == IPAddress || Reason(r) == AddressLiteral || Reason(r) == Onion
		if Reason(r).OutOfScope() != want {
			t.Errorf("%s.OutOfScope() = %v", Reason(r), !want)
		}
	}
}

// Nothing that identifies a person, nothing that steers a terminal, never more than the bound.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"exa mple":                            "exa mple",
		"alice@exa mple":                      "@exa mple",
		"alice@a.example,bob@b.example":       "@b.example",
		"alice＠exa mple":                      "＠exa mple",
		"alice%40exa mple":                    "%40exa mple",
		"https://al@b/c":                      "@b",
		"https://exa mple/alice":              "https://exa mple",
		"\x1b[31m\x00\xff\u202e":              `\x1b[31m\x00\xff\u202e`,
		strings.Repeat("x", 300):              strings.Repeat("x", 256),
		strings.Repeat("x", 255) + "ü":        strings.Repeat("x", 255),
		strings.Repeat("\x00", 300):           strings.Repeat(`\x00`, 64),
		strings.Repeat("a", 9000) + "@b.test": "@b.test",
	} {
		if got := printable([]byte(text)); got != want {
			t.Errorf("printable(%.40q) = %q, want %q", text, got, want)
		}
	}
}

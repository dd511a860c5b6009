package datasets

import (
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Whatever the entry: a name in canonical form (R1.2) that wire takes as it is and that stays as it is, or a reason.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"example.com", "*.Example.com.", "a@b@c.org", "https://u:p@h.org:443/p?q@r#f", "bücher.例え。jp", "xn--a.de",
		"192.0.2.1", "[::1]:53", "u@[192.0.2.1]", "..", "*.", "a.test", "\x00", "\xff.de", strings.Repeat("a.", 130), "ｘn--a", "://", "a://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, reason := Canonical(text, Options{})
		if reason != Accepted {
			if got != (record.Target{}) {
				t.Fatalf("rejected as %s with %+v", reason, got)
			}
			return
		}
		name, err := wire.ParseName(got.Name)
		if err != nil || name.String() != got.Name || len(got.Name) > MaxName {
			t.Fatalf("%q: wire reads it as %v, %v", got.Name, name, err)
		}
		if again, reason := Canonical(got.Name, Options{}); reason != Accepted || again.Name != got.Name || again.Input != "" {
			t.Fatalf("%q is not stable: %+v, %s", got.Name, again, reason)
		}
		if !registrableFits(got.Name, got.Registrable, got.Suffix) {
			t.Fatalf("%q: registrable %q, suffix %q", got.Name, got.Registrable, got.Suffix)
		}
		if at := strings.LastIndex(got.Input, "@"); at > 0 || got.Mail && at != 0 || got.Mail && got.Wildcard {
			t.Fatalf("input %q, mail %v, wildcard %v", got.Input, got.Mail, got.Wildcard)
		}
		if got.Input == got.Name || len(got.Input) > len(text) {
			t.Fatalf("input %q of %q", got.Input, text)
		}
	})
}

// Whatever the octets, compressed or not: the counts add up (readAll checks), nothing panics.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"a.com\nb.com\n", "1,a.com\r\n2,b.com", "origin,rank\nhttps://a.com,1000\n", "\xef\xbb\xbf#\n\n\"a\",\"b\"\n", "GlobalRank,TldRank,Domain\n1,1,a.com\n",
		gzipOf(f, "a.com\nb.com\n"), zstdOf(f, "a.com\nb.com\n"), zipOf(f, "x", "a.com\n", "y", "b.com\n"), "PK\x05\x06", "\x1f\x8b\x08"} {
		f.Add([]byte(s), uint8(0), uint8(1))
	}
	f.Fuzz(func(t *testing.T, content []byte, format, window uint8) {
		cfg := Config{Format: Format(format % uint8(Columns)), Window: int(window) + 1, Stdin: strings.NewReader(string(content))}
		r, err := Open([]string{"-"}, cfg)
		if err != nil {
			return // one of the forms that are not read, or a broken archive
		}
		r.Close()
		cfg.Stdin = strings.NewReader(string(content))
		readAll(t, []string{"-"}, cfg)
	})
}

// A list file from anywhere: an error, or suffixes that fit every name.
func FuzzLoadSuffixes(f *testing.F) {
	f.Add("com\n*.ck\n!www.ck\n// ===BEGIN PRIVATE DOMAINS===\nblog.com\n", "a.www.ck")
	f.Add("*\n", "a.b")
	f.Add("!com\n", "com")
	f.Add("*.com\n!a.com\n!b.a.com\n", "c.b.a.com")
	f.Fuzz(func(t *testing.T, list, text string) {
		s, err := LoadSuffixes(writeFile(t, "list", list))
		if err != nil {
			return
		}
		Canonical(text, Options{Suffixes: s, AllowSpecialUse: true})
	})
}

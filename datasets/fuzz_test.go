package datasets

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

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
		cfg := Config{Format: Format(format % uint8(Columns)), Window: int(window) + 1, Tables: int64(window) << 20, Stdin: strings.NewReader(string(content))}
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

// Whatever the octets of a zone file, from a file or a pipe: names in the grammar, each once, no server twice, glue only
// where the zone may tell it; and every line counted (readAll checks).
func FuzzZone(f *testing.F) {
	for _, s := range []string{czds, "$ORIGIN k.\n@ SOA a b (1 1\n1 1 1) ; c\n\tNS n\na NS (\nb NS n\n", ". IN SOA . . 1 1 1 1 1\na. NS .\n", "k. TXT \"\n\"\nA.k. 1h in Ns \\110.k.\n",
		"$TTL 1d\n$ORIGIN k\n$INCLUDE x\na\\.b.k. NS n.\n", "a.k. IN TYPE2 \\# 1 00\na.k. IN DS 1 8 2 (0\n0)\na.k. A 1.2.3.4\na.k. NS a.k.\na.k. RRSIG DS 8 1 1 1 1 1 k. AA==\n"} {
		f.Add(s, uint8(1), false)
		f.Add(s, uint8(9), true)
	}
	f.Fuzz(func(t *testing.T, text string, window uint8, pipe bool) {
		cfg, path := Config{Format: ZoneFile, Window: int(window) + 1, Tables: int64(window) << 20, Stdin: strings.NewReader(text)}, "-"
		if !pipe {
			path = writeFile(t, "zone", text)
		}
		r, err := Open([]string{path}, cfg)
		if err != nil {
			return // packed in a way that is not read
		}
		r.Close()
		cfg.Stdin = strings.NewReader(text)
		got := readAll(t, []string{path}, cfg)
		seen := map[string]bool{}
		for i, target := range got.targets {
			name, err := wire.ParseName(target.Name)
			if again, reason := Canonical(target.Name, Options{}); err != nil || reason != Accepted || again.Name != target.Name || seen[target.Name] {
				t.Fatalf("%q: %v, %s, seen %v", target.Name, err, reason, seen[target.Name])
			}
			seen[target.Name] = true
			d := got.known[i]
			if d == nil {
				continue // not known to be one
			}
			if d.Name != name || d.Zone == nil || len(d.Servers) == 0 || len(d.Servers) > maxServers || d.Zone.Apex != "" && !name.Below(d.Zone.Apex) {
				t.Fatalf("%s: %+v", target.Name, d)
			}
			for j, s := range d.Servers {
				if j > 0 && d.Servers[j-1].Name >= s.Name {
					t.Fatalf("%s: servers %v", target.Name, d.Servers)
				}
				if s.Addrs != nil && d.Zone.Apex != "" && !s.Name.In(d.Zone.Apex) || len(s.Addrs) > maxServerAddrs {
					t.Fatalf("%s: glue of %v", target.Name, s)
				}
			}
			for _, rr := range d.DS {
				if rr.Owner != name {
					t.Fatalf("%s: %v", target.Name, rr)
				}
			}
		}
	})
}

// Whatever the line: plain reads it as miekg/dns does, or leaves it.
func FuzzPlainRecord(f *testing.F) {
	for _, line := range strings.Split(czds, "\n") {
		f.Add(line)
	}
	f.Add("a.k. 1 in aaaa ::ffff:192.0.2.1")
	f.Add("a.k.\tin\t1 ds 1 8 2 00 fF")
	f.Add("a.k. 1 in rrsig DS 13 2 86400 20261210000000 20261119000000 4711 K. c2lnbmF0dXJl")
	f.Fuzz(func(t *testing.T, line string) {
		if !strings.ContainsAny(line, "\n\r") { // of which a line has none
			samePlain(t, line)
		}
	})
}

// Whatever the line before: a line is plain, or not, as by itself; and what a survey skims is no part of what goes on.
func FuzzPlainAfter(f *testing.F) {
	lines := strings.Split(czds, "\n")
	for i := range lines[1:] {
		f.Add(lines[i], lines[i+1])
	}
	f.Add("a.k. 1 in ns (", "a.k. 1 in ns b.")
	f.Add("A\\.b.k. 1 in ns b.", "a\\.b.k. 1 in ns b.")
	f.Add("ab.k. 1 in ns b.", "x..k. 1 in ns b.")
	f.Add("*.k. 1 in ns b.", "*.k. 1 in ns b.")
	f.Fuzz(func(t *testing.T, before, line string) {
		p, alone := newZoneParser(""), newZoneParser("")
		p.take([]byte(before), 1)
		if p.entry.open() || strings.ContainsAny(line, "\n\r") {
			return
		}
		alone.ttl = p.ttl
		ttl, explicit, ok := p.plain([]byte(line))
		wantTTL, wantExplicit, want := alone.plain([]byte(line))
		if ok != want || ok && (ttl != wantTTL || explicit != wantExplicit) {
			t.Fatalf("%q after %q: %v %v %v, alone %v %v %v", line, before, ok, ttl, explicit, want, wantTTL, wantExplicit)
		}
		if ok {
			p.follow(ttl, explicit)
			alone.follow(ttl, explicit)
			if diff := cmp.Diff(parsedOf(&alone.zoneRecord), parsedOf(&p.zoneRecord)); diff != "" {
				t.Fatalf("%q after %q: %s", line, before, diff)
			}
		}
		skimmer := newZoneParser("")
		skimmer.skim = true
		if _, _, skims := skimmer.plain([]byte(line)); skims {
			alone.take([]byte(line), 1)
			if alone.entry.open() {
				t.Fatalf("%q goes on", line)
			}
		} else if want {
			t.Fatalf("%q is not skimmed", line)
		}
	})
}

// Whatever the line: a member that encoding/json finds is found, if it comes once.
func FuzzJSONName(f *testing.F) {
	for _, s := range []string{`{"name":"a.org"}`, `{"a":[{"name":"x"}],"name":"\u0061"}`, `{"a":"\\\"","name":""}`, `{}`, `{"name":`, `{"a":{"b":"}"},"c":-1,"name":"x"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := jsonName([]byte(line), "name")
		var members map[string]any
		if strings.Count(line, "name") != 1 || strings.Contains(line, `\`) || json.Unmarshal([]byte(line), &members) != nil {
			return
		}
		if want, has := members["name"].(string); has && utf8.ValidString(line) && (!ok || string(got) != want) {
			t.Fatalf("%q, %v; want %q", got, ok, want)
		}
	})
}

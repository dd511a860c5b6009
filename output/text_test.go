package output

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOctetsAndText(t *testing.T) {
	for _, c := range []struct{ raw, octets, text string }{
		{"", "", ""},
		{"letsencrypt.org; a=b", "letsencrypt.org; a=b", "letsencrypt.org; a=b"},
		{`back\slash`, `back\\slash`, `back\\slash`},
		{`\065`, `\\065`, `\\065`},
		{"tab\t nul\x00 del\x7f", `tab\009 nul\000 del\127`, `tab\009 nul\000 del\127`},
		{"bücher.example", `b\195\188cher.example`, "bücher.example"},
		{"中文 😀", `\228\184\173\230\150\135 \240\159\152\128`, "中文 😀"},
		{"\xff\xfe", `\255\254`, `\255\254`},
		{"\xc3", `\195`, `\195`},                               // the first half of a character
		{"\u202eevil", `\226\128\174evil`, `\226\128\174evil`}, // right-to-left override
		{"a\u2028b", `a\226\128\168b`, `a\226\128\168b`},       // line separator
		{"\ufffd", `\239\191\189`, "\ufffd"},
		{"<script>alert(1)</script>", "<script>alert(1)</script>", "<script>alert(1)</script>"},
	} {
		if got := Octets(c.raw); got != c.octets {
			t.Errorf("Octets(%q) = %q, want %q", c.raw, got, c.octets)
		}
		if got := Text(c.raw); got != c.text {
			t.Errorf("Text(%q) = %q, want %q", c.raw, got, c.text)
		}
	}
	for _, bad := range []string{`\`, `a\`, `\1`, `\12`, `\256`, `\999`, `\12a`, `\x41`, `\\\`} {
		if s, err := Unescape(bad); !errors.Is(err, ErrEscape) {
			t.Errorf("Unescape(%q) = %q, %v, want ErrEscape", bad, s, err)
		}
	}
}

// TestNameText: a name is itself unless it has an octet that must not be in a file, wherever that stands.
func TestNameText(t *testing.T) {
	for length := 1; length <= 20; length++ {
		for at := range length {
			for c := range 256 {
				name := []byte(strings.Repeat("a", length))
				name[at] = byte(c)
				want := string(name)
				if c <= ' ' || c >= 0x7f {
					want = Octets(want)
				}
				if got := nameText(string(name)); got != want {
					t.Fatalf("nameText(%q) = %q, want %q", name, got, want)
				}
			}
		}
	}
}

// FuzzText holds the escapes to what they promise: the octets come back, and the text is safe in every file.
func FuzzText(f *testing.F) {
	for _, seed := range append(hostile, "bücher", "\u202e", "\xc3\x28", `\\`, `\255`, "\ufeff", "\U000e0001") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for name, write := range map[string]func(string) string{"Octets": Octets, "Text": Text} {
			text := write(raw)
			if back, err := Unescape(text); err != nil || back != raw {
				t.Fatalf("%s(%q) = %q, which gives back %q, %v", name, raw, text, back, err)
			}
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f || name == "Octets" && r > 0x7f }) {
				t.Fatalf("%s(%q) = %q", name, raw, text)
			}
			var decoded string
			if encoded, err := json.Marshal(text); err != nil || json.Unmarshal(encoded, &decoded) != nil || decoded != text {
				t.Fatalf("%s(%q) = %q does not survive JSON", name, raw, text)
			}
			cell := Cell(text)
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Fatalf("Cell(%q) = %q", text, cell)
			}
			if strings.TrimPrefix(cell, "'") != text {
				t.Fatalf("Cell(%q) = %q", text, cell)
			}
		}
		if text := nameText(raw); !utf8.ValidString(text) {
			t.Fatalf("nameText(%q) = %q", raw, text)
		}
		if short := cut(Text(raw)); !utf8.ValidString(short) || len(short) > maxRejectText+3 {
			t.Fatalf("cut gave %q", short)
		}
	})
}

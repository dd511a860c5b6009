package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var longLabel = strings.Repeat("a", 63)

// maxText is a name of exactly 255 octets: three labels of 63, one of 61, the root.
var maxText = longLabel + "." + longLabel + "." + longLabel + "." + longLabel[:61]

var goodNames = []struct {
	text string
	name Name
	back string // String, if not text
}{
	{".", "\x00", ""},
	{"org", "\x03org\x00", ""},
	{"Example.ORG.", "\x07example\x03org\x00", "example.org"}, // RFC 4343: ASCII case only
	{"_25._tcp.a-b.example", "\x03_25\x04_tcp\x03a-b\x07example\x00", ""},
	{"*.example", "\x01*\x07example\x00", ""},
	{`a\.b.c`, "\x03a.b\x01c\x00", ""}, // RFC 1035 5.1: \X
	{`a\.`, "\x02a.\x00", ""},          // an escaped final dot is part of the label
	{`a\\.`, "\x02a\\\x00", `a\\`},
	{`\065\255\000`, "\x03a\xff\x00\x00", `a\255\000`}, // RFC 1035 5.1: \DDD
	{`a b`, "\x03a b\x00", `a\032b`},
	{`\"\;\@\$\(\)`, "\x06\";@$()\x00", ""},
	{"a!b#c'd", "\x07a!b#c'd\x00", ""},
	{"@[`{", "\x04@[`{\x00", "\\@[`{"}, // the neighbours of the letters are not folded
	{"\xc3\x84", "\x02\xc3\x84\x00", `\195\132`},
	{longLabel, Name("\x3f" + longLabel + "\x00"), ""},
	{maxText, Name("\x3f" + longLabel + "\x3f" + longLabel + "\x3f" + longLabel + "\x3d" + longLabel[:61] + "\x00"), ""},
	{strings.Repeat("a.", 126) + "a", Name(strings.Repeat("\x01a", 127) + "\x00"), ""},
}

var badNames = []struct {
	text string
	err  error
}{
	{"", ErrEmptyLabel},
	{"..", ErrEmptyLabel},
	{".a", ErrEmptyLabel},
	{"a..b", ErrEmptyLabel},
	{"a..", ErrEmptyLabel},
	{longLabel + "a", ErrLongLabel}, // RFC 1035 2.3.4
	{longLabel + "a.b", ErrLongLabel},
	{maxText + "a", ErrLongName}, // RFC 1035 2.3.4
	{maxText + "a.", ErrLongName},
	{maxText + ".a", ErrLongName},
	{strings.Repeat("a.", 127) + "a", ErrLongName},
	{strings.Repeat("a.", 200), ErrLongName},
	{`a\`, ErrBadEscape},
	{`a\1`, ErrBadEscape},
	{`a\12`, ErrBadEscape},
	{`a\12x`, ErrBadEscape},
	{`a\256`, ErrBadEscape},
	{`a\999.`, ErrBadEscape},
}

func TestParseName(t *testing.T) {
	for _, c := range goodNames {
		got, err := ParseName(c.text)
		if err != nil || got != c.name {
			t.Errorf("ParseName(%q) is %q, %v; want %q", c.text, string(got), err, string(c.name))
			continue
		}
		back := c.back
		if back == "" {
			back = c.text
		}
		if got.String() != back {
			t.Errorf("%q in text is %q, want %q", string(got), got.String(), back)
		}
	}
	for _, c := range badNames {
		if got, err := ParseName(c.text); !errors.Is(err, c.err) || got != "" {
			t.Errorf("ParseName(%q) is %q, %v; want %v", c.text, string(got), err, c.err)
		}
	}
	if Name("").String() != "" {
		t.Error("no name has a text")
	}
}

func TestMustName(t *testing.T) {
	if MustName("a.b") != "\x01a\x01b\x00" {
		t.Error("MustName differs from ParseName")
	}
	defer func() {
		if recover() == nil {
			t.Error("MustName took a bad name")
		}
	}()
	MustName("a..b")
}

func TestNameRelations(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		in, below  bool
	}{
		{"www.example.org", "example.org", true, true},
		{"example.org", "example.org", true, false},
		{"example.org", ".", true, true},
		{".", ".", true, false},
		{".", "org", false, false},
		{"badexample.org", "example.org", false, false},
		{`bad\007example.org`, "example.org", false, false}, // the wire form of the zone ends the name's, within a label
		{"org", "example.org", false, false},
	} {
		name, zone := MustName(c.name), MustName(c.zone)
		if name.In(zone) != c.in || name.Below(zone) != c.below {
			t.Errorf("%s in %s: %v, below: %v", c.name, c.zone, name.In(zone), name.Below(zone))
		}
	}
	if MustName("a").In("") || Root.Below("") {
		t.Error("a name lies in no zone")
	}
	var up []string
	for n := MustName("a.b.c"); ; n = n.Parent() {
		up = append(up, n.String())
		if n.Labels() != 4-len(up) {
			t.Errorf("%v has %d labels", n, n.Labels())
		}
		if n == Root {
			break
		}
	}
	if !slices.Equal(up, []string{"a.b.c", "b.c", "c", "."}) || Root.Parent() != Root {
		t.Errorf("ancestors %q", up)
	}
}

// TestRebase follows the examples of RFC 6672 2.2, table 1.
func TestRebase(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"foo.example.com", "example.com", "example.net", "foo.example.net"},
		{"a.b.example.com", "example.com", "example.net", "a.b.example.net"},
		{"foo.example.com", "example.com", ".", "foo"},
		{"example.com", ".", "net", "example.com.net"},
		{"a." + longLabel[:4], longLabel[:4], maxText[2:], "a." + maxText[2:]},
	} {
		if got := MustName(c.name).Rebase(MustName(c.from), MustName(c.to)); got != MustName(c.want) {
			t.Errorf("%s from %s to %s: %v, want %s", c.name, c.from, c.to, got, c.want)
		}
	}
	if got := MustName("ab.c").Rebase(MustName("c"), MustName(maxText[2:])); got != "" { // YXDOMAIN
		t.Errorf("a name of %d octets", len(got))
	}
}

// TestCompare sorts the example of RFC 4034 6.1.
func TestCompare(t *testing.T) {
	order := []string{".", "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", `\001.z.example`, "*.z.example", `\200.z.example`}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := MustName(a).Compare(MustName(b)); got != want {
				t.Errorf("%s against %s: %d, want %d", a, b, got, want)
			}
		}
	}
	long := MustName(strings.Repeat("a.", 126) + "a")
	if long.Compare(long) != 0 || long.Compare(long.Parent()) != 1 {
		t.Error("order of a name of 127 labels")
	}
}

func TestNameOf(t *testing.T) {
	for _, c := range []struct {
		wire string
		want Name
	}{
		{"\x00", Root},
		{"\x03wWw\x07EXAMPLE\x00", "\x03www\x07example\x00"},
		{"", ""},
		{"\x03www", ""},          // no root
		{"\x03www\x00\x00", ""},  // more behind it
		{"\x03www\xc0\x0c", ""},  // compressed
		{"\x40" + longLabel, ""}, // no such label
		{strings.Repeat("\x01a", 127) + "\x00", Name(strings.Repeat("\x01a", 127) + "\x00")},
		{strings.Repeat("\x01a", 127) + "\x01b\x00", ""},
	} {
		got, err := NameOf([]byte(c.wire))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("NameOf(%q) is %q, %v", c.wire, string(got), err)
		}
		if c.want != "" && (!c.want.Is([]byte(c.wire)) || c.want.Is([]byte(c.wire)[1:]) || c.want.Is(nil)) {
			t.Errorf("%q.Is(%q)", string(c.want), c.wire)
		}
	}
	if Name("").Is(nil) {
		t.Error("no name equals no octets")
	}
}

// TestFold holds the folding of words against folding octet by octet, at every place in a word.
func TestFold(t *testing.T) {
	for c := range 256 {
		want := asciiLower([]byte{byte(c)})[0]
		if fold(byte(c)) != want {
			t.Errorf("fold(%#x) is %#x", c, fold(byte(c)))
		}
		for place := range 8 {
			for _, other := range []byte{0x00, 'A', 'Z', 'z', 0x7f, 0x80, 0xff} {
				b := []byte{other, other, other, other, other, other, other, other}
				b[place] = byte(c)
				wantWord := asciiLower(b)
				if !hasFolded(b, string(wantWord)) {
					t.Fatalf("hasFolded(%x) is false", b)
				}
				foldWords(b)
				if string(b) != string(wantWord) {
					t.Fatalf("folded to %x, want %x", b, wantWord)
				}
			}
		}
	}
	for length := range 40 {
		b := []byte(strings.Repeat("ABCDEFGH", 5)[:length])
		folded := string(asciiLower(b))
		if !hasFolded(b, folded) || !hasFolded(append(b, 'x'), folded) || hasFolded(b, folded+"x") {
			t.Errorf("hasFolded with %d octets", length)
		}
		for i := range b {
			b[i] ^= 1
			if hasFolded(b, folded) {
				t.Errorf("a difference at octet %d of %d is not seen", i, length)
			}
			b[i] ^= 1
		}
	}
}

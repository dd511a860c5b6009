//go:build !race

package datasets

import (
	"net/netip"
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// One string a name, which serves its input too. Rejects cost nothing, and look-ups in the list neither.
func TestAllocations(t *testing.T) {
	opt := &Options{Suffixes: DefaultSuffixes()}
	var target record.Target
	for text, want := range map[string]float64{
		"www.example.co.uk": 1, "www.example.co.uk.": 1, "*.example.com": 1, "alice@example.com": 1, "https://example.com/path": 1,
		"WWW.Example.com": 1, "*.Example.com": 1, "a..b": 0, "exa_mple com": 0, "a.test": 0,
	} {
		line := []byte(text)
		if got := testing.AllocsPerRun(100, func() { canonical(&target, line, opt) }); got != want {
			t.Errorf("%q: %v allocations, want %v", text, got, want)
		}
	}
	if got := testing.AllocsPerRun(100, func() { opt.Suffixes.Split("a.b.city.kobe.jp") }); got != 0 {
		t.Errorf("Split: %v allocations", got)
	}
	if got := testing.AllocsPerRun(100, func() { opt.Suffixes.Operator("ns1.example.co.uk.") }); got != 0 {
		t.Errorf("Operator: %v allocations", got)
	}
}

// Look-ups in an opt-out list come before every question and every server.
func TestExcludeAllocations(t *testing.T) {
	x := readExclude(t, "example.org # asked\nns ns1.example.net\n192.0.2.0/24\n2001:db8::/32\n")
	addr := netip.MustParseAddr("192.0.2.1")
	for what, lookUp := range map[string]func(){
		"Name, excluded":     func() { x.Name("www.example.org") },
		"Name":               func() { x.Name("WWW.example.com.") },
		"WireName, excluded": func() { x.WireName("\x03www\x07example\x03org\x00") },
		"WireName":           func() { x.WireName("\x03www\x07example\x03com\x00") },
		"Server":             func() { x.Server("ns1.example.net") },
		"WireServer":         func() { x.WireServer("\x03ns1\x07example\x03net\x00") },
		"Addr":               func() { x.Addr(addr) },
	} {
		if got := testing.AllocsPerRun(100, lookUp); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
}

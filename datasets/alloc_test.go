//go:build !race

package datasets

import (
	"testing"

	"github.com/caascan/caascan/scanner/record"
)

// One string a name; names that share their string with the input too. Rejects cost nothing, and look-ups in the list neither.
func TestAllocations(t *testing.T) {
	opt := &Options{Suffixes: DefaultSuffixes()}
	var target record.Target
	for text, want := range map[string]float64{
		"www.example.co.uk": 1, "www.example.co.uk.": 1, "*.example.com": 1, "alice@example.com": 1, "https://example.com/path": 1,
		"WWW.Example.com": 2, "a..b": 0, "exa_mple com": 0, "a.test": 0,
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

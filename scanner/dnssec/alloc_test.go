//go:build !race

package dnssec

import (
	"testing"

	"github.com/caascan/caascan/scanner/wire"
)

// Questions to Spans come with every name of a scan.
func TestSpansDoNotAllocate(t *testing.T) {
	for _, zone := range []chained{{zone: "tld", flags: 1}, {zone: "tld", flags: 1, salt: "aabb", iterations: 10}} {
		s := NewSpans(name("tld"), Policy{}, 100)
		gap := zone.covering(t, "b.tld")
		s.Add([]RRset{zone.nsec3(t, "tld", "", "NS SOA"), gap, nsec(t, "a.tld c.tld NS"), nsec(t, "tld a.tld NS SOA")}, now+60)
		b, x, owner := name("b.tld"), name("x.y.zz.tld"), name("a.tld")
		for what, ask := range map[string]func(){
			"Cut":               func() { s.Cut(now, b) },
			"Cut, not known":    func() { s.Cut(now, x) },
			"Cut by NSEC":       func() { s.Cut(now, owner) },
			"Denies":            func() { s.Denies(now, b, wire.TypeCAA) },
			"Denies, not known": func() { s.Denies(now, x, wire.TypeCAA) },
			"Known":             func() { s.Known(now, &gap) },
		} {
			if n := testing.AllocsPerRun(100, ask); n != 0 {
				t.Errorf("%s: %v allocations", what, n)
			}
		}
	}
}

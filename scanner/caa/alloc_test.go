//go:build !race

package caa

import "testing"

// Reading a record costs its copy; judging a usual set costs the slice of issuances, and one for the issuers of each
// tag that names some.
func TestAllocations(t *testing.T) {
	data := usualOne[0].AppendRData(nil)
	for _, test := range []struct {
		what string
		want float64
		run  func()
	}{
		{"ParseRData", 1, func() { parsed, _ = ParseRData(data) }},
		{"ParseIssuance of a name", 0, func() { ParseIssuance("letsencrypt.org") }},
		{"ParseIssuance of nobody", 0, func() { ParseIssuance(";") }},
		{"ParseIssuance of a malformed value", 0, func() { ParseIssuance("a.example, b.example") }},
		{"ParseIssuance with a parameter", 1, func() { ParseIssuance("letsencrypt.org; accounturi=x") }},
		{"Judge of one record", 2, func() { Judge(usualOne) }},
		{"Judge of nobody for two kinds", 1, func() { Judge(usualClosed) }},
		{"isMailAddress", 0, func() { isMailAddress("security@example.com") }},
		{"isGlobalNumber", 0, func() { isGlobalNumber("+49 30 123456") }},
		{"Is and Known", 0, func() { _ = usualOne[0].Is("issue") && usualOne[0].Known() }},
	} {
		if got := testing.AllocsPerRun(100, test.run); got != test.want {
			t.Errorf("%s: %v allocations, want %v", test.what, got, test.want)
		}
	}
}

// A decision costs nothing but time, under any profile built in and for whatever a level can be; only a profile that takes
// stray semicolons reads values anew, and those alone that are malformed (C13).
func TestDecideAllocates(t *testing.T) {
	var levels []Level
	for l := range everyLevel {
		if l.Attempts == 2 && !l.Truncated {
			levels = append(levels, l)
		}
	}
	remotes := []Remote{{Decision{Permitted: Yes}, "ripe"}, {Decision{Permitted: No}, "arin"}, {Decision{Permitted: Yes}, "apnic"}}
	for _, p := range BuiltIn().Profiles() {
		for kind := range Kind(Kinds) {
			if !p.Covers(kind) {
				continue
			}
			ev := seen()
			req := ours(kind)
			req.HonoursRFC8657, req.AccountURIs, req.Methods = true, []string{"x:y"}, []string{"dns-01"}
			got := testing.AllocsPerRun(1, func() {
				for i := range levels {
					ev.Levels[0] = levels[i]
					decided = Decide(ev, req, p)
					decided = Corroborate(decided, remotes, MPIC{Remotes: 2, Regions: 2, Binding: true})
				}
			})
			if got != 0 {
				t.Errorf("%s for %v: %v allocations", p.Name, kind, got)
			}
		}
	}
}

var (
	usualClosed = zone("issue ;", "issuemail ;")
	parsed      Property // keeps the copy from the stack
)

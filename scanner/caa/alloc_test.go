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

var (
	usualClosed = zone("issue ;", "issuemail ;")
	parsed      Property // keeps the copy from the stack
)

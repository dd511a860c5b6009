//go:build !race

package caa

import "testing"

// A diagnosis costs no memory once its issuers are known, nor do its words, except for the argument of one. Values
// outside the grammar are taken apart.
func TestDiagnoseAllocations(t *testing.T) {
	for _, test := range []struct {
		what string
		set  []Property
		want float64
	}{
		{"faultless", faultless, 0},
		{"a usual set, three findings", usualThree, 0},
		{"nobody", usualClosed, 0},
		{"duplicates and flags", zone("issue ca.example", "128 issue ca.example", "issue CA.example", "1 tbs x", "issue old.example"), 0},
		{"methods", zone("issue ca.example; validationmethods=dns-01,DNS"), 0},
		{"a typo", zone("issue tls.exampl"), 1},
	} {
		d := NewDiagnoser(someRegistry)
		set := Judge(test.set)
		at := Circumstances{TTLKnown: true, TTL: 100_000, Aliased: true, Inherited: true}
		words := Words(nil, d.Diagnose(&set, &at))
		if got := testing.AllocsPerRun(100, func() { words = Words(words[:0], d.Diagnose(&set, &at)) }); got != test.want {
			t.Errorf("%s: %v allocations, want %v", test.what, got, test.want)
		}
	}
}

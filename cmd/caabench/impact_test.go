package main

import (
	"testing"
)

// A verdict that differs is explained by other evidence only.
func TestCompareVerdicts(t *testing.T) {
	stored := map[string]string{"a": "x", "b": "x", "c": "x", "d": "x", "e": "found secure attempts 1 ede [] above []", "f": "x"}
	yes, no := verdictSeen{"true", "no-caa", "x"}, verdictSeen{"false", "not-authorized", "x"}
	other := verdictSeen{"false", "lookup-failure-signed", "timeout secure attempts 2 ede [] above []"}
	d := compareVerdicts(stored,
		map[string]verdictSeen{"a": yes, "b": yes, "c": no, "d": yes, "e": yes},
		map[string]verdictSeen{"a": yes, "b": no, "c": {"false", "explicit-deny", "x"}, "e": other, "f": yes})
	if d.same != 1 || d.denied != 0 || d.alike != 4 || len(d.unexplained) != 4 || len(d.seen) != 1 || d.seen[0] != "found secure attempts 1, live timeout secure attempts 2" {
		t.Errorf("%+v", d)
	}
}

func TestEvidenceOf(t *testing.T) {
	climb := `[{"outcome":"servfail","security":"indeterminate","reason":"signed-zone","attempts":2,"ede":[22],"alias_to":"b.example","truncated":true,"caa":[]},` +
		`{"outcome":"found","security":"secure","reason":null,"attempts":1,"ede":[],"alias_to":null,"truncated":false,"caa":["0 issue \";\""]}]`
	const want = `servfail indeterminate signed-zone alias truncated attempts 2 ede [22] above []; found secure attempts 1 ede [] above [0 issue ";"]`
	if got, err := evidenceOf(climb); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []any{"", "{}", `[1]`, nil, 7} {
		if got, err := evidenceOf(bad); err == nil {
			t.Errorf("%v: %s", bad, got)
		}
	}
}

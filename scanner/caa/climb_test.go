package caa

import (
	"slices"
	"testing"

	"github.com/caascan/caascan/scanner/wire"
)

func TestNext(t *testing.T) {
	for _, test := range []struct {
		rule, name string
		want       []string
	}{
		{"R1.3: to the TLD, the root never", "www.shop.example.co.uk", []string{"shop.example.co.uk", "example.co.uk", "co.uk", "uk"}},
		{"R1.3: a TLD is the last", "uk", nil},
		{"R1.3: the root has none", ".", nil},
		{"R1.3: a dot within a label is no end of it", `a\.b.example`, []string{"example"}},
		{"R1.11: a node with a star is a name", "*.example", []string{"example"}},
	} {
		var got []string
		for name, more := Next(wire.MustName(test.name)); more; name, more = Next(name) {
			got = append(got, name.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %s: got %q, want %q", test.rule, test.name, got, test.want)
		}
	}
	if _, more := Next(""); more {
		t.Error("no name has a parent")
	}
}

func TestRelevant(t *testing.T) {
	for _, test := range []struct {
		rule    string
		levels  []Level
		at      int
		decided bool
	}{
		{"R1.3: no set on the path", []Level{Empty, Empty, Empty}, -1, true},
		{"R1.3: nothing to ask", nil, -1, true},
		{"R1.4: the first set", []Level{Empty, Present, Present}, 1, true},
		{"R1.5: at the name itself", []Level{Present, Present}, 0, true},
		{"R1.10: a failure before the set", []Level{Empty, Failed, Present}, 1, true},
		{"R1.10: a failure above the set", []Level{Present, Failed, Unasked}, 0, true},
		{"R1.10: a failure and no set", []Level{Empty, Failed, Empty}, 1, true},
		{"R1.10: asked in parallel, the name is missing", []Level{Unasked, Present}, -1, false},
		{"R1.10: asked in parallel, a level between", []Level{Empty, Unasked, Failed}, -1, false},
	} {
		if at, decided := Relevant(test.levels); at != test.at || decided != test.decided {
			t.Errorf("%s: %v: got %d, %v", test.rule, test.levels, at, decided)
		}
	}
}

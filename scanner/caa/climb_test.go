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

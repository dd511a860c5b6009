package scanner

import (
	"testing"
	"unsafe"

	"github.com/caascan/caascan/scanner/record"
)

// What is packed comes out as it went in, and what many share is kept once.
func TestPack(t *testing.T) {
	targets := []record.Target{
		{Name: "example.com", Registrable: "example.com", Suffix: "com", ICANN: true, Source: "stdin", Line: 1},
		{Name: "www.xn--bcher-kva.co.uk", Input: "www.bücher.co.uk", Registrable: "xn--bcher-kva.co.uk", Suffix: "co.uk",
			ICANN: true, Source: "tranco:2026-11-01:K25XW", Line: 1 << 40, Rank: 1 << 33, RankBucket: "1m+"},
		{Name: "github.io", Suffix: "github.io", Source: "stdin", Line: 2},
		{Name: "_under.example.com", Registrable: "example.com", Suffix: "com", ICANN: true, Source: "stdin", Mail: true},
		{Name: "a.example.com", Input: "*.a.example.com", Registrable: "example.com", Suffix: "com", Wildcard: true},
		{Name: "localhost"},
		{Name: "again.example", Line: 3, Source: "again", First: &record.Look{Finished: 7}},
	}
	var o origins
	for range 2 {
		for _, want := range targets {
			p := o.pack(&want)
			if got := o.unpack(&p); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		}
	}
	if len(o.all) != len(targets) { // each has an origin of its own here
		t.Errorf("%d origins of %d targets, each twice", len(o.all), len(targets))
	}
}

// What a name in flight takes is a budget of the design.
func TestTaskSize(t *testing.T) {
	if size := unsafe.Sizeof(task{}); size > 120 {
		t.Errorf("a task takes %d octets", size)
	}
}

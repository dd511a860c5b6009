//go:build !race

package datasets

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
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
	name := []byte("www.example.co.uk")
	f := found{outline: outlineOf(name, opt.Suffixes), name: name}
	if got := testing.AllocsPerRun(100, func() { Shard{2, 3}.holdsName(&f) }); got != 0 {
		t.Errorf("Shard: %v allocations", got)
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

// Plain lines of a zone file cost nothing, and a target one string and one Delegation where its servers are known.
func TestZoneAllocations(t *testing.T) {
	p := newZoneParser("")
	for _, text := range []string{"a.k.\t86400\tin\tns\tNS1.b.net.", "a.k. 1 in a 192.0.2.1", "a.k. 1 in aaaa 2001:db8::1", "a.k. ds 1 8 2 00ff",
		"a.k. in rrsig ds 13 2 86400 20261210000000 20261119000000 4711 k. c2lnbmF0dXJl c2lnbmF0dXJl", "a.k. in nsec3 1 0 0 - x", "; x", ""} {
		line := []byte(text)
		p.take(line, 1)
		if got := testing.AllocsPerRun(100, func() { p.take(line, 1) }); got != 0 {
			t.Errorf("%q: %v allocations", text, got)
		}
	}
	const names = 20_000
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "n%06d.kiel.\t86400\tin\tns\tns1.hoster.net.\nn%06d.kiel.\t86400\tin\tns\tns2.hoster.net.\n", i, i)
	}
	r, err := Open([]string{writeFile(t, "zone", b.String())}, Config{Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(10, func() {
		if batch, err := r.Next(context.Background()); err != nil || len(batch) != BatchSize {
			t.Fatal(err)
		}
	})
	if got > 2*BatchSize+40 {
		t.Errorf("%v allocations for %d targets", got, BatchSize)
	}
}

// TestZoneMemoryIsBounded: two million lines through a pipe, and from a file, take what the window, the glue and the
// memory of names take; the heap is looked at while they pass.
func TestZoneMemoryIsBounded(t *testing.T) {
	const names = 1_000_000
	path := filepath.Join(t.TempDir(), "zone")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(writeZone(f, names), f.Close()); err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // so that the heap is little more than what is in use
	debug.FreeOSMemory()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	base := heap()
	for what, bound := range map[string]uint64{"-": 100 << 20, path: 45 << 20} {
		read, write := io.Pipe()
		var writer sync.WaitGroup
		if what == "-" {
			writer.Go(func() {
				write.CloseWithError(writeZone(write, names)) // io.EOF to the reader if it is nil
			})
		}
		r, err := Open([]string{what}, Config{Stdin: read})
		if err != nil {
			t.Fatal(err)
		}
		most, targets := uint64(0), 0
		for n := 0; err == nil; n++ {
			var batch []record.Target
			batch, err = r.Next(context.Background())
			targets += len(batch)
			for _, target := range batch {
				if d := target.Delegation; d.Whole != (what == path) {
					t.Fatalf("%s: whole %v", what, d.Whole)
				}
			}
			if n%100 == 0 {
				most = max(most, heap()-base)
			}
		}
		if err != io.EOF || targets != names || r.Inputs()[0].Lines < 2_000_000 {
			t.Errorf("%d names of %+v, %v", targets, r.Inputs()[0], err)
		}
		t.Logf("%s: at most %d MB", what, most>>20)
		if most > bound {
			t.Errorf("%s: %d octets of heap, want at most %d", what, most, bound)
		}
		r.Close()
		read.Close()
		writer.Wait()
	}
}

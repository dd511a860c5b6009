package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// TestReadCollector reads lines as package runtime writes them, among others.
func TestReadCollector(t *testing.T) {
	const log = `caascan: warning: --rate-per-server 0
gc 1 @0.012s 2%: 0.026+0.39+0.10 ms clock, 0.052+0.88/0.52/0+0.20 ms cpu, 3->4->1 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P
{"elapsed_s":5.0,"rows":1}
gc 2 @1.512s 3%: 0.031+512+1.25 ms clock, 0.06+1.1/2.2/0+2.5 ms cpu, 300->310->200 MB, 320 MB goal, 0 MB stacks, 0 MB globals, 2 P
gc 3 @9.000s 7%: 0.4+600+0.002 ms clock, 0.06+1.1/2.2/0+2.5 ms cpu, 300->310->200 MB, 320 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)
`
	if got, want := readCollector([]byte(log)), (collector{runs: 3, pause: 1.25, share: 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestCheckRows writes rows as a scan does, right ones and others, and finds each counted as what it is.
func TestCheckRows(t *testing.T) {
	world, err := farm.Outline(farm.Config{Names: 10, Servers: 2, CAA: 1, Security: farm.Signed})
	if err != nil {
		t.Fatal(err)
	}
	right := func(n int) scanRow {
		truth := world.Truth(n)
		return scanRow{QueryName: world.Name(n), Status: "found", TLS: truth.Posture, Wildcard: truth.Wildcard, Security: "secure", Queries: 2, Retries: 1}
	}
	unanswered, closed, insecure, stranger := right(3), right(4), right(5), right(6)
	unanswered.Status, unanswered.TLS = "error", "error"
	closed.TLS = "blocked"
	insecure.Security = "insecure"
	stranger.QueryName = "z99.t9"
	rows := []scanRow{right(0), right(1), right(2), unanswered, closed, insecure, stranger, right(0)}

	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "domains"), 0o755); err != nil {
		t.Fatal(err)
	}
	for part, rows := range map[string][]scanRow{"a.parquet": rows[:4], "b.parquet": rows[4:]} {
		file, err := os.Create(filepath.Join(dir, "domains", part))
		if err != nil {
			t.Fatal(err)
		}
		w := parquet.NewGenericWriter[scanRow](file)
		_, err = w.Write(rows)
		if err = errors.Join(err, w.Close(), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := checkRows(dir, world, true)
	want := tally{rows: 6, right: 3, unanswered: 1, wrong: 4, queries: 16, retries: 8, checked: true}
	if err != nil || got != want {
		t.Errorf("validated: got %+v, %v; want %+v", got, err, want)
	}
	if lost := got.lost(10); lost != 4 {
		t.Errorf("%d lost, want 4", lost)
	}
	got, err = checkRows(dir, world, false)
	want = tally{rows: 6, right: 4, unanswered: 1, wrong: 3, queries: 16, retries: 8}
	if err != nil || got != want {
		t.Errorf("not validated: got %+v, %v; want %+v", got, err, want)
	}
	if n, err := countRows(dir); n != len(rows) || err != nil {
		t.Errorf("%d rows, %v; want %d", n, err, len(rows))
	}
	if _, err := countRows(t.TempDir()); err == nil {
		t.Error("no parts, and no error")
	}
}

// TestRatio: a yardstick is floors and checks.
func TestRatio(t *testing.T) {
	w := work{exchanges: 3, checks: 3}
	m := measure{floor: 4, user: 150, system: 12, standard: 150, ours: 69}
	if got := m.ratio(&w); got != 1 {
		t.Errorf("ratio %v, want 1", got)
	}
	if got := m.ratioToOurs(&w); got != 2 {
		t.Errorf("ratio to our own checks %v, want 2", got)
	}
	if got := w.yardstick(); got != "3 checks + 3 floors" {
		t.Errorf("yardstick %q", got)
	}
}

// TestBound: the least time of a scan is that of the server with most to do, at the limit.
func TestBound(t *testing.T) {
	world, err := farm.Outline(farm.Config{Names: 1000, Servers: 10, Below: true, Zones: 10, Leaf: []farm.Behaviour{{Limit: 20}}})
	if err != nil {
		t.Fatal(err)
	}
	r := politeRun{world: world, span: 10 * time.Second, got: 1110, needed: 1010}
	for k := range 10 {
		r.report.Servers = append(r.report.Servers, farm.ServerReport{Leaf: true, Zones: 1, Names: 50 + 10*k})
	}
	if got, want := r.bound(20), 141*time.Second/20; got != want {
		t.Errorf("bound %v, want %v", got, want)
	}
	if got := r.queriesAName(); got != 1.1 {
		t.Errorf("%v queries a name, want 1.1", got)
	}
	if got := r.used(); got != 0.505 {
		t.Errorf("share used %v, want 0.505", got)
	}
}

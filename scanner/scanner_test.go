package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
	"github.com/caascan/caascan/scanner/step"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a healthy small Internet of n names, with its servers.
func world(t *testing.T, n int) (*simnet.World, *simnet.Server, Network) {
	t.Helper()
	w, err := simnet.New(simnet.Config{Seed: 1, Names: n, Plain: true, CAAShare: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	server, err := w.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	roots, err := ReadHints(strings.NewReader(string(w.RootHints())), "hints")
	if err != nil {
		t.Fatal(err)
	}
	return w, server, Network{
		Roots: roots, Port: server.Port(), IPv4: true, SpecialUse: true, Timeout: 5 * time.Second, Retries: 3, MaxQueries: 64,
		Operator: func(name string) string { return name },
	}
}

// names is a Source of the names of a world, some at a time; after stopAfter of them it fails with broken, if that is set.
type names struct {
	world     *simnet.World
	next      int
	stopAfter int
	broken    error
}

func (n *names) Next(context.Context) ([]record.Target, error) {
	var batch []record.Target
	for len(batch) < 100 && n.next < n.stopAfter {
		name := n.world.Name(n.next)
		n.next++
		batch = append(batch, record.Target{Name: name, Registrable: name, Line: int64(n.next)})
	}
	if n.next < n.stopAfter {
		return batch, nil
	}
	if n.broken != nil {
		return batch, n.broken
	}
	return batch, io.EOF
}

// counted is a Sink that counts records by line, and calls each before it takes a batch.
type counted struct {
	mu    sync.Mutex
	lines map[int64]int
	each  func(batches int) error
	calls int
}

func (c *counted) Write(batch []*record.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.each != nil {
		if err := c.each(c.calls); err != nil {
			return err
		}
	}
	if c.lines == nil {
		c.lines = map[int64]int{}
	}
	for _, r := range batch {
		c.lines[r.Target.Line]++
	}
	return nil
}

// wantOnce checks that lines 1 to n have one record each, and no others have any.
func (c *counted) wantOnce(t *testing.T, n int) {
	t.Helper()
	for line := int64(1); line <= int64(n); line++ {
		if c.lines[line] != 1 {
			t.Fatalf("line %d has %d records", line, c.lines[line])
		}
	}
	if len(c.lines) != n {
		t.Fatalf("records for %d lines, want %d", len(c.lines), n)
	}
}

func TestOneRecordATarget(t *testing.T) {
	for _, test := range []struct{ names, inFlight, loops int }{{1, 1, 1}, {700, 3, 2}, {3000, 500, 3}, {3000, 100_000, 2}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			w, _, network := world(t, test.names)
			scan, err := New(Config{Network: network, InFlight: test.inFlight, Loops: test.loops, With: MX, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			sink := &counted{}
			if err := scan.Run(context.Background(), &names{world: w, stopAfter: test.names}, sink); err != nil {
				t.Fatal(err)
			}
			sink.wantOnce(t, test.names)
			p := scan.Progress()
			if p.Admitted != int64(test.names) || p.Finished != p.Admitted || p.Failed != 0 {
				t.Errorf("progress %+v", p)
			}
			sent := 0
			for _, ns := range scan.NameServers() {
				sent += ns.Sent
			}
			if int64(sent) != p.Sent || p.Queries != p.Sent {
				t.Errorf("packets by server %d, by engine %d, by name %d", sent, p.Sent, p.Queries)
			}
			ended := p.Engine.Truncated + p.Engine.Events[step.Timeout] + p.Engine.Events[step.Unreachable]
			for _, n := range p.Engine.Replies {
				ended += n
			}
			waits := uint64(0)
			for _, n := range p.Engine.Wait.Counts {
				waits += n
			}
			if int64(ended) != p.Sent || int64(waits) != p.Sent {
				t.Errorf("%d exchanges ended and %d waits, of %d", ended, waits, p.Sent)
			}
			if f := &p.Found; test.names > 1 && (f.Started == 0 || f.Cached+f.Joined == 0 || f.Delegations.Hits == 0) {
				t.Errorf("caches: %+v", f)
			}
		})
	}
}

// TestSlowSink: a sink that takes nothing for a while stops the intake, and nothing is lost (backpressure).
func TestSlowSink(t *testing.T) {
	const n = 30_000
	w, _, network := world(t, n)
	scan, err := New(Config{Network: network, InFlight: 200, Loops: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	source := &names{world: w, stopAfter: n}
	// What can be between source and sink: names in flight, a batch being filled and those that wait, in each channel.
	const most = 200 + (maxUnwritten+2)*batchSize + 2*batchSize + 4*batchSize + 2*batchSize + 200
	sink := &counted{each: func(calls int) error {
		if calls == 1 {
			for s := scan.loops[0].Stats(); !scan.machines[0].stalled.Load() || s.InFlight+s.Waiting > 0; s = scan.loops[0].Stats() {
				time.Sleep(time.Millisecond) // until every question under way has its answer
			}
			if finished := scan.Progress().Finished; finished > most {
				t.Errorf("%d names finished while the sink took none, want at most %d", finished, most)
			}
		}
		return nil
	}}
	if err := scan.Run(context.Background(), source, sink); err != nil {
		t.Fatal(err)
	}
	sink.wantOnce(t, n)
}

func TestBrokenSink(t *testing.T) {
	w, _, network := world(t, 20_000)
	scan, err := New(Config{Network: network, InFlight: 1000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	sink := &counted{each: func(calls int) error {
		if calls > 3 {
			return full
		}
		return nil
	}}
	if err := scan.Run(context.Background(), &names{world: w, stopAfter: 20_000}, sink); !errors.Is(err, full) {
		t.Fatalf("error %v, want %v", err, full)
	}
	if sink.calls != 4 {
		t.Errorf("%d batches were offered after the sink had failed", sink.calls-4)
	}
}

// TestBrokenSource: what a source yielded before it broke is scanned.
func TestBrokenSource(t *testing.T) {
	w, _, network := world(t, 2000)
	scan, err := New(Config{Network: network, InFlight: 100, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	damaged := errors.New("damaged archive")
	sink := &counted{}
	if err := scan.Run(context.Background(), &names{world: w, stopAfter: 1234, broken: damaged}, sink); !errors.Is(err, damaged) {
		t.Fatalf("error %v, want %v", err, damaged)
	}
	sink.wantOnce(t, 1234)
}

// TestCancel: a cancelled scan ends, and what it wrote is whole.
func TestCancel(t *testing.T) {
	w, _, network := world(t, 50_000)
	scan, err := New(Config{Network: network, InFlight: 1000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	sink, before := &counted{}, 0
	sink.each = func(calls int) error { // batches may be small: what is old is handed over
		if calls == 5 {
			before = len(sink.lines)
			cancel()
		}
		return nil
	}
	if err := scan.Run(ctx, &names{world: w, stopAfter: 50_000}, sink); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	if before == 0 || len(sink.lines) < before || len(sink.lines) == 50_000 {
		t.Errorf("%d records, %d of them before the scan was cancelled", len(sink.lines), before)
	}
	for line, records := range sink.lines {
		if records != 1 {
			t.Errorf("line %d has %d records", line, records)
		}
	}
	if finished := scan.Progress().Finished; finished != int64(len(sink.lines)) {
		t.Errorf("%d names finished, %d written", finished, len(sink.lines))
	}
}

func TestLookup(t *testing.T) {
	w, _, network := world(t, 200)
	var questions []Question
	for i := range 50 {
		questions = append(questions, Question{mustName(t, w.Name(i)), 257})
	}
	asks, events := 0, 0
	answers, err := network.Lookup(context.Background(), questions, func(m step.Machine) step.Machine {
		return &step.Tap{Machine: m, Asked: func(step.Ask) { asks++ }, Ended: func(*step.Event) { events++ }}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		truth := w.Truth(i)
		if a == nil || a.Name != questions[i].Name || (a.Outcome == record.Found) != (truth.Relevant == truth.Name) {
			t.Errorf("%s: %+v, want %+v", truth.Name, a, truth)
		}
	}
	if asks == 0 || asks != events {
		t.Errorf("%d asks, %d events", asks, events)
	}
	if answers, err := network.Lookup(context.Background(), nil, nil); err != nil || len(answers) != 0 {
		t.Errorf("no questions: %v, %v", answers, err)
	}
}

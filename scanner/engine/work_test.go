package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/scanner/step"
)

// grind is a machine that keeps window pieces of Work under way until total have ended.
type grind struct {
	window, total  int
	do             func(ticket step.Ticket)
	started, ended int
	pieces         []piece // by ticket
	wrong          int     // events that are not of Work under way and done
}

// piece is one Work of a grind. done is written by whoever does it and read by the loop, without a lock: the race
// detector sees whether the engine keeps the two apart.
type piece struct {
	do     func(ticket step.Ticket)
	ticket step.Ticket
	done   int
}

func (p *piece) Do() {
	p.do(p.ticket)
	p.done++
}

func (g *grind) ask(t step.Ticket, out *[]step.Ask) {
	g.started++
	g.pieces[t].done = 0
	*out = append(*out, step.Ask{Ticket: t, Work: &g.pieces[t]})
}

func (g *grind) Admit(now step.Time, out *[]step.Ask) {
	if g.pieces == nil {
		g.pieces = make([]piece, g.window)
		for t := range g.pieces {
			g.pieces[t] = piece{do: g.do, ticket: step.Ticket(t)}
		}
		for t := 0; t < g.window && g.started < g.total; t++ {
			g.ask(step.Ticket(t), out)
		}
	}
}

func (g *grind) Handle(ev *step.Event, out *[]step.Ask) {
	g.ended++
	if ev.Kind != step.Worked || g.pieces[ev.Ticket].done != 1 || ev.Now == 0 || ev.Sent != 0 || ev.Msg != nil {
		g.wrong++
	}
	if g.started < g.total {
		g.ask(ev.Ticket, out)
	}
}

func (g *grind) AppendQuery(step.Ticket, uint16, []byte) []byte { panic("a query for Work") }

func (g *grind) Done() bool { return g.ended == g.total }

// spin computes for d.
func spin(d time.Duration) func(step.Ticket) {
	return func(step.Ticket) {
		for start := time.Now(); time.Since(start) < d; {
		}
	}
}

// runWork drives the machine until it is done, and checks that nothing is left behind.
func runWork(t *testing.T, cfg Config, m step.Machine) *Loop {
	t.Helper()
	cfg.IPv4 = true
	l, err := New(cfg, m)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Working != 0 || s.Waiting != 0 || s.InFlight != 0 {
		t.Errorf("left behind: %+v", s)
	}
	if n := helping.Load(); n != 0 {
		t.Errorf("%d helpers are still counted", n)
	}
	return l
}

// Every piece is done once before the machine hears of it, by as many processors as there are, and not one helper is
// started where there is one processor.
func TestWork(t *testing.T) {
	for _, procs := range []int{1, 2, 4} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		g := &grind{window: 400, total: 20_000, do: spin(5 * time.Microsecond)}
		stats := runWork(t, Config{}, g).Stats()
		if g.ended != g.total || g.wrong != 0 || stats.Events[step.Worked] != uint64(g.total) {
			t.Errorf("%d processors: %d of %d ended, %d wrong: %+v", procs, g.ended, g.total, g.wrong, stats)
		}
		if stats.Helped > uint64(g.total) || procs == 1 && stats.Helped != 0 {
			t.Errorf("%d processors: helpers did %d", procs, stats.Helped)
		}
	}
}

// A helper comes when the loop cannot do all by itself; the order of the ends is free. Each of the first pieces waits
// until another one is under way too, which is over only if two goroutines are at work.
func TestWorkIsHelped(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var under atomic.Int32
	both := make(chan struct{})
	g := &grind{window: 100, total: 2000, do: func(step.Ticket) {
		if under.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both:
		case <-time.After(hang):
		}
	}}
	stats := runWork(t, Config{}, g).Stats()
	if stats.Helped == 0 || g.wrong != 0 {
		t.Errorf("%d wrong, %+v", g.wrong, stats)
	}
}

// The helpers of all loops together stay fewer than the processors.
func TestHelpersAreBounded(t *testing.T) {
	const procs = 3
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	var most atomic.Int32
	var group errgroup.Group
	for range 3 {
		g := &grind{window: 500, total: 5000, do: func(step.Ticket) {
			for now := helping.Load(); ; {
				old := most.Load()
				if now <= old || most.CompareAndSwap(old, now) {
					return
				}
			}
		}}
		l, err := New(Config{IPv4: true, Sockets: 1}, g)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() error { return l.Run(context.Background()) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := most.Load(); n >= procs+3 { // a loop that finds no place counts for the moment of its asking
		t.Errorf("%d helpers at once", n)
	}
	if n := helping.Load(); n != 0 {
		t.Errorf("%d helpers are still counted", n)
	}
}

// A turn's Work is bounded by time, whatever a piece takes: then the sockets have their turn.
func TestWorkShare(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	v := newVirtual(t, nil, nil)
	piece := workShare / 5
	g := &grind{window: 23, total: 23, do: func(step.Ticket) { v.time = v.time.Add(piece) }}
	v.Loop.machine = g
	g.Admit(v.time, &v.asks)
	if err := v.send(); err != nil {
		t.Fatal(err)
	}
	for turn, want := range []int{5, 10, 15, 20, 23} {
		if v.idle() != 0 {
			t.Fatalf("turn %d: the loop would sleep over Work", turn)
		}
		v.turn(t)
		if g.ended != want || v.Stats().Working != 23-want {
			t.Fatalf("turn %d: %d ended, want %d: %+v", turn, g.ended, want, v.Stats())
		}
	}
	if v.idle() >= 0 {
		t.Error("the loop would not sleep when all is done")
	}
}

// mixed is a machine of which every other ask is Work, and the next of the same ticket a packet.
type mixed struct {
	pump
	pieces []piece
	worked int
	wrong  int
}

func (m *mixed) Admit(now step.Time, out *[]step.Ask) {
	if m.pieces == nil {
		m.pieces = make([]piece, m.window)
		for t := range m.pieces {
			m.pieces[t].do = spin(20 * time.Microsecond)
		}
	}
	m.pump.Admit(now, out)
}

func (m *mixed) Handle(ev *step.Event, out *[]step.Ask) {
	p := &m.pieces[ev.Ticket]
	if ev.Kind == step.Worked {
		m.worked++
		if p.done != 1 {
			m.wrong++
		}
		p.done = 0
		m.pump.ended++
		if m.started < m.total {
			m.ask(ev.Ticket, out)
		}
		return
	}
	if ev.Kind == step.Reply {
		m.replies++
	}
	*out = append(*out, step.Ask{Ticket: ev.Ticket, Work: p})
}

// Packets and Work go side by side in two loops: every reply comes although there is always Work to do.
func TestWorkAmongPackets(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0), loopback(1), loopback(2))
	var group errgroup.Group
	var machines []*mixed
	for range 2 {
		m := &mixed{pump: pump{window: 200, total: 4000, servers: 3, mix: true}}
		l, err := New(Config{IPv4: true, Port: port}, m)
		if err != nil {
			t.Fatal(err)
		}
		machines = append(machines, m)
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		group.Go(func() error { return l.Run(ctx) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, m := range machines {
		if m.ended != m.total || m.worked != m.total || m.replies != m.total || m.wrong != 0 {
			t.Errorf("of %d: %d ended, %d worked, %d replies, %d wrong", m.total, m.ended, m.worked, m.replies, m.wrong)
		}
	}
}

// Cancelled in the middle of Work, by the loop or a helper, Run gives no more events and returns when the pieces that
// were begun are at their end.
func TestCancelMidWork(t *testing.T) {
	for _, procs := range []int{1, 4} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		ctx, cancel := context.WithCancel(context.Background())
		var begun, over atomic.Int32
		g := &grind{window: 1000, total: 1 << 30}
		g.do = func(step.Ticket) {
			if n := begun.Add(1); n >= 3000 {
				cancel()
				spin(10 * time.Millisecond)(0) // Run must wait for this
			}
			over.Add(1)
		}
		l, err := New(Config{IPv4: true}, g)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if begun.Load() != over.Load() {
			t.Errorf("%d processors: %d pieces begun, %d over when Run returned", procs, begun.Load(), over.Load())
		}
		if g.wrong != 0 || g.ended > int(begun.Load()) || begun.Load() > 3100 {
			t.Errorf("%d processors: %d ended of %d begun, %d wrong", procs, g.ended, begun.Load(), g.wrong)
		}
		if n := helping.Load(); n != 0 {
			t.Errorf("%d helpers are still counted", n)
		}
		cancel()
	}
}

// A panic in Work ends the program, whoever does it.
func TestPanicInWork(t *testing.T) {
	const variable = "ENGINE_TEST_PANIC"
	if who := os.Getenv(variable); who != "" {
		runtime.GOMAXPROCS(4)
		g := &grind{window: 1000, total: 1 << 30}
		g.do = func(step.Ticket) {
			helper := !calledBy("(*Loop).work")
			if helper == (who == "helper") {
				panic("Work by the " + who + " has failed")
			}
			spin(10 * time.Microsecond)(0)
		}
		runWork(t, Config{}, g)
		return
	}
	for _, who := range []string{"loop", "helper"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPanicInWork$")
		cmd.Env = append(os.Environ(), variable+"="+who)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "panic: Work by the "+who+" has failed") {
			t.Errorf("%s: %v\n%s", who, err, out)
		}
	}
}

// calledBy reports whether a function whose name ends in name is among the callers.
func calledBy(name string) bool {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, name) {
			return true
		}
		if !more {
			return false
		}
	}
}

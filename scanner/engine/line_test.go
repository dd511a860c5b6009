package engine

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/step"
)

// virtual is a loop whose clock is a variable and whose turns a test takes one by one. Its packets go to a port of
// this machine that nobody reads; every query ends in a timeout.
type virtual struct {
	*Loop
	script
	time  step.Time
	drift time.Duration // that a look at the clock takes
	sent  []departed
	heard int // of sent, that answer has looked at
}

type departed struct {
	query int
	at    step.Time
	id    uint16
}

func newVirtual(t *testing.T, table *ratelimit.Table, queries []query) *virtual {
	t.Helper()
	v := &virtual{time: wheelStart}
	v.queries = queries
	v.script.now = func() step.Time {
		v.time = v.time.Add(v.drift)
		return v.time
	}
	sink, err := newSink(t)
	if err != nil {
		t.Fatal(err)
	}
	v.Loop, err = New(Config{IPv4: true, Port: sink, Sockets: 2, Limits: table, Clock: v.script.now}, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func newSink(t *testing.T) (uint16, error) {
	return serveUDP(t, 0, func(packet) {}, netip.IPv4Unspecified()), nil
}

func (v *virtual) AppendQuery(ticket step.Ticket, id uint16, buf []byte) []byte {
	v.sent = append(v.sent, departed{int(ticket), v.time, id})
	return v.script.AppendQuery(ticket, id, buf)
}

// breakSending lets every attempt to send fail with err, until the function it returns is called.
func (v *virtual) breakSending(err error) (works func()) {
	for k, c := range v.conns {
		v.conns[k] = &faulty{conn: c, send: func() error { return err }}
	}
	return func() { err = nil }
}

// turn is one turn of Run at the present time, without waiting.
func (v *virtual) turn(t *testing.T) {
	t.Helper()
	v.Loop.now = v.time
	v.wheel.advance(v.time, v.fire)
	v.work()
	v.Admit(v.time, &v.asks)
	if err := v.send(); err != nil {
		t.Fatal(err)
	}
	v.publish()
}

// run takes turns until all queries have ended, each at the moment for which the loop would sleep.
func (v *virtual) run(t *testing.T) {
	t.Helper()
	for turns := 0; ; turns++ {
		v.turn(t)
		if v.Done() {
			break
		}
		pause := v.idle()
		if pause < 0 || turns > 1_000_000 {
			t.Fatalf("turn %d: nothing to wait for, %d queries open", turns, v.script.open)
		}
		v.time = v.time.Add(max(pause, time.Microsecond))
	}
	for i, e := range v.ends {
		if e.times != 1 || e.Kind != step.Timeout {
			t.Fatalf("query %d ended %d times, last with %v", i, e.times, e.Kind)
		}
	}
	if v.slab.used != 0 || v.matcher.count != 0 || v.wheel.count != 0 || v.ready.head != none || v.pausing != 0 ||
		v.waiting != [Causes]int{} {
		t.Errorf("left behind: %d exchanges, %d in the matcher, %d in the wheel", v.slab.used, v.matcher.count, v.wheel.count)
	}
}

// checkRate checks that the packets whose queries want selects are never more than 1 + rate * (T + grain) in any
// window, and returns when the last left.
func (v *virtual) checkRate(t *testing.T, what string, rate float64, want func(query) bool) (last time.Duration) {
	t.Helper()
	return checkRate(t, what, rate, v.departures(want))
}

func (v *virtual) departures(want func(query) bool) (at []step.Time) {
	for _, d := range v.sent {
		if want(v.queries[d.query]) {
			at = append(at, d.at)
		}
	}
	return at
}

func checkRate(t *testing.T, what string, rate float64, at []step.Time) (last time.Duration) {
	t.Helper()
	slices.Sort(at)
	lowest := 0.0
	for k, when := range at {
		last = when.Sub(wheelStart)
		f := float64(k)/rate - last.Seconds()
		if k == 0 {
			lowest = f
		}
		if lowest = min(lowest, f); f-lowest > ratelimit.Grain.Seconds()+1e-6 {
			t.Fatalf("%s: packet %d at %v comes %.6f s too early", what, k, last, f-lowest)
		}
	}
	return last
}

func limits(t *testing.T, l ratelimit.Limits) *ratelimit.Table {
	t.Helper()
	table, err := ratelimit.New(l)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func atServer(a netip.Addr) func(query) bool { return func(q query) bool { return q.server == a } }

func ofOperator(op step.OperatorID) func(query) bool { return func(q query) bool { return q.op == op } }

// One server's queries leave in the order in which they were asked, evenly spaced and at the full rate. The wait
// counts as such and not as network time, and all that wait cost one entry in the wheel.
func TestServerLimit(t *testing.T) {
	const rate, n = 50.0, 500
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: rate}), nil)
	for i := range n {
		v.queries = append(v.queries, query{server: loopback(0), name: fmt.Sprintf("n%d.example", i), timeout: 5 * time.Millisecond})
	}
	v.turn(t)
	if v.wheel.count != 2 || v.Stats().Waiting != n-1 || v.Stats().InFlight != 1 {
		t.Errorf("%d in the wheel, want the one in flight and the next: %+v", v.wheel.count, v.Stats())
	}
	v.run(t)
	for i, d := range v.sent {
		if d.query != i {
			t.Fatalf("packet %d was that of query %d", i, d.query)
		}
		if e := v.ends[i]; e.Waited != e.Sent.Sub(wheelStart) || e.Sent != d.at || e.Now.Sub(e.Sent) > 6*time.Millisecond {
			t.Fatalf("query %d left at %v: %+v", i, d.at, e.Event)
		}
	}
	last := v.checkRate(t, "server", rate, atServer(loopback(0)))
	if want := time.Duration((n - 1) / rate * float64(time.Second)); last > want {
		t.Errorf("the last left after %v, want at most %v", last, want)
	}
}

// Limits far above the wheel's resolution are used in full too.
func TestHighRate(t *testing.T) {
	const rate, n = 20_000.0, 10_000
	v := newVirtual(t, limits(t, ratelimit.Limits{Total: rate}), nil)
	for i := range n {
		v.queries = append(v.queries, query{server: loopback(i % 100), name: "n.example", timeout: time.Millisecond})
	}
	v.run(t)
	last := v.checkRate(t, "total", rate, func(query) bool { return true })
	if want := time.Duration((n + 1) / rate * float64(time.Second)); last > want {
		t.Errorf("the last left after %v, want at most %v", last, want)
	}
}

// All limits together hold, each by itself, and whichever is the narrowest is used nearly in full.
func TestLimitsTogether(t *testing.T) {
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		l := ratelimit.Limits{
			PerServer:   5 + 200*rnd.Float64(),
			PerOperator: 5 + 400*rnd.Float64(),
			Total:       20 + 2000*rnd.Float64(),
		}
		const servers, operators, n = 40, 4, 1500
		v := newVirtual(t, limits(t, l), nil)
		count := map[netip.Addr]int{}
		byOperator := map[step.OperatorID]int{}
		for range n {
			s := rnd.IntN(servers)
			q := query{server: loopback(s), name: "n.example", timeout: 3 * time.Millisecond, op: step.OperatorID(s % (operators + 1))}
			v.queries = append(v.queries, q)
			count[q.server]++
			byOperator[q.op]++
		}
		v.run(t)
		need := float64(n-1) / l.Total
		for a, k := range count {
			v.checkRate(t, "server", l.PerServer, atServer(a))
			need = max(need, float64(k-1)/l.PerServer)
		}
		for op, k := range byOperator {
			if op != 0 {
				v.checkRate(t, "operator", l.PerOperator, ofOperator(op))
				need = max(need, float64(k-1)/l.PerOperator)
			}
		}
		last := v.checkRate(t, "total", l.Total, func(query) bool { return true })
		// Servers that end early leave their operator's rate unused for a while, so a little more than the bound.
		if last.Seconds() > 1.5*need+0.1 {
			t.Errorf("seed %d: took %v, the limits ask for %.3f s", seed, last, need)
		}
	}
}

// Loops that share a table keep the limits together, in whatever order they take their turns.
func TestLoopsShareLimits(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		l := ratelimit.Limits{PerServer: 40, PerOperator: 100, Total: 300}
		table := limits(t, l)
		const servers, n = 10, 300
		var loops []*virtual
		for range 3 {
			v := newVirtual(t, table, nil)
			for range n {
				s := rnd.IntN(servers)
				v.queries = append(v.queries, query{server: loopback(s), name: "n.example", timeout: time.Millisecond, op: step.OperatorID(s % 3)})
			}
			loops = append(loops, v)
		}
		for now, open := wheelStart, len(loops); open > 0; {
			open = 0
			rnd.Shuffle(len(loops), func(i, j int) { loops[i], loops[j] = loops[j], loops[i] })
			next := now.Add(time.Hour)
			for _, v := range loops {
				v.time = now
				v.turn(t)
				if v.Done() {
					continue
				}
				open++
				pause := v.idle()
				if pause < 0 {
					t.Fatalf("seed %d: a loop sleeps for ever with %d open", seed, v.script.open)
				}
				next = min(next, now.Add(pause))
			}
			now = max(next, now+1)
		}
		gather := func(want func(query) bool) (all []step.Time) {
			for _, v := range loops {
				all = append(all, v.departures(want)...)
			}
			return all
		}
		for s := range servers {
			checkRate(t, "server", l.PerServer, gather(atServer(loopback(s))))
		}
		for op := step.OperatorID(1); op < 3; op++ {
			checkRate(t, "operator", l.PerOperator, gather(ofOperator(op)))
		}
		all := gather(func(query) bool { return true })
		if last := checkRate(t, "total", l.Total, all); len(all) != 3*n || last.Seconds() > 1.6*3*n/3/100 {
			t.Errorf("seed %d: %d packets took %v", seed, len(all), last)
		}
	}
}

// A turn may take longer than any pause: the loop does not fall asleep over what it could have sent by then.
func TestSlowTurns(t *testing.T) {
	for _, l := range []ratelimit.Limits{{Total: 1000}, {PerServer: 500}, {PerOperator: 800}} {
		v := newVirtual(t, limits(t, l), nil)
		v.drift = 2 * time.Millisecond
		for i := range 200 {
			v.queries = append(v.queries, query{server: loopback(i % 2), name: "n.example", op: 7, timeout: time.Hour})
		}
		v.run(t)
		if last := v.sent[len(v.sent)-1].at.Sub(wheelStart); last > time.Minute {
			t.Errorf("%+v: the last left after %v", l, last)
		}
	}
}

// A wait of days passes through all levels of the wheel.
func TestVeryLowRate(t *testing.T) {
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: 1.0 / 86400}), nil)
	for range 8 {
		v.queries = append(v.queries, query{server: loopback(0), name: "n.example", timeout: time.Second})
	}
	v.run(t)
	if last := v.checkRate(t, "server", 1.0/86400, atServer(loopback(0))); last > 7*24*time.Hour {
		t.Errorf("the last left after %v", last)
	}
}

// A server whose line is long does not hold up another, and an operator's servers take turns.
func TestFairness(t *testing.T) {
	const a, b = 0, 1
	v := newVirtual(t, limits(t, ratelimit.Limits{PerOperator: 100}), nil)
	for range 100 {
		v.queries = append(v.queries, query{server: loopback(a), name: "n.example", op: 7, timeout: time.Millisecond})
	}
	for range 10 {
		v.queries = append(v.queries, query{server: loopback(b), name: "n.example", op: 7, timeout: time.Millisecond})
	}
	v.queries = append(v.queries, query{server: loopback(2), name: "n.example", op: 8, timeout: time.Millisecond})
	v.run(t)
	if last := v.checkRate(t, "b", 50, atServer(loopback(b))); last > 250*time.Millisecond {
		t.Errorf("the tenth query to b left after %v: it did not get every second turn", last)
	}
	if last := v.checkRate(t, "other operator", 100, ofOperator(8)); last != 0 {
		t.Errorf("the other operator's query left after %v", last)
	}
}

// A batch that the system takes only later moves the limits on: the next packet keeps its distance from the moment
// of departure.
func TestDelayedBatchKeepsDistance(t *testing.T) {
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: 10}), []query{
		{server: loopback(0), name: "a.example"}, {server: loopback(0), name: "b.example"},
	})
	works := v.breakSending(syscall.ENOBUFS)
	v.turn(t)
	if s := v.Stats(); s.Sent != 0 || s.Waiting != 2 {
		t.Fatalf("left in spite of it: %+v", s)
	}
	for range 80 {
		v.time = v.time.Add(time.Millisecond)
		v.turn(t)
	}
	works()
	v.time = v.time.Add(time.Millisecond)
	v.turn(t)
	if s := v.Stats(); s.Sent != 1 {
		t.Fatalf("did not leave: %+v", s)
	}
	for v.Stats().Sent < 2 {
		v.time = v.time.Add(time.Millisecond)
		v.turn(t)
	}
	if gap := v.time.Sub(wheelStart); gap < 180*time.Millisecond || gap > 183*time.Millisecond {
		t.Errorf("the second left %v after the start, want 181 ms", gap)
	}
}

// The whole loop, on the real clock, with limits: nothing is lost or comes twice.
func TestLimitsForReal(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0), loopback(1))
	serveTCPEcho(t, port, loopback(0))
	s := &script{}
	for i := range 300 {
		s.queries = append(s.queries, query{
			server: loopback(i % 2), name: fmt.Sprintf("n%d.example", i), op: 3, tcp: i%20 == 0,
		})
	}
	run(t, Config{Port: port, TCPConns: 2, Limits: limits(t, ratelimit.Limits{PerServer: 800, PerOperator: 1200, Total: 5000})}, s)
	for i := range s.ends {
		wantKind(t, s, i, step.Reply)
	}
}

// A server that waits for its own limit does not hold up the others of its operator.
func TestParkedServerPassesOn(t *testing.T) {
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: 1, PerOperator: 1000}), []query{
		{server: loopback(0), name: "n.example", op: 7, timeout: time.Millisecond},
		{server: loopback(1), name: "n.example", op: 7, timeout: 100 * time.Millisecond},
		{server: loopback(0), name: "n.example", op: 7, timeout: time.Millisecond}, // waits for a second
	})
	for s := range 50 { // 100 ms after the start
		v.queries = append(v.queries, query{server: loopback(2 + s), name: "n.example", op: 7, timeout: time.Millisecond, after: 1})
	}
	v.run(t)
	for s := range 50 {
		if last := v.checkRate(t, "server", 1, atServer(loopback(2+s))); last > 160*time.Millisecond {
			t.Errorf("server %d had to wait until %v", 2+s, last)
		}
	}
	v.checkRate(t, "operator", 1000, ofOperator(7))
	if last := v.checkRate(t, "server", 1, atServer(loopback(0))); last < 999*time.Millisecond {
		t.Errorf("the second query to server 0 left after %v", last)
	}
}

// A server that waits for a TCP connection does not hold up the others of its operator.
func TestWaitForConnectionPassesOn(t *testing.T) {
	release := make(chan struct{})
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(2))
	serveTCP(t, port, func(conn *net.TCPConn, query []byte) {
		<-release
		conn.Write(framed(replyTo(query)))
	}, loopback(0))
	serveTCPEcho(t, port, loopback(1))
	s := &script{queries: []query{
		{server: loopback(0), name: "a.example", op: 7, tcp: true}, // takes the only connection
		{server: loopback(1), name: "b.example", op: 7, tcp: true}, // waits for it
		{server: loopback(2), name: "c.example", op: 7},
	}}
	s.onEnd = func(i int, ev *step.Event) {
		if i == 2 {
			close(release)
		}
	}
	run(t, Config{Port: port, TCPConns: 1, Limits: limits(t, ratelimit.Limits{PerOperator: 10_000})}, s)
	for i := range s.ends {
		wantKind(t, s, i, step.Reply)
	}
}

// When all IDs of all sockets are in flight the rest waits for some to come back.
func TestNoFreeID(t *testing.T) {
	v := newVirtual(t, nil, nil)
	const left, n = 10, 100
	for k := range v.matcher.load {
		v.matcher.load[k] = portLoad - left
	}
	for range n {
		v.queries = append(v.queries, query{server: loopback(0), name: "n.example", timeout: 20 * time.Millisecond})
	}
	v.turn(t)
	if s := v.Stats(); s.InFlight != 2*left || s.Waiting != n-2*left {
		t.Errorf("%d in flight and %d waiting, want %d and %d", s.InFlight, s.Waiting, 2*left, n-2*left)
	}
	v.run(t)
	for _, load := range v.matcher.load {
		if load != portLoad-left {
			t.Errorf("load %d, want %d", load, portLoad-left)
		}
	}
}

// An exchange whose packet has not left cannot be answered, nor its packet have come back.
func TestNotAnsweredBeforeDeparture(t *testing.T) {
	v := newVirtual(t, nil, []query{{server: loopback(0), name: "n.example", timeout: time.Second}})
	works := v.breakSending(syscall.ENOBUFS)
	v.turn(t)
	e := *v.slab.at(v.v4.boarded[0].exchange)
	msg := v.script.AppendQuery(e.ticket, e.id, nil)
	to := v.peers[0].addr
	v.undelivered(e.socket, msg, &to)
	msg[2] |= 0x80
	v.reply(e.socket, msg, &to)
	if v.ends[0].times != 0 {
		t.Errorf("ended with %v", v.ends[0].Kind)
	}
	works()
	v.run(t)
}

// An ask with a pause joins its server's line when that is over, behind those that came before; the pause is no wait
// for a limit, and costs those who do not pause nothing.
func TestPause(t *testing.T) {
	const pause = 300 * time.Millisecond
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: 10}), []query{
		{server: loopback(0), name: "a.example", timeout: time.Millisecond, pause: pause},
		{server: loopback(0), name: "b.example", timeout: time.Millisecond},
		{server: loopback(0), name: "c.example", timeout: time.Millisecond},
		{server: loopback(1), name: "d.example", timeout: time.Millisecond, pause: 5 * time.Second},
		{server: loopback(0), name: "e.example", timeout: time.Millisecond, pause: pause + 5*tick},
	})
	v.turn(t)
	if s := v.Stats(); s.Pausing != 3 || s.Waiting != 1 || s.InFlight != 1 {
		t.Errorf("at the start: %+v", s)
	}
	v.run(t)
	for i, want := range []time.Duration{pause, 0, 100 * time.Millisecond, 5 * time.Second, pause + 100*time.Millisecond} {
		sent, waited := v.ends[i].Sent.Sub(wheelStart), v.ends[i].Waited
		if sent < want-ratelimit.Grain || sent > want+3*tick {
			t.Errorf("query %d left after %v, want %v", i, sent, want)
		}
		wantWait := want - v.queries[i].pause
		if waited < wantWait-6*tick || waited > wantWait+tick {
			t.Errorf("query %d waited %v, want %v", i, waited, wantWait)
		}
	}
}

// A pause does not outlast the loop's family: what cannot be sent at all is said at once.
func TestPauseOfUnusedFamily(t *testing.T) {
	s := &script{queries: []query{{server: netip.IPv6Loopback(), name: "n.example", pause: hang}}}
	run(t, Config{IPv4: true}, s)
	wantKind(t, s, 0, step.Unreachable)
}

// The loop knows how many wait for which limit.
func TestWaitingByCause(t *testing.T) {
	v := newVirtual(t, limits(t, ratelimit.Limits{PerServer: 1, PerOperator: 1.5}), nil)
	for range 10 {
		v.queries = append(v.queries, query{server: loopback(0), name: "n.example", timeout: time.Millisecond})
	}
	for i := range 6 {
		v.queries = append(v.queries, query{server: loopback(1 + i%2), name: "n.example", op: 7, timeout: time.Millisecond})
	}
	v.turn(t)
	// Server 0: 9 wait for it. Of the operator's, one left; then server 1 has 2 waiting and server 2 has 3.
	if s := v.Stats(); s.Waiting != 14 || s.WaitingFor[ServerLimit]+s.WaitingFor[OperatorLimit] != 14 || s.WaitingFor[ServerLimit] < 9 || s.WaitingFor[OperatorLimit] < 3 {
		t.Errorf("after the first turn: %+v", s)
	}
	v.run(t)

	v = newVirtual(t, limits(t, ratelimit.Limits{Total: 10}), nil)
	for i := range 5 {
		v.queries = append(v.queries, query{server: loopback(i), name: "n.example", timeout: time.Millisecond})
	}
	v.turn(t)
	if s := v.Stats(); s.Waiting != 4 || s.WaitingFor != [Causes]int{TotalLimit: 4} {
		t.Errorf("total limit: %+v", s)
	}
	v.run(t)
}

package engine

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

func TestSignOf(t *testing.T) {
	for _, tt := range []struct {
		flags, rcode byte
		tcp          bool
		want         ratelimit.Sign
	}{
		{0x80, 0, false, ratelimit.Answered},
		{0x84, 0x80, false, ratelimit.Answered},
		{0x80, 3, false, ratelimit.Answered}, // NXDOMAIN
		{0x80, 1, false, ratelimit.Answered}, // FORMERR: it reads what it gets
		{0x80, 2, false, ratelimit.ServFail},
		{0x80, 5, false, ratelimit.Refused},
		{0x80, 0x85, true, ratelimit.Refused}, // other bits of the octet
		{0x82, 0, false, ratelimit.Truncated},
		{0x82, 5, false, ratelimit.Refused},
		{0x82, 0, true, ratelimit.Answered}, // nothing to do with rate
	} {
		msg := []byte{0, 0, tt.flags, tt.rcode, 0, 0, 0, 0, 0, 0, 0, 0}
		if got := signOf(msg, tt.tcp); got != tt.want {
			t.Errorf("%x %x, TCP %v: %v, want %v", tt.flags, tt.rcode, tt.tcp, got, tt.want)
		}
	}
}

// answer answers what has been in flight for the given time: with the message that change makes of the query, if it
// wants it answered.
func (v *virtual) answer(after time.Duration, change func(msg []byte) bool) {
	for ; v.heard < len(v.sent) && v.time.Sub(v.sent[v.heard].at) >= after; v.heard++ {
		d := v.sent[v.heard]
		for socket := range uint16(len(v.conns)) {
			i := v.matcher.find(socket, d.id)
			if i == none || int(v.slab.at(i).ticket) != d.query {
				continue
			}
			from := v.peers[v.slab.at(i).server].addr
			msg := v.script.AppendQuery(step.Ticket(d.query), d.id, nil)
			msg[2] |= 0x80
			if change(msg) {
				v.reply(socket, msg, &from)
			}
		}
	}
}

// decide lets up to 500 queries a second go to a server that bears 100 a second, for ten seconds. It answers after
// 20 ms; what is too much for it, spoil makes something else of, or nothing if it is nil. decide returns what the limits
// make of that.
func decide(t *testing.T, bears time.Duration, foreseen bool, spoil func(msg []byte)) ratelimit.Decision {
	table := limits(t, ratelimit.Limits{PerServer: 500})
	v := newVirtual(t, table, nil)
	for range 5000 {
		v.queries = append(v.queries, query{server: loopback(0), name: "n.example", timeout: 100 * time.Millisecond, foreseen: foreseen})
	}
	rested := wheelStart // when the server is ready for the next
	for v.time < wheelStart.Add(10*time.Second) && !v.Done() {
		v.turn(t)
		v.time = v.time.Add(tick)
		v.Loop.now = v.time
		v.answer(20*time.Millisecond, func(msg []byte) bool {
			if v.time >= rested {
				rested = max(rested.Add(bears), v.time.Add(bears-10*time.Millisecond))
				return true
			}
			if spoil == nil {
				return false
			}
			spoil(msg)
			return true
		})
	}
	for addr, d := range table.Servers() {
		if addr == loopback(0) {
			return d
		}
	}
	t.Fatal("the limits know nothing of the server")
	return ratelimit.Decision{}
}

// The limits learn how exchanges end: a server that answers all is not slowed down, and for one that does not they know
// why.
func TestLimitsLearn(t *testing.T) {
	const hundred = 10 * time.Millisecond
	for _, tt := range []struct {
		name     string
		bears    time.Duration // a query
		foreseen bool
		spoil    func(msg []byte)
		want     string
	}{
		{"answers", 0, false, nil, ""},
		{"NXDOMAIN", hundred, false, func(msg []byte) { msg[3] |= byte(wire.NXDomain) }, ""},
		{"silence", hundred, false, nil, ratelimit.Silent.String()},
		{"REFUSED", hundred, false, func(msg []byte) { msg[3] |= byte(wire.Refused) }, ratelimit.Refused.String()},
		{"SERVFAIL", hundred, false, func(msg []byte) { msg[3] |= byte(wire.ServFail) }, ratelimit.ServFail.String()},
		{"foreseen REFUSED", hundred, true, func(msg []byte) { msg[3] |= byte(wire.Refused) }, ""},
		{"foreseen SERVFAIL", hundred, true, func(msg []byte) { msg[3] |= byte(wire.ServFail) }, ""},
		{"silence where an error was foreseen", hundred, true, nil, ratelimit.Silent.String()},
	} {
		if d := decide(t, tt.bears, tt.foreseen, tt.spoil); d.SlowedBy != tt.want || (d.Slowed > 0) != (tt.want != "") {
			t.Errorf("%s: %+v, want slowed by %q", tt.name, d, tt.want)
		}
	}
}

// What never left tells the limits nothing.
func TestLimitsLearnNothingOfUnsent(t *testing.T) {
	table := limits(t, ratelimit.Limits{PerServer: 1000})
	v := newVirtual(t, table, nil)
	for range 300 {
		v.queries = append(v.queries, query{server: loopback(0), name: "n.example", timeout: time.Millisecond})
	}
	v.breakSending(syscall.EACCES)
	for !v.Done() {
		v.turn(t)
		v.time = v.time.Add(tick)
	}
	for i := range v.ends {
		wantKind(t, &v.script, i, step.Unreachable)
	}
	for _, d := range table.Servers() {
		if d.Slowed != 0 {
			t.Errorf("%+v", d)
		}
	}
}

// A late reply is told once, and only if it comes from the server.
func TestLimitsLearnOfLateReply(t *testing.T) {
	table := limits(t, ratelimit.Limits{PerServer: 1000})
	v := newVirtual(t, table, []query{{server: loopback(0), name: "n.example", timeout: 5 * tick}})
	v.turn(t)
	e := *v.slab.at(0)
	sent := v.time
	v.time = v.time.Add(10 * tick)
	v.turn(t)
	wantKind(t, &v.script, 0, step.Timeout)
	msg := v.script.AppendQuery(e.ticket, e.id, nil)
	msg[2] |= 0x80
	late := v.matcher.findLate(e.socket, msg)
	if late == nil || late.sent != sent || late.server != 0 {
		t.Fatalf("remembered %+v", late)
	}
	from := v.peers[0].addr
	other := batch.MakeAddr(netip.AddrPortFrom(loopback(1), v.port))
	v.reply(e.socket, msg, &other)
	if late.sent == 0 {
		t.Error("the reply of another server counted")
	}
	v.reply(e.socket, msg, &from)
	v.reply(e.socket, msg, &from)
	if late.sent != 0 || v.Stats().Strays[TooLate] != 0 {
		t.Errorf("remembered %+v", late)
	}
	v.publish()
	if got := v.Stats().Strays[TooLate]; got != 3 {
		t.Errorf("%d late replies, want 3", got)
	}
}

// Bits count with the headers of IP and UDP.
func TestBits(t *testing.T) {
	const n = 400
	length := len((&script{queries: []query{{name: "n.example"}}}).AppendQuery(0, 0, nil)) + ipv4UDP
	packets := 100.0 // a second
	v := newVirtual(t, limits(t, ratelimit.Limits{Bits: packets * 8 * float64(length)}), nil)
	for i := range n {
		v.queries = append(v.queries, query{server: loopback(i % 40), name: "n.example", timeout: time.Millisecond})
	}
	v.run(t)
	last := v.checkRate(t, "all", 1.02*packets, func(query) bool { return true })
	if want := time.Duration(n / packets * float64(time.Second)); last < want*98/100 || last > want*102/100 {
		t.Errorf("the last left after %v, want %v", last, want)
	}
}

// A server has the highest class that it was asked for with.
func TestClass(t *testing.T) {
	table := limits(t, ratelimit.Limits{PerServer: 10, PerTopLevel: 100, PerRoot: 1000})
	var queries []query
	for _, q := range []struct {
		server int
		class  step.ServerClass
	}{{0, step.Leaf}, {1, step.TopLevel}, {1, step.Leaf}, {2, step.TopLevel}, {2, step.RootZone}, {3, step.Leaf}, {3, step.TopLevel}, {3, step.Leaf}} {
		queries = append(queries, query{server: loopback(q.server), name: "n.example", class: q.class, timeout: time.Hour})
	}
	for range 120 { // answered at 10 a second, then asked for with the higher class
		queries = append(queries, query{server: loopback(1), name: "n.example", timeout: time.Hour})
	}
	v := newVirtual(t, table, queries)
	v.turn(t)
	for i, want := range []step.ServerClass{step.Leaf, step.TopLevel, step.RootZone, step.TopLevel} {
		if got := v.peers[i].class; got != want {
			t.Errorf("server %d has class %d, want %d", i, got, want)
		}
	}
	for !v.Done() && v.time < wheelStart.Add(10*time.Second) {
		v.turn(t)
		v.time = v.time.Add(tick)
		v.Loop.now = v.time
		v.answer(tick, func([]byte) bool { return true })
	}
	last := v.checkRate(t, "top level", 100, atServer(loopback(1)))
	if last < 1200*time.Millisecond || last > 1300*time.Millisecond {
		t.Errorf("122 queries to a server of a top-level domain took %v, want 1.21 s", last)
	}
}

package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

func TestReplies(t *testing.T) {
	answer := func(p packet) { p.send(append(p.reply(), p.name()...)) }
	addrs := []netip.Addr{loopback(0), loopback(1), loopback(2)}
	cfg := Config{IPv4: true}
	port := serveUDP(t, 0, answer, addrs...)
	if haveIPv6() {
		cfg.IPv6 = true
		addrs = append(addrs, netip.IPv6Loopback())
		serveUDP(t, port, answer, netip.IPv6Loopback())
	}
	cfg.Port = port
	s := &script{}
	for i := range 400 {
		s.queries = append(s.queries, query{server: addrs[i%len(addrs)], name: fmt.Sprintf("n%d.example", i), mix: i%2 == 0})
	}
	l := run(t, cfg, s)
	for i, e := range s.ends {
		wantKind(t, s, i, step.Reply)
		if !e.CaseKept || e.Waited != 0 || e.Sent == 0 || e.Sent > e.Arrived || e.Arrived > e.Now {
			t.Errorf("query %d: %+v", i, e.Event)
		}
		if want := s.queries[i].name; !strings.EqualFold(string(e.Msg[max(0, len(e.Msg)-len(want)):]), want) {
			t.Errorf("query %d got the reply to another", i)
		}
	}
	stats := l.Stats()
	if stats.Sent != 400 || stats.Received != 400 || stats.Events[step.Reply] != 400 || stats.Strays != (Strays{}) ||
		stats.InFlight != 0 || stats.Waiting != 0 || stats.Peers != len(addrs) {
		t.Errorf("stats: %+v", stats)
	}
}

// A port of an ask's own stands above that of the loop, over UDP and TCP, also where the address is the same.
func TestOwnPort(t *testing.T) {
	answer := func(mark byte) func(packet) {
		return func(p packet) { p.send(append(p.reply(), mark)) }
	}
	port := serveUDP(t, 0, answer(0), loopback(0))
	own := serveUDP(t, 0, answer(1), loopback(0))
	tcp := serveTCPEcho(t, 0, loopback(0))
	s := &script{queries: []query{
		{server: loopback(0), name: "a.example"},
		{server: loopback(0), port: own, name: "b.example"},
		{server: loopback(0), port: tcp, name: "c.example", tcp: true},
	}}
	run(t, Config{Port: port}, s)
	for i := range s.ends {
		wantKind(t, s, i, step.Reply)
	}
	for i, mark := range []byte{0, 1} {
		if msg := s.ends[i].Msg; msg[len(msg)-1] != mark {
			t.Errorf("query %d came to the other port", i)
		}
	}
}

func haveIPv6() bool {
	conn, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// The letters of a mixed query are of both cases, and a reply with another case is known as such.
func TestMixedCase(t *testing.T) {
	name := strings.Repeat("abcdefghij", 6) + ".example"
	var mu sync.Mutex
	seen := map[string]bool{}
	port := serveUDP(t, 0, func(p packet) {
		msg := p.reply()
		mu.Lock()
		seen[string(msg[13:73])] = true
		mu.Unlock()
		if msg[0]&1 == 1 { // a server that answers in lower case
			copy(msg[12:], bytes.ToLower(msg[12:12+len(name)+2]))
		}
		p.send(msg)
	}, loopback(0))
	s := &script{}
	for range 64 {
		s.queries = append(s.queries, query{server: loopback(0), name: name, mix: true})
	}
	run(t, Config{Port: port}, s)
	for i, e := range s.ends {
		wantKind(t, s, i, step.Reply)
		if lowered := e.Msg[0]&1 == 1; e.CaseKept == lowered {
			t.Errorf("query %d: CaseKept %v, server lowered the name: %v", i, e.CaseKept, lowered)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 64 {
		t.Errorf("64 queries showed %d mixtures of case", len(seen))
	}
}

func TestTimeout(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) {
		if p.name() == "answered.example" {
			p.send(p.reply())
		}
	}, loopback(0))
	s := &script{queries: []query{
		{server: loopback(0), name: "silent.example", timeout: 30 * time.Millisecond},
		{server: loopback(0), name: "answered.example"},
		{server: loopback(0), name: "none.example", timeout: -1},
	}}
	run(t, Config{Port: port}, s)
	wantKind(t, s, 0, step.Timeout)
	wantKind(t, s, 1, step.Reply)
	wantKind(t, s, 2, step.Timeout)
	if e := s.ends[0]; e.Now.Sub(e.Sent) < 30*time.Millisecond || e.Arrived != 0 || e.Msg != nil {
		t.Errorf("timed out after %v: %+v", e.Now.Sub(e.Sent), e.Event)
	}
}

// What is not the reply is dropped and counted, and the reply that comes after it is taken (RFC 5452 9.1).
func TestStrays(t *testing.T) {
	other, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback(9), 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	forge := map[string]func(p packet){
		"short":    func(p packet) { p.send(p.reply()[:11]) },
		"empty":    func(p packet) { p.send(nil) },
		"query":    func(p packet) { p.send(p.msg) },
		"id":       func(p packet) { msg := p.reply(); msg[0] ^= 0x55; p.send(msg) },
		"port":     func(p packet) { other.WriteToUDPAddrPort(p.reply(), p.from) },
		"type":     func(p packet) { msg := p.reply(); msg[19] ^= 1; p.send(msg) },
		"name":     func(p packet) { msg := p.reply(); msg[13] ^= 1; p.send(msg) },
		"noquest":  func(p packet) { msg := p.reply()[:12]; msg[5] = 0; p.send(msg) },
		"noanswer": func(p packet) { msg := p.reply()[:12]; msg[3], msg[5] = msg[3]&^15|2, 0; p.send(msg) },
		"cut":      func(p packet) { p.send(p.reply()[:14]) },
		"pointer":  func(p packet) { msg := p.reply(); msg[12] = 0xc0; p.send(msg) },
		"twoquest": func(p packet) { msg := p.reply(); msg[5] = 2; p.send(msg) },
	}
	port := serveUDP(t, 0, func(p packet) {
		forge[p.name()](p)
		p.send(p.reply())
	}, loopback(0))
	for _, tt := range []struct {
		names string
		want  Stray
	}{
		{"short empty query", NotReply}, {"id", UnknownID}, {"port", WrongAddress},
		{"type name noquest noanswer cut pointer twoquest", WrongQuestion},
	} {
		for _, name := range strings.Fields(tt.names) {
			s := &script{queries: []query{{server: loopback(0), name: name}}}
			l := run(t, Config{Port: port}, s)
			wantKind(t, s, 0, step.Reply)
			var want Strays
			want[tt.want] = 1
			if got := l.Stats().Strays; got != want {
				t.Errorf("%s: strays %v, want one of %v", name, got, tt.want)
			}
		}
	}
}

// TestUnreadRejection: a header alone is a reply if it says that the query was not understood (RFC 6891 7).
func TestUnreadRejection(t *testing.T) {
	for _, code := range []byte{1, 4} { // FORMERR, NOTIMP
		port := serveUDP(t, 0, func(p packet) {
			msg := p.reply()[:12]
			msg[3] = msg[3]&^15 | code
			clear(msg[4:])
			p.send(msg)
		}, loopback(0))
		s := &script{queries: []query{{server: loopback(0), name: "rejected"}}}
		l := run(t, Config{Port: port}, s)
		wantKind(t, s, 0, step.Reply)
		if got := l.Stats().Strays; got != (Strays{}) {
			t.Errorf("code %d: strays %v", code, got)
		}
	}
}

func TestLateAndRepeatedReplies(t *testing.T) {
	var held packet
	port := serveUDP(t, 0, func(p packet) {
		switch p.name() {
		case "held":
			held = p
			return
		case "second", "third":
			held.send(held.reply())
		}
		p.send(p.reply())
		p.send(p.reply()) // not late: nobody waited in vain for it
	}, loopback(0))
	s := &script{queries: []query{
		{server: loopback(0), name: "answered"},
		{server: loopback(0), name: "held", timeout: 50 * time.Millisecond},
		{server: loopback(0), name: "second", after: 1},
		{server: loopback(0), name: "third", after: 2},
	}}
	l := run(t, Config{Port: port, Sockets: 1}, s)
	wantKind(t, s, 1, step.Timeout)
	wantKind(t, s, 3, step.Reply)
	stats := l.Stats()
	if stats.Strays[TooLate] != 2 || stats.Strays[UnknownID] < 2 {
		t.Errorf("strays %v, want 2 too late and at least 2 unknown", stats.Strays)
	}
}

// A reply longer than the buffer is a truncated reply.
func TestLongReply(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) { p.send(append(p.reply(), make([]byte, 600)...)) }, loopback(0))
	for _, room := range []int{512, 4096} {
		s := &script{queries: []query{{server: loopback(0), name: "long.example"}}}
		run(t, Config{Port: port, MaxReply: room}, s)
		wantKind(t, s, 0, step.Reply)
		e := s.ends[0]
		if cut := room == 512; (e.Msg[2]&2 != 0) != cut || (len(e.Msg) == 512) != cut {
			t.Errorf("buffer of %d: %d octets, flags %x", room, len(e.Msg), e.Msg[2:4])
		}
	}
}

// Queries leave from many ports under many IDs, and from the addresses that the configuration names.
func TestPortsAndSources(t *testing.T) {
	var mu sync.Mutex
	ports, ids, sources := map[uint16]int{}, map[uint16]int{}, map[netip.Addr]int{}
	port := serveUDP(t, 0, func(p packet) {
		mu.Lock()
		ports[p.from.Port()]++
		ids[uint16(p.msg[0])<<8|uint16(p.msg[1])]++
		sources[p.from.Addr().Unmap()]++
		mu.Unlock()
		p.send(p.reply())
	}, loopback(0))
	s := &script{}
	for i := range 512 {
		s.queries = append(s.queries, query{server: loopback(0), name: "n.example", after: max(0, i-1)})
	}
	from := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}
	run(t, Config{Port: port, Sockets: 16, Source: from}, s)
	mu.Lock()
	defer mu.Unlock()
	if len(ports) != 16 || len(ids) < 500 || len(sources) != 2 || sources[from[0]] < 100 || sources[from[1]] < 100 {
		t.Errorf("%d ports, %d IDs, sources %v", len(ports), len(ids), sources)
	}
}

// faulty is a socket whose calls fail at will.
type faulty struct {
	conn
	send func() error // an error to return in place of sending
	recv func() error
}

func (f *faulty) Send(o *batch.Out) (int, int, error) {
	if err := f.send(); err != nil {
		return 0, 1, err
	}
	return f.conn.Send(o)
}

func (f *faulty) Recv(in *batch.In) (int, error) {
	if err := f.recv(); err != nil {
		return 0, err
	}
	return f.conn.Recv(in)
}

// No packet is lost to a system that is busy for a while, or that reports the errors of other packets.
func TestNoPacketLostToErrors(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0))
	for _, tt := range []struct {
		err  error
		once int // failures in a row
	}{
		{syscall.EAGAIN, 1}, {syscall.ENOBUFS, 3}, {syscall.ECONNREFUSED, 1}, {syscall.EHOSTUNREACH, sendTries - 1},
	} {
		s := &script{}
		for i := range 300 {
			s.queries = append(s.queries, query{server: loopback(0), name: fmt.Sprintf("n%d.example", i)})
		}
		l, err := New(Config{IPv4: true, Port: port, Sockets: 3}, s)
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range l.conns {
			fails, recvs := 0, 0
			l.conns[k] = &faulty{conn: c,
				send: func() error {
					if fails++; fails%(tt.once+1) != 0 {
						return tt.err
					}
					return nil
				},
				recv: func() error {
					if recvs++; recvs%2 == 0 {
						return syscall.ECONNREFUSED
					}
					return nil
				},
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		if err := l.Run(ctx); err != nil {
			t.Fatalf("%v: %v", tt.err, err)
		}
		for i := range s.ends {
			wantKind(t, s, i, step.Reply)
		}
		if stats := l.Stats(); stats.Sent != 300 || (stats.SendBlocked > 0) != (tt.err == syscall.EAGAIN || tt.err == syscall.ENOBUFS) {
			t.Errorf("%v: stats %+v", tt.err, stats)
		}
	}
}

func TestCancel(t *testing.T) {
	port := serveUDP(t, 0, func(packet) {}, loopback(0))
	s := &script{queries: []query{{server: loopback(0), name: "udp.example"}, {server: loopback(0), name: "tcp.example", tcp: true}}}
	stalled := make(chan struct{})
	serveTCP(t, port, func(conn *net.TCPConn, query []byte) {
		close(stalled)
		conn.Read(make([]byte, 1)) // until the loop goes away
	}, loopback(0))
	l, err := New(Config{IPv4: true, Port: port}, s)
	if err != nil {
		t.Fatal(err)
	}
	s.onEnd = func(i int, ev *step.Event) { t.Errorf("query %d ended with %v", i, ev.Kind) }
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		<-stalled
		cancel(cause)
	}()
	if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if stats := l.Stats(); stats.InFlight != 2 || stats.Sent != 1 || stats.Dialled != 1 {
		t.Errorf("stats: %+v", stats)
	}
	l.Wake() // allowed for ever
	l.Close()

	// A context that is over before the start.
	l, err = New(Config{IPv4: true, Port: port}, &script{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}

// fed is a machine without work until it is given some from outside.
type fed struct {
	script
	gate chan []query
}

func (f *fed) Admit(now step.Time, out *[]step.Ask) {
	select {
	case f.queries = <-f.gate:
		f.script.Admit(now, out)
	default:
	}
}

func TestWake(t *testing.T) {
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0))
	f := &fed{gate: make(chan []query, 1)}
	l, err := New(Config{IPv4: true, Port: port}, f)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	f.gate <- []query{{server: loopback(0), name: "late.example"}}
	l.Wake()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantKind(t, &f.script, 0, step.Reply)
}

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []Config{
		{},
		{IPv4: true, Sockets: -1},
		{IPv4: true, Sockets: maxSockets + 1},
		{IPv4: true, TCPConns: -1},
		{IPv4: true, MaxReply: 1 << 17},
		{IPv4: true, Source: []netip.Addr{netip.MustParseAddr("192.0.2.77")}}, // not an address of this machine
	} {
		if l, err := New(cfg, &script{}); err == nil {
			l.Close()
			t.Errorf("New(%+v) gave no error", cfg)
		}
	}
}

// A window far larger than what a machine admits at once fills although nobody answers and nobody wakes the loop.
func TestWindowFills(t *testing.T) {
	port := serveUDP(t, 0, func(packet) {}, netip.IPv4Unspecified())
	p := &pump{window: 10_000, total: 10_000, servers: 50}
	l, err := New(Config{IPv4: true, Port: port}, p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	start := time.Now()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if spent := time.Since(start); p.ended != p.total || spent > 2*pumpTimeout {
		t.Errorf("%d of %d ended after %v: not all were in flight together", p.ended, p.total, spent)
	}
}

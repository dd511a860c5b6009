package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long a test waits for what must come at once, before it gives up.
const hang = 20 * time.Second

// loopback returns the s-th address of 127.0.0.0/8 that tests use for servers, 127.1.0.0 the first.
func loopback(s int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(1 + s>>16), byte(s >> 8), byte(s)})
}

// query is one ask of a script.
type query struct {
	server  netip.Addr
	port    uint16 // 0 is that of the loop
	name    string
	timeout time.Duration // zero is hang
	tcp     bool
	mix     bool
	op      step.OperatorID
	pause   time.Duration
	class   step.ServerClass

	foreseen bool
	unwanted bool // when its message is to be made
	after    int  // index of the query whose end it waits for; 0 is at the start
}

// end is what a script was told of a query.
type end struct {
	step.Event
	times int
}

// script is a machine that makes a list of asks and notes their ends.
type script struct {
	queries []query
	ends    []end
	asked   []step.Time // when each message was made
	order   []int       // in which the messages were made
	now     func() step.Time
	servers map[netip.AddrPort]step.ServerID
	started bool
	open    int
	then    map[int][]int // queries that wait for the end of one
	onEnd   func(i int, ev *step.Event)
}

func (s *script) ask(i int, out *[]step.Ask) {
	q := s.queries[i]
	at := netip.AddrPortFrom(q.server, q.port)
	id, met := s.servers[at]
	if !met {
		id = step.ServerID(len(s.servers))
		s.servers[at] = id
	}
	timeout := q.timeout
	if timeout == 0 {
		timeout = hang
	}
	*out = append(*out, step.Ask{
		Ticket: step.Ticket(i), Server: id, Addr: q.server, Port: q.port, Operator: q.op,
		TCP: q.tcp, MixCase: q.mix, Timeout: timeout, Pause: q.pause, Class: q.class, Foreseen: q.foreseen,
	})
}

func (s *script) Admit(now step.Time, out *[]step.Ask) {
	if s.started {
		return
	}
	s.started = true
	s.servers = map[netip.AddrPort]step.ServerID{}
	s.ends, s.asked = make([]end, len(s.queries)), make([]step.Time, len(s.queries))
	s.open = len(s.queries)
	for i, q := range s.queries {
		if q.after == 0 {
			s.ask(i, out)
			continue
		}
		if s.then == nil {
			s.then = map[int][]int{}
		}
		s.then[q.after] = append(s.then[q.after], i)
	}
}

func (s *script) Handle(ev *step.Event, out *[]step.Ask) {
	i := int(ev.Ticket)
	s.ends[i].Event = *ev
	s.ends[i].Msg = append([]byte(nil), ev.Msg...)
	s.ends[i].times++
	s.open--
	if s.onEnd != nil {
		s.onEnd(i, ev)
	}
	for _, k := range s.then[i] {
		s.ask(k, out)
	}
}

func (s *script) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	if s.now != nil {
		s.asked[t] = s.now()
	}
	s.order = append(s.order, int(t))
	if s.queries[t].unwanted {
		return buf
	}
	return wire.AppendQuery(buf, id, wire.MustName(s.queries[t].name), wire.TypeCAA, wire.Query{EDNS: true, UDPSize: 1232})
}

func (s *script) Done() bool { return s.started && s.open == 0 }

// run drives s with a loop made from cfg until it is done, and returns the loop.
func run(t *testing.T, cfg Config, s *script) *Loop {
	t.Helper()
	if !cfg.IPv4 && !cfg.IPv6 {
		cfg.IPv4 = true
	}
	l, err := New(cfg, s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatalf("Run: %v; %d of %d under way", err, s.open, len(s.queries))
	}
	for i, e := range s.ends {
		if e.times != 1 {
			t.Errorf("query %d ended %d times", i, e.times)
		}
	}
	if l.slab.used != 0 || l.matcher.count != 0 || l.wheel.count != 0 || l.pausing != 0 || l.waiting != [Causes]int{} {
		t.Errorf("left behind: %d exchanges, %d in the matcher, %d in the wheel", l.slab.used, l.matcher.count, l.wheel.count)
	}
	return l
}

func wantKind(t *testing.T, s *script, i int, kind step.EventKind) {
	t.Helper()
	if got := s.ends[i].Kind; got != kind {
		t.Errorf("query %d (%s to %v) ended with %v, want %v", i, s.queries[i].name, s.queries[i].server, got, kind)
	}
}

// packet is a query as a test server got it.
type packet struct {
	msg  []byte
	from netip.AddrPort
	conn *net.UDPConn
}

// reply returns the message that answers p: the query with QR set.
func (p packet) reply() []byte {
	msg := append([]byte(nil), p.msg...)
	msg[2] |= 0x80
	return msg
}

func (p packet) send(msg []byte) { p.conn.WriteToUDPAddrPort(msg, p.from) }

func (p packet) name() string {
	var m wire.Message
	if m.ParseQuestion(p.msg) != nil {
		return "?"
	}
	return m.QName().String()
}

// serveUDP answers queries to the addresses, all on one port, which it returns: the given one, or a free one if that
// is zero.
func serveUDP(t testing.TB, port uint16, handle func(packet), addrs ...netip.Addr) uint16 {
	t.Helper()
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	for _, addr := range addrs {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
		if err != nil {
			t.Fatal(err)
		}
		port = conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		conn.SetReadBuffer(4 << 20)
		group.Go(func() {
			buf := make([]byte, 1<<16)
			for {
				n, from, err := conn.ReadFromUDPAddrPort(buf)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err == nil {
					handle(packet{append([]byte(nil), buf[:n]...), from, conn})
				}
			}
		})
		t.Cleanup(func() { conn.Close() })
	}
	return port
}

// serveTCP accepts connections and hands each to handle in a goroutine of its own, with the first query read.
func serveTCP(t testing.TB, port uint16, handle func(conn *net.TCPConn, query []byte), addr netip.Addr) uint16 {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(hang))
				var length [2]byte
				if _, err := conn.Read(length[:]); err != nil {
					return
				}
				query := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := conn.Read(query); err == nil {
					handle(conn, query)
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); group.Wait() })
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

func framed(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
}

// echoServer answers every query on every address of 127.0.0.0/8 with itself, QR set, until the function it returns
// is called.
func echoServer(tb testing.TB) (port uint16, stop func()) { return delayServer(tb, 0) }

// delayServer is an echoServer whose replies come after 1 ms up to the given number of milliseconds, as from servers
// near and far; at once if that is zero.
func delayServer(tb testing.TB, delay int) (port uint16, stop func()) {
	tb.Helper()
	conn, err := batch.Listen(netip.MustParseAddrPort("0.0.0.0:0"), batch.Options{RecvBuffer: 64 << 20, SendBuffer: 64 << 20, LocalAddr: true})
	if err != nil {
		tb.Fatal(err)
	}
	poller, err := batch.NewPoller()
	if err != nil {
		tb.Fatal(err)
	}
	if err := poller.Add(conn, 0); err != nil {
		tb.Fatal(err)
	}
	var stopped atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer poller.Close()
		defer conn.Close()
		s := echo{conn: conn, in: batch.NewIn(64, 512, true), out: batch.NewOut(64, 512, true), slots: make([][]held, delay+1)}
		var ready []batch.Ready
		start, turn := time.Now(), 0
		for !stopped.Load() {
			if delay == 0 {
				ready, _, _ = poller.Wait(time.Second, ready[:0])
				s.receive(0)
				s.release(0)
				continue
			}
			batch.Nap(500 * time.Microsecond)
			for s.receive(turn) == s.in.Cap() {
			}
			for ; turn < int(time.Since(start)/time.Millisecond); turn++ {
				s.release(turn)
			}
		}
	}()
	return conn.LocalAddr().Port(), func() {
		stopped.Store(true)
		poller.Wake()
		<-done
	}
}

// echo is the state of a delayServer: the replies to be sent in each millisecond to come, going round.
type echo struct {
	conn  *batch.Conn
	in    *batch.In
	out   *batch.Out
	slots [][]held
}

type held struct {
	msg      [64]byte
	size     int
	to, from batch.Addr
}

func (s *echo) receive(turn int) int {
	n, _ := s.conn.Recv(s.in)
	for i := range n {
		h := held{to: *s.in.From(i), size: len(s.in.Msg(i))}
		var ok bool
		if h.from, ok = s.in.Local(i); !ok || h.size < headerSize || h.size > len(h.msg) {
			continue
		}
		copy(h.msg[:], s.in.Msg(i))
		h.msg[2] |= 0x80
		slot := 0
		if len(s.slots) > 1 {
			slot = (turn + 1 + rand.IntN(len(s.slots)-1)) % len(s.slots)
		}
		s.slots[slot] = append(s.slots[slot], h)
	}
	return n
}

func (s *echo) release(turn int) {
	slot := &s.slots[turn%len(s.slots)]
	for k := range *slot {
		h := &(*slot)[k]
		s.out.AddFrom(append(s.out.Buffer(), h.msg[:h.size]...), &h.to, &h.from)
		if s.out.Full() || k == len(*slot)-1 {
			for s.out.Len() > 0 {
				if _, _, err := s.conn.Send(s.out); err != nil && err != syscall.EAGAIN {
					s.out.Skip()
				}
			}
		}
	}
	*slot = (*slot)[:0]
}

// pump is a machine that keeps window asks under way until total have ended.
type pump struct {
	window, total  int
	servers        int
	admitted       int // tickets, each of which Handle uses again
	started, ended int
	replies        int
	mix            bool
	operator       step.OperatorID
	timeout        time.Duration // zero is pumpTimeout
}

func (p *pump) ask(t step.Ticket, out *[]step.Ask) {
	s := p.started % p.servers
	p.started++
	*out = append(*out, step.Ask{
		Ticket: t, Server: step.ServerID(s), Addr: loopback(s), Timeout: cmp.Or(p.timeout, pumpTimeout), MixCase: p.mix, Operator: p.operator,
	})
}

func (p *pump) Admit(now step.Time, out *[]step.Ask) {
	for p.started < p.total && p.admitted < p.window && len(*out) < pumpAtOnce {
		p.ask(step.Ticket(p.admitted), out)
		p.admitted++
	}
}

// pumpTimeout is that of a pump's asks.
const pumpTimeout = 2 * time.Second

// pumpAtOnce bounds what a pump starts in one turn, as a scan does.
const pumpAtOnce = 64

func (p *pump) Handle(ev *step.Event, out *[]step.Ask) {
	p.ended++
	if ev.Kind == step.Reply {
		p.replies++
	}
	if p.started < p.total {
		p.ask(ev.Ticket, out)
	}
}

func (p *pump) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	name := [...]byte{8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0}
	for i := range 8 {
		name[1+i] = 'a' + byte(t>>(4*i)&15)
	}
	buf = append(buf, byte(id>>8), byte(id), 0, 0, 0, 1, 0, 0, 0, 0, 0, 1)
	buf = append(buf, name[:]...)
	return append(buf, 1, 1, 0, 1, 0, 0, byte(wire.TypeOPT), 4, 208, 0, 0, 0x80, 0, 0, 0)
}

func (p *pump) Done() bool { return p.ended == p.total }

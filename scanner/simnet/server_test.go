//go:build linux

package simnet

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t testing.TB, w *World) *Server {
	t.Helper()
	s, err := w.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// overNetwork asks a running server through the sockets of the system. wait is how long a silent server costs.
func overNetwork(s *Server, wait time.Duration) func(*dns.Msg, netip.Addr, bool) (*dns.Msg, error) {
	return func(q *dns.Msg, server netip.Addr, tcp bool) (*dns.Msg, error) {
		c := &dns.Client{Timeout: wait}
		if tcp {
			c.Net = "tcp"
		}
		reply, _, err := c.Exchange(q, netip.AddrPortFrom(server, s.Port()).String())
		var timeout net.Error
		switch {
		case err == nil && (!reply.Response || len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, q.Question[0].Name)):
			return nil, errSilent
		case err == nil:
			return reply, nil
		case errors.As(err, &timeout) && timeout.Timeout():
			return nil, errSilent
		case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE):
			return nil, errReset
		case errors.Is(err, dns.ErrId):
			return nil, errSilent
		}
		return nil, errMalformed
	}
}

// TestOverNetwork lets the naive resolver loose on the servers themselves, for a name of every class.
func TestOverNetwork(t *testing.T) {
	w := testWorld(t, Config{Seed: 5, Names: demoNames})
	s := listen(t, w)
	seen := map[*scenario]bool{}
	var all sync.WaitGroup
	turn := make(chan bool, 8)
	for i := range w.Len() {
		sc := w.scenarioOf(i)
		if seen[sc] {
			continue
		}
		seen[sc] = true
		all.Go(func() {
			turn <- true
			defer func() { <-turn }()
			n := newNaive(w, overNetwork(s, 1200*time.Millisecond)) // slowMax and some
			want := w.Truth(i)
			if diff := compare(want, n.truth(want.Name)); diff != "" {
				t.Errorf("%s (%s): %s", want.Name, want.Class, diff)
			}
		})
	}
	all.Wait()
	if lost := s.Lost(); lost != 0 {
		t.Errorf("%d packets lost in the server", lost)
	}
	queries, tcp := uint64(0), uint64(0)
	for _, stats := range s.Stats() {
		queries += stats.Queries
		tcp += stats.TCP
		if int(stats.Queries) < stats.Peak || stats.Queries > 0 && stats.Peak == 0 {
			t.Errorf("%+v", stats)
		}
	}
	byOperator := uint64(0)
	for _, stats := range s.OperatorStats() {
		byOperator += stats.Queries
	}
	if queries == 0 || tcp == 0 || byOperator != queries {
		t.Errorf("%d queries counted, %d over TCP, %d by operator", queries, tcp, byOperator)
	}
}

// TestIPv6 asks the operator that is on ::1 only.
func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("this host has no IPv6 loopback")
	} else {
		l.Close()
	}
	w := testWorld(t, Config{Seed: 5, Names: 8192, IPv6: true})
	s := listen(t, w)
	n := newNaive(w, overNetwork(s, time.Second))
	asked := 0
	for i := range w.Len() {
		if want := w.Truth(i); want.Class == "ipv6-only" {
			asked++
			if diff := compare(want, n.truth(want.Name)); diff != "" {
				t.Errorf("%s: %s", want.Name, diff)
			}
		}
	}
	if asked == 0 {
		t.Error("no names of class ipv6-only")
	}
	for _, stats := range s.Stats() {
		if stats.Addr.Is6() && stats.Queries == 0 {
			t.Error("::1 was never asked")
		}
	}
}

// client is a socket that tests send queries from.
func client(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestSilence: an address that is no server does not answer, and a server answers from its own address.
func TestSilence(t *testing.T) {
	w := testWorld(t, Config{Seed: 5, Names: 100})
	s := listen(t, w)
	conn := client(t)
	q := wire.AppendQuery(nil, 1, wire.Root, wire.TypeNS, wire.Query{})
	for _, addr := range []string{"127.0.0.1", "127.53.255.8", "127.53.0.9", "127.54.0.1", "127.53.0.1"} {
		if _, err := conn.WriteToUDPAddrPort(q, netip.AddrPortFrom(netip.MustParseAddr(addr), s.Port())); err != nil {
			t.Fatal(err)
		}
	}
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 1500)
	n, from, err := conn.ReadFromUDPAddrPort(buf) // all queries pass one queue, so the others' silence has shown by now
	if err != nil || from != netip.AddrPortFrom(netip.MustParseAddr("127.53.0.1"), s.Port()) {
		t.Fatalf("reply from %v, %v", from, err)
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(buf[:n]); err != nil || len(reply.Answer) != 4 {
		t.Errorf("reply %v, %v", reply, err)
	}
}

// TestDelay: with Config.Delay many replies are pending at once, and all come, none too early.
func TestDelay(t *testing.T) {
	const delay, queries = 300 * time.Millisecond, 2000
	w := testWorld(t, Config{Seed: 5, Names: 100_000, Plain: true, CAAShare: 0.5, Delay: delay})
	s := listen(t, w)
	conn := client(t)
	conn.SetReadBuffer(4 << 20)
	msgs, servers := queriesFor(w, queries)
	sent := 0
	start := time.Now()
	for i, msg := range msgs {
		if servers[i].role != serveLeaf {
			continue
		}
		sent++
		if _, err := conn.WriteToUDPAddrPort(msg, netip.AddrPortFrom(servers[i].addr, s.Port())); err != nil {
			t.Fatal(err)
		}
		if sent%50 == 0 {
			time.Sleep(time.Millisecond) // for the receive buffers, not for the result
		}
	}
	buf := make([]byte, 1500)
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for got := range sent {
		if _, _, err := conn.ReadFromUDPAddrPort(buf); err != nil {
			t.Fatalf("reply %d of %d: %v (lost: %d)", got, sent, err, s.Lost())
		}
		if took := time.Since(start); got == 0 && took < delay {
			t.Errorf("first reply after %v", took)
		}
	}
}

// TestClose: a server with pending replies and open connections ends at once, and may be closed again; its port is
// free then.
func TestClose(t *testing.T) {
	w := testWorld(t, Config{Seed: 5, Names: 100, Plain: true, Delay: MaxDelay})
	s, err := w.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp4", netip.AddrPortFrom(w.servers[len(w.servers)-1].addr, s.Port()).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q := wire.AppendQuery([]byte{0, 0}, 1, wire.MustName(w.Name(0)), wire.TypeCAA, wire.Query{})
	q[1] = byte(len(q) - 2)
	if _, err := conn.Write(q); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(start); took > MaxDelay/2 {
		t.Errorf("Close took %v", took)
	}
	again, err := w.Listen(s.Port())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Listen(s.Port()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("two servers on one port: %v", err)
	}
	again.Close()
}

// TestMeter walks a meter through time by hand.
func TestMeter(t *testing.T) {
	var m meter
	at := time.Duration(0)
	for range 100 { // 100 a second for a second
		m.count(at, false)
		at += 10 * time.Millisecond
	}
	for range 50 { // and 50 a second for the next
		m.count(at, true)
		at += 20 * time.Millisecond
	}
	if s := m.stats(); s.Peak != 100 || s.Queries != 150 || s.TCP != 50 {
		t.Errorf("%+v, want a peak of 100", s)
	}
	if n := m.count(at, false); n < 50 || n > 51 {
		t.Errorf("%d within the last second, want 50", n)
	}
	if n := m.count(at+time.Hour, false); n != 1 {
		t.Errorf("%d within the last second after an hour, want 1", n)
	}
	for i := range 2 * limitRate {
		if limited := m.admit(at+2*time.Hour, false, limitSilent); limited != (i >= limitRate) {
			t.Fatalf("query %d limited: %v", i, limited)
		}
	}
	if s := m.stats(); s.Limited != limitRate {
		t.Errorf("%d limited", s.Limited)
	}
	if m.admit(at+2*time.Hour, false, healthy) {
		t.Error("a healthy server limits")
	}
}

// TestLate: replies come out when due, whole, and chunks are used again.
func TestLate(t *testing.T) {
	var l late
	to := batch.MakeAddr(netip.MustParseAddrPort("127.0.0.1:1000"))
	from := batch.MakeAddr(netip.MustParseAddrPort("127.53.0.1:0"))
	rounds, perRound := 5, 10_000
	now := time.Duration(0)
	for round := range rounds {
		want := map[string]time.Duration{}
		for i := range perRound {
			msg := []byte{byte(round), byte(i), byte(i >> 8), byte(i >> 16)}
			due := now + time.Duration(i)*time.Second*15/time.Duration(perRound)
			want[string(msg)] = due
			l.add(due, msg, &to, &from, 1)
		}
		if l.pending != perRound {
			t.Fatalf("%d pending", l.pending)
		}
		for step := 0; l.pending > 0; step++ {
			if wait := l.wait(now); wait < 0 || wait > time.Second {
				t.Fatalf("wait of %v with replies pending", wait)
			}
			now += 7 * time.Millisecond
			l.release(now, func(msg []byte, r *lateReply) {
				due, ok := want[string(msg)]
				if !ok || !r.to.Equal(&to) || !r.from.Equal(&from) || r.socket != 1 {
					t.Fatalf("unknown reply %x", msg)
				}
				if now < due.Truncate(lateTick) || now > due+10*time.Millisecond {
					t.Fatalf("reply due at %v came at %v", due, now)
				}
				delete(want, string(msg))
			})
		}
		if len(want) != 0 || l.wait(now) >= 0 {
			t.Fatalf("%d replies never came", len(want))
		}
	}
}

// BenchmarkServer measures the server through its sockets, with a client that keeps some queries under way. The rate
// is that of both together; the CPU time of the server, the kernel's work for it included, is a figure of its own.
func BenchmarkServer(b *testing.B) {
	w := testWorld(b, Config{Seed: 1, Names: 10_000_000, Plain: true, CAAShare: 0.1})
	s := listen(b, w)
	queries, servers := queriesFor(w, 4096)
	conn, err := batch.Listen(netip.MustParseAddrPort("127.0.0.1:0"), batch.Options{RecvBuffer: 8 << 20, SendBuffer: 8 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	poller, err := batch.NewPoller()
	if err != nil {
		b.Fatal(err)
	}
	defer poller.Close()
	if err := poller.Add(conn, 0); err != nil {
		b.Fatal(err)
	}
	to := make([]batch.Addr, len(servers))
	for i, ns := range servers {
		to[i] = batch.MakeAddr(netip.AddrPortFrom(ns.addr, s.Port()))
	}
	const window = 2048
	out, in := batch.NewOut(batchSize, 512, false), batch.NewIn(batchSize, 1500, false)
	sent, got, last := 0, 0, time.Now()
	var ready []batch.Ready
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := cpu(b, unix.RUSAGE_SELF) - cpu(b, unix.RUSAGE_THREAD)
	b.ResetTimer()
	for got < b.N {
		for sent < b.N && sent-got < window && !out.Full() {
			out.Add(queries[sent%len(queries)], &to[sent%len(to)])
			sent++
		}
		if _, _, err := conn.Send(out); err != nil {
			b.Fatal(err)
		}
		timeout := time.Duration(0)
		if sent == b.N || sent-got == window {
			timeout = time.Second
		}
		if ready, _, err = poller.Wait(timeout, ready[:0]); err != nil {
			b.Fatal(err)
		}
		if time.Since(last) > 5*time.Second {
			b.Fatalf("%d replies of %d, and none for 5 s; lost in the server: %d", got, sent, s.Lost())
		}
		for range ready {
			last = time.Now()
			n, err := conn.Recv(in)
			if err != nil {
				b.Fatal(err)
			}
			got += n
		}
	}
	used := cpu(b, unix.RUSAGE_SELF) - cpu(b, unix.RUSAGE_THREAD) - before
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
	b.ReportMetric(float64(used)/float64(b.N), "server-cpu-ns/answer")
}

// cpu returns the CPU time used so far.
func cpu(b *testing.B, who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

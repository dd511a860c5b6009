//go:build linux && (amd64 || arm64) && !portable

package engine

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/step"
)

// Tests of what only the batched sockets can do.

// ICMP errors end exactly the exchanges they are about, however many come, and cost the others nothing.
func TestUnreachable(t *testing.T) {
	addrs := []netip.Addr{loopback(0)}
	closed := []netip.Addr{loopback(1), loopback(2), loopback(3)}
	cfg := Config{IPv4: true, Sockets: 4}
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, addrs...)
	if haveIPv6() {
		cfg.IPv6 = true
		closed = append(closed, netip.IPv6Loopback())
	}
	cfg.Port = port
	s := &script{}
	for i := range 2000 {
		q := query{server: closed[i%len(closed)], name: fmt.Sprintf("n%d.example", i), mix: true, timeout: 2 * time.Second}
		if i%3 == 0 {
			q.server = addrs[0]
		}
		s.queries = append(s.queries, q)
	}
	l := run(t, cfg, s)
	limited := 0
	for i, e := range s.ends {
		switch {
		case s.queries[i].server == addrs[0]:
			wantKind(t, s, i, step.Reply)
		case e.Kind == step.Timeout: // the kernel limits the rate of its ICMP errors (icmp_ratelimit, icmp_msgs_per_sec)
			limited++
		default:
			wantKind(t, s, i, step.Unreachable)
			if e.Sent == 0 {
				t.Errorf("query %d was not sent", i)
			}
		}
	}
	if limited == len(s.queries)*2/3 {
		t.Error("no ICMP error reached its exchange")
	}
	if stats := l.Stats(); stats.ICMPErrors < stats.Events[step.Unreachable] || stats.SendRefused != 0 {
		t.Errorf("stats: %+v", stats)
	}
}

// What the system will not send at all is unreachable, without having been sent; the rest of the batch leaves.
func TestRefusedBySystem(t *testing.T) {
	broadcast := netip.MustParseAddr("255.255.255.255") // EACCES without SO_BROADCAST
	port := serveUDP(t, 0, func(p packet) { p.send(p.reply()) }, loopback(0))
	s := &script{}
	for i := range 50 {
		q := query{server: loopback(0), name: fmt.Sprintf("n%d.example", i)}
		switch i % 5 {
		case 1:
			q.server = broadcast
		case 2:
			q.server = netip.IPv6Loopback() // a family that the loop does not use
		}
		s.queries = append(s.queries, q)
	}
	l := run(t, Config{IPv4: true, Port: port}, s)
	for i, e := range s.ends {
		if s.queries[i].server == loopback(0) {
			wantKind(t, s, i, step.Reply)
			continue
		}
		wantKind(t, s, i, step.Unreachable)
		if e.Sent != 0 {
			t.Errorf("query %d: Sent is set", i)
		}
	}
	if stats := l.Stats(); stats.SendRefused != 10 || stats.Sent != 30 {
		t.Errorf("stats: %+v", stats)
	}
}

func TestManyServers(t *testing.T) {
	port, stop := echoServer(t)
	defer stop()
	p := &pump{window: 3000, total: 30000, servers: 20000, mix: true}
	l, err := New(Config{IPv4: true, Port: port}, p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if stats := l.Stats(); p.replies != p.total || stats.Peers != 20000 || stats.Strays != (Strays{}) {
		t.Errorf("%d replies of %d: %+v", p.replies, p.total, stats)
	}
}

// Two loops at the same time, with one table of limits between them and queries that differ in everything else.
func TestTwoLoops(t *testing.T) {
	port, stop := echoServer(t)
	defer stop()
	table := limits(t, ratelimit.Limits{PerServer: 20_000, PerOperator: 1e6, Total: 1e6})
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	var group errgroup.Group
	var pumps []*pump
	for k := range 2 {
		p := &pump{window: 300, total: 10_000, servers: 40, mix: k == 0, operator: 5}
		l, err := New(Config{IPv4: true, Port: port, Limits: table}, p)
		if err != nil {
			t.Fatal(err)
		}
		pumps = append(pumps, p)
		group.Go(func() error { return l.Run(ctx) })
		group.Go(func() error { // as a progress line does
			for l.Stats().Events[step.Reply] < 100 && ctx.Err() == nil {
				l.Wake()
				runtime.Gosched()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for k, p := range pumps {
		if p.replies != p.total {
			t.Errorf("loop %d: %d replies of %d", k, p.replies, p.total)
		}
	}
}

// What a socket gets is what was asked for, or what the system's limit makes of it.
func TestProbeBuffers(t *testing.T) {
	recv, send := probeBuffers(Config{IPv4: true, RecvBuffer: 100_000, SendBuffer: 50_000})
	most := os.DirFS("/proc/sys/net/core")
	wantRecv, wantSend := min(100_000, number(read(most, "rmem_max"))), min(50_000, number(read(most, "wmem_max")))
	if uint64(recv) != wantRecv || uint64(send) != wantSend {
		t.Errorf("got %d and %d octets, want %d and %d", recv, send, wantRecv, wantSend)
	}
}

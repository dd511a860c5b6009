//go:build linux && (amd64 || arm64) && !portable

package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine/batch"
	"github.com/caascan/caascan/scanner/step"
)

// threadTime returns the processor time that the calling thread has used in user space and in the kernel.
func threadTime() (user, system time.Duration) {
	var ru unix.Rusage
	unix.Getrusage(unix.RUSAGE_THREAD, &ru)
	return time.Duration(ru.Utime.Nano()), time.Duration(ru.Stime.Nano())
}

func BenchmarkLoop(b *testing.B) {
	for _, bench := range []struct {
		window, servers int
		mix             bool
		delay           int // milliseconds
	}{{100, 100, false, 0}, {2000, 200, false, 0}, {2000, 200, true, 0}, {20000, 200, false, 0}, {4000, 200, true, 50}} {
		b.Run(fmt.Sprintf("window=%d/servers=%d/mix=%v/delay=%d", bench.window, bench.servers, bench.mix, bench.delay), func(b *testing.B) {
			port, stop := delayServer(b, bench.delay)
			defer stop()
			p := &pump{window: bench.window, total: b.N, servers: bench.servers, mix: bench.mix}
			l, err := New(Config{IPv4: true, Port: port}, p)
			if err != nil {
				b.Fatal(err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			user, system := threadTime()
			b.ReportAllocs()
			b.ResetTimer()
			if err := l.Run(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			userEnd, systemEnd := threadTime()
			s := l.Stats()
			n := float64(b.N)
			b.ReportMetric(float64(userEnd-user)/n, "user-ns/op")
			b.ReportMetric(float64(systemEnd-system)/n, "sys-ns/op")
			b.ReportMetric(n/float64(s.SendCalls), "sent/call")
			b.ReportMetric(n/float64(s.RecvCalls), "recv/call")
			b.ReportMetric(float64(p.total-p.replies), "lost")
		})
	}
}

// BenchmarkLimited shows how much of a limit a loop uses, and what it costs to keep.
func BenchmarkLimited(b *testing.B) {
	for _, bench := range []struct {
		name    string
		limits  ratelimit.Limits
		servers int
		rate    float64
	}{
		{"server", ratelimit.Limits{PerServer: 200}, 50, 10_000},
		{"operator", ratelimit.Limits{PerOperator: 10_000}, 50, 10_000},
		{"total", ratelimit.Limits{Total: 20_000}, 50, 20_000},
		{"all", ratelimit.Limits{PerServer: 300, PerOperator: 12_000, Total: 10_000}, 50, 10_000},
	} {
		b.Run(bench.name, func(b *testing.B) {
			port, stop := echoServer(b)
			defer stop()
			p := &pump{window: 2000, total: b.N, servers: bench.servers, operator: 1}
			table, err := ratelimit.New(bench.limits)
			if err != nil {
				b.Fatal(err)
			}
			l, err := New(Config{IPv4: true, Port: port, Limits: table}, p)
			if err != nil {
				b.Fatal(err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			user, system := threadTime()
			b.ResetTimer()
			if err := l.Run(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			userEnd, systemEnd := threadTime()
			b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds()/bench.rate, "%used")
			b.ReportMetric(float64(userEnd-user)/float64(b.N), "user-ns/op")
			b.ReportMetric(float64(systemEnd-system)/float64(b.N), "sys-ns/op")
			b.ReportMetric(float64(p.total-p.replies), "lost")
		})
	}
}

// BenchmarkFloor sends and receives the same packets as BenchmarkLoop in the same batches, and does nothing else.
func BenchmarkFloor(b *testing.B) {
	const window, servers, sockets = 2000, 200, 64
	port, stop := echoServer(b)
	defer stop()
	poller, err := batch.NewPoller()
	if err != nil {
		b.Fatal(err)
	}
	defer poller.Close()
	var conns []*batch.Conn
	for k := range sockets {
		c, err := batch.Listen(netip.MustParseAddrPort("0.0.0.0:0"), batch.Options{RecvBuffer: 1 << 20, SendBuffer: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if err := poller.Add(c, k); err != nil {
			b.Fatal(err)
		}
		conns = append(conns, c)
	}
	var addrs []batch.Addr
	for s := range servers {
		addrs = append(addrs, batch.MakeAddr(netip.AddrPortFrom(loopback(s), port)))
	}
	query := (&pump{}).AppendQuery(0, 0, nil)
	in, out := batch.NewIn(batchSize, 4096, false), batch.NewOut(batchSize, querySize, false)
	var ready []batch.Ready
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	user, system := threadTime()
	sent, received, sendCalls, recvCalls, socket := 0, 0, 0, 0, 0
	b.ReportAllocs()
	b.ResetTimer()
	for received < b.N {
		for sent < b.N && sent-received < window {
			out.Add(append(out.Buffer(), query...), &addrs[sent%servers])
			sent++
			if out.Full() || sent == b.N || sent-received == window {
				socket = (socket + 1) % sockets
				_, calls, err := conns[socket].Send(out)
				if err != nil {
					b.Fatal(err)
				}
				sendCalls += calls
			}
		}
		batch.Nap(napMin)
		ready, _, _ = poller.Wait(time.Second, ready[:0])
		for _, r := range ready {
			n, _ := conns[r.Key].Recv(in)
			recvCalls++
			received += n
			for i := range n {
				if binary.BigEndian.Uint16(in.Msg(i)) != 0 {
					b.Fatal("wrong ID")
				}
			}
		}
	}
	b.StopTimer()
	userEnd, systemEnd := threadTime()
	n := float64(b.N)
	b.ReportMetric(float64(userEnd-user)/n, "user-ns/op")
	b.ReportMetric(float64(systemEnd-system)/n, "sys-ns/op")
	b.ReportMetric(n/float64(sendCalls), "sent/call")
	b.ReportMetric(n/float64(recvCalls), "recv/call")
}

// turns is a pump that notes how much processor time the longest turn of its loop took, and what the heap holds when
// the window is full.
type turns struct {
	*pump
	last, longest int64
	heap          uint64
}

func threadNow() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return ts.Nano()
}

func (t *turns) Admit(now step.Time, out *[]step.Ask) {
	if len(*out) == 0 && t.last != 0 {
		t.longest = max(t.longest, threadNow()-t.last)
	}
	t.pump.Admit(now, out)
	if t.heap == 0 && t.started == t.window {
		t.heap, _ = heap()
	}
	t.last = threadNow()
}

// BenchmarkWindow is a loop with a window of two million that nobody answers: what an exchange costs in all, in octets
// and in the longest time for which the loop does not look at its sockets.
func BenchmarkWindow(b *testing.B) {
	for range b.N {
		sink, err := batch.Listen(netip.MustParseAddrPort("0.0.0.0:0"), batch.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer sink.Close()
		before, _ := heap()
		m := &turns{pump: &pump{window: millions, total: millions, servers: 10_000, timeout: 20 * time.Second, mix: true}}
		l, err := New(Config{IPv4: true, Port: sink.LocalAddr().Port(), InFlight: millions}, m)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
		if m.ended != millions {
			b.Fatalf("%d ended", m.ended)
		}
		b.ReportMetric(float64(m.heap-before)/millions, "octets/exchange")
		b.ReportMetric(float64(m.longest)/1e6, "longest-turn-ms")
	}
}

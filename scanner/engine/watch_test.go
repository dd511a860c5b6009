package engine

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/step"
)

func TestHistogram(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		took      time.Duration
		rtt, wait int
	}{
		{-1, 0, 0}, {0, 0, 0}, {leastRTT - 1, 0, 0}, {leastRTT, 1, 0}, {2*leastRTT - 1, 1, 0}, {ms - 1, 2, 0}, {ms, 3, 1}, {4*ms - 1, 4, 1},
		{4 * ms, 5, 2}, {16*ms - 1, 6, 2}, {16 * ms, 7, 3}, {4 * time.Second, 14, 6}, {5 * time.Second, 15, 7}, {maxSpan, 15, 15},
	} {
		var rtt, wait Histogram
		rtt.addRTT(c.took)
		wait.addWait(c.took)
		if rtt.Counts[c.rtt] != 1 || wait.Counts[c.wait] != 1 || rtt.Sum != max(c.took, 0) || wait.Sum != rtt.Sum {
			t.Errorf("%v: %v and %v, want bucket %d and %d", c.took, rtt, wait, c.rtt, c.wait)
		}
		for _, b := range []struct {
			bounds []time.Duration
			at     int
		}{{RTTBounds(), c.rtt}, {WaitBounds(), c.wait}} {
			if b.at < buckets-1 && c.took >= b.bounds[b.at] || b.at > 0 && c.took < b.bounds[b.at-1] {
				t.Errorf("%v does not lie in bucket %d of %v", c.took, b.at, b.bounds)
			}
		}
		rtt.Add(&wait)
		if rtt.Sum != 2*wait.Sum || rtt.Counts[c.wait] == 0 {
			t.Errorf("%v: the sum is %v", c.took, rtt)
		}
	}
}

// Replies are counted by what their header says, and those cut short over UDP apart; those over TCP have no round trip.
func TestRepliesAreCounted(t *testing.T) {
	answers := map[string]func([]byte){
		"noerror": func([]byte) {}, "nxdomain": func(m []byte) { m[3] |= 3 }, "servfail": func(m []byte) { m[3] |= 2 },
		"refused": func(m []byte) { m[3] |= 5 }, "short": func(m []byte) { m[2] |= 2; m[3] |= 5 },
	}
	port := serveUDP(t, 0, func(p packet) {
		msg := p.reply()
		answers[p.name()](msg)
		p.send(msg)
	}, loopback(0))
	serveTCP(t, port, func(conn *net.TCPConn, query []byte) {
		msg := replyTo(query)
		msg[2] |= 2
		msg[3] |= 5
		conn.Write(framed(msg))
	}, loopback(0))
	s := &script{queries: []query{{server: loopback(0), name: "short", tcp: true}}}
	for name := range answers {
		s.queries = append(s.queries, query{server: loopback(0), name: name})
	}
	got := run(t, Config{Port: port}, s).Stats()
	if want := [16]uint64{0: 1, 2: 1, 3: 1, 5: 2}; got.Replies != want || got.Truncated != 1 {
		t.Errorf("replies %v and %d truncated, want %v and 1", got.Replies, got.Truncated, want)
	}
	n := uint64(0)
	for _, in := range got.RTT.Counts {
		n += in
	}
	if n != uint64(len(answers)) || got.RTT.Sum <= 0 || got.Wait != (Histogram{}) {
		t.Errorf("%d round trips of %v, waits %v", n, got.RTT.Sum, got.Wait)
	}
}

// Inspect looks at a loop under way, and what waits for a TCP connection is told as such.
func TestInspect(t *testing.T) {
	release := make(chan struct{})
	port := serveTCP(t, 0, func(conn *net.TCPConn, query []byte) {
		<-release
		conn.Write(framed(replyTo(query)))
	}, loopback(0))
	s := &script{}
	for range 3 {
		s.queries = append(s.queries, query{server: loopback(0), name: "n.example", tcp: true})
	}
	l, err := New(Config{IPv4: true, Port: port, TCPConns: 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	gone, leave := context.WithCancel(ctx)
	leave()
	if l.Inspect(gone, func() {}) {
		t.Error("a loop that does not run was inspected")
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for waiting, cause := 0, Turn; waiting != 2 || cause != Connection; {
		if !l.Inspect(ctx, func() {
			waiting, cause = l.Line(0)
			if n, c := l.Line(99); n != 0 || c != Turn {
				t.Errorf("a server that was never met: %d, %v", n, c)
			}
		}) {
			t.Fatal("no look at the loop")
		}
	}
	if got := l.Stats(); got.WaitingFor != [Causes]int{Connection: 2} || got.Waiting != 2 || got.InFlight != 1 {
		t.Errorf("%+v", got)
	}
	close(release)
	group.Wait()
	if l.Inspect(ctx, func() { t.Error("run after the end") }) {
		t.Error("a loop that has ended was inspected")
	}
	for i := range s.queries {
		wantKind(t, s, i, step.Reply)
	}
	idle, err := New(Config{IPv4: true}, &script{})
	if err != nil {
		t.Fatal(err)
	}
	idle.Close()
	if idle.Inspect(ctx, func() {}) {
		t.Error("a loop that was closed was inspected")
	}
}

func TestCausesHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for c := range Cause(Causes) {
		seen[c.String()] = true
	}
	if len(seen) != Causes {
		t.Errorf("%v", seen)
	}
}

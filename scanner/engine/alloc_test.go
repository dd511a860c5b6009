//go:build !race && linux && (amd64 || arm64) && !portable

package engine

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// In its steady state a loop allocates nothing for an exchange.
func TestNoAllocationPerExchange(t *testing.T) {
	port, stop := echoServer(t)
	defer stop()
	mallocs := func(total int) uint64 {
		p := &pump{window: 500, total: total, servers: 100, mix: true}
		l, err := New(Config{IPv4: true, Port: port}, p)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), hang)
		defer cancel()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := l.Run(ctx); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(5_000), mallocs(55_000)
	if perExchange := (float64(many) - float64(few)) / 50_000; perExchange > 0.001 {
		t.Errorf("%v allocations an exchange: %d for 5,000, %d for 55,000", perExchange, few, many)
	}
}

// Work costs the loop and its helpers no allocation either; starting a helper may cost some, once for many pieces.
func TestNoAllocationPerWork(t *testing.T) {
	mallocs := func(total int) uint64 {
		g := &grind{window: 500, total: total, do: spin(2 * time.Microsecond)}
		l, err := New(Config{IPv4: true, Sockets: 1}, g)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := l.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(5_000), mallocs(105_000)
	if perPiece := (float64(many) - float64(few)) / 100_000; perPiece > 0.01 {
		t.Errorf("%v allocations a piece: %d for 5,000, %d for 105,000", perPiece, few, many)
	}
}

// Two million in flight take 48 octets each in the slab and at most 12 in the matcher, and getting there copies next to
// nothing: no table is ever held twice.
func TestMemoryOfMillions(t *testing.T) {
	liveBefore, allocatedBefore := heap()
	f := newFlight(socketsFor(millions))
	choose := rand.New(f.rnd)
	var socket uint16
	for n := range millions {
		if n%batchSize == 0 {
			socket = uint16(choose.IntN(len(f.matcher.load)))
		}
		f.send(n, socket)
	}
	live, allocated := heap()
	perExchange := float64(live-liveBefore) / millions
	t.Logf("%.1f octets an exchange live, %.1f allocated on the way; %d sockets",
		perExchange, float64(allocated-allocatedBefore)/millions, len(f.matcher.load))
	if perExchange > 60 {
		t.Errorf("%.1f octets an exchange", perExchange)
	}
	if peak := float64(allocated-allocatedBefore) / millions; peak > 72 {
		t.Errorf("%.1f octets an exchange were allocated on the way", peak)
	}
	runtime.KeepAlive(f)
}

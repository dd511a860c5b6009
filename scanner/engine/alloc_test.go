//go:build !race && linux && (amd64 || arm64) && !portable

package engine

import (
	"context"
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

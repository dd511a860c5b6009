package scanner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine"
)

// A scan at low limits tells whose servers it waits for, and which names are under way for longest.
func TestWaits(t *testing.T) {
	w, _, network := world(t, 3000)
	network.Limits = ratelimit.Limits{PerServer: 20, PerOperator: 30, Share: 0.5}
	scan, err := New(Config{Network: network, InFlight: 2000, Loops: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if early := scan.Waits(canceled(), 5, true); len(early.Operators)+len(early.Servers)+len(early.Oldest) != 0 {
		t.Errorf("before the start: %+v", early)
	}
	var group sync.WaitGroup
	run, stop := context.WithCancel(ctx)
	group.Go(func() {
		if err := scan.Run(run, &names{world: w, stopAfter: 3000}, &counted{}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	const most = 4
	var seen Waits
	for len(seen.Servers) < most || seen.Servers[0].Queries < 5 || len(seen.Oldest) < most {
		if seen = scan.Waits(ctx, most, true); ctx.Err() != nil {
			t.Fatalf("nobody waits: %+v", seen)
		}
	}
	if brief := scan.Waits(ctx, most, false); len(brief.Oldest) != 0 || len(brief.Operators) == 0 {
		t.Errorf("names that were not asked for: %+v", brief)
	}
	stop()
	group.Wait()
	if late := scan.Waits(ctx, most, true); len(late.Operators)+len(late.Servers)+len(late.Oldest) != 0 {
		t.Errorf("after the end: %+v", late)
	}

	if len(seen.Servers) != most || len(seen.Oldest) != most || len(seen.Operators) == 0 || len(seen.Operators) > most {
		t.Fatalf("%d servers, %d names, %d operators, want %d each", len(seen.Servers), len(seen.Oldest), len(seen.Operators), most)
	}
	for _, s := range seen.Servers {
		if !s.Server.Addr.IsValid() || s.Operator == "" || s.Rate <= 0 || s.Rate > 10 || s.Queries+s.Names < 1 || s.Cause > engine.OperatorLimit {
			t.Errorf("server %+v", s)
		}
	}
	for _, o := range seen.Operators {
		if o.Operator == "" || o.Rate <= 0 || o.Rate > 15 || o.Queries+o.Names < 1 {
			t.Errorf("operator %+v", o)
		}
	}
	for _, n := range seen.Oldest {
		if n.Name == "" || n.Age <= 0 {
			t.Errorf("name %+v", n)
		}
	}
	if !slices.IsSortedFunc(seen.Servers, func(a, b ServerWait) int { return b.Queries + b.Names - a.Queries - a.Names }) ||
		!slices.IsSortedFunc(seen.Operators, func(a, b OperatorWait) int { return b.Queries + b.Names - a.Queries - a.Names }) ||
		!slices.IsSortedFunc(seen.Oldest, func(a, b NameWait) int { return int(b.Age - a.Age) }) {
		t.Errorf("not by length: %+v", seen)
	}
	if busiest, first := seen.Operators[0], seen.Servers[0]; busiest.Queries+busiest.Names < first.Queries+first.Names {
		t.Errorf("the longest line of a server is longer than that of any operator: %+v, %+v", first, busiest)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

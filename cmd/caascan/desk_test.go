package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

// slowScan takes names from a desk as a scan does, until ctx ends, and answers them out of order, in batches of any size, each
// name within a second.
func slowScan(ctx context.Context, d *desk) {
	var answering sync.WaitGroup
	defer answering.Wait()
	for {
		targets, err := d.Next(ctx)
		if err != nil {
			return
		}
		rand.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
		for len(targets) > 0 {
			n := 1 + rand.IntN(len(targets))
			batch := make([]*record.Record, n)
			for i, t := range targets[:n] {
				batch[i] = &record.Record{Target: t}
			}
			targets = targets[n:]
			answering.Go(func() {
				time.Sleep(rand.N(time.Second))
				d.Write(batch)
			})
		}
	}
}

func namesOf(call, n int) []record.Target {
	targets := make([]record.Target, n)
	for i := range targets {
		targets[i].Name = fmt.Sprintf("%d.%d.example", i, call)
	}
	return targets
}

// TestDeskLosesNoPlace: whatever becomes of calls, each name gives its place back once, and each call gets the records of its own
// names, in their order.
func TestDeskLosesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room, callers, callsEach = 300, 60, 100
		d := newDesk(room)
		ctx, stop := context.WithCancel(t.Context())
		var scan, calls sync.WaitGroup
		scan.Go(func() { slowScan(ctx, d) })
		outcomes := map[string]int{}
		var mu sync.Mutex
		for caller := range callers {
			calls.Go(func() {
				for call := range callsEach {
					number := caller*callsEach + call
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(2*time.Second))
					if rand.IntN(4) == 0 {
						time.AfterFunc(rand.N(time.Second), cancel) // the caller goes
					}
					targets := namesOf(number, rand.IntN(20))
					records, err := d.ask(ctx, targets)
					cancel()
					outcome := "answered"
					switch {
					case err != nil:
						outcome = err.Error()
					case len(records) != len(targets):
						t.Errorf("%d records for %d names", len(records), len(targets))
					}
					for i, r := range records {
						if r.Target.Name != targets[i].Name {
							t.Errorf("record %d of call %d is that of %s", i, number, r.Target.Name)
						}
					}
					if under := d.underWay(); under > room {
						t.Errorf("%d names under way in %d places", under, room)
					}
					mu.Lock()
					outcomes[outcome]++
					mu.Unlock()
					time.Sleep(rand.N(time.Second))
				}
			})
		}
		calls.Wait()
		if err := d.drain(t.Context()); err != nil {
			t.Error(err)
		}
		if d.underWay() != 0 || len(d.in) != 0 {
			t.Errorf("drained, but %d names are under way and %d wait for the scan", d.underWay(), len(d.in))
		}
		d.places.Release(room)
		if !d.places.TryAcquire(room) {
			t.Error("not all places are free")
		}
		t.Log(outcomes)
		for _, outcome := range []string{"answered", errBusy.Error(), context.Canceled.Error(), context.DeadlineExceeded.Error()} {
			if outcomes[outcome] == 0 {
				t.Errorf("no call was %q: the test shows nothing of that", outcome)
			}
		}
		stop()
		scan.Wait()
	})
}

// TestDeskFull: all names of a call get in, or none.
func TestDeskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(3)
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := d.ask(t.Context(), namesOf(1, 2)); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := d.ask(t.Context(), namesOf(2, 2)); !errors.Is(err, errBusy) {
			t.Errorf("two names where there is room for one: %v", err)
		}
		gone, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.ask(gone, namesOf(3, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one name that nobody looks up: %v", err)
		}
		if d.underWay() != 3 {
			t.Errorf("%d names under way: that of a caller who has gone must keep its place", d.underWay())
		}
		if _, err := d.ask(t.Context(), nil); err != nil {
			t.Errorf("no name at all, at a full desk: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		go slowScan(ctx, d)
		first.Wait()
		if err := d.drain(t.Context()); err != nil {
			t.Error(err)
		}
		stop()
	})
}

// TestDeskEnds: what ends the answering ends the calls, with its cause, and takes no place.
func TestDeskEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(5)
		answering, end := context.WithCancelCause(t.Context())
		var call sync.WaitGroup
		call.Go(func() {
			if _, err := d.ask(answering, namesOf(1, 2)); !errors.Is(err, errEnding) {
				t.Errorf("a call under way: %v", err)
			}
		})
		synctest.Wait()
		brief, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.drain(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drained with two names under way: %v", err)
		}
		end(errEnding)
		call.Wait()
		if _, err := d.ask(answering, namesOf(2, 1)); !errors.Is(err, errEnding) || d.underWay() != 2 {
			t.Errorf("a call after the end: %v, %d under way", err, d.underWay())
		}
	})
}

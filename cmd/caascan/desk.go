package main

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/caascan/caascan/scanner/record"
)

// desk is where calls hand in targets and wait for their records: the scanner.Source and the scanner.Sink of a scan
// without end.
//
// A name holds a place from the moment it is handed in until the scan has answered it, also when nobody waits for it any
// more: so no more names are ever under way, or in memory, than there are places.
type desk struct {
	room   int
	places *semaphore.Weighted
	in     chan record.Target // has room for all that hold a place

	mu      sync.Mutex
	last    int64
	waiting map[int64]seat // by the target's line
}

// seat is where the record of a target goes.
type seat struct {
	call chan<- seated // has room for all records of the call
	at   int
}

type seated struct {
	record *record.Record
	at     int
}

// errBusy: there is no room for so many names now.
var errBusy = errors.New("too many names are under way")

func newDesk(room int) *desk {
	return &desk{room: room, places: semaphore.NewWeighted(int64(room)), in: make(chan record.Target, room), waiting: map[int64]seat{}}
}

// ask returns the records of targets, in their order, whose lines it sets. It fails with errBusy at once if there is no
// room for all of them, and with the cause if ctx ends before all are answered.
func (d *desk) ask(ctx context.Context, targets []record.Target) ([]*record.Record, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if !d.places.TryAcquire(int64(len(targets))) {
		return nil, errBusy
	}
	call := make(chan seated, len(targets))
	d.mu.Lock()
	for i := range targets {
		d.last++
		targets[i].Line = d.last
		d.waiting[d.last] = seat{call, i}
	}
	d.mu.Unlock()
	for i := range targets {
		d.in <- targets[i]
	}
	records := make([]*record.Record, len(targets))
	for range targets {
		select {
		case s := <-call:
			records[s.at] = s.record
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return records, nil
}

// underWay is how many names have not been answered yet.
func (d *desk) underWay() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// drain takes all places, so that ask lets nobody in any more, and returns when the names under way are answered or ctx
// ends.
func (d *desk) drain(ctx context.Context) error { return d.places.Acquire(ctx, int64(d.room)) }

// Next implements scanner.Source: it waits for a target and takes what else is there.
func (d *desk) Next(ctx context.Context) ([]record.Target, error) {
	const atOnce = 256
	var targets []record.Target
	select {
	case t := <-d.in:
		targets = append(targets, t)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for len(targets) < atOnce {
		select {
		case t := <-d.in:
			targets = append(targets, t)
		default:
			return targets, nil
		}
	}
	return targets, nil
}

// Write implements scanner.Sink.
func (d *desk) Write(batch []*record.Record) error {
	d.mu.Lock()
	for _, r := range batch {
		s := d.waiting[r.Target.Line]
		delete(d.waiting, r.Target.Line)
		s.call <- seated{r, s.at}
	}
	d.mu.Unlock()
	d.places.Release(int64(len(batch)))
	return nil
}

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/caascan/caascan/scanner/record"
)

// desk is where calls hand in targets and wait for their records: the scanner.Source and the scanner.Sink of a scan
// without end.
type desk struct {
	in    chan record.Target
	slots chan struct{} // one for each name under way

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan<- *record.Record // by the target's line; buffered
}

// errBusy: as many names are under way as may be.
var errBusy = errors.New("too many names are under way")

func newDesk(inFlight int) *desk {
	return &desk{in: make(chan record.Target, inFlight), slots: make(chan struct{}, inFlight), waiting: map[int64]chan<- *record.Record{}}
}

// ask returns the records of targets, in their order. It fails with errBusy at once if there is no room for all of them,
// and with the cause if ctx ends before.
func (d *desk) ask(ctx context.Context, targets []record.Target) ([]*record.Record, error) {
	for taken := range targets {
		select {
		case d.slots <- struct{}{}:
		default:
			d.free(taken)
			return nil, errBusy
		}
	}
	replies := make([]chan *record.Record, len(targets))
	for i := range targets {
		replies[i] = make(chan *record.Record, 1)
		d.mu.Lock()
		d.last++
		targets[i].Line = d.last
		d.waiting[d.last] = replies[i]
		d.mu.Unlock()
		d.in <- targets[i] // has room for all that hold a slot
	}
	records := make([]*record.Record, len(targets))
	for i := range targets {
		select {
		case records[i] = <-replies[i]:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return records, nil
}

// free gives slots back. A slot is held until its name is answered, also if nobody waits any more.
func (d *desk) free(n int) {
	for range n {
		<-d.slots
	}
}

// underWay is how many names have not been answered yet.
func (d *desk) underWay() int { return len(d.slots) }

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
	for _, r := range batch {
		d.mu.Lock()
		reply := d.waiting[r.Target.Line]
		delete(d.waiting, r.Target.Line)
		d.mu.Unlock()
		reply <- r
	}
	d.free(len(batch))
	return nil
}

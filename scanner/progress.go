package scanner

import (
	"sync"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
)

// Progress is how far a scan is, and what it has done so far.
type Progress struct {
	Admitted, Finished, Failed int64 // names
	Queries                    int64 // packets sent for the names that are finished
	Checks                     int64 // signatures checked for them
	Sent                       int64 // packets sent in all
	Waiting                    int64 // queries that wait for a limit
	Parked                     int64 // names put aside until their servers have room for them
	KernelDrops                int64 // replies lost because they came faster than they were read
	Strays                     int64 // datagrams that came and were no reply to a query under way

	Engine engine.Stats   // of all loops together
	Found  resolve.Counts // in the caches of all loops, and what was of no use to them

	// Link says if it is our own link that loses packets.
	Link ratelimit.Link
}

// Progress may be called at any time, and as often as one likes: it disturbs no loop.
func (s *Scan) Progress() Progress {
	p := Progress{Link: s.limits.Link()}
	for i, m := range s.machines {
		c := &m.counters
		p.Admitted += c.admitted.Load()
		p.Finished += c.finished.Load()
		p.Failed += c.failed.Load()
		p.Queries += c.queries.Load()
		p.Checks += c.checks.Load()
		p.Parked += c.parked.Load()
		m.found.addTo(&p.Found)
		stats := s.loops[i].Stats()
		p.Engine.Add(&stats)
	}
	e := &p.Engine
	p.Sent, p.Waiting, p.KernelDrops = int64(e.Sent+e.Dialled), int64(e.Waiting), int64(e.KernelDrops)
	for _, n := range e.Strays {
		p.Strays += int64(n)
	}
	return p
}

// found is what a machine's resolver has counted, as of the loop's last turn.
type found struct {
	at step.Time // of that turn

	mu     sync.Mutex
	counts resolve.Counts
}

// publish makes the counts visible to others, once a turn: a turn may admit many times.
func (f *found) publish(now step.Time, counts *resolve.Counts) {
	if now == f.at {
		return
	}
	f.at = now
	f.mu.Lock()
	f.counts = *counts
	f.mu.Unlock()
}

func (f *found) addTo(sum *resolve.Counts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum.Add(&f.counts)
}

package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/caascan/caascan/scanner/step"
)

// Who watches a loop sees its sums in Stats. What is more than sums lies with the loop and its machine, without a lock,
// and is looked at on the loop's own goroutine.

// inspections are the functions that wait for the loop to run them.
type inspections struct {
	pending atomic.Bool // asked is not empty: all that a turn of the loop looks at
	ended   chan struct{}

	mu    sync.Mutex
	asked []func()
	over  bool // the loop runs no more of them
}

// Inspect has f run on the loop's goroutine, between two turns of it, and returns true when that is done. Then f may look
// at the machine, and call Line. It returns false if the loop has ended or ctx is done first: then f may yet run, or be
// running, and what it writes to must not be read. Any goroutine may call it.
func (l *Loop) Inspect(ctx context.Context, f func()) bool {
	in := &l.inspections
	done := make(chan struct{})
	in.mu.Lock()
	if in.over {
		in.mu.Unlock()
		return false
	}
	in.asked = append(in.asked, func() { f(); close(done) })
	in.pending.Store(true)
	in.mu.Unlock()
	l.Wake()
	select {
	case <-done:
		return true
	case <-in.ended:
	case <-ctx.Done():
	}
	return false
}

// run runs what is asked for.
func (in *inspections) run() {
	if !in.pending.Load() {
		return
	}
	in.mu.Lock()
	asked := in.asked
	in.asked = nil
	in.pending.Store(false)
	in.mu.Unlock()
	for _, f := range asked {
		f()
	}
}

// end lets nobody wait any more.
func (in *inspections) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.over {
		in.over = true
		in.asked = nil
		close(in.ended)
	}
}

// Line returns how many exchanges wait in the line of a server, and what the line waits for. It is for functions that
// Inspect runs.
func (l *Loop) Line(server step.ServerID) (waiting int, cause Cause) {
	if int(server) >= len(l.peers) {
		return 0, Turn
	}
	p := &l.peers[server]
	return int(p.waiting), p.cause
}

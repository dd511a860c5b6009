package engine

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/caascan/caascan/scanner/step"
)

// Work is done by the loop itself, for a bounded time of each turn, and by helpers as far as there are idle processors
// for them. A program has a loop a processor: when all of them are at work, each doing its own costs nothing but two
// looks at a clock, and no helper gets a processor in their place. A helper is a goroutine that lives for as long as
// it finds Work: none is there before it is needed, and none is left asleep. Results go back in any order.
//
// The queue is as long as the machine makes it, which is bounded by what the machine has under way; the loop never
// waits for room in it.

// workShare is how long the loop does Work before it looks at its sockets again: as long as it would nap at most.
const workShare = napMax

// workBatch is how many pieces of Work a helper takes at a time. At 25 to 100 µs each a batch lasts less than a
// millisecond, so what the taking costs (a lock, a system call to wake the loop) is spread over eight; and as many
// must wait before another helper is worth its start.
const workBatch = 8

// helping is how many helpers there are in the program, over all loops. They are fewer than the processors: more
// would only stand in the way of the loops.
var helping atomic.Int32

// workers is the part of a loop that carries out Work.
type workers struct {
	// Owned by the loop.
	asked []job // not yet in the queue
	open  int   // asked for, and the machine not yet told of the end

	wake    func()
	help    func() // body of a helper, bound once so that starting one costs no allocation
	group   sync.WaitGroup
	stopped atomic.Bool // helpers take nothing more

	mu     sync.Mutex
	queue  []job // from head on
	head   int
	done   []step.Ticket // the machine has not been told of yet
	spare  []step.Ticket // empty; takes turns with done
	helped uint64        // done by helpers
	active int           // helpers
	asleep bool          // the loop waits for them
}

// job is one piece of Work.
type job struct {
	work   step.Work
	ticket step.Ticket
}

func (w *workers) setup(wake func()) {
	w.wake = wake
	w.help = w.runHelper
}

// ask takes a piece of Work. It begins with the loop's next turn.
func (w *workers) ask(ticket step.Ticket, work step.Work) {
	w.asked = append(w.asked, job{work, ticket})
	w.open++
}

// work does the loop's share of the Work there is, lets helpers do more, and tells the machine what has been done.
func (l *Loop) work() {
	w := &l.workers
	if w.open == 0 {
		return
	}
	w.mu.Lock()
	w.asleep = false
	w.enqueue()
	w.callHelpers()
	w.mu.Unlock()

	var one [1]job
	for end := l.now.Add(workShare); l.now < end; l.now = l.clock() {
		w.mu.Lock()
		n := w.take(one[:])
		w.mu.Unlock()
		if n == 0 {
			break
		}
		one[0].work.Do()
		w.spare = append(w.spare, one[0].ticket)
	}
	if l.cancelled.Load() {
		return
	}
	l.worked()
}

// worked tells the machine of the Work that the loop and the helpers have done.
func (l *Loop) worked() {
	w := &l.workers
	l.tell(w.spare)
	w.mu.Lock()
	done := w.done
	w.done = w.spare[:0]
	l.counters.Helped = w.helped
	w.mu.Unlock()
	l.tell(done)
	w.spare = done[:0]
}

func (l *Loop) tell(done []step.Ticket) {
	for _, ticket := range done {
		l.workers.open--
		l.counters.Events[step.Worked]++
		l.event = step.Event{Kind: step.Worked, Ticket: ticket, Now: l.now}
		l.machine.Handle(&l.event, &l.asks)
	}
}

// enqueue moves what was asked for to the queue. The caller holds mu.
func (w *workers) enqueue() {
	if w.head > len(w.queue)/2 { // so that the queue moves up once for each time it is emptied
		w.queue = slices.Delete(w.queue, 0, w.head)
		w.head = 0
	}
	w.queue = append(w.queue, w.asked...)
	clear(w.asked)
	w.asked = w.asked[:0]
}

// take fills jobs from the front of the queue, and returns how many there were. The caller holds mu.
func (w *workers) take(jobs []job) int {
	n := copy(jobs, w.queue[w.head:])
	clear(w.queue[w.head : w.head+n])
	w.head += n
	return n
}

// callHelpers starts a helper if there is enough for one more than there are. It starts one a turn, so that a burst
// which the loops soon have done wakes few. The caller holds mu.
func (w *workers) callHelpers() {
	if len(w.queue)-w.head < workBatch*(w.active+1) || w.stopped.Load() {
		return
	}
	if helping.Add(1) >= int32(runtime.GOMAXPROCS(0)) {
		helping.Add(-1)
		return
	}
	w.active++
	w.group.Add(1)
	go w.help()
}

// runHelper does Work until none is left.
func (w *workers) runHelper() {
	defer w.group.Done()
	defer helping.Add(-1)
	var batch [workBatch]job
	n := 0
	for {
		w.mu.Lock()
		for k := range n {
			w.done = append(w.done, batch[k].ticket)
		}
		w.helped += uint64(n)
		wake := w.asleep && n > 0
		w.asleep = w.asleep && !wake
		if n = w.take(batch[:]); n == 0 {
			w.active--
		}
		w.mu.Unlock()
		if wake {
			w.wake()
		}
		if n == 0 {
			return
		}
		for k := range n {
			if w.stopped.Load() {
				return
			}
			batch[k].work.Do()
		}
		runtime.Gosched() // a loop may be waiting for a processor
	}
}

// idle reports whether the loop may sleep: whether no Work waits for it. If helpers have some, they wake the loop when
// it is done.
func (w *workers) idle() bool {
	if w.open == 0 {
		return true
	}
	if len(w.asked) > 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asleep = w.head == len(w.queue) && len(w.done) == 0
	return w.asleep
}

// stop returns when no helper is left. Work that nobody has begun stays undone.
func (w *workers) stop() {
	w.stopped.Store(true)
	w.group.Wait()
}

package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/caascan/caascan/scanner"
)

const (
	barEvery    = 200 * time.Millisecond // a bar that a person watches
	statusEvery = 5 * time.Second        // lines that a log keeps
	eventsEvery = time.Second            // looks at what the log tells of, where nothing is shown

	// Who is waited for is asked for so small a part of the time, at most: the loops stand still meanwhile.
	waitsShare = 200

	// waitsTime is how long a loop may take to say whom it waits for.
	waitsTime = 2 * time.Second

	// busiest is for how many operators and servers what waits is told.
	busiest = 5
)

// watcher shows how a scan goes: on stderr, in its log, to Prometheus, and to whoever sends the signal for a snapshot.
type watcher struct {
	env     *environ
	scan    *scanner.Scan
	source  *source
	tally   *tally
	dir     string // where the dataset is written, "" if not on this machine
	phased  phased // nil: there is one phase
	total   int64  // octets of the input; 0 if unknown
	started time.Time

	// Of the goroutine that shows.
	before  status // the one shown last
	beforeT time.Time
	pace    pace
	paceT   time.Time
	paced   int64 // rows that are in pace
	events  events
	stop    chan struct{}
	ended   sync.WaitGroup

	metrics *metricsServer // nil without --metrics

	mu    sync.Mutex
	waits scanner.Waits // as of waitsT
	next  time.Time     // when they may be asked for again

	slowed     scanner.Slowed // likewise
	nextSlowed time.Time
}

// watch starts to show progress on stderr: a bar on a terminal, JSON lines elsewhere, nothing if quiet.
func (f *scanFlags) watch(env *environ, scan *scanner.Scan, source *source, sink *lockedSink, phased phased) *watcher {
	w := &watcher{env: env, scan: scan, source: source, tally: &sink.tally, dir: sink.dir, phased: phased, total: source.size(),
		started: time.Now(), stop: make(chan struct{}), metrics: f.metrics}
	w.beforeT, w.paceT = w.started, w.started
	w.events = events{log: env.log}
	every, show := eventsEvery, func(*status) {}
	switch {
	case f.Quiet:
	case env.console.terminal:
		every, show = barEvery, w.bar()
	default:
		every, show = statusEvery, w.line()
	}
	env.began = true
	w.metrics.serve(w)
	env.log.Info("scan started", "in_flight", env.flags["in-flight"], "loops", env.flags["loops"])
	w.ended.Go(func() { w.run(every, show) })
	return w
}

// run shows until the scan has ended.
func (w *watcher) run(every time.Duration, show func(*status)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s := w.status(false)
			show(s)
			w.events.note(s, w.waited())
		case <-w.env.snapshots:
			w.snapshot()
		case <-w.stop:
			s := w.status(true)
			w.events.note(s, scanner.Waits{})
			show(s)
			w.env.console.release()
			return
		}
	}
}

// end shows the last state and waits until it is shown.
func (w *watcher) end() {
	close(w.stop)
	w.ended.Wait()
	w.metrics.close()
}

// line shows JSON lines.
func (w *watcher) line() func(*status) {
	encoder := json.NewEncoder(w.env.console)
	return func(s *status) { encoder.Encode(s) } // a log that cannot be written is no reason to stop a scan
}

// bar shows a bar, and below it what the scan meets.
func (w *watcher) bar() func(*status) {
	console := w.env.console
	f := &frame{colours: console.colours}
	return func(s *status) { console.draw(f.lines(s, console.width())) }
}

// status takes the state of the scan.
func (w *watcher) status(ended bool) *status {
	now, rows, p := time.Now(), w.tally.now(), w.scan.Progress()
	s := w.state(now, &rows, &p)
	s.Ended = ended
	s.Rate = float64(s.Rows-w.before.Rows) / max(now.Sub(w.beforeT).Seconds(), 1e-3)
	if ended {
		s.Rate = float64(s.Rows) / max(s.Elapsed, 1e-3)
		s.Operators = nil
	}
	w.pace.add(s.Rows-w.paced, now.Sub(w.paceT))
	w.paced, w.paceT = s.Rows, now
	s.pace = w.pace.perSecond()
	s.ETA = s.eta()
	w.before, w.beforeT = *s, now
	return s
}

// state is status without what depends on the one before.
func (w *watcher) state(now time.Time, rows *rowCounts, p *scanner.Progress) *status {
	s := &status{Elapsed: now.Sub(w.started).Seconds()}
	s.count(rows)
	s.progress(p)
	waits := w.waited()
	s.operators(&waits)
	s.Resumed, _ = w.source.resumed()
	s.Total, s.Surveyed = w.source.expected(w.total), w.source.surveyed(w.total)
	if w.phased != nil {
		if name, left, wait := w.phased.Phase(); name != "" {
			s.Phase = &phaseStatus{name, left, max(wait, 0).Seconds()}
		}
	}
	return s
}

// waited returns who is waited for, as of a while ago.
func (w *watcher) waited() scanner.Waits {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); !now.Before(w.next) {
		ctx, cancel := context.WithTimeout(w.env.ctx, waitsTime)
		defer cancel()
		w.waits = w.scan.Waits(ctx, busiest, false)
		w.next = time.Now().Add(waitsShare * time.Since(now))
	}
	return w.waits
}

// onDisk is the directory of a dataset on this machine, "" if it is elsewhere.
func onDisk(out string) string {
	if info, err := os.Stat(out); err != nil || !info.IsDir() {
		return ""
	}
	return out
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
)

const (
	barEvery    = 200 * time.Millisecond // a bar that a person watches
	statusEvery = 5 * time.Second        // lines that a log keeps
)

// status is one line about a scan under way. It is also the form of the lines.
type status struct {
	Elapsed  float64                     `json:"elapsed_s"`
	Rows     int64                       `json:"rows"`
	Failed   int64                       `json:"failed"`
	InFlight int64                       `json:"in_flight"`
	Waiting  int64                       `json:"waiting"` // queries that wait for a limit
	Parked   int64                       `json:"parked"`  // names put aside until their servers have room for them
	Queries  int64                       `json:"queries"`
	Checks   int64                       `json:"checks"`       // signatures
	Strays   int64                       `json:"strays"`       // datagrams that were no reply to a query under way
	Drops    int64                       `json:"kernel_drops"` // replies lost because they came faster than they were read
	Rate     float64                     `json:"rows_per_s"`
	Total    int64                       `json:"total,omitempty"` // targets expected; an estimate until the input is read
	ETA      float64                     `json:"eta_s,omitempty"`
	Posture  map[string]map[string]int64 `json:"posture"`
	Link     *linkStatus                 `json:"link,omitempty"` // while our own link loses packets
	Ended    bool                        `json:"ended"`
}

// linkStatus says that packets are lost at many servers at once, and what was done about it.
type linkStatus struct {
	Loss  float64 `json:"loss"`                  // share of the packets, lately
	Limit float64 `json:"limit_per_s,omitempty"` // packets a second in all
}

// watcher shows how a scan goes.
type watcher struct {
	scan    *scanner.Scan
	source  *source
	total   int64 // octets of the input; 0 if unknown
	started time.Time
	before  status // the one shown last
	beforeT time.Time
	stop    chan struct{}
	ended   sync.WaitGroup
}

// watch starts to show progress on stderr: a bar on a terminal, JSON lines elsewhere, nothing if quiet.
func (f *scanFlags) watch(env *environ, scan *scanner.Scan, source *source) *watcher {
	w := &watcher{scan: scan, source: source, total: source.size(), started: time.Now(), stop: make(chan struct{})}
	w.beforeT = w.started
	if f.Quiet {
		return w
	}
	every, show := statusEvery, w.line(env.stderr)
	if isTerminal(env.stderr) {
		every, show = barEvery, w.bar(env.stderr)
	}
	w.ended.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				show(w.status(false))
			case <-w.stop:
				show(w.status(true))
				return
			}
		}
	})
	return w
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// end shows the last state and waits until it is shown.
func (w *watcher) end() {
	close(w.stop)
	w.ended.Wait()
}

// line shows JSON lines.
func (w *watcher) line(to io.Writer) func(status) {
	encoder := json.NewEncoder(to)
	return func(s status) { encoder.Encode(s) } // a log that cannot be written is no reason to stop a scan
}

// bar shows a progress bar with the posture mix.
func (w *watcher) bar(to io.Writer) func(status) {
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(to), progressbar.OptionSetWidth(12), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("names"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(0), progressbar.OptionUseANSICodes(true), progressbar.OptionShowElapsedTimeOnFinish(),
	)
	return func(s status) {
		if s.Ended {
			s.Total = s.Rows
		}
		if s.Total > 0 && s.Total != bar.GetMax64() {
			bar.ChangeMax64(max(s.Total, s.Rows, 1))
		}
		bar.Describe(mix(&s))
		bar.Set64(s.Rows)
		if s.Ended {
			bar.Exit()
			fmt.Fprintln(to)
		}
	}
}

// mix is the posture for TLS and for mail in a few words, short enough for a line of a terminal with the bar beside it.
func mix(s *status) string {
	if s.Rows == 0 {
		return "starting"
	}
	share := func(kind caa.Kind, p caa.Posture) string {
		return fmt.Sprintf("%.0f%% %s", 100*float64(s.Posture[kind.String()][p.String()])/float64(s.Rows), p)
	}
	if s.Link != nil {
		return fmt.Sprintf("our link loses %.0f%%, slowed to %.0f packets/s", 100*s.Link.Loss, s.Link.Limit)
	}
	return fmt.Sprintf("tls %s %s, smime %s, %s", share(caa.TLS, caa.Restricted), share(caa.TLS, caa.Closed),
		share(caa.SMIME, caa.Restricted), share(caa.TLS, caa.Error))
}

// status takes the state of the scan.
func (w *watcher) status(ended bool) status {
	p, now := w.scan.Progress(), time.Now()
	s := status{
		Elapsed: now.Sub(w.started).Seconds(), Rows: p.Finished, Failed: p.Failed, InFlight: p.Admitted - p.Finished,
		Waiting: p.Waiting, Parked: p.Parked, Queries: p.Sent, Checks: p.Checks, Strays: p.Strays, Drops: p.KernelDrops, Posture: map[string]map[string]int64{}, Ended: ended,
	}
	if p.Link.Congested {
		s.Link = &linkStatus{p.Link.Loss, p.Link.Limit}
	}
	s.Rate = float64(s.Rows-w.before.Rows) / max(now.Sub(w.beforeT).Seconds(), 1e-3)
	if ended {
		s.Rate = float64(s.Rows) / max(s.Elapsed, 1e-3)
	}
	for kind := range p.Posture {
		counts := map[string]int64{}
		for posture, n := range p.Posture[kind] {
			if n > 0 {
				counts[caa.Posture(posture).String()] = n
			}
		}
		s.Posture[caa.Kind(kind).String()] = counts
	}
	s.Total = w.source.expected(w.total)
	if overall := float64(s.Rows) / max(s.Elapsed, 1e-3); s.Total > s.Rows && overall > 0 {
		s.ETA = float64(s.Total-s.Rows) / overall
	}
	w.before, w.beforeT = s, now
	return s
}

// size returns the octets of all inputs, 0 if one of them is a stream.
func (s *source) size() int64 {
	total := int64(0)
	for _, in := range s.reader.Inputs() {
		info, err := os.Stat(in.Path)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// expected estimates the number of targets from the part of the input that was read; 0 means it is not known.
func (s *source) expected(size int64) int64 {
	targets, octets := s.targets.Load(), s.octets.Load()
	switch {
	case s.ended.Load():
		return targets
	case s.names > 0:
		return s.names
	case size == 0 || octets == 0:
		return 0
	default:
		return int64(float64(targets) * max(float64(size)/float64(octets), 1))
	}
}

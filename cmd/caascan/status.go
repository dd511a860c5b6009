package main

import (
	"cmp"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
)

// status is one line about a scan under way. It is also the form of the lines: keys are only ever added.
type status struct {
	Elapsed  float64                     `json:"elapsed_s"`
	Rows     int64                       `json:"rows"` // of this run
	Failed   int64                       `json:"failed"`
	InFlight int64                       `json:"in_flight"`
	Waiting  int64                       `json:"waiting"` // queries that wait for a limit
	Parked   int64                       `json:"parked"`  // names put aside until their servers have room for them
	Queries  int64                       `json:"queries"`
	Checks   int64                       `json:"checks"`       // signatures
	Strays   int64                       `json:"strays"`       // datagrams that were no reply to a query under way
	Drops    int64                       `json:"kernel_drops"` // replies lost because they came faster than they were read
	Rate     float64                     `json:"rows_per_s"`
	Total    int64                       `json:"total,omitempty"` // rows expected of this run; an estimate until the input is read
	ETA      float64                     `json:"eta_s,omitempty"` // 0: not to be told
	Posture  map[string]map[string]int64 `json:"posture"`
	Link     *linkStatus                 `json:"link,omitempty"` // while our own link loses packets
	Ended    bool                        `json:"ended"`

	Resumed    int64            `json:"resumed,omitempty"`     // rows of earlier runs that this one continues
	Committed  int64            `json:"committed"`             // rows in finished parts, those of earlier runs included: what a crash leaves
	Failures   map[string]int64 `json:"failures,omitempty"`    // rows by the failures of the column status
	WaitingFor map[string]int64 `json:"waiting_for,omitempty"` // queries, by what keeps them from leaving
	Operators  []operatorStatus `json:"operators,omitempty"`   // for whose servers most is waiting
	Phase      *phaseStatus     `json:"phase,omitempty"`       // once the first looks are over
	Surveyed   float64          `json:"surveyed,omitempty"`    // share of the zone files that was looked through, before their first name

	pace float64 // rows a second lately, smoothed
}

// linkStatus says that packets are lost at many servers at once, and what was done about it.
type linkStatus struct {
	Loss  float64 `json:"loss"`                  // share of the packets, lately
	Limit float64 `json:"limit_per_s,omitempty"` // packets a second in all
}

// operatorStatus says what waits for the servers of one operator.
type operatorStatus struct {
	Operator string  `json:"operator"`
	Queries  int     `json:"queries"`         // that wait for their turn
	Names    int     `json:"names,omitempty"` // parked until there is room for them
	Rate     float64 `json:"per_s,omitempty"` // queries a second that they get at most
}

// phaseStatus says what a scan does after the first looks at its names.
type phaseStatus struct {
	Name string  `json:"name"`
	Left int64   `json:"left"`             // names
	Wait float64 `json:"wait_s,omitempty"` // until it goes on
}

// secondLookPhase is the phase after the first looks.
const secondLookPhase = "second look"

// phased is who knows the phase that a scan is in; an empty name is that of the first looks.
type phased interface {
	Phase() (name string, left int64, wait time.Duration)
}

// pace is how many rows a second there have been lately, each second counting less the longer it is ago. The zero value is
// ready for use: it takes a second's measure as soon as there is one.
type pace struct{ rows, seconds float64 }

// paceTime is how long ago rows count for a third of what they count now.
const paceTime = 30 * time.Second

func (p *pace) add(rows int64, took time.Duration) {
	fades := math.Exp(-took.Seconds() / paceTime.Seconds())
	p.rows = p.rows*fades + float64(rows)
	p.seconds = p.seconds*fades + took.Seconds()
}

func (p *pace) perSecond() float64 {
	if p.seconds == 0 {
		return 0
	}
	return p.rows / p.seconds
}

// An ETA is told only when there is something to tell it from.
const (
	etaAfter = 5 * time.Second
	etaRows  = 100
)

// eta is how many seconds the rest will take: at the pace of late, but no less than the longest line takes at the rate of its
// operator, or than the pause before the next phase. 0: nobody can tell.
func (s *status) eta() float64 {
	left := float64(s.Total - s.Rows)
	if s.Ended || left <= 0 || s.Elapsed < etaAfter.Seconds() || s.Rows < etaRows || s.pace <= 0 {
		return 0
	}
	eta := left / s.pace
	for _, o := range s.Operators {
		if o.Rate > 0 {
			eta = max(eta, float64(o.Queries+o.Names)/o.Rate)
		}
	}
	if s.Phase != nil {
		eta = max(eta, s.Phase.Wait)
	}
	return eta
}

// count fills in what the rows say.
func (s *status) count(rows *rowCounts) {
	s.Rows, s.Committed, s.Failed = rows.Rows, rows.Kept, rows.failed()
	s.Posture = map[string]map[string]int64{}
	for kind := range rows.Posture {
		counts := map[string]int64{}
		for posture, n := range rows.Posture[kind] {
			if n > 0 {
				counts[caa.Posture(posture).String()] = n
			}
		}
		s.Posture[caa.Kind(kind).String()] = counts
	}
	for o, n := range rows.Status {
		if n > 0 && record.Outcome(o).Failed() {
			if s.Failures == nil {
				s.Failures = map[string]int64{}
			}
			s.Failures[statusWord(record.Outcome(o))] = n
		}
	}
}

// progress fills in what the scan says.
func (s *status) progress(p *scanner.Progress) {
	s.InFlight, s.Waiting, s.Parked = p.Admitted-p.Finished, p.Waiting, p.Parked
	s.Queries, s.Checks, s.Strays, s.Drops = p.Sent, p.Checks, p.Strays, p.KernelDrops
	if p.Link.Congested {
		s.Link = &linkStatus{p.Link.Loss, p.Link.Limit}
	}
	for cause, n := range p.Engine.WaitingFor {
		if n > 0 {
			if s.WaitingFor == nil {
				s.WaitingFor = map[string]int64{}
			}
			s.WaitingFor[engine.Cause(cause).String()] = int64(n)
		}
	}
}

// operators fills in whose servers have the longest lines.
func (s *status) operators(w *scanner.Waits) {
	for _, o := range w.Operators {
		s.Operators = append(s.Operators, operatorStatus{o.Operator, o.Queries, o.Names, o.Rate})
	}
}

// share is a word and how often it is met.
type share struct {
	word string
	n    int64
}

// byCount returns what a map counts, what is met most often first.
func byCount(counts map[string]int64) []share {
	shares := make([]share, 0, len(counts))
	for word, n := range maps.All(counts) {
		shares = append(shares, share{word, n})
	}
	slices.SortFunc(shares, func(a, b share) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.word, b.word)) })
	return shares
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

// expected estimates the number of rows of this run from the part of the input that was read; 0 means it is not known.
func (s *source) expected(size int64) int64 {
	targets, passed, octets := s.targets.Load(), s.passed.Load(), s.octets.Load()
	rows, again := s.resumed()
	switch {
	case s.ended.Load():
		return targets + again
	case s.names > 0:
		return max(s.names-rows, 0)
	case size == 0 || octets == 0:
		return 0
	default:
		all := int64(float64(targets+passed) * max(float64(size)/float64(octets), 1))
		return max(all-rows, targets)
	}
}

// surveyed returns the share of the input, of so many octets, that was looked through for what a zone file holds; 0 once
// there are names.
func (s *source) surveyed(size int64) float64 {
	if size == 0 || s.octets.Load() > 0 {
		return 0
	}
	return float64(s.reader.Surveyed()) / float64(size)
}

// resumed returns what earlier runs of the scan have left: rows, and names to look at again.
func (s *source) resumed() (rows, again int64) {
	if s.sink == nil || s.sink.writer == nil {
		return 0, 0
	}
	rows, again, _ = s.sink.writer.Resumed()
	return rows, again
}

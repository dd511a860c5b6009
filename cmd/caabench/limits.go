package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// limitsCmd is caabench limits: servers that bear less than the scan was told.
type limitsCmd struct {
	scanFlags
	Runs     int     `default:"3" help:"Repetitions; medians are shown."`
	Told     float64 `default:"5000" help:"Queries a second to one server that the scan is told it may send."`
	InFlight int     `default:"30000" help:"Names under way at once."`
}

// What limits must leave of a scan.
const (
	queriesAName = 1.1 // at most
	shareUsed    = 0.9 // of the rate allowed, at least
)

// Run scans servers that drop, and servers that refuse.
func (c *limitsCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, world := range []string{"drop", "refuse"} {
		var right, queries, used []float64
		for range c.Runs {
			run, err := c.once(dir, world)
			if err != nil {
				return err
			}
			fmt.Printf("  %s\n", run)
			right, queries, used = append(right, run.rightShare()), append(queries, run.queriesAName()), append(used, run.used())
		}
		cfg := farm.Worlds[world]
		fmt.Printf("%d servers that %s above %v/s, not told; %d names, medians of %d runs:\n", cfg.Servers, world, cfg.Leaf[0].Limit, cfg.Names, c.Runs)
		fmt.Printf("  %.3f %% right, target 100: %s\n", 100*median(right), verdict(median(right) == 1))
		fmt.Printf("  %.3f queries a name, target %v: %s\n", median(queries), queriesAName, verdict(median(queries) <= queriesAName))
		fmt.Printf("  %.1f %% of the rate allowed used, target %.0f: %s\n\n", 100*median(used), 100*shareUsed, verdict(median(used) >= shareUsed))
	}
	return nil
}

func (c *limitsCmd) once(dir, name string) (*politeRun, error) {
	return c.polite(dir, name, nil, "--rate-per-server", fmt.Sprint(c.Told), "--rate-per-operator", "0", "--in-flight", strconv.Itoa(c.InFlight))
}

// politeRun is a scan of servers that count what they get.
type politeRun struct {
	world   *farm.World
	tally   tally
	seconds float64
	report  farm.Report

	got, limited, needed int           // queries to leaf servers
	span                 time.Duration // from the first packet to the last
	peak                 int           // most packets that one server got in any second
}

// polite scans a world and brings together what both sides know of it.
func (f *scanFlags) polite(dir, name string, change func(*farm.Config), flags ...string) (*politeRun, error) {
	server, err := startFarm(dir, name, 0, change)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	out, _, rows, err := f.scan(server, measuredCore, nil, append([]string{"--with", "none", "--dnssec", "off"}, flags...)...)
	if err != nil {
		return nil, err
	}
	run := &politeRun{world: server.world, seconds: out.seconds}
	if run.tally, err = checkRows(rows, server.world, false); err != nil {
		return nil, err
	}
	if run.report, err = server.report(); err != nil {
		return nil, err
	}
	var first, last time.Time
	for i := range run.report.Servers {
		s := &run.report.Servers[i]
		run.peak = max(run.peak, s.Peak)
		if s.Leaf {
			run.got, run.limited, run.needed = run.got+s.Got, run.limited+s.Limited, run.needed+needed(s)
		}
		if !s.First.IsZero() && (first.IsZero() || s.First.Before(first)) {
			first = s.First
		}
		if s.Last.After(last) {
			last = s.Last
		}
	}
	run.span = last.Sub(first)
	return run, nil
}

// needed is how many queries a scan must send to a server of leaf zones: one for each name, and one for each apex, to
// which the climb goes on, where that is not a name of the list itself.
func needed(s *farm.ServerReport) int {
	if s.Zones == s.Names {
		return s.Names
	}
	return s.Names + s.Zones
}

func (r *politeRun) names() int          { return r.world.Config().Names }
func (r *politeRun) rightShare() float64 { return float64(r.tally.right) / float64(r.names()) }

// queriesAName is how many queries went to leaf servers for each name, those for what the names share not counted.
func (r *politeRun) queriesAName() float64 {
	return float64(r.got-(r.needed-r.names())) / float64(r.names())
}

// bound is the least time that the scan can take if each leaf server gets at most so many queries a second.
func (r *politeRun) bound(limit float64) time.Duration {
	most := 0
	for _, s := range r.report.Leaves() {
		most = max(most, needed(&s))
	}
	return time.Duration(float64(most) / limit * float64(time.Second))
}

// used is the share of the allowed rate that the scan used, by its whole time: what had to be sent to each server over
// what could have been, on average.
func (r *politeRun) used() float64 {
	limit := r.world.Config().Leaf[0].Limit
	return float64(r.needed) / (limit * float64(len(r.report.Leaves())) * r.span.Seconds())
}

// String is one line about the run.
func (r *politeRun) String() string {
	return fmt.Sprintf("%d right, %d unanswered, %d wrong, %d lost; %d packets to leaf servers, %d needed, %d beyond limits; at most %d in a second; %.1f s",
		r.tally.right, r.tally.unanswered, r.tally.wrong, r.tally.lost(r.names()), r.got, r.needed, r.limited, r.peak, r.span.Seconds())
}

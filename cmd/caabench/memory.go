package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// memoryCmd is caabench memory: what a name takes while its answer is awaited.
type memoryCmd struct {
	scanFlags
	InFlight []int           `default:"1000000,2000000" help:"Names in flight at once."`
	Delay    []time.Duration `default:"3s,10s" help:"After which the servers answer, for each of them."`
	Few      int             `default:"2000" help:"Names in flight of the scan that shows what caascan takes besides."`
}

// octetsAName is the most that a name in flight may take beyond the fixed memory.
const octetsAName = 400

// Run scans the same names with few and with many in flight.
func (c *memoryCmd) Run() error {
	if len(c.Delay) != len(c.InFlight) {
		return fmt.Errorf("%d delays for %d numbers of names", len(c.Delay), len(c.InFlight))
	}
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("the servers hold their answers back until all names of the list are in flight, and for the delay at least\n\n")
	for i, inFlight := range c.InFlight {
		few, err := c.run(dir, inFlight, c.Few, 0)
		if err != nil {
			return err
		}
		many, err := c.run(dir, inFlight, inFlight, c.Delay[i])
		if err != nil {
			return err
		}
		perName := (many.peak - few.peak) / float64(inFlight)
		if i == 0 {
			fmt.Printf("%.0f octets a name in flight beyond the fixed memory, target %d: %s\n", perName, octetsAName, verdict(perName <= octetsAName))
		} else {
			fmt.Printf("%.0f octets a name in flight beyond the fixed memory\n", perName)
		}
		fmt.Printf("  %d names in flight, answers after %v: peak %.0f MiB, %.0f octets a name all told; %d in flight: peak %.0f MiB\n",
			inFlight, c.Delay[i], many.peak/(1<<20), many.peak/float64(inFlight), c.Few, few.peak/(1<<20))
		fmt.Printf("  %d questions were open at once at the servers; %d queries, %d of them repetitions (%s); %d rows, all right\n",
			many.open, many.queries, many.retries, verdict(many.retries == 0), inFlight)
		fmt.Printf("  collector: %d runs, longest pause %.2f ms, %.1f %% of the CPU; %.1f s user, %.1f s system, %.0f s in all\n\n",
			many.gc.runs, many.gc.pause, many.gc.share, many.user, many.system, many.seconds)
	}
	return nil
}

// memoryRun is one scan for caabench memory.
type memoryRun struct {
	result
	open, queries, retries int
	gc                     collector
}

func (c *memoryCmd) run(dir string, names, inFlight int, delay time.Duration) (m memoryRun, err error) {
	server, err := startFarm(dir, "leaf", 0, func(cfg *farm.Config) {
		cfg.Names = names
		if delay > 0 {
			cfg.Leaf, cfg.Hold = []farm.Behaviour{{Delay: farm.Duration(delay)}}, names
		}
	})
	if err != nil {
		return m, err
	}
	defer server.stop()
	out, status, rows, err := c.scan(server, measuredCore, []string{"GODEBUG=gctrace=1"}, append(c.unlimited(), "--in-flight", strconv.Itoa(inFlight),
		"--timeout", "2m", "--with", "none", "--dnssec", "off")...)
	if err != nil {
		return m, err
	}
	if err := whole(rows, names, status, false, nil, false); err != nil {
		return m, err
	}
	t, err := checkRows(rows, server.world, false)
	if err != nil {
		return m, err
	}
	if t.right != names {
		return m, fmt.Errorf("%d of %d rows are right", t.right, names)
	}
	report, err := server.report()
	return memoryRun{result: out, open: report.Most, queries: status.Queries, retries: t.retries, gc: readCollector(out.stderr)}, err
}

// collector is what the garbage collector did.
type collector struct {
	runs  int
	pause float64 // the longest in which the world stood still, in milliseconds
	share float64 // of the CPU since the start, in per cent
}

// readCollector reads the lines of GODEBUG=gctrace=1 (package runtime):
//
//	gc 7 @1.234s 3%: 0.026+12+0.10 ms clock, ...
//
// of whose three times the first and the last are pauses.
func readCollector(log []byte) (c collector) {
	for line := range bytes.Lines(log) {
		words := strings.Fields(string(line))
		if len(words) < 5 || words[0] != "gc" || !strings.HasPrefix(words[2], "@") {
			continue
		}
		c.runs++
		if share, err := strconv.ParseFloat(strings.TrimSuffix(words[3], "%:"), 64); err == nil {
			c.share = share
		}
		times := strings.Split(words[4], "+")
		for _, at := range []int{0, len(times) - 1} {
			if pause, err := strconv.ParseFloat(times[at], 64); err == nil {
				c.pause = max(c.pause, pause)
			}
		}
	}
	return c
}

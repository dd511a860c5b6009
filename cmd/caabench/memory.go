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
	Pace     int             `default:"50000" help:"Answers a second that leave once all names are in flight: what the measured core can take in."`
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
	fmt.Printf("the servers hold their answers back until all names of the list are in flight, for the delay at least, and answer %d in a second\n\n", c.Pace)
	for i, inFlight := range c.InFlight {
		few, err := c.run(dir, memoryWorld{names: inFlight}, c.Few)
		if err != nil {
			return err
		}
		many, err := c.run(dir, memoryWorld{names: inFlight, delay: c.Delay[i], hold: inFlight, pace: c.Pace}, inFlight)
		if err != nil {
			return err
		}
		perName := (many.peak - few.peak) / float64(inFlight)
		fmt.Printf("%d names in flight, answers after %v: %.0f octets a name beyond the fixed memory", inFlight, c.Delay[i], perName)
		if i == 0 {
			fmt.Printf(", target %d: %s", octetsAName, verdict(perName <= octetsAName))
		}
		fmt.Printf("\n  peak %.0f MiB, %.0f octets a name all told; with %d in flight: peak %.0f MiB\n",
			many.peak/(1<<20), many.peak/float64(inFlight), c.Few, few.peak/(1<<20))
		many.print(inFlight)
		if i == 0 {
			free, err := c.run(dir, memoryWorld{names: inFlight, delay: c.Delay[i]}, inFlight)
			if err != nil {
				return err
			}
			fmt.Printf("  the same without holding anything back: peak %.0f MiB\n", free.peak/(1<<20))
			free.print(inFlight)
		}
		fmt.Println()
	}
	return nil
}

// timeout is how long the scan waits for a reply: longer than any is held back, but what is lost must not cost minutes.
func (w *memoryWorld) timeout() time.Duration {
	if w.hold > 0 {
		return 2 * time.Minute
	}
	return w.delay + 20*time.Second
}

// print shows what a run was like.
func (m *memoryRun) print(names int) {
	fmt.Printf("    %d questions open at once at the servers; %d queries, %d of them repetitions (%s), %d replies lost before they were read; %d rows, all right\n",
		m.open, m.queries, m.retries, verdict(m.retries == 0), m.drops, names)
	fmt.Printf("    collector: %d runs, longest pause %.2f ms, %.1f %% of the CPU; %.1f s user, %.1f s system, %.0f s in all\n",
		m.gc.runs, m.gc.pause, m.gc.share, m.user, m.system, m.seconds)
}

// memoryWorld is the world of one scan: leaves, their delay, and farm.Config.Hold and Pace.
type memoryWorld struct {
	names      int
	delay      time.Duration
	hold, pace int
}

// memoryRun is one scan for caabench memory.
type memoryRun struct {
	result
	open, queries, retries, drops int
	gc                            collector
}

func (c *memoryCmd) run(dir string, w memoryWorld, inFlight int) (m memoryRun, err error) {
	names := w.names
	server, err := startFarm(dir, "leaf", 0, func(cfg *farm.Config) {
		cfg.Names, cfg.Hold, cfg.Pace = names, w.hold, w.pace
		cfg.Leaf = []farm.Behaviour{{Delay: farm.Duration(w.delay)}}
	})
	if err != nil {
		return m, err
	}
	defer server.stop()
	out, status, rows, err := c.scan(server, measuredCore, []string{"GODEBUG=gctrace=1"}, append(c.unlimited(), "--in-flight", strconv.Itoa(inFlight),
		"--timeout", w.timeout().String(), "--with", "none", "--dnssec", "off")...)
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
	return memoryRun{result: out, open: report.Most, queries: status.Queries, retries: t.retries, drops: status.Drops, gc: readCollector(out.stderr)}, err
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

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// speedCmd is caabench speed: what a name costs, as a multiple of what it costs at least.
type speedCmd struct {
	scanFlags
	Runs     int      `default:"5" help:"Repetitions; medians are shown."`
	InFlight int      `default:"2000" help:"Names, and the floor's exchanges, under way at once."`
	Scale    float64  `default:"1" help:"Part of the names of each world to use."`
	Only     []string `placeholder:"WORLD" help:"Rows to measure, by the names of their worlds: leaf, iterative, insecure, signed (default: all)."`
	Verbose  bool     `short:"v" help:"Show each run."`
}

// work is a row of the table: what is done, and its yardstick.
type work struct {
	world, title string
	dnssec       string  // --dnssec
	exchanges    float64 // a name
	checks       float64 // signatures a name
	target       float64 // multiple of the yardstick
}

// works are the rows of the table. The yardstick of a name is exchanges floors and checks verifications.
var works = []work{
	{"leaf", "delegations cached, one exchange a name", "off", 1, 0, 1.25},
	{"iterative", "cold, unsigned, two exchanges a name", "off", 2, 0, 1.6},
	{"insecure", "cold, validated: insecure by an NSEC of its own", "full", 2, 1, 1.3},
	{"signed", "cold, validated: every zone signed, NODATA proven", "full", 3, 3, 1.15},
}

func (w *work) yardstick() string {
	text := "floor"
	if w.exchanges != 1 {
		text = fmt.Sprintf("%.0f floors", w.exchanges)
	}
	switch w.checks {
	case 0:
		return text
	case 1:
		return "1 check + " + text
	}
	return fmt.Sprintf("%.0f checks + %s", w.checks, text)
}

// measure is one run of a row: CPU in µs, a name or an exchange.
type measure struct {
	floor, floorUser    float64
	user, system        float64 // of the scan, a name
	standard, ours      float64 // the checks of a name, by crypto/ecdsa and by package algorithm
	seconds             float64
	queries, signatures float64 // a name
}

func (m *measure) cpu() float64 { return m.user + m.system }

func (m *measure) ratio(w *work) float64 { return m.cpu() / (w.exchanges*m.floor + m.standard) }

func (m *measure) ratioToOurs(w *work) float64 { return m.cpu() / (w.exchanges*m.floor + m.ours) }

// Run measures the rows and prints the table.
func (c *speedCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("servers on core %d, the measured process on core %d; CPU is user and system of the whole process; %d runs, medians\n",
		serverCore, measuredCore, c.Runs)
	var lines []string
	for i := range works {
		w := &works[i]
		if len(c.Only) > 0 && !slices.Contains(c.Only, w.world) {
			continue
		}
		runs, names, err := c.row(dir, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.world, err)
		}
		lines = append(lines, w.line(runs, names))
	}
	fmt.Printf("\n%-7s%-8s%-8s%-11s%-50s%-20s%9s%9s%9s%9s%9s%8s\n", "ratio", "target", "", "world", "work", "yardstick",
		"µs/name", "user", "system", "floor", "names/s", "to own")
	fmt.Println(strings.Join(lines, "\n"))
	fmt.Println("\na check is one verification of P-256 by crypto/ecdsa; \"to own\" is the ratio with package algorithm's own instead, with a\n" +
		"fresh key for each zone. All rows were written as Parquet, counted, and in one run of each row held against the truth.")
	return nil
}

// line is the row as it is printed.
func (w *work) line(runs []measure, names int) string {
	of := func(value func(*measure) float64) float64 {
		values := make([]float64, len(runs))
		for i := range runs {
			values[i] = value(&runs[i])
		}
		return median(values)
	}
	ratio := of(func(m *measure) float64 { return m.ratio(w) })
	return fmt.Sprintf("%-7.2f%-8.2f%-8s%-11s%-50s%-20s%9.2f%9.2f%9.2f%9.2f%9.0f%8.2f", ratio, w.target, verdict(ratio <= w.target), w.world, w.title, w.yardstick(),
		of((*measure).cpu), of(func(m *measure) float64 { return m.user }), of(func(m *measure) float64 { return m.system }),
		of(func(m *measure) float64 { return m.floor }), of(func(m *measure) float64 { return float64(names) / m.seconds }),
		of(func(m *measure) float64 { return m.ratioToOurs(w) }))
}

// row measures one row: floor, verification and scan in turns.
func (c *speedCmd) row(dir string, w *work) (runs []measure, names int, err error) {
	const packets = 50_000
	server, err := startFarm(dir, w.world, packets, func(cfg *farm.Config) { cfg.Names = max(int(float64(cfg.Names)*c.Scale), cfg.Zones, cfg.Servers) })
	if err != nil {
		return nil, 0, err
	}
	defer server.stop()
	names = server.world.Config().Names
	for run := range c.Runs {
		m, err := c.once(server, w, names, run == 0)
		if err != nil {
			return nil, 0, err
		}
		if c.Verbose {
			fmt.Printf("%-11sratio %.2f: %.2f µs a name (user %.2f, system %.2f), %.2f exchanges and %.2f checks; floor %.2f (user %.2f), checks %.2f or %.2f; %.1f s\n",
				w.world, m.ratio(w), m.cpu(), m.user, m.system, m.queries, m.signatures, m.floor, m.floorUser, m.standard, m.ours, m.seconds)
		}
		runs = append(runs, m)
	}
	report, err := server.report()
	if err != nil {
		return nil, 0, err
	}
	if report.Drops > 0 {
		return nil, 0, fmt.Errorf("%d queries did not reach the servers: the machine is too busy", report.Drops)
	}
	return runs, names, nil
}

// once is one run of a row. The rows it brings are held against the truth if check.
func (c *speedCmd) once(server *server, w *work, names int, check bool) (m measure, err error) {
	const micro = 1e6
	floor, err := runPart[usageReport]("floor", server.packets(), "--port", server.port, "--exchanges", strconv.Itoa(max(100_000, min(names, 500_000))),
		"--window", strconv.Itoa(c.InFlight))
	if err != nil {
		return m, err
	}
	if floor.Lost > 0 {
		return m, fmt.Errorf("the floor lost %d of %d packets", floor.Lost, floor.Exchanges)
	}
	m.floorUser = floor.User / float64(floor.Exchanges) * micro
	m.floor = m.floorUser + floor.System/float64(floor.Exchanges)*micro
	if w.checks > 0 {
		verify, err := runPart[verifyReport]("verify")
		if err != nil {
			return m, err
		}
		m.standard = w.checks * verify.Standard * micro
		m.ours = (verify.Warm + (w.checks-1)*verify.Fresh) * micro // the first is by the key of a top-level domain
	}
	out, status, rows, err := c.scan(server, measuredCore, nil, append(c.unlimited(), "--in-flight", strconv.Itoa(c.InFlight), "--timeout", "10s",
		"--with", "none", "--dnssec", w.dnssec)...)
	if err != nil {
		return m, err
	}
	if err := whole(rows, names, status, check, server.world, w.dnssec == "full"); err != nil {
		return m, err
	}
	m.user, m.system, m.seconds = out.user/float64(names)*micro, out.system/float64(names)*micro, out.seconds
	m.queries, m.signatures = float64(status.Queries)/float64(names), float64(status.Checks)/float64(names)
	return m, nil
}

// whole reports rows that are missing, failed or, with check, wrong.
func whole(out string, names int, status scanStatus, check bool, world *farm.World, validated bool) error {
	rows, err := countRows(out)
	if err != nil {
		return err
	}
	if rows != names || status.Rows != names || status.Failed > 0 {
		return fmt.Errorf("%d of %d names have rows, %d of them failed", rows, names, status.Failed)
	}
	if !check {
		return nil
	}
	t, err := checkRows(out, world, validated)
	if err == nil && t.right != names {
		err = fmt.Errorf("%d of %d rows are right, %d are wrong", t.right, names, t.wrong)
	}
	return err
}

// runPart runs another command of this program on the measured core, which says itself what it took.
func runPart[T any](command ...string) (report T, err error) {
	out, err := onCore(measuredCore, append([]string{self()}, command...)...)
	return report, cmp.Or(err, json.Unmarshal(out.stdout, &report))
}

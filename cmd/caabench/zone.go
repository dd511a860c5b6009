package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/caascan/caascan/datasets"
)

// zoneCmd is caabench zone: what reading a large zone file takes.
type zoneCmd struct {
	scanFlags
	Size int64    `default:"2000000000" help:"Octets of the zone file."`
	Slow int64    `default:"16" help:"The general parser gets a zone smaller by this factor."`
	Seed uint64   `default:"1" help:"What the zone holds."`
	Runs int      `default:"3" help:"Repetitions; medians are shown."`
	Only []string `placeholder:"FORM" help:"Forms to read: full, gzip, pipe, shuffled, small, tables, abbreviated (default: all)."`
	Dir  string   `placeholder:"DIR" help:"Where the files are for the time (default: that for temporary files)."`
	Scan float64  `default:"0.25" help:"Size of the scan that the reader is compared with, as a part of caabench speed's; 0 for none."`
}

// zoneRow is a row of the table.
type zoneRow struct {
	name, title string
	form        zoneForm
	small       bool // by zoneCmd.Slow
	packed      bool // with gzip
	pipe        bool
	tables      bool // all delegations are kept, as a scan does to spare the zone's servers
}

var zoneRows = []zoneRow{
	{name: "full", title: "a record a line, in order"},
	{name: "gzip", title: "the same, gzip", packed: true},
	{name: "pipe", title: "the same, through a pipe: read once", pipe: true},
	{name: "shuffled", title: "a record a line, in no order", form: shuffled},
	{name: "small", title: "a record a line, in order, small", small: true},
	{name: "tables", title: "the same, all delegations kept", small: true, tables: true},
	{name: "abbreviated", title: "the same zone, small, as BIND writes it", small: true, form: abbreviated},
}

// zoneReadReport is what a process that has read a zone file says on stdout, as JSON.
type zoneReadReport struct {
	Targets int64   `json:"targets"`
	Lines   int64   `json:"lines"`
	Bad     int64   `json:"bad"`
	Signed  int     `json:"signed"` // targets with a DS record
	Glued   int     `json:"glued"`  // servers with addresses
	Whole   int     `json:"whole"`  // targets of which the file is known to hold no more
	First   float64 `json:"first_s"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_s"`
	Peak    float64 `json:"peak"` // largest resident set, in octets
}

// Run generates the files and has each read.
func (c *zoneCmd) Run() error {
	dir, err := os.MkdirTemp(c.Dir, "caabench-zone-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("a zone like com, %d octets (small: a %dth); each read by a process of its own on core %d; %d runs, medians; CPU is user and system\n",
		c.Size, c.Slow, measuredCore, c.Runs)
	fmt.Printf("yardstick: SHA-256 of the same file and where its lines end, once (of gzip: and unpacked), measured in turn with the reader\n\n")
	fmt.Printf("%-12s%-41s%8s%9s%9s%9s%9s%7s%9s%9s%9s%8s%9s\n", "form", "", "MB", "names", "lines", "CPU s", "names/s", "MB/s", "ns/line", "ns/name", "peak MiB", "first s", "× yard")
	full := 0.0
	for i := range zoneRows {
		row := &zoneRows[i]
		if len(c.Only) > 0 && !slices.Contains(c.Only, row.name) {
			continue
		}
		cost, err := c.row(dir, row)
		if err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
		if row.name == "full" {
			full = cost
		}
	}
	if c.Scan > 0 && full > 0 {
		return c.compare(dir, full)
	}
	return nil
}

// row measures a form. It returns the CPU that a name took, in seconds.
func (c *zoneCmd) row(dir string, row *zoneRow) (perName float64, err error) {
	path := filepath.Join(dir, "zone")
	totals, err := c.generate(path, row)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	var cpu, seconds, first, peak, ratio []float64
	var flags []string
	if row.tables {
		flags = []string{"--tables"}
	}
	for range c.Runs {
		yard, err := c.read(path, row, "--yardstick")
		if err != nil {
			return 0, err
		}
		r, err := c.read(path, row, flags...)
		if err != nil {
			return 0, err
		}
		if err := totals.check(&r, row); err != nil {
			return 0, err
		}
		cpu, seconds, first, peak = append(cpu, r.CPU), append(seconds, r.Seconds), append(first, r.First), append(peak, r.Peak)
		ratio = append(ratio, r.CPU/yard.CPU)
	}
	t, s := median(cpu), median(seconds)
	fmt.Printf("%-12s%-41s%8.0f%9d%9d%9.2f%9.0f%7.0f%9.0f%9.0f%9.0f%8.2f%9.2f\n", row.name, row.title, float64(info.Size())/1e6, totals.Names, totals.Lines,
		t, float64(totals.Names)/s, float64(totals.Octets)/1e6/s, t*1e9/float64(totals.Lines), t*1e9/float64(totals.Names), median(peak)/(1<<20), median(first), median(ratio))
	return t / float64(totals.Names), nil
}

// generate writes the file of a row.
func (c *zoneCmd) generate(path string, row *zoneRow) (totals zoneTotals, err error) {
	size := c.Size
	if row.small {
		size /= c.Slow
	}
	zone, err := sizedZoneText(size, c.Seed)
	if err != nil {
		return totals, err
	}
	file, err := os.Create(path)
	if err != nil {
		return totals, err
	}
	to := io.WriteCloser(file)
	if row.packed {
		to = gzip.NewWriter(file)
	}
	if totals, err = zone.write(to, row.form); err == nil && row.packed {
		err = to.Close()
	}
	return totals, errors.Join(err, file.Close())
}

// read has a file read by a process.
func (c *zoneCmd) read(path string, row *zoneRow, flags ...string) (report zoneReadReport, err error) {
	command := append([]string{self(), "zone-read", path}, flags...)
	if row.pipe { // cat takes its CPU beside the reader's
		command = []string{"sh", "-c", `cat "$2" | "$1" zone-read - $3`, "sh", self(), path, strings.Join(flags, " ")}
	}
	out, err := onCore(measuredCore, command...)
	if err != nil {
		return report, err
	}
	return report, json.Unmarshal(out.stdout, &report)
}

// check holds what was read against what was written.
func (t *zoneTotals) check(r *zoneReadReport, row *zoneRow) error {
	whole, glued := t.Names, t.Glued
	if row.pipe || row.form == shuffled {
		whole = 0
	}
	if row.pipe { // glue that comes after its name has left the window is not there
		glued = min(glued, r.Glued)
	}
	if int(r.Targets) != t.Names || int(r.Lines) != t.Lines || r.Bad > 0 || r.Signed != t.Signed || r.Glued != glued || r.Whole != whole {
		return fmt.Errorf("read %+v, written %+v", *r, *t)
	}
	return nil
}

// compare says what part of a scan's CPU the reader is: of the cheapest that there is, one exchange a name.
func (c *zoneCmd) compare(dir string, perName float64) error {
	speed := speedCmd{scanFlags: c.scanFlags, Runs: c.Runs, InFlight: 2000, Scale: c.Scan}
	runs, names, err := speed.row(dir, &works[0])
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	var cpu []float64
	for i := range runs {
		cpu = append(cpu, runs[i].cpu())
	}
	scan := median(cpu) / 1e6
	fmt.Printf("\na scan with %s (%d names): %.2f µs a name; the reader of \"full\", both times it reads: %.2f µs, %.1f %% of that\n",
		works[0].title, names, scan*1e6, perName*1e6, 100*perName/scan)
	return nil
}

// zoneReadCmd is caabench zone-read: reads a zone file and says what that took.
type zoneReadCmd struct {
	Path      string `arg:"" help:"The file, - for stdin."`
	Yardstick bool   `help:"Only hash the file, unpack it and find its lines."`
	Tables    bool   `help:"Keep all delegations, as far as there is room."`
	Profile   string `placeholder:"FILE" help:"Write a CPU profile."`
}

// Run reads the file.
func (c *zoneReadCmd) Run() error {
	stop, err := profile(c.Profile)
	if err != nil {
		return err
	}
	var report zoneReadReport
	started := time.Now()
	if c.Yardstick {
		err = report.readLines(c.Path)
	} else {
		err = report.readTargets(c.Path, c.Tables, started)
	}
	report.Seconds = time.Since(started).Seconds()
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	usage := rusage()
	report.CPU = seconds(usage.Utime) + seconds(usage.Stime)
	if report.Peak, err = peakOf("self"); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

// readTargets reads all targets, as a scan does.
func (report *zoneReadReport) readTargets(path string, tables bool, started time.Time) error {
	cfg := datasets.Config{Format: datasets.ZoneFile}
	if tables {
		cfg.Tables = datasets.DefaultTables
	}
	r, err := datasets.Open([]string{path}, cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		batch, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if report.First == 0 {
			report.First = time.Since(started).Seconds()
		}
		for i := range batch {
			d := batch[i].Delegation
			if d == nil {
				continue
			}
			if len(d.DS) > 0 {
				report.Signed++
			}
			if d.Whole {
				report.Whole++
			}
			for k := range d.Servers {
				if d.Servers[k].Addrs != nil {
					report.Glued++
				}
			}
		}
	}
	in := r.Inputs()[0]
	report.Targets, report.Lines, report.Bad = in.Targets, in.Lines, in.Rejects
	return nil
}

// readLines does what no reader can avoid.
func (report *zoneReadReport) readLines(path string) error {
	file := os.Stdin
	if path != "-" {
		var err error
		if file, err = os.Open(path); err != nil {
			return err
		}
		defer file.Close()
	}
	hash := sha256.New()
	stored := bufio.NewReaderSize(io.TeeReader(file, hash), 64<<10)
	text := io.Reader(stored)
	if head, _ := stored.Peek(2); bytes.Equal(head, []byte("\x1f\x8b")) {
		unpacked, err := gzip.NewReader(stored)
		if err != nil {
			return err
		}
		text = unpacked
	}
	lines := bufio.NewReaderSize(text, 64<<10)
	for {
		if _, err := lines.ReadSlice('\n'); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		report.Lines++
	}
}

// profile writes a CPU profile to a file until the function it returns is called; "" for none.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// zoneWriteCmd is caabench zone-write: writes what caabench zone reads, for a look at it.
type zoneWriteCmd struct {
	Path string `arg:"" help:"The file."`
	Form string `default:"full" help:"As --only of caabench zone."`
	Size int64  `default:"100000000" help:"Octets."`
	Seed uint64 `default:"1" help:"What the zone holds."`
}

// Run writes the file.
func (c *zoneWriteCmd) Run() error {
	at := slices.IndexFunc(zoneRows, func(r zoneRow) bool { return r.name == c.Form })
	if at < 0 {
		return fmt.Errorf("there is no form %q", c.Form)
	}
	of := zoneCmd{Size: c.Size, Slow: 1, Seed: c.Seed}
	totals, err := of.generate(c.Path, &zoneRows[at])
	return cmp.Or(err, json.NewEncoder(os.Stdout).Encode(totals))
}

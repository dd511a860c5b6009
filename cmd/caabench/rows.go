package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/caascan/caascan/output"
)

// rowsCmd is caabench rows: what caareport takes for scans of millions of names.
type rowsCmd struct {
	Caareport string  `default:"bin/caareport" help:"The caareport to measure."`
	Millions  []int64 `default:"1,5,20" help:"Rows of domains, in millions, of each report."`
	Made      int64   `default:"20" help:"Rows that are made up, in millions; a report on more gets them several times."`
	Seed      uint64  `default:"1" help:"What the rows hold."`
	Memory    string  `default:"1GiB" help:"DuckDB's limit."`
	Dir       string  `placeholder:"DIR" help:"Where the rows are for the time, or were left by --keep (default: that for temporary files)."`
	Keep      bool    `help:"Leave them there."`
}

// The targets: for the largest, and the ratio of the times a million rows between the largest and the smallest of five million and more.
const (
	rowsSeconds = 60
	rowsMemory  = 2 << 30
	rowsFlat    = 1.3
)

// Run makes the largest scan, of parts of a million rows, and reports on its first parts.
func (c *rowsCmd) Run() error {
	dir := filepath.Join(c.Dir, "rows")
	if c.Dir == "" {
		made, err := os.MkdirTemp("", "caabench-rows-")
		if err != nil {
			return err
		}
		dir = made
	}
	if !c.Keep {
		defer os.RemoveAll(dir)
	}
	slices.Sort(c.Millions)
	largest := min(c.Made, c.Millions[len(c.Millions)-1]) * 1_000_000
	whole := filepath.Join(dir, "whole")
	if m, err := output.ReadManifest(whole); err != nil || m.Totals.Rows != largest || m.State != output.Complete {
		started := time.Now()
		if err := newMadeUp(c.Seed).writeScan(context.Background(), whole, largest); err != nil {
			return err
		}
		fmt.Printf("%d rows made up in %v\n", largest, time.Since(started).Round(time.Second))
	}
	fmt.Printf("caareport report, all cores, DuckDB limited to %s; yardstick: SHA-256 of the same files, which is part of the report, too\n\n", c.Memory)
	fmt.Printf("%10s%10s%12s%10s%10s%12s%10s%10s\n", "rows", "MB", "octets/row", "seconds", "CPU s", "s/million", "peak MiB", "× yard")
	var perMillion []float64
	var last result
	for _, millions := range c.Millions {
		scan, octets, err := firstParts(whole, filepath.Join(dir, fmt.Sprint(millions)), millions*1_000_000)
		if err != nil {
			return err
		}
		yard, err := onCore(anyCore, "sh", "-c", "sha256sum "+scan+"/*/* >/dev/null")
		if err != nil {
			return err
		}
		if last, err = onCore(anyCore, c.Caareport, "report", scan, "--memory", c.Memory, "--out", filepath.Join(dir, "report.html"), "--csv", filepath.Join(dir, "csv")); err != nil {
			return err
		}
		perMillion = append(perMillion, last.seconds/float64(millions))
		fmt.Printf("%10d%10.0f%12.1f%10.1f%10.1f%12.2f%10.0f%10.1f\n", millions*1_000_000, octets/1e6, octets/float64(millions)/1e6,
			last.seconds, last.user+last.system, last.seconds/float64(millions), last.peak/(1<<20), last.seconds/yard.seconds)
	}
	flat := perMillion[len(perMillion)-1] / perMillion[min(1, len(perMillion)-1)]
	fmt.Printf("\nlargest: %.1f s, target %d: %s; peak %.0f MiB, target %d: %s; a million rows of the largest costs %.2f of one of the second, target %.1f: %s\n",
		last.seconds, rowsSeconds, verdict(last.seconds <= rowsSeconds), last.peak/(1<<20), rowsMemory>>20, verdict(last.peak <= rowsMemory), flat, rowsFlat, verdict(flat <= rowsFlat))
	return nil
}

// firstParts makes a scan of the first parts of another, by links, with so many rows of domains; where there are not so many, all parts come
// again, under other names. It returns the octets of all its parts.
func firstParts(from, to string, rows int64) (scan string, octets float64, err error) {
	m, err := output.ReadManifest(from)
	if err != nil {
		return "", 0, err
	}
	if err := os.RemoveAll(to); err != nil {
		return "", 0, err
	}
	parts, have := m.Parts, int64(0)
	m.Parts = nil
	for round := 0; have < rows; round++ {
		for _, part := range parts {
			if have >= rows && part.Table != "nameservers" || round > 0 && part.Table == "nameservers" {
				continue
			}
			original := filepath.Join(from, filepath.FromSlash(part.File))
			part.File = fmt.Sprintf("%s/%d-%s", part.Table, round, path.Base(part.File))
			link := filepath.Join(to, filepath.FromSlash(part.File))
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				return "", 0, err
			}
			if err := os.Link(original, link); err != nil {
				return "", 0, err
			}
			m.Parts = append(m.Parts, part)
			octets += float64(part.Bytes)
			if part.Table == "domains" {
				have += part.Rows
			}
		}
	}
	m.Totals.Rows, m.Totals.Lines = have, have
	content, err := json.Marshal(m)
	if err != nil {
		return "", 0, err
	}
	return to, octets, os.WriteFile(filepath.Join(to, "manifest.json"), content, 0o644)
}

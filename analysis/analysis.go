// Package analysis answers questions from what scans have measured. It reads scan directories with DuckDB, which works on data
// larger than memory, and changes nothing in them.
//
//	Open        finds the scans in the places given, holds their parts against their manifests, and makes views of them
//	Questions   are SQL files (questions/*.sql), one a question, each with the text that a reader needs beside its tables
//	Ask         runs one: tables with numerators, denominators, shares, what is unknown, and intervals where the names are a sample
//	Table       is what comes of it: text, CSV, JSON, Parquet; package page makes a page of many
//
// Besides questions there are passes over the evidence itself. What a CA may issue is decided by package caa only, on the evidence
// that a scan has stored: packages impact (two rules, one scan) and compare (one rule, two scans). Package archive makes scans of what other tools
// have measured.
//
// A failed look-up is never counted as "no CAA": it is in no denominator of a share of names with CAA, and stands beside it as unknown.
package analysis

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// Options say how DuckDB may work. The zero value works.
type Options struct {
	Memory  int64  // limit of what it holds at once, in octets; default DefaultMemory. What is more goes to Temp
	Threads int    // default: one a processor
	Temp    string // directory for what does not fit; default that of the system
	Trust   bool   // the parts are not held against their SHA-256, only against their size
	Round   string // identifier of a scan: then the questions are about its round; default the newest
}

// DefaultMemory leaves room for the rest of the process within two gigabytes.
const DefaultMemory = 1 << 30

// Data are scans that are open for questions.
type Data struct {
	Rounds []Round // by the time at which they began

	db       *sql.DB
	temp     string
	verified bool // the parts have been held against their SHA-256
	now      int  // index in Rounds of the one that the questions are about

	filled map[string]bool // columns of domains that were looked at: whether any name has a value; by Ask

	changed  sync.Mutex // while rounds are compared
	compared bool       // the tables of Changes are there; under changed
}

//go:embed sql questions
var files embed.FS

// Open finds the scans in the places given, which are directories, or patterns of such. Of a place that is none itself all scans
// below are meant. Nothing is written there. Errors name the scan and the file.
func Open(ctx context.Context, places []string, opt Options) (*Data, error) {
	scans, err := find(places)
	if err != nil {
		return nil, err
	}
	for i := range scans {
		if err := scans[i].check(ctx, !opt.Trust); err != nil {
			return nil, err
		}
	}
	d := &Data{Rounds: rounds(scans), filled: map[string]bool{}, verified: !opt.Trust}
	d.now = len(d.Rounds) - 1
	if opt.Round != "" {
		if d.now = roundOf(d.Rounds, opt.Round); d.now < 0 {
			return nil, fmt.Errorf("no scan %q in %q", opt.Round, places)
		}
	}
	if err := d.open(ctx, opt); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// open starts DuckDB on a file of its own, so that what does not fit into memory has a place, and makes the views.
func (d *Data) open(ctx context.Context, opt Options) error {
	var err error
	if d.temp, err = os.MkdirTemp(opt.Temp, "caareport-*"); err != nil {
		return err
	}
	connector, err := duckdb.NewConnector(filepath.Join(d.temp, "work.duckdb"), nil)
	if err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	d.db = sql.OpenDB(connector)
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	if opt.Threads <= 0 {
		opt.Threads = runtime.GOMAXPROCS(0)
	}
	settings := map[string]any{"Memory": fmt.Sprintf("%dKiB", opt.Memory>>10), "Threads": opt.Threads, "Temp": filepath.Join(d.temp, "spill")}
	if err := d.run(ctx, "settings.sql", settings); err != nil {
		return err
	}
	return d.makeViews(ctx)
}

// Now is the round that the questions are about.
func (d *Data) Now() *Round { return &d.Rounds[d.now] }

// Close gives up what DuckDB holds, on disk too.
func (d *Data) Close() error {
	var err error
	if d.db != nil {
		err = d.db.Close()
	}
	if d.temp != "" {
		err = errors.Join(err, os.RemoveAll(d.temp))
	}
	return err
}

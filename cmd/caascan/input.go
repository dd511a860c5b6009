package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/engine"
)

// inputFlags say how the inputs are read.
type inputFlags struct {
	InputFormat string `group:"Input" default:"auto" enum:"auto,list,ranked,majestic,crux,zone,jsonl,parquet" help:"Form of the inputs: auto, list, ranked, majestic, crux, zone (a zone file: the names that it delegates), jsonl (zdns, Rapid7 FDNS), parquet."`
	Column      string `group:"Input" placeholder:"NAME" help:"Where the names stand: the header of a column of CSV or Parquet, a member of the objects of JSONL, or the number of a column, from 1."`
	Origin      string `group:"Input" placeholder:"ZONE" help:"Name of the zone in a zone file that does not say."`
	Prime       bool   `group:"Input" default:"true" negatable:"" help:"Take delegations from zone files, and what is at the apex of their zones, instead of asking the servers of these zones."`
	Fold        bool   `group:"Input" help:"Scan a name that comes again, as in lists of certificates, only once: it has one row, and the others are counted."`
	FoldMemory  size   `group:"Input" default:"256MB" placeholder:"SIZE" help:"Memory for the names that came, with --fold: what no longer fits is forgotten, the oldest first, and may get a second row."`
}

// size is a number of octets, written as 256MB, 4GB or 1000: units are powers of 1024.
type size int64

var units = []struct {
	suffix string
	shift  int
}{{"kb", 10}, {"mb", 20}, {"gb", 30}, {"tb", 40}, {"k", 10}, {"m", 20}, {"g", 30}, {"t", 40}, {"b", 0}, {"", 0}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	lower := strings.ToLower(strings.TrimSpace(string(text)))
	for _, unit := range units {
		digits, ok := strings.CutSuffix(lower, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 63)
		if err != nil || n > math.MaxInt64>>unit.shift {
			break
		}
		*s = size(n << unit.shift)
		return nil
	}
	return fmt.Errorf("%q is no size: want a number of octets, such as 256MB", text)
}

// MarshalText implements encoding.TextMarshaler.
func (s size) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(s), 10), nil }

// config is how the inputs are read, for a scan that asks resolvers if stub is set: then nothing is to be spared by zone
// files.
func (f *inputFlags) config(stub bool) datasets.Config {
	cfg := datasets.Config{
		Format: must(datasets.ParseFormat(f.InputFormat)), Column: f.Column, Origin: f.Origin,
		NamesOnly: stub || !f.Prime, Tables: datasets.DefaultTables,
	}
	if free := engine.FreeMemory(); free > 0 {
		cfg.Tables = min(cfg.Tables, int64(free/8))
	}
	if f.Fold {
		cfg.Fold = int64(f.FoldMemory)
	}
	return cfg
}

// survey reads zone files for what must be known of them before the first name is asked for.
func (s *source) survey(ctx context.Context) error {
	if s.known {
		return nil
	}
	if err := s.reader.Survey(ctx); err != nil {
		return err
	}
	s.known = true
	return nil
}

// zones are those of an input, as the manifest tells them.
func zones(in *datasets.Input) []output.Zone {
	var all []output.Zone
	for _, z := range in.Zones {
		all = append(all, output.Zone{Apex: z.Apex.String(), Serial: z.Serial})
	}
	return all
}

package main

import (
	"errors"
	"slices"

	"github.com/caascan/caascan/output"
)

// queriesTable is the table that has a row for each packet.
const queriesTable = "queries"

// chooseTables reads --tables and --sample-queries, and notes in env what they come to, so that it is the same scan in whatever
// order they are named.
func (f *scanFlags) chooseTables(env *environ) error {
	tables, err := output.Tables(f.Tables)
	if err != nil {
		return errors.New("--tables: " + err.Error())
	}
	f.Tables, env.flags["tables"] = tables, tables
	switch {
	case f.SampleQueries <= 0 || f.SampleQueries > 1:
		return errors.New("--sample-queries: want a share of the names, more than 0 and at most 1")
	case f.SampleQueries < 1 && !f.hasQueries():
		return errors.New("--sample-queries goes with a table queries (--tables)")
	}
	return nil
}

func (f *scanFlags) hasQueries() bool { return slices.Contains(f.Tables, queriesTable) }

// exchanges is the share of names whose packets get rows.
func (f *scanFlags) exchanges() float64 {
	if !f.hasQueries() {
		return 0
	}
	return f.SampleQueries
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
)

// fact is what is known of a name of the small Internet before it is asked about.
type fact struct {
	simnet.Truth
	rank        int64
	tld         string
	registrable bool
	set         caa.Set // the relevant one; zero if there is none
	depth       int     // labels up to it
}

func (f *fact) answered() bool { return f.Failure == record.Found }
func (f *fact) covered() bool  { return f.Relevant != "" }
func (f *fact) own() bool      { return f.covered() && f.depth == 0 }
func (f *fact) capable() bool  { return f.Capable == simnet.CapableYes }

// facts are those of a world.
func facts(world *simnet.World) (all []fact) {
	suffixes := datasets.DefaultSuffixes()
	for i := range world.Len() {
		f := fact{Truth: world.Truth(i), rank: int64(i + 1)}
		f.tld = f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		f.registrable = suffixes.Operator(f.Name) == f.Name
		if f.covered() {
			f.set = caa.Judge(world.Properties(i))
			f.depth = strings.Count(f.Name, ".") - strings.Count(f.Relevant, ".")
		}
		all = append(all, f)
	}
	return all
}

// counts are the numbers of the rows of a table, by its labels.
type counts map[string]map[string]int64

// add counts a name in a column of a row.
func (c counts) add(label, column string, if_ bool) {
	if c[label] == nil {
		c[label] = map[string]int64{}
	}
	if if_ {
		c[label][column]++
	} else {
		c[label][column] += 0
	}
}

// share counts a name in n, of and unknown.
func (c counts) share(label string, f *fact, has bool) {
	c.add(label, "n", f.answered() && has)
	c.add(label, "of", f.answered())
	c.add(label, "unknown", !f.answered())
}

// golden says how to find the numbers of a table from the facts. The labels of its rows are the columns of text, with bars between.
var golden = map[string]func(all []fact) counts{
	"any-caa": func(all []fact) counts {
		c := counts{"responsive": nil} // the truth does not say if a name exists whose look-up fails
		for i := range all {
			f := &all[i]
			for label, in := range map[string]bool{"all names": true, "registrable domains": f.registrable, "e-mail-capable": f.capable()} {
				if in {
					c.share(label, f, f.covered())
					c.add(label, "at_the_name", f.own())
					c.add(label, "inherited", f.covered() && !f.own())
				}
			}
		}
		return c
	},
	"caa-by-bucket": func(all []fact) counts {
		c := counts{}
		for i := range all {
			c.share(datasets.RankBucket(all[i].rank), &all[i], all[i].covered())
		}
		return c
	},
}

// TestGolden scans a small Internet, whose truth is known, and holds the tables of the report against what follows from that truth.
func TestGolden(t *testing.T) {
	world, dir := smallInternet(t, 7, 2500)
	data, err := analysis.Open(t.Context(), []string{dir}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if err := data.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions, err := analysis.Questions()
	if err != nil {
		t.Fatal(err)
	}
	all, left := facts(world), maps.Clone(golden)
	for _, q := range questions {
		for _, p := range q.Parts {
			expect, ok := left[p.ID]
			if !ok {
				continue
			}
			delete(left, p.ID)
			table, err := data.Ask(t.Context(), &p, false)
			if err != nil {
				t.Fatal(err)
			}
			want := expect(all)
			if diff := cmp.Diff(want, numbers(table, want)); diff != "" {
				t.Errorf("question %d, table %s (-truth +report):\n%s", q.Number, p.ID, diff)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("no such tables: %q", slices.Sorted(maps.Keys(left)))
	}
}

// numbers are those of a table in the columns that something is known about. Rows that are there and nothing more is known about are nil
// in known.
func numbers(t *analysis.Table, known counts) counts {
	columns := map[string]bool{}
	for _, row := range known {
		for column := range row {
			columns[column] = true
		}
	}
	c := counts{}
	for _, row := range t.Rows {
		var labels []string
		for i, column := range t.Columns {
			if column.Kind == analysis.Text {
				labels = append(labels, fmt.Sprint(row[i]))
			}
		}
		label := strings.Join(labels, "|")
		if row, ok := known[label]; ok && row == nil {
			c[label] = nil
			continue
		}
		c[label] = map[string]int64{}
		for i, column := range t.Columns {
			if columns[column.Name] {
				c[label][column.Name], _ = row[i].(int64)
			}
		}
	}
	return c
}

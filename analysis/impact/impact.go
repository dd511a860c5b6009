// Package impact says whom a change of rules would hit: for which names a CA might issue under one profile and not under another, and
// the reverse, by reason, DNS operator, top-level domain and rank.
//
//	Question  is two rules for each kind of certificate, whose CA, and of which names
//	Cases     are questions that are ready to be asked: the two changes of rules that hit most names
//	Ask       decides the stored evidence, each different one once, by package caa (analysis.Judge), and counts
//	List      writes the names, one a line
//
// The subject is one CA, by its identifiers, or whoever no set names: all such CAs fare alike, and on most names most CAs are such.
// Then a table tells how each known CA fares that is named.
package impact

import (
	"context"
	"embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// Question is what Ask answers.
type Question struct {
	Title   string   // default: made from the profiles
	Text    []string // paragraphs for the reader
	Changes []analysis.Change
	Subject *analysis.Applicant  // the CA; nil: whoever no set names
	Owners  []analysis.Applicant // for the table of CAs, where Subject is nil
	Request caa.Request          // what the CA is like; kind and identifiers are filled in
	Names   *datasets.Reader     // the names that it is about; nil: all that were scanned
	ListAll bool                 // List is to give all names, not only those whose verdict changes
}

// Answer is what came of a Question.
type Answer struct {
	Title  string
	Text   []string
	Tables []*analysis.Table

	// Of a Question with Names, by distinct name.
	Asked       int64 // names of the list
	NotMeasured int64 // of these, the ones that were not scanned: nothing is known of them
	Rejected    int64 // entries of the list that are no names
}

//go:embed *.sql
var files embed.FS

// run runs the statements of a file of this package, which are separated by lines that hold a semicolon at their end.
func run(ctx context.Context, data *analysis.Data, file string) error {
	_, err := query(ctx, data, file)
	return err
}

// query runs the statement of a file.
func query(ctx context.Context, data *analysis.Data, file string) (*analysis.Table, error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t, err := data.Select(ctx, string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// Ask answers a question. Data remembers for List.
func Ask(ctx context.Context, data *analysis.Data, q *Question) (*Answer, error) {
	a := &Answer{Title: q.Title, Text: slices.Clone(q.Text)}
	if a.Title == "" {
		a.Title = titleOf(q)
	}
	if err := a.choose(ctx, data, q); err != nil {
		return nil, err
	}
	if err := data.Reduce(ctx, "impact_"); err != nil {
		return nil, err
	}
	tallies, err := decide(ctx, data, q)
	if err != nil {
		return nil, err
	}
	if err := run(ctx, data, "changed.sql"); err != nil {
		return nil, err
	}
	if err := data.Groups(ctx, "impact_", "impact_groups", "impact_changed"); err != nil {
		return nil, err
	}
	return a, a.tables(ctx, data, q, tallies)
}

// choose makes the view impact_domains, of the names that it is about.
func (a *Answer) choose(ctx context.Context, data *analysis.Data, q *Question) error {
	if err := run(ctx, data, "names.sql"); err != nil {
		return err
	}
	if q.Names == nil {
		return run(ctx, data, "all.sql")
	}
	if err := data.Append(ctx, "impact_names", func(add func(row ...any) error) error { return a.read(ctx, q.Names, add) }); err != nil {
		return err
	}
	if err := run(ctx, data, "own.sql"); err != nil {
		return err
	}
	counted, err := query(ctx, data, "asked.sql")
	if err != nil {
		return err
	}
	a.Asked, a.NotMeasured = counted.Rows[0][0].(int64), counted.Rows[0][1].(int64)
	return nil
}

// read adds the names of a list, and counts what is none.
func (a *Answer) read(ctx context.Context, list *datasets.Reader, add func(row ...any) error) error {
	for {
		targets, err := list.Next(ctx)
		for i := range targets {
			if err := add(targets[i].Name); err != nil {
				return err
			}
		}
		if err != nil {
			for _, in := range list.Inputs() {
				a.Rejected += in.Rejects
			}
			return ended(err)
		}
	}
}

// decide fills the table impact_verdicts and counts names, by change.
func decide(ctx context.Context, data *analysis.Data, q *Question) ([]analysis.Tallies, error) {
	if err := run(ctx, data, "verdicts.sql"); err != nil {
		return nil, err
	}
	panel := analysis.Panel{Changes: q.Changes, Applicants: q.Owners, Request: q.Request}
	if q.Subject != nil {
		panel.Applicants = []analysis.Applicant{*q.Subject}
	}
	tallies := make([]analysis.Tallies, len(q.Changes))
	return tallies, data.Append(ctx, "impact_verdicts", func(add func(row ...any) error) error {
		return data.Judge(ctx, "impact_", &panel, func(e *analysis.Evidence, outlooks []analysis.Outlook) error {
			for i := range outlooks {
				tallies[i].Add(e, &outlooks[i])
				shift := outlooks[i].Others
				if q.Subject != nil {
					shift = outlooks[i].Of(0)
				}
				if !shift.Changed() && !q.ListAll {
					continue
				}
				if err := addVerdict(add, &q.Changes[i], e, &shift); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func addVerdict(add func(row ...any) error, c *analysis.Change, e *analysis.Evidence, s *analysis.Shift) error {
	var effect any
	if s.Changed() {
		effect = Effect(s)
	}
	return add(e.Number, c.Kind.String(), c.From.Name, c.To.Name, effect, s.From.Permitted.String(), s.From.Reason.String(), s.To.Permitted.String(),
		s.To.Reason.String(), s.To.Retry.String(), int32(s.From.Level), int32(s.To.Level))
}

// The words for what a change does to a name, of the verdicts before and after.
const (
	Lost         = "lost"          // permitted, and forbidden now
	Gained       = "gained"        // forbidden, and permitted now
	NowForbidden = "now_forbidden" // left open, and forbidden now
	NowPermitted = "now_permitted" // left open, and permitted now
	NowOpen      = "now_open"      // permitted or forbidden, and left open now
)

// Effect is the word for a shift that changes a verdict.
func Effect(s *analysis.Shift) string {
	switch {
	case s.To.Permitted == caa.Undetermined:
		return NowOpen
	case s.From.Permitted == caa.Undetermined && s.To.Permitted == caa.No:
		return NowForbidden
	case s.From.Permitted == caa.Undetermined:
		return NowPermitted
	case s.To.Permitted == caa.No:
		return Lost
	default:
		return Gained
	}
}

// titleOf names the profiles.
func titleOf(q *Question) string {
	var steps []string
	for _, c := range q.Changes {
		step := c.From.Name + " to " + c.To.Name
		if !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	return "From " + strings.Join(steps, ", ")
}

// Formats of a list, by the ending of the file's name.
var listForms = map[string]string{".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}

// ListForm is the form of a list with that file name; ok is false if there is none.
func ListForm(path string) (form string, ok bool) {
	form, ok = listForms[strings.ToLower(filepath.Ext(path))]
	return form, ok
}

// List writes the names that the last Question was about into a file, as CSV, JSON lines or Parquet by its ending: those whose
// verdict changes, or all; names of a list that were not scanned, too. It returns an error for other endings.
func List(ctx context.Context, data *analysis.Data, path string) error {
	form, ok := ListForm(path)
	if !ok {
		return fmt.Errorf("%s: want a name that ends in .csv, .json, .jsonl or .parquet", path)
	}
	statement, err := files.ReadFile("list.sql")
	if err != nil {
		return err
	}
	if form == "parquet" {
		return data.RunToParquet(ctx, string(statement), path)
	}
	return data.RunToFile(ctx, string(statement), form, path)
}

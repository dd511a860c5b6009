package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/compare"
	"github.com/caascan/caascan/analysis/page"
	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/scanner/caa"
)

// compareCmd is the command compare.
type compareCmd struct {
	dataFlags

	Dirs []string `arg:"" name:"dir" help:"Two scans, the old and the new; or more, or a folder of scans, for a series; or from several vantages, the primary first."`
	As   string   `enum:"auto,time,vantage" default:"auto" help:"What they are to each other: time, vantage, or auto (vantage where the inputs are the same, the vantages are not, and they began within a day)."`

	For       []string `group:"Vantages" enum:"tls,tls-wildcard,smime,vmc" default:"tls" placeholder:"KIND" help:"Kind of certificate that the CA is asked for: tls, tls-wildcard, smime, vmc (repeatable)."`
	Issuer    []string `group:"Vantages" placeholder:"ID" help:"An identifier of the CA, such as letsencrypt.org (repeatable); without one, and besides, any other CA: one that no record names."`
	Profile   string   `group:"Vantages" placeholder:"NAME" help:"The rule (default: the one that bound CAs when the first scan began)."`
	Profiles  string   `group:"Vantages" placeholder:"FILE" help:"Rules of your own in YAML, besides the built-in ones."`
	OnFailure string   `group:"Vantages" enum:"unknown,permit,deny" default:"unknown" help:"What the CA does where the rule leaves a failed look-up to it: unknown, permit, deny."`

	List    string `placeholder:"FILE" help:"Write the names with what was and what is: .csv, .json or .parquet."`
	CSV     string `name:"csv" env:"CAAREPORT_CSV" placeholder:"DIR" help:"Write each table there as CSV, and index.csv."`
	Parquet string `placeholder:"DIR" help:"Write each table there as Parquet."`
	HTML    string `name:"html" env:"CAAREPORT_HTML" placeholder:"FILE" help:"Write a page with all tables and figures."`
	Rows    int    `default:"20" help:"Rows of each table on stdout; what is more is in the files."`
	Title   string `placeholder:"TEXT" help:"Title of the page."`
	Quiet   bool   `help:"No progress, nothing on stdout."`
}

// Example implements exampler.
func (*compareCmd) Example() string {
	return "caareport compare scan-2026-10-21 scan-2026-11-21 --list changes.csv\n" +
		"  caareport compare scans --html series.html  # all in that folder, one after the other\n" +
		"  caareport compare scan-fra scan-iad scan-sin --issuer letsencrypt.org --list disagreements.csv  # vantages: the first is the primary one"
}

// Run compares.
func (c *compareCmd) Run(env *environ) error {
	as, _ := compare.RelationOf(c.As)
	data, err := analysis.Open(env.ctx, c.Dirs, c.options())
	if err != nil {
		return command.Usage(err)
	}
	return errors.Join(c.run(env, data, as), data.Close())
}

func (c *compareCmd) run(env *environ, data *analysis.Data, as compare.Relation) error {
	rounds, as, err := compare.Arrange(data, c.Dirs, as)
	if err != nil {
		return command.Usage(err)
	}
	tell := func(int, int, string) {}
	if !c.Quiet {
		tell = progress(env.stderr)
	}
	options := analysis.ReportOptions{Title: c.Title, Sample: "no"}
	var report *analysis.Report
	list := func() error { return compare.WriteList(env.ctx, data, c.List) }
	if as == compare.Vantage {
		cases, wrong := c.cases(data.Rounds[rounds[0]].Began())
		if wrong != nil {
			return command.Usage(wrong)
		}
		report, err = compare.FromVantages(env.ctx, data, rounds, cases, options, tell)
		list = func() error { return compare.WriteVantageList(env.ctx, data, len(rounds), c.List) }
	} else {
		report, err = compare.OverTime(env.ctx, data, rounds, options, tell)
	}
	if err != nil {
		return err
	}
	if err := c.write(env, report); err != nil {
		return err
	}
	if c.List != "" {
		if err := list(); err != nil {
			return err
		}
	}
	for _, i := range rounds {
		if !data.Rounds[i].Complete() {
			return command.Exit{Code: exitIncomplete, Err: fmt.Errorf("%s: the scan is not complete; what it has not reached yet seems to have vanished or appeared", data.Rounds[i].Scans[0].Dir)}
		}
	}
	return nil
}

// cases are what the CA of the flags, and any other one, are asked for from every vantage, by the rules of a time.
func (c *compareCmd) cases(at time.Time) ([]compare.Case, error) {
	rules, err := command.Rules(c.Profiles)
	if err != nil {
		return nil, err
	}
	issuers, err := command.Issuers(c.Issuer)
	if err != nil {
		return nil, err
	}
	var cases []compare.Case
	for kind := range caa.Kind(caa.Kinds) {
		if !slices.Contains(c.For, kind.String()) {
			continue
		}
		profile, ok := rules.ForTime(kind, at)
		if c.Profile != "" {
			profile, ok = rules.ByName(c.Profile, kind)
		}
		if !ok {
			return nil, fmt.Errorf("for %s no profile %q; there are %s", kind, c.Profile, strings.Join(rules.Names(), ", "))
		}
		request := caa.Request{Kind: kind, OnFailure: command.OnFailure[c.OnFailure]}
		if len(issuers) > 0 {
			named := request
			named.Issuers = issuers
			cases = append(cases, compare.Case{CA: strings.Join(issuers, ", "), Request: named, Profile: profile})
		}
		cases = append(cases, compare.Case{CA: compare.AnyOther, Request: request, Profile: profile})
	}
	return cases, nil
}

// write writes what was asked for.
func (c *compareCmd) write(env *environ, report *analysis.Report) error {
	if c.CSV != "" {
		if err := writeTables(c.CSV, report, ".csv", func(t *analysis.Table, path string) error { return analysis.WriteFile(path, t.WriteCSV) }); err != nil {
			return err
		}
		if err := writeIndex(filepath.Join(c.CSV, "index.csv"), report); err != nil {
			return err
		}
	}
	if c.Parquet != "" {
		if err := writeTables(c.Parquet, report, ".parquet", (*analysis.Table).WriteParquet); err != nil {
			return err
		}
	}
	if c.HTML != "" {
		if err := analysis.WriteFile(c.HTML, func(w io.Writer) error { return page.Write(w, report) }); err != nil {
			return err
		}
	}
	if c.Quiet {
		return nil
	}
	return writeBrief(env.stdout, report, c.Rows)
}

// writeBrief writes the first rows of all tables that answer a question.
func writeBrief(w io.Writer, report *analysis.Report, most int) error {
	if _, err := fmt.Fprintf(w, "%s\n", report.Title); err != nil {
		return err
	}
	return report.Tables(func(q *analysis.Question, t *analysis.Table) error {
		if q == nil && t != report.Headlines {
			return nil
		}
		if _, err := fmt.Fprintf(w, "\n%s (%s)\n%s\n", t.Title, t.ID, strings.Repeat("-", len(t.Title)+len(t.ID)+3)); err != nil {
			return err
		}
		if t.Missing != "" {
			_, err := fmt.Fprintln(w, t.Missing)
			return err
		}
		shown := *t
		if len(t.Rows) > most {
			shown.Rows = t.Rows[:max(0, most)]
		}
		if err := shown.WriteText(w); err != nil {
			return err
		}
		if len(t.Rows) > most {
			_, err := fmt.Fprintf(w, "and %d rows more\n", len(t.Rows)-len(shown.Rows))
			return err
		}
		return nil
	})
}

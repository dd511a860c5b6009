package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/page"
	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/output"
)

// reportCmd is the command report.
type reportCmd struct {
	dataFlags

	Dirs    []string `arg:"" name:"dir" help:"Scans, folders of scans (shards, hive-style folders), or patterns of such."`
	Out     string   `placeholder:"FILE" default:"report.html" help:"The page: one file that needs nothing else."`
	CSV     string   `name:"csv" env:"CAAREPORT_CSV" placeholder:"DIR" help:"Write each table there as CSV, too, and index.csv."`
	Parquet string   `placeholder:"DIR" help:"Write each table there as Parquet, too."`
	Text    string   `placeholder:"FILE" help:"Write the report there as plain text, too; - for stdout."`
	Sample  string   `enum:"auto,yes,no" default:"auto" help:"Whether the names are a random sample, so that shares have intervals: yes, no, or auto (where not all shards are there)."`
	Round   string   `placeholder:"ID" help:"Of several scans, the one to report on (default: the newest)."`
	Title   string   `placeholder:"TEXT" help:"Title of the page."`
	Quiet   bool     `help:"No progress, no summary."`
}

// Example implements exampler.
func (*reportCmd) Example() string {
	return "caareport report scan-2026-11-21 --out report.html --csv tables"
}

// Run makes the report.
func (c *reportCmd) Run(env *environ) error {
	options := c.options()
	options.Round = c.Round
	data, err := analysis.Open(env.ctx, c.Dirs, options)
	if err != nil {
		return command.Usage(err)
	}
	return errors.Join(c.run(env, data), data.Close())
}

func (c *reportCmd) run(env *environ, data *analysis.Data) error {
	tell := func(int, int, string) {}
	if !c.Quiet {
		tell = progress(env.stderr)
	}
	report, err := data.Report(env.ctx, analysis.ReportOptions{Title: c.Title, Sample: c.Sample}, tell)
	if err != nil {
		return command.Usage(err)
	}
	if err := c.write(env, report); err != nil {
		return err
	}
	if len(report.Warnings) > 0 {
		for _, warning := range report.Warnings {
			fmt.Fprintf(env.stderr, "caareport: %s\n", warning)
		}
		return command.Exit{Code: exitIncomplete, Err: errors.New("the report is made, of what is there")}
	}
	return nil
}

// write writes the page and all that was asked for besides, and says where it is.
func (c *reportCmd) write(env *environ, report *analysis.Report) error {
	said := env.stdout // what follows is for whoever called; the text takes its place if it goes there
	if err := analysis.WriteFile(c.Out, func(w io.Writer) error { return page.Write(w, report) }); err != nil {
		return err
	}
	files := []string{c.Out}
	if c.CSV != "" {
		if err := writeTables(c.CSV, report, ".csv", func(t *analysis.Table, path string) error { return analysis.WriteFile(path, t.WriteCSV) }); err != nil {
			return err
		}
		if err := writeIndex(filepath.Join(c.CSV, "index.csv"), report); err != nil {
			return err
		}
		files = append(files, filepath.Join(c.CSV, "index.csv"))
	}
	if c.Parquet != "" {
		if err := writeTables(c.Parquet, report, ".parquet", (*analysis.Table).WriteParquet); err != nil {
			return err
		}
		files = append(files, c.Parquet)
	}
	switch c.Text {
	case "":
	case "-":
		if err := report.WriteText(env.stdout); err != nil {
			return err
		}
		said = env.stderr
	default:
		if err := analysis.WriteFile(c.Text, report.WriteText); err != nil {
			return err
		}
		files = append(files, c.Text)
	}
	if c.Quiet {
		return nil
	}
	if c.Text != "-" {
		if err := report.Headlines.WriteText(said); err != nil {
			return err
		}
	}
	for _, file := range files {
		if _, err := fmt.Fprintln(said, file); err != nil {
			return err
		}
	}
	return nil
}

// writeTables writes each table that there is into a file under its name.
func writeTables(dir string, report *analysis.Report, suffix string, write func(*analysis.Table, string) error) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return report.Tables(func(_ *analysis.Question, t *analysis.Table) error {
		if t.Missing != "" {
			return nil
		}
		if err := write(t, filepath.Join(dir, t.ID+suffix)); err != nil {
			return fmt.Errorf("table %s: %w", t.ID, err)
		}
		return nil
	})
}

// writeIndex writes what tables there are: also those without an answer, and why they have none.
func writeIndex(path string, report *analysis.Report) error {
	return analysis.WriteFile(path, func(w io.Writer) error {
		to := csv.NewWriter(w)
		if err := to.Write([]string{"id", "question", "title", "rows", "missing"}); err != nil {
			return err
		}
		if err := report.Tables(func(q *analysis.Question, t *analysis.Table) error {
			number := ""
			if q != nil {
				number = fmt.Sprint(q.Number)
			}
			return to.Write([]string{t.ID, number, output.Cell(t.Title), fmt.Sprint(len(t.Rows)), output.Cell(t.Missing)})
		}); err != nil {
			return err
		}
		to.Flush()
		return to.Error()
	})
}

// progress returns what shows progress on a terminal, and nothing elsewhere.
func progress(stderr io.Writer) func(done, all int, what string) {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(int, int, string) {}
	}
	const width = 30
	var bar *progressbar.ProgressBar
	return func(done, all int, what string) {
		if bar == nil {
			bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(file), progressbar.OptionSetWidth(width), progressbar.OptionShowCount(),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
		}
		bar.Describe(what)
		if err := bar.Set(done); err != nil {
			bar = nil // a terminal that is gone
		}
	}
}

package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/caascan/caascan/analysis"
)

// question is the one of package analysis about change.
const question = 29

// OverTime compares rounds, each with the next, and answers question 29 about them.
func OverTime(ctx context.Context, d *analysis.Data, rounds []int, opt analysis.ReportOptions, progress func(done, all int, what string)) (*analysis.Report, error) {
	if err := d.Turn(ctx, rounds[len(rounds)-1]); err != nil {
		return nil, err
	}
	if err := d.Changes(ctx, rounds); err != nil {
		return nil, err
	}
	all, err := analysis.Questions()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(q analysis.Question) bool { return q.Number != question })
	headlines, err := ask(ctx, d, "headlines.sql")
	if err != nil {
		return nil, err
	}
	if opt.Title == "" {
		then, now := &d.Rounds[rounds[len(rounds)-2]], d.Now()
		opt.Title = fmt.Sprintf("CAA between %s and %s", day(then), day(now))
		if len(rounds) > 2 {
			opt.Title = fmt.Sprintf("CAA in %d rounds, the last step from %s to %s", len(rounds), day(then), day(now))
		}
	}
	return d.Answer(ctx, all, headlines, opt, progress)
}

// day is when a round began.
func day(r *analysis.Round) string { return r.Began().UTC().Format("2 January 2006 15:04 UTC") }

// ask answers a question with one table.
func ask(ctx context.Context, d *analysis.Data, file string) (*analysis.Table, error) {
	text, err := expand(file, 0)
	if err != nil {
		return nil, err
	}
	q, err := analysis.ReadQuestion(text)
	if err != nil {
		return nil, err
	}
	return d.Ask(ctx, &q.Parts[0], false)
}

// WriteList writes every name that OverTime found to be otherwise than before, or not known in one of the rounds, with what was and what is: as CSV
// or, to a file with that suffix, Parquet or JSON.
func WriteList(ctx context.Context, d *analysis.Data, path string) error {
	text, err := expand("list.sql", 0)
	if err != nil {
		return err
	}
	return write(ctx, d, text, path)
}

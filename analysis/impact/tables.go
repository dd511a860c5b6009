package impact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/scanner/caa"
)

// The tables that SQL makes, by their file.
var groupings = []struct{ file, id, title, note string }{
	{"byreason.sql", "impact-by-reason", "By reason",
		"The reasons of the verdicts before and after; outcome and DNSSEC reason are those of the look-up that decides after the change."},
	{"byoperator.sql", "impact-by-operator", "By DNS operator", "Names whose verdict changes, among all names of the operator that were asked about."},
	{"bytld.sql", "impact-by-tld", "By top-level domain", ""},
	{"bybucket.sql", "impact-by-rank", "By rank", ""},
}

// tables fills in the tables.
func (a *Answer) tables(ctx context.Context, data *analysis.Data, q *Question, tallies []analysis.Tallies) error {
	a.Tables = append(a.Tables, summary(q, tallies))
	if q.Subject == nil && len(q.Owners) > 0 {
		a.Tables = append(a.Tables, byCA(q, tallies))
	}
	for _, g := range groupings {
		t, err := query(ctx, data, g.file)
		if err != nil {
			return err
		}
		t.ID, t.Title = g.id, g.title
		if g.note != "" {
			t.Note = []string{g.note}
		}
		a.Tables = append(a.Tables, t)
	}
	if q.Names != nil {
		t, err := query(ctx, data, "notmeasured.sql")
		if err != nil {
			return err
		}
		t.ID, t.Title = "impact-not-measured", "Names of the list that were not scanned"
		t.Note = []string{fmt.Sprintf("%d of the %d names of the list are not in the scan: nothing is known of them, and they are in no other table. "+
			"Entries of the list that are no names: %d.", a.NotMeasured, a.Asked, a.Rejected)}
		a.Tables = append(a.Tables, t)
	}
	return nil
}

// counts are the columns that a Tally fills.
var counts = []analysis.Column{
	{Name: "names", Kind: analysis.Count}, {Name: "permitted_before", Kind: analysis.Count}, {Name: "permitted_after", Kind: analysis.Count},
	{Name: Lost, Kind: analysis.Count}, {Name: Gained, Kind: analysis.Count}, {Name: NowForbidden, Kind: analysis.Count},
	{Name: NowPermitted, Kind: analysis.Count}, {Name: NowOpen, Kind: analysis.Count}, {Name: "changed_share", Kind: analysis.Share},
}

func cells(t *analysis.Tally) []any {
	names := t.Before(caa.Yes) + t.Before(caa.No) + t.Before(caa.Undetermined)
	var share any
	if names > 0 {
		share = float64(changed(t)) / float64(names)
	}
	return []any{names, t.Before(caa.Yes), t.After(caa.Yes), t.Lost(), t.Gained(), t.Forbidden(), t.Allowed(), t.Opened(), share}
}

// changed is how many names have another verdict.
func changed(t *analysis.Tally) int64 {
	return t.Lost() + t.Gained() + t.Forbidden() + t.Allowed() + t.Opened()
}

// summary has a row for each change of rules, about the subject.
func summary(q *Question, tallies []analysis.Tallies) *analysis.Table {
	t := &analysis.Table{
		ID: "impact-summary", Title: "In all",
		Note: []string{"Lost: permitted before, and not any more. Gained: the reverse. Now forbidden, now permitted: left open before. Now open: left to the CA " +
			"now, or not to be told from the evidence."},
		Columns: append([]analysis.Column{
			{Name: "kind", Kind: analysis.Text}, {Name: "before", Kind: analysis.Text}, {Name: "after", Kind: analysis.Text}, {Name: "ca", Kind: analysis.Text},
		}, counts...),
	}
	for i := range q.Changes {
		c, tally, who := &q.Changes[i], tallies[i].Others(), analysis.AnyOtherCA
		if q.Subject != nil {
			tally, _ = tallies[i].Of(0)
			who = q.Subject.Name
		}
		t.Rows = append(t.Rows, append([]any{c.Kind.String(), c.From.Name, c.To.Name, who}, cells(&tally)...))
	}
	return t
}

// byCA has a row for each CA that is known, and one for any other: those first that most names change for.
func byCA(q *Question, tallies []analysis.Tallies) *analysis.Table {
	t := &analysis.Table{
		ID: "impact-by-ca", Title: "By CA",
		Note: []string{"Each CA of the table of issuers, by all its identifiers. One that no set of these names names fares as any other CA."},
		Columns: append([]analysis.Column{
			{Name: "kind", Kind: analysis.Text}, {Name: "owner", Kind: analysis.Text}, {Name: "named", Kind: analysis.Flag},
		}, counts...),
	}
	for i := range q.Changes {
		kind := q.Changes[i].Kind.String()
		others := tallies[i].Others()
		t.Rows = append(t.Rows, append([]any{kind, analysis.AnyOtherCA, false}, cells(&others)...))
		rows := make([][]any, len(q.Owners))
		hit := make(map[string]int64, len(q.Owners))
		for owner := range q.Owners {
			tally, named := tallies[i].Of(owner)
			rows[owner] = append([]any{kind, q.Owners[owner].Name, named}, cells(&tally)...)
			hit[q.Owners[owner].Name] = changed(&tally)
		}
		slices.SortFunc(rows, func(x, y []any) int {
			a, b := x[1].(string), y[1].(string)
			return cmp.Or(rank(y[2].(bool))-rank(x[2].(bool)), cmp.Compare(hit[b], hit[a]), cmp.Compare(a, b))
		})
		t.Rows = append(t.Rows, rows...)
	}
	return t
}

// rank puts what is so before what is not.
func rank(is bool) int {
	if is {
		return 1
	}
	return 0
}

// ended is nil for the end of a list.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

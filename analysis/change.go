package analysis

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/caascan/caascan/datasets"
)

// ErrOneRound says that there is nothing to compare.
var ErrOneRound = errors.New("it takes two rounds to compare")

// Changes compares rounds, given by their index in Rounds, each with the next, and makes the tables of what became of the names:
// those of sql/changeseries.sql about all steps, those of sql/change.sql about the last one. Each name counts once in a round, on however
// many lines of the input it stands. Parts of questions that need rounds are then about these.
func (d *Data) Changes(ctx context.Context, series []int) error {
	if len(series) < 2 {
		return ErrOneRound
	}
	d.changed.Lock()
	defer d.changed.Unlock()
	return d.changes(ctx, series)
}

// changes is Changes for one that holds the lock.
func (d *Data) changes(ctx context.Context, series []int) error {
	d.compared = false
	if err := d.run(ctx, "changeseries.sql", nil); err != nil {
		return err
	}
	for i, now := range series[1:] {
		then := series[i]
		if err := d.view(ctx, "then_domains", "the round before", "domains", d.Rounds[then].Scans); err != nil {
			return err
		}
		if err := d.view(ctx, "now_domains", "the round", "domains", d.Rounds[now].Scans); err != nil {
			return err
		}
		if err := d.run(ctx, "change.sql", nil); err != nil {
			return fmt.Errorf("from %s to %s: %w", d.Rounds[then].Scans[0].Dir, d.Rounds[now].Scans[0].Dir, err)
		}
		type side struct {
			Side  string
			Round int
		}
		step := struct {
			Now    int
			Rounds []side
		}{now + 1, []side{{"now", now + 1}}}
		if i == 0 {
			step.Rounds = append(step.Rounds, side{"then", then + 1})
		}
		if err := d.run(ctx, "changestep.sql", step); err != nil {
			return err
		}
	}
	if err := d.fillOwners(ctx); err != nil {
		return err
	}
	d.compared = true
	return nil
}

// fillOwners says who goes by the issuers of the last step, by the table of issuers of this caareport for both rounds: what else
// differs between them is no change of a name.
func (d *Data) fillOwners(ctx context.Context) error {
	named, err := d.Query(ctx, "changeissuers.sql", nil)
	if err != nil {
		return err
	}
	registry := datasets.Registry{Issuers: datasets.DefaultIssuers()}
	var rows [][]any
	for _, row := range named.Rows {
		issuer, isText := row[0].(string)
		if !isText {
			continue
		}
		for _, owner := range registry.Issuer(issuer).Families {
			rows = append(rows, []any{issuer, owner})
		}
	}
	return d.fill(ctx, "change_issuers", len(rows), func(i int) []any { return rows[i] })
}

// needRounds is what a part of a question needs that is about change.
const needRounds = "rounds"

// hasChanges reports whether there are rounds to compare, and compares them if that has not been done: those up to the one that the
// questions are about, of the same vantage, for what another sees is no change.
func (d *Data) hasChanges(ctx context.Context) (bool, error) {
	d.changed.Lock()
	defer d.changed.Unlock()
	if d.compared {
		return true, nil
	}
	var series []int
	for i := range d.now + 1 {
		if d.Rounds[i].Scans[0].Vantage == d.Now().Scans[0].Vantage {
			series = append(series, i)
		}
	}
	if len(series) < 2 {
		return false, nil
	}
	return true, d.changes(ctx, series)
}

// RoundsAt returns the rounds of a place that was given to Open, by their index in Rounds.
func (d *Data) RoundsAt(place string) ([]int, error) {
	scans, err := find([]string{place})
	if err != nil {
		return nil, err
	}
	var found []int
	for i := range scans {
		r := slices.IndexFunc(d.Rounds, func(r Round) bool {
			return slices.ContainsFunc(r.Scans, func(s Scan) bool { return sameDir(s.Dir, scans[i].Dir) })
		})
		if r >= 0 && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	slices.Sort(found)
	return found, nil
}

// Turn makes the questions be about another round.
func (d *Data) Turn(ctx context.Context, round int) error {
	d.now = round
	clear(d.filled) // of the round before
	return d.View(ctx, "", d.Now().Scans)
}

// sameDir reports whether two spellings are those of one directory.
func sameDir(a, b string) bool {
	x, err := filepath.Abs(a)
	if err != nil {
		return a == b
	}
	y, err := filepath.Abs(b)
	return err == nil && x == y
}

package analysis

import (
	"context"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// Prepare makes the tables that questions share: sql/base.sql, scope.sql, market.sql, records.sql, and what verdicts are needed (rules.go).
func (d *Data) Prepare(ctx context.Context) error {
	for _, file := range []string{"base.sql", "scope.sql"} {
		if err := d.run(ctx, file, nil); err != nil {
			return err
		}
	}
	named, err := d.Query(ctx, "namedissuers.sql", nil)
	if err != nil {
		return err
	}
	registry := datasets.Registry{Issuers: datasets.DefaultIssuers()}
	if err := d.fill(ctx, "named_issuers", len(named.Rows), func(i int) []any {
		id := named.Rows[i][0].(string)
		is := registry.Issuer(id)
		row := []any{id, is.Known, is.Retired, nonNil(is.Families), honours(&is, caa.TLS), honours(&is, caa.SMIME), nil, nil}
		if !is.Known {
			if nearest, distance, ok := registry.Nearest(id); ok {
				row[6], row[7] = nearest, int32(distance)
			}
		}
		return row
	}); err != nil {
		return err
	}
	if err := d.run(ctx, "market.sql", nil); err != nil {
		return err
	}
	words := caa.Catalogue()
	if err := d.fill(ctx, "finding_words", len(words), func(i int) []any {
		return []any{string(words[i].Finding), words[i].Severity.String(), words[i].Explanation}
	}); err != nil {
		return err
	}
	issuers := make([]string, len(named.Rows))
	for i, row := range named.Rows {
		issuers[i] = row[0].(string)
	}
	if err := d.prepareRecords(ctx, registry, issuers); err != nil {
		return err
	}
	return d.prepareRules(ctx)
}

func honours(is *caa.Issuer, kind caa.Kind) any {
	switch {
	case is.Honours[kind]:
		return true
	case is.Refuses[kind]:
		return false
	}
	return nil
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// fill appends n rows to a table.
func (d *Data) fill(ctx context.Context, table string, n int, row func(i int) []any) error {
	return d.Append(ctx, table, func(add func(row ...any) error) error {
		for i := range n {
			if err := add(row(i)...); err != nil {
				return err
			}
		}
		return nil
	})
}

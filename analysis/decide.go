package analysis

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// Verdicts are found by caa.Decide only, once for each distinct evidence, and joined back to the names:
//
//	Reduce      GROUP BY what evidence consists of, without names, servers and TTLs: of a million names some thousands are left
//	Evidences   gives these to see as caa.Evidence, with the number of names that have them
//	Decide      decides them, and makes a table of the verdicts
//	Groups      counts the names that have those of interest
//
// That was held against a scalar function of DuckDB that is called with the climb of each name: for one verdict on 500 000 names it
// took 6 times what reading the same columns takes, as each nested value is built in Go, and as much again for each verdict more.
// Reduce takes twice what reading the columns takes, for whatever number of verdicts, joining them back somewhat more.

// Reduce finds the distinct evidences of the names of the view <prefix>domains (see View; "" is the round that the questions are
// about). It makes
//
//	<prefix>evidences        evidence_key, and the number of names that have it; the number of an evidence is its rowid
//	<prefix>evidence_groups  the names by evidence, those whose look-up failed by group, too
//	<prefix>judged           a view: the columns of domains, and the number of the evidence
//	<prefix>rrsets           unless it is there
//
// To read judged is to read the evidence of all names again; Groups counts what is of interest.
func (d *Data) Reduce(ctx context.Context, prefix string) error {
	return d.run(ctx, "evidences.sql", map[string]string{"Prefix": prefix})
}

// Groups makes a table of the names whose evidence a table has in its column evidence:
//
//	evidence, tld, dns_operator, rank_bucket, source_list, names
//
// If the look-ups of all of them failed, that is known already; otherwise the evidence of all names is read once more.
func (d *Data) Groups(ctx context.Context, prefix, table, of string) error {
	found, err := d.Query(ctx, "notfailed.sql", map[string]string{"Prefix": prefix, "Of": of})
	if err != nil {
		return err
	}
	return d.run(ctx, "evidencegroups.sql", map[string]any{"Prefix": prefix, "Table": table, "Of": of, "Failed": len(found.Rows) == 0})
}

// Evidence is what verdicts about some names depend on.
type Evidence struct {
	Number int64 // in the columns called evidence
	Names  int64 // that have it
	caa.Evidence
}

// Evidences gives the evidences that Reduce found to see, in no order. None is good after see has returned.
func (d *Data) Evidences(ctx context.Context, prefix string, see func(*Evidence) error) error {
	statement, err := expand("evidence.sql", map[string]string{"Prefix": prefix})
	if err != nil {
		return err
	}
	return d.Each(ctx, statement, func(_ []Column, row []any) error {
		if row == nil {
			return nil
		}
		e := Evidence{Number: row[0].(int64), Names: row[1].(int64)}
		var stored output.Domain
		if err := json.Unmarshal([]byte(row[3].(string)), &stored); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		if e.Evidence, err = stored.Evidence(); err != nil {
			return fmt.Errorf("what a scan has stored of %d names is no evidence: %w", e.Names, err)
		}
		if suffix, known := row[2].(int64); known {
			e.Suffix = uint8(suffix)
		}
		return see(&e)
	})
}

// Ruling is a question that Decide answers for all names.
type Ruling struct {
	Name    string // by which the table of verdicts knows it
	Request caa.Request
	Profile *caa.Profile // covers the kind of the request
}

// Decide makes the table <prefix>verdicts, with a row for each ruling and each evidence that Reduce found:
//
//	ruling         its name
//	evidence       its number: <prefix>verdicts JOIN <prefix>judged USING (evidence) has a row for each name
//	permitted      true, false or unknown, the words of caa.Verdict: unknown is what the rule leaves open, or the evidence
//	reason, retry  the words of caa.Reason and caa.Retry
//	outcome        of the look-up at the level that decided: found, or a failure; NULL: none did
//	failed         the verdict rests on a look-up that failed, or on data that do not validate: no CA has another one
func (d *Data) Decide(ctx context.Context, prefix string, rulings []Ruling) error {
	if err := d.run(ctx, "verdicts.sql", map[string]string{"Prefix": prefix}); err != nil {
		return err
	}
	return d.Append(ctx, prefix+"verdicts", func(add func(row ...any) error) error {
		return d.Evidences(ctx, prefix, func(e *Evidence) error {
			for i := range rulings {
				r := &rulings[i]
				v := caa.Decide(&e.Evidence, &r.Request, r.Profile)
				if err := add(r.Name, e.Number, v.Permitted.String(), v.Reason.String(), v.Retry.String(), outcomeAt(e, v.Level), Failed(v.Reason)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// outcomeAt is the outcome of a level, nil for none.
func outcomeAt(e *Evidence, level int) any {
	if level < 0 {
		return nil
	}
	return e.Levels[level].Outcome.String()
}

// Failed reports whether a verdict with this reason rests on a look-up that failed, or on data that do not validate.
func Failed(why caa.Reason) bool {
	switch why {
	case caa.FailureSigned, caa.FailureInsecure, caa.FailureIndeterminate, caa.FailureUnretried, caa.Failure, caa.DNSSECBogus, caa.ResolverPolicy:
		return true
	}
	return false
}

// Append fills a table with the rows that produce adds.
func (d *Data) Append(ctx context.Context, table string, produce func(add func(row ...any) error) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		appender, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", table)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		var values []driver.Value
		err = produce(func(row ...any) error {
			values = values[:0]
			for _, v := range row {
				values = append(values, v)
			}
			if err := appender.AppendRow(values...); err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			return nil
		})
		return errors.Join(err, appender.Close())
	})
}

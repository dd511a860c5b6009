package archive

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// stage holds what was read until all is there, in a DuckDB file of its own: look-ups in no order, and rejects.
type stage struct {
	db      *sql.DB
	temp    string
	filler  *sql.Conn // of the appenders
	looks   *duckdb.Appender
	rejects *duckdb.Appender
	told    []byte // scratch
}

//go:embed sql/*.sql
var files embed.FS

// newStage makes an empty one.
func newStage(ctx context.Context, o *Options) (*stage, error) {
	s := new(stage)
	return s, s.open(ctx, o)
}

func (s *stage) open(ctx context.Context, o *Options) (err error) {
	if s.temp, err = os.MkdirTemp(o.Temp, "caareport-archive-*"); err != nil {
		return err
	}
	connector, err := duckdb.NewConnector(filepath.Join(s.temp, "stage.duckdb"), nil)
	if err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	s.db = sql.OpenDB(connector)
	settings := map[string]any{"Memory": fmt.Sprintf("%dKiB", o.Memory>>10), "Threads": o.Threads, "Temp": filepath.Join(s.temp, "spill")}
	if err := s.run(ctx, "stage.sql", settings); err != nil {
		return err
	}
	if s.filler, err = s.db.Conn(ctx); err != nil {
		return err
	}
	return s.filler.Raw(func(c any) (err error) {
		if s.looks, err = duckdb.NewAppenderFromConn(c.(driver.Conn), "", "looks"); err != nil {
			return err
		}
		s.rejects, err = duckdb.NewAppenderFromConn(c.(driver.Conn), "", "rejects")
		return err
	})
}

// close removes it.
func (s *stage) close() error {
	var errs []error
	if s.filler != nil {
		errs = append(errs, s.sealed(), s.filler.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.temp != "" {
		errs = append(errs, os.RemoveAll(s.temp))
	}
	return errors.Join(errs...)
}

// sealed ends the filling.
func (s *stage) sealed() error {
	var errs []error
	for _, a := range []**duckdb.Appender{&s.looks, &s.rejects} {
		if *a != nil {
			errs = append(errs, (*a).Close())
			*a = nil
		}
	}
	return errors.Join(errs...)
}

// add stages a look-up. Period is the number of the measurement that it belongs to.
func (s *stage) add(period int32, name string, l *look) error {
	s.told = l.appendTold(s.told[:0])
	return s.looks.AppendRow(period, key(name), int32(l.typ), int64(l.at), int32(l.source), l.line, s.told)
}

// reject stages a line that cannot be read.
func (s *stage) reject(source int, line int64, reason, text string) error {
	return s.rejects.AppendRow(int32(source), line, reason, text)
}

// span is a measurement, and when it began and ended by what the tools say: zero if they say nothing.
type span struct {
	period      int32
	first, last step.Time
}

// spans are the measurements, the earliest first.
func (s *stage) spans(ctx context.Context) ([]span, error) {
	var all []span
	err := s.each(ctx, "spans.sql", nil, func(rows *sql.Rows) error {
		var one span
		err := rows.Scan(&one.period, &one.first, &one.last)
		all = append(all, one)
		return err
	})
	return all, err
}

// sorted gives the look-ups of a period, ordered by key, type, time and place.
func (s *stage) sorted(ctx context.Context, period int32, see func(name string, l *look) error) error {
	var place, told []byte
	var name string
	return s.each(ctx, "sorted.sql", period, func(rows *sql.Rows) error {
		var raw, blob sql.RawBytes
		var typ, at, source, line any // as the driver has them
		if err := rows.Scan(&raw, &typ, &at, &source, &line, &blob); err != nil {
			return err
		}
		l := &look{typ: wire.Type(typ.(int32)), at: step.Time(at.(int64)), source: int(source.(int32)), line: line.(int64)}
		if string(raw) != string(place) || name == "" {
			place = append(place[:0], raw...)
			name = nameOf(place)
		}
		told = append(told[:0], blob...)
		if err := l.readTold(told); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return see(name, l)
	})
}

// eachReject gives the rejects in the order of the inputs.
func (s *stage) eachReject(ctx context.Context, see func(source int, line int64, reason, text string) error) error {
	return s.each(ctx, "rejects.sql", nil, func(rows *sql.Rows) error {
		var source int
		var line int64
		var reason, text string
		if err := rows.Scan(&source, &line, &reason, &text); err != nil {
			return err
		}
		return see(source, line, reason, text)
	})
}

// each runs a file of sql/ with one statement, a template over data, and gives each row to see.
func (s *stage) each(ctx context.Context, file string, data any, see func(*sql.Rows) error) error {
	text, err := expand(file, data)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := see(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// run executes a file of statements, a template over data.
func (s *stage) run(ctx context.Context, file string, data any) error {
	text, err := expand(file, data)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// expand fills a file of sql/ in.
func expand(file string, data any) (string, error) {
	t, err := template.New(file).Funcs(template.FuncMap{"literal": literal, "ident": ident, "unglob": unglob}).ParseFS(files, "sql/"+file)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// literal quotes a text for SQL.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// ident quotes a name for SQL.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// unglob keeps DuckDB from taking the name of a file for a pattern.
var unglob = strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace

// day is the number of the day of a moment in UTC, from 1970 on.
func day(at step.Time) int32 {
	const length = step.Time(24 * time.Hour)
	if at < 0 {
		return int32((at - length + 1) / length)
	}
	return int32(at / length)
}

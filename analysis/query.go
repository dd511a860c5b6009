package analysis

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
)

// ShowColumns lists the columns of a view with their types and what they hold, "" for all views.
func (d *Data) ShowColumns(ctx context.Context, view string) (*Table, error) {
	return d.Query(ctx, "describe.sql", view)
}

// describing are the statements that ask for the columns of a view.
var describing = regexp.MustCompile(`(?i)^\s*(?:DESCRIBE|DESC)\s+(?:TABLE\s+|VIEW\s+)?"?([a-z_]+)"?\s*;?\s*$`)

// Run runs one statement and writes the rows as they come. DESCRIBE of a view also says what each column holds.
func (d *Data) Run(ctx context.Context, statement string, to RowWriter) error {
	if m := describing.FindStringSubmatch(statement); m != nil {
		t, err := d.ShowColumns(ctx, m[1])
		if err != nil {
			return err
		}
		if len(t.Rows) > 0 {
			return t.write(to)
		}
	}
	if err := d.Each(ctx, statement, func(columns []Column, row []any) error {
		if row == nil {
			return to.Begin(columns)
		}
		return to.Row(row)
	}); err != nil {
		return err
	}
	return to.End()
}

// RunToParquet runs one statement and writes the result into a file, which it replaces once it is whole.
func (d *Data) RunToParquet(ctx context.Context, statement, path string) error {
	draft := path + ".tmp"
	if err := d.run(ctx, "copy.sql", map[string]string{"SQL": statement, "Path": draft}); err != nil {
		return errors.Join(err, discard(draft))
	}
	return os.Rename(draft, path)
}

func discard(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// RunToFile is Run into a file, which it replaces once it is whole.
func (d *Data) RunToFile(ctx context.Context, statement, form, path string) error {
	return WriteFile(path, func(to io.Writer) error { return d.runForm(ctx, statement, form, to) })
}

func (d *Data) runForm(ctx context.Context, statement, form string, w io.Writer) error {
	to, err := NewRowWriter(form, w)
	if err != nil {
		return err
	}
	return d.Run(ctx, statement, to)
}

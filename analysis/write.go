package analysis

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/output"
)

// RowWriter writes rows in some form, one after the other: first begin, then the rows, then end.
type RowWriter interface {
	Begin(columns []Column) error
	Row(row []any) error // which it does not keep
	End() error
}

// Forms are the forms that NewRowWriter knows.
var Forms = []string{"table", "csv", "json"}

// NewRowWriter writes rows in one of the Forms: as a table for people, as CSV (RFC 4180), as JSON, one object a line.
func NewRowWriter(form string, w io.Writer) (RowWriter, error) {
	switch form {
	case "table":
		return &textWriter{to: bufio.NewWriter(w)}, nil
	case "csv":
		return &csvWriter{to: csv.NewWriter(w)}, nil
	case "json":
		return &jsonWriter{to: bufio.NewWriter(w)}, nil
	}
	return nil, fmt.Errorf("unknown form %q: want one of %s", form, strings.Join(Forms, ", "))
}

// write writes a whole table.
func (t *Table) write(to RowWriter) error {
	if err := to.Begin(t.Columns); err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := to.Row(row); err != nil {
			return err
		}
	}
	return to.End()
}

// WriteCSV writes the table as CSV: shares as numbers from 0 to 1, times by RFC 3339, NULL as nothing. A cell that a spreadsheet would take for
// a formula begins with an apostrophe (output.Cell).
func (t *Table) WriteCSV(w io.Writer) error { return t.write(&csvWriter{to: csv.NewWriter(w)}) }

// WriteJSON writes the table as JSON, one object a line.
func (t *Table) WriteJSON(w io.Writer) error { return t.write(&jsonWriter{to: bufio.NewWriter(w)}) }

// WriteText writes the table for people: columns in line, shares in percent, no character that would steer a terminal.
func (t *Table) WriteText(w io.Writer) error { return t.write(&textWriter{to: bufio.NewWriter(w)}) }

type csvWriter struct {
	to      *csv.Writer
	columns []Column
	line    []string
}

func (c *csvWriter) Begin(columns []Column) error {
	c.columns = columns
	for _, column := range columns {
		c.line = append(c.line, output.Cell(column.Name))
	}
	return c.to.Write(c.line)
}

func (c *csvWriter) Row(row []any) error {
	for i, v := range row {
		text := exact(v)
		if kind := c.columns[i].Kind; kind == Text || kind == Nested {
			text = output.Cell(text)
		}
		c.line[i] = text
	}
	return c.to.Write(c.line)
}

func (c *csvWriter) End() error {
	c.to.Flush()
	return c.to.Error()
}

// exact is a cell as text that loses nothing.
func exact(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []byte:
		return output.Octets(string(v))
	}
	return fmt.Sprint(v)
}

type jsonWriter struct {
	to   *bufio.Writer
	keys []string // with what stands before and behind them
	raw  []bool
}

func (j *jsonWriter) Begin(columns []Column) error {
	for i, c := range columns {
		key, err := json.Marshal(c.Name)
		if err != nil {
			return err
		}
		before := ","
		if i == 0 {
			before = "{"
		}
		j.keys, j.raw = append(j.keys, before+string(key)+":"), append(j.raw, c.Kind == Nested)
	}
	return nil
}

func (j *jsonWriter) Row(row []any) error {
	for i, v := range row {
		if _, err := j.to.WriteString(j.keys[i]); err != nil {
			return err
		}
		if text, isText := v.(string); isText && j.raw[i] {
			v = json.RawMessage(text)
		} else if t, isTime := v.(time.Time); isTime {
			v = t.Format(time.RFC3339Nano)
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if _, err := j.to.Write(text); err != nil {
			return err
		}
	}
	_, err := j.to.WriteString("}\n")
	return err
}

func (j *jsonWriter) End() error { return j.to.Flush() }

// textWriter writes columns in line. Their widths are those of the first rows, so that a result of any size can be shown.
type textWriter struct {
	to      *bufio.Writer
	columns []Column
	widths  []int
	waiting [][]string // rows that the widths are made of; nil once they are
	begun   bool
}

const (
	widthRows = 1000 // rows that decide about widths
	maxWidth  = 80   // characters of a column; what is longer pushes the rest of its line to the right
)

func (t *textWriter) Begin(columns []Column) error {
	t.columns, t.widths = columns, make([]int, len(columns))
	heading := make([]string, len(columns))
	for i, c := range columns {
		heading[i] = printable(c.Heading())
	}
	t.waiting = append(t.waiting, heading)
	return nil
}

func (t *textWriter) Row(row []any) error {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = readable(v, t.columns[i].Kind)
	}
	if t.begun {
		return t.line(cells)
	}
	if t.waiting = append(t.waiting, cells); len(t.waiting) > widthRows {
		return t.begin()
	}
	return nil
}

// begin writes the rows that wait.
func (t *textWriter) begin() error {
	t.begun = true
	for _, cells := range t.waiting {
		for i, cell := range cells {
			t.widths[i] = max(t.widths[i], min(utf8.RuneCountInString(cell), maxWidth))
		}
	}
	for i, cells := range t.waiting {
		if err := t.line(cells); err != nil {
			return err
		}
		if i == 0 {
			rule := make([]string, len(t.widths))
			for i, width := range t.widths {
				rule[i] = strings.Repeat("-", width)
			}
			if err := t.line(rule); err != nil {
				return err
			}
		}
	}
	t.waiting = nil
	return nil
}

func (t *textWriter) line(cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		gap := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell)))
		if i > 0 {
			b.WriteString("  ")
		}
		switch t.columns[i].Kind {
		case Count, Number, Share:
			b.WriteString(gap + cell)
		default:
			b.WriteString(cell + gap)
		}
	}
	_, err := t.to.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

func (t *textWriter) End() error {
	if !t.begun {
		if err := t.begin(); err != nil {
			return err
		}
	}
	return t.to.Flush()
}

// readable is a cell for people.
func readable(v any, kind Kind) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case float64:
		if kind == Share {
			return Percent(v)
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	case time.Time:
		return v.Format("2006-01-02 15:04:05")
	}
	return printable(exact(v))
}

// Percent writes a share in percent: with one digit behind the point, or as many as show that a small one is not zero and a large
// one not all.
func Percent(share float64) string {
	digits := 1
	for ; digits < 4; digits++ {
		text := strconv.FormatFloat(100*share, 'f', digits, 64)
		rounded, err := strconv.ParseFloat(text, 64)
		if err != nil || share == 0 || share == 1 || rounded > 0 && rounded < 100 {
			break
		}
	}
	return strconv.FormatFloat(100*share, 'f', digits, 64) + " %"
}

// Thousands puts a comma between each three digits of a number before the point.
func Thousands(number string) string {
	whole, rest, point := strings.Cut(number, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + rest
	}
	return sign + whole
}

// grouped is a count for people.
func grouped(n int64) string { return Thousands(strconv.FormatInt(n, 10)) }

// printable replaces what would steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// WriteParquet writes the table into a file, under the names and with the types of its columns. It replaces the file, once it is whole.
func (t *Table) WriteParquet(path string) error {
	fields := make([]reflect.StructField, len(t.Columns))
	for i, c := range t.Columns {
		kind, option := parquetTypes[c.Kind], ",optional"
		if c.Kind == Moment {
			option += ",timestamp(microsecond)"
		}
		fields[i] = reflect.StructField{
			Name: "C" + strconv.Itoa(i), Type: reflect.PointerTo(kind), Tag: reflect.StructTag(fmt.Sprintf("parquet:%q", c.Name+option)),
		}
	}
	row := reflect.StructOf(fields)
	return WriteFile(path, func(to io.Writer) error {
		w := parquet.NewWriter(to, parquet.SchemaOf(reflect.New(row).Interface()), parquet.Compression(&parquet.Zstd))
		for _, cells := range t.Rows {
			value := reflect.New(row)
			for i, v := range cells {
				if v == nil {
					continue
				}
				at := reflect.New(fields[i].Type.Elem())
				at.Elem().Set(reflect.ValueOf(v))
				value.Elem().Field(i).Set(at)
			}
			if err := w.Write(value.Interface()); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

var parquetTypes = map[Kind]reflect.Type{
	Text: reflect.TypeFor[string](), Nested: reflect.TypeFor[string](), Count: reflect.TypeFor[int64](), Number: reflect.TypeFor[float64](),
	Share: reflect.TypeFor[float64](), Flag: reflect.TypeFor[bool](), Moment: reflect.TypeFor[time.Time](), Octets: reflect.TypeFor[[]byte](),
}

// WriteFile writes a file under another name and gives it its own once it is whole. It replaces the file that was there.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := write(file); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	if err := errors.Join(file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

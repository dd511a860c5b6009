package analysis

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Kind is what the cells of a column are.
type Kind uint8

// The kinds of columns. A cell of any may be nil: nothing to say.
const (
	Text   Kind = iota // string; foreign text among them
	Count              // int64
	Number             // float64
	Share              // float64 from 0 to 1; not a number never occurs, what has no denominator is nil
	Flag               // bool
	Moment             // time.Time, in UTC
	Octets             // []byte
	Nested             // string: a list or a structure, as JSON
)

// Column is a column of a Table.
type Column struct {
	Name string // lower case with underscores, as in CSV
	Kind Kind
}

// Heading is the name for people.
func (c Column) Heading() string { return strings.ReplaceAll(c.Name, "_", " ") }

// Table is the answer to a question, or a part of it.
type Table struct {
	ID      string // of lower-case letters, digits and hyphens; unique in a report
	Title   string
	Note    []string // paragraphs for the reader
	Figure  *Figure  // how it may be drawn; nil: not at all
	Columns []Column
	Rows    [][]any

	// Missing says why there is no answer: what the scan did not ask about. Then there are no rows.
	Missing string
}

// Column returns the index of a column, -1 if there is none.
func (t *Table) Column(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// The columns of tables that count names. A query gives the first three; measure adds the others.
const (
	numerator    = "n"             // names that have the property
	denominator  = "of"            // names of which it is known whether they have it
	unknown      = "unknown"       // names of which it is not, for a look-up failed; in no denominator
	share        = "share"         // n / of
	low, high    = "low", "high"   // the interval of 95 % (Wilson) for the share in what the names are a sample of
	unknownShare = "unknown_share" // unknown / (of + unknown)
)

// shares are other columns that a query may have under names that say so.
const shareSuffix = "_share"

// measure adds the shares to a table that has a numerator and a denominator, and the interval if the names are a sample.
func (t *Table) measure(sample bool) {
	n, of, not := t.Column(numerator), t.Column(denominator), t.Column(unknown)
	if n < 0 || of < 0 {
		return
	}
	t.insert(of+1, share, func(row []any) any { return ratio(row[n], row[of]) })
	if sample {
		t.insert(of+2, low, func(row []any) any { l, _ := interval(row[n], row[of]); return l })
		t.insert(of+3, high, func(row []any) any { _, h := interval(row[n], row[of]); return h })
	}
	if not >= 0 {
		not = t.Column(unknown)
		t.insert(not+1, unknownShare, func(row []any) any {
			u, isCount := row[not].(int64)
			all, isToo := row[of].(int64)
			if !isCount || !isToo {
				return nil
			}
			return ratio(u, all+u)
		})
	}
}

// insert puts a column of shares at an index. All columns that value looks at stand before it.
func (t *Table) insert(at int, name string, value func(row []any) any) {
	t.Columns = slices.Insert(slices.Clone(t.Columns), at, Column{name, Share})
	for i, row := range t.Rows {
		t.Rows[i] = slices.Insert(slices.Clone(row), at, value(row))
	}
}

func ratio(n, of any) any {
	a, isCount := n.(int64)
	b, isToo := of.(int64)
	if !isCount || !isToo || b <= 0 {
		return nil
	}
	return float64(a) / float64(b)
}

// interval is the score interval of Wilson (1927) for a share of n in of: with 95 % probability that of the population from which
// the names were drawn at random lies in it. It never leaves 0 to 1 and holds for small numbers too.
func interval(n, of any) (low, high any) {
	p, known := ratio(n, of).(float64)
	if !known {
		return nil, nil
	}
	const z = 1.959963984540054 // the normal distribution has 2.5 % beyond
	size := float64(of.(int64))
	middle := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return max(0, middle-half), min(1, middle+half)
}

// Query runs a file of sql/ with one statement, a template over data.
func (d *Data) Query(ctx context.Context, file string, data any) (*Table, error) {
	text, err := expand(file, data)
	if err != nil {
		return nil, err
	}
	t, err := d.Select(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// Select runs one statement of SQL and returns all rows of the result, which must fit into memory.
func (d *Data) Select(ctx context.Context, statement string, args ...any) (*Table, error) {
	t := new(Table)
	err := d.Each(ctx, statement, func(columns []Column, row []any) error {
		t.Columns = columns
		if row != nil {
			t.Rows = append(t.Rows, slices.Clone(row))
		}
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Each runs one statement of SQL and gives its rows to see, one after the other: first nil, for a result without rows has columns,
// too. A row is good until the next.
func (d *Data) Each(ctx context.Context, statement string, see func(columns []Column, row []any) error, args ...any) error {
	rows, err := d.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	columns := make([]Column, len(types))
	for i, t := range types {
		columns[i] = Column{t.Name(), kindOf(t.Name(), t.DatabaseTypeName())}
	}
	if err := see(columns, nil); err != nil {
		return err
	}
	row, at := make([]any, len(types)), make([]any, len(types))
	for i := range row {
		at[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		for i := range row {
			row[i] = cell(row[i], columns[i].Kind)
		}
		if err := see(columns, row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// kindOf is the kind of a column by its type in DuckDB, of numbers also by its name.
func kindOf(name, kind string) Kind {
	switch {
	case strings.HasSuffix(kind, "]"), strings.HasPrefix(kind, "STRUCT"), strings.HasPrefix(kind, "MAP"):
		return Nested
	case strings.HasPrefix(kind, "DECIMAL"), kind == "DOUBLE", kind == "FLOAT":
		if name == share || strings.HasSuffix(name, shareSuffix) {
			return Share
		}
		return Number
	case kind == "TINYINT", kind == "SMALLINT", kind == "INTEGER", kind == "BIGINT", kind == "HUGEINT",
		kind == "UTINYINT", kind == "USMALLINT", kind == "UINTEGER", kind == "UBIGINT", kind == "UHUGEINT":
		return Count
	case kind == "BOOLEAN":
		return Flag
	case strings.HasPrefix(kind, "TIMESTAMP"), kind == "DATE":
		return Moment
	case kind == "BLOB":
		return Octets
	}
	return Text
}

// cell brings a value of the driver into the form that its kind has.
func cell(v any, kind Kind) any {
	switch v := v.(type) {
	case nil:
		return nil
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		if v > math.MaxInt64 {
			return int64(math.MaxInt64)
		}
		return int64(v)
	case *big.Int:
		if !v.IsInt64() {
			return int64(math.MaxInt64)
		}
		return v.Int64()
	case float32:
		return number(float64(v))
	case float64:
		return number(v)
	case duckdb.Decimal:
		return number(v.Float64())
	case time.Time:
		return v.UTC()
	case int64, bool, string:
		return v
	case []byte:
		if kind == Octets {
			return slices.Clone(v)
		}
		return string(v)
	}
	if kind == Nested {
		if text, err := json.Marshal(plain(v)); err == nil {
			return string(text)
		}
	}
	if other, is := plain(v).(string); is {
		return other
	}
	return fmt.Sprint(v)
}

// number is nil for what is none.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

// plain brings what is in lists and structs into forms that JSON has.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = plain(v[i])
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for key := range v {
			all[key] = plain(v[key])
		}
		return all
	case duckdb.Map:
		all := make(map[string]any, len(v))
		for key := range v {
			all[fmt.Sprint(key)] = plain(v[key])
		}
		return all
	case []byte:
		return string(v)
	case *big.Int:
		return v
	case duckdb.Decimal:
		return v.Float64()
	case float64:
		return number(v)
	case fmt.Stringer:
		if _, isTime := v.(time.Time); !isTime {
			return v.String() // UUID, INTERVAL and the like
		}
	}
	return v
}

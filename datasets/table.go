package datasets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// table reads names, and ranks if there are any, from a Parquet file: one a row.
type table struct {
	file        *parquet.File
	name, rank  int // columns; rank is -1 if there is none
	group       int // row groups opened
	names       parquet.ColumnChunkValueReader
	ranks       parquet.ColumnChunkValueReader // nil without
	values      [tableRows]parquet.Value
	rankValues  [tableRows]parquet.Value
	read, taken int // of values
}

// tableRows is how many rows of a table are decoded at a time.
const tableRows = 512

// openTable opens a Parquet file. The column is a name, with dots between those of nested ones, or a number from 1; ""
// takes the first column whose name says that it holds names.
func openTable(f *os.File, column string) (t *table, err error) {
	defer func() {
		if broken := recover(); broken != nil { // parquet-go's answer to some damaged files
			t, err = nil, fmt.Errorf("damaged Parquet: %v", broken)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	t = &table{file: file}
	if t.name, err = nameColumn(file.Schema(), column); err != nil {
		return nil, err
	}
	t.rank = -1
	for _, header := range rankColumns {
		if at := foldedColumn(file.Schema(), header); at >= 0 && t.rank < 0 && isFlat(file.Schema(), at, parquet.Int32, parquet.Int64) {
			t.rank = at
		}
	}
	return t, nil
}

// nameColumn returns the index of the column with the names.
func nameColumn(schema *parquet.Schema, column string) (int, error) {
	at := -1
	if column == "" {
		for _, header := range nameColumns {
			if at < 0 {
				at = foldedColumn(schema, header)
			}
		}
		if at < 0 {
			return 0, fmt.Errorf("no column of the table is called domain, host, name or the like: say which it is; there are %s", columnNames(schema))
		}
	} else if n, ok := number([]byte(column)); ok {
		if n > int64(len(schema.Columns())) {
			return 0, fmt.Errorf("has no column %d: there are %s", n, columnNames(schema))
		}
		at = int(n) - 1
	} else if at = foldedColumn(schema, column); at < 0 {
		return 0, fmt.Errorf("has no column %q: there are %s", column, columnNames(schema))
	}
	if !isFlat(schema, at, parquet.ByteArray) {
		return 0, fmt.Errorf("column %s does not hold one text a row", strings.Join(schema.Columns()[at], "."))
	}
	return at, nil
}

// foldedColumn returns the index of the column of that name; -1 if there is none.
func foldedColumn(schema *parquet.Schema, name string) int {
	return slices.IndexFunc(schema.Columns(), func(path []string) bool { return strings.EqualFold(strings.Join(path, "."), name) })
}

func columnNames(schema *parquet.Schema) string {
	var names []string
	for _, path := range schema.Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return printable([]byte(strings.Join(names, ", ")))
}

// isFlat reports whether a column has one value, or NULL, in every row, and one of the kinds.
func isFlat(schema *parquet.Schema, column int, kinds ...parquet.Kind) bool {
	leaf, found := schema.Lookup(schema.Columns()[column]...)
	return found && leaf.MaxRepetitionLevel == 0 && slices.Contains(kinds, leaf.Node.Type().Kind())
}

// next returns the name in the next row, nil if it is NULL, which lasts until the next call, and its rank; io.EOF after
// the last.
func (t *table) next() (name []byte, rank int64, err error) {
	for t.taken == t.read {
		if err := t.fill(); err != nil {
			return nil, 0, err
		}
	}
	i := t.taken
	t.taken++
	if t.ranks != nil && !t.rankValues[i].IsNull() {
		if v := t.rankValues[i]; v.Kind() == parquet.Int32 {
			rank = int64(v.Int32())
		} else {
			rank = v.Int64()
		}
	}
	if v := t.values[i]; !v.IsNull() {
		return v.ByteArray(), max(rank, 0), nil
	}
	return nil, 0, nil
}

// fill reads the next rows, of the next row group if need be.
func (t *table) fill() (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("damaged Parquet: %v", broken)
		}
	}()
	t.read, t.taken = 0, 0
	if t.names == nil {
		if t.group == len(t.file.RowGroups()) {
			return io.EOF
		}
		chunks := t.file.RowGroups()[t.group].ColumnChunks()
		t.group++
		t.names = parquet.NewColumnChunkValueReader(chunks[t.name])
		if t.rank >= 0 {
			t.ranks = parquet.NewColumnChunkValueReader(chunks[t.rank])
		}
	}
	n, err := t.names.ReadValues(t.values[:])
	if n == 0 {
		if err == nil {
			return io.ErrNoProgress
		}
		t.close()
	}
	if err != nil && err != io.EOF {
		return err
	}
	for read := 0; t.ranks != nil && read < n; {
		m, err := t.ranks.ReadValues(t.rankValues[read:n])
		if read += m; m == 0 {
			if err == nil || err == io.EOF {
				err = errors.New("damaged Parquet: columns of different lengths")
			}
			return err
		}
	}
	t.read = n
	return nil
}

// Close ends the reading.
func (t *table) Close() error {
	t.close()
	return nil
}

// close ends the reading of a row group.
func (t *table) close() {
	if t.names != nil {
		t.names.Close()
	}
	if t.ranks != nil {
		t.ranks.Close()
	}
	t.names, t.ranks = nil, nil
}

package output

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// checkBounds holds the bounds and the counts of NULLs that readers go by when they leave out pages and row groups
// against the values, in all parts of a table.
func checkBounds(t *testing.T, dir, table string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
	must(t, err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		must(t, err)
		file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
		must(t, err)
		for g, group := range file.RowGroups() {
			for i, chunk := range group.ColumnChunks() {
				meta := &file.Metadata().RowGroups[g].Columns[i].MetaData
				index, err := chunk.ColumnIndex()
				must(t, err)
				least, greatest, nulls := checkPages(t, chunk, index)
				stats := &meta.Statistics
				if stats.NullCount != nulls || !least.IsNull() && (!bytes.Equal(stats.MinValue, least.Bytes()) || !bytes.Equal(stats.MaxValue, greatest.Bytes())) {
					t.Errorf("%s: %q in row group %d: from %q to %q, %d NULLs; want from %q to %q, %d",
						path, meta.PathInSchema, g, stats.MinValue, stats.MaxValue, stats.NullCount, least.Bytes(), greatest.Bytes(), nulls)
				}
			}
		}
	}
}

// checkPages checks the column index of one chunk, and returns what is true of the chunk. The bounds are NULL if it has
// no values.
func checkPages(t *testing.T, chunk parquet.ColumnChunk, index parquet.ColumnIndex) (least, greatest parquet.Value, nulls int64) {
	t.Helper()
	pages := chunk.Pages()
	defer pages.Close()
	compare := chunk.Type().Compare
	n := 0
	for ; ; n++ {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		must(t, err)
		values := make([]parquet.Value, page.NumValues())
		if _, err := page.Values().ReadValues(values); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		pageNulls := int64(0)
		for _, v := range values {
			if v.IsNull() {
				pageNulls++
				continue
			}
			v = v.Clone()
			if least.IsNull() || compare(v, least) < 0 {
				least = v
			}
			if greatest.IsNull() || compare(v, greatest) > 0 {
				greatest = v
			}
			if compare(v, index.MinValue(n)) < 0 || compare(v, index.MaxValue(n)) > 0 {
				t.Errorf("column %d, page %d: %v is not from %v to %v", chunk.Column(), n, v, index.MinValue(n), index.MaxValue(n))
			}
		}
		if index.NullPage(n) != (pageNulls == int64(len(values))) || index.NullCount(n) != pageNulls {
			t.Errorf("column %d, page %d: %d NULLs of %d values are not %d", chunk.Column(), n, pageNulls, len(values), index.NullCount(n))
		}
		nulls += pageNulls
		parquet.Release(page)
	}
	if n != index.NumPages() {
		t.Errorf("column %d: %d pages, %d in the index", chunk.Column(), n, index.NumPages())
	}
	return least, greatest, nulls
}

// TestFloatBounds: those of a column of floats are by value, not by their bits.
func TestFloatBounds(t *testing.T) {
	type row struct {
		X float64 `parquet:"x"`
	}
	s := newShredder[row](parquet.SchemaOf(new(row)), defaultLimits)
	s.shred([]row{{0.5}, {-2}, {-1}, {3e300}, {math.SmallestNonzeroFloat64}})
	least, greatest, ok := s.columns[0].Page().Bounds()
	if !ok || least.Double() != -2 || greatest.Double() != 3e300 {
		t.Errorf("from %v to %v", least, greatest)
	}
}

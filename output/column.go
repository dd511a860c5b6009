package output

import (
	"errors"
	"math"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// column gathers the values of one column for the page under way.
//
// Most columns say in a row what they said in the row before. So a column is told only what changes: a row of which it
// hears nothing repeats the last value set. Such repeats cost nothing until a change or the end of the page, and then
// one addition.
//
// To the library a column is the buffer of a required column that is not repeated, whatever it is by the schema:
// levels are part of the values that columnType encodes (see there).
type column struct {
	parquet.ColumnBuffer // for the methods that the library keeps to itself; none of them is called
	typ                  columnType
	kind                 parquet.Kind
	index                int
	maxRep, maxDef       byte
	dict                 *dictionary // nil: the column has none
	scratch              *scratch

	rows  *int // rows of the row group so far
	first int  // the row with which the page begins
	upto  int  // rows from here on repeat the value below

	level  byte  // its definition level; below maxDef there is no value; of a list maxDef stands for the whole list
	number int64 // the value: a number, the bits of a float, an index in dict; octets stand at the end of data

	// The values of the page. Indexes, booleans and 32-bit numbers are in ints, octets in data and offsets.
	rep     repetition
	def     series[byte]
	ints    series[int32]
	longs   series[int64]
	data    []byte
	offsets []uint32
	values  int // levels, or without levels values
	present int // values that are not NULL

	listValues, listPresent int // those before the last list

	// Bounds of the values present.
	min, max         int64 // likewise; of indexes, those of the least and the greatest text
	minText, maxText []byte
	seen             []uint32 // by index in dict: the page that used it last
	page             uint32   // number of the page
}

// newColumn returns the buffer of a column of the schema.
func newColumn(leaf parquet.LeafColumn, rows *int, shared *scratch) *column {
	base := leaf.Node.Type()
	c := &column{
		ColumnBuffer: base.NewColumnBuffer(leaf.ColumnIndex, 0),
		kind:         base.Kind(),
		index:        leaf.ColumnIndex,
		maxRep:       byte(leaf.MaxRepetitionLevel),
		maxDef:       byte(leaf.MaxDefinitionLevel),
		scratch:      shared,
		rows:         rows,
	}
	c.typ = columnType{Type: base, column: c}
	if e := leaf.Node.Encoding(); e != nil && e.Encoding() == format.RLEDictionary {
		c.dict = newDictionary(c)
	}
	c.Reset()
	return c
}

// restart makes the column ready for a new row group.
func (c *column) restart() {
	c.first, c.upto = 0, 0
	c.level, c.number = 0, 0
	clear(c.seen)
	c.Reset()
}

// indexed reports whether values go through the dictionary.
func (c *column) indexed() bool { return c.dict != nil && !c.dict.outgrown }

// setNull says that from row on the value is missing, at a definition level.
func (c *column) setNull(row int, level byte) {
	if c.level == level && level != c.maxDef {
		return
	}
	c.catchUp(row)
	c.level = level
}

// setNumber says that from row on the value is v.
func (c *column) setNumber(row int, v int64) {
	if c.level == c.maxDef && c.number == v && c.present > 0 {
		return
	}
	c.catchUp(row)
	c.level, c.number = c.maxDef, v
	c.upto++
	c.values++
	if c.maxDef > 0 {
		c.def.add(c.maxDef, 1)
	}
	c.addNumber(v, 1)
}

// setText says that from row on the value is s.
func (c *column) setText(row int, s string) {
	if c.indexed() {
		c.setNumber(row, int64(c.dict.index(s)))
		return
	}
	c.catchUp(row)
	c.level = c.maxDef
	c.upto++
	c.values++
	if c.maxDef > 0 {
		c.def.add(c.maxDef, 1)
	}
	c.addText(s)
}

// catchUp adds the values of the rows before row.
func (c *column) catchUp(row int) {
	n := row - c.upto
	if n <= 0 {
		return
	}
	c.upto = row
	if c.maxRep > 0 && c.level == c.maxDef {
		c.repeatList(n)
		return
	}
	c.values += n
	if c.maxDef > 0 {
		c.def.add(c.level, n)
		if c.maxRep > 0 {
			c.rep.addRows(1, n)
		}
	}
	switch {
	case c.level < c.maxDef:
	case c.kind != parquet.ByteArray || c.indexed():
		c.addNumber(c.number, n)
	default:
		text := c.textBefore(1)
		for range n {
			c.addText(text)
		}
	}
}

// textBefore is the value so many before the next, of a column without dictionary.
func (c *column) textBefore(n int) string {
	at := len(c.offsets) - 1 - n
	text := c.data[c.offsets[at]:c.offsets[at+1]]
	return unsafe.String(unsafe.SliceData(text), len(text)) // where data is moved, the octets stay
}

// beginList begins the values of row, which has a list that is not empty: all values and levels up to the next row are
// of it.
func (c *column) beginList(row int) {
	c.catchUp(row)
	c.level = c.maxDef
	c.upto++
	c.listValues, c.listPresent = c.values, c.present
}

// repeatList adds the last row's list another n times.
func (c *column) repeatList(n int) {
	values, present := c.values-c.listValues, c.present-c.listPresent
	c.rep.repeat(values, n)
	c.def.repeat(values, n)
	switch {
	case present == 0:
	case c.kind == parquet.Int64, c.kind == parquet.Double:
		c.longs.repeat(present, n)
	case c.kind != parquet.ByteArray || c.indexed():
		c.ints.repeat(present, n)
	default:
		for range n * present {
			c.addText(c.textBefore(present))
		}
	}
	c.values += n * values
	c.listValues = c.values - values
	c.listPresent += n * present
	c.present = c.listPresent + present
}

// addNulls adds a row of so many elements, or lists that are elements, with nothing in them: its definition level.
func (c *column) addNulls(elements int, def byte) {
	c.values += elements
	c.rep.addRows(elements, 1)
	c.def.add(def, elements)
}

// addLevels adds the levels of an element of a list that is an element itself.
func (c *column) addLevels(rep, def byte) {
	c.values++
	c.rep.addLevel(rep)
	c.def.add(def, 1)
}

// addString adds the value of an element.
func (c *column) addString(s string) {
	if c.indexed() {
		c.addNumber(int64(c.dict.index(s)), 1)
	} else {
		c.addText(s)
	}
}

// addNumber adds n times the value v.
func (c *column) addNumber(v int64, n int) {
	switch {
	case c.kind == parquet.Int64, c.kind == parquet.Double:
		c.longs.add(v, n)
	default:
		c.ints.add(int32(v), n)
	}
	first := c.present == 0
	c.present += n
	switch {
	case c.kind == parquet.ByteArray:
		c.boundIndex(int32(v), first)
	case first:
		c.min, c.max = v, v
	case c.kind == parquet.Double:
		c.min = int64(math.Float64bits(min(math.Float64frombits(uint64(c.min)), math.Float64frombits(uint64(v)))))
		c.max = int64(math.Float64bits(max(math.Float64frombits(uint64(c.max)), math.Float64frombits(uint64(v)))))
	default:
		c.min, c.max = min(c.min, v), max(c.max, v)
	}
}

// boundIndex takes the text of an index into the bounds.
func (c *column) boundIndex(index int32, first bool) {
	for int(index) >= len(c.seen) {
		c.seen = append(c.seen, 0)
	}
	if c.seen[index] == c.page {
		return
	}
	c.seen[index] = c.page
	text := c.dict.text(index)
	switch {
	case first:
		c.min, c.max = int64(index), int64(index)
	case string(text) < string(c.dict.text(int32(c.min))):
		c.min = int64(index)
	case string(text) > string(c.dict.text(int32(c.max))):
		c.max = int64(index)
	}
}

// addText adds a value of octets.
func (c *column) addText(text string) {
	c.data = append(c.data, text...)
	c.offsets = append(c.offsets, uint32(len(c.data)))
	switch {
	case c.present == 0:
		c.minText, c.maxText = append(c.minText[:0], text...), append(c.maxText[:0], text...)
	case text < string(c.minText):
		c.minText = append(c.minText[:0], text...)
	case text > string(c.maxText):
		c.maxText = append(c.maxText[:0], text...)
	}
	c.present++
}

// full reports whether the page should be written.
func (c *column) full() bool {
	limits := &c.scratch.limits
	return max(c.values, *c.rows-c.first) >= limits.pageValues || c.Size() >= limits.pageBytes
}

// Size is about what the page takes in memory.
func (c *column) Size() int64 {
	return int64(len(c.rep.levels.all) + len(c.def.all) + 4*len(c.ints.all) + 8*len(c.longs.all) + len(c.data) + 4*len(c.offsets))
}

// Len is the rows of the page.
func (c *column) Len() int { return *c.rows - c.first }

// WriteValues is what the library calls with no values, to see whether there is a column.
func (c *column) WriteValues(values []parquet.Value) (int, error) {
	if len(values) > 0 {
		return 0, errors.New("internal error: a column takes no foreign values")
	}
	return 0, nil
}

// Page returns the page, complete.
func (c *column) Page() parquet.Page {
	c.catchUp(*c.rows)
	return page{c}
}

// Reset begins a new page. The first row of it must set its value.
func (c *column) Reset() {
	if c.dict != nil {
		c.dict.outgrow()
	}
	c.first = *c.rows
	c.rep.clear()
	c.def.clear()
	c.ints.clear()
	c.longs.clear()
	c.data, c.offsets = c.data[:0], append(c.offsets[:0], 0)
	c.values, c.present = 0, 0
	c.page++
}

func (c *column) Type() parquet.Type { return &c.typ }

func (c *column) Dictionary() parquet.Dictionary {
	if c.dict == nil {
		return nil
	}
	return c.dict
}

// page is the page under way as the library sees it.
type page struct{ *column }

func (p page) NumRows() int64           { return int64(p.Len()) }
func (p page) NumValues() int64         { return int64(p.values) }
func (p page) NumNulls() int64          { return int64(p.values - p.present) }
func (p page) RepetitionLevels() []byte { return nil }
func (p page) DefinitionLevels() []byte { return nil }

// Values and Slice are for readers.
func (p page) Values() parquet.ValueReader   { panic("internal error: the page is only to be written") }
func (p page) Slice(i, j int64) parquet.Page { panic("internal error: the page is only to be written") }

// Dictionary is that of the page, nil where it is encoded without.
func (p page) Dictionary() parquet.Dictionary {
	if !p.indexed() {
		return nil
	}
	return p.dict
}

// Bounds returns the least and the greatest of the values. They hold until the next page.
func (p page) Bounds() (least, greatest parquet.Value, ok bool) {
	if p.present == 0 {
		return least, greatest, false
	}
	value := func(v int64, text []byte) parquet.Value {
		switch p.kind {
		case parquet.Boolean:
			return parquet.BooleanValue(v != 0)
		case parquet.Int32:
			return parquet.Int32Value(int32(v))
		case parquet.Int64:
			return parquet.Int64Value(v)
		case parquet.Double:
			return parquet.DoubleValue(math.Float64frombits(uint64(v)))
		default:
			if p.indexed() {
				text = p.dict.text(int32(v))
			}
			return parquet.ByteArrayValue(text)
		}
	}
	return value(p.min, p.minText), value(p.max, p.maxText), true
}

// Data returns the values that are not NULL.
func (p page) Data() encoding.Values {
	switch {
	case p.indexed():
		return encoding.Int32Values(p.ints.all) // Encode knows of the run
	case p.kind == parquet.Int32:
		return encoding.Int32Values(p.ints.list(&p.scratch.ints))
	case p.kind == parquet.Boolean:
		return encoding.BooleanValues(packed(&p.ints, &p.scratch.bits))
	case p.kind == parquet.Int64:
		return encoding.Int64Values(p.longs.list(&p.scratch.longs))
	case p.kind == parquet.Double:
		floats := p.scratch.floats[:0]
		for _, v := range p.longs.list(&p.scratch.longs) {
			floats = append(floats, math.Float64frombits(uint64(v)))
		}
		p.scratch.floats = floats
		return encoding.DoubleValues(floats)
	default:
		return encoding.ByteArrayValues(p.data, p.offsets)
	}
}

// packed packs booleans into bits, the first the lowest.
func packed(s *series[int32], room *[]byte) []byte {
	if len(s.all) == 0 {
		*room = repeat((*room)[:0], byte(-s.last), s.run/8)
		if rest := s.run % 8; rest > 0 {
			*room = append(*room, byte(s.last<<rest-s.last))
		}
		return *room
	}
	s.settle()
	b := repeat((*room)[:0], 0, (len(s.all)+7)/8)
	for i, v := range s.all {
		b[i/8] |= byte(v) << (i % 8)
	}
	*room = b
	return b
}

// scratch is what the columns of a table share: their limits, and room while one of them is encoded.
type scratch struct {
	limits pageLimits
	ints   []int32
	longs  []int64
	floats []float64
	bits   []byte
}

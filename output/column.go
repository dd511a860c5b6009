package output

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/rle"
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
	calls *int // of the shredder so far
	first int  // the row with which the page begins
	upto  int  // rows from here on repeat the value below

	level  byte  // its definition level; below maxDef there is no value
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

	// Bounds of the values present.
	min, max         int64 // likewise; of indexes, those of the least and the greatest text
	minText, maxText []byte
	seen             []uint32 // by index in dict: the page that used it last
	page             uint32   // number of the page
}

// newColumn returns the buffer of a column of the schema.
func newColumn(leaf parquet.LeafColumn, rows, calls *int, shared *scratch) *column {
	base := leaf.Node.Type()
	c := &column{
		ColumnBuffer: base.NewColumnBuffer(leaf.ColumnIndex, 0),
		kind:         base.Kind(),
		index:        leaf.ColumnIndex,
		maxRep:       byte(leaf.MaxRepetitionLevel),
		maxDef:       byte(leaf.MaxDefinitionLevel),
		scratch:      shared,
		rows:         rows,
		calls:        calls,
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
		c.setNumber(row, int64(c.dict.index(s, *c.calls)))
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
		text := c.lastText()
		for range n {
			c.addText(text)
		}
	}
}

// lastText is the value last added, of a column without dictionary.
func (c *column) lastText() string {
	text := c.data[c.offsets[len(c.offsets)-2]:]
	return unsafe.String(unsafe.SliceData(text), len(text)) // where data is moved, the octets stay
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
		c.addNumber(int64(c.dict.index(s, *c.calls)), 1)
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

// series is a list of values of which the last may be a run.
type series[T comparable] struct {
	all  []T
	last T
	run  int // how often last stands after all
}

// add adds n times the value v.
func (s *series[T]) add(v T, n int) {
	if v != s.last {
		s.settle()
		s.last = v
	}
	s.run += n
}

func (s *series[T]) settle() {
	if s.run == 1 {
		s.all = append(s.all, s.last)
	} else {
		s.all = repeat(s.all, s.last, s.run)
	}
	s.run = 0
}

// list returns the values. A list that is one run is made in room.
func (s *series[T]) list(room *[]T) []T {
	if len(s.all) == 0 {
		*room = repeat((*room)[:0], s.last, s.run)
		return *room
	}
	s.settle()
	return s.all
}

// repetition is a list of repetition levels. Mostly rows have as many elements as the row before.
type repetition struct {
	levels   series[byte]
	elements int // of each of the last rows, in lists that are no elements themselves
	rows     int // how many such rows stand after levels
}

// addRows adds rows of so many elements each, none of them a list with more than one.
func (r *repetition) addRows(elements, rows int) {
	if elements != r.elements {
		r.settle()
		r.elements = elements
	}
	r.rows += rows
}

// addLevel adds one level.
func (r *repetition) addLevel(level byte) {
	r.settle()
	r.levels.add(level, 1)
}

func (r *repetition) settle() {
	if r.rows == 0 {
		return
	}
	r.levels.settle()
	start := len(r.levels.all)
	all := repeat(append(r.levels.all, 0), 1, r.elements-1)
	for wanted := start + r.rows*r.elements; len(all) < wanted; {
		all = append(all, all[start:min(len(all), start+wanted-len(all))]...)
	}
	r.levels.all, r.rows = all, 0
}

// list returns the levels.
func (r *repetition) list() *series[byte] {
	if r.elements == 1 {
		r.levels.add(0, r.rows)
		r.rows = 0
	}
	r.settle()
	return &r.levels
}

func (r *repetition) clear() {
	r.levels.clear()
	r.rows = 0
}

func (s *series[T]) clear() { s.all, s.run = s.all[:0], 0 }

func repeat[T any](all []T, v T, n int) []T {
	all = slices.Grow(all, n)[:len(all)+n]
	for i := range all[len(all)-n:] {
		all[len(all)-n+i] = v
	}
	return all
}

// columnType is the type of a column as the library is told: the type by the schema, of which a value is optional or
// not, repeated or not. The values that it encodes are whole pages, levels and values, in the form of data page v1.
//
// The library would keep levels for each value, and twice: with some 120 columns that takes longer than all the rest.
type columnType struct {
	parquet.Type
	column *column
}

func (t *columnType) NewColumnBuffer(int, int) parquet.ColumnBuffer { return t.column }

func (t *columnType) NewDictionary(int, int, encoding.Values) parquet.Dictionary {
	return t.column.dict
}

// Encode appends the page under way to dst, which is empty.
func (t *columnType) Encode(dst []byte, values encoding.Values, e encoding.Encoding) ([]byte, error) {
	c := t.column
	var err error
	if c.maxRep > 0 {
		if dst, err = appendLevels(dst, c.rep.list(), c.maxRep); err != nil {
			return dst, err
		}
	}
	if c.maxDef > 0 {
		if dst, err = appendLevels(dst, &c.def, c.maxDef); err != nil {
			return dst, err
		}
	}
	start := len(dst)
	var encoded []byte
	switch {
	case (e.Encoding() == format.RLEDictionary) != c.indexed():
		return dst, fmt.Errorf("internal error: column %d is to be encoded as %s", c.index, e)
	case c.indexed() && len(c.ints.all) == 0:
		return appendIndexRun(dst, c.ints.last, c.ints.run), nil
	case c.indexed():
		c.ints.settle()
		encoded, err = e.EncodeInt32(dst[start:], c.ints.all)
	default:
		encoded, err = t.Type.Encode(dst[start:], values, e)
	}
	return append(dst, encoded...), err
}

// appendIndexRun appends n times an index as the encoding RLE_DICTIONARY has it: the width in bits, and one run.
// The index of no run is 0, which takes no octets: some readers see to those of a run only if it is one.
func appendIndexRun(dst []byte, index int32, n int) []byte {
	if n == 0 {
		index = 0
	}
	width := bits.Len32(uint32(index))
	dst = append(dst, byte(width))
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(index))
		index >>= 8
	}
	return dst
}

// appendLevels appends levels in the form of data page v1: their length, and runs.
func appendLevels(dst []byte, levels *series[byte], most byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if len(levels.all) == 0 {
		dst = append(binary.AppendUvarint(dst, uint64(levels.run)<<1), levels.last)
	} else {
		levels.settle()
		encoded, err := (&rle.Encoding{BitWidth: bits.Len8(most)}).EncodeLevels(dst[len(dst):], levels.all)
		if err != nil {
			return dst, err
		}
		dst = append(dst, encoded...)
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}

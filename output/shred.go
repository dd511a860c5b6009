package output

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// shredder takes rows apart into columns, values and levels (the record shredding of the Dremel paper, which Parquet
// takes over). The library could do that itself from the same struct tags, but in v0.32.0 its GenericWriter.Write takes
// a NULL for a zero value in some positions: of four optional strings of which only the second is set it makes NULL,
// "x", "", "". And it looks at every field of every row, where most are as they were in the row before: the shredder
// compares rows word by word, and tells only the columns of what differs.
//
// The shapes are those that the row structs use: strings, integers, booleans, floats and octets; pointers to them; lists
// of them, and of structs with such fields and lists. A list in a list is never NULL. With the option "optional" a zero
// value, a nil pointer or a nil list is NULL.
type shredder[T any] struct {
	columns []*column
	fields  []node // those that are no lists
	lists   []node
	words   []span // by word of T: the fields that lie in it, or begin or end there
	rows    int    // of the row group so far
	calls   int    // of shred
}

// span is a range of shredder.fields.
type span struct{ from, to int }

// node is a field of a row struct, or the element of a list.
type node struct {
	offset   uintptr // within the struct
	kind     reflect.Kind
	pointer  bool
	optional bool

	column  *column   // of a value
	fields  []node    // of a struct
	element *node     // of a list
	size    uintptr   // of the field, or of an element
	leaves  []*column // the columns at or below the node
}

// word is what rows are compared by.
type word = uint64

const wordSize = unsafe.Sizeof(word(0))

// newShredder compiles the way from the row struct to the columns of its schema.
func newShredder[T any](schema *parquet.Schema, limits pageLimits) *shredder[T] {
	s := &shredder[T]{columns: make([]*column, len(schema.Columns()))}
	shared := &scratch{limits: limits}
	for i, path := range schema.Columns() {
		leaf, _ := schema.Lookup(path...)
		s.columns[i] = newColumn(leaf, &s.rows, &s.calls, shared)
	}
	row := reflect.TypeFor[T]()
	for _, n := range s.compileFields(schema, row, nil) {
		if n.element != nil {
			s.lists = append(s.lists, n)
		} else {
			s.fields = append(s.fields, n)
		}
	}
	s.words = make([]span, row.Size()/wordSize)
	for i := range s.words {
		from := uintptr(i) * wordSize
		to := from + wordSize
		at := &s.words[i]
		for at.from < len(s.fields) && s.fields[at.from].offset+s.fields[at.from].size <= from {
			at.from++
		}
		for at.to = at.from; at.to < len(s.fields) && s.fields[at.to].offset < to; {
			at.to++
		}
	}
	return s
}

func (s *shredder[T]) compileFields(schema *parquet.Schema, t reflect.Type, path []string) []node {
	var fields []node
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		n := s.compile(schema, f.Type, append(slices.Clone(path), name))
		n.offset = f.Offset
		n.optional = slices.Contains(strings.Split(options, ","), "optional")
		fields = append(fields, n)
	}
	return fields
}

// compile compiles one field or element, which lies at path in the schema.
func (s *shredder[T]) compile(schema *parquet.Schema, t reflect.Type, path []string) node {
	n := node{kind: t.Kind(), size: t.Size()}
	if n.kind == reflect.Pointer {
		n.pointer = true
		t = t.Elem()
		n.kind = t.Kind()
	}
	switch {
	case n.kind == reflect.Struct:
		n.fields = s.compileFields(schema, t, path)
		for _, f := range n.fields {
			n.leaves = append(n.leaves, f.leaves...)
		}
		return n
	case n.kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		element := s.compile(schema, t.Elem(), append(slices.Clone(path), "list", "element"))
		n.element, n.size, n.leaves = &element, t.Elem().Size(), element.leaves
		return n
	}
	leaf, ok := schema.Lookup(path...)
	if !ok {
		panic(fmt.Sprintf("internal error: no column %q", path))
	}
	n.column = s.columns[leaf.ColumnIndex]
	n.leaves = []*column{n.column}
	return n
}

// restart begins a new row group.
func (s *shredder[T]) restart() {
	s.rows = 0
	for _, c := range s.columns {
		c.restart()
	}
}

// shred adds rows to the columns. Rows that share memory hold the same there. Pages and row groups end only between
// calls, of which each begins with a row that is told in full.
func (s *shredder[T]) shred(rows []T) {
	s.calls++
	for k := range rows {
		row := unsafe.Pointer(&rows[k])
		if k == 0 { // memory of earlier calls may have been used again: the row before is no measure
			for i := range s.fields {
				s.fields[i].set(row, s.rows)
			}
		} else {
			s.setChanges(row, unsafe.Pointer(&rows[k-1]))
		}
		for i := range s.lists {
			s.lists[i].setList(row, s.rows)
		}
		s.rows++
	}
}

// setChanges tells the columns of the fields in which a row differs from the one before.
func (s *shredder[T]) setChanges(row, before unsafe.Pointer) {
	is := unsafe.Slice((*word)(row), len(s.words))
	was := unsafe.Slice((*word)(before), len(s.words))
	next := 0 // the fields before are told: a string has two words
	for i, w := range is {
		if w == was[i] {
			continue
		}
		for next = max(next, s.words[i].from); next < s.words[i].to; next++ {
			s.fields[next].set(row, s.rows)
		}
	}
}

// set tells the column of a field that is no list what the row has in it.
func (n *node) set(row unsafe.Pointer, at int) {
	p := unsafe.Add(row, n.offset)
	c := n.column
	if n.pointer {
		if p = *(*unsafe.Pointer)(p); p == nil {
			c.setNull(at, 0)
			return
		}
	}
	if n.kind == reflect.String || n.kind == reflect.Slice {
		text, null := n.text(p)
		if null {
			c.setNull(at, 0)
		} else {
			c.setText(at, text)
		}
		return
	}
	v := n.number(p)
	if v == 0 && n.optional && !n.pointer {
		c.setNull(at, 0)
	} else {
		c.setNumber(at, v)
	}
}

// setList tells the columns of a list what the row has in it.
func (n *node) setList(row unsafe.Pointer, at int) {
	list := *(*[]byte)(unsafe.Add(row, n.offset)) // the header of a slice, whatever its elements
	if len(list) == 0 {
		level := byte(0)
		if n.optional && list != nil {
			level = 1
		}
		if n.leaves[0].level != level {
			for _, c := range n.leaves {
				c.setNull(at, level)
			}
		}
		return
	}
	for _, c := range n.leaves {
		c.catchUp(at)
		c.upto++
	}
	def := byte(1)
	if n.optional {
		def = 2
	}
	first := unsafe.Pointer(unsafe.SliceData(list))
	if n.element.fields == nil {
		n.element.addElements(first, n.size, len(list), def)
		return
	}
	for i := range n.element.fields {
		f := &n.element.fields[i]
		if f.element != nil {
			f.addLists(unsafe.Add(first, f.offset), n.size, len(list), def)
		} else {
			f.addElements(unsafe.Add(first, f.offset), n.size, len(list), def)
		}
	}
}

// addElements adds the values of a row at p and every stride after it. Def is the level of a NULL among them.
func (n *node) addElements(p unsafe.Pointer, stride uintptr, elements int, def byte) {
	c := n.column
	c.values += elements
	c.rep.addRows(elements, 1)
	for i := range elements {
		if n.add(unsafe.Add(p, uintptr(i)*stride)) {
			c.def.add(c.maxDef, 1)
		} else {
			c.def.add(def, 1)
		}
	}
}

// add adds the value at p, and reports whether there is one.
func (n *node) add(p unsafe.Pointer) bool {
	if n.pointer {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return false
		}
	}
	if n.kind == reflect.String || n.kind == reflect.Slice {
		text, null := n.text(p)
		if !null {
			n.column.addString(text)
		}
		return !null
	}
	v := n.number(p)
	if v == 0 && n.optional && !n.pointer {
		return false
	}
	n.column.addNumber(v, 1)
	return true
}

// addLists adds the lists of a row at p and every stride after it. Def is the level of an empty one among them.
func (n *node) addLists(p unsafe.Pointer, stride uintptr, lists int, def byte) {
	empty := true
	for i := range lists {
		empty = empty && len(*(*[]byte)(unsafe.Add(p, uintptr(i)*stride))) == 0
	}
	if empty {
		for _, c := range n.leaves {
			c.addNulls(lists, def)
		}
		return
	}
	for i := range lists {
		n.addList(*(*[]byte)(unsafe.Add(p, uintptr(i)*stride)), byte(min(i, 1)), def)
	}
}

// addList adds a list that is an element. Rep and def are its levels.
func (n *node) addList(list []byte, rep, def byte) {
	if len(list) == 0 {
		for _, c := range n.leaves {
			c.addLevels(rep, def)
		}
		return
	}
	first := unsafe.Pointer(unsafe.SliceData(list))
	for i := range len(list) {
		p := unsafe.Add(first, uintptr(i)*n.size)
		if n.element.fields == nil {
			n.element.addNested(p, rep, def+1)
		}
		for k := range n.element.fields {
			f := &n.element.fields[k]
			f.addNested(unsafe.Add(p, f.offset), rep, def+1)
		}
		rep = 2 // further elements repeat this list
	}
}

// addNested adds the value at p, an element of a list that is an element. Def is its level if it is NULL.
func (n *node) addNested(p unsafe.Pointer, rep, def byte) {
	if n.add(p) {
		def = n.column.maxDef
	}
	n.column.addLevels(rep, def)
}

// text reads the octets at p. Null says that a field that is optional takes them for NULL.
func (n *node) text(p unsafe.Pointer) (s string, null bool) {
	if n.kind == reflect.Slice {
		b := *(*[]byte)(p)
		return unsafe.String(unsafe.SliceData(b), len(b)), n.optional && b == nil
	}
	s = *(*string)(p)
	return s, n.optional && !n.pointer && s == ""
}

// number reads the number at p. That of a float is its bits.
func (n *node) number(p unsafe.Pointer) int64 {
	switch n.kind {
	case reflect.Bool, reflect.Uint8:
		return int64(*(*uint8)(p))
	case reflect.Int8:
		return int64(*(*int8)(p))
	case reflect.Int16:
		return int64(*(*int16)(p))
	case reflect.Int32:
		return int64(*(*int32)(p))
	case reflect.Int64:
		return *(*int64)(p)
	case reflect.Float64:
		return int64(math.Float64bits(*(*float64)(p)))
	default:
		panic("internal error: a column of kind " + n.kind.String())
	}
}

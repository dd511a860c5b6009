package output

import (
	"fmt"
	"math"
	"math/bits"
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
// goes through a field in all rows of a batch, and tells the column only of the rows that differ there from the row
// before. Of a list of structs it tells the columns of the fields that differ in some element.
//
// The shapes are those that the row structs use: strings, integers, booleans, floats and octets; pointers to them; lists
// of them, and of structs with such fields and lists. A list in a list is never NULL. With the option "optional" a zero
// value, a nil pointer or a nil list is NULL.
type shredder[T any] struct {
	columns []*column
	fields  []node
	rows    int // of the row group so far
}

// node is a field of a row struct, or the element of a list.
type node struct {
	offset   uintptr // within the struct
	kind     reflect.Kind
	pointer  bool
	optional bool

	column  *column   // of a value
	fields  []node    // of a struct
	element *node     // of a list
	width   uintptr   // of the field
	size    uintptr   // of an element of a list
	leaves  []*column // the columns at or below the node

	allFields uint64   // of a list: the fields of an element, a bit for each
	words     []uint64 // by word of an element: those that lie in it, or begin or end there
}

// word is what elements of lists are compared by.
type word = uint64

const wordSize = unsafe.Sizeof(word(0))

// newShredder compiles the way from the row struct to the columns of its schema.
func newShredder[T any](schema *parquet.Schema, limits pageLimits) *shredder[T] {
	s := &shredder[T]{columns: make([]*column, len(schema.Columns()))}
	shared := &scratch{limits: limits}
	for i, path := range schema.Columns() {
		leaf, _ := schema.Lookup(path...)
		s.columns[i] = newColumn(leaf, &s.rows, shared)
	}
	s.fields = s.compileFields(schema, reflect.TypeFor[T](), nil)
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
	n := node{kind: t.Kind(), width: t.Size()}
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
		n.compileWords()
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

// compileWords notes which fields of a list's elements lie in which word.
func (n *node) compileWords() {
	if len(n.element.fields) > 64 || n.element.fields != nil && n.size%wordSize != 0 {
		panic("internal error: elements that cannot be compared by words")
	}
	n.words = make([]uint64, n.size/wordSize)
	n.allFields = 1
	for k, f := range n.element.fields {
		n.allFields |= 1 << k
		for i := range n.words {
			from := uintptr(i) * wordSize
			if f.offset < from+wordSize && from < f.offset+f.width {
				n.words[i] |= 1 << k
			}
		}
	}
}

// restart begins a new row group.
func (s *shredder[T]) restart() {
	s.rows = 0
	for _, c := range s.columns {
		c.restart()
	}
}

// shred adds rows to the columns. Rows that share memory hold the same there. Pages and row groups end only between
// calls, of which each begins with a row that is told in full: memory of earlier calls may have been used again.
func (s *shredder[T]) shred(rows []T) {
	first, size := unsafe.Pointer(unsafe.SliceData(rows)), unsafe.Sizeof(rows[0])
	for i := range s.fields {
		n := &s.fields[i]
		p := unsafe.Add(first, n.offset)
		switch {
		case n.element != nil:
			n.setList(p, nil, s.rows)
			for k := 1; k < len(rows); k++ {
				before := p
				p = unsafe.Add(p, size)
				if *(*listHead)(p) != *(*listHead)(before) {
					n.setList(p, before, s.rows+k)
				}
			}
		case n.width == 1:
			setChanges[uint8](n, p, size, len(rows), s.rows)
		case n.width == 2:
			setChanges[uint16](n, p, size, len(rows), s.rows)
		case n.width == 4:
			setChanges[uint32](n, p, size, len(rows), s.rows)
		case n.width == 8:
			setChanges[uint64](n, p, size, len(rows), s.rows)
		case n.width == 16:
			setChanges[struct{ data, len uint64 }](n, p, size, len(rows), s.rows)
		default:
			setChanges[struct{ data, len, cap uint64 }](n, p, size, len(rows), s.rows)
		}
	}
	s.rows += len(rows)
}

// listHead is how a slice begins, whatever its elements: those with the same have the same elements. One that is nil and one
// that is empty differ.
type listHead struct {
	first uintptr
	len   int
}

// setChanges tells the column of a field that is no list of the rows in which it differs from the row before. The field
// is at p and every stride after it, as wide as a W. At is the number of the first row.
func setChanges[W comparable](n *node, p unsafe.Pointer, stride uintptr, rows, at int) {
	n.set(p, at)
	was := *(*W)(p)
	for k := 1; k < rows; k++ {
		p = unsafe.Add(p, stride)
		if is := *(*W)(p); is != was {
			was = is
			n.set(p, at+k)
		}
	}
}

// set tells the column of a field that is no list what a row has in it, at p.
func (n *node) set(p unsafe.Pointer, at int) {
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

// setList tells the columns of a list at p what a row has in it. Before is the list of the row before, nil if that is
// no measure.
func (n *node) setList(p, before unsafe.Pointer, at int) {
	list := *(*[]byte)(p) // the header of a slice, whatever its elements
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
	def := byte(1)
	if n.optional {
		def = 2
	}
	first := unsafe.Pointer(unsafe.SliceData(list))
	fields := n.allFields
	if before != nil {
		if was := *(*[]byte)(before); len(was) == len(list) {
			fields = n.changed(first, unsafe.Pointer(unsafe.SliceData(was)), len(list))
		}
	}
	if n.element.fields == nil {
		if fields != 0 {
			n.element.setElements(first, n.size, len(list), def, at)
		}
		return
	}
	for ; fields != 0; fields &= fields - 1 {
		f := &n.element.fields[bits.TrailingZeros64(fields)]
		if f.element != nil {
			f.setLists(unsafe.Add(first, f.offset), n.size, len(list), def, at)
		} else {
			f.setElements(unsafe.Add(first, f.offset), n.size, len(list), def, at)
		}
	}
}

// changed returns the fields, a bit for each, in which the elements of a list differ from as many of another.
func (n *node) changed(first, was unsafe.Pointer, elements int) uint64 {
	if first == was {
		return 0
	}
	if n.element.fields == nil {
		return n.allFields
	}
	var fields uint64
	for k := range uintptr(elements) {
		is := unsafe.Slice((*word)(unsafe.Add(first, k*n.size)), len(n.words))
		old := unsafe.Slice((*word)(unsafe.Add(was, k*n.size)), len(n.words))
		for i, w := range is {
			if w != old[i] {
				fields |= n.words[i]
			}
		}
	}
	return fields
}

// setElements sets the values of a row's list, at p and every stride after it. Def is the level of a NULL among them.
func (n *node) setElements(p unsafe.Pointer, stride uintptr, elements int, def byte, at int) {
	c := n.column
	c.beginList(at)
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

// setLists sets the lists in a row's list, at p and every stride after it. Def is the level of an empty one among them.
func (n *node) setLists(p unsafe.Pointer, stride uintptr, lists int, def byte, at int) {
	for _, c := range n.leaves {
		c.beginList(at)
	}
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

package output

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// shredder takes rows apart into columns, each value with its levels (the record shredding of the Dremel paper, which
// Parquet takes over). The library could do that itself from the same struct tags, but in v0.32.0 its
// GenericWriter.Write takes a NULL for a zero value in some positions: of four optional strings of which only the
// second is set it makes NULL, "x", "", "". So we hand it finished columns.
//
// The shapes are those that the row structs use: strings, integers, booleans, floats and octets; pointers to them; lists
// and lists of structs. With the option "optional" a zero value, a nil pointer or a nil list is NULL.
type shredder[T any] struct {
	fields  []node
	columns [][]parquet.Value // by index of the column, the values of the batch under way
}

// node is a field of a row struct, or the element of a list.
type node struct {
	offset   uintptr // within the struct
	kind     reflect.Kind
	pointer  bool
	optional bool

	column  int     // of a value
	fields  []node  // of a struct
	element *node   // of a list
	size    uintptr // of an element
	leaves  []int   // the columns at or below the node
}

// newShredder compiles the way from the row struct to the columns of its schema.
func newShredder[T any](schema *parquet.Schema) *shredder[T] {
	s := &shredder[T]{columns: make([][]parquet.Value, len(schema.Columns()))}
	s.fields = compileFields(schema, reflect.TypeFor[T](), nil)
	return s
}

func compileFields(schema *parquet.Schema, t reflect.Type, path []string) []node {
	var fields []node
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		n := compile(schema, f.Type, append(slices.Clone(path), name))
		n.offset = f.Offset
		n.optional = slices.Contains(strings.Split(options, ","), "optional")
		fields = append(fields, n)
	}
	return fields
}

// compile compiles one field or element, which lies at path in the schema.
func compile(schema *parquet.Schema, t reflect.Type, path []string) node {
	n := node{kind: t.Kind()}
	if n.kind == reflect.Pointer {
		n.pointer = true
		t = t.Elem()
		n.kind = t.Kind()
	}
	switch {
	case n.kind == reflect.Struct:
		n.fields = compileFields(schema, t, path)
		for _, f := range n.fields {
			n.leaves = append(n.leaves, f.leaves...)
		}
		return n
	case n.kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		element := compile(schema, t.Elem(), append(slices.Clone(path), "list", "element"))
		n.element, n.size, n.leaves = &element, t.Elem().Size(), element.leaves
		return n
	}
	leaf, ok := schema.Lookup(path...)
	if !ok {
		panic(fmt.Sprintf("internal error: no column %q", path))
	}
	n.column, n.leaves = leaf.ColumnIndex, []int{leaf.ColumnIndex}
	return n
}

// shred adds rows to the columns.
func (s *shredder[T]) shred(rows []T) {
	for i := range s.fields {
		f := &s.fields[i]
		if f.fields == nil && f.element == nil {
			s.columns[f.column] = flat(s.columns[f.column], f, rows)
			continue
		}
		for k := range rows {
			f.shred(s.columns, unsafe.Add(unsafe.Pointer(&rows[k]), f.offset), 0, 0, 0)
		}
	}
}

// flat adds the values of the field f, which is no list and holds none, of rows. It does what node.shred does, for most
// of the columns in half the time.
func flat[T any](column []parquet.Value, f *node, rows []T) []parquet.Value {
	for k := range rows {
		p := unsafe.Add(unsafe.Pointer(&rows[k]), f.offset)
		if f.pointer {
			p = *(*unsafe.Pointer)(p)
		}
		switch {
		case p == nil:
			column = append(column, parquet.Value{}) // its levels are 0
			continue
		case f.kind == reflect.Bool && f.optional:
			column = append(column, booleans[*(*uint8)(p)&1])
			continue
		}
		value, zero := f.value(p)
		switch {
		case !f.optional:
			column = append(column, value)
		case zero && !f.pointer:
			column = append(column, parquet.Value{})
		default:
			column = append(column, value.Level(0, 1, f.column))
		}
	}
	return column
}

// booleans are the values of optional booleans that are not NULL.
var booleans = [2]parquet.Value{parquet.BooleanValue(false).Level(0, 1, 0), parquet.BooleanValue(true).Level(0, 1, 0)}

// clear empties the columns.
func (s *shredder[T]) clear() {
	for i := range s.columns {
		s.columns[i] = s.columns[i][:0]
	}
}

// shred adds the value or values at p. Rep and def are the levels of the first of them; depth is how many lists there
// are around the node.
func (n *node) shred(columns [][]parquet.Value, p unsafe.Pointer, rep, def, depth int) {
	if n.pointer {
		if p = *(*unsafe.Pointer)(p); p == nil {
			n.null(columns, rep, def)
			return
		}
	}
	switch {
	case n.fields != nil:
		for i := range n.fields {
			f := &n.fields[i]
			f.shred(columns, unsafe.Add(p, f.offset), rep, def, depth)
		}
		return
	case n.element != nil:
		n.shredList(columns, p, rep, def, depth)
		return
	}
	value, zero := n.value(p)
	if n.optional {
		if zero && !n.pointer {
			n.null(columns, rep, def)
			return
		}
		def++
	}
	columns[n.column] = append(columns[n.column], value.Level(rep, def, n.column))
}

// shredList adds the list at p.
func (n *node) shredList(columns [][]parquet.Value, p unsafe.Pointer, rep, def, depth int) {
	list := *(*[]byte)(p) // the header of a slice, whatever its elements
	if n.optional {
		if list == nil {
			n.null(columns, rep, def)
			return
		}
		def++
	}
	if len(list) == 0 {
		n.null(columns, rep, def)
		return
	}
	first := unsafe.Pointer(unsafe.SliceData(list))
	depth++
	for i := range len(list) {
		n.element.shred(columns, unsafe.Add(first, uintptr(i)*n.size), rep, def+1, depth)
		rep = depth // further elements repeat this list
	}
}

// null adds to every column at or below the node that nothing is there.
func (n *node) null(columns [][]parquet.Value, rep, def int) {
	for _, column := range n.leaves {
		columns[column] = append(columns[column], nulls[rep][def])
	}
}

// nulls are the NULLs of all levels that occur. The index of the column in a value does not matter to a column's writer.
var nulls = func() (all [4][8]parquet.Value) {
	for rep := range all {
		for def := range all[rep] {
			all[rep][def] = parquet.NullValue().Level(rep, def, 0)
		}
	}
	return all
}()

// value reads what lies at p. Zero says that it is what an optional field takes for NULL.
func (n *node) value(p unsafe.Pointer) (value parquet.Value, zero bool) {
	switch n.kind {
	case reflect.String:
		s := *(*string)(p)
		return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s))), s == ""
	case reflect.Slice:
		b := *(*[]byte)(p)
		return parquet.ByteArrayValue(b), b == nil
	case reflect.Bool:
		b := *(*bool)(p)
		return parquet.BooleanValue(b), !b
	case reflect.Int8:
		return integer(int32(*(*int8)(p)))
	case reflect.Int16:
		return integer(int32(*(*int16)(p)))
	case reflect.Int32:
		return integer(*(*int32)(p))
	case reflect.Uint8:
		return integer(int32(*(*uint8)(p)))
	case reflect.Int64:
		v := *(*int64)(p)
		return parquet.Int64Value(v), v == 0
	case reflect.Float64:
		v := *(*float64)(p)
		return parquet.DoubleValue(v), v == 0
	default:
		panic("internal error: a column of kind " + n.kind.String())
	}
}

func integer(v int32) (parquet.Value, bool) { return parquet.Int32Value(v), v == 0 }

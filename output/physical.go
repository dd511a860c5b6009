package output

import (
	"io"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// newRowGroups returns a writer of files by a schema, and its one row group, the columns of which take their values from
// columns.
//
// The library makes two things of a schema: what the footer says, and how a column is held until its pages are written.
// The second we do ourselves (see columnType), so the row group is made from the schema of required, which differs from
// that in the footer in that nothing is optional or repeated.
func newRowGroups[T any](w io.Writer, schema *parquet.Schema, columns []*column, options []parquet.WriterOption) (*parquet.GenericWriter[T], *parquet.ConcurrentRowGroupWriter) {
	var config *parquet.WriterConfig
	file := parquet.NewGenericWriter[T](w, append(options, schema,
		parquet.DataPageVersion(1), // levels are part of the page's values there
		configured(func(c *parquet.WriterConfig) { config = c }))...)
	next := columns
	root := required{Node: schema}
	root.fields = requiredFields(schema, &next)
	config.Schema = parquet.NewSchema(schema.Name(), root)
	group := file.BeginRowGroup()
	config.Schema = schema
	for _, c := range group.ColumnWriters() {
		_, _ = c.WriteRowValues(nil) // it asks for its column only now; to write nothing cannot fail
	}
	return file, group
}

// configured is an option that looks at the configuration.
type configured func(*parquet.WriterConfig)

func (f configured) ConfigureWriter(c *parquet.WriterConfig) { f(c) }

// required is a node of a schema, made required.
type required struct {
	parquet.Node
	name   string
	typ    parquet.Type
	fields []parquet.Field
}

// requiredFields returns the fields of a node, made required. The leaves take the first of columns.
func requiredFields(n parquet.Node, columns *[]*column) []parquet.Field {
	var fields []parquet.Field
	for _, f := range n.Fields() {
		r := required{Node: f, name: f.Name(), typ: f.Type()}
		if f.Leaf() {
			r.typ, *columns = &(*columns)[0].typ, (*columns)[1:]
		} else {
			r.fields = requiredFields(f, columns)
		}
		fields = append(fields, r)
	}
	return fields
}

func (r required) Name() string            { return r.name }
func (r required) Type() parquet.Type      { return r.typ }
func (r required) Fields() []parquet.Field { return r.fields }
func (r required) Optional() bool          { return false }
func (r required) Repeated() bool          { return false }

// Encoding is the one that the struct tag names, otherwise for numbers the one that makes the least work of repeats.
func (r required) Encoding() encoding.Encoding {
	e := r.Node.Encoding()
	if kind := r.typ.Kind(); r.Leaf() && e == nil && (kind == parquet.Int32 || kind == parquet.Int64) {
		return &parquet.DeltaBinaryPacked
	}
	return e
}

func (r required) Required() bool                         { return true }
func (r required) Value(base reflect.Value) reflect.Value { return base } // for readers

package output

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"sync"
)

// The sources of the row structs, whose comments say what the columns hold: the only place that does.
var (
	//go:embed domain.go
	domainSource string
	//go:embed caarecord.go
	caaRecordSource string
	//go:embed nameserver.go
	nameServerSource string
	//go:embed query.go
	querySource string
)

// Column is a column of a table as its readers see it.
type Column struct {
	Name string
	Type string // in the words of DuckDB: VARCHAR, TINYINT, STRUCT("name" VARCHAR, ...)[]
	Doc  string // what it holds, in a sentence or more
}

// Columns describes the columns of a table, in their order; nil if there is no such table.
func Columns(table string) []Column { return tableColumns()[table] }

var tableColumns = sync.OnceValue(func() map[string][]Column {
	docs := map[string]string{}
	for _, source := range []string{domainSource, caaRecordSource, nameServerSource, querySource} {
		fieldDocs(source, docs)
	}
	tables := map[string][]Column{}
	for table, row := range map[string]reflect.Type{
		domainsTable: reflect.TypeFor[Domain](), caaRecordsTable: reflect.TypeFor[CAARecord](),
		nameServersTable: reflect.TypeFor[NameServer](), queriesTable: reflect.TypeFor[Query](),
	} {
		for i := range row.NumField() {
			f := row.Field(i)
			tables[table] = append(tables[table], Column{tagName(f), duckType(f.Type), docs[row.Name()+"."+f.Name]})
		}
	}
	return tables
})

// fieldDocs notes the comments of all fields of all structs of a source, under "Struct.Field". A comment begins with the name
// of its field; what is noted begins with that of the column.
func fieldDocs(source string, docs map[string]string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
	if err != nil {
		panic("internal error: embedded source: " + err.Error())
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		row, ok := spec.Type.(*ast.StructType)
		if !ok {
			return false
		}
		for _, field := range row.Fields.List {
			if field.Tag == nil || len(field.Names) != 1 {
				continue
			}
			name := field.Names[0].Name
			tag := reflect.StructField{Tag: reflect.StructTag(strings.Trim(field.Tag.Value, "`"))}
			text := strings.Join(strings.Fields(field.Doc.Text()), " ")
			docs[spec.Name.Name+"."+name] = tagName(tag) + strings.TrimPrefix(text, name)
		}
		return false
	})
}

func tagName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
	return name
}

// duckType is the type as which DuckDB reads a column of a row's type.
func duckType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Micros]():
		return "TIMESTAMP WITH TIME ZONE"
	case t == reflect.TypeFor[[]byte]():
		return "BLOB"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return duckType(t.Elem())
	case reflect.Slice:
		return duckType(t.Elem()) + "[]"
	case reflect.Struct:
		fields := make([]string, t.NumField())
		for i := range fields {
			f := t.Field(i)
			fields[i] = fmt.Sprintf("%q %s", tagName(f), duckType(f.Type))
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	word, ok := duckWords[t.Kind()]
	if !ok {
		panic("internal error: no type of a column: " + t.String())
	}
	return word
}

var duckWords = map[reflect.Kind]string{
	reflect.String: "VARCHAR", reflect.Bool: "BOOLEAN", reflect.Float64: "DOUBLE", reflect.Uint8: "UTINYINT",
	reflect.Int8: "TINYINT", reflect.Int16: "SMALLINT", reflect.Int32: "INTEGER", reflect.Int64: "BIGINT",
}

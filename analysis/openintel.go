package analysis

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// openINTELColumn is a column of the view openintel.
type openINTELColumn struct {
	Name, Type string
	Doc        string // "": the view has nothing to say there
}

// openINTELColumns are the columns that OpenINTEL's files of forward DNS have, in their order: name, type, and what the view openintel
// says there. Those without the last are NULL in it.
var openINTELColumns = sync.OnceValue(func() []openINTELColumn {
	dictionary, err := files.ReadFile("sql/openintel.columns")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	var all []openINTELColumn
	for number, line := range strings.Split(strings.TrimSpace(string(dictionary)), "\n") {
		fields := strings.SplitN(line, "\t", 3)
		if len(fields) < 2 {
			panic(fmt.Sprintf("internal error: openintel.columns:%d: want name, type and, if it is filled, what it says", number+1))
		}
		c := openINTELColumn{Name: fields[0], Type: fields[1]}
		if len(fields) > 2 {
			c.Doc = fields[2]
		}
		all = append(all, c)
	}
	return all
})

// viewOpenINTEL makes the view openintel: the look-ups of CAA at the names themselves as OpenINTEL would have stored them.
func (d *Data) viewOpenINTEL(ctx context.Context, prefix string) error {
	return d.run(ctx, "openintel.sql", map[string]any{"Name": prefix + "openintel", "Domains": prefix + "domains", "Columns": openINTELColumns()})
}

// Package figure draws tables as SVG that stands in a page: with gonum's plot for axes and layout, on a canvas of its own.
//
// The page decides how it looks. A figure has classes where other drawings have colours, so that one drawing serves a light and a dark
// page and paper, needs no style attribute (which a Content-Security-Policy would forbid), and its text is set in the font of the page.
// Style is the style sheet that goes with it. Each mark says in words what it shows (its title), the whole what it is about (its
// description); the numbers themselves are in the table, which always stands beside it.
//
//	bars       horizontal bars, in the order of the rows; with whiskers where the table has intervals; zeros=no: without empty ones
//	histogram  vertical columns over an ordered label
//	stacked    one horizontal bar a label, made of series; normal=yes: all of the same length
//	heat       a field of cells, the darker the more
//	pareto     horizontal bars, and what each has together with all above it: of the sum, or by a column (cumulative)
//	lines      a line a series, over numbers, times or ordered labels
//
// A label may be made of several columns: label=tag+parameter.
package figure

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/caascan/caascan/analysis"
)

// Widths of drawings, in units that are pixels where the page does not scale them: that of a column of text, and that of a phone.
const (
	Wide   = 760
	Narrow = 350
)

// Labels is how many labels a figure has at most; more are no picture any more. The table has them all.
const Labels = 25

// Drawing is a figure.
type Drawing struct {
	SVG  string // an element svg; what was foreign text in it is escaped
	Note string // what is not drawn and the like: a sentence, or nothing
}

// sketch is a figure under way.
type sketch struct {
	table         *analysis.Table
	option        map[string]string
	width, height vg.Length
	plot          *plot.Plot
	legend        []entry
	says          []string // for the description
	notes         []string
}

// kinds draw. They return false if the table has nothing to be drawn.
var kinds = map[string]func(*sketch) (bool, error){
	"bars": bars, "histogram": histogram, "stacked": stacked, "heat": heat, "pareto": pareto, "lines": lines,
}

// Kinds are the words that the key "figure" of a question may begin with.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Draw draws a table as its Figure says. It returns nil if there is none, or nothing to be seen in it. An error says what is wrong
// with the specification.
func Draw(t *analysis.Table, width float64) (*Drawing, error) {
	if t.Figure == nil || len(t.Rows) == 0 {
		return nil, nil
	}
	draws, known := kinds[t.Figure.Kind]
	if !known {
		return nil, fmt.Errorf("table %s: unknown kind of figure %q: want one of %s", t.ID, t.Figure.Kind, strings.Join(Kinds(), ", "))
	}
	s := &sketch{table: t, option: t.Figure.Options, width: vg.Length(width), plot: newPlot(vg.Length(width))}
	drawn, err := draws(s)
	if err != nil {
		return nil, fmt.Errorf("table %s: figure %s: %w", t.ID, t.Figure.Kind, err)
	}
	if !drawn {
		return nil, nil
	}
	return &Drawing{s.render(), strings.Join(s.notes, " ")}, nil
}

// render draws the plot below its legend.
func (s *sketch) render() string {
	above := s.legendHeight()
	c := newCanvas(s.width, s.height+above)
	c.head(s.table.Title, strings.Join(s.says, " "))
	sheet := draw.NewCanvas(c, s.width, s.height+above)
	s.drawLegend(c)
	s.plot.Draw(draw.Crop(sheet, 0, 0, 0, -above))
	return c.end()
}

// column returns the index of the column that an option of the figure names.
func (s *sketch) column(option string) (int, error) {
	name := s.option[option]
	i := s.table.Column(name)
	if i < 0 {
		return 0, fmt.Errorf("%s=%s: no such column", option, name)
	}
	return i, nil
}

// value returns the index of a column of numbers.
func (s *sketch) value(option string) (int, error) {
	i, err := s.column(option)
	if err != nil {
		return 0, err
	}
	switch s.table.Columns[i].Kind {
	case analysis.Count, analysis.Number, analysis.Share:
		return i, nil
	}
	return 0, fmt.Errorf("%s=%s: no numbers", option, s.table.Columns[i].Name)
}

// numberOf is a cell as a number; false if there is none.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// label is a cell as what stands at a mark. One line.
func (s *sketch) label(row []any, column int) string {
	if row[column] == nil {
		return "(none)"
	}
	return Text(row[column], s.table.Columns[column].Kind)
}

// cutRows returns those of the rows that are drawn, and notes that there are more.
func (s *sketch) cutRows(rows [][]any) [][]any {
	if len(rows) <= Labels {
		return rows
	}
	s.notes = append(s.notes, fmt.Sprintf("The first %d of %s rows are drawn.", Labels, Text(int64(len(rows)), analysis.Count)))
	return rows[:Labels]
}

// labels returns what makes the label of a row, of the columns that an option names: one, or several as in label=tag+parameter.
func (s *sketch) labels(option string) (func(row []any) string, error) {
	var columns []int
	for name := range strings.SplitSeq(s.option[option], "+") {
		i := s.table.Column(name)
		if i < 0 {
			return nil, fmt.Errorf("%s=%s: no such column", option, s.option[option])
		}
		columns = append(columns, i)
	}
	return func(row []any) string {
		words := make([]string, len(columns))
		for i, column := range columns {
			words[i] = s.label(row, column)
		}
		return strings.Join(words, ", ")
	}, nil
}

// ordered collects words in the order in which they first come.
type ordered struct {
	words []string
	at    map[string]int
}

func (o *ordered) index(word string) int {
	if i, ok := o.at[word]; ok {
		return i
	}
	if o.at == nil {
		o.at = map[string]int{}
	}
	o.at[word] = len(o.words)
	o.words = append(o.words, word)
	return len(o.words) - 1
}

// cut drops words that are too many and notes it.
func (o *ordered) cut(s *sketch, most int, what string) {
	if len(o.words) > most {
		s.notes = append(s.notes, fmt.Sprintf("The first %d of %d %s are drawn.", most, len(o.words), what))
		o.words = o.words[:most]
	}
}

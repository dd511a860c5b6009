package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/caascan/caascan/analysis"
)

// bar is one mark of a plot of bars.
type bar struct {
	label     string
	value     float64
	said      string  // the value, as it stands beside the bar; "–": there is none
	low, high float64 // the interval, if there is one
	interval  bool
	total     float64 // of this and all before (pareto)
}

// title is what the mark says.
func (b *bar) title() string {
	if b.interval {
		return fmt.Sprintf("%s: %s (95"+noBreak+"%%: %s to %s)", b.label, b.said, Percent(b.low), Percent(b.high))
	}
	return b.label + ": " + b.said
}

// readBars reads label and value of the rows. There are none if no value is more than nothing.
func (s *sketch) readBars(rows [][]any) (all []bar, value int, err error) {
	label, err := s.labels("label")
	if err != nil {
		return nil, 0, err
	}
	if value, err = s.value("value"); err != nil {
		return nil, 0, err
	}
	low, high := -1, -1
	if s.table.Columns[value].Name == "share" {
		low, high = s.table.Column("low"), s.table.Column("high")
	}
	any := false
	for _, row := range rows {
		b := bar{label: label(row), said: "–"}
		if v, ok := numberOf(row[value]); ok {
			any = any || v != 0
			b.value, b.said = v, Text(row[value], s.table.Columns[value].Kind)
		}
		if low >= 0 && high >= 0 {
			l, ok := numberOf(row[low])
			h, okToo := numberOf(row[high])
			b.low, b.high, b.interval = l, h, ok && okToo
		}
		all = append(all, b)
	}
	if !any {
		return nil, value, nil
	}
	return all, value, nil
}

// fewest is about how many names a share says something at least.
const fewest = 10

// telling returns the rows without shares of hardly any names, where there are more rows than can be drawn, and notes it.
func (s *sketch) telling() [][]any {
	of := s.table.Column("of")
	if of < 0 || s.option["value"] != "share" || len(s.table.Rows) <= Labels {
		return s.table.Rows
	}
	var telling [][]any
	for _, row := range s.table.Rows {
		if n, ok := numberOf(row[of]); ok && n >= fewest {
			telling = append(telling, row)
		}
	}
	if len(telling) == 0 || len(telling) == len(s.table.Rows) {
		return s.table.Rows
	}
	s.notes = append(s.notes, fmt.Sprintf("Shares of fewer than %d names are not drawn.", fewest))
	return telling
}

// describe says in words what there is to see.
func (s *sketch) describe(all []bar, value int, kind string) {
	most := 0
	for i := range all {
		if all[i].value > all[most].value {
			most = i
		}
	}
	s.says = append(s.says, fmt.Sprintf("%s: %s for %d values of %s. The largest is %s.", kind, s.table.Columns[value].Heading(), len(all),
		s.heading("label"), all[most].title()))
}

func (s *sketch) heading(option string) string {
	return analysis.Column{Name: strings.ReplaceAll(s.option[option], "+", " and ")}.Heading()
}

// extremes are the least and the largest of values and intervals.
func extremes(all []bar) (least, most float64) {
	for i := range all {
		least, most = math.Min(least, all[i].value), math.Max(most, all[i].value)
		if all[i].interval {
			most = math.Max(most, all[i].high)
		}
	}
	return least, most
}

// nonzero returns the rows with a value, where the specification says that others need not be seen (zeros=no).
func (s *sketch) nonzero(rows [][]any) [][]any {
	value := s.table.Column(s.option["value"])
	if s.option["zeros"] != "no" || value < 0 {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row []any) bool {
		v, ok := numberOf(row[value])
		return ok && v == 0
	})
}

// bars draws horizontal bars.
func bars(s *sketch) (bool, error) {
	all, value, err := s.readBars(s.cutRows(s.nonzero(s.telling())))
	if err != nil || all == nil {
		return false, err
	}
	s.describe(all, value, "Horizontal bars")
	least, most := extremes(all)
	s.measureAxis(&s.plot.X, value, least, most, s.ticks())
	s.rows(labelsOf(all))
	s.gridX()
	s.plot.Add(barPlot(all))
	return true, nil
}

func labelsOf(all []bar) []string {
	labels := make([]string, len(all))
	for i := range all {
		labels[i] = all[i].label
	}
	return labels
}

// barPlot is a plot.Plotter of horizontal bars, the first on top.
type barPlot []bar

// end is how far to the right something of a bar is drawn.
func (b *bar) end() float64 {
	end := math.Max(0, b.value)
	if b.interval {
		end = math.Max(end, b.high)
	}
	return end
}

// GlyphBoxes implements plot.GlyphBoxer: room for what stands behind the bars.
func (all barPlot) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var boxes []plot.GlyphBox
	for i := range all {
		boxes = append(boxes, plot.GlyphBox{
			X: p.X.Norm(all[i].end()), Y: 0.5,
			Rectangle: vg.Rectangle{Max: vg.Point{X: widthOf(all[i].said) + gap}},
		})
	}
	return boxes
}

// Plot implements plot.Plotter.
func (all barPlot) Plot(to draw.Canvas, p *plot.Plot) {
	c := canvasOf(to.Canvas)
	trX, trY := p.Transforms(&to)
	beside := style(ink, draw.XLeft, draw.YCenter, 0)
	for i := range all {
		b := &all[i]
		y := trY(float64(len(all) - 1 - i))
		c.rect(string(single), spanning(trX(0), trX(b.value), y), b.title())
		if b.interval {
			whisker(to, trX(b.low), trX(b.high), y)
		}
		beside.Handler.Draw(c, b.said, beside, vg.Point{X: trX(b.end()) + gap, Y: y + beside.FontExtents().Descent})
	}
}

// spanning is the rectangle of a bar from one value to another.
func spanning(from, to, y vg.Length) vg.Rectangle {
	const half = rowHeight * barShare / 2
	return vg.Rectangle{Min: vg.Point{X: min(from, to), Y: y - half}, Max: vg.Point{X: max(from, to), Y: y + half}}
}

// whisker draws an interval.
func whisker(c draw.Canvas, low, high, y vg.Length) {
	const half = 3
	line := draw.LineStyle{Color: accent, Width: 1.2}
	c.StrokeLines(line, []vg.Point{{X: low, Y: y}, {X: high, Y: y}},
		[]vg.Point{{X: low, Y: y - half}, {X: low, Y: y + half}}, []vg.Point{{X: high, Y: y - half}, {X: high, Y: y + half}})
}

// histogram draws vertical columns.
func histogram(s *sketch) (bool, error) {
	all, value, err := s.readBars(s.cutRows(s.table.Rows))
	if err != nil || all == nil {
		return false, err
	}
	s.describe(all, value, "Columns")
	s.height = columns
	least, most := extremes(all)
	s.measureAxis(&s.plot.Y, value, least, most, 5)
	s.plot.Y.Label.Text = ""
	s.plot.X.Label.Text = s.heading("label")
	s.says = append(s.says, "Upwards: "+s.table.Columns[value].Heading()+".")
	s.columnLabels(labelsOf(all), widthOf(Text(int64(most), analysis.Count))+4*gap)
	s.gridY()
	s.plot.Add(columnPlot(all))
	return true, nil
}

// columnPlot is a plot.Plotter of vertical columns.
type columnPlot []bar

// GlyphBoxes implements plot.GlyphBoxer: room for what stands above the columns.
func (all columnPlot) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	return []plot.GlyphBox{{X: 0.5, Y: 1, Rectangle: vg.Rectangle{Max: vg.Point{Y: fontSize + gap}}}}
}

// Plot implements plot.Plotter.
func (all columnPlot) Plot(to draw.Canvas, p *plot.Plot) {
	c := canvasOf(to.Canvas)
	trX, trY := p.Transforms(&to)
	slot := trX(1) - trX(0)
	half := min(slot*0.8, 60) / 2
	above := style(ink, draw.XCenter, draw.YBottom, 0)
	for i := range all {
		b := &all[i]
		x, zero, end := trX(float64(i)), trY(0), trY(b.value)
		c.rect(string(single), vg.Rectangle{Min: vg.Point{X: x - half, Y: min(zero, end)}, Max: vg.Point{X: x + half, Y: max(zero, end)}}, b.title())
		if widthOf(b.said) <= slot {
			above.Handler.Draw(c, b.said, above, vg.Point{X: x, Y: max(zero, end) + gap/2})
		}
	}
}

// others is the label of what is left over.
const others = "(all others)"

// pareto draws bars by size, and what they make together: of shares that overlap by the column that says so (cumulative), of numbers
// that add up by their sum.
func pareto(s *sketch) (bool, error) {
	all, value, err := s.readBars(s.table.Rows)
	if err != nil || all == nil {
		return false, err
	}
	axis := "share of the sum"
	if s.option["cumulative"] != "" {
		axis = s.table.Columns[value].Heading()
		err = s.readTotals(all, value)
	} else {
		shareOut(all)
	}
	if err != nil {
		return false, err
	}
	named := slices.DeleteFunc(all, func(b bar) bool { return b.label == others })
	if len(named) == 0 {
		return false, nil
	}
	if len(named) > Labels {
		s.notes = append(s.notes, fmt.Sprintf("The first %d of %s rows are drawn.", Labels, analysis.Thousands(fmt.Sprint(len(s.table.Rows)))))
		named = named[:Labels]
	}
	s.describe(named, value, "Bars and a line of what they have together")
	s.says = append(s.says, fmt.Sprintf("Together they have %s"+noBreak+"%%.", Percent(named[len(named)-1].total)))
	x := &s.plot.X
	x.Min, x.Max = 0, 1
	x.Tick.Marker = even(0, 1, analysis.Share, s.ticks())
	x.Label.Text = axis
	s.rows(labelsOf(named))
	s.gridX()
	s.legend = []entry{{string(single), "each"}, {string(accent), "with all above it"}}
	s.plot.Add(paretoPlot(named))
	return true, nil
}

// readTotals reads what each has together with all above it. Both columns must be shares.
func (s *sketch) readTotals(all []bar, value int) error {
	cumulative, err := s.value("cumulative")
	if err != nil {
		return err
	}
	if s.table.Columns[value].Kind != analysis.Share || s.table.Columns[cumulative].Kind != analysis.Share {
		return fmt.Errorf("cumulative=%s: want shares", s.option["cumulative"])
	}
	for i := range all {
		all[i].total, _ = numberOf(s.table.Rows[i][cumulative])
		all[i].interval = false
	}
	return nil
}

// shareOut makes the values shares of their sum, which is more than nothing.
func shareOut(all []bar) {
	sum, total := 0.0, 0.0
	for i := range all {
		sum += all[i].value
	}
	for i := range all {
		b := &all[i]
		total += b.value / sum
		b.value, b.total, b.interval = b.value/sum, total, false
		b.said = Percent(b.value) + noBreak + "%"
	}
}

// paretoPlot is a plot.Plotter of bars and the line of their sums.
type paretoPlot []bar

// Plot implements plot.Plotter.
func (all paretoPlot) Plot(to draw.Canvas, p *plot.Plot) {
	const radius = 3
	c := canvasOf(to.Canvas)
	trX, trY := p.Transforms(&to)
	beside := style(halo, draw.XLeft, draw.YCenter, 0)
	within := style("on-"+single, draw.XRight, draw.YCenter, 0)
	var line plotter.XYs
	for i := range all {
		b := &all[i]
		y := float64(len(all) - 1 - i)
		line = append(line, plotter.XY{X: b.total, Y: y})
		c.rect(string(single), spanning(trX(0), trX(b.value), trY(y)), b.title())
	}
	curve := plotter.Line{XYs: line, LineStyle: draw.LineStyle{Color: accent, Width: 1.5}}
	curve.Plot(to, p)
	for i := range all {
		b := &all[i]
		y := trY(float64(len(all) - 1 - i))
		c.dot(string(accent), vg.Point{X: trX(b.total), Y: y}, radius, fmt.Sprintf("%s and all above: %s"+noBreak+"%%", b.label, Percent(b.total)))
		long := trX(b.value) - trX(0)
		if wide := widthOf(b.said); long > wide+2*gap+radius { // the line does not come there
			within.Handler.Draw(c, b.said, within, vg.Point{X: trX(b.value) - gap - radius, Y: y + within.FontExtents().Descent})
			continue
		}
		at := trX(b.value) + gap
		if at+widthOf(b.said)+radius > trX(b.total) && trX(b.total)+radius >= at { // the dot would stand in it
			at = trX(b.total) + radius + gap
		}
		if at+widthOf(b.said) <= to.Max.X {
			beside.Handler.Draw(c, b.said, beside, vg.Point{X: at, Y: y + beside.FontExtents().Descent})
		}
	}
}

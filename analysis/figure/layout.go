package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/caascan/caascan/analysis"
)

// Measures, in the units of the drawing.
const (
	fontSize  = 11.5
	rowHeight = 23   // of a horizontal bar and the space to the next
	barShare  = 0.64 // what the bar has of that
	columns   = 240  // height of a drawing with vertical columns or lines, without legend
	gap       = 5    // between a mark and what is written beside it
	bottom    = 48   // height of a horizontal axis with its label
)

// letter is the font whose measures are used.
var letter = font.Font{Typeface: "Liberation", Variant: "Sans", Size: fontSize}

// style is how text is set.
func style(colour role, x text.XAlignment, y text.YAlignment, limit vg.Length) text.Style {
	return text.Style{
		Color: colour, Font: letter, XAlign: x, YAlign: y,
		Handler: handler{text.Plain{Fonts: font.DefaultCache}, limit},
	}
}

// widthOf is the room that a text takes.
func widthOf(said string) vg.Length {
	s := style(ink, draw.XLeft, draw.YBottom, 0)
	return s.Width(said)
}

// newPlot returns a plot without anything, for a drawing so wide.
func newPlot(width vg.Length) *plot.Plot {
	const heading = 0.6 // of the width, for what stands below an axis
	p := plot.New()
	p.BackgroundColor = nil
	p.TextHandler = handler{text.Plain{Fonts: font.DefaultCache}, 0}
	p.Legend.TextStyle = style(ink, draw.XLeft, draw.YBottom, 0)
	p.X.Tick.Label = style(faint, draw.XCenter, draw.YTop, 0)
	p.Y.Tick.Label = style(faint, draw.XRight, draw.YCenter, 0)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle = style(faint, draw.XCenter, draw.YBottom, width*heading)
		a.Label.Padding = below + 2
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: axis, Width: 1}
		a.Tick.LineStyle = draw.LineStyle{Color: axis, Width: 1}
		a.Tick.Length = 4
	}
	return p
}

// measureAxis makes an axis that of a column of numbers, from least to most, with about so many ticks.
func (s *sketch) measureAxis(a *plot.Axis, column int, least, most float64, ticks int) {
	c := s.table.Columns[column]
	a.Min, a.Max = math.Min(0, least), math.Max(0, most)
	if a.Max == a.Min {
		a.Max = a.Min + 1
	}
	a.Tick.Marker = even(a.Min, a.Max, c.Kind, ticks)
	a.Label.Text = c.Heading()
	if c.Name == "n" {
		a.Label.Text = "names"
	}
}

// even returns ticks at multiples of 1, 2 or 5 times a power of ten, at most so many and one.
func even(least, most float64, kind analysis.Kind, atMost int) plot.ConstantTicks {
	step := math.Pow(10, math.Floor(math.Log10((most-least)/float64(atMost))))
	for _, times := range []float64{2, 2.5, 2} {
		if (most-least)/step <= float64(atMost) {
			break
		}
		step *= times
	}
	if kind == analysis.Count {
		step = math.Max(1, step)
	}
	var ticks plot.ConstantTicks
	first := math.Ceil(least/step-1e-9) + 0 // which is not -0
	for i := first; i*step <= most*(1+1e-9); i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: tickText(i*step, step, kind)})
	}
	return ticks
}

// tickText is a value of an axis with as many decimals as its steps need.
func tickText(v, step float64, kind analysis.Kind) string {
	sign := ""
	if kind == analysis.Share {
		v, step, sign = v*100, step*100, noBreak+"%"
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	return analysis.Thousands(strconv.FormatFloat(v, 'f', decimals, 64)) + sign
}

// rows makes the vertical axis one of labels, from top to bottom; the drawing becomes as high as they need.
func (s *sketch) rows(labels []string) {
	n := len(labels)
	var ticks plot.ConstantTicks
	for i, label := range labels {
		ticks = append(ticks, plot.Tick{Value: float64(n - 1 - i), Label: label})
	}
	y := &s.plot.Y
	y.Tick.Marker, y.Tick.Length = ticks, 0
	y.Tick.Label = style(ink, draw.XRight, draw.YCenter, s.labelLimit())
	y.Min, y.Max = -0.5, float64(n)-0.5
	s.height = vg.Length(n)*rowHeight + bottom
}

// labelLimit is how wide the labels of rows are at most.
func (s *sketch) labelLimit() vg.Length {
	if s.width < Wide/2 {
		return s.width * 0.4
	}
	return s.width * 0.36
}

// columnLabels makes the horizontal axis one of labels. Where they have not enough room beside one another they are turned, and where
// even that is too little only some are written.
func (s *sketch) columnLabels(labels []string, left vg.Length) {
	const upright, tall = 14, 96 // the width of a label that is turned, and its height at most
	slot := (s.width - left) / vg.Length(len(labels))
	widest := vg.Length(0)
	for _, label := range labels {
		widest = max(widest, widthOf(label))
	}
	x := &s.plot.X
	every := 1
	x.Tick.Label = style(ink, draw.XCenter, draw.YTop, 0)
	if widest+gap > slot {
		x.Tick.Label = style(ink, draw.XRight, draw.YCenter, tall)
		x.Tick.Label.Rotation = math.Pi / 2
		every = max(1, int(math.Ceil(float64(upright/slot))))
		s.height += min(widest, tall)
	}
	var ticks plot.ConstantTicks
	for i, label := range labels {
		if i%every == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: label})
		}
	}
	x.Tick.Marker, x.Tick.Length = ticks, 0
	x.Min, x.Max = -0.5, float64(len(labels))-0.5
}

// gridX and gridY draw thin lines behind the marks.
func (s *sketch) gridX() { s.grid(draw.LineStyle{Color: grid, Width: 1}, draw.LineStyle{}) }
func (s *sketch) gridY() { s.grid(draw.LineStyle{}, draw.LineStyle{Color: grid, Width: 1}) }

func (s *sketch) grid(vertical, horizontal draw.LineStyle) {
	g := plotter.NewGrid()
	g.Vertical, g.Horizontal = vertical, horizontal
	s.plot.Add(g)
}

// ticks is how many ticks a horizontal axis of numbers has at most.
func (s *sketch) ticks() int {
	if s.width < Wide/2 {
		return 4
	}
	return 8
}

// entry is one of a legend.
type entry struct {
	class string
	name  string
}

// Measures of a legend.
const (
	swatch     = 10
	legendLine = 18
	legendEnd  = 8 // below it
)

// legendPlaces gives each entry its place: the left of its swatch, and its line.
func (s *sketch) legendPlaces() (x []vg.Length, line []int) {
	at, n := vg.Length(0), 0
	for _, e := range s.legend {
		wide := swatch + gap + min(widthOf(e.name), s.legendLimit())
		if at > 0 && at+wide > s.width {
			at, n = 0, n+1
		}
		x, line = append(x, at), append(line, n)
		at += wide + 3*gap
	}
	return x, line
}

func (s *sketch) legendLimit() vg.Length { return s.width*0.6 - swatch }

func (s *sketch) legendHeight() vg.Length {
	_, line := s.legendPlaces()
	if len(line) == 0 {
		return 0
	}
	return vg.Length(line[len(line)-1]+1)*legendLine + legendEnd
}

func (s *sketch) drawLegend(c *canvas) {
	x, line := s.legendPlaces()
	for i, e := range s.legend {
		y := c.height - vg.Length(line[i])*legendLine - legendLine/2
		c.swatch(e.class, vg.Rectangle{Min: vg.Point{X: x[i], Y: y - swatch/2}, Max: vg.Point{X: x[i] + swatch, Y: y + swatch/2}})
		set := style(ink, draw.XLeft, draw.YCenter, s.legendLimit())
		set.Handler.Draw(c, e.name, set, vg.Point{X: x[i] + swatch + gap, Y: y + set.FontExtents().Descent})
	}
}

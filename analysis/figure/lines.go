package figure

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/caascan/caascan/analysis"
)

// point is a mark of a line.
type point struct {
	x, y  float64
	title string
}

// lines draws a line a series.
func lines(s *sketch) (bool, error) {
	x, err := s.column("x")
	if err != nil {
		return false, err
	}
	value, err := s.value("value")
	if err != nil {
		return false, err
	}
	series := -1
	if s.option["series"] != "" {
		if series, err = s.column("series"); err != nil {
			return false, err
		}
	}
	var names, places ordered
	var all [][]point
	least, most := math.Inf(1), math.Inf(-1)
	bottom, top := 0.0, 0.0
	for _, row := range s.table.Rows {
		v, ok := numberOf(row[value])
		at, isNumber := place(row[x])
		if !isNumber {
			at = float64(places.index(s.label(row, x)))
		}
		if !ok {
			continue
		}
		name := ""
		if series >= 0 {
			name = s.label(row, series)
		}
		i := names.index(name)
		if i == len(all) {
			all = append(all, nil)
		}
		title := fmt.Sprintf("%s: %s", s.label(row, x), Text(row[value], s.table.Columns[value].Kind))
		if name != "" {
			title = name + ", " + title
		}
		all[i] = append(all[i], point{at, v, title})
		if i < Series {
			least, most, bottom, top = math.Min(least, at), math.Max(most, at), math.Min(bottom, v), math.Max(top, v)
		}
	}
	if len(all) == 0 {
		return false, nil
	}
	names.cut(s, Series, "series")
	all = all[:len(names.words)]
	s.height = columns
	s.measureAxis(&s.plot.Y, value, bottom, top, 5)
	s.says = append(s.says, fmt.Sprintf("Lines: %s (upwards) over %s, %d of them.", s.plot.Y.Label.Text, s.heading("x"), len(all)))
	s.plot.Y.Label.Text = ""
	s.lineAxis(x, places.words, least, most)
	s.gridY()
	if series >= 0 {
		for i, name := range names.words {
			s.legend = append(s.legend, entry{seriesClass(i), name})
		}
	}
	s.plot.Add(linePlot(all))
	return true, nil
}

// place is where a cell stands on an axis of numbers or times; false if it stands by its name.
func place(v any) (float64, bool) {
	if t, ok := v.(time.Time); ok {
		return float64(t.Unix()), true
	}
	return numberOf(v)
}

// lineAxis makes the horizontal axis one of words, times or numbers.
func (s *sketch) lineAxis(column int, words []string, least, most float64) {
	x := &s.plot.X
	if len(words) > 0 {
		s.columnLabels(words, 60)
		x.Label.Text = s.heading("x")
		return
	}
	if most == least {
		least, most = least-1, most+1
	}
	c := s.table.Columns[column]
	x.Min, x.Max, x.Padding = least, most, 4
	x.Label.Text = s.heading("x")
	if c.Kind == analysis.Moment {
		x.Tick.Marker = days(least, most, s.ticks())
		return
	}
	x.Tick.Marker = even(least, most, c.Kind, s.ticks())
}

// days are ticks at the beginnings of days, evenly apart.
func days(least, most float64, atMost int) plot.ConstantTicks {
	const day = 24 * 60 * 60
	first, last := math.Ceil(least/day), math.Floor(most/day)
	if first > last { // all within one
		return plot.ConstantTicks{{Value: (least + most) / 2, Label: time.Unix(int64(least), 0).UTC().Format(time.DateOnly)}}
	}
	step := math.Max(1, math.Ceil((last-first+1)/float64(max(2, atMost*2/3)))) // a date is wide
	var ticks plot.ConstantTicks
	for d := first; d <= last; d += step {
		ticks = append(ticks, plot.Tick{Value: d * day, Label: time.Unix(int64(d*day), 0).UTC().Format(time.DateOnly)})
	}
	return ticks
}

// linePlot is a plot.Plotter of lines with a dot at each point.
type linePlot [][]point

// Plot implements plot.Plotter.
func (all linePlot) Plot(to draw.Canvas, p *plot.Plot) {
	c := canvasOf(to.Canvas)
	trX, trY := p.Transforms(&to)
	for i, points := range all {
		points = slices.Clone(points)
		slices.SortStableFunc(points, func(a, b point) int {
			switch {
			case a.x < b.x:
				return -1
			case a.x > b.x:
				return 1
			}
			return 0
		})
		var line plotter.XYs
		for _, at := range points {
			line = append(line, plotter.XY{X: at.x, Y: at.y})
		}
		curve := plotter.Line{XYs: line, LineStyle: draw.LineStyle{Color: role(seriesClass(i)), Width: 1.8}}
		curve.Plot(to, p)
		for _, at := range points {
			c.dot(seriesClass(i), vg.Point{X: trX(at.x), Y: trY(at.y)}, 3, at.title)
		}
	}
}

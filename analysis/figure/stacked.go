package figure

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/caascan/caascan/analysis"
)

// Series is how many series are told apart by colour. More cannot be, by people who see few colours.
const Series = 8

// seriesClass is the class of the i-th of n series; those that have no colour of their own are together.
func seriesClass(i int) string { return "c" + strconv.Itoa(i+1) }

// stacked draws one horizontal bar a label, made of series.
func stacked(s *sketch) (bool, error) {
	label, err := s.labels("label")
	if err != nil {
		return false, err
	}
	series, err := s.column("series")
	if err != nil {
		return false, err
	}
	value, err := s.value("value")
	if err != nil {
		return false, err
	}
	var labels, names ordered
	type cell struct{ label, series int }
	values := map[cell]float64{}
	for _, row := range s.table.Rows {
		v, ok := numberOf(row[value])
		at := cell{labels.index(label(row)), names.index(s.label(row, series))}
		if ok && v > 0 { // what is below nothing cannot be stacked
			values[at] += v
		}
	}
	labels.cut(s, Labels, "bars")
	entries := make([]entry, 0, Series)
	for i, name := range names.words {
		if len(names.words) > Series && i >= Series-1 {
			entries = append(entries, entry{string(rest), fmt.Sprintf("%d others", len(names.words)-i)})
			break
		}
		entries = append(entries, entry{seriesClass(i), name})
	}
	p := stackPlot{series: entries, kind: s.table.Columns[value].Kind, normal: s.option["normal"] == "yes"}
	most, sum := 0.0, 0.0
	for i, name := range labels.words {
		st := stack{label: name, parts: make([]float64, len(entries))}
		for j := range names.words {
			v := values[cell{i, j}]
			st.parts[min(j, len(entries)-1)] += v
			st.sum += v
		}
		sum += st.sum
		most = math.Max(most, st.sum)
		p.stacks = append(p.stacks, st)
	}
	if sum <= 0 {
		return false, nil
	}
	s.legend = entries
	s.says = append(s.says, fmt.Sprintf("Stacked bars: %s by %s, for %d values of %s.",
		s.table.Columns[value].Heading(), s.heading("series"), len(labels.words), s.heading("label")))
	s.measureAxis(&s.plot.X, value, 0, most, s.ticks())
	if p.normal {
		x := &s.plot.X
		x.Max, x.Tick.Marker, x.Label.Text = 1, even(0, 1, analysis.Share, s.ticks()), "share of "+s.table.Columns[value].Heading()
		if s.table.Columns[value].Kind == analysis.Share {
			x.Label.Text = s.table.Columns[value].Heading()
		}
	}
	s.rows(labels.words)
	s.gridX()
	s.plot.Add(&p)
	return true, nil
}

// stack is one bar.
type stack struct {
	label string
	parts []float64 // of each series
	sum   float64
}

// stackPlot is a plot.Plotter of stacked bars, the first on top.
type stackPlot struct {
	series []entry
	stacks []stack
	kind   analysis.Kind
	normal bool // all bars have the same length
}

// Plot implements plot.Plotter.
func (p *stackPlot) Plot(to draw.Canvas, plt *plot.Plot) {
	c := canvasOf(to.Canvas)
	trX, trY := plt.Transforms(&to)
	for i, st := range p.stacks {
		y := trY(float64(len(p.stacks) - 1 - i))
		at := 0.0
		for j, v := range st.parts {
			if v <= 0 {
				continue
			}
			long, said := v, Text(v, p.kind)
			if p.kind == analysis.Count {
				said = Text(int64(v), p.kind)
			}
			percent := Percent(v/st.sum) + noBreak + "%"
			title := fmt.Sprintf("%s, %s: %s", st.label, p.series[j].name, said)
			if p.kind != analysis.Share {
				title += " (" + percent + ")"
			}
			if p.normal {
				long, said = v/st.sum, percent
			}
			r := spanning(trX(at), trX(at+long), y)
			c.rect(p.series[j].class, r, title)
			if widthOf(said)+gap <= r.Size().X {
				inside := style(role("on-"+p.series[j].class), draw.XCenter, draw.YCenter, 0)
				inside.Handler.Draw(c, said, inside, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: y + inside.FontExtents().Descent})
			}
			at += long
		}
	}
}

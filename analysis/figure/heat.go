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

// Shades is how many shades a field of cells has.
const Shades = 10

// heat draws a field of cells.
func heat(s *sketch) (bool, error) {
	x, err := s.column("x")
	if err != nil {
		return false, err
	}
	y, err := s.column("y")
	if err != nil {
		return false, err
	}
	value, err := s.value("value")
	if err != nil {
		return false, err
	}
	var across, down ordered
	p := heatPlot{cells: map[[2]int]float64{}, kind: s.table.Columns[value].Kind}
	for _, row := range s.table.Rows {
		at := [2]int{across.index(s.label(row, x)), down.index(s.label(row, y))}
		if v, ok := numberOf(row[value]); ok {
			p.cells[at] += v
		}
	}
	across.cut(s, Labels, "columns")
	down.cut(s, Labels, "rows")
	p.across, p.down = across.words, down.words
	for at, v := range p.cells {
		if at[0] < len(p.across) && at[1] < len(p.down) {
			p.most = math.Max(p.most, v)
		}
	}
	if p.most <= 0 {
		return false, nil
	}
	s.says = append(s.says, fmt.Sprintf("A field of cells: %s by %s (across) and %s (down), the darker the more.",
		s.table.Columns[value].Heading(), s.heading("x"), s.heading("y")))
	s.rows(p.down)
	s.plot.Y.Width = 0
	widest := vg.Length(0)
	for _, label := range p.down {
		widest = max(widest, min(widthOf(label), s.labelLimit()))
	}
	s.columnLabels(p.across, widest+gap)
	s.plot.X.Width = 0
	s.plot.X.Label.Text = s.heading("y") + " by " + s.heading("x")
	s.plot.Add(&p)
	return true, nil
}

// heatPlot is a plot.Plotter of cells, the first row on top.
type heatPlot struct {
	across, down []string
	cells        map[[2]int]float64
	kind         analysis.Kind
	most         float64
}

// shade is that of a value: of shares in proportion, of counts by the root, for they differ by orders of magnitude.
func (p *heatPlot) shade(v float64) int {
	part := math.Max(0, v/p.most)
	if p.kind == analysis.Count {
		part = math.Sqrt(part)
	}
	return min(Shades-1, int(part*Shades))
}

// Plot implements plot.Plotter.
func (p *heatPlot) Plot(to draw.Canvas, plt *plot.Plot) {
	const between = 0.75 // half of it
	c := canvasOf(to.Canvas)
	trX, trY := plt.Transforms(&to)
	for j, row := range p.down {
		for i, column := range p.across {
			v, ok := p.cells[[2]int{i, j}]
			if !ok {
				continue
			}
			x, y := float64(i), float64(len(p.down)-1-j)
			r := vg.Rectangle{
				Min: vg.Point{X: trX(x-0.5) + between, Y: trY(y-0.5) + between}, Max: vg.Point{X: trX(x+0.5) - between, Y: trY(y+0.5) - between},
			}
			said := Text(v, p.kind)
			if p.kind == analysis.Count {
				said = Text(int64(v), p.kind)
			}
			shade := "h" + strconv.Itoa(p.shade(v))
			c.rect(shade, r, fmt.Sprintf("%s, %s: %s", row, column, said))
			for _, form := range []string{said, short(v, p.kind)} {
				if widthOf(form)+2 <= r.Size().X {
					inside := style(role("on-"+shade), draw.XCenter, draw.YCenter, 0)
					inside.Handler.Draw(c, form, inside, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: trY(y) + inside.FontExtents().Descent})
					break
				}
			}
		}
	}
}

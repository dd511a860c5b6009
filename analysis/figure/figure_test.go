package figure

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis"
)

// element is one of an SVG, as a test looks at it.
type element struct {
	name, class, title, text string
	at                       map[string]float64
}

// elements reads a drawing as XML.
func elements(t *testing.T, d *Drawing) []element {
	t.Helper()
	if d == nil {
		t.Fatal("there is no drawing")
	}
	var all []element
	var open []int
	decoder := xml.NewDecoder(strings.NewReader(d.SVG))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, d.SVG)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, at: map[string]float64{}}
			for _, a := range token.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("attribute %s: the policy of the page would forbid it", a.Name.Local)
				}
				if a.Name.Local == "class" {
					e.class = a.Value
				}
				if n, err := strconv.ParseFloat(a.Value, 64); err == nil {
					e.at[a.Name.Local] = n
					if math.IsNaN(n) || math.IsInf(n, 0) {
						t.Errorf("%s of a %s is %v", a.Name.Local, e.name, n)
					}
				}
			}
			if !slices.Contains([]string{"svg", "title", "desc", "rect", "circle", "path", "text"}, e.name) {
				t.Errorf("an element %s", e.name)
			}
			all, open = append(all, e), append(open, len(all))
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if n := len(open); n > 1 && all[open[n-1]].name == "title" {
				all[open[n-2]].title += string(token)
			} else if n > 0 {
				all[open[n-1]].text += string(token)
			}
		}
	}
}

// marks returns the marks of one shape.
func marks(t *testing.T, d *Drawing, shape string) []element {
	t.Helper()
	var found []element
	for _, e := range elements(t, d) {
		if e.name == shape && strings.HasPrefix(e.class, "mark ") {
			found = append(found, e)
		}
	}
	return found
}

func drawn(t *testing.T, table *analysis.Table, width float64) *Drawing {
	t.Helper()
	d, err := Draw(table, width)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// tableOf makes a table with a figure "kind key=column ...".
func tableOf(figure string, columns []analysis.Column, rows ...[]any) *analysis.Table {
	words := strings.Fields(figure)
	f := &analysis.Figure{Kind: words[0], Options: map[string]string{}}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		f.Options[key] = value
	}
	return &analysis.Table{ID: "test", Title: "A test", Figure: f, Columns: columns, Rows: rows}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 0.02*math.Max(1, math.Abs(b)) }

var both = []float64{Wide, Narrow}

// TestBars: every row has its bar, as long as its value, from the top downwards; intervals and values stand with it, and nothing
// leaves the drawing.
func TestBars(t *testing.T) {
	table := tableOf("bars label=name value=share",
		[]analysis.Column{{Name: "name"}, {Name: "share", Kind: analysis.Share}, {Name: "low", Kind: analysis.Share}, {Name: "high", Kind: analysis.Share}},
		[]any{"one", 0.10, 0.08, 0.12}, []any{"two", 0.20, 0.17, 0.23}, []any{"none", 0.0, 0.0, 0.01}, []any{"unknown", nil, nil, nil}, []any{nil, 0.4, 0.3, 0.5})
	for _, width := range both {
		d := drawn(t, table, width)
		bars := marks(t, d, "rect")
		if len(bars) != 5 {
			t.Fatalf("%d bars for 5 rows", len(bars))
		}
		if !near(bars[1].at["width"], 2*bars[0].at["width"]) || !near(bars[4].at["width"], 4*bars[0].at["width"]) || bars[2].at["width"] != 0 || bars[3].at["width"] != 0 {
			t.Errorf("lengths %v, %v, %v, %v, %v for 10, 20, 0, nothing and 40 %%", bars[0].at["width"], bars[1].at["width"], bars[2].at["width"], bars[3].at["width"], bars[4].at["width"])
		}
		for i := 1; i < len(bars); i++ {
			if bars[i].at["y"] < bars[i-1].at["y"]+bars[i-1].at["height"] || bars[i].at["x"] != bars[0].at["x"] {
				t.Errorf("bar %d is not below the one before", i)
			}
		}
		if want := "one: 10.0" + noBreak + "% (95" + noBreak + "%: 8.0 to 12.0)"; bars[0].title != want {
			t.Errorf("the first says %q, want %q", bars[0].title, want)
		}
		said := texts(t, d)
		for _, want := range []string{"one", "two", "none", "unknown", "(none)", "20.0" + noBreak + "%", "–"} {
			if !slices.Contains(said, want) {
				t.Errorf("%q is not written: %q", want, said)
			}
		}
		if n := strings.Count(d.SVG, `class="line-accent"`); n != 4*3 {
			t.Errorf("%d strokes of whiskers, want 3 for each of 4 intervals", n)
		}
		inside(t, d, width)
	}
}

func texts(t *testing.T, d *Drawing) []string {
	t.Helper()
	var all []string
	for _, e := range elements(t, d) {
		if e.name == "text" {
			all = append(all, e.text)
		}
	}
	return all
}

// inside checks that marks and the beginnings of text are within the drawing.
func inside(t *testing.T, d *Drawing, width float64) {
	t.Helper()
	all := elements(t, d)
	height := all[0].at["height"]
	if all[0].at["width"] != width {
		t.Errorf("the drawing is %v wide, want %v", all[0].at["width"], width)
	}
	for _, e := range all[1:] {
		x, y := e.at["x"]+e.at["cx"], e.at["y"]+e.at["cy"]
		if e.at["width"] < 0 || e.at["height"] < 0 || e.at["r"] < 0 {
			t.Errorf("%s %q is smaller than nothing: %v", e.name, e.title, e.at)
		}
		if x < 0 || y < 0 || x+e.at["width"] > width+0.01 || y > height+0.01 {
			t.Errorf("%s %q at %v, %v of %v × %v", e.name, e.text+e.title, x, y, width, height)
		}
	}
}

// TestMany: of more rows than are a picture the first are drawn, and the figure says so.
func TestMany(t *testing.T) {
	table := tableOf("bars label=name value=n", []analysis.Column{{Name: "name"}, {Name: "n", Kind: analysis.Count}})
	for i := range 40 {
		table.Rows = append(table.Rows, []any{fmt.Sprint("name-", i), int64(4000 - i)})
	}
	for _, kind := range []string{"bars", "histogram", "pareto"} {
		table.Figure.Kind = kind
		d := drawn(t, table, Wide)
		if n := len(marks(t, d, "rect")); n != Labels || d.Note != "The first 25 of 40 rows are drawn." {
			t.Errorf("%s: %d marks, and it says %q", kind, n, d.Note)
		}
		inside(t, d, Wide)
	}
}

// TestHistogram: columns stand on one line and are as high as their values.
func TestHistogram(t *testing.T) {
	table := tableOf("histogram label=depth value=names", []analysis.Column{{Name: "depth", Kind: analysis.Count}, {Name: "names", Kind: analysis.Count}},
		[]any{int64(0), int64(1000)}, []any{int64(1), int64(500)}, []any{int64(2), int64(0)}, []any{int64(3), int64(2000)})
	for _, width := range both {
		d := drawn(t, table, width)
		c := marks(t, d, "rect")
		if len(c) != 4 || !near(c[0].at["height"], 2*c[1].at["height"]) || !near(c[3].at["height"], 2*c[0].at["height"]) || c[2].at["height"] != 0 {
			t.Errorf("heights of %d columns: %+v", len(c), c)
		}
		for i := range c {
			if !near(c[i].at["y"]+c[i].at["height"], c[0].at["y"]+c[0].at["height"]) {
				t.Errorf("column %d does not stand on the line", i)
			}
		}
		inside(t, d, width)
	}
}

// TestStacked: the parts of a bar follow one another and are as long as their values; beyond eight series the last are together.
func TestStacked(t *testing.T) {
	columns := []analysis.Column{{Name: "tld"}, {Name: "posture"}, {Name: "names", Kind: analysis.Count}}
	rows := [][]any{{"com", "open", int64(30)}, {"com", "closed", int64(10)}, {"org", "open", int64(5)}, {"org", "closed", int64(15)}}
	d := drawn(t, tableOf("stacked label=tld series=posture value=names", columns, rows...), Wide)
	m := marks(t, d, "rect")
	if len(m) != 4 || !near(m[0].at["width"], 3*m[1].at["width"]) || !near(m[3].at["width"], 3*m[2].at["width"]) || !near(m[0].at["width"], 2*m[3].at["width"]) {
		t.Errorf("parts of 30, 10, 5 and 15: %+v", m)
	}
	if !near(m[1].at["x"], m[0].at["x"]+m[0].at["width"]) || m[0].class != "mark c1" || m[1].class != "mark c2" {
		t.Errorf("the parts do not follow one another: %+v", m)
	}
	if want := "com, open: 30 (75.0" + noBreak + "%)"; m[0].title != want {
		t.Errorf("it says %q, want %q", m[0].title, want)
	}
	m = marks(t, drawn(t, tableOf("stacked label=tld series=posture value=names normal=yes", columns, rows...), Wide), "rect")
	if !near(m[0].at["width"]+m[1].at["width"], m[2].at["width"]+m[3].at["width"]) {
		t.Errorf("normal=yes: bars of %v and %v", m[0].at["width"]+m[1].at["width"], m[2].at["width"]+m[3].at["width"])
	}
	var many [][]any
	for i := range 12 {
		many = append(many, []any{"com", fmt.Sprint("s", i), int64(1)})
	}
	d = drawn(t, tableOf("stacked label=tld series=posture value=names", columns, many...), Narrow)
	m = marks(t, d, "rect")
	if len(m) != Series || !near(m[7].at["width"], 5*m[0].at["width"]) || m[7].class != "mark rest" || !slices.Contains(texts(t, d), "5 others") {
		t.Errorf("12 series: %d marks, the last %+v", len(m), m[len(m)-1])
	}
	inside(t, d, Narrow)
}

// TestHeat: each cell of the table has one of the field, the more the darker; a cell that the table has not is none.
func TestHeat(t *testing.T) {
	table := tableOf("heat x=dnssec y=caa value=share", []analysis.Column{{Name: "dnssec"}, {Name: "caa"}, {Name: "share", Kind: analysis.Share}},
		[]any{"secure", "found", 0.1}, []any{"secure", "none", 1.0}, []any{"insecure", "found", 0.0})
	for _, width := range both {
		d := drawn(t, table, width)
		m := marks(t, d, "rect")
		if len(m) != 3 {
			t.Fatalf("%d cells, want 3", len(m))
		}
		byTitle := map[string]element{}
		for _, e := range m {
			name, _, _ := strings.Cut(e.title, ":")
			byTitle[name] = e
		}
		if a, b, c := byTitle["found, secure"], byTitle["none, secure"], byTitle["found, insecure"]; a.class != "mark h1" || b.class != "mark h9" || c.class != "mark h0" ||
			a.at["x"] != b.at["x"] || a.at["y"] >= b.at["y"] || a.at["y"] != c.at["y"] || a.at["x"] >= c.at["x"] {
			t.Errorf("cells: %+v", byTitle)
		}
		inside(t, d, width)
	}
}

// TestPareto: bars are shares of the sum of all rows, the line has what they make together, and what is left over has no bar.
func TestPareto(t *testing.T) {
	table := tableOf("pareto label=owner value=names", []analysis.Column{{Name: "owner"}, {Name: "names", Kind: analysis.Count}},
		[]any{"A", int64(50)}, []any{"B", int64(25)}, []any{"(all others)", int64(25)})
	d := drawn(t, table, Narrow)
	bars, dots := marks(t, d, "rect"), marks(t, d, "circle")
	if len(bars) != 2 || len(dots) != 2 || !near(bars[0].at["width"], 2*bars[1].at["width"]) {
		t.Fatalf("bars %+v, dots %+v", bars, dots)
	}
	if !near(dots[0].at["cx"], bars[0].at["x"]+bars[0].at["width"]) || !near(dots[1].at["cx"]-bars[0].at["x"], 1.5*bars[0].at["width"]) {
		t.Errorf("the line is at %v and %v, bars from %v are %v and %v long", dots[0].at["cx"], dots[1].at["cx"], bars[0].at["x"], bars[0].at["width"], bars[1].at["width"])
	}
	if !strings.Contains(dots[1].title, "75.0") {
		t.Errorf("the second says %q", dots[1].title)
	}
	inside(t, d, Narrow)
}

// TestParetoOfOverlappingShares: the line has what the table says, which is less than the sum.
func TestParetoOfOverlappingShares(t *testing.T) {
	columns := []analysis.Column{{Name: "owner"}, {Name: "market_share", Kind: analysis.Share}, {Name: "cumulative_share", Kind: analysis.Share}, {Name: "n", Kind: analysis.Count}}
	const spec = "pareto label=owner value=market_share cumulative="
	table := tableOf(spec+"cumulative_share", columns, []any{"A", 0.6, 0.6, int64(6)}, []any{"B", 0.5, 0.8, int64(5)}, []any{"(all others)", 0.3, 1.0, int64(3)})
	d := drawn(t, table, Narrow)
	bars, dots := marks(t, d, "rect"), marks(t, d, "circle")
	if len(bars) != 2 || len(dots) != 2 {
		t.Fatalf("bars %+v, dots %+v", bars, dots)
	}
	at, unit := bars[0].at["x"], bars[0].at["width"]/0.6
	if !near(bars[1].at["width"], 0.5*unit) || !near(dots[0].at["cx"]-at, 0.6*unit) || !near(dots[1].at["cx"]-at, 0.8*unit) {
		t.Errorf("bars %+v, dots %+v", bars, dots)
	}
	if _, err := Draw(tableOf(spec+"n", columns, table.Rows...), Narrow); err == nil {
		t.Error("a count passes for a cumulative share")
	}
}

// TestZerosMayBeLeftOut: by zeros=no.
func TestZerosMayBeLeftOut(t *testing.T) {
	columns := []analysis.Column{{Name: "ca"}, {Name: "lost", Kind: analysis.Count}}
	for spec, want := range map[string]int{"bars label=ca value=lost": 3, "bars label=ca value=lost zeros=no": 2} {
		d := drawn(t, tableOf(spec, columns, []any{"A", int64(0)}, []any{"B", int64(2)}, []any{"C", int64(1)}), Narrow)
		if got := strings.Count(d.SVG, "<title>"); got < want || !strings.Contains(d.SVG, "B: 2") || strings.Contains(d.SVG, "A: 0") != (want == 3) {
			t.Errorf("%s: %s", spec, d.SVG)
		}
	}
}

// TestLines: points lie where their values are, in the order of their places, whatever that of the rows.
func TestLines(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	columns := []analysis.Column{{Name: "at", Kind: analysis.Moment}, {Name: "tld"}, {Name: "share", Kind: analysis.Share}}
	table := tableOf("lines x=at series=tld value=share", columns,
		[]any{day(9), "com", 0.4}, []any{day(1), "com", 0.1}, []any{day(5), "com", 0.2}, []any{day(1), "org", 0.3}, []any{day(9), "org", nil})
	for _, width := range both {
		d := drawn(t, table, width)
		dots := marks(t, d, "circle")
		if len(dots) != 4 {
			t.Fatalf("%d points for 4 values", len(dots))
		}
		if !(dots[0].at["cx"] < dots[1].at["cx"] && dots[1].at["cx"] < dots[2].at["cx"]) || dots[3].at["cx"] != dots[0].at["cx"] {
			t.Errorf("not in the order of time: %+v", dots)
		}
		rise := func(i, j int) float64 { return dots[i].at["cy"] - dots[j].at["cy"] }
		if !near(rise(0, 2), 3*rise(0, 1)) || !near(rise(0, 3), 2*rise(0, 1)) {
			t.Errorf("rises %v, %v, %v for 10, 20 and 30 %%", rise(0, 1), rise(0, 3), rise(0, 2))
		}
		inside(t, d, width)
	}
	words := tableOf("lines x=round value=n", []analysis.Column{{Name: "round"}, {Name: "n", Kind: analysis.Count}}, []any{"first", int64(1)}, []any{"second", int64(2)})
	if n := len(marks(t, drawn(t, words, Wide), "circle")); n != 2 {
		t.Errorf("%d points over words, want 2", n)
	}
}

// TestNothing: what shows nothing is no figure, and a specification that does not fit is an error.
func TestNothing(t *testing.T) {
	columns := []analysis.Column{{Name: "name"}, {Name: "n", Kind: analysis.Count}}
	for name, table := range map[string]*analysis.Table{
		"no rows":      tableOf("bars label=name value=n", columns),
		"no values":    tableOf("bars label=name value=n", columns, []any{"a", nil}),
		"all nothing":  tableOf("bars label=name value=n", columns, []any{"a", int64(0)}, []any{"b", int64(0)}),
		"an empty sum": tableOf("pareto label=name value=n", columns, []any{"a", int64(0)}),
		"no figure":    {Columns: columns, Rows: [][]any{{"a", int64(1)}}},
	} {
		if d, err := Draw(table, Wide); d != nil || err != nil {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	for _, wrong := range []string{"pie label=name value=n", "bars label=name value=m", "bars label=name value=name", "bars value=n", "heat x=name y=n",
		"stacked label=name value=n", "lines x=n", "lines x=name value=n series=s", "histogram"} {
		if _, err := Draw(tableOf(wrong, columns, []any{"a", int64(1)}), Wide); err == nil {
			t.Errorf("%s: no error", wrong)
		}
	}
}

// TestHostile: foreign text stays text, and long text is cut, for no drawing grows with it.
func TestHostile(t *testing.T) {
	long := strings.Repeat("very-long-label.", 40)
	hostile := []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `]]></svg>`, "a\x00b\x1b[31m\nc", "\xff\xfe", `&lt;`, long, strings.Repeat("木", 300)}
	for _, kind := range Kinds() {
		table := tableOf(kind+" label=name value=n series=name x=name y=name", []analysis.Column{{Name: "name"}, {Name: "n", Kind: analysis.Count}})
		for i, name := range hostile {
			table.Rows = append(table.Rows, []any{name, int64(100 - i)})
		}
		table.Title = hostile[0]
		for _, width := range both {
			d := drawn(t, table, width)
			inside(t, d, width) // which reads it as XML, of known elements only
			for _, said := range texts(t, d) {
				if float64(widthOf(said)) > width {
					t.Errorf("%s: a text longer than the drawing: %q", kind, said)
				}
			}
			if !strings.Contains(d.SVG, long) {
				t.Errorf("%s: the whole of a label that was cut is nowhere", kind)
			}
		}
	}
}

// TestTicks: ticks are at round values, not too many, and written with the decimals that tell them apart.
func TestTicks(t *testing.T) {
	for _, c := range []struct {
		most float64
		kind analysis.Kind
		n    int
		want string
	}{
		{1, analysis.Share, 5, "0" + noBreak + "% 20" + noBreak + "% 40" + noBreak + "% 60" + noBreak + "% 80" + noBreak + "% 100" + noBreak + "%"},
		{0.0123, analysis.Share, 4, "0.0" + noBreak + "% 0.5" + noBreak + "% 1.0" + noBreak + "%"},
		{25000, analysis.Count, 5, "0 5,000 10,000 15,000 20,000 25,000"},
		{3, analysis.Count, 8, "0 1 2 3"},
		{0.7, analysis.Number, 4, "0.0 0.2 0.4 0.6"},
	} {
		var labels []string
		for _, tick := range even(0, c.most, c.kind, c.n) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("to %v, at most %d: %s, want %s", c.most, c.n, got, c.want)
		}
	}
}

// TestText: cells as people read them.
func TestText(t *testing.T) {
	for _, c := range []struct {
		v    any
		kind analysis.Kind
		want string
	}{
		{int64(1234567), analysis.Count, "1,234,567"}, {int64(-1234), analysis.Count, "-1,234"}, {int64(999), analysis.Count, "999"},
		{0.1234, analysis.Share, "12.3" + noBreak + "%"}, {0.0, analysis.Share, "0.0" + noBreak + "%"}, {1.0, analysis.Share, "100.0" + noBreak + "%"},
		{0.0002, analysis.Share, "0.02" + noBreak + "%"}, {0.99987, analysis.Share, "99.99" + noBreak + "%"},
		{12345.6, analysis.Number, "12,346"}, {3.14159, analysis.Number, "3.14"}, {0.00123, analysis.Number, "0.0012"}, {7.0, analysis.Number, "7"},
		{true, analysis.Flag, "yes"}, {nil, analysis.Count, ""}, {"x,y", analysis.Text, "x,y"},
		{time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), analysis.Moment, "2026-11-22"}, {time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), analysis.Moment, "2026-11-22 01:02:03"},
	} {
		if got := Text(c.v, c.kind); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}

// TestSingle: one row is a figure too, with long labels and headings.
func TestSingle(t *testing.T) {
	heading := "a_heading_that_is_much_longer_than_the_axis_of_the_figure_is_high"
	for _, kind := range Kinds() {
		table := tableOf(kind+" label="+heading+" value=n series="+heading+" x="+heading+" y="+heading,
			[]analysis.Column{{Name: heading}, {Name: "n", Kind: analysis.Count}}, []any{strings.Repeat("long", 30), int64(1)})
		for _, width := range both {
			d := drawn(t, table, width)
			if n := len(marks(t, d, "rect")) + len(marks(t, d, "circle")); n == 0 {
				t.Errorf("%s: no mark", kind)
			}
			inside(t, d, width)
		}
	}
}

// TestFewNames: among many rows, those about hardly any names are passed over, and the figure says so.
func TestFewNames(t *testing.T) {
	table := tableOf("bars label=name value=share", []analysis.Column{{Name: "name"}, {Name: "of", Kind: analysis.Count}, {Name: "share", Kind: analysis.Share}})
	for i := range 30 {
		table.Rows = append(table.Rows, []any{fmt.Sprint("name-", i), int64(i), 0.5})
	}
	d := drawn(t, table, Wide)
	if m := marks(t, d, "rect"); len(m) != 20 || !strings.HasPrefix(m[0].title, "name-10:") || d.Note != "Shares of fewer than 10 names are not drawn." {
		t.Errorf("%d bars, the first %q; it says %q", len(m), m[0].title, d.Note)
	}
	table.Figure.Options["label"] = "name+of"
	if m := marks(t, drawn(t, table, Wide), "rect"); !strings.HasPrefix(m[0].title, "name-10, 10:") {
		t.Errorf("of two columns the label is %q", m[0].title)
	}
	table.Rows = table.Rows[:12]
	if m := marks(t, drawn(t, table, Wide), "rect"); len(m) != 12 {
		t.Errorf("%d bars for a few rows, want all 12", len(m))
	}
}

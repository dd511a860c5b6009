// Package page writes a report as one HTML file that needs nothing else: style, script, figures and the CSV of every table are in it.
//
// The page asks nobody for anything, and its Content-Security-Policy forbids it to: of styles and scripts only its own may be in
// force, which are named by their hash, so that nothing that came from the DNS could run even if it were not escaped; and it is, by
// html/template. Without scripts the page is whole; with them tables can be sorted, and long ones are folded.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/figure"
)

// Folded is how many rows of a table are shown at first.
const Folded = 25

//go:embed page.html
var layout string

//go:embed style.css
var styleSheet string

//go:embed script.js
var script string

// view is what the template shows.
type view struct {
	*analysis.Report
	Policy        string
	Style, Script template.HTML // the elements, octet by octet as their hashes are
	Began, Ended  time.Time
	Tiles         []tile
	Sections      []section
	Facts, Parts  *tableView
	Chapters      int // of questions
}

// section is a question with its tables.
type section struct {
	analysis.Question
	Tables  []*tableView
	Missing bool // no table has an answer
	Took    time.Duration
}

// tile is a headline number.
type tile struct{ Name, Value, Interval, Of, Says string }

// Write writes the page.
func Write(w io.Writer, r *analysis.Report) error {
	v := view{Report: r, Began: r.Round.Began().UTC(), Ended: r.Round.Ended().UTC(), Tiles: tiles(r.Headlines)}
	style, code := figure.Style()+barWidths()+styleSheet, script
	v.Style, v.Script = element("style", style), element("script", code)
	v.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", hash(style), hash(code))
	for _, s := range r.Sections {
		shown := section{Question: s.Question, Missing: true, Took: s.Took}
		for i, t := range s.Tables {
			tv, err := viewOf(t, fmt.Sprintf("%d.%d", s.Question.Number, i+1))
			if err != nil {
				return err
			}
			shown.Tables = append(shown.Tables, tv)
			shown.Missing = shown.Missing && t.Missing != ""
		}
		v.Sections = append(v.Sections, shown)
	}
	var err error
	if v.Facts, err = viewOf(r.Methods.Facts, "M.1"); err != nil {
		return err
	}
	if v.Parts, err = viewOf(r.Methods.Parts, "M.2"); err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"day":   func(t time.Time) string { return t.Format("2 January 2006") },
		"clock": func(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") },
		"short": func(d time.Duration) string { return d.Round(10 * time.Millisecond).String() },
		"join":  func(list []string) string { return strings.Join(list, ", ") },
		"count": func(n int) string { return figure.Text(int64(n), analysis.Count) },
		"fold":  func() int { return Folded },
	}).Parse(layout)
	if err != nil {
		return err
	}
	return t.Execute(w, &v)
}

// element is a style or script, octet by octet, for the browser holds it against its hash.
func element(name, content string) template.HTML {
	if strings.Contains(strings.ToLower(content), "</") {
		panic("internal error: the " + name + " of the page would end early")
	}
	return template.HTML("<" + name + ">" + content + "</" + name + ">")
}

// hash names a style or a script in a Content-Security-Policy.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// barWidths are the classes of bars in cells, by whole percents: a policy without inline styles leaves no other way.
func barWidths() string {
	var b strings.Builder
	for i := 1; i <= 100; i++ {
		fmt.Fprintf(&b, ".b%d{--w:%d%%}", i, i)
	}
	b.WriteByte('\n')
	return b.String()
}

// tiles are the headline numbers.
func tiles(t *analysis.Table) []tile {
	cell := func(row []any, name string) any {
		if i := t.Column(name); i >= 0 {
			return row[i]
		}
		return nil
	}
	var all []tile
	for _, row := range t.Rows {
		one := tile{Name: figure.Text(cell(row, "headline"), analysis.Text), Says: figure.Text(cell(row, "says"), analysis.Text)}
		n, of := figure.Text(cell(row, "n"), analysis.Count), figure.Text(cell(row, "of"), analysis.Count)
		switch share := cell(row, "share"); {
		case share != nil:
			one.Value, one.Of = figure.Text(share, analysis.Share), n+" of "+of
			one.Interval = interval(cell(row, "low"), cell(row, "high"))
		case of != "":
			one.Value, one.Of = "–", n+" of "+of
		default:
			one.Value = n
		}
		all = append(all, one)
	}
	return all
}

// interval is "11.8–12.9", nothing if there is none.
func interval(low, high any) string {
	l, ok := low.(float64)
	h, okToo := high.(float64)
	if !ok || !okToo {
		return ""
	}
	return figure.Percent(l) + "–" + figure.Percent(h)
}

// tableView is a table as the page shows it.
type tableView struct {
	*analysis.Table
	Number       string // of the question and within it: 2.1
	Head         []heading
	Body         [][]cell
	Long         bool // there is something to be folded
	Wide, Narrow template.HTML
	FigureNote   string
	CSV          template.URL
}

// heading is that of a column.
type heading struct{ Text, Class, Title string }

// cell is one of the body.
type cell struct {
	Text     string
	Interval string // behind it
	Class    string
	Sort     string // the number, where the text does not tell it exactly
}

// columnTitles say what the columns are that many tables have.
var columnTitles = map[string]string{
	"n":             "names that have it",
	"of":            "names of which it is known whether they have it",
	"share":         "n / of",
	"unknown":       "names of which it is not known, because their look-up failed; in no denominator",
	"unknown_share": "unknown / (of + unknown)",
}

func viewOf(t *analysis.Table, number string) (*tableView, error) {
	v := &tableView{Table: t, Number: number, Long: len(t.Rows) > Folded}
	if t.Missing != "" {
		return v, nil
	}
	var csv bytes.Buffer
	if err := t.WriteCSV(&csv); err != nil {
		return nil, fmt.Errorf("table %s: %w", t.ID, err)
	}
	v.CSV = template.URL("data:text/csv;charset=utf-8," + percentEncoded(csv.Bytes()))
	wide, err := figure.Draw(t, figure.Wide)
	if err != nil {
		return nil, err
	}
	narrow, err := figure.Draw(t, figure.Narrow)
	if err != nil {
		return nil, err
	}
	if wide != nil && narrow != nil {
		v.Wide, v.Narrow, v.FigureNote = template.HTML(wide.SVG), template.HTML(narrow.SVG), wide.Note
	}
	share, low, high := t.Column("share"), t.Column("low"), t.Column("high")
	together := share >= 0 && low >= 0 && high >= 0 // in one column
	for i, c := range t.Columns {
		if together && (i == low || i == high) {
			continue
		}
		h := heading{c.Heading(), classOf(c), columnTitles[c.Name]}
		if together && i == share {
			h.Text += " (95" + noBreak + "%)"
		}
		v.Head = append(v.Head, h)
	}
	short := shortColumns(t)
	for _, row := range t.Rows {
		cells := make([]cell, 0, len(row))
		for i, value := range row {
			if together && (i == low || i == high) {
				continue
			}
			one := cellOf(value, t.Columns[i])
			if short[i] {
				one.Class += " k"
			}
			if together && i == share {
				one.Interval = interval(row[low], row[high])
			}
			cells = append(cells, one)
		}
		v.Body = append(v.Body, cells)
	}
	return v, nil
}

const noBreak = "\u00a0"

// numeric are the kinds that are set to the right and sorted by size.
var numeric = []analysis.Kind{analysis.Count, analysis.Number, analysis.Share}

func classOf(c analysis.Column) string {
	if slices.Contains(numeric, c.Kind) {
		return "n"
	}
	return "t"
}

// shortColumns says which columns have text that stands on one line.
func shortColumns(t *analysis.Table) []bool {
	const line = 36 // characters
	short := make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		short[i] = !slices.Contains(numeric, c.Kind) && !slices.ContainsFunc(t.Rows, func(row []any) bool {
			return utf8.RuneCountInString(figure.Text(row[i], c.Kind)) > line
		})
	}
	return short
}

func cellOf(value any, c analysis.Column) cell {
	one := cell{Text: figure.Text(value, c.Kind), Class: classOf(c)}
	if v, ok := value.(float64); ok {
		one.Sort = fmt.Sprintf("%.6g", v)
		if c.Kind == analysis.Share && c.Name != "unknown_share" {
			one.Class += fmt.Sprintf(" b b%d", min(100, max(0, int(v*100+0.5))))
		}
	}
	return one
}

// percentEncoded writes octets as a data: URI may hold them (RFC 3986 section 2.3, and some that are common in CSV and do no harm).
func percentEncoded(octets []byte) string {
	const plain = "-._~,:;/@=()!*$"
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(octets) * 5 / 4)
	for _, o := range octets {
		switch {
		case o >= 'a' && o <= 'z', o >= 'A' && o <= 'Z', o >= '0' && o <= '9', strings.IndexByte(plain, o) >= 0:
			b.WriteByte(o)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[o>>4])
			b.WriteByte(hex[o&15])
		}
	}
	return b.String()
}

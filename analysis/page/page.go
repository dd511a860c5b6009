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
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/figure"
)

// Rows of tables.
const (
	Folded = 25  // shown at first
	Held   = 100 // in the page as rows; the script makes the others of the CSV, which is there anyway and has them all
)

// LongText is how many characters of a text the page has. A set may have tens of thousands, and a table has up to a thousand rows.
const LongText = 500

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
	style, code := figure.Style()+columnStyles()+styleSheet, script
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

// Classes of tables that say what their columns are, by the number of the column, so that cells need none; and of cells the
// lengths of bars, by whole percents: a policy without inline styles leaves no other way.
const (
	numberClass = "n" // to the right, on one line
	shortClass  = "k" // text on one line
	barClass    = "b" // a bar behind the number
	widthClass  = "w" // of the bar
)

// styledColumns is how many columns of a table may be styled.
const styledColumns = 32

// columnStyles are the rules for these classes.
func columnStyles() string {
	var b strings.Builder
	for _, column := range []struct{ class, rule string }{
		{numberClass, "text-align:right;white-space:nowrap;min-width:0"},
		{shortClass, "white-space:nowrap;min-width:0;max-width:none"},
		{barClass, "background:linear-gradient(90deg,var(--tint) var(--w,0%),transparent 0) no-repeat .4rem 50%/calc(100% - .8rem) calc(100% - .3rem);min-width:6.5rem;padding-right:1rem"},
	} {
		var of []string
		for i := 1; i <= styledColumns; i++ {
			of = append(of, fmt.Sprintf(".%s%d td:nth-child(%[2]d)", column.class, i))
		}
		fmt.Fprintf(&b, "%s{%s}\n", strings.Join(of, ","), column.rule)
	}
	for i := 1; i <= 100; i++ {
		fmt.Fprintf(&b, ".%s%d{--w:%[2]d%%}", widthClass, i)
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
	Class        string // what its columns are
	Head         []heading
	Body         [][]cell
	Wide, Narrow template.HTML
	FigureNote   string
	Cut          int // texts that are not whole
	CSV          template.URL
}

// heading is that of a column.
type heading struct {
	Text, Title string
	Numeric     bool
	Kind        string // a word for the script: of which kind the cells are
	From        string // and in which columns of the CSV: of a share with an interval three
}

// cell is one of the body.
type cell struct {
	Text     string
	Interval string            // behind it
	Attr     template.HTMLAttr // the length of its bar, and the number where the text does not tell it exactly
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
	v := &tableView{Table: t, Number: number}
	if t.Missing != "" {
		return v, nil
	}
	t, v.Cut = cutTexts(t)
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
	held := t.Rows[:min(len(t.Rows), Held)]
	var classes []string
	for i, c := range t.Columns {
		if together && (i == low || i == high) {
			continue
		}
		h := heading{Text: c.Heading(), Title: columnTitles[c.Name], Numeric: slices.Contains(numeric, c.Kind), Kind: kindWords[c.Kind], From: fmt.Sprint(i)}
		if together && i == share {
			h.Text += " (95" + noBreak + "%)"
			h.From += fmt.Sprintf(" %d %d", low, high)
		}
		v.Head = append(v.Head, h)
		classes = append(classes, columnClasses(t, i, len(v.Head))...)
	}
	v.Class = strings.Join(classes, " ")
	for _, row := range held {
		cells := make([]cell, 0, len(row))
		for i, value := range row {
			if together && (i == low || i == high) {
				continue
			}
			one := cellOf(value, t.Columns[i])
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

// cutTexts returns a table without texts that are too long, and how many it cut.
func cutTexts(t *analysis.Table) (*analysis.Table, int) {
	short, n := *t, 0
	short.Rows = slices.Clone(t.Rows)
	for i, row := range t.Rows {
		for j, value := range row {
			text, ok := value.(string)
			if !ok || len(text) <= LongText || utf8.RuneCountInString(text) <= LongText {
				continue
			}
			if n++; &short.Rows[i][0] == &row[0] {
				short.Rows[i] = slices.Clone(row)
			}
			short.Rows[i][j] = string([]rune(text)[:LongText]) + "…"
		}
	}
	return &short, n
}

// kindWords are the kinds for the script.
var kindWords = map[analysis.Kind]string{
	analysis.Count: "count", analysis.Number: "number", analysis.Share: "share", analysis.Flag: "flag", analysis.Moment: "moment",
	analysis.Octets: "octets", // and of text nothing
}

// columnClasses are the classes of a table for the i-th column, which is the n-th of those shown.
func columnClasses(t *analysis.Table, i, n int) []string {
	const line = 36 // characters of a text that stands on one
	c := t.Columns[i]
	class := func(name string) string { return fmt.Sprint(name, n) }
	switch {
	case hasBar(c):
		return []string{class(numberClass), class(barClass)}
	case slices.Contains(numeric, c.Kind):
		return []string{class(numberClass)}
	case slices.ContainsFunc(t.Rows, func(row []any) bool { return utf8.RuneCountInString(figure.Text(row[i], c.Kind)) > line }):
		return nil
	}
	return []string{class(shortClass)}
}

// hasBar says which columns have bars. Those of what is not known would only be in the way.
func hasBar(c analysis.Column) bool { return c.Kind == analysis.Share && c.Name != "unknown_share" }

func cellOf(value any, c analysis.Column) cell {
	one := cell{Text: figure.Text(value, c.Kind)}
	if v, ok := value.(float64); ok {
		one.Attr = template.HTMLAttr("data-v=" + strconv.FormatFloat(v, 'g', 6, 64))
		if percent := int(v*100 + 0.5); hasBar(c) && percent > 0 {
			one.Attr += template.HTMLAttr(fmt.Sprintf(" class=%s%d", widthClass, min(100, percent)))
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

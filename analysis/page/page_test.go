package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/figure"
	"github.com/caascan/caascan/output"
)

// smallReport is a report with one question that has an answer, and one that has none.
func smallReport() *analysis.Report {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	table := longTable()
	return &analysis.Report{
		Title: hostile[0], Made: at, Round: &analysis.Round{Scans: []analysis.Scan{{Manifest: output.Manifest{StartedAt: at, ScanID: "s"}}}},
		Warnings:  []string{"This scan is not complete."},
		Headlines: &analysis.Table{ID: "headlines", Columns: []analysis.Column{{Name: "headline"}, {Name: "n", Kind: analysis.Count}, {Name: "of", Kind: analysis.Count}, {Name: "share", Kind: analysis.Share}, {Name: "says"}}, Rows: [][]any{{"any CAA", int64(1), int64(4), 0.25, "of all"}, {"names", int64(1234), nil, nil, ""}}},
		Sections: []analysis.Section{
			{Question: analysis.Question{Number: 1, Title: "One", Asks: hostile[1]}, Tables: []*analysis.Table{table}},
			{Question: analysis.Question{Number: 2, Title: "Two", Asks: "?"}, Tables: []*analysis.Table{{ID: "none", Title: "None", Missing: "No row has rank. It takes a ranked list."}}},
			{Question: analysis.Question{Number: 3, Title: "Three", Asks: "?"}, Tables: []*analysis.Table{{ID: "empty", Title: "Empty", Columns: table.Columns}}},
		},
		Methods: &analysis.Methods{Passages: []analysis.Passage{{Heading: "How", Text: []string{hostile[2]}}},
			Facts: &analysis.Table{ID: "facts", Columns: []analysis.Column{{Name: "fact"}}, Rows: [][]any{{hostile[3]}}}, Parts: &analysis.Table{ID: "parts"}},
	}
}

// written returns the page as text and as a tree.
func written(t *testing.T, r *analysis.Report) (string, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	tree, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), tree
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// TestPolicy: the page's own style and script are what its policy allows, and there is nothing else that a policy would have to.
func TestPolicy(t *testing.T) {
	_, tree := written(t, smallReport())
	policy := ""
	var allowed []string
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "meta":
			if attr(n, "http-equiv") == "Content-Security-Policy" {
				policy = attr(n, "content")
			}
		case "style", "script":
			sum := sha256.Sum256([]byte(n.FirstChild.Data))
			allowed = append(allowed, n.Data+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		case "img", "iframe", "object", "embed", "form", "base", "video", "audio", "source", "use", "image", "foreignobject":
			t.Errorf("an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "srcset" {
				t.Errorf("%s has an attribute %s", n.Data, a.Key)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "data:") {
				t.Errorf("a link to %q", a.Val)
			}
		}
	}
	want := "default-src 'none'; " + strings.Join(allowed, "; ") + "; img-src data:; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is %q, want %q", policy, want)
	}
}

// TestAnchors: every question, table and figure can be cited, identifiers are there once, and links of the page lead somewhere.
func TestAnchors(t *testing.T) {
	_, tree := written(t, smallReport())
	ids := map[string]int{}
	var links []string
	for n := range tree.Descendants() {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if href := attr(n, "href"); strings.HasPrefix(href, "#") {
			links = append(links, href[1:])
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("identifier %s is there %d times", id, n)
		}
	}
	for _, link := range links {
		if ids[link] == 0 {
			t.Errorf("a link to #%s leads nowhere", link)
		}
	}
	for _, want := range []string{"q1", "q2", "q3", "long-table", "figure-long-table", "none", "empty", "methods", "headlines"} {
		if !slices.Contains(links, want) {
			t.Errorf("#%s cannot be cited", want)
		}
	}
}

// TestCSVBesideTable: what can be downloaded is the CSV of the table, with all its rows; texts that are too long are cut, and it is said.
func TestCSVBesideTable(t *testing.T) {
	r := smallReport()
	page, tree := written(t, r)
	short, cut := cutTexts(r.Sections[0].Tables[0])
	var want bytes.Buffer
	if err := short.WriteCSV(&want); err != nil {
		t.Fatal(err)
	}
	got := ""
	for n := range tree.Descendants() {
		if attr(n, "download") == "long-table.csv" {
			got = attr(n, "href")
		}
	}
	content, err := url.PathUnescape(strings.TrimPrefix(got, "data:text/csv;charset=utf-8,"))
	if err != nil || content != want.String() {
		t.Errorf("the CSV is %.300q, %v; want %.300q", content, err, want.String())
	}
	if cut == 0 || !strings.Contains(page, "texts of more than 500 characters cut here") {
		t.Errorf("%d texts are cut, and the page does not say so", cut)
	}
	if strings.Contains(page, hostile[len(hostile)-1]) {
		t.Error("a text that is too long is there whole")
	}
	for i, row := range r.Sections[0].Tables[0].Rows {
		if i%len(hostile) == len(hostile)-1 && !strings.HasPrefix(row[0].(string), "long long") || len(row[0].(string)) < 2 {
			t.Fatal("the report itself has been changed")
		}
	}
}

// TestNoAnswer: a question without an answer is there, with the reason, and so is a table without rows.
func TestNoAnswer(t *testing.T) {
	page, _ := written(t, smallReport())
	for _, want := range []string{`<li class="none"><a href="#q2">`, "No row has rank. It takes a ranked list.", "There is no row: nothing of the kind was seen.",
		`<p class="warning" role="note"><strong>Take care.</strong> This scan is not complete.</p>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if before, after := strings.Index(page, `class="warning"`), strings.Index(page, `id="headlines"`); before > after {
		t.Error("the warning is not on top")
	}
}

// TestCells: shares are in percent with their interval, counts in groups of three, and the script gets the exact number.
func TestCells(t *testing.T) {
	table := &analysis.Table{ID: "t", Title: "T", Columns: []analysis.Column{{Name: "n", Kind: analysis.Count}, {Name: "share", Kind: analysis.Share},
		{Name: "low", Kind: analysis.Share}, {Name: "high", Kind: analysis.Share}, {Name: "unknown_share", Kind: analysis.Share}},
		Rows: [][]any{{int64(12345), 0.1234567, 0.118, 0.129, 0.5}, {int64(1), nil, nil, nil, nil}}}
	r := smallReport()
	r.Sections[1].Tables[0] = table
	page, _ := written(t, r)
	body := regexp.MustCompile(`(?s)id="t">.*?<tbody>\n(.*?)</tbody>`).FindStringSubmatch(page)
	want := "<tr><td >12,345<td data-v=0.123457 class=w12>12.3\u00a0% <i>(11.8–12.9)</i><td data-v=0.5>50.0\u00a0%</tr>\n<tr><td >1<td ><td ></tr>\n"
	if body == nil || body[1] != want {
		t.Errorf("the body is %q, want %q", body, want)
	}
	if !strings.Contains(page, `<table class="n1 n2 b2 n3" data-rows="2">`) {
		t.Error("the table does not say what its columns are")
	}
}

// TestEveryFigureFits: what questions say of their figures fits their tables, whatever a scan holds.
func TestEveryFigureFits(t *testing.T) {
	data, err := analysis.Open(t.Context(), []string{hostileScan(t)}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if err := data.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions, err := analysis.Questions()
	if err != nil {
		t.Fatal(err)
	}
	figures := 0
	for _, q := range questions {
		for _, p := range q.Parts {
			if p.Figure == nil {
				continue
			}
			table, err := data.Ask(t.Context(), &p, true)
			if err != nil {
				t.Fatal(err)
			}
			if table.Missing != "" {
				continue
			}
			figures++
			row := make([]any, len(table.Columns))
			for i, c := range table.Columns {
				switch c.Kind {
				case analysis.Count:
					row[i] = int64(1)
				case analysis.Number, analysis.Share:
					row[i] = 0.5
				case analysis.Text:
					row[i] = hostile[0]
				}
			}
			table.Rows = [][]any{row}
			if d, err := figure.Draw(table, figure.Narrow); err != nil || d == nil {
				t.Errorf("question %d: %v, %v", q.Number, d, err)
			}
		}
	}
	if figures < 10 {
		t.Errorf("%d figures", figures)
	}
}

package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/figure"
	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// chromium is Debian's.
const chromium = "/usr/bin/chromium"

// hostile are strings that would run, break out of where they stand, or load something, if they were taken for anything but text.
var hostile = []string{
	`<script>window.ran=1</script>`,
	`</script><script>window.ran=2</script>`,
	`</style><img src="http://127.0.0.1:9/x" onerror="window.ran=3">`,
	`"><svg onload="window.ran=4">`,
	`' onmouseover='window.ran=5`,
	`javascript:window.ran=6`,
	`=HYPERLINK("http://127.0.0.1:9/","x")`, `+1+1`, `-2`, `@SUM(1)`,
	`{{.}}${window.ran=7}` + "`", `]]><!--`, `&lt;b&gt;&#x22;`, "\x1b[31m\u202eright to left", `a,b;"c"` + "\r\nd", `'apostrophe`,
	`<iframe src="data:text/html,<script>parent.ran=8</script>">`, `%3Cscript%3E%00%`, strings.Repeat("long ", 300),
}

// hostileScan is a scan with such strings wherever text from outside can be.
func hostileScan(t *testing.T) string {
	yes, no, depth, one := true, false, int8(0), int16(1)
	scan := scantest.Scan{Manifest: output.Manifest{
		Vantage: hostile[0], PSL: hostile[1], Worker: hostile[2],
		Inputs:   []output.Input{{Path: hostile[3], SHA256: strings.Repeat("0", 64), Lines: 300}},
		Config:   map[string]any{"with": []any{hostile[4]}, "dnssec": "full", "trust-anchor": hostile[5], "rate-per-server": 50.0},
		Identity: map[string]string{"--with": hostile[6]},
	}}
	for i := range 300 {
		text := hostile[i%len(hostile)]
		row := output.Domain{
			QueryName: fmt.Sprintf("%03d%s.example", i, text), TLD: text, SourceList: text, RegistrableDomain: text, PublicSuffix: text,
			DNSOperator: fmt.Sprintf("%03d%s", i, text), MXOperator: text, Exists: "exists", Status: "ok", EmailCapable: &yes, MXStatus: "found",
			CAAStatus: "none", Rank: int64(i + 1), RankBucket: "1-1k", IsRegistrable: i%2 == 0, DNSSECStatus: "insecure",
			TLSPosture: "absent", SMIMEPosture: "absent", TLSWildPosture: "absent", VMCPosture: "absent",
		}
		switch i % 3 {
		case 0:
			row.CAAStatus, row.CAAName, row.CAADepth, row.CAAAtName, row.CAACount = "found", row.QueryName, &depth, &yes, &one
			row.CAARRsetHash = fmt.Sprint(i % len(hostile))
			row.CAA = []output.Property{{Tag: text, Value: text, IssuerDomain: text, Syntax: "malformed", Params: []output.Param{{Name: text, Value: text}}}}
			row.IssueSet, row.IssuewildSet, row.IodefSet, row.IssuemailSet, row.UnknownTagSet = &yes, &no, &no, &yes, &no
			row.TLSIssuers, row.SMIMEIssuers, row.TLSCAOwners, row.Findings = []string{text}, []string{text}, []string{text}, []string{"issuer_typo:" + text}
			row.TLSPosture, row.SMIMEPosture, row.DNSSECStatus, row.CAAViaAlias = "restricted", "restricted", "secure", ""
			scan.Records = append(scan.Records, output.CAARecord{QueryName: row.QueryName, CAATag: text, CAAValue: &text, Relevant: true, CAATagCanonical: text, IssuerDomain: text, Syntax: "malformed"})
		case 1:
			row.CAAStatus, row.Status, row.DNSSECReason, row.DNSSECFailedAt = "error", "timeout", text, text
		}
		scan.Domains = append(scan.Domains, row)
	}
	return scan.Write(t, t.TempDir())
}

// reportOf makes the report of a scan.
func reportOf(t *testing.T, dir, sample string) *analysis.Report {
	t.Helper()
	data, err := analysis.Open(t.Context(), []string{dir}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	r, err := data.Report(t.Context(), analysis.ReportOptions{Sample: sample, Title: hostile[1]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// browser is a tab of Chromium with what it has done.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string
	wrong    []string // exceptions, errors on the console, dialogs
}

// open starts Chromium on a page.
func open(t *testing.T, file string) *browser {
	t.Helper()
	if _, err := os.Stat(chromium); errors.Is(err, fs.ErrNotExist) {
		t.Skip(chromium + " is not installed")
	}
	profile, err := os.MkdirTemp("", "chromium-*")
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.UserDataDir(profile), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	const patience = 2 * time.Minute // on a machine with much else to do
	ctx, stop := context.WithTimeout(t.Context(), patience)
	ctx, stopAll := chromedp.NewExecAllocator(ctx, options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		stopTab()
		stopAll()
		stop()
		os.RemoveAll(profile) //nolint:errcheck // a process of Chromium may still be writing there: the folder is the system's to clean
	})
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())); err != nil {
		t.Fatal(err)
	}
	return b
}

// note keeps what a page must not do.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.wrong = append(b.wrong, "console: "+e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		b.wrong = append(b.wrong, fmt.Sprint("console: ", e.Type))
	case *cdpage.EventJavascriptDialogOpening:
		b.wrong = append(b.wrong, "dialog: "+e.Message)
	}
}

// eval evaluates an expression.
func eval[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// media sets width, scheme and medium.
func (b *browser) media(t *testing.T, width int64, scheme, medium string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
		t.Fatal(err)
	}
}

// texts are the texts of a column of a table, of those of its rows that can be seen.
func texts(t *testing.T, b *browser, table string, column int) []string {
	t.Helper()
	return eval[[]string](t, b, fmt.Sprintf(`Array.from(document.querySelectorAll('[id=%q] tbody tr')).filter(r => r.offsetHeight > 0).map(r => r.cells[%d].textContent)`, table, column))
}

// TestPageInChromium opens the page of a hostile scan in a browser.
func TestPageInChromium(t *testing.T) {
	report := reportOf(t, hostileScan(t), "yes")
	long := longTable()
	report.Sections[0].Tables = append(report.Sections[0].Tables, long, figureTables()[0], figureTables()[1], figureTables()[2])
	var html bytes.Buffer
	if err := Write(&html, report); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	b := open(t, file)
	b.media(t, 1280, "light", "screen")
	everythingRendered(t, b, report)
	tableIsComplete(t, b, long)
	sorting(t, b, long)
	schemes(t, b)
	widths(t, b)
	printed(t, b)

	if ran := eval[bool](t, b, "window.ran !== undefined"); ran {
		t.Error("something that came from the DNS ran")
	}
	if n := eval[int](t, b, `document.querySelectorAll('script, iframe, object, embed, img, main style, main script, [onload], [onerror], [onmouseover]').length`); n != 1 {
		t.Errorf("%d elements that run or load something, want one: the script of the page", n)
	}
	if bad := eval[[]string](t, b, `Array.from(document.querySelectorAll('a')).map(a => a.getAttribute('href')).filter(h => !h.startsWith('#') && !h.startsWith('data:text/csv'))`); len(bad) > 0 {
		t.Errorf("links lead away: %q", bad)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, request := range b.requests {
		if !strings.HasPrefix(request, "file://") && request != "data:," {
			t.Errorf("a request: %.200s", request)
		}
	}
	if pages := slices.DeleteFunc(slices.Clone(b.requests), func(r string) bool { return !strings.HasPrefix(r, "file:") }); len(pages) != 1 {
		t.Errorf("requests for files: %q, want that for the page only", pages)
	}
	if len(b.wrong) > 0 {
		t.Errorf("the browser complains: %q", b.wrong)
	}
}

// longTable is one of which the page holds only the first rows.
func longTable() *analysis.Table {
	t := &analysis.Table{ID: "long-table", Title: "Long", Figure: &analysis.Figure{Kind: "bars", Options: map[string]string{"label": "name", "value": "share"}},
		Columns: []analysis.Column{{Name: "name"}, {Name: "n", Kind: analysis.Count}, {Name: "of", Kind: analysis.Count}, {Name: "share", Kind: analysis.Share},
			{Name: "low", Kind: analysis.Share}, {Name: "high", Kind: analysis.Share}, {Name: "mean", Kind: analysis.Number}, {Name: "own", Kind: analysis.Flag},
			{Name: "at", Kind: analysis.Moment}, {Name: "raw", Kind: analysis.Octets}, {Name: "list", Kind: analysis.Nested}}}
	for i := range 1000 {
		share := float64(i*i%1009) / 1009
		row := []any{fmt.Sprint(hostile[i%len(hostile)], " ", i), int64(i * 7919 % 100003), int64(100003), share, share * 0.9, min(1, share*1.1),
			float64(i) * float64(i) / 97, i%2 == 0, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour), []byte{byte(i), 0xff}, `["a","` + fmt.Sprint(i) + `"]`}
		if i%50 == 49 {
			for j := range row[1:] {
				row[j+1] = nil
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// figureTables have figures that the questions may not have for so small a scan.
func figureTables() []*analysis.Table {
	columns := []analysis.Column{{Name: "a"}, {Name: "b"}, {Name: "n", Kind: analysis.Count}}
	var rows [][]any
	for i := range 60 {
		rows = append(rows, []any{hostile[i%7], hostile[i%9], int64(i + 1)})
	}
	var all []*analysis.Table
	for id, f := range map[string]*analysis.Figure{
		"t-stacked": {Kind: "stacked", Options: map[string]string{"label": "a", "series": "b", "value": "n"}},
		"t-heat":    {Kind: "heat", Options: map[string]string{"x": "a", "y": "b", "value": "n"}},
		"t-lines":   {Kind: "lines", Options: map[string]string{"x": "a", "series": "b", "value": "n"}},
	} {
		all = append(all, &analysis.Table{ID: id, Title: id, Figure: f, Columns: columns, Rows: rows})
	}
	slices.SortFunc(all, func(a, b *analysis.Table) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// everythingRendered checks that the page shows what the report has.
func everythingRendered(t *testing.T, b *browser, report *analysis.Report) {
	t.Helper()
	tables, figures := 0, 0
	if err := report.Tables(func(_ *analysis.Question, table *analysis.Table) error {
		if table == report.Headlines {
			return nil
		}
		anchor := eval[bool](t, b, fmt.Sprintf(`document.querySelector('[id=%q] a.anchor[href="#%s"]') !== null`, table.ID, table.ID))
		if !anchor {
			t.Errorf("table %s cannot be cited", table.ID)
		}
		if table.Missing == "" && len(table.Rows) > 0 {
			tables++
		}
		if d, err := figure.Draw(table, figure.Wide); err == nil && d != nil && table.Missing == "" {
			figures++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	count := func(selector string) int {
		return eval[int](t, b, fmt.Sprintf(`Array.from(document.querySelectorAll(%q)).filter(e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 }).length`, selector))
	}
	if got := count("table"); got != tables {
		t.Errorf("%d tables are seen, the report has %d", got, tables)
	}
	if got := count("figure svg"); got != figures || figures < 10 {
		t.Errorf("%d figures are seen, the report has %d", got, figures)
	}
	if got := count("section.question"); got != len(report.Sections)+1 {
		t.Errorf("%d sections are seen, the report has %d questions and the methods", got, len(report.Sections))
	}
	if got := count(".tiles b"); got != len(report.Headlines.Rows) {
		t.Errorf("%d headline numbers are seen, the report has %d", got, len(report.Headlines.Rows))
	}
	if flat := eval[int](t, b, `Array.from(document.querySelectorAll('figure .mark')).filter(m => m.checkVisibility() && m.getBoundingClientRect().height === 0 && m.tagName !== 'rect').length`); flat > 0 {
		t.Errorf("%d marks have no size", flat)
	}
	if got := eval[string](t, b, "document.title"); got != hostile[1] {
		t.Errorf("the title is %q, want %q", got, hostile[1])
	}
}

// tableIsComplete checks that all rows are there once they are wanted, and that those that the script makes are as those of the page.
func tableIsComplete(t *testing.T, b *browser, table *analysis.Table) {
	t.Helper()
	if got := texts(t, b, table.ID, 0); len(got) != Folded {
		t.Fatalf("%d rows of %s are seen at first, want %d", len(got), table.ID, Folded)
	}
	click(t, b, fmt.Sprintf(`[id=%q] .tools button`, table.ID))
	short, _ := cutTexts(table)
	column := 0
	for i, c := range table.Columns {
		if c.Name == "low" || c.Name == "high" {
			continue
		}
		got := texts(t, b, table.ID, column)
		if len(got) != len(table.Rows) {
			t.Fatalf("%d rows are seen, want all %d", len(got), len(table.Rows))
		}
		for j, row := range short.Rows {
			want := figure.Text(row[i], c.Kind)
			if c.Name == "share" && row[i] != nil {
				want += " (" + interval(row[i+1], row[i+2]) + ")"
			}
			if strings.ReplaceAll(got[j], "\r\n", "\n") != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Errorf("row %d, %s: %q, want %q", j, c.Name, got[j], want)
			}
		}
		column++
	}
	click(t, b, fmt.Sprintf(`[id=%q] .tools button`, table.ID))
	if got := texts(t, b, table.ID, 0); len(got) != Folded {
		t.Errorf("folded again, %d rows are seen", len(got))
	}
}

func click(t *testing.T, b *browser, selector string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatalf("click %s: %v", selector, err)
	}
}

// sorting checks that columns sort rows, by mouse and by key.
func sorting(t *testing.T, b *browser, table *analysis.Table) {
	t.Helper()
	counts := func() (all []int64) {
		for _, said := range texts(t, b, table.ID, 1) {
			var n int64
			if _, err := fmt.Sscan(strings.ReplaceAll(said, ",", ""), &n); err != nil {
				t.Fatalf("%q: %v", said, err)
			}
			all = append(all, n)
		}
		return all
	}
	var want []int64
	for _, row := range table.Rows {
		if n, ok := row[1].(int64); ok {
			want = append(want, n)
		}
	}
	slices.Sort(want)
	order := func() string {
		return eval[string](t, b, fmt.Sprintf(`document.querySelector('[id=%q] th:nth-child(2)').getAttribute('aria-sort')`, table.ID))
	}
	button := fmt.Sprintf(`[id=%q] th:nth-child(2) button`, table.ID)
	click(t, b, button)
	largest := slices.Clone(want[len(want)-Folded:])
	slices.Reverse(largest)
	if got := counts(); order() != "descending" || !slices.Equal(got, largest) {
		t.Errorf("after one click %s, %v, want %v", order(), got, largest)
	}
	if err := chromedp.Do(b.ctx, chromedp.Focus(chromedp.CSS(button)), chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	if got := counts(); order() != "ascending" || !slices.Equal(got, want[:Folded]) {
		t.Errorf("after the key Enter %s, %v, want %v", order(), got, want[:Folded])
	}
	click(t, b, fmt.Sprintf(`[id=%q] th:nth-child(1) button`, table.ID))
	if n := eval[int](t, b, fmt.Sprintf(`document.querySelectorAll('[id=%q] th[aria-sort]').length`, table.ID)); n != 1 {
		t.Errorf("%d columns say that they are sorted by", n)
	}
}

// schemes checks that there is a light and a dark one, by the system and by the switch, and that text can be read in both.
func schemes(t *testing.T, b *browser) {
	t.Helper()
	const colours = `[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.querySelector('.mark.single')).fill, getComputedStyle(document.querySelector('main p')).color]`
	seen := map[string][]string{}
	for _, scheme := range []string{"light", "dark"} {
		b.media(t, 1280, scheme, "screen")
		seen[scheme] = eval[[]string](t, b, colours)
		if weak := eval[[]string](t, b, weakText); len(weak) > 0 {
			t.Errorf("%s: hard to read: %q", scheme, weak)
		}
	}
	for i := range seen["light"] {
		if seen["light"][i] == seen["dark"][i] {
			t.Errorf("a colour is the same in both schemes: %s", seen["light"][i])
		}
	}
	click(t, b, "#scheme-light") // the system has it dark
	if got := eval[[]string](t, b, colours); !slices.Equal(got, seen["light"]) {
		t.Errorf("switched to light: %v, want %v", got, seen["light"])
	}
	click(t, b, "#scheme-dark")
	b.media(t, 1280, "light", "screen")
	if got := eval[[]string](t, b, colours); !slices.Equal(got, seen["dark"]) {
		t.Errorf("switched to dark: %v, want %v", got, seen["dark"])
	}
	click(t, b, "#scheme-auto")
	if got := eval[[]string](t, b, colours); !slices.Equal(got, seen["light"]) {
		t.Errorf("switched back: %v, want %v", got, seen["light"])
	}
}

// weakText gives the elements whose text has less contrast to what is behind it than 4.5:1 (WCAG 2.2, 1.4.3).
const weakText = `(() => {
	const parse = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = parse(c).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor, p = parse(c); if (p.length === 3 || p[3] > 0) return c } return 'rgb(255, 255, 255)' };
	const weak = [];
	for (const selector of ['h1', 'h2', 'h3', '.lead', '.asks', '.note', '.missing', '.contents a', '.tiles small', '.anchor', 'th', 'td', 'td i', 'figcaption', '.tools', '.tools button', '.tools a', 'label', '.no']) {
		const e = document.querySelector(selector);
		if (!e) continue;
		const a = light(getComputedStyle(e).color), c = light(behind(e)), ratio = (Math.max(a, c) + 0.05) / (Math.min(a, c) + 0.05);
		if (ratio < 4.5) weak.push(selector + ' ' + ratio.toFixed(2));
	}
	return weak;
})()`

// widths checks that the page itself never scrolls sideways, and that figures on a phone are drawn for it.
func widths(t *testing.T, b *browser) {
	t.Helper()
	for _, width := range []int64{390, 768, 1024, 1280, 1920} {
		b.media(t, width, "light", "screen")
		if got := eval[int64](t, b, "document.documentElement.scrollWidth"); got > width {
			t.Errorf("at %d the page is %d wide", width, got)
		}
	}
	b.media(t, 390, "light", "screen")
	if small := eval[float64](t, b, `Math.min(...Array.from(document.querySelectorAll('figure svg')).filter(s => s.checkVisibility()).map(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width))`); small < 0.9 {
		t.Errorf("on a phone figures are %.2f of their size", small)
	}
	if n := eval[int](t, b, `Array.from(document.querySelectorAll('figure svg')).filter(s => s.getBoundingClientRect().right > 390).length`); n > 0 {
		t.Errorf("%d figures are cut on a phone", n)
	}
}

// printed checks the layout on paper: black on white whatever the screen, no controls, no table that is cut at the side.
func printed(t *testing.T, b *browser) {
	t.Helper()
	const paper = 718 // A4 with margins of a centimetre, in CSS pixels
	b.media(t, paper, "dark", "print")
	if got := eval[string](t, b, "getComputedStyle(document.documentElement).backgroundColor"); got != "rgb(255, 255, 255)" {
		t.Errorf("on paper the background is %s", got)
	}
	if seen := eval[[]string](t, b, `Array.from(document.querySelectorAll('button, .scheme, .tools a')).filter(e => e.checkVisibility() && !e.closest('th')).map(e => e.textContent)`); len(seen) > 0 {
		t.Errorf("on paper there are controls: %q", seen)
	}
	if cut := eval[[]string](t, b, fmt.Sprintf(`Array.from(document.querySelectorAll('table')).filter(e => e.getBoundingClientRect().right > %d + 1).map(e => e.closest('.table').id + ' ' + e.getBoundingClientRect().right)`, paper)); len(cut) > 0 {
		t.Errorf("on paper tables are cut: %q", cut)
	}
}

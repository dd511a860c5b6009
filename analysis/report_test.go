package analysis

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// reportScan is a scan whose headline numbers can be counted on the fingers.
func reportScan() *scantest.Scan {
	yes, no, at, above := true, false, int8(0), int8(1)
	covered := output.Domain{CAAStatus: "found", Status: "ok", Exists: "exists", CAADepth: &at, EmailCapable: &yes, IssuemailSet: &yes, DNSSECStatus: "secure", CAARRsetHash: "a"}
	inherited := covered
	inherited.CAADepth = &above
	alias := covered
	alias.CAAViaAlias = "cdn.example"
	silent := covered
	silent.IssuemailSet, silent.DNSSECStatus = &no, "insecure"
	none := output.Domain{CAAStatus: "none", Status: "ok", Exists: "exists", EmailCapable: &yes, DNSSECStatus: "insecure"}
	webOnly := none
	webOnly.EmailCapable = &no
	failed := output.Domain{CAAStatus: "error", Status: "timeout", Exists: "unresolved", EmailCapable: &yes, DNSSECStatus: "indeterminate"}
	scan := &scantest.Scan{Domains: []output.Domain{covered, inherited, alias, silent, none, none, webOnly, failed}}
	for i := range scan.Domains {
		scan.Domains[i].QueryName, scan.Domains[i].TLD = fmt.Sprintf("name%d.example", i), "example"
	}
	return scan
}

// reportOf makes the report of scans, without any question.
func reportOf(t *testing.T, opt ReportOptions, scans ...*scantest.Scan) *Report {
	t.Helper()
	dir := t.TempDir()
	for i, s := range scans {
		s.Write(t, fmt.Sprintf("%s/%d", dir, i))
	}
	d, err := Open(t.Context(), []string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r, err := d.Answer(t.Context(), nil, &Table{ID: "headlines"}, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHeadlines: failures are in no share; what is inherited or came by an alias is covered, and not own.
func TestHeadlines(t *testing.T) {
	d, err := Open(t.Context(), []string{reportScan().Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := d.headlines(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][3]any{ // n, of, unknown
		"names": {int64(8), nil, nil}, "answered": {int64(7), int64(8), nil}, "any CAA": {int64(4), int64(7), int64(1)}, "own CAA": {int64(2), int64(7), int64(1)},
		"issuemail": {int64(1), int64(6), int64(1)}, "secure": {int64(3), int64(7), int64(1)},
	}
	if h.Column("low") < 0 || h.Column("high") < 0 {
		t.Error("the names are a sample, and there are no intervals")
	}
	for _, row := range h.Rows {
		name := row[h.Column("headline")].(string)
		if got := [3]any{row[h.Column("n")], row[h.Column("of")], row[h.Column("unknown")]}; got != want[name] {
			t.Errorf("%s: %v, want %v", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("there are no headlines %v", want)
	}
}

// TestReportHasEveryQuestion: in the order of their numbers, those without an answer too, with the reason; progress is told of each table.
func TestReportHasEveryQuestion(t *testing.T) {
	d, err := Open(t.Context(), []string{reportScan().Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var told []string
	last, end := -1, 0
	r, err := d.Report(t.Context(), ReportOptions{}, func(done, all int, what string) {
		if done <= last || done > all {
			t.Errorf("progress: %d of %d after %d", done, all, last)
		}
		last, end = done, all
		told = append(told, what)
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != end {
		t.Errorf("the last progress is %d of %d", last, end)
	}
	questions, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	missing := 0
	for i, q := range questions {
		if r.Sections[i].Question.Number != q.Number || len(r.Sections[i].Tables) != len(q.Parts) {
			t.Fatalf("section %d is question %d with %d tables, want %d with %d", i, r.Sections[i].Question.Number, len(r.Sections[i].Tables), q.Number, len(q.Parts))
		}
		for j, table := range r.Sections[i].Tables {
			if table.ID != q.Parts[j].ID {
				t.Errorf("question %d: table %s, want %s", q.Number, table.ID, q.Parts[j].ID)
			}
			if table.Missing != "" {
				missing++
			}
			if what := fmt.Sprintf("%d: %s", q.Number, q.Parts[j].Title); !slices.Contains(told, what) {
				t.Errorf("no progress %q", what)
			}
		}
	}
	if missing == 0 {
		t.Error("a scan without ranks, companions and TTLs answers every question")
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"No answer in this scan.", "Methods", "any CAA", questions[0].Title, r.Sections[0].Tables[0].Title} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text has no %q", want)
		}
	}
}

// TestSampling: intervals are there where names stand for more than themselves, and only there.
func TestSampling(t *testing.T) {
	shard := func(i int) *scantest.Scan {
		s := reportScan()
		s.Manifest.ScanID, s.Manifest.Identity = fmt.Sprint("shard-", i), map[string]string{shardFlag: fmt.Sprintf("%d/2", i)}
		return s
	}
	for _, c := range []struct {
		what   string
		sample string
		scans  []*scantest.Scan
		is     bool
		says   string
	}{
		{"a whole scan", "", []*scantest.Scan{reportScan()}, false, "stand for nothing but themselves"},
		{"as asked for", "yes", []*scantest.Scan{reportScan()}, true, "as asked for"},
		{"one of two shards", "auto", []*scantest.Scan{shard(1)}, true, "Of the 2 shards of this measurement 1 is here"},
		{"both shards", "auto", []*scantest.Scan{shard(1), shard(2)}, false, "stand for nothing but themselves"},
		{"one of two shards, and not wanted", "no", []*scantest.Scan{shard(1)}, false, "as asked for"},
	} {
		r := reportOf(t, ReportOptions{Sample: c.sample}, c.scans...)
		if r.Sample.Is != c.is || !strings.Contains(r.Sample.Why, c.says) {
			t.Errorf("%s: %v, %q", c.what, r.Sample.Is, r.Sample.Why)
		}
		if wilson := strings.Contains(methodsText(r), "Wilson"); wilson != c.is {
			t.Errorf("%s: the methods speak of intervals: %v", c.what, wilson)
		}
	}
}

func methodsText(r *Report) string {
	var all []string
	for _, p := range r.Methods.Passages {
		all = append(all, p.Heading)
		all = append(all, p.Text...)
	}
	return strings.Join(all, "\n")
}

// TestWarnings: a reader learns first that something is lacking.
func TestWarnings(t *testing.T) {
	if w := reportOf(t, ReportOptions{}, reportScan()).Warnings; len(w) > 0 {
		t.Errorf("a complete scan has warnings: %q", w)
	}
	half := reportScan()
	half.Manifest.State = output.Running
	half.Manifest.Inputs = []output.Input{{Path: "names.txt", Lines: 1_234_570, Skipped: 3, Folded: 2}}
	w := reportOf(t, ReportOptions{}, half).Warnings
	if len(w) != 1 || !strings.Contains(w[0], "not complete: 8 of 1,234,565 lines") {
		t.Errorf("half a scan: %q", w)
	}
	shard := reportScan()
	shard.Manifest.Identity = map[string]string{shardFlag: "1/3"}
	if w := reportOf(t, ReportOptions{}, shard).Warnings; len(w) != 1 || w[0] != "Of 3 shards of this measurement, 1 is here." {
		t.Errorf("one shard of three: %q", w)
	}
}

// TestMethods: what manifests say is in the methods, in words and as facts.
func TestMethods(t *testing.T) {
	began := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	stopped, ended := began.Add(time.Hour), began.Add(26*time.Hour)
	s := reportScan()
	s.Manifest = output.Manifest{
		StartedAt: began, EndedAt: &ended, Vantage: "Amsterdam", Worker: "probe-1", Seed: 7, PSL: "PSL version 7ef638", Totals: output.Totals{Rejects: 4},
		Inputs:   []output.Input{{Path: "tranco.csv", SHA256: strings.Repeat("ab", 32), Lines: 15, Skipped: 1, Folded: 2}},
		Identity: map[string]string{"--dnssec": "lazy", "--trust-anchor": "a file with SHA-256 12"},
		Config: map[string]any{"dnssec": "lazy", "trust-anchor": "anchors.txt", "rate-per-server": 25.0, "rate-per-operator": 1000000.0, "rate-share": 0.5,
			"second-look": "1m0s", "with": []any{"mx", "spf"}, "in-flight": 200000.0},
		Exclude: &output.Exclude{NamesSkipped: 12, Lists: []output.ExcludeList{{File: "optout.txt", SHA256: strings.Repeat("cd", 32), Entries: map[string]int{"domains": 3, "prefixes": 1}, Since: began}}},
		Runs: []output.Run{{StartedAt: began, EndedAt: &stopped, State: output.Running, Tool: output.Tool{Name: "caascan", Version: "1"}},
			{StartedAt: stopped, EndedAt: &ended, State: output.Complete, Vantage: "Berlin", Config: map[string]any{"rate-per-server": 10.0}}},
	}
	r := reportOf(t, ReportOptions{Title: "T", Now: ended}, s)
	text := methodsText(r)
	for _, want := range []string{"8 names of tranco.csv (SHA-256 " + strings.Repeat("ab", 32) + ")", "between 2026-11-01 08:00 UTC and 2026-11-02 10:00 UTC (26h0m0s)",
		"of 12 lines, 8 became rows and 4 were rejected", "2 names that had come before", "interrupted and continued: 2 processes", "Amsterdam, Berlin",
		"At most 25 queries a second to one server address, 1000000 to all servers of one operator; of the limits of servers and operators only the part 0.5",
		"where the verdict depends on it", "anchors.txt (a file with SHA-256 12)", "PSL version 7ef638", "1m0s after the failure", "Besides CAA: mx, spf.",
		"optout.txt (SHA-256 " + strings.Repeat("cd", 32) + "; entries: 3 domains, 1 prefixes)", "12 names were not asked about"} {
		if !strings.Contains(text, want) {
			t.Errorf("the methods do not say %q:\n%s", want, text)
		}
	}
	facts := map[string]string{}
	for _, row := range r.Methods.Facts.Rows {
		facts[row[1].(string)] = row[2].(string)
	}
	for fact, want := range map[string]string{"state": "complete", "vantage": "Amsterdam", "machine": "probe-1", "seed": "7", "--in-flight": "200000", "--dnssec": "lazy", "rejects": "4",
		"run 2": "from 2026-11-01T09:00:00Z to 2026-11-02T10:00:00Z, a program that is not named, complete, --rate-per-server 10"} {
		if facts[fact] != want {
			t.Errorf("%s: %q, want %q", fact, facts[fact], want)
		}
	}
	parts := r.Methods.Parts
	if len(parts.Rows) != 1 || parts.Rows[0][parts.Column("rows")] != int64(8) || !strings.Contains(parts.Note[0], "has been read") {
		t.Errorf("the files: %v, %q", parts.Rows, parts.Note)
	}
	if r.Title != "T" || !r.Made.Equal(ended) {
		t.Errorf("title %q, made %v", r.Title, r.Made)
	}
}

// TestBareManifest: of a scan that says next to nothing of itself, such as one that another tool made, the methods invent nothing.
func TestBareManifest(t *testing.T) {
	text := methodsText(reportOf(t, ReportOptions{}, reportScan()))
	for _, want := range []string{"an input that is not named", "is not stated", "No limit of speed is stated", "no opt-out list"} {
		if !strings.Contains(text, want) {
			t.Errorf("the methods do not say %q:\n%s", want, text)
		}
	}
	for _, invented := range []string{"trust anchors", "At most", "public suffix list", "second result"} {
		if strings.Contains(text, invented) {
			t.Errorf("the methods speak of %q, of which the manifest says nothing", invented)
		}
	}
}

// TestReportNamesWhatFails: an error says which question and which table.
func TestReportNamesWhatFails(t *testing.T) {
	d, err := Open(t.Context(), []string{reportScan().Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	wrong := Question{Number: 99, Parts: []Part{{ID: "no-such", SQL: "SELECT no_such_column FROM names"}}}
	if _, err := d.answer(t.Context(), &wrong, false, func(string) {}); err == nil || !strings.Contains(err.Error(), "question 99: table no-such:") {
		t.Errorf("error %v", err)
	}
}

// TestGrouped: counts in running text.
func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

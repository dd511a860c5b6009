package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// smallScan is one that has a few names only.
func smallScan() *scantest.Scan {
	yes, depth := true, int8(0)
	return &scantest.Scan{Domains: []output.Domain{
		{QueryName: "a.example", TLD: "example", Exists: "exists", Status: "ok", CAAStatus: "found", CAADepth: &depth, CAARRsetHash: "1", EmailCapable: &yes},
		{QueryName: "b.example", TLD: "example", Exists: "exists", Status: "ok", CAAStatus: "none"},
		{QueryName: "c.example", TLD: "example", Exists: "unresolved", Status: "timeout", CAAStatus: "error"},
	}}
}

// caareport runs a command line.
func caareport(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// TestReport makes all that the command can make, of one scan.
func TestReport(t *testing.T) {
	scan, dir := smallScan().Write(t, t.TempDir()), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	code, stdout, stderr := caareport("report", scan, "--out", at("r.html"), "--csv", at("csv"), "--parquet", at("parquet"), "--text", at("r.txt"), "--sample", "yes", "--title", "Some <names>")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, want := range []string{"any CAA", "50.0 %", at("r.html"), at("csv/index.csv"), at("parquet"), at("r.txt")} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout has no %q:\n%s", want, stdout)
		}
	}
	html := contentOf(t, at("r.html"))
	for _, want := range []string{"<h1>Some &lt;names&gt;</h1>", `id="methods"`, `id="any-caa"`, "Content-Security-Policy"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if text := contentOf(t, at("r.txt")); !strings.Contains(text, "Some <names>") || !strings.Contains(text, "Methods") {
		t.Errorf("the text is %.300s", text)
	}
	index, err := csv.NewReader(strings.NewReader(contentOf(t, at("csv/index.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(index[0][:3], []string{"id", "question", "title"}) {
		t.Errorf("the head of the index is %q", index[0])
	}
	there, missing := 0, 0
	for _, row := range index[1:] {
		_, noCSV := os.Stat(at("csv/" + row[0] + ".csv"))
		_, noParquet := os.Stat(at("parquet/" + row[0] + ".parquet"))
		if row[4] != "" {
			missing++
			if noCSV == nil || noParquet == nil {
				t.Errorf("table %s has no answer, and a file", row[0])
			}
			continue
		}
		there++
		if noCSV != nil || noParquet != nil {
			t.Errorf("table %s: %v, %v", row[0], noCSV, noParquet)
		}
	}
	if there < 10 || missing == 0 {
		t.Errorf("%d tables with an answer, %d without", there, missing)
	}
	if rows, err := csv.NewReader(strings.NewReader(contentOf(t, at("csv/any-caa.csv")))).ReadAll(); err != nil || !slices.Contains(rows[0], "low") || len(rows) < 2 {
		t.Errorf("any-caa.csv: %q, %v", rows, err)
	}
	for _, folder := range []string{dir, at("csv"), at("parquet")} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".tmp") {
				t.Errorf("%s is left over", e.Name())
			}
		}
	}
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestReportOfHalfAScan: the page is made, says it first, and the exit code is another.
func TestReportOfHalfAScan(t *testing.T) {
	scan := smallScan()
	scan.Manifest.State = output.Running
	page := filepath.Join(t.TempDir(), "r.html")
	code, stdout, stderr := caareport("report", scan.Write(t, t.TempDir()), "--out", page, "--text", "-")
	if code != exitIncomplete || !strings.Contains(stderr, "This scan is not complete") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	html := contentOf(t, page)
	if warned, tiles := strings.Index(html, `class="warning"`), strings.Index(html, `class="tiles"`); warned < 0 || warned > tiles {
		t.Error("the page does not begin with the warning")
	}
	if !strings.Contains(stdout, "!! This scan is not complete") || strings.Contains(stdout, page) {
		t.Errorf("stdout is not the text: %.300s", stdout)
	}
}

// TestReportOfNothing: what cannot be read is exit code 2, with a message that names it, and an earlier page is as it was.
func TestReportOfNothing(t *testing.T) {
	page := filepath.Join(t.TempDir(), "r.html")
	if err := os.WriteFile(page, []byte("earlier"), 0o644); err != nil {
		t.Fatal(err)
	}
	damaged := smallScan().Write(t, t.TempDir())
	part := filepath.Join(damaged, "domains", "part-00000.jsonl")
	content := []byte(contentOf(t, part))
	content[len(content)/2] ^= 1
	if err := os.WriteFile(part, content, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an empty directory":  {[]string{t.TempDir()}, "no scan"},
		"no directory":        {[]string{filepath.Join(t.TempDir(), "absent")}, "absent"},
		"a damaged part":      {[]string{damaged}, "part-00000.jsonl: damaged"},
		"no such round":       {[]string{smallScan().Write(t, t.TempDir()), "--round", "absent"}, `no scan "absent"`},
		"an unknown sampling": {[]string{damaged, "--sample", "perhaps"}, "sample"},
		"nothing at all":      {nil, "dir"},
	} {
		code, _, stderr := caareport(append([]string{"report", "--out", page}, c.args...)...)
		if code != exitUsage || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit %d: %s", name, code, stderr)
		}
	}
	if got := contentOf(t, page); got != "earlier" {
		t.Errorf("the earlier page is now %.100q", got)
	}
}

// TestReportNowhere: a place that cannot be written to is an error that names it, and nothing is left there.
func TestReportNowhere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--out", filepath.Join(dir, "absent", "r.html")}, {"--out", filepath.Join(dir, "r.html"), "--csv", file}} {
		code, _, stderr := caareport(append([]string{"report", smallScan().Write(t, t.TempDir())}, args...)...)
		if code != exitStopped || !strings.Contains(stderr, dir) {
			t.Errorf("%q: exit %d: %s", args, code, stderr)
		}
	}
}

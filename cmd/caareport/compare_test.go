package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// TestCompareTwoScans runs the command: what it prints, and every file that it writes.
func TestCompareTwoScans(t *testing.T) {
	hostile := `=cmd|'/c calc'!A1<script>alert(1)</script>.org`
	name := func(name, caa string, depth int8) output.Domain {
		d := output.Domain{QueryName: name, TLD: "org", Exists: "exists", Status: "ok", CAAStatus: caa}
		if caa == "found" {
			d.CAADepth, d.CAARRsetHash, d.CAA, d.TLSIssuers = &depth, "00", []output.Property{{Tag: "issue", Value: `"><script>alert(2)</script>`, Params: []output.Param{}}}, []string{"ca.example"}
		}
		return d
	}
	dir := t.TempDir()
	write := func(day int, state output.State, rows ...output.Domain) string {
		scan := scantest.Scan{Domains: rows, Manifest: output.Manifest{State: state, StartedAt: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)}}
		return scan.Write(t, filepath.Join(dir, time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC).Format("2006-01-02")))
	}
	old := write(1, output.Complete, name("a.org", "none", 0), name("b.org", "none", 0), name(hostile, "none", 0))
	now := write(2, output.Complete, name("a.org", "found", 0), name("b.org", "none", 0), name(hostile, "found", 1))
	part := write(3, output.Running, name("a.org", "found", 0))

	var stdout, stderr bytes.Buffer
	list, tables, page := filepath.Join(dir, "list.csv"), filepath.Join(dir, "tables"), filepath.Join(dir, "page.html")
	if code := run(t.Context(), []string{"compare", old, now, "--list", list, "--csv", tables, "--parquet", tables, "--html", page}, nil, &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{"CAA between 1 November 2026 00:00 UTC and 2 November 2026 00:00 UTC", "adopted, own set    1  answered   3", "(change-series)"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
	if lines := strings.Split(read(t, list), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], `'=cmd`) || !strings.HasPrefix(lines[2], "a.org,") {
		t.Errorf("list: %q", lines)
	}
	for _, file := range []string{"index.csv", "change.csv", "change.parquet"} {
		if read(t, filepath.Join(tables, file)) == "" {
			t.Errorf("%s is empty", file)
		}
	}
	if html := read(t, page); strings.Contains(html, "<script>alert") || !strings.Contains(html, "&lt;script&gt;alert(2)") {
		t.Error("the page does not show a value as text")
	}

	stdout.Reset()
	list = filepath.Join(dir, "list.parquet")
	if code := run(t.Context(), []string{"compare", dir + "/2026*", "--rows", "1", "--list", list}, nil, &stdout, &stderr); code != exitIncomplete || !strings.Contains(stderr.String(), "not complete") {
		t.Errorf("exit code %d with a scan that is not complete: %s", code, &stderr)
	}
	if !strings.Contains(stdout.String(), "CAA in 3 rounds") || !strings.Contains(stdout.String(), "and 2 rows more") {
		t.Errorf("series:\n%s", &stdout)
	}
	if !strings.HasPrefix(read(t, list), "PAR1") {
		t.Error("the list is no Parquet")
	}
	for _, args := range [][]string{{"compare", old}, {"compare", old, old}, {"compare", old, filepath.Join(dir, "nothing")}, {"compare", old, part, "--as", "space"}} {
		if code := run(t.Context(), args, nil, &stdout, &stderr); code != exitUsage {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestCompareVantages: scans of one list from several vantages are compared by what a CA may issue.
func TestCompareVantages(t *testing.T) {
	dir := t.TempDir()
	write := func(vantage string, outcome string) string {
		level := output.Level{Outcome: outcome, Security: "insecure", Attempts: 2, EDE: []int16{}, EDEText: []string{}, CAA: []string{}}
		d := output.Domain{QueryName: "a.org", TLD: "org", PublicSuffix: "org", Labels: 2, Exists: "exists", Status: "ok", CAAStatus: "none", Climb: []output.Level{level, level}}
		scan := scantest.Scan{Domains: []output.Domain{d}, Manifest: output.Manifest{Vantage: vantage}}
		return scan.Write(t, filepath.Join(dir, vantage))
	}
	here, there := write("fra", "nodata"), write("iad", "bogus")
	var stdout, stderr bytes.Buffer
	list := filepath.Join(dir, "list.csv")
	args := []string{"compare", here, there, "--issuer", "ca.example", "--for", "tls", "--for", "smime", "--list", list}
	if code := run(t.Context(), args, nil, &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{"CAA from 2 vantages", "bogus there", "ca.example, tls", "any other CA, smime"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
	if lines := strings.Count(read(t, list), "\n"); lines != 5 {
		t.Errorf("%d lines in the list, not a heading and four", lines)
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"compare", here, there, "--as", "time"}, nil, &stdout, &stderr); code != exitDone || !strings.Contains(stdout.String(), "(change-series)") {
		t.Errorf("--as time: exit code %d\n%s", code, &stdout)
	}
	for _, wrong := range [][]string{{"--profile", "nonsense"}, {"--issuer", "no name"}, {"--for", "ssh"}, {"--profiles", filepath.Join(dir, "nothing")}} {
		if code := run(t.Context(), append([]string{"compare", here, there}, wrong...), nil, &stdout, &stderr); code != exitUsage {
			t.Errorf("%q: exit code %d", wrong, code)
		}
	}
}

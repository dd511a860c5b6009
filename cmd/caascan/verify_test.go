package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/output"
)

// runLine runs a command line and returns its exit code and what it said.
func runLine(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// TestVerifyRepairs damages a scan in all the ways that there are at once: verify tells each, and repair asks again for the
// names whose rows were lost, and for nothing else.
func TestVerifyRepairs(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 300)
	list := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(list, []byte("# three hundred\n"+strings.Join(names, "\n")+"\na..b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", list, "--out", dir, "--format", "jsonl", "--part-rows", "64"}, flags...)
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	code, out, errs := runLine(t, "verify", dir)
	if code != exitDone || !strings.Contains(out, "each of 300 names of the inputs has its row, each of 1 other lines its reject") {
		t.Fatalf("a whole scan: exit %d\n%s%s", code, out, errs)
	}
	before := rowsByLine(t, dir)

	var parts []string
	for _, part := range manifestOf(t, dir).Parts {
		if part.Table == "domains" && part.Rows > 0 {
			parts = append(parts, filepath.Join(dir, part.File))
		}
	}
	if len(parts) < 4 {
		t.Fatalf("only %d parts", len(parts))
	}
	kept := map[int64]string{}
	for _, part := range parts[3:] {
		maps.Copy(kept, rowsOfFile(t, part))
	}
	content, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 4
	for _, err := range []error{
		os.WriteFile(parts[0], content, 0o644), os.Truncate(parts[1], 1000), os.Remove(parts[2]),
		os.Remove(filepath.Join(dir, "rejects.csv")), os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	code, out, _ = runLine(t, "verify", dir)
	for _, want := range []string{
		filepath.Base(parts[0]) + ": its SHA-256 is another", filepath.Base(parts[1]) + ": 1000 octets, not ", filepath.Base(parts[2]) + ": missing",
		"rejects.csv: missing", "manifest.json: not JSON",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q:\n%s", want, out)
		}
	}
	if code != exitNo {
		t.Errorf("verify of a damaged scan: exit %d", code)
	}
	if code, out, errs = runLine(t, "verify", dir, "--repair"); code != exitDone || !strings.Contains(out, fmt.Sprintf("%d rows are lost", len(before)-len(kept))) {
		t.Fatalf("repair: exit %d\n%s%s", code, out, errs)
	}
	after := rowsByLine(t, dir)
	if len(after) != len(before) {
		t.Errorf("%d rows after the repair, %d before", len(after), len(before))
	}
	for line, row := range kept {
		if after[line] != row {
			t.Errorf("line %d was not lost, and has another row", line)
		}
	}
	for line := range before {
		if _, ok := after[line]; !ok {
			t.Errorf("line %d has no row", line)
		}
	}
	if code, _, errs := runLine(t, scan...); code != exitUsage || !strings.Contains(errs, "complete") {
		t.Errorf("the same command after all: exit %d, %s", code, errs)
	}
}

// TestVerifyMissingInput: without the input nothing is scanned again, and the user hears what to do.
func TestVerifyMissingInput(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 60)
	list := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(list, []byte(strings.Join(names, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", list, "--out", dir}, flags...)
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if err := os.Rename(list, list+".moved"); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runLine(t, "verify", dir); code != exitDone || !strings.Contains(out, "only counted") {
		t.Errorf("exit %d: %s", code, out)
	}
	if err := os.Truncate(filepath.Join(dir, "domains/part-00000.parquet"), 9); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runLine(t, "verify", dir, "--repair"); code != exitNo || !strings.Contains(errs, "run the command of the scan again") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if err := os.Rename(list+".moved", list); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, out, _ := runLine(t, "verify", dir); code != exitDone || !strings.Contains(out, "each of 60 names") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, _, _ := runLine(t, "verify", filepath.Join(dir, "nothing")); code != exitUsage {
		t.Errorf("no scan: exit %d", code)
	}
}

func manifestOf(t *testing.T, dir string) (m output.Manifest) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// rowsOfFile reads a part of domains in JSON lines: the rows by line of the input.
func rowsOfFile(t *testing.T, path string) map[int64]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int64]string{}
	for text := range strings.Lines(string(content)) {
		var row struct {
			Line int64 `json:"input_line"`
		}
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			t.Fatal(err)
		}
		if _, twice := rows[row.Line]; twice {
			t.Errorf("line %d has two rows", row.Line)
		}
		rows[row.Line] = text
	}
	return rows
}

// rowsByLine reads all of domains.
func rowsByLine(t *testing.T, dir string) map[int64]string {
	t.Helper()
	rows := map[int64]string{}
	for _, part := range manifestOf(t, dir).Parts {
		if part.Table != "domains" {
			continue
		}
		for line, row := range rowsOfFile(t, filepath.Join(dir, part.File)) {
			if _, twice := rows[line]; twice {
				t.Errorf("line %d has two rows", line)
			}
			rows[line] = row
		}
	}
	return rows
}

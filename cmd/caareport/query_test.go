package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// call runs a command line and returns its exit code and what it printed.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// domain is a row of a name that is covered, with one record.
func domain(name, tag, value string) output.Domain {
	zero := int8(0)
	return output.Domain{
		QueryName: name, TLD: name[strings.LastIndexByte(name, '.')+1:], Exists: "exists", Status: "ok", CAAStatus: "found", CAAName: name, CAADepth: &zero,
		CAARRsetHash: value, CAA: []output.Property{{Tag: tag, Value: value, Syntax: "ok"}}, TLSPosture: "restricted", SMIMEPosture: "open",
		TLSIssuers: []string{value}, Findings: []string{},
	}
}

func TestUsefulQueries(t *testing.T) {
	dir := (&scantest.Scan{Domains: []output.Domain{domain("example.org", "issue", "letsencrypt.org")}}).Write(t, t.TempDir())
	if len(usefulQueries) < 10 {
		t.Errorf("%d useful queries", len(usefulQueries))
	}
	_, help, _ := call(t, "query", "--help")
	for _, q := range usefulQueries {
		if code, out, errs := call(t, "query", dir, q.sql); code != exitDone || strings.Count(out, "\n") < 2 {
			t.Errorf("%s: exit code %d, %s%s", q.sql, code, out, errs)
		}
		if !strings.Contains(help, q.about) {
			t.Errorf("help does not show: %s", q.about)
		}
	}
}

func TestDescribeSaysWhatColumnsHold(t *testing.T) {
	dir := (&scantest.Scan{Domains: []output.Domain{domain("example.org", "issue", "letsencrypt.org")}}).Write(t, t.TempDir())
	for table, want := range map[string]int{"domains": len(output.Columns("domains")), "caa_records": len(output.Columns("caa_records")), "nameservers": len(output.Columns("nameservers")), "queries": len(output.Columns("queries"))} {
		code, out, errs := call(t, "query", dir, "describe "+table+";", "--format", "json")
		if lines := strings.Count(out, "\n"); code != exitDone || lines < want {
			t.Errorf("%s: exit code %d, %d columns of %d, %s", table, code, lines, want, errs)
		}
		if strings.Contains(out, `"meaning":""`) || strings.Contains(out, `"meaning":null`) {
			t.Errorf("%s: a column without a meaning", table)
		}
	}
}

func TestQueryForms(t *testing.T) {
	dir := (&scantest.Scan{Domains: []output.Domain{domain("example.org", "issue", "=1+1")}}).Write(t, t.TempDir())
	const sql = "SELECT query_name, tls_issuers, caa[1].value AS value FROM domains"
	for form, want := range map[string]string{
		"csv":  "query_name,tls_issuers,value\nexample.org,\"[\"\"=1+1\"\"]\",'=1+1\n",
		"json": `{"query_name":"example.org","tls_issuers":["=1+1"],"value":"=1+1"}` + "\n",
	} {
		if code, out, errs := call(t, "query", dir, sql, "--format", form); code != exitDone || out != want {
			t.Errorf("%s: exit code %d, %q, %s", form, code, out, errs)
		}
		file := filepath.Join(t.TempDir(), "out."+form)
		if code, out, errs := call(t, "query", dir, sql, "--format", form, "--out", file); code != exitDone || out != "" {
			t.Errorf("%s: exit code %d, %q, %s", form, code, out, errs)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", form, got, err)
		}
	}
	file := filepath.Join(t.TempDir(), "out.parquet")
	if code, _, errs := call(t, "query", dir, sql+";", "--format", "parquet", "--out", file); code != exitDone {
		t.Errorf("parquet: exit code %d, %s", code, errs)
	}
	if code, out, _ := call(t, "query", dir, "SELECT value FROM read_parquet('"+file+"')", "--format", "csv"); code != exitDone || out != "value\n'=1+1\n" {
		t.Errorf("read back: exit code %d, %q", code, out)
	}
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	whole := func() string {
		return (&scantest.Scan{Domains: []output.Domain{domain("example.org", "issue", "letsencrypt.org")}}).Write(t, t.TempDir())
	}
	damaged := whole()
	part := filepath.Join(damaged, "domains", "part-00000.jsonl")
	content, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(part, content, 0o644); err != nil {
		t.Fatal(err)
	}
	cut := whole()
	if err := os.Truncate(filepath.Join(cut, "domains", "part-00000.jsonl"), 10); err != nil {
		t.Fatal(err)
	}
	gone := whole()
	if err := os.Remove(filepath.Join(gone, "domains", "part-00000.jsonl")); err != nil {
		t.Fatal(err)
	}
	newer := (&scantest.Scan{Manifest: output.Manifest{SchemaVersion: output.SchemaVersion + 1}, Domains: []output.Domain{domain("example.org", "issue", "x")}}).Write(t, t.TempDir())
	noJSON := t.TempDir()
	if err := os.WriteFile(filepath.Join(noJSON, "manifest.json"), []byte(`{"schema_version": 1, "scan_id": "x`), 0o644); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "manifest.json"), []byte(`{"name": "an app"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, sql, says string }{
		{"empty directory", empty, "SELECT 1", "no manifest.json"},
		{"no directory", filepath.Join(empty, "no-such"), "SELECT 1", "does not exist"},
		{"no match", filepath.Join(empty, "scan-*"), "SELECT 1", "does not exist"},
		{"a flipped bit", damaged, "SELECT 1", "SHA-256"},
		{"a part cut off", cut, "SELECT 1", "10 octets, not"},
		{"a part that is gone", gone, "SELECT 1", "part-00000.jsonl"},
		{"a newer schema", newer, "SELECT 1", "version 2"},
		{"half a manifest", noJSON, "SELECT 1", "manifest.json"},
		{"a manifest of something else", other, "SELECT 1", "not that of a scan"},
		{"an object store", "s3://bucket/scan", "SELECT 1", "object store"},
		{"no SQL", whole(), "SELEKT 1", "SELEKT"},
		{"no such column", whole(), "SELECT nosuch FROM domains", "nosuch"},
	} {
		code, out, errs := call(t, "query", c.dir, c.sql)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d, %q, %q", c.name, code, out, errs)
		}
		if strings.Count(strings.TrimSpace(errs), "\n") > 6 {
			t.Errorf("%s: a long message: %s", c.name, errs)
		}
	}
	if code, _, errs := call(t, "query", damaged, "SELECT 1", "--no-verify"); code != exitDone {
		t.Errorf("--no-verify of a part that can be read: exit code %d, %s", code, errs)
	}
}

// TestOddPlaces reads scans at places whose names are patterns or need quotes, and many at once.
func TestOddPlaces(t *testing.T) {
	base := t.TempDir()
	for i, name := range []string{"scan[1]", "it's", `a "b"`, "date=2026-11-01", "shard=1"} {
		scan := scantest.Scan{
			Manifest: output.Manifest{ScanID: name, StartedAt: time.Date(2026, 11, 1+i, 0, 0, 0, 0, time.UTC)},
			Domains:  []output.Domain{domain("example.org", "issue", "letsencrypt.org")},
		}
		dir := scan.Write(t, filepath.Join(base, name))
		if code, out, errs := call(t, "query", dir, "SELECT scan_id FROM domains", "--format", "csv"); code != exitDone || !strings.Contains(out, "scan_id") || strings.Count(out, "\n") != 2 {
			t.Errorf("%s: exit code %d, %q, %s", name, code, out, errs)
		}
	}
	for _, place := range []string{base, filepath.Join(base, "*")} {
		code, out, errs := call(t, "query", place, "SELECT count(*) FROM all_domains UNION ALL SELECT count(*) FROM domains ORDER BY 1", "--format", "csv")
		if code != exitDone || !strings.HasSuffix(out, "\n1\n5\n") {
			t.Errorf("%s: exit code %d, %q, %s", place, code, out, errs)
		}
	}
	if code, out, _ := call(t, "query", base, "SELECT scan_id FROM domains", "--format", "csv", "--round", "it's"); code != exitDone || out != "scan_id\nit's\n" {
		t.Errorf("--round: exit code %d, %q", code, out)
	}
}

// TestOlderColumns reads scans of which one was written when there were fewer columns: beside a newer one, and alone. What it did not
// ask is not known; what it did counts.
func TestOlderColumns(t *testing.T) {
	base := t.TempDir()
	newer := (&scantest.Scan{Manifest: output.Manifest{ScanID: "newer", StartedAt: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)}, Domains: []output.Domain{domain("example.org", "issue", "ca.example")}}).Write(t, filepath.Join(base, "newer"))
	older := filepath.Join(base, "older")
	part := filepath.Join(older, "domains", "part-00000.parquet")
	if err := os.MkdirAll(filepath.Dir(part), 0o755); err != nil {
		t.Fatal(err)
	}
	const few = "SELECT 'older' AS scan_id, schema_version, query_name, tld, \"exists\", status, caa_status, caa_depth, caa_name, caa_rrset_hash, caa, tls_posture FROM domains"
	if code, _, errs := call(t, "query", newer, few, "--format", "parquet", "--out", part); code != exitDone {
		t.Fatal(errs)
	}
	content, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal(output.Manifest{
		SchemaVersion: 1, State: output.Complete, ScanID: "older", Format: output.Parquet, StartedAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Parts: []output.Part{{Table: "domains", File: "domains/part-00000.parquet", Rows: 1, Bytes: int64(len(content)), SHA256: fmt.Sprintf("%x", sha256.Sum256(content))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(older, "manifest.json"), manifest, 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, "query", base, "SELECT scan_id, tls_posture, email_capable, climb FROM all_domains ORDER BY scan_id", "--format", "csv")
	if want := "scan_id,tls_posture,email_capable,climb\nnewer,restricted,,\nolder,restricted,,\n"; code != exitDone || out != want {
		t.Errorf("exit code %d, %q, %s", code, out, errs)
	}
	for _, place := range []string{older, base} {
		page, tables := filepath.Join(t.TempDir(), "report.html"), t.TempDir()
		if code, _, errs := call(t, "report", place, "--out", page, "--csv", tables); code != exitDone {
			t.Fatalf("report of %s: exit code %d, %s", place, code, errs)
		}
		got, err := os.ReadFile(filepath.Join(tables, "any-caa.csv"))
		if err != nil || !strings.Contains(string(got), "\nall names,1,1,1,") {
			t.Errorf("report of %s: %s, %v", place, got, err)
		}
	}
}

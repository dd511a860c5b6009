package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oldData = `{"name":"example.com","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:00Z","data":{"answers":[{"type":"CAA","name":"example.com","tag":"issue","value":"letsencrypt.org","flag":0,"ttl":60}]}}}}
{"name":"none.com","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:01Z","data":{}}}}
what is this
`

// TestArchive: old data are made a scan, of which query and the like know no difference.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "old.jsonl")
	if err := os.WriteFile(input, []byte(oldData), 0o644); err != nil {
		t.Fatal(err)
	}
	call := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		var out, log bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(oldData), &out, &log); code != want {
			t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, &log)
		}
		return out.String(), log.String()
	}
	scan := filepath.Join(dir, "scan")
	stdout, stderr := call(exitDone, "archive", "--out", scan, input)
	if stdout != "" || !strings.Contains(stderr, "2 names, 1 CAA records, 1 lines rejected; not_asked 1; ok 1") || !strings.Contains(stderr, "--assume-suffix-empty") {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
	if _, stderr := call(exitUsage, "archive", "--out", scan, input); !strings.Contains(stderr, "holds a scan already") {
		t.Error(stderr)
	}
	call(exitDone, "archive", "--restart", "--assume-suffix-empty", "--from", "zdns", "--format", "jsonl", "--vantage", "ams", "--out", scan, "-")
	got, _ := call(exitDone, "query", "--format", "csv", scan, "SELECT query_name, caa_status, tls_posture, vantage FROM domains ORDER BY 1")
	if got != "query_name,caa_status,tls_posture,vantage\nexample.com,found,restricted,ams\nnone.com,none,absent,ams\n" {
		t.Error(got)
	}
	for _, wrong := range [][]string{
		{"archive", "--out", filepath.Join(dir, "a"), "--type", "SOA", input}, {"archive", "--out", filepath.Join(dir, "b"), "--at", "yesterday", input},
		{"archive", "--out", filepath.Join(dir, "c"), "--suffixes", filepath.Join(dir, "no"), input}, {"archive", "--out", filepath.Join(dir, "d"), filepath.Join(dir, "no")}, {"archive", input},
	} {
		call(exitUsage, wrong...)
	}
}

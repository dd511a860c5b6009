package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caascan/caascan/output"
)

// Names and servers of an opt-out list: no packet, a row that says so, and the list in the manifest.
func TestExclude(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	optOut := filepath.Join(temp, "opt-out.txt")
	text := "caatest-nsd.com # asked by its owner\nns ns1.knot-hosting.net\n127.54.1.22/32\n"
	if err := os.WriteFile(optOut, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	list := scanInput(t, "caatest-nsd.com", "www.caatest-nsd.com", "caatest-knot.net", "caatest-bind.org", "half-lame.com")
	dir := filepath.Join(temp, "scan")
	code, _, stderr := caascan(t, "", append([]string{"scan", list, "--exclude", optOut, "--out", dir}, w.flags()...)...)
	if code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	db := openDuckDB(t)
	m := checkManifest(t, db, dir, output.Complete)
	if m.Exclude == nil || len(m.Exclude.Lists) != 1 || m.Exclude.NamesSkipped != 3 {
		t.Fatalf("manifest: %+v", m.Exclude)
	}
	if got := m.Exclude.Lists[0]; got.File != optOut || len(got.SHA256) != 64 || fmt.Sprint(got.Entries) != "map[ns:1 prefix:1 zone:1]" {
		t.Errorf("list in the manifest: %+v", got)
	}
	rows := query(t, db, "SELECT query_name, status, caa_status, tls_posture, query_count FROM '"+dir+"/domains/*.parquet' ORDER BY query_name")
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		name, blocked := row["query_name"].(string), false
		switch name {
		case "caatest-nsd.com", "www.caatest-nsd.com":
			blocked = true
			if fmt.Sprint(row["query_count"]) != "0" {
				t.Errorf("%s: %v queries", name, row["query_count"])
			}
		case "caatest-knot.net":
			blocked = true // its only server
		}
		if (row["status"] == "blocked") != blocked || blocked && (row["caa_status"] != nil || row["tls_posture"] != "error") {
			t.Errorf("%v", row)
		}
	}
	for _, row := range query(t, db, "SELECT server_ip, sent, opted_out FROM '"+dir+"/nameservers/*.parquet'") {
		out := row["server_ip"] == "127.54.2.21" || row["server_ip"] == "127.54.1.22"
		if row["opted_out"] != out || (fmt.Sprint(row["sent"]) == "0") != out {
			t.Errorf("%v", row)
		}
	}
}

// SIGHUP puts the list in force as it is in the file then; one that is not understood changes nothing.
func TestExcludeReread(t *testing.T) {
	w := servers(t)
	temp := t.TempDir()
	optOut := filepath.Join(temp, "opt-out.txt")
	write := func(text string) {
		if err := os.WriteFile(optOut, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("example.org\n")
	list := scanInput(t, "silent.com") // keeps the scan going while the list changes
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := filepath.Join(temp, "scan")
	cmd := caascanProcess(ctx, nil, append([]string{"scan", list, "--exclude", optOut, "--out", dir}, w.flags("--timeout", "5s", "--retries", "0", "--with", "none")...)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stderr := bufio.NewScanner(pipe)
	await := func(part string) {
		t.Helper()
		for stderr.Scan() {
			if strings.Contains(stderr.Text(), part) {
				return
			}
		}
		t.Fatalf("no line with %q", part)
	}
	for _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil; _, err = os.Stat(filepath.Join(dir, "manifest.json")) {
		if ctx.Err() != nil {
			t.Fatal("the scan does not begin")
		}
		runtime.Gosched()
	}
	for _, step := range []struct{ list, says string }{
		{"not a name!\n", "stays in force"},
		{"caatest-bind.org\ncaatest-nsd.com\n", "2 entries"},
	} {
		write(step.list)
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(step.says)
	}
	for stderr.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	db := openDuckDB(t)
	m := checkManifest(t, db, dir, output.Complete)
	if m.Exclude == nil || len(m.Exclude.Lists) != 2 || m.Exclude.Lists[1].Entries["zone"] != 2 {
		text, _ := json.Marshal(m.Exclude)
		t.Errorf("manifest: %s", text)
	}
}

// --dry-run says what would be asked of whom, and sends nothing.
func TestDryRun(t *testing.T) {
	list := scanInput(t, "example.com", "www.example.com", "example.org", "not a name")
	dir := filepath.Join(t.TempDir(), "scan")
	code, stdout, stderr := caascan(t, "", "scan", list, "--dry-run", "--out", dir, "--ipv4-only", "--rate-per-server", "1", "--rate-per-operator", "0")
	if code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, part := range []string{"3 names in 2 registrable domains", "Nothing was sent", "at least", "the domain example.com", "the tld com", "--plan-from"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("no %q in\n%s", part, stdout)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a plan left something in %s: %v", dir, err)
	}

	// An earlier scan tells of the operators.
	w := servers(t)
	names := scanInput(t, "caatest-nsd.com", "www.caatest-nsd.com", "half-lame.com", "caatest-bind.org")
	if code, _, stderr := caascan(t, "", append([]string{"scan", names, "--out", dir}, w.flags()...)...); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	code, stdout, stderr = caascan(t, "", "scan", names, "--dry-run", "--plan-from", dir, "--ipv4-only")
	if code != exitDone || !strings.Contains(stdout, "the operator nsd-hosting.com") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	for _, args := range [][]string{{"--plan-from", dir}, {"--dry-run", "--plan-from", list}} {
		if code, _, stderr := caascan(t, "", append([]string{"scan", names, "--ipv4-only"}, args...)...); code != exitUsage || !strings.Contains(stderr, "--plan-from") {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

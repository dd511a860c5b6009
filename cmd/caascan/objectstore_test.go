package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/output/s3test"
)

// TestScanIntoS3: a scan into an object store whose requests fail at random, interrupted and continued, has the rows of a scan
// into a directory; verify finds it whole, and finds and mends what is damaged in the bucket. The rows are read by DuckDB from the
// files of the S3 server.
func TestScanIntoS3(t *testing.T) {
	const bucket = "scans"
	server, err := s3test.Start(t.TempDir(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for name, value := range server.Env() {
		t.Setenv(name, value)
	}
	faults, err := s3test.NewFaults(server.Endpoint, 0.05, 1)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(faults)
	defer proxy.Close()

	names, flags := smallInternet(t, 300)
	list := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(list, []byte(strings.Join(names, "\n")+"\na..b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	scan := func(out string) []string {
		return append([]string{"scan", list, "--out", out, "--part-rows", "64"}, flags...)
	}
	local := filepath.Join(t.TempDir(), "scan")
	if code, _, errs := runLine(t, scan(local)...); code != exitDone {
		t.Fatalf("into a directory: exit %d: %s", code, errs)
	}

	place := s3test.Place(proxy.URL, bucket, "2026/scan")
	dir := filepath.Join(server.BucketDir(bucket), "2026", "scan")
	if code, _, errs := interrupted(t, scan(place), filepath.Join(dir, "domains", "part-00000.parquet")); code != exitStopped {
		t.Fatalf("interrupted: exit %d: %s", code, errs)
	}
	if m := manifestOf(t, dir); m.State != output.Running || m.Totals.Rows == 0 || m.Totals.Rows >= 300 {
		t.Fatalf("interrupted: %d rows, %s", m.Totals.Rows, m.State)
	}
	if code, _, errs := runLine(t, append(scan(place), "--seed", "7")...); code != exitUsage {
		t.Errorf("another scan: exit %d: %s", code, errs)
	}
	if code, _, errs := runLine(t, scan(place)...); code != exitDone {
		t.Fatalf("continued: exit %d: %s", code, errs)
	}
	whole := "each of 300 names of the inputs has its row, each of 1 other lines its reject"
	if code, out, errs := runLine(t, "verify", place); code != exitDone || !strings.Contains(out, whole) {
		t.Errorf("verify: exit %d\n%s%s", code, out, errs)
	}
	db := openDuckDB(t)
	const columns = "query_name, input_line, \"exists\", status, zone_apex, dnssec_status, caa_status, caa_name, caa_count, tls_posture, smime_posture, mx_status, email_capable"
	rows := func(dir string) []map[string]any {
		return query(t, db, fmt.Sprintf("SELECT %s FROM %s ORDER BY input_line", columns, parquet(dir, "domains")))
	}
	want := rows(local)
	if diff := gocmp.Diff(want, rows(dir)); len(want) != 300 || diff != "" {
		t.Errorf("%d rows in the directory; in the bucket (-directory +bucket):\n%s", len(want), diff)
	}

	part := filepath.Join(dir, "domains", "part-00001.parquet")
	content, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(part, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "caa_records", "part-00002.parquet")); err != nil {
		t.Fatal(err)
	}
	code, out, _ := runLine(t, "verify", place)
	for _, fault := range []string{"part-00001.parquet: its SHA-256 is another", "part-00002.parquet: missing"} {
		if code != exitNo || !strings.Contains(out, fault) {
			t.Errorf("verify of damage: exit %d, not %q:\n%s", code, fault, out)
		}
	}
	if code, out, errs := runLine(t, "verify", place, "--repair"); code != exitDone || !strings.Contains(out, "rows are lost") {
		t.Errorf("repair: exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runLine(t, "verify", place); code != exitDone || !strings.Contains(out, whole) {
		t.Errorf("verify after the repair: exit %d\n%s%s", code, out, errs)
	}
	if diff := gocmp.Diff(want, rows(dir)); diff != "" {
		t.Errorf("after the repair (-directory +bucket):\n%s", diff)
	}
	t.Logf("requests by fault: %v", faults.Counts())
}

// interrupted runs a command line, and stops it as a signal does when a file is there.
func interrupted(t *testing.T, args []string, file string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if _, err := os.Stat(file); err == nil {
				cancel()
			}
			<-tick.C
		}
	}()
	var out, errs bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// TestNoSuchBucket: what will not do is said at once, with nothing sent, and without the query of the URL.
func TestNoSuchBucket(t *testing.T) {
	server, err := s3test.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for name, value := range server.Env() {
		t.Setenv(name, value)
	}
	names, flags := smallInternet(t, 10)
	list := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(list, []byte(strings.Join(names, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, errs := runLine(t, append([]string{"scan", list, "--out", s3test.Place(server.Endpoint, "none", "scan")}, flags...)...)
	if code != exitUsage || !strings.Contains(errs, "s3://none/scan") || !strings.Contains(errs, "NoSuchBucket") || strings.Contains(errs, "use_path_style") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// listed writes a list of names and returns its path.
func listed(t *testing.T, names []string) string {
	t.Helper()
	list := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(list, []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return list
}

// perName sums up the table queries by the name that it is for.
func perName(dir, where string) string {
	return fmt.Sprintf(`(SELECT for_name, count(*) AS n, count(*) FILTER (protocol = 'tcp') AS tcp, count(*) FILTER (attempt > 1) AS retries,
		sum(wait_us) AS waited FROM %s q WHERE %s GROUP BY for_name)`, parquet(dir, "queries"), where)
}

// wantNone fails if a query has rows.
func wantNone(t *testing.T, db *sql.DB, what, text string) {
	t.Helper()
	if rows := query(t, db, text); len(rows) > 0 {
		t.Errorf("%s: %d rows, the first %v", what, len(rows), rows[0])
	}
}

// TestQueriesTable: the rows about packets are as many as those about names and about servers say, for two looks with full
// validation at an Internet with every fault.
func TestQueriesTable(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 500)
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", listed(t, names), "--out", dir, "--tables", "queries,nameservers,domains", "--timeout", "400ms", "--retries", "1",
		"--second-look", "500ms", "--with", "mx,spf,all-servers"}, flags...)
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	db := openDuckDB(t)
	if _, err := os.Stat(filepath.Join(dir, "caa_records")); err == nil {
		t.Error("there is a table that nobody wants")
	}
	wantNone(t, db, "names", fmt.Sprintf(`SELECT query_name, query_count, retry_count, tcp_count, q.* FROM %s d FULL JOIN %s q ON for_name = query_name
		WHERE query_count IS DISTINCT FROM coalesce(n, 0) OR retry_count <> coalesce(retries, 0) OR tcp_count <> coalesce(tcp, 0)
			OR abs(queue_wait_us - coalesce(waited, 0)) > coalesce(n, 0)`, parquet(dir, "domains"), perName(dir, "true")))
	wantNone(t, db, "servers", fmt.Sprintf(`SELECT * FROM (SELECT server_ip, count(*) AS sent, count(*) FILTER (error IS NULL OR error = 'malformed') AS answered,
			count(*) FILTER (error = 'timeout') AS timeouts, count(*) FILTER (error = 'unreachable') AS unreachable, count(*) FILTER (protocol = 'tcp') AS tcp FROM %s GROUP BY server_ip) q
		FULL JOIN %s s USING (server_ip) WHERE (q.sent, q.answered, q.timeouts, q.unreachable, q.tcp) IS DISTINCT FROM (s.sent, s.answered, s.timeouts, s.unreachable, s.tcp)`,
		parquet(dir, "queries"), parquet(dir, "nameservers")))
	wantNone(t, db, "columns that belong together", fmt.Sprintf(`SELECT * FROM %s WHERE (status_code IS NULL) <> (response_bytes IS NULL) OR (rtt_us IS NULL) <> (tc IS NULL)
		OR run <> 1 OR zone IS NULL OR (ede_text IS NOT NULL AND ede_code IS NULL) OR (error IS NULL AND status_code IS NULL)`, parquet(dir, "queries")))
	row := query(t, db, fmt.Sprintf(`SELECT count(*) AS rows, count(DISTINCT query_id) AS ids, max(query_id) AS last, count(DISTINCT purpose) AS purposes,
		count(*) FILTER (tc) AS tc, count(*) FILTER (error = 'timeout') AS timeouts FROM %s`, parquet(dir, "queries")))[0]
	m := manifestOf(t, dir)
	if row["rows"] != m.Totals.Queries || row["ids"] != row["rows"] || row["last"] != row["rows"] || row["purposes"] != int64(4) || row["tc"] == int64(0) || row["timeouts"] == int64(0) {
		t.Errorf("%v, and %d by the manifest", row, m.Totals.Queries)
	}
	if code, out, errs := runLine(t, "verify", dir); code != exitDone {
		t.Errorf("verify: exit %d\n%s%s", code, out, errs)
	}
}

// TestQueriesOfRuns: each run has the rows of its packets, also of those for names that it did not finish.
func TestQueriesOfRuns(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 400)
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", listed(t, names), "--out", dir, "--tables", "domains,caa_records,nameservers,queries", "--timeout", "400ms", "--retries", "1",
		"--second-look", "0", "--part-rows", "50", "--in-flight", "40"}, flags...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if parts, err := filepath.Glob(filepath.Join(dir, "domains/*.parquet")); err != nil || len(parts) >= 2 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var errs bytes.Buffer
	slow := append(slices.Clone(scan), "--rate-per-server", "100") // so that it is not over before it is stopped
	if code := run(ctx, slow, strings.NewReader(""), &errs, &errs); code != exitStopped {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	first := manifestOf(t, dir)
	if code, _, errs := runLine(t, append(slices.Clone(scan), "--sample-queries", "0.5")...); code != exitUsage || !strings.Contains(errs, "sample-queries") {
		t.Errorf("with another sample: exit %d, %s", code, errs)
	}
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	m := manifestOf(t, dir)
	if first.Totals.Rows == 0 || first.Totals.Rows >= 400 || len(m.Runs) != 2 || m.Totals.Queries <= first.Totals.Queries {
		t.Fatalf("%d rows by the first run of %d, %d queries, then %d", first.Totals.Rows, len(m.Runs), first.Totals.Queries, m.Totals.Queries)
	}
	db := openDuckDB(t)
	began := m.Runs[1].StartedAt.UTC().Format("2006-01-02 15:04:05.000000")
	for number, when := range []string{"timestamp < '" + began + "+00'", "timestamp >= '" + began + "+00'"} {
		wantNone(t, db, fmt.Sprintf("names of run %d", number+1), fmt.Sprintf(`SELECT query_name, query_count, q.* FROM %s d LEFT JOIN %s q ON for_name = query_name
			WHERE %s AND query_count <> coalesce(n, 0)`, parquet(dir, "domains"), perName(dir, fmt.Sprintf("run = %d", number+1)), when))
		wantNone(t, db, fmt.Sprintf("servers of run %d", number+1), fmt.Sprintf(`SELECT * FROM (SELECT server_ip, count(*) AS n FROM %s WHERE run = %d GROUP BY server_ip) q
			FULL JOIN (SELECT * FROM %s WHERE run = %d) s USING (server_ip) WHERE n IS DISTINCT FROM sent`, parquet(dir, "queries"), number+1, parquet(dir, "nameservers"), number+1))
	}
	if code, out, errs := runLine(t, "verify", dir); code != exitDone {
		t.Errorf("verify: exit %d\n%s%s", code, out, errs)
	}
}

// TestSampleQueries: a sample has all rows of some names and none of others, by a rule that DuckDB can follow too.
func TestSampleQueries(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 300)
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", listed(t, names), "--out", dir, "--tables", "domains,queries", "--sample-queries", "0.25", "--timeout", "400ms", "--retries", "1",
		"--second-look", "0", "--dnssec", "off"}, flags...)
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	db := openDuckDB(t)
	in := "substr(sha256(coalesce(registrable_domain, query_name)), 1, 2) < '40'"
	wantNone(t, db, "names", fmt.Sprintf(`SELECT query_name, query_count, n FROM %s d LEFT JOIN %s q ON for_name = query_name
		WHERE coalesce(n, 0) <> CASE WHEN %s THEN query_count ELSE 0 END`, parquet(dir, "domains"), perName(dir, "true"), in))
	if share := query(t, db, fmt.Sprintf("SELECT count(DISTINCT for_name) AS n FROM %s", parquet(dir, "queries")))[0]["n"].(int64); share < 45 || share > 105 {
		t.Errorf("%d of 300 names in a sample of a fourth", share)
	}
}

// TestTablesOfJSONLines: the table has its form in JSON lines too.
func TestTablesOfJSONLines(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 40)
	dir := filepath.Join(t.TempDir(), "scan")
	scan := append([]string{"scan", listed(t, names), "--out", dir, "--tables", "domains,queries", "--format", "jsonl", "--timeout", "400ms", "--retries", "1", "--second-look", "0"}, flags...)
	if code, _, errs := runLine(t, scan...); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	row := query(t, openDuckDB(t), fmt.Sprintf(`SELECT (SELECT sum(query_count) FROM '%[1]s/domains/*.jsonl') AS counted, count(*) AS rows, min(query_type) AS type
		FROM read_json('%[1]s/queries/*.jsonl')`, dir))[0]
	if fmt.Sprint(row["counted"]) != fmt.Sprint(row["rows"]) || row["type"] == nil || row["rows"] == int64(0) {
		t.Errorf("%v", row)
	}
	if code, out, _ := runLine(t, "verify", dir); code != exitDone {
		t.Errorf("verify: exit %d: %s", code, out)
	}
}

// TestTablesRefused: what cannot be is said before any packet.
func TestTablesRefused(t *testing.T) {
	t.Parallel()
	list := listed(t, []string{"example.org"})
	for _, test := range []struct{ flags, says string }{
		{"--tables answers", "answers"},
		{"--tables caa_records,nameservers", "domains"},
		{"--tables domains,queries --out - --format jsonl", "stdout"},
		{"--tables domains,queries --sample-queries 0", "sample-queries"},
		{"--tables domains,queries --sample-queries 1.5", "sample-queries"},
		{"--tables domains --sample-queries 0.5", "--tables"},
	} {
		for _, more := range []string{"", " --dry-run"} {
			args := append([]string{"scan", list, "--out", filepath.Join(t.TempDir(), "scan")}, strings.Fields(test.flags+more)...)
			if code, _, errs := runLine(t, args...); code != exitUsage || !strings.Contains(errs, test.says) {
				t.Errorf("%s%s: exit %d, %s", test.flags, more, code, errs)
			}
		}
	}
}

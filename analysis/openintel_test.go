package analysis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
)

// measured is a scan with each kind of answer that OpenINTEL has rows for.
func measured(t *testing.T) *Data {
	at := output.Micros(time.Date(2026, 3, 4, 12, 0, 0, 250_000_000, time.UTC).UnixMicro())
	small := func(n int8) *int8 { return &n }
	ttl := func(n int32) *int32 { return &n }
	rtt := func(n int64) *int64 { return &n }
	set := []output.Property{{Tag: "issue", Value: "letsencrypt.org", Syntax: "ok"}, {Flags: 128, Tag: "iodef", Value: "mailto:a@example.org", Critical: true, Syntax: "ok"}}
	name := func(name, status, caaStatus string, levels ...output.Level) output.Domain {
		return output.Domain{QueryName: name, SourceList: "tranco:2026-03-04:K25XW", TLD: "org", Timestamp: at, WorkerID: "w1", Exists: "exists", Status: status, CAAStatus: caaStatus, Climb: levels}
	}
	own := name("own.org", "ok", "found", output.Level{Name: "own.org", Outcome: "found", RCode: "NOERROR", Security: "secure"})
	own.CAADepth, own.CAA, own.CAATTL, own.RTTUs = small(0), set, ttl(300), rtt(2500)
	alias := name("alias.org", "ok", "found", output.Level{Name: "alias.org", Outcome: "found", RCode: "NOERROR", Security: "insecure", AliasTo: "end.example.net"})
	alias.CAADepth, alias.CAA, alias.CAATTL, alias.CAAViaAlias, alias.CNAMEChain = small(0), set[:1], ttl(60), "end.example.net", []string{"middle.example.net", "end.example.net"}
	heir := name("www.own.org", "ok", "found", output.Level{Name: "www.own.org", Outcome: "nodata", RCode: "NOERROR", Security: "secure"}, output.Level{Name: "own.org", Outcome: "found", RCode: "NOERROR", Security: "secure"})
	heir.CAADepth, heir.CAA, heir.CAATTL, heir.RTTUs = small(1), set, ttl(300), rtt(2500)
	none := name("none.org", "ok", "none", output.Level{Name: "none.org", Outcome: "nodata", RCode: "NOERROR", Security: "insecure"})
	gone := name("gone.org", "nxdomain", "none", output.Level{Name: "gone.org", Outcome: "nxdomain", RCode: "NXDOMAIN", Security: "indeterminate"})
	silent := name("silent.org", "timeout", "error", output.Level{Name: "silent.org", Outcome: "timeout", Security: "indeterminate"})
	bad := name("bad.org", "malformed", "error", output.Level{Name: "bad.org", Outcome: "malformed", RCode: "NOERROR", Security: "indeterminate"})
	optedOut := name("out.org", "blocked", "", output.Level{Name: "out.org", Outcome: "blocked", Security: "indeterminate"})

	flags := func(n uint8) *uint8 { return &n }
	record := func(query, owner string, depth int8, p output.Property) output.CAARecord {
		return output.CAARecord{Timestamp: at, QueryName: query, QueryType: "CAA", ResponseName: owner, ResponseType: "CAA", ResponseTTL: 300, WorkerID: "w1",
			CAAFlags: flags(p.Flags), CAATag: p.Tag, CAAValue: &p.Value, CAADepth: depth, Relevant: true}
	}
	scan := scantest.Scan{
		Domains: []output.Domain{own, alias, heir, none, gone, silent, bad, optedOut},
		Records: []output.CAARecord{
			record("own.org", "own.org", 0, set[0]), record("own.org", "own.org", 0, set[1]), record("alias.org", "end.example.net", 0, set[0]),
			record("www.own.org", "own.org", 1, set[0]), record("www.own.org", "own.org", 1, set[1]),
		},
	}
	d, err := Open(t.Context(), []string{scan.Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestOpenINTELQueries runs queries as people write them for OpenINTEL's data, unchanged, on the view openintel and on caa_records.
// They differ where OpenINTEL differs: caa_records has inherited records too, and no row without a record.
func TestOpenINTELQueries(t *testing.T) {
	d := measured(t)
	for _, test := range []struct{ about, sql, openintel, records string }{
		{"adoption", `SELECT count(DISTINCT query_name), count(DISTINCT CASE WHEN query_type = 'CAA' AND caa_tag IS NOT NULL THEN query_name END) FROM %s`, "7 2", "3 3"},
		{"tags", `SELECT caa_tag, count(DISTINCT query_name) AS domain_count FROM %s WHERE query_type = 'CAA' AND caa_tag IS NOT NULL GROUP BY caa_tag ORDER BY domain_count DESC, caa_tag LIMIT 10`,
			"issue 2\niodef 1", "issue 3\niodef 2"},
		{"issuers", `SELECT caa_value, count(DISTINCT query_name) AS domains FROM %s WHERE query_type='CAA' AND caa_tag='issue' AND caa_value IS NOT NULL GROUP BY caa_value ORDER BY domains DESC LIMIT 15`,
			"letsencrypt.org 2", "letsencrypt.org 3"},
		{"critical", `SELECT query_name, response_name FROM %s WHERE response_type = 'CAA' AND caa_flags >= 128 ORDER BY 1`, "own.org. own.org.", "own.org own.org\nwww.own.org own.org"},
		{"status codes", `SELECT status_code, count(DISTINCT query_name) AS n FROM %s WHERE query_type = 'CAA' GROUP BY status_code ORDER BY status_code`,
			"0 4\n2 1\n3 1\n65535 1", "0 3"},
		{"per day", `SELECT source, CONCAT_WS('-', year, LPAD(month::VARCHAR, 2, '0'), LPAD(day::VARCHAR, 2, '0')) AS date, COUNT(1) AS record_count FROM %s WHERE year = 2026 AND month = 3 AND day <= 7 GROUP BY source, date ORDER BY source, date`,
			"tranco:2026-03-04:K25XW 2026-03-04 10", "<nil> 2026-03-04 5"},
		{"aliases", `SELECT query_name, response_name, cname_name FROM %s WHERE cname_name IS NOT NULL ORDER BY ALL`,
			"alias.org. alias.org. middle.example.net.\nalias.org. middle.example.net. end.example.net.", ""},
		{"validated", `SELECT count(DISTINCT query_name) FILTER (ad_flag = 1), min(worker_id), median(response_ttl) FROM %s WHERE query_type = 'CAA' AND response_type = 'CAA'`, "1 w1 300", "0 w1 300"},
	} {
		for table, want := range map[string]string{"openintel": test.openintel, "caa_records": test.records, "all_openintel": test.openintel} {
			got, err := d.Select(t.Context(), fmt.Sprintf(test.sql, table))
			if err != nil {
				t.Errorf("%s on %s: %v", test.about, table, err)
				continue
			}
			var lines []string
			for _, row := range got.Rows {
				lines = append(lines, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
			}
			if text := strings.Join(lines, "\n"); text != want {
				t.Errorf("%s on %s:\n%s\nwant\n%s", test.about, table, text, want)
			}
		}
	}
}

// TestOpenINTELConventions holds rows of the view against OpenINTEL's data dictionary: milliseconds, seconds, final dots.
func TestOpenINTELConventions(t *testing.T) {
	d := measured(t)
	got, err := d.Select(t.Context(), `SELECT query_name, response_type, response_name, timestamp, typeof(timestamp), rtt, typeof(rtt), typeof("as"), ns_address FROM openintel WHERE query_name = 'own.org.' AND caa_tag = 'issue'`)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"own.org.", "CAA", "own.org.", time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).UnixMilli() + 250, "BIGINT", 0.0025, "DOUBLE", "VARCHAR", nil}}
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Error(diff)
	}
	columns, err := d.Select(t.Context(), `SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'openintel' ORDER BY column_index`)
	if err != nil {
		t.Fatal(err)
	}
	if len(columns.Rows) != len(openINTELColumns()) {
		t.Fatalf("%d columns, the dictionary has %d", len(columns.Rows), len(openINTELColumns()))
	}
	for i, row := range columns.Rows {
		if row[0] != openINTELColumns()[i].Name || row[1] == nil || row[1] == "" {
			t.Errorf("column %d: %v, want %s, documented", i, row, openINTELColumns()[i].Name)
		}
	}
}

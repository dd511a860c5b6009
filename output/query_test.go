package output

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// TestQueryRow holds rows against what they are to say, as JSON: a key that is missing is a NULL.
func TestQueryRow(t *testing.T) {
	sent := step.Time(start.UnixNano())
	ns := &record.Server{Name: wire.MustName("ns1.hoster.net"), Addr: someServer.Addr}
	for _, test := range []struct {
		what string
		x    record.Exchange
		row  string
	}{
		{"a reply", record.Exchange{
			For: wire.MustName("www.example.com"), Name: wire.MustName("example.com"), Zone: wire.MustName("com"), Server: ns,
			Sent: sent, RTT: 1500 * time.Nanosecond, Waited: 20 * time.Millisecond, Type: wire.TypeCAA, UDPSize: 1232, DO: true, Attempt: 2, Mixed: true,
			CaseKept: true, Flags: wire.FlagQR | wire.FlagAA, Size: 90, Counts: [3]uint16{0, 1, 1}, HasEDE: true, EDE: 0, EDEText: "a\x07b",
		}, `{"query_name":"example.com","query_type":"CAA","server_name":"ns1.hoster.net","server_ip":"192.0.2.1","protocol":"udp","attempt":2,
			"udp_size":1232,"do_bit":true,"status_code":0,"tc":false,"aa":true,"ad":false,"cd":false,"rtt_us":1,"wait_us":20000,"response_bytes":90,
			"ede_code":0,"ede_text":"a\\007b","for_name":"www.example.com","zone":"com","purpose":"answer","answer_count":0,"authority_count":1,
			"additional_count":1,"mixed_case":true,"case_kept":true}`},
		{"silence", record.Exchange{
			For: wire.MustName("example.com"), Name: wire.MustName("ns.other.net"), Zone: wire.Root, Server: ns, Sent: sent, Type: wire.TypeAAAA,
			Attempt: 1, End: record.Silent, Purpose: record.ForAddress, Mixed: true,
		}, `{"query_name":"ns.other.net","query_type":"AAAA","server_name":"ns1.hoster.net","server_ip":"192.0.2.1","protocol":"udp","attempt":1,
			"do_bit":false,"cd":false,"wait_us":0,"error":"timeout","for_name":"example.com","zone":".","purpose":"address","mixed_case":true}`},
		{"a resolver, over TCP, which is not there", record.Exchange{
			For: wire.MustName("example.com"), Name: wire.MustName("example.com"), Server: &record.Server{Addr: ns.Addr}, Sent: sent,
			Type: wire.TypeMX, Attempt: 1, TCP: true, CD: true, End: record.NotThere,
		}, `{"query_name":"example.com","query_type":"MX","server_ip":"192.0.2.1","protocol":"tcp","attempt":1,
			"do_bit":false,"cd":true,"wait_us":0,"error":"unreachable","for_name":"example.com","purpose":"answer","mixed_case":false}`},
		{"labels with dots and octets, of a reply that cannot be read", record.Exchange{
			For: "\x03a.b\x03com\x00", Name: "\x03a.b\x03com\x00", Zone: "\x03com\x00", Server: ns, Sent: sent, Type: wire.TypeDNSKEY,
			Attempt: 1, End: record.Garbled, Purpose: record.ForChain, RTT: time.Second, Size: 40000, RCode: 4095, Counts: [3]uint16{65535, 0, 0}, Flags: wire.FlagTC | wire.FlagAD,
		}, `{"query_name":"a\\.b.com","query_type":"DNSKEY","server_name":"ns1.hoster.net","server_ip":"192.0.2.1","protocol":"udp","attempt":1,
			"do_bit":false,"status_code":4095,"tc":true,"aa":false,"ad":true,"cd":false,"rtt_us":1000000,"wait_us":0,"response_bytes":40000,"error":"malformed",
			"for_name":"a\\.b.com","zone":"com","purpose":"chain","answer_count":32767,"authority_count":0,"additional_count":0,"mixed_case":false}`},
	} {
		var q Query
		NewEncoder(Config{ScanID: "s"}).query(&q, &test.x)
		q.QueryID, q.Run = 7, 2
		text, err := json.Marshal(q)
		must(t, err)
		var got, want map[string]any
		must(t, json.Unmarshal(text, &got))
		must(t, json.Unmarshal([]byte(test.row), &want))
		want["scan_id"], want["query_id"], want["run"], want["timestamp"] = "s", 7.0, 2.0, "2026-11-21T09:30:00.123456Z"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

// TestQueriesReadByDuckDB reads the table back, in both formats, over several parts and row groups.
func TestQueriesReadByDuckDB(t *testing.T) {
	for _, format := range []Format{Parquet, JSONL} {
		dir := t.TempDir()
		cfg := Config{ScanID: "s", Format: format, Tables: tableNames[:], PartRows: 200, limits: groupsOf(300)}
		w := mustCreate(t, dir, cfg)
		e, all := NewEncoder(cfg), []Query(nil)
		for i := range 900 {
			r := lined(i)
			batch := exchangesFor(r)
			for k := range batch {
				var q Query
				e.query(&q, &batch[k])
				q.QueryID, q.Run = int64(len(all)+1), 1
				all = append(all, q)
			}
			must(t, w.Exchanges(batch))
			must(t, w.Write([]*record.Record{r}))
		}
		must(t, w.Close(Complete))
		if m := checkScan(t, dir); m.Totals.Queries != int64(len(all)) || m.Totals.Queries < 1000 {
			t.Errorf("%d rows, want %d", m.Totals.Queries, len(all))
		}
		if format == JSONL {
			compareJSON(t, filepath.Join(dir, queriesTable), all)
			continue
		}
		db := openDuckDB(t)
		compareRows(t, db, source(dir, queriesTable, Parquet), all)
		checkBounds(t, dir, queriesTable)
		row := queryAll(t, db, "SELECT count(*) AS n FROM "+source(dir, queriesTable, Parquet)+" q ANTI JOIN "+source(dir, domainsTable, Parquet)+" d ON for_name = d.query_name")
		if row[0]["n"] != int64(0) {
			t.Errorf("%v queries for no row", row[0]["n"])
		}
	}
}

// TestQueriesBound: parts of queries have a bound of their own, which finishes the parts of all tables.
func TestQueriesBound(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{Tables: []string{domainsTable, queriesTable}, PartRows: 100, Format: JSONL})
	r := lined(1)
	must(t, w.Write([]*record.Record{r}))
	for range 2*queriesPerName*100 + 1 {
		must(t, w.Exchanges(exchangesFor(r)[:1]))
	}
	must(t, w.Close(Complete))
	m := checkScan(t, dir)
	rows := map[string][]int64{}
	for _, part := range m.Parts {
		rows[part.Table] = append(rows[part.Table], part.Rows)
	}
	if want := map[string][]int64{queriesTable: {800, 800, 1}, domainsTable: {1}}; !cmp.Equal(rows, want) {
		t.Errorf("parts %v, want %v", rows, want)
	}
}

// TestTables: a scan has the tables it was told to have, and no others.
func TestTables(t *testing.T) {
	for _, test := range []struct {
		list []string
		want string // folders
	}{
		{nil, "caa_records domains journal nameservers"},
		{[]string{"domains"}, "domains journal"},
		{[]string{"queries", "domains", "queries"}, "domains journal queries"},
		{[]string{"nameservers", "domains"}, "domains journal nameservers"},
		{tableNames[:], "caa_records domains journal nameservers queries"},
	} {
		dir := t.TempDir()
		w := mustCreate(t, dir, Config{Tables: test.list})
		for i := range 20 {
			r := lined(i)
			must(t, w.Exchanges(exchangesFor(r)))
			must(t, w.Write([]*record.Record{r}))
		}
		must(t, w.NameServers([]record.NameServer{server(1)}))
		must(t, w.Close(Complete))
		if m := checkScan(t, dir); m.Totals.Rows != 20 {
			t.Errorf("%q: %d rows", test.list, m.Totals.Rows)
		}
		if v := verified(t, dir); len(v.Faults) > 0 {
			t.Errorf("%q: %v", test.list, v.Faults)
		}
		entries, err := os.ReadDir(dir)
		must(t, err)
		var folders []string
		for _, entry := range entries {
			if entry.IsDir() {
				folders = append(folders, entry.Name())
			}
		}
		if got := strings.Join(folders, " "); got != test.want {
			t.Errorf("%q: folders %q, want %q", test.list, got, test.want)
		}
	}
	for _, list := range [][]string{{"domains", "answers"}, {"caa_records"}, {}} {
		if _, err := Create(t.TempDir(), Config{ScanID: "s", Tables: list}); err == nil || errors.Is(err, ErrHoldsScan) {
			t.Errorf("tables %q: %v", list, err)
		}
	}
}

// checkEachAsked checks that of each line there are all exchanges of one look at least, with each number of a run once, also
// after a repair.
func checkEachAsked(t *testing.T, dir string, format Format) {
	t.Helper()
	if format != JSONL {
		return // as with the other
	}
	asked, known := map[string]int{}, map[[2]int64]bool{}
	for _, part := range readManifest(t, dir).Parts {
		if part.Table != queriesTable {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, part.File))
		must(t, err)
		for line := range strings.Lines(string(content)) {
			var row Query
			must(t, json.Unmarshal([]byte(line), &row))
			asked[row.ForName]++
			id := [2]int64{int64(row.Run), row.QueryID}
			if known[id] {
				t.Errorf("two rows have the number %d of run %d", row.QueryID, row.Run)
			}
			known[id] = true
		}
	}
	for line := range 40 {
		r := lined(line)
		if want := len(exchangesFor(r)); asked[r.Target.Name] < want {
			t.Errorf("%s: %d exchanges, of %d", r.Target.Name, asked[r.Target.Name], want)
		}
	}
}

// TestQueriesWhenOff: a scan without the table takes exchanges and keeps none.
func TestQueriesWhenOff(t *testing.T) {
	dir := t.TempDir()
	w := mustCreate(t, dir, Config{})
	must(t, w.Exchanges(exchangesFor(lined(1))))
	must(t, w.Close(Running))
	if got := parts(t, dir, false); slices.ContainsFunc(got, func(name string) bool { return strings.HasPrefix(name, queriesTable) }) {
		t.Errorf("parts %q", got)
	}
}

package output

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/caascan/caascan/scanner/record"
)

// What we write is read back here by somebody else's reader, DuckDB, and compared column by column.

func openDuckDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, setting := range []string{"SET TimeZone='UTC'", "SET threads=1"} {
		if _, err := db.Exec(setting); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// queryAll returns the rows of a query, each as a map from column to value.
func queryAll(t *testing.T, db *sql.DB, query string, args ...any) []map[string]any {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for rows.Next() {
		values := make([]any, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		row := make(map[string]any, len(columns))
		for i, column := range columns {
			row[column] = values[i]
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// columnName is the name of the column that a field of a row struct defines.
func columnName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
	return name
}

// plain says what a reader must find for the value v of a field: nil for NULL, otherwise the Go value that the DuckDB
// driver has for it.
func plain(v reflect.Value, optional bool) any {
	switch value := v.Interface().(type) {
	case Micros:
		if optional && value == 0 {
			return nil
		}
		return time.UnixMicro(int64(value)).UTC()
	case []byte:
		if value == nil {
			return nil
		}
		return value
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem(), false)
	case reflect.Slice:
		if v.IsNil() && optional {
			return nil
		}
		list := []any{}
		for i := range v.Len() {
			list = append(list, plain(v.Index(i), false))
		}
		return list
	case reflect.Struct:
		return plainRow(v.Interface())
	}
	if optional && v.IsZero() {
		return nil
	}
	return v.Interface()
}

// plainRow is what a reader must find for a row.
func plainRow(row any) map[string]any {
	v := reflect.ValueOf(row)
	values := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		values[columnName(f)] = plain(v.Field(i), strings.Contains(f.Tag.Get("parquet"), ",optional"))
	}
	return values
}

// read makes what DuckDB gave comparable.
func read(value any) any {
	switch v := value.(type) {
	case time.Time:
		return v.UTC()
	case []any:
		list := []any{}
		for _, e := range v {
			list = append(list, read(e))
		}
		return list
	case map[string]any:
		for key, e := range v {
			v[key] = read(e)
		}
		return v
	default:
		return v
	}
}

// compareTable compares a table as DuckDB reads it with the rows that were to be written.
func compareTable[T any](t *testing.T, db *sql.DB, source string, want []T) {
	t.Helper()
	filled := compareRows(t, db, source, want)
	for column := range plainRow(*new(T)) {
		if filled[column] == 0 {
			t.Errorf("%s: no row fills the column %s: this test does not show that it is written", source, column)
		}
	}
}

// compareRows does that, and returns how many rows fill each column.
func compareRows[T any](t *testing.T, db *sql.DB, source string, want []T) map[string]int {
	t.Helper()
	rows := queryAll(t, db, "SELECT * FROM "+source) // in the order of parts and rows
	if len(rows) != len(want) {
		t.Fatalf("%s: %d rows, want %d", source, len(rows), len(want))
	}
	filled, notNull := map[string]int{}, map[string]int64{}
	for i := range want {
		expected := plainRow(want[i])
		got := read(rows[i]).(map[string]any)
		if len(got) != len(expected) {
			t.Fatalf("%s: %d columns, want %d", source, len(got), len(expected))
		}
		for column, value := range expected {
			if !reflect.DeepEqual(got[column], value) {
				t.Fatalf("%s row %d, column %s:\n%s", source, i, column, cmp.Diff(value, got[column]))
			}
			if value != nil {
				notNull[column]++
			}
			if value != nil && !reflect.DeepEqual(value, []any{}) {
				filled[column]++
			}
		}
	}
	compareCounts[T](t, db, source, notNull)
	return filled
}

// compareCounts counts the values of each column by another way than reading rows: an aggregate, which readers answer
// from other parts of the file.
func compareCounts[T any](t *testing.T, db *sql.DB, source string, counts map[string]int64) {
	t.Helper()
	var columns []string
	for f := range reflect.TypeFor[T]().Fields() {
		columns = append(columns, fmt.Sprintf("count(%q) AS %[1]q", columnName(f)))
	}
	row := queryAll(t, db, "SELECT "+strings.Join(columns, ", ")+" FROM "+source)[0]
	for column, n := range counts {
		if row[column] != n {
			t.Errorf("%s: column %s has %v values, want %d", source, column, row[column], n)
		}
	}
}

// source is a table of a scan directory for the FROM of a query.
func source(dir, table string, as Format) string {
	if as == JSONL {
		return fmt.Sprintf("read_json('%s/%s/*.jsonl', format='newline_delimited', maximum_object_size=100000000)", dir, table)
	}
	return fmt.Sprintf("read_parquet('%s/%s/*.parquet')", dir, table)
}

// groupsOf are the usual limits, but for the rows of a group.
func groupsOf(rows int) pageLimits {
	limits := defaultLimits
	limits.groupRows = rows
	return limits
}

// smallLimits make pages, row groups and dictionaries end often.
var smallLimits = map[string]pageLimits{
	"pages":        {groupRows: 700, pageBytes: 32 << 10, pageValues: 29, dictionaryBytes: 256 << 10},
	"octets":       {groupRows: 1000, pageBytes: 200, pageValues: 20_000, dictionaryBytes: 256 << 10},
	"dictionaries": {groupRows: 250, pageBytes: 32 << 10, pageValues: 41, dictionaryBytes: 60},
	"groups":       {groupRows: 23, pageBytes: 32 << 10, pageValues: 20_000, dictionaryBytes: 256 << 10},
}

// TestRepeats writes rows of which many repeat some or all columns of the row before, with pages, row groups and
// dictionaries so small that repeats, lists and texts meet the ends of all of them.
func TestRepeats(t *testing.T) {
	for name, limits := range smallLimits {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := Config{ScanID: "s", Worker: "w", limits: limits, Registrable: registrable}
			w, err := Create(dir, cfg)
			must(t, err)
			rng := rand.New(rand.NewPCG(3, uint64(limits.groupRows)))
			e := NewEncoder(cfg)
			var domains []Domain
			var records []CAARecord
			var batch []*record.Record
			last := common(0)
			for i := range 1500 {
				r := *last
				switch {
				case rng.IntN(40) == 0:
					r = *random(rng, i)
				case rng.IntN(5) == 0:
					r = *common(i)
				case rng.IntN(8) == 0:
					r = *commonWithCAA(i)
				case rng.IntN(3) == 0:
					r.Target.Line++
				}
				last = &r
				batch = append(batch, &r)
				d, c := e.Rows(&r)
				domains, records = append(domains, d), append(records, c...)
				if rng.IntN(50) == 0 || i == 1499 {
					must(t, w.Write(batch))
					batch = batch[:0]
				}
			}
			must(t, w.Close(Complete))
			db := openDuckDB(t)
			compareRows(t, db, source(dir, domainsTable, Parquet), domains)
			compareRows(t, db, source(dir, caaRecordsTable, Parquet), records)
			checkBounds(t, dir, domainsTable)
			checkBounds(t, dir, caaRecordsTable)
		})
	}
}

// TestSharedLists writes rows that share lists, with lists in them, with the rows before.
func TestSharedLists(t *testing.T) {
	for name, limits := range smallLimits {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := Config{ScanID: "s", limits: limits, Registrable: registrable}
			w, err := Create(dir, cfg)
			must(t, err)
			rng := rand.New(rand.NewPCG(4, uint64(limits.groupRows)))
			e := NewEncoder(cfg)
			var domains []Domain
			var d Domain
			for i := range 500 {
				switch {
				case d.Climb == nil || rng.IntN(20) == 0:
					d, _ = e.Rows(random(rng, i))
				case rng.IntN(6) == 0: // two lists change places, in a copy
					d.Climb = slices.Clone(d.Climb)
					if last := len(d.Climb) - 1; last >= 0 {
						d.Climb[0].EDE, d.Climb[last].EDE = d.Climb[last].EDE, d.Climb[0].EDE
						d.Climb[0].Server = fmt.Sprint(i)
					}
				case rng.IntN(10) == 0:
					d.Findings = nil
				}
				domains = append(domains, d)
			}
			must(t, w.domains.add(domains))
			must(t, w.Close(Complete))
			compareRows(t, openDuckDB(t), source(dir, domainsTable, Parquet), domains)
			checkBounds(t, dir, domainsTable)
		})
	}
}

// writeRandom writes a scan of n random names and some servers to dir, and returns the rows that must be in it.
func writeRandom(t *testing.T, dir string, cfg Config, n int) (domains []Domain, records []CAARecord, servers []NameServer) {
	t.Helper()
	cfg.Registrable, cfg.Issuers = registrable, twoCAs{}
	w, err := Create(dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	e := NewEncoder(cfg)
	var batch []*record.Record
	for i := range n {
		r := random(rng, i)
		batch = append(batch, r)
		d, c := e.Rows(r)
		domains = append(domains, d)
		records = append(records, c...)
		if len(batch) == 100 || i == n-1 {
			if err := w.Write(batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	var seen []record.NameServer
	for i := range 1000 {
		seen = append(seen, server(i))
		servers = append(servers, e.NameServer(&seen[i]))
		servers[i].Run = 1
	}
	if err := w.NameServers(seen); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(Complete); err != nil {
		t.Fatal(err)
	}
	return domains, records, servers
}

func TestParquetReadByDuckDB(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{ScanID: "scan-1", Worker: "w1", Vantage: "lab", Version: "1.2.3", PSL: "2026-11-01", PartRows: 1100, limits: groupsOf(300)}
	domains, records, servers := writeRandom(t, dir, cfg, 3000)
	db := openDuckDB(t)

	compareTable(t, db, source(dir, domainsTable, Parquet), domains)
	compareTable(t, db, source(dir, caaRecordsTable, Parquet), records)
	compareTable(t, db, source(dir, nameServersTable, Parquet), servers)

	groups := queryAll(t, db, fmt.Sprintf("SELECT count(*) AS parts, min(num_row_groups) AS groups FROM parquet_file_metadata('%s/domains/*.parquet')", dir))[0]
	if groups["parts"] != int64(3) || groups["groups"].(int64) < 3 {
		t.Errorf("parts and row groups: %v, want 3 parts of several row groups", groups)
	}
	if hasLargeSet := queryAll(t, db, "SELECT max(len(caa)) AS n FROM "+source(dir, domainsTable, Parquet))[0]["n"]; hasLargeSet != int64(1001) {
		t.Errorf("largest set has %v records, want 1001", hasLargeSet)
	}

	metadata := map[string]string{}
	for _, row := range queryAll(t, db, fmt.Sprintf("SELECT DISTINCT decode(key) AS k, decode(value) AS v FROM parquet_kv_metadata('%s/*/*.parquet')", dir)) {
		metadata[row["k"].(string)] = row["v"].(string)
	}
	want := map[string]string{"scan_id": "scan-1", "schema_version": "1", "tool": "caascan", "tool_version": "1.2.3", "psl_version": "2026-11-01"}
	for key, value := range want {
		if metadata[key] != value {
			t.Errorf("metadata %s = %q, want %q", key, metadata[key], value)
		}
	}
}

// TestParquetTypes holds the types that a reader sees against those of the contract.
func TestParquetTypes(t *testing.T) {
	dir := t.TempDir()
	writeRandom(t, dir, Config{ScanID: "s", Tables: tableNames[:]}, 0)
	db := openDuckDB(t)
	want := map[string]string{
		"domains.schema_version":     "SMALLINT",
		"domains.query_name":         "VARCHAR",
		"domains.rank":               "BIGINT",
		"domains.labels":             "TINYINT",
		"domains.timestamp":          "TIMESTAMP WITH TIME ZONE",
		"domains.email_capable":      "BOOLEAN",
		"domains.mx_address":         "VARCHAR[]",
		"domains.mx_preference":      "INTEGER[]",
		"domains.caa_ttl":            "INTEGER",
		"domains.caa_count":          "SMALLINT",
		"domains.caa_depth":          "TINYINT",
		"domains.dns_operator_count": "TINYINT",
		"domains.rtt_us":             "BIGINT",
		"domains.climb": "STRUCT(\"name\" VARCHAR, outcome VARCHAR, rcode VARCHAR, \"security\" VARCHAR, reason VARCHAR, cause VARCHAR, failed_at VARCHAR, ede SMALLINT[], " +
			"ede_text VARCHAR[], attempts TINYINT, \"server\" VARCHAR, alias_to VARCHAR, ttl INTEGER, truncated BOOLEAN, caa VARCHAR[])[]",
		"domains.caa": "STRUCT(flags UTINYINT, tag VARCHAR, \"value\" VARCHAR, critical BOOLEAN, reserved_bits BOOLEAN, issuer_domain VARCHAR, " +
			"params STRUCT(\"name\" VARCHAR, \"value\" VARCHAR)[], syntax VARCHAR)[]",
		"domains.spf_lookups":        "SMALLINT",
		"domains.dmarc_pct":          "TINYINT",
		"domains.dmarc_testing":      "BOOLEAN",
		"domains.dmarc_rua":          "VARCHAR[]",
		"domains.dkim":               "STRUCT(selector VARCHAR, posture VARCHAR, key_type VARCHAR, key_bits INTEGER, testing BOOLEAN)[]",
		"domains.mx_hosts":           "STRUCT(\"name\" VARCHAR, caa_status VARCHAR, caa_name VARCHAR, tls_posture VARCHAR, tls_issuers VARCHAR[], \"security\" VARCHAR, \"error\" VARCHAR)[]",
		"domains.mail_findings":      "VARCHAR[]",
		"domains.caa_consistency":    "VARCHAR",
		"domains.ns_inconsistent":    "TINYINT",
		"caa_records.rtt":            "DOUBLE",
		"caa_records.status_code":    "INTEGER",
		"caa_records.response_ttl":   "INTEGER",
		"caa_records.caa_flags":      "UTINYINT",
		"caa_records.raw_rdata":      "BLOB",
		"nameservers.sent":           "BIGINT",
		"nameservers.rate_limit_qps": "DOUBLE",
		"nameservers.opted_out":      "BOOLEAN",
		"nameservers.edns_ok":        "BOOLEAN",
		"queries.query_id":           "BIGINT",
		"queries.timestamp":          "TIMESTAMP WITH TIME ZONE",
		"queries.attempt":            "SMALLINT",
		"queries.status_code":        "INTEGER",
		"queries.rtt_us":             "BIGINT",
		"queries.tc":                 "BOOLEAN",
	}
	for _, table := range tableNames {
		for _, row := range queryAll(t, db, "DESCRIBE SELECT * FROM "+source(dir, table, Parquet)) {
			column := table + "." + row["column_name"].(string)
			if expected, ok := want[column]; ok && row["column_type"] != expected {
				t.Errorf("%s: %v, want %s", column, row["column_type"], expected)
			}
			delete(want, column)
		}
	}
	for column := range want {
		t.Errorf("%s: missing", column)
	}
}

// TestDictionaryOverflow writes more distinct strings than a dictionary may hold, in every way a column can be nested,
// in several row groups: values were lost there once (parquet-go issue 536).
func TestDictionaryOverflow(t *testing.T) {
	const n = distinctStrings
	dir := t.TempDir()
	w, err := Create(dir, Config{ScanID: "s", PartRows: n + 1, limits: groupsOf(overflowGroup), Registrable: func(name string) string { return "op." + name }})
	if err != nil {
		t.Fatal(err)
	}
	text := func(i int) string { return fmt.Sprintf("value-%d-%x", i, uint64(i)*0x9e3779b97f4a7c15) }
	var batch []*record.Record
	for i := range n {
		r := withCAA(i)
		a := *r.Climb[0].Answer
		a.Records = []record.RR{caaRR(a.Name, 60, 0, "issue", "ca.example; p="+text(i)), caaRR(a.Name, 60, 0, "iodef", text(i))}
		r.Climb[0].Answer = &a
		r.Mail.Exchange[0].Exchange = a.Name
		batch = append(batch, judged(r))
		if len(batch) == 1000 {
			if err := w.Write(batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	if err := w.Close(Complete); err != nil {
		t.Fatal(err)
	}
	db := openDuckDB(t)
	rows, err := db.Query("SELECT query_name, mx_operator, mx_address[1], caa[1].params[1].value, caa[2].value FROM " + source(dir, domainsTable, Parquet))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	i := 0
	for ; rows.Next(); i++ {
		var got [5]string
		if err := rows.Scan(&got[0], &got[1], &got[2], &got[3], &got[4]); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("domain-%d.com", i)
		if want := [5]string{name, "op." + name, name, text(i), text(i)}; got != want {
			t.Fatalf("row %d: %q, want %q", i, got, want)
		}
	}
	if err := rows.Err(); err != nil || i != n {
		t.Fatalf("%d rows, error %v, want %d rows", i, err, n)
	}
	records := queryAll(t, db, "SELECT count(DISTINCT caa_value) AS n FROM "+source(dir, caaRecordsTable, Parquet)+" WHERE caa_tag = 'iodef'")
	if records[0]["n"] != int64(n) {
		t.Errorf("caa_records: %v distinct values, want %d", records[0]["n"], n)
	}
	for _, column := range []string{"mx_operator", "mx_address.list.element", "caa.list.element.params.list.element.value", "caa.list.element.value"} {
		if !overflowed(t, filepath.Join(dir, domainsTable, "part-00000.parquet"), column) {
			t.Errorf("the dictionary of %s did not overflow: the test shows nothing", column)
		}
	}
}

// overflowed reports whether the first row group of a file has pages of the column with its dictionary and without.
func overflowed(t *testing.T, path, column string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	if len(file.RowGroups()) < 2 {
		t.Errorf("%s has %d row groups, want several", path, len(file.RowGroups()))
	}
	var plain, dictionary bool
	for _, chunk := range file.Metadata().RowGroups[0].Columns {
		if strings.Join(chunk.MetaData.PathInSchema, ".") != column {
			continue
		}
		for _, pages := range chunk.MetaData.EncodingStats {
			data := pages.PageType == format.DataPage || pages.PageType == format.DataPageV2
			plain = plain || data && pages.Encoding == format.Plain
			dictionary = dictionary || data && pages.Encoding == format.RLEDictionary
		}
	}
	return plain && dictionary
}

// TestJSONLReadByDuckDB reads the JSON lines with DuckDB, and with encoding/json into the row struct.
func TestJSONLReadByDuckDB(t *testing.T) {
	dir := t.TempDir()
	domains, records, servers := writeRandom(t, dir, Config{ScanID: "scan-1", Worker: "w1", Vantage: "lab", Format: JSONL, PartRows: 400}, 1000)
	compareJSON(t, filepath.Join(dir, domainsTable), domains)
	compareJSON(t, filepath.Join(dir, caaRecordsTable), records)
	compareJSON(t, filepath.Join(dir, nameServersTable), servers)

	db := openDuckDB(t)
	for table, want := range map[string]int{domainsTable: len(domains), caaRecordsTable: len(records), nameServersTable: len(servers)} {
		if got := queryAll(t, db, "SELECT count(*) AS n FROM "+source(dir, table, JSONL))[0]["n"]; got != int64(want) {
			t.Errorf("%s: %v rows, want %d", table, got, want)
		}
	}
	rows := queryAll(t, db, "SELECT query_name, timestamp::TIMESTAMPTZ AS timestamp, caa_status, len(climb) AS climb FROM "+source(dir, domainsTable, JSONL)+" ORDER BY input_line")
	for i, d := range domains {
		want := map[string]any{"query_name": d.QueryName, "timestamp": time.UnixMicro(int64(d.Timestamp)).UTC(), "caa_status": plain(reflect.ValueOf(d.CAAStatus), true), "climb": int64(len(d.Climb))}
		if diff := cmp.Diff(want, read(rows[i])); diff != "" {
			t.Fatalf("row %d:\n%s", i, diff)
		}
	}
}

// compareJSON reads the parts of a table with encoding/json.
func compareJSON[T any](t *testing.T, dir string, want []T) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("%s: no parts (%v)", dir, err)
	}
	i := 0
	for _, part := range parts {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(content) {
			t.Errorf("%s is not UTF-8", part)
		}
		for line := range strings.Lines(string(content)) {
			var row T
			decoder := json.NewDecoder(strings.NewReader(line))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&row); err != nil {
				t.Fatalf("%s: %v", part, err)
			}
			if !reflect.DeepEqual(row, want[i]) {
				t.Fatalf("%s row %d:\n%s", part, i, cmp.Diff(want[i], row))
			}
			i++
		}
	}
	if i != len(want) {
		t.Errorf("%s: %d rows, want %d", dir, i, len(want))
	}
}

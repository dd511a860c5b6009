package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// check compares a row as read from Parquet with what is expected of it.
func (r *row) check(t *testing.T, d map[string]any) {
	t.Helper()
	want := map[string]any{
		"query_name": r.name, "input_name": nil, "input_kind": "name", "labels": int8(strings.Count(r.name, ".") + 1),
		"tld": r.name[strings.LastIndexByte(r.name, '.')+1:], "exists": r.exists, "zone_apex": r.zone, "tls_posture": nil,
	}
	if r.exists == "?" {
		delete(want, "exists")
	}
	first, _, _ := strings.Cut(r.chain, " ")
	leaves := strings.HasSuffix(first, ".") && !strings.HasSuffix(first, "."+r.zone+".") ||
		strings.HasPrefix(r.name, "across.") || strings.HasPrefix(r.name, "cname-out-nx.")
	switch {
	case r.zone == "?":
		delete(want, "zone_apex")
	case r.zone == "caatest-bind.org" && leaves:
		want["zone_apex"] = nil // the server holds org too, refers nobody, and says nothing about an alias that leaves
	}
	levels := strings.Fields(r.climb)
	depth := len(levels) - 1
	last := levels[depth]
	found, failed := last == "found", last != "found" && last != "nodata" && last != "nxdomain"

	names := []any{}
	for i, name := 0, r.name; i < len(levels); i++ {
		names = append(names, name)
		_, name, _ = strings.Cut(name, ".")
	}
	outcomes := make([]any, len(levels))
	for i := range levels {
		outcomes[i] = levels[i]
	}
	want["climb.name"], want["climb.outcome"] = names, outcomes

	chain := strings.Fields(strings.ReplaceAll(r.chain+" ", ". ", " "))
	want["cname_chain"], want["cname_depth"] = anys(chain), int8(len(chain))
	if r.chain == "?" || !found && !failed || failed && depth == 0 && r.chain == "" || found && depth > 0 && chain == nil {
		delete(want, "cname_chain")
		delete(want, "cname_depth")
	}
	want["caa_name"], want["caa_depth"], want["caa_via_alias"], want["caa_ttl"], want["caa_rrset_hash"] = nil, nil, nil, nil, nil
	want["status"], want["caa_status"], want["caa_at_name"] = "ok", "none", levels[0] == "found"
	findings := strings.Fields(r.findings)
	switch {
	case failed:
		want["status"], want["caa_status"] = last, "error"
		if depth == 0 {
			want["caa_at_name"] = nil
		}
		want["caa_count"], want["caa"], want["findings"] = nil, nil, nil
	case found:
		want["caa_status"], want["caa_name"], want["caa_depth"], want["caa_ttl"] = "found", names[depth], int8(depth), int32(r.ttl)
		delete(want, "caa_rrset_hash")
		if len(chain) > 0 {
			findings = append(findings, "alias")
			want["caa_via_alias"] = chain[len(chain)-1]
		}
		if depth > 0 {
			findings = append(findings, "inherited")
		}
		slices.Sort(findings)
		want["findings"] = anys(findings)
	default:
		want["caa_count"], want["caa"], want["findings"] = int16(0), []any{}, []any{}
	}
	if !failed && r.exists == "nxdomain" {
		want["status"] = "nxdomain"
	}
	for i, posture := range strings.Fields(r.posture) {
		want[[]string{"tls_posture", "tls_wild_posture", "smime_posture", "vmc_posture"}[i]] = posture
	}
	for i, list := range strings.Fields(r.issuers) {
		column := []string{"tls_issuers", "tls_wild_issuers", "smime_issuers", "vmc_issuers"}[i]
		switch {
		case failed:
			want[column] = nil
		case list == "-":
			want[column] = []any{}
		default:
			want[column] = anys(strings.Split(list, ","))
		}
	}
	if words := strings.Fields(r.mail); words[1] == "NULL" {
		want["mx_status"], want["email_rule"], want["email_capable"], want["mx_address"] = words[0], nil, nil, nil
	} else {
		want["mx_status"], want["email_rule"] = words[0], words[1]
		want["email_capable"], want["implicit_mx"] = words[1] == "mx" || words[1] == "implicit_mx", words[1] == "implicit_mx"
	}
	if !failed {
		want["protocol"], want["caa_truncated"] = "udp", false
		if r.tcp {
			want["protocol"], want["caa_truncated"] = "tcp", true
		}
	}
	for i, word := range strings.Fields(r.security) {
		column := []string{"dnssec_status", "dnssec_reason", "ds_present", "dnssec_failed_at", "mx_security"}[i]
		switch {
		case word == "?":
		case word == "-":
			want[column] = nil
		case column == "ds_present":
			want[column] = word == "true"
		default:
			want[column] = word
		}
	}

	got := map[string]any{}
	for column := range want {
		if list, field, ok := strings.Cut(column, "."); ok {
			values := []any{}
			for _, level := range d[list].([]any)[:min(len(levels), len(d[list].([]any)))] {
				values = append(values, level.(map[string]any)[field])
			}
			got[column] = values
		} else {
			got[column] = d[column]
		}
	}
	if all, ok := got["findings"].([]any); ok { // of the causes, scanner/caa has the tests
		got["findings"] = slices.DeleteFunc(slices.Clone(all), func(f any) bool { return !slices.Contains(classes, caa.Finding(f.(string))) })
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", r.name, diff)
	}
	r.checkAbove(t, d["climb"].([]any)[len(names):], last)
}

// classes are the findings of the rules page.
var classes = []caa.Finding{
	caa.MalformedValue, caa.UnknownTag, caa.UnknownCritical, caa.ReservedFlagBits, caa.BadIodef, caa.BadContact, caa.Alias, caa.Inherited,
}

// checkAbove checks the levels above that which decides: there are none above a set, nor above what no rule passes over, and
// above other failures they go on to the top or to a set, which is kept.
func (r *row) checkAbove(t *testing.T, above []any, decided string) {
	t.Helper()
	switch decided {
	case "found", "nodata", "nxdomain", "bogus", "skipped", "blocked":
		if len(above) > 0 {
			t.Errorf("%s: %s decides, and the climb goes on: %v", r.name, decided, above)
		}
		return
	}
	name := strings.Split(r.name, ".")[len(strings.Fields(r.climb)):]
	for i, level := range above {
		l := level.(map[string]any)
		found, set := l["outcome"] == "found", l["caa"].([]any)
		if l["name"] != strings.Join(name, ".") || found != (len(set) > 0) || found && i < len(above)-1 {
			t.Errorf("%s: above the failure %v", r.name, l)
		}
		if name = name[1:]; found {
			return
		}
	}
	if len(name) > 0 && (len(above) == 0 || above[len(above)-1].(map[string]any)["outcome"] != "skipped") {
		t.Errorf("%s: the climb ends below %s", r.name, strings.Join(name, "."))
	}
}

func anys(words []string) []any {
	list := []any{}
	for _, w := range words {
		list = append(list, w)
	}
	return list
}

func openDuckDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec("SET threads=1"); err != nil {
		t.Fatal(err)
	}
	return db
}

// query returns the rows of a query, each as a map from column to value.
func query(t *testing.T, db *sql.DB, text string) []map[string]any {
	t.Helper()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		for i, column := range columns {
			m[column] = values[i]
		}
		all = append(all, m)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// parquet is a table of a scan directory for the FROM of a query.
func parquet(dir, table string) string {
	return fmt.Sprintf("read_parquet('%s/%s/*.parquet')", dir, table)
}

// scanInput is the list of all expected names, shuffled by nothing but the map.
func scanInput(t *testing.T, names ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(file, []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestScanRowByRow scans every name of the test world into Parquet and compares each row, as DuckDB reads it.
func TestScanRowByRow(t *testing.T) {
	t.Parallel() // most of it is waiting
	w := servers(t)
	expected := allRows()
	var names []string
	for name := range expected {
		names = append(names, name)
	}
	slices.Sort(names)
	dir := filepath.Join(t.TempDir(), "scan")
	code, stdout, stderr := caascan(t, "", append([]string{"scan", scanInput(t, names...)}, w.flags("--out", dir, "--timeout", "2s", "--retries", "1")...)...)
	if code != exitDone || stdout != "" {
		t.Fatalf("exit code %d, stdout %q, stderr %s", code, stdout, stderr)
	}
	db := openDuckDB(t)
	rows := query(t, db, "SELECT * FROM "+parquet(dir, "domains"))
	if len(rows) != len(names) {
		t.Errorf("%d rows for %d names", len(rows), len(names))
	}
	seen := map[string]bool{}
	for _, d := range rows {
		name := d["query_name"].(string)
		r, ok := expected[name]
		if !ok || seen[name] {
			t.Errorf("a row too many: %s", name)
			continue
		}
		seen[name] = true
		r.check(t, d)
		if line := d["input_line"].(int64); line < 1 || line > int64(len(names)) || names[line-1] != name {
			t.Errorf("%s: input line %d", name, line)
		}
	}
	t.Run("Records", func(t *testing.T) { checkRecords(t, db, dir) })
	t.Run("Values", func(t *testing.T) { checkValues(t, db, dir) })
	t.Run("Mail", func(t *testing.T) { checkMail(t, db, dir) })
	t.Run("Servers", func(t *testing.T) { w.checkServers(t, db, dir, rows) })
	t.Run("Manifest", func(t *testing.T) { checkManifest(t, db, dir, output.Complete) })
}

// checkRecords holds caa_records against the lists in domains: another column encoding of the same records.
func checkRecords(t *testing.T, db *sql.DB, dir string) {
	for what, text := range map[string]string{
		"relevant records by name": `
			SELECT query_name, caa_count FROM %[1]s WHERE caa_count > 0 EXCEPT ALL
			SELECT query_name, count(*)::SMALLINT FROM %[2]s WHERE relevant GROUP BY query_name`,
		"every element of caa": `
			SELECT query_name, p.flags, p.tag, p.value, p.issuer_domain, p.params, p.syntax FROM (SELECT query_name, unnest(caa) AS p FROM %[1]s) EXCEPT ALL
			SELECT query_name, caa_flags, caa_tag, caa_value, issuer_domain, params, syntax FROM %[2]s WHERE relevant`,
		"every relevant record": `
			SELECT query_name, caa_flags, caa_tag, caa_value, issuer_domain, params, syntax FROM %[2]s WHERE relevant EXCEPT ALL
			SELECT query_name, p.flags, p.tag, p.value, p.issuer_domain, p.params, p.syntax FROM (SELECT query_name, unnest(caa) AS p FROM %[1]s)`,
		"depth, TTL, owner and alias": `
			SELECT query_name, caa_depth, response_ttl, response_name, from_alias FROM %[2]s WHERE relevant EXCEPT
			SELECT query_name, caa_depth, caa_ttl, coalesce(caa_via_alias, caa_name), if(caa_via_alias IS NULL, NULL, caa_name) FROM %[1]s`,
		"counts of issuers": `
			SELECT query_name FROM %[1]s WHERE issuer_count_tls <> len(tls_issuers) OR issuer_count_smime <> len(smime_issuers)`,
		"names of the raw data": `
			SELECT query_name FROM %[2]s WHERE (raw_rdata IS NOT NULL) <> (query_name = 'bad.unreadable.com' AND caa_tag IS NULL)`,
	} {
		if rows := query(t, db, fmt.Sprintf(text, parquet(dir, "domains"), parquet(dir, "caa_records"))); len(rows) > 0 {
			t.Errorf("%s: %d rows differ, the first: %v", what, len(rows), rows[0])
		}
	}
}

// checkValues compares what people and attackers wrote into values: as published, and safe in every reader.
func checkValues(t *testing.T, db *sql.DB, dir string) {
	want := map[string][]string{
		"mixed":       {`0 IsSuE Ca.Example`, `0 ISSUEWILD ;`, `128 iOdEf mailto:a@example.net`},
		"generic":     {`0 issue generic.example`},
		"script":      {`0 issue <script>alert(1)</script>`, `0 iodef javascript:alert('x')`},
		"control":     {`0 issue a\000b\007c\027[31md\010e\013f\127`, `0 iodef mailto:\255\254@example.net`},
		"quotes":      {`0 issue "quoted.example"`, `0 issue back\\slash.example`},
		"formula":     {`0 issue =HYPERLINK(0)`},
		"empty-value": {`0 issue `},
		"reserved":    {`1 issue ca.example`, `127 iodef https://report.example/`},
		"critical":    {`128 tbs Unknown`, `0 issue ca.example`},
		"contact":     {`0 contactemail domains@example.net`, `0 contactphone +1 (555) 01000`},
		"long-value":  {`0 issue long.example; x=` + strings.Repeat("v", longValue-len("long.example; x="))},
	}
	for _, zone := range featureZones {
		for name, values := range want {
			slices.Sort(values)
			var got []string
			for _, r := range query(t, db, fmt.Sprintf(`SELECT concat(caa_flags, ' ', caa_tag, ' ', caa_value) AS text FROM %s WHERE query_name = '%s.%s'`,
				parquet(dir, "caa_records"), name, zone)) {
				got = append(got, r["text"].(string))
			}
			slices.Sort(got)
			if diff := gocmp.Diff(values, got); diff != "" {
				t.Errorf("%s.%s (-want +got):\n%s", name, zone, diff)
			}
		}
		for condition, name := range map[string]string{
			"rfc8657_accounturi AND rfc8657_validationmethods AND NOT param_other": "params",
			"param_other AND NOT rfc8657_accounturi":                               "several",
			"critical_any AND critical_unknown_tag AND NOT critical_on_known":      "critical",
			"critical_any AND critical_on_known AND NOT critical_unknown_tag":      "critical-known",
			"reserved_flag_bits AND NOT critical_any":                              "reserved",
			"contactemail_set AND contactphone_set AND NOT issue_set":              "contact",
			"caa_count = 1001 AND tcp_count >= 1 AND caa_bytes > 20000":            "records-1001",
			"issuemail_set AND NOT issue_set AND issuer_count_smime = 1":           "mail-only",
			"issuevmc_set":                                  "vmc",
			"unknown_tag_set AND NOT critical_any":          "unknown",
			"issuewild_set AND iodef_set":                   "mixed",
			"cname_depth = 1 AND caa_via_alias IS NOT NULL": "cname",
			"caa[1].params = [{name: 'accounturi', value: 'https://ca.example/acct/1'}, {name: 'validationmethods', value: 'dns-01,ca-own'}]": "params",
		} {
			rows := query(t, db, fmt.Sprintf("SELECT coalesce(%s, false) AS holds FROM %s WHERE query_name = '%s.%s'", condition, parquet(dir, "domains"), name, zone))
			if len(rows) != 1 || rows[0]["holds"] != true {
				t.Errorf("%s.%s: not so: %s", name, zone, condition)
			}
		}
	}
	hash := query(t, db, fmt.Sprintf("SELECT count(*) AS n, count(DISTINCT caa_rrset_hash) AS hashes FROM %s WHERE list_contains(tls_issuers, 'target.example')", parquet(dir, "domains")))
	if hash[0]["n"].(int64) < 20 || hash[0]["hashes"] != int64(1) {
		t.Errorf("one set by many ways: %v, want one hash", hash[0])
	}
}

// checkMail compares the columns about mail that vary.
func checkMail(t *testing.T, db *sql.DB, dir string) {
	for _, zone := range featureZones {
		for name, want := range map[string]string{
			"nullmx":     "[.] [0]",
			"several-mx": "[a.mail.example.net, z.mail.example.net, b.mail.example.net] [10, 10, 20]",
			"mx-alias":   "[a.mail.example.net, z.mail.example.net, b.mail.example.net] [10, 10, 20]",
			"nomail":     "[] []",
			"mail":       "[] []",
		} {
			rows := query(t, db, fmt.Sprintf("SELECT concat(mx_address::VARCHAR, ' ', mx_preference::VARCHAR) AS text FROM %s WHERE query_name = '%s.%s'", parquet(dir, "domains"), name, zone))
			if rows[0]["text"] != want {
				t.Errorf("%s.%s: %v, want %s", name, zone, rows[0]["text"], want)
			}
		}
		rows := query(t, db, fmt.Sprintf("SELECT len(mx_address) AS n, mx_address[80] AS last, mx_preference[80] AS preference, tcp_count > 0 AS tcp FROM %s WHERE query_name = 'many-mx.%s'", parquet(dir, "domains"), zone))
		if diff := gocmp.Diff(map[string]any{"n": int64(manyMX), "last": "mx79.mail.example.net", "preference": int32(790), "tcp": true}, rows[0]); diff != "" {
			t.Errorf("many-mx.%s (-want +got):\n%s", zone, diff)
		}
	}
}

// checkServers holds the servers that rows name, and the table nameservers, against the daemons there are.
func (w *world) checkServers(t *testing.T, db *sql.DB, dir string, rows []map[string]any) {
	for _, d := range rows {
		owner, found := d["caa_via_alias"].(string)
		if !found {
			owner, found = d["caa_name"].(string)
		}
		if addrs := w.serving(owner); found && !slices.Contains(addrs, d["resolver"].(string)) {
			t.Errorf("%v: resolver %v, but %s is served at %v", d["query_name"], d["resolver"], owner, addrs)
		}
	}

	table := query(t, db, "SELECT * FROM "+parquet(dir, "nameservers"))
	byAddr := map[string]map[string]any{}
	sent := int64(0)
	for _, s := range table {
		byAddr[s["server_ip"].(string)] = s
		sent += s["sent"].(int64)
		if answered, lost := s["answered"].(int64), s["timeouts"].(int64)+s["unreachable"].(int64); answered+lost != s["sent"] {
			t.Errorf("%v: sent %v, answered %d, lost %d", s["server_ip"], s["sent"], answered, lost)
		}
	}
	counted := query(t, db, "SELECT sum(query_count)::BIGINT AS n FROM "+parquet(dir, "domains"))[0]["n"]
	if counted != sent {
		t.Errorf("the rows count %v queries, the servers %d", counted, sent)
	}
	for _, d := range daemons {
		for _, addr := range d.addrs {
			s := byAddr[addr]
			delete(byAddr, addr)
			switch {
			case s == nil:
				if len(d.addrs) == 1 { // of several, one may do
					t.Errorf("%s (%s): no row", addr, d.name)
				}
			case s["answered"] == int64(0) || s["timeouts"] != int64(0) || s["unreachable"] != int64(0):
				t.Errorf("%s (%s): answered %v, timeouts %v, unreachable %v", addr, d.name, s["answered"], s["timeouts"], s["unreachable"])
			case s["edns_support"] != "answers" || s["caa_support"] != "answers" || s["mixed_case_support"] != "answers":
				t.Errorf("%s (%s): EDNS %v, CAA %v, mixed case %v", addr, d.name, s["edns_support"], s["caa_support"], s["mixed_case_support"])
			}
		}
	}
	for addr, column := range map[string]string{deadAddr: "unreachable", silentAddr: "timeouts"} {
		if s := byAddr[addr]; s == nil || s["answered"] != int64(0) || s[column].(int64) < 2 {
			t.Errorf("%s: %v, want %s", addr, s, column)
		}
		delete(byAddr, addr)
	}
	if len(byAddr) > 0 {
		t.Errorf("servers that are not of this world: %v", byAddr)
	}
	six := query(t, db, fmt.Sprintf("SELECT server_names, dns_operator FROM %s WHERE server_ip = '::1'", parquet(dir, "nameservers")))
	if diff := gocmp.Diff([]map[string]any{{"server_names": []any{"ns1.six-hosting.com"}, "dns_operator": "six-hosting.com"}}, six); diff != "" {
		t.Errorf("::1 (-want +got):\n%s", diff)
	}
	asked := query(t, db, fmt.Sprintf("SELECT count(DISTINCT l.server) AS n FROM (SELECT unnest(climb) AS l FROM %s WHERE query_name LIKE '%%.many.three.com') WHERE l.name LIKE 'h%%'", parquet(dir, "domains")))
	if n := asked[0]["n"].(int64); n < 2 { // a busy machine may make one of the three much slower than the others
		t.Errorf("three.com: %d of its servers were asked", n)
	}

}

// checkManifest holds the manifest against the files, read by others.
func checkManifest(t *testing.T, db *sql.DB, dir string, state output.State) output.Manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m output.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m.State != state {
		t.Errorf("manifest: state %s, want %s", m.State, state)
	}
	rows := map[string]int64{}
	listed := map[string]bool{}
	for _, part := range m.Parts {
		content, err := os.ReadFile(filepath.Join(dir, part.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(content)); sum != part.SHA256 || int64(len(content)) != part.Bytes {
			t.Errorf("%s: %d octets, SHA-256 %s; the manifest says %d, %s", part.File, len(content), sum, part.Bytes, part.SHA256)
		}
		n := query(t, db, fmt.Sprintf("SELECT count(*) AS n FROM read_parquet('%s/%s')", dir, part.File))[0]["n"]
		if n != part.Rows {
			t.Errorf("%s: %v rows, the manifest says %d", part.File, n, part.Rows)
		}
		rows[part.Table] += part.Rows
		listed[part.File] = true
	}
	if rows["domains"] != m.Totals.Rows || rows["caa_records"] != m.Totals.Records || rows["nameservers"] != m.Totals.Servers {
		t.Errorf("manifest: totals %+v, but rows of parts %v", m.Totals, rows)
	}
	if m.Totals.Lines != m.Totals.Rows+m.Totals.Rejects {
		t.Errorf("manifest: %d lines, but %d rows and %d rejects", m.Totals.Lines, m.Totals.Rows, m.Totals.Rejects)
	}
	v, err := output.Verify(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range v.Faults {
		t.Errorf("verify: %v", fault)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, _ := filepath.Rel(dir, file)
		if folder := filepath.Dir(name); !listed[name] && folder != "journal" && folder != "aside" && !strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("%s is not in the manifest", name)
		}
	}
	return m
}

// TestEveryLineOnce: whatever stands in a line of the input, it ends in exactly one row or one reject.
func TestEveryLineOnce(t *testing.T) {
	w := servers(t)
	zone := featureZones[1]
	label := strings.Repeat("l", 64)
	lines := []struct{ text, name, input, kind, reason string }{
		{text: "CNAME." + strings.ToUpper(zone), name: "cname." + zone, input: "CNAME." + strings.ToUpper(zone), kind: "name"},
		{text: "mixed." + zone + ".", name: "mixed." + zone, input: "mixed." + zone + ".", kind: "name"},
		{text: "  generic." + zone + "\t", name: "generic." + zone, kind: "name"},
		{text: "bücher." + zone, name: "xn--bcher-kva." + zone, input: "bücher." + zone, kind: "name"},
		{text: "*.wild." + zone, name: "wild." + zone, input: "*.wild." + zone, kind: "wildcard"},
		{text: "Somebody@mail-only." + zone, name: "mail-only." + zone, input: "@mail-only." + zone, kind: "mail"},
		{text: "cname." + zone, name: "cname." + zone, kind: "name"}, // a name may come twice
		{text: "192.0.2.1", reason: "ip-address"},
		{text: "2001:db8::1", reason: "ip-address"},
		{text: "a..b." + zone, reason: "empty-label"},
		{text: label + "." + zone, reason: "label-too-long"},
		{text: strings.Repeat("long.", 60) + zone, reason: "name-too-long"},
		{text: "a.*." + zone, reason: "star-inside"},
		{text: "user@[192.0.2.1]", reason: "address-literal"},
		{text: "bad name." + zone, reason: "bad-character"},
		{text: "\x00\xff\xfe." + zone, reason: "not-text"},
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.text + "\n")
	}
	dir := filepath.Join(t.TempDir(), "scan")
	mustCaascan(t, text.String(), append([]string{"scan", "-"}, w.flags("--out", dir)...)...)
	db := openDuckDB(t)
	got := map[int64]string{}
	add := func(line int64, what string) {
		if got[line] != "" {
			t.Errorf("line %d: %s and %s", line, got[line], what)
		}
		got[line] = what
	}
	for _, d := range query(t, db, "SELECT input_line, query_name, coalesce(input_name, '') AS input_name, input_kind FROM "+parquet(dir, "domains")) {
		add(d["input_line"].(int64), fmt.Sprint(d["query_name"], " ", d["input_name"], " ", d["input_kind"]))
	}
	for _, d := range query(t, db, fmt.Sprintf("SELECT line, reason FROM read_csv('%s/rejects.csv', header=true, all_varchar=true)", dir)) {
		line, err := strconv.ParseInt(d["line"].(string), 10, 64)
		if err != nil {
			t.Error(err)
		}
		add(line, d["reason"].(string))
	}
	for i, line := range lines {
		want := cmp.Or(line.reason, fmt.Sprint(line.name, " ", line.input, " ", line.kind))
		if got[int64(i+1)] != want {
			t.Errorf("line %d, %q: %q, want %q", i+1, line.text, got[int64(i+1)], want)
		}
	}
	m := checkManifest(t, db, dir, output.Complete)
	if m.Totals.Lines != int64(len(lines)) {
		t.Errorf("manifest: %d lines, want %d", m.Totals.Lines, len(lines))
	}
}

// varies are the columns that differ from one scan to the next by nature: times, and what the choice among servers and
// the order of the names decide.
var varies = []string{
	"scan_id", "timestamp", "first_query_at", "last_query_at", "rtt_us", "queue_wait_us", "resolver", "resolver_name",
	"query_count", "retry_count", "tcp_count", "caa_bytes",
}

// TestJSONLinesAsParquet scans the feature zones once into Parquet and once to JSON lines, and compares the two column by
// column, both read by DuckDB.
func TestJSONLinesAsParquet(t *testing.T) {
	w := servers(t)
	var names []string
	for name, r := range allRows() {
		if slices.ContainsFunc(featureZones, func(zone string) bool { return strings.HasSuffix(name, zone) }) && r.zone != "?" && r.chain != "?" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list, temp := scanInput(t, names...), t.TempDir()
	dir, file := filepath.Join(temp, "scan"), filepath.Join(temp, "rows.jsonl")
	mustCaascan(t, "", append([]string{"scan", list}, w.flags("--out", dir, "--vantage", "lab", "--seed", "1")...)...)
	lines := mustCaascan(t, "", append([]string{"scan", list}, w.flags("--out", "-", "--format", "jsonl", "--vantage", "lab", "--seed", "1")...)...)
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(lines) { // the row type is the only place that defines the keys
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(new(output.Domain)); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	db := openDuckDB(t)
	columns, types := []string{}, []string{}
	for _, c := range query(t, db, "DESCRIBE SELECT * FROM "+parquet(dir, "domains")) {
		columns = append(columns, c["column_name"].(string))
		types = append(types, fmt.Sprintf("'%s': '%s'", c["column_name"], c["column_type"]))
	}
	read := fmt.Sprintf("read_json('%s', format='newline_delimited', maximum_object_size=100000000, columns={%s})", file, strings.Join(types, ", "))
	if _, err := db.Exec("CREATE TABLE p AS SELECT * FROM " + parquet(dir, "domains") + "; CREATE TABLE j AS SELECT * FROM " + read); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"p", "j"} {
		if n := query(t, db, "SELECT count(DISTINCT input_line) AS n FROM "+table)[0]["n"]; n != int64(len(names)) {
			t.Errorf("%s: %v lines, want %d", table, n, len(names))
		}
	}
	// Which server answered, after how many tries, and whether it was asked at all or a denial known from other names
	// answered (RFC 8198), varies too; the other fields of a level do not.
	const level = "list_transform(%s.climb, lambda l: (l.name, l.outcome, l.security, l.reason, l.failed_at, l.ede, l.ede_text, l.alias_to, l.ttl))"
	for _, column := range columns {
		a, b := "p."+column, "j."+column
		switch {
		case slices.Contains(varies, column):
			a, b = a+" IS NULL", b+" IS NULL"
			if strings.HasSuffix(column, "query_at") {
				continue // NULL where other names' queries had told everything
			}
		case column == "climb":
			a, b = fmt.Sprintf(level, "p"), fmt.Sprintf(level, "j")
		case column == "caa": // servers rotate sets
			a, b = "list_sort(p.caa)", "list_sort(j.caa)"
		}
		differ := query(t, db, fmt.Sprintf("SELECT p.query_name, (%s)::VARCHAR AS parquet, (%s)::VARCHAR AS json FROM p JOIN j USING (input_line) WHERE (%[1]s) IS DISTINCT FROM (%[2]s)", a, b))
		if len(differ) > 0 {
			t.Errorf("%s: %d rows differ, the first: %v", column, len(differ), differ[0])
		}
	}
}

package analysis

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// level is a level of a climb.
func level(outcome, security string, more ...func(*output.Level)) output.Level {
	l := output.Level{Outcome: outcome, Security: security, Attempts: 2}
	for _, m := range more {
		m(&l)
	}
	return l
}

// stored is a row with what verdicts depend on.
func stored(name string, depth int, properties []output.Property, climb ...output.Level) output.Domain {
	d := output.Domain{QueryName: name, TLD: "example", PublicSuffix: "example", Labels: 2, Exists: "exists", Status: "ok", CAAStatus: "none", Climb: climb}
	if len(properties) > 0 {
		at := int8(depth)
		d.CAAStatus, d.CAADepth, d.CAA, d.CAARRsetHash = "found", &at, properties, fmt.Sprint(properties)
	}
	return d
}

func issue(value string) output.Property { return output.Property{Tag: "issue", Value: value} }

// storedNames are names with every way that evidence differs, and some with the same.
func storedNames() []output.Domain {
	none := []output.Level{level("nodata", "insecure"), level("nodata", "secure")}
	alias := func(l *output.Level) { l.AliasTo = "target.example" }
	return []output.Domain{
		stored("a.example", 0, nil, none...),
		stored("b.example", 0, nil, none...), // as a
		stored("c.example", 0, nil, level("nodata", "insecure", alias), level("nodata", "secure")),
		stored("d.example", 0, nil, level("nodata", "insecure", alias), level("nodata", "secure")), // as c
		stored("e.example", 0, []output.Property{issue("ca.example")}, level("found", "insecure")),
		stored("f.example", 0, []output.Property{issue(`ca.example\059\255`)}, level("found", "insecure")),
		stored("g.example", 1, []output.Property{issue("ca.example")}, level("nodata", "insecure"), level("found", "secure")),
		stored("h.example", 0, nil, level("timeout", "insecure"), level("found", "secure", func(l *output.Level) { l.CAA = []string{`0 issue "other.example"`} })),
		stored("i.example", 0, nil, level("timeout", "insecure"), level("nodata", "secure")),
		stored("j.example", 0, nil, level("bogus", "bogus", func(l *output.Level) { l.Reason = "expired" }), level("nodata", "secure")),
		stored("k.example", 0, nil, level("nodata", "insecure", func(l *output.Level) { l.EDE = []int16{16} }), level("nodata", "secure")),
		stored("l.example", 0, nil, level("servfail", "indeterminate", func(l *output.Level) { l.Reason = "signed-zone" }), level("nodata", "secure")),
		stored("m.example", 0, nil, level("nodata", "secure", func(l *output.Level) { l.Truncated = true }), level("nodata", "secure")),
		stored("n.example", 0, nil, level("timeout", "insecure", func(l *output.Level) { l.Attempts = 1 }), level("nodata", "secure")),
		{QueryName: "o.example", TLD: "example", Labels: 2, Exists: "unresolved", Status: "internal", Climb: []output.Level{}},
		{QueryName: "x", TLD: "x", PublicSuffix: "x", Labels: 1, Exists: "exists", Status: "ok", CAAStatus: "none", Climb: none[:1]}, // a public suffix itself
	}
}

// open opens a scan of rows.
func openRows(t testing.TB, rows []output.Domain) *Data {
	t.Helper()
	scan := scantest.Scan{Domains: rows}
	d, err := Open(context.Background(), []string{scan.Write(t, t.TempDir())}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// The verdict that SQL sees of a name is that of caa.Decide on what is stored of that name, under every rule.
func TestVerdictsOfNames(t *testing.T) {
	rows := storedNames()
	d := openRows(t, rows)
	if err := d.Reduce(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	var rulings []Ruling
	byName := map[string]*Ruling{}
	for _, p := range caa.BuiltIn().Profiles() {
		for kind := range caa.Kind(caa.Kinds) {
			if p.Covers(kind) {
				rulings = append(rulings, Ruling{fmt.Sprint(p.Name, " ", kind), caa.Request{Kind: kind, Issuers: []string{"ca.example"}}, p})
			}
		}
	}
	for i := range rulings {
		byName[rulings[i].Name] = &rulings[i]
	}
	if err := d.Decide(t.Context(), "", rulings); err != nil {
		t.Fatal(err)
	}
	verdicts, err := d.Select(t.Context(), "SELECT query_name, ruling, permitted, reason, retry FROM judged JOIN verdicts USING (evidence)")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(rows) * len(rulings); len(verdicts.Rows) != want {
		t.Errorf("%d verdicts, want %d", len(verdicts.Rows), want)
	}
	byQuery := map[string]*output.Domain{}
	for i := range rows {
		byQuery[rows[i].QueryName] = &rows[i]
	}
	for _, row := range verdicts.Rows {
		ev, err := byQuery[row[0].(string)].Evidence()
		if err != nil {
			t.Fatal(err)
		}
		r := byName[row[1].(string)]
		want := caa.Decide(&ev, &r.Request, r.Profile)
		if row[2] != want.Permitted.String() || row[3] != want.Reason.String() || row[4] != want.Retry.String() {
			t.Errorf("%v: %+v, want %+v", row[:2], row[2:], want)
		}
	}
}

// Names with the same evidence share one, and no others do; the groups add up to all names.
func TestReduce(t *testing.T) {
	rows := storedNames()
	d := openRows(t, rows)
	if err := d.Reduce(t.Context(), "all_"); err != nil {
		t.Fatal(err)
	}
	number := map[string]int64{}
	names, err := d.Select(t.Context(), "SELECT query_name, evidence FROM all_judged")
	if err != nil {
		t.Fatal(err)
	}
	shared := map[int64]int{}
	for _, row := range names.Rows {
		number[row[0].(string)] = row[1].(int64)
		shared[row[1].(int64)]++
	}
	if number["a.example"] != number["b.example"] || number["c.example"] != number["d.example"] || len(shared) != len(rows)-2 {
		t.Errorf("evidences %v", number)
	}
	total := int64(0)
	if err := d.Evidences(t.Context(), "all_", func(e *Evidence) error { total += e.Names; return nil }); err != nil || total != int64(len(rows)) {
		t.Errorf("%d names, %v", total, err)
	}
	if err := d.Groups(t.Context(), "all_", "groups", "all_judged"); err != nil {
		t.Fatal(err)
	}
	groups, err := d.Select(t.Context(), "SELECT sum(names)::BIGINT, count(*) FILTER (tld = 'x') FROM groups")
	if err != nil || groups.Rows[0][0] != total || groups.Rows[0][1] != int64(1) {
		t.Errorf("%v in groups, %v", groups, err)
	}
	// Of names that failed the groups are known without reading them again, and are the same.
	if _, err := d.Select(t.Context(), "CREATE TABLE failing AS SELECT evidence FROM all_judged WHERE status = 'internal'"); err != nil {
		t.Fatal(err)
	}
	if err := d.Groups(t.Context(), "all_", "failing_groups", "failing"); err != nil {
		t.Fatal(err)
	}
	differ, err := d.Select(t.Context(), "(FROM failing_groups EXCEPT FROM groups) UNION ALL (FROM groups WHERE evidence IN (FROM failing) EXCEPT FROM failing_groups)")
	if err != nil || len(differ.Rows) > 0 {
		t.Errorf("%v, %v", differ, err)
	}
	known, err := d.Select(t.Context(), "SELECT count(*) FROM failing_groups")
	if err != nil || known.Rows[0][0] != int64(1) {
		t.Errorf("%v, %v", known, err)
	}
}

// A row that no scan can have written is an error, not a verdict.
func TestEvidencesOfDamagedRows(t *testing.T) {
	d := openRows(t, []output.Domain{stored("a.example", 0, nil, level("'; DROP TABLE domains; --", "secure"))})
	if err := d.Reduce(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Evidences(t.Context(), "", func(*Evidence) error { return nil }); err == nil {
		t.Error("no error")
	}
}

// What Reduce and Decide take, beside reading the same columns; of the scan in CAAREPORT_SCAN.
func BenchmarkVerdicts(b *testing.B) {
	dir := os.Getenv("CAAREPORT_SCAN")
	if dir == "" {
		b.Skip("CAAREPORT_SCAN names no scan")
	}
	d, err := Open(b.Context(), []string{dir}, Options{Trust: true})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	rule, _ := caa.BuiltIn().ByName("tls-2026-06", caa.TLS)
	ruling := []Ruling{{"a", caa.Request{Kind: caa.TLS, Issuers: []string{"ca.example"}}, rule}}
	run := func(f func() error) time.Duration {
		started := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		return time.Since(started)
	}
	selects := func(statement string) func() error {
		return func() error { _, err := d.Select(b.Context(), statement); return err }
	}
	var scan, reduce, decide, join time.Duration
	for b.Loop() {
		scan += run(selects("SELECT max(labels), max(public_suffix), max(len(climb)), max(caa_depth), max(caa_rrset_hash) FROM domains"))
		reduce += run(func() error { return d.Reduce(b.Context(), "") })
		decide += run(func() error { return d.Decide(b.Context(), "", ruling) })
		join += run(func() error { return d.Groups(b.Context(), "", "groups", "verdicts") })
	}
	found, err := d.Select(b.Context(), "SELECT count(*), sum(names)::BIGINT FROM evidences")
	if err != nil {
		b.Fatal(err)
	}
	million := float64(b.N) * float64(found.Rows[0][1].(int64)) / 1e6
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(scan.Seconds()/million, "scan-s/M")
	b.ReportMetric(reduce.Seconds()/scan.Seconds(), "reduce/scan")
	b.ReportMetric(decide.Seconds()/scan.Seconds(), "decide/scan")
	b.ReportMetric(join.Seconds()/scan.Seconds(), "groups/scan")
	b.ReportMetric(float64(found.Rows[0][0].(int64)), "evidences")
}

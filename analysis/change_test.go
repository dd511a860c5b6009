package analysis

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// seen is a name of a round as a test makes it up: what the look-up showed.
type seen func(*output.Domain)

// none is an answer without a set.
func none(d *output.Domain) { d.Status, d.CAAStatus = "ok", "none" }

// nxdomain is a name that does not exist.
func nxdomain(d *output.Domain) { d.Exists, d.Status = "nxdomain", "nxdomain" }

// failed is a look-up that failed.
func failed(status string) seen {
	return func(d *output.Domain) {
		d.Status, d.CAAStatus, d.TLSPosture = status, "error", "error"
		if status == "bogus" {
			d.DNSSECStatus = "bogus"
		} else {
			d.DNSSECStatus, d.Exists = "indeterminate", "unresolved"
		}
	}
}

// blocked is a name that opted out.
func blocked(d *output.Domain) { d.Status, d.CAAStatus, d.DNSSECStatus = "blocked", "", "" }

// set is a set, each record as "tag value", so many labels above the name.
func set(depth int8, records ...string) seen {
	var properties []caa.Property
	var rows []output.Property
	for _, text := range records {
		tag, value, _ := strings.Cut(text, " ")
		properties = append(properties, caa.Property{Tag: tag, Value: value})
		rows = append(rows, output.Property{Tag: output.Octets(tag), Value: output.Octets(value), Params: []output.Param{}})
	}
	judged, hash := caa.Judge(properties), caa.Hash(properties)
	return func(d *output.Domain) {
		d.Status, d.CAAStatus, d.CAADepth, d.CAA, d.CAARRsetHash = "ok", "found", &depth, rows, hex.EncodeToString(hash[:])
		d.TLSIssuers, d.TLSPosture = nonNil(judged.Issuers[caa.TLS]), judged.Posture[caa.TLS].String()
		d.TLSWildIssuers, d.TLSWildPosture = nonNil(judged.Issuers[caa.TLSWildcard]), judged.Posture[caa.TLSWildcard].String()
		d.SMIMEIssuers, d.SMIMEPosture = nonNil(judged.Issuers[caa.SMIME]), judged.Posture[caa.SMIME].String()
		d.VMCIssuers, d.VMCPosture = nonNil(judged.Issuers[caa.VMC]), judged.Posture[caa.VMC].String()
		mail := slices.ContainsFunc(properties, func(p caa.Property) bool { return p.Tag == "issuemail" })
		d.IssuemailSet = &mail
	}
}

// own is a set at the name itself.
func own(records ...string) seen { return set(0, records...) }

// alias is a set at the end of an alias.
func alias(records ...string) seen {
	return func(d *output.Domain) {
		own(records...)(d)
		d.CAAViaAlias = "hoster.example"
	}
}

// at is what a name showed at an operator.
func at(operator string, what seen) seen {
	return func(d *output.Domain) {
		what(d)
		d.DNSOperator = operator
	}
}

// signed is what a name showed that is secure.
func signed(what seen) seen {
	return func(d *output.Domain) {
		d.DNSSECStatus = "secure"
		what(d)
	}
}

// line is a line of a list.
type line struct {
	name string
	seen seen
}

// round writes a round. Names whose first label is an even number have a rank.
func round(t *testing.T, day int, vantage string, lines []line) string {
	t.Helper()
	scan := scantest.Scan{Manifest: output.Manifest{Vantage: vantage, StartedAt: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), Inputs: []output.Input{{Path: "list.txt"}}}}
	for i, l := range lines {
		d := output.Domain{
			QueryName: l.name, InputLine: int64(i + 1), TLD: l.name[strings.LastIndex(l.name, ".")+1:], Exists: "exists", DNSSECStatus: "insecure",
			DNSOperator: "op.example", RankBucket: "1-1k", Climb: []output.Level{},
		}
		if strings.HasSuffix(l.name, ".net") {
			d.RankBucket = ""
		}
		l.seen(&d)
		scan.Domains = append(scan.Domains, d)
	}
	return scan.Write(t, filepath.Join(t.TempDir(), fmt.Sprint("day", day, vantage)))
}

const (
	a, b, mail  = "issue a.example", "issue b.example", "issuemail a.example"
	letsencrypt = "issue letsencrypt.org"
	digicert    = "issue digicert.com"
)

// changing is every kind of change: what a name showed then (nil: not in the list), now, and what is to be said.
var changing = []struct {
	name      string
	then, now seen
	change    string
}{
	{"own.com", none, own(a), "adopted, own set"},
	{"own2.com", none, at("new.example", own(letsencrypt)), "adopted, own set"},
	{"alias.com", none, alias(a), "adopted, by alias"},
	{"inherits.com", none, set(1, a), "adopted, inherited"},
	{"drops.com", own(a), none, "removed, own set"},
	{"dropsalias.net", alias(a), none, "removed, by alias"},
	{"dropsabove.net", set(2, a), none, "removed, inherited"},
	{"swaps.com", own(letsencrypt), own(digicert), "changed issuers"},
	{"adds.com", own(a), own(a, b), "changed issuers"},
	{"wild.com", own(a), own(a, "issuewild b.example"), "changed issuers"},
	{"mail.com", own(a), own(a, mail), "changed issuers"},
	{"mark.com", own(a), own(a, "issuevmc b.example"), "changed issuers"},
	{"opens.com", own(a), own("iodef mailto:x@example.org"), "changed issuers"},
	{"closes.com", own("iodef mailto:x@example.org"), own("issue ;"), "changed issuers"},
	{"iodef.com", own(a), own(a, "iodef mailto:x@example.org"), "changed otherwise"},
	{"order.com", own(a, b), own(b, a), "unchanged"},
	{"deeper.com", set(1, a), own(a), "same set elsewhere"},
	{"override.com", set(1, a), own(b), "changed issuers"},
	{"still.com", own(a), own(a), "unchanged"},
	{"plain.net", none, none, "unchanged"},
	{"moves.net", none, at("new.example", none), "unchanged"},
	{"gone.com", own(a), nxdomain2(none), "ceased to exist"},
	{"born.com", nxdomain2(none), own(a), "came to exist"},
	{"stillgone.com", nxdomain2(none), nxdomain2(none), "unchanged"},
	{"breaks.com", signed(own(a)), failed("bogus"), "became bogus"},
	{"mended.com", failed("bogus"), signed(own(a)), "no longer bogus"},
	{"timeout.com", own(a), failed("timeout"), "failed now"},
	{"silent.com", none, failed("servfail"), "failed now"},
	{"optsout.com", own(a), blocked, "failed now"},
	{"answers.com", failed("timeout"), own(a), "failed then"},
	{"never.net", failed("timeout"), failed("refused"), "failed both times"},
	{"new.net", nil, own(a), "appeared"},
	{"old.net", none, nil, "vanished"},
	{"signs.com", none, signed(none), "unchanged"},
	{"unsigns.com", signed(own(a)), own(a), "unchanged"},
	{`<b>"=x'.com`, none, own(`issue "><script>alert(1)</script>\` + "\x00"), "adopted, own set"},
}

func nxdomain2(what seen) seen {
	return func(d *output.Domain) {
		what(d)
		nxdomain(d)
	}
}

// changedLines are the two rounds of changing.
func changedLines() (then, now []line) {
	for _, c := range changing {
		if c.then != nil {
			then = append(then, line{c.name, c.then})
		}
		if c.now != nil {
			now = append(now, line{c.name, c.now})
		}
	}
	slices.Reverse(now) // order says nothing
	return then, now
}

// openRounds opens scans and compares all, in order of time.
func openRounds(t *testing.T, dirs ...string) *Data {
	t.Helper()
	d, err := Open(t.Context(), dirs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// askChange asks a table of question 29, and returns it with the named columns only, as text, joined.
func askChange(t *testing.T, d *Data, id string, columns ...string) []string {
	t.Helper()
	questions, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(questions, func(q Question) bool { return q.Number == 29 })
	p := slices.IndexFunc(questions[i].Parts, func(p Part) bool { return p.ID == id })
	table, err := d.Ask(t.Context(), &questions[i].Parts[p], false)
	if err != nil {
		t.Fatal(err)
	}
	if table.Missing != "" {
		return []string{table.Missing}
	}
	var rows []string
	for _, row := range table.Rows {
		var cells []string
		for _, c := range columns {
			cells = append(cells, exact(row[table.Column(c)]))
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return rows
}

func TestEveryChange(t *testing.T) {
	then, now := changedLines()
	d := openRounds(t, round(t, 1, "", then), round(t, 2, "", now))
	counts := map[string]int{}
	for _, c := range changing {
		counts[c.change]++
	}
	// 36 names: 1 appeared, 1 vanished, so 34 are in both rounds; 7 of these failed in one or both, which leaves 27.
	var want []string
	for _, w := range []struct {
		change, among string
		of, unknown   int
	}{
		{"adopted, own set", "answered", 27, 7}, {"adopted, by alias", "answered", 27, 7}, {"adopted, inherited", "answered", 27, 7},
		{"removed, own set", "answered", 27, 7}, {"removed, by alias", "answered", 27, 7}, {"removed, inherited", "answered", 27, 7},
		{"changed issuers", "answered", 27, 7}, {"changed otherwise", "answered", 27, 7}, {"same set elsewhere", "answered", 27, 7},
		{"ceased to exist", "answered", 27, 7}, {"came to exist", "answered", 27, 7}, {"not compared", "answered", 27, 7}, {"unchanged", "answered", 27, 7},
		{"became bogus", "both", 34, 0}, {"failed now", "both", 34, 0}, {"no longer bogus", "both", 34, 0}, {"failed then", "both", 34, 0},
		{"failed both times", "both", 34, 0}, {"appeared", "either", 36, 0}, {"vanished", "either", 36, 0},
	} {
		want = append(want, fmt.Sprintf("%s|%d|%s|%d|%d", w.change, counts[w.change], w.among, w.of, w.unknown))
	}
	if diff := cmp.Diff(want, askChange(t, d, "change", "change", "n", "among", "of", "unknown")); diff != "" {
		t.Error(diff)
	}
	got := map[string]string{}
	list, err := d.Select(t.Context(), "SELECT query_name, change FROM changes")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range list.Rows {
		got[row[0].(string)] = row[1].(string)
	}
	for _, c := range changing {
		if got[c.name] != c.change {
			t.Errorf("%s: %q, want %q", c.name, got[c.name], c.change)
		}
	}
	for id, want := range changeTables {
		t.Run(id, func(t *testing.T) {
			if diff := cmp.Diff(want.rows, askChange(t, d, id, want.columns...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// changeTables are the tables about changing, worked out by hand from what its lines say.
var changeTables = map[string]struct {
	columns []string
	rows    []string
}{
	"change-rounds": {[]string{"round", "complete", "names", "answered", "unknown", "covered", "own", "issuemail", "tls_restricted", "secure", "bogus"}, []string{
		"1|true|35|32|3|20|16|0|19|2|1", // all but one of the list; closes.com was open
		"2|true|35|30|5|22|20|1|21|2|1", // opens.com is now
	}},
	"change-series": {[]string{"began", "measure", "n", "of", "unknown"}, []string{
		"2026-11-01T00:00:00Z|any CAA|20|32|3", "2026-11-01T00:00:00Z|own set|16|32|3", "2026-11-01T00:00:00Z|issuemail|0|32|3",
		"2026-11-01T00:00:00Z|restricted for TLS|19|32|3", "2026-11-01T00:00:00Z|DNSSEC secure|2|33|2", "2026-11-01T00:00:00Z|DNSSEC bogus|1|33|2",
		"2026-11-02T00:00:00Z|any CAA|22|30|5", "2026-11-02T00:00:00Z|own set|20|30|5", "2026-11-02T00:00:00Z|issuemail|1|30|5",
		"2026-11-02T00:00:00Z|restricted for TLS|21|30|5", "2026-11-02T00:00:00Z|DNSSEC secure|2|31|4", "2026-11-02T00:00:00Z|DNSSEC bogus|1|31|4",
	}},
	"change-steps": {[]string{"n", "of", "adopted", "removed", "changed_issuers", "changed_otherwise", "ceased_to_exist", "came_to_exist", "became_bogus", "appeared", "vanished", "unknown"}, []string{
		"17|27|5|3|8|1|1|1|1|1|1|7",
	}},
	"change-stand": {[]string{"stood", "stands", "n", "of", "unknown"}, []string{
		"alias|none|1|27|7", "inherited|none|1|27|7", "inherited|own|2|27|7", "none|alias|1|27|7", "none|inherited|1|27|7",
		"none|none|4|27|7", "none|own|4|27|7", "own|none|2|27|7", "own|own|11|27|7",
	}},
	"change-kinds": {[]string{"kind", "n", "of", "newly_restricted", "opened", "closed", "unknown"}, []string{
		"TLS|5|13|1|1|1|7",          // swaps, adds, opens, closes, override
		"TLS wildcard|6|13|1|1|1|7", // and wild
		"S/MIME|1|13|1|0|0|7", "mark|1|13|1|0|0|7",
	}},
	"change-owners": {[]string{"kind", "owner", "names_then", "names_now", "gained", "lost", "net"}, []string{
		"TLS|(not known)|15|14|4|5|-1", "TLS|DigiCert|0|1|1|0|1", "TLS|ISRG|1|1|1|1|0",
		"TLS wildcard|(not known)|15|14|4|5|-1", "TLS wildcard|DigiCert|0|1|1|0|1", "TLS wildcard|ISRG|1|1|1|1|0",
		"S/MIME|(not known)|0|1|1|0|1", "mark|(not known)|0|1|1|0|1",
	}},
	"change-by-operator": {[]string{"dns_operator", "n", "of", "adopted", "removed", "changed_issuers", "changed_otherwise", "became_bogus", "moved", "moved_and_changed", "unknown"}, []string{
		"op.example|16|25|4|3|8|1|1|0|0|7", "new.example|1|2|1|0|0|0|0|2|1|0",
	}},
	"change-moves": {[]string{"moved_from", "moved_to", "n", "of", "adopted", "removed", "unknown"}, []string{"op.example|new.example|1|2|1|0|0"}},
	"change-churn": {[]string{"dns_operator", "arrived", "left", "appeared", "vanished", "adopted", "removed", "changed"}, []string{
		"op.example|0|2|1|1|4|3|9", "new.example|2|0|0|0|1|0|0",
	}},
	"change-by-tld": {[]string{"tld", "n", "of", "adopted", "removed", "changed_issuers", "changed_otherwise", "appeared", "vanished", "unknown"}, []string{
		"com|15|23|5|1|8|1|0|0|6", "net|2|4|0|2|0|0|1|1|1",
	}},
	"change-by-bucket": {[]string{"rank_bucket", "n", "of", "adopted", "removed", "appeared", "vanished", "unknown"}, []string{
		"1-1k|15|23|5|1|0|0|6", "(none)|2|4|0|2|1|1|1",
	}},
	"change-dnssec": {[]string{"change", "n", "of", "unknown"}, []string{
		"became secure|2|29|5", "became insecure|1|29|5", "became bogus|1|29|5", "stayed secure|0|29|5", "stayed insecure|25|29|5", "stayed bogus|0|29|5",
	}},
	"change-failures": {[]string{"status_then", "status_now", "names"}, []string{
		"answered|answered|27", "answered|blocked|1", "answered|bogus|1", "answered|servfail|1", "answered|timeout|1",
		"bogus|answered|1", "timeout|answered|1", "timeout|refused|1",
	}},
	"change-existence": {[]string{"exists_then", "exists_now", "names"}, []string{
		"exists|exists|27", "exists|unresolved|2", "exists|nxdomain|1", "nxdomain|exists|1", "nxdomain|nxdomain|1", "unresolved|exists|1", "unresolved|unresolved|1",
	}},
	"change-names": {[]string{"query_name", "set_then", "set_now"}, []string{
		`<b>"=x'.com||0 issue "\"><script>alert(1)</script>\\\000"`,
		`adds.com|0 issue "a.example"|0 issue "a.example"; 0 issue "b.example"`,
		`alias.com||0 issue "a.example"`,
		`breaks.com|0 issue "a.example"|`,
		`closes.com|0 iodef "mailto:x@example.org"|0 issue ";"`,
		`drops.com|0 issue "a.example"|`,
		`dropsabove.net|0 issue "a.example"|`,
		`dropsalias.net|0 issue "a.example"|`,
		`inherits.com||0 issue "a.example"`,
		`iodef.com|0 issue "a.example"|0 iodef "mailto:x@example.org"; 0 issue "a.example"`,
		`mail.com|0 issue "a.example"|0 issue "a.example"; 0 issuemail "a.example"`,
		`mark.com|0 issue "a.example"|0 issue "a.example"; 0 issuevmc "b.example"`,
		`opens.com|0 issue "a.example"|0 iodef "mailto:x@example.org"`,
		`override.com|0 issue "a.example"|0 issue "b.example"`,
		`own.com||0 issue "a.example"`,
		`own2.com||0 issue "letsencrypt.org"`,
		`swaps.com|0 issue "letsencrypt.org"|0 issue "digicert.com"`,
		`wild.com|0 issue "a.example"|0 issue "a.example"; 0 issuewild "b.example"`,
	}},
}

// TestDuplicateLines: of the lines of a name one counts, the first that has an answer, in either round.
func TestDuplicateLines(t *testing.T) {
	d := openRounds(t,
		round(t, 1, "", []line{{"x.com", failed("timeout")}, {"x.com", own(a)}, {"x.com", none}, {"y.com", none}, {"y.com", none}}),
		round(t, 2, "", []line{{"x.com", none}, {"x.com", own(a)}, {"y.com", own(a)}, {"y.com", failed("timeout")}, {"y.com", own(b)}}))
	if diff := cmp.Diff([]string{"1|2|2|0|1", "2|2|2|0|1"}, askChange(t, d, "change-rounds", "round", "names", "answered", "unknown", "own")); diff != "" {
		t.Error(diff)
	}
	want := []string{`x.com|removed, own set|0 issue "a.example"|`, `y.com|adopted, own set||0 issue "a.example"`}
	if diff := cmp.Diff(want, askChange(t, d, "change-names", "query_name", "change", "set_then", "set_now")); diff != "" {
		t.Error(diff)
	}
}

// TestSeries: three rounds make two steps; rounds of another vantage, and those after the one asked about, are no part of it.
func TestSeries(t *testing.T) {
	first := round(t, 1, "A", []line{{"x.com", none}, {"y.com", own(a)}, {"z.com", none}})
	elsewhere := round(t, 2, "B", []line{{"x.com", own(b)}, {"y.com", own(b)}, {"z.com", own(b)}})
	second := round(t, 3, "A", []line{{"x.com", at("new.example", own(a, mail))}, {"y.com", failed("timeout")}, {"z.com", none}})
	third := round(t, 4, "A", []line{{"x.com", own(b)}, {"y.com", none}})
	fourth := round(t, 5, "A", []line{{"w.com", none}})
	d, err := Open(t.Context(), []string{third, second, first, elsewhere, fourth}, Options{Round: "scan-20261104T000000Z"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for id, want := range map[string]struct {
		columns []string
		rows    []string
	}{
		"change-rounds": {[]string{"round", "vantage", "names", "answered", "own", "issuemail"}, []string{"1|A|3|3|1|0", "3|A|3|2|1|1", "4|A|2|2|1|0"}},
		"change-steps": {[]string{"began", "n", "of", "adopted", "removed", "changed_issuers", "vanished", "unknown"}, []string{
			"2026-11-03T00:00:00Z|1|2|1|0|0|0|1", // what failed has not removed its set
			"2026-11-04T00:00:00Z|1|1|0|0|1|1|1", // nor has it adopted that of last time
		}},
		"change-churn": {[]string{"dns_operator", "arrived", "left", "vanished", "adopted", "changed"}, []string{"op.example|1|1|1|0|1", "new.example|1|1|0|1|0"}},
		"change-names": {[]string{"query_name", "change"}, []string{"x.com|changed issuers"}},
	} {
		if diff := cmp.Diff(want.rows, askChange(t, d, id, want.columns...)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

// TestNothingToCompare: one round, or rounds of two vantages, have no change, and an empty one has no names.
func TestNothingToCompare(t *testing.T) {
	full := round(t, 1, "", []line{{"x.com", own(a)}})
	for name, dirs := range map[string][]string{"one": {full}, "two vantages": {full, round(t, 2, "B", []line{{"x.com", none}})}} {
		d := openRounds(t, dirs...)
		want := []string{"There is one round from this vantage. It takes scans at two times or more."}
		if diff := cmp.Diff(want, askChange(t, d, "change")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, c := range map[string]struct {
		then, now []line
		change    string
	}{"empty now": {[]line{{"x.com", own(a)}}, nil, "vanished"}, "empty then": {nil, []line{{"x.com", own(a)}}, "appeared"}} {
		d := openRounds(t, round(t, 1, "", c.then), round(t, 2, "", c.now))
		if got := askChange(t, d, "change", "change", "n"); !slices.Contains(got, c.change+"|1") {
			t.Errorf("%s: %q", name, got)
		}
		if got := askChange(t, d, "change-rounds", "round"); len(got) != 2 {
			t.Errorf("%s: %d rounds", name, len(got))
		}
	}
}

// TestColumnsMissing: a round that has not kept which set was found, nor what the name servers are, can be compared as to whether there is one.
func TestColumnsMissing(t *testing.T) {
	without := func(what seen) seen {
		return func(d *output.Domain) {
			what(d)
			*d = output.Domain{QueryName: d.QueryName, TLD: d.TLD, Exists: d.Exists, Status: d.Status, CAAStatus: d.CAAStatus, CAADepth: d.CAADepth, Climb: d.Climb}
		}
	}
	d := openRounds(t,
		round(t, 1, "", []line{{"x.com", without(own(a))}, {"y.com", without(none)}, {"z.com", without(own(a))}}),
		round(t, 2, "", []line{{"x.com", own(a)}, {"y.com", own(a)}, {"z.com", none}}))
	got := askChange(t, d, "change", "change", "n")
	got = slices.DeleteFunc(got, func(row string) bool { return strings.HasSuffix(row, "|0") })
	if diff := cmp.Diff([]string{"adopted, own set|1", "removed, own set|1", "not compared|1"}, got); diff != "" {
		t.Error(diff)
	}
	if got := askChange(t, d, "change-moves", "n"); len(got) > 0 {
		t.Errorf("moved from an operator that is not known: %q", got)
	}
}

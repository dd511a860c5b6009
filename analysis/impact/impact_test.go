package impact

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/analysis/scantest"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

func level(outcome, security string) output.Level {
	return output.Level{Outcome: outcome, Security: security, Attempts: 2}
}

// covered is a name with a set; each record is tag, blank, value.
func covered(name string, records ...string) output.Domain {
	d := row(name, level("found", "insecure"))
	d.CAAStatus, d.CAADepth, d.CAARRsetHash = "found", new(int8), strings.Join(records, "|")
	for _, r := range records {
		tag, value, _ := strings.Cut(r, " ")
		tag, critical := strings.CutPrefix(tag, "!")
		p := output.Property{Tag: tag, Value: value}
		if critical {
			p.Flags = 128
		}
		d.CAA = append(d.CAA, p)
	}
	return d
}

// row is a name without a set.
func row(name string, climb ...output.Level) output.Domain {
	return output.Domain{
		QueryName: name, TLD: "example", PublicSuffix: "example", Labels: 2, Exists: "exists", Status: "ok", CAAStatus: "none", Climb: climb,
		DNSOperator: "op.net", SourceList: "list",
	}
}

// failed is a name whose look-up failed, where above it records are found or not.
func failed(name, outcome, security string, attempts int8, above ...string) output.Domain {
	l := level(outcome, security)
	l.Attempts = attempts
	if outcome == "bogus" {
		l.Reason = "expired"
	}
	tld := level("nodata", "secure")
	if len(above) > 0 {
		tld.Outcome, tld.CAA = "found", above
	}
	d := row(name, l, tld)
	d.Status, d.CAAStatus = outcome, "error"
	return d
}

// names are what changes of rules tell apart.
func names() []output.Domain {
	signed := failed("signed.example", "servfail", "indeterminate", 2)
	signed.Climb[0].Reason = "signed-zone"
	return []output.Domain{
		row("none.example", level("nodata", "insecure"), level("nodata", "secure")),
		covered("mine.example", "issue ca.example", "issuemail ca.example"),
		covered("other.example", "issue other.example"),
		covered("othermail.example", "issuemail other.example"),
		covered("nomail.example", "issuemail ;"),
		covered("notls.example", "issue ;"),
		covered("account.example", "issue ca.example; accounturi=x:1", "issuemail ca.example"),
		covered("critical.example", "!tbs x"),
		covered("lsb.example", "issue ca.example", "tbs x"),
		failed("bogus.example", "bogus", "bogus", 2),
		failed("timeout.example", "timeout", "insecure", 2),
		failed("hidden.example", "timeout", "insecure", 2, `0 issue "other.example"`),
		failed("once.example", "timeout", "insecure", 1),
		signed,
		{QueryName: "out.example", TLD: "example", Labels: 2, Exists: "unresolved", Status: "blocked", Climb: []output.Level{level("blocked", "indeterminate")}, SourceList: "list"},
	}
}

func open(t *testing.T, rows []output.Domain) *analysis.Data {
	t.Helper()
	scan := scantest.Scan{Domains: rows}
	d, err := analysis.Open(t.Context(), []string{scan.Write(t, t.TempDir())}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func change(t *testing.T, kind caa.Kind, from, to string) analysis.Change {
	t.Helper()
	before, has := caa.BuiltIn().ByName(from, kind)
	after, hasToo := caa.BuiltIn().ByName(to, kind)
	if !has || !hasToo {
		t.Fatalf("no profiles %s and %s", from, to)
	}
	return analysis.Change{Kind: kind, From: before, To: after}
}

// list reads what List writes: effects by name.
func list(t *testing.T, data *analysis.Data) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.jsonl")
	if err := List(t.Context(), data, path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	effects := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct {
			Name          string `json:"query_name"`
			Effect        string
			ReasonAfter   string `json:"reason_after"`
			ReasonBefore  string `json:"reason_before"`
			PermittedInto string `json:"permitted_after"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		effects[row.Name] = strings.TrimSpace(row.Effect + " " + row.ReasonAfter)
	}
	return effects
}

// Whom changes hit, by hand. Names that are not told of are not hit.
func TestImpact(t *testing.T) {
	data := open(t, names())
	ca := &analysis.Applicant{Name: "ca.example", Identifiers: []string{"ca.example"}}
	for _, test := range []struct {
		kind     caa.Kind
		from, to string
		subject  *analysis.Applicant
		request  caa.Request
		want     map[string]string
	}{
		// R3.9, ballot SMC05: a mismatch was left open by a SHOULD. R2.13: issue bears on mail in no case, and the empty issuer denied before.
		{caa.SMIME, "smime-2024-09", "smime-2025-03", ca, caa.Request{}, map[string]string{"othermail.example": "now_forbidden not-authorized"}},
		{caa.SMIME, "smime-2024-09", "smime-2025-03", nil, caa.Request{}, map[string]string{
			"othermail.example": "now_forbidden not-authorized", "mine.example": "now_forbidden not-authorized", "account.example": "now_forbidden not-authorized",
		}},
		// R6.8, ballots SC85v2 and SMC014: bogus is a stop, where nobody had to validate before. A failure in a signed zone denied before (R3.4).
		{caa.TLS, "tls-2025-07", "tls-2026-03", ca, caa.Request{}, map[string]string{"bogus.example": "now_forbidden dnssec-bogus"}},
		{caa.SMIME, "smime-2025-03", "smime-2026-03", ca, caa.Request{}, map[string]string{"bogus.example": "now_forbidden dnssec-bogus"}},
		// R2.17, R3.7, ballot SC98v2: an accounturi binds all CAs, and this one knows no account; it does not bind on issuemail.
		{caa.TLS, "tls-2026-06", "tls-2027-03", ca, caa.Request{}, map[string]string{"account.example": "lost param-accounturi"}},
		{caa.TLS, "tls-2026-06", "tls-2027-03", ca, caa.Request{AccountURIs: []string{"x:1"}}, nil},
		{caa.TLS, "tls-2026-06", "tls-2027-03", ca, caa.Request{HonoursRFC8657: true}, nil}, // not permitted before either
		{caa.TLS, "tls-2026-06", "tls-2027-03", nil, caa.Request{}, nil},
		{caa.TLS, "tls-2027-03", "tls-2026-06", ca, caa.Request{}, map[string]string{"account.example": "gained authorized"}},
		// R3.4: a failure in a zone proven Insecure, tried twice, is left to the CA; strict leaves it nothing.
		{caa.TLS, "tls-2026-06", "strict", ca, caa.Request{}, map[string]string{
			"timeout.example": "now_forbidden lookup-failure-insecure", "hidden.example": "now_forbidden lookup-failure-insecure",
		}},
		{caa.TLS, "strict", "tls-2026-06", ca, caa.Request{}, map[string]string{
			"timeout.example": "now_open lookup-failure-insecure", "hidden.example": "now_open lookup-failure-insecure",
		}},
		{caa.TLS, "tls-2026-06", "strict", ca, caa.Request{OnFailure: caa.PermitOnFailure}, map[string]string{
			"timeout.example": "lost lookup-failure-insecure", "hidden.example": "lost lookup-failure-insecure",
		}},
		{caa.TLS, "tls-2026-06", "strict", ca, caa.Request{OnFailure: caa.DenyOnFailure}, nil},
		// C3: a failure that counts as an empty level lets the climb go on, to the set above where there is one.
		{caa.TLS, "tls-2026-06", "w-failure-continue", ca, caa.Request{}, map[string]string{
			"timeout.example": "now_permitted lookup-failure-insecure", "hidden.example": "now_forbidden not-authorized",
		}},
		// R2.13 varied: without issuemail, issue governs mail.
		{caa.SMIME, "smime-2026-03", "w-issue-for-mail", ca, caa.Request{}, map[string]string{
			"other.example": "lost not-authorized", "notls.example": "lost explicit-deny",
		}},
	} {
		q := &Question{Changes: []analysis.Change{change(t, test.kind, test.from, test.to)}, Subject: test.subject, Request: test.request}
		a, err := Ask(t.Context(), data, q)
		if err != nil {
			t.Fatal(err)
		}
		got := list(t, data)
		if test.want == nil {
			test.want = map[string]string{}
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s to %s, %v, %+v: %v, want %v", test.from, test.to, test.subject, test.request, got, test.want)
		}
		summary := a.Tables[0]
		for _, effect := range []string{Lost, Gained, NowForbidden, NowPermitted, NowOpen} {
			n := int64(0)
			for _, word := range test.want {
				if strings.HasPrefix(word, effect+" ") {
					n++
				}
			}
			if got := summary.Rows[0][summary.Column(effect)]; got != n {
				t.Errorf("%s to %s: %s %v, want %d", test.from, test.to, effect, got, n)
			}
		}
		if got := summary.Rows[0][summary.Column("names")]; got != int64(len(names())) {
			t.Errorf("%v names", got)
		}
	}
}

// Both headline cases hit what they are about, and the groups add up to the whole.
func TestCases(t *testing.T) {
	data := open(t, names())
	for _, c := range Cases {
		q := c.Question()
		q.Owners = analysis.Owners(datasets.DefaultIssuers())
		a, err := Ask(t.Context(), data, &q)
		if err != nil {
			t.Fatal(err)
		}
		hit := int64(0)
		for _, row := range a.Tables[0].Rows {
			hit += row[a.Tables[0].Column(NowForbidden)].(int64)
		}
		if hit == 0 || len(a.Text) < 3 {
			t.Errorf("%s: nothing is hit, or nothing is said", c.Name)
		}
		for _, table := range a.Tables {
			column, sum := table.Column("changed"), int64(0)
			if table.ID == "impact-by-reason" {
				column = table.Column("names")
			}
			if column < 0 {
				continue
			}
			for _, row := range table.Rows {
				sum += row[column].(int64)
			}
			if sum != hit {
				t.Errorf("%s: %s adds up to %d, want %d", c.Name, table.ID, sum, hit)
			}
		}
		byCA := a.Tables[1]
		if want := len(q.Changes) * (1 + len(q.Owners)); len(byCA.Rows) != want {
			t.Errorf("%s: %d rows by CA, want %d", c.Name, len(byCA.Rows), want)
		}
	}
}

// A CA's own list: names that were not scanned are told apart, each name counts once, and what was asked before is forgotten.
func TestOwnList(t *testing.T) {
	data := open(t, names())
	entries := "OtherMail.example\nothermail.example\nuser@othermail.example\nbogus.example\n*.mine.example\nunknown.example\nwww.other.example\nnot a name\n"
	ask := func(q *Question) *Answer {
		t.Helper()
		a, err := Ask(t.Context(), data, q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	changes := []analysis.Change{change(t, caa.SMIME, "smime-2024-09", "smime-2026-03")}
	ask(&Question{Changes: changes})
	reader, err := datasets.Open([]string{"-"}, datasets.Config{Stdin: strings.NewReader(entries), AllowSpecialUse: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	a := ask(&Question{Changes: changes, Names: reader, ListAll: true})
	if a.Asked != 5 || a.NotMeasured != 2 || a.Rejected != 1 {
		t.Errorf("%d asked, %d not measured, %d rejected", a.Asked, a.NotMeasured, a.Rejected)
	}
	if names := a.Tables[0].Rows[0][a.Tables[0].Column("names")]; names != int64(3) {
		t.Errorf("%v names judged", names)
	}
	want := map[string]string{
		"othermail.example": "now_forbidden not-authorized", "bogus.example": "now_forbidden dnssec-bogus", "mine.example": "now_forbidden not-authorized",
		"unknown.example": "not_measured", "www.other.example": "not_measured",
	}
	if got := list(t, data); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	last := a.Tables[len(a.Tables)-1]
	if last.ID != "impact-not-measured" || fmt.Sprint(last.Rows) != "[[unknown.example] [www.other.example]]" {
		t.Errorf("%s: %v", last.ID, last.Rows)
	}
	a = ask(&Question{Changes: changes})
	if names := a.Tables[0].Rows[0][a.Tables[0].Column("names")]; names != int64(15) {
		t.Errorf("%v names after a question about a list", names)
	}
}

// Foreign text stays text: in SQL, in what a spreadsheet opens, on a terminal.
func TestHostileText(t *testing.T) {
	rows := []output.Domain{
		covered("a.example", `issuemail =cmd|' /C calc'!A0`, `issuemail "); DROP TABLE impact_names; --`),
		covered("b.example", "issuemail other.example"),
	}
	rows[0].DNSOperator, rows[1].DNSOperator = `'"><script>alert(1)</script>.net`, "=HYPERLINK(1).net"
	rows[0].InputName, rows[1].InputName = "=1+1", "@SUM(1)"
	data := open(t, rows)
	if _, err := Ask(t.Context(), data, &Question{Changes: []analysis.Change{change(t, caa.SMIME, "smime-2024-09", "smime-2025-03")}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "it's a list.csv")
	if err := List(t.Context(), data, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"\n=", ",=", ",@"} {
		if strings.Contains(string(text), cell) {
			t.Errorf("a cell that a spreadsheet runs:\n%s", text)
		}
	}
	if err := List(t.Context(), data, filepath.Join(t.TempDir(), "o'clock.parquet")); err != nil {
		t.Error(err)
	}
	if err := List(t.Context(), data, "list.html"); err == nil {
		t.Error("a list as HTML")
	}
}

package analysis

import (
	"fmt"
	"testing"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// caNames are names whose sets name CAs in every way, beside storedNames.
func caNames() []output.Domain {
	rows := storedNames()
	for i, value := range []string{
		"letsencrypt.org", "LetsEncrypt.ORG", "digicert.com; accounturi=x:1", "amazon.com;;", "sectigo.com ;", "ssl.com; a-b=c", "https://pki.goog", ";",
	} {
		for j, tag := range []string{"issue", "issuewild", "issuemail", "IssueMail"} {
			flags := uint8(i % 2 * (j % 2))
			rows = append(rows, stored(fmt.Sprintf("n%d-%d.example", i, j), 0, []output.Property{{Tag: tag, Value: value, Flags: flags}, {Tag: "issue", Value: "globalsign.com"}}, level("found", "secure")))
		}
	}
	above := func(l *output.Level) {
		l.CAA = []string{`0 issue "digicert.com"`, `128 x\000 "y"`, `0 issuemail "sectigo.com;;"`}
	}
	return append(rows,
		stored("above.example", 0, nil, level("timeout", "insecure"), level("found", "secure", above)),
		stored("suffix.co.example", 1, []output.Property{issue("entrust.net")}, level("nodata", "secure"), level("found", "secure")))
}

// What tables say of CAs is the sum over all names of what caa.Decide says of each name and each CA alone.
func TestTalliesAreSumsOverNames(t *testing.T) {
	rows := caNames()
	d := openRows(t, rows)
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	applicants := append([]Applicant{{AnyOtherCA, []string{"nobody-names-it.example"}}}, Owners(datasets.DefaultIssuers())...)
	want := map[string]Tally{}
	for _, c := range WhatIfs() {
		for _, a := range applicants {
			var sum Tally
			for i := range rows {
				s := shiftOf(t, &rows[i], &c, a.Identifiers)
				sum[s.From.Permitted][s.To.Permitted]++
			}
			want[fmt.Sprint(c.To.Name, c.Kind, a.Name)] = sum
		}
	}
	found, err := d.Select(t.Context(), "SELECT what_if, kind, owner, permitted_before, permitted_after, lost, gained, now_forbidden, now_permitted, now_open FROM what_ifs")
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Rows) != len(want) {
		t.Errorf("%d rows, want %d", len(found.Rows), len(want))
	}
	changed := 0
	for _, row := range found.Rows {
		w := want[fmt.Sprint(row[0], row[1], row[2])]
		got := fmt.Sprint(row[3:]...)
		if want := fmt.Sprint([]any{w.Before(caa.Yes), w.After(caa.Yes), w.Lost(), w.Gained(), w.Forbidden(), w.Allowed(), w.Opened()}...); got != want {
			t.Errorf("%v: %s, want %s", row[:3], got, want)
		}
		if w.Before(caa.Yes) != w.After(caa.Yes) {
			changed++
		}
	}
	if changed == 0 {
		t.Error("nothing changed")
	}
}

func shiftOf(t *testing.T, row *output.Domain, c *Change, identifiers []string) Shift {
	t.Helper()
	ev, err := row.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	request := caa.Request{Kind: c.Kind, Issuers: identifiers}
	return Shift{caa.Decide(&ev, &request, c.From), caa.Decide(&ev, &request, c.To)}
}

// Which names fail since validation is mandatory, by the rule that says so.
func TestValidationMandatory(t *testing.T) {
	d := openRows(t, storedNames())
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := d.Select(t.Context(), `SELECT query_name, kind, permitted_before, permitted_after, reason, level FROM validation JOIN judged USING (evidence) ORDER BY ALL`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"[h.example smime unknown unknown lookup-failure-insecure 0]", // R3.4: insecure, tried twice
		"[h.example tls unknown unknown lookup-failure-insecure 0]",
		"[i.example smime unknown unknown lookup-failure-insecure 0]",
		"[i.example tls unknown unknown lookup-failure-insecure 0]",
		"[j.example smime unknown false dnssec-bogus 0]", // SC85v2, SMC014: bogus is a stop; nobody had to validate before
		"[j.example tls unknown false dnssec-bogus 0]",
		"[k.example smime unknown unknown resolver-policy 0]", // R7.3
		"[k.example tls unknown unknown resolver-policy 0]",
		"[l.example smime false false lookup-failure-signed 0]", // R3.4: signed
		"[l.example tls false false lookup-failure-signed 0]",
		"[n.example smime false false lookup-failure-unretried 0]", // R3.4: tried once
		"[n.example tls false false lookup-failure-unretried 0]",
		"[o.example smime unknown unknown not-stored -1]",
		"[o.example tls unknown unknown not-stored -1]",
	}
	for i, row := range found.Rows {
		if i >= len(want) || fmt.Sprint(row) != want[i] {
			t.Errorf("row %d: %v", i, row)
		}
	}
	if len(found.Rows) != len(want) {
		t.Errorf("%d rows, want %d", len(found.Rows), len(want))
	}
}

func TestWhatIfsVaryTheRuleInForce(t *testing.T) {
	of := map[string]string{}
	for _, c := range WhatIfs() {
		of[fmt.Sprint(c.To.Name, " ", c.Kind)] = c.From.Name
		if c.From.Name == c.To.Name || !c.From.Covers(c.Kind) || !c.To.Covers(c.Kind) {
			t.Errorf("%+v", c)
		}
	}
	for key, base := range map[string]string{"w-failure-deny tls": "tls-2026-06", "w-issue-for-mail smime": "smime-2026-03", "w-psl-stop vmc": "vmc", "w-8657-mail tls-wildcard": "tls-2026-06"} {
		if of[key] != base {
			t.Errorf("%s varies %s, want %s", key, of[key], base)
		}
	}
	if len(of) != 28 {
		t.Errorf("%d what-ifs and kinds", len(of))
	}
}

// The tables of questions 8 and 9, of the names above.
func TestValidationTables(t *testing.T) {
	rows := storedNames()
	for i := range rows {
		rows[i].SourceList, rows[i].DNSSECStatus = "list", "secure"
		if i%2 > 0 {
			rows[i].DNSOperator = "op.net"
		}
	}
	d := openRows(t, rows)
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions, err := Questions()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		// n, of, share, newly, left to the CA, unknown and its share: j, l and n fail, h, i and k are left to the CA, o was not asked.
		"dnssec-mandatory":             {"[tls 3 15 0.2 1 3 1 0.0625]", "[smime 3 15 0.2 1 3 1 0.0625]"},
		"own-list":                     {"[list tls 3 15 0.2 1 3 1 0.0625]", "[list smime 3 15 0.2 1 3 1 0.0625]"},
		"dnssec-mandatory-by-operator": {"[op.net 3 8 0.375 1 0 0]"}, // j, l and n
		"dnssec-mandatory-by-tld":      {"[example 3 14 0.21428571428571427 1 1 0.06666666666666667]"},
	}
	for _, q := range questions {
		for i := range q.Parts {
			lines, has := want[q.Parts[i].ID]
			if !has {
				continue
			}
			delete(want, q.Parts[i].ID)
			table, err := d.Ask(t.Context(), &q.Parts[i], false)
			if err != nil {
				t.Fatal(err)
			}
			if len(table.Rows) != len(lines) {
				t.Errorf("%s: %d rows, want %d", table.ID, len(table.Rows), len(lines))
			}
			for i, row := range table.Rows {
				if i < len(lines) && fmt.Sprint(row) != lines[i] {
					t.Errorf("%s: %v, want %s", table.ID, row, lines[i])
				}
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no table %v", want)
	}
}

package compare

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
)

// level is a level of a climb.
func level(outcome, security string) output.Level {
	return output.Level{Outcome: outcome, Security: security, Attempts: 2, EDE: []int16{}, EDEText: []string{}, CAA: []string{}}
}

// has is a name with a set.
func has(issuer string) func(*output.Domain) {
	return func(d *output.Domain) {
		hash := caa.Hash([]caa.Property{{Tag: "issue", Value: issuer}})
		depth := int8(0)
		d.CAAStatus, d.CAADepth, d.CAARRsetHash = "found", &depth, hex.EncodeToString(hash[:])
		d.CAA = []output.Property{{Tag: "issue", Value: issuer, Params: []output.Param{}}}
		d.Climb = []output.Level{level("found", "insecure")}
	}
}

// none is a name without a set.
func none(d *output.Domain) {
	d.CAAStatus, d.Climb = "none", []output.Level{level("nodata", "insecure"), level("nodata", "insecure")}
}

// nx is a name that does not exist.
func nx(d *output.Domain) {
	none(d)
	d.Exists, d.Climb[0].Outcome = "nxdomain", "nxdomain"
}

// fails is a name whose look-up fails.
func fails(outcome, security string) func(*output.Domain) {
	return func(d *output.Domain) {
		d.CAAStatus, d.Status, d.Climb = "error", outcome, []output.Level{level(outcome, security)}
	}
}

// blocked is a name that opted out.
func blocked(d *output.Domain) { d.CAAStatus, d.Status, d.Climb = "", "blocked", []output.Level{} }

type seen = func(*output.Domain)

// vantages is what a primary perspective and three remotes see of names; nil: the scan does not have it.
var vantages = []struct {
	name string
	seen [4]seen
}{
	{"agree.com", [4]seen{has("a.example"), has("a.example"), has("a.example"), has("a.example")}},
	{"one.com", [4]seen{has("a.example"), has("b.example"), has("a.example"), has("a.example")}},
	{"two.com", [4]seen{has("a.example"), has("b.example"), has("b.example"), has("a.example")}},
	{"choice.com", [4]seen{none, fails("timeout", "insecure"), none, none}},
	{"choices.com", [4]seen{none, fails("timeout", "insecure"), fails("servfail", "insecure"), none}},
	{"bogus.com", [4]seen{none, fails("bogus", "bogus"), fails("bogus", "bogus"), none}},
	{"nx.com", [4]seen{has("a.example"), nx, has("a.example"), has("a.example")}},
	{"new.com", [4]seen{none, none, none, has("b.example")}},
	{"unlisted.com", [4]seen{none, nil, none, none}},
	{"optsout.com", [4]seen{none, blocked, blocked, blocked}},
	{"here.com", [4]seen{fails("servfail", "insecure"), none, none, none}},
	{"elsewhere.com", [4]seen{nil, none, none, none}},
}

// vantageScans writes them. At the first remote each name stands on a line before that whose look-up failed, and on one after it: neither counts, unless it is all
// there is to say.
func vantageScans(t *testing.T) []string {
	t.Helper()
	root := t.TempDir()
	var dirs []string
	for i, vantage := range []string{"fra", "iad", "sin", "gru"} {
		var rows []output.Domain
		add := func(name string, what seen) {
			d := output.Domain{QueryName: name, InputLine: int64(len(rows) + 1), TLD: "com", PublicSuffix: "com", Labels: 2, Exists: "exists", Status: "ok", DNSOperator: "op.example"}
			what(&d)
			rows = append(rows, d)
		}
		for _, v := range vantages {
			if v.seen[i] == nil {
				continue
			}
			if i == 1 && v.name != "optsout.com" && !strings.HasPrefix(v.name, "choice") && v.name != "bogus.com" {
				add(v.name, fails("refused", "secure"))
			}
			add(v.name, v.seen[i])
			if i == 1 {
				add(v.name, fails("refused", "secure"))
			}
		}
		dirs = append(dirs, scanAt(t, filepath.Join(root, vantage), i, vantage, "list", rows...))
	}
	return dirs
}

// cases are a CA that the sets name, and any other, under the rules of the day.
func cases(t *testing.T) []Case {
	t.Helper()
	profile, ok := caa.BuiltIn().ByName("tls-2026-06", caa.TLS)
	if !ok {
		t.Fatal("no profile tls-2026-06")
	}
	return []Case{
		{"a.example", caa.Request{Kind: caa.TLS, Issuers: []string{"a.example"}}, profile},
		{AnyOther, caa.Request{Kind: caa.TLS}, profile},
	}
}

func TestFromVantages(t *testing.T) {
	dirs := vantageScans(t)
	d := open(t, dirs...)
	rounds, as, err := Arrange(d, dirs, Auto)
	if err != nil || as != Vantage {
		t.Fatalf("%v %v", as, err)
	}
	report, err := FromVantages(t.Context(), d, rounds, cases(t), analysis.ReportOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Any other CA is permitted where there is no set. Of 11 names of the primary perspective a.example may issue for 10, any other for 6: here.com is the CA's choice.
	want := map[string][]string{
		"vantage-perspectives place vantage complete lines": {"0|fra|true|11", "1|iad|true|29", "2|sin|true|12", "3|gru|true|12"},
		"vantage-disagreements ca vantage why n of refused open unknown": {
			"a.example|iad|another set there|2|8|2|0|3", // one, two; unknown: here, unlisted, optsout
			"a.example|iad|failure there|2|8|0|2|3",     // choice, choices
			"a.example|iad|bogus there|1|8|1|0|3",
			"a.example|sin|another set there|1|9|1|0|2", // two
			"a.example|sin|bogus there|1|9|1|0|2",
			"a.example|sin|failure there|1|9|0|1|2", // choices
			"a.example|gru|a set there, none here|1|9|1|0|2",
			"any other CA|iad|failure there|2|4|0|2|3",
			"any other CA|iad|bogus there|1|4|1|0|3",
			"any other CA|sin|bogus there|1|5|1|0|2",
			"any other CA|sin|failure there|1|5|0|1|2",
			"any other CA|gru|a set there, none here|1|5|1|0|2",
		},
		// Two of three must corroborate. That of choices.com is the CA's choice; of optsout.com no remote says anything.
		"vantage-mpic ca remotes remotes_demanded regions_demanded n of by_quorum by_region corroborated_all_the_same unknown": {
			"a.example|3|4|2|2|8|2|0|3|2",    // two, bogus; all the same: one, choice, new
			"any other CA|3|4|2|1|4|1|0|2|2", // bogus; all the same: choice, new
		},
		"vantage-by-operator ca dns_operator n of not_corroborated unknown": {
			"a.example|op.example|6|9|2|2", "any other CA|op.example|4|5|1|2",
		},
		"vantage-names query_name ca here there corroborated": {
			"bogus.com|a.example|true|iad: false, dnssec-bogus (bogus there); sin: false, dnssec-bogus (bogus there)|false",
			"bogus.com|any other CA|true|iad: false, dnssec-bogus (bogus there); sin: false, dnssec-bogus (bogus there)|false",
			"choice.com|a.example|true|iad: unknown, lookup-failure-insecure (failure there)|true",
			"choice.com|any other CA|true|iad: unknown, lookup-failure-insecure (failure there)|true",
			"choices.com|a.example|true|iad: unknown, lookup-failure-insecure (failure there); sin: unknown, lookup-failure-insecure (failure there)|unknown",
			"choices.com|any other CA|true|iad: unknown, lookup-failure-insecure (failure there); sin: unknown, lookup-failure-insecure (failure there)|unknown",
			"here.com|a.example|unknown|iad: true, no-caa (failure here); sin: true, no-caa (failure here); gru: true, no-caa (failure here)|unknown",
			"here.com|any other CA|unknown|iad: true, no-caa (failure here); sin: true, no-caa (failure here); gru: true, no-caa (failure here)|unknown",
			"new.com|a.example|true|gru: false, not-authorized (a set there, none here)|true",
			"new.com|any other CA|true|gru: false, not-authorized (a set there, none here)|true",
			"nx.com|any other CA|false|iad: true, no-caa (NXDOMAIN there)|false",
			"one.com|a.example|true|iad: false, not-authorized (another set there)|true",
			"two.com|a.example|true|iad: false, not-authorized (another set there); sin: false, not-authorized (another set there)|false",
		},
	}
	tables := map[string]*analysis.Table{}
	if err := report.Tables(func(_ *analysis.Question, t *analysis.Table) error { tables[t.ID] = t; return nil }); err != nil {
		t.Fatal(err)
	}
	for key, rows := range want {
		words := strings.Fields(key)
		if diff := cmp.Diff(rows, cells(tables[words[0]], words[1:])); diff != "" {
			t.Errorf("%s: %s", words[0], diff)
		}
	}
	list := filepath.Join(t.TempDir(), "list.csv")
	if err := WriteVantageList(t.Context(), d, len(rounds), list); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines != 14 {
		t.Errorf("the list has %d lines, not a heading and 13", lines)
	}
}

// cells are columns of a table as text, joined.
func cells(t *analysis.Table, columns []string) []string {
	var rows []string
	for _, row := range t.Rows {
		var texts []string
		for _, c := range columns {
			texts = append(texts, fmt.Sprint(row[t.Column(c)]))
		}
		rows = append(rows, strings.Join(texts, "|"))
	}
	return rows
}

// TestVantageVerdictsAddUp: every name of the primary perspective is once in the table of all verdicts, for each case and remote.
func TestVantageVerdictsAddUp(t *testing.T) {
	dirs := vantageScans(t)
	d := open(t, dirs...)
	rounds, _, err := Arrange(d, dirs, Vantage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromVantages(t.Context(), d, rounds, cases(t), analysis.ReportOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	sums, err := d.Select(t.Context(), "SELECT place, remote, sum(names)::BIGINT AS names FROM vantage_counts GROUP BY ALL ORDER BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0|1|11", "0|2|11", "0|3|11", "1|1|11", "1|2|11", "1|3|11"}
	if got := cells(sums, []string{"place", "remote", "names"}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

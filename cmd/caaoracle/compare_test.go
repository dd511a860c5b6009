package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

func records(t *testing.T, lines ...string) []dns.RR {
	t.Helper()
	var rrs []dns.RR
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

func TestNormalForms(t *testing.T) {
	got := normalForms(records(t,
		"WWW.Example. 300 IN CNAME Target.Example.",
		"a.example. 60 IN TYPE65280 \\# 4 C000ABCD",
		"www.example. 17 IN CNAME target.example.",
		"www.example. 300 IN RRSIG CNAME 13 2 300 20300101000000 20200101000000 1 example. AAAA",
		"a.example. 60 IN CAA 0 issue \"CA.example\"",
	))
	want := []string{
		`a.example. CAA 0 issue "CA.example"`, // a value's case has meaning
		`a.example. TYPE65280 \# 4 c000abcd`,
		`www.example. CNAME target.example.`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDifference(t *testing.T) {
	a, b := []string{"a"}, []string{"b"}
	for _, test := range []struct {
		theirs, ours answer
		want         kind // "" for none
	}{
		{answer{secure, "NOERROR", a, ""}, answer{secure, "NOERROR", a, "x"}, ""},
		{answer{secure, "NOERROR", a, ""}, answer{secure, "NOERROR", b, ""}, differRecords},
		{answer{secure, "NOERROR", a, ""}, answer{secure, "NOERROR", nil, ""}, differRecords},
		{answer{secure, "NOERROR", nil, ""}, answer{secure, "NXDOMAIN", nil, ""}, differRCode},
		{answer{secure, "NOERROR", a, ""}, answer{insecure, "NOERROR", b, ""}, differSecurity},
		{answer{insecure, "NOERROR", a, ""}, answer{indeterminate, "NOERROR", a, ""}, differSecurity},
		{answer{bogus, "SERVFAIL", nil, ""}, answer{bogus, "SERVFAIL", nil, ""}, ""},
		{answer{bogus, "SERVFAIL", nil, ""}, answer{indeterminate, "SERVFAIL", nil, ""}, differSecurity},
		{answer{bogus, "SERVFAIL", nil, ""}, answer{secure, "NOERROR", a, ""}, differRCode},
		{answer{failure, "SERVFAIL", nil, ""}, answer{indeterminate, "SERVFAIL", nil, ""}, ""},
		{answer{failure, "SERVFAIL", nil, ""}, answer{insecure, "SERVFAIL", nil, ""}, ""},
		{answer{failure, "SERVFAIL", nil, ""}, answer{bogus, "SERVFAIL", nil, ""}, differSecurity},
		{answer{failure, "SERVFAIL", nil, ""}, answer{secure, "SERVFAIL", nil, ""}, differSecurity},
	} {
		got, differ := difference(test.theirs, test.ours)
		if got != test.want || differ != (test.want != "") {
			t.Errorf("%v and %v: %q, %v, want %q", test.theirs, test.ours, got, differ, test.want)
		}
	}
}

// find returns the zone of a class that denies by NSEC or NSEC3 and is served by a software ("": any).
func find(t *testing.T, w *world, class string, byNSEC3 bool, kind software) *zone {
	t.Helper()
	for _, z := range w.zones {
		if z.class.name == class && z.denial.nsec3 == byNSEC3 && (kind == "" || z.servers[0].kind == kind) {
			return z
		}
	}
	t.Fatalf("no zone of class %q", class)
	return nil
}

// TestExplanations: each explains what it is for, and next to nothing beside that.
func TestExplanations(t *testing.T) {
	w := newWorld(t.TempDir())
	servfail := func(v verdict, note string) answer { return answer{v, "SERVFAIL", nil, note} }
	fine := func(v verdict) answer { return answer{v, "NOERROR", nil, ""} }
	type witness struct {
		name    string
		typ     uint16
		verdict verdict
	}
	used := map[*explanation]bool{}
	for _, test := range []struct {
		want         string // "": unexplained
		class        string
		nsec3        bool
		name         string // relative
		typ          uint16
		theirs, ours answer
		witness      witness
	}{
		{"failure in a bogus zone", "expired", false, "www.lame", dns.TypeA, servfail(failure, ""), servfail(bogus, "expired"), witness{"@", dns.TypeSOA, bogus}},
		{"failure in a bogus zone", "no denial", false, "www.lame", dns.TypeA, servfail(failure, ""), servfail(bogus, "denial-missing"), witness{"lame", dns.TypeDS, bogus}},
		{"failure in a bogus zone", "corrupt signature of cname and dname", false, "loop", dns.TypeA, servfail(failure, ""), servfail(bogus, "bad-signature"), witness{"alias", dns.TypeCNAME, bogus}},
		{"", "sound", false, "www.lame", dns.TypeA, servfail(failure, ""), servfail(bogus, "expired"), witness{"@", dns.TypeSOA, secure}},
		{"", "no denial", false, "www", dns.TypeA, servfail(failure, ""), servfail(bogus, "denial-missing"), witness{"lame", dns.TypeDS, bogus}},
		{"", "expired", false, "www", dns.TypeA, fine(insecure), servfail(bogus, "expired"), witness{"@", dns.TypeSOA, bogus}},

		{"SHA-1 beside SHA-256", "ds sha256 wrong beside sha1", false, "www", dns.TypeA, fine(secure), servfail(bogus, "no-matching-ds bogus at"), witness{}},
		{"", "ds sha256 wrong beside sha1", false, "www", dns.TypeA, fine(secure), servfail(bogus, "denial-wrong bogus at"), witness{}},
		{"", "ds sha384", false, "www", dns.TypeA, fine(secure), servfail(bogus, "no-matching-ds bogus at"), witness{}},

		{"", "bitmaps of a delegation", true, "www", dns.TypeMX, fine(secure), servfail(bogus, "denial-wrong"), witness{}},

		{"DS of a name made from a wildcard that claims to be a delegation", "bitmaps of a delegation", true, "made.wild", dns.TypeDS, fine(secure), servfail(bogus, "denial-wrong"), witness{}},
		{"DS of a name made from a wildcard that claims to be a delegation", "bitmaps of a delegation", false, "made.wild", dns.TypeDS, servfail(bogus, ""), fine(secure), witness{}},
		{"", "bitmaps of a delegation", false, "made.wild", dns.TypeA, servfail(bogus, ""), fine(secure), witness{}},

		{"", "bitmaps claim cname", true, "made.wild", dns.TypeDS, servfail(bogus, ""), fine(insecure), witness{}}, // without opt-out
		{"", "bitmaps claim cname", false, "made.wild", dns.TypeDS, servfail(bogus, ""), fine(insecure), witness{}},

		{"", "sound", true, "x.wild.dname", dns.TypeCAA, fine(secure), servfail(bogus, "denial-wrong"), witness{}},
		{"", "sound", false, "x.dname", dns.TypeCAA, fine(secure), servfail(bogus, "denial-wrong"), witness{}},

		{"Unbound stops at the bad server", "one server is stale", true, "www", dns.TypeA, servfail(bogus, ""), fine(secure), witness{}},
		{"", "one server is stale", true, "www", dns.TypeA, fine(secure), servfail(bogus, "expired"), witness{}},
		{"", "one server strips", true, "www", dns.TypeA, fine(secure), servfail(indeterminate, "chain-unreachable"), witness{}},

		{"the NSEC before a wildcard", "every third denial missing, from the first", false, "made.wild", dns.TypeTXT, fine(secure), servfail(bogus, "denial-wrong"), witness{}},
		{"", "every third denial missing, from the first", false, "nosuch", dns.TypeTXT, fine(secure), servfail(bogus, "denial-wrong"), witness{}},
		{"", "every third denial missing, from the first", true, "made.wild", dns.TypeTXT, fine(secure), servfail(bogus, "denial-wrong"), witness{}},

		{"denials that contradict each other", "denials overlap", false, "alias-ent", dns.TypeCAA, fine(secure), servfail(bogus, "denial-wrong"), witness{}},
		{"denials that contradict each other", "denials overlap", false, "alias", dns.TypeDS, answer{secure, "NXDOMAIN", nil, ""}, fine(secure), witness{}},
		{"Unbound remembers for DS what the first NSEC denies", "first denial spans all", false, "www", dns.TypeDS, answer{secure, "NXDOMAIN", nil, ""}, fine(secure), witness{}},
		{"", "first denial spans all", false, "www", dns.TypeCAA, answer{secure, "NXDOMAIN", nil, ""}, fine(secure), witness{}},
		{"", "first denial spans all", false, "www", dns.TypeDS, fine(secure), answer{secure, "NXDOMAIN", nil, ""}, witness{}},
		{"denials that contradict each other", "denials overlap", false, "no.ent", dns.TypeTXT, servfail(bogus, "nameerror proof failed"), answer{secure, "NXDOMAIN", nil, ""}, witness{}},
		{"", "denials overlap", false, "no.ent", dns.TypeTXT, servfail(bogus, "nodata proof failed"), answer{secure, "NXDOMAIN", nil, ""}, witness{}},
		{"", "denials overlap", false, "www", dns.TypeA, fine(secure), servfail(bogus, "denial-wrong"), witness{}},

		{"an asterisk under a wildcard", "wildcard at apex", true, "*.wild", dns.TypeA, servfail(bogus, "signature crypto failed"), fine(secure), witness{}},
		{"", "wildcard at apex", true, "x.wild", dns.TypeA, servfail(bogus, "signature crypto failed"), fine(secure), witness{}},
		{"", "sound", true, "*.wild", dns.TypeA, servfail(bogus, "signature crypto failed"), fine(secure), witness{}},

		{"CNAME or DNAME asked for below a DNAME", "dname at apex", false, "alias", dns.TypeCNAME, servfail(bogus, "DS got DNAME answer"), fine(secure), witness{}},
		{"", "dname at apex", false, "@", dns.TypeDNAME, servfail(bogus, "DS got DNAME answer"), fine(secure), witness{}},
		{"", "dname at apex", false, "alias", dns.TypeA, servfail(bogus, "DS got DNAME answer"), fine(secure), witness{}},
	} {
		z := find(t, w, test.class, test.nsec3, "")
		questions := []question{{0, z, z.in(test.name), test.typ}, {1, z, z.in(test.witness.name), test.witness.typ}}
		shown := answer{test.witness.verdict, "NOERROR", nil, ""}
		c := newComparison(questions, []answer{test.theirs, shown}, []answer{test.ours, shown})
		if len(c.disagreements) != 1 {
			t.Errorf("%q, %s: %d disagreements", test.class, test.name, len(c.disagreements))
			continue
		}
		e, got := c.disagreements[0].explanation, ""
		if e != nil {
			got = e.name
			used[e] = true
		}
		if got != test.want {
			t.Errorf("%q, %s: explained as %q, want %q", test.class, test.name, got, test.want)
		}
		if all := c.print(&bytes.Buffer{}); all != (test.want != "") {
			t.Errorf("%q, %s: print says that all is explained: %v", test.class, test.name, all)
		}
	}
	underOptOut := w.zones[slices.IndexFunc(w.zones, func(z *zone) bool { return z.class.name == "bitmaps claim cname" && z.denial.optOut })]
	for _, d := range []disagreement{
		{question: question{zone: underOptOut, name: underOptOut.in("made.wild"), typ: dns.TypeDS}, theirs: servfail(bogus, ""), ours: fine(insecure)},
	} {
		e := explain(&d)
		if e == nil {
			t.Errorf("%s: unexplained", d.name)
		}
		used[e] = true
	}
	for i := range explanations {
		if !used[&explanations[i]] {
			t.Errorf("no test for the explanation %q", explanations[i].name)
		}
	}
}

// TestReport: every disagreement is printed, under its explanation, and counted.
func TestReport(t *testing.T) {
	w := newWorld(t.TempDir())
	z := find(t, w, "sound", false, "")
	questions := []question{{0, z, z.in("www"), dns.TypeA}, {1, z, z.in("mail"), dns.TypeA}}
	c := newComparison(questions,
		[]answer{{secure, "NOERROR", []string{"a"}, ""}, {secure, "NOERROR", nil, ""}},
		[]answer{{secure, "NOERROR", []string{"b"}, ""}, {secure, "NOERROR", nil, ""}})
	var b strings.Builder
	if c.print(&b) {
		t.Error("an unexplained disagreement is no reason to fail")
	}
	for _, want := range []string{"UNEXPLAINED (1)", z.in("www") + " A (sound; records of", "Unbound: a", "caascan: b", fmt.Sprintf("%-44s %5d %6d %9d %7d %9d %11d", "all", 1, 2, 2, 1, 0, 1)} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in the report:\n%s", want, &b)
		}
	}
}

func TestReadLines(t *testing.T) {
	good := `{"name":"a.example","type":"A","rcode":"NOERROR","security":"secure","reason":"","answers":["a.example. 60 IN A 192.0.2.1"],"error":""}`
	lines, err := readLines([]byte(good+"\n"), "A", []string{"a.example."})
	if err != nil {
		t.Fatal(err)
	}
	a, err := lines[0].answer()
	if diff := cmp.Diff(answer{secure, "NOERROR", []string{"a.example. A 192.0.2.1"}, ""}, a, cmp.AllowUnexported(answer{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for name, text := range map[string]string{
		"no line": "", "two lines": good + "\n" + good + "\n", "another type": strings.Replace(good, `"A"`, `"MX"`, 1),
		"another field": strings.Replace(good, "reason", "because", 1), "no JSON": "; a.example A: NOERROR\n",
	} {
		if _, err := readLines([]byte(text), "A", []string{"a.example."}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := (typeAnswer{Answers: []string{"not a record"}}).answer(); err == nil {
		t.Error("not a record: no error")
	}
}

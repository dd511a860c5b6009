package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// pageOf is the page of a name with these records, or with that failure.
func pageOf(t *testing.T, answer record.Answer, properties ...caa.Property) string {
	t.Helper()
	name := wire.MustName("example.org")
	answer.Name, answer.Type, answer.By = name, wire.TypeCAA, &record.Server{Addr: netip.MustParseAddr("127.0.0.1"), Name: name}
	for _, p := range properties {
		answer.Records = append(answer.Records, record.RR{Owner: name, Type: wire.TypeCAA, Class: 1, TTL: answer.TTL, Data: p.AppendRData(nil)})
	}
	r := &record.Record{
		Target: record.Target{Name: "example.org", Registrable: "example.org", Suffix: "org"}, Finished: step.Time(1_800_000_000e9),
		Climb: []record.Level{{Name: name, Answer: &answer}}, CAA: caa.Judge(properties),
	}
	r.Posture = r.CAA.Posture
	if answer.Outcome.Failed() {
		r.Posture = caa.Uniform(caa.Error)
	}
	var b strings.Builder
	if err := newPage(datasets.DefaultIssuers()).print(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A page says who may issue, what is wrong with the records and what to publish instead.
func TestPage(t *testing.T) {
	got := pageOf(t, record.Answer{Outcome: record.Found, Security: record.Secure, TTL: 300},
		caa.Property{Tag: "issue", Value: "letsencrypt.org"}, caa.Property{Tag: "issue", Value: "digicert.com."}, caa.Property{Tag: "iodef", Value: "ca@example.org"})
	for _, want := range []string{
		"  web servers (TLS)     only letsencrypt.org [",
		"  e-mail (S/MIME)       any CA: the records say nothing for this kind (open)\n",
		"Published at example.org (TTL 300 s, secure, asked of 127.0.0.1)\n",
		"  error    issuer_trailing_dot\n",
		"  warning  iodef_no_scheme\n",
		"What to publish instead\n  example.org. IN CAA 0 issue \"letsencrypt.org\"\n  example.org. IN CAA 0 issue \"digicert.com\"\n" +
			"  example.org. IN CAA 0 iodef \"mailto:ca@example.org\"\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for line := range strings.Lines(got) {
		if len(line) > 120 && !strings.HasPrefix(line, "  web") && !strings.HasPrefix(line, "Perhaps") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
}

// Octets of the DNS cannot steer a terminal.
func TestPageEscapes(t *testing.T) {
	got := pageOf(t, record.Answer{Outcome: record.Found}, caa.Property{Tag: "issue\x1b[2J", Value: "\x1b]0;x\x07\x9b"}, caa.Property{Tag: "issue", Value: "\x1b[31m.example"})
	for _, c := range []byte(got) {
		if c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("octet %#x in\n%q", c, got)
		}
	}
}

// A page on a failure says whether a CA may issue all the same: only in a zone that is proven unsigned (R3.4).
func TestPageOfFailures(t *testing.T) {
	for _, test := range []struct {
		answer record.Answer
		want   string
	}{
		{record.Answer{Outcome: record.ServFail, Security: record.Insecure, Attempts: 2}, "a CA may issue all the same"},
		{record.Answer{Outcome: record.Timeout, Security: record.Indeterminate, Reason: "signed-zone", Attempts: 2}, "No CA may issue"},
		{record.Answer{Outcome: record.Timeout, Security: record.Indeterminate, Attempts: 2}, "No CA may issue"},
		{record.Answer{Outcome: record.Bogus, Security: record.BogusData, Reason: "expired", Attempts: 2}, "signatures do not verify"},
		{record.Answer{Outcome: record.Lame, Security: record.Insecure}, "may not issue"},
	} {
		got := pageOf(t, test.answer)
		if !strings.Contains(strings.Join(strings.Fields(got), " "), test.want) || strings.Contains(got, "any CA") {
			t.Errorf("%v, %v: no %q in\n%s", test.answer.Outcome, test.answer.Security, test.want, got)
		}
	}
}

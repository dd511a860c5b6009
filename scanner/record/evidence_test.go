package record_test

import (
	"testing"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Each outcome and each state reach the verdict as what they are: a failure as a failure, never as an empty level (R1.9,
// R1.10), one in a zone that is proven signed as that (R3.4).
func TestEvidence(t *testing.T) {
	rule, ok := caa.BuiltIn().ByName("tls-2026-06", caa.TLS)
	if !ok {
		t.Fatal("no profile tls-2026-06")
	}
	other := caa.Property{Tag: "issue", Value: "other.example"}
	records := []record.RR{{Owner: wire.MustName("example"), Type: wire.TypeCAA, Data: other.AppendRData(nil)}}
	for _, test := range []struct {
		answer record.Answer
		want   caa.Reason
	}{
		{record.Answer{Outcome: record.NoData, Security: record.Insecure}, caa.NoCAA},
		{record.Answer{Outcome: record.NXDomain, Security: record.Secure}, caa.NoCAA},
		{record.Answer{Outcome: record.Found, Security: record.Secure, Type: wire.TypeCAA, Records: records}, caa.NotAuthorized},
		{record.Answer{Outcome: record.ServFail, Security: record.Insecure, Attempts: 2}, caa.FailureInsecure},
		{record.Answer{Outcome: record.ServFail, Security: record.Insecure, Attempts: 1}, caa.FailureUnretried},
		{record.Answer{Outcome: record.Timeout, Security: record.Indeterminate, Reason: "signed-zone", Attempts: 2}, caa.FailureSigned},
		{record.Answer{Outcome: record.Refused, Security: record.Indeterminate, Reason: "chain-unreachable", Attempts: 2}, caa.FailureIndeterminate},
		{record.Answer{Outcome: record.Malformed, Security: record.Insecure, Attempts: 2}, caa.FailureInsecure},
		{record.Answer{Outcome: record.Bogus, Security: record.BogusData, Reason: "expired"}, caa.DNSSECBogus},
		{record.Answer{Outcome: record.NoData, Notes: &record.Notes{EDE: []record.EDE{{Code: 16}}}}, caa.ResolverPolicy},
		{record.Answer{Outcome: record.Skipped}, caa.NotStored},
	} {
		r := record.Record{Target: record.Target{Name: "example", Suffix: "example"}, Relevant: -1,
			Climb: []record.Level{{Name: wire.MustName("example"), Answer: &test.answer}}}
		ev := r.Evidence(nil)
		d := caa.Decide(&ev, &caa.Request{Kind: caa.TLS, Issuers: []string{"ca.example"}}, rule)
		if d.Reason != test.want {
			t.Errorf("%v, %v: %v, want %v", test.answer.Outcome, test.answer.Security, d.Reason, test.want)
		}
	}
	for o := range record.Outcomes {
		a := record.Answer{Outcome: record.Outcome(o)}
		r := record.Record{Climb: []record.Level{{Answer: &a}}}
		got := r.Evidence(nil).Levels[0].Outcome
		failed := got != caa.Found && got != caa.NoData && got != caa.NXDomain
		if failed != a.Outcome.Failed() {
			t.Errorf("%v reaches the verdict as %v", a.Outcome, got)
		}
	}
}

func TestEvidenceLabels(t *testing.T) {
	r := record.Record{Target: record.Target{Name: "www.example.co.uk", Suffix: "co.uk"}}
	if ev := r.Evidence(nil); ev.Labels != 4 || ev.Suffix != 2 {
		t.Errorf("%d labels, %d of the suffix", ev.Labels, ev.Suffix)
	}
}

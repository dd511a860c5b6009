package caa_test

import (
	"testing"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
)

// What a scan stores by its words is evidence: each outcome of a look-up, and each DNSSEC state with each reason for it.
func TestStoredWords(t *testing.T) {
	for o := range record.Outcome(record.Outcomes) {
		got, ok := caa.OutcomeOf(o.String())
		if !ok {
			t.Errorf("a look-up that is %v is no evidence", o)
		}
		failed := got != caa.Found && got != caa.NoData && got != caa.NXDomain
		if failed != o.Failed() {
			t.Errorf("%v: failed %v, as evidence %v", o, o.Failed(), failed)
		}
	}
	for _, s := range []record.Security{record.Indeterminate, record.Secure, record.Insecure, record.BogusData} {
		for r := range dnssec.Reason(dnssec.Reasons) {
			got, ok := caa.SecurityOf(s.String(), r.String())
			if !ok || got.String() != s.String() && r != dnssec.SignedZone {
				t.Errorf("%v (%v) is read as %v", s, r, got)
			}
		}
	}
	if s, _ := caa.SecurityOf(record.Indeterminate.String(), dnssec.SignedZone.String()); s != caa.Secure {
		t.Errorf("a failure in a signed zone is %v", s)
	}
	if s, _ := caa.SecurityOf(record.Indeterminate.String(), dnssec.NotValidated.String()); s != caa.NotValidated {
		t.Errorf("what nobody validated is %v", s)
	}
}

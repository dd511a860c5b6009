package record_test

import (
	"bytes"
	"encoding/gob"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// climbed is the record of a climb with these outcomes and so many attempts each, of which the first failure decides.
func climbed(attempts uint8, outcomes ...record.Outcome) *record.Record {
	levels := make([]record.Level, len(outcomes))
	for i, o := range outcomes {
		levels[i].Answer = &record.Answer{Type: wire.TypeCAA, Outcome: o, Attempts: attempts}
	}
	r := &record.Record{}
	v := record.Conclude(levels)
	r.Climb, r.Relevant, r.CAA, r.Posture = v.Climb, v.Relevant, v.CAA, v.Posture
	return r
}

// A second look is for failures that may pass, of a climb that was not looked at again yet.
func TestAgain(t *testing.T) {
	passing := map[record.Outcome]bool{
		record.Timeout: true, record.ServFail: true, record.Refused: true, record.Lame: true, record.FormErr: true,
		record.NotImp: true, record.OtherRCode: true, record.Malformed: true, record.Unreachable: true, record.Truncated: true,
	}
	for o := range record.Outcome(record.Outcomes) {
		if o == record.Found {
			continue
		}
		if r := climbed(1, record.NXDomain, o); r.Again() != passing[o] {
			t.Errorf("%v: again %v", o, r.Again())
		}
	}
	r := climbed(1, record.Timeout, record.NoData)
	r.Target.First = &record.Look{}
	if r.Again() {
		t.Error("a name is looked at a third time")
	}
	if (&record.Record{Relevant: -1}).Again() {
		t.Error("a name about which nothing was asked is looked at again")
	}
}

// A target goes to disk between its looks, and comes back as it was.
func TestLookOnDisk(t *testing.T) {
	r := climbed(2, record.NoData, record.ServFail, record.Timeout)
	r.Admitted, r.Finished, r.Cost = 5, 9, record.Cost{Waited: time.Second, Queries: 7, Retries: 3, TCP: 1, Checks: 2, Hashes: 4}
	r.Climb[1].Answer.Notes = &record.Notes{InVain: []*record.Server{
		{Addr: netip.MustParseAddr("192.0.2.1"), Name: wire.MustName("ns.example")}, {Addr: netip.MustParseAddr("2001:db8::1")},
	}}
	r.Climb[1].Answer.Zone = wire.MustName("example")
	look := r.Look()
	want := &record.Look{
		Admitted: 5, Finished: 9, Failed: 1, Cost: r.Cost, Zone: wire.MustName("example"),
		Climb:   []record.Try{{record.NoData, 2}, {record.ServFail, 2}, {record.Timeout, 2}},
		Servers: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
	}
	if !reflect.DeepEqual(look, want) {
		t.Errorf("got  %+v\nwant %+v", look, want)
	}
	set := []record.Target{
		{Name: "a.example", Line: 3, Source: "stdin", Registrable: "a.example", Suffix: "example", First: look},
		{Name: "b.example", Input: "*.b.example", Wildcard: true, First: &record.Look{Climb: []record.Try{{}}}},
	}
	var disk bytes.Buffer
	if err := gob.NewEncoder(&disk).Encode(set); err != nil {
		t.Fatal(err)
	}
	var back []record.Target
	if err := gob.NewDecoder(&disk).Decode(&back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, set) {
		t.Errorf("got  %+v\nwant %+v", back, set)
	}
}

// The attempts of two looks count together where both failed (spec rule R3.4).
func TestAttempts(t *testing.T) {
	first := climbed(1, record.NoData, record.Timeout, record.Timeout).Look()
	r := climbed(1, record.ServFail, record.Refused, record.NoData)
	r.Target.First = first
	for i, want := range []uint8{1, 2, 1} {
		if got := r.Attempts(i); got != want {
			t.Errorf("level %d: %d attempts, want %d", i, got, want)
		}
		if got := r.Evidence(nil).Levels[i].Attempts; got != want {
			t.Errorf("level %d: a verdict sees %d attempts, want %d", i, got, want)
		}
	}
	r = climbed(200, record.Timeout)
	r.Target.First = climbed(200, record.Timeout).Look()
	if got := r.Attempts(0); got != 255 {
		t.Errorf("%d attempts, want 255", got)
	}
}

// A rule that demands one retry of a failure sees one where each look made a single attempt (R3.4).
func TestSecondLookIsRetry(t *testing.T) {
	rule, ok := caa.BuiltIn().ByName("tls-2026-06", caa.TLS)
	if !ok {
		t.Fatal("no profile tls-2026-06")
	}
	r := climbed(1, record.Timeout)
	r.Target = record.Target{Name: "example", Suffix: "example"}
	r.Climb[0].Answer.Security = record.Insecure
	for _, test := range []struct {
		first *record.Look
		want  caa.Reason
	}{
		{nil, caa.FailureUnretried},
		{climbed(1, record.NoData, record.ServFail).Look(), caa.FailureUnretried},
		{climbed(1, record.ServFail).Look(), caa.FailureInsecure},
	} {
		r.Target.First = test.first
		ev := r.Evidence(nil)
		if d := caa.Decide(&ev, &caa.Request{Kind: caa.TLS, Issuers: []string{"ca.example"}}, rule); d.Reason != test.want {
			t.Errorf("after %+v: %v, want %v", test.first, d.Reason, test.want)
		}
	}
}

package output

import (
	"testing"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// TestSecondhand: what another tool does not tell is NULL, in the climb too, and no finding rests on it; the evidence stays.
func TestSecondhand(t *testing.T) {
	name := wire.MustName("example.org")
	answer := &record.Answer{
		Name: name, Type: wire.TypeCAA, By: &record.Server{}, TTL: 1 << 20,
		Records: []record.RR{{Owner: name, Type: wire.TypeCAA, TTL: 1 << 20, Data: []byte("\x00\x05issuea.example")}},
	}
	v := record.Conclude([]record.Level{{Name: name, Answer: answer}})
	r := &record.Record{Target: record.Target{Name: "example.org"}, Climb: v.Climb, Relevant: v.Relevant, CAA: v.CAA, Posture: v.Posture}
	first, _ := NewEncoder(Config{ScanID: "s"}).Rows(r)
	if first.CAATTL == nil || first.RTTUs == nil || first.CAATruncated == nil || first.Climb[0].TTL == nil {
		t.Errorf("at first hand: %+v", first)
	}
	d, records := NewEncoder(Config{ScanID: "s", Secondhand: true}).Rows(r)
	if d.CAATTL != nil || d.RTTUs != nil || d.CAATruncated != nil || d.Climb[0].TTL != nil {
		t.Errorf("at second hand: TTL %v, RTT %v, truncated %v, climb %+v", d.CAATTL, d.RTTUs, d.CAATruncated, d.Climb)
	}
	if d.CAAStatus != "found" || len(d.CAA) != 1 || len(records) != 1 || records[0].ResponseTTL != 1<<20 {
		t.Errorf("what is known is lost: %+v, %+v", d, records)
	}
	answer.Truncated = true
	if d, _ := NewEncoder(Config{ScanID: "s", Secondhand: true}).Rows(r); d.CAATruncated == nil || !*d.CAATruncated {
		t.Error("that a reply was truncated was told")
	}
}

// TestNotAskedIsNeverNone: a level that nobody asked about makes the name an error, with a status of its own.
func TestNotAskedIsNeverNone(t *testing.T) {
	name := wire.MustName("www.example.org")
	levels := []record.Level{
		{Name: name, Answer: &record.Answer{Name: name, Type: wire.TypeCAA, Outcome: record.NoData, Reason: "not-validated"}},
		{Name: name.Parent(), Answer: &record.Answer{Type: wire.TypeCAA, Outcome: record.NotAsked, Reason: "not-validated"}},
	}
	v := record.Conclude(levels)
	r := &record.Record{Target: record.Target{Name: "www.example.org", Suffix: "org"}, Climb: v.Climb, Relevant: v.Relevant, CAA: v.CAA, Posture: v.Posture}
	d, _ := NewEncoder(Config{ScanID: "s"}).Rows(r)
	if d.Status != "not_asked" || d.CAAStatus != "error" || d.TLSPosture != "error" || d.Exists != "exists" || d.CAA != nil {
		t.Errorf("status %s, caa_status %s, posture %s, exists %s", d.Status, d.CAAStatus, d.TLSPosture, d.Exists)
	}
	ev, err := d.Evidence()
	if err != nil || len(ev.Levels) != 2 || ev.Levels[1].Outcome != caa.NotAsked {
		t.Errorf("evidence %+v, %v", ev, err)
	}
}

package record

import (
	"testing"
	"unsafe"

	"github.com/caascan/caascan/scanner/wire"
)

// TestWords: every value of an enumeration that reaches disk has a word of its own.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for o := range Outcome(Outcomes) {
		if word := o.String(); word == "" || seen[word] {
			t.Errorf("outcome %d has the word %q", o, word)
		}
		seen[o.String()] = true
	}
	for s, want := range map[Security]string{Indeterminate: "indeterminate", Secure: "secure", Insecure: "insecure", BogusData: "bogus"} {
		if s.String() != want {
			t.Errorf("security %d is %q, want %q", s, s, want)
		}
	}
	for s, want := range map[Support]string{Unknown: "unknown", Answers: "answers", Refuses: "refuses", Drops: "drops", NotImplemented: "notimp"} {
		if s.String() != want {
			t.Errorf("support %d is %q, want %q", s, s, want)
		}
	}
}

// TestFailed: only the three outcomes of spec rule R1.9 that show whether there are records are no failures, and a client
// of a resolver sees SERVFAIL for all others.
func TestFailed(t *testing.T) {
	shows := map[Outcome]wire.RCode{Found: wire.NoError, NoData: wire.NoError, NXDomain: wire.NXDomain}
	for o := range Outcome(Outcomes) {
		code, ok := shows[o]
		if !ok {
			code = wire.ServFail
		}
		if o.Failed() == ok || o.ClientRCode() != code {
			t.Errorf("%v: failed %v, code %v", o, o.Failed(), o.ClientRCode())
		}
	}
}

func TestAnswer(t *testing.T) {
	name := func(text string) wire.Name {
		n, err := wire.ParseName(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	www, cdn := name("www.example.com"), name("cdn.example.net")
	caa := RR{Owner: cdn, Type: wire.TypeCAA, Data: []byte{0, 5, 'i', 's', 's', 'u', 'e', ';'}}
	alias := &Answer{
		Name: www, Type: wire.TypeCAA, Zone: name("example.net"), NS: []wire.Name{name("ns.example.net")},
		Chain:   []Alias{{Owner: www, Target: cdn, Zone: name("example.com"), NS: []wire.Name{name("ns.example.com")}}},
		Records: []RR{{Owner: www, Type: wire.TypeCNAME, Data: []byte(cdn)}, caa},
		Notes:   &Notes{EDE: []EDE{{Code: 3}}},
	}
	if zone, ns := alias.Home(); zone != name("example.com") || len(ns) != 1 || ns[0] != name("ns.example.com") {
		t.Errorf("an alias is at home in %v, %v", zone, ns)
	}
	if alias.Owner() != cdn || len(alias.Set()) != 1 || alias.Set()[0].Type != wire.TypeCAA || alias.FailedAt() != "" || len(alias.EDE()) != 1 {
		t.Errorf("owner %v, set %v, failed at %v, extended errors %v", alias.Owner(), alias.Set(), alias.FailedAt(), alias.EDE())
	}
	plain := &Answer{Name: www, Type: wire.TypeCAA, Outcome: Timeout, Zone: name("example.com")}
	if zone, _ := plain.Home(); zone != plain.Zone || plain.Owner() != www || len(plain.Set()) != 0 || plain.FailedAt() != plain.Zone || plain.EDE() != nil {
		t.Errorf("%+v", plain)
	}
	for _, r := range []struct {
		record Record
		failed bool
	}{
		{Record{Relevant: -1, Climb: []Level{{www, alias}}}, false},
		{Record{Relevant: 0, Climb: []Level{{www, alias}}}, false},
		{Record{Relevant: 0, Climb: []Level{{www, plain}}}, true},
	} {
		if r.record.Failed() != r.failed {
			t.Errorf("relevant %d of %v: failed %v", r.record.Relevant, r.record.Climb[0].Answer.Outcome, r.record.Failed())
		}
	}
}

// TestAnswerSize: a name that waits for what others ask too holds an answer (ARCHITECTURE.md, "Names that wait").
func TestAnswerSize(t *testing.T) {
	if size := unsafe.Sizeof(Answer{}); size > 200 {
		t.Errorf("an answer has %d octets, want at most 200", size)
	}
}

package output

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// requests are what CAs ask in the tests: some that the random sets name, one that none does, with all that changes a verdict.
func requests(kind caa.Kind) []caa.Request {
	return []caa.Request{
		{Kind: kind, Issuers: []string{"letsencrypt.org"}},
		{Kind: kind, Issuers: []string{"LetsEncrypt.ORG"}, OnFailure: caa.DenyOnFailure},
		{Kind: kind, Issuers: []string{"ca.example"}, HonoursRFC8657: true, AccountURIs: []string{"https://x/1"}, Methods: []string{"dns-01"}},
		{Kind: kind, Issuers: []string{"ca.example", "ok.example"}, HonoursRFC8657: true},
		{Kind: kind, Issuers: []string{"nobody.example"}, OnFailure: caa.PermitOnFailure, DNSOperator: true},
	}
}

// varied makes of a random record one that also has what only some rules look at.
func varied(rng *rand.Rand, i int) *record.Record {
	r := random(rng, i)
	codes := []uint16{0, 1, 3, 4, 5, 6, 9, 15, 18, 22, 25, 65535}
	for k := range r.Climb {
		a := r.Climb[k].Answer
		if a.Reason == "" && a.Security == record.Indeterminate {
			a.Reason = []string{"", "not-validated", "signed-zone", "chain-unreachable"}[rng.IntN(4)]
		}
		if a.Notes == nil && rng.IntN(5) == 0 {
			a.Notes = &record.Notes{EDE: []record.EDE{{Code: codes[rng.IntN(len(codes))]}}}
		}
		a.Attempts = uint8(rng.IntN(4))
		if a.Outcome == record.Found && rng.IntN(3) == 0 {
			value := []string{"ca.example; validationmethods=http-01", "ca.example; accounturi=none", "ca.example;;", "ca.example; a-b=c"}[rng.IntN(4)]
			a.Records = []record.RR{caaRR(a.Owner(), 300, uint8(rng.IntN(2)), "issue", value)}
		}
	}
	if rng.IntN(3) == 0 && len(r.Climb) > 0 { // sets above a failure, which rules that pass it over find
		for k := range r.Climb {
			if a := r.Climb[k].Answer; k == 0 {
				a.Outcome, a.Records, a.RCode = record.ServFail, nil, wire.ServFail
				a.Security = record.Insecure
			}
		}
		for level := r.Climb[len(r.Climb)-1].Name.Parent(); level != wire.Root && level != ""; level = level.Parent() {
			r.Climb = append(r.Climb, record.Level{Name: level, Answer: (generator{rng}).answer(level, wire.TypeCAA)})
		}
	}
	return judged(r)
}

// Every rule says of what is stored what it says of the record: measure once, judge many times.
func TestStoredEvidenceDecidesAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	e := NewEncoder(Config{ScanID: "x", Registrable: registrable})
	reasons := map[caa.Reason]int{}
	aboveFailure := 0
	for i := range 6000 {
		r := varied(rng, i)
		d, _ := e.Rows(r)
		if i%2 == 0 { // what a reader of JSON lines has
			text, err := json.Marshal(&d)
			if err != nil {
				t.Fatal(err)
			}
			d = Domain{}
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := d.Evidence()
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		measured := r.Evidence(nil)
		if r.Failed() && slices.ContainsFunc(measured.Levels, func(l caa.Level) bool { return l.Set != nil }) {
			aboveFailure++
		}
		for _, p := range caa.BuiltIn().Profiles() {
			for kind := range caa.Kind(caa.Kinds) {
				for _, req := range requests(kind) {
					want, got := caa.Decide(&measured, &req, p), caa.Decide(&stored, &req, p)
					if got.Level != r.Relevant { // sets above a failure are stored in an order of their own
						got.Record, want.Record = -1, -1
					}
					if got != want {
						t.Fatalf("record %d, %s, %v, %q: stored %+v, measured %+v\n%+v", i, p.Name, kind, req.Issuers, got, want, d.Climb)
					}
					reasons[got.Reason]++
				}
			}
		}
	}
	for reason := caa.NoCAA; reason <= caa.NotStored; reason++ {
		unreachable := reason >= caa.MPICQuorum && reason <= caa.MPICFailureChoice || reason == caa.NameInvalid
		if reasons[reason] == 0 && !unreachable {
			t.Errorf("no record of the test led to %v", reason)
		}
	}
	if aboveFailure < 100 {
		t.Errorf("%d records with a set above a failure", aboveFailure)
	}
}

func TestEvidenceOfBadRows(t *testing.T) {
	depth := int8(0)
	for name, d := range map[string]Domain{
		"outcome":       {Climb: []Level{{Outcome: "fine", Security: "secure"}}},
		"security":      {Climb: []Level{{Outcome: "nodata", Security: "safe"}}},
		"attempts":      {Climb: []Level{{Outcome: "nodata", Security: "secure", Attempts: -1}}},
		"no set":        {Climb: []Level{{Outcome: "found", Security: "secure"}}},
		"bad record":    {Climb: []Level{{Outcome: "found", Security: "secure", CAA: []string{"0 issue ca.example"}}}},
		"bad value":     {CAADepth: &depth, CAA: []Property{{Tag: "issue", Value: `\99`}}, Climb: []Level{{Outcome: "found", Security: "secure"}}},
		"bad tag":       {CAADepth: &depth, CAA: []Property{{Tag: `\999`}}, Climb: []Level{{Outcome: "found", Security: "secure"}}},
		"set elsewhere": {CAADepth: new(int8), CAA: []Property{{Tag: "issue"}}, Climb: []Level{{Outcome: "timeout", Security: "secure"}, {Outcome: "found", Security: "secure"}}},
	} {
		if ev, err := d.Evidence(); err == nil {
			t.Errorf("%s: %+v", name, ev)
		}
	}
}

func TestReadPresentation(t *testing.T) {
	for _, text := range []string{
		"", "0", "0 issue", `0 issue "`, `256 issue ""`, `-1 issue ""`, `0  ""`, `0 issue "a"b"`, `0 issue "a\"`, `0 issue "\25"`,
		`0 issue "\256"`, `0000 issue ""`, `x issue ""`,
	} {
		if p, ok := readPresentation(text); ok {
			t.Errorf("%s: %+v", text, p)
		}
	}
}

func FuzzPresentation(f *testing.F) {
	for i, value := range hostile {
		f.Add(uint8(i*17), "issue", value)
	}
	f.Add(uint8(128), "x\x00\xff \"\\", `a "quoted" \ value`)
	f.Fuzz(func(t *testing.T, flags uint8, tag, value string) {
		if tag == "" || len(tag) > 255 {
			return
		}
		want := caa.Property{Flags: flags, Tag: tag, Value: value}
		got, ok := readPresentation(want.String())
		if !ok || got != want {
			t.Fatalf("%s: %+v, want %+v", want, got, want)
		}
	})
}

func FuzzReadPresentation(f *testing.F) {
	f.Add(`0 issue "ca.example"`)
	f.Add(`128 x\000 "\"\\\255"`)
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := readPresentation(text); ok {
			if again, ok := readPresentation(p.String()); !ok || again != p {
				t.Fatalf("%q: %+v, again %+v", text, p, again)
			}
		}
	})
}

func BenchmarkEvidence(b *testing.B) {
	e := NewEncoder(Config{ScanID: "x", Registrable: registrable})
	for name, r := range map[string]*record.Record{"none": typical(1), "caa": withCAA(1)} {
		d, _ := e.Rows(r)
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Evidence(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package simnet

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

// checkSecurity holds the stated security of some names of every scenario against what a naive validator finds.
func checkSecurity(t *testing.T, w *World, each int) {
	t.Helper()
	v := newValidator(t, w, inProcess(w))
	seen := map[*scenario]int{}
	for i := range min(w.Len(), demoNames) {
		sc := w.scenarioOf(i)
		if seen[sc]++; seen[sc] > each {
			continue
		}
		want := w.Truth(i)
		got := v.climb(want.Name, w.cfg.Validation)
		if diff := compare(want, got); diff != "" {
			t.Errorf("%s (%s): %s", want.Name, want.Class, diff)
		} else if diff := compareSecurity(want, got); diff != "" {
			t.Errorf("%s (%s): %s", want.Name, want.Class, diff)
		}
	}
	t.Logf("%d signatures checked, %v", v.checks, v.kinds)
}

func TestSecurity(t *testing.T) {
	each := 8
	if raceEnabled {
		each = 1
	}
	checkSecurity(t, testWorld(t, Config{Seed: 1, Names: demoNames, Validation: FullValidation}), each)
	checkSecurity(t, testWorld(t, Config{Seed: 2, Names: demoNames, Validation: FullValidation}), each/2)
	checkSecurity(t, testWorld(t, Config{Seed: 3, Names: demoNames, Validation: LazyValidation}), each/2)
}

// TestSecurityOfLargeWorlds: registries without tables answer with the narrowest spans, and all is as secure as before.
func TestSecurityOfLargeWorlds(t *testing.T) {
	checkSecurity(t, testWorld(t, Config{Seed: 4, Names: maxRegistered + 1, Validation: FullValidation}), 1)
}

// TestSecurityOfPlain: a signed world for benches has the shares that were asked for.
func TestSecurityOfPlain(t *testing.T) {
	cfg := Config{Seed: 5, Names: 4000, Plain: true, CAAShare: 0.3, SignedOptOut: 0.1, SignedFull: 0.6, Validation: FullValidation}
	w := testWorld(t, cfg)
	checkSecurity(t, w, 60)
	names, secure := map[string]int{}, map[string]int{}
	for i := range w.Len() {
		truth := w.Truth(i)
		tld := truth.Name[strings.LastIndexByte(truth.Name, '.')+1:]
		names[tld]++
		if truth.Security == record.Secure {
			secure[tld]++
		}
	}
	for tld, want := range map[string]float64{"com": 0.1, "nl": 0.6} {
		if half := float64(names[tld]) / float64(w.Len()); half < 0.47 || half > 0.53 {
			t.Errorf("%.2f of the names are under %s", half, tld)
		}
		if got := float64(secure[tld]) / float64(names[tld]); got < want-0.04 || got > want+0.04 {
			t.Errorf("%.2f of the names under %s are secure, want %.2f", got, tld, want)
		}
	}
}

// TestSpans: the spans of an opt-out TLD are as wide as its unsigned delegations are many, so that one serves for the
// names that follow (RFC 8198).
func TestSpans(t *testing.T) {
	w := testWorld(t, Config{Seed: 5, Names: 100_000, Plain: true, SignedOptOut: 0.05, SignedFull: 0.6})
	delegations := map[*tld]int{}
	for i := range w.Len() {
		d := w.domain(i)
		delegations[d.tld]++
	}
	com, nl := w.tldOf["com"], w.tldOf["nl"]
	if width := float64(delegations[com]) / float64(len(com.zone.registry.hashes)); width < 18 || width > 22 {
		t.Errorf("%.1f delegations for each span of com", width)
	}
	if width := float64(delegations[nl]) / float64(len(nl.zone.registry.hashes)); width < 0.9 || width > 1 {
		t.Errorf("%.2f delegations for each span of nl", width)
	}
}

// TestSecurityContent: a world of the demo's size has every security, and every reason that a scenario states, and each
// scenario that states something of its own is met somewhere with it.
func TestSecurityContent(t *testing.T) {
	w := testWorld(t, Config{Seed: 1, Names: demoNames, Validation: FullValidation})
	securities, reasons, schemes := map[record.Security]int{}, map[string]int{}, map[*scheme]int{}
	met := map[*scenario]bool{}
	for i := range w.Len() {
		sc, truth := w.scenarioOf(i), w.Truth(i)
		securities[truth.Security]++
		reasons[truth.Reason]++
		if f := sc.full; f != nil && truth.Reason == f.reason.String() && truth.Security == f.security {
			met[sc] = true
		}
		d := w.domain(w.hostIndex(i))
		z := w.zoneOf(w.hostIndex(i), &d, w.scenarioOf(w.hostIndex(i)), 0)
		schemes[z.sign.scheme]++
	}
	for s := record.Indeterminate; s <= record.BogusData; s++ {
		if securities[s] == 0 {
			t.Errorf("no name is %v", s)
		}
	}
	for _, sc := range w.scenarios {
		if sc.full != nil && !met[sc] {
			t.Errorf("%s is nowhere %v for %q", sc.class, sc.full.security, sc.full.reason)
		}
	}
	for i := range leafSchemes {
		if schemes[&leafSchemes[i].scheme] == 0 {
			t.Errorf("no zone is signed like row %d", i)
		}
	}
	if schemes[onlineECDSA] == 0 {
		t.Error("no zone is signed when asked")
	}
	if share := float64(securities[record.Secure]) / demoNames; share < 0.15 || share > 0.25 {
		t.Errorf("%.2f of the names are secure", share)
	}
	t.Logf("%v, %v", securities, reasons)
}

// TestWithoutDO: who does not ask for signatures gets the octets that a world without them would send, but for what is
// asked by the types of DNSSEC itself.
func TestWithoutDO(t *testing.T) {
	cfg := Config{Seed: 6, Names: 8192}
	w, plain := testWorld(t, cfg), testWorld(t, cfg)
	plain.signed = false
	for _, s := range plain.special {
		s.sign = signing{}
	}
	queries, servers := queriesFor(w, 6000)
	signed, unsigned := responder{w: w}, responder{w: plain}
	for i, q := range queries {
		at, _ := plain.serverAt(servers[i].addr)
		got, _ := signed.respond(servers[i], q, false, false, nil)
		want, _ := unsigned.respond(&plain.servers[at], q, false, false, nil)
		if !bytes.Equal(got, want) {
			t.Fatalf("%s answers %x with %x, want %x", servers[i].name, q, got, want)
		}
	}
}

// TestSignaturesAreAFunction of the seed and of Config.Now.
func TestSignaturesAreAFunction(t *testing.T) {
	cfg := Config{Seed: 6, Names: 8192, Now: time.Unix(1_800_000_000, 0)}
	a, b := testWorld(t, cfg), testWorld(t, cfg)
	if a.TrustAnchor() != b.TrustAnchor() {
		t.Error("the same seed gives different trust anchors")
	}
	if anchor := testWorld(t, Config{Names: 1, Plain: true}).TrustAnchor(); anchor != "" {
		t.Errorf("a world without signatures has the trust anchor %s", anchor)
	}
	queries, servers := queriesWith(a, 300, true)
	first, second := responder{w: a}, responder{w: b}
	for i, q := range queries {
		at, _ := b.serverAt(servers[i].addr)
		one, _ := first.respond(servers[i], q, true, false, nil)
		two, _ := second.respond(&b.servers[at], q, true, false, nil)
		if !bytes.Equal(one, two) {
			t.Fatalf("%s answers %x in two ways", servers[i].name, q)
		}
	}
}

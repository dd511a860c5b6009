package simnet

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/weppos/publicsuffix-go/publicsuffix"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// demoNames is the size of the world of the demo.
const demoNames = 25_000

// TestTruth holds what the scenarios' rows state against what a naive resolver finds out from the servers, for some
// names of every scenario.
func TestTruth(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		w := testWorld(t, Config{Seed: seed, Names: demoNames, IPv6: seed == 2})
		n := newNaive(w, inProcess(w))
		seen := map[*scenario]int{}
		for i := range w.Len() {
			sc := w.scenarioOf(i)
			if seen[sc]++; seen[sc] > 12 {
				continue
			}
			want := w.Truth(i)
			if diff := compare(want, n.truth(want.Name)); diff != "" {
				t.Errorf("seed %d: %s (%s): %s", seed, want.Name, want.Class, diff)
			}
		}
		if len(seen) != len(w.scenarios) {
			t.Errorf("seed %d: %d of %d scenarios occur", seed, len(seen), len(w.scenarios))
		}
	}
}

// TestTruthOfPlain does the same for the worlds of benches.
func TestTruthOfPlain(t *testing.T) {
	w := testWorld(t, Config{Seed: 7, Names: 500, Plain: true, CAAShare: 0.4})
	n := newNaive(w, inProcess(w))
	for i := range w.Len() {
		want := w.Truth(i)
		if diff := compare(want, n.truth(want.Name)); diff != "" {
			t.Errorf("%s (%s): %s", want.Name, want.Class, diff)
		}
		if want.Failure.Failed() {
			t.Errorf("%s: a plain world has no failures", want.Name)
		}
	}
}

// TestPoliteScan counts what a scan of all names asks each server, and checks that 50 queries a second and server and
// 500 a second and operator let it end within the promised time; and that every name comes out right.
func TestPoliteScan(t *testing.T) {
	if raceEnabled {
		t.Skip("the same code as in TestTruth, too much of it for the race detector")
	}
	w := testWorld(t, Config{Seed: 1, Names: demoNames})
	perServer, perOperator := map[netip.Addr]int{}, map[*operator]int{}
	ask := inProcess(w)
	n := newNaive(w, func(q *dns.Msg, server netip.Addr, tcp bool) (*dns.Msg, error) {
		perServer[server]++
		if at, ok := w.serverAt(server); ok {
			perOperator[w.servers[at].op]++
		}
		return ask(q, server, tcp)
	})
	n.spread = true
	for i := range w.Len() {
		want := w.Truth(i)
		if diff := compare(want, n.truth(want.Name)); diff != "" {
			t.Errorf("%s (%s): %s", want.Name, want.Class, diff)
		}
	}
	busiest, most := netip.Addr{}, 0
	for addr, count := range perServer {
		if count > most {
			busiest, most = addr, count
		}
	}
	if seconds := float64(most) / 50; seconds > 35 {
		t.Errorf("%v would be asked for %.0f s", busiest, seconds)
	}
	total := 0
	for op, count := range perOperator {
		total += count
		if seconds := float64(count) / 500; seconds > 30 {
			t.Errorf("%s would be asked for %.0f s", op.domain, seconds)
		}
	}
	t.Logf("%d queries for %d names; the busiest server, %v, is asked %d times", total, w.Len(), busiest, most)
}

// TestNames: the names are distinct, canonical, and lead back to their truth.
func TestNames(t *testing.T) {
	w := testWorld(t, Config{Seed: 3, Names: demoNames})
	seen := map[string]bool{}
	i := 0
	for name := range w.Names() {
		if seen[name] {
			t.Fatalf("%s occurs twice", name)
		}
		seen[name] = true
		parsed, err := wire.ParseName(name)
		if err != nil || parsed.String() != name {
			t.Fatalf("%s is not canonical (%v)", name, err)
		}
		for _, form := range []string{name, strings.ToUpper(name) + "."} {
			if got, ok := w.TruthOf(form); !ok || got != w.Truth(i) {
				t.Fatalf("TruthOf(%s) = %+v, %v, want that of name %d", form, got, ok, i)
			}
		}
		i++
	}
	if i != w.Len() {
		t.Fatalf("%d names, want %d", i, w.Len())
	}
	for _, name := range []string{"", ".", "com", "example.com", "nic.com", "www." + w.Name(5)} {
		if _, ok := w.TruthOf(name); ok {
			t.Errorf("TruthOf(%q) found", name)
		}
	}
}

// TestPublicSuffixes: whoever uses the public suffix list must see the registrable domains that the world has.
func TestPublicSuffixes(t *testing.T) {
	for _, entry := range tldTable() {
		got, err := publicsuffix.Domain("www.label." + entry.suffix)
		if err != nil || got != "label."+entry.suffix {
			t.Errorf("registrable domain of www.label.%s is %q (%v)", entry.suffix, got, err)
		}
	}
}

// TestDeterminism: a world is a function of seed and size alone.
func TestDeterminism(t *testing.T) {
	var a, b, v6, other bytes.Buffer
	for _, run := range []struct {
		cfg Config
		out *bytes.Buffer
	}{
		{Config{Seed: 9, Names: 3000}, &a},
		{Config{Seed: 9, Names: 3000}, &b},
		{Config{Seed: 9, Names: 3000, IPv6: true}, &v6},
		{Config{Seed: 10, Names: 3000}, &other},
	} {
		if err := testWorld(t, run.cfg).WriteTruth(run.out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same seed gives different worlds")
	}
	if !bytes.Equal(a.Bytes(), v6.Bytes()) {
		t.Error("IPv6 changes the world's content")
	}
	if bytes.Equal(a.Bytes(), other.Bytes()) {
		t.Error("the seed changes nothing")
	}
}

// TestWriteTruth: the lines are JSON and say what Truth says.
func TestWriteTruth(t *testing.T) {
	w := testWorld(t, Config{Seed: 9, Names: 4096})
	var out bytes.Buffer
	if err := w.WriteTruth(&out); err != nil {
		t.Fatal(err)
	}
	i := 0
	for line := range strings.Lines(out.String()) {
		var row truthRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		want := w.Truth(i)
		if row.Name != want.Name || row.TLS != want.Posture[caa.TLS].String() || row.Relevant != want.Relevant ||
			(row.Failure != "") != want.Failure.Failed() || (row.Capable == nil) != (want.Capable == CapableUnknown) {
			t.Errorf("line %d: %+v, want %+v", i, row, want)
		}
		i++
	}
	if i != w.Len() {
		t.Errorf("%d lines, want %d", i, w.Len())
	}
}

// TestContent: a world of the demo's size has all there is, in sound proportions.
func TestContent(t *testing.T) {
	w := testWorld(t, Config{Seed: 1, Names: demoNames})
	classes, outcomes, mails := map[string]int{}, map[record.Outcome]int{}, map[MailStatus]int{}
	postures := [caa.Kinds]map[caa.Posture]int{{}, {}, {}, {}}
	sets := map[*caaSet]bool{}
	hosts := map[*operator]int{}
	withCAA, failing := 0, 0
	for i := range w.Len() {
		truth := w.Truth(i)
		classes[truth.Class]++
		outcomes[truth.Failure]++
		mails[truth.MX]++
		for k, p := range truth.Posture {
			postures[k][p]++
		}
		if truth.set != nil {
			withCAA++
			sets[truth.set] = true
		}
		if truth.Failure.Failed() {
			failing++
		}
		d := w.domain(w.hostIndex(i))
		hosts[w.draw(w.scenarioOf(i).by, d.hash)]++
	}
	for _, sc := range scenarioTable() {
		if classes[sc.class] == 0 {
			t.Errorf("no name of class %s", sc.class)
		}
	}
	for k, seen := range postures {
		for _, p := range []caa.Posture{caa.Absent, caa.Open, caa.Restricted, caa.Closed, caa.Blocked, caa.Error} {
			if seen[p] == 0 {
				t.Errorf("no posture %v for %v", p, caa.Kind(k))
			}
		}
	}
	for _, o := range []record.Outcome{record.Timeout, record.ServFail, record.Refused, record.Lame, record.FormErr, record.NotImp,
		record.OtherRCode, record.Malformed, record.Truncated, record.AliasLoop, record.AliasLong} {
		if outcomes[o] == 0 {
			t.Errorf("no failure of class %v", o)
		}
	}
	for s := MailFound; s <= MailError; s++ {
		if mails[s] == 0 {
			t.Errorf("no mail status %v", s)
		}
	}
	for name, p := range pools {
		for _, set := range p {
			if !sets[set] && (name == "any" || name == "large" || name == "tcp") {
				t.Errorf("a set of the pool %s never occurs: %q", name, set.properties)
				sets[set] = true
			}
		}
	}
	share := func(what string, n int, low, high float64) {
		if got := 100 * float64(n) / demoNames; got < low || got > high {
			t.Errorf("%.2f %% of the names %s, want %v to %v", got, what, low, high)
		}
	}
	share("have CAA", withCAA, 30, 35)
	share("fail", failing, 1.5, 3)
	share("time out", outcomes[record.Timeout], 0.2, 0.7)
	share("lie at the largest operator", slices.Max(slices.Collect(maps.Values(hosts))), 4, 9)
	if len(w.servers) < 300 || len(w.servers) > 450 {
		t.Errorf("%d name servers", len(w.servers))
	}
	t.Logf("%d servers, %d classes, CAA %d, failing %d %v, mail %v", len(w.servers), len(classes), withCAA, failing, outcomes, mails)
}

// TestSets: the postures written by hand agree with those that package caa reads from the records, and no RRset
// holds a record twice (RFC 2181 5).
func TestSets(t *testing.T) {
	for name, p := range pools {
		checked := map[*caaSet]bool{}
		for _, set := range p {
			if checked[set] || set.bad {
				continue
			}
			checked[set] = true
			if got := caa.Judge(set.properties).Posture; got != set.posture {
				t.Errorf("%s: %q: posture %v by hand, %v by package caa", name, set.properties, set.posture, got)
			}
			seen := map[string]bool{}
			for _, r := range set.rrs {
				if seen[string(r.data)] {
					t.Errorf("%s: %q holds a record twice", name, set.properties)
				}
				seen[string(r.data)] = true
			}
		}
	}
}

// TestConfig: impossible worlds are refused.
func TestConfig(t *testing.T) {
	for _, cfg := range []Config{
		{}, {Names: -1}, {Names: MaxNames + 1}, {Names: 1, Delay: -1}, {Names: 1, Delay: MaxDelay + time.Second},
		{Names: 1, CAAShare: -0.1}, {Names: 1, CAAShare: 1.1}, {Names: 1, SignedFull: -0.1}, {Names: 1, SignedOptOut: 1.1},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("New(%+v) gives a world", cfg)
		}
	}
	for _, cfg := range []Config{{Names: 1}, {Names: MaxNames, Seed: 1}} {
		w := testWorld(t, cfg)
		if w.Name(0) == "" || w.Name(w.Len()-1) == "" {
			t.Errorf("%+v: a name is missing", cfg)
		}
	}
}

// TestLabel: the permutation is one, and labels lead back.
func TestLabel(t *testing.T) {
	p := newPermutation(5)
	for _, x := range []uint32{0, 1, 2, 4095, 1 << 20, MaxNames - 1} {
		if got := p.invert(p.apply(x)); got != x {
			t.Errorf("invert(apply(%d)) = %d", x, got)
		}
		label := p.appendLabel(nil, x)
		if got, ok := p.parseLabel(label); !ok || got != x {
			t.Errorf("label %s of %d leads to %d, %v", label, x, got, ok)
		}
	}
	for _, label := range []string{"", "example", "aabbccddee", "babababab-", "bababababab", "babababab\xff"} {
		if x, ok := p.parseLabel([]byte(label)); ok {
			t.Errorf("%q is the label of %d", label, x)
		}
	}
}

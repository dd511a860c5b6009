package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// simple makes every number of a plan easy to see.
var simple = Assumptions{Name: 2, Level: 1, Domain: 1, Delegation: 1, RootServers: 10, TopLevelServers: 4, LeafServers: 2}

func addNames(t testing.TB, p *Plan, names ...string) {
	t.Helper()
	for _, name := range names {
		target, reason := Canonical(name, Options{})
		if reason != Accepted {
			t.Fatalf("%q: %s", name, reason)
		}
		p.Add(&target)
	}
}

func TestPlanWithoutAnEarlierScan(t *testing.T) {
	p := NewPlan(Limits{PerServer: 1, PerTopLevel: 2, PerRoot: 10, PerOperator: 3, Total: 5}, simple)
	addNames(t, p,
		"example.com", "www.example.com", "a.b.example.com", // a domain with three names, one label between
		"www.example.co.uk", "www.other.uk", // two domains of one registry, both bare
		"x.github.io", "a.y.github.io", "co.uk") // customers of a private suffix; a suffix itself
	// 8 names and 1 label between; domains: example.com, example.co.uk, other.uk, x.github.io, y.github.io, co.uk,
	// three of them bare; TLDs: com, uk.
	const queries = 8*2 + 1*1 + 6*(1+1) + 3 + 2
	if n, exact := p.Domains(); n != 6 || !exact || p.Names() != 8 || p.Queries() != queries {
		t.Errorf("%d names in %d domains (exact: %v), %d queries", p.Names(), n, exact, p.Queries())
	}
	want := []Bound{
		{"", OfScan, 8, queries, 0, false, queries * time.Second / 5},
		{"example.com", OfDomain, 3, 7, 2, true, 7 * time.Second / 2},
		{"uk", OfTopLevel, 3, 3, 4, true, time.Second}, // the operator's limit: 3 a second, not 8
		{"github.io", OfSuffix, 2, 2, 2, true, time.Second},
		{".", OfRoot, 8, 2, 10, true, 2 * time.Second / 3},
		{"com", OfTopLevel, 3, 1, 4, true, time.Second / 3},
	}
	if diff := cmp.Diff(want, p.Bounds()); diff != "" {
		t.Error(diff)
	}
}

// The same name again is a name again, but no domain again; and a domain met by itself after a name below it is not bare.
func TestPlanDomains(t *testing.T) {
	p := NewPlan(Limits{}, Assumptions{Domain: 1})
	addNames(t, p, "a.example.com", "b.example.com")
	if got := p.Queries(); got != 2 {
		t.Errorf("%d queries, want one for the domain and one for its CAA", got)
	}
	addNames(t, p, "example.com", "example.com", "c.example.com")
	if got := p.Queries(); got != 1 || p.Names() != 5 {
		t.Errorf("%d queries for the domain, want 1; %d names", got, p.Names())
	}
}

func TestPlanRates(t *testing.T) {
	bound := Bound{Queries: 1000, Servers: 4}
	for _, c := range []struct {
		limits Limits
		want   time.Duration
	}{
		{Limits{}, 0},
		{Limits{PerServer: 50}, 5 * time.Second},
		{Limits{PerServer: 50, PerOperator: 100}, 10 * time.Second},
		{Limits{PerServer: 50, PerOperator: 500}, 5 * time.Second},
		{Limits{PerOperator: 500}, 2 * time.Second},
		{Limits{PerServer: 1e-300}, math.MaxInt64},
	} {
		if got := NewPlan(c.limits, simple).atServers(bound, c.limits.PerServer); got != c.want {
			t.Errorf("%+v: %v, want %v", c.limits, got, c.want)
		}
	}
	if p := NewPlan(Limits{PerServer: 7}, simple); p.limits.PerTopLevel != 7 || p.limits.PerRoot != 7 {
		t.Errorf("%+v: root and TLDs are limited as others unless told otherwise", p.limits)
	}
	if bounds := NewPlan(Limits{PerServer: 50, Total: 10}, simple).Bounds(); len(bounds) != 2 || bounds[0].Time != 0 || bounds[1].Queries != 0 {
		t.Errorf("no names: %+v", bounds)
	}
}

// Many domains, and one with a tenth of the names: the numbers stay near the truth, and memory stays bounded.
func TestPlanOfMany(t *testing.T) {
	p := NewPlan(Limits{PerServer: 50}, DefaultAssumptions(1.6))
	p.domains.most, p.groups.most = 1<<12, 1<<10 // the bounds scaled down, so that few names reach them
	const domains, giant = 200_001, 20_000
	for i := range domains - 1 + giant {
		target := record.Target{Suffix: "com", ICANN: true}
		if i%11 == 0 {
			target.Registrable = "giant.com"
			target.Name = fmt.Sprintf("w%d.giant.com", i)
		} else {
			target.Name = fmt.Sprintf("domain-%d.com", i)
			target.Registrable = target.Name
		}
		p.Add(&target)
		if len(p.domains.met) > p.domains.most || len(p.groups.of) > p.groups.most {
			t.Fatalf("%d domains and %d groups in memory", len(p.domains.met), len(p.groups.of))
		}
	}
	n, exact := p.Domains()
	if off := math.Abs(float64(n)/domains - 1); exact || off > 4/math.Sqrt(float64(p.domains.most/2)) {
		t.Errorf("%d domains estimated, exact: %v; there are %d", n, exact, domains)
	}
	if got := p.zones.at("com").domains << p.domains.shift; got != n {
		t.Errorf("%d domains in com, %d in all", got, n)
	}
	held := p.groups.at("giant.com").names
	if held > giant || held < giant-p.groups.lost || p.groups.lost > 2*p.Names()/int64(p.groups.most) {
		t.Errorf("%d names in giant.com, there are %d; %d lost", held, giant, p.groups.lost)
	}
	for _, b := range p.Bounds() {
		if b.Kind == OfDomain {
			if b.Who != "giant.com" || b.Names != held {
				t.Errorf("the largest domain is %+v", b)
			}
			break
		}
	}
}

// Whatever comes: what is held of a key is never too much, and lacks at most what is said to be lost.
func TestFrequent(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		f := newFrequent[group](1 + rng.IntN(40))
		truth := make(map[string]int64)
		keys := 1 + rng.IntN(200)
		for range 2000 {
			key := fmt.Sprint(min(rng.IntN(keys), rng.IntN(keys)))
			f.at(key).names++
			truth[key]++
			if len(f.of) > f.most {
				t.Fatalf("%d keys, at most %d", len(f.of), f.most)
			}
		}
		for key, n := range truth {
			held := int64(0)
			if g := f.of[key]; g != nil {
				held = g.names
			}
			if held > n || held < n-f.lost {
				t.Fatalf("key %s: %d held, %d true, %d lost", key, held, n, f.lost)
			}
		}
	}
}

// writePart writes rows as a part of a dataset.
func writePart[T any](t testing.TB, dir, table, name string, rows []T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, table), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(filepath.Join(dir, table, name), rows); err != nil {
		t.Fatal(err)
	}
}

// earlierScan is a dataset of 1200 names in several parts: 1000 with a giant, 100 with a small operator, 100 with nobody
// known; four queries for each.
func earlierScan(t testing.TB, withServers bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scan")
	w, err := output.Create(dir, output.Config{ScanID: "earlier", PartRows: 500, Registrable: DefaultSuffixes().Operator})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1200 {
		target, _ := Canonical(fmt.Sprintf("n%d.com", i), Options{})
		name, err := wire.ParseName(target.Name)
		must(err)
		a := &record.Answer{Name: name, Type: wire.TypeCAA, Outcome: record.NoData, Zone: name}
		switch {
		case i%12 < 10:
			a.NS = []wire.Name{"\x03ns1\x05giant\x03net\x00", "\x03ns2\x05giant\x03net\x00"}
		case i%12 == 10:
			a.NS = []wire.Name{"\x02ns\x05small\x03org\x00"}
		}
		must(w.Write([]*record.Record{{Target: target, Climb: []record.Level{{Name: name, Answer: a}}, Relevant: -1, Cost: record.Cost{Queries: 4}}}))
	}
	if withServers {
		var servers []record.NameServer
		for i, s := range []record.NameServer{
			{Operator: "giant.net", Sent: 2000}, {Operator: "giant.net", Sent: 1000}, {Operator: "small.org", Sent: 300},
			{Operator: "gtld-servers.net", Sent: 1200}, {Operator: "gtld-servers.net"}, {Operator: "root-servers.net", Sent: 2}, {Sent: 298},
		} {
			s.Addr = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			servers = append(servers, s)
		}
		must(w.NameServers(servers))
	}
	must(w.Close(output.Complete))
	must(os.WriteFile(filepath.Join(dir, "domains", ".part-00099.parquet.tmp"), []byte("PAR1"), 0o600)) // of a scan that broke off
	return dir
}

func TestPlanFromAnEarlierScan(t *testing.T) {
	p := NewPlan(Limits{PerServer: 1, PerTopLevel: 20, PerRoot: 4, Total: 100}, simple)
	if err := p.Load(earlierScan(t, true)); err != nil {
		t.Fatal(err)
	}
	for i := range 2400 {
		addNames(t, p, fmt.Sprintf("m%d.org", i))
	}
	want := []Bound{ // twice as many names, twice as many queries
		{"giant.net", OfOperator, 2000, 6000, 2, false, 3000 * time.Second},
		{"small.org", OfOperator, 200, 600, 1, false, 600 * time.Second},
		{"", OfScan, 2400, 9600, 0, false, 96 * time.Second},
		{"gtld-servers.net", OfOperator, 0, 2400, 2, false, 60 * time.Second},
		{"root-servers.net", OfOperator, 0, 4, 1, false, time.Second},
	}
	if diff := cmp.Diff(want, p.Bounds()); diff != "" {
		t.Error(diff)
	}
}

func TestPlanFromDomainsAlone(t *testing.T) {
	p := NewPlan(Limits{PerServer: 1}, simple)
	if err := p.Load(earlierScan(t, false)); err != nil {
		t.Fatal(err)
	}
	addNames(t, p, "a.org", "b.org", "c.org", "d.org", "e.org", "f.org")
	got := p.Bounds()
	want := []Bound{
		{"giant.net", OfOperator, 5, 20, 2, true, 10 * time.Second},
		{"org", OfTopLevel, 6, 6, 4, true, 1500 * time.Millisecond},
		{"small.org", OfOperator, 1, 2, 2, true, time.Second},
		{".", OfRoot, 6, 1, 10, true, time.Second / 10},
		{"", OfScan, 6, 24, 0, false, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// pair is the least that a table of domains must have.
type pair struct {
	Operator string `parquet:"dns_operator,optional,dict"`
	Queries  int16  `parquet:"query_count"`
}

func TestPlanLoadErrors(t *testing.T) {
	type other struct {
		Operator string `parquet:"dns_operator"`
	}
	type wrong struct {
		Operator int64   `parquet:"dns_operator"`
		Queries  float64 `parquet:"query_count"`
	}
	type list struct {
		Operator []string `parquet:"dns_operator"`
		Queries  int64    `parquet:"query_count"`
	}
	dir := func(write func(dir string)) string {
		d := t.TempDir()
		write(d)
		return d
	}
	for what, d := range map[string]string{
		"missing":      filepath.Join(t.TempDir(), "none"),
		"empty":        t.TempDir(),
		"no rows":      dir(func(d string) { writePart(t, d, "domains", "a.parquet", []pair{}) }),
		"no column":    dir(func(d string) { writePart(t, d, "domains", "a.parquet", []other{{"x"}}) }),
		"other types":  dir(func(d string) { writePart(t, d, "domains", "a.parquet", []wrong{{1, 2}}) }),
		"other shapes": dir(func(d string) { writePart(t, d, "domains", "a.parquet", []list{{[]string{"a", "b"}, 2}}) }),
		"no parquet": dir(func(d string) {
			writePart(t, d, "domains", "a.parquet", []pair{{"", 1}})
			if err := os.WriteFile(filepath.Join(d, "domains", "b.parquet"), []byte("PAR1 and nothing else PAR1"), 0o600); err != nil {
				t.Fatal(err)
			}
		}),
		"a file": dir(func(d string) {
			if err := os.WriteFile(filepath.Join(d, "domains"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}),
	} {
		if err := NewPlan(Limits{}, simple).Load(d); err == nil || !strings.Contains(err.Error(), d) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A damaged part is an error, or numbers, but no crash; one that ends early is always an error. (Files made up by an
// enemy are another matter: parquet-go may run out of memory. The dataset is our own.)
func TestPlanLoadOfDamagedParts(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(earlierScan(t, true), "domains", "part-00000.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "part.parquet")
	failed := 0
	for i := range 400 {
		damaged := slices.Clone(content)
		for range 1 + rng.IntN(4) {
			damaged[rng.IntN(len(damaged))] = byte(rng.Uint32())
		}
		short := i%4 == 0
		if short {
			damaged = damaged[:rng.IntN(len(damaged))]
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		err := readPairs(path, "dns_operator", "query_count", func([]byte, int64) {})
		if err != nil {
			failed++
		} else if short {
			t.Error("a part that ends early was read")
		}
	}
	if failed < 200 {
		t.Errorf("%d of 400 damaged parts were noticed", failed)
	}
}

func BenchmarkPlan(b *testing.B) {
	targets := make([]record.Target, 1<<20)
	for i := range targets {
		targets[i], _ = Canonical(fmt.Sprintf("www.name-%d.co.uk", i), Options{})
	}
	p := NewPlan(Limits{PerServer: 50}, DefaultAssumptions(1.6))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Add(&targets[i&(1<<20-1)])
	}
}

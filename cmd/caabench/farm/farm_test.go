package farm

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// start makes a world and its servers.
func start(t *testing.T, cfg Config) (*World, *Farm) {
	t.Helper()
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, f
}

// ask sends one question to one server and returns the reply.
func ask(t *testing.T, f *Farm, server netip.Addr, name string, typ uint16, do bool) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, typ)
	if do {
		m.SetEdns0(1232, true)
	}
	in, _, err := (&dns.Client{Timeout: 10 * time.Second}).Exchange(m, fmt.Sprintf("%v:%d", server, f.Port()))
	if err != nil {
		t.Fatalf("%s %s at %v: %v", name, dns.TypeToString[typ], server, err)
	}
	if q := in.Question[0]; q.Name != name || q.Qtype != typ {
		t.Errorf("the question %s came back as %v", name, q)
	}
	return in
}

// follow walks from the root to the answer by referrals and glue, and returns the replies on the way.
func follow(t *testing.T, f *Farm, name string, typ uint16, do bool) (path []*dns.Msg) {
	t.Helper()
	server := ipv4(rootAddr)
	for range 4 {
		m := ask(t, f, server, name, typ, do)
		path = append(path, m)
		if m.Authoritative || m.Rcode != dns.RcodeSuccess {
			return path
		}
		var ns string
		for _, rr := range m.Ns {
			if rr, ok := rr.(*dns.NS); ok {
				ns = rr.Ns
				if !dns.IsSubDomain(rr.Hdr.Name, name) {
					t.Fatalf("%s: referred to %v", name, rr)
				}
			}
		}
		server = netip.Addr{}
		for _, rr := range m.Extra {
			if a, ok := rr.(*dns.A); ok && strings.EqualFold(a.Hdr.Name, ns) {
				server, _ = netip.AddrFromSlice(a.A.To4())
			}
		}
		if !server.IsValid() {
			t.Fatalf("%s: no glue for %q in\n%v", name, ns, m)
		}
	}
	t.Fatalf("%s: referrals without end", name)
	return nil
}

var testWorlds = map[string]Config{
	"below":    {Names: 1000, Below: true, Zones: 30, Servers: 7, CAA: 0.3},
	"apexes":   {Names: 500, Servers: 7, TLDs: 3, CAA: 0.3},
	"zipf":     {Names: 2000, Below: true, Servers: 40, Biggest: 0.1, CAA: 0.3},
	"unequal":  {Names: 400, Servers: 20, Biggest: 0.2, CAA: 0.3},
	"insecure": {Names: 300, Servers: 5, TLDs: 3, CAA: 0.3, Security: Insecure},
	"signed":   {Names: 100, Servers: 5, TLDs: 3, CAA: 0.3, Security: Signed},
}

// TestTruth asks for every name as a resolver does, and holds what comes against the truth.
func TestTruth(t *testing.T) {
	for world, cfg := range testWorlds {
		t.Run(world, func(t *testing.T) {
			w, f := start(t, cfg)
			for i := range min(w.cfg.Names, 300) {
				name := w.Name(i)
				if n, ok := w.Number(name); !ok || n != i {
					t.Fatalf("Number(%s) = %d, %v; want %d", name, n, ok, i)
				}
				path := follow(t, f, name+".", dns.TypeCAA, false)
				if len(path) != 3 {
					t.Fatalf("%s: %d replies, want two referrals and an answer", name, len(path))
				}
				last := path[2]
				posture := "absent"
				if len(last.Answer) == 1 {
					caa := last.Answer[0].(*dns.CAA)
					for _, s := range sets {
						if s.tag == caa.Tag && s.value == caa.Value {
							posture = s.posture
						}
					}
				} else if len(last.Ns) != 1 || last.Ns[0].Header().Rrtype != dns.TypeSOA {
					t.Fatalf("%s: neither an answer nor a denial: %v", name, last)
				}
				if want := w.Truth(i); posture != want.Posture {
					t.Errorf("%s: posture %s, the truth is %s", name, posture, want.Posture)
				}
			}
		})
	}
}

// TestShares: every name is in one group, and in the one that holds it.
func TestShares(t *testing.T) {
	for world, cfg := range testWorlds {
		w, err := Outline(cfg)
		if err != nil {
			t.Fatal(err)
		}
		held := make([]int, cfg.Servers)
		for i := range cfg.Names {
			if g := w.groupOf(i); i < w.firstOf(g) || i >= w.firstOf(g+1) {
				t.Fatalf("%s: name %d in group %d, which holds %d to %d", world, i, g, w.firstOf(g), w.firstOf(g+1))
			}
			held[w.serverOf(w.zoneOf(i))]++
		}
		for k := range held {
			if _, names := w.Held(k); names != held[k] {
				t.Errorf("%s: server %d holds %d names, Held says %d", world, k, held[k], names)
			}
		}
		if share := float64(slices.Max(held)) / float64(cfg.Names); cfg.Biggest > 0 && (share < cfg.Biggest*0.95 || share > cfg.Biggest*1.05) {
			t.Errorf("%s: the biggest share is %v", world, share)
		}
		if slices.Min(held) == 0 {
			t.Errorf("%s: a server without names", world)
		}
	}
}

// TestReplies checks what is not on a resolver's straight way.
func TestReplies(t *testing.T) {
	w, f := start(t, testWorlds["below"])
	name := w.Name(0)
	_, zone, _ := strings.Cut(name, ".")
	_, tld, _ := strings.Cut(zone, ".")
	server, tldAddr, root := w.Addr(w.serverOf(w.zoneOf(0))), ipv4(w.addrOf(w.tldServer(0))), ipv4(rootAddr)
	for _, c := range []struct {
		server netip.Addr
		name   string
		typ    uint16
		rcode  int
		answer int  // records
		soa    bool // in the authority section
		aa     bool
	}{
		{server, name, dns.TypeTXT, dns.RcodeSuccess, 0, true, true},
		{server, zone, dns.TypeCAA, dns.RcodeSuccess, 0, true, true},
		{server, zone, dns.TypeSOA, dns.RcodeSuccess, 1, false, true},
		{server, zone, dns.TypeNS, dns.RcodeSuccess, 1, false, true},
		{server, zone, dns.TypeDNSKEY, dns.RcodeSuccess, 0, true, true},
		{server, "n999." + zone, dns.TypeCAA, dns.RcodeNameError, 0, true, true}, // of another zone
		{server, "n00." + zone, dns.TypeCAA, dns.RcodeNameError, 0, true, true},
		{server, "a." + name, dns.TypeCAA, dns.RcodeNameError, 0, true, true},
		{server, "z1.t1", dns.TypeCAA, dns.RcodeRefused, 0, false, false}, // another server's
		{server, tld, dns.TypeCAA, dns.RcodeRefused, 0, false, false},
		{tldAddr, tld, dns.TypeSOA, dns.RcodeSuccess, 1, false, true},
		{tldAddr, tld, dns.TypeNS, dns.RcodeSuccess, 1, false, true},
		{tldAddr, tld, dns.TypeCAA, dns.RcodeSuccess, 0, true, true},
		{tldAddr, zone, dns.TypeDS, dns.RcodeSuccess, 0, true, true},
		{tldAddr, zone, dns.TypeNS, dns.RcodeSuccess, 0, false, false},
		{tldAddr, "s0." + tld, dns.TypeA, dns.RcodeSuccess, 1, false, true},
		{tldAddr, "s0." + tld, dns.TypeAAAA, dns.RcodeSuccess, 0, true, true},
		{tldAddr, "ns." + tld, dns.TypeA, dns.RcodeSuccess, 1, false, true},
		{tldAddr, "z1." + tld, dns.TypeCAA, dns.RcodeNameError, 0, true, true}, // is below t1
		{tldAddr, "t1", dns.TypeCAA, dns.RcodeRefused, 0, false, false},
		{root, ".", dns.TypeNS, dns.RcodeSuccess, 1, false, true},
		{root, ".", dns.TypeSOA, dns.RcodeSuccess, 1, false, true},
		{root, ".", dns.TypeCAA, dns.RcodeSuccess, 0, true, true},
		{root, "root", dns.TypeA, dns.RcodeSuccess, 1, false, true},
		{root, tld, dns.TypeDS, dns.RcodeSuccess, 0, true, true},
		{root, "com", dns.TypeCAA, dns.RcodeNameError, 0, true, true},
		{root, strings.ToUpper(name), dns.TypeCAA, dns.RcodeSuccess, 0, false, false},
	} {
		m := ask(t, f, c.server, dns.Fqdn(c.name), c.typ, false)
		soa := len(m.Ns) == 1 && m.Ns[0].Header().Rrtype == dns.TypeSOA
		if m.Rcode != c.rcode || len(m.Answer) != c.answer || soa != c.soa || m.Authoritative != c.aa || m.IsEdns0() != nil {
			t.Errorf("%s %s at %v: got\n%v", c.name, dns.TypeToString[c.typ], c.server, m)
		}
		for _, rr := range m.Answer {
			if !strings.EqualFold(rr.Header().Name, dns.Fqdn(c.name)) || rr.Header().Rrtype != c.typ {
				t.Errorf("%s %s: answered with %v", c.name, dns.TypeToString[c.typ], rr)
			}
		}
	}
}

// TestFiles: hints and anchor are read by a master-file parser, and the list has every name once.
func TestFiles(t *testing.T) {
	w, err := New(testWorlds["signed"])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := w.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]int{HintsFile: 2, AnchorFile: 1} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		parser, got := dns.NewZoneParser(bytes.NewReader(data), ".", file), 0
		for _, ok := parser.Next(); ok; _, ok = parser.Next() {
			got++
		}
		if parser.Err() != nil || got != want {
			t.Errorf("%s: %d records, %v; want %d", file, got, parser.Err(), want)
		}
	}
	file, err := os.Open(filepath.Join(dir, NamesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := map[int]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		n, ok := w.Number(lines.Text())
		if !ok || seen[n] {
			t.Errorf("%q is no name of the world, or there twice", lines.Text())
		}
		seen[n] = true
	}
	if len(seen) != w.cfg.Names {
		t.Errorf("%d names, want %d", len(seen), w.cfg.Names)
	}
	for _, q := range w.Queries(50, true) {
		m := new(dns.Msg)
		if err := m.Unpack(q.Msg); err != nil || !m.IsEdns0().Do() {
			t.Fatalf("%x: %v", q.Msg, err)
		}
		n, ok := w.Number(strings.TrimSuffix(m.Question[0].Name, "."))
		if !ok || q.To != w.Addr(w.serverOf(w.zoneOf(n))) {
			t.Errorf("%v goes to %v", m.Question[0], q.To)
		}
	}
}

// TestConfig: what cannot be is refused.
func TestConfig(t *testing.T) {
	for want, cfg := range map[string]Config{
		"names":    {Servers: 1},
		"servers":  {Names: 1},
		"zones":    {Names: 1, Servers: 1, Below: true, Zones: 2},
		"biggest":  {Names: 10, Servers: 2, Biggest: 0.1},
		"one zone": {Names: 100, Servers: 20, Below: true, Zones: 30, Biggest: 0.1},
		"security": {Names: 1, Servers: 1, Security: "yes"},
		"one name": {Names: 300, Servers: 1, Below: true, Security: Signed},
		"share":    {Names: 1, Servers: 1, CAA: 2},
		"limit":    {Names: 1, Servers: 1, Leaf: []Behaviour{{Limit: -1}}},
		"losses":   {Names: 1, Servers: 1, Top: Behaviour{LossIn: 2}},
		"delay":    {Names: 1, Servers: 1, Leaf: []Behaviour{{Delay: Duration(time.Hour)}}},
		"over":     {Names: 1, Servers: 1, Leaf: []Behaviour{{Over: "never"}}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want one about %s", cfg, err, want)
		}
	}
	for name, cfg := range Worlds {
		if err := cfg.complete(); err != nil {
			t.Errorf("world %s: %v", name, err)
		}
	}
}

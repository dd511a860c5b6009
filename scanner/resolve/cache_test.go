package resolve

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Negative answers hold for the lesser of the SOA's TTL and its MINIMUM (RFC 2308 5), NXDOMAIN for all types.
func TestNegativeCaching(t *testing.T) {
	w := exampleWorld(t, "a.example.com. A 192.0.2.5\n") // MINIMUM is 600
	at := func(d time.Duration, name string, typ wire.Type, o record.Outcome, packets int) {
		t.Helper()
		w.now = w.now.Add(d)
		n := len(w.log)
		a := w.lookup(name, typ)
		want(t, a, o)
		if a.Type != typ {
			t.Errorf("answer of type %v to a question for %v", a.Type, typ)
		}
		wantPackets(t, w.log[n:], packets)
	}
	at(0, "gone.example.com", wire.TypeCAA, record.NXDomain, 3)
	at(time.Second, "gone.example.com", wire.TypeCAA, record.NXDomain, 0)
	at(time.Second, "gone.example.com", wire.TypeMX, record.NXDomain, 0)
	at(0, "a.example.com", wire.TypeCAA, record.NoData, 1)
	at(0, "a.example.com", wire.TypeCAA, record.NoData, 0)
	at(0, "a.example.com", wire.TypeA, record.Found, 1) // NODATA is about one type
	at(0, "a.example.com", wire.TypeCAA, record.NoData, 0)
	at(596*time.Second, "gone.example.com", wire.TypeCAA, record.NXDomain, 0)
	at(4*time.Second, "gone.example.com", wire.TypeA, record.NXDomain, 1)
	at(0, "a.example.com", wire.TypeCAA, record.NoData, 1)
	at(0, "a.example.com", wire.TypeA, record.Found, 0)
}

// However long a zone wants to be denied, three hours are enough (RFC 2308 5), and a denial without SOA is brief.
func TestNegativeBounds(t *testing.T) {
	for _, c := range []struct {
		soa  string
		life time.Duration
	}{
		{"example.com. 864000 IN SOA ns. h. 1 1 1 1 864000\n", maxNegativeTTL},
		{"example.com. 864000 IN SOA ns. h. 1 1 1 1 0\n", minTTL},
		{"", minTTL},
	} {
		w := exampleWorld(t, "")
		w.fault(ns1Addr, says(true, "", c.soa, ""))
		w.fault(ns2Addr, says(true, "", c.soa, ""))
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.NoData)
		if life := a.Expires.Sub(w.now); life != c.life {
			t.Errorf("lives %v, want %v", life, c.life)
		}
	}
}

// Positive answers live for their TTL, within bounds; failures for a while (RFC 9520 3.2).
func TestExpiry(t *testing.T) {
	w := exampleWorld(t, "example.com. 600 CAA 0 issue \"ca.test\"\nx.example.com. 0 CAA 0 issue \"ca.test\"\ny.example.com. 9999999 CAA 0 issue \"ca.test\"\n")
	for name, life := range map[string]time.Duration{
		"example.com": 600 * time.Second, "x.example.com": minTTL, "y.example.com": maxTTL,
	} {
		a := w.lookup(name, wire.TypeCAA)
		if got := a.Expires.Sub(w.now); got != life {
			t.Errorf("%s lives %v, want %v", name, got, life)
		}
	}
	n := len(w.log)
	w.now = w.now.Add(599 * time.Second)
	w.lookup("example.com", wire.TypeCAA)
	wantPackets(t, w.log[n:], 0)
	w.now = w.now.Add(time.Second)
	w.lookup("example.com", wire.TypeCAA)
	wantPackets(t, w.log[n:], 1)

	w.fault(ns1Addr, rcode(dns.RcodeServerFailure))
	w.fault(ns2Addr, rcode(dns.RcodeServerFailure))
	want(t, w.lookup("f.example.com", wire.TypeCAA), record.ServFail)
	n = len(w.log)
	want(t, w.lookup("f.example.com", wire.TypeCAA), record.ServFail)
	wantPackets(t, w.log[n:], 0)
	w.now = w.now.Add(failureTTL)
	w.hosts[addrOf(ns1Addr)].faults, w.hosts[addrOf(ns2Addr)].faults = nil, nil
	want(t, w.lookup("f.example.com", wire.TypeCAA), record.NXDomain)
}

// A delegation is used for its TTL and then asked for again.
func TestCutExpiry(t *testing.T) {
	w := comWorld(t, "example.com. 600 NS ns1.example.com.\nns1.example.com. 600 A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com"))
	w.lookup("a.example.com", wire.TypeCAA)
	wantPackets(t, w.sentTo(comAddr), 1)
	w.now = w.now.Add(590 * time.Second)
	w.lookup("b.example.com", wire.TypeCAA)
	wantPackets(t, w.sentTo(comAddr), 1)
	w.now = w.now.Add(10 * time.Second)
	w.lookup("c.example.com", wire.TypeCAA)
	wantPackets(t, w.sentTo(comAddr), 2)
	wantPackets(t, w.sentTo(rootAddr), 1)
	w.now = w.now.Add(25 * time.Hour) // com's own delegation had a TTL of an hour
	w.lookup("d.example.com", wire.TypeCAA)
	wantPackets(t, w.sentTo(rootAddr), 2)
}

// Memory does not grow with the names: every cache keeps its bound, which check looks at after every act.
func TestCacheBounds(t *testing.T) {
	var zone strings.Builder
	for i := range 500 {
		fmt.Fprintf(&zone, "d%d.com. NS ns%d.d%d.com.\nns%d.d%d.com. A 192.0.2.%d\n", i, i%7, i, i%7, i, 1+i%50)
	}
	w := comWorld(t, zone.String(), func(c *Config) { c.Cuts, c.Answers, c.Hosts = 16, 16, 16 })
	for i := range 50 {
		w.serve(fmt.Sprintf("192.0.2.%d", 1+i), soaOf("com")) // whatever is asked
		w.fault(fmt.Sprintf("192.0.2.%d", 1+i), func(x *served) { says(true, "", soaOf(x.name), "")(x) })
	}
	for i := range 500 {
		want(t, w.lookup(fmt.Sprintf("d%d.com", i), wire.TypeCAA), record.NoData)
	}
	wantPackets(t, w.sentTo(rootAddr), 1) // what is used stays
	wantPackets(t, w.log, 1+500+500)
	if n := w.r.questions.made; n > 2 {
		t.Errorf("%d slots for one question at a time", n)
	}
}

// The client's own delegation stays with it however small the cache is.
func TestOwnCut(t *testing.T) {
	w := exampleWorld(t, "", func(c *Config) { c.Cuts, c.Answers = 1, 1 })
	c, other := &Client{ID: 1}, &Client{ID: 2}
	w.serve(comAddr, soaOf("org")+"example.org. NS ns1.example.com.\n")
	w.serve(ns1Addr+" "+ns2Addr, soaOf("example.org"))
	for i, typ := range []wire.Type{wire.TypeCAA, wire.TypeMX, wire.TypeA, wire.TypeTXT} {
		w.ask(c, "example.com", typ)
		w.run()
		w.ask(c, "com", typ) // the climb to the TLD does not displace it
		w.run()
		w.ask(other, fmt.Sprintf("n%d.example.org", i), typ)
		w.run()
	}
	for _, typ := range []uint16{dns.TypeMX, dns.TypeA, dns.TypeTXT} {
		wantPackets(t, w.sentFor("example.com", typ), 1)
	}
	if c.cut == nil || c.cut.zone != wire.MustName("example.com") {
		t.Errorf("own cut %+v", c.cut)
	}
	// It is found also by who waited for somebody else's question.
	w = exampleWorld(t, "", func(c *Config) { c.Cuts = 1 })
	c, other = &Client{ID: 1}, &Client{ID: 2}
	w.ask(other, "example.com", wire.TypeCAA)
	w.ask(c, "example.com", wire.TypeCAA)
	w.run()
	if c.cut == nil || c.cut != other.cut {
		t.Errorf("cuts %+v and %+v", c.cut, other.cut)
	}
}

// Identical questions under way are sent once, and everybody gets the one answer.
func TestAskedOnce(t *testing.T) {
	w := comWorld(t, "example.com. NS a.ns.org.\nexample2.com. NS a.ns.org.\n")
	w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
	w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com")+someCAA)
	w.serve(ns1Addr, soaOf("example2.com"))
	clients := make([]*Client, 20)
	for i := range clients {
		clients[i] = &Client{ID: uint32(i)}
		w.ask(clients[i], "example.com", wire.TypeCAA)
		w.ask(clients[i], "example.com", wire.TypeMX)
		w.ask(clients[i], fmt.Sprintf("n%d.example2.com", i), wire.TypeCAA)
	}
	w.run()
	for i, c := range clients {
		for _, a := range w.results[c] {
			if a.Name == wire.MustName("example.com") && a.Type == wire.TypeCAA && a != w.answer(clients[0], a.Name, a.Type) {
				t.Errorf("client %d has an answer of its own", i)
			}
		}
	}
	wantPackets(t, w.sentFor("a.ns.org", dns.TypeA), 3) // asked by 22 questions
	wantPackets(t, onlyTo(w.sentFor("example.com", dns.TypeCAA), ns1Addr), 1)
	wantPackets(t, onlyTo(w.sentFor("example.com", dns.TypeMX), ns1Addr), 1)
}

func (w *world) answer(c *Client, name wire.Name, typ wire.Type) *record.Answer {
	for _, a := range w.results[c] {
		if a.Name == name && a.Type == typ {
			return a
		}
	}
	return nil
}

func onlyTo(sent []packet, addr string) (to []packet) {
	for _, p := range sent {
		if p.addr == addrOf(addr) {
			to = append(to, p)
		}
	}
	return to
}

// That the one who asked first has used up its work says nothing to those who wait: they ask again, at their own expense.
func TestBudgetOfOthers(t *testing.T) {
	setup := func() *world {
		w := comWorld(t, "example.com. NS a.ns.org.\n", func(c *Config) { c.MaxQueries = 8 })
		w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("example.com")+someCAA+"alias.example.com. CNAME x.ns.org.\n")
		return w
	}
	for left := range 8 {
		w := setup()
		poor, rich := &Client{ID: 1}, &Client{ID: 2}
		poor.Cost.Queries = int32(8 - left)
		w.log = make([]packet, 8-left) // that were sent before
		w.ask(poor, "example.com", wire.TypeCAA)
		w.ask(rich, "example.com", wire.TypeCAA)
		w.run()
		if a := w.results[poor][0]; left < 6 {
			wantReason(t, a, record.WorkBound, CauseQueries)
		} else {
			want(t, a, record.Found)
		}
		want(t, w.results[rich][0], record.Found)

		w = setup() // waiting for the address of the server, and for the target of an alias
		poor, rich = &Client{ID: 1}, &Client{ID: 2}
		poor.Cost.Queries = int32(8 - left)
		w.log = make([]packet, 8-left)
		w.ask(poor, "example.com", wire.TypeMX)
		w.ask(rich, "alias.example.com", wire.TypeCAA)
		w.ask(rich, "example.com", wire.TypeCAA)
		w.run()
		for _, a := range w.results[rich] {
			if a.Outcome.Failed() && a.Outcome != record.WorkBound {
				t.Errorf("left %d: %v %v", left, a.Outcome, a.Cause)
			}
		}
		want(t, w.answer(rich, wire.MustName("example.com"), wire.TypeCAA), record.Found)
	}
}

// DS is asked at the parent (RFC 4035 3.1.4.1), whatever else is known.
func TestDS(t *testing.T) {
	ds := "example.com. 3600 DS 1 13 2 " + strings.Repeat("ab", 32) + "\n"
	sig := "example.com. 3600 RRSIG DS 13 2 3600 20270101000000 20260101000000 9 com. AAAA\n"
	delegation := "example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\n" + ds + sig
	w := comWorld(t, delegation)
	w.serve(ns1Addr, soaOf("example.com")+someCAA+"example.com. 3600 RRSIG CAA 13 2 3600 20270101000000 20260101000000 9 EXAMPLE.com. AAAA\n")
	a := w.lookup("example.com", wire.TypeCAA)
	want(t, a, record.Found)
	if a.DS != record.NotKnown || a.Security != record.Indeterminate || a.Reason != "not-validated" {
		t.Errorf("DS %v, security %v (%v)", a.DS, a.Security, a.Reason)
	}
	d := w.lookup("example.com", wire.TypeDS)
	want(t, d, record.Found)
	if answeredBy(d).Addr != addrOf(comAddr) || len(d.Set()) != 1 || d.Zone != wire.MustName("com") {
		t.Errorf("DS: %+v", d)
	}
	// The child's own denial of its DS is nobody's.
	w = comWorld(t, delegation)
	w.serve(ns1Addr, soaOf("example.com"))
	w.fault(comAddr, ifType(dns.TypeDS, says(true, "", soaOf("example.com"), "")))
	want(t, w.lookup("example.com", wire.TypeDS), record.Lame)
	// One server for parent and child gives the parent's side.
	w = comWorld(t, "example.com. NS a.gtld.com.\n"+ds)
	w.serve(comAddr, soaOf("example.com")+someCAA)
	want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	want(t, w.lookup("example.com", wire.TypeDS), record.Found)
}

// Extended errors (RFC 8914) and the instance identifier (RFC 5001) are kept, of good and of bad replies.
func TestOptions(t *testing.T) {
	for _, bad := range []bool{false, true} {
		w := singleWorld(t, someCAA, func(c *Config) { c.NSID = true })
		w.fault(ns1Addr, func(x *served) {
			if bad {
				rcode(dns.RcodeRefused)(x)
			}
			opt := x.reply.IsEdns0()
			opt.Option = append(opt.Option,
				&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: "6d75633031"},
				&dns.EDNS0_EDE{InfoCode: 20, ExtraText: "not here"}, &dns.EDNS0_EDE{InfoCode: 3})
		})
		a := w.lookup("example.com", wire.TypeCAA)
		if a.Notes == nil || string(a.Notes.NSID) != "muc01" || len(a.EDE()) != 2 || a.EDE()[0] != (record.EDE{Code: 20, Text: "not here"}) || a.EDE()[1].Code != 3 {
			t.Errorf("notes %+v", a.Notes)
		}
		for _, p := range w.log {
			if !p.nsid {
				t.Errorf("%v does not ask for the instance", p)
			}
		}
	}
}

// A TLD or a zone may change its servers; who holds an old delegation whose addresses are gone asks the parent.
func TestAddressesGone(t *testing.T) {
	w := comWorld(t, "example.com. 86400 NS ns.example.com.\nns.example.com. 30 A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com"))
	want(t, w.lookup("example.com", wire.TypeCAA), record.NoData)
	w.hosts[addrOf(comAddr)].zones[0].rrs["ns.example.com."][dns.TypeA] = records("ns.example.com. 30 A 192.0.2.2\n")
	w.hosts[addrOf(ns1Addr)].faults = []fault{silent}
	w.serve(ns2Addr, soaOf("example.com"))
	w.now = w.now.Add(time.Hour)
	want(t, w.lookup("www.example.com", wire.TypeCAA), record.NXDomain)
	wantPackets(t, w.sentTo(ns1Addr), 1)
}

// The zone's own word on its servers' addresses replaces glue (RFC 2181 5.4.1), but no word does not.
func TestGlueAndOwnAddresses(t *testing.T) {
	w := comWorld(t, "example.com. NS ns1.example.com.\nns1.example.com. 86400 A 192.0.2.1\n")
	w.serve(ns1Addr, soaOf("example.com")+"ns1.example.com. 86400 A 192.0.2.1\n")
	ns1 := wire.MustName("ns1.example.com")
	h := func() *host { h, _ := w.r.hosts.get(w.r.hash(ns1), ns1); return h }
	want(t, w.lookup("example.com", wire.TypeCAA), record.NoData)
	if known := h().addrs[ipv4]; !known.glue || len(known.servers) != 1 {
		t.Fatalf("known %+v", known)
	}
	empty := &record.Answer{Outcome: record.NoData, Type: wire.TypeA, Expires: w.now.Add(time.Hour)}
	w.r.learnAddresses(w.now, h(), ipv4, empty)
	if known := h().addrs[ipv4]; len(known.servers) != 1 {
		t.Errorf("glue was dropped for nothing")
	}
	other := &record.Answer{
		Outcome: record.Found, Type: wire.TypeA, Expires: w.now.Add(time.Hour),
		Records: []record.RR{{Type: wire.TypeA, Data: []byte{192, 0, 2, 2}}, {Type: wire.TypeA, Data: []byte{0, 0, 0, 0}}},
	}
	w.r.learnAddresses(w.now, h(), ipv4, other)
	w.r.addGlue(w.now, h(), glue{addr: addrOf(ns1Addr), ttl: 600})
	if known := h().addrs[ipv4]; known.glue || len(known.servers) != 1 || known.servers[0].addr != addrOf(ns2Addr) {
		t.Errorf("known %+v", known)
	}
}

// The cache keeps what is used and the last size entries, never more than twice as many, and gives what was put last,
// whatever the hashes: good ones, ones that differ in the high bits only, and one for all.
func TestCache(t *testing.T) {
	const size = 100
	good := maphash.MakeSeed()
	for _, test := range []struct {
		what string
		hash func(k wire.Name) uint32
	}{
		{"good", func(k wire.Name) uint32 { return uint32(maphash.String(good, string(k))) }},
		{"high bits", func(k wire.Name) uint32 { return uint32(maphash.String(good, string(k))) << 20 }},
		{"the same", func(wire.Name) uint32 { return math.MaxUint32 }},
	} {
		c := newCache[wire.Name, int](size)
		rnd := rand.New(rand.NewPCG(1, 2))
		name := func(i int) wire.Name { return wire.MustName(fmt.Sprintf("n%d", i)) }
		value, dropped := map[wire.Name]int{}, map[wire.Name]bool{}
		var latest []wire.Name // put or got, without repetitions
		touch := func(k wire.Name) {
			latest = slices.DeleteFunc(latest, func(other wire.Name) bool { return other == k })
			latest = append(latest[max(0, len(latest)-size+1):], k)
			delete(dropped, k)
		}
		for i := range 20_000 {
			k := name(rnd.IntN(4 * size))
			switch rnd.IntN(4) {
			case 0:
				c.drop(test.hash(k), k)
				dropped[k] = true
			case 1:
				if v, ok := c.find(test.hash(k), []byte(k)); ok {
					if v != value[k] || dropped[k] {
						t.Fatalf("%s: at %d found %d for %s, want %d; dropped: %t", test.what, i, v, k, value[k], dropped[k])
					}
					touch(k)
				} else if slices.Contains(latest, k) && !dropped[k] {
					t.Fatalf("%s: at %d lost %s", test.what, i, k)
				}
			default:
				c.put(test.hash(k), k, i)
				value[k] = i
				touch(k)
			}
			if n := len(c.entries); n > 2*size || 2*n > len(c.table) {
				t.Fatalf("%s: %d entries, %d places", test.what, n, len(c.table))
			}
		}
		for _, k := range latest {
			if v, ok := c.get(test.hash(k), k); !dropped[k] && (!ok || v != value[k]) {
				t.Errorf("%s: lost %s", test.what, k)
			}
		}
	}
}

// Same seed, same events: same queries.
func TestDeterminism(t *testing.T) {
	run := func() string {
		w := randomWorld(t, 7)
		w.run()
		return fmt.Sprint(w.log)
	}
	if a, b := run(), run(); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
}

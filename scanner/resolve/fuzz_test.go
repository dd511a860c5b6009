package resolve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// FuzzReading reads any message as the reply of a server of example.com. What is accepted must lie in that zone.
func FuzzReading(f *testing.F) {
	for _, seed := range []string{
		`www.example.com. CAA 0 issue "ca.test"`,
		"www.example.com. CNAME x.example.com.\nx.example.com. CAA 0 issue \";\"",
		"www.example.com. CNAME www.example.org.\nwww.example.org. CAA 0 issue \";\"",
		"example.com. DNAME example.org.\nwww.example.com. CNAME www.example.org.",
		"www.example.com. CNAME www.example.com.",
	} {
		f.Add(pack(f, seed, "", ""), uint16(dns.TypeCAA))
	}
	f.Add(pack(f, "", soaOf("example.com"), ""), uint16(dns.TypeMX))
	f.Add(pack(f, "", "www.example.com. NS ns.www.example.com.\nwww.example.com. NS ns.example.org.\nwww.example.com. DS 1 13 2 abcd",
		"ns.www.example.com. A 192.0.2.1\nns.example.org. AAAA 2001:db8::1"), uint16(dns.TypeA))
	f.Add(pack(f, "", ". NS a.root.", "a.root. A 192.0.2.1"), uint16(dns.TypeDS))
	zone, name := wire.MustName("example.com"), wire.MustName("www.example.com")
	rd := new(reading)
	f.Fuzz(func(t *testing.T, msg []byte, typ uint16) {
		var m wire.Message
		if m.Parse(msg) != nil {
			return
		}
		rd.read(&m, zone, name, wire.Type(typ))
		at := name
		for _, link := range rd.links {
			if link.Owner != at || !at.In(zone) {
				t.Fatalf("link of %v", link.Owner)
			}
			at = link.Target
		}
		if len(rd.links) > maxAliases+1 {
			t.Fatalf("%d links", len(rd.links))
		}
		for _, rr := range rd.records {
			if !rr.Owner.In(zone) || rr.Class != wire.ClassIN {
				t.Fatalf("record of %v", rr.Owner)
			}
		}
		switch rd.verdict {
		case notUseful:
			if !rd.outcome.Failed() {
				t.Fatalf("not useful, but %v", rd.outcome)
			}
		case final:
			if !rd.zone.In(zone) {
				t.Fatalf("zone %v", rd.zone)
			}
			var a stored
			a.Name, a.Type, a.Outcome = name, wire.Type(typ), rd.outcome
			if rd.outcome.Failed() {
				a.Zone = zone
			}
			rd.copyTo(&a)
			checkAnswer(t, &a.Answer)
		case aliased:
			if len(rd.links) == 0 || rd.at != at {
				t.Fatalf("alias to %v after %v", rd.at, rd.links)
			}
		case referred:
			ref := &rd.referral
			if !ref.zone.Below(zone) || !name.In(ref.zone) || len(ref.names) == 0 || len(ref.names) > maxServersPerZone {
				t.Fatalf("referral to %v with %d servers", ref.zone, len(ref.names))
			}
			names := make([]wire.Name, len(ref.names))
			for i, n := range ref.names {
				names[i] = wire.Name(n)
				if i > 0 && names[i] <= names[i-1] {
					t.Fatalf("servers not in order: %v", names)
				}
			}
			for _, g := range ref.readGlue(&m, zone, names) {
				if !names[g.server].In(zone) || g.addr.Is4In6() {
					t.Fatalf("glue %v", g)
				}
			}
		}
	})
}

func pack(tb testing.TB, answer, authority, additional string) []byte {
	m := new(dns.Msg)
	m.SetQuestion("www.example.com.", dns.TypeCAA)
	m.Response, m.Authoritative, m.Compress = true, answer != "" || strings.Contains(authority, "SOA"), true
	m.Answer, m.Ns, m.Extra = records(answer), records(authority), records(additional)
	msg, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return msg
}

// FuzzHandle lets every server answer with the message of the fuzzer, which must never look like an empty answer if
// it comes from a server that has nothing to say.
func FuzzHandle(f *testing.F) {
	f.Add(pack(f, `www.example.com. CAA 0 issue "ca.test"`, "", "")[12:])
	f.Add(pack(f, "", "example.com. NS ns.example.com.", "ns.example.com. A 192.0.2.1")[12:])
	f.Add(pack(f, "", "com. NS ns.example.com.\ncom. NS a.com.", "a.com. A 192.0.2.1")[12:])
	f.Fuzz(func(t *testing.T, body []byte) {
		w := newWorld(t, "", noCase)
		for _, addr := range []string{rootAddr, ns1Addr, ns2Addr} {
			w.fault(addr, func(x *served) {
				head := x.message(t)[:12]
				if len(body) > 8 {
					copy(head[2:4], body) // flags
					copy(head[4:12], body[:8])
				}
				x.raw = append(head, body...)
			})
		}
		w.lookup("www.example.com", wire.TypeCAA)
	})
}

// FuzzWorld builds a small internet from a seed, with faults, and asks some names at odd times. Whatever happens, it
// ends, the bounds are kept, every client gets one answer for each question, and nobody is told that there is no CAA
// who was not told so by a server of the zone.
func FuzzWorld(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := randomWorld(t, seed)
		w.run()
		if len(w.log) > len(w.clients)*w.cfg.MaxQueries {
			t.Fatalf("%d packets for %d clients", len(w.log), len(w.clients))
		}
	})
}

// randomWorld makes zones under com and org with servers, delegations and aliases at random, and starts questions.
func randomWorld(t testing.TB, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 5))
	w := comWorld(t, "", func(c *Config) {
		c.Rand = rand.New(rand.NewPCG(seed, 6))
		c.MaxQueries = 1 + rng.IntN(80)
		c.Retries = rng.IntN(5) - 1
		c.NoMixCase = rng.IntN(4) == 0
		c.NSID = rng.IntN(4) == 0
		c.Cuts, c.Answers, c.Hosts = 1+rng.IntN(20), 1+rng.IntN(20), 1+rng.IntN(20)
		switch rng.IntN(4) {
		case 0:
			c.IPv6 = false
		case 1:
			c.Allowed = func(a netip.Addr) bool { return a != addrOf("192.0.2.3") }
		}
	})
	const zones = 8
	apex := func() string { return fmt.Sprintf("z%d.%s", rng.IntN(zones), []string{"com", "org"}[rng.IntN(2)]) }
	name := func() string {
		prefix := []string{"", "", "a.", "b.", "ns.", "a.b.", "sub."}[rng.IntN(7)]
		return prefix + apex() + "."
	}
	addr := func() string { return fmt.Sprintf("192.0.2.%d", 1+rng.IntN(6)) }
	tlds := []struct {
		name string
		text strings.Builder
	}{{name: "com"}, {name: "org"}}
	for i := range zones {
		for j := range tlds {
			tld, text := tlds[j].name, &tlds[j].text
			z := fmt.Sprintf("z%d.%s.", i, tld)
			var in strings.Builder
			in.WriteString(soaOf(z))
			for range 1 + rng.IntN(3) {
				ns := "ns." + z
				if rng.IntN(2) == 0 {
					ns = name()
				}
				fmt.Fprintf(text, "%s NS %s\n", z, ns)
				if rng.IntN(2) == 0 {
					fmt.Fprintf(text, "%s %d A %s\n", ns, rng.IntN(4000), addr())
				}
				if rng.IntN(6) == 0 {
					fmt.Fprintf(text, "%s AAAA 2001:db8::%d\n", ns, 1+rng.IntN(6))
				}
				fmt.Fprintf(&in, "ns.%s %d A %s\n", z, rng.IntN(4000), addr())
			}
			for range rng.IntN(5) {
				owner := []string{"a.", "b.", "a.b.", "sub.", ""}[rng.IntN(5)] + z
				switch rng.IntN(6) {
				case 0, 1:
					fmt.Fprintf(&in, "%s CAA 0 issue \"ca.test\"\n", owner)
				case 2, 3:
					if owner != z {
						fmt.Fprintf(&in, "%s CNAME %s\n", owner, name())
					}
				case 4:
					fmt.Fprintf(&in, "b.%s DNAME %s\n", z, name())
				case 5:
					fmt.Fprintf(&in, "sub.%s NS %s\n", z, name())
				}
			}
			for range 1 + rng.IntN(3) {
				w.serve(addr(), in.String())
			}
		}
	}
	w.hosts[addrOf(comAddr)].zones = nil
	for i := range tlds {
		w.serve(comAddr, soaOf(tlds[i].name)+tlds[i].text.String())
	}
	if rng.IntN(2) == 0 {
		signed := []string{".", "com"}
		for range rng.IntN(zones) {
			signed = append(signed, apex())
		}
		w.cfg.Lazy = rng.IntN(4) == 0
		w.sign(signed[:1], signed...)
	}
	faults := []fault{
		silent, unreachable, rcode(dns.RcodeRefused), rcode(dns.RcodeServerFailure), noEDNS(dns.RcodeFormatError), truncating,
		noTCP, lowerCase, malformed, says(false, "", "", ""), says(false, "", ". NS a.root.\n", ""),
		func(x *served) { x.delay = 3 * time.Second }, func(x *served) { x.delay = time.Second },
		ifType(dns.TypeCAA, rcode(dns.RcodeNotImplemented)), ifMixed(silent), ifMixed(rcode(dns.RcodeRefused)),
		func(x *served) {
			x.raw = x.message(t)
			x.raw[rng.IntN(len(x.raw))] ^= byte(1 << rng.IntN(8))
			x.raw[2] |= 0x80
		},
	}
	for range rng.IntN(7) {
		f := faults[rng.IntN(len(faults))]
		if rng.IntN(2) == 0 {
			f = first(1+rng.IntN(4), f)
		}
		w.fault(addr(), f)
	}
	surveys := rand.New(rand.NewPCG(seed, 7))
	for i := range 1 + rng.IntN(12) {
		c := &Client{ID: uint32(i)}
		for range 1 + rng.IntN(3) {
			n := name()
			typ := []wire.Type{wire.TypeCAA, wire.TypeCAA, wire.TypeMX, wire.TypeA, wire.TypeDS}[rng.IntN(5)]
			at := w.now.Add(time.Duration(rng.Int64N(int64(4 * time.Second))))
			if rng.IntN(4) == 0 {
				at = at.Add(time.Duration(rng.Int64N(int64(2 * time.Hour))))
			}
			w.events.add(event{at: at, act: func() { w.ask(c, n, typ) }})
			if surveys.IntN(3) == 0 {
				at = at.Add(time.Duration(surveys.Int64N(int64(3 * time.Second))))
				w.events.add(event{at: at, act: func() { w.survey(c, n, typ) }})
			}
		}
	}
	return w
}

package resolve

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

const someCAA = "example.com. CAA 0 issue \"ca.test\"\n"

// Addresses of servers that the referral lacks are looked up (RFC 1034 5.3.3 step 2), A first, then AAAA.
func TestGlueless(t *testing.T) {
	org := soaOf("org") + "ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n"
	t.Run("A", func(t *testing.T) {
		w := comWorld(t, "example.com. NS a.ns.org.\n")
		w.serve(comAddr, org)
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("example.com")+someCAA)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		wantPackets(t, w.sentFor("a.ns.org", dns.TypeA), 3)
		wantPackets(t, w.sentFor("a.ns.org", dns.TypeAAAA), 0)
	})
	t.Run("AAAA where A is missing", func(t *testing.T) {
		w := comWorld(t, "example.com. NS a.ns.org.\n")
		w.serve(comAddr, org)
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. AAAA 2001:db8::1\n")
		w.serve("2001:db8::1", soaOf("example.com")+someCAA)
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		if answeredBy(a).Addr != addrOf("2001:db8::1") || answeredBy(a).Name != wire.MustName("a.ns.org") {
			t.Errorf("server %v %v", answeredBy(a).Addr, answeredBy(a).Name)
		}
		wantPackets(t, w.sentFor("a.ns.org", dns.TypeA), 3)
		wantPackets(t, w.sentFor("a.ns.org", dns.TypeAAAA), 1)
	})
	t.Run("neither", func(t *testing.T) {
		w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS b.ns.org.\n")
		w.serve(comAddr, org)
		w.serve("192.0.2.9", soaOf("ns.org"))
		a := w.lookup("example.com", wire.TypeCAA)
		wantReason(t, a, record.Lame, CauseNoAddress)
		if a.FailedAt() != wire.MustName("example.com") || answeredBy(a).Addr.IsValid() {
			t.Errorf("failed at %v, server %v", a.FailedAt(), answeredBy(a).Addr)
		}
	})
	t.Run("IPv4 only", func(t *testing.T) {
		w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS b.example.com.\nb.example.com. AAAA 2001:db8::1\n",
			func(c *Config) { c.IPv6 = false })
		w.serve(comAddr, org)
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. AAAA 2001:db8::1\n")
		wantReason(t, w.lookup("example.com", wire.TypeCAA), record.Lame, CauseNoAddress)
		for _, p := range w.log {
			if p.typ == dns.TypeAAAA {
				t.Errorf("asked for an address that is of no use: %v", p)
			}
		}
	})
	t.Run("IPv6 only", func(t *testing.T) {
		w := newWorld(t, "com. NS a.gtld.com.\na.gtld.com. A 192.0.2.200\na.gtld.com. AAAA 2001:db8::53\n", func(c *Config) {
			c.IPv4 = false
			c.Roots[0].Addrs = append(c.Roots[0].Addrs, addrOf("2001:db8::1"))
		})
		w.serve("2001:db8::1", soaOf(".")+"com. NS a.gtld.com.\na.gtld.com. A 192.0.2.200\na.gtld.com. AAAA 2001:db8::53\n")
		w.serve("2001:db8::53", soaOf("com")+"example.com. NS ns.com.\nns.com. A 192.0.2.1\nns.com. AAAA 2001:db8::2\n")
		w.serve("2001:db8::2", soaOf("example.com")+someCAA)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	})
}

// Servers whose addresses need themselves (TsuNAME): found out, bounded, not blamed on who is innocent.
func TestNSLoops(t *testing.T) {
	t.Run("two zones", func(t *testing.T) {
		w := comWorld(t, "a.com. NS ns.b.com.\nb.com. NS ns.a.com.\n")
		for _, name := range []string{"www.a.com", "ns.a.com", "ns.b.com"} {
			wantReason(t, w.lookup(name, wire.TypeCAA), record.Lame, CauseNSLoop)
		}
		if len(w.log) > 8 {
			t.Errorf("%d packets: %v", len(w.log), w.log)
		}
	})
	t.Run("itself without glue", func(t *testing.T) {
		w := comWorld(t, "a.com. NS ns.a.com.\n")
		wantReason(t, w.lookup("a.com", wire.TypeCAA), record.Lame, CauseNSLoop)
		wantReason(t, w.lookup("ns.a.com", wire.TypeA), record.Lame, CauseNSLoop)
		if len(w.log) > 4 {
			t.Errorf("%d packets: %v", len(w.log), w.log)
		}
	})
	t.Run("a way out", func(t *testing.T) { // b.com has a second server that can be found
		delegations := "a.com. NS ns.b.com.\nd.com. NS ns.a.com.\nb.com. NS ns.a.com.\nb.com. NS ns.c.com.\nc.com. NS ns.c.com.\nns.c.com. A 192.0.2.3\n"
		for seed := range uint64(40) {
			w := comWorld(t, delegations, seeded(seed))
			w.serve("192.0.2.3", soaOf("c.com")+"ns.c.com. A 192.0.2.3\n")
			w.serve("192.0.2.3", soaOf("b.com")+"ns.b.com. A 192.0.2.2\n")
			w.serve("192.0.2.2", soaOf("a.com")+"ns.a.com. A 192.0.2.1\n")
			w.serve("192.0.2.1", soaOf("b.com")+"ns.b.com. A 192.0.2.2\n")
			w.serve("192.0.2.1", soaOf("d.com")+"d.com. CAA 0 issue \"ca.test\"\n")
			x, d := &Client{}, &Client{}
			w.ask(x, "www.a.com", wire.TypeCAA)
			for range seed % 8 {
				if w.events.Len() > 0 {
					w.next()
				}
			}
			w.ask(d, "d.com", wire.TypeCAA)
			w.run()
			want(t, w.results[x][0], record.NXDomain)
			want(t, w.results[d][0], record.Found)
		}
	})
	t.Run("glue outlived by its delegation", func(t *testing.T) { // the parent is asked again, the zone is not lost
		w := comWorld(t, "a.com. 86400 NS ns.a.com.\nns.a.com. 60 A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("a.com")+"ns.a.com. A 192.0.2.1\na.com. CAA 0 issue \"ca.test\"\n")
		c := &Client{}
		for i := range 4 {
			w.ask(c, fmt.Sprintf("n%d.a.com", i), wire.TypeCAA)
			w.run()
			want(t, w.results[c][i], record.NXDomain)
			w.now = w.now.Add(10 * time.Minute)
		}
	})
}

func seeded(seed uint64) func(*Config) {
	return func(c *Config) { c.Rand = newRand(seed) }
}

// Referrals to names that need more referrals (NXNSAttack, "iDNS"): the work for one name has bounds, and hitting one
// is told as such.
func TestWorkBounds(t *testing.T) {
	t.Run("many server names without address", func(t *testing.T) {
		var many strings.Builder
		for i := range 60 {
			fmt.Fprintf(&many, "evil.com. NS n%d.victim.org.\n", i)
		}
		w := comWorld(t, many.String())
		w.serve(comAddr, soaOf("org")+"victim.org. NS ns.victim.org.\nns.victim.org. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("victim.org"))
		wantReason(t, w.lookup("evil.com", wire.TypeCAA), record.WorkBound, CauseLookups)
		if n := len(w.sentTo(ns1Addr)); n > maxAddressLookups {
			t.Errorf("%d packets to the victim", n)
		}
		n := len(w.log)
		wantReason(t, w.lookup("evil.com", wire.TypeCAA), record.WorkBound, CauseLookups)
		wantPackets(t, w.log, n) // remembered
	})
	t.Run("nesting", func(t *testing.T) { // the servers of z(i).com are called by names in z(i+1).com
		var chain strings.Builder
		for i := range 30 {
			fmt.Fprintf(&chain, "z%d.com. NS ns.z%d.com.\n", i, i+1)
		}
		w := comWorld(t, chain.String())
		wantReason(t, w.lookup("z0.com", wire.TypeCAA), record.WorkBound, CauseDepth)
		w = comWorld(t, chain.String())
		wantReason(t, w.lookup("z24.com", wire.TypeCAA), record.Lame, CauseNoAddress)
	})
	t.Run("fan-out", func(t *testing.T) { // six names a zone, eight zones deep: no packets, but 6^8 questions
		var fan strings.Builder
		for i := range 12 {
			for j := range 6 {
				fmt.Fprintf(&fan, "z%d.com. NS n%d.z%d.com.\n", i, j, i+1)
			}
		}
		w := comWorld(t, fan.String())
		for i := range 12 { // the delegations are cached
			w.lookup(fmt.Sprintf("z%d.com", i), wire.TypeCAA)
		}
		a, c := w.lookupCost("www.z0.com", wire.TypeCAA)
		want(t, a, record.WorkBound)
		if int(c.lookups) > w.cfg.MaxQueries {
			t.Errorf("%d look-ups", c.lookups)
		}
	})
	t.Run("packets of one client", func(t *testing.T) {
		for budget := 1; budget < 12; budget++ {
			w := exampleWorld(t, someCAA, func(c *Config) { c.MaxQueries = budget })
			w.fault(ns1Addr, silent)
			w.fault(ns2Addr, silent)
			a, c := w.lookupCost("example.com", wire.TypeCAA)
			if budget < 6 {
				wantReason(t, a, record.WorkBound, CauseQueries)
			} else {
				want(t, a, record.Timeout)
			}
			if int(c.Cost.Queries) != min(budget, 6) {
				t.Errorf("budget %d: %d packets", budget, c.Cost.Queries)
			}
		}
	})
	t.Run("budget of a look-up below", func(t *testing.T) { // told as a bound, not as a zone without servers
		w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS b.ns.org.\n", func(c *Config) { c.MaxQueries = 4 })
		w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
		w.fault("192.0.2.9", silent)
		wantReason(t, w.lookup("example.com", wire.TypeCAA), record.WorkBound, CauseQueries)
	})
	t.Run("more labels than referrals", func(t *testing.T) {
		var deep strings.Builder
		name := "com"
		for range 40 {
			name = "x." + name
			fmt.Fprintf(&deep, "%s. NS ns.com.\n", name)
		}
		deep.WriteString("ns.com. A 192.0.2.1\n")
		w := comWorld(t, deep.String(), func(c *Config) { c.MaxQueries = 100 })
		w.fault(ns1Addr, func(x *served) { // refers one label down, for ever
			labels := dns.SplitDomainName(x.name)
			n := len(w.sentTo(ns1Addr)) + 2
			if n > len(labels) {
				n = len(labels)
			}
			child := dns.Fqdn(strings.Join(labels[len(labels)-n:], "."))
			says(false, "", child+" NS ns.com.\n", "")(x)
		})
		wantReason(t, w.lookup(name, wire.TypeCAA), record.WorkBound, CauseReferrals)
	})
}

// Replies that show that a server does not serve the zone (R1.9): never an empty answer.
func TestLame(t *testing.T) {
	cases := []struct {
		name string
		says fault
		o    record.Outcome
		why  string
	}{
		{"upward referral", says(false, "", ". NS a.root-servers.test.\n", ""), record.Lame, "RFC 1034 5.3.3: no nearer"},
		{"referral to the TLD", says(false, "", "com. NS a.gtld.com.\n", ""), record.Lame, ""},
		{"referral to itself", says(false, "", "example.com. NS ns1.example.com.\n", ""), record.Lame, ""},
		{"referral sideways", says(false, "", "example.org. NS ns1.example.com.\n", ""), record.Lame, ""},
		{"nothing at all", says(false, "", "", ""), record.Lame, "nobody's word"},
		{"recursive, from its cache", func(x *served) { x.reply.Authoritative, x.reply.RecursionAvailable = false, true }, record.Lame, ""},
		{"recursive, denial from its cache", func(x *served) {
			says(false, "", soaOf("example.com"), "")(x)
			x.reply.RecursionAvailable = true
		}, record.Lame, ""},
		{"SOA of the parent", says(true, "", soaOf("com"), ""), record.Lame, ""},
		{"SOA of another zone", says(true, "", soaOf("example.org"), ""), record.Lame, ""},
		{"NXDOMAIN by the parent", func(x *served) { says(true, "", soaOf("com"), "")(x); x.reply.Rcode = dns.RcodeNameError }, record.Lame, ""},
		{"NXDOMAIN out of the blue", func(x *served) { says(false, "", "", "")(x); x.reply.Rcode = dns.RcodeNameError }, record.Lame, ""},
		{"REFUSED", rcode(dns.RcodeRefused), record.Refused, ""},
		{"SERVFAIL", rcode(dns.RcodeServerFailure), record.ServFail, ""},
		{"NOTIMP", rcode(dns.RcodeNotImplemented), record.NotImp, ""},
		{"FORMERR", rcode(dns.RcodeFormatError), record.FormErr, ""},
		{"NOTAUTH", rcode(dns.RcodeNotAuth), record.OtherRCode, ""},
		{"QR clear", func(x *served) { x.reply.Response = false }, record.Malformed, "R1.9"},
		{"another opcode", func(x *served) { x.reply.Opcode = dns.OpcodeStatus }, record.Malformed, ""},

		{"AA without SOA", says(true, "", "", ""), record.NoData, "RFC 2308 2.2: NODATA type 3"},
		{"AA with its NS", says(true, "", "example.com. NS ns1.example.com.\n", ""), record.NoData, "RFC 2308 2.2"},
		{"AA forgotten, SOA there", says(false, "", soaOf("example.com"), ""), record.NoData, ""},
		{"authority for a zone below", says(true, "", soaOf("www.example.com"), ""), record.NoData, "both sides of a cut"},
		{"other records", says(true, "www.example.com. A 192.0.2.1\n", "", ""), record.NoData, "a type we did not ask for"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := exampleWorld(t, "", noCase)
			w.fault(ns1Addr, c.says)
			w.fault(ns2Addr, c.says)
			a := w.lookup("www.example.com", wire.TypeCAA)
			want(t, a, c.o)
			tries := 1
			if c.o.Failed() {
				tries = 2
				if a.FailedAt() != wire.MustName("example.com") {
					t.Errorf("failed at %v", a.FailedAt())
				}
			}
			if int(a.Attempts) != tries {
				t.Errorf("%d attempts, want %d: %v", a.Attempts, tries, w.log)
			}
			// The same from one server only: the other is asked and the answer is what it says.
			w = exampleWorld(t, "www.example.com. CAA 0 issue \"ca.test\"\n", noCase)
			w.fault(ns1Addr, c.says)
			for range 6 {
				w.drop("www.example.com")
				a := w.lookup("www.example.com", wire.TypeCAA)
				if c.o.Failed() {
					want(t, a, record.Found)
				}
			}
		})
	}
}

// A server that has both sides of a zone cut answers from the lower one (RFC 2181 6.1); the zone is the SOA's owner.
func TestBothSidesOfCut(t *testing.T) {
	w := exampleWorld(t, "")
	w.serve(ns1Addr+" "+ns2Addr, soaOf("sub.example.com")+"sub.example.com. NS ns1.example.com.\nx.sub.example.com. CAA 0 issue \";\"\n")
	a := w.lookup("y.sub.example.com", wire.TypeCAA)
	want(t, a, record.NXDomain)
	if a.Zone != wire.MustName("sub.example.com") {
		t.Errorf("zone %v", a.Zone)
	}
}

// Every question is asked of other servers first; the bound on silence is exact.
func TestRetries(t *testing.T) {
	t.Run("silence", func(t *testing.T) {
		for retries := -1; retries <= 5; retries++ {
			w := exampleWorld(t, "", func(c *Config) { c.Retries = retries })
			w.fault(ns1Addr, silent)
			w.fault(ns2Addr, silent)
			a, c := w.lookupCost("example.com", wire.TypeCAA)
			want(t, a, record.Timeout)
			tries := retries + 1
			switch retries {
			case -1:
				tries = 1 // negative: none
			case 0:
				tries = 4 // the default
			}
			to1, to2 := len(w.sentTo(ns1Addr)), len(w.sentTo(ns2Addr))
			if to1+to2 != tries || int(a.Attempts) != tries || int(c.Cost.Retries) != tries-1 {
				t.Errorf("retries %d: %d + %d packets, %d attempts, %d retries", retries, to1, to2, a.Attempts, c.Cost.Retries)
			}
			if tries > 1 && (to1 == 0 || to2 == 0) {
				t.Errorf("one server was not asked")
			}
		}
	})
	t.Run("other server first", func(t *testing.T) {
		for seed := range uint64(10) {
			w := exampleWorld(t, someCAA, seeded(seed))
			w.fault(ns1Addr, silent)
			want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
			if len(w.sentTo(ns1Addr)) > 1 {
				t.Errorf("%v", w.log)
			}
		}
	})
	t.Run("SERVFAIL passes", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, first(1, rcode(dns.RcodeServerFailure)))
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		if a.Attempts != 2 {
			t.Errorf("%d attempts", a.Attempts)
		}
	})
	t.Run("SERVFAIL stays", func(t *testing.T) { // R3.4: retried at least once
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, rcode(dns.RcodeServerFailure))
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.ServFail)
		if a.Attempts != 2 || a.RCode != wire.ServFail {
			t.Errorf("%d attempts, %v", a.Attempts, a.RCode)
		}
		wantPackets(t, w.sentTo(ns1Addr), 2)
	})
	// R3.4: a failure is tried again, whatever it is and whatever the server has answered before.
	for _, test := range []struct {
		name    string
		f       fault
		outcome record.Outcome
	}{
		{"REFUSED", rcode(dns.RcodeRefused), record.Refused}, {"NOTIMP", rcode(dns.RcodeNotImplemented), record.NotImp},
		{"another code", rcode(dns.RcodeNotAuth), record.OtherRCode}, {"lame", says(false, "", "", ""), record.Lame},
		{"malformed", malformed, record.Malformed},
	} {
		t.Run(test.name+" stays", func(t *testing.T) {
			for _, answersBefore := range []bool{false, true} {
				w := singleWorld(t, someCAA, noCase)
				if answersBefore {
					want(t, w.lookup("example.com", wire.TypeMX), record.NoData)
				}
				w.fault(ns1Addr, ifType(dns.TypeCAA, test.f))
				a := w.lookup("example.com", wire.TypeCAA)
				want(t, a, test.outcome)
				if a.Attempts != 2 {
					t.Errorf("useful before: %v: %d attempts", answersBefore, a.Attempts)
				}
			}
		})
	}
	t.Run("unreachable", func(t *testing.T) {
		w := exampleWorld(t, someCAA)
		w.fault(ns1Addr, unreachable)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		w.fault(ns2Addr, unreachable)
		a := w.lookup("www.example.com", wire.TypeCAA)
		want(t, a, record.Unreachable)
		if a.Attempts != 2 {
			t.Errorf("%d attempts", a.Attempts)
		}
	})
}

// Of several failures the answer shows the one that tells most, in whatever order they came.
func TestMixedFailures(t *testing.T) {
	faults := []struct {
		f fault
		o record.Outcome
	}{
		{silent, record.Timeout}, {unreachable, record.Unreachable}, {says(false, "", "", ""), record.Lame},
		{rcode(dns.RcodeRefused), record.Refused}, {rcode(dns.RcodeServerFailure), record.ServFail},
		{rcode(dns.RcodeNotImplemented), record.NotImp}, {malformed, record.Malformed},
	}
	for _, a := range faults {
		for _, b := range faults {
			worse := a.o
			if rank(b.o) > rank(a.o) {
				worse = b.o
			}
			for seed := range uint64(6) {
				w := exampleWorld(t, "", seeded(seed))
				w.fault(ns1Addr, a.f)
				w.fault(ns2Addr, b.f)
				want(t, w.lookup("example.com", wire.TypeCAA), worse)
			}
		}
	}
}

func malformed(x *served) {
	msg := x.message(nil)
	x.raw = msg[:len(msg)-3]
}

// Truncation leads to TCP (RFC 7766 5); what is not whole is not judged (R1.12, C21).
func TestTruncation(t *testing.T) {
	t.Run("to TCP", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, truncating)
		a, c := w.lookupCost("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		if !a.TCP || !a.Truncated || c.Cost.TCP != 1 || a.Attempts != 1 {
			t.Errorf("%+v, cost %+v", a, c.Cost)
		}
		ns := w.statistics(ns1Addr)
		if ns.Sent != 2 || ns.TCP != 1 {
			t.Errorf("statistics %+v", ns)
		}
	})
	t.Run("large set", func(t *testing.T) { // R1.12: the public test suite has 1001 records
		var set strings.Builder
		for i := range 1001 {
			fmt.Fprintf(&set, "example.com. CAA 0 issue \"ca%d.test\"\n", i)
		}
		w := singleWorld(t, set.String())
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		if len(a.Set()) != 1001 || !a.TCP {
			t.Errorf("%d records", len(a.Set()))
		}
	})
	t.Run("TCP refused", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, truncating, noTCP)
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Truncated)
		if !a.Truncated || a.Attempts != 2 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("TCP silent", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, truncating, func(x *served) { x.silent = x.tcp })
		want(t, w.lookup("example.com", wire.TypeCAA), record.Truncated)
		if s := w.statistics(ns1Addr).CAA; s == record.Drops {
			t.Errorf("CAA support %v: TCP was the trouble", s)
		}
	})
	t.Run("truncated over TCP", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, func(x *served) { x.reply.Truncated = true })
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Truncated)
	})
	t.Run("TC does not stick", func(t *testing.T) { // the other server is asked over UDP
		w := exampleWorld(t, someCAA)
		w.fault(ns1Addr, truncating, noTCP)
		for range 8 {
			w.drop("example.com")
			a := w.lookup("example.com", wire.TypeCAA)
			want(t, a, record.Found)
			if a.TCP {
				t.Errorf("over TCP")
			}
		}
	})
}

// Servers that do not speak EDNS (RFC 6891 7) get plain DNS, and are remembered once that has helped.
func TestEDNSFallback(t *testing.T) {
	bare := func(code int) fault { // a header alone, as some old servers send it
		return func(x *served) {
			if x.edns {
				m := new(dns.Msg)
				m.Id, m.Response, m.Rcode = x.query.Id, true, code
				x.raw, _ = m.Pack()
			}
		}
	}
	cases := map[string]fault{
		"FORMERR": noEDNS(dns.RcodeFormatError), "NOTIMP": noEDNS(dns.RcodeNotImplemented),
		"bare FORMERR": bare(dns.RcodeFormatError), "bare NOTIMP": bare(dns.RcodeNotImplemented),
		"BADVERS": func(x *served) {
			if x.edns {
				rcode(dns.RcodeBadVers)(x)
			}
		},
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			w := singleWorld(t, someCAA)
			w.fault(ns1Addr, f)
			a := w.lookup("example.com", wire.TypeCAA)
			want(t, a, record.Found)
			if a.Attempts != 1 {
				t.Errorf("%d attempts", a.Attempts)
			}
			want(t, w.lookup("www.example.com", wire.TypeCAA), record.NXDomain)
			sent := w.sentTo(ns1Addr)
			if len(sent) != 3 || !sent[0].edns || sent[1].edns || sent[2].edns {
				t.Errorf("packets %v", sent)
			}
			if s := w.statistics(ns1Addr).EDNS; name != "BADVERS" && s != record.Refuses {
				t.Errorf("EDNS %v", s)
			}
		})
	}
	t.Run("NOTIMP is about the type", func(t *testing.T) { // R1.13; the server speaks EDNS and answers other types
		w := singleWorld(t, "example.com. A 192.0.2.5\n")
		w.fault(ns1Addr, ifType(dns.TypeCAA, func(x *served) { rcode(dns.RcodeNotImplemented)(x); x.reply.Extra = nil }))
		for i := range 6 {
			want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA), record.NotImp)
		}
		a := w.lookup("example.com", wire.TypeA)
		want(t, a, record.Found)
		ns := w.statistics(ns1Addr)
		if ns.CAA != record.NotImplemented || ns.EDNS != record.Answers {
			t.Errorf("CAA %v, EDNS %v", ns.CAA, ns.EDNS)
		}
		s := w.r.servers[w.r.byAddr[addrOf(ns1Addr)]]
		if s.poor[caaTypes] == 0 || s.poor[addressTypes] != 0 || s.slow != 0 {
			t.Errorf("the server's standing: %+v", s)
		}
	})
	t.Run("FORMERR whatever we do", func(t *testing.T) { // EDNS is not to blame
		w := singleWorld(t, someCAA, noCase)
		w.fault(ns1Addr, rcode(dns.RcodeFormatError))
		want(t, w.lookup("example.com", wire.TypeCAA), record.FormErr)
		wantPackets(t, w.sentTo(ns1Addr), 4) // each twice (R3.4)
		if s := w.statistics(ns1Addr).EDNS; s == record.Refuses {
			t.Errorf("EDNS %v", s)
		}
	})
	t.Run("a header alone is no denial", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, func(x *served) {
			m := new(dns.Msg)
			m.Id, m.Response, m.Authoritative, m.Rcode = x.query.Id, true, true, dns.RcodeNameError
			x.raw, _ = m.Pack()
		})
		want(t, w.lookup("example.com", wire.TypeCAA), record.Malformed)
	})
}

// Letters in mixed case (0x20): kept, mangled, or too much for the server (R1.13).
func TestMixedCase(t *testing.T) {
	t.Run("mangled", func(t *testing.T) {
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, lowerCase)
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Found)
		want(t, w.lookup("www.example.com", wire.TypeCAA), record.NXDomain)
		sent := w.sentTo(ns1Addr)
		if len(sent) != 3 || !sent[0].mixed || sent[1].mixed || sent[2].mixed || a.Attempts != 1 {
			t.Errorf("packets %v", sent)
		}
		if s := w.statistics(ns1Addr).MixedCase; s != record.Refuses {
			t.Errorf("mixed case %v", s)
		}
	})
	t.Run("now and then", func(t *testing.T) { // several machines behind one address
		w := singleWorld(t, someCAA)
		n := 0
		w.fault(ns1Addr, func(x *served) {
			if n++; n%2 == 0 {
				lowerCase(x)
			}
		})
		for i := range 10 {
			want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA), record.NXDomain)
		}
		wantPackets(t, w.sentTo(ns1Addr), 11)
	})
	for name, f := range map[string]fault{
		"REFUSED": rcode(dns.RcodeRefused), "FORMERR": rcode(dns.RcodeFormatError), "SERVFAIL": rcode(dns.RcodeServerFailure),
	} {
		t.Run(name, func(t *testing.T) {
			w := exampleWorld(t, someCAA)
			w.fault(ns1Addr, ifMixed(f))
			w.fault(ns2Addr, ifMixed(f))
			want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
			if n := len(w.sentTo(ns1Addr)) + len(w.sentTo(ns2Addr)); n > 5 {
				t.Errorf("%d packets", n)
			}
			refuses := w.statistics(ns1Addr).MixedCase == record.Refuses || w.statistics(ns2Addr).MixedCase == record.Refuses
			if !refuses {
				t.Errorf("not remembered")
			}
		})
	}
	t.Run("REFUSED, and packets lost", func(t *testing.T) { // of which nothing is learned about the case
		w := exampleWorld(t, someCAA)
		w.fault(ns1Addr, ifMixed(rcode(dns.RcodeRefused)))
		w.fault(ns2Addr, silent)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	})
	t.Run("REFUSED, and the question in lower case lost", func(t *testing.T) {
		w := exampleWorld(t, someCAA)
		for _, addr := range []string{ns1Addr, ns2Addr} {
			lost := false
			w.fault(addr, func(x *served) {
				if x.mixed {
					rcode(dns.RcodeRefused)(x)
				} else if !lost {
					lost, x.silent = true, true
				}
			})
		}
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	})
	t.Run("REFUSED whatever the case", func(t *testing.T) { // one is asked in lower case, and believed
		w := exampleWorld(t, someCAA)
		w.fault(ns1Addr, rcode(dns.RcodeRefused))
		w.fault(ns2Addr, rcode(dns.RcodeRefused))
		want(t, w.lookup("example.com", wire.TypeCAA), record.Refused)
		lower := 0
		for _, p := range append(w.sentTo(ns1Addr), w.sentTo(ns2Addr)...) {
			if !p.mixed {
				lower++
			}
		}
		if lower != 1 {
			t.Errorf("%d questions in lower case, want 1", lower)
		}
	})
	t.Run("dropped", func(t *testing.T) { // the repetition goes in lower case
		w := singleWorld(t, someCAA)
		w.fault(ns1Addr, ifMixed(silent))
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		if s := w.statistics(ns1Addr).MixedCase; s == record.Refuses {
			t.Errorf("one lost packet proves nothing")
		}
	})
	t.Run("kept after a loss", func(t *testing.T) { // a server that answered mixed case keeps being asked so
		w := singleWorld(t, someCAA)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		w.fault(ns1Addr, first(2, silent))
		want(t, w.lookup("www.example.com", wire.TypeCAA), record.NXDomain)
		for _, p := range w.sentTo(ns1Addr) {
			if !p.mixed {
				t.Errorf("%v", p)
			}
		}
	})
	t.Run("switched off", func(t *testing.T) {
		w := singleWorld(t, someCAA, noCase)
		w.fault(ns1Addr, lowerCase)
		want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
		wantPackets(t, w.log, 3)
		if w.statistics(ns1Addr).MixedCase != record.Unknown {
			t.Errorf("claims to know")
		}
	})
}

// What cannot be read is a failure (C14), to be tried at other servers.
func TestMalformed(t *testing.T) {
	badCAA := func(rdata string) fault {
		return func(x *served) {
			data, err := hex.DecodeString(rdata)
			if err != nil {
				panic(err)
			}
			m := x.reply.Copy()
			m.Answer = append(m.Answer, &dns.RFC3597{
				Hdr:   dns.RR_Header{Name: x.query.Question[0].Name, Rrtype: dns.TypeCAA, Class: dns.ClassINET, Ttl: 60},
				Rdata: hex.EncodeToString(data),
			})
			m.Compress = true
			x.raw, err = m.Pack()
			if err != nil {
				panic(err)
			}
		}
	}
	cases := map[string]fault{
		"cut off":           malformed,
		"counts too high":   func(x *served) { x.raw = x.message(nil); x.raw[7] = 200 },
		"header only":       func(x *served) { x.raw = x.message(nil)[:12] },
		"eleven octets":     func(x *served) { x.raw = x.message(nil)[:11] },
		"empty CAA":         badCAA(""),
		"CAA of one octet":  badCAA("00"),
		"tag length 0":      badCAA("0000"),
		"tag length beyond": badCAA("00096973737565"), // one good record beside it does not help
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			w := singleWorld(t, someCAA)
			w.fault(ns1Addr, f)
			want(t, w.lookup("example.com", wire.TypeCAA), record.Malformed)
			for seed := range uint64(4) {
				w = exampleWorld(t, someCAA, seeded(seed))
				w.fault(ns1Addr, f)
				want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
			}
		})
	}
	t.Run("A of three octets", func(t *testing.T) {
		w := singleWorld(t, "")
		w.fault(ns1Addr, func(x *served) {
			x.reply.Ns, x.reply.Extra = nil, nil
			x.raw = append(x.message(nil), "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x03abc"...)
			x.raw[7]++
		})
		want(t, w.lookup("example.com", wire.TypeA), record.Malformed)
	})
}

// Servers whose round trip is far better are taken (R1.13: none is ever switched off).
func TestServerChoice(t *testing.T) {
	t.Run("near before far", func(t *testing.T) {
		w := exampleWorld(t, "")
		w.server(ns2Addr).rtt = 900 * time.Millisecond
		for i := range 40 {
			w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		}
		if near, far := len(w.sentTo(ns1Addr)), len(w.sentTo(ns2Addr)); near != 39 || far != 1 {
			t.Errorf("%d to the near one, %d to the far one", near, far)
		}
	})
	t.Run("equals share", func(t *testing.T) {
		w := exampleWorld(t, "")
		for i := range 100 {
			w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		}
		if a, b := len(w.sentTo(ns1Addr)), len(w.sentTo(ns2Addr)); a < 30 || b < 30 {
			t.Errorf("%d and %d", a, b)
		}
	})
	t.Run("dead one is left alone for a while", func(t *testing.T) {
		w := exampleWorld(t, "")
		w.fault(ns1Addr, silent)
		for i := range 40 {
			want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA), record.NXDomain)
		}
		wantPackets(t, w.sentTo(ns1Addr), 1)
		w.now = w.now.Add(2 * penaltyTime)
		for i := range 40 {
			w.lookup(fmt.Sprintf("m%d.example.com", i), wire.TypeCAA)
		}
		wantPackets(t, w.sentTo(ns1Addr), 2)
	})
	t.Run("one refusal is no habit", func(t *testing.T) { // a hoster refuses what it no longer hosts
		w := exampleWorld(t, "")
		w.fault(ns1Addr, first(1, rcode(dns.RcodeRefused)))
		for i := range 60 {
			w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
		}
		if n := len(w.sentTo(ns1Addr)); n < 15 {
			t.Errorf("%d packets", n)
		}
	})
	t.Run("refuses CAA, answers A", func(t *testing.T) {
		w := exampleWorld(t, "")
		w.fault(ns1Addr, ifType(dns.TypeCAA, rcode(dns.RcodeRefused)))
		for i := range 40 {
			want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA), record.NXDomain)
			want(t, w.lookup(fmt.Sprintf("a%d.example.com", i), wire.TypeA), record.NXDomain)
		}
		caa, a := 0, 0
		for _, p := range w.sentTo(ns1Addr) {
			if p.typ == dns.TypeCAA {
				caa++
			} else {
				a++
			}
		}
		if caa != streak || a < 10 {
			t.Errorf("%d CAA, %d A", caa, a)
		}
		if ns := w.statistics(ns1Addr); ns.Refused != streak || ns.CAA != record.Refuses {
			t.Errorf("statistics %+v", ns)
		}
	})
	t.Run("popular sets spread", func(t *testing.T) { // the second server's address is looked for before it is needed
		w := comWorld(t, "example.com. NS a.ns.org.\nexample.com. NS b.ns.org.\n", func(c *Config) { c.IPv6 = false })
		w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\nb.ns.org. A 192.0.2.2\n")
		w.serve(ns1Addr+" "+ns2Addr, soaOf("example.com"))
		for i := range 100 {
			want(t, w.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA), record.NXDomain)
		}
		if a, b := len(w.sentTo(ns1Addr)), len(w.sentTo(ns2Addr)); a < 20 || b < 20 {
			t.Errorf("%d and %d", a, b)
		}
	})
}

// statistics returns what NameServers says of an address.
func (w *world) statistics(addr string) record.NameServer {
	w.t.Helper()
	all := NameServers(w.r)
	i := slices.IndexFunc(all, func(ns record.NameServer) bool { return ns.Addr == netip.MustParseAddr(addr) })
	if i < 0 {
		w.t.Fatalf("no statistics of %v", addr)
	}
	return all[i]
}

// What several loops saw of the servers is added up.
func TestNameServers(t *testing.T) {
	w, v := exampleWorld(t, someCAA), exampleWorld(t, someCAA)
	v.now = v.now.Add(time.Hour)
	w.fault(ns1Addr, ifType(dns.TypeMX, silent))
	v.fault(ns1Addr, lowerCase)
	for i := range 30 {
		for _, u := range []*world{w, v} {
			u.lookup(fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
			u.lookup(fmt.Sprintf("m%d.example.com", i), wire.TypeMX)
		}
	}
	all := NameServers(w.r, v.r)
	if len(all) != 4 || !slices.IsSortedFunc(all, func(a, b record.NameServer) int { return a.Addr.Compare(b.Addr) }) {
		t.Fatalf("%d servers", len(all))
	}
	one, a, b := all[0], w.statistics(ns1Addr), v.statistics(ns1Addr)
	sent := len(w.sentTo(ns1Addr)) + len(v.sentTo(ns1Addr))
	if one.Addr != addrOf(ns1Addr) || one.Sent != sent || one.Sent != a.Sent+b.Sent ||
		one.Answered != a.Answered+b.Answered || one.Timeouts != a.Timeouts || a.Timeouts == 0 ||
		one.Answered+one.Timeouts != one.Sent {
		t.Errorf("sum %+v\nof %+v\nand %+v", one, a, b)
	}
	if one.First != a.First || one.Last != b.Last || one.EDNS != record.Answers || one.CAA != record.Answers ||
		one.MixedCase != record.Answers || a.MixedCase != record.Answers || b.MixedCase != record.Refuses {
		t.Errorf("sum %+v", one)
	}
	if one.RTT50 < 15*time.Millisecond || one.RTT50 > 25*time.Millisecond || one.Operator != "example.com" ||
		len(one.Names) != 1 || one.Names[0] != wire.MustName("ns1.example.com") {
		t.Errorf("sum %+v", one)
	}
}

// The histogram of round trips: its quantiles are off by a quarter at most.
func TestRTTHistogram(t *testing.T) {
	if (&rttHistogram{}).quantile(0.5) != 0 {
		t.Errorf("median of nothing")
	}
	for rtt := 20 * time.Microsecond; rtt < 10*time.Second; rtt = rtt * 11 / 10 {
		var h rttHistogram
		h.add(rtt)
		for _, p := range []float64{0, 0.5, 1} {
			if q := h.quantile(p); q < rtt*3/4 || q > rtt*5/4 {
				t.Errorf("quantile %v of %v is %v", p, rtt, q)
			}
		}
	}
}

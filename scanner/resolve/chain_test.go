package resolve

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// aliasWorld has example.com and example.org on one server each.
func aliasWorld(t testing.TB, com, org string, change ...func(*Config)) *world {
	w := singleWorld(t, com, change...)
	w.serve(comAddr, soaOf("org")+"example.org. NS ns.example.org.\nns.example.org. A 192.0.2.7\n")
	w.serve("192.0.2.7", soaOf("example.org")+org)
	return w
}

// chainOf makes n aliases c0 -> c1 -> ... -> cn, alternately in both zones if across, and a CAA set at the end.
func chainOf(n int, across bool) (com, org string) {
	var text [2]strings.Builder
	name := func(i int) string {
		if across && i%2 == 1 {
			return fmt.Sprintf("c%d.example.org.", i)
		}
		return fmt.Sprintf("c%d.example.com.", i)
	}
	put := func(i int, rest string) {
		at := 0
		if across {
			at = i % 2
		}
		fmt.Fprintf(&text[at], "%s %s\n", name(i), rest)
	}
	for i := range n {
		put(i, "CNAME "+name(i+1))
	}
	put(n, `CAA 0 issue "ca.test"`)
	return text[0].String(), text[1].String()
}

// Chains of up to 16 links are followed, within a message and across zones; longer ones are the failure long_chain.
func TestChainLength(t *testing.T) {
	for _, across := range []bool{false, true} {
		for _, n := range []int{1, 2, 5, 15, 16, 17, 18, 25, 40} {
			com, org := chainOf(n, across)
			w := aliasWorld(t, com, org)
			a, c := w.lookupCost("c0.example.com", wire.TypeCAA)
			switch {
			case n <= maxAliases:
				want(t, a, record.Found)
				if len(a.Chain) != n || len(a.Records) != n+1 || len(a.Set()) != 1 {
					t.Errorf("%d links: chain %v", n, a.Chain)
				}
			default:
				want(t, a, record.AliasLong)
			}
			if c.Cost.Queries > 24 {
				t.Errorf("%d links took %d packets", n, c.Cost.Queries)
			}
			// Nearer to the end the chain is short enough, whatever was asked before.
			b := w.lookup(fmt.Sprintf("c%d.example.%s", n-1, []string{"com", "org"}[(n-1)%2*b2i(across)]), wire.TypeCAA)
			want(t, b, record.Found)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A chain that is too long for who asked first is not too long for who waits on its later links.
func TestChainTooLongForOne(t *testing.T) {
	com, org := chainOf(20, true)
	w := aliasWorld(t, com, org)
	long, short := &Client{ID: 1}, &Client{ID: 2}
	w.ask(long, "c0.example.com", wire.TypeCAA)
	for w.underWay("c15.example.org") == nil {
		w.next()
	}
	w.ask(short, "c15.example.org", wire.TypeCAA)
	w.run()
	want(t, w.results[long][0], record.AliasLong)
	want(t, w.results[short][0], record.Found)
}

// Aliases that come back to themselves (R1.9).
func TestAliasLoops(t *testing.T) {
	cases := []struct{ name, com, org, ask string }{
		{"itself", "a.example.com. CNAME a.example.com.\n", "", "a.example.com"},
		{"two in a zone", "a.example.com. CNAME b.example.com.\nb.example.com. CNAME a.example.com.\n", "", "a.example.com"},
		{"across zones", "a.example.com. CNAME b.example.org.\n", "b.example.org. CNAME a.example.com.\n", "a.example.com"},
		{"led into", "x.example.com. CNAME a.example.com.\na.example.com. CNAME b.example.org.\n", "b.example.org. CNAME a.example.com.\n", "x.example.com"},
		{"by DNAME", "d.example.com. DNAME e.example.org.\n", "e.example.org. DNAME d.example.com.\n", "x.d.example.com"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := aliasWorld(t, c.com, c.org)
			a := w.lookup(c.ask, wire.TypeCAA)
			want(t, a, record.AliasLoop)
			if len(w.log) > 8 {
				t.Errorf("%d packets", len(w.log))
			}
			n := len(w.log)
			want(t, w.lookup(c.ask, wire.TypeCAA), record.AliasLoop)
			wantPackets(t, w.log, n)
		})
	}
	t.Run("through the address of a server", func(t *testing.T) { // the server of y.com is called by an alias into y.com
		w := comWorld(t, "example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\ny.com. NS ns.example.com.\n")
		w.serve(ns1Addr, soaOf("example.com")+"ns.example.com. CNAME www.y.com.\n")
		wantReason(t, w.lookup("y.com", wire.TypeCAA), record.Lame, CauseNSLoop)
		wantReason(t, w.lookup("ns.example.com", wire.TypeA), record.Lame, CauseNSLoop)
		wantReason(t, w.lookup("ns.example.com", wire.TypeAAAA), record.Lame, CauseNSLoop)
		if len(w.log) > 16 {
			t.Errorf("%d packets: %v", len(w.log), w.log)
		}
	})
}

// DNAME (RFC 6672): with its synthesised CNAME, without, with one that contradicts, with a target too long.
func TestDNAME(t *testing.T) {
	zone := "d.example.com. DNAME t.example.org.\n"
	org := "x.t.example.org. CAA 0 issue \"ca.test\"\n"
	without := func(x *served) {
		var kept []dns.RR
		for _, rr := range x.reply.Answer {
			if rr.Header().Rrtype != dns.TypeCNAME {
				kept = append(kept, rr)
			}
		}
		x.reply.Answer = kept
	}
	contradicting := func(x *served) {
		for _, rr := range x.reply.Answer {
			if c, ok := rr.(*dns.CNAME); ok {
				c.Target = "evil.example.org."
			}
		}
	}
	w := aliasWorld(t, zone, org)
	a := w.lookup("x.d.example.com", wire.TypeCAA)
	want(t, a, record.Found)
	if len(a.Chain) != 1 || !a.Chain[0].DNAME || a.Chain[0].Target != wire.MustName("x.t.example.org") || len(a.Records) != 3 {
		t.Errorf("chain %v, records %v", a.Chain, a.Records)
	}

	w = aliasWorld(t, zone, org)
	w.fault(ns1Addr, without)
	a = w.lookup("x.d.example.com", wire.TypeCAA)
	want(t, a, record.Found)
	if len(a.Records) != 2 {
		t.Errorf("records %v", a.Records)
	}

	w = aliasWorld(t, zone, org)
	w.fault(ns1Addr, contradicting)
	want(t, w.lookup("x.d.example.com", wire.TypeCAA), record.Malformed)
	// The reading of that reply must not linger: the scratch is used again.
	w.hosts[addrOf(ns1Addr)].faults = nil
	want(t, w.lookup("y.d.example.com", wire.TypeCAA), record.NXDomain)

	label := strings.Repeat("l", 60) + "."
	w = aliasWorld(t, "d.example.com. DNAME "+strings.Repeat(label, 3)+"example.org.\n", "")
	w.fault(ns1Addr, func(x *served) { // the server does not say YXDOMAIN
		x.reply.Rcode = dns.RcodeSuccess
	})
	want(t, w.lookup(label+"d.example.com", wire.TypeCAA), record.AliasLong)

	w = aliasWorld(t, "d.example.com. DNAME .\n", "") // to the root: x.d.example.com is x
	want(t, w.lookup("com.d.example.com", wire.TypeNS), record.Found)
}

// A message full of DNAMEs is given up early, not read for long.
func TestManyDNAMEs(t *testing.T) {
	var full strings.Builder
	full.WriteString("x.example.com. CNAME y.example.com.\n")
	for i := range 1500 {
		fmt.Fprintf(&full, "n%d.example.com. DNAME t.example.com.\n", i)
	}
	w := singleWorld(t, "")
	w.fault(ns1Addr, says(true, full.String(), "", ""))
	want(t, w.lookup("x.example.com", wire.TypeCAA), record.Malformed)
	if n := w.r.reading.dnames; n > maxDNAMEs+1 {
		t.Errorf("%d records looked at", n)
	}
}

// The target of aliases is asked about once, be they asked one after the other or together.
func TestAliasTargetShared(t *testing.T) {
	var com strings.Builder
	for i := range 50 {
		fmt.Fprintf(&com, "n%d.example.com. CNAME shops.example.org.\n", i)
	}
	for _, together := range []bool{false, true} {
		w := aliasWorld(t, com.String(), "shops.example.org. CAA 0 issue \"ca.test\"\n")
		clients := make([]*Client, 50)
		for i := range clients {
			clients[i] = &Client{ID: uint32(i)}
			w.ask(clients[i], fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
			if !together {
				w.run()
			}
		}
		w.run()
		for i, c := range clients {
			a := w.results[c][0]
			want(t, a, record.Found)
			if a.Name != wire.MustName(fmt.Sprintf("n%d.example.com", i)) || len(a.Chain) != 1 || a.Owner() != wire.MustName("shops.example.org") {
				t.Errorf("answer %+v", a)
			}
		}
		wantPackets(t, w.sentTo("192.0.2.7"), 1)
	}
}

// A failure at the target is the failure of the alias, told with the zone where it happened.
func TestAliasToFailure(t *testing.T) {
	w := aliasWorld(t, "a.example.com. CNAME b.example.org.\n", "")
	w.fault("192.0.2.7", rcode(dns.RcodeServerFailure))
	a := w.lookup("a.example.com", wire.TypeCAA)
	want(t, a, record.ServFail)
	if a.FailedAt() != wire.MustName("example.org") || len(a.Chain) != 1 || answeredBy(a).Addr != addrOf("192.0.2.7") {
		t.Errorf("answer %+v", a)
	}
}

// An alias lives no longer than the shortest TTL on its way.
func TestAliasTTL(t *testing.T) {
	w := aliasWorld(t, "a.example.com. 60 CNAME b.example.org.\nc.example.com. 7200 CNAME b.example.org.\n", "b.example.org. 600 CAA 0 issue \"ca.test\"\n")
	a := w.lookup("a.example.com", wire.TypeCAA)
	c := w.lookup("c.example.com", wire.TypeCAA)
	if life := a.Expires.Sub(w.now); life > 60*time.Second || life < 59*time.Second {
		t.Errorf("a lives %v", life)
	}
	if life := c.Expires.Sub(w.now); life > 600*time.Second || life < 599*time.Second {
		t.Errorf("c lives %v", life)
	}
	if a.TTL != 600 {
		t.Errorf("TTL of the records %d", a.TTL)
	}
}

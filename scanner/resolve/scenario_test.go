package resolve

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	comAddr = "198.51.100.2"
	ns1Addr = "192.0.2.1"
	ns2Addr = "192.0.2.2"
)

// comWorld is a world with the TLDs com and org on one server. delegations are lines of the com zone.
func comWorld(t testing.TB, delegations string, change ...func(*Config)) *world {
	w := newWorld(t, "com. NS a.gtld.com.\norg. NS a.gtld.com.\na.gtld.com. A "+comAddr+"\n", change...)
	w.serve(comAddr, soaOf("com")+"com. NS a.gtld.com.\na.gtld.com. A "+comAddr+"\n"+delegations)
	return w
}

// exampleWorld has example.com on two servers besides.
func exampleWorld(t testing.TB, zone string, change ...func(*Config)) *world {
	w := comWorld(t, `
example.com. NS ns1.example.com.
example.com. NS ns2.example.com.
ns1.example.com. A 192.0.2.1
ns2.example.com. A 192.0.2.2
`, change...)
	w.serve(ns1Addr+" "+ns2Addr, soaOf("example.com")+`
example.com. NS ns1.example.com.
example.com. NS ns2.example.com.
ns1.example.com. A 192.0.2.1
ns2.example.com. A 192.0.2.2
`+zone)
	return w
}

// singleWorld has example.com on one server alone.
func singleWorld(t testing.TB, zone string, change ...func(*Config)) *world {
	w := comWorld(t, "example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\n", change...)
	w.serve(ns1Addr, soaOf("example.com")+"example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\n"+zone)
	return w
}

func noCase(c *Config) { c.NoMixCase = true }

func want(t *testing.T, a *record.Answer, o record.Outcome) {
	t.Helper()
	if a.Outcome != o {
		t.Fatalf("%v %v: outcome %v (%s), want %v", a.Name, a.Type, a.Outcome, a.Cause, o)
	}
}

func wantReason(t *testing.T, a *record.Answer, o record.Outcome, reason string) {
	t.Helper()
	want(t, a, o)
	if a.Cause != reason {
		t.Fatalf("%v: reason %q, want %q", a.Name, a.Cause, reason)
	}
}

func wantPackets(t *testing.T, sent []packet, n int) {
	t.Helper()
	if len(sent) != n {
		t.Fatalf("%d packets, want %d: %v", len(sent), n, sent)
	}
}

// RFC 1034 5.3.3: from the root by referrals to the zone, and everything the answer has to say about it.
func TestReferralChain(t *testing.T) {
	w := exampleWorld(t, `www.example.com. 300 CAA 0 issue "ca.test"`+"\n")
	a := w.lookup("www.example.com", wire.TypeCAA)
	want(t, a, record.Found)
	if len(w.log) != 3 || w.log[0].addr != netip.MustParseAddr(rootAddr) || w.log[1].addr != netip.MustParseAddr(comAddr) {
		t.Fatalf("packets: %v", w.log)
	}
	for _, p := range w.log {
		if !p.edns || p.do || p.size != 1232 || p.tcp || !p.mixed || p.nsid {
			t.Errorf("packet %v: not as it should be: %+v", p, p)
		}
	}
	set := a.Set()
	if len(set) != 1 || string(set[0].Data) != "\x00\x05issueca.test" || set[0].Owner != wire.MustName("www.example.com") ||
		set[0].TTL != 300 || set[0].Class != wire.ClassIN {
		t.Errorf("records: %+v", set)
	}
	if a.Zone != wire.MustName("example.com") || len(a.NS) != 2 || a.NS[0] != wire.MustName("ns1.example.com") || a.TTL != 300 {
		t.Errorf("zone %v, servers %v, TTL %d", a.Zone, a.NS, a.TTL)
	}
	if a.RTT != 20*time.Millisecond || a.Size == 0 || a.Attempts != 1 || !answeredBy(a).Addr.IsValid() || answeredBy(a).Name == "" || a.TCP {
		t.Errorf("evidence: %+v", a)
	}
}

// Outcomes of a healthy zone, by name and type.
func TestOutcomes(t *testing.T) {
	zone := `
example.com. CAA 0 issue ";"
a.example.com. A 192.0.2.77
b.ent.example.com. A 192.0.2.77
alias.example.com. CNAME a.example.com.
tocaa.example.com. CNAME example.com.
gone.example.com. CNAME nothing.example.com.
out.example.com. CNAME www.example.org.
outgone.example.com. CNAME missing.example.org.
*.wild.example.com. CAA 0 issue "ca.test"
exists.wild.example.com. A 192.0.2.77
d.example.com. DNAME t.example.com.
d.example.com. CAA 0 issue "owner.test"
x.t.example.com. CAA 0 issue "dname.test"
do.example.com. DNAME example.org.
`
	org := "www.example.org. CAA 0 issue \"org.test\"\n"
	cases := []struct {
		name  string
		typ   wire.Type
		o     record.Outcome
		links int
		value string
		rule  string
	}{
		{"example.com", wire.TypeCAA, record.Found, 0, ";", "R1.4"},
		{"a.example.com", wire.TypeA, record.Found, 0, "", ""},
		{"a.example.com", wire.TypeCAA, record.NoData, 0, "", "RFC 2308 2.2"},
		{"ent.example.com", wire.TypeCAA, record.NoData, 0, "", "R1.9: empty non-terminal"},
		{"nothing.example.com", wire.TypeCAA, record.NXDomain, 0, "", "RFC 2308 2.1"},
		{"nothing.test", wire.TypeCAA, record.NXDomain, 0, "", "denied by the root"},
		{"alias.example.com", wire.TypeCAA, record.NoData, 1, "", "R1.6"},
		{"tocaa.example.com", wire.TypeCAA, record.Found, 1, ";", "R1.6"},
		{"alias.example.com", wire.TypeCNAME, record.Found, 0, "", "RFC 1034 3.6.2: the alias itself"},
		{"gone.example.com", wire.TypeCAA, record.NXDomain, 1, "", "RFC 6604 3"},
		{"out.example.com", wire.TypeCAA, record.Found, 1, "org.test", "R1.6"},
		{"outgone.example.com", wire.TypeCAA, record.NXDomain, 1, "", "R1.9: alias target missing"},
		{"q.wild.example.com", wire.TypeCAA, record.Found, 0, "ca.test", "R1.11"},
		{"q.r.wild.example.com", wire.TypeCAA, record.Found, 0, "ca.test", "R1.11: at any depth"},
		{"exists.wild.example.com", wire.TypeCAA, record.NoData, 0, "", "R1.11: the name itself exists"},
		{"d.example.com", wire.TypeCAA, record.Found, 0, "owner.test", "R1.7: the owner is not redirected"},
		{"x.d.example.com", wire.TypeCAA, record.Found, 1, "dname.test", "R1.7, RFC 6672 2.2"},
		{"www.do.example.com", wire.TypeCAA, record.Found, 1, "org.test", "R1.7, out of the zone"},
	}
	for _, c := range cases {
		t.Run(c.name+" "+c.typ.String(), func(t *testing.T) {
			w := exampleWorld(t, zone)
			w.serve(comAddr, soaOf("org")+"example.org. NS ns1.example.com.\n")
			w.serve(ns1Addr+" "+ns2Addr, soaOf("example.org")+org)
			a := w.lookup(c.name, c.typ)
			want(t, a, c.o)
			if len(a.Chain) != c.links {
				t.Errorf("chain %v (%s)", a.Chain, c.rule)
			}
			if c.value != "" && (len(a.Set()) != 1 || !strings.HasSuffix(string(a.Set()[0].Data), c.value)) {
				t.Errorf("records %v (%s)", a.Records, c.rule)
			}
			if !c.o.Failed() && a.Outcome.ClientRCode() != a.RCode {
				t.Errorf("RCode %v", a.RCode)
			}
			b := w.lookup(c.name, c.typ)
			if len(w.log) > 12 || b != a {
				t.Errorf("asked again (%d packets)", len(w.log))
			}
		})
	}
}

// Glue counts only within the zone of the server that gives it (RFC 1034 5.3.3 4b, RFC 5452 6).
func TestGlueBailiwick(t *testing.T) {
	t.Run("sibling", func(t *testing.T) { // one referral's glue below another zone of the same parent
		w := comWorld(t, "a.com. NS ns.b.com.\nb.com. NS ns.b.com.\nns.b.com. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("a.com"))
		want(t, w.lookup("a.com", wire.TypeCAA), record.NoData)
		wantPackets(t, w.log, 3)
	})
	t.Run("poisoned", func(t *testing.T) {
		w := comWorld(t, "evil.com. NS ns.evil.com.\nns.evil.com. A 192.0.2.66\nbank.com. NS ns.bank.com.\nns.bank.com. A 192.0.2.1\n")
		w.serve("192.0.2.66", soaOf("evil.com")+"sub.evil.com. NS ns.bank.com.\n")
		w.fault("192.0.2.66", says(false, "", "sub.evil.com. NS ns.bank.com.\n", "ns.bank.com. A 192.0.2.66\n"))
		w.serve(ns1Addr, soaOf("bank.com")+"ns.bank.com. A 192.0.2.1\nbank.com. CAA 0 issue \"good.test\"\n")
		w.serve(ns1Addr, soaOf("sub.evil.com"))
		want(t, w.lookup("sub.evil.com", wire.TypeCAA), record.NoData)
		want(t, w.lookup("bank.com", wire.TypeCAA), record.Found)
		if n := len(w.sentTo("192.0.2.66")); n != 1 {
			t.Errorf("%d packets to the poisoner, want the one it was delegated", n)
		}
	})
	t.Run("answers for other zones", func(t *testing.T) { // additional and answer records of other names are not taken
		w := comWorld(t, "evil.com. NS ns.evil.com.\nns.evil.com. A 192.0.2.66\n"+
			"bank.com. NS ns.bank.com.\nns.bank.com. A 192.0.2.1\n")
		w.serve("192.0.2.66", soaOf("evil.com"))
		w.fault("192.0.2.66", says(true, "evil.com. CNAME bank.com.\nbank.com. CAA 0 issue \"evil.test\"\n", "", ""))
		w.serve(ns1Addr, soaOf("bank.com")+"bank.com. CAA 0 issue \"good.test\"\n")
		a := w.lookup("evil.com", wire.TypeCAA)
		want(t, a, record.Found)
		if len(a.Set()) != 1 || !strings.Contains(string(a.Set()[0].Data), "good.test") {
			t.Errorf("records %v", a.Set())
		}
	})
	t.Run("IPv4 in the clothes of IPv6", func(t *testing.T) { // must not slip past Allowed and the families
		w := comWorld(t, "a.com. NS ns1.a.com.\na.com. NS ns2.a.com.\nns2.a.com. A 192.0.2.1\n", func(c *Config) {
			c.Allowed = func(a netip.Addr) bool { return a.Unmap() != netip.MustParseAddr("127.0.0.1") }
		})
		w.fault(comAddr, func(x *served) {
			mapped := netip.MustParseAddr("::ffff:127.0.0.1").As16()
			x.reply.Extra = append(x.reply.Extra, &dns.AAAA{
				Hdr:  dns.RR_Header{Name: "ns1.a.com.", Rrtype: dns.TypeAAAA, Class: dns.ClassINET, Ttl: 60},
				AAAA: mapped[:],
			})
		})
		w.serve(ns1Addr, soaOf("a.com"))
		want(t, w.lookup("a.com", wire.TypeCAA), record.NoData)
	})
}

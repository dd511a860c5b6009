package resolve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// The benchmarks drive a Resolver with replies made beforehand: no network, no parser of another package in the loop.
// One operation is one name from Ask to its answer, of one exchange or, with a referral, of two. The names come
// round again only after the caches, which are kept small, have dropped them.

const benchNames = 1 << 14

// canned is one name and the replies to the packets it takes, in order.
type canned struct {
	name    wire.Name
	replies [][]byte
}

func benchResolver() *Resolver {
	return New(Config{
		Roots: []Root{{Name: wire.MustName("a.root"), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}},
		IPv4:  true, IPv6: true, Cuts: 1 << 10, Answers: 1 << 10, Rand: rand.New(rand.NewPCG(1, 2)),
		Operator: func(wire.Name) (string, step.OperatorID) { return "example", 1 },
	})
}

func benchReply(tb testing.TB, name string, typ uint16, aa bool, answer, authority, additional []string) []byte {
	m := new(dns.Msg)
	m.SetQuestion(name, typ)
	m.Response, m.Authoritative, m.RecursionDesired, m.Compress = true, aa, false, true
	for i, section := range [][]string{answer, authority, additional} {
		for _, line := range section {
			rr, err := dns.NewRR(line)
			if err != nil {
				tb.Fatal(err)
			}
			to := []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra}[i]
			*to = append(*to, rr)
		}
	}
	m.SetEdns0(1232, true)
	msg, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return msg
}

var (
	comReferral = []string{"com. 172800 IN NS a.gtld.com.", "com. 172800 IN NS b.gtld.com."}
	comGlue     = []string{"a.gtld.com. 172800 IN A 192.0.2.2", "b.gtld.com. 172800 IN A 192.0.2.3"}
	hosterGlue  = []string{
		"ns1.hoster.com. 172800 IN A 192.0.2.4", "ns2.hoster.com. 172800 IN A 192.0.2.5",
		"ns1.hoster.com. 172800 IN AAAA 2001:db8::4", "ns2.hoster.com. 172800 IN AAAA 2001:db8::5",
	}
)

func delegation(zone string) []string {
	return []string{zone + " 172800 IN NS ns1.hoster.com.", zone + " 172800 IN NS ns2.hoster.com."}
}

func soa(zone string) []string {
	return []string{zone + " 3600 IN SOA ns1.hoster.com. hostmaster.hoster.com. 1 7200 3600 1209600 3600"}
}

// newBench returns a function that takes one name from Ask to its answer, with the delegations already known.
func newBench(tb testing.TB, typ wire.Type) func(*canned) {
	r := benchResolver()
	now := step.Time(time.Hour)
	var asks []step.Ask
	var buf []byte
	drive := func(c *canned) {
		client := Client{}
		now = now.Add(time.Microsecond)
		if r.Ask(now, &client, c.name, typ, &asks) != nil {
			tb.Fatal("cached")
		}
		for _, reply := range c.replies {
			if len(asks) != 1 {
				tb.Fatalf("%d asks", len(asks))
			}
			ask := asks[0]
			asks = asks[:0]
			buf = r.AppendQuery(ask.Ticket, 1, buf[:0])
			r.Handle(&step.Event{
				Kind: step.Reply, Ticket: ask.Ticket, CaseKept: true, Sent: now.Add(-time.Millisecond), Arrived: now, Now: now, Msg: reply,
			}, &asks)
		}
		if res, ok := r.Finished(); !ok || res.Answer.Outcome != record.NoData && res.Answer.Outcome != record.Found {
			tb.Fatalf("no answer, or %+v", res.Answer)
		}
	}
	drive(&canned{wire.MustName("example.com"), [][]byte{
		benchReply(tb, "example.com.", uint16(typ), false, nil, comReferral, comGlue),
		benchReply(tb, "example.com.", uint16(typ), false, nil, delegation("example.com."), hosterGlue),
		benchReply(tb, "example.com.", uint16(typ), true, nil, soa("example.com."), nil),
	}})
	return drive
}

func runBench(b *testing.B, typ wire.Type, makeName func(i int) canned) {
	drive := newBench(b, typ)
	names := make([]canned, benchNames)
	for i := range names {
		names[i] = makeName(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		drive(&names[i%benchNames])
	}
}

func BenchmarkNoData(b *testing.B) {
	runBench(b, wire.TypeCAA, func(i int) canned {
		n := fmt.Sprintf("n%d.example.com.", i)
		return canned{wire.MustName(n), [][]byte{benchReply(b, n, dns.TypeCAA, true, nil, soa("example.com."), nil)}}
	})
}

func BenchmarkCAA(b *testing.B) {
	runBench(b, wire.TypeCAA, func(i int) canned {
		n := fmt.Sprintf("n%d.example.com.", i)
		return canned{wire.MustName(n), [][]byte{benchReply(b, n, dns.TypeCAA, true, []string{
			n + ` 3600 IN CAA 0 issue "letsencrypt.org"`, n + ` 3600 IN CAA 0 issuewild ";"`, n + ` 3600 IN CAA 0 iodef "mailto:a@example.com"`,
		}, nil, nil)}}
	})
}

func BenchmarkMX(b *testing.B) {
	runBench(b, wire.TypeMX, func(i int) canned {
		n := fmt.Sprintf("n%d.example.com.", i)
		return canned{wire.MustName(n), [][]byte{benchReply(b, n, dns.TypeMX, true, []string{
			n + " 3600 IN MX 10 mx1.hoster.com.", n + " 3600 IN MX 20 mx2.hoster.com.",
		}, nil, nil)}}
	})
}

// BenchmarkReferralNoData is a delegation by the TLD to a set of servers that is known, then NODATA.
func BenchmarkReferralNoData(b *testing.B) {
	runBench(b, wire.TypeCAA, func(i int) canned {
		n := fmt.Sprintf("n%d.com.", i)
		return canned{wire.MustName(n), [][]byte{
			benchReply(b, n, dns.TypeCAA, false, nil, delegation(n), hosterGlue),
			benchReply(b, n, dns.TypeCAA, true, nil, soa(n), nil),
		}}
	})
}

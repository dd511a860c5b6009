//go:build linux

package scanner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestHostileNXNS: NXNSAttack, CVE-2020-8616. A referral to sixty names in somebody else's zone, without addresses.
func TestHostileNXNS(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			m := q.reply()
			d := &delegation{}
			for i := range 60 {
				d.ns = append(d.ns, fmt.Sprintf("ns%d.%s.victim.test.", i, strings.TrimSuffix(zone, ".test.")))
			}
			(&signedZone{world: w, apex: zone}).refer(m, "www."+zone, d)
			return q.pack(m)
		},
		packets: 2*maxAddressLookups + 6, victim: 2 * maxAddressLookups,
		outcomes: []string{"skipped/lookups/indeterminate/"},
	}).run(t)
}

// deep is a name of many labels in a zone.
func deep(prefix, zone string, labels int) string {
	return prefix + "." + strings.Repeat("a.", labels-2) + zone
}

func (q *query) alias(target string) []byte {
	m := q.reply()
	m.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: q.name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: target}}
	return q.pack(m)
}

// TestHostileNXNSAtEveryCut: a descent of a hundred zones, each delegated to names in the victim's zone and one that
// leads on.
func TestHostileNXNSAtEveryCut(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if q.typ == dns.TypeA {
				m := q.reply()
				m.Answer = []dns.RR{mustRR("%s 300 IN A %s", q.name, hostileServer(0))}
				return q.pack(m)
			}
			labels := dns.SplitDomainName(q.name)
			if len(labels) == 3 {
				return q.alias(deep(strings.ToLower(dns.TypeToString[q.typ]), zone, 90))
			}
			// Each server is asked as the server of the zone that it was last referred to; how deep that is the address
			// does not tell, so every reply refers one label further than the last about the same name.
			depth := w.times(q) + 2
			child := strings.Join(labels[max(len(labels)-depth, 0):], ".") + "."
			id := strings.TrimSuffix(zone, ".test.")
			d := &delegation{ns: []string{fmt.Sprintf("helper%d.%s", depth, zone)}}
			for i := range 5 {
				d.ns = append(d.ns, fmt.Sprintf("ns%dd%d.%s.victim.test.", i, depth, id))
			}
			m := q.reply()
			(&signedZone{world: w, apex: zone}).refer(m, child, d)
			return q.pack(m)
		},
		packets: maxQueries, victim: maxQueries * 3 / 4,
		outcomes: []string{"skipped/queries/indeterminate/"},
	}).run(t)
}

// TestHostileEndlessServers: CVE-2014-8500 ("iDNS"). To find a server's address another one's is needed, without end; and
// the same with three servers at each step, so that there are ever more ways to go on.
func TestHostileEndlessServers(t *testing.T) {
	for servers, a := range map[int]attack{
		1: {packets: 4*maxDepth + 4, outcomes: []string{"skipped/depth/indeterminate/"}},
		3: {packets: maxQueries, outcomes: []string{"skipped/queries/indeterminate/"}},
	} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			a.hosts, a.names = 1, 5
			a.answer = func(w *hostileWorld, zone string, q *query) []byte {
				labels := dns.SplitDomainName(q.name)
				child := labels[len(labels)-3]
				d := &delegation{}
				for i := range servers {
					d.ns = append(d.ns, fmt.Sprintf("ns.%d%s.%s", i, child[max(0, len(child)-40):], zone))
				}
				m := q.reply()
				(&signedZone{world: w, apex: zone}).refer(m, child+"."+zone, d)
				return q.pack(m)
			}
			a.run(t)
		})
	}
}

// TestHostileCycle: TsuNAME. Two zones, each with its only server in the other.
func TestHostileCycle(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		delegate: func(w *hostileWorld, zone string) *delegation {
			if id, ok := strings.CutSuffix(zone, "x.test."); ok {
				return &delegation{ns: []string{"ns." + id + ".test."}}
			}
			return &delegation{ns: []string{"ns." + strings.TrimSuffix(zone, ".test.") + "x.test."}}
		},
		packets: 8, checks: 1,
		outcomes: []string{"lame/ns-loop/insecure/no-ds"},
	}).run(t)
}

// TestHostileDescent: every reply refers one label further down.
func TestHostileDescent(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			labels := dns.SplitDomainName(q.name)
			if len(labels) == 3 {
				return q.alias(deep(strings.ToLower(dns.TypeToString[q.typ]), zone, 90))
			}
			depth := w.times(q) + 2
			child := strings.Join(labels[max(len(labels)-depth, 0):], ".") + "."
			m := q.reply()
			(&signedZone{world: w, apex: zone}).refer(m, child, &delegation{ns: []string{"ns." + child}, glue: []string{hostileServer(0)}})
			return q.pack(m)
		},
		packets: maxReferrals + 6, checks: 1,
		outcomes: []string{"skipped/referrals/indeterminate/"},
	}).run(t)
}

// nextZone returns the zone after zone in a chain of zones: h000.test, h000b1.test, h000b2.test, ...
func nextZone(zone string) string {
	id, n := zone[:4], 0
	fmt.Sscanf(zone[4:], "b%d.test.", &n)
	return fmt.Sprintf("%sb%d.test.", id, n+1)
}

// TestHostileChain: a chain of aliases without end, every link in another zone.
func TestHostileChain(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return q.alias("www." + nextZone(zone)) },
		packets: maxQueries, checks: maxAliases + 1,
		outcomes: []string{"long_chain//insecure/no-ds"},
	}).run(t)
}

// TestHostileLoop: three zones whose aliases lead round in a circle.
func TestHostileLoop(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if strings.HasSuffix(zone, "b2.test.") {
				return q.alias("www." + zone[:4] + ".test.")
			}
			return q.alias("www." + nextZone(zone))
		},
		packets: 16, checks: 4,
		outcomes: []string{"loop//indeterminate/"},
	}).run(t)
}

// TestHostileChainInOneReply: 1500 aliases in one reply.
func TestHostileChainInOneReply(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if !q.tcp {
				return q.truncated()
			}
			m := q.reply()
			name := q.name
			for i := range 1500 {
				next := fmt.Sprintf("c%d.%s", i, zone)
				m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: next})
				name = next
			}
			return q.pack(m)
		},
		packets: 8, checks: 1,
		outcomes: []string{"long_chain//insecure/no-ds"},
	}).run(t)
}

// TestHostileDNAME: a DNAME that leads below itself, so that the name grows with every link.
func TestHostileDNAME(t *testing.T) {
	(&attack{
		hosts: 1, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			m := q.reply()
			m.Answer = []dns.RR{mustRR("%s 300 IN DNAME a.%s", zone, zone)}
			return q.pack(m)
		},
		packets: 4, checks: 1,
		outcomes: []string{"long_chain//insecure/no-ds"},
	}).run(t)
}

// TestHostileComposed: CAMP. Aliases times servers times tries: every link of a chain of zones has ten servers, of which
// the last one asked answers.
func TestHostileComposed(t *testing.T) {
	(&attack{
		hosts: 10, names: 5,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if w.times(q)%(maxTries-1) != 0 {
				return q.rcode(dns.RcodeServerFailure)
			}
			return q.alias("www." + nextZone(zone))
		},
		packets:  maxQueries,
		outcomes: []string{"skipped/queries/indeterminate/"},
	}).run(t)
}

// TestHostileServFail: every server answers SERVFAIL to everything.
func TestHostileServFail(t *testing.T) {
	(&attack{
		hosts: 16, names: 5,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return q.rcode(dns.RcodeServerFailure) },
		packets: 3*maxTries + 4, checks: 1, // CAA of the name and of its zone, MX
		outcomes: []string{"servfail//insecure/no-ds"},
	}).run(t)
}

// TestHostileServFailSigned: the same for a zone with a DS.
func TestHostileServFailSigned(t *testing.T) {
	(&attack{
		hosts: 16, signed: true, names: 5,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return q.rcode(dns.RcodeServerFailure) },
		packets: 3*maxTries + 4, checks: 1, // CAA of the name and of its zone, MX
		outcomes: []string{"servfail//indeterminate/signed-zone"},
	}).run(t)
}

// TestHostileSilence: no server says anything.
func TestHostileSilence(t *testing.T) {
	(&attack{
		hosts: 12, names: 5, timeout: 100 * time.Millisecond, nomail: true,
		answer:  func(*hostileWorld, string, *query) []byte { return nil },
		packets: 2*4 + 4, checks: 1, // CAA of the name and of its zone
		outcomes: []string{"timeout//insecure/no-ds"},
	}).run(t)
}

// TestHostileSlowness: every reply takes most of the time that it has.
func TestHostileSlowness(t *testing.T) {
	(&attack{
		hosts: 4, names: 5, delay: 150 * time.Millisecond, timeout: 400 * time.Millisecond, nomail: true,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			return (&signedZone{world: w, apex: zone}).reply(q)
		},
		packets: 8, checks: 1,
		outcomes: []string{"nxdomain//insecure/no-ds"},
	}).run(t)
}

// TestHostileStall: every reply is truncated, and over TCP comes nothing.
func TestHostileStall(t *testing.T) {
	(&attack{
		hosts: 4, names: 5, timeout: 100 * time.Millisecond, nomail: true,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if q.tcp {
				return nil
			}
			return q.truncated()
		},
		packets: 2*2*4 + 2, checks: 1, // CAA of the name and of its zone
		outcomes: []string{"truncated//insecure/no-ds"},
	}).run(t)
}

// TestHostileStallBesideTCP: the same, with more stalled connections than may be open at the same time, beside good names
// whose replies need TCP.
func TestHostileStallBesideTCP(t *testing.T) {
	(&attack{
		hosts: 2, names: 40, timeout: 150 * time.Millisecond, nomail: true, good: "goodtcp",
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if q.tcp {
				return nil
			}
			return q.truncated()
		},
		packets: 2*2*2 + 4, checks: 1, // likewise
		outcomes: []string{"truncated//insecure/no-ds"},
	}).run(t)
}

// TestHostileReferralSize: a referral of 64 KiB, in DS records.
func TestHostileReferralSize(t *testing.T) {
	(&attack{
		hosts: 2, names: 5, signed: true,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			z := &signedZone{world: w, apex: zone, signed: true}
			if q.typ == dns.TypeDNSKEY || q.name == zone {
				return z.reply(q)
			}
			if !q.tcp {
				return q.truncated()
			}
			d := &delegation{ns: []string{"ns." + q.name}, glue: []string{hostileServer(0)}}
			for i := range 1000 {
				d.ds = append(d.ds, &dns.DS{
					Hdr:    dns.RR_Header{Name: q.name, Rrtype: dns.TypeDS, Class: dns.ClassINET, Ttl: 300},
					KeyTag: uint16(i), Algorithm: dns.ECDSAP256SHA256, DigestType: dns.SHA256, Digest: strings.Repeat("00", 32),
				})
			}
			m := q.reply()
			z.refer(m, q.name, d)
			return q.pack(m)
		},
		packets: 18, checks: 2, heap: 128 << 10,
		outcomes: []string{"lame//indeterminate/chain-unreachable"},
	}).run(t)
}

//go:build linux

package scanner

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestHostileRRset: four thousand CAA records.
func TestHostileRRset(t *testing.T) {
	(&attack{
		hosts: 2, names: 10,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			return q.records(5000, q.typ, func(i int) []byte {
				if q.typ == dns.TypeMX {
					return []byte{byte(i >> 8), byte(i), 0xc0, 12}
				}
				return []byte{0, 3, 'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/26/26%26)}
			})
		},
		packets: 8, checks: 1, heap: 64 << 10,
		outcomes: []string{"found//insecure/no-ds"},
	}).run(t)
}

// chains is a reply over TCP in the making that holds names of a hundred labels, each label a pointer to the one before:
// reading any of them costs as many steps (CVE-2024-8508, turned round). They differ only in the last label before the zone.
type chains struct {
	msg    []byte
	counts [3]int // records by section
	names  []int  // where they begin
	zone   int    // where the name of the zone is
}

const chainLabels = 110

// newChains begins the reply to q, about a name one label below its zone, with n names.
func newChains(q *query, n int) *chains {
	c := &chains{msg: append([]byte(nil), q.raw[:12+len(q.name)+1+4]...), zone: 12 + 1 + int(q.raw[12])}
	c.msg[2], c.msg[3] = 0x84, 0
	clear(c.msg[4:12])
	c.msg[5] = 1
	start := len(c.msg) + 12
	var text []byte
	for i := range n {
		at := start + len(text)
		text = append(append(text, 2, 'a'+byte(i/26), 'a'+byte(i%26)), c.pointer(c.zone)...)
		for range chainLabels {
			before := at
			at = start + len(text)
			text = append(append(text, 1, 'a'), c.pointer(before)...)
		}
		c.names = append(c.names, at)
	}
	c.add(0, 12, dns.TypeSPF, text)
	return c
}

func (c *chains) pointer(to int) []byte { return []byte{0xc0 | byte(to>>8), byte(to)} }

// add adds a record to a section; sections must come in order.
func (c *chains) add(section, owner int, typ uint16, data []byte) {
	c.msg = append(c.msg, c.pointer(owner)...)
	c.msg = binary.BigEndian.AppendUint16(c.msg, typ)
	c.msg = append(c.msg, 0, 1, 0, 0, 1, 44)
	c.msg = binary.BigEndian.AppendUint16(c.msg, uint16(len(data)))
	c.msg = append(c.msg, data...)
	c.counts[section]++
	binary.BigEndian.PutUint16(c.msg[6+2*section:], uint16(c.counts[section]))
}

// fill adds the same record until there is room for n more of twenty octets.
func (c *chains) fill(section, owner int, typ uint16, data []byte, n int) {
	for len(c.msg)+12+len(data) < 65535-20*n {
		c.add(section, owner, typ, data)
	}
}

// aliasesAmong is a chain of fifteen aliases among thousands of records that differ from each link only at the far end,
// and at the end of it a record that cannot be read: so the other servers are asked, too.
func aliasesAmong(q *query, decoy uint16) []byte {
	const links = 15
	c := newChains(q, links+1)
	data := map[uint16][]byte{
		dns.TypeCNAME: c.pointer(c.zone), dns.TypeDNAME: c.pointer(c.zone),
		dns.TypeCAA: {0, 1, 'a'}, dns.TypeRRSIG: {0, byte(dns.TypeCNAME)},
	}[decoy]
	c.fill(0, c.names[links], decoy, data, links+1)
	c.add(0, 12, dns.TypeCNAME, c.pointer(c.names[0]))
	for i := range links - 1 {
		c.add(0, c.names[i], dns.TypeCNAME, c.pointer(c.names[i+1]))
	}
	c.add(0, c.names[links-1], q.typ, []byte{0})
	return c.msg
}

// denialAmong is an empty answer about a name of a hundred labels, with thousands of NSEC records that cannot be read.
func denialAmong(q *query) []byte {
	c := newChains(q, 2)
	c.add(0, 12, dns.TypeCNAME, c.pointer(c.names[0]))
	c.add(1, c.zone, dns.TypeSOA, append(slices.Concat(c.pointer(c.zone), c.pointer(c.zone)), make([]byte, 20)...))
	c.fill(1, c.names[1], dns.TypeNSEC, nil, 0)
	return c.msg
}

// glueAmong is a referral to 32 names of a hundred labels, with thousands of addresses of another such name.
func glueAmong(q *query) []byte {
	const servers = 32
	c := newChains(q, servers+1)
	c.msg[2] &^= 4
	for i := range servers {
		c.add(1, 12, dns.TypeNS, c.pointer(c.names[i]))
	}
	c.fill(2, c.names[servers], dns.TypeA, []byte{127, 83, 3, 1}, 0)
	return c.msg
}

// TestHostilePointers: CVE-2024-8508, turned round: compression that costs who reads it.
func TestHostilePointers(t *testing.T) {
	among := func(decoy uint16) func(*query) []byte {
		return func(q *query) []byte { return aliasesAmong(q, decoy) }
	}
	for name, test := range map[string]struct {
		reply   func(*query) []byte
		outcome string
	}{
		"CNAME": {among(dns.TypeCNAME), "malformed//insecure/no-ds"},
		"DNAME": {among(dns.TypeDNAME), "malformed//insecure/no-ds"},
		"CAA":   {among(dns.TypeCAA), "malformed//insecure/no-ds"},
		"RRSIG": {among(dns.TypeRRSIG), "malformed//insecure/no-ds"},
		"NSEC":  {denialAmong, "nodata//insecure/no-ds"},
		"glue":  {glueAmong, "skipped/lookups/indeterminate/"},
	} {
		t.Run(name, func(t *testing.T) {
			(&attack{
				hosts: 4, names: 1, nomail: true,
				answer: func(w *hostileWorld, zone string, q *query) []byte {
					if !strings.HasPrefix(q.name, "www.") {
						return q.rcode(dns.RcodeRefused)
					}
					if !q.tcp {
						return q.truncated()
					}
					return test.reply(q)
				},
				packets: maxQueries, checks: 2,
				outcomes: []string{test.outcome},
			}).run(t)
		})
	}
}

// TestHostileGlue: a referral to as many addresses as a delegation may have, none of which is anybody's.
func TestHostileGlue(t *testing.T) {
	(&attack{
		hosts: 1, names: 10,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			m := q.reply()
			d := &delegation{}
			for i := range 32 {
				d.ns = append(d.ns, fmt.Sprintf("other%d.%s", i, zone))
			}
			(&signedZone{world: w, apex: zone}).refer(m, q.name, d)
			for i := range 32 * 16 {
				m.Extra = append(m.Extra, mustRR("other%d.%s 300 IN A 127.%d.%d.%d", i%32, zone, 100+rand.IntN(100), rand.IntN(256), 1+rand.IntN(254)))
			}
			return q.pack(m)
		},
		packets: 2*maxTries + 8, checks: 1, heap: 64 << 10,
		outcomes: []string{"unreachable//insecure/no-ds"},
	}).run(t)
}

// TestHostileCrowd: many names in one zone whose keys take too much work: what one name could not afford, all the others
// try again, each in its turn.
func TestHostileCrowd(t *testing.T) {
	a := &attack{
		hosts: 4, names: 200, nomail: true,
		target:  func(id string) string { return "w." + id + ".sub.h999.test" },
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return keyTrap(w, zone).reply(q) },
		packets: maxQueries, checks: 1,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}
	a.delegate = func(w *hostileWorld, zone string) *delegation {
		d := a.everyHost(w, zone)
		for range 60 {
			d.ds = append(d.ds, &dns.DS{
				Hdr:    dns.RR_Header{Name: zone, Rrtype: dns.TypeDS, Class: dns.ClassINET, Ttl: 300},
				KeyTag: collidingTag, Algorithm: dns.RSASHA256, DigestType: dns.SHA256, Digest: fmt.Sprintf("%064x", rand.Uint64()),
			})
		}
		return d
	}
	a.run(t)
}

//go:build linux

package scanner

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/dnssec"
)

// collidingKeys are RSA keys, not of anybody, that all have the key tag 4711.
var collidingKeys = sync.OnceValue(func() []string {
	var keys []string
	for range 60 {
		keys = append(keys, collidingKey())
	}
	return keys
})

const collidingTag = 4711

// collidingKey makes the public key field of an RSASHA256 DNSKEY with that tag: two of its octets make up for the rest.
func collidingKey() string {
	field := make([]byte, 2+256)
	rand.Read(field)
	field[0], field[1] = 1, 3
	field[2] |= 0x80
	field[len(field)-1] |= 1
	for at := 10; ; at += 2 {
		field[at], field[at+1] = 0, 0
		missing := collidingTag - int(tagOf(field))
		for d := -2; d <= 2; d++ {
			binary.BigEndian.PutUint16(field[at:], uint16(missing+d))
			if tagOf(field) == collidingTag {
				return string(field)
			}
		}
	}
}

// tagOf is the key tag of an RSASHA256 zone key (RFC 4034 Appendix B).
func tagOf(field []byte) uint16 {
	sum := uint32(dns.ZONE) + 3<<8 + uint32(dns.RSASHA256)
	for i, b := range field {
		if i%2 == 0 {
			sum += uint32(b) << 8
		} else {
			sum += uint32(b)
		}
	}
	sum += sum >> 16 & 0xffff
	return uint16(sum)
}

// garbage is a signature of right form by a colliding key, over any RRset.
func garbage(zone string, set []dns.RR) *dns.RRSIG {
	signature := make([]byte, 256)
	rand.Read(signature)
	signature[0] &= 0x7f
	head := set[0].Header()
	now := time.Now()
	return &dns.RRSIG{
		Hdr:         dns.RR_Header{Name: head.Name, Rrtype: dns.TypeRRSIG, Class: dns.ClassINET, Ttl: 300},
		TypeCovered: head.Rrtype, Algorithm: dns.RSASHA256, Labels: uint8(dns.CountLabel(head.Name)), OrigTtl: head.Ttl,
		Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.Add(time.Hour).Unix()),
		KeyTag: collidingTag, SignerName: zone, Signature: base64Of(signature),
	}
}

// keyTrap is a zone with sixty keys of one tag.
func keyTrap(w *hostileWorld, zone string) *signedZone {
	z := &signedZone{world: w, apex: zone, signed: true}
	for _, field := range collidingKeys() {
		z.keys = append(z.keys, &dns.DNSKEY{
			Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300},
			Flags: dns.ZONE, Protocol: 3, Algorithm: dns.RSASHA256, PublicKey: base64Of([]byte(field)),
		})
	}
	return z
}

// signedBy makes the reply to a question for CAA a set with n garbage signatures; other questions the zone answers.
func signedBy(z *signedZone, q *query, n int) []byte {
	if q.typ == dns.TypeDNSKEY || q.typ == dns.TypeDS {
		return z.reply(q)
	}
	m := q.reply()
	m.Answer = []dns.RR{mustRR(`%s 300 IN CAA 0 issue "ca.example"`, q.name)}
	if q.typ == dns.TypeMX {
		m.Answer = []dns.RR{mustRR(`%s 300 IN MX 10 mx.%s`, q.name, q.name)}
	}
	set := m.Answer
	for range n {
		m.Answer = append(m.Answer, garbage(z.apex, set))
	}
	return q.pack(m)
}

// TestHostileKeyTrap: KeyTrap, CVE-2023-50387. Sixty keys of one tag, and sixty signatures with that tag: 3600 checks.
func TestHostileKeyTrap(t *testing.T) {
	(&attack{
		hosts: 4, signed: true, names: 3,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			return signedBy(keyTrap(w, zone), q, 60)
		},
		packets: 16, checks: 2*checksOfRRset + 2, heap: 128 << 10,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}).run(t)
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// TestHostileKeyTrapBadSignatures: so few garbage signatures that the data are bogus, and every server is asked for better.
func TestHostileKeyTrapBadSignatures(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			z := keyTrap(w, zone)
			z.keys = z.keys[:checksOfRRset-1]
			return signedBy(z, q, 1)
		},
		packets: 3*maxTries + 8, checks: maxChecks, heap: 128 << 10,
		outcomes: []string{"bogus//bogus/bad-signature"},
	}).run(t)
}

// TestHostileKeyTrapDenial: sixteen NSEC records, each with signatures for more checks than one set may have.
func TestHostileKeyTrapDenial(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			z := keyTrap(w, zone)
			if q.typ == dns.TypeDNSKEY || q.typ == dns.TypeDS {
				return z.reply(q)
			}
			m := q.reply()
			m.Ns = z.sign([]dns.RR{mustRR("%s 300 IN SOA ns. host. 1 2 3 4 300", zone)})
			for i := range 16 {
				set := []dns.RR{z.nsec(deep("x", zone, 3+i), dns.TypeTXT)}
				m.Ns = append(m.Ns, set[0], garbage(zone, set), garbage(zone, set))
			}
			return q.pack(m)
		},
		packets: 16, checks: maxChecks, heap: 128 << 10,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}).run(t)
}

// TestHostileKeyTrapDS: sixty DS records for the tag of sixty keys, none the digest of any: 3600 digests.
func TestHostileKeyTrapDS(t *testing.T) {
	a := &attack{
		hosts: 4, names: 2,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return keyTrap(w, zone).reply(q) },
		packets: 16, checks: 1, heap: 128 << 10,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}
	a.delegate = func(w *hostileWorld, zone string) *delegation {
		d := a.everyHost(w, zone)
		for range 60 {
			digest := make([]byte, 32)
			rand.Read(digest)
			d.ds = append(d.ds, &dns.DS{
				Hdr:    dns.RR_Header{Name: zone, Rrtype: dns.TypeDS, Class: dns.ClassINET, Ttl: 300},
				KeyTag: collidingTag, Algorithm: dns.RSASHA256, DigestType: dns.SHA256, Digest: hex.EncodeToString(digest),
			})
		}
		return d
	}
	a.run(t)
}

// TestHostileKeys: a DNSKEY RRset of 64 KiB.
func TestHostileKeys(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			if q.typ != dns.TypeDNSKEY {
				return signedBy(keyTrap(w, zone), q, 60)
			}
			return q.records(4000, dns.TypeDNSKEY, func(i int) []byte {
				return append([]byte{1, 0, 3, dns.RSASHA256}, collidingKeys()[i%60]...)
			})
		},
		packets: 16, checks: 1, heap: 128 << 10,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}).run(t)
}

// nsec3Denial denies a name of a hundred labels by eight NSEC3 records that cover and match nothing, but are signed well.
func nsec3Denial(w *hostileWorld, zone string, q *query, iterations uint16) []byte {
	z := &signedZone{world: w, apex: zone, signed: true}
	if q.typ == dns.TypeDNSKEY || q.typ == dns.TypeDS {
		return z.reply(q)
	}
	m := q.reply()
	m.Answer = z.sign([]dns.RR{&dns.CNAME{
		Hdr:    dns.RR_Header{Name: q.name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300},
		Target: deep("no", zone, 100),
	}})
	m.Rcode = dns.RcodeNameError
	m.Ns = z.sign([]dns.RR{mustRR("%s 300 IN SOA ns. host. 1 2 3 4 300", zone)})
	for i := range 8 {
		hash := make([]byte, 20)
		hash[0], hash[19] = byte(i), 1
		owner := base32.HexEncoding.EncodeToString(hash)
		hash[19]++
		m.Ns = append(m.Ns, z.sign([]dns.RR{&dns.NSEC3{
			Hdr:  dns.RR_Header{Name: strings.ToLower(owner) + "." + zone, Rrtype: dns.TypeNSEC3, Class: dns.ClassINET, Ttl: 300},
			Hash: dns.SHA1, Iterations: iterations, HashLength: 20, NextDomain: base32.HexEncoding.EncodeToString(hash),
			TypeBitMap: []uint16{dns.TypeTXT},
		}})...)
	}
	return q.pack(m)
}

// TestHostileNSEC3: CVE-2023-50868. As many iterations as are counted, and a hundred labels to hash for a closest
// encloser that is not there, at each of twelve servers.
func TestHostileNSEC3(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return nsec3Denial(w, zone, q, 150) },
		packets: 16, checks: 64, hashes: maxHashes, heap: 128 << 10,
		outcomes: []string{"skipped/work-limit/indeterminate/work-limit"},
	}).run(t)
}

// TestHostileIterations: more iterations than are counted cost nothing (RFC 9276 3.2).
func TestHostileIterations(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer:  func(w *hostileWorld, zone string, q *query) []byte { return nsec3Denial(w, zone, q, 65535) },
		packets: 16, checks: 64, heap: 128 << 10,
		outcomes: []string{"nxdomain//insecure/iterations"},
	}).run(t)
}

// slowKeys are keys whose checks take longest.
func slowKeys(t *testing.T) map[string]*dns.DNSKEY {
	const exponent = 5 // octets: 35 bits, the longest that counts as a key
	field := make([]byte, 1+exponent+512)
	rand.Read(field)
	field[0], field[1+exponent], field[len(field)-1] = exponent, 0xff, 0xff
	copy(field[1:], "\x07\xff\xff\xff\xff")
	keys := map[string]*dns.DNSKEY{"RSA": {Algorithm: dns.RSASHA512, PublicKey: base64Of(field)}}
	p384 := &dns.DNSKEY{Algorithm: dns.ECDSAP384SHA384, Flags: dns.ZONE, Protocol: 3}
	if _, err := p384.Generate(384); err != nil {
		t.Fatal(err)
	}
	keys["P-384"] = p384
	for field := make([]byte, 57); ; {
		rand.Read(field[:56])
		if _, ok := dnssec.NewKey(append([]byte{1, 0, 3, dns.ED448}, field...)); ok {
			keys["Ed448"] = &dns.DNSKEY{Algorithm: dns.ED448, PublicKey: base64Of(field)}
			break
		}
	}
	for _, k := range keys {
		k.Hdr = dns.RR_Header{Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300}
		k.Flags, k.Protocol = dns.ZONE, 3
	}
	return keys
}

// TestHostileSlowKeys: as many checks as a name may have, of the algorithms that take longest.
func TestHostileSlowKeys(t *testing.T) {
	for name, key := range slowKeys(t) {
		t.Run(name, func(t *testing.T) {
			(&attack{
				hosts: 4, signed: true, names: 1, nomail: true, cost: 1000,
				answer: func(w *hostileWorld, zone string, q *query) []byte {
					own := *key
					own.Hdr.Name = zone
					z := &signedZone{world: w, apex: zone, signed: true, keys: []dns.RR{&own}}
					if q.typ == dns.TypeDNSKEY || q.typ == dns.TypeDS {
						return z.reply(q)
					}
					m := q.reply()
					m.Answer = []dns.RR{mustRR(`%s 300 IN CAA 0 issue "ca.example"`, q.name)}
					set := m.Answer
					for range checksOfRRset - 1 {
						sig := garbage(zone, set)
						size := map[uint8]int{dns.RSASHA512: 512, dns.ECDSAP384SHA384: 96, dns.ED448: 114}[own.Algorithm]
						signature := make([]byte, size)
						rand.Read(signature)
						signature[0], signature[size/2], signature[size-1], signature[size-2] = 0, 0, 0, 0x1f
						sig.Algorithm, sig.KeyTag, sig.Signature = own.Algorithm, own.KeyTag(), base64Of(signature)
						m.Answer = append(m.Answer, sig)
					}
					return q.pack(m)
				},
				packets: 16, checks: 4*(checksOfRRset-1) + 2,
				outcomes: []string{"bogus//bogus/bad-signature"},
			}).run(t)
		})
	}
}

// TestHostileUnsignedDepth: an unsigned answer for a name of a hundred labels in a signed zone: there might be an unsigned
// zone at each of them.
func TestHostileUnsignedDepth(t *testing.T) {
	(&attack{
		hosts: 12, signed: true, names: 2,
		answer: func(w *hostileWorld, zone string, q *query) []byte {
			z := &signedZone{world: w, apex: zone, signed: true}
			if q.typ == dns.TypeDNSKEY || q.typ == dns.TypeDS {
				return z.reply(q)
			}
			m := q.reply()
			target := deep("x", zone, 100)
			m.Answer = append(z.sign([]dns.RR{&dns.CNAME{
				Hdr: dns.RR_Header{Name: q.name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 300}, Target: target,
			}}), mustRR(`%s 300 IN CAA 0 issue "ca.example"`, target))
			return q.pack(m)
		},
		packets: maxQueries, checks: maxChecks, heap: 128 << 10,
		outcomes: []string{"skipped/queries/indeterminate/work-limit"},
	}).run(t)
}

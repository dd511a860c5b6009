package wire

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

var base32Hex = base32.HexEncoding.WithPadding(base32.NoPadding)

func toBase32(b []byte) string { return base32Hex.EncodeToString(b) }

// generator makes messages from a seed: few labels, so that names share endings and compression has work to do, in
// mixed case, some with octets that need escapes.
type generator struct{ *rand.Rand }

var labelPool = []string{
	"example", "Example", "ORG", "com", "co", "www", "ns1", "NS2", "_dmarc", "xn--bcher-kva", "a", "b",
	`\000`, `\255\.\200`, `sp\032ace`, `\@`, `quo\"te`, `semi\;colon`, `\[\]\{\}`, strings.Repeat("x", 63), strings.Repeat("Long-Label", 4),
}

func (g generator) name() string {
	for {
		n := ""
		for range g.IntN(6) {
			n += labelPool[g.IntN(len(labelPool))] + "."
		}
		if n == "" {
			n = "."
		}
		if _, err := dns.PackDomainName(n, make([]byte, 300), 0, nil, false); err == nil {
			return n
		}
	}
}

func (g generator) octets(least, most int) []byte {
	b := make([]byte, least+g.IntN(most-least+1))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) u16() uint16 { return uint16(g.Uint32()) }
func (g generator) u8() uint8   { return uint8(g.Uint32()) }

func (g generator) types() []uint16 {
	var types []uint16
	for range g.IntN(12) {
		types = append(types, []uint16{1 + uint16(g.IntN(60)), 257, g.u16()}[g.IntN(3)])
	}
	slices.Sort(types)
	return slices.Compact(types)
}

var generatedTypes = []Type{
	TypeA, TypeAAAA, TypeNS, TypeSOA, TypeCNAME, TypeDNAME, TypeMX, TypeCAA, TypeDS, TypeDNSKEY, TypeRRSIG, TypeNSEC, TypeNSEC3,
	TypeNSEC3PARAM, TypeTXT, 12, 14, 17, 18, 21, 24, 26, 33, 35, 36, 65280,
}

// rr makes a record of type t with random fields.
func (g generator) rr(t Type) dns.RR {
	h := dns.RR_Header{Name: g.name(), Rrtype: uint16(t), Class: dns.ClassINET, Ttl: g.Uint32() >> g.IntN(20)}
	hexed := func(least, most int) string { return hex.EncodeToString(g.octets(least, most)) }
	based := func(least, most int) string { return base64.StdEncoding.EncodeToString(g.octets(least, most)) }
	salt := hexed(0, 20)
	rrsig := dns.RRSIG{Hdr: h, TypeCovered: g.u16(), Algorithm: g.u8(), Labels: g.u8(), OrigTtl: g.Uint32(), Expiration: g.Uint32(),
		Inception: g.Uint32(), KeyTag: g.u16(), SignerName: g.name(), Signature: based(1, 300)}
	switch t {
	case TypeA:
		return &dns.A{Hdr: h, A: net.IP(g.octets(4, 4))}
	case TypeAAAA:
		return &dns.AAAA{Hdr: h, AAAA: net.IP(append([]byte{0x20}, g.octets(15, 15)...))}
	case TypeNS:
		return &dns.NS{Hdr: h, Ns: g.name()}
	case TypeSOA:
		return &dns.SOA{Hdr: h, Ns: g.name(), Mbox: g.name(), Serial: g.Uint32(), Refresh: g.Uint32(), Retry: g.Uint32(), Expire: g.Uint32(), Minttl: g.Uint32()}
	case TypeCNAME:
		return &dns.CNAME{Hdr: h, Target: g.name()}
	case TypeDNAME:
		return &dns.DNAME{Hdr: h, Target: g.name()}
	case TypeMX:
		return &dns.MX{Hdr: h, Preference: g.u16(), Mx: g.name()}
	case TypeCAA:
		return &dns.CAA{Hdr: h, Flag: g.u8(), Tag: "issue", Value: fmt.Sprintf("ca%d.example; x=y", g.u8())}
	case TypeDS:
		return &dns.DS{Hdr: h, KeyTag: g.u16(), Algorithm: g.u8(), DigestType: g.u8(), Digest: hexed(1, 64)}
	case TypeDNSKEY:
		return &dns.DNSKEY{Hdr: h, Flags: g.u16(), Protocol: 3, Algorithm: uint8(1 + g.IntN(15)), PublicKey: based(4, 300)}
	case TypeRRSIG:
		return &rrsig
	case 24:
		return &dns.SIG{RRSIG: rrsig}
	case TypeNSEC:
		return &dns.NSEC{Hdr: h, NextDomain: g.name(), TypeBitMap: g.types()}
	case TypeNSEC3:
		return &dns.NSEC3{Hdr: h, Hash: 1, Flags: g.u8(), Iterations: g.u16(), SaltLength: uint8(len(salt) / 2), Salt: salt,
			HashLength: 20, NextDomain: toBase32(g.octets(20, 20)), TypeBitMap: g.types()}
	case TypeNSEC3PARAM:
		return &dns.NSEC3PARAM{Hdr: h, Hash: 1, Flags: g.u8(), Iterations: g.u16(), SaltLength: uint8(len(salt) / 2), Salt: salt}
	case TypeTXT:
		rr := &dns.TXT{Hdr: h}
		for range 1 + g.IntN(4) {
			rr.Txt = append(rr.Txt, strings.Repeat(`te\"xt\200`, g.IntN(20)))
		}
		return rr
	case 12:
		return &dns.PTR{Hdr: h, Ptr: g.name()}
	case 14:
		return &dns.MINFO{Hdr: h, Rmail: g.name(), Email: g.name()}
	case 17:
		return &dns.RP{Hdr: h, Mbox: g.name(), Txt: g.name()}
	case 18:
		return &dns.AFSDB{Hdr: h, Subtype: g.u16(), Hostname: g.name()}
	case 21:
		return &dns.RT{Hdr: h, Preference: g.u16(), Host: g.name()}
	case 26:
		return &dns.PX{Hdr: h, Preference: g.u16(), Map822: g.name(), Mapx400: g.name()}
	case 33:
		return &dns.SRV{Hdr: h, Priority: g.u16(), Weight: g.u16(), Port: g.u16(), Target: g.name()}
	case 35:
		return &dns.NAPTR{Hdr: h, Order: g.u16(), Preference: g.u16(), Flags: "U", Service: "E2U+sip", Regexp: "!^.*$!x!", Replacement: g.name()}
	case 36:
		return &dns.KX{Hdr: h, Preference: g.u16(), Exchanger: g.name()}
	default:
		return &dns.RFC3597{Hdr: h, Rdata: hexed(0, 40)}
	}
}

func (g generator) message() *dns.Msg {
	m := &dns.Msg{Compress: g.IntN(4) > 0}
	m.MsgHdr = dns.MsgHdr{
		Id: g.u16(), Response: true, Authoritative: g.IntN(2) == 0, Truncated: g.IntN(8) == 0, RecursionDesired: g.IntN(2) == 0,
		RecursionAvailable: g.IntN(2) == 0, AuthenticatedData: g.IntN(2) == 0, CheckingDisabled: g.IntN(2) == 0, Rcode: g.IntN(16),
	}
	m.Question = []dns.Question{{Name: g.name(), Qtype: g.u16(), Qclass: dns.ClassINET}}
	for _, section := range []*[]dns.RR{&m.Answer, &m.Ns, &m.Extra} {
		for range g.IntN(5) {
			*section = append(*section, g.rr(generatedTypes[g.IntN(len(generatedTypes))]))
		}
	}
	if g.IntN(3) > 0 {
		opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
		opt.SetUDPSize(g.u16())
		opt.SetDo(g.IntN(2) == 0)
		opt.SetVersion(g.u8() & 1)
		m.Rcode |= g.IntN(4) << 4
		opt.SetExtendedRcode(uint16(m.Rcode))
		for range g.IntN(4) {
			opt.Option = append(opt.Option, []dns.EDNS0{
				&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: hex.EncodeToString(g.octets(0, 16))},
				&dns.EDNS0_EDE{InfoCode: g.u16(), ExtraText: "signature \u2026 expired"},
				&dns.EDNS0_LOCAL{Code: dns.EDNS0LOCALSTART + uint16(g.IntN(100)), Data: g.octets(0, 30)},
			}[g.IntN(3)])
		}
		m.Extra = slices.Insert(m.Extra, g.IntN(len(m.Extra)+1), dns.RR(opt))
	}
	return m
}

// TestRandomMessages reads thousands of messages of every listed type with one Message, as the resolver does.
func TestRandomMessages(t *testing.T) {
	const seed, messages = 8659, 3000
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	var m Message
	seen := map[Type]int{}
	for i := range messages {
		want := g.message()
		msg, err := want.Pack()
		if err != nil {
			t.Fatalf("message %d: oracle cannot pack: %v\n%v", i, err, want)
		}
		checkAgainst(t, &m, msg, want)
		if t.Failed() {
			t.Fatalf("seed %d message %d: %x", seed, i, msg)
		}
		for _, rr := range m.RRs {
			seen[rr.Type]++
		}
		// Cut anywhere, the message is refused, but for the header and question (RFC 2181 9).
		if cut := g.IntN(len(msg)); m.Parse(msg[:cut]) == nil && len(want.Answer)+len(want.Ns)+len(want.Extra) > 0 {
			t.Fatalf("message %d: cut at %d of %d and accepted: %x", i, cut, len(msg), msg)
		}
	}
	for _, typ := range generatedTypes {
		if seen[typ] < 100 {
			t.Errorf("only %d records of type %v", seen[typ], typ)
		}
	}
}

// TestAppendQueryOracle compares queries with those of the oracle.
func TestAppendQueryOracle(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 2000 {
		q := Query{EDNS: g.IntN(4) > 0, UDPSize: g.u16(), DO: g.IntN(2) == 0, NSID: g.IntN(2) == 0}
		want := new(dns.Msg)
		want.SetQuestion(strings.ToLower(g.name()), g.u16())
		want.RecursionDesired = g.IntN(2) == 0
		want.AuthenticatedData = g.IntN(2) == 0
		want.CheckingDisabled = g.IntN(2) == 0
		for _, f := range []struct {
			set  bool
			flag uint16
		}{{want.RecursionDesired, FlagRD}, {want.AuthenticatedData, FlagAD}, {want.CheckingDisabled, FlagCD}} {
			if f.set {
				q.Flags |= f.flag
			}
		}
		if q.EDNS {
			want.SetEdns0(q.UDPSize, q.DO)
			if q.NSID {
				opt := want.IsEdns0()
				opt.Option = append(opt.Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID})
			}
		}
		wantMsg, err := want.Pack()
		if err != nil {
			t.Fatal(err)
		}
		name := oracleName(t, want.Question[0].Name)
		got := AppendQuery([]byte("kept"), want.Id, name, Type(want.Question[0].Qtype), q)
		if string(got) != "kept"+string(wantMsg) {
			t.Fatalf("query\n got %x\nwant %x", got[4:], wantMsg)
		}
		if got = got[4:]; len(got) > MaxQuery {
			t.Fatalf("query of %d octets", len(got))
		}
		if end := QuestionEnd(got); end != headerSize+len(name)+4 {
			t.Fatalf("QuestionEnd %d for name of %d octets", end, len(name))
		}
	}
}

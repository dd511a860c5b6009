package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// faultZone is a zone below com whose only server has a fault. It shows in queries of one type for the zone's apex; names
// below exist and have no records, but for set, which has a CAA record, and isle, which is delegated.
type faultZone struct {
	name string // without com
	typ  uint16 // 0: CAA
	ds   bool   // com says that it is signed
	two  bool   // there are two servers, so that the failure of one is not the last word
	// reply makes what is sent from the right reply, a NODATA; nil: nothing is sent.
	reply func(right *dns.Msg) []byte
}

// faultyZones are what servers do that cannot answer for CAA (R1.9, R1.13). Each has an address of its own.
var faultyZones = []faultZone{
	{name: "rcode-servfail", reply: withRCode(dns.RcodeServerFailure)},
	{name: "rcode-refused", two: true, reply: withRCode(dns.RcodeRefused)},
	{name: "rcode-notimp", two: true, reply: withRCode(dns.RcodeNotImplemented)},
	{name: "rcode-formerr", two: true, reply: withRCode(dns.RcodeFormatError)},
	{name: "rcode-nxrrset", two: true, reply: withRCode(dns.RcodeNXRrset)},
	{name: "drops", reply: func(*dns.Msg) []byte { return nil }},
	{name: "cut", reply: packed(func(m *dns.Msg) { m.Truncated = true })}, // and there is no TCP
	{name: "other-id", reply: packed(func(m *dns.Msg) { m.Id++ })},
	{name: "other-question", reply: packed(func(m *dns.Msg) { m.Question[0].Name = "other." + m.Question[0].Name })},
	{name: "no-qr", reply: packed(func(m *dns.Msg) { m.Response = false })},
	{name: "short", reply: func(right *dns.Msg) []byte { return pack(right)[:11] }},
	{name: "no-tag", two: true, reply: withCAA("0000")},  // a tag of no octets
	{name: "tag-overruns", reply: withCAA("0005697373")}, // one that is longer than the data
	{name: "keyless", typ: dns.TypeDNSKEY, ds: true, reply: withRCode(dns.RcodeServerFailure)},
}

func pack(m *dns.Msg) []byte {
	octets, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return octets
}

func packed(change func(*dns.Msg)) func(*dns.Msg) []byte {
	return func(m *dns.Msg) []byte {
		change(m)
		return pack(m)
	}
}

func withRCode(code int) func(*dns.Msg) []byte {
	return packed(func(m *dns.Msg) { m.Rcode, m.Ns = code, nil })
}

// withCAA answers with a readable record, and one with that data.
func withCAA(hex string) func(*dns.Msg) []byte {
	return packed(func(m *dns.Msg) {
		header := dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeCAA, Class: dns.ClassINET, Ttl: 3600}
		m.Ns, m.Answer = nil, []dns.RR{caCAA(m.Question[0].Name), &dns.RFC3597{Hdr: header, Rdata: hex}}
	})
}

func caCAA(owner string) dns.RR {
	header := dns.RR_Header{Name: owner, Rrtype: dns.TypeCAA, Class: dns.ClassINET, Ttl: 3600}
	return &dns.CAA{Hdr: header, Tag: "issue", Value: "ca.example"}
}

// zoneSOA is the SOA record of a zone, for denials.
func zoneSOA(zone string) dns.RR {
	header := dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 300}
	return &dns.SOA{Hdr: header, Ns: "ns." + zone, Mbox: "hostmaster.example.net.", Serial: 1, Refresh: 7200, Retry: 3600, Expire: 1209600, Minttl: 300}
}

// faultServers are servers in this process, over UDP only.
type faultServers struct {
	sockets []net.PacketConn
	running sync.WaitGroup
}

// resolverAddr is where the resolver of stubAnswers listens.
const resolverAddr = "127.55.8.1"

// faultAddr is the address of a server of a zone, the first or the second.
func faultAddr(zone, server int) string { return fmt.Sprintf("127.55.%d.%d", 9+server, 10+zone) }

// faultAddrs are the addresses of the servers.
func faultAddrs() []string {
	addrs := []string{resolverAddr}
	for i := range faultyZones {
		addrs = append(addrs, faultAddr(i, 0), faultAddr(i, 1))
	}
	return addrs
}

func startFaultServers(port string) (*faultServers, error) {
	s := &faultServers{}
	err := s.serve(resolverAddr, port, stubReply)
	for i, z := range faultyZones {
		err = errors.Join(err, s.serve(faultAddr(i, 0), port, z.answer))
		if z.two {
			err = errors.Join(err, s.serve(faultAddr(i, 1), port, z.answer))
		}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *faultServers) serve(addr, port string, answer func(*dns.Msg) []byte) error {
	socket, err := net.ListenPacket("udp", net.JoinHostPort(addr, port))
	if err != nil {
		return err
	}
	s.sockets = append(s.sockets, socket)
	s.running.Go(func() {
		buf := make([]byte, dns.MaxMsgSize)
		for {
			n, from, err := socket.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			query := new(dns.Msg)
			if query.Unpack(buf[:n]) != nil || len(query.Question) != 1 {
				continue
			}
			if octets := answer(query); octets != nil {
				socket.WriteTo(octets, from)
			}
		}
	})
	return nil
}

func (s *faultServers) close() {
	for _, socket := range s.sockets {
		socket.Close()
	}
	s.running.Wait()
}

// delegations are the records that com has for the zones.
func (s *faultServers) delegations() string {
	var b strings.Builder
	for i, z := range faultyZones {
		fmt.Fprintf(&b, "%s NS ns.%[1]s\nns.%[1]s A %s\n", z.name, faultAddr(i, 0))
		if z.two {
			fmt.Fprintf(&b, "%s NS ns2.%[1]s\nns2.%[1]s A %s\n", z.name, faultAddr(i, 1))
		}
		if z.ds {
			fmt.Fprintf(&b, "%s %s\n", z.name, deadKey)
		}
	}
	return b.String()
}

// answer is what the server of a zone sends.
func (z faultZone) answer(query *dns.Msg) []byte {
	zone, q := z.name+".com.", query.Question[0]
	m := new(dns.Msg).SetReply(query)
	m.Authoritative = true
	if opt := query.IsEdns0(); opt != nil {
		m.SetEdns0(1232, opt.Do())
	}
	typ := z.typ
	if typ == 0 {
		typ = dns.TypeCAA
	}
	name := strings.ToLower(q.Name)
	switch {
	case !dns.IsSubDomain(zone, name):
		m.Authoritative, m.Rcode = false, dns.RcodeRefused
	case dns.IsSubDomain("isle."+zone, name):
		header := dns.RR_Header{Name: "isle." + zone, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 3600}
		m.Authoritative, m.Ns = false, []dns.RR{&dns.NS{Hdr: header, Ns: nsdHost}}
	case name == "set."+zone && q.Qtype == dns.TypeCAA:
		m.Answer = []dns.RR{caCAA(q.Name)}
	default:
		m.Ns = []dns.RR{zoneSOA(zone)}
		if name == zone && q.Qtype == typ {
			return z.reply(m)
		}
	}
	return pack(m)
}

// stubAnswer is what a resolver says of the CAA of a name.
type stubAnswer struct {
	rcode   int
	caa, ad bool
	ede     []uint16
}

// stubAnswers are the names at the resolver that is made up (R7.1 to R7.3). Of all other names it says, as a validator does,
// that they have no records of the type. The zone stub.com is signed, unsigned.com is not.
var stubAnswers = map[string]stubAnswer{
	"secure.stub.com.":          {caa: true, ad: true},
	"forged.stub.com.":          {caa: true, ede: []uint16{dns.ExtendedErrorCodeForgedAnswer}},
	"blocked.stub.com.":         {rcode: dns.RcodeRefused, ede: []uint16{dns.ExtendedErrorCodeBlocked}},
	"censored.stub.com.":        {rcode: dns.RcodeNameError, ede: []uint16{dns.ExtendedErrorCodeCensored}},
	"filtered.stub.com.":        {ede: []uint16{dns.ExtendedErrorCodeFiltered}},
	"prohibited.stub.com.":      {rcode: dns.RcodeRefused, ede: []uint16{dns.ExtendedErrorCodeProhibited}},
	"bogus.stub.com.":           {rcode: dns.RcodeServerFailure, ede: []uint16{dns.ExtendedErrorCodeDNSBogus}},
	"expired.stub.com.":         {rcode: dns.RcodeServerFailure, ede: []uint16{dns.ExtendedErrorCodeSignatureExpired}},
	"undecided.unsigned.com.":   {rcode: dns.RcodeServerFailure, ede: []uint16{dns.ExtendedErrorCodeDNSSECIndeterminate}},
	"unreachable.unsigned.com.": {rcode: dns.RcodeServerFailure, ede: []uint16{dns.ExtendedErrorCodeNoReachableAuthority}},
	"unreachable.stub.com.":     {rcode: dns.RcodeServerFailure, ede: []uint16{dns.ExtendedErrorCodeNoReachableAuthority}},
	"stale.stub.com.":           {caa: true, ad: true, ede: []uint16{dns.ExtendedErrorCodeStaleAnswer}},
	"above.blocked.stub.com.":   {ad: true},
	"set.blocked.stub.com.":     {caa: true, ad: true},
}

// stubReply is what the resolver sends.
func stubReply(query *dns.Msg) []byte {
	q := query.Question[0]
	name := strings.ToLower(q.Name)
	m := new(dns.Msg).SetReply(query)
	m.RecursionAvailable, m.AuthenticatedData = true, true
	opt := query.IsEdns0()
	if opt != nil {
		m.SetEdns0(1232, opt.Do())
	}
	answer, scripted := stubAnswers[name]
	if failing := answer.rcode == dns.RcodeServerFailure && q.Qtype != dns.TypeDS; !scripted || q.Qtype != dns.TypeCAA && !failing {
		m.Ns = []dns.RR{zoneSOA("com.")}
		header := dns.RR_Header{Name: q.Name, Class: dns.ClassINET, Ttl: 300}
		switch {
		case q.Qtype != dns.TypeDS:
		case name == "com." || name == "stub.com.":
			header.Rrtype = dns.TypeDS
			m.Ns, m.Answer = nil, []dns.RR{&dns.DS{Hdr: header, KeyTag: 4711, Algorithm: 13, DigestType: 2, Digest: strings.Repeat("00", 32)}}
		case name == "unsigned.com.": // a delegation that is proven to have no DS
			header.Rrtype = dns.TypeNSEC
			m.Ns = append(m.Ns, &dns.NSEC{Hdr: header, NextDomain: "z.com.", TypeBitMap: []uint16{dns.TypeNS, dns.TypeRRSIG, dns.TypeNSEC}})
		}
		return pack(m)
	}
	m.Rcode, m.AuthenticatedData = answer.rcode, answer.ad
	switch {
	case answer.caa:
		m.Answer = []dns.RR{caCAA(q.Name)}
	case answer.rcode == dns.RcodeSuccess || answer.rcode == dns.RcodeNameError:
		m.Ns = []dns.RR{zoneSOA("stub.com.")}
	}
	if opt != nil {
		for _, code := range answer.ede {
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: code})
		}
	}
	return pack(m)
}

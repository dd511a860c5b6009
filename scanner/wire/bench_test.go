package wire

import (
	"testing"

	"github.com/miekg/dns"
)

// benchReplies are the replies that a scan reads most.
var benchReplies = map[string]struct{ answer, authority, additional []string }{
	"negative": {authority: []string{"example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 2024010101 7200 3600 1209600 300"}},
	"caa": {answer: []string{
		`www.example.com. 3600 IN CAA 0 issue "letsencrypt.org"`,
		`www.example.com. 3600 IN CAA 0 issuewild ";"`,
		`www.example.com. 3600 IN CAA 0 iodef "mailto:security@example.com"`,
	}},
	"referral": {
		authority: []string{
			"example.com. 172800 IN NS ns1.example.com.",
			"example.com. 172800 IN NS ns2.example.com.",
			"example.com. 86400 IN DS 370 13 2 BE74359954660069D5C63D200C39F5603827D7DD02B56F120EE9F3A86764247C",
		},
		additional: []string{
			"ns1.example.com. 172800 IN A 192.0.2.1", "ns1.example.com. 172800 IN AAAA 2001:db8::1",
			"ns2.example.com. 172800 IN A 192.0.2.2", "ns2.example.com. 172800 IN AAAA 2001:db8::2",
		},
	},
}

func benchReply(t testing.TB, name string) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion("www.example.com.", dns.TypeCAA)
	m.Response, m.Authoritative, m.Compress = true, true, true
	r := benchReplies[name]
	for _, s := range []struct {
		lines []string
		to    *[]dns.RR
	}{{r.answer, &m.Answer}, {r.authority, &m.Ns}, {r.additional, &m.Extra}} {
		for _, line := range s.lines {
			rr, err := dns.NewRR(line)
			if err != nil {
				t.Fatal(err)
			}
			*s.to = append(*s.to, rr)
		}
	}
	m.SetEdns0(1232, true)
	m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: 22, ExtraText: "none"})
	msg, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	MixCase(msg, 0x5a5a5a5a5a5a5a5a) // as servers echo the question and point their owners at it
	return msg
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"negative", "caa", "referral"} {
		msg := benchReply(b, name)
		b.Run(name+"/wire", func(b *testing.B) {
			b.ReportAllocs()
			var m Message
			for b.Loop() {
				if err := m.Parse(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/miekg", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m dns.Msg
				if err := m.Unpack(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead is all that the resolver reads from a negative reply: whose SOA it is and how long it holds.
func BenchmarkRead(b *testing.B) {
	msg, zone := benchReply(b, "negative"), MustName("example.com")
	b.Run("wire", func(b *testing.B) {
		var m Message
		for b.Loop() {
			if m.Parse(msg) != nil || !m.OwnerIs(m.RRs[0], zone) {
				b.Fatal("misread")
			}
			if minimum, err := m.SOAMinimum(m.RRs[0]); minimum != 300 || err != nil {
				b.Fatal("misread")
			}
		}
	})
	b.Run("miekg", func(b *testing.B) {
		for b.Loop() {
			var m dns.Msg
			if m.Unpack(msg) != nil || dns.CanonicalName(m.Ns[0].Header().Name) != "example.com." || m.Ns[0].(*dns.SOA).Minttl != 300 {
				b.Fatal("misread")
			}
		}
	})
}

func BenchmarkQuery(b *testing.B) {
	name := MustName("www.example.com")
	b.Run("wire", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, MaxQuery)
		for b.Loop() {
			buf = AppendQuery(buf[:0], 1, name, TypeCAA, Query{EDNS: true, DO: true, UDPSize: 1232})
		}
	})
	b.Run("wire-mixed-case", func(b *testing.B) {
		buf := make([]byte, 0, MaxQuery)
		for b.Loop() {
			buf = AppendQuery(buf[:0], 1, name, TypeCAA, Query{EDNS: true, DO: true, UDPSize: 1232})
			MixCase(buf, 0x123456789abcdef)
		}
	})
	b.Run("miekg", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, MaxQuery)
		for b.Loop() {
			m := new(dns.Msg)
			m.SetQuestion("www.example.com.", dns.TypeCAA)
			m.SetEdns0(1232, true)
			if _, err := m.PackBuffer(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOwnerIs(b *testing.B) {
	var m Message
	if err := m.Parse(benchReply(b, "caa")); err != nil {
		b.Fatal(err)
	}
	name, other := MustName("www.example.com"), MustName("www.example.net")
	b.Run("same", func(b *testing.B) {
		for b.Loop() {
			if !m.OwnerIs(m.RRs[0], name) {
				b.Fatal("misread")
			}
		}
	})
	b.Run("other", func(b *testing.B) {
		for b.Loop() {
			if m.OwnerIs(m.RRs[0], other) {
				b.Fatal("misread")
			}
		}
	})
}

func BenchmarkAppendRData(b *testing.B) {
	var m Message
	if err := m.Parse(benchReply(b, "negative")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	buf := make([]byte, 0, 512)
	for b.Loop() {
		buf, _ = m.AppendRData(buf[:0], m.RRs[0])
	}
}

func BenchmarkName(b *testing.B) {
	name, zone := MustName("www.example.com"), MustName("example.com")
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseName("www.example.com"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("String", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(name.String()) != 15 {
				b.Fatal("misread")
			}
		}
	})
	b.Run("In", func(b *testing.B) {
		for b.Loop() {
			if !name.In(zone) {
				b.Fatal("misread")
			}
		}
	})
}

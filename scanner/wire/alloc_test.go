//go:build !race

package wire

import "testing"

// TestAllocations pins what one query and its reply cost: nothing.
func TestAllocations(t *testing.T) {
	name, zone := MustName("www.example.com"), MustName("example.com")
	query := make([]byte, 0, MaxQuery)
	negative, referral, caa := benchReply(t, "negative"), benchReply(t, "referral"), benchReply(t, "caa")
	var m Message
	data := make([]byte, 0, 512)
	pin := func(what string, f func()) {
		t.Helper()
		f() // m.RRs grows once
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
	must := func(ok bool) {
		if !ok {
			t.Fatal("misread")
		}
	}
	pin("AppendQuery and MixCase", func() {
		query = AppendQuery(query[:0], 1, name, TypeCAA, Query{EDNS: true, DO: true, UDPSize: 1232, NSID: true})
		MixCase(query, 0x123456789abcdef)
		must(QuestionEnd(query) > 0)
	})
	pin("a negative reply", func() {
		must(m.Parse(negative) == nil)
		must(m.OwnerIs(m.RRs[0], zone) && !m.OwnerIs(m.RRs[0], name))
		minimum, err := m.SOAMinimum(m.RRs[0])
		must(minimum == 300 && err == nil && m.RCode() == NoError)
		octets := 0
		for _, option := range m.Options {
			octets += len(option)
		}
		must(octets == 6)
		data, err = m.AppendRData(data[:0], m.RRs[0])
		must(err == nil)
		soa, err := ParseSOA(data)
		must(err == nil && soa.Minimum == 300 && firstServer.Is(soa.MName))
	})
	pin("a referral", func() {
		must(m.Parse(referral) == nil)
		for _, rr := range m.RRs {
			if rr.Section == Additional {
				_, err := m.Addr(rr)
				must(err == nil)
			}
		}
	})
	pin("CAA records", func() {
		must(m.Parse(caa) == nil && len(m.RRs) == 3)
		for _, rr := range m.RRs {
			must(m.OwnerIs(rr, name) && len(m.Raw(rr)) > 2)
		}
	})
	sorted := [2]Name{name, zone}
	pin("Compare", func() { must(sorted[0].Compare(sorted[1]) == 1) })
	nsec := []byte("\x01a\x07example\x03com\x00\x00\x01\x40\x01\x01\x40")
	txt := []byte("\x01a\x02bc")
	key := []byte("\x01\x00\x03\x08\x01\x02\x03\x04\x05")
	pin("readers of data", func() {
		n, err := ParseNSEC(nsec)
		must(err == nil && n.Types.Has(TypeA) && !n.Types.Has(TypeNS))
		k, err := ParseDNSKEY(key)
		must(err == nil && k.KeyTag() != 0)
		strings := 0
		x, err := ParseTXT(txt)
		for range x.Strings {
			strings++
		}
		must(err == nil && strings == 2)
	})
}

// firstServer is the first name server of the replies.
var firstServer = MustName("ns1.example.com")

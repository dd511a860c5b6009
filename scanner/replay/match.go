package replay

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// packet is a query as a server sees it.
type packet struct {
	raw  []byte
	msg  dns.Msg
	addr netip.Addr // of the server
	tcp  bool
}

// flags returns the header's flags of a message, as Entry has them.
func flags(m *dns.Msg) (f uint16) {
	for _, bit := range []struct {
		set  bool
		flag uint16
	}{
		{m.Response, wire.FlagQR}, {m.Authoritative, wire.FlagAA}, {m.Truncated, wire.FlagTC},
		{m.RecursionDesired, wire.FlagRD}, {m.RecursionAvailable, wire.FlagRA},
		{m.AuthenticatedData, wire.FlagAD}, {m.CheckingDisabled, wire.FlagCD},
	} {
		if bit.set {
			f |= bit.flag
		}
	}
	return f
}

// find returns the entry that answers p at a step: the first that matches, of the first range that has one.
func (s *Scenario) find(step int, p *packet) *Entry {
	for i := range s.Ranges {
		r := &s.Ranges[i]
		if step < r.First || step > r.Last || r.Addrs != nil && !slices.Contains(r.Addrs, p.addr) {
			continue
		}
		for j := range r.Entries {
			if r.Entries[j].matches(p) {
				return &r.Entries[j]
			}
		}
	}
	return nil
}

// matches reports whether a query is what the entry's MATCH lines want. Where the entry has no question, nothing about
// the question can be wrong.
func (e *Entry) matches(p *packet) bool {
	want := func(element Element) bool { return e.Match.Elements&element != 0 }
	opt := p.msg.IsEdns0()
	switch {
	case e.Match.Transport == UDP && p.tcp, e.Match.Transport == TCP && !p.tcp:
		return false
	case want(MatchOpcode) && p.msg.Opcode != e.Opcode:
		return false
	case want(MatchRCode) && p.msg.Rcode != e.RCode:
		return false
	case want(MatchFlags) && flags(&p.msg) != e.Flags:
		return false
	case want(MatchDO) && (opt == nil || !opt.Do()):
		return false
	case want(MatchNoEDNS) && opt != nil:
		return false
	case want(MatchAnswer) && len(p.msg.Answer) != len(e.Sections[0]):
		return false // a query has none
	case e.Question == nil:
		return true
	}
	asked := &p.msg.Question[0]
	name, own := dns.CanonicalName(asked.Name), dns.CanonicalName(e.Question.Name)
	switch {
	case (want(MatchQType) || want(MatchQuestion)) && asked.Qtype != e.Question.Qtype:
		return false
	case (want(MatchQName) || want(MatchQuestion)) && name != own:
		return false
	case want(MatchQCase) && asked.Name != e.Question.Name:
		return false
	case want(MatchSubdomain) && !dns.IsSubDomain(own, name):
		return false
	}
	return true
}

// reply makes the message that the entry answers p with.
func (e *Entry) reply(p *packet) ([]byte, error) {
	if e.Raw != nil {
		raw := slices.Clone(e.Raw)
		binary.BigEndian.PutUint16(raw, p.msg.Id)
		return raw, nil
	}
	m := dns.Msg{MsgHdr: dns.MsgHdr{
		Response: e.Flags&wire.FlagQR != 0, Authoritative: e.Flags&wire.FlagAA != 0, Truncated: e.Flags&wire.FlagTC != 0,
		RecursionDesired: e.Flags&wire.FlagRD != 0, RecursionAvailable: e.Flags&wire.FlagRA != 0,
		AuthenticatedData: e.Flags&wire.FlagAD != 0, CheckingDisabled: e.Flags&wire.FlagCD != 0,
		Opcode: e.Opcode, Rcode: e.RCode,
	}, Compress: true}
	if e.CopyID {
		m.Id = p.msg.Id
	}
	switch {
	case e.CopyQuery:
		m.Question = slices.Clone(p.msg.Question)
	case e.Question != nil:
		m.Question = []dns.Question{*e.Question}
		if asked := p.msg.Question[0].Name; e.CopyID && strings.EqualFold(asked, e.Question.Name) && e.Match.Elements&MatchQCase == 0 {
			m.Question[0].Name = asked // a server that is not said to mangle case does not
		}
	}
	m.Answer, m.Ns, m.Extra = e.Sections[0], e.Sections[1], slices.Clone(e.Sections[2])
	if e.DO || e.RCode > 15 {
		m.SetEdns0(udpSize, e.DO)
	}
	return m.Pack()
}

// udpSize is the size of messages that our servers say to take.
const udpSize = 1232

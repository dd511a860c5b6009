package simnet

import (
	"testing"

	"github.com/miekg/dns"
)

// askKind sends the question for the apex of the first name that the scenario has, to a server of its zone.
func askKind(t *testing.T, w *World, class string, typ uint16, edit func(*dns.Msg), tcp, limited bool) (*dns.Msg, after) {
	t.Helper()
	for i := range w.Len() {
		sc := w.scenarioOf(i)
		if sc.class != class || sc.name != "" || sc.want == nothing {
			continue
		}
		d := w.domain(i)
		z := w.zoneOf(i, &d, sc, 0)
		at, ok := w.serverAt(z.ns[0].hosts[0].addr)
		if !ok {
			t.Fatalf("no server at %v", z.ns[0].hosts[0].addr)
		}
		q := new(dns.Msg)
		q.SetQuestion(dns.Fqdn(w.Name(i)), typ)
		q.SetEdns0(1232, true)
		if edit != nil {
			edit(q)
		}
		query, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		r := &responder{w: w}
		msg, a := r.respond(&w.servers[at], query, tcp, limited, nil)
		if !a.send {
			return nil, a
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(msg); err != nil {
			return nil, a
		}
		return reply, a
	}
	t.Fatalf("no name of class %s", class)
	return nil, after{}
}

// TestFaults: what each kind of server does, as the comments on the faults promise. TestTruth only sees what becomes
// of it.
func TestFaults(t *testing.T) {
	w := testWorld(t, Config{Seed: 1, Names: demoNames})
	plain := func(q *dns.Msg) { q.Extra = nil }
	mixed := func(q *dns.Msg) { q.Question[0].Name = mixCase(q.Question[0].Name) }
	for _, test := range []struct {
		class   string
		typ     uint16
		edit    func(*dns.Msg)
		tcp     bool
		limited bool
		check   func(m *dns.Msg, a after) bool
	}{
		{"apex", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool {
			return m.Authoritative && len(m.Answer) > 0 && m.IsEdns0() != nil && m.IsEdns0().Do() && a == after{send: true}
		}},
		{"apex", dns.TypeCAA, plain, false, false, func(m *dns.Msg, a after) bool { return m.IsEdns0() == nil }},
		{"apex", dns.TypeCAA, mixed, false, false, func(m *dns.Msg, a after) bool { return m.Question[0].Name == mixCase(m.Question[0].Name) }},
		{"silent", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return !a.send }},
		{"silent", dns.TypeMX, nil, true, false, func(m *dns.Msg, a after) bool { return !a.send }},
		{"drop-caa", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return !a.send }},
		{"drop-caa", dns.TypeMX, nil, false, false, func(m *dns.Msg, a after) bool { return m.Authoritative }},
		{"notimp-caa", dns.TypeCAA, nil, false, false, rcode(dns.RcodeNotImplemented)},
		{"notimp-caa", dns.TypeA, nil, false, false, rcode(dns.RcodeSuccess)},
		{"servfail-caa", dns.TypeCAA, nil, false, false, rcode(dns.RcodeServerFailure)},
		{"servfail-caa", dns.TypeMX, nil, false, false, rcode(dns.RcodeSuccess)},
		{"servfail", dns.TypeMX, nil, false, false, rcode(dns.RcodeServerFailure)},
		{"servfail-zone", dns.TypeMX, nil, false, false, rcode(dns.RcodeServerFailure)},
		{"formerr", dns.TypeMX, plain, false, false, rcode(dns.RcodeFormatError)},
		{"notauth", dns.TypeMX, nil, false, false, rcode(dns.RcodeNotAuth)},
		{"lame-refused", dns.TypeMX, nil, false, false, rcode(dns.RcodeRefused)},
		{"lame-refused", dns.TypeMX, nil, false, false, func(m *dns.Msg, a after) bool {
			e, ok := m.IsEdns0().Option[0].(*dns.EDNS0_EDE)
			return ok && e.InfoCode == dns.ExtendedErrorCodeNotAuthoritative
		}},
		{"lame-refused", dns.TypeMX, plain, false, false, rcode(dns.RcodeRefused)},
		{"lame-upward", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool {
			return !m.Authoritative && len(m.Answer) == 0 && len(m.Ns) == 4 && m.Ns[0].Header().Name == "."
		}},
		{"lame-nonauth", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return !m.Authoritative && m.RecursionAvailable && len(m.Answer) > 0 }},
		{"qr-clear", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return !m.Response && len(m.Answer) > 0 }},
		{"malformed", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return a.send && m == nil }},
		{"edns-formerr", dns.TypeCAA, nil, false, false, rcode(dns.RcodeFormatError)},
		{"edns-formerr", dns.TypeCAA, plain, false, false, rcode(dns.RcodeSuccess)},
		{"edns-badvers", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.Rcode == dns.RcodeBadVers && m.IsEdns0().Version() == 0 }},
		{"edns-badvers", dns.TypeCAA, plain, false, false, rcode(dns.RcodeSuccess)},
		{"edns-ignored", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.IsEdns0() == nil && len(m.Answer) > 0 }},
		{"case-lowered", dns.TypeCAA, mixed, false, false, func(m *dns.Msg, a after) bool {
			return m.Question[0].Name != mixCase(m.Question[0].Name) && len(m.Answer) > 0
		}},
		{"case-refused", dns.TypeCAA, mixed, false, false, rcode(dns.RcodeRefused)},
		{"case-refused", dns.TypeCAA, nil, false, false, rcode(dns.RcodeSuccess)},
		{"tc-always", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.Truncated && len(m.Answer) == 0 }},
		{"tc-always", dns.TypeCAA, nil, true, false, func(m *dns.Msg, a after) bool { return !m.Truncated && len(m.Answer) > 0 }},
		{"set-1001", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.Truncated }},
		{"set-1001", dns.TypeCAA, nil, true, false, func(m *dns.Msg, a after) bool { return !m.Truncated && len(m.Answer) == 1001 }},
		{"set-tcp", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.Truncated }},
		{"set-plain-tcp", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return m.Truncated }},
		{"stray", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return a.stray && len(m.Answer) > 0 }},
		{"no-soa", dns.TypeTXT, nil, false, false, func(m *dns.Msg, a after) bool { return m.Authoritative && len(m.Answer)+len(m.Ns) == 0 }},
		{"slow", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return a.delay >= slowMin && a.delay <= slowMax }},
		{"limit-silent", dns.TypeCAA, nil, false, false, rcode(dns.RcodeSuccess)},
		{"limit-silent", dns.TypeCAA, nil, false, true, func(m *dns.Msg, a after) bool { return !a.send }},
		{"limit-refused", dns.TypeCAA, nil, false, true, rcode(dns.RcodeRefused)},
		{"limit-tc", dns.TypeCAA, nil, false, true, func(m *dns.Msg, a after) bool { return m.Truncated }},
		{"limit-tc", dns.TypeCAA, nil, false, false, func(m *dns.Msg, a after) bool { return len(m.Answer) > 0 }},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.IsEdns0().SetVersion(1) }, false, false, rcode(dns.RcodeBadVers)},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }, false, false, rcode(dns.RcodeNotImplemented)},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }, false, false, rcode(dns.RcodeRefused)},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.Response = true }, false, false, func(m *dns.Msg, a after) bool { return !a.send }},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }, false, false, rcode(dns.RcodeFormatError)},
		{"apex", dns.TypeCAA, func(q *dns.Msg) { q.Question[0].Name = "example.com." }, false, false, rcode(dns.RcodeRefused)},
		{"apex", dns.TypeCAA, func(q *dns.Msg) {
			q.IsEdns0().Option = append(q.IsEdns0().Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID})
		}, false, false, func(m *dns.Msg, a after) bool { return len(m.IsEdns0().Option) == 1 }},
	} {
		if m, a := askKind(t, w, test.class, test.typ, test.edit, test.tcp, test.limited); !test.check(m, a) {
			t.Errorf("%s, %s, tcp %v, limited %v: %+v\n%v", test.class, dns.TypeToString[test.typ], test.tcp, test.limited, a, m)
		}
	}
}

func rcode(want int) func(m *dns.Msg, a after) bool {
	return func(m *dns.Msg, a after) bool { return m != nil && m.Rcode == want }
}

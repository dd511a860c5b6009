package resolve

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// What an act adds to the counts.
func TestCounts(t *testing.T) {
	w := exampleWorld(t, someCAA)
	before := Counts{}
	counts := func(what string, want Counts) {
		t.Helper()
		got := *w.r.Counts()
		sum := before
		sum.Add(&want)
		if got != sum {
			t.Errorf("%s: %+v, want %+v", what, got, sum)
		}
		before = got
	}
	w.lookup("example.com", wire.TypeCAA)
	counts("the first look-up", Counts{Started: 1, Delegations: Lookups{Misses: 1}, Links: Lookups{}})
	w.lookup("example.com", wire.TypeCAA)
	counts("the same again", Counts{Cached: 1})
	a, b := &Client{}, &Client{}
	w.ask(a, "www.example.com", wire.TypeCAA)
	w.ask(b, "www.example.com", wire.TypeCAA)
	w.run()
	counts("two at once", Counts{Started: 1, Joined: 1, Delegations: Lookups{Hits: 1}})

	w.fault(ns1Addr, rcode(dns.RcodeServerFailure))
	w.fault(ns2Addr, rcode(dns.RcodeServerFailure))
	w.lookup("f.example.com", wire.TypeCAA)
	failing := w.r.Counts().Useless[record.ServFail]
	if failing < 2 {
		t.Errorf("%d SERVFAIL", failing)
	}
	want := Counts{Started: 1, Delegations: Lookups{Hits: 1}}
	want.Useless[record.ServFail] = failing
	counts("a failure", want)
	w.lookup("f.example.com", wire.TypeCAA)
	counts("the failure again", Counts{Spared: 1})

	w = exampleWorld(t, someCAA)
	before = Counts{}
	w.fault(ns1Addr, lowerCase)
	w.fault(ns2Addr, lowerCase)
	w.lookup("example.com", wire.TypeCAA)
	counts("a server that loses case", Counts{Started: 1, CaseLost: 1, Delegations: Lookups{Misses: 1}})

	w = exampleWorld(t, someCAA)
	before = Counts{}
	w.fault(ns1Addr, noEDNS(dns.RcodeFormatError))
	w.fault(ns2Addr, noEDNS(dns.RcodeFormatError))
	w.lookup("example.com", wire.TypeCAA)
	counts("servers without EDNS", Counts{Started: 1, EDNSRefused: 1, Delegations: Lookups{Misses: 1}})
}

// The chain of trust is looked for in what is known, and what spans prove is not asked for.
func TestCountsOfTrust(t *testing.T) {
	w := signedWorld(t, caaOfExample)
	w.lookup("example.com", wire.TypeCAA)
	first := *w.r.Counts()
	if first.Links.Misses == 0 {
		t.Errorf("the first name: %+v", first)
	}
	w.lookup("example.com", wire.TypeMX)
	second := *w.r.Counts()
	if second.Links.Misses != first.Links.Misses || second.Links.Hits <= first.Links.Hits {
		t.Errorf("the second question: links %+v after %+v", second.Links, first.Links)
	}
	w.lookup("none.example.com", wire.TypeCAA)
	packets := len(w.log)
	w.lookup("none.example.com", wire.TypeMX)
	third := *w.r.Counts()
	w.drop("none.example.com")
	w.lookup("none.example.com", wire.TypeMX)
	if last := *w.r.Counts(); last.Spans.Hits <= third.Spans.Hits || len(w.log) != packets {
		t.Errorf("a proven denial: spans %+v after %+v, %d packets", last.Spans, third.Spans, len(w.log)-packets)
	}
	for id := range w.r.Servers() {
		self, operator, sent := w.r.Server(w.r.servers[id].id)
		if !self.Addr.IsValid() || operator == "" || sent == 0 {
			t.Errorf("server %d: %v, %q, %d packets", id, self, operator, sent)
		}
	}
}

package resolve

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// lookOf is what a first look came to that ends now with that answer.
func (w *world) lookOf(a *record.Answer) *record.Look {
	r := record.Record{Climb: []record.Level{{Name: a.Name, Answer: a}}, Finished: w.now}
	return r.Look()
}

// again looks the name of a up for the second time.
func (w *world) again(a *record.Answer) *record.Answer {
	w.t.Helper()
	look := w.lookOf(a)
	w.r.cfg.First = func(uint32) *record.Look { return look }
	c := &Client{Again: true}
	w.ask(c, a.Name.String(), a.Type)
	w.run()
	return w.results[c][0]
}

// repair makes a server well.
func (w *world) repair(addr string) { w.server(addr).faults = nil }

func inVain(a *record.Answer) (addrs []netip.Addr) {
	for _, s := range a.InVain() {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// The second look goes to other servers first, and to those of the first when there are no others.
func TestAgainElsewhere(t *testing.T) {
	for seed := range uint64(10) {
		w := exampleWorld(t, someCAA, seeded(seed), func(c *Config) { c.Retries = -1 }) // one exchange a look
		w.fault(ns1Addr, silent)
		w.fault(ns2Addr, silent)
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Timeout)
		tried := inVain(a)
		if len(tried) != 1 || a.Attempts != 1 {
			t.Fatalf("asked in vain: %v, %d attempts", tried, a.Attempts)
		}
		sent := len(w.log)
		want(t, w.again(a), record.Timeout)
		for _, p := range w.log[sent:] {
			if p.addr == tried[0] {
				t.Errorf("seed %d: the second look asks %v again, and the other not at all", seed, p.addr)
			}
		}
		a = w.again(a)
		w.repair(tried[0].String())
		w.fault(other(tried[0]), silent)
		want(t, w.again(a), record.Found)
	}
}

func other(addr netip.Addr) string {
	if addr == addrOf(ns1Addr) {
		return ns2Addr
	}
	return ns1Addr
}

// All servers failed at first. The second look asks them all again, whatever they did, and what they are thought of.
func TestAgainWell(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fault
		o     record.Outcome
	}{
		{"dead", silent, record.Timeout}, {"SERVFAIL", rcode(dns.RcodeServerFailure), record.ServFail},
		{"REFUSED", rcode(dns.RcodeRefused), record.Refused}, {"lame", says(false, "", "", ""), record.Lame},
		{"NOTIMP", rcode(dns.RcodeNotImplemented), record.NotImp}, {"malformed", malformed, record.Malformed},
		{"unreachable", unreachable, record.Unreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := exampleWorld(t, someCAA)
			w.fault(ns1Addr, test.fault)
			w.fault(ns2Addr, test.fault)
			for range 2 * streak { // so that both are behind the others, and dead if they say nothing
				w.drop("example.com")
				want(t, w.lookup("example.com", wire.TypeCAA), test.o)
			}
			a := w.lookup("example.com", wire.TypeCAA)
			want(t, a, test.o)
			if tried := inVain(a); len(tried) != 2 || tried[0] == tried[1] {
				t.Errorf("asked in vain: %v", tried)
			}
			w.repair(ns1Addr)
			w.repair(ns2Addr)
			want(t, w.lookup("example.com", wire.TypeCAA), test.o) // a failure is kept (RFC 9520)
			want(t, w.again(a), record.Found)
		})
	}
}

// A first server is lame: the zone has moved, and its parent says so by now. The second look asks the parent, and then
// the other server.
func TestAgainMoved(t *testing.T) {
	w := singleWorld(t, "")
	w.fault(ns1Addr, says(false, "", "", ""))
	a := w.lookup("example.com", wire.TypeCAA)
	want(t, a, record.Lame)
	if a.Zone != wire.MustName("example.com") {
		t.Fatalf("failed at %v", a.Zone)
	}
	w.serve("192.0.2.7", soaOf("example.com")+someCAA)
	w.hosts[addrOf(comAddr)].zones = nil
	w.serve(comAddr, soaOf("com")+"example.com. NS ns1.example.com.\nexample.com. NS ns7.example.com.\nns1.example.com. A 192.0.2.1\nns7.example.com. A 192.0.2.7\n")
	before := len(w.sentTo(ns1Addr))
	asked := len(w.sentTo(comAddr))
	want(t, w.again(a), record.Found)
	wantPackets(t, w.sentTo(ns1Addr), before)
	wantPackets(t, w.sentTo(comAddr), asked+1)
}

// What failed before the end of the first look is found out anew once, for all that need it; and so is the delegation.
func TestAgainShares(t *testing.T) {
	w := comWorld(t, "example.com. NS ns1.example.com.\nns1.example.com. A 192.0.2.1\ndead.com. NS ns.dead.com.\nns.dead.com. A 192.0.2.3\n")
	w.serve(ns1Addr, soaOf("example.com")+"one.example.com. CNAME dead.com.\ntwo.example.com. CNAME dead.com.\n")
	w.fault("192.0.2.3", rcode(dns.RcodeServerFailure))
	var looks []*record.Look
	for _, name := range []string{"one.example.com", "two.example.com"} {
		a := w.lookup(name, wire.TypeCAA)
		want(t, a, record.ServFail)
		if tried := inVain(a); a.Zone != wire.MustName("dead.com") || len(tried) != 1 || tried[0] != addrOf("192.0.2.3") {
			t.Fatalf("failed at %v, in vain %v", a.Zone, tried)
		}
		looks = append(looks, w.lookOf(a))
	}
	w.r.cfg.First = func(id uint32) *record.Look { return looks[id] }
	parent, dead := len(w.sentTo(comAddr)), len(w.sentTo("192.0.2.3"))
	for id, name := range []string{"one.example.com", "two.example.com"} {
		c := &Client{ID: uint32(id), Again: true}
		w.ask(c, name, wire.TypeCAA)
		w.run()
		a := w.results[c][0]
		want(t, a, record.ServFail)
		if a.Attempts != 2 {
			t.Errorf("%d attempts", a.Attempts)
		}
	}
	wantPackets(t, w.sentTo(comAddr), parent+1)
	wantPackets(t, w.sentTo("192.0.2.3"), dead+2)
}

// A link of the chain of trust that could not be had is asked for anew, and so is the address of a server.
func TestAgainLinks(t *testing.T) {
	t.Run("keys", func(t *testing.T) {
		w := signedWorld(t, caaOfExample)
		w.fault(ns1Addr, ifType(dns.TypeDNSKEY, rcode(dns.RcodeRefused)))
		w.fault(ns2Addr, ifType(dns.TypeDNSKEY, rcode(dns.RcodeRefused)))
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Refused)
		if tried := inVain(a); a.Reason != "chain-unreachable" || len(tried) != 2 {
			t.Fatalf("%s, in vain %v", a.Reason, tried)
		}
		w.repair(ns1Addr)
		w.repair(ns2Addr)
		a = w.again(a)
		want(t, a, record.Found)
		if a.Security != record.Secure {
			t.Errorf("%v %s", a.Security, a.Reason)
		}
	})
	t.Run("delegation", func(t *testing.T) {
		w := signedWorld(t, caaOfExample, func(c *Config) { c.Lazy = true }) // the referral's DS is not kept
		w.fault(comAddr, ifType(dns.TypeDS, silent))
		a := w.lookup("example.com", wire.TypeCAA)
		want(t, a, record.Timeout)
		w.repair(comAddr)
		a = w.again(a)
		want(t, a, record.Found)
		if a.Security != record.Secure {
			t.Errorf("%v %s", a.Security, a.Reason)
		}
	})
	t.Run("address", func(t *testing.T) {
		w := comWorld(t, "example.com. NS a.ns.org.\n")
		w.serve(comAddr, soaOf("org")+"ns.org. NS ns1.ns.org.\nns1.ns.org. A 192.0.2.9\n")
		w.serve("192.0.2.9", soaOf("ns.org")+"a.ns.org. A 192.0.2.1\n")
		w.serve(ns1Addr, soaOf("example.com")+someCAA)
		w.fault("192.0.2.9", silent)
		a := w.lookup("example.com", wire.TypeCAA)
		wantReason(t, a, record.Lame, CauseNoAddress)
		w.repair("192.0.2.9")
		want(t, w.lookup("example.com", wire.TypeCAA), record.Lame)
		want(t, w.again(a), record.Found)
	})
}

// A name that is looked at for the first time takes failures from the cache as ever.
func TestFirstTakesFailures(t *testing.T) {
	w := exampleWorld(t, someCAA)
	w.fault(ns1Addr, silent)
	w.fault(ns2Addr, silent)
	a := w.lookup("example.com", wire.TypeCAA)
	w.now = w.now.Add(time.Second)
	confirmed := w.again(a)
	want(t, confirmed, record.Timeout)
	if a.Attempts != 4 || confirmed.Attempts != 2 { // silence after silence takes less to mean something
		t.Errorf("%d attempts at first, then %d", a.Attempts, confirmed.Attempts)
	}
	sent := len(w.log)
	want(t, w.lookup("example.com", wire.TypeCAA), record.Timeout)
	wantPackets(t, w.log, sent)
}

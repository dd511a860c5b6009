package resolve

import (
	"net/netip"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// optOutOf is a list of names with all below them, servers and addresses.
type optOutOf struct{ names, servers, addrs []string }

func (o optOutOf) Name(n wire.Name) bool {
	for _, name := range o.names {
		if n.In(wire.MustName(name)) {
			return true
		}
	}
	return false
}

func (o optOutOf) Server(n wire.Name) bool {
	for _, name := range o.servers {
		if n == wire.MustName(name) {
			return true
		}
	}
	return false
}

func (o optOutOf) Addr(a netip.Addr) bool {
	for _, addr := range o.addrs {
		if a == netip.MustParseAddr(addr) {
			return true
		}
	}
	return false
}

// Who has opted out gets no packet, and what is not known for that reason says so.
func TestOptOut(t *testing.T) {
	const zone = someCAA + "alias.example.com. CNAME www.example.com.\nother.example.com. CNAME gone.example.org.\n"
	tests := []struct {
		name    string
		list    optOutOf
		ask     string
		outcome record.Outcome
		silent  []string // who must not get a packet
		about   string   // a name that no packet may be about, in any form
	}{
		{"nobody", optOutOf{}, "example.com", record.Found, nil, ""},
		{"the name", optOutOf{names: []string{"example.com"}}, "example.com", record.Skipped, []string{rootAddr, comAddr, ns1Addr, ns2Addr}, "example.com."},
		{"a name above", optOutOf{names: []string{"com"}}, "www.example.com", record.Skipped, []string{rootAddr, comAddr}, "www.example.com."},
		{"another name", optOutOf{names: []string{"example.org"}}, "example.com", record.Found, nil, ""},
		{"the target of an alias", optOutOf{names: []string{"example.org"}}, "other.example.com", record.Skipped, nil, "gone.example.org."},
		{"one server by name", optOutOf{servers: []string{"ns1.example.com"}}, "example.com", record.Found, []string{ns1Addr}, ""},
		{"one server by address", optOutOf{addrs: []string{ns2Addr}}, "example.com", record.Found, []string{ns2Addr}, ""},
		{"all servers", optOutOf{servers: []string{"ns1.example.com"}, addrs: []string{ns2Addr}}, "example.com", record.Skipped, []string{ns1Addr, ns2Addr}, ""},
		{"the servers above", optOutOf{addrs: []string{comAddr}}, "example.com", record.Skipped, []string{comAddr, ns1Addr}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outs := &OptOuts{}
			w := exampleWorld(t, zone, func(c *Config) { c.OptOuts = outs })
			outs.Replace(test.list)
			for range 5 {
				a := w.lookup(test.ask, wire.TypeCAA)
				want(t, a, test.outcome)
				if blocked := a.Cause == CauseOptedOut; blocked != (test.outcome == record.Skipped) {
					t.Errorf("cause %q", a.Cause)
				}
			}
			for _, addr := range test.silent {
				wantPackets(t, w.sentTo(addr), 0)
			}
			for _, p := range w.log {
				if p.name == test.about {
					t.Errorf("%v was asked about %s", p.addr, p.name)
				}
			}
			for _, s := range NameServers(w.r) {
				if s.OptedOut && s.Sent > 0 || s.OptedOut != test.list.bans(s) {
					t.Errorf("%v: opted out %v, %d packets", s.Addr, s.OptedOut, s.Sent)
				}
			}
		})
	}
}

func (o optOutOf) bans(s record.NameServer) bool {
	for _, n := range s.Names {
		if o.Server(n) {
			return true
		}
	}
	return o.Addr(s.Addr)
}

// A list that is replaced holds from the next packet on.
func TestOptOutReplaced(t *testing.T) {
	outs := &OptOuts{}
	w := exampleWorld(t, someCAA, func(c *Config) { c.OptOuts = outs })
	want(t, w.lookup("example.com", wire.TypeCAA), record.Found)
	sent := len(w.sentTo(ns1Addr)) + len(w.sentTo(ns2Addr))
	outs.Replace(optOutOf{addrs: []string{ns1Addr, ns2Addr}})
	want(t, w.lookup("example.com", wire.TypeMX), record.Skipped)
	if now := len(w.sentTo(ns1Addr)) + len(w.sentTo(ns2Addr)); now != sent {
		t.Errorf("%d packets after the servers opted out", now-sent)
	}
	outs.Replace(optOutOf{})
	w.now = w.now.Add(failureTTL)
	want(t, w.lookup("example.com", wire.TypeMX), record.NoData)
}

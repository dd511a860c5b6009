package resolve

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Questions that begin together below one child of a zone need one referral to it, not one each.
func TestScouts(t *testing.T) {
	w := exampleWorld(t, "")
	clients := make([]*Client, 30)
	for i := range clients {
		clients[i] = &Client{ID: uint32(i)}
		w.ask(clients[i], fmt.Sprintf("n%d.example.com", i), wire.TypeCAA)
	}
	w.run()
	for _, c := range clients {
		want(t, w.results[c][0], record.NXDomain)
	}
	wantPackets(t, w.sentTo(rootAddr), 1)
	wantPackets(t, w.sentTo(comAddr), 1)
	wantPackets(t, w.log, 2+30)
}

// A scout that fails, or runs out of packets, does not take its followers with it.
func TestScoutFails(t *testing.T) {
	w := exampleWorld(t, "", func(c *Config) { c.MaxQueries = 10 })
	w.fault(rootAddr, first(2, silent))
	poor, rich := &Client{ID: 1}, &Client{ID: 2}
	poor.Cost.Queries = 8
	w.log = make([]packet, 8) // that were sent before
	w.ask(poor, "a.example.com", wire.TypeCAA)
	w.ask(rich, "b.example.com", wire.TypeCAA)
	w.run()
	wantReason(t, w.results[poor][0], record.WorkBound, CauseQueries)
	want(t, w.results[rich][0], record.NXDomain)
}

// A scout that needs the address of a server below the very child it scouts for lets those go who look for it: they
// follow it, but do not need it.
func TestScoutNeedsFollower(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, "zz. NS ns.zz.\nns.zz. A 192.0.2.1\nzz. NS ns.nic.zz.\n", seeded(seed))
		w.fault("192.0.2.1", func(x *served) { x.silent = x.name == "www.nic.zz." })
		zone := soaOf("zz") + "zz. NS ns.zz.\nns.nic.zz. A 192.0.2.2\nwww.nic.zz. CAA 0 issue \"ca.test\"\n"
		w.serve("192.0.2.1 192.0.2.2", zone)
		scout, other := &Client{ID: 1}, &Client{ID: 2}
		w.ask(scout, "www.nic.zz", wire.TypeCAA)
		for len(w.sentTo("192.0.2.1")) == 0 {
			w.next()
		}
		w.ask(other, "ns.nic.zz", wire.TypeA)
		w.run()
		want(t, w.results[other][0], record.Found)
		want(t, w.results[scout][0], record.Found)
		if len(w.sentFor("www.nic.zz", dns.TypeCAA)) > 4 {
			t.Errorf("%v", w.log)
		}
	}
}

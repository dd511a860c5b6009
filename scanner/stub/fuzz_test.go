package stub

import (
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Whatever resolvers reply: every question ends in one answer, within the bound on its packets, and none is secure unless
// a reply with AD was among them. data is what they reply, message by message, each behind its length in two octets; the
// messages are used again and again. steer says how the exchanges end.
func FuzzHandle(f *testing.F) {
	w := newWorld(f, 1, "")
	seed := func(lines ...string) {
		var data []byte
		for _, line := range lines {
			w.replies = map[string][]string{"www.example.com CAA": {line}}
			var c resolve.Client
			var asks []step.Ask
			r := New(Config{Resolvers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.0:5300")}})
			w.r = r
			r.Ask(w.now, &c, wire.MustName("www.example.com"), wire.TypeCAA, &asks)
			msg := w.end(flight{ask: asks[0], sent: w.now}).Msg
			data = append(append(data, byte(len(msg)>>8), byte(len(msg))), msg...)
		}
		f.Add(data, []byte{0})
		f.Add(data, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	}
	seed("ad | www.example.com CNAME a.net; a.net CAA 0 issue \"x\"", "servfail ede22", "servfail", "| example.com DNAME a.net")
	seed("servfail ede9 nsid", "ad || example.com SOA a b 1 1 1 1 1; #www.example.com/com NSEC3 1 1 9 AB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS RRSIG")
	seed("refused ede18", "tc", "formerr plain", "nxdomain || example.com SOA a b 1 1 1 1 1; www.example.com NSEC b NS RRSIG NSEC")
	seed("ad | www.example.com DS 1 13 2 00", "servfail ede27", "| www.example.com CNAME example.com", "tctcp tc")
	f.Fuzz(func(t *testing.T, data, steer []byte) {
		var messages [][]byte
		for len(data) >= 2 {
			n := min(int(data[0])<<8|int(data[1]), len(data)-2)
			messages = append(messages, data[2:2+n])
			data = data[2+n:]
		}
		if len(messages) == 0 || len(steer) == 0 {
			return
		}
		r := New(Config{
			Resolvers:  []netip.AddrPort{netip.MustParseAddrPort("192.0.2.0:53"), netip.MustParseAddrPort("192.0.2.1:53")},
			MaxQueries: 24, NoMixCase: steer[0]&16 != 0,
		})
		now := step.Time(1e18)
		var asks []step.Ask
		clients := make([]resolve.Client, 3)
		answered, gaveAD := 0, false
		took := func(a *record.Answer) {
			answered++
			if a.Security == record.Secure && !gaveAD {
				t.Fatalf("secure without AD: %+v", a)
			}
			if a.Outcome.Failed() && len(a.Set()) > 0 && a.Type != wire.TypeCNAME {
				t.Fatalf("a failure with data: %+v", a)
			}
			if a.Outcome == record.Found && len(a.Set()) == 0 {
				t.Fatalf("found without data: %+v", a)
			}
		}
		for i, q := range []struct {
			name string
			typ  wire.Type
		}{{"www.example.com", wire.TypeCAA}, {"example.com", wire.TypeCAA}, {"www.example.com", wire.TypeDS}} {
			if a := r.Ask(now, &clients[i], wire.MustName(q.name), q.typ, &asks); a != nil {
				took(a)
			}
		}
		for n := 0; len(asks) > 0; n++ {
			if n > 3*24 {
				t.Fatalf("%d exchanges", n)
			}
			ask := asks[0]
			asks = asks[1:]
			query := r.AppendQuery(ask.Ticket, 7, nil)
			if new(dns.Msg).Unpack(query) != nil {
				t.Fatalf("query %x", query)
			}
			now++
			how := steer[n%len(steer)]
			ev := step.Event{Kind: step.Reply, Ticket: ask.Ticket, Now: now, Sent: now, Arrived: now, CaseKept: how&1 == 0, Msg: messages[n%len(messages)]}
			switch how & 6 {
			case 2:
				ev.Kind, ev.Msg = step.Timeout, nil
			case 4:
				ev.Kind, ev.Msg = step.Unreachable, nil
			}
			gaveAD = gaveAD || len(ev.Msg) > 3 && ev.Msg[3]&0x20 != 0
			r.Handle(&ev, &asks)
			for result, ok := r.Finished(); ok; result, ok = r.Finished() {
				took(result.Answer)
			}
		}
		if answered != len(clients) || r.UnderWay() != 0 || len(r.underWay) != 0 || len(r.free) != len(r.questions) {
			t.Fatalf("%d answers, %d under way, %d of %d slots free", answered, r.UnderWay(), len(r.free), len(r.questions))
		}
		for i := range clients {
			if clients[i].Cost.Queries > 24 {
				t.Fatalf("%d packets for one name", clients[i].Cost.Queries)
			}
		}
	})
}

//go:build !race

package scanner

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// refusal is a reply with an extended error, as the resolver has read it.
func refusal(t testing.TB) ([]byte, *wire.Message) {
	var q dns.Msg
	if err := q.Unpack(wire.AppendQuery(nil, 7, wire.MustName("example.org"), wire.TypeCAA, wire.Query{EDNS: true, UDPSize: 1232})); err != nil {
		t.Fatal(err)
	}
	m := new(dns.Msg).SetRcode(&q, dns.RcodeRefused)
	m.SetEdns0(1232, true)
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: 20, ExtraText: "not authoritative"}}
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	reply := new(wire.Message)
	if err := reply.Parse(packed); err != nil {
		t.Fatal(err)
	}
	return packed, reply
}

// note writes one exchange down, and hands full pages back as the writer does.
func note(l *exchangeLog, ev *step.Event, reply *wire.Message, server *record.Server) {
	x := l.next()
	*x = record.Exchange{Sent: ev.Sent, Waited: ev.Waited, For: "\x01a\x00", Name: "\x01a\x00", Server: server}
	if l.end(x, ev, reply); l.full() {
		l.pages.give(l.take())
	}
}

// An exchange that is written down allocates nothing, one that is not wanted no page.
func TestExchangeAllocates(t *testing.T) {
	packed, reply := refusal(t)
	l, server := newExchangeLog(1, &pages{}), &record.Server{}
	ev := &step.Event{Kind: step.Reply, Sent: 5, Arrived: 12, Msg: packed}
	note(l, ev, reply, server) // the first text of its kind, and the first page
	if got := testing.AllocsPerRun(3*pageSize, func() { note(l, ev, reply, server) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if newExchangeLog(0, nil) != nil {
		t.Error("there is a log that nobody wants")
	}
}

func BenchmarkExchange(b *testing.B) {
	packed, reply := refusal(b)
	l, server := newExchangeLog(1, &pages{}), &record.Server{}
	ev := &step.Event{Kind: step.Reply, Sent: 5, Arrived: 12, Msg: packed}
	b.ReportAllocs()
	for b.Loop() {
		note(l, ev, reply, server)
	}
}

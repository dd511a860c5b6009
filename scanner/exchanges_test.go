package scanner

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// logged is an ExchangeSink that keeps all, and holds each record against the exchanges that came before it.
type logged struct {
	t         *testing.T
	exchanges []record.Exchange
	records   []*record.Record
	byName    map[string]*nameSum
}

// nameSum is what the exchanges for one name come to.
type nameSum struct {
	queries, retries, tcp int
	waited                time.Duration
}

func (l *logged) Exchanges(batch []record.Exchange) error {
	if l.byName == nil {
		l.byName = map[string]*nameSum{}
	}
	for i := range batch {
		x := batch[i]
		l.exchanges = append(l.exchanges, x)
		sum := l.byName[x.For.String()]
		if sum == nil {
			sum = &nameSum{}
			l.byName[x.For.String()] = sum
		}
		sum.queries++
		sum.waited += x.Waited
		if x.TCP {
			sum.tcp++
		}
		if x.Attempt > 1 {
			sum.retries++
		}
	}
	return nil
}

func (l *logged) Write(batch []*record.Record) error {
	l.records = append(l.records, batch...)
	for _, r := range batch {
		sum, cost := l.byName[r.Target.Name], r.Cost
		if sum == nil {
			sum = &nameSum{}
		}
		if got := (nameSum{int(cost.Queries), int(cost.Retries), int(cost.TCP), cost.Waited}); got != *sum {
			l.t.Errorf("%s: exchanges %+v, by its record %+v", r.Target.Name, *sum, got)
		}
	}
	return nil
}

// faulty is an Internet with every fault that there is, and with signatures.
func faulty(t *testing.T, names int) (*simnet.World, *simnet.Server, Network) {
	t.Helper()
	w, err := simnet.New(simnet.Config{Seed: 1, Names: names, Validation: simnet.FullValidation})
	if err != nil {
		t.Fatal(err)
	}
	server, err := w.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	roots, err := ReadHints(strings.NewReader(string(w.RootHints())), "hints")
	if err != nil {
		t.Fatal(err)
	}
	anchors, err := ReadAnchors(strings.NewReader(w.TrustAnchor()), "anchor")
	if err != nil {
		t.Fatal(err)
	}
	return w, server, Network{
		Roots: roots, Anchors: anchors, Port: server.Port(), IPv4: true, SpecialUse: true, Timeout: 300 * time.Millisecond, Retries: 1, MaxQueries: 64,
		Operator: func(name string) string { return name },
	}
}

// TestExchangesAreThePackets: one exchange for each packet that a server read, none for any other; as many for each server as
// the resolver has counted, and for each name as its record says it has cost.
func TestExchangesAreThePackets(t *testing.T) {
	const n = 1000
	w, server, network := faulty(t, n)
	scan, err := New(Config{Network: network, InFlight: 100, Loops: 2, With: MX | SPF | AllServers, Seed: 1, Exchanges: 1})
	if err != nil {
		t.Fatal(err)
	}
	sink := &logged{t: t}
	if err := scan.Run(context.Background(), &names{world: w, stopAfter: n}, sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.records) != n {
		t.Fatalf("%d records", len(sink.records))
	}
	type sums struct{ sent, tcp, answered, timeouts, unreachable int }
	unheard := map[netip.Addr]int{} // over TCP, the time may be over before there is a connection: then no server has read them
	byServer, kinds := map[netip.Addr]*sums{}, map[string]int{}
	for i := range sink.exchanges {
		x := &sink.exchanges[i]
		checkExchange(t, x)
		sum := byServer[x.Server.Addr]
		if sum == nil {
			sum = &sums{}
			byServer[x.Server.Addr] = sum
		}
		sum.sent++
		if x.TCP {
			sum.tcp++
		}
		switch x.End {
		case record.Silent:
			sum.timeouts++
			if x.TCP {
				unheard[x.Server.Addr]++
			}
		case record.NotThere:
			sum.unreachable++
		default:
			sum.answered++
		}
		kinds[x.End.String()]++
		kinds[x.Purpose.String()]++
		kinds[x.Type.String()]++
		if x.Flags&wire.FlagTC != 0 {
			kinds["tc"]++
		}
		if x.Mixed && x.End.HasReply() && !x.CaseKept {
			kinds["mangled"]++
		}
		if x.UDPSize == 0 {
			kinds["plain"]++
		}
	}
	for _, ns := range scan.NameServers() {
		if got, want := *byServer[ns.Addr], (sums{ns.Sent, ns.TCP, ns.Answered, ns.Timeouts, ns.Unreachable}); got != want {
			t.Errorf("%v: exchanges %+v, counted %+v", ns.Addr, got, want)
		}
	}
	read := 0
	for _, s := range server.Stats() {
		if !s.Addr.IsValid() {
			continue
		}
		got := byServer[s.Addr]
		if got == nil {
			got = &sums{}
		}
		if delivered := got.sent - got.unreachable - unheard[s.Addr]; int(s.Queries) < delivered || int(s.Queries) > got.sent {
			t.Errorf("%v has read %d packets, %d of them over TCP, and exchanges are %+v", s.Addr, s.Queries, s.TCP, *got)
		}
		read += int(s.Queries)
		delete(byServer, s.Addr)
	}
	for addr, sum := range byServer {
		if sum.sent != sum.unreachable+sum.timeouts {
			t.Errorf("nobody is at %v, and exchanges are %+v", addr, *sum)
		}
	}
	if sent := scan.Progress().Sent; int(sent) != len(sink.exchanges) {
		t.Errorf("%d exchanges of %d packets", len(sink.exchanges), sent)
	}
	t.Logf("%d exchanges, %d read by servers; %v", len(sink.exchanges), read, kinds)
	for _, kind := range []string{"reply", "malformed", "timeout", "unreachable", "answer", "address", "chain", "survey", "tc", "mangled", "plain", "CAA", "DNSKEY", "DS", "A", "TXT"} {
		if kinds[kind] == 0 {
			t.Errorf("the test has none of the kind %s", kind)
		}
	}
}

// checkExchange checks what holds of each exchange.
func checkExchange(t *testing.T, x *record.Exchange) {
	t.Helper()
	reply := x.End.HasReply()
	switch {
	case x.For == "" || x.Name == "" || x.Sent == 0 || x.Attempt == 0 || x.Server == nil:
		t.Errorf("something is missing: %+v", *x)
	case !x.Name.In(x.Zone):
		t.Errorf("%s asked of the servers of %s", x.Name, x.Zone)
	case reply != (x.Size > 0) || reply != (x.RTT > 0) || reply != (x.Flags&wire.FlagQR != 0):
		t.Errorf("a reply or none? %+v", *x)
	case !reply && (x.HasEDE || x.RCode != 0 || x.Counts != [3]uint16{} || x.CaseKept):
		t.Errorf("no reply, and something of it: %+v", *x)
	case x.DO && x.UDPSize == 0:
		t.Errorf("DO without EDNS: %+v", *x)
	}
}

// TestExchangesOfAShare: all exchanges for a name are there or none are, by the rule that share tells; and a larger share has
// all that a smaller one has.
func TestExchangesOfAShare(t *testing.T) {
	const n = 1000
	w, _, network := world(t, n)
	had := map[string]bool{}
	for _, part := range []float64{0.1, 0.5} {
		scan, err := New(Config{Network: network, InFlight: 100, Loops: 2, With: MX, Seed: 1, Exchanges: part})
		if err != nil {
			t.Fatal(err)
		}
		sink := &sampled{logged{t: t}, share(part)}
		if err := scan.Run(context.Background(), &names{world: w, stopAfter: n}, sink); err != nil {
			t.Fatal(err)
		}
		if got := float64(len(sink.byName)) / n; got < part-0.06 || got > part+0.06 {
			t.Errorf("%v of the names have exchanges, want %v", got, part)
		}
		for name := range had {
			if sink.byName[name] == nil {
				t.Errorf("%s is in a smaller share, and not in %v", name, part)
			}
		}
		for name := range sink.byName {
			had[name] = true
		}
	}
	for _, bad := range []float64{-0.1, 1.5} {
		if _, err := New(Config{Network: network, InFlight: 1, Exchanges: bad}); err == nil {
			t.Errorf("a share of %v", bad)
		}
	}
	scan, err := New(Config{Network: network, InFlight: 1, Exchanges: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := scan.Run(context.Background(), &names{world: w, stopAfter: 1}, &counted{}); err == nil {
		t.Error("exchanges for a sink that takes none")
	}
}

// sampled is logged for a share of the names.
type sampled struct {
	logged
	share share
}

func (s *sampled) Write(batch []*record.Record) error {
	in := slices.DeleteFunc(slices.Clone(batch), func(r *record.Record) bool { return !s.share.has(&r.Target) })
	for _, r := range batch {
		if !s.share.has(&r.Target) && s.byName[r.Target.Name] != nil {
			s.t.Errorf("%s has exchanges", r.Target.Name)
		}
	}
	return s.logged.Write(in)
}

// TestShareRule: the rule is one that anybody can check: sha256sum of these names begins so.
func TestShareRule(t *testing.T) {
	for _, test := range []struct {
		target record.Target
		in     float64 // the least share that has it
	}{
		// printf example.com | sha256sum: a379a6f6eeafb9a5...
		{record.Target{Name: "www.example.com", Registrable: "example.com"}, 0xa379a6f6eeafb9a5 / 0x1p64},
		{record.Target{Name: "example.com"}, 0xa379a6f6eeafb9a5 / 0x1p64},
	} {
		for delta, want := range map[float64]bool{1e-9: true, -1e-9: false} {
			if got := share(test.in + delta).has(&test.target); got != want {
				t.Errorf("%+v: %v in a share of %v", test.target, got, test.in+delta)
			}
		}
	}
}

// TestExchangesWithResolvers: in stub mode the exchanges are those with the resolvers.
func TestExchangesWithResolvers(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked, disabled atomic.Int64
	resolver := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		m := new(dns.Msg).SetReply(q)
		m.RecursionAvailable, m.AuthenticatedData = true, true
		if strings.HasPrefix(strings.ToLower(q.Question[0].Name), "bad") && !q.CheckingDisabled {
			m.Rcode, m.AuthenticatedData = dns.RcodeServerFailure, false
			m.SetEdns0(1232, false)
			m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: 0, ExtraText: "nobody\x00"})
		}
		if q.CheckingDisabled {
			disabled.Add(1)
		}
		w.WriteMsg(m)
	})}
	started := make(chan struct{})
	resolver.NotifyStartedFunc = func() { close(started) }
	served := make(chan error, 1)
	go func() { served <- resolver.ActivateAndServe() }()
	<-started
	scan, err := New(Config{
		Network: Network{
			Resolvers: []netip.AddrPort{netip.MustParseAddrPort(conn.LocalAddr().String())}, IPv4: true, Timeout: 5 * time.Second, MaxQueries: 64,
		},
		InFlight: 10, Loops: 1, With: MX, Seed: 1, Exchanges: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	source := &fixed{targets: []record.Target{
		{Name: "good.example", Registrable: "good.example", Line: 1}, {Name: "bad.example", Registrable: "bad.example", Line: 2},
	}}
	sink := &logged{t: t}
	if err := scan.Run(context.Background(), source, sink); err != nil {
		t.Fatal(err)
	}
	if err := resolver.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	if len(sink.exchanges) != int(asked.Load()) || disabled.Load() == 0 {
		t.Errorf("%d exchanges, the resolver was asked %d times", len(sink.exchanges), asked.Load())
	}
	checked, failed := 0, 0
	for _, x := range sink.exchanges {
		if x.Zone != "" || x.End != record.Replied {
			t.Errorf("%+v", x)
		}
		if x.CD {
			checked++
		}
		if x.RCode == wire.ServFail {
			failed++
			if !x.HasEDE || x.EDE != 0 || x.EDEText != "nobody" || x.Counts[wire.Additional] != 1 {
				t.Errorf("an extended error: %+v", x)
			}
		}
	}
	if checked != int(disabled.Load()) || failed == 0 {
		t.Errorf("%d with CD of %d, %d failures", checked, disabled.Load(), failed)
	}
}

// fixed is a Source of a few targets.
type fixed struct{ targets []record.Target }

func (f *fixed) Next(ctx context.Context) ([]record.Target, error) {
	return f.targets, io.EOF
}

// TestExchangeOfReply: what is noted of a reply, whether the resolver had to read it or not.
func TestExchangeOfReply(t *testing.T) {
	query := wire.AppendQuery(nil, 7, wire.MustName("example.org"), wire.TypeCAA, wire.Query{EDNS: true, UDPSize: 1232})
	reply := func(edit func(*dns.Msg)) []byte {
		var q dns.Msg
		if err := q.Unpack(query); err != nil {
			t.Fatal(err)
		}
		m := new(dns.Msg).SetReply(&q)
		edit(m)
		packed, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return packed
	}
	soa, err := dns.NewRR("example.org. SOA a. b. 1 2 3 4 5")
	if err != nil {
		t.Fatal(err)
	}
	header := binary.BigEndian.AppendUint64([]byte{0, 7, 0x80, 1}, 0) // FORMERR, and no question
	broken := reply(func(m *dns.Msg) { m.Ns = []dns.RR{soa}; m.SetEdns0(1232, true) })
	for _, test := range []struct {
		what string
		msg  []byte
		want record.Exchange
	}{
		{"an answer that is empty", reply(func(m *dns.Msg) { m.Authoritative = true; m.Ns = []dns.RR{soa} }),
			record.Exchange{Flags: wire.FlagQR | wire.FlagAA, Counts: [3]uint16{0, 1, 0}}},
		{"a code that needs the OPT record", reply(func(m *dns.Msg) { m.SetEdns0(1232, true); m.Rcode = dns.RcodeBadVers }),
			record.Exchange{Flags: wire.FlagQR, RCode: wire.BadVers, Counts: [3]uint16{0, 0, 1}}},
		{"truncated, with two extended errors", reply(func(m *dns.Msg) {
			m.Truncated = true
			m.SetEdns0(1232, true)
			m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: 0}, &dns.EDNS0_EDE{InfoCode: 18, ExtraText: "no"}}
		}), record.Exchange{Flags: wire.FlagQR | wire.FlagTC, HasEDE: true, Counts: [3]uint16{0, 0, 1}}},
		{"a bare header", header, record.Exchange{Flags: wire.FlagQR | 1, RCode: wire.FormErr}},
		{"cut off", broken[:len(broken)-3], record.Exchange{Flags: wire.FlagQR, End: record.Garbled, Counts: [3]uint16{0, 1, 1}}},
	} {
		for _, read := range []bool{true, false} {
			l := newExchangeLog(1, &pages{})
			var m wire.Message
			if err := m.ParseQuestion(test.msg); err == nil && read {
				_ = m.ParseRecords()
			}
			x := l.next()
			*x = record.Exchange{}
			l.end(x, &step.Event{Kind: step.Reply, Sent: 5, Arrived: 12, Msg: test.msg}, &m)
			want := test.want
			want.Size, want.RTT = uint16(len(test.msg)), 7
			if *x != want {
				t.Errorf("%s, read %v:\n%+v, want\n%+v", test.what, read, *x, want)
			}
		}
	}
}

package resolve

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// world is an internet in virtual time: servers with zones and faults, a heap of events, a clock that is a variable.
// It does for the Resolver what the engine does, and checks after every act what must always hold (check).
type world struct {
	t       testing.TB
	r       *Resolver
	cfg     Config
	rng     *rand.Rand
	now     step.Time
	hosts   map[netip.Addr]*nameserver
	events  eventHeap
	flying  map[step.Ticket]bool
	log     []packet
	clients []*Client
	asked   map[*Client]int
	results map[*Client][]*record.Answer
	surveys map[*Client][]*record.Survey
	paused  int // packets that wait for the pause before them
}

// packet is one query as a server saw it.
type packet struct {
	at    step.Time
	addr  netip.Addr
	name  string // in lower case
	typ   uint16
	tcp   bool
	edns  bool
	do    bool
	size  uint16
	nsid  bool
	mixed bool

	foreseen bool // that the server may give an error code
}

func (p packet) String() string {
	s := p.addr.String() + " " + p.name + " " + dns.TypeToString[p.typ]
	if p.tcp {
		s += " tcp"
	}
	if !p.edns {
		s += " plain"
	}
	if !p.mixed {
		s += " lower"
	}
	return s
}

// nameserver is what listens at one address. Faults see each exchange in order, after the zones have been asked.
type nameserver struct {
	zones  []*zone
	rtt    time.Duration
	faults []fault
}

// served is one query and what becomes of it.
type served struct {
	packet
	query       *dns.Msg
	reply       *dns.Msg
	raw         []byte // sent as it is, if set
	silent      bool
	unreachable bool
	strained    bool
	delay       time.Duration
}

type fault func(*served)

// event is the end of an Ask, or something the test does at a time.
type event struct {
	at  step.Time
	seq int
	ev  step.Event
	act func()
}

type eventHeap struct {
	list []event
	seq  int
}

func (h *eventHeap) Len() int { return len(h.list) }
func (h *eventHeap) Less(i, j int) bool {
	a, b := &h.list[i], &h.list[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}
func (h *eventHeap) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *eventHeap) Push(x any)    { h.list = append(h.list, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(h.list) - 1
	e := h.list[last]
	h.list = h.list[:last]
	return e
}
func (h *eventHeap) add(e event) {
	h.seq++
	e.seq = h.seq
	heap.Push(h, e)
}

const rootAddr = "198.51.100.1"

// newWorld returns a world that has a root server at rootAddr with the given zone, and a Resolver over it.
func newWorld(t testing.TB, rootZone string, change ...func(*Config)) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(1, 2)), now: step.Time(1000 * time.Hour),
		hosts: map[netip.Addr]*nameserver{}, flying: map[step.Ticket]bool{},
		asked: map[*Client]int{}, results: map[*Client][]*record.Answer{}, surveys: map[*Client][]*record.Survey{},
	}
	w.cfg = Config{
		Roots: []Root{{Name: wire.MustName("a.root-servers.test"), Addrs: []netip.Addr{netip.MustParseAddr(rootAddr)}}},
		IPv4:  true, IPv6: true, Rand: rand.New(rand.NewPCG(3, 4)),
		Operator: func(n wire.Name) (string, step.OperatorID) { return n.Parent().String(), step.OperatorID(len(n)) },
	}
	for _, c := range change {
		c(&w.cfg)
	}
	w.r = New(w.cfg)
	w.cfg = w.r.cfg
	w.serve(rootAddr, ". 86400 IN SOA a.root-servers.test. hostmaster. 1 1800 900 604800 86400\n"+rootZone)
	return w
}

// serve puts a server for a zone at an address; a further zone if there is one already.
func (w *world) serve(addrs, zoneText string) *nameserver {
	w.t.Helper()
	z := parseZone(w.t, zoneText)
	var ns *nameserver
	for _, addr := range strings.Fields(addrs) {
		ns = w.server(addr)
		ns.zones = append(ns.zones, z)
	}
	return ns
}

func (w *world) server(addr string) *nameserver {
	a := netip.MustParseAddr(addr)
	if w.hosts[a] == nil {
		w.hosts[a] = &nameserver{rtt: 20 * time.Millisecond}
	}
	return w.hosts[a]
}

// fault adds faults to a server.
func (w *world) fault(addr string, faults ...fault) {
	s := w.server(addr)
	s.faults = append(s.faults, faults...)
}

// ask starts a question of a client.
func (w *world) ask(c *Client, name string, typ wire.Type) {
	w.t.Helper()
	if w.asked[c] == 0 {
		w.clients = append(w.clients, c)
	}
	w.asked[c]++
	var asks []step.Ask
	if a := w.r.Ask(w.now, c, wire.MustName(name), typ, &asks); a != nil {
		w.results[c] = append(w.results[c], a)
	}
	w.carryOut(asks)
	w.collect()
	w.check()
}

// survey starts a survey for a client.
func (w *world) survey(c *Client, name string, typ wire.Type) {
	w.t.Helper()
	if w.asked[c] == 0 {
		w.clients = append(w.clients, c)
	}
	w.asked[c]++
	var asks []step.Ask
	w.r.Survey(w.now, c, wire.MustName(name), typ, &asks)
	w.carryOut(asks)
	w.collect()
	w.check()
}

// surveyOf looks name up for a new client, then surveys it, until nothing is under way.
func (w *world) surveyOf(name string) (*record.Survey, *Client) {
	w.t.Helper()
	_, c := w.lookupCost(name, wire.TypeCAA)
	w.survey(c, name, wire.TypeCAA)
	w.run()
	return w.surveys[c][0], c
}

// underWay returns the first of the questions for name, nil if there is none.
func (w *world) underWay(name string) *question {
	k := w.r.key(wire.MustName(name), 0, 0)
	return w.r.underWay.first(&k)
}

// drop takes the answers for name out of the cache.
func (w *world) drop(name string) {
	n := wire.MustName(name)
	w.r.answers.drop(w.r.hash(n), n)
}

// lookup asks for a new client and runs the world until nothing is under way.
func (w *world) lookup(name string, typ wire.Type) *record.Answer {
	w.t.Helper()
	a, _ := w.lookupCost(name, typ)
	return a
}

func (w *world) lookupCost(name string, typ wire.Type) (*record.Answer, *Client) {
	w.t.Helper()
	c := &Client{}
	w.ask(c, name, typ)
	w.run()
	return w.results[c][0], c
}

// run lets events happen until there are none.
func (w *world) run() {
	w.t.Helper()
	for w.events.Len() > 0 {
		w.next()
	}
	w.idle()
}

func (w *world) next() {
	w.t.Helper()
	e := heap.Pop(&w.events).(event)
	w.now = max(w.now, e.at)
	if e.act != nil {
		e.act()
		return
	}
	e.ev.Now = w.now
	if !w.flying[e.ev.Ticket] {
		w.t.Fatalf("event for ticket %d, which is not under way", e.ev.Ticket)
	}
	delete(w.flying, e.ev.Ticket)
	var asks []step.Ask
	w.r.Handle(&e.ev, &asks)
	for i := range e.ev.Msg { // it is valid during the call only
		e.ev.Msg[i] = 0xdb
	}
	w.carryOut(asks)
	w.collect()
	w.check()
}

func (w *world) collect() {
	for {
		res, ok := w.r.Finished()
		if !ok {
			return
		}
		if res.Survey != nil {
			w.surveys[res.Client] = append(w.surveys[res.Client], res.Survey)
			continue
		}
		w.results[res.Client] = append(w.results[res.Client], res.Answer)
	}
}

// carryOut does what asks say.
func (w *world) carryOut(asks []step.Ask) {
	w.t.Helper()
	for _, ask := range asks {
		if w.flying[ask.Ticket] {
			w.t.Fatalf("second exchange with ticket %d", ask.Ticket)
		}
		w.flying[ask.Ticket] = true
		if ask.Work != nil {
			ask.Work.Do()
			w.events.add(event{at: w.now, ev: step.Event{Kind: step.Worked, Ticket: ask.Ticket}})
			continue
		}
		if !ask.Addr.IsValid() || ask.Addr.Is4In6() || w.cfg.Allowed != nil && !w.cfg.Allowed(ask.Addr) ||
			ask.Addr.Is4() && !w.cfg.IPv4 || ask.Addr.Is6() && !w.cfg.IPv6 {
			w.t.Fatalf("ask to %v, which must not be asked", ask.Addr)
		}
		if w.r.servers[ask.Server].self.Addr != ask.Addr {
			w.t.Fatalf("server %d is not %v", ask.Server, ask.Addr)
		}
		if ask.Pause > 0 {
			w.paused++
			w.events.add(event{at: w.now.Add(ask.Pause), act: func() { w.paused--; w.exchange(ask) }})
			continue
		}
		w.exchange(ask)
	}
}

func (w *world) exchange(ask step.Ask) {
	w.t.Helper()
	id := uint16(w.rng.Uint32())
	msg := w.r.AppendQuery(ask.Ticket, id, nil)
	if ask.MixCase {
		wire.MixCase(msg, w.rng.Uint64())
	}
	query := new(dns.Msg)
	if err := query.Unpack(msg); err != nil {
		w.t.Fatalf("query: %v", err)
	}
	x := served{query: query, packet: packet{
		at: w.now, addr: ask.Addr, name: dns.CanonicalName(query.Question[0].Name), typ: query.Question[0].Qtype,
		tcp: ask.TCP, mixed: ask.MixCase, foreseen: ask.Foreseen,
	}}
	if opt := query.IsEdns0(); opt != nil {
		x.edns, x.do, x.size = true, opt.Do(), opt.UDPSize()
		x.nsid = len(opt.Option) == 1 && opt.Option[0].Option() == dns.EDNS0NSID
	}
	w.log = append(w.log, x.packet)
	host := w.hosts[ask.Addr]
	if host == nil {
		host = &nameserver{faults: []fault{silent}}
	}
	host.answer(&x)
	ev := step.Event{Ticket: ask.Ticket, Sent: w.now, Strained: x.strained}
	at := w.now.Add(host.rtt + x.delay)
	switch {
	case x.unreachable:
		ev.Kind = step.Unreachable
	case x.silent || at.Sub(w.now) > ask.Timeout:
		ev.Kind = step.Timeout
		at = w.now.Add(ask.Timeout)
	default:
		ev.Kind, ev.Arrived, ev.Msg = step.Reply, at, x.message(w.t)
		asked, got := wire.QuestionEnd(msg), wire.QuestionEnd(ev.Msg)
		ev.CaseKept = asked == got && bytes.Equal(msg[12:asked], ev.Msg[12:got])
	}
	w.events.add(event{at: at, ev: ev})
}

// message packs the reply, cut short if it does not fit.
func (x *served) message(t testing.TB) []byte {
	if x.raw != nil {
		return bytes.Clone(x.raw)
	}
	limit := 512
	if x.edns {
		limit = int(x.size)
	}
	x.reply.Compress = true
	msg, err := x.reply.Pack()
	if err != nil {
		t.Fatalf("reply: %v\n%v", err, x.reply)
	}
	if len(msg) > limit && !x.tcp {
		short := *x.reply
		short.Answer, short.Ns, short.Truncated = nil, nil, true
		if msg, err = short.Pack(); err != nil {
			t.Fatal(err)
		}
	}
	return msg
}

// answer lets the zones make the reply and the faults spoil it.
func (ns *nameserver) answer(x *served) {
	x.reply = new(dns.Msg)
	x.reply.SetReply(x.query)
	if x.edns {
		x.reply.SetEdns0(1232, x.do)
	}
	answerFrom(ns.zones, x.reply, x.name, x.typ, x.do)
	for _, f := range ns.faults {
		f(x)
	}
}

// check is called after every act: what it looks at must always hold.
func (w *world) check() {
	w.t.Helper()
	r := w.r
	inUse, flying := 0, 0
	free := map[step.Ticket]bool{}
	for _, ticket := range r.questions.free {
		if free[ticket] {
			w.t.Fatalf("slot %d is free twice", ticket)
		}
		free[ticket] = true
	}
	for t := range r.questions.made {
		q := r.questions.at(step.Ticket(t))
		if free[q.ticket] {
			continue
		}
		inUse++
		switch q.state {
		case awaitingReply, awaitingWork:
			flying++
			if !w.flying[q.ticket] {
				w.t.Fatalf("question %v waits for a packet that is not under way", q.key)
			}
		case awaitingProbes:
			if sv := r.surveys[q.ticket]; sv == nil || sv.probes == 0 {
				w.t.Fatalf("survey of %v waits for nothing", q.key.name)
			}
		case awaitingAddress, awaitingAlias, awaitingReferral, awaitingChain:
			if q.waitsFor == nil || q.waitsFor.needs(q) {
				w.t.Fatalf("question %v waits for itself or for nothing", q.key)
			}
		default:
			w.t.Fatalf("question %v is left in state %d", q.key, q.state)
		}
		if q.waiter == (waiter{}) {
			w.t.Fatalf("nobody waits for question %v", q.key)
		}
		switch found, _ := r.find(q.key); {
		case q.key.use == surveying || q.key.use == probing:
			if found != nil {
				w.t.Fatalf("survey of %v may be joined", q.key.name)
			}
		case found != q:
			w.t.Fatalf("question %v is not among those under way", q.key)
		}
	}
	if inUse != r.UnderWay() || flying != len(w.flying) || len(r.ready) != 0 {
		w.t.Fatalf("%d slots in use, %d under way; %d packets awaited, %d flying; %d ready",
			inUse, r.UnderWay(), flying, len(w.flying), len(r.ready))
	}
	sent := 0
	for _, c := range w.clients {
		sent += int(c.Cost.Queries)
		if int(c.Cost.Queries) > w.cfg.MaxQueries {
			w.t.Fatalf("client sent %d packets of %d", c.Cost.Queries, w.cfg.MaxQueries)
		}
		if got := len(w.results[c]) + len(w.surveys[c]); got > w.asked[c] {
			w.t.Fatalf("client got %d answers to %d questions", got, w.asked[c])
		}
	}
	if sent != len(w.log)+w.paused {
		w.t.Fatalf("clients were charged %d packets, %d were sent", sent, len(w.log))
	}
	for _, n := range []struct{ have, size int }{
		{len(r.cuts.entries), r.cuts.size},
		{len(r.answers.entries), r.answers.size},
		{len(r.hosts.entries), r.hosts.size},
		{len(r.sets.entries), r.sets.size},
	} {
		if n.have > 2*n.size {
			w.t.Fatalf("cache of size %d holds %d", n.size, n.have)
		}
	}
}

// idle checks the end of a run: everybody has the answers, all slots are free.
func (w *world) idle() {
	w.t.Helper()
	slots := &w.r.questions
	if w.r.UnderWay() != 0 || len(slots.free) != slots.made || w.r.underWay.count != 0 || len(w.r.surveys) != 0 {
		w.t.Fatalf("%d questions under way, %d slots of %d free", w.r.UnderWay(), len(slots.free), slots.made)
	}
	for _, c := range w.clients {
		if got := len(w.results[c]) + len(w.surveys[c]); got != w.asked[c] {
			w.t.Fatalf("client got %d answers to %d questions", got, w.asked[c])
		}
		for _, sv := range w.surveys[c] {
			w.checkSurvey(sv)
		}
		for _, a := range w.results[c] {
			checkAnswer(w.t, a)
		}
	}
}

// checkAnswer checks what holds for every answer.
func checkAnswer(t testing.TB, a *record.Answer) {
	t.Helper()
	at := a.Name
	for _, link := range a.Chain {
		if link.Owner != at {
			t.Fatalf("chain of %v: link of %v where %v was reached", a.Name, link.Owner, at)
		}
		at = link.Target
	}
	switch {
	case (a.Outcome == record.Bogus) && a.Security != record.BogusData, a.Outcome.Failed() && a.Security == record.Secure:
		t.Fatalf("%v is %v and %v", a.Name, a.Outcome, a.Security)
	case (a.Outcome == record.Found) != (len(a.Set()) > 0) && !a.Outcome.Failed():
		t.Fatalf("%v is %v with %d records", a.Name, a.Outcome, len(a.Set()))
	case a.Outcome != record.Skipped && a.Outcome.Failed() != (a.FailedAt() != ""):
		t.Fatalf("%v is %v, failed at %q", a.Name, a.Outcome, a.FailedAt())
	case a.Outcome == record.WorkBound && a.Cause == "":
		t.Fatalf("%v hit a bound without a name", a.Name)
	case len(a.Chain) > maxAliases && !a.Outcome.Failed():
		t.Fatalf("%v is %v over %d aliases", a.Name, a.Outcome, len(a.Chain))
	}
	for _, rr := range a.Set() {
		if rr.Type == a.Type && rr.Owner != at {
			t.Fatalf("%v: record of %v", a.Name, rr.Owner)
		}
	}
}

// sentTo lists the packets that went to an address.
func (w *world) sentTo(addr string) (sent []packet) {
	for _, p := range w.log {
		if p.addr == netip.MustParseAddr(addr) {
			sent = append(sent, p)
		}
	}
	return sent
}

// sentFor lists the packets that asked a question.
func (w *world) sentFor(name string, typ uint16) (sent []packet) {
	for _, p := range w.log {
		if p.name == dns.Fqdn(name) && p.typ == typ {
			sent = append(sent, p)
		}
	}
	return sent
}

// zone is an authoritative zone.
type zone struct {
	apex  string
	rrs   map[string]map[uint16][]dns.RR
	key   *signer             // nil if it is not signed (signed_test.go)
	sigs  map[string][]dns.RR // by owner and type
	names []string            // of the NSEC records, in canonical order
}

func parseZone(t testing.TB, text string) *zone {
	t.Helper()
	z := &zone{rrs: map[string]map[uint16][]dns.RR{}}
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	p.SetDefaultTTL(3600)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		name := dns.CanonicalName(rr.Header().Name)
		typ := rr.Header().Rrtype
		if typ == dns.TypeSOA {
			z.apex = name
		}
		if z.rrs[name] == nil {
			z.rrs[name] = map[uint16][]dns.RR{}
		}
		z.rrs[name][typ] = append(z.rrs[name][typ], rr)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if z.apex == "" {
		t.Fatalf("zone without SOA: %s", text)
	}
	return z
}

// exists reports whether name has records or names below it.
func (z *zone) exists(name string) bool {
	for n := range z.rrs {
		if n == name || dns.IsSubDomain(name, n) {
			return true
		}
	}
	return false
}

// signed returns the set of a type with the RRSIGs over it, if asked for.
func (z *zone) signed(name string, typ uint16, do bool) []dns.RR {
	set := append([]dns.RR{}, z.rrs[name][typ]...)
	if do && len(set) > 0 {
		for _, sig := range z.rrs[name][dns.TypeRRSIG] {
			if sig.(*dns.RRSIG).TypeCovered == typ {
				set = append(set, sig)
			}
		}
		set = append(set, z.signatures(name, typ, set)...)
	}
	return set
}

// answerFrom is the algorithm of RFC 1034 4.3.2 over zones, with DNAME (RFC 6672 3.2) and wildcards (RFC 4592).
func answerFrom(zones []*zone, m *dns.Msg, name string, typ uint16, do bool) {
	var z *zone
	for _, c := range zones {
		if !dns.IsSubDomain(c.apex, name) || typ == dns.TypeDS && c.apex == name && len(zones) > 1 {
			continue
		}
		if z == nil || len(c.apex) > len(z.apex) {
			z = c
		}
	}
	if z == nil {
		m.Rcode = dns.RcodeRefused
		return
	}
	m.Authoritative = true
	labels := dns.SplitDomainName(name)
	for i := len(labels); i >= 0; i-- { // from the apex down
		n := dns.Fqdn(strings.Join(labels[i:], "."))
		if !dns.IsSubDomain(z.apex, n) {
			continue
		}
		sets := z.rrs[n]
		if len(sets[dns.TypeNS]) > 0 && n != z.apex && !(typ == dns.TypeDS && n == name) {
			z.refer(m, n, do)
			return
		}
		if d := sets[dns.TypeDNAME]; len(d) > 0 && n != name {
			m.Answer = append(m.Answer, z.signed(n, dns.TypeDNAME, do)...)
			target := strings.TrimSuffix(name, n) + strings.TrimPrefix(d[0].(*dns.DNAME).Target, ".")
			if len(target) > 254 {
				m.Rcode = dns.RcodeYXDomain
				return
			}
			m.Answer = append(m.Answer, &dns.CNAME{
				Hdr:    dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: d[0].Header().Ttl},
				Target: target,
			})
			z.chase(zones, m, target, typ, do)
			return
		}
	}
	sets, owner := z.rrs[name], name
	if !z.exists(name) {
		for n := parentOf(name); ; n = parentOf(n) {
			if z.exists(n) {
				sets, owner = z.rrs["*."+strings.TrimPrefix(n, ".")], "*."+strings.TrimPrefix(n, ".")
				break
			}
		}
		if sets == nil {
			m.Rcode = dns.RcodeNameError
			m.Ns = append(m.Ns, z.signed(z.apex, dns.TypeSOA, do)...)
			z.deny(m, do, name, owner)
			return
		}
	}
	if owner != name {
		defer func() { z.deny(m, do, name) }()
	}
	as := func(rrs []dns.RR) {
		for _, rr := range rrs {
			rr = dns.Copy(rr)
			rr.Header().Name = name
			m.Answer = append(m.Answer, rr)
		}
	}
	switch {
	case len(sets[typ]) > 0:
		as(z.signed(owner, typ, do))
	case len(sets[dns.TypeCNAME]) > 0:
		as(z.signed(owner, dns.TypeCNAME, do))
		z.chase(zones, m, dns.CanonicalName(sets[dns.TypeCNAME][0].(*dns.CNAME).Target), typ, do)
	default:
		m.Ns = append(m.Ns, z.signed(z.apex, dns.TypeSOA, do)...)
		z.deny(m, do, owner)
	}
}

// chase goes on with the target of an alias, if it lies in the zone and the chain is not endless.
func (z *zone) chase(zones []*zone, m *dns.Msg, target string, typ uint16, do bool) {
	if !dns.IsSubDomain(z.apex, target) || len(m.Answer) > 40 {
		return
	}
	answerFrom([]*zone{z}, m, target, typ, do)
	m.Authoritative = true
}

func (z *zone) refer(m *dns.Msg, child string, do bool) {
	m.Authoritative = len(m.Answer) > 0
	m.Ns = append(m.Ns, z.rrs[child][dns.TypeNS]...)
	if do {
		m.Ns = append(m.Ns, z.signed(child, dns.TypeDS, true)...)
		if len(z.rrs[child][dns.TypeDS]) == 0 {
			z.deny(m, do, child)
		}
	}
	for _, ns := range z.rrs[child][dns.TypeNS] {
		target := dns.CanonicalName(ns.(*dns.NS).Ns)
		m.Extra = append(m.Extra, z.rrs[target][dns.TypeA]...)
		m.Extra = append(m.Extra, z.rrs[target][dns.TypeAAAA]...)
	}
}

func parentOf(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}

// Faults.

func silent(x *served)      { x.silent = true }
func unreachable(x *served) { x.unreachable = true }

func rcode(code int) fault {
	return func(x *served) {
		x.reply.Rcode, x.reply.Answer, x.reply.Ns, x.reply.Authoritative = code, nil, nil, false
		opt := x.reply.IsEdns0()
		x.reply.Extra = nil
		if opt != nil {
			x.reply.Extra = []dns.RR{opt}
		}
	}
}

// noEDNS answers code, without an OPT record, to all queries with EDNS.
func noEDNS(code int) fault {
	return func(x *served) {
		if x.edns {
			rcode(code)(x)
			x.reply.Extra = nil
		}
	}
}

func truncating(x *served) {
	if !x.tcp {
		x.reply.Truncated, x.reply.Answer, x.reply.Ns = true, nil, nil
	}
}

func noTCP(x *served) {
	if x.tcp {
		x.unreachable = true
	}
}

func lowerCase(x *served) {
	x.reply.Question[0].Name = strings.ToLower(x.reply.Question[0].Name)
}

func ifMixed(f fault) fault {
	return func(x *served) {
		if x.mixed {
			f(x)
		}
	}
}

func ifType(typ uint16, f fault) fault {
	return func(x *served) {
		if x.typ == typ {
			f(x)
		}
	}
}

// first spoils the first n exchanges only.
func first(n int, f fault) fault {
	return func(x *served) {
		if n > 0 {
			n--
			f(x)
		}
	}
}

// says replaces the sections of the reply by records in zone-file form.
func says(aa bool, answer, authority, additional string) fault {
	return func(x *served) {
		m := x.reply
		m.Authoritative, m.Rcode = aa, dns.RcodeSuccess
		m.Answer, m.Ns = records(answer), records(authority)
		opt := m.IsEdns0()
		m.Extra = records(additional)
		if opt != nil {
			m.Extra = append(m.Extra, opt)
		}
	}
}

func records(text string) (rrs []dns.RR) {
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	p.SetDefaultTTL(3600)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if p.Err() != nil {
		panic(p.Err())
	}
	return rrs
}

// soaOf is the SOA record that the tests' zones have.
func soaOf(apex string) string {
	apex = dns.Fqdn(apex)
	return fmt.Sprintf("%s 3600 IN SOA ns. hostmaster. 1 7200 3600 1209600 600\n", apex)
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }

func addrOf(text string) netip.Addr { return netip.MustParseAddr(text) }

// answeredBy returns who gave an answer, the zero Server if nobody did.
func answeredBy(a *record.Answer) record.Server {
	if a.By == nil {
		return record.Server{}
	}
	return *a.By
}

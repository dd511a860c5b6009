package replay

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// roundTrip is how long every server takes to reply, unless its entry sleeps.
const roundTrip = 20 * time.Millisecond

// maxEvents bounds what may happen in one scenario: far above what the resolver's own bounds allow.
const maxEvents = 100_000

// Played is what became of a scenario.
type Played struct {
	Faults  []string // what was otherwise than the scenario says; nil if nothing was
	Trace   []string // what happened, a line each
	Packets int      // sent in all
	Missing int      // of them, those that no entry answered
	Answers []*record.Answer
}

// Play runs the scenario. The seed decides between equally good servers.
func Play(s *Scenario, seed uint64) *Played {
	p := &player{
		s: s, now: step.Time(s.Config.Start.UnixNano()), rng: rand.New(rand.NewPCG(seed, 1)), pending: map[step.Ticket]bool{},
	}
	p.r = resolve.New(s.Config.resolver(rand.New(rand.NewPCG(seed, 2))))
	p.run()
	return &p.Played
}

// resolver returns the resolver's configuration.
func (c *Config) resolver(rng *rand.Rand) resolve.Config {
	cfg := resolve.Config{
		IPv4: c.IPv4, IPv6: c.IPv6, NoMixCase: !c.MixCase, MaxQueries: c.MaxQueries, Retries: c.Retries,
		Anchors: c.Anchors, At: c.At, Lazy: c.Lazy, Policy: c.Policy, Rand: rng,
		Operator: func(server wire.Name) (string, step.OperatorID) {
			return server.Parent().String(), step.OperatorID(len(server))
		},
	}
	for i, addr := range c.Roots {
		name := wire.MustName(fmt.Sprintf("root%d.invalid", i))
		cfg.Roots = append(cfg.Roots, resolve.Root{Name: name, Addrs: []netip.Addr{addr}})
	}
	return cfg
}

// player drives a resolver through a scenario.
type player struct {
	Played
	s   *Scenario
	r   *resolve.Resolver
	rng *rand.Rand
	now step.Time
	at  int // index of the step being carried out

	asks    []step.Ask // that the resolver has made and nobody has looked at yet
	pending map[step.Ticket]bool
	held    []*exchange // packets that wait for a step, in the order sent
	events  eventHeap
	happens int // events so far

	clients []*client // by the order of their questions
}

// client is one QUERY of the scenario.
type client struct {
	resolve.Client
	name    wire.Name
	typ     wire.Type
	entry   *Entry
	answer  *record.Answer
	checked bool
}

// exchange is one packet under way.
type exchange struct {
	packet
	ask  step.Ask
	sent step.Time
}

// event is the end of an ask, at a time.
type event struct {
	at   step.Time
	seq  int
	done step.Event
}

// eventHeap gives events in the order of their times.
type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (p *player) fault(format string, args ...any) {
	p.Faults = append(p.Faults, fmt.Sprintf(format, args...))
}

func (p *player) trace(format string, args ...any) {
	since := p.now.Sub(step.Time(p.s.Config.Start.UnixNano()))
	p.Trace = append(p.Trace, fmt.Sprintf("%8.3fs  ", since.Seconds())+fmt.Sprintf(format, args...))
}

// run carries out the steps in order. After each of them, traffic flows until nothing is left to happen but what later
// steps decide.
func (p *player) run() {
	for p.at = range p.s.Steps {
		st := &p.s.Steps[p.at]
		p.trace("step %d", st.Number)
		p.carryOut(st)
		p.flow(1<<63 - 1)
	}
	for _, c := range p.clients {
		if !c.checked {
			p.fault("the answer to %v %v (line %d) is not checked", c.name, c.typ, c.entry.Line)
		}
	}
	if n := p.r.UnderWay(); n > 0 && len(p.held) == 0 {
		p.fault("%d questions are under way and wait for nothing", n)
	}
	for _, x := range p.held {
		p.fault("nothing became of the query %v", x)
	}
}

func (p *player) carryOut(st *Step) {
	switch st.Kind {
	case Query:
		p.query(&st.Entry)
	case CheckAnswer:
		p.checkAnswer(&st.Entry)
	case TimePasses:
		until := p.now.Add(st.Elapse)
		for _, x := range slices.Clone(p.held) {
			if deadline := x.sent.Add(x.ask.Timeout); deadline <= until {
				p.release(x)
				p.endAt(deadline, x, step.Event{Kind: step.Timeout})
			}
		}
		p.flow(until)
		p.now = max(p.now, until)
	case CheckOutQuery, Reply, Timeout, Error:
		p.outgoing(st)
	}
}

// query asks the resolver on behalf of a new client.
func (p *player) query(e *Entry) {
	c := &client{entry: e, typ: wire.Type(e.Question.Qtype), name: wire.MustName(e.Question.Name)}
	c.ID = uint32(len(p.clients))
	p.clients = append(p.clients, c)
	c.answer = p.r.Ask(p.now, &c.Client, c.name, c.typ, &p.asks)
	p.collect()
}

// outgoing carries out a step about a packet that is held: the first that the step's address and entry fit.
func (p *player) outgoing(st *Step) {
	var x *exchange
	for _, held := range p.held {
		if st.isAbout(held) {
			x = held
			break
		}
	}
	if x == nil {
		p.fault("line %d: no query under way fits step %d; there are %v", st.Line, st.Number, p.held)
		return
	}
	switch {
	case st.Kind == Timeout:
		p.release(x)
		p.endAt(x.sent.Add(x.ask.Timeout), x, step.Event{Kind: step.Timeout})
	case st.Kind == Error:
		p.release(x)
		p.endAt(p.now.Add(roundTrip), x, step.Event{Kind: step.Unreachable})
	case st.Kind == Reply || st.Entry.CopyID: // a CHECK_OUT_QUERY that copies the ID answers, too
		p.release(x)
		p.answer(x, &st.Entry)
	}
}

// isAbout reports whether address and entry of a step fit a packet.
func (st *Step) isAbout(x *exchange) bool {
	return (!st.Addr.IsValid() || x.addr == st.Addr) && (!st.Kind.hasEntry() || st.Entry.matches(&x.packet))
}

func (p *player) release(x *exchange) {
	p.held = slices.DeleteFunc(p.held, func(y *exchange) bool { return y == x })
}

// flow lets packets leave and events happen until there are none up to a time.
func (p *player) flow(until step.Time) {
	for {
		p.send()
		if len(p.events) == 0 || p.events[0].at > until || p.happens > maxEvents {
			break
		}
		p.happens++
		e := heap.Pop(&p.events).(event)
		p.now = max(p.now, e.at)
		e.done.Now = p.now
		delete(p.pending, e.done.Ticket)
		p.r.Handle(&e.done, &p.asks)
		for i := range e.done.Msg { // it is valid during the call only
			e.done.Msg[i] = 0xdb
		}
		p.collect()
	}
	if p.happens > maxEvents {
		p.fault("no end after %d events", maxEvents)
		p.events = nil
	}
}

// collect takes the answers that have become ready.
func (p *player) collect() {
	for {
		res, ok := p.r.Finished()
		if !ok {
			return
		}
		c := p.clients[res.Client.ID]
		if c.answer != nil {
			p.fault("%v %v was answered twice", c.name, c.typ)
		}
		c.answer = res.Answer
	}
}

// send carries out what the resolver asks for.
func (p *player) send() {
	asks := p.asks
	p.asks = nil
	for _, ask := range asks {
		if p.pending[ask.Ticket] {
			p.fault("ticket %d is used twice", ask.Ticket)
		}
		p.pending[ask.Ticket] = true
		if ask.Work != nil {
			ask.Work.Do()
			p.push(p.now, step.Event{Kind: step.Worked, Ticket: ask.Ticket})
			continue
		}
		p.exchange(ask)
	}
	if p.step().Kind.takesPending() {
		return
	}
	for _, x := range slices.Clone(p.held) { // a CHECK_OUT_QUERY looked at it, and no more is to be done
		p.release(x)
		p.deliver(x)
	}
}

// step is the one that comes next, the moment at which packets travel: ranges are looked up by its number. Past the end
// it is one at which nothing happens.
func (p *player) step() *Step {
	if p.at+1 < len(p.s.Steps) {
		return &p.s.Steps[p.at+1]
	}
	return &Step{Number: p.s.Steps[p.at].Number}
}

// exchange sends one packet.
func (p *player) exchange(ask step.Ask) {
	p.Packets++
	x := &exchange{ask: ask, sent: p.now}
	x.addr, x.tcp = ask.Addr, ask.TCP
	x.raw = p.r.AppendQuery(ask.Ticket, uint16(p.rng.Uint32()), nil)
	if ask.MixCase {
		wire.MixCase(x.raw, p.rng.Uint64())
	}
	if err := x.msg.Unpack(x.raw); err != nil {
		p.fault("query to %v cannot be read: %v", x.addr, err)
	}
	p.deliver(x)
}

// deliver lets the entries of the scenario answer a packet, unless the next step is to look at it. What no entry answers
// waits for a step that does, or times out.
func (p *player) deliver(x *exchange) {
	next := p.step()
	e := p.s.find(next.Number, &x.packet)
	switch {
	case next.Kind == CheckOutQuery && next.isAbout(x):
		p.trace("%v: to be looked at", x)
		p.held = append(p.held, x)
	case e != nil:
		p.answer(x, e)
	case next.Kind.takesPending():
		p.trace("%v: held", x)
		p.held = append(p.held, x)
	default:
		p.trace("%v: no entry", x)
		p.Missing++
		p.endAt(x.sent.Add(x.ask.Timeout), x, step.Event{Kind: step.Timeout})
	}
}

// answer ends an exchange by an entry.
func (p *player) answer(x *exchange, e *Entry) {
	p.trace("%v: entry of line %d", x, e.Line)
	deadline, arrival := x.sent.Add(x.ask.Timeout), p.now.Add(roundTrip+e.Sleep)
	if e.Silent || arrival > deadline {
		p.endAt(deadline, x, step.Event{Kind: step.Timeout})
		return
	}
	msg, err := e.reply(&x.packet)
	if err != nil {
		p.fault("line %d: the reply cannot be written: %v", e.Line, err)
		p.endAt(deadline, x, step.Event{Kind: step.Timeout})
		return
	}
	asked, got := wire.QuestionEnd(x.raw), wire.QuestionEnd(msg)
	p.endAt(arrival, x, step.Event{
		Kind: step.Reply, Msg: msg, CaseKept: asked == got && bytes.Equal(x.raw[12:asked], msg[12:got]),
	})
}

// endAt lets an exchange end at a time.
func (p *player) endAt(at step.Time, x *exchange, ev step.Event) {
	ev.Ticket, ev.Sent = x.ask.Ticket, x.sent
	if ev.Kind == step.Reply {
		ev.Arrived = at
	}
	p.push(max(at, p.now), ev)
}

func (p *player) push(at step.Time, ev step.Event) {
	p.happens++
	heap.Push(&p.events, event{at: at, seq: p.happens, done: ev})
}

// String tells server, transport and question.
func (x *exchange) String() string {
	over := "udp"
	if x.tcp {
		over = "tcp"
	}
	what := ""
	if len(x.msg.Question) == 1 {
		what = x.msg.Question[0].Name + " " + wire.Type(x.msg.Question[0].Qtype).String()
	}
	if x.msg.IsEdns0() == nil {
		what += " plain"
	}
	return fmt.Sprintf("%v %s %s", x.addr, over, what)
}

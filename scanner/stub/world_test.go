package stub

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// world is a number of recursive resolvers in virtual time: what each replies to a question is written beside it, and the
// clock is a variable. It does for the Resolver what the engine does.
type world struct {
	t       testing.TB
	r       *Resolver
	now     step.Time
	replies map[string][]string // by "[resolver:]name TYPE[ cd]": the n-th time, and the last for ever
	asked   []string            // "resolver:name TYPE[ cd][ tcp][ plain][ lower][ do]"
	flying  []flight
	results map[*resolve.Client][]*record.Answer
	clients []*resolve.Client
}

// flight is an exchange under way.
type flight struct {
	ask  step.Ask
	sent step.Time
}

// rtt is how long a reply takes.
const rtt = 20 * time.Millisecond

// newWorld returns a world with so many resolvers and a Resolver over them. The text has a reply a line:
//
//	[resolver:]name TYPE[ cd] = FLAGS | answer record; ... | authority record; ...
//
// FLAGS are an RCODE in lower case (none is noerror), ad, nora, tc, plain (without OPT record), lower, silent, unreachable,
// edeN and nsid. Lines for the same question are for the exchanges in order. What is not there is a mistake of the test;
// but the keys of the root are there, with AD, and servers that fail do so for CNAME too.
func newWorld(t testing.TB, resolvers int, text string, change ...func(*Config)) *world {
	w := &world{
		t: t, now: step.Time(1000 * time.Hour), replies: map[string][]string{},
		results: map[*resolve.Client][]*record.Answer{},
	}
	cfg := Config{Rand: rand.New(rand.NewPCG(1, 2))}
	for i := range resolvers {
		cfg.Resolvers = append(cfg.Resolvers, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), uint16(5300+i)))
	}
	for _, c := range change {
		c(&cfg)
	}
	w.r = New(cfg)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		question, reply, ok := strings.Cut(line, "=")
		if !ok {
			t.Fatalf("no reply in %q", line)
		}
		question = strings.TrimSpace(question)
		w.replies[question] = append(w.replies[question], strings.TrimSpace(reply))
	}
	if _, ok := w.replies[". DNSKEY"]; !ok {
		w.replies[". DNSKEY"] = []string{"ad | . DNSKEY 257 3 8 AwEAAQ=="}
	}
	return w
}

// ask starts a question of a client.
func (w *world) ask(c *resolve.Client, name string, typ wire.Type) {
	w.t.Helper()
	var asks []step.Ask
	if a := w.r.Ask(w.now, c, wire.MustName(name), typ, &asks); a != nil {
		w.results[c] = append(w.results[c], a)
	}
	w.clients = append(w.clients, c)
	w.carryOut(asks)
	w.collect()
}

// lookup asks for a new client and runs the world until nothing is under way.
func (w *world) lookup(name string, typ wire.Type) *record.Answer {
	w.t.Helper()
	c := &resolve.Client{}
	w.ask(c, name, typ)
	w.run()
	return w.results[c][0]
}

func (w *world) run() {
	w.t.Helper()
	for len(w.flying) > 0 {
		w.step()
	}
	if n := w.r.UnderWay(); n != 0 || len(w.r.underWay) != 0 || len(w.r.free) != len(w.r.questions) {
		w.t.Fatalf("%d questions are still under way, %d of %d slots free", n, len(w.r.free), len(w.r.questions))
	}
	for _, c := range w.clients {
		if int(c.Cost.Queries) > w.r.cfg.MaxQueries {
			w.t.Errorf("%d packets for one name", c.Cost.Queries)
		}
	}
}

func (w *world) carryOut(asks []step.Ask) {
	for _, ask := range asks {
		if slices.ContainsFunc(w.flying, func(f flight) bool { return f.ask.Ticket == ask.Ticket }) {
			w.t.Fatalf("ticket %d is used twice", ask.Ticket)
		}
		w.flying = append(w.flying, flight{ask: ask, sent: w.now})
	}
}

// step lets the exchange that was sent first come to its end.
func (w *world) step() {
	w.t.Helper()
	f := w.flying[0]
	w.flying = w.flying[1:]
	ev := w.end(f)
	w.now = max(w.now, ev.Now)
	ev.Now = w.now
	var asks []step.Ask
	w.r.Handle(&ev, &asks)
	w.carryOut(asks)
	w.collect()
}

func (w *world) collect() {
	for result, ok := w.r.Finished(); ok; result, ok = w.r.Finished() {
		w.results[result.Client] = append(w.results[result.Client], result.Answer)
	}
}

// end is what becomes of an exchange.
func (w *world) end(f flight) step.Event {
	w.t.Helper()
	msg := w.r.AppendQuery(f.ask.Ticket, 4711, nil)
	query := new(dns.Msg)
	if err := query.Unpack(msg); err != nil || !query.RecursionDesired || !query.AuthenticatedData {
		w.t.Fatalf("query %v: %v", query, err)
	}
	server := int(f.ask.Addr.As4()[3])
	if f.ask.Server != step.ServerID(server) || f.ask.Port != uint16(5300+server) {
		w.t.Errorf("server %d has the address %v, port %d", f.ask.Server, f.ask.Addr, f.ask.Port)
	}
	question := strings.TrimSuffix(query.Question[0].Name, ".") + " " + dns.TypeToString[query.Question[0].Qtype]
	if query.Question[0].Name == "." {
		question = "." + question
	}
	if query.CheckingDisabled {
		question += " cd"
	}
	text := w.reply(server, question)
	log := fmt.Sprintf("%d:%s", server, question)
	opt := query.IsEdns0()
	for _, flag := range []struct {
		word string
		set  bool
	}{{"tcp", f.ask.TCP}, {"plain", opt == nil}, {"lower", !f.ask.MixCase}, {"do", opt != nil && opt.Do()}, {"foreseen", f.ask.Foreseen}} {
		if flag.set {
			log += " " + flag.word
		}
	}
	w.asked = append(w.asked, log)
	if opt != nil && opt.UDPSize() != wire.UDPSize {
		w.t.Errorf("%s offers %d octets", log, opt.UDPSize())
	}

	parts := append(strings.Split(text, "|"), "", "")
	flags := strings.Fields(parts[0])
	has := func(word string) bool { return slices.Contains(flags, word) }
	ev := step.Event{Kind: step.Reply, Ticket: f.ask.Ticket, CaseKept: !has("lower"), Sent: f.sent, Arrived: f.sent.Add(rtt), Now: f.sent.Add(rtt)}
	switch {
	case has("silent"):
		return step.Event{Kind: step.Timeout, Ticket: f.ask.Ticket, Sent: f.sent, Now: f.sent.Add(f.ask.Timeout)}
	case has("unreachable"):
		return step.Event{Kind: step.Unreachable, Ticket: f.ask.Ticket, Sent: f.sent, Now: f.sent.Add(rtt)}
	}
	reply := new(dns.Msg)
	reply.SetReply(query)
	reply.RecursionAvailable, reply.AuthenticatedData = !has("nora"), has("ad")
	reply.Truncated = has("tc") && !f.ask.TCP || has("tctcp")
	if opt != nil && !has("plain") {
		reply.SetEdns0(wire.UDPSize, opt.Do())
	}
	for _, word := range flags {
		if code, ok := dns.StringToRcode[strings.ToUpper(word)]; ok {
			reply.Rcode = code
		}
		if word == "badvers" {
			reply.Rcode = dns.RcodeBadVers
		}
		if number, ok := strings.CutPrefix(word, "ede"); ok && opt != nil {
			code, err := strconv.Atoi(number)
			if err != nil {
				w.t.Fatal(err)
			}
			o := reply.IsEdns0()
			o.Option = append(o.Option, &dns.EDNS0_EDE{InfoCode: uint16(code), ExtraText: "text"})
		}
		if word == "nsid" {
			o := reply.IsEdns0()
			o.Option = append(o.Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: "616263"})
		}
	}
	reply.Answer = w.records(parts[1])
	reply.Ns = w.records(parts[2])
	packed, err := reply.Pack()
	if err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	ev.Msg = packed
	return ev
}

// reply returns what a resolver replies now.
func (w *world) reply(server int, question string) string {
	w.t.Helper()
	for _, k := range []string{fmt.Sprintf("%d:%s", server, question), question} {
		if list := w.replies[k]; len(list) > 0 {
			if len(list) > 1 {
				w.replies[k] = list[1:]
			}
			return list[0]
		}
	}
	if strings.HasSuffix(question, " CNAME") {
		return "servfail ede22"
	}
	w.t.Fatalf("unexpected question %d:%s", server, question)
	return ""
}

// records parses records separated by semicolons. They have a TTL of 300 unless they say otherwise. The owner #name.zone
// is the NSEC3 hash of the name, without salt and iterations.
func (w *world) records(text string) (all []dns.RR) {
	w.t.Helper()
	for line := range strings.SplitSeq(text, ";") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "#"); ok {
			owner, rest, _ := strings.Cut(rest, " ")
			name, zone, _ := strings.Cut(owner, "/")
			line = dns.HashName(dns.Fqdn(name), dns.SHA1, 0, "") + "." + zone + " " + rest
		}
		if rest, ok := strings.CutPrefix(line, "!"); ok { // owner, type as a number, data in hexadecimal
			var number uint16
			rr := &dns.RFC3597{Hdr: dns.RR_Header{Class: dns.ClassINET, Ttl: 300}}
			if _, err := fmt.Sscan(rest, &rr.Hdr.Name, &number, &rr.Rdata); err != nil {
				w.t.Fatal(err)
			}
			rr.Hdr.Rrtype = number
			all = append(all, rr)
			continue
		}
		rr, err := dns.NewRR("$TTL 300\n" + line)
		if err != nil || rr == nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, rr)
	}
	return all
}

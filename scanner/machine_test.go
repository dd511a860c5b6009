package scanner

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// rootWorld is a root server that answers every question itself: all that a machine can be shown without delegations.
// Names with a record exist, with all their ancestors; the types of fails are answered SERVFAIL or not at all.
type rootWorld struct {
	zone  string
	fails map[string]int // "name TYPE" to a response code, or silent
}

const silent = -1

// reply answers a query; nil is silence.
func (w *rootWorld) reply(t *testing.T, query []byte) []byte {
	t.Helper()
	q := new(dns.Msg)
	if err := q.Unpack(query); err != nil {
		t.Fatal(err)
	}
	name, typ := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	r := new(dns.Msg).SetReply(q)
	r.Authoritative = true
	if code, ok := w.fails[strings.TrimSuffix(name, ".")+" "+dns.TypeToString[typ]]; ok {
		if code == silent {
			return nil
		}
		r.Rcode = code
	} else {
		w.answer(t, r, name, typ)
	}
	packed, err := r.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func (w *rootWorld) answer(t *testing.T, r *dns.Msg, name string, typ uint16) {
	t.Helper()
	exists := false
	parser := dns.NewZoneParser(strings.NewReader("$TTL 3600\n"+w.zone), ".", "")
	var records []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	for hops := 0; hops < 4; hops++ {
		alias := ""
		exists = false
		for _, rr := range records {
			owner := rr.Header().Name
			exists = exists || dns.IsSubDomain(name, owner)
			if owner != name {
				continue
			}
			if cname, ok := rr.(*dns.CNAME); ok {
				alias = cname.Target
				r.Answer = append(r.Answer, rr)
			} else if rr.Header().Rrtype == typ {
				r.Answer = append(r.Answer, rr)
			}
		}
		if alias == "" {
			break
		}
		name = alias
	}
	if n := len(r.Answer); n == 0 || r.Answer[n-1].Header().Rrtype != typ {
		soa, _ := dns.NewRR(". 3600 IN SOA a. b. 1 2 3 4 300")
		r.Ns = append(r.Ns, soa)
		if !exists {
			r.Rcode = dns.RcodeNameError
		}
	}
}

// scanOne runs one target through a machine, in virtual time, and returns its record and the questions asked.
func scanOne(t *testing.T, w *rootWorld, target record.Target) (*record.Record, []string) {
	t.Helper()
	return scanWith(t, w, target, resolve.Config{}, MX)
}

// scanWith does that with companions, and DKIM selectors. Of cfg, only bounds and opt-outs count.
func scanWith(t *testing.T, w *rootWorld, target record.Target, cfg resolve.Config, with Companions, selectors ...string) (*record.Record, []string) {
	t.Helper()
	cfg.Roots = []resolve.Root{{Name: wire.MustName("a.root"), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}
	cfg.IPv4 = true
	cfg.Operator = func(wire.Name) (string, step.OperatorID) { return "", 0 }
	in, out := make(chan []record.Target, 1), make(chan delivery, 1)
	in <- []record.Target{target}
	close(in)
	m := &machine{
		resolver: resolve.New(cfg), with: with.whole(), selectors: selectors, room: 1, in: in, out: out,
	}
	m.surveys = m.resolver.(surveys)
	now := step.Time(1)
	var asks []step.Ask
	var asked []string
	for turn := 0; !m.Done(); turn++ {
		if turn > 1000 {
			t.Fatal("the machine does not come to an end")
		}
		m.Admit(now, &asks)
		for len(asks) > 0 {
			ask := asks[0]
			asks = slices.Delete(asks, 0, 1)
			query := m.AppendQuery(ask.Ticket, 7, nil)
			var q dns.Msg
			if err := q.Unpack(query); err != nil {
				t.Fatal(err)
			}
			asked = append(asked, strings.TrimSuffix(q.Question[0].Name, ".")+" "+dns.TypeToString[q.Question[0].Qtype])
			ev := step.Event{Kind: step.Timeout, Ticket: ask.Ticket, CaseKept: true, Sent: now}
			if reply := w.reply(t, query); reply != nil {
				ev.Kind, ev.Msg = step.Reply, reply
				now = now.Add(1e6)
			} else {
				now = now.Add(ask.Timeout)
			}
			ev.Now, ev.Arrived = now, now
			m.Handle(&ev, &asks)
		}
	}
	batch := (<-out).records
	if len(batch) != 1 {
		t.Fatalf("%d records for one target", len(batch))
	}
	return batch[0], asked
}

func TestClimb(t *testing.T) {
	const restricted = `0 issue "ca.example"`
	tests := []struct {
		rule     string
		zone     string
		fails    map[string]int
		name     string
		relevant string // name of the deciding level
		posture  caa.Posture
		climb    string // levels asked
		findings string
	}{
		{
			rule: "R1.3 the name itself", name: "www.example.com",
			zone:     "www.example.com. CAA " + restricted + "\nexample.com. CAA 0 issue \";\"\n",
			relevant: "www.example.com", posture: caa.Restricted, climb: "www.example.com",
		},
		{
			rule: "R1.3 label by label", name: "a.b.example.com",
			zone:     "a.b.example.com. A 192.0.2.1\nexample.com. CAA " + restricted + "\n",
			relevant: "example.com", posture: caa.Restricted, climb: "a.b.example.com b.example.com example.com", findings: "inherited",
		},
		{
			rule: "R1.3 the TLD is asked, the root is not", name: "example.com", zone: "com. CAA " + restricted + "\n. CAA 0 issue \";\"\n",
			relevant: "com", posture: caa.Restricted, climb: "example.com com", findings: "inherited",
		},
		{
			rule: "R1.3 nothing on the path", name: "example.com", zone: "example.com. A 192.0.2.1\n. CAA 0 issue \";\"\n",
			posture: caa.Absent, climb: "example.com com",
		},
		{
			rule: "R1.4 the first non-empty set wins, whatever it holds", name: "www.example.com",
			zone:     "www.example.com. CAA 0 iodef \"mailto:a@b.example\"\nexample.com. CAA " + restricted + "\n",
			relevant: "www.example.com", posture: caa.Open, climb: "www.example.com",
		},
		{
			rule: "R1.6 an alias's set is the name's", name: "www.example.com",
			zone:     "www.example.com. CNAME cdn.example.net.\ncdn.example.net. CAA " + restricted + "\n",
			relevant: "www.example.com", posture: caa.Restricted, climb: "www.example.com", findings: "alias",
		},
		{
			rule: "R1.6 the climb goes on from the name's own parent", name: "www.example.com",
			zone: "www.example.com. CNAME cdn.example.net.\ncdn.example.net. A 192.0.2.1\nexample.net. CAA 0 issue \";\"\n" +
				"example.com. CAA " + restricted + "\n",
			relevant: "example.com", posture: caa.Restricted, climb: "www.example.com example.com", findings: "inherited",
		},
		{
			rule: "R1.9 NXDOMAIN is empty", name: "no.example.com", zone: "example.com. CAA " + restricted + "\n",
			relevant: "example.com", posture: caa.Restricted, climb: "no.example.com example.com", findings: "inherited",
		},
		{
			rule: "R1.9 SERVFAIL is a failure, never absent", name: "www.example.com", zone: "example.com. CAA " + restricted + "\n",
			fails:    map[string]int{"www.example.com CAA": dns.RcodeServerFailure},
			relevant: "www.example.com", posture: caa.Error, climb: "www.example.com example.com",
		},
		{
			rule: "R1.10 a failure below the first set fails the check", name: "a.example.com", zone: "com. CAA " + restricted + "\na.example.com. A 192.0.2.1\n",
			fails:    map[string]int{"example.com CAA": silent},
			relevant: "example.com", posture: caa.Error, climb: "a.example.com example.com com",
		},
		{
			rule: "C3 above a failure the climb goes on to the first set", name: "a.b.example.com",
			zone: "example.com. CAA " + restricted + "\ncom. CAA 0 issue \";\"\na.b.example.com. A 192.0.2.1\n", fails: map[string]int{"b.example.com CAA": dns.RcodeRefused},
			relevant: "b.example.com", posture: caa.Error, climb: "a.b.example.com b.example.com example.com",
		},
		{
			rule: "R1.10 of two failures the lower one counts", name: "a.example.com", zone: "a.example.com. A 192.0.2.1\n",
			fails:    map[string]int{"a.example.com CAA": dns.RcodeRefused, "example.com CAA": dns.RcodeServerFailure},
			relevant: "a.example.com", posture: caa.Error, climb: "a.example.com example.com com",
		},
		{
			rule: "R1.10 a failure above the set is irrelevant", name: "example.com", zone: "example.com. CAA " + restricted + "\n",
			fails:    map[string]int{"com CAA": dns.RcodeRefused},
			relevant: "example.com", posture: caa.Restricted, climb: "example.com",
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			r, _ := scanOne(t, &rootWorld{test.zone, test.fails}, record.Target{Name: test.name, Line: 1})
			relevant := ""
			if r.Relevant >= 0 {
				relevant = r.Climb[r.Relevant].Name.String()
			}
			if relevant != test.relevant || r.Posture[caa.TLS] != test.posture {
				t.Errorf("relevant %q, posture %v; want %q, %v", relevant, r.Posture[caa.TLS], test.relevant, test.posture)
			}
			var climb []string
			for _, level := range r.Climb {
				climb = append(climb, level.Name.String())
			}
			if got := strings.Join(climb, " "); got != test.climb {
				t.Errorf("climbed %q, want %q", got, test.climb)
			}
			var findings []string
			for _, f := range r.CAA.Findings {
				findings = append(findings, string(f))
			}
			if got := strings.Join(findings, " "); got != test.findings {
				t.Errorf("findings %q, want %q", got, test.findings)
			}
			if r.Failed() != (test.posture == caa.Error) {
				t.Errorf("Failed() = %v with posture %v", r.Failed(), test.posture)
			}
		})
	}
}

func TestMail(t *testing.T) {
	tests := []struct {
		what     string
		zone     string
		fails    map[string]int
		mx       record.Outcome
		address  string // outcome of the address look-up, "" if not asked
		exchange string
		asked    string // types asked at the name after CAA
	}{
		{what: "MX by preference, then name", zone: "example.com. MX 20 b.example.com.\nexample.com. MX 10 z.example.com.\nexample.com. MX 10 a.example.com.\n",
			mx: record.Found, exchange: "10 a.example.com, 10 z.example.com, 20 b.example.com", asked: "MX"},
		{what: "null MX (RFC 7505)", zone: "example.com. MX 0 .\n", mx: record.Found, exchange: "0 .", asked: "MX"},
		{what: "implicit MX (RFC 5321 5.1)", zone: "example.com. A 192.0.2.1\n", mx: record.NoData, address: "found", asked: "MX A"},
		{what: "implicit MX over IPv6", zone: "example.com. AAAA 2001:db8::1\n", mx: record.NoData, address: "found", asked: "MX A AAAA"},
		{what: "no MX, no address", zone: "example.com. TXT x\n", mx: record.NoData, address: "nodata", asked: "MX A AAAA"},
		{what: "no such name: NXDOMAIN holds for every type", zone: "example.org. A 192.0.2.1\n", mx: record.NXDomain, asked: ""},
		{what: "MX fails", zone: "example.com. A 192.0.2.1\n", fails: map[string]int{"example.com MX": dns.RcodeServerFailure}, mx: record.ServFail, asked: "MX MX"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			r, asked := scanOne(t, &rootWorld{test.zone, test.fails}, record.Target{Name: "example.com", Line: 1})
			if r.Mail.MX == nil || r.Mail.MX.Outcome != test.mx {
				t.Fatalf("MX %+v, want outcome %v", r.Mail.MX, test.mx)
			}
			address := ""
			if r.Mail.Address != nil {
				address = r.Mail.Address.Outcome.String()
			}
			if address != test.address {
				t.Errorf("address %q, want %q", address, test.address)
			}
			var exchange []string
			for _, mx := range r.Mail.Exchange {
				exchange = append(exchange, fmt.Sprintf("%d %s", mx.Preference, mx.Exchange))
			}
			if got := strings.Join(exchange, ", "); got != test.exchange {
				t.Errorf("exchangers %q, want %q", got, test.exchange)
			}
			var types []string
			for _, question := range asked {
				if typ, ok := strings.CutPrefix(question, "example.com "); ok && typ != "CAA" {
					types = append(types, typ)
				}
			}
			if got := strings.Join(types, " "); got != test.asked {
				t.Errorf("asked %q, want %q", got, test.asked)
			}
		})
	}
}

// TestSharedAnswer: what one answer ends waits as tasks until the writer takes records, and not as records.
func TestSharedAnswer(t *testing.T) {
	const names, room = 2*maxUnwritten*batchSize + 1, maxUnwritten
	w := &rootWorld{zone: "z.org. IN MX 0 ."}
	var targets []record.Target
	for i := range names {
		name := fmt.Sprintf("n%d.z.org", i)
		targets = append(targets, record.Target{Name: name, Registrable: "z.org", Line: int64(i + 1)})
	}
	in, out := make(chan []record.Target, 1), make(chan delivery, room)
	in <- targets
	close(in)
	m := &machine{
		resolver: resolve.New(resolve.Config{
			Roots: []resolve.Root{{Name: wire.MustName("a.root"), Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}, IPv4: true,
			Operator: func(wire.Name) (string, step.OperatorID) { return "", 0 },
		}),
		room: names, in: in, out: out,
	}
	now := step.Time(1)
	var asks []step.Ask
	for m.counters.admitted.Load() < names {
		m.Admit(now, &asks)
	}
	seen := make([]bool, names)
	for len(asks) > 0 {
		ask := asks[0]
		asks = asks[1:]
		reply := w.reply(t, m.AppendQuery(ask.Ticket, 7, nil))
		m.Handle(&step.Event{Kind: step.Reply, Ticket: ask.Ticket, CaseKept: true, Now: now, Arrived: now, Sent: now, Msg: reply}, &asks)
		if made := int(m.counters.finished.Load()); made > (maxUnwritten+room)*batchSize {
			t.Fatalf("%d records and nobody to write them", made)
		}
	}
	if m.busy == 0 {
		t.Fatal("all records are there before anybody takes one")
	}
	check := func(batch []*record.Record) {
		for _, r := range batch {
			if at := r.Target.Line - 1; seen[at] || len(r.Climb) != 3 || r.Relevant != -1 {
				t.Errorf("%s: again %v, %d levels, relevant %d", r.Target.Name, seen[at], len(r.Climb), r.Relevant)
			} else {
				seen[at] = true
			}
		}
	}
	for !m.Done() {
		if len(out) == 0 {
			t.Fatal("names wait to end, and nobody wakes the loop")
		}
		for len(out) > 0 {
			check((<-out).records)
		}
		if m.stalled.Load() {
			m.Admit(now, &asks)
		}
	}
	for len(out) > 0 {
		check((<-out).records)
	}
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("%s has no record", targets[i].Name)
	}
}

package simnet

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// naive is a resolver as simple as can be, over miekg/dns: the second opinion on what the world's servers say. It
// asks one server after the other, knows no cache but that of addresses and cuts, and gives up at the first rule it
// does not know.
type naive struct {
	exchange func(q *dns.Msg, server netip.Addr, tcp bool) (*dns.Msg, error)
	hints    []netip.Addr
	addrs    map[string][]netip.Addr
	cuts     map[string][]string // servers' names by zone
	answers  map[dns.Question]answered
	spread   bool // begin with another server each time
	turn     int
}

type answered struct {
	rrs     []dns.RR
	outcome record.Outcome
}

var (
	errSilent    = errors.New("no reply")
	errMalformed = errors.New("reply cannot be read")
	errReset     = errors.New("connection reset")
)

func newNaive(w *World, exchange func(*dns.Msg, netip.Addr, bool) (*dns.Msg, error)) *naive {
	n := &naive{exchange: exchange, addrs: map[string][]netip.Addr{}, cuts: map[string][]string{}, answers: map[dns.Question]answered{}}
	zp := dns.NewZoneParser(strings.NewReader(string(w.RootHints())), "", "hints")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		switch rr := rr.(type) {
		case *dns.A:
			n.hints = append(n.hints, netip.MustParseAddr(rr.A.String()))
		}
	}
	return n
}

// inProcess asks the world's responder without a network.
func inProcess(w *World) func(*dns.Msg, netip.Addr, bool) (*dns.Msg, error) {
	r := &responder{w: w}
	return func(q *dns.Msg, server netip.Addr, tcp bool) (*dns.Msg, error) {
		at, ok := w.serverAt(server)
		if !ok {
			return nil, errSilent
		}
		ns := &w.servers[at]
		if tcp && ns.fault == tcNoTCP {
			return nil, errReset
		}
		query, err := q.Pack()
		if err != nil {
			return nil, err
		}
		msg, a := r.respond(ns, query, tcp, false, nil)
		if !a.send {
			return nil, errSilent
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(msg); err != nil {
			return nil, errMalformed
		}
		if !reply.Response || reply.Id != q.Id || len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, q.Question[0].Name) {
			return nil, errSilent
		}
		return reply, nil
	}
}

// ask sends one question to one server, over the ladder of fallbacks.
func (n *naive) ask(server netip.Addr, name string, typ uint16, do bool) (*dns.Msg, record.Outcome) {
	q := new(dns.Msg)
	q.SetQuestion(mixCase(name), typ)
	q.RecursionDesired = false
	q.SetEdns0(1232, do)
	tcp := false
	for {
		reply, err := n.exchange(q, server, tcp)
		switch {
		case errors.Is(err, errMalformed):
			return nil, record.Malformed
		case errors.Is(err, errReset):
			return nil, record.Truncated
		case err != nil:
			return nil, record.Timeout
		}
		plain := q.IsEdns0() == nil
		switch {
		case reply.Truncated && !tcp:
			tcp = true
			continue
		case !plain && (reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeBadVers):
			q.Extra = nil
			continue
		case reply.Rcode == dns.RcodeRefused && q.Question[0].Name != name:
			q.Question[0].Name = name
			continue
		}
		switch reply.Rcode {
		case dns.RcodeSuccess, dns.RcodeNameError:
			return reply, record.Found
		case dns.RcodeServerFailure:
			return nil, record.ServFail
		case dns.RcodeRefused:
			return nil, record.Refused
		case dns.RcodeFormatError:
			return nil, record.FormErr
		case dns.RcodeNotImplemented:
			return nil, record.NotImp
		}
		return nil, record.OtherRCode
	}
}

func mixCase(name string) string {
	b := []byte(name)
	for i := 0; i < len(b); i += 2 {
		if 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// askZone asks the servers of a zone until one gives an answer or a referral.
func (n *naive) askZone(zone, name string, typ uint16, depth int) (*dns.Msg, record.Outcome) {
	servers := n.hints
	if zone != "." {
		servers = nil
		for _, host := range n.cuts[zone] {
			servers = append(servers, n.addrsOf(host, depth)...)
		}
	}
	outcome := record.Lame
	if n.spread && len(servers) > 0 {
		n.turn++
		first := n.turn % len(servers)
		servers = slices.Concat(servers[first:], servers[:first])
	}
	for _, server := range servers {
		reply, out := n.ask(server, name, typ, false)
		if out != record.Found {
			outcome = out
			continue
		}
		if !reply.Authoritative && !refersDown(reply, zone, name) {
			outcome = record.Lame
			continue
		}
		return reply, record.Found
	}
	return nil, outcome
}

func refersDown(reply *dns.Msg, zone, name string) bool {
	cut := cutOf(reply)
	return cut != "" && cut != zone && dns.IsSubDomain(zone, cut) && dns.IsSubDomain(cut, name)
}

func cutOf(reply *dns.Msg) string {
	for _, rr := range reply.Ns {
		if ns, ok := rr.(*dns.NS); ok && len(reply.Answer) == 0 {
			return strings.ToLower(ns.Hdr.Name)
		}
	}
	return ""
}

func (n *naive) addrsOf(host string, depth int) []netip.Addr {
	if addrs, ok := n.addrs[host]; ok || depth > 6 {
		return addrs
	}
	var addrs []netip.Addr
	for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		rrs, _ := n.resolve(host, typ, depth+1)
		for _, rr := range rrs {
			switch rr := rr.(type) {
			case *dns.A:
				addrs = append(addrs, netip.MustParseAddr(rr.A.String()))
			case *dns.AAAA:
				addrs = append(addrs, netip.MustParseAddr(rr.AAAA.String()))
			}
		}
	}
	n.addrs[host] = addrs
	return addrs
}

// resolve returns the records of a type at a name, aliases followed.
func (n *naive) resolve(name string, typ uint16, depth int) ([]dns.RR, record.Outcome) {
	key := dns.Question{Name: name, Qtype: typ}
	a, ok := n.answers[key]
	if !ok {
		a.rrs, a.outcome = n.follow(strings.ToLower(dns.Fqdn(name)), typ, depth)
		n.answers[key] = a
	}
	return a.rrs, a.outcome
}

func (n *naive) follow(name string, typ uint16, depth int) ([]dns.RR, record.Outcome) {
	seen := map[string]bool{name: true}
	for links := 0; ; {
		reply, outcome := n.descend(name, typ, depth)
		if outcome != record.Found {
			return nil, outcome
		}
		var found []dns.RR
		start := name
		for changed := true; changed; {
			changed = false
			for _, rr := range reply.Answer {
				if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, name) {
					name, changed = strings.ToLower(c.Target), true
					if links++; seen[name] {
						return nil, record.AliasLoop
					}
					if links > 16 {
						return nil, record.AliasLong
					}
					seen[name] = true
				}
			}
		}
		for _, rr := range reply.Answer {
			if rr.Header().Rrtype == typ && strings.EqualFold(rr.Header().Name, name) {
				found = append(found, rr)
			}
		}
		switch {
		case len(found) > 0:
			return found, record.Found
		case reply.Rcode == dns.RcodeNameError:
			return nil, record.NXDomain
		case name == start || slices.ContainsFunc(reply.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }):
			return nil, record.NoData
		}
	}
}

// descend goes down from the closest known cut until a reply is no referral.
func (n *naive) descend(name string, typ uint16, depth int) (*dns.Msg, record.Outcome) {
	zone := name
	for zone != "." && n.cuts[zone] == nil {
		_, zone, _ = strings.Cut(zone, ".")
		if zone == "" {
			zone = "."
		}
	}
	for {
		reply, outcome := n.askZone(zone, name, typ, depth)
		if outcome != record.Found {
			return nil, outcome
		}
		if reply.Authoritative || !refersDown(reply, zone, name) {
			return reply, record.Found
		}
		zone = cutOf(reply)
		var hosts []string
		for _, rr := range reply.Ns {
			hosts = append(hosts, strings.ToLower(rr.(*dns.NS).Ns))
		}
		n.cuts[zone] = hosts
		for _, rr := range reply.Extra {
			if a, ok := rr.(*dns.A); ok {
				host, addr := strings.ToLower(a.Hdr.Name), netip.MustParseAddr(a.A.String())
				if !slices.Contains(n.addrs[host], addr) {
					n.addrs[host] = append(n.addrs[host], addr)
				}
			}
		}
	}
}

// truth measures what Truth states.
func (n *naive) truth(name string) Truth {
	t := Truth{Name: name, Posture: caa.Uniform(caa.Absent), set: &caaSet{}}
	for level := name; level != "" && !n.level(&t, level); {
		_, level, _ = strings.Cut(level, ".")
	}
	n.mail(&t)
	return t
}

// level looks at one level of the climb and reports whether it ends there.
func (n *naive) level(t *Truth, level string) bool {
	rrs, outcome := n.resolve(level, dns.TypeCAA, 0)
	switch {
	case outcome.Failed():
		t.fail(level, outcome)
		return true
	case slices.ContainsFunc(rrs, func(rr dns.RR) bool { return rr.(*dns.CAA).Tag == "" }): // miekg/dns lets it pass
		t.fail(level, record.Malformed)
		return true
	case len(rrs) == 0:
		return false
	}
	t.Relevant, t.Count = level, len(rrs)
	for _, rr := range rrs {
		c := rr.(*dns.CAA)
		t.set.properties = append(t.set.properties, caa.Property{Flags: c.Flag, Tag: unescape(c.Tag), Value: unescapeMiekg(c.Value)})
	}
	return true
}

func (n *naive) mail(t *Truth) {
	rrs, outcome := n.resolve(t.Name, dns.TypeMX, 0)
	switch {
	case outcome.Failed():
		t.MX = MailError
	case outcome == record.NXDomain:
		t.MX, t.Capable = MailNXDomain, CapableNo
	case outcome == record.NoData:
		t.MX, t.Capable = MailNoData, CapableNo
		for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if rrs, _ := n.resolve(t.Name, typ, 0); len(rrs) > 0 {
				t.Capable = CapableYes
			}
		}
	case len(rrs) == 1 && rrs[0].(*dns.MX).Mx == ".":
		t.MX, t.Capable = MailNullMX, CapableNo
	default:
		t.MX, t.Capable = MailFound, CapableYes
	}
}

// unescapeMiekg undoes the escapes of miekg/dns's presentation: \" and \\ besides \DDD.
func unescapeMiekg(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\' || i+1 == len(text):
			b.WriteByte(text[i])
		case text[i+1] < '0' || text[i+1] > '9':
			i++
			b.WriteByte(text[i])
		default:
			b.WriteString(unescape(text[i : i+4]))
			i += 3
		}
	}
	return b.String()
}

// compare reports how a measured truth differs from the stated one; "" if it does not.
func compare(want, got Truth) string {
	switch {
	case want.Failure != got.Failure || want.FailedAt != got.FailedAt:
		return fmt.Sprintf("failure %v at %q, want %v at %q", got.Failure, got.FailedAt, want.Failure, want.FailedAt)
	case want.Relevant != got.Relevant || want.Count != got.Count:
		return fmt.Sprintf("relevant %q with %d records, want %q with %d", got.Relevant, got.Count, want.Relevant, want.Count)
	case want.MX != got.MX || want.Capable != got.Capable:
		return fmt.Sprintf("mail %v/%v, want %v/%v", got.MX, got.Capable, want.MX, want.Capable)
	case want.Relevant == "" && want.Posture != got.Posture:
		return fmt.Sprintf("posture %v, want %v", got.Posture, want.Posture)
	case want.set != nil && !slices.Equal(want.set.properties, got.set.properties):
		return fmt.Sprintf("records %q, want %q", got.set.properties, want.set.properties)
	}
	return ""
}

// testWorld is a world as the demo has it.
func testWorld(t testing.TB, cfg Config) *World {
	t.Helper()
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

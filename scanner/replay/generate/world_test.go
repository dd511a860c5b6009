package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The moment of the scenarios, and how long signatures hold where nothing else is said.
var (
	at    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	from  = uint32(at.Add(-10 * 24 * time.Hour).Unix())
	until = uint32(at.Add(20 * 24 * time.Hour).Unix())
)

// world is one scenario: zones on servers, how their replies are changed, what is asked and what must come out.
type world struct {
	class, name string
	shows       string // one sentence
	rfc         string
	zones       []*zone
	config      []string            // more lines of CONFIG
	anchors     []string            // trust anchors; nil and the root signed: that of the root
	noAnchor    bool                // none at all
	moment      string              // val-override-date; "" for the usual one
	clock       bool                // signatures are checked against a clock that runs
	noProbes    bool                // no DS entries for the names between
	raw         map[string][]string // ENTRYs written by hand, by address
	edits       []edit
	also        []string              // more questions that servers have entries for
	forced      map[string][]question // questions that a server has entries for although it delegates the name, by address
	steps       []string
	number      int
}

// edit changes replies: those of one server, or all, to one question.
type edit struct {
	addr, question string
	change         func(*dns.Msg)
}

// zone adds a zone on servers, with records relative to it. Its delegation stands in the closest zone above that the
// world has. The names of its servers are ns1, ns2, ... in it.
func (w *world) zone(name, addrs, text string) *zone {
	z := &zone{
		w: w, name: name, addrs: strings.Fields(addrs), sets: map[string]map[uint16][]dns.RR{},
		edits: map[string]signature{}, retyped: map[string][]uint16{}, from: from, until: until,
	}
	z.add("@ SOA ns1 hostmaster 1 7200 3600 1209600 600")
	for i, addr := range z.addrs {
		z.add(fmt.Sprintf("@ NS ns%d\nns%d %s %s", i+1, i+1, addressType(addr), addr))
	}
	z.add(text)
	w.zones = append(w.zones, z)
	return z
}

func addressType(addr string) string {
	if strings.Contains(addr, ":") {
		return "AAAA"
	}
	return "A"
}

// find returns the deepest zone that encloses a name.
func (w *world) find(name string) *zone {
	var found *zone
	for _, z := range w.zones {
		if dns.IsSubDomain(z.name, name) && (found == nil || len(z.name) > len(found.name)) {
			found = z
		}
	}
	return found
}

// delegate writes the delegations of all zones into the zones above.
func (w *world) delegate() {
	for _, z := range w.zones {
		if z.name == "." || z.foreign {
			continue
		}
		above := w.find(parent(z.name))
		for _, ns := range z.sets[z.name][dns.TypeNS] {
			above.put(ns)
			host := dns.CanonicalName(ns.(*dns.NS).Ns)
			if !dns.IsSubDomain(z.name, host) || len(above.sets[host]) > 0 {
				continue
			}
			for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
				for _, rr := range z.sets[host][typ] {
					above.put(rr)
				}
			}
		}
		ds := z.ds
		if ds == nil && !z.noDS {
			for _, k := range z.ksk {
				ds = append(ds, digestOf(k, dns.SHA256))
			}
		}
		for _, rr := range ds {
			above.put(rr)
		}
	}
}

// reply is what the server at an address says to a question.
func (w *world) reply(addr, name string, typ uint16) *dns.Msg {
	m := &dns.Msg{Question: []dns.Question{{Name: name, Qtype: typ, Qclass: dns.ClassINET}}}
	m.Response = true
	var z *zone
	for _, of := range w.zones {
		if slices.Contains(of.addrs, addr) && dns.IsSubDomain(of.name, name) && (z == nil || better(of, z, name, typ)) {
			z = of
		}
	}
	if z == nil {
		m.Rcode = dns.RcodeRefused
	} else {
		z.answer(m, name, typ, 0)
	}
	for _, e := range w.edits {
		if (e.addr == "" || e.addr == addr) && (e.question == "" || e.question == name+" "+dns.TypeToString[typ]) {
			e.change(m)
		}
	}
	return m
}

// better reports whether z rather than other answers: the deeper one, but for the DS at its apex the one above.
func better(z, other *zone, name string, typ uint16) bool {
	atApex := func(z *zone) bool { return typ == dns.TypeDS && z.name == name }
	if atApex(z) != atApex(other) {
		return atApex(other)
	}
	return len(z.name) > len(other.name)
}

// change makes a server, or all with addr "", reply otherwise to a question, or all with question "".
func (w *world) change(addr, question string, change func(*dns.Msg)) {
	w.edits = append(w.edits, edit{addr, question, change})
}

// entry adds an ENTRY written by hand, which comes before all others of the server.
func (w *world) entry(addr, text string) {
	if w.raw == nil {
		w.raw = map[string][]string{}
	}
	w.raw[addr] = append(w.raw[addr], "ENTRY_BEGIN\n"+strings.TrimSpace(text)+"\nENTRY_END\n")
}

// entryOf makes a server answer a question about a name that it delegates.
func (w *world) entryOf(addr, text string, change func(*dns.Msg)) {
	if w.forced == nil {
		w.forced = map[string][]question{}
	}
	name, typ, _ := strings.Cut(text, " ")
	w.forced[addr] = append(w.forced[addr], question{name, dns.StringToType[typ]})
	w.change(addr, text, change)
}

// question is one entry to be written.
type question struct {
	name string
	typ  uint16
}

// questions returns what the server at an address must have entries for: the keys of its zones, the DS records of their
// children, and whatever the questions of the scenario lead to, with a DS for each name that might be a cut.
func (w *world) questions(addr string, asked []question) (qs []question) {
	put := func(name string, typ uint16) {
		if q := (question{name, typ}); !slices.Contains(qs, q) {
			qs = append(qs, q)
		}
	}
	for _, z := range w.zones {
		if !slices.Contains(z.addrs, addr) {
			continue
		}
		if z.name == "." {
			put(z.name, dns.TypeNS) // what other resolvers begin with (RFC 8109)
		}
		if z.isSigned() {
			put(z.name, dns.TypeDNSKEY)
		}
		for name := range z.sets {
			if name == "." || z.cutAbove(name) != name {
				continue
			}
			for n := name; n != z.name; n = parent(n) {
				put(n, dns.TypeDS)
			}
		}
		for _, q := range w.forced[addr] {
			put(q.name, q.typ)
		}
		for _, q := range asked {
			if !dns.IsSubDomain(z.name, q.name) {
				continue
			}
			if cut := z.cutAbove(q.name); cut == "" || cut == q.name && q.typ == dns.TypeDS {
				ends := targets(w.reply(addr, q.name, q.typ))
				if len(ends) > longChain {
					ends = nil
				}
				for _, end := range append(ends, q.name) {
					if !dns.IsSubDomain(z.name, end) || z.cutAbove(end) != "" && end != q.name {
						continue
					}
					put(end, q.typ) // some ask again for what came with the alias
					for n := end; n != z.name && z.isSigned() && !w.noProbes; n = parent(n) {
						put(n, dns.TypeDS)
					}
				}
			}
		}
	}
	slices.SortStableFunc(qs, func(a, b question) int {
		return cmp.Or(compareNames(a.name, b.name), cmp.Compare(a.typ, b.typ))
	})
	return qs
}

// asked returns the questions of the scenario and those about the targets of the aliases that they meet.
func (w *world) asked() (qs []question) {
	for _, text := range w.also {
		name, typ, _ := strings.Cut(text, " ")
		qs = append(qs, question{name, dns.StringToType[typ]})
	}
	for i := 0; i < len(qs); i++ {
		q := qs[i]
		z := w.find(q.name)
		if z == nil {
			continue
		}
		for _, addr := range z.addrs {
			ends := targets(w.reply(addr, q.name, q.typ))
			if len(ends) == 0 {
				continue
			}
			next := question{ends[len(ends)-1], q.typ}
			if w.find(next.name) != z && !slices.Contains(qs, next) {
				qs = append(qs, next)
			}
		}
	}
	return qs
}

// longChain is a number of aliases that nobody follows: their targets are not written.
const longChain = 16

// targets returns where the CNAME records of a reply lead, one after the other.
func targets(m *dns.Msg) (names []string) {
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok {
			names = append(names, dns.CanonicalName(c.Target))
		}
	}
	return names
}

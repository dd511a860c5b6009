package simnet

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// Registries returns the zones that delegate the domains of the list, and those of operators: top-level domains and the
// public suffixes below them, in order.
func (w *World) Registries() []string {
	var all []string
	for _, s := range w.registries() {
		all = append(all, wire.Name(s.apex).String())
	}
	slices.Sort(all)
	return all
}

func (w *World) registries() []*special {
	var all []*special
	for _, t := range w.tlds {
		all = append(all, t.zone)
		if t.suffixZone != nil {
			all = append(all, t.suffixZone)
		}
	}
	return all
}

// WriteZone writes the zone file of a registry as the Centralized Zone Data Service publishes it: a record in full on each
// line, the SOA record first and last, all others in canonical order of their owners (RFC 4034 6.1). It holds what the
// servers say: that is asked of them, delegation by delegation. An NSEC or NSEC3 record that no answer needs is missing.
func (w *World) WriteZone(to io.Writer, apex string) error {
	i := slices.IndexFunc(w.registries(), func(s *special) bool { return wire.Name(s.apex).String() == apex })
	if i < 0 {
		return fmt.Errorf("simnet: %q is no registry", apex)
	}
	d := newDump(w, w.registries()[i])
	d.askApex()
	for _, s := range w.special {
		if w.above(s) == d.zone {
			d.askDelegation(wire.Name(s.apex).String())
		}
	}
	for i := range w.cfg.Names {
		sc := w.scenarioOf(i)
		if sc.undelegate || sc.sibling || sc.unknownTLD {
			continue
		}
		if dom := w.domain(i); dom.tld.registry() == d.zone {
			d.askDelegation(string(dom.label[:]) + "." + apex)
		}
	}
	if d.err != nil {
		return d.err
	}
	return d.write(to)
}

// dump is a zone file in the making.
type dump struct {
	zone    *special
	apex    string // with the final dot
	server  *nameServer
	r       responder
	soa     string
	records map[string]map[string]dns.RR // by owner, then by text
	buf     []byte
	err     error
}

func newDump(w *World, s *special) *dump {
	op := s.ns[0].op
	at := slices.IndexFunc(w.servers, func(ns nameServer) bool { return ns.op == op })
	return &dump{
		zone: s, apex: dns.Fqdn(wire.Name(s.apex).String()), server: &w.servers[at], r: responder{w: w},
		records: map[string]map[string]dns.RR{},
	}
}

// ask asks the server of the zone, over TCP, and keeps what it says of the zone.
func (d *dump) ask(name string, typ uint16) {
	query := new(dns.Msg).SetQuestion(dns.Fqdn(name), typ)
	query.SetEdns0(ednsSize, true)
	msg, err := query.Pack()
	if err != nil {
		d.err = err
		return
	}
	d.buf, _ = d.r.respond(d.server, msg, true, false, d.buf[:0])
	reply := new(dns.Msg)
	if err := reply.Unpack(d.buf); err != nil {
		d.err = err
		return
	}
	for _, rr := range slices.Concat(reply.Answer, reply.Ns, reply.Extra) {
		d.keep(rr)
	}
}

// keep keeps a record of the zone. An SOA record is kept once.
func (d *dump) keep(rr dns.RR) {
	h := rr.Header()
	h.Name = strings.ToLower(h.Name)
	sig, signed := rr.(*dns.RRSIG)
	switch {
	case h.Rrtype == dns.TypeOPT || !dns.IsSubDomain(d.apex, h.Name) || signed && sig.SignerName != d.apex:
		return
	case h.Rrtype == dns.TypeSOA && h.Name != d.apex:
		return
	case h.Rrtype == dns.TypeSOA:
		d.soa = rr.String()
		return
	}
	if d.records[h.Name] == nil {
		d.records[h.Name] = map[string]dns.RR{}
	}
	d.records[h.Name][rr.String()] = rr
}

// apexTypes are the types that stand at the apex of a registry, and one that does not: that is denied.
var apexTypes = [...]uint16{dns.TypeSOA, dns.TypeNS, dns.TypeDNSKEY, dns.TypeNSEC3PARAM, dns.TypeCAA, dns.TypeMX, dns.TypeA, dns.TypeAAAA}

func (d *dump) askApex() {
	for _, typ := range apexTypes {
		d.ask(d.apex, typ)
	}
	for _, h := range d.zone.ns[0].hosts {
		name := wire.Name(h.name).String()
		d.ask(name, dns.TypeA)
	}
}

// askDelegation asks for a delegation from the zone. The servers of a registry serve the public suffix below it too, and
// refer nobody there: its NS records are those at its apex.
func (d *dump) askDelegation(name string) {
	d.ask(name, dns.TypeNS)
	d.ask(name, dns.TypeDS)
}

// write writes the records in order.
func (d *dump) write(to io.Writer) error {
	out := bufio.NewWriter(to)
	line := func(text string) {
		out.WriteString(text)
		out.WriteByte('\n') // a failure stays with the writer
	}
	line(d.soa)
	owners := make([]string, 0, len(d.records))
	for owner := range d.records {
		owners = append(owners, owner)
	}
	slices.SortFunc(owners, func(a, b string) int { return wire.MustName(a).Compare(wire.MustName(b)) })
	for _, owner := range owners {
		texts := make([]string, 0, len(d.records[owner]))
		for text := range d.records[owner] {
			texts = append(texts, text)
		}
		slices.SortFunc(texts, func(a, b string) int {
			return compareRank(d.records[owner][a], d.records[owner][b], a, b)
		})
		for _, text := range texts {
			line(text)
		}
	}
	line(d.soa)
	return out.Flush()
}

// compareRank orders the records of an owner: by type, each RRset before its signatures.
func compareRank(a, b dns.RR, aText, bText string) int {
	rank := func(rr dns.RR) int {
		if sig, ok := rr.(*dns.RRSIG); ok {
			return int(sig.TypeCovered)<<1 | 1
		}
		return int(rr.Header().Rrtype) << 1
	}
	if c := rank(a) - rank(b); c != 0 {
		return c
	}
	return strings.Compare(aText, bText)
}

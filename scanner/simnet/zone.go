package simnet

import (
	"fmt"
	"strings"

	"github.com/caascan/caascan/scanner/wire"
)

// zone is a zone as a responder sees it while it answers one question: where its apex stands in the question's name,
// what it holds, who serves it.
type zone struct {
	shape    *shape
	apex     int       // octets of the question's name before the apex
	hash     uint64    // draws CAA sets and mail
	label    []byte    // stands for "%"
	ns       [2]*group // the second one is nil for most
	vanity   bool
	fault    fault
	tld      *tld // whose delegations the zone holds, for the root nil; see responder.delegated
	sign     signing
	shared   bool      // its data are asked for again and again: signatures are kept
	narrow   bool      // denials are the narrowest, see registry
	registry *registry // nil for zones that go by their shape
	child    *scenario // whose sub-zone lies at the CUT
}

// special is a zone whose apex is part of the world, not of the list: root, TLDs, operators, CDNs.
type special struct {
	apex  string // wire form
	shape *shape
	hash  uint64
	ns    [2]*group
	fault fault
	cdn   bool

	sign      signing
	secure    bool    // all the way from the root
	delegates bool    // root, TLDs, suffixes
	share     float64 // of the zones delegated that are signed
	scheme    *scheme // of CDN zones: nil for those that are not signed
	registry  registry
}

// buildSpecials makes the zones that are not in the list.
func (w *World) buildSpecials() {
	w.special = map[string]*special{}
	root := w.byKind["root"][0]
	w.root = w.addSpecial(".", root.groups[0], "")
	w.root.delegates = true
	w.addSpecial(root.domain, root.groups[0], hostLines(root))
	for _, t := range w.tlds {
		g := t.op.groups[0]
		lines := strings.ReplaceAll(hostLines(t.op), " A ", ".nic A ")
		t.zone = w.addSpecial(t.label, g, lines+caaLine(t.caa))
		if t.suffix != t.label {
			t.suffixZone = w.addSpecial(t.suffix, g, caaLine(t.suffixCAA))
			t.suffixZone.delegates, t.suffixZone.share = true, t.share
			t.zone.shape.at(relative(strings.TrimSuffix(t.suffix, "."+t.label))).cut = true
		}
		t.zone.delegates, t.zone.share = true, t.share
	}
	anchor := w.byKind["anchor"][0].groups[0]
	away := map[string]bool{}
	for _, spec := range kindTable {
		away[spec.kind] = spec.away
	}
	for _, op := range w.operators {
		switch {
		case op.tld == nil || op.kind == "cdn":
		case away[op.kind]:
			w.addSpecial(op.domain, anchor, hostLines(op))
		default:
			w.addSpecial(op.domain, op.groups[0], hostLines(op)+"mx1 A 198.51.100.20\n mx2 A 198.51.100.21\n")
		}
	}
	for i, c := range cdnZones {
		ops := w.byKind[c.by]
		op := ops[i%len(ops)]
		lines := c.zone
		if op.domain == c.apex {
			lines = hostLines(op) + lines
		}
		s := w.addSpecial(c.apex, op.groups[0], lines)
		s.cdn, s.scheme, s.sign.fault = true, c.scheme, c.chain
	}
}

func (w *World) addSpecial(apex string, g *group, lines string) *special {
	s := &special{apex: mustWire(apex), shape: parseShape(lines), ns: [2]*group{g}}
	s.hash = mix(w.cfg.Seed ^ mix(uint64(len(w.special))))
	if w.special[s.apex] != nil {
		panic("internal error: two zones " + apex)
	}
	w.special[s.apex] = s
	return s
}

// hostLines are the addresses of the operator's servers, relative to its domain.
func hostLines(op *operator) string {
	var b strings.Builder
	n := 0
	for _, g := range op.groups {
		for _, h := range g.hosts {
			n++
			typ := "A"
			if h.addr.Is6() {
				typ = "AAAA"
			}
			fmt.Fprintf(&b, "ns%d %s %s\n", n, typ, h.addr)
		}
	}
	return b.String()
}

func caaLine(ref string) string {
	if ref == "" {
		return ""
	}
	return "@ CAA " + ref + "\n"
}

// nowhere is the group of servers whose names do not exist.
var nowhere = &group{hosts: []host{
	newHost(nameServer{name: "gone-1.hoster-00.net", op: &operator{domain: "hoster-00.net"}}),
	newHost(nameServer{name: "gone-2.hoster-00.net", op: &operator{domain: "hoster-00.net"}}),
}}

// zoneOf returns the zone of the registrable domain of index i, whose apex stands apex octets into the question's
// name; ok is false if nobody registered it.
func (w *World) zoneOf(i int, d *domain, sc *scenario, apex int) zone {
	z := zone{shape: sc.shape, apex: apex, hash: d.hash, label: d.label[:], vanity: sc.vanity, fault: sc.fault}
	if sc.noAddress {
		z.ns[0] = nowhere
		z.sign = w.signingOf(sc, d, nil)
		return z
	}
	z.ns[0] = w.draw(sc.by, d.hash).drawGroup(d.hash)
	if sc.dual {
		second := mix(d.hash)
		if z.ns[1] = w.draw(sc.by, second).drawGroup(second); z.ns[1] == z.ns[0] {
			z.ns[1] = nil
		}
	}
	if sc.sub != nil {
		z.child = sc
	}
	z.sign = w.signingOf(sc, d, z.ns[0].op)
	return z
}

// subZone returns the zone below the CUT of a domain's zone, whose owner is cut.
func (w *World) subZone(parent *zone, cut *node) zone {
	sub := parent.child.sub
	z := zone{shape: sub.shape, apex: parent.apex - len(cut.owner), hash: parent.hash, label: parent.label, fault: sub.fault}
	h := mix(parent.hash)
	z.ns[0] = w.draw(sub.by, h).drawGroup(h)
	z.sign = w.subSigning(sub, parent)
	return z
}

// cutZone returns the zone that begins at a CUT of z.
func (r *responder) cutZone(z *zone, cut *node) zone {
	if z.tld != nil {
		return z.tld.suffixZone.asChild(z.apex - len(cut.owner))
	}
	return r.w.subZone(z, cut)
}

// asChild returns a special zone as the zone above knows it.
func (s *special) asChild(apex int) zone { return zone{apex: apex, ns: s.ns, sign: s.sign} }

// servedBy reports whether op serves the zone.
func (z *zone) servedBy(op *operator) bool {
	return z.ns[0].op == op || z.ns[1] != nil && z.ns[1].op == op
}

// zoneOfSpecial returns a special zone whose apex stands apex octets into the question's name. In the zones of CDNs
// it is the label of a domain of the list, among the first labels of the question's name, that decides the draws.
func (w *World) zoneOfSpecial(s *special, q *question, apex int, tenant *domain) zone {
	z := zone{shape: s.shape, apex: apex, hash: s.hash, ns: s.ns, fault: s.fault, sign: s.sign, shared: true}
	if s.delegates && s.sign.signed() {
		z.registry, z.narrow = &s.registry, w.cfg.Names > maxRegistered
	}
	if !s.cdn {
		return z
	}
	for k := 0; k < q.labels && int(q.starts[k]) < apex; k++ {
		if i, ok := w.index(q.label(k)); ok {
			*tenant = w.domain(i)
			z.hash, z.label = tenant.hash, tenant.label[:]
			break
		}
	}
	return z
}

// SOA fields besides the names: serial, refresh, retry, expire, minimum.
var soaNumbers = []byte{
	0x78, 0xc2, 0xa5, 0x31, 0, 0, 0x1c, 0x20, 0, 0, 0x0e, 0x10, 0, 0x12, 0x75, 0, 0, 0, ttlNegative >> 8, ttlNegative & 0xff,
}

var soaHead = rrHead(wire.TypeSOA, ttlNegative)

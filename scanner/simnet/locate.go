package simnet

import "github.com/caascan/caascan/scanner/wire"

// locate returns the zone from which the name server answers the question: the closest one to the name that it
// serves. served is false if it serves none.
func (r *responder) locate(ns *nameServer) (z zone, served bool) {
	q := &r.q
	switch ns.role {
	case serveRoot:
		if s, apex := r.specialAbove(ns.op); s != nil {
			return r.w.zoneOfSpecial(s, q, apex, &r.tenant), true
		}
		return r.w.zoneOfSpecial(r.w.root, q, q.size-1, &r.tenant), true
	case serveTLD:
		return r.locateTLD(ns.tld)
	default:
		return r.locateLeaf(ns.op)
	}
}

// locateTLD: the servers of a TLD serve it and, if there is one, the public suffix below it.
func (r *responder) locateTLD(t *tld) (z zone, served bool) {
	q := &r.q
	if q.labels == 0 || string(q.label(q.labels-1)) != t.label {
		return z, false
	}
	s, apex := t.zone, int(q.starts[q.labels-1])
	if t.suffixZone != nil && q.size >= t.apexLen && q.labels >= 2 && string(q.name[q.size-t.apexLen:q.size]) == t.suffixZone.apex {
		if at := int(q.starts[q.labels-2]); at == q.size-t.apexLen && !(at == 0 && q.typ == wire.TypeDS) {
			s, apex = t.suffixZone, at
		}
	}
	z = r.w.zoneOfSpecial(s, q, apex, &r.tenant)
	z.tld = t
	return z, true
}

// locateLeaf: zones of the list, of operators and of CDNs.
func (r *responder) locateLeaf(op *operator) (z zone, served bool) {
	q := &r.q
	if s, apex := r.specialAbove(op); s != nil {
		return r.w.zoneOfSpecial(s, q, apex, &r.tenant), true
	}
	apex, t := r.registrable()
	if t == nil {
		return z, false
	}
	z, ok := r.w.registered(q, apex, t, &r.tenant)
	if !ok {
		return z, false
	}
	if z.child != nil {
		if sub, ok := r.locateSub(&z, op); ok {
			return sub, true
		}
	}
	return z, z.servedBy(op)
}

// locateSub returns the sub-zone of z if the question lies in it and op serves it. DS at its apex belongs to the
// parent (RFC 4035 3.1.4.1), if op serves that too.
func (r *responder) locateSub(z *zone, op *operator) (zone, bool) {
	rel := r.q.name[:z.apex]
	for i := range z.shape.nodes {
		n := &z.shape.nodes[i]
		if !n.cut {
			continue
		}
		_, under := below(rel, n.owner)
		if under || string(rel) == n.owner && (r.q.typ != wire.TypeDS || !z.servedBy(op)) {
			sub := r.w.subZone(z, n)
			return sub, sub.servedBy(op)
		}
	}
	return zone{}, false
}

// registrable returns where the registrable domain of the question's name begins, and the TLD it is under; nil if the
// name has none.
func (r *responder) registrable() (apex int, t *tld) {
	q := &r.q
	if q.labels < 2 {
		return 0, nil
	}
	t = r.w.tldOf[string(q.label(q.labels-1))]
	if t == nil {
		return 0, nil
	}
	k := q.labels - 2
	if t.suffixZone != nil {
		if k--; k < 0 || string(q.name[q.starts[k+1]:q.size]) != t.suffixZone.apex {
			return 0, nil
		}
	}
	return int(q.starts[k]), t
}

// registered returns the zone of the list whose apex stands apex octets into the question's name, if it exists and is
// under t.
func (w *World) registered(q *question, apex int, t *tld, d *domain) (z zone, ok bool) {
	i, ok := w.index(q.name[apex+1 : apex+1+int(q.name[apex])])
	if !ok {
		return z, false
	}
	sc := w.scenarioOf(i)
	if sc.undelegate || sc.sibling {
		return z, false
	}
	if *d = w.domain(i); d.tld != t {
		return z, false
	}
	return w.zoneOf(i, d, sc, apex), true
}

// specialAbove returns the special zone of op, with two or three labels, that the question's name lies in, and where
// its apex begins.
func (r *responder) specialAbove(op *operator) (*special, int) {
	q := &r.q
	if q.labels < 2 {
		return nil, 0
	}
	apex := int(q.starts[q.labels-2])
	if s := r.w.special[string(q.name[apex:q.size])]; s != nil && s.ns[0].op == op {
		return s, apex
	}
	return nil, 0
}

// delegated returns the zone that the question lies in, if z is the root or the zone of a TLD and that zone is below it.
// Referrals to it carry the addresses of those servers whose names lie within glue; of none if that is "".
func (r *responder) delegated(z *zone) (child zone, glue string, ok bool) {
	q := &r.q
	if z.shape == r.w.root.shape {
		return r.delegatedTLD()
	}
	if z.tld == nil || z.apex == 0 {
		return zone{}, "", false
	}
	t := z.tld
	if child, ok = r.delegatedDomain(z, t); ok && (t.glue || child.namedWithin(q)) {
		glue = t.zone.apex
	}
	return child, glue, ok
}

// delegatedTLD is delegated for the root.
func (r *responder) delegatedTLD() (child zone, glue string, ok bool) {
	q := &r.q
	if q.labels == 0 {
		return zone{}, "", false
	}
	t := r.w.tldOf[string(q.label(q.labels-1))]
	if t == nil {
		return zone{}, "", false
	}
	return t.zone.asChild(int(q.starts[q.labels-1])), "\x00", true
}

// delegatedDomain returns the zone below the zone of a TLD that the question lies in.
func (r *responder) delegatedDomain(z *zone, t *tld) (zone, bool) {
	q := &r.q
	k := q.labels - 1
	for int(q.starts[k]) >= z.apex {
		k--
	}
	apex := int(q.starts[k])
	if s := r.w.special[string(q.name[apex:q.size])]; s != nil && s != t.suffixZone {
		return s.asChild(apex), true
	}
	if at, under := r.registrable(); under != t || at != apex {
		return zone{}, false
	}
	return r.w.registered(q, apex, t, &r.tenant)
}

// namedWithin reports whether the names of servers of the zone lie within it, so that their addresses are needed.
// TLDs without glue for all give it then (RFC 9471).
func (z *zone) namedWithin(q *question) bool {
	if z.vanity {
		return true
	}
	for _, g := range z.ns {
		if g != nil && g.hosts[0].owner == string(q.name[z.apex:q.size]) {
			return true
		}
	}
	return false
}

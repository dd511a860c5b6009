package farm

import "github.com/caascan/caascan/scanner/wire"

// responder makes replies. It belongs to one goroutine.
type responder struct {
	w *World
	q query
	reply
	tcp bool
}

// respond returns the reply of the server with an index to the query that r.q holds, made in buf.
func (r *responder) respond(buf []byte, server int) []byte {
	q := &r.q
	r.begin(buf, q)
	switch k := server - 1 - r.w.cfg.TLDs; {
	case server == 0:
		r.respondRoot()
	case k < 0:
		r.respondTLD(server - 1)
	default:
		r.respondLeaf(k)
	}
	return r.end(q, r.tcp)
}

// limited returns what a server says instead of an answer.
func (r *responder) limited(buf []byte, over Over) []byte {
	r.begin(buf, &r.q)
	r.clearAA()
	switch over {
	case Refused:
		r.setFlags(0, wire.Refused)
	case ServFail:
		r.setFlags(0, wire.ServFail)
	case Truncate:
		r.setFlags(wire.FlagTC, 0)
	}
	return r.end(&r.q, r.tcp)
}

// refuse: the zone is not held here.
func (r *responder) refuse() {
	r.clearAA()
	r.setFlags(0, wire.Refused)
}

func (r *responder) respondRoot() {
	q := &r.q
	above := apex{at: rootAt, upper: -1}
	switch {
	case q.labels == 0:
		r.atApex(above, func() { r.name(rootHost, rootAt) })
	case q.tld < 0 && q.own && q.labels == 1:
		r.atHost(above, rootHost, rootAddr)
	case q.tld < 0:
		r.nxDomain(above)
	case q.labels == 1 && q.typ == wire.TypeDS:
		r.delegationSigner(above, q.tld)
	default:
		r.refer(above, q.at[0], q.tld)
	}
}

func (r *responder) respondTLD(tld int) {
	q := &r.q
	above := apex{at: q.at[0], upper: tld}
	switch {
	case q.tld != tld:
		r.refuse()
	case q.labels == 1:
		r.atApex(above, func() { r.name(tldHost, above.at) })
	case q.zone >= 0 && q.labels == 2 && q.typ == wire.TypeDS:
		r.delegationSigner(above, q.zone)
	case q.zone >= 0:
		r.refer(above, q.at[1], q.zone)
	case q.labels == 2 && q.own:
		r.atHost(above, tldHost, r.w.addrOf(r.w.tldServer(tld)))
	case q.labels == 2 && q.host >= 0:
		r.atHost(above, label('s', q.host), r.w.addrOf(r.w.leafServer(q.host)))
	default:
		r.nxDomain(above)
	}
}

func (r *responder) respondLeaf(server int) {
	q := &r.q
	if q.zone < 0 || r.w.serverOf(q.zone) != server {
		r.refuse()
		return
	}
	own := apex{at: q.at[1], zone: true}
	switch {
	case q.labels == 2 && q.typ == wire.TypeCAA && !r.w.cfg.Below:
		r.caa(own, q.zone)
	case q.labels == 2:
		r.atApex(own, func() { r.numbered('s', server, q.at[0]) })
	case q.leaf >= 0 && q.typ == wire.TypeCAA:
		r.caa(own, q.leaf)
	case q.leaf >= 0:
		r.noData(own)
	default:
		r.nxDomain(own)
	}
}

// apex is the zone that a reply comes from.
type apex struct {
	at    int  // where its name is in the message; rootAt for the root
	upper int  // top-level domain, or -1 for the root
	zone  bool // neither: the leaf zone of the query
}

// signs reports whether the zone is signed and the query asks for the signatures.
func (r *responder) signs(a apex) bool {
	return r.q.do && r.w.secur != nil && (!a.zone || r.w.cfg.Security == Signed)
}

// atApex answers a question about the apex of a zone; ns writes the name of its server.
func (r *responder) atApex(a apex, ns func()) {
	owner := a.at
	switch r.q.typ {
	case wire.TypeSOA:
		r.soa(owner)
	case wire.TypeNS:
		r.owned(owner, wire.TypeNS)
		ns()
		r.close()
	case wire.TypeDNSKEY:
		if r.w.secur == nil || a.zone && r.w.cfg.Security != Signed {
			r.noData(a)
			return
		}
		r.owned(owner, wire.TypeDNSKEY)
		r.buf = r.w.secur.appendKey(r.buf, r.q.zone, a)
		r.close()
	default:
		r.noData(a)
		return
	}
	if r.signs(a) {
		r.sign(a, owner, r.q.typ)
	}
}

// atHost answers a question about the name of a server, which is one label below the apex and the whole question.
func (r *responder) atHost(a apex, name string, addr uint32) {
	if r.q.typ != wire.TypeA {
		r.noDataAt(a, name)
		return
	}
	r.rr(headerSize, wire.TypeA)
	r.address(addr)
	if r.signs(a) {
		r.signHost(a, name, addr)
	}
}

// caa answers with the set of a name, or says that it has none.
func (r *responder) caa(a apex, name int) {
	set := r.w.setOf(name)
	if set < 0 {
		r.noData(a)
		return
	}
	r.rr(headerSize, wire.TypeCAA)
	r.buf = append(r.buf, setData[set]...)
	r.close()
	if r.signs(a) {
		r.sign(a, headerSize, wire.TypeCAA)
	}
}

// refer refers to the zone child of a, whose name is at an octet of the message (RFC 1034 4.3.2 3b).
func (r *responder) refer(a apex, child, number int) {
	r.clearAA()
	r.section = &r.authorities
	r.rr(child, wire.TypeNS)
	ns := len(r.buf)
	var addr uint32
	if a.at == rootAt {
		r.name(tldHost, child)
		addr = r.w.addrOf(r.w.tldServer(number))
	} else {
		server := r.w.serverOf(number)
		r.numbered('s', server, a.at)
		addr = r.w.addrOf(r.w.leafServer(server))
	}
	r.close()
	if r.signs(a) {
		r.proveDelegation(a, child, number)
	}
	r.section = &r.additional
	r.rr(ns, wire.TypeA)
	r.address(addr)
}

// delegationSigner answers a question for the DS of a child of the zone, whose name is the question's.
func (r *responder) delegationSigner(a apex, number int) {
	if !r.w.signedBelow(a) {
		r.noDataAt(a, r.w.childLabel(a, number))
		return
	}
	r.rr(headerSize, wire.TypeDS)
	r.buf = r.w.secur.appendDS(r.buf, a, number)
	r.close()
	if r.signs(a) {
		r.signDS(a, headerSize, number)
	}
}

// noData says that the name of the question has no records of the type; it is the apex, or a name below that of a leaf
// zone, of which only unsigned ones have any.
func (r *responder) noData(a apex) { r.noDataAt(a, "") }

// noDataAt says that a name has no records of the type (RFC 2308 2.2). The name is one label below the apex, or the apex.
func (r *responder) noDataAt(a apex, name string) {
	r.negative(a)
	if r.signs(a) {
		r.deny(a, name)
	}
}

// nxDomain says that the name of the question does not exist (RFC 2308 2.1).
func (r *responder) nxDomain(a apex) {
	r.setFlags(0, wire.NXDomain)
	r.negative(a)
	if r.signs(a) {
		r.denyName(a)
	}
}

func (r *responder) negative(a apex) {
	r.section = &r.authorities
	r.soa(a.at)
	if r.signs(a) {
		r.sign(a, a.at, wire.TypeSOA)
	}
}

package simnet

import (
	"encoding/binary"
	"time"

	"github.com/caascan/caascan/scanner/wire"
)

// maxChase bounds the aliases that a name server follows within a zone, in one reply.
const maxChase = 8

// The slow servers answer after slowMin to slowMax, by a hash of the question.
const (
	slowMin = 300 * time.Millisecond
	slowMax = 900 * time.Millisecond
)

// responder answers questions, one at a time. It holds what one question needs, so that answering allocates nothing.
type responder struct {
	w      *World
	q      question
	reply  reply
	tenant domain
	rel    [wire.MaxName]byte // of the alias being followed
	signer signer
}

// after says what is to be done with a reply.
type after struct {
	send  bool          // there is a reply
	stray bool          // a reply with another ID goes first
	delay time.Duration // before it is sent
}

// respond appends the reply of name server ns to the query msg to buf. limited says that the server's limit on the
// rate has been passed.
func (r *responder) respond(ns *nameServer, msg []byte, tcp, limited bool, buf []byte) ([]byte, after) {
	f := ns.fault
	if f == silent || limited && f == limitSilent {
		return buf, after{}
	}
	q, p := &r.q, &r.reply
	verdict := q.parse(msg)
	if verdict == notAQuery {
		return buf, after{}
	}
	if f == ednsIgnored {
		q.edns, q.do = false, false
	}
	p.begin(buf, q)
	switch verdict {
	case readable:
		return r.answer(ns, f, tcp, limited)
	case otherVersion:
		return r.badVersion(ns)
	case notReadable:
		q.edns = false
		return r.code(ns, wire.FormErr, tcp)
	case otherOpcode:
		q.edns = false
		return r.code(ns, wire.NotImp, tcp)
	default:
		return r.code(ns, wire.Refused, tcp)
	}
}

// answer is respond for questions that can be read.
func (r *responder) answer(ns *nameServer, f fault, tcp, limited bool) ([]byte, after) {
	q := &r.q
	z, served := r.locate(ns)
	if served && z.fault != healthy {
		f = z.fault
	}
	if f != healthy {
		if msg, a, done := r.distort(ns, f, tcp, limited); done {
			return msg, a
		}
	}
	if !served {
		return r.code(ns, wire.Refused, tcp)
	}
	if r.signs(&z) {
		r.signer.begin(z.sign.fault == forgedAtOne && ns.addr != z.ns[0].hosts[0].addr)
	}
	r.content(&z)
	r.closeWildcards(&z)
	a := after{send: true}
	switch f {
	case nonAuth:
		r.reply.setFlags(r.reply.flags()&^wire.FlagAA | wire.FlagRA)
	case noSOA:
		r.dropSOA()
	case stray:
		a.stray = true
	case slow:
		a.delay = slowMin + time.Duration(mix(uint64(q.typ)^uint64(len(q.msg))^hashOctets(q.name[:q.size]))%uint64(slowMax-slowMin))
	}
	if ns.role == serveLeaf {
		a.delay += r.w.cfg.Delay
	}
	msg := r.reply.finish(q, ns, tcp)
	switch f {
	case lowerCase:
		copy(msg[r.reply.base+headerSize:], q.name[:q.size])
	case qrClear:
		msg[r.reply.base+2] &^= 0x80
	case wrongQuestion:
		if q.labels > 0 {
			msg[r.reply.base+headerSize+1] ^= 1
		}
	}
	return msg, a
}

// distort makes the replies that have nothing to do with the content of a zone. done is false if the content is
// needed.
func (r *responder) distort(ns *nameServer, f fault, tcp, limited bool) (msg []byte, a after, done bool) {
	q := &r.q
	if f.spares(q.typ) {
		return nil, a, false
	}
	code := wire.NoError
	switch f {
	case dropCAA, dropDNSKEY:
		return r.reply.buf, a, true
	case servFail, servFailCAA, servFailDNSKEY:
		code = wire.ServFail
	case notImpCAA:
		code = wire.NotImp
	case refused:
		code = wire.Refused
	case notAuth:
		code = 9
	case formErr:
		q.edns = false
		code = wire.FormErr
	case ednsFormErr:
		if !q.edns {
			return nil, a, false
		}
		q.edns = false
		code = wire.FormErr
	case ednsBadVers:
		if !q.edns {
			return nil, a, false
		}
		msg, a = r.badVersion(ns)
		return msg, a, true
	case mixedRefused:
		if !q.mixed {
			return nil, a, false
		}
		code = wire.Refused
	case limitRefused:
		if !limited {
			return nil, a, false
		}
		code = wire.Refused
	case tcAlways, tcNoTCP, limitTC:
		if tcp || f == limitTC && !limited {
			return nil, a, false
		}
		r.reply.setFlags(r.reply.flags() | wire.FlagAA | wire.FlagTC)
		return r.reply.finish(q, ns, tcp), after{send: true}, true
	case upward:
		root := zone{apex: q.size - 1, ns: r.w.root.ns}
		r.reply.appendNS(&root, wire.Authority)
		r.reply.appendGlue(&root, "\x00")
		return r.reply.finish(q, ns, tcp), after{send: true}, true
	case overrun:
		return r.overrun(), after{send: true}, true
	default:
		return nil, a, false
	}
	msg, a = r.code(ns, code, tcp)
	return msg, a, true
}

// code finishes a reply that consists of a response code.
func (r *responder) code(ns *nameServer, code wire.RCode, tcp bool) ([]byte, after) {
	r.reply.setRCode(code)
	r.reply.ede = code == wire.Refused
	a := after{send: true}
	if ns.role == serveLeaf {
		a.delay = r.w.cfg.Delay
	}
	return r.reply.finish(&r.q, ns, tcp), a
}

// badVersion finishes a reply with BADVERS, which needs the upper bits in the OPT record (RFC 6891 6.1.3).
func (r *responder) badVersion(ns *nameServer) ([]byte, after) {
	r.reply.appendOPT(&r.q, ns, byte(wire.BadVers>>4))
	return r.reply.close(), after{send: true}
}

// overrun finishes a reply whose one record claims more data than the message has.
func (r *responder) overrun() []byte {
	p := &r.reply
	p.setFlags(p.flags() | wire.FlagAA)
	p.owner(headerSize)
	p.buf = binary.BigEndian.AppendUint16(p.buf, uint16(r.q.typ))
	p.buf = append(p.buf, 0, wire.ClassIN, 0, 0, ttlRecord>>8, ttlRecord&0xff, 0x03, 0xe8, 0, 5)
	p.buf = append(p.buf, "issueca.example"...)
	return p.close()
}

// dropSOA takes the authority section out of an empty answer.
func (r *responder) dropSOA() {
	p := &r.reply
	if p.counts[wire.Answer] == 0 && p.counts[wire.Authority] == 1 && p.flags()&wire.FlagAA != 0 {
		p.buf = p.buf[:p.base+r.q.end]
		p.counts[wire.Authority] = 0
	}
}

// content writes what the zone z has for the question (RFC 1034 4.3.2), which lies in it.
func (r *responder) content(z *zone) {
	q, p := &r.q, &r.reply
	p.setFlags(p.flags() | wire.FlagAA)
	if child, glue, ok := r.delegated(z); ok {
		if q.typ == wire.TypeDS && child.apex == 0 { // it is the parent's (RFC 4035 3.1.4.1)
			r.answerDS(z, &child)
		} else {
			r.refer(z, &child, glue)
		}
		return
	}
	if z.apex == 0 && r.answersApex(z) {
		return
	}
	rel, owner := q.name[:z.apex], uint16(headerSize)
	for links := 0; links < maxChase; links++ {
		if z.shape.deep {
			next, ok := r.above(z, rel, owner)
			if !ok {
				return
			}
			if next != nil {
				rel, owner = next, p.offset()-uint16(len(next)+2)
				continue
			}
		}
		n := z.shape.locate(rel)
		switch {
		case n == nil:
			p.setRCode(wire.NXDomain)
			r.appendSOA(z, wire.Authority)
			if r.signs(z) {
				r.nxDomain(z, rel)
			}
			return
		case n.cut: // and the question is for DS
			child := r.cutZone(z, n)
			r.answerDS(z, &child)
			return
		case r.answers(z, n, rel, owner):
			return
		}
		alias := n.rrset(wire.TypeCNAME)
		if alias == nil {
			r.appendSOA(z, wire.Authority)
			if r.signs(z) {
				r.noData(z, rel, n)
			}
			return
		}
		end := r.appendRRset(z, alias, n, rel, owner)
		target := &alias.rrs[0]
		if !target.inZone || target.tenant || target.name == string(q.name[:z.apex]) { // the last one: a loop
			return
		}
		rel = append(r.rel[:0], target.name...)
		owner = end - uint16(len(rel)+2)
	}
}

// answersApex writes what only stands at the apex of a zone, if the question is for that, and reports whether it is.
func (r *responder) answersApex(z *zone) bool {
	p := &r.reply
	switch r.q.typ {
	case wire.TypeNS:
		start := len(p.buf)
		p.appendNS(z, wire.Answer)
		r.sign(z, start, nil, z.sign.fault)
	case wire.TypeSOA:
		r.appendSOA(z, wire.Answer)
	case wire.TypeDNSKEY:
		if !z.sign.signed() {
			return false
		}
		r.appendKeys(z)
	case wire.TypeNSEC3PARAM:
		if !z.sign.signed() || !z.sign.scheme.denial.hashes() {
			return false
		}
		r.appendNSEC3PARAM(z)
	default:
		return false
	}
	return true
}

// refer writes the referral from z to the zone child (RFC 4035 3.1.4); glue is as delegated returns it.
func (r *responder) refer(z, child *zone, glue string) {
	p := &r.reply
	p.setFlags(p.flags() &^ wire.FlagAA)
	p.appendNS(child, wire.Authority)
	if r.signs(z) {
		if child.sign.delegated() {
			r.appendDS(z, child)
		} else {
			r.noDS(z, r.q.name[child.apex:z.apex], child)
		}
	}
	if glue != "" {
		p.appendGlue(child, glue)
	}
}

// answerDS answers a question for DS at the zone child from the zone z above it.
func (r *responder) answerDS(z, child *zone) {
	if z.sign.signed() && child.sign.delegated() {
		r.appendDS(z, child)
		return
	}
	r.appendSOA(z, wire.Authority)
	if r.signs(z) {
		r.noDS(z, r.q.name[child.apex:z.apex], child)
	}
}

// appendSOA writes the SOA record of a zone, signed if asked for.
func (r *responder) appendSOA(z *zone, section wire.Section) {
	start := len(r.reply.buf)
	r.reply.appendSOA(z, section)
	r.sign(z, start, nil, z.sign.fault)
}

// appendRRset writes an RRset of node n, which answers for the name rel, signed if asked for. It returns where the
// RRset ends, and its signatures begin.
func (r *responder) appendRRset(z *zone, set *rrset, n *node, rel []byte, owner uint16) (end uint16) {
	start := len(r.reply.buf)
	r.reply.appendRRset(z, owner, set)
	end = r.reply.offset()
	if !r.signs(z) || len(r.reply.buf) == start {
		return end
	}
	wild := z.expanded(n, rel)
	r.sign(z, start, wild, z.sign.fault)
	if wild != nil {
		r.noteWildcard(rel, wild)
	}
	return end
}

// answers writes the RRset of the type asked for of node n, which answers for the name rel, and reports whether there
// is one.
func (r *responder) answers(z *zone, n *node, rel []byte, owner uint16) bool {
	typ, sets := r.q.typ, n.sets
	switch {
	case n.mail && (typ == wire.TypeMX || typ == wire.TypeA || typ == wire.TypeAAAA):
		sets = r.w.mails[z.hash>>mailShift].sets
	case typ == wire.TypeNSEC && z.sign.signed() && !z.sign.scheme.denial.hashes():
		before := len(r.reply.buf)
		r.match(z, rel, n.id)
		return len(r.reply.buf) > before
	}
	for i := range sets {
		if set := &sets[i]; set.typ == typ {
			if set.servfail {
				r.reply.setFlags(r.reply.flags() &^ wire.FlagAA)
				r.reply.setRCode(wire.ServFail)
			} else {
				r.appendRRset(z, set, n, rel, owner)
			}
			return true
		}
	}
	return false
}

// above deals with what stands above the name rel in a zone, or at it, and changes the answer: a cut, for which it
// writes the referral, or a DNAME, for which it writes that and the CNAME made from it. ok is false if the reply is
// complete. next is the name to go on with, if a DNAME led to another name of the zone.
func (r *responder) above(z *zone, rel []byte, owner uint16) (next []byte, ok bool) {
	p := &r.reply
	for i := range z.shape.nodes {
		n := &z.shape.nodes[i]
		if !n.cut && n.dname == nil {
			continue
		}
		at, under := below(rel, n.owner)
		switch {
		case n.cut && (under || string(rel) == n.owner && r.q.typ != wire.TypeDS):
			if p.counts[wire.Answer] == 0 {
				child := r.cutZone(z, n)
				r.refer(z, &child, "")
			}
			return nil, false
		case n.dname != nil && under:
			return r.redirect(z, n, rel[:at], owner)
		}
	}
	return nil, true
}

// redirect writes a DNAME and the CNAME that it makes for the name at owner, of which prefix stands before the
// DNAME's own owner (RFC 6672 3.1).
func (r *responder) redirect(z *zone, n *node, prefix []byte, owner uint16) (next []byte, ok bool) {
	p := &r.reply
	r.appendRRset(z, n.dname, n, []byte(n.owner), owner+uint16(len(prefix)))
	target := &n.dname.rrs[0]
	length := len(prefix) + len(target.name)
	if target.tenant {
		length += 1 + len(z.label)
	}
	if target.inZone {
		length += r.q.size - z.apex
	}
	if length > wire.MaxName {
		p.setRCode(6) // YXDOMAIN
		return nil, false
	}
	p.owner(owner)
	head := rrHead(wire.TypeCNAME, ttlRecord)
	p.buf = append(p.buf, head[:]...)
	at := len(p.buf)
	p.buf = append(p.buf, 0, 0)
	p.buf = append(p.buf, prefix...)
	p.buf = target.appendTarget(p.buf, z.label, uint16(headerSize+z.apex))
	binary.BigEndian.PutUint16(p.buf[at:], uint16(len(p.buf)-at-2))
	if !target.inZone || target.tenant {
		return nil, false
	}
	size := copy(r.rel[:], prefix) // prefix may lie in r.rel itself, at the same place
	size += copy(r.rel[size:], target.name)
	return r.rel[:size], true
}

// hashOctets is FNV-1a.
func hashOctets(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

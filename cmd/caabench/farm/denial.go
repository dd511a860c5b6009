package farm

import (
	"slices"

	"github.com/caascan/caascan/scanner/wire"
)

// Type bitmaps of NSEC records (RFC 4034 4.1.2), by what owns them.
var (
	typesApex     = bitmap(wire.TypeNS, wire.TypeSOA, wire.TypeRRSIG, wire.TypeNSEC, wire.TypeDNSKEY)
	typesApexCAA  = bitmap(wire.TypeNS, wire.TypeSOA, wire.TypeRRSIG, wire.TypeNSEC, wire.TypeDNSKEY, wire.TypeCAA)
	typesHost     = bitmap(wire.TypeA, wire.TypeRRSIG, wire.TypeNSEC)
	typesSigned   = bitmap(wire.TypeNS, wire.TypeDS, wire.TypeRRSIG, wire.TypeNSEC)
	typesInsecure = bitmap(wire.TypeNS, wire.TypeRRSIG, wire.TypeNSEC)
)

// bitmap returns the windows for types, which are in order.
func bitmap(types ...wire.Type) []byte {
	var out []byte
	start := -1 // of the window under construction
	for _, t := range types {
		if start < 0 || out[start] != byte(t>>8) {
			start = len(out)
			out = append(out, byte(t>>8), 0)
		}
		for int(out[start+1]) <= int(t&0xff)/8 {
			out = append(out, 0)
			out[start+1]++
		}
		out[start+2+int(t&0xff)/8] |= 0x80 >> (t & 7)
	}
	return out
}

// rootChain returns the labels of the root's NSEC records in order, and the places of the top-level domains among them.
func (w *World) rootChain() (chain []string, at []uint32) {
	return chainOf([]string{"", rootHost}, 't', 0, 1, w.cfg.TLDs)
}

// tldChain returns the same of a top-level domain.
func (w *World) tldChain(tld int) (chain []string, at []uint32) {
	fixed := []string{"", tldHost}
	for k := range w.cfg.Servers {
		fixed = append(fixed, label('s', k))
	}
	return chainOf(fixed, 'z', tld, w.cfg.TLDs, w.cfg.Zones)
}

// chainOf puts labels in order: some, and those of a letter and the numbers from first below limit, step by step.
func chainOf(chain []string, letter byte, first, step, limit int) (_ []string, at []uint32) {
	for n := first; n < limit; n += step {
		chain = append(chain, label(letter, n))
	}
	slices.Sort(chain) // one label each, in lower case: the canonical order (RFC 4034 6.1)
	for n := first; n < limit; n += step {
		i, _ := slices.BinarySearch(chain, label(letter, n))
		at = append(at, uint32(i))
	}
	return chain, at
}

// upperOf returns the zone that a is, which is no leaf zone.
func (s *security) upperOf(a apex) *upper {
	if a.upper < 0 {
		return &s.root
	}
	return &s.tlds[a.upper]
}

// signedBelow reports whether the delegations of a zone have DS records.
func (w *World) signedBelow(a apex) bool {
	return w.cfg.Security != Unsigned && a.upper < 0 && !a.zone || w.cfg.Security == Signed
}

// childLabel returns the label of a child of a zone.
func (w *World) childLabel(a apex, number int) string {
	if a.upper < 0 {
		return label('t', number)
	}
	return label('z', number)
}

// denialData returns the data of the NSEC record of the owner at a place in the chain.
func (s *security) denialData(a apex, place int) []byte {
	u := s.upperOf(a)
	var data []byte
	if next := u.chain[(place+1)%len(u.chain)]; next != "" {
		data = append(append(data, byte(len(next))), next...)
	}
	data = append(data, u.name...)
	switch owner := u.chain[place]; {
	case owner == "":
		return append(data, typesApex...)
	case owner == rootHost && a.upper < 0 || owner == tldHost || owner[0] == 's':
		return append(data, typesHost...)
	case s.w.signedBelow(a):
		return append(data, typesSigned...)
	default:
		return append(data, typesInsecure...)
	}
}

// leafTypes returns the bitmap of the only NSEC record of a leaf zone; leafDenial its data.
func (w *World) leafTypes(zone int) []byte {
	if w.setOf(zone) >= 0 {
		return typesApexCAA
	}
	return typesApex
}

func (w *World) leafDenial(name []byte, zone int) []byte {
	return append(append([]byte(nil), name...), w.leafTypes(zone)...)
}

// deny writes the NSEC record that shows which types a name has: the apex, or one label below it (RFC 4035 3.1.3.1).
func (r *responder) deny(a apex, name string) {
	if a.zone {
		r.denyAtLeaf(a)
		return
	}
	place, ok := slices.BinarySearch(r.w.secur.upperOf(a).chain, name)
	if !ok {
		panic("internal error: farm: no NSEC record of " + name)
	}
	r.denyAt(a, place)
}

// denyName writes the NSEC records that show that the name of the question does not exist, nor a wildcard for it
// (RFC 4035 3.1.3.2).
func (r *responder) denyName(a apex) {
	if a.zone {
		r.denyAtLeaf(a)
		return
	}
	below := r.q.at[0] // the label below the apex
	if a.upper >= 0 {
		below = r.q.at[1]
	}
	name := r.q.appendName(nil, below)
	closer := string(name[1 : 1+int(name[0])])
	place, exists := slices.BinarySearch(r.w.secur.upperOf(a).chain, closer)
	if exists {
		r.denyAt(a, place) // the name lies below a host, and so would the wildcard
		return
	}
	r.denyAt(a, place-1)
	if place > 1 {
		r.denyAt(a, 0) // covers the wildcard: a star comes before all letters
	}
}

// denyAt writes the NSEC record at a place in a chain.
func (r *responder) denyAt(a apex, place int) {
	s := r.w.secur
	u := s.upperOf(a)
	from := len(r.buf)
	name := u.chain[place]
	if name == "" {
		r.owned(a.at, wire.TypeNSEC)
	} else {
		r.rrAt(name, a.at, wire.TypeNSEC)
	}
	data := s.denialData(a, place)
	r.buf = append(r.buf, data...)
	r.close()
	owner, labels := u.name, countLabels(u.name)
	sig := u.denials[place]
	if name != "" {
		labels++
		owner = append(append([]byte{byte(len(name))}, name...), u.name...)
	}
	if sig == (signature{}) {
		sig = s.signature(u.key, u.name, owner, wire.TypeNSEC, data)
	}
	if name == "" {
		r.rrsig(a.at, wire.TypeNSEC, labels, u.key.tag, u.name, &sig)
	} else {
		r.rrsig(from, wire.TypeNSEC, labels, u.key.tag, u.name, &sig)
	}
}

// denyAtLeaf writes the NSEC record of a leaf zone, which shows the types at the apex and that there is nothing below.
func (r *responder) denyAtLeaf(a apex) {
	r.rr(a.at, wire.TypeNSEC)
	r.buf = append(r.q.appendName(r.buf, a.at), r.w.leafTypes(r.q.zone)...)
	r.close()
	r.sign(a, a.at, wire.TypeNSEC)
}

// proveDelegation writes the DS set of a child, or the NSEC record that shows that it has none (RFC 4035 3.1.4).
func (r *responder) proveDelegation(a apex, child, number int) {
	if r.w.signedBelow(a) {
		r.rr(child, wire.TypeDS)
		r.buf = r.w.secur.appendDS(r.buf, a, number)
		r.close()
		r.signDS(a, child, number)
		return
	}
	s := r.w.secur
	u := s.upperOf(a)
	place := int(u.at[number/r.w.cfg.TLDs])
	r.rr(child, wire.TypeNSEC)
	if next := u.chain[(place+1)%len(u.chain)]; next != "" {
		r.buf = append(append(r.buf, byte(len(next))), next...)
	}
	r.buf = append(append(r.buf, u.name...), typesInsecure...)
	r.close()
	r.rrsig(child, wire.TypeNSEC, 2, u.key.tag, u.name, &u.denials[place])
}

// appendDS appends the data of the DS record of a child.
func (s *security) appendDS(buf []byte, a apex, number int) []byte {
	var tag uint16
	var digest [32]byte
	if a.upper < 0 {
		tag, digest = s.tlds[number].key.tag, s.tlds[number].digest
	} else {
		tag, digest = s.leaves[number].tag, s.leaves[number].digest
	}
	buf = append(buf, byte(tag>>8), byte(tag), algorithmP256, digestSHA256)
	return append(buf, digest[:]...)
}

// appendKey appends the data of the DNSKEY record of a, which is the zone with that number if it is a leaf zone.
func (s *security) appendKey(buf []byte, zone int, a apex) []byte {
	if a.zone {
		return keyData(buf, &s.leaves[zone].public)
	}
	return keyData(buf, &s.upperOf(a).key.public)
}

// signDS writes the signature of the DS set of a child, whose name is at an octet of the message.
func (r *responder) signDS(a apex, child, number int) {
	u, labels := r.w.secur.upperOf(a), 1
	if a.upper >= 0 {
		number, labels = number/r.w.cfg.TLDs, 2
	}
	r.rrsig(child, wire.TypeDS, labels, u.key.tag, u.name, &u.ds[number])
}

// signHost writes the signature of the A record of a server.
func (r *responder) signHost(a apex, name string, addr uint32) {
	s := r.w.secur
	u := s.upperOf(a)
	owner := append(append([]byte{byte(len(name))}, name...), u.name...)
	sig := s.signature(u.key, u.name, owner, wire.TypeA, []byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)})
	r.rrsig(headerSize, wire.TypeA, countLabels(owner), u.key.tag, u.name, &sig)
}

// sign writes the signature of a set at the apex of a zone.
func (r *responder) sign(a apex, owner int, typ wire.Type) {
	s := r.w.secur
	if !a.zone {
		u := s.upperOf(a)
		sig := u.keySig
		switch typ {
		case wire.TypeSOA:
			sig = u.soa
		case wire.TypeNS:
			sig = s.signature(u.key, u.name, u.name, typ, serverName(a, -1, u.name))
		}
		r.rrsig(owner, typ, countLabels(u.name), u.key.tag, u.name, &sig)
		return
	}
	l := &s.leaves[r.q.zone]
	sig := l.keySig
	switch typ {
	case wire.TypeSOA:
		sig = l.soa
	case wire.TypeNSEC:
		sig = l.denial
	case wire.TypeCAA:
		sig = l.caa
	case wire.TypeNS:
		sig = signature{}
	}
	if sig == (signature{}) {
		sig = s.leafSignature(r.q.zone, typ)
	}
	r.rrsigHead(owner, typ, 2, l.tag)
	r.buf = r.q.appendName(r.buf, a.at)
	r.buf = append(r.buf, sig[:]...)
	r.close()
}

// leafSignature makes a signature of a leaf zone that was not made ahead.
func (s *security) leafSignature(zone int, typ wire.Type) signature {
	name := s.w.zoneName(zone)
	var data []byte
	switch typ {
	case wire.TypeSOA:
		data = soaData(name)
	case wire.TypeNSEC:
		data = s.w.leafDenial(name, zone)
	case wire.TypeNS:
		data = serverName(apex{zone: true, upper: zone % s.w.cfg.TLDs}, s.w.serverOf(zone), tldName(zone%s.w.cfg.TLDs))
	default:
		panic("internal error: farm: no signature of " + typ.String())
	}
	return s.signature(s.w.zoneKey(zone), name, name, typ, data)
}

// serverName returns the name of the server of a zone, in wire form: below above, the top-level domain or the zone itself.
func serverName(a apex, server int, above []byte) []byte {
	name := label('s', server)
	switch {
	case a.zone:
	case a.upper < 0:
		name = rootHost
	default:
		name = tldHost
	}
	return append(append([]byte{byte(len(name))}, name...), above...)
}

// rrsig writes an RRSIG record.
func (r *responder) rrsig(owner int, typ wire.Type, labels int, tag uint16, signer []byte, sig *signature) {
	r.rrsigHead(owner, typ, labels, tag)
	r.buf = append(append(r.buf, signer...), sig[:]...)
	r.close()
}

func (r *responder) rrsigHead(owner int, typ wire.Type, labels int, tag uint16) {
	r.owned(owner, wire.TypeRRSIG)
	r.buf = r.w.secur.signatureData(r.buf, tag, labels, typ)
}

// appendName appends the end of the question's name, from an octet of the message on, in lower case.
func (q *query) appendName(buf []byte, at int) []byte {
	for _, c := range q.msg[at : len(q.msg)-4] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

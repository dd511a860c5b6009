package simnet

import "github.com/caascan/caascan/scanner/wire"

// typeSet is the types at a name, up to 511, which includes CAA.
type typeSet [2][32]byte

func (t *typeSet) add(typ wire.Type) { t[typ>>8&1][typ&0xff>>3] |= 0x80 >> (typ & 7) }

// append appends the bitmap of the set (RFC 4034 4.1.2).
func (t typeSet) append(buf []byte) []byte {
	for window := range t {
		size := len(t[window])
		for size > 0 && t[window][size-1] == 0 {
			size--
		}
		if size > 0 {
			buf = append(append(buf, byte(window), byte(size)), t[window][:size]...)
		}
	}
	return buf
}

// typesAt returns the types that a denial says stand at a name: at a node of the zone's shape, or at a delegation from
// a registry.
func (r *responder) typesAt(z *zone, rel []byte, owns uint8) (t typeSet) {
	hashes := z.sign.scheme.denial.hashes()
	if !hashes {
		t.add(wire.TypeNSEC)
		t.add(wire.TypeRRSIG)
	}
	switch owns {
	case ownsNothing:
	case ownsSigned:
		t.add(wire.TypeDS)
		t.add(wire.TypeRRSIG)
		fallthrough
	case ownsUnsigned:
		t.add(wire.TypeNS)
	default:
		r.typesOf(z, &z.shape.nodes[owns], &t)
	}
	if r.q.typ == wire.TypeCAA && z.sign.fault == wrongDenial {
		t.add(wire.TypeCAA)
	}
	return t
}

// typesOf adds the types of a node of the zone's shape.
func (r *responder) typesOf(z *zone, n *node, t *typeSet) {
	if n.cut {
		t.add(wire.TypeNS)
		if child := r.cutZone(z, n); child.sign.delegated() {
			t.add(wire.TypeDS)
			t.add(wire.TypeRRSIG)
		}
		return
	}
	sets := n.sets
	for range 2 {
		for i := range sets {
			t.add(sets[i].typ)
			t.add(wire.TypeRRSIG)
		}
		if !n.mail {
			break
		}
		sets = r.w.mails[z.hash>>mailShift].sets
	}
	if n.owner == "" {
		for _, typ := range [...]wire.Type{wire.TypeNS, wire.TypeSOA, wire.TypeDNSKEY, wire.TypeRRSIG} {
			t.add(typ)
		}
		if z.sign.scheme.denial.hashes() {
			t.add(wire.TypeNSEC3PARAM)
		}
	}
}

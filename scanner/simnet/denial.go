package simnet

import (
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/wire"
)

// proof is a wildcard that stood for a name: that no closer name exists must be shown (RFC 4035 3.1.3.3, RFC 5155 7.2.6).
type proof struct {
	rel  []byte // the name, as labels before the apex
	wild *node
}

// noteWildcard keeps in mind that the reply has data of a wildcard.
func (r *responder) noteWildcard(rel []byte, wild *node) {
	r.signer.proofs = append(r.signer.proofs, proof{slices.Clone(rel), wild})
}

// closeWildcards writes the proofs for the wildcards of the reply, into the authority section.
func (r *responder) closeWildcards(z *zone) {
	if len(r.signer.proofs) == 0 {
		return
	}
	r.reply.section(wire.Authority)
	for _, pr := range r.signer.proofs {
		if z.sign.scheme.denial.hashes() {
			r.cover(z, nextCloser(pr.rel, pr.wild.above))
		} else {
			r.cover(z, pr.rel)
		}
	}
	r.signer.proofs = r.signer.proofs[:0]
}

// expanded returns n if it is a wildcard that stands for the name rel in a zone where that shows, else nil.
func (z *zone) expanded(n *node, rel []byte) *node {
	if n.wild && string(rel) != n.owner && z.sign.scheme.denial != nsecOnline {
		return n
	}
	return nil
}

// noData proves that the node that answers for rel has no data of the type (RFC 4035 3.1.3.1 and 3.1.3.4, RFC 5155
// 7.2.3 and 7.2.5).
func (r *responder) noData(z *zone, rel []byte, n *node) {
	if r.q.typ == wire.TypeCAA && z.sign.fault == noDenial {
		return
	}
	wild := z.expanded(n, rel)
	switch {
	case wild == nil:
		r.match(z, rel, n.id)
	case z.sign.scheme.denial.hashes():
		r.matchNode(z, z.shape.exact([]byte(wild.above)))
		r.cover(z, nextCloser(rel, wild.above))
		r.matchNode(z, wild)
	default:
		r.cover(z, rel)
		r.matchNode(z, wild)
	}
}

// nxDomain proves that rel does not exist, nor a wildcard for it (RFC 4035 3.1.3.2, RFC 5155 7.2.2).
func (r *responder) nxDomain(z *zone, rel []byte) {
	if r.q.typ == wire.TypeCAA && z.sign.fault == noDenial {
		return
	}
	encloser := z.shape.closestEncloser(rel)
	star := append([]byte("\x01*"), encloser.owner...)
	if z.sign.scheme.denial.hashes() {
		r.matchNode(z, encloser)
		r.cover(z, nextCloser(rel, encloser.owner))
	} else {
		r.cover(z, rel)
	}
	r.cover(z, star)
}

// noDS proves that there is no DS RRset for the zone child, delegated at rel (RFC 4035 3.1.4.1, RFC 5155 7.2.4 and 7.2.7).
func (r *responder) noDS(z *zone, rel []byte, child *zone) {
	if child.sign.fault == noDelegationDenial {
		return
	}
	if z.sign.scheme.denial != nsec3OptOut {
		r.match(z, rel, ownsUnsigned)
		return
	}
	encloser := z.shape.closestEncloser(rel)
	r.matchNode(z, encloser)
	r.cover(z, nextCloser(rel, encloser.owner))
}

func (r *responder) matchNode(z *zone, n *node) { r.match(z, []byte(n.owner), n.id) }

// closestEncloser returns the longest ancestor of rel that exists (RFC 4592 3.3.1).
func (s *shape) closestEncloser(rel []byte) *node {
	for {
		rel = rel[1+int(rel[0]):]
		if n := s.exact(rel); n != nil {
			return n
		}
	}
}

// nextCloser returns the name one label longer than the closest encloser (RFC 5155 1.3).
func nextCloser(rel []byte, encloser string) []byte {
	for {
		up := rel[1+int(rel[0]):]
		if len(up) <= len(encloser) {
			return rel
		}
		rel = up
	}
}

// match writes the NSEC or NSEC3 record of a name that exists. owns says what stands there. In an NSEC zone an empty
// non-terminal owns none, and the record that covers it is written.
func (r *responder) match(z *zone, rel []byte, owns uint8) {
	switch {
	case z.sign.scheme.denial == nsecOnline || z.narrow && !z.sign.scheme.denial.hashes():
		next := append([]byte{1, 0}, rel...)
		r.appendNSEC(z, rel, next, owns)
	case !z.sign.scheme.denial.hashes():
		r.spanOfName(z, rel)
	case z.narrow:
		hash := r.hash(z, rel)
		next := hash
		increment(&next)
		r.appendNSEC3(z, &hash, &next, owns)
	default:
		r.spanOfHash(z, rel, true)
	}
}

// cover writes the record that shows that a name does not exist, or that it has no record of its own.
func (r *responder) cover(z *zone, rel []byte) {
	switch {
	case z.sign.scheme.denial == nsecOnline || z.narrow && !z.sign.scheme.denial.hashes():
		before, behind := neighbours(rel, z.shape.closestEncloser(rel).owner)
		r.appendNSEC(z, before, behind, ownsNothing)
	case !z.sign.scheme.denial.hashes():
		r.spanOfName(z, rel)
	case z.narrow:
		hash := r.hash(z, rel)
		before, behind := hash, hash
		decrement(&before)
		increment(&behind)
		r.appendNSEC3(z, &before, &behind, ownsNothing)
	default:
		r.spanOfHash(z, rel, false)
	}
}

// neighbours returns names right before and right behind all that is at or below the next closer name of rel: its
// first label one less in the last octet, and lengthened by an octet of zero (RFC 4471, with less care: no name in the
// world lies between).
func neighbours(rel []byte, encloser string) (before, behind []byte) {
	closer := nextCloser(rel, encloser)
	size := int(closer[0])
	label := closer[1 : 1+size]
	before = append([]byte{byte(size)}, label...)
	before[size]--
	behind = append([]byte{byte(size)}, label...)
	if size < 63 {
		before[0]++
		before = append(before, '~')
		behind[0]++
		behind = append(behind, 0)
	} else {
		behind[size]++
	}
	return append(before, encloser...), append(behind, encloser...)
}

// spanOfName writes the NSEC record that matches or covers a name of a zone whose names are in order.
func (r *responder) spanOfName(z *zone, rel []byte) {
	owners := z.shape.owners
	if z.registry != nil {
		owners = z.registry.names
	}
	at := findName(owners, rel)
	next := owners[(at+1)%len(owners)].rel
	r.appendNSEC(z, []byte(owners[at].rel), []byte(next), owners[at].owns)
}

// spanOfHash writes the NSEC3 record that matches or covers a name.
func (r *responder) spanOfHash(z *zone, rel []byte, matches bool) {
	owners := r.hashedOwners(z)
	hash := r.hash(z, rel)
	at, matched := findHash(owners, &hash)
	if matched != matches {
		panic("internal error: simnet: an NSEC3 record is missing, or should be")
	}
	r.appendNSEC3(z, &owners[at].hash, &owners[(at+1)%len(owners)].hash, owners[at].owns)
}

// hash returns the NSEC3 hash of a name of the zone.
func (r *responder) hash(z *zone, rel []byte) [hashSize]byte {
	r.signer.names = append(append(r.signer.names[:0], rel...), r.q.name[z.apex:r.q.size]...)
	return z.sign.scheme.hashName(r.signer.names)
}

// hashedOwners returns the owners of the zone's NSEC3 records in order. Those of a zone without registry are few: they
// are made anew for each reply.
func (r *responder) hashedOwners(z *zone) []hashedOwner {
	if z.registry != nil {
		return z.registry.hashes
	}
	s := &r.signer
	if len(s.owners) == 0 {
		for i := range z.shape.nodes {
			s.owners = append(s.owners, hashedOwner{r.hash(z, []byte(z.shape.nodes[i].owner)), uint8(i)})
		}
		slices.SortFunc(s.owners, func(a, b hashedOwner) int { return slices.Compare(a.hash[:], b.hash[:]) })
	}
	return s.owners
}

// appendNSEC writes an NSEC record, unless the reply has it already.
func (r *responder) appendNSEC(z *zone, rel, next []byte, owns uint8) {
	if r.isShown(string(rel)) {
		return
	}
	p := &r.reply
	start := len(p.buf)
	p.counts[p.sect]++
	p.buf = appendOwner(p.buf, z, rel)
	head := rrHead(wire.TypeNSEC, ttlNegative)
	p.buf = append(p.buf, head[:]...)
	at := len(p.buf)
	p.buf = append(p.buf, 0, 0)
	p.buf = append(append(p.buf, next...), r.q.name[z.apex:r.q.size]...)
	p.buf = r.typesAt(z, rel, owns).append(p.buf)
	binary.BigEndian.PutUint16(p.buf[at:], uint16(len(p.buf)-at-2))
	r.sign(z, start, nil, z.sign.fault)
}

// appendNSEC3 writes an NSEC3 record, unless the reply has it already.
func (r *responder) appendNSEC3(z *zone, hash, next *[hashSize]byte, owns uint8) {
	if r.isShown(string(hash[:])) {
		return
	}
	p, s := &r.reply, z.sign.scheme
	start := len(p.buf)
	p.counts[p.sect]++
	label := base32Hex(hash)
	p.buf = appendOwner(p.buf, z, label[:])
	head := rrHead(wire.TypeNSEC3, ttlNegative)
	p.buf = append(p.buf, head[:]...)
	at := len(p.buf)
	p.buf = append(p.buf, 0, 0)
	p.buf = s.appendParam(p.buf, s.denial == nsec3OptOut)
	p.buf = append(append(p.buf, hashSize), next[:]...)
	var rel []byte
	if owns < maxNodes {
		rel = []byte(z.shape.nodes[owns].owner)
	}
	p.buf = r.typesAt(z, rel, owns).append(p.buf)
	binary.BigEndian.PutUint16(p.buf[at:], uint16(len(p.buf)-at-2))
	r.sign(z, start, nil, z.sign.fault)
}

// appendParam appends what NSEC3 and NSEC3PARAM records begin with (RFC 5155 3.2, 4.2).
func (s *scheme) appendParam(buf []byte, optOut bool) []byte {
	const sha1Number = 1
	var flags byte
	if optOut {
		flags = wire.NSEC3OptOut
	}
	buf = append(buf, sha1Number, flags)
	buf = binary.BigEndian.AppendUint16(buf, s.iterations)
	buf = append(buf, byte(len(s.salt)))
	return append(buf, s.salt...)
}

// isShown reports whether the reply has the denial of an owner already, and notes that it has from now on.
func (r *responder) isShown(owner string) bool {
	if slices.Contains(r.signer.shown, owner) {
		return true
	}
	r.signer.shown = append(r.signer.shown, owner)
	return false
}

// appendOwner appends labels before the apex of the zone, and a pointer to that.
func appendOwner(buf []byte, z *zone, rel []byte) []byte {
	apex := uint16(headerSize + z.apex)
	return append(append(buf, rel...), byte(apex>>8)|0xc0, byte(apex))
}

// base32Hex returns the label of an NSEC3 record: base32 with extended hex alphabet, without padding (RFC 5155 3).
func base32Hex(hash *[hashSize]byte) (label [1 + hashSize*8/5]byte) {
	const digits = "0123456789abcdefghijklmnopqrstuv"
	label[0] = byte(len(label) - 1)
	out := label[1:1]
	bits, n := uint(0), 0
	for _, c := range hash {
		bits, n = bits<<8|uint(c), n+8
		for n >= 5 {
			n -= 5
			out = append(out, digits[bits>>n&31])
		}
	}
	return label
}

func increment(hash *[hashSize]byte) {
	for i := hashSize - 1; i >= 0; i-- {
		if hash[i]++; hash[i] != 0 {
			return
		}
	}
}

func decrement(hash *[hashSize]byte) {
	for i := hashSize - 1; i >= 0; i-- {
		if hash[i]--; hash[i] != 0xff {
			return
		}
	}
}

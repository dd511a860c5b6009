package simnet

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/wire"
)

// The signatures of a world are good from signedBefore its Config.Now to signedAfter it: a day's scan of a demo that
// was started an hour ago still finds them so.
const (
	signedBefore = time.Hour
	signedAfter  = 30 * 24 * time.Hour
)

// faultyTime is how long ago, or how far ahead, the signatures of wrong times end or begin: more than the day of slack
// that validators may give.
const faultyTime = 48 * time.Hour

// window is the time in which a signature is good, in seconds since 1970 (RFC 4034 3.1.5).
type window struct{ inception, expiration uint32 }

// windows are the times of a world's signatures.
type windows struct{ good, past, future window }

func newWindows(now time.Time) windows {
	at := func(d time.Duration) uint32 { return uint32(now.Add(d).Unix()) }
	return windows{
		good:   window{at(-signedBefore), at(signedAfter)},
		past:   window{at(-signedAfter), at(-faultyTime)},
		future: window{at(faultyTime), at(signedAfter)},
	}
}

// begin makes s ready for another reply.
func (s *signer) begin(sound bool) {
	s.sound, s.owners, s.shown, s.proofs = sound, s.owners[:0], s.shown[:0], s.proofs[:0]
}

// signs reports whether the reply carries the signatures of the zone.
func (r *responder) signs(z *zone) bool { return r.q.do && z.sign.signed() }

// signer is what a responder needs to sign a reply.
type signer struct {
	head  [8]byte // of the records of the RRset: type, class, TTL
	canon []byte  // record data of the RRset in canonical form
	parts []part  // of canon, one for each record
	data  []byte  // what is signed
	sound bool    // the server of this reply signs rightly, whatever the fault of the others

	owners []hashedOwner // of a zone's NSEC3 records
	names  []byte        // to put names together
	shown  []string      // owners of the NSEC and NSEC3 records that the reply has
	proofs []proof       // that the wildcards used so far call for
}

type part struct{ from, to int }

// sign writes the signatures of the RRset that stands from start to the end of the message so far (RFC 4035 2.2), if the
// reply is to have them. wild is the wildcard that it was made from, or nil. The canonical form is read back from the
// message, so that it does not matter who wrote it.
func (r *responder) sign(z *zone, start int, wild *node, f chainFault) {
	if !r.signs(z) {
		return
	}
	p, s := &r.reply, &r.signer
	owner, at := p.expand(s.names[:0], start)
	s.names = owner
	copy(s.head[:], p.buf[at:])
	typ := wire.Type(binary.BigEndian.Uint16(s.head[:]))
	if wild != nil {
		s.names = append(append(owner, wild.owner...), r.q.name[z.apex:r.q.size]...)
		owner = s.names[len(owner):]
	}
	if !f.bears(typ) || s.sound {
		f = soundChain
	}
	if f == unsignedCAA {
		return
	}
	r.canonical(start)
	keys := r.w.keys.of(&z.sign)
	signers := keys.zone
	switch {
	case typ == wire.TypeDNSKEY:
		signers = keys.entry
	case f == strangerCAA:
		signers = []*key{keys.stranger(&z.sign)}
	}
	ref, size := p.reference(start)
	for _, k := range signers {
		r.appendRRSIG(z, k, ref[:size], owner, f)
	}
}

// appendRRSIG writes one signature of the RRset that r.signer holds (RFC 4034 3.1.8.1); ref is its owner as the message
// names it, owner the same in canonical form.
func (r *responder) appendRRSIG(z *zone, k *key, ref, owner []byte, f chainFault) {
	p, s := &r.reply, &r.signer
	when, signerAt := r.w.times.good, z.apex
	switch f {
	case expiredCAA, expiredMX, expiredKeys, expiredDS:
		when = r.w.times.past
	case futureCAA:
		when = r.w.times.future
	case wrongSignerCAA:
		signerAt += 1 + int(r.q.name[signerAt])
	}
	s.data = append(s.data[:0], s.head[:2]...) // type
	s.data = append(s.data, k.algorithm, countLabels(owner))
	s.data = append(s.data, s.head[4:]...) // TTL
	s.data = binary.BigEndian.AppendUint32(s.data, when.expiration)
	s.data = binary.BigEndian.AppendUint32(s.data, when.inception)
	s.data = binary.BigEndian.AppendUint16(s.data, k.tag)
	s.data = append(s.data, r.q.name[signerAt:r.q.size]...)
	fixed := len(s.data)
	for _, rr := range s.parts {
		s.data = append(append(s.data, owner...), s.head[:]...)
		s.data = binary.BigEndian.AppendUint16(s.data, uint16(rr.to-rr.from))
		s.data = append(s.data, s.canon[rr.from:rr.to]...)
	}
	cache := r.w.recent
	if z.shared {
		cache = r.w.lasting
	}
	signature := cache.of(k, s.data)
	p.counts[p.sect]++
	p.buf = append(p.buf, ref...)
	head := rrHead(wire.TypeRRSIG, binary.BigEndian.Uint32(s.head[4:]))
	p.buf = append(p.buf, head[:]...)
	p.buf = binary.BigEndian.AppendUint16(p.buf, uint16(fixed+len(signature)))
	p.buf = append(append(p.buf, s.data[:fixed]...), signature...)
	switch f {
	case forgedCAA, forgedKeys, forgedDenial, forgedAtOne:
		p.buf[len(p.buf)-len(signature)/2] ^= 0x40
	}
}

// canonical reads the RRset from start on into r.signer: the data of its records in canonical form and order
// (RFC 4034 6.2, 6.3).
func (r *responder) canonical(start int) {
	p, s := &r.reply, &r.signer
	s.canon, s.parts = s.canon[:0], s.parts[:0]
	for at := start; at < len(p.buf); {
		at = p.skip(at)
		typ := wire.Type(binary.BigEndian.Uint16(p.buf[at:]))
		end := at + 10 + int(binary.BigEndian.Uint16(p.buf[at+8:]))
		from := len(s.canon)
		at += 10
		switch typ {
		case wire.TypeNS, wire.TypeCNAME, wire.TypeDNAME:
			s.canon, at = p.expand(s.canon, at)
		case wire.TypeMX:
			s.canon = append(s.canon, p.buf[at:at+2]...)
			s.canon, at = p.expand(s.canon, at+2)
		case wire.TypeSOA:
			s.canon, at = p.expand(s.canon, at)
			s.canon, at = p.expand(s.canon, at)
		}
		s.canon = append(s.canon, p.buf[at:end]...)
		s.parts = append(s.parts, part{from, len(s.canon)})
		at = end
	}
	if len(s.parts) > 1 {
		slices.SortFunc(s.parts, func(a, b part) int { return bytes.Compare(s.canon[a.from:a.to], s.canon[b.from:b.to]) })
	}
}

// expand appends the name that stands at an octet of the buffer to dst, without compression and in lower case, and
// returns where what follows it begins.
func (p *reply) expand(dst []byte, at int) (name []byte, next int) {
	for {
		c := int(p.buf[at])
		switch {
		case c&0xc0 == 0xc0:
			if next == 0 {
				next = at + 2
			}
			at = p.base + c&0x3f<<8 + int(p.buf[at+1])
		case c == 0:
			if next == 0 {
				next = at + 1
			}
			return append(dst, 0), next
		default:
			dst = append(dst, byte(c))
			for _, octet := range p.buf[at+1 : at+1+c] {
				if 'A' <= octet && octet <= 'Z' {
					octet += 'a' - 'A'
				}
				dst = append(dst, octet)
			}
			at += 1 + c
		}
	}
}

// skip returns where what follows the name at an octet of the buffer begins.
func (p *reply) skip(at int) int {
	for {
		c := int(p.buf[at])
		switch {
		case c&0xc0 == 0xc0:
			return at + 2
		case c == 0:
			return at + 1
		default:
			at += 1 + c
		}
	}
}

// reference returns how a record further on names the owner of the record at start: by the same pointer, by a
// pointer to it, or, beyond their reach, by its octets.
func (p *reply) reference(start int) (ref [wire.MaxName]byte, size int) {
	off := start - p.base
	switch {
	case p.buf[start]&0xc0 == 0xc0:
		return [wire.MaxName]byte{p.buf[start], p.buf[start+1]}, 2
	case off < 1<<14:
		return [wire.MaxName]byte{byte(off>>8) | 0xc0, byte(off)}, 2
	default:
		return ref, copy(ref[:], p.buf[start:p.skip(start)])
	}
}

// countLabels counts the labels of a name as an RRSIG does: neither the root nor a star in front (RFC 4034 3.1.3).
func countLabels(name []byte) (n byte) {
	for i := 0; name[i] != 0; i += 1 + int(name[i]) {
		n++
	}
	if name[0] == 1 && name[1] == '*' {
		n--
	}
	return n
}

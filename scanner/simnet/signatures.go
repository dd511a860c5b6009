package simnet

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/caascan/caascan/scanner/wire"
)

// buildSignatures says which of the zones that are not in the list are signed, from the root down, and fills the
// registries.
func (w *World) buildSignatures() {
	w.signed = !w.cfg.Plain || w.cfg.SignedOptOut > 0 || w.cfg.SignedFull > 0
	if !w.signed {
		return
	}
	w.times = newWindows(w.cfg.Now)
	w.keys = make(keyCache, max(keptKeys, w.cfg.KeepSigned))
	w.lasting, w.recent = make(signatureCache, sharedSignatures), make(signatureCache, max(recentSignatures, 8*w.cfg.KeepSigned))
	w.hot = w.byKind["hoster"][hotOperator]
	w.setSigning(w.root, rootScheme, soundChain)
	for _, t := range w.tlds {
		w.setSigning(t.zone, t.scheme, soundChain)
		if t.suffixZone != nil {
			w.setSigning(t.suffixZone, t.suffixScheme, soundChain)
		}
	}
	for _, s := range w.special {
		if s.delegates {
			continue
		}
		scheme := s.scheme
		if scheme == nil && !s.cdn && float64(mix(s.hash)%pickSize) < w.above(s).share*pickSize {
			scheme = operatorsOwn
		}
		w.setSigning(s, scheme, s.sign.fault)
	}
	w.buildRegistries()
}

// setSigning signs a special zone; a nil scheme leaves it unsigned. The zone above must have been dealt with.
func (w *World) setSigning(s *special, scheme *scheme, f chainFault) {
	s.sign = signing{scheme: scheme, number: mix(s.hash ^ signSalt), fault: f}
	above := w.above(s)
	s.sign.noDS = above != nil && !above.sign.signed()
	s.secure = s.sign.secure() && (above == nil || above.secure)
}

// TrustAnchor returns the DS record of the root's key in master-file form (RFC 1035 5), "" if the world is not signed.
func (w *World) TrustAnchor() string {
	if !w.signed {
		return ""
	}
	k := w.keys.of(&w.root.sign).entry[0]
	return fmt.Sprintf(".\t%d\tIN\tDS\t%d %d %d %X\n", ttlRecord, k.tag, k.algorithm, digestSHA256, digestDS(nil, digestSHA256, []byte(wire.Root), k))
}

// digestDS appends the digest of a key of the zone (RFC 4034 5.1.4); of a type that nobody knows, octets of its size.
func digestDS(buf []byte, digestType uint8, apex []byte, k *key) []byte {
	var room [wire.MaxName + 1024]byte
	data := append(append(room[:0], apex...), k.rdata...)
	switch digestType {
	case digestSHA1:
		sum := sha1.Sum(data)
		return append(buf, sum[:]...)
	case digestSHA384:
		sum := sha512.Sum384(data)
		return append(buf, sum[:]...)
	default:
		sum := sha256.Sum256(data)
		return append(buf, sum[:]...)
	}
}

var defaultDigests = []uint8{digestSHA256}

// appendDS writes the DS RRset of the zone child into z, with signatures if they are asked for.
func (r *responder) appendDS(z, child *zone) {
	p, s := &r.reply, &child.sign
	start := len(p.buf)
	digests := s.scheme.digests
	switch {
	case s.fault == unknownDigest:
		digests = []uint8{digestGOST}
	case digests == nil:
		digests = defaultDigests
	}
	for _, k := range r.w.keys.of(s).parent {
		for _, digestType := range digests {
			p.owner(uint16(headerSize + child.apex))
			head := rrHead(wire.TypeDS, ttlRecord)
			p.buf = append(p.buf, head[:]...)
			at := len(p.buf)
			p.buf = append(p.buf, 0, 0)
			p.buf = binary.BigEndian.AppendUint16(p.buf, k.tag)
			p.buf = append(p.buf, k.algorithm, digestType)
			p.buf = digestDS(p.buf, digestType, r.q.name[child.apex:r.q.size], k)
			if s.fault == wrongDS {
				p.buf[len(p.buf)-1] ^= 1
			}
			binary.BigEndian.PutUint16(p.buf[at:], uint16(len(p.buf)-at-2))
		}
	}
	f := soundChain
	if s.fault == expiredDS {
		f = expiredDS
	}
	r.sign(z, start, nil, f)
}

// appendKeys writes the DNSKEY RRset of z.
func (r *responder) appendKeys(z *zone) {
	p := &r.reply
	start := len(p.buf)
	for _, k := range r.w.keys.of(&z.sign).set {
		p.owner(headerSize)
		head := rrHead(wire.TypeDNSKEY, ttlRecord)
		p.buf = append(p.buf, head[:]...)
		p.buf = binary.BigEndian.AppendUint16(p.buf, uint16(len(k.rdata)))
		p.buf = append(p.buf, k.rdata...)
	}
	r.sign(z, start, nil, z.sign.fault)
}

// appendNSEC3PARAM writes the NSEC3PARAM record of z (RFC 5155 4).
func (r *responder) appendNSEC3PARAM(z *zone) {
	p := &r.reply
	start := len(p.buf)
	p.owner(headerSize)
	head := rrHead(wire.TypeNSEC3PARAM, 0)
	p.buf = append(p.buf, head[:]...)
	p.buf = append(p.buf, 0, byte(5+len(z.sign.scheme.salt)))
	p.buf = z.sign.scheme.appendParam(p.buf, false)
	r.sign(z, start, nil, z.sign.fault)
}

package dnssec

import (
	"bytes"
	"crypto/sha1"

	"github.com/caascan/caascan/scanner/wire"
)

const (
	hashSHA1 = 1 // the only hash algorithm of NSEC3 (RFC 5155 11)
	maxSalt  = 255

	hashLabel = sha1.Size * 8 / 5 // octets of the base32hex form, without the length octet
)

// hashed is the hash of a name: a key in the order of the NSEC3 chain.
type hashed [sha1.Size]byte

// params are what all NSEC3 records of one chain have in common (RFC 5155 3.1): only such can be used together.
type params struct {
	salt       []byte
	iterations uint16
}

func (p *params) equal(other params) bool {
	return p.iterations == other.iterations && bytes.Equal(p.salt, other.salt)
}

// hash computes IH of name, or of the wildcard below it (RFC 5155 5).
func (p *params) hash(name wire.Name, wildcard bool) (h hashed) {
	var buf [2 + wire.MaxName + maxSalt]byte
	b := buf[:0]
	if wildcard {
		b = append(b, "\x01*"...)
	}
	b = append(b, name...)
	b = append(b, p.salt...)
	h = sha1.Sum(b)
	if p.iterations == 0 {
		return h
	}
	n := len(h) + copy(buf[len(h):], p.salt)
	for range p.iterations {
		copy(buf[:], h[:])
		h = sha1.Sum(buf[:n])
	}
	return h
}

// readNSEC3 makes a span of the NSEC3 RRset. It is false if that is not one record of the zone's chain, or of a hash
// algorithm or with flags that are not known: those are to be ignored (RFC 5155 8.1, 8.2).
func readNSEC3(set *RRset, zone wire.Name) (*span, params, bool) {
	data, ok := single(set.Data)
	if !ok || len(set.Owner) != 1+hashLabel+len(zone) || set.Owner[0] != hashLabel || set.Owner.Parent() != zone {
		return nil, params{}, false
	}
	owner, ok := decodeHash(string(set.Owner[1 : 1+hashLabel]))
	if !ok {
		return nil, params{}, false
	}
	data = bytes.Clone(data)
	nsec3, err := wire.ParseNSEC3(data)
	if err != nil || nsec3.HashAlgorithm != hashSHA1 || nsec3.Flags&^wire.NSEC3OptOut != 0 || len(nsec3.NextHashed) != sha1.Size {
		return nil, params{}, false
	}
	both := string(append(owner[:], nsec3.NextHashed...)) // side by side in memory: they are read together
	return &span{
		owner:  both[:sha1.Size],
		next:   both[sha1.Size:],
		types:  nsec3.Types,
		data:   data,
		optOut: nsec3.Flags&wire.NSEC3OptOut != 0,
	}, params{nsec3.Salt, nsec3.Iterations}, true
}

// decodeHash reads the base32hex form of a hash without padding, in lower case (RFC 4648 7, RFC 5155 3.3).
func decodeHash(text string) (h hashed, ok bool) {
	bits, have, n := uint32(0), 0, 0
	for i := range len(text) {
		c := text[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'v':
			c -= 'a' - 10
		default:
			return hashed{}, false
		}
		bits = bits<<5 | uint32(c)
		if have += 5; have >= 8 {
			have -= 8
			h[n] = byte(bits >> have)
			n++
		}
	}
	return h, true
}

// hash returns the hash of name, or of the wildcard below it. It is false once no hash may be computed any more
// (CVE-2023-50868).
func (d *denial) hash(name wire.Name, wildcard bool) (hashed, bool) {
	if name == d.zone && !wildcard && d.apexKnown {
		return d.apex, true
	}
	if *d.hashes <= 0 {
		d.exhausted = true
		return hashed{}, false
	}
	*d.hashes--
	h := d.params.hash(name, wildcard)
	if name == d.zone && !wildcard {
		d.apex, d.apexKnown = h, true
	}
	return h, true
}

// near returns the span that matches or covers the hash if one does: the last whose owner does not come after it, or else
// the last of all, for the end of a chain reaches round to its first owner. nil if there are no spans.
func (d *denial) near(h *hashed) *span {
	if s := d.nsec3.floor(h[:], d.now); s != nil {
		return s
	}
	return d.nsec3.last(d.now)
}

// matches reports whether the hash is the owner's; s may be nil.
func (s *span) matches(h *hashed) bool { return s != nil && s.owner == string(h[:]) }

// covers reports whether the hash lies between owner and next; s may be nil.
func (s *span) covers(h *hashed) bool {
	if s == nil {
		return false
	}
	afterOwner, beforeNext := string(h[:]) > s.owner, string(h[:]) < s.next
	if s.owner < s.next {
		return afterOwner && beforeNext
	}
	return afterOwner || beforeNext
}

// nsec3At tells what the NSEC3 records show about name: that it exists, if one matches it, or that it does not, by the
// closest encloser proof (RFC 5155 8.3). The record of a name above others without types of its own has none (7.1), so
// that is no case apart.
func (d *denial) nsec3At(name wire.Name) finding {
	nextCloser, ok := d.hash(name, false)
	if !ok {
		return finding{}
	}
	gap := d.near(&nextCloser)
	if gap.matches(&nextCloser) {
		d.use(gap)
		return finding{state: exists, types: gap.types}
	}
	for name != d.zone {
		name = name.Parent()
		encloser, ok := d.hash(name, false)
		if !ok {
			return finding{}
		}
		s := d.near(&encloser)
		if s.matches(&encloser) {
			if !gap.covers(&nextCloser) || hidesBelow(s.types) {
				return finding{}
			}
			d.use(s)
			d.use(gap)
			return finding{state: absent, encloser: name, optOut: gap.optOut}
		}
		nextCloser, gap = encloser, s
	}
	return finding{}
}

// nsec3Single tells what the NSEC3 records show about a name whose parent exists, or about the wildcard below a name
// that does: no closest encloser need be found.
func (d *denial) nsec3Single(name wire.Name, wildcard bool) finding {
	h, ok := d.hash(name, wildcard)
	if !ok {
		return finding{}
	}
	switch s := d.near(&h); {
	case s.matches(&h):
		d.use(s)
		return finding{state: exists, types: s.types}
	case s.covers(&h):
		d.use(s)
		return finding{state: absent, optOut: s.optOut}
	}
	return finding{}
}

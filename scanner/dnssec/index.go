package dnssec

import (
	"encoding/binary"
	"slices"

	"github.com/caascan/caascan/scanner/wire"
)

// span is what one NSEC or NSEC3 record says: which types its owner has, and that no name of the zone lies between owner
// and next. Owner and next are keys: octets whose order is the order of the chain, of NSEC as appendKey makes them, of
// NSEC3 the hashes.
type span struct {
	owner, next string
	types       wire.TypeBitmap
	data        []byte // of the record
	until       uint32 // from when on it says nothing any more
	optOut      bool   // unsigned delegations may lie between after all (RFC 5155 6)
}

// live reports whether the span still counts; s may be nil.
func (s *span) live(now uint32) bool { return s != nil && int32(s.until-now) > 0 }

// run is spans in the order of their owners. The first octets of the owners, which nearly always suffice to compare, lie
// side by side.
type run struct {
	prefixes []uint64
	spans    []*span
}

// prefixOf returns the first eight octets of key as a number; it is not greater for a lesser key.
func prefixOf[K string | []byte](key K) (prefix uint64) {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64([]byte(key[:8]))
	}
	for i := range len(key) {
		prefix |= uint64(key[i]) << (56 - 8*i)
	}
	return prefix
}

// floor returns where the last span whose owner does not come after key stands, -1 if there is none.
func (r *run) floor(prefix uint64, key []byte) int {
	low, high := 0, len(r.prefixes) // the spans before low do not come after key, those from high on do
	for low < high {
		middle := int(uint(low+high) / 2)
		if p := r.prefixes[middle]; p > prefix || p == prefix && r.spans[middle].owner > string(key) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low - 1
}

// insert makes s the span at a place.
func (r *run) insert(at int, s *span) {
	r.prefixes = slices.Insert(r.prefixes, at, prefixOf(s.owner))
	r.spans = slices.Insert(r.spans, at, s)
}

// index is an ordered set of spans, by owner: a row of blocks, none of which is empty. To find a span touches a few lines
// of memory more than the span's own.
type index struct {
	heads  run // the first span of each block
	blocks []run
	size   int
}

// blockSize makes the cost of an insertion that of moving at most 4 KiB.
const blockSize = 256

// floor returns the last span whose owner does not come after key, nil if there is none.
func (x *index) floor(key []byte) *span {
	prefix := prefixOf(key)
	block := x.heads.floor(prefix, key)
	if block < 0 {
		return nil
	}
	b := &x.blocks[block]
	return b.spans[b.floor(prefix, key)]
}

// last returns the span with the greatest owner, nil if there is none.
func (x *index) last() *span {
	if len(x.blocks) == 0 {
		return nil
	}
	spans := x.blocks[len(x.blocks)-1].spans
	return spans[len(spans)-1]
}

// put adds s, in place of another of the same owner.
func (x *index) put(s *span) {
	key := []byte(s.owner)
	prefix := prefixOf(key)
	if len(x.blocks) == 0 {
		x.heads.insert(0, s)
		x.blocks = append(x.blocks, run{})
	}
	block := max(x.heads.floor(prefix, key), 0)
	b := &x.blocks[block]
	at := b.floor(prefix, key)
	if at >= 0 && b.spans[at].owner == s.owner {
		b.spans[at] = s
	} else {
		x.size++
		at++
		b.insert(at, s)
	}
	if at == 0 {
		x.heads.prefixes[block], x.heads.spans[block] = prefix, s
	}
	if len(b.spans) == blockSize {
		x.split(block)
	}
}

// split makes two of a block.
func (x *index) split(block int) {
	const half = blockSize / 2
	b := &x.blocks[block]
	second := run{
		prefixes: append(make([]uint64, 0, blockSize), b.prefixes[half:]...),
		spans:    append(make([]*span, 0, blockSize), b.spans[half:]...),
	}
	clear(b.spans[half:])
	b.prefixes, b.spans = b.prefixes[:half], b.spans[:half]
	x.blocks = slices.Insert(x.blocks, block+1, second)
	x.heads.insert(block+1, second.spans[0])
}

// chain is the known part of a zone's NSEC or NSEC3 chain, the spans of two generations. The older one is dropped when
// the younger has grown to the bound: no record of use, no work on the way out.
type chain struct {
	young, old index
}

// put adds a span, and drops a generation if there are more than most in all.
func (c *chain) put(s *span, most int) {
	if c.young.size >= (most+1)/2 {
		c.young, c.old = index{}, c.young
	}
	c.young.put(s)
}

// floor returns the live span whose owner is the last that does not come after key, nil if there is none.
func (c *chain) floor(key []byte, now uint32) *span {
	return later(c.young.floor(key), c.old.floor(key), now)
}

// last returns the live span with the greatest owner, nil if there is none.
func (c *chain) last(now uint32) *span { return later(c.young.last(), c.old.last(), now) }

// later returns the live one of two spans with the greater owner, the younger one of equals.
func later(young, old *span, now uint32) *span {
	switch {
	case !old.live(now):
		old = nil
	case !young.live(now) || young.owner < old.owner:
		return old
	}
	if !young.live(now) {
		return nil
	}
	return young
}

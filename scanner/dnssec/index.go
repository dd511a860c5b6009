package dnssec

import (
	"encoding/binary"
	"sort"

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

// index is an ordered set of spans, by owner. It is a row of sorted blocks: to find a span touches two or three lines of
// memory more than the span's own.
type index struct {
	blocks [][]item // none is empty
	size   int
}

// item is a span with the first octets of its owner's key, which nearly always suffice to compare.
type item struct {
	prefix uint64
	*span
}

// blockSize makes the cost of an insertion that of moving at most 4 KiB.
const blockSize = 256

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

// after reports whether the item's owner comes after key.
func (i *item) after(prefix uint64, key []byte) bool {
	if i.prefix != prefix {
		return i.prefix > prefix
	}
	return i.owner > string(key)
}

// place returns where the last span whose owner does not come after key stands; at is -1 if there is none in the index.
func (x *index) place(key []byte) (block, at int) {
	prefix := prefixOf(key)
	block = sort.Search(len(x.blocks), func(i int) bool { return x.blocks[i][0].after(prefix, key) }) - 1
	if block < 0 {
		return 0, -1
	}
	items := x.blocks[block]
	return block, sort.Search(len(items), func(i int) bool { return items[i].after(prefix, key) }) - 1
}

// floor returns the last span whose owner does not come after key, nil if there is none.
func (x *index) floor(key []byte) *span {
	block, at := x.place(key)
	if at < 0 {
		return nil
	}
	return x.blocks[block][at].span
}

// last returns the span with the greatest owner, nil if there is none.
func (x *index) last() *span {
	if len(x.blocks) == 0 {
		return nil
	}
	items := x.blocks[len(x.blocks)-1]
	return items[len(items)-1].span
}

// put adds s, in place of another of the same owner.
func (x *index) put(s *span) {
	added := item{prefixOf(s.owner), s}
	if len(x.blocks) == 0 {
		x.blocks, x.size = append(x.blocks, []item{added}), 1
		return
	}
	block, at := x.place([]byte(s.owner))
	items := x.blocks[block]
	if at >= 0 && items[at].owner == s.owner {
		items[at] = added
		return
	}
	x.size++
	items = append(items, item{})
	copy(items[at+2:], items[at+1:])
	items[at+1] = added
	x.blocks[block] = items
	if len(items) < blockSize {
		return
	}
	half := append(make([]item, 0, blockSize), items[blockSize/2:]...)
	clear(items[blockSize/2:])
	x.blocks[block] = items[:blockSize/2]
	x.blocks = append(x.blocks, nil)
	copy(x.blocks[block+2:], x.blocks[block+1:])
	x.blocks[block+1] = half
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

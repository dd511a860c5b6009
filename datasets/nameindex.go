package datasets

import "hash/maphash"

const (
	// indexChunk is the piece in which a nameIndex grows, in octets: nothing is copied when it does.
	indexChunk = 1 << 20
	// maxIndexText bounds the text of a nameIndex, in octets: places are 32 bits, of which one value means none.
	maxIndexText = 1<<32 - indexChunk
)

// nameIndex is a set of names, with a few octets of data for each, that grows. Names are compared octet by octet: it is
// never in doubt whether one is in the set. Nothing in it is a pointer for the collector to follow: a name takes its
// own length, that of its data and some twelve octets.
type nameIndex struct {
	seed   maphash.Seed
	slots  []uint64 // 32 bits of hash, 32 bits of place and 1; 0 is empty. Open addressing, linear probing
	chunks [][]byte // entries: length of the name, name, data; a new one where an entry does not fit
	names  int
}

// newNameIndex returns an empty set.
func newNameIndex() *nameIndex {
	return &nameIndex{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)}
}

// octets returns what the set takes.
func (x *nameIndex) octets() int64 {
	return int64(len(x.chunks))*indexChunk + int64(len(x.slots))*8
}

// next returns what the set takes, at most, once another name is in it.
func (x *nameIndex) next() int64 {
	n := x.octets()
	if x.crowded() {
		n += int64(len(x.slots)) * 8
	}
	if last := len(x.chunks) - 1; last < 0 || len(x.chunks[last])+1+MaxName > indexChunk {
		n += indexChunk
	}
	return n
}

// crowded reports whether the slots must grow before another name finds its place.
func (x *nameIndex) crowded() bool { return 4*x.names >= 3*len(x.slots) }

// find returns the data of a name, with which the next entry follows: whoever put it there knows how long it is. It is
// nil if the name is not in the set.
func (x *nameIndex) find(name []byte) []byte {
	slot := x.search(uint32(maphash.Bytes(x.seed, name)), name)
	if x.slots[slot] == 0 {
		return nil
	}
	return x.entry(x.slots[slot])[1+len(name):]
}

// search returns the slot of a name, or the empty one where it belongs.
func (x *nameIndex) search(hash uint32, name []byte) uint32 {
	mask := uint32(len(x.slots) - 1)
	slot := hash & mask
	for ; x.slots[slot] != 0; slot = (slot + 1) & mask {
		if uint32(x.slots[slot]>>32) != hash {
			continue
		}
		e := x.entry(x.slots[slot])
		if int(e[0]) == len(name) && string(e[1:1+len(name)]) == string(name) {
			break
		}
	}
	return slot
}

// entry returns what stands at the place in a slot, and all behind it.
func (x *nameIndex) entry(slot uint64) []byte {
	place := uint32(slot) - 1
	return x.chunks[place/indexChunk][place%indexChunk:]
}

// put puts a name of at most 255 octets with its data, together less than a chunk, into the set, in place of what it had.
// It reports false, and does nothing, if the set is as large as can be.
func (x *nameIndex) put(name, data []byte) bool {
	size := 1 + len(name) + len(data)
	last := len(x.chunks) - 1
	if last < 0 || len(x.chunks[last])+size > indexChunk {
		if int64(len(x.chunks))*indexChunk >= maxIndexText {
			return false
		}
		x.chunks = append(x.chunks, make([]byte, 0, indexChunk))
		last++
	}
	if x.crowded() {
		x.grow()
	}
	hash := uint32(maphash.Bytes(x.seed, name))
	slot := x.search(hash, name)
	if x.slots[slot] == 0 {
		x.names++
	}
	chunk := x.chunks[last]
	x.slots[slot] = uint64(hash)<<32 | uint64(last*indexChunk+len(chunk)+1)
	chunk = append(chunk, byte(len(name)))
	chunk = append(chunk, name...)
	x.chunks[last] = append(chunk, data...)
	return true
}

// grow doubles the slots.
func (x *nameIndex) grow() {
	was := x.slots
	x.slots = make([]uint64, 2*len(was))
	mask := uint32(len(x.slots) - 1)
	for _, s := range was {
		if s == 0 {
			continue
		}
		slot := uint32(s>>32) & mask
		for x.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		x.slots[slot] = s
	}
}

// recall remembers names, so that one that comes again is known. It is exact up to half its bound. When that is full, the
// older half of what it remembers is dropped and a name from there that comes again is taken for new: it may
// come out twice, but no name is ever taken for another and lost, as a Bloom filter would. What comes again soon, as the
// names of certificates do in the logs of CT, is folded in a list of any length.
type recall struct {
	young, old *nameIndex
	half       int64 // octets at which young becomes old
}

// newRecall returns a recall within so many octets.
func newRecall(octets int64) *recall {
	return &recall{young: newNameIndex(), half: octets / 2}
}

// met reports whether the name is remembered; it is from now on.
func (r *recall) met(name []byte) bool {
	if r.young.find(name) != nil {
		return true
	}
	met := r.old != nil && r.old.find(name) != nil
	if r.young.next() > r.half {
		r.young, r.old = newNameIndex(), r.young
	}
	r.young.put(name, nil)
	return met
}

package datasets

import "math/bits"

// nameTable finds out which of a name and the names above it are in a set, and where the record of each is. It is made
// once and never changes.
//
// Names are hashed from their last octet to the first, so that one pass over a name yields the hashes of all names
// above it on the way. A look-up of a name that is absent ends in the slots; only a match of 32 bits is compared.
//
// Names looked up need no folding: their ASCII letters count as lower case, as those in the table are.
//
// A record is, in text: one octet with what is known of the name, the length of the name, the name in presentation
// form without a final dot, and whatever the owner of the table puts behind. A name may have several records as long as
// their first octets differ.
type nameTable struct {
	seed  uint64
	text  string
	slots []uint64 // 32 bits of hash, 32 bits of place in text and 1; 0 is empty. Open addressing, linear probing
}

const (
	// maxTableText bounds the text of a table, in octets: places are 32 bits.
	maxTableText = 1<<32 - 2

	hashPrime = 0x100000001b3 // of FNV-1a with 64 bits
)

// newNameTable makes a table of the records that start at the places of text. A seed that others cannot know keeps
// them from choosing names that all meet in one slot.
func newNameTable(text string, places []uint32, seed uint64) *nameTable {
	t := &nameTable{seed: seed, text: text, slots: make([]uint64, len(places)*4/3+1)}
	for _, place := range places {
		name := recordName(text, int(place))
		h := seed
		for i := len(name) - 1; i >= 0; i-- {
			h = hashStep(h, name[i])
		}
		if lookUp(t, h, name, text[place]) < 0 {
			t.insert(h, place)
		}
	}
	return t
}

func recordName(text string, place int) string { return text[place+2 : place+2+int(text[place+1])] }

// hashStep takes the next octet, towards the start of the name, into its hash.
func hashStep(h uint64, c byte) uint64 { return (h ^ uint64(lower[c])) * hashPrime }

// lower folds ASCII letters (RFC 4343).
var lower = func() (table [256]byte) {
	for c := range table {
		table[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			table[c] += 'a' - 'A'
		}
	}
	return table
}()

// slot spreads a hash over the slots; the tag is the part of it that is kept there, never 0 together with a place.
func (t *nameTable) slot(h uint64) (slot, tag uint64) {
	h ^= h >> 29
	h *= 0x9e3779b97f4a7c15 // 2^64 / golden ratio
	slot, _ = bits.Mul64(h, uint64(len(t.slots)))
	return slot, h << 32
}

func (t *nameTable) insert(h uint64, place uint32) {
	slot, tag := t.slot(h)
	for t.slots[slot] != 0 {
		if slot++; slot == uint64(len(t.slots)) {
			slot = 0
		}
	}
	t.slots[slot] = tag | uint64(place) + 1
}

// lookUp returns the place of a record of the name with the hash h whose first octet has one of the bits wanted; -1
// if there is none.
func lookUp[T ~string | ~[]byte](t *nameTable, h uint64, name T, want byte) int {
	slot, tag := t.slot(h)
	for {
		s := t.slots[slot]
		if s == 0 {
			return -1
		}
		if s&^0xFFFFFFFF == tag {
			if place := int(uint32(s)) - 1; t.text[place]&want != 0 && sameName(recordName(t.text, place), name) {
				return place
			}
		}
		if slot++; slot == uint64(len(t.slots)) {
			slot = 0
		}
	}
}

func sameName[T ~string | ~[]byte](record string, name T) bool {
	if len(record) != len(name) {
		return false
	}
	for i := range len(record) {
		if record[i] != lower[name[i]] {
			return false
		}
	}
	return true
}

// climb looks a name and the names above it up, the TLD first. It returns the place of the first record that has one of
// the bits of self, if it is that of the name, or of above; -1 if there is none.
func climb[T ~string | ~[]byte](t *nameTable, name T, self, above byte) int {
	h := t.seed
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			if place := lookUp(t, h, name[i+1:], above); place >= 0 {
				return place
			}
		}
		h = hashStep(h, name[i])
	}
	return lookUp(t, h, name, self)
}

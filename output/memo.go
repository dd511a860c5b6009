package output

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"unsafe"
)

// memo remembers what was made of something, in a table of fixed size: what comes takes the place of what was there.
// So it is never cleared, and nobody can make it large. Whoever looks something up checks that the entry is the one.
type memo[T any] struct {
	entries []T
	shift   int // of a hash, to have an index
}

// newMemo returns a memo of so many entries, a power of two, at least two.
func newMemo[T any](entries int) memo[T] {
	return memo[T]{entries: make([]T, entries), shift: bits.LeadingZeros64(uint64(entries - 1))}
}

// at returns the entry for a hash. The highest bits of a product are those that all bits of its factors bear on.
func (m *memo[T]) at(hash uint64) *T { return &m.entries[hash>>m.shift] }

// hashFactor is 2^64 divided by the golden ratio, which spreads what differs in few bits (Knuth, TAOCP 6.4).
const hashFactor = 0x9e3779b97f4a7c15

// hashText hashes the first and the last octets of a text, which tells apart nearly all names and words. Who looks for
// collisions finds them; so it serves caches only.
func hashText(s string) uint64 {
	var first, last uint64
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	switch n := len(s); {
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		first, last = uint64(s[0])<<8|uint64(s[n/2]), uint64(s[n-1])
	}
	return (first ^ bits.RotateLeft64(last*hashFactor, 29) ^ uint64(len(s))) * hashFactor
}

// hashPlace hashes where something lies, which tells it apart as long as somebody keeps it there.
func hashPlace(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) * hashFactor }

// hashAddr hashes an address.
func hashAddr(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return uint64(binary.LittleEndian.Uint32(b[:])) * hashFactor
	}
	b := a.As16()
	return (binary.LittleEndian.Uint64(b[:]) ^ binary.LittleEndian.Uint64(b[8:])) * hashFactor
}

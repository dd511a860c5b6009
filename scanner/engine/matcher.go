package engine

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"

	"github.com/caascan/caascan/scanner/wire"
)

// portLoad is how many exchanges may be in flight on one socket: three quarters of the IDs there are, so that a free
// one is found at the fourth try at the latest, on average.
const portLoad = 1 << 16 / 4 * 3

// lateMemory is how many exchanges that ended without a reply are remembered, to tell a late reply from a forged one.
const lateMemory = 4096

// matcher finds the exchange that a reply belongs to. The key is (socket, ID), which is unique among the exchanges
// in flight. It is a hash table with linear probing, so that a look-up reads one line of memory before that of the
// exchange itself. The IDs are ours and random, so no one else can crowd a part of it.
type matcher struct {
	slab  *slab
	table []entry // a power of two of them
	shift uint    // 64 minus the logarithm of their number
	count int
	load  []int32 // exchanges in flight by socket
	seed  maphash.Seed
	late  [lateMemory]uint64 // lateKey of each, in the place that its last bits name
}

// entry is a place in the table; free if its exchange is none.
type entry struct {
	key      uint32 // socket, ID
	exchange uint32
}

// firstEntries is the size of a table at the start. It doubles when it is two thirds full.
const firstEntries = 1 << 12

func newMatcher(s *slab, sockets int) *matcher {
	m := &matcher{slab: s, load: make([]int32, sockets), seed: maphash.MakeSeed()}
	m.resize(firstEntries)
	return m
}

func keyOf(socket, id uint16) uint32 { return uint32(socket)<<16 | uint32(id) }

// home returns the place at which the search for key begins (Fibonacci hashing).
func (m *matcher) home(key uint32) uint { return uint(uint64(key) * 0x9e3779b97f4a7c15 >> m.shift) }

// search returns the place of key, or the free one at which it would stand.
func (m *matcher) search(key uint32) uint {
	mask := uint(len(m.table) - 1)
	at := m.home(key)
	for m.table[at&mask].exchange != none && m.table[at&mask].key != key {
		at++
	}
	return at & mask
}

func (m *matcher) resize(n int) {
	old := m.table
	m.table = make([]entry, n)
	for i := range m.table {
		m.table[i].exchange = none
	}
	m.shift = uint(64 - bits.TrailingZeros(uint(n)))
	for _, e := range old {
		if e.exchange != none {
			m.table[m.search(e.key)] = e
		}
	}
}

// find returns the exchange in flight under (socket, ID), or none.
func (m *matcher) find(socket, id uint16) uint32 {
	return m.table[m.search(keyOf(socket, id))].exchange
}

// full reports whether socket has as many exchanges in flight as it can tell apart.
func (m *matcher) full(socket uint16) bool { return m.load[socket] >= portLoad }

// add puts exchange i in flight on socket, which must not be full, under a random ID that no other there has.
func (m *matcher) add(i uint32, socket uint16, rnd *rand.ChaCha8) {
	if m.count >= len(m.table)/3*2 {
		m.resize(2 * len(m.table))
	}
	random := rnd.Uint64()
	at := m.search(keyOf(socket, uint16(random)))
	for m.table[at].exchange != none {
		if random >>= 16; random == 0 {
			random = rnd.Uint64()
		}
		at = m.search(keyOf(socket, uint16(random)))
	}
	e := m.slab.at(i)
	e.socket, e.id = socket, uint16(random)
	m.table[at] = entry{keyOf(e.socket, e.id), i}
	m.count++
	m.load[socket]++
}

// remove takes exchange i out of flight. The entries behind it move up, so that no search ends too early.
func (m *matcher) remove(i uint32) {
	e := m.slab.at(i)
	mask := uint(len(m.table) - 1)
	hole := m.search(keyOf(e.socket, e.id))
	for at := (hole + 1) & mask; m.table[at].exchange != none; at = (at + 1) & mask {
		if home := m.home(m.table[at].key); (at-home)&mask >= (at-hole)&mask {
			m.table[hole] = m.table[at]
			hole = at
		}
	}
	m.table[hole].exchange = none
	m.count--
	m.load[e.socket]--
}

// forget remembers that e ended without a reply.
func (m *matcher) forget(e *exchange) {
	key := lateKey(e.folded, e.socket, e.id)
	m.late[key%lateMemory] = key
}

// isLate reports whether msg answers an exchange lately forgotten.
func (m *matcher) isLate(socket uint16, msg []byte) bool {
	end := wire.QuestionEnd(msg)
	if end == 0 {
		return false
	}
	key := lateKey(foldedHash(m.seed, msg[headerSize:end]), socket, binary.BigEndian.Uint16(msg))
	return m.late[key%lateMemory] == key
}

// lateKey identifies a question under (socket, ID) without its case.
func lateKey(folded uint32, socket, id uint16) uint64 {
	return uint64(socket)<<48 | uint64(id)<<32 | uint64(folded)
}

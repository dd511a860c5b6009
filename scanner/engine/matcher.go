package engine

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"

	"github.com/caascan/caascan/scanner/wire"
)

// portLoad is how many exchanges may be in flight on one socket: three quarters of the IDs there are, so that a free
// one is found at the fourth try at the latest, on average.
const portLoad = 1 << 16 / 4 * 3

// lateMemory is how many exchanges that ended without a reply are remembered, to tell a late reply from a forged one.
const lateMemory = 4096

// matcher finds the exchange that a reply belongs to. The key is (socket, ID), which is unique among the exchanges
// in flight.
type matcher struct {
	slab    *slab
	buckets []uint32 // first exchange of each chain; a power of two of them
	shift   uint     // 64 minus the logarithm of their number
	count   int
	load    []int32 // exchanges in flight by socket
	seed    maphash.Seed
	late    [lateMemory]uint64 // lateKey of each, in the place that its last bits name
}

// firstBuckets is the size of a matcher at the start. It doubles whenever there are more exchanges than buckets.
const firstBuckets = 1 << 12

func newMatcher(s *slab, sockets int) *matcher {
	m := &matcher{slab: s, load: make([]int32, sockets), seed: maphash.MakeSeed()}
	m.resize(firstBuckets)
	return m
}

// bucket maps a key to its chain (Fibonacci hashing; the IDs are ours and random, so no one else can crowd a chain).
func (m *matcher) bucket(socket, id uint16) *uint32 {
	key := uint64(socket)<<16 | uint64(id)
	return &m.buckets[key*0x9e3779b97f4a7c15>>m.shift]
}

func (m *matcher) resize(n int) {
	old := m.buckets
	m.buckets = make([]uint32, n)
	for i := range m.buckets {
		m.buckets[i] = none
	}
	m.shift = 64
	for n > 1 {
		n >>= 1
		m.shift--
	}
	for _, i := range old {
		for i != none {
			e := m.slab.at(i)
			next := e.link
			b := m.bucket(e.socket, e.id)
			e.link, *b = *b, i
			i = next
		}
	}
}

// find returns the exchange in flight under (socket, ID), or none.
func (m *matcher) find(socket, id uint16) uint32 {
	i := *m.bucket(socket, id)
	for i != none {
		e := m.slab.at(i)
		if e.id == id && e.socket == socket {
			break
		}
		i = e.link
	}
	return i
}

// full reports whether socket has as many exchanges in flight as it can tell apart.
func (m *matcher) full(socket uint16) bool { return m.load[socket] >= portLoad }

// add puts exchange i in flight on socket, which must not be full, under a random ID that no other there has.
func (m *matcher) add(i uint32, socket uint16, rnd *rand.ChaCha8) {
	bits := rnd.Uint64()
	for m.find(socket, uint16(bits)) != none {
		if bits >>= 16; bits == 0 {
			bits = rnd.Uint64()
		}
	}
	if m.count >= len(m.buckets) {
		m.resize(2 * len(m.buckets))
	}
	e := m.slab.at(i)
	e.socket, e.id = socket, uint16(bits)
	b := m.bucket(e.socket, e.id)
	e.link, *b = *b, i
	m.count++
	m.load[socket]++
}

// remove takes exchange i out of flight.
func (m *matcher) remove(i uint32) {
	e := m.slab.at(i)
	b := m.bucket(e.socket, e.id)
	for *b != i {
		b = &m.slab.at(*b).link
	}
	*b = e.link
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

package engine

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"

	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// portLoad is how many exchanges may be in flight on one socket: three quarters of the IDs there are, so that a free
// one is found at the fourth try at the latest, on average.
const portLoad = 1 << 16 / 4 * 3

// lateMemory is how many exchanges that ended without a reply are remembered, to tell a late reply from a forged one and
// a slow server from a silent one: the time-outs of some seconds, also when a tenth of 50,000 packets a second is lost.
const lateMemory = 1 << 14

// matcher finds the exchange that a reply belongs to. The key is (socket, ID), which is unique among the exchanges in
// flight. Each socket has a table of its own, and each ID one place in it, named by its last bits: since the IDs are
// ours to draw, one whose place is taken is not drawn. So a look-up reads one word of memory before the exchange
// itself, nothing ever moves up, and a socket whose table grows copies a quarter of a megabyte at most. A batch leaves
// through one socket and is received from one, so its places lie together.
//
// What an attacker loses by this is nothing he knew: of the IDs that are free at least half remain possible, up to the
// size of a table that holds all of them, and a quarter up to portLoad.
type matcher struct {
	slab   *slab
	tables [][]uint32 // by socket, then by the last bits of the ID: the exchange, or none
	load   []int32    // exchanges in flight by socket
	count  int
	seed   maphash.Seed
	late   [lateMemory]lately // in the place that the last bits of the key name
}

// lately is what is remembered of an exchange that ended without a reply.
type lately struct {
	key    uint64    // lateKey
	sent   step.Time // zero once a late reply has come
	server uint32
}

// A table begins with firstPlaces, room for two full batches, doubles when half of it is taken, and has a place for
// each ID at the end.
const (
	firstPlaces = 4 * batchSize
	allPlaces   = 1 << 16
)

func newMatcher(s *slab, sockets int) *matcher {
	m := &matcher{slab: s, tables: make([][]uint32, sockets), load: make([]int32, sockets), seed: maphash.MakeSeed()}
	for k := range m.tables {
		m.tables[k] = emptyTable(firstPlaces)
	}
	return m
}

func emptyTable(places int) []uint32 {
	t := make([]uint32, places)
	for k := range t {
		t[k] = none
	}
	return t
}

// grow doubles the table of socket. Exchanges whose IDs differ in their last bits differ in one bit more too.
func (m *matcher) grow(socket uint16) {
	old := m.tables[socket]
	t := emptyTable(2 * len(old))
	for _, i := range old {
		if i != none {
			t[int(m.slab.at(i).id)%len(t)] = i
		}
	}
	m.tables[socket] = t
}

// find returns the exchange in flight under (socket, ID), or none.
func (m *matcher) find(socket, id uint16) uint32 {
	t := m.tables[socket]
	i := t[int(id)&(len(t)-1)]
	if i != none && m.slab.at(i).id != id {
		return none
	}
	return i
}

// touch reads what find and its caller will read for (socket, ID), and returns something of it so that it is read. Done
// for a whole batch beforehand, the processor waits for the memory of many exchanges at once and not for one after the
// other.
func (m *matcher) touch(socket, id uint16) state {
	t := m.tables[socket]
	i := t[int(id)&(len(t)-1)]
	if i == none {
		return free
	}
	return m.slab.at(i).state
}

// full reports whether socket has as many exchanges in flight as it can tell apart.
func (m *matcher) full(socket uint16) bool { return m.load[socket] >= portLoad }

// add puts exchange i in flight on socket, which must not be full, under a random ID that no other there has.
func (m *matcher) add(i uint32, socket uint16, rnd *rand.ChaCha8) {
	t := m.tables[socket]
	if int(m.load[socket]) >= len(t)/2 && len(t) < allPlaces {
		m.grow(socket)
		t = m.tables[socket]
	}
	e := m.slab.at(i)
	e.socket, e.id = socket, drawID(t, rnd)
	t[int(e.id)&(len(t)-1)] = i
	m.count++
	m.load[socket]++
}

// drawID returns a random ID whose place in t is free.
func drawID(t []uint32, rnd *rand.ChaCha8) uint16 {
	for {
		for random, k := rnd.Uint64(), 0; k < 4; k++ {
			id := uint16(random >> (16 * k))
			if t[int(id)&(len(t)-1)] == none {
				return id
			}
		}
	}
}

// remove takes exchange i out of flight.
func (m *matcher) remove(i uint32) {
	e := m.slab.at(i)
	t := m.tables[e.socket]
	t[int(e.id)&(len(t)-1)] = none
	m.count--
	m.load[e.socket]--
}

// forget remembers that e ended without a reply.
func (m *matcher) forget(e *exchange) {
	key := lateKey(e.link, e.socket, e.id)
	m.late[key%lateMemory] = lately{key, e.time, e.server}
}

// findLate returns the exchange lately forgotten that msg answers, or nil.
func (m *matcher) findLate(socket uint16, msg []byte) *lately {
	end := wire.QuestionEnd(msg)
	if end == 0 {
		return nil
	}
	key := lateKey(foldedHash(m.seed, msg[headerSize:end]), socket, binary.BigEndian.Uint16(msg))
	if l := &m.late[key%lateMemory]; l.key == key {
		return l
	}
	return nil
}

// lateKey identifies a question under (socket, ID) without its case.
func lateKey(folded uint32, socket, id uint16) uint64 {
	return uint64(socket)<<48 | uint64(id)<<32 | uint64(folded)
}

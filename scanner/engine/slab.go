package engine

import (
	"time"

	"github.com/caascan/caascan/scanner/step"
)

// none is the index that stands for no exchange, no server, no operator.
const none = ^uint32(0)

// state says where an exchange is. Each is in exactly one place at a time, which is why two link fields do.
type state uint8

const (
	free     state = iota // on the free list
	waiting               // in its server's line, not at the head of it or about to be tried
	parked                // at the head of its server's line, in the wheel until a limit may allow it
	boarding              // in the batch that is about to leave
	flying                // sent; in the wheel until its deadline and in the matcher until its reply
	dialled               // handed to a goroutine that speaks TCP
)

// exchange is one Ask under way: 64 octets, a line of the processor's cache. It holds no pointer, so the collector
// never looks at the slab.
type exchange struct {
	due    int64         // tick of the wheel, while in it
	time   step.Time     // until it leaves: when it was asked; then: when it was sent, zero if it never was
	span   time.Duration // until it leaves: Ask.Timeout; then: how long the limits made it wait
	sent   uint64        // hash of the question as sent
	folded uint32        // hash of the question in lower case
	ticket step.Ticket
	server uint32 // index of the peer
	prev   uint32 // wheel
	next   uint32 // wheel; free list
	link   uint32 // server's line
	id     uint16 // of the DNS message
	socket uint16 // index
	state  state
	flags  exchangeFlags
}

func (e *exchange) question() question { return question{e.sent, e.folded} }

type exchangeFlags uint8

const (
	overTCP exchangeFlags = 1 << iota
	mixCase
)

// chunkSize is the number of exchanges allocated at once: 256 KiB. Exchanges never move.
const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

// slab holds all exchanges, addressed by index.
type slab struct {
	chunks []*[chunkSize]exchange
	free   uint32 // first free exchange, linked by next
	used   int
}

func newSlab() slab { return slab{free: none} }

func (s *slab) at(i uint32) *exchange { return &s.chunks[i>>chunkBits][i%chunkSize] }

// take returns a free exchange, all zero, growing the slab if there is none.
func (s *slab) take() (uint32, *exchange) {
	if s.free == none {
		s.grow()
	}
	i := s.free
	e := s.at(i)
	s.free = e.next
	s.used++
	*e = exchange{}
	return i, e
}

// give puts exchange i back.
func (s *slab) give(i uint32) {
	e := s.at(i)
	e.state = free
	e.next = s.free
	s.free = i
	s.used--
}

func (s *slab) grow() {
	first := uint32(len(s.chunks)) * chunkSize
	chunk := new([chunkSize]exchange)
	for k := range chunk {
		chunk[k].next = first + uint32(k) + 1
	}
	chunk[chunkSize-1].next = s.free
	s.free = first
	s.chunks = append(s.chunks, chunk)
}

package engine

import (
	"time"

	"github.com/caascan/caascan/scanner/step"
)

// none is the index that stands for no exchange, no server, no operator.
const none = ^uint32(0)

// state says where an exchange is. Each is in exactly one place at a time, which is why its fields can mean different
// things before it leaves and after.
type state uint8

const (
	free     state = iota // on the free list
	pausing               // in the wheel until its pause is over
	waiting               // in its server's line, not at the head of it or about to be tried
	parked                // at the head of its server's line, in the wheel until a limit may allow it
	boarding              // in the batch that is about to leave
	flying                // sent; in the wheel until its deadline and in the matcher until its reply
	dialled               // handed to a goroutine that speaks TCP
)

// exchange is one Ask under way: 48 octets. It holds no pointer, so the collector never looks at the slab.
type exchange struct {
	time   step.Time // until it leaves: when it joined the line; then: when it was sent, zero if it never was
	span   span      // until it leaves: Ask.Timeout; then: how long the limits made it wait
	id     uint16    // of the DNS message
	due    uint32    // tick of the wheel, while in it; counted from its start, the last 32 bits
	prev   uint32    // wheel
	next   uint32    // wheel; free list
	link   uint32    // until it leaves: the exchange behind it in its server's line; then: hash of the question in lower case
	sent   uint32    // hash of the question as sent
	ticket step.Ticket
	server uint32 // index of the peer
	socket uint16 // index
	state  state
	flags  exchangeFlags
}

func (e *exchange) question() question { return question{sent: e.sent, folded: e.link} }

// span is a time.Duration in six octets: nanoseconds from none up to maxSpan. Less counts as none, more as maxSpan.
type span [3]uint16

// maxSpan is 78 hours. No network timeout is near it, and a wait for a server that is longer is told as that.
const maxSpan = time.Duration(1<<48 - 1)

func makeSpan(d time.Duration) span {
	d = min(max(d, 0), maxSpan)
	return span{uint16(d), uint16(d >> 16), uint16(d >> 32)}
}

func (s span) duration() time.Duration {
	return time.Duration(s[0]) | time.Duration(s[1])<<16 | time.Duration(s[2])<<32
}

type exchangeFlags uint8

const (
	overTCP exchangeFlags = 1 << iota
	mixCase
	foreseen
)

// chunkSize is the number of exchanges allocated at once: 192 KiB. Exchanges never move.
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

package simnet

import (
	"time"

	"github.com/caascan/caascan/scanner/engine/batch"
)

// The wheel's buckets are a millisecond wide; its turn is longer than MaxDelay and slowMax together.
const (
	lateTick  = time.Millisecond
	lateTicks = 1 << 14
)

// late holds replies until they are due: a wheel of buckets, each a chain of chunks. Chunks go back to a free list,
// so that hundreds of thousands of pending replies cost their octets and little more. It belongs to the loop.
type late struct {
	buckets [lateTicks]*chunk
	next    int64 // first tick that has not been emptied
	pending int
	free    *chunk
}

const (
	chunkReplies = 16
	chunkOctets  = chunkReplies * 160 // an ordinary reply is shorter; a chunk grows for longer ones
)

// chunk is some replies due in one tick.
type chunk struct {
	next    *chunk // added before this one
	n       int
	entries [chunkReplies]lateReply
	data    []byte
}

type lateReply struct {
	to, from batch.Addr
	end      int32 // of its octets in data
	socket   uint8
}

// add keeps a copy of msg until due.
func (l *late) add(due time.Duration, msg []byte, to, from *batch.Addr, socket int) {
	tick := max(int64((due+lateTick-1)/lateTick), l.next)
	at := &l.buckets[tick%lateTicks]
	c := *at
	if c == nil || c.n == chunkReplies {
		c = l.take()
		c.next = *at
		*at = c
	}
	c.data = append(c.data, msg...)
	c.entries[c.n] = lateReply{to: *to, from: *from, end: int32(len(c.data)), socket: uint8(socket)}
	c.n++
	l.pending++
}

func (l *late) take() *chunk {
	c := l.free
	if c == nil {
		return &chunk{data: make([]byte, 0, chunkOctets)}
	}
	l.free = c.next
	c.n, c.data = 0, c.data[:0]
	return c
}

// release hands over the replies that are due.
func (l *late) release(now time.Duration, send func(msg []byte, r *lateReply)) {
	tick := int64(now / lateTick)
	if l.pending == 0 {
		l.next = max(l.next, tick)
		return
	}
	for ; l.next <= tick; l.next++ {
		at := &l.buckets[l.next%lateTicks]
		for c := *at; c != nil; {
			start := int32(0)
			for i := range c.n {
				r := &c.entries[i]
				send(c.data[start:r.end], r)
				start = r.end
			}
			l.pending -= c.n
			next := c.next
			c.next, l.free = l.free, c
			c = next
		}
		*at = nil
	}
}

// wait returns how long the loop may sleep: not past the next reply, but not longer than some ticks either, as the
// wheel is only looked through so far. It is negative, for ever, if nothing is pending.
func (l *late) wait(now time.Duration) time.Duration {
	if l.pending == 0 {
		return -1
	}
	const ahead = 50
	tick := l.next
	for tick < l.next+ahead && l.buckets[tick%lateTicks] == nil {
		tick++
	}
	return max(time.Duration(tick)*lateTick-now, 0)
}

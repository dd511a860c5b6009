package resolve

import "github.com/caascan/caascan/scanner/step"

// A million names in flight have a million questions. They lie in chunks that never move, and are found by ticket, or
// by name through a table that the garbage collector need not look into.

// slab holds all questions, addressed by ticket.
type slab struct {
	chunks []*[slabChunk]question
	free   []step.Ticket
	made   int // questions in the chunks that were ever used
	used   int
}

const slabChunk = 1024

func (s *slab) at(t step.Ticket) *question { return &s.chunks[t/slabChunk][t%slabChunk] }

// take returns a question that is not used, all zero but for its ticket.
func (s *slab) take() *question {
	s.used++
	if n := len(s.free); n > 0 {
		t := s.free[n-1]
		s.free = s.free[:n-1]
		return s.at(t)
	}
	if s.made == slabChunk*len(s.chunks) {
		s.chunks = append(s.chunks, new([slabChunk]question))
	}
	q := s.at(step.Ticket(s.made))
	q.ticket = step.Ticket(s.made)
	s.made++
	return q
}

// after returns the question behind q, of those for one name; nil if it is the last.
func (s *slab) after(q *question) *question {
	if q.next == nobody {
		return nil
	}
	return s.at(q.next)
}

// give makes q free.
func (s *slab) give(q *question) {
	s.used--
	*q = question{ticket: q.ticket}
	s.free = append(s.free, q.ticket)
}

// index finds the questions under way by name: those for one name are linked by question.next, and the first of them is
// in the table. It is a hash table with linear probing.
type index struct {
	questions *slab
	table     []place // a power of two of them
	count     int
}

// place is one of the table; free if its ticket is nobody.
type place struct {
	hash   uint32
	ticket step.Ticket
}

const (
	nobody       = ^step.Ticket(0)
	firstPlaces  = 1 << 8
	indexLoadNum = 3 // at most three quarters of the places are taken
	indexLoadDen = 4
)

func newIndex(questions *slab) index {
	x := index{questions: questions}
	x.resize(firstPlaces)
	return x
}

func (x *index) resize(n int) {
	old := x.table
	x.table = make([]place, n)
	for i := range x.table {
		x.table[i].ticket = nobody
	}
	for _, p := range old {
		if p.ticket != nobody {
			at := int(p.hash) & (n - 1)
			for x.table[at].ticket != nobody {
				at = (at + 1) & (n - 1)
			}
			x.table[at] = p
		}
	}
}

// search returns the place of the questions for the name in k, or the free one at which it would be.
func (x *index) search(k *key) int {
	mask := len(x.table) - 1
	at := int(k.hash) & mask
	for ; x.table[at].ticket != nobody; at = (at + 1) & mask {
		if x.table[at].hash == k.hash && x.questions.at(x.table[at].ticket).key.name == k.name {
			break
		}
	}
	return at
}

// first returns the first of the questions for the name in k; nil if there are none.
func (x *index) first(k *key) *question {
	at := x.search(k)
	if t := x.table[at].ticket; t != nobody {
		return x.questions.at(t)
	}
	return nil
}

// put makes q the first of the questions for its name, before the one that was first, nil if there was none.
func (x *index) put(q, first *question) {
	q.next = nobody
	if first != nil {
		q.next = first.ticket
	} else {
		if x.count >= len(x.table)/indexLoadDen*indexLoadNum {
			x.resize(2 * len(x.table))
		}
		x.count++
	}
	x.table[x.search(&q.key)] = place{q.key.hash, q.ticket}
}

// drop takes q out of the questions for its name.
func (x *index) drop(q *question) {
	at := x.search(&q.key)
	first := x.questions.at(x.table[at].ticket)
	switch {
	case first != q:
		for first.next != q.ticket {
			first = x.questions.at(first.next)
		}
		first.next = q.next
	case q.next != nobody:
		x.table[at].ticket = q.next
	default:
		x.vacate(at)
	}
}

// vacate frees a place. The ones behind it move up, so that no search ends too early.
func (x *index) vacate(hole int) {
	mask := len(x.table) - 1
	for at := (hole + 1) & mask; x.table[at].ticket != nobody; at = (at + 1) & mask {
		home := int(x.table[at].hash) & mask
		if (at-home)&mask >= (at-hole)&mask {
			x.table[hole] = x.table[at]
			hole = at
		}
	}
	x.table[hole].ticket = nobody
	x.count--
}

// find returns the question k, if it is under way, and the first of those for its name.
func (r *Resolver) find(k key) (q, first *question) {
	first = r.underWay.first(&k)
	for q = first; q != nil && q.key != k; q = r.questions.after(q) {
	}
	return q, first
}

package resolve

import (
	"hash/maphash"
	"math/bits"
	"unsafe"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// cache is a map that keeps at least the last size entries put or got, and at most twice as many. It has two
// generations: when the young one is full it becomes the old one, and what was old and not asked for since is
// dropped. Expiry is the affair of what is stored.
//
// Most names are asked for once, so most look-ups find nothing. Such a one reads a word or two of a table without
// pointers. Callers hash, since they look for one name in several places.
type cache[K ~string, V any] struct {
	entries []entry[K, V]
	table   []uint32 // linear probing: low bits the entry, counted from 1, or 0; high bits those of its hash
	mask    uint32   // of the low bits
	young   int      // entries of the young generation
	size    int
}

type entry[K ~string, V any] struct {
	key     K
	value   V
	hash    uint32
	young   bool
	dropped bool
}

// cachePlaces is how many places the table of a cache begins with. At most half of them are taken.
const cachePlaces = 64

func newCache[K ~string, V any](size int) cache[K, V] {
	return cache[K, V]{table: make([]uint32, cachePlaces), mask: 1<<bits.Len(uint(2*size)) - 1, size: size}
}

func (c *cache[K, V]) get(hash uint32, k K) (v V, ok bool) {
	e := c.search(hash, k)
	if e == nil || e.dropped {
		return v, false
	}
	v = e.value
	c.renew(e)
	return v, true
}

// find is get for a key that lies in a buffer.
func (c *cache[K, V]) find(hash uint32, k []byte) (V, bool) {
	return c.get(hash, K(unsafe.String(unsafe.SliceData(k), len(k)))) // which does not keep it
}

func (c *cache[K, V]) put(hash uint32, k K, v V) {
	e := c.search(hash, k)
	if e == nil {
		c.entries = append(c.entries, entry[K, V]{key: k, hash: hash})
		if 2*len(c.entries) > len(c.table) {
			c.table = make([]uint32, 2*len(c.table))
			c.fill()
		} else {
			c.place(len(c.entries))
		}
		e = &c.entries[len(c.entries)-1]
	}
	e.value, e.dropped = v, false
	c.renew(e)
}

func (c *cache[K, V]) drop(hash uint32, k K) {
	if e := c.search(hash, k); e != nil {
		var none V
		e.value, e.dropped = none, true
	}
}

// search returns the entry of a key, nil if there is none. It holds until the next put or get.
func (c *cache[K, V]) search(hash uint32, k K) *entry[K, V] {
	last := uint32(len(c.table) - 1)
	for at := hash & last; c.table[at] != 0; at = (at + 1) & last {
		if p := c.table[at]; (p^hash)&^c.mask == 0 {
			if e := &c.entries[p&c.mask-1]; e.key == k {
				return e
			}
		}
	}
	return nil
}

// renew makes an entry young. Once that generation is full, it is the old one, and the old one goes.
func (c *cache[K, V]) renew(e *entry[K, V]) {
	if e.young {
		return
	}
	e.young = true
	if c.young++; c.young < c.size {
		return
	}
	kept := c.entries[:0]
	for _, e := range c.entries {
		if e.young {
			e.young = false
			kept = append(kept, e)
		}
	}
	clear(c.entries[len(kept):])
	c.entries, c.young = kept, 0
	clear(c.table)
	c.fill()
}

// fill puts all entries into the table, which is empty.
func (c *cache[K, V]) fill() {
	for n := range c.entries {
		c.place(n + 1)
	}
}

// place puts entry n, counted from 1, into the table.
func (c *cache[K, V]) place(n int) {
	hash := c.entries[n-1].hash
	last := uint32(len(c.table) - 1)
	at := hash & last
	for c.table[at] != 0 {
		at = (at + 1) & last
	}
	c.table[at] = hash&^c.mask | uint32(n)
}

// hash is what names are looked up by, in the caches and among the questions under way. Nobody outside can find
// collisions.
func (r *Resolver) hash(name wire.Name) uint32 { return uint32(maphash.String(r.seed, string(name))) }

func (r *Resolver) hashBytes(name []byte) uint32 { return uint32(maphash.Bytes(r.seed, name)) }

// stored is an answer as the cache holds it: linked with those of other types for the same name.
type stored struct {
	record.Answer
	use   use
	proof []record.RR // RRSIG, NSEC and NSEC3 records that came with it; nil once they have been looked at
	trust *trust      // of a question of the chain

	next *stored
}

// maxKept bounds the octets of the records in an answer, or in a link of the chain of trust, that is kept for others. With
// the caches bounded in entries, sets of 64 KiB would fill gigabytes. Real ones are below 2 KiB but for a few.
const maxKept = 8 << 10

// octets is the size of the data of records, and of what holds them.
func octets(records []record.RR) int {
	const each = 48
	sum := each * len(records)
	for i := range records {
		sum += len(records[i].Data)
	}
	return sum
}

// serves reports whether the answer serves questions of that use, too: what is proven serves where no proof is asked for.
func (s *stored) serves(u use) bool {
	return s.use == u || u == serving && s.use == answering && !s.Outcome.Failed()
}

// denies reports whether the answer says that the name does not exist, which holds for every type (RFC 2308 5).
func (s *stored) denies() bool { return s.Outcome == record.NXDomain && len(s.Chain) == 0 }

// cached returns an answer that has not expired.
func (r *Resolver) cached(now step.Time, k key) (*record.Answer, bool) {
	first, ok := r.answers.get(k.hash, k.name)
	if !ok {
		return nil, false
	}
	for s := first; s != nil; s = s.next {
		if s.Type == k.typ && s.serves(k.use) && now < s.Expires && !(s.Outcome.Failed() && r.outdated(s.Expires)) {
			r.counts.wanted(&s.Answer)
			return &s.Answer, true
		}
	}
	for s := first; s != nil; s = s.next {
		if s.denies() && s.serves(k.use) && now < s.Expires {
			same := s.Answer
			same.Type = k.typ
			r.counts.wanted(&same)
			return &same, true
		}
	}
	return nil, false
}

// store puts the answer to k into the cache, in the place of an older one, and drops those for its name that have expired.
func (r *Resolver) store(now step.Time, k key, s *stored) {
	first, _ := r.answers.get(k.hash, k.name)
	link := &s.next
	for old := first; old != nil; old = old.next {
		if (old.Type != s.Type || old.use != s.use) && now < old.Expires {
			*link = old
			link = &old.next
		}
	}
	*link = nil
	r.answers.put(k.hash, k.name, s)
}

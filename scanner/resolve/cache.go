package resolve

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// cache is a map that keeps at least the last size entries put or got, and at most twice as many. It has two
// generations: when the young one is full it becomes the old one, and what was old and not asked for since is
// dropped. Expiry is the affair of what is stored.
type cache[K ~string, V any] struct {
	young, old map[K]V
	size       int
}

func newCache[K ~string, V any](size int) cache[K, V] {
	return cache[K, V]{young: map[K]V{}, size: size}
}

func (c *cache[K, V]) get(k K) (V, bool) {
	if v, ok := c.young[k]; ok {
		return v, true
	}
	v, ok := c.old[k]
	if ok {
		c.put(k, v)
	}
	return v, ok
}

// find is get for a key that lies in a buffer. It copies the key only when the entry grows young again.
func (c *cache[K, V]) find(k []byte) (V, bool) {
	if v, ok := c.young[K(k)]; ok {
		return v, true
	}
	v, ok := c.old[K(k)]
	if ok {
		c.put(K(k), v)
	}
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	if len(c.young) >= c.size {
		c.old = c.young
		c.young = make(map[K]V, c.size/8)
	}
	c.young[k] = v
}

func (c *cache[K, V]) drop(k K) {
	delete(c.young, k)
	delete(c.old, k)
}

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
	first, ok := r.answers.get(k.name)
	if !ok {
		return nil, false
	}
	for s := first; s != nil; s = s.next {
		if s.Type == k.typ && s.serves(k.use) && now < s.Expires {
			return &s.Answer, true
		}
	}
	for s := first; s != nil; s = s.next {
		if s.denies() && s.serves(k.use) && now < s.Expires {
			same := s.Answer
			same.Type = k.typ
			return &same, true
		}
	}
	return nil, false
}

// store puts an answer into the cache, in the place of an older one, and drops those for its name that have expired.
func (r *Resolver) store(now step.Time, s *stored) {
	first, _ := r.answers.get(s.Name)
	link := &s.next
	for old := first; old != nil; old = old.next {
		if (old.Type != s.Type || old.use != s.use) && now < old.Expires {
			*link = old
			link = &old.next
		}
	}
	*link = nil
	r.answers.put(s.Name, s)
}

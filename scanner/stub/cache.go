package stub

import (
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// stored is an answer as the cache holds it, with what it says as a link of a proof.
type stored struct {
	record.Answer
	link link
	why  dnssec.Reason // if the link is unsigned
}

// cache keeps at least the last size answers put or found, and at most twice as many: when the young generation is full
// it becomes the old one, and what was old and not asked for since is dropped.
type cache struct {
	young, old map[key]*stored
	size       int
}

func newCache(size int) cache { return cache{young: map[key]*stored{}, size: size} }

// put keeps s. One that says that the name does not exist is kept for every type (RFC 2308 5).
func (c *cache) put(k key, s *stored) {
	if s.denies() {
		k.typ = 0
	}
	if len(c.young) >= c.size {
		c.old = c.young
		c.young = make(map[key]*stored, c.size/8)
	}
	c.young[k] = s
}

func (s *stored) denies() bool { return s.Outcome == record.NXDomain && len(s.Chain) == 0 }

// find returns an answer that has not expired, nil if there is none.
func (c *cache) find(now step.Time, k key) *stored {
	if s := c.get(now, k); s != nil {
		return s
	}
	k0 := k
	k0.typ = 0
	s := c.get(now, k0)
	if s == nil || s.Type == k.typ {
		return s
	}
	same := *s
	same.Type = k.typ
	return &same
}

func (c *cache) get(now step.Time, k key) *stored {
	if s, ok := c.young[k]; ok {
		if now < s.Expires {
			return s
		}
		return nil
	}
	s, ok := c.old[k]
	if !ok || now >= s.Expires {
		return nil
	}
	c.put(k, s)
	return s
}

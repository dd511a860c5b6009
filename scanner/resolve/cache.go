package resolve

// cache is a map that keeps at least the last size entries put or got, and at most twice as many. It has two
// generations: when the young one is full it becomes the old one, and what was old and not asked for since is
// dropped. Expiry is the affair of what is stored.
type cache[K comparable, V any] struct {
	young, old map[K]V
	size       int
}

func newCache[K comparable, V any](size int) cache[K, V] {
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

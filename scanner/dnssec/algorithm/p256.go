package algorithm

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// p256Size is the size of a coordinate and of either half of a signature, in octets (RFC 6605 4).
const p256Size = 32

// The combs, teeth by blocks, as BenchmarkComb shows their costs: bigger ones make fewer additions a check.
const (
	baseTeeth, baseBlocks = 10, 2 // of G: 64 KB, once in the process
	coldTeeth, coldBlocks = 5, 1  // of a key that has been used: 1 KB; the first check costs no more with it than without
	hotTeeth, hotBlocks   = 8, 2  // of a key that has been used often: 16 KB
)

// hotUses is the number of uses after which a key gets its bigger comb: what that one costs, the checks so far would
// have saved. So a key never pays more than twice what it had to, however often it comes.
const hotUses = 16

// hotKeys is the number of keys that may have their bigger comb at a time: the zone signing keys of all TLDs, about
// 1500, and some hundred large zones. That is 32 MB.
const hotKeys = 2048

// p256 is a key of ECDSAP256. Its field operations are our own, in plain Go: crypto/ecdsa takes care of secrets, which
// there are none of here, and keeps nothing from one check to the next.
type p256 struct {
	point affine
	once  sync.Once // for cold
	cold  *comb
	hot   atomic.Pointer[comb] // nil while the key is not hot
	uses  atomic.Uint32        // since it was last not
}

// newP256 reads the two coordinates of the point (RFC 6605 4).
func newP256(key []byte) (*p256, bool) {
	if len(key) != 2*p256Size {
		return nil, false
	}
	point, ok := newAffine(key)
	if !ok {
		return nil, false
	}
	return &p256{point: point}, true
}

// verify takes a signature of r and s (RFC 6605 4).
func (k *p256) verify(signed, signature []byte) bool {
	if len(signature) != 2*p256Size {
		return false
	}
	hash := sha256.Sum256(signed)
	r, s := words(signature[:p256Size]), words(signature[p256Size:])
	return verifyP256(words(hash[:]), r, s, k.comb)
}

// verifyP256 is the verification of FIPS 186-5 6.4.2 by the comb of the key, which is asked for only if r and s can be
// a signature at all.
func verifyP256(hash, r, s [4]uint64, key func() *comb) bool {
	zero := [4]uint64{}
	if r == zero || s == zero || !less(&r, &orderN) || !less(&s, &orderN) {
		return false
	}
	var e, inverse, u1, u2 scalar
	e.setReduced(hash)
	inverse.invert((*scalar)(&s))
	u1.mul(&e, &inverse)
	u2.mul((*scalar)(&r), &inverse)
	sum := sumOfProducts(baseComb(), &u1, key(), &u2)
	return sum.hasX((*scalar)(&r))
}

var baseComb = sync.OnceValue(func() *comb { return newComb(&generator, baseTeeth, baseBlocks) })

// comb is the comb for one more use of the key.
func (k *p256) comb() *comb {
	if c := k.hot.Load(); c != nil {
		return c
	}
	if k.uses.Add(1) == hotUses { // of all goroutines here only one meets this
		c := newComb(&k.point, hotTeeth, hotBlocks)
		k.hot.Store(c)
		hot.add(k)
		return c
	}
	k.once.Do(func() { k.cold = newComb(&k.point, coldTeeth, coldBlocks) })
	return k.cold
}

// hot are the keys that are hot.
var hot = hotRing{keys: make([]*p256, hotKeys)}

// hotRing holds the keys that are hot, in the order in which they came.
type hotRing struct {
	mu   sync.Mutex
	keys []*p256
	next int // where the next one goes: the oldest, if there is one
}

// add takes k in. The oldest goes out if the ring is full: it has to be used hotUses times again, so that many keys in
// turn cannot make the ring cost more than it saves.
func (h *hotRing) add(k *p256) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if oldest := h.keys[h.next]; oldest != nil {
		oldest.uses.Store(0)
		oldest.hot.Store(nil)
	}
	h.keys[h.next] = k
	h.next = (h.next + 1) % len(h.keys)
}

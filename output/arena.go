package output

import "math"

// int16 returns a pointer to n, at most 32767. What is small is always at the same place.
func (e *Encoder) int16(n int) *int16 {
	if n < len(int16s) {
		return &int16s[n]
	}
	p := e.int16s.take(1)
	p[0] = saturated16(n)
	return &p[0]
}

// ttl reads a TTL as RFC 2181 8 says: with the highest bit set it is 0.
func ttl(seconds uint32) int32 {
	if seconds > math.MaxInt32 {
		return 0
	}
	return int32(seconds)
}

// ttl returns a pointer to a TTL. Those in use are few, and mostly at the same place.
func (e *Encoder) ttl(seconds uint32) *int32 {
	n := ttl(seconds)
	known := e.ttls.at(uint64(n) * hashFactor)
	if *known == nil || **known != n {
		fresh := n
		*known = &fresh
	}
	return *known
}

func saturated16(n int) int16 { return int16(min(n, math.MaxInt16)) }

var yes, no = true, false

// flag returns a pointer to b, for columns that can be NULL.
func flag(b bool) *bool {
	if b {
		return &yes
	}
	return &no
}

// octets are what columns of octets that can be NULL point at.
var octets = func() (all [math.MaxUint8 + 1]uint8) {
	for i := range all {
		all[i] = uint8(i)
	}
	return all
}()

var int8s = func() (all [math.MaxInt8 + 1]int8) {
	for i := range all {
		all[i] = int8(i)
	}
	return all
}()

// int16s are what most columns of counts point at.
var int16s = func() (all [64]int16) {
	for i := range all {
		all[i] = int16(i)
	}
	return all
}()

// small8 returns a pointer to n, at most 127, for columns that can be NULL.
func small8(n int) *int8 { return &int8s[min(n, math.MaxInt8)] }

// arenaBlock is how many elements an arena allocates at a time: enough for the rows of a batch, mostly.
const arenaBlock = 256

// arena hands out slices of a larger array. What it handed out lives on until reset, and as long as anybody refers to
// it; after a reset it may be handed out again. The elements of a slice hold anything: the caller sets them all.
type arena[T any] struct {
	block, free []T
}

// take returns a slice of n elements that is not nil.
func (a *arena[T]) take(n int) []T {
	if n == 0 {
		return []T{}
	}
	if n > len(a.free) {
		a.block = make([]T, max(n, arenaBlock, 2*len(a.block)))
		a.free = a.block
	}
	s := a.free[:n:n]
	a.free = a.free[n:]
	return s
}

// reset makes everything free, in the largest block there is.
func (a *arena[T]) reset() { a.free = a.block }

// release gives up what was handed out: it lives as long as anybody refers to it, no longer, and will not be handed out again.
func (a *arena[T]) release() { a.block = nil }

package datasets

import (
	"math/bits"
	"math/rand/v2"

	"github.com/caascan/caascan/scanner/record"
)

// window holds the targets that are being shuffled. A scan visits its slots at random, so that each visit would miss
// the cache several times if they held what a target holds: a slot is one line of the cache, without pointers for the
// collector to follow, and becomes a target only when it is drawn.
type window struct {
	slots []held
	rng   *rand.PCG

	sources []string // that slots refer to
	long    []string // texts that do not fit into their slot
	free    []uint32 // places in long that are not in use

	delegations []delegated // that slots refer to
	spare       []uint32    // places in delegations that are not in use

	near    int   // how many of the next draws find their slot in the cache
	fetched int64 // keeps the compiler from leaving fetch out
}

// held is a target in the window: 64 octets.
type held struct {
	line   int64
	rank   int64
	source uint32 // place in window.sources
	long   uint32 // place in window.long plus 1; 0 if the text is in the slot
	outline
	text [heldText]byte
}

// delegated is a delegation in the window.
type delegated struct {
	*record.Delegation
	file *zoneFile // that may hold more glue for it by the time it is drawn; nil if not
}

// heldText is room for the names of most lists: nineteen of twenty are no longer.
const heldText = 32

// source makes s the source of what is put into the window from now on.
func (w *window) source(s string) {
	if n := len(w.sources); n == 0 || w.sources[n-1] != s {
		w.sources = append(w.sources, s)
	}
}

// put makes slot a target with the current source.
func (w *window) put(slot *held, f *found, line, rank int64) {
	slot.line, slot.rank = line, rank
	slot.source = uint32(len(w.sources) - 1)
	slot.outline = f.outline
	slot.long = 0
	if f.size() <= heldText {
		n := copy(slot.text[:], f.input)
		copy(slot.text[n:], f.name)
		return
	}
	if n := len(w.free); n > 0 {
		slot.long = w.free[n-1] + 1
		w.free = w.free[:n-1]
		w.long[slot.long-1] = f.text()
		return
	}
	w.long = append(w.long, f.text())
	slot.long = uint32(len(w.long))
}

// delegate makes slot a target that a zone file delegates. Such a list has no ranks: the place of d is where they are.
func (w *window) delegate(slot *held, f *found, line int64, d delegated) {
	place := len(w.delegations)
	if n := len(w.spare); n > 0 {
		place = int(w.spare[n-1])
		w.spare = w.spare[:n-1]
		w.delegations[place] = d
	} else {
		w.delegations = append(w.delegations, d)
	}
	f.marks |= isDelegated
	w.put(slot, f, line, int64(place))
}

// delegation returns the delegation of the target in slot, whose place is free then.
func (w *window) delegation(slot *held) *record.Delegation {
	if slot.marks&isDelegated == 0 {
		return nil
	}
	place := uint32(slot.rank)
	d := w.delegations[place]
	w.delegations[place] = delegated{}
	w.spare = append(w.spare, place)
	slot.rank = 0
	if d.file != nil {
		d.file.complete(d.Delegation)
	}
	return d.Delegation
}

// take returns the target in slot, which is free then.
func (w *window) take(slot *held) record.Target {
	var text string
	if slot.long == 0 {
		text = string(slot.text[:slot.size()])
	} else {
		text = w.long[slot.long-1]
		w.long[slot.long-1] = ""
		w.free = append(w.free, slot.long-1)
	}
	t := slot.target(text)
	t.Delegation = w.delegation(slot)
	t.Source, t.Line, t.RankBucket = w.sources[slot.source], slot.line, RankBucket(slot.rank)
	if slot.marks&isBucket == 0 {
		t.Rank = slot.rank
	}
	return t
}

// draw returns a random slot.
func (w *window) draw() *held {
	if w.near == 0 {
		w.fetch()
	}
	w.near--
	return &w.slots[pick(w.rng, len(w.slots))]
}

// fetchAhead is how many slots are fetched from memory at a time, which takes little longer than to fetch one; they
// must not push each other out of the nearest cache.
const fetchAhead = 16

// fetch looks at the slots that will be drawn next if their number stays.
func (w *window) fetch() {
	ahead := *w.rng
	sum := int64(0)
	for range fetchAhead {
		sum += w.slots[pick(&ahead, len(w.slots))].line
	}
	w.fetched, w.near = sum, fetchAhead
}

// pick returns a random number below n.
func pick(rng *rand.PCG, n int) int {
	if n == 1 {
		return 0
	}
	slot, _ := bits.Mul64(rng.Uint64(), uint64(n))
	return int(slot)
}

package datasets

import "strings"

// frequent holds something for each of many keys, and forgets those of little weight when they get too many. What is
// held of a key never weighs too much, and lacks at most the sum of the weights up to which keys were forgotten. In a
// list whose names come in random order that is the weight of a key met once, for every most/2 keys met once; half
// the room stays with the heaviest keys, which are what is asked for.
type frequent[V any] struct {
	of     map[string]*V
	weight func(*V) int64
	most   int
	lost   int64 // that sum
}

func newFrequent[V any, P interface {
	*V
	weight() int64
}](most int) *frequent[V] {
	return &frequent[V]{of: make(map[string]*V), weight: func(v *V) int64 { return P(v).weight() }, most: most}
}

// at returns what is held for a key, new if there is nothing yet.
func (f *frequent[V]) at(key string) *V {
	if v := f.of[key]; v != nil {
		return v
	}
	if len(f.of) >= f.most {
		f.forget()
	}
	v := new(V)
	f.of[strings.Clone(key)] = v
	return v
}

// forget makes half the room free.
func (f *frequent[V]) forget() {
	light := int64(0)
	for len(f.of) > f.most/2 {
		light = max(1, 2*light)
		for key, v := range f.of {
			if f.weight(v) <= light {
				delete(f.of, key)
			}
		}
	}
	f.lost += light
}

// sample tells registrable domains apart: all of them up to a number, then those whose hash has a run of zeros at its
// end, a longer one each time they get too many. What is counted among them stands for 2^shift as many.
type sample struct {
	met   map[uint64]sampled
	most  int
	shift uint
}

type sampled struct {
	zone *zone
	bare bool // the domain was not met as a name itself
}

func newSample(most int) sample { return sample{met: make(map[uint64]sampled), most: most} }

// add counts a domain in its zone, once; apex says that the domain is a name of the input itself.
func (s *sample) add(domain string, z *zone, apex bool) {
	h := domainHash(domain)
	if !s.holds(h) {
		return
	}
	d, met := s.met[h]
	switch {
	case !met:
		d = sampled{zone: z, bare: !apex}
		z.domains++
		if d.bare {
			z.bare++
		}
	case d.bare && apex:
		d.bare = false
		d.zone.bare--
	default:
		return
	}
	s.met[h] = d
	for len(s.met) > s.most {
		s.halve()
	}
}

func (s *sample) holds(h uint64) bool { return h&(1<<s.shift-1) == 0 }

func (s *sample) halve() {
	s.shift++
	for h, d := range s.met {
		if s.holds(h) {
			continue
		}
		delete(s.met, h)
		d.zone.domains--
		if d.bare {
			d.zone.bare--
		}
	}
}

// domainHash spreads domains over all 64 bits, the same in every run.
func domainHash(domain string) uint64 {
	h := uint64(0xcbf29ce484222325) // the offset basis of FNV-1a
	for i := range len(domain) {
		h = hashStep(h, domain[i])
	}
	for range 2 { // of the finalisers of this form any will do
		h ^= h >> 32
		h *= 0x9e3779b97f4a7c15
	}
	return h ^ h>>32
}

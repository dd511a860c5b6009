package output

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// lineSets are lines of the input, by source as it stands in the column source_list: names finish out of order, so that what is done is a set and no counter.
// Sets are compressed: those of whole lists take next to nothing.
type lineSets map[string]*roaring64.Bitmap

func (s lineSets) has(source string, line int64) bool {
	set := s[Text(source)]
	return set != nil && set.Contains(uint64(line))
}

// add adds one line. Source is as it stands in the column.
func (s lineSets) add(source string, line int64) {
	set := s[source]
	if set == nil {
		set = roaring64.New()
		s[strings.Clone(source)] = set
	}
	set.Add(uint64(line))
}

// size is the number of lines.
func (s lineSets) size() (n int64) {
	for _, set := range s {
		n += int64(set.GetCardinality())
	}
	return n
}

// merge adds the lines of another. It returns how many were there before.
func (s lineSets) merge(other lineSets) (twice int64) {
	for source, set := range other {
		if s[source] == nil {
			s[source] = roaring64.New()
		}
		twice += int64(s[source].AndCardinality(set))
		s[source].Or(set)
	}
	return twice
}

// equal reports whether both hold the same lines.
func (s lineSets) equal(other lineSets) bool {
	for source, set := range s {
		if o := other[source]; o == nil && !set.IsEmpty() || o != nil && !set.Equals(o) {
			return false
		}
	}
	for source, set := range other {
		if s[source] == nil && !set.IsEmpty() {
			return false
		}
	}
	return true
}

// jsonLines is the form of a set in the journal.
type jsonLines struct {
	Source string `json:"source"`
	Lines  int64  `json:"lines"` // how many
	Set    []byte `json:"set"`   // a 64-bit Roaring bitmap in its portable form
}

// MarshalJSON implements json.Marshaler.
func (s lineSets) MarshalJSON() ([]byte, error) {
	all := []jsonLines{}
	for _, source := range slices.Sorted(maps.Keys(s)) {
		set := s[source]
		set.RunOptimize()
		octets, err := set.ToBytes()
		if err != nil {
			return nil, err
		}
		all = append(all, jsonLines{source, int64(set.GetCardinality()), octets})
	}
	return json.Marshal(all)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *lineSets) UnmarshalJSON(text []byte) error {
	var all []jsonLines
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*s = lineSets{}
	for _, one := range all {
		set := roaring64.New()
		if err := set.UnmarshalBinary(one.Set); err != nil {
			return fmt.Errorf("lines of %s: %w", one.Source, err)
		}
		if n := int64(set.GetCardinality()); n != one.Lines {
			return fmt.Errorf("lines of %s: %d, not %d", one.Source, n, one.Lines)
		}
		(*s)[one.Source] = set
	}
	return nil
}

// lineList gathers lines one by one.
type lineList struct {
	sources map[string]*gathered
	last    string // the source that came last: mostly it is that again
	into    *gathered
}

// gathered are lines of one source. Adding many to a set at once costs a fraction of adding each.
type gathered struct {
	set  *roaring64.Bitmap
	list []uint64 // to be added to it
}

// gatherLines is how many lines are added to a set at once.
const gatherLines = 1 << 13

func (l *lineList) add(source string, line int64) {
	if l.into == nil || source != l.last {
		if l.sources == nil {
			l.sources = map[string]*gathered{}
		}
		if l.into = l.sources[source]; l.into == nil {
			l.into = &gathered{set: roaring64.New()}
			l.sources[source] = l.into
		}
		l.last = source
	}
	if l.into.list = append(l.into.list, uint64(line)); len(l.into.list) == gatherLines {
		l.into.flush()
	}
}

func (g *gathered) flush() {
	g.set.AddMany(g.list)
	g.list = g.list[:0]
}

// take returns the sets of the lines, and begins anew.
func (l *lineList) take() lineSets {
	sets := lineSets{}
	for source, g := range l.sources {
		g.flush()
		if !g.set.IsEmpty() {
			sets[Text(source)] = g.set
			g.set = roaring64.New()
		}
	}
	return sets
}

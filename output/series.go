package output

import "slices"

// series is a list of values of which the last may be a run.
type series[T comparable] struct {
	all  []T
	last T
	run  int // how often last stands after all
}

// add adds n times the value v.
func (s *series[T]) add(v T, n int) {
	if v != s.last {
		s.settle()
		s.last = v
	}
	s.run += n
}

func (s *series[T]) settle() {
	if s.run == 1 {
		s.all = append(s.all, s.last)
	} else {
		s.all = repeat(s.all, s.last, s.run)
	}
	s.run = 0
}

// repeat adds the last values, so many, another n times.
func (s *series[T]) repeat(values, n int) {
	if s.run >= values {
		s.run += n * values
		return
	}
	s.settle()
	last := s.all[len(s.all)-values:]
	for range n {
		s.all = append(s.all, last...)
	}
}

// list returns the values. A list that is one run is made in room.
func (s *series[T]) list(room *[]T) []T {
	if len(s.all) == 0 {
		*room = repeat((*room)[:0], s.last, s.run)
		return *room
	}
	s.settle()
	return s.all
}

// repetition is a list of repetition levels. Mostly rows have as many elements as the row before.
type repetition struct {
	levels   series[byte]
	elements int // of each of the last rows, in lists that are no elements themselves
	rows     int // how many such rows stand after levels
}

// addRows adds rows of so many elements each, none of them a list with more than one.
func (r *repetition) addRows(elements, rows int) {
	if elements != r.elements {
		r.settle()
		r.elements = elements
	}
	r.rows += rows
}

// addLevel adds one level.
func (r *repetition) addLevel(level byte) {
	r.settle()
	r.levels.add(level, 1)
}

// repeat adds the last row, of so many levels, another n times.
func (r *repetition) repeat(levels, n int) {
	if r.rows > 0 {
		r.rows += n
	} else {
		r.levels.repeat(levels, n)
	}
}

func (r *repetition) settle() {
	if r.rows == 0 {
		return
	}
	r.levels.settle()
	start := len(r.levels.all)
	all := repeat(append(r.levels.all, 0), 1, r.elements-1)
	for wanted := start + r.rows*r.elements; len(all) < wanted; {
		all = append(all, all[start:min(len(all), start+wanted-len(all))]...)
	}
	r.levels.all, r.rows = all, 0
}

// list returns the levels.
func (r *repetition) list() *series[byte] {
	if r.elements == 1 {
		r.levels.add(0, r.rows)
		r.rows = 0
	}
	r.settle()
	return &r.levels
}

func (r *repetition) clear() {
	r.levels.clear()
	r.rows = 0
}

func (s *series[T]) clear() { s.all, s.run = s.all[:0], 0 }

func repeat[T any](all []T, v T, n int) []T {
	all = slices.Grow(all, n)[:len(all)+n]
	for i := range all[len(all)-n:] {
		all[len(all)-n+i] = v
	}
	return all
}

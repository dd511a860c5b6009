package main

import (
	"slices"
	"sync"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// tally counts the rows of a scan as the sink takes them. The zero value is ready for use.
type tally struct {
	mu     sync.Mutex
	counts rowCounts
}

// rowCounts is what a tally has counted.
type rowCounts struct {
	Rows    int64
	Kept    int64                  // rows of finished parts, those of earlier runs included: what a crash leaves
	Status  [record.Outcomes]int64 // failures by outcome; NXDomain: the name does not exist; Found: all else
	Posture [caa.Kinds][int(caa.Error) + 1]int64
}

// countRows counts the rows that will be made of a batch.
func countRows(batch []*record.Record) (c rowCounts) {
	c.Rows = int64(len(batch))
	for _, r := range batch {
		c.Status[statusColumn(r)]++
		for kind, posture := range r.Posture {
			c.Posture[kind][posture]++
		}
	}
	return c
}

// add adds rows that were written; kept is how many rows are in finished parts since.
func (t *tally) add(rows *rowCounts, kept int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.counts
	c.Rows += rows.Rows
	c.Kept = kept
	for o, n := range rows.Status {
		c.Status[o] += n
	}
	for kind := range rows.Posture {
		for posture, n := range rows.Posture[kind] {
			c.Posture[kind][posture] += n
		}
	}
}

// now returns what has been counted so far.
func (t *tally) now() rowCounts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// failed is how many rows hide their answer.
func (c *rowCounts) failed() (sum int64) {
	for o, n := range c.Status {
		if record.Outcome(o).Failed() {
			sum += n
		}
	}
	return sum
}

// statusColumn is the outcome that the column status shows (output.Domain).
func statusColumn(r *record.Record) record.Outcome {
	if r.Failed() {
		return r.Climb[r.Relevant].Answer.Outcome
	}
	if len(r.Climb) > 0 {
		own := r.Climb[0].Answer
		alias := slices.ContainsFunc(own.Chain, func(link record.Alias) bool { return !link.DNAME })
		if own.Outcome == record.NXDomain && !alias {
			return record.NXDomain
		}
	}
	return record.Found
}

// statusWord is the word of the column status.
func statusWord(o record.Outcome) string {
	if o == record.Found {
		return "ok"
	}
	return o.String()
}

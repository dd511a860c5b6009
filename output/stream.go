package output

import (
	"io"

	"github.com/caascan/caascan/scanner/record"
)

// Stream writes the rows of the table domains as JSON lines, as soon as they come. It is a Sink: rows about servers and
// rejects are counted, not written.
type Stream struct {
	rows   *Encoder
	lines  jsonRows[Domain]
	batch  [1]Domain
	totals Totals
	err    error
}

var _ Sink = (*Stream)(nil)

// NewStream returns a sink that writes to w.
func NewStream(w io.Writer, cfg Config) (*Stream, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Stream{rows: NewEncoder(cfg), totals: newTotals()}
	s.lines.begin(w)
	return s, nil
}

// Write implements Sink. The lines have reached w when it returns.
func (s *Stream) Write(batch []*record.Record) error {
	if s.err != nil {
		return s.err
	}
	var part tally
	for _, r := range batch {
		s.rows.domain(&s.batch[0], r)
		part.count(&s.batch[0], r)
		if s.err = s.lines.write(s.batch[:]); s.err != nil {
			return s.err
		}
		s.rows.reset()
	}
	if s.err = s.lines.end(); s.err != nil {
		return s.err
	}
	totals := part.totals()
	s.totals.add(&totals)
	return nil
}

// NameServers implements Sink.
func (s *Stream) NameServers(servers []record.NameServer) error {
	s.totals.Servers += int64(len(servers))
	return s.err
}

// Reject implements Sink.
func (s *Stream) Reject(source string, line int64, reason, text string) error {
	s.totals.setRejects(s.totals.Rejects + 1)
	return s.err
}

// Totals returns the sums over what was written.
func (s *Stream) Totals() Totals { return s.totals }

// Close implements Sink. It does not close the stream.
func (s *Stream) Close(State) error { return s.err }

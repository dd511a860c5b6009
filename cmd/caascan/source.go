package main

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
)

// source is the reader as the scanner takes it, with counts that others may read. Of a scan that is continued it yields only
// the lines that have no row yet.
type source struct {
	reader  *datasets.Reader
	stdin   *stdin      // that it may read from; nil: it does not wait for anybody
	sink    *lockedSink // nil, or one without a writer: nothing is continued
	names   int64       // how many it will yield; 0 if not known beforehand
	targets atomic.Int64
	passed  atomic.Int64 // targets that have their row already, or were set aside
	octets  atomic.Int64 // of the inputs, that the names yielded took
	ended   atomic.Bool
	primed  bool  // zone files spare the servers of their zones
	known   bool  // what zone files say is
	yielded int64 // names by the reader

	// Streams are read again from their beginning, and nobody knows before whether they are what they were. What they yield until
	// that is seen is held: of what was read before, only the names that were under way have no row.
	unproven map[int]output.Input // by its index, what an input was
	held     []record.Target
}

// resume makes the source one of a scan that is continued, and reports whether the sink's is.
func (s *source) resume() bool {
	if s.sink.writer == nil {
		return false
	}
	if _, _, resumed := s.sink.writer.Resumed(); !resumed {
		return false
	}
	before := s.sink.writer.Inputs()
	for i, stream := range s.reader.Streams() {
		if stream && i < len(before) && before[i].Octets > 0 {
			s.reader.Expect(i, datasets.Prefix{Octets: before[i].Octets, SHA256: before[i].SHA256})
			if s.unproven == nil {
				s.unproven = map[int]output.Input{}
			}
			s.unproven[i] = before[i]
		}
	}
	return true
}

// Next implements scanner.Source.
func (s *source) Next(ctx context.Context) ([]record.Target, error) {
	if s.stdin != nil {
		defer context.AfterFunc(ctx, s.stdin.turnAway)()
	}
	if err := s.survey(ctx); err != nil {
		return nil, err
	}
	for {
		targets, err := s.reader.Next(ctx)
		s.yielded += int64(len(targets))
		s.note(err)
		if s.sink != nil && s.sink.writer != nil {
			read := len(targets)
			targets = slices.DeleteFunc(targets, func(t record.Target) bool { return s.sink.writer.Done(t.Source, t.Line) })
			s.passed.Add(int64(read - len(targets)))
		}
		if len(s.unproven) > 0 || s.held != nil {
			s.held = append(s.held, targets...)
			switch targets = nil; {
			case len(s.unproven) == 0:
				targets, s.held = s.held, nil
			case err == nil:
				continue
			}
		}
		s.targets.Add(int64(len(targets)))
		return targets, err
	}
}

// note takes note of how far the inputs were read, and of the error that ended that.
func (s *source) note(err error) {
	octets, found := int64(0), int64(0)
	for i, in := range s.reader.Inputs() {
		octets += in.Octets
		found += in.Targets
		if !s.reader.Unproven(i) {
			delete(s.unproven, i)
		}
	}
	octets = int64(float64(octets) * float64(s.yielded) / float64(max(found, 1))) // what was read for names that are held to be shuffled does not count yet
	s.octets.Store(octets)
	s.ended.Store(err != nil)
	if s.sink != nil && s.sink.writer != nil && slices.Contains(s.reader.Streams(), true) {
		s.sink.read(s.inputs())
	}
}

// inputs describes the inputs for the manifest. A stream that is read again is as it was before, until it is seen to be the
// same: who continues the scan after this process must hold all that was ever read against it.
func (s *source) inputs() []output.Input {
	var inputs []output.Input
	streams := s.reader.Streams()
	for i, in := range s.reader.Inputs() {
		if before, ok := s.unproven[i]; ok {
			inputs = append(inputs, before)
			continue
		}
		about := output.Input{Path: in.Path, SHA256: in.SHA256, Lines: in.Lines, Skipped: in.Skipped, Folded: in.Folded, Elsewhere: in.Elsewhere, Zones: zones(&in)}
		about.Primed = s.primed && len(about.Zones) > 0
		if streams[i] && in.Octets > 0 {
			read := s.reader.Prefix(i)
			about.Octets, about.SHA256 = read.Octets, read.SHA256
		}
		inputs = append(inputs, about)
	}
	return inputs
}

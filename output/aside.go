package output

import (
	"bufio"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/caascan/caascan/scanner/record"
)

// Names that failed are set aside, to be asked again at the end of the scan (spec R3.4). They have no row until then,
// but must survive the process: else a scan that is continued would begin again with just those names that take most
// time. So what is set aside is committed like rows, in files that go when the scan is complete.

const (
	// maxAside bounds the targets in one such file: it is written in one go.
	maxAside = 1 << 16

	// maxServers bounds the rows about servers in one part: the journal has a copy of them.
	maxServers = 1 << 17

	// asideBatch is how many targets are given back at once.
	asideBatch = 512
)

// aside is what a scan has set aside.
type aside struct {
	targets []record.Target // not committed yet
	lines   lineList        // theirs
	files   []Part
	next    int
}

// Defer sets targets aside, each with what its first look came to, until Deferred.
func (w *Writer) Defer(targets []record.Target) error {
	if w.err != nil {
		return w.err
	}
	w.begin()
	for _, t := range targets {
		w.aside.targets = append(w.aside.targets, t)
		w.aside.lines.add(t.Source, t.Line)
		if w.due() {
			if err := w.finishParts(); err != nil {
				return w.fail(err)
			}
			w.begin()
		}
	}
	return nil
}

// commit writes what was set aside, and names it in the entry.
func (a *aside) commit(s store, e *entry) error {
	if len(a.targets) == 0 {
		return nil
	}
	name := partName(asideFolder, a.next, "gob.zst")
	d, err := s.draft(name)
	if err != nil {
		return err
	}
	out := newPartFile(d)
	if err = writeTargets(out, a.targets); err == nil {
		err = out.seal()
	}
	if err == nil {
		e.Aside, e.Waiting = out.part(asideFolder, name, int64(len(a.targets))), a.lines.take()
		err = out.publish()
	}
	if err != nil {
		e.Aside = nil
		return fmt.Errorf("write %s: %w", name, errors.Join(err, out.discard()))
	}
	a.next++
	a.files = append(a.files, *e.Aside)
	a.targets = a.targets[:0]
	return nil
}

func writeTargets(w io.Writer, targets []record.Target) error {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	encoder := gob.NewEncoder(packed)
	for batch := range slices.Chunk(targets, asideBatch) {
		if err := encoder.Encode(batch); err != nil {
			return errors.Join(err, packed.Close())
		}
	}
	return packed.Close()
}

// Deferred commits what is under way and yields all targets that were set aside and have no row yet, in the order in
// which they were, those of a scan that this one continues first. What it yields may be set aside by nobody again. Rows
// may be written while it yields.
func (w *Writer) Deferred() iter.Seq2[[]record.Target, error] {
	err := w.err
	if err == nil && !w.begun.IsZero() {
		err = w.fail(w.finishParts())
	}
	files := slices.Clone(w.aside.files)
	return func(yield func([]record.Target, error) bool) {
		if err != nil {
			yield(nil, err)
			return
		}
		for _, file := range files {
			for batch, err := range readTargets(w.store, file.File) {
				batch = slices.DeleteFunc(batch, func(t record.Target) bool { return w.done.has(t.Source, t.Line) })
				if (len(batch) > 0 || err != nil) && !yield(batch, err) {
					return
				}
			}
		}
	}
}

// readTargets yields the targets of a file, in batches.
func readTargets(s store, name string) iter.Seq2[[]record.Target, error] {
	return func(yield func([]record.Target, error) bool) {
		fail := func(err error) { yield(nil, fmt.Errorf("read %s: %w", name, err)) }
		f, err := s.open(name)
		if err != nil {
			fail(err)
			return
		}
		defer f.Close()
		packed, err := zstd.NewReader(bufio.NewReader(f), zstd.WithDecoderConcurrency(1))
		if err != nil {
			fail(err)
			return
		}
		defer packed.Close()
		decoder := gob.NewDecoder(packed)
		for {
			var batch []record.Target
			err := decoder.Decode(&batch)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				fail(err)
				return
			case !yield(batch, nil):
				return
			}
		}
	}
}

// names returns the names of the files.
func (a *aside) names() (names []string) {
	for _, file := range a.files {
		names = append(names, file.File)
	}
	return names
}

// remove removes the files of a scan that needs them no more.
func (a *aside) remove(s store) error {
	var errs []error
	for _, name := range a.names() {
		errs = append(errs, s.remove(name))
	}
	return errors.Join(append(errs, s.remove(asideFolder))...)
}

// packServers makes the copy of rows about servers that stands in the journal.
func packServers(rows []NameServer) ([]byte, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return encoder.EncodeAll(text, nil), nil
}

func unpackServers(packed []byte) (rows []NameServer, err error) {
	if len(packed) == 0 {
		return nil, nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	return rows, json.Unmarshal(text, &rows)
}

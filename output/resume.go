package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

// ErrHoldsScan says that a place holds a scan which a new one would mix with.
var ErrHoldsScan = errors.New("holds a scan already")

// OtherScanError says that a place holds a scan that was not finished, and is not the one to be continued. It is an
// ErrHoldsScan.
type OtherScanError struct {
	Place       string
	Differences []string // a line each: what it is, and what it was
}

func (e *OtherScanError) Error() string {
	return fmt.Sprintf("%s %v, which was not finished and is another one:\n  %s", e.Place, ErrHoldsScan, strings.Join(e.Differences, "\n  "))
}

func (e *OtherScanError) Unwrap() error { return ErrHoldsScan }

// discard removes the files of a scan. The manifest goes first, then the journal: what they name must be there.
func discard(s store, names []string) error {
	order := func(name string) int {
		switch {
		case name == manifestName:
			return 0
		case path.Dir(name) == journalFolder:
			return 1
		}
		return 2
	}
	slices.SortFunc(names, func(a, b string) int {
		if order(a) != order(b) {
			return order(a) - order(b)
		}
		return strings.Compare(b, a) // of the journal the end first: the rest is a journal still
	})
	for _, name := range names {
		if err := s.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// continues takes a scan up, if it may be.
func (w *Writer) continues(j *journal, names []string) error {
	first := j.header()
	if first == nil && len(j.entries) == 0 {
		return fmt.Errorf("%v %w, and no journal of it", w.store, ErrHoldsScan)
	}
	for n, err := range j.damaged {
		return fmt.Errorf("%v %w, and entry %d of its journal is %v: caascan verify --repair", w.store, ErrHoldsScan, n, err)
	}
	m := j.manifest()
	named := j.files()
	if m.State == Complete { // the end may have come before the last steps
		if err := errors.Join(m.write(w.store), remove(w.store, strays(named, names))); err != nil {
			return err
		}
		return fmt.Errorf("%v %w, and it is complete", w.store, ErrHoldsScan)
	}
	if differences := first.Begin.differences(w.header()); len(differences) > 0 {
		return &OtherScanError{fmt.Sprint(w.store), differences}
	}
	for name, n := range named {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%v %w, and %s is missing, which entry %d of its journal names: caascan verify --repair", w.store, ErrHoldsScan, name, n)
		}
	}
	w.leftovers = strays(named, names)
	w.manifest, w.entries, w.cfg.ScanID = m, len(j.entries), m.ScanID
	w.done, w.waiting, w.resumed = j.rows(), j.waiting(), m.Totals.Rows
	for _, e := range j.entries {
		if e.Aside != nil {
			w.aside.files = append(w.aside.files, *e.Aside)
		}
	}
	return nil
}

// strays returns the parts among names that the journal does not name: leftovers of a crash.
func strays(named map[string]int, names []string) (all []string) {
	for _, name := range names {
		if _, ok := named[name]; !ok && partNumber(name) >= 0 {
			all = append(all, name)
		}
	}
	return all
}

// remove removes files.
func remove(s store, names []string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, s.remove(name))
	}
	return errors.Join(errs...)
}

// differences says in what another scan is not this one.
func (h *header) differences(other *header) (lines []string) {
	was, is := maps.Clone(h.Identity), maps.Clone(other.Identity)
	if was == nil {
		was = map[string]string{}
	}
	if is == nil {
		is = map[string]string{}
	}
	was["format"], is["format"] = string(h.Format), string(other.Format)
	was["schema version"], is["schema version"] = fmt.Sprint(h.SchemaVersion), fmt.Sprint(other.SchemaVersion)
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if was[key] != is[key] {
			lines = append(lines, fmt.Sprintf("%s: %q, was %q", key, is[key], was[key]))
		}
	}
	return lines
}

// changed returns what of a configuration is not as it was: keys of JSON objects, with their new values.
func changed(was, is any) map[string]any {
	before, now := object(was), object(is)
	if before == nil {
		return nil
	}
	var differs map[string]any
	for key, value := range now {
		if !reflect.DeepEqual(before[key], value) {
			if differs == nil {
				differs = map[string]any{}
			}
			differs[key] = value
		}
	}
	return differs
}

// object returns the JSON object that v is; nil if it is none.
func object(v any) (members map[string]any) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&members) != nil {
		return nil
	}
	return members
}

// Done reports whether a line of the input needs no look any more: it has its row, or was set aside for a second look.
// It may be called from any goroutine.
func (w *Writer) Done(source string, line int64) bool {
	return w.done.has(source, line) || w.waiting.has(source, line)
}

// Resumed says what a continued scan had at its start: rows, and names set aside without a row. ok is false if it is a new
// one.
func (w *Writer) Resumed() (rows, waiting int64, ok bool) {
	if w.done == nil {
		return 0, 0, false
	}
	for source, set := range w.waiting {
		waiting += int64(set.GetCardinality())
		if done := w.done[source]; done != nil {
			waiting -= int64(set.AndCardinality(done))
		}
	}
	return w.resumed, waiting, true
}

package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
)

// dyingDisk is a disk for a process that is killed at one of its operations: it does that one, or not, and none after it.
type dyingDisk struct {
	osDisk
	diesAt, ops int
	does        bool // the last operation
}

var errDead = errors.New("killed")

// op runs one operation.
func (d *dyingDisk) op(do func() error) error {
	d.ops++
	if d.ops > d.diesAt || d.ops == d.diesAt && !d.does {
		return errDead
	}
	err := do()
	if d.ops == d.diesAt {
		err = errDead
	}
	return err
}

type dyingFile struct {
	file
	disk *dyingDisk
}

func (d *dyingDisk) Mkdir(path string) error {
	return d.op(func() error { return d.osDisk.Mkdir(path) })
}

func (d *dyingDisk) Create(path string) (f file, err error) {
	err = d.op(func() error {
		f, err = d.osDisk.Create(path)
		return err
	})
	if err != nil && f != nil {
		f.Close()
	}
	return &dyingFile{f, d}, err
}

func (d *dyingDisk) Rename(from, to string) error {
	return d.op(func() error { return d.osDisk.Rename(from, to) })
}

func (d *dyingDisk) Remove(path string) error {
	return d.op(func() error { return d.osDisk.Remove(path) })
}

func (d *dyingDisk) SyncDir(dir string) error {
	return d.op(func() error { return nil }) // what a process wrote survives it
}

func (f *dyingFile) Write(p []byte) (n int, err error) {
	err = f.disk.op(func() error {
		n, err = f.file.Write(p)
		return err
	})
	return n, err
}

func (f *dyingFile) Sync() error { return f.disk.op(func() error { return nil }) }

func (f *dyingFile) Close() error {
	err := f.disk.op(func() error { return nil })
	return errors.Join(err, f.file.Close()) // the kernel closes what a process leaves open
}

// scanOn does what is left of a scan of 40 lines on a disk. It returns the error that stopped it.
func scanOn(d disk, dir string) error { return scanLines(newDirStore(d, dir), JSONL, 0, nil) }

// scanLines does what is left of a scan of 40 lines, of which each seventh is set aside first. Before the line stopAt it stops
// with the error stop, if that is not nil.
func scanLines(s store, format Format, stopAt int, stop error) error {
	w, err := create(s, Config{
		ScanID: "scan-1", Format: format, PartRows: 16, Registrable: registrable, Identity: map[string]string{"list": "40 lines"},
		Inputs: []Input{{Path: "list"}}, Tables: tableNames[:],
	})
	if err != nil {
		return err
	}
	defer w.store.close() // as the kernel does
	stopped := func(err error) error { return errors.Join(err, w.Close(Running)) }
	if err := w.Reject("list", 41, "no name", "?"); err != nil {
		return stopped(err)
	}
	for i := range 40 {
		r := lined(i)
		if w.Done(r.Target.Source, r.Target.Line) {
			continue
		}
		if stop != nil && i == stopAt {
			return errors.Join(stop, w.NameServers([]record.NameServer{server(2)}), w.Close(Running))
		}
		if err := w.Exchanges(exchangesFor(r)); err != nil {
			return stopped(err)
		}
		if i%7 == 3 {
			err = w.Defer([]record.Target{r.Target})
		} else {
			err = w.Write([]*record.Record{r})
		}
		if err != nil {
			return stopped(err)
		}
	}
	for targets, err := range w.Deferred() {
		if err != nil {
			return stopped(err)
		}
		for _, t := range targets {
			r := lined(int(t.Line))
			if err := errors.Join(w.Exchanges(exchangesFor(r)), w.Write([]*record.Record{r})); err != nil {
				return stopped(err)
			}
		}
	}
	if err := w.NameServers([]record.NameServer{server(1)}); err != nil {
		return stopped(err)
	}
	w.SetInputs([]Input{{Path: "list", Lines: 41}})
	return w.Close(Complete)
}

// lined is a record about a line of the list.
func lined(line int) *record.Record {
	r := mixed(line)
	r.Target.Source, r.Target.Line = "list", int64(line)
	return r
}

func linedUp(from, n int) (all []*record.Record) {
	for line := range n {
		all = append(all, lined(from+line))
	}
	return all
}

// rowsOf reads the rows of domains of a scan in JSON lines, by line of the input.
func rowsOf(t *testing.T, dir string) map[int64]int {
	t.Helper()
	rows := map[int64]int{}
	for _, part := range parts(t, dir, false) {
		if !strings.HasPrefix(part, domainsTable) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, part))
		must(t, err)
		for line := range strings.Lines(string(content)) {
			var row Domain
			must(t, json.Unmarshal([]byte(line), &row))
			rows[row.InputLine]++
		}
	}
	return rows
}

// TestKilledAnywhere kills a scan at each of its operations on the disk, before or after it, and the one that continues
// it some operations later, and so on: in the end each line has its row once.
func TestKilledAnywhere(t *testing.T) {
	kills := 0
	for _, does := range []bool{false, true} {
		for diesAt := 1; ; diesAt++ {
			dir := t.TempDir()
			err := errDead
			lives := 0
			for next := diesAt; err != nil; next += 23 + diesAt%29 { // the ones after it get a little further
				if !errors.Is(err, errDead) {
					t.Fatalf("killed at %d, life %d: %v", diesAt, lives, err)
				}
				if lives++; lives > 60 {
					t.Fatalf("killed at %d: it never ends", diesAt)
				}
				d := &dyingDisk{diesAt: next, does: does}
				err = scanOn(d, dir)
				if errors.Is(err, ErrHoldsScan) && readManifest(t, dir).State == Complete {
					err = nil // killed after it had done everything
				}
				if next == diesAt && err == nil && d.ops < diesAt {
					if kills < 200 {
						t.Fatalf("only %d kills", kills)
					}
					goto all
				}
				kills++
			}
			m := checkScan(t, dir)
			rows := rowsOf(t, dir)
			if m.State != Complete || m.Totals.Rows != 40 || m.Totals.Rejects != 1 || len(rows) != 40 {
				t.Fatalf("killed at %d: %+v, %d lines have rows", diesAt, m.Totals, len(rows))
			}
			for line, n := range rows {
				if n != 1 {
					t.Fatalf("killed at %d: line %d has %d rows", diesAt, line, n)
				}
			}
		}
	all:
	}
}

// TestResumeAfterEachFailure: an operation that fails stops a scan with an error, and the next run ends it.
func TestResumeAfterEachFailure(t *testing.T) {
	for failAt := 1; ; failAt++ {
		dir := t.TempDir()
		d := &brokenDisk{failAt: failAt}
		err := scanOn(d, dir)
		if d.ops < failAt {
			must(t, err)
			return
		}
		if err == nil {
			t.Fatalf("operation %d failed, and nobody heard of it", failAt)
		}
		if err = scanOn(osDisk{}, dir); err != nil && !errors.Is(err, ErrHoldsScan) {
			t.Fatalf("after operation %d: %v", failAt, err)
		}
		m := checkScan(t, dir)
		if rows := rowsOf(t, dir); m.State != Complete || m.Totals.Rows != 40 || len(rows) != 40 {
			t.Fatalf("operation %d: %+v, %d lines", failAt, m.Totals, len(rows))
		}
	}
}

// TestResume: a scan that is continued keeps its identifier, its beginning and its parts, and the manifest tells of both
// runs.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	now := start
	cfg := Config{
		ScanID: "scan-1", Version: "1", Worker: "w1", PartRows: 16, Identity: map[string]string{"with": "mx"}, Registrable: registrable,
		Scan: map[string]any{"with": "mx", "rate-per-server": 50}, Now: func() time.Time { return now },
		Inputs: []Input{{Path: "list", SHA256: "00ff"}},
	}
	w, err := Create(dir, cfg)
	must(t, err)
	if _, _, ok := w.Resumed(); ok || w.Done("list-7", 1) {
		t.Error("a new scan has rows")
	}
	must(t, w.Write(linedUp(0, 20)))
	must(t, w.Defer([]record.Target{lined(20).Target, lined(21).Target}))
	must(t, w.NameServers([]record.NameServer{server(1)}))
	now = now.Add(time.Minute)
	must(t, w.Close(Running))
	if left := readManifest(t, dir); left.State != Running || left.Totals.Rows != 20 {
		t.Errorf("stopped: %+v", left)
	}

	now = now.Add(time.Hour)
	again := cfg
	again.ScanID, again.Version, again.Worker = "scan-2", "2", "w2"
	again.Scan = map[string]any{"with": "mx", "rate-per-server": 20}
	w, err = Create(dir, again)
	must(t, err)
	if rows, waiting, ok := w.Resumed(); rows != 20 || waiting != 2 || !ok {
		t.Errorf("resumed with %d rows and %d waiting: %v", rows, waiting, ok)
	}
	for i := range 30 {
		target := lined(i).Target
		if got := w.Done(target.Source, target.Line); got != (i < 22) {
			t.Errorf("line %d: done %v", target.Line, got)
		}
	}
	var waiting []record.Target
	for targets, err := range w.Deferred() {
		must(t, err)
		waiting = append(waiting, targets...)
	}
	if diff := cmp.Diff([]record.Target{lined(20).Target, lined(21).Target}, waiting); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	must(t, w.Write(linedUp(20, 10)))
	must(t, w.NameServers([]record.NameServer{server(1)}))
	must(t, w.Close(Complete))

	m := checkScan(t, dir)
	ended := start.Add(time.Minute)
	want := []Run{
		{StartedAt: start, EndedAt: &ended, State: Running, Tool: Tool{Name: "caascan", Version: "1"}, Worker: "w1"},
		{StartedAt: now, EndedAt: &now, State: Complete, Tool: Tool{Name: "caascan", Version: "2"}, Worker: "w2", Config: map[string]any{"rate-per-server": json.Number("20")}},
	}
	runs := m.Runs
	runs[1].Config["rate-per-server"] = json.Number(fmt.Sprint(runs[1].Config["rate-per-server"])) // read as a float here
	if diff := cmp.Diff(want, runs); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	if m.ScanID != "scan-1" || m.Worker != "w1" || !m.StartedAt.Equal(start) || m.Totals.Rows != 30 || m.Totals.Servers != 2 || m.State != Complete {
		t.Errorf("manifest: %+v", m)
	}
	if _, err := os.Stat(filepath.Join(dir, asideFolder)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was set aside is still there: %v", err)
	}
	if _, err := Create(dir, cfg); !errors.Is(err, ErrHoldsScan) || !strings.Contains(err.Error(), "complete") {
		t.Errorf("a complete scan: %v", err)
	}
}

// TestDamagedJournal: a scan whose journal or parts are not whole is not continued.
func TestDamagedJournal(t *testing.T) {
	cfg := Config{ScanID: "s", PartRows: 8, Format: JSONL}
	for name, damage := range map[string]func(dir string) error{
		"a flipped bit": func(dir string) error {
			return change(filepath.Join(dir, entryName(1)), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		},
		"an entry missing":  func(dir string) error { return os.Remove(filepath.Join(dir, entryName(1))) },
		"an entry cut off":  func(dir string) error { return os.Truncate(filepath.Join(dir, entryName(2)), 100) },
		"the first missing": func(dir string) error { return os.Remove(filepath.Join(dir, entryName(0))) },
		"a part missing":    func(dir string) error { return os.Remove(filepath.Join(dir, "domains/part-00000.jsonl")) },
	} {
		dir := t.TempDir()
		w, err := Create(dir, cfg)
		must(t, err)
		must(t, w.Write(linedUp(0, 8)))
		must(t, w.Write(linedUp(8, 8)))
		must(t, w.Close(Running))
		must(t, damage(dir))
		if _, err := Create(dir, cfg); !errors.Is(err, ErrHoldsScan) || !strings.Contains(fmt.Sprint(err), "caascan verify --repair") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func change(path string, how func([]byte) []byte) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, how(content), 0o666)
}

// TestLineSets: sets survive the journal, whatever they hold.
func TestLineSets(t *testing.T) {
	var list lineList
	want := map[string][]int64{"a": {1, 2, 3, 1 << 40}, "ü\xff\n": {7}, "": {0}}
	for source, lines := range want {
		for _, line := range lines {
			list.add(source, line)
		}
	}
	list.add("b", 5)
	sets := list.take()
	delete(sets, "b")
	text, err := json.Marshal(sets)
	must(t, err)
	var got lineSets
	must(t, json.Unmarshal(text, &got))
	for source, lines := range want {
		for _, line := range lines {
			if !got.has(source, line) || got.has(source, line+10) {
				t.Errorf("%q: line %d", source, line)
			}
		}
	}
	if got.size() != 6 {
		t.Errorf("%d lines in %v", got.size(), slices.Collect(maps.Keys(got)))
	}
	if twice := got.merge(lineSets{"a": got["a"]}); twice != 4 {
		t.Errorf("%d lines were there before, want 4", twice)
	}
	if again := list.take(); len(again) != 0 {
		t.Errorf("the list still has %v", again)
	}
}

// FuzzEntry: no octets make reading the journal fail otherwise than with an error.
func FuzzEntry(f *testing.F) {
	list := lineList{}
	list.add("list", 7)
	e := entry{ScanID: "s", Begin: &header{}, Lines: list.take(), Parts: []Part{{Table: domainsTable}}}
	content, err := e.seal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"sha256":"","entry":{}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := newDirStore(osDisk{}, t.TempDir())
		must(t, s.disk.Mkdir(s.path(journalFolder)))
		must(t, s.put(entryName(0), content))
		got, err := readEntry(s, 0)
		if err != nil && !errors.Is(err, errDamaged) {
			t.Fatal(err)
		}
		if err == nil {
			again, err := got.seal()
			if err != nil {
				t.Fatal(err)
			}
			if len(again) == 0 {
				t.Fatal("nothing")
			}
		}
		var sets lineSets
		if json.Unmarshal(content, &sets) == nil {
			sets.size()
		}
	})
}

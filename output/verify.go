package output

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strconv"
)

// Fault is something wrong with a scan.
type Fault struct {
	File string // of the scan
	What string // is wrong with it
}

func (f Fault) String() string { return f.File + ": " + f.What }

// Verification is what reading a whole scan again has shown.
type Verification struct {
	Manifest Manifest // as it follows from the journal
	Faults   []Fault
	InUse    bool // another process writes to the scan: what it has not committed yet is no fault

	store   store
	journal *journal
	names   []string // of the files
	lost    []string // files of rows that are damaged or missing
	servers []string // likewise of nameservers
	rejects bool     // the file of rejects is damaged or missing
	written Manifest // as the file of that name has it; zero if that cannot be read
	strays  []string // parts that no entry of the journal names

	rows, rejected lineSets // lines of the input with a row, and with a reject
}

// ErrNoScan says that a place holds no scan.
var ErrNoScan = errors.New("no scan is there")

// Verify reads every octet of the scan at a place, and holds it against its journal: SHA-256, number of rows, columns, and that
// each line of the input has one row. What is wrong is no error but a Fault. The Verification is to be closed; until then no
// other process can write to the scan. See is told of every file before it is read; it may be nil.
func Verify(ctx context.Context, place string, see func(file string)) (*Verification, error) {
	s, err := openStore(place)
	if err != nil {
		return nil, err
	}
	return verify(ctx, s, see)
}

func verify(ctx context.Context, s store, see func(file string)) (*Verification, error) {
	v := &Verification{store: s, rows: lineSets{}, rejected: lineSets{}}
	var err error
	if v.names, err = s.list(); err != nil {
		return nil, err
	}
	if len(v.names) == 0 {
		return nil, fmt.Errorf("%v: %w", s, ErrNoScan)
	}
	switch err := s.lock(); {
	case errors.Is(err, ErrInUse):
		v.InUse = true
	case err != nil:
		return nil, err
	default:
		if v.names, err = s.list(); err != nil { // as they are now
			return nil, errors.Join(err, s.close())
		}
	}
	if see == nil {
		see = func(string) {}
	}
	if err := v.all(ctx, see); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return v, nil
}

// Close lets others write to the scan again.
func (v *Verification) Close() error { return v.store.close() }

func (v *Verification) fault(file, format string, args ...any) {
	v.Faults = append(v.Faults, Fault{file, fmt.Sprintf(format, args...)})
}

// all looks at everything.
func (v *Verification) all(ctx context.Context, see func(string)) (err error) {
	if v.journal, err = readJournal(v.store, v.names); err != nil {
		return err
	}
	for n := range len(v.journal.entries) {
		if err := v.journal.damaged[n]; err != nil {
			v.fault(entryName(n), "%v", err)
		}
	}
	if v.journal.header() == nil && v.journal.damaged[0] == nil {
		v.fault(entryName(0), "missing")
	}
	v.Manifest = v.journal.manifest()
	if err := v.checkManifest(); err != nil {
		return err
	}
	for _, e := range v.journal.entries {
		if e == nil {
			continue
		}
		if err := v.checkEntry(ctx, e, see); err != nil {
			return err
		}
	}
	if err := v.checkRejects(); err != nil {
		return err
	}
	v.checkStrays()
	v.checkLines()
	return nil
}

// checkManifest holds the manifest against the journal.
func (v *Verification) checkManifest() error {
	content, err := v.read(manifestName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case err != nil:
		v.fault(manifestName, "missing")
	case json.Unmarshal(content, &v.written) != nil:
		v.written = Manifest{}
		v.fault(manifestName, "not JSON")
	case v.InUse || len(v.journal.damaged) > 0:
	default:
		want, err := json.MarshalIndent(v.Manifest, "", "  ")
		if err != nil {
			return err
		}
		if !bytes.Equal(content, append(want, '\n')) {
			v.fault(manifestName, "not what the journal says")
		}
	}
	return nil
}

// read reads a small file.
func (v *Verification) read(name string) ([]byte, error) {
	f, err := v.store.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxEntry))
}

// checkEntry holds the files of a commit against what it says of them.
func (v *Verification) checkEntry(ctx context.Context, e *entry, see func(string)) error {
	lines, totals := lineSets{}, newTotals()
	whole := true
	for _, part := range e.Parts {
		see(part.File)
		if err := ctx.Err(); err != nil {
			return err
		}
		what, err := v.checkPart(&part, lines, &totals)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", part.File, err)
		case what == "":
		case part.Table == nameServersTable:
			v.fault(part.File, "%s", what)
			v.servers = append(v.servers, part.File)
		default:
			v.fault(part.File, "%s", what)
			whole = false
		}
	}
	if e.Aside != nil {
		see(e.Aside.File)
		what, err := v.checkAside(e.Aside)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", e.Aside.File, err)
		case what != "":
			v.fault(e.Aside.File, "%s", what)
			v.lost = append(v.lost, e.Aside.File)
		}
	}
	if whole && !lines.equal(e.Lines) {
		v.fault(entryName(e.Number), "the rows of its parts are for other lines than it says")
		whole = false
	}
	if e.Totals != nil {
		totals.Servers, totals.Records, totals.Queries = e.Totals.Servers, e.Totals.Records, e.Totals.Queries // rows are counted part by part
		if totals.Lines = totals.Rows; whole && !reflect.DeepEqual(totals, *e.Totals) {
			v.fault(entryName(e.Number), "its totals are not those of its parts")
			whole = false
		}
	}
	if !whole {
		for _, part := range e.Parts {
			if part.Table != nameServersTable {
				v.lost = append(v.lost, part.File)
			}
		}
		return nil
	}
	if twice := v.rows.merge(lines); twice > 0 {
		v.fault(entryName(e.Number), "%d lines of the input have a row in parts before", twice)
	}
	return nil
}

// checkAside reads a file of targets that are set aside.
func (v *Verification) checkAside(part *Part) (wrong string, err error) {
	f, wrong, err := v.openPart(part)
	if f == nil {
		return wrong, err
	}
	return "", f.Close()
}

// checkRejects reads the file of rejects, if a run has ended.
func (v *Verification) checkRejects() error {
	part := v.Manifest.Rejects
	if part == nil {
		return nil
	}
	wrong, err := v.readRejects(part)
	if err != nil {
		return err
	}
	if wrong != "" {
		v.fault(part.File, "%s", wrong)
		v.rejects = true
	}
	return nil
}

func (v *Verification) readRejects(part *Part) (wrong string, err error) {
	f, wrong, err := v.openPart(part)
	if f == nil {
		return wrong, err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReader(io.NewSectionReader(f, 0, f.size)))
	r.ReuseRecord = true
	rejected := lineSets{}
	for rows := int64(-1); ; rows++ { // the first is the header
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && rows == part.Rows:
			v.rejected = rejected
			return "", nil
		case errors.Is(err, io.EOF):
			return fmt.Sprintf("%d rejects, not %d", rows, part.Rows), nil
		case err != nil:
			return err.Error(), nil
		case rows >= 0:
			line, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return err.Error(), nil
			}
			rejected.add(uncell(fields[0]), line)
		}
	}
}

// checkStrays looks for parts that no entry names.
func (v *Verification) checkStrays() {
	named := v.journal.files()
	for _, name := range v.names {
		if _, ok := named[name]; !ok && partNumber(name) >= 0 && !v.InUse {
			v.fault(name, "no entry of the journal names it")
			v.strays = append(v.strays, name)
		}
	}
}

// checkLines holds rows and rejects against what was read of the inputs, once the scan is complete.
func (v *Verification) checkLines() {
	m := &v.Manifest
	if m.State != Complete || len(v.lost) > 0 || v.rejects || len(v.journal.damaged) > 0 {
		return
	}
	var lines int64
	for _, in := range m.Inputs {
		lines += in.Lines - in.Skipped - in.Folded - in.Elsewhere
	}
	if has := v.rows.size() + v.rejected.size(); has != lines && lines > 0 {
		v.fault(manifestName, "%d lines of the inputs should have a row or a reject, and %d have", lines, has)
	}
}

// HasRow reports whether a line of the input has a row.
func (v *Verification) HasRow(source string, line int64) bool { return v.rows.has(source, line) }

// HasReject reports whether a line of the input is rejected.
func (v *Verification) HasReject(source string, line int64) bool {
	return v.rejected.has(source, line)
}

// Rows and Rejects are how many lines have one.
func (v *Verification) Rows() int64    { return v.rows.size() }
func (v *Verification) Rejects() int64 { return v.rejected.size() }

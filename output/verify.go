package output

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
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
		totals.Servers, totals.Records = e.Totals.Servers, e.Totals.Records // rows are counted part by part
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

// spool is a file that can be read anywhere.
type spool struct {
	io.ReaderAt
	io.Closer
	size int64
}

// openWhole opens a file and sums it up. What has no io.ReaderAt is copied to the local disk.
func (v *Verification) openWhole(name string) (*spool, string, error) {
	f, err := v.store.open(name)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.New()
	if at, ok := f.(io.ReaderAt); ok {
		n, err := io.Copy(sum, f)
		if err != nil {
			return nil, "", errors.Join(err, f.Close())
		}
		return &spool{at, f, n}, hex.EncodeToString(sum.Sum(nil)), nil
	}
	defer f.Close()
	local, err := os.CreateTemp("", "caascan-part-*")
	if err != nil {
		return nil, "", err
	}
	err = os.Remove(local.Name()) // it is gone with the process
	var n int64
	if err == nil {
		n, err = io.Copy(io.MultiWriter(local, sum), f)
	}
	if err != nil {
		return nil, "", errors.Join(err, local.Close())
	}
	return &spool{local, local, n}, hex.EncodeToString(sum.Sum(nil)), nil
}

// checkPart reads a part, and adds the lines and counts of its rows. It says what is wrong with it, "" if nothing is.
func (v *Verification) checkPart(part *Part, lines lineSets, totals *Totals) (wrong string, err error) {
	f, sum, err := v.openWhole(part.File)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	switch {
	case f.size != part.Bytes:
		return fmt.Sprintf("%d octets, not %d", f.size, part.Bytes), nil
	case sum != part.SHA256:
		return "its SHA-256 is another", nil
	}
	var rows int64
	take := func(keys []rowKey) {
		rows += int64(len(keys))
		if part.Table == domainsTable {
			for i := range keys {
				keys[i].count(lines, totals)
			}
		}
	}
	if strings.HasSuffix(part.File, "."+string(JSONL)) { // the journal's beginning may be damaged
		err = readJSONKeys(f, take)
	} else {
		err = readParquetKeys(f, part.Table, take)
	}
	switch {
	case err != nil:
		return err.Error(), nil
	case rows != part.Rows:
		return fmt.Sprintf("%d rows, not %d", rows, part.Rows), nil
	}
	return "", nil
}

// rowKey is what of a row of domains is held against the journal; of rows of other tables it is empty.
type rowKey struct {
	SourceList     string `parquet:"source_list" json:"source_list"`
	InputLine      int64  `parquet:"input_line" json:"input_line"`
	Status         string `parquet:"status" json:"status"`
	TLSPosture     string `parquet:"tls_posture" json:"tls_posture"`
	TLSWildPosture string `parquet:"tls_wild_posture" json:"tls_wild_posture"`
	SMIMEPosture   string `parquet:"smime_posture" json:"smime_posture"`
	VMCPosture     string `parquet:"vmc_posture" json:"vmc_posture"`
}

// count adds a row.
func (k *rowKey) count(lines lineSets, totals *Totals) {
	lines.add(k.SourceList, k.InputLine)
	totals.Rows++
	totals.Status[k.Status]++
	for kind, posture := range map[string]string{"tls": k.TLSPosture, "tls-wildcard": k.TLSWildPosture, "smime": k.SMIMEPosture, "vmc": k.VMCPosture} {
		totals.Posture[kind][posture]++
	}
}

// readParquetKeys reads the keys of a part in Parquet, whose columns must be those of its table.
func readParquetKeys(f *spool, table string, take func([]rowKey)) error {
	file, err := parquet.OpenFile(f, f.size)
	if err != nil {
		return err
	}
	if err := checkColumns(file.Schema(), table); err != nil {
		return err
	}
	if table != domainsTable {
		take(make([]rowKey, file.NumRows()))
		return nil
	}
	r := parquet.NewGenericReader[rowKey](file)
	defer r.Close()
	keys := make([]rowKey, 1024)
	for {
		n, err := r.Read(keys)
		take(keys[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// schemas are the columns of the tables.
var schemas = map[string]*parquet.Schema{
	domainsTable: parquet.SchemaOf(new(Domain)), caaRecordsTable: parquet.SchemaOf(new(CAARecord)), nameServersTable: parquet.SchemaOf(new(NameServer)),
}

// checkColumns says if a part has columns that its table has not, or in another form. Columns at the end may be missing: within a
// schema version they are added there.
func checkColumns(schema *parquet.Schema, table string) error {
	want, got := schemas[table].Fields(), schema.Fields()
	for i, field := range got {
		if i >= len(want) || field.Name() != want[i].Name() || columnForm(field) != columnForm(want[i]) {
			return fmt.Errorf("the column %s is not that of the table %s", field.Name(), table)
		}
	}
	if len(got) == 0 {
		return fmt.Errorf("no columns")
	}
	return nil
}

// columnForm is what readers see of a column.
func columnForm(field parquet.Field) string {
	form := fmt.Sprint(field.Optional(), field.Repeated(), field.Type())
	if !field.Leaf() {
		form = fmt.Sprint(field.Optional(), field.Repeated())
		for _, sub := range field.Fields() {
			form += " " + sub.Name() + "(" + columnForm(sub) + ")"
		}
	}
	return form
}

// readJSONKeys reads the keys of a part in JSON lines.
func readJSONKeys(f *spool, take func([]rowKey)) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(f, 0, f.size), jsonBuffer))
	for {
		var key [1]rowKey
		err := decoder.Decode(&key[0])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take(key[:])
	}
}

// checkAside reads a file of targets that are set aside.
func (v *Verification) checkAside(part *Part) (wrong string, err error) {
	f, sum, err := v.openWhole(part.File)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if f.size != part.Bytes || sum != part.SHA256 {
		return "its SHA-256 is another", nil
	}
	return "", nil
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
	f, sum, err := v.openWhole(part.File)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if f.size != part.Bytes || sum != part.SHA256 {
		return "its SHA-256 is another", nil
	}
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

// Repaired is what a repair has done.
type Repaired struct {
	Rows    int64    // that are lost: the scan is to be continued for them
	Dropped []string // files
	Restart bool     // the scan is not complete any more
}

// Repair takes what is damaged out of the scan, so that it is again what its journal says, and less: whoever continues it looks
// up the lines whose rows were lost, and no others. Rows about servers, which cannot be asked for again, are written anew from
// the copy in the journal; and entries of a damaged journal from the parts that the manifest names.
func (v *Verification) Repair() (*Repaired, error) {
	if v.InUse {
		return nil, fmt.Errorf("%v: %w", v.store, ErrInUse)
	}
	done := &Repaired{}
	if err := v.mendJournal(); err != nil {
		return nil, err
	}
	first := v.journal.header()
	if first == nil {
		return nil, fmt.Errorf("%v: neither the beginning of the journal nor the manifest can be read: nobody knows what this scan was", v.store)
	}
	drop := entry{Number: len(v.journal.entries), ScanID: first.ScanID, Run: len(v.Manifest.Runs), At: v.Manifest.UpdatedAt}
	drop.Dropped = slices.Concat(v.lost, v.servers)
	if v.rejects {
		drop.Dropped = append(drop.Dropped, rejectsName)
	}
	before := max(v.Manifest.Totals.Rows, v.written.Totals.Rows)
	if len(drop.Dropped) > 0 {
		rows, err := v.serverRows()
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			if err := v.restoreServers(&drop, rows); err != nil {
				return nil, err
			}
		}
		content, err := drop.seal()
		if err != nil {
			return nil, err
		}
		if err := v.store.add(entryName(drop.Number), content); err != nil {
			return nil, err
		}
		v.journal.entries = append(v.journal.entries, &drop)
		v.journal.drop()
	}
	named := v.journal.files()
	for _, file := range slices.Concat(drop.Dropped, v.strays) {
		if _, ok := named[file]; ok {
			continue // it has its name again
		}
		if err := v.store.remove(file); err != nil {
			return nil, err
		}
		done.Dropped = append(done.Dropped, file)
	}
	m := v.journal.manifest()
	done.Rows, done.Restart = before-m.Totals.Rows, m.State != Complete
	v.Manifest = m
	return done, m.write(v.store)
}

// serverRows returns the rows of damaged parts of nameservers.
func (v *Verification) serverRows() (rows []NameServer, err error) {
	for _, e := range v.journal.entries {
		if e == nil || !slices.ContainsFunc(e.Parts, func(p Part) bool { return slices.Contains(v.servers, p.File) }) {
			continue
		}
		more, err := unpackServers(e.Servers)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// restoreServers writes rows about servers to a new part.
func (v *Verification) restoreServers(e *entry, rows []NameServer) error {
	of := v.journal.header()
	cfg, err := Config{ScanID: e.ScanID, Format: of.Begin.Format, PSL: of.Begin.PSL, Version: v.Manifest.Tool.Version}.withDefaults()
	if err != nil {
		return err
	}
	t := newTable[NameServer](v.store, nameServersTable, cfg, newPages())
	t.next = nextPart(v.names, nameServersTable)
	if err = t.add(rows); err == nil {
		err = t.seal()
	}
	var part *Part
	if err == nil {
		part, err = t.publish()
	}
	if err == nil {
		e.Servers, err = packServers(rows)
	}
	if err != nil {
		return errors.Join(err, t.abandon())
	}
	totals := newTotals()
	totals.Servers = part.Rows
	e.Parts, e.Totals = []Part{*part}, &totals
	return nil
}

// mendJournal writes damaged entries anew: the first from the manifest, and others from the parts that the manifest names and
// no other entry does, if these are whole.
func (v *Verification) mendJournal() error {
	if len(v.journal.damaged) == 0 && v.journal.header() != nil {
		return nil
	}
	m := &v.written
	if len(v.journal.entries) == 0 {
		v.journal.entries = make([]*entry, 1)
	}
	scanID := m.ScanID
	for _, e := range v.journal.entries {
		if e != nil {
			scanID = e.ScanID
		}
	}
	adopted := &entry{}
	if err := v.adopt(adopted, m.Parts); err != nil {
		return err
	}
	for n, e := range v.journal.entries {
		if e != nil {
			continue
		}
		e = &entry{Number: n, ScanID: scanID, At: m.StartedAt}
		if n == 0 {
			if m.ScanID == "" {
				return nil
			}
			e.Run, e.Taken = 1, &Run{StartedAt: m.StartedAt, Tool: m.Tool, Worker: m.Worker, Vantage: m.Vantage}
			e.Begin = &header{m.SchemaVersion, m.Format, m.Seed, m.PSL, m.Config, m.Identity, m.Inputs}
		} else {
			e.Parts, e.Lines, e.Totals, e.Servers = adopted.Parts, adopted.Lines, adopted.Totals, adopted.Servers
			*adopted = entry{}
		}
		content, err := e.seal()
		if err != nil {
			return err
		}
		if err := v.store.put(entryName(n), content); err != nil {
			return err
		}
		v.journal.entries[n] = e
	}
	v.journal.damaged = map[int]error{}
	v.strays = slices.DeleteFunc(v.strays, func(file string) bool { _, named := v.journal.files()[file]; return named })
	return nil
}

// adopt puts parts into an entry whose own was lost: those that no other entry names, if all of their rows are whole.
func (v *Verification) adopt(e *entry, parts []Part) error {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return !slices.Contains(v.strays, p.File) })
	lines, totals := lineSets{}, newTotals()
	for _, part := range parts {
		wrong, err := v.checkPart(&part, lines, &totals)
		if err != nil {
			return err
		}
		if wrong != "" {
			return nil
		}
		switch part.Table {
		case caaRecordsTable:
			totals.Records += part.Rows
		case nameServersTable:
			totals.Servers += part.Rows
		}
	}
	if len(parts) > 0 {
		totals.Lines = totals.Rows
		e.Parts, e.Lines, e.Totals = parts, lines, &totals
		v.rows.merge(lines)
	}
	return nil
}

package output

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

// Writer keeps a scan in a directory or in an object store (see the package comment). It is a Sink.
type Writer struct {
	store store
	cfg   Config
	rows  *Encoder

	domains     *table[Domain]
	caaRecords  *table[CAARecord]
	nameServers *table[NameServer]
	queries     *table[Query]
	rejects     *rejects
	aside       aside

	batch     []Domain     // scratch of Write
	records   []CAARecord  // likewise
	exchanges []Query      // scratch of Exchanges
	sent      int64        // exchanges of this run
	servers   []NameServer // of the part under way

	begun    time.Time // when the parts under way were begun; zero if there are none
	pending  tally     // of the parts under way
	lines    lineList  // of the rows in them
	exclude  []ExcludeList
	inputs   []Input
	entries  int      // of the journal
	manifest Manifest // as it is or will be on disk
	err      error    // the first error: nothing is added after it

	// Of a scan that this one continues: read only.
	leftovers     []string // files that its journal does not name
	done, waiting lineSets // lines that have their row; lines that were set aside
	resumed       int64    // rows
}

var _ Sink = (*Writer)(nil)

// Create makes a place ready to take a scan: a directory, or a prefix of an object store as a URL (s3://bucket/prefix). It writes
// the beginning of the journal and the first manifest, so that what cannot be written shows at once.
//
// A scan that the place holds and that is not complete is continued if it has the same cfg.Identity, format and schema; then
// ScanID of cfg is not used. Any other scan is refused with ErrHoldsScan, unless cfg.Restart says that it may be
// removed. Files that no scan writes are left alone.
func Create(place string, cfg Config) (*Writer, error) {
	s, err := openStore(place)
	if err != nil {
		return nil, err
	}
	return create(s, cfg)
}

func create(s store, cfg Config) (*Writer, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := s.lock(); err != nil {
		return nil, err
	}
	w := &Writer{store: s, cfg: cfg}
	if err := w.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return w, nil
}

// open begins the scan, or takes it up.
func (w *Writer) open() error {
	names, err := w.store.list()
	if err != nil {
		return err
	}
	if w.cfg.Restart {
		if names, err = nil, discard(w.store, names); err != nil {
			return err
		}
	}
	if err := w.store.clean(); err != nil {
		return err
	}
	first := entry{ScanID: w.cfg.ScanID, Begin: w.header()}
	if len(names) > 0 {
		j, err := readJournal(w.store, names)
		if err != nil {
			return err
		}
		if err := w.continues(j, names); err != nil {
			return err
		}
		first.Begin = nil
	}
	codec := newPages()
	w.rows = NewEncoder(w.cfg)
	w.domains = newTable[Domain](w.store, domainsTable, w.cfg, codec)
	w.caaRecords = newTable[CAARecord](w.store, caaRecordsTable, w.cfg, codec)
	w.nameServers = newTable[NameServer](w.store, nameServersTable, w.cfg, codec)
	w.queries = newTable[Query](w.store, queriesTable, w.cfg, codec)
	for _, t := range w.tables() {
		t.continueAfter(names)
	}
	w.aside.next = nextPart(names, asideFolder)
	w.batch, w.exchanges = make([]Domain, 0, batchRows), make([]Query, batchRows)
	if w.rejects, err = createRejects(w.store); err != nil {
		return err
	}
	first.Taken = w.run()
	if w.cfg.Exclude != nil {
		w.SetExclude(*w.cfg.Exclude)
	}
	first.Exclude, w.exclude = w.exclude, nil
	// Only who is in the journal may remove leftovers: they may be parts of a process that lives, and is about to name them. Its
	// entry is refused from now on.
	if err = w.log(&first); err == nil {
		err = remove(w.store, w.leftovers)
	}
	if err != nil {
		return errors.Join(err, w.rejects.out.discard())
	}
	return nil
}

// header says what the scan is.
func (w *Writer) header() *header {
	return &header{
		SchemaVersion: SchemaVersion, Format: w.cfg.Format, Seed: w.cfg.Seed, PSL: w.cfg.PSL,
		Config: w.cfg.Scan, Identity: w.cfg.Identity, Inputs: append([]Input{}, w.cfg.Inputs...),
	}
}

// run says what this process is.
func (w *Writer) run() *Run {
	return &Run{
		StartedAt: w.cfg.Now().UTC(), Tool: Tool{Name: w.cfg.Tool, Version: w.cfg.Version, Commit: w.cfg.Commit},
		Worker: w.cfg.Worker, Vantage: w.cfg.Vantage, Config: changed(w.manifest.Config, w.cfg.Scan),
	}
}

// nextPart returns the number of the next part of a table, of a scan with these files.
func nextPart(names []string, table string) int {
	next := 0
	for _, name := range names {
		if path.Dir(name) == table {
			next = max(next, partNumber(name)+1)
		}
	}
	return next
}

// log adds an entry to the journal, and writes the manifest that follows.
func (w *Writer) log(e *entry) error {
	e.Number, e.At = w.entries, w.cfg.Now().UTC()
	if e.ScanID == "" {
		e.ScanID = w.manifest.ScanID
	}
	e.Run = len(w.manifest.Runs)
	if e.Taken != nil {
		e.Run++
	}
	content, err := e.seal()
	if err != nil {
		return err
	}
	if err := w.store.add(entryName(e.Number), content); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%v: %w: entry %d of the journal is there", w.store, ErrInUse, e.Number)
		}
		return w.unlog(e, err)
	}
	w.entries++
	w.manifest.apply(e)
	return w.manifest.write(w.store)
}

// unlog makes sure that an entry that could not be written is not there: it may have got its name all the same. If it
// stays, what it names must stay.
func (w *Writer) unlog(e *entry, err error) error {
	if stays := w.store.remove(entryName(e.Number)); stays != nil {
		w.entries++
		err = errors.Join(err, stays)
	}
	return err
}

// Write implements Sink. The rows are on disk at the latest when the part is finished, which Write does when it has
// become large or old.
func (w *Writer) Write(batch []*record.Record) error {
	if w.err != nil {
		return w.err
	}
	for len(batch) > 0 {
		n := batchLen(batch)
		if err := w.add(batch[:n]); err != nil {
			return w.fail(err)
		}
		batch = batch[n:]
		if w.due() {
			if err := w.finishParts(); err != nil {
				return w.fail(err)
			}
		}
	}
	if w.due() {
		return w.fail(w.finishParts())
	}
	return nil
}

// maxBatchRecords bounds the CAA records of a batch, but for those of its last name: names with thousands of them do
// not add up.
const maxBatchRecords = 2048

// batchLen says how many of the records to encode at a time.
func batchLen(batch []*record.Record) int {
	n, size := 0, 0
	for n < len(batch) && n < batchRows && size < maxBatchRecords {
		size += len(batch[n].CAA.Properties)
		n++
	}
	return n
}

// add encodes at most batchRows records into the parts under way.
func (w *Writer) add(batch []*record.Record) error {
	w.begin()
	w.batch, w.records = w.batch[:len(batch)], w.records[:0]
	for i, r := range batch {
		w.rows.domain(&w.batch[i], r)
		if w.cfg.writes(caaRecordsTable) {
			w.records = w.rows.records(w.records, &w.batch[i], r)
		}
		w.pending.count(&w.batch[i], r)
		w.lines.add(r.Target.Source, r.Target.Line)
	}
	w.pending.records += int64(len(w.records))
	err := w.domains.add(w.batch)
	if err == nil {
		err = w.caaRecords.add(w.records)
	}
	w.rows.reset()
	return err
}

// begin notes when the parts under way were begun.
func (w *Writer) begin() {
	if w.begun.IsZero() {
		w.begun = w.cfg.Now()
	}
}

// count adds one name.
func (t *tally) count(d *Domain, r *record.Record) {
	if t.status == nil {
		t.status = map[string]int64{}
	}
	t.rows++
	t.status[d.Status]++
	for kind, posture := range r.Posture {
		t.posture[kind][posture]++
	}
}

// due reports whether the parts under way have reached a bound.
func (w *Writer) due() bool {
	p, rows := &w.pending, int64(w.cfg.PartRows)
	return p.rows >= rows || p.records >= maxPartRecords || p.queries >= queriesPerName*rows || len(w.aside.targets) >= maxAside || len(w.servers) >= maxServers ||
		!w.begun.IsZero() && w.cfg.Now().Sub(w.begun) >= w.cfg.PartAge
}

// NameServers implements Sink. The rows are of this run: a scan that is continued has those of each.
func (w *Writer) NameServers(servers []record.NameServer) error {
	if w.err != nil {
		return w.err
	}
	if !w.cfg.writes(nameServersTable) {
		return nil
	}
	w.begin()
	for len(servers) > 0 {
		n := min(len(servers), batchRows)
		for i := range servers[:n] {
			row := w.rows.NameServer(&servers[i])
			row.Run = int16(len(w.manifest.Runs))
			w.servers = append(w.servers, row)
		}
		if err := w.nameServers.add(w.servers[len(w.servers)-n:]); err != nil {
			return w.fail(err)
		}
		w.pending.servers += int64(n)
		servers = servers[n:]
		if w.due() {
			if err := w.finishParts(); err != nil {
				return w.fail(err)
			}
			w.begin()
		}
	}
	return nil
}

// Reject implements Sink. The file rejects.csv appears when the writer is closed.
func (w *Writer) Reject(source string, line int64, reason, text string) error {
	if w.err != nil {
		return w.err
	}
	return w.fail(w.rejects.add(source, line, reason, text))
}

// SetInputs replaces the inputs in the manifest: once they are read and their sums known, or on the way, so that a stream
// is known again. What it says is committed with the rows.
func (w *Writer) SetInputs(inputs []Input) { w.inputs = append([]Input{}, inputs...) }

// Inputs returns the inputs as the manifest has them.
func (w *Writer) Inputs() []Input { return slices.Clone(w.manifest.Inputs) }

// SetExclude says that another opt-out list has taken the place of the one before. As all methods of a Writer it is for
// the goroutine that writes.
func (w *Writer) SetExclude(list ExcludeList) {
	list.Since = w.cfg.Now().UTC()
	w.exclude = append(w.exclude, list)
}

// Totals returns the sums over the finished parts.
func (w *Writer) Totals() Totals { return w.manifest.Totals }

// Close implements Sink. After an error the state stays Running, whatever is given, and what was not finished is
// removed. It returns an error if not everything that was added is on disk.
func (w *Writer) Close(state State) error {
	if w.rejects == nil {
		return nil // closed already
	}
	if w.err == nil {
		w.fail(w.finishParts())
	}
	if w.err == nil {
		w.fail(w.emptyParts())
	}
	if errors.Is(w.err, ErrInUse) { // what is there is another's
		discarded := w.rejects.out.discard()
		w.rejects = nil
		return errors.Join(w.err, discarded, w.handOver(), w.store.close())
	}
	rejects, err := w.rejects.close()
	w.rejects = nil
	w.fail(err)
	if w.err != nil {
		state = Running
	}
	if w.inputs == nil {
		w.inputs = w.manifest.Inputs
	}
	e := &entry{End: &end{State: state, Inputs: w.inputs, Rejects: rejects}, Exclude: w.exclude}
	if state == Complete {
		e.Dropped = w.aside.names()
	}
	if err := w.log(e); err != nil {
		w.fail(err)
	}
	if w.err == nil && state == Complete {
		w.fail(w.aside.remove(w.store))
	}
	if errors.Is(w.err, ErrInUse) { // by this entry
		w.fail(w.handOver())
	}
	w.fail(w.store.close())
	return w.err
}

// handOver leaves the scan to the process that has taken it up. That one's manifest may have been written over with one that
// this process had made before: it is made anew from the journal, until nothing has been added meanwhile.
func (w *Writer) handOver() error {
	for known := -1; ; {
		names, err := w.store.list()
		if err != nil {
			return err
		}
		j, err := readJournal(w.store, names)
		if err != nil || len(j.damaged) > 0 || len(j.entries) == known {
			return err
		}
		known = len(j.entries)
		m := j.manifest()
		if err := m.write(w.store); err != nil {
			return err
		}
	}
}

// fail notes the first error, and gives up the parts under way with it.
func (w *Writer) fail(err error) error {
	if err == nil {
		return nil
	}
	for _, t := range w.tables() {
		err = errors.Join(err, t.abandon())
	}
	w.pending = tally{}
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// anyTable is a table of any rows.
type anyTable interface {
	title() string
	continueAfter(files []string)
	begin() error
	seal() error
	publish() (*Part, error)
	abandon() error
	empty() bool
}

// tables returns the tables that the scan has: domains last, which the parts of others are about.
func (w *Writer) tables() []anyTable {
	return slices.DeleteFunc([]anyTable{w.caaRecords, w.nameServers, w.queries, w.domains}, func(t anyTable) bool { return !w.cfg.writes(t.title()) })
}

// finishParts commits the parts under way: all are made durable, and then named in the journal, together.
func (w *Writer) finishParts() error {
	tables := w.tables()
	for _, t := range tables {
		if err := t.seal(); err != nil {
			return err
		}
	}
	before := w.entries
	e := &entry{Lines: w.lines.take(), Exclude: w.exclude, Inputs: w.inputs}
	err := w.aside.commit(w.store, e)
	for _, t := range tables {
		if err != nil {
			break
		}
		var part *Part
		if part, err = t.publish(); part != nil {
			e.Parts = append(e.Parts, *part)
		}
	}
	if err == nil {
		e.Servers, err = packServers(w.servers)
	}
	totals := w.pending.totals()
	e.Totals = &totals
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%v: %w: %w", w.store, ErrInUse, err)
	}
	if err == nil {
		err = w.log(e)
	}
	if err != nil && w.entries == before { // the journal does not know them
		err = errors.Join(err, w.withdraw(e))
	}
	w.begun, w.pending, w.servers, w.exclude = time.Time{}, tally{}, w.servers[:0], nil
	return err
}

// withdraw removes the files of an entry that did not come to be.
func (w *Writer) withdraw(e *entry) error {
	var errs []error
	for _, part := range e.Parts {
		errs = append(errs, w.store.remove(part.File))
	}
	if e.Aside != nil {
		errs = append(errs, w.store.remove(e.Aside.File))
	}
	return errors.Join(errs...)
}

// emptyParts gives a table that has no rows a part all the same: readers find the columns, and "*.parquet" something.
func (w *Writer) emptyParts() error {
	missing := false
	for _, t := range w.tables() {
		if t.empty() {
			missing = true
			if err := t.begin(); err != nil {
				return err
			}
		}
	}
	if !missing {
		return nil
	}
	return w.finishParts()
}

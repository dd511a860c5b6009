package output

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

// Writer keeps a scan in a directory (see the package comment). It is a Sink.
type Writer struct {
	disk disk
	dir  string
	cfg  Config
	rows *Encoder

	domains     *table[Domain]
	caaRecords  *table[CAARecord]
	nameServers *table[NameServer]
	rejects     *rejects

	batch    []Domain    // scratch of Write
	records  []CAARecord // likewise
	begun    time.Time   // when the parts under way were begun; zero if there are none
	pending  tally       // of the parts under way
	manifest Manifest    // as it is or will be on disk
	err      error       // the first error: nothing is added after it
}

var _ Sink = (*Writer)(nil)

// Create makes dir ready to take a scan, and writes its first manifest, so that what cannot be written shows at once.
// A directory that holds a scan is refused with ErrHoldsScan, unless cfg.Restart says that this may be removed; other
// files in it are left alone.
func Create(dir string, cfg Config) (*Writer, error) { return create(osDisk{}, dir, cfg) }

func create(d disk, dir string, cfg Config) (*Writer, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := prepare(d, dir, cfg.Restart); err != nil {
		return nil, err
	}
	now, codec := cfg.Now().UTC(), newPages()
	w := &Writer{
		disk:        d,
		dir:         dir,
		cfg:         cfg,
		rows:        NewEncoder(cfg),
		domains:     newTable[Domain](d, dir, domainsTable, cfg, codec),
		caaRecords:  newTable[CAARecord](d, dir, caaRecordsTable, cfg, codec),
		nameServers: newTable[NameServer](d, dir, nameServersTable, cfg, codec),
		batch:       make([]Domain, 0, batchRows),
		manifest: Manifest{
			SchemaVersion: SchemaVersion,
			State:         Running,
			ScanID:        cfg.ScanID,
			Format:        cfg.Format,
			Tool:          Tool{Name: "caascan", Version: cfg.Version, Commit: cfg.Commit},
			StartedAt:     now,
			UpdatedAt:     now,
			Worker:        cfg.Worker,
			Vantage:       cfg.Vantage,
			Seed:          cfg.Seed,
			PSL:           cfg.PSL,
			Config:        cfg.Scan,
			Inputs:        append([]Input{}, cfg.Inputs...),
			Totals:        newTotals(),
			Parts:         []Part{},
		},
	}
	if cfg.Exclude != nil {
		w.SetExclude(*cfg.Exclude)
	}
	if w.rejects, err = createRejects(d, dir); err != nil {
		return nil, err
	}
	if err := w.writeManifest(); err != nil {
		return nil, errors.Join(err, w.rejects.close())
	}
	return w, nil
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
	if w.begun.IsZero() {
		w.begun = w.cfg.Now()
	}
	w.batch, w.records = w.batch[:len(batch)], w.records[:0]
	for i, r := range batch {
		w.rows.domain(&w.batch[i], r)
		w.records = w.rows.records(w.records, &w.batch[i], r)
		w.pending.count(&w.batch[i], r)
	}
	w.pending.records += int64(len(w.records))
	err := w.domains.add(w.batch)
	if err == nil {
		err = w.caaRecords.add(w.records)
	}
	w.rows.reset()
	return err
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
	return w.pending.rows >= int64(w.cfg.PartRows) || w.pending.records >= maxPartRecords ||
		!w.begun.IsZero() && w.cfg.Now().Sub(w.begun) >= w.cfg.PartAge
}

// NameServers implements Sink.
func (w *Writer) NameServers(servers []record.NameServer) error {
	if w.err != nil {
		return w.err
	}
	rows := make([]NameServer, 0, batchRows)
	for len(servers) > 0 {
		n := min(len(servers), batchRows)
		rows = rows[:0]
		for i := range servers[:n] {
			rows = append(rows, w.rows.NameServer(&servers[i]))
		}
		if err := w.nameServers.add(rows); err != nil {
			return w.fail(err)
		}
		w.pending.servers += int64(n)
		servers = servers[n:]
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

// SetInputs replaces the inputs in the manifest, once they are read and their sums known.
func (w *Writer) SetInputs(inputs []Input) { w.manifest.Inputs = append([]Input{}, inputs...) }

// SetExclude says that another opt-out list has taken the place of the one before. As all methods of a Writer it is for
// the goroutine that writes.
func (w *Writer) SetExclude(list ExcludeList) {
	if w.manifest.Exclude == nil {
		w.manifest.Exclude = new(Exclude)
	}
	list.Since = w.cfg.Now().UTC()
	w.manifest.Exclude.Lists = append(w.manifest.Exclude.Lists, list)
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
	if err := w.rejects.close(); err != nil {
		w.rejects.rows = 0 // and no file
		w.fail(err)
	}
	w.manifest.Totals.setRejects(w.rejects.rows)
	w.rejects = nil
	if w.err == nil {
		w.manifest.State = state
	}
	ended := w.cfg.Now().UTC()
	w.manifest.EndedAt = &ended
	if err := w.writeManifest(); err != nil {
		w.fail(err)
	}
	return w.err
}

// fail notes the first error, and gives up the parts under way with it.
func (w *Writer) fail(err error) error {
	if err == nil {
		return nil
	}
	err = errors.Join(err, w.domains.abandon(), w.caaRecords.abandon(), w.nameServers.abandon())
	w.pending = tally{}
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// finishParts makes the parts under way durable, all tables together, and names them in the manifest.
func (w *Writer) finishParts() error {
	tables := []interface {
		seal() error
		publish() (*Part, error)
	}{w.caaRecords, w.nameServers, w.domains}
	for _, t := range tables {
		if err := t.seal(); err != nil {
			return err
		}
	}
	if err := w.rejects.sync(); err != nil {
		return err
	}
	var parts []Part
	for _, t := range tables {
		part, err := t.publish()
		if part != nil {
			parts = append(parts, *part)
		}
		if err != nil {
			return errors.Join(err, w.withdraw(parts))
		}
	}
	w.begun = time.Time{}
	w.manifest.Parts = append(w.manifest.Parts, parts...)
	w.manifest.Totals.add(&w.pending)
	w.manifest.Totals.setRejects(w.rejects.rows)
	return w.writeManifest()
}

// withdraw removes parts that got their final names before another one of the same names failed to.
func (w *Writer) withdraw(parts []Part) error {
	var errs []error
	for _, part := range parts {
		errs = append(errs, w.disk.Remove(filepath.Join(w.dir, filepath.FromSlash(part.File))))
	}
	return errors.Join(errs...)
}

// emptyParts gives a table that has no rows a part all the same: readers find the columns, and "*.parquet" something.
func (w *Writer) emptyParts() error {
	missing := false
	for _, t := range []interface {
		empty() bool
		begin() error
	}{w.domains, w.caaRecords, w.nameServers} {
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

func (w *Writer) writeManifest() error {
	w.manifest.UpdatedAt = w.cfg.Now().UTC()
	return w.manifest.write(w.disk, filepath.Join(w.dir, manifestName))
}

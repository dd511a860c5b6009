package output

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// The tables, which are the folders of a scan directory.
const (
	domainsTable     = "domains"
	caaRecordsTable  = "caa_records"
	nameServersTable = "nameservers"
	queriesTable     = "queries"

	partPrefix = "part-"
)

var tableNames = [...]string{domainsTable, caaRecordsTable, nameServersTable, queriesTable}

// usualTables are those that a scan has unless it is told otherwise.
var usualTables = []string{domainsTable, caaRecordsTable, nameServersTable}

// Tables returns the tables of a list in their order, each once. Domains must be among them: nothing can be continued or
// verified without.
func Tables(list []string) ([]string, error) {
	for _, name := range list {
		if !slices.Contains(tableNames[:], name) {
			return nil, fmt.Errorf("unknown table %q: want some of %s", name, strings.Join(tableNames[:], ", "))
		}
	}
	var tables []string
	for _, name := range tableNames {
		if slices.Contains(list, name) {
			tables = append(tables, name)
		}
	}
	if !slices.Contains(tables, domainsTable) {
		return nil, fmt.Errorf("the table %s is what all others belong to: it cannot be left out", domainsTable)
	}
	return tables, nil
}

// table writes the rows of one table, part after part. A part is begun by the first row, sealed when no row will
// follow, and then published; until that it can be abandoned.
type table[T any] struct {
	store  store
	name   string
	format Format
	rows   encoder[T]

	next   int       // number of the next part
	out    *partFile // nil: no part under way
	sealed *Part     // of the part under way, once no row will follow
	count  int64     // rows in the part under way
}

// encoder writes the rows of a part. It is used again for the next part.
type encoder[T any] interface {
	begin(w io.Writer)
	write(rows []T) error
	end() error
}

func newTable[T any](st store, name string, cfg Config, codec *pages) *table[T] {
	t := &table[T]{store: st, name: name, format: cfg.Format}
	if cfg.Format == JSONL {
		t.rows = new(jsonRows[T])
	} else {
		t.rows = &parquetRows[T]{options: metadata(cfg), limits: cfg.limits, codec: codec}
	}
	return t
}

func (t *table[T]) title() string { return t.name }

// continueAfter sets the number of the next part, of a scan with these files.
func (t *table[T]) continueAfter(files []string) { t.next = nextPart(files, t.name) }

// add writes rows to the part under way, and begins one if there is none.
func (t *table[T]) add(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	if err := t.begin(); err != nil {
		return err
	}
	t.count += int64(len(rows))
	if err := t.rows.write(rows); err != nil {
		return fmt.Errorf("write %s: %w", t.file(), err)
	}
	return nil
}

// begin makes sure that there is a part under way.
func (t *table[T]) begin() error {
	if t.out != nil {
		return nil
	}
	d, err := t.store.draft(t.file())
	if err != nil {
		return err
	}
	t.out = newPartFile(d)
	t.rows.begin(t.out)
	return nil
}

// seal finishes the file of the part under way.
func (t *table[T]) seal() error {
	if t.out == nil {
		return nil
	}
	err := t.rows.end()
	if err == nil {
		err = t.out.seal()
	}
	if err != nil {
		return fmt.Errorf("finish %s: %w", t.file(), err)
	}
	t.sealed = t.out.part(t.name, t.file(), t.count)
	return nil
}

// publish gives the sealed part its name. It returns nil if there is none.
func (t *table[T]) publish() (*Part, error) {
	part := t.sealed
	if part == nil {
		return nil, nil
	}
	if err := t.out.publish(); err != nil {
		return nil, fmt.Errorf("publish %s: %w", t.file(), err)
	}
	t.out, t.sealed, t.count = nil, nil, 0
	t.next++
	return part, nil
}

// abandon removes what is not published.
func (t *table[T]) abandon() error {
	if t.out == nil {
		return nil
	}
	out := t.out
	t.out, t.sealed, t.count = nil, nil, 0
	return out.discard()
}

// file is the name of the part under way.
func (t *table[T]) file() string { return partName(t.name, t.next, string(t.format)) }

// partName is the name of a part of a table.
func partName(table string, number int, ending string) string {
	return path.Join(table, fmt.Sprintf("%s%05d.%s", partPrefix, number, ending))
}

// partNumber returns the number of a part, -1 if name is not that of one.
func partNumber(name string) int {
	base, ok := strings.CutPrefix(path.Base(name), partPrefix)
	digits, _, _ := strings.Cut(base, ".")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 {
		return -1
	}
	return n
}

// partFile is a draft that counts and sums what is written.
type partFile struct {
	draft
	sum  hash.Hash
	size int64
}

func newPartFile(d draft) *partFile { return &partFile{draft: d, sum: sha256.New()} }

func (p *partFile) Write(b []byte) (int, error) {
	n, err := p.draft.Write(b)
	p.sum.Write(b[:n])
	p.size += int64(n)
	return n, err
}

// part says what was written.
func (p *partFile) part(table, file string, rows int64) *Part {
	return &Part{Table: table, File: file, Rows: rows, Bytes: p.size, SHA256: hex.EncodeToString(p.sum.Sum(nil))}
}

// pageLimits are sizes of what Parquet files are made of. The writer holds one page of each column as it is, and the row
// group compressed; a page here and a group there more would make files a little smaller, and the process larger.
type pageLimits struct {
	groupRows       int
	pageBytes       int64
	pageValues      int   // or earlier, NULLs included: what repeats takes no room until the page is encoded
	dictionaryBytes int64 // a column whose dictionary outgrows it goes on without
}

var defaultLimits = pageLimits{groupRows: 50_000, pageBytes: 128 << 10, pageValues: 20_000, dictionaryBytes: 256 << 10}

const (
	rowGroupBytes = 10 << 20 // or earlier, where rows are large: a hostile zone can give each name 64 KB of records
	batchRows     = 128      // rows taken apart at a time: they and their columns stay in the processor's cache
)

// parquetRows writes a part in Parquet.
type parquetRows[T any] struct {
	options []parquet.WriterOption
	limits  pageLimits
	codec   *pages

	w     *parquet.GenericWriter[T]
	group *parquet.ConcurrentRowGroupWriter
	shred *shredder[T]
}

// metadata returns what stands in the key-value metadata of every file.
func metadata(cfg Config) []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.KeyValueMetadata("scan_id", cfg.ScanID),
		parquet.KeyValueMetadata("schema_version", fmt.Sprint(SchemaVersion)),
		parquet.KeyValueMetadata("tool", "caascan"),
		parquet.KeyValueMetadata("tool_version", cfg.Version),
		parquet.KeyValueMetadata("psl_version", cfg.PSL),
	}
}

func (p *parquetRows[T]) begin(w io.Writer) {
	if p.w != nil {
		p.w.Reset(w)
		return
	}
	schema := parquet.SchemaOf(new(T))
	p.shred = newShredder[T](schema, p.limits)
	p.w, p.group = newRowGroups[T](w, schema, p.shred.columns, append(p.options,
		parquet.CreatedBy("caascan", "", ""),
		parquet.Compression(p.codec),
		parquet.DictionaryMaxBytes(p.limits.dictionaryBytes),
	))
}

func (p *parquetRows[T]) write(rows []T) error {
	for len(rows) > 0 {
		n := min(len(rows), batchRows, p.limits.groupRows-p.shred.rows)
		if err := p.writeBatch(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
		if p.shred.rows == p.limits.groupRows || p.group.Size() >= rowGroupBytes {
			if err := p.commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeBatch adds rows to the row group under way.
func (p *parquetRows[T]) writeBatch(rows []T) error {
	p.shred.shred(rows)
	for i, c := range p.shred.columns {
		if !c.full() {
			continue
		}
		if err := p.group.ColumnWriters()[i].Flush(); err != nil {
			return err
		}
	}
	return nil
}

// commit finishes the row group under way.
func (p *parquetRows[T]) commit() error {
	if p.shred.rows == 0 {
		return nil
	}
	_, err := p.group.Commit()
	p.shred.restart()
	return err
}

func (p *parquetRows[T]) end() error {
	if err := p.commit(); err != nil {
		return err
	}
	return p.w.Close()
}

// jsonRows writes a part as JSON lines.
type jsonRows[T any] struct {
	buf *bufio.Writer
	enc *json.Encoder
}

// jsonBuffer is how much JSON is gathered for one write.
const jsonBuffer = 64 << 10

func (j *jsonRows[T]) begin(w io.Writer) {
	j.buf = bufio.NewWriterSize(w, jsonBuffer)
	j.enc = json.NewEncoder(j.buf) // escapes <, > and &, so that a line is safe inside HTML
}

func (j *jsonRows[T]) write(rows []T) error {
	for i := range rows {
		if err := j.enc.Encode(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonRows[T]) end() error { return j.buf.Flush() }

// empty reports whether the table has no part, nor one under way.
func (t *table[T]) empty() bool { return t.next == 0 && t.out == nil }

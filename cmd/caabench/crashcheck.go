package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/output"
)

// incidental are the columns in which rows of two scans may differ, by path within the file. All others must be equal,
// those that come to be after this was written too.
var incidental = map[string]bool{
	// Which scan, when, and how the input was given.
	"scan_id": true, "timestamp": true, "first_query_at": true, "last_query_at": true, "first_look_at": true,
	"source_list": true,
	// Which of several servers was asked, and how it took the question.
	"resolver": true, "resolver_name": true, "protocol": true, "rtt_us": true, "caa_bytes": true, "caa_truncated": true,
	"climb.list.element.server": true, "server_ip": true, "rtt": true,
	// What it cost, which depends on what others had asked before and on packets that got lost.
	"query_count": true, "retry_count": true, "tcp_count": true, "queue_wait_us": true, "climb.list.element.attempts": true,
	"first_look_attempts": true,
	// A denial that a proven span answered has what is left of the TTL (RFC 8198).
	"climb.list.element.ttl": true,
}

// ofChance are the columns that are incidental too where servers limit rates: a first look that met a limit is followed by a second
// one, and a process that has just begun does not know what the one before had learned of the limit.
var ofChance = map[string]bool{"looks": true, "first_look_status": true}

func (w *crashWorld) isIncidental(column string) bool {
	return incidental[column] || w.limits && ofChance[column]
}

// dataset is what a scan has written, in a form that can be compared.
type dataset struct {
	rows     []digests      // by line of the input
	records  map[uint64]int // rows of caa_records, how often each
	rejected map[int]int    // by line, how often
	strange  int            // rows for lines that the input does not have
	twice    int            // rows of names that were looked at twice
	dir      string
}

// digests are those of the rows of a line. There must be one.
type digests struct {
	digest uint64
	count  int
}

// seed of the digests; they are compared within one process.
var digestSeed = maphash.MakeSeed()

// size returns the number of rows.
func (d *dataset) size() (n int) {
	for _, row := range d.rows {
		n += row.count
	}
	return n
}

// readDataset reads all rows of a scan.
func (w *crashWorld) readDataset(dir string) (*dataset, error) {
	lines := w.lines
	d := &dataset{rows: make([]digests, lines+1), records: map[uint64]int{}, rejected: map[int]int{}, dir: dir}
	err := eachTableRow(dir, "domains", func(columns []string, row parquet.Row) error {
		line := 0
		for _, v := range row {
			switch columns[v.Column()] {
			case "input_line":
				line = int(v.Int64())
			case "looks":
				if v.Int64() == 2 {
					d.twice++
				}
			}
		}
		if line < 1 || line > lines {
			d.strange++
			return nil
		}
		d.rows[line].count++
		d.rows[line].digest = w.digestOf(columns, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := eachTableRow(dir, "caa_records", func(columns []string, row parquet.Row) error {
		d.records[w.digestOf(columns, row)]++
		return nil
	}); err != nil {
		return nil, err
	}
	return d, d.readRejects()
}

func (d *dataset) readRejects() error {
	file, err := os.Open(filepath.Join(d.dir, "rejects.csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	for first := true; ; first = false {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("rejects.csv: %w", err)
		}
		if first {
			continue
		}
		line, err := strconv.Atoi(record[1])
		if err != nil {
			return fmt.Errorf("rejects.csv: %w", err)
		}
		d.rejected[line]++
	}
}

// eachTableRow calls visit with every row of a table, and the paths of its columns.
func eachTableRow(dir, table string, visit func(columns []string, row parquet.Row) error) error {
	parts, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
	if err != nil || len(parts) == 0 {
		return fmt.Errorf("no parts of %s in %s: %w", table, dir, err)
	}
	for _, path := range parts {
		if err := eachPartRow(path, visit); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func eachPartRow(path string, visit func(columns []string, row parquet.Row) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	part, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return err
	}
	var columns []string
	for _, path := range part.Schema().Columns() {
		columns = append(columns, strings.Join(path, "."))
	}
	reader := parquet.NewReader(part)
	defer reader.Close()
	rows := make([]parquet.Row, 256)
	for {
		n, err := reader.ReadRows(rows)
		for _, row := range rows[:n] {
			if err := visit(columns, row); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// digestOf is a digest of all that is not incidental in a row: values, and where lists begin and what is NULL.
func (w *crashWorld) digestOf(columns []string, row parquet.Row) uint64 {
	var h maphash.Hash
	h.SetSeed(digestSeed)
	var buf []byte
	for _, v := range row {
		if w.isIncidental(columns[v.Column()]) {
			continue
		}
		buf = append(buf[:0], byte(v.Column()), byte(v.Column()>>8), byte(v.RepetitionLevel()), byte(v.DefinitionLevel()))
		if buf = append(buf, byte(v.Kind())); !v.IsNull() {
			buf = v.AppendBytes(buf)
		}
		h.Write(buf)
		h.WriteByte(0xff)
	}
	return h.Sum64()
}

// findings are what a chain came to.
type findings struct {
	lost, doubled, differs int
	verified               bool
	wrong                  []string
}

func (f *findings) add(format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

// examine holds what a scan has written against the input and, if there is one already, against the reference.
func (w *crashWorld) examine(d *dataset) *findings {
	f := &findings{}
	for line := 1; line <= w.lines; line++ {
		rows, rejects := d.rows[line].count, d.rejected[line]
		want := 1
		if w.blank[line] {
			want = 0
		}
		switch {
		case rows+rejects < want:
			f.lost++
		case rows+rejects > want:
			f.doubled += rows + rejects - want
		case (rejects > 0) != w.rejected[line]:
			f.differs++
		case d.rows[line].digest != w.reference.or(d).rows[line].digest:
			if f.differs++; f.differs <= 3 {
				f.add("line %d differs: %s", line, w.differenceAt(line, w.reference.dir, d.dir))
			}
		}
	}
	for digest, n := range w.reference.or(d).records {
		f.differs += max(n-d.records[digest], d.records[digest]-n)
	}
	for digest, n := range d.records {
		if w.reference.or(d).records[digest] == 0 {
			f.differs += n
		}
	}
	strange := d.strange
	for line, n := range d.rejected {
		if line < 1 || line > w.lines {
			strange += n
		}
	}
	if f.lost+f.doubled+f.differs+strange > 0 {
		f.add("%d lines lost, %d doubled, %d rows or records differ, %d are for no line of the input", f.lost, f.doubled, f.differs, strange)
	}
	return f
}

// or returns d, or else the other.
func (d *dataset) or(other *dataset) *dataset {
	if d == nil {
		return other
	}
	return d
}

// differenceAt says in which columns the rows for a line differ.
func (w *crashWorld) differenceAt(line int, dirs ...string) string {
	values := make([]map[string]string, len(dirs))
	for i, dir := range dirs {
		values[i] = map[string]string{}
		if err := eachTableRow(dir, "domains", func(columns []string, row parquet.Row) error {
			if !slices.ContainsFunc(row, func(v parquet.Value) bool { return columns[v.Column()] == "input_line" && v.Int64() == int64(line) }) {
				return nil
			}
			for _, v := range row {
				if column := columns[v.Column()]; !w.isIncidental(column) || column == "query_name" {
					values[i][column] += fmt.Sprintf(" %+v", v)
				}
			}
			return nil
		}); err != nil {
			return err.Error()
		}
	}
	text := values[0]["query_name"]
	for column, was := range values[0] {
		if is := values[1][column]; is != was {
			text += fmt.Sprintf("; %s is%s, and undisturbed%s", column, is, was)
		}
	}
	return text
}

// standing checks what must hold whenever a process has ended: the manifest can be read, and what it names is there.
func standing(dir string, f *findings) (m output.Manifest, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if parts, _ := filepath.Glob(filepath.Join(dir, "*", "part-*")); len(parts) > 0 {
			f.add("no manifest, but %v", parts)
		}
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		f.add("manifest.json: %v", err)
		return m, nil
	}
	for _, part := range m.Parts {
		content, err := os.ReadFile(filepath.Join(dir, part.File))
		if err != nil {
			f.add("the manifest names %s: %v", part.File, err)
			continue
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != part.SHA256 || int64(len(content)) != part.Bytes {
			f.add("%s is not as the manifest says", part.File)
		}
	}
	return m, nil
}

// drafts finds files that were not finished, of a process that could clear them away.
func drafts(dir string, f *findings) {
	for _, pattern := range []string{".*.tmp", "*/.*.tmp"} {
		left, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is a good one
		for _, file := range left {
			f.add("%s was left", file)
		}
	}
}

// leftovers finds in a complete scan what should not be there: whatever the manifest does not name, but for the journal.
func (c *chain) leftovers(f *findings) {
	m, err := standing(c.out, f)
	if err != nil || m.State != output.Complete || m.Rejects == nil {
		f.add("the manifest: state %q, %v", m.State, err)
		return
	}
	known := map[string]bool{"manifest.json": true, m.Rejects.File: true, filepath.Join("journal", ".lock"): true}
	for _, part := range m.Parts {
		known[filepath.FromSlash(part.File)] = true
	}
	err = filepath.WalkDir(c.out, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(c.out, path)
		switch {
		case c.store != nil && strings.HasPrefix(name, ".probe-"): // of a process that was killed while it tried the store: who else removed it might mislead one that lives
		case err != nil || known[name] || entry.IsDir() && (name != "aside" || c.store != nil):
		case filepath.Dir(name) == "journal" && filepath.Ext(name) == ".json" && name[len("journal/")] != '.':
		default:
			f.add("%s is left in the complete scan", name)
		}
		return err
	})
	if err != nil {
		f.add("%v", err)
	}
}

// verify asks caascan verify, if there is one.
func (c *chain) verify(f *findings) {
	help, err := exec.Command(c.world.caascan, "--help").Output()
	if err != nil || !bytes.Contains(help, []byte("\n  verify ")) {
		return
	}
	cmd := exec.Command(c.world.caascan, "verify", c.place)
	cmd.Env = c.environ()
	text, err := cmd.CombinedOutput()
	if err != nil {
		f.add("caascan verify: %v: %s", err, text)
		return
	}
	f.verified = true
}

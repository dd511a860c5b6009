// Package archive makes scan directories of what other tools have measured: OpenINTEL (Parquet), zdns, massdns, and Rapid7's forward
// DNS. So old data can be classified, and held against new, without a packet.
//
//	tools, openintel   read what a tool wrote into look-ups: one name, one type, what came of it
//	stage              keeps them in a DuckDB file, until all inputs are read, and gives them back in the order of names
//	climb              puts the look-ups of a name and of those above it together, and makes a record of each name asked for CAA
//	output             writes the records, as it writes those of a scan
//
// # What is known, and what is not
//
// Other tools ask at one name and do not climb (RFC 8659 3). What a name inherits is known only if the names above it were measured
// too, and the public suffix, which ends the climb, seldom was. The columns of package output say so:
//
//   - A name with a set of its own is found; nothing above it matters.
//   - A name without one has the levels above it from the look-ups of these names, if the inputs hold them. If each up to the
//     top-level domain is there and none has a set, its caa_status is none.
//   - A level that nobody asked about is a failure, of the outcome not_asked: the name's caa_status is error, its status
//     not_asked, its postures error. It is never "no CAA", for that level may hold the relevant set. caa.Decide says NotStored of it.
//   - Options.AssumeSuffixEmpty takes levels at or above the public suffix of a registry that nobody asked about as empty. They stand
//     in the climb as nodata with the cause assumed, and the manifest says that it was assumed. A private suffix, of a hoster, is
//     never assumed to be empty.
//   - dnssec_status is what the tool said: secure of an answer with the AD flag of a resolver, or one that zdns validated;
//     insecure and bogus as zdns says. All else is indeterminate with the reason not-validated.
//   - A reply without an answer that is neither of a server of the zone nor of a resolver is a referral (lame), one with TC
//     and no TCP is truncated, and a set with a record that cannot be made out is malformed: none of them is "no CAA".
//   - caa_ttl, rtt_us and, where it is not true, caa_truncated are NULL: TTLs are those of caches (response_ttl of caa_records has
//     what the tool said, and rtt there is 0 where it said nothing).
//   - Octets of values that JSON cannot hold are U+FFFD, as the tools wrote them.
//   - Of several look-ups of a name and type, the last that had an answer counts, else the last.
package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Tool is who measured.
type Tool string

// The tools. Auto takes each line for what its members say.
const (
	Auto      Tool = "auto"
	OpenINTEL Tool = "openintel" // Parquet, one row for each record of a response
	ZDNS      Tool = "zdns"      // JSON lines of version 2 or 1
	MassDNS   Tool = "massdns"   // -o J, or -o S
	FDNS      Tool = "fdns"      // Rapid7's forward DNS: JSON lines, one record each
)

// Options say what to read, and how.
type Options struct {
	From  Tool
	Paths []string // files, "-" for stdin, or directories: all files below, but hidden ones
	Out   string   // directory of the scan

	AssumeSuffixEmpty bool      // see the package comment
	Type              wire.Type // what zdns 1 was asked for, which its lines do not say; default CAA
	At                time.Time // of look-ups that the tool gives no time; default when the file was last changed
	Vantage           string    // the place in the network from which it was measured

	Format   output.Format // default Parquet
	Restart  bool          // discard a scan that Out holds
	Suffixes *datasets.Suffixes
	Issuers  *datasets.Issuers

	Stdin   io.Reader
	Now     time.Time // when this is done
	Version string    // of the program
	Memory  int64     // limit of what DuckDB holds at once, in octets
	Threads int
	Temp    string // directory for what does not fit
}

// Scan is a scan directory that was made.
type Scan struct {
	Dir    string
	Totals output.Totals
}

// Default limits.
const (
	defaultMemory = 1 << 30
	batchRecords  = 256
)

func (o *Options) fillIn() {
	o.From = cmp.Or(o.From, Auto)
	o.Type = cmp.Or(o.Type, wire.TypeCAA)
	o.Memory = cmp.Or(max(o.Memory, 0), defaultMemory)
	o.Threads = cmp.Or(max(o.Threads, 0), runtime.GOMAXPROCS(0))
	if o.Suffixes == nil {
		o.Suffixes = datasets.DefaultSuffixes()
	}
	if o.Issuers == nil {
		o.Issuers = datasets.DefaultIssuers()
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
}

// Make reads all inputs and writes one scan; or, of inputs of OpenINTEL from several days, one for each day, in a folder day=2006-01-02
// of Out. Lines that cannot be read are rejects of the first scan. An error says which input, or that Out holds a scan already.
func Make(ctx context.Context, o Options) (scans []Scan, err error) {
	o.fillIn()
	s, err := newStage(ctx, &o)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return nil, err
	}
	in := &inputs{o: &o, stage: s, named: map[string]bool{}}
	if err := in.read(ctx); err != nil {
		return nil, err
	}
	if err := s.sealed(); err != nil {
		return nil, err
	}
	spans, err := s.spans(ctx)
	if err != nil {
		return nil, err
	}
	if len(spans) == 0 {
		spans = []span{{}}
	}
	for i, one := range spans {
		dir := o.Out
		if len(spans) > 1 {
			dir = filepath.Join(o.Out, "day="+time.Unix(int64(one.period)*int64(24*time.Hour/time.Second), 0).UTC().Format(time.DateOnly))
		}
		scan, err := write(ctx, &o, s, in, one, dir, i == 0, len(spans) == 1)
		if err != nil {
			return scans, fmt.Errorf("%s: %w", dir, err)
		}
		scans = append(scans, *scan)
	}
	return scans, nil
}

// inputs reads the files.
type inputs struct {
	o       *Options
	stage   *stage
	named   map[string]bool
	sources []string       // names of the inputs in rows
	stats   []output.Input // of the inputs
	parquet bool           // they are files of OpenINTEL
}

// read reads all.
func (in *inputs) read(ctx context.Context) error {
	for _, path := range in.o.Paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if files, err = below(path); err != nil {
				return err
			}
		}
		for _, file := range files {
			if err := in.readFile(ctx, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// below are the files in a directory and its folders, in order.
func below(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(entry.Name(), "."), strings.HasPrefix(entry.Name(), "_"): // as Spark leaves them
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular():
			files = append(files, path)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: there is no file in it", dir)
	}
	return files, err
}

// readFile stages what one file holds.
func (in *inputs) readFile(ctx context.Context, path string) (err error) {
	text, err := datasets.OpenText(path, in.o.Stdin)
	if err != nil {
		return err
	}
	defer text.Close()
	number := len(in.sources)
	in.sources = append(in.sources, in.unique(text.Source()))
	in.stats = append(in.stats, output.Input{Path: path})
	stats := &in.stats[number]
	r := &lineReader{o: in.o, source: number, noTime: in.noTime(path)}
	reject := func(line int64, reason, text string) error { return in.stage.reject(number, line, reason, text) }
	if number > 0 && text.IsParquet() != in.parquet {
		return fmt.Errorf("input %s: OpenINTEL's files and those of other tools are different measurements: make a scan of each", path)
	}
	in.parquet = text.IsParquet()
	if in.parquet {
		if !text.Regular() || !r.takes(OpenINTEL) {
			return fmt.Errorf("input %s: a Parquet file, which is read from a file and of OpenINTEL only", path)
		}
		r.emit = func(name string, l *look) error { return in.stage.add(day(l.at), name, l) }
		stats.Lines, stats.Skipped, err = r.readOpenINTEL(ctx, in.stage, path, reject)
	} else {
		r.emit = func(name string, l *look) error { return in.stage.add(0, name, l) }
		stats.Skipped, err = readLines(ctx, text, r, reject)
		stats.Lines = r.line
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("input %s: %w", path, err)
	}
	sum, err := text.Sum()
	stats.Octets, stats.SHA256 = sum.Octets, sum.SHA256
	return err
}

// unique is a name that no other input has: with the line it names one line of all inputs.
func (in *inputs) unique(name string) string {
	once := name
	for i := 2; in.named[once]; i++ {
		once = fmt.Sprintf("%s#%d", name, i)
	}
	in.named[once] = true
	return once
}

// noTime is the moment of look-ups that have none.
func (in *inputs) noTime(path string) step.Time {
	at := in.o.At
	if at.IsZero() {
		at = in.o.Now
		if info, err := os.Stat(path); err == nil && path != "-" && info.Mode().IsRegular() {
			at = info.ModTime()
		}
	}
	return step.Time(at.UnixNano())
}

// write makes the scan of one measurement.
func write(ctx context.Context, o *Options, s *stage, in *inputs, one span, dir string, first, alone bool) (scan *Scan, err error) {
	clock := one.first.Wall()
	if one.first == 0 {
		clock = o.Now.UTC()
	}
	stats := slices.Clone(in.stats)
	w, err := output.Create(dir, in.config(clock, dir, func() time.Time { return clock }))
	if err != nil {
		return nil, err
	}
	state := output.Running
	accounted := make([]int64, len(stats)) // lines with a row or a reject, by input
	defer func() {
		for i := range stats { // all others are parts of a row, or about what makes no row, or of another day
			rest := stats[i].Lines - stats[i].Skipped - accounted[i]
			if alone {
				stats[i].Folded = rest
			} else {
				stats[i].Elsewhere = rest
			}
		}
		w.SetInputs(stats)
		if err = errors.Join(err, w.Close(state)); err == nil {
			scan = &Scan{dir, w.Totals()}
		}
	}()
	if first {
		if err := s.eachReject(ctx, func(source int, line int64, reason, text string) error {
			accounted[source]++
			return w.Reject(in.sources[source], line, reason, text)
		}); err != nil {
			return nil, err
		}
	}
	batch := make([]*record.Record, 0, batchRecords)
	flush := func() error {
		err := w.Write(batch)
		batch = batch[:0]
		return err
	}
	c := &climber{
		sources: in.sources, suffixes: o.Suffixes, assume: o.AssumeSuffixEmpty,
		emit: func(source int, r *record.Record) error {
			accounted[source]++
			if batch = append(batch, r); len(batch) < batchRecords {
				return nil
			}
			return flush()
		},
	}
	if err := s.sorted(ctx, one.period, c.add); err != nil {
		return nil, err
	}
	if err := errors.Join(c.finish(), flush()); err != nil {
		return nil, err
	}
	if one.last != 0 {
		clock = one.last.Wall()
	}
	state = output.Complete
	return nil, nil
}

// idForm is the form of the moments in a scan's identifier.
const idForm = "20060102T150405.000Z"

// config says what the scan is: begun when the first look-up was made, and ended with the last, so that scans stand in the order of
// what they tell.
func (in *inputs) config(began time.Time, dir string, now func() time.Time) output.Config {
	o := in.o
	at := o.Now.UTC().Format(time.RFC3339Nano)
	return output.Config{
		ScanID: began.UTC().Format(idForm) + "-archived-" + o.Now.UTC().Format(idForm), Tool: "caareport archive", Version: o.Version, PSL: o.Suffixes.Version(), Vantage: o.Vantage,
		Inputs: in.stats, Format: o.Format, Restart: o.Restart, Now: now, Secondhand: true,
		Tables:      []string{"domains", "caa_records"},
		Identity:    map[string]string{"archived at": at, "directory": filepath.Base(dir)}, // no other run continues it
		Registrable: o.Suffixes.Operator, Issuers: datasets.Registry{Issuers: o.Issuers},
		Scan: map[string]any{
			"archive": map[string]any{
				"from": o.From, "archived_at": at, "assume_suffix_empty": o.AssumeSuffixEmpty, "zdns1_type": o.Type.String(),
				"not_known": "no level above a name but those that the inputs hold; levels not asked are errors (not_asked), never none; " +
					"TTL, round-trip time and truncation as far as the tool told them; no DNSSEC but what the tool said",
			},
		},
	}
}

package datasets

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/caascan/caascan/scanner/record"
)

const (
	// MaxLine is the longest line that is looked at, in octets: room for a URL as long as servers take them. A longer
	// one is a single reject, however long it is.
	MaxLine = 8192
	// DefaultWindow is the default of Config.Window. It is wider than the runs of neighbours that one hoster has in
	// sorted lists, and costs 4 MB: 64 octets a target, and what names of more than heldText octets need besides.
	DefaultWindow = 1 << 16
	// BatchSize is how many targets Next returns at most.
	BatchSize = 512

	bufferSize = 64 << 10 // of the line reader, in octets; more than MaxLine
	pollLines  = 1024     // lines between two looks at the context
)

// Config says how inputs are read. The zero Config reads inputs of any format, each as what it turns out to be.
type Config struct {
	Format          Format // of all inputs; found for each if Auto
	AllowSpecialUse bool   // see Options
	Suffixes        *Suffixes
	Stdin           io.Reader // what "-" names; os.Stdin if nil

	// Column is where the name stands in a table: the header of a column of CSV or of Parquet, the member of the objects
	// of JSONL, or the number of a column, from 1. "" is what the format says, or what headers of other lists have.
	Column string
	// Origin is the name of the zone in a zone file that does not say: the origin at its start, and its apex if it has
	// no SOA record. "" takes the owner of the SOA record, and finds relative names before it bad.
	Origin string
	// NamesOnly leaves unsaid what zone files say of delegations: targets have none, and no file is read twice.
	NamesOnly bool
	// Tables is how much memory is for the delegations of whole zone files, in octets, so that Zones knows those of names
	// that are no targets, too; 0 is none. Of a zone that does not fit it knows the apex.
	Tables int64
	// Fold is how much memory is for the names that came, in octets: one that comes again, in whichever input, is folded, which
	// means counted and passed over. What no longer fits is forgotten, the oldest first, and may come out again: no name
	// is ever lost. If 0, names that appear twice come out twice, but for those of zone files, see zoneFile.
	Fold int64

	// Shard is the part of the names to be read: those of the others, and all rejects but in the first, are only counted.
	Shard Shard

	// Window is how many targets are held to be shuffled; DefaultWindow if 0 or less, and 1 keeps the order of the
	// inputs. Nothing comes out before the window is full or the inputs are at their end.
	Window int
	// Seed determines the order. If 0 it is made from the first octets of the inputs: the same lists come in the same
	// order again. Reader.Seed says which one it is.
	Seed uint64
	// Reject is told of every reject, in the order of the lines; nil if only their number matters. It is called from
	// within Next.
	Reject func(Reject)
}

// DefaultFold is what Config.Fold may be where names are to be folded, and is for zone files whose owners are not in
// order: some eight million names are remembered exactly, and four million are at any time.
const DefaultFold = 256 << 20

// DefaultTables is what Config.Tables may be where zone files spare the servers of their zones: some eight million names
// of zones whose customers share their servers.
const DefaultTables = 512 << 20

// Input says what one input held. Lines = Targets + Rejects + Skipped + Folded + Elsewhere, at any time; rows of Parquet are
// lines.
type Input struct {
	Path        string // as given; "stdin" for "-"
	Source      string // record.Target.Source; for a zip archive of several files, what their sources start with
	Format      string // word of the Format found, that of the last file in a zip archive; "" before the first line
	Compression string // "gzip", "zstd", "zip" or ""
	Octets      int64  // read so far, as stored
	SHA256      string // of the input as stored, in hex; "" until it was read to its end
	Lines       int64
	Targets     int64
	Rejects     int64
	Skipped     int64 // blank lines, comments, headers; of a zone file, all lines that make no target and are not bad
	Folded      int64 // names that came before, see Config.Fold
	Elsewhere   int64 // names of other parts, see Config.Shard; and rejects, unless this is the first part

	// Zones are those of a zone file, the first maxZonesNoted.
	Zones []record.ZoneVersion
}

// maxZonesNoted bounds Input.Zones, whatever a file makes of itself.
const maxZonesNoted = 1000

// Reader reads targets from inputs. It is not safe for concurrent use.
type Reader struct {
	cfg     Config
	opt     Options
	inputs  []*input
	stats   []Input
	rejects [Reasons]int64

	window window
	end    error         // what the inputs ended with: io.EOF if all is well
	folded [MaxName]byte // room for names that do not stand in their line as they are
	key    []byte        // of foldKey

	// The place where reading is.
	at      int             // index of the input
	started bool            // the input at that index
	streams []stream        // of that input, not opened yet
	stream  stream          // the one that is open
	source  string          // name of the open stream
	named   map[string]bool // names of sources
	text    io.Closer
	lines   *bufio.Reader
	line    int64  // number of the last line read
	layout  layout // valid once laid is set
	laid    bool
	skip    *tooLong  // the line being skipped
	long    []byte    // a line of JSONL that is longer than the buffer
	zone    *zoneFile // the open stream, once it was found to be one
	recall  *recall   // the names that came; nil if none are folded
	zones   Zones
	surveys map[surveyed]*zoneSurvey
}

// byteOrderMark of UTF-8 is dropped at the start of a text.
var byteOrderMark = []byte("\xEF\xBB\xBF")

// tooLong is a line longer than MaxLine on the way to its end.
type tooLong struct {
	start    []byte // its first MaxRejectText octets
	personal bool   // it holds an "@": its start may be part of a local part
}

// Open opens all inputs: paths of files, and "-" for stdin. It reads the first block of each, and waits for it where
// the input is a pipe. An input that is missing, a directory, an empty archive or otherwise unreadable is an error that
// names it; then nothing is left open. So is a list of no inputs.
func Open(paths []string, cfg Config) (*Reader, error) {
	if len(paths) == 0 {
		return nil, errors.New("no input given")
	}
	if cfg.Format >= Columns {
		return nil, fmt.Errorf("input format %d cannot be asked for", cfg.Format)
	}
	if cfg.Column != "" && cfg.Format != Auto && cfg.Format != JSONL && cfg.Format != Parquet {
		return nil, fmt.Errorf("a column cannot be asked for in the input format %s", cfg.Format)
	}
	if _, err := newZoneFile(&cfg, &input{}, stream{}, nil); err != nil {
		return nil, err
	}
	if cfg.Stdin == nil {
		cfg.Stdin = os.Stdin
	}
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Suffixes == nil {
		cfg.Suffixes = DefaultSuffixes()
	}
	r := &Reader{
		cfg:   cfg,
		opt:   Options{Suffixes: cfg.Suffixes, AllowSpecialUse: cfg.AllowSpecialUse},
		lines: bufio.NewReaderSize(nil, bufferSize),
	}
	stdin := false
	for _, path := range paths {
		if path == "-" && stdin {
			r.Close()
			return nil, errors.New("input stdin: given twice")
		}
		stdin = stdin || path == "-"
		in, err := probe(path, cfg.Stdin)
		if err != nil {
			r.Close()
			return nil, err
		}
		in.name = r.unique(in.name)
		r.inputs = append(r.inputs, in)
		if err := in.check(&cfg); err != nil {
			r.Close()
			return nil, in.fail(err)
		}
		r.stats = append(r.stats, Input{Path: in.path, Source: in.name, Compression: in.compressionWord()})
	}
	r.zones.room = cfg.Tables
	if cfg.Fold > 0 {
		r.recall = newRecall(cfg.Fold)
	}
	if r.cfg.Seed == 0 {
		r.cfg.Seed = seedOf(r.inputs)
	}
	r.window.rng = rand.NewPCG(r.cfg.Seed, r.cfg.Seed)
	return r, nil
}

// check holds the input against the format that was asked for, and opens it if it is a table.
func (in *input) check(cfg *Config) (err error) {
	switch table := in.how == parquetFile; {
	case table && cfg.Format != Auto && cfg.Format != Parquet:
		return fmt.Errorf("is Parquet, not of the format %s", cfg.Format)
	case !table && cfg.Format == Parquet:
		return errors.New("is not Parquet")
	case table:
		in.table, err = openTable(in.file, cfg.Column)
	}
	return err
}

func (in *input) compressionWord() string {
	for _, m := range magic {
		if m.how == in.how && in.how != parquetFile {
			return m.name
		}
	}
	return ""
}

// seedOf makes the default seed, never 0.
func seedOf(inputs []*input) uint64 {
	h := sha256.New()
	for _, in := range inputs {
		sum := sha256.Sum256(in.head)
		h.Write(sum[:])
	}
	return binary.BigEndian.Uint64(h.Sum(nil)) | 1
}

// Seed returns the seed in use.
func (r *Reader) Seed() uint64 { return r.cfg.Seed }

// Inputs says how far each input was read, in the order given to Open. After Next returned io.EOF it is complete.
func (r *Reader) Inputs() []Input {
	stats := slices.Clone(r.stats)
	for i, in := range r.inputs {
		stats[i].Octets = in.octets.Load()
	}
	return stats
}

// Surveyed says how far the zone files among the inputs were surveyed, in octets as stored: such a file is read once from
// end to end before its first target. Others may call it while Next is under way.
func (r *Reader) Surveyed() int64 {
	octets := int64(0)
	for _, in := range r.inputs {
		octets += in.surveyOctets.Load()
	}
	return octets
}

// surveyed names a stream.
type surveyed struct {
	input  int
	stream string
}

// Survey reads the zone files among the inputs, as far as they can be read twice, and learns what a scan can know of them
// before its first name (Zones). Without it each is surveyed when its turn comes. What is wrong with an input shows when
// it is read; the error is that of ctx.
func (r *Reader) Survey(ctx context.Context) error {
	if r.cfg.NamesOnly {
		return nil
	}
	for i, in := range r.inputs {
		if !in.rereads() {
			continue
		}
		for _, text := range in.streams() {
			if !r.startsZone(ctx, in, text) {
				continue
			}
			z, err := newZoneFile(&r.cfg, in, text, nil)
			if err != nil {
				return err // Open has tried
			}
			s := newZoneSurvey(z.parser.origin, &r.zones)
			err = s.readAll(ctx, z)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				s.drop()
				continue
			case r.surveys == nil:
				r.surveys = map[surveyed]*zoneSurvey{}
			}
			s.end(&r.zones)
			r.surveys[surveyed{i, text.name}] = s
			r.stats[i].Zones = noted(r.stats[i].Zones, s.zone.ZoneVersion)
		}
	}
	return ctx.Err()
}

// startsZone reports whether a stream is taken for a zone file when it is read.
func (r *Reader) startsZone(ctx context.Context, in *input, text stream) bool {
	if r.cfg.Format != Auto || in.how == parquetFile {
		return r.cfg.Format == ZoneFile
	}
	if in.how != zipped {
		again, err := probe(in.path, nil)
		if err != nil || again.start() != nil {
			return false
		}
		defer again.close()
		text = again.streams()[0]
	}
	from, err := text.open()
	if err != nil {
		return false
	}
	defer from.Close()
	lines := bufio.NewReaderSize(from, bufferSize)
	for {
		line, long, err := readText(ctx, lines)
		if err != nil || long {
			return false
		}
		line = bytes.TrimSpace(bytes.TrimPrefix(line, byteOrderMark))
		if len(line) > 0 && line[0] != '#' && line[0] != ';' {
			return (r.cfg.Column == "" || line[0] == '{') && detect(line).format == ZoneFile
		}
	}
}

// Zones returns the zone files that were surveyed; more may come with every Next.
func (r *Reader) Zones() *Zones { return &r.zones }

// Rejects returns how many lines were rejected so far for each reason.
func (r *Reader) Rejects() [Reasons]int64 { return r.rejects }

// Close closes what is open. Next must not be called again.
func (r *Reader) Close() error {
	if r.text != nil {
		r.text.Close()
		r.text = nil
	}
	for _, in := range r.inputs {
		in.close()
	}
	r.end = errors.New("input closed")
	r.window = window{}
	return nil
}

// Next returns the next 1 to BatchSize targets, which are the caller's from then on; io.EOF when there are no more. An
// input that turns out damaged ends the reading: the targets before the place where that showed are returned first,
// then an error that says how far it came. (Checksums of compressed data stand at its end, so that names shortly before
// may already be wrong.) When ctx ends Next returns ctx.Err() and can be called again. A read that waits for a pipe
// is not interrupted by ctx, only by the pipe's end.
func (r *Reader) Next(ctx context.Context) ([]record.Target, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &r.window
	for r.end == nil && len(w.slots) < r.cfg.Window {
		if len(w.slots) == cap(w.slots) {
			w.slots = slices.Grow(w.slots, min(max(BatchSize, len(w.slots)), r.cfg.Window-len(w.slots)))
		}
		w.slots = append(w.slots, held{})
		if err := r.read(ctx, &w.slots[len(w.slots)-1]); err != nil {
			w.slots = w.slots[:len(w.slots)-1]
			if r.end == nil {
				return nil, err
			}
		}
	}
	if len(w.slots) == 0 {
		return nil, r.end
	}
	size := BatchSize
	if r.end != nil {
		size = min(size, len(w.slots))
	}
	batch := make([]record.Target, 0, size)
	for len(batch) < cap(batch) && len(w.slots) > 0 {
		slot := w.draw()
		batch = append(batch, w.take(slot))
		if r.end == nil && r.read(ctx, slot) == nil {
			continue
		}
		last := len(w.slots) - 1
		*slot = w.slots[last]
		w.slots = w.slots[:last]
		if r.end == nil { // ctx has ended
			break
		}
	}
	return batch, nil
}

// read reads lines up to the next target. Its error is that of ctx, or it is r.end.
func (r *Reader) read(ctx context.Context, slot *held) error {
	if r.end != nil {
		return r.end
	}
	for n := 1; ; n++ {
		if n%pollLines == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if r.text == nil {
			if err := r.nextStream(); err != nil {
				r.end = err
				return err
			}
		}
		if r.takePlain(slot) {
			return nil
		}
		taken, err := r.readEntry(ctx, slot)
		switch {
		case err == nil && taken:
			return nil
		case err == nil:
		case r.end != nil:
			return r.end
		case err == io.EOF:
			if err := r.endStream(); err != nil {
				r.end = err
				return err
			}
		case err == ctx.Err():
			return err
		default:
			r.end = r.damaged(err)
			return r.end
		}
	}
}

// readEntry reads a line of a list, a row of a table, or a zone file up to its next target, whichever is open. It reports
// whether there is a target in slot; io.EOF at the end.
func (r *Reader) readEntry(ctx context.Context, slot *held) (bool, error) {
	switch {
	case r.zone != nil:
		return r.readZone(ctx, slot)
	case r.inputs[r.at].table != nil:
		name, rank, err := r.inputs[r.at].table.next()
		if err != nil {
			return false, err
		}
		r.line++
		return r.takeEntry(slot, bytes.TrimSpace(name), rank), nil
	}
	line, err := r.readLine(ctx)
	if err != nil {
		return false, err
	}
	taken, err := r.take(slot, line)
	if err != nil {
		r.end = r.inputs[r.at].fail(err)
	}
	return taken, err
}

// damaged says where an input could not be read any further.
func (r *Reader) damaged(err error) error {
	return r.damagedAt(r.line, r.inputs[r.at].octets.Load(), err)
}

func (r *Reader) damagedAt(line, octets int64, err error) error {
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("ends early: %w", err)
	}
	in := r.inputs[r.at]
	where := ""
	if r.source != in.name {
		where = " of " + r.source
	}
	return in.fail(fmt.Errorf("after line %d%s, %d octets into the input: %w", line, where, octets, err))
}

// nextStream opens the next text to be read; io.EOF when there is none.
func (r *Reader) nextStream() error {
	for len(r.streams) == 0 {
		if r.started {
			if err := r.endInput(); err != nil {
				return err
			}
		}
		if r.at == len(r.inputs) {
			return io.EOF
		}
		in := r.inputs[r.at]
		if err := in.start(); err != nil {
			return in.fail(err)
		}
		r.streams, r.started = in.streams(), true
	}
	if r.inputs[r.at].table != nil {
		return r.openTable()
	}
	s := r.streams[0]
	r.streams = r.streams[1:]
	r.stream, r.source, r.line, r.laid = s, s.name, 0, false
	text, err := s.open()
	if err != nil {
		return r.damaged(err)
	}
	r.text = text
	r.lines.Reset(text)
	return nil
}

// openTable begins to read a Parquet file.
func (r *Reader) openTable() error {
	in := r.inputs[r.at]
	r.streams = nil
	r.source, r.line = in.name, 0
	r.text = in.table
	r.layout, r.laid = layout{format: Parquet}, true
	r.window.source(r.source)
	r.stats[r.at].Format = Parquet.String()
	return nil
}

func (r *Reader) endStream() error {
	err := r.text.Close()
	r.text, r.zone = nil, nil
	if err != nil {
		return r.damaged(err)
	}
	return nil
}

func (r *Reader) endInput() error {
	in := r.inputs[r.at]
	if err := in.finish(); err != nil {
		return r.damaged(err)
	}
	r.stats[r.at].SHA256 = in.sum()
	in.close()
	r.at++
	r.started = false
	return nil
}

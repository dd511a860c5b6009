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

// Input says what one input held. Lines = Targets + Rejects + Skipped, at any time.
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
	Skipped     int64 // blank lines, comments, headers
}

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

	// The place where reading is.
	at      int      // index of the input
	started bool     // the input at that index
	streams []stream // of that input, not opened yet
	source  string   // name of the open stream
	text    io.Closer
	lines   *bufio.Reader
	line    int64  // number of the last line read
	layout  layout // valid once laid is set
	laid    bool
	skip    *tooLong // the line being skipped
}

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
		r.inputs = append(r.inputs, in)
		r.stats = append(r.stats, Input{Path: in.path, Source: in.name, Compression: in.compressionWord()})
	}
	if r.cfg.Seed == 0 {
		r.cfg.Seed = seedOf(r.inputs)
	}
	r.window.rng = rand.NewPCG(r.cfg.Seed, r.cfg.Seed)
	return r, nil
}

func (in *input) compressionWord() string {
	for _, m := range magic {
		if m.how == in.how {
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
func (r *Reader) Inputs() []Input { return append([]Input(nil), r.stats...) }

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
		line, err := r.readLine(ctx)
		switch {
		case err == nil:
			if r.take(slot, line) {
				return nil
			}
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

// damaged says where an input could not be read any further.
func (r *Reader) damaged(err error) error {
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("ends early: %w", err)
	}
	in := r.inputs[r.at]
	r.stats[r.at].Octets = in.read
	where := ""
	if r.source != in.name {
		where = " of " + r.source
	}
	return in.fail(fmt.Errorf("after line %d%s, %d octets into the input: %w", r.line, where, in.read, err))
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
	s := r.streams[0]
	r.streams = r.streams[1:]
	r.source, r.line, r.laid = s.name, 0, false
	text, err := s.open()
	if err != nil {
		return r.damaged(err)
	}
	r.text = text
	r.lines.Reset(text)
	return nil
}

func (r *Reader) endStream() error {
	err := r.text.Close()
	r.text = nil
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
	r.stats[r.at].Octets, r.stats[r.at].SHA256 = in.read, in.sum()
	in.close()
	r.at++
	r.started = false
	return nil
}

// readLine returns the next line without its end, valid until the next call. A line over MaxLine is counted and
// rejected on the way. A last line without an end counts; one that is cut off by an error does not, since it may be
// the front part of a name.
func (r *Reader) readLine(ctx context.Context) ([]byte, error) {
	for {
		line, err := r.lines.ReadSlice('\n')
		ended := err == nil || err == io.EOF && (len(line) > 0 || r.skip != nil)
		if err != nil && err != bufio.ErrBufferFull && !ended {
			return nil, err
		}
		if ended {
			line = bytes.TrimSuffix(line, []byte{'\n'})
			r.line++
			r.stats[r.at].Lines++
			if r.skip == nil && len(line) <= MaxLine {
				return line, nil
			}
		}
		if r.skip == nil {
			r.skip = &tooLong{start: append([]byte(nil), line[:MaxRejectText]...)}
		}
		r.skip.personal = r.skip.personal || bytes.IndexByte(line, '@') >= 0 || lastAt(line) >= 0
		if ended {
			text := r.skip.start
			if r.skip.personal {
				text = nil
			}
			r.skip = nil
			r.reject(text, LineTooLong)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// take puts the target that a line holds into slot, or counts the line as what else it is.
func (r *Reader) take(slot *held, line []byte) bool {
	stats := &r.stats[r.at]
	if r.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF")) // byte order mark of UTF-8
	}
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' {
		stats.Skipped++
		return false
	}
	if !r.laid {
		r.lay(line)
		if r.layout.header {
			stats.Skipped++
			return false
		}
	}
	entry, rank, reason := r.layout.row(line)
	if reason != Accepted {
		if !isText(line) {
			reason = NotText
		}
		r.reject(line, reason)
		return false
	}
	f, reason := find(entry, r.folded[:0], &r.opt)
	if reason != Accepted {
		r.reject(entry, reason)
		return false
	}
	if r.layout.format == CrUX {
		f.marks |= isBucket
	}
	r.window.put(slot, &f, r.line, rank)
	stats.Targets++
	return true
}

// lay finds the layout of the stream by its first line that says something.
func (r *Reader) lay(line []byte) {
	if r.cfg.Format == Auto {
		r.layout = detect(line)
	} else {
		r.layout = forced(r.cfg.Format, line)
	}
	r.laid = true
	r.source = sourceOf(r.source, r.layout.format)
	r.window.source(r.source)
	stats := &r.stats[r.at]
	stats.Source = sourceOf(stats.Source, r.layout.format)
	stats.Format = r.layout.format.String()
}

func (r *Reader) reject(text []byte, reason Reason) {
	r.stats[r.at].Rejects++
	r.rejects[reason]++
	if r.cfg.Reject != nil {
		r.cfg.Reject(Reject{Source: r.source, Line: r.line, Text: printable(text), Reason: reason})
	}
}

package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// maxLine is the longest line that is read, in octets: zdns writes each step of a resolution into one (--result-verbosity=trace),
// which makes some hundred kilobytes at the most.
const maxLine = 8 << 20

// Reasons why a line is rejected, besides those of datasets for its name.
const (
	reasonLong       = "line-too-long"
	reasonNotText    = "not-text"
	reasonBadJSON    = "bad-json"
	reasonUnknown    = "unknown-form"
	reasonOtherTool  = "other-tool"
	reasonBadName    = "bad-name"
	reasonBadRecord  = "bad-record"
	reasonOtherType  = "other-type"   // answers of a type that was not asked
	reasonAllServers = "all-servers"  // one answer of each server: which one counts?
	reasonIllegal    = "illegal-name" // the tool did not ask about it
)

// unread is why a line is rejected.
type unread string

func (u unread) Error() string { return string(u) }

// lineReader makes look-ups of the lines of one input.
type lineReader struct {
	o      *Options
	source int
	line   int64
	emit   func(name string, l *look) error
	staged int64 // look-ups of this line

	noTime step.Time // of look-ups that the tool gives no time
}

// readLines reads an input line by line. Lines that cannot be read go to reject; an error is one of the input itself, or of our own.
func readLines(ctx context.Context, text io.Reader, r *lineReader, reject func(line int64, reason, text string) error) (skipped int64, err error) {
	lines := bufio.NewReaderSize(text, 1<<16)
	var long []byte
	for r.line = 1; ; r.line++ {
		line, whole, err := nextLine(lines, &long)
		if err == io.EOF {
			r.line--
			return skipped, nil
		}
		if err != nil {
			return skipped, fmt.Errorf("line %d: %w", r.line, err)
		}
		if r.line&1023 == 0 && ctx.Err() != nil {
			return skipped, ctx.Err()
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
			if bytes.HasPrefix(line, []byte("Obj\x01")) {
				return skipped, errAvro
			}
		}
		r.staged = 0
		var wrong unread
		switch err := r.read(line, whole); {
		case errors.As(err, &wrong):
			if err := reject(r.line, string(wrong), excerpt(line)); err != nil {
				return skipped, err
			}
		case err != nil:
			return skipped, err
		case r.staged == 0:
			skipped++
		}
	}
}

var errAvro = errors.New("is an Avro file, and those are not read here: OpenINTEL has the same data as Parquet")

// nextLine returns the next line without its end, valid until the next call. Of one over maxLine it returns the beginning, and that it
// is not whole.
func nextLine(in *bufio.Reader, long *[]byte) (line []byte, whole bool, err error) {
	*long = (*long)[:0]
	whole = true
	for {
		piece, err := in.ReadSlice('\n')
		ended := err == nil || err == io.EOF && len(piece)+len(*long) > 0
		switch {
		case !ended && err != bufio.ErrBufferFull:
			return nil, false, err
		case ended && len(*long) == 0:
			return bytes.TrimRight(piece, "\r\n"), true, nil
		case len(*long)+len(piece) > maxLine:
			whole = false
		case whole:
			*long = append(*long, piece...)
		}
		if ended {
			return bytes.TrimRight(*long, "\r\n"), whole, nil
		}
	}
}

// excerpt is as much of a line as a reject shows.
func excerpt(line []byte) string {
	if len(line) > datasets.MaxRejectText {
		line = line[:datasets.MaxRejectText]
	}
	return strings.ToValidUTF8(string(line), "\ufffd")
}

// read reads one line.
func (r *lineReader) read(line []byte, whole bool) error {
	line = bytes.TrimSpace(line)
	switch {
	case !whole:
		return unread(reasonLong)
	case len(line) == 0:
		return nil
	case !utf8.Valid(line):
		return unread(reasonNotText)
	case line[0] == '{':
		return r.readJSON(line)
	case !r.takes(MassDNS):
		return unread(reasonOtherTool)
	default:
		return r.readSimple(string(line))
	}
}

// takes reports whether lines of a tool are wanted.
func (r *lineReader) takes(t Tool) bool { return r.o.From == Auto || r.o.From == t }

// look begins a look-up about the name that a tool asked for, which must be one that a scan would take.
func (r *lineReader) look(name string, typ wire.Type, at step.Time) (string, *look, error) {
	name, wireName, err := askedName(name)
	if err != nil {
		return "", nil, err
	}
	if at == 0 {
		at = r.noTime
	}
	return name, &look{name: wireName, typ: typ, at: at, source: r.source, line: r.line, reason: notValidated}, nil
}

// stage hands a look-up on.
func (r *lineReader) stage(name string, l *look) error {
	r.staged++
	return r.emit(name, l)
}

// askedName is the canonical form of a name that a tool asked for as it stands, and so one without wrapping.
func askedName(text string) (string, wire.Name, error) {
	if strings.ContainsAny(text, "@/:*") {
		return "", "", unread(reasonBadName)
	}
	t, why := datasets.Canonical(strings.TrimSuffix(text, "."), datasets.Options{AllowSpecialUse: true})
	if why != datasets.Accepted {
		return "", "", unread(why.String())
	}
	name, err := wire.ParseName(t.Name)
	if err != nil {
		return "", "", unread(reasonBadName)
	}
	return t.Name, name, nil
}

// parseTime reads a moment as tools write it: RFC 3339, or the form that Go's time.Time prints as. 0 if it is neither.
func parseTime(text string) step.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil && plausible(t) {
			return step.Time(t.UnixNano())
		}
	}
	return 0
}

// plausible reports whether a moment can be one of a measurement: CAA is of 2013 (RFC 6844), and nanoseconds end in 2262.
func plausible(t time.Time) bool { return t.Year() >= 1983 && t.Year() < 2262 }

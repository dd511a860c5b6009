package datasets

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/caascan/caascan/scanner/record"
)

// readLine returns the next line without its end, valid until the next call. A line over MaxLine, or over maxJSONLine in
// JSONL, is counted and rejected on the way. A last line without an end counts; one that is cut off by an error does not, since it may be
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
		}
		if r.skip == nil && len(r.long)+len(line) <= r.longest(line) {
			if ended && len(r.long) == 0 {
				return line, nil
			}
			if r.long = append(r.long, line...); !ended {
				continue
			}
			line, r.long = r.long, r.long[:0]
			return line, nil
		}
		if len(r.long) > 0 {
			line, r.long = append(r.long, line...), r.long[:0]
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
			r.stats[r.at].Lines++
			r.reject(text, LineTooLong)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// longest is how long a line may be that starts like this.
func (r *Reader) longest(start []byte) int {
	json := r.layout.format == JSONL
	if !r.laid {
		start = bytes.TrimLeft(bytes.TrimPrefix(start, byteOrderMark), " \t")
		json = r.cfg.Format == JSONL || r.cfg.Format == Auto && len(start) > 0 && start[0] == '{' || len(r.long) > 0
	}
	if json {
		return maxJSONLine
	}
	return MaxLine
}

// take puts the target that a line holds into slot, or counts the line as what else it is.
func (r *Reader) take(slot *held, line []byte) (bool, error) {
	if r.line == 1 {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if r.cfg.Format == ZoneFile && !r.laid {
		return false, r.layZone(line)
	}
	raw := line
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] == '#' || !r.laid && r.cfg.Format == Auto && line[0] == ';' { // how dig starts a zone file
		r.skipLines(1)
		return false, nil
	}
	if !r.laid {
		if err := r.lay(line); err != nil {
			return false, err
		}
		if r.layout.format == ZoneFile {
			return false, r.layZone(raw)
		}
		if r.layout.header {
			r.skipLines(1)
			return false, nil
		}
	}
	entry, rank, reason := r.layout.row(line)
	if reason != Accepted {
		if !isText(line) {
			reason = NotText
		}
		r.stats[r.at].Lines++
		r.reject(line, reason)
		return false, nil
	}
	return r.takeEntry(slot, entry, rank), nil
}

// takeEntry puts the target that an entry stands for into slot, or counts it as what else it is.
func (r *Reader) takeEntry(slot *held, entry []byte, rank int64) bool {
	if len(entry) == 0 && r.layout.format == Parquet { // NULL
		r.skipLines(1)
		return false
	}
	f, reason := find(entry, r.folded[:0], &r.opt)
	if reason != Accepted {
		r.stats[r.at].Lines++
		r.reject(entry, reason)
		return false
	}
	if r.layout.format == CrUX {
		f.marks |= isBucket
	}
	return r.accept(slot, &f, rank)
}

// accept puts what an entry stands for into slot, unless it is folded or in another part.
func (r *Reader) accept(slot *held, f *found, rank int64) bool {
	stats := &r.stats[r.at]
	stats.Lines++
	if !r.cfg.Shard.holdsName(f) {
		stats.Elsewhere++
		return false
	}
	if r.recall != nil && r.recall.met(r.foldKey(f)) {
		stats.Folded++
		return false
	}
	stats.Targets++
	r.window.put(slot, f, r.line, rank)
	return true
}

// foldKey is the same for names of which one row is enough. A wildcard name and the name it is of are the same to a scan,
// what takes mail is something else.
func (r *Reader) foldKey(f *found) []byte {
	name := f.canonical()
	if f.marks&isMail == 0 {
		return name
	}
	r.key = append(append(r.key[:0], '@'), name...)
	return r.key
}

// skipLines counts lines that say nothing, or nothing new.
func (r *Reader) skipLines(n int64) {
	r.stats[r.at].Lines += n
	r.stats[r.at].Skipped += n
}

// lay finds the layout of the stream by its first line that says something.
func (r *Reader) lay(line []byte) error {
	switch {
	case r.cfg.Format != Auto:
		r.layout = forced(r.cfg.Format, line)
	case r.cfg.Column != "" && line[0] != '{':
		l, err := byColumn(r.cfg.Column, line)
		if err != nil {
			return err
		}
		r.layout = l
	default:
		r.layout = detect(line)
	}
	if r.layout.format == JSONL && r.cfg.Column != "" {
		r.layout.member = r.cfg.Column
	}
	r.begin()
	return nil
}

// layZone begins a zone file with its first line, which is not counted yet.
func (r *Reader) layZone(line []byte) error {
	r.layout = layout{format: ZoneFile, rank: -1}
	r.begin()
	recall := r.recall
	if recall == nil {
		recall = newRecall(DefaultFold)
	}
	z, err := newZoneFile(&r.cfg, r.inputs[r.at], r.stream, recall)
	if err != nil {
		return err
	}
	z.parser.again = []zoneLine{{bytes.Clone(line), r.line}}
	z.folds = r.recall != nil
	z.before = r.surveys[surveyed{r.at, r.stream.name}]
	r.zone = z
	return nil
}

// noteZone notes what zone is being read.
func (r *Reader) noteZone(z record.ZoneVersion) {
	r.stats[r.at].Zones = noted(r.stats[r.at].Zones, z)
}

func noted(zones []record.ZoneVersion, z record.ZoneVersion) []record.ZoneVersion {
	if len(zones) < maxZonesNoted && z.Apex != "" && !slices.Contains(zones, z) {
		return append(slices.Clip(zones), z)
	}
	return zones
}

// begin notes the layout of the stream.
func (r *Reader) begin() {
	r.laid = true
	stats, before := &r.stats[r.at], r.source
	if name := sourceOf(before, r.layout.format); name != before {
		r.source = r.unique(name)
	}
	if stats.Source == before {
		stats.Source = r.source
	} else {
		stats.Source = sourceOf(stats.Source, r.layout.format)
	}
	r.window.source(r.source)
	stats.Format = r.layout.format.String()
}

// unique returns a name that no other source of the reader has: with the line it names one line of all inputs. Two files may
// have one name in different directories.
func (r *Reader) unique(name string) string {
	if r.named == nil {
		r.named = map[string]bool{}
	}
	once := name
	for i := 2; r.named[once]; i++ {
		once = name + "#" + strconv.Itoa(i)
	}
	r.named[once] = true
	return once
}

func (r *Reader) reject(text []byte, reason Reason) { r.rejectLine(r.line, text, reason) }

func (r *Reader) rejectLine(line int64, text []byte, reason Reason) {
	if !r.cfg.Shard.first() {
		r.stats[r.at].Elsewhere++
		return
	}
	r.stats[r.at].Rejects++
	r.rejects[reason]++
	if r.cfg.Reject != nil {
		r.cfg.Reject(Reject{Source: r.source, Line: line, Text: printable(text), Reason: reason})
	}
}

package datasets

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/caascan/caascan/scanner/wire"
)

// zoneFile is a zone file on its way to targets.
//
// The records of one owner mostly stand together: they are collected in a run, which becomes a target when another
// owner follows. Glue mostly stands elsewhere: alphabetical files, as ICANN demands them, have ns1.example.com far from
// example.com, and a server serves the names of others. So what can be read twice, is: a survey of the whole file before
// its first target remembers the glue, in memory that grows with the hosts and not with the delegations, and sees
// whether the owners are in order. A file from a pipe is read once: what glue has passed when a target leaves the window
// is known, and no more.
//
// In a file in order, be it alphabetical or canonical (RFC 4034 6.1), no owner comes twice. In others, and from pipes,
// owners are remembered, see recall, and one that comes again is folded.
type zoneFile struct {
	parser         *zoneParser
	text           stream // for the survey
	input          *input // likewise
	started        bool   // there is no survey to be done, or it is
	surveyed       bool
	surveyedBefore int64 // octets, of members of the archive that came before
	zone           ZoneVersion
	shared         *ZoneVersion // what delegations point to: zone, once it has a delegation
	apex           []byte       // text of zone.Apex; nil if it is not known
	run            zoneRun
	glue           glue
	whole          bool    // Delegation.Whole
	recall         *recall // nil if no owner comes twice
	folds          bool    // whatever the order, names of other inputs are folded too
	sets           serverSets
	key            []byte
	names          [][]byte
}

// zoneRun is what consecutive records say of one owner.
type zoneRun struct {
	owner   []byte
	line    int64 // of the first NS record; 0 before it
	reason  Reason
	ttl     uint32
	text    []byte // names of servers, each with a line end
	ends    []int  // of them, the line end included
	ordered bool   // they are in order, and each there once
	ds      []zoneDS
	data    []byte // of ds
	partial bool   // there is more than is kept
	addrs   []netip.Addr
	addrTTL uint32
}

// zoneDS is a DS record, or an RRSIG record that covers some.
type zoneDS struct {
	typ wire.Type
	ttl uint32
	end int // in zoneRun.data
}

func newZoneFile(cfg *Config, in *input, text stream, recall *recall) (*zoneFile, error) {
	z := &zoneFile{input: in, text: text, recall: recall, glue: glue{hosts: newNameIndex()}, surveyedBefore: in.surveyOctets.Load()}
	z.started = !in.regular && in.how != zipped
	origin := ""
	if cfg.Origin != "" {
		apex, err := wire.ParseName(cfg.Origin)
		if err != nil {
			return nil, fmt.Errorf("origin %q: %w", cfg.Origin, err)
		}
		z.enter(apex, 0)
		if origin = apex.String(); apex != wire.Root {
			origin += "."
		}
	}
	z.parser = newZoneParser(origin)
	return z, nil
}

// enter begins a zone: a file may hold several, one after the other.
func (z *zoneFile) enter(apex wire.Name, serial uint32) {
	z.zone, z.shared = ZoneVersion{apex, serial}, nil
	z.apex = []byte(apex.String())
	z.sets = serverSets{} // what glue they may have is another matter in another zone
}

// takeSOA begins a zone by its SOA record, unless it has begun.
func (z *zoneFile) takeSOA(r *zoneRecord) {
	name, err := wire.ParseName(string(r.owner))
	if err == nil && z.zone != (ZoneVersion{name, r.serial}) {
		z.enter(name, r.serial)
	}
}

// within reports whether a name is below the apex; any is while that is not known.
func (z *zoneFile) within(name []byte) bool {
	switch {
	case z.apex == nil:
		return true
	case string(z.apex) == ".":
		return string(name) != "."
	}
	n := len(name) - len(z.apex)
	return n > 0 && name[n-1] == '.' && string(name[n:]) == string(z.apex)
}

// survey reads the whole file for what delegations need of it. If ctx ends it can be called again. It returns how many
// lines it has read.
func (z *zoneFile) survey(ctx context.Context) (line int64, err error) {
	in, text := z.input, z.text
	in.surveyOctets.Store(z.surveyedBefore)
	if in.how == zipped { // members of an archive can be opened twice
		in.count = &in.surveyOctets
		defer func() { in.count = &in.octets }()
	} else {
		if in, err = probe(in.path, nil); err != nil {
			return 0, err
		}
		in.hash, in.count = nil, &z.input.surveyOctets
		defer in.close()
		if err := in.start(); err != nil {
			return 0, err
		}
		text = in.streams()[0]
	}
	from, err := text.open()
	if err != nil {
		return 0, err
	}
	defer from.Close()
	parser := newZoneParser(z.parser.origin)
	parser.skim = true
	s := zoneSurvey{parser: parser, glue: glue{hosts: newNameIndex()}, alphabetical: true, canonical: true}
	if err := s.read(ctx, bufio.NewReaderSize(from, bufferSize)); err != nil {
		return s.number, err
	}
	if in != z.input {
		if err := in.finish(); err != nil {
			return s.number, err
		}
		z.input.surveyed, z.input.survey = true, in.quick.Sum64()
	}
	z.started, z.surveyed, z.glue = true, true, s.glue
	if z.whole = s.alphabetical || s.canonical; z.whole && !z.folds {
		z.recall = nil
	}
	if z.apex == nil && s.apex != nil {
		if apex, err := wire.ParseName(string(s.apex)); err == nil {
			z.enter(apex, s.serial)
		}
	}
	return s.number, nil
}

// zoneSurvey is what is learned from a whole file before its first target.
type zoneSurvey struct {
	parser *zoneParser
	number int64 // lines read
	glue   glue
	apex   []byte // text: owner of the first SOA record; nil without one
	serial uint32

	// Which orders the owners of NS and DS records are in, the apex apart. Knot writes all signatures behind all else.
	alphabetical, canonical bool

	owner  []byte // of the last record
	placed bool   // it was held against last
	last   []byte // owner of the last NS or DS records
	addrs  []netip.Addr
	ttl    uint32
}

// read surveys the lines of a file.
func (s *zoneSurvey) read(ctx context.Context, lines *bufio.Reader) error {
	line := func() ([]byte, int64, error) { return s.line(ctx, lines) }
	for {
		event, err := s.parser.next(line)
		if err != nil {
			s.settle()
			if err == io.EOF {
				return nil
			}
			return err
		}
		if event == zoneTaken {
			s.add(&s.parser.zoneRecord)
		}
	}
}

// line returns the next line, without its end, that is no longer than MaxLine.
func (s *zoneSurvey) line(ctx context.Context, lines *bufio.Reader) ([]byte, int64, error) {
	for {
		if s.number%pollLines == 0 && ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		text, err := lines.ReadSlice('\n')
		long := len(text) > MaxLine+1
		for err == bufio.ErrBufferFull {
			if err = ctx.Err(); err == nil {
				_, err = lines.ReadSlice('\n')
			}
		}
		if err != nil && (err != io.EOF || len(text) == 0) {
			return nil, 0, err
		}
		if s.number++; s.number == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if text = bytes.TrimSuffix(text, []byte{'\n'}); !long && len(text) <= MaxLine {
			return text, s.number, nil
		}
	}
}

// add looks at a record.
func (s *zoneSurvey) add(r *zoneRecord) {
	if !bytes.Equal(r.owner, s.owner) {
		s.settle()
		if r.typ == wire.TypeSOA && s.apex == nil {
			s.apex, s.serial = bytes.Clone(r.owner), r.serial
		}
		s.owner, s.placed = append(s.owner[:0], r.owner...), false
	}
	if (r.typ == wire.TypeNS || r.typ == wire.TypeDS) && !s.placed && !bytes.Equal(r.owner, s.apex) {
		s.alphabetical = s.alphabetical && bytes.Compare(s.last, r.owner) < 0
		s.canonical = s.canonical && compareCanonical(s.last, r.owner) < 0
		s.last, s.placed = append(s.last[:0], r.owner...), true
	}
	if r.typ == wire.TypeA || r.typ == wire.TypeAAAA {
		if len(s.addrs) == 0 || r.ttl < s.ttl {
			s.ttl = r.ttl
		}
		if len(s.addrs) < 2*maxServerAddrs {
			s.addrs = append(s.addrs, r.addr)
		}
	}
}

// settle remembers the addresses of the last owner.
func (s *zoneSurvey) settle() {
	if len(s.addrs) > 0 {
		s.glue.add(s.owner, s.addrs, s.ttl)
		s.addrs = s.addrs[:0]
	}
}

// compareCanonical compares names in text by the canonical order (RFC 4034 6.1), for those without escapes: by labels,
// the last first. The empty text comes before all.
func compareCanonical(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		i, j := bytes.LastIndexByte(a, '.'), bytes.LastIndexByte(b, '.')
		if c := bytes.Compare(a[i+1:], b[j+1:]); c != 0 {
			return c
		}
		a, b = a[:max(i, 0)], b[:max(j, 0)]
	}
	return len(a) - len(b)
}

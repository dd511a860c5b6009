package datasets

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// maxApexRecords bounds what is kept of a zone's apex: a signed zone has some thirty records there.
	maxApexRecords = 256
	maxApexOctets  = 64 << 10
)

// zoneOrder says which orders the owners of NS and DS records are in, the apex apart. Knot writes all signatures behind all
// else.
type zoneOrder struct{ alphabetical, canonical bool }

// whole reports whether no owner comes twice.
func (o zoneOrder) whole() bool { return o.alphabetical || o.canonical }

// zoneSurvey is what is learned from a whole file before its first target.
type zoneSurvey struct {
	parser *zoneParser
	number int64 // lines read
	glue   glue
	table  *zoneTable // nil if there is no room for it, or none is wanted
	zone   record.Zone
	order  zoneOrder

	apex   []byte // text: owner of the first SOA record; nil without one
	denier []byte // text: owner of the NSEC3 record of the apex; nil before the NSEC3PARAM record
	kept   int    // octets of zone.Records
	excess bool   // there is more at the apex than is kept

	owner  []byte // of the last record
	placed bool   // it was held against last
	last   []byte // owner of the last NS or DS records
	run    zoneRun
}

// rereads reports whether the input can be read twice.
func (in *input) rereads() bool { return in.regular || in.how == zipped }

// changed returns when the file of an input was last changed, in seconds since 1970; 0 if it is none.
func (in *input) changed() uint32 {
	if info, err := os.Stat(in.path); err == nil && in.regular {
		return uint32(info.ModTime().Unix())
	}
	return 0
}

// survey reads the whole file for what delegations need of it, unless that was done before. If ctx ends it can be called
// again. It returns how many lines it has read.
func (z *zoneFile) survey(ctx context.Context, zones *Zones) (line int64, err error) {
	s := z.before
	if s == nil {
		s = newZoneSurvey(z.parser.origin, zones)
		if err := s.readAll(ctx, z); err != nil {
			s.drop()
			return s.number, err
		}
		s.end(zones)
	}
	z.started, z.surveyed, z.glue, z.table, z.order = true, true, s.glue, s.table, s.order
	if z.whole = s.order.whole(); z.whole && !z.folds {
		z.recall = nil
	}
	if s.apex != nil && (z.apex == nil || z.zone.Apex == s.zone.Apex) {
		z.enter(s.zone.Apex, s.zone.Serial)
		z.shared = &s.zone
	}
	return s.number, nil
}

func newZoneSurvey(origin string, zones *Zones) *zoneSurvey {
	s := &zoneSurvey{
		parser: newZoneParser(origin), glue: glue{hosts: newNameIndex()}, table: zones.newTable(),
		order: zoneOrder{alphabetical: true, canonical: true},
	}
	s.parser.skim = s.table == nil
	return s
}

// readAll surveys the file of z from its beginning to its end.
func (s *zoneSurvey) readAll(ctx context.Context, z *zoneFile) (err error) {
	in, text := z.input, z.text
	in.surveyOctets.Store(z.surveyedBefore)
	if in.how == zipped { // members of an archive can be opened twice
		in.count = &in.surveyOctets
		defer func() { in.count = &in.octets }()
	} else {
		if in, err = probe(in.path, nil); err != nil {
			return err
		}
		in.hash, in.count = nil, &z.input.surveyOctets
		defer in.close()
		if err := in.start(); err != nil {
			return err
		}
		text = in.streams()[0]
	}
	from, err := text.open()
	if err != nil {
		return err
	}
	defer from.Close()
	if err := s.read(ctx, bufio.NewReaderSize(from, bufferSize)); err != nil {
		return err
	}
	if s.zone.At = s.zone.Signed; s.zone.At == 0 {
		s.zone.At = in.changed()
	}
	if in != z.input {
		if err := in.finish(); err != nil {
			return err
		}
		z.input.surveyed, z.input.survey = true, in.quick.Sum64()
	}
	return nil
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
		text, long, err := readText(ctx, lines)
		if err != nil {
			return nil, 0, err
		}
		if s.number++; s.number == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if !long && len(text) <= MaxLine {
			return text, s.number, nil
		}
	}
}

// readText reads a line without its end. Of one that is too long for the buffer what it returns means nothing.
func readText(ctx context.Context, lines *bufio.Reader) (text []byte, long bool, err error) {
	text, err = lines.ReadSlice('\n')
	long = len(text) > MaxLine+1
	for err == bufio.ErrBufferFull {
		if err = ctx.Err(); err == nil {
			_, err = lines.ReadSlice('\n')
		}
	}
	if err != nil && (err != io.EOF || len(text) == 0) {
		return nil, long, err
	}
	return bytes.TrimSuffix(text, []byte{'\n'}), long, nil
}

// add looks at a record.
func (s *zoneSurvey) add(r *zoneRecord) {
	if !bytes.Equal(r.owner, s.owner) {
		s.settle()
		if r.typ == wire.TypeSOA && s.apex == nil {
			s.enter(r)
		}
		s.owner, s.placed = append(s.owner[:0], r.owner...), false
	}
	atApex := s.apex != nil && bytes.Equal(r.owner, s.apex)
	if atApex || s.denier != nil && bytes.Equal(r.owner, s.denier) {
		s.keep()
	}
	switch r.typ {
	case wire.TypeA, wire.TypeAAAA:
		s.run.addAddr(r)
	case wire.TypeNS, wire.TypeDS:
		if atApex {
			return
		}
		if !s.placed {
			s.order.alphabetical = s.order.alphabetical && bytes.Compare(s.last, r.owner) < 0
			s.order.canonical = s.order.canonical && compareCanonical(s.last, r.owner) < 0
			s.last, s.placed = append(s.last[:0], r.owner...), true
		}
		if s.table != nil && r.typ == wire.TypeNS {
			s.run.addServer(r)
		}
	}
	if s.table != nil && !atApex && (r.typ == wire.TypeDS || r.typ == wire.TypeRRSIG) {
		s.run.addDS(r)
	}
}

// enter takes the name of the zone from its SOA record.
func (s *zoneSurvey) enter(r *zoneRecord) {
	apex, err := wire.ParseName(string(r.owner))
	if err != nil {
		return
	}
	s.apex = bytes.Clone(r.owner)
	s.zone.ZoneVersion = record.ZoneVersion{Apex: apex, Serial: r.serial}
}

// settle remembers what the last owner had.
func (s *zoneSurvey) settle() {
	if len(s.run.addrs) > 0 {
		s.glue.add(s.owner, s.run.addrs, s.run.addrTTL)
	}
	if len(s.run.ends) > 0 && !s.table.put(s.owner, &s.run) {
		s.drop()
	}
	s.run.clear()
}

// drop goes on without a table.
func (s *zoneSurvey) drop() {
	if s.table != nil {
		s.table.drop()
		s.table, s.parser.skim = nil, true
	}
}

// keep keeps the record that was parsed last, which stands at the apex or is what denies types there.
func (s *zoneSurvey) keep() {
	from, ok := s.parser.whole()
	if !ok {
		s.excess = true
		return
	}
	rr, err := canonicalRecord(from)
	if s.kept += len(rr.Data); err != nil || s.kept > maxApexOctets || len(s.zone.Records) == maxApexRecords {
		s.excess = true
		return
	}
	switch from := from.(type) {
	case *dns.SOA:
		if len(s.zone.Records) > 0 && s.zone.Records[0].Type == wire.TypeSOA { // repeated at the end of the file
			return
		}
	case *dns.RRSIG:
		if from.TypeCovered == dns.TypeSOA {
			s.zone.Signed = max(s.zone.Signed, from.Inception)
		}
	case *dns.NSEC3PARAM:
		if hash := dns.HashName(dns.Fqdn(string(s.apex)), from.Hash, from.Iterations, from.Salt); hash != "" {
			s.denier = append([]byte(strings.ToLower(hash)+"."), s.apex...)
			if string(s.apex) == "." {
				s.denier = s.denier[:len(s.denier)-1]
			}
		}
	case *dns.NSEC3:
		s.zone.OptOut = from.Flags&wire.NSEC3OptOut != 0
	}
	if rr.Type == wire.TypeSOA {
		s.zone.Records = append([]record.RR{rr}, s.zone.Records...)
		return
	}
	s.zone.Records = append(s.zone.Records, rr)
}

// whole returns the record that was parsed last with all of its data.
func (p *zoneParser) whole() (dns.RR, bool) {
	if p.rr != nil {
		return p.rr, true
	}
	return p.parse(nil, p.line) // a plain line has its owner
}

var errNoRecord = errors.New("no record")

// canonicalRecord converts a record of miekg/dns, by way of a message.
func canonicalRecord(from dns.RR) (record.RR, error) {
	msg := dns.Msg{Question: []dns.Question{{Name: ".", Qtype: dns.TypeANY, Qclass: dns.ClassINET}}, Answer: []dns.RR{from}}
	packed, err := msg.Pack()
	if err != nil {
		return record.RR{}, err
	}
	var m wire.Message
	if err := m.Parse(packed); err != nil {
		return record.RR{}, err
	}
	if len(m.RRs) != 1 {
		return record.RR{}, errNoRecord
	}
	owner, err := m.Owner(m.RRs[0])
	if err != nil {
		return record.RR{}, err
	}
	data, err := m.AppendRData(nil, m.RRs[0])
	return record.RR{Owner: owner, Type: m.RRs[0].Type, Class: m.RRs[0].Class, TTL: m.RRs[0].TTL, Data: data}, err
}

// end concludes the survey of a file that was read to its end, and makes it known.
func (s *zoneSurvey) end(zones *Zones) {
	if s.excess {
		s.zone.Records = nil
	}
	if !s.order.whole() || s.apex == nil {
		s.drop()
	}
	if s.table != nil {
		s.table.close(&s.zone, &s.glue)
	}
	if s.apex != nil {
		zones.add(&s.zone, s.table)
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

package datasets

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/netip"
	"time"
	"unsafe"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// Zone files are master files (RFC 1035 5). Nearly all lines of the large ones are a record in full: an absolute owner,
// TTL, class, type and data, as ICANN demands of registries (Registry Agreement, specification 4, 2.1.4). Those are
// read by plain, in one look and without allocation. All else is an entry, see zoneentry.go: one record over however
// many lines, read by the parser of miekg/dns with what this one knows of the lines before. An entry that cannot be read
// is a reject, and no reason to doubt the next line.

// zoneRecord is a record of a zone file, as far as it matters for delegations. It lasts until the next is read.
type zoneRecord struct {
	owner  []byte    // canonical text: lower case, no final dot, escapes as wire.Name has them; "." for the root
	typ    wire.Type // NS, A, AAAA, DS, SOA, RRSIG if it covers DS; 0 for all others
	ttl    uint32
	target []byte     // of NS: the name of the server, as owner
	addr   netip.Addr // of A, AAAA
	data   []byte     // of DS, RRSIG: in canonical wire form
	serial uint32     // of SOA
}

// zoneEvent is what a line of a zone file turned out to be.
type zoneEvent uint8

const (
	zoneMore  zoneEvent = iota // part of an entry that goes on
	zoneBlank                  // nothing, or a directive that was followed
	zoneBad                    // no record: parser.bad says why
	zoneTaken                  // a record, or the end of one
)

// zoneDefaultTTL is the TTL of records before the first that has one, in seconds: that of miekg/dns.
const zoneDefaultTTL = 3600

// zoneParser reads records from the lines of a zone file. Its lines are given to take one by one.
type zoneParser struct {
	zoneRecord

	// What a line may leave to those before it.
	origin    string // absolute, with its final dot; "" if nobody said
	ttl       uint32
	directive bool // ttl is that of a $TTL directive (RFC 2308 4), which explicit ones do not change
	last      []byte

	entry zoneEntry
	again []zoneLine // lines to be read once more, as entries of their own
	first int64      // number of the first line of what take returned
	lines int64      // of which it consists
	bad   Reason
	text  []byte // of a rejected entry

	// skim leaves the data of NS, DS and RRSIG records unread where that is possible: target and data are those of others.
	skim bool

	line []byte // of a plain record, as it was given
	rr   dns.RR // of an entry; nil if it was a plain record

	ownerBuf, targetBuf, lastBuf [MaxName + 1]byte
	plainOwner                   int // octets of ownerBuf that are the owner of a plain line; 0 if it holds anything else
	dataBuf, digits              []byte
}

// zoneLine is a line with its number.
type zoneLine struct {
	text   []byte
	number int64
}

func newZoneParser(origin string) *zoneParser {
	return &zoneParser{origin: origin, ttl: zoneDefaultTTL}
}

// next reads lines up to the next event, never zoneMore; io.EOF at their end.
func (p *zoneParser) next(read func() ([]byte, int64, error)) (zoneEvent, error) {
	for {
		var event zoneEvent
		if len(p.again) > 0 {
			line := p.again[0]
			p.again = p.again[1:]
			event = p.take(line.text, line.number)
		} else {
			line, number, err := read()
			if err == io.EOF && p.end() {
				return zoneBad, nil
			}
			if err != nil {
				return zoneBad, err
			}
			event = p.take(line, number)
		}
		if event != zoneMore {
			return event, nil
		}
	}
}

// take reads a line, which it does not keep.
func (p *zoneParser) take(line []byte, number int64) zoneEvent {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if p.entry.open() {
		return p.continueEntry(line, number)
	}
	p.first, p.lines = number, 1
	if ttl, explicit, ok := p.plain(line); ok {
		p.follow(ttl, explicit)
		p.line, p.rr = line, nil
		return zoneTaken
	}
	return p.startEntry(line, number)
}

// follow takes from a record what the next may leave out.
func (p *zoneParser) follow(ttl uint32, explicit bool) {
	if explicit && !p.directive {
		p.ttl = ttl
	}
	p.zoneRecord.ttl = ttl
	p.last = append(p.lastBuf[:0], p.owner...)
}

// plain reads a record in full that stands in one line, without escapes, parentheses, quotes and comments. It reports
// false, and has changed nothing but p.zoneRecord, if the line is anything else or one that is not quite right.
func (p *zoneParser) plain(line []byte) (ttl uint32, explicit, ok bool) {
	at := p.sameOwner(line)
	if at == 0 {
		if p.plainOwner, at = absoluteName(&p.ownerBuf, line); at == 0 {
			return 0, false, false
		}
	}
	r := &p.zoneRecord
	r.owner = p.ownerBuf[:p.plainOwner]
	r.typ = 0
	ttl = p.ttl
	class := false
	for {
		var field []byte
		field, at = nextField(line, at)
		if len(field) == 0 {
			return 0, false, false
		}
		switch {
		case '0' <= field[0] && field[0] <= '9':
			if ttl, ok = plainTTL(field); !ok || explicit {
				return 0, false, false
			}
			explicit = true
			continue
		case !class && len(field) == 2 && field[0]|0x20 == 'i' && field[1]|0x20 == 'n':
			class = true
			continue
		}
		return ttl, explicit, p.plainData(field, line[at:])
	}
}

// sameOwner returns where the owner ends in a line that starts with that of the plain line before, as most do; 0 if it
// does not.
func (p *zoneParser) sameOwner(line []byte) (end int) {
	n := p.plainOwner
	if n > 0 && len(line) > n+1 && line[n] == '.' && (line[n+1] == '\t' || line[n+1] == ' ') && string(line[:n]) == string(p.ownerBuf[:n]) {
		return n + 1
	}
	return 0
}

// longestPlainType is more than the octets of any type plain knows.
const longestPlainType = 12

// plainData reads the type and data of a plain line.
func (p *zoneParser) plainData(typ, data []byte) bool {
	var word [longestPlainType]byte
	if len(typ) > len(word) {
		return false
	}
	for i, c := range typ {
		word[i] = lower[c]
	}
	r := &p.zoneRecord
	switch w := word[:len(typ)]; string(w) {
	case "ns":
		if p.skim {
			r.typ = wire.TypeNS
			return !isBlank(data) && isOneLine(data)
		}
		_, at := nextBlank(data, 0)
		n, end := absoluteName(&p.targetBuf, data[at:])
		if n == 0 || !isBlank(data[at+end:]) {
			return false
		}
		r.typ, r.target = wire.TypeNS, p.targetBuf[:n]
		return true
	case "a", "aaaa":
		field, at := nextField(data, 0)
		if !isBlank(data[at:]) {
			return false
		}
		addr, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(field), len(field))) // which keeps it only in the error
		if err != nil || addr.Is4() != (len(w) == 1) || addr.Zone() != "" {
			return false
		}
		r.addr, r.typ = addr, wire.TypeA
		if len(w) == 4 {
			r.typ = wire.TypeAAAA
		}
		return true
	case "ds":
		if p.skim {
			r.typ = wire.TypeDS
			return !isBlank(data) && isOneLine(data)
		}
		return p.plainDS(data)
	case "rrsig":
		covered, at := nextField(data, 0)
		if !p.skim && isFold(covered, "ds") {
			return p.plainRRSIG(data[at:])
		}
		return len(covered) > 0 && isOneLine(data)
	case "cname", "ptr", "hinfo", "mx", "txt", "srv", "naptr", "dname", "sshfp", "nsec", "dnskey", "nsec3", "nsec3param",
		"tlsa", "cds", "cdnskey", "zonemd", "svcb", "https", "caa": // passed over, whatever their data
		return isOneLine(data)
	}
	return false
}

// plainDS reads the data of a DS record (RFC 4034 5.3).
func (p *zoneParser) plainDS(data []byte) bool {
	var numbers [3]uint32 // key tag, algorithm, digest type
	at := 0
	for i, limit := range [...]uint32{0xFFFF, 0xFF, 0xFF} {
		var field []byte
		field, at = nextField(data, at)
		n, ok := plainTTL(field)
		if !ok || n > limit {
			return false
		}
		numbers[i] = n
	}
	rdata := append(p.dataBuf[:0], byte(numbers[0]>>8), byte(numbers[0]), byte(numbers[1]), byte(numbers[2]))
	digits, high := 0, byte(0)
	for _, c := range data[at:] { // the digest may be in pieces
		switch digit := hexDigit[c]; {
		case c == ' ' || c == '\t':
			continue
		case digit == noHex:
			return false
		case digits%2 == 0:
			high = digit << 4
		default:
			rdata = append(rdata, high|digit)
		}
		digits++
	}
	p.dataBuf = rdata
	if digits == 0 || digits%2 != 0 {
		return false
	}
	p.zoneRecord.typ, p.zoneRecord.data = wire.TypeDS, rdata
	return true
}

// plainRRSIG reads the data of an RRSIG record over DS records, behind the type covered (RFC 4034 3.2).
func (p *zoneParser) plainRRSIG(data []byte) bool {
	var fields [7][]byte // algorithm, labels, TTL, expiration, inception, key tag, signer
	at := 0
	for i := range fields {
		fields[i], at = nextField(data, at)
	}
	signature := p.digits[:0]
	for piece, at := nextField(data, at); len(piece) > 0; piece, at = nextField(data, at) { // dig writes several
		signature = append(signature, piece...)
	}
	if p.digits = signature; len(signature) == 0 {
		return false
	}
	var numbers [6]uint32
	for i, limit := range [...]uint32{0xFF, 0xFF, 1<<31 - 1, isTime, isTime, 0xFFFF} {
		read, ok := plainTTL, false
		if limit == isTime {
			read = plainTime
		}
		if numbers[i], ok = read(fields[i]); !ok || numbers[i] > limit {
			return false
		}
	}
	n, end := absoluteName(&p.targetBuf, fields[6])
	if n == 0 || end != len(fields[6]) {
		return false
	}
	rdata := append(p.dataBuf[:0], 0, byte(wire.TypeDS), byte(numbers[0]), byte(numbers[1]))
	for _, number := range numbers[2:5] {
		rdata = binary.BigEndian.AppendUint32(rdata, number)
	}
	rdata = binary.BigEndian.AppendUint16(rdata, uint16(numbers[5]))
	for label := range bytes.SplitSeq(p.targetBuf[:n], []byte{'.'}) {
		rdata = append(append(rdata, byte(len(label))), label...)
	}
	rdata, err := base64.StdEncoding.AppendDecode(append(rdata, 0), signature)
	p.dataBuf = rdata
	if err != nil {
		return false
	}
	p.zoneRecord.typ, p.zoneRecord.data = wire.TypeRRSIG, rdata
	return true
}

// isTime is the limit of times, which are any number of 32 bits.
const isTime = 1<<32 - 1

// plainTime reads a time as YYYYMMDDHHmmSS (RFC 4034 3.2), in the years whose seconds 32 bits hold.
func plainTime(field []byte) (uint32, bool) {
	var parts [7]int // the first two are the year
	if len(field) != 2*len(parts) {
		return 0, false
	}
	for i := range parts {
		tens, ones := field[2*i]-'0', field[2*i+1]-'0'
		if tens > 9 || ones > 9 {
			return 0, false
		}
		parts[i] = int(tens)*10 + int(ones)
	}
	year, month, day, hour, minute, second := 100*parts[0]+parts[1], time.Month(parts[2]), parts[3], parts[4], parts[5], parts[6]
	if year < 1970 || year > 2105 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if t.Month() != month || t.Day() != day { // which takes the 31st of June for the 1st of July
		return 0, false
	}
	return uint32(t.Unix()), true
}

const noHex = 0xFF

var hexDigit = func() (table [256]byte) {
	for c := range table {
		switch {
		case '0' <= c && c <= '9':
			table[c] = byte(c - '0')
		case 'a' <= c && c <= 'f':
			table[c] = byte(c-'a') + 10
		case 'A' <= c && c <= 'F':
			table[c] = byte(c-'A') + 10
		default:
			table[c] = noHex
		}
	}
	return table
}()

// hostOctet is an octet of a host name (R1.2) in lower case, a dot as it is, and 0 for all others.
var hostOctet = func() (table [256]byte) {
	for c := range table {
		switch class[c] {
		case classLower, classUpper, classDot:
			table[c] = lower[c]
		}
	}
	return table
}()

// absoluteName copies the name that text starts with, up to a blank or the end, to dst in lower case. It returns the
// octets there, without the final dot, and in text; 0 and 0 if it is not a host name (R1.2) with a final dot.
func absoluteName(dst *[MaxName + 1]byte, text []byte) (n, end int) {
	label, i := 0, 0 // where the current label starts, and the octet that is looked at
	for ; i < len(text) && i < len(dst); i++ {
		c := hostOctet[text[i]]
		if c == 0 {
			break
		}
		dst[i] = c
		if c == '.' {
			if i == label || i-label > MaxLabel {
				return 0, 0
			}
			label = i + 1
		}
	}
	if i == 0 || label != i || i < len(text) && text[i] != ' ' && text[i] != '\t' {
		return 0, 0
	}
	return i - 1, i
}

// nextBlank returns where the next field of a line starts.
func nextBlank(line []byte, at int) (blank bool, field int) {
	from := at
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	return at > from, at
}

// nextField returns the next field of a line, empty at its end, and where it ends.
func nextField(line []byte, at int) (field []byte, end int) {
	_, at = nextBlank(line, at)
	end = at
	for end < len(line) && line[end] != ' ' && line[end] != '\t' {
		end++
	}
	return line[at:end], end
}

// plainTTL reads a decimal number up to 2^31 - 1 (RFC 2181 8).
func plainTTL(field []byte) (uint32, bool) {
	if len(field) == 0 || len(field) > len("2147483647") {
		return 0, false
	}
	n := uint64(0)
	for _, c := range field {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return uint32(n), n < 1<<31
}

func isBlank(line []byte) bool {
	_, at := nextBlank(line, 0)
	return at == len(line)
}

// isOneLine reports whether nothing in the data of a record can make it go on in the next line.
func isOneLine(data []byte) bool {
	return bytes.IndexByte(data, '(') < 0 && bytes.IndexByte(data, ')') < 0 && bytes.IndexByte(data, '"') < 0 &&
		bytes.IndexByte(data, ';') < 0 && bytes.IndexByte(data, '\\') < 0
}

// isFold reports whether text is a word in lower case, in any case.
func isFold(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if lower[c] != word[i] {
			return false
		}
	}
	return true
}

package datasets

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

const (
	// maxEntryLines and maxEntryOctets bound an entry: a parenthesis that nobody closes must not swallow the file. The
	// longest in a zone of delegations is a signature or key, on some forty lines.
	maxEntryLines  = 128
	maxEntryOctets = 64 << 10
)

// zoneEntry is a record that is being put together from its lines.
type zoneEntry struct {
	text  []byte
	lines []zoneLine // texts are nil while the entry has a single line
	depth int        // of parentheses
	quote bool
}

// open reports whether the entry goes on in the next line.
func (e *zoneEntry) open() bool { return len(e.lines) > 0 && (e.depth > 0 || e.quote) }

// add adds a line (RFC 1035 5.1). A comment may hold quotes and parentheses; an escape ends with its line.
func (e *zoneEntry) add(line []byte, number int64) {
	if len(e.lines) > 0 {
		if !e.quote {
			e.text = append(e.text, ' ') // a line end in parentheses divides fields, which miekg/dns does not see
		}
		e.text = append(e.text, '\n')
	}
	e.text = append(e.text, line...)
	e.lines = append(e.lines, zoneLine{number: number})
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			i++
		case c == '"':
			e.quote = !e.quote
		case e.quote:
		case c == ';':
			return
		case c == '(':
			e.depth++
		case c == ')':
			e.depth--
		}
	}
}

// startEntry reads a line that is no plain record, and not within an entry.
func (p *zoneParser) startEntry(line []byte, number int64) zoneEvent {
	if start := bytes.TrimLeft(line, " \t"); len(start) == 0 || start[0] == ';' {
		return zoneBlank
	}
	if line[0] == '$' {
		return p.takeDirective(line)
	}
	e := &p.entry
	*e = zoneEntry{text: e.text[:0], lines: e.lines[:0]}
	e.add(line, number)
	if e.open() {
		e.lines[0].text = bytes.Clone(line)
		return zoneMore
	}
	return p.endEntry()
}

// continueEntry reads the next line of an entry.
func (p *zoneParser) continueEntry(line []byte, number int64) zoneEvent {
	e := &p.entry
	if _, _, ok := p.plain(line); ok || len(e.lines) == maxEntryLines || len(e.text)+len(line) > maxEntryOctets {
		e.lines = append(e.lines, zoneLine{bytes.Clone(line), number})
		p.abandonEntry()
		return zoneBad
	}
	e.add(line, number)
	e.lines[len(e.lines)-1].text = bytes.Clone(line)
	if e.open() {
		return zoneMore
	}
	return p.endEntry()
}

// abandonEntry gives up an entry that does not end: its first line is bad, and the others are to be read again.
func (p *zoneParser) abandonEntry() {
	e := &p.entry
	p.first, p.lines, p.bad = e.lines[0].number, 1, BadRecord
	p.text = append(p.text[:0], e.lines[0].text...)
	p.again = slices.Concat(e.lines[1:], p.again)
	e.lines = e.lines[:0]
	p.doubt()
}

// doubt finds the owner of an entry that cannot be read, for the lines that leave theirs out. If that cannot be read
// either they have none: better no record than that of another.
func (p *zoneParser) doubt() {
	owner, _ := nextField(p.entry.text, 0)
	if p.entry.text[0] == ' ' || p.entry.text[0] == '\t' {
		return
	}
	p.last, p.plainOwner = nil, 0
	if rr, ok := p.parse(nil, append(bytes.Clone(owner), " NS ."...)); ok {
		if name, ok := canonicalText(&p.ownerBuf, rr.Header().Name); ok {
			p.last = append(p.lastBuf[:0], name...)
		}
	}
}

// end ends the file: it reports whether an entry was still open, and then is as take with zoneBad.
func (p *zoneParser) end() bool {
	if !p.entry.open() {
		return false
	}
	p.abandonEntry()
	return true
}

// endEntry reads an entry that is complete.
func (p *zoneParser) endEntry() zoneEvent {
	e := &p.entry
	p.first, p.lines = e.lines[0].number, int64(len(e.lines))
	e.lines = e.lines[:0]
	owner := p.last
	if e.text[0] != ' ' && e.text[0] != '\t' {
		owner = nil
	} else if owner == nil {
		return p.reject(BadRecord)
	}
	rr, ok := p.parse(owner, e.text)
	if !ok || !p.convert(rr) {
		p.doubt()
		return p.reject(BadRecord)
	}
	p.rr = rr
	p.follow(rr.Header().Ttl, true) // of one that was left out it is what it was before
	return zoneTaken
}

func (p *zoneParser) reject(why Reason) zoneEvent {
	p.bad = why
	p.text = append(p.text[:0], p.entry.text...)
	return zoneBad
}

// parse reads one record, of the owner if that was left out, which is nil otherwise.
func (p *zoneParser) parse(owner, entry []byte) (dns.RR, bool) {
	text := make([]byte, 0, len(owner)+len(entry)+4)
	if owner != nil {
		text = append(text, owner...)
		if string(owner) != "." {
			text = append(text, '.')
		}
		text = append(text, ' ')
	}
	text = append(text, entry...)
	text = append(text, '\n')
	from := dns.NewZoneParser(bytes.NewReader(text), p.origin, "")
	from.SetDefaultTTL(p.ttl)
	rr, ok := from.Next()
	if !ok || rr == nil || from.Err() != nil {
		return nil, false
	}
	if _, more := from.Next(); more || from.Err() != nil {
		return nil, false
	}
	return rr, true
}

// convert takes over a record from miekg/dns. It reports false if the record is incomplete.
func (p *zoneParser) convert(from dns.RR) bool {
	r := &p.zoneRecord
	r.typ = 0
	p.plainOwner = 0
	owner, ok := canonicalText(&p.ownerBuf, from.Header().Name)
	if !ok {
		return false
	}
	r.owner = owner
	if from.Header().Class != dns.ClassINET {
		return true
	}
	switch rr := from.(type) {
	case *dns.NS:
		if rr.Ns == "" { // miekg/dns takes a record without data for one of a dynamic update
			return false
		}
		if r.target, ok = canonicalText(&p.targetBuf, rr.Ns); !ok {
			return false
		}
	case *dns.A:
		if r.addr, ok = netip.AddrFromSlice(rr.A.To4()); !ok {
			return false
		}
	case *dns.AAAA:
		if r.addr, ok = netip.AddrFromSlice(rr.AAAA.To16()); !ok {
			return false
		}
	case *dns.SOA:
		if rr.Ns == "" {
			return false
		}
		r.serial = rr.Serial
		if p.origin == "" {
			p.origin = dns.Fqdn(rr.Hdr.Name) // that of a zone, unless told otherwise, is its name
		}
	case *dns.DS:
		return rr.Digest != "" && p.pack(rr)
	case *dns.RRSIG:
		if rr.TypeCovered != dns.TypeDS {
			return true
		}
		rr.SignerName = strings.ToLower(rr.SignerName)
		return rr.Signature != "" && p.pack(rr)
	default:
		return true
	}
	r.typ = wire.Type(from.Header().Rrtype)
	return true
}

// pack makes the data of a record in wire form.
func (p *zoneParser) pack(rr dns.RR) bool {
	rr = dns.Copy(rr)
	rr.Header().Name = "."
	buf := make([]byte, dns.Len(rr)+1)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return false
	}
	p.zoneRecord.typ, p.zoneRecord.data = wire.Type(rr.Header().Rrtype), buf[1+10:n] // owner; type, class, TTL, length
	return true
}

// canonicalText makes a name of miekg/dns, which is text as it was written, into that of a zoneRecord. One with escapes
// may have more octets than dst. Names with U-labels, which kdig makes of A-labels, have their A-labels again.
func canonicalText(dst *[MaxName + 1]byte, name string) ([]byte, bool) {
	host := []byte(strings.TrimSuffix(name, "."))
	if shape, reason := checkHost(host); reason == Accepted && shape == unicodeHost {
		if host, reason = aLabels(dst[:0], host); reason == Accepted {
			return host, true
		}
	}
	n, err := wire.ParseName(name)
	if err != nil {
		return nil, false
	}
	return append(dst[:0], n.String()...), true
}

// takeDirective follows a line that starts with "$": $ORIGIN (RFC 1035 5.1) and $TTL (RFC 2308 4). What they mean is
// what they do to a record. $INCLUDE would read another file, and $GENERATE make many names of one line: neither is done.
func (p *zoneParser) takeDirective(line []byte) zoneEvent {
	word, _ := nextField(line, 0)
	p.entry.text = append(p.entry.text[:0], line...)
	probe := append(bytes.Clone(line), "\n@ NS .\n"...)
	switch {
	case isFold(word, "$origin"):
		rr, ok := p.parse(nil, probe)
		if !ok {
			p.origin = "" // better no name than one of another zone
			return p.reject(BadRecord)
		}
		p.origin = rr.Header().Name
	case isFold(word, "$ttl"):
		was := p.origin
		p.origin = "."
		rr, ok := p.parse(nil, probe)
		p.origin = was
		if !ok {
			return p.reject(BadRecord)
		}
		p.ttl, p.directive = rr.Header().Ttl, true
	default:
		return p.reject(Directive)
	}
	return zoneBlank
}

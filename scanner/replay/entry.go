package replay

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// defaultTTL of records that name none, in seconds.
const defaultTTL = 3600

// zoneState is what zone-file lines depend on.
type zoneState struct {
	origin string
	ttl    uint32
}

// directive takes a line $ORIGIN or $TTL.
func (z *zoneState) directive(l *lines) error {
	words := l.fields()
	if len(words) != 2 {
		return l.errorf("%s takes one value", words[0])
	}
	if words[0] == "$ORIGIN" {
		if _, ok := dns.IsDomainName(words[1]); !ok {
			return l.errorf("%.60q is no name", words[1])
		}
		z.origin = dns.Fqdn(words[1])
		return nil
	}
	ttl, err := parseNumber(words[1])
	if err != nil {
		return l.errorf("%w", err)
	}
	z.ttl = uint32(ttl)
	return nil
}

var matchWords = map[string]Element{
	"opcode": MatchOpcode, "qtype": MatchQType, "qname": MatchQName, "qcase": MatchQCase, "subdomain": MatchSubdomain,
	"question": MatchQuestion, "rcode": MatchRCode, "flags": MatchFlags, "answer": MatchAnswer, "ttl": MatchTTL,
	"DO": MatchDO, "noedns": MatchNoEDNS, "all": MatchAll, "all_noedns": MatchAll,
}

var flagWords = map[string]uint16{
	"QR": wire.FlagQR, "AA": wire.FlagAA, "TC": wire.FlagTC, "RD": wire.FlagRD, "RA": wire.FlagRA, "AD": wire.FlagAD,
	"CD": wire.FlagCD,
}

var opcodeWords = map[string]int{
	"QUERY": dns.OpcodeQuery, "IQUERY": dns.OpcodeIQuery, "STATUS": dns.OpcodeStatus, "NOTIFY": dns.OpcodeNotify,
	"UPDATE": dns.OpcodeUpdate,
}

var rcodeWords = map[string]int{
	"NOERROR": dns.RcodeSuccess, "FORMERR": dns.RcodeFormatError, "SERVFAIL": dns.RcodeServerFailure,
	"NXDOMAIN": dns.RcodeNameError, "NOTIMP": dns.RcodeNotImplemented, "NOTIMPL": dns.RcodeNotImplemented,
	"REFUSED": dns.RcodeRefused, "YXDOMAIN": dns.RcodeYXDomain, "YXRRSET": dns.RcodeYXRrset,
	"NXRRSET": dns.RcodeNXRrset, "NOTAUTH": dns.RcodeNotAuth, "NOTZONE": dns.RcodeNotZone, "BADVERS": dns.RcodeBadVers,
}

var sectionWords = map[string]int{"QUESTION": question, "ANSWER": 0, "AUTHORITY": 1, "ADDITIONAL": 2}

const (
	question  = -1 // section of an entry
	noSection = -2
)

// parseEntry reads from the line behind ENTRY_BEGIN to ENTRY_END.
func parseEntry(l *lines, zone *zoneState) (Entry, error) {
	e := Entry{Line: l.no}
	section := noSection
	for l.next() {
		if words, ok := l.extension(); ok {
			if e.Expect == nil {
				e.Expect = &Expect{}
			}
			if err := parseExpect(l, words, e.Expect); err != nil {
				return e, err
			}
			continue
		}
		words := l.fields()
		var err error
		switch words[0] {
		case "ENTRY_END":
			return e, nil
		case "MATCH":
			err = e.match(words[1:])
		case "ADJUST":
			err = e.adjust(words[1:])
		case "REPLY":
			err = e.header(words[1:])
		case "SECTION":
			section, err = sectionOf(words[1:])
		case "HEX_ANSWER_BEGIN", "RAW":
			err = e.hex(l, words[0] == "RAW")
		case "$ORIGIN", "$TTL":
			err = zone.directive(l)
		default:
			err = e.record(zone, section, l.text)
		}
		if err != nil {
			return e, l.errorf("%w", err)
		}
	}
	return e, l.ended("an entry")
}

func (e *Entry) match(words []string) error {
	for _, word := range words {
		element, ok := matchWords[word]
		switch {
		case word == "UDP":
			e.Match.Transport = UDP
		case word == "TCP":
			e.Match.Transport = TCP
		case ok:
			e.Match.Elements |= element
		default:
			return fmt.Errorf("MATCH %.40s is not supported", word)
		}
	}
	return nil
}

func (e *Entry) adjust(words []string) error {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case word == "copy_id", word == "raw_id":
			e.CopyID = true
		case word == "copy_query":
			e.CopyQuery = true
		case word == "do_not_answer":
			e.Silent = true
		case key == "sleep", key == "packet_sleep":
			wait, err := parseSeconds(value)
			if err != nil {
				return err
			}
			e.Sleep += wait
		default:
			return fmt.Errorf("ADJUST %.40s is not supported", word)
		}
	}
	return nil
}

// header reads a REPLY line: opcode, response code and flags.
func (e *Entry) header(words []string) error {
	for _, word := range words {
		flag, isFlag := flagWords[word]
		rcode, isRCode := rcodeWords[word]
		opcode, isOpcode := opcodeWords[word]
		switch {
		case word == "DO":
			e.DO = true
		case isFlag:
			e.Flags |= flag
		case isRCode:
			e.RCode = rcode
		case isOpcode:
			e.Opcode = opcode
		default:
			return fmt.Errorf("REPLY %.40s is not supported", word)
		}
	}
	return nil
}

func sectionOf(words []string) (int, error) {
	if len(words) == 1 {
		if section, ok := sectionWords[words[0]]; ok {
			return section, nil
		}
	}
	return noSection, fmt.Errorf("there is no section %.40q", strings.Join(words, " "))
}

// record reads one line of a section: a question, or a record in the form of a zone file.
func (e *Entry) record(zone *zoneState, section int, text string) error {
	switch section {
	case noSection:
		return fmt.Errorf("%.40q stands before any SECTION", text)
	case question:
		if e.Question != nil {
			return errors.New("a message has one question")
		}
		q, err := parseQuestion(zone, text)
		e.Question = q
		return err
	}
	p := dns.NewZoneParser(strings.NewReader(text+"\n"), zone.origin, "")
	p.SetDefaultTTL(zone.ttl)
	rr, ok := p.Next()
	if !ok {
		if err := p.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%.40q is no record", text)
	}
	if _, ok := p.Next(); ok || p.Err() != nil {
		return errors.New("a line holds one record")
	}
	e.Sections[section] = append(e.Sections[section], rr)
	return nil
}

// parseQuestion reads a name, possibly a class, and a type.
func parseQuestion(zone *zoneState, text string) (*dns.Question, error) {
	text, _, _ = strings.Cut(text, ";")
	words := strings.Fields(text)
	if len(words) == 3 && words[1] == "IN" {
		words = append(words[:1], words[2])
	}
	if len(words) != 2 {
		return nil, fmt.Errorf("%.60q is no question of class IN", text)
	}
	name := words[0]
	if !strings.HasSuffix(name, ".") {
		if zone.origin == "" {
			return nil, fmt.Errorf("%.60q has no dot at its end, and there is no $ORIGIN", name)
		}
		name = strings.TrimSuffix(name+"."+zone.origin, ".") + "."
	}
	_, err := wire.ParseName(name)
	if err != nil {
		return nil, err
	}
	typ, ok := dns.StringToType[words[1]]
	if !ok {
		var n uint16
		if _, err := fmt.Sscanf(words[1], "TYPE%d", &n); err != nil {
			return nil, fmt.Errorf("%.40q is no type", words[1])
		}
		typ = n
	}
	q := &dns.Question{Name: name, Qtype: typ, Qclass: dns.ClassINET}
	q.Name, err = plainName(name)
	return q, err
}

// plainName returns a name with the escapes that miekg/dns gives to names of messages, so that they can be compared.
func plainName(name string) (string, error) {
	var buf [256]byte
	n, err := dns.PackDomainName(name, buf[:], 0, nil, false)
	if err != nil {
		return "", err
	}
	name, _, err = dns.UnpackDomainName(buf[:n], 0)
	return name, err
}

// hex reads a message in hexadecimal: one line behind RAW, otherwise all lines to HEX_ANSWER_END.
func (e *Entry) hex(l *lines, oneLine bool) error {
	for l.next() {
		words := l.fields()
		if len(words) == 1 && words[0] == "HEX_ANSWER_END" && !oneLine {
			break
		}
		data, err := hex.DecodeString(strings.Join(words, ""))
		if err != nil {
			return err
		}
		e.Raw = append(e.Raw, data...)
		if oneLine {
			break
		}
	}
	if len(e.Raw) < 2 || len(e.Raw) > dns.MaxMsgSize {
		return errors.New("a message has 2 to 65535 octets")
	}
	return nil
}

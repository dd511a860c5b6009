package archive

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// readMassDNS reads a line of massdns -o J: a reply, or that there was none.
func (r *lineReader) readMassDNS(line *jsonLine) error {
	typ := typeOf(line.Type)
	if typ == 0 {
		return nil
	}
	name, l, err := r.look(line.Name, typ, nanos(line.Received))
	if err != nil {
		return err
	}
	if line.Status == "" {
		l.setMassDNSError(line.Error)
		return r.stage(name, l)
	}
	var data struct {
		Answers []dnsRecord `json:"answers"`
	}
	var flags []string
	if len(line.Data) > 0 && json.Unmarshal(line.Data, &data) != nil || len(line.Flags) > 0 && json.Unmarshal(line.Flags, &flags) != nil {
		return unread(reasonBadJSON)
	}
	if !l.setStatus(line.Status) {
		l.fail(record.OtherRCode, causeUnknownStatus)
	}
	l.server, l.tcp = server(line.Resolver), line.Protocol == "TCP"
	for i := range data.Answers {
		rr := &data.Answers[i]
		typ := typeOf(rr.Type)
		if !l.expects(rr.Type, typ) {
			continue // resolvers that are asked by massdns put in what they like
		}
		if err := l.addRecord(rr.Name, typ, rr.seconds(), func() ([]byte, error) { return presentedData(typ, rr.Data) }); err != nil {
			return err
		}
	}
	if len(line.Flags) > 0 { // since 2021
		l.setHeader(&header{slices.Contains(flags, "aa"), slices.Contains(flags, "ra"), slices.Contains(flags, "tc"), slices.Contains(flags, "ad")})
	}
	return r.stage(name, l)
}

// setMassDNSError fills in why there is no reply.
func (l *look) setMassDNSError(word string) {
	switch word {
	case "TIMEOUT":
		l.fail(record.Timeout, "")
	case "MAXRETRIES": // by default: the resolvers said neither NOERROR nor NXDOMAIN
		l.fail(record.OtherRCode, causeRetries)
	default:
		l.fail(record.WorkBound, causeToolError)
	}
}

// readMassDNSRecord reads a line of massdns -o J of 2018: one record, of any section.
func (r *lineReader) readMassDNSRecord(line *jsonLine) error {
	var data string
	if err := json.Unmarshal(line.Data, &data); err != nil {
		return unread(reasonBadJSON)
	}
	return r.readPart(line.QueryName, typeOf(line.QueryType), line.RespName, typeOf(line.RespType), 0, 0, data)
}

// readFDNS reads a line of Rapid7's forward DNS: one record, whose name was asked.
func (r *lineReader) readFDNS(line *jsonLine) error {
	var at step.Time
	if n, err := strconv.ParseInt(strings.Trim(string(line.Timestamp), `"`), 10, 64); err == nil && n > 0 && n < 1<<33 {
		at = step.Time(time.Unix(n, 0).UnixNano())
	}
	typ := typeOf(line.Type)
	if typ == wire.TypeCNAME || typ == wire.TypeDNAME {
		return nil // it does not say what was asked
	}
	return r.readPart(line.Name, typ, line.Name, typ, 0, at, *line.Value)
}

// readSimple reads a line of massdns -o S: a record of the answer, of the name that was asked: NAME TYPE DATA, or NAME CLASS TTL TYPE
// DATA. What had no answer is not in such files.
func (r *lineReader) readSimple(line string) error {
	if strings.HasPrefix(line, ";") { // -o F
		return unread(reasonUnknown)
	}
	name, rest := cutField(line)
	word, data := cutField(rest)
	ttl := uint64(0)
	if word == "IN" {
		var err error
		word, data = cutField(data)
		if ttl, err = strconv.ParseUint(word, 10, 32); err != nil {
			return unread(reasonUnknown)
		}
		word, data = cutField(data)
	}
	if !isTypeWord(word) || data == "" {
		return unread(reasonUnknown)
	}
	typ := typeOf(word)
	if typ == 0 || typ == wire.TypeCNAME || typ == wire.TypeDNAME {
		return nil
	}
	if ttl > 1<<31-1 {
		ttl = 0 // RFC 2181 8
	}
	return r.readPart(name, typ, name, typ, uint32(ttl), 0, data)
}

// cutField returns the first word of a text, and what follows it.
func cutField(text string) (word, rest string) {
	const blanks = " \t"
	text = strings.TrimLeft(text, blanks)
	if end := strings.IndexAny(text, blanks); end >= 0 {
		return text[:end], strings.TrimLeft(text[end:], blanks)
	}
	return text, ""
}

// isTypeWord reports whether a word can be the mnemonic of a type.
func isTypeWord(word string) bool {
	return word != "" && word[0] >= 'A' && word[0] <= 'Z' && strings.IndexFunc(word, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}) < 0
}

// readPart makes a part of a look-up of one record.
func (r *lineReader) readPart(asked string, typ wire.Type, owner string, of wire.Type, ttl uint32, at step.Time, data string) error {
	if typ == 0 || of == 0 {
		return nil
	}
	name, l, err := r.look(asked, typ, at)
	if err != nil {
		return err
	}
	l.part = true
	l.setRCode(wire.NoError)
	if err := l.addRecord(owner, of, ttl, func() ([]byte, error) { return presentedData(of, data) }); err != nil {
		return err
	}
	return r.stage(name, l)
}

package archive

import (
	"encoding/json"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// jsonLine is a line of any of the tools that write JSON. Which it is, its members tell.
type jsonLine struct {
	// zdns. Version 1 has what version 2 has in results.MODULE at the top.
	Name        string                     `json:"name"`
	AlteredName string                     `json:"altered_name"`
	Rank        int64                      `json:"alexa_rank"`
	Results     map[string]json.RawMessage `json:"results"`
	Status      string                     `json:"status"`
	Timestamp   json.RawMessage            `json:"timestamp"` // zdns: RFC 3339; Rapid7: seconds, as text
	Data        json.RawMessage            `json:"data"`      // zdns, massdns: an object; massdns of 2018: text

	// massdns, which has it since 2020
	Type     string          `json:"type"`
	Received json.RawMessage `json:"rx_ts"` // nanoseconds since 1970
	Flags    json.RawMessage `json:"flags"` // ["aa", "tc", "rd", "ra", "ad", "cd"]
	Resolver string          `json:"resolver"`
	Protocol string          `json:"proto"`
	Error    string          `json:"error"` // TIMEOUT, MAXRETRIES

	// massdns of 2018: one record a line
	QueryName string `json:"query_name"`
	QueryType string `json:"query_type"`
	RespName  string `json:"resp_name"`
	RespType  string `json:"resp_type"`

	// Rapid7's forward DNS: one record a line, with name, type and timestamp
	Value *string `json:"value"`
}

// readJSON reads a line that is an object.
func (r *lineReader) readJSON(text []byte) error {
	var line jsonLine
	if err := json.Unmarshal(text, &line); err != nil {
		return unread(reasonBadJSON)
	}
	var tool Tool
	var read func(*jsonLine) error
	switch {
	case line.Results != nil:
		tool, read = ZDNS, r.readZDNS
	case line.QueryName != "" && line.RespType != "":
		tool, read = MassDNS, r.readMassDNSRecord
	case line.Value != nil && line.Type != "" && line.Name != "":
		tool, read = FDNS, r.readFDNS
	case line.Type != "" && (line.Status != "" || line.Error != ""):
		tool, read = MassDNS, r.readMassDNS
	case line.Status != "" && line.Name+line.AlteredName != "":
		tool, read = ZDNS, r.readZDNS1
	default:
		return unread(reasonUnknown)
	}
	if !r.takes(tool) {
		return unread(reasonOtherTool)
	}
	return read(&line)
}

// dnsRecord is a record as zdns and massdns write it. Types have members of their own, of which these are read.
type dnsRecord struct {
	Name  string  `json:"name"`
	Type  string  `json:"type"`
	Class string  `json:"class"`
	TTL   float64 `json:"ttl"`

	Data string `json:"data"` // massdns: in presentation form

	Answer     any    `json:"answer"` // zdns: a name, an address
	Tag        string `json:"tag"`
	Value      string `json:"value"`
	Flag       *int   `json:"flag"`
	Preference uint16 `json:"preference"`
}

// seconds is the TTL; values with the top bit set are read as 0 (RFC 2181 8).
func (d *dnsRecord) seconds() uint32 {
	if d.TTL < 0 || d.TTL > math.MaxInt32 {
		return 0
	}
	return uint32(d.TTL)
}

// addRecord takes a record of an answer section into a look-up, if it is of the type asked or an alias. What the record says is the
// function's matter: data in wire form, or the name that it leads to.
func (l *look) addRecord(owner string, typ wire.Type, ttl uint32, data func() ([]byte, error)) error {
	if typ != l.typ && typ != wire.TypeCNAME && typ != wire.TypeDNAME {
		return nil
	}
	name := l.name // of tools that do not tell
	if owner != "" {
		var err error
		if name, err = wire.ParseName(owner); err != nil {
			return unread(reasonBadRecord)
		}
	}
	octets, err := data()
	if err != nil || len(octets) > maxRecordOctets {
		if typ == l.typ {
			l.unreadable = true // what the set is is not known
			return nil
		}
		return unread(reasonBadRecord)
	}
	l.records = append(l.records, record.RR{Owner: name, Type: typ, Class: wire.ClassIN, TTL: ttl, Data: octets})
	return nil
}

// nameData is the data of a record that is one name.
func nameData(text string) ([]byte, error) {
	name, err := wire.ParseName(text)
	return []byte(name), err
}

// mxData is the data of an MX record (RFC 1035 3.3.9).
func mxData(preference uint16, exchange string) ([]byte, error) {
	name, err := wire.ParseName(exchange)
	return append([]byte{byte(preference >> 8), byte(preference)}, name...), err
}

// presentedData is the data of a record in presentation form, as far as it is of use: of addresses and DS only that they are there.
func presentedData(typ wire.Type, text string) ([]byte, error) {
	switch typ {
	case wire.TypeCAA:
		return readCAA(text)
	case wire.TypeCNAME, wire.TypeDNAME, wire.TypeNS:
		return nameData(text)
	case wire.TypeMX:
		preference, exchange, _ := strings.Cut(strings.TrimSpace(text), " ")
		n, err := strconv.ParseUint(preference, 10, 16)
		if err != nil {
			return nil, errPresentation
		}
		return mxData(uint16(n), strings.TrimSpace(exchange))
	}
	return nil, nil
}

// server is the address in "192.0.2.1:53", "[2001:db8::1]:53" or "192.0.2.1"; not valid if there is none.
func server(text string) netip.Addr {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().WithZone("")
	}
	addr, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.WithZone("")
}

// nanos is the moment of a JSON number of nanoseconds since 1970; 0 if it is none.
func nanos(text json.RawMessage) step.Time {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil || !plausible(time.Unix(0, n)) {
		return 0
	}
	return step.Time(n)
}

// rcodes are the response codes by their mnemonics (IANA), as far as tools write them.
var rcodes = func() map[string]wire.RCode {
	all := map[string]wire.RCode{"BADSIG": wire.BadVers, "NOTIMPL": wire.NotImp}
	for code := range wire.RCode(24) {
		all[code.String()] = code
	}
	return all
}()

// setStatus fills in what a response code says; with NOERROR, records must tell what there is. It reports whether the word is one.
func (l *look) setStatus(word string) bool {
	code, ok := rcodes[strings.ToUpper(word)]
	if !ok {
		return false
	}
	l.setRCode(code)
	return true
}

func (l *look) setRCode(code wire.RCode) {
	l.rcode, l.replied = code, true
	switch code {
	case wire.NoError:
		l.outcome = record.Found
	case wire.NXDomain:
		l.outcome = record.NXDomain
	default:
		l.outcome = record.OutcomeOf(code)
	}
}

// fail makes the look-up a failure that had no reply, or none of which the code is known.
func (l *look) fail(outcome record.Outcome, cause string) {
	l.outcome, l.cause, l.replied = outcome, cause, false
}

// header is what a tool tells of the header of a reply. A nil one: nothing.
type header struct{ authoritative, recursion, truncated, authenticated bool }

// setHeader fills in what the header says.
func (l *look) setHeader(h *header) {
	if h == nil || l.outcome.Failed() {
		return
	}
	if h.authenticated { // a resolver says that it has validated (RFC 4035 3.2.3)
		l.security, l.reason = record.Secure, ""
	}
	l.truncated = h.truncated
	switch {
	case h.truncated && !l.tcp: // and nothing tells that TCP was tried
		l.outcome = record.Truncated
	case l.outcome == record.Found && len(l.records) == 0 && !l.unreadable && !h.authoritative && !h.recursion:
		l.outcome, l.cause = record.Lame, causeReferral // no answer at all, and so not the answer that there is nothing
	}
}

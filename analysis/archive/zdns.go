package archive

import (
	"encoding/json"
	"strings"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// zdnsModule is what zdns writes about one look-up, at any --result-verbosity.
type zdnsModule struct {
	Status    string          `json:"status"`
	Error     string          `json:"error"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// zdnsData is the reply. The flags are there with --result-verbosity=long, dnssec with --validate-dnssec.
type zdnsData struct {
	Answers  []json.RawMessage `json:"answers"`
	Protocol string            `json:"protocol"`
	Resolver string            `json:"resolver"`
	Flags    *struct {
		Authoritative      bool `json:"authoritative"`
		Truncated          bool `json:"truncated"`
		RecursionAvailable bool `json:"recursion_available"`
		Authenticated      bool `json:"authenticated"`
	} `json:"flags"`
	DNSSEC *struct {
		Status string `json:"status"`
	} `json:"dnssec"`

	Exchanges []json.RawMessage `json:"exchanges"`           // of MXLOOKUP
	Servers   []json.RawMessage `json:"servers"`             // of NSLOOKUP
	Layers    json.RawMessage   `json:"per_layer_responses"` // with --all-nameservers
}

// zdnsModules are the modules of zdns that are read, and the type that each asks for.
var zdnsModules = map[string]wire.Type{
	"CAA": wire.TypeCAA, "MX": wire.TypeMX, "MXLOOKUP": wire.TypeMX, "A": wire.TypeA, "AAAA": wire.TypeAAAA,
	"NS": wire.TypeNS, "NSLOOKUP": wire.TypeNS, "DS": wire.TypeDS,
}

// readZDNS reads a line of zdns 2: the look-ups of all modules that were asked for one name.
func (r *lineReader) readZDNS(line *jsonLine) error {
	var name string
	var looks []*look // staged once all can be read: a line is rejected as a whole
	for module, raw := range line.Results {
		typ, ok := zdnsModules[strings.ToUpper(module)]
		if !ok {
			continue
		}
		var m zdnsModule
		if err := json.Unmarshal(raw, &m); err != nil {
			return unread(reasonBadJSON)
		}
		asked, l, err := r.readModule(line, typ, &m)
		if err != nil {
			return err
		}
		name, looks = asked, append(looks, l)
	}
	for _, l := range looks {
		if err := r.stage(name, l); err != nil {
			return err
		}
	}
	return nil
}

// readZDNS1 reads a line of zdns 1, which does not say what was asked: the user does.
func (r *lineReader) readZDNS1(line *jsonLine) error {
	m := zdnsModule{Status: line.Status, Error: line.Error, Data: line.Data}
	if len(line.Timestamp) > 0 && json.Unmarshal(line.Timestamp, &m.Timestamp) != nil {
		return unread(reasonBadJSON)
	}
	name, l, err := r.readModule(line, r.o.Type, &m)
	if err != nil {
		return err
	}
	return r.stage(name, l)
}

// readModule makes a look-up of what one module says.
func (r *lineReader) readModule(line *jsonLine, typ wire.Type, m *zdnsModule) (string, *look, error) {
	asked := line.Name
	if line.AlteredName != "" {
		asked = line.AlteredName
	}
	name, l, err := r.look(asked, typ, parseTime(m.Timestamp))
	if err != nil {
		return "", nil, err
	}
	l.rank = max(line.Rank, 0)
	var data zdnsData
	if len(m.Data) > 0 && m.Data[0] == '{' {
		if err := json.Unmarshal(m.Data, &data); err != nil {
			return "", nil, unread(reasonBadJSON)
		}
	}
	switch {
	case data.Layers != nil, len(m.Data) > 0 && m.Data[0] == '[':
		return "", nil, unread(reasonAllServers)
	case m.Status == "ILLEGAL_INPUT":
		return "", nil, unread(reasonIllegal)
	}
	l.setZDNSStatus(m.Status)
	l.server, l.tcp = server(data.Resolver), data.Protocol == "tcp"
	if !l.outcome.Failed() {
		if err := l.addZDNS(&data); err != nil {
			return "", nil, err
		}
	}
	var h *header
	if f := data.Flags; f != nil {
		h = &header{f.Authoritative, f.RecursionAvailable, f.Truncated, f.Authenticated}
	}
	l.setHeader(h)
	if data.DNSSEC != nil {
		l.setZDNSSecurity(data.DNSSEC.Status)
	}
	return name, l, nil
}

// setZDNSStatus fills in what a status says that is a response code, or one of zdns' own words.
func (l *look) setZDNSStatus(word string) {
	switch {
	case l.setStatus(word):
	case word == "TIMEOUT", word == "ITERATIVE_TIMEOUT":
		l.fail(record.Timeout, "")
	case word == "TRUNCATED":
		l.fail(record.Truncated, "")
		l.truncated = true
	case word == "AUTHFAIL", word == "NOAUTH", word == "NONEEDEDGLUE": // the servers of the zone were not found to serve it
		l.fail(record.Lame, "")
	case word == "BLACKLIST": // the user's list of servers that are not to be asked
		l.fail(record.Skipped, "")
	case word == "ERROR", word == "NO_OUTPUT":
		l.fail(record.WorkBound, causeToolError)
	default:
		l.fail(record.WorkBound, causeUnknownStatus)
	}
}

// addZDNS takes the records of a reply. In what MXLOOKUP and NSLOOKUP make of theirs, the name of a record is that of the server.
func (l *look) addZDNS(data *zdnsData) error {
	for _, raw := range data.Answers {
		if err := l.addZDNSRecord(raw, false); err != nil {
			return err
		}
	}
	for _, raw := range append(data.Exchanges, data.Servers...) {
		if err := l.addZDNSRecord(raw, true); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) addZDNSRecord(raw json.RawMessage, ofServer bool) error {
	var rr dnsRecord
	if err := json.Unmarshal(raw, &rr); err != nil {
		return unread(reasonBadRecord)
	}
	typ := typeOf(rr.Type)
	if !l.expects(rr.Type, typ) {
		return unread(reasonOtherType)
	}
	owner := rr.Name
	answer, _ := rr.Answer.(string)
	if ofServer {
		owner, answer = "", rr.Name
	}
	if answer == "" { // zdns drops final dots
		answer = "."
	}
	return l.addRecord(owner, typ, rr.seconds(), func() ([]byte, error) { return rr.zdnsData(typ, answer) })
}

// expects reports whether an answer to the question may have a record of a type: otherwise something else was asked.
func (l *look) expects(word string, typ wire.Type) bool {
	switch strings.ToUpper(word) {
	case "RRSIG", "CNAME", "DNAME", "NSEC", "NSEC3":
		return true
	}
	return typ == l.typ
}

// zdnsData is the data of a record. A tag of CAA is in presentation form, the value is not.
func (d *dnsRecord) zdnsData(typ wire.Type, answer string) ([]byte, error) {
	switch typ {
	case wire.TypeCAA:
		tag, err := unescape(d.Tag)
		if err != nil || d.Flag == nil {
			return nil, errPresentation
		}
		return caaData(*d.Flag, tag, d.Value)
	case wire.TypeMX:
		return mxData(d.Preference, answer)
	case wire.TypeCNAME, wire.TypeDNAME, wire.TypeNS:
		return nameData(answer)
	}
	return nil, nil
}

// setZDNSSecurity fills in what zdns found when it validated. Of an answer that there is nothing it checks the signatures, and not
// that the signed records deny what was asked: that is not secure.
func (l *look) setZDNSSecurity(word string) {
	switch word {
	case "Secure":
		l.security, l.reason = record.Secure, ""
		if l.outcome == record.NXDomain || len(l.records) == 0 {
			l.security, l.reason = record.Indeterminate, notValidated
		}
	case "Insecure":
		l.security, l.reason = record.Insecure, ""
	case "Bogus":
		l.security, l.reason = record.BogusData, ""
		if !l.outcome.Failed() {
			l.outcome = record.Bogus
		}
	}
}

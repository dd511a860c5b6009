package simnet

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// MailStatus is what a scan learns of MX at a name.
type MailStatus uint8

const (
	MailFound MailStatus = iota
	MailNullMX
	MailNoData
	MailNXDomain
	MailError
)

// String returns the word that stands in files.
func (s MailStatus) String() string {
	return [...]string{"found", "null_mx", "nodata", "nxdomain", "error"}[s]
}

// Capable says whether mail can be delivered to a name (RFC 5321 5.1, RFC 7505).
type Capable uint8

const (
	CapableUnknown Capable = iota
	CapableNo
	CapableYes
)

// String returns the word that stands in files; "" is unknown.
func (c Capable) String() string { return [...]string{"", "false", "true"}[c] }

// Truth is what a correct scan finds for one name, with the validation that the world's Config says. It comes from the
// scenario's row and from which zones are signed, not from asking the servers.
type Truth struct {
	Name  string
	Class string // word for the scenario

	Posture  [caa.Kinds]caa.Posture
	Relevant string         // name of the level with the relevant set; "" if there is none, or a failure
	Count    int            // records of the relevant set
	Failure  record.Outcome // of the level that fails the climb; Found if none does
	FailedAt string         // name of that level

	MX      MailStatus // at Name
	Capable Capable    // of Name: MX, or else an address (implicit MX)

	// Of the level whose set was found, or that failed; where none was found, the worst of all levels asked, in the order
	// bogus, indeterminate, insecure, secure. Reason is "" where more than one would do; BrokenAt is "" likewise.
	Security record.Security
	Reason   string // word of package dnssec
	BrokenAt string // the zone where the chain of trust breaks, or ends because nobody can follow it

	set *caaSet
}

// TruthOf returns the truth of a name of the list, given in any case and with or without a final dot. ok is false if
// the name is not in the list.
func (w *World) TruthOf(name string) (Truth, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	i, ok := w.indexOf(name)
	if !ok {
		return Truth{}, false
	}
	return w.Truth(i), true
}

// indexOf returns the index of a name of the list.
func (w *World) indexOf(name string) (int, bool) {
	labels := strings.Split(name, ".")
	for k := len(labels) - 2; k >= 0 && k >= len(labels)-3; k-- { // below the TLD, or below co.uk
		i, ok := w.index([]byte(labels[k]))
		if !ok {
			continue
		}
		// The name of i, or of a sibling in the domain of i.
		for j := i; j <= i+1 && j < w.cfg.Names; j++ {
			if w.hostIndex(j) == i && w.Name(j) == name {
				return j, true
			}
		}
	}
	return 0, false
}

// Properties returns the relevant set of name i, nil if there is none.
func (w *World) Properties(i int) []caa.Property {
	if t := w.Truth(i); t.set != nil {
		return t.set.properties
	}
	return nil
}

// Truth returns the truth of name i of the list.
func (w *World) Truth(i int) Truth {
	sc, host := w.scenarioOf(i), w.hostIndex(i)
	d := w.domain(host)
	t := Truth{Name: w.Name(i), Class: sc.class}
	t.MX, t.Capable = w.mailTruth(sc, &d)
	level := dropLabels(t.Name, sc.want.level)
	switch {
	case sc.want.outcome.Failed():
		t.Failure, t.FailedAt = sc.want.outcome, level
		t.Posture = caa.Uniform(caa.Error)
	case sc.want.set != "":
		t.relevant(level, mustSetRef(sc.want.set).of(d.hash))
	case !sc.unknownTLD && d.tld.suffixCAA != "":
		t.relevant(d.tld.suffix, mustSetRef(d.tld.suffixCAA).of(d.tld.suffixZone.hash))
	case !sc.unknownTLD && d.tld.caa != "":
		t.relevant(d.tld.label, mustSetRef(d.tld.caa).of(d.tld.zone.hash))
	default:
		t.Posture = caa.Uniform(caa.Absent)
	}
	z := w.zoneOf(host, &d, w.scenarioOf(host), 0)
	t.validate(w, sc, &d, &z)
	return t
}

func (t *Truth) relevant(level string, set *caaSet) {
	t.Relevant, t.set, t.Count, t.Posture = level, set, len(set.properties), set.posture
}

func dropLabels(name string, n int) string {
	for range n {
		_, name, _ = strings.Cut(name, ".")
	}
	return name
}

func (w *World) mailTruth(sc *scenario, d *domain) (MailStatus, Capable) {
	want := sc.mail
	if want == mailDrawn {
		want = w.mails[d.hash>>mailShift].want
	}
	switch want {
	case mailMX:
		return MailFound, CapableYes
	case mailNull:
		return MailNullMX, CapableNo
	case mailImplicit:
		return MailNoData, CapableYes
	case mailNone:
		return MailNoData, CapableNo
	case mailNX:
		return MailNXDomain, CapableNo
	case mailError:
		return MailError, CapableUnknown
	}
	panic("internal error: mail of scenario " + sc.class)
}

// truthRow is a line of WriteTruth.
type truthRow struct {
	Name     string `json:"name"`
	Class    string `json:"class"`
	TLS      string `json:"posture_tls"`
	Wildcard string `json:"posture_tls_wildcard"`
	SMIME    string `json:"posture_smime"`
	VMC      string `json:"posture_vmc"`
	Relevant string `json:"relevant_name"`
	Count    int    `json:"caa_count"`
	Failure  string `json:"failure"`
	FailedAt string `json:"failed_at"`
	MX       string `json:"mx_status"`
	Capable  *bool  `json:"email_capable"`
	Security string `json:"dnssec_status"`
	Reason   string `json:"dnssec_reason"`
	BrokenAt string `json:"dnssec_broken_at"`
}

// WriteTruth writes the truth of all names as JSON lines, in the order of the list. Empty texts stand for "none",
// null for "not known".
func (w *World) WriteTruth(out io.Writer) error {
	buf := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for i := range w.cfg.Names {
		t := w.Truth(i)
		row := truthRow{
			Name: t.Name, Class: t.Class, Relevant: t.Relevant, Count: t.Count, FailedAt: t.FailedAt, MX: t.MX.String(),
			TLS: t.Posture[caa.TLS].String(), Wildcard: t.Posture[caa.TLSWildcard].String(),
			SMIME: t.Posture[caa.SMIME].String(), VMC: t.Posture[caa.VMC].String(),
			Security: t.Security.String(), Reason: t.Reason, BrokenAt: t.BrokenAt,
		}
		if t.Failure.Failed() {
			row.Failure = t.Failure.String()
		}
		if t.Capable != CapableUnknown {
			yes := t.Capable == CapableYes
			row.Capable = &yes
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return buf.Flush()
}

package mail

import "strings"

// TLSReportingPosture says whether a domain wants reports on TLS in mail delivery.
type TLSReportingPosture uint8

const (
	TLSReportingNotAsked  TLSReportingPosture = iota
	TLSReportingAbsent                        // no TLS-RPT record
	TLSReportingPublished                     // one valid record, with somewhere to report to
	TLSReportingMultiple                      // several records: no reports (RFC 8460 3)
	TLSReportingInvalid                       // one record without a usable rua, or outside the grammar
	TLSReportingError                         // the look-up failed
)

// String returns the word that stands in files.
func (p TLSReportingPosture) String() string {
	return [...]string{"not-asked", "absent", "published", "multiple", "invalid", "error"}[p]
}

// TLSReporting is what the TXT records at _smtp._tls say.
type TLSReporting struct {
	Posture  TLSReportingPosture
	Record   string   // the record; "" unless there is one and no more
	RUA      []string // where reports go, mailto and https URLs, at most maxReportURIs; nil if the posture is not published
	Findings Findings
}

// ParseTLSReporting reads the TXT records of the name given by TLSReportingName (RFC 8460 3).
func ParseTLSReporting(records []string) TLSReporting {
	chosen := chooseFields(records, "v=TLSRPTv1", "v=tlsrptv1")
	r := TLSReporting{Record: chosen.record}
	if chosen.near {
		r.Findings.add(TLSReportingBadVersion)
	}
	switch {
	case chosen.count == 0:
		r.Posture = TLSReportingAbsent
	case chosen.count > 1:
		r.Posture = TLSReportingMultiple
	default:
		r.read()
	}
	return r
}

// read reads r.Record:
//
//	tlsrpt-record    = tlsrpt-version 1*(field-delim tlsrpt-field) [field-delim]
//	tlsrpt-field     = tlsrpt-rua / tlsrpt-extension   ; tlsrpt-rua is required
//	tlsrpt-rua       = %s"rua=" tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri)
//	tlsrpt-extension = tlsrpt-ext-name "=" tlsrpt-ext-value
//
// A URI that no report can go to spoils itself only; the record is of no use if none is left. Further fields rua add
// theirs, as the grammar lets them stand.
func (r *TLSReporting) read() {
	_, rest, _ := strings.Cut(r.Record, ";")
	for rest = skipBlanks(rest); rest != ""; {
		var f field
		f, rest = cutField(rest)
		switch {
		case f.valid && f.name == "rua":
			r.add(f.value)
		case !f.valid || !isExtensionValue(f.value):
			r.Findings.add(TLSReportingSyntax)
		}
	}
	if len(r.RUA) == 0 {
		r.Findings.add(TLSReportingNoRUA)
	}
	r.Posture = TLSReportingPublished
	if r.Findings.Has(TLSReportingSyntax) || r.Findings.Has(TLSReportingNoRUA) {
		r.Posture, r.RUA = TLSReportingInvalid, nil
	}
}

// add adds the URIs of one rua. Commas, exclamation marks and semicolons within them are percent-encoded, and mailto
// and https are all there is (RFC 8460 3).
func (r *TLSReporting) add(rua string) {
	for uri := range strings.SplitSeq(rua, ",") {
		uri = trimBlanks(uri)
		switch {
		case strings.Contains(uri, "!") || !isMailto(uri) && !isHTTPS(uri):
			r.Findings.add(TLSReportingBadURI)
		case len(r.RUA) < maxReportURIs:
			r.RUA = append(r.RUA, uri)
		}
	}
}

package mail

import "strings"

// MTASTSPosture says whether a domain announces an MTA-STS policy. What the policy holds stands on its web host.
type MTASTSPosture uint8

const (
	MTASTSNotAsked  MTASTSPosture = iota
	MTASTSAbsent                  // no MTA-STS record
	MTASTSPublished               // one valid record
	MTASTSMultiple                // several records: no policy (RFC 8461 3.1)
	MTASTSInvalid                 // one record outside the grammar: no policy (RFC 8461 3.1)
	MTASTSError                   // the look-up failed
)

// String returns the word that stands in files.
func (p MTASTSPosture) String() string {
	return [...]string{"not-asked", "absent", "published", "multiple", "invalid", "error"}[p]
}

// MTASTS is what the TXT records at _mta-sts say.
type MTASTS struct {
	Posture  MTASTSPosture
	Record   string // the record; "" unless there is one and no more
	ID       string // id of the policy; "" if the posture is not published
	Findings Findings
}

// ParseMTASTS reads the TXT records of the name given by MTASTSName (RFC 8461 3.1).
func ParseMTASTS(records []string) MTASTS {
	chosen := chooseFields(records, "v=STSv1", "v=stsv1")
	m := MTASTS{Record: chosen.record}
	if chosen.near {
		m.Findings.add(MTASTSBadVersion)
	}
	switch {
	case chosen.count == 0:
		m.Posture = MTASTSAbsent
	case chosen.count > 1:
		m.Posture = MTASTSMultiple
	default:
		m.read()
	}
	return m
}

// read reads m.Record:
//
//	sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
//	sts-field       = sts-id / sts-extension   ; sts-id is required
//	sts-id          = %s"id=" 1*32(ALPHA / DIGIT)
//	sts-extension   = sts-ext-name "=" sts-ext-value
func (m *MTASTS) read() {
	_, rest, _ := strings.Cut(m.Record, ";")
	for rest = skipBlanks(rest); rest != ""; {
		var f field
		f, rest = cutField(rest)
		switch {
		case !f.valid || !isExtensionValue(f.value):
			m.Findings.add(MTASTSSyntax)
		case f.name != "id":
		case !isPolicyID(f.value):
			m.Findings.add(MTASTSSyntax)
		case m.ID != "":
			m.Findings.add(MTASTSRepeatedID)
		default:
			m.ID = f.value
		}
	}
	if m.ID == "" {
		m.Findings.add(MTASTSNoID)
	}
	m.Posture = MTASTSPublished
	if m.Findings.Has(MTASTSSyntax) || m.Findings.Has(MTASTSNoID) {
		m.Posture, m.ID = MTASTSInvalid, ""
	}
}

// maxPolicyID is the length of the longest id.
const maxPolicyID = 32

func isPolicyID(s string) bool { return s != "" && len(s) <= maxPolicyID && all(s, isAlnum) }

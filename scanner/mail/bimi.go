package mail

import "strings"

// The draft is draft-brand-indicators-for-message-identification-10 (September 2025), cited as BIMI with the section.

// BIMIPosture says what a domain's BIMI assertion record asserts.
type BIMIPosture uint8

const (
	BIMINotAsked     BIMIPosture = iota
	BIMIAbsent                   // no BIMI record
	BIMIDeclined                 // empty l and a: the domain wants no indicator shown (BIMI 4.3.1)
	BIMISelfAsserted             // an indicator without evidence
	BIMIEvidenced                // an indicator with an evidence document, such as a mark certificate
	BIMIMultiple                 // several records: none is used (BIMI 7.2)
	BIMIInvalid                  // one record with an error: receivers must not mend it (BIMI 4.3)
	BIMIError                    // the look-up failed
)

// String returns the word that stands in files.
func (p BIMIPosture) String() string {
	return [...]string{"not-asked", "absent", "declined", "self-asserted", "evidenced", "multiple", "invalid", "error"}[p]
}

// BIMI is what the TXT records at default._bimi, or another selector, say.
type BIMI struct {
	Posture  BIMIPosture
	Record   string // the record; "" unless there is one and no more
	Location string // l: https URL of the indicator; "" if the posture is neither self-asserted nor evidenced
	Evidence string // a: https URL of the evidence document; "" if the posture is not evidenced
	Findings Findings
}

// ParseBIMI reads the TXT records of the name given by BIMIName (BIMI 4.3, 7.2).
func ParseBIMI(records []string) BIMI {
	chosen := choose(records, isBIMI, "v=bimi1")
	b := BIMI{Record: chosen.record}
	if chosen.near {
		b.Findings.add(BIMIBadVersion)
	}
	switch {
	case chosen.count == 0:
		b.Posture = BIMIAbsent
	case chosen.count > 1:
		b.Posture = BIMIMultiple
	default:
		b.read()
	}
	return b
}

// isBIMI reports whether a record begins with the version, in that very case (BIMI 4.3).
func isBIMI(record string) bool { return hasVersionTag(record, "BIMI1", true) }

// read reads b.Record. Tags other than the three, among them the draft's lps and avp, do not bear on what is asserted.
//
//	bimi-record            = bimi-version (bimi-sep bimi-location) [bimi-sep bimi-evidence-location] [bimi-sep]
//	bimi-location          = "l" *WSP "=" *WSP [bimi-uri]
//	bimi-evidence-location = "a" *WSP "=" *WSP [bimi-uri]
//	bimi-uri               = [FWS] URI [FWS]   ; https only, commas encoded
//
// The order of tags is free. A tag that stands there twice spoils the list (RFC 6376 3.2).
func (b *BIMI) read() {
	location, evidence, located, evidenced := "", "", false, false
	_, rest := cutTag(b.Record, isFolding)
	for rest != "" {
		var t tag
		t, rest = cutTag(rest, isFolding)
		repeated := false
		switch {
		case t.form != tagProper:
			b.Findings.add(BIMISyntax)
		case t.name == "v":
			repeated = true
		case t.name == "l":
			location, located, repeated = t.value, true, located
		case t.name == "a":
			evidence, evidenced, repeated = t.value, true, evidenced
		}
		if repeated {
			b.Findings.add(BIMISyntax)
		}
	}
	b.judge(location, evidence, located)
}

func (b *BIMI) judge(location, evidence string, located bool) {
	switch {
	case !located:
		b.Findings.add(BIMINoLocation)
	case location == "" && evidence != "":
		b.Findings.add(BIMIEvidenceAlone)
	}
	if !isBIMIURI(location) || !isBIMIURI(evidence) {
		b.Findings.add(BIMIBadURI)
	}
	switch {
	case b.Findings&^(1<<BIMIBadVersion) != 0: // that one is another record's
		b.Posture = BIMIInvalid
	case location == "":
		b.Posture = BIMIDeclined
	case evidence == "":
		b.Posture, b.Location = BIMISelfAsserted, location
	default:
		b.Posture, b.Location, b.Evidence = BIMIEvidenced, location, evidence
	}
}

// isBIMIURI reports whether s is one https URL, or empty. A comma would separate two of an older draft.
func isBIMIURI(s string) bool { return s == "" || isHTTPS(s) && !strings.Contains(s, ",") }

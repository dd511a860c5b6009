package mail

// DMARCPosture is the policy that a DMARC record asks for.
type DMARCPosture uint8

const (
	DMARCNotAsked   DMARCPosture = iota
	DMARCAbsent                  // no DMARC record
	DMARCNone                    // p=none: reports at most
	DMARCQuarantine              // p=quarantine
	DMARCReject                  // p=reject
	DMARCMultiple                // several records: none applies (RFC 9989 4.10, RFC 7489 6.6.3)
	DMARCInvalid                 // no usable policy, and nobody to report to: none applies (RFC 9989 4.10.1)
	DMARCError                   // the look-up failed
)

// String returns the word that stands in files.
func (p DMARCPosture) String() string {
	return [...]string{"not-asked", "absent", "none", "quarantine", "reject", "multiple", "invalid", "error"}[p]
}

// PSD says whether a DMARC record's domain is a public suffix (RFC 9989 4.7).
type PSD uint8

const (
	PSDUnknown PSD = iota // psd=u, the default: the tree walk decides
	PSDYes                // psd=y: a public suffix domain
	PSDNo                 // psd=n: an organisational domain
)

// String returns the value of the tag.
func (p PSD) String() string { return [...]string{"u", "y", "n"}[p] }

// FailureOptions are the occasions for failure reports of the tag fo (RFC 9989 4.7), a set of the four below.
type FailureOptions uint8

const (
	FailureAll  FailureOptions = 1 << iota // 0: no mechanism gives an aligned pass
	FailureAny                             // 1: one does not
	FailureDKIM                            // d: a signature fails
	FailureSPF                             // s: SPF fails
)

// What RFC 7489 6.3 sets where a record does not.
const (
	defaultPercent  = 100
	defaultInterval = 86400 // seconds: a day
)

// ReportURI is where a domain wants DMARC reports.
type ReportURI struct {
	URI     string // without the size
	MaxSize uint64 // most octets of a report, 0 if there is no bound; RFC 7489 6.4 only, RFC 9989 has it ignored
}

// DMARC is what the TXT records at _dmarc say. From Policy on, the fields have a meaning only if the posture is none,
// quarantine or reject.
type DMARC struct {
	Posture  DMARCPosture
	Findings Findings
	Record   string // the record; "" unless there is one and no more

	Policy, Subdomains, NonExistent DMARCPosture // none, quarantine, reject: p; sp or else p; np or else sp or else p

	Testing               bool // t=y: one level below the policy is to be applied (RFC 9989 4.7)
	StrictDKIM, StrictSPF bool // adkim=s, aspf=s; relaxed otherwise
	PSD                   PSD
	FailureOptions        FailureOptions // fo, by default FailureAll; none without ruf, where fo is ignored (RFC 9989 4.7)
	Percent               uint8          // pct: the share of failing mail that the policy is for (RFC 7489 6.3)
	Interval              uint32         // ri: seconds between aggregate reports (RFC 7489 6.3)
	Aggregate, Failure    []ReportURI    // rua and ruf: the valid ones, at most maxReportURIs
}

// ParseDMARC reads the TXT records of a name given by DMARCName or DMARCNames.
//
// Receivers of RFC 9989 and of RFC 7489 are both about, and the two agree on all that the posture says. The tags that
// the newer one dropped are read, too, and found. Names and values of tags are compared without case, being strings of
// the grammar (RFC 5234 2.3), but for DMARC1. Of a tag that stands there twice the first counts: neither RFC says.
func ParseDMARC(records []string) DMARC {
	chosen := choose(records, isDMARC, "v=dmarc1")
	d := DMARC{Record: chosen.record}
	if chosen.near {
		d.Findings.add(DMARCBadVersion)
	}
	switch {
	case chosen.count == 0:
		d.Posture = DMARCAbsent
	case chosen.count > 1:
		d.Posture = DMARCMultiple
	default:
		d.read()
	}
	return d
}

// ForSubdomain returns the posture of a subdomain without a record of its own, for which d was read at its
// organisational domain; exists tells if the subdomain exists in the DNS (RFC 9989 4.10.1).
func (d DMARC) ForSubdomain(exists bool) DMARCPosture {
	switch {
	case d.Policy == DMARCNotAsked: // no policy, but a failure or an absence
		return d.Posture
	case exists:
		return d.Subdomains
	default:
		return d.NonExistent
	}
}

// isDMARC reports whether a record begins with the version, as all that count do (RFC 9989 4.7, 4.8).
func isDMARC(record string) bool { return hasVersionTag(record, "DMARC1", false) }

// The tags of RFC 9989 4.7, and the three of RFC 7489 6.3 that it dropped.
const (
	tagV = iota
	tagP
	tagSP
	tagNP
	tagADKIM
	tagASPF
	tagRUA
	tagRUF
	tagFO
	tagT
	tagPSD
	tagPCT
	tagRI
	tagRF
	dmarcTags
)

var dmarcTagNames = [dmarcTags]string{"v", "p", "sp", "np", "adkim", "aspf", "rua", "ruf", "fo", "t", "psd", "pct", "ri", "rf"}

// read reads d.Record (RFC 9989 4.8). A syntax error behind the version costs the tag it is in, not the record (4.7):
//
//	dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep]
//	dmarc-sep    = *WSP ";" *WSP
//	dmarc-tag    = 1*ALPHA equals 1*dmarc-value
//	equals       = *WSP "=" *WSP
//	dmarc-value  = %x20-3A / %x3C-7E
func (d *DMARC) read() {
	d.Percent, d.Interval, d.FailureOptions = defaultPercent, defaultInterval, FailureAll
	seen, badRequest := [dmarcTags]bool{tagV: true}, false
	_, rest := cutTag(d.Record, isBlank)
	for rest != "" {
		var t tag
		t, rest = cutTag(rest, isBlank)
		if t.form != tagProper || t.value == "" {
			d.Findings.add(DMARCSyntax)
			continue
		}
		id := dmarcTag(t.name)
		switch {
		case id == dmarcTags:
			d.Findings.add(DMARCUnknownTag)
			continue
		case seen[id]:
			d.Findings.add(DMARCRepeatedTag)
			continue
		case id >= tagPCT:
			d.Findings.add(DMARCRetiredTag)
		}
		seen[id] = true
		if !d.set(id, t.value) {
			d.Findings.add(DMARCBadValue)
			badRequest = badRequest || id == tagP || id == tagSP || id == tagNP
		}
	}
	if len(d.Failure) == 0 {
		d.FailureOptions = 0
	}
	d.settle(badRequest)
}

// dmarcTag returns which tag a name is, dmarcTags for none.
func dmarcTag(name string) int {
	for id, known := range dmarcTagNames {
		if foldsTo(name, known) {
			return id
		}
	}
	return dmarcTags
}

// settle fills in what the tags p, sp and np leave open, and with them the posture. Without a valid p, or with an
// invalid sp or np, the record is one of p=none if it has somebody to report to, and of no use otherwise (RFC 9989
// 4.10.1, RFC 7489 6.6.3). Where p is not there at all, RFC 9989 4.7 by itself would make it none in either case, as
// some readers do; but it refers to 4.10.1 for that.
func (d *DMARC) settle(badRequest bool) {
	switch {
	case d.Policy != DMARCNotAsked && !badRequest:
		if d.Subdomains == DMARCNotAsked {
			d.Subdomains = d.Policy
		}
		if d.NonExistent == DMARCNotAsked {
			d.NonExistent = d.Subdomains
		}
		d.Posture = d.Policy
		return
	case len(d.Aggregate) > 0:
		d.Posture, d.Policy, d.Subdomains, d.NonExistent = DMARCNone, DMARCNone, DMARCNone, DMARCNone
	default:
		d.Posture, d.Policy, d.Subdomains, d.NonExistent = DMARCInvalid, DMARCNotAsked, DMARCNotAsked, DMARCNotAsked
	}
	d.Findings.add(DMARCNoPolicy)
}

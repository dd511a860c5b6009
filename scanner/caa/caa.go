// Package caa reads CAA records (RFC 8659, RFC 9495, RFC 8657) and says what a set of them means: which issuers it
// names for which kind of certificate, and the posture it gives a domain.
//
// The scanner climbs from the name asked (Next), and with each level's answer decides if the climb is over (Relevant).
// The record data of the set it ends at goes through ParseRData, one Property a record, and all of them together
// through Judge, which gives the Set that travels on to the output. Hash tells which names hold the same set.
//
// What a CA may issue is decided from that later, as often as one likes: Decide takes the Evidence of a name, which is what
// its scan stored of each level, a Request, which says what the CA is asked for, and a Profile, which is a rule as data
// (profiles.yaml), and says if the CA may, why, and what record decided. Corroborate does so for several perspectives.
//
// The package is pure: octets in, values out, the same for every order of the records. It knows no CA, and of time only
// from which day on a profile is in force. The rules followed are those of the project's page spec/caa.md, cited by their
// numbers (R2.8), where readers disagree by those of the dispute (C13).
package caa

// Kind is a kind of certificate that CAA can restrict.
type Kind uint8

const (
	TLS         Kind = iota // a dNSName: issue
	TLSWildcard             // a wildcard dNSName: issuewild, or else issue (R2.11)
	SMIME                   // a mail address: issuemail (R2.13)
	VMC                     // a mark certificate: issuevmc (R2.14)
)

// Kinds is the number of kinds.
const Kinds = 4

// String returns the word that stands in files and on the command line.
func (k Kind) String() string { return [...]string{"tls", "tls-wildcard", "smime", "vmc"}[k] }

// Posture is what a domain's CAA says about one kind of certificate, free of any CA or rule profile (spec section 8).
type Posture uint8

const (
	NotApplicable Posture = iota // the name is invalid or out of scope, nothing was asked
	Absent                       // no set on the path
	Open                         // a set, nothing in it for this kind
	Restricted                   // at least one record for the kind names an issuer
	Closed                       // records for the kind, none of which names an issuer
	Blocked                      // an unknown critical property: no issuance of any kind
	Error                        // the look-up failed before a set was found
)

// String returns the word that stands in files.
func (p Posture) String() string {
	return [...]string{"not-applicable", "absent", "open", "restricted", "closed", "blocked", "error"}[p]
}

// Uniform returns the same posture for every kind.
func Uniform(p Posture) [Kinds]Posture { return [Kinds]Posture{p, p, p, p} }

// Property is one CAA record (R2.1).
type Property struct {
	Tag   string // as published; compare with Is
	Value string // octets, as published
	Flags uint8
}

// Param is one parameter of an issue-type value (R2.8).
type Param struct {
	Name, Value string // as published
}

// Syntax is how a value fits the grammar of its tag.
type Syntax uint8

const (
	WellFormed Syntax = iota
	Malformed         // R2.9: authorises no one, but restricts; for iodef and the contact tags: a value nobody can use
	Unchecked         // the tag is unknown, its value has no grammar
)

// String returns the word that stands in files.
func (s Syntax) String() string { return [...]string{"ok", "malformed", "unchecked"}[s] }

// Issuance is the value of a Property of one of the tags issue, issuewild, issuemail, issuevmc, read by the grammar
// (R2.8). A malformed one has neither issuer nor parameters.
type Issuance struct {
	Issuer string  // issuer-domain-name in lower case; "" if the value names nobody or is malformed
	Params []Param // in the order of the value
	Syntax Syntax
}

// Set is a CAA RRset with what it means. The zero Set holds no records. Copies share their slices, which nobody may
// write to; Add is the way to add a finding.
type Set struct {
	Properties []Property      // in the order given
	Issuances  []Issuance      // as long as Properties; for other tags than the four, only the Syntax of the value
	Issuers    [Kinds][]string // per kind: issuers named by the records that govern it, lower case, sorted, each once
	Posture    [Kinds]Posture
	Findings   []Finding // sorted, each once
	Traits     Traits
}

package caa

import "slices"

// Finding is the stable word for something that a person should look at in a set (spec section 8,
// research/questions.md).
type Finding string

// What Judge finds in the records.
const (
	MalformedValue   Finding = "malformed-value"    // issue, issuewild, issuemail or issuevmc outside the grammar (R2.9)
	UnknownTag       Finding = "unknown-tag"        // a tag that is not one of R2.6
	UnknownCritical  Finding = "unknown-critical"   // such a tag with the critical bit: no issuance of any kind (R2.5)
	ReservedFlagBits Finding = "reserved-flag-bits" // a flag bit other than the critical one is set (R2.1, C5)
	BadIodef         Finding = "bad-iodef"          // not a mailto, http or https URL (R2.15)
	BadContact       Finding = "bad-contact"        // not one mail address or one global phone number (R2.16)
)

// What the scanner finds in the way that led to the set.
const (
	Alias     Finding = "alias"     // the set stands at the end of a chain of aliases (R1.6)
	Inherited Finding = "inherited" // the set is that of an ancestor of the name (R1.3)
)

// Add adds f to the findings, which stay sorted, each once. Copies of the set made before keep theirs.
func (s *Set) Add(f Finding) {
	if at, found := slices.BinarySearch(s.Findings, f); !found {
		s.Findings = slices.Insert(slices.Clip(s.Findings), at, f) // clipped, so that Insert moves to a new array
	}
}

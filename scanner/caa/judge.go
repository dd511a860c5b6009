package caa

import (
	"slices"
)

// kindTags are the tags that restrict a kind of certificate, by kind. R2.11 says when issue stands in for issuewild.
var kindTags = [Kinds]Traits{TLS: TagIssue, TLSWildcard: TagIssueWild, SMIME: TagIssueMail, VMC: TagIssueVMC}

// Judge says what the relevant RRset of a name means. It keeps properties, which must not change any more. Their order
// bears on Properties and Issuances of the result only. Of no properties it makes the zero Set: an empty answer is no
// set, and the climb goes on (R1.3).
func Judge(properties []Property) Set {
	if len(properties) == 0 {
		return Set{}
	}
	s := Set{Properties: properties, Issuances: make([]Issuance, len(properties))}
	for i, p := range properties {
		tag := tagTrait(p.Tag)
		s.Traits |= tag
		s.readFlags(p, tag)
		s.Issuances[i] = s.readValue(p, tag)
	}
	for kind := range s.Issuers {
		slices.Sort(s.Issuers[kind])
		s.Issuers[kind] = slices.Compact(s.Issuers[kind])
	}
	if !s.Traits.Has(TagIssueWild) {
		s.Issuers[TLSWildcard] = s.Issuers[TLS] // R2.11
	}
	for kind := range Kinds {
		s.Posture[kind] = s.posture(Kind(kind))
	}
	return s
}

// readFlags notes what the flags of p show (R2.1, R2.5).
func (s *Set) readFlags(p Property, tag Traits) {
	if p.Reserved() != 0 {
		s.Traits |= FlagReserved
		s.Add(ReservedFlagBits)
	}
	switch {
	case !p.Critical():
	case tag == TagUnknown:
		s.Traits |= FlagCriticalUnknown
		s.Add(UnknownCritical)
	default:
		s.Traits |= FlagCriticalKnown
	}
}

// readValue reads the value of p, and adds its issuer to those named by its tag.
func (s *Set) readValue(p Property, tag Traits) Issuance {
	switch tag {
	case TagUnknown:
		s.Add(UnknownTag)
		return Issuance{Syntax: Unchecked}
	case TagIodef:
		return s.checked(usableIodef(p.Value), BadIodef)
	case TagContactEmail:
		return s.checked(isMailAddress(p.Value), BadContact)
	case TagContactPhone:
		return s.checked(isGlobalNumber(p.Value), BadContact)
	}
	issuance := ParseIssuance(p.Value)
	if issuance.Syntax == Malformed {
		s.Add(MalformedValue)
	}
	if issuance.Issuer != "" {
		kind := slices.Index(kindTags[:], tag)
		s.Issuers[kind] = append(s.Issuers[kind], issuance.Issuer)
	}
	for _, param := range issuance.Params {
		s.Traits |= paramTrait(tag, param.Name)
	}
	return issuance
}

// checked makes what stands in Issuances for a value that names no issuer, and adds the finding if it is not usable.
func (s *Set) checked(usable bool, otherwise Finding) Issuance {
	if usable {
		return Issuance{}
	}
	s.Add(otherwise)
	return Issuance{Syntax: Malformed}
}

// posture applies the rules of R2.5 and R2.9 to R2.14, once all records are read.
func (s *Set) posture(kind Kind) Posture {
	governing := kindTags[kind]
	if kind == TLSWildcard && !s.Traits.Has(TagIssueWild) {
		governing = TagIssue // R2.11
	}
	switch {
	case s.Traits.Has(FlagCriticalUnknown):
		return Blocked // R2.5; for mail and marks too (C24)
	case !s.Traits.Has(governing):
		return Open // R2.12
	case len(s.Issuers[kind]) > 0:
		return Restricted // R2.10: one record that names an issuer is enough
	default:
		return Closed // R2.9: malformed values restrict as empty ones do
	}
}

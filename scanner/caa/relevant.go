package caa

import (
	"math/bits"
	"strings"
)

// judgeSet says if the relevant RRset lets the CA issue (R2.5, R2.9 to R2.14). The level is for the caller to say.
func judgeSet(s *Set, req *Request, p *Profile) Decision {
	if p.CriticalKinds[req.Kind] {
		if i := p.unknownCritical(s); i >= 0 {
			return Decision{Permitted: p.UnknownCritical.verdict(), Reason: ForbiddenCritical, Record: i}
		}
	}
	tag := p.governing(s, req.Kind)
	if tag == 0 {
		return Decision{Permitted: Yes, Reason: NoRelevantProperty, Record: -1} // R2.12
	}
	honours := p.RFC8657[tagIndex(tag)].binds(req)
	other, empty, malformed := -1, -1, -1
	unmet, unmetAt := Unsatisfiable+1, -1
	for i := range s.Properties {
		if tagTrait(s.Properties[i].Tag) != tag {
			continue
		}
		value := p.issuance(s, i)
		switch {
		case value.Syntax == Malformed:
			first(&malformed, i)
		case value.Issuer == "":
			first(&empty, i)
		case !p.names(value.Issuer, req.Issuers):
			first(&other, i)
		default:
			why := Authorized
			if honours {
				why = p.meets(value.Params, req)
			}
			if why == Authorized { // one is enough (R2.9)
				return Decision{Permitted: Yes, Reason: Authorized, Record: i}
			}
			if why < unmet { // of several reasons the same one, in whatever order the records are
				unmet, unmetAt = why, i
			}
		}
	}
	switch {
	case unmetAt >= 0:
		return Decision{Permitted: p.Mismatch.verdict(), Reason: unmet, Record: unmetAt}
	case other >= 0:
		return Decision{Permitted: p.Mismatch.verdict(), Reason: NotAuthorized, Record: other}
	case empty >= 0:
		return Decision{Permitted: p.EmptyIssuer.verdict(), Reason: ExplicitDeny, Record: empty}
	default:
		return Decision{Permitted: p.MalformedOnly.verdict(), Reason: MalformedDeny, Record: malformed}
	}
}

// first keeps the first index.
func first(at *int, i int) {
	if *at < 0 {
		*at = i
	}
}

// unknownCritical returns the index of the first property that is critical with a tag the rule does not know, -1 if there
// is none (R2.5).
func (p *Profile) unknownCritical(s *Set) int {
	flagged := s.Traits&(FlagCriticalKnown|FlagCriticalUnknown) != 0
	if !flagged && (p.CriticalFlags == critical || !s.Traits.Has(FlagReserved)) {
		return -1
	}
	for i := range s.Properties {
		if s.Properties[i].Flags&p.CriticalFlags != 0 && !p.knows(s.Properties[i].Tag) {
			return i
		}
	}
	return -1
}

func (p *Profile) knows(tag string) bool {
	for _, known := range p.KnownTags {
		if equalFold(tag, known) { // R2.2
			return true
		}
	}
	return false
}

// governing returns the tag whose records govern the kind: the first of the rule's that the set holds; 0 if it has none.
func (p *Profile) governing(s *Set, kind Kind) Traits {
	for _, tag := range p.Governing[kind] {
		if s.Traits.Has(tag) {
			return tag
		}
	}
	return 0
}

// tagIndex is the place of a tag in knownTags, and of the first four in kindTags.
func tagIndex(tag Traits) int { return bits.TrailingZeros32(uint32(tag)) }

// names reports whether the issuer of a record is one of the CA's identifiers: the whole name (R2.10).
func (p *Profile) names(issuer string, identifiers []string) bool {
	for _, id := range identifiers {
		if issuer == id || !p.ExactIssuer && equalFold(issuer, id) {
			return true
		}
	}
	return false
}

// issuance reads the value of property i under the rule. Where rules agree, that is what Judge read.
func (p *Profile) issuance(s *Set, i int) Issuance {
	value, text := s.Issuances[i], s.Properties[i].Value
	if value.Syntax == Malformed && p.StraySemicolon {
		value = parseStray(text)
	}
	if p.NoParamHyphens {
		for _, param := range value.Params {
			if strings.IndexByte(param.Name, '-') >= 0 {
				return Issuance{Syntax: Malformed} // C7
			}
		}
	}
	if p.ExactIssuer && value.Issuer != "" {
		value.Issuer, _ = cutDomain(skipBlanks(text)) // as published (C6)
	}
	return value
}

// parseStray reads a value as ParseIssuance does, but for semicolons without a parameter, which it passes over (C13).
func parseStray(text string) Issuance {
	issuer, rest := cutDomain(skipBlanks(text))
	rest = skipBlanks(rest)
	value := Issuance{Issuer: strings.ToLower(issuer)}
	for rest != "" {
		if rest[0] != ';' {
			return Issuance{Syntax: Malformed}
		}
		if rest = skipBlanks(rest[1:]); rest == "" || rest[0] == ';' {
			continue
		}
		name, after := cutLabel(rest)
		after, equals := strings.CutPrefix(skipBlanks(after), "=")
		if name == "" || !equals {
			return Issuance{Syntax: Malformed}
		}
		var content string
		content, after = cutParamValue(skipBlanks(after))
		value.Params = append(value.Params, Param{Name: name, Value: content})
		rest = skipBlanks(after)
	}
	return value
}

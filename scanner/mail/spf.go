package mail

import "strings"

// SPFPosture is what a domain's SPF record says of a host that no mechanism of it lists.
type SPFPosture uint8

const (
	SPFNotAsked   SPFPosture = iota
	SPFAbsent                // no SPF record (result none, RFC 7208 2.6.1)
	SPFFail                  // -all
	SPFSoftFail              // ~all
	SPFNeutral               // ?all
	SPFPass                  // all or +all: every host may send
	SPFRedirect              // no all, but a redirect: the answer is another domain's
	SPFMissingAll            // neither all nor redirect: neutral by default (RFC 7208 4.7)
	SPFPermError             // several records, a syntax error, or too many look-ups: no result (RFC 7208 2.6.7)
	SPFError                 // the look-up failed
)

// String returns the word that stands in files.
func (p SPFPosture) String() string {
	return [...]string{"not-asked", "absent", "fail", "softfail", "neutral", "pass", "redirect", "missing-all",
		"permerror", "error"}[p]
}

// MaxSPFLookups is how many terms that ask the DNS a check may evaluate, those of records it is led to included, before
// it ends in permerror (RFC 7208 4.6.4).
const MaxSPFLookups = 10

// SPF is what the TXT records of a domain's own name say in SPF.
type SPF struct {
	Posture  SPFPosture
	Record   string   // the record; "" unless there is one and no more
	Includes []string // domain-specs of the mechanisms include among the first ten look-ups in force, as published
	Redirect string   // domain-spec of the redirect in force, as published; "" if there is none
	Lookups  int      // terms in force that ask the DNS: include, a, mx, ptr, exists and redirect (RFC 7208 4.6.4)
	Findings Findings
}

// ParseSPF reads the TXT records of a domain's own name. A term is in force if evaluation can reach it: a mechanism up
// to the first all, a redirect if there is no all at all. The posture is permerror where the record itself makes it
// so, which includes more than ten look-ups in force: the eleventh ends the check, and all is never reached. What
// records that it includes or redirects to add to that is not known here.
func ParseSPF(records []string) SPF {
	chosen := choose(records, isSPF, "v=spf1")
	s := SPF{Record: chosen.record}
	if chosen.near {
		s.Findings.add(SPFBadVersion)
	}
	switch {
	case chosen.count == 0:
		s.Posture = SPFAbsent
	case chosen.count > 1: // RFC 7208 4.5
		s.Posture = SPFPermError
		s.Findings.add(SPFMultiple)
	default:
		s.read()
	}
	return s
}

// isSPF reports whether a record begins with the version v=spf1, which a space or the record's end follows (RFC 7208
// 4.5), in whatever case, as the grammar's strings have none (RFC 5234 2.3).
func isSPF(record string) bool {
	rest, found := cutFolded(record, "v=spf1")
	return found && (rest == "" || rest[0] == ' ')
}

// read reads s.Record by the grammar of RFC 7208 4.6.1, to its end, wherever all may stand: a syntax error anywhere
// makes the whole record one (4.6).
//
//	record   = version terms *SP
//	terms    = *( 1*SP ( directive / modifier ) )
//	modifier = redirect / explanation / unknown-modifier
func (s *SPF) read() {
	result := SPFMissingAll // of the first all
	redirect, redirects, explanations, valid := "", 0, 0, true
	for rest := s.Record[len("v=spf1"):]; rest != ""; {
		var text string
		text, rest, _ = strings.Cut(rest, " ")
		if text == "" {
			continue
		}
		term, ok := parseTerm(text)
		if !ok {
			valid = false
			continue
		}
		switch term.kind {
		case redirectModifier:
			redirect = term.domain
			redirects++
		case explanationModifier:
			explanations++
		case unknownModifier: // ignored, wherever and however often (RFC 7208 6)
		case mistakenModifier: // ignored just so
			s.Findings.add(SPFMechanismAsModifier)
		default:
			result = s.mechanism(term, result)
		}
	}
	switch {
	case redirect == "":
	case result == SPFMissingAll:
		result = SPFRedirect
		s.Redirect = redirect
		s.Lookups++
	default: // RFC 7208 6.1: used only without all
		s.Findings.add(SPFRedirectIgnored)
	}
	s.Posture = result
	s.condemn(!valid, SPFSyntax)
	s.condemn(redirects > 1 || explanations > 1, SPFRepeatedModifier)
	s.condemn(s.Lookups > MaxSPFLookups, SPFTooManyLookups)
}

// mechanism takes a mechanism in, result being that of all if there was one before, and returns the result with it.
func (s *SPF) mechanism(term spfTerm, result SPFPosture) SPFPosture {
	if result != SPFMissingAll { // RFC 7208 5.1: mechanisms after all are never tested
		s.Findings.add(SPFTermsAfterAll)
		return result
	}
	switch term.kind {
	case allMechanism:
		return term.result
	case includeMechanism:
		if s.Lookups < MaxSPFLookups {
			s.Includes = append(s.Includes, term.domain)
		}
	case ptrMechanism:
		s.Findings.add(SPFPTR)
	}
	if term.kind.asks() {
		s.Lookups++
	}
	return result
}

// condemn makes the record a permanent error, if there is one.
func (s *SPF) condemn(failed bool, why Finding) {
	if failed {
		s.Posture = SPFPermError
		s.Findings.add(why)
	}
}

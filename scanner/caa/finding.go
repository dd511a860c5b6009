package caa

import (
	"slices"
	"strings"
)

// Finding is the stable word for something that a person should look at. A word never changes its meaning.
//
// The words come from two pages, and a script may have been written against either:
//
//   - The rules page, spec/caa.md section 8, has eight, with hyphens. They speak of classes: malformed-value is any value
//     outside the grammar. Judge finds them in the records, the scanner adds how it came to the set. They are Set.Findings
//     and, nothing besides, the flags of "caascan check".
//   - The page of questions, research/questions.md, has the others, with underscores. They speak of causes, so that an
//     owner can be told what to do: issuer_trailing_dot is one of the ways to be malformed. Diagnose finds them.
//
// What Diagnose returns, and the column findings holds, is both: a cause never takes the place of its class. Four facts
// stand on both pages (unknown-tag and unknown_tag, unknown-critical and critical_unknown_tag, reserved-flag-bits and
// reserved_flag_bits, alias and alias_supplied). There each has both words, for whoever asks for one of them must find it.
// A page for a person says it once: Essential leaves out what another finding about the same record says more exactly.
//
// One word has an argument: issuer_typo:letsencrypt.org.
type Finding string

// The words of the rules page that Judge finds in the records.
const (
	MalformedValue   Finding = "malformed-value"    // issue, issuewild, issuemail or issuevmc outside the grammar (R2.9)
	UnknownTag       Finding = "unknown-tag"        // a tag that is not one of R2.6
	UnknownCritical  Finding = "unknown-critical"   // such a tag with the critical bit: no issuance of any kind (R2.5)
	ReservedFlagBits Finding = "reserved-flag-bits" // a flag bit other than the critical one is set (R2.1, C5)
	BadIodef         Finding = "bad-iodef"          // not a mailto, http or https URL (R2.15)
	BadContact       Finding = "bad-contact"        // not one mail address or one global phone number (R2.16)
)

// The words of the rules page that the scanner finds in the way that led to the set.
const (
	Alias     Finding = "alias"     // the set stands at the end of a chain of aliases (R1.6)
	Inherited Finding = "inherited" // the set is that of an ancestor of the name (R1.3)
)

// The words of the page of questions, about the issuer that a value of the four issue tags names. Who is known is what a
// Registry knows.
const (
	IssuerUnknown      Finding = "issuer_unknown"           // well formed, but not an identifier of any known CA
	IssuerTypo         Finding = "issuer_typo"              // besides: so near to a known one that this may be meant; the argument
	IssuerDistrusted   Finding = "issuer_distrusted"        // known, but nobody goes by it now: distrusted, merged or gone
	IssuerNoSMIMETrust Finding = "issuer_no_smime_trust"    // in issuemail, where all owners are known not to honour it
	IssuerIsURL        Finding = "issuer_is_url"            // malformed: with a scheme or a slash
	IssuerIsHost       Finding = "issuer_is_host"           // begins with www. or mail., and that is not the only known form
	IssuerIsIP         Finding = "issuer_is_ip"             // an IP address; one of IPv4 fits the grammar
	IssuerTrailingDot  Finding = "issuer_trailing_dot"      // malformed: a domain name and a dot
	IssuerList         Finding = "issuer_list_in_one_value" // malformed: two or more domain names
	IssuerUppercase    Finding = "issuer_uppercase"         // well formed; some CAs compare octet by octet (C6)
	IssuerIDN          Finding = "issuer_idn"               // an A-label; or malformed, with characters beyond ASCII
)

// The words of the page of questions, about the rest of a value.
const (
	ValueQuotes              Finding = "value_quotes"               // of the issue tags or iodef: quotation marks within
	ValueEmpty               Finding = "value_empty"                // of a known tag: nothing, or blanks only. A semicolon is not empty
	ValueNonASCII            Finding = "value_nonascii"             // of the issue tags, iodef or contactphone: an octet above 127
	ValueWhitespace          Finding = "value_whitespace"           // of the same: blanks around it or within a name, other white space anywhere
	ParamSyntax              Finding = "param_syntax"               // malformed: what stands behind the first semicolon (C13 too)
	ParamDuplicateAccountURI Finding = "param_duplicate_accounturi" // in one record of issue or issuewild: can never fit (R2.17)
	ValidationMethodsUnknown Finding = "validationmethods_unknown"  // a label neither registered nor with ca-, or no label (R2.17, R2.18)
)

// The words of the page of questions, about flags, tags and iodef.
const (
	FlagBitsReserved   Finding = "reserved_flag_bits"   // the same fact as ReservedFlagBits
	CriticalUnknownTag Finding = "critical_unknown_tag" // the same fact as UnknownCritical
	TagNotKnown        Finding = "unknown_tag"          // the same fact as UnknownTag
	TagNonAlnum        Finding = "tag_nonalnum"         // with other characters than ASCII letters and digits (R2.3)
	TagMixedCase       Finding = "tag_mixed_case"       // with a capital letter (R2.2)
	IodefMissing       Finding = "iodef_missing"        // no such record in the set
	IodefNoScheme      Finding = "iodef_no_scheme"      // not empty, and no scheme in front
	IodefBadScheme     Finding = "iodef_bad_scheme"     // another scheme than mailto, http and https
)

// The words of the page of questions, about records beside each other. Two records say the same if their tags do, their
// issuer, and their parameters in the same order, or else their values octet by octet.
const (
	DenyBesideAllow       Finding = "deny_beside_allow"       // names nobody, where another of its tag names somebody: inert (R2.9)
	DuplicateRecord       Finding = "duplicate_record"        // says the same as another, with the same flags
	FlagConflict          Finding = "flag_conflict"           // says the same as another, with other flags
	IssueWithoutIssuemail Finding = "issue_without_issuemail" // any CA may issue for mail (R2.13), whether the name takes mail or not
	IssuemailWithoutIssue Finding = "issuemail_without_issue" // any CA may issue for TLS (R2.12)
	IssuewildWithoutIssue Finding = "issuewild_without_issue" // any CA may issue for names without a star (R2.11)
	RestrictsNothing      Finding = "restricts_nothing"       // open for TLS, wildcards and mail (issuevmc alone, too)
	SingleOwner           Finding = "single_owner"            // all known issuers for TLS are identifiers of one group alone
	AllUnknownLockedOut   Finding = "all_unknown_locked_out"  // a tag with no known issuer left, and nobody is denied on purpose; or all is blocked
)

// The words of the page of questions, about the way to the set.
const (
	AliasSupplied  Finding = "alias_supplied"  // the same fact as Alias
	SuffixSupplied Finding = "suffix_supplied" // the set of a public suffix, or above one, governs a name below it
	TTLOver8h      Finding = "ttl_over_8h"     // a CA may rely on the set for longer than it otherwise could (R3.3)
	TTLZero        Finding = "ttl_zero"
	OversizeUDP    Finding = "oversize_udp"    // the reply was truncated, or is over 1232 octets (R1.12)
	NSInconsistent Finding = "ns_inconsistent" // the servers of the zone do not agree; needs all of them to be asked
)

// The words of the page of questions that no single name shows. The analysis finds them in a whole scan.
const (
	SharedOperatorRRset Finding = "shared_operator_rrset" // many names of one operator have this very set
	InjectedRRset       Finding = "injected_rrset"        // the operator adds records to those of the owner
	IodefUnresolvable   Finding = "iodef_unresolvable"    // needs look-ups of the names in iodef
)

// Cut returns the word without its argument, and the argument.
func (f Finding) Cut() (word Finding, argument string) {
	before, argument, _ := strings.Cut(string(f), ":")
	return Finding(before), argument
}

// Add adds f to the findings, which stay sorted, each once. Copies of the set made before keep theirs.
func (s *Set) Add(f Finding) {
	if at, found := slices.BinarySearch(s.Findings, f); !found {
		s.Findings = slices.Insert(slices.Clip(s.Findings), at, f) // clipped, so that Insert moves to a new array
	}
}

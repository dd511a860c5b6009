package record

import "github.com/caascan/caascan/scanner/wire"

// Outcome is what became of one look-up (spec rule R1.9). It reaches disk by its word; new outcomes go to the end.
type Outcome uint8

const (
	Found       Outcome = iota // records of the type asked, at the name or at the end of its alias chain
	NoData                     // the name exists, records of the type do not
	NXDomain                   // the name, or the target of its alias chain, does not exist
	Timeout                    // no server of a zone answered in time
	ServFail                   // the servers answered SERVFAIL
	Refused                    // the servers answered REFUSED
	Lame                       // the servers do not serve the zone that was delegated to them, or have no address
	FormErr                    // the servers answered FORMERR, also to a query without EDNS
	NotImp                     // the servers answered NOTIMP
	OtherRCode                 // another response code
	Malformed                  // replies that cannot be read, or records of the type asked whose data cannot (C14)
	Unreachable                // packets could not be delivered
	Truncated                  // TC set, and TCP was not completed (C21)
	AliasLoop                  // the chain of aliases comes back to itself
	AliasLong                  // the chain of aliases is longer than we follow
	WorkBound                  // a bound on the work for one name was hit; Answer.Cause says which
	Bogus                      // DNSSEC validation failed
	Skipped                    // opted out, nothing was asked
	NotAsked                   // whoever measured did not ask, as tools do that know of no climb; a scan of caascan's own has none
)

var outcomeWords = [...]string{
	Found: "found", NoData: "nodata", NXDomain: "nxdomain", Timeout: "timeout", ServFail: "servfail", Refused: "refused",
	Lame: "lame", FormErr: "formerr", NotImp: "notimp", OtherRCode: "rcode", Malformed: "malformed",
	Unreachable: "unreachable", Truncated: "truncated", AliasLoop: "loop", AliasLong: "long_chain", WorkBound: "skipped",
	Bogus: "bogus", Skipped: "blocked", NotAsked: "not_asked",
}

// Outcomes is the number of outcomes.
const Outcomes = len(outcomeWords)

// String returns the word that stands in files.
func (o Outcome) String() string { return outcomeWords[o] }

// OutcomeOf is the failure that a response code other than NOERROR and NXDOMAIN stands for.
func OutcomeOf(code wire.RCode) Outcome {
	switch code {
	case wire.ServFail:
		return ServFail
	case wire.Refused:
		return Refused
	case wire.FormErr:
		return FormErr
	case wire.NotImp:
		return NotImp
	}
	return OtherRCode
}

// Failed reports whether the look-up did not show if there are records. NXDOMAIN and NODATA are no failures.
func (o Outcome) Failed() bool { return o > NXDomain }

// ClientRCode is the code that a client of a recursive resolver would see.
func (o Outcome) ClientRCode() wire.RCode {
	switch o {
	case Found, NoData:
		return wire.NoError
	case NXDomain:
		return wire.NXDomain
	default:
		return wire.ServFail
	}
}

// Security is the DNSSEC state of an answer (RFC 4035 4.3, spec rule R6.1). The zero value claims nothing.
type Security uint8

const (
	Indeterminate Security = iota
	Secure
	Insecure
	BogusData
)

// String returns the word that stands in files.
func (s Security) String() string {
	return [...]string{"indeterminate", "secure", "insecure", "bogus"}[s]
}

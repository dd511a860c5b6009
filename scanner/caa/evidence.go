package caa

// Evidence is what a scan stored of one name, as far as a verdict depends on it. It holds no record type, so that it can
// be made from a scan's records and from its files alike, and nothing in it is written to. The zero Evidence is that of a
// name about which nothing was asked.
type Evidence struct {
	Scope  Scope
	Labels uint8   // of the name asked (R1.2): Levels[i] is the name with Labels-i labels
	Suffix uint8   // labels of its public suffix, for rules that stop there (C2); 0: not known, then the top-level domain
	Levels []Level // from the name upwards: the order of judging (R1.10)
}

// Scope says if there is a look-up at all for what was asked (R1.2).
type Scope uint8

const (
	InScope     Scope = iota
	InvalidName       // no name: a label too long, an empty one, a character that cannot be
	OutOfScope        // no CAA look-up exists for it: an IP address, an address literal, a name below onion
)

// Level is what the look-up of CAA showed for one name of the climb.
type Level struct {
	Outcome   Outcome
	Security  Security
	SHA1      SHA1
	Attempts  uint8    // exchanges with the servers that decided; R3.4 asks for a second one of a failure
	Aliased   bool     // a CNAME or DNAME led away from the name (R1.6)
	Truncated bool     // a reply had TC set, whether or not TCP was completed after it (C21)
	EDE       []uint16 // info codes of the extended DNS errors (RFC 8914) beside the answer, in any order
	Set       *Set     // what Judge made of the records; nil if there are none. With BadRData: of those that can be read
}

// Outcome is what became of the look-up of one level (R1.9). The zero value says that there was none.
type Outcome uint8

const (
	NotAsked    Outcome = iota // nobody asked: opted out, or whoever measured had no need to
	Found                      // a CAA set, at the name or at the end of its aliases
	NoData                     // no CAA at the final owner
	NXDomain                   // the name, or the target of its aliases, does not exist
	Timeout                    // no reply in time
	Unreachable                // packets could not be delivered
	ServFail                   // response code SERVFAIL
	Refused                    // response code REFUSED
	NotImp                     // response code NOTIMP
	FormErr                    // response code FORMERR
	OtherRCode                 // any other response code
	Lame                       // the servers do not serve the zone, or have no address
	AliasLoop                  // the aliases come back to themselves
	AliasLong                  // more aliases than a resolver follows
	Truncated                  // TC set, and TCP not completed (C21)
	BadMessage                 // a reply that cannot be read: QR clear, ID or question mismatch, no message
	BadRData                   // a CAA record whose data cannot be read (R2.3, C14)
	WorkBound                  // a bound of the scan's own on the work for one name was hit (R6.9)
	BogusData                  // DNSSEC validation failed (R6.1)
)

// outcomeWords are those that stand in the files of a scan.
var outcomeWords = [...]string{
	NotAsked: "blocked", Found: "found", NoData: "nodata", NXDomain: "nxdomain", Timeout: "timeout",
	Unreachable: "unreachable", ServFail: "servfail", Refused: "refused", NotImp: "notimp", FormErr: "formerr",
	OtherRCode: "rcode", Lame: "lame", AliasLoop: "loop", AliasLong: "long_chain", Truncated: "truncated",
	BadMessage: "malformed", BadRData: "malformed_rdata", WorkBound: "skipped", BogusData: "bogus",
}

// Outcomes is the number of outcomes.
const Outcomes = len(outcomeWords)

// String returns the word that stands in files.
func (o Outcome) String() string { return outcomeWords[o] }

// notAsked is the word of NotAsked where the reason is another than that somebody opted out.
const notAsked = "not_asked"

// OutcomeOf returns the outcome with the given word.
func OutcomeOf(word string) (Outcome, bool) {
	if word == notAsked {
		return NotAsked, true
	}
	for o, w := range outcomeWords {
		if w == word {
			return Outcome(o), true
		}
	}
	return 0, false
}

// answered reports whether the look-up showed if there is a set.
func (o Outcome) answered() bool { return o == Found || o == NoData || o == NXDomain }

// silent reports whether the failure is one without any reply: the column "timeout" of the profiles, where the others are
// "SERVFAIL etc.".
func (o Outcome) silent() bool { return o == Timeout || o == Unreachable }

// Security is the DNSSEC state of a level (R6.1). Of a failure it is that of the zone whose servers fail (R6.3). The zero
// value claims nothing.
type Security uint8

const (
	NotValidated  Security = iota // nobody tried: validation was off, or lazy and nothing depended on it
	Secure                        // the chain of trust holds; of a failure: the zone is proven to be signed
	Insecure                      // proven to have no chain of trust
	Bogus                         // there should be a chain, and validation fails
	Indeterminate                 // tried, and cannot tell
)

// Securities is the number of states.
const Securities = 5

// String returns the word that stands in files, which has none for NotValidated: there a reason tells it from Indeterminate.
func (s Security) String() string {
	return [...]string{"indeterminate", "secure", "insecure", "bogus", "indeterminate"}[s]
}

// SecurityOf returns the state that a scan stored by two words: that of the state, and that of the reason for it.
func SecurityOf(word, reason string) (Security, bool) {
	switch word {
	case "secure":
		return Secure, true
	case "insecure":
		return Insecure, true
	case "bogus":
		return Bogus, true
	case "indeterminate":
		switch reason {
		case "not-validated":
			return NotValidated, true
		case "signed-zone": // the look-up failed in a zone that is proven signed
			return Secure, true
		}
		return Indeterminate, true
	}
	return 0, false
}

// SHA1 says if the chain of trust of a level rests on SHA-1: on a zone all of whose DS records are for algorithms 5 and 7
// (R6.6, C15). The zero value: not known.
type SHA1 uint8

const (
	SHA1NotKnown SHA1 = iota
	SHA1Avoided       // every zone of the chain has a DS with a better algorithm, or there is no chain
	SHA1Only          // some zone of the chain has none
)

// hints is what the extended DNS errors of a level say together, one bit for each meaning that bears on a verdict (the
// table of R7.1).
type hints uint8

const (
	hintBogus         hints = 1 << iota // validation failed
	hintIndeterminate                   // the resolver could not tell the state
	hintPolicy                          // the resolver forged, blocked, censored or filtered (R7.3)
)

// hintsOf reads the codes. All others leave a verdict as it is: 1, 2 and 27 say that a validator gave up, which is Insecure
// by our own state if it is; 3 and 19 that old data was used, which is to be shown, no more (R7.2); 20 to 24 that servers
// are at fault, which the outcome says too; what is left is unclear. No code ever speaks for permission (R7.1).
func hintsOf(codes []uint16) (h hints) {
	for _, code := range codes {
		switch code {
		case 6, 7, 8, 9, 10, 11, 12, 25:
			h |= hintBogus
		case 5:
			h |= hintIndeterminate
		case 4, 15, 16, 17, 18:
			h |= hintPolicy
		}
	}
	return h
}

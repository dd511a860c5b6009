package caa

import "time"

// Profile is one reading of the rules, as data: a row of the spec's profile table, a what-if, the practice of one CA. Each
// of its fields is a key of profiles.yaml, whose comments tell the keys and their words. Profiles are made by ReadProfiles
// only, and do not change.
//
// Of the disputed points C1 to C25 those are fields that the evidence can decide. The others are not:
//
//   - C4, SERVFAIL from a proven-Insecure domain: the cell servfail-insecure is the side taken.
//   - C8 and C18, which tags are known, security among them: KnownTags.
//   - C9: RFC8657. C17: that RFC8657 goes by tags; whatever else a CA reads from the parameters of issuemail is its own.
//   - C16, NSEC3 iterations, and C23, skew on signature times: settings of the validator that made the evidence.
//   - C19, the third condition outside TLS: the cell indeterminate.
//   - C20, spaces in contactphone: a finding; such a property never restricts.
//   - C22, how many retries and how long: Tries says how many; how long they were apart is not in the evidence.
type Profile struct {
	Name    string
	From    time.Time // in force since, midnight UTC; zero: no such day
	Binding bool      // CAs are bound to it from that day on: ForTime chooses among these
	Source  string    // the text it follows
	Note    string    // what sets it apart from others

	// The climb.
	AliasTargets bool // the ancestors of alias targets are climbed as well (R1.8)
	BelowSuffix  bool // the public suffix and what is above it are not asked (C2), unless it is the name itself
	TLDMustExist bool // NXDOMAIN for a top-level domain is a failure (C1)

	// What a failure means, by [state of the zone][kind of failure].
	Failures    [states][2]Effect
	Bogus       Effect // Deny or Undefined; never more (R6.8)
	Tries       uint8  // exchanges without which a failure is no permission (R3.4, C22)
	TooFewTries Effect // what a failure with fewer means: Deny or Undefined
	PlainReason bool   // failures have the reason Failure, whatever the state

	UDPOnly         bool // a truncated reply is a failure, even if TCP would have completed it (C21)
	SkipBadRData    bool // records that cannot be read are passed over; otherwise they are a failure (C14)
	SHA1Unsupported bool // a chain of trust that rests on SHA-1 is none (C15)

	// What a set means.
	Governing      [Kinds][]Traits // tags of each kind: the first that a set holds governs; none: the kind is not covered
	KnownTags      []string        // those whose critical bit does not forbid issuance (R2.6, C8)
	CriticalFlags  uint8           // flag bits that make a property critical (C5)
	CriticalKinds  [Kinds]bool     // kinds that an unknown critical property forbids (C24)
	ExactIssuer    bool            // issuers are compared octet by octet (C6)
	NoParamHyphens bool            // a hyphen in a parameter's name makes the value malformed (C7)
	StraySemicolon bool            // semicolons without a parameter are no harm (C13)

	// What is not authorised, by why: Deny, or Undefined where checking is a SHOULD.
	UnknownCritical, Mismatch, EmptyIssuer, MalformedOnly Effect

	// RFC 8657.
	RFC8657           [Kinds]Duty // by tag, in the order of kindTags (R2.17, R3.7, C9)
	ExactParamName    bool        // parameter names are compared octet by octet (C11)
	FoldMethods       bool        // labels of methods are compared without regard to case (C10)
	RepeatedMethods   bool        // of several validationmethods in one record one that fits is enough (C12)
	SkipIllFormed     bool        // an ill-formed label in a list is passed over as an unknown one is (C12)
	ParentAccount     bool        // an accounturi may name a parent of the asking account (C25)
	OperatorException bool        // a CA that runs the domain's DNS may leave CAA aside (R3.12)

	MPIC []MPIC // phases of multi-perspective corroboration, in order of time (R3.6); none: not asked for
}

// state is the security of a zone whose servers fail.
type state uint8

const (
	stateSigned state = iota
	stateInsecure
	stateIndeterminate

	states
)

// The kinds of failure that the profile table tells apart.
const (
	replied = iota // SERVFAIL etc.
	silent         // no reply
)

// Effect is what a rule makes of a failure, or of a set that authorises nobody who asks: a cell of the profile table.
type Effect uint8

const (
	Undefined Effect = iota // U: the rule does not say
	Deny                    // D
	Choice                  // M: the CA may take it as permission for the whole check (R3.5), or not
	Continue                // the level counts as empty, and the climb goes on: the other side of C3
)

// verdict is what Deny and Undefined come to.
func (e Effect) verdict() Verdict {
	if e == Deny {
		return No
	}
	return Undetermined
}

// Duty says who must process the parameters of RFC 8657.
type Duty uint8

const (
	Ignored Duty = iota // nobody: they are void
	PerCA               // those who say so (Request.HonoursRFC8657)
	Should              // the same; all others SHOULD, which changes no verdict (R3.7)
	Must                // all
)

// MPIC is what is demanded of remote perspectives from a day on (R3.6).
type MPIC struct {
	From    time.Time
	Remotes int  // at least so many are asked
	Regions int  // those that corroborate are in at least so many RIR regions
	Binding bool // without corroboration there is no issuance; before, there may be
}

// Covers reports whether the profile says anything about certificates of the kind.
func (p *Profile) Covers(kind Kind) bool { return len(p.Governing[kind]) > 0 }

// MPICAt returns what is demanded of remote perspectives at t; the zero MPIC if nothing is.
func (p *Profile) MPICAt(t time.Time) MPIC {
	var rule MPIC
	for _, phase := range p.MPIC {
		if t.Before(phase.From) {
			break
		}
		rule = phase
	}
	return rule
}

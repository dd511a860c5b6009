package caa

// Verdict says if a CA may issue.
type Verdict uint8

const (
	Undetermined Verdict = iota // the rule leaves it to the CA, says nothing, or the evidence does not
	Yes
	No
)

// String returns the word that stands in files.
func (v Verdict) String() string { return [...]string{"unknown", "true", "false"}[v] }

// Reason is why a verdict is as it is (spec section 8). It reaches disk by its word; new reasons go to the end.
type Reason uint8

const (
	NoCAA              Reason = iota // no set on the path, nor a failure
	NoRelevantProperty               // a set, nothing in it for the kind (R2.12)
	Authorized                       // a record names the CA, and its parameters are met (R2.10)
	NotAuthorized                    // some record names another issuer, none the CA
	ExplicitDeny                     // only empty issuers, or empty and malformed (R2.9)
	MalformedDeny                    // only malformed values (R2.9)
	ForbiddenCritical                // a critical property that the CA does not know (R2.5)
	WrongAccount                     // a record of the CA has an accounturi that is not the asking account (R2.17)
	WrongMethod                      // a record of the CA does not list the validation method in use (R2.17)
	Unsatisfiable                    // a record of the CA has parameters that nobody can meet (R2.17)

	FailureSigned        // the look-up failed, in a zone that is proven signed
	FailureInsecure      // the look-up failed, in a zone that is proven unsigned: the only case of permission (R3.4)
	FailureIndeterminate // the look-up failed, and the state is not known
	FailureUnretried     // the look-up failed, and was not tried again, which R3.4 demands
	Failure              // the look-up failed, under a rule that knows no such distinctions (rfc8659)
	DNSSECBogus          // validation failed: a stop, whatever the data (R6.8)
	ResolverPolicy       // the resolver says that it does not tell what the domain publishes (R7.3)

	OperatorException // the CA runs the domain's DNS and may leave CAA aside (R3.12)

	MPICQuorum        // too many remote perspectives do not corroborate (R3.6)
	MPICRegion        // those that do are in too few regions (R3.6)
	MPICCount         // too few remote perspectives were asked (R3.6)
	MPICFailureChoice // it depends on failures that the CA may count as corroboration (R3.6)

	ScopeExcluded // there is no CAA look-up for what was asked (R1.2)
	NameInvalid   // what was asked is no name (R1.2)

	// NotStored is a word of ours, not one of the spec's: the verdict depends on a look-up that the scan did not make.
	// That is an ancestor of an alias's target under the climb of RFC 6844 (R1.8), a level above a failure that the
	// rule would not stop at, or all of them, where the name was opted out.
	NotStored
)

var reasonWords = [...]string{
	NoCAA: "no-caa", NoRelevantProperty: "no-relevant-property", Authorized: "authorized", NotAuthorized: "not-authorized",
	ExplicitDeny: "explicit-deny", MalformedDeny: "malformed-deny", ForbiddenCritical: "unknown-critical",
	WrongAccount: "param-accounturi", WrongMethod: "param-validationmethods", Unsatisfiable: "param-unsatisfiable",
	FailureSigned: "lookup-failure-signed", FailureInsecure: "lookup-failure-insecure",
	FailureIndeterminate: "lookup-failure-indeterminate", FailureUnretried: "lookup-failure-unretried",
	Failure: "lookup-failure", DNSSECBogus: "dnssec-bogus", ResolverPolicy: "resolver-policy",
	OperatorException: "exception-dns-operator", MPICQuorum: "mpic-quorum", MPICRegion: "mpic-rir", MPICCount: "mpic-count",
	MPICFailureChoice: "mpic-failure-choice", ScopeExcluded: "out-of-scope", NameInvalid: "invalid-name",
	NotStored: "not-stored",
}

// Reasons is the number of reasons.
const Reasons = len(reasonWords)

// String returns the word that stands in files.
func (r Reason) String() string { return reasonWords[r] }

// Retry is what asking again could change.
type Retry uint8

const (
	RetryNothing   Retry = iota // the verdict rests on what the domain publishes, or on what asking again does not mend
	RetryMayAnswer              // the look-up failed, or was not made: there could be an answer
	RetryMayPermit              // as before; and a second failure would be one that the CA may take as permission (R3.4)
)

// String returns the word that stands in files.
func (r Retry) String() string { return [...]string{"nothing", "may-answer", "may-permit"}[r] }

// Decision is what Decide and Corroborate say.
type Decision struct {
	Permitted Verdict
	Reason    Reason
	Retry     Retry
	Choice    bool // the rule leaves it to the CA (cell M), whether or not Request.OnFailure has chosen
	Level     int  // index in Evidence.Levels of the level that decided; -1 if none did
	Record    int  // index in the Properties of that level's set of the record that decided; -1 if none did
}

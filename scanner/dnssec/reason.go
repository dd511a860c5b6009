package dnssec

// Reason says why a verdict is as it is. It reaches disk by its word; new reasons go to the end.
type Reason uint8

const (
	None Reason = iota // secure, or nothing to say

	// Why data are bogus (RFC 4035 4.3).
	Expired        // the signature's time is over
	NotYetValid    // the signature's time is still to come
	NoSignature    // there is no RRSIG where the zone is signed
	BadSignature   // signatures are there, none is right
	NoMatchingKey  // signatures are there, none by a key of the zone
	WrongSigner    // signatures are there, all by another zone
	NoMatchingDS   // no DNSKEY is one that a DS or trust anchor vouches for
	NoDNSKEY       // there is a DS, but no DNSKEY RRset
	DenialMissing  // an empty answer, or a wildcard's, without NSEC or NSEC3 records
	DenialWrong    // with some that do not prove it
	DenialUnsigned // with some whose signatures are not right
	BadDNAME       // a CNAME said to come from a DNAME does not (RFC 6672 5.3.1)

	// Why data are insecure.
	NoDS                 // a delegation that is proven to have no DS
	OptOut               // in an opt-out span, where unsigned names may be (RFC 5155 9.2)
	UnsupportedAlgorithm // no DS of the zone has an algorithm we know (RFC 4035 5.2)
	UnsupportedDigest    // no DS of the zone has a digest we know (RFC 6840 5.2)
	Iterations           // NSEC3 with more iterations than we count (RFC 9276 3.2)
	NoAnchor             // no trust anchor at the name or above

	// Why nothing can be told.
	WorkLimit        // a Budget was used up
	ChainUnreachable // a DS or DNSKEY RRset could not be had
	SignedZone       // the look-up failed, in a zone that is proven signed
	NotValidated     // validation is off, or in lazy mode nothing depends on it
)

var reasonWords = [...]string{
	None: "", Expired: "expired", NotYetValid: "not-yet-valid", NoSignature: "no-signature", BadSignature: "bad-signature",
	NoMatchingKey: "no-matching-key", WrongSigner: "wrong-signer", NoMatchingDS: "no-matching-ds", NoDNSKEY: "no-dnskey",
	DenialMissing: "denial-missing", DenialWrong: "denial-wrong", DenialUnsigned: "denial-unsigned", BadDNAME: "bad-dname",
	NoDS: "no-ds", OptOut: "opt-out", UnsupportedAlgorithm: "unsupported-algorithm", UnsupportedDigest: "unsupported-digest",
	Iterations: "iterations", NoAnchor: "no-anchor",
	WorkLimit: "work-limit", ChainUnreachable: "chain-unreachable", SignedZone: "signed-zone", NotValidated: "not-validated",
}

// Reasons is the number of reasons.
const Reasons = len(reasonWords)

// String returns the word that stands in files.
func (r Reason) String() string { return reasonWords[r] }

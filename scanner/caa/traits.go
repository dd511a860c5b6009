package caa

// Traits says in one word what occurs in a set, for those who count sets. The bits may stand in files: new ones go to
// the end.
type Traits uint32

// The tags of the set. The first seven stand in the order of knownTags.
const (
	TagIssue Traits = 1 << iota
	TagIssueWild
	TagIssueMail
	TagIssueVMC
	TagIodef
	TagContactEmail
	TagContactPhone
	TagUnknown // a tag that is not one of R2.6, the reserved ones (R2.7) and odd ones (R2.3) among them

	// The parameters of well-formed values. Names are compared without regard to case: the bit says what the
	// publisher asks for, not what a CA honours (C11).
	ParamAccountURI        // accounturi on issue or issuewild (R2.17)
	ParamValidationMethods // validationmethods on issue or issuewild (R2.17)
	ParamOther             // any other, also these two on issuemail or issuevmc, where RFC 8657 does not reach (C17)

	// The flags.
	FlagCriticalKnown   // the critical bit on a known tag, where it changes nothing (R2.5)
	FlagCriticalUnknown // the critical bit on an unknown tag: no issuance of any kind (R2.5)
	FlagReserved        // a reserved bit, on any tag (R2.1)
)

// Has reports whether all the given bits are set.
func (t Traits) Has(bits Traits) bool { return t&bits == bits }

// knownTags are the tags of our generic CA (R2.6).
var knownTags = [...]string{"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"}

// tagTrait returns the bit of a tag.
func tagTrait(tag string) Traits {
	for i, known := range knownTags {
		if equalFold(tag, known) {
			return 1 << i
		}
	}
	return TagUnknown
}

// paramTrait returns the bit of a parameter with the given name in a value of the given tag.
func paramTrait(tag Traits, name string) Traits {
	reaches := tag == TagIssue || tag == TagIssueWild // R2.17
	switch {
	case reaches && equalFold(name, "accounturi"):
		return ParamAccountURI
	case reaches && equalFold(name, "validationmethods"):
		return ParamValidationMethods
	default:
		return ParamOther
	}
}

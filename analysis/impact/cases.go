package impact

import (
	"slices"

	"github.com/caascan/caascan/analysis"
)

// Case is a Question ready to be asked.
type Case struct {
	Name    string // on the command line
	Title   string
	Text    []string
	Changes func() []analysis.Change
}

// Cases are the changes of rules that hit most names, as of 2026.
var Cases = []Case{
	{
		Name: "smime-mandatory", Title: "CAA became mandatory for S/MIME (2025-03-15)", Changes: analysis.IssueMailMandatory,
		Text: []string{
			"The change. Ballot SMC05 brought issuemail (RFC 9495) into the S/MIME Baseline Requirements. From 2024-09-15 a CA SHOULD check CAA before it issues a " +
				"certificate for a mail address, since 2025-03-15 it SHALL (4.2.2.1).",
			"What \"before\" means. Under a SHOULD a CA that the records do not name may issue or not, so that the verdict before is open where some record names " +
				"another issuer: it is not known who issued. Some CAs checked earlier than they had to. Nothing is said of the time before 2024-09-15, when there was " +
				"no duty at all. Where no record names anybody (issuemail \";\"), or a critical property is not known, the profile denies before and after.",
			"Who loses. Issuers that are not named where issuemail stands: now forbidden. Domains with issue alone lose nothing: without issuemail in the relevant set " +
				"every CA may issue for mail (R2.13).",
		},
	},
	{
		Name: "dnssec-mandatory", Title: "DNSSEC validation became mandatory (2026-03-15)", Changes: analysis.ValidationMandatory,
		Text: []string{
			"The change. Since 2026-03-15 the primary perspective of a CA validates DNSSEC on every CAA look-up, up to the IANA root, and a validation error is never " +
				"permission to issue (ballots SC85v2 for TLS, SMC014 for S/MIME).",
			"What \"before\" means. Nobody had to validate: a CA that did saw a failure in a signed zone and did not issue, another one used the data as they came. What data " +
				"that would have been is not in the evidence, so that the verdict before is open. Failed look-ups in signed zones forbade issuance before as they do now, " +
				"and are not counted as changed.",
			"Who loses. Names whose data do not validate, with whatever CA, named or not: now forbidden, until their operator repairs the zone.",
		},
	},
}

// CaseByName returns the case with that name.
func CaseByName(name string) (Case, bool) {
	i := slices.IndexFunc(Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return Case{}, false
	}
	return Cases[i], true
}

// Question is the case as a question.
func (c *Case) Question() Question {
	return Question{Title: c.Title, Text: slices.Clone(c.Text), Changes: c.Changes()}
}

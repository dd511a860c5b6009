package main

import (
	"strings"

	"github.com/miekg/dns"
)

// explanation is a kind of disagreement that is known, and why neither side is wrong, or why it is not caascan.
type explanation struct {
	name    string
	why     string
	applies func(d *disagreement) bool
}

// explanations are all that is known. Each is as narrow as can be: what it does not match stays unexplained.
var explanations = []explanation{
	{
		name: "failure in a bogus zone",
		why: "the look-up ends in SERVFAIL for both; Unbound meets the failure (a lame server, a loop of aliases) before it validates, " +
			"caascan has found the chain of trust broken by then and says so",
		applies: func(d *disagreement) bool {
			return d.kind == differSecurity && d.theirs.verdict == failure && d.ours.verdict == bogus && d.chain == bogus
		},
	},
	{
		name: "SHA-1 beside SHA-256",
		why: "the DS of digest 2 is wrong and that of digest 1 right: caascan ignores the latter (RFC 4509 3), " +
			"Unbound takes any that fits unless harden-algo-downgrade is set",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "ds sha256 wrong beside sha1" && d.theirs.verdict != bogus && d.ours.bogusBy("no-matching-ds")
		},
	},
	{
		name: "DS of a name made from a wildcard that claims to be a delegation",
		why: "what a wildcard with NS means is not defined (RFC 4592 4.2); caascan takes NSEC at its word for DS, which RFC 6840 4.1 excepts, " +
			"and refuses NSEC3 since the closest encloser has NS too (RFC 5155 8.3); Unbound has it the other way round",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "bitmaps of a delegation" && d.name == d.zone.in("made.wild") && d.typ == dns.TypeDS &&
				(d.zone.denial.nsec3 && d.theirs.verdict == secure && d.ours.bogusBy("denial-wrong") ||
					!d.zone.denial.nsec3 && d.theirs.verdict == bogus && d.ours.verdict == secure)
		},
	},
	{
		name: "DS under opt-out, with a wildcard that claims a CNAME",
		why:  "the span that covers the name is opt-out, which is all that RFC 5155 8.6 asks for when the question is for DS: insecure; Unbound looks at the wildcard too",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "bitmaps claim cname" && d.zone.denial.optOut && d.name == d.zone.in("made.wild") &&
				d.typ == dns.TypeDS && d.theirs.verdict == bogus && d.ours.verdict == insecure
		},
	},
	{
		name: "Unbound stops at the bad server",
		why: "one of the zone's two servers has good data and caascan got it there; Unbound tries again a few times at servers that it draws by lot, " +
			"and says bogus if they were all the bad one",
		applies: func(d *disagreement) bool {
			return d.zone.class.editSecond != nil && d.theirs.verdict == bogus && d.ours.rcode != "SERVFAIL"
		},
	},
	{
		name: "the NSEC before a wildcard",
		why: "the wildcard's own NSEC is missing; the one before it, whose next name is the wildcard, says nothing of the wildcard's types: " +
			"Unbound 1.17 takes it for proof that the wildcard is an empty non-terminal, with which data could be hidden",
		applies: func(d *disagreement) bool {
			behindWildcard := d.name == d.zone.in("made.wild") || d.name == d.zone.in("alias-wild")
			return d.zone.class.name == "every third denial missing, from the first" && !d.zone.denial.nsec3 && behindWildcard &&
				d.theirs.rcode == "NOERROR" && d.theirs.verdict == secure && d.ours.bogusBy("denial-wrong")
		},
	},
	{
		name: "denials that contradict each other",
		why: "each NSEC denies the next owner too, which exists. Each message is judged by itself in caascan: NXDOMAIN with all its parts proven, " +
			"NODATA behind an alias for a name that is proven not to exist, an alias that is there. Unbound derives the closest encloser " +
			"from each NSEC anew, takes either proof behind an alias (validate_cname_noanswer_response), and remembers what NSECs deny",
		applies: func(d *disagreement) bool {
			if d.zone.class.name != "denials overlap" || d.zone.denial.nsec3 {
				return false
			}
			switch d.theirs.rcode + " " + d.ours.rcode {
			case "SERVFAIL NXDOMAIN":
				return strings.Contains(d.theirs.note, "nameerror proof failed") && d.ours.verdict == secure
			case "NOERROR SERVFAIL":
				return d.name == d.zone.in("alias-ent") && d.ours.bogusBy("denial-wrong")
			case "NXDOMAIN NOERROR":
				return d.typ == dns.TypeDS && d.theirs.verdict == secure && d.ours.verdict == secure
			}
			return false
		},
	},
	{
		name: "Unbound remembers for DS what the first NSEC denies",
		why: "the zone's first NSEC denies every name, those that exist too. For www the server says NODATA with that name's own NSEC, and so does caascan; " +
			"if Unbound has met the first NSEC before, it answers a question for DS from it, aggressive-nsec or not",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "first denial spans all" && !d.zone.denial.nsec3 && d.typ == dns.TypeDS &&
				d.theirs.rcode == "NXDOMAIN" && d.theirs.verdict == secure && d.ours.rcode == "NOERROR" && d.ours.verdict == secure
		},
	},
	{
		name: "an asterisk under a wildcard",
		why: "the question is for a name that begins with an asterisk label, does not exist and is covered by a wildcard further up, " +
			"as any other name (RFC 4592 2.3): Unbound builds the wrong wildcard's name for the signature",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "wildcard at apex" && strings.HasPrefix(d.name, "*.") && d.theirs.verdict == bogus &&
				strings.Contains(d.theirs.note, "signature crypto failed") && d.ours.rcode == "NOERROR"
		},
	},
	{
		name: "CNAME or DNAME asked for below a DNAME",
		why:  "the synthesised CNAME is no signed answer but follows from the signed DNAME (RFC 6672 5.3.1): Unbound 1.17 wants a signature",
		applies: func(d *disagreement) bool {
			return d.zone.class.name == "dname at apex" && d.name != d.zone.name && (d.typ == dns.TypeCNAME || d.typ == dns.TypeDNAME) &&
				d.theirs.verdict == bogus && strings.Contains(d.theirs.note, "DS got DNAME answer") && d.ours.verdict == secure
		},
	},
}

// bogusBy reports whether an answer of caascan's is bogus for a reason.
func (a answer) bogusBy(reason string) bool {
	return a.verdict == bogus && strings.HasPrefix(a.note+" ", reason+" ")
}

// explain finds the explanation of a disagreement; nil if there is none.
func explain(d *disagreement) *explanation {
	for i := range explanations {
		if explanations[i].applies(d) {
			return &explanations[i]
		}
	}
	return nil
}

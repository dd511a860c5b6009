package caa

import (
	"cmp"
	"slices"
	"strings"
)

// Severity is how much a finding matters to the owner of the domain.
type Severity uint8

const (
	SeverityInfo    Severity = iota // good to know; mostly as it should be
	SeverityNotice                  // works, but is perhaps not what was meant, or superfluous
	SeverityWarning                 // somebody is not let in or kept out as the owner seems to think
	SeverityError                   // the record does not do what it was published for
)

// String returns the word that stands in files.
func (s Severity) String() string { return [...]string{"info", "notice", "warning", "error"}[s] }

// Entry says what a finding means, to a person. The texts hold places in braces that Explain fills in: {record}, {value}
// and {tag} of the record at fault, {issuer} that it names, {detail} as in Diagnosis, and {name}, {level}, {owner}, {ttl},
// {size} as in Circumstances.
type Entry struct {
	Finding     Finding // without argument
	Severity    Severity
	Explanation string    // one sentence: what is the case
	Advice      string    // one sentence: what to do
	Besides     []Finding // that need not be shown beside this one about the same record, as it says more
	ManyNames   bool      // for the analysis of a whole scan: no single name shows it
}

// Catalogue returns an entry for every finding, sorted by word. Nobody may write to it.
func Catalogue() []Entry { return catalogue }

// Entry returns what the catalogue says of a finding, with or without argument; ok is false if the word is not ours.
func (f Finding) Entry() (entry Entry, ok bool) {
	word, _ := f.Cut()
	if at, found := slices.BinarySearchFunc(catalogue, word, compareEntry); found {
		return catalogue[at], true
	}
	return Entry{}, false
}

func compareEntry(e Entry, word Finding) int { return strings.Compare(string(e.Finding), string(word)) }

// Severity returns how much a finding matters; SeverityInfo for words that are not ours.
func (f Finding) Severity() Severity {
	entry, _ := f.Entry()
	return entry.Severity
}

// Essential appends those of the diagnoses that a page for a person should show to buf, the gravest first, then in the
// order of the records. Those are left out which another about the same record says more exactly.
func Essential(buf, diagnoses []Diagnosis) []Diagnosis {
	type about struct {
		finding Finding
		record  int
	}
	said := map[about]bool{}
	for _, d := range diagnoses {
		entry, _ := d.Finding.Entry()
		for _, general := range entry.Besides {
			said[about{general, d.Record}] = true
		}
	}
	from := len(buf)
	for _, d := range diagnoses {
		if !said[about{d.Finding, d.Record}] {
			buf = append(buf, d)
		}
	}
	slices.SortStableFunc(buf[from:], func(a, b Diagnosis) int {
		return cmp.Or(-cmp.Compare(a.Finding.Severity(), b.Finding.Severity()), cmp.Compare(a.Record, b.Record))
	})
	return buf
}

var catalogue = func() []Entry {
	entries := slices.Concat(aboutIssuers, aboutValues, aboutRecords, aboutSets, aboutTheWay, aboutManyNames)
	slices.SortFunc(entries, func(a, b Entry) int { return compareEntry(a, b.Finding) })
	return entries
}()

var aboutIssuers = []Entry{
	{IssuerUnknown, SeverityWarning,
		`{tag} names "{issuer}", which no publicly trusted CA that we know of goes by.`,
		"Use the domain name that your CA documents for CAA records, or leave this one only if it belongs to a private CA of yours.", nil, false},
	{IssuerTypo, SeverityWarning,
		`{tag} names "{issuer}", which no CA that we know of goes by; probably "{detail}" is meant.`,
		`Replace "{issuer}" by "{detail}" if that is your CA.`, []Finding{IssuerUnknown, IssuerIsHost}, false},
	{IssuerDistrusted, SeverityWarning,
		`{tag} names "{issuer}", which no CA goes by today: it was distrusted, was taken over, or uses another name.`,
		"Remove the record, or replace it by one that names the CA you use now.", nil, false},
	{IssuerNoSMIMETrust, SeverityWarning,
		`issuemail names "{issuer}", whose CA issues no mail certificates.`,
		`Name the CA that issues your S/MIME certificates, or publish issuemail ";" if you use none.`, nil, false},
	{IssuerIsURL, SeverityError,
		`The value "{value}" of {tag} is a web address, not the domain name of a CA, so it lets nobody in.`,
		"Write the bare domain name that the CA documents, without https:// and without anything behind a slash.", []Finding{MalformedValue}, false},
	{IssuerIsHost, SeverityNotice,
		`{tag} names "{issuer}", the name of a host; CAs compare the whole name, and www. in front makes it another one.`,
		"Write the domain name exactly as the CA documents it, which mostly is without www. or mail. in front.", nil, false},
	{IssuerIsIP, SeverityError,
		`The value "{value}" of {tag} is an IP address; CAs go by domain names, so it lets nobody in.`,
		"Write the domain name that the CA documents.", []Finding{MalformedValue, IssuerUnknown}, false},
	{IssuerTrailingDot, SeverityError,
		`The value "{value}" of {tag} ends in a dot, which spoils it: it lets nobody in.`,
		"Remove the dot at the end of the CA's name.", []Finding{MalformedValue}, false},
	{IssuerList, SeverityError,
		`The value "{value}" of {tag} lists several CAs, but a record can name only one, so it lets none of them in.`,
		"Publish one record for each CA.", []Finding{MalformedValue}, false},
	{IssuerUppercase, SeverityNotice,
		`The value "{value}" of {tag} has capital letters; some CAs compare the name letter by letter.`,
		`Write the name in lower case: "{issuer}".`, nil, false},
	{IssuerIDN, SeverityWarning,
		`The value "{value}" of {tag} holds an internationalised domain name, and no CA that we know of goes by one.`,
		"Check for letters that only look alike, and type the name that the CA documents.", nil, false},
}

var aboutValues = []Entry{
	{MalformedValue, SeverityError,
		`The value "{value}" of {tag} does not fit the grammar (RFC 8659 section 4.2): it names nobody, yet it restricts.`,
		"Write the domain name of one CA, or a semicolon alone if nobody shall issue.", nil, false},
	{ValueQuotes, SeverityWarning,
		`Quotation marks are part of the value {value} of {tag}, mostly because they were typed into a form that adds its own.`,
		"Remove the quotation marks that are part of the value.", nil, false},
	{ValueEmpty, SeverityNotice,
		"The value of {tag} is empty; for issue, issuewild, issuemail and issuevmc that means that nobody may issue.",
		`Write ";" to make plain that nobody may issue, or fill in what is missing.`, nil, false},
	{ValueNonASCII, SeverityWarning,
		`The value "{value}" of {tag} has characters beyond ASCII, often invisible ones from copied text.`,
		"Type the value by hand, with plain letters only.", nil, false},
	{ValueWhitespace, SeverityNotice,
		`White space stands around or within the value "{value}" of {tag}.`,
		"Remove the blanks and line breaks.", nil, false},
	{ParamSyntax, SeverityError,
		`What follows the semicolon in the value "{value}" of {tag} is no list of parameters, so the whole record lets nobody in.`,
		"Write parameters as name=value, a semicolon between two of them, none at the end and no blanks within.", []Finding{MalformedValue}, false},
	{ParamDuplicateAccountURI, SeverityError,
		"A record of {tag} has accounturi twice, which no account can ever meet.",
		"Publish one record for each account.", nil, false},
	{ValidationMethodsUnknown, SeverityWarning,
		`validationmethods lists "{detail}", which is not a registered method; CAs skip it or refuse the record.`,
		"Use the registered names in lower case, such as dns-01 or http-01, with commas and no blanks between them.", nil, false},
	{BadIodef, SeverityWarning,
		`The value "{value}" of iodef is not a web or mail address that a CA could report to.`,
		"Write mailto: and a mail address, or an https address.", nil, false},
	{IodefNoScheme, SeverityWarning,
		`The value "{value}" of iodef lacks the scheme, so a CA does not know how to report to it.`,
		"Put mailto: in front of a mail address, or https:// in front of a web address.", []Finding{BadIodef}, false},
	{IodefBadScheme, SeverityWarning,
		`The value "{value}" of iodef has a scheme that CAs do not report to.`,
		"Use mailto: or https:.", []Finding{BadIodef}, false},
	{BadContact, SeverityWarning,
		`The value "{value}" of {tag} is not one mail address or one international phone number, and nothing else.`,
		"Write one mail address in contactemail, or one number with + and country code in contactphone.", nil, false},
}

var aboutRecords = []Entry{
	{UnknownTag, SeverityWarning,
		`"{tag}" is not a registered CAA tag, so CAs take no notice of the record.`,
		"Correct the tag if it was mistyped, or remove the record.", nil, false},
	{TagNotKnown, SeverityWarning,
		`"{tag}" is not a registered CAA tag, so CAs take no notice of the record.`,
		"Correct the tag if it was mistyped, or remove the record.", []Finding{UnknownTag}, false},
	{UnknownCritical, SeverityError,
		`The tag "{tag}" is not registered, and is marked as critical: that forbids every CA to issue any certificate.`,
		"Set the flags of this record to 0, or remove it.", []Finding{UnknownTag, TagNotKnown}, false},
	{CriticalUnknownTag, SeverityError,
		`The tag "{tag}" is not registered, and is marked as critical: that forbids every CA to issue any certificate.`,
		"Set the flags of this record to 0, or remove it.", []Finding{UnknownCritical, UnknownTag, TagNotKnown}, false},
	{TagNonAlnum, SeverityWarning,
		`The tag "{tag}" has other characters than letters and digits, so CAs take no notice of the record.`,
		"Correct the tag: it is one of issue, issuewild, issuemail, issuevmc, iodef, contactemail and contactphone.", []Finding{UnknownTag, TagNotKnown}, false},
	{TagMixedCase, SeverityInfo,
		`The tag "{tag}" has capital letters, which is allowed.`,
		"Write tags in lower case, as everybody does.", nil, false},
	{ReservedFlagBits, SeverityNotice,
		"The flags of {record} use bits that are reserved; CAs ignore them, but at least one takes 1 for critical.",
		"Set the flags to 0, or to 128 if the record shall be critical.", nil, false},
	{FlagBitsReserved, SeverityNotice,
		"The flags of {record} use bits that are reserved; CAs ignore them, but at least one takes 1 for critical.",
		"Set the flags to 0, or to 128 if the record shall be critical.", []Finding{ReservedFlagBits}, false},
	{DenyBesideAllow, SeverityNotice,
		"{record} says that nobody may issue, but has no effect, because another record of this tag names a CA.",
		"Remove it, or remove the others if really nobody shall issue.", nil, false},
	{DuplicateRecord, SeverityNotice,
		"{record} says the same as another record.",
		"Remove one of the two.", nil, false},
	{FlagConflict, SeverityNotice,
		"{record} says the same as another record, but with other flags.",
		"Keep the one with the flags that you mean, mostly 0.", nil, false},
}

var aboutSets = []Entry{
	{IodefMissing, SeverityInfo,
		"No iodef record says where a CA can report that it refused a certificate.",
		"Publish an iodef record with mailto: and the address of your security team, if you want such reports.", nil, false},
	{IssueWithoutIssuemail, SeverityNotice,
		"The records restrict web certificates, but any CA may issue S/MIME certificates for mail addresses at this domain, as issue does not bear on them.",
		`Publish issuemail records with the CAs that issue your S/MIME certificates, or issuemail ";" if you use none.`, nil, false},
	{IssuemailWithoutIssue, SeverityNotice,
		"The records restrict S/MIME certificates, but any CA may issue web certificates, as issuemail does not bear on them.",
		`Publish issue records with the CAs that issue your web certificates, or issue ";" if you use none.`, nil, false},
	{IssuewildWithoutIssue, SeverityWarning,
		"The records restrict wildcard certificates only: any CA may issue web certificates for names without a star.",
		"Publish issue records with the CAs that may issue for plain names, too.", nil, false},
	{RestrictsNothing, SeverityWarning,
		"There are CAA records, but none of them restricts web or S/MIME certificates, and they hide records of the domains above.",
		"Publish issue and issuemail records if you want to say who may issue.", nil, false},
	{SingleOwner, SeverityInfo,
		"All CAs that may issue web certificates belong to one company.",
		"Consider naming a second CA, so that you can still get certificates when the first fails.", nil, false},
	{AllUnknownLockedOut, SeverityError,
		"No CA that we know of can issue {detail} certificates, and the records do not say that this is meant.",
		`Correct the records so that they name your CA, or publish a semicolon alone if nobody shall issue.`, nil, false},
}

var aboutTheWay = []Entry{
	{Alias, SeverityInfo,
		"{level} is an alias, and the records are those of {owner}.",
		"Whoever runs {owner} decides who may issue: ask them, or replace the alias by records of your own.", nil, false},
	{AliasSupplied, SeverityInfo,
		"{level} is an alias, and the records are those of {owner}.",
		"Whoever runs {owner} decides who may issue: ask them, or replace the alias by records of your own.", []Finding{Alias}, false},
	{Inherited, SeverityInfo,
		"{name} has no CAA records of its own, so that those of {level} hold.",
		"Publish records at {name} only if other CAs shall issue for it.", nil, false},
	{SuffixSupplied, SeverityNotice,
		"{name} has no CAA records of its own, so that those of {level} hold, under which many register their domains.",
		"Publish CAA records of your own, as you cannot rely on those of {level} to stay.", []Finding{Inherited}, false},
	{TTLOver8h, SeverityInfo,
		"The records live for {ttl} seconds, so that a CA may rely on old ones for longer than the usual 8 hours.",
		"Lower the TTL to 28800 seconds or less, so that changes take effect the same day.", nil, false},
	{TTLZero, SeverityNotice,
		"The records have a TTL of 0, so that every check has to ask your name servers again.",
		"Set a TTL of some minutes to hours, such as 3600 seconds.", nil, false},
	{OversizeUDP, SeverityNotice,
		"The reply with the records is too large for one packet over UDP, so that checks depend on TCP.",
		"Publish fewer or shorter records, and see to it that your name servers answer over TCP.", nil, false},
	{NSInconsistent, SeverityWarning,
		"The name servers of the zone give different answers, so that a CA may see either.",
		"See to it that all name servers have the same version of the zone.", nil, false},
}

var aboutManyNames = []Entry{
	{SharedOperatorRRset, SeverityInfo,
		"Many domains of one operator publish this very set of records.",
		"Check that the CAs that your operator chose are yours.", nil, true},
	{InjectedRRset, SeverityNotice,
		"The DNS operator adds records of its own to those of the owner.",
		"Check which CAs your operator lets in, and whether it lets you decide.", nil, true},
	{IodefUnresolvable, SeverityWarning,
		"The domain in the iodef record does not exist or takes no mail.",
		"Write an address that exists.", nil, true},
}

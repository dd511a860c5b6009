package caa

import (
	"slices"
	"strings"
)

// Recommendation is the set that an owner evidently meant to publish.
type Recommendation struct {
	Owner    string     // of the records, as in Circumstances; behind an alias it may not be the owner of the name who can change them
	Records  []Property // to publish in the place of the set
	From     []int      // as long as Records: index in Set.Properties of the record that each came from; -1: it is new
	Repaired []Finding  // words that the set has and Records have not; sorted
	Options  []Option   // for the owner to choose from: nothing says that they are meant
}

// Option is records that an owner may add to those of a Recommendation, one or all of them.
type Option struct {
	Finding Finding // that it does away with
	Records []Property
	Because string // one sentence
}

// Changed reports whether there is anything to do, options left aside.
func (r *Recommendation) Changed(s *Set) bool { return !slices.Equal(r.Records, s.Properties) }

// Line writes a record as a line of a zone file.
func Line(owner string, p Property) string {
	return strings.TrimSuffix(owner, ".") + ". IN CAA " + p.String()
}

// Recommend repairs what is evidently a slip. It names an issuer only if the owner named it, or one that the registry
// takes for a mistyped form of it, and only under the same tag; it never opens to all what the owner restricted. What
// cannot be repaired is left as it is, for a malformed record still restricts. The one thing that may let in more than
// before is the cleared flag of an unknown critical property, which had forbidden all certificates of every kind: it is
// cleared only where issue records say who shall be let in, and kinds that are open then have an Option to close them.
//
// A set without records has no Recommendation but the zero one. Recommend of what it recommends changes nothing.
func (d *Diagnoser) Recommend(s *Set, at *Circumstances) Recommendation {
	if len(s.Properties) == 0 {
		return Recommendation{}
	}
	before := Words(nil, d.Diagnose(s, at))
	r := Recommendation{Owner: at.Owner}
	for i, p := range s.Properties {
		for _, repaired := range d.repair(p, s) {
			r.Records, r.From = append(r.Records, repaired), append(r.From, i)
		}
	}
	d.dropInert(&r)
	if after := Judge(r.Records); at.Mail == TakesNoMail && !after.Traits.Has(TagIssueMail) && after.deniesAll(TLS) {
		r.Records, r.From = append(r.Records, Property{Tag: "issuemail", Value: nobody}), append(r.From, -1)
	}
	after := Judge(r.Records)
	r.Options = d.options(s, &after)
	left := Words(nil, d.Diagnose(&after, at))
	for _, word := range before {
		if !slices.Contains(left, word) {
			r.Repaired = append(r.Repaired, word)
		}
	}
	return r
}

// deniesAll reports whether a kind is closed on purpose.
func (s *Set) deniesAll(kind Kind) bool {
	if s.Posture[kind] != Closed {
		return false
	}
	for i := range s.Properties {
		if s.denies(i) == int(kind) {
			return true
		}
	}
	return false
}

// maxSplit bounds the issuers that one value may list, and the accounts, for a repair: who lists more means something else,
// and a value of 64 KB must not become thousands of records.
const maxSplit = 16

// nobody is the value that authorises no one.
const nobody = ";"

// repair returns what should stand in the place of p, a record of s: one record, or several where it lists several
// issuers or accounts.
func (d *Diagnoser) repair(p Property, s *Set) []Property {
	tag := tagTrait(p.Tag)
	p.Flags &= critical // of RFC 8659 4.1 the reserved bits have no meaning
	if tag == TagUnknown {
		if s.Traits.Has(TagIssue) {
			p.Flags = 0
		}
		return []Property{p}
	}
	p.Tag = strings.ToLower(p.Tag)
	switch tag {
	case TagIodef:
		p.Value = repairIodef(p.Value)
	case TagContactEmail:
		p.Value = repairContact(p.Value, "mailto:", isMailAddress)
	case TagContactPhone:
		p.Value = repairContact(p.Value, "tel:", isGlobalNumber)
	default:
		values := d.repairIssuance(p.Value, tag)
		records := make([]Property, len(values))
		for i, value := range values {
			records[i] = Property{Tag: p.Tag, Value: value, Flags: p.Flags}
		}
		return records
	}
	return []Property{p}
}

func repairIodef(value string) string {
	bare := strings.Trim(value, around)
	switch {
	case usableIodef(value):
		return value
	case usableIodef(bare):
		return bare
	case isMailAddress(bare) && usableIodef("mailto:"+bare):
		return "mailto:" + bare
	}
	return value
}

func repairContact(value, prefix string, usable func(string) bool) string {
	bare := strings.Trim(value, spaces)
	if hasPrefixFold(bare, prefix) {
		bare = bare[len(prefix):]
	}
	if !usable(value) && usable(bare) {
		return bare
	}
	return value
}

// repairIssuance returns the values that one of the given issue tag should have been.
func (d *Diagnoser) repairIssuance(value string, tag Traits) []string {
	if strings.Trim(value, around+";") == "" {
		return []string{nobody}
	}
	issuance := ParseIssuance(value)
	issuers, params := []string{issuance.Issuer}, issuance.Params
	wellFormed := issuance.Syntax == WellFormed
	if !wellFormed {
		dissected := dissect(value)
		var ok bool
		if issuers, params, ok = d.reassemble(&dissected, tag); !ok {
			return []string{value}
		}
	}
	records := alternatives(params, tag)
	if len(issuers) > maxSplit || len(records) == 0 {
		return []string{value}
	}
	var values []string
	for _, issuer := range issuers {
		issuer = d.meant(issuer)
		for _, alternative := range records {
			if rebuilt := writeIssuance(issuer, alternative); !slices.Contains(values, rebuilt) {
				values = append(values, rebuilt)
			}
		}
	}
	if wellFormed && len(values) == 1 && isTidy(value, values[0]) {
		return []string{value}
	}
	return values
}

// isTidy reports whether a well-formed value says the same as the one rebuilt from it, and is merely spaced otherwise
// within, or ends in a semicolon.
func isTidy(value, rebuilt string) bool {
	return strings.Trim(value, " \t") == value && strings.TrimSuffix(squeeze(value), ";") == squeeze(rebuilt)
}

// reassemble returns the issuers and parameters that a malformed value was to hold; ok is false if that cannot be said.
func (d *Diagnoser) reassemble(x *dissection, tag Traits) (issuers []string, params []Param, ok bool) {
	if x.params {
		if params, ok = repairParams(x.rest); !ok {
			return nil, nil, false
		}
	}
	switch {
	case x.url != "":
		issuer := d.issuerOf(x.url)
		if issuer == "" {
			return nil, nil, false
		}
		issuers = []string{issuer}
		if tag&(TagIssue|TagIssueWild) != 0 && len(params) == 0 && strings.Contains(x.url, "/acct/") && isURI(x.url) && strings.IndexByte(x.url, ';') < 0 {
			params = []Param{{"accounturi", x.url}} // the URL of an ACME account (RFC 8555 7.1.2): it shall issue, no other
		}
	case x.guess != "":
		if !d.isKnown(strings.ToLower(x.guess)) {
			return nil, nil, false
		}
		issuers = []string{strings.ToLower(x.guess)}
	case len(x.issuers) == 0:
		return nil, nil, false
	default:
		for _, issuer := range x.issuers {
			issuers = append(issuers, strings.ToLower(issuer))
		}
	}
	return issuers, params, true
}

// isKnown reports whether the registry knows an identifier. Without a registry nothing is.
func (d *Diagnoser) isKnown(identifier string) bool {
	return d.registry != nil && d.about(identifier).Known
}

// issuerOf returns the known identifier that the host of a URL is, or stands below; "" if there is none.
func (d *Diagnoser) issuerOf(url string) string {
	host := urlHost(url)
	if len(host) > maxIdentifier {
		return ""
	}
	for ; strings.IndexByte(host, '.') > 0; _, host, _ = strings.Cut(host, ".") {
		if isDomain(host) && d.isKnown(host) {
			return host
		}
	}
	return ""
}

// meant returns the known identifier that stands for a mistyped one, or the same.
func (d *Diagnoser) meant(issuer string) string {
	if issuer == "" {
		return ""
	}
	known := d.about(issuer)
	if bare, is := cutHost(issuer); is && !known.Known && d.isKnown(bare) {
		return bare
	}
	if known.nearest != "" && !d.about(known.nearest).Retired {
		return known.nearest
	}
	return issuer
}

// repairParams reads parameters that the grammar refuses for slips that change nothing: semicolons too many (C13), blanks
// in a list of methods, quotation marks around a value. Others could have narrowed who may issue, and are not dropped.
func repairParams(text string) (params []Param, ok bool) {
	for part := range strings.SplitSeq(text, ";") {
		part = strings.Trim(part, spaces)
		if part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name, value = strings.Trim(name, spaces), strings.Trim(value, around)
		if equalFold(name, "validationmethods") {
			value = squeeze(value)
		}
		one, fits := parseParameters(name + "=" + value)
		if !found || !fits {
			return nil, false
		}
		params = append(params, one...)
	}
	return params, true
}

// alternatives returns the parameters for each of the records that should stand for one: with several accounts, one
// record for each (RFC 8657 3, R2.17), none if there are too many. Quotation marks around values go, and registered methods are in lower case (C10).
func alternatives(params []Param, tag Traits) [][]Param {
	reaches := tag&(TagIssue|TagIssueWild) != 0 // R2.17
	isAccount := func(param Param) bool { return reaches && equalFold(param.Name, "accounturi") }
	var accounts []Param
	params = slices.Clone(params)
	for i := range params {
		param := &params[i]
		param.Value = strings.Trim(param.Value, quotes)
		switch {
		case isAccount(*param):
			accounts = append(accounts, *param)
		case reaches && equalFold(param.Name, "validationmethods"):
			param.Value = repairMethods(param.Value)
		}
	}
	if len(accounts) < 2 {
		return [][]Param{params}
	}
	if len(accounts) > maxSplit {
		return nil
	}
	others := slices.DeleteFunc(params, isAccount)
	var all [][]Param
	for _, account := range accounts {
		all = append(all, slices.Concat([]Param{account}, others))
	}
	return all
}

func repairMethods(list string) string {
	labels := strings.Split(list, ",")
	for i, label := range labels {
		if folded := strings.ToLower(label); !isKnownMethod(label) && isKnownMethod(folded) {
			labels[i] = folded
		}
	}
	return strings.Join(labels, ",")
}

// writeIssuance writes a value by the grammar of R2.8.
func writeIssuance(issuer string, params []Param) string {
	var b strings.Builder
	b.WriteString(issuer)
	for _, param := range params {
		b.WriteString("; " + param.Name + "=" + param.Value)
	}
	return b.String()
}

// dropInert leaves out records that say what another one says, and those that name nobody beside others that name
// somebody. If that is nobody known, perhaps it is the denial that is meant: then both stay. Of records that differ in
// their flags only, a critical one stays: it is the stricter one.
func (d *Diagnoser) dropInert(r *Recommendation) {
	s := Judge(r.Records)
	var named [Kinds]bool
	order := make([]int, len(r.Records))
	for i := range r.Records {
		order[i] = i
		issuer := s.Issuances[i].Issuer
		if kind := slices.Index(kindTags[:], tagTrait(s.Properties[i].Tag)); issuer != "" && d.about(issuer).usable() {
			named[kind] = true
		}
	}
	slices.SortFunc(order, s.compareRecords)
	drop := make([]bool, len(order))
	for at, i := range order {
		kind := s.denies(i)
		drop[i] = kind >= 0 && named[kind] || at+1 < len(order) && s.compareMeaning(i, order[at+1]) == 0
	}
	kept := 0
	for i := range r.Records {
		if !drop[i] {
			r.Records[kept], r.From[kept] = r.Records[i], r.From[i]
			kept++
		}
	}
	r.Records, r.From = r.Records[:kept], r.From[:kept]
}

// options are what the owner may want besides, before being the set as published and after as recommended.
func (d *Diagnoser) options(before, after *Set) (options []Option) {
	if after.Traits.Has(TagIssue) && !after.Traits.Has(TagIssueMail) {
		var records []Property
		for _, issuer := range after.Issuers[TLS] {
			if known := d.about(issuer); known.Honours[SMIME] && known.usable() {
				records = append(records, Property{Tag: "issuemail", Value: issuer})
			}
		}
		if len(records) > 0 {
			options = append(options, Option{IssueWithoutIssuemail, records,
				"If they shall issue your S/MIME certificates, too: of the CAs that you name for web certificates, these are known to issue them."})
		}
		options = append(options, Option{IssueWithoutIssuemail, []Property{{Tag: "issuemail", Value: nobody}},
			"If nobody at this domain uses S/MIME certificates."})
	}
	if after.Traits.Has(TagIssueWild) && !after.Traits.Has(TagIssue) && after.Posture[TLSWildcard] == Restricted {
		var records []Property
		for _, issuer := range after.Issuers[TLSWildcard] {
			records = append(records, Property{Tag: "issue", Value: issuer})
		}
		options = append(options, Option{IssuewildWithoutIssue, records,
			"If those that may issue for wildcard names shall be the only ones for plain names, too."})
	}
	if before.Posture[VMC] == Blocked && after.Posture[VMC] == Open {
		options = append(options, Option{CriticalUnknownTag, []Property{{Tag: "issuevmc", Value: nobody}},
			"If nobody shall issue mark certificates (VMC) either: the critical record had forbidden those, too."})
	}
	return options
}

package output

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// set fills the columns that hold the relevant RRset.
func (e *Encoder) set(d *Domain, s *caa.Set) {
	d.CAACount = e.int16(len(s.Properties))
	if len(s.Properties) > 0 {
		d.CAARRsetHash = e.rrsetHash(s.Properties)
	}
	d.CAA = e.properties.take(len(s.Properties))
	for i, p := range s.Properties {
		d.CAA[i] = e.property(p, s.Issuances[i])
	}
}

// findings fills the column of that name: with what is in the set, or where the issuers are known with all there is.
func (e *Encoder) findings(d *Domain, r *record.Record) {
	words := r.CAA.Findings
	disagree := r.Survey != nil && r.Survey.Consistency > record.Same
	if e.diagnoser != nil && (len(r.CAA.Properties) > 0 || disagree) {
		at := r.Circumstances()
		at.Inconsistent, at.TTLKnown = disagree, at.TTLKnown && !e.secondhand
		e.words = caa.Words(e.words[:0], e.diagnoser.Diagnose(&r.CAA, &at))
		words = e.words
	}
	d.Findings = e.texts.take(len(words))
	for i, f := range words {
		d.Findings[i] = string(f)
	}
}

// owners is what an Encoder remembers of an identifier.
type owners struct {
	identifier string
	families   []string
}

// caOwners fills the columns about the owners of the issuers.
func (e *Encoder) caOwners(d *Domain, r *record.Record) {
	if d.CAA == nil || e.registry == nil {
		return
	}
	d.TLSCAOwners = e.ownersOf(r.CAA.Issuers[caa.TLS])
	d.SMIMECAOwners = e.ownersOf(r.CAA.Issuers[caa.SMIME])
	d.OwnerCountTLS = e.int16(len(d.TLSCAOwners))
}

// ownersOf returns the groups that go by the identifiers. An identifier that is no name is nobody's.
func (e *Encoder) ownersOf(identifiers []string) []string {
	const longest = 253 // octets: a DNS name in text
	all := []string{}
	for _, identifier := range identifiers {
		if len(identifier) > longest {
			continue
		}
		known := e.owners.at(hashText(identifier))
		if known.identifier != identifier {
			*known = owners{strings.Clone(identifier), e.registry.Issuer(identifier).Families}
		}
		all = append(all, known.families...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// property is what the table domains says of one record.
func (e *Encoder) property(p caa.Property, issuance caa.Issuance) Property {
	return Property{
		Flags:        p.Flags,
		Tag:          Octets(p.Tag),
		Value:        Octets(p.Value),
		Critical:     p.Critical(),
		ReservedBits: p.Reserved() != 0,
		IssuerDomain: issuance.Issuer,
		Params:       e.parameters(issuance.Params),
		Syntax:       issuance.Syntax.String(),
	}
}

// rrsetHash returns the hash of a set in hexadecimal. Those of small sets are remembered: the customers of a hoster
// share one.
func (e *Encoder) rrsetHash(properties []caa.Property) string {
	var hash uint64
	size := 0
	for _, p := range properties {
		hash = hash*hashFactor + hashText(p.Value) + uint64(len(p.Tag))
		size += len(p.Tag) + len(p.Value)
	}
	known := e.rrsets.at(hash)
	if slices.Equal(known.properties, properties) {
		return known.hash
	}
	sum := caa.Hash(properties)
	text := hex.EncodeToString(sum[:])
	if len(properties) <= rememberedProperties && size <= rememberedOctets {
		known.hash = text
		known.properties = make([]caa.Property, len(properties))
		for i, p := range properties {
			known.properties[i] = caa.Property{Flags: p.Flags, Tag: strings.Clone(p.Tag), Value: strings.Clone(p.Value)}
		}
	}
	return text
}

func (e *Encoder) parameters(params []caa.Param) []Param {
	all := e.params.take(len(params))
	for i, p := range params {
		all[i] = Param{Name: p.Name, Value: p.Value}
	}
	return all
}

// meaning fills the columns that say what the relevant RRset means.
func (e *Encoder) meaning(d *Domain, r *record.Record) {
	d.TLSPosture = postureWord(r.Posture[caa.TLS])
	d.TLSWildPosture = postureWord(r.Posture[caa.TLSWildcard])
	d.SMIMEPosture = postureWord(r.Posture[caa.SMIME])
	d.VMCPosture = postureWord(r.Posture[caa.VMC])
	if d.CAA == nil {
		return
	}
	s := &r.CAA
	d.IssueSet = flag(s.Traits.Has(caa.TagIssue))
	d.IssuewildSet = flag(s.Traits.Has(caa.TagIssueWild))
	d.IodefSet = flag(s.Traits.Has(caa.TagIodef))
	d.IssuemailSet = flag(s.Traits.Has(caa.TagIssueMail))
	d.IssuevmcSet = flag(s.Traits.Has(caa.TagIssueVMC))
	d.ContactemailSet = flag(s.Traits.Has(caa.TagContactEmail))
	d.ContactphoneSet = flag(s.Traits.Has(caa.TagContactPhone))
	d.UnknownTagSet = flag(s.Traits.Has(caa.TagUnknown))

	d.TLSIssuers = e.issuers(s.Issuers[caa.TLS])
	d.TLSWildIssuers = e.issuers(s.Issuers[caa.TLSWildcard])
	d.SMIMEIssuers = e.issuers(s.Issuers[caa.SMIME])
	d.VMCIssuers = e.issuers(s.Issuers[caa.VMC])
	d.IssuerCountTLS = e.int16(len(d.TLSIssuers))
	d.IssuerCountSMIME = e.int16(len(d.SMIMEIssuers))

	sxg, other := otherParams(s)
	d.RFC8657Accounturi = flag(s.Traits.Has(caa.ParamAccountURI))
	d.RFC8657Validationmethods = flag(s.Traits.Has(caa.ParamValidationMethods))
	d.ParamCansignhttpexchanges = flag(sxg)
	d.ParamOther = flag(other)

	d.CriticalAny = flag(s.Traits&(caa.FlagCriticalKnown|caa.FlagCriticalUnknown) != 0)
	d.CriticalOnKnown = flag(s.Traits.Has(caa.FlagCriticalKnown))
	d.CriticalUnknownTag = flag(s.Traits.Has(caa.FlagCriticalUnknown))
	d.ReservedFlagBits = flag(s.Traits.Has(caa.FlagReserved))
}

// issuers returns the list, empty where it is nil: nobody is named, which is known.
func (e *Encoder) issuers(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// postureWord is NULL for a name of which nothing was asked.
func postureWord(p caa.Posture) string {
	if p == caa.NotApplicable {
		return ""
	}
	return p.String()
}

// otherParams reports the parameters outside RFC 8657: cansignhttpexchanges, and any other. Those of RFC 8657 count as
// other on issuemail and issuevmc, where it does not reach (C17).
func otherParams(s *caa.Set) (sxg, other bool) {
	if !s.Traits.Has(caa.ParamOther) {
		return false, false
	}
	for i, p := range s.Properties {
		for _, param := range s.Issuances[i].Params {
			name := strings.ToLower(param.Name)
			reaches := p.Is("issue") || p.Is("issuewild")
			switch {
			case name == "cansignhttpexchanges":
				sxg = true
			case reaches && (name == "accounturi" || name == "validationmethods"):
			default:
				other = true
			}
		}
	}
	return sxg, other
}

// records appends the rows of the CAA records that r holds. D is the row of r.
func (e *Encoder) records(rows []CAARecord, d *Domain, r *record.Record) []CAARecord {
	for depth := range r.Climb {
		if answer := r.Climb[depth].Answer; len(answer.Records) > 0 {
			rows = e.levelRecords(rows, d, r, depth)
		}
	}
	return rows
}

// levelRecords appends the rows of one level.
func (e *Encoder) levelRecords(rows []CAARecord, d *Domain, r *record.Record, depth int) []CAARecord {
	a := r.Climb[depth].Answer
	var set []record.RR
	if a.Outcome == record.Found || a.Outcome == record.Malformed { // otherwise at most the aliases on the way
		set = a.Set()
	}
	if len(set) == 0 {
		return rows
	}
	base := CAARecord{
		ScanID:       e.scanID,
		Timestamp:    d.Timestamp,
		QueryName:    d.QueryName,
		QueryType:    caaWord,
		ResponseType: caaWord,
		StatusCode:   int32(a.RCode),
		RTT:          a.RTT.Seconds(),
		WorkerID:     e.worker,
		Relevant:     depth == r.Relevant && !r.Failed(),
		CAADepth:     *small8(depth),
		ServerIP:     d.Climb[depth].Server,
	}
	if len(a.Chain) > 0 {
		base.FromAlias = d.Climb[depth].Name
	}
	first := len(rows)
	for i := range set {
		base.ResponseName = e.below(set[i].Owner, base.QueryName)
		base.ResponseTTL = ttl(set[i].TTL)
		rows = append(rows, base)
	}
	if base.Relevant && len(d.CAA) == len(set) && isData(set, r.CAA.Properties) {
		for i := range set {
			rows[first+i].property(&d.CAA[i], r.CAA.Properties[i])
		}
		return rows
	}
	properties, unreadable := make([]caa.Property, len(set)), make([]bool, len(set))
	for i := range set {
		var err error
		properties[i], err = caa.ParseRData(set[i].Data)
		unreadable[i] = err != nil
	}
	issuances := caa.Judge(properties).Issuances
	for i := range set {
		row := &rows[first+i]
		if unreadable[i] {
			row.Params = []Param{}
			row.RawRData = append([]byte{}, set[i].Data...) // data of no octets is not NULL
			continue
		}
		p := e.property(properties[i], issuances[i])
		row.property(&p, properties[i])
	}
	return rows
}

var caaWord = wire.TypeCAA.String()

// isData reports whether the records of a set are the properties, in their order.
func isData(set []record.RR, properties []caa.Property) bool {
	if len(set) != len(properties) {
		return false
	}
	for i, p := range properties {
		data, n := set[i].Data, len(p.Tag)
		if len(data) != 2+n+len(p.Value) || data[0] != p.Flags || int(data[1]) != n ||
			string(data[2:2+n]) != p.Tag || string(data[2+n:]) != p.Value {
			return false
		}
	}
	return true
}

// property fills the columns of a record that can be read, of which p is what the table domains says.
func (row *CAARecord) property(p *Property, published caa.Property) {
	row.CAAFlags = &octets[p.Flags]
	row.CAATag = p.Tag
	row.CAAValue = &p.Value
	row.CAATagCanonical = canonicalTag(published)
	row.IssuerDomain = p.IssuerDomain
	row.Params = p.Params
	row.Syntax = p.Syntax
}

// canonicalTag returns the tag in lower case, "" if it is not a known one.
func canonicalTag(p caa.Property) string {
	if !p.Known() {
		return ""
	}
	return strings.ToLower(p.Tag)
}

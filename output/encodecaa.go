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
		hash := caa.Hash(s.Properties)
		d.CAARRsetHash = hex.EncodeToString(hash[:])
	}
	d.CAA = e.properties.take(len(s.Properties))
	for i, p := range s.Properties {
		issuance := s.Issuances[i]
		d.CAA[i] = Property{
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
	d.Findings = e.texts.take(len(s.Findings))
	for i, f := range s.Findings {
		d.Findings[i] = string(f)
	}
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

// records appends the rows of the CAA records that r holds.
func (e *Encoder) records(rows []CAARecord, r *record.Record) []CAARecord {
	for depth := range r.Climb {
		if answer := r.Climb[depth].Answer; len(answer.Records) > 0 {
			rows = e.levelRecords(rows, r, depth)
		}
	}
	return rows
}

// levelRecords appends the rows of one level.
func (e *Encoder) levelRecords(rows []CAARecord, r *record.Record, depth int) []CAARecord {
	a := r.Climb[depth].Answer
	var set []record.RR
	if a.Outcome == record.Found || a.Outcome == record.Malformed { // otherwise at most the aliases on the way
		set = a.Set()
	}
	properties := make([]caa.Property, len(set))
	unreadable := make([]bool, len(set))
	for i := range set {
		var err error
		properties[i], err = caa.ParseRData(set[i].Data)
		unreadable[i] = err != nil
	}
	issuances := r.CAA.Issuances
	if depth != r.Relevant || !slices.Equal(properties, r.CAA.Properties) {
		issuances = caa.Judge(properties).Issuances
	}
	base := CAARecord{
		ScanID:       e.scanID,
		Timestamp:    micros(r.Finished),
		QueryName:    nameText(r.Target.Name),
		QueryType:    wire.TypeCAA.String(),
		ResponseType: wire.TypeCAA.String(),
		StatusCode:   int32(a.RCode),
		RTT:          a.RTT.Seconds(),
		WorkerID:     e.worker,
		Relevant:     depth == r.Relevant && !r.Failed(),
		CAADepth:     *small8(depth),
		ServerIP:     e.server(a),
	}
	if len(a.Chain) > 0 {
		base.FromAlias = e.below(r.Climb[depth].Name, base.QueryName)
	}
	for i := range set {
		row := base
		row.ResponseName = e.below(set[i].Owner, base.QueryName)
		row.ResponseTTL = ttl(set[i].TTL)
		row.Params = []Param{}
		if unreadable[i] {
			row.RawRData = slices.Clone(set[i].Data)
			if row.RawRData == nil {
				row.RawRData = []byte{} // data of no octets is not NULL
			}
		} else {
			e.property(&row, properties[i], issuances[i])
		}
		rows = append(rows, row)
	}
	return rows
}

// property fills the columns of a record that can be read.
func (e *Encoder) property(row *CAARecord, p caa.Property, issuance caa.Issuance) {
	value := Octets(p.Value)
	row.CAAFlags = &p.Flags
	row.CAATag = Octets(p.Tag)
	row.CAAValue = &value
	if p.Known() {
		row.CAATagCanonical = strings.ToLower(p.Tag)
	}
	row.IssuerDomain = issuance.Issuer
	row.Params = e.parameters(issuance.Params)
	row.Syntax = issuance.Syntax.String()
}

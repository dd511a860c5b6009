package main

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// kind is in what two answers differ: in the first of these that they differ in.
type kind string

const (
	differRCode    kind = "rcode"
	differSecurity kind = "security"
	differRecords  kind = "records"
)

// disagreement is a question on which Unbound and caascan differ.
type disagreement struct {
	question
	kind         kind
	chain        verdict // Unbound's of what the name depends on in its zone: see witness
	theirs, ours answer
	explanation  *explanation // nil: unexplained
}

// comparison is the result for all questions.
type comparison struct {
	questions     []question
	disagreements []disagreement
	onlyOnce      []disagreement // which were agreements when asked again
}

// difference compares two answers.
func difference(theirs, ours answer) (kind, bool) {
	switch {
	case theirs.rcode != ours.rcode:
		return differRCode, true
	case !sameSecurity(theirs.verdict, ours.verdict):
		return differSecurity, true
	case !slices.Equal(theirs.records, ours.records):
		return differRecords, true
	}
	return "", false
}

// sameSecurity compares verdicts. Of a look-up that failed, Unbound says nothing more; caascan says insecure where it
// has proven that before the failure, and else indeterminate.
func sameSecurity(theirs, ours verdict) bool {
	if theirs == failure {
		return ours == indeterminate || ours == insecure
	}
	return theirs == ours
}

// newComparison compares all answers and explains where they differ.
func newComparison(questions []question, theirs, ours []answer) *comparison {
	c := &comparison{questions: questions}
	type key struct {
		name string
		typ  uint16
	}
	said := map[key]verdict{}
	for i, q := range questions {
		said[key{q.name, q.typ}] = theirs[i].verdict
	}
	for i, q := range questions {
		k, differ := difference(theirs[i], ours[i])
		if !differ {
			continue
		}
		d := disagreement{question: q, kind: k, theirs: theirs[i], ours: ours[i]}
		d.chain = said[key{q.zone.name, dns.TypeSOA}]
		if name, typ := q.witness(); d.chain != bogus && name != "" {
			d.chain = said[key{name, typ}]
		}
		d.explanation = explain(&d)
		c.disagreements = append(c.disagreements, d)
	}
	return c
}

// witness is a question whose answer shows whether the chain of trust that this one's name depends on is broken within
// its zone: below a delegation its DS, and of an alias in a loop another alias.
func (q question) witness() (name string, typ uint16) {
	switch q.name {
	case q.zone.in("www.lame"):
		return q.zone.in("lame"), dns.TypeDS
	case q.zone.in("loop"):
		return q.zone.in("alias"), dns.TypeCNAME
	}
	return "", 0
}

// perhapsChance reports whether the disagreement is worth a second question: Unbound gave up, which in broken zones
// depends on what is in its cache and on which servers it took; or a server's reply came too late for caascan.
func (d *disagreement) perhapsChance() bool {
	return d.theirs.rcode == "SERVFAIL" || strings.Contains(d.ours.note, "timeout")
}

// without returns the disagreements that another comparison of the same questions has not.
func (c *comparison) without(other *comparison) []disagreement {
	found := map[int]bool{}
	for _, d := range other.disagreements {
		found[d.index] = true
	}
	return slices.DeleteFunc(slices.Clone(c.disagreements), func(d disagreement) bool { return found[d.index] })
}

// namesInData are the types in whose data the case of letters has no meaning, as it holds names. It has none in
// hexadecimal digits either.
var namesInData = []uint16{dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypeMX, dns.TypeSOA}

// normalForms writes records so that they can be compared: without signatures, which only one shows, without TTLs, which
// go down in a cache, and in lower case where case has no meaning.
func normalForms(rrs []dns.RR) []string {
	var forms []string
	for _, rr := range rrs {
		header := rr.Header()
		if header.Rrtype == dns.TypeRRSIG {
			continue
		}
		_, data, _ := strings.Cut(rr.String(), "\t"+dns.Type(header.Rrtype).String()+"\t")
		if _, generic := rr.(*dns.RFC3597); generic || slices.Contains(namesInData, header.Rrtype) {
			data = strings.ToLower(data)
		}
		forms = append(forms, dns.CanonicalName(header.Name)+" "+dns.Type(header.Rrtype).String()+" "+data)
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

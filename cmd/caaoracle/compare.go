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
	theirs, ours answer
	explanation  *explanation // nil: unexplained
}

// comparison is the result for all questions.
type comparison struct {
	questions     []question
	disagreements []disagreement
	askedAgain    int
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

// differing returns the questions on which the answers differ.
func differing(questions []question, theirs, ours []answer) []question {
	var found []question
	for i, q := range questions {
		if _, differ := difference(theirs[i], ours[i]); differ {
			found = append(found, q)
		}
	}
	return found
}

// newComparison compares all answers and explains where they differ.
func newComparison(questions []question, theirs, ours []answer) *comparison {
	c := &comparison{questions: questions}
	for i, q := range questions {
		k, differ := difference(theirs[i], ours[i])
		if !differ {
			continue
		}
		d := disagreement{question: q, kind: k, theirs: theirs[i], ours: ours[i]}
		d.explanation = explain(&d)
		c.disagreements = append(c.disagreements, d)
	}
	return c
}

// namesInData are the types in whose data the case of letters has no meaning, as it holds names.
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
		data := strings.TrimPrefix(rr.String(), header.String())
		if slices.Contains(namesInData, header.Rrtype) {
			data = strings.ToLower(data)
		}
		forms = append(forms, dns.CanonicalName(header.Name)+" "+dns.Type(header.Rrtype).String()+" "+data)
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

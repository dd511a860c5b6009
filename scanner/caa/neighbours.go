package caa

import (
	"cmp"
	"slices"
	"strings"
)

// diagnoseNeighbours looks at records that say the same, and at those that say no beside others that say yes.
func (d *Diagnoser) diagnoseNeighbours() {
	if len(d.set.Properties) < 2 {
		return
	}
	for i := range d.set.Properties {
		if kind := d.set.denies(i); kind >= 0 && d.count[kind].named > 0 {
			d.add(DenyBesideAllow, i)
		}
	}
	d.order = d.order[:0]
	for i := range d.set.Properties {
		d.order = append(d.order, i)
	}
	slices.SortFunc(d.order, d.set.compareRecords)
	for at := 1; at < len(d.order); at++ {
		before, i := d.order[at-1], d.order[at]
		if d.set.compareMeaning(before, i) != 0 {
			continue
		}
		if d.set.Properties[before].Flags == d.set.Properties[i].Flags {
			d.add(DuplicateRecord, i)
		} else {
			d.add(FlagConflict, i)
		}
	}
}

// denies returns the kind for which the record with index i names nobody in a well-formed value, -1 if it does not.
func (s *Set) denies(i int) int {
	if s.Issuances[i].Issuer != "" || s.Issuances[i].Syntax != WellFormed {
		return -1
	}
	return slices.Index(kindTags[:], tagTrait(s.Properties[i].Tag))
}

// compareRecords orders records by what they say, then by flags, then by their octets: those with the same meaning stand
// together, in the same order however the server gave them.
func (s *Set) compareRecords(i, j int) int {
	if c := s.compareMeaning(i, j); c != 0 {
		return c
	}
	a, b := &s.Properties[i], &s.Properties[j]
	return cmp.Or(cmp.Compare(a.Flags, b.Flags), strings.Compare(a.Tag, b.Tag), strings.Compare(a.Value, b.Value), cmp.Compare(i, j))
}

// compareMeaning orders records by what they say; 0 if that is the same.
func (s *Set) compareMeaning(i, j int) int {
	a, b := &s.Properties[i], &s.Properties[j]
	if c := compareFold(a.Tag, b.Tag); c != 0 {
		return c
	}
	x, y := &s.Issuances[i], &s.Issuances[j]
	if x.Syntax != WellFormed || y.Syntax != WellFormed || tagTrait(a.Tag)&(TagIssue|TagIssueWild|TagIssueMail|TagIssueVMC) == 0 {
		return cmp.Or(cmp.Compare(x.Syntax, y.Syntax), strings.Compare(a.Value, b.Value))
	}
	if c := strings.Compare(x.Issuer, y.Issuer); c != 0 {
		return c
	}
	return slices.CompareFunc(x.Params, y.Params, func(p, q Param) int {
		return cmp.Or(compareFold(p.Name, q.Name), strings.Compare(p.Value, q.Value))
	})
}

// compareFold orders without regard to the case of ASCII letters.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(lower(a[i]), lower(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

package analysis

import (
	"context"
	"slices"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// Change is a change of the rule for certificates of one kind. Both profiles cover it.
type Change struct {
	Kind     caa.Kind
	From, To *caa.Profile
}

// Applicant is a CA that would issue.
type Applicant struct {
	Name        string
	Identifiers []string // in the order of the request; compared as the rules say
}

// Owners are the owners of a table of issuers as applicants.
func Owners(issuers *datasets.Issuers) []Applicant {
	var all []Applicant
	for _, name := range issuers.Names() {
		all = append(all, Applicant{name, issuers.Identifiers(name)})
	}
	return all
}

// AnyOtherCA is how tables call the CA that no set names. All such CAs have the same verdicts.
const AnyOtherCA = "(any other CA)"

// Panel asks what applicants may issue under changes of rules.
type Panel struct {
	Changes    []Change
	Applicants []Applicant
	Request    caa.Request // what the applicants are like; kind and identifiers are filled in
}

// Shift is the two verdicts of a Change.
type Shift struct{ From, To caa.Decision }

// Changed reports whether the verdicts differ.
func (s *Shift) Changed() bool { return s.From.Permitted != s.To.Permitted }

// Outlook is how a change of rules concerns the names with one evidence.
type Outlook struct {
	Others Shift   // of whoever the sets do not name
	Named  []Named // applicants that they name, each with its own
}

// Named is an applicant by its index, and what a change means to it.
type Named struct {
	Applicant int
	Shift
}

// Of is the shift for an applicant.
func (o *Outlook) Of(applicant int) Shift {
	for i := range o.Named {
		if o.Named[i].Applicant == applicant {
			return o.Named[i].Shift
		}
	}
	return o.Others
}

// Judge gives each evidence that Reduce found to see, with an outlook for each change of the panel, in their order. None is good
// after see has returned.
func (d *Data) Judge(ctx context.Context, prefix string, p *Panel, see func(*Evidence, []Outlook) error) error {
	named := p.byIdentifier()
	outlooks := make([]Outlook, len(p.Changes))
	var asking []int
	return d.Evidences(ctx, prefix, func(e *Evidence) error {
		asking = applicantsIn(asking[:0], named, &e.Evidence)
		for i := range p.Changes {
			o := &outlooks[i]
			o.Others = p.shift(&e.Evidence, i, nil)
			o.Named = o.Named[:0]
			for _, a := range asking {
				o.Named = append(o.Named, Named{a, p.shift(&e.Evidence, i, p.Applicants[a].Identifiers)})
			}
		}
		return see(e, outlooks)
	})
}

func (p *Panel) shift(ev *caa.Evidence, change int, identifiers []string) Shift {
	c, request := &p.Changes[change], p.Request
	request.Kind, request.Issuers = c.Kind, identifiers
	return Shift{caa.Decide(ev, &request, c.From), caa.Decide(ev, &request, c.To)}
}

// byIdentifier are the indexes of applicants by their identifiers in lower case.
func (p *Panel) byIdentifier() map[string][]int {
	of := map[string][]int{}
	for i, a := range p.Applicants {
		for _, id := range a.Identifiers {
			id = strings.ToLower(id)
			if !slices.Contains(of[id], i) {
				of[id] = append(of[id], i)
			}
		}
	}
	return of
}

// applicantsIn appends those that any record of the evidence might name, under whatever rule and for whatever kind: whether it
// does is for caa.Decide to say. Rules differ in what they take for a malformed value (C7, C13), but only behind the first semicolon.
func applicantsIn(found []int, named map[string][]int, ev *caa.Evidence) []int {
	for i := range ev.Levels {
		set := ev.Levels[i].Set
		if set == nil {
			continue
		}
		for j := range set.Properties {
			issuer := set.Issuances[j].Issuer
			if issuer == "" {
				before, _, _ := strings.Cut(set.Properties[j].Value, ";")
				issuer = caa.ParseIssuance(before).Issuer
			}
			for _, a := range named[issuer] {
				if !slices.Contains(found, a) {
					found = append(found, a)
				}
			}
		}
	}
	return found
}

// Tally counts names by the verdicts before and after a change.
type Tally [caa.No + 1][caa.No + 1]int64

// Lost is how many names an applicant could issue for before, and cannot any more.
func (t *Tally) Lost() int64 { return t[caa.Yes][caa.No] }

// Gained is the reverse.
func (t *Tally) Gained() int64 { return t[caa.No][caa.Yes] }

// Forbidden is for how many names it was left open whether an applicant may issue, and is forbidden now.
func (t *Tally) Forbidden() int64 { return t[caa.Undetermined][caa.No] }

// Allowed is for how many it was left open, and is permitted now.
func (t *Tally) Allowed() int64 { return t[caa.Undetermined][caa.Yes] }

// Opened is for how many there was a verdict, and it is left open now.
func (t *Tally) Opened() int64 { return t[caa.Yes][caa.Undetermined] + t[caa.No][caa.Undetermined] }

// Before is for how many names the verdict was v.
func (t *Tally) Before(v caa.Verdict) (n int64) {
	for to := range t[v] {
		n += t[v][to]
	}
	return n
}

// After is for how many names it is v.
func (t *Tally) After(v caa.Verdict) (n int64) {
	for from := range t {
		n += t[from][v]
	}
	return n
}

// add counts the names of a shift.
func (t *Tally) add(s *Shift, names int64) { t[s.From.Permitted][s.To.Permitted] += names }

// plus is the sum of two.
func (t *Tally) plus(u *Tally) (sum Tally) {
	for from := range t {
		for to := range t[from] {
			sum[from][to] = t[from][to] + u[from][to]
		}
	}
	return sum
}

// Tallies count names for one change: for the CA that no set names, and for each applicant.
type Tallies struct {
	others Tally
	apart  map[int]*Tally // by applicant: what is otherwise for it than for others
}

// Add counts the names of one evidence.
func (t *Tallies) Add(e *Evidence, o *Outlook) {
	t.others.add(&o.Others, e.Names)
	for i := range o.Named {
		n := &o.Named[i]
		if t.apart == nil {
			t.apart = map[int]*Tally{}
		}
		if t.apart[n.Applicant] == nil {
			t.apart[n.Applicant] = new(Tally)
		}
		t.apart[n.Applicant].add(&n.Shift, e.Names)
		t.apart[n.Applicant].add(&o.Others, -e.Names)
	}
}

// Others is the tally of whoever no set names.
func (t *Tallies) Others() Tally { return t.others }

// Of is the tally of an applicant; named says that some set names it.
func (t *Tallies) Of(applicant int) (tally Tally, named bool) {
	apart := t.apart[applicant]
	if apart == nil {
		return t.others, false
	}
	return t.others.plus(apart), true
}

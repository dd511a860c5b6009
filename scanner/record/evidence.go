package record

import (
	"strings"

	"github.com/caascan/caascan/scanner/caa"
)

// Evidence is what a verdict about the target depends on. Its levels are appended to levels, which may be nil; they share
// memory with r.
func (r *Record) Evidence(levels []caa.Level) caa.Evidence {
	for i := range r.Climb {
		a := r.Climb[i].Answer
		l := caa.Level{
			Outcome: judged[a.Outcome], Security: a.judgedSecurity(), Attempts: r.Attempts(i),
			Aliased: len(a.Chain) > 0, Truncated: a.Truncated,
		}
		for _, e := range a.EDE() {
			l.EDE = append(l.EDE, e.Code)
		}
		switch {
		case a.Outcome == Found && i == r.Relevant:
			l.Set = &r.CAA
		case a.Outcome == Found: // above a failure, for rules that pass that over (C3)
			set := a.Judge()
			l.Set = &set
		}
		levels = append(levels, l)
	}
	return caa.Evidence{Labels: labels(r.Target.Name), Suffix: labels(r.Target.Suffix), Levels: levels}
}

// Judge says what the CAA set of a, which was Found, means.
func (a *Answer) Judge() caa.Set {
	set := a.Set()
	properties := make([]caa.Property, len(set))
	for i, rr := range set {
		p, err := caa.ParseRData(rr.Data)
		if err != nil {
			panic("internal error: the resolver let a malformed CAA record pass: " + err.Error())
		}
		properties[i] = p
	}
	return caa.Judge(properties)
}

// labels counts the labels of a canonical name in text, which are at most 127.
func labels(name string) uint8 {
	if name == "" {
		return 0
	}
	return uint8(1 + strings.Count(name, "."))
}

// judged are the outcomes as verdicts know them: by the same words.
var judged = func() (of [Outcomes]caa.Outcome) {
	for o := range of {
		if Outcome(o) == Malformed {
			of[o] = caa.BadMessage // no verdict tells a reply that cannot be read from a record that cannot
			continue
		}
		j, ok := caa.OutcomeOf(Outcome(o).String())
		if !ok {
			panic("internal error: verdicts know no outcome " + Outcome(o).String())
		}
		of[o] = j
	}
	return of
}()

// judgedSecurity is the state of the answer as verdicts know it.
func (a *Answer) judgedSecurity() caa.Security {
	s, ok := caa.SecurityOf(a.Security.String(), a.Reason)
	if !ok {
		panic("internal error: verdicts know no state " + a.Security.String())
	}
	return s
}

package analysis

import (
	"context"
	"strings"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// The changes that made DNSSEC validation mandatory (spec section 3): ballot SC85v2 for TLS, SMC014 for S/MIME.
var validationMandatory = [...]struct {
	kind     caa.Kind
	from, to string
}{
	{caa.TLS, "tls-2025-07", "tls-2026-03"},
	{caa.SMIME, "smime-2025-03", "smime-2026-03"},
}

// ValidationMandatory are the changes that made DNSSEC validation mandatory.
func ValidationMandatory() []Change {
	var all []Change
	for _, c := range validationMandatory {
		all = append(all, builtInChange(c.kind, c.from, c.to))
	}
	return all
}

// IssueMailMandatory is the change that made CAA mandatory for S/MIME (ballot SMC05).
func IssueMailMandatory() []Change {
	return []Change{builtInChange(caa.SMIME, "smime-2024-09", "smime-2025-03")}
}

func builtInChange(kind caa.Kind, from, to string) Change {
	rules := caa.BuiltIn()
	before, has := rules.ByName(from, kind)
	after, hasToo := rules.ByName(to, kind)
	if !has || !hasToo {
		panic("internal error: no built-in profiles " + from + " and " + to + " for " + kind.String())
	}
	return Change{kind, before, after}
}

// whatIfPrefix begins the names of profiles that are one change to the rules in force.
const whatIfPrefix = "w-"

// WhatIfs are the what-ifs of the built-in rules, each as a change of the rule that it varies: the binding one of the same source.
func WhatIfs() []Change {
	var all []Change
	profiles := caa.BuiltIn().Profiles()
	for _, p := range profiles {
		if !strings.HasPrefix(p.Name, whatIfPrefix) {
			continue
		}
		for kind := range caa.Kind(caa.Kinds) {
			for _, base := range profiles {
				if p.Covers(kind) && base.Binding && base.Covers(kind) && base.Source == p.Source {
					all = append(all, Change{kind, base, p})
				}
			}
		}
	}
	return all
}

// prepareRules makes what the questions about changes of rules share:
//
//	evidences, judged   by Reduce
//	validation          the evidences that fail, or are not there, under the rules before and since DNSSEC validation is mandatory
//	validation_groups   the names that have them
//	what_ifs            each what-if and each CA that is named or known: for how many names it may issue, before and after
func (d *Data) prepareRules(ctx context.Context) error {
	if err := d.Reduce(ctx, ""); err != nil {
		return err
	}
	if err := d.run(ctx, "rules.sql", nil); err != nil {
		return err
	}
	mandatory, whatIfs := ValidationMandatory(), WhatIfs()
	panel := Panel{Changes: append(mandatory, whatIfs...), Applicants: Owners(datasets.DefaultIssuers())}
	tallies := make([]Tallies, len(panel.Changes))
	if err := d.Append(ctx, "validation", func(add func(row ...any) error) error {
		return d.Judge(ctx, "", &panel, func(e *Evidence, outlooks []Outlook) error {
			for i := range outlooks {
				tallies[i].Add(e, &outlooks[i])
			}
			for i := range mandatory {
				from, to := &outlooks[i].Others.From, &outlooks[i].Others.To
				if !Failed(from.Reason) && !Failed(to.Reason) && to.Reason != caa.NotStored {
					continue
				}
				if err := add(mandatory[i].Kind.String(), e.Number, e.Names, from.Permitted.String(), to.Permitted.String(), to.Reason.String(), int32(to.Level)); err != nil {
					return err
				}
			}
			return nil
		})
	}); err != nil {
		return err
	}
	if err := d.Append(ctx, "what_ifs", func(add func(row ...any) error) error {
		for i := range whatIfs {
			t := &tallies[len(mandatory)+i]
			if err := addWhatIf(add, &whatIfs[i], AnyOtherCA, false, t.Others()); err != nil {
				return err
			}
			for a := range panel.Applicants {
				tally, named := t.Of(a)
				if err := addWhatIf(add, &whatIfs[i], panel.Applicants[a].Name, named, tally); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return d.Groups(ctx, "", "validation_groups", "validation")
}

func addWhatIf(add func(row ...any) error, c *Change, owner string, named bool, t Tally) error {
	return add(c.To.Name, strings.TrimSpace(c.To.Note), c.Kind.String(), owner, named, t.Before(caa.Yes), t.After(caa.Yes), t.Lost(), t.Gained(),
		t.Forbidden(), t.Allowed(), t.Opened())
}

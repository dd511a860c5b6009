package caa

import (
	_ "embed"
	"slices"
	"sync"
	"time"
)

// Rules is a collection of profiles. It does not change.
type Rules struct {
	now      time.Time // the day whose rules a profile with "base: now" varies
	profiles []*Profile
}

//go:embed profiles.yaml
var builtIn []byte

// BuiltIn returns the profiles of the project's page spec/caa.md.
var BuiltIn = sync.OnceValue(func() *Rules {
	rules, err := ReadProfiles("profiles.yaml", builtIn, nil)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return rules
})

// ForTime returns the rule that binds CAs at t for certificates of the kind: of the binding profiles the last one in force
// by then. There is none before the first.
func (r *Rules) ForTime(kind Kind, t time.Time) (*Profile, bool) {
	var last *Profile
	for _, p := range r.profiles {
		if p.Binding && p.Covers(kind) && !t.Before(p.From) && (last == nil || p.From.After(last.From)) {
			last = p
		}
	}
	return last, last != nil
}

// ByName returns the profile with the name that covers certificates of the kind. What-ifs have one for each kind, made
// from its rule of today.
func (r *Rules) ByName(name string, kind Kind) (*Profile, bool) {
	for _, p := range r.profiles {
		if p.Name == name && p.Covers(kind) {
			return p, true
		}
	}
	return nil, false
}

// Profiles returns all profiles, in the order of the files they were read from. Several may share a name: then they cover
// different kinds.
func (r *Rules) Profiles() []*Profile { return slices.Clone(r.profiles) }

// Names returns the names of the profiles, each once, in the order of the files.
func (r *Rules) Names() []string {
	var names []string
	for _, p := range r.profiles {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

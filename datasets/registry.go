package datasets

import (
	"slices"

	"github.com/caascan/caascan/scanner/caa"
)

// Registry is a table of issuers as the findings of package caa need it.
type Registry struct{ *Issuers }

// Issuer implements caa.Registry.
func (r Registry) Issuer(identifier string) caa.Issuer {
	owners := r.Owners(identifier)
	known := caa.Issuer{Known: len(owners) > 0, Retired: r.Retired(identifier)}
	for _, o := range owners {
		current := o.Standing != StandingLegacy && o.Standing != StandingDoubtful
		if current && !slices.Contains(known.Families, o.Family) {
			known.Families = append(known.Families, o.Family)
		}
	}
	for kind := range caa.Kinds {
		belief := r.Honoured(identifier, caa.Kind(kind))
		known.Honours[kind], known.Refuses[kind] = belief == Yes, belief == No
	}
	return known
}

package main

import (
	"slices"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// registry is a table of issuers as findings need it.
type registry struct{ *datasets.Issuers }

// Issuer implements caa.Registry.
func (r registry) Issuer(identifier string) caa.Issuer {
	owners := r.Owners(identifier)
	known := caa.Issuer{Known: len(owners) > 0, Retired: r.Retired(identifier)}
	for _, o := range owners {
		current := o.Standing != datasets.StandingLegacy && o.Standing != datasets.StandingDoubtful
		if current && !slices.Contains(known.Families, o.Family) {
			known.Families = append(known.Families, o.Family)
		}
	}
	for kind := range caa.Kinds {
		belief := r.Honoured(identifier, caa.Kind(kind))
		known.Honours[kind], known.Refuses[kind] = belief == datasets.Yes, belief == datasets.No
	}
	return known
}

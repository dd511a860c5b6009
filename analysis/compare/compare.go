// Package compare says what is different between scans. Scans at several times, of whatever lists, are compared name by name, each with the
// next: what was adopted, removed, changed (OverTime). Scans of one list at about one time from several vantages are compared by what a
// CA may issue (FromVantages): its primary perspective permits, and a remote one does not.
//
//	Arrange       which rounds are meant, and how they stand to each other
//	OverTime      question 29 of package analysis about them
//	FromVantages  decides every name from every vantage by caa.Decide, and corroborates by caa.Corroborate
//
// Both make tables in DuckDB, a Report of them, and the list of the names.
package compare

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/output"
)

// Relation is how scans stand to each other.
type Relation uint8

// The relations.
const (
	Auto    Relation = iota // by what their manifests say
	Time                    // one after the other
	Vantage                 // at about one time, from several places in the network; the first is the primary perspective
)

// Relations are the words for them, in their order.
var Relations = []string{"auto", "time", "vantage"}

// String returns the word.
func (r Relation) String() string { return Relations[r] }

// RelationOf returns the relation with the word.
func RelationOf(word string) (Relation, bool) {
	i := slices.Index(Relations, word)
	return Relation(max(i, 0)), i >= 0
}

// near is how far apart scans from several vantages may begin: less than daily rounds are.
const near = 24 * time.Hour

// Arrange returns the rounds of places that were given to analysis.Open, by their index in d.Rounds, and how they stand to each other. One place holds all
// rounds. Of several places each holds one, in the order that counts: two are the old and the new one, more go by time; of vantages the first
// is the primary perspective.
func Arrange(d *analysis.Data, places []string, as Relation) ([]int, Relation, error) {
	var order []int
	for _, place := range places {
		found, err := d.RoundsAt(place)
		if err != nil {
			return nil, as, err
		}
		if len(places) > 1 && len(found) > 1 {
			return nil, as, fmt.Errorf("%s: there are %d rounds; name one of them, or only this place for all", place, len(found))
		}
		for _, r := range found {
			if slices.Contains(order, r) {
				return nil, as, fmt.Errorf("%s: the same round as before", place)
			}
			order = append(order, r)
		}
	}
	if len(order) < 2 {
		return nil, as, errors.New("there is one round; it takes two to compare")
	}
	if as == Auto {
		as = relation(d, order)
	}
	if as == Time && len(places) != 2 {
		slices.Sort(order) // they are by time
	}
	return order, as, nil
}

// relation is Vantage if all scans are about the same input, each from another vantage, and began at about one time.
func relation(d *analysis.Data, order []int) Relation {
	first := &d.Rounds[order[0]]
	vantages := []string{first.Scans[0].Vantage}
	for _, i := range order[1:] {
		r := &d.Rounds[i]
		vantage := r.Scans[0].Vantage
		apart := r.Began().Sub(first.Began()).Abs()
		if slices.Contains(vantages, vantage) || apart >= near || !sameInputs(first.Scans[0].Inputs, r.Scans[0].Inputs) {
			return Time
		}
		vantages = append(vantages, vantage)
	}
	return Vantage
}

// sameInputs reports whether two scans were about the same octets: by their SHA-256, or else by how many lines and octets they had.
func sameInputs(a, b []output.Input) bool {
	return slices.EqualFunc(a, b, func(x, y output.Input) bool {
		if x.SHA256 != "" && y.SHA256 != "" {
			return x.SHA256 == y.SHA256
		}
		return x.Lines == y.Lines && x.Octets == y.Octets && x.Path == y.Path
	})
}

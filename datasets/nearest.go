package datasets

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

const (
	// maxDistance is how far Nearest looks. Three slips make another name.
	maxDistance = 2

	// minSharedLabel is how long a label must be, in octets, that tells an owner under whatever suffix: ssl, web or pki
	// stand in names of people who never heard of the CA.
	minSharedLabel = 4
)

// slips is how many letters may be wrong in a label of so many octets. A label of four letters and another letter is
// another word; in eight there is room for two.
func slips(octets int) int {
	switch {
	case octets <= minSharedLabel:
		return 0
	case octets < 8:
		return 1
	default:
		return maxDistance
	}
}

// outlined is a name with its parts. A name of one label, or that is a public suffix, has its first label for label.
type outlined[T ~string | ~[]byte] struct {
	name       T
	before     T // what stands left of the registrable domain, without the dot between
	label      T // first of the registrable domain
	suffix     T // public suffix
	registered bool
	letters    uint64 // of the name, see lettersOf
	ofLabel    uint64 // of the label
}

// knownIdentifier is an identifier as Nearest compares with it.
type knownIdentifier struct {
	outlined[string]
	slips int
}

// knownIdentifiers puts the identifiers in the order in which they are preferred where several are equally near: the
// best standing, then fewest labels, then by name.
func knownIdentifiers(owners map[string][]Owner) []knownIdentifier {
	names := slices.SortedFunc(maps.Keys(owners), func(a, b string) int {
		return cmp.Or(cmp.Compare(owners[a][0].Standing, owners[b][0].Standing),
			cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	})
	known := make([]knownIdentifier, len(names))
	for i, name := range names {
		o := outlineIdentifier(name)
		known[i] = knownIdentifier{o, slips(len(o.label))}
	}
	return known
}

func outlineIdentifier[T ~string | ~[]byte](name T) outlined[T] {
	o := outlined[T]{name: name, letters: lettersOf(name)}
	at, suffix, _ := split(DefaultSuffixes().rules, name)
	if o.registered = at < len(name); !o.registered {
		at = 0
	}
	end := at
	for end < len(name) && name[end] != '.' {
		end++
	}
	o.before, o.label, o.suffix = name[:max(at-1, 0)], name[at:end], name[min(end+1, len(name)):]
	if o.registered {
		o.suffix = name[suffix:]
	}
	o.ofLabel = lettersOf(o.label)
	return o
}

// lettersOf is the set of the octets of s, or rather of their last six bits. One slip changes it by two elements at
// most, which tells most names apart before they are compared.
func lettersOf[T ~string | ~[]byte](s T) (set uint64) {
	for i := range len(s) {
		set |= 1 << (s[i] & 63)
	}
	return set
}

// Nearest returns the known identifier that was probably meant by a value that names none, and how far away it is: the
// letters too many, missing, wrong or swapped with their neighbour (Damerau and Levenshtein's distance, no letter moved
// twice). A public suffix that is other or missing counts as one (letsencrypt.com, digicert), and so do labels in front
// that are too many or missing (www.letsencrypt.org). It must be at most 2, and less for short names; ok is false if
// nothing is so near. An identifier of the table is its own, at distance 0, in whatever case.
//
// Of several at one distance the one with the best standing is returned, then the one of fewest labels, then the first
// by name. Values longer than a name can be are near to nothing. Nothing is allocated.
func (t *Issuers) Nearest(identifier string) (known string, distance int, ok bool) {
	if identifier == "" || len(identifier) > MaxName {
		return "", 0, false
	}
	if _, found := t.owners[identifier]; found {
		return identifier, 0, true
	}
	var folded [MaxName]byte
	for i := range len(identifier) {
		folded[i] = lower[identifier[i]]
	}
	value := outlineIdentifier(folded[:len(identifier)])
	distance = maxDistance + 1
	for i := range t.known {
		if d := t.known[i].distance(&value, distance-1); d < distance {
			known, distance = t.known[i].name, d
			if distance == 0 {
				break
			}
		}
	}
	if distance > maxDistance {
		return "", 0, false
	}
	return known, distance, true
}

// distance is as Nearest says; more than most if it is more than that.
func (k *knownIdentifier) distance(value *outlined[[]byte], most int) int {
	best := most + 1
	if best > 1 && (isAbove(k.name, value.name) || value.registered && isAbove(value.name, k.name)) {
		best = 1
	}
	if near := min(k.slips, best-1); near >= 0 && differ(k.letters, value.letters) <= 2*near {
		if d := slipsBetween(value.name, k.name, near); d <= near {
			best = d
		}
	}
	if len(k.label) < minSharedLabel || differ(k.ofLabel, value.ofLabel) > 2*k.slips {
		return best
	}
	labels, related := k.otherLabels(value)
	if near := min(k.slips, best-1-labels); related && near >= 0 {
		if d := slipsBetween(value.label, k.label, near); d <= near {
			best = labels + d
		}
	}
	return best
}

// otherLabels is what the labels before and behind add to the distance of two names. Names that have other labels in
// front, rather than more or fewer, are not related: eca.hinet.net is not foo.hinet.net.
func (k *knownIdentifier) otherLabels(value *outlined[[]byte]) (distance int, related bool) {
	if string(value.suffix) != k.suffix {
		distance++
	}
	if string(value.before) == k.before {
		return distance, true
	}
	related = len(value.before) == 0 || k.before == "" || isAbove(k.before, value.before) || isAbove(value.before, k.before)
	return distance + 1, related
}

func differ(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// isAbove reports whether the name below ends in a dot and the name above.
func isAbove[A, B ~string | ~[]byte](above A, below B) bool {
	at := len(below) - len(above)
	return at > 0 && len(above) > 0 && below[at-1] == '.' && string(below[at:]) == string(above)
}

// slipsBetween is the optimal string alignment distance of two names if that is at most most, otherwise some greater
// number. Only a band of the matrix, as wide as most, is worked out, in three rows that take turns.
func slipsBetween(a []byte, b string, most int) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 || most == 0 {
		return len(a) + len(b)
	}
	if max(len(a)-len(b), len(b)-len(a)) > most {
		return most + 1
	}
	beyond := most + 1
	var rows [3][MaxName + 1]uint8
	for j := range min(len(b), most) + 1 {
		rows[0][j] = uint8(j)
	}
	nearestAbove := 0
	for i := 1; i <= len(a); i++ {
		row, above, above2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		first, last := max(1, i-most), min(len(b), i+most)
		row[first-1] = uint8(beyond)
		if first == 1 {
			row[0] = uint8(min(i, beyond))
		}
		nearest := int(row[first-1])
		for j := first; j <= last; j++ {
			d := int(above[j-1]) // the same letter, or another
			if a[i-1] != b[j-1] {
				d++
			}
			if j > first || first == 1 {
				d = min(d, int(row[j-1])+1) // one missing
			}
			if j < i+most {
				d = min(d, int(above[j])+1) // one too many
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, int(above2[j-2])+1) // swapped
			}
			row[j] = uint8(min(d, beyond))
			nearest = min(nearest, d)
		}
		if nearest > most && nearestAbove >= most { // a swap may reach back over one row
			return beyond
		}
		nearestAbove = nearest
	}
	return int(rows[len(a)%3][len(b)])
}

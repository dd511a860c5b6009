package simnet

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"slices"
	"sort"

	"github.com/caascan/caascan/scanner/wire"
)

// A registry is the names of a zone that delegates, in the order of its denials: root, TLDs, public suffixes. It is
// the one thing that is stored per name, as a span from one name to the next cannot be told from a hash of the seed:
// 21 octets for each NSEC3 record, which an opt-out zone has for its signed delegations only, 48 for each NSEC record.
// Worlds of more than maxRegistered names do without; their registries answer with the narrowest spans (RFC 4470, RFC
// 7129 appendix B), so that no span is of use for a second name.
type registry struct {
	hashes []hashedOwner
	names  []ownedName
}

// maxRegistered names cost half a gigabyte at most.
const maxRegistered = 1 << 24

// What stands at the owner of a denial, besides nodes of the zone's shape, which go by their number.
const (
	ownsNothing  = 0xfd // nothing: the end of a narrowest span
	ownsSigned   = 0xfe // a delegation with DS
	ownsUnsigned = 0xff // a delegation without
	maxNodes     = ownsNothing
)

const hashSize = sha1.Size

// hashedOwner is the owner of an NSEC3 record.
type hashedOwner struct {
	hash [hashSize]byte
	owns uint8
}

// ownedName is the owner of an NSEC record: the labels before the apex, in wire form.
type ownedName struct {
	rel  string
	owns uint8
}

// findHash returns the number of the record that matches the hash or, if matched is false, that covers it.
func findHash(owners []hashedOwner, hash *[hashSize]byte) (at int, matched bool) {
	at = sort.Search(len(owners), func(i int) bool { return bytes.Compare(owners[i].hash[:], hash[:]) > 0 }) - 1
	if at < 0 {
		return len(owners) - 1, false
	}
	return at, owners[at].hash == *hash
}

// findName returns the number of the record that matches the name or, if it does not own one, that covers it.
func findName(owners []ownedName, rel []byte) int {
	return sort.Search(len(owners), func(i int) bool { return compareLabels(owners[i].rel, rel) > 0 }) - 1
}

// compareLabels orders names of one zone canonically (RFC 4034 6.1), given by the labels before the apex.
func compareLabels[A, B string | []byte](a A, b B) int {
	var aStarts, bStarts [128]uint8
	i, j := labelStarts(a, &aStarts), labelStarts(b, &bStarts)
	for i > 0 && j > 0 {
		i--
		j--
		x, y := int(aStarts[i]), int(bStarts[j])
		if c := compareOctets(a[x+1:x+1+int(a[x])], b[y+1:y+1+int(b[y])]); c != 0 {
			return c
		}
	}
	return cmp.Compare(i, j)
}

func labelStarts[T string | []byte](rel T, starts *[128]uint8) (n int) {
	for i := 0; i < len(rel) && rel[i] != 0; i += 1 + int(rel[i]) {
		starts[n] = uint8(i)
		n++
	}
	return n
}

func compareOctets[A, B string | []byte](a A, b B) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// hashName is the hash of RFC 5155 5: SHA-1 over the name in canonical form and the salt, iterations times more.
func (s *scheme) hashName(name []byte) [hashSize]byte {
	var buf [320]byte
	n := copy(buf[:], name)
	sum := sha1.Sum(buf[:n+copy(buf[n:], s.salt)])
	n = copy(buf[hashSize:], s.salt)
	for range s.iterations {
		copy(buf[:], sum[:])
		sum = sha1.Sum(buf[:hashSize+n])
	}
	return sum
}

// buildRegistries fills the registries of the root, the TLDs and the suffixes.
func (w *World) buildRegistries() {
	if !w.signed || w.cfg.Names > maxRegistered {
		return
	}
	for _, s := range w.special {
		if above := w.above(s); above != nil && above.sign.signed() {
			above.register([]byte(s.apex[:len(s.apex)-len(above.apex)]), s.sign.delegated())
		}
	}
	var rel [1 + labelLen]byte
	rel[0] = labelLen
	for i := range w.cfg.Names {
		sc := w.scenarioOf(i)
		if sc.undelegate || sc.sibling {
			continue
		}
		d := w.domain(i)
		if s := d.tld.registry(); s.sign.signed() {
			copy(rel[1:], d.label[:])
			z := w.zoneOf(i, &d, sc, 0)
			s.register(rel[:], z.sign.delegated())
		}
	}
	for _, s := range w.special {
		if s.delegates && s.sign.signed() {
			s.close()
		}
	}
}

// above returns the zone that delegates a special zone, nil for the root.
func (w *World) above(s *special) *special {
	for at := 0; s.apex[at] != 0; {
		at += 1 + int(s.apex[at])
		if above := w.special[s.apex[at:]]; above != nil {
			return above
		}
	}
	return nil
}

// register notes a delegation from the zone s. Order comes with close.
func (s *special) register(rel []byte, signed bool) {
	owns := uint8(ownsUnsigned)
	if signed {
		owns = ownsSigned
	}
	s.note(rel, owns)
}

// note adds the owner of a denial.
func (s *special) note(rel []byte, owns uint8) {
	scheme := s.sign.scheme
	switch {
	case scheme.denial == nsec3OptOut && owns == ownsUnsigned:
	case scheme.denial.hashes():
		var buf [wire.MaxName]byte
		name := append(append(buf[:0], rel...), s.apex...)
		s.registry.hashes = append(s.registry.hashes, hashedOwner{scheme.hashName(name), owns})
	default:
		s.registry.names = append(s.registry.names, ownedName{string(rel), owns})
	}
}

// close notes the names that the zone has besides delegations, and brings all in order.
func (s *special) close() {
	for i := range s.shape.nodes {
		n := &s.shape.nodes[i]
		if !n.cut && (s.sign.scheme.denial.hashes() || n.owner == "" || len(n.sets) > 0) {
			s.note([]byte(n.owner), uint8(i))
		}
	}
	g := &s.registry
	slices.SortFunc(g.hashes, func(a, b hashedOwner) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	slices.SortFunc(g.names, func(a, b ownedName) int { return compareLabels(a.rel, b.rel) })
	g.hashes, g.names = slices.Clip(g.hashes), slices.Clip(g.names)
}

package dnssec

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// The property that matters most: whatever genuine NSEC and NSEC3 records of a zone an attacker selects, they never prove
// what is not so; and what a correct server sends always proves what is. Both by brute force, on small random zones whose
// truth is looked up in the plainest way.

// world is a zone with its truth.
type world struct {
	zone   wire.Name
	nodes  map[wire.Name]string // types of the owners that the zone speaks of: "NS DS"; delegations, never names below
	optOut bool                 // unsigned delegations have no NSEC3
	sets   []RRset              // its chain
	chain  chained
	owners []wire.Name // of the records in the chain, before hashing
}

var alphabet = []string{"a", "b", "*", `\000`}

// universe is all names up to three labels below zone.
func universe(zone wire.Name) (names []wire.Name) {
	names = []wire.Name{zone}
	for from := 0; len(names) < 1+4+16+64; from++ {
		for _, label := range alphabet {
			names = append(names, name(label+"."+names[from].String()))
		}
	}
	return names
}

func isDelegation(types string) bool { return has(types, "NS") && !has(types, "SOA") }

func has(types, typ string) bool { return slices.Contains(strings.Fields(types), typ) }

// randomWorld makes a zone. Kinds of chain: "nsec", "nsec3", "optout".
func randomWorld(t testing.TB, rng *rand.Rand, kind string) *world {
	w := &world{zone: name("z"), nodes: map[wire.Name]string{}, optOut: kind == "optout"}
	names := universe(w.zone)
	apex := "SOA NS DNSKEY RRSIG"
	if rng.IntN(8) == 0 {
		apex += " DNAME"
	}
	w.nodes[w.zone] = apex
	for range 1 + rng.IntN(9) {
		at := names[1+rng.IntN(len(names)-1)]
		kinds := []string{"A RRSIG", "CAA RRSIG", "A CAA TXT RRSIG", "CNAME RRSIG", "NS", "NS", "NS DS RRSIG", "DNAME RRSIG", "CAA DNAME RRSIG"}
		if isWildcard(at) { // delegations and DNAMEs there have no defined sense (RFC 4592 4.2, 4.4)
			kinds = kinds[:4]
		}
		w.nodes[at] = kinds[rng.IntN(len(kinds))]
	}
	for _, at := range slices.Sorted(maps.Keys(w.nodes)) { // what lies below a cut or a DNAME is not the zone's
		if cut, _ := w.hidden(at); cut != "" {
			delete(w.nodes, at)
		}
	}
	if kind == "nsec" {
		w.chainNSEC(t)
	} else {
		w.chainNSEC3(t, rng)
	}
	return w
}

// hidden returns the delegation or DNAME strictly above at, the topmost one, and its types.
func (w *world) hidden(at wire.Name) (above wire.Name, types string) {
	for up := at; up != w.zone; {
		up = up.Parent()
		if here := w.nodes[up]; isDelegation(here) || has(here, "DNAME") {
			above, types = up, here
		}
	}
	return above, types
}

// exists says whether at has records or is above a name that has.
func (w *world) exists(at wire.Name) bool {
	for owner := range w.nodes {
		if owner.In(at) {
			return true
		}
	}
	return false
}

// signedBelow says the same, without the unsigned delegations of an opt-out zone.
func (w *world) signedBelow(at wire.Name) bool {
	for owner, types := range w.nodes {
		if owner.In(at) && !(w.optOut && isDelegation(types) && !has(types, "DS")) {
			return true
		}
	}
	return false
}

func (w *world) encloser(at wire.Name) wire.Name {
	for !w.exists(at) {
		at = at.Parent()
	}
	return at
}

func star(below wire.Name) wire.Name { return "\x01*" + below }

func (w *world) truly(claim Claim, at wire.Name, typ string) bool {
	if above, _ := w.hidden(at); above != "" {
		return false // the zone says nothing
	}
	if !w.exists(at) {
		wild := star(w.encloser(at))
		if claim == NXDomain {
			return !w.exists(wild)
		}
		return claim == NoData && w.exists(wild) && !has(w.nodes[wild], typ) && !has(w.nodes[wild], "CNAME")
	}
	types := w.nodes[at]
	switch {
	case claim != NoData || has(types, typ) || has(types, "CNAME"):
		return false
	case isDelegation(types):
		return typ == "DS"
	}
	return !(typ == "DS" && at == w.zone)
}

func (w *world) trueCut(at wire.Name) Cut {
	if above, _ := w.hidden(at); above != "" || at == w.zone {
		return CutUnknown
	}
	if !w.exists(at) {
		if w.exists(star(w.encloser(at))) {
			return NoCut
		}
		return NoName
	}
	switch types := w.nodes[at]; {
	case has(types, "DS"):
		return Signed
	case isDelegation(types):
		return Unsigned
	}
	return NoCut
}

// mayOptOut says whether an opt-out zone has nothing signed to say of at: it is, or may be below, an unsigned delegation,
// or there is nothing at all.
func (w *world) mayOptOut(at wire.Name) bool {
	above, types := w.hidden(at)
	if above != "" {
		return isDelegation(types) && !has(types, "DS")
	}
	return w.optOut && !w.signedBelow(at)
}

func (w *world) chainNSEC(t testing.TB) {
	for owner := range w.nodes {
		w.owners = append(w.owners, owner)
	}
	slices.SortFunc(w.owners, wire.Name.Compare)
	for i, owner := range w.owners {
		next := w.owners[(i+1)%len(w.owners)]
		types := w.nodes[owner] + " NSEC"
		if !has(types, "RRSIG") {
			types += " RRSIG"
		}
		w.sets = append(w.sets, nsec(t, owner.String()+" "+next.String()+" "+types))
	}
}

func (w *world) chainNSEC3(t testing.TB, rng *rand.Rand) {
	w.chain = chained{zone: "z", salt: []string{"", "ab12"}[rng.IntN(2)], iterations: uint16(rng.IntN(3))}
	if w.optOut {
		w.chain.flags = 1
	}
	for _, owner := range slices.Sorted(maps.Keys(w.nodes)) {
		kept := rng.IntN(6) == 0 // some signers keep some unsigned delegations, and the names above (RFC 5155 7.1)
		for at := owner; ; at = at.Parent() {
			if !slices.Contains(w.owners, at) && (w.signedBelow(at) || kept) {
				w.owners = append(w.owners, at)
			}
			if at == w.zone {
				break
			}
		}
	}
	hash := func(n wire.Name) string { return w.chain.hash(n.String()) }
	slices.SortFunc(w.owners, func(a, b wire.Name) int { return strings.Compare(hash(a), hash(b)) })
	for i, owner := range w.owners {
		w.sets = append(w.sets, w.chain.nsec3(t, owner.String(), hash(w.owners[(i+1)%len(w.owners)]), w.nodes[owner]))
	}
}

// answer returns what a correct server sends to show that at does not exist, or has none of what was asked for.
func (w *world) answer(at wire.Name) (sets []RRset) {
	add := func(i int) {
		if i >= 0 {
			sets = append(sets, w.sets[i])
		}
	}
	match := func(n wire.Name) int { return slices.Index(w.owners, n) }
	if w.chain.zone == "" {
		cover := func(n wire.Name) int {
			i, _ := slices.BinarySearchFunc(w.owners, n, wire.Name.Compare)
			return i - 1
		}
		if i := match(at); i >= 0 {
			return w.sets[i : i+1]
		}
		add(cover(at))
		if !w.exists(at) {
			wild := star(w.encloser(at))
			if add(match(wild)); match(wild) < 0 {
				add(cover(wild))
			}
		}
		return sets
	}
	cover := func(n wire.Name) int {
		h := w.chain.hash(n.String())
		i, _ := slices.BinarySearchFunc(w.owners, h, func(o wire.Name, h string) int {
			return strings.Compare(w.chain.hash(o.String()), h)
		})
		return (i - 1 + len(w.owners)) % len(w.owners)
	}
	if i := match(at); i >= 0 {
		return w.sets[i : i+1]
	}
	next, encloser := at, at.Parent()
	for match(encloser) < 0 {
		next, encloser = encloser, encloser.Parent()
	}
	add(match(encloser))
	add(cover(next))
	if wild := star(encloser); match(wild) >= 0 {
		add(match(wild))
	} else {
		add(cover(wild))
	}
	return sets
}

// holding is a denial that has these records.
func holding(t testing.TB, zone wire.Name, sets []RRset) *denial {
	hashes := plenty
	d := &denial{zone: zone, now: now, hashes: &hashes}
	for i := range sets {
		if !d.add(&sets[i], now+1, plenty) {
			t.Fatalf("a genuine record is not taken: %v", sets[i])
		}
	}
	return d
}

var asked = []string{"A", "CAA", "DS", "NS", "CNAME", "TXT", "DNAME"}

// checkSound fails if d proves anything that is not so.
func (w *world) checkSound(t *testing.T, names []wire.Name, d *denial, context func() string) {
	t.Helper()
	complain := func(format string, args ...any) { t.Helper(); t.Fatalf(format+"\n"+context(), args...) }
	for _, at := range names {
		*d.hashes = plenty
		f := d.find(at)
		for claim, types := range map[Claim][]string{NXDomain: {"A"}, NoData: asked} {
			for _, typ := range types {
				var v Verdict
				if claim == NXDomain {
					v = d.nxDomain(f)
				} else {
					v = d.noData(f, at, wireType(t, typ))
				}
				switch v.Security {
				case record.Secure:
					if !w.truly(claim, at, typ) {
						complain("claim %d of %v %s is proven, but false", claim, at, typ)
					}
				case record.Insecure:
					if v.Reason != OptOut || !w.mayOptOut(at) {
						complain("claim %d of %v %s is insecure: %v", claim, at, typ, v.Reason)
					}
				case record.BogusData:
					complain("a proof that fails is no verdict yet")
				}
			}
		}
		v, cut := d.noSecureCut(f, at)
		truth := w.trueCut(at)
		switch {
		case v.Security == record.Indeterminate && cut == CutUnknown:
		case v == secure && cut == truth && (cut == NoCut || cut == NoName):
		case v == insecure(NoDS) && cut == Unsigned && truth == Unsigned:
		case v == insecure(OptOut) && cut == Unsigned && w.mayOptOut(at):
		default:
			complain("cut at %v: %d by %v, it is %d", at, cut, v, truth)
		}
	}
	for _, encloser := range names {
		if types := w.nodes[star(encloser)]; types == "" {
			continue
		}
		for _, at := range names {
			if !at.Below(encloser) {
				continue
			}
			next := nextCloser(at, encloser)
			above, _ := w.hidden(at)
			stands := above == "" && !w.exists(next)
			switch v := d.noCloser(next); {
			case v == secure && stands:
			case v == insecure(OptOut) && (stands || w.mayOptOut(next)):
			case v.Security != record.Indeterminate:
				complain("the wildcard below %v for %v: %v", encloser, at, v)
			}
		}
	}
}

// checkComplete fails if what a correct server sends does not prove what is so.
func (w *world) checkComplete(t *testing.T, names []wire.Name, context func() string) {
	t.Helper()
	for _, at := range names {
		if above, _ := w.hidden(at); above != "" {
			continue
		}
		sent := w.answer(at)
		check := func(claim Claim, typ string, want Cut) {
			t.Helper()
			v, cut := holding(t, w.zone, sent).proves(claim, at, wireType(t, typ))
			if v.Security != record.Secure && v != insecure(OptOut) && v != insecure(NoDS) || v == insecure(OptOut) && !w.mayOptOut(at) {
				t.Fatalf("claim %d of %v %s is true, but not proven: %v\n%s", claim, at, typ, v, context())
			}
			if claim == NoSecureCut && cut != want && v != insecure(OptOut) {
				t.Fatalf("cut at %v: %d, it is %d\n%s", at, cut, want, context())
			}
		}
		// An encloser without NSEC3, being only above unsigned delegations, leaves the wildcard of one further up.
		if w.truly(NXDomain, at, "") && (!w.optOut || slices.Contains(w.owners, w.encloser(at))) {
			check(NXDomain, "A", CutUnknown)
		}
		for _, typ := range asked {
			if w.truly(NoData, at, typ) && (typ == "DS" || !w.mayOptOut(at)) {
				check(NoData, typ, CutUnknown)
			}
		}
		if cut := w.trueCut(at); cut != Signed && cut != CutUnknown {
			check(NoSecureCut, "DS", cut)
		}
	}
}

func (w *world) describe(sets []RRset) func() string {
	return func() string {
		var b strings.Builder
		for at, types := range w.nodes {
			fmt.Fprintf(&b, "  %v %s\n", at, types)
		}
		for i, set := range w.sets {
			used := slices.ContainsFunc(sets, func(s RRset) bool { return s.Owner == set.Owner })
			fmt.Fprintf(&b, "  %v: %v, used %t\n", w.owners[i], set.Owner, used)
		}
		return b.String()
	}
}

func TestSoundAndComplete(t *testing.T) {
	worlds := 80
	if testing.Short() {
		worlds = 30
	}
	for _, kind := range []string{"nsec", "nsec3", "optout"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			proofs := 0
			for seed := range worlds {
				rng := rand.New(rand.NewPCG(uint64(seed), 155))
				w := randomWorld(t, rng, kind)
				names := universe(w.zone)
				w.checkComplete(t, names, w.describe(nil))
				for round := range 10 {
					sets := slices.Clone(w.sets)
					rng.Shuffle(len(sets), func(i, j int) { sets[i], sets[j] = sets[j], sets[i] })
					if round > 0 {
						sets = sets[:rng.IntN(len(sets)+1)]
					}
					w.checkSound(t, names, holding(t, w.zone, sets), w.describe(sets))
					proofs += len(names)
				}
			}
			t.Logf("%d names in %d zones", proofs, worlds)
		})
	}
}

package dnssec

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Spans say what a Job with the same records would, and nothing that is not so: on the zones of the soundness test.
func TestSpansAreSound(t *testing.T) {
	for _, kind := range []string{"nsec", "nsec3", "optout"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			shown := map[string]int{}
			for seed := range 40 {
				rng := rand.New(rand.NewPCG(uint64(seed), 8198))
				w := randomWorld(t, rng, kind)
				names := universe(w.zone)
				most := []int{2, 4, 1000}[rng.IntN(3)]
				s := NewSpans(w.zone, Policy{}, most)
				for range 6 {
					sets := slices.Clone(w.sets)
					rng.Shuffle(len(sets), func(i, j int) { sets[i], sets[j] = sets[j], sets[i] })
					until := now + uint32(rng.IntN(3)) // some are over at once
					s.Add(sets[:rng.IntN(len(sets)+1)], until)
					if s.Len() > 2*most {
						t.Fatalf("%d spans, at most %d of a kind", s.Len(), most)
					}
					w.checkSpans(t, names, s, shown)
				}
			}
			t.Log(shown)
			if shown["NoData"] == 0 || shown["NXDomain"] == 0 && kind != "optout" || shown["NXDomain"] > 0 && kind == "optout" || shown["Cut"] == 0 {
				t.Errorf("%v", shown)
			}
		})
	}
}

func (w *world) checkSpans(t *testing.T, names []wire.Name, s *Spans, shown map[string]int) {
	t.Helper()
	for _, at := range names {
		if cut, v, ok := s.Cut(now, at); ok {
			truth := w.trueCut(at)
			switch {
			case v == secure && cut == truth && (cut == NoCut || cut == NoName):
			case v == insecure(NoDS) && cut == Unsigned && truth == Unsigned:
			case v == insecure(OptOut) && cut == Unsigned && w.mayOptOut(at):
			default:
				t.Fatalf("cut at %v: %d by %v, it is %d\n%s", at, cut, v, truth, w.describe(nil)())
			}
			shown["Cut"]++
		}
		for _, typ := range asked {
			claim, v, ttl, ok := s.Denies(now, at, wireType(t, typ))
			if !ok {
				continue
			}
			if v != secure || !w.truly(claim, at, typ) || ttl < 1 || ttl > 2 {
				t.Fatalf("claim %d of %v %s: %v for %d s\n%s", claim, at, typ, v, ttl, w.describe(nil)())
			}
			shown[map[Claim]string{NoData: "NoData", NXDomain: "NXDomain"}[claim]]++
		}
	}
}

func TestSpans(t *testing.T) {
	key := newSigner(t, "tld", 15, 256)
	optOut := chained{zone: "tld", flags: 1}
	full := chained{zone: "tld", salt: "aa"}
	apex, gap := optOut.nsec3(t, "tld", "", "NS SOA RRSIG DNSKEY"), optOut.covering(t, "b.tld")

	t.Run("as a Job proves them", func(t *testing.T) {
		j := job(t, key, NoSecureCut, "b.tld", "DS", key.signed(t, nil, apex, gap)...)
		j.Do()
		s := NewSpans(name("tld"), Policy{}, 100)
		s.Add(j.Proven, now+60)
		if cut, v, ok := s.Cut(now, name("b.tld")); !ok || cut != j.Cut || v != j.Verdict {
			t.Errorf("cut %d, %v, %t", cut, v, ok)
		}
		for _, set := range j.Denial {
			if until, ok := s.Known(now, &set); !ok || until != now+60 {
				t.Errorf("%v: known %t until %d", set.Owner, ok, until)
			}
			again := job(t, key, NoSecureCut, "b.tld", "DS", j.Denial...)
			again.Known, again.KnownUntil = j.Denial, now+60
			if again.Do(); again.Verdict != j.Verdict || again.Budget.Checks != plenty || again.Until != now+60 {
				t.Errorf("again: %v, until %d", again.Verdict, again.Until)
			}
		}
	})

	t.Run("time", func(t *testing.T) {
		s := NewSpans(name("tld"), Policy{}, 100)
		s.Add([]RRset{apex, gap}, now+60)
		for at, want := range map[uint32]bool{now: true, now + 59: true, now + 60: false, now + day: false} {
			_, _, ok := s.Cut(at, name("b.tld"))
			_, known := s.Known(at, &gap)
			if ok != want || known != want {
				t.Errorf("at %d: %t, known %t", at-now, ok, known)
			}
		}
		s.Add([]RRset{gap}, now+90) // renewed, but not the other one
		if _, _, ok := s.Cut(now+60, name("b.tld")); ok {
			t.Error("by a closest encloser that is over")
		}
		s.Add([]RRset{apex}, now+90)
		if _, _, ok := s.Cut(now+60, name("b.tld")); !ok {
			t.Error("renewed in vain")
		}
	})

	t.Run("RFC 8198 5.2: opt-out denies nothing", func(t *testing.T) {
		s := NewSpans(name("tld"), Policy{}, 100)
		s.Add([]RRset{apex, gap, optOut.covering(t, "*.tld")}, now+60)
		if claim, v, _, ok := s.Denies(now, name("b.tld"), wire.TypeCAA); ok {
			t.Errorf("claim %d, %v", claim, v)
		}
		if claim, v, ttl, ok := s.Denies(now, name("tld"), wire.TypeCAA); !ok || claim != NoData || v != secure || ttl != 60 {
			t.Errorf("at the apex: claim %d, %v, %d s, %t", claim, v, ttl, ok)
		}
	})

	t.Run("RFC 8198 5.4: the shortest time counts", func(t *testing.T) {
		s := NewSpans(name("z"), Policy{}, 100)
		s.Add([]RRset{nsec(t, "a.z c.z A")}, now+60)
		s.Add([]RRset{nsec(t, "z a.z NS SOA")}, now+40)
		if claim, v, ttl, ok := s.Denies(now, name("b.z"), wire.TypeCAA); !ok || claim != NXDomain || v != secure || ttl != 40 {
			t.Errorf("claim %d, %v, %d s, %t", claim, v, ttl, ok)
		}
		if claim, _, ttl, ok := s.Denies(now, name("a.z"), wire.TypeCAA); !ok || claim != NoData || ttl != 60 {
			t.Errorf("claim %d, %d s, %t", claim, ttl, ok)
		}
	})

	t.Run("RFC 8198 5.4: of each NSEC3", func(t *testing.T) {
		for short := range 3 {
			s := NewSpans(name("tld"), Policy{}, 100)
			for i, set := range []RRset{full.nsec3(t, "tld", "", "NS SOA"), full.covering(t, "b.tld"), full.covering(t, "*.tld")} {
				until := now + 60
				if i == short {
					until = now + 40
				}
				s.Add([]RRset{set}, until)
			}
			if claim, _, ttl, ok := s.Denies(now, name("b.tld"), wire.TypeCAA); !ok || claim != NXDomain || ttl != 40 {
				t.Errorf("claim %d, %d s, %t", claim, ttl, ok)
			}
		}
	})

	t.Run("a new chain displaces the old one", func(t *testing.T) {
		s := NewSpans(name("tld"), Policy{}, 100)
		s.Add([]RRset{apex, gap}, now+60)
		next := full.nsec3(t, "tld", "", "NS SOA RRSIG DNSKEY")
		s.Add([]RRset{next, full.covering(t, "c.tld"), full.covering(t, "*.tld")}, now+60)
		if cut, v, ok := s.Cut(now, name("c.tld")); !ok || cut != NoName || v != secure {
			t.Errorf("cut %d, %v, %t", cut, v, ok)
		}
		if _, _, ok := s.Cut(now, name("b.tld")); ok || s.Len() != 3 {
			t.Errorf("of the old chain, %d spans", s.Len())
		}
	})

	t.Run("what is passed over", func(t *testing.T) {
		s := NewSpans(name("tld"), Policy{MaxIterations: 10}, 100)
		s.Add([]RRset{apex, gap}, now+60)
		other := nsec(t, "a.other b.other A")
		s.Add([]RRset{other, chained{zone: "tld", iterations: 11}.nsec3(t, "tld", "", "A"), chained{zone: "other"}.nsec3(t, "other", "", "A"),
			{Owner: name("tld"), Type: wire.TypeSOA}, {Owner: name("tld"), Type: wire.TypeNSEC}, {}}, now+60)
		if s.Len() != 2 {
			t.Errorf("%d spans", s.Len())
		}
		if _, _, ok := s.Cut(now, name("b.tld")); !ok {
			t.Error("the chain is gone")
		}
		for _, set := range []RRset{other, optOut.covering(t, "c.tld"), {Owner: name("tld"), Type: wire.TypeSOA}, {}, optOut.nsec3(t, "tld", "", "NS SOA"),
			{Owner: name("a.tld"), Type: wire.TypeNSEC3, Data: gap.Data}, expanded(gap, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.tld")} {
			if _, ok := s.Known(now, &set); ok {
				t.Errorf("%v %v is known", set.Owner, set.Type)
			}
		}
		for _, n := range []string{"other", "b.other", "."} {
			if _, _, ok := s.Cut(now, name(n)); ok {
				t.Errorf("cut at %s", n)
			}
			if _, _, _, ok := s.Denies(now, name(n), wire.TypeCAA); ok {
				t.Errorf("denies %s", n)
			}
		}
	})

	t.Run("NSEC known", func(t *testing.T) {
		s := NewSpans(name("z"), Policy{}, 100)
		set := nsec(t, "a.z c.z A")
		s.Add([]RRset{set}, now+60)
		changed := nsec(t, "a.z c.z A CAA")
		if _, ok := s.Known(now, &set); !ok {
			t.Error("not known")
		}
		if _, ok := s.Known(now, &changed); ok {
			t.Error("another is known")
		}
	})
}

// The index holds what was put last for each key, in order, and finds the floor of any key: as a sorted slice would.
func TestIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() string {
		key := make([]byte, rng.IntN(11))
		for i := range key {
			key[i] = []byte{0, 0, 1, 2, 255}[rng.IntN(5)]
		}
		return string(key)
	}
	var x index
	model := map[string]*span{}
	for round := range 3000 {
		s := &span{owner: random()}
		x.put(s)
		model[s.owner] = s
		if round%100 != 99 {
			continue
		}
		keys := slices.Sorted(maps.Keys(model))
		if x.size != len(keys) || x.last().owner != keys[len(keys)-1] {
			t.Fatalf("%d spans of %d", x.size, len(keys))
		}
		for range 300 {
			key := random()
			at, found := slices.BinarySearch(keys, key)
			if !found {
				at--
			}
			var want *span
			if at >= 0 {
				want = model[keys[at]]
			}
			if got := x.floor([]byte(key)); got != want {
				t.Fatalf("floor of %x: %v, not %v", key, got, want)
			}
		}
	}
	if len(x.blocks) < 3 {
		t.Errorf("%d blocks", len(x.blocks))
	}
	if new(index).floor([]byte("x")) != nil || new(index).last() != nil {
		t.Error("something in an empty index")
	}
}

// Two generations: what was put lately stays, what was put long ago goes.
func TestChainGenerations(t *testing.T) {
	var c chain
	const most = 100
	for i := range 1000 {
		c.put(&span{owner: fmt.Sprintf("%04d", i), until: now + 1}, most)
		if n := c.young.size + c.old.size; n > most {
			t.Fatalf("%d spans", n)
		}
		for back := range min(i, most/2) {
			key := fmt.Sprintf("%04d", i-back)
			if s := c.floor([]byte(key), now); s == nil || s.owner != key {
				t.Fatalf("after %d: %s is gone", i, key)
			}
		}
	}
	if c.last(now).owner != "0999" || c.last(now+1) != nil {
		t.Error("last")
	}

	// Of two generations the live one counts, of two live ones the nearer, of two alike the younger.
	old, young := &span{owner: "b", until: now + 9}, &span{owner: "a", until: now + 9}
	over := &span{owner: "c", until: now}
	again := &span{owner: "b", until: now + 5}
	for i, test := range [][3]*span{{young, old, old}, {again, old, again}, {over, old, old}, {young, over, young}, {over, over, nil}, {nil, old, old}, {young, nil, young}, {nil, nil, nil}} {
		if got := later(test[0], test[1], now); got != test[2] {
			t.Errorf("%d: %v", i, got)
		}
	}
}

// Keys order as names do (RFC 4034 6.1), and an ancestor's is the beginning.
func TestKeys(t *testing.T) {
	zone := name("example")
	rng := rand.New(rand.NewPCG(3, 4))
	random := func() wire.Name {
		n := zone
		for range rng.IntN(5) {
			label := make([]byte, 1+rng.IntN(3))
			for i := range label {
				label[i] = []byte{0, 1, 2, '*', 'a', 255}[rng.IntN(6)]
			}
			n = wire.Name(append(append([]byte{byte(len(label))}, label...), n...))
		}
		return n
	}
	for range 20000 {
		a, b := random(), random()
		ka, kb := keyOf(a, zone), keyOf(b, zone)
		switch order := a.Compare(b); {
		case order < 0 && ka >= kb, order > 0 && ka <= kb, order == 0 && ka != kb:
			t.Fatalf("%v and %v: %x and %x", a, b, ka, kb)
		}
		if a.In(b) != (len(ka) >= len(kb) && ka[:len(kb)] == kb) {
			t.Fatalf("%v in %v: %x and %x", a, b, ka, kb)
		}
	}
	// RFC 4034 6.1, the example.
	names := []string{"example", "a.example", "yljkjljk.a.example", "z.a.example", "zabc.a.example", "z.example", `\001.z.example`, "*.z.example", `\200.z.example`}
	for i := 1; i < len(names); i++ {
		if keyOf(name(names[i-1]), zone) >= keyOf(name(names[i]), zone) {
			t.Errorf("%s does not come before %s", names[i-1], names[i])
		}
	}
	if keyOf(wire.Root, wire.Root) != "" || record.Secure != secure.Security {
		t.Error("apex")
	}
}

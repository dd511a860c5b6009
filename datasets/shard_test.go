package datasets

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
)

func TestParseShard(t *testing.T) {
	for _, s := range []Shard{{1, 1}, {1, 2}, {2, 2}, {17, 1000}, {MaxShards, MaxShards}} {
		got, err := ParseShard(s.String())
		if err != nil || got != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if got := (Shard{}).String(); got != "1/1" {
		t.Errorf("the zero Shard is %s", got)
	}
	for _, text := range []string{"", "1", "/", "1/", "/1", "0/1", "2/1", "-1/2", "+1/2", "1/-2", "1/2/3", " 1/2", "1/2 ", "1/0", "0/0", "a/b", "1,2", "1/65537", "99999999999/99999999999"} {
		if s, err := ParseShard(text); err == nil {
			t.Errorf("%q is taken for %s", text, s)
		}
	}
}

// The parts are what sha256sum says, whatever the version: machines with different releases share one scan.
//
//	printf %s example.com | sha256sum | cut -c1-16
func TestShardsAreStable(t *testing.T) {
	for domain, sum := range map[string]uint64{
		"example.com": 0xa379a6f6eeafb9a5, "example.org": 0xbfabc37432958b06, "example.co.uk": 0x5238923365edca02, "xn--bcher-kva.de": 0xdfb7cbaef73d9812, "com": 0x71b4f3a3748cd684,
	} {
		for _, of := range []int{1, 2, 3, 16, 1000, MaxShards} {
			for i := 1; i <= of; i++ {
				if want := sum%uint64(of) == uint64(i-1); (Shard{i, of}).holds([]byte(domain)) != want {
					t.Errorf("%s in %d/%d: %v", domain, i, of, !want)
				}
			}
		}
	}
}

// anyList makes a list of names in all forms that lists have, some of them several times and some not names at all.
func anyList(rng *rand.Rand, lines int) string {
	suffixes := []string{"com", "org", "co.uk", "github.io", "de", "kobe.jp", "nosuchtld"}
	var b strings.Builder
	for range lines {
		domain := fmt.Sprintf("d%d.%s", rng.IntN(lines/4+1), suffixes[rng.IntN(len(suffixes))])
		switch rng.IntN(12) {
		case 0:
			domain = "*." + domain
		case 1:
			domain = "Someone@" + domain
		case 2:
			domain = fmt.Sprintf("h%d.%s", rng.IntN(3), domain)
		case 3:
			domain = "a.b.c.d.e.f.a-label-that-does-not-fit-a-slot-of-the-window." + domain
		case 4:
			domain = "HTTPS://WWW." + domain + "/path?query"
		case 5:
			domain = "bücher." + domain
		case 6:
			domain = suffixes[rng.IntN(len(suffixes))]
		case 7:
			domain = []string{"192.0.2.1", "a..b", "under a blank", "x.onion", ""}[rng.IntN(5)]
		case 8:
			domain = "# " + domain
		}
		b.WriteString(domain)
		b.WriteString([]string{"\n", "\r\n", " \n"}[rng.IntN(3)])
	}
	return b.String()
}

// anyZone makes a zone file with delegations, some of them in several runs, glue and what makes no target.
func anyZone(rng *rand.Rand, domains int) string {
	var b strings.Builder
	b.WriteString("se. 900 IN SOA ns.se. hostmaster.se. 7 1 1 1 1\n; a comment\n")
	for range domains {
		owner := fmt.Sprintf("d%d.se.", rng.IntN(domains))
		for range 1 + rng.IntN(3) {
			fmt.Fprintf(&b, "%s 900 IN NS ns%d.%s\n", owner, rng.IntN(3), []string{owner, "example.net."}[rng.IntN(2)])
		}
		switch rng.IntN(4) {
		case 0:
			fmt.Fprintf(&b, "%s 900 IN DS 1 13 2 %064x\n", owner, rng.Uint64())
		case 1:
			fmt.Fprintf(&b, "ns1.%s 900 IN A 192.0.2.1\n", owner)
		case 2:
			b.WriteString("out.of.zone. 900 IN NS ns.example.net.\n")
		}
	}
	return b.String()
}

// The parts are disjoint, and together they are what is read as a whole: each target, each reject, each folded line
// once. What a domain has is in one part.
func TestShardsMakeTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		content := anyList(rng, 20+rng.IntN(600))
		if round%4 == 3 {
			content = anyZone(rng, 10+rng.IntN(100))
		}
		var fold int64
		if round%2 == 1 {
			fold = DefaultFold
		}
		path := writeFile(t, "list.txt", content)
		read := func(s Shard) *result { return readAll(t, []string{path}, Config{Fold: fold, Shard: s}) }
		whole := read(Shard{})
		of := 1 + rng.IntN(7)
		var union result
		var folded int64
		owner := map[string]int{}
		for i := 1; i <= of; i++ {
			part := read(Shard{i, of})
			if i > 1 && len(part.rejects) > 0 {
				t.Errorf("%d/%d has rejects, which are the first part's", i, of)
			}
			for _, target := range part.targets {
				domain := cmp.Or(target.Registrable, target.Name)
				if other := owner[domain]; other != 0 && other != i {
					t.Errorf("%s is in the parts %d and %d", domain, other, i)
				}
				owner[domain] = i
			}
			in := part.inputs[0]
			if in.Lines != whole.inputs[0].Lines || in.Skipped != whole.inputs[0].Skipped || in.SHA256 != whole.inputs[0].SHA256 {
				t.Errorf("%d/%d: %+v, of the whole %+v", i, of, in, whole.inputs[0])
			}
			folded += in.Folded
			union.targets = append(union.targets, part.targets...)
			union.known = append(union.known, part.known...)
			union.rejects = append(union.rejects, part.rejects...)
		}
		if folded != whole.inputs[0].Folded {
			t.Errorf("%d lines folded in the parts, %d in the whole", folded, whole.inputs[0].Folded)
		}
		if got, want := inOrder(t, union.targets, union.known), inOrder(t, whole.targets, whole.known); !slices.Equal(got, want) {
			t.Errorf("round %d, %d parts: %s", round, of, gocmp.Diff(want, got))
		}
		if diff := gocmp.Diff(whole.rejects, union.rejects); diff != "" {
			t.Errorf("round %d, %d parts: rejects: %s", round, of, diff)
		}
		if len(whole.targets) == 0 {
			t.Fatal("a list of nothing")
		}
	}
}

// inOrder writes targets with their delegations, in the order of the lines.
func inOrder(t *testing.T, targets []record.Target, known []*record.Delegation) []string {
	var all []string
	for i, target := range targets {
		line := fmt.Sprintf("%06d %+v", target.Line, target)
		if known[i] != nil {
			line += " " + written(t, known[i])
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

// Parts of many names are of one size, about: no more than chance makes of it.
func TestShardsAreEven(t *testing.T) {
	const names, of = 40_000, 7
	var sizes [of]int
	for i := range names {
		domain := []byte(fmt.Sprintf("name-%d.example.com", i))
		for s := range of {
			if (Shard{s + 1, of}).holds(domain) {
				sizes[s]++
			}
		}
	}
	total := 0
	for s, size := range sizes {
		total += size
		if size < names/of*9/10 || size > names/of*11/10 { // seven standard deviations
			t.Errorf("%d of %d names in part %d of %d", size, names, s+1, of)
		}
	}
	if total != names {
		t.Errorf("%d names in the parts, of %d", total, names)
	}
}

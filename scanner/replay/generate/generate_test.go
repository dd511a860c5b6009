// Package generate writes the scenarios that scanner/replay plays. It is a test: it makes every file anew and fails if
// one differs from what lies in ../testdata, or, with -update, writes them:
//
//	go test ./scanner/replay/generate -update
//
// A scenario is a world of zones, described in a few lines of Go (one file for each class of scenarios), how its servers
// deviate from what RFC 1034 4.3.2 and RFC 4035 3 let them say, a question and the answer expected. The world signs its
// zones and writes what each server would say to the questions that the resolver may come to ask. Keys follow from
// fixed seeds and signatures need no randomness, so the files come out the same each time.
//
//	world_test.go   the world
//	ask_test.go     its questions, and what must come of them
//	write_test.go   how it is written as a scenario
//	zone_test.go    an authoritative zone: answers, referrals, denial of existence
//	sign_test.go    keys and signatures
package generate

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

var update = flag.Bool("update", false, "write the scenarios")

const folder = "../testdata"

// scenario makes one file, class/name.rpl.
type scenario struct {
	name  string
	shows string // what the resolver must do, in one sentence
	rfc   string // what it proves, with the section
	build func(*world)
}

// classes of scenarios, a folder each.
var classes = map[string][]scenario{
	"positive": slices.Concat(positive, positiveAgain), "nodata": slices.Concat(nodata, nodataAgain),
	"nxdomain": slices.Concat(nxdomain, nxdomainAgain), "wildcard": slices.Concat(wildcard, wildcardAgain), "ds": slices.Concat(ds, dsAgain), "insecure": slices.Concat(insecure, insecureAgain),
	"nsec3": slices.Concat(nsec3, nsec3Again), "optout": slices.Concat(optout, optoutAgain), "alias": slices.Concat(alias, signedAlias), "algorithm": algorithm, "time": moments,
	"lame": lame, "truncation": slices.Concat(truncation, signedTruncation), "glue": glue, "loops": loops,
	"bounds": slices.Concat(bounds, signedBounds),
}

// cites is what the rfc of a scenario must have: a section of an RFC, an attack by its name, or a rule of our own.
var cites = regexp.MustCompile(`RFC \d+ (appendix )?[\dA-Z]+(\.\d+)*|CVE-\d+-\d+|TsuNAME|CAMP|NXNSAttack|spec rules? R\d|draft-[a-z]`)

func files() map[string]string {
	texts := map[string]string{}
	for class, scenarios := range classes {
		for _, s := range scenarios {
			path := filepath.Join(class, s.name+".rpl")
			if texts[path] != "" || s.shows == "" || !cites.MatchString(s.rfc) {
				panic("internal error: scenario " + path + " is there twice, says nothing or cites nothing")
			}
			w := &world{class: class, name: s.name, shows: s.shows, rfc: s.rfc}
			s.build(w)
			texts[path] = w.text()
		}
	}
	return texts
}

// TestFilesAreUpToDate: testdata holds exactly the scenarios of this package.
func TestFilesAreUpToDate(t *testing.T) {
	texts := files()
	present, err := filepath.Glob(filepath.Join(folder, "*", "*.rpl"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, path := range present {
			must(os.Remove(path))
		}
		for path, text := range texts {
			path = filepath.Join(folder, path)
			must(os.MkdirAll(filepath.Dir(path), 0o755))
			must(os.WriteFile(path, []byte(text), 0o644))
		}
		return
	}
	for _, path := range present {
		path, _ = filepath.Rel(folder, path)
		if texts[path] == "" {
			t.Errorf("%s comes from no scenario", path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		have, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil || string(have) != texts[path] {
			t.Errorf("%s is not up to date: run go test ./scanner/replay/generate -update (%v)", path, err)
		}
	}
}

// TestSignatures holds our signatures against the code of miekg/dns, for the algorithms it has.
func TestSignatures(t *testing.T) {
	set := parse("b.example.com. MX 10 Mail.example.com.\nb.example.com. MX 5 a.example.com.\nb.example.com. MX 5 a.example.com.", ".")
	for _, algorithm := range []uint8{rsaSHA1, rsaNSEC3SHA1, rsaSHA256, rsaSHA512, p256, p384, ed25519Alg} {
		k := newKey("example.com.", zskFlags, algorithm, 0)
		if again := newKey("example.com.", zskFlags, algorithm, 0); again.PublicKey != k.PublicKey {
			t.Errorf("algorithm %d: two keys from one seed", algorithm)
		}
		sig := rrsig(k, set, from, until, signature{})
		if err := sig.Verify(k.DNSKEY, set[:2]); err != nil {
			t.Errorf("algorithm %d: %v", algorithm, err)
		}
		if bad := rrsig(k, set, from, until, signature{broken: true}); bad.Verify(k.DNSKEY, set[:2]) == nil {
			t.Errorf("algorithm %d: a broken signature is good", algorithm)
		}
		if wild := rrsig(k, parse("*.example.com. TXT x", "."), from, until, signature{}); wild.Labels != 2 {
			t.Errorf("wildcard: %d labels", wild.Labels)
		}
	}
}

// TestChains: the spans of a zone's NSEC or NSEC3 records close a circle, and name no glue.
func TestChains(t *testing.T) {
	w := &world{}
	z := w.zone("example.com.", "192.0.2.1", "a.b TXT x\n* TXT x\nsub NS ns.sub\nns.sub A 192.0.2.9\nz DS 1 13 2 00\nz NS ns.sub").secure(p256)
	want := []string{"example.com.", "*.example.com.", "a.b.example.com.", "ns1.example.com.", "sub.example.com.", "z.example.com."}
	if got := z.owners(false); !slices.Equal(got, want) {
		t.Errorf("owners %v", got)
	}
	for _, hashed := range []bool{false, true} {
		if hashed {
			z.hashed(3, "aabb", false)
		}
		next := map[string]string{}
		for _, name := range z.owners(hashed) {
			own := z.matching(name)
			switch rr := own[0].(type) {
			case *dns.NSEC:
				next[rr.Hdr.Name] = rr.NextDomain
			case *dns.NSEC3:
				if !rr.Match(name) {
					t.Errorf("%v does not match %s", rr, name)
				}
				next[z.hash(name)] = rr.NextDomain
			}
		}
		seen := 0
		for at := slices.Sorted(maps.Keys(next))[0]; next[at] != ""; seen++ {
			at, next[at] = next[at], ""
		}
		if seen != len(next) {
			t.Errorf("the circle has %d of %d spans", seen, len(next))
		}
	}
	z.optOut = true
	if slices.Contains(z.owners(true), "sub.example.com.") || !slices.Contains(z.owners(true), "z.example.com.") {
		t.Errorf("opt-out leaves %v", z.owners(true))
	}
	if n3 := z.covering("nothing.example.com.")[0].(*dns.NSEC3); !n3.Cover("nothing.example.com.") {
		t.Errorf("%v does not cover", n3)
	}
	if lie := z.spanAround("nothing.example.com.")[0].(*dns.NSEC3); !lie.Cover("nothing.example.com.") || lie.Cover("x.example.com.") {
		t.Errorf("%v", lie)
	}
}

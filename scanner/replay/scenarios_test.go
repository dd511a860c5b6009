package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/wire"
)

// seeds are the orders in which each scenario is played: they decide between equally good servers.
const seeds = 3

// scenarios runs f for every file of testdata.
func scenarios(t *testing.T, f func(t *testing.T, name string, s *Scenario)) {
	files, err := filepath.Glob("testdata/*/*.rpl")
	if err != nil || len(files) < 120 {
		t.Fatalf("%d scenarios (%v)", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".rpl")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer text.Close()
			s, err := Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			f(t, name, s)
		})
	}
}

// TestScenarios plays every file of testdata. None of them needs a server to be silent that has no entry for a query.
func TestScenarios(t *testing.T) {
	scenarios(t, func(t *testing.T, name string, s *Scenario) {
		for seed := range uint64(seeds) {
			p := Play(s, seed)
			if len(s.Config.Anchors) > 0 && p.Missing > 0 {
				t.Errorf("seed %d: %d packets that nothing answers\n%s", seed, p.Missing, strings.Join(p.Trace, "\n"))
			}
			if p.Faults != nil {
				t.Fatalf("seed %d:\n\t%s\n\n%s", seed, strings.Join(p.Faults, "\n\t"), strings.Join(p.Trace, "\n"))
			}
		}
	})
}

// TestScenariosCanFail: with another AD bit and another code expected, each of them fails, and for both.
func TestScenariosCanFail(t *testing.T) {
	scenarios(t, func(t *testing.T, name string, s *Scenario) {
		last := &s.Steps[len(s.Steps)-1].Entry
		last.Flags ^= wire.FlagAD
		last.RCode ^= 1
		found := strings.Join(Play(s, 0).Faults, "\n")
		if !strings.Contains(found, "flags ") || !strings.Contains(found, "response code ") {
			t.Errorf("with %v and flags %s expected, it finds %q", wire.RCode(last.RCode), flagText(last.Flags), found)
		}
	})
}

// TestLazyClaimsTheSame: where lazy mode claims anything of an answer, it is what full validation says.
func TestLazyClaimsTheSame(t *testing.T) {
	scenarios(t, func(t *testing.T, name string, s *Scenario) {
		if len(s.Config.Anchors) == 0 {
			return
		}
		full, lazy := *s, *s
		full.Config.Lazy, lazy.Config.Lazy = false, true
		fulls, lazies := Play(&full, 0).Answers, Play(&lazy, 0).Answers
		if len(fulls) != len(lazies) {
			t.Fatalf("%d answers in full mode, %d in lazy", len(fulls), len(lazies))
		}
		for i, f := range fulls {
			l := lazies[i]
			if l.Reason == dnssec.NotValidated.String() {
				continue
			}
			if l.Outcome != f.Outcome || l.Security != f.Security || l.Reason != f.Reason || l.BrokenAt != f.BrokenAt {
				t.Errorf("%v %v: %s in lazy mode, %s in full", f.Name, f.Type, describe(l), describe(f))
			}
		}
	})
}

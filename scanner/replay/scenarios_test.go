package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds are the orders in which each scenario is played: they decide between equally good servers.
const seeds = 3

// waiting names the scenarios that the resolver does not fulfil yet, and what it does instead. One that is fulfilled must
// leave the list.
var waiting = map[string]string{
	"wildcard/unsigned-proof": "the reason is denial-missing, though there is one, unsigned",
	"nsec3/unsigned":          "the reason is no-signature, where NSEC has denial-unsigned",
}

// TestScenarios plays every file of testdata.
func TestScenarios(t *testing.T) {
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
			why, failed := waiting[name], false
			for seed := range uint64(seeds) {
				p := Play(s, seed)
				if p.Faults == nil {
					continue
				}
				failed = true
				if why == "" {
					t.Fatalf("seed %d:\n\t%s\n\n%s", seed, strings.Join(p.Faults, "\n\t"), strings.Join(p.Trace, "\n"))
				}
			}
			if why != "" && !failed {
				t.Errorf("is fulfilled, and may leave the list of those waiting: %s", why)
			}
		})
	}
}

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/caascan/caascan/output"
)

// TestConduct: what is listed as conduct, or as a file, is a flag of scan.
func TestConduct(t *testing.T) {
	command, err := newParser().Parse([]string{"scan", "names.txt"})
	if err != nil {
		t.Fatal(err)
	}
	flags := flagsOf(command)
	for _, name := range slices.Sorted(maps.Keys(conduct)) {
		if _, ok := flags[name]; !ok {
			t.Errorf("no flag is called %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if _, ok := flags[name]; !ok {
			t.Errorf("no flag is called %s", name)
		}
	}
}

// TestIdentity: files count by what is in them, conduct does not count.
func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	for path, content := range map[string]string{a: ". NS x.", b: ". NS x.", c: ". NS y."} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	of := func(flags map[string]any, sum string) map[string]string {
		same, err := identity(flags, []output.Input{{Path: "x/names.txt", SHA256: sum}})
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	first := of(map[string]any{"root-hints": a, "rate-per-server": 50.0, "with": []string{"mx"}}, "00ff")
	for what, other := range map[string]map[string]string{
		"the same elsewhere, slower": of(map[string]any{"root-hints": b, "rate-per-server": 20.0, "with": []string{"mx"}}, "00ff"),
	} {
		if !maps.Equal(first, other) {
			t.Errorf("%s is another scan: %v, %v", what, first, other)
		}
	}
	for what, other := range map[string]map[string]string{
		"other hints": of(map[string]any{"root-hints": c, "rate-per-server": 50.0, "with": []string{"mx"}}, "00ff"),
		"other input": of(map[string]any{"root-hints": a, "rate-per-server": 50.0, "with": []string{"mx"}}, "00fe"),
		"more asked":  of(map[string]any{"root-hints": a, "rate-per-server": 50.0, "with": []string{"mx", "spf"}}, "00ff"),
	} {
		if maps.Equal(first, other) {
			t.Errorf("%s is the same scan: %v", what, first)
		}
	}
	if _, err := identity(map[string]any{"root-hints": filepath.Join(dir, "none")}, nil); err == nil {
		t.Error("a file that is not there has an identity")
	}
}

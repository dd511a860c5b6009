package doctest

import (
	"strings"
	"testing"
)

func TestCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"caascan scan a.csv --out b   # comment":             "scan a.csv --out b",
		"cut -f2 x | caascan scan - --out - < y > z":         "scan - --out -",
		"caascan check '*.example.org' --for \"tls\"":        "check *.example.org --for tls",
		"make && caascan demo; caascan lookup x":             "demo / lookup x",
		"caascan scan $(caascan lists fetch tranco) --out x": "scan $ / lists fetch tranco",
		"install bin/caascan /usr/local/bin/caascan":         "",
	} {
		var calls []string
		for _, words := range CommandLines("caascan", line) {
			calls = append(calls, strings.Join(words, " "))
		}
		if got := strings.Join(calls, " / "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

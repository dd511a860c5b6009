package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/cmd/command"
)

// A list in the file is a list of values as they stand: one with a comma in it stays one.
func TestConfigLists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("account-uri: [\"https://a.example/1,2\", https://b.example/3]\nissuer: [ca.example, other.example]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var app cli
	parser, err := kong.New(&app, kong.Configuration(command.YAML), kong.Vars{"version": "x"}, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--config", path, "check", "example.org"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"https://a.example/1,2", "https://b.example/3"}; !slices.Equal(app.Check.AccountURI, want) {
		t.Errorf("%q, want %q", app.Check.AccountURI, want)
	}
	if want := []string{"ca.example", "other.example"}; !slices.Equal(app.Check.Issuer, want) {
		t.Errorf("%q, want %q", app.Check.Issuer, want)
	}
}

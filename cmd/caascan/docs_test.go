package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/cmd/command/doctest"
	"github.com/caascan/caascan/datasets"
)

// What the documentation shows must be what the program takes.

// TestDocumentedCommandsParse: every call of caascan in a block of code is one that the parser takes, every key of a YAML
// file is a flag, every opt-out list can be read.
func TestDocumentedCommandsParse(t *testing.T) {
	config := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(config, []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	parsed := 0
	parse := func(where string, words []string) {
		parsed++
		words = slices.Clone(words)
		for i := range words {
			if i > 0 && words[i-1] == "--config" {
				words[i] = config
			}
		}
		parser := newParser(kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
		if _, err := parser.Parse(words); err != nil {
			t.Errorf("%s: caascan %s: %v", where, strings.Join(words, " "), err)
		}
	}
	for _, path := range doctest.Documents(t, "../..") {
		blocks, _ := doctest.CodeOf(t, path)
		for _, b := range blocks {
			switch {
			case b.Language == "yaml":
				resolver, err := command.YAML(strings.NewReader(b.Code))
				if err == nil {
					err = resolver.Validate(newParser().Model)
				}
				if err != nil {
					t.Errorf("%s: %v\n%s", path, err, b.Code)
				}
			case strings.HasPrefix(b.Code, "example.org "):
				if list, err := datasets.ReadExclude(bytes.NewReader([]byte(b.Code)), path); err != nil || list.Len() != strings.Count(b.Code, "\n") {
					t.Errorf("%s: opt-out list: %v", path, err)
				}
			default:
				for line := range strings.Lines(strings.ReplaceAll(b.Code, "\\\n", " ")) {
					for _, words := range doctest.CommandLines("caascan", strings.TrimSpace(line)) {
						parse(path, words)
					}
				}
			}
		}
	}
	for _, node := range everyCommand() {
		if e, ok := node.Target.Addr().Interface().(command.Exampler); ok {
			for line := range strings.Lines(strings.ReplaceAll(e.Example(), "\\\n", " ")) {
				for _, words := range doctest.CommandLines("caascan", strings.TrimSpace(line)) {
					parse("the example of "+commandPath(node), words)
				}
			}
		}
	}
	unit, err := os.ReadFile(filepath.Join(unitsDir, "caascan@.service"))
	if err != nil {
		t.Fatal(err)
	}
	_, start, _ := strings.Cut(string(unit), "\nExecStart=/usr/local/bin/")
	start, _, _ = strings.Cut(start, "\n")
	for _, words := range doctest.CommandLines("caascan", start) {
		parse("ExecStart", words)
	}
	if parsed < 30 {
		t.Errorf("%d calls found: the documents are not read as they should be", parsed)
	}
}

// TestDocumentedFlags: flags and commands that a text names are there.
func TestDocumentedFlags(t *testing.T) {
	flags, commands := map[string]bool{}, map[string]*kong.Node{}
	for _, node := range everyCommand() {
		for _, f := range visibleFlags(node) {
			flags["--"+f.typed] = true
		}
		commands[commandPath(node)] = node
	}
	const foreign = "--network" // of docker
	flagWord := regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	check := func(where, code string) {
		for _, flag := range flagWord.FindAllString(code, -1) {
			if !flags[flag] && flag != foreign {
				t.Errorf("%s: %s: there is no flag %s", where, code, flag)
			}
		}
	}
	for _, path := range doctest.Documents(t, "../..") {
		_, spans := doctest.CodeOf(t, path)
		for _, span := range spans {
			words := strings.Fields(strings.TrimPrefix(span, "caascan "))
			if len(words) == 0 {
				continue
			}
			isCommand := commands["caascan "+words[0]] != nil
			if strings.HasPrefix(span, "caascan ") && !isCommand && words[0] != "COMMAND" && !strings.HasPrefix(words[0], "-") {
				t.Errorf("%s: %s: there is no such command", path, span)
			}
			if isCommand || strings.HasPrefix(span, "--") || strings.HasPrefix(span, "caascan ") {
				check(path, span)
			}
		}
	}
	for _, node := range commands {
		about := manualOf(node)
		for _, text := range slices.Concat(about.text, environmentText, configurationText) {
			check("the manual of "+commandPath(node), text)
		}
		for _, item := range slices.Concat(about.signals, about.files) {
			check("the manual of "+commandPath(node), item.text)
		}
	}
}

// TestDocumentedPlaces: links within the project lead somewhere.
func TestDocumentedPlaces(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)?(#[^)]+)?\)`)
	for _, path := range doctest.Documents(t, "../..") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		anchors := map[string]bool{}
		for line := range strings.Lines(string(text)) {
			if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
				slug := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
				anchors["#"+strings.ReplaceAll(slug, " ", "-")] = true
			}
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			} else if !anchors[m[2]] {
				t.Errorf("%s: no heading %s", path, m[2])
			}
		}
	}
}

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
	"github.com/caascan/caascan/datasets"
)

// What the documentation shows must be what the program takes.

// documents are the README and all of docs.
func documents(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("docs/*.md: %v, %v", paths, err)
	}
	return append(paths, "../../README.md")
}

// block is a fenced block of code.
type block struct{ language, code string }

var (
	fenced  = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	spanned = regexp.MustCompile("`([^`\n]+)`")
)

// codeOf returns the blocks of code of a document, and what stands in its text as code.
func codeOf(t *testing.T, path string) (blocks []block, spans []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fenced.FindAllSubmatch(text, -1) {
		blocks = append(blocks, block{string(m[1]), string(m[2])})
	}
	for _, m := range spanned.FindAllSubmatch(fenced.ReplaceAll(text, nil), -1) {
		spans = append(spans, string(m[1]))
	}
	return blocks, spans
}

// commandLines returns the words of each call of caascan in a line for the shell, quotes resolved.
func commandLines(line string) (calls [][]string) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	endWord := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	endCall := func() {
		endWord()
		if at := slices.Index(words, "caascan"); at == 0 {
			calls = append(calls, words[1:])
		}
		words = nil
	}
scan:
	for _, c := range line {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			endWord()
		case c == '#' && !inWord:
			break scan
		case strings.ContainsRune("|;&()<>", c):
			endCall()
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	endCall()
	return calls
}

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
		for _, words := range commandLines(line) {
			calls = append(calls, strings.Join(words, " "))
		}
		if got := strings.Join(calls, " / "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

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
	for _, path := range documents(t) {
		blocks, _ := codeOf(t, path)
		for _, b := range blocks {
			switch {
			case b.language == "yaml":
				resolver, err := command.YAML(strings.NewReader(b.code))
				if err == nil {
					err = resolver.Validate(newParser().Model)
				}
				if err != nil {
					t.Errorf("%s: %v\n%s", path, err, b.code)
				}
			case strings.HasPrefix(b.code, "example.org "):
				if list, err := datasets.ReadExclude(bytes.NewReader([]byte(b.code)), path); err != nil || list.Len() != strings.Count(b.code, "\n") {
					t.Errorf("%s: opt-out list: %v", path, err)
				}
			default:
				for line := range strings.Lines(strings.ReplaceAll(b.code, "\\\n", " ")) {
					for _, words := range commandLines(strings.TrimSpace(line)) {
						parse(path, words)
					}
				}
			}
		}
	}
	for _, node := range everyCommand() {
		if e, ok := node.Target.Addr().Interface().(command.Exampler); ok {
			for line := range strings.Lines(strings.ReplaceAll(e.Example(), "\\\n", " ")) {
				for _, words := range commandLines(strings.TrimSpace(line)) {
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
	for _, words := range commandLines(start) {
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
	for _, path := range documents(t) {
		_, spans := codeOf(t, path)
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
	for _, path := range documents(t) {
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

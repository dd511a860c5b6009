// Package doctest finds the command lines in documents, for tests that hold them against the program.
package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Documents are the README and all of docs, of the repository at root.
func Documents(t testing.TB, root string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("docs/*.md: %v, %v", paths, err)
	}
	return append(paths, filepath.Join(root, "README.md"))
}

// Block is a fenced block of code.
type Block struct{ Language, Code string }

var (
	fenced  = regexp.MustCompile("(?ms)^ *```([a-z]*)\n(.*?)^ *```$")
	spanned = regexp.MustCompile("`([^`\n]+)`")
)

// CodeOf returns the blocks of code of a document, and what stands in its text as code.
func CodeOf(t testing.TB, path string) (blocks []Block, spans []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fenced.FindAllSubmatch(text, -1) {
		blocks = append(blocks, Block{string(m[1]), string(m[2])})
	}
	for _, m := range spanned.FindAllSubmatch(fenced.ReplaceAll(text, nil), -1) {
		spans = append(spans, string(m[1]))
	}
	return blocks, spans
}

// CommandLines returns the words of each call of a program in a line for the shell, quotes resolved.
func CommandLines(program, line string) (calls [][]string) {
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
		if at := slices.Index(words, program); at == 0 {
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

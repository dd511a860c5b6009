package main

import (
	"io"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/cmd/command/doctest"
)

// TestDocumentedCommandsParse: every call of caareport in a document, and every example of a command's help, is one that the parser takes.
func TestDocumentedCommandsParse(t *testing.T) {
	parsed := 0
	parse := func(where, text string) {
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			for _, words := range doctest.CommandLines("caareport", strings.TrimSpace(line)) {
				parsed++
				parser := newParser(kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
				if _, err := parser.Parse(words); err != nil {
					t.Errorf("%s: caareport %s: %v", where, strings.Join(words, " "), err)
				}
			}
		}
	}
	for _, path := range doctest.Documents(t, "../..") {
		blocks, spans := doctest.CodeOf(t, path)
		for _, b := range blocks {
			parse(path, b.Code)
		}
		for _, span := range spans {
			if strings.Contains(span, " --") { // a whole call, not only the name of a command
				parse(path, span)
			}
		}
	}
	for _, node := range newParser().Model.Children {
		if e, ok := node.Target.Addr().Interface().(command.Exampler); ok {
			parse("the example of "+node.Name, e.Example())
		} else {
			t.Errorf("%s has no example", node.Name)
		}
	}
	if parsed < len(usefulQueries) {
		t.Errorf("%d calls found: the documents are not read as they should be", parsed)
	}
}

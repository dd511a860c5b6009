package caa

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The package is pure: it does not reach the network, the file system or a clock, and imports nothing of the project
// but wire.
func TestImports(t *testing.T) {
	allowed := map[string]bool{
		"bytes": true, "cmp": true, "crypto/sha256": true, "encoding/binary": true, "errors": true, "net/netip": true, "net/url": true, "slices": true,
		"strconv": true, "strings": true, "unicode/utf8": true,
		"embed": true, "fmt": true, "maps": true, "math/bits": true, "sync": true, "time": true,
		"github.com/goccy/go-yaml/ast": true, "github.com/goccy/go-yaml/parser": true, // texts in, values out
		"github.com/caascan/caascan/scanner/wire": true,
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range file.Imports {
			if path, _ := strconv.Unquote(imported.Path.Value); !allowed[path] {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

package scanner

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/caascan/caascan/"

// mayImport says which packages of this module each one may import: the direction of ARCHITECTURE.md. A package that
// is not listed here has no place in the architecture yet.
var mayImport = map[string][]string{
	"ratelimit":                {},
	"scanner/wire":             {},
	"scanner/step":             {},
	"scanner/caa":              {"scanner/wire"},
	"scanner/mail":             {"scanner/wire"},
	"scanner/record":           {"scanner/caa", "scanner/mail", "scanner/step", "scanner/wire"},
	"scanner/dnssec":           {"scanner/dnssec/algorithm", "scanner/record", "scanner/wire"},
	"scanner/dnssec/algorithm": {},
	"scanner/resolve":          {"scanner/dnssec", "scanner/record", "scanner/step", "scanner/wire"},
	"scanner/stub":             {"scanner/dnssec", "scanner/record", "scanner/resolve", "scanner/step", "scanner/wire"},
	"scanner/replay":           {"scanner/dnssec", "scanner/record", "scanner/resolve", "scanner/step", "scanner/wire"},
	"scanner/engine":           {"scanner/engine/batch", "scanner/step", "scanner/wire", "ratelimit"},
	"scanner/engine/batch":     {},
	"scanner/simnet":           {"scanner/caa", "scanner/dnssec", "scanner/dnssec/algorithm", "scanner/engine/batch", "scanner/record", "scanner/wire"},
	"datasets":                 {"scanner/caa", "scanner/record", "scanner/wire"},
	"scanner":                  {"scanner/caa", "scanner/dnssec", "scanner/engine", "scanner/mail", "scanner/record", "scanner/resolve", "scanner/step", "scanner/stub", "scanner/wire", "ratelimit"},
	"output":                   {"scanner/caa", "scanner/mail", "scanner/record", "scanner/step", "scanner/wire"},
	"output/s3test":            {},
	"analysis":                 {"datasets", "output", "scanner/caa"},
	"analysis/archive":         {"datasets", "output", "scanner/caa", "scanner/record", "scanner/step", "scanner/wire"},
	"analysis/compare":         {"analysis", "output", "scanner/caa"},
	"analysis/impact":          {"analysis", "datasets", "scanner/caa"},
	"analysis/scantest":        {"output"},
	"analysis/figure":          {"analysis", "output"},
	"analysis/page":            {"analysis", "analysis/figure"},
	"cmd/command":              {"scanner/caa"},
	"cmd/command/doctest":      {},
	"cmd/caareport":            {"*"},
	"cmd/caascan":              {"*"},
	"cmd/caabench":             {"*"},
	"cmd/caabench/farm":        {"*"},
	"cmd/caaoracle":            {"*"},
}

// pure packages decide and compute: they touch neither network nor clock, and take no dependency that might.
var pure = []string{"ratelimit", "scanner/wire", "scanner/step", "scanner/caa", "scanner/mail", "scanner/record",
	"scanner/resolve", "scanner/dnssec", "scanner/dnssec/algorithm", "scanner/stub"}

// computing are modules that pure packages may use: they compute, and nothing else.
var computing = []string{"github.com/cloudflare/circl/sign/ed448",
	"github.com/goccy/go-yaml/ast", "github.com/goccy/go-yaml/parser"}

// clocks are the functions of package time that read one or wait for one.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

func TestImportsRunOneWay(t *testing.T) {
	packages := sources(t)
	for pkg, files := range packages {
		allowed, listed := mayImport[pkg]
		if !listed {
			t.Errorf("package %s: not in the table of the architecture", pkg)
		}
		for name, file := range files {
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				inner, ours := strings.CutPrefix(imported, module)
				if ours && !slices.Contains(allowed, inner) && !slices.Contains(allowed, "*") {
					t.Errorf("%s: %s must not import %s", name, pkg, inner)
				}
			}
		}
	}
	for pkg := range mayImport {
		if _, ok := packages[pkg]; !ok && pkg != "cmd/caabench" {
			t.Errorf("package %s of the table does not exist", pkg)
		}
	}
}

func TestPurePackagesTouchNoNetworkAndNoClock(t *testing.T) {
	packages := sources(t)
	for _, pkg := range pure {
		for name, file := range packages[pkg] {
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				ours := strings.HasPrefix(imported, module)
				outside := strings.Contains(strings.Split(imported, "/")[0], ".")
				outside = outside && !slices.Contains(computing, imported)
				if imported == "net" || imported == "os" || imported == "syscall" || strings.HasPrefix(imported, "net/http") || outside && !ours {
					t.Errorf("%s: a pure package must not import %s", name, imported)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, sel.Sel.Name) {
						t.Errorf("%s: a pure package must not use time.%s", name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// sources parses the module's files, tests apart, by package folder and file.
func sources(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	packages := map[string]map[string]*ast.File{}
	set := token.NewFileSet()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != "." || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, filepath.Join("..", name), nil, 0)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		if packages[pkg] == nil {
			packages[pkg] = map[string]*ast.File{}
		}
		packages[pkg][name] = file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

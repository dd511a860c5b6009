package datasets

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	weppos "github.com/weppos/publicsuffix-go/publicsuffix"
	xnet "golang.org/x/net/publicsuffix"
)

// One vector for each class of rule of https://publicsuffix.org/list/: default rule, plain rules of one to three
// labels, wildcard, exception, private section, A-labels.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, registrable, suffix string
		icann                     bool
	}{
		{"com", "", "com", true},
		{"example.com", "example.com", "com", true},
		{"a.b.example.com", "example.com", "com", true},
		{"co.uk", "", "co.uk", true},
		{"uk", "", "uk", true},
		{"bbc.co.uk", "bbc.co.uk", "co.uk", true},
		{"www.parliament.uk", "parliament.uk", "uk", true},
		{"unlisted-tld", "", "unlisted-tld", false},
		{"a.b.unlisted-tld", "b.unlisted-tld", "unlisted-tld", false},
		{"ck", "", "ck", false}, // only *.ck is a rule: the default rule holds
		{"co.ck", "", "co.ck", true},
		{"a.b.co.ck", "b.co.ck", "co.ck", true},
		{"www.ck", "www.ck", "ck", true}, // !www.ck
		{"a.www.ck", "www.ck", "ck", true},
		{"city.kobe.jp", "city.kobe.jp", "kobe.jp", true},
		{"x.other.kobe.jp", "x.other.kobe.jp", "other.kobe.jp", true},
		{"kobe.jp", "kobe.jp", "jp", true},
		{"github.io", "", "github.io", false},
		{"a.b.github.io", "b.github.io", "github.io", false},
		{"github.com", "github.com", "com", true},
		{"xn--55qx5d.cn", "", "xn--55qx5d.cn", true},
		{"a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn", "xn--55qx5d.cn", true},
		{"www.k12.ak.us", "www.k12.ak.us", "k12.ak.us", true},
		{"", "", "", false},
	} {
		r, s, icann := DefaultSuffixes().Split(c.name)
		if r != c.registrable || s != c.suffix || icann != c.icann {
			t.Errorf("Split(%q) = %q, %q, %v; want %q, %q, %v", c.name, r, s, icann, c.registrable, c.suffix, c.icann)
		}
	}
}

// splitByDefinition is the algorithm of https://publicsuffix.org/list/ word for word, slow: every rule is matched.
func splitByDefinition(rules map[string][]weppos.Rule, name string) (suffix string, icann bool) {
	labels := strings.Split(name, ".")
	best, length := (*weppos.Rule)(nil), 1
	for i := range labels {
		for _, r := range rules[strings.Join(labels[i:], ".")] {
			n := len(labels) - i
			switch {
			case r.Type == weppos.ExceptionType:
				return strings.Join(labels[i+1:], "."), !r.Private
			case r.Type == weppos.WildcardType && i == 0:
				continue // needs one label more
			case r.Type == weppos.WildcardType:
				n++
			}
			if best == nil || n > length || n == length && r.Type == weppos.NormalType {
				best, length = &r, n
			}
		}
	}
	return strings.Join(labels[len(labels)-length:], "."), best != nil && !best.Private
}

// Every rule of the built-in list, and names at, below and beside it, hold against the definition.
func TestSplitAgainstDefinition(t *testing.T) {
	list := weppos.DefaultRules()
	rules := make(map[string][]weppos.Rule)
	for _, r := range list {
		rules[r.Value] = append(rules[r.Value], r)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	names := 0
	for _, r := range list {
		other := list[rng.IntN(len(list))].Value
		for _, name := range []string{r.Value, "a." + r.Value, "b.a." + r.Value, "c.b.a." + r.Value, "www." + r.Value,
			"x" + r.Value, other + "." + r.Value} {
			names++
			registrable, suffix, icann := DefaultSuffixes().Split(name)
			wantSuffix, wantICANN := splitByDefinition(rules, name)
			if suffix != wantSuffix || icann != wantICANN {
				t.Fatalf("Split(%q): suffix %q, icann %v; by definition %q, %v", name, suffix, icann, wantSuffix, wantICANN)
			}
			if !registrableFits(name, registrable, suffix) {
				t.Fatalf("Split(%q): registrable %q does not fit suffix %q", name, registrable, suffix)
			}
		}
	}
	t.Logf("%d names", names)
}

func registrableFits(name, registrable, suffix string) bool {
	if registrable == "" {
		return name == suffix
	}
	label, ok := strings.CutSuffix(registrable, "."+suffix)
	return ok && label != "" && !strings.Contains(label, ".") &&
		(name == registrable || strings.HasSuffix(name, "."+registrable))
}

// The two libraries, asked the same. weppos knows one rule a name and so loses a plain rule that has a wildcard at
// the same name; x/net carries a list of another day. Names where they disagree with each other decide nothing; where
// both agree, so must we.
func TestSplitAgainstLibraries(t *testing.T) {
	asked, agreed := 0, 0
	for _, r := range weppos.DefaultRules() {
		for _, name := range []string{"a." + r.Value, "b.a." + r.Value} {
			asked++
			byWeppos, err1 := weppos.Domain(name)
			byXnet, err2 := xnet.EffectiveTLDPlusOne(name)
			if err1 != nil {
				byWeppos = ""
			}
			if err2 != nil {
				byXnet = ""
			}
			if byWeppos != byXnet {
				continue
			}
			agreed++
			if got, _, _ := DefaultSuffixes().Split(name); got != byWeppos {
				t.Errorf("registrable domain of %q: %q, both libraries: %q", name, got, byWeppos)
			}
		}
	}
	t.Logf("%d names, the libraries agree on %d", asked, agreed)
	if agreed < asked*95/100 {
		t.Errorf("the libraries agree on %d of %d names only: the comparison has lost its worth", agreed, asked)
	}
}

// Debian's package publicsuffix has the list and its official vectors, the latter in a folder that some systems do not
// install; there TestSplit and the comparisons above stand alone.
func TestOfficialVectors(t *testing.T) {
	list, err := LoadSuffixes("/usr/share/publicsuffix/public_suffix_list.dat")
	if err != nil {
		t.Fatalf("%v: make deps installs it", err)
	}
	vectors, err := os.Open("/usr/share/doc/publicsuffix/examples/test_psl.txt")
	if err != nil {
		t.Skip("no documentation is installed:", err)
	}
	defer vectors.Close()
	call := regexp.MustCompile(`^checkPublicSuffix\('([^']+)', (?:null|'([^']+)')\);`)
	checked := 0
	for lines := bufio.NewScanner(vectors); lines.Scan(); {
		m := call.FindStringSubmatch(lines.Text())
		if m == nil || strings.HasPrefix(m[1], ".") { // a leading dot is a reject here
			continue
		}
		checked++
		opt := Options{Suffixes: list, AllowSpecialUse: true}
		got, reason := Canonical(m[1], opt)
		if reason != Accepted {
			t.Errorf("%q rejected: %s", m[1], reason)
			continue
		}
		want := ""
		if m[2] != "" {
			w, _ := Canonical(m[2], opt)
			want = w.Name
		}
		if got.Registrable != want {
			t.Errorf("registrable domain of %q: %q, want %q", m[1], got.Registrable, want)
		}
	}
	if checked < 60 {
		t.Errorf("only %d vectors read", checked)
	}
}

func TestSuffixVersion(t *testing.T) {
	s := DefaultSuffixes()
	if !strings.HasPrefix(s.Version(), "PSL version ") || s.Version() != weppos.ListVersion {
		t.Errorf("Version() = %q", s.Version())
	}
	if s.Date().Before(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("Date() = %v", s.Date())
	}
}

func TestLoadSuffixes(t *testing.T) {
	const list = "// VERSION: 2026-03-02_12-22-01_UTC\n// COMMIT: 7ef638\n// ===BEGIN ICANN DOMAINS===\ncom\n公司.cn\n*.ck\n!www.ck\n" +
		"// ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\nblog.com\n*.blog.com\n// ===END PRIVATE DOMAINS===\n"
	s, err := LoadSuffixes(writeFile(t, "list.dat", list))
	if err != nil {
		t.Fatal(err)
	}
	if s.Version() != "PSL version 2026-03-02_12-22-01_UTC" || !s.Date().Equal(time.Date(2026, 3, 2, 12, 22, 1, 0, time.UTC)) {
		t.Errorf("version %q, date %v", s.Version(), s.Date())
	}
	for name, want := range map[string]string{
		"a.b.xn--55qx5d.cn": "b.xn--55qx5d.cn", "a.b.c.ck": "b.c.ck", "a.www.ck": "www.ck", "blog.com": "", "a.blog.com": "",
		"b.a.blog.com": "b.a.blog.com", "x.y.example": "y.example",
	} {
		if got, _, _ := s.Split(name); got != want {
			t.Errorf("registrable domain of %q: %q, want %q", name, got, want)
		}
	}
	if _, _, icann := s.Split("b.a.blog.com"); icann {
		t.Error("a private rule counts as ICANN's")
	}

	old, err := LoadSuffixes(writeFile(t, "old.dat", "com\norg\n"))
	if err != nil || !strings.HasPrefix(old.Version(), "PSL sha256 ") || len(old.Version()) != len("PSL sha256 ")+64 || !old.Date().IsZero() {
		t.Errorf("list without a version: %v, %v", old, err)
	}
}

func TestLoadSuffixesErrors(t *testing.T) {
	for what, path := range map[string]string{
		"missing":   filepath.Join(t.TempDir(), "none.dat"),
		"directory": t.TempDir(),
		"empty":     writeFile(t, "empty.dat", "// nothing\n"),
		"junk":      writeFile(t, "junk.dat", "com\n\x00\x01\x02 \xff\n"),
		"html":      writeFile(t, "page.html", "<html><body>404 not found</body></html>\n"),
		"star":      writeFile(t, "star.dat", "*\n!\n"),
		"long line": writeFile(t, "long.dat", strings.Repeat("a", 1<<20)),
	} {
		if s, err := LoadSuffixes(path); err == nil {
			t.Errorf("%s: accepted with %d octets of rules", what, len(s.rules.text))
		} else if !strings.Contains(err.Error(), path) || strings.Count(err.Error(), path) > 1 {
			t.Errorf("%s: the error should name the file, once: %v", what, err)
		}
	}
}

func TestOperator(t *testing.T) {
	for ns, want := range map[string]string{
		"a.gtld-servers.net": "gtld-servers.net", "ns1.example.co.uk.": "example.co.uk", "com": "com", "co.uk": "co.uk",
		"ns.local-tld": "ns.local-tld", "": "",
	} {
		if got := DefaultSuffixes().Operator(ns); got != want {
			t.Errorf("Operator(%q) = %q, want %q", ns, got, want)
		}
	}
}

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

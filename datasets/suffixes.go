package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weppos/publicsuffix-go/publicsuffix"
)

// MaxSuffixFile bounds a public suffix list read from a file, in octets. The list of 2026 has about 350 kB.
const MaxSuffixFile = 16 << 20

// rule holds what the list says about one name. Names above a rule are present too, with nothing but inner set, so
// that a walk from the TLD downwards ends at the first name that is missing or not inner.
type rule uint8

const (
	inner          rule = 1 << iota // there are rules below
	normal                          // the name is a suffix
	normalICANN                     // ... by the ICANN section
	wildcard                        // every name one label below is a suffix
	wildcardICANN                   // ... by the ICANN section
	exception                       // the name is registrable in spite of a wildcard
	exceptionICANN                  // ... by the ICANN section

	anyRule = 0xFF
)

// Suffixes is a public suffix list (https://publicsuffix.org/list/), both sections, compiled for look-up. It never
// changes once made and may be used by many goroutines.
type Suffixes struct {
	rules   *nameTable // what it knows of a name is its rule
	version string
	date    time.Time
}

var builtIn = sync.OnceValue(func() *Suffixes {
	list := publicsuffix.DefaultRules()
	return compile(list[:], publicsuffix.ListVersion, builtInDate(publicsuffix.ListVersion))
})

// DefaultSuffixes returns the list built into this program.
func DefaultSuffixes() *Suffixes { return builtIn() }

// builtInDate reads "PSL version 7ef638 (Mon Mar  2 12:22:01 2026)".
func builtInDate(version string) time.Time {
	_, text, _ := strings.Cut(version, "(")
	date, _ := time.Parse(time.ANSIC, strings.TrimSuffix(text, ")"))
	return date
}

// LoadSuffixes reads a list in the form of public_suffix_list.dat.
func LoadSuffixes(path string) (*Suffixes, error) {
	fail := func(err error) (*Suffixes, error) {
		return nil, fmt.Errorf("public suffix list %s: %w", path, bare(err))
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxSuffixFile+1))
	if err != nil {
		return fail(err)
	}
	if len(text) > MaxSuffixFile {
		return fail(fmt.Errorf("longer than %d octets", MaxSuffixFile))
	}
	list, err := publicsuffix.NewList().Load(bytes.NewReader(text), publicsuffix.DefaultParserOptions)
	if err != nil {
		return fail(err)
	}
	if len(list) == 0 {
		return fail(errors.New("holds no rule"))
	}
	for _, r := range list {
		if _, reason := checkHost([]byte(r.Value)); reason != Accepted {
			return fail(fmt.Errorf("rule %q: %s", r.Value, reason))
		}
	}
	version, date := fileVersion(text)
	return compile(list, version, date), nil
}

// fileVersion reads the head of a list, "// VERSION: 2026-03-02_12-22-01_UTC" and "// COMMIT: 7ef638...". Copies from
// before 2024 have neither: they are known by their hash and have no date.
func fileVersion(text []byte) (version string, date time.Time) {
	for line := range bytes.Lines(text[:min(len(text), 4096)]) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "// VERSION:"); ok {
			version = strings.TrimSpace(v)
			date, _ = time.Parse("2006-01-02_15-04-05_MST", version)
			return "PSL version " + version, date
		}
	}
	sum := sha256.Sum256(text)
	return "PSL sha256 " + hex.EncodeToString(sum[:]), time.Time{}
}

func compile(list []publicsuffix.Rule, version string, date time.Time) *Suffixes {
	rules := make(map[string]rule, len(list)+len(list)/4)
	for _, r := range list {
		var set, icann rule
		switch r.Type {
		case publicsuffix.WildcardType:
			set, icann = wildcard|inner, wildcardICANN
		case publicsuffix.ExceptionType:
			set, icann = exception, exceptionICANN
		default:
			set, icann = normal, normalICANN
		}
		if !r.Private {
			set |= icann
		}
		rules[r.Value] |= set
		for name := r.Value; ; {
			_, parent, found := strings.Cut(name, ".")
			if !found {
				break
			}
			rules[parent] |= inner
			name = parent
		}
	}
	var text []byte
	places := make([]uint32, 0, len(rules))
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		places = append(places, uint32(len(text)))
		text = append(text, byte(rules[name]), byte(len(name)))
		text = append(text, name...)
	}
	return &Suffixes{rules: newNameTable(string(text), places, rand.Uint64()), version: version, date: date}
}

// Version names the list exactly, for the manifest: its own version line, or the hash of a file that has none.
func (s *Suffixes) Version() string { return s.version }

// Date is when the list was published; zero if it does not say.
func (s *Suffixes) Date() time.Time { return s.date }

// Split returns the public suffix of a canonical name and the registrable domain, one label more; registrable is ""
// if the name is itself a suffix. icann reports that the rule is from the ICANN section. A TLD that the list does not
// hold is its own suffix by the default rule "*": it is not icann and, unlike most private suffixes, has no dot. The
// results are parts of name; nothing is allocated.
func (s *Suffixes) Split(name string) (registrable, suffix string, icann bool) {
	r, at, icann := split(s.rules, name)
	return name[r:], name[at:], icann
}

// split is Split, with the places where registrable domain and suffix start.
func split[T ~string | ~[]byte](rules *nameTable, name T) (registrable, suffix int, icann bool) {
	h := rules.seed
	at := len(name) + 1 // start of the label looked at; after its dot, as it were
	parent := len(name) // start of the name one label up
	var above rule      // what the list says about that name
	for {
		end := at - 1
		for at = end; at > 0 && name[at-1] != '.'; at-- {
			h = hashStep(h, name[at-1])
		}
		here := rule(0)
		if place := lookUp(rules, h, name[at:], anyRule); place >= 0 {
			here = rule(rules.text[place])
		}
		if here&exception != 0 { // prevails; its suffix is the name without the leftmost label
			suffix, icann = parent, here&exceptionICANN != 0
			break
		}
		if parent == len(name) { // the default rule
			suffix = at
		}
		if above&wildcard != 0 {
			suffix, icann = at, above&wildcardICANN != 0
		}
		if here&normal != 0 {
			suffix, icann = at, here&normalICANN != 0
		}
		if at == 0 || here&inner == 0 {
			break
		}
		h = hashStep(h, '.')
		above, parent = here, at
	}
	if suffix == 0 {
		return len(name), 0, icann
	}
	for registrable = suffix - 1; registrable > 0 && name[registrable-1] != '.'; registrable-- {
	}
	return registrable, suffix, icann
}

// Operator returns who runs a name server, as far as its name tells: the registrable domain of that name, or the name
// itself if it is a suffix. One final dot is ignored.
func (s *Suffixes) Operator(nsName string) string {
	nsName = strings.TrimSuffix(nsName, ".")
	if registrable, _, _ := s.Split(nsName); registrable != "" {
		return registrable
	}
	return nsName
}

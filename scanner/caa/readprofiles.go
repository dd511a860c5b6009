package caa

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxProfiles bounds the octets of a file of profiles: a hundred times the one built in.
const maxProfiles = 1 << 20

// ReadProfiles reads a file of profiles in the form of profiles.yaml, whose comments tell the keys, and returns them
// together with those of base, which may be nil. A profile of the file goes before one of base with the same name; within
// a file a name stands once. The errors say file (as name), line, profile and key.
func ReadProfiles(name string, text []byte, base *Rules) (*Rules, error) {
	if len(text) > maxProfiles {
		return nil, fmt.Errorf("%s: larger than %d octets", name, maxProfiles)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimSpace(err.Error()))
	}
	rules := &Rules{}
	if base != nil {
		rules.now = base.now
	}
	r := &profileReader{rules: rules, base: base}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if err := r.document(doc.Body); err != nil {
			var at *atLine
			if errors.As(err, &at) {
				return nil, fmt.Errorf("%s:%d: %w", name, at.line, err)
			}
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if base != nil {
		rules.profiles = append(rules.profiles, base.profiles...)
	}
	return rules, nil
}

// atLine is an error with the line it is on.
type atLine struct {
	line int
	text string
}

func (e *atLine) Error() string { return e.text }

func wrong(at ast.Node, format string, args ...any) error {
	line := 0
	if t := at.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	return &atLine{line, fmt.Sprintf(format, args...)}
}

// profileReader takes the profiles of one file, in order: one may be based on any before it, or on one of base.
type profileReader struct {
	rules *Rules // what the file has brought so far
	base  *Rules
}

// document reads the keys now and profiles.
func (r *profileReader) document(body ast.Node) error {
	return eachKey(body, func(key string, value ast.Node) (err error) {
		switch key {
		case "now":
			r.rules.now, err = readDay(value)
			return err
		case "profiles":
			list, ok := value.(*ast.SequenceNode)
			if !ok {
				return wrong(value, "profiles: not a list")
			}
			for _, item := range list.Values {
				if err := r.profile(item); err != nil {
					return err
				}
			}
			return nil
		default:
			return wrong(value, "no key is called %q; there are now and profiles", key)
		}
	})
}

// profile reads one item of profiles. With "base: now" it makes one profile for each rule of that day.
func (r *profileReader) profile(item ast.Node) error {
	var name, base string
	if err := eachKey(item, func(key string, value ast.Node) (err error) {
		switch key {
		case "name":
			name, err = readText(value)
		case "base":
			base, err = readText(value)
		}
		return err
	}); err != nil {
		return err
	}
	switch {
	case name == "" || name == "now" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return wrong(item, "a profile needs a name, without blanks, and not \"now\"")
	case slices.ContainsFunc(r.rules.profiles, func(p *Profile) bool { return p.Name == name }):
		return wrong(item, "profile %q: the name stands twice", name)
	}
	bases := []*Profile{{}}
	if base != "" {
		if bases = r.basesOf(base); len(bases) == 0 {
			return wrong(item, "profile %q: base: no profile %q before it", name, base)
		}
	}
	for _, from := range bases {
		p := from.derived(name)
		if err := p.readKeys(item, base); err != nil {
			return err
		}
		r.rules.profiles = append(r.rules.profiles, p)
	}
	return nil
}

// basesOf returns the profiles that a name stands for: several for "now", the rules in force that day.
func (r *profileReader) basesOf(name string) (found []*Profile) {
	all := slices.Clone(r.rules.profiles)
	if r.base != nil {
		all = append(all, r.base.profiles...)
	}
	if name != "now" {
		for _, p := range all {
			if p.Name == name {
				return []*Profile{p}
			}
		}
		return nil
	}
	known := &Rules{profiles: all}
	for kind := range Kind(Kinds) {
		if p, ok := known.ForTime(kind, r.rules.now); ok && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found
}

// derived copies p. What is told of each profile by itself is not taken over: since when, whom it binds, and its note.
func (p *Profile) derived(name string) *Profile {
	d := *p
	d.Name, d.From, d.Binding, d.Note = name, time.Time{}, false, ""
	return &d
}

// readKeys reads the keys of an item of profiles into p, which is a copy of its base, if it has one.
func (p *Profile) readKeys(item ast.Node, base string) error {
	covered := p.coverage()
	set := map[string]bool{}
	err := eachKey(item, func(key string, value ast.Node) error {
		set[key] = true
		read, ok := profileKeys[key]
		if !ok {
			return wrong(value, "profile %q: no key is called %q", p.Name, key)
		}
		if err := read(p, value); err != nil {
			var at *atLine
			if errors.As(err, &at) {
				at.text = fmt.Sprintf("profile %q: %s: %s", p.Name, key, at.text)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if base == "now" { // such a file speaks of all kinds; this profile is about those of its base
		for kind := range p.Governing {
			if !covered[kind] {
				p.Governing[kind] = nil
			}
		}
	}
	if base == "" {
		for _, key := range slices.Sorted(maps.Keys(profileKeys)) {
			if !set[key] && !optionalKeys[key] {
				return wrong(item, "profile %q: %s is missing, and there is no base to take it from", p.Name, key)
			}
		}
	}
	return p.check(item)
}

// coverage says which kinds p covers.
func (p *Profile) coverage() (covered [Kinds]bool) {
	for kind := range covered {
		covered[kind] = p.Covers(Kind(kind))
	}
	return covered
}

// check finds what no single key shows.
func (p *Profile) check(item ast.Node) error {
	switch {
	case p.coverage() == [Kinds]bool{}:
		return wrong(item, "profile %q: tags: there are none, so it covers no kind", p.Name)
	case p.Binding && p.From.IsZero():
		return wrong(item, "profile %q: from is missing, and it is binding", p.Name)
	case p.Source == "":
		return wrong(item, "profile %q: source is missing", p.Name)
	}
	for _, tags := range p.Governing {
		for _, tag := range tags {
			if word := tagWord(tag); !p.knows(word) {
				return wrong(item, "profile %q: known-tags: %s governs, so it is known", p.Name, word)
			}
		}
	}
	return nil
}

// profileKeys reads the value of each key into a profile.
var profileKeys = map[string]func(p *Profile, value ast.Node) error{
	"name":   func(*Profile, ast.Node) error { return nil }, // read before
	"base":   func(*Profile, ast.Node) error { return nil },
	"from":   func(p *Profile, v ast.Node) (err error) { p.From, err = readDay(v); return err },
	"source": func(p *Profile, v ast.Node) (err error) { p.Source, err = readText(v); return err },
	"note":   func(p *Profile, v ast.Node) (err error) { p.Note, err = readText(v); return err },
	"binding": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.Binding, words[bool]{"true": true, "false": false})
	},

	"alias-climb": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.AliasTargets, words[bool]{"name": false, "targets": true})
	},
	"climb-to": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.BelowSuffix, words[bool]{"tld": false, "below-suffix": true})
	},
	"tld-nxdomain": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.TLDMustExist, words[bool]{"empty": false, "failure": true})
	},

	"servfail-signed":   func(p *Profile, v ast.Node) error { return readWord(v, &p.Failures[stateSigned][replied], cells) },
	"timeout-signed":    func(p *Profile, v ast.Node) error { return readWord(v, &p.Failures[stateSigned][silent], cells) },
	"servfail-insecure": func(p *Profile, v ast.Node) error { return readWord(v, &p.Failures[stateInsecure][replied], cells) },
	"timeout-insecure":  func(p *Profile, v ast.Node) error { return readWord(v, &p.Failures[stateInsecure][silent], cells) },
	"indeterminate": func(p *Profile, v ast.Node) error {
		err := readWord(v, &p.Failures[stateIndeterminate][replied], cells)
		p.Failures[stateIndeterminate][silent] = p.Failures[stateIndeterminate][replied]
		return err
	},
	"bogus":   func(p *Profile, v ast.Node) error { return readWord(v, &p.Bogus, denials) },
	"one-try": func(p *Profile, v ast.Node) error { return readWord(v, &p.TooFewTries, denials) },
	"tries":   func(p *Profile, v ast.Node) error { return readNumber(v, &p.Tries, 0) },
	"failure-reason": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.PlainReason, words[bool]{"by-state": false, "plain": true})
	},
	"truncation": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.UDPOnly, words[bool]{"tcp": false, "failure": true})
	},
	"unreadable-record": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.SkipBadRData, words[bool]{"failure": false, "skip": true})
	},
	"sha1": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.SHA1Unsupported, words[bool]{"validated": false, "unsupported": true})
	},

	"tags":           readGoverning,
	"known-tags":     func(p *Profile, v ast.Node) (err error) { p.KnownTags, err = readTags(v); return err },
	"critical-flags": func(p *Profile, v ast.Node) error { return readNumber(v, &p.CriticalFlags, 1) },
	"critical-kinds": readCriticalKinds,
	"issuer-case": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.ExactIssuer, words[bool]{"fold": false, "exact": true})
	},
	"parameter-hyphen": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.NoParamHyphens, words[bool]{"accept": false, "refuse": true})
	},
	"stray-semicolon": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.StraySemicolon, words[bool]{"malformed": false, "accept": true})
	},
	"unknown-critical": func(p *Profile, v ast.Node) error { return readWord(v, &p.UnknownCritical, denials) },
	"mismatch":         func(p *Profile, v ast.Node) error { return readWord(v, &p.Mismatch, denials) },
	"empty-issuer":     func(p *Profile, v ast.Node) error { return readWord(v, &p.EmptyIssuer, denials) },
	"malformed-only":   func(p *Profile, v ast.Node) error { return readWord(v, &p.MalformedOnly, denials) },

	"rfc8657": readRFC8657,
	"parameter-case": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.ExactParamName, words[bool]{"fold": false, "exact": true})
	},
	"method-case": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.FoldMethods, words[bool]{"exact": false, "fold": true})
	},
	"repeated-methods": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.RepeatedMethods, words[bool]{"no-fit": false, "any": true})
	},
	"ill-formed-method": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.SkipIllFormed, words[bool]{"no-fit": false, "skip": true})
	},
	"parent-account": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.ParentAccount, words[bool]{"refuse": false, "accept": true})
	},
	"dns-operator": func(p *Profile, v ast.Node) error {
		return readWord(v, &p.OperatorException, words[bool]{"checks": false, "may-skip": true})
	},
	"mpic": readMPIC,
}

// optionalKeys may be missing where there is no base.
var optionalKeys = map[string]bool{"base": true, "from": true, "binding": true, "note": true, "mpic": true}

// words are the values of a key by their words.
type words[T any] map[string]T

// cells and denials are the words of Effect: all, and those for what never permits.
var (
	denials = words[Effect]{"undefined": Undefined, "deny": Deny}
	cells   = words[Effect]{"undefined": Undefined, "deny": Deny, "choice": Choice, "continue": Continue}
)

func readWord[T any](value ast.Node, to *T, of words[T]) error {
	word, err := readText(value)
	if err != nil {
		return err
	}
	meant, ok := of[word]
	if !ok {
		return wrong(value, "%q is none of %s", word, strings.Join(slices.Sorted(maps.Keys(of)), ", "))
	}
	*to = meant
	return nil
}

// readNumber reads a number from least to 255.
func readNumber(value ast.Node, to *uint8, least int) error {
	word, err := readText(value)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(word, 10, 8)
	if err != nil || int(n) < least {
		return wrong(value, "%q is no number from %d to 255", word, least)
	}
	*to = uint8(n)
	return nil
}

func readDay(value ast.Node) (time.Time, error) {
	word, err := readText(value)
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.Parse(time.DateOnly, word)
	if err != nil {
		return time.Time{}, wrong(value, "%q is no day like 2026-06-16", word)
	}
	return day, nil
}

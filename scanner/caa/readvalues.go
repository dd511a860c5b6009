package caa

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// eachKey calls f for every key of a mapping, in order. Keys are plain words, each once.
func eachKey(n ast.Node, f func(key string, value ast.Node) error) error {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		return wrong(n, "not a mapping of keys to values")
	}
	seen := map[string]bool{}
	for entries := mapping.MapRange(); entries.Next(); {
		key, err := readText(entries.Key())
		switch {
		case err != nil:
			return err
		case seen[key]:
			return wrong(entries.Key(), "the key %q stands twice", key)
		}
		seen[key] = true
		if err := f(key, entries.Value()); err != nil {
			return err
		}
	}
	return nil
}

// readText returns the text of a scalar as written. Anchors, aliases and merge keys are no scalars: none is needed, and
// without them no text grows as it is read.
func readText(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	}
	return "", wrong(n, "not a word, a number or a text")
}

// readTexts returns the texts of a list.
func readTexts(n ast.Node) ([]string, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, wrong(n, "not a list")
	}
	texts := []string{}
	for _, item := range list.Values {
		text, err := readText(item)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(texts, text):
			return nil, wrong(item, "%q stands twice", text)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// readTags reads a list of property tags.
func readTags(n ast.Node) ([]string, error) {
	tags, err := readTexts(n)
	if err != nil {
		return nil, err
	}
	for i, tag := range tags {
		for j := range len(tag) {
			if !isAlnum(tag[j]) {
				return nil, wrong(n, "%q is no tag (RFC 8659 4.1)", tag)
			}
		}
		tags[i] = strings.ToLower(tag)
	}
	return tags, nil
}

// issueTags are the tags whose values name issuers, by their words.
var issueTags = words[Traits]{"issue": TagIssue, "issuewild": TagIssueWild, "issuemail": TagIssueMail, "issuevmc": TagIssueVMC}

// tagWord is the word of a tag's bit.
func tagWord(tag Traits) string { return knownTags[tagIndex(tag)] }

// kindOf returns the kind that a key stands for.
func kindOf(at ast.Node, word string) (Kind, error) {
	for kind := range Kind(Kinds) {
		if kind.String() == word {
			return kind, nil
		}
	}
	return 0, wrong(at, "%q is none of tls, tls-wildcard, smime, vmc", word)
}

// readGoverning reads, for each kind, a list of tags, the first of which that a set holds governs; an empty list takes the
// kind away.
func readGoverning(p *Profile, value ast.Node) error {
	return eachKey(value, func(key string, value ast.Node) error {
		kind, err := kindOf(value, key)
		if err != nil {
			return err
		}
		tags, err := readTexts(value)
		if err != nil {
			return err
		}
		p.Governing[kind] = nil
		for _, word := range tags {
			tag, ok := issueTags[word]
			if !ok {
				return wrong(value, "%q is none of issue, issuewild, issuemail, issuevmc", word)
			}
			p.Governing[kind] = append(p.Governing[kind], tag)
		}
		return nil
	})
}

// readCriticalKinds reads a list of kinds.
func readCriticalKinds(p *Profile, value ast.Node) error {
	texts, err := readTexts(value)
	if err != nil {
		return err
	}
	p.CriticalKinds = [Kinds]bool{}
	for _, text := range texts {
		kind, err := kindOf(value, text)
		if err != nil {
			return err
		}
		p.CriticalKinds[kind] = true
	}
	return nil
}

// readRFC8657 reads a duty for each tag. A tag that is not named keeps that of the base.
func readRFC8657(p *Profile, value ast.Node) error {
	duties := words[Duty]{"none": Ignored, "per-ca": PerCA, "should": Should, "must": Must}
	return eachKey(value, func(key string, value ast.Node) error {
		tag, ok := issueTags[key]
		if !ok {
			return wrong(value, "%q is none of issue, issuewild, issuemail, issuevmc", key)
		}
		var duty Duty
		if err := readWord(value, &duty, duties); err != nil {
			return err
		}
		p.RFC8657[tagIndex(tag)] = duty
		return nil
	})
}

// readMPIC reads a list of phases.
func readMPIC(p *Profile, value ast.Node) error {
	list, ok := value.(*ast.SequenceNode)
	if !ok {
		return wrong(value, "not a list")
	}
	p.MPIC = nil
	for _, item := range list.Values {
		var phase MPIC
		var remotes, regions uint8
		err := eachKey(item, func(key string, value ast.Node) (err error) {
			switch key {
			case "from":
				phase.From, err = readDay(value)
			case "remotes":
				err = readNumber(value, &remotes, 1)
			case "regions":
				err = readNumber(value, &regions, 0)
			case "binding":
				err = readWord(value, &phase.Binding, words[bool]{"true": true, "false": false})
			default:
				err = wrong(value, "no key is called %q", key)
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case remotes == 0:
			return wrong(item, "remotes is missing")
		case len(p.MPIC) > 0 && !phase.From.After(p.MPIC[len(p.MPIC)-1].From):
			return wrong(item, "from: phases stand in order of time")
		}
		phase.Remotes, phase.Regions = int(remotes), int(regions)
		p.MPIC = append(p.MPIC, phase)
	}
	return nil
}

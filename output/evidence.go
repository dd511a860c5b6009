package output

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caascan/caascan/scanner/caa"
)

// Evidence gives back what a verdict about the name depends on: by every rule caa.Decide says of it what it says of
// record.Evidence of the record that the row was made of. It reads the columns labels, public_suffix, climb, caa_depth and caa,
// so that a row needs no more than these. An error says that an Encoder cannot have written them.
//
// Two things are not in the columns. Attempts beyond 127 are 127, which only a rule could tell that asks for more. And whether a
// chain of trust rests on SHA-1 (C15) no record says either: to rules that ask, it is not known.
func (d *Domain) Evidence() (caa.Evidence, error) {
	ev := caa.Evidence{Labels: uint8(d.Labels), Suffix: labelsOf(d.PublicSuffix), Levels: make([]caa.Level, len(d.Climb))}
	for i := range d.Climb {
		level, err := d.Climb[i].evidence()
		if err == nil && level.Outcome == caa.Found {
			level.Set, err = d.setAt(i)
		}
		if err != nil {
			return caa.Evidence{}, fmt.Errorf("level %d of %s: %w", i, d.QueryName, err)
		}
		ev.Levels[i] = level
	}
	return ev, nil
}

// evidence gives back all but the set.
func (l *Level) evidence() (caa.Level, error) {
	outcome, ok := caa.OutcomeOf(l.Outcome)
	if !ok {
		return caa.Level{}, fmt.Errorf("no outcome is called %q", l.Outcome)
	}
	security, ok := caa.SecurityOf(l.Security, l.Reason)
	if !ok {
		return caa.Level{}, fmt.Errorf("no state of DNSSEC is called %q", l.Security)
	}
	if l.Attempts < 0 {
		return caa.Level{}, fmt.Errorf("%d attempts", l.Attempts)
	}
	level := caa.Level{
		Outcome: outcome, Security: security, Attempts: uint8(l.Attempts), Aliased: l.AliasTo != "", Truncated: l.Truncated,
	}
	for _, code := range l.EDE {
		level.EDE = append(level.EDE, uint16(code))
	}
	return level, nil
}

// setAt gives back what level i of the climb found: the relevant RRset, or one above a failure.
func (d *Domain) setAt(i int) (*caa.Set, error) {
	var properties []caa.Property
	var err error
	if d.CAADepth != nil && int(*d.CAADepth) == i {
		properties, err = recordsOf(d.CAA)
	} else {
		properties, err = presentedRecords(d.Climb[i].CAA)
	}
	if err == nil && len(properties) == 0 {
		err = errors.New("found, but what was found is not there")
	}
	if err != nil {
		return nil, err
	}
	set := caa.Judge(properties)
	return &set, nil
}

// recordsOf gives back the records of the column caa.
func recordsOf(rows []Property) ([]caa.Property, error) {
	all := make([]caa.Property, len(rows))
	for i := range rows {
		tag, err := Unescape(rows[i].Tag)
		if err != nil {
			return nil, fmt.Errorf("tag %q: %w", rows[i].Tag, err)
		}
		value, err := Unescape(rows[i].Value)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", rows[i].Value, err)
		}
		all[i] = caa.Property{Flags: rows[i].Flags, Tag: tag, Value: value}
	}
	return all, nil
}

// presentedRecords gives back records in presentation form.
func presentedRecords(texts []string) ([]caa.Property, error) {
	all := make([]caa.Property, len(texts))
	for i, text := range texts {
		p, ok := readPresentation(text)
		if !ok {
			return nil, fmt.Errorf("%q is no CAA record in presentation form", text)
		}
		all[i] = p
	}
	return all, nil
}

// readPresentation reads what caa.Property.String wrote (RFC 8659 4.1.1): flags, a tag whose octets are letters, digits or \DDD,
// and the value in quotes, where a quote or a backslash has a backslash before it, and any other octet may be \DDD.
func readPresentation(text string) (p caa.Property, ok bool) {
	flags, rest, _ := strings.Cut(text, " ")
	tag, value, _ := strings.Cut(rest, " ")
	if flags == "" || len(flags) > len("255") || len(value) < len(`""`) || value[0] != '"' || value[len(value)-1] != '"' {
		return p, false
	}
	number := 0
	for _, c := range []byte(flags) {
		if c < '0' || c > '9' {
			return p, false
		}
		number = number*10 + int(c-'0')
	}
	if number > 255 {
		return p, false
	}
	p.Flags = uint8(number)
	var read bool
	if p.Tag, read = unquote(tag); !read || p.Tag == "" || len(p.Tag) > 255 {
		return p, false
	}
	p.Value, ok = unquote(value[1 : len(value)-1])
	return p, ok
}

// unquote gives back the octets of a character-string (RFC 1035 5.1): \DDD is an octet, \X is X.
func unquote(text string) (string, bool) {
	if strings.IndexByte(text, '\\') < 0 {
		return text, strings.IndexByte(text, '"') < 0
	}
	octets := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return "", false
		case c != '\\':
			octets = append(octets, c)
		case i+1 == len(text):
			return "", false
		case text[i+1] < '0' || text[i+1] > '9':
			i++
			octets = append(octets, text[i])
		default:
			if i+3 >= len(text) {
				return "", false
			}
			octet, err := Unescape(text[i : i+4])
			if err != nil {
				return "", false
			}
			octets = append(octets, octet...)
			i += 3
		}
	}
	return string(octets), true
}

// labelsOf counts the labels of a public suffix; 0 for none.
func labelsOf(suffix string) uint8 {
	if suffix == "" {
		return 0
	}
	return uint8(min(1+strings.Count(suffix, "."), 127)) // as many as a name can have
}

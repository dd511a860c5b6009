package caa

import (
	"strconv"
	"strings"
)

// maxShown is how much of a record or value a text quotes, in octets. A value can have 64 KB.
const maxShown = 200

// Explain says what the diagnosis means in two sentences for the owner of the domain: what is the case, and what to do.
// Whatever came from the DNS is escaped as in zone files, so that it cannot steer a terminal. The words of findings that
// are not ours are their own explanation.
func (d Diagnosis) Explain(s *Set, at *Circumstances) (explanation, advice string) {
	entry, ok := d.Finding.Entry()
	if !ok {
		return string(d.Finding), ""
	}
	fill := []string{
		"{detail}", d.detail(), "{name}", nameOr(at.Name, "the name"), "{level}", nameOr(at.Level, "the name above"),
		"{owner}", nameOr(at.Owner, "another name"), "{ttl}", strconv.FormatUint(uint64(at.TTL), 10), "{size}", strconv.Itoa(at.Size),
	}
	if d.Record >= 0 {
		p, issuer := s.Properties[d.Record], s.Issuances[d.Record].Issuer
		record := p.String()
		value := record[strings.IndexByte(record, '"')+1 : len(record)-1]
		tag := strings.Fields(record)[1]
		fill = append(fill, "{record}", shown(record), "{value}", shown(value), "{tag}", shown(tag), "{issuer}", shown(issuer))
	}
	texts := strings.NewReplacer(fill...)
	return texts.Replace(entry.Explanation), texts.Replace(entry.Advice)
}

// detail is the detail for people.
func (d Diagnosis) detail() string {
	if d.Finding != AllUnknownLockedOut {
		return shown(escaped(d.Detail))
	}
	switch d.Detail {
	case TLS.String():
		return "web (TLS)"
	case TLSWildcard.String():
		return "wildcard web (TLS)"
	case SMIME.String():
		return "mail (S/MIME)"
	case VMC.String():
		return "mark (VMC)"
	}
	return "any"
}

// escaped writes octets as in the value of a record.
func escaped(s string) string {
	text := Property{Tag: "x", Value: s}.String()
	return text[len(`0 x "`) : len(text)-1]
}

func shown(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "..."
	}
	return s
}

func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

package datasets

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/caascan/caascan/scanner/caa"
)

// ccadbSource stands among the sources of an owner that a CCADB report has, too.
const ccadbSource = "CCADB"

// Over returns base with the report laid over it. The report knows identifiers of issue and issuewild and who has a
// certificate; it knows neither mail nor marks, nor who was distrusted: CAs stay in it long after. So it adds, and takes
// nothing away:
//
//   - An identifier that base does not have comes in with the report's owners, as StandingReported.
//   - An owner that base has with the identifier keeps its standing, but a doubtful one is now reported; what it is said
//     to honour for mail and marks stands.
//   - Another owner that base knows by name is added to the identifier.
//   - An owner that base does not know is added as well, unless base and report have one owner each, who is then taken to
//     be the same under two names. A report by certificate adds none of these: the subject of a subordinate CA's
//     certificate is not the owner of the identifiers that its issuer honours.
//
// Owners are the same if their names are, without case, punctuation and legal form ("DigiCert, Inc." is "DigiCert").
func (c *CCADB) Over(base *Issuers) *Issuers {
	reported := c.resolve(namesOf(base))
	var credits []credit
	for _, identifier := range slices.Sorted(maps.Keys(base.owners)) {
		for _, owner := range c.confirm(base.owners[identifier], reported[identifier]) {
			credits = append(credits, credit{identifier, owner})
		}
	}
	for _, identifier := range slices.Sorted(maps.Keys(reported)) {
		if len(base.owners[identifier]) > 0 {
			continue
		}
		for _, owner := range reported[identifier] {
			credits = append(credits, credit{identifier, owner.Owner})
		}
	}
	t := newIssuers(credits)
	t.sources = append(slices.Clip(base.sources), c.source)
	return t
}

// resolved is an owner of a report under the name that the table has for it.
type resolved struct {
	Owner
	inTable bool
}

// resolve returns the owners of the report by identifier. One that the table does not have goes by the first spelling.
func (c *CCADB) resolve(names map[string]Owner) map[string][]resolved {
	first := map[string]string{}
	reported := map[string][]resolved{}
	for _, credit := range c.credits {
		owner := resolved{Owner: credit.owner}
		key := ownerKey(owner.Name)
		if known, ok := names[key]; ok {
			owner.Name, owner.Family, owner.inTable = known.Name, known.Family, true
		} else if first[key] == "" {
			first[key] = owner.Name
		} else {
			owner.Name, owner.Family = first[key], first[key]
		}
		reported[credit.identifier] = append(reported[credit.identifier], owner)
	}
	return reported
}

// confirm returns the owners of an identifier of the table, with what the report says of it.
func (c *CCADB) confirm(owners []Owner, reported []resolved) []Owner {
	owners = slices.Clone(owners)
	alias := len(owners) == 1 && len(reported) == 1 // one owner under two names, if the table does not know the other
	for _, r := range reported {
		at := slices.IndexFunc(owners, func(o Owner) bool { return o.Name == r.Name })
		switch {
		case at >= 0:
			owners[at] = owners[at].confirmed()
		case r.inTable:
			owners = append(owners, r.Owner)
		case alias:
			owners[0] = owners[0].confirmed()
		case !c.byCertificate:
			owners = append(owners, r.Owner)
		}
	}
	return owners
}

// confirmed returns an owner of the table as it is once a report has it, too.
func (o Owner) confirmed() Owner {
	if o.Standing == StandingDoubtful {
		o.Standing = StandingReported
	}
	if !slices.Contains(o.Sources, ccadbSource) {
		o.Sources = append(slices.Clip(o.Sources), ccadbSource)
	}
	o.Honours[caa.TLS], o.Honours[caa.TLSWildcard] = Yes, Yes
	return o
}

// namesOf returns the owners of a table by the keys of their names: of the name itself, with and without what stands in
// parentheses ("HARICA", "Certigna (Dhimyotis)"), of that ("ISRG"), of the parts between slashes, and of a family of one.
// A key that would stand for two owners stands for none, unless it is the name of one.
func namesOf(t *Issuers) map[string]Owner {
	byName, byPart := map[string]Owner{}, map[string]Owner{}
	part := func(key string, owner Owner) {
		if other, ok := byPart[key]; ok && other.Name != owner.Name {
			owner = Owner{}
		}
		byPart[key] = owner
	}
	for _, identifier := range slices.Sorted(maps.Keys(t.owners)) {
		for _, owner := range t.owners[identifier] {
			byName[ownerKey(owner.Name)] = owner
			outside, inside, _ := strings.Cut(strings.TrimSuffix(owner.Name, ")"), "(")
			part(ownerKey(inside), owner)
			for name := range strings.SplitSeq(outside, " / ") {
				part(ownerKey(name), owner)
			}
			part(ownerKey(owner.Family), owner)
		}
	}
	for key, owner := range byPart {
		if _, ok := byName[key]; !ok && key != "" && owner.Name != "" {
			byName[key] = owner
		}
	}
	return byName
}

// legalForms are words at the end of a company's name that some write and some do not.
var legalForms = []string{"inc", "incorporated", "ltd", "limited", "llc", "gmbh", "ag", "sa", "as", "co", "corp", "corporation",
	"company", "nv", "bv", "kft", "ab", "oy", "oyj", "spa", "srl", "sarl", "sas", "plc", "pty"}

// ownerKey is the same for two spellings of one name: its words in lower case, without punctuation, legal form at the end
// left out.
func ownerKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".'’", r)
	})
	for i, word := range words {
		words[i] = unpunctuated.Replace(word) // S.A., Let's
	}
	for len(words) > 1 && slices.Contains(legalForms, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

var unpunctuated = strings.NewReplacer(".", "", "'", "", "’", "")

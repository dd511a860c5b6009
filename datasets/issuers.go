package datasets

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caascan/caascan/scanner/caa"
)

// Belief is what a table of issuers says about something. A table that says nothing does not say no (spec section 5).
type Belief uint8

const (
	Unknown Belief = iota
	Yes
	No
)

// String returns the word that stands in files.
func (b Belief) String() string { return [...]string{"unknown", "yes", "no"}[b] }

// Standing is how well it is founded that an owner honours an identifier, the best founded first.
type Standing uint8

const (
	StandingCurrent   Standing = iota // in a table of 2026 made from CCADB, or in the CA's own document
	StandingReported                  // in the CCADB report that was read (CCADB.Over)
	StandingShared                    // by an owner besides the one that the name suggests
	StandingDelegated                 // by a subordinate CA or reseller
	StandingListed                    // in that table only: activity not checked
	StandingDoubtful                  // one weak source
	StandingLegacy                    // in older lists only, or the owner is out of public TLS: retired, merged or distrusted
)

var standings = [...]string{"current", "reported", "shared", "delegated", "listed", "doubtful", "legacy"}

// String returns the word that stands in files.
func (s Standing) String() string { return standings[s] }

// Owner is a CA that honours, or once honoured, an identifier.
type Owner struct {
	Name     string            // the CA's name
	Family   string            // the group it belongs to: two owners of one family are one when owners are counted
	Standing Standing          // with this identifier
	Honours  [caa.Kinds]Belief // whether it takes the identifier for its own, by kind of certificate
	Sources  []string          // where that is said: "S1" and so on as explained at the head of ca-identifiers.csv
	Note     string            // for a person to read; may be empty
}

// Source is a file that a table of issuers was made from.
type Source struct {
	File        string
	SHA256      string    // of its octets, in hexadecimal
	Identifiers int       // that it names, each once
	Date        time.Time // of what it says; for a report loaded from a file when that was last written; zero: unknown
}

// Issuers says who goes by which issuer-domain-name (RFC 8659 4.2). Identifiers and owners are many to many: DigiCert
// honours the names of Amazon, too, so that "only Amazon may issue" cannot be read from amazon.com (spec section 5).
//
// Identifiers are compared whole (R2.10): www.digicert.com is one because the table has it, not because digicert.com is.
// They are in lower case, as in caa.Issuance. What the table does not have is a typo, a private CA or a retired one:
// Nearest says which identifier may have been meant.
//
// A table never changes once made, and may be used by many goroutines. Slices it returns are its own: nobody may write
// to them.
type Issuers struct {
	owners      map[string][]Owner  // by identifier, the best standing first
	identifiers map[string][]string // by name and by family of the owner in lower case; sorted
	names       []string            // of owners, sorted
	known       []knownIdentifier   // for Nearest
	sources     []Source
}

// The table built into this program: a copy of the project's page spec/ca-identifiers.csv.
const issuersFile = "ca-identifiers.csv"

//go:embed ca-identifiers.csv
var issuersTable string

// issuersDate is the day that the sources of the built-in table are of, as the page spec/caa.md has it.
var issuersDate = time.Date(2026, time.November, 21, 0, 0, 0, 0, time.UTC)

var builtInIssuers = sync.OnceValue(func() *Issuers {
	credits, err := readCredits(issuersTable)
	if err != nil {
		panic("internal error: " + issuersFile + ": " + err.Error())
	}
	t := newIssuers(credits)
	sum := sha256.Sum256([]byte(issuersTable))
	t.sources = []Source{{issuersFile, hex.EncodeToString(sum[:]), len(t.owners), issuersDate}}
	return t
})

// DefaultIssuers returns the table built into this program.
func DefaultIssuers() *Issuers { return builtInIssuers() }

// credit is one row of a table: this owner honours that identifier.
type credit struct {
	identifier string
	owner      Owner
}

// newIssuers makes a table of credits. Those of one identifier and one owner are one, the first.
func newIssuers(credits []credit) *Issuers {
	t := &Issuers{owners: map[string][]Owner{}, identifiers: map[string][]string{}}
	for _, c := range credits {
		owners := t.owners[c.identifier]
		if slices.ContainsFunc(owners, func(o Owner) bool { return o.Name == c.owner.Name }) {
			continue
		}
		t.owners[c.identifier] = append(owners, c.owner)
		t.names = append(t.names, c.owner.Name)
		for _, name := range [...]string{c.owner.Name, c.owner.Family} {
			name = strings.ToLower(name)
			t.identifiers[name] = append(t.identifiers[name], c.identifier)
		}
	}
	for _, owners := range t.owners {
		slices.SortStableFunc(owners, func(a, b Owner) int { return cmp.Compare(a.Standing, b.Standing) })
	}
	for name, identifiers := range t.identifiers {
		slices.Sort(identifiers)
		t.identifiers[name] = slices.Compact(identifiers)
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	t.known = knownIdentifiers(t.owners)
	return t
}

// Owners returns who honours an identifier, the best standing first; none if the table does not have it.
func (t *Issuers) Owners(identifier string) []Owner { return t.owners[identifier] }

// Identifiers returns what an owner goes by, sorted. The owner is given by its name or that of its family, in any case.
func (t *Issuers) Identifiers(owner string) []string { return t.identifiers[strings.ToLower(owner)] }

// Names returns the names of all owners, sorted.
func (t *Issuers) Names() []string { return t.names }

// Len is the number of identifiers.
func (t *Issuers) Len() int { return len(t.owners) }

// Sources says what the table was made from: the built-in table first, then a CCADB report laid over it.
func (t *Issuers) Sources() []Source { return t.sources }

// Honoured says whether anybody takes the identifier for its own where a certificate of that kind is asked for: Yes if
// one owner does, No if all are known not to, Unknown otherwise and for identifiers that the table does not have.
func (t *Issuers) Honoured(identifier string, kind caa.Kind) Belief {
	owners := t.owners[identifier]
	noes := 0
	for i := range owners {
		switch owners[i].Honours[kind] {
		case Yes:
			return Yes
		case No:
			noes++
		}
	}
	if noes > 0 && noes == len(owners) {
		return No
	}
	return Unknown
}

// Retired reports whether the table has the identifier, but nobody who goes by it now: all its owners are distrusted,
// merged or gone, or use other identifiers today. The notes of the owners say what is known.
func (t *Issuers) Retired(identifier string) bool {
	owners := t.owners[identifier]
	return len(owners) > 0 && owners[0].Standing == StandingLegacy // the best
}

// What stands in the built-in table.
const (
	// issuesNoMailNoMarks is what a note says of a CA that honours its identifier for neither of the two.
	issuesNoMailNoMarks = "no S/MIME or mark certificates"
	// asAbove is a note that repeats the one of the row before.
	asAbove = "as above"
)

var issuerColumns = []string{"identifier", "ca_owner", "family", "status", "tags", "sources", "note"}

// readCredits reads a table in the form of ca-identifiers.csv. It must be without fault: it is ours.
func readCredits(text string) (credits []credit, err error) {
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comment = '#'
	header, err := rows.Read()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(header, issuerColumns) {
		return nil, fmt.Errorf("columns %q, want %q", header, issuerColumns)
	}
	note := ""
	for {
		cells, err := rows.Read()
		if err == io.EOF {
			return credits, nil
		}
		if err != nil {
			return nil, err
		}
		if cells[6] == asAbove {
			cells[6] = note
		}
		note = cells[6]
		c, err := readCredit(cells)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		credits = append(credits, c)
	}
}

func readCredit(cells []string) (credit, error) {
	identifier, standing := cells[0], slices.Index(standings[:], cells[3])
	c := credit{identifier, Owner{
		Name: cells[1], Family: cells[2], Standing: Standing(standing), Sources: strings.Split(cells[5], ";"), Note: cells[6],
	}}
	if reason := identifierFault(identifier); reason != Kept || strings.ToLower(identifier) != identifier {
		return c, fmt.Errorf("%q is no identifier in lower case", identifier)
	}
	if c.owner.Name == "" || c.owner.Family == "" || standing < 0 {
		return c, errors.New("no owner, no family or no such status")
	}
	for tag := range strings.SplitSeq(cells[4], ";") {
		kind := slices.Index(issuanceTags[:], tag)
		if kind < 0 {
			return c, fmt.Errorf("%q is no tag", tag)
		}
		c.owner.Honours[kind] = Yes
	}
	if strings.Contains(c.owner.Note, issuesNoMailNoMarks) {
		c.owner.Honours[caa.SMIME], c.owner.Honours[caa.VMC] = No, No
	}
	return c, nil
}

// issuanceTags are the tags of the table, by the kind of certificate they restrict.
var issuanceTags = [caa.Kinds]string{
	caa.TLS: "issue", caa.TLSWildcard: "issuewild", caa.SMIME: "issuemail", caa.VMC: "issuevmc",
}

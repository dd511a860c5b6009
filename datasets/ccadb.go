package datasets

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caascan/caascan/scanner/caa"
)

const (
	// maxCCADBFile bounds a report, in octets. The one of CAA identifiers has a few megabytes, that of all certificates
	// some thirty.
	maxCCADBFile = 256 << 20

	// maxCCADBHead is in how many rows the names of the columns are looked for: people put titles and dates above.
	maxCCADBHead = 10

	// maxCCADBDrops is how many of the pieces that were dropped a report keeps, the first. All are counted.
	maxCCADBDrops = 1000
)

// DropReason says why a piece of a CCADB report was dropped. It is written to files: the list only grows at its end.
type DropReason uint8

const (
	Kept            DropReason = iota // not dropped
	BrokenRow                         // quotes that do not match: where its cells end cannot be known
	ShortRow                          // a row that ends before the column of the identifiers, or that of the owner
	NoOwner                           // identifiers of nobody
	NoName                            // a word without a dot: "none", "n/a", "TBD", the words of a sentence
	MailAddress                       // admin@ca.example
	WebAddress                        // https://ca.example/cps: it may be the CA's site, and not its identifier
	NoIdentifier                      // outside the grammar of an issuer-domain-name (R2.8), or too long for a name (R1.2)
	UnknownTopLevel                   // below no top-level domain that the public suffix list has: "e.g", "S.A", "10.2"
)

// DropReasons is the number of reasons, Kept included.
const DropReasons = int(UnknownTopLevel) + 1

// String returns the word that stands in files; "" for Kept.
func (r DropReason) String() string {
	return [DropReasons]string{"", "broken-row", "short-row", "no-owner", "no-name", "mail-address", "url", "no-identifier",
		"unknown-top-level-domain"}[r]
}

// Drop is a piece of a CCADB report that was not understood.
type Drop struct {
	Row    int64  // of the file, from 1; the names of the columns are a row, blank lines are none
	Line   int64  // where the row starts, from 1
	Text   string // at most MaxRejectText octets, printable, nothing that identifies a person; "" for a whole row
	Reason DropReason
}

// CCADB is a report of CAA identifiers from the Common CA Database, as far as it was understood. The report is free text
// typed in by many hands: what is no issuer-domain-name is dropped and counted, the rest is read whatever stands round it.
type CCADB struct {
	source        Source
	credits       []credit // each identifier and owner once, in the order of the file
	byCertificate bool     // rows are of certificates and not of owners

	Rows    int64              // of data: below the names of the columns
	Blank   int64              // of these, with nothing in the column of the identifiers
	Repeats int64              // identifiers that the report gives to the same owner again
	Dropped [DropReasons]int64 // pieces, by reason
	Drops   []Drop             // the first of them
}

// Source says what the report was read from, and how many identifiers it has.
func (c *CCADB) Source() Source { return c.source }

// LoadCCADB reads a report from a file; see ReadCCADB. Its date is when the file was last written.
func LoadCCADB(path string) (*CCADB, error) {
	fail := func(err error) (*CCADB, error) { return nil, fmt.Errorf("CCADB report %s: %w", path, bare(err)) }
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	c, err := ReadCCADB(f, path)
	if err != nil {
		return nil, err
	}
	c.source.Date = about.ModTime().UTC().Truncate(time.Second)
	return c, nil
}

// ReadCCADB reads a report to its end; file is what it is called. It is a CSV file with the columns "Recognized CAA
// Domains" and either "CA Owner" (the report by owner) or "Subject" (AllCAAIdentifiersReportCSVV2, by certificate: the
// owner is the organisation of the subject), in any order and among others; separated by commas, semicolons or tabs;
// in UTF-8 with or without byte order mark, octets that are not being taken for Latin-1.
//
// A cell may hold any number of identifiers, with commas, semicolons, bars, blanks of any kind and line ends between
// them, and quotes or brackets round them. They are folded to lower case, and a final dot is ignored.
//
// It is an error if the columns are missing, or if there is no identifier at all.
func ReadCCADB(r io.Reader, file string) (*CCADB, error) {
	fail := func(err error) (*CCADB, error) { return nil, fmt.Errorf("CCADB report %s: %w", file, bare(err)) }
	content, err := io.ReadAll(io.LimitReader(r, maxCCADBFile+1))
	switch {
	case err != nil:
		return fail(err)
	case len(content) > maxCCADBFile:
		return fail(fmt.Errorf("longer than %d octets", maxCCADBFile))
	case bytes.HasPrefix(content, []byte("\xFF\xFE")) || bytes.HasPrefix(content, []byte("\xFE\xFF")):
		return fail(errors.New("in UTF-16: save it as UTF-8"))
	}
	sum := sha256.Sum256(content)
	c := &CCADB{source: Source{File: file, SHA256: hex.EncodeToString(sum[:])}}
	rows, columns, err := findCCADBColumns(utf8Text(bytes.TrimPrefix(content, []byte("\xEF\xBB\xBF"))))
	if err != nil {
		return fail(err)
	}
	c.byCertificate = columns.subject
	seen := map[string]bool{}
	for rows.next() {
		c.Rows++
		c.takeRow(rows, &columns, seen)
	}
	identifiers := map[string]bool{}
	for i := range c.credits {
		identifiers[c.credits[i].identifier] = true
	}
	if c.source.Identifiers = len(identifiers); len(identifiers) == 0 {
		return fail(fmt.Errorf("no identifier in %d rows", c.Rows))
	}
	return c, nil
}

// utf8Text is content as UTF-8; octets that are not are taken for Latin-1, in which spreadsheets save.
func utf8Text(content []byte) string {
	if utf8.Valid(content) {
		return string(content)
	}
	var text strings.Builder
	for len(content) > 0 {
		r, n := utf8.DecodeRune(content)
		if r == utf8.RuneError && n == 1 {
			r = rune(content[0])
		}
		text.WriteRune(r)
		content = content[n:]
	}
	return text.String()
}

// ccadbColumns says which column holds what.
type ccadbColumns struct {
	identifiers, owner int
	subject            bool // the owner stands in a distinguished name
}

// The columns, by their letters and digits in lower case.
var (
	identifierColumns = []string{"recognizedcaadomains", "recognisedcaadomains", "caadomains", "caaidentifiers"}
	ownerColumns      = []string{"caowner", "caownercertificatename"}
	subjectColumns    = []string{"subject", "certificatesubject"}
)

// findCCADBColumns finds the row with the names of the columns, and what separates them. The rows it returns go on below.
func findCCADBColumns(text string) (*csvRows, ccadbColumns, error) {
	var missing error
	for _, separator := range ",;\t" {
		rows := &csvRows{text: text, separator: separator}
		for range maxCCADBHead {
			if !rows.next() {
				break
			}
			columns, err := ccadbHeader(rows.cells)
			if err == nil {
				return rows, columns, nil
			}
			if missing == nil {
				missing = err
			}
		}
	}
	if missing == nil {
		missing = errors.New("empty")
	}
	return nil, ccadbColumns{}, missing
}

// ccadbHeader reads the names of the columns. Its error names the first that is missing, and those there are.
func ccadbHeader(cells []string) (ccadbColumns, error) {
	names := make([]string, len(cells))
	for i, cell := range cells {
		names[i] = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, cell)
	}
	find := func(wanted []string) int {
		for _, name := range wanted {
			if at := slices.Index(names, name); at >= 0 {
				return at
			}
		}
		return -1
	}
	columns := ccadbColumns{identifiers: find(identifierColumns), owner: find(ownerColumns)}
	if columns.owner < 0 {
		columns.owner = find(subjectColumns)
		columns.subject = columns.owner >= 0
	}
	what := ""
	switch {
	case columns.identifiers < 0:
		what = `"Recognized CAA Domains"`
	case columns.owner < 0:
		what = `"CA Owner" or "Subject"`
	default:
		return columns, nil
	}
	return columns, fmt.Errorf("no column %s; its first row is %q", what, printable([]byte(strings.Join(cells, ", "))))
}

// takeRow takes the identifiers of one row.
func (c *CCADB) takeRow(rows *csvRows, columns *ccadbColumns, seen map[string]bool) {
	drop := func(text string, reason DropReason) {
		c.Dropped[reason]++
		if len(c.Drops) < maxCCADBDrops {
			c.Drops = append(c.Drops, Drop{rows.row, rows.line, printable([]byte(text)), reason})
		}
	}
	switch {
	case rows.broken:
		drop("", BrokenRow)
		return
	case len(rows.cells) <= max(columns.identifiers, columns.owner):
		drop("", ShortRow)
		return
	}
	owner := squeeze(rows.cells[columns.owner])
	if columns.subject {
		owner = organization(owner)
	}
	blank := true
	for piece := range strings.FieldsFuncSeq(withoutInvisible(rows.cells[columns.identifiers]), betweenIdentifiers) {
		blank = false
		identifier := strings.ToLower(strings.TrimRight(strings.TrimFunc(piece, aroundIdentifier), "."))
		reason := identifierFault(identifier)
		if reason == Kept && owner == "" {
			reason = NoOwner
		}
		if reason != Kept {
			drop(piece, reason)
			continue
		}
		key := identifier + "\n" + ownerKey(owner)
		if seen[key] {
			c.Repeats++
			continue
		}
		seen[key] = true
		c.credits = append(c.credits, credit{identifier, reportedOwner(owner)})
	}
	if blank {
		c.Blank++
	}
}

// reportedOwner is an owner of whom there is nothing but the report, whose field is declared for issue and issuewild.
func reportedOwner(name string) Owner {
	return Owner{Name: name, Family: name, Standing: StandingReported, Sources: []string{ccadbSource},
		Honours: [caa.Kinds]Belief{caa.TLS: Yes, caa.TLSWildcard: Yes}}
}

// betweenIdentifiers reports whether r separates identifiers in a cell.
func betweenIdentifiers(r rune) bool {
	return r == ',' || r == ';' || r == '|' || unicode.IsSpace(r) || r == '，' || r == '、' || r == '；'
}

// aroundIdentifier reports whether r may stand round an identifier without being part of it.
func aroundIdentifier(r rune) bool {
	return unicode.In(r, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf) || strings.ContainsRune("\"'`<>•", r)
}

// withoutInvisible drops what takes no room on the screen, such as the soft hyphens and zero-width spaces that come
// along with text copied from a page.
func withoutInvisible(cell string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, cell)
}

// squeeze makes one line of a cell: no blanks around it, single ones within.
func squeeze(cell string) string { return strings.Join(strings.Fields(withoutInvisible(cell)), " ") }

// identifierFault says why a piece in lower case is no identifier; Kept if it is one.
func identifierFault(piece string) DropReason {
	switch {
	case strings.Contains(piece, "://"):
		return WebAddress
	case strings.Contains(piece, "@"):
		return MailAddress
	case !strings.Contains(piece, "."):
		return NoName
	}
	issuance := caa.ParseIssuance(piece)
	if issuance.Issuer != piece || len(piece) > MaxName {
		return NoIdentifier
	}
	for label := range strings.SplitSeq(piece, ".") {
		if len(label) > MaxLabel {
			return NoIdentifier
		}
	}
	if _, suffix, icann := DefaultSuffixes().Split(piece); !icann && !strings.Contains(suffix, ".") {
		return UnknownTopLevel
	}
	return Kept
}

// attribute is the start of an attribute in a distinguished name: "O=" at its beginning or behind a separator.
var attribute = regexp.MustCompile(`(?:^|[;,/+])\s*([A-Za-z][A-Za-z0-9.]*|[0-9][0-9.]*)\s*=`)

// organization is the organisation of a distinguished name, or else its common name, or else the whole of it. CCADB
// writes "CN=R3; O=Let's Encrypt; C=US", others separate by commas or slashes. A separator that no attribute follows is
// part of the value: "O=DigiCert, Inc.; C=US".
func organization(subject string) string {
	starts := attribute.FindAllStringSubmatchIndex(subject, -1)
	values := map[string]string{}
	for i, at := range starts {
		end := len(subject)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		value := strings.ReplaceAll(strings.Trim(subject[at[1]:end], ` "`), `\,`, ",") // RFC 4514 2.4
		if name := strings.ToUpper(subject[at[2]:at[3]]); values[name] == "" {
			values[name] = value
		}
	}
	return cmp.Or(values["O"], values["CN"], subject)
}

// csvRows reads CSV that people have had their hands on. A row whose quotes do not match ends with its line, so that
// the rows below are not lost with it.
type csvRows struct {
	text      string
	separator rune
	at        int   // where the text not given to the reader starts
	atLine    int64 // lines before that
	reader    *csv.Reader

	cells  []string
	row    int64 // number of the row, from 1; blank lines are none
	line   int64 // where it starts, from 1
	broken bool  // the row has no cells
}

// next reads the next row; false at the end.
func (r *csvRows) next() bool {
	if r.reader == nil {
		r.reader = r.strict(r.text[r.at:])
	}
	before := r.reader.InputOffset()
	cells, err := r.reader.Read()
	if err == io.EOF {
		return false
	}
	r.row++
	if err == nil {
		line, _ := r.reader.FieldPos(0)
		r.cells, r.line, r.broken = cells, r.atLine+int64(line), false
		return true
	}
	r.oneLine(r.at + int(before))
	return true
}

func (r *csvRows) strict(text string) *csv.Reader {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = r.separator, -1
	return reader
}

// oneLine reads the row that starts at a place of the text, or at a line below if that is blank, as far as its line goes.
func (r *csvRows) oneLine(at int) {
	text := r.text[at:]
	line, rest, _ := strings.Cut(text, "\n")
	for strings.Trim(line, "\r") == "" && rest != "" {
		line, rest, _ = strings.Cut(rest, "\n")
	}
	start := len(r.text) - len(rest)
	r.line = r.atLine + int64(strings.Count(r.text[r.at:start-1], "\n")) + 1
	r.atLine += int64(strings.Count(r.text[r.at:start], "\n"))
	r.at, r.reader = start, nil

	lenient := r.strict(line)
	lenient.LazyQuotes = true
	var err error
	r.cells, err = lenient.Read()
	r.broken = err != nil
}

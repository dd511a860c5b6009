// Package datasets reads the names a scan asks about. Inputs are files and stdin, in the forms such lists come in:
// one name a line, ranked CSV (Tranco, Umbrella, Majestic, CrUX), URLs, mail addresses, names of certificates, JSONL of
// zdns and of Rapid7, any column of CSV or Parquet, zone files; plain or compressed. What comes out are batches of
// record.Target, each with its canonical name, its place in its list and its registrable domain by a public suffix list
// whose version can be recorded; and, of the names of a zone file, what that says of their delegations.
//
// The way of a line:
//
//	Open     every input is opened and its first block looked at: what cannot be read is an error before any target
//	decode   gzip, zstd and zip by content, never by file name; SHA-256 of the raw octets on the way
//	layout   which column holds the name and which the rank, from the first line that says something; or that the input
//	         is a zone file, whose records are read (zone.go, zoneentry.go) and gathered by owner (zonefile.go)
//	Canonical  spec rules R1.1 and R1.2: the name to ask for, or the reason why there is none
//	Split    registrable domain and public suffix
//	shard    a name that another machine scans is passed over
//	recall   a name that came before is folded, if that is asked for
//	window   a seeded shuffle, so that one hoster's customers, neighbours in the list, are not asked all at once
//
// Two more things are known from the names before a scan begins. Exclude is the list of those who want no part in it,
// which the scan asks before every question and every packet. Plan adds up what a scan will ask of whom, and so how
// long it takes at the least.
//
// What the scan finds names CAs by identifiers. Issuers says who goes by which, from a built-in table and, where there is
// one, a report of the Common CA Database (CCADB); and what was meant by identifiers that nobody goes by.
//
// Every line is counted as exactly one of: target, reject, skipped (blank, comment, header, a record that makes no
// target), folded, elsewhere (of another shard). Memory is bounded by the window and a few blocks, whatever the inputs hold: no line, however long, and
// no compressed stream, however dense, changes that. Folding and the glue of zone files take more, within bounds of their
// own. Names that appear twice come out twice unless they are to be folded, but in a zone file: there an owner is a
// name once.
//
// Local parts of mail addresses, user information of URLs and what follows a URL's host may identify a person. They
// are dropped where they are met and reach neither targets nor rejects.
package datasets

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reason says why a line yields no target. It is written to files: the list only grows at its end.
type Reason uint8

const (
	Accepted       Reason = iota // no reject
	NotText                      // control characters (NUL, ...) or octets that are not UTF-8
	LineTooLong                  // longer than MaxLine
	BadRow                       // a row of a CSV file without a name or without a rank where its layout has them
	EmptyLabel                   // "a..b", ".a", or no name at all (R1.2)
	LabelTooLong                 // a label over 63 octets (R1.2)
	NameTooLong                  // a name over 253 octets (R1.2)
	BadCharacter                 // other than letters, digits, hyphen and underscore
	BadIDNA                      // U-labels that have no A-label
	StarInside                   // a star that is not one leading "*." of a name (R1.1)
	IPAddress                    // out of scope (R1.2)
	AddressLiteral               // user@[192.0.2.1]: out of scope (R1.2)
	Onion                        // out of scope (R1.2, RFC 9799)
	SpecialUse                   // below a special-use domain, see specialUse
	Root                         // "." is never asked (R1.3)
	BadRecord                    // what is no record of a zone file, or one that is cut off (RFC 1035 5)
	OutOfZone                    // the owner is not in the zone of its file (RFC 1035 5.2)
	Directive                    // $INCLUDE, $GENERATE or one that nobody knows, in a zone file
)

// Reasons is the number of reasons, Accepted included.
const Reasons = int(Directive) + 1

// String returns the word that stands in files; "" for Accepted.
func (r Reason) String() string {
	return [Reasons]string{"", "not-text", "too-long-line", "bad-row", "empty-label", "label-too-long", "name-too-long",
		"bad-character", "bad-idna", "star-inside", "ip-address", "address-literal", "onion", "special-use", "root",
		"bad-record", "out-of-zone", "directive"}[r]
}

// OutOfScope reports whether CAA does not apply to what was given, as opposed to it being no proper name (R1.2).
func (r Reason) OutOfScope() bool { return r == IPAddress || r == AddressLiteral || r == Onion }

// Reject is a line that yields no target.
type Reject struct {
	Source string // as in record.Target
	Line   int64  // from 1
	Text   string // what was rejected: at most MaxRejectText octets, printable, nothing that identifies a person
	Reason Reason
}

// MaxRejectText bounds Reject.Text, in octets: enough for any name with room to see what is wrong behind it.
const MaxRejectText = 256

// printable makes the text of a reject. Control characters, octets that are not UTF-8 and characters that steer a
// terminal are written as escapes. Everything up to the last "@", in its usual disguises too, is taken for a local
// part, and what follows a URL's host is dropped.
func printable(text []byte) string {
	s := text
	if start, end, ok := authority(s); ok {
		s = s[:end]
		if at := lastAt(s[start:]); at > 0 {
			s = s[start+at:]
		}
	} else if at := lastAt(s); at > 0 {
		s = s[at:]
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		part := string(s[:n])
		if r == utf8.RuneError && n == 1 {
			part = `\x` + strconv.FormatUint(uint64(s[0])|0x100, 16)[1:]
		} else if !unicode.IsPrint(r) {
			part = strconv.QuoteRuneToASCII(r)
			part = part[1 : len(part)-1]
		}
		if b.Len()+len(part) > MaxRejectText {
			break
		}
		b.WriteString(part)
		s = s[n:]
	}
	return b.String()
}

// lastAt returns where the last "@" of s starts: plain, full-width or percent-encoded; -1 if there is none.
func lastAt(s []byte) int {
	last := -1
	for i := len(s) - 1; i >= 0 && last < 0; i-- {
		switch {
		case s[i] == '@',
			s[i] == '%' && i+2 < len(s) && s[i+1] == '4' && s[i+2] == '0',
			s[i] == 0xEF && i+2 < len(s) && s[i+1] == 0xBC && s[i+2] == 0xA0: // U+FF20
			last = i
		}
	}
	return last
}

package mail

import (
	"strings"

	"github.com/caascan/caascan/scanner/wire"
)

// Text returns the character-strings of a TXT record as one text, joined with nothing between them: RFC 7208 3.3,
// RFC 9989 4.5 (RFC 7489 6.1), RFC 8461 3.1, RFC 8460 3, RFC 6376 3.6.2.2, and BIMI section 4, which points to SPF's
// rule.
func Text(txt wire.TXT) string {
	var b strings.Builder
	b.Grow(len(txt))
	for s := range txt.Strings {
		b.Write(s)
	}
	return b.String()
}

// selection is what is left of a name's TXT records when those of other protocols are gone.
type selection struct {
	record string // the record of the protocol; "" unless there is one and no more
	count  int    // records of the protocol
	near   bool   // a record looks as if it was meant for the protocol, but is none by its rules
}

// choose looks for the records that carry a protocol's version; version is its usual spelling in lower case, and serves
// only to notice records that nearly carry it.
func choose(records []string, carries func(string) bool, version string) (s selection) {
	for _, record := range records {
		switch {
		case carries(record):
			s.record = record
			s.count++
		case resembles(record, version):
			s.near = true
		}
	}
	if s.count > 1 { // which of them came first is the server's whim
		s.record = ""
	}
	return s
}

// resembles reports whether a reader in a hurry would take record for one that begins with version: blanks and
// quotation marks before and within it, and the case of letters, do not count.
func resembles(record, version string) bool {
	for i := 0; i < len(record) && version != ""; i++ {
		switch c := lower(record[i]); {
		case c == version[0]:
			version = version[1:]
		case c != '"' && c != '\'' && c != ' ' && c != '\t':
			return false
		}
	}
	return version == ""
}

// foldsTo reports whether s is word, which is in lower case, whatever the case of its ASCII letters. The folding of
// Unicode has no place here: it would take U+017F for an s.
func foldsTo(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}

// cutFolded cuts word, which is in lower case, from the beginning of s.
func cutFolded(s, word string) (rest string, found bool) {
	if len(s) < len(word) || !foldsTo(s[:len(word)], word) {
		return s, false
	}
	return s[len(word):], true
}

// trimBlanks drops *WSP (RFC 5234 B.1) at both ends.
func trimBlanks(s string) string { return trim(s, isBlank) }

// skipBlanks drops *WSP at the beginning.
func skipBlanks(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

func trim(s string, drop func(byte) bool) string {
	for s != "" && drop(s[0]) {
		s = s[1:]
	}
	for s != "" && drop(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isFolding tells the octets of FWS (RFC 5322 3.2.2), which DKIM and BIMI allow where others allow blanks.
func isFolding(c byte) bool { return isBlank(c) || c == '\r' || c == '\n' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlpha(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func isAlnum(c byte) bool { return isAlpha(c) || isDigit(c) }

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }

// isVisible tells the octets of VCHAR (RFC 5234 B.1).
func isVisible(c byte) bool { return '!' <= c && c <= '~' }

// all reports whether every octet of s is of the kind; so it is with the empty string.
func all(s string, kind func(byte) bool) bool {
	for i := range len(s) {
		if !kind(s[i]) {
			return false
		}
	}
	return true
}

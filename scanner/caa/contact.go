package caa

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The values below never restrict issuance (R2.15, R2.16). They are read only to say if somebody could be reached by
// them.

// usableIodef reports whether value is a mailto URL with good addresses, or an http or https URL with a host (RFC 8659
// 4.4, R2.15). A URL is made of the characters of RFC 3986 2 only, so blanks and non-ASCII spoil it.
func usableIodef(value string) bool {
	if !hasURICharacters(value) {
		return false
	}
	u, err := url.Parse(value)
	if err != nil {
		return false
	}
	switch u.Scheme { // in lower case
	case "mailto":
		return usableMailto(u)
	case "http", "https":
		return u.Hostname() != "" && (u.Port() == "" || isPort(u.Port())) // RFC 9110 4.2.1: an empty host is invalid
	default:
		return false
	}
}

// hasURICharacters reports whether s holds the characters of RFC 3986 2 only, whole percent-encodings, and at most
// one number sign.
func hasURICharacters(s string) bool {
	fragments := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isAlnum(c) || strings.IndexByte("-._~:/?[]@!$&'()*+,;=", c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		case c == '#':
			fragments++
		default:
			return false
		}
	}
	return fragments <= 1
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// usableMailto reports whether a mailto URL (RFC 6068 2) has at least one recipient, and no bad one. Recipients stand
// between scheme and question mark, or in header fields "to" behind it.
func usableMailto(u *url.URL) bool {
	lists := []string{u.Opaque}
	for field := range strings.SplitSeq(u.RawQuery, "&") {
		if name, list, _ := strings.Cut(field, "="); equalFold(name, "to") {
			lists = append(lists, list)
		}
	}
	recipients := 0
	for _, list := range lists {
		if list == "" {
			continue
		}
		for encoded := range strings.SplitSeq(list, ",") { // a comma within an address is encoded
			address, err := url.PathUnescape(encoded)
			if err != nil || !isMailAddress(address) {
				return false
			}
			recipients++
		}
	}
	return recipients > 0
}

// isMailAddress reports whether s is one mail address: an addr-spec (RFC 5322 3.4.1) with the UTF-8 of RFC 6532 3.2,
// without comments, folding and obsolete forms, and with nothing around it (R2.16).
func isMailAddress(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	if strings.HasSuffix(s, "]") {
		at = strings.LastIndex(s, "@[") // an at sign may stand within a domain literal, a bracket not
	}
	if at < 0 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	return (isDotAtom(local) || isQuotedString(local)) && (isDotAtom(domain) || isDomainLiteral(domain))
}

// isDotAtom reports whether s is dot-atom-text (RFC 5322 3.2.3): atoms joined by single dots.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !isAtomText(atom[i]) {
				return false
			}
		}
	}
	return true
}

func isAtomText(c byte) bool {
	return isAlnum(c) || c >= utf8.RuneSelf || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// isQuotedString reports whether s is a quoted-string (RFC 5322 3.2.4) on one line.
func isQuotedString(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	inner := s[1 : len(s)-1]
	for i := 0; i < len(inner); i++ {
		if inner[i] == '"' {
			return false
		}
		if inner[i] == '\\' { // quoted-pair
			if i++; i == len(inner) {
				return false
			}
		}
		if c := inner[i]; c != '\t' && (c < ' ' || c == 0x7f) {
			return false
		}
	}
	return true
}

// isDomainLiteral reports whether s is a domain-literal (RFC 5322 3.4.1) without blanks.
func isDomainLiteral(s string) bool {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c == 0x7f || '[' <= c && c <= ']' {
			return false
		}
	}
	return true
}

// Bounds on the digits of a global number, country code included. E.164 allows at most 15, and a country code
// alone is none.
const (
	minPhoneDigits = 2
	maxPhoneDigits = 15
)

// isGlobalNumber reports whether s is a global number (RFC 3966 5.1.4, R2.16): a plus sign, then digits and visual
// separators. The digits begin with a country code, of which E.164 has none with a leading zero. Spaces between
// digits are taken for separators, as in the sample of the Baseline Requirements (App. A.1) and in E.123, though RFC
// 3966 has them not (C20). Parameters such as ;ext= are no part of the number.
func isGlobalNumber(s string) bool {
	number, plus := strings.CutPrefix(s, "+")
	if !plus || strings.HasPrefix(number, " ") || strings.HasSuffix(number, " ") {
		return false
	}
	digits := 0
	for _, c := range []byte(number) {
		switch {
		case c == '0' && digits == 0:
			return false
		case isDigit(c):
			digits++
		case strings.IndexByte(" -.()", c) < 0:
			return false
		}
	}
	return minPhoneDigits <= digits && digits <= maxPhoneDigits
}

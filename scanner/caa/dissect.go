package caa

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// octets is which classes of octets occur in a value.
type octets uint8

const (
	octetUpper   octets = 1 << iota // a capital ASCII letter
	octetBlank                      // space or tab, which the grammar knows
	octetSpace                      // line feed, carriage return, vertical tab or form feed, which it does not know
	octetQuote                      // a quotation mark
	octetApos                       // an apostrophe or grave accent, which are quotation marks around something only
	octetHigh                       // above 127
	octetVisible                    // any other
)

var octetClass = func() (class [256]octets) {
	for c := range class {
		switch {
		case 'A' <= c && c <= 'Z':
			class[c] = octetUpper | octetVisible
		case c == ' ' || c == '\t':
			class[c] = octetBlank
		case '\n' <= c && c <= '\r':
			class[c] = octetSpace
		case c == '"':
			class[c] = octetQuote | octetVisible
		case c == '\'' || c == '`':
			class[c] = octetApos | octetVisible
		case c >= utf8.RuneSelf:
			class[c] = octetHigh | octetVisible
		default:
			class[c] = octetVisible
		}
	}
	return class
}()

func classOf(s string) (class octets) {
	for i := range len(s) {
		class |= octetClass[s[i]]
	}
	return class
}

const (
	// unicodeSpaces are white space, visible or not, that comes with copied text: NO-BREAK SPACE, EN QUAD to ZERO WIDTH
	// JOINER, NARROW NO-BREAK SPACE, IDEOGRAPHIC SPACE, ZERO WIDTH NO-BREAK SPACE (the byte order mark).
	unicodeSpaces = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u202f\u3000\ufeff"

	// unicodeQuotes are quotation marks that a word processor puts in the place of ours.
	unicodeQuotes = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"

	spaces = " \t\n\v\f\r" + unicodeSpaces
	quotes = "\"'`" + unicodeQuotes
	around = spaces + quotes // what is no part of a name at its ends
)

// isEmpty reports whether a value is nothing but white space.
func isEmpty(value string, class octets) bool {
	return class&octetVisible == 0 || class&octetHigh != 0 && strings.Trim(value, spaces) == ""
}

// hasQuotes reports whether quotation marks stand in a value. An apostrophe is one at its ends only.
func hasQuotes(value string, class octets) bool {
	return class&octetQuote != 0 ||
		class&octetHigh != 0 && strings.ContainsAny(value, unicodeQuotes) ||
		class&octetApos != 0 && strings.Trim(value, " \t'`") != strings.Trim(value, " \t")
}

// hasOddBlanks reports whether there is white space around a value, which is allowed but surely a slip, or other than
// space and tab in it. White space alone is an empty value.
func hasOddBlanks(value string, class octets) bool {
	if class&octetVisible == 0 {
		return false
	}
	return class&octetSpace != 0 ||
		class&octetBlank != 0 && (octetClass[value[0]]|octetClass[value[len(value)-1]])&octetBlank != 0 ||
		class&octetHigh != 0 && strings.ContainsAny(value, unicodeSpaces)
}

// dissection is what a malformed value of an issue tag was to say, as far as one can see.
type dissection struct {
	faults  []Finding
	issuers []string // names that it lists, each a domain name by the grammar; nil if one cannot tell
	url     string   // where it gives a URL instead
	guess   string   // a name, if white space within it is left out
	rest    string   // behind the first semicolon; "" if that belongs to the list
	params  bool     // there is a first semicolon, with parameters or nothing behind it
}

// dissect says what is wrong with a malformed value, besides what classOf shows.
func dissect(value string) (d dissection) {
	head, rest, semicolon := strings.Cut(strings.Trim(value, around), ";")
	d.rest, d.params = rest, semicolon
	head = strings.Trim(head, around)
	dotless := strings.TrimRight(head, ".")
	switch listed := list(head, rest); {
	case isURL(head):
		d.faults, d.url = append(d.faults, IssuerIsURL), head
	case isIP(dotless):
		d.faults = append(d.faults, IssuerIsIP)
	case classOf(strings.Trim(head, around))&octetHigh != 0:
		d.faults = append(d.faults, IssuerIDN)
	case listed != nil:
		d.faults, d.issuers = append(d.faults, IssuerList), listed
		if strings.IndexByte(rest, '=') < 0 {
			d.rest, d.params = "", false
		}
	case isDomain(dotless):
		d.issuers = []string{dotless}
		if dotless != head {
			d.faults = append(d.faults, IssuerTrailingDot)
		}
	default:
		if name := squeeze(head); name != head && strings.IndexByte(name, '.') > 0 && isDomain(name) {
			d.faults, d.guess = append(d.faults, ValueWhitespace), name
		}
	}
	if d.params {
		if _, ok := parseParameters(skipBlanks(d.rest)); !ok {
			d.faults = append(d.faults, ParamSyntax)
		}
	}
	return d
}

// list returns the domain names in a value that holds two or more and nothing else, with commas, blanks or the like
// between them; nil if it does not. Semicolons count, too, unless parameters follow the first one. Each name must have a
// dot: the labels of one name with blanks between them are no list, and neither are IP addresses.
func list(head, rest string) (names []string) {
	if strings.IndexByte(rest, '=') < 0 {
		head += ";" + rest
	}
	for _, field := range strings.FieldsFunc(head, isSeparator) {
		name := strings.TrimRight(strings.Trim(field, around), ".")
		switch {
		case name == "":
		case strings.IndexByte(name, '.') < 0 || !isDomain(name) || isIP(name):
			return nil
		default:
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	return names
}

func isSeparator(r rune) bool { return strings.ContainsRune(",;|&+"+spaces, r) }

// squeeze removes all white space.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(spaces, r) {
			return -1
		}
		return r
	}, s)
}

// isDomain reports whether s is an issuer-domain-name by the grammar.
func isDomain(s string) bool {
	name, rest := cutDomain(s)
	return name != "" && rest == ""
}

// isURL reports whether s looks like a URL or a part of one that is more than a host.
func isURL(s string) bool {
	return strings.IndexByte(s, '/') >= 0 || hasPrefixFold(s, "http:") || hasPrefixFold(s, "https:")
}

// urlHost returns the host that a URL, perhaps without scheme, names, in lower case.
func urlHost(url string) string {
	if _, after, found := strings.Cut(url, "//"); found {
		url = after
	} else if scheme := schemeOf(url); isIodefScheme(scheme) {
		url = url[len(scheme)+1:]
	}
	if end := strings.IndexAny(url, "/?#"); end >= 0 {
		url = url[:end]
	}
	url = url[strings.LastIndexByte(url, '@')+1:]
	host, _, _ := strings.Cut(url, ":")
	return strings.ToLower(strings.TrimRight(host, "."))
}

// isIP reports whether s is an IP address, an IPv6 address perhaps in brackets.
func isIP(s string) bool {
	if s == "" || !isHex(s[0]) && s[0] != ':' && s[0] != '[' || !isHex(s[len(s)-1]) && s[len(s)-1] != ':' && s[len(s)-1] != ']' {
		return false // most names
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	for i := range len(s) {
		if !isHex(s[i]) && s[i] != '.' && s[i] != ':' {
			return false
		}
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

// cutHost cuts www. or mail. off a name, if a name with a dot is left.
func cutHost(name string) (bare string, found bool) {
	if bare, found = strings.CutPrefix(name, "www."); !found {
		bare, found = strings.CutPrefix(name, "mail.")
	}
	return bare, found && strings.IndexByte(bare, '.') > 0
}

// schemeOf returns the scheme that a URL begins with (RFC 3986 3.1), "" if there is none. What has a dot is a host with a
// port, rather.
func schemeOf(url string) string {
	scheme, _, found := strings.Cut(url, ":")
	if !found || scheme == "" || !isAlnum(scheme[0]) || isDigit(scheme[0]) {
		return ""
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isAlnum(c) && c != '+' && c != '-' {
			return ""
		}
	}
	return scheme
}

func isIodefScheme(scheme string) bool {
	return equalFold(scheme, "mailto") || equalFold(scheme, "http") || equalFold(scheme, "https")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

package mail

import (
	"net/netip"
	"strings"
)

type spfKind uint8

const (
	allMechanism spfKind = iota
	includeMechanism
	aMechanism
	mxMechanism
	ptrMechanism
	ip4Mechanism
	ip6Mechanism
	existsMechanism
	redirectModifier
	explanationModifier
	unknownModifier
	mistakenModifier // an unknown one with the name of a mechanism, such as ip4=192.0.2.1
)

// asks reports whether to evaluate a mechanism of the kind takes DNS look-ups (RFC 7208 4.6.4).
func (k spfKind) asks() bool {
	switch k {
	case includeMechanism, aMechanism, mxMechanism, ptrMechanism, existsMechanism:
		return true
	}
	return false
}

// spfTerm is one term of an SPF record.
type spfTerm struct {
	kind   spfKind
	result SPFPosture // of a mechanism: what its qualifier makes of a match
	domain string     // domain-spec; "" if the term has none
}

// parseTerm reads one term, by RFC 7208 4.6.1 and 12:
//
//	directive        = [ qualifier ] mechanism
//	qualifier        = "+" / "-" / "?" / "~"
//	redirect         = "redirect" "=" domain-spec
//	explanation      = "exp" "=" domain-spec
//	unknown-modifier = name "=" macro-string
//	name             = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
//
// What has an equals sign behind a name is a modifier, since no mechanism may have one there.
func parseTerm(s string) (term spfTerm, ok bool) {
	if name, value, found := strings.Cut(s, "="); found && isModifierName(name) {
		switch {
		case foldsTo(name, "redirect"):
			return spfTerm{kind: redirectModifier, domain: value}, isDomainSpec(value)
		case foldsTo(name, "exp"):
			return spfTerm{kind: explanationModifier, domain: value}, isDomainSpec(value)
		default:
			kind := unknownModifier
			if isMechanismName(name) {
				kind = mistakenModifier
			}
			_, ok = scanMacros(value, true)
			return spfTerm{kind: kind}, ok
		}
	}
	result := SPFPass // RFC 7208 4.6.2: the qualifier's default
	switch s[0] {
	case '+':
		s = s[1:]
	case '-':
		result, s = SPFFail, s[1:]
	case '~':
		result, s = SPFSoftFail, s[1:]
	case '?':
		result, s = SPFNeutral, s[1:]
	}
	term, ok = parseMechanism(s)
	term.result = result
	return term, ok
}

func isModifierName(s string) bool {
	return s != "" && isAlpha(s[0]) && all(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' })
}

func isMechanismName(s string) bool {
	for _, name := range [...]string{"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"} {
		if foldsTo(s, name) {
			return true
		}
	}
	return false
}

// parseMechanism reads a mechanism without its qualifier, by RFC 7208 5 and 12:
//
//	all     = "all"
//	include = "include" ":" domain-spec
//	a       = "a"       [ ":" domain-spec ] [ dual-cidr-length ]
//	mx      = "mx"      [ ":" domain-spec ] [ dual-cidr-length ]
//	ptr     = "ptr"     [ ":" domain-spec ]
//	ip4     = "ip4"     ":" ip4-network [ ip4-cidr-length ]
//	ip6     = "ip6"     ":" ip6-network [ ip6-cidr-length ]
//	exists  = "exists"  ":" domain-spec
func parseMechanism(s string) (term spfTerm, ok bool) {
	name, argument := s, ""
	if at := strings.IndexAny(s, ":/"); at >= 0 {
		name, argument = s[:at], s[at:] // with the colon or slash
	}
	value, given := strings.CutPrefix(argument, ":")
	switch {
	case foldsTo(name, "all"):
		return spfTerm{kind: allMechanism}, argument == ""
	case foldsTo(name, "include"):
		return spfTerm{kind: includeMechanism, domain: value}, given && isDomainSpec(value)
	case foldsTo(name, "exists"):
		return spfTerm{kind: existsMechanism, domain: value}, given && isDomainSpec(value)
	case foldsTo(name, "ptr"):
		return spfTerm{kind: ptrMechanism, domain: value}, argument == "" || given && isDomainSpec(value)
	case foldsTo(name, "a"):
		return hosts(aMechanism, argument)
	case foldsTo(name, "mx"):
		return hosts(mxMechanism, argument)
	case foldsTo(name, "ip4"):
		return spfTerm{kind: ip4Mechanism}, given && isNetwork(value, netip.Addr.Is4, maxLength4)
	case foldsTo(name, "ip6"):
		return spfTerm{kind: ip6Mechanism}, given && isNetwork(value, netip.Addr.Is6, maxLength6)
	}
	return spfTerm{}, false // RFC 7208 4.6.1: an unknown mechanism is a syntax error
}

// The longest prefixes, in bits.
const (
	maxLength4 = 32
	maxLength6 = 128
)

// hosts reads what follows the name of a or mx:
//
//	dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
//
// The lengths are cut from the end, where nothing else can end like them: a domain-spec ends with a letter-digit-hyphen
// label that is not all digits, a dot behind it, or a macro.
func hosts(kind spfKind, argument string) (term spfTerm, ok bool) {
	rest := argument
	if before, length, found := cutLength(rest); found && strings.HasSuffix(before, "/") { // two slashes: of ip6
		if !isLength(length, maxLength6) {
			return spfTerm{}, false
		}
		rest = before[:len(before)-1]
	}
	if before, length, found := cutLength(rest); found {
		if !isLength(length, maxLength4) {
			return spfTerm{}, false
		}
		rest = before
	}
	domain, given := strings.CutPrefix(rest, ":")
	return spfTerm{kind: kind, domain: domain}, rest == "" || given && isDomainSpec(domain)
}

// cutLength cuts a slash and the digits behind it from the end of s.
func cutLength(s string) (before, digits string, found bool) {
	at := len(s)
	for at > 0 && isDigit(s[at-1]) {
		at--
	}
	if at == 0 || at == len(s) || s[at-1] != '/' {
		return s, "", false
	}
	return s[:at-1], s[at:], true
}

// isLength reports whether digits, of which there is at least one, are a prefix length of at most longest, without
// leading zeros (RFC 7208 12: "0" / %x31-39 0*2DIGIT).
func isLength(digits string, longest int) bool {
	if len(digits) > 3 || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	length := 0
	for i := range len(digits) {
		length = length*10 + int(digits[i]-'0')
	}
	return length <= longest
}

// isNetwork reports whether s is an address of the family, maybe with a prefix length. Neither the dotted quads nor the
// addresses of RFC 4291 2.2 leave room for leading zeros in decimal numbers, or for a zone.
func isNetwork(s string, family func(netip.Addr) bool, longest int) bool {
	if address, length, found := strings.Cut(s, "/"); found {
		if length == "" || !all(length, isDigit) || !isLength(length, longest) {
			return false
		}
		s = address
	}
	if len(s) > maxAddress {
		return false // netip would quote it in its error
	}
	address, err := netip.ParseAddr(s)
	return err == nil && address.Zone() == "" && family(address)
}

// maxAddress is the length of the longest text of an address, that of IPv6 with the last 32 bits as a dotted quad.
const maxAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// isDomainSpec reports whether s is a domain-spec (RFC 7208 7.1):
//
//	domain-spec = macro-string domain-end
//	domain-end  = ( "." toplabel [ "." ] ) / macro-expand
//	toplabel    = ( *alphanum ALPHA *alphanum ) /
//	              ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
func isDomainSpec(s string) bool {
	literals, ok := scanMacros(s, false)
	if !ok {
		return false
	}
	if literals == "" {
		return s != "" // it ends with a macro
	}
	literals = strings.TrimSuffix(literals, ".")
	dot := strings.LastIndexByte(literals, '.')
	return dot >= 0 && isTopLabel(literals[dot+1:])
}

// isTopLabel reports whether s is a toplabel: letters, digits and inner hyphens, but not digits alone.
func isTopLabel(s string) bool {
	return isLabel(s) && !all(s, isDigit)
}

// isLabel reports whether s is letters, digits and hyphens, the latter neither first nor last.
func isLabel(s string) bool {
	return s != "" && s[0] != '-' && s[len(s)-1] != '-' &&
		all(s, func(c byte) bool { return isAlnum(c) || c == '-' })
}

// scanMacros reports whether s is a macro-string (RFC 7208 7.1), and returns the literal characters behind its last
// macro:
//
//	macro-string  = *( macro-expand / macro-literal )
//	macro-expand  = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
//	macro-literal = %x21-24 / %x26-7E
//
// The letters c, r and t are for the text that exp leads to (7.2), and for unknown modifiers, whose use of the string
// nobody knows: unknown tells that s is one of the latter.
func scanMacros(s string, unknown bool) (literals string, ok bool) {
	literals = s
	for i := 0; i < len(s); {
		switch {
		case s[i] != '%':
			if !isVisible(s[i]) {
				return "", false
			}
			i++
			continue
		case strings.HasPrefix(s[i:], "%%"), strings.HasPrefix(s[i:], "%_"), strings.HasPrefix(s[i:], "%-"):
			i += 2
		case strings.HasPrefix(s[i:], "%{"):
			width := strings.IndexByte(s[i:], '}')
			if width < 0 || !isMacro(s[i+2:i+width], unknown) {
				return "", false
			}
			i += width + 1
		default: // RFC 7208 7.3: any other % is a syntax error
			return "", false
		}
		literals = s[i:]
	}
	return literals, true
}

// isMacro reports whether s is what may stand between the braces of a macro:
//
//	macro-letter = "s" / "l" / "o" / "d" / "i" / "p" / "h" / "c" / "r" / "t" / "v"
//	transformers = *DIGIT [ "r" ]
//	delimiter    = "." / "-" / "+" / "," / "/" / "_" / "="
//
// A letter in upper case asks for URL escapes; a number must not be zero (7.3).
func isMacro(s string, unknown bool) bool {
	letters := "slodiphv"
	if unknown {
		letters = "slodiphvcrt"
	}
	if s == "" || strings.IndexByte(letters, lower(s[0])) < 0 {
		return false
	}
	s = s[1:]
	digits := 0
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits > 0 && all(s[:digits], func(c byte) bool { return c == '0' }) {
		return false
	}
	s = s[digits:]
	s, _ = cutFolded(s, "r")
	return all(s, func(c byte) bool { return strings.IndexByte(".-+,/_=", c) >= 0 })
}

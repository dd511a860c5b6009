package mail

import "strings"

// isURI reports whether s is a URI (RFC 3986 3) as far as reporting addresses take it: a scheme, a colon, and something
// behind it in the characters of section 2, percent-encodings whole, with at most one number sign. Of the schemes that
// occur here, mailto and https, it must also name somebody to write to, or a host.
func isURI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 0 || !isScheme(s[:colon]) || !hasURICharacters(s[colon+1:]) {
		return false
	}
	switch scheme, rest := s[:colon], s[colon+1:]; {
	case foldsTo(scheme, "mailto"):
		return hasMailbox(rest)
	case foldsTo(scheme, "https"), foldsTo(scheme, "http"):
		return hasHost(rest)
	default:
		return rest != ""
	}
}

// isMailto reports whether s is a mailto URL with an address (RFC 6068 2).
func isMailto(s string) bool { return hasScheme(s, "mailto:") && isURI(s) }

// isHTTPS reports whether s is an https URL with a host (RFC 9110 4.2.2).
func isHTTPS(s string) bool { return hasScheme(s, "https:") && isURI(s) }

func hasScheme(s, scheme string) bool {
	_, found := cutFolded(s, scheme)
	return found
}

// isScheme reports whether s is ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986 3.1).
func isScheme(s string) bool {
	return s != "" && isAlpha(s[0]) && all(s, func(c byte) bool { return isAlnum(c) || c == '+' || c == '-' || c == '.' })
}

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

// hasMailbox reports whether rest, what follows mailto:, begins with a mail address of something before an at sign and
// a domain name behind it, up to the header fields.
func hasMailbox(rest string) bool {
	to, _, _ := strings.Cut(rest, "?")
	at := strings.LastIndexByte(to, '@')
	return at > 0 && isHostName(to[at+1:])
}

// hasHost reports whether rest, what follows the scheme's colon, has an authority with a host (RFC 3986 3.2), a port
// behind it perhaps. An address in brackets is a host too.
func hasHost(rest string) bool {
	rest, found := strings.CutPrefix(rest, "//")
	if !found {
		return false
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	if bracket := strings.LastIndexByte(host, ']'); bracket >= 0 {
		return host[0] == '[' && bracket > 1 && isPort(host[bracket+1:])
	}
	host, port, _ := strings.Cut(host, ":")
	return isHostName(host) && all(port, isDigit)
}

// isPort reports whether s is empty, or a colon with digits.
func isPort(s string) bool {
	return s == "" || s[0] == ':' && all(s[1:], isDigit)
}

// isHostName reports whether s is labels joined by dots, the last of which may have one behind it. Underscores, which
// hosts' names should not have, occur in practice and hinder nobody.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' ||
			!all(label, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) {
			return false
		}
	}
	return true
}

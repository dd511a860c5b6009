package datasets

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/caascan/caascan/scanner/record"
)

// Bounds of R1.2, in octets; and of the text of a host before it is made into A-labels: a name has at most MaxName
// characters, each at most four octets of UTF-8. The last one keeps Punycode, quadratic in a label, cheap.
const (
	MaxLabel    = 63
	MaxName     = 253
	maxHostText = 4 * MaxName
)

// Options say what Canonical lets through.
type Options struct {
	Suffixes        *Suffixes // DefaultSuffixes if nil
	AllowSpecialUse bool      // names below special-use domains, see specialUse
}

// toASCII makes A-labels as a look-up does (RFC 5891 5, UTS #46): mapping first, non-transitional, so that "ß" is kept
// (browsers do the same since 2023); ContextJ rules hold (RFC 5891 5.4 demands it). Four checks of idna.Lookup are
// left out, because the DNS holds names that fail them and a scan is not there to judge them: hyphens in the third
// and fourth place, hyphens at the ends, ASCII beyond letters, digits and hyphens (checkHost sees to that), and the
// Bidi rule, which makes a label's validity depend on its neighbours. Labels that are ASCII already, odd A-labels
// among them, never come here: they are asked for as they are.
var toASCII = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))

// Canonical finds the name to ask for in one entry of a list (spec rules R1.1, R1.2): a domain name, a wildcard name
// "*.x", a URL or a mail address. The target lacks only what the list knows: source, line and rank. If the entry
// holds no such name the target is zero and the reason says why.
func Canonical(text string, opt Options) (record.Target, Reason) {
	var t record.Target
	if opt.Suffixes == nil {
		opt.Suffixes = DefaultSuffixes()
	}
	reason := canonical(&t, []byte(text), &opt)
	return t, reason
}

// canonical is Canonical on octets that the caller will use again. It sets *t only if it accepts.
func canonical(t *record.Target, text []byte, opt *Options) Reason {
	var folded [MaxName]byte
	f, reason := find(text, folded[:0], opt)
	if reason == Accepted {
		*t = f.outline.target(f.text())
	}
	return reason
}

// found is what an entry turned out to be.
type found struct {
	outline
	input []byte // record.Target.Input; nil if there is none
	name  []byte // record.Target.Name, where it does not stand in input as it is; nil there
}

// outline says where the parts of a target stand in its text. That is the name; or an input that holds the name; or an
// input and the name behind it. So one string serves all parts of a target.
type outline struct {
	input       uint16 // octets of record.Target.Input: at most MaxLine
	start       uint16 // of the name
	name        uint8  // octets, as the next two
	registrable uint8
	suffix      uint8
	marks
}

// marks are the booleans of a target.
type marks uint8

const (
	isMail marks = 1 << iota
	isWildcard
	isICANN
	isBucket    // the rank is no position, but the end of a bucket
	isDelegated // there is a Delegation in place of a rank
)

// canonical returns the name, wherever it stands.
func (f *found) canonical() []byte {
	if f.name != nil {
		return f.name
	}
	return f.input[f.start : int(f.start)+int(f.outline.name)]
}

// target returns the target whose text this is, without what only the list knows.
func (o outline) target(text string) record.Target {
	name := text[o.start : int(o.start)+int(o.name)]
	return record.Target{
		Name:        name,
		Input:       text[:o.input],
		Registrable: name[len(name)-int(o.registrable):],
		Suffix:      name[len(name)-int(o.suffix):],
		ICANN:       o.marks&isICANN != 0,
		Mail:        o.marks&isMail != 0,
		Wildcard:    o.marks&isWildcard != 0,
	}
}

// size returns the octets of the text.
func (o outline) size() int { return max(int(o.input), int(o.start)+int(o.name)) }

func (f *found) text() string {
	switch {
	case f.name == nil:
		return string(f.input)
	case f.input == nil:
		return string(f.name)
	}
	var b strings.Builder
	b.Grow(f.size())
	b.Write(f.input)
	b.Write(f.name)
	return b.String()
}

// find does the work of Canonical. Its result lasts as long as text, and as folded, which has room for MaxName octets.
func find(text, folded []byte, opt *Options) (found, Reason) {
	text = bytes.TrimSpace(text)
	e, reason := unwrap(text)
	if reason != Accepted {
		return found{}, reason
	}
	if len(e.input) < len(text) && !isText(text) { // what is dropped must be text too: junk may hold an "@"
		return found{}, NotText
	}
	host, dot := bytes.CutSuffix(e.host(), []byte{'.'})
	if len(host) == 0 {
		if dot || e.wildcard {
			return found{}, Root
		}
		return found{}, EmptyLabel
	}
	shape, reason := checkHost(host)
	if reason != Accepted {
		return found{}, explain(host, reason)
	}
	switch shape {
	case unicodeHost:
		if host, reason = aLabels(folded, host); reason != Accepted {
			return found{}, explain(host, reason)
		}
	case mixedCaseHost:
		host = foldASCII(folded, host)
	}
	if reason := scope(host, opt.AllowSpecialUse); reason != Accepted {
		return found{}, reason
	}

	f := found{outline: outlineOf(host, opt.Suffixes)}
	switch {
	case shape != lowerCaseHost:
		f.input, f.name = e.input, host
		f.start = uint16(len(e.input))
	case len(e.input) == len(host):
		f.name = host
	default:
		f.input, f.start = e.input, uint16(e.start)
	}
	f.outline.input = uint16(len(f.input))
	if e.mail {
		f.marks |= isMail
	}
	if e.wildcard {
		f.marks |= isWildcard
	}
	return f, Accepted
}

// outlineOf returns the outline of a canonical name.
func outlineOf(name []byte, suffixes *Suffixes) outline {
	registrable, suffix, icann := split(suffixes.rules, name)
	o := outline{name: uint8(len(name)), registrable: uint8(len(name) - registrable), suffix: uint8(len(name) - suffix)}
	if icann {
		o.marks = isICANN
	}
	return o
}

// entry is a list entry with its wrapping understood.
type entry struct {
	input      []byte // the entry without what may identify a person: for record.Target.Input
	start, end int    // of the host in input
	mail       bool
	wildcard   bool
}

func (e *entry) host() []byte { return e.input[e.start:e.end] }

// unwrap finds the host in text (R1.1): after the last "@" of a mail address, in the authority of a URL, behind one
// leading "*.". A mail domain has no wildcard form (R2.13).
func unwrap(text []byte) (entry, Reason) {
	e := entry{input: text, end: len(text)}
	if start, end, ok := authority(text); ok {
		e.input = text[:end]
		if at := bytes.LastIndexByte(text[start:end], '@'); at >= 0 { // RFC 3986 3.2.1
			e.input = append(text[:start:start], text[start+at+1:end]...)
		}
		e.start, e.end = start, len(e.input)
		if reason := e.dropPort(); reason != Accepted {
			return e, reason
		}
	} else if at := bytes.LastIndexByte(text, '@'); at >= 0 {
		e.input, e.mail = text[at:], true
		e.start, e.end = 1, len(e.input)
		if bytes.HasPrefix(e.host(), []byte{'['}) {
			return e, AddressLiteral
		}
		return e, Accepted
	}
	if bytes.HasPrefix(e.host(), []byte("*.")) {
		e.start += 2
		e.wildcard = true
	}
	return e, Accepted
}

// authority finds the authority part of a URL (RFC 3986 3.2), user information and port included: text[start:end].
func authority(text []byte) (start, end int, ok bool) {
	colon := bytes.IndexByte(text, ':')
	if colon <= 0 || !bytes.HasPrefix(text[colon:], []byte("://")) {
		return 0, 0, false
	}
	for i, c := range text[:colon] { // RFC 3986 3.1
		if c |= 0x20; 'a' <= c && c <= 'z' {
			continue
		}
		if c := text[i]; i == 0 || !('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.') {
			return 0, 0, false
		}
	}
	start = colon + len("://")
	end = start
	for end < len(text) && text[end] != '/' && text[end] != '?' && text[end] != '#' && text[end] != '\\' {
		end++
	}
	return start, end, true
}

// dropPort takes ":port" off the host of a URL (RFC 3986 3.2.3) and sees to IP literals (3.2.2).
func (e *entry) dropPort() Reason {
	host := e.host()
	if bytes.HasPrefix(host, []byte{'['}) {
		if closing := bytes.IndexByte(host, ']'); closing > 0 && isIP(host[1:closing]) {
			return IPAddress
		}
		return BadCharacter
	}
	colon := bytes.LastIndexByte(host, ':')
	if colon < 0 {
		return Accepted
	}
	for _, c := range host[colon+1:] {
		if c < '0' || c > '9' {
			return explain(host, BadCharacter)
		}
	}
	if len(host)-colon-1 > len("65535") {
		return BadCharacter
	}
	e.end = e.start + colon
	return Accepted
}

// hostShape is what must still be done to a host that passed checkHost.
type hostShape uint8

const (
	lowerCaseHost hostShape = iota // nothing
	mixedCaseHost                  // fold ASCII case
	unicodeHost                    // make A-labels; labels are not checked yet
)

const (
	classBad     = iota
	classLower   // lower-case letters, digits, hyphen, underscore
	classUpper   // upper-case letters
	classDot     // ends a label
	classUnicode // part of a UTF-8 sequence
)

var class = func() (table [256]uint8) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			table[c] = classLower
		case 'A' <= c && c <= 'Z':
			table[c] = classUpper
		case c == '.':
			table[c] = classDot
		case c >= utf8.RuneSelf:
			table[c] = classUnicode
		}
	}
	return table
}()

// checkHost checks a host without its final dot against R1.2. In one with U-labels only the characters are checked.
func checkHost(host []byte) (hostShape, Reason) {
	seen := uint(0) // classes, as bits
	label := 0      // octets of the current label
	reason := Accepted
	for _, c := range host {
		k := class[c]
		seen |= 1 << k
		if k != classDot {
			label++
			continue
		}
		if reason == Accepted {
			reason = checkLabel(label)
		}
		label = 0
	}
	if reason == Accepted {
		reason = checkLabel(label)
	}
	switch {
	case seen&(1<<classBad) != 0:
		return 0, badCharacter(host)
	case seen&(1<<classUnicode) != 0:
		if !utf8.Valid(host) {
			return 0, NotText
		}
		if len(host) > maxHostText {
			return 0, NameTooLong
		}
		return unicodeHost, Accepted
	case reason != Accepted:
		return 0, reason
	case len(host) > MaxName:
		return 0, NameTooLong
	case seen&(1<<classUpper) != 0:
		return mixedCaseHost, Accepted
	}
	return lowerCaseHost, Accepted
}

func checkLabel(octets int) Reason {
	switch {
	case octets == 0:
		return EmptyLabel
	case octets > MaxLabel:
		return LabelTooLong
	}
	return Accepted
}

// badCharacter says which reason the characters of a host are.
func badCharacter(host []byte) Reason {
	if !isText(host) {
		return NotText
	}
	if bytes.IndexByte(host, '*') >= 0 {
		return StarInside
	}
	return BadCharacter
}

// isText reports whether text is UTF-8 without control characters; blanks and tabs are text.
func isText(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return utf8.Valid(text)
}

// explain gives the reason for a host that failed: addresses fail for their characters, but are out of scope instead.
func explain(host []byte, reason Reason) Reason {
	if reason == BadCharacter && isIP(host) {
		return IPAddress
	}
	return reason
}

// maxIPText is longer than any address with zone, port or prefix length that is worth recognising.
const maxIPText = 64

// isIP reports whether text is an IP address, alone, with a port or as a prefix.
func isIP(text []byte) bool {
	if len(text) > maxIPText {
		return false
	}
	if bytes.IndexByte(text, ':') < 0 { // no IPv6 and no port: spare the parsers, whose errors allocate
		for _, c := range text {
			if (c < '0' || c > '9') && c != '.' && c != '/' {
				return false
			}
		}
	}
	s := string(text)
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// foldASCII appends host in lower case (RFC 4343).
func foldASCII(dst, host []byte) []byte {
	for _, c := range host {
		dst = append(dst, lower[c])
	}
	return dst
}

// aLabels turns the U-labels of host into A-labels, folds the others, and checks the result. dst has room for
// MaxName octets.
func aLabels(dst, host []byte) ([]byte, Reason) {
	for {
		label, rest, more := cutLabel(host)
		if isASCII(label) {
			dst = foldASCII(dst, label)
		} else {
			ascii, err := toASCII.ToASCII(string(label))
			if err != nil {
				return dst, BadIDNA
			}
			dst = append(dst, ascii...)
		}
		if !more {
			break
		}
		dst = append(dst, '.')
		host = rest
	}
	dst = bytes.TrimSuffix(dst, []byte{'.'}) // one of the other full stops, at the end
	shape, reason := checkHost(dst)
	if reason == Accepted && shape != lowerCaseHost {
		reason = BadIDNA
	}
	return dst, reason
}

// cutLabel cuts the first label off host. UTS #46 2.3 has four full stops.
func cutLabel(host []byte) (label, rest []byte, more bool) {
	for i, n := 0, 0; i < len(host); i += n {
		var r rune
		r, n = utf8.DecodeRune(host[i:])
		switch r {
		case '.', '\u3002', '\uFF0E', '\uFF61':
			return host[:i], host[i+n:], true
		}
	}
	return host, nil, false
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// scope rejects names that are none of a scan's business: IPv4 addresses, .onion, and special-use domains.
func scope(name []byte, allowSpecialUse bool) Reason {
	tld := name[bytes.LastIndexByte(name, '.')+1:]
	if c := tld[len(tld)-1]; '0' <= c && c <= '9' && isIP(name) {
		return IPAddress
	}
	if string(tld) == "onion" { // RFC 7686; no DNS look-up at all (R1.2)
		return Onion
	}
	if !allowSpecialUse && specialUse(name, tld) {
		return SpecialUse
	}
	return Accepted
}

// specialUse reports whether a name is at or below a domain of IANA's special-use registry that the public DNS is not
// to be asked about: the four TLDs of RFC 6761 (6.2-6.5), .local (RFC 6762), .alt (RFC 9476), home.arpa (RFC 8375) and
// resolver.arpa (RFC 9462). example.com and its like are ordinary delegated names, the reverse zones and the rest of
// .arpa too.
func specialUse(name, tld []byte) bool {
	switch string(tld) {
	case "test", "invalid", "localhost", "example", "local", "alt":
		return true
	case "arpa":
		return isBelow(name, "home.arpa") || isBelow(name, "resolver.arpa")
	}
	return false
}

// isBelow reports whether name is domain or a name below it.
func isBelow(name []byte, domain string) bool {
	n := len(name) - len(domain)
	return n >= 0 && string(name[n:]) == domain && (n == 0 || name[n-1] == '.')
}

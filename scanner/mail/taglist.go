package mail

import "strings"

// tag is one part of a tag list, between two semicolons.
type tag struct {
	name, value string // without the blanks around them
	form        tagForm
}

type tagForm uint8

const (
	tagProper   tagForm = iota // a name, an equals sign, a value, which may be empty
	tagEmpty                   // nothing but blanks
	tagImproper                // anything else
)

// cutTag cuts the first part from a tag list and the semicolon behind it, by the grammar of RFC 6376 3.2, which DMARC
// (RFC 9989 4.7) and BIMI (4.3) take over:
//
//	tag-list  = tag-spec *( ";" tag-spec ) [ ";" ]
//	tag-spec  = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
//	tag-name  = ALPHA *(ALPHA / DIGIT / "_")
//	tag-value = [ tval *( 1*(WSP / FWS) tval ) ]
//	tval      = 1*(%x21-3A / %x3C-7E)
//
// What counts as a blank is for the protocol to say. A list may end with one semicolon, and blanks behind it, which rest
// comes without: the caller stops when nothing is left.
func cutTag(list string, blank func(byte) bool) (t tag, rest string) {
	part, rest, _ := strings.Cut(list, ";")
	part, rest = trim(part, blank), trim(rest, blank)
	if part == "" {
		return tag{form: tagEmpty}, rest
	}
	name, value, found := strings.Cut(part, "=")
	t = tag{name: trim(name, blank), value: trim(value, blank)}
	if !found || !isTagName(t.name) || !isTagValue(t.value, blank) {
		t.form = tagImproper
	}
	return t, rest
}

func isTagName(s string) bool {
	return s != "" && isAlpha(s[0]) && all(s, func(c byte) bool { return isAlnum(c) || c == '_' })
}

func isTagValue(s string, blank func(byte) bool) bool {
	for i := range len(s) {
		if !isVisible(s[i]) && !blank(s[i]) {
			return false
		}
	}
	return true
}

// hasVersionTag reports whether a tag list begins with the tag v of that very value: "v" *WSP "=" *WSP version, then a
// semicolon or the end. The name's case counts only if exact is true.
func hasVersionTag(record, version string, exact bool) bool {
	if record == "" || record[0] != 'v' && (exact || record[0] != 'V') {
		return false
	}
	rest, found := strings.CutPrefix(skipBlanks(record[1:]), "=")
	if !found {
		return false
	}
	if rest, found = strings.CutPrefix(skipBlanks(rest), version); !found {
		return false
	}
	rest = skipBlanks(rest)
	return rest == "" || rest[0] == ';'
}

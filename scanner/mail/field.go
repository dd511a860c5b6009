package mail

import "strings"

// field is one part of an MTA-STS or TLS-RPT record behind the version. The two share their syntax, which is narrower
// than that of a tag list: no blanks around the equals sign, names with case, and nothing empty.
type field struct {
	name, value string
	valid       bool // a name, an equals sign, and a value
}

// cutField cuts the first field from what stands behind a delimiter, and the delimiter behind it (RFC 8461 3.1, RFC 8460
// 3). The last field may have a delimiter behind it: the caller stops when nothing is left.
//
//	field       = ext-name "=" value
//	field-delim = *WSP ";" *WSP
//	ext-name    = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
//
// The value's own grammar depends on the name.
func cutField(s string) (f field, rest string) {
	text, rest, _ := strings.Cut(s, ";")
	name, value, found := strings.Cut(trimBlanks(text), "=")
	valid := found && isFieldName(name) && value != "" && !isBlank(value[0])
	return field{name, value, valid}, skipBlanks(rest)
}

// maxFieldName is the length of the longest name of a field.
const maxFieldName = 32

func isFieldName(s string) bool {
	return s != "" && len(s) <= maxFieldName && isAlnum(s[0]) &&
		all(s, func(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' })
}

// isExtensionValue reports whether s is 1*(%x21-3A / %x3C / %x3E-7E), which leaves out "=", ";", blanks and control
// characters.
func isExtensionValue(s string) bool {
	return s != "" && all(s, func(c byte) bool { return isVisible(c) && c != '=' && c != ';' })
}

// chooseFields looks for the records with a version of that very form, as choose does; folded is the version in lower
// case. Both RFCs discard, of several
// records, those that do not begin with the version and a semicolon; a lone one may have blanks between, as the grammar
// has it, or lack all fields, and is then one without the required field.
func chooseFields(records []string, version, folded string) selection {
	alone := len(records) == 1
	return choose(records, func(record string) bool {
		rest, found := strings.CutPrefix(record, version)
		if alone {
			rest = skipBlanks(rest)
			return found && (rest == "" || rest[0] == ';')
		}
		return found && rest != "" && rest[0] == ';'
	}, folded)
}

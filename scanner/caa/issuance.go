package caa

import "strings"

// ParseIssuance reads the value of an issue, issuewild, issuemail or issuevmc property by the grammar of RFC 8659 4.2
// (R2.8), which RFC 9495 3 takes over:
//
//	issue-value = *WSP [issuer-domain-name *WSP] [";" *WSP [parameters *WSP]]
//	issuer-domain-name = label *("." label)
//	label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))
//	parameters = (parameter *WSP ";" *WSP parameters) / parameter
//	parameter = tag *WSP "=" *WSP value
//	tag = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT))
//	value = *(%x21-3A / %x3C-7E)
//
// What may follow a part of it never continues that part, so taking the longest match each time is all it needs, in
// one pass. The names of parameters may hold hyphens (C7), and a semicolon without a parameter, other than the first,
// spoils the value (C13). Labels and names may be longer than DNS allows: the grammar sets no bound.
func ParseIssuance(value string) Issuance {
	issuer, rest := cutDomain(skipBlanks(value))
	rest = skipBlanks(rest)
	if rest == "" {
		return Issuance{Issuer: strings.ToLower(issuer)}
	}
	if rest[0] != ';' {
		return Issuance{Syntax: Malformed}
	}
	params, ok := parseParameters(skipBlanks(rest[1:]))
	if !ok {
		return Issuance{Syntax: Malformed}
	}
	return Issuance{Issuer: strings.ToLower(issuer), Params: params}
}

// parseParameters reads [parameters *WSP], to the end of the value.
func parseParameters(s string) (params []Param, ok bool) {
	if s == "" {
		return nil, true
	}
	for {
		name, rest := cutLabel(s)
		rest, equals := strings.CutPrefix(skipBlanks(rest), "=")
		if name == "" || !equals {
			return nil, false
		}
		value, rest := cutParamValue(skipBlanks(rest))
		params = append(params, Param{Name: name, Value: value})
		if rest = skipBlanks(rest); rest == "" {
			return params, true
		}
		if rest[0] != ';' {
			return nil, false
		}
		s = skipBlanks(rest[1:])
	}
}

// cutDomain splits s behind the longest issuer-domain-name it begins with; domain is "" if there is none.
func cutDomain(s string) (domain, rest string) {
	label, rest := cutLabel(s)
	for label != "" && strings.HasPrefix(rest, ".") {
		var after string
		if label, after = cutLabel(rest[1:]); label != "" {
			rest = after
		}
	}
	return s[:len(s)-len(rest)], rest
}

// cutLabel splits s behind the longest label (or tag, by the same rule) it begins with; label is "" if there is none.
func cutLabel(s string) (label, rest string) {
	end := 0
	for i := 0; i < len(s) && (isAlnum(s[i]) || s[i] == '-' && end > 0); i++ {
		if s[i] != '-' {
			end = i + 1
		}
	}
	return s[:end], s[end:]
}

// cutParamValue splits s behind the longest parameter value, which may be empty, it begins with.
func cutParamValue(s string) (value, rest string) {
	end := 0
	for end < len(s) && 0x21 <= s[end] && s[end] <= 0x7e && s[end] != ';' {
		end++
	}
	return s[:end], s[end:]
}

// skipBlanks drops *WSP (RFC 5234 B.1): spaces and tabs, nothing else.
func skipBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

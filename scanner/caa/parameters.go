package caa

import "strings"

// binds reports whether the CA processes the parameters of RFC 8657 (R3.7).
func (d Duty) binds(req *Request) bool {
	return d == Must || d != Ignored && req.HonoursRFC8657
}

// meets says if the request fits the parameters of a record that names the CA (RFC 8657 3, 4; R2.17, R2.18): Authorized,
// or why not. Parameters of other names are not for us.
func (p *Profile) meets(params []Param, req *Request) Reason {
	account, method := Authorized, Authorized
	accounts, lists, fitting := 0, 0, false
	for _, param := range params {
		switch {
		case p.paramIs(param.Name, "accounturi"):
			accounts++
			account = p.meetsAccount(param.Value, req)
		case p.paramIs(param.Name, "validationmethods"):
			lists++
			one := p.meetsMethods(param.Value, req)
			fitting = fitting || one == Authorized
			method = max(method, one)
		}
	}
	if lists > 1 { // C12
		if method = Unsatisfiable; p.RepeatedMethods {
			if method = WrongMethod; fitting {
				method = Authorized
			}
		}
	}
	switch {
	case accounts > 1 || account == Unsatisfiable || method == Unsatisfiable: // RFC 8657 3: twice can never fit
		return Unsatisfiable
	case account != Authorized:
		return account
	default:
		return method
	}
}

func (p *Profile) paramIs(name, want string) bool {
	return name == want || !p.ExactParamName && equalFold(name, want) // C11
}

// meetsAccount says if uri is the asking account, or where the rule lets it be, a parent of that (C25).
func (p *Profile) meetsAccount(uri string, req *Request) Reason {
	if !isURI(uri) {
		return Unsatisfiable
	}
	for i, account := range req.AccountURIs {
		if uri == account && (i == 0 || p.ParentAccount) {
			return Authorized
		}
	}
	return WrongAccount
}

// meetsMethods says if the list has a label of the method in use. Unknown labels are skipped; an empty list has none, so
// nobody meets it.
func (p *Profile) meetsMethods(list string, req *Request) Reason {
	found, labels := false, 0
	for rest, more := list, true; more && list != ""; {
		var label string
		label, rest, more = strings.Cut(rest, ",")
		if !isMethodLabel(label) {
			if !p.SkipIllFormed {
				return Unsatisfiable // C12
			}
			continue
		}
		labels++
		for _, method := range req.Methods {
			if label == method || p.FoldMethods && equalFold(label, method) { // C10
				found = true
			}
		}
	}
	switch {
	case found:
		return Authorized
	case labels == 0:
		return Unsatisfiable
	default:
		return WrongMethod
	}
}

// isMethodLabel follows RFC 8657 4: label = 1*(ALPHA / DIGIT / "-").
func isMethodLabel(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// isURI reports whether s is a scheme, a colon and something after it, of the characters of RFC 3986 2.
func isURI(s string) bool {
	scheme, rest, colon := strings.Cut(s, ":")
	if !colon || rest == "" || scheme == "" || !isAlnum(scheme[0]) || isDigit(scheme[0]) {
		return false
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return hasURICharacters(s)
}

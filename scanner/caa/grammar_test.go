package caa

import "testing"

// The grammar of RFC 8659 4.2 once more, rule by rule, by trying everything: a rule takes a text and the places where it
// may begin, and gives all the places where it may end. Nothing here knows what ParseIssuance knows, that the longest match
// will do.

// places is a set of offsets; rule maps where it may begin to where it may end.
type (
	places map[int]bool
	rule   func(text string, from places) places
)

func octet(is func(c byte) bool) rule {
	return func(text string, from places) places {
		to := places{}
		for at := range from {
			if at < len(text) && is(text[at]) {
				to[at+1] = true
			}
		}
		return to
	}
}

func literal(c byte) rule { return octet(func(d byte) bool { return c == d }) }

func sequence(rules ...rule) rule {
	return func(text string, from places) places {
		for _, r := range rules {
			from = r(text, from)
		}
		return from
	}
}

// many is *rule.
func many(r rule) rule {
	return func(text string, from places) places {
		all, next := places{}, from
		for len(next) > 0 {
			fresh := places{}
			for at := range next {
				if !all[at] {
					all[at], fresh[at] = true, true
				}
			}
			next = r(text, fresh)
		}
		return all
	}
}

// maybe is [rule].
func maybe(r rule) rule {
	return func(text string, from places) places {
		to := r(text, from)
		for at := range from {
			to[at] = true
		}
		return to
	}
}

func either(a, b rule) rule {
	return func(text string, from places) places {
		to := a(text, from)
		for at := range b(text, from) {
			to[at] = true
		}
		return to
	}
}

var (
	wsp        = octet(func(c byte) bool { return c == ' ' || c == '\t' })
	alphaDigit = octet(func(c byte) bool {
		return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
	})
	gLabel     = sequence(alphaDigit, many(sequence(many(literal('-')), alphaDigit)))
	gDomain    = sequence(gLabel, many(sequence(literal('.'), gLabel)))
	gValue     = many(octet(func(c byte) bool { return c >= 0x21 && c <= 0x3a || c >= 0x3c && c <= 0x7e }))
	gParameter = sequence(gLabel, many(wsp), literal('='), many(wsp), gValue)
	gIssue     rule
)

// gParameters is recursive in the RFC: parameters = (parameter *WSP ";" *WSP parameters) / parameter.
func gParameters(text string, from places) places {
	if len(from) == 0 {
		return places{}
	}
	return either(sequence(gParameter, many(wsp), literal(';'), many(wsp), gParameters), gParameter)(text, from)
}

func init() {
	gIssue = sequence(many(wsp), maybe(sequence(gDomain, many(wsp))), maybe(sequence(literal(';'), many(wsp), maybe(sequence(gParameters, many(wsp))))))
}

// fits reports whether the whole text is what the rule says.
func (r rule) fits(text string) bool { return r(text, places{0: true})[len(text)] }

// FuzzGrammar holds ParseIssuance against the ABNF: whether a value is well formed, and that what it reads is what stands
// there, part by part.
func FuzzGrammar(f *testing.F) {
	for _, seed := range []string{"", ";", "ca.example", " ca.example ; a=b", "ca.example;a-b=;c=d=e", "a.example;;", "; x=1;", "a=b",
		"a-.example", "a--b", "-a", "a.", "\ta \t", "a;\tb\t=\tc\t", ";a==", ";a", "; a=b;c=d ;e=f", "a b", "\xe9", ";a=\x7f", "ca.example; =x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 { // the matcher tries all places
			return
		}
		got := ParseIssuance(text)
		if want := gIssue.fits(text); want != (got.Syntax == WellFormed) {
			t.Fatalf("%q: the ABNF says %v, read as %+v", text, want, got)
		}
		if got.Issuer != "" && !gDomain.fits(got.Issuer) {
			t.Fatalf("%q: issuer %q", text, got.Issuer)
		}
		again := got.Issuer
		for i, p := range got.Params {
			if !gLabel.fits(p.Name) || !gValue.fits(p.Value) {
				t.Fatalf("%q: parameter %+v", text, p)
			}
			again += map[bool]string{true: ";", false: " ; "}[i%2 == 0] + p.Name + "= " + p.Value
		}
		if reread := ParseIssuance(again); got.Syntax == WellFormed && !sameIssuance(reread, got) {
			t.Fatalf("%q: read as %+v; written as %q, that is read as %+v", text, got, again, reread)
		}
		// The lenient reading takes all that the grammar takes, the same way (C13).
		if lenient := parseStray(text); got.Syntax == WellFormed && !sameIssuance(lenient, got) {
			t.Fatalf("%q: lenient %+v, strict %+v", text, lenient, got)
		}
	})
}

// The table of R2.8 and what is near it, by the ABNF alone: the matcher must itself be right.
func TestGrammar(t *testing.T) {
	for text, want := range map[string]bool{
		"ca.example": true, " ca.example ": true, "ca.example;": true, "ca.example; a=b": true, "ca.example;a-b=;c=d=e": true,
		"": true, " \t": true, ";": true, "; a=b": true, "a=b": false, "%%%%%": false, "a.example b.example": false, "a.example, b.example": false,
		"https://a.example": false, "a.example.": false, "*.a.example": false, `"a.example"`: false, "a.example; x": false,
		"a.example; x=1 2": false, "a.example; x_y=1": false, "a.example;;": false, "a.example; x=1;": false, "a--b.c-d": true, "a-": false,
	} {
		if gIssue.fits(text) != want {
			t.Errorf("R2.8: %q: %v", text, !want)
		}
	}
}

package caa

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseIssuance(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	names := func(issuer string, params ...Param) Issuance { return Issuance{Issuer: issuer, Params: params} }
	malformed := Issuance{Syntax: Malformed}
	ab := Param{"a", "b"}
	for _, test := range []struct {
		rule, value string
		want        Issuance
	}{
		// The table of R2.8, row by row.
		{"R2.8", "ca.example", names("ca.example")},
		{"R2.8", " ca.example ", names("ca.example")},
		{"R2.8", "ca.example;", names("ca.example")},
		{"R2.8", "ca.example; a=b", names("ca.example", ab)},
		{"R2.8", "ca.example;a-b=;c=d=e", names("ca.example", Param{"a-b", ""}, Param{"c", "d=e"})},
		{"R2.8: nobody", "", names("")},
		{"R2.8: nobody", " \t ", names("")},
		{"R2.8: nobody", ";", names("")},
		{"R2.8: nobody", "; a=b", names("", ab)},
		{"R2.8", "%%%%%", malformed},
		{"R2.8", "a.example b.example", malformed},
		{"R2.8", "a.example, b.example", malformed},
		{"R2.8", "https://a.example", malformed},
		{"R2.8", "a.example.", malformed},
		{"R2.8", "*.a.example", malformed},
		{"R2.8", `"a.example"`, malformed},
		{"R2.8", "a.example; x", malformed},
		{"R2.8", "a.example; x=1 2", malformed},
		{"R2.8", "a.example; x_y=1", malformed},
		{"C13", "a.example;;", malformed},
		{"C13", "a.example; x=1;", malformed},

		// Blanks.
		{"R2.8: blanks are spaces and tabs", "\t \tca.example\t ;\t a\t=\tb \t", names("ca.example", ab)},
		{"R2.8: blanks behind the semicolon", "ca.example; \t", names("ca.example")},
		{"R2.8: blanks between parameters", "ca.example; a=b ; c=d\t;\te=f",
			names("ca.example", ab, Param{"c", "d"}, Param{"e", "f"})},
		{"R2.8: no blanks between parameters", ";a=b;a=b", names("", ab, ab)},
		{"R2.8: an empty value before a blank", "; a= ;c=d", names("", Param{"a", ""}, Param{"c", "d"})},
		{"R2.8: no other white space", "ca.example\n", malformed},
		{"R2.8: no other white space", "ca.example;\ra=b", malformed},
		{"R2.8: no other white space", "\u00a0ca.example", malformed},
		{"R2.8: no zero octet", "ca.example\x00", malformed},

		// Issuer names.
		{"R2.8: one label", "localhost", names("localhost")},
		{"R2.8: case is folded (C6)", "LetsEncrypt.ORG; A=B", names("letsencrypt.org", Param{"A", "B"})},
		{"R2.8: digits", "1.2.3.4", names("1.2.3.4")},
		{"R2.8: hyphens inside", "a--b.x-y", names("a--b.x-y")},
		{"R2.8: A-label", "xn--bcher-kva.example", names("xn--bcher-kva.example")},
		{"R2.8: no bound in the grammar", label63 + "a.example", names(label63 + "a.example")},
		{"R2.8: hyphen first", "-a.example", malformed},
		{"R2.8: hyphen last", "a-.example", malformed},
		{"R2.8: hyphen last of all", "a.example-", malformed},
		{"R2.8: hyphen alone", "-", malformed},
		{"R2.8: empty label", "a..example", malformed},
		{"R2.8: dot first", ".example", malformed},
		{"R2.8: dot alone", ".", malformed},
		{"R2.8: dot, then a blank", "a. b", malformed},
		{"R2.8: underscore", "a_b.example", malformed},
		{"R2.8: U-label", "b\u00fccher.example", malformed},
		{"R2.8: colon", "a.example:443", malformed},
		{"R2.8: slash", "a.example/", malformed},
		{"R2.8: mail address", "pki@a.example", malformed},
		{"R2.8: the tag within the value", "issue a.example", malformed},

		// Parameters.
		{"C7: hyphen in a name", "a.example; x-y=1", names("a.example", Param{"x-y", "1"})},
		{"R2.8: hyphen last in a name", "a.example; x-=1", malformed},
		{"R2.8: hyphen first in a name", "a.example; -x=1", malformed},
		{"R2.8: name missing", "a.example; =1", malformed},
		{"R2.8: dot in a name", "a.example; x.y=1", malformed},
		{"R2.8: blank in a name", "a.example; x y=1", malformed},
		{"R2.8: all octets of a value", "; a=!\"#$%&'()*+,-./09:<=>?@AZ[\\]^_`az{|}~",
			names("", Param{"a", "!\"#$%&'()*+,-./09:<=>?@AZ[\\]^_`az{|}~"})},
		{"R2.8: non-ASCII in a value", "; a=\u00e9", malformed},
		{"R2.8: DEL in a value", "; a=\x7f", malformed},
		{"R2.8: quotes are octets like others", `; a="b c"`, malformed},
		{"R2.8: semicolon missing", "a.example a=b", malformed},
		{"R2.8: parameters only", "a=b", malformed},
		{"R2.17: a name may occur twice", "a.example; accounturi=x; accounturi=y",
			names("a.example", Param{"accounturi", "x"}, Param{"accounturi", "y"})},
		{"R2.17", "a.example; accounturi=https://a.example/acct/1; validationmethods=dns-01,http-01",
			names("a.example", Param{"accounturi", "https://a.example/acct/1"}, Param{"validationmethods", "dns-01,http-01"})},
		{"C13", ";;", malformed},
		{"C13", "; ;", malformed},
		{"C13", ";;a=b", malformed},
		{"C13", "a.example; x=1;;y=2", malformed},
		{"C13", "a.example; x=1; ", malformed},
	} {
		got := ParseIssuance(test.value)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %q: (-want +got)\n%s", test.rule, test.value, diff)
		}
		if want := readByABNF(test.value); !cmp.Equal(want, got) {
			t.Errorf("%s: %q: the ABNF gives %+v, not %+v", test.rule, test.value, want, got)
		}
	}
}

// The ABNF of RFC 8659 4.2, rule by rule.
var (
	abnfLabel      = `[A-Za-z0-9](?:-*[A-Za-z0-9])*`
	abnfDomain     = abnfLabel + `(?:\.` + abnfLabel + `)*`
	abnfParameter  = abnfLabel + `[ \t]*=[ \t]*[\x21-\x3a\x3c-\x7e]*`
	abnfParameters = abnfParameter + `(?:[ \t]*;[ \t]*` + abnfParameter + `)*`
	abnfIssueValue = regexp.MustCompile(`\A[ \t]*(?:(` + abnfDomain + `)[ \t]*)?(?:;[ \t]*(?:(` + abnfParameters + `)[ \t]*)?)?\z`)
)

// readByABNF is the oracle: the grammar as a regular expression, and the parts found by what cannot stand in them.
func readByABNF(value string) Issuance {
	match := abnfIssueValue.FindStringSubmatch(value)
	if match == nil {
		return Issuance{Syntax: Malformed}
	}
	var params []Param
	if match[2] != "" {
		for _, parameter := range strings.Split(match[2], ";") {
			name, value, _ := strings.Cut(parameter, "=")
			params = append(params, Param{strings.Trim(name, " \t"), strings.Trim(value, " \t")})
		}
	}
	return Issuance{Issuer: strings.ToLower(match[1]), Params: params}
}

func sameIssuance(a, b Issuance) bool {
	return a.Issuer == b.Issuer && a.Syntax == b.Syntax && slices.Equal(a.Params, b.Params)
}

// All values up to six octets long over the characters that the grammar tells apart.
func TestIssuanceExhaustive(t *testing.T) {
	const alphabet, longest = "A-. ;=\t", 6
	values, wellFormed := 0, 0
	var extend func(prefix []byte)
	extend = func(prefix []byte) {
		value := string(prefix)
		got, want := ParseIssuance(value), readByABNF(value)
		if !sameIssuance(got, want) {
			t.Fatalf("%q: got %+v, the ABNF gives %+v", value, got, want)
		}
		values++
		if got.Syntax == WellFormed {
			wellFormed++
		}
		if len(prefix) < longest {
			for _, c := range []byte(alphabet) {
				extend(append(prefix, c))
			}
		}
	}
	extend(make([]byte, 0, longest))
	t.Logf("%d values, %d of them well formed", values, wellFormed)
	if wellFormed < 1000 || wellFormed > values/2 {
		t.Errorf("%d of %d values well formed: the alphabet does not exercise the grammar", wellFormed, values)
	}
}

// Long values, made of whole tokens so that many are well formed.
func TestIssuanceRandom(t *testing.T) {
	tokens := []string{"a", "ca.example", "X-9", " ", "\t", ";", "; ", "=", "a=b", "; c-d=e=f", "-", ".", "\u00e9", "_", "\x00", `"`}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var value strings.Builder
		for range rnd.IntN(12) {
			value.WriteString(tokens[rnd.IntN(len(tokens))])
		}
		got, want := ParseIssuance(value.String()), readByABNF(value.String())
		if !sameIssuance(got, want) {
			t.Fatalf("%q: got %+v, the ABNF gives %+v", value.String(), got, want)
		}
	}
}

func FuzzIssuance(f *testing.F) {
	for _, seed := range []string{"", ";", "ca.example", " ca.example ; a=b", "ca.example;a-b=;c=d=e", "a.example;;", "; x=1;",
		"a-.example", "https://a.example", "a.example; accounturi=https://a.example/1; validationmethods=dns-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, want := ParseIssuance(value), readByABNF(value)
		if !sameIssuance(got, want) {
			t.Fatalf("%q: got %+v, the ABNF gives %+v", value, got, want)
		}
	})
}

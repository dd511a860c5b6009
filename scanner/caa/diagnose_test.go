package caa

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// table is a registry as a table of the test.
type table map[string]Issuer

var someRegistry = table{
	"ca.example":      {Known: true, Families: []string{"A"}, Honours: [Kinds]bool{TLS: true, SMIME: true}},
	"mail.ca.example": {Known: true, Families: []string{"A"}},
	"tls.example":     {Known: true, Families: []string{"B"}, Honours: [Kinds]bool{TLS: true}, Refuses: [Kinds]bool{SMIME: true, VMC: true}},
	"shared.example":  {Known: true, Families: []string{"A", "C"}},
	"old.example":     {Known: true, Retired: true, Families: []string{"D"}},
	"www.own.example": {Known: true, Families: []string{"E"}},
}

func (l table) Issuer(identifier string) Issuer { return l[identifier] }

// Nearest takes tls.exampl, and whatever stands below ca.example, for mistyped.
func (l table) Nearest(identifier string) (string, int, bool) {
	switch {
	case identifier == "tls.exampl" || identifier == "192.0.2.1": // an address is near to nobody, whatever a registry says
		return "tls.example", 1, true
	case identifier == "old.exampl":
		return "old.example", 1, true
	case strings.HasSuffix(identifier, ".ca.example"):
		return "ca.example", 1, true
	}
	return "", 0, false
}

// wordsOf returns the words of a set as one text, those of the rules page left out if they say the same or less.
func wordsOf(set []Property, at Circumstances) string {
	judged := Judge(set)
	return text(Words(nil, NewDiagnoser(someRegistry).Diagnose(&judged, &at)))
}

func text(words []Finding) string {
	list := make([]string, len(words))
	for i, word := range words {
		list[i] = string(word)
	}
	return strings.Join(list, " ")
}

// Records with a good iodef and issuemail, a TLS issuer of two groups: nothing is to be found.
var faultless = zone("issue shared.example", "issuemail ca.example", "iodef mailto:security@example.com")

var diagnoseTests = []struct {
	rule string // of spec/caa.md, or Q and the number of the question
	set  []Property
	want string // besides what is found without the first record
}{
	{"Q13", zone("issue nobody.example"), "all_unknown_locked_out issuer_unknown"},
	{"Q13: a private CA beside a known one", zone("issue nobody.example", "issue ca.example"), "issuer_unknown single_owner"},
	{"Q13: compared whole (R2.10)", zone("issue x.ca.example"), "all_unknown_locked_out issuer_typo:ca.example issuer_unknown"},
	{"Q13: one letter", zone("issue tls.exampl"), "all_unknown_locked_out issuer_typo:tls.example issuer_unknown"},
	{"Q15", zone("issue old.example"), "all_unknown_locked_out issuer_distrusted"},
	{"Q15: typed badly besides", zone("issue old.exampl"), "all_unknown_locked_out issuer_typo:old.example issuer_unknown"},
	{"Q16", zone("issuemail tls.example"), "issuer_no_smime_trust"},
	{"Q16: for TLS it is trusted", zone("issue tls.example"), "single_owner"},
	{"Q16: not known is not no", zone("issuemail shared.example"), ""},
	{"Q13: URL", zone("issue https://ca.example"), "all_unknown_locked_out issuer_is_url malformed-value"},
	{"Q13: URL without scheme", zone("issue ca.example/cps"), "all_unknown_locked_out issuer_is_url malformed-value"},
	{"Q13: ACME account", zone("issue https://acme.ca.example/acme/acct/1"), "all_unknown_locked_out issuer_is_url malformed-value"},
	{"Q13: host", zone("issue www.ca.example"), "all_unknown_locked_out issuer_is_host issuer_typo:ca.example issuer_unknown"},
	{"Q13: host of a stranger", zone("issue mail.nobody.example"), "all_unknown_locked_out issuer_is_host issuer_unknown"},
	{"Q13: known with and without (R2.10)", zone("issue mail.ca.example"), "issuer_is_host single_owner"},
	{"Q13: known only so (R2.10)", zone("issue www.own.example"), "single_owner"},
	{"Q13: www alone is no host", zone("issue www.example"), "all_unknown_locked_out issuer_unknown"},
	{"Q13: IPv4 fits the grammar", zone("issue 192.0.2.1"), "all_unknown_locked_out issuer_is_ip issuer_unknown"},
	{"Q13: IPv6 does not", zone("issue 2001:db8::1"), "all_unknown_locked_out issuer_is_ip malformed-value"},
	{"Q13: IPv4 and a dot", zone("issue 192.0.2.1."), "all_unknown_locked_out issuer_is_ip malformed-value"},
	{"Q13: in brackets", zone("issue [2001:db8::1]"), "all_unknown_locked_out issuer_is_ip malformed-value"},
	{"R2.8: trailing dot", zone("issue ca.example."), "all_unknown_locked_out issuer_trailing_dot malformed-value"},
	{"R2.8: trailing dot and parameter", zone("issue ca.example.; a=b"), "all_unknown_locked_out issuer_trailing_dot malformed-value"},
	{"R2.8: both at once", zone("issue ca.example.; a"), "all_unknown_locked_out issuer_trailing_dot malformed-value param_syntax"},
	{"R2.8: comma", zone("issue ca.example, tls.example"), "all_unknown_locked_out issuer_list_in_one_value malformed-value"},
	{"R2.8: blank", zone("issue ca.example tls.example"), "all_unknown_locked_out issuer_list_in_one_value malformed-value"},
	{"R2.8: semicolon", zone("issue ca.example; tls.example"), "all_unknown_locked_out issuer_list_in_one_value malformed-value"},
	{"R2.8: list and parameter", zone("issue ca.example, tls.example; a=b"), "all_unknown_locked_out issuer_list_in_one_value malformed-value"},
	{"R2.8: star", zone("issue *.ca.example"), "all_unknown_locked_out malformed-value"},
	{"R2.8: rubbish", zone("issue %%%%%"), "all_unknown_locked_out malformed-value"},
	{"C6", zone("issue CA.example"), "issuer_uppercase single_owner"},
	{"C6: not of parameters", zone("issue ca.example; A=B"), "single_owner"},
	{"Q13: A-label", zone("issue xn--c-0ga.example"), "all_unknown_locked_out issuer_idn issuer_unknown"},
	{"Q13: U-label", zone("issue c\u00e4.example"), "all_unknown_locked_out issuer_idn malformed-value value_nonascii"},
	{"Q13: no-break space", zone("issue ca.example\u00a0"), "all_unknown_locked_out malformed-value value_nonascii value_whitespace"},
	{"Q13: quotes", zone(`issue "ca.example"`), "all_unknown_locked_out malformed-value value_quotes"},
	{"Q13: quotes of a word processor", zone("issue \u201cca.example\u201d"), "all_unknown_locked_out malformed-value value_nonascii value_quotes"},
	{"Q13: quotes about a parameter", zone(`issue ca.example; accounturi="a:b"`), "single_owner value_quotes"},
	{"Q13: an apostrophe within is none", zone("issue ca.example; a=b'c"), "single_owner"},
	{"R2.8: empty", zone("issue "), "value_empty"},
	{"R2.8: blanks", zone("issue \t "), "value_empty"},
	{"R2.8: a semicolon is not empty", zone("issue ;"), ""},
	{"R2.8: blanks around", zone("issue  ca.example "), "single_owner value_whitespace"},
	{"R2.8: blanks within", zone("issue ca.exam ple"), "all_unknown_locked_out malformed-value value_whitespace"},
	{"R2.8: between parameters", zone("issue ca.example ; a=b ;\tc=d"), "single_owner"},
	{"R2.8: line feed", zone("issue ca.example\n"), "all_unknown_locked_out malformed-value value_whitespace"},
	{"R2.8: parameter without value", zone("issue ca.example; x"), "all_unknown_locked_out malformed-value param_syntax"},
	{"C13", zone("issue ca.example; x=1;"), "all_unknown_locked_out malformed-value param_syntax"},
	{"C13: two", zone("issue ca.example;;"), "all_unknown_locked_out malformed-value param_syntax"},
	{"R2.17: twice", zone("issue ca.example; accounturi=a:b; AccountURI=a:c"), "param_duplicate_accounturi single_owner"},
	{"R2.17: in two records", zone("issue ca.example; accounturi=a:b", "issue ca.example; accounturi=a:c"), "single_owner"},
	{"C17: not for mail", zone("issuemail ca.example; accounturi=a:b; accounturi=a:c; validationmethods=x"), ""},
	{"R2.17: method", zone("issue ca.example; validationmethods=dns-01,dns"), "single_owner validationmethods_unknown"},
	{"R2.17: no method", zone("issue ca.example; validationmethods="), "single_owner validationmethods_unknown"},
	{"C10: case", zone("issue ca.example; validationmethods=DNS-01"), "single_owner validationmethods_unknown"},
	{"R2.18: of a CA", zone("issue ca.example; validationmethods=ca-tbr-7,http-01"), "single_owner"},
	{"R2.18: nothing behind it", zone("issue ca.example; validationmethods=ca-"), "single_owner validationmethods_unknown"},
	{"Q19: inert", zone("issue ;", "issue shared.example"), "deny_beside_allow"},
	{"Q19: of another tag", zone("issue shared.example", "issuewild ;"), ""},
	{"Q19: even beside a stranger", zone("issue ;", "issue nobody.example"), "deny_beside_allow issuer_unknown"},
	{"Q19: duplicates", zone("issue shared.example", "ISSUE shared.example;"), "duplicate_record tag_mixed_case"},
	{"Q19: two ways to deny", zone("issue ;", "issue "), "duplicate_record value_empty"},
	{"Q19: bound and unbound differ", zone("issue shared.example", "issue shared.example; accounturi=a:b"), ""},
	{"Q18", zone("issue shared.example", "128 issue shared.example"), "flag_conflict"},
	{"Q18: another issuer", zone("issue shared.example", "128 issue ca.example"), ""},
	{"R2.1, C5", zone("1 issue shared.example"), "reserved-flag-bits reserved_flag_bits"},
	{"R2.5", zone("128 tbs x", "issue ;"), "critical_unknown_tag unknown-critical unknown-tag unknown_tag"},
	{"R2.5: nobody was to be denied", zone("128 tbs x", "issue shared.example"), "all_unknown_locked_out critical_unknown_tag unknown-critical unknown-tag unknown_tag"},
	{"R2.5: known", zone("128 issue shared.example"), ""},
	{"R2.6", zone("tbs x"), "unknown-tag unknown_tag"},
	{"R2.3", zone("issue_ x"), "tag_nonalnum unknown-tag unknown_tag"},
	{"R2.2", zone("Issue shared.example"), "tag_mixed_case"},
	{"R2.2: unknown", zone("Tbs x"), "tag_mixed_case unknown-tag unknown_tag"},
	{"R2.15: no scheme", zone("iodef security@example.com"), "bad-iodef iodef_no_scheme"},
	{"R2.15: host and port", zone("iodef www.example.com:443/report"), "bad-iodef iodef_no_scheme"},
	{"R2.15: scheme", zone("iodef ftp://example.com/"), "bad-iodef iodef_bad_scheme"},
	{"R2.15: not with a good scheme", zone("iodef mailto:"), "bad-iodef"},
	{"R2.15: quotes", zone(`iodef "mailto:a@example.com"`), "bad-iodef value_quotes"},
	{"R2.15: blank", zone("iodef mailto:a@example.com "), "bad-iodef value_whitespace"},
	{"R2.15: not ASCII", zone("iodef mailto:\u00e4@example.com"), "bad-iodef value_nonascii"},
	{"R2.15: empty", zone("iodef "), "bad-iodef value_empty"},
	{"R2.16", zone("contactemail a@b c"), "bad-contact"},
	{"R2.16: RFC 6532", zone("contactemail \u00e4@example.com"), ""},
	{"R2.16: phone", zone("contactphone +49\u00a030 123456"), "bad-contact value_nonascii value_whitespace"},
	{"R2.16: empty", zone("contactemail "), "bad-contact value_empty"},
}

func TestDiagnose(t *testing.T) {
	for _, test := range diagnoseTests {
		set := test.set
		traits := Judge(set).Traits // add what keeps the set from being found wanting in itself
		for tag, record := range map[Traits]string{TagIssue: "issue ;", TagIssueMail: "issuemail ;", TagIodef: "iodef mailto:a@example.com"} {
			if !traits.Has(tag) {
				set = append(set, zone(record)...)
			}
		}
		if got := wordsOf(set, Circumstances{}); got != test.want {
			t.Errorf("%s: %v:\ngot  %s\nwant %s", test.rule, test.set, got, test.want)
		}
	}
}

var diagnoseSetTests = []struct {
	rule string
	set  []Property
	at   Circumstances
	want string // all words
}{
	{"nothing", nil, Circumstances{}, ""},
	{"nothing, however fetched", nil, Circumstances{Aliased: true, TTLKnown: true, Truncated: true}, ""},
	{"Q25", nil, Circumstances{Inconsistent: true}, "ns_inconsistent"},
	{"faultless", faultless, Circumstances{TTLKnown: true, TTL: 28800, Size: 1232}, ""},
	{"Q3", zone("issue shared.example", "iodef mailto:a@b"), Circumstances{}, "issue_without_issuemail"},
	{"Q4", zone("issue ;", "iodef mailto:a@b"), Circumstances{Mail: TakesNoMail}, "issue_without_issuemail"},
	{"Q5", zone("issuemail ca.example", "iodef mailto:a@b"), Circumstances{}, "issuemail_without_issue"},
	{"R2.11", zone("issuewild ca.example", "issuemail ;", "iodef mailto:a@b"), Circumstances{}, "issuemail_without_issue issuewild_without_issue"},
	{"R2.11: wildcards are restricted", zone("issuewild ca.example", "iodef mailto:a@b"), Circumstances{}, "issuewild_without_issue"},
	{"Q6", zone("iodef mailto:a@b"), Circumstances{}, "restricts_nothing"},
	{"Q6: marks only", zone("issuevmc ca.example"), Circumstances{}, "iodef_missing restricts_nothing"},
	{"Q6: contact", zone("contactemail a@b"), Circumstances{}, "iodef_missing restricts_nothing"},
	{"Q12", zone("issue ca.example", "issue mail.ca.example", "issuemail ;", "iodef mailto:a@b"), Circumstances{}, "issuer_is_host single_owner"},
	{"Q12: two owners of one identifier", zone("issue ca.example", "issue shared.example", "issuemail ;", "iodef mailto:a@b"), Circumstances{}, ""},
	{"Q12: retired ones issue nothing", zone("issue ca.example", "issue old.example", "issuemail ;", "iodef mailto:a@b"), Circumstances{}, "issuer_distrusted single_owner"},
	{"Q14: mail only", zone("issue shared.example", "issuemail x.example", "iodef mailto:a@b"), Circumstances{}, "all_unknown_locked_out issuer_unknown"},
	{"Q14: not if one is denied on purpose", zone("issue shared.example", "issuemail %", "issuemail ;", "iodef mailto:a@b"), Circumstances{}, "malformed-value"},
	{"Q17", zone("issue shared.example", "issuemail ;"), Circumstances{}, "iodef_missing"},
	{"Q23", faultless, Circumstances{Inherited: true}, "inherited"},
	{"Q23: suffix", faultless, Circumstances{Inherited: true, BySuffix: true}, "inherited suffix_supplied"},
	{"Q23: the suffix itself", faultless, Circumstances{BySuffix: true}, ""},
	{"Q24", faultless, Circumstances{Aliased: true}, "alias alias_supplied"},
	{"Q27", faultless, Circumstances{TTLKnown: true, TTL: 28801}, "ttl_over_8h"},
	{"Q27: zero", faultless, Circumstances{TTLKnown: true}, "ttl_zero"},
	{"Q28: size", faultless, Circumstances{Size: 1233}, "oversize_udp"},
	{"Q28: truncated", faultless, Circumstances{Truncated: true}, "oversize_udp"},
	{"Q25: and a set", faultless, Circumstances{Inconsistent: true}, "ns_inconsistent"},
}

func TestDiagnoseSets(t *testing.T) {
	for _, test := range diagnoseSetTests {
		if got := wordsOf(test.set, test.at); got != test.want {
			t.Errorf("%s: %v:\ngot  %s\nwant %s", test.rule, test.set, got, test.want)
		}
	}
}

// Without a registry nobody is unknown, and nothing is said of owners.
func TestNoRegistry(t *testing.T) {
	set := Judge(zone("issue www.nobody.example", "issuemail ca.example.", "iodef mailto:a@b"))
	got := text(Words(nil, NewDiagnoser(nil).Diagnose(&set, &Circumstances{})))
	if want := "all_unknown_locked_out issuer_is_host issuer_trailing_dot malformed-value"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// questionWords are the finding codes of research/questions.md.
const questionWords = `issuer_unknown, issuer_typo:<closest>, issuer_distrusted, issuer_no_smime_trust, issuer_is_url, issuer_is_host (www., mail.), issuer_is_ip, issuer_trailing_dot, issuer_list_in_one_value, issuer_uppercase, issuer_idn, value_quotes, value_empty, value_nonascii, value_whitespace, param_syntax, param_duplicate_accounturi, validationmethods_unknown, deny_beside_allow, duplicate_record, flag_conflict, reserved_flag_bits, critical_unknown_tag, unknown_tag, tag_nonalnum, tag_mixed_case, iodef_missing, iodef_no_scheme, iodef_bad_scheme, iodef_unresolvable, issue_without_issuemail, issuemail_without_issue, issuewild_without_issue, restricts_nothing, single_owner, all_unknown_locked_out, shared_operator_rrset, injected_rrset, alias_supplied, suffix_supplied, ttl_over_8h, ttl_zero, oversize_udp, ns_inconsistent.`

// Every word of both pages is in the catalogue, and some evidence produces it, but for those that need many names.
func TestEveryWord(t *testing.T) {
	listed := questionWords
	if page, err := os.ReadFile("../../../shared/research/questions.md"); err == nil {
		_, after, _ := strings.Cut(string(page), "## Finding codes")
		_, after, _ = strings.Cut(after, "\n")
		listed, _, _ = strings.Cut(after, "\n")
	}
	produced := map[Finding]bool{}
	for _, test := range diagnoseTests {
		for word := range strings.FieldsSeq(wordsOf(test.set, Circumstances{})) {
			word, _ := Finding(word).Cut()
			produced[word] = true
		}
	}
	for _, test := range diagnoseSetTests {
		for word := range strings.FieldsSeq(wordsOf(test.set, test.at)) {
			produced[Finding(word)] = true
		}
	}
	words := []Finding{MalformedValue, UnknownTag, UnknownCritical, ReservedFlagBits, BadIodef, BadContact, Alias, Inherited}
	for _, word := range regexp.MustCompile(`[a-z]+(?:_[a-z0-9]+)+`).FindAllString(listed, -1) {
		words = append(words, Finding(word))
	}
	if len(words) != 8+44 {
		t.Fatalf("%d words", len(words))
	}
	for _, word := range words {
		entry, ok := word.Entry()
		if !ok {
			t.Errorf("%s is not in the catalogue", word)
		}
		if produced[word] == entry.ManyNames {
			t.Errorf("%s: produced %v, of many names %v", word, produced[word], entry.ManyNames)
		}
	}
	if got := len(Catalogue()); got != len(words) {
		t.Errorf("the catalogue has %d words, the two pages %d", got, len(words))
	}
}

var hostileValues = append([]string{
	"www.ca.example", "tls.exampl", "old.example", "192.0.2.1", "::1", "[", "]:", "a.example.", "a.example.,b.example.", "ca.example tls.example",
	"ca.example;tls.example", "https://ca.example/acme/acct/1", "https://", "//", "http:", "\"", `"ca.example"`, "'", "\u201c", "\u00a0", " ", "\t;", ";;", ";\n", "\xff",
	"c\u00e4.example", "ca .example", "no one", "ca.example; accounturi=a:b; accounturi=a:c", `ca.example; validationmethods="DNS-01, http-01";`, "ca.example; x",
	"; accounturi=a:b; accounturi=a:c", "CA.example; validationmethods=", "xn--a.example", "nobody.example", "shared.example", "tls.example", "a@example.com", "mailto:a@example.com ",
	"tel:+4930123456", "ftp://x", "x.ca.example; a=b", "mail.ca.example;",
}, someValues...)

// hostileSet is made of records with all that can be wrong.
func hostileSet(rnd *rand.Rand) []Property {
	tags := someTags
	if rnd.IntN(3) > 0 {
		tags = knownSome
	}
	set := make([]Property, 1+rnd.IntN(6))
	for i := range set {
		set[i] = Property{Flags: pick(rnd, someFlags), Tag: pick(rnd, tags), Value: pick(rnd, hostileValues)}
		if rnd.IntN(2) == 0 {
			set[i].Value = ""
			for range 1 + rnd.IntN(6) {
				set[i].Value += pick(rnd, hostileParts)
			}
		}
	}
	return set
}

// hostileParts are what values are made of, in whatever order.
var hostileParts = []string{
	"ca.example", "tls.exampl", "tls.example", "nobody.example", "CA.", "www.", "mail.", "a", "example", ".", ",", ";", "; ", " ", "\t", "\n", "\"", "'", "\u00a0", "\u201c", "\xff", "\u00e4",
	"/", "https://", "http:", "mailto:", "@", ":", "/acct/", "accounturi=", "accounturi=a:b", "; accounturi=https://ca.example/acct/1", "validationmethods=", "DNS-01", "http-01", "=", "-", "*", "xn--", "192.0.2.1", "|",
}

func randomCircumstances(rnd *rand.Rand) Circumstances {
	bits := rnd.Uint32()
	return Circumstances{
		Aliased: bits&1 != 0, Inherited: bits&2 != 0, BySuffix: bits&4 != 0, Truncated: bits&8 != 0, Inconsistent: bits&16 != 0,
		TTLKnown: bits&32 != 0, TTL: uint32(bits >> 16), Mail: MailUse(bits >> 6 % 3),
	}
}

// checkDiagnosis holds what Diagnose finds against its promises, and the same records shuffled.
func checkDiagnosis(t *testing.T, d *Diagnoser, properties []Property, at *Circumstances, rnd *rand.Rand) {
	t.Helper()
	set := Judge(properties)
	found := slices.Clone(d.Diagnose(&set, at))
	words := Words(nil, found)
	if !strictlySorted(words) {
		t.Fatalf("%v: words %q", properties, words)
	}
	for _, f := range set.Findings { // a cause never takes the place of its class
		if !slices.Contains(words, f) {
			t.Fatalf("%v: %s is missing in %q", properties, f, words)
		}
	}
	for _, diagnosis := range found {
		if diagnosis.Record < -1 || diagnosis.Record >= len(properties) {
			t.Fatalf("%v: record %d", properties, diagnosis.Record)
		}
		explanation, advice := diagnosis.Explain(&set, at)
		for _, text := range []string{explanation, advice} {
			if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%v: %v: %q", properties, diagnosis, text)
			}
		}
	}
	if shown := Essential(nil, found); len(found) > 0 && len(shown) == 0 {
		t.Fatalf("%v: of %v nothing is essential", properties, found)
	}

	order := rnd.Perm(len(properties))
	shuffled := make([]Property, len(properties))
	for i, from := range order {
		shuffled[i] = properties[from]
	}
	other := Judge(shuffled)
	again := d.Diagnose(&other, at)
	if got := Words(nil, again); !slices.Equal(got, words) {
		t.Fatalf("%v: the order matters: %q, %q", properties, words, got)
	}
	if a, b := about(found, &set), about(again, &other); !slices.Equal(a, b) {
		t.Fatalf("%v: the order matters: %q, %q", properties, a, b)
	}
}

// about lists diagnoses with the records they are about, for whatever order these are in.
func about(found []Diagnosis, set *Set) (list []string) {
	for _, d := range found {
		record := ""
		if d.Record >= 0 {
			record = string(set.Properties[d.Record].AppendRData(nil))
		}
		list = append(list, string(d.Word())+" "+d.Detail+" "+record)
	}
	slices.Sort(list)
	return list
}

func TestDiagnoseRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	d := NewDiagnoser(someRegistry)
	for range 2_000 {
		at := randomCircumstances(rnd)
		checkDiagnosis(t, d, hostileSet(rnd), &at, rnd)
	}
}

// The memory for identifiers is bounded, and holds no part of a large record.
func TestRememberedIssuers(t *testing.T) {
	d := NewDiagnoser(someRegistry)
	for i := range maxRemembered + 10 {
		set := Judge([]Property{{Tag: "issue", Value: "ca" + strings.Repeat("x", i%200) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + ".example"}})
		d.Diagnose(&set, &Circumstances{})
	}
	if len(d.issuers) > maxRemembered {
		t.Errorf("%d identifiers", len(d.issuers))
	}
	d = NewDiagnoser(someRegistry)
	set := Judge([]Property{{Tag: "issue", Value: strings.Repeat("a", 60_000)}})
	if d.Diagnose(&set, &Circumstances{}); len(d.issuers) != 0 {
		t.Error("an identifier longer than any name is remembered")
	}
}

package caa

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// lines writes records without owner and class, for tables.
func lines(records []Property) string {
	var list []string
	for _, p := range records {
		list = append(list, p.String())
	}
	return strings.Join(list, " | ")
}

func TestRecommend(t *testing.T) {
	for _, test := range []struct {
		rule string
		set  []Property
		mail MailUse
		want string
	}{
		{"nothing amiss", faultless, TakesMail, lines(faultless)},
		{"R2.8: trailing dot", zone("issue ca.example."), 0, `0 issue "ca.example"`},
		{"R2.8: of a private CA", zone("issue ca.internal.; a=b"), 0, `0 issue "ca.internal; a=b"`},
		{"R2.8: list", zone("issue ca.example, tls.example"), 0, `0 issue "ca.example" | 0 issue "tls.example"`},
		{"R2.8: list with a parameter", zone("128 issuewild ca.example tls.example; a=b"), 0, `128 issuewild "ca.example; a=b" | 128 issuewild "tls.example; a=b"`},
		{"R2.8: list with what is no issuer", zone("issue ca.example, none"), 0, `0 issue "ca.example, none"`},
		{"R2.8: URL", zone("issuemail https://www.ca.example/cps"), 0, `0 issuemail "ca.example"`},
		{"R2.8: URL of a stranger", zone("issue https://nobody.example/"), 0, `0 issue "https://nobody.example/"`},
		{"R2.8: user part", zone("issue https://ca.example@nobody.example/"), 0, `0 issue "https://ca.example@nobody.example/"`},
		{"R2.8: user part of our own", zone("issue https://user@ca.example:443/"), 0, `0 issue "ca.example"`},
		{"C17: accounts for mail are the CA's matter", zone("issuemail ca.example; accounturi=a:b; accounturi=a:c"), 0, `0 issuemail "ca.example; accounturi=a:b; accounturi=a:c"`},
		{"R2.17: ACME account", zone("issue https://acme.ca.example/acme/acct/1"), 0, `0 issue "ca.example; accounturi=https://acme.ca.example/acme/acct/1"`},
		{"C17: not for mail", zone("issuemail https://acme.ca.example/acme/acct/1"), 0, `0 issuemail "ca.example"`},
		{"Q13: typo", zone("issue tls.exampl; a=b"), 0, `0 issue "tls.example; a=b"`},
		{"Q13: typo of a retired one", zone("issue old.exampl"), 0, `0 issue "old.exampl"`},
		{"Q13: typo and dot", zone("issue tls.exampl."), 0, `0 issue "tls.example"`},
		{"Q13: typo beside the right one", zone("issue tls.exampl", "issue tls.example"), 0, `0 issue "tls.example"`},
		{"Q13: host", zone("issue www.ca.example"), 0, `0 issue "ca.example"`},
		{"Q13: host that is known (R2.10)", zone("issue mail.ca.example"), 0, `0 issue "mail.ca.example"`},
		{"Q13: unknown", zone("issue nobody.example"), 0, `0 issue "nobody.example"`},
		{"Q15: retired", zone("issue old.example"), 0, `0 issue "old.example"`},
		{"C6", zone("issue CA.example; A=B"), 0, `0 issue "ca.example; A=B"`},
		{"Q13: quotes", zone(`issue "ca.example"`, `issuewild ";"`), 0, `0 issue "ca.example" | 0 issuewild ";"`},
		{"Q13: no-break space", zone("issue \u00a0ca.example\ufeff"), 0, `0 issue "ca.example"`},
		{"Q13: blank in a known name", zone("issue ca. example"), 0, `0 issue "ca.example"`},
		{"Q13: blank in another", zone("issue no body.example"), 0, `0 issue "no body.example"`},
		{"Q13: U-label", zone("issue c\u00e4.example"), 0, `0 issue "c\195\164.example"`},
		{"Q13: IP address", zone("issue 192.0.2.1", "issue ::1"), 0, `0 issue "192.0.2.1" | 0 issue "::1"`},
		{"R2.8: empty", zone("issue "), 0, `0 issue ";"`},
		{"R2.8: deny with a parameter", zone("issue ; a=b"), 0, `0 issue "; a=b"`},
		{"R2.8: spaced as one likes", zone("issue ca.example;a=b", "issuemail ca.example;"), 0, `0 issue "ca.example;a=b" | 0 issuemail "ca.example;"`},
		{"R2.9: malformed restricts, so it stays", zone("issue %%%%%", "issuemail *.ca.example"), 0, `0 issue "%%%%%" | 0 issuemail "*.ca.example"`},
		{"C13", zone("issue ca.example; x=1;", "issuewild ;;"), 0, `0 issue "ca.example; x=1" | 0 issuewild ";"`},
		{"R2.8: a parameter without value may have narrowed", zone("issue ca.example; x"), 0, `0 issue "ca.example; x"`},
		{"R2.17: methods", zone(`issue ca.example; validationmethods="DNS-01, http-01"`), 0, `0 issue "ca.example; validationmethods=dns-01,http-01"`},
		{"R2.17: method not known", zone("issue ca.example; validationmethods=dns"), 0, `0 issue "ca.example; validationmethods=dns"`},
		{"R2.17: two accounts", zone("issue ca.example; accounturi=a:b; x=1; accounturi=a:c"), 0, `0 issue "ca.example; accounturi=a:b; x=1" | 0 issue "ca.example; accounturi=a:c; x=1"`},
		{"R2.1", zone("1 issue ca.example", "129 issuewild ca.example"), 0, `0 issue "ca.example" | 128 issuewild "ca.example"`},
		{"R2.2", zone("Issue ca.example", "Tbs x"), 0, `0 issue "ca.example" | 0 Tbs "x"`},
		{"R2.5", zone("128 tbs x", "issue ca.example"), 0, `0 tbs "x" | 0 issue "ca.example"`},
		{"R2.5: nobody is named, so all stays forbidden", zone("128 tbs x", "issuemail ca.example"), 0, `128 tbs "x" | 0 issuemail "ca.example"`},
		{"Q18", zone("issue ca.example", "128 issue ca.example"), 0, `128 issue "ca.example"`},
		{"Q19", zone("issue ca.example", "issue ca.example; ", "issue ;"), 0, `0 issue "ca.example"`},
		{"Q19: perhaps nobody is meant", zone("issue nobody.example", "issue ;"), 0, `0 issue "nobody.example" | 0 issue ";"`},
		{"Q19: twice nobody", zone("issue ;", "issue "), 0, `0 issue ";"`},
		{"Q4: takes no mail", zone("issue ;"), TakesNoMail, `0 issue ";" | 0 issuemail ";"`},
		{"Q4: takes mail", zone("issue ;"), TakesMail, `0 issue ";"`},
		{"Q4: issues for TLS", zone("issue ca.example"), TakesNoMail, `0 issue "ca.example"`},
		{"Q4: closed by mistake", zone("issue %"), TakesNoMail, `0 issue "%"`},
		{"Q4: has issuemail", zone("issue ;", "issuemail ca.example"), TakesNoMail, `0 issue ";" | 0 issuemail "ca.example"`},
		{"Q17: scheme", zone("iodef security@example.com"), 0, `0 iodef "mailto:security@example.com"`},
		{"Q17: quotes", zone(`iodef "mailto:security@example.com"`), 0, `0 iodef "mailto:security@example.com"`},
		{"Q17: host", zone("iodef example.com"), 0, `0 iodef "example.com"`},
		{"R2.16", zone("contactemail mailto:a@example.com", "contactphone tel:+4930123456", "contactphone 0"), 0,
			`0 contactemail "a@example.com" | 0 contactphone "+4930123456" | 0 contactphone "0"`},
	} {
		d := NewDiagnoser(someRegistry)
		set := Judge(test.set)
		r := d.Recommend(&set, &Circumstances{Mail: test.mail})
		if got := lines(r.Records); got != test.want {
			t.Errorf("%s: %v:\ngot  %s\nwant %s", test.rule, test.set, got, test.want)
		}
		if r.Changed(&set) != (test.want != lines(test.set)) {
			t.Errorf("%s: changed: %v", test.rule, r.Changed(&set))
		}
	}
	if r := NewDiagnoser(nil).Recommend(&Set{}, &Circumstances{Owner: "example.com"}); r.Owner != "" || r.Records != nil {
		t.Errorf("got %v for no set", r)
	}
	if got := Line("example.com", Property{Tag: "issue", Value: "ca.example"}); got != `example.com. IN CAA 0 issue "ca.example"` {
		t.Error(got)
	}
}

func TestRepaired(t *testing.T) {
	set := Judge(zone("Issue tls.exampl.", "iodef a@example.com", "issuemail %", "issuemail tls.example", "issue 1.2.3.4"))
	r := NewDiagnoser(someRegistry).Recommend(&set, &Circumstances{Aliased: true, Owner: "caa.example.net"})
	if got, want := text(r.Repaired), "all_unknown_locked_out bad-iodef iodef_no_scheme issuer_trailing_dot tag_mixed_case"; got != want {
		t.Errorf("got %s, want %s", got, want) // malformed-value is left, by issuemail
	}
	if want := []int{0, 1, 2, 3, 4}; !slices.Equal(r.From, want) || r.Owner != "caa.example.net" {
		t.Errorf("got %v of %s", r.From, r.Owner)
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		rule string
		set  []Property
		want []string
	}{
		{"faultless", faultless, nil},
		{"Q3", zone("issue ca.example", "issue tls.example", "issue shared.example", "issue old.example"),
			[]string{`issue_without_issuemail 0 issuemail "ca.example"`, `issue_without_issuemail 0 issuemail ";"`}},
		{"Q3: nobody is known to", zone("issue tls.example"), []string{`issue_without_issuemail 0 issuemail ";"`}},
		{"R2.11", zone("issuewild ca.example", "issuewild tls.example"), []string{`issuewild_without_issue 0 issue "ca.example" | 0 issue "tls.example"`}},
		{"R2.11: nobody", zone("issuewild ;"), nil},
		{"R2.5", zone("128 tbs x", "issue tls.example", "issuemail ;"), []string{`critical_unknown_tag 0 issuevmc ";"`}},
	} {
		set := Judge(test.set)
		var got []string
		for _, option := range NewDiagnoser(someRegistry).Recommend(&set, &Circumstances{}).Options {
			got = append(got, string(option.Finding)+" "+lines(option.Records))
			if !strings.HasSuffix(option.Because, ".") {
				t.Errorf("%s: %q", test.rule, option.Because)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.rule, got, test.want)
		}
	}
}

// wasMeant reports whether a record of the tag has the issuer in its text, or a name that the registry takes for it.
func wasMeant(properties []Property, tag, issuer string) bool {
	for _, p := range properties {
		if !p.Is(tag) {
			continue
		}
		value := strings.ToLower(p.Value)
		if strings.Contains(value, issuer) || strings.Contains(squeeze(value), issuer) {
			return true
		}
		for _, name := range strings.FieldsFunc(value, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-.", r) }) {
			if nearest, _, _ := someRegistry.Nearest(strings.TrimRight(name, ".")); nearest == issuer {
				return true
			}
		}
	}
	return false
}

// checkRecommendation holds a recommendation against its promises.
func checkRecommendation(t *testing.T, d *Diagnoser, properties []Property, at *Circumstances) {
	t.Helper()
	before := Judge(properties)
	wordsBefore := Words(nil, d.Diagnose(&before, at))
	r := d.Recommend(&before, at)
	after := Judge(r.Records)
	wordsAfter := Words(nil, d.Diagnose(&after, at))
	if len(r.Records) == 0 || len(r.From) != len(r.Records) {
		t.Fatalf("%v: %v from %v", properties, r.Records, r.From)
	}
	for _, word := range r.Repaired {
		if !slices.Contains(wordsBefore, word) || slices.Contains(wordsAfter, word) {
			t.Fatalf("%v: %v has not repaired %s", properties, lines(r.Records), word)
		}
	}
	for _, word := range wordsAfter { // a repair brings no new fault: only an issuer may come to light that is of no use
		if word.Severity() == SeverityError && !slices.Contains(wordsBefore, word) {
			t.Fatalf("%v: %v now has %s", properties, lines(r.Records), word)
		}
	}
	forbade := before.Traits.Has(FlagCriticalUnknown)
	for kind, tag := range [Kinds]string{"issue", "issuewild", "issuemail", "issuevmc"} {
		for i, p := range r.Records {
			if issuer := after.Issuances[i].Issuer; p.Is(tag) && issuer != "" && !wasMeant(properties, tag, issuer) {
				t.Fatalf("%v: %v lets in %s by %s", properties, lines(r.Records), issuer, tag)
			}
		}
		wasOpen := before.Posture[kind] == Open
		if forbade { // what the other records say of it
			wasOpen = !before.Traits.Has(kindTags[kind]) && !(Kind(kind) == TLSWildcard && before.Traits.Has(TagIssue))
		}
		if after.Posture[kind] == Open && !wasOpen {
			t.Fatalf("%v: %v opens %v", properties, lines(r.Records), Kind(kind))
		}
	}
	if forbade && after.Posture[TLS] == Open {
		t.Fatalf("%v: %v opens what a critical property had forbidden", properties, lines(r.Records))
	}
	if again := d.Recommend(&after, at); again.Changed(&after) {
		t.Fatalf("%v: %v is not the last word: %v", properties, lines(r.Records), lines(again.Records))
	}
}

func TestRecommendRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	d := NewDiagnoser(someRegistry)
	changed := 0
	for range 3_000 {
		at := randomCircumstances(rnd)
		set := hostileSet(rnd)
		checkRecommendation(t, d, set, &at)

		judged := Judge(set)
		r := d.Recommend(&judged, &at)
		if r.Changed(&judged) {
			changed++
		}
		rnd.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
		judged = Judge(set)
		if other := d.Recommend(&judged, &at); Hash(other.Records) != Hash(r.Records) {
			t.Fatalf("%v: the order matters: %v, %v", set, lines(r.Records), lines(other.Records))
		}
	}
	if changed < 1_000 {
		t.Errorf("%d sets changed only", changed)
	}
}

// FuzzDiagnose reads its input as records, each behind its length in one octet.
func FuzzDiagnose(f *testing.F) {
	for _, test := range diagnoseTests {
		var input []byte
		for _, p := range test.set {
			data := p.AppendRData(nil)
			input = append(append(input, byte(len(data))), data...)
		}
		f.Add(uint64(len(input)), input)
	}
	d := NewDiagnoser(someRegistry)
	f.Fuzz(func(t *testing.T, seed uint64, input []byte) {
		var properties []Property
		for len(input) > 0 {
			length := min(int(input[0]), len(input)-1)
			if p, err := ParseRData(input[1 : 1+length]); err == nil {
				properties = append(properties, p)
			}
			input = input[1+length:]
		}
		if len(properties) == 0 {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 10))
		at := randomCircumstances(rnd)
		checkDiagnosis(t, d, properties, &at, rnd)
		checkRecommendation(t, d, properties, &at)
	})
}

// Records as large as a message can carry are read and repaired in a time that grows with their size.
func TestHugeValues(t *testing.T) {
	var many []Property
	for i := range 3_500 {
		many = append(many, []Property{{Tag: "issue", Value: "a."}, {Flags: 129, Tag: "I_"}, {Tag: "issue", Value: ";"}, {Tag: "iodef", Value: "a@b"}}[i%4])
	}
	for _, set := range [][]Property{
		many, {{Tag: "issue", Value: "https://" + strings.Repeat("a.", 32_000) + "/"}}, {{Tag: "issue", Value: strings.Repeat("a.b,", 16_000)}},
		{{Tag: "issue", Value: "a.b" + strings.Repeat(";accounturi=", 5_300)}}, {{Tag: "issue", Value: "a.b;validationmethods=" + strings.Repeat(",", 65_000)}},
		{{Tag: "issue", Value: strings.Repeat("a.b,", 8_000) + strings.Repeat(";accounturi=", 2_600)}}, {{Tag: "issue", Value: strings.Repeat("\u00a0", 32_000)}},
		{{Tag: "issue", Value: "a.b" + strings.Repeat(";x=", 21_000) + ";"}}, {{Tag: "issue", Value: strings.Repeat("a ", 32_000)}}, {{Tag: "iodef", Value: strings.Repeat("'", 65_000)}},
	} {
		d := NewDiagnoser(someRegistry)
		judged := Judge(set)
		found := slices.Clone(d.Diagnose(&judged, &Circumstances{}))
		Essential(nil, found)
		if r := d.Recommend(&judged, &Circumstances{}); len(r.Records) > len(set)+maxSplit*maxSplit {
			t.Errorf("%d records of %d", len(r.Records), len(set))
		}
	}
}

package caa

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every entry can be shown to an owner: one sentence each, places that Explain fills in, nothing left unsaid.
func TestCatalogue(t *testing.T) {
	place := regexp.MustCompile(`\{([a-z]*)\}`)
	more := regexp.MustCompile(`[.!?] [A-Z]`)
	places := []string{"record", "value", "tag", "issuer", "detail", "name", "level", "owner", "ttl", "size"}
	form := regexp.MustCompile(`\A[a-z0-9]+(?:_[a-z0-9]+)*\z|\A[a-z]+(?:-[a-z]+)*\z`)
	if !slices.IsSortedFunc(Catalogue(), func(a, b Entry) int { return compareEntry(a, b.Finding) }) {
		t.Error("not sorted")
	}
	for i, entry := range Catalogue() {
		if !form.MatchString(string(entry.Finding)) || i > 0 && Catalogue()[i-1].Finding == entry.Finding {
			t.Errorf("%q is no word, or stands twice", entry.Finding)
		}
		for _, text := range []string{entry.Explanation, entry.Advice} {
			if !strings.HasSuffix(text, ".") || more.MatchString(text) || len(text) < 20 || len(text) > 200 {
				t.Errorf("%s: %q is not one short sentence", entry.Finding, text)
			}
			for _, found := range place.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(places, found[1]) {
					t.Errorf("%s: nothing fills in %s", entry.Finding, found[0])
				}
			}
		}
		for _, besides := range entry.Besides { // what is left out must not be graver than what is shown
			other, ok := besides.Entry()
			if !ok || other.Severity > entry.Severity || slices.Contains(other.Besides, entry.Finding) {
				t.Errorf("%s must not take the place of %s", entry.Finding, besides)
			}
		}
	}
	if _, ok := Finding("no_such_word").Entry(); ok {
		t.Error("an entry for no word of ours")
	}
	if entry, ok := Finding("issuer_typo:ca.example").Entry(); !ok || entry.Finding != IssuerTypo {
		t.Errorf("got %v for a word with its argument", entry)
	}
	words := []Severity{SeverityInfo, SeverityNotice, SeverityWarning, SeverityError}
	for i, want := range []string{"info", "notice", "warning", "error"} {
		if words[i].String() != want {
			t.Errorf("got %s, want %s", words[i], want)
		}
	}
}

// All the places of all the entries are filled in, whatever produced them.
func TestExplain(t *testing.T) {
	d := NewDiagnoser(someRegistry)
	at := Circumstances{Name: "www.example.com", Level: "example.com", Owner: "caa.example.net", TTL: 86_400, TTLKnown: true, Size: 2000, Aliased: true, Inherited: true, BySuffix: true, Inconsistent: true}
	for _, test := range diagnoseTests {
		set := Judge(test.set)
		for _, diagnosis := range d.Diagnose(&set, &at) {
			explanation, advice := diagnosis.Explain(&set, &at)
			if strings.ContainsAny(explanation+advice, "{}") {
				t.Errorf("%s: %s %s", diagnosis.Finding, explanation, advice)
			}
		}
	}
	for _, test := range []struct {
		set         []Property
		finding     Finding
		explanation string
		advice      string
	}{
		{zone("issue tls.exampl"), IssuerTypo, `issue names "tls.exampl", which no CA that we know of goes by; probably "tls.example" is meant.`,
			`Replace "tls.exampl" by "tls.example" if that is your CA.`},
		{zone("issuemail a\x1b[2J\"."), MalformedValue, `The value "a\027[2J\"." of issuemail does not fit the grammar (RFC 8659 section 4.2): it names nobody, yet it restricts.`,
			"Write the domain name of one CA, or a semicolon alone if nobody shall issue."},
		{zone("issuemail {tag}"), MalformedValue, `The value "{tag}" of issuemail does not fit the grammar (RFC 8659 section 4.2): it names nobody, yet it restricts.`,
			"Write the domain name of one CA, or a semicolon alone if nobody shall issue."},
		{zone("128 tb\ns x"), CriticalUnknownTag, `The tag "tb\010s" is not registered, and is marked as critical: that forbids every CA to issue any certificate.`,
			"Set the flags of this record to 0, or remove it."},
		{zone("issue %"), AllUnknownLockedOut, "No CA that we know of can issue web (TLS) certificates, and the records do not say that this is meant.",
			"Correct the records so that they name your CA, or publish a semicolon alone if nobody shall issue."},
		{faultless, TTLOver8h, "The records live for 86400 seconds, so that a CA may rely on old ones for longer than the usual 8 hours.",
			"Lower the TTL to 28800 seconds or less, so that changes take effect the same day."},
		{faultless, Inherited, "www.example.com has no CAA records of its own, so that those of example.com hold.",
			"Publish records at www.example.com only if other CAs shall issue for it."},
		{faultless, AliasSupplied, "example.com is an alias, and the records are those of caa.example.net.",
			"Whoever runs caa.example.net decides who may issue: ask them, or replace the alias by records of your own."},
	} {
		set := Judge(test.set)
		found := d.Diagnose(&set, &at)
		i := slices.IndexFunc(found, func(d Diagnosis) bool { return d.Finding == test.finding })
		if i < 0 {
			t.Errorf("%v: no %s", test.set, test.finding)
			continue
		}
		if explanation, advice := found[i].Explain(&set, &at); explanation != test.explanation || advice != test.advice {
			t.Errorf("%v: got\n%s\n%s", test.set, explanation, advice)
		}
	}
	set := Judge([]Property{{Tag: "issue", Value: strings.Repeat("%", 60_000)}})
	if explanation, _ := d.Diagnose(&set, &Circumstances{})[0].Explain(&set, &at); len(explanation) > 1000 {
		t.Errorf("%d octets about a large record", len(explanation))
	}
	if explanation, advice := (Diagnosis{Finding: "not-ours", Record: -1}).Explain(&set, &at); explanation != "not-ours" || advice != "" {
		t.Errorf("got %q, %q", explanation, advice)
	}
}

func TestEssential(t *testing.T) {
	for _, test := range []struct {
		set  []Property
		want string
	}{
		{zone("issue ca.example.", "issuemail ;", "iodef mailto:a@b"), "issuer_trailing_dot"},
		{zone("issue %", "issue ca.example.", "issuemail ;", "iodef mailto:a@b"), "malformed-value issuer_trailing_dot"},
		{zone("issue tls.exampl", "issue shared.example", "issuemail ;"), "issuer_typo iodef_missing"},
		{zone("129 t_s x", "issue ;", "issuemail ;", "iodef mailto:a@b"), "critical_unknown_tag tag_nonalnum reserved_flag_bits"},
		{zone("t_s x", "tbs x", "issue ;", "issuemail ;", "iodef mailto:a@b"), "tag_nonalnum unknown_tag"},
		{zone("iodef a@b", "issue ;", "issuemail ;"), "iodef_no_scheme"},
		{zone("issue ca .example", "issue shared.example", "issuemail ;", "iodef mailto:a@b"), "malformed-value value_whitespace"},
	} {
		set := Judge(test.set)
		var got []string
		for _, d := range Essential(nil, NewDiagnoser(someRegistry).Diagnose(&set, &Circumstances{})) {
			if d.Finding != AllUnknownLockedOut {
				got = append(got, string(d.Finding))
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: got %q, want %s", test.set, got, test.want)
		}
	}
}

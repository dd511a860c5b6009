package caa_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner/caa"
)

// issuers makes the built-in table of issuers a Registry.
type issuers struct{ *datasets.Issuers }

func (t issuers) Issuer(identifier string) caa.Issuer {
	owners := t.Owners(identifier)
	known := caa.Issuer{Known: len(owners) > 0, Retired: t.Retired(identifier)}
	for _, owner := range owners {
		if owner.Standing != datasets.StandingLegacy && !slices.Contains(known.Families, owner.Family) {
			known.Families = append(known.Families, owner.Family)
		}
	}
	for kind := range known.Honours {
		belief := t.Honoured(identifier, caa.Kind(kind))
		known.Honours[kind], known.Refuses[kind] = belief == datasets.Yes, belief == datasets.No
	}
	return known
}

// Sets as seen in public repositories in mid-2026 (end of research/questions.md, research/datasets.md), as far as told
// there: the fault is real, what stands beside it in the set is made up where it is not told.
func TestRealExamples(t *testing.T) {
	for _, test := range []struct {
		name      string
		set       []caa.Property
		want      string // words, among others
		not       string // words that must not be there
		recommend string // "": nothing is changed
	}{
		{"saxobank.com: a typo beside the right one", set("issue letsencrypt.com", "issue letsencrypt.org"),
			"issuer_typo:letsencrypt.org issuer_unknown single_owner", "all_unknown_locked_out", `0 issue "letsencrypt.org"`},
		{"shell.com: identifiers of the same CA", set("issue www.digicert.com", "issue symantec.com", "issue digicert.com", "issuemail digicert.com"),
			"issuer_is_host single_owner", "issuer_unknown issuer_distrusted", ""},
		{"gov2x.com: the target of a validation record", set("issue 0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210.sectigo.com", "issuemail sectigo.com"),
			"all_unknown_locked_out issuer_typo:sectigo.com issuer_unknown", "", `0 issue "sectigo.com" | 0 issuemail "sectigo.com"`},
		{"goauthentik.io: no scheme", set("issue letsencrypt.org", "issuemail ;", "iodef security@goauthentik.io"),
			"bad-iodef iodef_no_scheme single_owner", "issue_without_issuemail", `0 issue "letsencrypt.org" | 0 issuemail ";" | 0 iodef "mailto:security@goauthentik.io"`},
		{"infoblox.com: two flags", set("issue digicert.com", "128 issue digicert.com", "issuemail digicert.com"),
			"flag_conflict", "duplicate_record", `128 issue "digicert.com" | 0 issuemail "digicert.com"`},
		{"optum.com, uhc.com: mail only", set("issuemail sectigo.com"), "issuemail_without_issue iodef_missing", "restricts_nothing", ""},
		{"groupebpce.com: marks only", set("issuevmc digicert.com"), "restricts_nothing", "issuemail_without_issue", ""},
		{"microsoft.com: contact only", set("contactemail domains@example.com"), "restricts_nothing", "bad-contact", ""},
		{"domo.com: what the table does not know is not no", set("issue amazon.com", "issue digicert.com", "issuemail amazon.com", "issuemail digicert.com"),
			"iodef_missing", "issuer_no_smime_trust single_owner issuer_unknown", ""},
		{"a CA without S/MIME for mail", set("issue letsencrypt.org", "issuemail letsencrypt.org"), "issuer_no_smime_trust", "issuer_unknown", ""},
		{"Netlify: an ACME account", set("issue https://acme-v02.api.letsencrypt.org/acme/acct/12345"), "issuer_is_url malformed-value all_unknown_locked_out", "",
			`0 issue "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/12345"`},
		{"digicert: no suffix", set("issue digicert"), "issuer_typo:digicert.com", "", `0 issue "digicert.com"`},
		{"startcomca.com: out of trust", set("issue startcomca.com"), "issuer_distrusted all_unknown_locked_out", "issuer_unknown", ""},
		{"entrust.net: honoured by others", set("issue entrust.net"), "iodef_missing", "issuer_distrusted single_owner", ""},
		{"amazon.com: DigiCert honours it, too", set("issue amazon.com"), "iodef_missing", "single_owner", ""},
		{"OMB: two accounts", set("issue letsencrypt.org; accounturi=https://a.example/1; accounturi=https://a.example/2", "issuewild ;"), "param_duplicate_accounturi", "",
			`0 issue "letsencrypt.org; accounturi=https://a.example/1" | 0 issue "letsencrypt.org; accounturi=https://a.example/2" | 0 issuewild ";"`},
		{"dell.com: account=", set("issue digicert.com; account=12345"), "single_owner", "param_syntax validationmethods_unknown", ""},
	} {
		judged := caa.Judge(test.set)
		d := caa.NewDiagnoser(issuers{datasets.DefaultIssuers()})
		words := caa.Words(nil, d.Diagnose(&judged, &caa.Circumstances{}))
		for word := range strings.FieldsSeq(test.want) {
			if !slices.Contains(words, caa.Finding(word)) {
				t.Errorf("%s: %s is missing in %q", test.name, word, words)
			}
		}
		for word := range strings.FieldsSeq(test.not) {
			if slices.Contains(words, caa.Finding(word)) {
				t.Errorf("%s: %s is wrong", test.name, word)
			}
		}
		r := d.Recommend(&judged, &caa.Circumstances{})
		var lines []string
		for _, p := range r.Records {
			lines = append(lines, p.String())
		}
		if got := strings.Join(lines, " | "); r.Changed(&judged) != (test.recommend != "") || test.recommend != "" && got != test.recommend {
			t.Errorf("%s: recommended %s", test.name, got)
		}
	}
}

// set makes properties of "[128 ]tag value".
func set(lines ...string) (properties []caa.Property) {
	for _, line := range lines {
		var p caa.Property
		if rest, critical := strings.CutPrefix(line, "128 "); critical {
			p.Flags, line = 128, rest
		}
		p.Tag, p.Value, _ = strings.Cut(line, " ")
		properties = append(properties, p)
	}
	return properties
}

// BenchmarkDiagnose uses the built-in table, remembered as in a scan.
func BenchmarkDiagnose(b *testing.B) {
	for _, bench := range []struct {
		name string
		set  []caa.Property
	}{
		{"three", set("issue letsencrypt.org", "issuewild ;", "iodef mailto:security@example.com")},
		{"faultless", set("issue amazon.com", "issuemail digicert.com", "iodef mailto:security@example.com")},
		{"hoster", set("issue comodoca.com", "issue digicert.com; cansignhttpexchanges=yes", "issue letsencrypt.org", "issue pki.goog; cansignhttpexchanges=yes", "issue ssl.com",
			"issuewild comodoca.com", "issuewild digicert.com; cansignhttpexchanges=yes", "issuewild letsencrypt.org", "issuewild pki.goog; cansignhttpexchanges=yes", "issuewild ssl.com")},
		{"faulty", set("issue letsencrypt.com", "issue digicert.com.", "iodef a@b")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			judged := caa.Judge(bench.set)
			at := caa.Circumstances{TTLKnown: true, TTL: 3600, Size: 200}
			d := caa.NewDiagnoser(issuers{datasets.DefaultIssuers()})
			var words []caa.Finding
			b.ReportAllocs()
			for b.Loop() {
				words = caa.Words(words[:0], d.Diagnose(&judged, &at))
			}
		})
	}
}

// BenchmarkDiagnoseStrangers meets an unknown issuer each time: the registry looks for the nearest.
func BenchmarkDiagnoseStrangers(b *testing.B) {
	sets := make([]caa.Set, 20_000)
	for i := range sets {
		label := []byte("aaaaa")
		for j, n := 0, i; j < len(label); j, n = j+1, n/26 {
			label[j] += byte(n % 26)
		}
		sets[i] = caa.Judge(set("issue " + string(label) + "encrypt.org"))
	}
	d := caa.NewDiagnoser(issuers{datasets.DefaultIssuers()})
	n := 0
	for b.Loop() {
		d.Diagnose(&sets[n%len(sets)], &caa.Circumstances{})
		n++
	}
}

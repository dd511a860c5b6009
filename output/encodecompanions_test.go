package output

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// companionColumns are NULL where nothing was asked besides CAA and MX.
const companionColumns = `spf_all spf_lookups spf_includes spf_redirect spf_security
	dmarc_policy dmarc_subdomain_policy dmarc_np_policy dmarc_testing dmarc_pct dmarc_rua dmarc_ruf dmarc_name dmarc_security
	mta_sts mta_sts_id mta_sts_security mta_sts_caa_posture mta_sts_caa_name mta_sts_caa_inherited tls_rpt tls_rpt_rua tls_rpt_security
	bimi bimi_location bimi_evidence bimi_security dkim mail_findings mx_hosts
	caa_consistency ns_ip_count ns_tried ns_answered ns_lame ns_inconsistent`

// ownerColumns are NULL without a table of issuers.
const ownerColumns = ` tls_ca_owners smime_ca_owners owner_count_tls`

// twoCAs is a table of issuers: two groups, of which one goes by both identifiers.
type twoCAs struct{}

func (twoCAs) Issuer(identifier string) (i caa.Issuer) {
	switch identifier {
	case "ca.example":
		return caa.Issuer{Known: true, Families: []string{"Group B", "Group A"}}
	case "letsencrypt.org":
		return caa.Issuer{Known: true, Families: []string{"Group A"}}
	}
	return i
}

func (twoCAs) Nearest(identifier string) (string, int, bool) {
	return "ca.example", 1, identifier == "ca.exmple"
}

func TestOwnersAndFindings(t *testing.T) {
	e := NewEncoder(Config{ScanID: "s", Issuers: twoCAs{}})
	shop := www.Parent()
	r := climbed(answer(www, record.NoData), answer(shop, record.Found, withRR(
		caaRR(shop, 60, 0, "issue", "ca.example"), caaRR(shop, 60, 0, "issue", "letsencrypt.org"), caaRR(shop, 60, 0, "issue", "ca.exmple"), caaRR(shop, 60, 1, "issuemail", ";"))))
	r.Survey = &record.Survey{Consistency: record.CAADiffers}
	d, _ := e.Rows(r)
	got := plainRow(d)
	for column, want := range map[string]any{
		"tls_ca_owners": []any{"Group A", "Group B"}, "smime_ca_owners": []any{}, "owner_count_tls": int16(2),
		"findings": []any{"inherited", "iodef_missing", "issuer_typo:ca.example", "issuer_unknown", "ns_inconsistent", "reserved-flag-bits", "reserved_flag_bits"},
	} {
		if diff := cmp.Diff(want, got[column]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
	}
	if d, _ = e.Rows(climbed(answer(www, record.NoData))); len(d.Findings) != 0 || d.Findings == nil || d.TLSCAOwners == nil || *d.OwnerCountTLS != 0 {
		t.Errorf("no set: findings %v, owners %v", d.Findings, d.TLSCAOwners)
	}
	if d, _ = e.Rows(climbed(answer(www, record.Timeout))); d.Findings != nil || d.TLSCAOwners != nil || d.OwnerCountTLS != nil {
		t.Errorf("failure: findings %v, owners %v", d.Findings, d.TLSCAOwners)
	}
}

// published is what parse makes of texts at the name.
func published[P any](name wire.Name, parse func([]string) P, texts ...string) record.Published[P] {
	return record.Published[P]{Answer: answer(name, record.Found, func(a *record.Answer) { a.Security = record.Secure }), Says: parse(texts)}
}

func hostOf(name wire.Name, answers ...*record.Answer) record.Host {
	var climb []record.Level
	for _, a := range answers {
		climb = append(climb, record.Level{Name: a.Name, Answer: a})
	}
	return record.Host{Name: name, Verdict: record.Conclude(climb)}
}

func TestCompanionColumns(t *testing.T) {
	shop := www.Parent()
	sts, _ := mail.MTASTSHost(www)
	mx, operator := wire.MustName("mx.op.net"), wire.MustName("op.net")
	set := withRR(caaRR(shop, 60, 0, "issue", "ca.example"))
	policyHost := hostOf(sts, answer(sts, record.NXDomain), answer(www, record.NoData), answer(shop, record.Found, set))
	r := climbed(answer(www, record.NoData), answer(shop, record.Found, set))
	dmarc, _ := mail.DMARCName(shop)
	r.Companions = &record.Companions{
		SPF:          published(www, mail.ParseSPF, "v=spf1 a include:a.example include:b\\c.example ~all"),
		DMARC:        published(dmarc, mail.ParseDMARC, "v=DMARC1; p=reject; sp=quarantine; np=none; t=y; pct=50; rua=mailto:a@b.example!1m"),
		MTASTS:       published(www, mail.ParseMTASTS, "v=STSv1; id=20261101"),
		PolicyHost:   &policyHost,
		TLSReporting: published(www, mail.ParseTLSReporting, "v=TLSRPTv1; rua=mailto:t@b.example"),
		BIMI:         published(www, mail.ParseBIMI, "v=BIMI1; l=https://e.example/l.svg; a=https://e.example/c.pem"),
		DKIM:         []record.Selector{{Name: "s1", Key: published(www, mail.ParseDKIM, "k=ed25519; t=y; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")}, {Name: "s2"}},
		Hosts: []record.Host{
			hostOf(mx, answer(mx, record.NoData), answer(operator, record.Found, withRR(caaRR(operator, 60, 0, "issue", "ca.example")), func(a *record.Answer) { a.Security = record.Secure })),
			hostOf(operator, answer(operator, record.Refused)),
			hostOf(mx, answer(mx, record.NoData), answer(operator, record.NXDomain, func(a *record.Answer) { a.Security = record.Insecure })),
		},
	}
	refused := record.ServerAnswer{Outcome: record.Refused}
	r.Survey = &record.Survey{Addresses: 300, Answers: []record.ServerAnswer{{Outcome: record.Found, Set: answer(shop, record.Found, set).Set()}, {Outcome: record.NoData}, {Outcome: record.Lame}, refused},
		Consistency: record.NoDataVsCAA}
	issuers := []any{"ca.example"}
	want := map[string]any{
		"spf_all": "softfail", "spf_lookups": int16(3), "spf_includes": []any{"a.example", `b\\c.example`}, "spf_redirect": nil, "spf_security": "secure",
		"dmarc_policy": "quarantine", "dmarc_subdomain_policy": "quarantine", "dmarc_np_policy": "none", "dmarc_testing": true, "dmarc_pct": int8(50),
		"dmarc_rua": []any{"mailto:a@b.example"}, "dmarc_ruf": []any{}, "dmarc_name": "_dmarc.shop.example", "dmarc_security": "secure",
		"mta_sts": "published", "mta_sts_id": "20261101", "mta_sts_security": "secure",
		"mta_sts_caa_posture": "restricted", "mta_sts_caa_name": "shop.example", "mta_sts_caa_inherited": true,
		"tls_rpt": "published", "tls_rpt_rua": []any{"mailto:t@b.example"}, "tls_rpt_security": "secure",
		"bimi": "evidenced", "bimi_location": "https://e.example/l.svg", "bimi_evidence": "https://e.example/c.pem", "bimi_security": "secure",
		"dkim": []any{
			map[string]any{"selector": "s1", "posture": "valid", "key_type": "ed25519", "key_bits": int32(256), "testing": true},
			map[string]any{"selector": "s2", "posture": nil, "key_type": nil, "key_bits": nil, "testing": false},
		},
		"mail_findings": []any{"dmarc-retired-tag", "dkim-testing"},
		"mx_hosts": []any{
			map[string]any{"name": "mx.op.net", "caa_status": "found", "caa_name": "op.net", "tls_posture": "restricted", "tls_issuers": issuers, "security": "secure", "error": nil},
			map[string]any{"name": "op.net", "caa_status": "error", "caa_name": nil, "tls_posture": "error", "tls_issuers": []any{}, "security": "indeterminate", "error": "refused"},
			map[string]any{"name": "mx.op.net", "caa_status": "none", "caa_name": nil, "tls_posture": "absent", "tls_issuers": []any{}, "security": "indeterminate", "error": nil},
		},
		"caa_consistency": "nodata_vs_caa", "ns_ip_count": int8(127), "ns_tried": int8(4), "ns_answered": int8(2), "ns_lame": int8(1), "ns_inconsistent": int8(1),
	}
	if diff := cmp.Diff(want, columns(r, companionColumns)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, column := range strings.Fields(companionColumns) {
		if _, ok := want[column]; !ok {
			t.Errorf("column %s is not compared", column)
		}
	}
}

// A failure and an absence are told apart in each protocol, and both from what was not asked.
func TestCompanionsAbsentAndFailed(t *testing.T) {
	const names = "spf_all spf_lookups spf_includes dmarc_policy dmarc_name mta_sts mta_sts_caa_posture tls_rpt tls_rpt_rua bimi mail_findings mx_hosts"
	r := climbed(answer(www, record.NoData))
	own, _ := mail.DMARCName(www)
	r.Companions = &record.Companions{
		SPF: published(www, mail.ParseSPF), DMARC: published(own, mail.ParseDMARC), MTASTS: published(www, mail.ParseMTASTS),
		TLSReporting: published(www, mail.ParseTLSReporting), BIMI: published(www, mail.ParseBIMI), Hosts: []record.Host{},
	}
	want := map[string]any{"spf_all": "absent", "spf_lookups": nil, "spf_includes": nil, "dmarc_policy": "absent", "dmarc_name": nil, "mta_sts": "absent",
		"mta_sts_caa_posture": nil, "tls_rpt": "absent", "tls_rpt_rua": nil, "bimi": "absent", "mail_findings": []any{}, "mx_hosts": []any{}}
	if diff := cmp.Diff(want, columns(r, names)); diff != "" {
		t.Errorf("absent (-want +got):\n%s", diff)
	}
	c := r.Companions
	c.SPF.Says, c.DMARC.Says, c.MTASTS.Says = mail.SPF{Posture: mail.SPFError}, mail.DMARC{Posture: mail.DMARCError}, mail.MTASTS{Posture: mail.MTASTSError}
	c.TLSReporting.Says, c.BIMI.Says, c.Hosts = mail.TLSReporting{Posture: mail.TLSReportingError}, mail.BIMI{Posture: mail.BIMIError}, nil
	want = map[string]any{"spf_all": "error", "spf_lookups": nil, "spf_includes": nil, "dmarc_policy": "error", "dmarc_name": "_dmarc.www.shop.example", "mta_sts": "error",
		"mta_sts_caa_posture": nil, "tls_rpt": "error", "tls_rpt_rua": nil, "bimi": "error", "mail_findings": []any{}, "mx_hosts": nil}
	if diff := cmp.Diff(want, columns(r, names)); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/output"
)

// mailWanted is what a scan with all companions shows of the mail of names in mailaudit.com, as JSON: columns that are not here
// are NULL.
var mailWanted = map[string]string{
	"mailaudit.com": `{"spf_all":"fail","spf_lookups":2,"spf_includes":["_spf.nsd-hosting.com"],"spf_security":"secure",
		"dmarc_policy":"reject","dmarc_subdomain_policy":"quarantine","dmarc_np_policy":"quarantine","dmarc_testing":false,"dmarc_pct":50,
		"dmarc_rua":["mailto:d@mailaudit.com","mailto:d@report.example"],"dmarc_ruf":["mailto:f@mailaudit.com"],"dmarc_name":"_dmarc.mailaudit.com","dmarc_security":"secure",
		"mta_sts":"published","mta_sts_id":"20261101T000000","mta_sts_security":"secure","mta_sts_caa_posture":"restricted","mta_sts_caa_name":"mta-sts.mailaudit.com","mta_sts_caa_inherited":false,
		"tls_rpt":"published","tls_rpt_rua":["mailto:t@mailaudit.com"],"tls_rpt_security":"secure",
		"bimi":"evidenced","bimi_location":"https://mailaudit.com/logo.svg","bimi_evidence":"https://mailaudit.com/vmc.pem","bimi_security":"secure",
		"dkim":[{"selector":"s1","posture":"valid","key_type":"ed25519","key_bits":256,"testing":true},{"selector":"s2","posture":"absent","testing":false}],
		"mail_findings":["dmarc-retired-tag","dkim-testing"],
		"mx_hosts":[{"name":"mx.mailaudit.com","caa_status":"found","caa_name":"mailaudit.com","tls_posture":"restricted","tls_issuers":["ca.example"],"security":"secure"},
			{"name":"target.caatest-knot.net","caa_status":"found","caa_name":"target.caatest-knot.net","tls_posture":"restricted","tls_issuers":["target.example"],"security":"secure"},
			{"name":"www.lame-knot.com","caa_status":"error","tls_posture":"error","tls_issuers":[],"security":"insecure","error":"refused"}]}`,
	"sub.mailaudit.com": `{"spf_all":"permerror","spf_security":"secure",
		"dmarc_policy":"quarantine","dmarc_subdomain_policy":"quarantine","dmarc_np_policy":"quarantine","dmarc_testing":false,"dmarc_pct":50,
		"dmarc_rua":["mailto:d@mailaudit.com","mailto:d@report.example"],"dmarc_ruf":["mailto:f@mailaudit.com"],"dmarc_name":"_dmarc.mailaudit.com","dmarc_security":"secure",
		"mta_sts":"published","mta_sts_id":"1","mta_sts_security":"secure","mta_sts_caa_posture":"restricted","mta_sts_caa_name":"mailaudit.com","mta_sts_caa_inherited":true,
		"tls_rpt":"invalid","tls_rpt_security":"secure","bimi":"declined","bimi_security":"secure",
		"dkim":[{"selector":"s1","posture":"absent","testing":false},{"selector":"s2","posture":"absent","testing":false}],
		"mail_findings":["spf-multiple","dmarc-retired-tag","tls-rpt-no-rua"],"mx_hosts":[]}`,
	"no.mailaudit.com": `{}`,
}

// mailColumns leaves of a row what is about mail besides MX.
func mailColumns(line string) (name string, columns map[string]any, err error) {
	var row, kept map[string]any
	if err := json.Unmarshal([]byte(line), &row); err != nil {
		return "", nil, err
	}
	kept = map[string]any{}
	for key, value := range row {
		for _, prefix := range []string{"spf_", "dmarc_", "mta_sts", "tls_rpt", "bimi", "dkim", "mail_findings", "mx_hosts"} {
			if strings.HasPrefix(key, prefix) {
				kept[key] = value
			}
		}
	}
	return row["query_name"].(string), kept, nil
}

// TestCompanionsRowByRow scans names with all companions of mail, once to JSON lines and once into Parquet.
func TestCompanionsRowByRow(t *testing.T) {
	w := servers(t)
	var names []string
	for name := range mailWanted {
		names = append(names, name)
	}
	list, dir := scanInput(t, names...), filepath.Join(t.TempDir(), "scan")
	flags := w.flags("--with", "spf,dmarc,mta-sts,tls-rpt,bimi,mx-hosts,dkim:s1", "--with", "dkim:s2", "--timeout", "1s", "--retries", "1")
	seen := 0
	for line := range strings.Lines(mustCaascan(t, "", append([]string{"scan", list, "--out", "-", "--format", "jsonl"}, flags...)...)) {
		name, got, err := mailColumns(line)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		if err := json.Unmarshal([]byte(mailWanted[name]), &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		seen++
	}
	if seen != len(mailWanted) {
		t.Errorf("%d rows for %d names", seen, len(mailWanted))
	}
	mustCaascan(t, "", append([]string{"scan", list, "--out", dir}, flags...)...)
	rows := query(t, openDuckDB(t), fmt.Sprintf("SELECT * FROM %s WHERE spf_all = 'fail' AND dkim[1].key_bits = 256 AND list_contains(mx_hosts[1].tls_issuers, 'ca.example') AND mta_sts_caa_inherited = false", parquet(dir, "domains")))
	if len(rows) != 1 || rows[0]["query_name"] != "mailaudit.com" {
		t.Errorf("rows of mailaudit.com: %v", rows)
	}
}

// TestAllServersRowByRow: what all servers of a zone say, each address being asked once.
func TestAllServersRowByRow(t *testing.T) {
	w := servers(t)
	for name, want := range map[string]string{
		"three.com":         "same 3 3 3 0 0",
		"differs.com":       "caa_differs 2 2 2 0 1",
		"none.differs.com":  "nodata_vs_caa 2 2 2 0 1",
		"same.differs.com":  "same 2 2 2 0 0",
		"half-lame.com":     "not_checked 3 3 1 0 0", // two refuse
		"www.mailaudit.com": "not_checked 1 1 1 0 0", // the level that decides is above
	} {
		line := mustCaascan(t, name+"\n", append([]string{"scan", "-", "--out", "-", "--format", "jsonl"}, w.flags("--with", "all-servers", "--timeout", "1s")...)...)
		var d output.Domain
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if d.CAAConsistency == "" || d.NSTried == nil {
			t.Errorf("%s: not asked", name)
			continue
		}
		got := fmt.Sprint(d.CAAConsistency, " ", *d.NSIPCount, " ", *d.NSTried, " ", *d.NSAnswered, " ", *d.NSLame, " ", *d.NSInconsistent)
		if disagree := strings.Contains(want, "differs") || strings.Contains(want, "_vs_"); slices.Contains(d.Findings, "ns_inconsistent") != disagree {
			t.Errorf("%s: findings %v", name, d.Findings)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

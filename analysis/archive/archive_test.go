package archive

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/caascan/caascan/analysis"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
)

// file writes a file of a test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// made archives inputs, and opens the scan.
func made(t *testing.T, o Options, paths ...string) (*analysis.Data, []Scan) {
	t.Helper()
	o.Paths, o.Out = paths, filepath.Join(t.TempDir(), "scan")
	o.Now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	scans, err := Make(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d, err := analysis.Open(t.Context(), []string{o.Out}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, s := range scans {
		found, err := output.Verify(t.Context(), s.Dir, func(string) {})
		if err != nil || len(found.Faults) > 0 {
			t.Errorf("%s: verify says %+v, %v", s.Dir, found, err)
		}
	}
	return d, scans
}

// rows are those of a query, as text.
func rows(t *testing.T, d *analysis.Data, sql string) []string {
	t.Helper()
	found, err := d.Select(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range found.Rows {
		all = append(all, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
	}
	return all
}

// evidence shows what is known about each name, in its row and in the climb.
const evidence = `SELECT query_name || ' ' || status || ' ' || coalesce(caa_status, 'NULL') || ' ' || tls_posture || ' ' || dnssec_status || ' ' ||
	array_to_string(list_transform(climb, lambda l: l.name || '=' || l.outcome || coalesce('/' || l.cause, '')), ' ') FROM domains ORDER BY query_name`

const zdns2 = `{"name":"example.com","class":"IN","alexa_rank":7,"results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:00-04:00","duration":0.2,"data":{"answers":[{"ttl":300,"type":"CAA","class":"IN","name":"example.com","tag":"issue","value":"letsencrypt.org","flag":0},{"ttl":300,"type":"CAA","class":"IN","name":"example.com","tag":"iodef","value":"mailto:x@example.com","flag":128},{"ttl":300,"type":"RRSIG","class":"IN","name":"example.com","type_covered":257}],"additionals":[{"flags":"","type":"EDNS0","udpsize":512,"version":0}],"protocol":"udp","resolver":"1.1.1.1:53","flags":{"response":true,"authoritative":false,"recursion_available":true,"authenticated":true,"error_code":0}}},"MX":{"status":"NOERROR","timestamp":"2024-05-17T10:00:00-04:00","data":{"answers":[{"ttl":5,"type":"MX","class":"IN","name":"example.com","answer":"b.example.net","preference":20},{"ttl":5,"type":"MX","class":"IN","name":"example.com","answer":"a.example.net","preference":10}]}},"NS":{"status":"NOERROR","timestamp":"2024-05-17T10:00:00-04:00","data":{"answers":[{"type":"NS","name":"example.com","answer":"ns1.dns.example.net"}]}},"DS":{"status":"NOERROR","timestamp":"2024-05-17T10:00:00-04:00","data":{"answers":[{"type":"DS","name":"example.com","key_tag":1,"algorithm":13,"digest_type":2,"digest":"00"}]}}}}
{"name":"www.example.com","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:01-04:00","data":{"protocol":"udp","resolver":"[2001:db8::1]:53"}}}}
{"name":"a.b.example.com","results":{"CAA":{"status":"NXDOMAIN","timestamp":"2024-05-17T10:00:02-04:00","data":{"protocol":"udp","resolver":"1.1.1.1:53"}}}}
{"name":"example.org","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:03-04:00","data":{"answers":[{"type":"CNAME","class":"IN","name":"example.org","answer":"alias.example.net","ttl":60},{"type":"CAA","name":"alias.example.net","tag":"issue","value":";","flag":0,"ttl":60}]}}}}
{"name":"none.co.uk","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:04-04:00","data":{}},"MXLOOKUP":{"status":"NOERROR","data":{"exchanges":[{"type":"MX","class":"IN","name":"","preference":0}]}}}}
{"name":"foo.github.io","results":{"CAA":{"status":"NOERROR","timestamp":"2024-05-17T10:00:05-04:00","data":{}}}}
{"name":"t1.net","results":{"CAA":{"status":"TIMEOUT"}}}
{"name":"t2.net","results":{"CAA":{"status":"ITERATIVE_TIMEOUT"}}}
{"name":"e1.net","results":{"CAA":{"status":"ERROR","error":"boom"}}}
{"name":"e2.net","results":{"CAA":{"status":"NEVER_HEARD_OF"}}}
{"name":"s.net","results":{"CAA":{"status":"SERVFAIL","data":{"protocol":"","resolver":""}}}}
{"name":"r.net","results":{"CAA":{"status":"REFUSED"}}}
{"name":"l.net","results":{"CAA":{"status":"NOAUTH"}}}
{"name":"tc.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"tc.net","tag":"issue","value":"a.example","flag":0}],"protocol":"udp","flags":{"truncated":true,"recursion_available":true}}}}}
{"name":"referral.net","results":{"CAA":{"status":"NOERROR","data":{"authorities":[{"type":"NS","name":"referral.net","answer":"ns.x.net"}],"flags":{"authoritative":false,"recursion_available":false}}}}}
{"name":"bogus.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"bogus.net","tag":"issue","value":"a.example","flag":0}],"dnssec":{"status":"Bogus","reason":"signature expired"}}}}}
{"name":"signed.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"signed.net","tag":"issue","value":"a.example","flag":0}],"dnssec":{"status":"Secure","reason":""}}}}}
{"name":"denied.net","results":{"CAA":{"status":"NOERROR","data":{"dnssec":{"status":"Secure"}}}}}
{"name":"plain.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"plain.net","tag":"issue","value":"a.example","flag":0}],"dnssec":{"status":"Insecure"}}}}}
{"name":"flags.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"flags.net","tag":"issue","value":"a.example","flag":0},{"type":"CAA","name":"flags.net","tag":"issue","value":"a.example","flag":300}]}}}}
{"name":"stray.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"elsewhere.net","tag":"issue","value":"a.example","flag":0}]}}}}
{"name":"loop.net","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CNAME","name":"loop.net","answer":"x.net"},{"type":"CNAME","name":"x.net","answer":"loop.net"}]}}}}
{"name":"only-mx.net","results":{"MX":{"status":"NOERROR","data":{"answers":[]}}}}
`

// TestZDNS: each status and verbosity of zdns 2, and what is made of it. What was not asked about is never "no CAA".
func TestZDNS(t *testing.T) {
	d, scans := made(t, Options{}, file(t, "caa.jsonl", zdns2))
	want := []string{
		"a.b.example.com not_asked error error indeterminate a.b.example.com=nxdomain b.example.com=not_asked example.com=found",
		"bogus.net bogus error error bogus bogus.net=bogus net=not_asked",
		"denied.net not_asked error error indeterminate denied.net=nodata net=not_asked",
		"e1.net skipped error error indeterminate e1.net=skipped/tool-error net=not_asked",
		"e2.net skipped error error indeterminate e2.net=skipped/unknown-status net=not_asked",
		"example.com ok found restricted secure example.com=found",
		"example.org ok found closed indeterminate example.org=found",
		"flags.net malformed error error indeterminate flags.net=malformed net=not_asked",
		"foo.github.io not_asked error error indeterminate foo.github.io=nodata github.io=not_asked io=not_asked",
		"l.net lame error error indeterminate l.net=lame net=not_asked",
		"loop.net loop error error indeterminate loop.net=loop net=not_asked",
		"none.co.uk not_asked error error indeterminate none.co.uk=nodata co.uk=not_asked uk=not_asked",
		"plain.net ok found restricted insecure plain.net=found",
		"r.net refused error error indeterminate r.net=refused net=not_asked",
		"referral.net lame error error indeterminate referral.net=lame/referral net=not_asked",
		"s.net servfail error error indeterminate s.net=servfail net=not_asked",
		"signed.net ok found restricted secure signed.net=found",
		"stray.net malformed error error indeterminate stray.net=malformed net=not_asked",
		"t1.net timeout error error indeterminate t1.net=timeout net=not_asked",
		"t2.net timeout error error indeterminate t2.net=timeout net=not_asked",
		"tc.net truncated error error indeterminate tc.net=truncated net=not_asked",
		"www.example.com ok found restricted secure www.example.com=nodata example.com=found",
	}
	if diff := cmp.Diff(want, rows(t, d, evidence)); diff != "" {
		t.Error(diff)
	}
	about := rows(t, d, `SELECT mx_address, email_rule, zone_apex, ns_address, dns_operator, ds_present, rank, rank_bucket, resolver, caa_ttl, rtt_us, caa_truncated, dnssec_reason, timestamp FROM domains WHERE query_name = 'example.com'`)
	if diff := cmp.Diff([]string{`["a.example.net","b.example.net"] mx example.com ["ns1.dns.example.net"] example.net true 7 1-1k 1.1.1.1 <nil> <nil> <nil> <nil> 2024-05-17 14:00:00 +0000 UTC`}, about); diff != "" {
		t.Error(diff)
	}
	if got := rows(t, d, `SELECT mx_status, mx_address FROM domains WHERE query_name = 'none.co.uk'`); got[0] != `null_mx ["."]` {
		t.Errorf("null MX: %s", got)
	}
	if got := rows(t, d, `SELECT caa_tag, caa_value, caa_flags, response_ttl, server_ip FROM caa_records WHERE query_name = 'example.com' ORDER BY caa_tag`); strings.Join(got, "|") != "iodef mailto:x@example.com 128 300 1.1.1.1|issue letsencrypt.org 0 300 1.1.1.1" {
		t.Errorf("records: %v", got)
	}
	if s := scans[0].Totals; s.Rows != 22 || s.Rejects != 0 {
		t.Errorf("%d rows, %d rejects", s.Rows, s.Rejects)
	}
}

// TestAssumeSuffixEmpty: suffixes of registries may be taken as empty, those of hosters not, nor other names between.
func TestAssumeSuffixEmpty(t *testing.T) {
	d, scans := made(t, Options{AssumeSuffixEmpty: true}, file(t, "caa.jsonl", zdns2))
	got := rows(t, d, strings.Replace(evidence, "ORDER", "WHERE status <> 'skipped' AND climb[1].outcome IN ('nodata', 'nxdomain') ORDER", 1))
	want := []string{
		"a.b.example.com not_asked error error indeterminate a.b.example.com=nxdomain b.example.com=not_asked example.com=found",
		"denied.net ok none absent indeterminate denied.net=nodata net=nodata/assumed",
		"foo.github.io not_asked error error indeterminate foo.github.io=nodata github.io=not_asked io=nodata/assumed",
		"none.co.uk ok none absent indeterminate none.co.uk=nodata co.uk=nodata/assumed uk=nodata/assumed",
		"www.example.com ok found restricted secure www.example.com=nodata example.com=found",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	m, err := output.ReadManifest(scans[0].Dir)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(m.Config)
	if !strings.Contains(string(text), `"assume_suffix_empty":true`) || m.Tool.Name != "caareport archive" || m.Inputs[0].SHA256 == "" || m.Inputs[0].Lines != 23 || m.Inputs[0].Skipped != 0 ||
		m.StartedAt.Year() != 2024 || m.State != output.Complete {
		t.Errorf("manifest: %s, %+v, %v, %v", text, m.Inputs, m.Tool, m.StartedAt)
	}
}

// TestOtherForms: the forms of the other tools, all about the same names.
func TestOtherForms(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		want    []string
	}{
		"zdns 1": {`{"name":"example.com","class":"IN","status":"NOERROR","timestamp":"2019-05-17T10:00:00Z","data":{"answers":[{"ttl":9,"type":"CAA","class":"IN","name":"example.com","tag":"issue","value":"letsencrypt.org","flag":0}],"protocol":"udp","resolver":"8.8.8.8:53"}}
{"altered_name":"www.example.com","name":"example.com","class":"IN","status":"NOERROR","data":{"answers":[]}}
{"name":"com","class":"IN","status":"NOERROR","data":{"answers":[]}}
{"name":"none.com","status":"NXDOMAIN","data":{"answers":[]}}`, []string{"com none", "example.com found letsencrypt.org", "none.com none", "www.example.com found letsencrypt.org"}},
		"massdns -o J": {`{"name":"example.com.","type":"CAA","class":"IN","status":"NOERROR","rx_ts":1715940000123456789,"data":{"answers":[{"ttl":300,"type":"CAA","class":"IN","name":"example.com.","data":"0 issue \"letsencrypt.org\""}],"authorities":[{"ttl":1,"type":"NS","class":"IN","name":"x.","data":"y."}]},"flags":["rd","ra"],"resolver":"8.8.8.8:53","proto":"UDP"}
{"name":"www.example.com.","type":"CAA","class":"IN","status":"NOERROR","rx_ts":1715940000123456789,"data":{},"flags":["rd","ra"],"resolver":"8.8.8.8:53","proto":"UDP"}
{"name":"referral.com.","type":"CAA","class":"IN","status":"NOERROR","rx_ts":1715940000123456789,"data":{},"flags":[],"resolver":"8.8.8.8:53","proto":"UDP"}
{"name":"silent.com.","type":"CAA","class":"IN","error":"TIMEOUT"}
{"name":"given-up.com.","type":"CAA","class":"IN","error":"MAXRETRIES"}
{"name":"address.com.","type":"A","class":"IN","status":"NOERROR","data":{"answers":[{"ttl":1,"type":"A","class":"IN","name":"address.com.","data":"192.0.2.1"}]},"flags":["ra"],"resolver":"8.8.8.8:53","proto":"UDP"}`,
			[]string{"example.com found letsencrypt.org", "given-up.com error", "referral.com error", "silent.com error", "www.example.com found letsencrypt.org"}},
		"massdns -o J of 2018": {`{"query_name":"example.com.","query_type":"CAA","resp_name":"example.com.","resp_type":"CAA","data":"0 issue \"letsencrypt.org\""}
{"query_name":"example.com.","query_type":"CAA","resp_name":"example.com.","resp_type":"CAA","data":"0 issuewild \";\""}
{"query_name":"alias.com.","query_type":"CAA","resp_name":"alias.com.","resp_type":"CNAME","data":"end.example.net."}
{"query_name":"alias.com.","query_type":"CAA","resp_name":"end.example.net.","resp_type":"CAA","data":"0 issue \"letsencrypt.org\""}`,
			[]string{"alias.com found letsencrypt.org", "example.com found letsencrypt.org,;"}},
		"massdns -o S": {"example.com. CAA 0 issue \"letsencrypt.org\"\n\texample.com. CAA 128 tbs \"a \\\"b\\\"  c\\059\"\n\nother.com. IN 300 CAA 0 issue letsencrypt.org\nname.com. A 192.0.2.1\n",
			[]string{`example.com found letsencrypt.org,a "b"  c;`, "other.com found letsencrypt.org"}},
		"Rapid7": {`{"timestamp":"1569888000","name":"example.com","type":"caa","value":"0 issue \"letsencrypt.org\""}
{"timestamp":"1569888000","name":"example.com","type":"mx","value":"10 mx.example.net"}
{"timestamp":"1569888000","name":"unknown.com","type":"unk_in_257","value":"\\# 22 00056973737565 6c657473656e63727970742e6f7267"}
{"timestamp":"1569888000","name":"cut.com","type":"caa","value":"0 issue \"letsencr"}`,
			[]string{"cut.com error", "example.com found letsencrypt.org", "unknown.com found letsencrypt.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, scans := made(t, Options{}, file(t, "in", test.content))
			got := rows(t, d, `SELECT trim(query_name || ' ' || caa_status || ' ' || coalesce(array_to_string(list_transform(caa, lambda p: p.value), ','), '')) FROM domains ORDER BY query_name`)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if scans[0].Totals.Rejects != 0 {
				t.Errorf("%d rejects", scans[0].Totals.Rejects)
			}
		})
	}
}

// TestRejects: a line that cannot be read is named with its number and why, and all others are read.
func TestRejects(t *testing.T) {
	content := "\ufeff" + `{"name":"example.com","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CAA","name":"example.com","tag":"issue","value":"a.example","flag":0}]}}}}
{"name":
{"hello":"world"}
{"name":"192.0.2.1","results":{"CAA":{"status":"NOERROR"}}}
{"name":"*.example.com","results":{"CAA":{"status":"NOERROR"}}}
{"name":"exa mple.com","results":{"CAA":{"status":"NOERROR"}}}
{"name":"a.com","results":{"CAA":{"status":"NOERROR","data":{"per_layer_responses":{}}}}}
{"name":"b.com","results":{"CAA":{"status":"ILLEGAL_INPUT"}}}
{"name":"c.com","status":"NOERROR","data":{"answers":[{"type":"A","name":"c.com","answer":"192.0.2.1"}]}}
{"name":"d.com","results":{"CAA":{"status":"NOERROR","data":{"answers":[{"type":"CNAME","name":"d.com","answer":"` + strings.Repeat("x", 64) + `.com"}]}}}}
;; Server: 192.0.2.1
` + "\xff\xfe\n" + `{"name":"` + strings.Repeat("x", maxLine) + `"}
{"timestamp":"1569888000","name":"last.com","type":"caa","value":"0 issue \"a.example\""}`
	d, scans := made(t, Options{}, file(t, "in.jsonl", content))
	if got := rows(t, d, `SELECT query_name, input_line FROM domains ORDER BY 1`); strings.Join(got, "|") != "example.com 1|last.com 14" {
		t.Errorf("names: %v", got)
	}
	rejects, err := os.ReadFile(filepath.Join(scans[0].Dir, "rejects.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(string(rejects)), "\n")[1:] {
		got = append(got, strings.Join(strings.SplitN(line, ",", 4)[1:3], " "))
	}
	want := []string{"2 bad-json", "3 unknown-form", "4 ip-address", "5 bad-name", "6 bad-character", "7 all-servers", "8 illegal-name", "9 other-type", "10 bad-record", "11 unknown-form", "12 not-text", "13 line-too-long"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, line := range strings.Split(string(rejects), "\n") {
		if len(line) > 2*datasets.MaxRejectText {
			t.Errorf("a reject of %d octets", len(line))
		}
	}
}

// TestPacked: inputs are unpacked by content, and their sum is that of the file as it lies there.
func TestPacked(t *testing.T) {
	var gz, zs bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte(zdns2))
	w.Close()
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte(zdns2))
	z.Close()
	plain, _ := made(t, Options{}, file(t, "a", zdns2))
	want := rows(t, plain, evidence)
	for name, content := range map[string]string{"gzip": gz.String(), "zstd": zs.String()} {
		d, _ := made(t, Options{}, file(t, "a", content))
		if diff := cmp.Diff(want, rows(t, d, evidence)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSeveralLooks: of several look-ups of one name the last answer counts, and a failure only if there is no answer.
func TestSeveralLooks(t *testing.T) {
	line := func(hour int, status, value string) string {
		answers := ""
		if value != "" {
			answers = fmt.Sprintf(`{"type":"CAA","name":"example.com","tag":"issue","value":%q,"flag":0}`, value)
		}
		return fmt.Sprintf(`{"name":"example.com","results":{"CAA":{"status":%q,"timestamp":"2024-05-17T%02d:00:00Z","data":{"answers":[%s]}}}}`+"\n", status, hour, answers)
	}
	for _, test := range []struct{ content, want string }{
		{line(2, "NOERROR", "b.example") + line(1, "NOERROR", "a.example"), "b.example"},
		{line(1, "NOERROR", "a.example") + line(2, "TIMEOUT", ""), "a.example"},
		{line(1, "TIMEOUT", "") + line(2, "SERVFAIL", ""), "servfail"},
	} {
		d, scans := made(t, Options{}, file(t, "in", test.content))
		if got := rows(t, d, `SELECT coalesce(caa[1].value, status) FROM domains`); len(got) != 1 || got[0] != test.want {
			t.Errorf("%v, want %s", got, test.want)
		}
		if m, err := output.ReadManifest(scans[0].Dir); err != nil || m.Inputs[0].Folded != 1 {
			t.Errorf("folded: %+v, %v", m.Inputs, err)
		}
	}
}

// TestRefuses: what is no input of these tools, and a directory that holds a scan.
func TestRefuses(t *testing.T) {
	good := file(t, "in", zdns2)
	dir := filepath.Join(t.TempDir(), "scan")
	if _, err := Make(t.Context(), Options{Paths: []string{good}, Out: dir}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		o    Options
		want string
	}{
		"Avro":        {Options{Paths: []string{file(t, "x.avro", "Obj\x01\x04\x14avro.codec")}}, "Avro"},
		"xz":          {Options{Paths: []string{file(t, "x.xz", "\xfd7zXZ\x00")}}, "xz"},
		"missing":     {Options{Paths: []string{filepath.Join(t.TempDir(), "no")}}, "no such file"},
		"empty":       {Options{Paths: []string{t.TempDir()}}, "no file"},
		"no Parquet":  {Options{Paths: []string{file(t, "x.parquet", "PAR1nonsense")}}, "x.parquet"},
		"holds a one": {Options{Paths: []string{good}, Out: dir}, "holds a scan already"},
	} {
		if test.o.Out == "" {
			test.o.Out = filepath.Join(t.TempDir(), "scan")
		}
		if _, err := Make(t.Context(), test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error about %q", name, err, test.want)
		}
	}
	if _, err := Make(t.Context(), Options{Paths: []string{good}, Out: dir, Restart: true}); err != nil {
		t.Errorf("restart: %v", err)
	}
	if got, err := Make(t.Context(), Options{From: MassDNS, Paths: []string{good}, Out: filepath.Join(t.TempDir(), "scan")}); err != nil || got[0].Totals.Rejects != 23 || got[0].Totals.Rows != 0 {
		t.Errorf("zdns where massdns was promised: %+v, %v", got, err)
	}
}

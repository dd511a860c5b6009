package output

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

var (
	ns1 = netip.MustParseAddr("192.0.2.1")
	www = wire.MustName("www.shop.example")
)

func newTestEncoder() *Encoder {
	return NewEncoder(Config{ScanID: "s", Worker: "w", Vantage: "v", Registrable: registrable})
}

// answer makes one for www or an ancestor of it.
func answer(name wire.Name, outcome record.Outcome, change ...func(*record.Answer)) *record.Answer {
	a := &record.Answer{Name: name, Type: wire.TypeCAA, Outcome: outcome, Zone: name, By: &record.Server{Addr: ns1}, TTL: 300, RTT: 1500 * time.Microsecond, Size: 77, Attempts: 1}
	if outcome == record.NXDomain {
		a.RCode = wire.NXDomain
	}
	for _, f := range change {
		f(a)
	}
	return a
}

func withRR(rrs ...record.RR) func(*record.Answer) {
	return func(a *record.Answer) { a.Records = append(a.Records, rrs...) }
}

func withChain(links ...record.Alias) func(*record.Answer) {
	return func(a *record.Answer) { a.Chain = links }
}

// climbed makes the record of www.shop.example from the answers of its levels.
func climbed(answers ...*record.Answer) *record.Record {
	r := &record.Record{Target: record.Target{Name: www.String(), Source: "stdin", Line: 1, Registrable: "shop.example", Suffix: "example", ICANN: true}}
	for _, a := range answers {
		r.Climb = append(r.Climb, record.Level{Name: a.Name, Answer: a})
	}
	return judged(r)
}

// columns returns the given columns of the row of r.
func columns(r *record.Record, names string) map[string]any {
	d, _ := newTestEncoder().Rows(r)
	all, some := plainRow(d), map[string]any{}
	for _, name := range strings.Fields(names) {
		value, ok := all[name]
		if !ok {
			panic("no column " + name)
		}
		some[name] = value
	}
	return some
}

func TestStatusAndExistence(t *testing.T) {
	cname := record.Alias{Owner: www, Target: wire.MustName("x.cdn.net")}
	dname := record.Alias{Owner: www, Target: wire.MustName("x.cdn.net"), DNAME: true}
	shop, tld := www.Parent(), www.Parent().Parent()
	none := []*record.Answer{answer(shop, record.NoData), answer(tld, record.NoData)}
	from := func(first *record.Answer) []*record.Answer { return append([]*record.Answer{first}, none...) }

	cases := []struct {
		name           string
		climb          []*record.Answer
		mx             *record.Answer
		exists, status string
		caa            any
	}{
		{"no records", from(answer(www, record.NoData)), nil, "exists", "ok", "none"},
		{"no name", from(answer(www, record.NXDomain)), nil, "nxdomain", "nxdomain", "none"},
		{"alias to nothing (RFC 2308 2.1)", from(answer(www, record.NXDomain, withChain(cname))), nil, "exists", "ok", "none"},
		{"below a DNAME to nothing (RFC 6672)", from(answer(www, record.NXDomain, withChain(dname))), nil, "nxdomain", "nxdomain", "none"},
		{"found", []*record.Answer{answer(www, record.Found, withRR(caaRR(www, 5, 0, "issue", ";")))}, nil, "exists", "ok", "found"},
		{"no name, set above", []*record.Answer{answer(www, record.NXDomain), answer(shop, record.Found, withRR(caaRR(shop, 5, 0, "issue", ";")))}, nil, "nxdomain", "nxdomain", "found"},
		{"failure above", []*record.Answer{answer(www, record.NXDomain), answer(shop, record.Timeout)}, nil, "nxdomain", "timeout", "error"},
		{"failure, but MX answered", []*record.Answer{answer(www, record.ServFail)}, answer(www, record.NoData), "exists", "servfail", "error"},
		{"failure behind an alias", []*record.Answer{answer(www, record.Lame, withChain(cname))}, nil, "exists", "lame", "error"},
		{"opted out", []*record.Answer{answer(www, record.Skipped)}, nil, "unresolved", "blocked", nil},
		{"nothing asked", nil, nil, "unresolved", "internal", nil},
	}
	words := map[record.Outcome]string{
		record.Timeout: "timeout", record.ServFail: "servfail", record.Refused: "refused", record.Lame: "lame", record.FormErr: "formerr",
		record.NotImp: "notimp", record.OtherRCode: "rcode", record.Malformed: "malformed", record.Unreachable: "unreachable",
		record.Truncated: "truncated", record.AliasLoop: "loop", record.AliasLong: "long_chain", record.WorkBound: "skipped", record.Bogus: "bogus",
		record.NotAsked: "not_asked",
	}
	for o := record.Timeout; int(o) < record.Outcomes; o++ {
		if o == record.Skipped {
			continue
		}
		if words[o] == "" {
			t.Errorf("no word is expected for outcome %d", o)
		}
		cases = append(cases, struct {
			name           string
			climb          []*record.Answer
			mx             *record.Answer
			exists, status string
			caa            any
		}{o.String(), []*record.Answer{answer(www, o)}, nil, "unresolved", words[o], "error"})
	}
	for _, c := range cases {
		r := climbed(c.climb...)
		r.Mail.MX = c.mx
		want := map[string]any{"exists": c.exists, "status": c.status, "caa_status": c.caa}
		if diff := cmp.Diff(want, columns(r, "exists status caa_status")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestMail: RFC 5321 5.1 on implicit MX, RFC 7505 on the null MX.
func TestMail(t *testing.T) {
	mx := func(outcome record.Outcome) *record.Answer { return answer(www, outcome) }
	exchange := func(preference uint16, name string) record.MX {
		return record.MX{Preference: preference, Exchange: wire.MustName(name)}
	}
	list := func(values ...any) any { return append([]any{}, values...) }
	for _, c := range []struct {
		name                            string
		mail                            record.Mail
		status, capable, rule, implicit any
		operator, addresses             any
	}{
		{"not asked", record.Mail{}, nil, nil, nil, nil, nil, nil},
		{"opted out", record.Mail{MX: mx(record.Skipped)}, nil, nil, nil, nil, nil, nil},
		{"MX", record.Mail{MX: mx(record.Found), Exchange: []record.MX{exchange(5, "a.mail.example.net"), exchange(9, "b.other.org")}},
			"found", true, "mx", false, "example.net", list("a.mail.example.net", "b.other.org")},
		{"null MX", record.Mail{MX: mx(record.Found), Exchange: []record.MX{exchange(0, ".")}}, "null_mx", false, "null_mx", false, nil, list(".")},
		{"null MX beside another", record.Mail{MX: mx(record.Found), Exchange: []record.MX{exchange(0, "."), exchange(5, "mx.example.net")}},
			"found", true, "mx", false, "example.net", list(".", "mx.example.net")},
		{"no MX, address not asked", record.Mail{MX: mx(record.NoData)}, "nodata", nil, nil, nil, nil, list()},
		{"no MX, address", record.Mail{MX: mx(record.NoData), Address: mx(record.Found)}, "nodata", true, "implicit_mx", true, nil, list()},
		{"no MX, no address", record.Mail{MX: mx(record.NoData), Address: mx(record.NoData)}, "nodata", false, "no_address", false, nil, list()},
		{"no MX, address failed", record.Mail{MX: mx(record.NoData), Address: mx(record.Timeout)}, "nodata", nil, nil, nil, nil, list()},
		{"no name", record.Mail{MX: mx(record.NXDomain)}, "nxdomain", false, "nxdomain", false, nil, list()},
		{"failure", record.Mail{MX: mx(record.ServFail)}, "error", nil, nil, nil, nil, nil},
	} {
		r := climbed(answer(www, record.NoData))
		r.Mail = c.mail
		want := map[string]any{"mx_status": c.status, "email_capable": c.capable, "email_rule": c.rule, "implicit_mx": c.implicit, "mx_operator": c.operator, "mx_address": c.addresses}
		if diff := cmp.Diff(want, columns(r, "mx_status email_capable email_rule implicit_mx mx_operator mx_address")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestDNSSECColumns(t *testing.T) {
	secured := func(s record.Security, reason string) func(*record.Answer) {
		return func(a *record.Answer) { a.Security, a.Reason = s, reason }
	}
	ds := func(a *record.Answer) { a.DS = record.Present }
	none := func(a *record.Answer) { a.DS = record.Absent }
	cause := func(word string) func(*record.Answer) { return func(a *record.Answer) { a.Cause = word } }
	broken := func(zone string) func(*record.Answer) {
		return func(a *record.Answer) { a.BrokenAt = wire.MustName(zone) }
	}
	shop, tld := www.Parent(), www.Parent().Parent()
	found := withRR(caaRR(www, 5, 0, "issue", ";"))
	for _, c := range []struct {
		name                         string
		climb                        []*record.Answer
		status, reason, failedAt, ds any
	}{
		{"today", []*record.Answer{answer(www, record.NoData), answer(shop, record.NoData)}, "indeterminate", nil, nil, nil},
		{"all secure", []*record.Answer{answer(www, record.NoData, secured(record.Secure, ""), ds), answer(shop, record.NoData, secured(record.Secure, ""))}, "secure", nil, nil, true},
		{"none found: the worst", []*record.Answer{answer(www, record.NoData, secured(record.Secure, "")), answer(shop, record.NoData, secured(record.Insecure, "no_ds")), answer(tld, record.NoData, secured(record.Secure, ""))}, "insecure", "no_ds", nil, nil},
		{"indeterminate is worse than insecure", []*record.Answer{answer(www, record.NoData, secured(record.Insecure, "no_ds"), none), answer(shop, record.NoData)}, "indeterminate", nil, nil, false},
		{"found: that level", []*record.Answer{answer(www, record.Found, found, secured(record.Secure, "")), answer(shop, record.NoData, secured(record.Insecure, "no_ds"))}, "secure", nil, nil, nil},
		{"failed: that level", []*record.Answer{answer(www, record.NoData, secured(record.Secure, "")), answer(shop, record.Bogus, secured(record.BogusData, "expired"), broken("example"))}, "bogus", "expired", "example", nil},
		{"a work bound is no reason", []*record.Answer{answer(www, record.WorkBound, cause("queries"))}, "indeterminate", nil, nil, nil},
		{"opted out", []*record.Answer{answer(www, record.Skipped)}, nil, nil, nil, nil},
	} {
		want := map[string]any{"dnssec_status": c.status, "dnssec_reason": c.reason, "dnssec_failed_at": c.failedAt, "ds_present": c.ds}
		if diff := cmp.Diff(want, columns(climbed(c.climb...), "dnssec_status dnssec_reason dnssec_failed_at ds_present")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestNameServerColumns(t *testing.T) {
	names := func(texts ...string) func(*record.Answer) {
		return func(a *record.Answer) {
			for _, text := range texts {
				a.NS = append(a.NS, wire.MustName(text))
			}
		}
	}
	shop := www.Parent()
	ofShop := []wire.Name{wire.MustName("ns2.b.org"), wire.MustName("ns1.b.org"), wire.MustName("ns.a.net")}
	cname := withChain(record.Alias{Owner: www, Target: wire.MustName("x.cdn.net"), Zone: shop, NS: ofShop})
	aliased := columns(climbed(
		answer(www, record.NoData, cname, names("ns.cdn.net"), func(a *record.Answer) { a.Zone = wire.MustName("cdn.net") }),
	), "zone_apex ns_address dns_operator dns_operator_count")
	want := map[string]any{"zone_apex": "shop.example", "ns_address": []any{"ns.a.net", "ns1.b.org", "ns2.b.org"}, "dns_operator": "b.org", "dns_operator_count": int8(2)}
	if diff := cmp.Diff(want, aliased); diff != "" {
		t.Errorf("an alias lies in the zone of its first link (-want +got):\n%s", diff)
	}
	tie := columns(climbed(answer(www, record.NoData, names("ns.b.org", "ns.a.net"))), "dns_operator")
	if tie["dns_operator"] != "a.net" {
		t.Errorf("operator of a tie: %v, want a.net", tie["dns_operator"])
	}
	hash := func(texts ...string) any {
		return columns(climbed(answer(www, record.NoData, names(texts...))), "nsset_hash")["nsset_hash"]
	}
	if a, b, c := hash("ns1.x.org", "ns2.x.org"), hash("ns2.x.org", "ns1.x.org"), hash("ns1.x.org"); a != b || a == c || len(a.(string)) != 32 {
		t.Errorf("hashes %v, %v, %v", a, b, c)
	}
	none := columns(climbed(answer(www, record.NoData, func(a *record.Answer) { a.Zone = "" })), "zone_apex ns_address nsset_hash dns_operator dns_operator_count")
	for column, value := range none {
		if value != nil {
			t.Errorf("%s = %v, want NULL: nothing was learned", column, value)
		}
	}
}

// TestWholeRow writes out every column of one row by hand.
func TestWholeRow(t *testing.T) {
	shop, target := www.Parent(), wire.MustName("caa.cdn.net")
	r := climbed(
		answer(www, record.NoData, func(a *record.Answer) {
			a.Notes = &record.Notes{EDE: []record.EDE{{Code: 22, Text: "no\x00 reach"}}}
			a.NS = []wire.Name{wire.MustName("ns.op.net")}
			a.Zone = shop
		}),
		answer(shop, record.Found, withChain(record.Alias{Owner: shop, Target: target}), withRR(
			record.RR{Owner: shop, Type: wire.TypeCNAME, Data: []byte(target)},
			caaRR(target, 1<<31, 128, "Issue", "CA.example; accounturi=https://x/1; cansignhttpexchanges=yes"),
			caaRR(target, 1<<31, 129, "tbs", "\xff"),
			caaRR(target, 1<<31, 0, "issuewild", ""),
		), func(a *record.Answer) {
			a.TTL, a.TCP, a.Truncated, a.By = 1<<31, true, true, &record.Server{Addr: ns1, Name: wire.MustName("ns.op.net")}
		}),
	)
	r.Target = record.Target{
		Name: "www.shop.example", Input: "@WWW.Shöp.example", Source: "list", Line: 7, Rank: 12, RankBucket: "1-1k",
		Registrable: "shop.example", Suffix: "example", Mail: true,
	}
	r.Admitted, r.Finished = step.Time(start.UnixNano()), step.Time(start.UnixNano()).Add(2*time.Second)
	r.Mail = record.Mail{MX: answer(www, record.Found), Exchange: []record.MX{{Preference: 10, Exchange: wire.MustName("mx.mail.org")}}}
	r.Cost = record.Cost{Queries: 1 << 20, Retries: 2, TCP: 1, Waited: 3 * time.Millisecond}

	hash := fmt.Sprintf("%x", caa.Hash(r.CAA.Properties))
	empty := []any{}
	want := map[string]any{
		"scan_id": "s", "schema_version": int16(1), "query_name": "www.shop.example", "input_name": "@WWW.Shöp.example", "input_kind": "mail",
		"input_line": int64(7), "source_list": "list", "rank": int64(12), "rank_bucket": "1-1k", "registrable_domain": "shop.example",
		"public_suffix": "example", "tld": "example", "is_registrable": false, "psl_section": "private", "zone_apex": "shop.example",
		"labels": int8(3), "timestamp": start.Add(2 * time.Second), "first_query_at": start, "last_query_at": start.Add(2 * time.Second), "worker_id": "w",
		"exists": "exists", "status": "ok",
		"mx_status": "found", "email_capable": true, "email_rule": "mx", "implicit_mx": false, "mx_address": []any{"mx.mail.org"},
		"mx_preference": []any{int32(10)}, "mx_operator": "mail.org", "mx_security": "indeterminate",
		"caa_status": "found", "caa_name": "shop.example", "caa_depth": int8(1), "caa_at_name": false, "caa_via_alias": "caa.cdn.net",
		"cname_chain": []any{"caa.cdn.net"}, "cname_depth": int8(1), "caa_ttl": int32(0), "caa_count": int16(3), "caa_bytes": int32(77),
		"caa_truncated": true, "caa_rrset_hash": hash,
		"climb": []any{
			map[string]any{"name": "www.shop.example", "outcome": "nodata", "rcode": "NOERROR", "security": "indeterminate", "reason": nil, "failed_at": nil,
				"ede": []any{int16(22)}, "ede_text": []any{`no\000 reach`}, "attempts": int8(1), "server": "192.0.2.1", "alias_to": nil, "cause": nil, "ttl": int32(300), "truncated": false, "caa": empty},
			map[string]any{"name": "shop.example", "outcome": "found", "rcode": "NOERROR", "security": "indeterminate", "reason": nil, "failed_at": nil,
				"ede": empty, "ede_text": empty, "attempts": int8(1), "server": "192.0.2.1", "alias_to": "caa.cdn.net", "cause": nil, "ttl": int32(0), "truncated": true, "caa": empty},
		},
		"caa": []any{
			map[string]any{"flags": uint8(128), "tag": "Issue", "value": "CA.example; accounturi=https://x/1; cansignhttpexchanges=yes", "critical": true,
				"reserved_bits": false, "issuer_domain": "ca.example", "syntax": "ok", "params": []any{
					map[string]any{"name": "accounturi", "value": "https://x/1"}, map[string]any{"name": "cansignhttpexchanges", "value": "yes"}}},
			map[string]any{"flags": uint8(129), "tag": "tbs", "value": `\255`, "critical": true, "reserved_bits": true, "issuer_domain": nil, "syntax": "unchecked", "params": empty},
			map[string]any{"flags": uint8(0), "tag": "issuewild", "value": "", "critical": false, "reserved_bits": false, "issuer_domain": nil, "syntax": "ok", "params": empty},
		},
		"issue_set": true, "issuewild_set": true, "iodef_set": false, "issuemail_set": false, "issuevmc_set": false, "contactemail_set": false,
		"contactphone_set": false, "unknown_tag_set": true,
		"tls_issuers": []any{"ca.example"}, "tls_wild_issuers": empty, "smime_issuers": empty, "vmc_issuers": empty,
		"tls_posture": "blocked", "tls_wild_posture": "blocked", "smime_posture": "blocked", "vmc_posture": "blocked",
		"issuer_count_tls": int16(1), "issuer_count_smime": int16(0),
		"rfc8657_accounturi": true, "rfc8657_validationmethods": false, "param_cansignhttpexchanges": true, "param_other": false,
		"critical_any": true, "critical_on_known": true, "critical_unknown_tag": true, "reserved_flag_bits": true,
		"findings":      []any{"alias", "inherited", "reserved-flag-bits", "unknown-critical", "unknown-tag"},
		"dnssec_status": "indeterminate", "dnssec_reason": nil, "ds_present": nil, "dnssec_failed_at": nil,
		"ns_address": []any{"ns.op.net"}, "nsset_hash": nsSetHash([]string{"ns.op.net"}), "dns_operator": "op.net", "dns_operator_count": int8(1),
		"query_count": int16(32767), "retry_count": int16(2), "tcp_count": int16(1), "rtt_us": int64(1500), "queue_wait_us": int64(3000),
		"resolver": "192.0.2.1", "resolver_name": "ns.op.net", "protocol": "tcp", "vantage": "v",
		"looks": int8(1), "first_look_at": nil, "first_look_status": nil, "first_look_attempts": nil,
	}
	for _, column := range strings.Fields(companionColumns + ownerColumns) {
		want[column] = nil
	}
	d, records := newTestEncoder().Rows(r)
	if diff := cmp.Diff(want, plainRow(d)); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	if len(records) != 3 {
		t.Fatalf("%d records, want 3", len(records))
	}
	wantRecord := map[string]any{
		"scan_id": "s", "timestamp": start.Add(2 * time.Second), "query_name": "www.shop.example", "query_type": "CAA", "response_name": "caa.cdn.net",
		"response_type": "CAA", "response_ttl": int32(0), "status_code": int32(0), "rtt": 0.0015, "worker_id": "w", "caa_flags": uint8(128),
		"caa_tag": "Issue", "caa_value": "CA.example; accounturi=https://x/1; cansignhttpexchanges=yes", "relevant": true, "caa_depth": int8(1),
		"caa_tag_canonical": "issue", "issuer_domain": "ca.example", "params": want["caa"].([]any)[0].(map[string]any)["params"], "syntax": "ok",
		"raw_rdata": nil, "server_ip": "192.0.2.1", "from_alias": "shop.example",
	}
	if diff := cmp.Diff(wantRecord, plainRow(records[0])); diff != "" {
		t.Errorf("caa_records (-want +got):\n%s", diff)
	}
	if row := plainRow(records[2]); row["caa_value"] != "" || row["caa_tag_canonical"] != "issuewild" {
		t.Errorf("a value of no octets is not NULL: %v", row)
	}
}

// TestLooks: the row of a name that was looked at twice says how often and how far apart it was tried, and the attempts at
// its failing levels are those of both looks (R3.4).
func TestLooks(t *testing.T) {
	shop := www.Parent()
	first := climbed(answer(www, record.Timeout, func(a *record.Answer) { a.Attempts = 4 }), answer(shop, record.NoData))
	first.Finished = step.Time(start.UnixNano())
	r := climbed(answer(www, record.ServFail, func(a *record.Answer) { a.Attempts = 2 }), answer(shop, record.NoData))
	r.Target.First = first.Look()
	r.Finished = step.Time(start.Add(time.Minute).UnixNano())
	d, _ := newTestEncoder().Rows(r)
	if d.Looks != 2 || d.FirstLookAt != Micros(start.UnixMicro()) || d.FirstLookStatus != "timeout" || *d.FirstLookAttempts != 4 {
		t.Errorf("looks %d, the first at %v: %s after %d attempts", d.Looks, d.FirstLookAt, d.FirstLookStatus, *d.FirstLookAttempts)
	}
	if d.Timestamp-d.FirstLookAt != Micros(time.Minute.Microseconds()) || d.Status != "servfail" {
		t.Errorf("%d µs apart, %s", d.Timestamp-d.FirstLookAt, d.Status)
	}
	if d.Climb[0].Attempts != 6 || d.Climb[1].Attempts != 1 {
		t.Errorf("attempts %d and %d, want 6 and 1", d.Climb[0].Attempts, d.Climb[1].Attempts)
	}
}

// TestAboveFailure: a set above a failure is evidence, and nothing else of the row is about it.
func TestAboveFailure(t *testing.T) {
	shop := www.Parent()
	set := withRR(caaRR(shop, 60, 128, "issue", `ca.example; x="1"`), caaRR(shop, 60, 0, "x\xff", "\x00"))
	d, records := newTestEncoder().Rows(climbed(answer(www, record.ServFail), answer(shop, record.Found, set)))
	if len(d.Climb) != 2 || len(d.Climb[0].CAA) != 0 || !slices.Equal(d.Climb[1].CAA, []string{`0 x\255 "\000"`, `128 issue "ca.example; x=\"1\""`}) {
		t.Errorf("climb %+v", d.Climb)
	}
	if d.Status != "servfail" || d.CAAStatus != "error" || d.CAA != nil || d.CAAName != "" || d.TLSPosture != "error" || d.IssueSet != nil {
		t.Errorf("row %+v", d)
	}
	if len(records) != 2 || records[0].Relevant {
		t.Errorf("records %+v", records)
	}
}

// TestUnreadableRecord: a record that cannot be read makes the look-up fail (C14); its data is kept.
func TestUnreadableRecord(t *testing.T) {
	_, rows := newTestEncoder().Rows(climbed(answer(www, record.Malformed, withRR(
		caaRR(www, 60, 0, "issue", "ca.example"), rawRR(www, 60, "\x00\x09issue"), rawRR(www, 60, "")))))
	if len(rows) != 3 {
		t.Fatalf("%d rows, want 3", len(rows))
	}
	for i, want := range []map[string]any{
		{"caa_tag": "issue", "caa_value": "ca.example", "issuer_domain": "ca.example", "syntax": "ok", "raw_rdata": nil, "relevant": false},
		{"caa_tag": nil, "caa_value": nil, "issuer_domain": nil, "syntax": nil, "raw_rdata": []byte("\x00\x09issue"), "relevant": false},
		{"caa_tag": nil, "caa_value": nil, "issuer_domain": nil, "syntax": nil, "raw_rdata": []byte{}, "relevant": false},
	} {
		got := plainRow(rows[i])
		for column, value := range want {
			if !reflect.DeepEqual(got[column], value) {
				t.Errorf("row %d: %s = %#v, want %#v", i, column, got[column], value)
			}
		}
	}
}

// TestKnownWithoutSet: a climb that ends without a set is known, a failed one is not.
func TestKnownWithoutSet(t *testing.T) {
	names := "caa caa_count issue_set tls_issuers issuer_count_tls critical_any findings caa_rrset_hash caa_name caa_depth caa_ttl caa_via_alias tls_posture"
	none := columns(climbed(answer(www, record.NoData)), names)
	want := map[string]any{"caa": []any{}, "caa_count": int16(0), "issue_set": false, "tls_issuers": []any{}, "issuer_count_tls": int16(0), "critical_any": false,
		"findings": []any{}, "caa_rrset_hash": nil, "caa_name": nil, "caa_depth": nil, "caa_ttl": nil, "caa_via_alias": nil, "tls_posture": "absent"}
	if diff := cmp.Diff(want, none); diff != "" {
		t.Errorf("no set (-want +got):\n%s", diff)
	}
	for column, value := range columns(climbed(answer(www, record.Timeout)), names) {
		if value != nil && column != "tls_posture" || value != "error" && column == "tls_posture" {
			t.Errorf("failed look-up: %s = %v", column, value)
		}
	}
	nothing := climbed()
	nothing.Posture = caa.Uniform(caa.NotApplicable)
	if got := columns(nothing, "tls_posture")["tls_posture"]; got != nil {
		t.Errorf("nothing asked: tls_posture = %v, want NULL", got)
	}
}

// TestBelow: the short way gives what the long way gives.
func TestBelow(t *testing.T) {
	e := newTestEncoder()
	for _, text := range []string{"www.shop.example", "example", "a.b", `a\.b.example`, `x\\.example`, "", "shop.example"} {
		for _, name := range []wire.Name{www, www.Parent(), www.Parent().Parent(), wire.Root, "", wire.MustName("hop.example"), wire.MustName(`a\.b.example`),
			wire.MustName(`www\.shop.example`), wire.MustName("b.example"), wire.MustName("zzz.shop.example")} {
			if got := e.below(name, text); got != name.String() {
				t.Errorf("below(%q, %q) = %q", name, text, got)
			}
		}
	}
}

// TestClimbNames: each level of the climb has the name asked, whatever the labels.
func TestClimbNames(t *testing.T) {
	e := newTestEncoder()
	for _, text := range []string{"www.shop.example", "example", `a\.b.example`, `x.a\.b.c\\.example`, `x.\.\.y`, "a.a.a.a"} {
		name := wire.MustName(text)
		r := &record.Record{Target: record.Target{Name: name.String()}, Relevant: -1}
		var want []string
		for ; ; name = name.Parent() {
			r.Climb = append(r.Climb, record.Level{Name: wire.Name(strings.Clone(string(name))), Answer: answer(name, record.NoData)})
			want = append(want, name.String())
			if name == wire.Root {
				break
			}
		}
		d, _ := e.Rows(r)
		for i := range want {
			if d.Climb[i].Name != want[i] {
				t.Errorf("level %d of %s: %q, want %q", i, text, d.Climb[i].Name, want[i])
			}
		}
	}
}

// shared makes records share servers, their sets, and answers for ancestors, as those of a scan do.
type shared struct {
	by      []*record.Server
	ns      [][]wire.Name
	answers []*record.Answer
}

func (s *shared) share(rng *rand.Rand, r *record.Record) {
	for i := range r.Climb {
		a := r.Climb[i].Answer
		if a.By != nil {
			a.By = pick(rng, &s.by, a.By)
		}
		if len(a.NS) > 0 {
			a.NS = pick(rng, &s.ns, a.NS)
		}
		if i > 0 && a.Outcome == record.NoData {
			r.Climb[i].Answer = pick(rng, &s.answers, a)
		}
	}
}

// pick returns one seen before, mostly; or v, which later calls may return.
func pick[T any](rng *rand.Rand, seen *[]T, v T) T {
	if n := len(*seen); n > 0 && rng.IntN(10) > 0 {
		return (*seen)[rng.IntN(n)]
	}
	*seen = append(*seen, v)
	return v
}

// TestEncoderMemory: what an encoder remembers changes no row, whether it remembers much or next to nothing.
func TestEncoderMemory(t *testing.T) {
	much, little := newTestEncoder(), newTestEncoder()
	little.servers, little.answers, little.ttls = newMemo[serverTexts](2), newMemo[level](2), newMemo[*int32](2)
	little.hosts, little.addresses = newMemo[host](2), newMemo[address](2)
	little.setsAt, little.sets, little.rrsets = newMemo[setAt](2), newMemo[*serverSet](2), newMemo[rrset](2)
	rng := rand.New(rand.NewPCG(5, 6))
	var among shared
	for i := range 3000 {
		r := random(rng, i)
		among.share(rng, r)
		if i%50 == 0 {
			fresh, freshRecords := newTestEncoder().Rows(r)
			got, records := much.Rows(r)
			if !reflect.DeepEqual(got, fresh) || !reflect.DeepEqual(records, freshRecords) {
				t.Fatalf("row %d:\n%s", i, cmp.Diff(fresh, got))
			}
		}
		want, wantRecords := little.Rows(r)
		got, records := much.Rows(r)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(records, wantRecords) {
			t.Fatalf("row %d:\n%s", i, cmp.Diff(want, got))
		}
	}
}

// TestOptedOut: a name that is not asked about, or whose zone above is not, says so, and never that there is no set.
func TestOptedOut(t *testing.T) {
	shop := www.Parent()
	optedOut := func(a *record.Answer) { a.Cause, a.By, a.RTT, a.Size = "opted-out", nil, 0, 0 }
	for _, c := range []struct {
		name   string
		climb  []*record.Answer
		exists string
		caa    any
	}{
		{"the name", []*record.Answer{answer(www, record.Skipped, optedOut)}, "unresolved", nil},
		{"the zone above", []*record.Answer{answer(www, record.NoData), answer(shop, record.Skipped, optedOut)}, "exists", "error"},
	} {
		r := climbed(c.climb...)
		want := map[string]any{"status": "blocked", "exists": c.exists, "caa_status": c.caa, "tls_posture": "error", "caa": nil, "caa_count": nil}
		if diff := cmp.Diff(want, columns(r, "status exists caa_status tls_posture caa caa_count")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		d, _ := newTestEncoder().Rows(r)
		if last := d.Climb[len(d.Climb)-1]; last.Outcome != "blocked" || last.Cause != "opted-out" {
			t.Errorf("%s: the last level is %+v", c.name, last)
		}
	}
}

// TestLimiterColumns: what the limiter did is NULL where it did nothing.
func TestLimiterColumns(t *testing.T) {
	for _, c := range []struct {
		server record.NameServer
		want   map[string]any
	}{
		{record.NameServer{Addr: ns1}, map[string]any{
			"rate_limit_qps": nil, "backoffs": int64(0), "backoff_cause": nil, "sent_peak": int64(0), "opted_out": false}},
		{record.NameServer{Addr: ns1, RateLimit: 12.5, Slowed: 3, SlowedBy: "timeout", Peak: 21}, map[string]any{
			"rate_limit_qps": 12.5, "backoffs": int64(3), "backoff_cause": "timeout", "sent_peak": int64(21), "opted_out": false}},
		{record.NameServer{Addr: ns1, OptedOut: true}, map[string]any{
			"rate_limit_qps": nil, "backoffs": int64(0), "backoff_cause": nil, "sent_peak": int64(0), "opted_out": true}},
	} {
		row := plainRow(newTestEncoder().NameServer(&c.server))
		for column, value := range c.want {
			if row[column] != value {
				t.Errorf("%+v: %s = %v, want %v", c.server, column, row[column], value)
			}
		}
	}
}

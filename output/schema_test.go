package output

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestColumnsAreDocumented reads the source: every field of a row struct says what it holds, and has one name.
func TestColumnsAreDocumented(t *testing.T) {
	rows := map[string]bool{"Domain": true, "Level": true, "Property": true, "Param": true, "CAARecord": true, "NameServer": true, "Query": true, "DKIMKey": true, "MXHost": true}
	snake := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	files, err := os.ReadDir(".")
	must(t, err)
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, parser.ParseComments)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !rows[spec.Name.Name] {
				return true
			}
			delete(rows, spec.Name.Name)
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				name := field.Names[0].Name
				if !strings.HasPrefix(field.Doc.Text(), name+" ") || len(field.Names) != 1 {
					t.Errorf("%s.%s has no comment that begins with its name", spec.Name.Name, name)
				}
				tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
				column, options, _ := strings.Cut(tag.Get("parquet"), ",")
				key, jsonOptions, _ := strings.Cut(tag.Get("json"), ",")
				if column != key || !snake.MatchString(column) {
					t.Errorf("%s.%s is called %q in Parquet and %q in JSON", spec.Name.Name, name, column, key)
				}
				if strings.Contains(options, "optional") != (jsonOptions == "omitzero") {
					t.Errorf("%s.%s can be NULL in one format and not in the other", spec.Name.Name, name)
				}
				if _, pointer := field.Type.(*ast.StarExpr); pointer && !strings.Contains(options, "optional") {
					t.Errorf("%s.%s is a pointer and cannot be NULL", spec.Name.Name, name)
				}
			}
			return false
		})
	}
	for name := range rows {
		t.Errorf("no struct %s found", name)
	}
}

// TestContract holds the columns against those of the contract (research/schema.md) that can be filled.
func TestContract(t *testing.T) {
	for _, c := range []struct {
		row     any
		columns string
	}{
		{Domain{}, `scan_id schema_version query_name input_name source_list rank rank_bucket registrable_domain public_suffix tld
			is_registrable psl_section zone_apex labels timestamp first_query_at last_query_at worker_id exists status mx_status email_capable
			email_rule implicit_mx mx_address mx_preference mx_operator mx_security caa_status caa_name climb caa_depth caa_at_name caa_via_alias
			cname_chain cname_depth caa_ttl caa_count caa_bytes caa_truncated caa_rrset_hash caa issue_set issuewild_set iodef_set issuemail_set
			issuevmc_set contactemail_set contactphone_set unknown_tag_set tls_issuers tls_wild_issuers smime_issuers vmc_issuers tls_posture
			tls_wild_posture smime_posture vmc_posture issuer_count_tls issuer_count_smime rfc8657_accounturi rfc8657_validationmethods
			param_cansignhttpexchanges param_other critical_any critical_on_known critical_unknown_tag reserved_flag_bits findings dnssec_status
			dnssec_reason ds_present dnssec_failed_at ns_address nsset_hash dns_operator dns_operator_count query_count retry_count tcp_count
			rtt_us queue_wait_us resolver protocol vantage spf_all dmarc_policy mta_sts ns_ip_count ns_tried ns_answered ns_lame ns_inconsistent
			caa_consistency tls_ca_owners smime_ca_owners owner_count_tls`},
		{Level{}, `name outcome rcode security reason failed_at ede attempts server alias_to ttl truncated caa`},
		{Property{}, `flags tag value critical reserved_bits issuer_domain params syntax`},
		{CAARecord{}, `scan_id timestamp query_name response_name response_type response_ttl status_code rtt worker_id caa_flags caa_tag caa_value
			caa_tag_canonical issuer_domain params syntax raw_rdata server_ip from_alias`},
		{NameServer{}, `server_ip server_names sent answered timeouts servfail refused formerr tcp rtt_p50_us rtt_p95_us throttled_ms first_at
			last_at edns_ok caa_support rate_limit_qps backoffs opted_out`},
		{Query{}, `scan_id query_id query_name query_type timestamp server_name server_ip protocol attempt udp_size do_bit status_code tc aa ad cd
			rtt_us wait_us response_bytes error ede_code ede_text for_name`},
	} {
		have := map[string]bool{}
		for f := range reflect.TypeOf(c.row).Fields() {
			have[columnName(f)] = true
		}
		for _, column := range strings.Fields(c.columns) {
			if !have[column] {
				t.Errorf("%T has no column %s", c.row, column)
			}
		}
	}
}

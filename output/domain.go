package output

import "time"

// Micros is a moment: microseconds since the Unix epoch, UTC. Zero is NULL. In JSON it is a string in the form of
// RFC 3339 with six digits after the second.
type Micros int64

const jsonTime = `"2006-01-02T15:04:05.000000Z"`

// MarshalJSON implements json.Marshaler.
func (m Micros) MarshalJSON() ([]byte, error) {
	return time.UnixMicro(int64(m)).UTC().AppendFormat(make([]byte, 0, len(jsonTime)), jsonTime), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Micros) UnmarshalJSON(text []byte) error {
	t, err := time.Parse(jsonTime, string(text))
	if err != nil {
		return err
	}
	*m = Micros(t.UnixMicro())
	return nil
}

// Domain is a row of the table domains: what one name of the input showed. "Deciding level" below is the level of the
// climb that holds the relevant RRset, or the failure that hides it (spec R1.10); where no set was found, it is the
// name itself.
type Domain struct {
	// Identity

	// ScanID is the identifier of the run; also in the file's metadata.
	ScanID string `parquet:"scan_id,dict" json:"scan_id"`
	// SchemaVersion is the version of these columns.
	SchemaVersion int16 `parquet:"schema_version" json:"schema_version"`
	// QueryName is the name scanned: lower-case A-labels, no final dot (spec R1.2).
	QueryName string `parquet:"query_name" json:"query_name"`
	// InputName is the name as given where it differed (IDN, mail address without its local part, URL), written by
	// Text. NULL: as query_name.
	InputName string `parquet:"input_name,optional" json:"input_name,omitzero"`
	// InputKind is the form of the input: name, mail (a mail address) or wildcard ("*.x", scanned as x, spec R1.1).
	InputKind string `parquet:"input_kind,dict" json:"input_kind"`
	// InputLine is the line in the source, from 1; with source_list it names the one line this row answers for.
	InputLine int64 `parquet:"input_line,delta" json:"input_line"`
	// SourceList is the list the name came from: "tranco:2026-11-01:K25XW", "stdin", a file name.
	SourceList string `parquet:"source_list,dict" json:"source_list"`
	// Rank is the position in a ranked list, from 1. NULL: the list has none, or only buckets.
	Rank int64 `parquet:"rank,optional,delta" json:"rank,omitzero"`
	// RankBucket is 1-1k, 1k-10k, 10k-100k, 100k-1m or 1m+. NULL: unranked.
	RankBucket string `parquet:"rank_bucket,optional,dict" json:"rank_bucket,omitzero"`
	// RegistrableDomain is the public suffix and one label, by the public suffix list named in the file's metadata.
	// NULL: the name is itself a suffix.
	RegistrableDomain string `parquet:"registrable_domain,optional" json:"registrable_domain,omitzero"`
	// PublicSuffix is the public suffix.
	PublicSuffix string `parquet:"public_suffix,optional,dict" json:"public_suffix,omitzero"`
	// TLD is the last label.
	TLD string `parquet:"tld,dict" json:"tld"`
	// IsRegistrable says that query_name is a registrable domain itself.
	IsRegistrable bool `parquet:"is_registrable" json:"is_registrable"`
	// PSLSection is the section of the public suffix list that holds the suffix: icann or private.
	PSLSection string `parquet:"psl_section,optional,dict" json:"psl_section,omitzero"`
	// ZoneApex is the apex of the zone that holds the name, for an alias the zone of its first link; where the look-up
	// failed, of the closest zone reached. NULL: not learned.
	ZoneApex string `parquet:"zone_apex,optional" json:"zone_apex,omitzero"`
	// Labels is the number of labels of query_name.
	Labels int8 `parquet:"labels" json:"labels"`
	// Timestamp is when the verdict was reached.
	Timestamp Micros `parquet:"timestamp,timestamp(microsecond),delta" json:"timestamp"`
	// FirstQueryAt is when the first question was asked, at the first look. NULL: everything was known from other names' queries.
	FirstQueryAt Micros `parquet:"first_query_at,optional,timestamp(microsecond),delta" json:"first_query_at,omitzero"`
	// LastQueryAt is when the last exchange made for this name ended, which is when the verdict was reached. NULL: as
	// first_query_at.
	LastQueryAt Micros `parquet:"last_query_at,optional,timestamp(microsecond),delta" json:"last_query_at,omitzero"`
	// WorkerID is the machine or process that scanned the name. NULL: the scan has no such name.
	WorkerID string `parquet:"worker_id,optional,dict" json:"worker_id,omitzero"`

	// Existence

	// Exists is exists, nxdomain or unresolved. A name that is an alias exists, also when the target does not.
	Exists string `parquet:"exists,dict" json:"exists"`
	// Status is the outcome of the whole climb: ok; nxdomain (the climb is complete, the name does not exist); or the
	// failure that hides the answer: timeout, servfail, refused, lame, formerr, notimp, rcode (another response code),
	// malformed, unreachable, truncated, loop (aliases), long_chain (of aliases), bogus, skipped (a bound on the work
	// for one name), blocked (opted out, nothing asked), not_asked (in what another tool measured, a level was not asked for);
	// internal: no level was asked at all.
	Status string `parquet:"status,dict" json:"status"`

	// Mail

	// MXStatus is found, null_mx (RFC 7505), nodata, nxdomain or error. NULL: not asked.
	MXStatus string `parquet:"mx_status,optional,dict" json:"mx_status,omitzero"`
	// EmailCapable says that mail to addresses at the name has somewhere to go (RFC 5321 5.1). NULL: not asked, or a
	// look-up failed.
	EmailCapable *bool `parquet:"email_capable,optional" json:"email_capable,omitzero"`
	// EmailRule is why: mx (an MX that is not null), implicit_mx (no MX, an address), null_mx, no_address (neither MX
	// nor address), nxdomain. NULL with email_capable.
	EmailRule string `parquet:"email_rule,optional,dict" json:"email_rule,omitzero"`
	// ImplicitMX says that mail would go to the name's own address for want of an MX. NULL with email_capable.
	ImplicitMX *bool `parquet:"implicit_mx,optional" json:"implicit_mx,omitzero"`
	// MXAddress is the exchanges by preference, then name; "." is the null MX. Empty: no MX. NULL: not known.
	MXAddress []string `parquet:"mx_address,list,optional" parquet-element:",dict" json:"mx_address,omitzero"`
	// MXPreference is the preferences, in the order of mx_address.
	MXPreference []int32 `parquet:"mx_preference,list,optional" json:"mx_preference,omitzero"`
	// MXOperator is the registrable domain of the best exchange.
	MXOperator string `parquet:"mx_operator,optional,dict" json:"mx_operator,omitzero"`
	// MXSecurity is the DNSSEC state of the MX answer: secure, insecure, bogus, indeterminate. NULL: not asked.
	MXSecurity string `parquet:"mx_security,optional,dict" json:"mx_security,omitzero"`

	// CAA, the result of the climb

	// CAAStatus is found, none or error, after the full climb of RFC 8659 section 3. NULL: nothing was asked.
	CAAStatus string `parquet:"caa_status,optional,dict" json:"caa_status,omitzero"`
	// CAAName is the relevant name: the one whose look-up gave the relevant RRset. NULL: none found.
	CAAName string `parquet:"caa_name,optional" json:"caa_name,omitzero"`
	// Climb is the evidence: every level asked, from the name upwards, to the first set or the top. What is above a failure does
	// not bear on the other columns.
	Climb []Level `parquet:"climb,list" json:"climb"`
	// CAADepth is how many labels caa_name lies above query_name; 0 at the name. NULL: none found.
	CAADepth *int8 `parquet:"caa_depth,optional" json:"caa_depth,omitzero"`
	// CAAAtName says that the look-up of query_name itself gave a set. NULL: that look-up failed.
	CAAAtName *bool `parquet:"caa_at_name,optional" json:"caa_at_name,omitzero"`
	// CAAViaAlias is the owner of the RRset where an alias led to it. NULL: no alias, or none found.
	CAAViaAlias string `parquet:"caa_via_alias,optional" json:"caa_via_alias,omitzero"`
	// CNAMEChain is the targets of the aliases (CNAME, DNAME) followed at the deciding level, in order.
	CNAMEChain []string `parquet:"cname_chain,list,optional" json:"cname_chain,omitzero"`
	// CNAMEDepth is the number of those aliases.
	CNAMEDepth *int8 `parquet:"cname_depth,optional" json:"cname_depth,omitzero"`
	// CAATTL is the TTL of the relevant RRset in seconds, as the authoritative server gave it; 0 where the highest bit
	// was set (RFC 2181 8). NULL: none found.
	CAATTL *int32 `parquet:"caa_ttl,optional" json:"caa_ttl,omitzero"`
	// CAACount is the number of records in the relevant RRset, 0 if there is none. NULL: not known.
	CAACount *int16 `parquet:"caa_count,optional" json:"caa_count,omitzero"`
	// CAABytes is the size in octets of the reply at the deciding level. NULL: no reply.
	CAABytes int32 `parquet:"caa_bytes,optional" json:"caa_bytes,omitzero"`
	// CAATruncated says that a reply at the deciding level came with TC set. NULL: nothing was asked.
	CAATruncated *bool `parquet:"caa_truncated,optional" json:"caa_truncated,omitzero"`
	// CAARRsetHash is a hash over the relevant RRset that does not depend on order, owner or TTL, in hexadecimal:
	// equal sets have equal hashes. NULL: none found.
	CAARRsetHash string `parquet:"caa_rrset_hash,optional" json:"caa_rrset_hash,omitzero"`
	// CAA is the relevant RRset. Empty: none found. NULL: not known.
	CAA []Property `parquet:"caa,list,optional" json:"caa,omitzero"`

	// CAA, what it means. All NULL where caa is NULL.

	// IssueSet says that the set holds the tag issue.
	IssueSet *bool `parquet:"issue_set,optional" json:"issue_set,omitzero"`
	// IssuewildSet says that the set holds the tag issuewild.
	IssuewildSet *bool `parquet:"issuewild_set,optional" json:"issuewild_set,omitzero"`
	// IodefSet says that the set holds the tag iodef.
	IodefSet *bool `parquet:"iodef_set,optional" json:"iodef_set,omitzero"`
	// IssuemailSet says that the set holds the tag issuemail (RFC 9495).
	IssuemailSet *bool `parquet:"issuemail_set,optional" json:"issuemail_set,omitzero"`
	// IssuevmcSet says that the set holds the tag issuevmc.
	IssuevmcSet *bool `parquet:"issuevmc_set,optional" json:"issuevmc_set,omitzero"`
	// ContactemailSet says that the set holds the tag contactemail.
	ContactemailSet *bool `parquet:"contactemail_set,optional" json:"contactemail_set,omitzero"`
	// ContactphoneSet says that the set holds the tag contactphone.
	ContactphoneSet *bool `parquet:"contactphone_set,optional" json:"contactphone_set,omitzero"`
	// UnknownTagSet says that the set holds a tag outside the registry (spec R2.6, R2.7).
	UnknownTagSet *bool `parquet:"unknown_tag_set,optional" json:"unknown_tag_set,omitzero"`
	// TLSIssuers is the issuers named for TLS names: lower case, sorted, each once.
	TLSIssuers []string `parquet:"tls_issuers,list,optional" parquet-element:",dict" json:"tls_issuers,omitzero"`
	// TLSWildIssuers is the issuers named for TLS wildcard names (spec R2.11).
	TLSWildIssuers []string `parquet:"tls_wild_issuers,list,optional" parquet-element:",dict" json:"tls_wild_issuers,omitzero"`
	// SMIMEIssuers is the issuers named for mail addresses.
	SMIMEIssuers []string `parquet:"smime_issuers,list,optional" parquet-element:",dict" json:"smime_issuers,omitzero"`
	// VMCIssuers is the issuers named for mark certificates.
	VMCIssuers []string `parquet:"vmc_issuers,list,optional" parquet-element:",dict" json:"vmc_issuers,omitzero"`
	// TLSPosture is absent, open, restricted, closed, blocked or error (spec section 8). NULL: nothing was asked.
	TLSPosture string `parquet:"tls_posture,optional,dict" json:"tls_posture,omitzero"`
	// TLSWildPosture is the same for TLS wildcard names.
	TLSWildPosture string `parquet:"tls_wild_posture,optional,dict" json:"tls_wild_posture,omitzero"`
	// SMIMEPosture is the same for mail addresses.
	SMIMEPosture string `parquet:"smime_posture,optional,dict" json:"smime_posture,omitzero"`
	// VMCPosture is the same for mark certificates.
	VMCPosture string `parquet:"vmc_posture,optional,dict" json:"vmc_posture,omitzero"`
	// IssuerCountTLS is the number of tls_issuers.
	IssuerCountTLS *int16 `parquet:"issuer_count_tls,optional" json:"issuer_count_tls,omitzero"`
	// IssuerCountSMIME is the number of smime_issuers.
	IssuerCountSMIME *int16 `parquet:"issuer_count_smime,optional" json:"issuer_count_smime,omitzero"`
	// RFC8657Accounturi says that a record of an issue tag carries the parameter accounturi.
	RFC8657Accounturi *bool `parquet:"rfc8657_accounturi,optional" json:"rfc8657_accounturi,omitzero"`
	// RFC8657Validationmethods says that a record of an issue tag carries the parameter validationmethods.
	RFC8657Validationmethods *bool `parquet:"rfc8657_validationmethods,optional" json:"rfc8657_validationmethods,omitzero"`
	// ParamCansignhttpexchanges says that a record of an issue tag carries the parameter cansignhttpexchanges.
	ParamCansignhttpexchanges *bool `parquet:"param_cansignhttpexchanges,optional" json:"param_cansignhttpexchanges,omitzero"`
	// ParamOther says that a record of an issue tag carries another parameter.
	ParamOther *bool `parquet:"param_other,optional" json:"param_other,omitzero"`
	// CriticalAny says that a record has the Issuer Critical flag (RFC 8659 4.1).
	CriticalAny *bool `parquet:"critical_any,optional" json:"critical_any,omitzero"`
	// CriticalOnKnown says that a record with a known tag has it.
	CriticalOnKnown *bool `parquet:"critical_on_known,optional" json:"critical_on_known,omitzero"`
	// CriticalUnknownTag says that a record with an unknown tag has it, which forbids all issuance (spec R2.5).
	CriticalUnknownTag *bool `parquet:"critical_unknown_tag,optional" json:"critical_unknown_tag,omitzero"`
	// ReservedFlagBits says that a record has one of the seven reserved flag bits.
	ReservedFlagBits *bool `parquet:"reserved_flag_bits,optional" json:"reserved_flag_bits,omitzero"`
	// Findings is stable words for what a person should look at, sorted: those of caa.Finding. NULL where caa is NULL.
	Findings []string `parquet:"findings,list,optional" parquet-element:",dict" json:"findings,omitzero"`

	// DNSSEC

	// DNSSECStatus is secure, insecure, bogus or indeterminate (RFC 4035 4.3), denial of existence included: of the
	// deciding level where a set was found or the look-up failed; where none was found, the worst over all levels
	// asked, in the order bogus, indeterminate, insecure, secure. NULL: nothing was asked.
	DNSSECStatus string `parquet:"dnssec_status,optional,dict" json:"dnssec_status,omitzero"`
	// DNSSECReason is the word for why, of the same level.
	DNSSECReason string `parquet:"dnssec_reason,optional,dict" json:"dnssec_reason,omitzero"`
	// DSPresent says that the parent tells of a DS for zone_apex. NULL: not known.
	DSPresent *bool `parquet:"ds_present,optional" json:"ds_present,omitzero"`
	// DNSSECFailedAt is the zone where the chain of trust broke. NULL: it did not.
	DNSSECFailedAt string `parquet:"dnssec_failed_at,optional" json:"dnssec_failed_at,omitzero"`

	// Name servers of zone_apex

	// NSAddress is the names of the servers, sorted. NULL: not learned, as where a server of the zone above answered.
	NSAddress []string `parquet:"ns_address,list,optional" parquet-element:",dict" json:"ns_address,omitzero"`
	// NSSetHash is a hash over the sorted names, in hexadecimal: equal sets have equal hashes.
	NSSetHash string `parquet:"nsset_hash,optional,dict" json:"nsset_hash,omitzero"`
	// DNSOperator is the registrable domain under which most of the servers' names are; of several, the first in
	// alphabetical order.
	DNSOperator string `parquet:"dns_operator,optional,dict" json:"dns_operator,omitzero"`
	// DNSOperatorCount is the number of different registrable domains of the servers' names.
	DNSOperatorCount int8 `parquet:"dns_operator_count,optional" json:"dns_operator_count,omitzero"`

	// Cost

	// QueryCount is the packets sent for this name; 32767 stands for that and more. Work shared with other names is
	// counted for the one that asked first.
	QueryCount int16 `parquet:"query_count" json:"query_count"`
	// RetryCount is how many of them repeated a question after a failure.
	RetryCount int16 `parquet:"retry_count" json:"retry_count"`
	// TCPCount is how many of them went over TCP.
	TCPCount int16 `parquet:"tcp_count" json:"tcp_count"`
	// RTTUs is the round-trip time in microseconds of the deciding level's answer. NULL: no reply.
	RTTUs *int64 `parquet:"rtt_us,optional" json:"rtt_us,omitzero"`
	// QueueWaitUs is the time in microseconds that the limiter held this name's queries back, summed.
	QueueWaitUs int64 `parquet:"queue_wait_us" json:"queue_wait_us"`
	// Resolver is the address of the server that gave the deciding level's answer. NULL: none answered.
	Resolver string `parquet:"resolver,optional,dict" json:"resolver,omitzero"`
	// ResolverName is a name of that server.
	ResolverName string `parquet:"resolver_name,optional,dict" json:"resolver_name,omitzero"`
	// Protocol is how that answer came: udp or tcp.
	Protocol string `parquet:"protocol,optional,dict" json:"protocol,omitzero"`
	// Vantage is the place in the network from which the scan was made. NULL: not stated.
	Vantage string `parquet:"vantage,optional,dict" json:"vantage,omitzero"`

	// Mail besides MX (--with). NULL: not asked, as of a name that does not exist. What protocols say is written by Octets.

	// SPFAll is what the SPF record says of hosts it does not list: absent (no record), fail, softfail, neutral, pass, redirect,
	// missing-all (neither all nor redirect), permerror, error (the look-up failed).
	SPFAll string `parquet:"spf_all,optional,dict" json:"spf_all,omitzero"`
	// SPFLookups is the number of terms in force that ask the DNS (RFC 7208 4.6.4). NULL: there is not one record.
	SPFLookups *int16 `parquet:"spf_lookups,optional" json:"spf_lookups,omitzero"`
	// SPFIncludes is the domains of the mechanisms include in force, as published. NULL: there is not one record.
	SPFIncludes []string `parquet:"spf_includes,list,optional" parquet-element:",dict" json:"spf_includes,omitzero"`
	// SPFRedirect is the domain of the redirect in force, as published. NULL: there is none.
	SPFRedirect string `parquet:"spf_redirect,optional,dict" json:"spf_redirect,omitzero"`
	// SPFSecurity is the DNSSEC state of the answer; likewise in the columns of the same form below.
	SPFSecurity string `parquet:"spf_security,optional,dict" json:"spf_security,omitzero"`
	// DMARCPolicy is what applies to the name: absent, none, quarantine, reject, multiple, invalid, error. The record is that of the
	// name or else of its registrable domain, whose policy for subdomains it then is (RFC 7489 6.6.3).
	DMARCPolicy string `parquet:"dmarc_policy,optional,dict" json:"dmarc_policy,omitzero"`
	// DMARCSubdomainPolicy is that for subdomains: sp or else p. NULL: no policy.
	DMARCSubdomainPolicy string `parquet:"dmarc_subdomain_policy,optional,dict" json:"dmarc_subdomain_policy,omitzero"`
	// DMARCNPPolicy is that for subdomains that do not exist: np or else sp or p. NULL: no policy.
	DMARCNPPolicy string `parquet:"dmarc_np_policy,optional,dict" json:"dmarc_np_policy,omitzero"`
	// DMARCTesting says that the policy is being tested (t=y). NULL: no policy.
	DMARCTesting *bool `parquet:"dmarc_testing,optional" json:"dmarc_testing,omitzero"`
	// DMARCPct is the percentage that the policy is for (RFC 7489 6.3). NULL: no policy.
	DMARCPct *int8 `parquet:"dmarc_pct,optional" json:"dmarc_pct,omitzero"`
	// DMARCRUA is where aggregate reports go. NULL: no policy.
	DMARCRUA []string `parquet:"dmarc_rua,list,optional" json:"dmarc_rua,omitzero"`
	// DMARCRUF is where failure reports go. NULL: no policy.
	DMARCRUF []string `parquet:"dmarc_ruf,list,optional" json:"dmarc_ruf,omitzero"`
	// DMARCName is the name with the record, or whose look-up failed: _dmarc.example.org. NULL: no record.
	DMARCName string `parquet:"dmarc_name,optional" json:"dmarc_name,omitzero"`
	// DMARCSecurity is the DNSSEC state of the last answer.
	DMARCSecurity string `parquet:"dmarc_security,optional,dict" json:"dmarc_security,omitzero"`
	// MTASTS says whether an MTA-STS policy is announced: absent, published, multiple, invalid, error.
	MTASTS string `parquet:"mta_sts,optional,dict" json:"mta_sts,omitzero"`
	// MTASTSID is the identifier of the policy.
	MTASTSID string `parquet:"mta_sts_id,optional" json:"mta_sts_id,omitzero"`
	// MTASTSSecurity is the DNSSEC state of the answer.
	MTASTSSecurity string `parquet:"mta_sts_security,optional,dict" json:"mta_sts_security,omitzero"`
	// MTASTSCAAPosture is the TLS posture of the host mta-sts.<query_name>, which serves the policy. NULL: mta_sts is absent, and so
	// the host was not asked about.
	MTASTSCAAPosture string `parquet:"mta_sts_caa_posture,optional,dict" json:"mta_sts_caa_posture,omitzero"`
	// MTASTSCAAName is the relevant name of that host. NULL: no set was found.
	MTASTSCAAName string `parquet:"mta_sts_caa_name,optional" json:"mta_sts_caa_name,omitzero"`
	// MTASTSCAAInherited says that it is not the host itself. NULL: no set was found.
	MTASTSCAAInherited *bool `parquet:"mta_sts_caa_inherited,optional" json:"mta_sts_caa_inherited,omitzero"`
	// TLSRPT says whether reports on TLS are wanted: absent, published, multiple, invalid, error (RFC 8460).
	TLSRPT string `parquet:"tls_rpt,optional,dict" json:"tls_rpt,omitzero"`
	// TLSRPTRUA is where they go. NULL: not published.
	TLSRPTRUA []string `parquet:"tls_rpt_rua,list,optional" json:"tls_rpt_rua,omitzero"`
	// TLSRPTSecurity is the DNSSEC state of the answer.
	TLSRPTSecurity string `parquet:"tls_rpt_security,optional,dict" json:"tls_rpt_security,omitzero"`
	// BIMI is what the BIMI record asserts: absent, declined, self-asserted, evidenced, multiple, invalid, error.
	BIMI string `parquet:"bimi,optional,dict" json:"bimi,omitzero"`
	// BIMILocation is the URL of the indicator.
	BIMILocation string `parquet:"bimi_location,optional" json:"bimi_location,omitzero"`
	// BIMIEvidence is the URL of the evidence, such as a mark certificate.
	BIMIEvidence string `parquet:"bimi_evidence,optional" json:"bimi_evidence,omitzero"`
	// BIMISecurity is the DNSSEC state of the answer.
	BIMISecurity string `parquet:"bimi_security,optional,dict" json:"bimi_security,omitzero"`
	// DKIM is the keys of the selectors that were asked about, in their order.
	DKIM []DKIMKey `parquet:"dkim,list,optional" json:"dkim,omitzero"`
	// MailFindings is stable words for what is wrong with these records, protocol by protocol.
	MailFindings []string `parquet:"mail_findings,list,optional" parquet-element:",dict" json:"mail_findings,omitzero"`
	// MXHosts is CAA of the mail exchangers, the 16 most preferred at most, each once. Empty: there is no exchanger. NULL: not
	// asked, or MX not known.
	MXHosts []MXHost `parquet:"mx_hosts,list,optional" json:"mx_hosts,omitzero"`

	// All name servers of the zone that holds the deciding level (--with all-servers). NULL: not asked

	// CAAConsistency says if they agree: same, nodata_vs_caa, cname_differs, caa_differs, nxdomain_vs_caa, not_checked (fewer than
	// two answered). NULL: not asked; likewise in the columns below.
	CAAConsistency string `parquet:"caa_consistency,optional,dict" json:"caa_consistency,omitzero"`
	// NSIPCount is the number of their addresses; 127 stands for that and more.
	NSIPCount *int8 `parquet:"ns_ip_count,optional" json:"ns_ip_count,omitzero"`
	// NSTried is how many of these were asked.
	NSTried *int8 `parquet:"ns_tried,optional" json:"ns_tried,omitzero"`
	// NSAnswered is how many said what there is, if only that there is nothing.
	NSAnswered *int8 `parquet:"ns_answered,optional" json:"ns_answered,omitzero"`
	// NSLame is how many do not serve the zone.
	NSLame *int8 `parquet:"ns_lame,optional" json:"ns_lame,omitzero"`
	// NSInconsistent is how many say something else than the largest number that agree.
	NSInconsistent *int8 `parquet:"ns_inconsistent,optional" json:"ns_inconsistent,omitzero"`

	// Who the issuers are. All NULL where caa is NULL, and without a table of issuers.

	// TLSCAOwners is the groups of CAs that go by one of tls_issuers now, sorted, each once. An identifier that nobody is known
	// to go by has none.
	TLSCAOwners []string `parquet:"tls_ca_owners,list,optional" parquet-element:",dict" json:"tls_ca_owners,omitzero"`
	// SMIMECAOwners is the same for smime_issuers.
	SMIMECAOwners []string `parquet:"smime_ca_owners,list,optional" parquet-element:",dict" json:"smime_ca_owners,omitzero"`
	// OwnerCountTLS is the number of tls_ca_owners.
	OwnerCountTLS *int16 `parquet:"owner_count_tls,optional" json:"owner_count_tls,omitzero"`

	// The second look at a name that failed (--second-look). The columns of cost are sums over both.

	// Looks is how often the name was looked at: 2 where the first look ended in a failure that may pass, by first_look_status;
	// all other columns but those of cost then show the second.
	Looks int8 `parquet:"looks" json:"looks"`
	// FirstLookAt is when the first of two looks had failed; timestamp less this is how far apart they were tried. NULL: there
	// was one look.
	FirstLookAt Micros `parquet:"first_look_at,optional,timestamp(microsecond)" json:"first_look_at,omitzero"`
	// FirstLookStatus is what status would have been then. NULL: there was one look.
	FirstLookStatus string `parquet:"first_look_status,optional,dict" json:"first_look_status,omitzero"`
	// FirstLookAttempts is the exchanges that the first look had with the servers that failed; 127 stands for that and more.
	// NULL: there was one look.
	FirstLookAttempts *int8 `parquet:"first_look_attempts,optional" json:"first_look_attempts,omitzero"`
}

// DKIMKey is an element of Domain.DKIM.
type DKIMKey struct {
	// Selector is the selector asked about.
	Selector string `parquet:"selector,dict" json:"selector"`
	// Posture is absent, valid, weak, revoked, unsupported, multiple, invalid or error. NULL: opted out.
	Posture string `parquet:"posture,optional,dict" json:"posture,omitzero"`
	// KeyType is rsa, ed25519 or other. NULL: there is no record that can be read.
	KeyType string `parquet:"key_type,optional,dict" json:"key_type,omitzero"`
	// KeyBits is the size of the key. NULL: there is no good one.
	KeyBits int32 `parquet:"key_bits,optional" json:"key_bits,omitzero"`
	// Testing says that the domain is testing DKIM (t=y).
	Testing bool `parquet:"testing" json:"testing"`
}

// MXHost is an element of Domain.MXHosts.
type MXHost struct {
	// Name is the name of the mail exchanger.
	Name string `parquet:"name,dict" json:"name"`
	// CAAStatus is found, none or error, after the full climb.
	CAAStatus string `parquet:"caa_status,dict" json:"caa_status"`
	// CAAName is the relevant name. NULL: none found.
	CAAName string `parquet:"caa_name,optional,dict" json:"caa_name,omitzero"`
	// TLSPosture is the posture for TLS names, as in Domain.TLSPosture.
	TLSPosture string `parquet:"tls_posture,dict" json:"tls_posture"`
	// TLSIssuers is the issuers named for TLS names.
	TLSIssuers []string `parquet:"tls_issuers,list" parquet-element:",dict" json:"tls_issuers"`
	// Security is the DNSSEC state, as in Domain.DNSSECStatus.
	Security string `parquet:"security,dict" json:"security"`
	// Error is the failure that hides the answer, by the words of Domain.Status. NULL: there was none.
	Error string `parquet:"error,optional,dict" json:"error,omitzero"`
}

// Level is an element of Domain.Climb: one name asked for CAA.
type Level struct {
	// Name is the name asked.
	Name string `parquet:"name" json:"name"`
	// Outcome is found, nodata, nxdomain, or one of the failures of Domain.Status.
	Outcome string `parquet:"outcome,dict" json:"outcome"`
	// RCode is the mnemonic of the response code that decided: NOERROR, NXDOMAIN, SERVFAIL, ... NULL: no reply.
	RCode string `parquet:"rcode,optional,dict" json:"rcode,omitzero"`
	// Security is the DNSSEC state: secure, insecure, bogus or indeterminate.
	Security string `parquet:"security,dict" json:"security"`
	// Reason is the word for why the security is as it is. NULL: nothing to say.
	Reason string `parquet:"reason,optional,dict" json:"reason,omitzero"`
	// Cause is the word for what of caascan's own ended the look-up, such as the bound that was hit. NULL: nothing did.
	Cause string `parquet:"cause,optional,dict" json:"cause,omitzero"`
	// FailedAt is the zone at whose servers the look-up failed. NULL: it did not.
	FailedAt string `parquet:"failed_at,optional" json:"failed_at,omitzero"`
	// EDE is the info codes of the extended DNS errors received (RFC 8914).
	EDE []int16 `parquet:"ede,list" json:"ede"`
	// EDEText is their texts, written by Octets, in the order of ede; an error without text has an empty one.
	EDEText []string `parquet:"ede_text,list" json:"ede_text"`
	// Attempts is the exchanges with the servers of the last zone asked, at both looks if both failed here, since a rule may
	// demand that a failure was retried (R3.4); 127 stands for that and more.
	Attempts int8 `parquet:"attempts" json:"attempts"`
	// Server is the address of the server that gave the answer. NULL: none answered.
	Server string `parquet:"server,optional,dict" json:"server,omitzero"`
	// AliasTo is the end of the chain of aliases. NULL: the name is no alias.
	AliasTo string `parquet:"alias_to,optional" json:"alias_to,omitzero"`
	// TTL is the seconds for which the answer, or its denial, holds; read as Domain.CAATTL. NULL: a failure.
	TTL *int32 `parquet:"ttl,optional" json:"ttl,omitzero"`
	// Truncated says that a reply came with TC set, whether or not TCP was completed after it (C21).
	Truncated bool `parquet:"truncated" json:"truncated"`
	// CAA is the set found above a failure, each record in presentation form (RFC 8659 4.1.1), sorted, for rules that pass over
	// failures (C3). Empty elsewhere: the relevant RRset is Domain.CAA.
	CAA []string `parquet:"caa,list" json:"caa"`
}

// Property is an element of Domain.CAA: one record.
type Property struct {
	// Flags is the flags octet; 128 is Issuer Critical.
	Flags uint8 `parquet:"flags" json:"flags"`
	// Tag is the tag as published, written by Octets.
	Tag string `parquet:"tag,dict" json:"tag"`
	// Value is the value as published, written by Octets: ASCII only, which gives back every octet.
	Value string `parquet:"value,dict" json:"value"`
	// Critical says that the Issuer Critical flag is set.
	Critical bool `parquet:"critical" json:"critical"`
	// ReservedBits says that one of the other flags is set.
	ReservedBits bool `parquet:"reserved_bits" json:"reserved_bits"`
	// IssuerDomain is the issuer that a record of an issue tag names, in lower case. NULL: nobody.
	IssuerDomain string `parquet:"issuer_domain,optional,dict" json:"issuer_domain,omitzero"`
	// Params is the parameters of a record of an issue tag.
	Params []Param `parquet:"params,list" json:"params"`
	// Syntax is how the value fits the grammar of its tag: ok, malformed or unchecked (unknown tag).
	Syntax string `parquet:"syntax,dict" json:"syntax"`
}

// Param is an element of Property.Params (RFC 8659 4.2).
type Param struct {
	// Name is the parameter's name as published.
	Name string `parquet:"name,dict" json:"name"`
	// Value is its value as published.
	Value string `parquet:"value,dict" json:"value"`
}

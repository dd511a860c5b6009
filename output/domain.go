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
	// FirstQueryAt is when the first question was asked. NULL: everything was known from other names' queries.
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
	// for one name), blocked (opted out, nothing asked); internal: no level was asked at all.
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
	// Findings is stable words for what a person should look at, sorted.
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
	// Attempts is the exchanges with the servers of the last zone asked; 127 stands for that and more.
	Attempts int8 `parquet:"attempts" json:"attempts"`
	// Server is the address of the server that gave the answer. NULL: none answered.
	Server string `parquet:"server,optional,dict" json:"server,omitzero"`
	// AliasTo is the end of the chain of aliases. NULL: the name is no alias.
	AliasTo string `parquet:"alias_to,optional" json:"alias_to,omitzero"`
	// TTL is the seconds for which the answer, or its denial, holds; read as Domain.CAATTL. NULL: a failure.
	TTL *int32 `parquet:"ttl,optional" json:"ttl,omitzero"`
	// Truncated says that a reply came with TC set, whether or not TCP was completed after it (C21).
	Truncated bool `parquet:"truncated" json:"truncated"`
	// CAA is the set found above a failure, each record in presentation form (RFC 8659 4.1.1), for rules that pass over failures
	// (C3). Empty elsewhere: the relevant RRset is Domain.CAA.
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

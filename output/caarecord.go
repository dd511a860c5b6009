package output

// CAARecord is a row of the table caa_records: one CAA record as a server gave it. Where OpenINTEL has a column of the
// same meaning, name and type are OpenINTEL's, so that a query written for its CAA rows runs here; names are without
// the final dot. The records of every level that had some are here, those above the relevant RRset too where they were
// asked: the column relevant tells them apart.
type CAARecord struct {
	// ScanID is the identifier of the run.
	ScanID string `parquet:"scan_id,dict" json:"scan_id"`
	// Timestamp is that of the name's row in domains: when its verdict was reached.
	Timestamp Micros `parquet:"timestamp,timestamp(microsecond),delta" json:"timestamp"`
	// QueryName is the name scanned, as in domains.
	QueryName string `parquet:"query_name" json:"query_name"`
	// QueryType is CAA.
	QueryType string `parquet:"query_type,dict" json:"query_type"`
	// ResponseName is the owner of the record.
	ResponseName string `parquet:"response_name" json:"response_name"`
	// ResponseType is CAA.
	ResponseType string `parquet:"response_type,dict" json:"response_type"`
	// ResponseTTL is the TTL in seconds; 0 where the highest bit was set (RFC 2181 8).
	ResponseTTL int32 `parquet:"response_ttl" json:"response_ttl"`
	// StatusCode is the response code of the reply.
	StatusCode int32 `parquet:"status_code" json:"status_code"`
	// RTT is the round-trip time of the exchange in seconds.
	RTT float64 `parquet:"rtt" json:"rtt"`
	// WorkerID is the machine or process that scanned the name. NULL: the scan has no such name.
	WorkerID string `parquet:"worker_id,optional,dict" json:"worker_id,omitzero"`
	// CAAFlags is the flags octet. NULL: the record cannot be read.
	CAAFlags *uint8 `parquet:"caa_flags,optional" json:"caa_flags,omitzero"`
	// CAATag is the tag as published, written by Octets. NULL: the record cannot be read.
	CAATag string `parquet:"caa_tag,optional,dict" json:"caa_tag,omitzero"`
	// CAAValue is the value as published, written by Octets. NULL: the record cannot be read.
	CAAValue *string `parquet:"caa_value,optional,dict" json:"caa_value,omitzero"`

	// Columns of our own

	// Relevant says that the record belongs to the relevant RRset of query_name.
	Relevant bool `parquet:"relevant" json:"relevant"`
	// CAADepth is how many labels above query_name the record was asked for; 0 at the name.
	CAADepth int8 `parquet:"caa_depth" json:"caa_depth"`
	// CAATagCanonical is the tag in lower case if it is a known one. NULL: it is not.
	CAATagCanonical string `parquet:"caa_tag_canonical,optional,dict" json:"caa_tag_canonical,omitzero"`
	// IssuerDomain is the issuer that a record of an issue tag names, in lower case. NULL: nobody.
	IssuerDomain string `parquet:"issuer_domain,optional,dict" json:"issuer_domain,omitzero"`
	// Params is the parameters of a record of an issue tag.
	Params []Param `parquet:"params,list" json:"params"`
	// Syntax is how the value fits the grammar of its tag: ok, malformed or unchecked (unknown tag). NULL: the record
	// cannot be read.
	Syntax string `parquet:"syntax,optional,dict" json:"syntax,omitzero"`
	// RawRData is the record's data where it cannot be read; in JSON in base64. NULL: it can.
	RawRData []byte `parquet:"raw_rdata,optional" json:"raw_rdata,omitzero"`
	// ServerIP is the address of the server that gave the record.
	ServerIP string `parquet:"server_ip,optional,dict" json:"server_ip,omitzero"`
	// FromAlias is the name asked, where an alias led from it to response_name. NULL: no alias.
	FromAlias string `parquet:"from_alias,optional" json:"from_alias,omitzero"`
}

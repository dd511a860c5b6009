package output

import (
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// NameServer is a row of the table nameservers: one server address, and what a scan asked of it. It is the evidence
// that limits were kept.
type NameServer struct {
	// ScanID is the identifier of the run.
	ScanID string `parquet:"scan_id,dict" json:"scan_id"`
	// ServerIP is the address.
	ServerIP string `parquet:"server_ip" json:"server_ip"`
	// ServerNames is names under which it was met, at most a few.
	ServerNames []string `parquet:"server_names,list" json:"server_names"`
	// DNSOperator is the registrable domain of the first of them.
	DNSOperator string `parquet:"dns_operator,optional,dict" json:"dns_operator,omitzero"`
	// Sent is the number of packets sent to it.
	Sent int64 `parquet:"sent" json:"sent"`
	// Answered is the number of replies matched.
	Answered int64 `parquet:"answered" json:"answered"`
	// Timeouts is the number of queries to which no reply came in time.
	Timeouts int64 `parquet:"timeouts" json:"timeouts"`
	// Unreachable is the number of queries that could not be delivered.
	Unreachable int64 `parquet:"unreachable" json:"unreachable"`
	// ServFail is the number of replies with SERVFAIL.
	ServFail int64 `parquet:"servfail" json:"servfail"`
	// Refused is the number of replies with REFUSED.
	Refused int64 `parquet:"refused" json:"refused"`
	// FormErr is the number of replies with FORMERR.
	FormErr int64 `parquet:"formerr" json:"formerr"`
	// NotImp is the number of replies with NOTIMP.
	NotImp int64 `parquet:"notimp" json:"notimp"`
	// Lame is the number of replies that showed that the server does not serve the zone delegated to it.
	Lame int64 `parquet:"lame" json:"lame"`
	// TCP is the number of queries over TCP.
	TCP int64 `parquet:"tcp" json:"tcp"`
	// RTTP50Us is the median round-trip time in microseconds. NULL: no replies.
	RTTP50Us int64 `parquet:"rtt_p50_us,optional" json:"rtt_p50_us,omitzero"`
	// RTTP95Us is the 95th percentile of the round-trip time in microseconds. NULL: no replies.
	RTTP95Us int64 `parquet:"rtt_p95_us,optional" json:"rtt_p95_us,omitzero"`
	// ThrottledMs is how long in milliseconds the limiter held queries to it back, summed.
	ThrottledMs int64 `parquet:"throttled_ms" json:"throttled_ms"`
	// FirstAt is when the first packet was sent to it. NULL: none was.
	FirstAt Micros `parquet:"first_at,optional,timestamp(microsecond)" json:"first_at,omitzero"`
	// LastAt is when the last packet was sent to it. NULL: none was.
	LastAt Micros `parquet:"last_at,optional,timestamp(microsecond)" json:"last_at,omitzero"`
	// EDNSOK says that it speaks EDNS. NULL: not known.
	EDNSOK *bool `parquet:"edns_ok,optional" json:"edns_ok,omitzero"`
	// EDNSSupport is how it deals with EDNS: answers, refuses (an error code), drops, notimp. NULL: not known.
	EDNSSupport string `parquet:"edns_support,optional,dict" json:"edns_support,omitzero"`
	// CAASupport is how it deals with questions for CAA, in the same words.
	CAASupport string `parquet:"caa_support,optional,dict" json:"caa_support,omitzero"`
	// MixedCaseSupport is how it deals with questions in mixed case (0x20), in the same words; answers: it keeps it.
	MixedCaseSupport string `parquet:"mixed_case_support,optional,dict" json:"mixed_case_support,omitzero"`
	// RateLimitQPS is the packets a second that the limiter allowed it at the end of the scan. NULL: no limit.
	RateLimitQPS float64 `parquet:"rate_limit_qps,optional" json:"rate_limit_qps,omitzero"`
	// Backoffs is how often the limiter slowed down.
	Backoffs int64 `parquet:"backoffs" json:"backoffs"`
	// BackoffCause is the word for what was most often the reason. NULL: it never slowed down.
	BackoffCause string `parquet:"backoff_cause,optional,dict" json:"backoff_cause,omitzero"`
	// SentPeak is the most packets sent to it within one second.
	SentPeak int64 `parquet:"sent_peak" json:"sent_peak"`
	// OptedOut says that it is on the opt-out list: nothing was sent to it.
	OptedOut bool `parquet:"opted_out" json:"opted_out"`
	// Run is the number of the run of the scan that the row is about, from 1: one that was stopped and continued has a row for each
	// run in which the server was asked.
	Run int16 `parquet:"run" json:"run"`
}

// NameServer makes the row of one server.
func (e *Encoder) NameServer(s *record.NameServer) NameServer {
	row := NameServer{
		ScanID:           e.scanID,
		ServerIP:         e.address(s.Addr),
		ServerNames:      []string{},
		DNSOperator:      s.Operator,
		Sent:             int64(s.Sent),
		Answered:         int64(s.Answered),
		Timeouts:         int64(s.Timeouts),
		Unreachable:      int64(s.Unreachable),
		ServFail:         int64(s.ServFail),
		Refused:          int64(s.Refused),
		FormErr:          int64(s.FormErr),
		NotImp:           int64(s.NotImp),
		Lame:             int64(s.Lame),
		TCP:              int64(s.TCP),
		RTTP50Us:         s.RTT50.Microseconds(),
		RTTP95Us:         s.RTT95.Microseconds(),
		ThrottledMs:      s.Waited.Milliseconds(),
		FirstAt:          micros(s.First),
		LastAt:           micros(s.Last),
		EDNSSupport:      supportWord(s.EDNS),
		CAASupport:       supportWord(s.CAA),
		MixedCaseSupport: supportWord(s.MixedCase),
		RateLimitQPS:     s.RateLimit,
		Backoffs:         int64(s.Slowed),
		BackoffCause:     s.SlowedBy,
		SentPeak:         int64(s.Peak),
		OptedOut:         s.OptedOut,
	}
	for _, name := range s.Names {
		row.ServerNames = append(row.ServerNames, name.String())
	}
	if s.EDNS != record.Unknown {
		row.EDNSOK = flag(s.EDNS == record.Answers)
	}
	return row
}

func supportWord(s record.Support) string {
	if s == record.Unknown {
		return ""
	}
	return s.String()
}

func micros(t step.Time) Micros { return Micros(t / step.Time(time.Microsecond)) }

package output

import (
	"math"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Query is a row of the table queries: one exchange, which is one packet to one server and what became of it. A query that
// was sent again is a row again, and so is the repetition over TCP of a reply that was cut short. Packets whose names were
// under way when a run was stopped have rows too, as far as the run has seen how they ended; the names are asked about again
// by the run that continues. A scan writes the table only on request, for all names or for a share of them: of each name all
// rows are there, or none are.
type Query struct {
	// ScanID is the identifier of the run.
	ScanID string `parquet:"scan_id,dict" json:"scan_id"`
	// QueryID is the number of the exchange within the run, in the order in which they were written, from 1.
	QueryID int64 `parquet:"query_id" json:"query_id"`
	// QueryName is the name in the question, in lower case whatever was sent.
	QueryName string `parquet:"query_name,dict" json:"query_name"`
	// QueryType is the type in the question.
	QueryType string `parquet:"query_type,dict" json:"query_type"`
	// Timestamp is when the packet left; of one that never could, when that was known.
	Timestamp Micros `parquet:"timestamp,timestamp(microsecond)" json:"timestamp"`
	// ServerName is the name under which the server was first met. NULL: a resolver, of which only the address is known.
	ServerName string `parquet:"server_name,optional,dict" json:"server_name,omitzero"`
	// ServerIP is the address of the server.
	ServerIP string `parquet:"server_ip,dict" json:"server_ip"`
	// Protocol is udp or tcp.
	Protocol string `parquet:"protocol,dict" json:"protocol"`
	// Attempt is the number of the try at the servers of this zone, from 1. What only changes the form of a question, and so
	// goes to the same server at once, is no new try: over TCP, without EDNS, in lower case.
	Attempt int16 `parquet:"attempt" json:"attempt"`
	// UDPSize is the largest reply over UDP in octets that the query offers to take (RFC 6891 6.2.3). NULL: it was without EDNS.
	UDPSize int32 `parquet:"udp_size,optional" json:"udp_size,omitzero"`
	// DOBit says that the query asks for DNSSEC records (RFC 3225).
	DOBit bool `parquet:"do_bit" json:"do_bit"`
	// StatusCode is the response code of the reply, with the upper bits of EDNS. NULL: there was none.
	StatusCode *int32 `parquet:"status_code,optional" json:"status_code,omitzero"`
	// TC says that the reply is cut short (RFC 1035 4.1.1). NULL: there was none.
	TC *bool `parquet:"tc,optional" json:"tc,omitzero"`
	// AA says that the reply is authoritative (RFC 1035 4.1.1). NULL: there was none.
	AA *bool `parquet:"aa,optional" json:"aa,omitzero"`
	// AD says that a resolver vouches for the reply (RFC 4035 3.2.3); authoritative servers have nothing to say by it. NULL: there was none.
	AD *bool `parquet:"ad,optional" json:"ad,omitzero"`
	// CD says that the query asks a resolver for data that it has not checked (RFC 4035 3.2.2).
	CD bool `parquet:"cd" json:"cd"`
	// RTTUs is the time from sending to the reply in microseconds, over TCP with the handshake. NULL: there was no reply.
	RTTUs *int64 `parquet:"rtt_us,optional" json:"rtt_us,omitzero"`
	// WaitUs is how long the query was held back before for the sake of the limits, in microseconds.
	WaitUs int64 `parquet:"wait_us" json:"wait_us"`
	// ResponseBytes is the length of the reply in octets. NULL: there was none.
	ResponseBytes int32 `parquet:"response_bytes,optional" json:"response_bytes,omitzero"`
	// Error is timeout (no reply in time), unreachable (the packet could not be delivered, or the connection broke) or malformed
	// (a reply that cannot be read). NULL: a reply, whatever it says.
	Error string `parquet:"error,optional,dict" json:"error,omitzero"`
	// EDECode is the code of the first extended error of the reply (RFC 8914). NULL: it has none.
	EDECode *int32 `parquet:"ede_code,optional" json:"ede_code,omitzero"`
	// EDEText is the text of that error, written by Text. NULL: it has none.
	EDEText string `parquet:"ede_text,optional,dict" json:"ede_text,omitzero"`
	// ForName is the name of the row in domains that the exchange served and counts for, in query_count there. Where several names
	// needed it, it is the one that asked first: a look-up for one name asks for what many names share, such as delegations
	// and keys.
	ForName string `parquet:"for_name,dict" json:"for_name"`

	// Columns beyond those of the contract

	// Zone is the zone whose servers were asked. NULL: a resolver was.
	Zone string `parquet:"zone,optional,dict" json:"zone,omitzero"`
	// Purpose is what the exchange was to find out: answer (what is asked about a name), address (of a name server), chain (DS or DNSKEY
	// to validate with), survey (what each server of the zone says), confirmation (whether a resolver validates).
	Purpose string `parquet:"purpose,dict" json:"purpose"`
	// AnswerCount is the number of records in the answer section by the header of the reply. NULL: there was none.
	AnswerCount *int16 `parquet:"answer_count,optional" json:"answer_count,omitzero"`
	// AuthorityCount is likewise of the authority section.
	AuthorityCount *int16 `parquet:"authority_count,optional" json:"authority_count,omitzero"`
	// AdditionalCount is likewise of the additional section, the OPT record included.
	AdditionalCount *int16 `parquet:"additional_count,optional" json:"additional_count,omitzero"`
	// MixedCase says that the question was sent in random case (0x20).
	MixedCase bool `parquet:"mixed_case" json:"mixed_case"`
	// CaseKept says that it came back in that case. NULL: there was no reply, or the case was not mixed.
	CaseKept *bool `parquet:"case_kept,optional" json:"case_kept,omitzero"`
	// Run is the number of the run of the scan that sent the packet, from 1, as in the list of runs in the manifest. With query_id it
	// names the row.
	Run int16 `parquet:"run" json:"run"`
}

// query makes *q the row of an exchange. QueryID and Run are the caller's.
func (e *Encoder) query(q *Query, x *record.Exchange) {
	*q = Query{
		ScanID:    e.scanID,
		QueryType: x.Type.String(),
		Timestamp: micros(x.Sent),
		Protocol:  protocolWord(x.TCP),
		Attempt:   int16(x.Attempt),
		UDPSize:   int32(x.UDPSize),
		DOBit:     x.DO,
		CD:        x.CD,
		WaitUs:    x.Waited.Microseconds(),
		ForName:   e.name(x.For),
		Purpose:   x.Purpose.String(),
		MixedCase: x.Mixed,
	}
	q.QueryName = e.above(x.Name, x.For, q.ForName)
	if x.Zone != "" {
		q.Zone = e.above(x.Zone, x.Name, q.QueryName)
	}
	server := e.server(x.Server)
	q.ServerName, q.ServerIP = server.name, server.address
	if x.End != record.Replied {
		q.Error = x.End.String()
	}
	if x.End.HasReply() {
		e.reply(q, x)
	}
}

// reply fills in what the reply said.
func (e *Encoder) reply(q *Query, x *record.Exchange) {
	q.StatusCode = e.code(int(x.RCode))
	q.TC, q.AA, q.AD = flag(x.Flags&wire.FlagTC != 0), flag(x.Flags&wire.FlagAA != 0), flag(x.Flags&wire.FlagAD != 0)
	rtt := e.int64s.take(1)
	rtt[0] = x.RTT.Microseconds()
	q.RTTUs = &rtt[0]
	q.ResponseBytes = int32(x.Size)
	q.AnswerCount, q.AuthorityCount, q.AdditionalCount = e.int16(int(x.Counts[wire.Answer])), e.int16(int(x.Counts[wire.Authority])), e.int16(int(x.Counts[wire.Additional]))
	if x.HasEDE {
		q.EDECode, q.EDEText = e.code(int(x.EDE)), Text(x.EDEText)
	}
	if x.Mixed {
		q.CaseKept = flag(x.CaseKept)
	}
}

// code returns a pointer to a code. Those in use are always at the same place.
func (e *Encoder) code(n int) *int32 {
	if n < len(codes) {
		return &codes[n]
	}
	p := e.int32s.take(1)
	p[0] = int32(n)
	return &p[0]
}

// codes has response codes and those of extended errors.
var codes = func() (all [64]int32) {
	for i := range all {
		all[i] = int32(i)
	}
	return all
}()

func protocolWord(tcp bool) string {
	if tcp {
		return "tcp"
	}
	return "udp"
}

// Exchanges adds a row of the table queries for each exchange, if the scan has that table. Of a name they are to come before its
// record. It keeps nothing of the batch but what its elements point at.
func (w *Writer) Exchanges(batch []record.Exchange) error {
	if w.err != nil {
		return w.err
	}
	if !w.cfg.writes(queriesTable) {
		return nil
	}
	for len(batch) > 0 {
		w.begin()
		n := min(len(batch), batchRows)
		w.exchanges = w.exchanges[:n]
		for i := range w.exchanges {
			row := &w.exchanges[i]
			w.rows.query(row, &batch[i])
			w.sent++
			row.QueryID, row.Run = w.sent, int16(min(len(w.manifest.Runs), math.MaxInt16))
		}
		err := w.queries.add(w.exchanges)
		w.rows.reset()
		if err != nil {
			return w.fail(err)
		}
		w.pending.queries += int64(n)
		batch = batch[n:]
		if w.due() {
			if err := w.finishParts(); err != nil {
				return w.fail(err)
			}
		}
	}
	return nil
}

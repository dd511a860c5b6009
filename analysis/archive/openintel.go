package archive

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// openINTELColumns are the columns of OpenINTEL's data that are read, in the order of openintel.sql, and what each is read as. Older
// files lack some.
var openINTELColumns = []struct {
	name, as string
	needed   bool
}{
	{"query_name", "VARCHAR", true}, {"query_type", "VARCHAR", true}, {"status_code", "BIGINT", true},
	{"response_type", "VARCHAR", true}, {"response_name", "VARCHAR", false}, {"response_ttl", "BIGINT", false},
	{"timestamp", "BIGINT", false}, {"rtt", "DOUBLE", false}, {"ad_flag", "BIGINT", false},
	{"cname_name", "VARCHAR", false}, {"dname_name", "VARCHAR", false}, {"mx_preference", "BIGINT", false},
	{"mx_address", "VARCHAR", false}, {"ns_address", "VARCHAR", false},
	{"caa_flags", "BIGINT", false}, {"caa_tag", "VARCHAR", false}, {"caa_value", "VARCHAR", false},
}

// openINTELRow is a row: one record of a response, or none.
type openINTELRow struct {
	line                       int64 // the number of the row in the file, from 1
	queryName, queryType       sql.NullString
	status                     sql.NullInt64
	responseType, responseName sql.NullString
	ttl, timestamp             sql.NullInt64
	rtt                        sql.NullFloat64
	ad                         sql.NullInt64
	cname, dname               sql.NullString
	preference                 sql.NullInt64
	exchange, nameServer       sql.NullString
	flags                      sql.NullInt64
	tag, value                 sql.NullString
}

// readOpenINTEL reads a Parquet file of OpenINTEL. Each row is a part of a look-up: those of one name, type and day belong together.
func (r *lineReader) readOpenINTEL(ctx context.Context, s *stage, path string, reject func(line int64, reason, text string) error) (rows, skipped int64, err error) {
	file := map[string]any{"File": path}
	types := map[string]string{}
	if err := s.each(ctx, "describe.sql", file, func(rows *sql.Rows) error {
		var name, typ string
		err := rows.Scan(&name, &typ)
		types[strings.ToLower(name)] = typ
		return err
	}); err != nil {
		return 0, 0, err
	}
	var columns []map[string]string
	for _, c := range openINTELColumns {
		typ, there := types[c.name]
		if c.needed && !there {
			return 0, 0, fmt.Errorf("is no file of OpenINTEL: it has no column %s", c.name)
		}
		columns = append(columns, map[string]string{"Name": c.name, "As": c.as, "Type": typ})
	}
	file["Columns"] = columns
	quoted := false
	if types["caa_value"] != "" {
		if err := s.each(ctx, "quoted.sql", file, func(rows *sql.Rows) error { return rows.Scan(&quoted) }); err != nil {
			return 0, 0, err
		}
	}
	if err := s.each(ctx, "count.sql", file, func(counted *sql.Rows) error { return counted.Scan(&rows) }); err != nil {
		return 0, 0, err
	}
	read := int64(0)
	err = s.each(ctx, "openintel.sql", file, func(rows *sql.Rows) error {
		var row openINTELRow
		if err := rows.Scan(&row.line, &row.queryName, &row.queryType, &row.status, &row.responseType, &row.responseName, &row.ttl, &row.timestamp, &row.rtt, &row.ad,
			&row.cname, &row.dname, &row.preference, &row.exchange, &row.nameServer, &row.flags, &row.tag, &row.value); err != nil {
			return err
		}
		read++
		r.line = row.line
		err := r.readOpenINTELRow(&row, quoted)
		if wrong, ok := err.(unread); ok {
			return reject(row.line, string(wrong), excerpt([]byte(row.queryName.String)))
		}
		return err
	})
	return rows, rows - read, err
}

// readOpenINTELRow makes a part of a look-up of a row. Quoted says that values stand in quotes.
func (r *lineReader) readOpenINTELRow(row *openINTELRow, quoted bool) error {
	at := step.Time(0)
	if t := time.UnixMilli(row.timestamp.Int64); row.timestamp.Valid && plausible(t) {
		at = step.Time(t.UnixNano())
	}
	name, l, err := r.look(row.queryName.String, typeOf(row.queryType.String), at)
	if err != nil {
		return err
	}
	l.part = true
	if !row.status.Valid {
		return unread(reasonBadRecord)
	}
	l.setOpenINTELStatus(row.status.Int64)
	if row.rtt.Valid && row.rtt.Float64 > 0 && row.rtt.Float64 < time.Hour.Seconds() {
		l.rtt = time.Duration(row.rtt.Float64 * float64(time.Second))
	}
	if row.ad.Valid && row.ad.Int64 == 1 && !l.outcome.Failed() { // the resolver says that it has validated
		l.security, l.reason = record.Secure, ""
	}
	typ := typeOf(row.responseType.String)
	if row.responseType.String == "" || typ == 0 {
		return r.stage(name, l)
	}
	ttl := uint32(0)
	if row.ttl.Valid && row.ttl.Int64 >= 0 && row.ttl.Int64 < 1<<31 {
		ttl = uint32(row.ttl.Int64)
	}
	if err := l.addRecord(row.responseName.String, typ, ttl, func() ([]byte, error) { return row.data(typ, quoted) }); err != nil {
		return err
	}
	return r.stage(name, l)
}

// OpenINTEL's codes for look-ups that had no reply: its worker's time-out. The first is that of the data dictionary, the second that
// of data since 2025.
const (
	workerTimeout      = 65535
	workerTimeoutToday = 65533
)

// maxRCode is the greatest response code with the upper bits of EDNS (RFC 6891 6.1.3).
const maxRCode = 4095

func (l *look) setOpenINTELStatus(code int64) {
	switch {
	case code >= 0 && code <= maxRCode:
		l.setRCode(wire.RCode(code))
	case code == workerTimeout, code == workerTimeoutToday:
		l.fail(record.Timeout, "")
	default:
		l.fail(record.WorkBound, causeUnknownStatus)
	}
}

// data is the record's data.
func (row *openINTELRow) data(typ wire.Type, quoted bool) ([]byte, error) {
	switch typ {
	case wire.TypeCAA:
		if !row.flags.Valid || !row.tag.Valid || !row.value.Valid {
			return nil, errPresentation
		}
		value := row.value.String
		if quoted {
			value = value[1 : len(value)-1]
		}
		return caaData(int(row.flags.Int64), unescaped(row.tag.String), unescaped(value))
	case wire.TypeCNAME:
		return nameData(row.cname.String)
	case wire.TypeDNAME:
		return nameData(row.dname.String)
	case wire.TypeNS:
		return nameData(row.nameServer.String)
	case wire.TypeMX:
		if row.preference.Int64 < 0 || row.preference.Int64 > 65535 {
			return nil, errPresentation
		}
		return mxData(uint16(row.preference.Int64), row.exchange.String)
	}
	return nil, nil
}

// unescaped resolves the escapes of the presentation form, in which OpenINTEL's texts are. A text that is none stays as it is.
func unescaped(text string) string {
	if resolved, err := unescape(text); err == nil {
		return resolved
	}
	return text
}

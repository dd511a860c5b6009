package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// look is what another tool stored of one look-up, or of a part of one: a tool that writes each record on its own has as many
// parts as the answer has records.
type look struct {
	name wire.Name
	typ  wire.Type
	at   step.Time // 0: not told

	source int   // index of the input
	line   int64 // in it, from 1
	rank   int64 // 0: not told

	part    bool           // there may be others of the same look-up
	outcome record.Outcome // by the status alone; Found of NOERROR: what there is, the records tell
	cause   string         // why the outcome is no better known; mostly ""
	replied bool           // rcode was told
	rcode   wire.RCode

	security record.Security
	reason   string // why security is as it is

	server    netip.Addr
	tcp       bool
	truncated bool
	rtt       time.Duration

	// unreadable says that the answer has a record of the type asked which cannot be made out: then what the set is is not known.
	unreadable bool
	records    []record.RR // of the answer section, of the type asked and aliases; those of types that only count have no data
}

// Causes of outcomes, for the column climb.
const (
	causeAssumed       = "assumed"        // nobody asked, and the user said that there is nothing
	causeToolError     = "tool-error"     // the tool says that it failed, and not how
	causeUnknownStatus = "unknown-status" // the tool gave a status that is not known here
	causeRetries       = "retries"        // the tool gave up after replies that it did not take
	causeReferral      = "referral"       // the reply has no answer, and is none of a server of the zone or of a resolver
)

// notValidated is the reason of an answer that nobody validated (see caa.SecurityOf).
const notValidated = "not-validated"

// maxRecordOctets bounds the records of one look-up, in octets: more cannot be in a message.
const maxRecordOctets = 65535

// The bits of the first octet of a look as it is staged, in the order of appendTold.
const (
	bitPart = 1 << iota
	bitReplied
	bitTCP
	bitTruncated
	bitUnreadable
)

// appendTold appends what the table of looks has no column for.
func (l *look) appendTold(buf []byte) []byte {
	bits := byte(0)
	for i, set := range [...]bool{l.part, l.replied, l.tcp, l.truncated, l.unreadable} {
		if set {
			bits |= 1 << i
		}
	}
	buf = append(buf, bits, byte(l.outcome), byte(l.security))
	buf = binary.AppendUvarint(buf, uint64(l.rcode))
	buf = binary.AppendUvarint(buf, uint64(max(l.rtt, 0)))
	buf = binary.AppendUvarint(buf, uint64(max(l.rank, 0)))
	for _, text := range []string{l.cause, l.reason, string(l.server.AsSlice())} {
		buf = append(binary.AppendUvarint(buf, uint64(len(text))), text...)
	}
	for _, rr := range l.records {
		buf = wire.AppendRR(buf, rr.Owner, rr.Type, rr.Class, rr.TTL, rr.Data)
	}
	return buf
}

var errStaged = errors.New("internal error: a staged look-up cannot be read")

// readTold reads what appendTold wrote.
func (l *look) readTold(told []byte) error {
	if len(told) < 3 {
		return errStaged
	}
	bits := told[0]
	l.part, l.replied, l.tcp = bits&bitPart != 0, bits&bitReplied != 0, bits&bitTCP != 0
	l.truncated, l.unreadable = bits&bitTruncated != 0, bits&bitUnreadable != 0
	l.outcome, l.security = record.Outcome(told[1]), record.Security(told[2])
	told = told[3:]
	number := func() uint64 {
		n, size := binary.Uvarint(told)
		told = told[max(size, 0):]
		return n
	}
	text := func() []byte {
		length := number()
		t := told[:min(length, uint64(len(told)))]
		told = told[len(t):]
		return t
	}
	l.rcode, l.rtt, l.rank = wire.RCode(number()), time.Duration(number()), int64(number())
	l.cause, l.reason = string(text()), string(text())
	l.server, _ = netip.AddrFromSlice(text())
	return l.readRecords(told)
}

// readRecords reads records in uncompressed wire form (RFC 1035 4.1.3).
func (l *look) readRecords(data []byte) error {
	l.records = nil
	for len(data) > 0 {
		end := 0
		for end < len(data) && data[end] != 0 {
			end += 1 + int(data[end])
		}
		const fixed = 10 // octets of type, class, TTL and length
		if end+1+fixed > len(data) {
			return errStaged
		}
		owner, err := wire.NameOf(data[:end+1])
		if err != nil {
			return errStaged
		}
		data = data[end+1:]
		rr := record.RR{
			Owner: owner, Type: wire.Type(binary.BigEndian.Uint16(data)), Class: binary.BigEndian.Uint16(data[2:]), TTL: binary.BigEndian.Uint32(data[4:]),
		}
		length := int(binary.BigEndian.Uint16(data[8:]))
		if data = data[fixed:]; length > len(data) {
			return errStaged
		}
		rr.Data, data = bytes.Clone(data[:length]), data[length:]
		l.records = append(l.records, rr)
	}
	return nil
}

// key orders names so that each stands before all below it, and these next to each other: labels from the right, each but the
// last closed by a zero octet, which no label holds that a scan takes.
func key(name string) []byte {
	buf := make([]byte, 0, len(name))
	for end := len(name); end >= 0; {
		start := strings.LastIndexByte(name[:end], '.') + 1
		if len(buf) > 0 {
			buf = append(buf, 0)
		}
		buf = append(buf, name[start:end]...)
		end = start - 1
	}
	return buf
}

// nameOf is the name of a key.
func nameOf(key []byte) string {
	labels := bytes.Split(key, []byte{0})
	var b strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		b.Write(labels[i])
		if i > 0 {
			b.WriteByte('.')
		}
	}
	return b.String()
}

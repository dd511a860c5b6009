package simnet

import (
	"encoding/binary"

	"github.com/caascan/caascan/scanner/wire"
)

// question is a query as a name server reads it.
type question struct {
	msg   []byte // the query
	end   int    // where its question ends
	flags uint16
	typ   wire.Type
	mixed bool // there are upper-case letters in the name

	name   [wire.MaxName]byte // folded
	size   int                // octets of name
	starts [128]uint8         // where the labels begin in name
	labels int

	edns    bool
	version uint8
	do      bool
	nsid    bool
	udpSize int
}

const headerSize = 12

// Limits on the size of UDP replies: without EDNS (RFC 1035 4.2.1), and what these servers send at most, which is
// the common default (DNS flag day 2020).
const (
	plainSize = 512
	ednsSize  = 1232
)

// label returns label k, counted from the left, without its length octet.
func (q *question) label(k int) []byte {
	at := int(q.starts[k])
	return q.name[at+1 : at+1+int(q.name[at])]
}

// verdict of parse.
type verdict uint8

const (
	readable     verdict = iota
	notAQuery            // too short, or a reply: no answer
	notReadable          // FORMERR
	otherOpcode          // NOTIMP
	otherVersion         // BADVERS
	otherClass           // REFUSED
)

// parse reads msg. It takes nothing for granted: these octets may come from a fuzzer.
func (q *question) parse(msg []byte) verdict {
	q.msg, q.edns, q.do, q.nsid, q.version, q.end = msg, false, false, false, 0, 0
	if len(msg) < headerSize {
		return notAQuery
	}
	q.flags = binary.BigEndian.Uint16(msg[2:])
	if q.flags&wire.FlagQR != 0 {
		return notAQuery
	}
	if q.flags>>11&15 != 0 {
		return otherOpcode
	}
	end := wire.QuestionEnd(msg)
	if end == 0 || binary.BigEndian.Uint32(msg[6:]) != 0 { // answer and authority records have no place in a query
		return notReadable
	}
	q.readName()
	q.end = end
	q.typ = wire.Type(binary.BigEndian.Uint16(msg[end-4:]))
	switch {
	case !q.readOPT():
		return notReadable
	case q.version != 0:
		return otherVersion
	case binary.BigEndian.Uint16(msg[end-2:]) != wire.ClassIN:
		return otherClass
	}
	return readable
}

// readName folds the question's name and finds its labels. wire.QuestionEnd has checked that it is one.
func (q *question) readName() {
	q.mixed, q.labels = false, 0
	i := 0
	for {
		length := int(q.msg[headerSize+i])
		q.name[i] = byte(length)
		if length == 0 {
			q.size = i + 1
			return
		}
		q.starts[q.labels] = uint8(i)
		q.labels++
		label := q.msg[headerSize+i+1 : headerSize+i+1+length]
		for j, c := range label {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
				q.mixed = true
			}
			q.name[i+1+j] = c
		}
		i += 1 + length
	}
}

// readOPT reads the additional section, in which an OPT record may stand (RFC 6891 6.1). It reports whether the
// section is well formed.
func (q *question) readOPT() bool {
	msg, at := q.msg, q.end
	for range binary.BigEndian.Uint16(msg[10:]) {
		root := at < len(msg) && msg[at] == 0
		for at < len(msg) && msg[at] != 0 { // owner, not compressed
			if msg[at] > 63 {
				return false
			}
			at += 1 + int(msg[at])
		}
		if at+11 > len(msg) {
			return false
		}
		at++
		typ := wire.Type(binary.BigEndian.Uint16(msg[at:]))
		length := int(binary.BigEndian.Uint16(msg[at+8:]))
		if at+10+length > len(msg) {
			return false
		}
		if typ == wire.TypeOPT {
			if q.edns || !root {
				return false
			}
			q.edns = true
			q.udpSize = max(int(binary.BigEndian.Uint16(msg[at+2:])), plainSize) // RFC 6891 6.2.3
			q.version = msg[at+5]
			q.do = msg[at+6]&0x80 != 0
			q.readOptions(msg[at+10 : at+10+length])
		}
		at += 10 + length
	}
	return true
}

func (q *question) readOptions(data []byte) {
	for len(data) >= 4 {
		length := int(binary.BigEndian.Uint16(data[2:]))
		if binary.BigEndian.Uint16(data) == wire.OptionNSID {
			q.nsid = true
		}
		if 4+length > len(data) {
			return
		}
		data = data[4+length:]
	}
}

package farm

import (
	"encoding/binary"

	"github.com/caascan/caascan/scanner/wire"
)

// query is a query as a farm reads it: where its parts are, and what its name stands for.
type query struct {
	msg []byte // header and question
	typ wire.Type
	do  bool
	udp int  // largest reply, in octets
	opt bool // there is an OPT record

	labels int              // of the name
	at     [namedLabels]int // where the last labels of the name are, the very last first
	place
}

// namedLabels is how many labels the names of a world have at most.
const namedLabels = 3

// place is what a name of a world stands for. Numbers are -1 where the name has none.
type place struct {
	tld  int
	zone int  // at or above the name
	leaf int  // name below the apex of a zone
	host int  // server whose name this is, or is below: of the leaf zones
	own  bool // the second label is that of the top-level domain's own server, or the only one the root's
}

const headerSize = 12

// read reads a query into q. It reports false for what gets no reply: what is none, or has more than one question.
func (q *query) read(msg []byte, w *World) bool {
	*q = query{udp: 512}
	if len(msg) < headerSize || binary.BigEndian.Uint16(msg[2:])&(wire.FlagQR|0x7800) != 0 {
		return false
	}
	if binary.BigEndian.Uint16(msg[4:]) != 1 {
		return false
	}
	at := headerSize
	for {
		if at >= len(msg) || msg[at] > 63 {
			return false
		}
		if msg[at] == 0 {
			break
		}
		q.at[2], q.at[1], q.at[0] = q.at[1], q.at[0], at
		q.labels++
		at += 1 + int(msg[at])
	}
	end := at + 5
	if end > len(msg) || at-headerSize >= wire.MaxName {
		return false
	}
	q.msg, q.typ = msg[:end], wire.Type(binary.BigEndian.Uint16(msg[at+1:]))
	// OPT, if there is one, is the first record: ours come from caascan, or from a test (RFC 6891 6.1.2).
	if rest := msg[end:]; len(rest) >= 11 && rest[0] == 0 && wire.Type(binary.BigEndian.Uint16(rest[1:])) == wire.TypeOPT {
		q.opt, q.do = true, rest[7]&0x80 != 0
		q.udp = min(max(512, int(binary.BigEndian.Uint16(rest[3:]))), outSize)
	}
	q.find(w)
	return true
}

// find finds out what the name stands for.
func (q *query) find(w *World) {
	q.place = place{-1, -1, -1, -1, false}
	if q.labels == 0 {
		return
	}
	if q.tld = q.number(0, 't', w.cfg.TLDs); q.tld < 0 {
		q.own = q.isLabel(0, rootHost)
		return
	}
	if q.labels == 1 {
		return
	}
	if zone := q.number(1, 'z', w.cfg.Zones); zone >= 0 && zone%w.cfg.TLDs == q.tld {
		q.zone = zone
		if q.labels == namedLabels && w.cfg.Below {
			if leaf := q.number(2, 'n', w.cfg.Names); leaf >= 0 && w.groupOf(leaf) == zone {
				q.leaf = leaf
			}
		}
		return
	}
	q.host, q.own = q.number(1, 's', w.cfg.Servers), q.isLabel(1, tldHost)
}

// number returns the number in the label i from the end, which must be below limit, behind the letter; else -1.
func (q *query) number(i int, letter byte, limit int) int {
	at := q.at[i]
	digits := q.msg[at+2 : at+1+int(q.msg[at])]
	if q.msg[at+1]|0x20 != letter || len(digits) == 0 || len(digits) > 8 || digits[0] == '0' && len(digits) > 1 {
		return -1
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	if n >= limit {
		return -1
	}
	return n
}

// isLabel reports whether the label i from the end is this one, which is in lower case.
func (q *query) isLabel(i int, label string) bool {
	at := q.at[i]
	if int(q.msg[at]) != len(label) {
		return false
	}
	for k := range len(label) {
		if q.msg[at+1+k]|0x20 != label[k] {
			return false
		}
	}
	return true
}

package farm

import (
	"encoding/binary"

	"github.com/caascan/caascan/scanner/wire"
)

// ttl is that of all records: no scan may find them expired.
const ttl = 86400

// reply is a message under construction. Its names are compressed by pointing into the question.
type reply struct {
	buf                  []byte
	answers, authorities uint16
	additional           uint16
	section              *uint16
	open                 int // where the length of the record under construction is
}

// begin starts the reply to q in buf, with its header and question.
func (r *reply) begin(buf []byte, q *query) {
	*r = reply{buf: append(buf[:0], q.msg...)}
	r.section = &r.answers
	flags := binary.BigEndian.Uint16(q.msg[2:])&wire.FlagRD | wire.FlagQR | wire.FlagAA
	binary.BigEndian.PutUint16(r.buf[2:], flags)
}

// setFlags sets bits of the flags word and the response code; clearAA takes the bit AA away.
func (r *reply) setFlags(bits uint16, code wire.RCode) {
	binary.BigEndian.PutUint16(r.buf[2:], binary.BigEndian.Uint16(r.buf[2:])|bits|uint16(code))
}

func (r *reply) clearAA() {
	binary.BigEndian.PutUint16(r.buf[2:], binary.BigEndian.Uint16(r.buf[2:])&^wire.FlagAA)
}

// end writes the OPT record and the counts, and returns the message. One that is too long for q is cut down to its
// question, with TC set.
func (r *reply) end(q *query, tcp bool) []byte {
	size := len(r.buf)
	if q.opt {
		size += optSize
	}
	if size > q.udp && !tcp {
		r.buf = r.buf[:len(q.msg)]
		r.answers, r.authorities, r.additional = 0, 0, 0
		r.setFlags(wire.FlagTC, 0)
	}
	if q.opt {
		r.additional++
		do := byte(0)
		if q.do {
			do = 0x80
		}
		r.buf = append(r.buf, 0, 0, byte(wire.TypeOPT), wire.UDPSize>>8, wire.UDPSize&0xff, 0, 0, do, 0, 0, 0)
	}
	binary.BigEndian.PutUint16(r.buf[6:], r.answers)
	binary.BigEndian.PutUint16(r.buf[8:], r.authorities)
	binary.BigEndian.PutUint16(r.buf[10:], r.additional)
	return r.buf
}

// optSize is the octets of an OPT record without options.
const optSize = 11

// rr begins a record whose owner is at an octet of the message; close ends it.
func (r *reply) rr(owner int, typ wire.Type) {
	*r.section++
	r.buf = append(r.buf, byte(owner>>8)|0xc0, byte(owner))
	r.fixed(typ)
}

// rrAt is rr with an owner of one label more than the name at an octet of the message.
func (r *reply) rrAt(label string, above int, typ wire.Type) {
	*r.section++
	r.name(label, above)
	r.fixed(typ)
}

func (r *reply) fixed(typ wire.Type) {
	r.buf = append(r.buf, byte(typ>>8), byte(typ), 0, wire.ClassIN, ttl>>24&0xff, ttl>>16&0xff, ttl>>8&0xff, ttl&0xff, 0, 0)
	r.open = len(r.buf)
}

func (r *reply) close() {
	binary.BigEndian.PutUint16(r.buf[r.open-2:], uint16(len(r.buf)-r.open))
}

// name writes a label and a pointer to the rest.
func (r *reply) name(label string, above int) {
	r.buf = append(append(r.buf, byte(len(label))), label...)
	r.pointer(above)
}

// numbered writes a label of a letter and a number, and a pointer to the rest.
func (r *reply) numbered(letter byte, number, above int) {
	at := len(r.buf)
	r.buf = append(r.buf, 0, letter)
	div := 1
	for number/div >= 10 {
		div *= 10
	}
	for ; div > 0; div /= 10 {
		r.buf = append(r.buf, byte('0'+number/div%10))
	}
	r.buf[at] = byte(len(r.buf) - at - 1)
	r.pointer(above)
}

// rootAt as the place of a name stands for the root, which is no shorter as a pointer.
const rootAt = -1

func (r *reply) pointer(at int) {
	if at == rootAt {
		r.buf = append(r.buf, 0)
		return
	}
	r.buf = append(r.buf, byte(at>>8)|0xc0, byte(at))
}

// Data of an SOA record behind its names (RFC 1035 3.3.13): serial, refresh, retry, expire, minimum.
var soaTimes = []byte{0, 0, 0, 1, 0, 0, 0x1c, 0x20, 0, 0, 0x0e, 0x10, 0, 0x12, 0x75, 0, 0, 1, 0x51, 0x80}

// hostmaster is the mailbox of every zone, below its apex.
const hostmaster = "hostmaster"

// soa writes the SOA record of the zone whose apex is at an octet of the message.
func (r *reply) soa(apex int) {
	r.owned(apex, wire.TypeSOA)
	r.pointer(apex)
	r.name(hostmaster, apex)
	r.buf = append(r.buf, soaTimes...)
	r.close()
}

// owned is rr for an owner that may be the root.
func (r *reply) owned(owner int, typ wire.Type) {
	if owner != rootAt {
		r.rr(owner, typ)
		return
	}
	*r.section++
	r.buf = append(r.buf, 0)
	r.fixed(typ)
}

// address writes the data of an A record and closes it.
func (r *reply) address(addr uint32) {
	r.buf = binary.BigEndian.AppendUint32(r.buf, addr)
	r.close()
}

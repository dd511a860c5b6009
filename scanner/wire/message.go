// Package wire reads and writes DNS messages as octets (RFC 1035 4), for a resolver that handles millions of them.
//
// A query is appended to a buffer of the caller. A reply is parsed into a Message, a value that is used again and
// again: parsing notes where each record lies and checks that the parts fit, and copies nothing. What a record
// holds is read by the accessor for its type when somebody asks, straight from the packet. Nothing here allocates,
// except the methods that say they return a copy.
//
// The names of a message can be compressed. Every pointer must point before the place where the name it belongs to
// was read so far (RFC 1035 4.1.4, "a prior occurrence"), so reading always ends; and no name may pass 255 octets.
package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// Errors that Parse and the accessors return. All mean: this message or record is malformed.
var (
	ErrShort      = errors.New("message ends too early")
	ErrQuestions  = errors.New("message does not have exactly one question")
	ErrBadName    = errors.New("malformed name in message")
	ErrBadRData   = errors.New("malformed record data")
	ErrTwoOPT     = errors.New("more than one OPT record")
	ErrManyRecord = errors.New("more records than can fit into the message")
)

const headerSize = 12

// Section tells where in a message a record stands.
type Section uint8

const (
	Answer Section = iota
	Authority
	Additional
)

// RR is the place of one resource record in a Message.
type RR struct {
	TTL     uint32 // seconds; values with the top bit set are read as 0 (RFC 2181 8)
	Type    Type
	Class   uint16
	Owner   uint16 // offset of the owner name
	Data    uint16 // offset of the record data
	Len     uint16 // length of the record data in octets
	Section Section
}

// Message is a parsed reply. The zero value is ready; Parse may be called any number of times.
type Message struct {
	raw   []byte
	ID    uint16
	Flags uint16
	QType Type
	QCls  uint16
	RRs   []RR // answer, authority, additional, in the order of the message, without OPT
	opt   RR
	hasOP bool
	body  int // where the records begin
}

// Parse reads msg, which must stay unchanged while m is used. The header and the question are good if the error is
// not from them; see ParseQuestion for messages that were cut short.
func (m *Message) Parse(msg []byte) error {
	if err := m.ParseQuestion(msg); err != nil {
		return err
	}
	return m.ParseRecords()
}

// ParseQuestion reads the header and the question only: all that may be used of a reply with TC set.
func (m *Message) ParseQuestion(msg []byte) error {
	m.RRs, m.hasOP, m.raw = m.RRs[:0], false, msg
	if len(msg) < headerSize || len(msg) > 0xffff {
		return ErrShort
	}
	m.ID = binary.BigEndian.Uint16(msg)
	m.Flags = binary.BigEndian.Uint16(msg[2:])
	if binary.BigEndian.Uint16(msg[4:]) != 1 {
		return ErrQuestions
	}
	end := QuestionEnd(msg)
	if end == 0 {
		return ErrBadName
	}
	m.QType = Type(binary.BigEndian.Uint16(msg[end-4:]))
	m.QCls = binary.BigEndian.Uint16(msg[end-2:])
	m.body = end
	return nil
}

// ParseRecords reads the three record sections after ParseQuestion.
func (m *Message) ParseRecords() error {
	msg, off := m.raw, m.body
	for section := Answer; section <= Additional; section++ {
		count := int(binary.BigEndian.Uint16(msg[6+2*int(section):]))
		if count > (len(msg)-off)/11 { // the smallest record: root owner, ten octets of head, no data
			return ErrManyRecord
		}
		for range count {
			rr := RR{Owner: uint16(off), Section: section}
			var err error
			if off, err = skipName(msg, off); err != nil {
				return err
			}
			if off+10 > len(msg) {
				return ErrShort
			}
			rr.Type = Type(binary.BigEndian.Uint16(msg[off:]))
			rr.Class = binary.BigEndian.Uint16(msg[off+2:])
			rr.TTL = binary.BigEndian.Uint32(msg[off+4:])
			rr.Len = binary.BigEndian.Uint16(msg[off+8:])
			off += 10
			rr.Data = uint16(off)
			off += int(rr.Len)
			if off > len(msg) {
				return ErrShort
			}
			if rr.Type == TypeOPT && section == Additional {
				if m.hasOP {
					return ErrTwoOPT // RFC 6891 6.1.1
				}
				m.opt, m.hasOP = rr, true
				continue
			}
			if rr.TTL > 1<<31-1 {
				rr.TTL = 0
			}
			m.RRs = append(m.RRs, rr)
		}
	}
	return nil
}

// Size returns the length of the message in octets.
func (m *Message) Size() int { return len(m.raw) }

// Has reports whether all the given flag bits are set.
func (m *Message) Has(flags uint16) bool { return m.Flags&flags == flags }

// HasOPT reports whether the reply speaks EDNS (RFC 6891).
func (m *Message) HasOPT() bool { return m.hasOP }

// RCode returns the response code, with the upper bits of the OPT record if there is one.
func (m *Message) RCode() RCode {
	code := RCode(m.Flags & 15)
	if m.hasOP {
		code |= RCode(m.opt.TTL>>24) << 4
	}
	return code
}

// Options calls visit with each EDNS option until it returns false. data lies in the message.
func (m *Message) Options(visit func(code uint16, data []byte) bool) {
	if !m.hasOP {
		return
	}
	data := m.Raw(m.opt)
	for len(data) >= 4 {
		code, length := binary.BigEndian.Uint16(data), int(binary.BigEndian.Uint16(data[2:]))
		if 4+length > len(data) || !visit(code, data[4:4+length]) {
			return
		}
		data = data[4+length:]
	}
}

// QName returns a copy of the question's name.
func (m *Message) QName() Name {
	n, _ := m.NameAt(headerSize) // QuestionEnd has been over it
	return n
}

// Raw returns the record data as it stands in the message; names in it may be compressed.
func (m *Message) Raw(rr RR) []byte { return m.raw[rr.Data : int(rr.Data)+int(rr.Len)] }

// OwnerIs reports whether the owner of rr is name.
func (m *Message) OwnerIs(rr RR, name Name) bool { return m.nameIs(int(rr.Owner), name) }

// Owner returns a copy of the owner name.
func (m *Message) Owner(rr RR) (Name, error) { return m.NameAt(int(rr.Owner)) }

// NameAt returns a copy of the name at off.
func (m *Message) NameAt(off int) (Name, error) {
	var buf [MaxName]byte
	n, err := readName(m.raw, off, &buf)
	return Name(buf[:n]), err
}

// AppendName appends the name at off, uncompressed and folded, to buf.
func (m *Message) AppendName(buf []byte, off int) ([]byte, error) {
	var name [MaxName]byte
	n, err := readName(m.raw, off, &name)
	return append(buf, name[:n]...), err
}

// Addr returns the address of an A or AAAA record.
func (m *Message) Addr(rr RR) (netip.Addr, error) {
	data := m.Raw(rr)
	switch {
	case rr.Type == TypeA && len(data) == 4:
		return netip.AddrFrom4([4]byte(data)), nil
	case rr.Type == TypeAAAA && len(data) == 16:
		return netip.AddrFrom16([16]byte(data)), nil
	}
	return netip.Addr{}, ErrBadRData
}

// Target returns a copy of the one name that is the data of an NS, CNAME or DNAME record.
func (m *Message) Target(rr RR) (Name, error) {
	if err := m.wholeName(rr, 0); err != nil {
		return "", err
	}
	return m.NameAt(int(rr.Data))
}

// MX returns preference and exchange of an MX record.
func (m *Message) MX(rr RR) (preference uint16, exchange Name, err error) {
	if rr.Len < 3 {
		return 0, "", ErrBadRData
	}
	if err := m.wholeName(rr, 2); err != nil {
		return 0, "", err
	}
	exchange, err = m.NameAt(int(rr.Data) + 2)
	return binary.BigEndian.Uint16(m.raw[rr.Data:]), exchange, err
}

// SOAMinimum returns the MINIMUM field of an SOA record: with the record's own TTL it bounds how long a negative
// answer holds (RFC 2308 5).
func (m *Message) SOAMinimum(rr RR) (seconds uint32, err error) {
	end := int(rr.Data) + int(rr.Len)
	off, err := skipName(m.raw[:end], int(rr.Data))
	if err != nil {
		return 0, err
	}
	if off, err = skipName(m.raw[:end], off); err != nil {
		return 0, err
	}
	if off+20 != end {
		return 0, ErrBadRData
	}
	return binary.BigEndian.Uint32(m.raw[off+16:]), nil
}

// wholeName checks that the data of rr, after skip octets, is one name and nothing behind it.
func (m *Message) wholeName(rr RR, skip int) error {
	end := int(rr.Data) + int(rr.Len)
	off, err := skipName(m.raw[:end], int(rr.Data)+skip)
	if err != nil {
		return err
	}
	if off != end {
		return ErrBadRData
	}
	return nil
}

// skipName returns where the name at off ends in the message, the pointer that may close it included.
func skipName(msg []byte, off int) (int, error) {
	for {
		if off >= len(msg) {
			return off, ErrShort
		}
		c := msg[off]
		switch {
		case c == 0:
			return off + 1, nil
		case c <= 63:
			off += 1 + int(c)
		case c >= 0xc0:
			if off+2 > len(msg) {
				return off, ErrShort
			}
			return off + 2, nil
		default:
			return off, ErrBadName
		}
	}
}

// readName copies the name at off into buf, uncompressed and folded, and returns its length.
func readName(msg []byte, off int, buf *[MaxName]byte) (int, error) {
	n, bound := 0, off // a pointer must point before bound, where this stretch of the name began
	for {
		if off >= len(msg) {
			return 0, ErrShort
		}
		c := int(msg[off])
		switch {
		case c == 0:
			buf[n] = 0
			return n + 1, nil
		case c <= 63:
			if off+1+c > len(msg) {
				return 0, ErrShort
			}
			if n+1+c >= MaxName {
				return 0, ErrBadName
			}
			buf[n] = byte(c)
			for i := 1; i <= c; i++ {
				buf[n+i] = fold(msg[off+i])
			}
			n += 1 + c
			off += 1 + c
		case c >= 0xc0:
			if off+2 > len(msg) {
				return 0, ErrShort
			}
			off = (c&0x3f)<<8 | int(msg[off+1])
			if off >= bound || off < headerSize {
				return 0, ErrBadName
			}
			bound = off
		default:
			return 0, ErrBadName
		}
	}
}

// nameIs compares the name at off with name, without copying it.
func (m *Message) nameIs(off int, name Name) bool {
	msg, bound, n := m.raw, off, 0
	for {
		if off >= len(msg) || n >= len(name) {
			return false
		}
		c := int(msg[off])
		switch {
		case c == 0:
			return n == len(name)-1
		case c <= 63:
			if off+1+c > len(msg) || n+1+c >= len(name) || name[n] != byte(c) {
				return false
			}
			for i := 1; i <= c; i++ {
				if fold(msg[off+i]) != name[n+i] {
					return false
				}
			}
			n += 1 + c
			off += 1 + c
		case c >= 0xc0:
			if off+2 > len(msg) {
				return false
			}
			off = (c&0x3f)<<8 | int(msg[off+1])
			if off >= bound || off < headerSize {
				return false
			}
			bound = off
		default:
			return false
		}
	}
}

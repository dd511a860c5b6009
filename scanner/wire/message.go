// Package wire reads and writes DNS messages as octets (RFC 1035 4), for a resolver that handles millions of them.
//
// A query is appended to a buffer of the caller (AppendQuery). A reply is parsed into a Message, a value that is
// used again and again: parsing notes where each record lies and checks that the parts fit, and copies nothing. What
// a record holds is read when somebody asks: by the accessors of Message, straight from the packet, where names can
// be compressed; or, once AppendRData has written a record's data out, by ParseSOA, ParseRRSIG and the like from
// those octets alone. Nothing here allocates, except what returns a Name or text: that is a copy.
//
// Reading always ends, and soon. Every pointer must point before the place where the name it belongs to was read so
// far (RFC 1035 4.1.4, "a prior occurrence"), a name follows at most maxPointers of them, and no name may pass 255
// octets. Parse itself follows no pointers: a record whose names are bad is found out by the accessor that reads it,
// and OwnerIs is false for it.
package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// Errors that Parse and the accessors return. All mean: this message or record is malformed.
var (
	ErrShort       = errors.New("message ends too early")
	ErrLong        = errors.New("message longer than 65535 octets")
	ErrQuestions   = errors.New("message does not have exactly one question")
	ErrBadName     = errors.New("malformed name in message")
	ErrBadRData    = errors.New("malformed record data")
	ErrTwoOPT      = errors.New("more than one OPT record")
	ErrManyRecords = errors.New("more records than can fit into the message")
)

const (
	headerSize = 12    // RFC 1035 4.1.1
	maxMessage = 65535 // what the length octets before a message on TCP can say (RFC 1035 4.2.2)
	rrHeadSize = 10    // type, class, TTL and data length of a record, which follow its owner (RFC 1035 4.1.3)
	minRRSize  = 1 + rrHeadSize

	// maxPointers bounds the pointers of one name. A sender gains by a pointer only if a label follows it, so a real
	// name has no more pointers than labels. Without the bound a 64 KiB message of pointers to pointers costs its
	// reader thousands of steps for each of thousands of records.
	maxPointers = maxLabels
)

// Section tells where in a message a record stands.
type Section uint8

// The sections that hold records (RFC 1035 4.1).
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
	RRs   []RR // answer, authority, additional, in the order of the message, without the OPT record of the last
	opt   RR
	hasOP bool
	body  int // where the records begin; 0 if the question could not be read

	pointers int // that OwnerIs has followed
}

// Parse reads msg, which must stay unchanged while m is used. On an error ID and Flags are good if msg holds a whole
// header, and RRs holds the records before the fault. Octets behind the last record are ignored.
func (m *Message) Parse(msg []byte) error {
	if err := m.ParseQuestion(msg); err != nil {
		return err
	}
	return m.ParseRecords()
}

// ParseQuestion reads the header and the question only: all that may be used of a reply with TC set. A reply
// without a question (some servers send a bare header with FORMERR or REFUSED) is ErrQuestions, its ID, Flags and
// RCode set.
func (m *Message) ParseQuestion(msg []byte) error {
	*m = Message{raw: msg, RRs: m.RRs[:0]}
	if len(msg) < headerSize {
		return ErrShort
	}
	if len(msg) > maxMessage {
		return ErrLong // offsets are 16 bits wide
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

// ParseRecords reads the three record sections, once, after a ParseQuestion that gave no error.
func (m *Message) ParseRecords() error {
	if m.body == 0 {
		return ErrQuestions
	}
	msg, off := m.raw, m.body
	for section := Answer; section <= Additional; section++ {
		count := int(binary.BigEndian.Uint16(msg[6+2*int(section):]))
		if count > (len(msg)-off)/minRRSize {
			return ErrManyRecords
		}
		for range count {
			owner := off
			off = skipName(msg, off)
			if off == 0 {
				return ErrBadName
			}
			if off+rrHeadSize > len(msg) {
				return ErrShort
			}
			head := msg[off : off+rrHeadSize]
			off += rrHeadSize
			rr := RR{
				Type:    Type(binary.BigEndian.Uint16(head)),
				Class:   binary.BigEndian.Uint16(head[2:]),
				TTL:     binary.BigEndian.Uint32(head[4:]),
				Owner:   uint16(owner),
				Data:    uint16(off),
				Len:     binary.BigEndian.Uint16(head[8:]),
				Section: section,
			}
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

// Whole reports whether all records that the header announces have been read.
func (m *Message) Whole() bool {
	read, announced := len(m.RRs), 0
	if m.hasOP {
		read++
	}
	for section := Answer; section <= Additional; section++ {
		announced += m.Count(section)
	}
	return m.body > 0 && read == announced
}

// Count returns how many records of a section the header announces, the OPT record among them; 0 if there is no whole header.
func (m *Message) Count(section Section) int {
	if len(m.raw) < headerSize {
		return 0
	}
	return int(binary.BigEndian.Uint16(m.raw[6+2*int(section):]))
}

// Size returns the length of the message in octets.
func (m *Message) Size() int { return len(m.raw) }

// Has reports whether all the given flag bits are set.
func (m *Message) Has(flags uint16) bool { return m.Flags&flags == flags }

// Opcode returns the opcode, which is 0 in a reply to a query (RFC 1035 4.1.1).
func (m *Message) Opcode() int { return int(m.Flags >> 11 & 0xf) }

// DislikesEDNS reports whether the reply to a query with EDNS may be due to that: the server does not speak it (RFC 6891
// 7), or not a version we speak (6.1.3). The query is then to be repeated without.
func (m *Message) DislikesEDNS() bool {
	switch m.RCode() {
	case FormErr, BadVers:
		return true
	case NotImp:
		return !m.HasOPT()
	}
	return false
}

// RCode returns the response code, with the upper bits of the OPT record if there is one.
func (m *Message) RCode() RCode {
	code := RCode(m.Flags & 15)
	if m.hasOP {
		code |= RCode(m.opt.TTL>>24) << 4
	}
	return code
}

// QName returns a copy of the question's name.
func (m *Message) QName() Name {
	n, _ := m.NameAt(headerSize) // QuestionEnd has been over it
	return n
}

// Raw returns the record data as it stands in the message; names in it may be compressed.
func (m *Message) Raw(rr RR) []byte { return m.raw[rr.Data : int(rr.Data)+int(rr.Len)] }

// OwnerIs reports whether the owner of rr is name. Once the message is Tangled it says no.
func (m *Message) OwnerIs(rr RR, name Name) bool {
	if m.pointers > maxFollowed {
		return false
	}
	same, pointers := nameIs(m.raw, int(rr.Owner), name)
	m.pointers += pointers
	return same
}

// HasOwner reports whether the owner of rr can be read at all. Once the message is Tangled it says yes.
func (m *Message) HasOwner(rr RR) bool {
	off := int(rr.Owner)
	bound, followed, length := off, 0, 1
	for m.pointers <= maxFollowed {
		if off >= len(m.raw) {
			return false
		}
		switch c := int(m.raw[off]); {
		case c == 0:
			return true
		case c <= maxLabel:
			off += 1 + c
			if length += 1 + c; length > MaxName {
				return false
			}
		case c >= 0xc0:
			off = follow(m.raw, off, bound)
			m.pointers++
			if followed++; off == 0 || followed > maxPointers {
				return false
			}
			bound = off
		default:
			return false
		}
	}
	return true
}

// maxFollowed bounds the compression pointers that OwnerIs follows in one message. Owners take one or two, and the
// largest message that anybody means well holds some thousand records, compared a dozen times each. Without a bound, one
// of 64 KiB whose names are chains of a hundred pointers takes a tenth of a second to read (as CVE-2024-8508, turned round).
const maxFollowed = 1 << 16

// Tangled reports whether following names in the message has cost so much that OwnerIs has given up: it is no message to
// draw conclusions from.
func (m *Message) Tangled() bool { return m.pointers > maxFollowed }

// Owner returns a copy of the owner name.
func (m *Message) Owner(rr RR) (Name, error) { return m.NameAt(int(rr.Owner)) }

// NameAt returns a copy of the name at off.
func (m *Message) NameAt(off int) (Name, error) {
	var buf nameBuf
	n, err := readName(m.raw, off, &buf)
	return Name(buf[:n]), err
}

// AppendName appends the name at off, uncompressed and folded, to buf. On an error buf is returned as it was.
func (m *Message) AppendName(buf []byte, off int) ([]byte, error) {
	var name nameBuf
	n, err := readName(m.raw, off, &name)
	return append(buf, name[:n]...), err
}

// Addr returns the address of an A or AAAA record (RFC 1035 3.4.1, RFC 3596 2.2).
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
func (m *Message) Target(rr RR) (Name, error) { return m.closingName(rr, 0) }

// MX returns preference and exchange of an MX record (RFC 1035 3.3.9).
func (m *Message) MX(rr RR) (preference uint16, exchange Name, err error) {
	if rr.Len < 3 {
		return 0, "", ErrBadRData
	}
	if exchange, err = m.closingName(rr, 2); err != nil {
		return 0, "", err
	}
	return binary.BigEndian.Uint16(m.raw[rr.Data:]), exchange, nil
}

// SOAMinimum returns the MINIMUM field of an SOA record: with the record's own TTL it bounds how long a negative
// answer holds (RFC 2308 5). It looks at no other field; see ParseSOA for the whole record.
func (m *Message) SOAMinimum(rr RR) (seconds uint32, err error) {
	data := m.raw[:int(rr.Data)+int(rr.Len)]
	off := skipName(data, int(rr.Data))
	if off != 0 {
		off = skipName(data, off)
	}
	if off == 0 || off+soaFixedSize != len(data) {
		return 0, ErrBadRData
	}
	return binary.BigEndian.Uint32(data[len(data)-4:]), nil
}

// closingName returns a copy of the name that must fill the data of rr from its octet skip to its end.
func (m *Message) closingName(rr RR, skip int) (Name, error) {
	at, end := int(rr.Data)+skip, int(rr.Data)+int(rr.Len)
	if skipName(m.raw[:end], at) != end {
		return "", ErrBadRData
	}
	return m.NameAt(at)
}

// skipName returns where the name at off ends in msg, the pointer that may close it included; 0 if it does not end
// or has a label of a kind that does not exist (RFC 1035 4.1.4). Where a pointer leads is not looked at.
func skipName(msg []byte, off int) int {
	for off < len(msg) {
		c := msg[off]
		switch {
		case c == 0:
			return off + 1
		case c <= maxLabel:
			off += 1 + int(c)
		case c >= 0xc0 && off+1 < len(msg):
			return off + 2
		default:
			return 0
		}
	}
	return 0
}

// follow returns where the pointer at off leads. It must lead before bound, where the part of the name that it
// closes began, and not into the header; otherwise, and if the pointer is cut off, follow returns 0.
func follow(msg []byte, off, bound int) int {
	if off+1 >= len(msg) {
		return 0
	}
	target := int(msg[off]&0x3f)<<8 | int(msg[off+1])
	if target >= bound || target < headerSize {
		return 0
	}
	return target
}

// readName copies the name at off into buf, uncompressed and folded, and returns its length; 0 with an error.
func readName(msg []byte, off int, buf *nameBuf) (int, error) {
	n, bound, pointers := 0, off, 0
	for off < len(msg) {
		c := int(msg[off])
		switch {
		case c == 0:
			buf[n] = 0
			n++
			foldWords(buf[:(n+7)&^7])
			return n, nil
		case c <= maxLabel:
			next := off + 1 + c
			if next > len(msg) {
				return 0, ErrShort
			}
			if n+1+c >= MaxName {
				return 0, ErrBadName
			}
			n += copy(buf[n:], msg[off:next])
			off = next
		case c >= 0xc0:
			off = follow(msg, off, bound)
			if pointers++; off == 0 || pointers > maxPointers {
				return 0, ErrBadName
			}
			bound = off
		default:
			return 0, ErrBadName
		}
	}
	return 0, ErrShort
}

// nameIs reports whether the name at off is name. It copies nothing and looks at no more than it must: a name that
// differs in its first octets is left at once, one that is written out whole is compared as one stretch.
// The second result is how many pointers it followed.
func nameIs(msg []byte, off int, name Name) (same bool, pointers int) {
	bound := off
	for off < len(msg) && name != "" {
		c := int(msg[off])
		switch {
		case c == 0:
			return name == Root, pointers
		case c <= maxLabel:
			if int(name[0]) != c {
				return false, pointers
			}
			rest := msg[off:]
			if hasFolded(rest, string(name)) {
				return true, pointers // equal octets, the length octets among them, are equal labels
			}
			if !hasFolded(rest, string(name[:1+c])) {
				return false, pointers
			}
			name = name[1+c:]
			off += 1 + c
		case c >= 0xc0:
			off = follow(msg, off, bound)
			if pointers++; off == 0 || pointers > maxPointers {
				return false, pointers
			}
			bound = off
		default:
			return false, pointers
		}
	}
	return false, pointers
}

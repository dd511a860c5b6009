package wire

import (
	"encoding/binary"
	"math/bits"
)

// Query says what goes into a query besides its name and type.
type Query struct {
	Flags   uint16 // FlagRD, FlagAD, FlagCD
	EDNS    bool   // add an OPT record
	UDPSize uint16 // largest UDP reply we take, in octets (with EDNS)
	DO      bool   // ask for DNSSEC records (with EDNS, RFC 3225)
	NSID    bool   // ask which instance answers (with EDNS, RFC 5001)
}

// UDPSize is the largest reply to take over UDP: it passes unfragmented everywhere (DNS flag day 2020).
const UDPSize = 1232

const (
	optSize  = 11                                            // OPT record without options
	nsidSize = 4                                             // NSID option of a query: code and length, no data
	MaxQuery = headerSize + MaxName + 4 + optSize + nsidSize // longest message that AppendQuery writes, in octets
)

// AppendQuery appends a message with one question of class IN to buf. It allocates only if buf is too small;
// MaxQuery octets are always enough.
func AppendQuery(buf []byte, id uint16, name Name, typ Type, q Query) []byte {
	var extra byte
	if q.EDNS {
		extra = 1
	}
	buf = append(buf, byte(id>>8), byte(id), byte(q.Flags>>8), byte(q.Flags), 0, 1, 0, 0, 0, 0, 0, extra)
	buf = append(buf, name...)
	buf = append(buf, byte(typ>>8), byte(typ), 0, ClassIN)
	if !q.EDNS {
		return buf
	}
	var do, length byte
	if q.DO {
		do = 0x80
	}
	if q.NSID {
		length = nsidSize
	}
	buf = append(buf, 0, 0, byte(TypeOPT), byte(q.UDPSize>>8), byte(q.UDPSize), 0, 0, do, 0, 0, length)
	if q.NSID {
		buf = append(buf, 0, byte(OptionNSID), 0, 0)
	}
	return buf
}

// QuestionEnd returns where the question section of msg ends, if msg has a whole header and exactly one question
// whose name is not compressed; otherwise 0.
func QuestionEnd(msg []byte) int {
	if len(msg) < headerSize || binary.BigEndian.Uint16(msg[4:]) != 1 {
		return 0
	}
	name := plainNameLen(msg[headerSize:])
	end := headerSize + name + 4 // type and class
	if name == 0 || end > len(msg) {
		return 0
	}
	return end
}

// MixCase sets the case of each letter of the question's name in msg, as AppendQuery made it, by bits of rnd
// (draft-vixie-dnsext-dns0x20): one bit for each octet, 64 octets before the bits come round again.
func MixCase(msg []byte, rnd uint64) {
	name := msg[headerSize:]
	name = name[:plainNameLen(name)]
	if len(name) < 8 {
		for i, c := range name {
			name[i] = byte(mixWord(uint64(c), rnd>>i))
		}
		return
	}
	last := len(name) - 8 // the last word may overlap the one before: each octet gets its own bit again
	for i := 0; i < last; i += 8 {
		mixAt(name[i:], bits.RotateLeft64(rnd, -i))
	}
	mixAt(name[last:], bits.RotateLeft64(rnd, -last))
}

func mixAt(b []byte, rnd uint64) {
	binary.LittleEndian.PutUint64(b, mixWord(binary.LittleEndian.Uint64(b), rnd))
}

// mixWord makes the letters among the eight octets of w lower case where the low eight bits of rnd, one for each
// octet, have a 1, and upper case where they have a 0.
func mixWord(w, rnd uint64) uint64 {
	letters := within(w|caseBits, 'a', 'z') >> 2
	spread := (rnd & 0xff) * eachOctet & 0x8040201008040201 // bit i alone in octet i
	lower := (spread + 0x7f*eachOctet) & highBits >> 2      // carried into the high bit, then to the case bit
	return w&^letters | letters&lower
}

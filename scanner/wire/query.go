package wire

import "encoding/binary"

// Query says what goes into a query besides its name and type.
type Query struct {
	Flags   uint16 // FlagRD, FlagAD, FlagCD
	EDNS    bool   // add an OPT record
	UDPSize uint16 // largest UDP reply we take, in octets (with EDNS)
	DO      bool   // ask for DNSSEC records (with EDNS, RFC 3225)
	NSID    bool   // ask which instance answers (with EDNS, RFC 5001)
}

// AppendQuery appends a message with one question of class IN to buf. It allocates only if buf is too small; a
// query is never longer than 12 + 255 + 4 + 15 octets.
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
		length = 4
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
	i := headerSize
	for i < len(msg) && msg[i] != 0 {
		if msg[i] > 63 {
			return 0
		}
		i += 1 + int(msg[i])
	}
	if i-headerSize >= MaxName || i+5 > len(msg) {
		return 0
	}
	return i + 5
}

// MixCase sets the case of each letter of the question's name in msg, as AppendQuery made it, by bits of rnd
// (draft-vixie-dnsext-dns0x20): 64 letters before the bits come round again.
func MixCase(msg []byte, rnd uint64) {
	i := headerSize
	for msg[i] != 0 {
		label := msg[i+1 : i+1+int(msg[i])]
		for j, c := range label {
			if 'a' <= c|0x20 && c|0x20 <= 'z' {
				label[j] = c&^0x20 | byte(rnd&1)<<5
				rnd = rnd>>1 | rnd<<63
			}
		}
		i += 1 + len(label)
	}
}

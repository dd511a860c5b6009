package wire

import "encoding/binary"

// AppendRData appends the data of rr to buf with every name in it written out and folded to lower case: the
// canonical form of RFC 4034 6.2 (as RFC 6840 5.1 corrects it: not the next name of NSEC). Only the types of
// RFC 1035, those that RFC 3597 4 tells receivers to decompress, DNAME and RRSIG hold such names; all other data is
// copied as it is. On an error buf is returned as it was.
func (m *Message) AppendRData(buf []byte, rr RR) ([]byte, error) {
	layout := layoutOf(rr.Type)
	if layout.names == 0 {
		return append(buf, m.Raw(rr)...), nil
	}
	start := len(buf)
	data := m.raw[:int(rr.Data)+int(rr.Len)] // cut behind rr, so that its parts cannot reach further
	off := int(rr.Data) + int(layout.fixed)
	for range layout.strings {
		if off >= len(data) {
			return buf, ErrBadRData
		}
		off += 1 + int(data[off])
	}
	if off > len(data) {
		return buf, ErrBadRData
	}
	buf = append(buf, data[rr.Data:off]...)
	for range layout.names {
		var name nameBuf
		n, err := readName(m.raw, off, &name)
		if err != nil {
			return buf[:start], err
		}
		if off = skipName(data, off); off == 0 {
			return buf[:start], ErrBadRData
		}
		buf = append(buf, name[:n]...)
	}
	if layout.tail != anyTail && len(data)-off != int(layout.tail) {
		return buf[:start], ErrBadRData
	}
	buf = append(buf, data[off:]...)
	if len(buf)-start > maxRData {
		return buf[:start], ErrBadRData
	}
	return buf, nil
}

// AppendRR appends a record in uncompressed wire form (RFC 1035 4.1.3). data is at most 65535 octets long.
func AppendRR(buf []byte, owner Name, typ Type, class uint16, ttl uint32, data []byte) []byte {
	if len(data) > maxRData {
		panic("internal error: record data longer than 65535 octets")
	}
	buf = append(buf, owner...)
	buf = binary.BigEndian.AppendUint16(buf, uint16(typ))
	buf = binary.BigEndian.AppendUint16(buf, class)
	buf = binary.BigEndian.AppendUint32(buf, ttl)
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(data)))
	return append(buf, data...)
}

const (
	maxRData = 65535 // RDLENGTH has 16 bits
	anyTail  = -1
)

// nameLayout describes data in which names stand that the canonical form folds: fixed octets, then
// character-strings, then names, then tail octets.
type nameLayout struct {
	fixed, strings, names uint8
	tail                  int8 // anyTail: the rest of the data, which may be empty
}

// layoutOf returns the zero layout for types without such names. A6 (historic, RFC 6563) is left out.
func layoutOf(t Type) nameLayout {
	if int(t) < len(nameLayouts) {
		return nameLayouts[t]
	}
	return nameLayout{}
}

var nameLayouts = [TypeRRSIG + 1]nameLayout{
	TypeNS:    {names: 1},
	3:         {names: 1}, // MD
	4:         {names: 1}, // MF
	TypeCNAME: {names: 1},
	TypeSOA:   {names: 2, tail: soaFixedSize},
	7:         {names: 1}, // MB
	8:         {names: 1}, // MG
	9:         {names: 1}, // MR
	12:        {names: 1}, // PTR
	14:        {names: 2}, // MINFO
	TypeMX:    {fixed: 2, names: 1},
	17:        {names: 2},                                       // RP
	18:        {fixed: 2, names: 1},                             // AFSDB
	21:        {fixed: 2, names: 1},                             // RT
	24:        {fixed: rrsigFixedSize, names: 1, tail: anyTail}, // SIG
	26:        {fixed: 2, names: 2},                             // PX
	30:        {names: 1, tail: anyTail},                        // NXT
	33:        {fixed: 6, names: 1},                             // SRV
	35:        {fixed: 4, strings: 3, names: 1},                 // NAPTR
	36:        {fixed: 2, names: 1},                             // KX
	TypeDNAME: {names: 1},
	TypeRRSIG: {fixed: rrsigFixedSize, names: 1, tail: anyTail},
}

// The readers below and in dnssec.go take record data in which no name is compressed, as AppendRData writes it.
// What they return points into data. They check that the fields are there and fill the data, not what they say.

const soaFixedSize = 20 // the five numbers behind the names

// SOA is the data of an SOA record (RFC 1035 3.3.13). Times are in seconds.
type SOA struct {
	MName, RName                            []byte // uncompressed wire form
	Serial, Refresh, Retry, Expire, Minimum uint32
}

// ParseSOA reads the data of an SOA record.
func ParseSOA(data []byte) (SOA, error) {
	mname := plainNameLen(data)
	rname := plainNameLen(data[mname:])
	rest := data[mname+rname:]
	if mname == 0 || rname == 0 || len(rest) != soaFixedSize {
		return SOA{}, ErrBadRData
	}
	return SOA{
		MName:   data[:mname],
		RName:   data[mname : mname+rname],
		Serial:  binary.BigEndian.Uint32(rest),
		Refresh: binary.BigEndian.Uint32(rest[4:]),
		Retry:   binary.BigEndian.Uint32(rest[8:]),
		Expire:  binary.BigEndian.Uint32(rest[12:]),
		Minimum: binary.BigEndian.Uint32(rest[16:]),
	}, nil
}

// TXT is the data of a TXT record: one or more character-strings (RFC 1035 3.3.14).
type TXT []byte

// ParseTXT checks that the character-strings fill data.
func ParseTXT(data []byte) (TXT, error) {
	for off := 0; off != len(data); {
		if off += 1 + int(data[off]); off > len(data) {
			return nil, ErrBadRData
		}
	}
	if len(data) == 0 {
		return nil, ErrBadRData
	}
	return data, nil
}

// Strings yields the character-strings, for use with range; each is 0 to 255 octets long.
func (t TXT) Strings(yield func([]byte) bool) {
	for len(t) > 0 {
		end := 1 + int(t[0])
		if !yield(t[1:end]) {
			return
		}
		t = t[end:]
	}
}

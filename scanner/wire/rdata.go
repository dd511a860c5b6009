package wire

// AppendRData appends the data of rr to buf with every name in it written out and folded to lower case: the
// canonical form of RFC 4034 6.2. Only the types of RFC 1035, and those that RFC 3597 4 tells receivers to decompress,
// hold such names; all other data is copied as it is.
func (m *Message) AppendRData(buf []byte, rr RR) ([]byte, error) {
	layout, ok := nameLayouts[rr.Type]
	if !ok {
		return append(buf, m.Raw(rr)...), nil
	}
	off, end := int(rr.Data), int(rr.Data)+int(rr.Len)
	if off+layout.skip > end {
		return buf, ErrBadRData
	}
	buf = append(buf, m.raw[off:off+layout.skip]...)
	off += layout.skip
	for range layout.strings {
		if off >= end || off+1+int(m.raw[off]) > end {
			return buf, ErrBadRData
		}
		buf = append(buf, m.raw[off:off+1+int(m.raw[off])]...)
		off += 1 + int(m.raw[off])
	}
	for range layout.names {
		next, err := skipName(m.raw[:end], off)
		if err != nil {
			return buf, err
		}
		if buf, err = m.AppendName(buf, off); err != nil {
			return buf, err
		}
		off = next
	}
	if !layout.rest && off != end || end-off < layout.tail {
		return buf, ErrBadRData
	}
	return append(buf, m.raw[off:end]...), nil
}

// nameLayout describes data in which names stand: skip octets, then character-strings, then names, then the rest.
type nameLayout struct {
	skip, strings, names int
	rest                 bool // more may follow the names
	tail                 int  // and at least so many octets
}

var nameLayouts = map[Type]nameLayout{
	TypeNS:    {names: 1},
	3:         {names: 1}, // MD
	4:         {names: 1}, // MF
	TypeCNAME: {names: 1},
	TypeSOA:   {names: 2, rest: true, tail: 20},
	7:         {names: 1}, // MB
	8:         {names: 1}, // MG
	9:         {names: 1}, // MR
	12:        {names: 1}, // PTR
	14:        {names: 2}, // MINFO
	TypeMX:    {skip: 2, names: 1},
	17:        {names: 2},                      // RP
	18:        {skip: 2, names: 1},             // AFSDB
	21:        {skip: 2, names: 1},             // RT
	26:        {skip: 2, names: 2},             // PX
	33:        {skip: 6, names: 1},             // SRV
	35:        {skip: 4, strings: 3, names: 1}, // NAPTR
	36:        {skip: 2, names: 1},             // KX
	TypeDNAME: {names: 1},
	TypeRRSIG: {skip: 18, names: 1, rest: true, tail: 1},
}

package caa

import (
	"errors"
	"strings"
)

// critical is flag bit 0, the most significant (RFC 8659 4.1). Let's Encrypt takes 1 for critical too (C5); we do not.
const critical = 0x80

// ErrRData says that record data is not a CAA record: there is no tag, or it is longer than the data. A look-up
// that shows such a record has failed (R2.3, R1.9; C14).
var ErrRData = errors.New("malformed CAA record data")

// ParseRData reads the data of one CAA record (R2.1): flags, length of the tag, tag, value to the end. Any octets may
// stand in tag and value; an odd tag is an unknown one (R2.3). The property holds a copy of the data. The only error
// is ErrRData.
func ParseRData(data []byte) (Property, error) {
	if len(data) < 2 {
		return Property{}, ErrRData
	}
	flags, length, rest := data[0], int(data[1]), data[2:]
	if length == 0 || length > len(rest) {
		return Property{}, ErrRData
	}
	text := string(rest)
	return Property{Flags: flags, Tag: text[:length], Value: text[length:]}, nil
}

// AppendRData appends the record data of p, whose tag must have 1 to 255 octets, to buf: what ParseRData reads.
func (p Property) AppendRData(buf []byte) []byte {
	buf = append(buf, p.Flags, byte(len(p.Tag)))
	buf = append(buf, p.Tag...)
	return append(buf, p.Value...)
}

// Is reports whether p has the given tag: the whole string, without regard to ASCII case (R2.2).
func (p Property) Is(tag string) bool { return equalFold(p.Tag, tag) }

// Known reports whether the tag is one of those that our generic CA knows (R2.6).
func (p Property) Known() bool { return tagTrait(p.Tag) != TagUnknown }

// Critical reports whether the issuer critical bit is set (R2.1).
func (p Property) Critical() bool { return p.Flags&critical != 0 }

// Reserved returns those of the seven reserved bits that are set. Readers ignore them (R2.1).
func (p Property) Reserved() uint8 { return p.Flags &^ critical }

// String returns the data in the form of zone files (RFC 8659 4.1.1, R2.4): 0 issue "ca.example".
func (p Property) String() string {
	var b strings.Builder
	b.Grow(len("255 ") + len(p.Tag) + len(` ""`) + len(p.Value))
	if p.Flags >= 100 {
		b.WriteByte('0' + p.Flags/100)
	}
	if p.Flags >= 10 {
		b.WriteByte('0' + p.Flags/10%10)
	}
	b.WriteByte('0' + p.Flags%10)
	b.WriteByte(' ')
	for i := range len(p.Tag) {
		if c := p.Tag[i]; isAlnum(c) {
			b.WriteByte(c)
		} else {
			writeDDD(&b, c)
		}
	}
	b.WriteString(` "`)
	for i := range len(p.Value) {
		switch c := p.Value[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case ' ' <= c && c <= '~':
			b.WriteByte(c)
		default:
			writeDDD(&b, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// writeDDD writes c as the escape \DDD of RFC 1035 5.1.
func writeDDD(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}

// equalFold compares without regard to the case of ASCII letters. (strings.EqualFold takes U+017F for an s.)
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' || isDigit(c) }

package output

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// Octets writes foreign octets as text that every reader of Parquet, JSON and CSV takes, and every terminal survives:
// printable ASCII as it is, except the backslash, which is doubled; any other octet as \DDD, three decimal digits (the
// escapes of RFC 1035 5.1). Unescape gives the octets back.
func Octets(s string) string {
	for i := range len(s) {
		if !isPlain(s[i]) {
			return escapeOctets(s, i)
		}
	}
	return s
}

// Text is Octets for what people wrote: printable characters outside ASCII stay as they are too. Controls, marks of
// direction and whatever is not UTF-8 are written as \DDD, octet by octet. Unescape gives the octets back.
func Text(s string) string {
	for i := range len(s) {
		if !isPlain(s[i]) {
			return escapeText(s, i)
		}
	}
	return s
}

// ErrEscape says that a text was not written by Octets or Text.
var ErrEscape = errors.New("bad escape")

// Unescape gives back the octets of what Octets or Text wrote. The only error is ErrEscape.
func Unescape(text string) (string, error) {
	if strings.IndexByte(text, '\\') < 0 {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '\\':
			b.WriteByte('\\')
			i++
		default:
			if i+3 >= len(text) {
				return "", ErrEscape
			}
			octet := 0
			for _, c := range []byte(text[i+1 : i+4]) {
				if c < '0' || c > '9' {
					return "", ErrEscape
				}
				octet = octet*10 + int(c-'0')
			}
			if octet > 255 {
				return "", ErrEscape
			}
			b.WriteByte(byte(octet))
			i += 3
		}
	}
	return b.String(), nil
}

func isPlain(c byte) bool { return 0x20 <= c && c <= 0x7e && c != '\\' }

// escapeOctets does the work of Octets; the first plain octets need none.
func escapeOctets(s string, plain int) string {
	buf := make([]byte, 0, len(s)+16)
	buf = append(buf, s[:plain]...)
	for i := plain; i < len(s); i++ {
		buf = appendOctet(buf, s[i])
	}
	return string(buf)
}

func escapeText(s string, plain int) string {
	buf := make([]byte, 0, len(s)+16)
	buf = append(buf, s[:plain]...)
	for i := plain; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if size > 1 && unicode.IsPrint(r) { // an octet that is not UTF-8 has size 1
			buf = append(buf, s[i:i+size]...)
		} else {
			for _, c := range []byte(s[i : i+size]) {
				buf = appendOctet(buf, c)
			}
		}
		i += size
	}
	return string(buf)
}

func appendOctet(buf []byte, c byte) []byte {
	switch {
	case isPlain(c):
		return append(buf, c)
	case c == '\\':
		return append(buf, '\\', '\\')
	default:
		return append(buf, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
	}
}

// nameText is a canonical name as text. Such names are printable ASCII; should one not be, it must not spoil a file.
// Backslashes stay: they are the name's own escapes.
func nameText(s string) string {
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	for len(b) >= 8 {
		if !isGraphic(binary.LittleEndian.Uint64(b)) {
			return Octets(s)
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x21 || c > 0x7e {
			return Octets(s)
		}
	}
	return s
}

// isGraphic reports whether eight octets are all from 0x21 to 0x7e. The highest bit of each octet of the three terms says
// that it is above 0x7f, that it is above 0x7e, and that it is below 0x21; where an octet carries into the next, it has
// failed the first of them itself.
func isGraphic(octets uint64) bool {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	return (octets|(octets+ones)|^((octets|highest)-0x21*ones))&highest == 0
}

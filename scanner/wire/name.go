package wire

import (
	"errors"
	"strings"
)

// Name is a domain name in uncompressed wire form (RFC 1035 3.1) with ASCII letters folded to lower case: labels,
// each behind its length octet, closed by the root's zero octet. The empty string is no name. Being a string it is
// immutable, comparable, a map key, and every ancestor is a slice of it: Parent allocates nothing.
type Name string

// Root is the name of the root zone.
const Root Name = "\x00"

// MaxName is the longest wire form of a name in octets (RFC 1035 2.3.4).
const MaxName = 255

// Errors of ParseName.
var (
	ErrEmptyLabel = errors.New("empty label")
	ErrLongLabel  = errors.New("label longer than 63 octets")
	ErrLongName   = errors.New("name longer than 255 octets in wire form")
	ErrBadEscape  = errors.New("bad escape in name")
)

// ParseName reads the presentation form of RFC 1035 5.1, with or without the final dot, with \X and \DDD escapes.
func ParseName(text string) (Name, error) {
	if text == "." {
		return Root, nil
	}
	text = strings.TrimSuffix(text, ".") // an escaped final dot shows as a bad escape below
	var buf [MaxName + 1]byte
	n, labelAt := 1, 0 // buf[labelAt] will hold the length of the label being read
	endLabel := func() error {
		switch length := n - labelAt - 1; {
		case length == 0:
			return ErrEmptyLabel
		case length > 63:
			return ErrLongLabel
		default:
			buf[labelAt] = byte(length)
			return nil
		}
	}
	for i := 0; i < len(text); i++ {
		if n >= MaxName {
			return "", ErrLongName
		}
		c := text[i]
		switch c {
		case '.':
			if err := endLabel(); err != nil {
				return "", err
			}
			labelAt = n
			n++
			continue
		case '\\':
			switch {
			case i+3 < len(text) && isDigit(text[i+1]) && isDigit(text[i+2]) && isDigit(text[i+3]):
				v := int(text[i+1]-'0')*100 + int(text[i+2]-'0')*10 + int(text[i+3]-'0')
				if v > 255 {
					return "", ErrBadEscape
				}
				c = byte(v)
				i += 3
			case i+1 < len(text) && !isDigit(text[i+1]):
				c = text[i+1]
				i++
			default:
				return "", ErrBadEscape
			}
		}
		buf[n] = fold(c)
		n++
	}
	if err := endLabel(); err != nil {
		return "", err
	}
	if n+1 > MaxName {
		return "", ErrLongName
	}
	buf[n] = 0
	return Name(buf[:n+1]), nil
}

// MustName is ParseName for names known to be good; it panics on others.
func MustName(text string) Name {
	n, err := ParseName(text)
	if err != nil {
		panic("internal error: name " + text + ": " + err.Error())
	}
	return n
}

// String returns the presentation form without the final dot; the root is ".". Octets that zone files give a
// meaning are escaped by a backslash, those outside 0x21-0x7E as \DDD.
func (n Name) String() string {
	if n == "" {
		return ""
	}
	if n == Root {
		return "."
	}
	plain := true
	for i := 0; n[i] != 0; i += 1 + int(n[i]) {
		for _, c := range []byte(n[i+1 : i+1+int(n[i])]) {
			plain = plain && isPlain(c)
		}
	}
	var b strings.Builder
	b.Grow(len(n))
	for i := 0; n[i] != 0; i += 1 + int(n[i]) {
		if i > 0 {
			b.WriteByte('.')
		}
		label := string(n[i+1 : i+1+int(n[i])])
		if plain {
			b.WriteString(label)
			continue
		}
		for _, c := range []byte(label) {
			switch {
			case isPlain(c):
				b.WriteByte(c)
			case c > 0x20 && c < 0x7f:
				b.WriteByte('\\')
				b.WriteByte(c)
			default:
				b.WriteByte('\\')
				b.WriteByte('0' + c/100)
				b.WriteByte('0' + c/10%10)
				b.WriteByte('0' + c%10)
			}
		}
	}
	return b.String()
}

// Parent drops the leftmost label. The root has no parent: it is returned as it is.
func (n Name) Parent() Name {
	if n == Root {
		return n
	}
	return n[1+int(n[0]):]
}

// Labels counts the labels, the root's empty one not included.
func (n Name) Labels() int {
	count := 0
	for i := 0; n[i] != 0; i += 1 + int(n[i]) {
		count++
	}
	return count
}

// In reports whether n is zone or lies below it.
func (n Name) In(zone Name) bool {
	at := len(n) - len(zone)
	if at < 0 || n[at:] != zone {
		return false
	}
	i := 0 // the suffix must begin at a label of n, not within one
	for i < at {
		i += 1 + int(n[i])
	}
	return i == at
}

// Below reports whether n lies strictly below zone.
func (n Name) Below(zone Name) bool { return len(n) > len(zone) && n.In(zone) }

// Rebase replaces the ending from of n by to (the substitution of a DNAME, RFC 6672 2.2). n must lie below from.
// It returns "" if the result would be longer than a name may be.
func (n Name) Rebase(from, to Name) Name {
	prefix := n[:len(n)-len(from)]
	if len(prefix)+len(to) > MaxName {
		return ""
	}
	return prefix + to
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' || c == '_' || c == '*' || c == '/' || c == '+' || c == '=' || c == ':'
}

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

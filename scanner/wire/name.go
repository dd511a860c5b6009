package wire

import (
	"errors"
	"strings"
)

// Name is a domain name in uncompressed wire form (RFC 1035 3.1) with ASCII letters folded to lower case: labels,
// each behind its length octet, closed by the root's zero octet. The empty string is no name: it is what methods
// return with an error, and it equals no name. Being a string it is immutable, comparable, a map key, and every
// ancestor is a slice of it: Parent allocates nothing.
type Name string

// Root is the name of the root zone.
const Root Name = "\x00"

// Sizes of names in octets (RFC 1035 2.3.4).
const (
	MaxName  = 255 // wire form, the root's zero octet included
	maxLabel = 63  // one label, its length octet not included

	maxLabels = (MaxName - 1) / 2 // labels in one name, the root's not counted: each takes two octets at least
)

// Errors of ParseName.
var (
	ErrEmptyLabel = errors.New("empty label")
	ErrLongLabel  = errors.New("label longer than 63 octets")
	ErrLongName   = errors.New("name longer than 255 octets in wire form")
	ErrBadEscape  = errors.New("bad escape in name")
)

// nameBuf holds a name while it is put together. Its length is a multiple of eight, so foldWords can take all of it.
type nameBuf [MaxName + 1]byte

// ParseName reads the presentation form of RFC 1035 5.1, with or without the final dot, with \X and \DDD escapes.
// Octets above 0x7F are taken as they are: turning Unicode into A-labels is the caller's matter.
func ParseName(text string) (Name, error) {
	if text == "." {
		return Root, nil
	}
	var buf nameBuf
	n, labelAt := 1, 0 // buf[labelAt] will hold the length of the label being read
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case '.':
			if err := checkLabel(n - labelAt - 1); err != nil {
				return "", err
			}
			if i == len(text)-1 {
				continue // the final dot: the root's label follows, which closes the name below
			}
			buf[labelAt] = byte(n - labelAt - 1)
			labelAt = n
			c = 0 // a place for the next length octet
		case '\\':
			octet, width := unescape(text[i:])
			if width == 0 {
				return "", ErrBadEscape
			}
			c = octet
			i += width - 1
		}
		if n == MaxName-1 { // the last octet is the root's
			return "", ErrLongName
		}
		buf[n] = fold(c)
		n++
	}
	if err := checkLabel(n - labelAt - 1); err != nil {
		return "", err
	}
	buf[labelAt] = byte(n - labelAt - 1)
	buf[n] = 0
	return Name(buf[:n+1]), nil
}

func checkLabel(length int) error {
	switch {
	case length == 0:
		return ErrEmptyLabel
	case length > maxLabel:
		return ErrLongLabel
	}
	return nil
}

// unescape reads \DDD or \X at the beginning of text (RFC 1035 5.1) and returns how many octets of text it took;
// 0 is a bad escape. X must not be a digit.
func unescape(text string) (octet byte, width int) {
	if len(text) < 2 {
		return 0, 0
	}
	if !isDigit(text[1]) {
		return text[1], 2
	}
	if len(text) < 4 || !isDigit(text[2]) || !isDigit(text[3]) {
		return 0, 0
	}
	value := int(text[1]-'0')*100 + int(text[2]-'0')*10 + int(text[3]-'0')
	if value > 255 {
		return 0, 0
	}
	return byte(value), 4
}

// MustName is ParseName for names known to be good; it panics on others.
func MustName(text string) Name {
	n, err := ParseName(text)
	if err != nil {
		panic("internal error: name " + text + ": " + err.Error())
	}
	return n
}

// NameOf returns a folded copy of wire, which must be one uncompressed name and nothing more.
func NameOf(wire []byte) (Name, error) {
	if n := plainNameLen(wire); n == 0 || n != len(wire) {
		return "", ErrBadName
	}
	var buf nameBuf
	n := copy(buf[:], wire)
	foldWords(buf[:(n+7)&^7])
	return Name(buf[:n]), nil
}

// Is reports whether wire, a name in uncompressed wire form with letters in any case, is n.
func (n Name) Is(wire []byte) bool {
	return n != "" && len(wire) == len(n) && hasFolded(wire, string(n))
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
	text := make([]byte, 0, MaxName) // stays on the stack for names without escapes
	for i := 0; n[i] != 0; i += 1 + int(n[i]) {
		if i > 0 {
			text = append(text, '.')
		}
		for _, c := range []byte(n[i+1 : i+1+int(n[i])]) {
			switch {
			case c <= 0x20 || c >= 0x7f:
				text = append(text, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
			case isSpecial[c]:
				text = append(text, '\\', c)
			default:
				text = append(text, c)
			}
		}
	}
	return string(text)
}

// isSpecial has the printable octets that zone files give a meaning (RFC 1035 5.1; $ begins a directive).
var isSpecial = [128]bool{'.': true, '\\': true, '"': true, '(': true, ')': true, ';': true, '@': true, '$': true}

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

// In reports whether n is zone or lies below it. Nothing lies in the empty string.
func (n Name) In(zone Name) bool {
	at := len(n) - len(zone)
	if at < 0 || zone == "" || n[at:] != zone {
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

// Rebase replaces the ending from of n by to (the substitution of a DNAME, RFC 6672 2.2). n must lie in from.
// It returns "" if the result would be longer than a name may be.
func (n Name) Rebase(from, to Name) Name {
	prefix := n[:len(n)-len(from)]
	if len(prefix)+len(to) > MaxName {
		return ""
	}
	return prefix + to
}

// Compare orders names canonically (RFC 4034 6.1): by their labels from the right, each as octets, an absent label
// first. It returns -1, 0 or +1.
func (n Name) Compare(other Name) int {
	var nAt, otherAt [maxLabels]uint8
	i, j := n.labelOffsets(&nAt), other.labelOffsets(&otherAt)
	for i > 0 && j > 0 {
		i--
		j--
		a, b := int(nAt[i]), int(otherAt[j])
		if c := strings.Compare(string(n[a+1:a+1+int(n[a])]), string(other[b+1:b+1+int(other[b])])); c != 0 {
			return c
		}
	}
	switch {
	case i > 0:
		return 1
	case j > 0:
		return -1
	}
	return 0
}

func (n Name) labelOffsets(at *[maxLabels]uint8) int {
	count := 0
	for i := 0; n[i] != 0; i += 1 + int(n[i]) {
		at[count] = uint8(i)
		count++
	}
	return count
}

// plainNameLen returns the length in octets of the uncompressed name that b begins with, or 0 if b does not begin
// with one.
func plainNameLen(b []byte) int {
	for i := 0; i < len(b) && i < MaxName; {
		c := int(b[i])
		if c == 0 {
			return i + 1
		}
		if c > maxLabel {
			return 0
		}
		i += 1 + c
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

package wire

import "encoding/binary"

// Folding of ASCII letters, eight octets at a time. A length octet is at most 63 and so never taken for a letter:
// whole names can be folded and compared without looking for their labels.

const (
	eachOctet = 0x0101010101010101 // times a constant: that constant in all eight octets of a word
	highBits  = 0x80 * eachOctet
	caseBits  = 0x20 * eachOctet // the bit by which an ASCII letter's two cases differ
)

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// within returns the high bit of every octet of w that lies in [first, last]; both must be ASCII.
func within(w uint64, first, last byte) uint64 {
	low := w &^ uint64(highBits) // seven bits each, so that no sum below carries into the next octet
	fromFirst := low + uint64(0x80-first)*eachOctet
	pastLast := low + uint64(0x7f-last)*eachOctet
	return fromFirst &^ pastLast &^ w & highBits
}

func foldWord(w uint64) uint64 { return w | within(w, 'A', 'Z')>>2 }

// foldWords folds b, whose length must be a multiple of eight.
func foldWords(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, foldWord(binary.LittleEndian.Uint64(b)))
	}
}

// hasFolded reports whether b begins with folded, which holds no upper case letters, when case is ignored.
func hasFolded(b []byte, folded string) bool {
	if len(b) < len(folded) {
		return false
	}
	b = b[:len(folded)]
	if len(b) < 8 {
		for i, c := range b {
			if fold(c) != folded[i] {
				return false
			}
		}
		return true
	}
	last := len(b) - 8 // the last word may overlap the one before
	for i := 0; i < last; i += 8 {
		if foldWord(binary.LittleEndian.Uint64(b[i:])) != word(folded[i:]) {
			return false
		}
	}
	return foldWord(binary.LittleEndian.Uint64(b[last:])) == word(folded[last:])
}

// word reads the first eight octets of s; the compiler makes one load of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

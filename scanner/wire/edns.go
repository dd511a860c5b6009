package wire

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HasOPT reports whether the reply speaks EDNS (RFC 6891). As other resolvers do, we take the OPT record of a reply
// wherever in the additional section it stands and whatever its owner is; an OPT record in another section is none.
func (m *Message) HasOPT() bool { return m.hasOP }

// EDNSVersion returns the version of the OPT record; 0 without one.
func (m *Message) EDNSVersion() uint8 { return uint8(m.opt.TTL >> 16) }

// UDPSize returns the largest UDP message that the sender takes, in octets; 0 without an OPT record.
func (m *Message) UDPSize() uint16 { return m.opt.Class }

// DO reports whether the OPT record has the DO bit (RFC 3225).
func (m *Message) DO() bool { return m.opt.TTL&0x8000 != 0 }

// Options yields code and data of each EDNS option, for use with range, as far as the OPT record is well formed.
// data lies in the message.
func (m *Message) Options(visit func(code uint16, data []byte) bool) {
	if !m.hasOP {
		return
	}
	for rest := m.Raw(m.opt); len(rest) >= optionHeadSize; {
		end := optionHeadSize + int(binary.BigEndian.Uint16(rest[2:]))
		if end > len(rest) || !visit(binary.BigEndian.Uint16(rest), rest[optionHeadSize:end]) {
			return
		}
		rest = rest[end:]
	}
}

const optionHeadSize = 4 // code and length (RFC 6891 6.1.2)

// EDE is an Extended DNS Error (RFC 8914 2), an option that may occur several times.
type EDE struct {
	Code uint16 // IANA, "Extended DNS Error Codes"
	Text []byte // EXTRA-TEXT as it was sent; CleanText makes it fit to be shown
}

// ParseEDE reads the data of an option with the code OptionEDE.
func ParseEDE(data []byte) (EDE, error) {
	if len(data) < 2 {
		return EDE{}, ErrBadRData
	}
	return EDE{Code: binary.BigEndian.Uint16(data), Text: data[2:]}, nil
}

// CleanText returns a copy of Text in valid UTF-8 without what could disturb a terminal or a line of output: octets
// that are not UTF-8 (RFC 8914 2) and characters that cannot be printed become U+FFFD, NULs at the end, which some
// servers send, are dropped.
func (e EDE) CleanText() string {
	text := strings.TrimRight(string(e.Text), "\x00")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

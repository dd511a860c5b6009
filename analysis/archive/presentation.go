package archive

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/caascan/caascan/scanner/wire"
)

var errPresentation = errors.New("no CAA record in presentation form")

// caaData makes the data of a CAA record of its parts (RFC 8659 4.1).
func caaData(flags int, tag, value string) ([]byte, error) {
	if flags < 0 || flags > 255 || len(tag) > 255 || len(value) > maxRecordOctets-2-len(tag) {
		return nil, errPresentation
	}
	return append(append([]byte{byte(flags), byte(len(tag))}, tag...), value...), nil
}

// readCAA reads a CAA record in presentation form (RFC 8659 4.1.1), with the value in quotes or without, or in the form for unknown
// types (RFC 3597 5).
func readCAA(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, `\#`); ok {
		return readUnknown(rest)
	}
	flags, rest := cutField(text)
	tag, value := cutField(rest)
	n, err := strconv.ParseUint(flags, 10, 8)
	if err != nil || tag == "" || tag[0] == '"' {
		return nil, errPresentation
	}
	if tag, err = unescape(tag); err != nil {
		return nil, err
	}
	if inner, ok := strings.CutPrefix(value, `"`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); !ok || !quotable(inner) {
			return nil, errPresentation
		}
		value = inner
	}
	if value, err = unescape(value); err != nil {
		return nil, err
	}
	return caaData(int(n), tag, value)
}

// readUnknown reads the length and the octets in hexadecimal of RFC 3597 5.
func readUnknown(text string) ([]byte, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, errPresentation
	}
	length, err := strconv.ParseUint(fields[0], 10, 16)
	if err != nil {
		return nil, errPresentation
	}
	data, err := hex.DecodeString(strings.Join(fields[1:], ""))
	if err != nil || len(data) != int(length) {
		return nil, errPresentation
	}
	return data, nil
}

// quotable reports whether a text can stand in quotes: each quote in it has a backslash before it, and the last octet is no
// backslash that takes the closing quote.
func quotable(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return false
		case '\\':
			if i++; i == len(text) {
				return false
			}
		}
	}
	return true
}

// unescape resolves \DDD and \X (RFC 1035 5.1).
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			if i++; i == len(text) {
				return "", errPresentation
			}
			if c = text[i]; c >= '0' && c <= '9' {
				if i+3 > len(text) {
					return "", errPresentation
				}
				n, err := strconv.ParseUint(text[i:i+3], 10, 8)
				if err != nil {
					return "", errPresentation
				}
				c, i = byte(n), i+2
			}
		}
		out = append(out, c)
	}
	return string(out), nil
}

// recordTypes are those that are read, by the words that tools have for them.
var recordTypes = map[string]wire.Type{
	"CAA": wire.TypeCAA, "TYPE257": wire.TypeCAA, "UNK_IN_257": wire.TypeCAA,
	"MX": wire.TypeMX, "A": wire.TypeA, "AAAA": wire.TypeAAAA, "NS": wire.TypeNS, "DS": wire.TypeDS,
	"CNAME": wire.TypeCNAME, "DNAME": wire.TypeDNAME,
}

// typeOf is the type with a name, in any case; 0 if it is not read.
func typeOf(word string) wire.Type { return recordTypes[strings.ToUpper(word)] }

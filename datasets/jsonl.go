package datasets

import (
	"bytes"
	"encoding/json"
)

// maxJSONLine is the longest line of JSONL that is looked at, in octets: zdns writes all it has seen of a name into one.
const maxJSONLine = 4 << 20

// defaultMember is the member of an object with the name to ask for: in what zdns and Rapid7's forward DNS have written.
const defaultMember = "name"

// jsonName returns the text of a member of the object that line is. The first of that name counts, and what is behind it
// is not looked at. It reports false if there is none, or it is no text.
func jsonName(line []byte, member string) ([]byte, bool) {
	s := jsonScanner{line}
	if !s.take('{') {
		return nil, false
	}
	for {
		key, ok := s.text()
		if !ok || !s.take(':') {
			return nil, false
		}
		if string(key) == member {
			return s.text()
		}
		if !s.skip() || !s.take(',') {
			return nil, false
		}
	}
}

// jsonScanner goes over JSON (RFC 8259). It finds where values end, and does not check what it skips.
type jsonScanner struct{ rest []byte }

// take takes a character, with blanks before it.
func (s *jsonScanner) take(c byte) bool {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text takes a string.
func (s *jsonScanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	escaped := false
	for i := 0; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			raw := s.rest[:i]
			s.rest = s.rest[i+1:]
			if !escaped {
				return raw, true
			}
			var text string
			quoted := append(append([]byte{'"'}, raw...), '"')
			err := json.Unmarshal(quoted, &text)
			return []byte(text), err == nil
		}
	}
	return nil, false
}

// skip takes any value.
func (s *jsonScanner) skip() bool {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	depth, quoted := 0, false
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == '}'):
			s.rest = s.rest[i:]
			return i > 0
		}
	}
	return false
}

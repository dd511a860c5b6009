package datasets

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Lines reads lists of entries as they stand, for who must answer each of them under the text it was given with, mail
// addresses whole. Packed input is opened by its content, as Open does; blank lines and comments are skipped.
//
// Unlike a Reader it keeps the order, looks for no layout and drops nothing: what it returns may identify a person.
type Lines struct {
	in      *input
	streams []stream
	text    io.ReadCloser
	lines   *bufio.Reader
	begun   bool // the first line of text was read
}

// OpenLines opens the file at path, "-" for stdin.
func OpenLines(path string, stdin io.Reader) (*Lines, error) {
	in, err := probe(path, stdin)
	if err != nil {
		return nil, err
	}
	if err := in.start(); err != nil {
		in.close()
		return nil, in.fail(err)
	}
	return &Lines{in: in, streams: in.streams(), lines: bufio.NewReaderSize(nil, bufferSize)}, nil
}

// Next returns the next entry, without blanks around it; io.EOF after the last. Of a line over MaxLine it returns so many
// octets, which are no name.
func (l *Lines) Next() (string, error) {
	for {
		if l.text == nil {
			if len(l.streams) == 0 {
				return "", io.EOF
			}
			text, err := l.streams[0].open()
			if err != nil {
				return "", l.in.fail(err)
			}
			l.streams, l.text, l.begun = l.streams[1:], text, false
			l.lines.Reset(text)
		}
		line, err := l.line()
		if err == io.EOF {
			err = l.text.Close()
			l.text = nil
		}
		if err != nil {
			return "", l.in.fail(err)
		}
		if line = bytes.TrimSpace(withoutComment(line)); len(line) > 0 && line[0] != '#' {
			return string(line), nil
		}
	}
}

// line reads a line without its end, valid until the next call; io.EOF only without one.
func (l *Lines) line() ([]byte, error) {
	line, err := l.lines.ReadSlice('\n')
	some := len(line) > 0
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if len(line) > MaxLine {
		line = bytes.Clone(line[:MaxLine])
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.lines.ReadSlice('\n')
	}
	if err == io.EOF && some {
		err = nil
	}
	if !l.begun {
		line, l.begun = bytes.TrimPrefix(line, byteOrderMark), true
	}
	return line, err
}

// Close ends the reading.
func (l *Lines) Close() error {
	if l.text != nil {
		l.text.Close()
	}
	l.in.close()
	return nil
}

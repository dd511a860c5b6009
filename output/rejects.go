package output

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxRejectText bounds how much of a rejected line is kept, in octets: enough for every name and URL a list can hold.
const maxRejectText = 1024

// rejects writes the lines of the input that gave no name: source, line, reason, text. The file becomes visible when it is
// closed. A scan that goes on after a stop reads its input from the beginning, and so writes the whole file again.
type rejects struct {
	out  *partFile // nil once closed
	buf  *bufio.Writer
	csv  *csv.Writer
	rows int64
}

func createRejects(s store) (*rejects, error) {
	d, err := s.draft(rejectsName)
	if err != nil {
		return nil, err
	}
	r := &rejects{out: newPartFile(d)}
	r.buf = bufio.NewWriter(r.out)
	r.csv = csv.NewWriter(r.buf)
	return r, r.csv.Write([]string{"source", "line", "reason", "text"})
}

func (r *rejects) add(source string, line int64, reason, text string) error {
	row := []string{Cell(Text(source)), strconv.FormatInt(line, 10), Cell(Text(reason)), Cell(cut(Text(text)))}
	r.rows++
	return r.csv.Write(row)
}

// close finishes the file and says what it is, or else removes it.
func (r *rejects) close() (*Part, error) {
	r.csv.Flush()
	err := r.csv.Error()
	if err == nil {
		err = r.buf.Flush()
	}
	if err == nil {
		err = r.out.seal()
	}
	part := r.out.part("rejects", rejectsName, r.rows)
	if err == nil {
		err = r.out.publish()
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", rejectsName, errors.Join(err, r.out.discard()))
	}
	return part, nil
}

// Cell makes a text safe to be opened in a spreadsheet: one that begins with a character that makes it a formula there
// gets an apostrophe before it, which spreadsheets take for "this is text". One that begins with an apostrophe gets one
// too, so that taking a leading one away always gives the text back.
func Cell(text string) string {
	if text != "" && strings.IndexByte("=+-@'\t\r\n", text[0]) >= 0 {
		return "'" + text
	}
	return text
}

// uncell gives back what Cell was given.
func uncell(cell string) string { return strings.TrimPrefix(cell, "'") }

// cut shortens an escaped text that is too long. It ends in "..." then.
func cut(text string) string {
	if len(text) <= maxRejectText {
		return text
	}
	return strings.ToValidUTF8(text[:maxRejectText], "") + "..."
}

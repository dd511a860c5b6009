package output

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

const rejectsName = "rejects.csv"

// maxRejectText bounds how much of a rejected line is kept, in octets: enough for every name and URL a list can hold.
const maxRejectText = 1024

// rejects writes the lines of the input that gave no name: source, line, reason, text. It becomes visible when closed.
type rejects struct {
	disk disk
	path string
	file file // nil once closed
	buf  *bufio.Writer
	csv  *csv.Writer
	rows int64
}

func createRejects(d disk, dir string) (*rejects, error) {
	path := filepath.Join(dir, rejectsName)
	f, err := d.Create(hidden(path))
	if err != nil {
		return nil, err
	}
	r := &rejects{disk: d, path: path, file: f, buf: bufio.NewWriter(f)}
	r.csv = csv.NewWriter(r.buf)
	return r, r.csv.Write([]string{"source", "line", "reason", "text"})
}

func (r *rejects) add(source string, line int64, reason, text string) error {
	row := []string{Cell(Text(source)), strconv.FormatInt(line, 10), Cell(Text(reason)), Cell(cut(Text(text)))}
	r.rows++
	return r.csv.Write(row)
}

// sync makes what was added durable.
func (r *rejects) sync() error {
	r.csv.Flush()
	if err := errors.Join(r.csv.Error(), r.buf.Flush()); err != nil {
		return fmt.Errorf("write %s: %w", rejectsName, err)
	}
	return r.file.Sync()
}

// close finishes the file, or else removes it.
func (r *rejects) close() error {
	err := r.sync()
	err = errors.Join(err, r.file.Close())
	r.file = nil
	if err == nil {
		err = publish(r.disk, r.path)
	}
	if err != nil {
		return errors.Join(err, r.disk.Remove(hidden(r.path)))
	}
	return r.disk.SyncDir(filepath.Dir(r.path))
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

// cut shortens an escaped text that is too long. It ends in "..." then.
func cut(text string) string {
	if len(text) <= maxRejectText {
		return text
	}
	return strings.ToValidUTF8(text[:maxRejectText], "") + "..."
}

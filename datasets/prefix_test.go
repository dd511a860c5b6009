package datasets

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestExpect: a stream is the one that was read before if it begins with all that was read of it. Until that is seen it is
// unproven, and one that is another remains so, whatever it is packed in and however it comes.
func TestExpect(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&text, "name-%d.example.com\n", i)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, text.String())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for form, stream := range map[string][]byte{"plain": []byte(text.String()), "gzip": packed.Bytes()} {
		for _, read := range []int{1, headSize, headSize + 1, len(stream) - 1, len(stream)} {
			before := open(t, stream[:read], nil)
			if _, err := drain(before); err != nil && form == "plain" {
				t.Fatal(err)
			}
			prefix := before.Prefix(0)
			if prefix.Octets != int64(read) {
				t.Fatalf("%s: %d octets read, want %d", form, prefix.Octets, read)
			}
			for what, c := range map[string]struct {
				stream []byte
				other  bool
			}{
				"the same":     {stream, false},
				"its last one": {changed(stream, read-1), true},
				"its first":    {changed(stream, 0), true},
				"too short":    {stream[:read-1], true},
				"behind it":    {changed(stream, read), false},
			} {
				if len(c.stream) == 0 || form == "gzip" && what == "its first" || what == "behind it" && read == len(stream) {
					continue // no input at all; no gzip; nothing is behind it
				}
				for how, slowly := range map[string]func(io.Reader) io.Reader{"at once": nil, "bit by bit": iotest.HalfReader} {
					r := open(t, c.stream, slowly)
					r.Expect(0, prefix)
					if !r.Unproven(0) {
						t.Fatal("it was proven before it was read")
					}
					targets, err := drain(r)
					if errors.Is(err, ErrOtherStream) != c.other || r.Unproven(0) != c.other {
						t.Errorf("%s, %d octets, %s, %s: %d targets, %v, unproven %v", form, read, what, how, targets, err, r.Unproven(0))
					}
				}
			}
		}
	}
}

func open(t *testing.T, stream []byte, slowly func(io.Reader) io.Reader) *Reader {
	t.Helper()
	stdin := io.Reader(bytes.NewReader(stream))
	if slowly != nil {
		stdin = slowly(stdin)
	}
	r, err := Open([]string{"-"}, Config{Stdin: stdin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// drain reads all targets, and returns their number and the error that is not the end.
func drain(r *Reader) (targets int, err error) {
	for {
		batch, err := r.Next(context.Background())
		targets += len(batch)
		switch {
		case errors.Is(err, io.EOF):
			return targets, nil
		case err != nil:
			return targets, err
		}
	}
}

// changed returns the octets with one of them another.
func changed(octets []byte, at int) []byte {
	if at >= len(octets) {
		return octets
	}
	other := bytes.Clone(octets)
	other[at] ^= 1
	return other
}

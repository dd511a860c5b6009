package datasets

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func readLines(t *testing.T, path string, stdin io.Reader) ([]string, error) {
	t.Helper()
	l, err := OpenLines(path, stdin)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var all []string
	for {
		text, err := l.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, text)
	}
}

// Entries come in order and as they stand, from plain and packed input.
func TestLines(t *testing.T) {
	const text = "\uFEFFexample.org\r\n\n# a comment\n  *.Example.net \t# ours\nuser#1@example.com\n" + "last"
	want := []string{"example.org", "*.Example.net", "user#1@example.com", "last"}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, text)
	z.Close()
	path := filepath.Join(t.TempDir(), "names.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]struct {
		path  string
		stdin io.Reader
	}{"stdin": {"-", strings.NewReader(text)}, "packed": {path, nil}, "packed stdin": {"-", &packed}} {
		got, err := readLines(t, input.path, input.stdin)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A line of any length is one entry, and no more of it is kept than MaxLine octets.
func TestLinesTooLong(t *testing.T) {
	for _, n := range []int{MaxLine - 1, MaxLine, MaxLine + 1, MaxLine + 2, bufferSize - 1, bufferSize, bufferSize + 1, 10 * bufferSize} {
		for _, end := range []string{"", "\n", "\nlast\n"} {
			got, err := readLines(t, "-", strings.NewReader("first\n"+strings.Repeat("a", n)+end))
			want := 2 + strings.Count(end, "last")
			if err != nil || len(got) != want || len(got[1]) != min(n, MaxLine) || want == 3 && got[2] != "last" {
				t.Errorf("%d octets, %q: %d entries, %v", n, end, len(got), err)
			}
		}
	}
}

// Input that ends before its compression does is an error, not an end.
func TestLinesDamaged(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, strings.Repeat("example.org\n", 1000))
	z.Close()
	got, err := readLines(t, "-", bytes.NewReader(packed.Bytes()[:packed.Len()-10]))
	if err == nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d entries, %v", len(got), err)
	}
	if _, err := OpenLines(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a file that is not there was opened")
	}
}

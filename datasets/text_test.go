package datasets

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestText: the text is unpacked by content, all files of an archive one after the other, and the sum is that of what is stored.
func TestText(t *testing.T) {
	const text = "one\ntwo\n"
	var gz, zipped bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte(text))
	w.Close()
	z := zip.NewWriter(&zipped)
	for _, half := range []string{"one\n", "two\n"} {
		f, err := z.Create(half[:3])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(half))
	}
	z.Close()
	for name, content := range map[string]string{"plain": text, "gzip": gz.String(), "zip": zipped.String(), "none": ""} {
		path := filepath.Join(t.TempDir(), "list.gz")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		for place, stdin := range map[string]io.Reader{path: nil, "-": strings.NewReader(content)} {
			in, err := OpenText(place, stdin)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := io.ReadAll(in)
			want := text
			if name == "none" {
				want = ""
			}
			if err != nil || string(got) != want {
				t.Errorf("%s from %s: %q, %v", name, place, got, err)
			}
			sum, err := in.Sum()
			if wanted := sha256.Sum256([]byte(content)); err != nil || sum.SHA256 != hex.EncodeToString(wanted[:]) || sum.Octets != int64(len(content)) {
				t.Errorf("%s from %s: sum of %d octets, %v", name, place, sum.Octets, err)
			}
			if in.IsParquet() || in.Regular() == (place == "-") {
				t.Errorf("%s from %s: Parquet %v, regular %v", name, place, in.IsParquet(), in.Regular())
			}
			in.Close()
		}
	}
	if _, err := OpenText(filepath.Join(t.TempDir(), "no"), nil); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// TestTextCutOff: a stream that ends too early is an error, after what could be read.
func TestTextCutOff(t *testing.T) {
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(bytes.Repeat([]byte("line\n"), 1000))
	w.Close()
	in, err := OpenText("-", bytes.NewReader(gz.Bytes()[:gz.Len()-4]))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, err := io.ReadAll(in); err == nil || !strings.Contains(err.Error(), "stdin") {
		t.Errorf("%d octets, %v", len(got), err)
	}
}

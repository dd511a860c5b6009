package datasets

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/caascan/caascan/scanner/record"
)

func gzipOf(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstdOf(t testing.TB, text string, opts ...zstd.EOption) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipOf makes an archive of name, text, name, text, ...
func zipOf(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, members[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Compression is found by content: the file's name tells nothing, and a pipe has none.
func TestCompressions(t *testing.T) {
	const list = "1,a.com\n2,b.com\nx\n"
	for _, c := range []struct{ file, content, compression string }{
		{"list.csv", list, ""},
		{"list.gz", list, ""}, // a wrong suffix
		{"list.csv.gz", gzipOf(t, list), "gzip"},
		{"list.csv", gzipOf(t, "1,a.com\n2,b") + gzipOf(t, ".com\nx\n"), "gzip"}, // two gzip members
		{"list.csv.zst", zstdOf(t, list), "zstd"},
		{"list.csv", zstdOf(t, "1,a.com\n2,b") + zstdOf(t, ".com\nx\n"), "zstd"}, // two frames
		{"list.csv.zip", zipOf(t, "inner.csv", list), "zip"},
		{"list.csv", zipOf(t, "dir/", "", "dir/inner.csv", list), "zip"},
	} {
		for _, stdin := range []bool{false, true} {
			cfg, path := Config{}, "-"
			if stdin {
				cfg.Stdin = strings.NewReader(c.content)
			} else {
				path = writeFile(t, c.file, c.content)
			}
			got := readAll(t, []string{path}, cfg)
			if got.err != nil || got.names() != "a.com b.com" || len(got.rejects) != 1 {
				t.Errorf("%s (stdin %v): names %q, rejects %v, error %v", c.file, stdin, got.names(), got.rejects, got.err)
				continue
			}
			source := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(c.file, ".gz"), ".zst"), ".zip")
			if stdin {
				source = "stdin"
			}
			sum := sha256.Sum256([]byte(c.content))
			in := got.inputs[0]
			if in.Source != source || in.Compression != c.compression || in.SHA256 != hex.EncodeToString(sum[:]) ||
				in.Octets != int64(len(c.content)) || in.Lines != 3 || got.targets[0].Source != source {
				t.Errorf("%s (stdin %v): %+v", c.file, stdin, in)
			}
		}
	}
}

func TestArchiveOfSeveralFiles(t *testing.T) {
	archive := zipOf(t, "x/one.csv", "1,a.com\n2,b.com\n", "two.txt", "\xef\xbb\xbfc.com\n..\n", "empty.txt", "")
	got := readAll(t, []string{writeFile(t, "lists.zip", archive)}, Config{})
	if got.names() != "a.com b.com c.com" || got.targets[0].Source != "lists/x/one.csv" || got.targets[2].Source != "lists/two.txt" || got.targets[2].Line != 1 {
		t.Errorf("targets %+v", got.targets)
	}
	if len(got.rejects) != 1 || got.rejects[0].Source != "lists/two.txt" || got.rejects[0].Line != 2 || got.inputs[0].Lines != 4 {
		t.Errorf("rejects %+v, input %+v", got.rejects, got.inputs[0])
	}
}

// Names in an archive are anybody's: the sources are told apart, and fit for a terminal.
func TestArchiveWithOddNames(t *testing.T) {
	archive := zipOf(t, "l", "a.com\n", "l", "b.com\n", "\x1b[2J", "c.com\n", "../../etc/passwd", "d.com\n", strings.Repeat("n", 5000), "e.com\n")
	got := readAll(t, []string{writeFile(t, "a.zip", archive)}, Config{})
	var sources []string
	for _, target := range got.targets {
		sources = append(sources, target.Source)
	}
	if want := []string{"a/l", "a/l#2", `a/\x1b[2J`, "a/../../etc/passwd", "a/" + strings.Repeat("n", MaxRejectText)}; !slices.Equal(sources, want) {
		t.Errorf("sources %q", sources)
	}
}

func TestSeveralInputs(t *testing.T) {
	paths := []string{writeFile(t, "a.csv", "1,a.com\n"), "-", writeFile(t, "b.txt.gz", gzipOf(t, "b.com")), writeFile(t, "empty", "")}
	got := readAll(t, paths, Config{Stdin: strings.NewReader("s.com\n")})
	if got.names() != "a.com s.com b.com" || len(got.inputs) != 4 || got.inputs[1].Path != "stdin" || got.inputs[3].Lines != 0 {
		t.Errorf("names %q, inputs %+v", got.names(), got.inputs)
	}
}

// A named pipe is read once, from its first octet, and its end is its end.
// TestSourcesAreUnique: a source and a line name one line of all inputs, also where files have one name.
func TestSourcesAreUnique(t *testing.T) {
	var paths []string
	for _, name := range []string{"a/names.txt", "b/names.txt", "b/names.txt.gz", "c/202610.csv", "c/crux-202610.csv", "c/stdin"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		content := "example.com\n"
		if strings.HasSuffix(name, ".csv") {
			content = "origin,rank\nhttps://example.com,1000\n"
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	r, err := Open(append(paths, "-"), Config{Stdin: strings.NewReader("example.com\n"), Window: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var sources []string
	for err == nil {
		var targets []record.Target
		targets, err = r.Next(context.Background())
		for _, target := range targets {
			sources = append(sources, target.Source)
		}
	}
	want := []string{"names.txt", "names.txt#2", "names.txt#3", "crux:202610", "crux:202610#2", "stdin", "stdin#2"}
	if !slices.Equal(sources, want) {
		t.Errorf("sources %q, want %q", sources, want)
	}
}

func TestNamedPipe(t *testing.T) {
	for what, content := range map[string]string{"plain": numbered(2000), "gzip": gzipOf(t, numbered(2000)), "zip": zipOf(t, "l", numbered(2000))} {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(path, []byte(content), 0o600) }()
		got := readAll(t, []string{path}, Config{})
		if err := <-written; err != nil {
			t.Error(err)
		}
		if got.err != nil || len(got.targets) != 2000 || got.inputs[0].Octets != int64(len(content)) {
			t.Errorf("%s: %d targets, error %v, %+v", what, len(got.targets), got.err, got.inputs[0])
		}
	}
}

// What cannot be read is an error of Open, which names the input and says why.
func TestOpenErrors(t *testing.T) {
	good := writeFile(t, "good", "a.com\n")
	missing := filepath.Join(t.TempDir(), "none")
	encrypted := []byte(zipOf(t, "a", "a.com\n"))
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1 // APPNOTE 4.4.4, general purpose bit 0
	method := []byte(zipOf(t, "a", "a.com\n"))
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 99
	for _, c := range []struct {
		what  string
		paths []string
		names string // what the error says
		is    error
	}{
		{"nothing", nil, "no input", nil},
		{"missing", []string{good, missing}, missing + ": no such file", fs.ErrNotExist},
		{"empty path", []string{""}, "no such file", fs.ErrNotExist},
		{"directory", []string{t.TempDir()}, "is a directory", nil},
		{"below a file", []string{good + "/x"}, "not a directory", syscall.ENOTDIR},
		{"stdin twice", []string{"-", good, "-"}, "stdin: given twice", nil},
		{"empty archive", []string{writeFile(t, "e.zip", zipOf(t))}, "holds no file", nil},
		{"archive of directories", []string{writeFile(t, "d.zip", zipOf(t, "d/", ""))}, "holds no file", nil},
		{"cut archive", []string{writeFile(t, "c.zip", zipOf(t, "a", numbered(100))[:80])}, "c.zip: zip: not a valid zip file", zip.ErrFormat},
		{"encrypted archive", []string{writeFile(t, "x.zip", string(encrypted))}, "a in the archive is encrypted", nil},
		{"unknown method", []string{writeFile(t, "m.zip", string(method))}, "a in the archive: zip: unsupported", zip.ErrAlgorithm},
		{"xz", []string{writeFile(t, "l.xz", "\xfd7zXZ\x00\x00\x04")}, "xz is not read", nil},
		{"UTF-16", []string{writeFile(t, "l.txt", "\xff\xfea\x00.\x00")}, "UTF-16 text is not read", nil},
	} {
		r, err := Open(c.paths, Config{Stdin: strings.NewReader("")})
		if err == nil {
			r.Close()
			t.Errorf("%s: no error", c.what)
			continue
		}
		if !strings.Contains(err.Error(), c.names) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if _, err := Open([]string{good}, Config{Format: Columns}); err == nil {
		t.Error("a format that can only be found was accepted")
	}
	broken := errors.New("disk on fire")
	if _, err := Open([]string{"-"}, Config{Stdin: errReader{broken}}); !errors.Is(err, broken) {
		t.Errorf("stdin that cannot be read: %v", err)
	}
}

// Damage in the middle: whole lines before it come out, then an error that says where. A line that was cut is no line.
func TestDamage(t *testing.T) {
	// Random labels: a compressed list of numbered names is too small to be damaged in its middle.
	var b strings.Builder
	sum := sha256.Sum256(nil)
	for range 20_000 {
		sum = sha256.Sum256(sum[:])
		b.WriteString(hex.EncodeToString(sum[:])[:40] + ".example.com\n")
	}
	list := b.String()
	flip := func(s string) string {
		at := len(s) / 2
		return s[:at] + string([]byte{s[at] ^ 0xFF, s[at+1] ^ 0xFF, s[at+2] ^ 0xFF}) + s[at+3:]
	}
	for _, c := range []struct {
		what, content string
		least         int // targets
	}{
		{"gzip cut", gzipOf(t, list)[:300_000], 5000},
		{"gzip flipped", flip(gzipOf(t, list)), 1000},
		{"gzip with junk behind", gzipOf(t, list) + "junk that is no gzip member", 20_000},
		{"gzip head alone", gzipOf(t, list)[:5], 0},
		{"zstd cut", zstdOf(t, list)[:300_000], 5000},
		{"zstd flipped", flip(zstdOf(t, list)), 1000},
		{"zip flipped", flip(zipOf(t, "list", list)), 1000},
	} {
		got := readAll(t, []string{writeFile(t, "damaged", c.content)}, Config{})
		if got.err == nil || !strings.Contains(got.err.Error(), "damaged: after line ") {
			t.Errorf("%s: %d targets, error %v", c.what, len(got.targets), got.err)
			continue
		}
		if len(got.targets) < c.least {
			t.Errorf("%s: only %d targets before %v", c.what, len(got.targets), got.err)
		}
		for i, target := range got.targets {
			// Checksums stand at the end of a stream: what is decoded before they fail may be wrong.
			if want := list[i*53 : i*53+52]; target.Name != want && !strings.HasSuffix(c.what, "flipped") {
				t.Errorf("%s: line %d is %q, want %q", c.what, i+1, target.Name, want)
				break
			}
		}
		if in := got.inputs[0]; in.SHA256 != "" || in.Octets == 0 {
			t.Errorf("%s: %+v", c.what, in)
		}
	}
}

// A zstd frame may ask for any window: one beyond the bound is an error, not memory.
func TestZstdWindowIsBounded(t *testing.T) {
	content := zstdOf(t, strings.Repeat("a.com\n", 1<<20), zstd.WithWindowSize(256<<20), zstd.WithSingleSegment(false))
	got := readAll(t, []string{writeFile(t, "wide.zst", content)}, Config{})
	if got.err == nil || len(got.targets) > 0 {
		t.Errorf("%d targets, error %v", len(got.targets), got.err)
	}
}

// A small file may hold gigabytes of one line.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, &endless{line: strings.Repeat("x", 4096)}, 64<<20); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got := readAll(t, []string{writeFile(t, "bomb.gz", b.String()+gzipOf(t, "\na.com\n"))}, Config{})
	if got.err != nil || len(got.rejects) != 1 || got.rejects[0].Reason != LineTooLong || got.names() != "a.com" {
		t.Errorf("rejects %v, names %q, error %v", got.rejects, got.names(), got.err)
	}
}

// A file that goes away after Open is an error of Next.
func TestFileGoesAway(t *testing.T) {
	path := writeFile(t, "list", "a.com\n")
	r, err := Open([]string{path}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Next: %v", err)
	}
}

// Reading leaves no descriptor and no goroutine behind, finished or not.
func TestCloseLeavesNothing(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	contents := []string{"a.com\n", gzipOf(t, numbered(2000)), zstdOf(t, numbered(2000)), zipOf(t, "l", numbered(2000)), zipOf(t)}
	before := open()
	for _, content := range contents {
		path := writeFile(t, "list", content)
		for _, paths := range [][]string{{path}, {path, path + ".none"}, {"-", path}} {
			r, err := Open(paths, Config{Stdin: strings.NewReader(content), Window: 10})
			if err != nil {
				continue
			}
			if _, err := r.Next(t.Context()); err != nil {
				t.Error(err)
			}
			r.Close()
			if _, err := r.Next(t.Context()); err == nil {
				t.Error("Next works after Close")
			}
		}
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

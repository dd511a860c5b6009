package datasets

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// headSize is how much of each input Open reads, in octets: more than any magic number, and enough that two
	// lists of the same form differ in it (the default seed is made from it).
	headSize = 4096
	// maxSpool bounds the copy on disk of a zip archive that comes through a pipe, in octets. Lists of a million
	// names are some 10 MB.
	maxSpool = 1 << 30
	// maxZstdWindow bounds the memory of a zstd stream, in octets: what the zstd command takes by default.
	maxZstdWindow = 128 << 20
)

// compression is how an input is packed.
type compression uint8

const (
	plain compression = iota
	gzipped
	zstandard
	zipped
	parquetFile // not packed: a table
	unreadable  // packed in a way we do not unpack
)

// magic numbers; those of unreadable forms are there for a clear message in place of a million rejects.
var magic = []struct {
	start string
	how   compression
	name  string
}{
	{"\x1f\x8b\x08", gzipped, "gzip"},
	{"\x28\xb5\x2f\xfd", zstandard, "zstd"},
	{"PK\x03\x04", zipped, "zip"},
	{"PK\x05\x06", zipped, "zip"}, // an empty archive
	{"\xfd7zXZ\x00", unreadable, "xz"},
	{"BZh91AY&SY", unreadable, "bzip2"},
	{"7z\xbc\xaf\x27\x1c", unreadable, "7z"},
	{"\xff\xfe", unreadable, "UTF-16 text"},
	{"\xfe\xff", unreadable, "UTF-16 text"},
	{"PAR1", parquetFile, "Parquet"},
}

// input is one file, or stdin. Regular files are closed after the look that Open takes at them and opened again when
// their turn comes, so that many inputs do not need many descriptors; a pipe stays open from the start.
type input struct {
	path string
	name string // of the source: record.Target.Source, unless the format says better
	how  compression
	head []byte // the first headSize octets

	regular bool
	spooled bool        // file is our own copy of an archive, and could not be removed while open
	pipe    io.Reader   // what follows head; nil for a regular file
	file    *os.File    // open: a pipe, a spooled copy, or the file being read; nil between
	archive *zip.Reader // of a zip
	table   *table      // of a Parquet file, once opened

	hash  hash.Hash    // nil if nobody wants to know
	quick maphash.Hash // of what comes from the pipe or file
	size  int64        // octets hashed
	ended bool         // the pipe was read to its end; another writer of a named pipe would start it again

	expected *Prefix // of a stream, until that much was read

	surveyed bool   // a zone file was read before
	survey   uint64 // quick of that time

	// How far reading is; others look at it meanwhile.
	octets       atomic.Int64
	surveyOctets atomic.Int64
	count        *atomic.Int64 // the one of the two that is added to
}

// quickSeed is that of input.quick.
var quickSeed = maphash.MakeSeed()

// stream is the text of an input, or of one member of a zip archive.
type stream struct {
	name string // of the source
	open func() (io.ReadCloser, error)
}

// probe opens an input and looks at its first block.
func probe(name string, stdin io.Reader) (*input, error) {
	in := &input{path: name, hash: sha256.New()}
	in.quick.SetSeed(quickSeed)
	in.count = &in.octets
	if name == "-" {
		in.path, in.name, in.pipe = "stdin", "stdin", stdin
	} else {
		in.name = sourceName(name)
		if err := in.openFile(); err != nil {
			return nil, in.fail(err)
		}
		if !in.regular {
			in.pipe = in.file
		}
	}
	if err := in.look(); err != nil {
		in.close()
		return nil, in.fail(err)
	}
	if in.regular && !in.seeks() {
		in.close()
	}
	return in, nil
}

// seeks reports whether the input is not read from front to end: its file stays open, and is hashed before.
func (in *input) seeks() bool { return in.how == zipped || in.how == parquetFile }

func (in *input) openFile() error {
	info, err := os.Stat(in.path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return errors.New("is a directory")
	}
	in.regular = info.Mode().IsRegular()
	in.file, err = os.Open(in.path)
	return err
}

// look reads the head and finds out how the input is packed.
func (in *input) look() error {
	from := in.pipe
	if from == nil {
		from = in.file
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(from, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	in.head = head[:n]
	for _, m := range magic {
		if bytes.HasPrefix(in.head, []byte(m.start)) {
			if m.how == unreadable {
				return fmt.Errorf("%s is not read here: turn it into plain text, gzip, zstd or zip", m.name)
			}
			in.how = m.how
			break
		}
	}
	switch {
	case in.how == zipped:
		return in.openArchive()
	case in.how == parquetFile && in.pipe != nil:
		return in.spool()
	}
	return nil
}

// openArchive reads the directory of a zip archive. It stands at the end: an archive from a pipe is copied to disk.
func (in *input) openArchive() error {
	if in.pipe != nil {
		if err := in.spool(); err != nil {
			return err
		}
	}
	info, err := in.file.Stat()
	if err != nil {
		return err
	}
	if in.archive, err = zip.NewReader(counted{in}, info.Size()); err != nil {
		return err
	}
	in.archive.RegisterDecompressor(zip.Deflate, flate.NewReader)
	if len(in.members()) == 0 {
		return errors.New("the archive holds no file")
	}
	for _, m := range in.members() {
		if m.Flags&1 != 0 { // APPNOTE 4.4.4
			return fmt.Errorf("%s in the archive is encrypted", m.Name)
		}
		r, err := m.Open()
		if err != nil {
			return fmt.Errorf("%s in the archive: %w", m.Name, err)
		}
		r.Close()
	}
	return nil
}

// members returns the regular files of a zip archive, in its order.
func (in *input) members() []*zip.File {
	var files []*zip.File
	for _, f := range in.archive.File {
		if f.Mode().IsRegular() {
			files = append(files, f)
		}
	}
	return files
}

// spool copies the pipe to a file that has no name any more where the system allows that.
func (in *input) spool() error {
	tmp, err := os.CreateTemp("", "caascan-input-*")
	if err != nil {
		return err
	}
	in.spooled = os.Remove(tmp.Name()) != nil
	from := io.MultiReader(bytes.NewReader(in.head), in.pipe)
	n, err := io.Copy(tmp, io.LimitReader(from, maxSpool+1))
	if err == nil && n > maxSpool {
		err = fmt.Errorf("a zip archive or Parquet file over %d octets cannot be read from a pipe: save it to a file first", maxSpool)
	}
	if in.file != nil {
		in.file.Close()
	}
	in.file = tmp
	return err
}

// streams returns what the input holds.
func (in *input) streams() []stream {
	if in.how != zipped {
		return []stream{{in.name, in.openText}}
	}
	members := in.members()
	if len(members) == 1 {
		return []stream{{in.name, members[0].Open}}
	}
	var all []stream
	met := make(map[string]int)
	for _, m := range members {
		name := in.name + "/" + printable([]byte(m.Name))
		if met[name]++; met[name] > 1 { // nothing keeps an archive from holding a name twice
			name += "#" + strconv.Itoa(met[name])
		}
		all = append(all, stream{name, m.Open})
	}
	return all
}

// openText opens an input that is no archive for reading.
func (in *input) openText() (io.ReadCloser, error) {
	switch in.how {
	case parquetFile:
		return nil, errors.New("a Parquet file is not read here: turn it into plain text")
	case gzipped:
		return gzip.NewReader(bufio.NewReaderSize(in, bufferSize))
	case zstandard:
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(in), nil
}

// start makes the input ready to be read from its first octet. An archive is hashed at once, since its members are
// read out of order.
func (in *input) start() error {
	switch {
	case in.seeks():
		in.octets.Store(0)
		return in.noteAll()
	case in.pipe != nil:
		in.pipe = io.MultiReader(bytes.NewReader(in.head), in.pipe)
		return nil
	}
	if err := in.openFile(); err != nil {
		return err
	}
	in.pipe = in.file
	return nil
}

// Read reads the raw octets of an input that is no archive.
func (in *input) Read(p []byte) (int, error) {
	if in.ended {
		return 0, io.EOF
	}
	n, err := in.pipe.Read(p)
	in.quick.Write(p[:n])
	in.count.Add(int64(n))
	in.ended = err == io.EOF
	if in.hash == nil {
		return n, err
	}
	if other := in.note(p[:n]); other != nil {
		return 0, other
	}
	if in.ended && in.expected != nil {
		return 0, in.short()
	}
	return n, err
}

// counted is the file of an archive.
type counted struct{ *input }

// ReadAt implements io.ReaderAt.
func (c counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.file.ReadAt(p, at)
	c.count.Add(int64(n))
	return n, err
}

// finish reads what a decoder left over, so that the hash is that of the whole input.
func (in *input) finish() error {
	if in.seeks() {
		in.octets.Store(in.size)
		return nil
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if in.surveyed && in.survey != in.quick.Sum64() {
		return errors.New("it was changed while it was read")
	}
	return nil
}

func (in *input) close() {
	if in.file != nil {
		in.file.Close()
		if in.spooled {
			os.Remove(in.file.Name())
		}
		in.file = nil
	}
}

// fail says which input an error is about.
func (in *input) fail(err error) error { return fmt.Errorf("input %s: %w", in.path, bare(err)) }

// bare takes the operation and the path off a file error: our own text has them already.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

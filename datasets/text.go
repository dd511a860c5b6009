package datasets

import "io"

// Text is the text of an input as it stands, unpacked by content as Open does; of a zip archive, of all its files one after the
// other. It is for who knows what the lines mean.
type Text struct {
	in      *input
	streams []stream
	text    io.ReadCloser // of the first of streams; nil between
}

// OpenText opens the file at path, "-" for stdin.
func OpenText(path string, stdin io.Reader) (*Text, error) {
	in, err := probe(path, stdin)
	if err != nil {
		return nil, err
	}
	if err := in.start(); err != nil {
		in.close()
		return nil, in.fail(err)
	}
	return &Text{in: in, streams: in.streams()}, nil
}

// Source is the name of the input in rows: that of the file without directories and without the suffix of its packing; "stdin".
func (t *Text) Source() string { return t.in.name }

// IsParquet reports whether the input is a Parquet file, which has no text. Its octets and their sum are known at once.
func (t *Text) IsParquet() bool { return t.in.how == parquetFile }

// Regular reports whether the input is a file that can be opened once more by its path.
func (t *Text) Regular() bool { return t.in.regular }

// Read implements io.Reader. Its errors say which input they are about.
func (t *Text) Read(p []byte) (int, error) {
	for len(t.streams) > 0 {
		if t.text == nil {
			text, err := t.streams[0].open()
			if err != nil {
				return 0, t.in.fail(err)
			}
			t.text = text
		}
		n, err := t.text.Read(p)
		if err == io.EOF {
			err = t.text.Close()
			t.text, t.streams = nil, t.streams[1:]
		}
		if err != nil {
			err = t.in.fail(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

// Octets are those of the input as stored that were read so far.
func (t *Text) Octets() int64 { return t.in.octets.Load() }

// Sum reads what is left, and returns the octets of the input as stored and their SHA-256.
func (t *Text) Sum() (Prefix, error) {
	if err := t.in.finish(); err != nil {
		return Prefix{}, t.in.fail(err)
	}
	return Prefix{t.in.size, t.in.sum()}, nil
}

// Close ends the reading.
func (t *Text) Close() error {
	if t.text != nil {
		t.text.Close()
	}
	t.in.close()
	return nil
}

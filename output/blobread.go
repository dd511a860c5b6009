package output

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// readChunk is how much of an object is read by one request, in octets: so much is in memory, and is read again when the
// connection breaks.
const readChunk = 4 << 20

// blobReader reads one version of an object, in chunks.
type blobReader struct {
	store *blobStore
	name  string
	size  int64
	etag  string

	buffer []byte
	rest   []byte // of the chunk in buffer, what was not given yet
	next   int64  // where the next chunk begins
}

// errChanged says that an object was replaced while it was read.
var errChanged = errors.New("it was replaced while it was read")

// newReader opens an object and reads the first chunk of it. Size and octets come from two requests: a response that was
// cut on the way, with a length that fits, does not pass for a shorter object.
func (s *blobStore) newReader(name string) (*blobReader, error) {
	r := &blobReader{store: s, name: name}
	err := s.retry(readChunk, func(ctx context.Context) error {
		attributes, err := s.bucket.Attributes(ctx, name)
		if err != nil {
			return err
		}
		r.size, r.etag, r.next = attributes.Size, attributes.ETag, 0
		return r.fetch(ctx)
	})
	return r, err
}

// fetch reads the next chunk. One that completes an object of several is followed by a look whether all were of one version.
func (r *blobReader) fetch(ctx context.Context) error {
	length := min(readChunk, r.size-r.next)
	if length == 0 {
		return nil
	}
	if len(r.buffer) < int(length) {
		r.buffer = make([]byte, length)
	}
	body, err := r.store.bucket.NewRangeReader(ctx, r.name, r.next, length, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if body.Size() != r.size {
		return fmt.Errorf("%w: a response about an object of %d octets says %d", errPassing, r.size, body.Size())
	}
	if _, err := io.ReadFull(body, r.buffer[:length]); err != nil {
		return fmt.Errorf("%w: %w", errPassing, err)
	}
	if r.next > 0 && r.next+length == r.size {
		attributes, err := r.store.bucket.Attributes(ctx, r.name)
		if err != nil {
			return err
		}
		if attributes.ETag != r.etag {
			return errChanged
		}
	}
	r.rest, r.next = r.buffer[:length], r.next+length
	return nil
}

func (r *blobReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.next >= r.size {
			return 0, io.EOF
		}
		if err := r.store.retry(readChunk, r.fetch); err != nil {
			return 0, r.store.fail("read", r.name, err)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *blobReader) Close() error {
	r.buffer, r.rest, r.next = nil, nil, r.size
	return nil
}

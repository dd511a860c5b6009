package output

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
)

// blobStore keeps a scan under a prefix in a bucket of an object store.
//
// What a directory has from rename and fsync, an object store has by itself: an object is there whole or not at all, and when
// the store has said that it has it, it is durable. What it has not is a lock. So the files in the folders of a scan,
// which are written once, are written on condition that they are not there: of two processes that took up one scan the
// second to add an entry to the journal is refused, and neither can write over what the other has committed.
//
// Requests fail where files do not, so all of them are repeated (blobretry.go). One whose reply was lost may have been
// carried out: what turns out to be there bears the number of the write by which it came to be.
type blobStore struct {
	bucket *blob.Bucket // with the prefix
	place  string

	// unconditional: the store does not know conditional writes. Then add looks before it writes, which does not see
	// another process that does the same at that moment.
	unconditional bool

	// doubt is the failure of an add of which is not known whether it was carried out, or will be. From then on the journal is
	// left as it is, since another process may have taken the scan up: the next run will see.
	doubt error

	patience patience
	known    atomic.Bool // the last request was answered
}

// openBlobStore returns the store at a URL of Go CDK's blob package, whose query goes to the driver:
// s3://bucket/prefix?region=R&endpoint=URL&use_path_style=true, gs://bucket/prefix, azblob://container/prefix.
// Credentials come from the environment and the files that the providers' own tools use. No request is made yet.
//
// A URL with the scheme file is a directory: there dirStore gives the guarantees, which Go CDK's fileblob does not, since it
// does not sync.
func openBlobStore(place string) (store, error) {
	u, err := url.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("not a URL: %w", errors.Unwrap(err)) // without the text, which may hold a secret
	}
	shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("%s: credentials come from the environment, not from the URL", shown)
	case u.Fragment != "":
		return nil, fmt.Errorf("%s: a URL without a fragment (#) is wanted", shown)
	case u.Query().Has("prefix"):
		return nil, fmt.Errorf("%s: the prefix is the path of the URL, not a parameter", shown)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || !path.IsAbs(u.Path) || u.RawQuery != "" {
			return nil, fmt.Errorf("%s: file:///directory is wanted, without parameters", shown)
		}
		return newDirStore(osDisk{}, filepath.FromSlash(u.Path)), nil
	case s3blob.Scheme, gcsblob.Scheme, azureblob.Scheme:
	default:
		return nil, fmt.Errorf("%s: a scan is written to a directory, or to s3://, gs://, azblob:// or file://", shown)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%s: the URL names no bucket", shown)
	}
	prefix := strings.TrimPrefix(path.Clean("/"+u.Path), "/")
	u.Path = ""
	bucket, err := blob.DefaultURLMux().OpenBucketURL(context.Background(), u)
	if err != nil {
		text := err.Error() // some drivers quote the URL
		if u.RawQuery != "" {
			text = strings.ReplaceAll(text, "?"+u.RawQuery, "")
		}
		return nil, fmt.Errorf("%s: %s", shown, text)
	}
	if u.Scheme == s3blob.Scheme {
		if bucket, err = withoutLog(bucket, u); err != nil {
			return nil, fmt.Errorf("%s: %w", shown, err)
		}
	}
	if prefix != "" {
		bucket = blob.PrefixedBucket(bucket, prefix+"/")
	}
	return newBlobStore(bucket, strings.TrimSuffix(shown, "/")), nil
}

// withoutLog returns a bucket of S3 whose client writes no lines of its own to the standard error: of each object without a
// checksum and each reply that ends early. What matters of it comes back as an error.
func withoutLog(bucket *blob.Bucket, u *url.URL) (*blob.Bucket, error) {
	var client *s3.Client
	if !bucket.As(&client) {
		panic("internal error: a bucket of S3 without a client of S3")
	}
	options := client.Options()
	return s3blob.OpenBucket(context.Background(), s3.New(options, func(o *s3.Options) { o.Logger = logging.Nop{} }), u.Host, &s3blob.Options{
		EncryptionType:             types.ServerSideEncryption(u.Query().Get("ssetype")), // which the URL's opener has checked
		KMSEncryptionID:            u.Query().Get("kmskeyid"),
		RequestChecksumCalculation: options.RequestChecksumCalculation,
	})
}

func newBlobStore(bucket *blob.Bucket, place string) *blobStore {
	return &blobStore{bucket: bucket, place: place, patience: defaultPatience}
}

func (s *blobStore) String() string { return s.place }

// fail says where something failed.
func (s *blobStore) fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: s.place + "/" + name, Err: err}
}

// writtenOnce reports whether a file is written once, and for good: parts, targets set aside, entries of the journal.
func writtenOnce(name string) bool { return strings.Contains(name, "/") }

// content is what an object is to hold.
type content struct {
	io.ReaderAt
	size int64
	md5  []byte
}

func (c content) reader() io.Reader { return io.NewSectionReader(c, 0, c.size) }

func contentOf(octets []byte) content {
	sum := md5.Sum(octets)
	return content{bytes.NewReader(octets), int64(len(octets)), sum[:]}
}

// uploadChunk is how much of a large object is sent in a request, in octets, one after the other: drivers hold two or three
// of them in memory. At 8 MiB the largest object that S3 takes in so many chunks is 80 GB.
const uploadChunk = 8 << 20

// writeKey is the name of the metadata of an object that says by which write it came to be.
const writeKey = "write"

// write makes an object, which must not be there if once is said: fs.ErrExist then.
func (s *blobStore) write(name string, c content, once bool) error {
	sent, this := false, fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	return s.retry(c.size, func(ctx context.Context) error {
		if !sent {
			err := s.upload(ctx, name, c, once, this)
			if errors.Is(err, fs.ErrExist) {
				return s.ours(ctx, name, this)
			}
			if err != nil {
				return err
			}
			sent = true
		}
		attributes, err := s.bucket.Attributes(ctx, name)
		if err == nil && attributes.Size != c.size {
			sent, err = false, fmt.Errorf("%w: %d octets of %d have arrived", errPassing, attributes.Size, c.size)
		}
		return err
	})
}

// upload makes one attempt at a write.
func (s *blobStore) upload(ctx context.Context, name string, c content, once bool, this string) error {
	if once && s.unconditional {
		if there, err := s.bucket.Exists(ctx, name); err != nil {
			return err
		} else if there {
			return fs.ErrExist
		}
	}
	err := s.bucket.Upload(ctx, name, c.reader(), &blob.WriterOptions{
		ContentType:    contentType(name),
		ContentMD5:     c.md5, // sent by drivers whose store checks it; S3's checks a CRC of the SDK
		Metadata:       map[string]string{writeKey: this},
		BufferSize:     uploadChunk,
		MaxConcurrency: 1,
		IfNotExist:     once && !s.unconditional,
	})
	if once && gcerrors.Code(err) == gcerrors.FailedPrecondition {
		return fs.ErrExist
	}
	return err
}

// ours says what it means that an object is there already: nothing, if it came to be by this write, in an attempt whose reply
// was lost; fs.ErrExist otherwise.
func (s *blobStore) ours(ctx context.Context, name, this string) error {
	attributes, err := s.bucket.Attributes(ctx, name)
	switch {
	case absent(err):
		return fmt.Errorf("%w: it was there a moment ago: %w", errPassing, err)
	case err == nil && attributes.Metadata[writeKey] != this:
		return fs.ErrExist
	}
	return err
}

// contentType returns the media type of a file, for browsers and tools that look at the bucket.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".parquet":
		return "application/vnd.apache.parquet"
	case ".json":
		return "application/json"
	case ".jsonl":
		return "application/jsonl"
	case ".csv":
		return "text/csv"
	}
	return "application/octet-stream"
}

func (s *blobStore) put(name string, octets []byte) error {
	return s.fail("write", name, s.write(name, contentOf(octets), false))
}

func (s *blobStore) add(name string, octets []byte) error {
	if s.doubt != nil {
		return s.fail("add", name, fmt.Errorf("after a failure: %w", s.doubt))
	}
	err := s.write(name, contentOf(octets), true)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		s.doubt = err
	}
	return s.fail("add", name, err)
}

// open reads a file of which size and content stay the same as long as it is read.
func (s *blobStore) open(name string) (io.ReadCloser, error) {
	r, err := s.newReader(name)
	if err != nil {
		if absent(err) {
			err = fs.ErrNotExist
		}
		return nil, s.fail("open", name, err)
	}
	return r, nil
}

// listPage is how many names are asked for at a time: as many as S3 gives.
const listPage = 1000

// list looks into the folders of a scan only: a prefix may have other things below it.
func (s *blobStore) list() (names []string, err error) {
	for _, folder := range append([]string{""}, folders[:]...) {
		options := &blob.ListOptions{Delimiter: "/"}
		if folder != "" {
			options.Prefix = folder + "/"
		}
		for token := blob.FirstPageToken; len(token) > 0; {
			var page []*blob.ListObject
			var next []byte
			err := s.retry(0, func(ctx context.Context) (err error) {
				page, next, err = s.bucket.ListPage(ctx, token, listPage, options)
				return err
			})
			if err != nil {
				return nil, s.fail("list", options.Prefix, err)
			}
			for _, object := range page {
				if !object.IsDir && ofScan(object.Key) {
					names = append(names, object.Key)
				}
			}
			token = next
		}
	}
	return names, nil
}

func (s *blobStore) remove(name string) error {
	if s.doubt != nil && path.Dir(name) == journalFolder {
		return s.fail("remove", name, errors.New("what the journal says is not known"))
	}
	err := s.retry(0, func(ctx context.Context) error { return s.bucket.Delete(ctx, name) })
	if absent(err) {
		return nil
	}
	return s.fail("remove", name, err)
}

// clean has nothing to do: drafts are not in the bucket. Of an upload in chunks that ended with its process the store keeps
// the chunks, unseen, until a lifecycle rule of the bucket removes them.
func (s *blobStore) clean() error { return nil }

// lock finds out, by a small object under a name of its own, whether the bucket is there, may be written and knows
// conditional writes.
func (s *blobStore) lock() error {
	probe := fmt.Sprintf(".probe-%016x", rand.Uint64())
	if err := s.write(probe, contentOf([]byte("caascan\n")), false); err != nil {
		return s.fail("write", probe, err)
	}
	err := s.write(probe, contentOf([]byte("again\n")), true)
	switch {
	case errors.Is(err, fs.ErrExist):
	case err == nil || permanent(err):
		s.unconditional = true
		slog.Warn("the object store does not know conditional writes (If-None-Match): make sure that no other process writes to this scan", "place", s.place)
	default:
		return s.fail("write", probe, err)
	}
	return s.remove(probe)
}

func (s *blobStore) close() error { return s.bucket.Close() }

// blobDraft is an object that is being written: a file on the local disk, in the folder for temporary files ($TMPDIR), until it
// is complete. The file has no name, and is gone with the process.
type blobDraft struct {
	store *blobStore
	name  string
	spool *os.File
	size  int64
	sum   hash.Hash
}

func (s *blobStore) draft(name string) (draft, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	return &blobDraft{store: s, name: name, spool: spool, sum: md5.New()}, nil
}

// newSpool returns an empty file without a name.
func newSpool() (*os.File, error) {
	f, err := os.CreateTemp("", "caascan-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func (d *blobDraft) Write(p []byte) (int, error) {
	n, err := d.spool.Write(p)
	d.sum.Write(p[:n])
	d.size += int64(n)
	return n, err
}

// seal has nothing to do: what is lost with the machine before it is published was not committed.
func (d *blobDraft) seal() error { return nil }

func (d *blobDraft) publish() error {
	c := content{d.spool, d.size, d.sum.Sum(nil)}
	if err := d.store.write(d.name, c, writtenOnce(d.name)); err != nil {
		return d.store.fail("write", d.name, err)
	}
	return d.spool.Close()
}

func (d *blobDraft) discard() error {
	if err := d.spool.Close(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

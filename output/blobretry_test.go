package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"gocloud.dev/blob/memblob"
	"google.golang.org/api/googleapi"
)

// s3Error is an error as the SDK gives it for a response with a status and a code.
func s3Error(status int, code string) error {
	return fmt.Errorf("blob: %w", &smithy.OperationError{ServiceID: "S3", OperationName: "PutObject", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: "m"},
	}})
}

func TestWhatPasses(t *testing.T) {
	for _, c := range []struct {
		err  error
		stay bool
	}{
		{s3Error(503, "SlowDown"), false},
		{s3Error(500, "InternalError"), false},
		{s3Error(502, ""), false},
		{s3Error(429, "TooManyRequests"), false},
		{s3Error(408, ""), false},
		{s3Error(409, "ConditionalRequestConflict"), false}, // conditional writes at the same moment
		{s3Error(400, "RequestTimeout"), false},
		{s3Error(400, "BadDigest"), false},
		{s3Error(400, "ExpiredToken"), false},
		{s3Error(404, "NoSuchUpload"), false},
		{s3Error(200, ""), false}, // a response that cannot be read
		{s3Error(400, "InvalidBucketName"), true},
		{s3Error(403, "SignatureDoesNotMatch"), true},
		{s3Error(403, "InvalidAccessKeyId"), true},
		{s3Error(404, "NoSuchBucket"), true},
		{s3Error(301, "PermanentRedirect"), true},
		{s3Error(501, "NotImplemented"), true},
		{&googleapi.Error{Code: 503}, false},
		{&googleapi.Error{Code: 429}, false},
		{fmt.Errorf("x: %w", &googleapi.Error{Code: 401}), true},
		{&azcore.ResponseError{StatusCode: 503, ErrorCode: "ServerBusy"}, false},
		{fmt.Errorf("x: %w", &azcore.ResponseError{StatusCode: 403}), true},
		{&smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 412}}, Err: io.ErrUnexpectedEOF}, false}, // a reply that was cut
		{syscall.ECONNRESET, false},
		{io.ErrUnexpectedEOF, false},
		{context.DeadlineExceeded, false},
		{errors.New("no such host"), false},
		{fs.ErrExist, true},
		{fmt.Errorf("%w: %w", errPassing, s3Error(404, "NoSuchKey")), false},
	} {
		if permanent(c.err) != c.stay {
			t.Errorf("permanent(%v) is %v", c.err, !c.stay)
		}
	}
}

// A store that never answered is given up soon, one that did late, and one that was given up soon again.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBlobStore(memblob.OpenBucket(nil), "mem://bucket")
		defer s.close()
		for i, c := range []struct {
			err      error
			from, to time.Duration
		}{
			{syscall.ECONNREFUSED, 30 * time.Second, 50 * time.Second},
			{s3Error(404, "NoSuchKey"), 0, 0}, // an answer
			{syscall.ECONNREFUSED, 10 * time.Minute, 10*time.Minute + 20*time.Second},
			{s3Error(503, "SlowDown"), 30 * time.Second, 50 * time.Second},
			{nil, 0, 0},
			{context.DeadlineExceeded, 10 * time.Minute, 10*time.Minute + 20*time.Second},
		} {
			begun, attempts := time.Now(), 0
			err := s.retry(0, func(ctx context.Context) error {
				attempts++
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) != 30*time.Second {
					t.Errorf("step %d: an attempt with the deadline %v", i, deadline)
				}
				return c.err
			})
			if took := time.Since(begun); !errors.Is(err, c.err) || took < c.from || took > c.to {
				t.Errorf("step %d: %v after %v, want %v to %v", i, err, took, c.from, c.to)
			}
			if fewest, most := int(c.from/(15*time.Second))+1, int(c.to/(7*time.Second))+9; attempts < fewest || attempts > most {
				t.Errorf("step %d: %d attempts, want %d to %d", i, attempts, fewest, most)
			}
		}
		// A large object has more time: at 256 KiB a second.
		s.retry(256<<20, func(ctx context.Context) error {
			if deadline, _ := ctx.Deadline(); time.Until(deadline) != 30*time.Second+1024*time.Second {
				t.Errorf("256 MiB have %v", time.Until(deadline))
			}
			return nil
		})
	})
}

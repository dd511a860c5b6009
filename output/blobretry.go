package output

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
)

// patience says how long failing requests to an object store are repeated.
type patience struct {
	firstPause, longestPause time.Duration // between attempts: doubled from one to the other, less up to a half by chance

	// A store that has not answered yet is more likely misnamed than ill; so is one that was given up. One that was well a
	// moment ago is worth waiting for.
	unknown, known time.Duration

	attempt time.Duration // for an attempt, beside the time that its content takes
}

// The patience of a scan, which stands still for so long, as its rows have nowhere to go.
var defaultPatience = patience{
	firstPause: 100 * time.Millisecond, longestPause: 15 * time.Second,
	unknown: 30 * time.Second, known: 10 * time.Minute,
	attempt: 30 * time.Second,
}

// slowestLine is what a line must carry at least, in octets a second, for an attempt not to be given up.
const slowestLine = 256 << 10

// noticed is how long requests fail before the log has a line about it: what is over sooner needs no one's attention.
const noticed = 5 * time.Second

// retry makes attempts at a request with size octets of content until one succeeds, one fails for good, or patience is at its
// end.
func (s *blobStore) retry(size int64, request func(ctx context.Context) error) error {
	begun, pause, told := time.Now(), s.patience.firstPause, false
	for attempts := 1; ; attempts++ {
		ctx, cancel := context.WithTimeout(context.Background(), s.patience.attempt+time.Duration(size/slowestLine)*time.Second)
		err := request(ctx)
		cancel()
		if err == nil || permanent(err) {
			s.known.Store(true)
			return err
		}
		bound := s.patience.unknown
		if s.known.Load() {
			bound = s.patience.known
		}
		elapsed := time.Since(begun)
		if elapsed >= bound {
			s.known.Store(false)
			return fmt.Errorf("given up after %d attempts in %v: %w", attempts, elapsed.Round(time.Second), err)
		}
		if elapsed >= noticed && !told {
			slog.Warn("the object store fails, and is asked again", "place", s.place, "for", bound, "error", err.Error())
			told = true
		}
		time.Sleep(pause/2 + rand.N(pause/2+1))
		pause = min(2*pause, s.patience.longestPause)
	}
}

// errPassing is a failure that is worth another attempt, whatever it wraps.
var errPassing = errors.New("failed")

// permanent reports whether another attempt would fail as this one did. What is not known passes: connections break in
// more ways than can be listed.
func permanent(err error) bool {
	if errors.Is(err, errPassing) {
		return false
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, errChanged) {
		return true
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.FailedPrecondition, gcerrors.InvalidArgument, gcerrors.Unimplemented:
		return true
	}
	status := httpStatus(err)
	var response interface{ HTTPStatusCode() int } // of S3
	if errors.As(err, &response) {
		var coded interface{ ErrorCode() string }
		if !errors.As(err, &coded) || slices.Contains(passingCodes[:], coded.ErrorCode()) {
			return false // without a code: the body that has it did not arrive, and who knows what it is
		}
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	case http.StatusNotImplemented:
		return true
	default:
		return status >= 300 && status < 500
	}
}

// passingCodes are errors of S3 with a status that says for good (400, 403, 404), and which pass: octets lost on the way, an
// upload in chunks that was completed by an attempt whose reply was lost, credentials that are renewed.
// docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var passingCodes = [...]string{
	"RequestTimeout", "IncompleteBody", "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch",
	"NoSuchUpload", "InvalidPart", "ExpiredToken", "TokenRefreshRequired", "SlowDown",
}

// absent reports whether an error says that there is no such object. Where Google Cloud Storage does not let one see whether
// there is one, the driver says so too.
func absent(err error) bool {
	return gcerrors.Code(err) == gcerrors.NotFound && httpStatus(err) != http.StatusForbidden
}

// httpStatus returns the status of the response that an error tells of; 0 if there was none.
func httpStatus(err error) int {
	var s3 interface{ HTTPStatusCode() int }
	var gs *googleapi.Error
	var azure *azcore.ResponseError
	switch {
	case errors.As(err, &s3):
		return s3.HTTPStatusCode()
	case errors.As(err, &gs):
		return gs.Code
	case errors.As(err, &azure):
		return azure.StatusCode
	}
	return 0
}

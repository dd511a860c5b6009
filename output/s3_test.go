package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/caascan/caascan/output/s3test"
)

// The tests in this file write to a real S3 server on loopback (package s3test).

const testBucket = "scans"

// startS3 starts a server, and points the environment of the process at it.
func startS3(t *testing.T) *s3test.Server {
	t.Helper()
	server, err := s3test.Start(t.TempDir(), testBucket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	for name, value := range server.Env() {
		t.Setenv(name, value)
	}
	return server
}

// openS3 returns the store at a prefix of the test's bucket.
func openS3(t *testing.T, endpoint, prefix string) *blobStore {
	t.Helper()
	s, err := openBlobStore(s3test.Place(endpoint, testBucket, prefix))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*blobStore)
}

func TestStoreInS3(t *testing.T) {
	server := startS3(t)
	s := openS3(t, server.Endpoint, "2026/first scan")
	storeContract(t, s)
	if s.unconditional {
		t.Error("the server's conditional writes were not seen")
	}
	// The prefix is a folder of the server, beside which nothing was written.
	for path, want := range map[string]bool{"2026/first scan/manifest.json": true, "manifest.json": false} {
		if _, err := os.Stat(filepath.Join(server.Dir, testBucket, path)); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// More names than a page of a listing holds.
func TestLongListInS3(t *testing.T) {
	server := startS3(t)
	folder := filepath.Join(server.Dir, testBucket, "scan", domainsTable)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range 2*listPage + 1 {
		if err := os.WriteFile(filepath.Join(server.Dir, testBucket, "scan", partName(domainsTable, i, "parquet")), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := openS3(t, server.Endpoint, "scan")
	defer s.close()
	names, err := s.list()
	slices.Sort(names)
	if len(slices.Compact(names)) != 2*listPage+1 || err != nil {
		t.Errorf("%d names, %v", len(names), err)
	}
}

// What will not pass is said at once, before a scan asks its first question.
func TestPlacesThatCannotBe(t *testing.T) {
	server := startS3(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, c := range []struct{ name, endpoint, bucket, secret, says string }{
		{"no such bucket", server.Endpoint, "none", "", "NoSuchBucket"},
		{"wrong secret", server.Endpoint, testBucket, "wrong", "SignatureDoesNotMatch"},
		{"no server", closed.URL, testBucket, "", "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.secret != "" {
				t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			}
			opened, err := openBlobStore(s3test.Place(c.endpoint, c.bucket, "scan"))
			if err != nil {
				t.Fatal(err)
			}
			s := opened.(*blobStore)
			defer s.close()
			s.patience.unknown = time.Millisecond
			if err := s.lock(); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), s.place) {
				t.Errorf("lock: %v, want %s", err, c.says)
			}
		})
	}
}

func TestOneAddOfManyInS3(t *testing.T) {
	server := startS3(t)
	addsOnce(t, func() store { return openS3(t, server.Endpoint, "scan") }, 40, 4)
}

// faultyS3 puts a proxy before a server that makes faults of some requests.
func faultyS3(t *testing.T, server *s3test.Server, rate float64, seed uint64) (*s3test.Faults, string) {
	t.Helper()
	faults, err := s3test.NewFaults(server.Endpoint, rate, seed)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(faults)
	t.Cleanup(proxy.Close)
	return faults, proxy.URL
}

// hurried makes a store try often and after short pauses. The SDK makes one attempt only then, so that it is our retries
// that are tested.
func hurried(t *testing.T, s *blobStore) *blobStore {
	t.Helper()
	s.patience.firstPause, s.patience.longestPause = time.Millisecond, 50*time.Millisecond
	var client *s3.Client
	if !s.bucket.As(&client) {
		t.Fatal("no client of S3")
	}
	client = s3.New(client.Options(), func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
	bucket, err := s3blob.OpenBucket(t.Context(), client, testBucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, prefix, _ := strings.Cut(strings.TrimPrefix(s.place, "s3://"), "/")
	s.bucket = blob.PrefixedBucket(bucket, prefix+"/")
	return s
}

// However many requests fail, and however: a file is whole or not there, what was written is there, what was removed is
// not, and of several who add one file one succeeds.
func TestFaultsOfS3(t *testing.T) {
	server := startS3(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	faults, endpoint := faultyS3(t, server, 0.3, seed)

	t.Run("add", func(t *testing.T) {
		addsOnce(t, func() store { return hurried(t, openS3(t, endpoint, "adds")) }, 60, 3)
	})
	t.Run("all", func(t *testing.T) {
		var writers sync.WaitGroup
		for writer := range 2 {
			writers.Go(func() {
				s := hurried(t, openS3(t, endpoint, fmt.Sprintf("scan-%d", writer)))
				defer s.close()
				if err := s.lock(); err != nil || s.unconditional {
					t.Errorf("lock: %v (unconditional: %v)", err, s.unconditional)
					return
				}
				writeAtRandom(t, s, rand.New(rand.NewPCG(seed, uint64(writer))), 150)
			})
		}
		writers.Wait()
	})
	counts := faults.Counts()
	t.Logf("requests by fault: %v", counts)
	for _, fault := range slices.Collect(maps.Keys(counts)) {
		if counts[fault] < 5 {
			t.Errorf("only %d requests met the fault %s", counts[fault], fault)
		}
	}

	// What the server has is what the proxy showed: read without it.
	straight := openS3(t, server.Endpoint, "adds")
	defer straight.close()
	names, err := straight.list()
	if err != nil || len(names) != 60 {
		t.Errorf("%d entries, %v", len(names), err)
	}
}

// writeAtRandom does what a scan does, and checks a store against a table of what must be there.
func writeAtRandom(t *testing.T, s store, chance *rand.Rand, acts int) {
	t.Helper()
	there, parts, entries := map[string][]byte{}, 0, 0
	for range acts {
		octets := octetsOf(chance.Uint64(), 16+chance.IntN(1<<chance.IntN(18))) // no two the same
		var name string
		var err error
		switch chance.IntN(8) {
		case 0, 1:
			name = partName(domainsTable, parts, "parquet")
			parts++
			err = publish(s, name, octets)
			there[name] = octets
		case 2, 3:
			name = entryName(entries)
			entries++
			err = s.add(name, octets)
			there[name] = octets
		case 4:
			name = manifestName
			err = s.put(name, octets)
			there[name] = octets
		case 5:
			if entries > 0 { // of another process
				name = entryName(chance.IntN(entries))
				if err = s.add(name, octets); errors.Is(err, fs.ErrExist) {
					err = nil
				} else if err == nil {
					err = errors.New("added twice")
				}
			}
		case 6:
			if parts > 0 {
				name = partName(domainsTable, chance.IntN(parts), "parquet")
				err = s.remove(name)
				delete(there, name)
			}
		case 7:
			name = "the list"
			var names []string
			names, err = s.list()
			slices.Sort(names)
			if want := slices.Sorted(maps.Keys(there)); err == nil && !slices.Equal(names, want) {
				t.Errorf("the list is %q, want %q", names, want)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if want, ok := there[name]; ok {
			if got, err := octetsAt(s, name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: read %d octets with %v, want %d", name, len(got), err, len(want))
			}
		}
	}
	for name, want := range there {
		if got, err := octetsAt(s, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("at the end %s: read %d octets with %v, want %d", name, len(got), err, len(want))
		}
	}
}

// Parts so large that they go in several requests, with the SDK's own retries.
func TestFaultsOfLargeUploads(t *testing.T) {
	server := startS3(t)
	faults, endpoint := faultyS3(t, server, 0, 1)
	s := openS3(t, endpoint, "large")
	defer s.close()
	if err := s.lock(); err != nil {
		t.Fatal(err)
	}
	faults.SetRate(0.15)
	for i := range 2 {
		name, octets := partName(domainsTable, i, "parquet"), octetsOf(uint64(i), 17<<20+i)
		if err := publish(s, name, octets); err != nil {
			t.Fatal(err)
		}
		if got, err := octetsAt(s, name); err != nil || !bytes.Equal(got, octets) {
			t.Errorf("%s: read %d octets with %v", name, len(got), err)
		}
		if err := publish(s, name, octets[1:]); !errors.Is(err, fs.ErrExist) {
			t.Errorf("another part under the same name: %v, want fs.ErrExist", err)
		}
	}
	t.Logf("requests by fault: %v", faults.Counts())
}

// A store that is away for a while holds a scan up, and does not end it.
func TestS3AwayForAWhile(t *testing.T) {
	server := startS3(t)
	faults, endpoint := faultyS3(t, server, 0, 1)
	s := hurried(t, openS3(t, endpoint, "scan"))
	defer s.close()
	if err := s.lock(); err != nil {
		t.Fatal(err)
	}
	faults.SetRate(1)
	before := faults.Counts()
	done := make(chan error)
	go func() { done <- publish(s, partName(domainsTable, 0, "parquet"), octetsOf(1, 100_000)) }()
	for {
		select {
		case err := <-done:
			t.Fatalf("published while every request fails: %v", err)
		default:
		}
		refused := 0
		for _, fault := range []string{"slow-down", "internal", "reset"} {
			refused += faults.Counts()[fault] - before[fault]
		}
		if refused >= 5 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	faults.SetRate(0)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got, err := octetsAt(s, partName(domainsTable, 0, "parquet")); err != nil || !bytes.Equal(got, octetsOf(1, 100_000)) {
		t.Errorf("read %d octets with %v", len(got), err)
	}
}

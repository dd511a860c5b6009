package output

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"
)

// A file of several chunks that is replaced between two of them is not read as a mixture.
func TestReplacedWhileRead(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	s := newBlobStore(bucket, "mem://bucket")
	defer s.close()
	if err := s.put(rejectsName, octetsOf(1, 2*readChunk)); err != nil {
		t.Fatal(err)
	}
	r, err := s.open(rejectsName)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := s.put(rejectsName, octetsOf(2, 2*readChunk)); err != nil { // as large as before
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, errChanged) {
		t.Errorf("read with %v, want errChanged", err)
	}
}

// An object that another process wrote under the name of a part is not written over, nor taken for ours if its octets are the
// same: who is refused removes what is his.
func TestPublishDoesNotReplace(t *testing.T) {
	s := newBlobStore(memblob.OpenBucket(nil), "mem://bucket")
	defer s.close()
	name, octets := partName(domainsTable, 7, "parquet"), octetsOf(1, 1000)
	if err := publish(s, name, octets); err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(octets)
	other[999]++
	for _, other := range [][]byte{other, octets, octets[:999], append(octets, 0), {}} {
		if err := publish(s, name, other); !errors.Is(err, fs.ErrExist) {
			t.Errorf("again: %v, want fs.ErrExist", err)
		}
	}
	if got, err := octetsAt(s, name); err != nil || !bytes.Equal(got, octets) {
		t.Errorf("the part is another (%v)", err)
	}
}

// After an add of which is not known whether it was carried out nothing is added to the journal, and nothing taken from it.
func TestDoubtfulAdd(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	s := newBlobStore(bucket, "mem://bucket")
	s.patience = patience{firstPause: time.Millisecond, longestPause: time.Millisecond}
	s.close() // a request to a closed bucket fails
	if err := s.add(entryName(3), []byte("x")); err == nil || errors.Is(err, fs.ErrExist) {
		t.Fatalf("add at a closed bucket: %v", err)
	}
	s.bucket = memblob.OpenBucket(nil)
	defer s.close()
	for _, n := range []int{3, 4} { // it was, after all, and another process has gone on
		if err := s.bucket.WriteAll(context.Background(), entryName(n), []byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{3, 4} {
		if err := s.remove(entryName(n)); err == nil {
			t.Errorf("entry %d was removed", n)
		}
		if got, err := octetsAt(s, entryName(n)); string(got) != "x" {
			t.Errorf("entry %d is %q (%v)", n, got, err)
		}
	}
	if err := s.add(entryName(5), []byte("y")); err == nil {
		t.Error("another entry was added")
	}
	if _, err := octetsAt(s, entryName(5)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another entry is there: %v", err)
	}
}

// At a store without conditional writes add looks first.
func TestUnconditionalStore(t *testing.T) {
	s := newBlobStore(memblob.OpenBucket(nil), "mem://bucket")
	defer s.close()
	s.unconditional = true
	if err := s.add(entryName(0), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := s.add(entryName(0), []byte("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second add: %v", err)
	}
	if got, _ := octetsAt(s, entryName(0)); string(got) != "mine" {
		t.Errorf("the entry is %q", got)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	s := newBlobStore(memblob.OpenBucket(nil), "s3://bucket/scan")
	defer s.close()
	_, err := s.open(manifestName)
	if err == nil || !strings.Contains(err.Error(), "s3://bucket/scan/manifest.json") {
		t.Errorf("open: %v", err)
	}
}

package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

// octetsOf returns n octets that follow from a seed.
func octetsOf(seed uint64, n int) []byte {
	octets := make([]byte, n)
	chance := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	chance.Read(octets)
	return octets
}

// octetsAt returns what a store has under a name.
func octetsAt(s store, name string) ([]byte, error) {
	r, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// publish writes a file as parts are written.
func publish(s store, name string, octets []byte) error {
	d, err := s.draft(name)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(octets, 100_000) {
		if _, err := d.Write(chunk); err != nil {
			return errors.Join(err, d.discard())
		}
	}
	if err := d.seal(); err != nil {
		return errors.Join(err, d.discard())
	}
	if err := d.publish(); err != nil {
		return errors.Join(err, d.discard())
	}
	return nil
}

// storeContract checks what the interface store promises, at an empty place.
func storeContract(t *testing.T, s store) {
	t.Helper()
	if err := s.lock(); err != nil {
		t.Fatal(err)
	}
	holds := func(name string, want []byte) {
		t.Helper()
		got, err := octetsAt(s, name)
		if want == nil {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: read with %v, want fs.ErrNotExist", name, err)
			}
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d octets with %v, want %d", name, len(got), err, len(want))
		}
	}
	lists := func(want ...string) {
		t.Helper()
		names, err := s.list()
		slices.Sort(names)
		if slices.Sort(want); err != nil || !slices.Equal(names, want) {
			t.Errorf("list is %q with %v, want %q", names, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	lists()
	holds("manifest.json", nil)
	must(s.remove("manifest.json"))
	must(s.clean())

	// A draft is not there until it is published, and never if it is discarded.
	for i, end := range []string{"publish", "discard", "seal and discard"} {
		name := partName(domainsTable, i, "parquet")
		d, err := s.draft(name)
		must(err)
		_, err = d.Write([]byte("part"))
		must(err)
		holds(name, nil)
		if end != "discard" {
			must(d.seal())
		}
		lists(map[bool][]string{true: nil, false: {partName(domainsTable, 0, "parquet")}}[i == 0]...)
		if end == "publish" {
			must(d.publish())
			holds(name, []byte("part"))
		} else {
			must(d.discard())
			holds(name, nil)
		}
	}
	must(s.remove(partName(domainsTable, 0, "parquet")))
	lists()

	// Of all sizes: empty, one chunk of a reader to the octet, more than one, and so many that drivers upload in chunks.
	for i, size := range []int{0, 1, readChunk - 1, readChunk, readChunk + 1, 2*readChunk + 5, 17 << 20} {
		name, octets := partName(caaRecordsTable, i, "jsonl"), octetsOf(uint64(i), size)
		must(publish(s, name, octets))
		holds(name, octets)
		must(s.remove(name))
		holds(name, nil)
	}

	// put replaces, add does not.
	for _, octets := range [][]byte{[]byte("old"), []byte("new and longer"), {}, []byte("x")} {
		must(s.put(manifestName, octets))
		holds(manifestName, octets)
	}
	must(publish(s, rejectsName, []byte("a")))
	must(publish(s, rejectsName, []byte("bc"))) // of a later run
	holds(rejectsName, []byte("bc"))
	must(s.add(entryName(0), []byte("first")))
	if err := s.add(entryName(0), []byte("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second add: %v, want fs.ErrExist", err)
	}
	holds(entryName(0), []byte("first"))
	must(s.add(entryName(1), []byte("second")))

	// What no scan writes is not listed.
	must(s.put("notes.txt", []byte("mine")))
	must(s.put(domainsTable+"/readme.txt", []byte("mine")))
	must(publish(s, partName(nameServersTable, 12, "parquet"), []byte("servers")))
	must(publish(s, partName(asideFolder, 3, "gob.zst"), []byte("targets")))
	lists(manifestName, rejectsName, entryName(0), entryName(1), partName(nameServersTable, 12, "parquet"), partName(asideFolder, 3, "gob.zst"))
	must(s.clean())
	holds(entryName(1), []byte("second"))

	must(s.remove(entryName(1)))
	must(s.add(entryName(1), []byte("again")))
	holds(entryName(1), []byte("again"))
	must(s.close())
}

// addsOnce checks that of many who add the same file one succeeds, whatever its content.
func addsOnce(t *testing.T, open func() store, files, writers int) {
	t.Helper()
	won := make([][]int, files)
	var mu sync.Mutex
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			s := open()
			for file := range files {
				err := s.add(entryName(file), octetsOf(uint64(writer), 100))
				switch {
				case err == nil:
					mu.Lock()
					won[file] = append(won[file], writer)
					mu.Unlock()
				case !errors.Is(err, fs.ErrExist):
					t.Errorf("writer %d, entry %d: %v", writer, file, err)
				}
			}
		})
	}
	all.Wait()
	s := open()
	for file, writers := range won {
		if len(writers) != 1 {
			t.Errorf("entry %d: written by %v, want one", file, writers)
			continue
		}
		if got, err := octetsAt(s, entryName(file)); err != nil || !bytes.Equal(got, octetsOf(uint64(writers[0]), 100)) {
			t.Errorf("entry %d is not what writer %d has written (%v)", file, writers[0], err)
		}
	}
}

func TestStoreInADirectory(t *testing.T) { storeContract(t, newDirStore(osDisk{}, t.TempDir())) }

func TestStoreAtAFileURL(t *testing.T) {
	s, err := openStore("file://" + t.TempDir() + "/scan%201")
	if err != nil {
		t.Fatal(err)
	}
	storeContract(t, s)
}

func TestStoreInABucket(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	storeContract(t, newBlobStore(blob.PrefixedBucket(bucket, "scans/1/"), "mem://bucket/scans/1"))
}

func TestOneAddOfMany(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	defer bucket.Close()
	addsOnce(t, func() store { return newBlobStore(bucket, "mem://bucket") }, 200, 4)
}

func TestPlacesThatAreNone(t *testing.T) {
	for _, place := range []string{
		"s3://", "s3:///prefix", "s3://bucket/p#f", "s3://bucket/p?prefix=q", "s3://key:secret@bucket/p", "s3://bucket/p?no_such_parameter=secret",
		"http://bucket/p?token=secret", "file://host/dir", "file://dir", "file:///dir?create_dir=secret", "s3://bu%ZZcket/?x=secret", "://secret",
		"azblob://?x=secret", "mem://bucket",
	} {
		s, err := openBlobStore(place)
		if err == nil {
			t.Errorf("%s: taken for %v", place, s)
			continue
		}
		if bytes.Contains([]byte(err.Error()), []byte("secret")) {
			t.Errorf("%s: the error tells a secret: %v", place, err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	s, err := openBlobStore("s3://bucket/a/../b//c/?region=r&endpoint=http://127.0.0.1:1")
	if err != nil || fmt.Sprint(s) != "s3://bucket/a/../b//c" {
		t.Errorf("the place is %v (%v)", s, err)
	}
}

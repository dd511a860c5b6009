package output

import (
	"errors"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

// actingStore is a store that does something before each operation that changes or lists it.
type actingStore struct {
	store
	before func() error
	after  func() error
}

func (s *actingStore) act(do func() error) error {
	if err := s.before(); err != nil {
		return err
	}
	err := do()
	if s.after != nil {
		err = errors.Join(err, s.after())
	}
	return err
}

type actingDraft struct {
	draft
	store *actingStore
}

func (s *actingStore) draft(name string) (draft, error) {
	d, err := s.store.draft(name)
	return &actingDraft{d, s}, err
}

func (d *actingDraft) publish() error { return d.store.act(d.draft.publish) }
func (s *actingStore) lock() error    { return s.act(s.store.lock) }
func (s *actingStore) remove(n string) error {
	return s.act(func() error { return s.store.remove(n) })
}

func (s *actingStore) put(name string, octets []byte) error {
	return s.act(func() error { return s.store.put(name, octets) })
}

func (s *actingStore) add(name string, octets []byte) error {
	return s.act(func() error { return s.store.add(name, octets) })
}

func (s *actingStore) list() (names []string, err error) {
	err = s.act(func() error {
		names, err = s.store.list()
		return err
	})
	return names, err
}

// dyingAt is a store for a process that is killed at its nth operation: it does that one, or not, and none after it.
func dyingAt(s store, n int, does bool) (dying *actingStore, dead func() bool) {
	ops := 0
	dying = &actingStore{store: s, before: func() error {
		if ops++; ops > n || ops == n && !does {
			return errDead
		}
		return nil
	}}
	dying.after = func() error {
		if ops >= n {
			return errDead
		}
		return nil
	}
	return dying, func() bool { return ops >= n }
}

// inBucket returns a store at one prefix of a bucket, as a process of its own would open it.
func inBucket(bucket *blob.Bucket) store { return newBlobStore(bucket, "mem://bucket") }

// checkBucket checks that a bucket has the scan of scanLines, complete and whole, each line once.
func checkBucket(t *testing.T, bucket *blob.Bucket) {
	t.Helper()
	v, err := verify(t.Context(), &unclosed{inBucket(bucket)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Faults) > 0 || v.Rows() != 40 || v.Manifest.Totals.Rows != 40 || v.Manifest.State != Complete {
		t.Errorf("%d rows, %d in the manifest, %s, faults %v", v.Rows(), v.Manifest.Totals.Rows, v.Manifest.State, v.Faults)
	}
}

// unclosed keeps a bucket of memory open, which would be gone.
type unclosed struct{ store }

func (unclosed) close() error { return nil }

// TestKilledAnywhereInABucket kills a scan at each operation on the store, and continues it.
func TestKilledAnywhereInABucket(t *testing.T) {
	for n := 1; ; n++ {
		for _, does := range []bool{false, true} {
			bucket := memblob.OpenBucket(nil)
			dying, dead := dyingAt(&unclosed{inBucket(bucket)}, n, does)
			if err := scanLines(dying, JSONL, 0, nil); dead() != errors.Is(err, errDead) {
				t.Fatalf("operation %d: %v", n, err)
			}
			if !dead() {
				if n < 20 {
					t.Errorf("a scan of %d operations", n)
				}
				return
			}
			if err := scanLines(&unclosed{inBucket(bucket)}, JSONL, 0, nil); err != nil && !errors.Is(err, ErrHoldsScan) {
				t.Errorf("killed at operation %d (done: %v): continued with %v", n, does, err)
			}
			checkBucket(t, bucket)
			if t.Failed() {
				t.Fatalf("killed at operation %d (done: %v)", n, does)
			}
		}
	}
}

// TestTakenOverAnywhere lets a scan stand still before each of its operations on the store, as behind a network that is gone, while
// another process takes it up, and finishes it or is killed in it. Then the first one goes on, and at last a third one comes. The
// scan is whole in the end, whoever finished it, and a process that lost it says so.
func TestTakenOverAnywhere(t *testing.T) {
	lost := 0
	for n := 1; ; n++ {
		for _, until := range []int{1000, 5, 12, 19} {
			bucket := memblob.OpenBucket(nil)
			ops, second := 0, error(nil)
			first := &actingStore{store: &unclosed{inBucket(bucket)}}
			first.before = func() error {
				if ops++; ops == n {
					dying, _ := dyingAt(&unclosed{inBucket(bucket)}, until, until%2 == 0)
					second = scanLines(dying, JSONL, 0, nil)
				}
				return nil
			}
			err := scanLines(first, JSONL, 0, nil)
			if ops < n {
				if n < 20 || lost < 20 {
					t.Errorf("a scan of %d operations, which was lost %d times", ops, lost)
				}
				return
			}
			if err != nil && !errors.Is(err, ErrInUse) && !errors.Is(err, ErrHoldsScan) {
				t.Errorf("the first: %v", err)
			}
			if second != nil && !errors.Is(second, errDead) && !errors.Is(second, ErrHoldsScan) {
				t.Errorf("the second: %v", second)
			}
			if errors.Is(err, ErrInUse) {
				lost++
			}
			if second == nil {
				checkBucket(t, bucket) // nobody has to come to set it right
			}
			third := scanLines(&unclosed{inBucket(bucket)}, JSONL, 0, nil)
			if third != nil && !errors.Is(third, ErrHoldsScan) {
				t.Errorf("the third: %v", third)
			}
			checkBucket(t, bucket)
			if t.Failed() {
				t.Fatalf("taken over before operation %d, for %d operations (first: %v; second: %v; third: %v)", n, until, err, second, third)
			}
		}
	}
}

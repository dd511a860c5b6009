package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// disk is what a scan directory needs of the operating system. The tests put one in its place that fails.
type disk interface {
	Mkdir(path string) error                   // with its parents; none of them is an error if it is there
	Create(path string) (file, error)          // for writing; the file must not be there yet
	Open(path string) (io.ReadCloser, error)   // for reading
	Exists(path string) (bool, error)          // whether there is a file
	Rename(from, to string) error              // within one directory
	Remove(path string) error                  // a missing file is no error
	List(dir string) (names []string, e error) // of a missing directory: nothing
	SyncDir(dir string) error
	Lock(path string) (io.Closer, error) // ErrInUse if another process has it
}

// file is a file open for writing.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// osDisk is the file system of the machine.
type osDisk struct{}

// Mkdir makes a directory, and its name durable.
func (osDisk) Mkdir(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return osDisk{}.SyncDir(filepath.Dir(path))
}

func (osDisk) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

func (osDisk) Open(path string) (io.ReadCloser, error) { return os.Open(path) }

func (osDisk) Exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) Remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (osDisk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// SyncDir makes the names in a directory durable: a rename is on disk only after that.
func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Lock takes a lock that the kernel gives up with the process, however that ends.
func (osDisk) Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, err
	}
	return f, nil
}

// dirStore keeps a scan in a directory.
type dirStore struct {
	disk disk
	dir  string
	held io.Closer // the lock
	made []string  // folders
}

func newDirStore(d disk, dir string) *dirStore { return &dirStore{disk: d, dir: dir} }

func (s *dirStore) String() string { return s.dir }

func (s *dirStore) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// hidden returns the path under which the file at path is written until it is complete. No pattern like "*.parquet"
// matches it.
func hidden(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

// dirDraft is a file under its hidden name.
type dirDraft struct {
	disk disk
	path string // the final one
	file file   // nil once sealed

	named bool // it has its name, but perhaps not for good
}

func (s *dirStore) draft(name string) (draft, error) {
	if folder := path.Dir(name); !slices.Contains(s.made, folder) {
		if err := s.disk.Mkdir(s.path(folder)); err != nil {
			return nil, err
		}
		s.made = append(s.made, folder)
	}
	f, err := s.disk.Create(hidden(s.path(name)))
	if err != nil {
		return nil, err
	}
	return &dirDraft{disk: s.disk, path: s.path(name), file: f}, nil
}

func (d *dirDraft) Write(p []byte) (int, error) { return d.file.Write(p) }

func (d *dirDraft) seal() error {
	f := d.file
	d.file = nil
	return errors.Join(f.Sync(), f.Close())
}

func (d *dirDraft) publish() error {
	if err := d.disk.Rename(hidden(d.path), d.path); err != nil {
		return err
	}
	d.named = true
	return d.disk.SyncDir(filepath.Dir(d.path))
}

func (d *dirDraft) discard() error {
	var err error
	if d.file != nil {
		err = d.file.Close()
		d.file = nil
	}
	if d.named {
		err = errors.Join(err, d.disk.Remove(d.path))
	}
	return errors.Join(err, d.disk.Remove(hidden(d.path)))
}

func (s *dirStore) put(name string, content []byte) error {
	path := s.path(name)
	if err := s.disk.Remove(hidden(path)); err != nil { // of a failure before
		return err
	}
	f, err := s.disk.Create(hidden(path))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.disk.Rename(hidden(path), path)
	}
	if err != nil {
		return errors.Join(err, s.disk.Remove(hidden(path)))
	}
	return s.disk.SyncDir(filepath.Dir(path))
}

// add relies on the lock: there is no other writer.
func (s *dirStore) add(name string, content []byte) error {
	there, err := s.disk.Exists(s.path(name))
	if there {
		err = &fs.PathError{Op: "add", Path: s.path(name), Err: fs.ErrExist}
	}
	if err != nil {
		return err
	}
	return s.put(name, content)
}

func (s *dirStore) open(name string) (io.ReadCloser, error) { return s.disk.Open(s.path(name)) }

func (s *dirStore) remove(name string) error { return s.disk.Remove(s.path(name)) }

func (s *dirStore) list() (names []string, err error) {
	err = s.walk(func(name string) error {
		if ofScan(name) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

func (s *dirStore) clean() error {
	return s.walk(func(name string) error {
		folder, base := path.Split(name)
		if isHidden(base) && ofScan(folder+strings.TrimSuffix(base[1:], ".tmp")) {
			return s.remove(name)
		}
		return nil
	})
}

// walk shows every file in the directory and its folders.
func (s *dirStore) walk(see func(name string) error) error {
	for _, folder := range append([]string{""}, folders[:]...) {
		names, err := s.disk.List(s.path(folder))
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := see(path.Join(folder, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// lockName is the file that is locked. It stays.
const lockName = ".lock"

// lock makes the directory and the folder of the journal; others are made when something is put there.
func (s *dirStore) lock() error {
	if err := s.disk.Mkdir(s.path(journalFolder)); err != nil {
		return err
	}
	held, err := s.disk.Lock(s.path(path.Join(journalFolder, lockName)))
	if errors.Is(err, ErrInUse) {
		return fmt.Errorf("%s: %w", s.dir, err)
	}
	s.held = held
	return err
}

func (s *dirStore) close() error {
	if s.held == nil {
		return nil
	}
	held := s.held
	s.held = nil
	return held.Close()
}

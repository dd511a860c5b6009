package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// disk is what a scan directory needs of the operating system. The tests put one in its place that fails.
type disk interface {
	Mkdir(path string) error                   // with its parents; none of them is an error if it is there
	Create(path string) (file, error)          // for writing; the file must not be there yet
	Rename(from, to string) error              // within one directory
	Remove(path string) error                  // a missing file is no error
	List(dir string) (names []string, e error) // of a missing directory: nothing
	SyncDir(dir string) error
}

// file is a file open for writing.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// osDisk is the file system of the machine.
type osDisk struct{}

func (osDisk) Mkdir(path string) error { return os.MkdirAll(path, 0o777) }

func (osDisk) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
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

// hidden returns the path under which the file at path is written until it is complete. No pattern like "*.parquet"
// matches it.
func hidden(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

// publish gives a file that is written, synced and closed its final name. The directory is still to be synced.
func publish(d disk, path string) error { return d.Rename(hidden(path), path) }

// replace writes a small file so that at any moment its path holds the old content or the new.
func replace(d disk, path string, content []byte) error {
	if err := d.Remove(hidden(path)); err != nil { // of a crash
		return err
	}
	f, err := d.Create(hidden(path))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = publish(d, path)
	}
	if err != nil {
		return errors.Join(err, d.Remove(hidden(path)))
	}
	return d.SyncDir(filepath.Dir(path))
}

// ErrHoldsScan says that a directory holds a scan, which a new one would mix with.
var ErrHoldsScan = errors.New("the directory holds a scan already")

// prepare makes dir ready for a new scan, with a folder for each table.
func prepare(d disk, dir string, restart bool) error {
	old, err := remains(d, dir)
	if err != nil {
		return err
	}
	for _, path := range old {
		if !restart && !isHidden(filepath.Base(path)) {
			return fmt.Errorf("%s: %w (%s)", dir, ErrHoldsScan, filepath.Base(path))
		}
	}
	for _, path := range old { // the manifest first: what it names must be there
		if err := d.Remove(path); err != nil {
			return err
		}
	}
	for _, table := range tableNames {
		if err := d.Mkdir(filepath.Join(dir, table)); err != nil {
			return err
		}
	}
	return nil
}

// remains lists the files of a scan in dir, the manifest first. Files that no scan writes are not among them.
func remains(d disk, dir string) (paths []string, err error) {
	for _, folder := range append([]string{""}, tableNames[:]...) {
		names, err := d.List(filepath.Join(dir, folder))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			whole := name
			if isHidden(name) {
				whole = strings.TrimSuffix(name[1:], ".tmp")
			}
			switch {
			case folder == "" && whole == manifestName:
				paths = append([]string{filepath.Join(dir, name)}, paths...)
			case folder == "" && whole == rejectsName, folder != "" && strings.HasPrefix(whole, partPrefix):
				paths = append(paths, filepath.Join(dir, folder, name))
			}
		}
	}
	return paths, nil
}

package output

import (
	"errors"
	"io"
	"strings"
)

// store is where the files of one scan are: a directory (dirstore.go), or a prefix in a bucket of an object store
// (blobstore.go). Names are within the scan, with slashes. A file is there whole or not at all, whatever happens to the
// process, the machine or the network.
type store interface {
	// draft begins a file. Nobody sees it before it is published.
	draft(name string) (draft, error)

	// put writes a small file: at any moment its name holds the old content or the new, and the new one for good once put
	// has returned.
	put(name string, content []byte) error

	// add is put for a file that must not be there: it is fs.ErrExist if it is. Of two processes that add the same file one
	// succeeds.
	add(name string, content []byte) error

	// open reads a file; fs.ErrNotExist if it is not there. What it returns may also be an io.ReaderAt.
	open(name string) (io.ReadCloser, error)

	// list names the published files of a scan, in no order. Files that no scan writes are not among them.
	list() ([]string, error)

	// remove removes a file. One that is not there is no error.
	remove(name string) error

	// clean removes the drafts that a crash has left.
	clean() error

	// lock keeps other processes from writing to the scan until close, as far as the store can: ErrInUse. Where it
	// cannot, it is add that shows two writers each other.
	lock() error

	// close gives up the lock.
	close() error

	// String is the place, for people.
	String() string
}

// draft is a file that is being written. One of publish and discard ends it.
type draft interface {
	io.Writer
	seal() error // no more is written, and what was is on disk

	// publish gives it its name; it is durable when that returns. It is fs.ErrExist if the store has no lock and sees
	// that another process has published a file under this name that is written once.
	publish() error
	discard() error
}

// ErrInUse says that another process writes to a scan.
var ErrInUse = errors.New("another process writes to this scan")

// openStore returns the store at a place: a directory, or the URL of a bucket and a prefix in it.
func openStore(place string) (store, error) {
	if strings.Contains(place, "://") {
		return openBlobStore(place)
	}
	return newDirStore(osDisk{}, place), nil
}

// The files of a scan beside its tables.
const (
	manifestName = "manifest.json"
	rejectsName  = "rejects.csv"

	journalFolder = "journal"
	asideFolder   = "aside"
)

// folders are the folders of a scan.
var folders = [...]string{domainsTable, caaRecordsTable, nameServersTable, queriesTable, journalFolder, asideFolder}

// ofScan reports whether a file is one that a scan writes.
func ofScan(name string) bool {
	folder, base, inFolder := strings.Cut(name, "/")
	if !inFolder {
		return name == manifestName || name == rejectsName
	}
	switch folder {
	case domainsTable, caaRecordsTable, nameServersTable, queriesTable, asideFolder:
		return strings.HasPrefix(base, partPrefix)
	case journalFolder:
		_, ok := entryNumber(name)
		return ok
	}
	return false
}

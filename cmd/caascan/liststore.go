package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/caascan/caascan/datasets"
)

// edition is one of the files that a list has been, over time. The zero edition is the newest.
type edition struct {
	date time.Time // zero: not asked for
	id   string
	from *url.URL // where to fetch it, instead of the publisher's place; nil: there
}

// fixed reports whether the edition is the same for ever.
func (e *edition) fixed() bool { return !e.date.IsZero() || e.id != "" }

// listStore is a directory of fetched lists. A file under its final name is whole.
type listStore struct {
	dir string
	now func() time.Time
}

// listFile is what stands beside a list, in FILE.json.
type listFile struct {
	List      string `json:"list"`
	Title     string `json:"title"`
	Publisher string `json:"publisher"`
	File      string `json:"file"`
	Date      string `json:"date"`
	ID        string `json:"id,omitempty"`

	Asked        listRequest `json:"asked"`
	URL          string      `json:"url"` // without user and, where it was given by --url, without query: they may hold secrets
	FetchedAt    time.Time   `json:"fetched_at"`
	ETag         string      `json:"etag,omitempty"`
	LastModified string      `json:"last_modified,omitempty"`
	Octets       int64       `json:"octets"`
	SHA256       string      `json:"sha256"`
	Names        int64       `json:"names"`   // lines that are names
	Rejects      int64       `json:"rejects"` // lines that should be and are not
	Format       string      `json:"format"`

	Licence    string `json:"licence"`
	LicenceURL string `json:"licence_url"`
	Cite       string `json:"cite"`
}

// listRequest is what was asked for: the same again is answered from the store.
type listRequest struct {
	Date string `json:"date,omitempty"`
	ID   string `json:"id,omitempty"`
	URL  string `json:"url,omitempty"`
}

func requestOf(l *datasets.PublicList, want edition) (r listRequest) {
	if !want.date.IsZero() {
		r.Date = want.date.Format(l.DateForm)
	}
	r.ID = want.id
	if want.from != nil {
		r.URL = withoutSecrets(want.from, true)
	}
	return r
}

// withoutSecrets writes a URL for a file.
func withoutSecrets(u *url.URL, given bool) string {
	clean := *u
	clean.User = nil
	if given && clean.RawQuery != "" {
		clean.RawQuery = "..."
	}
	return clean.String()
}

// maxListMeta bounds what is read of FILE.json, in octets.
const maxListMeta = 1 << 20

// find returns the file of an edition that was fetched: ever, if it is fixed, and today, if it is the newest. Its octets
// are those that were fetched. What came from a URL with a query or a user is not found again: they are not kept.
func (s *listStore) find(l *datasets.PublicList, want edition) (path string, found bool) {
	if want.from != nil && (want.from.RawQuery != "" || want.from.User != nil) {
		return "", false
	}
	metas, err := filepath.Glob(filepath.Join(s.dir, l.Name+"-*.json"))
	if err != nil {
		return "", false
	}
	asked, today := requestOf(l, want), s.now().UTC().Format(time.DateOnly)
	var newest listFile
	for _, path := range metas {
		var f listFile
		if content, err := readBounded(path, maxListMeta); err != nil || json.Unmarshal(content, &f) != nil {
			continue
		}
		fresh := want.fixed() || f.FetchedAt.UTC().Format(time.DateOnly) == today
		if f.List == l.Name && f.Asked == asked && fresh && filepath.Base(f.File) == f.File && f.FetchedAt.After(newest.FetchedAt) {
			newest = f
		}
	}
	if newest.File == "" {
		return "", false
	}
	path = filepath.Join(s.dir, newest.File)
	sum, err := sumOf(path)
	return path, err == nil && sum == newest.SHA256
}

func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

// open makes a hidden file in the store, for a list to come. Close it by discard.
func (s *listStore) open(l *datasets.PublicList) (*os.File, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(s.dir, "."+l.Name+"-*.part")
}

// discard removes what a file was left as; it does nothing to one that has its final name by then.
func discard(file *os.File) {
	file.Close()
	os.Remove(file.Name())
}

// keep gives a fetched file its final name, with what stands beside it. That is written first: until the list itself is
// there, its hash is that of no file, and find passes it over.
func (s *listStore) keep(file *os.File, f *listFile) (path string, err error) {
	path = filepath.Join(s.dir, f.File)
	about, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", err
	}
	if err := s.write(path+".sha256", fmt.Appendf(nil, "%s  %s\n", f.SHA256, f.File)); err != nil {
		return "", err
	}
	if err := s.write(path+".json", append(about, '\n')); err != nil {
		return "", err
	}
	if err := rename(file, path); err != nil {
		return "", err
	}
	return path, syncDir(s.dir)
}

// write writes a file as a whole or not at all.
func (s *listStore) write(path string, content []byte) error {
	file, err := os.CreateTemp(s.dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer discard(file)
	if _, err := file.Write(content); err != nil {
		return err
	}
	return rename(file, path)
}

// rename gives a hidden file its final name once its octets are on disk. Others may read it then.
func rename(file *os.File, path string) error {
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// syncDir puts the names of a directory on disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

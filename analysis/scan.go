package analysis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/output"
)

// Scan is a scan directory with its manifest.
type Scan struct {
	Dir string
	output.Manifest
}

// Round is one measurement: a scan, or the shards of one, which several machines made.
type Round struct{ Scans []Scan }

// Began is when the first of its scans began.
func (r *Round) Began() time.Time {
	return slices.MinFunc(r.Scans, func(a, b Scan) int { return a.StartedAt.Compare(b.StartedAt) }).StartedAt
}

// Complete reports whether every line of the input has been dealt with, by all shards that are here.
func (r *Round) Complete() bool {
	return !slices.ContainsFunc(r.Scans, func(s Scan) bool { return s.State != output.Complete })
}

// Shards are the parts of the input that are here, and how many there are in all.
func (r *Round) Shards() (here, all int) {
	_, all = r.Scans[0].shard()
	return len(r.Scans), all
}

// ErrNoScan says that there is no scan in a place.
var ErrNoScan = errors.New("no scan: there is no manifest.json, here or in a folder below")

// deepest is how many folders down a scan is looked for: hive-style folders have some, as in list=/date=/shard=.
const deepest = 6

// find returns the scans in the places, each once, by the time at which they began.
func find(places []string) ([]Scan, error) {
	var scans []Scan
	seen := map[string]bool{}
	for _, place := range places {
		if strings.Contains(place, "://") {
			return nil, fmt.Errorf("%s: an object store; copy the scan to a directory first, such as by rclone or aws s3 sync", place)
		}
		dirs := []string{place}
		if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) {
			if dirs, err = filepath.Glob(place); err != nil {
				return nil, fmt.Errorf("%s: %w", place, err)
			}
			if len(dirs) == 0 {
				return nil, fmt.Errorf("%s: %w", place, fs.ErrNotExist)
			}
		}
		before := len(seen)
		for _, dir := range dirs {
			if err := below(dir, deepest, func(s Scan) error {
				path, err := filepath.Abs(s.Dir)
				if err != nil || seen[path] {
					return err
				}
				seen[path] = true
				scans = append(scans, s)
				return nil
			}); err != nil {
				return nil, err
			}
		}
		if len(seen) == before && len(scans) == 0 {
			return nil, fmt.Errorf("%s: %w", place, ErrNoScan)
		}
	}
	slices.SortStableFunc(scans, func(a, b Scan) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Dir, b.Dir))
	})
	return scans, nil
}

// below gives the scans in a directory to see: itself, or else those in its folders.
func below(dir string, depth int, see func(Scan) error) error {
	manifest, err := output.ReadManifest(dir)
	if err == nil {
		return see(Scan{dir, *manifest})
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if depth == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			if err := below(filepath.Join(dir, e.Name()), depth-1, see); err != nil {
				return err
			}
		}
	}
	return nil
}

// check holds a scan against its manifest: each part is there, has its size and, if whole, its SHA-256.
func (s *Scan) check(ctx context.Context, whole bool) error {
	if s.SchemaVersion > output.SchemaVersion {
		return fmt.Errorf("%s: its columns are of version %d, and this caareport knows those up to %d", s.Dir, s.SchemaVersion, output.SchemaVersion)
	}
	if s.SchemaVersion < 1 || s.ScanID == "" {
		return fmt.Errorf("%s: manifest.json is not that of a scan", s.Dir)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, part := range s.Parts {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if wrong := s.wrong(part, whole); wrong != "" {
				return fmt.Errorf("%s: %s: %s; caascan verify --repair takes it out, and the scan can be continued", s.Dir, part.File, wrong)
			}
			return nil
		})
	}
	return group.Wait()
}

// wrong says what is wrong with a part, "" if nothing is.
func (s *Scan) wrong(part output.Part, whole bool) string {
	if !filepath.IsLocal(filepath.FromSlash(part.File)) {
		return "a name that leads out of the scan"
	}
	file, err := os.Open(filepath.Join(s.Dir, filepath.FromSlash(part.File)))
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err.Error()
	case info.Size() != part.Bytes:
		return fmt.Sprintf("damaged: %d octets, not %d", info.Size(), part.Bytes)
	case !whole:
		return ""
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err.Error()
	}
	if hex.EncodeToString(sum.Sum(nil)) != part.SHA256 {
		return "damaged: its SHA-256 is another"
	}
	return ""
}

// shardFlag is the flag of a scan that says which part of the input it is about.
const shardFlag = "--shard"

// shard returns which of how many parts of its input a scan is about.
func (s *Scan) shard() (number, of int) {
	if n, _ := fmt.Sscanf(s.Identity[shardFlag], "%d/%d", &number, &of); n < 2 || of < 1 {
		return 1, 1
	}
	return number, of
}

// rounds puts shards together: scans of the same input under the same flags, each about another part of it.
func rounds(scans []Scan) []Round {
	var all []Round
	for _, s := range scans {
		i := slices.IndexFunc(all, func(r Round) bool { return r.lacks(&s) })
		if i < 0 {
			all = append(all, Round{})
			i = len(all) - 1
		}
		all[i].Scans = append(all[i].Scans, s)
	}
	return all
}

// lacks reports whether s is a part of the round that is not there yet.
func (r *Round) lacks(s *Scan) bool {
	number, of := s.shard()
	if of == 1 || r.Scans[0].measurement() != s.measurement() {
		return false
	}
	return !slices.ContainsFunc(r.Scans, func(have Scan) bool { n, _ := have.shard(); return n == number })
}

// measurement is what the shards of one measurement have in common.
func (s *Scan) measurement() string {
	same := make(map[string]string, len(s.Identity))
	for key, value := range s.Identity {
		if key == shardFlag {
			_, of := s.shard()
			value = fmt.Sprint("of ", of)
		}
		same[key] = value
	}
	text, err := json.Marshal(same)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return string(text)
}

// roundOf is the index of the round with a scan; -1 if there is none.
func roundOf(all []Round, id string) int {
	return slices.IndexFunc(all, func(r Round) bool {
		return slices.ContainsFunc(r.Scans, func(s Scan) bool { return s.ScanID == id })
	})
}

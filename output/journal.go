package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The journal is the truth about a scan: the manifest, the set of lines that have their row, everything that a resumed
// scan needs is made from it. Its entries are small files that are numbered without a gap, each written once, whole and
// for good (store.add), after the files that it names. So at any moment a scan is exactly what its entries say: a part that no
// entry names is a leftover of a crash, and is removed.

// entry is one of them. The first has Begin; others have what happened.
type entry struct {
	Number int       `json:"entry"`
	ScanID string    `json:"scan_id"`
	At     time.Time `json:"at"`
	Run    int       `json:"run"` // the number of the process that wrote it, from 1

	Begin *header `json:"begin,omitempty"`
	Taken *Run    `json:"taken_up,omitempty"` // by this process

	// A commit.
	Parts   []Part        `json:"parts,omitempty"`
	Lines   lineSets      `json:"lines,omitempty"`   // that the rows in the part of domains are for
	Aside   *Part         `json:"aside,omitempty"`   // the file of targets set aside
	Waiting lineSets      `json:"waiting,omitempty"` // their lines
	Totals  *Totals       `json:"totals,omitempty"`  // of the parts
	Servers []byte        `json:"servers,omitempty"` // the rows of the part of nameservers, which nobody can ask for again: JSON lines, zstd
	Exclude []ExcludeList `json:"exclude,omitempty"` // put in force
	Inputs  []Input       `json:"inputs,omitempty"`  // what was read of them: Lines are among it

	// Dropped are files that are no more, for they were damaged. With a file of rows goes what its entry says of these.
	Dropped []string `json:"dropped,omitempty"`

	End *end `json:"end,omitempty"` // of the run
}

// header is what a scan is from its beginning to its end.
type header struct {
	SchemaVersion int               `json:"schema_version"`
	Format        Format            `json:"format"`
	Seed          uint64            `json:"seed"`
	PSL           string            `json:"psl_version"`
	Config        any               `json:"config"`
	Identity      map[string]string `json:"identity,omitempty"`
	Inputs        []Input           `json:"inputs"`
}

// end is how a run ended that came to an end.
type end struct {
	State   State   `json:"state"`
	Inputs  []Input `json:"inputs"`
	Rejects *Part   `json:"rejects,omitempty"`
}

// sealedEntry is the form of an entry on disk.
type sealedEntry struct {
	SHA256 string          `json:"sha256"` // of the octets of Entry
	Entry  json.RawMessage `json:"entry"`
}

// maxEntry bounds what is read as an entry, in octets. A commit of a million lines in no order takes some hundred KiB, the
// servers of a scan of the whole Internet some tens of MiB.
const maxEntry = 1 << 30

func entryName(number int) string { return path.Join(journalFolder, fmt.Sprintf("%06d.json", number)) }

func entryNumber(name string) (int, bool) {
	digits, ok := strings.CutSuffix(path.Base(name), ".json")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && entryName(n) == name
}

// seal returns the octets of an entry.
func (e *entry) seal() ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	sealed, err := json.Marshal(sealedEntry{hex.EncodeToString(sum[:]), body})
	return append(sealed, '\n'), err
}

// errDamaged says that a file is not what it was.
var errDamaged = errors.New("damaged")

// readEntry reads one entry. Any error but fs.ErrNotExist and those of reading is errDamaged.
func readEntry(s store, number int) (*entry, error) {
	f, err := s.open(entryName(number))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	octets, err := io.ReadAll(io.LimitReader(f, maxEntry))
	if err != nil {
		return nil, err
	}
	var sealed sealedEntry
	decoder := json.NewDecoder(bytes.NewReader(octets))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sealed); err != nil {
		return nil, fmt.Errorf("%w: %v", errDamaged, err)
	}
	if again, err := json.Marshal(sealed); err != nil || !bytes.Equal(append(again, '\n'), octets) {
		return nil, fmt.Errorf("%w: not as it was written", errDamaged)
	}
	if sum := sha256.Sum256(sealed.Entry); hex.EncodeToString(sum[:]) != sealed.SHA256 {
		return nil, fmt.Errorf("%w: its SHA-256 is another", errDamaged)
	}
	var e entry
	decoder = json.NewDecoder(bytes.NewReader(sealed.Entry))
	decoder.UseNumber() // a seed has more digits than a float
	if err := decoder.Decode(&e); err != nil {
		return nil, fmt.Errorf("%w: %v", errDamaged, err)
	}
	if e.Number != number {
		return nil, fmt.Errorf("%w: it is entry %d", errDamaged, e.Number)
	}
	return &e, nil
}

// journal is the entries of a scan, without what was dropped.
type journal struct {
	entries []*entry      // by number; nil: damaged
	damaged map[int]error // entries that cannot be read, by number
}

// readJournal reads all entries that the store lists. What is wrong with them is data here.
func readJournal(s store, names []string) (*journal, error) {
	j := &journal{damaged: map[int]error{}}
	count := 0
	for _, name := range names {
		if n, ok := entryNumber(name); ok {
			count = max(count, n+1)
		}
	}
	j.entries = make([]*entry, count)
	for n := range count {
		e, err := readEntry(s, n)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			j.damaged[n] = errors.New("missing")
		case errors.Is(err, errDamaged):
			j.damaged[n] = err
		case err != nil:
			return nil, fmt.Errorf("%s: %w", entryName(n), err)
		default:
			j.entries[n] = e
		}
	}
	j.drop()
	return j, nil
}

// drop takes out what later entries say is no more.
func (j *journal) drop() {
	for n, e := range j.entries {
		if e == nil {
			continue
		}
		for _, file := range e.Dropped {
			for _, of := range j.entries[:n] { // names may be given again
				if of != nil {
					of.drop(file)
				}
			}
		}
	}
}

// drop takes a file out, if the entry names it.
func (e *entry) drop(file string) {
	i := slices.IndexFunc(e.Parts, func(p Part) bool { return p.File == file })
	switch {
	case e.End != nil && e.End.Rejects != nil && file == rejectsName:
		e.End.Rejects = nil
	case e.Aside != nil && e.Aside.File == file:
		e.Aside, e.Waiting = nil, nil
	case i < 0:
	case e.Parts[i].Table == nameServersTable:
		e.Parts = slices.Delete(e.Parts, i, i+1)
		e.Servers, e.Totals.Servers = nil, 0
	default:
		e.Parts = slices.DeleteFunc(e.Parts, func(p Part) bool { return p.Table != nameServersTable })
		servers := newTotals()
		servers.Servers = e.Totals.Servers
		e.Lines, e.Totals = nil, &servers
	}
}

// header returns what the scan is; nil if that cannot be read.
func (j *journal) header() *entry {
	if len(j.entries) == 0 || j.entries[0] == nil || j.entries[0].Begin == nil {
		return nil
	}
	return j.entries[0]
}

// rows returns the lines that have their row, waiting those that were set aside, with or without a row since.
func (j *journal) rows() lineSets {
	sets := lineSets{}
	for _, e := range j.entries {
		if e != nil {
			sets.merge(e.Lines)
		}
	}
	return sets
}

func (j *journal) waiting() lineSets {
	sets := lineSets{}
	for _, e := range j.entries {
		if e != nil {
			sets.merge(e.Waiting)
		}
	}
	return sets
}

// files returns the files that the entries name, with the entry of each.
func (j *journal) files() map[string]int {
	files := map[string]int{}
	for n, e := range j.entries {
		if e == nil {
			continue
		}
		for _, part := range e.Parts {
			files[part.File] = n
		}
		if e.Aside != nil {
			files[e.Aside.File] = n
		}
	}
	return files
}

// manifest returns what the entries come to.
func (j *journal) manifest() Manifest {
	m := Manifest{Totals: newTotals()} // the first entry may be damaged
	for _, e := range j.entries {
		if e != nil {
			m.apply(e)
		}
	}
	return m
}

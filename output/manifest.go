package output

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// Manifest is the content of manifest.json: what was scanned, how, and which parts hold the result.
type Manifest struct {
	SchemaVersion int    `json:"schema_version"`
	State         State  `json:"state"`
	ScanID        string `json:"scan_id"`
	Format        Format `json:"format"`
	Tool          Tool   `json:"tool"`

	StartedAt time.Time  `json:"started_at"`
	UpdatedAt time.Time  `json:"updated_at"`         // of this manifest
	EndedAt   *time.Time `json:"ended_at,omitempty"` // when the scan was closed, complete or not

	Worker  string  `json:"worker_id,omitempty"` // of the first run, as is Vantage
	Vantage string  `json:"vantage,omitempty"`
	Seed    uint64  `json:"seed"`
	PSL     string  `json:"psl_version"`
	Config  any     `json:"config"`
	Inputs  []Input `json:"inputs"`

	// Identity is what one that continues the scan must have in common with it.
	Identity map[string]string `json:"identity,omitempty"`

	Exclude *Exclude `json:"exclude,omitempty"` // nil: the scan has no opt-out list

	// Runs are the processes that worked on the scan, one after the other.
	Runs []Run `json:"runs"`

	Totals  Totals `json:"totals"`
	Rejects *Part  `json:"rejects,omitempty"` // the file of rejects, once a run has ended
	Parts   []Part `json:"parts"`
}

// Run is one process that worked on a scan.
type Run struct {
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"` // nil: it is under way, or was ended without having a say
	State     State      `json:"state,omitempty"`    // in which it left the scan
	Tool      Tool       `json:"tool"`
	Worker    string     `json:"worker_id,omitempty"`
	Vantage   string     `json:"vantage,omitempty"`

	// Config is what of its configuration is not as in the manifest's: what may change from run to run.
	Config map[string]any `json:"config,omitempty"`
}

// Tool is the program that made the scan.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Exclude is what a scan did for those who want no part in it.
type Exclude struct {
	Lists        []ExcludeList `json:"lists"`         // one after the other in force
	NamesSkipped int64         `json:"names_skipped"` // rows with the status blocked
}

// ExcludeList is an opt-out list.
type ExcludeList struct {
	File    string         `json:"file"`    // as given
	SHA256  string         `json:"sha256"`  // of the octets read, in hexadecimal
	Entries map[string]int `json:"entries"` // by kind, which is the caller's word
	Since   time.Time      `json:"since"`   // when it was put in force, set by the Writer
}

// Part is a finished file.
type Part struct {
	Table  string `json:"table"`
	File   string `json:"file"` // within the scan directory, with slashes
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

// Totals sums up the parts.
type Totals struct {
	Lines   int64                       `json:"lines"` // rows and rejects: every line of the input that was dealt with
	Rows    int64                       `json:"rows"`  // of domains
	Rejects int64                       `json:"rejects"`
	Records int64                       `json:"caa_records"`
	Servers int64                       `json:"nameservers"`
	Queries int64                       `json:"queries,omitempty"` // rows of that table, if the scan has it
	Status  map[string]int64            `json:"status"`            // rows by Domain.Status
	Posture map[string]map[string]int64 `json:"posture"`           // by kind of certificate, rows by posture
}

func newTotals() Totals {
	t := Totals{Status: map[string]int64{}, Posture: map[string]map[string]int64{}}
	for kind := range caa.Kinds {
		t.Posture[caa.Kind(kind).String()] = map[string]int64{}
	}
	return t
}

// tally counts what goes into the part under way, until that is finished.
type tally struct {
	rows, records, servers, queries int64

	status  map[string]int64
	posture [caa.Kinds][caa.Error + 1]int64
}

// totals returns what was counted.
func (t *tally) totals() Totals {
	sum := newTotals()
	sum.Rows, sum.Lines, sum.Records, sum.Servers, sum.Queries = t.rows, t.rows, t.records, t.servers, t.queries
	maps.Copy(sum.Status, t.status)
	for kind := range t.posture {
		for posture, rows := range t.posture[kind] {
			if rows > 0 {
				sum.Posture[caa.Kind(kind).String()][caa.Posture(posture).String()] = rows
			}
		}
	}
	return sum
}

// add adds what other parts hold.
func (t *Totals) add(part *Totals) {
	t.Rows += part.Rows
	t.Records += part.Records
	t.Servers += part.Servers
	t.Queries += part.Queries
	t.Lines = t.Rows + t.Rejects
	for status, rows := range part.Status {
		t.Status[status] += rows
	}
	for kind, postures := range part.Posture {
		if t.Posture[kind] == nil {
			t.Posture[kind] = map[string]int64{}
		}
		for posture, rows := range postures {
			t.Posture[kind][posture] += rows
		}
	}
}

// blockedWord is the status of a name that was not asked about, for it or all servers that could tell are on an opt-out
// list.
var blockedWord = record.Skipped.String()

func (t *Totals) setRejects(n int64) {
	t.Rejects = n
	t.Lines = t.Rows + t.Rejects
}

// apply adds what an entry of the journal says.
func (m *Manifest) apply(e *entry) {
	if e.Begin != nil {
		*m = Manifest{
			SchemaVersion: e.Begin.SchemaVersion, State: Running, ScanID: e.ScanID, Format: e.Begin.Format,
			StartedAt: e.At, Seed: e.Begin.Seed, PSL: e.Begin.PSL, Config: e.Begin.Config, Identity: e.Begin.Identity, Inputs: slices.Clone(e.Begin.Inputs),
			Totals: newTotals(), Parts: []Part{},
		}
	}
	m.UpdatedAt = e.At
	if run := e.Taken; run != nil {
		if len(m.Runs) == 0 {
			m.Tool, m.Worker, m.Vantage = run.Tool, run.Worker, run.Vantage
		}
		m.Runs = append(m.Runs, *run)
		m.State, m.EndedAt = Running, nil
	}
	m.Parts = append(m.Parts, e.Parts...)
	if e.Totals != nil {
		m.Totals.add(e.Totals)
	}
	if e.Inputs != nil {
		m.Inputs = slices.Clone(e.Inputs)
	}
	if len(e.Exclude) > 0 {
		if m.Exclude == nil {
			m.Exclude = new(Exclude)
		}
		m.Exclude.Lists = append(m.Exclude.Lists, e.Exclude...)
	}
	for _, file := range e.Dropped {
		if path.Dir(file) != nameServersTable { // of those there is a copy: there is nothing to do again
			m.State, m.EndedAt = Running, nil
		}
	}
	if e.End != nil {
		at := e.At
		m.State, m.EndedAt, m.Inputs, m.Rejects = e.End.State, &at, slices.Clone(e.End.Inputs), e.End.Rejects
		if n := len(m.Runs); n > 0 {
			m.Runs[n-1].EndedAt, m.Runs[n-1].State = &at, e.End.State
		}
		rejects := int64(0)
		if m.Rejects != nil {
			rejects = m.Rejects.Rows
		}
		m.Totals.setRejects(rejects)
	}
	if m.Exclude != nil {
		m.Exclude.NamesSkipped = m.Totals.Status[blockedWord]
	}
}

// ReadManifest reads the manifest of a scan in a directory. It is fs.ErrNotExist if there is none.
func ReadManifest(dir string) (*Manifest, error) {
	content, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(content, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, manifestName), err)
	}
	return m, nil
}

// write replaces the manifest of a scan.
func (m *Manifest) write(s store) error {
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return s.put(manifestName, append(content, '\n'))
}

package output

import (
	"encoding/json"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

const manifestName = "manifest.json"

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

	Worker  string  `json:"worker_id,omitempty"`
	Vantage string  `json:"vantage,omitempty"`
	Seed    uint64  `json:"seed"`
	PSL     string  `json:"psl_version"`
	Config  any     `json:"config"`
	Inputs  []Input `json:"inputs"`

	Exclude *Exclude `json:"exclude,omitempty"` // nil: the scan has no opt-out list

	Totals Totals `json:"totals"`
	Parts  []Part `json:"parts"`
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
	Status  map[string]int64            `json:"status"`  // rows by Domain.Status
	Posture map[string]map[string]int64 `json:"posture"` // by kind of certificate, rows by posture
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
	rows, records, servers int64
	status                 map[string]int64
	posture                [caa.Kinds][caa.Error + 1]int64
}

// add adds what a finished part holds.
func (t *Totals) add(part *tally) {
	t.Rows += part.rows
	t.Records += part.records
	t.Servers += part.servers
	t.Lines = t.Rows + t.Rejects
	for status, rows := range part.status {
		t.Status[status] += rows
	}
	for kind := range part.posture {
		for posture, rows := range part.posture[kind] {
			if rows > 0 {
				t.Posture[caa.Kind(kind).String()][caa.Posture(posture).String()] += rows
			}
		}
	}
	*part = tally{}
}

// blockedWord is the status of a name that was not asked about, for it or all servers that could tell are on an opt-out
// list.
var blockedWord = record.Skipped.String()

func (t *Totals) setRejects(n int64) {
	t.Rejects = n
	t.Lines = t.Rows + t.Rejects
}

// write replaces the manifest of the scan in dir.
func (m *Manifest) write(d disk, path string) error {
	if m.Exclude != nil {
		m.Exclude.NamesSkipped = m.Totals.Status[blockedWord]
	}
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replace(d, path, append(content, '\n'))
}

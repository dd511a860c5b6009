package output

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/caa"
)

// Format is the form of a sink's files.
type Format string

// The formats.
const (
	Parquet Format = "parquet"
	JSONL   Format = "jsonl" // one JSON object a line, the keys being the names of the columns
)

// Bounds of a part. A part holds whole names, and may be larger than its bound by one batch.
const (
	// DefaultPartRows is how many names go into one part: about 100 MB of Parquet, and a list of a hundred million
	// names makes a hundred parts, which readers still open at once.
	DefaultPartRows = 1_000_000

	// DefaultPartAge is how old the oldest row of an unfinished part may get, which is what a crash can cost.
	DefaultPartAge = 3 * time.Minute

	// maxPartRecords is the same bound as DefaultPartRows for rows of caa_records: a hostile zone has thousands of
	// records.
	maxPartRecords = 4 * DefaultPartRows

	// queriesPerName bounds the rows of queries in a part, as a multiple of PartRows: most names take four to eight.
	queriesPerName = 8
)

// Config is what a sink has to know about the scan. ScanID must be given; the zero values of all others work.
type Config struct {
	ScanID  string
	Tool    string // that made the records, for the manifest; default caascan
	Version string // of it, for the manifest and the files' metadata
	Commit  string
	PSL     string // version of the public suffix list
	Worker  string // this machine or process
	Vantage string // the place in the network
	Seed    uint64
	Inputs  []Input
	Exclude *ExcludeList // the opt-out list in force at the start; nil: none
	Scan    any          // the full configuration of the scan; anything that encoding/json takes

	// Identity is what a scan must have in common with one that it continues, under names that its user knows: the inputs, and
	// what of the configuration decides what the rows say.
	Identity map[string]string

	// Secondhand says that the records were made of what another tool has stored, which does not tell all that ours do: TTLs are
	// from caches, times are those of whole look-ups, and TC is told where it was set. So caa_ttl and rtt_us are NULL, caa_truncated is
	// NULL where it is not true, and likewise in climb.
	Secondhand bool

	Format   Format        // default Parquet
	Tables   []string      // domains, and which others there shall be (see Tables); default all but queries
	Restart  bool          // discard a scan that the place holds
	PartRows int           // default DefaultPartRows
	PartAge  time.Duration // default DefaultPartAge

	limits pageLimits // default defaultLimits; the tests make them small

	// Now is the clock, default time.Now. It decides the age of parts, and stands in the manifest.
	Now func() time.Time

	// Registrable returns the registrable domain of a name, "" if it has none; without it, the columns mx_operator,
	// dns_operator and dns_operator_count are NULL.
	Registrable func(name string) string

	// Issuers is who goes by which CAA identifier; without it, the column findings has only the words of the rules page, and
	// the columns about owners are NULL.
	Issuers caa.Registry
}

// Input is a source of names.
type Input struct {
	Path   string `json:"path"`             // as in the column source_list, where that is a file
	SHA256 string `json:"sha256,omitempty"` // in hexadecimal; of a stream, of the octets read so far
	Octets int64  `json:"octets,omitempty"` // of a stream, read so far
	Lines  int64  `json:"lines,omitempty"`

	Skipped   int64 `json:"skipped,omitempty"`   // lines that are blank, comments, headers
	Folded    int64 `json:"folded,omitempty"`    // names that came before
	Elsewhere int64 `json:"elsewhere,omitempty"` // lines that are the part of other machines

	// Zones are those of a zone file. Primed says that what their servers would have said, of delegations and of the apex,
	// was taken from the file: of these zones the rows tell what was so at that serial.
	Zones  []Zone `json:"zones,omitempty"`
	Primed bool   `json:"primed,omitempty"`
}

// Zone is a version of a zone.
type Zone struct {
	Apex   string `json:"apex"`
	Serial uint32 `json:"serial"` // of the SOA record
}

// State says how far a scan has come.
type State string

// The states.
const (
	Running  State = "running"  // under way, or stopped early
	Complete State = "complete" // every line of the input has its row or its reject
)

var errNoScanID = errors.New("output: a scan needs an identifier")

// withDefaults fills in what was left out.
func (cfg Config) withDefaults() (Config, error) {
	if cfg.ScanID == "" {
		return cfg, errNoScanID
	}
	switch cfg.Format {
	case "":
		cfg.Format = Parquet
	case Parquet, JSONL:
	default:
		return cfg, fmt.Errorf("output: unknown format %q", cfg.Format)
	}
	if cfg.Tool == "" {
		cfg.Tool = "caascan"
	}
	if cfg.Tables == nil {
		cfg.Tables = usualTables
	}
	var err error
	if cfg.Tables, err = Tables(cfg.Tables); err != nil {
		return cfg, fmt.Errorf("output: %w", err)
	}
	if cfg.PartRows <= 0 {
		cfg.PartRows = DefaultPartRows
	}
	if cfg.PartAge <= 0 {
		cfg.PartAge = DefaultPartAge
	}
	if cfg.limits == (pageLimits{}) {
		cfg.limits = defaultLimits
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg, nil
}

// writes reports whether the scan has a table.
func (cfg *Config) writes(table string) bool { return slices.Contains(cfg.Tables, table) }

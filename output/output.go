// Package output turns the records of a scan into files that others can read: Parquet, or JSON lines.
//
// A scan has three tables, or four. Domain is one row for every name, with the whole evidence; CAARecord is one row for every
// CAA record seen, under the column names of OpenINTEL; NameServer is one row for every server asked; and Query, on request, one
// for every packet. The structs of these names are the only place that defines columns: name, type, unit, meaning.
//
// An Encoder makes rows from records, and nothing else. A Sink takes records and keeps them: Writer in a directory,
// Stream as JSON lines on one stream.
//
// # The scan directory
//
//	manifest.json                  what was asked, by whom, which parts there are
//	domains/part-00000.parquet     parts: bounded in rows and in age
//	caa_records/part-00000.parquet the CAA records of the names in a part of domains
//	nameservers/part-00000.parquet
//	queries/part-00000.parquet     the exchanges with servers, those for a name in its commit or before
//	rejects.csv                    lines of the input that are no names
//	journal/000000.json            how it came to be: what a scan that was stopped is continued from
//	aside/                         names to be asked again, until the scan is complete
//
// The same files may stand in an object store, under a prefix.
//
// A file under its final name is complete: it is written under a hidden name (".part-00000.parquet.tmp"), closed,
// synced, renamed, and the directory synced. The parts of all tables are finished together, and only then committed by one
// entry of the journal, which names each with its rows and SHA-256, and the lines of the input that they answer for. The
// manifest follows from the journal. So whatever happens to the process or the machine, the scan is what the journal
// says, and one that is continued asks about the other lines, and about no line twice.
//
// # Conventions of the columns
//
// A NULL says that something was not asked or is not known; the empty string is never used for that. Enumerations are
// words. Timestamps are microseconds in UTC; durations carry their unit in the name. Names are canonical, without the
// final dot. In JSON a key that is missing is a NULL. Within one schema version no column changes its meaning, and new
// ones come at the end.
package output

import (
	"github.com/caascan/caascan/scanner/record"
)

// SchemaVersion is the version of the tables' columns.
const SchemaVersion = 1

// Sink takes what a scan produces. All calls come from one goroutine. After an error of Write, NameServers or Reject
// nothing more can be added, but Close must still be called: it leaves everything that was finished valid.
type Sink interface {
	// Write adds one row for each record. It keeps no reference to the records. A call with none gives a sink the
	// occasion to finish parts that have become old.
	Write(batch []*record.Record) error

	// NameServers adds rows about servers.
	NameServers(servers []record.NameServer) error

	// Reject notes a line of the input that gave no name: source and line as in record.Target, a reason of a few
	// words, and the line itself.
	Reject(source string, line int64, reason, text string) error

	// Close finishes everything under way. Complete says that every line of the input was dealt with.
	Close(state State) error
}

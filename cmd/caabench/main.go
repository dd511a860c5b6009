// Command caabench measures caascan against what lies under it, and checks what servers see of it. Servers, floor and
// scan are processes of their own, the servers on one core and what is measured on the other; every figure is CPU of a
// whole process as the kernel booked it, and what counts is the ratio within one run, since machines differ and drift.
//
//	caabench speed     what a name costs, as a multiple of raw exchanges and signatures (the table of make bench)
//	caabench memory    octets for each name in flight, a million and two million of them, and what the collector does
//	caabench limits    servers that drop or refuse above a limit that the scan is not told
//	caabench polite    limits and losses: what must hold whatever the servers do (make accept-polite)
//	caabench dnssec    names per CPU second with validation off, lazy and full
//	caabench zone      a zone file of 2 GB: names a second and memory of the reader (make bench-zone)
//	caabench rows      reports on scans of one, five and twenty million names (make bench-report)
//	caabench prime     zone files spare the servers of their zones: queries there, and the rows (make accept-prime)
//	caabench service   caascan serve under load for half a minute
//	caabench accept    the small Internet, faults and all, scanned twice and held against its truth
//	caabench impact    verdicts on what is stored against verdicts found live (make accept-impact)
//	caabench crash     scans ended at random moments and continued, held against one undisturbed (make accept-crash)
//
// The other commands are the parts that these start as processes: farm (package farm), serve, floor, bare, verify,
// zone-read, zone-write.
//
//	process.go    processes and what they took; scan.go a scan, and what its rows are worth
//	floor.go      raw exchanges; verify.go signatures
//	zonetext.go   the text of a zone; zone.go its reader
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

type cli struct {
	Speed     speedCmd     `cmd:"" help:"CPU for each name of a scan, as a multiple of the floor and of the signatures under it."`
	DNSSEC    dnssecCmd    `cmd:"" name:"dnssec" help:"Names per CPU second with validation off, lazy and full, in a signed world."`
	Memory    memoryCmd    `cmd:"" help:"Octets for each name in flight, a million and two million of them."`
	Limits    limitsCmd    `cmd:"" help:"Servers that drop or refuse what they get above a limit that the scan is not told."`
	Polite    politeCmd    `cmd:"" help:"What servers see of a scan: limits, known and unknown, and losses."`
	Accept    acceptCmd    `cmd:"" help:"Scan the small Internet twice with one seed: every line one right row, and the same rows."`
	Crash     crashCmd     `cmd:"" help:"Scans that are killed, told to end and out of disk, again and again, and continued: nothing lost, nothing doubled."`
	Prime     primeCmd     `cmd:"" help:"Scan the zone files of the small Internet, with and without what they say of delegations: the same rows, and nothing asked of the servers of these zones."`
	Rows      rowsCmd      `cmd:"" help:"What a report on millions of names takes."`
	Impact    impactCmd    `cmd:"" help:"Verdicts of caareport impact on a scan of the small Internet against those of caascan check, name by name."`
	Zone      zoneCmd      `cmd:"" help:"What reading a large zone file takes."`
	Service   serviceCmd   `cmd:"" help:"caascan serve under load: errors, latency, memory, malformed calls."`
	Serve     serveCmd     `cmd:"" help:"Run the servers of a small Internet until stdin ends."`
	Farm      farmCmd      `cmd:"" help:"Run the servers of a made-up world until stdin ends."`
	Bare      bareCmd      `cmd:"" help:"Scan without output: names, engine and resolver alone."`
	Floor     floorCmd     `cmd:"" help:"Send packets and read the replies, with no DNS logic."`
	S3        s3Cmd        `cmd:"" name:"s3" help:"Run an S3 server, with a proxy before it that makes faults, until stdin ends."`
	Verify    verifyCmd    `cmd:"" help:"Check signatures of P-256."`
	ZoneRead  zoneReadCmd  `cmd:"" name:"zone-read" help:"Read a zone file and say what that took."`
	ZoneWrite zoneWriteCmd `cmd:"" name:"zone-write" help:"Write a zone file."`
}

func main() {
	var app cli
	command := kong.Parse(&app, kong.Name("caabench"), kong.Description("Measure caascan against the floor under it."))
	if err := command.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "caabench: %v\n", err)
		os.Exit(1)
	}
}

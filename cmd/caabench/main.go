// Command caabench measures caascan against the floor under it: the same packets through the same batched sockets with
// no DNS logic. The servers of a small Internet run in a process of their own on one core, floor and scan take turns
// on another; every figure is CPU of a whole process as the kernel booked it, and what counts is the ratio within
// one run, since machines differ and drift.
//
//	caabench speed     CPU per exchange of a scan, beside the floor's; names a second
//	caabench dnssec    names per CPU second with validation off, lazy and full
//	caabench memory    octets for each name in flight
//	caabench accept    the small Internet, faults and all, scanned twice and held against its truth
//
// The other commands are the parts that these start as processes: serve, floor, bare.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

type cli struct {
	Speed  speedCmd  `cmd:"" help:"CPU per exchange of a scan beside the floor, and names a second."`
	DNSSEC dnssecCmd `cmd:"" name:"dnssec" help:"Names per CPU second with validation off, lazy and full, in a signed world."`
	Memory memoryCmd `cmd:"" help:"Octets for each name in flight, with servers that answer after five seconds."`
	Accept acceptCmd `cmd:"" help:"Scan the small Internet twice with one seed: every line one right row, and the same rows."`
	Serve  serveCmd  `cmd:"" help:"Run the servers of a small Internet until stdin ends."`
	Farm   farmCmd   `cmd:"" help:"Run the servers of a made-up world until stdin ends."`
	Bare   bareCmd   `cmd:"" help:"Scan without output: names, engine and resolver alone."`
	Floor  floorCmd  `cmd:"" help:"Send recorded packets and read the replies, with no DNS logic."`
}

func main() {
	var app cli
	command := kong.Parse(&app, kong.Name("caabench"), kong.Description("Measure caascan against the floor under it."))
	if err := command.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "caabench: %v\n", err)
		os.Exit(1)
	}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
)

// worldFlags say which small Internet.
type worldFlags struct {
	Names    int           `default:"200000" help:"Size of the small Internet, in names."`
	CAAShare float64       `name:"caa-share" default:"0.05" help:"Share of the names that publish CAA."`
	Delay    time.Duration `help:"How long the servers of leaf zones wait before they answer."`

	SignedOptOut float64 `help:"Share of the names below a top-level domain with opt-out that are signed; that and the next make the world a signed one."`
	SignedFull   float64 `help:"Share of the names below a top-level domain without opt-out that are signed."`
}

func (f *worldFlags) world() (*simnet.World, error) {
	return simnet.New(simnet.Config{Seed: 1, Names: f.Names, Plain: true, CAAShare: f.CAAShare, Delay: f.Delay,
		SignedOptOut: f.SignedOptOut, SignedFull: f.SignedFull, KeepSigned: f.keepSigned()})
}

// keepSigned is how many zones the servers keep the signatures of: all, with room to spare.
func (f *worldFlags) keepSigned() int {
	if f.SignedOptOut+f.SignedFull == 0 {
		return 0
	}
	return min(2*f.Names, simnet.MaxNames)
}

// serveCmd runs the servers.
type serveCmd struct {
	worldFlags
	Dir string `required:"" help:"Directory for hints and names."`
}

// Run serves until stdin ends. The first line on stdout is the port.
func (c *serveCmd) Run() error {
	world, err := c.world()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "root.hints"), world.RootHints(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "root.anchor"), []byte(world.TrustAnchor()), 0o644); err != nil {
		return err
	}
	names, err := os.Create(filepath.Join(c.Dir, "names.txt"))
	if err != nil {
		return err
	}
	list := bufio.NewWriter(names)
	for name := range world.Names() {
		fmt.Fprintln(list, name)
	}
	if err := list.Flush(); err != nil {
		return err
	}
	if err := names.Close(); err != nil {
		return err
	}
	server, err := world.Listen(0)
	if err != nil {
		return err
	}
	fmt.Println(server.Port())
	io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// bareCmd scans without output: names, engine and resolver alone. It is there for profiles.
type bareCmd struct {
	Dir      string `required:"" help:"Directory that caabench farm or serve wrote."`
	Port     uint16 `required:"" help:"Port of the servers."`
	Names    int    `default:"50000" help:"How many names to scan."`
	InFlight int    `default:"2000" help:"Names under way at once."`
	MX       bool   `help:"Look up mail servers too."`
}

// Run scans.
func (c *bareCmd) Run() error {
	hints, err := os.ReadFile(filepath.Join(c.Dir, "root.hints"))
	if err != nil {
		return err
	}
	roots, err := scanner.ReadHints(strings.NewReader(string(hints)), "root.hints")
	if err != nil {
		return err
	}
	reader, err := datasets.Open([]string{filepath.Join(c.Dir, "names.txt")}, datasets.Config{})
	if err != nil {
		return err
	}
	defer reader.Close()
	cfg := scanner.Config{
		Network: scanner.Network{
			Roots: roots, Port: c.Port, IPv4: true, SpecialUse: true, Timeout: 10 * time.Second, Retries: 3, MaxQueries: 64,
			Operator: datasets.DefaultSuffixes().Operator,
		},
		InFlight: c.InFlight, Loops: 1, Seed: 1,
	}
	if c.MX {
		cfg.With = scanner.MX
	}
	scan, err := scanner.New(cfg)
	if err != nil {
		return err
	}
	before, started := rusage(), time.Now()
	if err := scan.Run(context.Background(), &firstNames{reader, c.Names}, discard{}); err != nil {
		return err
	}
	return report(before, started, int(scan.Progress().Sent), 0)
}

// firstNames is the start of a source.
type firstNames struct {
	reader *datasets.Reader
	left   int
}

// Next implements scanner.Source.
func (f *firstNames) Next(ctx context.Context) ([]record.Target, error) {
	targets, err := f.reader.Next(ctx)
	if len(targets) >= f.left {
		return targets[:f.left], io.EOF
	}
	f.left -= len(targets)
	return targets, err
}

// discard is a scanner.Sink.
type discard struct{}

// Write implements scanner.Sink.
func (discard) Write([]*record.Record) error { return nil }

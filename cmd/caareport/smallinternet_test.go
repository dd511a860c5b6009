package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/simnet"
)

// smallInternet scans a small Internet with its names as a ranked list, and returns it and the directory of the scan.
func smallInternet(t *testing.T, seed uint64, names int) (*simnet.World, string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	world, err := simnet.New(simnet.Config{Seed: seed, Names: names, Validation: simnet.FullValidation})
	must(err)
	server, err := world.Listen(0)
	must(err)
	defer func() { must(server.Close()) }()
	roots, err := scanner.ReadHints(bytes.NewReader(world.RootHints()), "hints")
	must(err)
	anchors, err := scanner.ReadAnchors(strings.NewReader(world.TrustAnchor()), "anchor")
	must(err)
	var list strings.Builder
	for i := range world.Len() {
		fmt.Fprintf(&list, "%d,%s\n", i+1, world.Name(i))
	}
	reader, err := datasets.Open([]string{"-"}, datasets.Config{Stdin: strings.NewReader(list.String()), AllowSpecialUse: true})
	must(err)
	defer reader.Close()
	suffixes := datasets.DefaultSuffixes()
	scan, err := scanner.New(scanner.Config{
		Network: scanner.Network{
			Anchors: anchors, DNSSEC: scanner.Full, Roots: roots, Port: server.Port(), IPv4: true, SpecialUse: true,
			// Limits and patience, so that servers that sign on a busy machine are not taken for dead.
			Limits: ratelimit.Limits{PerServer: 50, PerOperator: 500}, Timeout: 5 * time.Second, Retries: 3, MaxQueries: 64, Operator: suffixes.Operator,
		},
		InFlight: 500, Loops: 2, With: scanner.MX, Seed: reader.Seed(),
	})
	must(err)
	dir := filepath.Join(t.TempDir(), "scan")
	writer, err := output.Create(dir, output.Config{
		ScanID: "small-internet", Version: "test", PSL: suffixes.Version(), Seed: reader.Seed(), Inputs: []output.Input{{Path: "stdin"}},
		Registrable: suffixes.Operator, Issuers: datasets.Registry{Issuers: datasets.DefaultIssuers()},
	})
	must(err)
	must(scan.Run(t.Context(), reader, writer))
	must(writer.NameServers(scan.NameServers()))
	must(writer.Close(output.Complete))
	return world, dir
}

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/caascan/caascan/cmd/command"
	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/simnet"
)

// demoCmd is the command demo.
type demoCmd struct {
	scanFlags

	Names      int           `default:"25000" help:"Size of the small Internet, in names of the list."`
	World      uint64        `default:"1" placeholder:"SEED" help:"Seed of the small Internet."`
	Out        string        `default:"scan-demo" placeholder:"DIR" help:"Directory of the dataset."`
	Serve      bool          `help:"Only run the servers, until interrupted, and write into the directory what a scan of them needs: hints, names, truth."`
	Polite     bool          `default:"true" negatable:"" help:"Keep the limits of a real scan."`
	SecondLook time.Duration `default:"1s" placeholder:"PAUSE" help:"As of a scan, where a pause is longer."`
	DNSSEC     string        `name:"dnssec" env:"CAASCAN_DNSSEC" enum:"off,lazy,full" default:"full" help:"What the scan validates."`
}

// Example implements command.Exampler.
func (*demoCmd) Example() string {
	return "caascan demo\n  caascan demo --serve --names 100000 --out world   # then scan it from another terminal"
}

// Run scans the small Internet, or only serves it.
func (c *demoCmd) Run(env *environ) error {
	if err := c.chooseTables(env); err != nil {
		return command.Usage(err)
	}
	world, err := simnet.New(simnet.Config{
		Seed: c.World, Names: c.Names, IPv6: hasRoute(nil, netip.Addr.Is6, "::1"),
		Validation: map[string]simnet.Validation{"off": simnet.NoValidation, "lazy": simnet.LazyValidation, "full": simnet.FullValidation}[c.DNSSEC],
	})
	if err != nil {
		return command.Usage(err)
	}
	server, err := world.Listen(0)
	if err != nil {
		return command.Usage(fmt.Errorf("servers of the small internet: %w", err))
	}
	if c.Serve {
		err = c.serve(env, world, server)
	} else {
		err = c.scan(env, world, server)
	}
	return errors.Join(err, server.Close())
}

// serve runs the servers until a signal comes.
func (c *demoCmd) serve(env *environ, world *simnet.World, server *simnet.Server) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return command.Usage(err)
	}
	files := map[string]func(io.Writer) error{
		"root.hints":  func(w io.Writer) error { _, err := w.Write(world.RootHints()); return err },
		"names.txt":   func(w io.Writer) error { _, err := io.Copy(w, &nameList{world: world}); return err },
		"root.anchor": func(w io.Writer) error { _, err := io.WriteString(w, world.TrustAnchor()); return err },
		"truth.jsonl": world.WriteTruth,
	}
	for name, write := range files {
		if err := writeFile(filepath.Join(c.Out, name), write); err != nil {
			return command.Usage(err)
		}
	}
	fmt.Fprintf(env.stdout, "caascan scan %s --out scan --root-hints %s --trust-anchor %s --server-port %d --allow-special-use\n",
		filepath.Join(c.Out, "names.txt"), filepath.Join(c.Out, "root.hints"), filepath.Join(c.Out, "root.anchor"), server.Port())
	ctx, stop := signal.NotifyContext(env.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return nil
}

// nameList reads the names of a world, one a line.
type nameList struct {
	world  *simnet.World
	ranked bool // each behind its rank and a comma, as in top lists
	next   int
	line   []byte // what is left of the line under way
}

// Read implements io.Reader.
func (l *nameList) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(l.line) == 0 {
			if l.next == l.world.Len() {
				if n == 0 {
					return 0, io.EOF
				}
				return n, nil
			}
			if l.next++; l.ranked {
				l.line = append(strconv.AppendInt(l.line, int64(l.next), 10), ',')
			}
			l.line = append(append(l.line, l.world.Name(l.next-1)...), '\n')
		}
		copied := copy(p[n:], l.line)
		l.line = l.line[copied:]
		n += copied
	}
	return n, nil
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}

// scan scans the whole world and prints the score.
func (c *demoCmd) scan(env *environ, world *simnet.World, server *simnet.Server) error {
	roots, err := scanner.ReadHints(strings.NewReader(string(world.RootHints())), "hints of the small internet")
	if err != nil {
		return err
	}
	anchors, err := scanner.ReadAnchors(strings.NewReader(world.TrustAnchor()), "trust anchor of the small internet")
	if err != nil {
		return err
	}
	network := scanner.Network{
		Anchors: anchors, DNSSEC: dnssecModes[c.DNSSEC],
		Roots: roots, Port: server.Port(), IPv4: true, IPv6: world.Config().IPv6, SpecialUse: true,
		Timeout: 2 * time.Second, Retries: 3, MaxQueries: 64, Operator: datasets.DefaultSuffixes().Operator,
	}
	if c.Polite {
		network.Limits = ratelimit.Limits{PerServer: 50, PerOperator: 500}
	}
	reader, err := datasets.Open([]string{"-"}, datasets.Config{Stdin: &nameList{world: world, ranked: true}, Seed: c.Seed, AllowSpecialUse: true})
	if err != nil {
		return err
	}
	defer reader.Close()
	c.pause = c.SecondLook
	scan, err := c.newScan(env, network, reader.Seed(), nil)
	if err != nil {
		return command.Usage(err)
	}
	cfg := c.outputConfig(reader.Seed())
	cfg.Issuers = datasets.Registry{Issuers: datasets.DefaultIssuers()}
	conduct := maps.Clone(env.flags)
	conduct["rate-per-server"], conduct["rate-per-operator"] = network.Limits.PerServer, network.Limits.PerOperator
	cfg.Scan, cfg.Restart = conduct, true
	writer, err := output.Create(c.Out, cfg)
	if err != nil {
		return command.Usage(err)
	}
	sink := &lockedSink{sink: writer, writer: writer, dir: onDisk(c.Out)}
	score := newScore(world, output.NewEncoder(cfg), sink)
	started := time.Now()
	if err := c.run(env, scan, &source{reader: reader, names: int64(world.Len())}, sink, score, stopSignals); err != nil {
		return err
	}
	if err := score.print(env.stdout); err != nil {
		return err
	}
	peak, limited := pressure(server)
	fmt.Fprintf(env.stdout, "\nPoliteness: no server read more than %d queries within a second (one busy with signing reads late what came evenly); %d queries met a server's own limit\n", peak, limited)
	fmt.Fprintf(env.stdout, "\n%d names in %v; dataset in %s: try\n  duckdb -c \"SELECT smime_posture, count(*) FROM '%s/domains/*.parquet' GROUP BY 1\"\n",
		world.Len(), time.Since(started).Round(100*time.Millisecond), c.Out, c.Out)
	if score.right != world.Len() {
		return command.Exit{Code: exitNo, Err: fmt.Errorf("%d of %d names are not right", world.Len()-score.right, world.Len())}
	}
	return nil
}

// pressure returns the most queries that any server of the small Internet saw within a second, and how many queries
// were too many for servers that have a limit of their own.
func pressure(server *simnet.Server) (peak int, limited uint64) {
	for _, s := range server.Stats() {
		peak = max(peak, s.Peak)
		limited += s.Limited
	}
	return peak, limited
}

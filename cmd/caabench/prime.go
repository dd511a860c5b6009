package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/simnet"
)

// primeCmd scans the names of all zone files of the small Internet, with and without what these say of delegations.
type primeCmd struct {
	Caascan string `default:"bin/caascan" help:"The binary to use."`
	Names   int    `default:"25000" help:"Size of the small Internet, in names."`
	Seed    uint64 `default:"7" help:"Seed of both scans."`
}

// servedWithParent are public suffixes of the small Internet whose servers are those of the top-level domain, which never
// refer anybody there: only the zone file tells of the zone cut. Their rows say so.
var servedWithParent = map[string]bool{"co.uk": true, "com.br": true}

// Run prints what it finds, and fails unless the primed scan asks the servers of the zones nothing and has the same rows.
func (c *primeCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world, err := simnet.New(simnet.Config{Seed: 1, Names: c.Names})
	if err != nil {
		return err
	}
	server, err := world.Listen(0)
	if err != nil {
		return err
	}
	defer server.Close()
	started := time.Now()
	args, err := c.files(dir, world)
	if err != nil {
		return err
	}
	args = append(args, "--server-port", strconv.Itoa(int(server.Port())), "--allow-special-use", "--ipv4-only", "--quiet",
		"--format", "jsonl", "--seed", strconv.FormatUint(c.Seed, 10))
	fmt.Printf("%d zone files of a small Internet of %d names, written in %v\n", len(world.Registries()), c.Names, time.Since(started).Round(time.Second))
	var runs [2]map[string]string
	var toRegistries [2]uint64
	for i, more := range [][]string{nil, {"--no-prime"}} {
		before, all := queriesOf(server)
		out := filepath.Join(dir, "scan"+strconv.Itoa(i))
		started := time.Now()
		cmd := exec.Command(c.Caascan, append(append(append([]string{"scan"}, args...), "--out", out), more...)...)
		if message, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("scan: %w: %s", err, message)
		}
		if runs[i], err = stableRows(out); err != nil {
			return err
		}
		after, allAfter := queriesOf(server)
		toRegistries[i] = after - before
		fmt.Printf("%-12s %d rows in %v; %d queries at all servers, %d of them at those of the zones of the files\n",
			append(more, "primed")[0], len(runs[i]), time.Since(started).Round(time.Second), allAfter-all, toRegistries[i])
	}
	different := 0
	for name, row := range runs[0] {
		if other := runs[1][name]; other != row && !servedWithParent[name] {
			if different++; different <= 3 {
				fmt.Printf("differs: %s\n%s", name, differences(row, other))
			}
		}
	}
	fmt.Printf("rows that differ, times, servers and cost apart: %d (co.uk and com.br aside, which are served by the servers above them)\n", different)
	switch {
	case toRegistries[0] > 0 || toRegistries[1] == 0:
		return errors.New("the servers of the zones were asked")
	case different > 0 || len(runs[0]) != len(runs[1]) || len(runs[0]) == 0:
		return errors.New("the rows are not the same")
	}
	return nil
}

// differences returns the columns in which two rows differ, both in JSON.
func differences(a, b string) string {
	var of [2]map[string]json.RawMessage
	for i, text := range []string{a, b} {
		if err := json.Unmarshal([]byte(cmp.Or(text, "{}")), &of[i]); err != nil {
			return err.Error()
		}
	}
	columns := maps.Clone(of[0])
	maps.Copy(columns, of[1])
	var out strings.Builder
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		if string(of[0][column]) != string(of[1][column]) {
			fmt.Fprintf(&out, "  %s: %s, and %s\n", column, of[0][column], of[1][column])
		}
	}
	return out.String()
}

// files writes what a scan of the world needs, and returns its arguments.
func (c *primeCmd) files(dir string, world *simnet.World) (args []string, err error) {
	write := func(name string, to func(io.Writer) error) string {
		path := filepath.Join(dir, name)
		file, failed := os.Create(path)
		if failed == nil {
			failed = errors.Join(to(file), file.Close())
		}
		err = errors.Join(err, failed)
		return path
	}
	text := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	args = []string{"--root-hints", write("root.hints", text(string(world.RootHints()))), "--trust-anchor", write("root.anchor", text(world.TrustAnchor()))}
	for _, apex := range world.Registries() {
		args = append(args, write(apex+".zone", func(w io.Writer) error { return world.WriteZone(w, apex) }))
	}
	return args, err
}

// queriesOf counts the queries that the servers of top-level domains have had, and those of all servers.
func queriesOf(server *simnet.Server) (registries, all uint64) {
	for _, s := range server.Stats() {
		if all += s.Queries; strings.HasPrefix(s.Operator, "nic.") {
			registries += s.Queries
		}
	}
	return registries, all
}

// stableRows reads the rows of a scan by name, without what may differ between two runs.
func stableRows(out string) (map[string]string, error) {
	parts, err := filepath.Glob(filepath.Join(out, "domains", "*.jsonl"))
	if err != nil || len(parts) == 0 {
		return nil, fmt.Errorf("no parts of domains: %w", err)
	}
	rows := map[string]string{}
	for _, part := range parts {
		err := eachRow(part, func(r row) error {
			name := r["query_name"].(string)
			if _, twice := rows[name]; twice {
				return fmt.Errorf("%s has two rows", name)
			}
			text, err := r.stable()
			rows[name] = text
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/simnet"
)

// whoWasAsked are the columns that depend on who was asked, when, and at what cost.
var whoWasAsked = []string{
	"scan_id", "timestamp", "first_query_at", "last_query_at", "rtt_us", "queue_wait_us", "resolver", "resolver_name",
	"protocol", "query_count", "retry_count", "tcp_count", "sig_checks", "caa_bytes", "caa_truncated",
}

var whoWasAskedOfLevel = []string{"server", "attempts", "ttl", "rtt_us"}

// TestPrimedScan: a scan of all zone files of the small Internet sends the servers of their zones nothing, and finds what one
// finds that asks them.
func TestPrimedScan(t *testing.T) {
	t.Parallel()
	world, err := simnet.New(simnet.Config{Seed: 3, Names: 1500})
	if err != nil {
		t.Fatal(err)
	}
	server, err := world.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, to func(io.Writer) error) string {
		path := filepath.Join(dir, name)
		if err := writeFile(path, to); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"scan", "--root-hints", write("hints", func(w io.Writer) error { _, err := w.Write(world.RootHints()); return err }),
		"--trust-anchor", write("anchor", func(w io.Writer) error { _, err := io.WriteString(w, world.TrustAnchor()); return err }),
		"--server-port", strconv.Itoa(int(server.Port())), "--allow-special-use", "--format", "jsonl", "--quiet", "--ipv4-only", "--second-look", "0"}
	for _, apex := range world.Registries() {
		args = append(args, write(apex+".zone", func(w io.Writer) error { return world.WriteZone(w, apex) }))
	}
	scan := func(out string, more ...string) (map[string]map[string]any, output.Manifest, uint64) {
		before := registryQueries(server)
		out = filepath.Join(dir, out)
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(append(slices.Clone(args), "--out", out), more...), strings.NewReader(""), &stdout, &stderr); code != exitDone {
			t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
		}
		content, err := os.ReadFile(filepath.Join(out, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var m output.Manifest
		if err := json.Unmarshal(content, &m); err != nil {
			t.Fatal(err)
		}
		return scanRows(t, out), m, registryQueries(server) - before
	}
	primed, manifest, asked := scan("primed")
	plain, unprimed, askedPlain := scan("plain", "--no-prime")
	t.Logf("%d names; queries to the servers of the registries: %d primed, %d not", len(primed), asked, askedPlain)
	if asked != 0 {
		t.Errorf("%d queries to the servers of the zones", asked)
	}
	if askedPlain == 0 || len(primed) == 0 || len(primed) != len(plain) {
		t.Errorf("%d and %d rows, %d queries without zone files", len(primed), len(plain), askedPlain)
	}
	for i, in := range manifest.Inputs {
		if !in.Primed || len(in.Zones) != 1 || in.Zones[0].Serial == 0 || unprimed.Inputs[i].Primed {
			t.Errorf("manifest: %+v, and without: %+v", in, unprimed.Inputs[i])
		}
	}
	for name, row := range primed {
		if name == "co.uk" || name == "com.br" { // served by the servers of uk and br, which never say that it is delegated
			continue
		}
		for column, value := range row {
			if other := plain[name][column]; value != other {
				t.Errorf("%s: %s: %v, without zone files %v", name, column, value, other)
			}
		}
		if len(plain[name]) != len(row) {
			t.Errorf("%s: %v\nwithout zone files %v", name, row, plain[name])
		}
	}
}

// registryQueries counts the queries that the servers of top-level domains have had.
func registryQueries(server *simnet.Server) (n uint64) {
	for _, s := range server.Stats() {
		if strings.HasPrefix(s.Operator, "nic.") {
			n += s.Queries
		}
	}
	return n
}

// scanRows reads the rows of a dataset by name, each column as JSON, without those that depend on who was asked.
func scanRows(t *testing.T, dir string) map[string]map[string]any {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, "domains", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]any{}
	for _, part := range parts {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(content) {
			var row map[string]any
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatal(err)
			}
			for _, column := range whoWasAsked {
				delete(row, column)
			}
			for _, level := range row["climb"].([]any) {
				for _, column := range whoWasAskedOfLevel {
					delete(level.(map[string]any), column)
				}
			}
			name := row["query_name"].(string)
			for column, value := range row {
				text, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				row[column] = string(text)
			}
			rows[name] = row
		}
	}
	return rows
}

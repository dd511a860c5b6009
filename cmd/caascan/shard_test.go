package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/simnet"
)

// smallInternet serves a small Internet for as long as the test runs. It returns its names and the flags of a scan of it.
func smallInternet(t *testing.T, names int) (list []string, flags []string) {
	t.Helper()
	world, err := simnet.New(simnet.Config{Seed: 1, Names: names, IPv6: hasRoute(nil, netip.Addr.Is6, "::1"), Validation: simnet.FullValidation})
	if err != nil {
		t.Fatal(err)
	}
	server, err := world.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range world.Len() {
		list = append(list, world.Name(i))
	}
	dir := t.TempDir()
	hints, anchor := filepath.Join(dir, "root.hints"), filepath.Join(dir, "root.anchor")
	for path, content := range map[string][]byte{hints: world.RootHints(), anchor: []byte(world.TrustAnchor())} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return list, []string{"--root-hints", hints, "--trust-anchor", anchor, "--server-port", fmt.Sprint(server.Port()), "--allow-special-use",
		"--rate-per-server", "1000", "--rate-per-operator", "10000", "--quiet"}
}

// TestShards: three machines scan what one scans alone, each line once, and each says how much it left to the others.
func TestShards(t *testing.T) {
	t.Parallel()
	names, flags := smallInternet(t, 400)
	var content strings.Builder
	for i, name := range names {
		form := []string{"%s", "*.%s", "postmaster@%s", "www.%s", "https://%s/", "%s"}[i%6]
		fmt.Fprintf(&content, form+"\n", name)
		if i%50 == 0 {
			fmt.Fprintf(&content, "192.0.2.%d\n# %s\n", i/50, name)
		}
	}
	path := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(path, []byte(content.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := int64(strings.Count(content.String(), "\n"))
	const comments, rejects = 8, 8

	shards := []string{"1/1", "1/3", "2/3", "3/3"}
	var scans sync.WaitGroup
	manifests := make([]output.Manifest, len(shards))
	rows := make([]map[float64]map[string]any, len(shards))
	for i, shard := range shards {
		scans.Go(func() { manifests[i], rows[i] = scanShard(t, path, shard, flags) })
	}
	scans.Wait()
	if t.Failed() {
		return
	}
	union := map[float64]map[string]any{}
	domains := map[string]string{}
	for i, shard := range shards[1:] {
		m := manifests[i+1]
		if in := m.Inputs[0]; in.Lines != lines || in.Elsewhere == 0 || m.Totals.Lines+in.Elsewhere+comments != lines {
			t.Errorf("--shard %s: %d lines of %d, %d elsewhere, %d here", shard, in.Lines, lines, in.Elsewhere, m.Totals.Lines)
		}
		if flags := m.Config.(map[string]any); flags["shard"] != shard || m.State != output.Complete {
			t.Errorf("--shard %s: manifest has %v, state %s", shard, flags["shard"], m.State)
		}
		if want := map[string]int64{"1/3": rejects}[shard]; m.Totals.Rejects != want {
			t.Errorf("--shard %s: %d rejects, want %d", shard, m.Totals.Rejects, want)
		}
		for line, row := range rows[i+1] {
			if union[line] != nil {
				t.Errorf("line %v is in two shards", line)
			}
			union[line] = row
			domain := row["registrable_domain"].(string)
			if domains[domain] != "" && domains[domain] != shard {
				t.Errorf("%s is in the shards %s and %s", domain, domains[domain], shard)
			}
			domains[domain] = shard
		}
	}
	if m := manifests[0]; m.Totals.Rejects != rejects || m.Totals.Rows != int64(len(names)) || m.Inputs[0].Elsewhere != 0 {
		t.Errorf("the whole: %+v, %+v", m.Totals, m.Inputs)
	}
	if diff := gocmp.Diff(rows[0], union); diff != "" {
		t.Errorf("the rows of the shards are not those of the whole:\n%s", diff)
	}
}

// scanShard scans a shard and returns its rows by their line, without what may differ between two runs.
func scanShard(t *testing.T, path, shard string, flags []string) (m output.Manifest, rows map[float64]map[string]any) {
	out := filepath.Join(t.TempDir(), strings.ReplaceAll(shard, "/", "-"))
	args := append([]string{"scan", path, "--out", out, "--shard", shard, "--format", "jsonl"}, flags...)
	if code, _, stderr := caascan(t, "", args...); code != exitDone {
		t.Errorf("--shard %s: exit code %d, %s", shard, code, stderr)
		return m, nil
	}
	content, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	if err != nil {
		t.Error(err)
	}
	rows = map[float64]map[string]any{}
	parts, err := filepath.Glob(filepath.Join(out, "domains", "*.jsonl*"))
	if err != nil || len(parts) == 0 {
		t.Errorf("--shard %s: no part of domains", shard)
	}
	for _, part := range parts {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(string(content)) {
			var row map[string]any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Error(err)
				return m, rows
			}
			at := row["input_line"].(float64)
			rows[at] = stable(row)
		}
	}
	return m, rows
}

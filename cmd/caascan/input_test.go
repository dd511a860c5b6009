package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/simnet"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"0": 0, "1000": 1000, "1k": 1 << 10, "256MB": 256 << 20, " 4 gb ": 4 << 30, "2T": 2 << 40, "7b": 7} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MB", "-1", "1.5GB", "1 PB", "9999999999TB", "0x10", "1e3"} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

// TestInputs: several inputs of different forms in one scan keep their sources; names that come again are folded and
// counted, and every line is accounted for.
func TestInputs(t *testing.T) {
	t.Parallel()
	world, err := simnet.New(simnet.Config{Seed: 5, Names: 40, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	server, err := world.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table, lines, certificates := "id,owner,host\n", "", ""
	for i := range 10 {
		table += fmt.Sprintf("%d,somebody,%s\n", i, world.Name(i))
		lines += fmt.Sprintf("{\"owner\":\"x.example\",\"host\":%q}\n", world.Name(10+i))
		certificates += fmt.Sprintf("*.%s\n%s\nwww.%s\n", world.Name(20+i), world.Name(20+i), world.Name(20+i))
	}
	out := filepath.Join(dir, "out")
	args := []string{"scan", write("table.csv", table), write("fdns.json", lines), "--column", "host", "--fold", "--out", out}
	common := []string{"--root-hints", write("hints", string(world.RootHints())), "--trust-anchor", write("none", ""), "--server-port", strconv.Itoa(int(server.Port())),
		"--allow-special-use", "--ipv4-only", "--quiet", "--format", "jsonl"}
	manifest := func(dir string, args []string) (m output.Manifest) {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, common...), strings.NewReader(""), &stdout, &stderr); code != exitDone {
			t.Fatalf("%v: exit code %d\n%s%s", args, code, &stdout, &stderr)
		}
		content, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err == nil {
			err = json.Unmarshal(content, &m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := manifest(out, args)
	if m.Totals.Rows != 20 || len(m.Inputs) != 2 || m.Inputs[0].Folded != 0 || m.Inputs[0].Lines != 11 || m.Inputs[1].Lines != 10 {
		t.Errorf("columns: %d rows of %+v", m.Totals.Rows, m.Inputs)
	}
	for name, row := range scanRows(t, out) {
		want := `"table.csv"`
		if strings.Contains(lines, name) {
			want = `"fdns.json"`
		}
		if row["source_list"] != want {
			t.Errorf("%s is from %s, want %s", name, row["source_list"], want)
		}
	}
	out = filepath.Join(dir, "folded")
	list := write("certificates", certificates)
	m = manifest(out, []string{"scan", list, list, "--fold", "--out", out})
	if m.Totals.Rows != 20 || m.Inputs[0].Folded != 10 || m.Inputs[1].Folded != 30 {
		t.Errorf("folded: %d rows of %+v", m.Totals.Rows, m.Inputs)
	}
	want := []int{exitStopped, exitUsage, exitUsage, exitUsage, exitUsage} // what columns a file has shows when it is read
	for i, wrong := range [][]string{{"--column", "nothing"}, {"--column", "host", "--input-format", "zone"}, {"--origin", "a..b"}, {"--fold-memory", "much"}, {"--input-format", "columns"}} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(append([]string{"scan", args[1], "--out", filepath.Join(dir, "wrong")}, wrong...), common...), strings.NewReader(""), &stdout, &stderr); code != want[i] || stderr.Len() == 0 {
			t.Errorf("%v: exit code %d, %s", wrong, code, &stderr)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/caascan/caascan/cmd/caabench/farm"
)

// scanFlags are the binary that is measured, and what else its runs are told.
type scanFlags struct {
	Caascan  string   `default:"bin/caascan" help:"The binary to measure."`
	ScanFlag []string `placeholder:"FLAG" sep:"none" help:"A further flag for each scan, such as --scan-flag=--retries=5 (repeatable)."`
}

// scanStatus is what is read of caascan's last status line.
type scanStatus struct {
	Rows    int     `json:"rows"`
	Failed  int     `json:"failed"`
	Queries int     `json:"queries"`
	Checks  int     `json:"checks"`
	Drops   int     `json:"kernel_drops"`
	Elapsed float64 `json:"elapsed_s"`
}

// unlimited are the flags of a scan that measures speed: no limit, and no slow start where there is one.
func (f *scanFlags) unlimited() []string {
	flags := []string{"--rate-per-server", "0", "--rate-per-operator", "0"}
	for _, newer := range []string{"--rate-start", "--rate-per-tld", "--rate-per-root"} {
		if f.knows(newer) {
			flags = append(flags, newer, "0")
		}
	}
	return flags
}

var helpText sync.Map // of each binary

// knows reports whether the binary has a flag.
func (f *scanFlags) knows(flag string) bool {
	text, ok := helpText.Load(f.Caascan)
	if !ok {
		out, err := onCore(anyCore, f.Caascan, "scan", "--help")
		if err != nil {
			return false // the scan will say why
		}
		text, _ = helpText.LoadOrStore(f.Caascan, string(out.stdout))
	}
	return strings.Contains(text.(string), flag)
}

// scan scans all names of a world and returns where the rows are. environ is added to the environment.
func (f *scanFlags) scan(s *server, core int, environ []string, flags ...string) (result, scanStatus, string, error) {
	out := filepath.Join(s.dir, "scan")
	if err := os.RemoveAll(out); err != nil {
		return result{}, scanStatus{}, "", err
	}
	if f.knows("--second-look") { // the farm's answers do not change, and what fails in a run is what the run is about
		flags = append(flags, "--second-look", "0")
	}
	command := []string{f.Caascan, "scan", filepath.Join(s.dir, farm.NamesFile), "--out", out,
		"--root-hints", filepath.Join(s.dir, farm.HintsFile), "--trust-anchor", filepath.Join(s.dir, farm.AnchorFile),
		"--server-port", s.port, "--allow-special-use", "--ipv4-only"}
	r, err := onCoreWith(core, environ, append(append(command, flags...), f.ScanFlag...)...)
	if err != nil {
		return r, scanStatus{}, "", err
	}
	var status scanStatus
	for _, line := range bytes.Split(r.stderr, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("{")) {
			if err := json.Unmarshal(line, &status); err != nil {
				return r, status, "", fmt.Errorf("status: %w", err)
			}
		}
	}
	return r, status, out, nil
}

// tally is what the rows of a scan are worth.
type tally struct {
	rows       int
	right      int
	unanswered int // they say that the name could not be asked
	wrong      int // they say what is not so
	queries    int // as the rows count them
	retries    int
	checked    bool // secure or insecure, as they must be, was looked at
}

// lost is how many of the names have no row.
func (t *tally) lost(names int) int { return names - t.rows }

// scanRow is what is read of a row of the table domains.
type scanRow struct {
	QueryName string `parquet:"query_name"`
	Status    string `parquet:"caa_status,optional"`
	TLS       string `parquet:"tls_posture,optional"`
	Wildcard  string `parquet:"tls_wild_posture,optional"`
	Security  string `parquet:"dnssec_status,optional"`
	Queries   int16  `parquet:"query_count"`
	Retries   int16  `parquet:"retry_count"`
}

// checkRows reads all rows of a scan and holds them against the truth. Those of names that are not in the world, or have
// a row already, are wrong. With validated, the state of DNSSEC must be right too.
func checkRows(out string, world *farm.World, validated bool) (t tally, err error) {
	seen := make([]bool, world.Config().Names)
	t.checked = validated
	err = eachPart(out, func(file *os.File) error {
		reader := parquet.NewGenericReader[scanRow](file)
		defer reader.Close()
		rows := make([]scanRow, 1024)
		for {
			n, err := reader.Read(rows)
			for i := range rows[:n] {
				t.count(&rows[i], world, seen)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return t, err
}

func (t *tally) count(row *scanRow, world *farm.World, seen []bool) {
	t.queries += int(row.Queries)
	t.retries += int(row.Retries)
	number, ok := world.Number(row.QueryName)
	if !ok || seen[number] {
		t.wrong++
		return
	}
	seen[number] = true
	t.rows++
	truth, security := world.Truth(number), "insecure"
	if truth.Secure {
		security = "secure"
	}
	switch {
	case row.Status == "error":
		t.unanswered++
	case row.TLS != truth.Posture || row.Wildcard != truth.Wildcard || t.checked && row.Security != security:
		t.wrong++
	default:
		t.right++
	}
}

// countRows returns how many rows a scan wrote, as the files' footers say.
func countRows(out string) (rows int, err error) {
	err = eachPart(out, func(file *os.File) error {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		part, err := parquet.OpenFile(file, info.Size())
		if err != nil {
			return err
		}
		rows += int(part.NumRows())
		return nil
	})
	return rows, err
}

// eachPart calls visit with every part of the table domains.
func eachPart(out string, visit func(*os.File) error) error {
	parts, err := filepath.Glob(filepath.Join(out, "domains", "*.parquet"))
	if err != nil || len(parts) == 0 {
		return fmt.Errorf("no parts of domains in %s: %w", out, err)
	}
	for _, path := range parts {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		err = visit(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// verdict says if a target was met.
func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

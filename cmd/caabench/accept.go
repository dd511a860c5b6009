package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// acceptCmd scans the whole small Internet, faults and all, twice with one seed.
type acceptCmd struct {
	Caascan string `default:"bin/caascan" help:"The binary to use."`
	Names   int    `default:"100000" help:"Size of the small Internet, in names."`
	Seed    uint64 `default:"7" help:"Seed of both scans."`
	DNSSEC  string `name:"dnssec" enum:"off,lazy,full" default:"full" help:"What the scans validate."`
}

// row is a row of the table domains as JSON.
type row map[string]any

// volatile are the columns that may differ between two runs: times, servers, and what depends on which server was asked.
var volatile = []string{
	"scan_id", "timestamp", "first_query_at", "last_query_at", "rtt_us", "queue_wait_us", "resolver", "resolver_name",
	"protocol", "query_count", "retry_count", "tcp_count", "caa_bytes", "caa_truncated",
	"looks", "first_look_at", "first_look_status", "first_look_attempts", // a second look is had where packets were lost
}

// volatileInLevel are those of a level of the climb. A denial that a proven span answered has what is left of the TTL,
// and which names find one depends on who came first (RFC 8198).
var volatileInLevel = []string{"server", "attempts", "ttl"}

// Run prints what it finds and fails unless everything is right.
func (c *acceptCmd) Run() error {
	dir, err := os.MkdirTemp("", "caabench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scanArgs, stop, err := c.serve(dir)
	if err != nil {
		return err
	}
	defer stop()
	var runs [2]map[string]string
	for i := range runs {
		out := filepath.Join(dir, "scan"+strconv.Itoa(i))
		args := append([]string{"scan"}, scanArgs...)
		args = append(args, "--out", out, "--format", "jsonl", "--seed", strconv.FormatUint(c.Seed, 10), "--dnssec", c.DNSSEC, "--second-look", "0")
		started := time.Now()
		cmd := exec.Command(c.Caascan, args...)
		if message, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("scan: %w: %s", err, message)
		}
		runs[i] = map[string]string{}
		wrong, err := c.check(dir, out, runs[i])
		if err != nil {
			return err
		}
		fmt.Printf("run %d, --dnssec "+c.DNSSEC+": %d lines of input, %d rows, %d of them right, in %v\n", i+1, c.Names, len(runs[i]), len(runs[i])-wrong,
			time.Since(started).Round(time.Second))
		if len(runs[i]) != c.Names || wrong > 0 {
			return errors.New("not every line has exactly one right row")
		}
	}
	different := 0
	for name, row := range runs[0] {
		if other := runs[1][name]; other != row {
			if different++; different <= 3 {
				fmt.Printf("differs: %s\n  %s\n  %s\n", name, row, other)
			}
		}
	}
	fmt.Printf("rows that differ between the runs, times, servers and cost apart: %d\n", different)
	if different > 0 {
		return errors.New("two runs with one seed differ")
	}
	return nil
}

// serve starts the small Internet and returns the arguments of a scan of it.
func (c *acceptCmd) serve(dir string) (scanArgs []string, stop func(), err error) {
	cmd := exec.Command(c.Caascan, "demo", "--serve", "--names", strconv.Itoa(c.Names), "--dnssec", c.DNSSEC, "--out", dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait() // how it ended is of no interest any more
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, errors.New("the servers did not start")
	}
	words := strings.Fields(line) // caascan scan NAMES --out scan FLAGS...
	return append(words[2:3:3], words[5:]...), stop, nil
}

// check reads the rows of a scan, holds them against the truth, and returns how many are wrong. rows gets the stable part
// of each.
func (c *acceptCmd) check(dir, out string, rows map[string]string) (wrong int, err error) {
	truth := map[string]row{}
	if err := eachRow(filepath.Join(dir, "truth.jsonl"), func(r row) error {
		truth[r["name"].(string)] = r
		return nil
	}); err != nil {
		return 0, err
	}
	parts, err := filepath.Glob(filepath.Join(out, "domains", "*.jsonl"))
	if err != nil || len(parts) == 0 {
		return 0, fmt.Errorf("no parts of domains: %w", err)
	}
	for _, part := range parts {
		err := eachRow(part, func(r row) error {
			name := r["query_name"].(string)
			if _, twice := rows[name]; twice {
				return fmt.Errorf("%s has two rows", name)
			}
			if !agrees(r, truth[name]) {
				if wrong++; wrong <= 3 {
					fmt.Printf("wrong: %v\n  should be %v\n", r, truth[name])
				}
			}
			stable, err := r.stable()
			rows[name] = stable
			return err
		})
		if err != nil {
			return wrong, err
		}
	}
	return wrong, nil
}

// stable returns the columns of a row that do not depend on when and whom it was asked, as JSON.
func (r row) stable() (string, error) {
	for _, key := range volatile {
		delete(r, key)
	}
	for _, level := range r["climb"].([]any) {
		for _, key := range volatileInLevel {
			delete(level.(map[string]any), key)
		}
	}
	text, err := json.Marshal(r) // keys in order
	return string(text), err
}

// agrees reports whether a row has what the truth says. A column that is missing is NULL, which the truth writes as "".
func agrees(r, truth row) bool {
	if truth == nil {
		return false
	}
	failure := any("")
	if r["caa_status"] == "error" {
		failure = failureOf(r["climb"].([]any))
	}
	relevant, ok := r["caa_name"]
	if !ok {
		relevant = ""
	}
	return r["tls_posture"] == truth["posture_tls"] && r["tls_wild_posture"] == truth["posture_tls_wildcard"] &&
		r["smime_posture"] == truth["posture_smime"] && r["vmc_posture"] == truth["posture_vmc"] &&
		relevant == truth["relevant_name"] && failure == truth["failure"] &&
		r["mx_status"] == truth["mx_status"] && r["email_capable"] == truth["email_capable"] &&
		r["dnssec_status"] == truth["dnssec_status"] &&
		(truth["dnssec_reason"] == "" || r["dnssec_reason"] == truth["dnssec_reason"])
}

// failureOf returns the outcome of the first level that failed; the climb goes on above it.
func failureOf(climb []any) any {
	for _, level := range climb {
		if outcome := level.(map[string]any)["outcome"]; outcome != "nodata" && outcome != "nxdomain" {
			return outcome
		}
	}
	return ""
}

// eachRow calls visit with every line of a file of JSON lines.
func eachRow(path string, visit func(row) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(file, 1<<20))
	for {
		var r row
		switch err := decoder.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := visit(r); err != nil {
			return err
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// typeAnswer is a line of caascan lookup --type T --json (design/cli.md).
type typeAnswer struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	RCode    string   `json:"rcode"`
	Security string   `json:"security"`
	Reason   string   `json:"reason"`
	Answers  []string `json:"answers"`
	Error    string   `json:"error"`
}

const (
	perRun     = 500              // names for one run of caascan
	runWithin  = 90 * time.Second // for one run
	stopInTime = 5 * time.Second
)

// askCaascan runs the binary once for each type, or more often where there are many names.
func (w *world) askCaascan(ctx context.Context, binary string, questions []question) ([]answer, error) {
	byType := map[string][]int{}
	for i, q := range questions {
		typ := dns.Type(q.typ).String()
		byType[typ] = append(byType[typ], i)
	}
	answers := make([]answer, len(questions))
	for _, typ := range sorted(byType) {
		for part := range slices.Chunk(byType[typ], perRun) {
			names := make([]string, len(part))
			for i, place := range part {
				names[i] = questions[place].name
			}
			lines, err := w.lookup(ctx, binary, typ, names)
			if err != nil {
				return nil, fmt.Errorf("caascan lookup --type %s: %w", typ, err)
			}
			for i, place := range part {
				if answers[place], err = lines[i].answer(); err != nil {
					return nil, err
				}
			}
		}
	}
	return answers, nil
}

// lookup runs the command.
func (w *world) lookup(ctx context.Context, binary, typ string, names []string) ([]typeAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	args := append([]string{"lookup", "--type", typ, "--json", "--root-hints", w.hints, "--trust-anchor", w.anchor,
		"--ipv4-only", "--allow-special-use", "--rate-per-server", "0", "--rate-per-operator", "0", "--rate-start", "0", "--"}, names...)
	var complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopInTime
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, &complaints)
	}
	return readLines(text, typ, names)
}

// readLines reads what the command writes: one line for each name, in order, of the fields that design/cli.md names.
func readLines(text []byte, typ string, names []string) ([]typeAnswer, error) {
	var lines []typeAnswer
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, len(text)+1)
	for scanner.Scan() {
		var line typeAnswer
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&line); err != nil {
			return nil, fmt.Errorf("%s: %w", scanner.Bytes(), err)
		}
		if len(lines) >= len(names) || line.Type != typ || dns.CountLabel(dns.Fqdn(line.Name)) != dns.CountLabel(names[len(lines)]) {
			return nil, fmt.Errorf("line %d is not of its name: %s", len(lines)+1, scanner.Bytes())
		}
		lines = append(lines, line)
	}
	if len(lines) != len(names) {
		return nil, fmt.Errorf("%d lines for %d names", len(lines), len(names))
	}
	return lines, nil
}

// answer puts a line into the form in which it is compared.
func (line typeAnswer) answer() (answer, error) {
	a := answer{verdict: verdict(line.Security), rcode: line.RCode, note: strings.TrimSpace(line.Reason + " " + line.Error)}
	var rrs []dns.RR
	for _, text := range line.Answers {
		rr, err := dns.NewRR(text)
		if err != nil {
			return a, fmt.Errorf("caascan: %q: %w", text, err)
		}
		rrs = append(rrs, rr)
	}
	a.records = normalForms(rrs)
	return a, nil
}

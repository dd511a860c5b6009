package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/simnet"
)

// TestDemo scans a small Internet, faults and all, and finds every name right, whatever is validated.
func TestDemo(t *testing.T) {
	t.Parallel()
	var demos sync.WaitGroup // most of each is waiting
	temp := t.TempDir()
	for _, mode := range []string{"full", "lazy", "off"} {
		demos.Go(func() {
			dir := filepath.Join(temp, mode)
			var stdout, stderr bytes.Buffer
			args := []string{"demo", "--names", "1000", "--out", dir, "--quiet", "--dnssec", mode}
			code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
			if code != exitDone || !strings.Contains(stdout.String(), "Score: 1000 of 1000 names right (100.00 %)") {
				t.Errorf("--dnssec %s: exit code %d\n%s%s", mode, code, &stdout, &stderr)
				return
			}
			if stderr.Len() > 0 {
				t.Errorf("--quiet is not: %s", &stderr)
			}
			content, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			if err != nil {
				t.Error(err)
				return
			}
			var m output.Manifest
			if err := json.Unmarshal(content, &m); err != nil {
				t.Error(err)
				return
			}
			flags, ok := m.Config.(map[string]any)
			if !ok || flags["names"] != 1000.0 || flags["in-flight"].(float64) < 1000 || flags["dnssec"] != mode || m.State != output.Complete || m.Totals.Rows != 1000 {
				t.Errorf("manifest: state %q, %d rows, configuration %v", m.State, m.Totals.Rows, m.Config)
			}
		})
	}
	demos.Wait()
}

// TestScoreSeesMistakes bends single columns of a right row.
func TestScoreSeesMistakes(t *testing.T) {
	world, err := simnet.New(simnet.Config{Seed: 1, Names: 500, Validation: simnet.FullValidation})
	if err != nil {
		t.Fatal(err)
	}
	for i := range world.Len() {
		truth := world.Truth(i)
		count := int16(truth.Count)
		row := output.Domain{
			QueryName: truth.Name, CAAName: truth.Relevant, CAACount: &count, MXStatus: truth.MX.String(),
			TLSPosture: truth.Posture[0].String(), TLSWildPosture: truth.Posture[1].String(),
			SMIMEPosture: truth.Posture[2].String(), VMCPosture: truth.Posture[3].String(),
			DNSSECStatus: truth.Security.String(), DNSSECReason: truth.Reason,
		}
		if truth.Capable != simnet.CapableUnknown {
			capable := truth.Capable == simnet.CapableYes
			row.EmailCapable = &capable
		}
		if truth.Security != record.Insecure {
			row.DNSSECFailedAt = truth.BrokenAt
		}
		if truth.Failure.Failed() {
			row.CAAStatus, row.CAACount = "error", nil
			row.Climb = []output.Level{{Name: truth.FailedAt, Outcome: truth.Failure.String()}}
		}
		if d := differences(&row, &truth); len(d) > 0 {
			t.Fatalf("a right row of %s differs: %v", truth.Name, d)
		}
		wrong := int16(truth.Count + 1)
		for what, bend := range map[string]func(*output.Domain){
			"posture":       func(d *output.Domain) { d.SMIMEPosture = "closed?" },
			"relevant name": func(d *output.Domain) { d.CAAName = "x." + d.CAAName },
			"records":       func(d *output.Domain) { d.CAACount = &wrong },
			"mail":          func(d *output.Domain) { d.MXStatus += "?" },
			"capable":       func(d *output.Domain) { yes := d.EmailCapable == nil || !*d.EmailCapable; d.EmailCapable = &yes },
			"security":      func(d *output.Domain) { d.DNSSECStatus += "?" },
			"failure": func(d *output.Domain) {
				d.CAAStatus, d.Climb = "error", []output.Level{{Name: truth.FailedAt, Outcome: "failed?"}}
			},
		} {
			bent := row
			bend(&bent)
			if len(differences(&bent, &truth)) == 0 {
				t.Errorf("%s: a wrong %s is not seen", truth.Name, what)
			}
		}
		if truth.Reason != "" {
			bent := row
			if bent.DNSSECReason += "?"; len(differences(&bent, &truth)) == 0 {
				t.Errorf("%s: a wrong reason is not seen", truth.Name)
			}
		}
		if row.DNSSECFailedAt != "" {
			bent := row
			if bent.DNSSECFailedAt = "x." + bent.DNSSECFailedAt; len(differences(&bent, &truth)) == 0 {
				t.Errorf("%s: a wrong zone is not seen", truth.Name)
			}
		}
	}
}

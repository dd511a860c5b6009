package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/simnet"
)

// TestDemo scans a small Internet, faults and all, and finds every name right.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"demo", "--names", "1500", "--out", dir, "--quiet"}, strings.NewReader(""), &stdout, &stderr)
	if code != exitDone || !strings.Contains(stdout.String(), "Score: 1500 of 1500 names right (100.00 %)") {
		t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	if stderr.Len() > 0 {
		t.Errorf("--quiet is not: %s", &stderr)
	}
	content, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m output.Manifest
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	if flags, ok := m.Config.(map[string]any); !ok || flags["names"] != 1500.0 || flags["in-flight"].(float64) < 1000 || m.State != output.Complete {
		t.Errorf("manifest: state %q, configuration %v", m.State, m.Config)
	}
}

// TestScoreSeesMistakes bends single columns of a right row.
func TestScoreSeesMistakes(t *testing.T) {
	world, err := simnet.New(simnet.Config{Seed: 1, Names: 500})
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
		}
		if truth.Capable != simnet.CapableUnknown {
			capable := truth.Capable == simnet.CapableYes
			row.EmailCapable = &capable
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
			"failure": func(d *output.Domain) {
				d.CAAStatus, d.Climb = "error", []output.Level{{Name: truth.FailedAt, Outcome: "bogus"}}
			},
		} {
			bent := row
			bend(&bent)
			if len(differences(&bent, &truth)) == 0 {
				t.Errorf("%s: a wrong %s is not seen", truth.Name, what)
			}
		}
	}
}

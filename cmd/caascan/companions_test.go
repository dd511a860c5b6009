package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// TestPlanCountsCompanions: each companion adds its questions to the plan, with a share sent twice.
func TestPlanCountsCompanions(t *testing.T) {
	const names = 1000
	lines := make([]string, names)
	for i := range lines {
		lines[i] = fmt.Sprintf("name-%d.com", i)
	}
	list := scanInput(t, lines...)
	queries := func(with string) float64 {
		code, stdout, stderr := caascan(t, "", "scan", list, "--dry-run", "--ipv4-only", "--with", with)
		found := regexp.MustCompile(`about (\d+) queries`).FindStringSubmatch(stdout)
		if code != exitDone || found == nil {
			t.Fatalf("--with %s: exit code %d, %s%s", with, code, stdout, stderr)
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		return float64(n)
	}
	none := queries("none")
	for with, more := range map[string]float64{
		"mx": 1.6, "spf": 1, "spf,dmarc": 2, "dkim:a,dkim:b,dkim:a": 2, "mx-hosts": 2.6, "mx,mx-hosts": 2.6, "all-servers": 4,
	} {
		if got := (queries(with) - none) / names; math.Abs(got-1.05*more) > 0.01 {
			t.Errorf("--with %s: %.3f more packets a name, want %.3f", with, got, 1.05*more)
		}
	}
}

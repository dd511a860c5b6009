package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCrash is a small caabench crash: scans of a few thousand names, ended some times and continued until complete.
func TestCrash(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "caascan")
	if text, err := exec.Command("go", "build", "-o", binary, "../caascan").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	c := crashCmd{Names: 3000, Rounds: 6, Pace: 2, AtOnce: 2, Seed: 1,
		scanFlags: scanFlags{Caascan: binary, ScanFlag: []string{"--timeout=1s", "--retries=1", "--second-look=200ms"}}}
	report, err := c.run(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%v", report)
	if len(report.wrong) > 0 || report.sum() < c.Rounds || report.lines == 0 {
		t.Errorf("%d rounds, %d lines, wrong: %q", report.sum(), report.lines, report.wrong)
	}
	chains := 0
	for _, n := range report.chains {
		chains += n
	}
	if report.verified != chains {
		t.Errorf("caascan verify found %d of %d chains clean", report.verified, chains)
	}
}

// TestExamine: what is lost, doubled, different or strange is seen.
func TestExamine(t *testing.T) {
	world := func() (*crashWorld, *dataset) {
		good := func() *dataset {
			return &dataset{
				rows:    []digests{{}, {11, 1}, {12, 1}, {}, {}, {15, 1}},
				records: map[uint64]int{1: 1, 2: 3}, rejected: map[int]int{3: 1},
			}
		}
		return &crashWorld{lines: 5, rejected: map[int]bool{3: true}, blank: map[int]bool{4: true}, reference: good()}, good()
	}
	for name, c := range map[string]struct {
		change                 func(*dataset)
		lost, doubled, differs int
		wrong                  bool
	}{
		"as it should be":       {change: func(*dataset) {}},
		"a row is missing":      {change: func(d *dataset) { d.rows[2] = digests{} }, lost: 1, wrong: true},
		"a reject is missing":   {change: func(d *dataset) { delete(d.rejected, 3) }, lost: 1, wrong: true},
		"two rows":              {change: func(d *dataset) { d.rows[5].count = 2 }, doubled: 1, wrong: true},
		"two rejects":           {change: func(d *dataset) { d.rejected[3] = 3 }, doubled: 2, wrong: true},
		"row and reject":        {change: func(d *dataset) { d.rejected[1] = 1 }, doubled: 1, wrong: true},
		"a row for a comment":   {change: func(d *dataset) { d.rows[4] = digests{1, 1} }, doubled: 1, wrong: true},
		"a row for no line":     {change: func(d *dataset) { d.strange = 1 }, wrong: true},
		"a reject for no line":  {change: func(d *dataset) { d.rejected[9] = 1 }, wrong: true},
		"reject instead of row": {change: func(d *dataset) { d.rows[1], d.rejected[1] = digests{}, 1 }, differs: 1, wrong: true},
		"a record more":         {change: func(d *dataset) { d.records[2]++ }, differs: 1, wrong: true},
		"a record less":         {change: func(d *dataset) { delete(d.records, 1) }, differs: 1, wrong: true},
		"another record":        {change: func(d *dataset) { delete(d.records, 1); d.records[7] = 1 }, differs: 2, wrong: true},
		"another row":           {change: func(d *dataset) { d.rows[1].digest = 99 }, differs: 1, wrong: true},
	} {
		w, d := world()
		c.change(d)
		f := w.examine(d)
		if f.lost != c.lost || f.doubled != c.doubled || f.differs != c.differs || (len(f.wrong) > 0) != c.wrong {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestExpected: a process that was ended may end in some ways, and in no others.
func TestExpected(t *testing.T) {
	const full = "caascan: write domains: no space left on device"
	exited := func(code int) syscall.WaitStatus { return syscall.WaitStatus(code << 8) }
	by := func(s syscall.Signal) syscall.WaitStatus { return syscall.WaitStatus(s) }
	for _, c := range []struct {
		end    ending
		status syscall.WaitStatus
		said   string
		want   bool
	}{
		{killed, by(syscall.SIGKILL), "", true},
		{killed, by(syscall.SIGSEGV), "", false},
		{killed, exited(1), "", false},
		{killed, exited(usageCode), "another scan", false},
		{unended, exited(stoppedCode), "", false},
		{terminated, exited(stoppedCode), "", true},
		{terminated, by(syscall.SIGTERM), "", true},
		{terminated, by(syscall.SIGKILL), "", false},
		{terminated, exited(usageCode), "", false},
		{interrupted, by(syscall.SIGINT), "", true},
		{terminatedKilled, by(syscall.SIGKILL), "", true},
		{terminatedKilled, exited(stoppedCode), "", true},
		{fullDisk, exited(stoppedCode), full, true},
		{fullDisk, exited(usageCode), full, true},
		{fullDisk, exited(stoppedCode), strings.ToUpper(full), false},
		{fullDisk, by(syscall.SIGKILL), full, false},
	} {
		if got := expected(c.end, c.status, c.said); got != c.want {
			t.Errorf("%v, %s, %q: %v", c.end, describe(c.status), c.said, got)
		}
	}
}

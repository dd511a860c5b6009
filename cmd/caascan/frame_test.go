package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
)

// busy is the status of a scan about which there is much to say.
func busy() *status {
	rows := &rowCounts{Rows: 123_456, Kept: 100_000}
	for o := range rows.Status {
		rows.Status[o] = int64(100 + o)
	}
	rows.Status[record.Found], rows.Status[record.NotAsked] = 120_000, 0 // a scan has none of the latter
	for kind := range rows.Posture {
		for posture := range rows.Posture[kind] {
			rows.Posture[kind][posture] = int64(1000 * (posture + 1))
		}
	}
	s := &status{Elapsed: 4000, Total: 1_000_000, pace: 3_456.7, Waiting: 98_765, Parked: 4_321, Resumed: 500,
		Link: &linkStatus{0.123, 4567.8}, Phase: &phaseStatus{"second look", 1234, 42}}
	s.count(rows)
	for i := range 5 {
		s.Operators = append(s.Operators, operatorStatus{fmt.Sprintf("operator-%d.a-rather-long-name.example", i), 90_000 - i, i, 500})
	}
	s.ETA = s.eta()
	return s
}

// Whatever there is to say and however wide the terminal is, no line of a frame reaches its last column.
func TestFrameFits(t *testing.T) {
	ended := busy()
	ended.Ended = true
	unknown := busy()
	unknown.Total, unknown.ETA, unknown.Resumed = 0, 0, 0
	more := busy()
	more.Rows = 3 * more.Total
	for what, s := range map[string]*status{
		"busy": busy(), "ended": ended, "unknown total": unknown, "more than expected": more, "at the start": {}, "nothing but a total": {Total: 1},
	} {
		for _, colours := range []bool{false, true} {
			f := &frame{colours: colours}
			for width := 1; width <= 260; width++ {
				for _, line := range f.lines(s, width) {
					if columns(line) >= max(width, 2) {
						t.Fatalf("%s, %d columns: %d are taken by %q", what, width, columns(line), line)
					}
					if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\x1b' || r > '~' }) || !colours && strings.Contains(line, "\x1b") {
						t.Fatalf("%s, %d columns: %q", what, width, line)
					}
				}
			}
		}
	}
}

// What a frame says, at 80 and at 200 columns.
func TestFrameSays(t *testing.T) {
	for width, want := range map[int][]string{
		80: {
			" 12% [==>                             ] 123956/1000500 names, 3457/s, ETA 4m14s",
			"tls     error 5.7%, blocked 4.9%, closed 4.1%, restricted 3.2%, open 2.4%, ...",
			"smime   error 5.7%, blocked 4.9%, closed 4.1%, restricted 3.2%, open 2.4%, ...",
			"failed  1.3%: blocked 117, bogus 116, skipped 115, long_chain 114, ...",
			"waiting 98765 queries and 4321 names parked, ...",
			"link    loses 12% of the packets, slowed to 4568 packets/s",
			"phase   second look: 1234 names, in 42s",
		},
		200: {
			" 12% [======>                                                     ] 123956/1000500 names, 3457/s, ETA 4m14s",
		},
	} {
		got := (&frame{}).lines(busy(), width)
		for i, line := range want {
			if i >= len(got) || got[i] != line {
				t.Errorf("%d columns:\n%s\nwant in line %d:\n%s", width, strings.Join(got, "\n"), i, line)
			}
		}
	}
	wide := (&frame{}).lines(busy(), 200)
	for _, part := range []string{"tls ", "smime ", "unreachable 111", "operator-1.", "at 500/s"} {
		if !slices.ContainsFunc(wide, func(line string) bool { return strings.Contains(line, part) }) {
			t.Errorf("200 columns: no %q in\n%s", part, strings.Join(wide, "\n"))
		}
	}
	if first := (&frame{}).lines(&status{Total: 10}, 80)[0]; !strings.HasPrefix(first, "  0% [") {
		t.Errorf("at the start: %q", first)
	}
	if last := (&frame{}).lines(&status{Total: 10, Rows: 10, Ended: true, Elapsed: 65, Rate: 0.15}, 80)[0]; !strings.HasPrefix(last, "100% [=") || !strings.HasSuffix(last, "10/10 names, 0.1/s, took 1m05s") {
		t.Errorf("at the end: %q", last)
	}
	if coloured := (&frame{colours: true}).lines(busy(), 80); !strings.Contains(coloured[0], "\x1b[32m=") || !strings.HasPrefix(coloured[3], "\x1b[31mfailed\x1b[0m  1.3%") {
		t.Errorf("no colours in %q", coloured)
	}
}

func TestFrameOfMails(t *testing.T) {
	s := &status{Rows: 200, Posture: map[string]map[string]int64{caa.SMIME.String(): {"open": 199, "closed": 1}}}
	if got := (&frame{}).lines(s, 80)[2]; got != "smime   open 100%, closed 0.5%" {
		t.Errorf("%q", got)
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0s", 59.4: "59s", 59.6: "1m00s", 3599: "59m59s", 3600: "1h00m", 86_400: "24h00m", 180_000: "2d02h"} {
		if got := duration(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

// The pace forgets what was long ago, and has its measure from the first second on.
func TestPace(t *testing.T) {
	var p pace
	if p.perSecond() != 0 {
		t.Errorf("before the first: %v", p.perSecond())
	}
	about := func(want float64) {
		t.Helper()
		if got := p.perSecond(); got < 0.97*want || got > 1.03*want {
			t.Errorf("%v rows a second, want %v", got, want)
		}
	}
	p.add(100, time.Second)
	about(100)
	for range 300 {
		p.add(100, time.Second)
	}
	about(100)
	for range 150 {
		p.add(0, 200*time.Millisecond)
	}
	about(100 / 2.718)
	for range 600 {
		p.add(20, 200*time.Millisecond)
	}
	about(100)
}

// No time left is told before there is something to tell it from; then it is that of the pace, of the longest line or of the
// pause, whichever is longest.
func TestETA(t *testing.T) {
	early := func(change func(*status)) *status {
		s := &status{Elapsed: 60, Rows: 6000, Total: 12_000, pace: 100}
		change(s)
		return s
	}
	for what, c := range map[string]struct {
		s    *status
		want float64
	}{
		"pace":             {early(func(*status) {}), 60},
		"too early":        {early(func(s *status) { s.Elapsed = 4 }), 0},
		"too few":          {early(func(s *status) { s.Rows = 50 }), 0},
		"no total":         {early(func(s *status) { s.Total = 0 }), 0},
		"all done":         {early(func(s *status) { s.Rows = s.Total }), 0},
		"it stands still":  {early(func(s *status) { s.pace = 0 }), 0},
		"ended":            {early(func(s *status) { s.Ended = true }), 0},
		"a long line":      {early(func(s *status) { s.Operators = []operatorStatus{{"a", 0, 0, 0}, {"b", 40_000, 10_000, 500}} }), 100},
		"a short line":     {early(func(s *status) { s.Operators = []operatorStatus{{"b", 400, 100, 500}} }), 60},
		"a pause before":   {early(func(s *status) { s.Phase = &phaseStatus{"second look", 10, 90} }), 90},
		"a later phase":    {early(func(s *status) { s.Phase = &phaseStatus{"second look", 10, 0} }), 60},
		"a line, no limit": {early(func(s *status) { s.Operators = []operatorStatus{{"b", 1e9, 0, 0}} }), 60},
	} {
		if got := c.s.eta(); got != c.want {
			t.Errorf("%s: %v s, want %v", what, got, c.want)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/record"
)

// screen is a terminal as far as frames need one: it wraps lines at its width and scrolls without end.
type screen struct {
	t        *testing.T
	width    int
	rows     []string
	row, col int
}

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, "\x1b[A"):
			s.row = max(s.row-1, 0)
			text = text[3:]
		case strings.HasPrefix(text, "\x1b[J"):
			s.at()
			s.rows = s.rows[:s.row+1]
			s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
			text = text[3:]
		case text[0] == '\r':
			s.col, text = 0, text[1:]
		case text[0] == '\n': // as a terminal driver makes it of a line's end
			s.row, s.col, text = s.row+1, 0, text[1:]
		case text[0] < ' ' || text[0] > '~':
			s.t.Fatalf("the screen does not know %q", text)
		default:
			if s.col == s.width {
				s.row, s.col = s.row+1, 0
			}
			s.at()
			row := fmt.Sprintf("%-*s", s.col, s.rows[s.row])
			s.rows[s.row] = row[:s.col] + text[:1] + row[min(s.col+1, len(row)):]
			s.col++
			text = text[1:]
		}
	}
	return len(p), nil
}

func (s *screen) at() {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, "")
	}
}

func (s *screen) text() []string {
	var rows []string
	for _, row := range s.rows {
		rows = append(rows, strings.TrimRight(row, " "))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// Whatever frames are drawn and lines are written in whatever order, the screen shows all lines and below them the last
// frame, whole.
func TestConsole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		at := &screen{t: t, width: usualWidth}
		c := &console{to: at, terminal: true}
		var lines, frame []string
		for n := range 30 {
			if rnd.IntN(3) == 0 {
				line := fmt.Sprintf("line %d", n)
				if rnd.IntN(4) == 0 {
					line += strings.Repeat(" and more", 12) // takes two rows
				}
				lines = append(lines, line)
				if n, err := c.Write([]byte(line + "\n")); n != len(line)+1 || err != nil {
					t.Fatal(n, err)
				}
			} else {
				frame = nil
				for k := range 1 + rnd.IntN(5) {
					frame = append(frame, fmt.Sprintf("frame %d.%d %s", n, k, strings.Repeat("=", rnd.IntN(60))))
				}
				c.draw(frame)
			}
			var want []string
			for _, line := range lines {
				for ; len(line) > usualWidth; line = line[usualWidth:] {
					want = append(want, line[:usualWidth])
				}
				want = append(want, line)
			}
			for i := range want {
				want[i] = strings.TrimRight(want[i], " ")
			}
			for _, row := range frame {
				want = append(want, strings.TrimRight(row, " "))
			}
			if got := at.text(); !slices.Equal(got, want) {
				t.Fatalf("the screen shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		before := at.text()
		c.release()
		c.Write([]byte("after\n"))
		if got := at.text(); !slices.Equal(got, append(before, "after")) {
			t.Fatalf("after the frame: %q", got)
		}
	}
}

// A terminal that became narrower shows the lines of the old frame on more rows, and all of them go.
func TestEraseAfterResize(t *testing.T) {
	frame := []string{strings.Repeat("a", 79), "b", "\x1b[32m" + strings.Repeat("c", 79) + "\x1b[0m"}
	for width, rows := range map[int]int{200: 3, 80: 3, 79: 3, 78: 5, 40: 5, 30: 7} {
		if got := strings.Count(erase(frame, width), "\x1b[A"); got != rows-1 {
			t.Errorf("%d columns: up %d rows, want %d", width, got, rows-1)
		}
	}
	if erase(nil, 80) != "" {
		t.Error("no frame is erased")
	}
}

// What comes from strangers cannot steer a terminal, nor break a line.
func TestLogEscapes(t *testing.T) {
	const foul = "a\x1b[2Jb\nc\u202ed\u009be\x00"
	var text, lines bytes.Buffer
	for _, log := range []*slog.Logger{
		slog.New(&textLog{to: &text, level: slog.LevelDebug}), newJSONLog(&lines, slog.LevelDebug),
	} {
		log.Warn(foul, "name", foul, "error", errors.New(foul), "stringer", stranger{}, "any", []string{foul})
		log.With("with", foul).WithGroup("g").Error(foul, slog.Group("inner", "name", foul))
	}
	for what, out := range map[string]string{"text": text.String(), "json": lines.String()} {
		if strings.Count(out, "\n") != 2 || strings.ContainsAny(strings.ReplaceAll(out, "\n", ""), "\x1b\x00\u202e\u009b") {
			t.Errorf("%s: %q", what, out)
		}
		if !strings.Contains(out, "202e") {
			t.Errorf("%s does not show what was there: %q", what, out)
		}
	}
}

type stranger struct{}

func (stranger) String() string { return "\x1b[31m" }

// The forms of the log: text for people, JSON for programs; what is not worth a line at a level is not there.
func TestLogForms(t *testing.T) {
	var to bytes.Buffer
	c := newConsole(&to)
	for _, s := range []struct {
		level, format string
		quiet         bool
		want          string
	}{
		{"info", "text", false, "caascan: warning: slow server=192.0.2.1 note=\"two words\" empty=\"\" g.took=1.5s|caascan: hello|"},
		{"debug", "text", false, "caascan: warning: slow server=192.0.2.1 note=\"two words\" empty=\"\" g.took=1.5s|caascan: hello|caascan: debug: detail|"},
		{"error", "text", false, ""},
		{"debug", "text", true, ""},
		{"warn", "auto", false, `"level":"WARN","msg":"slow","server":"192.0.2.1","note":"two words","empty":"","g":{"took":1.5}}|`},
		{"warn", "json", false, `"level":"WARN","msg":"slow","server":"192.0.2.1","note":"two words","empty":"","g":{"took":1.5}}|`},
	} {
		to.Reset()
		log := newLog(c, map[string]any{"log-level": s.level, "log-format": s.format, "quiet": s.quiet})
		log.Warn("slow", "server", netip.MustParseAddr("192.0.2.1"), "note", "two words", "empty", "", slog.Group("g", "took", 1500*time.Millisecond))
		log.Info("hello")
		log.Debug("detail")
		got := ""
		for line := range strings.Lines(to.String()) {
			if strings.HasPrefix(line, "{") {
				got += line[strings.Index(line, `"level"`):]
			} else {
				if _, err := time.Parse("15:04:05", line[:8]); err != nil {
					t.Error(err)
				}
				got += line[9:]
			}
		}
		if got = strings.ReplaceAll(got, "\n", "|"); got != s.want {
			t.Errorf("%+v:\n%s\nwant\n%s", s, got, s.want)
		}
	}
	if (&textLog{level: slog.LevelWarn}).Enabled(context.Background(), slog.LevelInfo) {
		t.Error("information is worth a line where warnings are the least")
	}
}

// Events tell of what has changed, and once.
func TestEvents(t *testing.T) {
	var lines bytes.Buffer
	e := events{log: newJSONLog(&lines, slog.LevelInfo)}
	says := func(what string, s *status, w scanner.Waits, want ...string) {
		t.Helper()
		for range 2 { // the second time nothing has changed
			lines.Reset()
			e.note(s, w)
			if n := strings.Count(lines.String(), "\n"); n != len(want) {
				t.Errorf("%s: %d lines: %s", what, n, &lines)
			}
			for _, part := range want {
				if !strings.Contains(lines.String(), part) {
					t.Errorf("%s: no %q in %s", what, part, &lines)
				}
			}
			want = nil
		}
	}
	slow := scanner.Waits{Servers: []scanner.ServerWait{
		{Server: record.Server{Addr: netip.MustParseAddr("192.0.2.1"), Name: "\x02ns\x03org\x00"}, Operator: "ns.org", Rate: 1, SlowedBy: "timeouts", Lowest: true},
		{Server: record.Server{Addr: netip.MustParseAddr("192.0.2.2")}},
	}}
	says("nothing", &status{}, scanner.Waits{})
	says("congestion", &status{Link: &linkStatus{0.2, 100}}, scanner.Waits{}, `"loss":0.2`)
	says("its end", &status{}, scanner.Waits{}, "not lose packets any more")
	says("drops", &status{Drops: 3}, scanner.Waits{}, "rmem_max")
	says("a part", &status{Drops: 3, Committed: 10}, scanner.Waits{}, `"rows_in_all":10`)
	says("a phase", &status{Drops: 3, Committed: 10, Phase: &phaseStatus{"second look", 7, 42}}, scanner.Waits{}, `"second look"`)
	says("a server", &status{Drops: 3, Committed: 10}, slow, `"operator":"ns.org"`)

	e = events{log: newJSONLog(&lines, slog.LevelInfo)}
	says("rows of earlier runs are no news", &status{Resumed: 5, Committed: 5}, scanner.Waits{})
	says("a part after them", &status{Resumed: 5, Committed: 6}, scanner.Waits{}, `"rows_in_all":6`)
	many := scanner.Waits{}
	for i := range 2 * mostSlow {
		many.Servers = append(many.Servers, scanner.ServerWait{Server: record.Server{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})}, Lowest: true})
	}
	lines.Reset()
	e.note(&status{Committed: 6}, many)
	if n := strings.Count(lines.String(), "\n"); n != mostSlow {
		t.Errorf("%d lines about slow servers", n)
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminal is a demo in a terminal of tmux.
type terminal struct {
	t      *testing.T
	socket string
	width  int
}

// screenRows is the height of the terminals: nothing that is looked for scrolls away.
const screenRows = "150"

// openTerminal runs a demo in a terminal of that size.
func openTerminal(t *testing.T, width, names int, environ ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir := t.TempDir()
	term := &terminal{t, filepath.Join(dir, "tmux"), width}
	command := fmt.Sprintf("env -u NO_COLOR %s=1 %s '%s' demo --names %d --out '%s'; cat", asCaascan, strings.Join(environ, " "), os.Args[0], names, filepath.Join(dir, "scan"))
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", screenRows, command)
	t.Cleanup(func() { term.tmux("kill-server") })
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pollEvery is how often a screen is looked at: a look takes a process.
const pollEvery = 50 * time.Millisecond

// await looks at the screen until it shows all of these, and returns what is on it.
func (term *terminal) await(parts ...string) string {
	term.t.Helper()
	for limit := time.Now().Add(2 * time.Minute); ; {
		screen := strings.TrimRight(term.tmux("capture-pane", "-p"), "\n")
		missing := slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return regexp.MustCompile(p).MatchString(screen) })
		if len(missing) == 0 {
			return screen
		}
		if time.Now().After(limit) {
			term.t.Fatalf("the screen never shows %q:\n%s", missing, screen)
		}
		time.Sleep(pollEvery)
	}
}

// bar and what stands beside and below it.
var barParts = []string{
	`(?m)^ *\d+% \[=*> *\] \d+/\d+ names, [\d.]+/s`, `ETA \d+[smh]`, `(?m)^tls +(\S+ [\d.<]+%, )+`, `smime +(\S+ [\d.<]+%, )+`,
	`(?m)^failed +[\d.<]+%: \w+ \d+`, `(?m)^waiting +\d+ queries: \S+ \d+ at \d+/s`,
}

// TestScreens: what a person sees at 80 and at 200 columns: the bar with rate, time left, postures, failures and who is waited
// for, no line too wide, one bar at a time; and without colours where that is asked for. make screens shows them.
func TestScreens(t *testing.T) {
	t.Parallel()
	for _, width := range []int{80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			term := openTerminal(t, width, 12_000, "TERM=screen-256color")
			screen := term.await(barParts...)
			t.Logf("%d columns:\n%s", width, screen)
			checkScreen(t, screen, width)
			if coloured := term.tmux("capture-pane", "-p", "-e"); !regexp.MustCompile(`\x1b\[32m[=>]`).MatchString(coloured) {
				t.Errorf("no colours: %q", coloured)
			}

			// Half as wide, while it runs: the frame fits again, and nothing of the old one is left.
			term.tmux("resize-window", "-x", fmt.Sprint(width/2))
			narrow := regexp.MustCompile(`(?m)^ *\d+% \[`)
			for limit := time.Now().Add(time.Minute); ; {
				screen = strings.TrimRight(term.tmux("capture-pane", "-p"), "\n")
				if bars := narrow.FindAllStringIndex(screen, -1); len(bars) == 1 && widest(screen[bars[0][0]:]) < width/2 {
					break // what was logged above may fill its lines
				}
				if time.Now().After(limit) {
					t.Fatalf("half as wide:\n%s", screen)
				}
				time.Sleep(pollEvery)
			}
			t.Logf("%d columns, after the terminal was made narrower:\n%s", width/2, screen)
		})
	}
	t.Run("no colours", func(t *testing.T) {
		t.Parallel()
		term := openTerminal(t, 80, 12_000, "TERM=screen-256color", "NO_COLOR=1")
		term.await(barParts...)
		if plain := term.tmux("capture-pane", "-p", "-e"); strings.Contains(plain, "\x1b[") {
			t.Errorf("colours in spite of NO_COLOR: %q", plain)
		}
	})
	t.Run("snapshot and end", func(t *testing.T) {
		t.Parallel()
		term := openTerminal(t, 120, 1500, "TERM=screen-256color")
		term.await(`names, [\d.]+/s`, `(?m)^tls `)
		var pid int
		fmt.Sscan(term.tmux("list-panes", "-F", "#{pane_pid}"), &pid)
		for _, child := range children(t, pid) {
			if err := syscall.Kill(child, syscall.SIGUSR1); err != nil {
				t.Error(err)
			}
		}
		screen := term.await(`-- snapshot at `, `(?m)^OLDEST NAME +AGE`, `(?m)^disk: \d+ MiB free\n *\d+% \[`)
		t.Logf("after SIGUSR1:\n%s", screen)
		screen = term.await(`(?m)^100% \[=+\] 1500/1500 names, [\d.]+/s, took \d`, `1500 names in`)
		t.Logf("at the end:\n%s", screen)
		if n := len(regexp.MustCompile(`(?m)^ *\d+% \[`).FindAllString(screen, -1)); n != 1 {
			t.Errorf("%d bars are left at the end:\n%s", n, screen)
		}
	})
}

// checkScreen wants one bar, as the first of the lines of the frame, and no line as wide as the terminal.
func checkScreen(t *testing.T, screen string, width int) {
	t.Helper()
	if n := strings.Count(screen, "% ["); n != 1 {
		t.Errorf("%d bars:\n%s", n, screen)
	}
	frame := screen[strings.LastIndex(screen[:strings.Index(screen, "% [")], "\n")+1:]
	if widest(frame) >= width {
		t.Errorf("a line takes %d of %d columns:\n%s", widest(frame), width, frame)
	}
}

func widest(screen string) (most int) {
	for line := range strings.Lines(screen) {
		most = max(most, len([]rune(strings.TrimRight(line, "\n"))))
	}
	return most
}

// children returns the processes below a shell that are ours.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		var pid int
		fmt.Sscan(word, &pid)
		pids = append(pids, pid)
	}
	return pids
}

package main

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// console is stderr. On a terminal it may show a frame: some lines at the bottom that are drawn again and again. What is
// written meanwhile goes above the frame, so that neither tears the other.
type console struct {
	terminal bool
	colours  bool

	mu    sync.Mutex
	to    io.Writer
	frame []string // as drawn; none if there is no frame
}

func newConsole(to io.Writer) *console {
	c := &console{to: to, terminal: isTerminal(to) && os.Getenv("TERM") != "dumb"}
	c.colours = c.terminal && os.Getenv("NO_COLOR") == "" // https://no-color.org
	return c
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// usualWidth is taken where a terminal does not tell its own.
const usualWidth = 80

// width is how many columns the terminal has now.
func (c *console) width() int {
	if file, ok := c.to.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usualWidth
}

// Write writes whole lines, above the frame if there is one.
func (c *console) Write(lines []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frame) == 0 {
		return c.to.Write(lines)
	}
	if _, err := io.WriteString(c.to, erase(c.frame, c.width())+string(lines)+strings.Join(c.frame, "\r\n")); err != nil {
		return 0, err
	}
	return len(lines), nil
}

// draw shows a frame in the place of the one before.
func (c *console) draw(frame []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.to, erase(c.frame, c.width())+strings.Join(frame, "\r\n")) // a terminal that is gone is no reason to stop a scan
	c.frame = frame
}

// release leaves the frame as it is, and goes on below it.
func (c *console) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frame) > 0 {
		io.WriteString(c.to, "\r\n")
	}
	c.frame = nil
}

// erase takes a frame away, at whose end the cursor is, on a terminal of that width: lines that were drawn when it was
// wider take more than one of its rows now.
func erase(frame []string, width int) string {
	if len(frame) == 0 {
		return ""
	}
	rows := 0
	for _, line := range frame {
		rows += max((columns(line)+width-1)/width, 1)
	}
	return "\r" + strings.Repeat("\x1b[A", rows-1) + "\x1b[J"
}

// columns is how many columns a line takes: its runes, without the codes of colours.
func columns(line string) int {
	n, code := 0, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			code = true
		case code:
			code = r != 'm'
		default:
			n++
		}
	}
	return n
}

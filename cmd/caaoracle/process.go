package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// stopWithin is how long a server may take to end.
const stopWithin = 10 * time.Second

// process is a server that was started.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   string // file
	ended chan struct{}
}

// start runs a server in the foreground, its output in dir/log.
func start(name, dir string, command ...string) (*process, error) {
	path, err := tool(command[0])
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	go func() {
		cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	return p, nil
}

// stop ends it.
func (p *process) stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWithin):
		err := fmt.Errorf("%s did not end within %v of SIGTERM", p.name, stopWithin)
		err = errors.Join(err, p.cmd.Process.Kill())
		<-p.ended
		return err
	}
}

// await polls until ready says that nothing is wrong any more.
func (p *process) await(ctx context.Context, within time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %s", p.name, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready within %v: %w\n%s", p.name, within, err, p.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail is the end of its log.
func (p *process) tail() []byte {
	const most = 3000
	content, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return content[max(0, len(content)-most):]
}

// tool finds a program, also where root's programs are.
func tool(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return path, nil
}

// output runs a tool to its end and returns what it wrote to stdout.
func output(dir, name string, args ...string) ([]byte, error) {
	path, err := tool(name)
	if err != nil {
		return nil, err
	}
	var complaints bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stderr = dir, &complaints
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w: %s", name, args, err, &complaints)
	}
	return text, nil
}

// sorted returns the keys of a set in order.
func sorted[V any](set map[string]V) []string { return slices.Sorted(maps.Keys(set)) }

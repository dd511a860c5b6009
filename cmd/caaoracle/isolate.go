package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// isolated runs this program again, with args, in a network namespace and a process namespace of its own; without root
// also in a user namespace, where the kernel allows that. It returns the exit code.
func isolated(ctx context.Context, args []string) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 2, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it takes its world down itself
	cmd.WaitDelay = 2 * stopWithin
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL, // and with it, as the first of its namespace, all that it started
	}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // whose death Pdeathsig is about
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 2, fmt.Errorf("a network namespace of its own (run as root, or allow user namespaces): %w", err)
	}
	err = cmd.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.Exited() {
		return failed.ExitCode(), nil // it has said why
	}
	return 0, err
}

// raiseLoopback makes 127.0.0.0/8 work in a fresh network namespace, and gives BIND, which listens on addresses of
// interfaces only, its own.
func raiseLoopback() error {
	if _, err := output("", "ip", "link", "set", "lo", "up"); err != nil {
		return err
	}
	for _, addr := range addressesOf(bind) {
		if _, err := output("", "ip", "addr", "add", addr+"/32", "dev", "lo"); err != nil {
			return err
		}
	}
	return nil
}

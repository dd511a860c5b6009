package simnet

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bindToLoopback binds a socket to the loopback device before it gets its address.
func bindToLoopback(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), loopback) }); e != nil {
		return e
	}
	return err
}

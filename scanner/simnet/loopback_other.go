//go:build !linux

package simnet

import (
	"errors"
	"fmt"
	"syscall"
)

// bindToLoopback fails: other systems do not have all of 127.0.0.0/8, nor a way to bind a socket to a device.
func bindToLoopback(_, _ string, _ syscall.RawConn) error {
	return fmt.Errorf("servers need Linux: %w", errors.ErrUnsupported)
}

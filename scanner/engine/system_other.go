//go:build !linux

package engine

import "errors"

// readSystem tells only what a socket gets: the rest is not known here, and not checked.
func readSystem(cfg Config) System {
	recv, send := probeBuffers(cfg)
	return System{RecvBuffer: uint64(recv), SendBuffer: uint64(send)}
}

// FreeMemory returns 0: how much memory is free is not known here.
func FreeMemory() uint64 { return 0 }

func raiseFiles(uint64) error { return errors.ErrUnsupported }

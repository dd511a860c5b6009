//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// notifySnapshots lets SIGUSR1 ask for a snapshot, and from now on it ends the process no more.
func notifySnapshots(to chan<- os.Signal) { signal.Notify(to, syscall.SIGUSR1) }

//go:build !unix

package main

import "os"

// notifySnapshots does nothing: there is no such signal.
func notifySnapshots(chan<- os.Signal) {}

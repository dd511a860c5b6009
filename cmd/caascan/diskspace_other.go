//go:build !linux

package main

// freeSpace is how many octets may still be written to the file system of a directory; false if that is not known.
func freeSpace(string) (octets uint64, known bool) { return 0, false }

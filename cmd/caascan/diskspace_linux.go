package main

import "golang.org/x/sys/unix"

// freeSpace is how many octets may still be written to the file system of a directory; false if that is not known.
func freeSpace(dir string) (octets uint64, known bool) {
	var s unix.Statfs_t
	if dir == "" || unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}

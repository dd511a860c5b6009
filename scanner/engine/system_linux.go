package engine

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readSystem asks the system for what Check looks at.
func readSystem(cfg Config) System {
	s := readFiles(os.DirFS("/"))
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		s.Files, s.FilesMost = files.Cur, files.Max
	}
	recv, send := probeBuffers(cfg)
	s.RecvBuffer, s.SendBuffer = uint64(recv), uint64(send)
	return s
}

// FreeMemory returns how many octets of memory are free for this process, within the limit of its control group; 0 if
// that is not known.
func FreeMemory() uint64 { return readFiles(os.DirFS("/")).Memory }

// raiseFiles sets the soft limit of open files.
func raiseFiles(to uint64) error {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	files.Cur = to
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &files)
}

// readFiles reads what the kernel tells in files below root: proc(5), cgroups(7).
func readFiles(root fs.FS) System {
	var s System
	if open, err := fs.ReadDir(root, "proc/self/fd"); err == nil {
		s.FilesOpen = uint64(len(open))
	}
	if f := strings.Fields(read(root, "proc/sys/net/ipv4/ip_local_port_range")); len(f) == 2 {
		if first, last := number(f[0]), number(f[1]); 0 < first && first <= last {
			s.FirstPort, s.LastPort = first, last
		}
	}
	s.Memory = field(read(root, "proc/meminfo"), "MemAvailable:") << 10
	if free, limited := groupMemory(root); limited {
		s.Memory = min(s.Memory, free)
	}
	return s
}

// groupMemory returns what the memory limits of the process's control group (version 2) and of those above it leave.
// Files that are held in memory but not in use count as free, as they do in MemAvailable.
func groupMemory(root fs.FS) (free uint64, limited bool) {
	_, group, found := strings.Cut("\n"+read(root, "proc/self/cgroup"), "\n0::/")
	if !found {
		return 0, false
	}
	group, _, _ = strings.Cut(group, "\n")
	for dir := path.Join("sys/fs/cgroup", group); dir != "sys/fs"; dir = path.Dir(dir) {
		limit, err := strconv.ParseUint(read(root, dir+"/memory.max"), 10, 64)
		if err != nil { // "max", or no file
			continue
		}
		used := number(read(root, dir+"/memory.current"))
		used -= min(used, field(read(root, dir+"/memory.stat"), "inactive_file"))
		if left := limit - min(limit, used); !limited || left < free {
			free, limited = left, true
		}
	}
	return free, limited
}

// read returns what a file says, without the space around; nothing if it cannot be read.
func read(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(data))
}

// field returns the number behind name at the start of a line of text; zero if there is none.
func field(text, name string) uint64 {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == name {
			return number(f[1])
		}
	}
	return 0
}

// number returns the number that s is; zero if it is none.
func number(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

package engine

import (
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

func TestReadFiles(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	root := fstest.MapFS{
		"proc/self/fd/0": file(""), "proc/self/fd/1": file(""), "proc/self/fd/7": file(""),
		"proc/sys/net/ipv4/ip_local_port_range": file("32768\t60999\n"),
		"proc/meminfo":                          file("MemTotal:       24576000 kB\nMemFree:        100 kB\nMemAvailable:   20480000 kB\n"),
	}
	want := System{FilesOpen: 3, FirstPort: 32768, LastPort: 60999, Memory: 20_480_000 << 10}
	if got := readFiles(root); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}

	// The narrowest of the groups above counts, less what is really in use.
	root["proc/self/cgroup"] = file("1:name=systemd:/x\n0::/user.slice/scan\n")
	root["sys/fs/cgroup/user.slice/scan/memory.max"] = file("max\n")
	if got := readFiles(root); got != want {
		t.Errorf("no limit: %+v, want %+v", got, want)
	}
	root["sys/fs/cgroup/user.slice/memory.max"] = file("1000000000\n")
	root["sys/fs/cgroup/user.slice/memory.current"] = file("600000000\n")
	root["sys/fs/cgroup/user.slice/memory.stat"] = file("anon 1\ninactive_file 100000000\n")
	want.Memory = 500_000_000
	if got := readFiles(root); got != want {
		t.Errorf("a limit above: %+v, want %+v", got, want)
	}
	root["sys/fs/cgroup/user.slice/scan/memory.max"] = file("100\n")
	root["sys/fs/cgroup/user.slice/scan/memory.current"] = file("200\n")
	want.Memory = 0
	if got := readFiles(root); got != want {
		t.Errorf("more in use than allowed: %+v, want %+v", got, want)
	}

	if got := readFiles(fstest.MapFS{"proc/sys/net/ipv4/ip_local_port_range": file("9 x")}); got != (System{}) {
		t.Errorf("nothing to read: %+v", got)
	}
}

func TestReadSystem(t *testing.T) {
	s := readSystem(Config{IPv4: true})
	if s.Files == 0 || s.FilesMost < s.Files || s.FilesOpen < 3 || s.LastPort <= s.FirstPort || s.Memory == 0 {
		t.Errorf("%+v", s)
	}
}

// Check raises the soft limit itself.
func TestCheckRaisesFiles(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil || before.Max < 2000 {
		t.Skip("the hard limit is too low for this test: ", before.Max, err)
	}
	low := unix.Rlimit{Cur: 200, Max: before.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	for _, f := range Check(Config{IPv4: true, IPv6: true}, Demand{Loops: 2, InFlight: 1}) {
		if f.Resource == Files {
			t.Errorf("%+v", f)
		}
	}
	var after unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &after)
	if after.Cur < 558-32 || after.Cur > 2000 {
		t.Errorf("the soft limit is %d", after.Cur)
	}
}

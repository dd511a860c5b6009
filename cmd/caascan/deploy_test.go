package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What a machine runs: the static binary, in the service and in the image.

const unitsDir = "../../docs/systemd"

// deployedNames are names of the test world of many kinds: signed in several ways, one whose answer needs TCP.
const deployedNames = "caatest-nsd.com\ncaatest-knot.net\ncaatest-bind.org\nsigned-nsec.com\nsigned-nsec3.com\nrecords-1001.caatest-nsd.com\n"

// static builds the binary as make build does.
func static(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "caascan")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// TestDeployed runs the static binary as an image and as the service do.
func TestDeployed(t *testing.T) {
	t.Parallel()
	w, binary := servers(t), static(t)
	t.Run("in an image", func(t *testing.T) { testImage(t, w, binary) })
	t.Run("as a service", func(t *testing.T) { testServiceMayDoWhatAScanNeeds(t, w, binary) })
}

// testImage: the binary needs no file but itself, so it runs in an image made from scratch. As root the test also runs it
// there: in a directory that holds nothing else, as a user of no name.
func testImage(t *testing.T, w *world, path string) {
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a segment %v: it is linked dynamically", p.Type)
		}
	}
	if os.Getuid() != 0 {
		t.Log("not root: the binary is not run in a directory of its own")
		return
	}
	root := t.TempDir()
	for dir := root; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) { // for the user of no name
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(root, "data")
	for from, to := range map[string]string{path: "caascan", w.hints: "root.hints", w.anchors: "root.key"} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, to), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65532
	if err := os.Chown(data, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/caascan", "scan", "-", "--quiet", "--out", "scan", "--root-hints", "/root.hints", "--trust-anchor", "/root.key",
		"--server-port", w.port, "--allow-special-use", "--rate-per-server", "1000")
	cmd.Dir, cmd.Env, cmd.Stdin = "/data", []string{}, strings.NewReader(deployedNames)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("in a directory of its own: %v\n%s", err, out)
	}
	manifest, err := os.ReadFile(filepath.Join(data, "scan", "manifest.json"))
	if err != nil || !strings.Contains(string(manifest), `"state": "complete"`) {
		t.Errorf("%v\n%s", err, manifest)
	}
}

// TestService: systemd understands the units, and counts few ways in which the service could do harm.
func TestService(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	binary, dir := os.Args[0], t.TempDir() // any that is there
	var units []string
	for _, name := range []string{"caascan@.service", "caascan@.timer", "caascan-resume@.service"} {
		text, err := os.ReadFile(filepath.Join(unitsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(dir, strings.Replace(name, "@", "@tranco", 1))
		if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/caascan", binary)), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, unit)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", append([]string{"verify", "--man=no"}, units...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	const most = "15" // tenths, of 100; a service with no hardening has 96
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=yes", "--threshold="+most, units[0]).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// TestServiceMakesRoom: once a scan is complete its directory is named after the time, and nothing happens before.
func TestServiceMakesRoom(t *testing.T) {
	unit, err := os.ReadFile(filepath.Join(unitsDir, "caascan@.service"))
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile(`(?m)^ExecStopPost=/bin/sh -c '(.*)'$`).FindStringSubmatch(string(unit))
	if script == nil {
		t.Fatal("no ExecStopPost")
	}
	command := strings.NewReplacer("$$", "$", "%%", "%").Replace(script[1]) // as systemd does
	for _, c := range []struct {
		status  string
		there   bool // the directory of a scan
		renamed bool
	}{{"0", true, true}, {"0", false, false}, {"1", true, false}, {"3", true, false}, {"KILL", true, false}} {
		dir := t.TempDir()
		if c.there {
			if err := os.Mkdir(filepath.Join(dir, "current"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		sh := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
		sh.Dir, sh.Env = dir, append(os.Environ(), "EXIT_STATUS="+c.status)
		if out, err := sh.CombinedOutput(); err != nil {
			t.Errorf("%+v: %v\n%s", c, err, out)
		}
		renamed, err := filepath.Glob(filepath.Join(dir, "scan-20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9][0-9][0-9]"))
		_, left := os.Stat(filepath.Join(dir, "current"))
		if err != nil || len(renamed) == 1 != c.renamed || (left == nil) != (c.there && !c.renamed) {
			t.Errorf("%+v: %v, left %v", c, renamed, left)
		}
	}
}

// testServiceMayDoWhatAScanNeeds: every system call of a scan is one that the service allows, as are the families of its
// sockets.
func testServiceMayDoWhatAScanNeeds(t *testing.T, w *world, binary string) {
	for _, tool := range []string{"systemd-analyze", "strace"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	unit, err := os.ReadFile(filepath.Join(unitsDir, "caascan@.service"))
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(string(unit), -1) {
		for call := range callsOf(t, strings.Fields(m[2])) {
			allowed[call] = m[1] == ""
		}
	}
	families := strings.Fields(regexp.MustCompile(`(?m)^RestrictAddressFamilies=(.*)$`).FindStringSubmatch(string(unit))[1])
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), "strace", append([]string{"-f", "-qq", "-o", trace, binary, "scan", "-", "--quiet"},
		w.flags("--out", filepath.Join(t.TempDir(), "scan"))...)...)
	cmd.Stdin = strings.NewReader(deployedNames)
	out, err := cmd.CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "ptrace") {
			t.Skipf("this system lets nobody trace: %s", out)
		}
		t.Fatalf("strace: %v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	seen, sockets := map[string]bool{}, 0
	for _, m := range regexp.MustCompile(`(?m)^\d+ +([a-z_0-9]+)\((\w*)`).FindAllStringSubmatch(string(text), -1) {
		if call := m[1]; !allowed[call] && !seen[call] {
			t.Errorf("a scan makes the system call %s, which the service forbids", call)
		}
		seen[m[1]] = true
		if m[1] == "socket" {
			sockets++
			if !slices.Contains(families, m[2]) {
				t.Errorf("a scan opens a socket of family %s, which the service forbids", m[2])
			}
		}
	}
	if sockets == 0 || !seen["sendmmsg"] || !seen["recvmmsg"] || !seen["renameat"] || !strings.Contains(string(text), "SOCK_STREAM") {
		t.Errorf("%d sockets and calls %v: that was no scan with UDP, TCP and output", sockets, seen)
	}
}

// callsOf returns the system calls of groups such as @system-service, and of the groups in them.
func callsOf(t *testing.T, groups []string) map[string]bool {
	t.Helper()
	calls := map[string]bool{}
	for _, group := range groups {
		if !strings.HasPrefix(group, "@") {
			calls[group] = true
			continue
		}
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "syscall-filter", group).Output()
		if err != nil {
			t.Fatalf("systemd-analyze syscall-filter %s: %v", group, err)
		}
		_, list, _ := strings.Cut(string(out), "\n")
		var inner []string
		for line := range strings.Lines(list) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				inner = append(inner, line)
			}
		}
		for call := range callsOf(t, inner) {
			calls[call] = true
		}
	}
	return calls
}

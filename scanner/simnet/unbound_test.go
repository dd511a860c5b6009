//go:build linux

package simnet

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/record"
)

// isolated says that the test runs in a network namespace of its own, in which there is nothing but loopback.
const isolated = "SIMNET_ISOLATED"

const unboundAddr = "127.0.0.1:5300"

// TestUnbound serves a world on port 53, in a network namespace of its own, and lets Unbound validate a name of every
// scenario: the third opinion on its chains. It needs Unbound and the right to make namespaces.
func TestUnbound(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("the code of TestSecurity, by a slower way")
	}
	path, err := exec.LookPath("unbound")
	if err != nil {
		t.Skip("there is no Unbound")
	}
	if os.Getenv(isolated) == "" {
		isolate(t)
		return
	}
	linkUp(t, loopback)
	w := testWorld(t, Config{Seed: 11, Names: demoNames, Validation: FullValidation})
	s, err := w.Listen(53)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	startUnbound(t, path, w)
	askUnbound(t, w)
}

// isolate runs this test again in a namespace.
func isolate(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestUnbound$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this user cannot make namespaces")
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// linkUp turns a network interface on.
func linkUp(t *testing.T, name string) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		t.Fatal(err)
	}
}

func startUnbound(t *testing.T, path string, w *World) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	host, port, _ := net.SplitHostPort(unboundAddr)
	conf := file("unbound.conf", fmt.Sprintf(`server:
  interface: %s
  port: %s
  do-ip6: no
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: %q
  pidfile: ""
  use-syslog: no
  logfile: %q
  module-config: "validator iterator"
  root-hints: %q
  trust-anchor-file: %q
  qname-minimisation: no
  aggressive-nsec: yes
remote-control:
  control-enable: no
`, host, port, dir, filepath.Join(dir, "log"), file("hints", string(w.RootHints())), file("anchor", w.TrustAnchor())))
	cmd := exec.Command(path, "-d", "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	c := &dns.Client{Timeout: 200 * time.Millisecond}
	q := new(dns.Msg)
	q.SetQuestion(".", dns.TypeNS)
	for range 50 {
		if _, _, err := c.Exchange(q, unboundAddr); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	t.Fatalf("Unbound does not answer: %s", log)
}

// otherwise are failures that Unbound would take minutes to report, or sees otherwise by design: it hands on loops, codes
// and CAA data that cannot be read. Likewise it takes signed data from servers that do not claim authority, and begins
// with time-outs shorter than the slow servers' answers take.
var otherwise = []record.Outcome{record.Timeout, record.AliasLoop, record.OtherRCode, record.Malformed}

// askUnbound compares, for the first level of names of every scenario, what Unbound says with what the naive validator
// finds, which TestSecurity holds against the truths.
func askUnbound(t *testing.T, w *World) {
	v := newValidator(t, w, inProcess(w))
	seen := map[*scenario]int{}
	turn := make(chan bool, 16)
	var all sync.WaitGroup
	asked := map[string]int{}
	for i := range w.Len() {
		sc := w.scenarioOf(i)
		if seen[sc]++; seen[sc] > 2 {
			continue
		}
		truth := w.Truth(i)
		one := v.truthOf(truth.Name)
		s := v.levelState(truth.Name, &one)
		if slices.Contains(otherwise, one.Failure) || truth.Class == "slow" || truth.Class == "lame-nonauth" {
			continue
		}
		want := s.security.String()
		if one.Failure.Failed() {
			want = "SERVFAIL"
		}
		asked[want]++
		all.Go(func() {
			turn <- true
			defer func() { <-turn }()
			if got := unboundSays(truth.Name); got != want {
				t.Errorf("%s (%s): Unbound says %s, want %s (%s)", truth.Name, truth.Class, got, want, s.reason)
			}
		})
	}
	all.Wait()
	t.Logf("asked: %v", asked)
}

// unboundSays asks Unbound for CAA.
func unboundSays(name string) string {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.TypeCAA)
	q.SetEdns0(1232, true)
	c := &dns.Client{Timeout: 4 * time.Second}
	var m *dns.Msg
	var err error
	for range 15 { // it may drop what it has tried for long; the next one finds it wiser
		if m, _, err = c.Exchange(q, unboundAddr); err == nil {
			break
		}
	}
	if err == nil && m.Truncated {
		c.Net = "tcp"
		m, _, err = c.Exchange(q, unboundAddr)
	}
	switch {
	case err != nil:
		return err.Error()
	case m.Rcode == dns.RcodeServerFailure:
		return "SERVFAIL"
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return strings.ToLower(dns.RcodeToString[m.Rcode])
	case m.AuthenticatedData:
		return record.Secure.String()
	}
	return record.Insecure.String()
}

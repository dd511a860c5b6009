package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// The tests in realservers_*_test.go run the command against NSD, Knot and BIND as Debian packages them, on loopback.
// This file starts them, once for all tests; realservers_signed_test.go signs their zones. Root, TLDs and hosters are processes of their own, as on the Internet, but
// for BIND, which listens on addresses of interfaces only and so has two: 127.0.0.1 for the TLD org and the hoster
// below it, ::1 for the hoster that is reached over IPv6 only. All listen on one port, found free at the start.

// software is a kind of name server.
type software string

const (
	nsd  software = "nsd"
	knot software = "knot"
	bind software = "named"
)

// daemon is one name server process.
type daemon struct {
	name  string
	kind  software
	addrs []string
	zones []zone
}

// zone is one zone as a daemon serves it.
type zone struct {
	name   string // "." for the root
	body   string // file below testdata/zones that holds all but SOA and NS; "": configured, but there is no file
	ns     string // its name servers, as its apex has them
	signed signing
	ttl0   bool // SOA and NS with TTL 0
}

const (
	nsd1  = "ns1.nsd-hosting.com."
	knot1 = "ns1.knot-hosting.net."
	bind1 = "ns1.bind-hosting.org."
	six1  = "ns1.six-hosting.com."
	three = "nsd.three.com. knot.three.com. bind.three.com."
)

// daemons are all there is. The delegations are in the zone files of the root and the TLDs.
var daemons = []daemon{
	{"root", nsd, []string{"127.54.1.1", "127.54.1.2"}, []zone{
		{name: ".", body: "root.zone", ns: "a.root-servers.net. b.root-servers.net.", signed: signing{by: us, denial: nsec, algorithm: "RSASHA256"}},
	}},
	{"nsd-tlds", nsd, []string{"127.54.1.11", "127.54.1.12"}, []zone{
		{name: "com.", body: "com.zone", ns: "ns1.nic.com.", signed: signing{by: us, denial: optOut}},
		{name: "museum.", body: "museum.zone", ns: "ns1.nic.museum.", signed: signing{by: us, denial: nsec3, algorithm: "ED448"}},
	}},
	{"knot-tlds", knot, []string{"127.54.2.11"}, []zone{
		{name: "net.", body: "net.zone", ns: "ns1.nic.net.", signed: signing{by: server, denial: nsec}},
	}},
	{"nsd-hosting", nsd, []string{"127.54.1.21", "127.54.1.22"}, []zone{
		{name: "nsd-hosting.com.", body: "nsd-hosting.zone", ns: nsd1},
		{name: "caatest-nsd.com.", body: "features.zone", ns: nsd1, signed: signing{by: us, denial: nsec3, algorithm: "ED25519"}},
		{name: "three.com.", body: "three.zone", ns: three},
		{name: "mailaudit.com.", body: "mailaudit.zone", ns: nsd1, signed: signing{by: us, denial: nsec}},
		{name: "differs.com.", body: "differs-nsd.zone", ns: nsd1 + " " + knot1},
		{name: "half-lame.com.", body: "plain.zone", ns: nsd1},
		{name: "half-dead.com.", body: "plain.zone", ns: nsd1},
		{name: "half-silent.com.", body: "plain.zone", ns: nsd1},
		{name: "unreadable.com.", body: "unreadable.zone", ns: nsd1},
		{name: "servfail-nsd.com.", ns: nsd1},
		{name: "servfail-signed.com.", ns: nsd1},
		{name: "expired.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, from: -2 * day, to: -time.Hour}},
		{name: "future.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec3, from: day, to: 2 * day}},
		{name: "timed.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec3, from: timedFrom, to: timedTo}},
		{name: "stripped.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, fault: strip}},
		{name: "tampered.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, fault: tamper}},
		{name: "no-denial.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, fault: dropDenial}},
		{name: "island.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, island: true}},
		{name: "wrong-ds.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, island: true}},
		{name: "odd-digest.com.", body: "signed.zone", ns: nsd1, signed: signing{by: us, denial: nsec, island: true}},
		{name: "no-dnskey.com.", body: "signed.zone", ns: nsd1},
	}},
	{"knot-hosting", knot, []string{"127.54.2.21"}, []zone{
		{name: "knot-hosting.net.", body: "knot-hosting.zone", ns: knot1},
		{name: "caatest-knot.net.", body: "features.zone", ns: knot1, signed: signing{by: server, denial: nsec}},
		{name: "deleg.caatest-nsd.com.", body: "deleg.zone", ns: knot1},
		{name: "deleg.caatest-knot.net.", body: "deleg.zone", ns: knot1},
		{name: "deleg.caatest-bind.org.", body: "deleg.zone", ns: knot1},
		{name: "three.com.", body: "three.zone", ns: three},
		{name: "differs.com.", body: "differs-knot.zone", ns: nsd1 + " " + knot1},
		{name: "glueless.com.", body: "plain.zone", ns: knot1},
		{name: "own.museum.", body: "plain.zone", ns: knot1},
		{name: "zero-ttl.net.", body: "zero.zone", ns: knot1, ttl0: true},
		{name: "signed-nsec3.com.", body: "signed.zone", ns: knot1, signed: signing{by: server, denial: nsec3}},
		{name: "servfail-knot.com.", ns: knot1},
	}},
	{"bind-hosting", bind, []string{"127.0.0.1"}, []zone{
		{name: "org.", body: "org.zone", ns: "ns1.nic.org."},
		{name: "bind-hosting.org.", body: "bind-hosting.zone", ns: bind1},
		{name: "caatest-bind.org.", body: "features.zone", ns: bind1},
		{name: "island.org.", body: "island.zone", ns: bind1, signed: signing{by: us, denial: nsec, algorithm: "ECDSAP384SHA384", island: true}},
		{name: "sub.island.org.", body: "signed.zone", ns: bind1, signed: signing{by: us, denial: nsec3}},
		{name: "plain.island.org.", body: "plain.zone", ns: bind1},
		{name: "three.com.", body: "three.zone", ns: three},
		{name: "nocaa.museum.", body: "nocaa.zone", ns: bind1},
		{name: "detour.net.", body: "detour.zone", ns: bind1},
		{name: "signed-nsec.com.", body: "signed.zone", ns: bind1, signed: signing{by: server, denial: nsec}},
		{name: "servfail-bind.com.", ns: bind1},
	}},
	{"six-hosting", bind, []string{"::1"}, []zone{
		{name: "six-hosting.com.", body: "six-hosting.zone", ns: six1},
		{name: "v6only.com.", body: "plain.zone", ns: six1},
		{name: "v6only-glueless.net.", body: "nocaa.zone", ns: six1},
	}},
}

// Addresses that zone files give to servers that are not there.
const (
	deadAddr   = "127.54.9.1" // nothing listens
	silentAddr = "127.54.9.2" // a socket that is never read
)

const (
	readyWithin = 30 * time.Second // a machine busy with other tests may be slow
	stopWithin  = 10 * time.Second
)

// world is the running test world.
type world struct {
	dir     string
	born    time.Time // to which the times of signatures are relative
	port    string
	hints   string            // file
	anchors string            // file: the trust anchor of the root
	ds      map[string]string // by zone, of its key; island or not
	silent  net.PacketConn
	procs   []*process
}

// process is a daemon that was started.
type process struct {
	daemon
	cmd   *exec.Cmd
	log   string // file
	ended chan struct{}
}

var (
	startWorld sync.Once
	theWorld   *world
	worldErr   error
)

// servers returns the test world, which the first caller starts.
func servers(t *testing.T) *world {
	t.Helper()
	startWorld.Do(func() { theWorld, worldErr = newWorld() })
	if worldErr != nil {
		t.Fatal(worldErr)
	}
	return theWorld
}

// asCaascan in the environment makes the test binary be the command itself, for tests that need a process.
const asCaascan = "TEST_BINARY_IS_CAASCAN"

func TestMain(m *testing.M) {
	if os.Getenv(asCaascan) != "" {
		limitFiles()
		main()
	}
	os.Setenv("CAASCAN_SECOND_LOOK", "0") // what is about second looks says so
	code := m.Run()
	if theWorld != nil {
		if code != 0 {
			theWorld.showLogs(os.Stderr)
		}
		if err := theWorld.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// tool finds a program of a Debian package. A missing one is a failure, not a reason to skip.
func tool(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed: the tests against real name servers need Debian's nsd, knot, bind9 and bind9-dnsutils; run 'make deps'", name)
	}
	return path, nil
}

func newWorld() (*world, error) {
	for _, name := range []string{"nsd", "knotd", "keymgr", "named", "dnssec-keygen", "dnssec-dsfromkey", "dnssec-signzone", "dig"} {
		if _, err := tool(name); err != nil {
			return nil, err
		}
	}
	const attempts = 5 // that another process takes the port between our look and the servers' start is rare
	var err error
	for range attempts {
		w := &world{born: time.Now().Truncate(time.Second), ds: map[string]string{}}
		if err = w.start(); err == nil {
			return w, nil
		}
		var logs bytes.Buffer
		w.showLogs(&logs)
		taken := errors.Is(err, errEnded)
		err = errors.Join(fmt.Errorf("starting the name servers: %w\n%s", err, &logs), w.stop())
		if !taken {
			break
		}
	}
	return nil, err
}

func (w *world) start() (err error) {
	if w.dir, err = os.MkdirTemp("", "caascan-servers-"); err != nil {
		return err
	}
	if err := w.findPort(); err != nil {
		return err
	}
	if err := w.writeZones(); err != nil {
		return err
	}
	w.hints = filepath.Join(w.dir, "root.hints")
	hints := ". 3600000 NS a.root-servers.net.\n. 3600000 NS b.root-servers.net.\n" +
		"a.root-servers.net. 3600000 A 127.54.1.1\nb.root-servers.net. 3600000 A 127.54.1.2\n"
	if err := os.WriteFile(w.hints, []byte(hints), 0o644); err != nil {
		return err
	}
	w.anchors = filepath.Join(w.dir, "root.anchors")
	if err := os.WriteFile(w.anchors, []byte(w.ds["."]), 0o644); err != nil {
		return err
	}
	for _, d := range daemons {
		if err := w.startDaemon(d); err != nil {
			return err
		}
	}
	for _, p := range w.procs {
		if err := w.awaitReady(p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// Ports below the range from which the system gives ports to clients.
const firstPort, lastPort, portTries = 20000, 32000, 100

// findPort finds a port that is free on every address of the world, and keeps it on the address that stays silent.
func (w *world) findPort() error {
	for range portTries {
		port := fmt.Sprint(firstPort + rand.IntN(lastPort-firstPort))
		if !portFree(port) {
			continue
		}
		var err error
		if w.silent, err = net.ListenPacket("udp", net.JoinHostPort(silentAddr, port)); err == nil {
			w.port = port
			return nil
		}
	}
	return errors.New("found no port that is free on all addresses of the test world (127.0.0.1, 127.54.0.0/16, ::1)")
}

func portFree(port string) bool {
	addrs := []string{deadAddr}
	for _, d := range daemons {
		addrs = append(addrs, d.addrs...)
	}
	for _, addr := range addrs {
		udp, err := net.ListenPacket("udp", net.JoinHostPort(addr, port))
		if err != nil {
			return false
		}
		defer udp.Close()
		tcp, err := net.Listen("tcp", net.JoinHostPort(addr, port))
		if err != nil {
			return false
		}
		defer tcp.Close()
	}
	return true
}

// zonePath is the complete zone file of a zone.
func (w *world) zonePath(d daemon, z zone) string {
	return filepath.Join(w.zoneDir(d), strings.TrimSuffix("zone-"+z.name, ".")+".zone")
}

// zoneDir is where the zone files of a daemon are, and what they include.
func (w *world) zoneDir(d daemon) string { return filepath.Join(w.dir, d.name) }

// writeZones writes for each daemon the zone files, signed where they are to be, and the file they include.
func (w *world) writeZones() error {
	for _, d := range daemons {
		if err := os.MkdirAll(w.zoneDir(d), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(w.zoneDir(d), "generated.inc"), []byte(generatedRecords()), 0o644); err != nil {
			return err
		}
	}
	if err := w.eachZone(w.makeKey); err != nil { // first, as a zone needs the DS of those below
		return err
	}
	return w.eachZone(w.writeZone)
}

// writeZone writes the file of a zone: SOA and NS, the body, the DS of the zones below.
func (w *world) writeZone(d daemon, z zone) error {
	if z.body == "" {
		return nil
	}
	body, err := os.ReadFile(filepath.Join("testdata", "zones", z.body))
	if err != nil {
		return err
	}
	ttl := 3600
	if z.ttl0 {
		ttl = 0
	}
	servers := strings.Fields(z.ns)
	content := fmt.Sprintf("$ORIGIN %s\n$TTL %d\n@ SOA %s hostmaster.example.net. 1 7200 3600 1209600 300\n", z.name, ttl, servers[0])
	for _, ns := range servers {
		content += "@ NS " + ns + "\n"
	}
	content += string(body) + w.delegations(z)
	if err := os.WriteFile(w.zonePath(d, z), []byte(content), 0o644); err != nil {
		return err
	}
	return w.sign(d, z)
}

// Sizes of the records that are generated rather than written down.
const (
	manyRecords = 1001 // of the public CAA conformance zone
	longValue   = 600  // octets; more than a character-string holds
	manyMX      = 80
	manyTXT     = 40
)

// generatedRecords is the file generated.inc of features.zone.
func generatedRecords() string {
	var b strings.Builder
	for i := range manyRecords {
		fmt.Fprintf(&b, "records-1001 CAA 0 issue \"ca%04d.example\"\n", i)
	}
	value := "long.example; x=" + strings.Repeat("v", longValue-len("long.example; x="))
	fmt.Fprintf(&b, "long-value TYPE257 \\# %d 00056973737565%x\n", 7+len(value), value)
	for i := range manyMX {
		fmt.Fprintf(&b, "many-mx MX %d mx%02d.mail.example.net.\n", 10*i, i)
	}
	for i := range manyTXT {
		fmt.Fprintf(&b, "many-txt TXT \"%02d %s\" \"second\"\n", i, strings.Repeat("t", 200))
	}
	return b.String()
}

// toolOutput runs a tool to its end.
func toolOutput(dir, name string, args ...string) ([]byte, error) {
	path, err := tool(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	text, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// config is the configuration file of a daemon.
func (w *world) config(d daemon) string {
	var b strings.Builder
	dir := w.zoneDir(d)
	switch d.kind {
	case nsd:
		b.WriteString("server:\n")
		for _, addr := range d.addrs {
			fmt.Fprintf(&b, "  ip-address: %s@%s\n", addr, w.port)
		}
		fmt.Fprintf(&b, "  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  zonesdir: %q\n  pidfile: \"\"\n  database: \"\"\n", dir)
		fmt.Fprintf(&b, "  zonelistfile: %q\n  xfrdfile: %q\n  xfrdir: %q\n  rrl-ratelimit: 0\n", dir+"/zone.list", dir+"/xfrd.state", dir)
		b.WriteString("remote-control:\n  control-enable: no\n")
		for _, z := range d.zones {
			fmt.Fprintf(&b, "zone:\n  name: %q\n  zonefile: %q\n", z.name, w.zonePath(d, z))
		}
	case knot:
		b.WriteString("server:\n")
		for _, addr := range d.addrs {
			fmt.Fprintf(&b, "  listen: %s@%s\n", addr, w.port)
		}
		fmt.Fprintf(&b, "  rundir: %q\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n", dir)
		fmt.Fprintf(&b, "database:\n  storage: %q\n  journal-db-max-size: 16M\n  kasp-db-max-size: 16M\n  timer-db-max-size: 4M\n", dir)
		b.WriteString("log:\n  - target: stderr\n    any: info\n")
		b.WriteString("policy:\n")
		for id, on := range map[denial]string{nsec: "off", nsec3: "on"} {
			fmt.Fprintf(&b, "  - id: %s\n    manual: on\n    single-type-signing: on\n    algorithm: ecdsap256sha256\n    nsec3: %s\n", id, on)
		}
		b.WriteString("zone:\n")
		for _, z := range d.zones {
			fmt.Fprintf(&b, "  - domain: %q\n    file: %q\n    zonefile-sync: -1\n    semantic-checks: off\n", z.name, w.zonePath(d, z))
			if z.signed.by == server {
				fmt.Fprintf(&b, "    dnssec-signing: on\n    dnssec-policy: %s\n", z.signed.denial)
			}
		}
	case bind:
		v4, v6 := "none;", "none;"
		for _, addr := range d.addrs {
			if strings.Contains(addr, ":") {
				v6 = addr + ";"
			} else {
				v4 = addr + ";"
			}
		}
		fmt.Fprintf(&b, "options {\n  directory %q;\n  listen-on port %s { %s };\n  listen-on-v6 port %s { %s };\n", dir, w.port, v4, w.port, v6)
		b.WriteString("  recursion no;\n  dnssec-validation no;\n  empty-zones-enable no;\n  notify no;\n  pid-file none;\n")
		fmt.Fprintf(&b, "  session-keyfile %q;\n  lock-file none;\n  key-directory %q;\n  check-names primary ignore;\n  max-records-per-type 0;\n", dir+"/session.key", dir)
		fmt.Fprintf(&b, "  forward only;\n  forwarders { %s port %s; };\n};\n", deadAddr, w.port) // should it ever ask, it asks nobody
		b.WriteString("controls { };\n")
		for _, z := range d.zones {
			path := w.zonePath(d, z)
			fmt.Fprintf(&b, "zone %q {\n  type primary;\n  file %q;\n  check-integrity no;\n", z.name, path)
			if z.signed.by == server {
				b.WriteString("  dnssec-policy default;\n  inline-signing yes;\n")
			}
			b.WriteString("};\n")
		}
	}
	return b.String()
}

// starts runs on one thread that never ends what starts processes: the death of the thread that started a process
// would be the process's death (see Pdeathsig in startDaemon).
var starts = sync.OnceValue(func() chan<- func() {
	queue := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range queue {
			f()
		}
	}()
	return queue
})

func (w *world) startDaemon(d daemon) error {
	dir := w.zoneDir(d)
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte(w.config(d)), 0o644); err != nil {
		return err
	}
	args := map[software][]string{
		nsd:  {"nsd", "-d", "-c", conf},
		knot: {"knotd", "-c", conf},
		bind: {"named", "-g", "-n", "1", "-U", "1", "-c", conf},
	}[d.kind]
	_, err := w.launch(d, dir, args)
	return err
}

// launch starts a daemon as a process that writes its log into dir.
func (w *world) launch(d daemon, dir string, args []string) (*process, error) {
	path, err := tool(args[0])
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // no servers are left behind if the tests are killed
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	p := &process{daemon: d, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	go func() {
		cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	w.procs = append(w.procs, p)
	return p, nil
}

// errEnded is what a server does whose port was taken meanwhile.
var errEnded = errors.New("the process ended")

// awaitReady asks the daemon for the SOA of each zone on each address until all are there.
func (w *world) awaitReady(p *process) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	for _, addr := range p.addrs {
		for _, z := range p.zones {
			for {
				state := w.zoneState(ctx, addr, z)
				if state == "" {
					break
				}
				select {
				case <-p.ended:
					return errEnded
				case <-ctx.Done():
					return fmt.Errorf("after %v, %s at %s: %s", readyWithin, z.name, addr, state)
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
	}
	return nil
}

// zoneState says what is still wrong with a zone at an address; "" if nothing.
func (w *world) zoneState(ctx context.Context, addr string, z zone) string {
	query := new(dns.Msg).SetQuestion(z.name, dns.TypeSOA)
	query.RecursionDesired = false
	query.SetEdns0(1232, true)
	client := dns.Client{Timeout: time.Second}
	reply, _, err := client.ExchangeContext(ctx, query, net.JoinHostPort(addr, w.port))
	switch {
	case err != nil:
		return err.Error()
	case z.body == "":
		if reply.Rcode != dns.RcodeServerFailure {
			return "want SERVFAIL, got " + dns.RcodeToString[reply.Rcode]
		}
	case reply.Rcode != dns.RcodeSuccess || !reply.Authoritative || len(reply.Answer) == 0:
		return "no authoritative answer: " + dns.RcodeToString[reply.Rcode]
	case z.signed.by == server && len(reply.Answer) < 2:
		return "not signed yet"
	}
	return ""
}

// stop ends what was started and removes the files.
func (w *world) stop() error {
	var failed error
	for _, p := range w.procs {
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range w.procs {
		failed = errors.Join(failed, w.end(p))
	}
	if w.silent != nil {
		w.silent.Close()
	}
	return errors.Join(failed, os.RemoveAll(w.dir))
}

// end ends a process, if it still runs.
func (w *world) end(p *process) error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWithin):
		err := p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(fmt.Errorf("%s did not end within %v of SIGTERM", p.name, stopWithin), err)
	}
}

// showLogs writes the end of each log.
func (w *world) showLogs(to interface{ Write([]byte) (int, error) }) {
	const most = 3000
	for _, p := range w.procs {
		content, err := os.ReadFile(p.log)
		if err != nil {
			fmt.Fprintln(to, err)
			continue
		}
		fmt.Fprintf(to, "--- log of %s (%s)\n%s\n", p.name, p.kind, content[max(0, len(content)-most):])
	}
}

// flags are those that make caascan speak to the world, as fast as it can, and to nothing else.
func (w *world) flags(more ...string) []string {
	return append([]string{
		"--root-hints", w.hints, "--trust-anchor", w.anchors, "--server-port", w.port, "--allow-special-use",
		"--rate-per-server", "0", "--rate-per-operator", "0",
	}, more...)
}

// caascan runs the command in this process and returns its exit code and what it wrote.
func caascan(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

// mustCaascan is caascan that must succeed.
func mustCaascan(t *testing.T, stdin string, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := caascan(t, stdin, args...)
	if code != exitDone {
		t.Fatalf("caascan %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

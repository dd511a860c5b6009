package stub

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// The signed world behind Unbound. com is signed with NSEC3 and opt-out, net with NSEC. The server of the zones
// dead* refuses everything.
var signedWorld = []struct {
	zone, records string
	sign          []string // options of dnssec-signzone; nil: not signed
}{
	{"signed.com.", `
		@   CAA 0 issue "ca.example"
		www CNAME www.plain.com.
		dead CNAME deadsigned.com.
		unsigned CNAME dead.net.
		a.b TXT "below an empty non-terminal"`, []string{"-3", "-"}},
	{"expired.com.", `
		@   CAA 0 issue "ca.example"`, []string{"-s", "20200101000000", "-e", "20200201000000", "-X", "20370101000000", "-P"}},
	{"expiredkeys.com.", `
		@   CAA 0 issue "ca.example"`, []string{"-s", "20200101000000", "-e", "20200201000000", "-P"}},
	{"deadsigned.com.", "", []string{}},
	{"plain.com.", `
		@    CAA 0 issue "ca.example"
		www  CAA 0 issue "ca.example"
		alias CNAME signed.com.
		dead CNAME www.dead.net.
		deadsigned CNAME deadsigned.com.`, nil},
	{"com.", `
		signed     NS ns.nic.net.
		expired    NS ns.nic.net.
		expiredkeys NS ns.nic.net.
		deadsigned NS ns.nic.net.
		plain      NS ns.nic.net.
		dead       NS ns.nic.net.`, []string{"-3", "-", "-A", "-g"}},
	{"plain.net.", `
		@ CAA 0 issue "ca.example"`, nil},
	{"net.", `
		ns.nic A 127.0.0.1
		plain  NS ns.nic.net.
		dead   NS ns.nic.net.`, []string{"-g"}},
	{"test.", `
		@ TXT "unsigned"`, nil},
	{".", `
		com NS ns.nic.net.
		net NS ns.nic.net.
		test NS ns.nic.net.
		ns.nic.net A 127.0.0.1`, []string{"-g"}},
}

// What Unbound knows is what we say, with extended errors and without.
func TestStubAgainstUnbound(t *testing.T) {
	for _, tool := range []string{"nsd", "unbound", "dnssec-keygen", "dnssec-signzone"} {
		if _, err := find(tool); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	makeZones(t, dir)
	nsd := freePort(t)
	startNSD(t, dir, nsd)
	for _, ede := range []bool{true, false} {
		t.Run(fmt.Sprintf("ede=%v", ede), func(t *testing.T) {
			unbound := freePort(t)
			startUnbound(t, dir, unbound, nsd, ede)
			expired, keys := "bogus bogus expired", "bogus bogus no-matching-ds"
			if !ede {
				expired, keys = "bogus bogus cause=suspect-bogus", "bogus bogus cause=suspect-bogus"
			}
			compareAnswers(t, unbound, [][2]string{
				{"signed.com CAA", "found secure"},
				{"www.signed.com CAA", "found insecure"}, // an alias into an unsigned zone
				{"b.signed.com CAA", "nodata secure"},
				{"nowhere.signed.com CAA", "nxdomain secure"},
				{"expired.com CAA", expired},
				{"nowhere.expired.com MX", expired},
				{"expiredkeys.com CAA", keys},
				{"plain.com CAA", "found insecure"},
				{"alias.plain.com CAA", "found insecure"},
				{"nowhere.plain.com CAA", "nxdomain insecure"},
				{"plain.net MX", "nodata insecure"},
				{"com CAA", "nodata secure"},
				{"com DS", "found secure"},
				{"plain.net DS", "nodata secure"},
				{"plain.com DS", "nodata insecure"}, // RFC 5155 9.2
				{"nowhere.net CAA", "nxdomain secure"},
				{"nowhere CAA", "nxdomain secure"},
				{"test CAA", "nodata insecure"},

				{"dead.com CAA", "servfail insecure opt-out dead.com"},
				{"a.b.dead.com CAA", "servfail insecure opt-out dead.com"},
				{"dead.net CAA", "servfail insecure no-ds dead.net"},
				{"deadsigned.com CAA", "servfail indeterminate signed-zone"},
				{"www.deadsigned.com MX", "servfail indeterminate chain-unreachable www.deadsigned.com"}, // who would deny a cut there?
				{"dead.signed.com CAA", "servfail indeterminate signed-zone"},
				{"unsigned.signed.com CAA", "servfail insecure no-ds dead.net"}, // spec rule R6.7
				{"dead.plain.com CAA", "servfail insecure no-ds dead.net"},
				{"deadsigned.plain.com CAA", "servfail indeterminate signed-zone"},
			})
		})
	}
}

// find finds a program of a Debian package. A missing one is a failure, not a reason to skip.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed: this test needs Debian's nsd, unbound and bind9-utils", name)
	}
	return path, nil
}

func runTool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	path, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}

func fileOf(zone string) string { return "zone." + strings.TrimSuffix(zone, ".") }

// makeZones writes the zone files, children first, so that the DS of each is there when its parent is signed.
func makeZones(t *testing.T, dir string) {
	t.Helper()
	for _, z := range signedWorld {
		text := fmt.Sprintf("$ORIGIN %s\n$TTL 300\n@ SOA ns.nic.net. host.nic.net. 1 1800 900 604800 60\n@ NS ns.nic.net.\n%s\n",
			z.zone, strings.ReplaceAll(z.records, "\n\t\t", "\n"))
		if err := os.WriteFile(filepath.Join(dir, fileOf(z.zone)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if z.sign == nil {
			continue
		}
		key := strings.TrimSpace(runTool(t, dir, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", z.zone))
		args := append([]string{"-q", "-z", "-S", "-o", z.zone, "-f", fileOf(z.zone)}, z.sign...)
		runTool(t, dir, "dnssec-signzone", append(args, fileOf(z.zone), key)...)
	}
}

// freePort returns a port of 127.0.0.1 that is free for UDP and TCP.
func freePort(t *testing.T) uint16 {
	t.Helper()
	for range 100 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		udp.Close()
		if err == nil {
			tcp.Close()
			return udp.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		}
	}
	t.Fatal("no port is free")
	return 0
}

// start runs a daemon in the foreground until the test is over, once it answers at its port.
func start(t *testing.T, dir string, port uint16, name string, args ...string) {
	t.Helper()
	path, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%d.log", name, port)))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%s", name, text)
		}
	})
	query := new(dns.Msg).SetQuestion(".", dns.TypeSOA)
	client := dns.Client{Timeout: 200 * time.Millisecond}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("%s has ended: %v", name, err)
		default:
		}
		if reply, _, err := client.Exchange(query, netip.AddrPortFrom(loopback, port).String()); err == nil && reply.Rcode == dns.RcodeSuccess {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", name)
}

var loopback = netip.MustParseAddr("127.0.0.1")

func startNSD(t *testing.T, dir string, port uint16) {
	conf := fmt.Sprintf("server:\n ip-address: 127.0.0.1@%d\n username: \"\"\n chroot: \"\"\n zonesdir: %q\n pidfile: \"\"\n"+
		" database: \"\"\n xfrdfile: \"\"\n zonelistfile: %q\n server-count: 1\n tcp-count: 10\nremote-control:\n control-enable: no\n",
		port, dir, filepath.Join(dir, "zone.list"))
	for _, z := range signedWorld {
		if !strings.HasPrefix(z.zone, "dead") {
			conf += fmt.Sprintf("zone:\n name: %q\n zonefile: %q\n", z.zone, fileOf(z.zone))
		}
	}
	file := filepath.Join(dir, "nsd.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, dir, port, "nsd", "-d", "-c", file)
}

// startRefuser starts a server that answers every query with REFUSED.
func startRefuser(t *testing.T) (port uint16) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(
		func(w dns.ResponseWriter, query *dns.Msg) { w.WriteMsg(new(dns.Msg).SetRcode(query, dns.RcodeRefused)) },
	)}
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() {
		server.Shutdown()
		<-done
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// startUnbound starts a resolver that knows the server of each zone.
func startUnbound(t *testing.T, dir string, port, nsd uint16, ede bool) {
	yes := map[bool]string{true: "yes", false: "no"}
	conf := fmt.Sprintf("server:\n interface: 127.0.0.1\n port: %d\n username: \"\"\n chroot: \"\"\n directory: %q\n pidfile: \"\"\n"+
		" use-syslog: no\n do-daemonize: no\n do-ip6: no\n do-not-query-localhost: no\n num-threads: 1\n module-config: \"validator iterator\"\n"+
		" trust-anchor-file: %q\n ede: %s\n local-zone: \"test.\" nodefault\nremote-control:\n control-enable: no\n",
		port, dir, filepath.Join(dir, "dsset-."), yes[ede])
	stub := func(zone string, port uint16) {
		conf += fmt.Sprintf("stub-zone:\n name: %q\n stub-addr: 127.0.0.1@%d\n", zone, port)
	}
	for _, z := range signedWorld {
		if !strings.HasPrefix(z.zone, "dead") {
			stub(z.zone, nsd)
		}
	}
	refuser := startRefuser(t)
	for _, zone := range []string{"dead.com.", "dead.net.", "deadsigned.com."} {
		stub(zone, refuser)
	}
	file := filepath.Join(dir, fmt.Sprintf("unbound-%v.conf", ede))
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, dir, port, "unbound", "-d", "-c", file)
}

// questions is the step.Machine that asks a list of questions, all at once.
type questions struct {
	*Resolver
	list    [][2]string
	clients []resolve.Client
	answers []*record.Answer
	asked   bool
	open    int
}

func (m *questions) Admit(now step.Time, out *[]step.Ask) {
	if m.asked {
		return
	}
	m.asked, m.open = true, len(m.list)
	m.clients, m.answers = make([]resolve.Client, len(m.list)), make([]*record.Answer, len(m.list))
	for i, q := range m.list {
		name, typ, _ := strings.Cut(q[0], " ")
		m.clients[i].ID = uint32(i)
		if a := m.Ask(now, &m.clients[i], wire.MustName(name), wire.Type(dns.StringToType[typ]), out); a != nil {
			m.answers[i] = a
			m.open--
		}
	}
	m.collect()
}

func (m *questions) Handle(ev *step.Event, out *[]step.Ask) {
	m.Resolver.Handle(ev, out)
	m.collect()
}

func (m *questions) collect() {
	for result, ok := m.Finished(); ok; result, ok = m.Finished() {
		m.answers[result.Client.ID] = result.Answer
		m.open--
	}
}

func (m *questions) Done() bool { return m.asked && m.open == 0 }

func compareAnswers(t *testing.T, port uint16, list [][2]string) {
	t.Helper()
	const patience = 10 * time.Second // of a loaded machine
	m := &questions{list: list, Resolver: New(Config{
		Resolvers: []netip.AddrPort{netip.AddrPortFrom(loopback, port)}, Timeout: patience, Retries: -1,
	})}
	loop, err := engine.New(engine.Config{IPv4: true, Sockets: 4}, m)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	if err := loop.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for i, q := range list {
		a := m.answers[i]
		got := describe(a)
		if got != q[1] {
			t.Errorf("%s: %s, want %s; %v %+v", q[0], got, q[1], a.RCode, a.EDE())
		}
		t.Logf("%-28s %-45s %d packets", q[0], got, m.clients[i].Cost.Queries)
	}
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The cases of caascan check have a test world of their own, since what its zones hold stands in the table of the cases
// (realservers_check_test.go). It is made as the other one is: NSD for the root, NSD for the TLDs, NSD and BIND for what is
// below, and servers of our own for the faults that no name server software has (realservers_check_fault_test.go). Its
// signatures hold for decades around today, so that cases can be judged by the rules of any day.

const (
	// When signatures are valid: on all days of the cases, or long ago, as far as serial arithmetic carries (RFC 4034 3.1.5).
	aliveFrom, aliveTo = -20 * year, 20 * year
	overFrom, overTo   = -40 * year, -30 * year

	year = 365 * day
)

// lasting is how zones of this world are signed.
func lasting(d denial) signing { return signing{by: us, denial: d, from: aliveFrom, to: aliveTo} }

const (
	nsdHost  = "ns1.hosting.com."
	bindHost = "bind.hosting.com."

	checkDead   = "127.55.9.1" // nothing listens
	checkSilent = "127.55.9.2" // a socket that is never read

	deadKey = "DS 4711 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" // of a key that does not exist
)

// checkDaemons are the servers of the world. A zone with the body "-" has the records of checkZones and of the cases.
var checkDaemons = []daemon{
	{"root", nsd, []string{"127.55.1.1"}, []zone{{name: ".", body: "-", ns: "a.root-servers.net.", signed: lasting(nsec)}}},
	{"tlds", nsd, []string{"127.55.1.11"}, []zone{
		{name: "com.", body: "-", ns: "ns1.nic.com.", signed: lasting(nsec3)},
		{name: "museum.", body: "-", ns: "ns1.nic.museum.", signed: lasting(nsec)},
		{name: "org.", body: "-", ns: "ns1.nic.org."},
	}},
	{"hosting-nsd", nsd, []string{"127.55.1.21"}, []zone{
		{name: "hosting.com.", body: "-", ns: nsdHost},
		{name: "plain.com.", body: "-", ns: nsdHost},
		{name: "nocaa.com.", body: "-", ns: nsdHost},
		{name: "shop.museum.", body: "-", ns: nsdHost},
		{name: "signed.com.", body: "-", ns: nsdHost, signed: lasting(nsec)},
		{name: "expired.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec, from: overFrom, to: overTo}},
		{name: "tampered.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec, from: aliveFrom, to: aliveTo, fault: tamper}},
		{name: "wrong-ds.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec, from: aliveFrom, to: aliveTo, island: true}},
		{name: "sha1.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec3, from: aliveFrom, to: aliveTo, algorithm: "NSEC3RSASHA1"}},
		// The zone above fails; the same server has the one below.
		{name: "servfail.com.", ns: nsdHost},
		{name: "child.servfail.com.", body: "-", ns: nsdHost},
		{name: "child.refused.com.", body: "-", ns: nsdHost},
		{name: "servfail-signed.com.", ns: nsdHost},
		{name: "isle.servfail-signed.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec, from: aliveFrom, to: aliveTo, island: true}},
		{name: "isle.keyless.com.", body: "-", ns: nsdHost, signed: signing{by: us, denial: nsec, from: aliveFrom, to: aliveTo, island: true}},
	}},
	{"hosting-bind", bind, []string{"127.0.0.1"}, []zone{
		{name: "bind.com.", body: "-", ns: bindHost},
		{name: "bind.org.", body: "-", ns: bindHost},
		{name: "below.signed.com.", body: "-", ns: bindHost},
		{name: "signed-bind.com.", body: "-", ns: bindHost, signed: lasting(nsec3)},
		{name: "servfail-bind.com.", ns: bindHost},
		{name: "child.servfail-bind.com.", body: "-", ns: bindHost},
	}},
}

// checkZones are delegations and addresses; what is judged is in the table of the cases.
var checkZones = map[string]string{
	".": `a.root-servers.net. A 127.55.1.1
com. NS ns1.nic.com.
ns1.nic.com. A 127.55.1.11
museum. NS ns1.nic.museum.
ns1.nic.museum. A 127.55.1.11
org. NS ns1.nic.org.
ns1.nic.org. A 127.55.1.11
aero. NS ns1.hosting.com. ; which does not serve it, nor does the other
aero. NS bind.hosting.com.
`,
	"com.": `ns1.nic A 127.55.1.11
hosting NS ns1.hosting
ns1.hosting A 127.55.1.21
plain NS ns1.hosting
nocaa NS ns1.hosting
signed NS ns1.hosting
expired NS ns1.hosting
tampered NS ns1.hosting
sha1 NS ns1.hosting
wrong-ds NS ns1.hosting
wrong-ds ` + deadKey + `
servfail NS ns1.hosting
refused NS ns1.hosting
refused NS bind.hosting
servfail-signed NS ns1.hosting
servfail-signed ` + deadKey + `
bind NS bind.hosting
signed-bind NS bind.hosting
servfail-bind NS bind.hosting
dead NS dead.hosting
silent NS silent.hosting
dead-signed NS dead.hosting
dead-signed ` + deadKey + `
noaddress NS nowhere.hosting
`,
	"museum.": `ns1.nic A 127.55.1.11
shop NS ns1.hosting.com.
`,
	"org.": `ns1.nic A 127.55.1.11
bind NS bind.hosting.com.
dead NS dead.hosting.com.
`,
	"hosting.com.": `ns1 A 127.55.1.21
bind A 127.0.0.1
dead A 127.55.9.1
silent A 127.55.9.2
`,
	"signed.com.": `below NS bind.hosting.com.
dead NS dead.hosting.com.
dead-signed NS dead.hosting.com.
dead-signed ` + deadKey + "\n",
}

// checkWorld is the test world of caascan check.
type checkWorld struct {
	*world
	faults *faultServers
}

// startCheckWorld starts the servers with the records of the cases, by zone, for the time of the test.
func startCheckWorld(t *testing.T, records map[string]string) *checkWorld {
	t.Helper()
	const attempts = 5 // that another process takes the port between our look and the servers' start is rare
	for attempt := 1; ; attempt++ {
		w := &checkWorld{world: &world{born: time.Now().Truncate(time.Second), ds: map[string]string{}}}
		err := w.begin(records)
		if err != nil && errors.Is(err, errEnded) && attempt < attempts {
			w.close()
			continue
		}
		t.Cleanup(func() {
			if t.Failed() {
				w.showLogs(os.Stderr)
			}
			if err := w.close(); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal("starting the name servers: ", err)
		}
		return w
	}
}

func (w *checkWorld) close() error {
	if w.faults != nil {
		w.faults.close()
	}
	return w.stop()
}

func (w *checkWorld) begin(records map[string]string) (err error) {
	if w.dir, err = os.MkdirTemp("", "caascan-check-"); err != nil {
		return err
	}
	if err := w.findCheckPort(); err != nil {
		return err
	}
	if w.faults, err = startFaultServers(w.port); err != nil {
		return err
	}
	bodies := map[string]string{"com.": w.faults.delegations()}
	for name, body := range checkZones {
		bodies[name] = body + bodies[name]
	}
	for name, body := range records {
		bodies[name] += body
	}
	for _, d := range checkDaemons {
		if err := os.MkdirAll(w.zoneDir(d), 0o755); err != nil {
			return err
		}
		for _, z := range d.zones {
			if err := w.makeKey(d, z); err != nil {
				return fmt.Errorf("%s: %w", z.name, err)
			}
		}
	}
	for _, d := range checkDaemons {
		for _, z := range d.zones {
			if err := w.writeCheckZone(d, z, bodies[z.name]); err != nil {
				return fmt.Errorf("%s: %w", z.name, err)
			}
			delete(bodies, z.name)
		}
	}
	for name := range bodies {
		return fmt.Errorf("there are records for %s, which no server has", name)
	}
	w.hints, w.anchors = filepath.Join(w.dir, "root.hints"), filepath.Join(w.dir, "root.anchors")
	hints := ". 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A 127.55.1.1\n"
	if err := errors.Join(os.WriteFile(w.hints, []byte(hints), 0o644), os.WriteFile(w.anchors, []byte(w.ds["."]), 0o644)); err != nil {
		return err
	}
	for _, d := range checkDaemons {
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

// writeCheckZone writes the file of a zone and signs it.
func (w *checkWorld) writeCheckZone(d daemon, z zone, body string) error {
	if z.body == "" {
		return nil
	}
	content := fmt.Sprintf("$ORIGIN %s\n$TTL 3600\n@ SOA %s hostmaster.example.net. 1 7200 3600 1209600 300\n@ NS %s\n", z.name, z.ns, z.ns)
	for _, below := range checkDaemons {
		for _, child := range below.zones {
			if parent := child.name[strings.IndexByte(child.name, '.')+1:]; cmp.Or(parent, ".") == z.name && child.name != "." && !child.signed.island {
				content += w.ds[child.name]
			}
		}
	}
	if err := os.WriteFile(w.zonePath(d, z), []byte(content+body), 0o644); err != nil {
		return err
	}
	return w.sign(d, z)
}

// findCheckPort finds a port that is free on every address of this world, and keeps it on the address that stays silent.
func (w *checkWorld) findCheckPort() error {
	addrs := append([]string{checkDead}, faultAddrs()...)
	for _, d := range checkDaemons {
		addrs = append(addrs, d.addrs...)
	}
	free := func(port string) bool {
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
	for range portTries {
		port := fmt.Sprint(firstPort + rand.IntN(lastPort-firstPort))
		if !free(port) {
			continue
		}
		var err error
		if w.silent, err = net.ListenPacket("udp", net.JoinHostPort(checkSilent, port)); err == nil {
			w.port = port
			return nil
		}
	}
	return errors.New("found no port that is free on all addresses of the test world (127.0.0.1, 127.55.0.0/16)")
}

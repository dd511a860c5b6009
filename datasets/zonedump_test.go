package datasets

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/wire"
)

// dumped is a zone with what makes dumps differ: names in capitals, an A-label, underscores, glue within and
// beside, a DS record, text that looks like syntax.
const dumped = "$TTL 1h\n@ IN SOA ns1.nic hostmaster.nic ( 2026112201 ; serial\n 1800 900 604800 86400 )\n NS ns1.nic\n NS ns.other.net.\n" +
	"ns1.nic A 192.0.2.53\n AAAA 2001:db8::53\n" +
	"zulu NS ns1.alpha\n" +
	"alpha 1d NS ns1.alpha\n 1d NS ns2.hoster.net.\n" +
	" DS 12345 13 2 ( E2D3C916F6DEEAC73294E8268FB5885044A833FC\n 5459588F4A9184CFC41A5766 )\nns1.alpha A 192.0.2.1\n" +
	"Bravo NS NS1.Alpha\nxn--bcher-kva NS ns1.alpha\n_x NS ns1.nic\n$ORIGIN sub.kiel.\nx NS ns1.x\nns1.x A 192.0.2.2\n" +
	"txt TXT \"( ; not a comment\" \"\\\"\"\nlong TXT ( \"a\"\n \"b\" )\nalias CNAME txt\n"

// told is what a reader tells of a zone: its delegations, and the reasons of rejects. Signatures are counted apart.
func told(t *testing.T, r *result) (delegations map[string]string, signatures int) {
	t.Helper()
	delegations = map[string]string{}
	for i, target := range r.targets {
		d := *r.known[i]
		all := d.DS
		d.DS = nil
		for _, rr := range all {
			if rr.Type == wire.TypeRRSIG {
				signatures++
			} else {
				d.DS = append(d.DS, rr)
			}
		}
		delegations[target.Name] = written(t, &d)
		if !d.Whole {
			t.Errorf("%s: the order was not seen", target.Name)
		}
	}
	for _, reject := range r.rejects {
		delegations["reject "+reject.Reason.String()] += "+"
	}
	if r.err != nil {
		t.Error(r.err)
	}
	return delegations, signatures
}

// TestZoneDumps: of one zone, the dumps of BIND's, NSD's and Knot's tools and transfers by dig and kdig hold the same. All are
// known for zone files by themselves.
func TestZoneDumps(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "db.kiel")
	writeFileAt(t, source, dumped)
	want := map[string]string{
		"alpha.kiel": "86400 ns1.alpha.kiel[192.0.2.1] ns2.hoster.net[] 12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766",
		"bravo.kiel": "3600 ns1.alpha.kiel[192.0.2.1]", "zulu.kiel": "3600 ns1.alpha.kiel[192.0.2.1]", "xn--bcher-kva.kiel": "3600 ns1.alpha.kiel[192.0.2.1]",
		"_x.kiel": "3600 ns1.nic.kiel[192.0.2.53 2001:db8::53]", "x.sub.kiel": "3600 ns1.x.sub.kiel[192.0.2.2]",
	}
	check := func(t *testing.T, what, dump string, signatures int) {
		t.Helper()
		got := readAll(t, []string{writeFile(t, "zone", dump)}, Config{})
		tells, signed := told(t, got)
		if diff := cmp.Diff(want, tells); diff != "" || signed != signatures || got.inputs[0].Format != "zone" {
			t.Errorf("%s: %d signatures, %+v: %s\n%s", what, signed, got.inputs[0], diff, dump)
		}
	}
	run := func(t *testing.T, args ...string) string {
		t.Helper()
		out, err := exec.Command(installed(t, args[0]), args[1:]...).Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	t.Run("BIND", func(t *testing.T) {
		for _, style := range []string{"full", "relative"} {
			check(t, style, run(t, "named-compilezone", "-i", "none", "-k", "ignore", "-s", style, "-o", "-", "kiel", source), 0)
		}
	})
	t.Run("NSD", func(t *testing.T) { check(t, "nsd-checkzone", run(t, "nsd-checkzone", "-p", "kiel", source), 0) })
	t.Run("Knot", func(t *testing.T) {
		port := startKnot(t, dir, source)
		flushed := filepath.Join(dir, "flushed")
		if err := os.Mkdir(flushed, 0o700); err != nil {
			t.Fatal(err)
		}
		run(t, "knotc", "-c", filepath.Join(dir, "conf"), "-b", "zone-flush", "kiel", "+outdir", flushed)
		dump, err := os.ReadFile(filepath.Join(flushed, filepath.Base(source)))
		if err != nil {
			t.Fatal(err)
		}
		check(t, "knotc zone-flush", string(dump), 0) // which writes signatures behind all else
		check(t, "dig", run(t, "dig", "@127.0.0.1", "-p", port, "axfr", "kiel"), 1)
		check(t, "dig +multiline", run(t, "dig", "@127.0.0.1", "-p", port, "+multiline", "axfr", "kiel"), 1)
		check(t, "dig +nosplit, CRLF", strings.ReplaceAll(run(t, "dig", "@127.0.0.1", "-p", port, "+nosplit", "axfr", "kiel"), "\n", "\r\n"), 1)
		check(t, "kdig", run(t, "kdig", "@127.0.0.1", "-p", port, "axfr", "kiel"), 1) // which writes U-labels
	})
}

// installed returns the path of a Debian tool, and skips the test without it.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path = "/usr/sbin/" + name; !exists(path) {
			t.Skipf("%s is not installed", name)
		}
	}
	return path
}

// startKnot starts Knot with a zone, which it signs, and returns its port on 127.0.0.1.
func startKnot(t *testing.T, dir, zone string) (port string) {
	t.Helper()
	knotd, knotc := installed(t, "knotd"), installed(t, "knotc")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(free.Addr().String())
	free.Close()
	conf := filepath.Join(dir, "conf")
	writeFileAt(t, conf, fmt.Sprintf(`server:
  listen: 127.0.0.1@%s
  rundir: %q
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: %[2]q
  journal-db-max-size: 16M
  kasp-db-max-size: 16M
  timer-db-max-size: 4M
acl:
  - id: transfer
    action: transfer
    address: 127.0.0.0/8
policy:
  - id: opt-out
    single-type-signing: on
    nsec3: on
    nsec3-opt-out: on
zone:
  - domain: kiel
    file: %q
    zonefile-sync: -1
    acl: transfer
    semantic-checks: off
    dnssec-signing: on
    dnssec-policy: opt-out
`, port, dir, zone))
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := exec.Command(knotd, "-c", conf)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		server.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		out, err := exec.Command(knotc, "-c", conf, "zone-read", "kiel", "@", "DNSKEY").CombinedOutput()
		if err == nil && slices.Contains(strings.Fields(string(out)), "DNSKEY") {
			return port
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("Knot did not serve the zone: %v: %s\n%s", err, out, said)
		}
		time.Sleep(20 * time.Millisecond) // until it is asked again
	}
}

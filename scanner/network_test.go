package scanner

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/wire"
)

func mustName(t *testing.T, text string) wire.Name {
	t.Helper()
	n, err := wire.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBuiltInHints(t *testing.T) {
	roots := RootServers()
	if len(roots) != 13 {
		t.Fatalf("%d root servers, want 13", len(roots))
	}
	for _, root := range roots {
		if len(root.Addrs) != 2 || !root.Addrs[0].Is4() || !root.Addrs[1].Is6() || !root.Name.Below(mustName(t, "root-servers.net")) {
			t.Errorf("%+v", root)
		}
		for _, addr := range root.Addrs {
			if IsSpecialUse(addr) {
				t.Errorf("%v counts as special use", addr)
			}
		}
	}
}

// TestDebianHints holds the built-in hints against those of Debian's dns-root-data, an installed test dependency.
func TestDebianHints(t *testing.T) {
	file, err := os.Open("/usr/share/dns/root.hints")
	if err != nil {
		t.Fatalf("%v: make deps installs it", err)
	}
	defer file.Close()
	debian, err := ReadHints(file, file.Name())
	if err != nil {
		t.Fatal(err)
	}
	known := map[netip.Addr]bool{}
	for _, root := range RootServers() {
		for _, addr := range root.Addrs {
			known[addr] = true
		}
	}
	same := 0
	for _, root := range debian {
		for _, addr := range root.Addrs {
			if known[addr] {
				same++
			}
		}
	}
	if same < 24 { // a server may have moved between two editions
		t.Errorf("only %d addresses are in both", same)
	}
}

func TestReadHintsRefuses(t *testing.T) {
	for what, text := range map[string]string{
		"nothing":              "",
		"no NS of the root":    "a.root. 1 IN A 192.0.2.1\ncom. 1 IN NS a.root.\n",
		"a server's address":   ". 1 IN NS a.root.\n. 1 IN NS b.root.\na.root. 1 IN A 192.0.2.1\n",
		"not a master file":    "<html>",
		"an address not whole": ". 1 IN NS a.root.\na.root. 1 IN A 192.0.2\n",
	} {
		if roots, err := ReadHints(strings.NewReader(text), "file"); err == nil {
			t.Errorf("%s: %v", what, roots)
		} else if !strings.Contains(err.Error(), "file") {
			t.Errorf("%s: %v does not name the file", what, err)
		}
	}
}

func TestSpecialUse(t *testing.T) {
	for addr, special := range map[string]bool{
		"0.0.0.0": true, "10.1.2.3": true, "100.64.0.1": true, "100.128.0.1": false, "127.0.0.1": true, "169.254.1.1": true,
		"172.15.0.1": false, "172.16.0.1": true, "172.32.0.1": false, "192.0.0.9": true, "192.0.2.1": true, "192.168.1.1": true,
		"198.17.0.1": false, "198.18.0.1": true, "198.51.100.1": true, "203.0.113.1": true, "224.0.0.1": true, "255.255.255.255": true,
		"192.5.6.30": false, "8.8.8.8": false, "::ffff:10.0.0.1": true, "::ffff:8.8.8.8": false,
		"::": true, "::1": true, "fe80::1": true, "fc00::1": true, "ff02::1": true, "64:ff9b::1": true, "100::1": true,
		"2001::1": true, "2001:db8::1": true, "2002:a00::1": true, "3fff::1": true, "2001:503:ba3e::2:30": false, "2a00:1450::1": false,
	} {
		if got := IsSpecialUse(netip.MustParseAddr(addr)); got != special {
			t.Errorf("%s: special use %v, want %v", addr, got, special)
		}
	}
}

// TestServerFilter: who may get packets, by the flag and the place of the root servers (design/cli.md).
func TestServerFilter(t *testing.T) {
	at := func(addr string) []resolve.Root {
		return []resolve.Root{{Name: "\x01a\x00", Addrs: []netip.Addr{netip.MustParseAddr(addr)}}}
	}
	for _, test := range []struct {
		roots    string
		special  bool
		public   bool
		private  bool
		loopback bool
		valid    bool
	}{
		{roots: "198.41.0.4", public: true, valid: true},
		{roots: "198.41.0.4", special: true, public: true, private: true, valid: true},
		{roots: "10.0.0.1", public: true},
		{roots: "10.0.0.1", special: true, public: true, private: true, valid: true},
		{roots: "127.0.0.1", public: true},
		{roots: "127.0.0.1", special: true, public: true, private: true, loopback: true, valid: true},
	} {
		allowed := serverFilter(test.special, at(test.roots))
		for addr, want := range map[string]bool{
			"192.5.6.30": test.public, "10.9.9.9": test.private, "127.0.0.53": test.loopback, "::1": test.loopback,
			"0.0.0.0": false, "::": false, "224.0.0.251": false, "255.255.255.255": false, "ff02::fb": false,
			"::ffff:127.0.0.1": test.loopback,
		} {
			if got := allowed(netip.MustParseAddr(addr)); got != want {
				t.Errorf("roots at %s, special use %v: %s allowed %v, want %v", test.roots, test.special, addr, got, want)
			}
		}
		n := Network{Roots: at(test.roots), IPv4: true, SpecialUse: test.special}
		if err := n.Validate(); (err == nil) != test.valid {
			t.Errorf("roots at %s, special use %v: %v", test.roots, test.special, err)
		}
		if err := (&Network{Roots: at(test.roots), IPv6: true, SpecialUse: true}).Validate(); err == nil {
			t.Errorf("IPv6 only with roots at %s passes", test.roots)
		}
	}
}

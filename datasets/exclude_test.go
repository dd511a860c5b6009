package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caascan/caascan/scanner/wire"
	"github.com/google/go-cmp/cmp"
)

func readExclude(t testing.TB, text string) *Exclude {
	t.Helper()
	x, err := ReadExclude(strings.NewReader(text), "list")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const optOuts = "\xEF\xBB\xBF# those who asked us to stay away\r\n" +
	"\n" +
	"Example.org # asked on 2026-11-01, hostmaster@example.org #17\r\n" +
	"zone\tbücher.example.   #\n" +
	"name only.example.net\n" +
	"*.below.example.net\n" +
	"ns NS1.example.net.#no comment\n" +
	"ns *.dns.example.net\n" +
	"192.0.2.0/24 # the block\n" +
	"198.51.100.7\n" +
	"ns 203.0.113.128/25\n" +
	"2001:db8::/32\n" +
	"2001:db8:1::/48\n" + // within the one above
	"2001:db9::1\n" +
	"::ffff:100.64.0.0/106\n" +
	"co.test"

func TestExcludeEntries(t *testing.T) {
	x := readExclude(t, optOuts)
	want := []Entry{
		{Zone, "example.org", "asked on 2026-11-01, hostmaster@example.org #17", 3},
		{Zone, "xn--bcher-kva.example", "", 4},
		{ExactName, "only.example.net", "", 5},
		{BelowName, "below.example.net", "", 6},
		{ExactServer, "ns1.example.net", "no comment", 7},
		{BelowServer, "dns.example.net", "", 8},
		{ServerPrefix, "192.0.2.0/24", "the block", 9},
		{ServerPrefix, "198.51.100.7/32", "", 10},
		{ServerPrefix, "203.0.113.128/25", "", 11},
		{ServerPrefix, "2001:db8::/32", "", 12},
		{ServerPrefix, "2001:db8:1::/48", "", 13},
		{ServerPrefix, "2001:db9::1/128", "", 14},
		{ServerPrefix, "100.64.0.0/10", "", 15},
		{Zone, "co.test", "", 16},
	}
	if diff := cmp.Diff(want, slices.Collect(x.Entries())); diff != "" {
		t.Error(diff)
	}
	sum := sha256.Sum256([]byte(optOuts))
	if x.File() != "list" || x.Sum() != hex.EncodeToString(sum[:]) || x.Len() != len(want) {
		t.Errorf("file %q, sum %s, %d entries", x.File(), x.Sum(), x.Len())
	}
	for kind, n := range map[EntryKind]int{ExactName: 1, Zone: 3, BelowName: 1, ExactServer: 1, BelowServer: 1, ServerPrefix: 7} {
		if x.Count(kind) != n {
			t.Errorf("%d entries of kind %d, want %d", x.Count(kind), kind, n)
		}
	}
	for e := range x.Entries() {
		again := readExclude(t, e.String())
		e.Comment, e.Line = "", 1
		if got := slices.Collect(again.Entries()); len(got) != 1 || got[0] != e {
			t.Errorf("%q reads as %+v, want %+v", e.String(), got, e)
		}
	}
}

func TestExcludeNames(t *testing.T) {
	x := readExclude(t, optOuts)
	for name, line := range map[string]int64{
		"example.org": 3, "a.example.org": 3, "c.b.a.example.org": 3, "A.eXample.ORG.": 3, "_dmarc.example.org": 3,
		"org": 0, "xexample.org": 0, "example.org.net": 0, "": 0, ".": 0,
		"xn--bcher-kva.example": 4, "www.xn--bcher-kva.example": 4, "example": 0,
		"only.example.net": 5, "www.only.example.net": 0, "example.net": 0,
		"below.example.net": 0, "x.below.example.net": 6, "y.x.below.example.net": 6,
		"ns1.example.net": 0, "a.dns.example.net": 0, // servers, not names
		"a.co.test": 16,
	} {
		e, found := x.Name(name)
		if e.Line != line || found != (line > 0) {
			t.Errorf("Name(%q) = %+v, %v; want line %d", name, e, found, line)
		}
		w, err := wire.ParseName(name)
		if err != nil {
			continue
		}
		if got, found := x.WireName(string(w)); got != e || found != (line > 0) {
			t.Errorf("WireName(%q) = %+v, %v; want line %d", name, got, found, line)
		}
	}
	if e, _ := x.Name("www.example.org"); e.Comment != "asked on 2026-11-01, hostmaster@example.org #17" {
		t.Errorf("comment %q", e.Comment)
	}
}

func TestExcludeServers(t *testing.T) {
	x := readExclude(t, optOuts)
	for name, want := range map[string]bool{
		"ns1.example.net": true, "NS1.Example.net.": true, "a.ns1.example.net": false, "ns2.example.net": false,
		"dns.example.net": false, "a.dns.example.net": true, "b.a.dns.example.net": true,
		"example.org": false, "ns.example.org": false, "only.example.net": false, "x.below.example.net": false, // names, not servers
		"": false,
	} {
		if got := x.Server(name); got != want {
			t.Errorf("Server(%q) = %v", name, got)
		}
		if w, err := wire.ParseName(name); err == nil && x.WireServer(string(w)) != want {
			t.Errorf("WireServer(%q) = %v", name, !want)
		}
	}
}

func TestExcludeAddresses(t *testing.T) {
	x := readExclude(t, optOuts)
	for addr, want := range map[string]bool{
		"192.0.2.0": true, "192.0.2.255": true, "192.0.1.255": false, "192.0.3.0": false, "::ffff:192.0.2.9": true,
		"198.51.100.7": true, "198.51.100.6": false, "198.51.100.8": false,
		"203.0.113.127": false, "203.0.113.128": true, "203.0.113.255": true, "203.0.114.0": false,
		"100.63.255.255": false, "100.64.0.0": true, "100.127.255.255": true, "100.128.0.0": false,
		"2001:db8::": true, "2001:db8:1::1": true, "2001:db8:2::1": true, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": true,
		"2001:db9::": false, "2001:db9::1": true, "2001:db9::1%eth0": true, "2001:db9::2": false,
		"0.0.0.0": false, "255.255.255.255": false, "::": false, "ffff::": false, "::192.0.2.1": false,
	} {
		if got := x.Addr(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Addr(%s) = %v", addr, got)
		}
	}
	if x.Addr(netip.Addr{}) {
		t.Error("no address is excluded")
	}
	if all := readExclude(t, "0.0.0.0/0\n::/0\n"); !all.Addr(netip.MustParseAddr("192.0.2.1")) || !all.Addr(netip.MustParseAddr("::1")) {
		t.Error("0.0.0.0/0 and ::/0 leave addresses over")
	}
}

// Labels may hold any octet (RFC 2181 11); a dot in one ends no label.
func TestExcludeOddWireNames(t *testing.T) {
	x := readExclude(t, "example.org\n")
	for name, want := range map[string]bool{
		"\x07example\x03org\x00":                  true,
		"\x01\x00\x07example\x03org\x00":          true,
		"\x03a.b\x07example\x03org\x00":           true,
		"\x07example\x03oRg\x00":                  true,
		"\x0bexample.org\x00":                     false, // one label
		"\x0da.example.org\x00":                   false,
		"\x09a.example\x03org\x00":                false, // a sibling of example.org
		"\x00":                                    false,
		"":                                        false,
		"\x07example\x03org":                      false, // not closed
		"\x07example\x03orgg":                     false,
		"\x40" + strings.Repeat("a", 64) + "\x00": false,
		strings.Repeat("\x01a", 200) + "\x07example\x03org\x00":                              false, // longer than a name
		strings.Repeat("\x01a", (wire.MaxName-13)/2) + "\x07example\x03org\x00":              true,  // as long as a name
		strings.Repeat("\x01.", (wire.MaxName-13)/2) + "\x07example\x03org\x00":              true,
		strings.Repeat("\x3f"+label63, 3) + "\x2f" + label63[:47] + "\x07example\x03org\x00": true,
	} {
		if _, got := x.WireName(name); got != want {
			t.Errorf("WireName(%q) = %v", name, got)
		}
	}
}

// Several entries for one name, and the same entry many times over: each counts, and none hides another.
func TestExcludeSameName(t *testing.T) {
	x := readExclude(t, "name a.org\n*.a.org\nns a.org\nns *.a.org\n"+strings.Repeat("name b.org\n", 50_000)+"b.org\n")
	for name, line := range map[string]int64{"a.org": 1, "x.a.org": 2, "b.org": 5, "x.b.org": 50_005} {
		if e, _ := x.Name(name); e.Line != line {
			t.Errorf("Name(%q) = %+v, want line %d", name, e, line)
		}
	}
	if !x.Server("a.org") || !x.Server("x.a.org") || x.Server("b.org") {
		t.Error("servers")
	}
	if x.Len() != 50_005 {
		t.Errorf("%d entries", x.Len())
	}
}

func TestNoExclude(t *testing.T) {
	for _, x := range []*Exclude{nil, readExclude(t, ""), readExclude(t, "# nobody asked\n\n")} {
		_, byName := x.Name("example.org")
		_, byWire := x.WireName("\x07example\x03org\x00")
		if byName || byWire || x.Server("ns1.example.org") || x.WireServer("\x03org\x00") || x.Addr(netip.MustParseAddr("192.0.2.1")) {
			t.Error("a list without entries excludes something")
		}
	}
}

// An opt-out that is not understood must not be lost: the error says where it stands.
func TestExcludeErrors(t *testing.T) {
	for _, line := range []string{
		"exa mple.org", "name", "name a.org b.org", "host a.org", "NS a.org", "a.org, b.org", "a..org", ".", "*", "*.", "a.*.org", "*a.org",
		"name *.a.org", "user@a.org", "@a.org", "https://a.org/", "a.org:53", "a\x00.org", "m\xfcnchen.de", "a.org # \xff", "a.org # \x1b[0m",
		"192.0.2.1/24", "192.0.2.0/33", "192.0.2.256", "192.0.2", "192.0.2.0-192.0.2.9", "1.2.3.4.", "2001:db8::/129", "2001:db8::1/32",
		"fe80::1%eth0", "fe80::%eth0/64", "::ffff:0.0.0.0/90", "name 192.0.2.1", "zone 192.0.2.0/24", "[2001:db8::1]", "x.onion",
		strings.Repeat("a", 64) + ".org", strings.Repeat("a.", 150) + "org", strings.Repeat("x", bufferSize+1),
	} {
		x, err := ReadExclude(strings.NewReader("good.org\n# next\n"+line+"\ngood.net\n"), "optout.txt")
		if line == "name" { // a TLD
			if _, found := x.Name("a.name"); err != nil || !found {
				t.Errorf("%q: %v", line, err)
			}
			continue
		}
		if err == nil || x != nil || !strings.Contains(err.Error(), "optout.txt: line 3: ") {
			t.Errorf("%.80q: %v", line, err)
		}
	}

	_, err := ReadExclude(strings.NewReader("a..b\ngood.org\nc d\n"), "list")
	if err == nil || !strings.Contains(err.Error(), "line 1: ") || !strings.Contains(err.Error(), "line 3: ") {
		t.Errorf("two bad lines: %v", err)
	}
	_, err = ReadExclude(strings.NewReader(strings.Repeat("a..b\n", 1000)), "list")
	if err == nil || strings.Count(err.Error(), "line ") != maxBadLines {
		t.Errorf("a thousand bad lines: %v", err)
	}
	broken := errors.New("broken")
	if x, err := ReadExclude(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("good.org\n"))), "list"); x != nil || !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("reading ends early: %v", err)
	}
	if x, err := ReadExclude(iotest.ErrReader(broken), "list"); x != nil || !errors.Is(err, broken) {
		t.Errorf("no reading: %v", err)
	}
}

func TestLoadExclude(t *testing.T) {
	path := writeFile(t, "optout.txt", "example.org\n")
	x, err := LoadExclude(path)
	if err != nil || x.Len() != 1 || x.File() != path {
		t.Errorf("%+v, %v", x, err)
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if x, err := LoadExclude(path); x != nil || err == nil || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%v", err)
		}
	}
}

// Whatever the octets: an error, or a list in which each entry stands as it reads and excludes what it says.
func FuzzExclude(f *testing.F) {
	f.Add(optOuts, "www.example.org", "192.0.2.1")
	f.Add("name a.org\n*.a.org\nns b.org\nns *.b.org\n", "x.a.org", "::1")
	f.Add("0.0.0.0/0\n10.0.0.0/8\n10.0.0.0/9\n::/0", "", "10.1.2.3")
	f.Add("x # c\nns 1.2.3.4\n", "a.x.", "1.2.3.4")
	f.Fuzz(func(t *testing.T, text, name, addr string) {
		x, err := ReadExclude(strings.NewReader(text), "list")
		if err != nil {
			return
		}
		var names, servers, addrs bool
		a, _ := netip.ParseAddr(addr)
		canonical := strings.TrimSuffix(strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, name), ".")
		entries := 0
		for e := range x.Entries() {
			entries++
			again, err := ReadExclude(strings.NewReader(e.String()+"#"+e.Comment), "")
			if err != nil || again.Len() != 1 {
				t.Fatalf("%q: %v", e, err)
			}
			below := strings.HasSuffix(canonical, "."+e.Text)
			switch e.Kind {
			case ExactName:
				names = names || canonical == e.Text
			case Zone:
				names = names || canonical == e.Text || below
			case BelowName:
				names = names || below
			case ExactServer:
				servers = servers || canonical == e.Text
			case BelowServer:
				servers = servers || below
			case ServerPrefix:
				addrs = addrs || netip.MustParsePrefix(e.Text).Contains(a.Unmap().WithZone(""))
				continue
			}
			_, self := x.Name(e.Text)
			_, under := x.Name("a." + e.Text)
			if (e.Kind&(ExactName|Zone) != 0 && !self) || e.Kind&(Zone|BelowName) != 0 && !under ||
				e.Kind == ExactServer && !x.Server(e.Text) || e.Kind == BelowServer && !x.Server("a."+e.Text) {
				t.Fatalf("%q does not hold", e)
			}
		}
		if _, got := x.Name(name); got != names || x.Server(name) != servers || x.Addr(a) != addrs || x.Len() != entries {
			t.Fatalf("Name %v, Server %v, Addr %v, %d entries; want %v, %v, %v, %d", got, x.Server(name), x.Addr(a), x.Len(), names, servers, addrs, entries)
		}
		if w, err := wire.ParseName(name); err == nil && !strings.Contains(name, `\`) {
			if _, got := x.WireName(string(w)); got != names || x.WireServer(string(w)) != servers {
				t.Fatalf("in wire form: name %v, server %v; want %v, %v", got, x.WireServer(string(w)), names, servers)
			}
		}
	})
}

// millionExcluded makes a list as long as lists may become: mostly zones, some servers and prefixes.
func millionExcluded(tb testing.TB) *Exclude {
	var list strings.Builder
	for i := range 1_000_000 {
		switch i % 10 {
		case 7:
			fmt.Fprintf(&list, "ns ns%d.hoster-%d.net\n", i%4, i)
		case 8:
			fmt.Fprintf(&list, "%d.%d.%d.0/24\n", 1+i>>16&0x7F, i>>8&0xFF, i&0xFF)
		case 9:
			fmt.Fprintf(&list, "2001:db8:%x:%x::/64\n", i>>16, i&0xFFFF)
		default:
			fmt.Fprintf(&list, "domain-%d.com\n", i)
		}
	}
	return readExclude(tb, list.String())
}

func BenchmarkExclude(b *testing.B) {
	x := millionExcluded(b)
	perEntry := float64(len(x.names.text)+8*len(x.names.slots)+32*len(x.prefixes)) / float64(x.Len())
	var absent, present, wireNames []string
	var addrs []netip.Addr
	for i := range 1 << 12 {
		absent = append(absent, fmt.Sprintf("www.other-%d.co.uk", i))
		present = append(present, fmt.Sprintf("www.domain-%d.com", i*240))
		w, err := wire.ParseName(absent[i])
		if err != nil {
			b.Fatal(err)
		}
		wireNames = append(wireNames, string(w))
		addrs = append(addrs, netip.AddrFrom4([4]byte{byte(i % 16), byte(i >> 4), byte(i * 7), 1}))
	}
	b.Run("absent", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			x.Name(absent[i&0xFFF])
		}
		b.ReportMetric(perEntry, "octets/entry")
	})
	b.Run("present", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, found := x.Name(present[i&0xFFF]); found != ((i&0xFFF)*240%10 < 7) {
				b.Fatal(present[i&0xFFF])
			}
		}
	})
	b.Run("wire", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			x.WireName(wireNames[i&0xFFF])
		}
	})
	b.Run("address", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			x.Addr(addrs[i&0xFFF])
		}
	})
}

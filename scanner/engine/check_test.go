package engine

import (
	"net/netip"
	"strings"
	"testing"
)

// plenty is a system on which nothing is short.
var plenty = System{
	Files: 1 << 20, FilesMost: 1 << 20, FilesOpen: 10, FirstPort: 10_000, LastPort: 65_535,
	RecvBuffer: usualBuffer, SendBuffer: usualBuffer, Memory: 24 << 30,
}

func TestSystemCheck(t *testing.T) {
	two := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	for _, tt := range []struct {
		name   string
		change func(*System)
		cfg    Config
		demand Demand
		want   Finding // Resource empty: nothing is short
		says   string
	}{
		{name: "two million", cfg: Config{IPv4: true, IPv6: true, InFlight: 1e6}, demand: Demand{Loops: 2, InFlight: 2e6, Memory: 2 << 30}},
		{name: "nothing is known", change: func(s *System) { *s = System{} }, cfg: Config{IPv4: true}, demand: Demand{Loops: 1, InFlight: 1}},
		{
			name: "files", change: func(s *System) { s.Files, s.FilesMost = 300, 300 }, cfg: Config{IPv4: true, IPv6: true},
			demand: Demand{Loops: 2, InFlight: 1000},
			want:   Finding{Resource: Files, There: 300, Needs: 2*(2*64+2+128) + 32 + 10, Fatal: true}, says: "ulimit -n 558",
		},
		{
			name: "files just suffice", change: func(s *System) { s.Files = 558 }, cfg: Config{IPv4: true, IPv6: true},
			demand: Demand{Loops: 2, InFlight: 1000},
		},
		{
			name: "ports", change: func(s *System) { s.FirstPort, s.LastPort = 60_000, 60_099 }, cfg: Config{IPv4: true},
			demand: Demand{Loops: 2, InFlight: 1000},
			want:   Finding{Resource: Ports, There: 100, Needs: 128, Fatal: true}, says: "ip_local_port_range has 100 ports",
		},
		{
			name: "ports of two addresses", change: func(s *System) { s.FirstPort, s.LastPort = 60_000, 60_099 },
			cfg: Config{IPv4: true, Source: two}, demand: Demand{Loops: 2, InFlight: 1000},
		},
		{
			name: "two addresses of the other family", change: func(s *System) { s.FirstPort, s.LastPort = 60_000, 60_099 },
			cfg: Config{IPv4: true, IPv6: true, Source: two}, demand: Demand{Loops: 2, InFlight: 1000},
			want: Finding{Resource: Ports, There: 100, Needs: 128, Fatal: true}, says: "more source addresses",
		},
		{
			name: "IDs", cfg: Config{IPv4: true, Sockets: 16}, demand: Demand{Loops: 1, InFlight: 2_000_000},
			want: Finding{Resource: IDs, There: 16 * portLoad, Needs: 2_000_000}, says: "use 128 sockets a loop",
		},
		{
			name: "receive buffer", change: func(s *System) { s.RecvBuffer = 212_992 / 2 }, cfg: Config{IPv4: true},
			demand: Demand{Loops: 1, InFlight: 1},
			want:   Finding{Resource: RecvBuffer, There: 106_496, Needs: 1 << 20}, says: "gets a receive buffer of 104 KiB and 1 MiB are asked for",
		},
		{
			name: "send buffer", change: func(s *System) { s.SendBuffer = 100 }, cfg: Config{IPv4: true, SendBuffer: 2000},
			demand: Demand{Loops: 1, InFlight: 1},
			want:   Finding{Resource: SendBuffer, There: 100, Needs: 2000}, says: "net.core.wmem_max=2000",
		},
		{
			name: "memory", change: func(s *System) { s.Memory = 1 << 30 }, cfg: Config{IPv4: true, InFlight: 2_000_000},
			demand: Demand{Loops: 1, InFlight: 2_000_000, Memory: 2 << 30},
			want:   Finding{Resource: Memory, There: 1 << 30, Needs: 2<<30 + 128_000_000 + 2<<20 + 128*4096},
			says:   "1 GiB of memory are free and the scan may take 2172 MiB",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sys := plenty
			if tt.change != nil {
				tt.change(&sys)
			}
			found := sys.Check(tt.cfg, tt.demand)
			if tt.want.Resource == "" {
				if len(found) != 0 {
					t.Errorf("found %+v", found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("found %+v", found)
			}
			got := found[0]
			if !strings.Contains(got.Text, tt.says) {
				t.Errorf("says %q, want %q in it", got.Text, tt.says)
			}
			if got.Text = ""; got != tt.want {
				t.Errorf("found %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSocketsFor(t *testing.T) {
	for inFlight, want := range map[int]int{0: 64, 1: 64, 1 << 20: 64, 1<<20 + 1: 128, 2_000_000: 128, 5_000_000: 512, 1 << 40: maxSockets} {
		if got := socketsFor(inFlight); got != want {
			t.Errorf("%d in flight: %d sockets, want %d", inFlight, got, want)
		}
	}
	// An explicit number stands.
	if got := (Config{Sockets: 7, InFlight: 1 << 30}).sockets(); got != 7 {
		t.Errorf("%d sockets", got)
	}
}

// What Check finds is what New meets: a configuration in which nothing fatal is short opens.
func TestCheckHere(t *testing.T) {
	cfg := Config{IPv4: true, Sockets: 8}
	for _, f := range Check(cfg, Demand{Loops: 1, InFlight: 1000}) {
		if f.Fatal || f.Resource == IDs || f.Resource == Memory {
			t.Errorf("%+v", f)
		}
	}
	l, err := New(cfg, &script{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

package engine

import (
	"fmt"
	"net/netip"

	"github.com/caascan/caascan/scanner/engine/batch"
)

// Demand is what a scan means to have under way, over all its loops.
type Demand struct {
	Loops    int    // at least 1
	InFlight int    // exchanges
	Memory   uint64 // octets that all but the engine takes at its peak; 0 if not known
}

// System is what the operating system gives to this process. A zero is a figure that is not known and not checked.
type System struct {
	Files, FilesMost uint64 // RLIMIT_NOFILE: the soft limit, and the hard one up to which it may be raised
	FilesOpen        uint64
	FirstPort        uint64 // net.ipv4.ip_local_port_range, which IPv6 shares
	LastPort         uint64
	RecvBuffer       uint64 // octets of the buffers that a socket got which asked for those of the configuration
	SendBuffer       uint64
	Memory           uint64 // octets free for this process, within the limit of its control group
}

// Resource is what a Finding is about.
type Resource string

// The resources that Check looks at.
const (
	Files      Resource = "open files"
	Ports      Resource = "local ports"
	IDs        Resource = "query IDs"
	RecvBuffer Resource = "receive buffer"
	SendBuffer Resource = "send buffer"
	Memory     Resource = "memory"
)

// Finding is a resource that is short.
type Finding struct {
	Resource     Resource
	There, Needs uint64 // files, ports, exchanges or octets
	Fatal        bool   // the scan cannot run as it is configured; otherwise it may be slower or lose replies
	Text         string // what is there, what is needed and what to do: one sentence
}

const (
	// usualLoad is how many exchanges a socket has in flight when the number of sockets follows from them: a quarter of
	// the IDs, so that a free one is found at the first try or the second, and an attacker has as many ports to guess
	// as the work needs, or more.
	usualLoad = 1 << 14

	// usualSockets is how many a family has at least.
	usualSockets = 64

	// exchangeOctets is what an exchange in flight takes: 48 in the slab and at most 16 in the matcher.
	exchangeOctets = 64

	// loopOctets is what a loop takes beyond that: its batches (64 buffers of 4 KiB to receive, 64 of 512 octets for
	// each family to send), the wheel, the memory of late replies, its first tables.
	loopOctets = 2 << 20

	// socketOctets is what the kernel keeps for a socket that is empty.
	socketOctets = 4 << 10

	// loopFiles is what a loop has open besides sockets: its poller and what wakes that.
	loopFiles = 2

	// otherFiles is left for input, output, log and the runtime.
	otherFiles = 32
)

// socketsFor returns how many sockets a family of one loop gets that is to have inFlight exchanges in flight: a power
// of two.
func socketsFor(inFlight int) int {
	sockets := usualSockets
	for sockets < maxSockets && sockets*usualLoad < inFlight {
		sockets *= 2
	}
	return sockets
}

// sockets returns the number of sockets a family.
func (c Config) sockets() int {
	if c.Sockets != 0 {
		return c.Sockets
	}
	return socketsFor(c.InFlight)
}

// Check reads what the system gives, raises the soft limit of open files as far as d needs it, and returns what is
// short. cfg is that of each loop.
func Check(cfg Config, d Demand) []Finding {
	sys := readSystem(cfg)
	if needs := filesFor(cfg, d) + sys.FilesOpen; sys.Files != 0 && needs > sys.Files && sys.Files < sys.FilesMost {
		if most := min(needs, sys.FilesMost); raiseFiles(most) == nil {
			sys.Files = most
		}
	}
	return sys.Check(cfg, d)
}

func filesFor(cfg Config, d Demand) uint64 {
	return uint64(d.Loops*(families(cfg)*cfg.sockets()+loopFiles+orDefault(cfg.TCPConns, usualTCPConns)) + otherFiles)
}

func families(cfg Config) int {
	n := 0
	for _, used := range [...]bool{cfg.IPv4, cfg.IPv6} {
		if used {
			n++
		}
	}
	return n
}

// Check returns what of s is short for loops made from cfg, and d.
func (s System) Check(cfg Config, d Demand) []Finding {
	var short []Finding
	find := func(r Resource, there, needs uint64, fatal bool, format string, args ...any) {
		if needs > there {
			short = append(short, Finding{r, there, needs, fatal, fmt.Sprintf(format, args...)})
		}
	}
	loops, sockets := uint64(d.Loops), uint64(cfg.sockets())

	if s.Files != 0 {
		needs := filesFor(cfg, d) + s.FilesOpen
		find(Files, s.Files, needs, true,
			"the system allows %d open files and the scan needs %d: allow more (ulimit -n %d, or LimitNOFILE= of the service), "+
				"or use fewer sockets or TCP connections", s.Files, needs, needs)
	}

	if s.LastPort != 0 {
		there, perSource := s.LastPort-s.FirstPort+1, uint64(0)
		for _, family := range [...]struct {
			used bool
			any  netip.Addr
		}{{cfg.IPv4, netip.IPv4Unspecified()}, {cfg.IPv6, netip.IPv6Unspecified()}} {
			if sources := uint64(len(familyOf(cfg.Source, family.any))); family.used {
				perSource = max(perSource, (loops*sockets+sources-1)/sources)
			}
		}
		find(Ports, there, perSource, true,
			"net.ipv4.ip_local_port_range has %d ports and the scan needs %d for each source address: widen the range "+
				"(sysctl -w net.ipv4.ip_local_port_range=\"10000 65535\"), or use fewer sockets or more source addresses", there, perSource)
	}

	inFlight := uint64(d.InFlight)
	if ids := loops * sockets * portLoad; ids < inFlight {
		find(IDs, ids, inFlight, false,
			"%d sockets tell at most %d queries in flight apart and %d are wanted, so the rest would wait: use %d sockets a loop",
			loops*sockets, ids, inFlight, socketsFor(int(inFlight/loops)))
	}

	for _, b := range []struct {
		resource   Resource
		there      uint64
		wants      int
		name, lost string
	}{
		{RecvBuffer, s.RecvBuffer, cfg.RecvBuffer, "rmem_max", "replies that come in a burst may be lost"},
		{SendBuffer, s.SendBuffer, cfg.SendBuffer, "wmem_max", "sending may have to pause"},
	} {
		if wants := uint64(orDefault(b.wants, usualBuffer)); b.there != 0 {
			find(b.resource, b.there, wants, false,
				"a socket gets a %s of %s and %s are asked for, so %s: raise the system's limit (sysctl -w net.core.%s=%d)",
				b.resource, octets(b.there), octets(wants), b.lost, b.name, wants)
		}
	}

	if s.Memory != 0 {
		needs := d.Memory + inFlight*exchangeOctets + loops*(loopOctets+uint64(families(cfg))*sockets*socketOctets)
		find(Memory, s.Memory, needs, false,
			"%s of memory are free and the scan may take %s: lower the number of names in flight (%d now), or make room",
			octets(s.Memory), octets(needs), d.InFlight)
	}
	return short
}

// octets writes n for people: whole numbers of the largest unit that leaves at least four digits or loses nothing.
func octets(n uint64) string {
	units := []string{"octets", "KiB", "MiB", "GiB"}
	for len(units) > 1 && (n >= 10<<10 || n >= 1<<10 && n%(1<<10) == 0) {
		n >>= 10
		units = units[1:]
	}
	return fmt.Sprintf("%d %s", n, units[0])
}

// probeBuffers returns the sizes of the buffers that a socket of cfg gets; zeros if that cannot be told.
func probeBuffers(cfg Config) (recv, send int) {
	local := netip.IPv4Unspecified()
	if !cfg.IPv4 {
		local = netip.IPv6Unspecified()
	}
	c, err := batch.Listen(netip.AddrPortFrom(local, 0), batch.Options{
		RecvBuffer: orDefault(cfg.RecvBuffer, usualBuffer), SendBuffer: orDefault(cfg.SendBuffer, usualBuffer),
	})
	if err != nil {
		return 0, 0
	}
	defer c.Close()
	return c.Buffers()
}

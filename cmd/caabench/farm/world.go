package farm

import (
	"math"
	"net/netip"
	"sort"
	"strconv"
	"time"
)

// World is what a farm serves. It does not change once made.
type World struct {
	cfg   Config
	zipf  []int // with unequal shares: the first name of each group, and the number of names
	secur *security
}

// New makes a world, and with it all the signatures that a scan of it will ask for: some 20 µs each.
func New(cfg Config) (*World, error) {
	w, err := Outline(cfg)
	if err == nil && cfg.Security != Unsigned {
		w.secur = newSecurity(w, time.Now())
	}
	return w, err
}

// Outline makes a world without its keys and signatures: to know its names and their truth, not to be served.
func Outline(cfg Config) (*World, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	w := &World{cfg: cfg}
	if cfg.Biggest > 0 {
		w.zipf = zipfBounds(cfg.Names, w.groups(), cfg.Biggest)
	}
	return w, nil
}

// Config returns the configuration, with its defaults filled in.
func (w *World) Config() Config { return w.cfg }

// A group is names with one server: those of a zone, or, where each name is a zone, those of a server. Names are dealt
// to the groups in stretches.

func (w *World) groups() int {
	if w.cfg.Below {
		return w.cfg.Zones
	}
	return w.cfg.Servers
}

// groupOf returns the group of a name.
func (w *World) groupOf(name int) int {
	if w.zipf != nil {
		return sort.SearchInts(w.zipf, name+1) - 1
	}
	return ((name+1)*w.groups() - 1) / w.cfg.Names
}

// firstOf returns the first name of a group.
func (w *World) firstOf(group int) int {
	if w.zipf != nil {
		return w.zipf[group]
	}
	return group * w.cfg.Names / w.groups()
}

// zoneOf returns the zone that holds a name.
func (w *World) zoneOf(name int) int {
	if w.cfg.Below {
		return w.groupOf(name)
	}
	return name
}

// serverOf returns the server of a zone.
func (w *World) serverOf(zone int) int {
	if w.cfg.Below {
		return zone % w.cfg.Servers
	}
	return w.groupOf(zone)
}

// Held returns how many zones, and how many names, a leaf server holds.
func (w *World) Held(server int) (zones, names int) {
	if !w.cfg.Below {
		names = w.firstOf(server+1) - w.firstOf(server)
		return names, names
	}
	for zone := server; zone < w.cfg.Zones; zone += w.cfg.Servers {
		zones++
		names += w.firstOf(zone+1) - w.firstOf(zone)
	}
	return zones, names
}

// zipfBounds deals names to groups whose sizes go down as the power of their rank with which the first gets the share
// biggest. Each group gets one name at least, if there are enough.
func zipfBounds(names, groups int, biggest float64) []int {
	weights := make([]float64, groups)
	low, high := 0.0, 16.0 // exponent; from all alike to nearly all for the first
	for range 60 {
		exponent, sum := (low+high)/2, 0.0
		for k := range weights {
			weights[k] = math.Pow(float64(k+1), -exponent)
			sum += weights[k]
		}
		for k := range weights {
			weights[k] /= sum
		}
		if weights[0] < biggest {
			low = exponent
		} else {
			high = exponent
		}
	}
	bounds := make([]int, groups+1)
	spare, sum := max(names-groups, 0), 0.0
	for k, weight := range weights {
		bounds[k] = int(sum*float64(spare)) + min(k, names)
		sum += weight
	}
	bounds[groups] = names
	return bounds
}

// Addresses. The network 127.80.0.0/15 has them all.
const (
	topNet    = 127<<24 | 80<<16 // 127.80.0.0/16
	rootAddr  = topNet | 1       // 127.80.0.1
	tldNet    = topNet | 1<<8    // 127.80.1.1 and on
	leafNet   = 127<<24 | 81<<16 // 127.81.0.1 and on, 250 in each /24
	perSubnet = 250
)

// A server is known by an index: 0 is the root's, then come those of the top-level domains, then those of leaf zones.

func (w *World) serverCount() int      { return 1 + w.cfg.TLDs + w.cfg.Servers }
func (w *World) tldServer(tld int) int { return 1 + tld }
func (w *World) leafServer(k int) int  { return 1 + w.cfg.TLDs + k }

// indexOf returns the index of the server with an address, -1 if there is none.
func (w *World) indexOf(addr uint32) int {
	switch low := int(addr & 0xff); {
	case addr == rootAddr:
		return 0
	case addr&^0xff == tldNet && low >= 1 && low <= w.cfg.TLDs:
		return w.tldServer(low - 1)
	case addr&^0xffff == leafNet && low >= 1 && low <= perSubnet:
		if k := int(addr>>8&0xff)*perSubnet + low - 1; k < w.cfg.Servers {
			return w.leafServer(k)
		}
	}
	return -1
}

// addrOf returns the address of the server with an index.
func (w *World) addrOf(index int) uint32 {
	switch k := index - 1 - w.cfg.TLDs; {
	case index == 0:
		return rootAddr
	case k < 0:
		return tldNet | uint32(index)
	default:
		return leafNet | uint32(k/perSubnet)<<8 | uint32(k%perSubnet+1)
	}
}

// Addr returns the address of a leaf server.
func (w *World) Addr(server int) netip.Addr { return ipv4(w.addrOf(w.leafServer(server))) }

func ipv4(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// behaviourOf returns what the server with an index does.
func (w *World) behaviourOf(index int) *Behaviour {
	if k := index - 1 - w.cfg.TLDs; k >= 0 {
		return &w.cfg.Leaf[k%len(w.cfg.Leaf)]
	}
	return &w.cfg.Top
}

// Labels of the names that servers have.
const (
	rootHost = "root" // root.
	tldHost  = "ns"   // ns.t3.
)

// label returns a label made of a letter and a number.
func label(letter byte, number int) string { return string(letter) + strconv.Itoa(number) }

// wireName returns the name of some labels in wire form.
func wireName(labels ...string) []byte {
	var name []byte
	for _, l := range labels {
		name = append(append(name, byte(len(l))), l...)
	}
	return append(name, 0)
}

func tldName(tld int) []byte { return wireName(label('t', tld)) }

func (w *World) zoneName(zone int) []byte {
	return wireName(label('z', zone), label('t', zone%w.cfg.TLDs))
}

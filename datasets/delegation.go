package datasets

import (
	"net/netip"
	"slices"

	"github.com/caascan/caascan/scanner/record"
)

const (
	// maxServers bounds the name servers of a delegation that are kept. Registries allow 13.
	maxServers = 32
	// maxServerAddrs bounds the addresses that are kept of a name server.
	maxServerAddrs = 32
	// maxDS bounds the DS and RRSIG records of a delegation that are kept, and maxDSOctets their data.
	maxDS       = 16
	maxDSOctets = 8 << 10

	// maxGlueOctets bounds the glue that is remembered of a file, in octets of memory. That of .com, two and a half
	// million names, needs a quarter of it.
	maxGlueOctets = 512 << 20

	// maxServerSets bounds the sets of name servers that are remembered, so that the customers of a hoster share theirs.
	maxServerSets = 1 << 14
)

// glue holds the addresses of the hosts of a zone file. The data of a name: TTL, number of addresses of four octets,
// number of those of sixteen, the addresses.
type glue struct {
	hosts *nameIndex
	buf   []byte
}

// add adds addresses to those of a host. It reports false if there is no room left.
func (g *glue) add(host []byte, addrs []netip.Addr, ttl uint32) bool {
	known, knownTTL := g.of(host)
	if known != nil {
		addrs, ttl = append(known, addrs...), min(ttl, knownTTL)
	}
	if g.hosts.octets() >= maxGlueOctets {
		return false
	}
	addrs = sortedAddrs(addrs)
	four := 0
	for four < len(addrs) && addrs[four].Is4() {
		four++
	}
	b := append(g.buf[:0], byte(ttl>>24), byte(ttl>>16), byte(ttl>>8), byte(ttl), byte(four), byte(len(addrs)-four))
	for _, a := range addrs {
		b = append(b, a.AsSlice()...)
	}
	g.buf = b
	return g.hosts.put(host, b)
}

// holds reports whether there are addresses of a host.
func (g *glue) holds(host []byte) bool { return g.hosts.find(host) != nil }

// of returns the addresses of a host, in order; nil if there are none.
func (g *glue) of(host []byte) (addrs []netip.Addr, ttl uint32) {
	data := g.hosts.find(host)
	if data == nil {
		return nil, 0
	}
	ttl = uint32(data[0])<<24 | uint32(data[1])<<16 | uint32(data[2])<<8 | uint32(data[3])
	four, sixteen := int(data[4]), int(data[5])
	data = data[6:]
	addrs = make([]netip.Addr, 0, four+sixteen)
	for range four {
		addrs = append(addrs, netip.AddrFrom4([4]byte(data)))
		data = data[4:]
	}
	for range sixteen {
		addrs = append(addrs, netip.AddrFrom16([16]byte(data)))
		data = data[16:]
	}
	return addrs, ttl
}

// sortedAddrs sorts addresses, IPv4 first, and drops those that are there twice or too many.
func sortedAddrs(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	return addrs[:min(len(addrs), maxServerAddrs)]
}

// serverSet is a set of name servers.
type serverSet struct {
	servers []record.DelegatedServer
	late    bool // there may be glue further on for some
}

// serverSets remembers sets of name servers by their names in text, sorted and each followed by a line end.
type serverSets struct{ young, old map[string]serverSet }

func (s *serverSets) find(key []byte) (serverSet, bool) {
	if set, ok := s.young[string(key)]; ok {
		return set, true
	}
	set, ok := s.old[string(key)]
	if ok {
		s.put(key, set)
	}
	return set, ok
}

func (s *serverSets) put(key []byte, set serverSet) {
	if len(s.young) >= maxServerSets/2 {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[string]serverSet)
	}
	s.young[string(key)] = set
}

package scanner

import (
	"net/netip"

	"github.com/caascan/caascan/scanner/resolve"
)

// specialUse are the prefixes in which no public name server can be (IANA special-purpose address registries, RFC 6890).
// Of IPv6, only 2000::/3 is given out for public use, so the list holds what is set aside within it.
var specialUse = parsePrefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var publicIPv6 = netip.MustParsePrefix("2000::/3")

func parsePrefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

// IsSpecialUse reports whether an address is set aside for private, local, documentation or other special use.
func IsSpecialUse(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !publicIPv6.Contains(a) {
		return true
	}
	for _, p := range specialUse {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// serverFilter says which server addresses may get packets: public ones; with special also those of special use, but
// loopback only if the root servers are on loopback. Multicast, broadcast and unspecified addresses never do.
func serverFilter(special bool, roots []resolve.Root) func(netip.Addr) bool {
	loopback := false
	for _, root := range roots {
		for _, addr := range root.Addrs {
			loopback = loopback || addr.IsLoopback()
		}
	}
	limited := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return func(a netip.Addr) bool {
		a = a.Unmap()
		switch {
		case a.IsUnspecified() || a.IsMulticast() || a == limited:
			return false
		case a.IsLoopback():
			return special && loopback
		default:
			return special || !IsSpecialUse(a)
		}
	}
}

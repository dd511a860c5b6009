package scanner

import (
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/wire"
)

//go:embed root.hints
var builtInHints string

// RootServers returns the root servers of the Internet.
func RootServers() []resolve.Root {
	roots, err := ReadHints(strings.NewReader(builtInHints), "built-in root hints")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return roots
}

// ReadHints reads root hints in master-file form: NS records of the root and the addresses of the servers they name.
// file is for messages. Servers without an address, and hints without servers, are errors.
func ReadHints(r io.Reader, file string) ([]resolve.Root, error) {
	var roots []resolve.Root
	addrs := map[wire.Name][]netip.Addr{}
	parser := dns.NewZoneParser(r, ".", file)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		owner, err := wire.ParseName(rr.Header().Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, rr.Header().Name, err)
		}
		switch rr := rr.(type) {
		case *dns.NS:
			if owner != wire.Root {
				continue
			}
			name, err := wire.ParseName(rr.Ns)
			if err != nil {
				return nil, fmt.Errorf("%s: %q: %w", file, rr.Ns, err)
			}
			roots = append(roots, resolve.Root{Name: name})
		case *dns.A:
			addr, _ := netip.AddrFromSlice(rr.A.To4())
			addrs[owner] = append(addrs[owner], addr)
		case *dns.AAAA:
			addr, _ := netip.AddrFromSlice(rr.AAAA.To16())
			addrs[owner] = append(addrs[owner], addr)
		}
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("%s: no NS record of the root", file)
	}
	for i := range roots {
		roots[i].Addrs = addrs[roots[i].Name]
		if len(roots[i].Addrs) == 0 {
			return nil, fmt.Errorf("%s: no address of %s", file, roots[i].Name)
		}
	}
	return roots, nil
}

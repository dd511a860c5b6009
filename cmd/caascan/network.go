package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/resolve"
)

// networkFlags are the flags about speaking to name servers. Their defaults are those of design/cli.md.
type networkFlags struct {
	RootHints         string        `group:"Name servers" placeholder:"FILE" help:"Root server names and addresses in master-file form (default: built in)."`
	TrustAnchor       string        `group:"Name servers" placeholder:"FILE" help:"DS or DNSKEY records in master-file form, several, at any name (default: those of the root, built in); an empty file switches validation off."`
	At                time.Time     `group:"Name servers" placeholder:"TIME" help:"The clock against which signatures are checked, RFC 3339 (default: now)."`
	DNSSEC            string        `group:"Name servers" name:"dnssec" env:"CAASCAN_DNSSEC" enum:"off,lazy,full" default:"full" help:"What is validated: off nothing, lazy what the verdict depends on (a CAA set, or a failure), full every answer."`
	Resolver          []string      `group:"Name servers" placeholder:"ADDR" help:"Stub mode: ask this validating resolver (ADDR or ADDR:PORT, or @FILE with one a line; repeatable) instead of the authoritative servers."`
	ServerPort        uint16        `group:"Name servers" default:"53" help:"Port of every authoritative server."`
	IPv4Only          bool          `group:"Name servers" name:"ipv4-only" env:"CAASCAN_IPV4_ONLY" xor:"family" help:"Ask over IPv4 only."`
	IPv6Only          bool          `group:"Name servers" name:"ipv6-only" env:"CAASCAN_IPV6_ONLY" xor:"family" help:"Ask over IPv6 only."`
	Source            []netip.Addr  `group:"Name servers" placeholder:"ADDR" help:"Local address to ask from (repeatable)."`
	Timeout           time.Duration `group:"Name servers" default:"2s" help:"How long to wait for a reply."`
	Retries           int           `group:"Name servers" default:"3" help:"How often a question without reply is repeated, at other servers first; up to three times as often where a server answers others and packets get lost."`
	MaxQueriesPerName int           `group:"Name servers" default:"64" help:"Queries for one name with all it pulls in, at most."`
	AllowSpecialUse   bool          `group:"Name servers" help:"Ask servers at private and other special-use addresses too (loopback only if the root hints are there), and let special-use names through."`

	RatePerServer   float64  `group:"Politeness" default:"50" placeholder:"QPS" help:"Queries a second to one server address, at most: one that cannot bear so many gets fewer; 0 means no limit but that."`
	RatePerOperator float64  `group:"Politeness" default:"500" placeholder:"QPS" help:"Queries a second to all servers of one operator; 0 means no limit."`
	RatePerTLD      float64  `group:"Politeness" name:"rate-per-tld" env:"CAASCAN_RATE_PER_TLD" placeholder:"QPS" help:"Queries a second to one server of a top-level domain (default: as --rate-per-server)."`
	RatePerRoot     float64  `group:"Politeness" placeholder:"QPS" help:"Queries a second to one root server (default: as --rate-per-server)."`
	RateStart       *float64 `group:"Politeness" placeholder:"QPS" help:"Queries a second with which a server begins that is not known yet (default: a fifth of --rate-per-server, 100 without one); 0 means the limit at once."`
	RateTotal       float64  `group:"Politeness" default:"0" placeholder:"QPS" help:"Queries a second in all; 0 means no limit."`
	RateBits        float64  `group:"Politeness" default:"0" placeholder:"BPS" help:"Bits a second in all, both directions together; 0 means no limit."`
	RateShare       float64  `group:"Politeness" default:"1" placeholder:"F" help:"Part of the limits per server and operator that this machine may use."`
	Exclude         string   `group:"Politeness" placeholder:"FILE" help:"Opt-out list: domains, zones, name servers by name, address or prefix, one a line; read again on SIGHUP."`

	exclusion *exclusion
}

// network makes the configuration of the scanner from the flags.
func (f *networkFlags) network(env *environ) (scanner.Network, error) {
	n := scanner.Network{
		Roots: scanner.RootServers(), Port: f.ServerPort, Source: f.Source, SpecialUse: f.AllowSpecialUse,
		Timeout: f.Timeout, Retries: f.Retries, MaxQueries: f.MaxQueriesPerName,
		Limits:   f.limits(),
		Operator: datasets.DefaultSuffixes().Operator,
	}
	switch {
	case f.Timeout <= 0:
		return n, fmt.Errorf("--timeout %v: want more than 0", f.Timeout)
	case f.MaxQueriesPerName < 1:
		return n, fmt.Errorf("--max-queries-per-name %d: want at least 1", f.MaxQueriesPerName)
	case f.Retries < 0:
		return n, fmt.Errorf("--retries %d: want at least 0", f.Retries)
	case f.ServerPort == 0:
		return n, errors.New("--server-port 0: want 1 to 65535")
	case f.RateShare <= 0: // a Share of 0 would mean 1
		return n, fmt.Errorf("--rate-share %v: want more than 0 and at most 1", f.RateShare)
	}
	if _, err := ratelimit.New(n.Limits); err != nil {
		return n, err
	}
	if f.RatePerServer == 0 {
		env.log.Warn("--rate-per-server 0: name servers get queries as fast as this machine can send, until they show that it is too fast")
	}
	if f.RatePerOperator == 0 {
		env.log.Warn("--rate-per-operator 0: operators get queries as fast as their servers may have them")
	}
	if f.RootHints != "" {
		roots, err := readHints(f.RootHints)
		if err != nil {
			return n, err
		}
		n.Roots = roots
	}
	if err := f.validation(&n); err != nil {
		return n, err
	}
	var err error
	if f.exclusion, err = loadExclusion(f.Exclude); err != nil {
		return n, err
	}
	n.OptOuts = f.exclusion.inForce()
	env.flags["rate-start"] = f.rateStart()
	if n.Resolvers, err = readResolvers(f.Resolver); err != nil {
		return n, err
	}
	if len(n.Resolvers) > 0 && (!f.At.IsZero() || n.DNSSEC != scanner.Full) {
		env.log.Warn("--at and --dnssec have no effect with --resolver: the resolvers validate, in their own way and time")
	}
	f.families(&n)
	return n, n.Validate()
}

// limits are those of the flags about politeness.
func (f *networkFlags) limits() ratelimit.Limits {
	return ratelimit.Limits{
		PerServer: f.RatePerServer, PerTopLevel: f.RatePerTLD, PerRoot: f.RatePerRoot, PerOperator: f.RatePerOperator,
		Start: f.rateStart(), Total: f.RateTotal, Bits: f.RateBits, Share: f.RateShare,
	}
}

// rateStart is the rate at which a server begins.
func (f *networkFlags) rateStart() float64 {
	const part, uncapped = 5, 100
	switch {
	case f.RateStart != nil:
		return *f.RateStart
	case f.RatePerServer > 0:
		return f.RatePerServer / part
	default:
		return uncapped
	}
}

// dnssecModes are the values of --dnssec.
var dnssecModes = map[string]scanner.DNSSEC{"off": scanner.Off, "lazy": scanner.Lazy, "full": scanner.Full}

// validation sets how answers are validated.
func (f *networkFlags) validation(n *scanner.Network) error {
	n.DNSSEC = dnssecModes[f.DNSSEC]
	n.Anchors, n.At = scanner.TrustAnchors(), f.At
	if !f.At.IsZero() && (f.At.Unix() <= 0 || f.At.Unix() > math.MaxUint32) {
		return fmt.Errorf("--at %v: want a time from 1970 to 2106", f.At.Format(time.RFC3339))
	}
	if f.TrustAnchor == "" {
		return nil
	}
	file, err := os.Open(f.TrustAnchor)
	if err != nil {
		return fmt.Errorf("trust anchors: %w", err)
	}
	defer file.Close()
	n.Anchors, err = scanner.ReadAnchors(file, f.TrustAnchor)
	return err
}

func readHints(path string) ([]resolve.Root, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("root hints: %w", err)
	}
	defer file.Close()
	return scanner.ReadHints(file, path)
}

// readResolvers reads the values of --resolver: ADDR, ADDR:PORT, [ADDR]:PORT, or @FILE with such lines, where # begins a
// comment.
func readResolvers(values []string) (resolvers []netip.AddrPort, err error) {
	const dnsPort = 53
	for _, value := range values {
		if path, ok := strings.CutPrefix(value, "@"); ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("--resolver: %w", err)
			}
			var lines []string
			for line := range strings.Lines(string(text)) {
				line, _, _ = strings.Cut(line, "#")
				if line = strings.TrimSpace(line); line != "" && line[0] != '@' {
					lines = append(lines, line)
				} else if line != "" {
					return nil, fmt.Errorf("--resolver %s: %q: no files within files", value, line)
				}
			}
			if len(lines) == 0 {
				return nil, fmt.Errorf("--resolver %s: no address in it", value)
			}
			more, err := readResolvers(lines)
			if err != nil {
				return nil, err
			}
			resolvers = append(resolvers, more...)
			continue
		}
		if addr, err := netip.ParseAddr(value); err == nil {
			resolvers = append(resolvers, netip.AddrPortFrom(addr.Unmap(), dnsPort))
			continue
		}
		addr, err := netip.ParseAddrPort(value)
		if err != nil || addr.Port() == 0 {
			return nil, fmt.Errorf("--resolver %s: want an address, ADDR:PORT or @FILE", value)
		}
		resolvers = append(resolvers, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()))
	}
	return resolvers, nil
}

// families decides which address families are used: those the host can reach, unless a flag says otherwise.
func (f *networkFlags) families(n *scanner.Network) {
	if len(n.Resolvers) > 0 {
		for _, addr := range n.Resolvers {
			n.IPv4 = n.IPv4 || addr.Addr().Is4() && !f.IPv6Only
			n.IPv6 = n.IPv6 || addr.Addr().Is6() && !f.IPv4Only
		}
		n.IPv4 = n.IPv4 || !n.IPv6
		return
	}
	n.IPv4 = f.IPv4Only || !f.IPv6Only && hasRoute(n.Roots, netip.Addr.Is4, "127.0.0.1")
	n.IPv6 = f.IPv6Only || !f.IPv4Only && hasRoute(n.Roots, netip.Addr.Is6, "::1")
	if !n.IPv4 && !n.IPv6 {
		n.IPv4 = true // and every server will be unreachable, as the rows will say
	}
}

// hasRoute reports whether there is a route to a root server of the family. Where there is none of that family, in a
// test world, loopback stands in. No packet is sent: connecting a UDP socket only looks for the route.
func hasRoute(roots []resolve.Root, family func(netip.Addr) bool, loopback string) bool {
	target := netip.MustParseAddr(loopback)
	for _, root := range roots {
		for _, addr := range root.Addrs {
			if family(addr.Unmap()) {
				target = addr
			}
		}
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(target, 53)))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

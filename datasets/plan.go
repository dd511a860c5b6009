package datasets

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/record"
)

// Limits are the rates that a scan keeps to, in packets a second, after any share was taken off. 0 is no limit.
type Limits struct {
	PerServer   float64 // for each server address
	PerTopLevel float64 // in its place for servers of top-level domains; 0 is as PerServer
	PerRoot     float64 // in its place for servers of the root; 0 is as PerServer
	PerOperator float64 // for all servers of one operator together, whatever they serve
	Total       float64 // for the whole scan
}

// Assumptions say how many packets a scan sends where nothing has been measured. They are orders of magnitude: an
// earlier scan of similar names (Plan.Load) is to be preferred.
type Assumptions struct {
	Name       float64 // at the servers of a name, for it alone
	Level      float64 // there, for each label between name and registrable domain: CAA on the climb (RFC 8659 3)
	Domain     float64 // there, once for a registrable domain, besides its own CAA: the keys of signed zones
	Delegation float64 // at the servers of the zone above, once for a registrable domain: the referral
	Repeat     float64 // share of the packets sent once more: lost, truncated, refused

	// Addresses of the servers of one zone, where they are not known. A bound is as good as they are.
	RootServers, TopLevelServers, LeafServers int
}

// DefaultAssumptions are those of a scan that validates. Per name: one question for CAA, and those that it asks besides,
// for MX and other companions. One registrable domain of twelve is signed. The root has thirteen servers, a top-level
// domain some four, a domain two.
func DefaultAssumptions(besides float64) Assumptions {
	return Assumptions{Name: 1 + besides, Level: 1, Domain: 1. / 12, Delegation: 1, Repeat: 0.05, RootServers: 13, TopLevelServers: 4, LeafServers: 2}
}

// BoundKind says whose servers a Bound is about.
type BoundKind uint8

const (
	OfScan     BoundKind = iota // all: what the total rate allows
	OfRoot                      // the root's
	OfTopLevel                  // of one top-level domain
	OfSuffix                    // of one public suffix that is no registry's: the names below it are its customers'
	OfDomain                    // of one registrable domain that many names are in
	OfOperator                  // of one operator, as an earlier scan has met it
)

// String returns a word for the kind.
func (k BoundKind) String() string {
	return [...]string{"scan", "root", "tld", "suffix", "domain", "operator"}[k]
}

// Bound is the least time that a part of the scan takes at the limits, however fast everything else is. The scan takes
// no less than the longest.
type Bound struct {
	Who     string // TLD, suffix, domain or operator; "." for the root, "" for the scan
	Kind    BoundKind
	Names   int64 // of the input, that need these servers
	Queries int64
	Servers int           // addresses that share the queries; 0 for the scan
	Assumed bool          // nobody has counted the servers
	Time    time.Duration // 0 if nothing limits it
}

// Bounds on what a plan remembers, whatever the input: some 100 MB altogether.
const (
	maxZones     = 1 << 16 // zones with delegations below them; there are some 1,500 TLDs and 4,000 private suffixes
	maxGroups    = 1 << 14 // registrable domains with many names
	maxSample    = 1 << 20 // registrable domains that are told apart: up to here their number is exact, beyond to 0.1 %
	maxOperators = 1 << 19 // operators of an earlier scan
	maxBounds    = 1 << 10 // zones, domains and operators that Bounds returns, each
)

// Plan foretells how long a scan must take at its limits, and whose servers are the reason, from the names of its
// input and, if there is one, an earlier scan. Its memory is bounded: the number of names is exact; that of registrable
// domains is up to maxSample, and beyond it is an estimate (see sample); the names of one domain may be told a
// little too low where there are more than maxGroups domains (see frequent). It is not safe for concurrent use.
type Plan struct {
	limits  Limits
	assume  Assumptions
	names   int64
	between int64 // labels between names and their registrable domains
	zones   *frequent[zone]
	groups  *frequent[group]
	domains sample
	earlier earlier
}

// zone is one that delegates registrable domains.
type zone struct {
	kind  BoundKind // OfTopLevel or OfSuffix
	names int64

	// In the sample.
	domains int64
	bare    int64 // those that are no names of the input themselves
}

func (z *zone) weight() int64 { return z.names }

// group is the names of one registrable domain.
type group struct{ names int64 }

func (g *group) weight() int64 { return g.names }

// NewPlan returns a plan of a scan without names.
func NewPlan(limits Limits, assume Assumptions) *Plan {
	limits.PerTopLevel = cmp.Or(limits.PerTopLevel, limits.PerServer)
	limits.PerRoot = cmp.Or(limits.PerRoot, limits.PerServer)
	return &Plan{
		limits: limits, assume: assume,
		zones:   newFrequent[zone](maxZones),
		groups:  newFrequent[group](maxGroups),
		domains: newSample(maxSample),
		earlier: earlier{operators: newFrequent[operator](maxOperators)},
	}
}

// Add adds a name of the input.
func (p *Plan) Add(t *record.Target) {
	p.names++
	domain := cmp.Or(t.Registrable, t.Name)
	if above := len(t.Name) - len(domain) - 1; above > 0 {
		p.between += int64(strings.Count(t.Name[:above], "."))
	}
	z := p.zones.at(delegating(t))
	z.kind = OfTopLevel
	if !t.ICANN && strings.Contains(t.Suffix, ".") {
		z.kind = OfSuffix
	}
	z.names++
	p.groups.at(domain).names++
	p.domains.add(domain, z, domain == t.Name)
}

// delegating returns the zone that the delegation of a target's registrable domain is in. Suffixes of registries, such as
// co.uk, are taken to be on the servers of their TLD. The owner of a private suffix has his own.
func delegating(t *record.Target) string {
	if !t.ICANN && strings.Contains(t.Suffix, ".") {
		return t.Suffix
	}
	return t.Suffix[strings.LastIndexByte(t.Suffix, '.')+1:]
}

// Names returns how many names were added.
func (p *Plan) Names() int64 { return p.names }

// Domains returns how many registrable domains they are in, and whether that is exact.
func (p *Plan) Domains() (n int64, exact bool) {
	return int64(len(p.domains.met)) << p.domains.shift, p.domains.shift == 0
}

// Queries returns how many packets the scan will send: as many a name as the earlier scan has sent, if there is one.
func (p *Plan) Queries() int64 {
	if p.earlier.names > 0 {
		return p.scaled(p.earlier.queries)
	}
	n := p.assume.Name*float64(p.names) + p.assume.Level*float64(p.between)
	tlds := 0
	for _, z := range p.zones.of {
		domains, bare := float64(z.domains<<p.domains.shift), float64(z.bare<<p.domains.shift)
		n += (p.assume.Delegation+p.assume.Domain)*domains + bare
		if z.kind == OfTopLevel {
			tlds++
		}
	}
	return p.repeated(n + p.assume.Delegation*float64(tlds))
}

func (p *Plan) repeated(queries float64) int64 {
	return int64(math.Ceil(queries * (1 + p.assume.Repeat)))
}

// Bounds returns what bounds the time of the scan, the longest first: its floor and what sets it. Among what is not
// limited, or takes the same time, more queries come first.
func (p *Plan) Bounds() []Bound {
	bounds := []Bound{{Kind: OfScan, Names: p.names, Queries: p.Queries(), Time: duration(p.Queries(), p.limits.Total)}}
	if p.earlier.measured() {
		bounds = append(bounds, p.operatorBounds()...)
	} else {
		bounds = append(bounds, p.zoneBounds()...)
		bounds = append(bounds, p.operatorBounds()...)
	}
	bounds = append(bounds, p.groupBounds()...)
	slices.SortFunc(bounds, longestFirst)
	return bounds
}

func longestFirst(a, b Bound) int {
	return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(b.Queries, a.Queries), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who, b.Who))
}

// zoneBounds are those of the zones that delegate: one query for each registrable domain, and for each TLD at the root.
func (p *Plan) zoneBounds() []Bound {
	var bounds []Bound
	root := Bound{Who: ".", Kind: OfRoot, Names: p.names, Servers: p.assume.RootServers, Assumed: true}
	for name, z := range p.zones.of {
		b := Bound{Who: name, Kind: z.kind, Names: z.names, Servers: p.assume.LeafServers, Assumed: true}
		perServer := p.limits.PerServer
		if z.kind == OfTopLevel {
			root.Queries++
			b.Servers, perServer = p.assume.TopLevelServers, p.limits.PerTopLevel
		}
		b.Queries = p.repeated(p.assume.Delegation * float64(z.domains<<p.domains.shift))
		b.Time = p.atServers(b, perServer)
		bounds = append(bounds, b)
	}
	root.Queries = p.repeated(p.assume.Delegation * float64(root.Queries))
	root.Time = p.atServers(root, p.limits.PerRoot)
	return append(longest(bounds), root)
}

// groupBounds are those of the registrable domains with the most names: all of one domain are on the same servers.
func (p *Plan) groupBounds() []Bound {
	var bounds []Bound
	for name, g := range p.groups.of {
		if g.names == 1 {
			continue
		}
		b := Bound{Who: name, Kind: OfDomain, Names: g.names, Servers: p.assume.LeafServers, Assumed: true}
		b.Queries = p.repeated(p.assume.Name*float64(g.names) + p.assume.Domain)
		b.Time = p.atServers(b, p.limits.PerServer)
		bounds = append(bounds, b)
	}
	return longest(bounds)
}

// operatorBounds are those of the operators of the earlier scan, taken to have the same share of this one.
func (p *Plan) operatorBounds() []Bound {
	var bounds []Bound
	for name, o := range p.earlier.operators.of {
		b := Bound{Who: name, Kind: OfOperator, Names: p.scaled(o.names), Queries: p.scaled(o.queries), Servers: p.assume.LeafServers, Assumed: true}
		if p.earlier.measured() {
			b.Queries, b.Servers, b.Assumed = p.scaled(o.sent), o.servers, false
		}
		if b.Queries == 0 {
			continue
		}
		perServer := p.limits.PerServer
		switch {
		case name == rootOperator:
			perServer = p.limits.PerRoot
		case o.delegates():
			perServer = p.limits.PerTopLevel
		}
		b.Time = p.atServers(b, perServer)
		bounds = append(bounds, b)
	}
	return longest(bounds)
}

func longest(bounds []Bound) []Bound {
	slices.SortFunc(bounds, longestFirst)
	return bounds[:min(len(bounds), maxBounds)]
}

// scaled turns a count of the earlier scan into one of this.
func (p *Plan) scaled(count int64) int64 {
	return int64(math.Ceil(float64(count) * (float64(p.names) / float64(p.earlier.names))))
}

// atServers returns the time that queries take at servers which share them evenly.
func (p *Plan) atServers(b Bound, perServer float64) time.Duration {
	return max(duration(b.Queries, perServer*float64(b.Servers)), duration(b.Queries, p.limits.PerOperator))
}

// duration returns the time that packets take at a rate a second; 0 if there is none.
func duration(packets int64, rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	ns := float64(packets) / rate * float64(time.Second)
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// world is the root zone and all below it, and the processes that serve it.
type world struct {
	dir     string
	zones   []*zone // parents before children; the root is the first
	servers []*server
	procs   []*process
	anchor  string // file: the root's DS, and those of anchored islands
	hints   string // file: the root's servers
}

// zone is one zone, and the place of its making.
type zone struct {
	name     string // fully qualified, in lower case
	class    *class
	parent   *zone // nil for the root
	children []*zone
	alg      uint8
	denial   denial
	keys     []*key    // none: the zone is not signed
	servers  []*server // one or two
	number   int       // of the zone in the world
	ds       []string  // what its parent has of it, in master-file form
	files    []string  // the zone file of each of servers
}

func (z *zone) isHub() bool {
	return slices.ContainsFunc(hubs, func(h hub) bool { return h.name == z.name })
}

func (z *zone) signed() bool { return len(z.keys) > 0 }

// denial is how a signed zone proves what is not there.
type denial struct {
	nsec3      bool
	iterations int
	salt       string // in hexadecimal; "-" for none
	optOut     bool
}

var (
	nsec   = denial{}
	nsec3  = denial{nsec3: true, salt: "-"}
	salted = denial{nsec3: true, salt: "0badcafe", iterations: 10}
	optOut = denial{nsec3: true, salt: "-", optOut: true}
)

// word is for names of zones.
func (d denial) word() string {
	switch {
	case !d.nsec3:
		return "nsec"
	case d.optOut:
		return "optout"
	case d.iterations > 0:
		return fmt.Sprintf("iter%d", d.iterations)
	}
	return "nsec3"
}

// key is a DNSKEY of a zone and its part in the zone.
type key struct {
	alg       uint8
	sep       bool // signs the DNSKEY RRset; the others sign all else, and this one too if it is alone
	published bool // it is in the DNSKEY RRset
	signs     bool
	revoked   bool
	noZone    bool
	digests   []uint8 // of its DS records in the parent

	file string // of dnssec-keygen, without .key and .private
}

// tag is the key tag in decimal digits.
func (k *key) tag() string {
	return strings.TrimLeft(k.file[strings.LastIndexByte(k.file, '+')+1:], "0")
}

// tlds are the zones below the root, named for what is special about them.
var tlds = []struct {
	name   string
	alg    uint8 // 0: not signed
	denial denial
	signer signer
}{
	{"nsec", 13, nsec, byBIND},
	{"nsec3", 8, nsec3, byBIND},
	{"optout", 13, optOut, byBIND},
	{"salted", 14, salted, byBIND},
	{"rsa", 10, nsec, byBIND},
	{"ed", 15, optOut, byBIND},
	{"knotted", 13, nsec3, byKnot},
	{"iter", 13, denial{nsec3: true, salt: "-", iterations: 500}, byKnot},
	{"plain", 0, nsec, byBIND},
}

// signedTLDs are those below which zones stand in turn.
var signedTLDs = []string{"nsec", "nsec3", "optout", "salted", "rsa", "ed", "knotted"}

// hub is a zone into which aliases of all other zones lead, and which has the names of all servers.
type hub struct {
	name   string
	alg    uint8 // 0: not signed
	denial denial
	broken bool
}

var hubs = []hub{
	{"good.nsec.", 13, nsec, false},
	{"good.nsec3.", 8, nsec3, false},
	{"good.optout.", 15, optOut, false},
	{"open.salted.", 0, nsec, false},
	{"broken.rsa.", 13, nsec, true},
}

// soundHubs is how many of the hubs, the first, are signed and sound.
const soundHubs = 3

// newWorld lays the world out. Nothing is random: the same zones are on the same servers each time.
func newWorld(dir string) *world {
	w := &world{dir: dir, servers: newServers()}
	root := w.add(nil, ".", &class{name: "root", want: secure, algs: []uint8{8}}, 8, nsec)
	top := map[string]*zone{}
	for _, t := range tlds {
		c := &class{name: "TLD " + t.name, want: secure, signer: t.signer}
		if t.alg == 0 {
			c.want = insecure
		}
		top[t.name] = w.add(root, t.name+".", c, t.alg, t.denial)
	}
	for _, h := range hubs {
		_, tld, _ := strings.Cut(strings.TrimSuffix(h.name, "."), ".")
		c := &class{name: "hub", want: secure}
		switch {
		case h.alg == 0:
			c = &class{name: "hub unsigned", want: insecure}
		case h.broken:
			c = &class{name: "hub broken", want: bogus, from: -60 * day, to: -30 * day}
		}
		w.add(top[tld], h.name, c, h.alg, h.denial)
	}
	turn := 0
	for _, c := range classes() {
		for _, v := range c.variants() {
			below := c.below
			if below == nil {
				below = []string{signedTLDs[turn%len(signedTLDs)]}
				turn++
			}
			for _, tld := range below {
				label := strings.NewReplacer(", ", "-", " ", "-").Replace(c.name)
				if v.alg > 0 {
					label += fmt.Sprintf("-%d-%s", v.alg, v.denial.word())
				}
				z := w.add(top[tld], label+"."+tld+".", c, v.alg, v.denial)
				if c.children {
					w.addChildren(z)
				}
			}
		}
	}
	return w
}

// addChildren adds delegations of each kind below a zone: some of them on its own server, which then answers for the
// child without a referral.
func (w *world) addChildren(parent *zone) {
	d := parent.denial
	d.iterations = min(d.iterations, 10)
	for _, child := range []struct {
		label string
		alg   uint8
		class class
	}{
		{"open", 0, class{}},
		{"under.cut", 0, class{}}, // cut is an empty non-terminal, unsigned under opt-out
		{"signed", 13, class{}},
		{"island", 13, class{keys: noDS}},
		{"wrong", 13, class{ds: wrongDigest}},
	} {
		child.class.name = child.label + " below " + parent.class.name
		child.class.small = true
		w.add(parent, child.label+"."+parent.name, &child.class, child.alg, d)
	}
}

// add puts a zone below its parent and onto a server.
func (w *world) add(parent *zone, name string, c *class, alg uint8, d denial) *zone {
	z := &zone{name: name, class: c, parent: parent, alg: alg, denial: d, number: len(w.zones)}
	if alg > 0 {
		keys := c.keys
		if keys == nil {
			keys = kskAndZSK
		}
		z.keys = keys(alg)
	}
	if parent != nil {
		parent.children = append(parent.children, z)
	}
	z.servers = w.place(z)
	for _, s := range z.servers {
		s.zones = append(s.zones, z)
	}
	w.zones = append(w.zones, z)
	return z
}

// place chooses the servers of a zone: TLDs have theirs, zones that Knot signs go to Knot, the others in turn.
func (w *world) place(z *zone) []*server {
	role := hosting
	if z.parent == nil {
		role = rooting
	} else if z.parent.parent == nil {
		role = topping
	}
	var able []*server
	for _, s := range w.servers {
		if s.role == role && (z.class.signer == byBIND || s.kind == knot) && (z.class.on == "" || s.kind == z.class.on) {
			able = append(able, s)
		}
	}
	first := z.number % len(able)
	if z.class.editSecond == nil {
		return able[first : first+1 : first+1]
	}
	return []*server{able[first], able[(first+1)%len(able)]}
}

// classes returns the names of all classes there are.
func (w *world) classes() []string {
	names := map[string]bool{}
	for _, z := range w.zones {
		names[z.class.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

const day = 24 * time.Hour

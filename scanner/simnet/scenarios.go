package simnet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/caascan/caascan/scanner/record"
)

// slotCount is the number of slots that the scenarios of a world share: a weight of 1 is 6 names in 25,000.
const slotCount = 4096

// tenantLabel stands for the label of the domain of the list, in the names of the tables.
const tenantLabel = "%"

// scenario is one row of the table: what a name is, what its zone holds, and what a scan must find.
type scenario struct {
	class  string
	weight int    // slots; 0 takes what the others leave
	name   string // the name of the list relative to its registrable domain, "" is the domain itself

	by         string   // kind of the operator, "" for an ordinary one
	fault      fault    // of this zone at its operator
	vanity     bool     // the servers have names within the zone
	dual       bool     // a second ordinary operator serves the zone too
	noAddress  bool     // the names of the servers have no addresses
	undelegate bool     // the domain does not exist
	unknownTLD bool     // nor does its top-level domain
	sibling    bool     // the name lies in the domain of the name before it in the list, which is of class "apex"
	zone       string   // zone-file lines, see shape
	sub        *subZone // that begins at the CUT of zone
	sign       signSpec // how the zone is signed

	want      want
	mail      mailWant
	via       []string  // apexes of the zones that aliases lead through; of the level that decides, or of all if none does
	full      *fullWant // what a scan that validates finds instead, if the chain is sound down to the zone
	mailBogus bool      // then the look-up of MX fails

	labels   []string // of name, from the left
	shape    *shape
	unsigned bool // the operators are of a kind that never signs
}

// subZone is a zone of its own below the registrable domain, at an operator of its own.
type subZone struct {
	by    string
	fault fault
	zone  string
	sign  signSpec

	shape    *shape
	unsigned bool
}

// want is what a scan must find for the name: a set at a level, a failure at a level, or nothing in the zone.
// Levels count from 0, the name itself, upwards.
type want struct {
	level   int
	set     string // "pool/draw" of the relevant set; "" if there is none in the domain
	outcome record.Outcome
}

func at(level int, set string) want { return want{level: level, set: set} }

func fails(level int, outcome record.Outcome) want { return want{level: level, outcome: outcome} }

// nothing: no set within the registrable domain; the climb goes on to the suffix and the TLD.
var nothing = want{}

// mailWant is what a scan must find out about mail at the name.
type mailWant uint8

const (
	mailDrawn mailWant = iota // what MAIL drew
	mailImplicit
	mailNone
	mailMX
	mailNull
	mailNX
	mailError
)

// Zones that many scenarios share.
const (
	bare     = "@ MAIL\n www A 198.51.100.1\n mail A 198.51.100.2\n"
	withCAA  = bare + "@ CAA any/0\n"
	basic    = withCAA + "www A 198.51.100.3\n"
	siblings = withCAA + "blog A 198.51.100.4\n shop A 198.51.100.5\n shop CAA any/1\n"
)

// scenarioTable is the world apart from its operators. Operators of a kind (by) are those of kindTable.
func scenarioTable() []*scenario {
	var all []*scenario
	for _, part := range [][]scenario{ordinary, wildcards, subZones, aliases, dnames, sizes, missing, oddServers, failures, soundChains, brokenChains} {
		for _, sc := range part {
			all = append(all, &sc)
		}
	}
	return all
}

var ordinary = []scenario{
	{class: "apex-none", zone: bare, want: nothing},
	{class: "apex", weight: 370, zone: siblings, want: at(0, "any/0")},
	{class: "vanity", weight: 40, vanity: true, zone: vanity(bare), want: nothing},
	{class: "vanity", weight: 20, vanity: true, zone: vanity(withCAA), want: at(0, "any/0")},
	{class: "dual", weight: 40, dual: true, zone: bare, want: nothing},
	{class: "dual", weight: 20, dual: true, zone: withCAA, want: at(0, "any/0")},
	{class: "glueless", weight: 30, by: "glueless", zone: bare, want: nothing},
	{class: "glueless", weight: 15, by: "glueless", zone: withCAA, want: at(0, "any/0")},
	{class: "ipv6-only", weight: 4, by: "v6", zone: bare, want: nothing},
	{class: "ipv6-only", weight: 4, by: "v6", zone: withCAA, want: at(0, "any/0")},

	{class: "host-none", weight: 160, name: "www", zone: bare, want: nothing, mail: mailImplicit},
	{class: "host-inherits", weight: 120, name: "www", zone: withCAA, want: at(1, "any/0"), mail: mailImplicit},
	{class: "host-own", weight: 40, name: "www", zone: withCAA + "www CAA any/1", want: at(0, "any/1"), mail: mailImplicit},
	{class: "mail-host", weight: 40, name: "mail", zone: bare, want: nothing, mail: mailImplicit},
	{class: "sibling-inherits", weight: 40, name: "blog", sibling: true, want: at(1, "any/0"), mail: mailImplicit},
	{class: "sibling-own", weight: 40, name: "shop", sibling: true, want: at(0, "any/1"), mail: mailImplicit},

	// The climb over empty non-terminals and nodes without CAA (R1.3, R1.9).
	{class: "ent-inherits", weight: 20, name: "a.b", zone: withCAA + "a.b A 198.51.100.6", want: at(2, "any/0"), mail: mailImplicit},
	{class: "ent-itself", weight: 10, name: "b", zone: withCAA + "a.b A 198.51.100.6", want: at(1, "any/0"), mail: mailNone},
	{class: "ent-none", weight: 20, name: "a.b", zone: bare + "a.b A 198.51.100.6", want: nothing, mail: mailImplicit},
	{class: "deep", weight: 6, name: "a.b.c.d.e.f", zone: withCAA + "a.b.c.d.e.f MX 10 mail", want: at(6, "any/0"), mail: mailMX},
	{class: "middle", weight: 12, name: "a.b", zone: withCAA + "a.b A 198.51.100.6\n b CAA any/1", want: at(1, "any/1"), mail: mailImplicit},
}

// vanity adds to a zone the addresses of its first two servers.
func vanity(zone string) string { return zone + "\n ns1 NSADDR 0\n ns2 NSADDR 1\n" }

// wildcards: R1.11.
var wildcards = []scenario{
	{class: "wildcard", weight: 16, name: "any", zone: bare + "* CAA any/0\n * A 198.51.100.7", want: at(0, "any/0"), mail: mailImplicit},
	{class: "wildcard", weight: 8, name: "far.down", zone: bare + "* CAA any/0\n * MX 10 mail", want: at(0, "any/0"), mail: mailMX},
	{class: "wildcard-nodata", weight: 12, name: "any", zone: withCAA + "* A 198.51.100.7", want: at(1, "any/0"), mail: mailImplicit},
	{class: "wildcard-hidden", weight: 8, name: "real.w", zone: bare + "*.w CAA any/0\n real.w A 198.51.100.7", want: nothing, mail: mailImplicit},
	{class: "wildcard-encloser", weight: 8, name: "x.real", zone: bare + "* CAA any/0\n real A 198.51.100.7", want: nothing, mail: mailNX},
	{class: "wildcard-parent", weight: 4, name: "x.y.real", zone: withCAA + "* CAA any/1\n real CAA any/1", want: at(2, "any/1"), mail: mailNX},
	{class: "wildcard-alias", weight: 8, name: "any", zone: bare + "* CNAME %.with.cdn-dns-1.net.", via: []string{"cdn-dns-1.net"}, want: at(0, "any/0"), mail: mailDrawn},
}

var subZones = []scenario{
	{class: "sub-own", weight: 12, name: "dev", zone: withCAA + "dev CUT", sub: &subZone{zone: "@ CAA any/1\n @ MAIL"}, want: at(0, "any/1")},
	{class: "sub-inherits", weight: 16, name: "api.dev", zone: withCAA + "dev CUT", sub: &subZone{zone: "api A 198.51.100.8"}, want: at(2, "any/0"), mail: mailImplicit},
	{class: "sub-none", weight: 12, name: "api.dev", zone: bare + "dev CUT", sub: &subZone{zone: "api A 198.51.100.8"}, want: nothing, mail: mailImplicit},
	{class: "sub-apex", weight: 8, name: "api.dev", zone: withCAA + "dev CUT", sub: &subZone{zone: "api A 198.51.100.8\n @ CAA any/1"}, want: at(1, "any/1"), mail: mailImplicit},
	{class: "sub-silent", weight: 1, name: "api.dev", zone: withCAA + "dev CUT", sub: &subZone{by: "silent", zone: "@ CAA any/1"}, want: fails(0, record.Timeout), mail: mailError},
	{class: "sub-refused", weight: 2, name: "api.dev", zone: withCAA + "dev CUT", sub: &subZone{fault: refused, zone: "@ CAA any/1"}, want: fails(0, record.Refused), mail: mailError},
	// The parent is well, the set of the sub-zone stands below a level that cannot be asked (R1.10).
	{class: "failure-above", weight: 3, name: "dev", zone: bare + "@ CAA !servfail\n dev CUT", sub: &subZone{zone: "@ CAA any/0\n @ MAIL"}, want: at(0, "any/0")},
}

// cdnZones are the zones that aliases lead to. Below the label of a domain of the list they hold what was drawn for
// that domain. Their apexes carry sets that only the climb of RFC 6844, abolished by its erratum 5065, would find
// (R1.8).
//
// Of those without fault only the first is signed. An over-long chain ends in zones that are not, so that its security
// does not hang on the link at which a scan gives up.
var cdnZones = []struct {
	apex, by, zone string
	scheme         *scheme
	chain          chainFault
}{
	{"cdn-dns-1.net", "cdn", trapped + chain(1, "cdn-dns-2.com") + chain(3, "cdn-dns-2.com") + chain(5, "cdn-dns-2.com") +
		"*.c7 CNAME %.with.cdn-dns-3.de.", onlineECDSA, soundChain},
	{"cdn-dns-2.com", "cdn", trapped + chain(2, "cdn-dns-1.net") + chain(4, "cdn-dns-1.net") + chain(6, "cdn-dns-1.net") + long(1) +
		"*.round CNAME %.round.cdn-dns-3.de.", nil, soundChain},
	{"cdn-dns-3.de", "cdn", trapped + long(2) + "*.round CNAME %.round.cdn-dns-2.com.", nil, soundChain},
	{"cdn-down.net", "servfail", trapped, nil, soundChain},
	{"cdn-bogus.com", "cdn", trapped, onlineECDSA, expiredCAA},
	{"cdn-stripped.com", "cdn", trapped, onlineECDSA, stripped},
}

const trapped = `
	@         CAA trap/0
	*.with    CAA any/0
	*.with    MAIL
	*.without A 198.51.100.9
	*.null    MX 0 .
	*.tree    CAA any/0
	*.tree    A 198.51.100.9
	*.barren  A 198.51.100.9
`

// chain is link n of the chains that a resolver must follow: c1 to c7, then "with": with the first, eight links.
func chain(n int, to string) string {
	return fmt.Sprintf("*.c%d CNAME %%.c%d.%s.\n", n, n+1, to)
}

// longLinks is the length of the chain that a resolver should give up: DNS software follows 8 to 17 links (the
// project's resolver 16), so this is beyond all of them.
const longLinks = 24

// long makes the over-long chain, odd links in the second CDN zone and even ones in the third, which are not signed.
func long(first int) string {
	var b strings.Builder
	b.WriteByte('\n')
	for n := first; n <= longLinks; n += 2 {
		to := [...]string{"cdn-dns-2.com", "cdn-dns-3.de"}[n%2]
		fmt.Fprintf(&b, "*.l%d CNAME %%.l%d.%s.\n", n, n+1, to)
	}
	return b.String()
}

// aliases: R1.6, R1.8.
var aliases = []scenario{
	{class: "alias-with", weight: 40, name: "www", zone: aliased("%.with.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: at(0, "any/0")},
	{class: "alias-with", weight: 20, name: "www", zone: aliased("%.with.cdn-dns-2.com.") + "@ CAA any/1", via: []string{"cdn-dns-2.com"}, want: at(0, "any/0")},
	{class: "alias-without", weight: 40, name: "www", zone: aliased("%.without.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: nothing, mail: mailImplicit},
	{class: "alias-parent", weight: 30, name: "www", zone: aliased("%.without.cdn-dns-2.com.") + "@ CAA any/0", want: at(1, "any/0"), mail: mailImplicit},
	{class: "alias-dangling", weight: 8, name: "www", zone: aliased("%.gone.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: nothing, mail: mailNX},
	{class: "alias-dangling", weight: 8, name: "www", zone: aliased("%.gone.cdn-dns-2.com.") + "@ CAA any/0", want: at(1, "any/0"), mail: mailNX},
	{class: "alias-in-zone", weight: 16, name: "www", zone: aliased("web") + "web CAA any/0\n web A 198.51.100.10", want: at(0, "any/0"), mail: mailImplicit},
	{class: "alias-in-zone", weight: 8, name: "www", zone: aliased("web") + "web A 198.51.100.10", want: nothing, mail: mailImplicit},
	{class: "alias-to-apex", weight: 8, name: "www", zone: aliased("@") + "@ CAA any/0", want: at(0, "any/0")},
	{class: "alias-to-sub", weight: 6, name: "www", zone: aliased("w.dev") + "dev CUT", sub: &subZone{zone: "w CAA any/0\n w A 198.51.100.8"}, via: []string{"cut"}, want: at(0, "any/0"), mail: mailImplicit},
	{class: "alias-chain", weight: 16, name: "www", zone: aliased("%.c1.cdn-dns-1.net."), via: []string{"cdn-dns-1.net", "cdn-dns-2.com"}, want: at(0, "any/0")},
	{class: "alias-ancestor", weight: 12, name: "a.b", zone: bare + "b CNAME %.with.cdn-dns-3.de.\n a.b A 198.51.100.11", via: []string{"cdn-dns-3.de"}, want: at(1, "any/0"), mail: mailImplicit},
	{class: "alias-loop", weight: 3, name: "www", zone: aliased("%.round.cdn-dns-2.com."), via: []string{"cdn-dns-2.com", "cdn-dns-3.de"}, want: fails(0, record.AliasLoop), mail: mailError},
	{class: "alias-loop", weight: 2, name: "www", zone: bare2 + "www CNAME web\n web CNAME www", want: fails(0, record.AliasLoop), mail: mailError},
	{class: "alias-self", weight: 1, name: "www", zone: aliased("www"), want: fails(0, record.AliasLoop), mail: mailError},
	{class: "alias-long", weight: 3, name: "www", zone: aliased("%.l1.cdn-dns-2.com."), via: []string{"cdn-dns-2.com"}, want: fails(0, record.AliasLong), mail: mailError},
	{class: "alias-broken", weight: 3, name: "www", zone: aliased("%.with.cdn-down.net.") + "@ CAA any/0", via: []string{"cdn-down.net"}, want: fails(0, record.ServFail), mail: mailError},
	{class: "alias-null-mx", weight: 4, name: "www", zone: aliased("%.null.cdn-dns-1.net."), via: []string{"cdn-dns-1.net"}, want: nothing, mail: mailNull},
}

const bare2 = "@ MAIL\n"

// aliased is a zone whose www is an alias.
func aliased(target string) string {
	return "@ MAIL\n mail A 198.51.100.2\n www CNAME " + target + "\n"
}

// dnames: R1.7. The name below the DNAME is led to the name below "tree", which has CAA, or "barren", which has none.
var dnames = []scenario{
	{class: "dname", weight: 12, name: "x.d", zone: bare + "d DNAME %.tree.cdn-dns-1.net.", via: []string{"cdn-dns-1.net"}, want: at(0, "any/0"), mail: mailImplicit},
	{class: "dname-deep", weight: 4, name: "x.y.d", zone: bare + "d DNAME %.tree.cdn-dns-2.com.", via: []string{"cdn-dns-2.com"}, want: at(0, "any/0"), mail: mailImplicit},
	{class: "dname-in-zone", weight: 6, name: "x.d", zone: bare + "d DNAME e\n x.e CAA any/0\n x.e MAIL", want: at(0, "any/0")},
	{class: "dname-owner", weight: 8, name: "d", zone: bare + "d DNAME %.tree.cdn-dns-1.net.\n d CAA any/1", want: at(0, "any/1"), mail: mailNone},
	{class: "dname-parent", weight: 8, name: "x.d", zone: bare + "d DNAME %.barren.cdn-dns-1.net.\n d CAA any/1", want: at(1, "any/1"), mail: mailImplicit},
	{class: "dname-none", weight: 6, name: "x.d", zone: bare + "d DNAME %.barren.cdn-dns-2.com.", via: []string{"cdn-dns-2.com"}, want: nothing, mail: mailImplicit},
	{class: "dname-dangling", weight: 4, name: "x.d", zone: withCAA + "d DNAME %.gone.cdn-dns-1.net.", want: at(2, "any/0"), mail: mailNX},
	// The new name would pass 255 octets: YXDOMAIN (RFC 6672 2.2).
	{class: "dname-too-long", weight: 1, name: filler + "." + filler + "." + filler + "." + filler + ".d", zone: bare + "d DNAME " + filler + ".tree.cdn-dns-1.net.",
		want: fails(0, record.OtherRCode), mail: mailError},
}

// filler is a long label.
const filler = "a-label-of-fifty-octets-to-fill-the-name-up-to-its"

var sizes = []scenario{
	{class: "set-1001", weight: 4, zone: bare + "@ CAA large/0", want: at(0, "large/0")},
	{class: "set-tcp", weight: 16, zone: bare + "@ CAA tcp/0", want: at(0, "tcp/0")},
	{class: "set-tcp", weight: 4, name: "www", zone: aliased("web") + "web CAA tcp/0\n web A 198.51.100.10", want: at(0, "tcp/0"), mail: mailImplicit},
	{class: "set-plain-tcp", weight: 4, by: "no-edns", zone: bare + "@ CAA plain-tcp/0", want: at(0, "plain-tcp/0")},
}

var missing = []scenario{
	{class: "undelegated", weight: 100, undelegate: true, want: nothing, mail: mailNX},
	{class: "undelegated", weight: 10, name: "www", undelegate: true, want: nothing, mail: mailNX},
	{class: "unknown-tld", weight: 2, undelegate: true, unknownTLD: true, want: nothing, mail: mailNX},
	{class: "missing-host", weight: 20, name: "nope", zone: withCAA, want: at(1, "any/0"), mail: mailNX},
	{class: "missing-host", weight: 20, name: "not.there", zone: bare, want: nothing, mail: mailNX},
}

// oddServers: at the end stands the right result.
var oddServers = []scenario{
	{class: "one-silent", weight: 16, by: "one-silent", zone: basic, want: at(0, "any/0")},
	{class: "one-silent", weight: 16, by: "one-silent", zone: bare, want: nothing},
	{class: "one-lame", weight: 10, by: "one-lame", zone: basic, want: at(0, "any/0")},
	{class: "one-lame", weight: 10, by: "one-lame", zone: bare, want: nothing},
	{class: "one-servfail", weight: 10, by: "one-servfail", zone: basic, want: at(0, "any/0")},
	{class: "one-servfail", weight: 10, by: "one-servfail", zone: bare, want: nothing},
	{class: "slow", weight: 20, by: "slow", zone: basic, want: at(0, "any/0")},
	{class: "slow", weight: 20, by: "slow", zone: bare, want: nothing},
	{class: "edns-formerr", weight: 12, by: "formerr-edns", zone: basic, want: at(0, "any/0")},
	{class: "edns-formerr", weight: 12, by: "formerr-edns", zone: bare, want: nothing},
	{class: "edns-badvers", weight: 6, by: "badvers-edns", zone: basic, want: at(0, "any/0")},
	{class: "edns-badvers", weight: 6, by: "badvers-edns", zone: bare, want: nothing},
	{class: "edns-ignored", weight: 10, by: "no-edns", zone: basic, want: at(0, "any/0")},
	{class: "edns-ignored", weight: 10, by: "no-edns", zone: bare, want: nothing},
	{class: "case-lowered", weight: 10, by: "lower-case", zone: basic, want: at(0, "any/0")},
	{class: "case-lowered", weight: 10, by: "lower-case", zone: bare, want: nothing},
	{class: "case-refused", weight: 6, by: "mixed-refused", zone: basic, want: at(0, "any/0")},
	{class: "case-refused", weight: 6, by: "mixed-refused", zone: bare, want: nothing},
	{class: "tc-always", weight: 8, by: "tc-always", zone: basic, want: at(0, "any/0")},
	{class: "tc-always", weight: 8, by: "tc-always", zone: bare, want: nothing},
	{class: "stray", weight: 8, by: "stray", zone: basic, want: at(0, "any/0")},
	{class: "stray", weight: 8, by: "stray", zone: bare, want: nothing},
	{class: "no-soa", weight: 8, by: "no-soa", zone: basic, want: at(0, "any/0")},
	{class: "no-soa", weight: 12, by: "no-soa", zone: bare, want: nothing},
	{class: "limit-silent", weight: 20, by: "limit-silent", zone: basic, want: at(0, "any/0")},
	{class: "limit-refused", weight: 20, by: "limit-refused", zone: basic, want: at(0, "any/0")},
	{class: "limit-tc", weight: 20, by: "limit-tc", zone: basic, want: at(0, "any/0")},
}

// failures: what stands in the zone cannot be learned.
var failures = []scenario{
	{class: "silent", weight: 8, by: "silent", zone: basic, want: fails(0, record.Timeout), mail: mailError},
	{class: "silent", weight: 2, name: "www", by: "silent", zone: basic, want: fails(0, record.Timeout), mail: mailError},
	{class: "drop-caa", weight: 5, by: "drop-caa", zone: basic, want: fails(0, record.Timeout)},
	{class: "qr-clear", weight: 2, by: "qr-clear", zone: basic, want: fails(0, record.Timeout), mail: mailError},
	{class: "wrong-question", weight: 2, by: "wrong-question", zone: basic, want: fails(0, record.Timeout), mail: mailError},
	{class: "servfail", weight: 8, by: "servfail", zone: basic, want: fails(0, record.ServFail), mail: mailError},
	{class: "servfail-zone", weight: 4, fault: servFail, zone: basic, want: fails(0, record.ServFail), mail: mailError},
	{class: "servfail-caa", weight: 6, by: "servfail-caa", zone: basic, want: fails(0, record.ServFail)},
	{class: "servfail-level", weight: 3, name: "www", zone: withCAA + "www CAA !servfail", want: fails(0, record.ServFail), mail: mailImplicit},
	{class: "servfail-above", weight: 3, name: "www", zone: bare + "@ CAA !servfail", want: fails(1, record.ServFail), mail: mailImplicit},
	{class: "notimp-caa", weight: 6, by: "notimp-caa", zone: basic, want: fails(0, record.NotImp)},
	{class: "formerr", weight: 3, by: "formerr", zone: basic, want: fails(0, record.FormErr), mail: mailError},
	{class: "notauth", weight: 3, by: "notauth", zone: basic, want: fails(0, record.OtherRCode), mail: mailError},
	{class: "lame-refused", weight: 12, fault: refused, zone: basic, want: fails(0, record.Refused), mail: mailError},
	{class: "lame-upward", weight: 4, fault: upward, zone: basic, want: fails(0, record.Lame), mail: mailError},
	{class: "lame-nonauth", weight: 4, by: "nonauth", zone: basic, want: fails(0, record.Lame), mail: mailError},
	{class: "lame-no-address", weight: 3, noAddress: true, zone: basic, want: fails(0, record.Lame), mail: mailError},
	{class: "tc-no-tcp", weight: 4, by: "tc-no-tcp", zone: basic, want: fails(0, record.Truncated), mail: mailError},
	{class: "malformed", weight: 4, by: "overrun", zone: basic, want: fails(0, record.Malformed), mail: mailError},
	{class: "malformed-caa", weight: 8, zone: bare + "@ CAA unreadable/0", want: fails(0, record.Malformed)},
	{class: "malformed-caa", weight: 2, name: "www", zone: aliased("web") + "web CAA unreadable/0\n web A 198.51.100.10\n @ CAA any/0",
		want: fails(0, record.Malformed), mail: mailImplicit},
}

func (w *World) buildScenarios() {
	w.mails = fillMails()
	if w.cfg.Plain {
		share := int(w.cfg.CAAShare*slotCount + 0.5)
		w.scenarios = []*scenario{
			{class: "apex-none", zone: bare, want: nothing, weight: slotCount - share},
			{class: "apex", zone: siblings, want: at(0, "any/0"), weight: share},
		}
	} else {
		w.scenarios = scenarioTable()
	}
	for _, sc := range w.scenarios {
		sc.prepare()
	}
	w.fillSlots()
}

// neverSigned reports whether the zones at operators of a kind have no signatures.
func neverSigned(kind string) bool {
	i := slices.IndexFunc(kindTable, func(k kindSpec) bool { return k.kind == kind })
	return i >= 0 && kindTable[i].bare
}

// prepare reads the texts of the row.
func (sc *scenario) prepare() {
	if sc.name != "" {
		sc.labels = strings.Split(sc.name, ".")
	}
	sc.shape = parseShape(sc.zone)
	if sc.sub != nil {
		sub := *sc.sub // which rows of other worlds share
		sub.shape, sub.unsigned = parseShape(sub.zone), neverSigned(sub.by)
		sc.sub = &sub
	}
	sc.unsigned = neverSigned(sc.by)
	if sc.want.set != "" {
		mustSetRef(sc.want.set)
	}
}

// fillSlots gives every scenario its slots, in an order drawn from the seed. A sibling gets the slot behind one of
// class "apex".
func (w *World) fillSlots() {
	left := slotCount
	for _, sc := range w.scenarios {
		left -= sc.weight
	}
	if left < 0 {
		panic("internal error: the weights of the scenarios pass the number of slots")
	}
	apex := 0
	var runs [][]uint16 // slots that must follow each other
	for at, sc := range w.scenarios {
		n := sc.weight
		if n == 0 && !w.cfg.Plain {
			n = left
		}
		if sc.class == "apex" {
			apex = at
		}
		for range n {
			runs = append(runs, []uint16{uint16(at)})
		}
	}
	hosts := 0
	for at, run := range runs {
		if w.scenarios[run[0]].sibling {
			for len(runs[hosts]) != 1 || runs[hosts][0] != uint16(apex) {
				hosts++
			}
			runs[hosts] = append(runs[hosts], run[0])
			runs[at] = nil
		}
	}
	rng := rand.New(rand.NewPCG(w.cfg.Seed, 0))
	rng.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	slot := 0
	for _, run := range runs {
		slot += copy(w.slots[slot:], run)
	}
}

// mailVariant is what MAIL can mean at a node, with what a scan must find.
type mailVariant struct {
	sets []rrset
	want mailWant
}

// fillMails spreads the variants over 256 draws.
func fillMails() (table [256]*mailVariant) {
	variants := []struct {
		upTo int // draws below this
		text string
		want mailWant
	}{
		{100, "@ MX 10 mail", mailMX},
		{160, "@ MX 10 mx1.hoster-00.net.\n @ MX 20 mx2.hoster-00.net.\n @ A 198.51.100.12", mailMX},
		{168, "@ MX 10 mail\n @ MX 10 mx1.hoster-00.net.\n @ MX 0 %.with.cdn-dns-1.net.", mailMX},
		{190, "@ MX 0 .\n @ A 198.51.100.12", mailNull},
		{220, "@ A 198.51.100.12", mailImplicit},
		{228, "@ AAAA 2001:db8::12", mailImplicit},
		{256, "", mailNone},
	}
	draw := 0
	for _, v := range variants {
		m := &mailVariant{sets: parseShape(v.text).nodes[0].sets, want: v.want}
		for ; draw < v.upTo; draw++ {
			table[draw] = m
		}
	}
	return table
}

package main

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// fullBody is what most zones hold beside SOA and NS. The words in capitals are hubs (world.go).
const fullBody = `
@             A 192.0.2.1
@             MX 10 mail
@             CAA 0 issue "ca.example"
@             TXT "apex"
www           A 192.0.2.2
www           AAAA 2001:db8::2
mail          A 192.0.2.3
caa           CAA 0 issue "other.example"
caa           CAA 128 issuewild ";"
txt           TXT "text only"
long-text     TXT LONGTEXT
UPPER.Mixed   A 192.0.2.4
a\.b          TXT "a dot in a label"
\001\255      CAA 0 issue "octets.example"
_25._tcp      TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
typed         TYPE65280 \# 4 c0000201
host.ent      A 192.0.2.5
leaf.deep.ent CAA 0 issue "deep.example"
*.wild        A 192.0.2.6
*.wild        CAA 0 issue "wild.example"
exists.wild   TXT "the wildcard does not reach here"
leaf.sub.wild A 192.0.2.7
*.wild-alias  CNAME www
*.wild-out    CNAME www.HUB2
*.wild-lost   CNAME nosuch
alias         CNAME www
alias-nodata  CNAME txt
alias-lost    CNAME nosuch
alias-wild    CNAME made.wild
alias-ent     CNAME deep.ent
to-secure     CNAME www.HUB1
to-secure3    CNAME caa.HUB2
to-secure-out CNAME www.HUB3
to-open       CNAME www.OPEN
to-broken     CNAME www.BROKEN
to-lost       CNAME nosuch.HUB1
to-lost3      CNAME nosuch.HUB2
to-lost-out   CNAME nosuch.HUB3
to-wild       CNAME made.wild.HUB2
via-open      CNAME to-secure.OPEN
via-broken    CNAME to-secure.BROKEN
to-open-late  CNAME to-open.HUB2
to-broken-late CNAME to-broken.HUB1
tour          CNAME TOUR
loop          CNAME loop.NEXT
nowhere       CNAME www.no-such-tld-anywhere.
dname         DNAME tree
www.tree      A 192.0.2.8
*.wild.tree   CAA 0 issue "tree.example"
dname-secure  DNAME HUB2
dname-open    DNAME OPEN
dname-broken  DNAME BROKEN
alias-dname   CNAME www.dname-secure
lame          NS ns.lame
ns.lame       A LAME
`

// fullQuestions are asked of a zone with fullBody: a name, and types; a star stands for a type that changes from zone
// to zone and name to name.
const fullQuestions = `
@             A CAA MX TXT SOA NS DNSKEY DS AAAA
www           A AAAA CAA DS *
mail          A CAA
caa           CAA A
txt           TXT CAA
long-text     TXT
upper.mixed   A *
mixed         *
a\.b          TXT *
\001\255      CAA
_25._tcp      TLSA
typed         TYPE65280 CAA
ent           * DS
host.ent      A *
deep.ent      CAA
leaf.deep.ent CAA *
no.deep.ent   *
made.wild     A CAA TXT DS
a.b.wild      CAA
wild          *
*.wild        A MX
exists.wild   CAA TXT
no.exists.wild *
sub.wild      *
leaf.sub.wild A *
no.sub.wild   *
x.wild-alias  A CAA
x.wild-out    *
x.wild-lost   *
alias         A CAA CNAME DS
alias-nodata  CAA
alias-lost    *
alias-wild    A TXT
alias-ent     *
to-secure     A CAA
to-secure3    CAA
to-secure-out *
to-open       A CAA
to-broken     A CAA
to-lost       *
to-lost3      *
to-lost-out   *
to-wild       CAA
via-open      *
via-broken    *
to-open-late  *
to-broken-late *
tour          A CAA
loop          *
nowhere       *
dname         DNAME CAA
www.dname     A CAA DS
no.dname      *
x.wild.dname  CAA
www.dname-secure A CAA
no.dname-secure *
made.wild.dname-secure *
www.dname-open *
www.dname-broken *
alias-dname   A
lame          DS
www.lame      CAA
nosuch        A CAA DS
a.b.nosuch    CAA
zzz           *
\000          *
`

// smallBody and smallQuestions are those of children, of which there are many.
const smallBody = `
@     A 192.0.2.1
@     CAA 0 issue "child.example"
www   A 192.0.2.2
*.w   CAA 0 issue "wild.example"
alias CNAME www.HUB1
`

const smallQuestions = `
@      A CAA MX SOA DS DNSKEY
www    A CAA
x.w    CAA *
alias  *
nosuch CAA
a.b.no *
`

// apexWildcardBody: no name is missing.
const apexWildcardBody = `
*           A 192.0.2.1
*           CAA 0 issue "everywhere.example"
www         A 192.0.2.2
*.sub       TXT "closer"
to-secure   CNAME made-up.HUB1
`

// apexDNAMEBody: all names are another zone's.
const apexDNAMEBody = `
@ DNAME HUB2
@ A 192.0.2.1
@ CAA 0 issue "apex.example"
`

// topQuestions are those of zones that delegate.
const topQuestions = `
@          SOA NS DNSKEY DS CAA *
ns         A CAA
nosuch     A CAA DS
a.b.nosuch CAA
zzz        *
\000       *
`

// rotating are the types that a star stands for.
var rotating = []uint16{dns.TypeA, dns.TypeCAA, dns.TypeMX, dns.TypeTXT, dns.TypeAAAA}

// lameAddr is served, but no zone below lame is.
const lameAddr = "127.1.3.1"

// records are those of a zone beside SOA, NS, delegations and keys.
func (z *zone) records() string {
	body := z.class.body
	switch {
	case body != "":
	case z.delegates():
		body = "\n"
	case z.class.small:
		body = smallBody
	default:
		body = fullBody
	}
	long := ""
	for i := range 12 { // more than fits a UDP reply of 1232 octets
		long += fmt.Sprintf(" \"%02d %s\"", i, strings.Repeat("t", 180))
	}
	return strings.NewReplacer(
		"HUB1", hubs[0].name, "HUB2", hubs[1].name, "HUB3", hubs[2].name, "OPEN", hubs[3].name, "BROKEN", hubs[4].name,
		"TOUR", z.tour(), "NEXT", hubs[z.nextHub()].name, "LONGTEXT", long, "LAME", lameAddr,
	).Replace(body)
}

// delegates reports whether a zone is the root or a TLD.
func (z *zone) delegates() bool { return z.parent == nil || z.parent.parent == nil }

// nextHub is where the zone's loop leads: into the sound hubs, round and round.
func (z *zone) nextHub() int {
	for i, h := range hubs[:soundHubs-1] {
		if z.name == h.name {
			return i + 1
		}
	}
	return 0
}

// tour is where the zone's tour leads: through the sound hubs, one by one, to an address in the last.
func (z *zone) tour() string {
	if z.name == hubs[soundHubs-1].name {
		return "www"
	}
	return "tour." + hubs[z.nextHub()].name
}

// question is a name and a type, of a zone.
type question struct {
	index int // in the list of all
	zone  *zone
	name  string // in master-file form, with the last dot
	typ   uint16
}

// questions are all, zone by zone.
func (w *world) questions() []question {
	var all []question
	for _, z := range w.zones {
		table := fullQuestions
		switch {
		case z.delegates():
			table = topQuestions
		case z.class.small:
			table = smallQuestions
		}
		for line := range strings.Lines(strings.TrimSpace(table)) {
			fields := strings.Fields(line)
			for _, word := range fields[1:] {
				all = append(all, question{len(all), z, z.in(fields[0]), z.typeOf(word, len(all))})
			}
		}
	}
	return all
}

// in is the full name of a relative one.
func (z *zone) in(relative string) string {
	switch {
	case relative == "@":
		return z.name
	case z.name == ".":
		return relative + "."
	}
	return relative + "." + z.name
}

// typeOf reads a word of a table of questions.
func (z *zone) typeOf(word string, place int) uint16 {
	if word == "*" {
		return rotating[(z.number+place)%len(rotating)]
	}
	if t, ok := dns.StringToType[word]; ok {
		return t
	}
	var t uint16
	if _, err := fmt.Sscanf(word, "TYPE%d", &t); err != nil {
		panic("internal error: no type " + word)
	}
	return t
}

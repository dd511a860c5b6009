package generate

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// hoster adds net and example.net, whose server has the text.
func (w *world) hoster(text string) *zone {
	w.zone("net.", netAddr, "")
	return w.zone("example.net.", other, text)
}

// child makes example.com a zone whose delegation the caller writes: the records of com say where its servers are, and
// its own server is ns1.
func (w *world) child(com, text string) {
	w.zone(".", rootAddr, "")
	w.zone("com.", comAddr, com)
	w.zone("example.com.", ns1, text).foreign = true
}

var glue = []scenario{
	{"in-zone", "Glue below the delegation is used", "RFC 1034 4.2.1", func(w *world) {
		w.child("example NS ns1.example\nns1.example A "+ns1, wwwCAA)
		w.ask(www).found(issue).want("packets 3").done()
	}},
	{"other-zone", "The address of a server in another zone is looked up", "RFC 1034 5.3.3 step 2", func(w *world) {
		w.child("example NS dns.example.net.", wwwCAA)
		w.hoster("dns A " + ns1)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).found(issue).want("packets 6").done()
	}},
	{"other-zone-ipv6", "A server with no IPv4 address is reached by IPv6", "RFC 3901 3", func(w *world) {
		w.zone(".", rootAddr, "")
		w.zone("com.", comAddr, "example NS dns.example.net.")
		w.zone("example.com.", "2001:db8::1", wwwCAA).foreign = true
		w.hoster("dns AAAA 2001:db8::1")
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).found(issue).want("by 2001:db8::1").done()
	}},
	{"hearsay", "Glue for a name outside the parent's zone is not believed", "RFC 1034 5.3.3 step 4b, RFC 5452 6", func(w *world) {
		w.child("example NS dns.example.net.", wwwCAA)
		w.hoster("dns A " + ns1)
		w.entry(comAddr, "MATCH opcode subdomain\nADJUST copy_id copy_query\nREPLY QR NOERROR\nSECTION QUESTION\nexample.com. IN A\n"+
			"SECTION AUTHORITY\nexample.com. NS dns.example.net.\nSECTION ADDITIONAL\ndns.example.net. A 203.0.113.66")
		w.entry("203.0.113.66", "MATCH opcode\nADJUST copy_id copy_query\nREPLY QR AA NOERROR\nSECTION ANSWER\n"+`www.example.com. CAA 0 issue "evil.example"`)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).found(issue).want("by " + ns1).done()
	}},
	{"missing", "A server within its own zone and without glue cannot be found", "RFC 1034 4.2.1", func(w *world) {
		w.child("example NS ns1.example", wwwCAA)
		w.ask(www).fails("lame").want("cause ns-loop zone example.com.").done()
	}},
	{"sibling", "Glue for a server below another delegation of the same parent is used", "RFC 9471 2.2", func(w *world) {
		w.child("example NS dns.sibling\nsibling NS dns.sibling\ndns.sibling A "+ns1, wwwCAA)
		w.ask(www).found(issue).want("packets 3").done()
	}},
	{"one-dead", "Of two addresses in the glue the dead one is passed over", "RFC 1034 5.3.3 step 3", func(w *world) {
		w.child("example NS ns1.example\nexample NS ns2.example\nns1.example A "+ns1+"\nns2.example A 203.0.113.9", wwwCAA)
		w.ask(www).found(issue).want("by " + ns1).done()
	}},
	{"server-is-alias", "A server whose name is an alias is found nevertheless", "RFC 2181 10.3", func(w *world) {
		w.child("example NS dns.example.net.", wwwCAA)
		w.hoster("dns CNAME real\nreal A " + ns1)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA", "real.example.net. A", "real.example.net. AAAA"}
		w.ask(www).found(issue).done()
	}},
	{"server-missing", "Of two servers, one whose name does not exist is passed over", "RFC 1034 5.3.3 step 2", func(w *world) {
		w.child("example NS gone.example.net.\nexample NS dns.example.net.", wwwCAA)
		w.hoster("dns A " + ns1)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA", "gone.example.net. A", "gone.example.net. AAAA"}
		w.ask(www).found(issue).done()
	}},
	{"no-server-exists", "A zone none of whose servers' names exists is lame", "RFC 1034 5.3.3 step 2", func(w *world) {
		w.child("example NS gone.example.net.\nexample NS lost.example.net.", wwwCAA)
		w.hoster("")
		for _, host := range []string{"gone", "lost"} {
			w.also = append(w.also, host+".example.net. A", host+".example.net. AAAA")
		}
		w.ask(www).fails("lame").want("cause no-address").done()
	}},
	{"unusable-addresses", "Addresses that no server can have are not asked", "RFC 6890 2.2.2, RFC 5771, RFC 4291 2.5.5.2", func(w *world) {
		w.child("example NS ns1.example\nns1.example A 0.0.0.0\nns1.example A 224.0.0.53\nns1.example AAAA ::\nns1.example AAAA ff02::1\nns1.example AAAA ::ffff:203.0.113.66\nns1.example A "+ns1, wwwCAA)
		w.ask(www).found(issue).want("packets 3 by " + ns1).done()
	}},
	{"ipv6-only", "Without IPv4 the servers are asked over IPv6", "RFC 3901 3", func(w *world) {
		w.config = []string{"do-ip4: no"}
		w.zone(".", "2001:db8:0:1::1", "")
		w.zone("com.", "198.51.100.2 2001:db8:0:2::1", "")
		w.zone("example.com.", "2001:db8:0:3::1 192.0.2.1", wwwCAA)
		w.ask(www).found(issue).want("by 2001:db8:0:3::1 packets 3").done()
	}},
	{"glue-is-old", "When the glue is dead, the zone's own address in the next referral is used", "RFC 2181 5.4.1", func(w *world) {
		w.child("example NS ns1.example\nns1.example A 203.0.113.9\nexample NS dns.example.net.", wwwCAA)
		w.hoster("dns A " + ns1)
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).found(issue).want("by " + ns1).done()
	}},
}

var loops = []scenario{
	{"cname-to-itself", "An alias to itself is a loop", "RFC 1034 3.6.2, RFC 8659 3", func(w *world) {
		w.plain("www CNAME www")
		w.ask(www).fails("loop").want("packets 3").done()
	}},
	{"cname-pair", "Two aliases to each other are a loop", "RFC 1034 3.6.2", func(w *world) {
		w.plain("www CNAME alias\nalias CNAME www")
		w.ask(www).fails("loop").done()
	}},
	{"cname-zones", "A loop of aliases through two zones ends", "RFC 1034 3.6.2", func(w *world) {
		w.plain("www CNAME www.example.net.")
		w.hoster("www CNAME www.example.com.")
		w.ask(www).fails("loop").want("packets 6").done()
	}},
	{"dname-below-itself", "A DNAME that leads below itself makes ever longer names", "RFC 6672 2.2, 3.2", func(w *world) {
		w.plain("loop DNAME deep.loop")
		w.ask("www.loop.example.com. CAA").fails("long_chain").done()
	}},
	{"dname-pair", "Two DNAMEs to each other are a loop", "RFC 6672 3.2", func(w *world) {
		w.plain("one DNAME two\ntwo DNAME one")
		w.ask("www.one.example.com. CAA").fails("loop").done()
	}},
	{"ns-pair", "Two zones served below each other without glue cannot be reached", "TsuNAME (2021)", func(w *world) {
		w.zone(".", rootAddr, "")
		w.zone("com.", comAddr, "one NS ns.two\ntwo NS ns.one")
		w.ask("www.one.com. CAA").fails("lame").want("cause ns-loop packets 6").done()
	}},
	{"ns-ring", "A ring of three zones served below each other cannot be reached", "TsuNAME (2021)", func(w *world) {
		w.zone(".", rootAddr, "")
		w.zone("com.", comAddr, "one NS ns.two\ntwo NS ns.three\nthree NS ns.one")
		w.ask("www.one.com. CAA").fails("lame").want("cause ns-loop packets 8").done()
	}},
	{"ns-way-out", "A ring of zones with glue at one place can be reached", "RFC 1034 4.2.1", func(w *world) {
		w.zone(".", rootAddr, "")
		w.zone("com.", comAddr, "one NS ns.two.net.")
		w.zone("net.", netAddr, "two NS ns.one.com.\ntwo NS ns.two\nns.two A "+ns2)
		w.zone("two.net.", ns2, "ns A "+ns1).foreign = true
		w.zone("one.com.", ns1, `www CAA 0 issue "ca.example"`+"\nns A 203.0.113.9").foreign = true
		w.also = []string{"ns.two.net. A", "ns.two.net. AAAA", "ns.one.com. A", "ns.one.com. AAAA"}
		w.ask("www.one.com. CAA").found(`www.one.com. CAA 0 issue "ca.example"`).done()
	}},
	{"referral-back", "A referral back to a zone above is lameness", "RFC 1034 5.3.3 step 4b", func(w *world) {
		w.plain("sub NS ns.sub\nns.sub A " + other)
		w.entry(other, "MATCH opcode\nADJUST copy_id copy_query\nREPLY QR NOERROR\nSECTION AUTHORITY\nexample.com. NS ns1.example.com.\nSECTION ADDITIONAL\nns1.example.com. A "+ns1)
		w.ask("www.sub.example.com. CAA").fails("lame").want("zone sub.example.com. packets 5").done()
	}},
	{"alias-server-loop", "The server of a zone is an alias into that zone", "RFC 2181 10.3, TsuNAME (2021)", func(w *world) {
		w.child("example NS dns.example.net.", wwwCAA)
		w.hoster("dns CNAME ns1.example.com.")
		w.also = []string{"dns.example.net. A", "dns.example.net. AAAA"}
		w.ask(www).fails("lame").want("cause ns-loop").done()
	}},
	{"long-chain", "A chain of more than 16 aliases is not followed", "spec rule R1.9, RFC 1034 5.2.2", func(w *world) {
		w.plain(chainOf(17))
		w.ask("a0.example.com. CAA").fails("long_chain").done()
	}},
}

// chainOf returns records of n aliases a0, a1, ... and a CAA record at the end.
func chainOf(n int) string {
	b := &strings.Builder{}
	for i := range n {
		fmt.Fprintf(b, "a%d CNAME a%d\n", i, i+1)
	}
	fmt.Fprintf(b, "a%d CAA 0 issue \"ca.example\"", n)
	return b.String()
}

var bounds = []scenario{
	{"nxnsattack", "A referral to many names without addresses asks for few of them", "NXNSAttack (CVE-2020-8616)", func(w *world) {
		com := &strings.Builder{}
		for i := range 40 {
			fmt.Fprintf(com, "example NS host%d.victim.net.\n", i)
		}
		w.child(com.String(), wwwCAA)
		w.zone("net.", netAddr, "")
		w.zone("victim.net.", other, "")
		for i := range 40 {
			w.also = append(w.also, fmt.Sprintf("host%d.victim.net. A", i), fmt.Sprintf("host%d.victim.net. AAAA", i))
		}
		w.ask(www).fails("skipped").want("cause lookups packets 12").done()
	}},
	{"nested-servers", "Servers of servers of servers are looked for to a bounded depth", "iDNS (CVE-2014-8500)", func(w *world) {
		com := &strings.Builder{}
		for i := range 30 {
			fmt.Fprintf(com, "z%d NS ns.z%d\n", i, i+1)
		}
		w.zone(".", rootAddr, "")
		w.zone("com.", comAddr, com.String())
		w.ask("www.z0.com. CAA").fails("skipped").want("cause depth packets 30").done()
	}},
	{"max-queries", "The packets for one name are bounded", "RFC 1034 5.3.3, spec rule R1.9", func(w *world) {
		w.config = []string{"; caascan: max-queries 5"}
		w.plain("www CNAME www.example.net.")
		w.hoster(wwwCAA)
		w.ask(www).fails("skipped").want("cause queries packets 5").done()
	}},
	{"long-chain-zones", "A chain of aliases to and fro between two zones ends", "spec rule R1.9", func(w *world) {
		com, net := &strings.Builder{}, &strings.Builder{}
		for i := range 30 {
			fmt.Fprintf(com, "a%d CNAME b%d.example.net.\n", i, i)
			fmt.Fprintf(net, "b%d CNAME a%d.example.com.\n", i, i+1)
		}
		w.plain(com.String())
		w.hoster(net.String())
		w.ask("a0.example.com. CAA").fails("long_chain").want("packets 24").done()
	}},
	{"deep-referrals", "Referrals that each lead one label down end", "RFC 1034 5.3.3", func(w *world) {
		w.zone(".", rootAddr, "")
		name := "."
		for i := range 40 {
			child := below("x", name)
			addr, next := fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("203.0.113.%d", i+1)
			if i == 0 {
				addr = rootAddr
			}
			w.entry(addr, fmt.Sprintf("MATCH opcode\nADJUST copy_id copy_query\nREPLY QR NOERROR\nSECTION AUTHORITY\n%s NS ns.%s\nSECTION ADDITIONAL\nns.%s A %s",
				child, child, child, next))
			name = child
		}
		w.ask(name + " CAA").fails("skipped").want("cause referrals packets 34").done()
	}},
	{"many-servers", "Of a delegation to very many servers only some are kept, and few are tried", "NXNSAttack (CVE-2020-8616)", func(w *world) {
		com := &strings.Builder{}
		for i := range 100 {
			fmt.Fprintf(com, "example NS ns%d.example\nns%d.example A 203.0.113.%d\n", i, i, i)
		}
		w.child(com.String(), wwwCAA)
		w.ask(www).fails("timeout").want("packets 6").done()
	}},
	{"many-refusals", "Refusals by very many servers end", "spec rule R3.4", func(w *world) {
		com := &strings.Builder{}
		for i := range 30 {
			fmt.Fprintf(com, "example NS ns%d.example\nns%d.example A 203.0.113.%d\n", i, i, i)
		}
		w.child(com.String(), wwwCAA)
		for i := range 30 {
			w.entry(fmt.Sprintf("203.0.113.%d", i), "MATCH opcode\nADJUST copy_id copy_query\nREPLY QR REFUSED")
		}
		w.ask(www).fails("refused").want("packets 12").done()
	}},
	{"pointer-loop", "A name in a reply that points to itself does not hang the reader", "RFC 1035 4.1.4, RFC 9267 2", func(w *world) {
		w.plain(wwwCAA)
		w.raws(func(m []byte) []byte { // the owner of a CAA record is a pointer to that pointer
			at := len(m)
			m[7] = 1
			return append(m, 0xc0|byte(at>>8), byte(at), 1, 1, 0, 1, 0, 0, 14, 16, 0, 8, 0, 5, 'i', 's', 's', 'u', 'e', ';')
		}, ns1, ns2)
		w.ask(www).fails("malformed").done()
	}},
	{"cut-short", "A reply that ends within a record is malformed", "RFC 1035 4.1.3", func(w *world) {
		w.plain(wwwCAA)
		w.raws(func(m []byte) []byte {
			m[7] = 1
			return append(m, 0xc0, 12, 1, 1, 0, 1, 0, 0, 14, 16, 0, 99, 0, 5, 'i', 's')
		}, ns1, ns2)
		w.ask(www).fails("malformed").done()
	}},
	{"false-counts", "A reply that counts more records than fit into it is malformed", "RFC 1035 4.1.1, CAMP (2024)", func(w *world) {
		w.plain(wwwCAA)
		w.raws(func(m []byte) []byte { m[6], m[7] = 0xff, 0xff; return m }, ns1, ns2)
		w.ask(www).fails("malformed").done()
	}},
	{"one-malformed", "A server that sends rubbish is passed over for one that answers", "RFC 1034 5.3.3 step 4d", func(w *world) {
		w.plain(wwwCAA)
		w.raws(func(m []byte) []byte { m[6], m[7] = 0xff, 0xff; return m }, ns1)
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"caa-too-short", "A CAA record whose data is cut short is no empty set", "RFC 8659 4.1, disputed point C14", func(w *world) {
		w.plain(wwwCAA)
		w.raws(func(m []byte) []byte {
			m[7] = 1
			return append(m, 0xc0, 12, 1, 1, 0, 1, 0, 0, 14, 16, 0, 3, 0, 9, 'i')
		}, ns1, ns2)
		w.ask(www).fails("malformed").done()
	}},
}

// raws makes servers answer the question www by octets: what change makes of a reply without records.
func (w *world) raws(change func([]byte) []byte, addrs ...string) {
	m := &dns.Msg{Question: []dns.Question{{Name: "www.example.com.", Qtype: dns.TypeCAA, Qclass: dns.ClassINET}}}
	m.Response, m.Authoritative = true, true
	packed, err := m.Pack()
	must(err)
	octets := rawMessage(change(packed))
	for _, addr := range addrs {
		w.entry(addr, "MATCH opcode qname qtype\nSECTION QUESTION\nwww.example.com. IN CAA\n"+octets)
	}
}

// Bounds on the work of validation.
var signedBounds = []scenario{
	{"keytrap-signatures", "Very many broken signatures over one set are not all checked", "KeyTrap (CVE-2023-50387)", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{copies: 200, broken: true})
		a := w.ask(www)
		a.fails("skipped").want("cause work-limit packets 20").done()
	}},
	{"keytrap-keys", "Very many keys with one tag and very many signatures are not multiplied", "KeyTrap (CVE-2023-50387)", func(w *world) {
		z := w.signed(wwwCAA).secure(ed25519Alg)
		for i := range 60 {
			z.keys = append(z.keys, colliding(z.zsk[0], i+1))
		}
		z.signs("www.example.com. CAA", signature{copies: 60, broken: true})
		a := w.ask(www)
		a.fails("skipped").want("cause work-limit packets 20").done()
	}},
	{"keytrap-ds", "Very many DS records and keys with one tag are not multiplied", "KeyTrap (CVE-2023-50387)", func(w *world) {
		z := w.signed(wwwCAA).secure(ed25519Alg)
		for i := range 40 {
			k := colliding(z.ksk[0], i+1)
			k.Flags = kskFlags
			z.keys = append(z.keys, k)
			ds := digestOf(z.ksk[0], dns.SHA256)
			ds.Digest = fmt.Sprintf("%064x", i+1)
			z.ds = append(z.ds, ds)
		}
		a := w.ask(www)
		a.fails("skipped").want("cause work-limit packets 20").done()
	}},
	{"nsec3-hashes", "A name of very many labels in a zone with NSEC3 does not cost as many hashes", "CVE-2023-50868, RFC 5155 8.3", func(w *world) {
		z := w.hashedZone(wwwCAA).hashed(150, "aabbccddeeff", false)
		name := strings.Repeat("a.", 100) + "example.com."
		w.all(name+" CAA", denies(z, dns.RcodeNameError, z.around("x.example.com."), z.around("y.example.com."), z.around("*.example.com.")))
		a := w.ask(name + " CAA")
		w.noProbes = true
		a.fails("skipped").want("cause work-limit packets 20").done()
	}},
	{"few-broken-signatures", "Some broken signatures before the good one do no harm", "RFC 4035 5.3.3, KeyTrap (CVE-2023-50387)", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{copies: 3})
		w.ask(www).found(issue).isSecure()
	}},
	{"silent-chain", "Silent servers while the chain of trust is followed: the packets are bounded", "RFC 4035 4.3, spec rule R6.9", func(w *world) {
		w.signed(wwwCAA)
		w.all("com. DNSKEY", func(m *dns.Msg) { m.Rcode = silent })
		w.all("example.com. DNSKEY", func(m *dns.Msg) { m.Rcode = silent })
		a := w.ask(www)
		a.rcode, a.noAnswer = "SERVFAIL", true
		a.want("packets 16").isIndeterminate("chain-unreachable", "")
	}},
	{"chain-max-queries", "The packets for the chain of trust count as the name's own", "spec rules R1.9, R6.9", func(w *world) {
		w.config = []string{"; caascan: max-queries 5"}
		w.signed(wwwCAA)
		w.ask(www).fails("skipped").want("cause queries packets 5").done()
	}},
}

var signedTruncation = []scenario{
	{"keys", "A truncated DNSKEY set is asked for over TCP", "RFC 7766 5, RFC 4035 4.1", func(w *world) {
		w.signed(wwwCAA)
		w.truncates("example.com. DNSKEY", ns1, ns2)
		w.truncates("com. DNSKEY", comAddr)
		w.ask(www).found(issue).isSecure()
	}},
	{"denial", "A truncated denial is asked for over TCP", "RFC 7766 5", func(w *world) {
		w.signed("")
		w.truncates(www, ns1, ns2)
		w.ask(www).nxdomain("").isSecure()
	}},
	{"signatures-cut-off", "A truncated reply with the set and without its signatures is not bogus", "RFC 2181 9, RFC 4035 3.1.1", func(w *world) {
		w.signed(wwwCAA)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH UDP opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
		}
		w.ask(www).found(issue).isSecure()
	}},
}

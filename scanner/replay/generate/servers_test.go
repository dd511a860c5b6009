package generate

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// Addresses of the servers that most worlds have.
const (
	rootAddr = "198.51.100.1"
	comAddr  = "198.51.100.2"
	netAddr  = "198.51.100.3"
	ns1      = "192.0.2.1"
	ns2      = "192.0.2.2"
	other    = "203.0.113.1"
)

const (
	www    = "www.example.com. CAA"
	issue  = `www.example.com. CAA 0 issue "ca.example"`
	wwwCAA = `www CAA 0 issue "ca.example"`
)

// plain makes the root, com and example.com, all unsigned; example.com on both addresses.
func (w *world) plain(text string) *zone {
	w.zone(".", rootAddr, "")
	w.zone("com.", comAddr, "")
	return w.zone("example.com.", ns1+" "+ns2, text)
}

// says makes a server answer a question by nothing but a response code.
func (w *world) says(addr, question string, rcode int) {
	w.change(addr, question, func(m *dns.Msg) { *m = dns.Msg{Question: m.Question, MsgHdr: dns.MsgHdr{Response: true, Rcode: rcode}} })
}

// refers makes a server answer a question by a referral.
func (w *world) refers(addr, question, ns, glue string) {
	w.change(addr, question, func(m *dns.Msg) {
		*m = dns.Msg{Question: m.Question, MsgHdr: dns.MsgHdr{Response: true}, Ns: parse(ns, "."), Extra: parse(glue, ".")}
	})
}

var lame = []scenario{
	{"refused-then-good", "A server that refuses is passed over for one that answers", "RFC 1034 5.3.3 step 4d", func(w *world) {
		w.plain(wwwCAA)
		w.says(ns1, www, dns.RcodeRefused)
		w.ask(www).found(issue).want("by " + ns2 + " zone example.com.").done()
	}},
	{"all-refused", "Refused by all servers is a failure, not an empty answer", "RFC 8659 3, RFC 1035 4.1.1", func(w *world) {
		w.plain(wwwCAA)
		w.says("", www, dns.RcodeRefused)
		w.ask(www).fails("refused").want("zone example.com. packets 6").done()
	}},
	{"servfail-then-good", "A server that fails is passed over for one that answers", "RFC 1034 5.3.3 step 4d", func(w *world) {
		w.plain(wwwCAA)
		w.says(ns2, www, dns.RcodeServerFailure)
		w.ask(www).found(issue).want("by " + ns1).done()
	}},
	{"all-servfail", "SERVFAIL of all servers is a failure", "RFC 8659 3", func(w *world) {
		w.plain(wwwCAA)
		w.says("", www, dns.RcodeServerFailure)
		w.ask(www).fails("servfail").want("zone example.com.").done()
	}},
	{"notimp-then-good", "A server that does not know the type is passed over", "RFC 1034 5.3.3 step 4d", func(w *world) {
		w.plain(wwwCAA)
		w.says(ns1, www, dns.RcodeNotImplemented)
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"upward-referral", "A referral to the root is lameness, and does not begin again at the root", "RFC 1034 5.3.3 step 4b", func(w *world) {
		w.plain(wwwCAA)
		w.refers(ns1, www, ". NS ns1.", "ns1. A "+rootAddr)
		w.ask(www).found(issue).want("by " + ns2 + " packets 4").done()
	}},
	{"all-upward", "Referrals to the root by all servers end as lame", "RFC 1034 5.3.3 step 4b", func(w *world) {
		w.plain(wwwCAA)
		w.refers("192.0.2.1", www, ". NS ns1.", "ns1. A "+rootAddr)
		w.refers("192.0.2.2", www, "com. NS ns1.com.", "ns1.com. A "+comAddr)
		w.ask(www).fails("lame").want("zone example.com.").done()
	}},
	{"self-referral", "A referral to the zone itself leads nowhere", "RFC 1034 5.3.3 step 4b", func(w *world) {
		w.plain(wwwCAA)
		w.refers("", www, "example.com. NS ns1.example.com.\nexample.com. NS ns2.example.com.", "ns1.example.com. A "+ns1)
		w.ask(www).fails("lame").done()
	}},
	{"sideways-referral", "A referral to a zone that the name is not in is not followed", "RFC 1034 5.3.3 step 4b", func(w *world) {
		w.plain(wwwCAA)
		w.refers(ns1, www, "other.example.com. NS ns.other.example.com.", "ns.other.example.com. A "+other)
		w.entry(other, "MATCH opcode\nADJUST copy_id copy_query\nREPLY QR AA NOERROR\nSECTION ANSWER\n"+`www.example.com. CAA 0 issue "evil.example"`)
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"cache-not-authority", "What a recursive server has in its cache is not the zone's word", "RFC 1034 5.3.3 step 4, RFC 2181 5.4.1", func(w *world) {
		w.plain(wwwCAA)
		w.change(ns1, www, func(m *dns.Msg) {
			m.Authoritative, m.RecursionAvailable, m.Answer = false, true, parse(`www.example.com. CAA 0 issue "stale.example"`, ".")
		})
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"empty-not-authority", "An empty reply without authority and without SOA denies nothing", "RFC 2308 2.2", func(w *world) {
		w.plain(wwwCAA)
		w.change(ns1, www, func(m *dns.Msg) { m.Authoritative, m.Answer = false, nil })
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"denied-by-parent", "The parent's SOA in a denial shows that this server does not have the zone", "RFC 2308 2.1", func(w *world) {
		w.plain(wwwCAA)
		w.change(ns1, www, func(m *dns.Msg) {
			m.Answer, m.Ns, m.Rcode = nil, parse("com. SOA ns1.com. hostmaster.com. 1 7200 3600 1209600 600", "."), dns.RcodeNameError
		})
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"silent-then-good", "A server that keeps silent is passed over", "RFC 1035 7.2", func(w *world) {
		w.plain(wwwCAA)
		w.says(ns1, www, silent)
		w.ask(www).found(issue).want("by " + ns2 + " packets 4").done()
	}},
	{"all-silent", "Silence of all servers is a timeout after a few tries", "RFC 1035 7.2, RFC 8659 3", func(w *world) {
		w.plain(wwwCAA)
		w.says("", www, silent)
		w.ask(www).fails("timeout").want("zone example.com. packets 6").done()
	}},
	{"slow-servers", "A reply that comes after the timeout is none", "RFC 1035 7.2", func(w *world) {
		w.plain(wwwCAA)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH opcode qname qtype\nADJUST copy_id sleep=30\nREPLY QR AA NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
		}
		w.ask(www).fails("timeout").done()
	}},
	{"formerr-to-edns", "A server that does not speak EDNS is asked without", "RFC 6891 7", func(w *world) {
		w.plain(wwwCAA)
		w.withoutEDNS(dns.RcodeFormatError)
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"notimp-to-edns", "NOTIMP without an OPT record may mean EDNS", "RFC 6891 7", func(w *world) {
		w.plain(wwwCAA)
		w.withoutEDNS(dns.RcodeNotImplemented)
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"badvers", "BADVERS to version 0 is answered by asking without EDNS", "RFC 6891 6.1.3", func(w *world) {
		w.plain(wwwCAA)
		w.withoutEDNS(dns.RcodeBadVers)
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"mangled-case", "A server that changes the case of the question is asked in lower case", "draft-vixie-dnsext-dns0x20 2.2", func(w *world) {
		w.plain(wwwCAA)
		w.config = append(w.config, "use-caps-for-id: yes")
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH opcode qcase qtype\nADJUST copy_id\nREPLY QR AA NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
			w.entry(addr, "MATCH opcode subdomain\nADJUST copy_id\nREPLY QR REFUSED\nSECTION QUESTION\nexample.com. IN CAA")
		}
		w.ask(www).found(issue).done()
	}},
	{"unreachable", "Packets that cannot be delivered are a failure, once the servers are used up", "RFC 1122 4.1.3.3", func(w *world) {
		w.plain("")
		a := w.ask(www).fails("unreachable").want("zone example.com.")
		w.also = nil // the servers of example.com have no entries: their packets wait for the steps
		a.between("ERROR", "ERROR").done()
	}},
	{"timeout-steps", "A server that was silent once may answer the next time", "RFC 1035 7.2", func(w *world) {
		w.plain(wwwCAA)
		a := w.ask(www).found(issue)
		w.also = nil
		a.between("CHECK_OUT_QUERY\nENTRY_BEGIN\nMATCH qname qtype UDP\nSECTION QUESTION\nwww.example.com. IN CAA\nENTRY_END",
			"TIMEOUT", "TIMEOUT", "REPLY\nENTRY_BEGIN\nMATCH qname\nADJUST copy_id\nREPLY QR AA NOERROR\nSECTION QUESTION\n"+
				"www.example.com. IN CAA\nSECTION ANSWER\n"+issue+"\nENTRY_END").done()
	}},
}

var truncation = []scenario{
	{"then-tcp", "A truncated reply is asked for again over TCP", "RFC 7766 5, RFC 2181 9", func(w *world) {
		w.plain(wwwCAA)
		w.truncates(www, ns1, ns2)
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"partial-answer", "What a truncated reply holds is not used, even if it looks whole", "RFC 2181 9", func(w *world) {
		w.plain(wwwCAA + "\nwww CAA 0 issuewild \";\"")
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH UDP opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
		}
		w.ask(www).found(issue + "\nwww.example.com. CAA 0 issuewild \";\"").done()
	}},
	{"empty-answer", "A truncated reply without records is no empty answer", "RFC 2181 9", func(w *world) {
		w.plain(wwwCAA)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH UDP opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION AUTHORITY\nexample.com. SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 600")
		}
		w.ask(www).found(issue).done()
	}},
	{"nxdomain", "The response code of a truncated reply is not believed", "RFC 2181 9", func(w *world) {
		w.plain(wwwCAA)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH UDP opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NXDOMAIN\nSECTION QUESTION\nwww.example.com. IN CAA")
		}
		w.ask(www).found(issue).done()
	}},
	{"no-tcp", "Without TCP there is no whole reply, and a part of one must not be judged", "RFC 7766 5, RFC 8659 3", func(w *world) {
		w.plain(wwwCAA)
		w.truncates(www, ns1, ns2)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH TCP opcode qname qtype\nADJUST copy_id do_not_answer\nREPLY QR\nSECTION QUESTION\nwww.example.com. IN CAA")
		}
		w.ask(www).fails("truncated").want("zone example.com.").done()
	}},
	{"truncated-over-tcp", "A reply over TCP that is truncated is useless", "RFC 7766 8", func(w *world) {
		w.plain(wwwCAA)
		for _, addr := range []string{ns1, ns2} {
			w.entry(addr, "MATCH opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
		}
		w.ask(www).fails("truncated").done()
	}},
	{"other-server", "If one server has no TCP, another may fit its reply into UDP", "RFC 7766 5", func(w *world) {
		w.plain(wwwCAA)
		w.truncates(www, ns1)
		w.entry(ns1, "MATCH TCP opcode qname qtype\nADJUST copy_id do_not_answer\nREPLY QR\nSECTION QUESTION\nwww.example.com. IN CAA")
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
	{"referral", "A truncated referral is asked for again over TCP", "RFC 7766 5", func(w *world) {
		w.plain(wwwCAA)
		w.entry(comAddr, "MATCH UDP opcode subdomain\nADJUST copy_id copy_query\nREPLY QR TC NOERROR\nSECTION QUESTION\nexample.com. IN A")
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"root-referral", "A truncated referral of the root with some of its name servers is not followed", "RFC 2181 9", func(w *world) {
		w.plain(wwwCAA)
		w.entry(rootAddr, "MATCH UDP opcode subdomain\nADJUST copy_id copy_query\nREPLY QR TC NOERROR\nSECTION QUESTION\ncom. IN A\nSECTION AUTHORITY\ncom. NS ns9.com.\nSECTION ADDITIONAL\nns9.com. A 203.0.113.9")
		w.ask(www).found(issue).want("packets 4").done()
	}},
	{"long-over-tcp", "A reply of many kilobytes over TCP is taken whole", "RFC 7766 8", func(w *world) {
		var zone, want strings.Builder
		for i := range 120 {
			value := fmt.Sprintf(`CAA 0 issue "ca%d.example; account=%0200d"`, i, i)
			fmt.Fprintf(&zone, "www %s\n", value)
			fmt.Fprintf(&want, "www.example.com. %s\n", value)
		}
		w.plain(zone.String())
		w.truncates(www, ns1, ns2)
		w.ask(www).found(want.String()).done()
	}},
	{"refused-over-tcp", "A server that refuses over TCP what it truncates over UDP is passed over", "RFC 7766 5", func(w *world) {
		w.plain(wwwCAA)
		w.truncates(www, ns1)
		w.entry(ns1, "MATCH TCP opcode qname qtype\nADJUST copy_id\nREPLY QR REFUSED\nSECTION QUESTION\nwww.example.com. IN CAA")
		w.ask(www).found(issue).want("by " + ns2).done()
	}},
}

// withoutEDNS makes both servers of example.com answer www without EDNS only, and say rcode to it.
func (w *world) withoutEDNS(rcode int) {
	for _, addr := range []string{ns1, ns2} {
		w.entry(addr, "MATCH opcode noedns qname qtype\nADJUST copy_id\nREPLY QR AA NOERROR\nSECTION QUESTION\nwww.example.com. IN CAA\nSECTION ANSWER\n"+issue)
		w.says(addr, www, rcode)
	}
}

// truncates makes servers cut their reply to a question short over UDP.
func (w *world) truncates(question string, addrs ...string) {
	name, typ, _ := strings.Cut(question, " ")
	for _, addr := range addrs {
		w.entry(addr, fmt.Sprintf("MATCH UDP opcode qname qtype\nADJUST copy_id\nREPLY QR AA TC NOERROR\nSECTION QUESTION\n%s IN %s", name, typ))
	}
}

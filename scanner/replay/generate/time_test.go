package generate

import (
	"fmt"

	"github.com/miekg/dns"
)

const (
	hour = 60 * 60
	day  = 24 * hour
)

// now is the moment of the scenarios in seconds.
var now = uint32(at.Unix())

var moments = []scenario{
	{"expired", "A signature whose time is over does not count", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{until: now - 2*day})
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"not-yet-valid", "A signature whose time is to come does not count", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now + 2*day})
		w.ask(www).isBogus("not-yet-valid", "example.com.")
	}},
	{"last-second", "A signature counts in its last second", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{until: now})
		w.ask(www).found(issue).isSecure()
	}},
	{"second-after", "A signature does not count in the second after its last", "RFC 4035 5.3.1, cli.md --at (no slack)", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{until: now - 1})
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"first-second", "A signature counts in its first second", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now})
		w.ask(www).found(issue).isSecure()
	}},
	{"second-before", "A signature does not count in the second before its first", "RFC 4035 5.3.1, cli.md --at (no slack)", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now + 1})
		w.ask(www).isBogus("not-yet-valid", "example.com.")
	}},
	{"expired-beside", "An expired signature beside a good one changes nothing", "RFC 4035 5.3.1, 5.3.3", func(w *world) {
		z := w.signed(wwwCAA)
		w.all(www, func(m *dns.Msg) {
			old := rrsig(z.zsk[0], m.Answer[:1], from-30*day, now-day, signature{})
			m.Answer = append([]dns.RR{m.Answer[0], old}, m.Answer[1:]...)
		})
		w.ask(www).found(issue).isSecure()
	}},
	{"expired-at-one", "If one server has an old copy of the zone, another is asked", "RFC 4035 5.5, RFC 6781 4.4.2", func(w *world) {
		z := w.signed(wwwCAA)
		w.change(ns1, www, func(m *dns.Msg) { m.Answer[1] = rrsig(z.zsk[0], m.Answer[:1], from-30*day, now-day, signature{}) })
		w.ask(www).found(issue).want("by " + ns2).isSecure()
	}},
	{"keys-expired", "A DNSKEY set whose signature is over makes the zone bogus", "RFC 4035 5.3.1", func(w *world) {
		w.signed(wwwCAA).signs("DNSKEY", signature{until: now - day})
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"ds-expired", "A DS set whose signature is over makes the child bogus, at the zone above", "RFC 4035 5.2, 5.3.1", func(w *world) {
		w.signed(wwwCAA)
		w.of("com.").signs("example.com. DS", signature{until: now - day})
		w.ask(www).isBogus("expired", "com.")
	}},
	{"denial-expired", "An NSEC record whose signature is over proves nothing", "RFC 4035 5.4, 5.3.1", func(w *world) {
		w.signed("www A 192.0.2.80").signs("NSEC", signature{until: now - day})
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"root-keys-expired", "If the root's keys have expired everything is bogus", "RFC 4035 5", func(w *world) {
		w.signed(wwwCAA)
		w.of(".").signs("DNSKEY", signature{until: now - day})
		w.ask(www).isBogus("expired", ".")
	}},
	{"expiration-before-inception", "A signature that ends before it begins never counts", "RFC 4034 3.1.5", func(w *world) {
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now + hour, until: now - hour})
		w.ask(www).isBogus("", "example.com.")
	}},
	{"serial-wrap", "Times are compared in serial arithmetic: a signature over the turn of 2^32 seconds", "RFC 4034 3.1.5, RFC 1982 3.2", func(w *world) {
		w.moment = fmt.Sprint(uint32(1<<32 - 1000))
		w.signedOverTurn()
		w.ask(www).found(issue).isSecure()
	}},
	{"serial-wrap-after", "A signature from before the turn of 2^32 seconds counts after it", "RFC 4034 3.1.5, RFC 1982 3.2", func(w *world) {
		w.moment = fmt.Sprint(1000)
		w.signedOverTurn()
		w.ask(www).found(issue).isSecure()
	}},
	{"serial-wrap-expired", "A signature that ended before the turn of 2^32 seconds is over after it", "RFC 4034 3.1.5, RFC 1982 3.2", func(w *world) {
		w.moment = fmt.Sprint(1000)
		w.signedOverTurn()
		w.of("example.com.").signs("www.example.com. CAA", signature{until: 1<<32 - day})
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"expires-meanwhile", "What was proven is not used longer than its signature holds", "RFC 4035 5.3.3", func(w *world) {
		w.clock = true
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{until: now + 600})
		w.ask(www).found(issue).isSecure()
		w.passes(1000)
		w.ask(www).isBogus("expired", "example.com.")
	}},
	{"keys-expire-meanwhile", "Keys are not used longer than their signature holds", "RFC 4035 5.3.3", func(w *world) {
		w.clock = true
		w.signed(wwwCAA+"\n"+`mail CAA 0 issue "ca.example"`).signs("DNSKEY", signature{until: now + 600})
		w.ask(www).found(issue).isSecure()
		w.passes(1000)
		w.ask("mail.example.com. CAA").isBogus("expired", "example.com.")
	}},
	{"becomes-valid", "What was not valid yet is valid later", "RFC 4035 5.3.1, RFC 9520 3.2", func(w *world) {
		w.clock = true
		w.signed(wwwCAA).signs("www.example.com. CAA", signature{from: now + 600})
		w.ask(www).isBogus("not-yet-valid", "example.com.")
		w.passes(1000)
		w.ask(www).found(issue).isSecure()
	}},
	{"zsk-pre-published", "Rollover: the new zone-signing key is published and does not sign yet", "RFC 6781 4.1.1.1", func(w *world) {
		z := w.signed(wwwCAA)
		z.keys = append(z.keys, newKey(z.name, zskFlags, p256, 1))
		w.ask(www).found(issue).isSecure()
	}},
	{"zsk-new-signs", "Rollover: the new zone-signing key signs, the old one is still published", "RFC 6781 4.1.1.1", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey(z.name, zskFlags, p256, 1)
		z.keys, z.zsk = append(z.keys, k), []*key{k}
		w.ask(www).found(issue).isSecure()
	}},
	{"zsk-double", "Rollover: two zone-signing keys sign everything", "RFC 6781 4.1.1.2", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey(z.name, zskFlags, p256, 1)
		z.keys, z.zsk = append(z.keys, k), append(z.zsk, k)
		w.ask(www).found(issue).isSecure()
		w.ask("gone.example.com. CAA").nxdomain("").isSecure()
	}},
	{"zsk-removed-too-early", "Rollover gone wrong: the key that signed is no longer published", "RFC 6781 4.1.1", func(w *world) {
		z := w.signed(wwwCAA)
		z.keys = []*key{z.ksk[0], newKey(z.name, zskFlags, p256, 1)}
		w.ask(www).isBogus("no-matching-key", "example.com.")
	}},
	{"ksk-double-signature", "Rollover: two key-signing keys sign, the DS record names the old one", "RFC 6781 4.1.2", func(w *world) {
		z := w.signed(wwwCAA)
		old, k := z.ksk[0], newKey(z.name, kskFlags, p256, 1)
		z.keys, z.ksk, z.ds = append(z.keys, k), []*key{old, k}, []dns.RR{digestOf(old, dns.SHA256)}
		w.ask(www).found(issue).isSecure()
	}},
	{"ksk-double-ds", "Rollover: DS records of both key-signing keys, the new one is not published yet", "RFC 6781 4.1.2, RFC 7583 3.3.2", func(w *world) {
		z := w.signed(wwwCAA)
		k := newKey(z.name, kskFlags, p256, 1)
		z.ds = []dns.RR{digestOf(z.ksk[0], dns.SHA256), digestOf(k, dns.SHA256)}
		w.ask(www).found(issue).isSecure()
	}},
	{"ksk-gone-too-early", "Rollover gone wrong: the key-signing key is new, the DS record is still of the old one", "RFC 6781 4.1.2", func(w *world) {
		z := w.signed(wwwCAA)
		old, k := z.ksk[0], newKey(z.name, kskFlags, p256, 1)
		z.keys, z.ksk, z.ds = []*key{k, z.zsk[0]}, []*key{k}, []dns.RR{digestOf(old, dns.SHA256)}
		w.ask(www).isBogus("no-matching-ds", "example.com.")
	}},
	{"ksk-revoked-beside", "Rollover: the old key-signing key is revoked and signs beside the new one", "RFC 5011 2.1, 6.3", func(w *world) {
		z := w.signed(wwwCAA)
		old, k := newKey(z.name, kskFlags|revoked, p256, 0), newKey(z.name, kskFlags, p256, 1)
		z.keys, z.ksk = []*key{old, k, z.zsk[0]}, []*key{k, old}
		z.ds = []dns.RR{digestOf(k, dns.SHA256)}
		w.ask(www).found(issue).isSecure()
	}},
	{"algorithm-rollover", "Rollover: both algorithms sign, the DS record names the old one", "RFC 6781 4.1.4", func(w *world) {
		z := w.twoAlgorithms(rsaSHA256, p256)
		z.ds = []dns.RR{digestOf(z.ksk[0], dns.SHA256)}
		w.ask(www).found(issue).isSecure()
	}},
}

// signedOverTurn makes the world of signed, whose signatures hold over the turn of 2^32 seconds.
func (w *world) signedOverTurn() {
	w.signed(wwwCAA)
	for _, z := range w.zones {
		z.from, z.until = 1<<32-10*day, 20*day
	}
}

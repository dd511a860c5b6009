package generate

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// What hostile or broken servers do to signed replies.

// signed makes the root, com and example.com, all signed by NSEC zones with P-256; example.com on both addresses.
func (w *world) signed(text string) *zone {
	w.zone(".", rootAddr, "").secure(p256)
	w.zone("com.", comAddr, "").secure(p256)
	return w.zone("example.com.", ns1+" "+ns2, text).secure(p256)
}

// net adds net and example.net, signed.
func (w *world) signedNet(text string) *zone {
	w.zone("net.", netAddr, "").secure(p256)
	return w.zone("example.net.", other, text).secure(p256)
}

// find returns one of the world's zones by name.
func (w *world) of(name string) *zone {
	i := slices.IndexFunc(w.zones, func(z *zone) bool { return z.name == name })
	return w.zones[i]
}

// all makes every server that has the question reply otherwise.
func (w *world) all(question string, changes ...func(*dns.Msg)) {
	for _, change := range changes {
		w.change("", question, change)
	}
}

// changeCut makes a server reply otherwise where it shows how example.com is delegated: in the referral and about the DS.
func (w *world) changeCut(addr string, changes ...func(*dns.Msg)) {
	for _, change := range changes {
		w.change(addr, "example.com. NS", change)
		w.change(addr, "example.com. DS", change)
	}
}

// withholdDS makes com deny the DS of example.com, which is there, by the given proofs.
func (w *world) withholdDS(proofs ...func() []dns.RR) {
	w.changeCut(comAddr, func(m *dns.Msg) {
		m.Answer = nil
		remove(dns.TypeDS)(m)
		for _, proof := range proofs {
			add(m, proof())
		}
	})
	w.change(comAddr, "example.com. DS", func(m *dns.Msg) { add(m, w.of("com.").soa()) })
}

// entriesBelow makes both servers of example.com answer a question about a name that they delegate.
func (w *world) entriesBelow(question string, change func(*dns.Msg)) {
	w.entryOf(ns1, question, change)
	w.entryOf(ns2, question, change)
}

// sections applies f to the records of a message, which keeps those for which it is true.
func sections(m *dns.Msg, keep func(dns.RR) bool) {
	for _, section := range []*[]dns.RR{&m.Answer, &m.Ns} {
		*section = slices.DeleteFunc(slices.Clone(*section), func(rr dns.RR) bool { return !keep(rr) })
	}
}

// covers returns the type that a record is or signs.
func covers(rr dns.RR) uint16 {
	if sig, ok := rr.(*dns.RRSIG); ok {
		return sig.TypeCovered
	}
	return rr.Header().Rrtype
}

// unsign removes the signatures over these types; over all types if none is given.
func unsign(types ...uint16) func(*dns.Msg) {
	return func(m *dns.Msg) {
		sections(m, func(rr dns.RR) bool {
			return !isSignature(rr) || types != nil && !slices.Contains(types, covers(rr))
		})
	}
}

// remove removes the records of these types and the signatures over them.
func remove(types ...uint16) func(*dns.Msg) {
	return func(m *dns.Msg) { sections(m, func(rr dns.RR) bool { return !slices.Contains(types, covers(rr)) }) }
}

var (
	noDenial  = remove(dns.TypeNSEC, dns.TypeNSEC3)
	noRecords = remove(dns.TypeNSEC, dns.TypeNSEC3, dns.TypeDS)
)

// spoil breaks the signatures over these types; over all if none is given.
func spoil(types ...uint16) func(*dns.Msg) {
	return func(m *dns.Msg) {
		for _, section := range []*[]dns.RR{&m.Answer, &m.Ns} {
			for i, rr := range *section {
				if sig, ok := rr.(*dns.RRSIG); ok && (types == nil || slices.Contains(types, sig.TypeCovered)) {
					sig = dns.Copy(sig).(*dns.RRSIG)
					first := byte('A')
					if sig.Signature[0] == first {
						first = 'B'
					}
					sig.Signature = string(first) + sig.Signature[1:]
					(*section)[i] = sig
				}
			}
		}
	}
}

// renamed returns records under another owner.
func renamed(rrs []dns.RR, name string) (out []dns.RR) {
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		rr.Header().Name = name
		out = append(out, rr)
	}
	return out
}

// denies makes the authority section SOA and the given proofs.
func denies(z *zone, rcode int, proofs ...func() []dns.RR) func(*dns.Msg) {
	return func(m *dns.Msg) {
		m.Authoritative, m.Rcode, m.Answer, m.Ns, m.Extra = true, rcode, nil, nil, nil
		add(m, z.soa())
		for _, proof := range proofs {
			add(m, proof())
		}
	}
}

func (z *zone) match(name string) func() []dns.RR { return func() []dns.RR { return z.matching(name) } }
func (z *zone) cover(name string) func() []dns.RR { return func() []dns.RR { return z.covering(name) } }

// answers makes the answer section sets of a zone.
func answers(sets ...func() []dns.RR) func(*dns.Msg) {
	return func(m *dns.Msg) {
		m.Authoritative, m.Rcode, m.Answer, m.Ns, m.Extra = true, dns.RcodeSuccess, nil, nil, nil
		for _, set := range sets {
			m.Answer = append(m.Answer, set()...)
		}
	}
}

// colliding returns a key that no one has the private half of, whose tag is that of another.
func colliding(like *key, number int) *key {
	public := make([]byte, 32)
	for i := range public {
		public[i] = byte(number*7 + i*13 + i*i*number)
	}
	tag := like.KeyTag()
	for n := range 1 << 16 { // the tag is a sum: some pair of octets makes it right
		public[30], public[31] = byte(n>>8), byte(n)
		k := wire.DNSKEY{Flags: like.Flags, Protocol: 3, Algorithm: like.Algorithm, PublicKey: public}
		if k.KeyTag() == tag {
			own := *like.DNSKEY
			own.PublicKey = toBase64(public)
			return &key{DNSKEY: &own}
		}
	}
	panic("internal error: no collision")
}

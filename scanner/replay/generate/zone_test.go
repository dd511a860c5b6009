package generate

import (
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// zone is an authoritative zone and the servers it is on.
type zone struct {
	w       *world
	name    string
	addrs   []string // of its servers
	sets    map[string]map[uint16][]dns.RR
	edits   map[string]signature // by "owner TYPE", "TYPE" or "": how sets are signed otherwise
	retyped map[string][]uint16  // types that NSEC or NSEC3 of a name claim, whatever there is

	keys     []*key // DNSKEY RRset; nil: the zone is not signed
	ksk, zsk []*key // that sign the DNSKEY RRset, and the rest
	ds       []dns.RR
	noDS     bool // the parent has none, though the zone is signed
	foreign  bool // the parent does not know the zone

	nsec3      bool
	iterations uint16
	salt       string
	optOut     bool

	from, until uint32 // times of signatures
}

// add puts records into the zone, names relative to it.
func (z *zone) add(text string) *zone {
	for _, rr := range parse(text, z.name) {
		z.put(rr)
	}
	return z
}

func (z *zone) put(rr dns.RR) {
	name := dns.CanonicalName(rr.Header().Name)
	if z.sets[name] == nil {
		z.sets[name] = map[uint16][]dns.RR{}
	}
	z.sets[name][rr.Header().Rrtype] = append(z.sets[name][rr.Header().Rrtype], rr)
}

func parse(text, origin string) (rrs []dns.RR) {
	p := dns.NewZoneParser(strings.NewReader(text+"\n"), origin, "")
	p.SetDefaultTTL(3600)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	must(p.Err())
	return rrs
}

// secure signs the zone: one key-signing and one zone-signing key of an algorithm.
func (z *zone) secure(algorithm uint8) *zone {
	ksk, zsk := newKey(z.name, kskFlags, algorithm, 0), newKey(z.name, zskFlags, algorithm, 0)
	z.keys, z.ksk, z.zsk = []*key{ksk, zsk}, []*key{ksk}, []*key{zsk}
	return z
}

// insecure leaves the zone without signatures.
func (z *zone) insecure() *zone {
	z.keys, z.ksk, z.zsk = nil, nil, nil
	return z
}

// hashed gives the zone NSEC3.
func (z *zone) hashed(iterations uint16, salt string, optOut bool) *zone {
	z.nsec3, z.iterations, z.salt, z.optOut = true, iterations, salt, optOut
	return z
}

// signs says how the sets that what names ("owner TYPE", "TYPE", or "" for all) are signed.
func (z *zone) signs(what string, how signature) *zone {
	z.edits[what] = how
	return z
}

// claims makes the NSEC or NSEC3 record of a name claim these types, whatever there is.
func (z *zone) claims(name string, types ...uint16) *zone {
	z.retyped[name] = types
	return z
}

// isSigned reports whether the zone has keys.
func (z *zone) isSigned() bool { return z.keys != nil }

// set returns a set as it goes into a message: with its signatures.
func (z *zone) set(name string, typ uint16) []dns.RR {
	if typ == dns.TypeDNSKEY && name == z.name {
		var set []dns.RR
		for _, k := range z.keys {
			set = append(set, k.DNSKEY)
		}
		return z.sign(set)
	}
	return z.sign(z.sets[name][typ])
}

// sign returns a set and its signatures.
func (z *zone) sign(set []dns.RR) []dns.RR {
	if len(set) == 0 || !z.isSigned() || z.delegated(set[0].Header().Name, set[0].Header().Rrtype) {
		return set
	}
	h := set[0].Header()
	typ := dns.TypeToString[h.Rrtype]
	how, ok := z.edits[h.Name+" "+typ]
	if !ok {
		if how, ok = z.edits[typ]; !ok {
			how = z.edits[""]
		}
	}
	if how.none {
		return set
	}
	keys := z.zsk
	if h.Rrtype == dns.TypeDNSKEY {
		keys = z.ksk
	}
	if how.by != nil {
		keys = []*key{how.by}
	}
	signed := slices.Clone(set)
	for i := range how.copies {
		bad := how
		bad.broken, bad.from = true, z.from+uint32(i)
		signed = append(signed, rrsig(keys[0], set, z.from, z.until, bad))
	}
	for _, k := range slices.Concat(keys, how.byAlso) {
		signed = append(signed, rrsig(k, set, z.from, z.until, how))
	}
	return signed
}

// cutAbove returns the delegation at or above name; "" if there is none.
func (z *zone) cutAbove(name string) string {
	found := ""
	for n := name; n != z.name && dns.IsSubDomain(z.name, n); n = parent(n) {
		if len(z.sets[n][dns.TypeNS]) > 0 {
			found = n
		}
	}
	return found
}

// delegated reports whether a set is not the zone's own: name servers of a child, or below one.
func (z *zone) delegated(name string, typ uint16) bool {
	cut := z.cutAbove(name)
	return cut != "" && (cut != name || typ != dns.TypeDS && typ != dns.TypeNSEC)
}

func parent(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}

// owners returns the names of the zone in canonical order (RFC 4034 6.1), with or without the empty ones between.
func (z *zone) owners(empty bool) []string {
	seen := map[string]bool{}
	for name := range z.sets {
		cut := z.cutAbove(name)
		switch {
		case cut != "" && cut != name:
			continue // glue
		case z.optOut && cut == name && len(z.sets[name][dns.TypeDS]) == 0:
			continue // an unsigned delegation
		}
		seen[name] = true
		for n := name; empty && n != z.name; n = parent(n) {
			seen[n] = true
		}
	}
	var names []string
	for n := range seen {
		names = append(names, n)
	}
	slices.SortFunc(names, compareNames)
	return names
}

func compareNames(a, b string) int {
	as, bs := dns.SplitDomainName(a), dns.SplitDomainName(b)
	slices.Reverse(as)
	slices.Reverse(bs)
	return slices.Compare(as, bs)
}

// types that exist at a name, for the bitmap of its NSEC or NSEC3.
func (z *zone) types(name string) []uint16 {
	if claimed, ok := z.retyped[name]; ok {
		return claimed
	}
	var types []uint16
	cut := z.cutAbove(name) == name
	for typ := range z.sets[name] {
		if !cut || typ == dns.TypeNS || typ == dns.TypeDS {
			types = append(types, typ)
		}
	}
	if name == z.name {
		types = append(types, dns.TypeDNSKEY)
		if z.nsec3 {
			types = append(types, dns.TypeNSEC3PARAM)
		}
	}
	if len(types) > 0 && (!cut || len(z.sets[name][dns.TypeDS]) > 0) {
		types = append(types, dns.TypeRRSIG)
	}
	if !z.nsec3 {
		types = append(types, dns.TypeNSEC)
		if cut && len(z.sets[name][dns.TypeDS]) == 0 {
			types = append(types, dns.TypeRRSIG)
		}
	}
	slices.Sort(types)
	return types
}

// exists reports whether a name has records or names below it.
func (z *zone) exists(name string) bool {
	for n := range z.sets {
		if dns.IsSubDomain(name, n) {
			return true
		}
	}
	return false
}

// closest returns the closest encloser of a name that does not exist, and the next closer name.
func (z *zone) closest(name string) (encloser, nextCloser string) {
	for n := name; ; n = parent(n) {
		if z.exists(parent(n)) {
			return parent(n), n
		}
	}
}

// denial of existence: the records that match or cover names, each once, signed.

// matching returns the NSEC or NSEC3 record of a name, nil if it has none.
func (z *zone) matching(name string) []dns.RR {
	if z.nsec3 {
		return z.nsec3At(name, true)
	}
	owners := z.owners(false)
	i := slices.Index(owners, name)
	if i < 0 {
		return nil
	}
	return z.nsec(owners, i)
}

// covering returns the NSEC or NSEC3 record whose span holds a name.
func (z *zone) covering(name string) []dns.RR {
	if z.nsec3 {
		return z.nsec3At(name, false)
	}
	owners := z.owners(false)
	i := len(owners) - 1
	for i > 0 && compareNames(owners[i], name) > 0 {
		i--
	}
	return z.nsec(owners, i)
}

func (z *zone) nsec(owners []string, i int) []dns.RR {
	return z.sign([]dns.RR{&dns.NSEC{
		Hdr:        dns.RR_Header{Name: owners[i], Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 600},
		NextDomain: owners[(i+1)%len(owners)], TypeBitMap: z.types(owners[i]),
	}})
}

// nsec3At returns the NSEC3 record of a name, or the one whose span holds its hash.
func (z *zone) nsec3At(name string, match bool) []dns.RR {
	owners := z.owners(true)
	byHash := map[string]string{}
	var hashes []string
	for _, n := range owners {
		h := z.hash(n)
		byHash[h] = n
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	own := z.hash(name)
	i, found := slices.BinarySearch(hashes, own)
	if match && !found {
		return nil
	}
	if !match {
		i = (i + len(hashes) - 1) % len(hashes)
	}
	return z.sign([]dns.RR{z.nsec3Record(hashes[i], hashes[(i+1)%len(hashes)], z.types(byHash[hashes[i]]))})
}

func (z *zone) nsec3Record(owner, next string, types []uint16) dns.RR {
	n := &dns.NSEC3{
		Hdr:  dns.RR_Header{Name: strings.ToLower(owner) + "." + strings.TrimPrefix(z.name, "."), Rrtype: dns.TypeNSEC3, Class: dns.ClassINET, Ttl: 600},
		Hash: dns.SHA1, Iterations: z.iterations, SaltLength: uint8(len(z.salt) / 2), Salt: z.salt,
		HashLength: 20, NextDomain: next, TypeBitMap: types,
	}
	if z.optOut {
		n.Flags = 1
	}
	return n
}

func (z *zone) hash(name string) string {
	return dns.HashName(name, dns.SHA1, z.iterations, z.salt)
}

// spanAround returns a signed NSEC3 record that covers nothing but the hash of a name, with the zone's parameters: the
// white lie of RFC 7129 appendix B.
func (z *zone) spanAround(name string) []dns.RR {
	return z.sign([]dns.RR{z.nsec3Record(shifted(z.hash(name), -1), shifted(z.hash(name), 1), nil)})
}

// spanAt returns a signed NSEC3 record that matches a name and covers nothing.
func (z *zone) spanAt(name string) []dns.RR {
	return z.sign([]dns.RR{z.nsec3Record(z.hash(name), shifted(z.hash(name), 1), z.types(name))})
}

// shifted returns the hash before or after another.
func shifted(hash string, by int) string {
	enc := base32.HexEncoding.WithPadding(base32.NoPadding)
	octets, err := enc.DecodeString(hash)
	must(err)
	octets[len(octets)-1] += byte(by) // none of ours ends in 0 or 255
	return enc.EncodeToString(octets)
}

func (z *zone) soa() []dns.RR { return z.set(z.name, dns.TypeSOA) }

// deny appends what shows that a name has no records of a type.
func (z *zone) denyType(m *dns.Msg, name string) {
	if !z.isSigned() {
		return
	}
	if own := z.matching(name); own != nil {
		add(m, own)
		return
	}
	if !z.nsec3 { // an empty non-terminal (RFC 4592 2.2.2): the span that holds it
		add(m, z.covering(name))
		return
	}
	// An unsigned delegation in an opt-out span (RFC 5155 7.2.4).
	for encloser, next := parent(name), name; ; encloser, next = parent(encloser), encloser {
		if own := z.matching(encloser); own != nil {
			add(m, own)
			add(m, z.covering(next))
			return
		}
	}
}

// denyName appends what shows that a name does not exist; also that no wildcard stands for it, unless one does.
func (z *zone) denyName(m *dns.Msg, name string, wildcard bool) {
	if !z.isSigned() {
		return
	}
	encloser, next := z.closest(name)
	if z.nsec3 {
		for z.matching(encloser) == nil { // only opt-out delegations are below it
			encloser, next = parent(encloser), encloser
		}
		if !wildcard {
			add(m, z.matching(encloser))
		}
		add(m, z.covering(next))
	} else {
		add(m, z.covering(name))
	}
	if !wildcard {
		add(m, z.covering(below("*", encloser)))
	}
}

// below returns the name one label below another.
func below(label, name string) string { return label + "." + strings.TrimPrefix(name, ".") }

// add appends records to the authority section, each once.
func add(m *dns.Msg, rrs []dns.RR) {
	for _, rr := range rrs {
		if !slices.ContainsFunc(m.Ns, func(have dns.RR) bool { return have.String() == rr.String() }) {
			m.Ns = append(m.Ns, rr)
		}
	}
}

// answer is the algorithm of RFC 1034 4.3.2, with DNAME (RFC 6672 3.2), wildcards (RFC 4592 3.3) and the records that
// RFC 4035 3.1 and RFC 5155 7.2 add.
func (z *zone) answer(m *dns.Msg, name string, typ uint16, links int) {
	if cut := z.cutAbove(name); cut != "" && !(cut == name && typ == dns.TypeDS) {
		z.refer(m, cut)
		return
	}
	m.Authoritative = true
	for n := parent(name); dns.IsSubDomain(z.name, n) && name != z.name; n = parent(n) {
		if d := z.sets[n][dns.TypeDNAME]; len(d) > 0 {
			m.Answer = append(m.Answer, z.set(n, dns.TypeDNAME)...)
			target := strings.TrimSuffix(name, n) + strings.TrimPrefix(d[0].(*dns.DNAME).Target, ".")
			m.Answer = append(m.Answer, &dns.CNAME{
				Hdr:    dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: d[0].Header().Ttl},
				Target: target,
			})
			z.chase(m, target, typ, links)
			return
		}
		if n == "." {
			break
		}
	}
	owner := name
	if !z.exists(name) {
		encloser, _ := z.closest(name)
		owner = below("*", encloser)
		if z.sets[owner] == nil {
			m.Rcode = dns.RcodeNameError
			add(m, z.soa())
			z.denyName(m, name, false)
			return
		}
	}
	for _, t := range []uint16{typ, dns.TypeCNAME} {
		set := z.set(owner, t)
		if len(set) == 0 {
			continue
		}
		for _, rr := range set {
			rr = dns.Copy(rr)
			rr.Header().Name = name
			m.Answer = append(m.Answer, rr)
		}
		if owner != name {
			z.denyName(m, name, true)
		}
		if t != typ {
			z.chase(m, dns.CanonicalName(set[0].(*dns.CNAME).Target), typ, links)
		}
		return
	}
	add(m, z.soa())
	if owner != name && z.isSigned() {
		encloser, _ := z.closest(name)
		if z.nsec3 {
			add(m, z.matching(encloser))
		}
		z.denyName(m, name, true)
	}
	z.denyType(m, owner)
}

// chase goes on at the target of an alias within the zone.
func (z *zone) chase(m *dns.Msg, target string, typ uint16, links int) {
	if links < 20 && dns.IsSubDomain(z.name, target) && z.cutAbove(target) == "" {
		z.answer(m, target, typ, links+1)
	}
}

// refer makes a referral (RFC 4035 3.1.4).
func (z *zone) refer(m *dns.Msg, cut string) {
	m.Authoritative = len(m.Answer) > 0
	m.Ns = append(m.Ns, z.sets[cut][dns.TypeNS]...)
	if len(z.sets[cut][dns.TypeDS]) > 0 {
		add(m, z.set(cut, dns.TypeDS))
	} else {
		z.denyType(m, cut)
	}
	for _, ns := range z.sets[cut][dns.TypeNS] {
		for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
			m.Extra = append(m.Extra, z.sets[dns.CanonicalName(ns.(*dns.NS).Ns)][typ]...)
		}
	}
}

// digestOf returns the DS record of a key.
func digestOf(k *key, digest uint8) *dns.DS {
	ds := k.DNSKEY.ToDS(digest)
	if ds == nil { // a digest nobody knows
		ds = k.DNSKEY.ToDS(dns.SHA256)
		ds.DigestType, ds.Digest = digest, hex.EncodeToString(make([]byte, 32))
	}
	ds.Digest = strings.ToLower(ds.Digest)
	return ds
}

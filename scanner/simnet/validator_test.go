package simnet

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/dnssec/algorithm"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// validator is a naive validating resolver on top of naive: the second opinion on the chains of the world. Signatures,
// digests and hashes are checked by miekg/dns, what denials must hold is written here once more, as plainly as can be.
type validator struct {
	*naive
	w      *World
	t      testing.TB
	now    time.Time
	anchor *dns.DS
	zones  map[string]*trust
	checks int // signatures found good
	kinds  map[string]int
}

// trust is what is known of a zone.
type trust struct {
	zone    string
	state   state
	keys    []*dns.DNSKEY
	servers []netip.Addr
}

// state is a verdict, and the outcome of the look-up that it hangs on.
type state struct {
	security record.Security
	reason   dnssec.Reason
	broken   string
	outcome  record.Outcome // failed: what the chain could not be had by
}

var proven = state{security: record.Secure}

func insecure(reason dnssec.Reason, zone string) state {
	return state{security: record.Insecure, reason: reason, broken: zone}
}

func isBogus(reason dnssec.Reason, zone string) state {
	return state{security: record.BogusData, reason: reason, broken: zone}
}

func newValidator(t testing.TB, w *World, exchange func(*dns.Msg, netip.Addr, bool) (*dns.Msg, error)) *validator {
	rr, err := dns.NewRR(w.TrustAnchor())
	if err != nil {
		t.Fatal(err)
	}
	return &validator{naive: newNaive(w, exchange), w: w, t: t, now: w.cfg.Now, anchor: rr.(*dns.DS), zones: map[string]*trust{}, kinds: map[string]int{}}
}

// query asks the servers of a zone with DO until one gives an answer that good takes.
func (v *validator) query(z *trust, name string, typ uint16, good func(*dns.Msg) state) (*dns.Msg, state) {
	last := state{outcome: record.Lame, security: record.Indeterminate, reason: dnssec.ChainUnreachable, broken: z.zone}
	var reply *dns.Msg
	for _, server := range z.servers {
		m, outcome := v.ask(server, name, typ, true)
		if outcome == record.Found && !m.Authoritative {
			outcome = record.Lame
		}
		if outcome != record.Found {
			if last.security != record.BogusData {
				last.outcome = outcome
			}
			continue
		}
		if s := good(m); s.security != record.BogusData {
			return m, s
		} else {
			reply, last = m, s
		}
	}
	return reply, last
}

// chain returns the deepest zone that name lies in and what is known of it. For DS the zone above is meant.
func (v *validator) chain(name string) *trust {
	z := v.root()
	labels := dns.SplitDomainName(name)
	for k := len(labels) - 1; k >= 0; k-- {
		at := dns.Fqdn(strings.Join(labels[k:], "."))
		if z.state.security != record.Secure {
			return v.below(z, name)
		}
		child, ok := v.zones[at]
		if !ok {
			child = v.descendTo(z, at)
			v.zones[at] = child
		}
		if child != nil {
			z = child
		}
	}
	return z
}

// below returns the zone of an insecure name, for which the servers must be known.
func (v *validator) below(z *trust, name string) *trust {
	v.resolve(name, dns.TypeNS, 0)
	for at := name; at != z.zone && at != "."; at = parentOf(at) {
		if v.cuts[at] != nil {
			return &trust{zone: at, state: z.state, servers: v.serversOf(at, z)}
		}
	}
	return z
}

func parentOf(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

func (v *validator) serversOf(zone string, above *trust) (servers []netip.Addr) {
	if v.cuts[zone] == nil {
		return above.servers
	}
	for _, host := range v.cuts[zone] {
		servers = append(servers, v.addrsOf(host, 0)...)
	}
	return servers
}

func (v *validator) root() *trust {
	z, ok := v.zones["."]
	if !ok {
		z = &trust{zone: ".", servers: v.hints}
		v.fetchKeys(z, []*dns.DS{v.anchor})
		v.zones["."] = z
	}
	return z
}

// descendTo asks the zone z for DS at a name below, and returns the zone there; nil if there is none.
func (v *validator) descendTo(z *trust, at string) *trust {
	v.resolve(at, dns.TypeNS, 0) // for the servers
	cut := true
	reply, s := v.query(z, at, dns.TypeDS, func(m *dns.Msg) (s state) {
		if len(pick(m.Answer, at, dns.TypeDS)) > 0 {
			return v.verify(z, m.Answer, m.Ns, at, dns.TypeDS)
		}
		if len(m.Answer) > 0 { // an alias: no cut
			cut = false
			return v.judge(z, m, at, dns.TypeDS)
		}
		cut, s = v.noDS(z, m, at)
		return s
	})
	child := &trust{zone: at, state: s}
	switch {
	case s.security == record.BogusData || s.outcome.Failed():
		child.servers = z.servers
		return child
	case s.security == record.Insecure:
		child.servers = v.serversOf(at, z)
		return child
	case !cut:
		return nil
	}
	child.servers = v.serversOf(at, z)
	var set []*dns.DS
	for _, rr := range pick(reply.Answer, at, dns.TypeDS) {
		set = append(set, rr.(*dns.DS))
	}
	v.fetchKeys(child, set)
	return child
}

// fetchKeys asks for the keys of z and holds them against the DS records.
func (v *validator) fetchKeys(z *trust, set []*dns.DS) {
	known := false
	reason := dnssec.UnsupportedAlgorithm
	for _, ds := range set {
		signs := slices.Contains([]uint8{5, 7, 8, 10, 13, 14, 15, 16}, ds.Algorithm)
		digest := ds.DigestType == dns.SHA1 || ds.DigestType == dns.SHA256 || ds.DigestType == dns.SHA384
		known = known || signs && digest
		if signs && !digest {
			reason = dnssec.UnsupportedDigest
		}
		v.kinds["DS digest "+dns.HashToString[ds.DigestType]]++
	}
	if !known {
		z.state = insecure(reason, z.zone)
		return
	}
	reply, s := v.query(z, z.zone, dns.TypeDNSKEY, func(m *dns.Msg) state {
		var keys, entries []*dns.DNSKEY
		for _, rr := range pick(m.Answer, z.zone, dns.TypeDNSKEY) {
			key := rr.(*dns.DNSKEY)
			keys = append(keys, key)
			for _, ds := range set {
				if made := key.ToDS(ds.DigestType); made != nil && made.KeyTag == ds.KeyTag && strings.EqualFold(made.Digest, ds.Digest) {
					entries = append(entries, key)
				}
			}
		}
		switch {
		case len(keys) == 0:
			return isBogus(dnssec.NoDNSKEY, z.zone)
		case len(entries) == 0:
			return isBogus(dnssec.NoMatchingDS, z.zone)
		}
		return v.verify(&trust{zone: z.zone, keys: entries}, m.Answer, m.Ns, z.zone, dns.TypeDNSKEY)
	})
	z.state = s
	if s.security == record.Secure {
		for _, rr := range pick(reply.Answer, z.zone, dns.TypeDNSKEY) {
			z.keys = append(z.keys, rr.(*dns.DNSKEY))
		}
	}
}

func pick(section []dns.RR, owner string, typ uint16) (out []dns.RR) {
	for _, rr := range section {
		if rr.Header().Rrtype == typ && strings.EqualFold(rr.Header().Name, owner) {
			out = append(out, rr)
		}
	}
	return out
}

// verify checks the signatures of one RRset, and the proof of no closer name if it is from a wildcard.
func (v *validator) verify(z *trust, section, authority []dns.RR, owner string, typ uint16) state {
	set := pick(section, owner, typ)
	reason := dnssec.NoSignature
	for _, rr := range pick(section, owner, dns.TypeRRSIG) {
		sig := rr.(*dns.RRSIG)
		if sig.TypeCovered != typ {
			continue
		}
		if !strings.EqualFold(sig.SignerName, z.zone) {
			reason = dnssec.WrongSigner
			continue
		}
		key := slices.IndexFunc(z.keys, func(k *dns.DNSKEY) bool { return k.KeyTag() == sig.KeyTag && k.Algorithm == sig.Algorithm })
		switch {
		case key < 0:
			reason = dnssec.NoMatchingKey
			continue
		case v.now.Unix() > int64(sig.Expiration):
			reason = dnssec.Expired
			continue
		case v.now.Unix() < int64(sig.Inception):
			reason = dnssec.NotYetValid
			continue
		case sig.Algorithm == 16:
			if !verify448(z.keys[key], sig, set) {
				reason = dnssec.BadSignature
				continue
			}
		default:
			if err := sig.Verify(z.keys[key], opaque(set)); err != nil {
				reason = dnssec.BadSignature
				continue
			}
		}
		v.checks++
		v.kinds["algorithm "+dns.AlgorithmToString[sig.Algorithm]]++
		if labels := dns.CountLabel(owner); int(sig.Labels) < labels && !strings.HasPrefix(owner, "*.") {
			v.kinds["wildcard answer"]++
			closer := owner
			for range labels - int(sig.Labels) - 1 {
				closer = parentOf(closer)
			}
			d, s := v.denials(z, authority)
			if s.security != record.Secure {
				return s
			}
			if !d.covered(owner) && !d.covered(closer) {
				return isBogus(dnssec.DenialWrong, z.zone)
			}
			if d.many {
				return insecure(dnssec.Iterations, z.zone)
			}
		}
		return proven
	}
	return isBogus(reason, z.zone)
}

// opaque turns CAA records into ones of an unknown type: miekg/dns takes no long values.
func opaque(set []dns.RR) []dns.RR {
	out := slices.Clone(set)
	for i, rr := range out {
		if c, ok := rr.(*dns.CAA); ok {
			data := append([]byte{c.Flag, byte(len(unescape(c.Tag)))}, unescape(c.Tag)...)
			out[i] = &dns.RFC3597{Hdr: c.Hdr, Rdata: hex.EncodeToString(append(data, unescapeMiekg(c.Value)...))}
		}
	}
	return out
}

// denials are the NSEC and NSEC3 records of a reply, signatures checked.
type denials struct {
	zone  string
	nsec  []*dns.NSEC
	nsec3 []*dns.NSEC3
	many  bool // iterations
}

func (v *validator) denials(z *trust, section []dns.RR) (d denials, s state) {
	d.zone = z.zone
	for _, rr := range section {
		switch rr := rr.(type) {
		case *dns.NSEC:
			d.nsec = append(d.nsec, rr)
			v.kinds["NSEC"]++
		case *dns.NSEC3:
			d.nsec3 = append(d.nsec3, rr)
			d.many = d.many || rr.Iterations > dnssec.DefaultIterations
			v.kinds["NSEC3"]++
		default:
			continue
		}
		if s := v.verify(z, section, nil, rr.Header().Name, rr.Header().Rrtype); s.security != record.Secure {
			return d, isBogus(dnssec.DenialUnsigned, z.zone)
		}
	}
	if len(d.nsec)+len(d.nsec3) == 0 {
		return d, isBogus(dnssec.DenialMissing, z.zone)
	}
	return d, proven
}

func wireName(name string) wire.Name {
	buf := make([]byte, 256)
	n, err := dns.PackDomainName(strings.ToLower(name), buf, 0, nil, false)
	if err != nil {
		panic(err)
	}
	return wire.Name(buf[:n])
}

// covered: a record spans the name, which therefore owns nothing. An NSEC3 span says so only of the name itself.
func (d *denials) covered(name string) bool {
	n := wireName(name)
	for _, rr := range d.nsec {
		owner, next := wireName(rr.Hdr.Name), wireName(rr.NextDomain)
		after, before := owner.Compare(n) < 0, n.Compare(next) < 0
		if after && (before || next == wireName(d.zone)) {
			return true
		}
	}
	return slices.ContainsFunc(d.nsec3, func(rr *dns.NSEC3) bool { return rr.Cover(name) })
}

// types returns the types of the record that matches the name.
func (d *denials) types(name string) ([]uint16, bool) {
	for _, rr := range d.nsec {
		if strings.EqualFold(rr.Hdr.Name, name) {
			return rr.TypeBitMap, true
		}
	}
	for _, rr := range d.nsec3 {
		if rr.Match(name) {
			return rr.TypeBitMap, true
		}
	}
	return nil, false
}

// optOut: the closest encloser is proven, and the next closer name lies in an opt-out span.
func (d *denials) optOut(name string) bool {
	encloser := d.encloser(name)
	if encloser == "" {
		return false
	}
	closer := name
	for parentOf(closer) != encloser {
		closer = parentOf(closer)
	}
	return slices.ContainsFunc(d.nsec3, func(rr *dns.NSEC3) bool { return rr.Flags&1 != 0 && rr.Cover(closer) })
}

// encloser returns the closest encloser of a name in an NSEC3 zone: the longest ancestor that is matched, the name
// below it being covered; "" if there is none.
func (d *denials) encloser(name string) string {
	for closer := name; closer != d.zone; closer = parentOf(closer) {
		if up := parentOf(closer); d.matched(up) {
			if d.covered(closer) {
				return up
			}
			return ""
		}
	}
	return ""
}

// star returns the wildcard right below a name.
func star(name string) string { return "*." + strings.TrimPrefix(name, ".") }

func (d *denials) matched(name string) bool { _, ok := d.types(name); return ok }

// ancestor returns the longest ancestor of a name that an NSEC span which covers the name leaves room for.
func (d *denials) ancestor(name string) string {
	n := wireName(name)
	best := d.zone
	for _, rr := range d.nsec {
		for _, end := range []string{rr.Hdr.Name, rr.NextDomain} {
			for at := parentOf(name); at != d.zone; at = parentOf(at) {
				if wireName(end).In(wireName(at)) && n.In(wireName(at)) && dns.CountLabel(at) > dns.CountLabel(best) {
					best = at
				}
			}
		}
	}
	return best
}

// noDS: what an empty answer to a question for DS proves: that name is a cut without DS, or none.
func (v *validator) noDS(z *trust, m *dns.Msg, name string) (cut bool, s state) {
	d, s := v.denials(z, m.Ns)
	if s.security != record.Secure {
		return false, s
	}
	if d.many {
		return false, insecure(dnssec.Iterations, z.zone)
	}
	if types, ok := d.types(name); ok {
		switch {
		case slices.Contains(types, dns.TypeDS) || slices.Contains(types, dns.TypeSOA):
			return false, isBogus(dnssec.DenialWrong, z.zone)
		case slices.Contains(types, dns.TypeNS):
			return true, insecure(dnssec.NoDS, z.zone)
		}
		return false, proven
	}
	switch {
	case m.Rcode == dns.RcodeNameError:
		return false, v.noName(z, &d, name)
	case d.optOut(name):
		return true, insecure(dnssec.OptOut, z.zone)
	case d.covered(name) && len(d.nsec) > 0: // an empty non-terminal, or a wildcard's name
		return false, proven
	case len(d.nsec3) > 0 && d.encloser(name) != "":
		return false, proven
	}
	return false, isBogus(dnssec.DenialWrong, z.zone)
}

// noName: whether the denials prove that name does not exist.
func (v *validator) noName(z *trust, d *denials, name string) state {
	v.kinds["NXDOMAIN"]++
	ok := false
	if len(d.nsec) > 0 {
		ok = d.covered(name) && d.covered(star(d.ancestor(name)))
	} else if encloser := d.encloser(name); encloser != "" {
		ok = d.covered(star(encloser))
	}
	switch {
	case !ok:
		return isBogus(dnssec.DenialWrong, z.zone)
	case d.many:
		return insecure(dnssec.Iterations, z.zone)
	case len(d.nsec3) > 0 && d.optOut(name):
		return insecure(dnssec.OptOut, z.zone)
	}
	return proven
}

// noData: whether the denials prove that name has no records of the type, nor an alias.
func (v *validator) noData(z *trust, d *denials, name string, typ uint16) state {
	v.kinds["NODATA"]++
	clear := func(types []uint16) bool {
		parent := slices.Contains(types, dns.TypeNS) && !slices.Contains(types, dns.TypeSOA)
		return !slices.Contains(types, typ) && !slices.Contains(types, dns.TypeCNAME) && !parent
	}
	ok := false
	if types, matched := d.types(name); matched {
		ok = clear(types)
	} else if len(d.nsec) > 0 {
		for _, rr := range d.nsec { // an empty non-terminal
			ok = ok || d.covered(name) && wireName(rr.NextDomain).Below(wireName(name))
		}
		if types, matched := d.types(star(d.ancestor(name))); matched && !ok {
			v.kinds["wildcard NODATA"]++
			ok = d.covered(name) && clear(types)
		}
	} else if encloser := d.encloser(name); encloser != "" {
		types, matched := d.types(star(encloser))
		v.kinds["wildcard NODATA"]++
		ok = matched && clear(types)
	}
	switch {
	case !ok:
		return isBogus(dnssec.DenialWrong, z.zone)
	case d.many:
		return insecure(dnssec.Iterations, z.zone)
	}
	return proven
}

// worse returns the worse of two states.
func worse(a, b state) state {
	rank := map[record.Security]int{record.Secure: 0, record.Insecure: 1, record.Indeterminate: 2, record.BogusData: 3}
	if rank[b.security] > rank[a.security] {
		return b
	}
	return a
}

// security follows a name and its aliases link by link.
func (v *validator) security(name string, typ uint16) state {
	total := proven
	for range 12 {
		z := v.chain(name)
		if z.state.outcome.Failed() {
			if _, s := v.query(z, name, typ, func(*dns.Msg) state { return proven }); s.outcome.Failed() {
				return worse(total, state{security: record.Indeterminate, reason: dnssec.SignedZone, broken: z.zone, outcome: s.outcome})
			}
		}
		if z.state.security == record.BogusData || z.state.outcome.Failed() {
			return worse(total, z.state)
		}
		m, s := v.query(z, name, typ, func(m *dns.Msg) state { return v.judge(z, m, name, typ) })
		if s.outcome.Failed() {
			if z.state.security == record.Insecure {
				return worse(total, z.state)
			}
			return worse(total, state{security: record.Indeterminate, reason: dnssec.SignedZone, broken: z.zone, outcome: s.outcome})
		}
		if total = worse(total, s); s.security == record.BogusData {
			return total
		}
		target := ""
		for _, rr := range pick(m.Answer, name, dns.TypeCNAME) {
			target = strings.ToLower(rr.(*dns.CNAME).Target)
		}
		if target == "" {
			return total
		}
		name = target
	}
	return total
}

// judge checks what a reply says about name itself; the rest of an alias chain is another question.
func (v *validator) judge(z *trust, m *dns.Msg, name string, typ uint16) state {
	if z.state.security != record.Secure {
		return z.state
	}
	for _, rr := range m.Answer {
		if rr.Header().Rrtype == dns.TypeDNAME && dns.IsSubDomain(rr.Header().Name, name) && !strings.EqualFold(rr.Header().Name, name) {
			return v.verify(z, m.Answer, m.Ns, rr.Header().Name, dns.TypeDNAME)
		}
	}
	for _, t := range []uint16{typ, dns.TypeCNAME} {
		if len(pick(m.Answer, name, t)) > 0 {
			return v.verify(z, m.Answer, m.Ns, name, t)
		}
	}
	d, s := v.denials(z, m.Ns)
	switch {
	case s.security != record.Secure:
		return s
	case m.Rcode == dns.RcodeNameError:
		return v.noName(z, &d, name)
	}
	return v.noData(z, &d, name, typ)
}

// climb measures what Truth states, with validation.
func (v *validator) climb(name string, mode Validation) Truth {
	t := Truth{Name: name, Posture: caa.Uniform(caa.Absent), set: &caaSet{}}
	total := proven
	if mode == LazyValidation {
		total = state{reason: dnssec.NotValidated} // until something is found
	}
	for level := name; level != ""; _, level, _ = strings.Cut(level, ".") {
		one := v.truthOf(level)
		if mode == LazyValidation && !one.Failure.Failed() && one.Relevant == "" {
			continue
		}
		s := v.levelState(level, &one)
		if one.Failure.Failed() || one.Relevant != "" {
			one.Name = name
			t, total = one, s
			break
		}
		total = worse(total, s)
	}
	t.Security, t.Reason, t.BrokenAt = total.security, total.reason.String(), strings.TrimSuffix(total.broken, ".")
	v.mail(&t)
	if s := v.security(dns.Fqdn(name), dns.TypeMX); mode == FullValidation && (s.security == record.BogusData || s.outcome.Failed()) {
		t.MX, t.Capable = MailError, CapableUnknown
	}
	return t
}

// leaves reports whether the alias at name of the list leads out of its zone.
func (v *validator) leaves(name string) bool {
	i, ok := v.w.indexOf(name)
	return ok && v.w.scenarioOf(i).via != nil
}

// levelState validates one level of the climb, and makes a failure of what is bogus.
func (v *validator) levelState(level string, one *Truth) state {
	s := v.security(dns.Fqdn(level), dns.TypeCAA)
	switch {
	case one.Failure == record.AliasLoop && v.leaves(level):
		return state{security: record.Indeterminate} // of a loop through several zones a scan claims nothing
	case one.Failure == record.AliasLoop || one.Failure == record.AliasLong || one.Failure == record.Malformed:
		// Each link may be well signed (and miekg/dns cannot tell of data that cannot be read), but the look-up failed.
		if s.security != record.Insecure {
			s = state{security: record.Indeterminate, reason: dnssec.SignedZone}
		}
	case s.security == record.BogusData:
		one.fail(level, record.Bogus)
	case s.outcome.Failed():
		one.fail(level, s.outcome)
	}
	return s
}

// truthOf looks at one level without validation.
func (v *validator) truthOf(level string) Truth {
	t := Truth{Name: level, Posture: caa.Uniform(caa.Absent), set: &caaSet{}}
	v.level(&t, level)
	return t
}

// compareSecurity reports how a measured security differs from the stated one; "" if it does not.
func compareSecurity(want, got Truth) string {
	switch {
	case want.Security != got.Security:
		return "security " + got.Security.String() + " (" + got.Reason + " at " + got.BrokenAt + "), want " + want.Security.String()
	case want.Reason != "" && want.Reason != got.Reason:
		return "reason " + got.Reason + ", want " + want.Reason
	case want.BrokenAt != "" && want.BrokenAt != got.BrokenAt:
		return "broken at " + got.BrokenAt + ", want " + want.BrokenAt
	}
	return ""
}

// verify448 checks a signature of Ed448, which miekg/dns does not know, with the code of package dnssec.
func verify448(key *dns.DNSKEY, sig *dns.RRSIG, set []dns.RR) bool {
	pack := func(rr dns.RR) []byte {
		buf := make([]byte, 1<<12)
		n, err := dns.PackRR(rr, buf, 0, nil, false)
		if err != nil {
			panic(err)
		}
		return buf[:n]
	}
	header := dns.Copy(sig).(*dns.RRSIG)
	header.Hdr.Name, header.SignerName, header.Signature = ".", dns.CanonicalName(sig.SignerName), ""
	data := pack(header)[11:]
	owner := dns.CanonicalName(set[0].Header().Name)
	if labels := dns.SplitDomainName(owner); len(labels) > int(sig.Labels) {
		owner = "*." + dns.Fqdn(strings.Join(labels[len(labels)-int(sig.Labels):], "."))
	}
	var records [][]byte
	for _, rr := range opaque(set) {
		rr = dns.Copy(rr)
		rr.Header().Name, rr.Header().Ttl = owner, sig.OrigTtl
		switch rr := rr.(type) {
		case *dns.MX:
			rr.Mx = dns.CanonicalName(rr.Mx)
		case *dns.CNAME:
			rr.Target = dns.CanonicalName(rr.Target)
		case *dns.DNAME:
			rr.Target = dns.CanonicalName(rr.Target)
		case *dns.SOA:
			rr.Ns, rr.Mbox = dns.CanonicalName(rr.Ns), dns.CanonicalName(rr.Mbox)
		}
		records = append(records, pack(rr))
	}
	fixed := len(wireName(owner)) + 10
	slices.SortFunc(records, func(a, b []byte) int { return bytes.Compare(a[fixed:], b[fixed:]) })
	data = append(data, bytes.Join(records, nil)...)
	public, err := base64.StdEncoding.DecodeString(key.PublicKey)
	if err != nil {
		return false
	}
	signature, err := base64.StdEncoding.DecodeString(sig.Signature)
	k, ok := algorithm.NewPublicKey(ed448Sign, public)
	return err == nil && ok && k.Verify(data, signature)
}

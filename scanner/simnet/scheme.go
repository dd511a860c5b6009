package simnet

// scheme is how a zone is signed.
type scheme struct {
	algorithms []uint8 // one, or two that both sign everything (RFC 6840 5.11)
	bits       [2]int  // RSA: the moduli of KSK and ZSK
	split      bool    // KSK and ZSK are two keys
	rollover   rollover
	digests    []uint8 // types of the DS records; none: SHA-256
	denial     denial
	iterations uint16 // NSEC3
	salt       string // NSEC3
}

// denial is how a signed zone proves what does not exist.
type denial uint8

const (
	nsec        denial = iota // RFC 4034 4
	nsec3                     // RFC 5155
	nsec3OptOut               // without records for delegations that are not signed (RFC 5155 6)

	// nsecOnline: made for the question, as by providers that sign when asked. Names that exist get an NSEC record of
	// their own that ends right behind them; names that do not, the narrowest span (RFC 4470). A wildcard does not show:
	// its data are signed under the name asked for.
	nsecOnline
)

// hashes reports whether the zone has NSEC3 records.
func (d denial) hashes() bool { return d == nsec3 || d == nsec3OptOut }

// rollover is the state of the zone's keys (RFC 7583).
type rollover uint8

const (
	steady          rollover = iota
	doubleKSK                // both in the DNSKEY RRset, both sign it, DS of the old one
	doubleDS                 // DS of both, DNSKEY of the old one
	standbyKSK               // both in the DNSKEY RRset, DS of both, only the old one signs
	prepublishedZSK          // the new one does not sign yet
)

// Digest types of DS records (IANA, "Digest Algorithms").
const (
	digestSHA1   = 1
	digestSHA256 = 2
	digestGOST   = 3 // deprecated (RFC 9906)
	digestSHA384 = 4
)

// Schemes of zones above those of the list.
var (
	rootScheme    = &scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 2048}, split: true}
	optOutRSA     = &scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 1024}, split: true, denial: nsec3OptOut}
	optOutECDSA   = &scheme{algorithms: []uint8{ecdsaP256}, split: true, denial: nsec3OptOut}
	fullECDSA     = &scheme{algorithms: []uint8{ecdsaP256}, split: true, denial: nsec3}
	fullRSA       = &scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 1024}, split: true, denial: nsec3, iterations: 5, salt: "\xba\xad\xca\xfe"}
	nsecECDSA     = &scheme{algorithms: []uint8{ecdsaP256}, split: true, denial: nsec}
	onlineECDSA   = &scheme{algorithms: []uint8{ecdsaP256}, split: true, denial: nsecOnline}
	operatorsOwn  = &scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}
	unknownSigner = &scheme{algorithms: []uint8{eccGOST}, denial: nsec}
	privateSigner = &scheme{algorithms: []uint8{privateDNS}, denial: nsec3}
)

// leafSchemes is how the zones of the list are signed, with weights in a thousandth of the signed zones: two thirds with
// P-256, nearly all the rest with RSA, as among the zones below large top-level domains; of every other algorithm so many
// that a scan meets them. The large hoster with one key for all (hotOperator) comes on top.
var leafSchemes = []struct {
	weight float64
	scheme scheme
}{
	{190, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec}},
	{190, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3, split: true}},
	{100, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3}},
	{90, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec, split: true}},
	{50, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3, iterations: 1, salt: "\xab\xcd\xef\x12"}},
	{30, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3, iterations: 10, salt: "\x01"}},
	{20, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec, digests: []uint8{digestSHA1, digestSHA256}}},
	{20, scheme{algorithms: []uint8{ecdsaP256}, denial: nsec3, digests: []uint8{digestSHA384}}},
	{180, scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 1024}, denial: nsec3, split: true, iterations: 5, salt: "\xde\xad"}},
	{90, scheme{algorithms: []uint8{rsaSHA256}, bits: [2]int{2048, 1024}, denial: nsec, split: true}},
	{20, scheme{algorithms: []uint8{ed25519Sign}, denial: nsec}},
	{6, scheme{algorithms: []uint8{ecdsaP384}, denial: nsec3}},
	{10, scheme{algorithms: []uint8{rsaSHA512}, bits: [2]int{1024, 1024}, denial: nsec3, split: true}},
	{4, scheme{algorithms: []uint8{ed448Sign}, denial: nsec}},
}

// leafPicks spreads them over 8 bits of hash.
var leafPicks = func() (table [256]*scheme) {
	weights := make([]float64, len(leafSchemes))
	for i := range leafSchemes {
		weights[i] = leafSchemes[i].weight
	}
	var picks [256]uint8
	fillPicks(picks[:], weights)
	for i, pick := range picks {
		table[i] = &leafSchemes[pick].scheme
	}
	return table
}()

// hotOperator is the rank of the hoster that signs when asked, and with the same two keys for all its zones.
const hotOperator = 0

// signing is how one zone is signed. The zero value is a zone that is not.
type signing struct {
	scheme *scheme
	number uint64 // which keys
	fault  chainFault
	noDS   bool // an island: nothing in the zone above speaks of it (RFC 4033 2)
}

// delegated reports whether the zone above has a DS RRset for the zone.
func (s *signing) delegated() bool { return s.scheme != nil && !s.noDS }

// signed reports whether the zone serves signatures.
func (s *signing) signed() bool { return s.scheme != nil && s.fault != stripped }

// secure reports whether a validator that trusts the zone above, and meets no fault, trusts this one.
func (s *signing) secure() bool {
	if !s.delegated() || s.fault == unknownDigest {
		return false
	}
	return s.scheme != unknownSigner && s.scheme != privateSigner
}

// signRule says which zones of a scenario are signed.
type signRule uint8

const (
	byShare signRule = iota // as many as the TLD's share says; a sub-zone: half of those below a signed zone
	always
	never
)

// signSpec is a scenario's column on signatures. The zero value leaves all to chance, and to health.
type signSpec struct {
	rule   signRule
	scheme *scheme // nil: drawn
	fault  chainFault
	noDS   bool
}

// broken is a zone that is signed and has a fault.
func broken(f chainFault) signSpec { return signSpec{rule: always, fault: f} }

// signedBy is a zone that is signed in a certain way.
func signedBy(s scheme) signSpec { return signSpec{rule: always, scheme: &s} }

// The bits of the hash that signatures are drawn from, which is a hash of the domain's: see World.signingOf.
const (
	signShareShift  = 0  // 12 bits
	signSchemeShift = 12 // 8 bits
	signSubShift    = 20 // 1 bit
)

// signSalt sets that hash apart from those that second operators are drawn from.
const signSalt = 0x5a17_d5ec_0000_0001

// signingOf returns how the zone of a domain of the list is signed.
func (w *World) signingOf(sc *scenario, d *domain, op *operator) signing {
	if !w.signed || sc.sign.rule == never || sc.unsigned {
		return signing{}
	}
	draw := mix(d.hash ^ signSalt)
	registry := d.tld.registry()
	if sc.sign.rule == byShare && float64(draw>>signShareShift%pickSize) >= registry.share*pickSize {
		return signing{}
	}
	s := signing{scheme: sc.sign.scheme, number: mix(draw), fault: sc.sign.fault, noDS: sc.sign.noDS || !registry.sign.signed()}
	switch {
	case s.scheme != nil:
	case op != nil && op == w.hot && sc.sign.fault == soundChain:
		s.scheme, s.number = onlineECDSA, w.cfg.Seed
	default:
		s.scheme = leafPicks[draw>>signSchemeShift%256]
	}
	return s
}

// subSigning returns how the zone below a CUT is signed.
func (w *World) subSigning(sub *subZone, parent *zone) signing {
	draw := mix(parent.hash ^ signSalt)
	switch {
	case !w.signed || sub.unsigned || sub.sign.rule == never:
		return signing{fault: sub.sign.fault}
	case sub.sign.rule == byShare && (!parent.sign.signed() || draw>>signSubShift&1 == 0):
		return signing{}
	}
	s := signing{scheme: sub.sign.scheme, number: mix(mix(draw)), fault: sub.sign.fault, noDS: sub.sign.noDS || !parent.sign.signed()}
	if s.scheme == nil {
		s.scheme = leafPicks[mix(draw)>>signSchemeShift%256]
	}
	return s
}

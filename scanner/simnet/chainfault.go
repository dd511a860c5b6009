package simnet

import "github.com/caascan/caascan/scanner/wire"

// chainFault is what is wrong with the signatures of a zone, or with what the zone above says of it. Names and
// addresses resolve all the same for those who do not validate.
type chainFault uint8

const (
	soundChain chainFault = iota

	// Signatures of the CAA or MX RRsets: bogus, for the reason of that name.
	expiredCAA     // their time is over
	expiredMX      //
	futureCAA      // their time is to come
	unsignedCAA    // there is none
	forgedCAA      // not right
	forgedAtOne    // nothing that the first of the zone's servers signs is right; at the others all is
	strangerCAA    // by a key that the zone does not publish
	wrongSignerCAA // they name the zone above as the signer

	// The entry to the zone: all of it is bogus.
	wrongDS     // DS of a key that is not there
	stripped    // there is a DS, but the zone is served without keys and signatures
	expiredKeys // of the DNSKEY RRset
	forgedKeys  //
	expiredDS   // of the DS RRset, in the zone above

	// A zone that nobody can validate: insecure.
	unknownDigest // DS records only of a digest type that nobody knows

	// Denials: what does not exist is bogus.
	noDenial     // no NSEC or NSEC3 with empty answers to questions for CAA
	wrongDenial  // with these answers, one that says that there is CAA
	forgedDenial // their signatures are not right

	// The zone above does not prove that a delegation is not signed: the referral, and all below it, is bogus. Not for
	// delegations from a registry, where the proof may come along with that for another name (RFC 8198).
	noDelegationDenial
)

// bears reports whether the fault touches signatures of RRsets of this type.
func (f chainFault) bears(typ wire.Type) bool {
	switch f {
	case expiredCAA, futureCAA, unsignedCAA, forgedCAA, strangerCAA, wrongSignerCAA:
		return typ == wire.TypeCAA
	case expiredMX:
		return typ == wire.TypeMX
	case expiredKeys, forgedKeys:
		return typ == wire.TypeDNSKEY
	case expiredDS:
		return typ == wire.TypeDS
	case forgedDenial:
		return typ == wire.TypeNSEC || typ == wire.TypeNSEC3
	case forgedAtOne:
		return true
	default:
		return false
	}
}

package record

import (
	"net/netip"

	"github.com/caascan/caascan/scanner/wire"
)

// Delegation is what a zone file says of a name that it delegates: what a referral from the servers of the zone would
// say, so that they need not be asked. It is never changed once made, and shares what is in Servers with others.
//
// A name below another that the same zone delegates is none of that zone's business any more (RFC 2181 6): a referral
// would be to the upper one, and there is no Delegation of the lower.
type Delegation struct {
	Name    wire.Name
	Zone    *Zone             // that holds it
	Servers []DelegatedServer // in the order of their names, each once
	DS      []RR              // the DS records, then the RRSIG records that cover them; nil if there are none
	TTL     uint32            // seconds: the smallest of the NS records

	// Whole says that the zone holds no more of the name than this, so that without a DS record there is none: the owners
	// of the whole file were seen to be in order, so that no records of one owner come apart. Where it is false, only what
	// is there can be relied on.
	Whole bool
}

// DelegatedServer is a name server of a delegation.
type DelegatedServer struct {
	Name wire.Name

	// Addrs are its addresses by the glue of the file; nil if its name is not in the zone, or the file holds none. Where a
	// file comes through a pipe, glue may be missing that comes long after the delegation.
	Addrs []netip.Addr
	TTL   uint32 // seconds: the smallest of the glue; 0 without any
}

// ZoneVersion is the version of a zone that a file holds.
type ZoneVersion struct {
	Apex   wire.Name // "" if the file has no SOA record and nobody said
	Serial uint32    // of the SOA record; 0 without one
}

// Zone is what a zone file holds besides delegations. It is never changed once made.
type Zone struct {
	ZoneVersion

	// Signed is when the zone was last signed, in seconds since 1970: the inception of the signature over its SOA record,
	// which every new version needs. 0 if the file has none: it is not signed, or was stripped of its signatures.
	Signed uint32

	// At is when the zone was as the file has it, in seconds since 1970: Signed or, where that says nothing, when the file was
	// last changed. 0 if that is not known either.
	At uint32

	// OptOut says that delegations without DS have no NSEC3 record (RFC 5155 6).
	OptOut bool

	// Records are those at the apex, with their signatures, and with the NSEC or NSEC3 record that lists their types.
	// Nil unless all are there.
	Records []RR
}

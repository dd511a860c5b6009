// Package dnssec says whether DNS data can be trusted: secure, insecure or bogus, and why (RFC 4033 to 4035, RFC 5155,
// RFC 6840; spec rules R6.1 to R6.9).
//
// It fetches nothing and knows no server. A resolver brings what one zone said, and that zone's keys, as a Job: the
// RRsets of the answer section, the NSEC and NSEC3 records beside them, and what all that is claimed to show. Do checks
// the signatures and the proof and leaves a Verdict. The keys themselves come from a KeyJob: the DNSKEY RRset of a
// zone and the DS records or trust anchors that vouch for it. The DS records come from a Job again, with the keys of
// the zone above: that is the chain of trust, and walking it is the resolver's work.
//
// Jobs are step.Work: they run on any goroutine and share nothing but Keys, which are safe for that. Everything is
// bounded: a Budget says how many signatures and hashes a Job may still compute (KeyTrap CVE-2023-50387, CVE-2023-50868).
//
//	reason.go     why a verdict is as it is
//	key.go        DNSKEY records, and which of them a DS vouches for
//	rrset.go      one RRset, its signatures, and the wildcard it may have been made from
//	denial.go     what NSEC and NSEC3 records together prove; nsec.go and nsec3.go read them
//	index.go      an ordered set of spans, which those are
//	spans.go      proven spans kept for the names that follow (RFC 8198)
//	job.go        Job and KeyJob
//	algorithm/    the algorithms themselves
package dnssec

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Verdict is the security state of data and the reason for it.
type Verdict struct {
	Security record.Security
	Reason   Reason
}

// Policy is what a validator may choose. The zero value validates SHA-1 and takes DefaultIterations.
type Policy struct {
	// NoSHA1 treats the algorithms 5 and 7 and the digest 1 as unsupported (RFC 9905, spec rule R6.6, disputed point C15).
	NoSHA1 bool

	// MaxIterations of NSEC3: denials with more prove nothing, and the zone counts as insecure (RFC 9276 3.2, spec rule
	// R6.5, disputed point C16). 0 means DefaultIterations.
	MaxIterations uint16
}

// DefaultIterations is what Unbound, BIND and Knot agreed on in 2021; from 2023 on BIND and Knot take 50.
const DefaultIterations = 150

// Budget is the work that may still be done. It goes down as work is done; once it is used up, verdicts are
// indeterminate by WorkLimit.
type Budget struct {
	Checks int // signature verifications (CVE-2023-50387)
	Hashes int // NSEC3 hashes, of any number of iterations up to Policy.MaxIterations (CVE-2023-50868)
}

// RRset is the records of one owner, class and type, with the RRSIG records that cover them, as they came in one message.
type RRset struct {
	Owner wire.Name
	Type  wire.Type
	Data  []record.RR // all of Owner and Type, in any order, duplicates allowed; Data in canonical form
	Sigs  []record.RR // RRSIGs of Owner that cover Type
}

// Claim is what the records of a Job are said to show.
type Claim uint8

const (
	Records     Claim = iota // just Job.Answer: every RRset in it is genuine
	NoData                   // (Name, Type) does not exist, but Name does, or a wildcard does in its place
	NXDomain                 // Name does not exist, nor does a wildcard that would stand for it
	NoSecureCut              // there is no DS at Name: see Cut
)

// Cut is what a Job with the claim NoSecureCut found at Name, or a Job whose Answer is a DS RRset.
type Cut uint8

const (
	CutUnknown Cut = iota // nothing is proven
	Signed                // there is a DS RRset
	Unsigned              // a delegation without DS: Name and all below is insecure (RFC 4035 5.2, RFC 5155 8.6, 8.9)
	NoCut                 // Name is not a delegation: it belongs to the zone, or exists only as a name above others
	NoName                // Name does not exist, so there is no cut below it either
)

// Job is the validation of what one zone said about one name. The fields before the results are the caller's to set.
type Job struct {
	Zone   wire.Name // the zone that must have signed everything
	Keys   []*Key    // its keys, validated
	At     uint32    // now, in seconds since 1970, in serial arithmetic
	Policy Policy
	Budget Budget

	Answer []RRset // of the answer section, without CNAMEs that the server made from a DNAME; may be empty
	Denial []RRset // the NSEC and NSEC3 RRsets of the authority section
	Claim  Claim
	Name   wire.Name // what Claim is about: for Records made from a wildcard the owner of the set says that itself
	Type   wire.Type

	// Known are NSEC and NSEC3 RRsets proven before (Spans.Known): those of Denial that are among them have their
	// signatures not checked again. They hold until KnownUntil, in seconds as At.
	Known      []RRset
	KnownUntil uint32

	// Results, valid once Do has returned.
	Verdict Verdict
	Cut     Cut
	Until   uint32  // when the first of the signatures that prove this expires, in seconds as At; 0 if no signature counted
	Proven  []RRset // those of Denial whose signatures are good: for Spans
}

// KeyJob is the validation of a zone's DNSKEY RRset by what vouches for it.
type KeyJob struct {
	Zone    wire.Name
	Vouched []record.RR // DS records of the zone, validated, or trust anchors: DS and DNSKEY records
	At      uint32
	Policy  Policy
	Budget  Budget
	Set     RRset // the DNSKEY RRset

	// Results, valid once Do has returned.
	Verdict Verdict
	Keys    []*Key // of the zone, usable; nil unless secure
	Until   uint32
}

package wire

import "strconv"

// Type is a resource record type (IANA, "Resource Record (RR) TYPEs").
type Type uint16

// The types the resolver reads.
const (
	TypeA          Type = 1
	TypeNS         Type = 2
	TypeCNAME      Type = 5
	TypeSOA        Type = 6
	TypeMX         Type = 15
	TypeTXT        Type = 16
	TypeAAAA       Type = 28
	TypeDNAME      Type = 39
	TypeOPT        Type = 41
	TypeDS         Type = 43
	TypeRRSIG      Type = 46
	TypeNSEC       Type = 47
	TypeDNSKEY     Type = 48
	TypeNSEC3      Type = 50
	TypeNSEC3PARAM Type = 51
	TypeCAA        Type = 257
)

var typeNames = map[Type]string{
	TypeA: "A", TypeNS: "NS", TypeCNAME: "CNAME", TypeSOA: "SOA", TypeMX: "MX", TypeTXT: "TXT", TypeAAAA: "AAAA",
	TypeDNAME: "DNAME", TypeOPT: "OPT", TypeDS: "DS", TypeRRSIG: "RRSIG", TypeNSEC: "NSEC", TypeDNSKEY: "DNSKEY",
	TypeNSEC3: "NSEC3", TypeNSEC3PARAM: "NSEC3PARAM", TypeCAA: "CAA",
}

// String returns the mnemonic, or TYPE12345 (RFC 3597 5) for a type this package does not read.
func (t Type) String() string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ClassIN is the Internet class.
const ClassIN = 1

// RCode is a response code with the upper bits of EDNS (RFC 6895 2.3).
type RCode uint16

// The codes that the resolver tells apart.
const (
	NoError  RCode = 0
	FormErr  RCode = 1
	ServFail RCode = 2
	NXDomain RCode = 3
	NotImp   RCode = 4
	Refused  RCode = 5
	BadVers  RCode = 16
)

var rcodeNames = map[RCode]string{
	NoError: "NOERROR", FormErr: "FORMERR", ServFail: "SERVFAIL", NXDomain: "NXDOMAIN", NotImp: "NOTIMP", Refused: "REFUSED",
	6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", BadVers: "BADVERS", 23: "BADCOOKIE",
}

// IsError reports whether the code says that there is no answer: neither NOERROR nor NXDOMAIN.
func (r RCode) IsError() bool { return r != NoError && r != NXDomain }

// String returns the mnemonic, or RCODE123.
func (r RCode) String() string {
	if s, ok := rcodeNames[r]; ok {
		return s
	}
	return "RCODE" + strconv.Itoa(int(r))
}

// Bits of the header's flags word (RFC 1035 4.1.1, RFC 4035 3).
const (
	FlagQR uint16 = 1 << 15
	FlagAA uint16 = 1 << 10
	FlagTC uint16 = 1 << 9
	FlagRD uint16 = 1 << 8
	FlagRA uint16 = 1 << 7
	FlagAD uint16 = 1 << 5
	FlagCD uint16 = 1 << 4
)

// Codes of EDNS options (IANA, "DNS EDNS0 Option Codes").
const (
	OptionNSID uint16 = 3
	OptionEDE  uint16 = 15
)

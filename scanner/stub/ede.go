package stub

import (
	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
)

// hint is what the extended errors of a reply say together (spec rule R7.1), the later the more it tells.
type hint uint8

const (
	silence       hint = iota // there are none
	unclear                   // our side, or no known code: 0, 13, 14, 26, 28 to 30
	atFault                   // the authoritative servers: 20 to 24
	indeterminate             // 5
	gaveUp                    // the validator knows no way: 1, 2, 27
	policy                    // 4, 15 to 18
	bogus                     // validation failed: 6 to 12, 25
)

// hintOf returns what the extended errors of a reply say, and the reason for its security: of several, the code
// that tells most, and of those that say the same, one that says how.
func hintOf(n *record.Notes) (says hint, reason dnssec.Reason) {
	if n == nil {
		return silence, dnssec.None
	}
	for _, e := range n.EDE {
		h, why := meaning(e.Code)
		if h > says || h == says && reason == dnssec.None {
			says, reason = h, why
		}
	}
	return says, reason
}

// meaning is the table of spec rule R7.1 for one code of IANA's "Extended DNS Error Codes". 3 and 19, that old data was
// served, say nothing about security.
func meaning(code uint16) (hint, dnssec.Reason) {
	switch code {
	case 1:
		return gaveUp, dnssec.UnsupportedAlgorithm
	case 2:
		return gaveUp, dnssec.UnsupportedDigest
	case 27:
		return gaveUp, dnssec.Iterations
	case 3, 19:
		return silence, dnssec.None
	case 4, 15, 16, 17, 18:
		return policy, dnssec.None
	case 5:
		return indeterminate, dnssec.None
	case 6:
		return bogus, dnssec.None // it does not say how
	case 7, 25: // the signature is expired, or was before it began
		return bogus, dnssec.Expired
	case 8:
		return bogus, dnssec.NotYetValid
	case 9, 11: // no DNSKEY that the DS speak of, or none with the zone key bit
		return bogus, dnssec.NoMatchingDS
	case 10:
		return bogus, dnssec.NoSignature
	case 12:
		return bogus, dnssec.DenialMissing
	case 20, 21, 22, 23, 24:
		return atFault, dnssec.None
	}
	return unclear, dnssec.None
}

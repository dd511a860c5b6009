package mail

import "math/bits"

// Finding is something that a person should look at in a domain's mail records.
type Finding uint8

// What the parsers find. The word of each stands in files, so the list only ever grows at its end.
const (
	SPFBadVersion          Finding = iota // a record that looks like SPF, but does not begin with v=spf1 and a space
	SPFMultiple                           // several SPF records: permerror (RFC 7208 4.5)
	SPFSyntax                             // a term outside the grammar: permerror (RFC 7208 4.6)
	SPFRepeatedModifier                   // redirect or exp more than once: permerror (RFC 7208 6)
	SPFTooManyLookups                     // more than ten terms ask the DNS: permerror (RFC 7208 4.6.4)
	SPFPTR                                // the mechanism ptr, not to be used (RFC 7208 5.5)
	SPFTermsAfterAll                      // mechanisms behind all, never tested (RFC 7208 5.1)
	SPFRedirectIgnored                    // redirect beside all (RFC 7208 6.1)
	SPFMechanismAsModifier                // ip4=, include= and the like: not a mechanism, so ignored (RFC 7208 6)
	DMARCBadVersion                       // a record that looks like DMARC, but does not begin with v=DMARC1
	DMARCSyntax                           // a part that is no tag with a value, passed over (RFC 9989 4.7)
	DMARCBadValue                         // a known tag with a value outside its grammar (RFC 9989 4.8)
	DMARCRepeatedTag                      // a known tag more than once: the first counts
	DMARCUnknownTag                       // a tag of neither RFC, ignored (RFC 9989 4.7)
	DMARCRetiredTag                       // pct, rf or ri, removed (RFC 9989 C.5.2)
	DMARCNoPolicy                         // no valid p, or an invalid sp or np (RFC 9989 4.10.1)
	DMARCBadURI                           // an entry of rua or ruf that is no URI (RFC 9989 4.8)
	MTASTSBadVersion                      // a record that looks like MTA-STS, but does not begin with v=STSv1;
	MTASTSSyntax                          // a field outside the grammar: no policy (RFC 8461 3.1)
	MTASTSNoID                            // no id: no policy (RFC 8461 3.1)
	MTASTSRepeatedID                      // more than one id: the first counts
	TLSReportingBadVersion                // a record that looks like TLS-RPT, but does not begin with v=TLSRPTv1;
	TLSReportingSyntax                    // a field outside the grammar (RFC 8460 3)
	TLSReportingNoRUA                     // no rua with an address reports can go to (RFC 8460 3)
	TLSReportingBadURI                    // an entry of rua that is neither mailto nor https (RFC 8460 3)
	BIMIBadVersion                        // a record that looks like BIMI, but does not begin with v=BIMI1
	BIMISyntax                            // the record is no tag list: an error (BIMI 4.3)
	BIMINoLocation                        // no tag l: an error (BIMI 4.3)
	BIMIBadURI                            // l or a is not one https URL with a host: an error (BIMI 4.3)
	BIMIEvidenceAlone                     // a without l: neither an indicator nor a declination (BIMI 4.3.1)
	DKIMBadVersion                        // a version other than DKIM1: the record is discarded (RFC 6376 3.6.1)
	DKIMSyntax                            // the record is no tag list: key syntax error (RFC 6376 6.1.2)
	DKIMNoKey                             // no tag p, which is required (RFC 6376 3.6.1)
	DKIMBadKey                            // p holds no key of the kind that k names
	DKIMUnknownKeyType                    // k is neither rsa nor ed25519: the record is ignored (RFC 6376 3.6.1)
	DKIMWeakKey                           // RSA below 1024 bits: never valid (RFC 8301 3.2)
	DKIMShortKey                          // RSA of 1024 bits or more, but below the 2048 advised (RFC 8301 3.2)
	DKIMTesting                           // t=y: the domain is testing DKIM (RFC 6376 3.6.1)
	DKIMNoSHA256                          // h leaves no hash that is still in use (RFC 8301 3.1)
	DKIMNotForMail                        // s has neither * nor email (RFC 6376 3.6.1)

	findings // their number
)

var findingWords = [findings]string{
	"spf-bad-version", "spf-multiple", "spf-syntax", "spf-repeated-modifier", "spf-too-many-lookups", "spf-ptr",
	"spf-terms-after-all", "spf-redirect-ignored", "spf-mechanism-as-modifier",
	"dmarc-bad-version", "dmarc-syntax", "dmarc-bad-value", "dmarc-repeated-tag", "dmarc-unknown-tag",
	"dmarc-retired-tag", "dmarc-no-policy", "dmarc-bad-uri",
	"mta-sts-bad-version", "mta-sts-syntax", "mta-sts-no-id", "mta-sts-repeated-id",
	"tls-rpt-bad-version", "tls-rpt-syntax", "tls-rpt-no-rua", "tls-rpt-bad-uri",
	"bimi-bad-version", "bimi-syntax", "bimi-no-location", "bimi-bad-uri", "bimi-evidence-alone",
	"dkim-bad-version", "dkim-syntax", "dkim-no-key", "dkim-bad-key", "dkim-unknown-key-type",
	"dkim-weak-key", "dkim-short-key", "dkim-testing", "dkim-no-sha256", "dkim-not-for-mail",
}

// String returns the word that stands in files.
func (f Finding) String() string { return findingWords[f] }

// Findings is a set of findings; the zero set is empty. Those of several protocols join with the operator |.
type Findings uint64

// Has reports whether f is in the set.
func (s Findings) Has(f Finding) bool { return s&(1<<f) != 0 }

// All yields the findings of the set in the order of their list, for use with range.
func (s Findings) All(yield func(Finding) bool) {
	for s != 0 {
		if !yield(Finding(bits.TrailingZeros64(uint64(s)))) {
			return
		}
		s &= s - 1
	}
}

func (s *Findings) add(f Finding) { *s |= 1 << f }

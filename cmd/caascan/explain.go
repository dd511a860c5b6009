package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// explainJob tells what a piece of validation was about and what came of it, for one who debugs a zone.
func explainJob(b *strings.Builder, job *dnssec.Job) {
	switch {
	case job.Claim == dnssec.NoSecureCut:
		fmt.Fprintf(b, ";; DNSSEC: does %s prove that %s has no DS?\n", fqdn(job.Zone), fqdn(job.Name))
	case job.Claim == dnssec.NXDomain:
		fmt.Fprintf(b, ";; DNSSEC: does %s prove that %s does not exist?\n", fqdn(job.Zone), fqdn(job.Name))
	case job.Claim == dnssec.NoData:
		fmt.Fprintf(b, ";; DNSSEC: does %s prove that %s has no %s?\n", fqdn(job.Zone), fqdn(job.Name), typeText(job.Type))
	default:
		fmt.Fprintf(b, ";; DNSSEC: are these records of %s genuine?\n", fqdn(job.Zone))
	}
	for i := range job.Answer {
		explainSet(b, &job.Answer[i], job.At)
	}
	if job.Claim != dnssec.Records {
		for i := range job.Denial {
			explainSet(b, &job.Denial[i], job.At)
		}
	}
	explainKeys(b, "keys of the zone", job.Keys)
	explainVerdict(b, job.Verdict, job.Zone)
	if job.Claim == dnssec.NoSecureCut {
		b.WriteString(";;   " + map[dnssec.Cut]string{
			dnssec.CutUnknown: "nothing is proven about a delegation",
			dnssec.Signed:     "the delegation has a DS",
			dnssec.Unsigned:   "an unsigned delegation: all below is insecure",
			dnssec.NoCut:      "there is no delegation: the name belongs to the zone",
			dnssec.NoName:     "the name does not exist",
		}[job.Cut] + "\n")
	}
	b.WriteByte('\n')
}

// explainKeyJob tells how the keys of a zone were vouched for.
func explainKeyJob(b *strings.Builder, job *dnssec.KeyJob) {
	fmt.Fprintf(b, ";; DNSSEC: are these the keys of %s?\n", fqdn(job.Zone))
	for _, rr := range job.Vouched {
		fmt.Fprintf(b, ";;   vouched for by %s\n", rrText(&rr))
	}
	explainSet(b, &job.Set, job.At)
	explainKeys(b, "usable keys", job.Keys)
	explainVerdict(b, job.Verdict, job.Zone)
	b.WriteByte('\n')
}

// explainSet shows an RRset with its signatures and whether their time is right.
func explainSet(b *strings.Builder, set *dnssec.RRset, at uint32) {
	for i := range set.Data {
		fmt.Fprintf(b, ";;   %s\n", rrText(&set.Data[i]))
	}
	if len(set.Sigs) == 0 {
		b.WriteString(";;     no signature\n")
	}
	for i := range set.Sigs {
		sig, err := wire.ParseRRSIG(set.Sigs[i].Data)
		if err != nil {
			b.WriteString(";;     a signature that cannot be read\n")
			continue
		}
		signer, _ := wire.NameOf(sig.SignerName)
		fmt.Fprintf(b, ";;     signed by %s with key %d (%s), %s to %s", fqdn(signer), sig.KeyTag, algorithmText(sig.Algorithm),
			serialText(sig.Inception), serialText(sig.Expiration))
		switch {
		case int32(at-sig.Expiration) > 0:
			b.WriteString(": EXPIRED")
		case int32(at-sig.Inception) < 0:
			b.WriteString(": NOT YET VALID")
		}
		if int(sig.Labels) < set.Owner.Labels() && set.Owner[1] != '*' {
			b.WriteString(", made from a wildcard")
		}
		b.WriteByte('\n')
	}
}

func explainKeys(b *strings.Builder, what string, keys []*dnssec.Key) {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = fmt.Sprintf("%d (%s)", k.Tag(), algorithmText(k.Algorithm))
	}
	if len(keys) > 0 {
		fmt.Fprintf(b, ";;   %s: %s\n", what, strings.Join(texts, ", "))
	}
}

func explainVerdict(b *strings.Builder, v dnssec.Verdict, zone wire.Name) {
	fmt.Fprintf(b, ";;   => %s", v.Security)
	if v.Reason != dnssec.None {
		fmt.Fprintf(b, " (%s): %s", v.Reason, adviceFor(v.Reason.String()))
	}
	b.WriteByte('\n')
}

// explainAnswer sums up what was found about an answer.
func explainAnswer(b io.Writer, a *record.Answer) {
	fmt.Fprintf(b, ";; VERDICT on %s %s: %s, %s", fqdn(a.Name), typeText(a.Type), a.Outcome, a.Security)
	if a.BrokenAt != "" {
		fmt.Fprintf(b, " at %s", fqdn(a.BrokenAt))
	}
	if a.Reason != "" {
		fmt.Fprintf(b, " (%s): %s", a.Reason, adviceFor(a.Reason))
	}
	fmt.Fprint(b, "\n\n")
}

// adviceFor says in a sentence what a reason of scanner/dnssec means and what can be done; "" for an unknown word.
func adviceFor(reason string) string {
	for r := range dnssec.Reason(dnssec.Reasons) {
		if r.String() == reason {
			return advice[r]
		}
	}
	return ""
}

var advice = [dnssec.Reasons]string{
	dnssec.Expired:              "the signature has expired: the zone must be signed again",
	dnssec.NotYetValid:          "the signature is not valid yet: the clock of the signer, or of this machine, is wrong",
	dnssec.NoSignature:          "there is no signature, where the zone above says that the zone is signed",
	dnssec.BadSignature:         "the signature does not fit the records: they were changed after signing",
	dnssec.NoMatchingKey:        "the signatures are by keys that are not in the zone's DNSKEY set",
	dnssec.WrongSigner:          "the records are signed by another zone than the one that holds them",
	dnssec.NoMatchingDS:         "no DNSKEY of the zone fits a DS in the zone above: a key was changed and the DS was not",
	dnssec.NoDNSKEY:             "there is a DS in the zone above, but the zone has no DNSKEY: remove the DS or sign the zone",
	dnssec.DenialMissing:        "the empty answer comes without NSEC or NSEC3 records",
	dnssec.DenialWrong:          "the NSEC or NSEC3 records do not prove what the answer says",
	dnssec.DenialUnsigned:       "the NSEC or NSEC3 records have no good signature",
	dnssec.BadDNAME:             "the CNAME does not follow from the DNAME",
	dnssec.NoDS:                 "the zone above proves that the zone has no DS: it is not signed",
	dnssec.OptOut:               "the name lies in an opt-out span, where unsigned names may be",
	dnssec.UnsupportedAlgorithm: "the zone is signed only with algorithms that are not supported, which counts as unsigned",
	dnssec.UnsupportedDigest:    "the DS has only digests that are not supported, which counts as unsigned",
	dnssec.Iterations:           "NSEC3 with more iterations than validators count (RFC 9276): set them to 0",
	dnssec.NoAnchor:             "there is no trust anchor for the name",
	dnssec.WorkLimit:            "validating this takes more signatures or hashes than one name may cost",
	dnssec.ChainUnreachable:     "a DS or DNSKEY set that validation needs could not be had",
	dnssec.SignedZone:           "the look-up failed, in a zone that is proven to be signed",
	dnssec.NotValidated:         "not validated",
}

// algorithmText is the mnemonic of an algorithm.
func algorithmText(number uint8) string {
	if text, ok := dns.AlgorithmToString[number]; ok {
		return text
	}
	return fmt.Sprintf("algorithm %d", number)
}

// serialText is a time of an RRSIG (RFC 4034 3.1.5) within 68 years of now.
func serialText(serial uint32) string {
	now := time.Now().Unix()
	return time.Unix(now+int64(int32(serial-uint32(now))), 0).UTC().Format("2006-01-02 15:04:05")
}

package main

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// signedZone is a zone as dnssec-signzone left it, to be edited.
type signedZone struct {
	zone *zone
	rrs  []dns.RR
	now  time.Time
	keys []signingKey
}

// signingKey is a key with which an edit signs again.
type signingKey struct {
	*key
	record *dns.DNSKEY
	signer crypto.Signer
}

// firstPrivateType is that of RFC 6895 3.1.
const firstPrivateType = 65280

// editZone reads a signed zone, edits it, and writes it.
func (w *world) editZone(z *zone, from, to string, now time.Time, edit func(*signedZone) error) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	s := &signedZone{zone: z, now: now}
	if s.rrs, err = parseZone(text, z.name); err != nil {
		return err
	}
	for _, k := range z.keys {
		read, err := w.readKey(k)
		if err != nil {
			return err
		}
		s.keys = append(s.keys, read)
	}
	if err := edit(s); err != nil {
		return err
	}
	var b bytes.Buffer
	for _, rr := range s.rrs {
		line := rr.String()
		if rr.Header().Rrtype >= firstPrivateType {
			line = strings.Replace(line, "\tCLASS1\t", "\tIN\t", 1) // which Knot does not read
		}
		b.WriteString(line + "\n")
	}
	return os.WriteFile(to, b.Bytes(), 0o644)
}

// parseZone reads records in master-file form.
func parseZone(text []byte, origin string) ([]dns.RR, error) {
	parser := dns.NewZoneParser(bytes.NewReader(text), origin, "")
	var rrs []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		rrs = append(rrs, rr)
	}
	return rrs, parser.Err()
}

func (w *world) readKey(k *key) (signingKey, error) {
	record, err := w.dnskey(k)
	if err != nil {
		return signingKey{}, err
	}
	file, err := os.Open(filepath.Join(w.keyDir(), k.file+".private"))
	if err != nil {
		return signingKey{}, err
	}
	defer file.Close()
	private, err := record.ReadPrivateKey(file, file.Name())
	if err != nil {
		return signingKey{}, err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return signingKey{}, fmt.Errorf("%s: not a key to sign with", file.Name())
	}
	return signingKey{k, record, signer}, nil
}

// sign signs again what the signatures that match cover, with the same keys. Before that, change may set what is to be
// in the signature, and return the records that are to be signed instead of those of the zone.
func (s *signedZone) sign(match func(*dns.RRSIG) bool, change func(sig *dns.RRSIG, set []dns.RR) []dns.RR) error {
	type rrset struct {
		owner string
		typ   uint16
	}
	sets := map[rrset][]dns.RR{}
	for _, rr := range s.rrs {
		of := rrset{dns.CanonicalName(rr.Header().Name), rr.Header().Rrtype}
		sets[of] = append(sets[of], rr)
	}
	for _, rr := range s.rrs {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || !match(sig) {
			continue
		}
		owner, shownTTL := sig.Hdr.Name, sig.Hdr.Ttl
		set := sets[rrset{dns.CanonicalName(owner), sig.TypeCovered}]
		i := slices.IndexFunc(s.keys, func(k signingKey) bool {
			return k.record.KeyTag() == sig.KeyTag
		})
		if i < 0 || len(set) == 0 {
			return fmt.Errorf("cannot sign %s %s again with key %d", owner, dns.TypeToString[sig.TypeCovered], sig.KeyTag)
		}
		if change != nil {
			set = change(sig, set)
		}
		if err := sig.Sign(s.keys[i].signer, set); err != nil {
			return fmt.Errorf("signing %s %s again: %w", owner, dns.TypeToString[sig.TypeCovered], err)
		}
		sig.Hdr.Name, sig.Hdr.Ttl = owner, shownTTL
	}
	return nil
}

// all does several edits one after the other.
func all(edits []func(*signedZone) error) func(*signedZone) error {
	if len(edits) == 0 {
		return nil
	}
	return func(s *signedZone) error {
		for _, edit := range edits {
			if err := edit(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// covers makes a test for signatures of some types; no types means all.
func covers(types []uint16) func(*dns.RRSIG) bool {
	return func(sig *dns.RRSIG) bool { return len(types) == 0 || slices.Contains(types, sig.TypeCovered) }
}

// dropSigs takes the signatures of some types away, or all.
func dropSigs(types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		s.rrs = slices.DeleteFunc(s.rrs, func(rr dns.RR) bool {
			sig, ok := rr.(*dns.RRSIG)
			return ok && covers(types)(sig)
		})
		return nil
	}
}

// dropTypes takes all records of some types away, with their signatures.
func dropTypes(types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		s.rrs = slices.DeleteFunc(s.rrs, func(rr dns.RR) bool { return slices.Contains(types, rr.Header().Rrtype) })
		return dropSigs(types...)(s)
	}
}

// corruptSigs changes the last octets of signatures.
func corruptSigs(types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		for _, rr := range s.rrs {
			if sig, ok := rr.(*dns.RRSIG); ok && covers(types)(sig) {
				text := strings.TrimRight(sig.Signature, "=")
				middle := len(text) / 2
				other := map[bool]string{true: "B", false: "A"}[text[middle] == 'A']
				sig.Signature = sig.Signature[:middle] + other + sig.Signature[middle+1:]
			}
		}
		return nil
	}
}

// corruptSecondKey corrupts the signatures of the zone's second key, beside which there are those of a third.
func corruptSecondKey(s *signedZone) error {
	all := s.rrs
	s.rrs = slices.DeleteFunc(slices.Clone(all), func(rr dns.RR) bool {
		sig, ok := rr.(*dns.RRSIG)
		return !ok || sig.KeyTag != s.keys[1].record.KeyTag()
	})
	err := corruptSigs()(s)
	s.rrs = all
	return err
}

// unknownFlags sets a flag that no document defines (RFC 5155 8.2).
func unknownFlags(s *signedZone) error {
	for _, rr := range s.rrs {
		if nsec3, ok := rr.(*dns.NSEC3); ok {
			nsec3.Flags |= 0x80
		}
	}
	return s.sign(covers([]uint16{dns.TypeNSEC3}), nil)
}

// dropEveryThird takes a third of the NSEC or NSEC3 records away, so that proofs lack one part or another.
func dropEveryThird(from int) func(*signedZone) error {
	return func(s *signedZone) error {
		gone, seen := map[string]bool{}, 0
		for _, rr := range s.rrs {
			if t := rr.Header().Rrtype; t == dns.TypeNSEC || t == dns.TypeNSEC3 {
				gone[rr.Header().Name] = seen%3 == from
				seen++
			}
		}
		s.rrs = slices.DeleteFunc(s.rrs, func(rr dns.RR) bool {
			t := rr.Header().Rrtype
			if sig, ok := rr.(*dns.RRSIG); ok {
				t = sig.TypeCovered
			}
			return (t == dns.TypeNSEC || t == dns.TypeNSEC3) && gone[rr.Header().Name]
		})
		return nil
	}
}

// overlap makes each NSEC or NSEC3 record deny the owner of the one after it too.
func overlap(s *signedZone) error {
	next := map[string]string{} // what follows an owner, or the hash of one
	for _, rr := range s.rrs {
		switch rr := rr.(type) {
		case *dns.NSEC:
			next[rr.Hdr.Name] = rr.NextDomain
		case *dns.NSEC3:
			next[hashOf(rr)] = rr.NextDomain
		}
	}
	for _, rr := range s.rrs {
		switch rr := rr.(type) {
		case *dns.NSEC:
			if rr.NextDomain != s.zone.name { // the last would deny none, and the apex
				rr.NextDomain = next[rr.NextDomain]
			}
		case *dns.NSEC3:
			rr.NextDomain = next[strings.ToUpper(rr.NextDomain)]
		}
	}
	return s.sign(covers([]uint16{dns.TypeNSEC, dns.TypeNSEC3}), nil)
}

// hashOf is the hash of the owner of an NSEC3 record, in capital letters.
func hashOf(rr *dns.NSEC3) string {
	hash, _, _ := cutLabel(rr.Hdr.Name)
	return strings.ToUpper(hash)
}

// resigned gives signatures another time.
func resigned(from, to time.Duration, types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		return s.sign(covers(types), func(sig *dns.RRSIG, set []dns.RR) []dns.RR {
			sig.Inception, sig.Expiration = uint32(s.now.Add(from).Unix()), uint32(s.now.Add(to).Unix())
			return set
		})
	}
}

// wrongSigner has the parent's name in all signatures.
func wrongSigner(s *signedZone) error {
	return s.sign(covers(nil), func(sig *dns.RRSIG, set []dns.RR) []dns.RR {
		sig.SignerName = s.zone.parent.name
		return set
	})
}

// raiseTTL shows higher TTLs than the signed ones (RFC 4034 3.1.4).
func raiseTTL(s *signedZone) error {
	for _, rr := range s.rrs {
		rr.Header().Ttl *= 2
	}
	return nil
}

// dropKeys takes keys out of the DNSKEY RRset, which is signed again.
func dropKeys(match func(*key) bool) func(*signedZone) error {
	return func(s *signedZone) error {
		gone := map[uint16]bool{}
		for _, k := range s.keys {
			if match(k.key) {
				gone[k.record.KeyTag()] = true
			}
		}
		s.rrs = slices.DeleteFunc(s.rrs, func(rr dns.RR) bool {
			record, ok := rr.(*dns.DNSKEY)
			return ok && gone[record.KeyTag()]
		})
		return s.sign(covers([]uint16{dns.TypeDNSKEY}), nil)
	}
}

// noZoneKeys has the flag Zone Key in no DNSKEY.
func noZoneKeys(s *signedZone) error {
	tags := map[uint16]uint16{}
	for _, rr := range s.rrs {
		if record, ok := rr.(*dns.DNSKEY); ok {
			before := record.KeyTag()
			record.Flags &^= dns.ZONE
			tags[before] = record.KeyTag()
		}
	}
	for _, rr := range s.rrs {
		if sig, ok := rr.(*dns.RRSIG); ok {
			sig.KeyTag = tags[sig.KeyTag]
		}
	}
	return s.sign(covers(nil), nil)
}

// disguise makes addresses look as if they came from a wildcard: the signature is one of the wildcard's, so that it has a
// label less than the owner, and nothing proves that the owner does not exist (RFC 4035 5.3.4).
func disguise(s *signedZone) error {
	return s.sign(func(sig *dns.RRSIG) bool {
		return sig.TypeCovered == dns.TypeA && dns.CanonicalName(sig.Hdr.Name) != s.zone.name && !strings.HasPrefix(sig.Hdr.Name, "*.")
	}, func(_ *dns.RRSIG, set []dns.RR) []dns.RR {
		var disguised []dns.RR
		for _, rr := range set {
			rr = dns.Copy(rr)
			_, rest, _ := cutLabel(rr.Header().Name)
			rr.Header().Name = "*." + rest
			disguised = append(disguised, rr)
		}
		return disguised
	})
}

// cutLabel cuts the first label off a name.
func cutLabel(name string) (label, rest string, ok bool) {
	next, end := dns.NextLabel(name, 0)
	if end {
		return name, ".", false
	}
	return name[:next-1], name[next:], true
}

// spot says which NSEC and NSEC3 records are edited.
type spot func(bitmap []uint16) bool

func atOrBelowApex([]uint16) bool { return true }

func belowApex(bitmap []uint16) bool { return !slices.Contains(bitmap, dns.TypeSOA) }

func atCuts(bitmap []uint16) bool { return slices.Contains(bitmap, dns.TypeNS) && belowApex(bitmap) }

// editBitmaps changes the bitmaps of NSEC and NSEC3 records and signs them again.
func (s *signedZone) editBitmaps(where spot, change func([]uint16) []uint16) error {
	edited := false
	for _, rr := range s.rrs {
		var bitmap *[]uint16
		switch rr := rr.(type) {
		case *dns.NSEC:
			bitmap = &rr.TypeBitMap
		case *dns.NSEC3:
			bitmap = &rr.TypeBitMap
		default:
			continue
		}
		if where(*bitmap) {
			*bitmap = change(slices.Clone(*bitmap))
			edited = true
		}
	}
	if !edited {
		return errors.New("no NSEC or NSEC3 record to edit")
	}
	return s.sign(covers([]uint16{dns.TypeNSEC, dns.TypeNSEC3}), nil)
}

// setBits adds types.
func setBits(where spot, types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		return s.editBitmaps(where, func(bitmap []uint16) []uint16 {
			bitmap = append(bitmap, types...)
			slices.Sort(bitmap)
			return slices.Compact(bitmap)
		})
	}
}

// clearBits takes types away.
func clearBits(where spot, types ...uint16) func(*signedZone) error {
	return func(s *signedZone) error {
		return s.editBitmaps(where, func(bitmap []uint16) []uint16 {
			return slices.DeleteFunc(bitmap, func(t uint16) bool { return slices.Contains(types, t) })
		})
	}
}

// spanAll makes the first NSEC or NSEC3 record of the zone deny everything but its owner.
func spanAll(s *signedZone) error {
	for _, rr := range s.rrs {
		switch rr := rr.(type) {
		case *dns.NSEC:
			rr.NextDomain = rr.Hdr.Name
		case *dns.NSEC3:
			rr.NextDomain = hashOf(rr)
		default:
			continue
		}
		return s.sign(covers([]uint16{dns.TypeNSEC, dns.TypeNSEC3}), nil)
	}
	return errors.New("no NSEC or NSEC3 record to edit")
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Some zones of the test world are signed: by BIND or Knot as they serve them, or beforehand by BIND's tools. Then
// faults can come over them, and NSD, which signs nothing, can serve them.

// signing says how a zone is signed. The zero value: not at all.
type signing struct {
	by        signer
	denial    denial
	algorithm string        // for dnssec-keygen, if we sign; default ECDSAP256SHA256, which the servers always take
	from, to  time.Duration // when the signatures are valid, from the birth of the world; default signedFrom to signedTo
	fault     fault         // nil: none
	island    bool          // the zone above does not have the DS of its key
}

// signer is who signs a zone.
type signer int

const (
	nobody signer = iota
	us            // dnssec-signzone, before the server starts
	server        // the server itself
)

// denial is how a zone denies that names and types exist.
type denial string

const (
	nsec   denial = "nsec"
	nsec3  denial = "nsec3"
	optOut denial = "opt-out" // NSEC3, and unsigned delegations have none (RFC 5155 6)
)

const day = 24 * time.Hour

// When signatures are valid: of all zones that we sign, and of timed.com, which lies within.
const (
	signedFrom = -30 * day
	signedTo   = 30 * day
	timedFrom  = -10 * day
	timedTo    = 10 * day
)

// eachZone does something for all zones of all daemons.
func (w *world) eachZone(do func(daemon, zone) error) error {
	for _, d := range daemons {
		for _, z := range d.zones {
			if err := do(d, z); err != nil {
				return fmt.Errorf("%s: %w", z.name, err)
			}
		}
	}
	return nil
}

// makeKey makes the keys of a signed zone and notes the DS of the one that a zone above, or an anchor, is to vouch for.
func (w *world) makeKey(d daemon, z zone) error {
	dir := w.zoneDir(d)
	keygen := func(args ...string) (string, error) {
		name, err := toolOutput(dir, "dnssec-keygen", append(append([]string{"-q", "-K", dir}, args...), z.name)...)
		return strings.TrimSpace(string(name)), err
	}
	var key string
	var ds []byte
	var err error
	switch {
	case z.signed.by == nobody:
		return nil
	case z.signed.by == server && d.kind == knot:
		conf := filepath.Join(dir, "conf")
		if err := os.WriteFile(conf, []byte(w.config(d)), 0o644); err != nil {
			return err
		}
		if _, err := toolOutput(dir, "keymgr", "-c", conf, z.name, "generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes"); err != nil {
			return err
		}
		ds, err = toolOutput(dir, "keymgr", "-c", conf, z.name, "ds")
	case z.signed.by == server:
		if key, err = keygen("-k", "default"); err == nil {
			ds, err = toolOutput(dir, "dnssec-dsfromkey", "-2", key)
		}
	default:
		algorithm := []string{"-a", "ECDSAP256SHA256"}
		if z.signed.algorithm != "" {
			algorithm[1] = z.signed.algorithm
		}
		if strings.HasPrefix(algorithm[1], "RSA") {
			algorithm = append(algorithm, "-b", "2048")
		}
		if _, err = keygen(algorithm...); err != nil {
			return err
		}
		if key, err = keygen(append(algorithm, "-f", "KSK")...); err == nil {
			ds, err = toolOutput(dir, "dnssec-dsfromkey", "-2", key)
		}
	}
	w.ds[z.name] = string(ds)
	return err
}

// delegations is the DS records that a zone has for those below it.
func (w *world) delegations(above zone) string {
	var records strings.Builder
	w.eachZone(func(_ daemon, z zone) error {
		if z.signed.by != nobody && !z.signed.island && z.name != "." && parentOf(z.name) == above.name {
			records.WriteString(w.ds[z.name])
		}
		return nil
	})
	return records.String()
}

// parentOf is the zone that delegates a zone.
func parentOf(name string) string {
	parent := "."
	for _, d := range daemons {
		for _, z := range d.zones {
			if z.name != name && dns.IsSubDomain(z.name, name) && dns.CountLabel(z.name) > dns.CountLabel(parent) {
				parent = z.name
			}
		}
	}
	return parent
}

// sign adds to the file of a zone that we are to sign what signing brings.
func (w *world) sign(d daemon, z zone) error {
	if z.signed.by != us {
		return nil
	}
	path, dir := w.zonePath(d, z), w.zoneDir(d)
	from, to := z.signed.from, z.signed.to
	if from == 0 && to == 0 {
		from, to = signedFrom, signedTo
	}
	const clock = "20060102150405"
	added := path + ".dnssec"
	args := []string{
		"-q", "-P", "-x", "-S", "-D", "-K", dir, "-d", dir, "-o", z.name, "-f", added,
		"-s", w.born.Add(from).UTC().Format(clock), "-e", w.born.Add(to).UTC().Format(clock),
	}
	switch z.signed.denial {
	case nsec3:
		args = append(args, "-3", "-")
	case optOut:
		args = append(args, "-3", "-", "-A")
	}
	if _, err := toolOutput(dir, "dnssec-signzone", append(args, path)...); err != nil {
		return err
	}
	records, err := readRecords(added, z.name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content := string(text)
	if z.signed.fault != nil {
		content, records = z.signed.fault(content, records)
	}
	for _, rr := range records {
		content += rr.String() + "\n"
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func readRecords(path, origin string) ([]dns.RR, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var records []dns.RR
	parser := dns.NewZoneParser(file, origin, path)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records = append(records, rr)
	}
	return records, parser.Err()
}

// fault is what comes over a zone after it was signed: over its text, and over the records that signing brought.
type fault func(text string, records []dns.RR) (string, []dns.RR)

// strip takes away the signatures of all but the keys.
func strip(text string, records []dns.RR) (string, []dns.RR) {
	return text, slices.DeleteFunc(records, func(rr dns.RR) bool {
		sig, ok := rr.(*dns.RRSIG)
		return ok && sig.TypeCovered != dns.TypeDNSKEY
	})
}

// dropDenial takes away the NSEC records.
func dropDenial(text string, records []dns.RR) (string, []dns.RR) {
	return text, slices.DeleteFunc(records, func(rr dns.RR) bool {
		sig, ok := rr.(*dns.RRSIG)
		return rr.Header().Rrtype == dns.TypeNSEC || ok && sig.TypeCovered == dns.TypeNSEC
	})
}

// tamper changes the CAA records.
func tamper(text string, records []dns.RR) (string, []dns.RR) {
	return strings.ReplaceAll(text, "signed.example", "forged.example"), records
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

const (
	ttl     = 3600
	rsaBits = "1024" // as small as the tools allow: they sign the faster
)

// build makes keys, zone files and signatures. Signatures are valid in relation to now.
func (w *world) build(ctx context.Context, now time.Time) error {
	for _, dir := range []string{w.keyDir(), w.zoneDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := w.each(ctx, w.makeKeys); err != nil {
		return err
	}
	if err := w.each(ctx, func(z *zone) error { return w.makeZone(z, now) }); err != nil {
		return err
	}
	root := w.zones[0]
	anchors := slices.Clone(root.ds)
	for _, z := range w.zones {
		if z.class.anchored {
			anchors = append(anchors, z.ds...)
		}
	}
	w.anchor, w.hints = filepath.Join(w.dir, "root.anchor"), filepath.Join(w.dir, "root.hints")
	if err := os.WriteFile(w.anchor, []byte(strings.Join(anchors, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(w.hints, []byte(strings.Join(root.nameServers(), "\n")+"\n"), 0o644)
}

func (w *world) keyDir() string  { return filepath.Join(w.dir, "keys") }
func (w *world) zoneDir() string { return filepath.Join(w.dir, "zones") }

// each does something for all zones, as many at once as there are cores.
func (w *world) each(ctx context.Context, do func(*zone) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, z := range w.zones {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := do(z); err != nil {
				return fmt.Errorf("zone %s: %w", z.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// makeKeys makes the keys of a zone and its DS records.
func (w *world) makeKeys(z *zone) error {
	var ds []*dns.DS
	for _, k := range z.keys {
		if err := w.makeKey(z, k); err != nil {
			return err
		}
		of, err := w.dsOf(k)
		if err != nil {
			return err
		}
		ds = append(ds, of...)
	}
	if z.class.ds != nil {
		z.class.ds(ds)
	}
	for _, d := range ds {
		z.ds = append(z.ds, d.String())
	}
	return nil
}

func (w *world) makeKey(z *zone, k *key) error {
	args := []string{"-q", "-K", w.keyDir(), "-a", strconv.Itoa(int(k.alg)), "-L", strconv.Itoa(ttl)}
	if k.alg < dns.ECDSAP256SHA256 {
		args = append(args, "-b", rsaBits)
	}
	if k.sep {
		args = append(args, "-f", "KSK")
	}
	name, err := output(w.keyDir(), "dnssec-keygen", append(args, z.name)...)
	if err != nil {
		return err
	}
	k.file = strings.TrimSpace(string(name))
	if k.revoked {
		path, err := output(w.keyDir(), "dnssec-revoke", "-K", w.keyDir(), k.file)
		if err != nil {
			return err
		}
		k.file = strings.TrimSuffix(filepath.Base(strings.TrimSpace(string(path))), ".key")
	}
	return nil
}

// digestNames are those of dnssec-dsfromkey.
var digestNames = map[uint8]string{dns.SHA1: "SHA-1", dns.SHA256: "SHA-256", dns.SHA384: "SHA-384"}

func (w *world) dsOf(k *key) ([]*dns.DS, error) {
	if len(k.digests) == 0 {
		return nil, nil
	}
	if k.noZone { // dnssec-dsfromkey makes none of such a key
		record, err := w.dnskey(k)
		if err != nil {
			return nil, err
		}
		return []*dns.DS{record.ToDS(k.digests[0])}, nil
	}
	var args []string
	for _, d := range k.digests {
		args = append(args, "-a", digestNames[d])
	}
	text, err := output(w.keyDir(), "dnssec-dsfromkey", append(args, k.file)...)
	if err != nil {
		return nil, err
	}
	rrs, err := parseZone(text, ".")
	if err != nil {
		return nil, err
	}
	var ds []*dns.DS
	for _, rr := range rrs {
		rr.Header().Ttl = ttl
		ds = append(ds, rr.(*dns.DS))
	}
	return ds, nil
}

// dnskey is the record of a key as the zone has it.
func (w *world) dnskey(k *key) (*dns.DNSKEY, error) {
	text, err := os.ReadFile(filepath.Join(w.keyDir(), k.file+".key"))
	if err != nil {
		return nil, err
	}
	rr, err := dns.NewRR(string(text))
	if err != nil {
		return nil, err
	}
	record := rr.(*dns.DNSKEY)
	if k.noZone {
		record.Flags &^= dns.ZONE
	}
	return record, nil
}

// nameServers are the NS records of a zone and, unless a hub has them, the addresses of their targets.
func (z *zone) nameServers() []string {
	var lines []string
	for i, s := range z.servers {
		ns := z.in("ns")
		if z.class.hostedBy != "" {
			lines = append(lines, fmt.Sprintf("%s %d NS %s.%s", z.name, ttl, s.name, z.class.hostedBy))
			continue
		}
		if i > 0 {
			ns = z.in(fmt.Sprintf("ns%d", i+1))
		}
		lines = append(lines, fmt.Sprintf("%s %d NS %s", z.name, ttl, ns), fmt.Sprintf("%s %d A %s", ns, ttl, s.addr))
	}
	return lines
}

// text is a zone before it is signed.
func (w *world) text(z *zone) string {
	lines := append([]string{
		"$ORIGIN " + z.name, fmt.Sprintf("$TTL %d", ttl),
		fmt.Sprintf("@ SOA ns.%s hostmaster.%s 1 7200 3600 1209600 %d", hubs[0].name, strings.TrimPrefix(z.name, "."), ttl),
	}, z.nameServers()...)
	for _, child := range z.children {
		lines = append(lines, child.nameServers()...)
		if !child.class.anchored {
			lines = append(lines, child.ds...)
		}
	}
	if z.isHub() {
		for _, s := range w.servers {
			lines = append(lines, fmt.Sprintf("%s %d A %s", z.in(s.name), ttl, s.addr))
		}
	}
	return strings.Join(lines, "\n") + "\n" + z.records()
}

// makeZone writes the zone file of a zone for each of its servers.
func (w *world) makeZone(z *zone, now time.Time) error {
	path := filepath.Join(w.zoneDir(), fmt.Sprintf("%03d", z.number))
	unsigned := path + ".unsigned"
	text := w.text(z)
	if z.class.signer == byBIND {
		for _, k := range z.keys {
			if !k.published && !k.signs {
				continue
			}
			content, err := os.ReadFile(filepath.Join(w.keyDir(), k.file+".key"))
			if err != nil {
				return err
			}
			text += string(content)
		}
	}
	if err := os.WriteFile(unsigned, []byte(text), 0o644); err != nil {
		return err
	}
	if !z.signed() || z.class.signer != byBIND {
		z.files = []string{unsigned}
		return nil
	}
	signed := path + ".signed"
	if _, err := output(w.keyDir(), "dnssec-signzone", z.signArgs(unsigned, signed, now)...); err != nil {
		return err
	}
	z.files = []string{signed}
	for i, edit := range []func(*signedZone) error{z.class.edit, z.class.editSecond} {
		if edit == nil {
			continue
		}
		edited := fmt.Sprintf("%s.edited%d", path, i+1)
		if err := w.editZone(z, signed, edited, now, edit); err != nil {
			return err
		}
		z.files = append(z.files[:i:i], edited)
	}
	return nil
}

// signArgs are the arguments of dnssec-signzone.
func (z *zone) signArgs(from, to string, now time.Time) []string {
	begin, end := now.Add(-time.Hour), now.Add(30*day)
	if z.class.to != z.class.from {
		begin, end = now.Add(z.class.from), now.Add(z.class.to)
	}
	const form = "20060102150405"
	args := []string{"-q", "-n", "1", "-P", "-O", "full", "-o", z.name, "-f", to,
		"-s", begin.UTC().Format(form), "-e", end.UTC().Format(form)}
	if z.denial.nsec3 {
		args = append(args, "-3", z.denial.salt, "-H", strconv.Itoa(z.denial.iterations))
		if z.denial.optOut {
			args = append(args, "-A")
		}
	}
	if len(z.keys) == 1 {
		return append(args, "-z", from, z.keys[0].file)
	}
	args = append(args, "-x")
	var zsks []string
	for _, k := range z.keys {
		switch {
		case !k.signs:
		case k.sep:
			args = append(args, "-k", k.file)
		default:
			zsks = append(zsks, k.file)
		}
	}
	return append(append(args, from), zsks...)
}

package datasets

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// signedZone is a signed zone as dnssec-signzone writes it, record by record in canonical order; the signatures are none.
// The hash is that of the apex with the parameters of the NSEC3PARAM record.
func signedZone() string {
	sig := func(owner, covers string) string {
		return fmt.Sprintf("%s 900 IN RRSIG %s 13 1 900 20261210000000 20261119000000 4711 kiel. c2lnbmF0dXJl\n", owner, covers)
	}
	hash := apexHash + ".kiel."
	return "kiel. 900 IN SOA ns.kiel. host.kiel. 7 1800 900 604800 600\n" + sig("kiel.", "SOA") +
		"kiel. 900 IN NS ns.kiel.\n" + sig("kiel.", "NS") +
		"kiel. 900 IN DNSKEY 257 3 13 (\n b2ZmaWNlcg== )\n" + sig("kiel.", "DNSKEY") +
		"kiel. 900 IN CAA 0 issue \"CA.example\"\n" + sig("kiel.", "CAA") +
		"kiel. 0 IN NSEC3PARAM 1 0 1 AB\n" + sig("kiel.", "NSEC3PARAM") +
		"a.kiel. 3600 IN NS ns1.a.kiel.\na.kiel. 3600 IN NS ns.b.kiel.\na.kiel. 900 IN DS 1 13 2 AB\n" + sig("a.kiel.", "DS") +
		"c.a.kiel. 3600 IN NS ns.occluded.example.\n" +
		"ns1.a.kiel. 3600 IN A 192.0.2.1\n" +
		"b.kiel. 3600 IN NS ns1.a.kiel.\nns.b.kiel. 3600 IN AAAA 2001:db8::1\n" +
		hash + " 600 IN NSEC3 1 1 1 AB " + strings.Repeat("0", 32) + " NS SOA RRSIG DNSKEY NSEC3PARAM CAA\n" + sig(hash, "NSEC3") +
		"x.y.kiel. 3600 IN NS ns.kiel.\n" +
		"kiel. 900 IN SOA ns.kiel. host.kiel. 7 1800 900 604800 600\n"
}

// apexHash is the NSEC3 hash of kiel with one iteration and the salt AB, by nsec3hash of BIND.
const apexHash = "RCQNH430GPM6BP741MDDO1F4G2HDQ84V"

// TestZones: of a file that was surveyed, everything at the apex is known with its signatures and its denial, and every
// delegation, of names that are no targets too; never one below another.
func TestZones(t *testing.T) {
	path := writeFile(t, "kiel.zone", signedZone())
	for _, c := range []struct {
		cfg           Config
		table, apex   bool
		before, after bool // known before and after reading
	}{
		{Config{Tables: DefaultTables}, true, true, true, true},
		{Config{}, false, true, true, true},
		{Config{NamesOnly: true, Tables: DefaultTables}, false, false, false, false},
		{Config{Tables: 1}, false, true, true, true}, // it is found too large once it grows
	} {
		r, err := Open([]string{path}, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Survey(context.Background()); err != nil {
			t.Fatal(err)
		}
		zones := r.Zones()
		if known := zones.Zone(wire.MustName("kiel")) != nil; known != c.before {
			t.Errorf("%+v: known %v", c.cfg, known)
		}
		batch, err := r.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, target := range batch {
			if target.Delegation != nil {
				names = append(names, target.Name)
			}
			if d := target.Delegation; d != nil && c.table {
				if diff := cmp.Diff(d, zones.Delegation(wire.MustName("kiel"), d.Name), sameVersion, sameAddr); diff != "" {
					t.Errorf("%s: %s", d.Name, diff)
				}
			}
		}
		if len(batch) != 4 || (len(names) == 0) != c.cfg.NamesOnly {
			t.Errorf("%+v: %d targets, delegations of %v", c.cfg, len(batch), names)
		}
		r.Close()
		zone := zones.Zone(wire.MustName("kiel"))
		if (zone != nil) != c.apex {
			t.Errorf("%+v: apex %v", c.cfg, zone)
		}
		if zone != nil {
			checkApex(t, zone)
		}
		for name, want := range map[string]string{
			"a.kiel": "a.kiel 3600 ns.b.kiel[2001:db8::1] ns1.a.kiel[192.0.2.1] DS RRSIG whole", "q.c.a.kiel": "a.kiel 3600 ns.b.kiel[2001:db8::1] ns1.a.kiel[192.0.2.1] DS RRSIG whole",
			"b.kiel": "b.kiel 3600 ns1.a.kiel[192.0.2.1] whole", "x.y.kiel": "x.y.kiel 3600 ns.kiel[] whole", "y.kiel": "", "z.kiel": "", "kiel": "", "example": "",
		} {
			if !c.table {
				want = ""
			}
			if got := brief(zones.Delegation(wire.MustName("kiel"), wire.MustName(name))); got != want {
				t.Errorf("%+v: %s: %q, want %q", c.cfg, name, got, want)
			}
		}
	}
}

// checkApex looks at what is known of the apex of signedZone.
func checkApex(t *testing.T, zone *record.Zone) {
	t.Helper()
	var types []string
	for _, rr := range zone.Records {
		text := rr.Type.String()
		if rr.Type == wire.TypeRRSIG {
			sig, err := wire.ParseRRSIG(rr.Data)
			if err != nil {
				t.Fatal(err)
			}
			text += ":" + sig.TypeCovered.String()
		}
		types = append(types, text)
	}
	if diff := cmp.Diff("SOA RRSIG:SOA NS RRSIG:NS DNSKEY RRSIG:DNSKEY CAA RRSIG:CAA NSEC3PARAM RRSIG:NSEC3PARAM NSEC3 RRSIG:NSEC3", strings.Join(types, " ")); diff != "" {
		t.Error(diff)
	}
	const signed = 1795046400 // 2026-11-19
	if zone.Apex != wire.MustName("kiel") || zone.Serial != 7 || !zone.OptOut || zone.Signed != signed {
		t.Errorf("%v serial %d, opt-out %v, signed %d", zone.Apex, zone.Serial, zone.OptOut, zone.Signed)
	}
}

func brief(d *record.Delegation) string {
	if d == nil {
		return ""
	}
	text := fmt.Sprint(d.Name, " ", d.TTL)
	for _, s := range d.Servers {
		text += fmt.Sprint(" ", s.Name, s.Addrs)
	}
	for _, rr := range d.DS {
		text += " " + rr.Type.String()
	}
	if d.Whole {
		text += " whole"
	}
	return text
}

// TestZonesOfSeveralFiles: each zone has its own; of a zone that comes twice, and of a file that cannot be read, no harm
// is done.
func TestZonesOfSeveralFiles(t *testing.T) {
	kiel := writeFile(t, "kiel.zone", signedZone())
	luebeck := writeFile(t, "luebeck.gz", gzipOf(t, "luebeck. 900 IN SOA a. b. 9 1 1 1 1\nholsten.luebeck. 60 IN NS ns.a.kiel.\n"))
	damaged := writeFile(t, "damaged.gz", gzipOf(t, signedZone())[:150])
	list := writeFile(t, "list", "a.kiel\n")
	archive := writeFile(t, "both.zip", zipOf(t, "kiel", signedZone(), "list", "b.kiel\n"))
	r, err := Open([]string{list, kiel, luebeck, archive, damaged}, Config{Tables: DefaultTables})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Survey(context.Background()); err != nil {
		t.Fatal(err)
	}
	for apex, name := range map[string]string{"kiel": "a.kiel", "luebeck": "holsten.luebeck"} {
		if d := r.Zones().Delegation(wire.MustName(apex), wire.MustName(name)); d == nil || d.Zone.Apex != wire.MustName(apex) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if zone := r.Zones().Zone(wire.MustName("luebeck")); zone == nil || zone.Signed != 0 || zone.Serial != 9 {
		t.Errorf("%+v", zone)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Survey(ended); err != context.Canceled {
		t.Error(err)
	}
}

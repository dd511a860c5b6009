package main

import (
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// TestWorld: the world is as large and as mixed as the acceptance asks for.
func TestWorld(t *testing.T) {
	const leastZones, leastNames = 300, 5000 // of issue 3
	w := newWorld(t.TempDir())
	names, zones, algorithms := map[string]bool{}, map[string]bool{}, map[uint8]bool{}
	for _, z := range w.zones {
		if _, ok := dns.IsDomainName(z.name); !ok || zones[z.name] {
			t.Errorf("zone %q: no name, or twice", z.name)
		}
		zones[z.name] = true
		if len(z.servers) == 0 {
			t.Errorf("zone %s: no server", z.name)
		}
		for _, s := range z.servers {
			if z.class.on != "" && s.kind != z.class.on || z.class.signer != byBIND && s.kind != knot {
				t.Errorf("zone %s: on %s", z.name, s.name)
			}
		}
		for _, k := range z.keys {
			algorithms[k.alg] = true
			if k.alg == dns.RSASHA1 && z.denial.nsec3 {
				t.Errorf("zone %s: NSEC3 with algorithm 5", z.name)
			}
		}
	}
	for i, q := range w.questions() {
		if q.index != i || !dns.IsSubDomain(q.zone.name, q.name) {
			t.Fatalf("question %d: %+v", i, q)
		}
		if _, ok := dns.IsDomainName(q.name); !ok {
			t.Errorf("question %d: %q is no name", i, q.name)
		}
		names[q.name] = true
	}
	if len(w.zones) < leastZones || len(names) < leastNames {
		t.Errorf("%d zones, %d names", len(w.zones), len(names))
	}
	for _, alg := range everyAlgorithm {
		if !algorithms[alg] {
			t.Errorf("no zone with algorithm %d", alg)
		}
	}
	for _, s := range w.servers {
		if s.role != refusing && len(s.zones) == 0 {
			t.Errorf("server %s has no zone", s.name)
		}
	}
	for _, c := range classes() {
		if !slices.ContainsFunc(w.zones, func(z *zone) bool { return z.class.name == c.name }) {
			t.Errorf("class %q has no zone", c.name)
		}
	}
}

// TestBodies: every zone's records are readable, lie in the zone, and no word for a hub is left.
func TestBodies(t *testing.T) {
	w := newWorld(t.TempDir())
	for _, z := range w.zones {
		rrs, err := parseZone([]byte(w.text(z)), z.name)
		if err != nil {
			t.Errorf("zone %s: %v", z.name, err)
		}
		for _, rr := range rrs {
			if !dns.IsSubDomain(z.name, rr.Header().Name) {
				t.Errorf("zone %s: %v", z.name, rr)
			}
			var target string
			switch rr := rr.(type) {
			case *dns.CNAME:
				target = rr.Target
			case *dns.DNAME:
				target = rr.Target
			}
			for _, word := range []string{"HUB", "OPEN", "BROKEN", "NEXT", "TOUR"} {
				if slices.Contains(dns.SplitDomainName(target), word) {
					t.Errorf("zone %s: %v", z.name, rr)
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	made := keys(ksk.but(absent), zsk.but(silent), ksk.but(revokedWithDS))(13)
	if a := made[0]; a.published || a.signs || len(a.digests) == 0 || !a.sep {
		t.Errorf("an absent KSK with a DS: %+v", a)
	}
	if a := made[1]; !a.published || a.signs || a.sep {
		t.Errorf("a silent ZSK: %+v", a)
	}
	if a := made[2]; !a.revoked || len(a.digests) == 0 {
		t.Errorf("a revoked KSK with a DS: %+v", a)
	}
	if made[0].alg != 13 || len(beside(8)(13)) != 4 {
		t.Error("algorithms")
	}
	ds := []*dns.DS{{KeyTag: 1, Algorithm: 13, DigestType: 1, Digest: "0a"}, {KeyTag: 1, Algorithm: 13, DigestType: 2, Digest: "ff"}}
	only(2, wrongDigest)(ds)
	wrongAlgorithm(ds)
	if ds[0].Digest != "0a" || ds[1].Digest == "ff" || ds[0].Algorithm != dns.RSASHA256 {
		t.Errorf("%v", ds)
	}
}

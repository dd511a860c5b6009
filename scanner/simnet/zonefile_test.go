package simnet

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/wire"
)

// TestWriteZone: the zone files of the registries hold each domain of the list where it is delegated, in canonical order, with
// the SOA record at both ends, and signatures over what the zone speaks for.
func TestWriteZone(t *testing.T) {
	w, err := New(Config{Seed: 9, Names: 800})
	if err != nil {
		t.Fatal(err)
	}
	delegated := map[string]bool{}
	for _, apex := range w.Registries() {
		var b bytes.Buffer
		if err := w.WriteZone(&b, apex); err != nil {
			t.Fatal(err)
		}
		var records []dns.RR
		parser := dns.NewZoneParser(&b, "", apex)
		for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
			records = append(records, rr)
		}
		if err := parser.Err(); err != nil {
			t.Fatalf("%s: %v", apex, err)
		}
		first, last := records[0], records[len(records)-1]
		if first.Header().Rrtype != dns.TypeSOA || last.String() != first.String() || first.Header().Name != dns.Fqdn(apex) {
			t.Errorf("%s: from %v to %v", apex, first, last)
		}
		if !slices.IsSortedFunc(records[1:len(records)-1], func(a, b dns.RR) int {
			return wire.MustName(a.Header().Name).Compare(wire.MustName(b.Header().Name))
		}) {
			t.Errorf("%s: not in canonical order", apex)
		}
		keys := map[uint16]*dns.DNSKEY{}
		sets := map[string][]dns.RR{}
		for _, rr := range records[:len(records)-1] {
			h := rr.Header()
			if key, ok := rr.(*dns.DNSKEY); ok {
				keys[key.KeyTag()] = key
			}
			if h.Rrtype == dns.TypeNS && h.Name != dns.Fqdn(apex) {
				delegated[strings.TrimSuffix(h.Name, ".")] = true
			}
			sets[h.Name+dns.TypeToString[h.Rrtype]] = append(sets[h.Name+dns.TypeToString[h.Rrtype]], rr)
		}
		checked := 0
		for _, rr := range records {
			sig, ok := rr.(*dns.RRSIG)
			if !ok || sig.TypeCovered != dns.TypeDS && sig.Hdr.Name != dns.Fqdn(apex) {
				continue
			}
			if key := keys[sig.KeyTag]; key == nil || sig.Verify(key, sets[sig.Hdr.Name+dns.TypeToString[sig.TypeCovered]]) != nil {
				t.Errorf("%s: not signed by its zone: %v", apex, sig)
			}
			checked++
		}
		if (checked > 3) != (len(keys) > 0) {
			t.Errorf("%s: %d signatures with %d keys", apex, checked, len(keys))
		}
	}
	for i := range w.Len() {
		sc := w.scenarioOf(i)
		d := w.domain(w.hostIndex(i))
		domain := string(d.label[:]) + "." + d.tld.suffix
		if delegated[domain] == (sc.undelegate || sc.unknownTLD) {
			t.Errorf("%s (%s): delegated %v", domain, sc.class, delegated[domain])
		}
	}
	if err := w.WriteZone(io.Discard, "example"); err == nil {
		t.Error("a zone that is no registry is written")
	}
}

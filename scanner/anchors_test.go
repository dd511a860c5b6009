package scanner

import (
	"strings"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Both keys of the root zone are built in (spec rule R6.10).
func TestTrustAnchors(t *testing.T) {
	tags := map[uint16]bool{}
	for _, rr := range TrustAnchors() {
		ds, err := wire.ParseDS(rr.Data)
		if err != nil || rr.Owner != wire.Root || rr.Type != wire.TypeDS || ds.Algorithm != 8 || ds.DigestType != 2 || len(ds.Digest) != 32 {
			t.Errorf("%+v: %v", rr, err)
		}
		tags[ds.KeyTag] = true
	}
	if len(tags) != 2 || !tags[20326] || !tags[38696] {
		t.Errorf("key tags %v", tags)
	}
}

func TestReadAnchors(t *testing.T) {
	key := " DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="
	for _, c := range []struct {
		text string
		want int // -1: refused
	}{
		{"", 0},
		{"; nothing but a comment\n", 0},
		{"Example.COM. IN" + key + "\nisland.test. 3600 DS 1 13 2 " + strings.Repeat("ab", 32) + "\n", 2},
		{"example.com. A 192.0.2.1\n", -1},
		{"example.com." + strings.Replace(key, "257", "385", 1) + "\n", -1},
		{"example.com." + strings.Replace(key, "257", "1", 1) + "\n", -1},
		{"example.com. DS 1 13\n", -1},
		{"junk\n", -1},
	} {
		anchors, err := ReadAnchors(strings.NewReader(c.text), "anchors")
		if (err != nil) != (c.want < 0) || err == nil && len(anchors) != c.want {
			t.Errorf("%q: %d anchors, %v", c.text, len(anchors), err)
		}
		for _, rr := range anchors {
			if rr.Type == wire.TypeDNSKEY && (rr.Owner != wire.MustName("example.com") || !validKey(rr)) {
				t.Errorf("%+v", rr)
			}
		}
	}
}

func validKey(rr record.RR) bool {
	key, err := wire.ParseDNSKEY(rr.Data)
	return err == nil && key.KeyTag() == 3613 && len(key.PublicKey) == 32 // RFC 8080 6.1
}

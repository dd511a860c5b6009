package algorithm

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// vectors are the examples of the RFCs: a DNSKEY record, its DS where the RFC gives one, a record and its RRSIG. Those of
// RFC 8080 6 are as the verified erratum 4935 has them; the RFC itself prints signatures over a wrong number of labels.
var vectors = []struct{ name, key, ds, record, signature string }{
	{
		name: "RFC 5702 6.1, RSASHA256 with 512 bits",
		key: `example.net. 3600 IN DNSKEY 256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8P
			kxUdp6p/DlUmObdk=`,
		record: `www.example.net. 3600 IN A 192.0.2.91`,
		signature: `www.example.net. 3600 IN RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net.
			kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==`,
	},
	{
		name: "RFC 5702 6.2, RSASHA512 with 1024 bits",
		key: `example.net. 3600 IN DNSKEY 256 3 10 AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFD
			xj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL`,
		record: `www.example.net. 3600 IN A 192.0.2.91`,
		signature: `www.example.net. 3600 IN RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net.
			tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfD
			qfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=`,
	},
	{
		name: "RFC 6605 6.1, ECDSAP256",
		key: `example.net. 3600 IN DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+
			Wi9xMWyQLc8NAA==`,
		ds:     `example.net. 3600 IN DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17`,
		record: `www.example.net. 3600 IN A 192.0.2.1`,
		signature: `www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net.
			qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==`,
	},
	{
		name: "RFC 6605 6.2, ECDSAP384",
		key: `example.net. 3600 IN DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X
			1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40`,
		ds: `example.net. 3600 IN DS 10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f
			4d288405c3008a946df983d6`,
		record: `www.example.net. 3600 IN A 192.0.2.1`,
		signature: `www.example.net. 3600 IN RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net.
			/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzu
			sdnI0RSMROxxwGipWcJm`,
	},
	{
		name:   "RFC 8080 6.1, Ed25519, first",
		key:    `example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=`,
		ds:     `example.com. 3600 IN DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b`,
		record: `example.com. 3600 IN MX 10 mail.example.com.`,
		signature: `example.com. 3600 IN RRSIG MX 15 2 3600 20150819220000 20150729220000 3613 example.com.
			oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==`,
	},
	{
		name:   "RFC 8080 6.1, Ed25519, second",
		key:    `example.com. 3600 IN DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=`,
		ds:     `example.com. 3600 IN DS 35217 15 2 401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c`,
		record: `example.com. 3600 IN MX 10 mail.example.com.`,
		signature: `example.com. 3600 IN RRSIG MX 15 2 3600 20150819220000 20150729220000 35217 example.com.
			zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==`,
	},
	{
		name:   "RFC 8080 6.2, Ed448, first",
		key:    `example.com. 3600 IN DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA`,
		ds:     `example.com. 3600 IN DS 9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7`,
		record: `example.com. 3600 IN MX 10 mail.example.com.`,
		signature: `example.com. 3600 IN RRSIG MX 16 2 3600 20150819220000 20150729220000 9713 example.com.
			3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQ
			vE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA`,
	},
	{
		name:   "RFC 8080 6.2, Ed448, second",
		key:    `example.com. 3600 IN DNSKEY 257 3 16 kkreGWoccSDmUBGAe7+zsbG6ZAFQp+syPmYUurBRQc3tDjeMCJcVMRDmgcNLp5HlHAMy12VoISsA`,
		ds:     `example.com. 3600 IN DS 38353 16 2 645ff078b3568f5852b70cb60e8e696cc77b75bfaaffc118cf79cbda1ba28af4`,
		record: `example.com. 3600 IN MX 10 mail.example.com.`,
		signature: `example.com. 3600 IN RRSIG MX 16 2 3600 20150819220000 20150729220000 38353 example.com.
			E1/oLjSGIbmLny/4fcgM1z4oL6aqo+izT3urCyHyvEp4Sp8Syg1eI+lJ57CSnZqjJP41O/9l4m0AsQ4f7qI1gVnML8vWWiyW2KXhT9kuAICU
			Sxv5OWbf81Rq7Yu60npabODB0QFPb/rkW3kUZmQ0YQUA`,
	},
	{
		name: "RFC 4034 5.4, a DS of SHA-1, and the key of 2.3",
		key: `dskey.example.com. 86400 IN DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxe
			YCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==`,
		ds: `dskey.example.com. 86400 IN DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118`,
	},
}

func TestVectorsOfTheRFCs(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			dnskey := parse[*dns.DNSKEY](t, v.key)
			key, ok := NewPublicKey(dnskey.Algorithm, unbase64(t, dnskey.PublicKey))
			if !ok {
				t.Fatal("not a key")
			}
			if v.ds != "" {
				checkDigest(t, dnskey, parse[*dns.DS](t, v.ds))
			}
			if v.signature == "" {
				return
			}
			rrsig := parse[*dns.RRSIG](t, v.signature)
			signed, signature := signedOctets(t, rrsig, parse[dns.RR](t, v.record)), unbase64(t, rrsig.Signature)
			if !key.Verify(signed, signature) {
				t.Fatal("the signature is refused")
			}
			refusesChanged(t, key, signed, signature)
		})
	}
}

// refusesChanged checks that signature cannot be another in one of its bits, nor in its length, nor signed another in an
// octet. Of the bits it takes every seventh, which are some of each place in an octet.
func refusesChanged(t *testing.T, key *PublicKey, signed, signature []byte) {
	t.Helper()
	for bit := 0; bit < len(signature)*8; bit += 7 {
		changed := slices.Clone(signature)
		changed[bit/8] ^= 1 << (bit % 8)
		if key.Verify(signed, changed) {
			t.Errorf("taken with bit %d of the signature changed", bit)
		}
	}
	for _, at := range []int{0, len(signed) / 2, len(signed) - 1} {
		changed := slices.Clone(signed)
		changed[at] ^= 0x20
		if key.Verify(changed, signature) {
			t.Errorf("taken with octet %d of the signed changed", at)
		}
	}
	longer := slices.Concat(signature, []byte{0})
	leading := slices.Concat([]byte{0}, signature)
	for _, other := range [][]byte{nil, signature[1:], signature[:len(signature)-1], longer, leading} {
		if key.Verify(signed, other) {
			t.Errorf("taken with %d octets of signature", len(other))
		}
	}
}

func checkDigest(t *testing.T, key *dns.DNSKEY, ds *dns.DS) {
	t.Helper()
	rdata := binary.BigEndian.AppendUint16(nil, key.Flags)
	rdata = append(rdata, key.Protocol, key.Algorithm)
	rdata = append(rdata, unbase64(t, key.PublicKey)...)
	digest, ok := Digest(ds.DigestType, wireName(t, key.Hdr.Name), rdata)
	if !ok || !DigestSupported(ds.DigestType) {
		t.Fatalf("digest type %d is not supported", ds.DigestType)
	}
	if got := hex.EncodeToString(digest); got != strings.ToLower(ds.Digest) {
		t.Errorf("digest of type %d is %s, want %s", ds.DigestType, got, ds.Digest)
	}
}

// signedOctets are what the RRSIG signs: its own RDATA without the signature, then the record (RFC 4034 3.1.8.1).
func signedOctets(t *testing.T, rrsig *dns.RRSIG, record dns.RR) []byte {
	t.Helper()
	b := binary.BigEndian.AppendUint16(nil, rrsig.TypeCovered)
	b = append(b, rrsig.Algorithm, rrsig.Labels)
	b = binary.BigEndian.AppendUint32(b, rrsig.OrigTtl)
	b = binary.BigEndian.AppendUint32(b, rrsig.Expiration)
	b = binary.BigEndian.AppendUint32(b, rrsig.Inception)
	b = binary.BigEndian.AppendUint16(b, rrsig.KeyTag)
	b = append(b, wireName(t, rrsig.SignerName)...)
	packed := make([]byte, 512)
	n, err := dns.PackRR(record, packed, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, packed[:n]...)
}

func wireName(t *testing.T, name string) []byte {
	t.Helper()
	packed := make([]byte, 256)
	n, err := dns.PackDomainName(name, packed, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return packed[:n]
}

func parse[R dns.RR](t *testing.T, line string) R {
	t.Helper()
	rr, err := dns.NewRR(strings.Join(strings.Fields(line), " "))
	if err != nil {
		t.Fatal(err)
	}
	return rr.(R)
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

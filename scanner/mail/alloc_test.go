//go:build !race

package mail

import (
	"testing"

	"github.com/caascan/caascan/scanner/wire"
)

// Reading costs nothing but the lists that a value holds. Making one text of a record costs that text.
func TestAllocations(t *testing.T) {
	txt, err := wire.ParseTXT([]byte("\x06v=spf1\x05 -all"))
	if err != nil {
		t.Fatal(err)
	}
	spf := []string{"site-verification=0123456789", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx:a.example/24 exists:%{i}.a.example redirect=b.example"}
	including := []string{"v=spf1 include:_spf.a.example -all"}
	dmarc := []string{"v=DMARC1; p=reject; sp=none; adkim=s; fo=1:d; pct=50; t=y"}
	reporting := []string{"v=DMARC1; p=reject; rua=mailto:a@example.com!10m"}
	dkim := []string{"v=DKIM1; k=rsa; t=s; p=" + base64Text(pkix(t, 4096))}
	mtasts, bimi := []string{"v=STSv1; id=20160831085700Z;"}, []string{"v=BIMI1; l=https://a.example/i.svg; a=https://b.example/i.pem"}
	tlsrpt := []string{"v=TLSRPTv1; rua=mailto:a@example.com"}
	for _, test := range []struct {
		what string
		want float64
		run  func()
	}{
		{"Text", 1, func() { Text(txt) }},
		{"ParseSPF", 0, func() { ParseSPF(spf) }},
		{"ParseSPF with an include", 1, func() { ParseSPF(including) }},
		{"ParseDMARC", 0, func() { ParseDMARC(dmarc) }},
		{"ParseDMARC with an address", 1, func() { ParseDMARC(reporting) }},
		{"ParseMTASTS", 0, func() { ParseMTASTS(mtasts) }},
		{"ParseTLSReporting", 1, func() { ParseTLSReporting(tlsrpt) }},
		{"ParseBIMI", 0, func() { ParseBIMI(bimi) }},
		{"ParseDKIM", 0, func() { ParseDKIM(dkim) }},
	} {
		if got := testing.AllocsPerRun(100, test.run); got != test.want {
			t.Errorf("%s: %v allocations, want %v", test.what, got, test.want)
		}
	}
}

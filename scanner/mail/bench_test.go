package mail

import (
	"strings"
	"testing"
)

// The usual records, and such as fill a TXT record with what takes longest to read.
func BenchmarkParse(b *testing.B) {
	spf := func(r []string) { ParseSPF(r) }
	dmarc := func(r []string) { ParseDMARC(r) }
	dkim := func(r []string) { ParseDKIM(r) }
	for _, bench := range []struct {
		name   string
		parse  func([]string)
		record string
	}{
		{"SPF", spf, "v=spf1 ip4:192.0.2.0/24 a:mail.example.com include:_spf.example.net -all"},
		{"SPF-64k-includes", spf, "v=spf1" + strings.Repeat(" include:a.b", 5400)},
		{"SPF-64k-macros", spf, "v=spf1 a:" + strings.Repeat("%{d2r.}", 9000) + ".b"},
		{"SPF-64k-open-macros", spf, "v=spf1 x=" + strings.Repeat("%{d", 21000) + "}"},
		{"SPF-64k-dots", spf, "v=spf1 a:" + strings.Repeat(".", 65000)},
		{"SPF-64k-digits", spf, "v=spf1 a:a.b/" + strings.Repeat("1", 65000)},
		{"SPF-64k-address", spf, "v=spf1 ip6:" + strings.Repeat("0:", 32000)},
		{"DMARC", dmarc, "v=DMARC1; p=reject; sp=quarantine; adkim=s; fo=1; rua=mailto:dmarc@example.com"},
		{"DMARC-64k-tags", dmarc, "v=DMARC1" + strings.Repeat(";x=y", 16000)},
		{"DMARC-64k-blanks", dmarc, "v=DMARC1;" + strings.Repeat(" ", 32000) + ";" + strings.Repeat(" ", 32000)},
		{"DMARC-64k-addresses", dmarc, "v=DMARC1;rua=" + strings.Repeat("mailto:a@b!1,", 5000)},
		{"MTA-STS-64k-fields", func(r []string) { ParseMTASTS(r) }, "v=STSv1" + strings.Repeat(";x=y", 16000)},
		{"TLS-RPT-64k-addresses", func(r []string) { ParseTLSReporting(r) }, "v=TLSRPTv1;rua=" + strings.Repeat("mailto:a@b,", 5900)},
		{"BIMI-64k-host", func(r []string) { ParseBIMI(r) }, "v=BIMI1;l=https://" + strings.Repeat("a.", 32000)},
		{"DKIM-2048", dkim, "v=DKIM1;p=" + base64Text(pkix(b, 2048))},
		{"DKIM-64k-key", dkim, "v=DKIM1;p=" + strings.Repeat("AAAA", 16000)},
		{"DKIM-64k-list", dkim, "t=" + strings.Repeat("y:", 32000) + ";p="},
	} {
		b.Run(bench.name, func(b *testing.B) {
			records := []string{bench.record}
			b.SetBytes(int64(len(bench.record)))
			b.ReportAllocs()
			for b.Loop() {
				bench.parse(records)
			}
		})
	}
}

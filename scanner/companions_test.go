package scanner

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
)

// everything is all companions that a world of one server can show.
const everything = MX | SPF | DMARC | MTASTS | TLSReporting | BIMI | DKIM | MXHosts

// audited is a zone with all companions.
const audited = `example.com. MX 10 mail.example.com.
example.com. MX 20 mx.operator.net.
example.com. MX 30 mail.example.com.
example.com. TXT "v=spf1 include:spf.operator.net " "-all"
example.com. TXT "some-verification=1"
example.com. CAA 0 issue "ca.example"
mail.example.com. A 192.0.2.1
mx.operator.net. A 192.0.2.1
operator.net. CAA 0 issue ";"
_dmarc.example.com. TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.com"
_mta-sts.example.com. TXT "v=STSv1; id=20261101"
mta-sts.example.com. A 192.0.2.1
_smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:t@example.com"
default._bimi.example.com. TXT "v=BIMI1; l=https://example.com/logo.svg"
s1._domainkey.example.com. TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
`

// said puts what was learned into one line.
func said(c *record.Companions) string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "spf %v, dmarc %v, mta-sts %v, tls-rpt %v, bimi %v", c.SPF.Says.Posture, c.DMARC.Says.Posture,
		c.MTASTS.Says.Posture, c.TLSReporting.Says.Posture, c.BIMI.Says.Posture)
	for _, s := range c.DKIM {
		fmt.Fprintf(&b, ", %s %v", s.Name, s.Key.Says.Posture)
	}
	host := func(h *record.Host) {
		level := "-"
		if h.Relevant >= 0 {
			level = h.Climb[h.Relevant].Name.String()
		}
		fmt.Fprintf(&b, "; %s: %v %s", h.Name, h.Posture[caa.TLS], level)
	}
	if c.PolicyHost != nil {
		host(c.PolicyHost)
	}
	for i := range c.Hosts {
		host(&c.Hosts[i])
	}
	return b.String()
}

func TestCompanions(t *testing.T) {
	const notAsked = "spf not-asked, dmarc not-asked, mta-sts not-asked, tls-rpt not-asked, bimi not-asked"
	tests := []struct {
		what      string
		name      string // example.com
		zone      string // audited
		fails     map[string]int
		with      Companions
		selectors []string
		want      string
		asked     string // after CAA, MX and addresses of the name itself
	}{
		{
			what: "all of them", with: everything, selectors: []string{"s1", "none"},
			want: "spf fail, dmarc reject, mta-sts published, tls-rpt published, bimi self-asserted, s1 valid, none absent; " +
				"mta-sts.example.com: restricted example.com; mail.example.com: restricted example.com; mx.operator.net: closed operator.net",
			asked: "example.com TXT, _dmarc.example.com TXT, _mta-sts.example.com TXT, mta-sts.example.com CAA, _smtp._tls.example.com TXT, " +
				"default._bimi.example.com TXT, s1._domainkey.example.com TXT, none._domainkey.example.com TXT, mail.example.com CAA, mx.operator.net CAA, operator.net CAA",
		},
		{what: "none but MX", with: MX, want: ""},
		{what: "the hosts of the MX alone, which takes the MX", with: MXHosts,
			want:  notAsked + "; mail.example.com: restricted example.com; mx.operator.net: closed operator.net",
			asked: "mail.example.com CAA, mx.operator.net CAA, operator.net CAA"},
		{what: "null MX names no host (RFC 7505)", zone: "example.com. MX 0 .\n", with: MXHosts, want: notAsked},
		{what: "a name that does not exist has none (RFC 8020)", name: "no.example.com", with: everything, selectors: []string{"s1"}, want: ""},
		{what: "an alias of what does not exist is a name", zone: "example.com. CNAME no.example.net.\nexample.net. A 192.0.2.1\n_dmarc.example.com. TXT \"v=DMARC1; p=none\"\n", with: SPF | DMARC,
			want: "spf absent, dmarc none, mta-sts not-asked, tls-rpt not-asked, bimi not-asked", asked: "example.com TXT, _dmarc.example.com TXT"},
		{what: "DMARC of the registrable domain, where the name has none (RFC 7489 6.6.3)", name: "mail.example.com", with: DMARC,
			want:  "spf not-asked, dmarc reject, mta-sts not-asked, tls-rpt not-asked, bimi not-asked",
			asked: "_dmarc.mail.example.com TXT, _dmarc.example.com TXT"},
		{what: "but not where it has one that is no good", name: "mail.example.com", with: DMARC,
			zone:  audited + "_dmarc.mail.example.com. TXT \"v=DMARC1; p=sometimes\"\n",
			want:  "spf not-asked, dmarc invalid, mta-sts not-asked, tls-rpt not-asked, bimi not-asked",
			asked: "_dmarc.mail.example.com TXT"},
		{what: "nor where that is not known", name: "mail.example.com", with: DMARC, fails: map[string]int{"_dmarc.mail.example.com TXT": dns.RcodeRefused},
			want:  "spf not-asked, dmarc error, mta-sts not-asked, tls-rpt not-asked, bimi not-asked",
			asked: "_dmarc.mail.example.com TXT"},
		{what: "without a policy its host is not asked about", name: "mail.example.com", with: MTASTS,
			want: "spf not-asked, dmarc not-asked, mta-sts absent, tls-rpt not-asked, bimi not-asked", asked: "_mta-sts.mail.example.com TXT"},
		{what: "the host has CAA of its own", with: MTASTS, zone: audited + "mta-sts.example.com. CAA 0 issue \";\"\n",
			want:  "spf not-asked, dmarc not-asked, mta-sts published, tls-rpt not-asked, bimi not-asked; mta-sts.example.com: closed mta-sts.example.com",
			asked: "_mta-sts.example.com TXT, mta-sts.example.com CAA"},
		{what: "failures", with: SPF | TLSReporting | MXHosts, fails: map[string]int{"example.com TXT": dns.RcodeRefused, "_smtp._tls.example.com TXT": dns.RcodeNotImplemented, "mx.operator.net CAA": dns.RcodeRefused},
			want:  "spf error, dmarc not-asked, mta-sts not-asked, tls-rpt error, bimi not-asked; mail.example.com: restricted example.com; mx.operator.net: error mx.operator.net",
			asked: "example.com TXT, _smtp._tls.example.com TXT, mail.example.com CAA, mx.operator.net CAA, operator.net CAA"},
		{what: "no MX known, no hosts known", with: MXHosts, fails: map[string]int{"example.com MX": dns.RcodeNotImplemented}, want: notAsked},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			name, zone := test.name, test.zone
			if name == "" {
				name = "example.com"
			}
			if zone == "" {
				zone = audited
			}
			r, asked := scanWith(t, &rootWorld{zone, test.fails}, record.Target{Name: name, Registrable: "example.com", Line: 1}, resolve.Config{}, test.with, test.selectors...)
			if got := said(r.Companions); got != test.want {
				t.Errorf("learned\n%s, want\n%s", got, test.want)
			}
			var own []string
			for _, level := range r.Climb {
				own = append(own, level.Name.String()+" CAA")
			}
			own = append(own, name+" MX", name+" A", name+" AAAA")
			asked = slices.Compact(slices.DeleteFunc(asked, func(q string) bool { return slices.Contains(own, q) }))
			if got := strings.Join(asked, ", "); got != test.asked {
				t.Errorf("asked\n%s, want\n%s", got, test.asked)
			}
		})
	}
}

// The servers are asked about the level that decides; also of a name that does not exist, for some may have it.
func TestAllServers(t *testing.T) {
	for name, want := range map[string]string{
		"example.com": "example.com found", "mail.example.com": "example.com found", "no.example.com": "example.com found",
		"nothing.example.org": "nothing.example.org nxdomain", "mx.operator.net": "operator.net found", "www.failing.net": "failing.net refused",
	} {
		r, _ := scanWith(t, &rootWorld{audited + "www.failing.net. A 192.0.2.1\n", map[string]int{"failing.net CAA": dns.RcodeRefused}}, record.Target{Name: name, Line: 1}, resolve.Config{}, AllServers)
		if r.Companions != nil || r.Survey == nil {
			t.Errorf("%s: companions %v, survey %+v", name, r.Companions, r.Survey)
			continue
		}
		if got := fmt.Sprint(r.Survey.Name, " ", r.Survey.Answers[0].Outcome); got != want || r.Survey.Consistency != record.NotChecked {
			t.Errorf("%s: %s, %v; want %s of the one server", name, got, r.Survey.Consistency, want)
		}
	}
	if _, err := New(Config{InFlight: 1, With: AllServers, Network: Network{Resolvers: []netip.AddrPort{{}}}}); err == nil {
		t.Error("resolvers are asked for all servers")
	}
}

// A name too long for the labels before it publishes nothing there, and nothing is asked.
func TestCompanionsOfLongName(t *testing.T) {
	label := strings.Repeat("a", 61)
	name := strings.Join([]string{label, label, label, label, "com"}, ".")
	r, asked := scanWith(t, &rootWorld{name + ". A 192.0.2.1\n", nil}, record.Target{Name: name, Registrable: label + ".com", Line: 1}, resolve.Config{}, MTASTS|DKIM|TLSReporting|BIMI, "s1")
	want := "spf not-asked, dmarc not-asked, mta-sts absent, tls-rpt absent, bimi absent, s1 absent"
	if got := said(r.Companions); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, q := range asked {
		if !strings.HasSuffix(q, " CAA") {
			t.Errorf("asked %s", q)
		}
	}
}

// The bound on queries holds for all that is asked for one name: what it cuts off is an error, never absent.
func TestCompanionsAreBounded(t *testing.T) {
	zone := audited
	for i := range 100 {
		zone += fmt.Sprintf("example.com. MX 40 m%02d.example.org.\nm%02[1]d.example.org. A 192.0.2.1\n", i)
	}
	target := record.Target{Name: "example.com", Registrable: "example.com", Line: 1}
	r, _ := scanWith(t, &rootWorld{zone, nil}, target, resolve.Config{}, everything)
	if n := len(r.Companions.Hosts); n != maxHosts {
		t.Errorf("%d hosts, want %d", n, maxHosts)
	}
	r, asked := scanWith(t, &rootWorld{zone, nil}, target, resolve.Config{MaxQueries: 4}, everything, "s1")
	if len(asked) != 4 || r.Cost.Queries != 4 {
		t.Errorf("%d queries, %d booked", len(asked), r.Cost.Queries)
	}
	c := r.Companions
	if c.SPF.Says.Posture != mail.SPFFail || c.DMARC.Says.Posture != mail.DMARCReject || c.MTASTS.Says.Posture != mail.MTASTSError ||
		c.TLSReporting.Says.Posture != mail.TLSReportingError || c.BIMI.Says.Posture != mail.BIMIError || c.DKIM[0].Key.Says.Posture != mail.DKIMError {
		t.Error(said(c))
	}
	for _, h := range c.Hosts {
		if h.Posture[caa.TLS] != caa.Error || h.Climb[h.Relevant].Answer.Outcome != record.WorkBound {
			t.Errorf("%s: %v", h.Name, h.Posture)
		}
	}
}

// Records of TXT that cannot be read are no absence.
func TestUnreadableText(t *testing.T) {
	a := &record.Answer{Type: 16, Outcome: record.Found, Records: []record.RR{{Type: 16, Data: []byte("\x05v=s")}}}
	if p := read(a, mail.ParseSPF, mail.SPF{Posture: mail.SPFError}); p.Says.Posture != mail.SPFError {
		t.Errorf("posture %v", p.Says.Posture)
	}
	if p := read(&record.Answer{Type: 16, Outcome: record.Skipped}, mail.ParseSPF, mail.SPF{Posture: mail.SPFError}); p.Says.Posture != mail.SPFNotAsked {
		t.Errorf("opted out: posture %v", p.Says.Posture)
	}
}

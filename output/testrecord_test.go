package output

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/mail"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// start is the moment at which the scans of the tests begin.
var start = time.Date(2026, 11, 21, 9, 30, 0, 123456000, time.UTC)

// registrable stands in for the public suffix list: the last two labels.
func registrable(name string) string {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return ""
	}
	return name[strings.LastIndexByte(name[:at], '.')+1:]
}

// caaRR makes a CAA record from flags, tag and value.
func caaRR(owner wire.Name, ttl uint32, flags uint8, tag, value string) record.RR {
	return record.RR{
		Owner: owner, TTL: ttl, Type: wire.TypeCAA, Class: wire.ClassIN,
		Data: caa.Property{Flags: flags, Tag: tag, Value: value}.AppendRData(nil),
	}
}

// rawRR makes a CAA record of any data.
func rawRR(owner wire.Name, ttl uint32, data string) record.RR {
	return record.RR{Owner: owner, TTL: ttl, Type: wire.TypeCAA, Class: wire.ClassIN, Data: []byte(data)}
}

// judged fills in what follows from the climb, as the scanner does.
func judged(r *record.Record) *record.Record {
	r.Relevant = -1
	r.Posture = caa.Uniform(caa.Absent)
	for i := range r.Climb {
		a := r.Climb[i].Answer
		switch {
		case a.Outcome.Failed():
			r.Relevant, r.Posture = i, caa.Uniform(caa.Error)
		case a.Outcome == record.Found:
			r.Relevant = i
			var properties []caa.Property
			for _, rr := range a.Set() {
				p, err := caa.ParseRData(rr.Data)
				if err != nil {
					panic(err)
				}
				properties = append(properties, p)
			}
			r.CAA = caa.Judge(properties)
			if i > 0 {
				r.CAA.Add(caa.Inherited)
			}
			if len(a.Chain) > 0 {
				r.CAA.Add(caa.Alias)
			}
			r.Posture = r.CAA.Posture
		default:
			continue
		}
		break
	}
	return r
}

// typical makes the record that most names give: no CAA at the name nor at its parent, an MX.
func typical(i int) *record.Record {
	name := fmt.Sprintf("domain-%d.com", i)
	at := wire.MustName(name)
	ns := []wire.Name{
		wire.MustName(fmt.Sprintf("ns%d.domaincontrol.com", i%80)),
		wire.MustName(fmt.Sprintf("ns%d.domaincontrol.com", i%80+1)),
	}
	server := netip.AddrFrom4([4]byte{97, 74, 100, byte(i % 80)})
	now := step.Time(start.UnixNano()) + step.Time(i)*step.Time(50*time.Microsecond)
	mx := wire.MustName(fmt.Sprintf("mail%d.protection.outlook.com", i%500))
	tld := &record.Answer{
		Name: "\x03com\x00", Type: wire.TypeCAA, Outcome: record.NoData, TTL: 900, Zone: "\x03com\x00",
		NS: []wire.Name{wire.MustName("a.gtld-servers.net")}, By: &record.Server{Addr: netip.MustParseAddr("192.5.6.30")}, RTT: 9 * time.Millisecond, Size: 101, Attempts: 1,
	}
	return judged(&record.Record{
		Target:   record.Target{Name: name, Source: "tranco:2026-11-01:K25XW", Line: int64(i), Rank: int64(i), RankBucket: "100k-1m", Registrable: name, Suffix: "com", ICANN: true},
		Admitted: now, Finished: now.Add(83 * time.Millisecond),
		Climb: []record.Level{
			{Name: at, Answer: &record.Answer{
				Name: at, Type: wire.TypeCAA, Outcome: record.NoData, TTL: 600, Zone: at, NS: ns,
				By: &record.Server{Addr: server, Name: ns[0]}, RTT: time.Duration(20000+i*7919%30000) * time.Microsecond, Size: 93, Attempts: 1,
			}},
			{Name: at.Parent(), Answer: tld},
		},
		Mail: record.Mail{
			MX: &record.Answer{
				Name: at, Type: wire.TypeMX, Outcome: record.Found, TTL: 3600, Zone: at, NS: ns, By: &record.Server{Addr: server},
			},
			Exchange: []record.MX{{Preference: 10, Exchange: mx}},
		},
		Cost: record.Cost{Queries: 3, Waited: time.Duration(i*31%2000) * time.Microsecond},
	})
}

// withCAA is typical, with a set of four records at the name.
func withCAA(i int) *record.Record {
	r := typical(i)
	a := *r.Climb[0].Answer
	a.Outcome = record.Found
	for _, p := range []caa.Property{
		{Tag: "issue", Value: "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/" + fmt.Sprint(i)},
		{Tag: "issue", Value: "digicert.com"},
		{Tag: "issuewild", Value: ";"},
		{Tag: "iodef", Value: "mailto:security@" + r.Target.Name},
	} {
		a.Records = append(a.Records, caaRR(a.Name, 3600, p.Flags, p.Tag, p.Value))
	}
	r.Climb = []record.Level{{Name: a.Name, Answer: &a}}
	return judged(r)
}

// random makes a record of any shape, the hostile ones not excepted; the same for the same state of rng.
func random(rng *rand.Rand, i int) *record.Record {
	g := generator{rng}
	name := g.name(i)
	at := wire.MustName(name)
	now := step.Time(start.UnixNano()) + step.Time(i)*step.Time(time.Millisecond)
	r := &record.Record{
		Target: record.Target{
			Name: name, Source: g.pick("tranco:2026-11-01:K25XW", "stdin", "Liste für Ö.csv", "list\x00\xff.txt"), Line: int64(i + 1),
			Suffix: name[strings.LastIndexByte(name, '.')+1:], ICANN: g.chance(0.8), Mail: g.chance(0.1), Wildcard: g.chance(0.1),
		},
		Admitted: now, Finished: now.Add(time.Duration(rng.IntN(2e9))),
		Cost: record.Cost{Queries: rng.Int32N(6), Retries: rng.Int32N(3), TCP: rng.Int32N(2), Waited: time.Duration(rng.IntN(1e9))},
	}
	if g.chance(0.1) {
		r.Cost.Queries = 100_000
	}
	if g.chance(0.3) {
		r.Target.Input = g.pick("Bücher.example", "@example.org", "https://EXAMPLE.org/<script>", "bad\xff\x00\x1b[31m", "\u202eevil", `back\slash`)
	}
	if g.chance(0.5) {
		r.Target.Rank, r.Target.RankBucket = int64(i+1), g.pick("1-1k", "1k-10k", "1m+")
	}
	if at.Labels() > 1 {
		r.Target.Registrable = registrable(name)
	}
	if g.chance(0.02) {
		r.Posture = caa.Uniform(caa.NotApplicable)
		r.Relevant = -1
		return r // nothing asked
	}
	for level := at; level != wire.Root; level = level.Parent() {
		a := g.answer(level, wire.TypeCAA)
		r.Climb = append(r.Climb, record.Level{Name: level, Answer: a})
		if a.Outcome == record.Found {
			break
		}
	}
	if g.chance(0.9) {
		g.mail(&r.Mail, at)
	}
	if g.chance(0.3) {
		r.Companions = g.companions(at)
	}
	if g.chance(0.3) {
		r.Survey = g.survey(at)
	}
	if judged(r); g.chance(0.2) {
		first := judged(&record.Record{Climb: []record.Level{{Name: at, Answer: &record.Answer{
			Name: at, Type: wire.TypeCAA, Outcome: record.Outcome(g.IntN(record.Outcomes-3)) + record.Timeout, Attempts: uint8(g.IntN(200)),
		}}}})
		first.Finished = r.Admitted
		r.Target.First = first.Look()
	}
	return r
}

type generator struct{ *rand.Rand }

func (g generator) chance(p float64) bool { return g.Float64() < p }

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g generator) name(i int) string {
	switch g.IntN(10) {
	case 0:
		return fmt.Sprintf("tld%d", i)
	case 1:
		return fmt.Sprintf("xn--bcher-kva.a.b.c.d%d.co.uk", i)
	case 2, 3:
		return fmt.Sprintf("www.d%d.com", i)
	default:
		return fmt.Sprintf("d%d.%s", i, g.pick("com", "de", "se", "xn--p1ai"))
	}
}

func (g generator) answer(name wire.Name, t wire.Type) *record.Answer {
	a := &record.Answer{
		Name: name, Type: t, TTL: uint32(g.IntN(90000)), Zone: name, Security: record.Security(g.IntN(4)),
		Reason: g.pick("", "", "no_ds", "expired_sig"), Truncated: g.chance(0.1), TCP: g.chance(0.1), Attempts: uint8(g.IntN(200)),
	}
	if g.chance(0.05) {
		a.TTL = 1<<31 + 5
	}
	for range g.IntN(4) {
		a.NS = append(a.NS, wire.MustName(fmt.Sprintf("ns%d.op%d.%s", g.IntN(5), g.IntN(300), g.pick("net", "com"))))
	}
	if g.chance(0.2) {
		a.DS = record.Present
	}
	if a.Security == record.BogusData {
		a.BrokenAt = name.Parent()
	}
	if g.chance(0.05) {
		a.Cause = g.pick("queries", "no-address")
	}
	if g.chance(0.15) {
		a.Notes = &record.Notes{EDE: []record.EDE{{Code: 22, Text: g.pick("", "no \xff reach", "naïve 中文")}, {Code: 65535}}}
	}
	for at := name; g.chance(0.15); {
		target := wire.MustName(fmt.Sprintf("target%d.cdn.net", g.IntN(1000)))
		a.Chain = append(a.Chain, record.Alias{Owner: at, Target: target, TTL: 60, DNAME: g.chance(0.3)})
		a.Records = append(a.Records, record.RR{Owner: at, Type: wire.TypeCNAME, TTL: 60, Data: []byte(target)})
		at = target
	}
	switch g.IntN(10) {
	case 0, 1, 2:
		a.Outcome = record.NoData
	case 3:
		a.Outcome, a.RCode = record.NXDomain, wire.NXDomain
	case 4:
		a.Outcome = record.Outcome(g.IntN(record.Outcomes-3)) + record.Timeout
		a.Zone = name.Parent()
		a.RCode = a.Outcome.ClientRCode()
		if a.Outcome == record.Malformed && t == wire.TypeCAA {
			a.Records = append(a.Records, caaRR(a.Owner(), a.TTL, 0, "issue", "ok.example"), rawRR(a.Owner(), a.TTL, "\x00\xffissue"), rawRR(a.Owner(), a.TTL, ""))
		}
	default:
		a.Outcome = record.Found
		if t == wire.TypeCAA {
			g.records(a)
		}
	}
	if a.Outcome != record.Timeout && a.Outcome != record.Unreachable && a.Outcome != record.Skipped {
		a.By = &record.Server{Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(g.IntN(256))}), Name: wire.MustName("ns1.op1.net")}
		if g.chance(0.3) {
			a.By.Addr = netip.MustParseAddr("2001:db8::53")
		}
		a.RTT, a.Size = time.Duration(g.IntN(1e9)), 100+uint16(g.IntN(1000))
	}
	return a
}

// hostile values of CAA records.
var hostile = []string{
	"", ";", "%%%%%", "letsencrypt.org", "LetsEncrypt.ORG", "ca.example; accounturi=https://x/1; validationmethods=dns-01",
	"ca.example; cansignhttpexchanges=yes; other=1", "naïve.example", "nul\x00\x1b[2J\r\n", "\xff\xfe\x80", "<script>alert('1')</script>",
	`"quoted"`, `back\slash\065`, "=cmd|' /C calc'!A0", "\u202e\u2028", strings.Repeat("x", 3000),
}

func (g generator) records(a *record.Answer) {
	n := 1 + g.IntN(4)
	if g.chance(0.002) {
		n = 1001 // the public CAA test suite has such a set
	}
	for k := range n {
		tag := g.pick("issue", "issue", "ISSUE", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone", "auth", "x\x00\xff", "tbs")
		value := hostile[g.IntN(len(hostile))]
		if n == 1001 {
			value = fmt.Sprintf("ca%d.example", k)
		}
		flags := uint8(0)
		if g.chance(0.2) {
			flags = uint8(g.IntN(256))
		}
		a.Records = append(a.Records, caaRR(a.Owner(), a.TTL, flags, tag, value))
	}
}

func (g generator) mail(m *record.Mail, name wire.Name) {
	m.MX = g.answer(name, wire.TypeMX)
	if m.MX.Outcome == record.Found {
		switch {
		case g.chance(0.1):
			m.Exchange = []record.MX{{Exchange: wire.Root}}
		default:
			for k := range 1 + g.IntN(3) {
				m.Exchange = append(m.Exchange, record.MX{Preference: uint16(10 * k), Exchange: wire.MustName(fmt.Sprintf("mx%d.op%d.org", k, g.IntN(200)))})
			}
		}
	}
	if m.MX.Outcome == record.NoData && g.chance(0.9) {
		m.Address = g.answer(name, wire.TypeA)
	}
}

// texts of TXT records: good ones, bad ones and hostile ones of each protocol.
var texts = []string{
	"v=spf1 -all", "v=spf1 include:a.example include:\\b.example a mx ~all", "v=spf1 redirect=_spf.example", "v=spf1 ip4:x", "v=spf1 include:%{i}._spf.example ?all",
	"v=DMARC1; p=reject; sp=none; rua=mailto:a@b.example,mailto:c@d.example!10m; ruf=mailto:e@f.example; t=y; pct=50", "v=DMARC1; p=none", "v=DMARC1; p=maybe",
	"v=STSv1; id=1", "v=STSv1", "v=TLSRPTv1; rua=https://r.example/x,mailto:a@b.example", "v=TLSRPTv1; rua=ftp://x",
	"v=BIMI1; l=https://example.com/l.svg; a=https://example.com/c.pem", "v=BIMI1; l=", "v=BIMI1; l=http://x",
	"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=; t=y", "v=DKIM1; p=", "k=rsa; p=AAAA", "\xff\x00 unrelated",
}

func publishes[P any](g generator, name wire.Name, parse func([]string) P) (p record.Published[P]) {
	if g.chance(0.2) {
		return p // not asked
	}
	if p.Answer = g.answer(name, wire.TypeTXT); g.chance(0.1) {
		p.Answer = nil
	}
	var some []string
	for g.chance(0.8) {
		some = append(some, texts[g.IntN(len(texts))])
	}
	p.Says = parse(some)
	return p
}

func (g generator) host(name wire.Name) record.Host {
	var climb []record.Level
	for level := name; level != wire.Root; level = level.Parent() {
		climb = append(climb, record.Level{Name: level, Answer: g.answer(level, wire.TypeCAA)})
	}
	return record.Host{Name: name, Verdict: record.Conclude(climb)}
}

func (g generator) companions(name wire.Name) *record.Companions {
	c := &record.Companions{
		SPF: publishes(g, name, mail.ParseSPF), DMARC: publishes(g, name, mail.ParseDMARC), MTASTS: publishes(g, name, mail.ParseMTASTS),
		TLSReporting: publishes(g, name, mail.ParseTLSReporting), BIMI: publishes(g, name, mail.ParseBIMI),
	}
	if under, ok := mail.DMARCName(name); ok && c.DMARC.Answer != nil && g.chance(0.5) {
		c.DMARC.Answer.Name = under
	}
	if c.MTASTS.Says.ID != "" {
		host := g.host(wire.MustName("mta-sts." + name.String()))
		c.PolicyHost = &host
	}
	for g.chance(0.5) {
		c.DKIM = append(c.DKIM, record.Selector{Name: g.pick("s1", "sélecteur"), Key: publishes(g, name, mail.ParseDKIM)})
	}
	if g.chance(0.7) {
		c.Hosts = []record.Host{}
		for g.chance(0.6) {
			c.Hosts = append(c.Hosts, g.host(wire.MustName(fmt.Sprintf("mx%d.op%d.org", g.IntN(3), g.IntN(200)))))
		}
	}
	return c
}

func (g generator) survey(name wire.Name) *record.Survey {
	s := &record.Survey{Name: name, Type: wire.TypeCAA, Zone: name, Addresses: g.IntN(200)}
	for range g.IntN(5) {
		a := g.answer(name, wire.TypeCAA)
		s.Answers = append(s.Answers, record.ServerAnswer{Outcome: a.Outcome, RCode: a.RCode, Set: a.Set()})
	}
	s.Consistency = record.Classify(s.Answers)
	return s
}

// server makes what a scan saw of one server.
func server(i int) record.NameServer {
	var addr [16]byte
	binary.BigEndian.PutUint64(addr[8:], uint64(i))
	addr[0] = 0x20
	s := record.NameServer{
		Addr: netip.AddrFrom16(addr), Names: []wire.Name{wire.MustName(fmt.Sprintf("ns%d.example.net", i))}, Operator: "example.net",
		Sent: i, Answered: i / 2, Timeouts: i / 3, Unreachable: 1, ServFail: 2, Refused: 3, FormErr: 4, NotImp: 5, Lame: 6, TCP: 7,
		RTT50: time.Duration(i) * time.Millisecond, RTT95: time.Duration(i) * 2 * time.Millisecond, Waited: 1500 * time.Millisecond,
		First: step.Time(start.UnixNano()), Last: step.Time(start.UnixNano() + 1e9),
		RateLimit: float64(i%3) * 12.5, Slowed: i % 4, Peak: 20 + i%30, OptedOut: i%11 == 0,
		EDNS: record.Support(i % 5), CAA: record.Support((i + 1) % 5), MixedCase: record.Support((i + 2) % 5),
	}
	if s.Slowed > 0 {
		s.SlowedBy = []string{"timeout", "refused"}[i%2]
	}
	if i%7 == 0 {
		s.Names, s.Operator, s.First, s.Last = nil, "", 0, 0
	}
	return s
}

// exchangesFor makes exchanges for a record: those of its levels, with all that may become of one, and one with servers above.
func exchangesFor(r *record.Record) (all []record.Exchange) {
	for i, level := range r.Climb {
		all = append(all, exchange(int(r.Target.Line)+i, wire.MustName(r.Target.Name), level.Name))
	}
	if len(all) == 0 {
		all = append(all, exchange(int(r.Target.Line), wire.MustName(r.Target.Name), wire.MustName("com")))
	}
	return all
}

// someServer is asked in all of them.
var someServer = &record.Server{Name: wire.MustName("ns.op.net"), Addr: netip.MustParseAddr("192.0.2.1")}

// exchange makes one, of a kind that depends on i.
func exchange(i int, of, name wire.Name) record.Exchange {
	x := record.Exchange{
		For: of, Name: name, Zone: name.Parent(), Server: someServer, Type: wire.TypeCAA, Sent: step.Time(start.UnixNano() + int64(i)*1e6),
		Waited: time.Duration(i%3) * 7 * time.Millisecond, Attempt: uint8(1 + i%4), TCP: i%5 == 0, Mixed: i%3 > 0, Purpose: record.Purpose(i % record.Purposes),
		End: record.Ending(i % record.Endings),
	}
	if i%6 > 0 {
		x.UDPSize, x.DO = 1232, i%2 == 0
	}
	if i%7 == 0 {
		x.Zone, x.Server, x.CD = "", &record.Server{Addr: netip.MustParseAddr("2001:db8::53")}, true
	}
	if x.End.HasReply() {
		x.RTT, x.Size, x.Flags, x.RCode = time.Duration(1+i)*time.Microsecond, uint16(12+i%1000), wire.FlagQR|uint16(i%4)<<9|uint16(i%2)<<5, wire.RCode(i%80)
		x.Counts, x.CaseKept = [3]uint16{uint16(i % 3), 1, uint16(i % 70)}, x.Mixed && i%2 == 0
		if i%4 == 0 {
			x.HasEDE, x.EDE, x.EDEText = true, uint16(i%100), []string{"", "no\tgood", "signature expired"}[i%3]
		}
	}
	return x
}

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/caascan/caascan/datasets"
	"github.com/caascan/caascan/output"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// madeUp makes records like those of a scan of a large list, without a packet: a report has to read as much of them. Shares are those
// that measurements of top lists have shown in their order of magnitude: one name in eight with a set, nearly all of a few
// thousand different ones; one in ten signed; one in forty fails. The same for the same seed.
type madeUp struct {
	rng       *rand.Rand
	tlds      []madeUpTLD
	tld       *rand.Zipf
	operators []madeUpOperator
	operator  *rand.Zipf
	mail      *rand.Zipf
	sets      []madeUpSet
	set       *rand.Zipf
	began     step.Time
}

type madeUpTLD struct {
	name   string
	answer *record.Answer // to CAA there: nothing
}

type madeUpOperator struct {
	ns     []wire.Name
	server record.Server
}

type madeUpSet struct {
	records []record.RR // without owners
	judged  caa.Set
}

const (
	madeUpTLDs      = 900
	madeUpOperators = 40_000
	madeUpMail      = 15_000
	madeUpSets      = 4_000
)

func newMadeUp(seed uint64) *madeUp {
	m := &madeUp{rng: rand.New(rand.NewPCG(seed, 11)), began: step.Time(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC).UnixNano())}
	m.tld = rand.NewZipf(m.rng, 1.5, 1, madeUpTLDs-1)
	m.operator = rand.NewZipf(m.rng, 1.2, 2, madeUpOperators-1)
	m.mail = rand.NewZipf(m.rng, 1.3, 1, madeUpMail-1)
	m.set = rand.NewZipf(m.rng, 1.4, 2, madeUpSets-1)
	for i := range madeUpTLDs {
		name := fmt.Sprintf("t%d", i)
		if i < len(largestTLDs) {
			name = largestTLDs[i]
		}
		at := wire.MustName(name)
		m.tlds = append(m.tlds, madeUpTLD{name, &record.Answer{
			Name: at, Type: wire.TypeCAA, Outcome: record.NoData, TTL: 900, Zone: at, Security: record.Secure, NS: []wire.Name{wire.MustName("a.nic." + name)},
			By: &record.Server{Addr: netip.AddrFrom4([4]byte{192, 5, byte(i >> 8), byte(i)}), Name: wire.MustName("a.nic." + name)}, RTT: 9 * time.Millisecond, Size: 101, Attempts: 1,
		}})
	}
	for i := range madeUpOperators {
		var addr [4]byte
		binary.BigEndian.PutUint32(addr[:], 0x0b000000+uint32(i))
		ns := []wire.Name{wire.MustName(fmt.Sprintf("ns1.dns%d.net", i)), wire.MustName(fmt.Sprintf("ns2.dns%d.net", i))}
		m.operators = append(m.operators, madeUpOperator{ns, record.Server{Addr: netip.AddrFrom4(addr), Name: ns[0]}})
	}
	for range madeUpSets {
		m.sets = append(m.sets, m.makeSet())
	}
	return m
}

var largestTLDs = []string{"com", "de", "net", "org", "nl", "ru", "br", "se", "fr", "eu", "info", "ch", "xyz", "au", "it"}

// makeSet makes the records of a set: mostly a few well-known issuers, sometimes what people do wrong.
func (m *madeUp) makeSet() madeUpSet {
	known := datasets.DefaultIssuers().Names()
	popular := []string{"letsencrypt.org", "digicert.com", "sectigo.com", "pki.goog", "globalsign.com", "amazon.com", "ssl.com", "comodoca.com"}
	var records []record.RR
	var properties []caa.Property
	add := func(flags uint8, tag, value string) {
		p := caa.Property{Flags: flags, Tag: tag, Value: value}
		properties = append(properties, p)
		records = append(records, record.RR{Type: wire.TypeCAA, Class: wire.ClassIN, TTL: 3600, Data: p.AppendRData(nil)})
	}
	issuer := func() string {
		switch m.rng.IntN(20) {
		case 0:
			return known[m.rng.IntN(len(known))]
		case 1:
			return []string{"letsencrypt.com", "www.digicert.com", "symantec.com", "comodo", "=1+1", "<script>alert(1)</script>"}[m.rng.IntN(6)]
		}
		return popular[m.rng.IntN(len(popular))]
	}
	for range 1 + m.rng.IntN(5) {
		value := issuer()
		if m.rng.IntN(60) == 0 {
			value += "; validationmethods=dns-01"
		}
		add(0, "issue", value)
	}
	if m.rng.IntN(3) == 0 {
		add(0, "issuewild", []string{";", issuer()}[m.rng.IntN(2)])
	}
	if m.rng.IntN(12) == 0 {
		add(0, "issuemail", []string{";", issuer()}[m.rng.IntN(2)])
	}
	if m.rng.IntN(4) == 0 {
		add(0, "iodef", "mailto:security@example.org")
	}
	if m.rng.IntN(40) == 0 {
		add(uint8(128*m.rng.IntN(2)), "tbs", "unknown")
	}
	return madeUpSet{records, caa.Judge(properties)}
}

// record makes that of line i of the list, from 1.
func (m *madeUp) record(i int64) *record.Record {
	rng, tld, operator := m.rng, &m.tlds[m.tld.Uint64()], &m.operators[m.operator.Uint64()]
	registrable := fmt.Sprintf("d%x.%s", uint64(i)*0x9e3779b97f4a7c15>>20, tld.name)
	apex := wire.MustName(registrable)
	name, www := registrable, rng.IntN(5) == 0
	if www {
		name = "www." + registrable
	}
	admitted := m.began + step.Time(i)*step.Time(30*time.Microsecond)
	r := &record.Record{
		Target:   record.Target{Name: name, Source: "made-up", Line: i, Rank: i, RankBucket: datasets.RankBucket(i), Registrable: registrable, Suffix: tld.name, ICANN: true},
		Admitted: admitted, Finished: admitted.Add(time.Duration(20+rng.IntN(200)) * time.Millisecond),
		Cost: record.Cost{Queries: int32(2 + rng.IntN(4)), Waited: time.Duration(rng.IntN(1e6)) * time.Microsecond},
	}
	security := record.Insecure
	if rng.IntN(10) == 0 {
		security = record.Secure
	}
	answer := func(at wire.Name, t wire.Type) *record.Answer {
		return &record.Answer{
			Name: at, Type: t, Outcome: record.NoData, TTL: uint32(300 * (1 + rng.IntN(48))), Zone: apex, NS: operator.ns, By: &operator.server, Security: security, Reason: "",
			RTT: time.Duration(5000+rng.IntN(60000)) * time.Microsecond, Size: uint16(80 + rng.IntN(100)), Attempts: 1,
		}
	}
	if www {
		r.Climb = append(r.Climb, record.Level{Name: wire.MustName(name), Answer: answer(wire.MustName(name), wire.TypeCAA)})
	}
	at := answer(apex, wire.TypeCAA)
	r.Climb = append(r.Climb, record.Level{Name: apex, Answer: at})
	r.Relevant, r.Posture = -1, caa.Uniform(caa.Absent)
	switch luck := rng.IntN(1000); {
	case luck < 25:
		at.Outcome = []record.Outcome{record.Timeout, record.Timeout, record.ServFail, record.Refused, record.Lame, record.Bogus}[rng.IntN(6)]
		if at.Outcome == record.Bogus {
			at.Security, at.Reason = record.BogusData, "expired"
		}
		at.Attempts, r.Relevant, r.Posture = 3, len(r.Climb)-1, caa.Uniform(caa.Error)
	case luck < 150:
		set := &m.sets[m.set.Uint64()]
		at.Outcome, at.TTL, at.Records = record.Found, 3600, slices.Clone(set.records)
		for i := range at.Records {
			at.Records[i].Owner = apex
		}
		r.CAA, r.Relevant, r.Posture = set.judged, len(r.Climb)-1, set.judged.Posture
		if www {
			r.CAA.Add(caa.Inherited)
		}
	default:
		r.Climb = append(r.Climb, record.Level{Name: tld.answer.Name, Answer: tld.answer})
	}
	if rng.IntN(4) > 0 {
		r.Mail.MX = answer(wire.MustName(name), wire.TypeMX)
		r.Mail.MX.Outcome = record.Found
		r.Mail.Exchange = []record.MX{{Preference: 10, Exchange: wire.MustName(fmt.Sprintf("mx.mail%d.org", m.mail.Uint64()))}}
	} else {
		r.Mail.MX = answer(wire.MustName(name), wire.TypeMX)
		r.Mail.Address = answer(wire.MustName(name), wire.TypeA)
	}
	return r
}

// writeScan writes a complete scan of n made-up names into a directory.
func (m *madeUp) writeScan(ctx context.Context, dir string, n int64) error {
	w, err := output.Create(dir, output.Config{
		ScanID: "made-up", Version: "caabench", Worker: "bench", Vantage: "nowhere", PSL: datasets.DefaultSuffixes().Version(), Restart: true, PartAge: time.Hour,
		Registrable: datasets.DefaultSuffixes().Operator, Issuers: datasets.Registry{Issuers: datasets.DefaultIssuers()},
		Inputs: []output.Input{{Path: "made-up"}}, Scan: map[string]any{"with": []string{"mx"}, "dnssec": "full"},
	})
	if err != nil {
		return err
	}
	const atOnce = 1024
	batches := make(chan []*record.Record, 4)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for i := int64(1); i <= n; {
			var batch []*record.Record
			for ; i <= n && len(batch) < atOnce; i++ {
				batch = append(batch, m.record(i))
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for batch := range batches {
			if err := w.Write(batch); err != nil {
				return err
			}
		}
		return w.NameServers(m.nameServers())
	})
	if err := group.Wait(); err != nil {
		return errors.Join(err, w.Close(output.Running))
	}
	return w.Close(output.Complete)
}

// nameServers are those of the operators.
func (m *madeUp) nameServers() (all []record.NameServer) {
	for i := range m.operators {
		op := &m.operators[i]
		sent := 1 + m.rng.IntN(5000)
		all = append(all, record.NameServer{
			Addr: op.server.Addr, Names: op.ns, Operator: fmt.Sprintf("dns%d.net", i), Sent: sent, Answered: sent - sent/50, Timeouts: sent / 50,
			RTT50: 20 * time.Millisecond, RTT95: 80 * time.Millisecond, First: m.began, Last: m.began.Add(time.Hour), RateLimit: 50, Peak: 1 + m.rng.IntN(50),
			EDNS: record.Answers, CAA: record.Answers, MixedCase: record.Answers,
		})
	}
	return all
}

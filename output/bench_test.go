package output

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// nullDisk takes everything and keeps nothing.
type nullDisk struct{}

type nullFile struct{ io.Writer }

func (nullFile) Sync() error  { return nil }
func (nullFile) Close() error { return nil }

func (nullDisk) Mkdir(string) error            { return nil }
func (nullDisk) Create(string) (file, error)   { return nullFile{io.Discard}, nil }
func (nullDisk) Rename(string, string) error   { return nil }
func (nullDisk) Remove(string) error           { return nil }
func (nullDisk) List(string) ([]string, error) { return nil, nil }
func (nullDisk) SyncDir(string) error          { return nil }
func (nullDisk) Exists(string) (bool, error)   { return false, nil }

func (nullDisk) Open(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }
func (nullDisk) Lock(string) (io.Closer, error)     { return nullFile{io.Discard}, nil }

// benchmarkWrite measures what Write costs a row, all in: encoding, compression, SHA-256; the disk apart.
func benchmarkWrite(b *testing.B, format Format, row func(i int) *record.Record) {
	const distinct = 1 << 13
	records := make([]*record.Record, distinct)
	for i := range records {
		records[i] = row(i)
	}
	w, err := create(newDirStore(nullDisk{}, ""), Config{ScanID: "bench", Worker: "w1", Vantage: "here", Format: format, Registrable: registrable})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for done := 0; done < b.N; done += batchRows {
		at := done % distinct
		if err := w.Write(records[at:min(at+batchRows, distinct)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(Complete); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/row")
	var octets int64
	for _, p := range w.manifest.Parts {
		octets += p.Bytes
	}
	b.ReportMetric(float64(octets)/float64(b.N), "octets/row")
}

// processorTime is what the process has used so far. Where others share the machine it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mixed(i int) *record.Record {
	if i%8 == 0 {
		return withCAA(i)
	}
	return typical(i)
}

// BenchmarkRows measures what a row costs where names, servers and their sets are as different as in a real list.
func BenchmarkRows(b *testing.B) {
	b.Run("common", func(b *testing.B) { benchmarkWrite(b, Parquet, common) })
	b.Run("CAA", func(b *testing.B) { benchmarkWrite(b, Parquet, commonWithCAA) })
	b.Run("mixed", func(b *testing.B) { // one in eight
		benchmarkWrite(b, Parquet, func(i int) *record.Record {
			if i%8 == 0 {
				return commonWithCAA(i)
			}
			return common(i)
		})
	})
}

func BenchmarkWriteTypical(b *testing.B) { benchmarkWrite(b, Parquet, typical) }
func BenchmarkWriteWithCAA(b *testing.B) { benchmarkWrite(b, Parquet, withCAA) }
func BenchmarkWriteMixed(b *testing.B)   { benchmarkWrite(b, Parquet, mixed) }
func BenchmarkWriteJSONL(b *testing.B)   { benchmarkWrite(b, JSONL, mixed) }

func BenchmarkEncodeTypical(b *testing.B) {
	e := NewEncoder(Config{ScanID: "bench", Registrable: registrable})
	r := typical(1)
	var d Domain
	b.ReportAllocs()
	for b.Loop() {
		e.domain(&d, r)
		e.reset()
	}
}

// tldAnswers are the answers of some TLDs, which all names below share.
var tldAnswers = func() (all []*record.Answer) {
	for _, tld := range []string{"com", "net", "org", "de", "se", "nl", "info", "xyz"} {
		name := wire.MustName(tld)
		all = append(all, &record.Answer{
			Name: name, Type: wire.TypeCAA, Outcome: record.NoData, TTL: 900, Zone: name, Security: record.Secure,
			NS: []wire.Name{wire.MustName("a.nic." + tld)}, By: &record.Server{Addr: netip.MustParseAddr("192.5.6.30"), Name: wire.MustName("a.nic." + tld)},
			RTT: 9 * time.Millisecond, Size: 101, Attempts: 1,
		})
	}
	return all
}()

// morphemes are what names of the benchmarks are made of: words and syllables, the first more often.
var morphemes = strings.Fields("shop online in er an the st home de web tech la ra mi no ka to group design media net life car best my bo ti ve lu dr info art " +
	"house world kids travel hotel sport foto consult auto garden health law bau haus immo reise markt schule verein music dental club sol te ri go fa " +
	"studio solar energy print food pizza wine yoga pet cloud data soft game play bet casino win cash credit loan invest trade market cha ng ou zh xi qu " +
	"farm wood stone water green blue red black white gold silver star moon sun sky fire ice snow rock river lake mountain forest island beach city park")

// common makes the record of a name of a real list that has no CAA, of which MX was not asked: NODATA from one of the
// servers of one of the many operators, some of which have far more names than others; and nothing at the TLD.
func common(i int) *record.Record {
	rng := rand.New(rand.NewPCG(uint64(i), 7))
	var label []byte
	for len(label) < 4+rng.IntN(10) {
		label = append(label, morphemes[min(rng.IntN(len(morphemes)), rng.IntN(len(morphemes)))]...)
	}
	if rng.IntN(3) == 0 {
		label = fmt.Appendf(label, "-%x", rng.IntN(4096))
	}
	tld := tldAnswers[min(rng.IntN(8), rng.IntN(8))]
	at := wire.MustName(string(label) + "." + tld.Name.String())
	operator := int(1 / (0.0005 + 0.9995*rng.Float64()))
	set := rng.IntN(4)
	var ns []wire.Name
	for k := range 2 + operator%3 {
		ns = append(ns, wire.MustName(fmt.Sprintf("ns%d.hosting-%d.net", 4*set+k, operator)))
	}
	server := netip.AddrFrom4([4]byte{198, 18 + byte(operator>>8), byte(operator), byte(set)})
	now := step.Time(start.UnixNano()) + step.Time(i)*step.Time(4*time.Microsecond)
	return judged(&record.Record{
		Target: record.Target{Name: at.String(), Source: "tranco:2026-11-01:K25XW", Line: int64(i), Rank: int64(i), RankBucket: "100k-1m",
			Registrable: at.String(), Suffix: tld.Name.String(), ICANN: true},
		Admitted: now, Finished: now.Add(time.Duration(20+rng.IntN(100)) * time.Millisecond / 10),
		Climb: []record.Level{
			{Name: at, Answer: &record.Answer{
				Name: at, Type: wire.TypeCAA, Outcome: record.NoData, TTL: []uint32{300, 900, 1800, 3600, 3600, 86400}[rng.IntN(6)], Zone: at, NS: ns, Security: record.Insecure,
				Reason: "no_ds", DS: record.Absent, By: &record.Server{Addr: server, Name: ns[0]}, RTT: time.Duration(20000+rng.IntN(30000)) * time.Microsecond,
				Size: 80 + uint16(len(label)+operator%20), Attempts: 1,
			}},
			{Name: tld.Name, Answer: tld},
		},
		Cost: record.Cost{Queries: 1, Waited: time.Duration(rng.IntN(2000)) * time.Microsecond},
	})
}

// commonWithCAA is common, with a set of a few records at the name, most of which many names share.
func commonWithCAA(i int) *record.Record {
	r := common(i)
	rng := rand.New(rand.NewPCG(uint64(i), 8))
	a := *r.Climb[0].Answer
	a.Outcome = record.Found
	properties := []caa.Property{{Tag: "issue", Value: "letsencrypt.org"}}
	if rng.IntN(2) == 0 {
		properties = append(properties, caa.Property{Tag: "issue", Value: "digicert.com; cansignhttpexchanges=yes"}, caa.Property{Tag: "issuewild", Value: ";"})
	}
	if rng.IntN(3) == 0 {
		properties = append(properties, caa.Property{Tag: "iodef", Value: "mailto:security@" + r.Target.Name})
	}
	for _, p := range properties {
		a.Records = append(a.Records, caaRR(a.Name, a.TTL, p.Flags, p.Tag, p.Value))
	}
	r.Climb = []record.Level{{Name: a.Name, Answer: &a}}
	return judged(r)
}

// BenchmarkWriteQueries measures what a row about a packet costs: five for each name, of which the first two are with servers
// above.
func BenchmarkWriteQueries(b *testing.B) {
	const names = 4096
	var batch []record.Exchange
	for i := range names {
		r := common(i)
		a, tld := r.Climb[0].Answer, r.Climb[1].Answer
		x := record.Exchange{
			For: a.Name, Name: a.Name, Zone: tld.Name, Server: tld.By, Type: wire.TypeCAA, UDPSize: 1232, DO: true, Attempt: 1, Mixed: true, CaseKept: true,
			Flags: wire.FlagQR, Sent: r.Admitted, RTT: tld.RTT, Size: a.Size + 300, Counts: [3]uint16{0, 6, 9},
		}
		batch = append(batch, x)
		x.Server, x.Type, x.Purpose, x.Sent = tld.By, wire.TypeDS, record.ForChain, x.Sent.Add(x.RTT)
		batch = append(batch, x)
		x.Zone, x.Server, x.Purpose, x.Flags, x.Counts, x.Size = a.Name, a.By, record.ForAnswer, wire.FlagQR|wire.FlagAA, [3]uint16{0, 1, 1}, a.Size
		for _, typ := range []wire.Type{wire.TypeCAA, wire.TypeMX, wire.TypeA} {
			x.Type, x.RTT, x.Sent, x.Waited = typ, a.RTT+time.Duration(i%977)*time.Microsecond, x.Sent.Add(a.RTT), r.Cost.Waited
			batch = append(batch, x)
		}
	}
	dir := b.TempDir()
	w, err := Create(dir, Config{ScanID: "bench", Tables: tableNames[:]})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	rows, before := 0, processorTime(b)
	for b.Loop() {
		for from := 0; from < len(batch); from += 512 {
			if err := w.Exchanges(batch[from : from+512]); err != nil {
				b.Fatal(err)
			}
		}
		rows += len(batch)
	}
	if err := w.Close(Running); err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	for _, part := range w.manifest.Parts {
		if part.Table == queriesTable {
			size += part.Bytes
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(size)/float64(rows), "octets/row")
}

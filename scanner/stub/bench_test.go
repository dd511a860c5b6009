package stub

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// BenchmarkQuestion is the life of a question that one reply answers, a denial: asking, writing the query, reading the
// reply, delivering.
func BenchmarkQuestion(b *testing.B) {
	names := make([]wire.Name, 1<<12)
	for i := range names {
		names[i] = wire.MustName(fmt.Sprintf("h%d.example.com", i))
	}
	minimum := make([]byte, 20)
	binary.BigEndian.PutUint32(minimum[16:], 60)
	soa := append([]byte("\x01a\x00\x01b\x00"), minimum...)
	r := New(Config{Resolvers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:53")}, Answers: 1 << 10})
	var asks []step.Ask
	var msg []byte
	now := step.Time(1e18)
	b.ReportAllocs()
	for i := range b.N {
		var c resolve.Client
		now++
		asks = asks[:0]
		r.Ask(now, &c, names[i%len(names)], wire.TypeCAA, &asks)
		if len(asks) == 0 {
			b.Fatal("in the cache")
		}
		msg = wire.AppendQuery(msg[:0], 1, names[i%len(names)], wire.TypeCAA, wire.Query{Flags: wire.FlagQR | wire.FlagRA | wire.FlagAD})
		msg[9] = 1 // one record of authority
		msg = wire.AppendRR(msg, names[i%len(names)].Parent(), wire.TypeSOA, wire.ClassIN, 60, soa)
		ev := step.Event{Kind: step.Reply, Ticket: asks[0].Ticket, CaseKept: true, Now: now, Msg: msg}
		r.Handle(&ev, &asks)
		if result, ok := r.Finished(); !ok || result.Answer.Outcome.Failed() {
			b.Fatal("no answer")
		}
	}
}

//go:build !race

package scanner

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// What a name takes while its question is at a server, the engine's part apart, is a budget of the design.
func TestMemoryInFlight(t *testing.T) {
	const names, most = 200_000, 340
	w := &limitedWorld{next: map[netip.Addr]step.Time{}, sent: map[netip.Addr]int{}}
	in, out := make(chan []record.Target, 1), make(chan delivery, 1)
	m := &machine{
		resolver: resolve.New(resolve.Config{
			Roots: []resolve.Root{{Name: wire.MustName("a.root"), Addrs: []netip.Addr{rootOfLimited}}}, IPv4: true,
			Operator: func(wire.Name) (string, step.OperatorID) { return "", 0 },
		}),
		room: names, in: in, out: out, parking: newParking(),
	}
	m.parking.servers = m.resolver.(crowds)
	before := heapInUse()
	now, asked, next := step.Time(1e9), 0, 0
	var asks []step.Ask
	for asked < names {
		if len(m.targets) == 0 && next < names {
			batch := make([]record.Target, 500)
			for i := range batch {
				zone := fmt.Sprintf("z%d", next%100)
				batch[i] = record.Target{Name: fmt.Sprintf("name%011d.%s", next, zone), Registrable: zone, Line: int64(next + 1)}
				next++
			}
			in <- batch
		}
		m.Admit(now, &asks)
		for len(asks) > 0 {
			ask := asks[0]
			asks = asks[1:]
			if ask.Addr != rootOfLimited {
				asked++
				continue
			}
			reply := w.reply(t, ask.Addr, m.AppendQuery(ask.Ticket, 7, nil))
			now++
			m.Handle(&step.Event{Kind: step.Reply, Ticket: ask.Ticket, CaseKept: true, Now: now, Arrived: now, Sent: now, Msg: reply}, &asks)
		}
		asks = nil
	}
	each := (heapInUse() - before) / names
	runtime.KeepAlive(m)
	t.Logf("%d octets a name with %d in flight", each, names)
	if each > most {
		t.Errorf("%d octets a name in flight, want at most %d", each, most)
	}
}

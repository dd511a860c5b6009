package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/step"
)

// A server's limit counts per server, whatever address of ours its queries leave from, and over IPv6 as over IPv4.
// Sent is when the kernel had the batch, up to a Grain after the limits allowed it.
func TestLimitWhateverTheSource(t *testing.T) {
	const rate, perServer = 200.0, 60
	six := haveIPv6()
	if !six {
		t.Log("no IPv6 on loopback: IPv4 alone")
	}
	cfg := Config{
		IPv4: true, IPv6: six, Sockets: 12,
		Source: []netip.Addr{
			netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"), netip.IPv6Loopback(),
		},
		Limits: limits(t, ratelimit.Limits{PerServer: rate}),
	}
	var mu sync.Mutex
	type way struct{ server, source netip.Addr }
	seen := map[way]int{}
	count := func(p packet) {
		mu.Lock()
		local := p.conn.LocalAddr().String()
		seen[way{netip.MustParseAddrPort(local).Addr().Unmap(), p.from.Addr().Unmap()}]++
		mu.Unlock()
		p.send(p.reply())
	}
	servers := []netip.Addr{loopback(0), loopback(1)}
	cfg.Port = serveUDP(t, 0, count, servers...)
	if six {
		servers = append(servers, netip.IPv6Loopback())
		serveUDP(t, cfg.Port, count, netip.IPv6Loopback())
	}
	s := &script{}
	for i := range perServer * len(servers) {
		s.queries = append(s.queries, query{server: servers[i%len(servers)], name: fmt.Sprintf("n%d.example", i)})
	}
	run(t, cfg, s)

	sent := map[netip.Addr][]step.Time{}
	for i, e := range s.ends {
		wantKind(t, s, i, step.Reply)
		sent[s.queries[i].server] = append(sent[s.queries[i].server], e.Sent)
	}
	for _, server := range servers {
		at := sent[server]
		slices.Sort(at)
		for i := range at {
			for k := i + 1; k < len(at); k++ {
				most := 1 + rate*(at[k].Sub(at[i])+2*ratelimit.Grain).Seconds()
				if got := float64(k - i + 1); got > most+1e-6 {
					t.Fatalf("%v: %.0f queries within %v, at most %.2f are allowed", server, got, at[k].Sub(at[i]), most)
				}
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, server := range servers {
		for _, source := range cfg.Source {
			if server.Is4() == source.Is4() && seen[way{server, source}] == 0 {
				t.Errorf("no query to %v left from %v: %v", server, source, seen)
			}
		}
	}
}

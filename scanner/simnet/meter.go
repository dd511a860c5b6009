package simnet

import (
	"net/netip"
	"sync"
	"time"
)

// The window of a meter is one second, counted in ticks: it covers the last 990 to 1000 ms.
const (
	meterTick   = 10 * time.Millisecond
	windowTicks = int64(time.Second / meterTick)
)

// meter counts queries in a sliding window of one second.
type meter struct {
	mu      sync.Mutex
	ticks   [windowTicks]uint32
	now     int64 // tick that is being counted
	window  uint32
	peak    uint32
	total   uint64
	tcp     uint64
	limited uint64
}

// count counts a query that came at now and returns how many came within the window, it included.
func (m *meter) count(now time.Duration, tcp bool) uint32 {
	tick := int64(now / meterTick)
	m.mu.Lock()
	defer m.mu.Unlock()
	if tick-m.now >= windowTicks {
		m.ticks, m.window, m.now = [windowTicks]uint32{}, 0, tick
	}
	for m.now < tick {
		m.now++
		at := &m.ticks[m.now%windowTicks]
		m.window -= *at
		*at = 0
	}
	m.ticks[m.now%windowTicks]++
	m.window++
	m.total++
	m.peak = max(m.peak, m.window)
	if tcp {
		m.tcp++
	}
	return m.window
}

// admit counts a query and reports whether it passes the limit.
func (m *meter) admit(now time.Duration, tcp bool, f fault) (limited bool) {
	n := m.count(now, tcp)
	if !f.limited() || n <= limitRate {
		return false
	}
	m.mu.Lock()
	m.limited++
	m.mu.Unlock()
	return true
}

// Stats is what one name server, or all servers of one operator, have seen.
type Stats struct {
	Addr     netip.Addr // of the server; zero for an operator
	Name     string     // of the server; "" for an operator
	Operator string     // the operator's domain
	Queries  uint64     // packets and TCP messages received
	TCP      uint64     // of them, over TCP
	Limited  uint64     // of them, beyond the server's own limit
	Peak     int        // most queries within one second, the check of a scan's politeness
}

func (m *meter) stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{Queries: m.total, TCP: m.tcp, Limited: m.limited, Peak: int(m.peak)}
}

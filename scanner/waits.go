package scanner

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// Waits is what a scan waits for now: whose servers have long lines, and which names are under way for long.
type Waits struct {
	Operators []OperatorWait // the longest lines first
	Servers   []ServerWait   // likewise
	Oldest    []NameWait     // the names under way for longest; none unless they were asked for
}

// OperatorWait is what waits for all servers of one operator.
type OperatorWait struct {
	Operator string  // the registrable domain of a server's name; the address of one of whom nothing else is known
	Queries  int     // in the servers' lines
	Names    int     // parked until the servers have room for them
	Rate     float64 // queries a second that these servers and this operator may get together; 0 if nothing limits that
}

// ServerWait is what waits for one server.
type ServerWait struct {
	Server   record.Server
	Operator string
	Queries  int
	Names    int
	Cause    engine.Cause // what the line waits for
	Rate     float64      // queries a second that it may get; 0 if nothing limits that
	Slowed   int          // how often that was lowered
	SlowedBy string       // for what most often: the words of ratelimit.Decision
	Lowest   bool         // it gets no more than a server gets at the least
}

// NameWait is a name under way.
type NameWait struct {
	Name   string
	Age    time.Duration // since it was admitted
	Parked bool
}

// Waits looks at what waits, and returns at most most of each kind. It stops each loop for a moment: some ten nanoseconds
// for each server met, and with oldest as much for each name under way. It gives what is known if ctx is done first.
func (s *Scan) Waits(ctx context.Context, most int, oldest bool) Waits {
	var w Waits
	byServer := map[netip.Addr]*ServerWait{}
	for i, m := range s.machines {
		looks := make(chan look, 1) // a loop that is late writes to it all the same
		if !s.loops[i].Inspect(ctx, func() { looks <- m.look(s.loops[i], most, oldest) }) {
			continue
		}
		seen := <-looks
		for _, line := range seen.lines {
			if sum, ok := byServer[line.Server.Addr]; ok { // another loop has it too
				sum.Queries += line.Queries
				sum.Names += line.Names
				sum.Cause = max(sum.Cause, line.Cause)
			} else {
				byServer[line.Server.Addr] = &line
			}
		}
		w.Oldest = append(w.Oldest, seen.oldest...)
	}
	slices.SortFunc(w.Oldest, func(a, b NameWait) int { return cmp.Compare(b.Age, a.Age) })
	w.Oldest = w.Oldest[:min(most, len(w.Oldest))]

	w.Operators = s.operators(byServer, most)
	servers := slices.SortedFunc(maps.Values(byServer), func(a, b *ServerWait) int {
		return cmp.Or(cmp.Compare(b.Queries+b.Names, a.Queries+a.Names), a.Server.Addr.Compare(b.Server.Addr))
	})
	for _, server := range servers[:min(most, len(servers))] {
		s.decided(server)
		w.Servers = append(w.Servers, *server)
	}
	return w
}

// decided fills in what the limits have decided for a server.
func (s *Scan) decided(w *ServerWait) {
	d, _ := s.limits.Server(w.Server.Addr)
	w.Rate, w.Slowed, w.SlowedBy, w.Lowest = d.Limit, d.Slowed, d.SlowedBy, d.Lowest
}

// operators sums up by operator, and returns those with the longest lines.
func (s *Scan) operators(servers map[netip.Addr]*ServerWait, most int) []OperatorWait {
	byOperator := map[string]*OperatorWait{}
	for _, server := range servers {
		sum := byOperator[server.Operator]
		if sum == nil {
			sum = &OperatorWait{Operator: server.Operator}
			byOperator[server.Operator] = sum
		}
		sum.Queries += server.Queries
		sum.Names += server.Names
	}
	longest := slices.SortedFunc(maps.Values(byOperator), func(a, b *OperatorWait) int {
		return cmp.Or(cmp.Compare(b.Queries+b.Names, a.Queries+a.Names), cmp.Compare(a.Operator, b.Operator))
	})
	operators := make([]OperatorWait, 0, most)
	for _, sum := range longest[:min(most, len(longest))] {
		sum.Rate = s.rateOf(sum.Operator, servers)
		operators = append(operators, *sum)
	}
	return operators
}

// rateOf is what an operator and those of its servers that somebody waits for may get in a second.
func (s *Scan) rateOf(operator string, servers map[netip.Addr]*ServerWait) float64 {
	sum := 0.0
	for addr, server := range servers {
		if server.Operator != operator {
			continue
		}
		d, _ := s.limits.Server(addr)
		if d.Limit == 0 {
			sum = 0
			break
		}
		sum += d.Limit
	}
	if limit := s.cfg.Limits.PerOperator * cmp.Or(s.cfg.Limits.Share, 1); limit > 0 && (sum == 0 || sum > limit) {
		return limit
	}
	return sum
}

// look is what one loop waits for.
type look struct {
	lines  []ServerWait // all that somebody waits for
	oldest []NameWait
}

// look is called on the loop's goroutine.
func (m *machine) look(loop *engine.Loop, most int, oldest bool) look {
	var seen look
	for i := range m.resolver.Servers() {
		id := step.ServerID(i)
		queries, cause := loop.Line(id)
		names := m.parking.waiting(id)
		if queries+names == 0 {
			continue
		}
		self, operator, _ := m.resolver.Server(id)
		seen.lines = append(seen.lines, ServerWait{
			Server: self, Operator: cmp.Or(operator, self.Addr.String()), Queries: queries, Names: names, Cause: cause,
		})
	}
	if oldest {
		seen.oldest = m.oldest(most)
	}
	return seen
}

// oldest returns the names under way for longest.
func (m *machine) oldest(most int) []NameWait {
	now := clock()
	var found []NameWait
	note := func(t *target, admitted step.Time, parked bool) {
		age := now.Sub(admitted)
		if t.name == "" || len(found) == most && age <= found[most-1].Age {
			return
		}
		at, _ := slices.BinarySearchFunc(found, age, func(w NameWait, age time.Duration) int { return cmp.Compare(age, w.Age) })
		found = slices.Insert(found, at, NameWait{Name: t.name.String(), Age: age, Parked: parked})
		found = found[:min(most, len(found))]
	}
	for id := range m.made {
		t := m.task(id)
		note(&t.target, t.admitted, false)
	}
	for _, chunk := range m.parking.chunks {
		for i := range chunk {
			note(&chunk[i].target, chunk[i].admitted, true)
		}
	}
	return found
}

// waiting is how many names are parked for a server.
func (p *parking) waiting(server step.ServerID) int {
	if int(server) >= len(p.lines) {
		return 0
	}
	return int(p.lines[server].count)
}

// Slowed is what the limits have decided for all servers together.
type Slowed struct {
	Servers int            // met
	By      map[string]int // those whose rate was ever lowered, by what for most often: the words of ratelimit.Decision
	Lowest  int            // those that get no more than a server gets at the least
}

// Slowed looks at each server that was met: some hundred nanoseconds for each, in which nobody waits but who asks for that
// server.
func (s *Scan) Slowed() Slowed {
	sum := Slowed{By: map[string]int{}}
	for _, d := range s.limits.Servers() {
		sum.Servers++
		if d.Slowed > 0 {
			sum.By[d.SlowedBy]++
		}
		if d.Lowest {
			sum.Lowest++
		}
	}
	return sum
}

package scanner

import (
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
)

// Names whose servers have enough to do already are put aside until it is their turn (resolve/crowd.go), and take no
// room from those that can be asked now. So a server that has a tenth of all names is busy from the beginning of a scan
// to its end, and the rest of the scan does not wait for it: the scan ends when that server's limit lets it.

// parked is a name put aside: 128 octets, its name and its delegation.
type parked struct {
	target   target
	client   resolve.Client // what it has spent, and its delegation
	admitted step.Time
	next     uint32 // behind it at the same server
}

const (
	// parkingFactor is how many names may be parked, for each that may be under way, before no more are admitted. When so
	// many are, it is a few servers that decide how long the scan takes, and these have enough in store.
	parkingFactor = 4

	// crowdShare and leastCrowd: a server is crowded that has so small a share of the names under way, and so many.
	crowdShare = 64
	leastCrowd = 64

	parkedChunk = 64 // are allocated at once
	nowhere     = ^uint32(0)
)

// crowdOf returns how many questions make a crowd at one server, with room for so many names under way.
func crowdOf(room int) int { return max(room/crowdShare, leastCrowd) }

// crowds is a resolver that turns patient clients away from crowded servers.
type crowds interface {
	Freed() (step.ServerID, bool)
	Room(step.ServerID) int
	Back(step.ServerID)
}

// parking holds the names of one loop that are put aside, in a line for each server.
type parking struct {
	servers crowds // nil if nobody is turned away: resolvers are all that a scan in stub mode waits for
	chunks  []*[parkedChunk]parked
	free    uint32 // linked by next
	lines   []parkingLine
	count   int
	freed   []step.ServerID // whose names may go on
}

// parkingLine is the names that wait for one server, in the order in which they came. The zero value: none do.
type parkingLine struct {
	head, tail uint32
	count      uint32
	freed      bool // the server is in parking.freed
}

func newParking() parking { return parking{free: nowhere} }

func (p *parking) at(i uint32) *parked { return &p.chunks[i/parkedChunk][i%parkedChunk] }

// line returns the line of a server.
func (p *parking) line(server step.ServerID) *parkingLine {
	for int(server) >= len(p.lines) {
		p.lines = append(p.lines, parkingLine{})
	}
	return &p.lines[server]
}

// put parks t at the end of the line of server.
func (p *parking) put(t *task, server step.ServerID) {
	if p.free == nowhere {
		first := uint32(len(p.chunks)) * parkedChunk
		chunk := new([parkedChunk]parked)
		for k := range chunk {
			chunk[k].next = first + uint32(k) + 1
		}
		chunk[parkedChunk-1].next = nowhere
		p.chunks = append(p.chunks, chunk)
		p.free = first
	}
	i := p.free
	slot := p.at(i)
	p.free = slot.next
	*slot = parked{target: t.target, client: t.client, admitted: t.admitted, next: nowhere}
	line := p.line(server)
	if line.count == 0 {
		line.head = i
	} else {
		p.at(line.tail).next = i
	}
	line.tail = i
	line.count++
	p.count++
}

// take takes the first name out of a line that is not empty.
func (p *parking) take(line *parkingLine) parked {
	i := line.head
	slot := p.at(i)
	out := *slot
	line.head = slot.next
	line.count--
	*slot = parked{next: p.free}
	p.free = i
	p.count--
	return out
}

// open notes whose names may go on.
func (p *parking) open() {
	if p.servers == nil {
		return
	}
	for server, ok := p.servers.Freed(); ok; server, ok = p.servers.Freed() {
		if line := p.line(server); line.count > 0 && !line.freed {
			line.freed = true
			p.freed = append(p.freed, server)
		}
	}
}

// park puts t aside until server has room for its question.
func (m *machine) park(t *task, server step.ServerID) {
	m.parking.put(t, server)
	m.give(t)
	m.counters.parked.Store(int64(m.parking.count))
}

// resume lets names go on that wait for servers which have room again: at most so many, and returns how many that were.
func (m *machine) resume(now step.Time, most int, out *[]step.Ask) int {
	resumed := 0
	for len(m.parking.freed) > 0 && resumed < most && m.busy < m.room {
		server := m.parking.freed[0]
		line := m.parking.line(server)
		if line.count == 0 || m.parking.servers.Room(server) <= 0 {
			line.freed = false
			m.parking.freed = m.parking.freed[1:]
			continue
		}
		p := m.parking.take(line)
		m.parking.servers.Back(server)
		resumed++
		t := m.take()
		id := t.client.ID
		t.target, t.admitted, t.client = p.target, p.admitted, p.client
		t.client.ID = id
		m.begin(now, t, out)
	}
	if resumed > 0 {
		m.counters.parked.Store(int64(m.parking.count))
	}
	return resumed
}

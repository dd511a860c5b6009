package datasets

import (
	"encoding/binary"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Zones are the zone files of a scan, for those who would ask the servers of these zones (resolve.Zones): the records at
// the apex of each, and of those that there is room for, every delegation. What it says of a zone stays: it may be asked
// from any goroutine, while files are still read.
type Zones struct {
	byApex atomic.Pointer[map[wire.Name]*surveyedZone] // replaced, never changed; nil before the first

	mu     sync.Mutex
	octets int64 // of all tables
	room   int64 // for them: Config.Tables
}

// surveyedZone is a zone whose file was surveyed.
type surveyedZone struct {
	zone  *record.Zone
	table *zoneTable // nil if its delegations are not known
}

// of returns what is known of a zone; nil if nothing is.
func (z *Zones) of(apex wire.Name) *surveyedZone {
	if all := z.byApex.Load(); all != nil {
		return (*all)[apex]
	}
	return nil
}

// Zone returns what there is at the apex of a zone; nil if there is no file of it, or not of all that is there.
func (z *Zones) Zone(apex wire.Name) *record.Zone {
	if of := z.of(apex); of != nil && of.zone.Records != nil {
		return of.zone
	}
	return nil
}

// Delegation returns the delegation, from the zone with that apex, of name or the highest of the names above it that is
// delegated; nil if there is none, or it is not known.
func (z *Zones) Delegation(apex, name wire.Name) *record.Delegation {
	of := z.of(apex)
	if of == nil || of.table == nil || !name.Below(apex) {
		return nil
	}
	return of.table.find(name)
}

// add makes a zone known. Of two files of one zone the first is believed.
func (z *Zones) add(zone *record.Zone, table *zoneTable) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.of(zone.Apex) != nil {
		if table != nil {
			z.octets -= table.taken
		}
		return
	}
	all := map[wire.Name]*surveyedZone{}
	if was := z.byApex.Load(); was != nil {
		maps.Copy(all, *was)
	}
	all[zone.Apex] = &surveyedZone{zone, table}
	z.byApex.Store(&all)
}

// newTable returns an empty table; nil if there is no room for one.
func (z *Zones) newTable() *zoneTable {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.octets >= z.room {
		return nil
	}
	return &zoneTable{zones: z, index: newNameIndex(), numbers: map[string]uint32{}}
}

// take takes room for a table that has grown. It reports false if there is none.
func (z *Zones) take(octets int64) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.octets += octets
	return z.octets <= z.room
}

// zoneTable holds the delegations of a zone file in order.
type zoneTable struct {
	zones   *Zones
	zone    *record.Zone
	glue    *glue
	index   *nameIndex // owners in text; the data as put writes them
	sets    []string   // of servers: their names in text, sorted, each followed by a line end
	numbers map[string]uint32
	inSets  int64 // octets of sets
	taken   int64 // octets of it that zones knows of

	buf []byte
}

// put puts what a run says of its owner into the table. It reports false if there is no room.
func (t *zoneTable) put(owner []byte, run *zoneRun) bool {
	b := binary.AppendUvarint(t.buf[:0], uint64(run.ttl))
	b = binary.AppendUvarint(b, uint64(t.set(run)))
	partial := uint64(0)
	if run.partial {
		partial = 1
	}
	b = binary.AppendUvarint(b, uint64(len(run.ds))<<1|partial)
	from := 0
	for _, ds := range run.ds {
		b = binary.AppendUvarint(b, uint64(ds.typ))
		b = binary.AppendUvarint(b, uint64(ds.ttl))
		b = binary.AppendUvarint(b, uint64(ds.end-from))
		b = append(b, run.data[from:ds.end]...)
		from = ds.end
	}
	t.buf = b
	ok := t.index.put(owner, b)
	if octets := t.index.octets() + t.inSets; octets >= t.taken+indexChunk {
		ok = t.zones.take(octets-t.taken) && ok
		t.taken = octets
	}
	return ok
}

// set returns the number of the set of servers of a run.
func (t *zoneTable) set(run *zoneRun) uint32 {
	key := run.serversKey()
	if n, ok := t.numbers[string(key)]; ok {
		return n
	}
	n := uint32(len(t.sets))
	text := string(key)
	t.sets = append(t.sets, text)
	t.numbers[text] = n
	const each = 64 // of the map and the slice, about
	t.inSets += int64(len(text)) + each
	return n
}

// drop gives back the room of a table that is not used.
func (t *zoneTable) drop() {
	t.zones.take(-t.taken)
	t.taken = 0
}

// close makes the table ready for use.
func (t *zoneTable) close(zone *record.Zone, g *glue) {
	t.zone, t.glue, t.numbers, t.buf = zone, &glue{hosts: g.hosts}, nil, nil
}

// find returns the delegation of name, which is below the apex, or of the highest name above it that has one.
func (t *zoneTable) find(name wire.Name) *record.Delegation {
	apex := t.zone.Apex
	for depth := name.Labels() - apex.Labels() - 1; depth >= 0; depth-- {
		owner := name
		for range depth {
			owner = owner.Parent()
		}
		if data := t.index.find([]byte(owner.String())); data != nil {
			return t.delegation(owner, data)
		}
	}
	return nil
}

// delegation reads what put has written.
func (t *zoneTable) delegation(owner wire.Name, data []byte) *record.Delegation {
	next := func() uint64 {
		n, size := binary.Uvarint(data)
		data = data[size:]
		return n
	}
	d := &record.Delegation{Name: owner, Zone: t.zone, TTL: uint32(next())}
	set := t.sets[next()]
	count := next()
	d.Whole = count&1 == 0
	for range count >> 1 {
		rr := record.RR{Owner: owner, Class: wire.ClassIN, Type: wire.Type(next()), TTL: uint32(next())}
		size := next()
		rr.Data = data[:size:size]
		data = data[size:]
		d.DS = append(d.DS, rr)
	}
	sortSigners(d.DS)
	for text := range strings.Lines(set) {
		text = strings.TrimSuffix(text, "\n")
		name, err := wire.ParseName(text)
		if err != nil {
			continue // see zoneFile.servers
		}
		s := record.DelegatedServer{Name: name}
		if name.In(t.zone.Apex) {
			s.Addrs, s.TTL = t.glue.of([]byte(text))
		}
		d.Servers = append(d.Servers, s)
	}
	sortServers(d.Servers)
	return d
}

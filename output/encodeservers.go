package output

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"unsafe"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// operatorCount is how many of a zone's servers have names below one registrable domain.
type operatorCount struct {
	operator string
	servers  int
}

// nameServers fills the columns about the zone that holds the name and its servers.
func (e *Encoder) nameServers(d *Domain, r *record.Record) {
	if len(r.Climb) == 0 {
		return
	}
	zone, ns := r.Climb[0].Answer.Home()
	at := slices.IndexFunc(r.Climb, func(level record.Level) bool { return level.Name == zone })
	if at >= 0 {
		d.ZoneApex = d.Climb[at].Name
	} else {
		d.ZoneApex = e.below(zone, d.QueryName)
	}
	if len(ns) == 0 {
		return
	}
	set := e.serverSet(ns)
	d.NSAddress = set.sorted
	d.NSSetHash = set.hash
	d.DNSOperator = set.operator
	d.DNSOperatorCount = set.operators
}

// serverSet returns what the rows say of the servers of a zone.
func (e *Encoder) serverSet(ns []wire.Name) *serverSet {
	first := unsafe.SliceData(ns)
	known := e.setsAt.at(hashPlace(unsafe.Pointer(first)))
	if unsafe.SliceData(known.names) != first || len(known.names) != len(ns) {
		*known = setAt{ns, e.sameSet(ns)}
	}
	return known.set
}

// sameSet returns what is remembered of a set with the same names, wherever they lie: each loop of a scan has its own.
func (e *Encoder) sameSet(ns []wire.Name) *serverSet {
	var hash uint64
	for _, name := range ns {
		hash = hash*hashFactor + hashText(string(name))
	}
	set := e.sets.at(hash)
	if *set == nil || !slices.Equal((*set).names, ns) {
		*set = e.newServerSet(ns)
	}
	return *set
}

// newServerSet works that out.
func (e *Encoder) newServerSet(ns []wire.Name) *serverSet {
	set := &serverSet{names: make([]wire.Name, len(ns)), sorted: make([]string, len(ns))}
	e.operators = e.operators[:0]
	for i, name := range ns {
		server := e.host(name)
		set.names[i] = server.name
		set.sorted[i] = server.text
		if server.operator == "" {
			continue
		}
		at := slices.IndexFunc(e.operators, func(c operatorCount) bool { return c.operator == server.operator })
		if at < 0 {
			at = len(e.operators)
			e.operators = append(e.operators, operatorCount{operator: server.operator})
		}
		e.operators[at].servers++
	}
	slices.Sort(set.sorted)
	set.hash = nsSetHash(set.sorted)
	var most operatorCount
	for _, c := range e.operators {
		if c.servers > most.servers || c.servers == most.servers && c.operator < most.operator {
			most = c
		}
	}
	set.operator = most.operator
	set.operators = int8(min(len(e.operators), math.MaxInt8))
	return set
}

// nsSetHash is the first 16 octets, in hexadecimal, of SHA-256 over the sorted names, each with a line feed.
func nsSetHash(sorted []string) string {
	var room [512]byte
	buf := room[:0]
	for _, name := range sorted {
		buf = append(buf, name...)
		buf = append(buf, '\n')
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:16])
}

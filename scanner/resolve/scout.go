package resolve

import (
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// A scan begins with all its names at the root: without more ado each would ask the root servers for the same few
// top-level domains. So of the questions that are at one zone and about names below the same child of it, the first
// scouts, and the others wait until it has left the zone. Mostly it leaves by a referral to the child, and they go
// straight on to the child's servers. If it leaves in another way, they ask for themselves.

// enter begins to ask the servers of c for q, or makes q wait for the question that leads there.
func (r *Resolver) enter(now step.Time, q *question, c *cut) {
	r.stopScouting(now, q)
	q.startAt(c)
	child := childOf(c.zone, q.key.name)
	if child == "" {
		return
	}
	scout, ok := r.scouts[child]
	switch {
	case !ok:
		q.scouts = child
		r.scouts[child] = q
	case !scout.needs(q):
		q.waitsFor, q.state = scout, awaitingReferral
		scout.followers = append(scout.followers, q)
	}
}

// childOf returns the ancestor of name that is one label below zone; "" if name is not more than one label below, for
// then a referral would serve no other name.
func childOf(zone, name wire.Name) wire.Name {
	if len(name) <= len(zone) || name.Parent() == zone {
		return ""
	}
	for name.Parent() != zone {
		name = name.Parent()
	}
	return name
}

// stopScouting lets those go on who wait for q to leave its zone.
func (r *Resolver) stopScouting(now step.Time, q *question) {
	if q.scouts == "" {
		return
	}
	delete(r.scouts, q.scouts)
	q.scouts = ""
	for i, f := range q.followers {
		q.followers[i] = nil
		f.waitsFor, f.state = nil, choosingServer
		if c := r.findCut(now, f.key.name, f.key.typ, f.client.cut); c != f.cut {
			r.enter(now, f, c)
		}
		if f.state == choosingServer {
			r.ready = append(r.ready, f)
		}
	}
	q.followers = q.followers[:0]
}

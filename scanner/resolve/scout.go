package resolve

import (
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// A scan begins with all its names at the root: without more ado each would ask the root servers for the same few
// top-level domains. So of the questions that are at one zone and about names below the same child of it, the first
// scouts, and the others wait until it has left the zone. Mostly it leaves by a referral to the child, and they go
// straight on to the child's servers. If it leaves in another way, they ask for themselves.

// party is a question that scouts and those that wait for it.
type party struct {
	child     wire.Name // of the zone they are at
	scout     *question
	followers []*question
}

// enter begins to ask the servers of c for q, or makes q wait for the question that leads there.
func (r *Resolver) enter(now step.Time, q *question, c *cut) {
	r.stopScouting(now, q)
	if c = r.byFiles(now, q, c); r.answerByFile(now, q, c) {
		return
	}
	q.startAt(c)
	child := childOf(c.zone, q.key.name)
	if child == "" {
		return
	}
	p, ok := r.parties[child]
	switch {
	case !ok:
		q.party = &party{child: child, scout: q}
		r.parties[child] = q.party
	case !p.scout.needs(q):
		q.waitsFor, q.state = p.scout, awaitingReferral
		p.followers = append(p.followers, q)
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
	p := q.party
	if p == nil {
		return
	}
	delete(r.parties, p.child)
	q.party = nil
	for _, f := range p.followers {
		f.waitsFor, f.state = nil, choosingServer
		if c := r.findCut(now, f.key, f.client.cut); c != f.cut {
			r.enter(now, f, c)
		}
		if f.state <= lastReady || f.state == ended {
			r.ready = append(r.ready, f)
		}
	}
}

package resolve

import (
	"time"

	"github.com/caascan/caascan/scanner/step"
)

// One operator may hold a tenth of all names, and its servers bear what they bear. If all its names waited for their
// turn, soon nothing else would be under way. So a client whose question would be one too many is turned away: it gets
// the server in place of an answer, may be put aside for as little memory as its caller likes, and asks again when the
// server is heard of in Freed. Its delegation and what it has spent stay with it.

// waitsLong is how long packets must wait for their turn for a server to be crowded: many questions under way alone may
// just as well be far away. As long as nothing has come back from a server, many are enough.
const waitsLong = 500 * time.Millisecond

// turnsAway reports whether q, which has chosen s, shall be turned away: only a client's own first question, with
// nothing known yet, and nobody else waiting for it.
func (r *Resolver) turnsAway(q *question, s *server) bool {
	return r.crowded(s) && q.waiter.client != nil && q.waiter.client.Patient && q.waiter.client == q.client && q.more == nil &&
		q.key.use == answering && q.tried == 0 && q.depth == 0 && q.links == 0
}

// crowded reports whether s has enough to do.
func (r *Resolver) crowded(s *server) bool {
	return r.cfg.Crowd > 0 && int(s.load) >= r.cfg.Crowd && (s.waited >= waitsLong || s.stats.First == 0)
}

// turnAway gives q up. Those who follow it go on.
func (r *Resolver) turnAway(now step.Time, q *question, s *server) {
	s.turned++
	r.finished = append(r.finished, Result{Client: q.client, Crowded: s.id})
	q.state = gone
	if q.key.use == surveying {
		delete(r.surveys, q.ticket)
		return
	}
	r.stopScouting(now, q)
	r.underWay.drop(q)
}

// relieve notes the end of an exchange with s, and whether those who were turned away may come back.
func (r *Resolver) relieve(s *server, ev *step.Event) {
	s.load--
	s.waited = ev.Waited
	if s.turned > 0 && int(s.load) <= r.cfg.Crowd/2 {
		r.freed = append(r.freed, s.id)
	}
}

// Freed returns a server at which questions that were turned away may be asked again, if there is one. How many there
// is room for is told by Room, and each that is asked again is to be counted by Back.
func (r *Resolver) Freed() (step.ServerID, bool) {
	n := len(r.freed)
	if n == 0 {
		return 0, false
	}
	id := r.freed[n-1]
	r.freed = r.freed[:n-1]
	return id, true
}

// Room is how many questions more a server may have under way.
func (r *Resolver) Room(id step.ServerID) int { return r.cfg.Crowd - int(r.servers[id].load) }

// Back counts a client that was turned away from a server and asks again.
func (r *Resolver) Back(id step.ServerID) { r.servers[id].turned-- }

package resolve

import (
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// Counts is what a resolver found in its caches and what was of no use to it, for who watches. All of them only grow.
type Counts struct {
	// What became of look-ups of answers that somebody wanted. Each is counted once.
	Cached  uint64 // answered at once
	Spared  uint64 // failed at once, as it did lately (RFC 9520)
	Joined  uint64 // is under way already for somebody else
	Started uint64 // became a question

	Delegations Lookups // of the closest zone cut known; a miss begins at the root
	Links       Lookups // of a zone's DS and keys, links of the chain of trust
	Spans       Lookups // of proven spans that say what would have to be asked for (RFC 8198)

	Useless     [record.Outcomes]uint64 // replies that brought a question no further, by what was wrong with them
	CaseLost    uint64                  // replies whose question came back in other letters, so that it was asked again
	EDNSRefused uint64                  // replies of servers that dislike EDNS, so that they were asked again
}

// Lookups are what was found in a cache and what was not.
type Lookups struct{ Hits, Misses uint64 }

func (l *Lookups) count(hit bool) {
	if hit {
		l.Hits++
	} else {
		l.Misses++
	}
}

func (l *Lookups) add(m Lookups) {
	l.Hits += m.Hits
	l.Misses += m.Misses
}

// Add adds what another resolver has counted.
func (c *Counts) Add(d *Counts) {
	c.Cached += d.Cached
	c.Spared += d.Spared
	c.Joined += d.Joined
	c.Started += d.Started
	c.Delegations.add(d.Delegations)
	c.Links.add(d.Links)
	c.Spans.add(d.Spans)
	for o, n := range d.Useless {
		c.Useless[o] += n
	}
	c.CaseLost += d.CaseLost
	c.EDNSRefused += d.EDNSRefused
}

// Counts returns what has been counted so far.
func (r *Resolver) Counts() *Counts { return &r.counts }

// Servers returns how many servers have been asked: they have the numbers below that.
func (r *Resolver) Servers() int { return len(r.servers) }

// Server returns the address and the first name of a server, the registrable domain of that name, and how many packets to it
// have come to their end.
func (r *Resolver) Server(id step.ServerID) (self record.Server, operator string, sent int) {
	s := r.servers[id]
	return s.self, s.owner, s.stats.Sent
}

// wanted counts an answer that was in the cache.
func (c *Counts) wanted(a *record.Answer) {
	if a.Outcome.Failed() {
		c.Spared++
	} else {
		c.Cached++
	}
}

package resolve

import (
	"net/netip"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
)

// A name whose look-up failed is looked at again a while later. The second look is to show whether the failure was one of
// that moment, so it believes nothing of what the first one found wrong: not that the zone's servers are those that its
// parent named then, nor any failure in the caches. And it goes to other servers first, those that were asked in vain
// being left for when there are no others.

// stage says which servers of a cut may be chosen, one after the other.
type stage uint8

const (
	untried     stage = iota // those not asked yet, nor in vain at the first look if this is the second
	triedBefore              // those not asked yet: left are those that were asked in vain at the first look
	triedNow                 // those that were asked, and whose failure may pass
)

// first is what the first look at c came to; nil if this is the first.
func (r *Resolver) first(c *Client) *record.Look {
	if !c.Again {
		return nil
	}
	return r.cfg.First(c.ID)
}

// lookAgain sees to it that a second look finds out for itself. The parent is asked for the delegation once for all names
// of the zone.
func (r *Resolver) lookAgain(first *record.Look) {
	r.anew = max(r.anew, first.Finished)
	hash := r.hash(first.Zone)
	if c, ok := r.cuts.get(hash, first.Zone); ok && c.since < first.Finished {
		r.cuts.drop(hash, first.Zone)
	}
}

// outdated reports whether a failure that is kept for failureTTL, until expires, was met by the time that the first look at a name ended
// that is now looked at again. Who else asks meanwhile takes none of these either, which costs little: second looks come
// when the first ones are over.
func (r *Resolver) outdated(expires step.Time) bool { return expires.Add(-failureTTL) <= r.anew }

// askedBefore reports whether the server at addr was asked in vain at the first look.
func askedBefore(first *record.Look, addr netip.Addr) bool {
	return first != nil && slices.Contains(first.Servers, addr)
}

// serversInVain returns the servers of the tries in vain at this cut, each once.
func (r *Resolver) serversInVain(q *question) []*record.Server {
	var asked []*record.Server
	for _, t := range q.inVain() {
		if s := &r.servers[t.server].self; !slices.Contains(asked, s) {
			asked = append(asked, s)
		}
	}
	return asked
}

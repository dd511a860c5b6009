package ratelimit

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Loss at one server is that server's or its path's. Loss at many servers at once is our own link's or router's, and
// then the rate of the whole scan has to come down: to a little less than what gets through, at once, and up again
// slowly. If less does not help the loss is not ours either, but that of all paths, and the rate is given back.
//
// The evidence is gathered in ticks. Each server counts for a few packets a tick at most, so that no giant speaks
// for all; and loss is widespread only if nearly as many servers have some as would if all lost the same share.
// Many servers that reach limits of their own in the same moment look the same; then each lowers its own rate, the
// loss is gone a tick later, and the scan has lost little.

const (
	tickLength  = int64(500 * time.Millisecond)
	tickSample  = 200 // packets that a tick has at least
	tickMost    = int64(10 * time.Second)
	tickEach    = 8                      // packets for which a server counts in a tick, at most
	many        = 32                     // servers of which a tick must know before it says anything
	widespread  = 0.6                    // of the servers that would have loss if all lost the same share have some
	linkLoss    = 0.02                   // share of loss beyond the ambient one that is congestion
	linkCut     = 0.93                   // of what gets through is what the link is given then
	linkGrowth  = 0.02                   // growth a second afterwards
	linkCuts    = 4                      // that must not have helped before the loss is taken as ambient
	linkForgets = 1.5                    // times what is sent: a limit that much higher is none
	linkRecent  = int64(5 * time.Second) // after the last cut the link counts as congested
)

// Link is what the loss seen across many servers at once says of our own link.
type Link struct {
	Congested bool    // our own link or router loses packets, or did a few seconds ago
	Loss      float64 // share of packets lost lately across servers, whoever lost them
	Limit     float64 // packets a second in all that it is given; 0 if it needs no limit
}

// link is the table's sense of its own link.
type link struct {
	sync.Mutex
	congestion
	interval atomic.Int64  // nanoseconds between packets that the limit demands; 0 if there is none
	paths    atomic.Uint64 // float64: the share that is lost on all paths
	tick     atomic.Uint32 // as ticks and since of congestion
	cutAt    atomic.Int64
}

// Link returns what is thought of our own link.
func (t *Table) Link() Link {
	t.link.Lock()
	defer t.link.Unlock()
	c := &t.link.congestion
	return Link{Congested: c.limit > 0 && c.now-c.since < linkRecent, Loss: c.loss, Limit: c.limit}
}

// add books a round of a server: of sent packets lost were never answered, of which counted and missed are those for
// which the server still counts in this tick; first if it had none before in it, and struck if it has the first loss.
func (l *link) add(r report, now int64) {
	l.Lock()
	defer l.Unlock()
	before := l.congestion
	l.congestion = before.add(r, now)
	if l.ticks != before.ticks {
		l.cutAt.Store(l.since)
		l.tick.Store(l.ticks)
		l.interval.Store(interval(l.limit))
		l.paths.Store(math.Float64bits(l.ambient))
	}
}

// returned takes note of a packet that was taken as lost and was not.
func (l *link) returned() {
	l.Lock()
	defer l.Unlock()
	l.lost -= min(l.lost, 1)
	l.missed -= min(l.missed, 1)
}

// report is what a round of one server tells of the link.
type report struct {
	sent, lost      uint32
	counted, missed uint32 // of these, as far as the server counts in this tick
	first, struck   bool   // the server's first round, and its first with loss, in this tick
}

// congestion is what is known of the link; its methods are pure.
type congestion struct {
	begin, now      int64 // of the tick; the latest moment known
	ticks           uint32
	servers, lossy  uint32 // heard of in this tick
	sent, lost      uint32
	counted, missed uint32

	limit   float64 // packets a second; 0 if there is none
	ambient float64 // share lost whatever the rate
	loss    float64 // share lost, smoothed
	since   int64   // of the last cut: what left before says nothing more
	cuts    int     // in a row
	before  float64 // the rate before the first of them
	lossAt  float64 // and the share of loss
	sum     float64 // of the shares since
}

func (c congestion) add(r report, now int64) congestion {
	c.now = max(c.now, now)
	if c.begin == 0 {
		c.begin = now
	}
	c.sent += r.sent
	c.lost += r.lost
	c.counted += r.counted
	c.missed += r.missed
	if r.first {
		c.servers++
	}
	if r.struck {
		c.lossy++
	}
	took := c.now - c.begin
	if took >= tickLength && c.counted >= tickSample || took >= tickMost {
		c = c.ticked(took)
	}
	return c
}

// ticked judges the tick, which took that long, and begins another.
func (c congestion) ticked(took int64) congestion {
	seconds := float64(took) / float64(time.Second)
	rate := float64(c.sent) / seconds
	share := float64(c.missed) / float64(max(c.counted, 1))
	c.loss += (share - c.loss) / 2
	switch {
	case c.servers < many:
		c.limit, c.cuts = 0, 0
	case share > c.ambient+c.doubt() && c.everywhere(share):
		c = c.cut(rate, float64(c.sent-c.lost)/seconds, share)
	default:
		c = c.rise(rate, share, seconds)
	}
	c.begin, c.ticks = c.now, c.ticks+1
	c.servers, c.lossy, c.sent, c.lost, c.counted, c.missed = 0, 0, 0, 0, 0, 0
	return c
}

// doubt is how much more than the ambient share may be lost in a tick without a reason: four standard deviations.
func (c congestion) doubt() float64 {
	a := c.ambient
	return linkLoss + 4*math.Sqrt(a*(1-a)/float64(max(c.counted, 1)))
}

// everywhere reports whether the loss is that of nearly all servers.
func (c congestion) everywhere(share float64) bool {
	each := float64(c.counted) / float64(c.servers)
	return float64(c.lossy) >= widespread*float64(c.servers)*(1-math.Pow(1-share, each))
}

// cut lowers the limit to a little less than what gets through of the rate, or takes the loss as ambient if that has
// not helped.
func (c congestion) cut(rate, through, share float64) congestion {
	if c.cuts == 0 {
		c.before, c.lossAt, c.sum = max(rate, c.limit), share, 0
	}
	c.cuts++
	c.sum += share
	if mean := c.sum / float64(c.cuts); c.cuts > linkCuts && share-c.ambient > (c.lossAt-c.ambient)/2 {
		c.ambient, c.limit, c.cuts = mean, 0, 0
		return c
	}
	c.limit = max(linkCut*min(through/(1-c.ambient), rate), 1)
	c.since = c.now
	return c
}

// rise raises the limit after a tick without congestion.
func (c congestion) rise(rate, share, seconds float64) congestion {
	c.cuts = 0
	c.ambient += (min(share, 2*c.ambient) - c.ambient) / 8 // it takes a test to find it, none to follow it
	if c.limit > 0 {
		c.limit += c.limit * linkGrowth * min(seconds, 1)
		if c.limit > linkForgets*max(rate, 1) {
			c.limit = 0
		}
	}
	return c
}

package ratelimit

import (
	"math"
	"time"
)

// What a server bears is not known; it shows when packets get lost or are refused. This file makes a rate of it:
// control is a value, and each of its methods a pure function of what was known and what happened.
//
//	unheard -answer-> free -loss-> reduced -loss has gone-> free
//	                                  |
//	                                  +-loss stays-> halved -loss has gone-> free, at what got through
//	                                                    |
//	                                                    +-the same share is lost-> free, at the rate before
//
// While free the rate climbs, fast at first, then towards the rate at which there was trouble, then by little and
// little. Loss alone says little of a limit, since paths lose packets and servers refuse names whatever the rate. So
// if less has not helped, the rate is halved once more, below all that got through: a server with a limit lets all
// of it through then, while a path or a hoster keeps its share. That share, the ambient one, counts as loss no more.
//
// Some servers count by the second and let nothing through when the second's worth is gone. Such a server is closed;
// a few packets show when it is open again. What it answered within the second before is then its limit.

const (
	brisk     = 160    // packets/s up to which each answer may double the rate: few packets are in flight, and so at stake
	lively    = 100    // packets/s; below, patience is counted in packets
	climb     = 0.3    // growth a second above that, as a share, so slow that the end of a burst of a second's worth is seen in time
	recovery  = 0.4    // growth a second towards the rate at which there was trouble, after the first; then ever slower
	probing   = 0.04   // growth a second beyond it, after the first; then ever slower
	slowest   = 0.0025 // at least
	margin    = 0.97   // of what got through is asked for after loss
	hint      = 1.5    // packets lost in excess that make the rate a little lower
	evidence  = 5      // packets lost that say how much gets through
	closing   = 8      // packets lost in a row that say that nothing does
	deviation = 3.5    // standard deviations by which loss must exceed the ambient share
	decisive  = 6      // packets that would have been lost, in a sample that says whether loss has gone

	ruled     = 0.05               // ambient share from which loss is the rule
	little    = 0.01               // share of loss that is taken as ambient without a test
	sample    = 16                 // packets in a stretch of a second or more that is judged by itself
	memory    = 400                // packets on which the ambient share rests at most
	patience0 = int64(time.Second) // after trouble; doubles with each at the same rate
	patience1 = int64(128 * time.Second)
	window    = int64(1200 * time.Millisecond) // a little longer than the second by which servers count
)

// phase is what a server's rate is doing.
type phase uint8

const (
	unheard phase = iota // nothing: it has never answered
	free                 // it climbs
	reduced              // it was lowered, and stays until the loss has gone
	halved               // it is half of what got through
)

// outcome is what became of packets that left within a time, all of which have ended or are overdue.
type outcome struct {
	begin, span      int64 // nanoseconds; the time that the packets took
	sent, good, lost uint32
	idle             bool // more could have been sent after them
}

func (o outcome) plus(p outcome) outcome {
	if o.sent == 0 {
		o.begin = p.begin
	}
	return outcome{o.begin, o.span + p.span, o.sent + p.sent, o.good + p.good, o.lost + p.lost, o.idle || p.idle}
}

func (o outcome) loss() float64 { return float64(o.lost) / float64(max(o.sent, 1)) }

// lasted reports whether o is enough to be judged by itself.
func (o outcome) lasted() bool { return o.span >= int64(time.Second) && o.sent >= sample }

// control is what decides the rate of a server.
type control struct {
	rate    float64 // packets a second
	trouble float64 // the rate at which there was loss last; 0 if there was none or it is long passed
	probe   float64 // while the server is closed, the rate in place of rate; otherwise 0
	ambient float32 // share of packets lost whatever the rate
	weight  float32 // packets on which ambient rests
	proven  float32 // the highest rate that was kept up for a second since the last cut
	before  float32 // the rate before the first cut
	lossy   float32 // the share of loss at the last cut
	phase   phase
	eased   bool  // the rate was lowered a little for what is in suspect
	cuts    uint8 // since the phase was free
	late    uint8 // answers since the last cut to packets taken as lost

	since    int64   // the rate was cut, or the server closed: what left before says nothing more
	until    int64   // the rate does not pass trouble before
	patience int64   // from trouble to until
	newest   int64   // when the newest packet left that was answered
	reopened int64   // when the one left that was answered after several that were not
	run      uint32  // packets lost since one got through
	tested   uint32  // packets sent in the first half of the test
	missed   uint32  // those of them that were lost
	suspect  outcome // since loss began
	stretch  outcome // since the last cut, or since it was last judged
}

// judge returns what is to be done at now after round o. recent is how many packets were answered within the second
// before.
func (c control) judge(o outcome, recent float64, b *bounds, now int64) (_ control, slowed bool) {
	recent /= 1 - float64(c.ambient)
	if c.phase == unheard || o.sent == 0 || o.begin < c.since {
		return c, false
	}
	if o.good > 0 {
		c.run = 0
	} else {
		c.run += o.lost
	}
	if c.probe > 0 {
		c.probe = max(min(lowest, b.floor), c.probe*math.Pow(0.95, float64(o.lost)))
		return c, false
	}
	if c.run >= c.closing() {
		return c.close(now), true
	}
	if c.suspect.lost == 0 {
		c.suspect = outcome{}
	}
	c.suspect = c.suspect.plus(o)
	c.stretch = c.stretch.plus(o)
	switch {
	case c.phase == halved:
		return c.verdict(b, now), false
	case c.suspect.lost >= evidence && c.run < c.suspect.lost && c.excessive(c.suspect):
		return c.cut(c.suspect, recent, b, now), true
	case c.stretch.lost >= evidence && c.run < c.stretch.lost && c.excessive(c.stretch) && o.lost > 0:
		return c.cut(c.stretch, recent, b, now), true
	case c.phase == reduced:
		if c.relieved() {
			c.phase = free
		}
	case c.excessive(c.suspect) && !c.eased:
		return c.ease(b, now), true
	case c.stretch.lasted() && !c.excessive(c.stretch):
		c = c.learn()
	}
	if c.suspect.lasted() {
		c.suspect, c.eased = outcome{}, false
	}
	return c.grow(o, b, now), false
}

// plain reports whether an answer to a packet that left at sent tells nothing new but when it left.
func (c *control) plain(sent int64) bool {
	return c.phase == free && (c.trouble > 0 || c.rate >= brisk) && c.gap(sent) < evidence
}

// gap is how many packets in a row were lost, as far as is known, before the one that left at sent.
func (c *control) gap(sent int64) float64 {
	if sent <= c.newest || c.rate >= unlimited {
		return float64(c.run)
	}
	return max(float64(sent-c.newest)*c.rate/float64(time.Second), float64(c.run))
}

// answered takes note of an answer to a packet that left at sent. If it is the first after a time in which the
// server was closed, unnoticed but for the cut it led to, recent is what the server bears.
func (c control) answered(sent int64, recent float64, b *bounds) control {
	if c.phase == unheard {
		c.phase = free
	}
	recent /= 1 - float64(c.ambient)
	if c.phase == free && c.trouble == 0 && c.rate < brisk && c.suspect.lost == 0 {
		c.rate = min(2*c.rate, brisk, b.cap)
	}
	gap := c.gap(sent)
	if sent > c.newest {
		c.newest, c.run = sent, 0
	}
	if gap < evidence {
		return c
	}
	c.reopened = sent
	if c.phase >= reduced && c.probe == 0 && c.stretch.good == 0 && recent >= closing {
		c.phase = reduced
		most := float64(c.before)
		c.rate = min(max(margin*recent, c.rate), most, b.cap)
		c.trouble = min(max(c.trouble, most), recent)
		c.since, c.suspect, c.stretch = sent, outcome{}, outcome{}
	}
	return c
}

// returned takes note of an answer to a packet that was taken as lost. If there are as many as it takes for a cut, it
// was our own loop that stood still, or the path: the cut is taken back.
func (c control) returned(b *bounds) control {
	for _, o := range []*outcome{&c.suspect, &c.stretch} {
		if o.lost > 0 {
			o.lost--
			o.good++
		}
	}
	c.run = 0
	if c.late++; c.late < evidence {
		return c
	}
	c.late = 0
	if c.phase >= reduced {
		c.phase, c.rate, c.trouble = free, min(max(c.rate, float64(c.before)), b.cap), 0
		c.suspect, c.stretch = outcome{}, outcome{}
	}
	return c
}

// closing is how many packets in a row must be lost for the server to be taken as closed: so many that it is not the
// share that is lost anyway.
func (c control) closing() uint32 {
	share := float64(c.ambient)
	if c.phase != free && c.lossy < 0.8 {
		share = max(share, float64(c.lossy))
	}
	if sent := c.stretch.sent - min(c.run, c.stretch.sent); sent >= closing {
		share = max(share, float64(c.stretch.lost-min(c.run, c.stretch.lost))/float64(sent))
	}
	if share < 0.1 {
		return closing
	}
	return max(closing, uint32(math.Ceil(math.Log(1e-6)/math.Log(min(share, 0.98)))))
}

// close lets only so many packets through as are needed to see when the server is open again.
func (c control) close(now int64) control {
	c.probe = min(max(c.effective(c.suspect)/6, 4), 40, c.rate)
	c.since, c.suspect, c.stretch = now, outcome{}, outcome{}
	return c
}

// open ends that, as a packet was answered; late, if one that had been given up.
func (c control) open(late bool, recent float64, b *bounds, now int64) control {
	most, probe := max(c.rate, float64(c.before)), c.probe
	c.probe, c.run = 0, 0
	if late { // it never was closed
		return c
	}
	recent = min(recent/(1-float64(c.ambient)), most)
	if recent < closing {
		recent = c.rate / 2
	}
	c.phase = free
	c.trouble = min(recent+most/probe, most) // it may have been open for as long as one probe waits for the next
	return c.lower(margin*recent, b, now)
}

// excessive reports whether o has more loss than the ambient share explains.
func (c control) excessive(o outcome) bool {
	a, n := float64(c.ambient), float64(o.sent)
	sd := math.Sqrt(a * (1 - a) * n * (1 + n/max(float64(c.weight), 1)))
	return float64(o.lost)-a*n >= hint+deviation*sd
}

// effective is the rate in packets a second at which o was sent, as far as c.rate limited it.
func (c control) effective(o outcome) float64 {
	sent := float64(o.sent) * float64(time.Second) / float64(max(o.span, int64(Grain)))
	if c.rate >= unlimited {
		return sent
	}
	return max(c.rate/2, min(sent, c.rate))
}

// ease lowers the rate a little at the first loss, to one that is known to be borne if there is one not far below.
func (c control) ease(b *bounds, now int64) control {
	rate := c.effective(c.suspect)
	c = c.again(rate)
	c.eased = true
	c.rate = max(margin*rate, b.floor)
	if proven := 0.985 * float64(c.proven); c.trouble > 0 && proven > 0.8*rate {
		c.rate = max(min(c.rate, proven), b.floor)
	}
	c.trouble, c.until = rate, now+c.wait()
	return c
}

// cut lowers the rate to what got through of o, or, if cutting has not helped, to half of it for a test.
func (c control) cut(o outcome, recent float64, b *bounds, now int64) control {
	rate, loss := c.effective(o), float32(o.loss())
	if c.phase == reduced { // at one rate all the time
		loss = float32(c.stretch.loss())
	}
	test := false
	switch was, is := c.lossy-c.ambient, loss-c.ambient; {
	case c.phase == free:
		c.phase, c.cuts, c.before = reduced, 0, max(float32(rate), 0.8*c.before)
	case is < 0.6*was: // it has helped
		c.before = float32(rate)
	case is > 1.5*was && c.cuts < 3: // the last cut came at the beginning of the loss
	default:
		test = true
	}
	c.cuts++
	c.lossy = loss
	through := rate * min(1, float64(o.good)/float64(o.sent)/(1-float64(c.ambient)))
	if test {
		// Of a few packets more might have got through: twice the deviation of a Poisson count is allowed for.
		good := float64(o.good)
		most := rate * min(1, (good+2*math.Sqrt(good)+2)/float64(o.sent))
		c.phase, c.trouble, c.tested, c.missed = halved, most, 0, 0
		c = c.lower(most/2, b, now)
		c.proven = float32(margin * through)
		return c
	}
	most := rate
	if c.reopened >= o.begin {
		through = min(recent, rate)
		most = through
	}
	through = max(through, min(float64(c.proven), margin*rate))
	least := rate / 2
	if c.cuts == 1 {
		least = rate / 3
	}
	if !c.eased {
		c = c.again(most)
	}
	c.trouble = max(most, rate/2)
	return c.lower(min(max(margin*through, least), margin*rate), b, now)
}

// again sets the patience after trouble at rate: twice what it was if it is the trouble known already.
func (c control) again(rate float64) control {
	if c.trouble > 0 && rate > 0.5*c.trouble && rate < 1.2*c.trouble {
		c.patience = min(2*c.patience, patience1)
	} else {
		c.patience = patience0
	}
	return c
}

// slowness is how much longer than at a lively rate it takes until as many packets have left: patience is counted in
// packets where they are few, since trouble costs some each time. Where loss is the rule a few more do not matter.
func (c control) slowness() float64 {
	if c.ambient > ruled {
		return 1
	}
	return max(1, lively/c.rate)
}

// wait is how long the rate stays below trouble.
func (c control) wait() int64 { return int64(float64(c.patience) * c.slowness()) }

// lower sets the rate and forgets what left before.
func (c control) lower(rate float64, b *bounds, now int64) control {
	c.rate = min(max(rate, b.floor), b.cap)
	c.since, c.until = now, now+c.wait()
	c.suspect, c.stretch = outcome{}, outcome{}
	c.eased, c.proven, c.late = false, 0, 0
	return c
}

// relieved reports whether enough packets have left since the cut to say that the loss has gone.
func (c control) relieved() bool {
	was, is := min(float64(c.lossy-c.ambient), 0.4), c.stretch.loss()-float64(c.ambient)
	return was*float64(c.stretch.sent) >= decisive && is < was/3
}

// verdict ends a test, if there is enough to go by. That the loss has not gone must show twice, as the first half of
// the test may have been in a second for which a server had closed.
func (c control) verdict(b *bounds, now int64) control {
	o := c.stretch
	sent, lost := c.tested+o.sent, c.missed+o.lost
	was, is := min(float64(c.lossy-c.ambient), 0.6), float64(lost)/float64(sent)-float64(c.ambient)
	if was*float64(sent) < decisive {
		return c
	}
	if is < was/4 || was*float64(sent) >= 2*decisive && is < was/3 {
		c.phase = free
		return c.lower(max(c.rate, float64(c.proven)), b, now)
	}
	if was*float64(o.sent) < decisive || o.span < window/2 || o.good == 0 {
		return c
	}
	first := c.tested == 0
	c.tested, c.missed, c.stretch, c.suspect = sent, lost, outcome{}, outcome{}
	switch {
	case first:
	case is < 0.5*was: // it has helped, but not enough
		c.phase, c.lossy = reduced, float32(lost)/float32(sent)
		c.trouble = c.rate
		return c.lower(margin*c.rate*(1-float64(c.lossy))/(1-float64(c.ambient)), b, now)
	default:
		c.ambient, c.weight = float32(lost)/float32(sent), float32(min(sent, memory))
		c.phase, c.rate, c.trouble, c.patience = free, min(max(float64(c.before), c.rate), b.cap), 0, patience0
	}
	return c
}

// learn takes note of a second or more without trouble.
func (c control) learn() control {
	o := c.stretch
	if c.trouble > 0 {
		c.proven = max(c.proven, float32(c.effective(o)))
		if float32(o.loss()) > c.ambient && (c.ambient < ruled && o.loss() > little || c.rate > 1.01*margin*c.trouble) {
			return c // it may be the rate: more will tell
		}
	}
	c.stretch = outcome{}
	n := float32(o.sent)
	c.ambient += (float32(o.loss()) - c.ambient) * n / (c.weight + n)
	c.weight = min(c.weight+n, memory)
	return c
}

// grow raises the rate after round o, if the round made use of it.
func (c control) grow(o outcome, b *bounds, now int64) control {
	if c.phase != free || c.rate >= b.cap || o.idle || c.suspect.lost > 0 && c.weight < sample {
		return c
	}
	seconds := min(float64(o.span)/float64(time.Second), 1)
	calm := float64(patience0) / (float64(c.patience) * c.slowness())
	switch {
	case c.trouble == 0 && c.rate < brisk: // grows with each answer
	case c.trouble == 0:
		c.rate += c.rate * climb * seconds
	case c.rate < margin*c.trouble:
		c.rate = min(c.rate+c.rate*max(recovery*calm, slowest*8, min(0.15, float64(c.ambient)*3))*seconds, margin*c.trouble)
	case now >= c.until:
		over := c.rate/c.trouble - 1
		c.rate += c.rate * min(climb, max(probing*calm, slowest)+max(0, over)/2) * seconds
		if over > 0.5 {
			c.trouble = 0
		}
	}
	c.rate = min(c.rate, b.cap)
	return c
}

// Package stub turns one question into one answer by asking recursive resolvers that validate (RFC 4035 4.9), instead
// of going to the authoritative servers as package resolve does. It has the same methods, gives the same answers, and
// decides only: somebody else sends. What a resolver says of the security of its answers is taken from the bit AD, from
// extended errors (RFC 8914), and from further questions where it said too little (spec rules R6.11 and R7.1 to R7.4).
//
// The life of a question is a small machine of phases (question.go):
//
//	asking      one resolver after the other, until one has an answer   (exchange.go, reply.go)
//	confirming  the answer has no AD: does its resolver validate?       (proof.go)
//	checking    SERVFAIL, and nobody said why: is there data with checking disabled?
//	proving     the look-up failed: is that in a zone proven insecure? alias by alias, then DS by DS   (proof.go)
//
// An answer with AD is secure. One without is insecure if its resolver was seen to validate, and otherwise says nothing.
// SERVFAIL is bogus if the resolver says so in an extended error, and suspected to be if there is data with checking
// disabled. Any other failure counts as insecure only if a delegation on the way to the name, or to the last name that it
// is an alias of, is proven to have no DS: then nobody could have signed what did not come.
//
// A question asked twice while it is under way is sent once, and everybody gets the one answer. Nothing here opens a
// socket, starts a goroutine or reads a clock, and a Resolver belongs to one goroutine.
package stub

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Config is what a Resolver must be told. Resolvers is required; other zero values mean the defaults.
type Config struct {
	// Resolvers are asked at random.
	Resolvers []netip.AddrPort

	Anchor     wire.Name                        // a zone that the resolvers hold a trust anchor for, and none above it; default the root
	Timeout    time.Duration                    // of one exchange; default 2 s
	Retries    int                              // exchanges without a reply that are repeated, at other resolvers first; negative: none; default 3
	MaxQueries int                              // packets for one Client with all it pulls in; default 64
	NoMixCase  bool                             // do not randomise the case of questions
	NSID       bool                             // ask every resolver which instance it is
	Answers    int                              // bound of the cache; default 16384
	OptOuts    *resolve.OptOuts                 // names that are not to be asked about; nil: none
	First      func(client uint32) *record.Look // as of resolve.Config
	Rand       *rand.Rand                       // choice among resolvers
}

// Resolver holds the questions under way and the cache of one loop.
type Resolver struct {
	cfg     Config
	servers []*server // by step.ServerID

	questions []*question // by ticket
	free      []step.Ticket
	underWay  map[key]*question
	waiting   int         // number of questions under way
	ready     []*question // to be moved on by run
	finished  []resolve.Result
	answers   cache
	anew      step.Time // failures that were met by then are not believed
	counts    resolve.Counts

	msg     wire.Message // scratch, as what follows
	reading reading
}

// key identifies a question.
type key struct {
	name   wire.Name
	typ    wire.Type
	use    use
	server step.ServerID // the one to be asked, for confirmations
}

// use is what a question is asked for.
type use uint8

const (
	answering    use = iota // a client wants the answer
	linking                 // a link of the proof that a zone is insecure: with DO, and no proof of its own
	confirmation            // does one resolver validate? asked of that one alone
)

// New returns a Resolver that knows nothing yet.
func New(cfg Config) *Resolver {
	setDefault(&cfg.Anchor, wire.Root)
	setDefault(&cfg.Timeout, 2*time.Second)
	setDefault(&cfg.Retries, 3)
	setDefault(&cfg.MaxQueries, 64)
	setDefault(&cfg.Answers, 1<<14)
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	r := &Resolver{cfg: cfg, underWay: map[key]*question{}, answers: newCache(cfg.Answers)}
	for _, at := range cfg.Resolvers {
		r.servers = append(r.servers, &server{
			id: step.ServerID(len(r.servers)), self: record.Server{Addr: at.Addr().Unmap()}, port: at.Port(),
		})
	}
	return r
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Ask looks name up. If the answer is known it is returned; otherwise nil, and the answer comes through Finished,
// which may have it at once if no packet could be sent.
func (r *Resolver) Ask(now step.Time, c *resolve.Client, name wire.Name, typ wire.Type, out *[]step.Ask) *record.Answer {
	if first := r.first(c); first != nil {
		r.anew = max(r.anew, first.Finished)
	}
	k := key{name: name, typ: typ}
	if s := r.known(now, k); s != nil {
		if s.Outcome.Failed() {
			r.counts.Spared++
		} else {
			r.counts.Cached++
		}
		return &s.Answer
	}
	if r.cfg.OptOuts != nil && r.cfg.OptOuts.Name(name) {
		return &record.Answer{Name: name, Type: typ, Outcome: record.Skipped, Cause: resolve.CauseOptedOut}
	}
	q := r.ask(k, c)
	q.waiters = append(q.waiters, waiter{client: c})
	r.run(now, out)
	return nil
}

// first is what the first look at c came to; nil if this is the first. A second one is done as package resolve does: with no
// failure from the cache that was met at the first, and at other resolvers first.
func (r *Resolver) first(c *resolve.Client) *record.Look {
	if !c.Again {
		return nil
	}
	return r.cfg.First(c.ID)
}

// known returns the answer to k from the cache; nil if there is none.
func (r *Resolver) known(now step.Time, k key) *stored {
	s := r.answers.find(now, k)
	if s != nil && s.Outcome.Failed() && s.Expires.Add(-failureTTL) <= r.anew {
		return nil
	}
	return s
}

// Finished returns the next answer that has become ready since it was last asked.
func (r *Resolver) Finished() (resolve.Result, bool) {
	n := len(r.finished)
	if n == 0 {
		return resolve.Result{}, false
	}
	result := r.finished[n-1]
	r.finished[n-1] = resolve.Result{}
	r.finished = r.finished[:n-1]
	return result, true
}

// Counts returns what has been counted so far.
func (r *Resolver) Counts() *resolve.Counts { return &r.counts }

// Servers returns how many resolvers there are: they have the numbers below that.
func (r *Resolver) Servers() int { return len(r.servers) }

// Server returns the address of a resolver, and how many packets to it have come to their end. Who runs it is not known.
func (r *Resolver) Server(id step.ServerID) (self record.Server, operator string, sent int) {
	s := r.servers[id]
	return s.self, "", s.stats.Sent
}

// UnderWay counts the questions that wait for something.
func (r *Resolver) UnderWay() int { return r.waiting }

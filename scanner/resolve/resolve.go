// Package resolve turns one question into one answer by asking authoritative servers, beginning at the root
// (RFC 1034 5.3.3). It decides; somebody else sends.
//
// A caller asks through a Client, which stands for one name of the scan and carries what only that name needs: its
// own delegation and the count of its queries. Ask answers at once from the cache, or starts a question. Questions
// put packets on their way as step.Asks and are moved on by step.Events; when they end, their answers wait in
// Finished. A question asked twice while it is under way is sent once, and everybody gets the one answer.
//
// The life of a question is a small machine of states (question.go):
//
//	findingCut       the closest enclosing zone whose servers we know   (cut.go)
//	choosingServer   which of its servers now, or whose address we lack (server.go)
//	awaitingReply    a packet is out                                    (exchange.go)
//	awaitingAddress  another question looks for the address of a name server
//	awaitingAlias    another question has the target of our alias       (answer.go)
//	awaitingReferral another question is ahead of us in the same zone   (scout.go)
//	proving          the answer is there: is it genuine?                 (prove.go, claim.go)
//	awaitingChain    another question has a link of the chain of trust   (trust.go)
//	awaitingWork     signatures are being checked, off the loop
//	awaitingProbes   other questions are at the servers of a survey     (survey.go)
//
// A reply is read by a pure function of the message (reply.go, referral.go): answer, alias, denial, referral, lameness or
// failure. Referrals lead down to choosingServer, failures to the next server, until the servers or the bounds are used
// up. An alias that leaves the reply leads to a question of its own, which all aliases to that target share. Bounds are
// constants at the head of question.go, each with the attack it answers.
//
// Where there is the file of a zone it stands for the servers of that zone (zonefile.go).
//
// A name that failed may be looked at again, which is done as if it had not been (again.go).
//
// A Survey asks not the best server of a zone but all of them, and says whether they agree (survey.go).
//
// Questions wait for questions, never in a circle: who would close one is told of the loop instead. An answer that
// shows a bound on the work of one client is given to that client alone; others who waited ask again.
//
// Nothing here opens a socket, starts a goroutine or reads a clock, and a Resolver belongs to one goroutine.
package resolve

import (
	"hash/maphash"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Root is one root server of the hints.
type Root struct {
	Name  wire.Name
	Addrs []netip.Addr
}

// Config is what a Resolver must be told. Roots, a family and Operator are required; other zero values mean the defaults.
type Config struct {
	Roots      []Root
	IPv4, IPv6 bool          // address families in use
	Timeout    time.Duration // of one exchange; default 2 s
	Retries    int           // exchanges without a reply that are repeated, at other servers first (see retries); negative: none; default 3
	MaxQueries int           // packets for one Client with all it pulls in; default 64, 65535 at most
	NoMixCase  bool          // do not randomise the case of questions
	NSID       bool          // ask every server which instance it is

	// Validation of answers (RFC 4035). The addresses of servers are not validated: whatever they lead to is.
	Anchors []record.RR   // trust anchors: DS and DNSKEY records at any name; none: validation is off
	At      uint32        // seconds since 1970 against which signatures are checked; 0 means the time of the events
	Lazy    bool          // only what a verdict depends on: CAA sets that were found, and failures
	Policy  dnssec.Policy // what a validator may choose

	// Crowd is how many questions may be under way at a server that keeps them waiting: a patient client with one more is
	// turned away (crowd.go). 0: nobody is.
	Crowd int

	// Allowed says whether a server address may be asked. Nil allows all.
	Allowed func(netip.Addr) bool

	OptOuts *OptOuts // who is not to be asked; nil: everybody may be

	// Delegation returns what a zone file says of the name of a client, by its ID. Zones are the files of whole zones. Nil:
	// there are none (zonefile.go).
	Delegation func(client uint32) *record.Delegation
	Zones      Zones

	// First returns what the first look at a client came to, one that is looked at again, by its ID. Nil: there are none.
	First func(client uint32) *record.Look

	// Operator names who runs a server, from one of its names: the registrable domain and its key for the limiter.
	Operator func(server wire.Name) (string, step.OperatorID)

	Rand *rand.Rand // choice among equally good servers

	// Bounds of the caches, in entries. The defaults are 16384 zone cuts and answers, which are for what many names
	// share, since a name keeps its own delegation with it, and 65536 server names.
	Cuts, Answers, Hosts int
}

// Client is one name of the scan as the resolver sees it: whom to give answers to, what it may still spend, and the
// closest delegation found for it, which is kept here as long as the name is under way. The zero value with an ID is
// ready for use.
type Client struct {
	ID      uint32 // the caller's
	Patient bool   // may be turned away when its servers are crowded
	Again   bool   // its name was looked at before, in vain (again.go)
	lookups uint16 // addresses of servers looked for, each of which should have cost a packet
	Cost    record.Cost

	cut *cut
}

// Result is an answer or a survey that has become ready, or of a client that was turned away neither, and the server that
// is crowded.
type Result struct {
	Client  *Client
	Answer  *record.Answer
	Survey  *record.Survey
	Crowded step.ServerID
}

// Resolver holds the questions under way and the caches of one loop.
type Resolver struct {
	cfg  Config
	root *cut

	anchors map[wire.Name][]record.RR // by owner
	optOuts *optOutList               // in force at the beginning: as long as it is, no packet under way is forbidden

	questions slab                    // by ticket
	underWay  index                   // of them by name
	parties   map[wire.Name]*party    // by the child of a zone (scout.go)
	surveys   map[step.Ticket]*survey // by the question that leads them (survey.go)
	ready     []*question             // to be moved on by run
	finished  []Result
	freed     []step.ServerID // crowded before, and no longer
	anew      step.Time       // failures that were met before are not believed (again.go)

	seed    maphash.Seed // of hash
	servers []*server    // by step.ServerID
	byAddr  map[netip.Addr]step.ServerID
	cuts    cache[wire.Name, *cut]
	sets    cache[string, *serverSet] // by the names of the servers, one behind the other
	hosts   cache[wire.Name, *host]
	answers cache[wire.Name, *stored] // those for one name are linked by stored.next
	counts  Counts

	msg        wire.Message // scratch, as what follows
	reading    reading
	nameBuf    []byte
	filedNames [][]byte
	filedText  []byte
	candidates []candidate
}

// key identifies a question.
type key struct {
	name wire.Name
	hash uint32 // of the name
	typ  wire.Type
	use  use
}

func (r *Resolver) key(name wire.Name, typ wire.Type, u use) key {
	return key{name, r.hash(name), typ, u}
}

// use is what a question is asked for.
type use uint8

const (
	answering use = iota // a client wants the answer, validated
	serving              // the address of a name server: not validated
	chaining             // DS or DNSKEY for the chain of trust: no alias is followed, and the answer is a trust (trust.go)
	surveying            // all servers of the zone are to be asked (survey.go)
	probing              // one server is asked for a survey
)

// New returns a Resolver that knows the root servers and nothing else.
func New(cfg Config) *Resolver {
	setDefault(&cfg.Timeout, 2*time.Second)
	setDefault(&cfg.Retries, 3)
	setDefault(&cfg.MaxQueries, 64)
	cfg.MaxQueries = min(cfg.MaxQueries, math.MaxUint16)
	setDefault(&cfg.Cuts, 1<<14)
	setDefault(&cfg.Answers, 1<<14)
	setDefault(&cfg.Hosts, 1<<16)
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	r := &Resolver{
		cfg:     cfg,
		seed:    maphash.MakeSeed(),
		parties: map[wire.Name]*party{},
		surveys: map[step.Ticket]*survey{},
		byAddr:  map[netip.Addr]step.ServerID{},
		cuts:    newCache[wire.Name, *cut](cfg.Cuts),
		sets:    newCache[string, *serverSet](cfg.Cuts),
		hosts:   newCache[wire.Name, *host](cfg.Hosts),
		answers: newCache[wire.Name, *stored](cfg.Answers),
	}
	r.underWay = newIndex(&r.questions)
	r.root = r.rootCut(cfg.Roots)
	if len(cfg.Anchors) > 0 {
		r.anchors = map[wire.Name][]record.RR{}
		for _, rr := range cfg.Anchors {
			r.anchors[rr.Owner] = append(r.anchors[rr.Owner], rr)
		}
	}
	if cfg.OptOuts != nil {
		r.optOuts = cfg.OptOuts.list.Load()
	}
	return r
}

func setDefault[T int | time.Duration](value *T, def T) {
	if *value == 0 {
		*value = def
	}
}

// Ask looks name up. If the answer is known it is returned; otherwise nil, and the answer comes through Finished,
// which may have it at once if no packet was needed.
func (r *Resolver) Ask(now step.Time, c *Client, name wire.Name, typ wire.Type, out *[]step.Ask) *record.Answer {
	if first := r.first(c); first != nil {
		r.lookAgain(first)
	}
	k := r.key(name, typ, answering)
	if a, ok := r.cached(now, k); ok {
		return a
	}
	q := r.ask(k, c, 0, 0)
	q.addWaiter(waiter{client: c})
	r.run(now, out)
	return nil
}

// Finished returns the next answer that has become ready since it was last asked.
func (r *Resolver) Finished() (Result, bool) {
	n := len(r.finished)
	if n == 0 {
		return Result{}, false
	}
	result := r.finished[n-1]
	r.finished[n-1] = Result{}
	r.finished = r.finished[:n-1]
	return result, true
}

// UnderWay counts the questions that wait for something.
func (r *Resolver) UnderWay() int { return r.questions.used }

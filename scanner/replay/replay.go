// Package replay plays scenarios against the resolver, in virtual time and without a socket.
//
// A scenario is a text that says what every server of a small world answers, what is asked, and what the answer must
// be: the .rpl files of Unbound's tests and of Deckard, in as much of their grammar as a resolver without a cache of
// messages and without a client on a socket can be held to. testdata/README.md describes it.
//
// Parse reads a scenario. Play makes a resolve.Resolver as its CONFIG says and drives it as the engine would, except
// that the clock is a variable, packets are answered by the entries of the scenario, and the choice among equally good
// servers follows a seed. What comes out otherwise than the scenario says is a list of faults.
//
//	replay.go   what a scenario is made of
//	config.go   the CONFIG section: roots, trust anchors, the clock, limits
//	parse.go    ranges, steps and comments that concern us
//	entry.go    one ENTRY: how it is written
//	match.go    which entry answers a query, and the message made of it
//	play.go     the driver
//	check.go    is the answer the one expected?
//
// The scenarios under testdata are written by scanner/replay/generate, which signs them.
package replay

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/wire"
)

// Scenario is one parsed file.
type Scenario struct {
	Title  string
	Config Config
	Ranges []Range
	Steps  []Step // by increasing Number
}

// Config is the part of a scenario that sets up the resolver.
type Config struct {
	Roots      []netip.Addr // of the root servers
	IPv4, IPv6 bool
	MixCase    bool // 0x20
	Anchors    []record.RR
	At         uint32    // val-override-date: the one moment against which signatures are checked; 0: the clock
	Start      time.Time // val-override-timestamp: the clock when the scenario begins

	// What only caascan knows.
	Lazy       bool
	Policy     dnssec.Policy
	MaxQueries int // as in resolve.Config; 0: the default
	Retries    int // as in resolve.Config; 0: the default
}

// Range is what servers answer during the steps First to Last.
type Range struct {
	First, Last int
	Addrs       []netip.Addr // nil: any server
	Entries     []Entry
}

// Entry is a message, and what it is compared or adjusted by. In a Range it answers a query, in a Step it is the query
// or the answer expected.
type Entry struct {
	Line  int // where it begins
	Match Match

	CopyID    bool
	CopyQuery bool
	Silent    bool          // swallow the query (Deckard's do_not_answer)
	Sleep     time.Duration // before the reply leaves

	Opcode   int
	RCode    int
	Flags    uint16 // QR AA TC RD RA AD CD
	DO       bool   // with an OPT record that has the DO bit
	Question *dns.Question
	Sections [3][]dns.RR // answer, authority, additional
	Raw      []byte      // the message itself, instead of all that; its ID is that of the query

	Expect *Expect // of a CHECK_ANSWER; nil if there is no such line
}

// Match says what of a message must equal what an entry says. The bits of Elements all must hold.
type Match struct {
	Elements  Element
	Transport Transport
}

// Element is a set of things to be compared.
type Element uint16

// The elements of a MATCH line.
const (
	MatchOpcode Element = 1 << iota
	MatchQType
	MatchQName
	MatchQCase // the name in its case
	MatchSubdomain
	MatchQuestion
	MatchRCode
	MatchFlags
	MatchAnswer
	MatchTTL
	MatchDO
	MatchNoEDNS
)

// MatchAll compares header, question and answer. The other sections are a matter of how a resolver words its messages.
const MatchAll = MatchOpcode | MatchRCode | MatchFlags | MatchQuestion | MatchAnswer

// Transport says over what a query must come.
type Transport uint8

// The transports.
const (
	AnyTransport Transport = iota
	UDP
	TCP
)

// Expect is what a caascan line expects of an answer besides the message. Empty fields expect nothing.
type Expect struct {
	Outcome  string // word of record.Outcome
	Security string // word of record.Security
	Cause    string // word of record.Answer.Cause; "none" for the empty one
	Reason   string // word of record.Answer.Reason; likewise
	BrokenAt wire.Name
	Zone     wire.Name  // record.Answer.Zone
	By       netip.Addr // who gave the answer
	Packets  *int       // at most so many were sent for it
}

// Kind is what happens at a step.
type Kind uint8

// The kinds of steps.
const (
	Nothing Kind = iota
	Query
	CheckAnswer
	CheckOutQuery
	Reply
	Timeout
	Error // the packet cannot be delivered
	TimePasses
)

var kindWords = map[string]Kind{
	"NOTHING": Nothing, "QUERY": Query, "CHECK_ANSWER": CheckAnswer, "CHECK_OUT_QUERY": CheckOutQuery, "REPLY": Reply,
	"TIMEOUT": Timeout, "ERROR": Error, "TIME_PASSES": TimePasses, "TRAFFIC": Nothing,
}

// hasEntry reports whether an ENTRY follows a step of this kind.
func (k Kind) hasEntry() bool {
	return k == Query || k == CheckAnswer || k == CheckOutQuery || k == Reply
}

// takesPending reports whether a step of this kind is about a query that is under way.
func (k Kind) takesPending() bool {
	return k == CheckOutQuery || k == Reply || k == Timeout || k == Error
}

// Step is one moment of a scenario.
type Step struct {
	Number int
	Line   int
	Kind   Kind
	Addr   netip.Addr // the server it is about; zero: any
	Entry  Entry
	Elapse time.Duration
}

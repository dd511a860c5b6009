// Package record holds the types that travel through a scan: a Target is a name on its way in, an Answer is what one
// question showed, a Record is what one name showed, on its way out. They carry evidence, not text for people, and
// no package needs to know another to hand them on: datasets makes targets, resolve makes answers, scanner makes
// records, output writes them.
package record

import (
	"net/netip"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Target is one name to be scanned, made from one line of the input.
type Target struct {
	Name        string // canonical (spec rule R1.2): lower-case A-labels, no trailing dot
	Input       string // as given where it differed from Name; a mail address without its local part ("@example.org")
	Source      string // list it came from: "tranco:2026-11-01:K25XW", "stdin", a file name
	Line        int64  // line in that source, from 1
	Rank        int64  // position in a ranked list; 0 if the list has none or gives only buckets
	RankBucket  string // "1-1k", "1k-10k", "10k-100k", "100k-1m", "1m+"; "" if unranked
	Registrable string // registrable domain (one label below the public suffix); "" if Name is itself a suffix
	Suffix      string // public suffix
	ICANN       bool   // the suffix is from the ICANN section of the list, not from the private one
	Mail        bool   // the input was a mail address
	Wildcard    bool   // the input was a wildcard name "*.x"; Name is x (spec rule R1.1)

	First      *Look       // what came of it when it was looked at before; nil: it was not
	Delegation *Delegation // of Name, by the zone file that the name is from; nil if nothing is known of it
}

// Alias is one link of a chain that led from the name asked to the name that answered.
type Alias struct {
	Owner  wire.Name
	Target wire.Name
	TTL    uint32 // seconds
	DNAME  bool   // Owner's DNAME, or a name below it, was rewritten (RFC 6672); otherwise a CNAME

	// The zone that holds Owner and the names of its servers; "" and nil if not learned, as of links that came in one
	// reply with the link before.
	Zone wire.Name
	NS   []wire.Name
}

// RR is a resource record that outlives its message. Data is in canonical form: names written out, in lower case.
type RR struct {
	Owner wire.Name
	Data  []byte
	TTL   uint32 // seconds
	Type  wire.Type
	Class uint16
}

// EDE is an extended DNS error (RFC 8914, spec rule R7.1).
type EDE struct {
	Text string
	Code uint16
}

// Answer is what the lookup of one (name, type) showed. Answers are shared between the names that need them and
// never change once made.
//
// It has 200 octets, and each name that waits for what others share holds one: what is small stands together.
type Answer struct {
	Name wire.Name
	Type wire.Type

	RCode    wire.RCode // of the reply that decided; what a client of a resolver would see is Outcome.ClientRCode
	Outcome  Outcome
	Security Security
	DS       Presence // of a DS RRset for Zone at its parent, as told or proven by the deciding reply
	Attempts uint8    // exchanges with the servers of Zone; a rule may demand that there were two (R3.4)

	Cause    string    // enumerated word: what of ours ended the look-up, such as which bound was hit; mostly ""
	Reason   string    // enumerated word: why Security is as it is; "" if nothing to say (dnssec.Reason)
	BrokenAt wire.Name // the zone where the chain of trust ends or breaks; "" if it does not, or nothing is known

	Chain   []Alias // from Name to the owner of the records, in order
	Records []RR    // the answer section: aliases and records of Type, in the order of the chain, without RRSIGs

	Zone wire.Name   // apex of the zone that answered; of a failure, the zone at whose servers it came about
	NS   []wire.Name // the names of its servers; nil if not learned

	By    *Server       // that gave the deciding reply; nil if there was none
	Notes *Notes        // what few answers have besides; nil if it has nothing of that
	RTT   time.Duration // of the deciding exchange, waiting for the limiter not included

	TTL       uint32 // seconds: of the records of Type, or how long the denial holds (RFC 2308 5)
	Size      uint16 // of the deciding reply, in octets; 0 without one
	TCP       bool   // the deciding reply came over TCP
	Truncated bool   // a reply had TC set

	Expires step.Time // until when the answer may be used again
}

// Presence says if something is there. The zero value: not known.
type Presence uint8

const (
	NotKnown Presence = iota
	Absent
	Present
)

// Server is who gave an answer.
type Server struct {
	Addr netip.Addr
	Name wire.Name // one of its names
}

// Notes are what the server that gave the deciding reply said about it, and who failed to give one.
type Notes struct {
	EDE    []EDE
	NSID   []byte    // which instance of the server it was (RFC 5001)
	InVain []*Server // of a failure: those that were asked, each once
}

// NotesOf returns the extended errors (RFC 8914) and the instance identifier (RFC 5001) of a reply, nil if it has neither.
func NotesOf(m *wire.Message) *Notes {
	if !m.HasOPT() {
		return nil
	}
	var n *Notes
	for code, data := range m.Options {
		if n == nil && (code == wire.OptionEDE || code == wire.OptionNSID) {
			n = &Notes{}
		}
		switch code {
		case wire.OptionEDE:
			if e, err := wire.ParseEDE(data); err == nil {
				n.EDE = append(n.EDE, EDE{Code: e.Code, Text: e.CleanText()})
			}
		case wire.OptionNSID:
			n.NSID = slices.Clone(data)
		}
	}
	return n
}

// FailedAt returns the zone at whose servers the look-up failed; "" if it did not.
func (a *Answer) FailedAt() wire.Name {
	if !a.Outcome.Failed() {
		return ""
	}
	return a.Zone
}

// EDE returns the extended errors of the deciding reply.
func (a *Answer) EDE() []EDE {
	if a.Notes == nil {
		return nil
	}
	return a.Notes.EDE
}

// InVain returns the servers that were asked in vain, of an answer that shows a failure.
func (a *Answer) InVain() []*Server {
	if a.Notes == nil {
		return nil
	}
	return a.Notes.InVain
}

// AddInVain notes who was asked in vain, which is for the one who makes a. It is of use only to a second look.
func (a *Answer) AddInVain(servers []*Server) {
	if len(servers) == 0 || !a.Outcome.MayPass() {
		return
	}
	notes := Notes{InVain: servers}
	if a.Notes != nil { // which other answers may share
		notes.EDE, notes.NSID = a.Notes.EDE, a.Notes.NSID
	}
	a.Notes = &notes
}

// Home returns the zone that holds Name and the names of its servers: for an alias, those of its first link. The zone is
// "" and the servers are nil if not learned.
func (a *Answer) Home() (zone wire.Name, ns []wire.Name) {
	if len(a.Chain) > 0 {
		return a.Chain[0].Zone, a.Chain[0].NS
	}
	return a.Zone, a.NS
}

// Owner returns the name at the end of the chain: the owner of the records, if there are any.
func (a *Answer) Owner() wire.Name {
	if len(a.Chain) == 0 {
		return a.Name
	}
	return a.Chain[len(a.Chain)-1].Target
}

// Set returns those of the records that have the type asked for.
func (a *Answer) Set() []RR {
	first := 0
	for first < len(a.Records) && a.Records[first].Type != a.Type {
		first++
	}
	return a.Records[first:]
}

// Level is one step of the climb (RFC 8659 3): a name and what the lookup of CAA there showed.
type Level struct {
	Name   wire.Name
	Answer *Answer
}

// Mail is what the scan learned about mail at the name itself.
type Mail struct {
	MX       *Answer // nil if not asked
	Address  *Answer // A, and AAAA where A was empty; asked only where MX is an empty answer (RFC 5321 5.1)
	Exchange []MX    // by preference, then name
}

// MX is the data of one MX record.
type MX struct {
	Preference uint16
	Exchange   wire.Name // wire.Root alone is the null MX (RFC 7505)
}

// Cost is what one name made caascan do. Work shared with other names is counted for the one that asked first.
type Cost struct {
	Waited  time.Duration // waiting for the limiter, summed over the queries
	Queries int32         // packets sent
	Retries int32         // of them, those that repeated a question after a failure
	TCP     int32         // of them, those over TCP
	Checks  int32         // signatures checked
	Hashes  int32         // NSEC3 hashes computed
}

// Record is all that a scan showed of one target. The scanner makes exactly one for every target.
type Record struct {
	Target Target

	Admitted step.Time // when the first question was asked; at the first look, if there were two
	Finished step.Time // when the verdict was reached

	Climb    []Level // every level asked, in judging order, from the name upwards (spec rule R1.10), also those above a failure
	Relevant int     // index in Climb of the level with the relevant RRset, or of the failure that hides it; -1 if neither
	CAA      caa.Set // the relevant RRset, judged; the zero Set if there is none
	Posture  [caa.Kinds]caa.Posture
	Mail     Mail
	Cost     Cost // of both looks, if there were two

	Companions *Companions // nil if none were asked for, or of a name that does not exist or is opted out
	Survey     *Survey     // CAA at the deciding level, of all servers; nil if not asked
}

// Failed reports whether the climb ended in a failure below the first non-empty set.
func (r *Record) Failed() bool {
	return r.Relevant >= 0 && r.Climb[r.Relevant].Answer.Outcome.Failed()
}

// NameServer is what a scan saw of one server address: the evidence that its limit was kept.
type NameServer struct {
	Addr     netip.Addr
	Names    []wire.Name // the names under which it was met, at most a few
	Operator string      // registrable domain of the first of them

	Sent        int // packets sent to it
	Answered    int // replies matched
	Timeouts    int
	Unreachable int
	ServFail    int
	Refused     int
	FormErr     int
	NotImp      int
	Lame        int
	TCP         int           // of Sent, those over TCP
	RTT50       time.Duration // median round trip, 0 without replies
	RTT95       time.Duration
	Waited      time.Duration // how long the limiter held queries to it back, summed
	First, Last step.Time     // of the packets sent
	Peak        int           // most packets sent within one second
	RateLimit   float64       // packets a second that the limiter allowed it at the end; 0: no limit
	Slowed      int           // how often the limiter slowed down
	SlowedBy    string        // enumerated word: what was most often the reason; "" if it never was
	OptedOut    bool          // asks not to be asked (--exclude): then Sent is 0
	EDNS        Support       // does it speak EDNS
	CAA         Support       // does it answer questions for CAA
	MixedCase   Support       // does it keep the case of questions
}

// Count books the end of an exchange with the server.
func (ns *NameServer) Count(ev *step.Event, tcp bool) {
	if ev.Sent != 0 {
		ns.Sent++
		if tcp {
			ns.TCP++
		}
		if ns.First == 0 || ev.Sent < ns.First {
			ns.First = ev.Sent
		}
		ns.Last = max(ns.Last, ev.Sent)
	}
	ns.Waited += ev.Waited
	switch ev.Kind {
	case step.Reply:
		ns.Answered++
	case step.Timeout:
		ns.Timeouts++
	case step.Unreachable:
		ns.Unreachable++
	}
}

// CountCode books the response code of a reply.
func (ns *NameServer) CountCode(code wire.RCode) {
	switch code {
	case wire.ServFail:
		ns.ServFail++
	case wire.Refused:
		ns.Refused++
	case wire.FormErr:
		ns.FormErr++
	case wire.NotImp:
		ns.NotImp++
	}
}

// Support says how a server deals with something. The zero value: not known.
type Support uint8

const (
	Unknown Support = iota
	Answers
	Refuses // an error code
	Drops   // no reply, where it replies to other questions
	NotImplemented
)

// String returns the word that stands in files.
func (s Support) String() string {
	return [...]string{"unknown", "answers", "refuses", "drops", "notimp"}[s]
}

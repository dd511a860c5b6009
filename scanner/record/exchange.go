package record

import (
	"time"

	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Exchange is one packet to one server and what became of it. It is flat: nothing in it is made for it alone but the text of
// an extended error that was not met before.
type Exchange struct {
	For    wire.Name // the name scanned that it counts for; where several needed it, the one that began it
	Name   wire.Name // the question
	Zone   wire.Name // whose servers were asked; "" for a resolver
	Server *Server

	Sent   step.Time     // when the packet left; where it never did, when that was known
	RTT    time.Duration // from then to the reply; over TCP with the handshake
	Waited time.Duration // before, for the limiter's permission

	EDEText string // EXTRA-TEXT of the first extended error (RFC 8914), cleaned; "" for none

	Type    wire.Type
	UDPSize uint16 // of the query: the largest reply it takes over UDP; 0 without EDNS
	End     Ending
	Purpose Purpose
	Attempt uint8 // the how manieth at this zone or resolver, from 1; one that only changes the form of the question is not counted
	TCP     bool
	DO, CD  bool // bits of the query
	Mixed   bool // the case of the question's letters was

	// Of the reply; only where End is Replied or Garbled.
	CaseKept bool // with Mixed
	HasEDE   bool
	EDE      uint16                      // INFO-CODE of the first extended error
	Flags    uint16                      // of the header
	RCode    wire.RCode                  // with the upper bits of the OPT record
	Size     uint16                      // octets
	Counts   [wire.Additional + 1]uint16 // records that the header announces, by section; the OPT record among them
}

// SetForm fills in what the query is like.
func (x *Exchange) SetForm(q wire.Query) {
	if q.EDNS {
		x.UDPSize, x.DO = q.UDPSize, q.DO
	}
	x.CD = q.Flags&wire.FlagCD != 0
}

// Ending is how an exchange ended.
type Ending uint8

// The endings.
const (
	Replied  Ending = iota // with a message that can be read
	Garbled                // with one that cannot
	Silent                 // with nothing, in the time that there was
	NotThere               // the packet could not be delivered, or the connection broke
	Endings  = iota
)

// endingWords are those of the failures that such endings lead to.
var endingWords = [Endings]string{
	Replied: "reply", Garbled: Malformed.String(), Silent: Timeout.String(), NotThere: Unreachable.String(),
}

// String returns the word that stands in files.
func (e Ending) String() string { return endingWords[e] }

// HasReply reports whether a message came.
func (e Ending) HasReply() bool { return e <= Garbled }

// Purpose is what an exchange was to find out.
type Purpose uint8

// The purposes.
const (
	ForAnswer       Purpose = iota // what is asked about a name: CAA, MX, TXT and so on
	ForAddress                     // the address of a name server
	ForChain                       // DS or DNSKEY: a link of the chain of trust
	ForSurvey                      // what each of all servers of a zone says
	ForConfirmation                // whether a resolver validates
	Purposes        = iota
)

var purposeWords = [Purposes]string{
	ForAnswer: "answer", ForAddress: "address", ForChain: "chain", ForSurvey: "survey", ForConfirmation: "confirmation",
}

// String returns the word that stands in files.
func (p Purpose) String() string { return purposeWords[p] }

package record

import (
	"bytes"
	"slices"
	"time"

	"github.com/caascan/caascan/scanner/wire"
)

// Survey is what every server of one zone said to one question: do they agree? It has nothing of the caches, and nothing
// in it was validated.
type Survey struct {
	Name wire.Name
	Type wire.Type

	Zone      wire.Name   // whose servers were asked: the closest to Name that is delegated; "" if none was looked for
	NS        []wire.Name // the names of its servers, as its parent has them
	Addresses int         // that its servers are known to have, each counted once, less those that opted out
	Answers   []ServerAnswer
	Cause     string // enumerated word: why not all addresses were asked, or found; "" if they were

	Consistency Consistency
}

// ServerAnswer is what the server at one address said.
type ServerAnswer struct {
	Server  Server
	Outcome Outcome // WorkBound: what the name may cost was used up in the midst of the exchange
	RCode   wire.RCode

	// Aliases are the targets of the aliases in the reply, in order, beginning with that of the name asked. If they leave
	// the zone, or their end is not in the reply, Outcome is Found and Set is nil.
	Aliases []wire.Name
	Set     []RR // of the type asked, at the name itself or at the end of Aliases, ordered by Data

	Notes     *Notes        // what the reply said besides; nil if nothing
	RTT       time.Duration // of the exchange that decided, waiting for the limiter not included
	Attempts  uint8         // exchanges, those that only changed the form of the question not counted
	TCP       bool          // the reply came over TCP
	Truncated bool          // a reply had TC set
}

// Answered reports whether the server said what there is: records, an alias, or nothing. One that failed or is lame did not.
func (a *ServerAnswer) Answered() bool {
	return !a.Outcome.Failed() || a.Outcome == AliasLoop || a.Outcome == AliasLong
}

// Answered counts the addresses that gave an answer.
func (s *Survey) Answered() int { return s.count((*ServerAnswer).Answered) }

// Lame counts the addresses that do not serve the zone that is delegated to them.
func (s *Survey) Lame() int {
	return s.count(func(a *ServerAnswer) bool { return a.Outcome == Lame })
}

func (s *Survey) count(is func(*ServerAnswer) bool) (n int) {
	for i := range s.Answers {
		if is(&s.Answers[i]) {
			n++
		}
	}
	return n
}

// Inconsistent counts the addresses whose answer is not that of the greatest number that agree.
func (s *Survey) Inconsistent() int {
	most := 0
	for i := range s.Answers {
		if !s.Answers[i].Answered() {
			continue
		}
		most = max(most, s.count(func(a *ServerAnswer) bool { return a.Answered() && compare(a, &s.Answers[i]) == Same }))
	}
	return s.Answered() - most
}

// Consistency says whether the servers of a zone agree. It reaches disk by its word; new ones go to the end. The classes
// of disagreement are those of Scheitle et al., "A First Look at Certification Authority Authorization (CAA)", ACM CCR
// 48(2), 2018.
type Consistency uint8

const (
	NotChecked    Consistency = iota // fewer than two servers answered: there was nothing to compare
	Same                             // all that answered agree
	NoDataVsCAA                      // some have records, some say that there are none
	CNAMEDiffers                     // some have an alias that others lack, or that leads elsewhere there
	CAADiffers                       // some have other records than others
	NXDomainVsCAA                    // some have records, some say that the name does not exist
)

// String returns the word that stands in files.
func (c Consistency) String() string {
	return [...]string{"not_checked", "same", "nodata_vs_caa", "cname_differs", "caa_differs", "nxdomain_vs_caa"}[c]
}

// Classify compares the answers with each other. Servers that failed or are lame are none: a failure is no disagreement.
//
// The study counts a name in each class that it shows; here it has one, the first of: NXDomainVsCAA, CNAMEDiffers,
// NoDataVsCAA, CAADiffers. What comes earlier makes what comes later follow: a name that does not exist has no alias, and
// one with another alias has other records. NODATA and NXDOMAIN agree, as in the study: neither shows records.
func Classify(answers []ServerAnswer) Consistency {
	compared, gravest := 0, Same
	for i := range answers {
		if !answers[i].Answered() {
			continue
		}
		compared++
		for k := range answers[:i] {
			if c := compare(&answers[i], &answers[k]); answers[k].Answered() && gravity[c] > gravity[gravest] {
				gravest = c
			}
		}
	}
	if compared < 2 {
		return NotChecked
	}
	return gravest
}

// gravity orders the classes, of several that a survey shows.
var gravity = [...]int{NotChecked: 0, Same: 0, CAADiffers: 1, NoDataVsCAA: 2, CNAMEDiffers: 3, NXDomainVsCAA: 4}

// compare says how two answers of servers differ. A reply that ends at an alias says nothing of what follows, so it
// agrees with all that goes on from there.
func compare(a, b *ServerAnswer) Consistency {
	common := min(len(a.Aliases), len(b.Aliases))
	if !slices.Equal(a.Aliases[:common], b.Aliases[:common]) {
		return CNAMEDiffers
	}
	if len(a.Aliases) > common {
		a, b = b, a
	}
	switch {
	case a.endsAtAlias():
		return Same
	case len(b.Aliases) > common && a.Outcome == NXDomain && len(b.Set) > 0:
		return NXDomainVsCAA
	case len(b.Aliases) > common:
		return CNAMEDiffers
	case b.endsAtAlias():
		return Same
	case a.Outcome == Found && b.Outcome == Found:
		if slices.EqualFunc(a.Set, b.Set, func(a, b RR) bool { return bytes.Equal(a.Data, b.Data) }) {
			return Same
		}
		return CAADiffers
	case a.Outcome != Found && b.Outcome != Found:
		return Same
	case a.Outcome == NXDomain || b.Outcome == NXDomain:
		return NXDomainVsCAA
	}
	return NoDataVsCAA
}

// endsAtAlias reports whether the reply does not tell what its last alias leads to.
func (a *ServerAnswer) endsAtAlias() bool {
	return a.Outcome.Failed() || a.Outcome == Found && len(a.Set) == 0 // a chain that loops or is too long has failed
}

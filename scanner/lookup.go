package scanner

import (
	"context"
	"math/rand/v2"

	"github.com/caascan/caascan/ratelimit"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Question is a name and a type to look up.
type Question struct {
	Name wire.Name
	Type wire.Type
}

// Lookup answers each question, the answers in the order of the questions, all of them under way at once. Watch, if not
// nil, may wrap the machine that the loop drives, to see the exchanges pass. The error is one of our own, or ctx's.
func (n *Network) Lookup(ctx context.Context, questions []Question, watch func(step.Machine) step.Machine) ([]*record.Answer, error) {
	m := &lookup{resolver: n.resolver(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), 0, nil, nil), questions: questions}
	m.clients = make([]resolve.Client, len(questions))
	m.answers = make([]*record.Answer, len(questions))
	var driven step.Machine = m
	if watch != nil {
		driven = watch(m)
	}
	limits, err := ratelimit.New(n.Limits)
	if err != nil {
		return nil, err
	}
	loop, err := engine.New(n.engine(limits), driven)
	if err != nil {
		return nil, err
	}
	return m.answers, loop.Run(ctx)
}

// lookup is the step.Machine of Lookup.
type lookup struct {
	resolver  resolver
	questions []Question
	clients   []resolve.Client
	answers   []*record.Answer
	asked     int
	answered  int
}

func (m *lookup) Admit(now step.Time, out *[]step.Ask) {
	for ; m.asked < len(m.questions); m.asked++ {
		q, c := m.questions[m.asked], &m.clients[m.asked]
		c.ID = uint32(m.asked)
		if a := m.resolver.Ask(now, c, q.Name, q.Type, out); a != nil {
			m.answers[m.asked] = a
			m.answered++
		}
	}
	m.collect()
}

func (m *lookup) Handle(ev *step.Event, out *[]step.Ask) {
	m.resolver.Handle(ev, out)
	m.collect()
}

func (m *lookup) collect() {
	for result, ok := m.resolver.Finished(); ok; result, ok = m.resolver.Finished() {
		m.answers[result.Client.ID] = result.Answer
		m.answered++
	}
}

func (m *lookup) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	return m.resolver.AppendQuery(t, id, buf)
}

func (m *lookup) Done() bool { return m.answered == len(m.questions) }

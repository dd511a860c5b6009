package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/caascan/caascan/scanner/dnssec"
	"github.com/caascan/caascan/scanner/step"
)

// trace tells what passes through a machine.
type trace struct {
	machine step.Machine
	to      io.Writer
	asked   map[step.Ticket]step.Ask
}

// newTrace returns m with its exchanges shown on to.
func newTrace(m step.Machine, to io.Writer) step.Machine {
	t := &trace{m, to, map[step.Ticket]step.Ask{}}
	return &step.Tap{Machine: m, Asked: func(ask step.Ask) { t.asked[ask.Ticket] = ask }, Ended: t.show}
}

func (t *trace) show(ev *step.Event) {
	ask := t.asked[ev.Ticket]
	if ev.Kind == step.Worked {
		t.explain(ask.Work)
		return
	}
	query := new(dns.Msg)
	question := "?"
	if err := query.Unpack(t.machine.AppendQuery(ev.Ticket, 0, nil)); err == nil && len(query.Question) == 1 {
		question = query.Question[0].Name + " " + dns.Type(query.Question[0].Qtype).String()
	}
	protocol := "udp"
	if ask.TCP {
		protocol = "tcp"
	}
	fmt.Fprintf(t.to, ";; %s ? %s %s, ", question, ask.Addr, protocol)
	switch ev.Kind {
	case step.Timeout:
		fmt.Fprintf(t.to, "no reply within %v\n", ask.Timeout)
	case step.Unreachable:
		fmt.Fprintln(t.to, "unreachable")
	case step.Reply:
		fmt.Fprintf(t.to, "%v, %d octets", ev.Arrived.Sub(ev.Sent).Round(10*time.Microsecond), len(ev.Msg))
		if ev.Waited > 0 {
			fmt.Fprintf(t.to, ", after %v for the limit", ev.Waited.Round(time.Millisecond))
		}
		if ask.MixCase && !ev.CaseKept {
			fmt.Fprint(t.to, ", case mangled")
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(ev.Msg); err != nil {
			fmt.Fprintf(t.to, ", malformed: %v\n", err)
			return
		}
		fmt.Fprintf(t.to, "\n%v\n", reply)
	}
}

// explain shows a piece of validation that has been done.
func (t *trace) explain(work step.Work) {
	var b strings.Builder
	switch job := work.(type) {
	case *dnssec.Job:
		explainJob(&b, job)
	case *dnssec.KeyJob:
		explainKeyJob(&b, job)
	}
	io.WriteString(t.to, b.String())
}

package scanner

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Each packet may be worth a row (Config.Exchanges). What a loop knows of an exchange lies in the Event that ends it, in the
// resolver's table of questions just before it has that event, and in the reply as the resolver has read it just after. So
// nothing is kept for an exchange under way, no reply is read twice, and what was found is written down once, into a page
// that goes to the writer with the next records.

// ExchangeSink is a Sink that takes exchanges too. Of each name they come before its record. The batch is not the sink's: it
// keeps nothing of it but what its elements point at.
type ExchangeSink interface {
	Sink
	Exchanges([]record.Exchange) error
}

// pageSize is how many exchanges travel through a channel at once, 64 KiB of them. Of the pages that are not in use, what they point at
// lives on: some thousand names.
const pageSize = 512

// page is a list of exchanges, used again and again.
type page struct {
	list [pageSize]record.Exchange
	used int
}

// pages are those of a scan that are not in use.
type pages struct{ sync.Pool }

func (p *pages) take() *page {
	if free, ok := p.Get().(*page); ok {
		return free
	}
	return new(page)
}

func (p *pages) give(used *page) {
	used.used = 0
	p.Put(used)
}

// exchangeLog writes down the exchanges of one loop.
type exchangeLog struct {
	pages   *pages
	current *page // nil: nothing was noted yet
	share   share
	texts   map[string]string // of extended errors: servers mostly repeat themselves
	again   wire.Message      // scratch
}

// maxTexts bounds the texts of extended errors that are known again.
const maxTexts = 1024

// newExchangeLog returns nil for a share of nothing.
func newExchangeLog(of float64, pages *pages) *exchangeLog {
	if of == 0 {
		return nil
	}
	return &exchangeLog{pages: pages, share: share(of), texts: map[string]string{}}
}

// share is a part of all names, from 0 to 1: those in whose registrable domain's SHA-256 the first eight octets, as a number in network
// order, are less than that part of 2^64. A name without such a domain stands for itself. So names with one domain are in it
// together, and smaller shares are parts of larger ones, on every machine. Where a datasets.Shard looks at the low bits, this
// looks at the high ones: a share of a shard is a share.
type share float64

var errShare = errors.New("the share of names whose exchanges are kept must be from 0 to 1")

func (s share) valid() bool { return s >= 0 && s <= 1 }

func (s share) has(t *record.Target) bool {
	if s >= 1 {
		return true
	}
	domain := t.Registrable
	if domain == "" {
		domain = t.Name
	}
	sum := sha256.Sum256([]byte(domain))
	return float64(binary.BigEndian.Uint64(sum[:])) < float64(s)*(1<<64)
}

// handle gives an event to the resolver, and writes down the exchange that it ends.
func (m *machine) handle(ev *step.Event, out *[]step.Ask) {
	if m.log == nil || ev.Kind == step.Worked || ev.Kind == step.Withdrawn {
		m.resolver.Handle(ev, out)
		return
	}
	x := m.log.next()
	*x = record.Exchange{Sent: ev.Sent, Waited: ev.Waited}
	target := &m.task(m.resolver.Exchange(ev.Ticket, x).ID).target
	x.For = target.name
	logged := target.logged // once it has its answer the slot may be another's
	m.resolver.Handle(ev, out)
	if !logged {
		return
	}
	if m.log.end(x, ev, m.resolver.Reply()); m.log.full() {
		m.unwritten = append(m.unwritten, delivery{exchanges: m.log.take()})
	}
}

// next is where the next exchange goes.
func (l *exchangeLog) next() *record.Exchange {
	if l.current == nil {
		l.current = l.pages.take()
	}
	return &l.current.list[l.current.used]
}

func (l *exchangeLog) full() bool { return l.current.used == pageSize }

// take returns what was written down since it was last called; nil if that is nothing.
func (l *exchangeLog) take() *page {
	if l == nil || l.current == nil || l.current.used == 0 {
		return nil
	}
	taken := l.current
	l.current = nil
	return taken
}

// end notes how the exchange x ended, which is the next one. Reply is the reply, if one came, as far as it had to be read.
func (l *exchangeLog) end(x *record.Exchange, ev *step.Event, reply *wire.Message) {
	l.current.used++
	if x.Sent == 0 {
		x.Sent = ev.Now
	}
	switch ev.Kind {
	case step.Timeout:
		x.End = record.Silent
	case step.Unreachable:
		x.End = record.NotThere
	case step.Reply:
		x.RTT, x.CaseKept, x.Size = ev.Arrived.Sub(ev.Sent), ev.CaseKept, uint16(len(ev.Msg))
		if !reply.Whole() { // or of no use to the resolver because of its form: cut short, say
			reply = &l.again
			if err := reply.Parse(ev.Msg); err != nil && !(err == wire.ErrQuestions && reply.RCode().IsError()) { // or a bare header
				x.End = record.Garbled
			}
		}
		l.read(x, reply)
	}
}

// read notes what a reply says of itself.
func (l *exchangeLog) read(x *record.Exchange, reply *wire.Message) {
	x.Flags, x.RCode = reply.Flags, reply.RCode()
	for section := range x.Counts {
		x.Counts[section] = uint16(reply.Count(wire.Section(section)))
	}
	for code, data := range reply.Options {
		if code != wire.OptionEDE {
			continue
		}
		if ede, err := wire.ParseEDE(data); err == nil {
			x.HasEDE, x.EDE, x.EDEText = true, ede.Code, l.text(ede)
			return
		}
	}
}

// text returns the text of an extended error, fit to be shown.
func (l *exchangeLog) text(ede wire.EDE) string {
	if len(ede.Text) == 0 {
		return ""
	}
	if known, ok := l.texts[string(ede.Text)]; ok {
		return known
	}
	if len(l.texts) >= maxTexts {
		clear(l.texts)
	}
	text := ede.CleanText()
	l.texts[string(ede.Text)] = text
	return text
}

// delivery is what a loop gives the writer: records, and the exchanges that came before them.
type delivery struct {
	exchanges *page // nil: none
	records   []*record.Record
}

// deliver gives a delivery to the sink. The page is free afterwards.
func (s *Scan) deliver(sink Sink, d delivery) error {
	if d.exchanges != nil {
		defer s.pages.give(d.exchanges)
		if err := sink.(ExchangeSink).Exchanges(d.exchanges.list[:d.exchanges.used]); err != nil {
			return err
		}
	}
	if len(d.records) == 0 {
		return nil
	}
	return sink.Write(d.records)
}

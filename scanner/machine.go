package scanner

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

const (
	// batchSize is how many targets and records travel through a channel at once: enough that the channels cost
	// nothing a name, few enough that a slow scan shows its rows.
	batchSize = 256

	// batchAge is how long a finished record waits for its batch to fill: not so long that who waits for a name notices.
	batchAge = 20 * time.Millisecond

	// admitAtOnce bounds the names started in one turn of the loop, so that replies are read in between.
	admitAtOnce = 64

	// maxUnwritten bounds the batches that wait for the writer: then no more names are admitted (backpressure).
	maxUnwritten = 8
)

// task is one name under way. It holds no more than what the answers have shown so far: the record is made from it at
// the end, so that names that wait cost little. What it does now is told by the type of its next answer.
type task struct {
	client   resolve.Client
	target   target
	admitted step.Time
	own      *record.Answer // of the climb, at the name itself; nil before it has come
	further  *further       // nil before more answers than that have come
}

// further are the answers about a name after the first.
type further struct {
	climb []*record.Answer // at the levels above the name
	mx    *record.Answer
	audit *audit                          // nil before the companions' turn
	room  [usualLevels - 1]*record.Answer // where climb lies, mostly
}

// usualLevels is how many levels most climbs have at most: www, the domain, a public suffix of two labels.
const usualLevels = 4

// taskChunk is how many tasks are allocated at once: chunks of whole pages of the heap, 8 KiB, so that none of it is lost.
const taskChunk = 1024

// machine runs the names of one loop through the resolver: the climb (RFC 8659 3), then mail, then what else was asked for (companions.go). It is the step.Machine
// that the engine drives. Fields up to the counters belong to the loop's goroutine.
type machine struct {
	resolver  resolver
	with      Companions
	selectors []string // of DKIM
	surveys   surveys  // the resolver, if it can; not nil with AllServers
	comesBack bool     // a name whose failure may pass will
	room      int      // names that may be under way at once

	tasks   []*[taskChunk]task // by resolve.Client.ID
	free    []uint32
	made    uint32 // tasks in use or free
	busy    int
	origins origins
	parking parking

	in      <-chan []record.Target
	targets []record.Target // of the batch being admitted
	inEnded bool

	log       *exchangeLog // nil: nobody wants to know of exchanges
	out       chan<- delivery
	batch     []*record.Record
	batchFrom step.Time // when the oldest record of batch came
	unwritten []delivery

	counters counters
	found    found
	open     atomic.Bool // there is a batch that is not full: wake the loop when that is old
	stalled  atomic.Bool // waits for the writer: wake the loop when it has taken a batch
}

// counters are read by others while the loop runs.
type counters struct {
	admitted, finished, failed, queries, checks atomic.Int64
	parked                                      atomic.Int64 // now
}

// count counts a name that has come to its end, unless it comes back.
func (c *counters) count(rec *record.Record, comesBack bool) {
	if comesBack {
		c.admitted.Add(-1)
		return
	}
	c.finished.Add(1)
	c.queries.Add(int64(rec.Cost.Queries))
	c.checks.Add(int64(rec.Cost.Checks))
	if rec.Failed() {
		c.failed.Add(1)
	}
}

// Admit implements step.Machine.
func (m *machine) Admit(now step.Time, out *[]step.Ask) {
	m.found.publish(now, m.resolver.Counts())
	if m.collect(now, out) {
		m.handOver(now)
	}
	m.admit(now, out)
	if m.idle() { // the next turn may be long in coming
		m.handOver(now)
	}
}

// admit starts names, first those that were parked.
func (m *machine) admit(now step.Time, out *[]step.Ask) {
	asked := len(*out)
	started := m.resume(now, admitAtOnce, out)
	for ; started < admitAtOnce || len(*out) == asked; started++ { // the loop takes it for all there is when nothing is asked
		if m.busy >= m.room || m.parking.count >= parkingFactor*m.room || m.full() {
			return
		}
		target, ok := m.next()
		if !ok {
			return
		}
		m.start(now, target, out)
	}
}

// next takes a target from the input, if there is one now.
func (m *machine) next() (record.Target, bool) {
	for len(m.targets) == 0 {
		if m.inEnded {
			return record.Target{}, false
		}
		select {
		case batch, ok := <-m.in:
			m.targets, m.inEnded = batch, !ok
		default:
			return record.Target{}, false
		}
	}
	target := m.targets[0]
	m.targets = m.targets[1:]
	return target, true
}

// start asks the first question about a target.
func (m *machine) start(now step.Time, target record.Target, out *[]step.Ask) {
	m.counters.admitted.Add(1)
	t := m.take()
	t.target, t.admitted = m.origins.pack(&target), now
	t.target.logged = m.log != nil && m.log.share.has(&target)
	t.client.Again = target.First != nil
	m.begin(now, t, out)
}

// begin asks the first question about a target, unless its servers are crowded: then t is parked.
func (m *machine) begin(now step.Time, t *task, out *[]step.Ask) {
	t.client.Patient = true
	m.ask(now, t, t.target.name, wire.TypeCAA, out)
	m.collect(now, out)
}

// take returns a task that is free.
func (m *machine) take() *task {
	m.busy++
	if n := len(m.free); n > 0 {
		t := m.task(m.free[n-1])
		m.free = m.free[:n-1]
		return t
	}
	if int(m.made) == taskChunk*len(m.tasks) {
		m.tasks = append(m.tasks, new([taskChunk]task))
	}
	t := m.task(m.made)
	t.client.ID = m.made
	m.made++
	return t
}

func (m *machine) task(id uint32) *task { return &m.tasks[id/taskChunk][id%taskChunk] }

// give makes t free.
func (m *machine) give(t *task) {
	id := t.client.ID
	*t = task{client: resolve.Client{ID: id}}
	m.free = append(m.free, id)
	m.busy--
}

// Handle implements step.Machine.
func (m *machine) Handle(ev *step.Event, out *[]step.Ask) {
	m.handle(ev, out)
	m.collect(ev.Now, out)
}

// AppendQuery implements step.Machine.
func (m *machine) AppendQuery(t step.Ticket, id uint16, buf []byte) []byte {
	return m.resolver.AppendQuery(t, id, buf)
}

// Done implements step.Machine.
func (m *machine) Done() bool {
	return m.inEnded && m.idle() && len(m.batch) == 0 && len(m.unwritten) == 0
}

// idle reports whether no name is under way, nor any to start.
func (m *machine) idle() bool { return m.busy == 0 && m.parking.count == 0 && len(m.targets) == 0 }

// full reports whether the writer is so far behind that no more names may end.
func (m *machine) full() bool { return len(m.unwritten) >= maxUnwritten }

// collect gives the answers that have become ready to their tasks, as long as there is room for the records that they may
// lead to: one answer can be what a hundred thousand names have waited for. It reports whether that was all of them; if
// not, the writer wakes the loop when there is room again.
func (m *machine) collect(now step.Time, out *[]step.Ask) bool {
	all := false
	for {
		if m.full() {
			if m.handOver(now); m.full() {
				break
			}
		}
		result, ok := m.resolver.Finished()
		if !ok {
			all = true
			break
		}
		t := m.task(result.Client.ID)
		if result.Survey != nil {
			m.surveyed(now, t, result.Survey, out)
			continue
		}
		if result.Answer == nil {
			m.park(t, result.Crowded)
			continue
		}
		m.answered(now, t, result.Answer, out)
	}
	m.parking.open()
	return all
}

// ask looks up one more thing for t; known answers are taken at once.
func (m *machine) ask(now step.Time, t *task, name wire.Name, typ wire.Type, out *[]step.Ask) {
	if a := m.resolver.Ask(now, &t.client, name, typ, out); a != nil {
		m.answered(now, t, a, out)
	}
}

// answered moves t on by an answer.
func (m *machine) answered(now step.Time, t *task, a *record.Answer, out *[]step.Ask) {
	if t.further != nil && t.further.audit != nil {
		t.further.audit.take(a)
		m.inquire(now, t, out)
		return
	}
	switch a.Type {
	case wire.TypeCAA:
		m.climb(now, t, a, out)
	case wire.TypeMX:
		t.more().mx = a
		if a.Outcome != record.NoData {
			m.accompany(now, t, nil, out)
			return
		}
		m.ask(now, t, t.target.name, wire.TypeA, out) // RFC 5321 5.1: without MX the address itself takes mail
	case wire.TypeA:
		if a.Outcome == record.NoData {
			m.ask(now, t, t.target.name, wire.TypeAAAA, out)
			return
		}
		m.accompany(now, t, a, out)
	default:
		m.accompany(now, t, a, out)
	}
}

// more returns where the answers of t after the first are kept.
func (t *task) more() *further {
	if t.further == nil {
		t.further = &further{}
		t.further.climb = t.further.room[:0]
	}
	return t.further
}

// climb takes the answer of one level, and asks the next one.
func (m *machine) climb(now step.Time, t *task, a *record.Answer, out *[]step.Ask) {
	t.client.Patient = false
	if t.own == nil {
		t.own = a
	} else {
		above := &t.more().climb
		*above = append(*above, a)
	}
	if parent, more := next(a); more {
		m.ask(now, t, parent, wire.TypeCAA, out)
		return
	}
	switch {
	case m.comesBack && t.first() == nil && t.deciding().Outcome.MayPass():
		m.finish(now, t, nil) // what else there is to ask is asked then
	case m.with.Has(MX):
		m.ask(now, t, t.target.name, wire.TypeMX, out)
	default:
		m.accompany(now, t, nil, out)
	}
}

// first is what the first look at the name of t came to; nil if this is the first.
func (t *task) first() *record.Look {
	if t.target.rare == nil {
		return nil
	}
	return t.target.rare.first
}

// first is that of the client with that ID.
func (m *machine) first(client uint32) *record.Look { return m.task(client).first() }

// delegation is what a zone file says of the name of the client with that ID; nil if nothing is known.
func (m *machine) delegation(client uint32) *record.Delegation {
	if rare := m.task(client).target.rare; rare != nil {
		return rare.delegation
	}
	return nil
}

// deciding is the answer of the level that decides: that of the first set or failure, and where there is neither, the name
// itself.
func (t *task) deciding() *record.Answer {
	decides := func(a *record.Answer) bool { return a.Outcome == record.Found || a.Outcome.Failed() }
	if !decides(t.own) && t.further != nil {
		if i := slices.IndexFunc(t.further.climb, decides); i >= 0 {
			return t.further.climb[i]
		}
	}
	return t.own
}

// next returns the name to ask for CAA after the level that a is about: its parent, until a set is found or the root is
// reached (RFC 8659 3, spec rules R1.3, R1.4). A failure hides what is above it (R1.10), and the climb goes on even so, for rules
// that pass over failures (C3). None passes over bogus data, whose validation is dear; and our own bounds end the climb, and
// who opted out.
func next(a *record.Answer) (parent wire.Name, more bool) {
	switch a.Outcome {
	case record.Found, record.Bogus, record.WorkBound, record.Skipped:
		return "", false
	}
	return caa.Next(a.Name)
}

// roomyRecord is a record with the room for most climbs.
type roomyRecord struct {
	record.Record
	room [usualLevels]record.Level
}

// newRecord makes the record of a task and its target from its answers; address is that of the look-up of A or AAAA, nil if there was none.
func newRecord(now step.Time, t *task, target record.Target, address *record.Answer) *record.Record {
	made := &roomyRecord{Record: record.Record{
		Target: target, Admitted: t.admitted, Finished: now, Mail: record.Mail{Address: address}, Cost: t.client.Cost,
	}}
	rec := &made.Record
	if target.First != nil {
		rec.Admitted, rec.Cost = target.First.Admitted, rec.Cost.Add(target.First.Cost)
	}
	if more := t.further; more != nil {
		if rec.Mail.MX = more.mx; more.mx != nil {
			rec.Mail.Exchange = exchanges(more.mx)
		}
		if more.audit != nil {
			rec.Companions, rec.Survey = more.audit.found, more.audit.survey
		}
	}
	v := record.Conclude(t.levels(made.room[:0]))
	rec.Climb, rec.Relevant, rec.CAA, rec.Posture = v.Climb, v.Relevant, v.CAA, v.Posture
	return rec
}

// levels appends the levels of the climb of t to climb.
func (t *task) levels(climb []record.Level) []record.Level {
	climb = append(climb, record.Level{Name: t.own.Name, Answer: t.own})
	if t.further != nil {
		for _, a := range t.further.climb {
			climb = append(climb, record.Level{Name: a.Name, Answer: a})
		}
	}
	return climb
}

// exchanges returns the mail exchangers of an MX answer by preference, then name.
func exchanges(a *record.Answer) []record.MX {
	if a.Outcome != record.Found {
		return nil
	}
	set := a.Set()
	list := make([]record.MX, 0, len(set))
	for _, rr := range set { // canonical: two octets of preference, a whole name
		list = append(list, record.MX{Preference: binary.BigEndian.Uint16(rr.Data), Exchange: wire.Name(rr.Data[2:])})
	}
	slices.SortFunc(list, func(a, b record.MX) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Exchange, b.Exchange))
	})
	return list
}

// finish makes the record of t and frees its slot.
func (m *machine) finish(now step.Time, t *task, address *record.Answer) {
	rec := newRecord(now, t, m.origins.unpack(&t.target), address)
	m.counters.count(rec, m.comesBack && rec.Again())
	m.give(t)

	if len(m.batch) == 0 {
		m.batchFrom = now
		m.batch = make([]*record.Record, 0, batchSize)
		m.open.Store(true)
	}
	m.batch = append(m.batch, rec)
	if len(m.batch) == batchSize {
		m.closeBatch()
	}
}

// closeBatch makes the batch, if there is one, wait for the writer, and the exchanges before it.
func (m *machine) closeBatch() {
	if len(m.batch) > 0 {
		m.unwritten = append(m.unwritten, delivery{m.log.take(), m.batch})
		m.batch = nil
		m.open.Store(false)
	}
}

// handOver passes finished records to the writer as far as it takes them.
func (m *machine) handOver(now step.Time) {
	if m.idle() || now.Sub(m.batchFrom) >= batchAge {
		m.closeBatch()
	}
	m.stalled.Store(len(m.unwritten) > 0)
	for len(m.unwritten) > 0 {
		select {
		case m.out <- m.unwritten[0]:
			m.unwritten = slices.Delete(m.unwritten, 0, 1)
		default:
			return
		}
	}
	m.stalled.Store(false)
}

// flush hands over all that is left once the loop has ended. The writer takes batches until the channel is closed.
func (m *machine) flush() {
	m.found.publish(-1, m.resolver.Counts())
	m.closeBatch()
	if rest := m.log.take(); rest != nil {
		m.unwritten = append(m.unwritten, delivery{exchanges: rest})
	}
	for _, batch := range m.unwritten {
		m.out <- batch
	}
	m.unwritten = nil
}

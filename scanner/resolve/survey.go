package resolve

import (
	"bytes"
	"slices"

	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// Do all servers of a zone say the same? A survey asks one question at every address of every server that the zone is
// delegated to. A question leads it (surveying): it looks for the addresses, and has one more question for each of them
// (probing), which stays with its server and ends with what that server says. Neither is found by name, so nobody joins
// them; what they learn of servers and delegations is for all, their answers are for nobody else.
//
// The first address is asked alone: what the zone is may have been forgotten since the look-up, and a referral spares the
// servers above it. Then all others are asked at once.

const (
	// maxSurveyed bounds the addresses that one survey asks: 13 servers with two addresses each are the most that is
	// common, while a delegation to servers of somebody else, 32 names with 32 addresses each, would have each name in it
	// send a thousand packets there (NXNSAttack, CVE-2020-8616, without its glue).
	maxSurveyed = 32

	// maxSurveyLookups is to a survey what maxAddressLookups is to other questions: enough for 13 servers without glue
	// in two families. Each look-up counts for Config.MaxQueries, too.
	maxSurveyLookups = 26

	// surveyRetries is how often a server that keeps silent is asked again, unless Config.Retries is less: silence is no
	// disagreement, so a lost packet costs one opinion of several.
	surveyRetries = 1
)

// CauseTopLevel is the word of record.Survey.Cause for a name that is in the root zone or that of a top-level domain, and
// is not its apex: it does not exist, mostly. All names share these servers, so only one of them is asked.
const CauseTopLevel = "top-level"

// survey is what a question of the use surveying leads. It is found by the ticket of that question.
type survey struct {
	*record.Survey
	listed bool        // known is complete
	known  []candidate // the addresses to be asked, each once; those for which there is one of Answers come first, in that order
	probes int         // under way
	below  *cut        // the zone that one of the servers referred to; nil if none did
}

// Survey asks all servers of the zone that holds name. The survey comes through Finished. That of an alias is of its first
// link: what servers of other zones say is another matter. The servers and the delegation are mostly known from an
// ordinary look-up of the name made before, by the same client.
func (r *Resolver) Survey(now step.Time, c *Client, name wire.Name, typ wire.Type, out *[]step.Ask) {
	q := r.questions.take()
	q.key, q.client = r.key(name, typ, surveying), c
	q.addWaiter(waiter{client: c})
	r.surveys[q.ticket] = &survey{Survey: &record.Survey{Name: name, Type: typ}}
	r.ready = append(r.ready, q)
	r.run(now, out)
}

// survey moves the survey that q leads on.
func (r *Resolver) survey(now step.Time, q *question, out *[]step.Ask) {
	sv := r.surveys[q.ticket]
	switch {
	case sv.below != nil:
		sv.descend(q)
	case !sv.listed:
		if h, f, ok := r.unknownToSurvey(now, q, sv); ok {
			r.lookUpAddress(now, q, h, f)
			return
		}
		r.list(now, q, sv)
		r.probe(now, q, sv, 1, out)
	case q.cut.zone.Labels() < 2 && q.key.name != q.cut.zone && len(sv.Answers) < len(sv.known):
		sv.Cause, q.state = CauseTopLevel, ended
	default:
		r.probe(now, q, sv, maxSurveyed, out)
	}
}

// unknownToSurvey returns the next address to be looked up. It leaves enough of what the client may send to ask those that
// are known.
func (r *Resolver) unknownToSurvey(now step.Time, q *question, sv *survey) (*host, family, bool) {
	h, f, ok := r.unknownAddress(now, q)
	if !ok {
		return nil, 0, false
	}
	left := r.cfg.MaxQueries - int(q.client.Cost.Queries)
	if left <= min(q.cut.set.addresses(now), maxSurveyed) || int(q.client.lookups) >= r.cfg.MaxQueries {
		sv.Cause = CauseQueries
		return nil, 0, false
	}
	return h, f, true
}

// addresses counts those that are known of the servers.
func (s *serverSet) addresses(now step.Time) (n int) {
	for _, h := range s.hosts {
		for f := range h.addrs {
			if known := &h.addrs[f]; now < known.expires {
				n += len(known.servers)
			}
		}
	}
	return n
}

// list makes the list of the addresses to be asked: the first of every server, then the second, so that the bound takes
// none away entirely. The quickest is the first to be asked.
func (r *Resolver) list(now step.Time, q *question, sv *survey) {
	sv.listed = true
	first := len(sv.known)
	sv.Addresses = first
	room := min(q.cut.set.addresses(now), maxSurveyed-first)
	sv.known, sv.Answers = slices.Grow(sv.known, room), slices.Grow(sv.Answers, room)
	for i := range maxAddrsPerName {
		for f := range families {
			for _, h := range q.cut.set.hosts {
				if known := &h.addrs[f]; i < len(known.servers) && now < known.expires {
					sv.add(candidate{at: &known.servers[i], host: h})
				}
			}
		}
	}
	best := first
	for i := first; i < len(sv.known); i++ {
		c := &sv.known[i]
		if c.rtt = unknownRTT; r.known(c.at) != nil {
			c.rtt = c.at.server.expectedRTT(now, classOf(q.key.typ))
		}
		if c.rtt < sv.known[best].rtt {
			best = i
		}
	}
	if first < len(sv.known) {
		sv.known[first], sv.known[best] = sv.known[best], sv.known[first]
	}
	switch {
	case sv.Cause != "":
	case q.search != nil && q.search.bound != "":
		sv.Cause = q.search.bound
	case q.search != nil && q.search.nsLoop:
		sv.Cause = CauseNSLoop
	case sv.Addresses == 0:
		sv.Cause = CauseNoAddress
	case sv.Addresses > maxSurveyed:
		sv.Cause = CauseAddresses
	}
}

// add puts an address on the list, unless it is there. Beyond the bound it is only counted.
func (sv *survey) add(c candidate) {
	if slices.ContainsFunc(sv.known, func(k candidate) bool { return k.at.addr == c.at.addr }) {
		return
	}
	sv.Addresses++
	if len(sv.known) < maxSurveyed {
		sv.known = append(sv.known, c)
	}
}

// descend goes on with the servers of the zone below, to which one of those asked referred. Who gave an answer all the
// same is believed: a resolver that came there would have got it.
func (sv *survey) descend(q *question) {
	kept := 0
	for i := range sv.Answers {
		if sv.Answers[i].Answered() {
			sv.Answers[kept], sv.known[kept] = sv.Answers[i], sv.known[i]
			kept++
		}
	}
	sv.Answers, sv.known = sv.Answers[:kept], sv.known[:kept]
	sv.listed, sv.Cause = false, ""
	q.startAt(sv.below)
	sv.below = nil
}

// probe asks the next n of the servers, as far as they may be asked. If none is left, the survey is done.
func (r *Resolver) probe(now step.Time, q *question, sv *survey, n int, out *[]step.Ask) {
	q.state = awaitingProbes
	for n > 0 && len(sv.Answers) < len(sv.known) {
		next := len(sv.Answers)
		c := sv.known[next]
		if r.banned(c.host, c.at) {
			sv.known = slices.Delete(sv.known, next, next+1)
			sv.Addresses--
			sv.Cause = CauseOptedOut
			continue
		}
		if r.spent(q.client) {
			sv.Cause = CauseQueries
			break
		}
		s := r.servers[r.serverAt(c.at.addr, c.host.name)]
		if next == 0 && q.client.Patient && r.crowded(s) {
			r.turnAway(now, q, s)
			return
		}
		c.at.server = s
		sv.Answers = append(sv.Answers, record.ServerAnswer{Server: record.Server{Addr: c.at.addr, Name: c.host.name}})
		sv.probes++
		n--
		p := r.questions.take()
		p.key, p.client, p.cut = q.key, q.client, q.cut
		p.key.use = probing
		p.addWaiter(waiter{question: q})
		r.send(now, p, s.id, out)
	}
	if sv.probes == 0 {
		q.state = ended
	}
}

// probeAgain asks the server of q once more, if its failure may pass, or ends q with that failure.
func (r *Resolver) probeAgain(now step.Time, q *question, out *[]step.Ask) {
	_, at := r.probed(q)
	_, lower := r.perhapsCase(q)
	may := lower || r.mayTry(q, q.server, true)
	if may && int(q.silent) <= min(surveyRetries, max(r.cfg.Retries, 0)) && !r.spent(q.client) && !r.banned(at.host, at.at) {
		r.send(now, q, q.server, out)
		return
	}
	r.noteAnswer(q, nil, q.failures.worst)
}

// probed returns where the answer of the server that q asks belongs, and the address of that.
func (r *Resolver) probed(q *question) (*record.ServerAnswer, *candidate) {
	sv := r.surveys[q.waiter.question.ticket]
	addr := r.servers[q.server].self.Addr
	i := slices.IndexFunc(sv.Answers, func(a record.ServerAnswer) bool { return a.Server.Addr == addr })
	return &sv.Answers[i], &sv.known[i]
}

// judgeAlone takes what the server of q says for itself, and ends q.
func (r *Resolver) judgeAlone(now step.Time, q *question, rd *reading, ev evidence) {
	if rd.verdict != referred {
		r.noteAnswer(q, rd, ev)
		return
	}
	ev.outcome = record.Lame // if not, the survey goes on below and forgets it
	r.noteAnswer(q, nil, ev)
	lead := q.waiter.question
	sv := r.surveys[lead.ticket]
	if sv.below != nil {
		return
	}
	if lead.referrals++; lead.referrals > maxReferrals {
		sv.Cause = CauseReferrals
		return
	}
	sv.below = r.delegate(now, q.cut, rd)
	q.client.keep(now, sv.below)
}

// noteAnswer ends q with what its server said, which is rd; or with a failure if that is nil.
func (r *Resolver) noteAnswer(q *question, rd *reading, ev evidence) {
	q.state = ended
	a, _ := r.probed(q)
	a.Outcome, a.RCode, a.Notes, a.RTT = ev.outcome, ev.rcode, ev.notes, ev.rtt
	a.TCP, a.Truncated, a.Attempts = ev.tcp, q.seenTC, q.tried
	if rd == nil {
		return
	}
	a.Attempts++
	for i := range rd.links {
		a.Aliases = append(a.Aliases, rd.links[i].Target)
	}
	if rd.verdict == aliased {
		a.Outcome = record.Found
		return
	}
	a.Set = r.surveys[q.waiter.question.ticket].keep(rd.set(q.key.typ))
}

// set returns the records of the type that was read, in canonical order, each once (RFC 2181 5).
func (rd *reading) set(typ wire.Type) []record.RR {
	set := rd.records
	for len(set) > 0 && set[0].Type != typ {
		set = set[1:]
	}
	slices.SortFunc(set, func(a, b record.RR) int { return bytes.Compare(a.Data, b.Data) })
	return slices.CompactFunc(set, func(a, b record.RR) bool { return bytes.Equal(a.Data, b.Data) })
}

// keep returns a copy of set. Servers that have the same, as they mostly do, have one copy of it.
func (sv *survey) keep(set []record.RR) []record.RR {
	for i := range sv.Answers {
		if slices.EqualFunc(set, sv.Answers[i].Set, func(a, b record.RR) bool {
			return a.TTL == b.TTL && a.Owner == b.Owner && bytes.Equal(a.Data, b.Data)
		}) {
			return sv.Answers[i].Set
		}
	}
	return copyRecords(set)
}

// probeEnded lets the survey go on once all servers asked so far have had their say.
func (r *Resolver) probeEnded(q *question) {
	if q.answer != nil { // what the client may send was used up in the midst of an exchange
		a, _ := r.probed(q)
		a.Outcome, a.Truncated, a.Attempts = q.answer.Outcome, q.seenTC, q.tried
	}
	lead := q.waiter.question
	sv := r.surveys[lead.ticket]
	r.questions.give(q)
	if sv.probes--; sv.probes == 0 {
		lead.state = choosingServer
		r.ready = append(r.ready, lead)
	}
}

// surveyEnded hands on the survey that q leads.
func (r *Resolver) surveyEnded(q *question) {
	sv := r.surveys[q.ticket]
	if q.answer != nil { // the name has opted out
		sv.Cause = q.answer.Cause
	} else {
		sv.Zone, sv.NS = q.cut.zone, q.cut.set.names
	}
	slices.SortFunc(sv.Answers, func(a, b record.ServerAnswer) int { return a.Server.Addr.Compare(b.Server.Addr) })
	sv.Consistency = record.Classify(sv.Answers)
	r.finished = append(r.finished, Result{Client: q.client, Survey: sv.Survey})
	delete(r.surveys, q.ticket)
	r.questions.give(q)
}

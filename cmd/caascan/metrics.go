package main

import (
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
	"github.com/caascan/caascan/scanner/engine"
	"github.com/caascan/caascan/scanner/record"
	"github.com/caascan/caascan/scanner/resolve"
	"github.com/caascan/caascan/scanner/step"
	"github.com/caascan/caascan/scanner/wire"
)

// metric is one name under which figures are told. Its values are read from a T that is taken once for each scrape, so that
// the figures of a scrape fit together.
type metric[T any] struct {
	name   string
	help   string
	kind   prometheus.ValueType
	labels []string
	values func(now *T, tell func(value float64, labels ...string))
}

const (
	counting = prometheus.CounterValue
	gauging  = prometheus.GaugeValue
)

// metricsOf collects metrics that are all read from one T.
type metricsOf[T any] struct {
	metrics []metric[T]
	descs   []*prometheus.Desc
	take    func() *T
	more    func(now *T, to chan<- prometheus.Metric) // histograms; nil if there are none
}

func newMetrics[T any](metrics []metric[T], take func() *T, more func(*T, chan<- prometheus.Metric)) *metricsOf[T] {
	c := &metricsOf[T]{metrics: metrics, take: take, more: more}
	for _, m := range metrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *metricsOf[T]) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *metricsOf[T]) Collect(to chan<- prometheus.Metric) {
	now := c.take()
	for i, m := range c.metrics {
		m.values(now, func(value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(c.descs[i], m.kind, value, labels...)
		})
	}
	if c.more != nil {
		c.more(now, to)
	}
}

// one tells a value without labels.
func one[T any](value func(now *T) float64) func(*T, func(float64, ...string)) {
	return func(now *T, tell func(float64, ...string)) { tell(value(now)) }
}

// pairs tells a value for each word.
func pairs[T any, N int | int64 | uint64](counts func(now *T) iter.Seq2[string, N]) func(*T, func(float64, ...string)) {
	return func(now *T, tell func(float64, ...string)) {
		for word, n := range counts(now) {
			tell(float64(n), word)
		}
	}
}

// scanMetrics are those of every scan: of the commands scan and demo, and of the one behind serve.
var scanMetrics = []metric[scanner.Progress]{
	{"caascan_names_total", "Names that were looked up.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Finished) })},
	{"caascan_names_failed_total", "Those of which a look-up for CAA failed.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Failed) })},
	{"caascan_names_parked", "Names put aside until their servers have room for them.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Parked) })},
	{"caascan_queries_total", "Packets sent to name servers; over tcp: connections begun.", counting, []string{"transport"},
		func(p *scanner.Progress, tell func(float64, ...string)) {
			tell(float64(p.Engine.Sent), "udp")
			tell(float64(p.Engine.Dialled), "tcp")
		}},
	{"caascan_query_results_total", "What became of them: the response code of the reply, truncated (TC over UDP: asked again over TCP), timeout or unreachable.",
		counting, []string{"result"}, pairs(results)},
	{"caascan_replies_useless_total", "Replies that brought a look-up no further, and those after which a server was asked again in another way: case (it changed the letters of the question), edns (it does not speak it).",
		counting, []string{"reason"}, pairs(uselessReplies)},
	{"caascan_queries_in_flight", "Queries sent that have neither a reply nor timed out.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.InFlight) })},
	{"caascan_queries_waiting", "Queries that may not leave yet, by what for: the limit of the server, of its operator or of the whole scan (total), a TCP connection, a pause before the same server is asked again, or just their turn.",
		gauging, []string{"for"}, pairs(waitingQueries)},
	{"caascan_strays_total", "Datagrams that were no reply to a query under way.", counting, []string{"kind"}, pairs(strays)},
	{"caascan_kernel_drops_total", "Replies lost because they came faster than they were read.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.KernelDrops) })},
	{"caascan_send_blocked_total", "System calls that could not send because the system had no room.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.SendBlocked) })},
	{"caascan_icmp_errors_total", "ICMP errors that came back.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.ICMPErrors) })},
	{"caascan_signature_checks_total", "Pieces of signature checking done.", counting, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.Events[step.Worked]) })},
	{"caascan_signature_checks_waiting", "Pieces of signature checking asked for and not done.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.Working) })},
	{"caascan_cache_lookups_total", "Look-ups in caches. Those of answers: hit, failure (it failed lately, RFC 9520), joined (it is asked for already), miss. Those of delegations, of the chain of trust, and of what proven spans deny (RFC 8198): hit, miss.",
		counting, []string{"cache", "result"}, cacheLookups},
	{"caascan_servers", "Server addresses met, by each loop.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return float64(p.Engine.Peers) })},
	{"caascan_link_congested", "1 while our own link or router loses packets.", gauging, nil,
		one(func(p *scanner.Progress) float64 {
			if p.Link.Congested {
				return 1
			}
			return 0
		})},
	{"caascan_link_loss_ratio", "Share of the packets lost lately, whoever lost them.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return p.Link.Loss })},
	{"caascan_link_limit_packets_per_second", "What our own link is given; 0 while it needs no limit.", gauging, nil,
		one(func(p *scanner.Progress) float64 { return p.Link.Limit })},
}

// Histograms of every scan.
var (
	rttDesc  = prometheus.NewDesc("caascan_query_rtt_seconds", "Round trips of replies over UDP.", nil, nil)
	waitDesc = prometheus.NewDesc("caascan_query_wait_seconds", "How long queries waited for limits before they left.", nil, nil)
)

func scanHistograms(p *scanner.Progress, to chan<- prometheus.Metric) {
	to <- histogram(rttDesc, &p.Engine.RTT, engine.RTTBounds())
	to <- histogram(waitDesc, &p.Engine.Wait, engine.WaitBounds())
}

// histogram makes of the buckets those of Prometheus, each of which counts what lies below it too.
func histogram(desc *prometheus.Desc, h *engine.Histogram, bounds []time.Duration) prometheus.Metric {
	below, sum := make(map[float64]uint64, len(bounds)), uint64(0)
	for k, n := range h.Counts {
		sum += n
		if k < len(bounds) {
			below[bounds[k].Seconds()] = sum
		}
	}
	return prometheus.MustNewConstHistogram(desc, sum, h.Sum.Seconds(), below)
}

// registerScan registers what there is of every scan, and of the process.
func registerScan(registry *prometheus.Registry, progress func() scanner.Progress) {
	registry.MustRegister(
		newMetrics(scanMetrics, func() *scanner.Progress { p := progress(); return &p }, scanHistograms),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "caascan_build_info", Help: "1; the labels say which caascan this is.",
			ConstLabels: prometheus.Labels{"version": release, "commit": commit()}}, func() float64 { return 1 }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// results yields what became of queries.
func results(p *scanner.Progress) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		other := uint64(0)
		named := map[wire.RCode]string{wire.NoError: "noerror", wire.FormErr: "formerr", wire.ServFail: "servfail", wire.NXDomain: "nxdomain",
			wire.NotImp: "notimp", wire.Refused: "refused"}
		for code, n := range p.Engine.Replies {
			if word, ok := named[wire.RCode(code)]; !ok {
				other += n
			} else if !yield(word, n) {
				return
			}
		}
		_ = yield("other", other) && yield("truncated", p.Engine.Truncated) && yield("timeout", p.Engine.Events[step.Timeout]) &&
			yield("unreachable", p.Engine.Events[step.Unreachable])
	}
}

// uselessReplies yields the replies that did not help; response codes are among the results already.
func uselessReplies(p *scanner.Progress) iter.Seq2[string, uint64] {
	u := &p.Found.Useless
	return maps.All(map[string]uint64{
		"lame": u[record.Lame], "malformed": u[record.Malformed], "truncated": u[record.Truncated],
		"case": p.Found.CaseLost, "edns": p.Found.EDNSRefused,
	})
}

// waitingQueries yields the queries that may not leave yet. The whole scan is held up by the limit on it or by our link.
func waitingQueries(p *scanner.Progress) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for cause, n := range p.Engine.WaitingFor {
			if !yield(engine.Cause(cause).String(), n) {
				return
			}
		}
		yield("pause", p.Engine.Pausing)
	}
}

func strays(p *scanner.Progress) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for kind, n := range p.Engine.Strays {
			if !yield(strings.ReplaceAll(engine.Stray(kind).String(), " ", "_"), n) {
				return
			}
		}
	}
}

// cacheUse is how often something was found in a cache.
type cacheUse struct {
	name         string
	hits, misses uint64
}

// caches tells of each cache how often it was of use.
func caches(p *scanner.Progress) []cacheUse {
	f := &p.Found
	of := func(name string, l resolve.Lookups) cacheUse { return cacheUse{name, l.Hits, l.Misses} }
	return []cacheUse{
		{"answers", f.Cached + f.Spared + f.Joined, f.Started},
		of("delegations", f.Delegations), of("trust", f.Links), of("spans", f.Spans),
	}
}

func cacheLookups(p *scanner.Progress, tell func(float64, ...string)) {
	f := &p.Found
	tell(float64(f.Spared), "answers", "failure")
	tell(float64(f.Joined), "answers", "joined")
	for _, c := range caches(p) {
		hits := c.hits
		if c.name == "answers" {
			hits = f.Cached
		}
		tell(float64(hits), c.name, "hit")
		tell(float64(c.misses), c.name, "miss")
	}
}

// runNow is what the metrics of a run are read from.
type runNow struct {
	rows      rowCounts
	expected  int64
	resumed   int64
	inFlight  int64
	phase     *phaseStatus
	operators []operatorStatus
	slowed    scanner.Slowed
	disk      uint64
	diskKnown bool
	started   time.Time
}

// runMetrics are those of the commands scan and demo.
var runMetrics = []metric[runNow]{
	{"caascan_names_in_flight", "Names that are looked up now.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.inFlight) })},
	{"caascan_rows_total", "Rows written, by the column status.", counting, []string{"status"},
		func(r *runNow, tell func(float64, ...string)) {
			for o, n := range r.rows.Status {
				tell(float64(n), statusWord(record.Outcome(o)))
			}
		}},
	{"caascan_rows_postures_total", "Rows written, by kind of certificate and posture.", counting, []string{"for", "posture"},
		func(r *runNow, tell func(float64, ...string)) {
			for kind := range r.rows.Posture {
				for posture, n := range r.rows.Posture[kind] {
					tell(float64(n), caa.Kind(kind).String(), caa.Posture(posture).String())
				}
			}
		}},
	{"caascan_rows_committed", "Rows in finished parts, those of earlier runs included: what a crash leaves.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.rows.Kept) })},
	{"caascan_rows_resumed", "Rows of earlier runs that this one continues.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.resumed) })},
	{"caascan_rows_expected", "Rows that this run is expected to write: an estimate until the input is read, 0 while nothing is known.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.expected) })},
	{"caascan_phase_names", "Names that a later phase, such as the second look, has still to do.", gauging, []string{"phase"},
		func(r *runNow, tell func(float64, ...string)) {
			if r.phase == nil {
				tell(0, secondLookPhase)
				return
			}
			tell(float64(r.phase.Left), r.phase.Name)
		}},
	{"caascan_operator_waiting", "What waits for the servers of the operators with the longest lines: queries, and names that are parked.", gauging, []string{"operator", "what"},
		func(r *runNow, tell func(float64, ...string)) {
			for _, o := range r.operators {
				tell(float64(o.Queries), escaped(o.Operator), "queries")
				tell(float64(o.Names), escaped(o.Operator), "names")
			}
		}},
	{"caascan_servers_slowed", "Servers whose rate was lowered since the start, by what for most often.", gauging, []string{"by"},
		func(r *runNow, tell func(float64, ...string)) {
			for _, sign := range []string{"timeouts", "refused", "servfail", "truncation"} {
				tell(float64(r.slowed.By[sign]), sign)
			}
		}},
	{"caascan_servers_at_lowest_rate", "Servers that get no more than a server gets at the least.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.slowed.Lowest) })},
	{"caascan_output_free_bytes", "Room left where the dataset is written, if that is on this machine.", gauging, nil,
		func(r *runNow, tell func(float64, ...string)) {
			if r.diskKnown {
				tell(float64(r.disk))
			}
		}},
	{"caascan_started_seconds", "When this run began, in seconds since 1970.", gauging, nil,
		one(func(r *runNow) float64 { return float64(r.started.UnixNano()) / 1e9 })},
}

// runNow takes the state of the scan for a scrape.
func (w *watcher) runNow() *runNow {
	now, rows, p := time.Now(), w.tally.now(), w.scan.Progress()
	s := w.state(now, &rows, &p)
	r := &runNow{rows: rows, expected: s.Total, resumed: s.Resumed, inFlight: s.InFlight, phase: s.Phase, operators: s.Operators,
		slowed: w.slowedServers(), started: w.started}
	r.disk, r.diskKnown = freeSpace(w.dir)
	return r
}

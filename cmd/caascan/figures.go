package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caascan/caascan/scanner"
	"github.com/caascan/caascan/scanner/caa"
)

// figures are what /metrics of serve tells, besides what there is of every scan (metrics.go). No label has a value that a caller chooses.
type figures struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
}

func newFigures(d *desk, progress func() scanner.Progress) *figures {
	f := &figures{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caascan_calls_total", Help: "Calls by path (\"other\" for those there are not) and status code (499: the caller did not wait)."}, []string{"path", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "caascan_call_seconds", Help: "Time that calls took, by path.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)}, []string{"path"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caascan_verdicts_total", Help: "Verdicts by kind of certificate and by what they say: true, false or unknown."}, []string{"for", "permitted"}),
	}
	f.registry.MustRegister(f.calls, f.took, f.verdicts,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "caascan_names_in_flight", Help: "Names that are looked up now."},
			func() float64 { return float64(d.underWay()) }))
	registerScan(f.registry, progress)
	return f
}

func (f *figures) call(path string, code int, took time.Duration) {
	f.calls.WithLabelValues(path, strconv.Itoa(code)).Inc()
	f.took.WithLabelValues(path).Observe(took.Seconds())
}

func (f *figures) verdict(v *verdict) {
	f.verdicts.WithLabelValues(v.For, caa.Verdict(v.Permitted).String()).Inc()
}
